use super::prelude::*;

declare! {
    /// With `terminationGracePeriodSeconds: 0` a pod is deleted from the API at once, without waiting for the kubelet
    /// to stop its containers. The StatefulSet may then start its successor under the same name while the old process
    /// still writes to the same data: the guarantee of at most one pod per ordinal is gone.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       terminationGracePeriodSeconds: 0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       terminationGracePeriodSeconds: 30
    /// ```
    ///
    /// ## Fix
    /// Give the application the time it needs to flush and leave; 30 seconds is the default.
    NO_GRACE_PERIOD = "sts/no-grace-period", Error, "pods are deleted without waiting for them to stop";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let grace = set.pod(&["spec", "terminationGracePeriodSeconds"]).and_then(Node::as_i64);
        if grace == Some(0) {
            found.push(
                set.finding(
                    &NO_GRACE_PERIOD,
                    set.pod_path("spec.terminationGracePeriodSeconds"),
                    format!("pods of {set} are deleted without waiting for them to stop: two may run under one name"),
                )
                .help("remove it (30 seconds is the default), or allow what the shutdown needs"),
            );
        }
    }
}
