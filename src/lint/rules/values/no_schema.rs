use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;

declare! {
    /// Without `values.schema.json` a misspelt key or a wrong type in a values file is accepted silently:
    /// `replicaCuont: 5` changes nothing, and `port: "8080"` breaks a manifest. With a schema, the error names the key
    /// and the file before anything is rendered.
    ///
    /// ## Bad
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// ```
    /// ```json
    /// // values.schema.json
    /// {
    ///   "type": "object",
    ///   "additionalProperties": false,
    ///   "properties": {"global": {}, "replicas": {"type": "integer", "minimum": 0}}
    /// }
    /// ```
    ///
    /// ## Fix
    /// Add a `values.schema.json` with `additionalProperties: false` (and `global` among the properties, which Helm
    /// adds to sub-charts).
    NO_SCHEMA = "values/no-schema", Info, "a chart with values has no schema for them";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let values = scope.chart.values.as_map().and_then(|map| map.iter().next());
        if let Some(first) = values.filter(|_| scope.chart.schema.is_none() && !scope.chart.is_library()) {
            found.push(
                Diagnostic::from_rule(
                    &NO_SCHEMA.rule,
                    format!("chart `{}` has no `values.schema.json`", scope.chart.name()),
                )
                .at(first.key_span, "")
                .help("add one, so that misspelt keys and wrong types in values files are found"),
            );
        }
    }
}
