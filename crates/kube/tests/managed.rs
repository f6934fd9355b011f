//! Server-side apply and field ownership, against the recorded answers of a real API server.
//!
//! Replays the sequences of `tests/oracle/control-plane-apply.jsonl.gz` with the stored objects as recorded and the owners
//! as computed here. What the server does around it (validation, allocation, controllers) is not modelled: where that
//! shows, the recorded object says what became of it.

use plimsoll_diag::{SourceKind, Sources, Span};
use plimsoll_kube::managed::{
    self, Applied, ApplyError, LAST_APPLIED_ANNOTATION as LAST_APPLIED, Managed, Target,
};
use plimsoll_kube::{Version, defaults, schema};
use plimsoll_yaml::{Map, Node, ReadOptions, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// An object as the server holds it.
#[derive(Clone)]
struct Stored {
    object: Node,
    owners: Managed,
}

/// What was compared, and what did not hold.
#[derive(Default)]
struct Tally {
    equal: BTreeMap<&'static str, usize>,
    mistakes: Vec<String>,
}

impl Tally {
    fn check(&mut self, what: &'static str, place: &str, mistake: Option<String>) {
        match mistake {
            None => *self.equal.entry(what).or_default() += 1,
            Some(mistake) => self.mistakes.push(format!("{place}: {what}: {mistake}")),
        }
    }
}

/// The recorded sequences that have a server-side apply.
fn recorded() -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/control-plane-apply.jsonl.gz");
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let rows = text.lines().filter(|line| line.contains("application/apply-patch+yaml"));
    rows.map(|row| serde_json::from_str(row).expect("JSON")).collect()
}

/// A recorded value. Allocated ports stand there as text.
fn node(value: &Json) -> Node {
    match value {
        Json::Null => Node::bare(Value::Null),
        Json::Bool(flag) => Node::bare(*flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Node::bare(number.as_f64().expect("a number")), Node::bare)
        }
        Json::String(text) => {
            match text.strip_prefix("<allocated-port-").and_then(|text| text.strip_suffix('>')) {
                Some(number) => Node::bare(32_000 + number.parse::<i64>().expect("a number")),
                None => Node::bare(text.as_str()),
            }
        }
        Json::Array(items) => Node::bare(items.iter().map(node).collect::<Vec<_>>()),
        Json::Object(object) => {
            let mut map = Map::new();
            for (key, value) in object {
                map.insert(key.as_str(), Span::NONE, node(value));
            }
            Node::bare(map)
        }
    }
}

/// The documents of a manifest; none if it is not sound.
fn documents(text: &str) -> Vec<Node> {
    let sources = Sources::new();
    let source = sources.add("manifest.yaml", text, SourceKind::File);
    let read = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap_or_default();
    read.into_iter().map(|document| document.root).filter(|root| root.as_map().is_some()).collect()
}

/// A value, as YAML.
fn value(text: &str) -> Node {
    documents(text).pop().unwrap_or_else(|| Node::bare(text.parse::<i64>().expect("a map or a number")))
}

fn text<'a>(node: &'a Node, path: &[&str]) -> &'a str {
    node.at(path).and_then(Node::as_str).unwrap_or_default()
}

fn key(object: &Node) -> String {
    format!("{}/{}", text(object, &["kind"]), text(object, &["metadata", "name"]))
}

fn map_at<'a>(object: &'a mut Node, path: &[&str]) -> Option<&'a mut Map> {
    path.iter().try_fold(object.as_map_mut()?, |map, key| map.get_mut(key)?.as_map_mut())
}

/// Whether a request went to the object.
fn goes_to(request: &Json, object: &Node) -> bool {
    let Some(kind) = schema::kind(text(object, &["apiVersion"]), text(object, &["kind"])) else {
        return false;
    };
    let path = request["path"].as_str().expect("a path");
    let collection = format!("/{}", kind.plural);
    let item = format!("{collection}/{}", text(object, &["metadata", "name"]));
    if request["m"] == "POST" {
        path.ends_with(&collection)
    } else {
        path.ends_with(&item) || path.contains(&(item + "/"))
    }
}

/// The object as the server keeps it after `object` was written, as far as that follows from it.
fn stored_form(object: &Node) -> Node {
    let api_version = text(object, &["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let kind = text(object, &["kind"]);
    let note = object.at(&["metadata", "annotations", LAST_APPLIED]).cloned();
    let mut form = object.clone();
    schema::decode_nulls(api_version, kind, Version::DEFAULT, &mut form);
    drop_server_made(&mut form);
    defaults::store(group, kind, &mut form);
    defaults::apply_gates(Version::DEFAULT, group, kind, &mut form);
    // What the server allocates, and drops with the type of a Service.
    if let (Some(spec), "Service") = (map_at(&mut form, &["spec"]), kind) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
            spec.remove(field);
        }
        for field in ["allocateLoadBalancerNodePorts", "externalTrafficPolicy", "internalTrafficPolicy"] {
            spec.remove(field);
        }
        if let Some(Value::Seq(ports)) = spec.get_mut("ports").map(|node| &mut node.value) {
            ports.iter_mut().filter_map(Node::as_map_mut).for_each(|port| {
                port.remove("nodePort");
            });
        }
    }
    if let (Some(note), Some(root)) = (note, form.as_map_mut()) {
        let annotations = defaults::ensure_map(defaults::ensure_map(root, "metadata"), "annotations");
        annotations.insert(LAST_APPLIED, Span::NONE, note);
    }
    form
}

/// Drops what the server writes into an object of its own accord.
fn drop_server_made(object: &mut Node) {
    let made = |name: &str| name.starts_with("kube-api-access-") || name.starts_with("node.kubernetes.io/");
    let named = |node: &Node, key: &str| made(text(node, &[key]));
    let drop_items = |map: &mut Map, list: &str, is_made: &dyn Fn(&Node) -> bool| {
        if let Some(Value::Seq(items)) = map.get_mut(list).map(|node| &mut node.value) {
            items.retain(|item| !is_made(item));
            if items.is_empty() {
                map.remove(list);
            }
        }
    };
    let kind = text(object, &["kind"]).to_owned();
    if let Some(metadata) = map_at(object, &["metadata"]) {
        drop_items(metadata, "finalizers", &|item| item.as_str() == Some("kubernetes.io/pvc-protection"));
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
            annotations.remove("deprecated.daemonset.template.generation");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    match kind.as_str() {
        "Job" => {
            if let Some(spec) = map_at(object, &["spec"]) {
                spec.remove("selector");
            }
            if let Some(metadata) = map_at(object, &["spec", "template", "metadata"])
                && let Some(labels) = metadata.get_mut("labels").and_then(Node::as_map_mut)
            {
                labels.retain(|entry| !JOB_LABELS.contains(&entry.key.as_str()));
                if labels.is_empty() {
                    metadata.remove("labels");
                }
            }
        }
        "Pod" => {
            let Some(spec) = map_at(object, &["spec"]) else { return };
            for field in ["priority", "preemptionPolicy", "serviceAccount", "serviceAccountName"] {
                spec.remove(field);
            }
            drop_items(spec, "tolerations", &|item| named(item, "key"));
            drop_items(spec, "volumes", &|item| named(item, "name"));
            for list in ["containers", "initContainers"] {
                if let Some(Value::Seq(items)) = spec.get_mut(list).map(|node| &mut node.value) {
                    for container in items.iter_mut().filter_map(Node::as_map_mut) {
                        drop_items(container, "volumeMounts", &|item| named(item, "name"));
                    }
                }
            }
        }
        _ => {}
    }
}

/// The labels that the server gives to the pods of a Job.
const JOB_LABELS: [&str; 4] =
    ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// The object as a request left it, before the server allocated anything: what is neither in the request nor was there
/// before is the server's.
fn as_requested(new: &Node, old: Option<&Node>, request: &Node) -> Node {
    let mut object = new.clone();
    let known = |path: &[&str]| request.at(path).is_some() || old.is_some_and(|old| old.at(path).is_some());
    let mut allocated: Vec<(&[&str], &str)> =
        vec![(&["metadata", "annotations"], "deployment.kubernetes.io/revision")];
    match text(new, &["kind"]) {
        "Service" => {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"] {
                allocated.push((&["spec"], field));
            }
        }
        "Job" => {
            allocated.push((&["spec"], "selector"));
            for label in [
                "controller-uid",
                "job-name",
                "batch.kubernetes.io/controller-uid",
                "batch.kubernetes.io/job-name",
            ] {
                allocated.push((&["spec", "template", "metadata", "labels"], label));
            }
        }
        "PersistentVolumeClaim" => allocated.push((&["metadata"], "finalizers")),
        _ => {}
    }
    for (holder, field) in allocated {
        let path: Vec<&str> = holder.iter().copied().chain([field]).collect();
        if !known(&path)
            && let Some(map) = map_at(&mut object, holder)
        {
            map.remove(field);
        }
    }
    // Dropped by a feature gate after the field manager has seen it.
    let gated = ["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"];
    if let ("StatefulSet", Some(value), Some(rolling)) =
        (text(new, &["kind"]), request.at(&gated), map_at(&mut object, &gated[..3]))
    {
        rolling.insert(gated[3], Span::NONE, value.clone());
    }
    if text(new, &["kind"]) == "Service" {
        let with_port: Vec<Node> = [Some(request), old]
            .into_iter()
            .flatten()
            .flat_map(|object| object.at(&["spec", "ports"]).map(Node::items).unwrap_or_default())
            .filter(|port| port.get("nodePort").is_some())
            .map(|port| port.get("port").cloned().unwrap_or(Node::bare(0)))
            .collect();
        if let Some(Value::Seq(ports)) =
            map_at(&mut object, &["spec"]).and_then(|spec| spec.get_mut("ports")).map(|node| &mut node.value)
        {
            for port in ports.iter_mut().filter_map(Node::as_map_mut) {
                if !port.get("port").is_some_and(|number| with_port.contains(number)) {
                    port.remove("nodePort");
                }
            }
        }
    }
    object
}

/// The lines of an error message in a fixed order, and without the name of a field that the schema does not have: the
/// server walks over maps in a random order, and stops at the first such field.
fn lines(message: &str) -> Vec<String> {
    let line = |line: &str| match line.trim().strip_suffix(": field not declared in schema") {
        Some(path) => format!("{}: undeclared", path.rsplit_once('.').map_or(path, |(holder, _)| holder)),
        None => line.trim().to_owned(),
    };
    let mut lines: Vec<String> = message.lines().map(line).collect();
    lines.sort();
    lines
}

fn causes(causes: &Json) -> Vec<(String, String, String)> {
    let text = |cause: &Json, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    let causes = causes.as_array().into_iter().flatten();
    let mut causes: Vec<_> =
        causes.map(|cause| (text(cause, "field"), text(cause, "reason"), text(cause, "message"))).collect();
    causes.sort();
    causes
}

/// An object in another version of its API, as far as autoscalers go: those of version 1 keep in an annotation what they
/// have no field for. Like the server's, the result has the fields that are never absent.
fn convert(object: &Node, from: &str, to: &str) -> Option<Node> {
    const OTHERS: &str = "autoscaling.alpha.kubernetes.io/others";
    const UTILIZATION: &str = "targetCPUUtilizationPercentage";
    let mut object = object.clone();
    let root = object.as_map_mut()?;
    root.insert("apiVersion", Span::NONE, Node::bare(to));
    let annotations =
        root.get_mut("metadata").and_then(|node| node.as_map_mut()?.get_mut("annotations")?.as_map_mut());
    let others = annotations.and_then(|annotations| annotations.remove(OTHERS));
    let spec = defaults::ensure_map(root, "spec");
    for (field, zero) in [("maxReplicas", "0"), ("scaleTargetRef", "{kind: '', name: ''}")] {
        if !spec.contains_key(field) {
            spec.insert(field, Span::NONE, value(zero));
        }
    }
    if (from, to) == ("autoscaling/v2", "autoscaling/v1") {
        let percent = |metric: &Node| {
            let is_cpu = text(metric, &["resource", "name"]) == "cpu";
            metric.at(&["resource", "target", "averageUtilization"]).filter(|_| is_cpu).cloned()
        };
        let metrics = spec.remove("metrics").map(|entry| entry.value.items().to_vec()).unwrap_or_default();
        if let Some(percent) = metrics.iter().find_map(percent) {
            spec.insert(UTILIZATION, Span::NONE, percent);
        }
        let mut others = Map::new();
        let metrics: Vec<Node> = metrics.into_iter().filter(|metric| percent(metric).is_none()).collect();
        if !metrics.is_empty() {
            others.insert("metrics", Span::NONE, Node::bare(metrics));
        }
        if let Some(behavior) = spec.remove("behavior") {
            others.insert("behavior", Span::NONE, behavior.value);
        }
        if !others.is_empty() {
            let annotations = defaults::ensure_map(defaults::ensure_map(root, "metadata"), "annotations");
            let others = plimsoll_yaml::emit::flow_json(&Node::bare(others));
            annotations.insert(OTHERS, Span::NONE, Node::bare(others));
        }
    } else {
        let others =
            others.map_or(Node::bare(Value::Null), |entry| value(entry.value.as_str().unwrap_or_default()));
        let mut metrics = others.get("metrics").map(Node::items).unwrap_or_default().to_vec();
        if let Some(percent) = spec.remove(UTILIZATION) {
            let mut metric = value("{type: Resource, resource: {name: cpu, target: {type: Utilization}}}");
            let target = map_at(&mut metric, &["resource", "target"]).expect("a target");
            target.insert("averageUtilization", Span::NONE, percent.value);
            metrics.push(metric);
        }
        spec.insert("metrics", Span::NONE, Node::bare(metrics));
        if let Some(behavior) = others.get("behavior") {
            spec.insert("behavior", Span::NONE, behavior.clone());
        }
    }
    Some(object)
}

/// The recorded object, which is in the version that is stored, in another one.
fn in_version(object: &Node, api_version: &str) -> Node {
    let stored = text(object, &["apiVersion"]);
    if stored == api_version {
        object.clone()
    } else {
        convert(object, stored, api_version).expect("an object")
    }
}

/// What the server adds to manifests by way of helm.
fn as_helm_sends(manifest: &Node, namespace: &str) -> Node {
    let mut object = manifest.clone();
    if let Some(root) = object.as_map_mut() {
        let metadata = defaults::ensure_map(root, "metadata");
        let mut set = |map: &str, key: &str, value: &str| {
            defaults::ensure_map(metadata, map).insert(key, Span::NONE, Node::bare(value));
        };
        set("labels", "app.kubernetes.io/managed-by", "Helm");
        set("annotations", "meta.helm.sh/release-name", "rel");
        set("annotations", "meta.helm.sh/release-namespace", namespace);
    }
    object
}

fn target<'a>(object: &'a Node, subresource: &'a str) -> Target<'a> {
    let (api_version, kind) = (text(object, &["apiVersion"]), text(object, &["kind"]));
    Target { subresource, convert, ..Target::new(api_version, kind, Version::DEFAULT) }
}

/// Somebody who applies a configuration.
struct Client<'a> {
    target: Target<'a>,
    manager: &'a str,
    config: Node,
    force: bool,
}

impl Client<'_> {
    fn apply(&self, live: Option<&Node>, owners: &Managed) -> Result<Applied, ApplyError> {
        managed::apply(&self.target, live, owners, &self.config, self.manager, self.force)
    }

    /// The client that applies nothing but the annotation of client-side apply.
    fn keep_note(&self, note: Node) -> Self {
        let mut config = Map::new();
        config.insert("apiVersion", Span::NONE, Node::bare(self.target.api_version));
        config.insert("kind", Span::NONE, Node::bare(self.target.kind));
        let annotations = defaults::ensure_map(defaults::ensure_map(&mut config, "metadata"), "annotations");
        annotations.insert(LAST_APPLIED, Span::NONE, note);
        Self { config: Node::bare(config), manager: managed::LAST_APPLIED_MANAGER, force: false, ..*self }
    }
}

struct Replay<'a> {
    row: &'a Json,
    cluster: BTreeMap<String, Stored>,
    tally: &'a mut Tally,
}

impl Replay<'_> {
    fn step(&mut self, index: usize, step: &Json) {
        let place = format!("{} step {index}", self.row["id"].as_str().unwrap_or_default());
        let op = step["op"].as_str().expect("an op");
        let stored: BTreeMap<String, Node> = step["stored"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), node(value)))
            .collect();
        let manifests = match op {
            "drift" => vec![drifted(&step["drift"])],
            _ => documents(step["manifest"].as_str().unwrap_or_default()),
        };
        for manifest in manifests {
            let requests: Vec<&Json> = step["requests"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|request| goes_to(request, &manifest) && request["m"] != "DELETE")
                .collect();
            let Some(request) = requests.first() else { continue };
            let key = key(&manifest);
            let after = stored.get(&key);
            match op {
                "ssa" | "ssaf" | "helm" => self.apply(op, &place, &manifest, step, &requests),
                _ => self.write(&manifest, request, &step["drift"], after),
            }
        }
        // Whatever else happened.
        self.cluster.retain(|key, _| stored.contains_key(key));
        for (key, object) in stored {
            if let Some(known) = self.cluster.get_mut(&key) {
                known.object = object;
            }
        }
    }

    /// Any write but a server-side apply.
    fn write(&mut self, request_body: &Node, request: &Json, drift: &Json, after: Option<&Node>) {
        let accepted = request["code"].as_u64().is_some_and(|code| code < 300);
        let (true, Some(after)) = (accepted, after) else { return };
        let key = key(after);
        let before = self.cluster.get(&key).cloned();
        // The request, too, is in the stored version: only autoscalers have others, and those hardly differ.
        let target = target(after, drift["sub"].as_str().unwrap_or_default());
        let query = request["query"].as_str().unwrap_or_default();
        let manager =
            query.split('&').find_map(|part| part.strip_prefix("fieldManager=")).unwrap_or_default();
        let mut old = before.as_ref().map(|stored| stored.object.clone());
        if let (Some(root), "status") = (old.as_mut().and_then(Node::as_map_mut), target.subresource) {
            defaults::ensure_map(root, "status");
        }
        let old = old.as_ref();
        let mut new = as_requested(after, old, request_body);
        if let (Some(status), Some(root)) = (drift["body"].get("status"), new.as_map_mut()) {
            root.insert("status", Span::NONE, node(status));
        }
        let owners = before.as_ref().map_or_else(Managed::default, |stored| stored.owners.clone());
        let owners = managed::update(&target, old, &owners, &new, manager);
        self.cluster.insert(key, Stored { object: after.clone(), owners });
    }

    fn apply(&mut self, op: &str, place: &str, manifest: &Node, step: &Json, requests: &[&Json]) {
        let namespace = self.row["namespace"].as_str().unwrap_or_default();
        let config = if op == "helm" { as_helm_sends(manifest, namespace) } else { manifest.clone() };
        let client = Client {
            target: target(manifest, ""),
            manager: if op == "helm" { "helm" } else { "kubectl" },
            config,
            force: op == "ssaf",
        };
        let (key, api_version) = (key(manifest), client.target.api_version);
        let before = self.cluster.get(&key).cloned();
        let live = before.as_ref().map(|stored| in_version(&stored.object, api_version));
        let owners = before.map_or_else(Managed::default, |stored| stored.owners);
        let place = format!("{place} {key}");
        let code = requests[0]["code"].as_u64().unwrap_or_default();
        let path = &requests[0]["path"];
        let error = step["errors"].as_array().into_iter().flatten().find(|error| error["path"] == *path);
        let message = error.and_then(|error| error["message"].as_str()).unwrap_or_default();
        let refuses_patch =
            message.starts_with("failed to create typed ") || message.starts_with("Apply failed");
        match (client.apply(live.as_ref(), &owners), refuses_patch) {
            (Err(answer), true) => self.compare_answers(&place, &answer, error.expect("an error"), code),
            (Err(answer), false) => {
                self.tally.check("accepted", &place, Some(format!("{answer}\n  recorded: {code} {message}")));
            }
            (Ok(_), true) => self.tally.check("refused", &place, Some(format!("recorded: {message}"))),
            // The server refuses the merged object.
            (Ok(_), false) if code >= 300 => self.tally.check("no conflict", &place, None),
            (Ok(applied), false) => {
                let applied =
                    if op == "helm" { applied } else { self.take_over(&place, &client, applied, requests) };
                let after = node(&step["stored"][&key]);
                let (ours, theirs) =
                    (stored_form(&applied.object), stored_form(&in_version(&after, api_version)));
                let differs = ours != theirs;
                let what = if live.is_some() { "merged" } else { "created" };
                self.tally.check(what, &place, differs.then(|| difference(&ours, &theirs)));
                self.cluster.insert(key, Stored { object: after, owners: applied.managed });
            }
        }
    }

    /// What `kubectl apply --server-side` does after its first apply of an object of client-side apply.
    fn take_over(
        &mut self,
        place: &str,
        client: &Client<'_>,
        applied: Applied,
        requests: &[&Json],
    ) -> Applied {
        let mut applied = applied;
        let mut sent = 1;
        let note = applied.object.at(&["metadata", "annotations", LAST_APPLIED]).cloned();
        if let Some(note) = note.filter(|_| managed::needs_last_applied_owner(&applied.managed, true)) {
            sent += 1;
            applied =
                client.keep_note(note).apply(Some(&applied.object), &applied.managed).expect("no conflict");
        }
        if let Some(owners) = managed::upgrade_client_side_apply(&applied.managed, client.manager) {
            sent += 2;
            let patch = requests.iter().find(|request| request["ct"] == "application/json-patch+json");
            let recorded = patch.map_or(Node::bare(Value::Null), |patch| node(&patch["body"][0]["value"]));
            let (ours, theirs) = (without_times(&owners.to_node()), without_times(&recorded));
            self.tally.check("upgraded owners", place, (ours != theirs).then(|| difference(&ours, &theirs)));
            applied = client.apply(Some(&applied.object), &owners).expect("no conflict");
        }
        let mistake =
            (sent != requests.len()).then(|| format!("{sent} requests, recorded {}", requests.len()));
        self.tally.check("requests", place, mistake);
        applied
    }

    fn compare_answers(&mut self, place: &str, answer: &ApplyError, recorded: &Json, code: u64) {
        let message = recorded["message"].as_str().unwrap_or_default();
        let ours: Json = answer
            .causes()
            .into_iter()
            .map(|cause| serde_json::json!({"field": cause.field, "reason": cause.reason, "message": cause.message}))
            .collect();
        let ours = (u64::from(answer.code()), answer.reason(), lines(&answer.to_string()), causes(&ours));
        let theirs = (
            code,
            recorded["reason"].as_str().unwrap_or_default(),
            lines(message),
            causes(&recorded["causes"]),
        );
        let what = if matches!(answer, ApplyError::Conflicts(_)) { "conflicts" } else { "refusals" };
        self.tally.check(
            what,
            place,
            (ours != theirs).then(|| format!("{answer}\n  recorded: {code} {message}")),
        );
    }
}

fn without_times(entries: &Node) -> Node {
    let mut entries = entries.clone();
    if let Value::Seq(items) = &mut entries.value {
        items.iter_mut().filter_map(Node::as_map_mut).for_each(|entry| {
            entry.remove("time");
        });
    }
    entries
}

/// The object that a drift goes to.
fn drifted(drift: &Json) -> Node {
    let mut object = Map::new();
    object.insert("apiVersion", Span::NONE, node(&drift["apiVersion"]));
    object.insert("kind", Span::NONE, node(&drift["kind"]));
    defaults::ensure_map(&mut object, "metadata").insert("name", Span::NONE, node(&drift["name"]));
    if let Json::Object(body) = &drift["body"]
        && let Some(spec) = body.get("spec")
    {
        object.insert("spec", Span::NONE, node(spec));
    }
    Node::bare(object)
}

/// Where two values differ.
fn difference(ours: &Node, theirs: &Node) -> String {
    let mut found = Vec::new();
    differences("", Some(ours), Some(theirs), &mut found);
    found.join("\n  ")
}

fn differences(path: &str, ours: Option<&Node>, theirs: Option<&Node>, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Some(Node { value: Value::Map(ours), .. }), Some(Node { value: Value::Map(theirs), .. })) => {
            let mut keys: Vec<&str> = ours.keys().chain(theirs.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                differences(&format!("{path}.{key}"), ours.get(key), theirs.get(key), found);
            }
        }
        (Some(Node { value: Value::Seq(ours), .. }), Some(Node { value: Value::Seq(theirs), .. }))
            if ours.len() == theirs.len() =>
        {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                differences(&format!("{path}[{index}]"), Some(ours), Some(theirs), found);
            }
        }
        (ours, theirs) if ours != theirs => {
            let show =
                |node: Option<&Node>| node.map_or_else(|| "nothing".to_owned(), plimsoll_yaml::emit::flow);
            found.push(format!("{path}: {} instead of {}", show(ours), show(theirs)));
        }
        _ => {}
    }
}

#[test]
fn sequences_of_applies_end_as_on_a_real_server() {
    let mut tally = Tally::default();
    for row in recorded() {
        let mut replay = Replay { row: &row, cluster: BTreeMap::new(), tally: &mut tally };
        for (index, step) in row["steps"].as_array().into_iter().flatten().enumerate() {
            replay.step(index, step);
        }
    }
    println!("{:?}", tally.equal);
    assert!(tally.equal.values().sum::<usize>() > 2_900, "some steps were not compared: {:?}", tally.equal);
    assert!(tally.mistakes.is_empty(), "{} mistakes:\n{}", tally.mistakes.len(), tally.mistakes.join("\n"));
}
