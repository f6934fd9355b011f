use super::prelude::*;

declare! {
    /// A `hostProcess` container is not confined: it runs on the Windows node itself with its accounts.
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
    ///   hostNetwork: true
    ///   securityContext: {windowsOptions: {hostProcess: true}}
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
    ///   securityContext: {windowsOptions: {runAsUserName: ContainerUser}}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Remove `hostProcess`.
    HOST_PROCESS = "pod-security/host-process", Error, "a Windows container runs as a process of its node";
    release: |release, found| release.report_insecure(&[&pod_security::WINDOWS_HOST_PROCESS], &HOST_PROCESS, found);
}
