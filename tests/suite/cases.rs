//! Cases of `plimsoll test`: which a chart has, what is stored of them, and when one fails.

use crate::support::{Outcome, ROOT, Sandbox};

/// A chart in Helm's language, and the same in Tera.
const LANGUAGES: [(&str, &str, &str); 2] = [
    (
        "gotpl",
        "{{ .Release.Name }}",
        "{{ .Values.replicas }} {{ .Values.tag }} {{ .Values.memory }} {{ .Values.password }}",
    ),
    (
        "tera",
        "{{ release.name }}",
        "{{ values.replicas }} {{ values.tag }} {{ values.memory }} {{ values.password }}",
    ),
];

/// A chart with two cases besides the default values.
fn sandbox(language: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let (engine, release, values) = LANGUAGES.into_iter().find(|(engine, ..)| *engine == language).unwrap();
    let values: Vec<&str> = values.split("}} ").collect();
    let value = |index: usize| format!("{} }}}}", values[index].trim_end_matches("}}").trim_end());
    let (replicas, tag, memory, password) = (value(0), value(1), value(2), value(3));
    sandbox
        .write("web/Chart.yaml", &format!("apiVersion: v2\nname: web\nversion: 1.0.0\nengine: {engine}\n"));
    sandbox.write(
        "web/values.yaml",
        "replicas: 2\ntag: \"1.27\"\nmemory: 1Gi\npassword: hunter22-very-secret\n",
    );
    sandbox.write(
        "web/templates/deployment.yaml",
        &format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {release}-web\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
             containers:\n      - name: web\n        image: 'nginx:{tag}'\n        resources:\n          \
             requests: {{memory: '{memory}', cpu: 100m}}\n          limits: {{memory: '{memory}'}}\n"
        ),
    );
    sandbox.write(
        "web/templates/secret.yaml",
        &format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: '{release}-web'}}\nstringData: {{password: '{password}'}}\n"
        ),
    );
    sandbox.write("web/ci/prod-values.yaml", "replicas: 3\n");
    sandbox.write("web/tests/values/next.yaml", "tag: \"1.28\"\n");
    sandbox
}

fn test(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run(&[&["test", "web"], args].concat())
}

/// Runs the tests, which must end with this code, and gives both outputs.
fn ends(sandbox: &Sandbox, args: &[&str], code: i32) -> String {
    let outcome = test(sandbox, args);
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.code, code, "{args:?}\n{shown}");
    shown
}

#[track_caller]
fn contains(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "`{part}` is missing in:\n{shown}");
    }
}

/// A chart whose cases are stored.
fn stored(language: &str) -> Sandbox {
    let sandbox = sandbox(language);
    ends(&sandbox, &["--cases", "--update"], 0);
    sandbox
}

const SNAPSHOT: &str = "web/tests/snapshots/prod.yaml";

fn edit(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(from), "{path}: {text}");
    sandbox.write(path, &text.replace(from, to));
}

#[test]
fn a_chart_with_suites_is_tested_as_before_until_cases_are_asked_for() {
    let sandbox = sandbox("gotpl");
    let shown = ends(&sandbox, &[], 0);
    contains(&shown, &["Tests:       0 passed, 0 total", "plimsoll test web --cases --update"]);
    sandbox.write(
        "web/tests/a_test.yaml",
        "suite: a\nvalues: [./values/next.yaml]\ntests:\n- it: t\n  template: secret.yaml\n  asserts: [{isKind: {of: Secret}}]\n",
    );
    // A values file that no case could render.
    sandbox.write("web/ci/broken-values.yaml", "replicas: [\n");
    let outcome = test(&sandbox, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
    contains(&outcome.stdout, &["Test Suites: 1 passed, 1 total", "Tests:       1 passed, 1 total"]);
    test(&sandbox, &["--update"]);
    assert!(!sandbox.path().join("web/tests/snapshots").exists());
    // Other tests may keep files there.
    sandbox.write("web/tests/snapshots/prod.yaml", "theirs: true\n");
    contains(&ends(&sandbox, &[], 0), &["Tests:       1 passed, 1 total"]);
    std::fs::remove_dir_all(sandbox.path().join("web/tests/snapshots")).unwrap();
    // What a suite uses is not a case.
    let shown = ends(&sandbox, &["--cases"], 1);
    contains(&shown, &["- broken", "Tests:       1 failed, 1 errored, 3 passed, 4 total"]);
}

#[test]
fn cases_are_stored_and_compared() {
    for (language, ..) in LANGUAGES {
        let sandbox = sandbox(language);
        contains(
            &ends(&sandbox, &["--cases", "--update"], 0),
            &["note: stored 3 snapshots in `web/tests/snapshots`"],
        );
        assert_eq!(
            sandbox.read(SNAPSHOT).split("\ndata:").next().unwrap(),
            "# Snapshot of the case `prod`, written by `plimsoll test --update-snapshot`.\n---\n\
             # Source: web/templates/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: release-name-web"
        );
        contains(&sandbox.read(SNAPSHOT), &["# Source: web/templates/deployment.yaml\n", "  replicas: 3\n"]);
        contains(&sandbox.read("web/tests/snapshots/default.yaml"), &["  replicas: 2\n", "nginx:1.27"]);
        contains(&sandbox.read("web/tests/snapshots/next.yaml"), &["nginx:1.28"]);
        let shown = ends(&sandbox, &[], 0);
        contains(
            &shown,
            &["values cases", "Tests:       3 passed, 3 total", "Snapshot:    3 passed, 3 total"],
        );
    }
}

#[test]
fn what_the_cluster_does_not_notice_is_no_failure() {
    for (language, ..) in LANGUAGES {
        let sandbox = stored(language);
        let before = sandbox.read(SNAPSHOT);
        let template = "web/templates/deployment.yaml";
        edit(&sandbox, template, "cpu: 100m", "cpu: '0.1'");
        edit(
            &sandbox,
            template,
            "apiVersion: apps/v1\nkind: Deployment\n",
            "kind: Deployment\napiVersion: apps/v1\n",
        );
        edit(
            &sandbox,
            template,
            "spec:\n  replicas",
            "spec:\n  # The strategy is the default.\n  strategy: {type: RollingUpdate}\n  replicas",
        );
        edit(&sandbox, "web/values.yaml", "1Gi", "1024Mi");
        contains(&ends(&sandbox, &[], 0), &["Snapshot:    3 passed, 3 total"]);
        assert_eq!(sandbox.read(SNAPSHOT), before);
        ends(&sandbox, &["-u"], 0);
        contains(&sandbox.read(SNAPSHOT), &["memory: 1024Mi", "type: RollingUpdate"]);
        // An editor of another system.
        sandbox.write(SNAPSHOT, &sandbox.read(SNAPSHOT).replace('\n', "\r\n"));
        ends(&sandbox, &[], 0);
    }
}

#[test]
fn what_the_cluster_would_do_is_shown() {
    for (language, ..) in LANGUAGES {
        let sandbox = stored(language);
        sandbox.write("web/ci/prod-values.yaml", "replicas: 5\n");
        let shown = ends(&sandbox, &[], 1);
        contains(
            &shown,
            &[
                "\t- prod\n\n\t\t- the render differs from its snapshot\n",
                "\t\t\tFrom web/tests/snapshots/prod.yaml to this render:\n",
                "~ spec.replicas: 3 -> 5\n",
                "scale-up 3 -> 5 replicas\n",
                "web/templates/deployment.yaml:6:",
                "\t\t\tSet by:\n\t\t\t\tweb/ci/prod-values.yaml:1:11\n\t\t\t\treplicas: 5\n",
                "Snapshot Summary: 1 snapshot failed in 1 test suite.",
                "Tests:       1 failed, 2 passed, 3 total",
            ],
        );
        contains(&ends(&sandbox, &["-u"], 0), &["Tests:       3 passed, 3 total"]);
        contains(&sandbox.read(SNAPSHOT), &["  replicas: 5\n"]);
        // Objects that come and go are changes, too.
        std::fs::remove_file(sandbox.path().join("web/templates/secret.yaml")).unwrap();
        contains(&ends(&sandbox, &[], 1), &["- Secret/release-name-web", "Tests:       3 failed"]);
    }
}

#[test]
fn hooks_are_stored_and_time_and_chance_do_not_matter() {
    let sandbox = sandbox("gotpl");
    sandbox.write(
        "web/templates/hook.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hook\n  annotations: {helm.sh/hook: pre-install}\ndata:\n  \
         now: {{ now | quote }}\n  random: {{ randAlphaNum 20 }}\n",
    );
    ends(&sandbox, &["--cases", "--update"], 0);
    contains(&sandbox.read(SNAPSHOT), &["helm.sh/hook: pre-install", "now: 2020-01-01 "]);
    ends(&sandbox, &[], 0);
}

#[test]
fn a_case_without_a_snapshot_is_named() {
    let sandbox = stored("gotpl");
    sandbox.write("web/ci/other-values.yaml", "replicas: 7\n");
    let shown = ends(&sandbox, &[], 0);
    contains(
        &shown,
        &["the case `other` has no snapshot", "Tests:       4 passed", "Snapshot:    3 passed, 3 total"],
    );
    assert!(!sandbox.path().join("web/tests/snapshots/other.yaml").exists());
    contains(
        &ends(&sandbox, &["--strict"], 1),
        &["- no snapshot is stored; store it with --update-snapshot"],
    );
    ends(&sandbox, &["--update"], 0);
    ends(&sandbox, &["--strict"], 0);
}

#[test]
fn snapshots_of_cases_that_are_gone_are_removed_and_other_files_are_not_touched() {
    let sandbox = stored("gotpl");
    std::fs::remove_file(sandbox.path().join("web/ci/prod-values.yaml")).unwrap();
    sandbox.write("web/tests/snapshots/notes.yaml", "mine: true\n");
    contains(
        &ends(&sandbox, &[], 0),
        &["no case has these snapshots any more: `web/tests/snapshots/prod.yaml`"],
    );
    assert!(sandbox.path().join(SNAPSHOT).exists());
    // A pattern chooses some cases; the others are not gone.
    ends(&sandbox, &["-u", "-f", "tests/values/*.yaml"], 0);
    assert!(sandbox.path().join(SNAPSHOT).exists());
    contains(&ends(&sandbox, &["-u"], 0), &["removed `web/tests/snapshots/prod.yaml`"]);
    assert!(!sandbox.path().join(SNAPSHOT).exists());
    assert_eq!(sandbox.read("web/tests/snapshots/notes.yaml"), "mine: true\n");
    // Not even under the name of a case.
    sandbox.write("web/ci/notes-values.yaml", "replicas: 1\n");
    contains(&ends(&sandbox, &["-u"], 1), &["`web/tests/snapshots/notes.yaml` is not a snapshot of a case"]);
    assert_eq!(sandbox.read("web/tests/snapshots/notes.yaml"), "mine: true\n");
}

#[test]
fn a_broken_snapshot_is_said_and_can_be_stored_anew() {
    let sandbox = stored("gotpl");
    edit(&sandbox, SNAPSHOT, "metadata:", "metadata: [");
    contains(
        &ends(&sandbox, &[], 1),
        &[
            "store it anew with --update-snapshot",
            "1 failed, 1 errored, 2 passed",
            "Snapshot:    2 passed, 2 total",
        ],
    );
    ends(&sandbox, &["-u"], 0);
    ends(&sandbox, &[], 0);
}

#[test]
fn lint_errors_fail_a_case_and_warnings_do_not() {
    for (language, ..) in LANGUAGES {
        let sandbox = stored(language);
        sandbox.write("web/ci/prod-values.yaml", "replicas: -1\n");
        let shown = ends(&sandbox, &["-u"], 1);
        contains(
            &shown,
            &["\t- prod\n\n\t\t- lint finds errors\n", "spec.replicas", "Tests:       1 failed, 2 passed"],
        );
        assert_eq!(shown.matches("lint finds errors").count(), 1, "{shown}");
        // A document that Helm prints and no cluster takes.
        if language == "gotpl" {
            sandbox.write(
                "web/templates/typeless.yaml",
                "{{ if eq .Values.tag \"1.28\" }}\nmetadata: {name: a}\n{{ end }}",
            );
            contains(&ends(&sandbox, &[], 1), &["\t- next\n\n\t\t- lint finds errors\n", "apiVersion"]);
            std::fs::remove_file(sandbox.path().join("web/templates/typeless.yaml")).unwrap();
        }
        // The configuration of the chart counts.
        sandbox.write("web/plimsoll.toml", "[rules]\n\"k8s\" = \"warning\"\n");
        ends(&sandbox, &["-u"], 0);
        sandbox.write("web/plimsoll.toml", "baseline = \"accepted.json\"\n");
        assert_eq!(sandbox.run(&["lint", "web", "--write-baseline"]).code, 0);
        ends(&sandbox, &["-u"], 0);
        sandbox.write("web/plimsoll.toml", "[rule\n");
        assert_eq!(test(&sandbox, &[]).code, 2);
    }
}

#[test]
fn errors_of_all_cases_fail_all() {
    let sandbox = sandbox("gotpl");
    edit(&sandbox, "web/templates/deployment.yaml", "replicas:", "replicaz: 1\n  replicas:");
    let shown = ends(&sandbox, &["--cases"], 1);
    assert_eq!(shown.matches("- lint finds errors").count(), 3, "{shown}");
    let shown = ends(&sandbox, &["--cases", "--failfast"], 1);
    contains(&shown, &["Tests:       1 failed, 0 passed, 1 total"]);
}

#[test]
fn names_of_cases_are_unique() {
    let sandbox = sandbox("gotpl");
    sandbox.write("web/tests/values/prod.yaml", "replicas: 4\n");
    let outcome = test(&sandbox, &["--cases", "--update"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    contains(
        &outcome.stderr,
        &[
            "`web/ci/prod-values.yaml` and `web/tests/values/prod.yaml` are both the case `prod`",
            "rename one of them",
        ],
    );
    assert!(!sandbox.path().join("web/tests/snapshots").exists());
}

#[test]
fn the_default_values_are_a_case_unless_a_file_is_called_so() {
    let sandbox = sandbox("gotpl");
    sandbox.write("web/ci/default-values.yaml", "replicas: 9\n");
    contains(&ends(&sandbox, &["--cases", "-u"], 0), &["Tests:       3 passed, 3 total"]);
    contains(&sandbox.read("web/tests/snapshots/default.yaml"), &["replicas: 9\n"]);
}

#[test]
fn default_values_that_do_not_suffice_are_skipped() {
    let sandbox = stored("gotpl");
    edit(
        &sandbox,
        "web/templates/deployment.yaml",
        "{{ .Values.replicas }}",
        "{{ required \"set it\" .Values.size }}",
    );
    sandbox.write("web/ci/prod-values.yaml", "size: 1\n");
    sandbox.write("web/tests/values/next.yaml", "size: 2\n");
    // Its snapshot says that it should render.
    contains(&ends(&sandbox, &["-u"], 1), &["\t- default\n", "set it"]);
    std::fs::remove_file(sandbox.path().join("web/tests/snapshots/default.yaml")).unwrap();
    let shown = ends(&sandbox, &["-u"], 0);
    contains(
        &shown,
        &["SKIPPED 'default': the chart does not render without values: set it", "2 passed, 1 skipped"],
    );
}

#[test]
fn patterns_and_values_choose_as_for_suites() {
    let sandbox = sandbox("gotpl");
    // A named values file is a case, whether or not anything is stored.
    let shown = ends(&sandbox, &["-f", "ci/*-values.yaml"], 0);
    contains(&shown, &["Tests:       1 passed, 1 total"]);
    ends(&sandbox, &["--cases", "--update"], 0);
    sandbox.write("mine.yaml", "tag: \"9\"\n");
    let shown = ends(&sandbox, &["-v", "mine.yaml"], 1);
    contains(&shown, &["nginx:1.27 -> nginx:9", "nginx:1.28 -> nginx:9", "Tests:       3 failed"]);
}

#[test]
fn reports_for_programs_hold_cases() {
    let sandbox = stored("gotpl");
    sandbox.write("web/ci/prod-values.yaml", "replicas: 5\n");
    for (format, part) in [
        ("JUnit", "<testsuite id=\"0\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\""),
        ("NUnit", "name=\"values cases\""),
        ("XUnit", "<collection name=\"values cases\""),
        ("Sonar", "<testCase name=\"prod\""),
    ] {
        ends(&sandbox, &["-o", "out.xml", "-t", format], 1);
        contains(&sandbox.read("out.xml"), &[part, "spec.replicas: 3 -&gt; 5"]);
    }
}

#[test]
fn sub_charts_have_cases_of_their_own() {
    let sandbox = stored("gotpl");
    edit(&sandbox, "web/Chart.yaml", "engine: gotpl\n", "dependencies: [{name: db, version: 1.0.0}]\n");
    sandbox.write("web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    sandbox.write("web/charts/db/values.yaml", "size: 1\n");
    sandbox.write(
        "web/charts/db/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata: {size: '{{ .Values.size }}'}\n",
    );
    sandbox.write("web/charts/db/ci/big-values.yaml", "size: 8\n");
    // It has not begun.
    contains(&ends(&sandbox, &["--update"], 0), &["Test Suites: 1 passed, 1 total"]);
    assert_eq!(sandbox.run(&["test", "web/charts/db", "--cases", "--update"]).code, 0);
    let shown = ends(&sandbox, &[], 0);
    contains(
        &shown,
        &["web/charts/db/tests/snapshots", "Test Suites: 2 passed, 2 total", "Tests:       5 passed"],
    );
    contains(
        &ends(&sandbox, &["--coverage"], 0),
        &["\nweb/charts/db/templates    100%         -        100%\n  a.yaml"],
    );
    sandbox.write("web/charts/db/ci/big-values.yaml", "size: 9\n");
    contains(&ends(&sandbox, &[], 1), &["From web/charts/db/tests/snapshots/big.yaml"]);
    ends(&sandbox, &["--with-subchart=false"], 0);
    // Theirs alone.
    std::fs::remove_dir_all(sandbox.path().join("web/tests")).unwrap();
    contains(&ends(&sandbox, &[], 1), &["Tests:       1 failed, 1 passed, 2 total"]);
}

#[test]
fn secret_values_are_not_stored() {
    for (language, ..) in LANGUAGES {
        let sandbox = stored(language);
        let template = "web/templates/deployment.yaml";
        for name in ["default", "prod", "next"] {
            let text = sandbox.read(&format!("web/tests/snapshots/{name}.yaml"));
            assert!(!text.contains("hunter22"), "{text}");
            assert!(text.contains("password: hmac-sha256:"), "{text}");
        }
        // That it changed is noticed.
        edit(&sandbox, "web/values.yaml", "hunter22-very-secret", "other-very-secret");
        let shown = ends(&sandbox, &[], 1);
        contains(&shown, &["~ data.password: (secret) -> (secret, changed)"]);
        assert!(!shown.contains("-very-secret"), "{shown}");
        // What stays is compared by what it is, wherever it is.
        edit(&sandbox, "web/values.yaml", "other-very-secret", "hunter22-very-secret");
        let value = if language == "tera" { "{{ values.password }}" } else { "{{ .Values.password }}" };
        edit(
            &sandbox,
            template,
            "        resources:",
            &format!("        args: ['--dsn=db://{value}@db']\n        resources:"),
        );
        ends(&sandbox, &["-u"], 0);
        let text = sandbox.read(SNAPSHOT);
        assert!(!text.contains("hunter22") && text.contains("- hmac-sha256:"), "{text}");
        ends(&sandbox, &[], 0);
        edit(&sandbox, template, "cpu: 100m", "cpu: 0.1");
        ends(&sandbox, &[], 0);
    }
}

#[test]
fn what_encrypted_values_make_is_stored_as_one_and_the_same() {
    let sandbox = Sandbox::new();
    sandbox.write("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    sandbox.write("web/values.yaml", "name: nobody\nport: 1\n");
    sandbox.write(
        "web/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  url: \"tcp://{{ .Values.name }}:{{ .Values.port }}\"\n  plain: text\n",
    );
    let fixture = |name: &str| std::fs::read(format!("{ROOT}/tests/fixtures/sops/{name}.enc.yaml")).unwrap();
    sandbox.write_bytes("web/ci/prod-values.yaml", &fixture("values"));
    let keys = [("SOPS_AGE_KEY_FILE", &*format!("{ROOT}/tests/fixtures/sops/keys.txt"))];
    let run = |args: &[&str]| sandbox.run_with(args, &keys, "");
    let outcome = run(&["test", "web", "--cases", "--update"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let text = sandbox.read(SNAPSHOT);
    assert!(!text.contains("swordfish") && !text.contains("5432"), "{text}");
    contains(&text, &["  url: hmac-sha256:", "  plain: text\n"]);
    contains(&sandbox.read("web/tests/snapshots/default.yaml"), &["tcp://nobody:1"]);
    assert_eq!(run(&["test", "web"]).code, 0);
    // Nobody can find out what it was by trying, so that it changed is not seen either; other changes are.
    edit(&sandbox, "web/templates/a.yaml", "tcp://", "udp://");
    let outcome = run(&["test", "web", "-f", "ci/*-values.yaml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    edit(&sandbox, "web/templates/a.yaml", "plain: text", "plain: other");
    let outcome = run(&["test", "web", "-f", "ci/*-values.yaml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("swordfish"), "{}", outcome.stdout);
    contains(&outcome.stdout, &["data.plain: text -> other"]);
}

const SCHEMA: &str = r##"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "replicas": {"type": "integer", "minimum": 0},
    "tag": {"type": "string", "pattern": "^[0-9.]+$"},
    "memory": {"$ref": "#/definitions/quantity"},
    "password": {"type": "string", "minLength": 8},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "db": {"type": "object"},
    "global": {"type": "object"}
  },
  "definitions": {"quantity": {"type": "string"}}
}
"##;

#[test]
fn schemas_refuse_wrong_values() {
    for (language, ..) in LANGUAGES {
        let sandbox = sandbox(language);
        let shown = ends(&sandbox, &["--schema"], 1);
        contains(
            &shown,
            &[
                "- the chart has no values.schema.json\n",
                "make one with `plimsoll schema web --write`",
                "1 failed, 3 passed",
            ],
        );
        sandbox.write("web/values.schema.json", SCHEMA);
        contains(&ends(&sandbox, &["--schema"], 0), &["Tests:       4 passed, 4 total"]);
        // A level that takes any key.
        edit(&sandbox, "web/values.schema.json", "  \"additionalProperties\": false,\n", "");
        let shown = ends(&sandbox, &["--schema"], 1);
        contains(
            &shown,
            &[
                "\t- the schema refuses wrong values\n\n\t\t- values.schema.json accepts wrong values\n",
                "The misspelt key is accepted (`memory` is meant):\n\t\t\t\tmeomry\n",
            ],
        );
        // Unless the schema says so.
        edit(
            &sandbox,
            "web/values.schema.json",
            "{\n  \"$schema\"",
            "{\n  \"additionalProperties\": true,\n  \"$schema\"",
        );
        ends(&sandbox, &["--schema"], 0);
        // What this draft ignores beside a reference.
        edit(
            &sandbox,
            "web/values.schema.json",
            "\"#/definitions/quantity\"",
            "\"#/definitions/quantity\", \"minLength\": 2",
        );
        contains(
            &ends(&sandbox, &["--schema"], 1),
            &["Path:\tmemory\n", "A value is accepted although `minLength` is 2:\n\t\t\t\t\"a\"\n"],
        );
        // A case whose values are refused.
        sandbox.write("web/values.schema.json", SCHEMA);
        sandbox.write("web/ci/prod-values.yaml", "replicas: -3\n");
        contains(
            &ends(&sandbox, &["--schema"], 1),
            &["- prod", "the schema requires it here", "Tests:       1 failed, 1 errored, 3 passed"],
        );
    }
}

#[test]
fn generated_schemas_refuse_wrong_values() {
    for (language, ..) in LANGUAGES {
        let sandbox = sandbox(language);
        assert_eq!(sandbox.run(&["schema", "web", "--write"]).code, 0);
        ends(&sandbox, &["--schema"], 0);
    }
    // Maps that are printed as a whole take any key, and the schema says so.
    let sandbox = sandbox("gotpl");
    sandbox.write(
        "web/values.yaml",
        &(sandbox.read("web/values.yaml")
            + "probe: {periodSeconds: 5, tcpSocket: {port: 80}}\nsecurity: {}\n"),
    );
    edit(
        &sandbox,
        "web/templates/deployment.yaml",
        "        resources:",
        "        livenessProbe: {{- toYaml .Values.probe | nindent 10 }}\n        \
         securityContext: {{- toYaml .Values.security | nindent 10 }}\n        resources:",
    );
    sandbox.write("web/ci/prod-values.yaml", "replicas: 3\nsecurity: {capabilities: {drop: [ALL]}}\n");
    assert_eq!(sandbox.run(&["schema", "web", "--write"]).code, 0);
    ends(&sandbox, &["--schema"], 0);
}

#[test]
fn nested_levels_lists_and_sub_charts_are_looked_into() {
    let sandbox = sandbox("gotpl");
    edit(&sandbox, "web/Chart.yaml", "engine: gotpl\n", "dependencies: [{name: db, version: 1.0.0}]\n");
    sandbox.write("web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    sandbox.write("web/charts/db/values.yaml", "size: 1\n");
    sandbox.write("web/charts/db/values.schema.json", "{\"properties\": {\"size\": {\"maximum\": 8}}}");
    sandbox.write(
        "web/values.yaml",
        &(sandbox.read("web/values.yaml") + "hosts: [{name: a, port: 1}]\nlog: {level: info}\n"),
    );
    let schema = SCHEMA.replace(
        "\"replicas\"",
        "\"hosts\": {\"items\": {\"properties\": {\"name\": {\"type\": \"string\"}, \"port\": {\"type\": [\"integer\", \"null\"]}}}}, \
         \"log\": {\"properties\": {\"level\": {\"enum\": [\"info\", \"debug\"]}}}, \"replicas\"",
    );
    sandbox.write("web/values.schema.json", &schema);
    let shown = ends(&sandbox, &["--schema"], 1);
    contains(
        &shown,
        &[
            "Path:\thosts[0]\n\t\t\tThe misspelt key is accepted (`name` is meant):\n\t\t\t\tnmae\n",
            "Path:\tlog\n\t\t\tThe misspelt key is accepted (`level` is meant):\n",
        ],
    );
    // What only a case has, is looked into, too.
    assert!(!shown.contains("Path:\thosts[0].tls"), "{shown}");
    sandbox.write("web/tests/values/next.yaml", "hosts: [{name: a, tls: {secret: b}}]\n");
    let nested = schema.replace(
        "\"port\": {",
        "\"tls\": {\"properties\": {\"secret\": {\"type\": \"string\"}}}, \"port\": {",
    );
    sandbox.write("web/values.schema.json", &nested);
    contains(&ends(&sandbox, &["--schema"], 1), &["Path:\thosts[0].tls\n"]);
    sandbox.write("web/values.schema.json", &schema);
    // Each level is named once, and the values of the sub-chart are its own affair.
    assert_eq!(shown.matches(" is accepted ").count(), 2, "{shown}");
    // Helm asks the schemas of sub-charts, too.
    sandbox.write("web/ci/prod-values.yaml", "db: {size: 9}\n");
    contains(&ends(&sandbox, &["--schema"], 1), &["- prod", "db.size"]);
}
