use super::prelude::*;
use crate::diag::Severity;
use std::cell::OnceCell;
use std::collections::BTreeMap;

declare! {
    /// A StatefulSet gives every pod a DNS name of its own, `<pod>.<service>.<namespace>.svc`, but only through
    /// the Service that `serviceName` names. Kubernetes does not check that it exists: the pods start, and the
    /// first peer that looks another one up gets `NXDOMAIN`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   serviceName: db-headless
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec: {clusterIP: None}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   replicas: 3
    ///   serviceName: db
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db}
    /// spec: {clusterIP: None}
    /// ```
    ///
    /// ## Fix
    /// Name the headless Service of the release in `serviceName`, or add it. `serviceName` cannot be changed
    /// afterwards: a StatefulSet that is already running has to be recreated
    /// (`kubectl delete sts <name> --cascade=orphan`, then apply). If another release creates the Service, allow the
    /// finding and name that release.
    ///
    /// The severity is error only if the release uses the name of a pod, `<pod>.<service>`: many applications do
    /// not need it. It is warning for other StatefulSets with several replicas, and if the StatefulSet is the only object
    /// that is linted, because its Service may be in another file. It is info for one replica.
    MISSING_SERVICE = "sts/missing-service", Error, "the governing Service of a StatefulSet is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let selecting = OnceCell::new();
    for (place, set) in release.numbered_stateful_sets() {
        let name = set.service_name();
        if name.is_empty() {
            let mut finding = set
                .finding(&MISSING_SERVICE, "spec.serviceName", format!("{set} names no governing Service"))
                .help("without `serviceName` its pods have no DNS names; name a headless Service");
            finding.severity = severity(release, set);
            found.push(finding);
            continue;
        }
        if release.governing_service(set).is_some() {
            continue;
        }
        // A Service of the same release that already selects the pods is the likely target.
        let meant = selecting.get_or_init(|| selecting_services(release)).get(&place);
        let mut finding = set
            .finding(
                &MISSING_SERVICE,
                "spec.serviceName",
                format!("no Service `{name}` in the release: the pods of {set} get no DNS names"),
            )
            .help(match meant {
                Some(meant) => format!("`{meant}` selects these pods: did you mean that one?"),
                None => format!("add a Service `{name}` with `clusterIP: None` that selects its pods"),
            });
        finding.severity = severity(release, set);
        found.push(finding);
    }
}

fn severity(release: &Release<'_>, set: StatefulSet<'_>) -> Severity {
    match peer_severity(release, set) {
        Severity::Error if release.is_partial() => Severity::Warning,
        severity => severity,
    }
}

/// For each workload, by its place, a Service that selects its pods; a headless one where there is one.
fn selecting_services<'a>(release: &Release<'a>) -> BTreeMap<usize, &'a str> {
    let mut meant: BTreeMap<usize, (bool, &str)> = BTreeMap::new();
    for selection in &release.service_selections {
        let services = selection.owners.iter().map(|owner| &release.services[*owner]);
        let Some(service) = services.max_by_key(|service| service.is_headless()) else { continue };
        for workload in &selection.workloads {
            let best = meant.entry(*workload).or_insert((false, &service.object.name));
            if service.is_headless() && !best.0 {
                *best = (true, &service.object.name);
            }
        }
    }
    meant.into_iter().map(|(workload, (_, name))| (workload, name)).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {}\n";

    #[test]
    fn an_absent_name_is_a_finding_and_points_at_spec() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: 1\n";
        assert_eq!(findings("sts/missing-service", text), ["4:1 spec.serviceName"]);
    }

    #[test]
    fn all_by_itself_it_is_a_warning() {
        let severity = |text: &str| severities("sts/missing-service", text);
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\n\
                   spec: {replicas: 3, serviceName: nodes}\n";
        assert_eq!(severity(set), ["warning"]);
        assert_eq!(severity(&format!("{set}{SERVICE}")), ["warning"]);
        let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {seed: db-0.nodes}\n";
        assert_eq!(severity(&format!("{set}{SERVICE}{config}")), ["error"]);
        // A single pod has nobody to look up.
        assert_eq!(severity(&format!("{set}{SERVICE}").replace('3', "1")), ["info"]);
    }

    #[test]
    fn a_service_of_another_namespace_does_not_count() {
        let set = |namespace: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db{namespace}}}\n\
                 spec: {{serviceName: db}}\n"
            )
        };
        let service = SERVICE.replace("{name: db}", "{name: db, namespace: prod}");
        assert_eq!(findings("sts/missing-service", &(set(", namespace: prod") + &service)).len(), 0);
        assert_eq!(findings("sts/missing-service", &(set(", namespace: dev") + &service)).len(), 1);
        assert_eq!(findings("sts/missing-service", &(set("") + &service)).len(), 0);
    }
}
