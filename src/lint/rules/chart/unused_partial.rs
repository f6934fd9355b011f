use super::prelude::*;
use crate::chart::{Chart, EngineKind, TextFile};
use crate::diag::SourceId;
use crate::engine::{Definitions, engine_for, template_texts};
use crate::lint::reads::file_name;
use crate::lint::subject::ChartSubject;
use crate::yaml::Map;

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

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let texts: Vec<Text> = subject.scopes().into_iter().flat_map(|scope| list_texts(&scope.chart)).collect();
    for scope in subject.own_scopes() {
        let chart = &*scope.chart;
        if chart.is_library() {
            continue;
        }
        // Whoever computes a name may mean any.
        if texts.iter().any(|text| text.engine == chart.engine && text.names.is_computed) {
            continue;
        }
        for template in &chart.templates {
            if let Some(text) = texts.iter().find(|text| text.source == Some(template.source)) {
                unused(template, text, &texts, found);
            }
        }
    }
}

/// A text that may be a template.
struct Text {
    engine: EngineKind,
    /// The file under `templates/`, if it is one.
    source: Option<SourceId>,
    names: Definitions,
}

fn list_texts(chart: &Chart) -> impl Iterator<Item = Text> {
    let values: Vec<&Map> = chart.values.as_map().into_iter().collect();
    let engine = chart.engine;
    let texts = template_texts(chart, &values).into_iter();
    texts.map(move |(source, text)| Text { engine, source, names: engine_for(engine).definitions(&text) })
}

/// Reports what a template defines and no text names: partials are global in a release.
fn unused(template: &TextFile, text: &Text, texts: &[Text], found: &mut Vec<Diagnostic>) {
    let mut say = |message: String, span: Span| {
        found.push(Diagnostic::from_rule(&UNUSED_PARTIAL.rule, message).at(span, "").help("use it or delete it"));
    };
    let is_named = |is: &dyn Fn(&str) -> bool| texts.iter().flat_map(|text| &text.names.named).any(|name| is(name));
    for definition in &text.names.defined {
        if !is_named(&|name| name == definition.name) {
            let message = match text.engine {
                EngineKind::GoTemplate => format!("no template uses the partial `{}`", definition.name),
                EngineKind::Tera => format!("no template calls the component `{}`", definition.name),
            };
            say(message, Span::new(template.source, definition.range.start, definition.range.end));
        }
    }
    // What Tera includes is a file.
    let file = file_name(&template.path);
    let is_partial = text.engine == EngineKind::Tera && file.starts_with('_') && text.names.defined.is_empty();
    if is_partial && !is_named(&|name| file_name(name) == file) {
        say(format!("no template uses the partial `{}`", template.path), Span::new(template.source, 0, 0));
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
    #[test]
    fn only_what_is_run_uses_a_partial() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
        let helpers = ("templates/_h.tpl", "{{/* {{ include \"x\" . }} */}}{{ define \"x\" }}1{{ end }}");
        let run = |values: &str, template: &str| {
            let files = [chart, ("values.yaml", values), helpers, ("templates/a.yaml", template)];
            chart_findings("chart/unused-partial", &files).len()
        };
        assert_eq!(run("a: 1\n", "a: \"x\"\n# include $any\n"), 1);
        assert_eq!(run("a: '{{ include \"x\" . }}'\n", "a: {{ tpl .Values.a . }}\n"), 0);
    }

    #[test]
    fn partials_of_tera_are_files_or_components() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: tera\n");
        let run = |template: &str| {
            let files = [
                chart,
                ("values.yaml", "{}"),
                ("templates/_c.tera", "{% component card() %}a: 1{% endcomponent %}"),
                ("templates/_f.yaml", "a: 1\n"),
                ("templates/a.yaml", template),
            ];
            chart_findings("chart/unused-partial", &files)
        };
        assert_eq!(
            run("a: {{<cards/>}}{# {% include \"_f.yaml\" %} #}\n{% component cards() %}{% endcomponent %}\n"),
            [
                "templates/_c.tera:1:14 no template calls the component `card`",
                "templates/_f.yaml:1:1 no template uses the partial `templates/_f.yaml`"
            ]
        );
        assert_eq!(run("a: {{<card/>}}\nb:\n  {% include \"_f.yaml\" %}\n"), [""; 0]);
    }
}
