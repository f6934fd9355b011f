use super::prelude::*;

declare! {
    /// Unless `allowPrivilegeEscalation` is false, a program that is set-user-ID root gives a process more
    /// privileges than its parent has. The default is true.
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
    ///   containers: [{name: web, image: "web:1", securityContext: {allowPrivilegeEscalation: false}}]
    /// ```
    ///
    /// ## Fix
    /// Set `securityContext.allowPrivilegeEscalation: false` in every container, init containers included.
    PRIVILEGE_ESCALATION = "pod-security/privilege-escalation", Error, "a container may gain more privileges than it started with";
    release: |release, found| release.report_insecure(&[&pod_security::ALLOW_PRIVILEGE_ESCALATION], &PRIVILEGE_ESCALATION, found);
}
