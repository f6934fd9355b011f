use super::prelude::*;

declare! {
    /// A container with the profile `Unconfined` may use every system call of the kernel. Policies before version
    /// 1.19 look at the annotations `seccomp.security.alpha.kubernetes.io/pod` and
    /// `container.seccomp.security.alpha.kubernetes.io/<container>`.
    ///
    /// Reported if Pod Security `baseline` or stricter applies to the pod's namespace: see `--pod-security`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: web, labels: {pod-security.kubernetes.io/enforce: baseline}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: web}
    /// spec:
    ///   securityContext: {seccompProfile: {type: Unconfined}}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: web, labels: {pod-security.kubernetes.io/enforce: baseline}}
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
    /// Remove the profile, or use `RuntimeDefault` or a profile of the node (`Localhost`).
    UNCONFINED_SECCOMP = "pod-security/unconfined-seccomp", Error, "the seccomp profile of a container is switched off";
    release: |release, found| release.report_insecure(&[&pod_security::SECCOMP_BASELINE], &UNCONFINED_SECCOMP, found);
}
