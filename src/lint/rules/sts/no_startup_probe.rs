use super::prelude::*;

declare! {
    /// A long `initialDelaySeconds` on the liveness probe guesses how long the start takes. If the start takes longer,
    /// the pod is killed and restarted again and again. If it is faster, a hang is not noticed until the delay is over.
    /// A startup probe waits until the container has started; then the liveness probe takes over.
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
    ///           livenessProbe: {tcpSocket: {port: 5432}, initialDelaySeconds: 120}
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
    ///           startupProbe: {tcpSocket: {port: 5432}, periodSeconds: 10, failureThreshold: 60}
    ///           livenessProbe: {tcpSocket: {port: 5432}}
    /// ```
    ///
    /// ## Fix
    /// Move the wait into a `startupProbe`: `failureThreshold` times `periodSeconds` is the longest start that it
    /// allows. Delays of 60 seconds and more are reported.
    NO_STARTUP_PROBE = "sts/no-startup-probe", Warning, "a long initial delay instead of a startup probe";
    release: check;
}

/// From here on a delay is a guess at a slow start rather than a courtesy.
const LONG: i64 = 60;

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for container in set.template().containers() {
            let Some(probe) = container.liveness_probe() else { continue };
            if probe.initial_delay() < LONG || container.startup_probe().is_some() {
                continue;
            }
            found.push(
                set.finding(
                    &NO_STARTUP_PROBE,
                    container.path("livenessProbe.initialDelaySeconds"),
                    format!(
                        "container `{}` of {set} is killed if its start takes more than {} seconds",
                        container.name(),
                        probe.first_failure()
                    ),
                )
                .help("use a `startupProbe` instead, and remove the initial delay"),
            );
        }
    }
}
