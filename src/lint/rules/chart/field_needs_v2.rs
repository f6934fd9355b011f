use super::prelude::*;

declare! {
    /// `type` and `dependencies` belong to charts of `apiVersion: v2`. In a `v1` chart Helm ignores them, or refuses the
    /// chart when it is linted.
    ///
    /// ## Bad
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v1
    /// name: db
    /// version: 1.0.0
    /// type: application
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # Chart.yaml
    /// apiVersion: v2
    /// name: db
    /// version: 1.0.0
    /// type: application
    /// ```
    ///
    /// ## Fix
    /// Write `apiVersion: v2`.
    FIELD_NEEDS_V2 = "chart/field-needs-v2", Error, "a chart of apiVersion v1 uses a field of v2";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes().into_iter().filter(|scope| scope.chart.metadata.api_version == "v1") {
        let Some(map) = scope.chart.metadata.node.as_map() else { continue };
        for entry in ["type", "dependencies"].into_iter().filter_map(|key| map.entry(key)) {
            found.push(
                Diagnostic::from_rule(
                    &FIELD_NEEDS_V2.rule,
                    format!("`{}` belongs to charts of `apiVersion: v2`", entry.key),
                )
                .at(entry.key_span, "")
                .help("write `apiVersion: v2`"),
            );
        }
    }
}
