use super::prelude::*;

declare! {
    /// Pods whose service account does not exist are not created: their workload has no pods, and only its events say
    /// why (`serviceaccount "web" not found`).
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       serviceAccountName: wbe
    ///       containers: [{name: web, image: "web:1"}]
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: web}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   template:
    ///     spec:
    ///       serviceAccountName: web
    ///       containers: [{name: web, image: "web:1"}]
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: web}
    /// ```
    ///
    /// ## Fix
    /// Correct the name or add the account. The severity is info if no account of the release has a similar name: it may
    /// be in the cluster. `--assume ServiceAccount/NAME` says so.
    MISSING_SERVICE_ACCOUNT = "ref/missing-service-account", Warning, "the service account of pods is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    for workload in release.started_workloads() {
        let template = workload.template();
        let reference = Reference {
            from: workload.object,
            path: template.path("spec.serviceAccountName"),
            group: "",
            kind: "ServiceAccount",
            name: template.service_account(),
        };
        // Every namespace has this one.
        if reference.name != "default" && !reference.is_met(release) {
            found.push(reference.missing(
                release,
                &MISSING_SERVICE_ACCOUNT,
                "without it no pods are created",
            ));
        }
    }
}
