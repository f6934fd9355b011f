use super::prelude::*;
use crate::diag::Severity;
use crate::yaml::Map;

declare! {
    /// The selector of a StatefulSet can never be changed. A label in it that changes with the version of the chart or
    /// of the application (`helm.sh/chart`, `app.kubernetes.io/version`) makes the next upgrade fail: *updates to
    /// statefulset spec for fields other than ... are forbidden*. For a chart, plimsoll renders the next version and
    /// compares the labels. In manifests, a label is reported if its name and value look like a version.
    ///
    /// A label that names the tool that installs the release (`app.kubernetes.io/managed-by`, `heritage`) changes only
    /// if the release moves to another tool; its severity is info.
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
    /// Select by labels that never change: name and instance. Keep the other labels on the objects. If a StatefulSet
    /// with such a selector already runs, delete it with `kubectl delete sts <name> --cascade=orphan` before the
    /// upgrade; its pods keep running.
    UNSTABLE_SELECTOR = "sts/unstable-selector", Error, "the selector of a StatefulSet contains a label that changes with every version";
    release: check;
}

/// Labels that name the tool that installs a release.
const TOOL: [&str; 2] = ["app.kubernetes.io/managed-by", "heritage"];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        let unstable = unstable_labels(release, set, |set| set.selector().labels());
        let is_unstable = |key: &str| unstable.iter().any(|(unstable, _)| *unstable == key);
        for (key, raise) in &unstable {
            let why = every_version(*raise);
            found.push(
                set.finding(
                    &UNSTABLE_SELECTOR,
                    format!("spec.selector.matchLabels[{key}]"),
                    format!("the selector of {set} contains `{key}`, which changes with {why}"),
                )
                .help("selectors are immutable: the next upgrade would be rejected; select by name and instance"),
            );
        }
        let keys = set.selector().labels().into_iter().flat_map(Map::keys);
        for key in keys.filter(|key| TOOL.contains(key) && !is_unstable(key)) {
            let mut finding = set.finding(
                &UNSTABLE_SELECTOR,
                format!("spec.selector.matchLabels[{key}]"),
                format!("the selector of {set} contains `{key}`, which names the tool that installs it"),
            );
            finding.severity = Severity::Info;
            found.push(finding.help("selectors are immutable: no other tool can take over the release; select by name and instance"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{findings, release_findings};

    /// A release of a chart whose StatefulSet is selected by this label.
    fn check_chart(label: &str) -> Vec<String> {
        let set = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  \
             selector: {{matchLabels: {{app: db, {label}}}}}\n"
        );
        let chart = "apiVersion: v2\nname: db\nversion: 1.2.3\nappVersion: \"16\"\n";
        release_findings(
            "sts/unstable-selector",
            &[("Chart.yaml", chart), ("values.yaml", "tag: 1.2.3\n"), ("templates/set.yaml", &set)],
        )
    }

    #[test]
    fn in_a_chart_what_the_next_version_changes_is_found() {
        for (label, severity) in [
            ("chart: 'db-{{ .Chart.Version }}'", "error"),
            ("x: '{{ .Chart.Version | replace \".\" \"-\" }}'", "error"),
            ("x: 'v{{ .Chart.AppVersion }}'", "error"),
            ("heritage: '{{ .Release.Service }}'", "info"),
        ] {
            let key = label.split(':').next().unwrap();
            let expected = format!("{severity} spec.selector.matchLabels[{key}]");
            assert_eq!(check_chart(label), [expected], "{label}");
        }
    }

    #[test]
    fn in_a_chart_what_stays_is_not() {
        for label in
            ["chart: consul-helm", "version: '1.2.3'", "x: 'db-{{ .Values.tag }}'", "helm.sh/chart: db-1.2.3"]
        {
            assert_eq!(check_chart(label), [""; 0], "{label}");
        }
    }

    #[test]
    fn manifests_show_versions_in_values_only() {
        let found = |label: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  \
                 selector: {{matchLabels: {{{label}}}}}\n"
            );
            findings("sts/unstable-selector", &text).len()
        };
        assert_eq!(found("chart: db-1.2.3"), 1);
        assert_eq!(found("chart: consul-helm"), 0);
        assert_eq!(found("version: v1"), 0);
    }
}
