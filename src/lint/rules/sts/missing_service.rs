use super::prelude::*;

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
    /// afterwards: a StatefulSet that is already running has to be recreated (`kubectl delete sts <name>
    /// --cascade=orphan`, then apply). If the Service really comes from elsewhere, allow the finding with a word
    /// on where from.
    MISSING_SERVICE = "sts/missing-service", Error, "the governing Service of a StatefulSet is not in the release";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let named = set.spec("serviceName").and_then(Node::as_str).filter(|name| !name.is_empty());
        let Some(name) = named else {
            found.push(
                set.finding(
                    &MISSING_SERVICE,
                    "spec.serviceName",
                    format!("{set} names no governing Service"),
                )
                .help("without `serviceName` its pods have no DNS names; name a headless Service"),
            );
            continue;
        };
        if release.governing_service(set).is_some() {
            continue;
        }
        // A Service of the same release that already selects the pods is what was meant.
        let meant = release
            .services
            .iter()
            .filter(|service| service.selects(set))
            .max_by_key(|service| service.is_headless())
            .map(|service| service.object.name.as_str());
        found.push(
            set.finding(
                &MISSING_SERVICE,
                "spec.serviceName",
                format!("no Service `{name}` in the release: the pods of {set} get no DNS names"),
            )
            .help(match meant {
                Some(meant) => format!("`{meant}` selects these pods: did you mean that one?"),
                None => format!("add a Service `{name}` with `clusterIP: None` that selects its pods"),
            }),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    const SERVICE: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {}\n";

    #[test]
    fn an_absent_name_is_a_finding_and_points_at_spec() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  replicas: 1\n";
        assert_eq!(findings("sts/missing-service", text), ["4:1 spec.serviceName"]);
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
