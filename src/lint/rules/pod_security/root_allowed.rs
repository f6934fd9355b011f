use super::prelude::*;

declare! {
    /// `runAsNonRoot: true` makes the kubelet refuse to start an image that runs as user 0. `restricted` demands it
    /// of the pod or of every container. Policies of version 1.35 and later do not demand it of pods with a user
    /// namespace (`hostUsers: false`).
    ///
    /// Reported if Pod Security `restricted` applies to the pod's namespace: see `--pod-security`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: web, labels: {pod-security.kubernetes.io/enforce: restricted}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: web}
    /// spec:
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: web, labels: {pod-security.kubernetes.io/enforce: restricted}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: web}
    /// spec:
    ///   securityContext: {runAsNonRoot: true}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Set `securityContext.runAsNonRoot: true` in the pod's spec, and `runAsUser` if the image names its user by
    /// name.
    ROOT_ALLOWED = "pod-security/root-allowed", Error, "a container may run as root";
    release: |release, found| release.report_insecure(&[&pod_security::RUN_AS_NON_ROOT], &ROOT_ALLOWED, found);
}
