use super::prelude::*;

declare! {
    /// Helm ignores a field of `Chart.yaml` that it does not know. A spelling mistake therefore goes unnoticed: the
    /// dependency is not conditional, or the minimum version of Kubernetes is not checked.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// kubeVersions: ">=1.33"
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// kubeVersion: ">=1.33"
    /// ```
    ///
    /// ## Fix
    /// Correct the name. Put custom fields under `annotations`.
    UNKNOWN_FIELD = "chart/unknown-field", Warning, "a field that Chart.yaml does not have";
    chart: check;
}

const CHART: [&str; 18] = [
    "apiVersion",
    "name",
    "version",
    "kubeVersion",
    "description",
    "type",
    "keywords",
    "home",
    "sources",
    "dependencies",
    "maintainers",
    "icon",
    "appVersion",
    "deprecated",
    "annotations",
    "condition",
    "tags",
    "engine",
];
const DEPENDENCY: [&str; 8] =
    ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
const MAINTAINER: [&str; 3] = ["name", "email", "url"];

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let node = &scope.chart.metadata.node;
        fields(node, &CHART, "`Chart.yaml`", found);
        for item in node.get("dependencies").map(Node::items).unwrap_or_default() {
            fields(item, &DEPENDENCY, "a dependency", found);
        }
        for item in node.get("maintainers").map(Node::items).unwrap_or_default() {
            fields(item, &MAINTAINER, "a maintainer", found);
        }
    }
}

fn fields(node: &Node, known: &[&str], of: &str, found: &mut Vec<Diagnostic>) {
    for entry in node.as_map().into_iter().flatten().filter(|entry| !known.contains(&entry.key.as_str())) {
        let help = match nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "put custom fields under `annotations`".to_owned(),
        };
        found.push(
            Diagnostic::from_rule(&UNKNOWN_FIELD.rule, format!("{of} has no field `{}`", entry.key))
                .at(entry.key_span, "")
                .help(help),
        );
    }
}
