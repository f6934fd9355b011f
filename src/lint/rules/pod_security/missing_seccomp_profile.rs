use super::prelude::*;

declare! {
    /// Without a profile a container may use every system call, unless the kubelet is configured with
    /// `seccompDefault`. `restricted` demands a profile for the pod or for every container.
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
    ///   securityContext: {seccompProfile: {type: RuntimeDefault}}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Set `securityContext.seccompProfile.type: RuntimeDefault` in the pod's spec.
    MISSING_SECCOMP_PROFILE = "pod-security/missing-seccomp-profile", Error, "a container has no seccomp profile";
    release: |release, found| release.report_insecure(&[&pod_security::SECCOMP_RESTRICTED], &MISSING_SECCOMP_PROFILE, found);
}
