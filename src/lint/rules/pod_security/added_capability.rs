use super::prelude::*;

declare! {
    /// Capabilities beyond the default of container runtimes give a container power over its node: `NET_ADMIN`
    /// changes its network, `SYS_ADMIN` nearly everything. `baseline` allows to add only those that runtimes give
    /// by default.
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
    ///   containers: [{name: web, image: "web:1", securityContext: {capabilities: {add: [NET_ADMIN]}}}]
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
    ///   containers: [{name: web, image: "web:1", securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}}]
    /// ```
    ///
    /// ## Fix
    /// Remove the capability. A pod that cannot do without needs a namespace whose level is `privileged`.
    ADDED_CAPABILITY = "pod-security/added-capability", Error, "a container adds a capability that Pod Security `baseline` forbids";
    release: |release, found| release.report_insecure(&[&pod_security::CAPABILITIES_BASELINE], &ADDED_CAPABILITY, found);
}
