use super::prelude::*;
use crate::k8s::views::{self, Container};

declare! {
    /// Any change of a pod label changes the pod template, and every pod restarts, one after the other. With the
    /// chart's version in the labels (`helm.sh/chart`), every chart upgrade restarts all pods, even if nothing else
    /// changed.
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
    /// Use only the labels of the selector on the pods, and put the others on the StatefulSet itself. A version label
    /// that equals the image tag is not reported, because the new image restarts the pods anyway.
    UNSTABLE_POD_LABEL = "sts/unstable-pod-label", Warning, "the pods carry a label that restarts them with every version of the chart";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let Some(labels) = set.template().labels() else { continue };
        let containers = set.template().all_containers();
        let tags: Vec<_> = containers.filter_map(|container| Image::parse(container.image()).tag).collect();
        for (key, raise) in unstable_labels(release, set, |set| set.template().labels()) {
            // A new image restarts the pods anyway.
            if release.upgraded(set, raise).is_some_and(|next| images(next) != images(*set)) {
                continue;
            }
            let value = labels.get(key).and_then(Node::as_str).unwrap_or_default();
            if tags.iter().any(|tag| tag.trim_start_matches('v') == value.trim_start_matches('v')) {
                continue;
            }
            // Labels in the selector cannot be removed from the pods; the selector's own rule reports them.
            if set.selector().labels().is_some_and(|selected| selected.contains_key(key)) {
                continue;
            }
            let why = every_version(raise);
            found.push(
                set.finding(
                    &UNSTABLE_POD_LABEL,
                    set.template().path(&format!("metadata.labels[{key}]")),
                    format!("the pods of {set} carry `{key}`, which changes with {why}: each change restarts them all"),
                )
                .help("keep it on the StatefulSet and leave it out of the pod template"),
            );
        }
    }
}

/// The images of the containers.
fn images(set: views::StatefulSet<'_>) -> Vec<&str> {
    set.template().containers().map(Container::image).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, release_findings};

    #[test]
    fn in_a_chart_a_new_image_makes_a_new_label_free() {
        let found = |label: &str, tag: &str| {
            let set = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  template:\n    \
                 metadata: {{labels: {{x: 'x-{{{{ .Chart.{label} }}}}'}}}}\n    \
                 spec: {{containers: [{{name: a, image: 'db:{tag}'}}]}}\n"
            );
            let chart = "apiVersion: v2\nname: db\nversion: 1.2.3\nappVersion: \"16\"\n";
            release_findings("sts/unstable-pod-label", &[("Chart.yaml", chart), ("templates/set.yaml", &set)])
                .len()
        };
        assert_eq!(found("Version", "{{ .Chart.AppVersion }}"), 1);
        assert_eq!(found("AppVersion", "{{ .Chart.AppVersion }}"), 0);
        assert_eq!(found("AppVersion", "17"), 1);
    }

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
