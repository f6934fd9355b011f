use super::prelude::*;

declare! {
    /// A disruption budget that selects no pods protects nothing: a drain evicts all replicas at once.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db}
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: {matchLabels: {app: database}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     metadata: {labels: {app: db}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db}
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: {matchLabels: {app: db}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     metadata: {labels: {app: db}}
    /// ```
    ///
    /// ## Fix
    /// Select labels of the pod template. Releases that hold custom resources are not checked: those may make pods.
    BUDGET_SELECTS_NOTHING = "ref/budget-selects-nothing", Warning, "a disruption budget selects no pods";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() || release.custom_kinds || release.workloads().is_empty() {
        return;
    }
    for (budgets, selection) in release.budgets() {
        if !selection.workloads.is_empty() {
            continue;
        }
        for budget in budgets.iter().filter(|budget| !budget.selector().is_empty()) {
            let meant = release.find_related(budget.selector(), 1).next();
            let mut finding = budget.finding(
                &BUDGET_SELECTS_NOTHING,
                "spec.selector",
                format!("{budget} protects nothing: no pod of the release has these labels"),
            );
            if let Some(meant) = meant {
                let labels = locate(meant.object, &meant.template().path("metadata.labels"));
                finding = finding.at(labels, format!("the pods of {meant} have other ones"));
            }
            found.push(finding.help("select labels of the pod template"));
        }
    }
}
