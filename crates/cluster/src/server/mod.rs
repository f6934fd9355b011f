//! The API server: requests in, stored objects and answers out.
//!
//! A request goes the way that it goes in kube-apiserver: decode or patch, defaults, mutating admission, the strategy of
//! its kind, validation of the whole object, allocation, storage. An object that stays as it is, is not written.

mod admission;
mod answer;
mod autoscaler;
mod codec;
mod controllers;
mod identity;
mod node;
mod reading;
mod served;
mod service;
mod storing;
mod strategy;
mod validating;
mod values;

pub use admission::Notes;
pub use answer::{Answer, Cause, Fault, FieldCause, Status, Written};
pub use identity::ObjectKey;
pub(crate) use node::{map as map_at, map_mut as map_at_mut, text as text_at};
pub(crate) use served::Served;
pub use strategy::is_created_by_update;

use codec::Decoder;
use identity::{CREATED, named, remove_finalizer, strip_identity, uid};
use plimsoll_kube::admission::Operation;
use plimsoll_kube::managed::{self, Managed, Target};
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{self, json_merge, json_patch, strategic};
use plimsoll_kube::quantity::Quantity;
use plimsoll_kube::schema;
use plimsoll_kube::update::Surroundings;
use plimsoll_kube::{Version, defaults, encode, kinds};
use plimsoll_limits::Activity;
use plimsoll_yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the process does while a client makes a request and while the server answers it.
pub(crate) fn applying(kind: &str, name: &str) -> Activity {
    Activity::begin(format!("applying `{kind}/{name}`"))
}

/// Who writes, and how strictly the body is read.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// Whether unknown fields are refused (`fieldValidation=Strict`). Otherwise they are dropped.
    pub strict: bool,
}

/// The body of a PATCH request.
#[derive(Debug, Clone, Copy)]
pub enum Patch<'a> {
    /// `application/strategic-merge-patch+json`.
    Strategic(&'a Map),
    /// `application/merge-patch+json`.
    Merge(&'a Map),
    /// `application/json-patch+json`.
    Json(&'a [Node]),
}

/// A part of an object that has an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// `/status`.
    Status,
    /// `/scale`.
    Scale,
}

/// What is assumed about a cluster that is not there to be asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Assumptions {
    /// Kinds that are neither built in nor defined by a stored object are custom resources without a schema.
    pub serves_unknown_kinds: bool,
    /// Alpha and beta versions of APIs are turned on.
    pub serves_unstable_versions: bool,
    /// Services may have any address and node port: the ranges of the cluster are not known.
    pub has_unknown_ranges: bool,
    /// No object is validated.
    pub skips_validation: bool,
    /// Nobody applies anything server-side, so it does not matter who owns a field.
    pub ignores_owners: bool,
}

#[derive(Debug, Clone)]
struct Record {
    /// As the server writes it, without the metadata that says nothing about its content: uid, version, creation.
    /// Shared with [`Server::snapshot`].
    object: Arc<Node>,
    resource_version: u64,
    managed: Managed,
    /// Whether it was stored without being validated. Its updates may then keep the errors that it has.
    is_trusted: bool,
    /// Whether it is not known who owns its fields: there are no conflicts then.
    has_unknown_owners: bool,
}

/// An API server with its storage.
#[derive(Debug, Clone)]
pub struct Server {
    version: Version,
    records: BTreeMap<ObjectKey, Record>,
    allocator: service::Allocator,
    deployments: controllers::Deployments,
    resource_version: u64,
    assumptions: Assumptions,
    /// Whether everything is stored as it is sent, because it was stored before.
    trusts: bool,
    /// The custom resources of the whole cluster whose definitions are on their way: group and kind.
    announced: BTreeSet<(String, String)>,
    admission: admission::Admission,
}

impl Server {
    /// A server without objects.
    pub fn new(version: Version) -> Self {
        // Manifests that name a version name a small one, which is always an old one.
        const FIRST: u64 = 100_000;
        Self {
            version,
            records: BTreeMap::new(),
            allocator: service::Allocator::default(),
            deployments: controllers::Deployments::default(),
            resource_version: FIRST,
            assumptions: Assumptions::default(),
            trusts: false,
            announced: BTreeSet::new(),
            admission: admission::Admission::default(),
        }
    }

    /// A server without objects, in a cluster that is only known as far as `assumptions` say.
    pub fn assuming(version: Version, assumptions: Assumptions) -> Self {
        let allocator = service::Allocator::with_ranges(!assumptions.has_unknown_ranges);
        Self { allocator, assumptions, ..Self::new(version) }
    }

    /// Says that a definition will be stored: clients then know whether its objects live in a namespace, as they do once it
    /// is. Other objects are passed over.
    pub fn announce(&mut self, definition: &Node) {
        let text = |path: &[&str]| text_at(definition, path);
        if text(&["kind"]) == "CustomResourceDefinition" && text(&["spec", "scope"]) == "Cluster" {
            let kind = (text(&["spec", "group"]).to_owned(), text(&["spec", "names", "kind"]).to_owned());
            self.announced.insert(kind);
        }
    }

    /// Whether requests repeat what was accepted before. As long as they do, every object is stored as it is sent, whatever
    /// validation says, and no allocation fails. Updates may keep the errors that such an object has.
    pub fn trust_requests(&mut self, trusts: bool) {
        self.trusts = trusts;
    }

    /// Whether requests repeat what was accepted before.
    pub(crate) fn is_trusting(&self) -> bool {
        self.trusts
    }

    /// The version that it speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The stored objects with what their content is: without uid, resource version, creation time and managed fields.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &Node)> {
        self.records.iter().map(|(key, record)| (key, &*record.object))
    }

    /// The stored objects as they are now, as [`Self::objects`] shows them. They are shared with the server as long as no
    /// request changes them.
    pub fn snapshot(&self) -> BTreeMap<ObjectKey, Arc<Node>> {
        self.records.iter().map(|(key, record)| (key.clone(), Arc::clone(&record.object))).collect()
    }

    /// One stored object, as [`Self::objects`] shows it.
    pub fn object(&self, key: &ObjectKey) -> Option<&Node> {
        self.records.get(key).map(|record| &*record.object)
    }

    /// A copy of a stored object in which the values that the server chose itself are placeholders, such as
    /// `<allocated-ip-1>`.
    pub fn with_placeholders(&self, object: &Node) -> Node {
        let mut object = object.clone();
        if text_at(&object, &["kind"]) == "Service" {
            service::with_placeholders(&self.allocator, &mut object);
        }
        object
    }

    /// Stores an object that was read from a cluster, as it is; `namespace` is for those that name none. Objects that the
    /// server could not have are passed over.
    pub fn load(&mut self, object: &Node, namespace: &str) {
        let (api_version, name) = (text_at(object, &["apiVersion"]), text_at(object, &["kind"]));
        // What is stored in a version that the server no longer has can be read in the one that it has.
        let newest =
            || schema::kind_in_group(kinds::current_group(api_version, name), name).map(Served::from);
        let Some(kind) = self.served(api_version, name).ok().or_else(newest) else { return };
        let metadata = |field: &str| text_at(object, &["metadata", field]);
        let namespace = if metadata("namespace").is_empty() { namespace } else { metadata("namespace") };
        let key = ObjectKey::with_kind(&kind, namespace, metadata("name"));
        let managed = Managed::of_object(object).unwrap_or_default();
        let mut root = object.clone();
        patch::as_json(&mut root);
        if let Some(map) = root.as_map_mut() {
            node::set(map, "apiVersion", &*kind.api_version);
            let metadata = defaults::ensure_map(map, "metadata");
            if !key.namespace.is_empty() {
                node::set(metadata, "namespace", key.namespace.as_str());
            }
        }
        let mut root = self.decode_leniently(&kind, root);
        strip_identity(&mut root);
        encode(&key.group, &key.kind, &mut root);
        if is_service(&key) {
            self.allocator.hold(&root);
        }
        self.write(&key, root, managed);
        if let Some(record) = self.records.get_mut(&key) {
            record.is_trusted = true;
        }
    }

    /// Binds the stored claims that `around` knows a volume for, as the volume controller does.
    pub fn bind_claims(&mut self, around: &dyn Surroundings) {
        for (key, record) in &mut self.records {
            if (key.group.as_str(), key.kind.as_str()) != ("", "PersistentVolumeClaim")
                || record.object.at(&["status", "phase"]).is_some()
            {
                continue;
            }
            let Some(capacity) = around.bound_capacity(&key.name, &record.object) else { continue };
            let Some(map) = Arc::make_mut(&mut record.object).as_map_mut() else { continue };
            let status = defaults::ensure_map(map, "status");
            node::set(status, "phase", "Bound");
            let storage = Node::bare(capacity.to_string());
            node::set(defaults::ensure_map(status, "capacity"), "storage", storage.value);
        }
    }

    /// An object as the server answers a GET in a version of its API.
    pub fn get(&self, api_version: &str, key: &ObjectKey) -> Option<Node> {
        let record = self.records.get(key)?;
        let mut object = Node::clone(&record.object);
        if let Some(metadata) = map_at_mut(&mut object, &["metadata"]) {
            node::set(metadata, "uid", uid(key));
            node::set(metadata, "resourceVersion", record.resource_version.to_string());
            node::set(metadata, "creationTimestamp", CREATED);
        }
        if api_version == "autoscaling/v1" {
            autoscaler::to_v1(&mut object);
        }
        Some(object)
    }

    /// POST: a new object.
    pub fn create(&mut self, body: Node, writer: Writer<'_>) -> Answer {
        let _activity = applying(text_at(&body, &["kind"]), text_at(&body, &["metadata", "name"]));
        let kind = self.kind_of(&body)?;
        let shares_labels = strategy::shares_labels(&kind, &body);
        let root = self.decode_body(&kind, None, body, writer)?;
        let key = ObjectKey::with_kind(
            &kind,
            text_at(&root, &["metadata", "namespace"]),
            text_at(&root, &["metadata", "name"]),
        );
        let managed = self.owners_after(&kind, &key, &root, "", writer.manager);
        self.insert(&kind, &key, shares_labels, root, managed)
    }

    /// PUT: an object in the place of another.
    pub fn replace(&mut self, body: Node, writer: Writer<'_>) -> Answer {
        let _activity = applying(text_at(&body, &["kind"]), text_at(&body, &["metadata", "name"]));
        let kind = self.kind_of(&body)?;
        let key = ObjectKey::with_kind(
            &kind,
            text_at(&body, &["metadata", "namespace"]),
            text_at(&body, &["metadata", "name"]),
        );
        let shares_labels = strategy::shares_labels(&kind, &body);
        let root = self.decode_body(&kind, Some(&key), body, writer)?;
        let managed = self.owners_after(&kind, &key, &root, "", writer.manager);
        if self.records.contains_key(&key) {
            return self.update(&kind, &key, root, None, managed);
        }
        if strategy::is_created_by_update(&key) {
            return self.insert(&kind, &key, shares_labels, root, managed);
        }
        Err(Status::not_found(named(&kind, &key)))
    }

    /// PATCH.
    pub fn patch(
        &mut self,
        api_version: &str,
        key: &ObjectKey,
        patch: Patch<'_>,
        subresource: Option<Subresource>,
        writer: Writer<'_>,
    ) -> Answer {
        let _activity = applying(&key.kind, &key.name);
        let kind = self.served(api_version, &key.kind)?;
        let live = self.get(api_version, key).ok_or_else(|| Status::not_found(named(&kind, key)))?;
        if subresource == Some(Subresource::Scale) {
            return self.scale(&kind, key, patch, writer);
        }
        let mut patched = match (patch, live.value) {
            (Patch::Strategic(patch), Value::Map(live)) => {
                let root = Position::root(api_version, &key.kind, self.version);
                let merged = strategic::apply(root, live, patch.clone());
                Node::bare(merged.map_err(|error| Status::of_patch(&error))?)
            }
            (Patch::Merge(patch), Value::Map(mut live)) => {
                json_merge::apply(&mut live, patch);
                Node::bare(live)
            }
            (Patch::Json(operations), live) => {
                let mut live = Node::bare(live);
                json_patch::apply(&mut live, operations).map_err(|error| Status::of_patch(&error))?;
                live
            }
            (_, live) => Node::bare(live),
        };
        patch::as_json(&mut patched);
        let decoder =
            if matches!(patch, Patch::Strategic(_)) { Decoder::Unstructured } else { Decoder::Json };
        let root = self.decode(&kind, Some(key), writer.strict, decoder, patched).map_err(|error| {
            let shown = match (decoder, patch, self.object(key)) {
                (Decoder::Json, ..) => plimsoll_yaml::emit::format_json(&error.root),
                (_, Patch::Strategic(patch), Some(live)) => {
                    patch::go_format(&Node::bare(strategic::left_of_patch(patch, live)))
                }
                _ => String::new(),
            };
            Status::invalid_patch(&shown, *error)
        })?;
        let part = if subresource == Some(Subresource::Status) { "status" } else { "" };
        let managed = self.owners_after(&kind, key, &root, part, writer.manager);
        self.update(&kind, key, root, subresource, managed)
    }

    /// PATCH with `application/apply-patch+yaml`: server-side apply by a field manager.
    pub fn apply(&mut self, config: &Node, manager: &str, force: bool) -> Answer {
        let _activity = applying(text_at(config, &["kind"]), text_at(config, &["metadata", "name"]));
        let kind = self.kind_of(config)?;
        let metadata = |field: &str| text_at(config, &["metadata", field]);
        let key = ObjectKey::with_kind(&kind, metadata("namespace"), metadata("name"));
        let live = self.get(&kind.api_version, &key);
        let nobody = Managed::default();
        let record = self.records.get(&key);
        let owners = record.map_or(&nobody, |record| &record.managed);
        let is_forced = force || record.is_some_and(|record| record.has_unknown_owners);
        let target = self.target(&kind, "");
        let applied = match managed::apply(&target, live.as_ref(), owners, config, manager, is_forced) {
            Ok(applied) => applied,
            Err(_) if self.trusts => return self.store_unowned(&kind, &key, config),
            Err(error) => return Err(self.with_form_of(config, Status::of_apply(&error))),
        };
        let decoded = self.decode(&kind, Some(&key), false, Decoder::Unstructured, applied.object);
        let root = decoded.map_err(|error| {
            let slash = if kind.api_version.contains('/') { "" } else { "/" };
            let group_version = format!("{slash}{}, Kind={}", kind.api_version, kind.kind);
            let message = format!(
                "failed to convert new object ({}/{}; {group_version}) to proper version: unable to convert unstructured object to {group_version}: {}",
                key.namespace, key.name, error.message
            );
            Status { faults: error.faults, ..Status::internal(message) }
        })?;
        if live.is_some() {
            self.update(&kind, &key, root, None, applied.managed)
        } else {
            self.insert(&kind, &key, strategy::shares_labels(&kind, config), root, applied.managed)
        }
    }

    /// Stores an object without owners: server-side apply would not have accepted it, so something else applied it.
    fn store_unowned(&mut self, kind: &Served, key: &ObjectKey, config: &Node) -> Answer {
        let root = self.decode_leniently(kind, config.clone());
        let shares_labels = strategy::shares_labels(kind, config);
        let answer = self.insert(kind, key, shares_labels, root, Managed::default())?;
        if let Some(record) = self.records.get_mut(key) {
            record.has_unknown_owners = true;
        }
        Ok(answer)
    }

    /// A refusal with the fields that keep the server from reading `config`, if these are why: the schema of server-side
    /// apply names them in other words.
    fn with_form_of(&self, config: &Node, status: Status) -> Status {
        match self.form_faults(config) {
            faults if faults.is_empty() || status.code == 409 => status,
            faults => Status { faults, ..status },
        }
    }

    /// The values that the server chose for a stored object: addresses of a Service, and the uid in the labels of a Job.
    pub fn chosen_values(&self, key: &ObjectKey) -> Vec<String> {
        match (key.group.as_str(), key.kind.as_str(), self.object(key)) {
            ("", "Service", Some(service)) => self.chosen_addresses(service),
            ("batch", "Job", Some(_)) => vec![uid(key)],
            _ => Vec::new(),
        }
    }

    fn chosen_addresses(&self, service: &Node) -> Vec<String> {
        let addresses = service.at(&["spec", "clusterIPs"]).map(Node::items).unwrap_or_default();
        let addresses = addresses.iter().filter_map(Node::as_str);
        let is_chosen = |address: &&str| self.allocator.placeholder_of_address(address).is_some();
        addresses.filter(is_chosen).map(str::to_owned).collect()
    }

    /// Sends a request about one object with `dryRun=All`: nothing is stored.
    pub(crate) fn dry_run(&mut self, key: &ObjectKey, request: impl FnOnce(&mut Self) -> Answer) -> Answer {
        let record = self.records.get(key).cloned();
        let allocator = is_service(key).then(|| self.allocator.clone());
        let revision = self.deployments.revision(key);
        let answer = request(self);
        match record {
            Some(record) => self.records.insert(key.clone(), record),
            None => self.records.remove(key),
        };
        self.admission.notice(key);
        self.deployments.set_revision(key, revision);
        if let Some(allocator) = allocator {
            self.allocator = allocator;
        }
        answer
    }

    /// Changes a stored object without a word about who owns what; `change` says whether it did.
    pub(crate) fn edit(&mut self, key: &ObjectKey, change: impl FnOnce(&mut Node) -> bool) {
        if let Some(record) = self.records.get_mut(key)
            && change(Arc::make_mut(&mut record.object))
        {
            self.resource_version += 1;
            record.resource_version = self.resource_version;
        }
    }

    /// Who owns the fields of a stored object.
    pub fn managed(&self, key: &ObjectKey) -> Option<&Managed> {
        self.records.get(key).map(|record| &record.managed)
    }

    /// PATCH of `metadata.managedFields` alone.
    pub fn replace_managed(&mut self, key: &ObjectKey, managed: Managed) -> Answer {
        let kind = self.kind_of_key(key)?;
        let record = self.records.get_mut(key).ok_or_else(|| Status::not_found(named(&kind, key)))?;
        self.resource_version += 1;
        record.resource_version = self.resource_version;
        record.managed = managed;
        Ok(Written { code: 200, changed: false })
    }

    fn target<'a>(&'a self, kind: &'a Served, subresource: &'a str) -> Target<'a> {
        let target = Target::new(&kind.api_version, &kind.kind, self.version);
        match kind.built_in {
            Some(_) => Target { subresource, convert: codec::convert, ..target },
            None => Target { subresource, definition: self.definition_of(kind), ..target },
        }
    }

    /// Who owns the fields after a write that is no server-side apply and leaves `root`, before the storage strategy.
    fn owners_after(
        &self,
        kind: &Served,
        key: &ObjectKey,
        root: &Node,
        subresource: &str,
        manager: &str,
    ) -> Managed {
        if self.assumptions.ignores_owners {
            return Managed::default();
        }
        let record = self.records.get(key);
        let nobody = Managed::default();
        let owners = record.map_or(&nobody, |record| &record.managed);
        let mut new = root.clone();
        encode(&key.group, &key.kind, &mut new);
        managed::update(
            &self.target(kind, subresource),
            record.map(|record| &*record.object),
            owners,
            &new,
            manager,
        )
    }

    /// DELETE: what has finalizers is only marked.
    pub fn delete(&mut self, key: &ObjectKey) -> Answer {
        let kind = self.kind_of_key(key)?;
        if let Some(old) = self.object(key).cloned() {
            self.admit(Operation::Delete, &kind, key, None, Some(&old))?;
        }
        let Some(record) = self.records.get_mut(key) else {
            return Err(Status::not_found(named(&kind, key)));
        };
        self.resource_version += 1;
        record.resource_version = self.resource_version;
        let object = Arc::make_mut(&mut record.object);
        if let Some(metadata) = map_at_mut(object, &["metadata"]) {
            node::set(metadata, "deletionTimestamp", CREATED);
            node::set(metadata, "deletionGracePeriodSeconds", 0);
        }
        // A claim that no pod uses is released by its controller.
        if (key.group.as_str(), key.kind.as_str()) == ("", "PersistentVolumeClaim") {
            remove_finalizer(object, strategy::CLAIM_FINALIZER);
        }
        self.remove_if_finalized(key);
        Ok(Written { code: 200, changed: true })
    }

    /// Why the server could not even read an object.
    pub fn form_faults(&self, root: &Node) -> Vec<Fault> {
        codec::form_faults(self.version, root)
    }

    /// Why no object could be created from `body`, whatever is stored.
    pub fn faults_of_creation(&self, body: Node, writer: Writer<'_>) -> Vec<Fault> {
        let mut other = Self { assumptions: self.assumptions, ..Self::new(self.version) };
        other.allocator = service::Allocator::with_ranges(!self.assumptions.has_unknown_ranges);
        let kind = (text_at(&body, &["apiVersion"]), text_at(&body, &["kind"]));
        if let Some(definition) = self.definition(node::group_of(kind.0), kind.1) {
            other.load(definition, "");
        }
        other.create(body, writer).err().map(|status| status.faults).unwrap_or_default()
    }

    /// The object that the server would make of `body` if it were new and valid, with placeholders for what it would choose.
    /// That of a kind that it does not have is `body` itself.
    pub fn draft(&self, mut body: Node) -> Node {
        let Ok(kind) = self.kind_of(&body) else { return body };
        let metadata = |field: &str| text_at(&body, &["metadata", field]);
        let key = ObjectKey::with_kind(&kind, metadata("namespace"), metadata("name"));
        let shares_labels = strategy::shares_labels(&kind, &body);
        patch::as_json(&mut body);
        let mut root = self.decode_leniently(&kind, body);
        strip_identity(&mut root);
        let mut allocator = service::Allocator::with_ranges(false);
        if is_service(&key)
            && let Some(spec) = map_at_mut(&mut root, &["spec"])
        {
            service::complete_new(spec);
            // What cannot be allocated is left as it is.
            let _ = service::allocate(&mut allocator, named(&kind, &key), spec, None);
            service::default_on_read(spec);
        }
        strategy::prepare_for_create(&key, self.version, &uid(&key), &mut root);
        if shares_labels {
            strategy::share_labels(&mut root);
        }
        encode(&key.group, &key.kind, &mut root);
        if is_service(&key) {
            service::with_placeholders(&allocator, &mut root);
        }
        root
    }
}

fn is_service(key: &ObjectKey) -> bool {
    (key.group.as_str(), key.kind.as_str()) == ("", "Service")
}

impl Surroundings for Server {
    fn bound_capacity(&self, _claim_name: &str, claim: &Node) -> Option<Quantity> {
        (text_at(claim, &["status", "phase"]) == "Bound")
            .then(|| {
                claim.at(&["status", "capacity", "storage"]).and_then(|size| Quantity::from_node(size).ok())
            })
            .flatten()
    }

    fn expandable(&self, class: &str) -> Option<bool> {
        let key = ObjectKey {
            group: "storage.k8s.io".to_owned(),
            kind: "StorageClass".to_owned(),
            namespace: String::new(),
            name: class.to_owned(),
        };
        let class = self.object(&key)?;
        Some(class.get("allowVolumeExpansion").and_then(Node::as_bool).unwrap_or_default())
    }
}
