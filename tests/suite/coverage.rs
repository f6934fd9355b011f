//! Coverage: what is counted of templates in both languages, and that counting changes nothing.

use crate::support::ROOT;
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll::diag::render::Style;
use plimsoll::engine::{Inputs, Recorder, Release, engine_for};
use plimsoll::unittest::coverage::{self, Coverage, HTML_MARK};
use plimsoll::unittest::{self, ChartResult, Options};
use plimsoll::values;
use plimsoll::world::{Memory, World};
use plimsoll::yaml::{Map, Node};
use std::path::Path;
use std::sync::Arc;

/// Tests the chart `web` of these files.
fn run_with(files: &[(&str, &str)], options: Options) -> ChartResult {
    let world = files.iter().fold(Memory::default(), |memory, (path, text)| memory.file(*path, *text));
    let options = Options { measures_coverage: true, ..options };
    let result = unittest::run(&world.into_world(), &Sources::new(), "web", &options);
    assert!(!result.has_errors(), "{:?}", result.diagnostics);
    result
}

fn covered(files: &[(&str, &str)]) -> Coverage {
    run_with(files, Options::default()).coverage.unwrap()
}

fn table(coverage: &Coverage, width: usize) -> String {
    coverage::table(&[coverage], Path::new(""), width, Style::Plain)
}

/// The lines of a tracefile that begin with one of these.
fn traced(coverage: &Coverage, what: &[&str]) -> String {
    let all = coverage::lcov(&[coverage], Path::new(""));
    let lines = all.lines().filter(|line| what.iter().any(|what| line.starts_with(what)));
    lines.collect::<Vec<_>>().join("\n")
}

const HELM: (&str, &str) = ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
const TERA: (&str, &str) = ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nengine: tera\n");

/// Two tests with these values: the second one renders without a name.
const SUITE: (&str, &str) = (
    "web/tests/a_test.yaml",
    "suite: s\ntests:\n- it: one\n  set: {name: a, ports: [1, 2], kind: b}\n  asserts: [{hasDocuments: {count: 1}}]\n- it: two\n  set: {kind: c}\n  asserts: [{hasDocuments: {count: 1}}]\n",
);

const HELM_FILES: &[(&str, &str)] = &[
    HELM,
    SUITE,
    (
        "web/templates/_helpers.tpl",
        "Helpers of the chart\n{{- define \"web.name\" -}}\n{{ .Values.name | default \"x\" }}\n{{- end }}\n\n{{ define \"web.unused\" }}\nunused: true\n{{ end }}\n",
    ),
    (
        "web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include\n    \"web.name\" . }}\n{{- /* a comment\n  of two lines */}}\ndata:\n  {{- if eq .Values.kind \"a\" }}\n  a: 1\n  {{- else if eq .Values.kind \"b\" }}\n  b: 1\n  {{- else }}\n  c: 1\n  {{- end }}\n  {{- range .Values.ports }}\n  p{{ . }}: {{ if gt (int .) 1 }}x{{ end }}\n  {{- else }}\n  none: \"\"\n  {{- end }}\n  {{- with .Values.name }}\n\n  n: {{ . }}\n  {{- end }}\n",
    ),
];

#[test]
fn helm_templates_are_traced_line_by_line() {
    let coverage = covered(HELM_FILES);
    assert_eq!(
        coverage::lcov(&[&coverage], Path::new("")),
        "\
TN:
SF:web/templates/_helpers.tpl
FN:2,web.name
FN:6,web.unused
FNDA:2,web.name
FNDA:0,web.unused
FNF:2
FNH:1
BRF:0
BRH:0
DA:2,2
DA:3,2
DA:6,0
DA:7,0
LF:4
LH:2
end_of_record
TN:
SF:web/templates/a.yaml
FNF:0
FNH:0
BRDA:9,0,0,0
BRDA:9,0,1,2
BRDA:11,1,0,1
BRDA:11,1,1,1
BRDA:16,2,0,1
BRDA:16,2,1,1
BRDA:17,3,0,1
BRDA:17,3,1,1
BRDA:21,4,0,1
BRDA:21,4,1,1
BRF:10
BRH:9
DA:1,2
DA:2,2
DA:3,2
DA:4,2
DA:5,2
DA:8,2
DA:9,2
DA:10,0
DA:11,2
DA:12,1
DA:14,1
DA:16,2
DA:17,1
DA:19,1
DA:21,2
DA:23,1
LF:16
LH:15
end_of_record
"
    );
}

#[test]
fn the_table_names_what_is_not_reached() {
    let coverage = covered(HELM_FILES);
    let wide = "\
Coverage         Lines  Branches  Components  Uncovered lines
web/templates    85.0%     90.0%       66.6%
  _helpers.tpl   50.0%         -       50.0%  6-7
  a.yaml         93.7%     90.0%        100%  10
Total            85.0%     90.0%       66.6%

";
    assert_eq!(table(&coverage, 80), wide);
    let narrow = "\
Coverage         Lines  Branches  Components
web/templates    85.0%     90.0%       66.6%
  _helpers.tpl   50.0%         -       50.0%
    uncovered: 6-7
  a.yaml         93.7%     90.0%        100%
    uncovered: 10
Total            85.0%     90.0%       66.6%

";
    assert_eq!(table(&coverage, 60), narrow);
}

const TERA_FILES: &[(&str, &str)] = &[
    TERA,
    SUITE,
    ("web/values.yaml", "name: \"\"\nports: []\nkind: a\n"),
    (
        "web/templates/_helpers.tera",
        "Helpers of the chart\n{% component web.name(name) %}\n{{ name or \"x\" }}\n{% endcomponent %}\n\n{% component web.unused() %}\nunused: true\n{% endcomponent %}\n",
    ),
    ("web/templates/_data.yaml", "name: {{ values.name }}\n"),
    (
        "web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ <web.name\n    name={values.name} /> }}\n{#- a comment\n  of two lines #}\ndata:\n  {% if values.kind == \"a\" %}\n  a: \"1\"\n  {%- elif values.kind == \"b\" %}\n  b: \"1\"\n  {% else -%}\n  c: \"1\"\n  {% endif %}\n  {% for p in values.ports -%}\n  p{{ p }}: \"{% if p > 1 %}x{% endif %}\"\n  {% else %}\n  none: \"\"\n  {% endfor %}\n  {% if values.name %}\n\n  n: {% include \"_data.yaml\" %}\n  {% endif %}\n",
    ),
];

#[test]
fn tera_templates_are_traced_line_by_line() {
    let coverage = covered(TERA_FILES);
    assert_eq!(
        traced(&coverage, &["SF", "FN:", "FNDA", "BRDA", "DA", "L"]),
        "\
SF:web/templates/_data.yaml
DA:1,1
LF:1
LH:1
SF:web/templates/_helpers.tera
FN:2,web.name
FN:6,web.unused
FNDA:2,web.name
FNDA:0,web.unused
DA:2,2
DA:3,2
DA:6,0
DA:7,0
LF:4
LH:2
SF:web/templates/a.yaml
BRDA:9,0,0,0
BRDA:9,0,1,2
BRDA:11,1,0,1
BRDA:11,1,1,1
BRDA:16,2,0,1
BRDA:16,2,1,1
BRDA:17,3,0,1
BRDA:17,3,1,1
BRDA:21,4,0,1
BRDA:21,4,1,1
DA:1,2
DA:2,2
DA:3,2
DA:4,2
DA:5,2
DA:8,2
DA:9,2
DA:10,0
DA:11,2
DA:12,1
DA:14,1
DA:16,2
DA:17,1
DA:19,1
DA:21,2
DA:23,1
LF:16
LH:15"
    );
}

/// One test of a template; the counts of its lines.
fn lines_of(chart: (&str, &str), template: &str, job: &str) -> String {
    let suite = format!("suite: s\ntests:\n- it: one\n{job}");
    let files = [chart, ("web/tests/a_test.yaml", suite.as_str()), ("web/templates/a.yaml", template)];
    traced(&covered(&files), &["DA"]).replace("DA:", "").replace('\n', " ")
}

const FAILS: &str = "  asserts: [{failedTemplate: {}}]\n";

#[test]
fn a_render_that_fails_counts_as_far_as_it_went() {
    let helm = "a: 1\nb: {{ .Values.b }}\nc: {{ required \"c\" .Values.c }}\nd: 1\n";
    assert_eq!(lines_of(HELM, helm, FAILS), "1,1 2,1 3,1 4,0");
    let tera = "a: 1\nb: {{ release.name }}\nc: {{ required(value=values.c, message=\"c\") }}\nd: 1\n";
    assert_eq!(lines_of(TERA, tera, FAILS), "1,1 2,1 3,1 4,0");
}

#[test]
fn texts_given_to_tpl_are_no_lines_but_what_they_include_is() {
    let helm = "{{- define \"x\" }}\nx: 1\n{{- end }}\na: {{ tpl .Values.t . }}\n";
    let job = "  set: {t: \"{{ if true }}\\n{{ include \\\"x\\\" . | quote }}{{ end }}\"}\n  asserts: [{hasDocuments: {count: 1}}]\n";
    assert_eq!(lines_of(HELM, helm, job), "1,1 2,1 4,1");
    let tera = "a: {{ tpl(text=values.t) }}\n";
    let job = "  set: {t: \"{% if true %}\\n\\n1{% endif %}\"}\n  asserts: [{hasDocuments: {count: 1}}]\n";
    assert_eq!(lines_of(TERA, tera, job), "1,1");
}

#[test]
fn line_breaks_may_be_those_of_windows() {
    let job = "  asserts: [{hasDocuments: {count: 1}}]\n";
    let helm = "a: 1\r\n{{- if .Values.x }}\r\nb: 1\r\n{{- end }}\r\n\r\nc: 1\r\n";
    assert_eq!(lines_of(HELM, helm, job), "1,1 2,1 3,0 6,1");
    let tera = "a: 1\r\n{% if release.isUpgrade %}\r\nb: 1\r\n{% endif %}\r\n\r\nc: 1\r\n";
    assert_eq!(lines_of(TERA, tera, job), "1,1 2,1 3,0 6,1");
}

#[test]
fn loops_that_are_left_count_as_far_as_they_went() {
    let job = "  asserts: [{hasDocuments: {count: 1}}]\n";
    let helm = "{{- range until 3 }}\na{{ . }}: 1\n{{- if eq . 1 }}\n{{- break }}\n{{- end }}\n{{- continue }}\nb: 1\n{{- end }}\n";
    assert_eq!(lines_of(HELM, helm, job), "1,1 2,1 3,1 4,1 6,1 7,0");
    let tera = "{% for x in [0, 1, 2] %}\na{{ x }}: 1\n{% if x == 1 %}\n{% break %}\n{% endif %}\n{% continue %}\nb: 1\n{% endfor %}\n";
    assert_eq!(lines_of(TERA, tera, job), "1,1 2,1 3,1 4,1 6,1 7,0");
}

#[test]
fn blocks_of_tera_count_where_they_are_rendered() {
    let files = [
        TERA,
        SUITE,
        (
            "web/templates/_base.yaml",
            "a: 1\n{% block x %}\nx: 1\n{% endblock %}\n{% block y %}\ny: 1\n{% endblock %}\n",
        ),
        ("web/templates/a.yaml", "{% extends \"_base.yaml\" %}\n{% block x %}\nz: 1\n{% endblock %}\n"),
    ];
    let coverage = covered(&files);
    assert_eq!(
        traced(&coverage, &["SF", "FNDA", "DA"]),
        "\
SF:web/templates/_base.yaml
FNDA:0,x
FNDA:2,y
DA:1,2
DA:2,2
DA:3,0
DA:5,2
DA:6,2
SF:web/templates/a.yaml
FNDA:2,x
DA:2,2
DA:3,2"
    );
}

const DEPENDENCIES: &[(&str, &str)] = &[
    HELM,
    ("web/templates/a.yaml", "a: {{ include \"lib\" . }}\n"),
    ("web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
    ("web/charts/db/templates/b.yaml", "b: 1\n{{ if .Values.x }}\nc: 1\n{{ end }}\n"),
    ("web/charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n"),
    ("web/charts/lib/templates/_lib.tpl", "{{ define \"lib\" }}1{{ end }}{{ define \"no\" }}1{{ end }}\n"),
    ("web/charts/lib/templates/ignored.yaml", "a: 1\n"),
    ("web/tests/a_test.yaml", "suite: s\ntests:\n- it: one\n  asserts: [{hasDocuments: {count: 1}}]\n"),
];

#[test]
fn sub_charts_count_if_they_are_tested() {
    let untested = "\
Coverage                                 Lines  Branches  Components
web/templates                             100%         -        100%
  a.yaml                                  100%         -        100%
web/charts/db/templates (not counted)    66.6%     50.0%        100%
web/charts/lib/templates (not counted)    100%         -       50.0%
Total                                     100%         -        100%

";
    assert_eq!(table(&covered(DEPENDENCIES), 80), untested);
    let suite = "suite: d\ntests:\n- it: one\n  set: {x: true}\n  asserts: [{hasDocuments: {count: 1}}]\n";
    let files = [DEPENDENCIES, &[("web/charts/db/tests/b_test.yaml", suite)]].concat();
    let tested = "\
Coverage                                 Lines  Branches  Components
web/templates                             100%         -        100%
  a.yaml                                  100%         -        100%
web/charts/db/templates                   100%      100%        100%
  b.yaml                                  100%      100%        100%
web/charts/lib/templates (not counted)    100%         -       50.0%
Total                                     100%      100%        100%

";
    assert_eq!(table(&covered(&files), 80), tested);
    let options = Options { with_subcharts: false, ..Options::default() };
    assert_eq!(table(&run_with(&files, options).coverage.unwrap(), 80), untested);
}

#[test]
fn only_the_tests_that_are_reported_count() {
    let job = |name: &str, count: usize, kind: &str| {
        format!("- it: {name}\n  set: {{kind: {kind}}}\n  asserts: [{{hasDocuments: {{count: {count}}}}}]\n")
    };
    let suite =
        format!("suite: s\ntests:\n{}{}{}", job("one", 1, "a"), job("two", 2, "a"), job("three", 1, "b"));
    let skipped =
        "- it: four\n  skip: {reason: later}\n  set: {kind: b}\n  asserts: [{hasDocuments: {count: 1}}]\n";
    let suite = suite + skipped;
    let files = [
        HELM,
        ("web/tests/a_test.yaml", suite.as_str()),
        ("web/templates/a.yaml", "a: 1\n{{ if eq .Values.kind \"b\" }}\nb: 1\n{{ end }}\n"),
    ];
    let lines = |fails_fast| {
        let options = Options { fails_fast, ..Options::default() };
        traced(&run_with(&files, options).coverage.unwrap(), &["DA"])
    };
    assert_eq!(lines(true), "DA:1,2\nDA:2,2\nDA:3,0");
    assert_eq!(lines(false), "DA:1,3\nDA:2,3\nDA:3,1");
}

#[test]
fn the_page_shows_templates_and_names_of_tests_and_escapes_both() {
    let job =
        |number: usize| format!("- it: '<b>{number}</b>'\n  asserts: [{{hasDocuments: {{count: 1}}}}]\n");
    let suite = format!("suite: s\ntests:\n{}", (1..=5).map(job).collect::<String>());
    let files = [
        HELM,
        ("web/tests/a_test.yaml", suite.as_str()),
        ("web/values.yaml", "password: hunter2\n"),
        (
            "web/templates/a.yaml",
            "a: \"</code><script>\"\n{{ if .Values.password }}\nb: {{ .Values.password }}\n{{ else }}\nc: 1\n{{ end }}\n{{ if .Values.x }}{{ if .Values.y }}z{{ end }}{{ end }}\n",
        ),
    ];
    let page = coverage::html(&[&covered(&files)], Path::new(""));
    assert!(page.contains(HTML_MARK) && !page.contains("<script>") && !page.contains("hunter2"), "{page}");
    let rows: Vec<&str> = page.lines().filter(|line| line.contains("<code>")).collect();
    assert_eq!(
        rows,
        [
            "<tr class=\"hit\"><th scope=\"row\">1</th><td>5</td><td></td><td><code>a: &quot;&lt;/code&gt;&lt;script&gt;&quot;</code></td><td>s: &lt;b&gt;1&lt;/b&gt;; s: &lt;b&gt;2&lt;/b&gt;; s: &lt;b&gt;3&lt;/b&gt;; and 2 more</td></tr>",
            "<tr class=\"part\"><th scope=\"row\">2</th><td>5</td><td>body always runs</td><td><code>{{ if .Values.password }}</code></td><td></td></tr>",
            "<tr class=\"hit\"><th scope=\"row\">3</th><td>5</td><td></td><td><code>b: {{ .Values.password }}</code></td><td></td></tr>",
            "<tr class=\"none\"><th scope=\"row\">4</th><td></td><td></td><td><code>{{ else }}</code></td><td></td></tr>",
            "<tr class=\"miss\"><th scope=\"row\">5</th><td>0</td><td></td><td><code>c: 1</code></td><td></td></tr>",
            "<tr class=\"none\"><th scope=\"row\">6</th><td></td><td></td><td><code>{{ end }}</code></td><td></td></tr>",
            "<tr class=\"part\"><th scope=\"row\">7</th><td>5</td><td>body never runs, condition not reached</td><td><code>{{ if .Values.x }}{{ if .Values.y }}z{{ end }}{{ end }}</code></td><td>s: &lt;b&gt;1&lt;/b&gt;; s: &lt;b&gt;2&lt;/b&gt;; s: &lt;b&gt;3&lt;/b&gt;; and 2 more</td></tr>",
        ]
    );
}

/// The directories of charts that the project has, in both languages.
fn all_charts() -> Vec<std::path::PathBuf> {
    let directories = ["charts", "tests/helm", "tests/fixtures/unittest"];
    let entries =
        directories.iter().flat_map(|directory| std::fs::read_dir(Path::new(ROOT).join(directory)).unwrap());
    let mut found: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.join("Chart.yaml").exists());
    found.sort();
    found
}

#[test]
fn recording_changes_no_render_and_reaches_nothing_but_points() {
    let charts = all_charts();
    assert!(charts.len() > 15, "{charts:?}");
    let world = World::system();
    let mut reached_any = 0;
    for path in charts {
        let sources = Sources::new();
        let chart = Arc::new(chart::load(&world, &sources, &path).output.unwrap());
        let computed = values::compute_merged(&chart, Node::bare(Map::new())).output.unwrap();
        let release = Release::install("shop", "prod");
        let capabilities = crate::support::capabilities();
        let recorder = Recorder::default();
        let inputs = Inputs {
            world: &world,
            release: &release,
            capabilities: &capabilities,
            seed: Some(1),
            lookup: None,
            is_lint: false,
            recorder: None,
        };
        let engine = engine_for(chart.engine);
        let files = |inputs: &Inputs<'_>| {
            let rendered = engine.render(&sources, &computed.root, inputs).output;
            rendered.map(|rendered| rendered.files.iter().map(|file| format!("{file:?}")).collect::<Vec<_>>())
        };
        assert_eq!(
            files(&Inputs { recorder: Some(&recorder), ..inputs }),
            files(&inputs),
            "{}",
            path.display()
        );
        let reached = recorder.into_reached();
        for file in &chart.templates {
            let points = engine.points(file);
            let mut keys: Vec<usize> = points.iter().map(|point| point.key).collect();
            keys.dedup();
            // The white space that templates write is no point.
            let count = keys.iter().filter(|key| reached.has(file.source, **key)).count();
            assert!(count <= reached.count(file.source), "{}", file.path);
            reached_any += count;
        }
    }
    assert!(reached_any > 1000, "{reached_any}");
}
