use super::prelude::*;

declare! {
    /// Most kernel parameters are those of the node, or can harm other pods. `baseline` allows the few that the
    /// kernel keeps apart; versions 1.27, 1.29, 1.32 and 1.37 allow more.
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
    ///   securityContext: {sysctls: [{name: kernel.msgmax, value: "65536"}]}
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
    ///   securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "0"}]}
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Remove the sysctl, or let the node set it.
    UNSAFE_SYSCTL = "pod-security/unsafe-sysctl", Error, "a pod sets a sysctl that Pod Security `baseline` forbids";
    release: |release, found| release.report_insecure(&[&pod_security::SYSCTLS], &UNSAFE_SYSCTL, found);
}
