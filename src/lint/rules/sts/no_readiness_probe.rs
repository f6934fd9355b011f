use super::prelude::*;

declare! {
    /// Without a readiness probe a pod counts as ready the moment its process starts. A rolling update then continues
    /// with the next pod although this one is not ready, and Services send it traffic that it cannot serve. A rollout
    /// can take down all replicas, one after the other.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           ports: [{containerPort: 5432}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: db:1
    ///           ports: [{containerPort: 5432}]
    ///           readinessProbe: {tcpSocket: {port: 5432}}
    /// ```
    ///
    /// ## Fix
    /// Add a `readinessProbe` that succeeds once the pod can serve requests. The rule checks the containers that
    /// declare a port, or the first container if none does.
    NO_READINESS_PROBE = "sts/no-readiness-probe", Warning, "a container of a StatefulSet has no readiness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in serving(set.template()) {
            if container.readiness_probe().is_none() {
                found.push(
                    set.finding(
                        &NO_READINESS_PROBE,
                        container.path("readinessProbe"),
                        format!(
                            "container `{}` of {set} has no readiness probe: it counts as ready once it has started",
                            container.name()
                        ),
                    )
                    .help("add a `readinessProbe` that succeeds once the pod can serve"),
                );
            }
        }
    }
}
