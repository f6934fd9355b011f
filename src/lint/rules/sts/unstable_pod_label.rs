use super::prelude::*;

declare! {
    /// A change of any pod label is a change of the pod template: every pod restarts, one after the other. With the
    /// chart's version in the labels (`helm.sh/chart`), an upgrade that changed nothing else restarts the whole
    /// database.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app: db
    ///         helm.sh/chart: db-1.4.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: db
    ///   labels: {helm.sh/chart: db-1.4.2}
    /// spec:
    ///   template:
    ///     metadata:
    ///       labels: {app: db}
    /// ```
    ///
    /// ## Fix
    /// Put on the pods only the labels of the selector; the StatefulSet itself may carry the others. A version label
    /// that equals the image's tag costs nothing, as the new image restarts the pods anyway, and is not reported.
    UNSTABLE_POD_LABEL = "sts/unstable-pod-label", Warning, "the pods carry a label that restarts them with every version of the chart";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let Some(labels) = set.pod(&["metadata", "labels"]) else { continue };
        let tags: Vec<_> = set
            .containers()
            .filter_map(|container| container.field("image").and_then(Node::as_str))
            .filter_map(|image| Image::parse(image).tag)
            .collect();
        for (key, why) in unstable_labels(labels, false) {
            let value = labels.get(key).and_then(Node::as_str).unwrap_or_default();
            if tags.iter().any(|tag| tag.trim_start_matches('v') == value.trim_start_matches('v')) {
                continue;
            }
            // What the selector holds cannot be left out of the pods: the selector's own rule speaks of it.
            let selected = set.spec("selector").and_then(|selector| selector.get("matchLabels"));
            if selected.is_some_and(|selected| selected.get(key).is_some()) {
                continue;
            }
            found.push(
                set.finding(
                    &UNSTABLE_POD_LABEL,
                    set.pod_path(&format!("metadata.labels[{key}]")),
                    format!("the pods of {set} carry `{key}`, which changes with {why}: each change restarts them all"),
                )
                .help("keep it on the StatefulSet and leave it out of the pod template"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::findings;

    #[test]
    fn a_version_label_that_follows_the_image_is_free() {
        let text = |tag: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  template:\n    \
                 metadata:\n      labels: {{app.kubernetes.io/version: \"1.2\"}}\n    \
                 spec: {{containers: [{{name: a, image: \"db:{tag}\"}}]}}\n"
            )
        };
        assert_eq!(findings("sts/unstable-pod-label", &text("v1.2")).len(), 0);
        assert_eq!(
            findings("sts/unstable-pod-label", &text("1.3")),
            ["7:43 spec.template.metadata.labels[app.kubernetes.io/version]"]
        );
    }
}
