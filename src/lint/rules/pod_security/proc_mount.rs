use super::prelude::*;

declare! {
    /// `procMount: Unmasked` shows a container the files of `/proc` that runtimes hide, some of which change the
    /// node. Policies of version 1.35 and later allow it at level `baseline` for pods with a user namespace
    /// (`hostUsers: false`).
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
    ///   containers: [{name: web, image: "web:1", securityContext: {procMount: Unmasked}}]
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
    ///   hostUsers: false
    ///   containers: [{name: web, image: "web:1", securityContext: {procMount: Unmasked}}]
    /// ```
    ///
    /// ## Fix
    /// Remove `procMount`, or use a pod with `hostUsers: false` in a namespace of level `baseline`.
    PROC_MOUNT = "pod-security/proc-mount", Error, "a container sees an unmasked `/proc`";
    release: |release, found| release.report_insecure(&[&pod_security::PROC_MOUNT, &pod_security::PROC_MOUNT_RESTRICTED], &PROC_MOUNT, found);
}
