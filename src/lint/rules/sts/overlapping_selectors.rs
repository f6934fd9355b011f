use super::prelude::*;
use std::collections::BTreeMap;

declare! {
    /// Two workloads whose selectors match each other's pods take each other's pods for their own: counts are
    /// wrong, autoscalers and disruption budgets count strangers, `kubectl rollout status` never settles. Kubernetes
    /// only looks at the owner reference for adoption, so nothing fails at once.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: app}
    /// spec:
    ///   selector: {matchLabels: {app: app}}
    ///   template: {metadata: {labels: {app: app}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: app}
    /// spec:
    ///   selector: {matchLabels: {app: app}}
    ///   template: {metadata: {labels: {app: app}}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: app}
    /// spec:
    ///   selector: {matchLabels: {app: app, component: store}}
    ///   template: {metadata: {labels: {app: app, component: store}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: app}
    /// spec:
    ///   selector: {matchLabels: {app: app, component: web}}
    ///   template: {metadata: {labels: {app: app, component: web}}}
    /// ```
    ///
    /// ## Fix
    /// Remove the workload that the other replaced (often a `deployment.yaml` that was left in `templates/`), or
    /// add a label to tell the two apart. Selectors cannot be changed in place: the workload has to be recreated.
    OVERLAPPING_SELECTORS = "sts/overlapping-selectors", Error, "a workload's selector matches the pods of a StatefulSet, or the other way round";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let workloads = &release.workloads;
    // Pairs of a StatefulSet and another workload: whether the set selects the other's pods, and the reverse. Of
    // two StatefulSets the later one comes first.
    let mut pairs: BTreeMap<(usize, usize), (bool, bool)> = BTreeMap::new();
    for (owner, workload) in workloads.iter().enumerate() {
        let Some(selector) = workload.selector().filter(|selector| !selector.is_empty()) else { continue };
        for taken in release.selected(&selector, workload.object) {
            let sets = [owner, taken].map(|index| workloads[index].kind == Kind::StatefulSet);
            if taken == owner || !workloads[taken].runs_forever() || sets == [false, false] {
                continue;
            }
            if sets[0] && (!sets[1] || owner > taken) {
                pairs.entry((owner, taken)).or_default().0 = true;
            } else {
                pairs.entry((taken, owner)).or_default().1 = true;
            }
        }
    }
    for ((set, other), (selects, is_selected)) in pairs {
        let (set, other) = (&workloads[set], &workloads[other]);
        let message = match (selects, is_selected) {
            (true, true) => format!("{set} and {other} select each other's pods"),
            (true, false) => format!("{set} selects the pods of {other}"),
            (false, _) => format!("{other} selects the pods of {set}"),
        };
        found.push(
            set.finding(&OVERLAPPING_SELECTORS, "spec.selector", message)
                .at(locate(other.object, "spec.selector"), format!("the selector of {other}"))
                .help(format!("delete {other} if it is a left-over, or tell the two apart by a label")),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn a_pair_of_stateful_sets_is_reported_once() {
        let set = |name: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  \
                 selector: {{matchLabels: {{app: x}}}}\n  template: {{metadata: {{labels: {{app: x}}}}}}\n---\n"
            )
        };
        assert_eq!(findings("sts/overlapping-selectors", &(set("a") + &set("b"))), ["12:3 spec.selector"]);
    }
}
