use super::prelude::*;

declare! {
    /// The Service that `serviceName` names gives each pod of a StatefulSet its DNS name. A Service with a
    /// cluster IP resolves to that one address only: `db-0.db` does not exist, clients reach a random pod, and
    /// peers cannot find each other.
    ///
    /// ## Bad
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
    /// spec:
    ///   ports: [{port: 5432}]
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
    /// spec:
    ///   clusterIP: None
    ///   ports: [{port: 5432}]
    /// ```
    ///
    /// ## Fix
    /// Set `clusterIP: None` on the governing Service. If clients also need one load-balanced address, add a second
    /// Service. The cluster IP of an existing Service cannot be changed: delete the Service and create it again.
    ///
    /// The severity is error only if the release uses the name of a pod, `<pod>.<service>`: many applications do
    /// not need it. It is warning for other StatefulSets with several replicas, and info for one replica.
    SERVICE_NOT_HEADLESS = "sts/service-not-headless", Error, "the governing Service of a StatefulSet has a cluster IP";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let Some(service) = release.governing_service(set).filter(|service| !service.is_headless()) else {
            continue;
        };
        let name = &service.object.name;
        // A Service of this type cannot be headless: what has to change is its type.
        let kind = Some(service.service_type()).filter(|kind| *kind != "ClusterIP");
        let path = if kind.is_some() { "spec.type" } else { "spec.clusterIP" };
        let what = kind.map_or("has a cluster IP".to_owned(), |kind| format!("is a {kind}"));
        let mut diagnostic = finding(
            &SERVICE_NOT_HEADLESS,
            service.object,
            path,
            format!("Service `{name}` governs {set} but {what}: its pods get no DNS names"),
        )
        .at(locate(set.object, "spec.serviceName"), "named here");
        diagnostic = match kind {
            Some(kind) => diagnostic.help(format!(
                "give the StatefulSet a headless Service of its own (`clusterIP: None`) and keep the {kind} for clients"
            )),
            None => diagnostic.help("set `clusterIP: None`"),
        };
        diagnostic.severity = peer_severity(release, set);
        found.push(diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, severities};

    #[test]
    fn one_replica_that_nobody_names_is_info() {
        let text = |set: &str, address: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec: {{serviceName: db, {set}}}\n---\n\
                 apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{ports: [{{port: 1}}]}}\n---\n\
                 apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: db}}\ndata: {{a: \"{address}\"}}\n"
            )
        };
        let found = |set: &str, address: &str| severities("sts/service-not-headless", &text(set, address));
        assert_eq!(found("replicas: 1", "db:5432"), ["info"]);
        assert_eq!(found("replicas: 1", "my-db-0.db:5432"), ["info"]);
        assert_eq!(found("replicas: 1", "tcp://db-0.db.default.svc:5432"), ["error"]);
        assert_eq!(found("replicas: 3", "db:5432"), ["warning"]);
        assert_eq!(found("replicas: 3", "db-2.db:5432"), ["error"]);
    }

    #[test]
    fn another_type_is_the_place_to_change() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: db}\n---\n\
                    apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec:\n  type: LoadBalancer\n";
        assert_eq!(findings("sts/service-not-headless", text), ["10:9 spec.type"]);
    }
}
