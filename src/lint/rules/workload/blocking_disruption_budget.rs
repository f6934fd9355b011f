use super::prelude::*;

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
            .taken
            .iter()
            .map(|index| release.workloads[*index].replicas())
            .try_fold((0_i64, false), |(sum, _), replicas| Some((sum.saturating_add(replicas?), true)))
            .and_then(|(sum, any)| any.then_some(sum));
        found.extend(budgets.into_iter().filter_map(|budget| blocked(budget, replicas)));
    }
}

/// What blocks the eviction of the pods that a budget counts; how many they are may not be known.
fn blocked(budget: &Object, replicas: Option<i64>) -> Option<Diagnostic> {
    let field = |name: &str| budget.at(&["spec", name]).filter(|node| !node.is_null());
    let (path, why) = if let Some(node) = field("maxUnavailable") {
        if !matches!(count(node), Some((0, _))) {
            return None;
        }
        ("spec.maxUnavailable", "may never be unavailable".to_owned())
    } else {
        let (wanted, percent) = count(field("minAvailable")?)?;
        match (percent, replicas) {
            (true, _) if wanted >= 100 => {}
            (false, Some(replicas)) if wanted >= replicas && replicas > 0 => {}
            _ => return None,
        }
        let all = replicas.map_or("all".to_owned(), |replicas| format!("all {replicas}"));
        ("spec.minAvailable", format!("have to be available, {all} of them"))
    };
    let message = format!("PodDisruptionBudget `{}` blocks every eviction: its pods {why}", budget.name);
    Some(finding(&BLOCKING_DISRUPTION_BUDGET, budget, path, message).help("use `maxUnavailable: 1`"))
}

/// A number, or a percentage and the mark of one.
fn count(node: &Node) -> Option<(i64, bool)> {
    match node.as_str() {
        Some(text) => Some((text.strip_suffix('%')?.parse().ok()?, true)),
        None => Some((node.as_i64()?, false)),
    }
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
