use super::is_foreign;
use crate::chart::Chart;
use crate::diag::{Diagnostic, Span, nearest};
use crate::engine::Usage;
use crate::gotmpl::ANY_ITEM;
use crate::lint::documented::Documentation;
use crate::lint::reads::{Read, Reader, file_name};
use crate::lint::registry::declare;
use crate::lint::subject::ChartSubject;
use crate::yaml::{Node, Value};
use std::collections::BTreeSet;

declare! {
    /// A template uses a value that neither `values.yaml` nor the schema declares, and does not handle a missing value.
    /// Users cannot find the setting. If it is not set, the template fails, or silently renders nothing in Helm's
    /// language. The usual cause is a spelling mistake.
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
    /// Declare the key in `values.yaml`, with `null`, `{}` or `""` if there is no default. Values are not reported
    ///
    /// - that some template of the chart tests (`if`, `with`, `default`, `hasKey`, `required`, `is defined`) or sets (`set`),
    /// - that `values.yaml` has as a commented key (`# storageClass: fast`), or its comments or a Markdown file name,
    /// - that are only passed on (`include`, `dict`).
    UNDECLARED = "values/undeclared", Warning, "a template reads a value that is declared nowhere";
    chart: check;
}

fn check(subject: &ChartSubject<'_>, found: &mut Vec<Diagnostic>) {
    let mut reader = Reader::default();
    for scope in subject.own_scopes() {
        let chart = &scope.chart;
        if has_only_partials(chart) {
            continue;
        }
        let schema = chart.schema.as_ref().and_then(|file| serde_json::from_str(&file.text).ok());
        let documentation = Documentation::from_chart(chart, subject.sources);
        let reads = reader.read_scope(&subject.computed.root, scope);
        let mut seen = BTreeSet::new();
        for read in reads.iter().filter(|read| read.usage == Usage::Used && !is_foreign(scope, &read.path)) {
            let Some(span) = read.span.filter(|span| !is_in_comment(chart, *span)) else { continue };
            let Some((depth, known)) = missing(&chart.values, &read.path) else { continue };
            let path = &read.path[..=depth];
            let is_explained = is_given(&scope.values, path)
                || schema.as_ref().is_some_and(|schema| is_in_schema(schema, path))
                || reads.iter().any(|other| provides_for(other, path))
                || documentation.describes(&without_items(path));
            if is_explained || !seen.insert(path) {
                continue;
            }
            let key = &path[depth];
            let near = nearest(key, known.iter().copied());
            found.push(
                Diagnostic::from_rule(
                    &UNDECLARED.rule,
                    format!("`{}` is not declared in the chart's values", format_path(path)),
                )
                .at(span, "")
                .help(match near {
                    _ if depth > 0 && ROOT.contains(&key.as_str()) => {
                        format!("`.` is not the chart's root inside `with` and `range`: use `$.{key}`")
                    }
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "declare it in `values.yaml`".to_owned(),
                }),
            );
        }
    }
}

/// What Helm templates find at the root, besides sub-charts.
const ROOT: [&str; 6] = ["Capabilities", "Chart", "Files", "Release", "Template", "Values"];

/// Whether a chart has partials only: they are called with the values of others.
fn has_only_partials(chart: &Chart) -> bool {
    chart.is_library() || chart.templates.iter().all(|template| file_name(&template.path).starts_with('_'))
}

/// Whether a template writes a value behind a `#` at the start of its line: nothing reads it there.
fn is_in_comment(chart: &Chart, span: Span) -> bool {
    let template = chart.templates.iter().find(|template| template.source == span.source);
    let before = template.and_then(|template| template.text.get(..span.start as usize)).unwrap_or_default();
    before.rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'))
}

/// Whether the values of the release have it: a parent chart or the user sets it.
fn is_given(values: &Node, path: &[String]) -> bool {
    let nodes = path.iter().fold(vec![values], |nodes, key| find_children(&nodes, key));
    nodes.iter().any(|node| !node.is_null())
}

/// The keys of a path that have names.
fn without_items(path: &[String]) -> Vec<String> {
    path.iter().filter(|key| *key != ANY_ITEM).cloned().collect()
}

/// A path as messages show it: `hosts[].name`.
fn format_path(path: &[String]) -> String {
    path.join(".").replace(&format!(".{ANY_ITEM}"), ANY_ITEM)
}

/// What a key leads to from any of these nodes; [`ANY_ITEM`] leads to all items.
fn find_children<'a>(nodes: &[&'a Node], key: &str) -> Vec<&'a Node> {
    let of_node = |node: &&'a Node| match &node.value {
        Value::Seq(items) if key == ANY_ITEM => items.iter().collect(),
        Value::Map(map) if key == ANY_ITEM => map.iter().map(|entry| &entry.value).collect(),
        Value::Map(map) => map.get(key).into_iter().collect(),
        _ => Vec::new(),
    };
    nodes.iter().flat_map(of_node).collect()
}

/// Whether the templates provide for the absence of the value at `path`: they test it or something below it, or set it.
fn provides_for(read: &Read, path: &[String]) -> bool {
    match read.usage {
        Usage::Tested => read.path.starts_with(path),
        Usage::Changed => read.path.starts_with(path) || path.starts_with(&read.path),
        Usage::Used | Usage::Passed => false,
    }
}

/// The depth at which a path leaves the declared values, with the keys that are declared there. What lies below an
/// empty map, a null or a scalar is not declared key by key.
fn missing<'a>(values: &'a Node, path: &[String]) -> Option<(usize, Vec<&'a str>)> {
    let mut nodes = vec![values];
    for (depth, key) in path.iter().enumerate() {
        let next = find_children(&nodes, key);
        if next.is_empty() {
            // Without an item there is nothing to compare with.
            let maps: Option<Vec<_>> = nodes.iter().map(|node| node.as_map()).collect();
            let maps = maps.filter(|maps| key != ANY_ITEM && !maps.is_empty())?;
            let is_open = depth > 0 && maps.iter().any(|map| map.is_empty());
            return (!is_open).then(|| (depth, maps.into_iter().flat_map(crate::yaml::Map::keys).collect()));
        }
        nodes = next;
    }
    None
}

/// Whether a schema describes the path, or leaves open what stands there.
fn is_in_schema(schema: &serde_json::Value, path: &[String]) -> bool {
    let mut at = schema;
    for key in path {
        if key == ANY_ITEM {
            match at.get("items").or_else(|| at.get("additionalProperties")) {
                Some(next) if next.is_object() => at = next,
                _ => return true,
            }
            continue;
        }
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

    #[test]
    fn variables_of_tera_lead_to_values() {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\nengine: tera\n");
        let run = |template: &str| {
            chart_findings(
                "values/undeclared",
                &[chart, ("values.yaml", "image: {tag: a}\nports: [{port: 1}]\n"), ("templates/a.yaml", template)],
            )
        };
        for (template, found) in [
            ("{% set image = values.image %}\na: {{ image.tga }}\n", "2:7 `image.tga`"),
            ("{% set tag = values.image.tga %}\na: {{ tag }}\n", "1:14 `image.tga`"),
            ("a: {{ values.image.tag | default(value=values.tag) }}\n", "1:40 `tag`"),
        ] {
            let found = format!("templates/a.yaml:{found} is not declared in the chart's values");
            assert_eq!(run(template), [found], "{template}");
        }
        for fine in [
            "{% set tag = values.image.tga %}\n{% if tag %}\na: {{ tag }}\n{% endif %}\n",
            "{% for port in values.ports %}\na{{ port.port }}: {{ port.name }}\n{% endfor %}\n",
            "a: {{ values.image.tga or 1 }}\n",
        ] {
            assert_eq!(run(fine), [""; 0], "{fine}");
        }
    }

    /// The findings on a Helm chart with these values and this template.
    fn check_helm(values: &str, template: &str) -> Vec<String> {
        let chart = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
        chart_findings("values/undeclared", &[chart, ("values.yaml", values), ("templates/a.yaml", template)])
    }

    #[test]
    fn what_is_used_and_known_nowhere_is_reported() {
        let values = "image: {tag: a}\ningress: {enabled: false}\nhosts: [{name: a}, {name: b, path: /}]\n\
                      ports: {http: {number: 80}}\nempty: []\nnames: [a]\nopen: [{}]\n";
        for (template, found) in [
            ("a: {{ .Values.image.tga }}", "1:7 `image.tga`"),
            ("{{ with .Values.image }}a: {{ .tga }}{{ end }}", "1:31 `image.tga`"),
            ("{{ $image := .Values.image }}a: {{ $image.tga | quote }}", "1:36 `image.tga`"),
            ("{{ if .Values.ingress.enabled }}a: {{ .Values.ingress.host }}{{ end }}", "1:39 `ingress.host`"),
            ("a: {{ index .Values \"image\" \"tga\" }}", "1:7 `image.tga`"),
            ("{{ range .Values.hosts }}a: {{ .nmae }}{{ end }}", "1:32 `hosts[].nmae`"),
            ("{{ range .Values.hosts }}a: {{ .Release.Name }}{{ end }}", "1:32 `hosts[].Release`"),
            ("{{ range $host := .Values.hosts }}a: {{ $host.nmae }}{{ end }}", "1:41 `hosts[].nmae`"),
            ("{{ range $key, $port := .Values.ports }}a: {{ $port.nubmer }}{{ end }}", "1:47 `ports[].nubmer`"),
        ] {
            let found = format!("templates/a.yaml:{found} is not declared in the chart's values");
            assert_eq!(check_helm(values, template), [found], "{template}");
        }
    }

    #[test]
    fn items_are_compared_with_all_items_that_there_are() {
        let values = "hosts: [{name: a}, {name: b, path: /}]\nempty: []\nnames: [a]\nopen: [{}]\n";
        for template in [
            "{{ range .Values.hosts }}a: {{ .name }}{{ .path }}{{ end }}",
            "{{ range .Values.hosts }}{{ if .port }}a: {{ .port }}{{ end }}{{ end }}",
            "{{ range .Values.empty }}a: {{ .name }}{{ end }}",
            "{{ range .Values.names }}a: {{ . }}{{ end }}",
            "{{ range .Values.open }}a: {{ .name }}{{ end }}",
        ] {
            assert_eq!(check_helm(values, template), [""; 0], "{template}");
        }
    }

    #[test]
    fn what_a_template_provides_for_is_not_reported() {
        for template in [
            "{{ if .Values.host }}a: {{ .Values.host }}{{ end }}",
            "{{ with .Values.host }}a: {{ . }}{{ end }}",
            "{{ if and .Values.host (gt (len .Values.host) 3) }}{{ end }}a: {{ .Values.host }}",
            "a: {{ .Values.host | default \"x\" }}",
            "a: {{ (.Values.tls).secret }}",
            "{{ if hasKey .Values.image \"host\" }}a: {{ .Values.image.host }}{{ end }}",
            "a: {{ required \"host!\" .Values.host }}",
            "{{ $_ := set .Values \"host\" 1 }}a: {{ .Values.host }}",
            "{{ $_ := mergeOverwrite .Values (dict \"host\" 1) }}a: {{ .Values.host }}",
            "a: {{ include \"x\" (dict \"host\" .Values.host) }}",
            "{{ $host := .Values.host }}{{ if $host }}a: {{ $host }}{{ end }}",
            "a: {{ toYaml .Values.AsMap }}",
            "{{ fail \"set .Values.host\" }}",
            "  # a: {{ .Values.host }}",
        ] {
            assert_eq!(check_helm("image: {tag: a}\n", template), [""; 0], "{template}");
        }
    }

    #[test]
    fn what_the_chart_describes_is_not_reported() {
        let template = "a: {{ .Values.persistence.storageClass }}\n";
        assert_eq!(check_helm("persistence:\n  size: 1Gi\n", template).len(), 1);
        assert_eq!(check_helm("persistence:\n  size: 1Gi\n  # storageClass: fast\n", template).len(), 0);
    }

    #[test]
    fn values_of_a_sub_chart_are_its_own() {
        let files = [
            ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
            ("values.yaml", "a: 1\n"),
            ("templates/a.yaml", "a: {{ .Subcharts.db.Values.port }}{{ .Values.db.port }}\n"),
            ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
            ("charts/db/values.yaml", "port: 1\n"),
            ("charts/db/templates/a.yaml", "a: 1\n"),
        ];
        assert_eq!(chart_findings("values/undeclared", &files), [""; 0]);
        // The parent reads what the sub-chart does not.
        assert_eq!(chart_findings("values/unread", &files), ["values.yaml:1:1 no template reads `a`"]);
    }

    #[test]
    fn charts_of_partials_are_called_with_the_values_of_others() {
        let chart = ("Chart.yaml", "apiVersion: v1\nname: common\nversion: 1.0.0\n");
        let partial = ("templates/_labels.tpl", "{{ define \"labels\" }}{{ .Values.x }}{{ end }}");
        assert_eq!(chart_findings("values/undeclared", &[chart, partial]), [""; 0]);
    }
}
