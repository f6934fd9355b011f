use super::is_foreign;
use crate::diag::{Diagnostic, nearest};
use crate::lint::reads;
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;
use crate::yaml::{Node, Value};
use std::collections::BTreeSet;

declare! {
    /// A template reads a value that neither `values.yaml` nor the schema knows. Users cannot find the setting, and
    /// the template fails (or, in Helm's language, silently renders nothing) wherever they did not give it. Mostly it
    /// is a spelling mistake.
    ///
    /// ## Bad
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// ```
    /// ```yaml
    /// # templates/set.yaml
    /// replicas: {{ values.replicaCount }}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # values.yaml
    /// replicas: 3
    /// ```
    /// ```yaml
    /// # templates/set.yaml
    /// replicas: {{ values.replicas }}
    /// ```
    ///
    /// ## Fix
    /// Declare the key in `values.yaml`, with `null`, `{}` or `""` where there is no default. Reads that provide for an
    /// absent value themselves (`default`, `is defined`, `if`) are not reported.
    UNDECLARED = "values/undeclared", Warning, "a template reads a value that is declared nowhere";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    for scope in subject.own_scopes() {
        if scope.chart.is_library() {
            continue;
        }
        let schema = scope.chart.schema.as_ref().and_then(|file| serde_json::from_str(&file.text).ok());
        let mut said = BTreeSet::new();
        for read in reads::of_scope(&subject.computed.root, scope) {
            let Some(span) = read.span.filter(|_| !read.optional && !read.path.is_empty()) else { continue };
            if is_foreign(scope, &read.path[..1]) {
                continue;
            }
            let Some((depth, known)) = missing(&scope.chart.values, &read.path) else { continue };
            let path = &read.path[..=depth];
            if schema.as_ref().is_some_and(|schema| in_schema(schema, path)) || !said.insert(path.to_vec()) {
                continue;
            }
            let mut diagnostic = Diagnostic::of(
                &UNDECLARED.rule,
                format!("`{}` is not declared in the chart's values", path.join(".")),
            )
            .at(span, "");
            diagnostic = match nearest(&path[depth], known.iter().copied()) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("declare it in `values.yaml`"),
            };
            found.push(diagnostic);
        }
    }
}

/// The depth at which a path leaves the declared values, with the keys that are declared there. What lies below an
/// empty map, a null or a scalar is not declared key by key.
fn missing<'a>(values: &'a Node, path: &[String]) -> Option<(usize, Vec<&'a str>)> {
    let mut node = values;
    for (depth, key) in path.iter().enumerate() {
        let Value::Map(map) = &node.value else { return None };
        if map.is_empty() && depth > 0 {
            return None;
        }
        match map.get(key) {
            Some(next) => node = next,
            None => return Some((depth, map.keys().collect())),
        }
    }
    None
}

/// Whether a schema describes the path, or leaves open what stands there.
fn in_schema(schema: &serde_json::Value, path: &[String]) -> bool {
    let mut at = schema;
    for key in path {
        // Whatever is composed or referred to is not followed.
        if ["$ref", "allOf", "anyOf", "oneOf", "patternProperties"].iter().any(|word| at.get(word).is_some())
        {
            return true;
        }
        match at.get("properties").and_then(|properties| properties.get(key)) {
            Some(next) => at = next,
            None => return at.get("additionalProperties").is_some_and(serde_json::Value::is_object),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::chart_findings;

    #[test]
    fn open_maps_and_provided_reads_are_left_alone() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: tera\n");
        let run = |template: &str| {
            chart_findings(
                "values/undeclared",
                &[chart, ("values.yaml", "image: {tag: a}\nlabels: {}\n"), ("templates/a.yaml", template)],
            )
        };
        assert_eq!(
            run("a: {{ values.image.tga }}\nb: {{ values.image.tga }}\n"),
            ["templates/a.yaml:1:7 `image.tga` is not declared in the chart's values"]
        );
        for fine in
            ["{{ values.labels.x }}", "{{ values.x | default(value=1) }}", "{% if values.x %}{% endif %}"]
        {
            assert_eq!(run(fine), [""; 0], "{fine}");
        }
    }
}
