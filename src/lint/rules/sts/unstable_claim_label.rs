use super::prelude::*;

declare! {
    /// Claim templates cannot be changed after the StatefulSet is created, their labels included. A label that contains
    /// the version of the chart or the application makes the next upgrade fail: *updates to statefulset spec for fields
    /// other than ... are forbidden*.
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
    /// Remove the labels from the claim templates, or use only the labels of the selector.
    UNSTABLE_CLAIM_LABEL = "sts/unstable-claim-label", Error, "a claim template carries a label that changes with every version";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        for (index, claim) in set.claims() {
            let name = claim.name();
            for field in ["labels", "annotations"] {
                let unstable = unstable_labels(release, set, |set| {
                    let (_, claim) = set.claims().find(|(_, claim)| claim.name() == name)?;
                    if field == "labels" { claim.metadata().labels() } else { claim.metadata().annotations() }
                });
                for (key, raise) in unstable {
                    let why = every_version(raise);
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

#[cfg(test)]
mod tests {
    use crate::lint::testing::release_findings;

    #[test]
    fn in_a_chart_the_claim_of_the_same_name_is_compared() {
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  volumeClaimTemplates:\n  \
                   - metadata: {name: log, labels: {chart: db}}\n  \
                   - metadata: {name: data, labels: {chart: 'db-{{ .Chart.Version }}'}}\n";
        assert_eq!(
            release_findings("sts/unstable-claim-label", &[("templates/set.yaml", set)]),
            ["error spec.volumeClaimTemplates[1].metadata.labels[chart]"]
        );
    }
}
