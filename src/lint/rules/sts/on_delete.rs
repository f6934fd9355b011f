use super::prelude::*;

declare! {
    /// With `updateStrategy.type: OnDelete` an upgrade does not change running pods: each pod keeps its old template
    /// until it is deleted by hand. A security fix is then not running after the rollout, and the next node drain
    /// updates some pods at an unplanned time.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   updateStrategy: {type: OnDelete}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   updateStrategy: {type: RollingUpdate}
    /// ```
    ///
    /// ## Fix
    /// Use `RollingUpdate`, with a partition for staged updates. If an operator or a person deletes the pods, state
    /// this in an allow comment on that line.
    ON_DELETE = "sts/on-delete", Warning, "updates wait until each pod is deleted by hand";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.is_on_delete() {
            found.push(
                set.finding(
                    &ON_DELETE,
                    "spec.updateStrategy.type",
                    format!("updates of {set} wait until each pod is deleted by hand"),
                )
                .help("use `RollingUpdate`, or allow the finding and state what deletes the pods"),
            );
        }
    }
}
