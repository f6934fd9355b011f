//! Laws of the model over random manifests: lists with repeated keys, and changes by others in between.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use plimsoll_cluster::client::{Kubectl, Run};
use plimsoll_cluster::server::{ObjectKey, Patch, Server, Writer};
use plimsoll_diag::{Severity, SourceKind, Sources, Span};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::patch::strategic;
use plimsoll_kube::{Version, merge::Position, validate_for, validation::Operation};
use plimsoll_yaml::{Map, Node, ReadOptions, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn kubectl() -> Kubectl {
    Kubectl { namespace: "shop".to_owned() }
}

fn parse(text: &str) -> Node {
    let sources = Sources::new();
    let source = sources.add("a.yaml", text, SourceKind::Stdin);
    plimsoll_yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap().remove(0).root
}

fn map(text: &str) -> Map {
    match parse(text).value {
        Value::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

/// Lists in which keys are often the same.
fn lists() -> impl Strategy<Value = (String, String, String)> {
    let ports = prop::collection::vec((0..3, prop::bool::ANY, 0..3), 1..5).prop_map(|ports| {
        let port = |(number, udp, name): (i32, bool, i32)| {
            let protocol = if udp { "UDP" } else { "TCP" };
            format!("{{name: p{name}, port: {}, protocol: {protocol}}}", 80 + number)
        };
        ports.into_iter().map(port).collect::<Vec<_>>().join(", ")
    });
    let env = prop::collection::vec((0..3, 0..3), 0..5).prop_map(|env| {
        let variable = |(name, value)| format!("{{name: V{name}, value: v{value}}}");
        env.into_iter().map(variable).collect::<Vec<_>>().join(", ")
    });
    let finalizers = prop::collection::vec(0..3, 0..4).prop_map(|items| {
        items.into_iter().map(|item| format!("a.b/f{item}")).collect::<Vec<_>>().join(", ")
    });
    (ports, env, finalizers)
}

fn manifests((ports, env, finalizers): &(String, String, String)) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: web, labels: {{team: x}}}}, spec: {{selector: {{app: web}}, ports: [{ports}]}}}}
---
{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: web, labels: {{team: x}}, finalizers: [{finalizers}]}}, spec: {{
  serviceName: web, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{
    containers: [{{name: a, image: nginx, env: [{env}]}}]}}}}}}}}
"
    )
}

/// What somebody else does to an object.
fn drift() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{metadata: {labels: {drift: x}}}",
        "{metadata: {annotations: {drift: x}}}",
        "{metadata: {finalizers: [a.b/ops]}}",
        "{spec: {ports: [{name: ops, port: 7777}]}}",
        "{spec: {externalIPs: [198.51.100.9]}}",
        "{spec: {replicas: 4}}",
        "{spec: {template: {spec: {containers: [{name: a, env: [{name: V0, value: drift}]}]}}}}",
        "{spec: {template: {spec: {containers: [{name: b, image: envoy}]}}}}",
        "{spec: {updateStrategy: {type: OnDelete, rollingUpdate: null}}}",
        "{spec: {type: NodePort}}",
    ])
}

fn interfere(server: &mut Server, patch: &str) {
    let keys: Vec<ObjectKey> = server.objects().map(|(key, _)| key.clone()).collect();
    for key in keys {
        let api_version = if key.group.is_empty() { "v1" } else { "apps/v1" };
        let writer = Writer { manager: "ops", strict: true };
        // It may be refused: then nothing changes.
        let _ = server.patch(api_version, &key, Patch::Strategic(&map(patch)), None, writer);
    }
}

/// Whether the server would take every stored object as an update of itself.
fn is_valid(server: &Server) -> bool {
    server.objects().all(|(_, root)| {
        let text = |path: &[&str]| root.at(path).and_then(Node::as_str).unwrap().to_owned();
        let object = Object {
            span: Span::NONE,
            api_version: text(&["apiVersion"]),
            kind: text(&["kind"]),
            name: text(&["metadata", "name"]),
            namespace: Some("shop".to_owned()),
            template: String::new(),
            root: root.clone().into(),
        };
        let findings = validate_for(Operation::Update, &object, server.version());
        findings.iter().all(|finding| finding.severity() != Severity::Error)
    })
}

fn stored(server: &Server) -> Vec<(ObjectKey, Node)> {
    server.objects().map(|(key, object)| (key.clone(), object.clone())).collect()
}

fn writes(run: &Run) -> usize {
    run.requests.iter().filter(|request| request.answer.as_ref().is_ok_and(|written| written.changed)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is stored was validated, whatever was sent and by whom; what is refused changes nothing.
    #[test]
    fn stored_objects_are_valid(old in lists(), new in lists(), patches in prop::collection::vec(drift(), 0..3)) {
        let mut server = Server::new(Version::V1_36);
        kubectl().apply(&mut server, &Sources::new(), &manifests(&old));
        prop_assert!(is_valid(&server));
        for patch in patches {
            interfere(&mut server, patch);
            prop_assert!(is_valid(&server), "{patch}");
        }
        let before = stored(&server);
        let run = kubectl().apply(&mut server, &Sources::new(), &manifests(&new));
        prop_assert!(is_valid(&server));
        for request in run.requests.iter().filter(|request| request.answer.is_err()) {
            let object = before.iter().find(|(key, _)| *key == request.key).map(|(_, object)| object);
            prop_assert_eq!(server.object(&request.key), object);
        }
    }

    /// Manifests without repeated keys that were accepted once are accepted again, and nothing is written.
    #[test]
    fn applying_twice_changes_nothing(ports in prop::collection::btree_set(0..5, 1..4), env in prop::collection::btree_set(0..5, 0..4), patch in drift()) {
        let ports: Vec<String> = ports.iter().map(|n| format!("{{name: p{n}, port: {}}}", 80 + n)).collect();
        let env: Vec<String> = env.iter().map(|n| format!("{{name: V{n}, value: x}}")).collect();
        let text = manifests(&(ports.join(", "), env.join(", "), "a.b/f".to_owned()));
        let mut server = Server::new(Version::V1_36);
        prop_assert!(kubectl().apply(&mut server, &Sources::new(), &text).is_success());
        let again = kubectl().apply(&mut server, &Sources::new(), &text);
        // An empty list is sent again and again: the server does not keep it.
        prop_assert_eq!(writes(&again), 0);
        interfere(&mut server, patch);
        let run = kubectl().apply(&mut server, &Sources::new(), &text);
        prop_assert!(run.is_success(), "{:?}", run);
        prop_assert_eq!(writes(&kubectl().apply(&mut server, &Sources::new(), &text)), 0);
        prop_assert!(kubectl().apply_server_side(&mut server, &Sources::new(), &text, true).is_success());
        prop_assert_eq!(writes(&kubectl().apply_server_side(&mut server, &Sources::new(), &text, false)), 0);
    }

    /// Of the kinds that are pruned exactly the objects of the manifests are left.
    #[test]
    fn pruning_leaves_the_manifests(old in prop::collection::btree_set(0..6, 1..6), new in prop::collection::btree_set(0..6, 1..6)) {
        let text = |names: &BTreeSet<i32>| -> String {
            let one = |n: &i32| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{n}, labels: {{team: x}}}}}}");
            names.iter().map(one).collect::<Vec<_>>().join("\n---\n")
        };
        let mut server = Server::new(Version::V1_36);
        let prune = |server: &mut Server, names| {
            kubectl().apply_and_prune(server, &Sources::new(), &text(names), ("team", "x"))
        };
        prop_assert!(prune(&mut server, &old).is_success());
        prop_assert!(prune(&mut server, &new).is_success());
        let names: BTreeSet<String> = server.objects().map(|(key, _)| key.name.clone()).collect();
        prop_assert_eq!(names, new.iter().map(|n| format!("c{n}")).collect::<BTreeSet<_>>());
    }

    /// A patch between two manifests without repeated keys, applied to the first, gives the second.
    #[test]
    fn a_patch_leads_to_what_it_was_made_for(old in prop::collection::btree_map(0..5, 0..3, 0..5), new in prop::collection::btree_map(0..5, 0..3, 0..5)) {
        let object = |env: &std::collections::BTreeMap<i32, i32>| {
            let env: Vec<String> = env.iter().map(|(name, value)| format!("{{name: V{name}, value: v{value}}}")).collect();
            map(&format!("{{spec: {{containers: [{{name: a, env: [{}]}}]}}}}", env.join(", ")))
        };
        let (old, new) = (object(&old), object(&new));
        let root = Position::root("v1", "Pod", Version::V1_36);
        let patch = strategic::create_three_way(root, &old, &new, &old).unwrap();
        prop_assert_eq!(strategic::apply(root, old, patch).unwrap(), new);
    }
}
