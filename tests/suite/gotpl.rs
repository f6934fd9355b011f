//! Helm charts render as helm renders them.
//!
//! Every folder of `tests/helm` is a chart with `expected.yaml`, what `helm template` of Helm 4.1.4 printed.
//! `SNAPSHOTS=overwrite` records it anew.

use crate::support::tool;
use plimsoll::chart::{self, Chart};
use plimsoll::diag::{Report, Severity, Sources, Span};
use plimsoll::engine::{Capabilities, Release};
use plimsoll::render::{self, Options, Selection};
use plimsoll::values;
use plimsoll::world::World;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Renders the chart at `path` as `helm template PATH` would print it.
fn rendered(path: &Path) -> Result<String, String> {
    let sources = Sources::new();
    let chart = chart::load(&World::system(), &sources, path);
    rendered_chart(&sources, chart)
}

/// Renders a chart of templates in memory; the values are `{set: {a: 1}, text: abc}`.
fn in_memory(templates: &[(&str, &str)]) -> Result<String, String> {
    let sources = Sources::new();
    let mut files = vec![
        ("Chart.yaml".to_owned(), CHART.into()),
        ("values.yaml".to_owned(), b"set: {a: 1}\ntext: abc\n".to_vec()),
    ];
    files
        .extend(templates.iter().map(|(path, text)| (format!("templates/{path}"), text.as_bytes().to_vec())));
    let chart = chart::from_files(&sources, "app", files);
    rendered_chart(&sources, chart)
}

/// The text of a chart, or all that is wrong: place, message, helps, and the includes it came through.
fn rendered_chart(sources: &Sources, chart: Report<Chart>) -> Result<String, String> {
    let mut diagnostics = Vec::new();
    let text = (|| {
        let chart = Arc::new(chart.take(&mut diagnostics)?);
        let overrides = values::Overrides::default();
        let computed =
            values::compute(&World::system(), sources, &chart, &overrides, &values::Options::default())
                .take(&mut diagnostics)?;
        let render =
            render::render(&World::system(), sources, &computed, &options()).take(&mut diagnostics)?;
        let documents = Selection::default().of(&render).ok()?;
        Some(render::stream(&documents))
    })();
    text.ok_or_else(|| {
        let mut lines = Vec::new();
        for found in diagnostics.iter().filter(|found| found.severity == Severity::Error) {
            let place = |span: Option<Span>| {
                let source = span.and_then(|span| sources.get(span.source));
                let position = span.and_then(|span| sources.position(span));
                source.zip(position).map_or(String::new(), |(source, position)| {
                    format!("{}:{}:{}", source.name, position.line, position.column)
                })
            };
            lines.push(format!("{}: {}", place(found.span()), found.message));
            lines.extend(found.help.iter().map(|help| format!("help: {help}")));
            lines.extend(
                found.trace.iter().map(|step| format!("through {}: {}", place(step.span), step.text)),
            );
        }
        lines.join("\n")
    })
}

/// How `helm template` renders, with repeatable random values.
fn options() -> Options {
    Options {
        capabilities: Capabilities { kube_version: "v1.35.0".parse().unwrap(), ..Capabilities::default() },
        seed: Some(1),
        ..Options::install(Release::install("release-name", "default"))
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/helm");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("Chart.yaml").exists())
        .collect();
    cases.sort();
    cases
}

#[test]
fn charts_render_as_recorded_from_helm() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 5, "the cases are there");
    for case in cases {
        let expected = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
        match rendered(&case) {
            Ok(text) if text == expected => {}
            Ok(text) => {
                let differs = expected.lines().zip(text.lines()).find(|(a, b)| a != b);
                wrong.push(format!("{}: {differs:#?}", case.display()));
            }
            Err(errors) => wrong.push(format!("{}: {errors}", case.display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_values_are_not_a_plain_map() {
    let error = in_memory(&[("a.yaml", "a: {{ dig \"set\" \"a\" \"x\" .Values }}\n")]).unwrap_err();
    assert!(error.contains("common.Values"), "{error}");
    let below = in_memory(&[("a.yaml", "a: {{ dig \"a\" \"x\" .Values.set }}\n")]).unwrap();
    assert!(below.ends_with("a: 1\n"), "{below}");
}

/// Helm reads the kind, the name and the annotations of each document, and renders nothing if it cannot.
#[test]
fn a_document_that_helm_cannot_sort_is_refused() {
    let object = |metadata: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n");
    let rendered = |metadata: &str| in_memory(&[("a.yaml", &object(metadata))]);
    for (metadata, message) in [
        ("x", "`metadata` must be a map"),
        ("{name: [a]}", "`metadata.name` must be a string"),
        ("{name: a, annotations: 1}", "`metadata.annotations` must be a map"),
        ("{name: a, annotations: {b: [c]}}", "`metadata.annotations.b` must be a string"),
    ] {
        let error = rendered(metadata).unwrap_err();
        assert!(error.contains(message), "{metadata}: {error}");
    }
    for metadata in ["{name: 5}", "{name: a, annotations: {b: 1, c: ~}}", "{name: a, annotations: ~}"] {
        assert!(rendered(metadata).is_ok(), "{metadata}");
    }
}

/// Line breaks, separators and comments of `crds/` are not Helm's business.
#[test]
fn definitions_are_printed_as_they_are() {
    let sources = Sources::new();
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b}\n";
    let text = format!("\n# c\n---\n{crd}\n---\n\n{crd}\n\n");
    let files = [
        ("Chart.yaml", CHART),
        ("crds/a.yaml", text.as_str()),
        ("crds/b.yaml", ""),
        ("crds/c.txt", "{{ no }}"),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let chart = Arc::new(chart::from_files(&sources, "app", files.into()).output.unwrap());
    let (overrides, defaults) = (values::Overrides::default(), values::Options::default());
    let computed = values::compute(&World::system(), &sources, &chart, &overrides, &defaults).output.unwrap();
    let render = render::render(&World::system(), &sources, &computed, &options()).output.unwrap();
    let selection = Selection { include_crds: true, ..Selection::default() };
    let printed = render::stream(&selection.of(&render).unwrap());
    assert_eq!(
        printed,
        format!("---\n# Source: app/crds/a.yaml\n{text}\n---\n# Source: app/crds/b.yaml\n\n")
    );
    assert_eq!(render.crds[0].objects.len(), 2);
}

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\nengine: gotpl\n";

/// Helm hands the text to a reader of YAML, which wants UTF-8.
#[test]
fn text_that_is_not_utf8_is_refused() {
    for written in [r#""\xff""#, r#"list "\xff""#, r#"wrapWith 2 "-" "é😀""#] {
        let error = in_memory(&[("a.yaml", &format!("a: {{{{ {written} }}}}\n"))]).unwrap_err();
        assert!(error.contains("not valid UTF-8"), "{written}: {error}");
    }
    for written in [r#""\xff" | b64enc"#, r#""\xff" | quote"#, r#"include "raw" . | b64enc"#] {
        let templates = [
            ("a.yaml", format!("a: {{{{ {written} }}}}\n")),
            ("_b.tpl", r#"{{ define "raw" }}{{ "\xff" }}{{ end }}"#.to_owned()),
            ("NOTES.txt", r#"{{ "\xff" }}"#.to_owned()),
        ];
        let templates: Vec<_> = templates.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert!(in_memory(&templates).is_ok(), "{written}");
    }
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn the_records_are_what_helm_prints() {
    let helm = tool("PLIMSOLL_HELM");
    for case in cases() {
        let output = std::process::Command::new(&helm).arg("template").arg(&case).output().unwrap();
        assert!(output.status.success(), "{}: {}", case.display(), String::from_utf8_lossy(&output.stderr));
        let record = snapbox::Data::read_from(&case.join("expected.yaml"), None);
        snapbox::assert_data_eq!(String::from_utf8(output.stdout).unwrap(), record.raw());
    }
}

#[test]
fn errors_name_the_value_the_place_and_the_way() {
    let partial = "{{ define \"outer\" }}\n{{ include \"inner\" . }}{{ end }}{{ define \"inner\" }}{{ .Values.image.tag }}{{ end }}";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("a.yaml", "a: {{ .Values.image.tag }}")],
            "app/templates/a.yaml:1:7: `.Values.image` is null or not set, so it has no field `tag` (nil pointer evaluating interface {}.tag)\n\
             help: set `image.tag` in the values (a values file, or `--set image.tag=...`)",
        ),
        (
            &[("a.yaml", "a: {{ include \"outer\" . }}"), ("_p.tpl", partial)],
            "app/templates/_p.tpl:2:56: `.Values.image` is null or not set, so it has no field `tag` (nil pointer evaluating interface {}.tag)\n\
             help: set `image.tag` in the values (a values file, or `--set image.tag=...`)\n\
             through app/templates/a.yaml:1:7: included `outer`\n\
             through app/templates/_p.tpl:2:4: included `inner`",
        ),
        (
            &[("a.yaml", "a: {{ inclued \"outer\" . }}")],
            "app/templates/a.yaml:1:7: function `inclued` is not defined\nhelp: did you mean `include`?",
        ),
        (
            &[("a.yaml", "a: {{ include \"otuer\" . }}"), ("_p.tpl", partial)],
            "app/templates/a.yaml:1:15: there is no template `otuer`\nhelp: did you mean `outer`?",
        ),
        (
            &[("a.yaml", "a: 1\nb: {{ required \"give a name!\" .Values.name }}")],
            "app/templates/a.yaml:2:31: give a name!",
        ),
        (&[("a.yaml", "{{ if true }}{{ fail \"no way\" }}{{ end }}")], "app/templates/a.yaml:1:17: no way"),
        (
            &[("a.yaml", "{{ range 2 }}{{ len 3 }}{{ end }}")],
            "app/templates/a.yaml:1:17: `len`: len of type int",
        ),
        (
            &[("a.yaml", "{{ if eq .Values.set.a 1 }}{{ end }}")],
            "app/templates/a.yaml:1:7: `eq`: incompatible types for comparison: float64 and int\n\
             help: numbers from values files are floats: convert with `int` before comparing",
        ),
        (
            &[("a.yaml", "{{ .Values.text.deeper }}")],
            "app/templates/a.yaml:1:4: can't evaluate field deeper in type string: `.Values.text` is `abc`",
        ),
        (
            &[("a.yaml", "{{ .Values.text.deeper }}"), ("b.yaml", "{{ $x }}"), ("c.yaml", "{{ end }}")],
            "app/templates/c.yaml:1:1: unexpected `{{end}}`: no block is open here\n\
             app/templates/b.yaml:1:4: undefined variable `$x`",
        ),
        (
            &[("a.yaml", "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}")],
            "app/templates/a.yaml:1:20: template `x` includes itself without end",
        ),
        (
            &[("a.yaml", "{{ define \"x\" }}{{ template \"x\" . }}{{ end }}{{ template \"x\" . }}")],
            "app/templates/a.yaml:1:17: templates nest too deeply: does one include itself without end?",
        ),
        (
            &[("a.yaml", "a: {{ tpl \"{{ .Values.a.b }}\" . }}")],
            "app/templates/a.yaml:1:7: in the template `{{ .Values.a.b }}`: `.Values.a` is null or not set, so it has no field `b` (nil pointer evaluating interface {}.b)\n\
             help: set `a.b` in the values (a values file, or `--set a.b=...`)",
        ),
        (
            &[("a.yaml", "a: {{ .Value.text.x }}")],
            "app/templates/a.yaml:1:7: `.Value` is null or not set, so it has no field `text` (nil pointer evaluating interface {}.text)\n\
             help: did you mean `.Values`?",
        ),
        (
            &[("a.yaml", "{{ define \"x\" }}{{ .Chart.Name }}{{ end }}{{ include \"x\" .Values }}")],
            "app/templates/a.yaml:1:20: `.Chart` is null or not set, so it has no field `Name` (nil pointer evaluating interface {}.Name)\n\
             help: `.` is not the chart's root here: use `$.Chart`, or pass the root where this is included",
        ),
        (
            &[("a.yaml", "a: {{ include \"x\" }}")],
            "app/templates/a.yaml:1:7: wrong number of args for `include`: want 2 got 1\n\
             help: pass what `.` is in the template, too: `include \"name\" .`",
        ),
        (
            &[("a.yaml", "a: {{ tpl \"{{ if }}\" . }}")],
            "app/templates/a.yaml:1:7: cannot parse the template `{{ if }}`: missing value for if",
        ),
    ];
    for (templates, expected) in cases {
        let found = in_memory(templates).unwrap_err();
        // Endless inclusion comes through a thousand steps: the first ones tell.
        let found = found.lines().take(expected.lines().count()).collect::<Vec<_>>().join("\n");
        assert_eq!(found, *expected);
    }
}

/// Where the values of the fields of `data` were set, as `chart key: text at file:line:column`.
fn origins(files: &[(&str, &str)], set: &[&str]) -> Vec<String> {
    let sources = Sources::new();
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    let chart = Arc::new(chart::from_files(&sources, "app", files.collect()).output.unwrap());
    let overrides =
        values::Overrides { set: set.iter().map(|&flag| flag.to_owned()).collect(), ..Default::default() };
    let computed =
        values::compute(&World::system(), &sources, &chart, &overrides, &values::Options::default())
            .output
            .unwrap();
    let render = render::render(&World::system(), &sources, &computed, &options()).output.unwrap();
    let mut lines = Vec::new();
    for object in render.objects() {
        for entry in object.root.get("data").and_then(|data| data.as_map()).unwrap() {
            let origin = sources.trace(entry.value.span).1;
            let place = origin.map_or("unknown".to_owned(), |span| {
                let source = sources.get(span.source).unwrap();
                let position = sources.position(span).unwrap();
                let text = &source.text[span.start as usize..span.end as usize];
                format!("`{text}` at {}:{}:{}", source.name, position.line, position.column)
            });
            lines.push(format!("{} {}: {place}", object.name, entry.key));
        }
    }
    lines
}

#[test]
fn rendered_fields_lead_back_to_the_values_of_their_chart() {
    let parent = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: parent}\ndata:\n\
                  {{- range $i, $host := .Values.hosts }}\n  host{{ $i }}: {{ $host.name }}\n{{- end }}\n\
                  {{- with .Values.db }}\n  port: {{ .port }}\n  user: {{ .user | quote }}\n{{- end }}\n\
                  \x20 shared: {{ include \"value\" (dict \"ctx\" .Values.global) }}\n  release: {{ .Release.Name }}\n";
    let child = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: child}\ndata:\n\
                 {{- $db := .Values }}\n  port: {{ $db.port }}\n  user: {{ get .Values \"user\" }}\n\
                 \x20 size: {{ index .Values.volumes 0 \"size\" }}\n  shared: {{ include \"value\" (dict \"ctx\" .Values.global) }}\n";
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"),
        ("values.yaml", "hosts:\n- name: a\n- name: b\ndb:\n  port: 1\nglobal:\n  zone: x\n"),
        ("templates/_value.tpl", "{{ define \"value\" }}{{ .ctx.zone }}{{ end }}"),
        ("templates/parent.yaml", parent),
        ("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
        ("charts/db/values.yaml", "port: 2\nuser: me\nvolumes:\n- size: 1Gi\n"),
        ("charts/db/templates/child.yaml", child),
    ];
    let mut found = origins(&files, &["db.user=you"]);
    found.sort();
    assert_eq!(
        found,
        [
            "child port: `1` at app/values.yaml:5:9",
            "child shared: `x` at app/values.yaml:7:9",
            "child size: `1Gi` at app/charts/db/values.yaml:4:9",
            "child user: `you` at --set:1:9",
            "parent host0: `a` at app/values.yaml:2:9",
            "parent host1: `b` at app/values.yaml:3:9",
            "parent port: `1` at app/values.yaml:5:9",
            "parent release: unknown",
            "parent shared: `x` at app/values.yaml:7:9",
            "parent user: `you` at --set:1:9",
        ]
    );
}
