use super::prelude::*;

declare! {
    /// A liveness probe that gives up before the readiness probe does restarts pods that should only have been taken
    /// out of service: under load the probes time out, pods are killed, the load moves to the others, and the whole
    /// set goes down in a circle of restarts. A database in recovery is killed again and again.
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
    ///           livenessProbe: {tcpSocket: {port: 5432}, periodSeconds: 5}
    ///           readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 10}
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
    ///           livenessProbe: {tcpSocket: {port: 5432}, periodSeconds: 10, failureThreshold: 6}
    ///           readinessProbe: {tcpSocket: {port: 5432}, periodSeconds: 10}
    /// ```
    ///
    /// ## Fix
    /// Give the liveness probe the longer budget: `failureThreshold` times `periodSeconds` of liveness should be a
    /// multiple of that of readiness.
    STRICT_LIVENESS = "sts/strict-liveness", Warning, "the liveness probe gives up before the readiness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in set.main_containers() {
            let (Some(liveness), Some(readiness)) =
                (container.field("livenessProbe"), container.field("readinessProbe"))
            else {
                continue;
            };
            let (live, ready) = (Probe::of(liveness), Probe::of(readiness));
            if live.patience() >= ready.patience() {
                continue;
            }
            found.push(
                set.finding(
                    &STRICT_LIVENESS,
                    container.path("livenessProbe"),
                    format!(
                        "container `{}` of {set} is killed after {} seconds without an answer, but counts as ready for {}",
                        container.name(),
                        live.patience(),
                        ready.patience()
                    ),
                )
                .at(locate(set.object, &container.path("readinessProbe")), "the more patient one")
                .help("raise `failureThreshold` or `periodSeconds` of the liveness probe"),
            );
        }
    }
}
