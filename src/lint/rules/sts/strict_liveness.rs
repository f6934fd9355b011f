use super::prelude::*;

declare! {
    /// If the liveness probe fails before the readiness probe, it restarts pods that should only be taken out of
    /// service. Under load the probes time out, pods are killed, and the load moves to the other pods until all of them
    /// restart. A database in recovery is killed again and again.
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
    /// Let the liveness probe wait longer: `failureThreshold` times `periodSeconds` of liveness should be a multiple of
    /// that of readiness.
    STRICT_LIVENESS = "sts/strict-liveness", Warning, "the liveness probe gives up before the readiness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in set.template().containers() {
            let (Some(live), Some(ready)) = (container.liveness_probe(), container.readiness_probe()) else {
                continue;
            };
            if live.tolerance() >= ready.tolerance() {
                continue;
            }
            found.push(
                set.finding(
                    &STRICT_LIVENESS,
                    container.path("livenessProbe"),
                    format!(
                        "container `{}` of {set} is killed after {} seconds without an answer, but counts as ready for {}",
                        container.name(),
                        live.tolerance(),
                        ready.tolerance()
                    ),
                )
                .at(locate(set.object, &container.path("readinessProbe")), "this probe waits longer")
                .help("raise `failureThreshold` or `periodSeconds` of the liveness probe"),
            );
        }
    }
}
