//! Suites of helm-unittest: which tests pass, which fail, what is said, and what is written.

use crate::support::Sandbox;
use plimsoll::diag::Sources;
use plimsoll::diag::render::Style;
use plimsoll::unittest::{self, ChartResult, Options, Summary, report};
use plimsoll::world::{Memory, World};
use std::path::Path;

const CHART: &[(&str, &str)] = &[
    ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '4'\n"),
    ("web/values.yaml", "replicas: 2\nname: web\nlist: [1, 2]\n"),
    (
        "web/templates/_helpers.tpl",
        "{{- define \"web.checked\" -}}\n{{- if eq .Values.name \"bad\" }}{{ fail \"the name is bad\" }}{{ end -}}\n{{ .Values.name }}\n{{- end }}\n",
    ),
    (
        "web/templates/a.yaml",
        r#"kind: ConfigMap
apiVersion: v1
metadata:
  name: {{ include "web.checked" . }}
  namespace: {{ .Release.Namespace }}
data:
  release: {{ .Release.Name }}/{{ .Release.Revision }}/{{ .Release.IsUpgrade }}/{{ .Release.IsInstall }}
  chart: {{ .Chart.Version }}/{{ .Chart.AppVersion }}
  kube: {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "batch/v2" }} {{ .Capabilities.APIVersions.Has "v1" }}
  found: {{ (lookup "v1" "Secret" "prod" "db").data | toJson | quote }}
  secret: {{ "text  \n more" | b64enc }}
  text: "text  \n more"
  replicas: {{ .Values.replicas }}
  half: 0.5
  none:
  yes: yes
  empty: {}
  list: {{ .Values.list | toJson }}
  items:
  - {name: one, size: 1}
  - {name: two, size: 2}
"#,
    ),
    (
        "web/templates/b.yaml",
        "{{ range .Values.list }}\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: p{{ . }}}\n{{ end }}",
    ),
    ("web/templates/NOTES.txt", "\n{{ .Release.Name }} has  \n{{ .Values.replicas }} pods\n"),
    (
        "web/crds/c.yaml",
        "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {name: c}\n",
    ),
];

fn world(files: &[(&str, &str)]) -> World {
    let all = CHART.iter().chain(files);
    all.fold(Memory::default(), |memory, (path, text)| memory.file(*path, *text)).into_world()
}

/// Tests the chart with these files added, and gives what is reported without its times.
fn run_with(files: &[(&str, &str)], options: &Options) -> (ChartResult, String) {
    let sources = Sources::new();
    let result = unittest::run(&world(files), &sources, "web", options);
    let messages: Vec<String> =
        result.diagnostics.iter().map(|found| format!("{}\n", found.message)).collect();
    let text = messages.concat() + &report::chart(&result, Style::Plain);
    (result, text)
}

fn run(suite: &str) -> (ChartResult, String) {
    run_with(&[("web/tests/x_test.yaml", suite)], &Options::default())
}

fn passes(suite: &str) {
    let (result, text) = run(suite);
    assert!(result.has_passed() && text.contains(" PASS "), "{suite}\n{text}");
}

fn fails(suite: &str, reason: &str) {
    let (result, text) = run(suite);
    assert!(!result.has_passed() && !result.has_errors() && text.contains(reason), "{suite}\n{text}");
}

/// A suite of one job with one assertion about `a.yaml`.
fn asserting(assertion: &str) -> String {
    format!("suite: s\ntemplates: [a.yaml]\ntests:\n- it: t\n  asserts:\n  - {assertion}\n")
}

#[test]
fn assertions_are_met_or_not() {
    // What is met, and what its opposite says.
    for (assertion, reason) in [
        ("equal: {path: data.replicas, value: 2}", "Expected NOT to equal"),
        ("equal: {path: data.list, value: [1, 2]}", "Expected NOT to equal"),
        ("equal: {path: data.yes, value: \"yes\"}", "Expected NOT to equal"),
        ("equal: {path: data.text, value: \"text\\n more\"}", "Expected NOT to equal"),
        ("equal: {path: data.secret, value: \"text\\n more\", decodeBase64: true}", "Expected NOT to equal"),
        ("notEqual: {path: data.replicas, value: 2.0}", "Expected to equal"),
        ("notEqual: {path: data.replicas, value: \"2\"}", "Expected to equal"),
        ("lessOrEqual: {path: data.replicas, value: 2}", "Expected NOT to be less than or equal to"),
        ("notLessOrEqual: {path: data.half, value: 0.4}", "Expected to be less than or equal to"),
        ("exists: {path: data.none}", "Expected NOT to exist"),
        ("notExists: {path: data.nothing}", "the path leads to nothing"),
        ("isNotNull: {path: data.none}", "Expected NOT to exist"),
        ("isNull: {path: data.nothing}", "the path leads to nothing"),
        ("isNullOrEmpty: {path: data.empty}", "Expected NOT to be null or empty"),
        ("isEmpty: {path: data.none}", "Expected NOT to be null or empty"),
        ("isNotNullOrEmpty: {path: data.list}", "Expected to be null or empty"),
        ("isNotEmpty: {path: data.replicas}", "Expected to be null or empty"),
        ("matchRegex: {path: data.kube, pattern: '^v1\\.20'}", "Expected NOT to match"),
        ("notMatchRegex: {path: data.kube, pattern: '^v2'}", "Expected to match"),
        ("matchRegex: {path: data.secret, pattern: '^text', decodeBase64: true}", "Expected NOT to match"),
        ("contains: {path: data.items, content: {name: one, size: 1}}", "Expected NOT to contain"),
        ("contains: {path: data.items, content: {name: one}, any: true}", "Expected NOT to contain"),
        (
            "contains: {path: data.items, content: {name: two}, any: true, count: 1}",
            "Expected NOT to contain 1 times",
        ),
        ("notContains: {path: data.items, content: {name: one}}", "Expected to contain"),
        ("isSubset: {path: 'data.items[0]', content: {name: one}}", "Expected NOT to contain"),
        ("isNotSubset: {path: metadata, content: {name: other}}", "Expected to contain"),
        ("lengthEqual: {path: data.items, count: 2}", "Expected NOT to have the length"),
        ("lengthEqual: {paths: [data.items, data.list]}", "Expected NOT to be of one length"),
        ("notLengthEqual: {path: data.items, count: 3}", "Expected to have the length"),
        ("isType: {path: data.replicas, type: int}", "Expected NOT to be of type"),
        ("isType: {path: data.half, type: float64}", "Expected NOT to be of type"),
        ("isType: {path: data.items, type: \"[]interface {}\"}", "Expected NOT to be of type"),
        ("isNotType: {path: data.yes, type: bool}", "Expected to be of type"),
        ("isKind: {of: ConfigMap}", "Expected NOT to be kind"),
        ("isAPIVersion: {of: v1}", "Expected NOT to be apiVersion"),
        ("hasDocuments: {count: 1}", "Expected NOT documents count to be"),
        (
            "containsDocument: {kind: ConfigMap, apiVersion: v1, name: web, namespace: NAMESPACE}",
            "Expected NOT to contain document",
        ),
    ] {
        passes(&asserting(assertion));
        let not = format!("{assertion}\n    not: true");
        fails(&asserting(&not), reason);
    }
}

#[test]
fn raw_texts_are_asserted() {
    let notes = |assertion: &str| {
        format!(
            "templates: [NOTES.txt]\ntests:\n- it: t\n  release: {{name: x}}\n  asserts:\n  - {assertion}\n"
        )
    };
    passes(&notes("equalRaw: {value: \"x has\\n2 pods\\n\"}"));
    passes(&notes("notEqualRaw: {value: x}"));
    passes(&notes("matchRegexRaw: {pattern: '\\d pods'}"));
    passes(&notes("notMatchRegexRaw: {pattern: '3 pods'}"));
    fails(&notes("equalRaw: {value: x}"), "+|\n\t\t\t\t+  x has\n");
    fails(&notes("matchRegexRaw: {pattern: '3 pods'}"), "Expected to match:\n\t\t\t\t3 pods");
}

#[test]
fn a_failing_assertion_names_the_template_and_the_value() {
    let (_, text) = run(&asserting("equal: {path: data.replicas, value: 3}"));
    let expected = "\
		- asserts[0] `equal` fail (web/tests/x_test.yaml:6)
			Template:	web/templates/a.yaml
			Path:	data.replicas
			Expected to equal:
				3
			Actual:
				2
			Diff:
				--- Expected
				+++ Actual
				@@ -1 +1 @@
				-3
				+2
			Rendered by:
				web/templates/a.yaml:13:13
				replicas: {{ .Values.replicas }}
			Set by:
				web/values.yaml:1:11
				replicas: 2
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn suites_and_jobs_set_what_templates_see() {
    let suite = r#"
suite: s
templates: [a.yaml]
release: {name: shop, revision: 3, upgrade: true}
chart: {version: 9.0.0}
capabilities: {majorVersion: 1, minorVersion: 31, apiVersions: [batch/v2]}
set: {name: from-suite, replicas: 7}
values: [values/a.yaml]
kubernetesProvider:
  scheme: {v1/Secret: {gvr: {version: v1, resource: secrets}, namespaced: true}}
  objects: [{kind: Secret, apiVersion: v1, metadata: {name: db, namespace: prod}, data: {a: b}}]
tests:
- it: has what the suite sets
  asserts:
  - equal: {path: data.release, value: shop/3/true/false}
  - equal: {path: data.chart, value: 9.0.0/4}
  - equal: {path: data.kube, value: v1.31.0 true false}
  - equal: {path: data.found, value: '{"a":"b"}'}
  - equal: {path: metadata.name, value: from-suite}
  - equal: {path: data.list, value: [5]}
- it: has what it sets itself
  release: {name: other, namespace: ns}
  chart: {appVersion: "1.10"}
  capabilities: {minorVersion: "29", apiVersions: }
  set: {name: own, "list[1]": 9}
  values: [values/b.yaml]
  asserts:
  - equal: {path: data.release, value: other/3/true/false}
  - equal: {path: metadata.namespace, value: ns}
  - equal: {path: data.chart, value: 9.0.0/1.10}
  - equal: {path: data.kube, value: v1.29.0 false false}
  - equal: {path: metadata.name, value: own}
  - equal: {path: data.replicas, value: 7}
  - equal: {path: data.list, value: [null, 9]}
"#;
    let files = [
        ("web/tests/x_test.yaml", suite),
        ("web/tests/values/a.yaml", "list: [5]\nname: overridden\n"),
        ("web/tests/values/b.yaml", "list: [6]\nreplicas: 1\n"),
    ];
    let (result, text) = run_with(&files, &Options::default());
    assert!(result.has_passed() && result.suites.len() == 1, "{text}");
}

#[test]
fn templates_and_documents_are_selected() {
    passes(
        "suite: s\ntests:\n\
         - it: renders all without NOTES\n  asserts:\n  - hasDocuments: {count: 2}\n    template: b.yaml\n\
         - it: takes a document by its index\n  template: b.yaml\n  documentIndex: 1\n  asserts:\n  - equal: {path: metadata.name, value: p2}\n\
         - it: selects one\n  template: templates/b.yaml\n  documentSelector: {path: metadata.name, value: p1}\n  asserts:\n  - hasDocuments: {count: 1, filterAware: true}\n  - hasDocuments: {count: 2}\n\
         - it: selects many\n  template: b.yaml\n  documentSelector: {path: kind, value: Pod, matchMany: true}\n  asserts:\n  - isKind: {of: Pod}\n\
         - it: skips what is empty\n  templates: [a.yaml, b.yaml]\n  documentSelector: {path: metadata.name, value: p1, skipEmptyTemplates: true}\n  asserts:\n  - isKind: {of: Pod}\n",
    );
    passes(
        "templates: ['*']\nexcludeTemplates: [b.yaml, NOTES.txt]\ntests:\n- it: t\n  asserts:\n  - isKind: {of: ConfigMap}\n",
    );
    passes(
        "includeCrds: true\ntests:\n- it: t\n  template: crds/c.yaml\n  asserts:\n  - isKind: {of: CustomResourceDefinition}\n",
    );
    for (job, reason) in [
        ("documentIndex: 2", "document index 2 is out of range"),
        ("documentSelector: {path: kind, value: Pod}", "matches several documents"),
        ("documentSelector: {path: kind, value: Job}", "matches no document of `web/templates/b.yaml`"),
        ("template: c.yaml", "`web/templates/c.yaml` does not exist or is not selected"),
    ] {
        fails(
            &format!("templates: [b.yaml]\ntests:\n- it: t\n  {job}\n  asserts:\n  - isKind: {{of: Pod}}\n"),
            reason,
        );
    }
}

#[test]
fn failed_templates_are_asserted() {
    let failing = |set: &str, assertion: &str| {
        format!("templates: [a.yaml]\ntests:\n- it: t\n  set: {{{set}}}\n  asserts:\n  - {assertion}\n")
    };
    passes(&failing("name: bad", "failedTemplate: {}"));
    passes(&failing("name: bad", "failedTemplate: {errorMessage: the name is bad}"));
    passes(&failing("name: bad", "failedTemplate: {errorPattern: 'name is (bad|good)'}"));
    passes(&failing("name: good", "notFailedTemplate: {}"));
    fails(&failing("name: bad", "failedTemplate: {errorMessage: other}"), "Actual:\n\t\t\t\tthe name is bad");
    fails(&failing("name: good", "failedTemplate: {}"), "the rendered manifest is empty");
    fails(&failing("name: bad", "isKind: {of: ConfigMap}"), "error: the name is bad\n");
    fails(&failing("name: bad", "notFailedTemplate: {}"), "error: the name is bad\n");
    // What fails in a partial that `template` runs fails in all templates of the suite.
    let partial = [
        ("web/templates/p.yaml", "{{ template \"web.checked\" . }}\n"),
        (
            "web/tests/x_test.yaml",
            "templates: [b.yaml, p.yaml]\ntests:\n- it: t\n  set: {name: bad}\n  asserts:\n  - failedTemplate: {errorMessage: the name is bad}\n",
        ),
    ];
    let (result, text) = run_with(&partial, &Options::default());
    assert!(result.has_passed(), "{text}");
}

#[test]
fn errors_have_helms_words() {
    let (template, schema) = (
        "a: {{ include \"gone\" . }}\n",
        r#"{"properties": {"replicas": {"type": "integer", "maximum": 5}, "name": {"enum": ["web", "b"]}}, "required": ["name"], "additionalProperties": false}"#,
    );
    let test = |file: (&str, &str), set: &str, pattern: &str| {
        let suite = format!(
            "templates: [c.yaml]\ntests:\n- it: t\n  set: {set}\n  asserts:\n  - failedTemplate:\n      errorPattern: {pattern:?}\n"
        );
        let (result, text) = run_with(&[file, ("web/tests/x_test.yaml", &suite)], &Options::default());
        assert!(result.has_passed(), "{text}");
    };
    let of_template = |text, pattern| test(("web/templates/c.yaml", text), "{}", pattern);
    of_template(
        template,
        r#"^error calling include: template: no template "gone" associated with template "gotpl"$"#,
    );
    of_template("{{ .Values.x.y.z }}", "nil pointer evaluating interface {}.y$");
    of_template("{{ atoi (list) }}", "error calling atoi: ");
    let of_schema = |set, pattern| test(("web/values.schema.json", schema), set, pattern);
    of_schema(
        "{replicas: 6}",
        "^values don't meet the specifications of the schema\\(s\\) in the following chart\\(s\\):\nweb:\n(- at .*\n)*- at '/replicas': maximum: got 6, want 5\n",
    );
    of_schema("{replicas: many}", "at '/replicas': got string, want integer");
    of_schema("{name: x}", "at '/name': value must be one of 'web', 'b'");
    of_schema("{name: null, a: 1, b: 2}", "- at '': missing property 'name'");
    of_schema(
        "{a: 1, b: 2}",
        "- at '': additional properties ('list', 'a', 'b'|'a', 'b', 'list') not allowed\n",
    );
}

#[test]
fn what_is_wrong_with_a_render_is_said_at_its_template() {
    let yaml = [
        ("web/templates/c.yaml", "a: 1\n{{ .Values.name }}: 2\n a: 3\n"),
        (
            "web/tests/x_test.yaml",
            "templates: [c.yaml]\ntests:\n- it: t\n  asserts:\n  - isKind: {of: Pod}\n",
        ),
    ];
    let (result, text) = run_with(&yaml, &Options::default());
    assert!(!result.has_passed() && text.contains("--> web/templates/c.yaml:3:"), "{text}");
    // As in go-yaml v3, duplicate keys are errors.
    let twice = [("web/templates/c.yaml", "a: 1\na: 2\n"), yaml[1]];
    let (result, text) = run_with(&twice, &Options::default());
    assert!(!result.has_passed() && text.contains("key `a` is written twice"), "{text}");
    // Without a line break behind `---`.
    let beside = [("web/templates/c.yaml", "---a: 1\nkind: Pod\n"), yaml[1]];
    let (result, text) = run_with(&beside, &Options::default());
    assert!(result.has_passed(), "{text}");
}

#[test]
fn skipped_tests_and_suites_do_not_run() {
    let (result, text) = run(
        "suite: a\nskip: {reason: later}\ntests:\n- it: x\n  asserts: [{isKind: {of: no}}]\n---\nsuite: b\ntests:\n- it: y\n  skip: {reason: soon}\n  asserts: [{isKind: {of: no}}]\n- it: z\n  template: a.yaml\n  asserts: [{isKind: {of: ConfigMap}}]\n---\nsuite: c\nskip: {minimumVersion: 99.0.0}\ntests:\n- it: x\n  asserts: [{isKind: {of: no}}]\n",
    );
    assert!(result.has_passed(), "{text}");
    for line in [
        " SKIP  a\t",
        "- SKIPPED 'x': later",
        " PASS  b\t",
        "- SKIPPED 'y': soon",
        "requires helm-unittest 99.0.0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn post_renderers_are_refused() {
    fails(
        "postRenderer: {cmd: yq}\ntests:\n- it: t\n  asserts: [{isKind: {of: Pod}}]\n",
        "`postRenderer` is not supported",
    );
}

#[test]
fn unknown_escapes_are_backslashes() {
    passes(
        "templates: [a.yaml]\ntests:\n- it: t\n  asserts:\n  - matchRegex: {path: data.kube, pattern: \"^v\\d\\.\\d+\\\\.0\"}\n---\ntemplates: [a.yaml]\ntests:\n- it: t\n  asserts:\n  - equal: {path: data.text, value: \"text\\n more\"}\n",
    );
}

#[test]
fn suites_that_cannot_be_read_are_errors() {
    for (suite, messages) in [
        ("tests: []\n", &["the suite has no `tests`"][..]),
        ("tests: [{it: t, asserts: []}]\n", &["the test has no `asserts`"]),
        (
            "tests: [{it: t, asserts: [{equals: {}}]}]\n",
            &["`equals` is not a kind of assertion; did you mean `equal`?"],
        ),
        ("tests: [{it: t, asserts: [{template: x}]}]\n", &["the assertion has no kind"]),
        (
            "tests: [{it: t, asserts: [{isKind: {of: 1}}, {equal: x}]}]\n",
            &["`of` of `isKind` must be a string", "`equal` must be a map"],
        ),
        (
            "tests: [{it: t, set: {'a[': 1}, asserts: [{isKind: {}}]}]\n",
            &["`a[` cannot be set: `]` is missing"],
        ),
        ("suite: [\n", &["inside"]),
    ] {
        let (result, text) = run(suite);
        assert!(result.has_errors() && text.contains("not tested"), "{text}");
        for message in messages {
            assert!(text.contains(message), "{message}\n{text}");
        }
    }
    let strict = Options { is_strict: true, ..Options::default() };
    let suite = "templats: []\ntests: [{it: t, template: a.yaml, asserts: [{isKind: {of: ConfigMap}}]}]\n";
    passes(suite);
    let (result, text) = run_with(&[("web/tests/x_test.yaml", suite)], &strict);
    assert!(result.has_errors() && text.contains("`templats` is not a field of a suite"), "{text}");
}

#[test]
fn the_first_failure_can_end_the_run() {
    let job = |number: usize| {
        let kind = if number == 20 { "Pod" } else { "ConfigMap" };
        format!("- it: t{number}\n  template: a.yaml\n  asserts: [{{isKind: {{of: {kind}}}}}]\n")
    };
    let suite = format!("tests:\n{}", (0..40).map(job).collect::<Vec<_>>().concat());
    let options = Options { fails_fast: true, ..Options::default() };
    let (result, text) =
        run_with(&[("web/tests/x_test.yaml", &suite), ("web/tests/y_test.yaml", &suite)], &options);
    assert!(!result.has_passed() && text.contains("- t20\n"), "{text}");
    let summary = report::summary(&Summary { charts: vec![result], ..Summary::default() }, Style::Plain);
    assert!(
        summary.contains(
            "Test Suites: 1 failed, 0 passed, 1 total\nTests:       1 failed, 20 passed, 21 total\n"
        ),
        "{summary}"
    );
}

#[test]
fn sub_charts_are_tested_with_values_of_their_own() {
    let files = [
        ("web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 0.1.0\n"),
        ("web/charts/db/values.yaml", "size: 1\n"),
        (
            "web/charts/db/templates/c.yaml",
            "kind: Claim\nsize: {{ .Values.size }}\nzone: {{ .Values.global.zone }}\n",
        ),
        (
            "web/charts/db/tests/c_test.yaml",
            "templates: [c.yaml]\nset: {global.zone: b}\ntests:\n- it: t\n  set: {size: 5}\n  asserts:\n  - equal: {path: size, value: 5}\n  - equal: {path: zone, value: b}\n",
        ),
        (
            "web/tests/x_test.yaml",
            "templates: [charts/db/templates/c.yaml]\ntests:\n- it: t\n  set: {db.size: 6}\n  asserts:\n  - equal: {path: size, value: 6}\n",
        ),
    ];
    let count = |options: &Options| {
        let (result, text) = run_with(&files, options);
        assert!(result.has_passed(), "{text}");
        result.suites.len()
    };
    assert_eq!(count(&Options::default()), 2);
    assert_eq!(count(&Options { with_subcharts: false, ..Options::default() }), 1);
}

#[test]
fn templates_render_suites() {
    let files = [
        ("web/suites/Chart.yaml", "apiVersion: v2\nname: suites\nversion: 0.1.0\n"),
        ("web/suites/values.yaml", "kinds: [ConfigMap, Pod]\n"),
        (
            "web/suites/templates/all_test.yaml",
            "{{ range .Values.kinds }}\n---\nsuite: {{ . }}\ntests:\n- it: t\n  template: a.yaml\n  asserts: [{isKind: {of: {{ . }}}}]\n{{ end }}\n",
        ),
    ];
    let options = Options { chart_tests: Some("suites".to_owned()), ..Options::default() };
    let (result, text) = run_with(&files, &options);
    assert!(!result.has_passed() && result.suites.len() == 2, "{text}");
    assert!(text.contains(" PASS  ConfigMap\tweb/suites/templates/all_test.yaml\n FAIL  Pod\t"), "{text}");
}

#[test]
fn snapshots_are_made_kept_and_replaced() {
    let suite = "templates: [b.yaml]\ntests:\n- it: matches\n  asserts:\n  - matchSnapshot: {}\n  - matchSnapshot: {path: metadata.name}\n    documentIndex: 0\n- it: waits\n  skip: {reason: later}\n  asserts: [{matchSnapshot: {}}]\n";
    let compare = |stored: Option<&str>, updates_snapshots| {
        let mut files = vec![("web/tests/x_test.yaml", suite)];
        files.extend(stored.map(|stored| ("web/tests/__snapshot__/x_test.yaml.snap", stored)));
        let (mut result, text) = run_with(&files, &Options { updates_snapshots, ..Options::default() });
        let written = result.snapshots.pop();
        if let Some(written) = &written {
            assert_eq!(written.path, Path::new("web/tests/__snapshot__/x_test.yaml.snap"));
        }
        (result.has_passed(), text, written.map(|file| file.text))
    };
    let snapshot = "matches:\n  1: |\n    apiVersion: v1\n    kind: Pod\n    metadata:\n      name: p1\n  2: |\n    apiVersion: v1\n    kind: Pod\n    metadata:\n      name: p2\n  3: |\n    p1\n";
    let (passed, text, written) = compare(None, false);
    assert_eq!((passed, written.as_deref()), (true, Some(snapshot)), "{text}");
    let (passed, text, written) = compare(Some(snapshot), false);
    assert_eq!((passed, written), (true, None), "{text}");
    let old = snapshot.replace("name: p2", "name: old");
    let (passed, text, written) = compare(Some(&old), false);
    assert_eq!((passed, written), (false, None), "{text}");
    assert!(
        text.contains("Expected to match snapshot 2:")
            && text.contains("-  name: old\n\t\t\t\t+  name: p2\n"),
        "{text}"
    );
    let (passed, text, written) = compare(Some(&old), true);
    assert_eq!((passed, written.as_deref()), (true, Some(snapshot)), "{text}");
    // Those that no test has any more go, those of a test that was skipped stay.
    let more = format!("gone:\n  1: |\n    x\n{snapshot}waits:\n  1: |\n    y\n");
    let kept = format!("{snapshot}waits:\n  1: |\n    y\n");
    let (passed, text, written) = compare(Some(&more), false);
    assert_eq!((passed, written.as_deref()), (true, Some(&*kept)), "{text}");
    let (_, text, written) = compare(Some("- 1\n"), false);
    assert!(written.is_none() && text.contains("this is not a snapshot file"), "{text}");
}

#[test]
fn results_are_in_the_order_of_the_files() {
    let job = |number: usize| {
        format!("- it: t{number}\n  template: a.yaml\n  asserts: [{{isKind: {{of: Pod}}}}]\n")
    };
    let jobs: Vec<String> = (0..30).map(job).collect();
    let suite = format!("suite: s\ntests:\n{}", jobs.concat());
    let files = [("web/tests/b_test.yaml", suite.as_str()), ("web/tests/a_test.yaml", suite.as_str())];
    let (_, text) = run_with(&files, &Options::default());
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("\t- ")).collect();
    let expected: Vec<String> = (0..2).flat_map(|_| (0..30).map(|number| format!("t{number}"))).collect();
    assert_eq!(names, expected);
    assert!(text.find("a_test.yaml") < text.find("b_test.yaml"), "{text}");
}

/// The chart on disk, with these files added.
fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    CHART.iter().chain(files).for_each(|(path, text)| sandbox.write(path, text));
    sandbox
}

#[test]
fn reports_are_written_for_programs() {
    let suite = "suite: a & b/c\ntests:\n- it: passes\n  template: a.yaml\n  asserts: [{isKind: {of: ConfigMap}}]\n- it: <fails>\n  template: a.yaml\n  asserts: [{isKind: {of: Pod}}]\n- it: ends\n  set: {name: bad}\n  template: a.yaml\n  asserts: [{isKind: {of: Pod}}]\n- it: waits\n  skip: {reason: later}\n  asserts: [{isKind: {of: Pod}}]\n";
    let sandbox = sandbox(&[("web/tests/x_test.yaml", suite)]);
    for (format, parts) in [
        (
            "JUnit",
            &[
                "<testsuites>",
                "<testsuite id=\"0\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"",
                "<failure message=\"Failed\"",
                "<error message=\"Error\"",
                "<skipped message=\"SKIPPED",
            ][..],
        ),
        (
            "nunit",
            &[
                "<test-results name=\"plimsoll\" total=\"4\" errors=\"1\" failures=\"1\"",
                "result=\"Failed\"",
                "result=\"Skipped\"",
                "description=\"c.&lt;fails&gt;\"",
            ],
        ),
        (
            "XUnit",
            &[
                "<assemblies>",
                "total=\"4\" passed=\"1\" failed=\"1\" skipped=\"1\" errors=\"1\"",
                "exception-type=\"Helm-Validation-Error\"",
                "result=\"Skip\"",
            ],
        ),
        (
            "sonar",
            &[
                "<testExecutions version=\"1\">",
                "<file path=\"web/tests/x_test.yaml\">",
                "<skipped message=\"Skipped\">",
            ],
        ),
    ] {
        let outcome = sandbox.run(&["test", "web", "-t", format, "-o", "out/report.xml"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        let text = sandbox.read("out/report.xml");
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), "{text}");
        for part in parts {
            assert!(text.contains(part), "{part}\n{text}");
        }
        // Every element is closed.
        assert_eq!(text.matches("</").count() * 2 + 1, text.matches('<').count(), "{text}");
    }
}

#[test]
fn snapshots_are_written_beside_the_suites() {
    let suite = "templates: [a.yaml]\ntests:\n- it: t\n  asserts: [{matchSnapshot: {path: data.replicas}}]\n";
    let sandbox = sandbox(&[("web/tests/x_test.yaml", suite), ("three.yaml", "replicas: 3\n")]);
    let test = |flags: &[&str]| sandbox.run(&[&["test", "web"], flags].concat()).code;
    let read = || sandbox.read("web/tests/__snapshot__/x_test.yaml.snap");
    assert_eq!(test(&[]), 0);
    assert_eq!(read(), "t:\n  1: |\n    2\n");
    assert_eq!(test(&["-v", "three.yaml"]), 1);
    assert_eq!(read(), "t:\n  1: |\n    2\n");
    assert_eq!(test(&["-v", "three.yaml", "-u"]), 0);
    assert_eq!(read(), "t:\n  1: |\n    3\n");
    assert_eq!(test(&["-v", "none.yaml"]), 2);
}

#[test]
fn charts_in_tera_are_tested() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nengine: tera\n");
    sandbox.write("app/values.yaml", "size: 1\n");
    let template =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {size: '{{ values.size }}'}\n";
    sandbox.write("app/templates/a.yaml", template);
    sandbox.write("app/templates/b.yaml", &template.replace("name: a", "name: b"));
    let broken = "{% if values.size > 8 %}{{ throw(message='too large') }}{% endif %}\n";
    sandbox.write("app/templates/c.yaml", broken);
    let suite = "suite: size\ntemplates: [a.yaml]\ntests:\n\
        - it: is set\n  set: {size: 3}\n  asserts:\n  - equal: {path: data.size, value: '3'}\n\
        - it: is the default\n  asserts:\n  - equal: {path: data.size, value: '4'}\n\
        - it: has a limit\n  set: {size: 9}\n  asserts:\n  - failedTemplate: {errorPattern: too large}\n";
    sandbox.write("app/tests/size_test.yaml", suite);
    let outcome = sandbox.run(&["test", "app"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("Tests:       1 failed, 2 passed, 3 total\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("app/templates/a.yaml:4:"), "{}", outcome.stdout);
}

#[test]
fn failfast_keeps_the_snapshots_that_it_did_not_reach() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "size: 1\n");
    let template = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata: {size: {{ .Values.size }}}\n";
    sandbox.write("app/templates/a.yaml", template);
    let suite = "suite: s\ntemplates: [a.yaml]\ntests:\n- it: t\n  asserts:\n  - matchSnapshot: {path: data}\n  \
        - matchSnapshot: {path: metadata}\n";
    sandbox.write("app/tests/a_test.yaml", suite);
    assert_eq!(sandbox.run(&["test", "app"]).code, 0);
    let file = "app/tests/__snapshot__/a_test.yaml.snap";
    let stored = sandbox.read(file);
    sandbox.write("app/values.yaml", "size: 2\n");
    assert_eq!(sandbox.run(&["test", "app", "--failfast"]).code, 1);
    assert_eq!(sandbox.read(file), stored);
}

#[test]
fn both_languages_of_a_tree_are_tested() {
    for (root, child) in [("tera", "gotpl"), ("gotpl", "tera")] {
        let sandbox = Sandbox::new();
        let chart = |name: &str, engine: &str, rest: &str| {
            format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\nengine: {engine}\n{rest}")
        };
        let dependency = "dependencies: [{name: db, version: 1.0.0}]\n";
        sandbox.write("app/Chart.yaml", &chart("app", root, dependency));
        sandbox.write("app/charts/db/Chart.yaml", &chart("db", child, ""));
        for (path, engine) in [("app/templates/a.yaml", root), ("app/charts/db/templates/b.yaml", child)] {
            let name = if engine == "tera" { "{{ release.name }}" } else { "{{ .Release.Name }}" };
            let text = format!("kind: ConfigMap\napiVersion: v1\nmetadata: {{name: '{name}'}}\n");
            sandbox.write(path, &text);
        }
        let suite = "suite: s\nrelease: {name: shop}\ntemplates: [a.yaml, charts/db/templates/b.yaml]\ntests:\n\
            - it: t\n  asserts:\n  - equal: {path: metadata.name, value: shop}\n";
        sandbox.write("app/tests/a_test.yaml", suite);
        let outcome = sandbox.run(&["test", "app"]);
        assert_eq!(outcome.code, 0, "{root}: {}{}", outcome.stdout, outcome.stderr);
        // Both are there: what is asserted of nothing fails.
        sandbox.write("app/tests/a_test.yaml", &suite.replace("value: shop", "value: x"));
        let outcome = sandbox.run(&["test", "app"]);
        for path in ["app/templates/a.yaml", "app/charts/db/templates/b.yaml"] {
            assert!(outcome.stdout.contains(&format!("Template:\t{path}")), "{root}: {}", outcome.stdout);
        }
    }
}

#[test]
fn errors_of_tests_hide_credentials() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n");
    sandbox.write("app/values.yaml", "db: {password: hunter2hunter2}\n");
    sandbox.write("app/templates/a.yaml", "a: {{ fail (printf \"bad %s\" .Values.db.password) }}\n");
    let suite = "suite: s\ntemplates: [a.yaml]\ntests:\n- it: t\n  asserts:\n  - exists: {path: a}\n";
    sandbox.write("app/tests/a_test.yaml", suite);
    let outcome = sandbox.run(&["test", "app"]);
    assert_eq!(outcome.code, 1);
    assert!(!outcome.stdout.contains("hunter2"), "{}", outcome.stdout);
    let schema = r#"{"properties": {"db": {"properties": {"password": {"maxLength": 3}}}}}"#;
    sandbox.write("app/values.schema.json", schema);
    let outcome = sandbox.run(&["test", "app"]);
    assert!(outcome.stdout.contains('3'), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("hunter2"), "{}", outcome.stdout);
}
