use super::prelude::*;

declare! {
    /// `runAsUser: 0` runs a container as root, whatever user the image names. Policies of version 1.35 and later
    /// allow it for pods with a user namespace (`hostUsers: false`).
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
    ///   securityContext: {runAsUser: 0}
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
    ///   securityContext: {runAsUser: 1000}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Use another user, and `fsGroup` if the process must write to its volumes.
    ROOT_USER = "pod-security/root-user", Error, "a container runs as user 0";
    release: |release, found| release.report_insecure(&[&pod_security::RUN_AS_USER], &ROOT_USER, found);
}
