use super::prelude::*;
use crate::k8s::views::Selector;

declare! {
    /// A topology spread constraint counts the pods that its selector matches. If the pods themselves are not among
    /// them, every node has the same count, and the scheduler may put all replicas on one. The same holds for an
    /// anti-affinity that is meant to keep the replicas of a workload apart.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       topologySpreadConstraints:
    ///         - maxSkew: 1
    ///           topologyKey: kubernetes.io/hostname
    ///           whenUnsatisfiable: DoNotSchedule
    ///           labelSelector: {matchLabels: {app: website}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web}
    /// spec:
    ///   replicas: 3
    ///   template:
    ///     metadata: {labels: {app: web}}
    ///     spec:
    ///       topologySpreadConstraints:
    ///         - maxSkew: 1
    ///           topologyKey: kubernetes.io/hostname
    ///           whenUnsatisfiable: DoNotSchedule
    ///           labelSelector: {matchLabels: {app: web}}
    /// ```
    ///
    /// ## Fix
    /// Use the labels of the pod template. A spread constraint is always about the pods' own kind. An anti-affinity is
    /// reported only if its selector matches no other workload of the release either.
    SELECTOR_MISSES_ITSELF = "pod/selector-misses-itself", Warning, "a spread constraint or anti-affinity does not count its own pods";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for workload in release.workloads() {
        for (path, term) in terms(workload) {
            // Without a selector, or with one that is completed from the pod's labels, it is as it is meant.
            let Some(node) = term.get("labelSelector").filter(|node| !node.is_null()) else { continue };
            if term.get("matchLabelKeys").is_some() || term.get("mismatchLabelKeys").is_some() {
                continue;
            }
            let selector = Selector::label_selector(node);
            if selector.is_empty() || selector.matches(workload.template().labels()) {
                continue;
            }
            let is_spread = path.contains("topologySpreadConstraints");
            if !is_spread && !is_meant_for(release, workload, term, selector) {
                continue;
            }
            let what = if is_spread { "spread constraint" } else { "anti-affinity" };
            found.push(
                workload
                    .finding(
                        &SELECTOR_MISSES_ITSELF,
                        workload.template().path(&format!("{path}.labelSelector")),
                        format!("the {what} of {workload} does not match its own pods, so nothing keeps them apart"),
                    )
                    .at(locate(workload.object, &workload.template().path("metadata.labels")), "their labels")
                    .help("select labels of the pod template"),
            );
        }
    }
}

/// Whether an anti-affinity that misses the pods of its workload was meant for them: it names one of their labels, and
/// no other workload of the release is matched.
fn is_meant_for(release: &Release<'_>, workload: &Workload<'_>, term: &Node, selector: Selector<'_>) -> bool {
    let labels = workload.template().labels();
    let has = |key: &str, value: &str| {
        labels.and_then(|labels| labels.get(key)).and_then(Node::as_str) == Some(value)
    };
    let elsewhere = term.get("namespaces").is_some() || term.get("namespaceSelector").is_some();
    let selected = || release.select([(0, workload.object, selector)].into_iter());
    !elsewhere
        && selector.pairs().any(|(key, value)| has(key, value))
        && selected().iter().all(|selection| selection.workloads.is_empty())
}

/// The spread constraints and the anti-affinity terms of a pod template, each with its path.
fn terms<'a>(workload: &Workload<'a>) -> Vec<(String, &'a Node)> {
    let template = workload.template();
    let items = |path: &[&str]| {
        let items = template.at(path).map(Node::items).unwrap_or_default();
        let path = path.join(".");
        items.iter().enumerate().map(move |(index, item)| (format!("{path}[{index}]"), item))
    };
    let anti = |list| ["spec", "affinity", "podAntiAffinity", list];
    let preferred = items(&anti("preferredDuringSchedulingIgnoredDuringExecution"))
        .filter_map(|(path, item)| Some((format!("{path}.podAffinityTerm"), item.get("podAffinityTerm")?)));
    items(&["spec", "topologySpreadConstraints"])
        .chain(items(&anti("requiredDuringSchedulingIgnoredDuringExecution")))
        .chain(preferred)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    fn run(field: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: \
             {{app: web, tier: front}}}}\n    spec:\n      {field}\n"
        );
        findings("pod/selector-misses-itself", &text).len()
    }

    fn anti_affinity(term: &str) -> usize {
        run(&format!("affinity: {{podAntiAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, \
                      podAffinityTerm: {term}}}]}}}}"))
    }

    #[test]
    fn an_anti_affinity_may_be_about_others() {
        assert_eq!(anti_affinity("{labelSelector: {matchLabels: {app: batch}}}"), 0);
        assert_eq!(anti_affinity("{labelSelector: {matchLabels: {app: webb, tier: front}}}"), 1);
        assert_eq!(anti_affinity("{labelSelector: {matchLabels: {app: web}}}"), 0);
        assert_eq!(anti_affinity("{labelSelector: {matchLabels: {app: x, tier: front}}, namespaces: [a]}"), 0);
    }

    #[test]
    fn what_is_completed_from_the_labels_is_not_judged() {
        let spread = |rest: &str| run(&format!("topologySpreadConstraints: [{{topologyKey: a, {rest}}}]"));
        assert_eq!(spread("labelSelector: {matchLabels: {app: x}}"), 1);
        assert_eq!(spread("labelSelector: {matchLabels: {app: x}}, matchLabelKeys: [pod-template-hash]"), 0);
        assert_eq!(spread("labelSelector: {}"), 0);
        assert_eq!(spread("maxSkew: 1"), 0);
    }
}
