use super::prelude::*;

declare! {
    /// Few programs need any of the capabilities that container runtimes give by default. `restricted` demands that
    /// every container drops all of them, and allows to add `NET_BIND_SERVICE` alone.
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
    ///   containers: [{name: web, image: "web:1", securityContext: {capabilities: {drop: [ALL]}}}]
    /// ```
    ///
    /// ## Fix
    /// Set `securityContext.capabilities.drop: [ALL]` in every container, init containers included.
    KEPT_CAPABILITIES = "pod-security/kept-capabilities", Error, "a container keeps or adds capabilities that Pod Security `restricted` forbids";
    release: |release, found| release.report_insecure(&[&pod_security::CAPABILITIES_RESTRICTED], &KEPT_CAPABILITIES, found);
}
