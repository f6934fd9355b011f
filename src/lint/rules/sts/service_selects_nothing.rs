use super::prelude::*;
use crate::diag::Severity;
use crate::yaml::Entry;

declare! {
    /// A Service finds its pods by labels, and nothing says so when it finds none: it has no endpoints, every
    /// connection is refused or hangs. The usual cause is a label that one template spells differently.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   clusterIP: None
    ///   selector: {app: db}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels: {app.kubernetes.io/name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec:
    ///   clusterIP: None
    ///   selector: {app.kubernetes.io/name: db}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels: {app.kubernetes.io/name: db}
    /// ```
    ///
    /// ## Fix
    /// Take selector and pod labels from one partial. Nothing is said where the release holds no pods at all or
    /// custom resources whose operator may create them. Where only a label is missing that no pod has, it may be set while
    /// the pods run (a leader is marked so): then it is a warning.
    SERVICE_SELECTS_NOTHING = "sts/service-selects-nothing", Error, "a Service selects no pod of the release";
    release: check;
}

/// How many workloads are looked at for the one that was meant.
const CANDIDATES: usize = 100;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.workloads.is_empty() || release.custom_kinds {
        return;
    }
    let unmatched = release.behind.iter().filter(|selection| selection.taken.is_empty());
    for service in unmatched.flat_map(|selection| &selection.owners).map(|owner| &release.services[*owner]) {
        // Hooks have pods too, for a while.
        if release.selects_hooks(&service.selector, service.object) {
            continue;
        }
        let name = &service.object.name;
        let mut diagnostic = finding(
            &SERVICE_SELECTS_NOTHING,
            service.object,
            "spec.selector",
            format!("Service `{name}` selects no pod of the release"),
        );
        // The workload that misses by the fewest labels is the one that was meant.
        let wanted = || service.spec("selector").and_then(Node::as_map).into_iter().flatten();
        let missed = |workload: &Workload<'_>| {
            let labels = workload.labels();
            let has = |key: &str| labels.and_then(|labels| labels.get(key));
            let misses = |entry: &&Entry| has(&entry.key) != Some(&entry.value) && !is_added(entry, workload);
            wanted().filter(misses).collect::<Vec<_>>()
        };
        let nearest = release
            .related(&service.selector, CANDIDATES)
            .chain(release.workloads.iter().take(CANDIDATES))
            .filter(|workload| same_namespace(workload.object, service.object))
            .min_by_key(|workload| missed(workload).len());
        if let Some(workload) = nearest {
            let missed = missed(workload);
            if missed.is_empty() {
                continue;
            }
            let has = |entry: &Entry| workload.labels().is_some_and(|labels| labels.contains_key(&entry.key));
            if missed.len() < wanted().count() && !missed.iter().any(|entry| has(entry)) {
                diagnostic.severity = Severity::Warning;
                diagnostic = diagnostic.help(
                    "if the pods are labelled while they run, as a leader is by its operator, allow the finding",
                );
            }
            for entry in missed {
                let wanted = entry.value.as_str().unwrap_or_default();
                let has = workload.labels().and_then(|labels| labels.entry(&entry.key));
                diagnostic = match has {
                    Some(label) => diagnostic
                        .at(label.value.span, format!("{workload} has another value"))
                        .help(format!("it wants `{}: {wanted}`", entry.key)),
                    None => diagnostic.help(format!(
                        "it wants `{}: {wanted}`, which the pods of {workload} do not have",
                        entry.key
                    )),
                };
            }
        }
        found.push(diagnostic);
    }
}

/// Whether the controller of a workload adds a label to its pods.
fn is_added(entry: &Entry, workload: &Workload<'_>) -> bool {
    let is_set = workload.kind == Kind::StatefulSet;
    match entry.key.as_str() {
        "statefulset.kubernetes.io/pod-name" if is_set => {
            let ordinal = entry.value.as_str().and_then(|pod| {
                pod.strip_prefix(workload.object.name.as_str()).and_then(|rest| rest.strip_prefix('-'))
            });
            ordinal.is_some_and(|ordinal| ordinal.parse::<u32>().is_ok())
        }
        "apps.kubernetes.io/pod-index" => is_set,
        "controller-revision-hash" => is_set || workload.kind == Kind::DaemonSet,
        "pod-template-hash" => workload.kind == Kind::Deployment,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, lint_manifests};

    #[test]
    fn labels_of_controllers_and_operators_are_known() {
        let severity = |label: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec:\n  selector: {{app: db, {label}}}\n---\n\
                 apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  \
                 template: {{metadata: {{labels: {{app: db, tier: data}}}}}}\n"
            );
            let found = lint_manifests(&crate::diag::Sources::new(), &text);
            let mut found =
                found.iter().filter(|d| d.rule.is_some_and(|r| r.id == "sts/service-selects-nothing"));
            found.next().map(|d| d.severity.as_str())
        };
        assert_eq!(severity("statefulset.kubernetes.io/pod-name: db-0"), None);
        assert_eq!(severity("statefulset.kubernetes.io/pod-name: web-0"), Some("warning"));
        assert_eq!(severity("vault-active: 'true'"), Some("warning"));
        assert_eq!(severity("tier: web"), Some("error"));
    }

    #[test]
    fn operators_and_hooks_may_own_the_pods() {
        let service =
            "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  selector: {app: db}\n---\n";
        let other = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n";
        assert_eq!(
            findings("sts/service-selects-nothing", &format!("{service}{other}")),
            ["5:3 spec.selector"]
        );
        let custom = "---\napiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata: {name: db}\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{service}{other}{custom}")).len(), 0);
        let hook = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}, \
                    labels: {app: db}}\n";
        assert_eq!(findings("sts/service-selects-nothing", &format!("{service}{other}{hook}")).len(), 0);
        assert_eq!(findings("sts/service-selects-nothing", service).len(), 0);
    }
}
