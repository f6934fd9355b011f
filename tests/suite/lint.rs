//! Lint from the outside: the command on charts and manifests, and laws over all rules.

use crate::support::{recorded, tool};
use plimsoll::diag::render::{Style, github, human, json, junit, locate, sarif};
use plimsoll::diag::{Severity, SourceKind, Sources};
use plimsoll::engine::Release;
use plimsoll::k8s::Version;
use plimsoll::lint::{Config, Request, Set, Subject, Target, lint, run};
use plimsoll::values::{self, Overrides};
use plimsoll::world::World;
use plimsoll::yaml::ReadOptions;
use plimsoll::{manifest, render};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The findings on a chart, as `rule file:line`, the file in the chart.
fn on_chart(path: &Path, release: &str, overrides: Overrides) -> Vec<String> {
    let sources = Sources::new();
    let request = Request {
        target: Target::Chart(path.display().to_string()),
        sets: vec![Set { name: String::new(), overrides }],
        values: values::Options::default(),
        render: render::Options {
            seed: Some(0),
            ..render::Options::install(Release::install(release, "default"))
        },
        surroundings: Arc::default(),
    };
    // Whoever installs these charts creates their Secrets.
    let mut config = Config::default();
    config.assume.push("Secret/*".parse().unwrap());
    let outcome = lint(&World::system(), &sources, &request, &config);
    assert!(outcome.is_linted, "{}: {:?}", path.display(), outcome.findings);
    outcome
        .findings
        .iter()
        .map(|finding| {
            let at = locate(&sources, finding.span().unwrap()).unwrap();
            let file = at.file.strip_prefix(&format!("{}/", path.display())).unwrap_or(&at.file).to_owned();
            format!("{} {file}:{}", finding.rule.map_or(finding.message.as_str(), |rule| rule.id), at.line)
        })
        .collect()
}

/// What the reports got wrong is found, all of it and nothing else.
#[test]
fn the_mistakes_are_found_exactly() {
    let on = |name: &str, release: &str| {
        on_chart(&repository().join("examples/mistakes").join(name), release, Overrides::default())
    };
    assert_eq!(
        on("python-app-vault", "python"),
        [
            "pod/no-readiness-probe templates/deployment.yaml:23",
            "pod/no-requests templates/deployment.yaml:23",
            "workload/floating-image-tag templates/deployment.yaml:24",
            "sts/service-selects-several templates/services.yaml:7",
            "sts/service-selects-several templates/services.yaml:20",
            "sts/overlapping-selectors templates/statefulset.yaml:8",
            "sts/unstable-selector templates/statefulset.yaml:12",
            "sts/unstable-selector templates/statefulset.yaml:13",
            "workload/floating-image-tag templates/statefulset.yaml:29",
            "sts/shadowed-volume templates/statefulset.yaml:69",
        ]
    );
    assert_eq!(on("moscow-time", "moscow-time"), ["sts/service-not-headless templates/service.yaml:5"]);
    assert_eq!(
        on("python-app-beside-deployment", "python-app"),
        [
            "pod/no-readiness-probe templates/deployment.yaml:18",
            "pod/no-requests templates/deployment.yaml:18",
            "sts/service-not-headless templates/service.yaml:5",
            "sts/service-selects-several templates/service.yaml:6",
            "sts/overlapping-selectors templates/statefulset.yaml:8",
        ]
    );
    assert_eq!(
        on("moscow-time-python", "moscow-python"),
        [
            "chart/stray-template templates/deployment.yaml.old:1",
            "pod/no-readiness-probe templates/deployment.yaml.old:17",
            "pod/no-requests templates/deployment.yaml.old:17",
            "sts/service-selects-several templates/service.yaml:6",
            "sts/no-claim-template templates/statefulset.yaml:5",
            "sts/missing-service templates/statefulset.yaml:6",
            "sts/overlapping-selectors templates/statefulset.yaml:8",
            "sts/no-readiness-probe templates/statefulset.yaml:20",
        ]
    );
}

/// The scenario charts have nothing that anybody would have to change.
#[test]
fn the_shipped_charts_are_clean() {
    for (chart, release, values) in [
        ("python-app", "app-stateful", None),
        ("python-app", "python-app", Some("examples/values/python-app-beside-deployment.yaml")),
        ("python-app-vault", "python", None),
        ("moscow-time", "moscow-time", None),
        ("moscow-time-python", "moscow-python", None),
        ("moscow-time-rust", "moscow-rust", None),
    ] {
        let files = values.map(|path| repository().join(path).display().to_string());
        let files = files.into_iter().map(values::ValuesFile::Argument).collect();
        let found = on_chart(
            &repository().join("charts").join(chart),
            release,
            Overrides { files, ..Overrides::default() },
        );
        assert_eq!(found, [""; 0], "{chart} as {release}");
    }
}

/// What `helm create` makes is no chart with mistakes.
#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn a_fresh_helm_chart_has_no_warning_about_its_values() {
    let helm = tool("PLIMSOLL_HELM");
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("demo");
    let status = std::process::Command::new(helm).arg("create").arg(&chart).output().unwrap().status;
    assert!(status.success());
    let found = on_chart(&chart, "demo", Overrides::default());
    let about_values = found.iter().filter(|finding| finding.starts_with("values/"));
    // A schema is recommended, no more.
    assert_eq!(about_values.collect::<Vec<_>>(), ["values/no-schema values.yaml:6"]);
}

/// Every rule on a text, whatever it is. Returns how many findings there are.
fn every_rule(text: &str) -> usize {
    let sources = Sources::new();
    let id = sources.add("fuzz.yaml", text, SourceKind::File);
    let report = manifest::parse(&sources, id, "fuzz.yaml", &ReadOptions::lenient());
    let objects = report.output.unwrap_or_default();
    let objects: Vec<_> = objects.iter().collect();
    let mut findings = 0;
    for version in [Version::MIN, Version::MAX] {
        let subject = Subject {
            objects: &objects,
            crds: &[],
            policies: &[],
            chart: None,
            reported: &report.diagnostics,
            sources: &sources,
            version,
        };
        let found = run(&subject, &Config::default());
        // What is found can be shown in every format.
        human(&found, &sources, Style::Coloured);
        json(&found, &sources, objects.len(), None);
        sarif(&found, &sources);
        github(&found, &sources);
        junit(&found, &sources, Severity::Info);
        findings += found.len();
    }
    findings
}

/// A scalar, odd ones first.
fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("~".to_owned()),
        Just("on".to_owned()),
        Just("0777".to_owned()),
        Just("1e3".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("9223372036854775807".to_owned()),
        Just("18446744073709551615".to_owned()),
        Just("\"%$\\u0000ü\\n\"".to_owned()),
        Just("100%".to_owned()),
        Just("None".to_owned()),
        Just("data".to_owned()),
        Just("db-0.db".to_owned()),
        Just("a@sha256:x".to_owned()),
        "[a-z0-9./:_-]{1,12}".prop_map(|text| format!("{text:?}")),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<bool>().prop_map(|flag| flag.to_string()),
    ]
}

/// Keys that the rules look for, and others.
const KEYS: [&str; 48] = [
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "spec",
    "template",
    "selector",
    "matchLabels",
    "matchExpressions",
    "key",
    "operator",
    "values",
    "replicas",
    "serviceName",
    "updateStrategy",
    "rollingUpdate",
    "partition",
    "type",
    "podManagementPolicy",
    "volumeClaimTemplates",
    "accessModes",
    "containers",
    "initContainers",
    "image",
    "ports",
    "containerPort",
    "env",
    "value",
    "volumeMounts",
    "mountPath",
    "volumes",
    "emptyDir",
    "livenessProbe",
    "readinessProbe",
    "httpGet",
    "port",
    "periodSeconds",
    "failureThreshold",
    "terminationGracePeriodSeconds",
    "resources",
    "minAvailable",
    "maxUnavailable",
    "clusterIP",
    "ordinals",
    "items",
];

fn tree() -> impl Strategy<Value = String> {
    scalar().prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((prop::sample::select(&KEYS[..]), inner), 0..8).prop_map(|entries| {
                let entries: Vec<_> =
                    entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

fn object() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(
        &[
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "Deployment"),
            ("v1", "Service"),
            ("v1", "Pod"),
            ("v1", "List"),
            ("v1", "PersistentVolumeClaim"),
            ("policy/v1", "PodDisruptionBudget"),
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            ("batch/v1", "CronJob"),
            ("example.com/v1", "Thing"),
        ][..],
    );
    (kind, tree(), tree()).prop_map(|((api_version, kind), metadata, spec)| {
        format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n---\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_panics_on_any_yaml(objects in prop::collection::vec(object(), 1..4)) {
        every_rule(&objects.concat());
    }

    /// Lines of a sound release deleted, doubled, moved in and out, or replaced.
    #[test]
    fn no_rule_panics_on_mutated_manifests(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..6_u8, scalar()), 1..12)) {
        let mut lines: Vec<String> = SOUND.lines().map(str::to_owned).collect();
        for (index, edit, with) in edits {
            if !lines.is_empty() {
                let at = index.index(lines.len());
                mutate(&mut lines, at, edit, &with);
            }
        }
        every_rule(&lines.join("\n"));
    }
}

fn mutate(lines: &mut Vec<String>, at: usize, edit: u8, with: &str) {
    match edit {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at].clone()),
        2 => lines[at].insert_str(0, "  "),
        3 => lines[at] = lines[at].strip_prefix("  ").unwrap_or(&lines[at]).to_owned(),
        4 => {
            if let Some((key, _)) = lines[at].clone().split_once(": ") {
                lines[at] = format!("{key}: {with}");
            }
        }
        _ => {
            let last = lines.len() - 1;
            lines.swap(at, last);
        }
    }
}

const SOUND: &str = include_str!("../fixtures/sound-release.yaml");

#[test]
fn the_release_that_is_mutated_is_sound() {
    assert_eq!(every_rule(SOUND), 0);
}

/// The recorded answers of a real server, each file with a few lines changed.
#[test]
fn no_rule_panics_on_mutated_recordings() {
    // A small generator of our own: the same edits on every machine.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % limit.max(1)
    };
    let words = ["", "~", "-1", "\"\"", "[]", "{}", "on", "0777", "9223372036854775807", "x.y/z"];
    let mut objects = 0;
    for case in recorded("admission") {
        let text = case["manifest"].as_str().unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for _ in 0..4 {
            if !lines.is_empty() {
                let at = next(lines.len());
                mutate(&mut lines, at, u8::try_from(next(6)).unwrap(), words[next(words.len())]);
            }
        }
        every_rule(&lines.join("\n"));
        objects += 1;
    }
    assert!(objects > 100, "{objects} recordings");
}

/// Runs the command in the repository.
fn plimsoll(args: &[&str], stdin: &str) -> (i32, String, String) {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(args)
        .current_dir(repository())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const MISTAKE: &str = "examples/mistakes/moscow-time";

#[test]
fn the_exit_code_says_what_was_found_in_every_format() {
    for format in ["human", "json", "sarif", "github", "junit"] {
        let (code, out, err) = plimsoll(&["lint", MISTAKE, "--format", format], "");
        assert_eq!((code, err.as_str()), (1, ""), "{format}: {out}");
        assert!(out.contains("sts/service-not-headless"), "{format}: {out}");
        let (code, ..) = plimsoll(&["lint", "charts/moscow-time", "--format", format], "");
        assert_eq!(code, 0, "{format}");
    }
    let (code, out, _) = plimsoll(&["lint", SOUND_PATH, "--min-severity", "info"], "");
    assert_eq!((code, out.as_str()), (0, "no findings in 4 objects\n"));
    // Several sources are one result.
    let (code, out, _) =
        plimsoll(&["lint", "charts/moscow-time", MISTAKE, SOUND_PATH, "--format", "json"], "");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["summary"]["objects"]), (1, &serde_json::json!(10)));
}

const SOUND_PATH: &str = "tests/fixtures/sound-release.yaml";

#[test]
fn what_cannot_be_linted_ends_with_2_and_prints_no_result() {
    for args in [
        &["lint", "no/such/chart"][..],
        &["lint", "-"],
        &["lint", SOUND_PATH, "--rule", "sts/on-delet"],
        &["lint", SOUND_PATH, "--skip", "nothing"],
        &["lint", SOUND_PATH, "--kube-version", "1.2"],
        &["lint", SOUND_PATH, "--config", "no/such.toml"],
        &["lint", SOUND_PATH, "--write-baseline"],
        &["lint", "--explain", "sts/on-delet"],
        &["lint", MISTAKE, "--set", "replicaCount=x"],
    ] {
        let (code, out, err) = plimsoll(args, "kind: [\n");
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.starts_with("error"), "{args:?}: {err}");
    }
    let (_, _, err) = plimsoll(&["lint", SOUND_PATH, "--rule", "on-delete"], "");
    assert!(err.contains("did you mean `sts/on-delete`?"), "{err}");
    let (_, _, err) = plimsoll(&["lint", "-"], "kind: [\n");
    assert!(err.contains("<stdin>:"), "{err}");
}

#[test]
fn findings_on_standard_input_have_their_lines() {
    let text = SOUND.replace("clusterIP: None", "type: NodePort");
    let (code, out, _) = plimsoll(&["lint", "-", "--format", "json"], &text);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let finding = &document["findings"][0];
    assert_eq!(code, 1);
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["column"]),
        (&serde_json::json!("<stdin>"), &serde_json::json!(6), &serde_json::json!(9))
    );
    let (code, ..) = plimsoll(&["lint", "-", "--skip", "sts"], &text);
    assert_eq!(code, 0);
    let (code, ..) = plimsoll(&["lint", "-", "--rule", "k8s"], &text);
    assert_eq!(code, 0);
}

#[test]
fn a_key_written_twice_is_an_error_as_the_server_reads() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: db}\ndata:\n  mode: a\n  mode: b\n";
    let (code, stdout, _) = plimsoll(&["lint", "-", "--format", "github"], text);
    assert_eq!(code, 1);
    assert!(stdout.contains("::error") && stdout.contains("line=6"), "{stdout}");
}

#[test]
fn values_sets_name_what_belongs_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let prod = file("prod.yaml", "image: registry.example.com/app:latest\n");
    let dev = file("dev.yaml", "image: registry.example.com/app:1.0.0\n");
    let (code, out, err) =
        plimsoll(&["lint", MISTAKE, "--with", &prod, "--with", &dev, "--format", "json"], "");
    assert_eq!((code, err.as_str()), (1, ""));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let named = |rule: &str| findings.iter().find(|finding| finding["rule"] == rule).unwrap();
    assert_eq!(findings.len(), 2, "{out}");
    let floating = named("workload/floating-image-tag");
    assert_eq!(floating["sets"], serde_json::json!([format!("--with {prod}")]));
    assert_eq!(floating["origin"], serde_json::json!({"file": prod, "line": 1}));
    assert!(named("sts/service-not-headless").get("sets").is_none());
}

#[test]
fn findings_in_a_component_name_the_value_that_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let chart = dir.path().join("app");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    let write = |path: &str, text: &str| std::fs::write(chart.join(path), text).unwrap();
    write("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nengine: tera\n");
    write("values.yaml", "# How many.\nreplicas: -1\n");
    write(
        "templates/set.yaml",
        "{% <k8s.stateful_set replicas={values.replicas}> %}\ncontainers:\n  - {name: app, image: \"app:1.0.0\"}\n{% </k8s.stateful_set> %}\n",
    );
    let (_, out, err) = plimsoll(&["lint", &chart.display().to_string(), "--format", "json"], "");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    let findings = document["findings"].as_array().unwrap();
    let replicas = findings.iter().find(|finding| finding["path"] == "spec.replicas").unwrap();
    let values = chart.join("values.yaml").display().to_string();
    assert_eq!(replicas["origin"], serde_json::json!({"file": values, "line": 2}));
    // The component is plimsoll's own; what can be mended is its call.
    assert!(replicas["file"].as_str().unwrap().ends_with("templates/set.yaml"));
    assert_eq!(replicas["line"], 1);
}

#[test]
fn baselines_and_configuration_are_found_and_kept_to() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("release.yaml");
    std::fs::write(&manifest, SOUND.replace("clusterIP: None", "type: NodePort")).unwrap();
    let (manifest, baseline) = (manifest.display().to_string(), dir.path().join("accepted.json"));
    let accepted = baseline.display().to_string();
    let (code, out, _) = plimsoll(&["lint", &manifest, "--baseline", &accepted, "--write-baseline"], "");
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(plimsoll(&["lint", &manifest, "--baseline", &accepted], "").0, 0);
    // The file beside the source is the configuration.
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(&config, "baseline = \"accepted.json\"\n").unwrap();
    assert_eq!(plimsoll(&["lint", &manifest], "").0, 0);
    std::fs::write(&config, "[rules]\n\"sts/service-not-headless\" = \"warning\"\n").unwrap();
    assert_eq!(plimsoll(&["lint", &manifest], "").0, 0);
    assert_eq!(plimsoll(&["lint", &manifest, "--min-severity", "warning"], "").0, 1);
    std::fs::write(&config, "[rules]\n\"sts/headless\" = \"off\"\n").unwrap();
    let (code, _, err) = plimsoll(&["lint", &manifest], "");
    assert!(code == 2 && err.contains("plimsoll.toml:2:1"), "{err}");
    // What is fixed should leave the baseline.
    std::fs::remove_file(&config).unwrap();
    let (code, out, _) = plimsoll(&["lint", SOUND_PATH, "--baseline", &accepted], "");
    assert!(code == 0 && out.contains("lint/stale-baseline"), "{out}");
}

/// The chart that helm itself makes for a start.
#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn nothing_that_helm_creates_breaks_a_rule_about_objects() {
    #[expect(clippy::disallowed_methods, reason = "the environment names the tools")]
    let helm = std::env::var_os("PLIMSOLL_HELM").unwrap();
    let sandbox = crate::support::Sandbox::new();
    let created =
        std::process::Command::new(helm).args(["create", "demo"]).current_dir(sandbox.path()).output();
    assert!(created.unwrap().status.success());
    for sets in [
        &[][..],
        &["--set", "autoscaling.enabled=true"],
        &["--set", "ingress.enabled=true"],
        &["--set", "httpRoute.enabled=true"],
        &[
            "--set",
            "autoscaling.enabled=true,ingress.enabled=true,httpRoute.enabled=true,serviceAccount.create=false",
        ],
    ] {
        let args =
            ["lint", "demo", "--rule", "chart,k8s,lint,sts,workload,yaml", "--min-severity", "warning"];
        let outcome = sandbox.run(&[&args, sets].concat());
        assert_eq!(outcome.code, 0, "{sets:?}: {}{}", outcome.stdout, outcome.stderr);
    }
}

/// Names that rules had before still work wherever they may have been written down.
#[test]
fn former_ids_of_rules_are_understood() {
    let sandbox = crate::support::Sandbox::new();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: busybox\n";
    sandbox.write("pod.yaml", pod);
    let warned = |args: &[&str]| {
        let outcome =
            sandbox.run(&[&["lint", "--format", "github", "--min-severity", "warning"], args].concat());
        assert!(outcome.code < 2, "{args:?}: {}", outcome.stderr);
        outcome.stdout.contains("title=workload/floating-image-tag")
    };
    assert!(warned(&["pod.yaml"]));
    assert!(warned(&["pod.yaml", "--rule", "sts/floating-image-tag"]));
    assert!(!warned(&["pod.yaml", "--skip", "sts/floating-image-tag"]));
    assert!(!warned(&["pod.yaml", "--skip", "sts"]));
    sandbox.write(
        "allowed.yaml",
        &pod.replace("busybox", "busybox # plimsoll: allow sts/floating-image-tag - a test"),
    );
    let allowed = sandbox.run(&["lint", "allowed.yaml", "--min-severity", "info", "--rule", "sts,lint"]);
    assert_eq!(allowed.code, 0, "{}", allowed.stdout);
    assert_eq!(sandbox.run(&["lint", "pod.yaml", "--baseline", "b.json", "--write-baseline"]).code, 0);
    let former = sandbox.read("b.json").replace("workload/floating-image-tag", "sts/floating-image-tag");
    sandbox.write("b.json", &former);
    assert!(!warned(&["pod.yaml", "--baseline", "b.json"]));
    let page = sandbox.run(&["lint", "--explain", "sts/floating-image-tag"]).stdout;
    assert!(
        page.starts_with("# workload/floating-image-tag\n") && page.contains("`sts/floating-image-tag`"),
        "{page}"
    );
}

#[test]
fn rules_are_listed_and_explained() {
    let (code, list, _) = plimsoll(&["lint", "--explain"], "");
    assert_eq!((code, list.lines().count()), (0, plimsoll::lint::rules().len()));
    let (code, page, _) = plimsoll(&["lint", "--explain", "sts/on-delete"], "");
    let on_disk = std::fs::read_to_string(repository().join("docs/rules/sts/on-delete.md")).unwrap();
    assert_eq!((code, page), (0, on_disk));
}

/// What the examples for CI and for configuration say is true.
#[test]
fn the_example_files_can_be_read() {
    let sources = Sources::new();
    let read = |path: &str| std::fs::read_to_string(repository().join(path)).unwrap();
    let config = sources.add("plimsoll.toml", read("examples/plimsoll.toml"), SourceKind::File);
    let report = Config::read(&sources, config);
    assert!(report.output.is_some(), "{:?}", report.diagnostics);
    for path in [
        "action.yml",
        ".pre-commit-hooks.yaml",
        "examples/ci/github.yaml",
        "examples/ci/gitlab.yaml",
        "examples/ci/pre-commit-config.yaml",
    ] {
        let id = sources.add(path, read(path), SourceKind::File);
        let report = plimsoll::yaml::read(&sources, id, &ReadOptions::strict());
        assert!(!report.has_errors(), "{path}: {:?}", report.diagnostics);
    }
    // The contract in the documentation is what is printed.
    let docs = read("docs/lint.md");
    let example = docs.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let (_, out, _) = plimsoll(&["lint", MISTAKE, "--format", "json"], "");
    let (example, out): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(example).unwrap(), serde_json::from_str(&out).unwrap());
    assert_eq!(example, out);
}
