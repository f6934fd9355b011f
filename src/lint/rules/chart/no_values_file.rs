use super::prelude::*;

declare! {
    /// Users look in `values.yaml` for the settings of a chart. Without it, the settings are hidden in the templates.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data: {size: "{{ values.size | default(value=1) }}"}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// size: 1
    /// ```
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data: {size: "{{ values.size }}"}
    /// ```
    ///
    /// ## Fix
    /// Add a `values.yaml` that declares every value the templates read.
    NO_VALUES_FILE = "chart/no-values-file", Info, "a chart has no values.yaml";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        if scope.chart.values_source.is_none() && !scope.chart.is_library() {
            found.push(
                Diagnostic::from_rule(
                    &NO_VALUES_FILE.rule,
                    format!("chart `{}` has no `values.yaml`", scope.chart.name()),
                )
                .at(first_key(scope), "")
                .help("add one that declares every value the templates read"),
            );
        }
    }
}
