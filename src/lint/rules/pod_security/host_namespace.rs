use super::prelude::*;

declare! {
    /// `hostNetwork`, `hostPID` and `hostIPC` let a pod see the network, the processes and the shared memory of
    /// everything on its node.
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
    ///   containers: [{name: web, image: "web:1"}]
    /// ```
    ///
    /// ## Fix
    /// Remove the field, and publish ports through a Service.
    HOST_NAMESPACE = "pod-security/host-namespace", Error, "a pod shares a namespace of its node";
    release: |release, found| release.report_insecure(&[&pod_security::HOST_NAMESPACES], &HOST_NAMESPACE, found);
}
