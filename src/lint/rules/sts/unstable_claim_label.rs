use super::prelude::*;

declare! {
    /// Claim templates cannot be changed after the StatefulSet is created, their labels included. A label with the
    /// version of the chart or the application in it makes the next upgrade fail: *updates to statefulset spec for
    /// fields other than ... are forbidden*.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   volumeClaimTemplates:
    ///     - metadata:
    ///         name: data
    ///         labels: {helm.sh/chart: db-1.4.2}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   volumeClaimTemplates:
    ///     - metadata:
    ///         name: data
    ///         labels: {app.kubernetes.io/name: db}
    /// ```
    ///
    /// ## Fix
    /// Leave labels out of claim templates, or give them only the labels of the selector.
    UNSTABLE_CLAIM_LABEL = "sts/unstable-claim-label", Error, "a claim template carries a label that changes with every version";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, name, claim) in set.claim_templates() {
            for field in ["labels", "annotations"] {
                let Some(labels) = claim.at(&["metadata", field]) else { continue };
                for (key, why) in unstable_labels(labels, false) {
                    found.push(
                        set.finding(
                            &UNSTABLE_CLAIM_LABEL,
                            format!("spec.volumeClaimTemplates[{index}].metadata.{field}[{key}]"),
                            format!(
                                "claim template `{name}` of {set} carries `{key}`, which changes with {why}"
                            ),
                        )
                        .help(
                            "claim templates are immutable: the next upgrade would be rejected; leave it out",
                        ),
                    );
                }
            }
        }
    }
}
