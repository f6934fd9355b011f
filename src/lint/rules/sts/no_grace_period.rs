use super::prelude::*;
use crate::diag::Severity;

declare! {
    /// With `terminationGracePeriodSeconds: 0` a pod is deleted from the API at once, without waiting for the kubelet
    /// to stop its containers. The StatefulSet may then start a new pod with the same name while the old process still
    /// writes to the same data. There may be more than one pod per ordinal.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       terminationGracePeriodSeconds: 0
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
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
    ///       terminationGracePeriodSeconds: 30
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Fix
    /// Set the time that the application needs to shut down; the default is 30 seconds. The severity is info if the
    /// pods have no persistent volume.
    NO_GRACE_PERIOD = "sts/no-grace-period", Error, "pods are deleted without waiting for them to stop";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.template().termination_grace_period() == 0 {
            let mut finding = set
                .finding(
                    &NO_GRACE_PERIOD,
                    set.template().path("spec.terminationGracePeriodSeconds"),
                    format!("pods of {set} are deleted without waiting for them to stop: two may run under one name"),
                )
                .help("remove it (the default is 30 seconds), or set the time that the shutdown needs");
            if !keeps_data(set) {
                finding.severity = Severity::Info;
            }
            found.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::severities;

    #[test]
    fn without_lasting_volumes_nothing_is_lost() {
        let found = |volume: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  template:\n    \
                 spec: {{terminationGracePeriodSeconds: 0, volumes: [{{name: v, {volume}: {{}}}}]}}\n"
            );
            severities("sts/no-grace-period", &text)
        };
        assert_eq!(found("emptyDir"), ["info"]);
        assert_eq!(found("nfs"), ["error"]);
    }
}
