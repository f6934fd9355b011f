use super::prelude::*;

declare! {
    /// The kubelet runs probes and hooks: a `host` makes it send requests from the node to any address, that of the
    /// node included. Policies of version 1.34 and later forbid it.
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
    ///   containers:
    ///   - name: web
    ///     image: "web:1"
    ///     livenessProbe: {httpGet: {host: 127.0.0.1, port: 80}}
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
    ///   containers:
    ///   - name: web
    ///     image: "web:1"
    ///     livenessProbe: {httpGet: {port: 80}}
    /// ```
    ///
    /// ## Fix
    /// Remove `host`: without it the pod itself is asked. For a virtual host, set the header `Host` in
    /// `httpHeaders`.
    PROBE_HOST = "pod-security/probe-host", Error, "a probe or a lifecycle hook names a host";
    release: |release, found| release.report_insecure(&[&pod_security::HOST_PROBES], &PROBE_HOST, found);
}
