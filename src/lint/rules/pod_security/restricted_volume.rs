use super::prelude::*;

declare! {
    /// `restricted` allows volumes that come from objects of the API (ConfigMaps, Secrets, claims, `csi`,
    /// `downwardAPI`, `emptyDir`, `ephemeral`, `projected` and, since Kubernetes 1.33, images), and none that reach
    /// for the node or for the network directly.
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
    ///   volumes: [{name: data, nfs: {server: files.example.com, path: /data}}]
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
    ///   containers: [{name: web, image: "web:1"}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    /// ```
    ///
    /// ## Fix
    /// Create a volume for the storage, and use a claim.
    RESTRICTED_VOLUME = "pod-security/restricted-volume", Error, "a volume is of a type that Pod Security `restricted` forbids";
    release: |release, found| release.report_insecure(&[&pod_security::RESTRICTED_VOLUMES], &RESTRICTED_VOLUME, found);
}
