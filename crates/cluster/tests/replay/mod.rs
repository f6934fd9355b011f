//! Recorded sequences of writes, played against the model.
#![expect(clippy::unwrap_used, reason = "the record is as it is, and the model has to deal with it")]

use plimsoll_cluster::client::{Helm, Kubectl, Request, Run, Verb};
use plimsoll_cluster::server::{ObjectKey, Patch, Server, Status, Subresource, Writer};
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_kube::Version;
use plimsoll_yaml::{Map, Node, ReadOptions, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;

/// The recorded sequences.
pub(crate) fn recorded() -> Vec<Json> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracle/control-plane-apply.jsonl.gz");
    let file = File::open(path).unwrap();
    let rows = serde_json::Deserializer::from_reader(flate2::read::GzDecoder::new(file)).into_iter();
    rows.collect::<Result<_, _>>().unwrap()
}

/// In what a step differs from the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    /// The client sent other requests, or other patches.
    Requests,
    /// Another answer: code, reason or causes.
    Answer,
    /// The client refused something else, or nothing.
    Client,
    /// Other stored objects, their generations among them.
    Stored,
    /// The same answer in other words. Most show a whole struct as Go prints it, or a diff of two.
    Words,
}

/// One difference.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) aspect: Aspect,
    pub(crate) text: String,
}

/// A step that was played.
pub(crate) struct Step {
    pub(crate) op: String,
    pub(crate) differences: Vec<Difference>,
}

/// Plays the sequences on all processors; the steps of each, in the order of the rows.
pub(crate) fn play_all(rows: &[Json]) -> Vec<Vec<Step>> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let chunk = rows.len().div_ceil(workers);
    std::thread::scope(|scope| {
        let handles: Vec<_> = rows
            .chunks(chunk)
            .map(|rows| scope.spawn(|| rows.iter().map(play).collect::<Vec<_>>()))
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    })
}

/// Plays a sequence.
pub(crate) fn play(row: &Json) -> Vec<Step> {
    let namespace = row["namespace"].as_str().unwrap();
    let mut server = server(namespace);
    let mut initial: BTreeSet<ObjectKey> = server.objects().map(|(key, _)| key.clone()).collect();
    let mut helm = Helm::new("rel", namespace);
    let mut steps = Vec::new();
    for step in row["steps"].as_array().unwrap() {
        let op = step["op"].as_str().unwrap();
        let (server_before, helm_before) = (server.clone(), helm.clone());
        let run = send(step, namespace, &mut server, &mut helm);
        let mut differences = Vec::new();
        compare_requests(op, step, &run, &mut differences);
        compare_answers(step, &run, &mut differences);
        compare_client(step, &run, &mut differences);
        compare_stored(step, &server, &initial, &mut differences);
        if let Some(other) = foreign_service(step, &run) {
            // The step has been counted as different. What follows is compared on the cluster that it has revealed.
            (server, helm) = (server_before, helm_before);
            initial.insert(ObjectKey::of(&other).unwrap());
            server.load(&other, "other");
            send(step, namespace, &mut server, &mut helm);
        }
        steps.push(Step { op: op.to_owned(), differences });
    }
    steps
}

/// Plays the requests of a step.
fn send(step: &Json, namespace: &str, server: &mut Server, helm: &mut Helm) -> Run {
    let kubectl = Kubectl { namespace: namespace.to_owned() };
    let sources = Sources::new();
    let manifest = step["manifest"].as_str().unwrap_or_default();
    match step["op"].as_str().unwrap() {
        "apply" => kubectl.apply(server, &sources, manifest),
        "create" => kubectl.create(server, &sources, manifest),
        "replace" => kubectl.replace(server, &sources, manifest),
        "prune" => kubectl.apply_and_prune(server, &sources, manifest, ("app.kubernetes.io/managed", "x")),
        "helm" => helm.upgrade(server, &sources, manifest),
        op @ ("ssa" | "ssaf") => kubectl.apply_server_side(server, &sources, manifest, op == "ssaf"),
        "drift" => drift(server, namespace, step),
        op => panic!("{op}"),
    }
}

/// The Service of another sequence that an answer reveals: it has the address or the node port that a Service of this one
/// asks for. All sequences were recorded on one cluster, and only half of them are in the record.
fn foreign_service(step: &Json, run: &Run) -> Option<Node> {
    let messages = step["errors"].as_array().unwrap().iter().filter_map(|error| error["message"].as_str());
    let is_expected = |message: &str| run.refusals().any(|status| status.message == message);
    let spec = messages.filter(|message| !is_expected(message)).find_map(|message| {
        let between =
            |start: &str, end: &str| message.split_once(start)?.1.split_once(end).map(|(text, _)| text);
        let address = between("failed to allocate IP ", ": provided IP is already allocated");
        let of_address = |address| format!("clusterIP: {address}, clusterIPs: [{address}]");
        let port = || between(".nodePort: Invalid value: ", ": provided port is already allocated");
        let of_port = |port| format!("type: NodePort, ports: [{{port: 80, nodePort: {port}}}]");
        address.map(of_address).or_else(|| port().map(of_port))
    })?;
    let service = format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: other, namespace: other}}, spec: {{{spec}}}}}"
    );
    Some(parse(&service))
}

/// A cluster as it was before each sequence.
fn server(namespace: &str) -> Server {
    let mut server = Server::new(Version::V1_36);
    let before = format!(
        "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: owner-a, namespace: {namespace}}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: owner-b, namespace: {namespace}}}}}
---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: default, namespace: {namespace}}}}}
---
{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: fast-exp}}, provisioner: a/b, allowVolumeExpansion: true}}
---
{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: slow}}, provisioner: a/b}}
"
    );
    let kubectl = Kubectl { namespace: namespace.to_owned() };
    let run = kubectl.create(&mut server, &Sources::new(), &before);
    assert!(run.is_success(), "{run:?}");
    server
}

fn as_map(node: Node) -> Map {
    match node.value {
        Value::Map(map) => map,
        other => panic!("{other:?}"),
    }
}

/// A request by somebody else.
fn drift(server: &mut Server, namespace: &str, step: &Json) -> Run {
    let drift = &step["drift"];
    let text = |key: &str| drift[key].as_str().unwrap();
    let body = node(&drift["body"]);
    let head = format!(
        "{{apiVersion: {}, kind: {}, metadata: {{name: {:?}, namespace: {namespace}}}}}",
        text("apiVersion"),
        text("kind"),
        text("name")
    );
    let key = ObjectKey::of(&parse(&head)).unwrap();
    let subresource = match text("sub") {
        "" => None,
        "scale" => Some(Subresource::Scale),
        "status" => Some(Subresource::Status),
        other => panic!("{other}"),
    };
    let map = if body.as_map().is_some() { as_map(body.clone()) } else { Map::new() };
    let patch = match text("type") {
        "application/strategic-merge-patch+json" => Patch::Strategic(&map),
        "application/merge-patch+json" => Patch::Merge(&map),
        "application/json-patch+json" => Patch::Json(body.items()),
        other => panic!("{other}"),
    };
    let writer = Writer { manager: text("manager"), strict: false };
    // `/apis/GROUP/VERSION/...` or `/api/VERSION/...`: not always the version of the manifest.
    let address = step["requests"][0]["path"].as_str().unwrap_or_default();
    let mut parts = address.split('/').skip(1);
    let api_version = match parts.next() {
        Some("apis") => parts.take(2).collect::<Vec<_>>().join("/"),
        _ => text("apiVersion").to_owned(),
    };
    let answer = server.patch(&api_version, &key, patch, subresource, writer);
    let request = Request { verb: Verb::Patch, key, patch: None, answer };
    Run { requests: vec![request], ..Run::default() }
}

fn parse(text: &str) -> Node {
    let sources = Sources::new();
    let source = sources.add("a.json", text, SourceKind::Stdin);
    let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
    let mut root = report.output.unwrap().remove(0).root;
    plimsoll_kube::patch::as_json(&mut root);
    root
}

/// JSON as a tree.
pub(crate) fn node(json: &Json) -> Node {
    match json {
        Json::Null => Node::bare(Value::Null),
        Json::Bool(flag) => Node::bare(*flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Node::bare(number.as_f64().unwrap()), Node::bare)
        }
        Json::String(text) => Node::bare(text.as_str()),
        Json::Array(items) => Node::bare(items.iter().map(node).collect::<Vec<_>>()),
        Json::Object(map) => {
            let mut out = Map::new();
            for (key, value) in map {
                out.insert(key.as_str(), plimsoll_diag::Span::NONE, node(value));
            }
            Node::bare(out)
        }
    }
}

fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "POST",
        Verb::Patch => "PATCH",
        Verb::Replace => "PUT",
        Verb::Delete => "DELETE",
    }
}

fn compare_requests(op: &str, step: &Json, run: &Run, differences: &mut Vec<Difference>) {
    let mut push = |text| differences.push(Difference { aspect: Aspect::Requests, text });
    let recorded = step["requests"].as_array().unwrap();
    // Helm keeps its records in Secrets.
    let recorded: Vec<&Json> =
        recorded.iter().filter(|one| one["ct"] != "application/vnd.kubernetes.protobuf").collect();
    let shown = |method: &str, path: &str| format!("{method} {path}");
    let theirs: Vec<String> = recorded
        .iter()
        .map(|one| {
            shown(one["m"].as_str().unwrap(), one["path"].as_str().unwrap().rsplit('/').next().unwrap())
        })
        .collect();
    let ours: Vec<String> = run
        .requests
        .iter()
        .map(|request| {
            let plural = plimsoll_kube::schema::kinds().iter().find(|kind| kind.kind == request.key.kind);
            let last = match request.verb {
                Verb::Create => plural.unwrap().plural,
                _ => request.key.name.as_str(),
            };
            shown(verb(request.verb), last)
        })
        .collect();
    if op != "drift" && ours != theirs {
        push(format!("sent {ours:?}\n  recorded {theirs:?}"));
        return;
    }
    for (request, recorded) in run.requests.iter().zip(recorded) {
        let (Some(ours), Some(theirs)) = (&request.patch, recorded.get("body")) else { continue };
        let theirs = node(theirs);
        let ours = Node::bare(ours.clone());
        if ours != theirs {
            push(format!("patch {}\n  recorded {}", json(&ours), json(&theirs)));
        }
    }
}

/// A message without the value if that is a map: Go prints all fields of its type.
fn without_dump(message: &str) -> String {
    let message = message.split("\n@@").next().unwrap();
    let Some((head, rest)) = message.split_once(": {") else { return message.to_owned() };
    let detail = rest.rfind("}: ").map_or("", |end| &rest[end + 3..]);
    if detail.is_empty() { head.to_owned() } else { format!("{head}: null: {detail}") }
}

type Cause = (String, String, String);

fn compare_answers(step: &Json, run: &Run, differences: &mut Vec<Difference>) {
    let causes = |status: &Status| -> BTreeSet<Cause> {
        let causes = status.causes.iter();
        causes
            .filter(|cause| cause.field != "patch")
            .map(|cause| (cause.field.clone(), cause.reason.to_owned(), without_dump(&cause.message)))
            .collect()
    };
    let ours: Vec<(u64, String, BTreeSet<Cause>)> = run
        .refusals()
        .map(|status| (u64::from(status.code), status.reason.to_owned(), causes(status)))
        .collect();
    let theirs: Vec<(u64, String, BTreeSet<Cause>)> = step["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            let causes = error["causes"].as_array().into_iter().flatten();
            let causes = causes
                .filter(|cause| cause["field"] != "patch")
                .map(|cause| {
                    (text(&cause["field"]), text(&cause["reason"]), without_dump(&text(&cause["message"])))
                })
                .collect();
            (error["code"].as_u64().unwrap(), text(&error["reason"]), causes)
        })
        .collect();
    if ours == theirs {
        for (status, error) in run.refusals().zip(step["errors"].as_array().unwrap()) {
            let theirs = error["message"].as_str().unwrap();
            if status.message != theirs {
                let text = format!("said {}\n  recorded {theirs}", status.message);
                differences.push(Difference { aspect: Aspect::Words, text });
            }
        }
    } else {
        let messages: Vec<&str> = run.refusals().map(|status| status.message.as_str()).collect();
        let text = format!("answered {ours:?}\n  recorded {theirs:?}\n  messages {messages:?}");
        differences.push(Difference { aspect: Aspect::Answer, text });
    }
}

fn compare_client(step: &Json, run: &Run, differences: &mut Vec<Difference>) {
    let recorded = step["client_error"].as_str().unwrap_or_default();
    // Warnings and the answers of the server are recorded there as well.
    let refused = ["unable to decode", "no matches for kind", "creating patch with", "no objects passed"];
    let core = |text: &str| {
        let start = refused.iter().filter_map(|phrase| text.find(phrase)).min();
        let text = start.map_or("", |start| &text[start..]);
        text.split_once("json: ").map_or(text, |(_, text)| text).lines().next().unwrap_or_default().to_owned()
    };
    let theirs = core(recorded);
    let ours = run.errors.first().map(|error| core(&error.message)).unwrap_or_default();
    let is_patch = |text: &str| text.starts_with("creating patch with");
    if ours != theirs && !(is_patch(&ours) && is_patch(&theirs)) {
        let text = format!("client said {:?}\n  recorded {recorded:?}", run.errors);
        differences.push(Difference { aspect: Aspect::Client, text });
    }
}

fn compare_stored(
    step: &Json,
    server: &Server,
    initial: &BTreeSet<ObjectKey>,
    differences: &mut Vec<Difference>,
) {
    let theirs = step["stored"].as_object().unwrap();
    let mut ours: Vec<(String, Node)> = server
        .objects()
        .filter(|(key, _)| !initial.contains(*key))
        .map(|(key, object)| (format!("{}/{}", key.kind, key.name), server.with_placeholders(object)))
        .collect();
    let mut text = String::new();
    for (name, object) in &mut ours {
        comparable(object);
        match theirs.get(name.as_str()) {
            None => {
                let _ = writeln!(text, "{name} is stored and is not in the record");
            }
            Some(recorded) => {
                let mut recorded = node(recorded);
                comparable(&mut recorded);
                difference(name, Some(object), Some(&recorded), &mut text);
            }
        }
    }
    for name in theirs.keys().filter(|name| ours.iter().all(|(other, _)| other != *name)) {
        let _ = writeln!(text, "{name} is recorded and not stored");
    }
    if !text.is_empty() {
        differences.push(Difference { aspect: Aspect::Stored, text });
    }
}

/// Takes out what another run of the recorder would show differently.
fn comparable(object: &mut Node) {
    let Some(map) = object.as_map_mut() else { return };
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
        metadata.remove("deletionTimestamp");
    }
    let spec = map.get_mut("spec").and_then(Node::as_map_mut);
    // A random name, and the recorder's server mounts one more file.
    let is_token = |node: &Node| {
        node.get("name").and_then(Node::as_str).is_some_and(|name| name.starts_with("kube-api-access-"))
    };
    if let Some(spec) = spec {
        for list in ["volumes"] {
            if let Some(Node { value: Value::Seq(items), .. }) = spec.get_mut(list) {
                items.retain(|item| !is_token(item));
            }
        }
        for list in ["containers", "initContainers"] {
            let Some(Node { value: Value::Seq(items), .. }) = spec.get_mut(list) else { continue };
            for container in items.iter_mut().filter_map(Node::as_map_mut) {
                if let Some(Node { value: Value::Seq(mounts), .. }) = container.get_mut("volumeMounts") {
                    mounts.retain(|item| !is_token(item));
                }
            }
        }
    }
}

/// Writes where two trees differ.
fn difference(path: &str, ours: Option<&Node>, theirs: Option<&Node>, out: &mut String) {
    match (ours, theirs) {
        (Some(Node { value: Value::Map(ours), .. }), Some(Node { value: Value::Map(theirs), .. })) => {
            let keys: BTreeSet<&str> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                difference(&format!("{path}.{key}"), ours.get(key), theirs.get(key), out);
            }
        }
        (Some(Node { value: Value::Seq(ours), .. }), Some(Node { value: Value::Seq(theirs), .. }))
            if ours.len() == theirs.len() =>
        {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                difference(&format!("{path}[{index}]"), Some(ours), Some(theirs), out);
            }
        }
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => {
            let shown = |node: Option<&Node>| node.map_or_else(|| "nothing".to_owned(), json);
            let _ = writeln!(out, "{path}: stored {}, recorded {}", shown(ours), shown(theirs));
        }
    }
}

fn json(node: &Node) -> String {
    plimsoll_yaml::emit::format_json(node)
}
