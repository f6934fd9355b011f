use super::prelude::*;

declare! {
    /// On nodes with `AppArmor` the default profile of the runtime confines every container. `baseline` forbids
    /// `Unconfined`, in the field and in the annotation
    /// `container.apparmor.security.beta.kubernetes.io/<container>`.
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
    ///   containers: [{name: web, image: "web:1", securityContext: {appArmorProfile: {type: Unconfined}}}]
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
    ///   containers: [{name: web, image: "web:1", securityContext: {appArmorProfile: {type: RuntimeDefault}}}]
    /// ```
    ///
    /// ## Fix
    /// Remove the profile, or use `RuntimeDefault` or a profile of the node (`Localhost`).
    APP_ARMOR_PROFILE = "pod-security/app-armor-profile", Error, "an AppArmor profile is switched off";
    release: |release, found| release.report_insecure(&[&pod_security::APP_ARMOR_PROFILE], &APP_ARMOR_PROFILE, found);
}
