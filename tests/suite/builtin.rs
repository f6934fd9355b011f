//! `builtin:statefulset`: whatever its options are set to, the API server takes the objects.

use crate::support::{ROOT, labelled, options, tool};
use plimsoll::diag::{Diagnostic, Severity, SourceKind, Sources};
use plimsoll::engine::Capabilities;
use plimsoll::k8s::Version;
use plimsoll::lint::{self, Config, Request, Set, Target};
use plimsoll::render::{self, Selection};
use plimsoll::values::{Options, Overrides, ValuesFile};
use plimsoll::world::World;
use serde_json::{Value as Json, json};

/// What is set where a case says nothing else.
const BASE: &str = "image: {repository: registry.example.com/app, tag: 1.2.3}\nreplicaCount: 3";

/// Values for every option of the schema, each case by itself a sound release.
fn cases() -> Vec<Json> {
    let text = include_str!("../fixtures/statefulset-options.yaml");
    let sources = Sources::new();
    let id = sources.add("statefulset-options.yaml", text, SourceKind::File);
    let report = plimsoll::yaml::read(&sources, id, &plimsoll::yaml::ReadOptions::strict());
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    let documents = report.output.unwrap();
    documents.iter().map(|document| serde_json::to_value(&document.root).unwrap()).collect()
}

/// The base, and over it what some cases say.
fn overrides(sources: &Sources, layers: &[&Json]) -> Overrides {
    let texts = std::iter::once(BASE.to_owned()).chain(layers.iter().map(ToString::to_string));
    let add = |text| ValuesFile::Source(sources.add("values.yaml", text, SourceKind::File));
    Overrides { files: texts.map(add).collect(), ..Overrides::default() }
}

/// What lint says; panics if the chart does not render.
fn findings(overrides: Overrides, sources: &Sources, version: Version) -> Vec<Diagnostic> {
    let request = Request {
        target: Target::Chart("builtin:statefulset".to_owned()),
        sets: vec![Set { name: String::new(), overrides }],
        values: Options { unknown_keys: Severity::Error, ..Options::default() },
        render: render::Options {
            capabilities: Capabilities { kube_version: version.into(), ..Capabilities::default() },
            ..options("web", "prod")
        },
        surroundings: std::sync::Arc::default(),
    };
    let outcome = lint::lint(&World::system(), sources, &request, &Config::default());
    assert!(outcome.is_linted, "{:#?}", outcome.findings);
    outcome.findings
}

fn refused(layers: &[&Json], version: Version) {
    let sources = Sources::new();
    let errors: Vec<_> = findings(overrides(&sources, layers), &sources, version)
        .into_iter()
        .filter(|found| found.rule.is_some_and(|rule| rule.id.starts_with("k8s/")))
        .filter(|found| found.severity == Severity::Error)
        .map(|found| format!("{}: {:?}", found.message, found.path))
        .collect();
    assert!(errors.is_empty(), "{layers:#?}: {errors:#?}");
}

#[test]
fn every_option_gives_objects_that_the_server_takes() {
    for case in cases() {
        // Claims of devices were an alpha API of another form before 1.31.
        let claims_devices = case["podSpec"]["resourceClaims"].is_array();
        let oldest = if claims_devices { Version::V1_31 } else { Version::MIN };
        for version in [oldest, Version::MAX] {
            refused(&[&case], version);
        }
    }
}

#[test]
fn options_go_together() {
    let cases = cases();
    // A small generator of our own: the same combinations on every machine.
    let mut state: u64 = 7;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % cases.len()
    };
    for _ in 0..60 {
        let mut chosen: Vec<&Json> = Vec::new();
        for _ in 0..8 {
            let case = &cases[next()];
            if chosen.iter().all(|other| !touched(other).iter().any(|key| touched(case).contains(key))) {
                chosen.push(case);
            }
        }
        refused(&chosen, Version::DEFAULT);
    }
}

/// The options that a case depends on: two cases about the same could contradict each other.
fn touched(case: &Json) -> Vec<&str> {
    let mut keys: Vec<&str> = case.as_object().unwrap().keys().map(String::as_str).collect();
    if keys.contains(&"ingress") {
        keys.extend(["service", "ports"]);
    }
    keys
}

/// No option is forgotten above, nor in the documentation.
#[test]
fn every_option_is_tried_and_described() {
    let read = |path: &str| std::fs::read_to_string(format!("{ROOT}/charts/statefulset/{path}")).unwrap();
    let schema: Json = serde_json::from_str(&read("values.schema.json")).unwrap();
    let defaults = read("values.yaml");
    let cases = cases();
    let mut undescribed = Vec::new();
    let mut untried = Vec::new();
    walk(&schema, &schema, &mut Vec::new(), &mut |path, option| {
        if !option["description"].is_string() {
            undescribed.push(path.join("."));
        }
        // Read by parents, and refused by the API server.
        let untriable = [["global"].as_slice(), &["readinessProbe", "terminationGracePeriodSeconds"]];
        let tried = cases.iter().any(|case| sets(case, path)) || untriable.contains(&path);
        if !tried {
            untried.push(path.join("."));
        }
        let key = path.last().unwrap();
        let in_probe = path[0].ends_with("Probe") || path[0] == "global";
        assert!(in_probe || defaults.contains(key), "{path:?} is not in values.yaml");
    });
    assert_eq!((undescribed, untried), (Vec::new(), Vec::new()));
}

/// Calls `visit` with every option below a schema, those of list items included.
fn walk<'s>(
    root: &'s Json,
    schema: &'s Json,
    path: &mut Vec<&'s str>,
    visit: &mut impl FnMut(&[&str], &'s Json),
) {
    let properties = |schema: &'s Json| schema["properties"].as_object().into_iter().flatten();
    for (key, option) in properties(schema).chain(properties(&schema["items"])) {
        path.push(key);
        visit(path, option);
        let target = match option["$ref"].as_str() {
            Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => option,
        };
        // What Kubernetes spells is Kubernetes' to describe.
        if !(key == "valueFrom" || path[0] == "env") {
            walk(root, target, path, visit);
        }
        path.pop();
    }
}

/// Whether a case says anything at a path; lists are looked through.
fn sets(value: &Json, path: &[&str]) -> bool {
    match (path, value) {
        ([], _) => true,
        (_, Json::Array(items)) => items.iter().any(|item| sets(item, path)),
        ([key, rest @ ..], _) => value.get(key).is_some_and(|inner| sets(inner, rest)),
    }
}

#[test]
#[ignore = "needs kubectl: set PLIMSOLL_KUBECTL"]
fn kubectl_reads_the_objects_of_every_option() {
    let kubectl = tool("PLIMSOLL_KUBECTL");
    for case in cases() {
        let sources = Sources::new();
        let request = render::Request {
            chart: "builtin:statefulset".to_owned(),
            overrides: overrides(&sources, &[&case]),
            values: Options::default(),
            options: options("web", "prod"),
        };
        let report = render::release(&World::system(), &sources, &request);
        let output = report.output.unwrap_or_else(|| panic!("{:#?}", report.diagnostics));
        let text = render::stream(&Selection::default().of(&output.render).unwrap());
        let _ = labelled(&kubectl, &text, "name", &case.to_string());
    }
}

/// Real applications from values alone.
#[test]
fn the_examples_have_no_findings_worth_a_warning() {
    let mut seen = 0;
    for entry in std::fs::read_dir(format!("{ROOT}/examples/values")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let Some(command) = text.lines().find_map(|line| line.strip_prefix("#   plimsoll render ")) else {
            continue;
        };
        if !command.contains(" builtin:statefulset ") {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(command.ends_with(&format!(" -f examples/values/{name}")), "{command}");
        let sources = Sources::new();
        let file = ValuesFile::Argument(path.display().to_string());
        let given = Overrides { files: vec![file], ..Overrides::default() };
        let found: Vec<_> = findings(given, &sources, Version::DEFAULT)
            .into_iter()
            .filter(|found| found.severity != Severity::Info)
            .map(|found| found.message)
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
    assert_eq!(seen, 4);
}

#[test]
fn what_cannot_work_is_refused_by_the_schema() {
    for (values, told) in [
        (json!({"image": {"repository": ""}}), "set image.repository"),
        (json!({"image": {"tag": ""}}), "set image.tag"),
        (json!({"replicas": 3}), "`replicas`"),
        (json!({"service": {"type": "Loadbalancer"}}), "LoadBalancer"),
        (json!({"service": {"spec": {"ports": []}}}), "service.spec"),
        (json!({"ingress": {"enabled": true}, "service": {"enabled": false}}), "client Service"),
        (json!({"readinessProbe": {"terminationGracePeriodSeconds": 5}}), "readinessProbe"),
        (json!({"podSpec": {"containers": []}}), "podSpec"),
        (json!({"containerSpec": {"image": "x"}}), "containerSpec"),
        (json!({"persistence": [{"name": "data", "size": "1Gi"}]}), "mountPath"),
        (json!({"persistence": [{"name": "data", "mountPath": "data", "size": "1Gi"}]}), "mountPath"),
        (json!({"ports": [{"name": "http", "containerPort": 0}]}), "containerPort"),
        (json!({"image": {"tag": 17.2}}), "image.tag"),
    ] {
        let sources = Sources::new();
        let request = render::Request {
            chart: "builtin:statefulset".to_owned(),
            overrides: overrides(&sources, &[&values]),
            values: Options::default(),
            options: options("web", "prod"),
        };
        let report = render::release(&World::system(), &sources, &request);
        assert!(report.output.is_none() || report.has_errors(), "{values}");
        let said = format!("{:?}", report.diagnostics);
        assert!(said.contains(told), "{values}: {said}");
    }
}
