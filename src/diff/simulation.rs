//! One API server in memory: the old objects are stored as the driver stored them, then the driver applies the new ones.
//!
//! Everything that a plan says about an object is observed here: what is stored before and after, and what the server
//! answers. The server and its clients are those of `crates/cluster`.

use super::{Cause, Driver, Options, Reason, secrets};
use crate::cluster::client::{ArgoCd, Flux, Helm, Kubectl, Method, Run, Verb};
use crate::cluster::server::{Assumptions, Notes, ObjectKey, Server, Writer};
use crate::diag::ObjectRef;
use crate::k8s::update::Surroundings;
use crate::k8s::{Version, defaults, kinds};
use crate::manifest::Object;
use crate::render;
use crate::yaml::{Entry, Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Stands where the server allocates a value of its own choice (a cluster IP).
pub(super) const ALLOCATED: &str = "(allocated)";

/// What is sent of the old and of the new objects, in the order of their manifests.
pub(super) type Sent<'a> = [Vec<&'a Node>; 2];

/// What became of the objects.
pub(super) struct Simulation {
    server: Server,
    namespace: String,
    before: BTreeMap<ObjectKey, Arc<Node>>,
    outcomes: BTreeMap<ObjectKey, Outcome>,
    recreated: BTreeSet<ObjectKey>,
    unsent: BTreeSet<ObjectKey>,
    skipped: BTreeMap<ObjectKey, String>,
    /// Whether anything was refused.
    is_failed: bool,
    stopped_at: Option<ObjectKey>,
}

/// What the server or the client has against an object.
#[derive(Debug, Clone, Default)]
struct Outcome {
    reasons: Vec<Reason>,
    /// The object that the server would have stored.
    wanted: Option<Node>,
}

/// An object before and after the new manifest is applied.
pub(super) struct Applied {
    /// As it is stored before; empty if it is not.
    pub(super) live: Node,
    /// As it is stored after; if the server refuses the update, as it would be stored otherwise, so far as the server got.
    pub(super) merged: Node,
    /// Why it is refused.
    pub(super) reasons: Vec<Reason>,
    /// Whether the server got as far as an object that it could store.
    pub(super) is_merged: bool,
}

impl Simulation {
    /// Applies the new objects over the old ones, which are stored already. `around` says which claims are bound.
    pub(super) fn run([old, new]: Sent<'_>, options: &Options, around: &dyn Surroundings) -> Self {
        let mut server = Server::assuming(
            options.version,
            Assumptions {
                serves_unknown_kinds: true,
                serves_unstable_versions: true,
                has_unknown_ranges: true,
                skips_validation: !options.validate,
                ignores_owners: !options.driver.respects_owners(),
            },
        );
        old.iter().chain(&new).for_each(|object| server.announce(object));
        server.assume_objects(options.policies.iter().map(|object| &*object.root), &options.namespace);
        let mut client = Client::new(options);
        client.store(&mut server, old, options);
        server.bind_claims(around);
        let before = server.snapshot();
        // No other server would choose the same.
        let made_up = before.keys().map(|key| (key.clone(), server.chosen_values(key))).collect();
        let run = client.send(&mut server, new);
        Self {
            outcomes: outcomes(&run, options.driver, &made_up),
            is_failed: !run.is_success(),
            stopped_at: stop(&run),
            recreated: recreated(&run),
            unsent: run.unsent.into_iter().collect(),
            skipped: run.skipped.into_iter().collect(),
            server,
            namespace: options.namespace.clone(),
            before,
        }
    }

    /// What the admission policies have said besides refusals.
    pub(super) fn notes(&self) -> &Notes {
        self.server.notes()
    }

    /// What became of an object that is on both sides. Values of Secrets are those of its manifests, or their digests.
    pub(super) fn applied(&self, object: &Object) -> Applied {
        let key = self.key_of(object);
        let refused = self.outcomes.get(&key).filter(|outcome| !outcome.reasons.is_empty());
        let before = self.before.get(&key);
        let live = before.map_or_else(|| Node::bare(Map::new()), |node| self.observed(&key, node));
        let after = match refused {
            Some(outcome) => outcome.wanted.as_ref(),
            None => self.server.object(&key),
        };
        Applied {
            merged: after.map_or_else(|| live.clone(), |node| self.observed(&key, node)),
            live,
            is_merged: after.is_some(),
            reasons: refused.map(|outcome| outcome.reasons.clone()).unwrap_or_default(),
        }
    }

    /// Why the server refuses to create an object, or its client to send it.
    pub(super) fn reasons(&self, object: &Object) -> Vec<Reason> {
        let key = self.key_of(object);
        self.outcomes.get(&key).map(|outcome| outcome.reasons.clone()).unwrap_or_default()
    }

    /// Why the driver does not send the object, if it does not: as the end of a sentence.
    pub(super) fn unsent_because(&self, object: &Object, driver: Driver) -> Option<String> {
        let key = self.key_of(object);
        if let Some(why) = self.skipped.get(&key) {
            return Some(why.clone());
        }
        let command = driver.command();
        self.unsent.contains(&key).then(|| match &self.stopped_at {
            Some(key) => format!("`{command}` stops at {}/{}, which is refused", key.kind, key.name),
            None => format!("`{command}` stops at an error"),
        })
    }

    /// Why a driver that deletes what left the manifests has not deleted this object.
    pub(super) fn why_not_pruned(&self, object: &Object, driver: Driver) -> String {
        let command = driver.command();
        if self.is_failed {
            return format!("`{command}` fails before it deletes anything");
        }
        match driver {
            Driver::Kubectl => format!(
                "`{command} --prune` deletes no {}, unless --prune-allowlist names it, and nothing in namespaces without manifests",
                object.kind
            ),
            _ => format!("`{command}` does not delete it"),
        }
    }

    /// The object before and after everything, as a client reads it: without status and what the server sets for itself.
    pub(super) fn read(&self, object: &Object) -> [Option<Node>; 2] {
        self.stored(object).map(|stored| {
            let mut object = self.server.with_placeholders(stored?);
            if let Some(map) = object.as_map_mut() {
                map.remove("status");
            }
            if object.get("kind").and_then(Node::as_str) == Some("Secret") {
                secrets::unseal(&mut object);
            }
            Some(object)
        })
    }

    /// The object before and after everything, as it is stored.
    pub(super) fn stored(&self, object: &Object) -> [Option<&Node>; 2] {
        let key = self.key_of(object);
        [self.before.get(&key).map(|object| &**object), self.server.object(&key)]
    }

    /// Whether the driver deletes the object. One with finalizers is still there for a while.
    pub(super) fn is_deleted(&self, object: &Object) -> bool {
        let is_deleting = |node: &Node| node.at(&["metadata", "deletionTimestamp"]).is_some();
        let [before, after] = self.stored(object);
        before.is_some_and(|before| !is_deleting(before)) && after.is_none_or(is_deleting)
    }

    /// Whether the driver deletes the object and creates it again. Hooks are not meant: they run anew each time.
    pub(super) fn is_recreated(&self, object: &Object) -> bool {
        self.recreated.contains(&self.key_of(object)) && render::hook(object).is_none()
    }

    /// The object as the server would store it if it were new.
    pub(super) fn draft(&self, object: &Object, root: &Node) -> Node {
        let key = self.key_of(object);
        draft(&self.server, &key, root)
    }

    /// Why no object could be created from the manifest, whatever is stored.
    pub(super) fn faults_of_creation(&self, root: &Node) -> Vec<Reason> {
        let mut body = sealed(root);
        defaults::drop_nulls(&mut body);
        self.server.faults_of_creation(body, Writer { manager: "kubectl", strict: true })
    }

    fn key_of(&self, object: &Object) -> ObjectKey {
        let is_namespaced = self.server.is_namespaced(&object.api_version, &object.kind);
        key_of(&object.reference(), is_namespaced, &self.namespace)
    }

    fn observed(&self, key: &ObjectKey, node: &Node) -> Node {
        observed(key, self.server.with_placeholders(node))
    }
}

/// The object as a server without other objects would store it if it were new.
pub(super) fn draft_alone(object: &Object, version: Version, namespace: &str) -> Node {
    let assumptions =
        Assumptions { serves_unknown_kinds: true, serves_unstable_versions: true, ..Assumptions::default() };
    let server = Server::assuming(version, assumptions);
    let is_namespaced = server.is_namespaced(&object.api_version, &object.kind);
    draft(&server, &key_of(&object.reference(), is_namespaced, namespace), &object.root)
}

fn draft(server: &Server, key: &ObjectKey, root: &Node) -> Node {
    let mut body = sealed(root);
    // kubectl creates objects without nulls, but for annotations, which it reads as texts.
    coerce_annotations(&mut body);
    defaults::drop_nulls(&mut body);
    observed(key, server.draft(body))
}

/// A copy of a manifest, as it is sent.
fn sealed(root: &Node) -> Node {
    let mut body = root.clone();
    secrets::seal(&mut body);
    body
}

fn coerce_annotations(body: &mut Node) {
    let metadata = body.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut);
    let annotations = metadata.and_then(|map| map.get_mut("annotations")).and_then(Node::as_map_mut);
    for entry in annotations.into_iter().flat_map(Map::iter_mut).filter(|entry| entry.value.is_null()) {
        entry.value.value = Value::String(String::new());
    }
}

/// A stored object without what the server alone decides.
fn observed(key: &ObjectKey, mut object: Node) -> Node {
    defaults::strip_server_fields(&key.group, &mut object);
    match (key.group.as_str(), key.kind.as_str()) {
        ("", "Service") => hide_choices(&mut object),
        ("", "Secret") => secrets::unseal(&mut object),
        ("batch", "Job") => hide_generated_selector(&mut object),
        _ => {}
    }
    object
}

/// Node ports that the server chose are no part of what is compared, and an address that it chose is any address. One
/// address is the same in both fields; only a second one says more.
fn hide_choices(service: &mut Node) {
    let is_chosen = |node: &Node| node.as_str().is_some_and(|text| text.starts_with("<allocated-"));
    let Some(spec) = service.as_map_mut().and_then(|map| map.get_mut("spec")).and_then(Node::as_map_mut)
    else {
        return;
    };
    let addresses = spec.get("clusterIPs").map(Node::items).unwrap_or_default();
    let is_single = matches!(addresses, [only] if Some(only) == spec.get("clusterIP"));
    if is_single || addresses.iter().all(is_chosen) {
        spec.remove("clusterIPs");
    }
    for field in ["clusterIP", "healthCheckNodePort"] {
        if let Some(node) = spec.get_mut(field).filter(|node| is_chosen(node)) {
            *node = Node::bare(ALLOCATED);
        }
    }
    if let Some(crate::yaml::Value::Seq(ports)) = spec.get_mut("ports").map(|ports| &mut ports.value) {
        for port in ports.iter_mut().filter_map(Node::as_map_mut) {
            port.retain(|entry| entry.key != "nodePort" || !is_chosen(&entry.value));
        }
    }
}

/// The server gives a Job a selector and the labels for it (`generateSelector`), unless it has one of its own. A Job without
/// labels gets those of its template, these among them.
fn hide_generated_selector(job: &mut Node) {
    const NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
    const UIDS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
    let is_manual = job.at(&["spec", "manualSelector"]).and_then(Node::as_bool) == Some(true);
    let text = |path: &[&str]| job.at(path).and_then(Node::as_str).map(str::to_owned);
    let selected = UIDS.iter().find_map(|key| text(&["spec", "selector", "matchLabels", key]));
    let (Some(uid), Some(name), false) = (selected, text(&["metadata", "name"]), is_manual) else { return };
    let is_generated = |entry: &Entry| {
        let value = entry.value.as_str();
        NAMES.contains(&&*entry.key) && value == Some(&name)
            || UIDS.contains(&&*entry.key) && value == Some(&uid)
    };
    for path in [&["metadata"][..], &["spec", "template", "metadata"]] {
        let found = path.iter().try_fold(&mut *job, |node, key| node.as_map_mut()?.get_mut(key));
        let Some(metadata) = found.and_then(Node::as_map_mut) else { continue };
        let Some(labels) = metadata.get_mut("labels").and_then(Node::as_map_mut) else { continue };
        labels.retain(|entry| !is_generated(entry));
        if labels.is_empty() {
            metadata.remove("labels");
        }
    }
    if let Some(spec) = job.as_map_mut().and_then(|map| map.get_mut("spec")).and_then(Node::as_map_mut) {
        spec.remove("selector");
    }
}

fn outcomes(
    run: &Run,
    driver: Driver,
    made_up: &BTreeMap<ObjectKey, Vec<String>>,
) -> BTreeMap<ObjectKey, Outcome> {
    let mut outcomes: BTreeMap<ObjectKey, Outcome> = BTreeMap::new();
    for request in run.requests.iter().filter(|request| request.verb != Verb::Delete) {
        let hidden = made_up.get(&request.key).map(Vec::as_slice).unwrap_or_default();
        // Of several manifests for one object the last one counts.
        let outcome = match &request.answer {
            Ok(_) => Outcome::default(),
            Err(status) => Outcome {
                reasons: status.faults.iter().map(|fault| in_words_of(driver, fault, hidden)).collect(),
                wanted: status.object.as_deref().cloned(),
            },
        };
        outcomes.insert(request.key.clone(), outcome);
    }
    for error in &run.errors {
        if let Some(key) = &error.key {
            outcomes.insert(key.clone(), Outcome { reasons: error.faults.clone(), wanted: None });
        }
    }
    outcomes
}

/// The objects that are written after they have been deleted.
fn recreated(run: &Run) -> BTreeSet<ObjectKey> {
    let mut deleted = BTreeSet::new();
    let mut recreated = BTreeSet::new();
    for request in run.requests.iter().filter(|request| request.answer.is_ok()) {
        if request.verb == Verb::Delete {
            deleted.insert(&request.key);
        } else if deleted.contains(&request.key) {
            recreated.insert(request.key.clone());
        }
    }
    recreated
}

/// The object that is refused last.
fn stop(run: &Run) -> Option<ObjectKey> {
    let of_client = run.errors.last().and_then(|error| error.key.clone());
    let refused = || run.requests.iter().rev().find(|request| request.answer.is_err());
    of_client.or_else(|| refused().map(|request| request.key.clone()))
}

fn in_words_of(driver: Driver, fault: &Reason, made_up: &[String]) -> Reason {
    let mut reason = fault.clone();
    for address in made_up {
        reason.message = reason.message.replace(address.as_str(), ALLOCATED);
    }
    if (driver, reason.cause) == (Driver::Replace, Cause::NotFound) {
        "not found: `kubectl replace` does not create objects of this kind; create it with `kubectl create`"
            .clone_into(&mut reason.message);
    }
    reason
}

/// Where the server keeps an object.
fn key_of(object: &ObjectRef, is_namespaced: bool, namespace: &str) -> ObjectKey {
    let namespace = object.namespace.as_deref().unwrap_or(namespace);
    ObjectKey {
        group: kinds::current_group(&object.api_version, &object.kind).to_owned(),
        kind: object.kind.clone(),
        namespace: if is_namespaced { namespace.to_owned() } else { String::new() },
        name: object.name.clone(),
    }
}

/// What sends the manifests, with what it keeps about them.
struct Client {
    driver: Driver,
    prune: bool,
    kubectl: Kubectl,
    helm: Helm,
    argo_cd: ArgoCd,
    flux: Flux,
}

impl Client {
    fn new(options: &Options) -> Self {
        let namespace = options.namespace.as_str();
        Self {
            driver: options.driver,
            prune: options.prune,
            argo_cd: ArgoCd::new(namespace, options.prune, options.driver.sync_options()),
            flux: Flux::new(namespace),
            kubectl: Kubectl { namespace: namespace.to_owned() },
            helm: match &options.release {
                Some(name) => Helm::new(name, namespace),
                None => Helm::unnamed(namespace),
            },
        }
    }

    /// Stores what was read from the server, or else what was applied before: it is there whatever the server would say to it
    /// today.
    fn store(&mut self, server: &mut Server, objects: Vec<&Node>, options: &Options) {
        if options.live {
            self.kubectl.load_objects(server, objects.into_iter().map(sealed));
            match &options.released {
                Some(released) => self.helm.remember(server, released.iter().map(|object| &*object.root)),
                None => self.helm.adopt_stored(server),
            }
            self.argo_cd.adopt_stored(server);
            self.flux.adopt_stored(server);
            return;
        }
        server.trust_requests(true);
        let (objects, unserved): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| self.kubectl.can_send(server, object));
        self.kubectl.load_applied_objects(server, unserved.into_iter().map(sealed));
        match self.driver {
            // What does not exist cannot be replaced.
            Driver::Replace => self.kubectl.create_objects(server, objects.into_iter().map(sealed)),
            _ => self.send(server, objects),
        };
        server.trust_requests(false);
    }

    fn send(&mut self, server: &mut Server, objects: Vec<&Node>) -> Run {
        // Copied one by one: most drivers are done with an object before they take the next.
        let objects = objects.into_iter().map(sealed);
        match self.driver {
            Driver::Kubectl if self.prune => self.kubectl.apply_and_prune_objects(server, objects),
            Driver::Kubectl => self.kubectl.apply_objects(server, objects),
            Driver::KubectlServerSide { force_conflicts } if self.prune => {
                self.kubectl.apply_set_objects(server, objects, force_conflicts)
            }
            Driver::KubectlServerSide { force_conflicts } => {
                self.kubectl.apply_objects_server_side(server, objects, force_conflicts)
            }
            Driver::Helm { force_conflicts: force } => {
                self.helm.upgrade_objects(server, objects, Method::ServerSide { force })
            }
            Driver::Helm3 => self.helm.upgrade_objects(server, objects, Method::ClientSide),
            Driver::ArgoCd { .. } => self.argo_cd.apply_objects(server, objects),
            Driver::Flux => self.flux.apply_objects(server, objects),
            Driver::Replace => self.kubectl.replace_objects(server, objects),
        }
    }
}
