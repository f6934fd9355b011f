use super::prelude::*;
use crate::k8s::views::IntOrPercent::{Int, Percent};

declare! {
    /// A `PodDisruptionBudget` that never allows an eviction does not protect the pods: it blocks every node drain
    /// until it is deleted, often in the middle of a cluster upgrade.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db}
    /// spec:
    ///   minAvailable: 3
    ///   selector: {matchLabels: {app: db}}
    /// ---
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
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: db}
    /// spec:
    ///   minAvailable: 2
    ///   selector: {matchLabels: {app: db}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   template: {metadata: {labels: {app: db}}}
    /// ```
    ///
    /// ## Fix
    /// Use `maxUnavailable: 1`. It remains correct when the number of replicas changes.
    BLOCKING_DISRUPTION_BUDGET = "workload/blocking-disruption-budget", Warning, "a PodDisruptionBudget allows no eviction at all";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for (budgets, selection) in release.budgets() {
        // All the pods that they count together.
        let replicas: Option<i64> = selection
            .workloads
            .iter()
            .map(|index| release.workloads()[*index].replicas())
            .try_fold((0_i64, false), |(sum, _), replicas| Some((sum.saturating_add(replicas?), true)))
            .and_then(|(sum, any)| any.then_some(sum));
        found.extend(budgets.into_iter().filter_map(|budget| find_block(budget, replicas)));
    }
}

/// The finding if a budget blocks the eviction of its pods. The number of replicas may be unknown.
fn find_block(budget: Budget<'_>, replicas: Option<i64>) -> Option<Diagnostic> {
    let (path, why) = match (budget.max_unavailable(), budget.min_available()) {
        (Some(Int(0) | Percent(0)), _) => ("spec.maxUnavailable", "may never be unavailable".to_owned()),
        (None, Some(limit)) => {
            let is_all = match limit {
                Percent(percent) => percent >= 100,
                Int(number) => replicas.is_some_and(|replicas| replicas > 0 && number >= replicas),
            };
            let all = replicas.map_or("all".to_owned(), |replicas| format!("all {replicas}"));
            is_all.then(|| ("spec.minAvailable", format!("have to be available, {all} of them")))?
        }
        _ => return None,
    };
    let message = format!("{budget} blocks every eviction: its pods {why}");
    Some(budget.finding(&BLOCKING_DISRUPTION_BUDGET, path, message).help("use `maxUnavailable: 1`"))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn percentages_and_zero_unavailable_block_too() {
        let budget = |field: &str| {
            format!(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: db}}\nspec:\n  {field}\n  \
                 selector: {{matchLabels: {{app: db}}}}\n"
            )
        };
        let run = |field: &str| findings("workload/blocking-disruption-budget", &budget(field));
        assert_eq!(run("maxUnavailable: 0"), ["5:19 spec.maxUnavailable"]);
        assert_eq!(run("maxUnavailable: 0%").len(), 1);
        assert_eq!(run("minAvailable: 100%").len(), 1);
        assert_eq!(run("minAvailable: 50%").len(), 0);
        // How many pods there are is not known.
        assert_eq!(run("minAvailable: 3").len(), 0);
    }
}
