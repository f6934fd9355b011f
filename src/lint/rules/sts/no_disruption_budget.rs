use super::prelude::*;
use std::collections::BTreeSet;

declare! {
    /// Node drains (upgrades, autoscaling) can evict several pods at the same time unless a `PodDisruptionBudget`
    /// prevents it. A StatefulSet with several replicas can then lose its quorum during routine maintenance.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template: {metadata: {labels: {app: db}}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template: {metadata: {labels: {app: db}}}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db}
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: {matchLabels: {app: db}}
    /// ```
    ///
    /// ## Fix
    /// Add a `PodDisruptionBudget` that selects the pods, with `maxUnavailable: 1`.
    NO_DISRUPTION_BUDGET = "sts/no-disruption-budget", Info, "several replicas and no PodDisruptionBudget";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let covered: BTreeSet<usize> =
        release.budgets().into_iter().flat_map(|(_, selection)| selection.workloads).collect();
    for (place, set) in release.numbered_stateful_sets() {
        let replicas = set.replicas();
        if replicas > 1 && !covered.contains(&place) {
            found.push(
                set.finding(
                    &NO_DISRUPTION_BUDGET,
                    "spec.replicas",
                    format!("{set} has {replicas} replicas and no PodDisruptionBudget"),
                )
                .help("add one with `maxUnavailable: 1`, so that drains take one pod at a time"),
            );
        }
    }
}
