use super::prelude::*;
use crate::chart::{Chart, EngineKind};
use crate::lint::reads::file_name;
use crate::lint::subject::ChartSubject;
use regex::Regex;
use std::sync::LazyLock;

declare! {
    /// A partial that no template uses is dead code. If a template was meant to use it, a label or a check is missing
    /// from the rendered manifests.
    ///
    /// ## Bad
    /// ```yaml
    /// # templates/_labels.tera
    /// {% component labels(name: string) %}
    /// app: {{ name }}
    /// {% endcomponent %}
    /// ```
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # templates/_labels.tera
    /// {% component labels(name: string) %}
    /// app: {{ name }}
    /// {% endcomponent %}
    /// ```
    /// ```yaml
    /// # templates/config.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: db
    ///   labels: {{ <labels name="db" /> }}
    /// ```
    ///
    /// ## Fix
    /// Use it or delete it. Partials of library charts are not reported, because other charts use them. Charts that
    /// compute the names of their partials are not checked.
    UNUSED_PARTIAL = "chart/unused-partial", Info, "a partial that no template uses";
    chart: check;
}

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

static DEFINE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r#"\{\{-?\s*define\s+["`]([^"`]+)["`]"#));
static COMPONENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\{%-?\s*component\s+([A-Za-z_][A-Za-z0-9_.]*)"));
/// `include $name`, `include (printf ..)`: which partial it is, is not to be seen.
static COMPUTED: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\b(?:include|template)\s+[($.]"));

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let scopes = subject.scopes();
    let charts: Vec<&Chart> = scopes.iter().map(|scope| &*scope.chart).collect();
    let computed = |chart: &&Chart| {
        let pattern = COMPUTED.as_ref();
        chart.templates.iter().any(|template| pattern.is_some_and(|pattern| pattern.is_match(&template.text)))
    };
    for scope in subject.own_scopes() {
        let chart = &*scope.chart;
        if chart.is_library() {
            continue;
        }
        match chart.engine {
            EngineKind::GoTemplate if !charts.iter().any(computed) => go(chart, &charts, found),
            EngineKind::GoTemplate => {}
            EngineKind::Tera => tera(chart, &charts, found),
        }
    }
}

/// A `define` is used where its name stands in quotes anywhere else: partials are global in a release.
fn go(chart: &Chart, charts: &[&Chart], found: &mut Vec<Diagnostic>) {
    let Some(pattern) = &*DEFINE else { return };
    for template in &chart.templates {
        for define in pattern.captures_iter(&template.text).filter_map(|found| found.get(1)) {
            let name = define.as_str();
            let mentions: usize = charts
                .iter()
                .flat_map(|chart| &chart.templates)
                .map(|template| {
                    template.text.matches(&format!("\"{name}\"")).count()
                        + template.text.matches(&format!("`{name}`")).count()
                })
                .sum();
            // Twice in a chart that overrides a partial of its library is twice a definition.
            let definitions: usize = charts
                .iter()
                .flat_map(|chart| &chart.templates)
                .flat_map(|template| pattern.captures_iter(&template.text))
                .filter(|found| found.get(1).is_some_and(|found| found.as_str() == name))
                .count();
            if mentions <= definitions {
                found.push(
                    Diagnostic::of(&UNUSED_PARTIAL.rule, format!("no template uses the partial `{name}`"))
                        .at(Span::new(template.source, define.start(), define.end()), "")
                        .help("use it or delete it"),
                );
            }
        }
    }
}

/// A partial file is used where another template names it, or calls a component it defines.
fn tera(chart: &Chart, charts: &[&Chart], found: &mut Vec<Diagnostic>) {
    let Some(pattern) = &*COMPONENT else { return };
    let partials = chart.templates.iter().filter(|template| file_name(&template.path).starts_with('_'));
    for partial in partials {
        let name = file_name(&partial.path);
        let others = || {
            charts.iter().flat_map(|chart| &chart.templates).filter(|other| other.source != partial.source)
        };
        let named = others().any(|other| {
            [format!("{name}\""), format!("{name}'")]
                .iter()
                .any(|quoted| other.text.contains(quoted.as_str()))
        });
        let components: Vec<_> =
            pattern.captures_iter(&partial.text).filter_map(|found| found.get(1)).collect();
        let calls = |component: &str, text: &str| {
            text.match_indices(&format!("<{component}")).any(|(at, call)| {
                // The name ends here: `<labels` is not a call of `label`.
                !text[at + call.len()..]
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.')
            })
        };
        let mut say = |message: String, span: Span| {
            found
                .push(Diagnostic::of(&UNUSED_PARTIAL.rule, message).at(span, "").help("use it or delete it"));
        };
        if components.is_empty() {
            if !named {
                say(
                    format!("no template uses the partial `{}`", partial.path),
                    Span::new(partial.source, 0, 0),
                );
            }
            continue;
        }
        for component in components {
            // A component may be called by its neighbours in the same file.
            let used = others().any(|other| calls(component.as_str(), &other.text))
                || calls(component.as_str(), &partial.text);
            if !used {
                let span = Span::new(partial.source, component.start(), component.end());
                say(format!("no template calls the component `{}`", component.as_str()), span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::chart_findings;

    #[test]
    fn partials_of_helm_are_found_by_name() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: gotpl\n");
        let helpers = "{{- define \"db.name\" }}x{{ end }}\n{{- define \"db.old\" -}}{{ include \"db.name\" . }}{{ end }}\n";
        let run = |template: &str| {
            chart_findings(
                "chart/unused-partial",
                &[
                    chart,
                    ("values.yaml", "{}"),
                    ("templates/_h.tpl", helpers),
                    ("templates/a.yaml", template),
                ],
            )
        };
        assert_eq!(run("a: 1\n"), ["templates/_h.tpl:2:13 no template uses the partial `db.old`"]);
        assert_eq!(run("a: {{ include $name . }}\n").len(), 0);
    }
}
