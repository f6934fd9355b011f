use super::prelude::*;

declare! {
    /// Only pods with an ordinal at or above `partition` are updated. If the partition is not below the number of
    /// replicas, an upgrade changes the template but restarts no pod. The rollout looks finished, and the old version
    /// keeps running. The usual cause is a canary that was never completed.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   updateStrategy:
    ///     rollingUpdate: {partition: 3}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   updateStrategy:
    ///     rollingUpdate: {partition: 2}
    /// ```
    ///
    /// ## Fix
    /// Lower the partition. With `replicas - 1` only the last pod is updated, as a canary; with 0 all pods are updated.
    IDLE_PARTITION = "sts/idle-partition", Warning, "a partition keeps every pod from being updated";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let (partition, ordinals) = (set.partition().unwrap_or_default(), set.ordinals());
        if partition == 0 || ordinals.is_empty() || partition < ordinals.end {
            continue;
        }
        let last = ordinals.end.saturating_sub(1);
        found.push(
            set.finding(
                &IDLE_PARTITION,
                "spec.updateStrategy.rollingUpdate.partition",
                format!("partition {partition} is above the last ordinal of {set} ({last}): no pod is ever updated"),
            )
            .help(format!("use {last} to update only the last pod, or 0 to update all")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn ordinals_may_start_above_zero() {
        let text = |start: i64| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: a}}\nspec:\n  replicas: 2\n  \
                 ordinals: {{start: {start}}}\n  updateStrategy: {{rollingUpdate: {{partition: 4}}}}\n"
            )
        };
        assert_eq!(findings("sts/idle-partition", &text(3)).len(), 0);
        assert_eq!(findings("sts/idle-partition", &text(2)).len(), 1);
    }
}
