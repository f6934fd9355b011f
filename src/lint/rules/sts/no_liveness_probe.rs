use super::prelude::*;

declare! {
    /// Without a liveness probe a process that hangs stays as it is until somebody notices. A StatefulSet has a fixed
    /// set of pods, so nothing takes over for it.
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
    /// Add a `livenessProbe` that fails only when a restart is the cure, and is more patient than the readiness
    /// probe. A process that ends by itself when it can go on no longer needs none.
    NO_LIVENESS_PROBE = "sts/no-liveness-probe", Info, "a container of a StatefulSet has no liveness probe";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in serving(set) {
            if container.field("livenessProbe").is_none() {
                found.push(
                    set.finding(
                        &NO_LIVENESS_PROBE,
                        container.path("livenessProbe"),
                        format!("container `{}` of {set} has no liveness probe", container.name()),
                    )
                    .help(
                        "add a patient `livenessProbe`, unless the process ends by itself when it is stuck",
                    ),
                );
            }
        }
    }
}
