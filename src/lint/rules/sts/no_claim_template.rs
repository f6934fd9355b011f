use super::data_on_empty_dir::volumes_of_data;
use super::prelude::*;

declare! {
    /// A StatefulSet without claim templates has no persistent storage per pod. Data that a pod writes is lost when the
    /// pod is rescheduled, and replicas do not share it.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: visits}
    /// spec:
    ///   replicas: 3
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: visits}
    /// spec:
    ///   replicas: 3
    ///   volumeClaimTemplates:
    ///     - metadata: {name: data}
    /// ```
    ///
    /// ## Fix
    /// Add a claim template and mount it where the application writes, or use a Deployment. If only the stable pod
    /// names are needed, allow the finding and give that reason. A pod volume of an existing claim, a host path or a
    /// network file system also counts as storage.
    NO_CLAIM_TEMPLATE = "sts/no-claim-template", Warning, "a StatefulSet has no claim template and no persistent volume";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        // Data on an emptyDir is reported by its own rule.
        if keeps_data(set) || volumes_of_data(set).next().is_some() {
            continue;
        }
        let many = match set.replicas() {
            replicas if replicas > 1 => format!(", and its {replicas} replicas share nothing"),
            _ => String::new(),
        };
        found.push(
            set.finding(
                &NO_CLAIM_TEMPLATE,
                "spec.volumeClaimTemplates",
                format!("{set} has no claim template: what a pod writes is lost with the pod{many}"),
            )
            .help("add a claim template for the data, or use a Deployment"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn volumes_that_last_count() {
        let text = |volume: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      \
                 volumes: [{{name: v, {volume}: {{}}}}]\n"
            )
        };
        let data = text("emptyDir").trim_end().to_owned()
            + "\n      containers: [{name: a, volumeMounts: [{name: v, mountPath: /data}]}]\n";
        assert_eq!(findings("sts/no-claim-template", &data).len(), 0, "{data}");
        assert_eq!(findings("sts/data-on-empty-dir", &data).len(), 1);
        assert_eq!(findings("sts/no-claim-template", &text("nfs")).len(), 0);
        assert_eq!(findings("sts/no-claim-template", &text("emptyDir")), ["4:1 spec.volumeClaimTemplates"]);
    }
}
