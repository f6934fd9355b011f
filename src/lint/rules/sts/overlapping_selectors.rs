use super::prelude::*;

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
    for set in release.stateful_sets() {
        let Some(selector) = set.selector() else { continue };
        for other in release.workloads.iter().filter(|other| other.runs_forever()) {
            if std::ptr::eq(other.object, set.object) || !same_namespace(other.object, set.object) {
                continue;
            }
            // Of two StatefulSets only the later says so, once for the pair.
            if other.kind == Kind::StatefulSet && other.object.span >= set.object.span {
                continue;
            }
            let theirs = other.selector();
            let selects = selector.matches(other.labels());
            let is_selected = theirs.is_some_and(|theirs| theirs.matches(set.labels()));
            let message = match (selects, is_selected) {
                (true, true) => format!("{set} and {other} select each other's pods"),
                (true, false) => format!("{set} selects the pods of {other}"),
                (false, true) => format!("{other} selects the pods of {set}"),
                (false, false) => continue,
            };
            found.push(
                set.finding(&OVERLAPPING_SELECTORS, "spec.selector", message)
                    .at(locate(other.object, "spec.selector"), format!("the selector of {other}"))
                    .help(format!("delete {other} if it is a left-over, or tell the two apart by a label")),
            );
        }
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
