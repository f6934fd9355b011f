use super::prelude::*;
use crate::diag::Severity;
use std::collections::{BTreeMap, BTreeSet};

declare! {
    /// If the selectors of two workloads match each other's pods, autoscalers and disruption budgets count the wrong
    /// pods, and `kubectl rollout status` may never finish. Kubernetes adopts pods by owner reference, so nothing fails
    /// immediately.
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
    /// Remove the workload that was replaced (often a `deployment.yaml` that remained in `templates/`), or add a label
    /// that distinguishes the two. Selectors cannot be changed in place: the workload must be recreated.
    ///
    /// The severity is warning between StatefulSets: each knows its own pods by their names.
    OVERLAPPING_SELECTORS = "sts/overlapping-selectors", Error, "a workload's selector matches the pods of a StatefulSet, or the reverse";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let workloads = release.workloads();
    let owners = workloads.iter().enumerate().filter_map(|(index, workload)| {
        let selector = workload.selector().filter(|selector| !selector.is_empty())?;
        Some((index, workload.object, selector))
    });
    // Each pair is reported once, at the later of the two in this order: other workloads come first.
    let order = |place: &usize| (workloads[*place].stateful_set().is_some(), *place);
    let mut before: BTreeMap<usize, BTreeSet<(bool, usize)>> = BTreeMap::new();
    for Selection { owners, workloads: selected } in release.select(owners) {
        if owners == selected && owners.len() == 1 {
            continue;
        }
        let mut owners: Vec<_> = owners.iter().map(order).collect();
        let lasting = selected.iter().filter(|place| workloads[**place].kind().runs_forever());
        let mut selected: Vec<_> = lasting.map(order).collect();
        owners.sort_unstable();
        selected.sort_unstable();
        for (these, those) in [(&owners, &selected), (&selected, &owners)] {
            for set in these.iter().filter(|(is_set, _)| *is_set) {
                let others = before.entry(set.1).or_default();
                // One more than the message names shows that there are more.
                others.extend(those.iter().take_while(|other| *other < set).take(NAMED + 1));
                while others.len() > NAMED + 1 {
                    others.pop_last();
                }
            }
        }
    }
    for (set, others) in before.iter().filter(|(_, others)| !others.is_empty()) {
        let set = &workloads[*set];
        let others: Vec<_> = others.iter().map(|(_, index)| &workloads[*index]).collect();
        found.push(overlap(set, &others));
    }
}

/// The finding for a set and the workloads that it shares pods with.
fn overlap(set: &Workload<'_>, others: &[&Workload<'_>]) -> Diagnostic {
    let selects = |one: &Workload<'_>, other: &Workload<'_>| {
        one.selector().is_some_and(|selector| selector.matches(other.template().labels()))
    };
    let is_selected = others.iter().any(|other| selects(other, set));
    let is_selecting = others.iter().any(|other| selects(set, other));
    let names = enumerated(others, "others");
    let message = match (is_selecting, is_selected) {
        (true, true) => format!("{set} and {names} select each other's pods"),
        (true, false) => format!("{set} selects the pods of {names}"),
        (false, _) if others.len() == 1 => format!("{names} selects the pods of {set}"),
        (false, _) => format!("{names} select the pods of {set}"),
    };
    let which = match others {
        [other] => format!("{other} if it is no longer needed, or distinguish the two"),
        _ => "what is no longer needed, or distinguish them".to_owned(),
    };
    let mut diagnostic = set.finding(&OVERLAPPING_SELECTORS, "spec.selector", message);
    for other in others.iter().take(NAMED) {
        diagnostic = diagnostic.at(locate(other.object, "spec.selector"), format!("the selector of {other}"));
    }
    if others.iter().all(|other| other.stateful_set().is_some()) {
        diagnostic.severity = Severity::Warning;
    }
    diagnostic.help(format!("delete {which} by a label"))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    fn set(name: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  \
             selector: {{matchLabels: {{app: x}}}}\n  template: {{metadata: {{labels: {{app: x}}}}}}\n---\n"
        )
    }

    #[test]
    fn a_pair_of_stateful_sets_is_reported_once() {
        assert_eq!(findings("sts/overlapping-selectors", &(set("a") + &set("b"))), ["12:3 spec.selector"]);
    }

    #[test]
    fn of_a_crowd_each_is_reported_once() {
        let deployment = set("z").replace("StatefulSet", "Deployment");
        let text = ["a", "b", "c", "d", "e"].map(set).concat() + &deployment;
        let lines = ["5:3", "12:3", "19:3", "26:3", "33:3"].map(|at| format!("{at} spec.selector"));
        assert_eq!(findings("sts/overlapping-selectors", &text), lines);
        let sources = crate::diag::Sources::new();
        let found = crate::lint::testing::lint_manifests(&sources, &text);
        let messages =
            found.iter().filter(|d| d.rule.is_some_and(|rule| rule.id == "sts/overlapping-selectors"));
        let messages: Vec<_> = messages.map(|d| d.message.as_str()).collect();
        assert_eq!(messages[0], "StatefulSet `a` and Deployment `z` select each other's pods");
        assert_eq!(
            messages[4],
            "StatefulSet `e` and Deployment `z`, StatefulSet `a`, StatefulSet `b` and others select each other's pods"
        );
    }
}
