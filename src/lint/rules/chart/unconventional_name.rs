use super::prelude::*;

declare! {
    /// A chart's name becomes part of the names and labels of its objects. The API server refuses names with upper-case
    /// letters, dots or underscores.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: My_Database
    /// version: 1.0.0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: my-database
    /// version: 1.0.0
    /// ```
    ///
    /// ## Fix
    /// Use lower-case letters, digits and hyphens.
    UNCONVENTIONAL_NAME = "chart/unconventional-name", Warning, "a chart's name cannot be part of an object's name";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let metadata = &scope.chart.metadata;
        if !crate::k8s::names::dns1123_label(&metadata.name).is_empty() {
            let span = metadata.node.get("name").map_or(first_key(scope), |node| node.span);
            found.push(
                Diagnostic::from_rule(
                    &UNCONVENTIONAL_NAME.rule,
                    format!("`{}` cannot be part of an object's name", metadata.name),
                )
                .at(span, "")
                .help("use lower-case letters, digits and hyphens"),
            );
        }
    }
}
