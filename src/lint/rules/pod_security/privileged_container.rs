use super::prelude::*;

declare! {
    /// A privileged container has all capabilities and all devices of its node: it is root on the node.
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
    ///   containers: [{name: web, image: "web:1", securityContext: {privileged: true}}]
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
    ///   containers: [{name: web, image: "web:1", securityContext: {privileged: false}}]
    /// ```
    ///
    /// ## Fix
    /// Remove `privileged`, and add the one capability that is needed.
    PRIVILEGED_CONTAINER = "pod-security/privileged-container", Error, "a container is privileged";
    release: |release, found| release.report_insecure(&[&pod_security::PRIVILEGED], &PRIVILEGED_CONTAINER, found);
}
