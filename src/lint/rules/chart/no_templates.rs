use super::prelude::*;

declare! {
    /// A chart without templates, sub-charts or custom resource definitions installs nothing.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// ```
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Fix
    /// Add templates, or mark the chart as `type: library` if it only provides partials. If the templates exist, check
    /// `.helmignore`.
    NO_TEMPLATES = "chart/no-templates", Warning, "a chart has no templates";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let chart = &scope.chart;
        let empty = chart.templates.is_empty() && chart.children.is_empty() && chart.crds.is_empty();
        if empty && chart.metadata.dependencies.is_empty() && !chart.is_library() {
            found.push(
                Diagnostic::from_rule(&NO_TEMPLATES.rule, format!("chart `{}` has no `templates/`", chart.name()))
                    .at(first_key(scope), "")
                    .help("add templates, or write `type: library`"),
            );
        }
    }
}
