use super::prelude::*;

declare! {
    /// Without a liveness probe, a process that hangs is not restarted. A StatefulSet has a fixed set of pods, so no
    /// other pod replaces it.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "db:1"}]
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
    ///           livenessProbe: {tcpSocket: {port: 5432}, failureThreshold: 6}
    /// ```
    ///
    /// ## Fix
    /// Add a `livenessProbe` that fails only if a restart helps, and that waits longer than the readiness probe. A
    /// process that exits by itself when it fails does not need one.
    NO_LIVENESS_PROBE = "sts/no-liveness-probe", Info, "a container of a StatefulSet has no liveness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in serving(set.template()) {
            if container.liveness_probe().is_none() {
                found.push(
                    set.finding(
                        &NO_LIVENESS_PROBE,
                        container.path("livenessProbe"),
                        format!("container `{}` of {set} has no liveness probe", container.name()),
                    )
                    .help(
                        "add a `livenessProbe` with generous limits, unless the process exits by itself when it is stuck",
                    ),
                );
            }
        }
    }
}
