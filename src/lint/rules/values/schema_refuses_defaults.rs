use crate::diag::Diagnostic;
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;
use crate::yaml::{Node, Value};
use jsonschema::error::ValidationErrorKind;

declare! {
    /// A chart whose schema refuses its own `values.yaml` cannot be installed without overriding the wrong values.
    /// Users cannot tell whether the schema or the value is right.
    ///
    /// ## Bad
    /// ```yaml
    /// # values.yaml
    /// replicas: "3"
    /// ```
    /// ```json
    /// // values.schema.json
    /// {"properties": {"replicas": {"type": "integer"}}}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// ```
    /// ```json
    /// // values.schema.json
    /// {"properties": {"replicas": {"type": "integer"}}}
    /// ```
    ///
    /// ## Fix
    /// Correct the value or the schema. If users must set a value, remove its default and list it as `required` in the
    /// schema.
    SCHEMA_REFUSES_DEFAULTS = "values/schema-refuses-defaults", Error, "a chart's schema refuses the chart's own values";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        let Some(schema) = &scope.chart.schema else { continue };
        let Ok(document) = serde_json::from_str::<serde_json::Value>(&schema.text) else { continue };
        let whole = crate::diag::Span::new(schema.source, 0, 0);
        let validator = match jsonschema::validator_for(&document) {
            Ok(validator) => validator,
            // Helm fetches what a schema refers to. That it is not checked here is said where the values are validated.
            Err(error) if matches!(error.kind(), ValidationErrorKind::Referencing(_)) => continue,
            Err(error) => {
                found.push(
                    Diagnostic::from_rule(
                        &SCHEMA_REFUSES_DEFAULTS.rule,
                        format!("`{}` is not a valid schema: {error}", schema.path),
                    )
                    .at(whole, ""),
                );
                continue;
            }
        };
        for error in validator.iter_errors(&json(&scope.chart.values, 0)) {
            let path = error.instance_path().to_string();
            let node = steps(&path).try_fold(&scope.chart.values, |node, step| match &node.value {
                Value::Map(map) => map.get(&step),
                Value::Seq(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            });
            // A key that is required is missing on purpose: its value is for the user to give.
            if matches!(error.kind(), ValidationErrorKind::Required { .. }) {
                continue;
            }
            let place = node.map(|node| node.span).filter(|span| !span.is_none()).unwrap_or(whole);
            let shown = if path.is_empty() {
                "the values".to_owned()
            } else {
                format!("`{}`", path.trim_start_matches('/').replace('/', "."))
            };
            found.push(
                Diagnostic::from_rule(
                    &SCHEMA_REFUSES_DEFAULTS.rule,
                    format!("the chart's schema refuses {shown}: {error}"),
                )
                .at(place, "")
                .help(format!("correct the value, or `{}`", error.schema_path())),
            );
        }
    }
}

/// The steps of a JSON pointer.
fn steps(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~"))
}

fn json(node: &Node, depth: usize) -> serde_json::Value {
    // The reader limits nesting far below what the stack bears; this is for trees from elsewhere.
    if depth > 1000 {
        return serde_json::Value::Null;
    }
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => text.clone().into(),
        Value::Seq(items) => items.iter().map(|item| json(item, depth + 1)).collect(),
        Value::Map(map) => map
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value, depth + 1)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::chart_findings;

    #[test]
    fn a_schema_that_refers_to_another_one_is_not_judged() {
        let schema = r#"{"properties": {"a": {"$ref": "https://example.com/schema.json#/definitions/a"}}}"#;
        let files = [("values.yaml", "a: 1\n"), ("values.schema.json", schema)];
        assert_eq!(chart_findings("values/schema-refuses-defaults", &files), [""; 0]);
    }

    #[test]
    fn the_value_is_pointed_at_and_required_ones_may_be_missing() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
        let schema = r#"{"required": ["password"], "properties": {"a": {"items": {"type": "integer"}}}}"#;
        assert_eq!(
            chart_findings(
                "values/schema-refuses-defaults",
                &[chart, ("values.yaml", "a:\n  - 1\n  - x\n"), ("values.schema.json", schema)]
            ),
            ["values.yaml:3:5 the chart's schema refuses `a.1`: \"x\" is not of type \"integer\""]
        );
    }
}
