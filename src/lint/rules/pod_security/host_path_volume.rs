use super::prelude::*;

declare! {
    /// Whoever can write to a directory of the node can often take it over, and whoever can read one sees the
    /// secrets of other pods.
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
    ///   containers: [{name: web, image: "web:1"}]
    ///   volumes: [{name: data, hostPath: {path: /data}}]
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
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    /// ```
    ///
    /// ## Fix
    /// Use a claim, or an `emptyDir` for what may be lost. Under `restricted` the rule
    /// `pod-security/restricted-volume` reports the volume.
    HOST_PATH_VOLUME = "pod-security/host-path-volume", Error, "a volume is a directory of the node";
    release: |release, found| release.report_insecure(&[&pod_security::HOST_PATH_VOLUMES], &HOST_PATH_VOLUME, found);
}
