use super::prelude::*;

declare! {
    /// A `hostPort` is reachable on the address of the node, past every Service and often past network policies,
    /// and only one such pod fits on a node.
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
    ///   containers: [{name: web, image: "web:1", ports: [{containerPort: 80, hostPort: 80}]}]
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
    ///   containers: [{name: web, image: "web:1", ports: [{containerPort: 80}]}]
    /// ```
    ///
    /// ## Fix
    /// Remove `hostPort` and use a Service.
    HOST_PORT = "pod-security/host-port", Error, "a container takes a port of its node";
    release: |release, found| release.report_insecure(&[&pod_security::HOST_PORTS], &HOST_PORT, found);
}
