use super::prelude::*;

declare! {
    /// The selector of a StatefulSet can never be changed. A label in it that changes with the version of the chart
    /// or of the application (`helm.sh/chart`, `app.kubernetes.io/version`) or with the tool that installs it
    /// (`app.kubernetes.io/managed-by`, `heritage`) makes the next upgrade fail: *updates to statefulset spec for
    /// fields other than ... are forbidden*.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   selector:
    ///     matchLabels:
    ///       app.kubernetes.io/name: db
    ///       app.kubernetes.io/version: "1.4.2"
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   selector:
    ///     matchLabels:
    ///       app.kubernetes.io/name: db
    ///       app.kubernetes.io/instance: prod
    /// ```
    ///
    /// ## Fix
    /// Select by what never changes: name and instance. Keep the other labels on the objects. A StatefulSet that
    /// already runs with such a selector is moved with `kubectl delete sts <name> --cascade=orphan` before the
    /// upgrade; its pods keep running.
    UNSTABLE_SELECTOR = "sts/unstable-selector", Error, "the selector of a StatefulSet holds a label that changes with every version";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let Some(labels) = set.spec("selector").and_then(|selector| selector.get("matchLabels")) else {
            continue;
        };
        for (key, why) in unstable_labels(labels, true) {
            found.push(
                set.finding(
                    &UNSTABLE_SELECTOR,
                    format!("spec.selector.matchLabels[{key}]"),
                    format!("the selector of {set} holds `{key}`, which changes with {why}"),
                )
                .help("selectors are immutable: the next upgrade would be rejected; select by name and instance"),
            );
        }
    }
}
