//! One API server in memory: the old objects are stored as the driver stored them, then the driver applies the new ones.
//!
//! Everything that a plan says about an object is observed here: what is stored before and after, and what the server
//! answers. The server and its clients are those of `crates/cluster`.

use super::{Cause, Driver, Options, Reason, secrets};
use crate::cluster::client::{ArgoCd, Flux, Helm, Kubectl, Method, Run, Verb};
use crate::cluster::server::{Assumptions, ObjectKey, Server, Writer};
use crate::diag::ObjectRef;
use crate::k8s::update::Surroundings;
use crate::k8s::{Version, defaults, kinds};
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};
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

/// How the old objects came to be on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Old {
    /// They were read from it.
    Read,
    /// They were applied, and are there whatever the server says to them today.
    Trusted,
    /// They are applied now: what the server refuses is not there.
    Applied,
}

impl Simulation {
    /// Applies the new objects over the old ones, which are stored already. `around` says which claims are bound.
    pub(super) fn run([old, new]: Sent<'_>, options: &Options, around: Option<&dyn Surroundings>) -> Self {
        let origin = match (options.live, around) {
            (true, _) => Old::Read,
            (false, Some(_)) => Old::Trusted,
            (false, None) => Old::Applied,
        };
        let mut server = Server::assuming(
            options.version,
            Assumptions {
                serves_unknown_kinds: true,
                serves_unstable_versions: origin != Old::Applied,
                has_unknown_ranges: origin != Old::Applied,
                skips_validation: !options.validate,
                ignores_owners: !options.driver.respects_owners(),
            },
        );
        old.iter().chain(&new).for_each(|object| server.announce(object));
        let mut client = Client::new(options);
        client.store(&mut server, old, origin);
        if let Some(around) = around {
            server.bind_claims(around);
        }
        let before = server.snapshot();
        let run = client.send(&mut server, new);
        Self {
            outcomes: outcomes(&run, options.driver, &made_up_addresses(&server, &before)),
            is_failed: !run.is_success(),
            stopped_at: stop(&run),
            unsent: run.unsent.into_iter().collect(),
            skipped: run.skipped.into_iter().collect(),
            server,
            namespace: options.namespace.clone(),
            before,
        }
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
        ("batch", "Job") => hide_generated_labels(&mut object),
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

/// A Job without labels of its own gets those of its template, with what the server added there (`generateSelector`).
fn hide_generated_labels(job: &mut Node) {
    const GENERATED: [&str; 4] =
        ["job-name", "batch.kubernetes.io/job-name", "controller-uid", "batch.kubernetes.io/controller-uid"];
    let of_template = job.at(&["spec", "template", "metadata", "labels"]).cloned();
    let metadata = job.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut);
    let (Some(of_template), Some(metadata)) = (of_template, metadata) else { return };
    let Some(labels) = metadata.get_mut("labels").and_then(Node::as_map_mut) else { return };
    labels.retain(|entry| {
        !GENERATED.contains(&entry.key.as_str()) || of_template.get(&entry.key) != Some(&entry.value)
    });
    if labels.is_empty() {
        metadata.remove("labels");
    }
}

/// The addresses that the simulated server chose for the stored Services: no other server would choose the same.
fn made_up_addresses(
    server: &Server,
    before: &BTreeMap<ObjectKey, Arc<Node>>,
) -> BTreeMap<ObjectKey, Vec<String>> {
    let services = before.iter().filter(|(key, _)| (&*key.group, &*key.kind) == ("", "Service"));
    services.map(|(key, service)| (key.clone(), server.chosen_addresses(service))).collect()
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
            argo_cd: ArgoCd::new(namespace, options.prune),
            flux: Flux::new(namespace),
            kubectl: Kubectl { namespace: namespace.to_owned() },
            helm: match &options.release {
                Some(name) => Helm::new(name, namespace),
                None => Helm::unnamed(namespace),
            },
        }
    }

    /// Stores what was applied before.
    fn store(&mut self, server: &mut Server, mut objects: Vec<&Node>, origin: Old) {
        if origin == Old::Read {
            self.kubectl.load_objects(server, objects.into_iter().map(sealed));
            self.helm.adopt_stored(server);
            self.argo_cd.adopt_stored(server);
            self.flux.adopt_stored(server);
            return;
        }
        if origin == Old::Trusted {
            server.trust_requests(true);
            let (served, others): (Vec<_>, Vec<_>) =
                objects.into_iter().partition(|object| self.kubectl.can_send(server, object));
            self.kubectl.load_applied_objects(server, others.into_iter().map(sealed));
            objects = served;
        }
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
            Driver::ArgoCd => self.argo_cd.apply_objects(server, objects),
            Driver::Flux => self.flux.apply_objects(server, objects),
            Driver::Replace => self.kubectl.replace_objects(server, objects),
        }
    }
}

/// What the API server would hold of two renders, without what it sets for itself: uid, resource version, times, managed
/// fields and status. The values of Secrets are among it.
#[derive(Debug, Clone, Default)]
pub struct Simulated {
    before: BTreeMap<ObjectKey, Node>,
    after: BTreeMap<ObjectKey, Node>,
}

impl Simulated {
    /// The object; `None` if it is not stored.
    pub fn get(&self, object: &ObjectRef, options: &Options) -> Option<&Node> {
        find(&self.after, object, options)
    }

    /// The object as it was before the new render was applied.
    pub(super) fn before(&self, object: &ObjectRef, options: &Options) -> Option<&Node> {
        find(&self.before, object, options)
    }
}

/// An object of a namespace, or of the whole cluster.
fn find<'a>(
    stored: &'a BTreeMap<ObjectKey, Node>,
    object: &ObjectRef,
    options: &Options,
) -> Option<&'a Node> {
    [true, false]
        .iter()
        .find_map(|is_namespaced| stored.get(&key_of(object, *is_namespaced, &options.namespace)))
}

/// Applies `old`, or with [`Options::live`] takes it as it is stored, and applies `new` over it, both with
/// [`Options::driver`]. Unlike for a plan, old objects that the server refuses are not there.
pub fn simulate<'a>(old: &'a [Object], new: &'a [Object], options: &Options) -> Simulated {
    // A recorded Secret holds no values.
    let is_sent =
        |object: &&Object| !secrets::has_digests(&object.kind, &object.root) && !options.driver.skips(object);
    let roots = |objects: &'a [Object]| objects.iter().filter(is_sent).map(|object| &object.root).collect();
    let release = Some(options.release.clone().unwrap_or_else(|| "release-name".to_owned()));
    let options = Options { release, ..options.clone() };
    let simulation = Simulation::run([roots(old), roots(new)], &options, None);
    let shown = |(key, object): (&ObjectKey, &Node)| {
        let mut object = simulation.server.with_placeholders(object);
        if let Some(map) = object.as_map_mut() {
            map.remove("status");
        }
        (key.clone(), object)
    };
    Simulated {
        before: simulation.before.iter().map(|(key, object)| shown((key, &**object))).collect(),
        after: simulation.server.objects().map(shown).collect(),
    }
}
