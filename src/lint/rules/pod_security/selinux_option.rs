use super::prelude::*;

declare! {
    /// On nodes with `SELinux` the type of a process confines it. `baseline` allows the types of containers alone
    /// (`container_engine_t` since version 1.31), and neither user nor role.
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
    ///   securityContext: {seLinuxOptions: {type: spc_t}}
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
    ///   securityContext: {seLinuxOptions: {type: container_t, level: "s0:c123,c456"}}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Remove `user` and `role`, and use `container_t`, `container_init_t` or `container_kvm_t`.
    SELINUX_OPTION = "pod-security/selinux-option", Error, "an SELinux option leaves the confinement of containers";
    release: |release, found| release.report_insecure(&[&pod_security::SE_LINUX_OPTIONS], &SELINUX_OPTION, found);
}
