use super::prelude::*;

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
    /// custom resources whose operator may create them.
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
            wanted().filter(|entry| has(&entry.key) != Some(&entry.value)).collect::<Vec<_>>()
        };
        let nearest = release
            .related(&service.selector, CANDIDATES)
            .chain(release.workloads.iter().take(CANDIDATES))
            .filter(|workload| same_namespace(workload.object, service.object))
            .min_by_key(|workload| missed(workload).len());
        if let Some(workload) = nearest {
            for entry in missed(workload) {
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

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

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
