//! The API server: requests in, stored objects and answers out.
//!
//! A request goes the way that it goes in kube-apiserver: decode or patch, defaults, mutating admission, the strategy of
//! its kind, validation of the whole object, allocation, storage. An object that stays as it is, is not written.

mod admission;
mod answer;
mod autoscaler;
mod codec;
mod controllers;
mod node;
mod served;
mod service;
mod strategy;
mod values;

pub use admission::Notes;
pub use answer::{Answer, Cause, Fault, FieldCause, Status, Written};
pub(crate) use node::{map as map_at, map_mut as map_at_mut, text as text_at};
pub(crate) use served::Served;
pub use strategy::is_created_by_update;

use answer::Named;
use codec::{Decoder, Undecodable};
use plimsoll_kube::admission::Operation;
use plimsoll_kube::managed::{self, Managed, Target};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{self, json_merge, json_patch, strategic};
use plimsoll_kube::quantity::Quantity;
use plimsoll_kube::schema;
use plimsoll_kube::update::{self, Surroundings, Update};
use plimsoll_kube::validation;
use plimsoll_kube::{
    FieldError, Finding, Version, complete_custom, defaults, encode, kinds, validate_addresses,
    validate_custom, validate_custom_update, validate_for,
};
use plimsoll_limits::Activity;
use plimsoll_yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the process does while a client makes a request and while the server answers it.
pub(crate) fn applying(kind: &str, name: &str) -> Activity {
    Activity::begin(format!("applying `{kind}/{name}`"))
}

/// Names one stored object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The API group, empty for the core.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object of a built-in kind; `None` for other kinds.
    pub fn of(root: &Node) -> Option<Self> {
        let kind = schema::kind(text_at(root, &["apiVersion"]), text_at(root, &["kind"]))?;
        Some(Self::with_kind(
            &kind.into(),
            text_at(root, &["metadata", "namespace"]),
            text_at(root, &["metadata", "name"]),
        ))
    }

    fn with_kind(kind: &Served, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group().to_owned(),
            kind: kind.kind.clone().into_owned(),
            namespace: if kind.is_namespaced { namespace.to_owned() } else { String::new() },
            name: name.to_owned(),
        }
    }
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
                (Decoder::Json, ..) => patch::format_json(&error.root),
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

    /// A kind that the server has. Custom resources are those that a stored object defines, or any other if that is assumed.
    pub(crate) fn served(&self, api_version: &str, kind: &str) -> Result<Served, Status> {
        // Every request asks this first.
        plimsoll_limits::check().map_err(|exceeded| Status::internal(exceeded.to_string()))?;
        if let Some(kind) = Served::built_in(api_version, kind, self.version) {
            return Ok(kind);
        }
        let group = node::group_of(api_version);
        let definition = self.definition(group, kind);
        let is_assumed = self.assumptions.serves_unknown_kinds && !Served::is_reserved(group);
        if definition.is_some() || is_assumed && !kind.is_empty() {
            let mut served = Served::custom(api_version, kind, definition);
            if definition.is_none() && !self.announced.is_empty() {
                served.is_namespaced = !self.announced.contains(&(group.to_owned(), kind.to_owned()));
            }
            return Ok(served);
        }
        Err(Status::no_such_resource())
    }

    /// Whether objects of a kind live in a namespace, as far as the server knows; others are taken to.
    pub fn is_namespaced(&self, api_version: &str, kind: &str) -> bool {
        match self.served(api_version, kind) {
            Ok(kind) => kind.is_namespaced,
            Err(_) => kinds::namespaced(api_version, kind) != Some(false),
        }
    }

    /// Whether clients find a kind without an administrator's doing: alpha and beta APIs are off.
    pub(crate) fn is_discovered(&self, kind: &Served) -> bool {
        self.trusts
            || self.assumptions.serves_unstable_versions
            || kind.built_in.is_none_or(schema::Kind::is_stable)
    }

    /// Why the server could not even read an object.
    pub fn form_faults(&self, root: &Node) -> Vec<Fault> {
        codec::form_faults(self.version, root)
    }

    /// The stored definition of a custom resource.
    fn definition(&self, group: &str, kind: &str) -> Option<&Node> {
        let first = ObjectKey {
            group: DEFINITION.0.to_owned(),
            kind: DEFINITION.1.to_owned(),
            namespace: String::new(),
            name: String::new(),
        };
        let is_definition = |key: &ObjectKey| (&key.group, &key.kind) == (&first.group, &first.kind);
        let mut definitions = self.records.range(&first..).take_while(|(key, _)| is_definition(key));
        let defines = |object: &Node| {
            let text = |path: &[&str]| text_at(object, path);
            text(&["spec", "group"]) == group && text(&["spec", "names", "kind"]) == kind
        };
        definitions.find(|(_, record)| defines(&record.object)).map(|(_, record)| &*record.object)
    }

    fn kind_of(&self, body: &Node) -> Result<Served, Status> {
        self.served(text_at(body, &["apiVersion"]), text_at(body, &["kind"]))
            .map_err(|status| Status { faults: self.form_faults(body), ..status })
    }

    /// The kind of an object that is stored, or could be.
    fn kind_of_key(&self, key: &ObjectKey) -> Result<Served, Status> {
        match self.records.get(key) {
            Some(record) => self.served(text_at(&record.object, &["apiVersion"]), &key.kind),
            None => schema::kind_in_group(&key.group, &key.kind)
                .map(Served::from)
                .ok_or_else(Status::no_such_resource),
        }
    }

    fn decode_body(
        &self,
        kind: &Served,
        key: Option<&ObjectKey>,
        mut body: Node,
        writer: Writer<'_>,
    ) -> Result<Node, Status> {
        patch::as_json(&mut body);
        self.decode(kind, key, writer.strict, Decoder::Json, body).map_err(|error| {
            let version = kind.api_version.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "{} in version {version:?} cannot be handled as a {}: {}",
                kind.kind, kind.kind, error.message
            );
            Status { faults: error.faults, ..Status::bad_request(message) }
        })
    }

    /// Reads an object that a request leaves; `key` is that of the object that is there already.
    fn decode(
        &self,
        kind: &Served,
        key: Option<&ObjectKey>,
        strict: bool,
        decoder: Decoder,
        root: Node,
    ) -> Result<Node, Box<Undecodable>> {
        if self.trusts {
            return Ok(self.decode_leniently(kind, root));
        }
        let definition = self.definition_of(kind);
        codec::decode(kind, definition, self.version, strict, decoder, root).or_else(|error| {
            // What is stored the server can read.
            let trusted = key.and_then(|key| self.records.get(key)).filter(|record| record.is_trusted);
            let known = trusted.map(|record| self.form_faults(&record.object));
            let is_known = known.is_some_and(|known| error.faults.iter().all(|fault| known.contains(fault)));
            if is_known { Ok(self.decode_leniently(kind, error.root)) } else { Err(error) }
        })
    }

    /// Reads an object that is, or was, on a server.
    fn decode_leniently(&self, kind: &Served, root: Node) -> Node {
        codec::decode_leniently(kind, self.definition_of(kind), self.version, root)
    }

    /// The stored definition of a kind, if it is one of custom resources.
    fn definition_of(&self, kind: &Served) -> Option<&Node> {
        match kind.built_in {
            Some(_) => None,
            None => self.definition(kind.group(), &kind.kind),
        }
    }

    /// Stores a new object: `root` is what was made of the request. `shares_labels` is what [`strategy::shares_labels`]
    /// says of the request.
    fn insert(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        shares_labels: bool,
        mut root: Node,
        managed: Managed,
    ) -> Answer {
        strip_identity(&mut root);
        self.allocator.begin();
        let result = self.try_insert(kind, key, shares_labels, &mut root);
        if result.is_err() {
            self.allocator.revert();
            result?;
        }
        encode(&key.group, &key.kind, &mut root);
        if self.trusts && is_service(key) {
            self.allocator.hold(&root);
        }
        self.write(key, root, managed);
        Ok(Written { code: 201, changed: true })
    }

    fn try_insert(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        shares_labels: bool,
        root: &mut Node,
    ) -> Result<(), Status> {
        let allocated = self.allocate(kind, key, root, None);
        if !self.trusts {
            allocated?;
        }
        strategy::prepare_for_create(key, self.version, &uid(key), root);
        if shares_labels {
            strategy::share_labels(root);
        }
        let errors = self.validate(validation::Operation::Create, key, None, root);
        if !errors.is_empty() {
            return Err(Status::invalid(named(kind, key), &errors));
        }
        self.admit(Operation::Create, kind, key, Some(root), None)?;
        if self.records.contains_key(key) {
            return Err(Status::already_exists(named(kind, key)));
        }
        Ok(())
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

    /// Stores another version of an object.
    fn update(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        mut root: Node,
        subresource: Option<Subresource>,
        managed: Managed,
    ) -> Answer {
        let named = named(kind, key);
        let Some(record) = self.records.get(key) else { return Err(Status::not_found(named)) };
        check_identity(named, key, &root, record)?;
        let old = Arc::clone(&record.object);
        // The stored object as validation compares it, without what only the encoder writes.
        let mut old_decoded = Node::clone(&old);
        defaults::decode(&key.group, &key.kind, &mut old_decoded);
        let unconditional = text_at(&root, &["metadata", "resourceVersion"]).is_empty();
        strip_identity(&mut root);
        keep_deletion(&old, &mut root);
        if subresource == Some(Subresource::Status) {
            strategy::copy(&old_decoded, &mut root, "spec");
        } else {
            self.allocator.begin();
            if let Err(mut status) = self.try_update(kind, key, &old_decoded, &mut root, unconditional) {
                self.allocator.revert();
                encode(&key.group, &key.kind, &mut root);
                controllers::protect_claim(key, &mut root);
                status.object = Some(Box::new(root));
                return Err(status);
            }
            if is_service(key) {
                self.allocator.commit(&old_decoded, &root);
            }
        }
        encode(&key.group, &key.kind, &mut root);
        let changed = root != *old;
        if changed || self.managed(key) != Some(&managed) {
            self.write(key, root, managed);
            self.remove_if_finalized(key);
        }
        Ok(Written { code: 200, changed })
    }

    fn try_update(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        old: &Node,
        root: &mut Node,
        unconditional: bool,
    ) -> Result<(), Status> {
        let allocated = self.allocate(kind, key, root, Some(old));
        if !self.trusts {
            allocated?;
        }
        strategy::prepare_for_update(key, self.version, old, root);
        if self.trusts || self.assumptions.skips_validation {
            return Ok(());
        }
        let mut errors = Vec::new();
        if unconditional && strategy::needs_resource_version(key) {
            let error = FieldError::new(plimsoll_kube::ErrorKind::Invalid, "metadata.resourceVersion");
            let error = error.value("\"\"".to_owned()).detail("must be specified for an update");
            errors.push((error, Cause::Invalid(plimsoll_kube::ErrorKind::Invalid)));
        }
        errors.extend(self.errors_of_update(key, old, root));
        if !errors.is_empty() {
            return Err(Status::invalid(named(kind, key), &errors));
        }
        // The admission plug-in `PersistentVolumeClaimResize`.
        if key.kind == "PersistentVolumeClaim" {
            let refusals = update::validate(&self.as_update(key, old, root), self);
            if let Some(refusal) = refusals.into_iter().next() {
                let status = Status::forbidden(named(kind, key), &refusal.error.detail);
                let fault = Fault::new(&refusal.error, Cause::Update(refusal.cause));
                return Err(Status { faults: vec![fault], ..status });
            }
        }
        self.admit(Operation::Update, kind, key, Some(root), Some(old))
    }

    fn as_update<'a>(&self, key: &'a ObjectKey, old: &'a Node, new: &'a Node) -> Update<'a> {
        Update { group: &key.group, kind: &key.kind, name: &key.name, old, new, version: self.version }
    }

    fn errors_of_update(&self, key: &ObjectKey, old: &Node, root: &mut Node) -> Errors {
        let mut of_manifest = self.validate(validation::Operation::Update, key, Some(old), root);
        if !of_manifest.is_empty() && self.records.get(key).is_some_and(|record| record.is_trusted) {
            let known = self.validate(validation::Operation::Update, key, None, &mut old.clone());
            of_manifest.retain(|error| !known.contains(error));
        }
        let refusals = update::validate(&self.as_update(key, old, root), self);
        // That the selector is the generated one is asked of new Jobs only, and the class of a claim by admission.
        let elsewhere = [update::Cause::JobSelector, update::Cause::NeedsResizableClass];
        let refusals = refusals.into_iter().filter(|refusal| !elsewhere.contains(&refusal.cause));
        let of_update = refusals
            .map(|refusal| {
                let error = values::complete(refusal.error, root, self.version);
                (error, Cause::Update(refusal.cause))
            })
            .collect();
        let is_job = (key.group.as_str(), key.kind.as_str()) == ("batch", "Job");
        let of_selector = if is_job { strategy::errors_of_selector(root) } else { Vec::new() };
        let of_selector = of_selector.into_iter().map(by_kind).collect();
        // A Service is asked about its changes first.
        let in_order: [Errors; 3] = match key.kind.as_str() {
            "Service" => [of_update, of_manifest, of_selector],
            _ => [of_manifest, of_selector, of_update],
        };
        let mut errors: Errors = Vec::new();
        for (error, cause) in in_order.into_iter().flatten() {
            match errors.iter_mut().find(|(known, _)| *known == error) {
                // Where validation and a rule for updates say the same, the rule tells more.
                Some((_, known)) => {
                    if matches!(cause, Cause::Update(_)) {
                        *known = cause;
                    }
                }
                None => errors.push((error, cause)),
            }
        }
        errors
    }

    /// PATCH of the number of replicas.
    fn scale(&mut self, kind: &Served, key: &ObjectKey, patch: Patch<'_>, writer: Writer<'_>) -> Answer {
        let (Patch::Merge(patch) | Patch::Strategic(patch)) = patch else {
            return Err(Status::bad_request("a scale is patched by a merge patch"));
        };
        let replicas = patch.get("spec").and_then(|spec| spec.get("replicas")).and_then(Node::as_i64);
        let mut root = self.get(&kind.api_version, key).ok_or_else(|| Status::not_found(named(kind, key)))?;
        if let (Some(replicas), Some(spec)) = (replicas, map_at_mut(&mut root, &["spec"])) {
            node::set(spec, "replicas", replicas);
        }
        defaults::decode(&key.group, &key.kind, &mut root);
        let managed = self.owners_after(kind, key, &root, "scale", writer.manager);
        self.update(kind, key, root, None, managed)
    }

    /// The errors of validation. Rules of a definition may compare an update with what is stored, `old`.
    fn validate(
        &self,
        operation: validation::Operation,
        key: &ObjectKey,
        old: Option<&Node>,
        root: &mut Node,
    ) -> Errors {
        if self.trusts || self.assumptions.skips_validation {
            return Vec::new();
        }
        if (key.group.as_str(), key.kind.as_str()) == ("batch", "Job") {
            let mut manifest = strategy::without_generated_selector(&uid(key), root);
            return self.errors(&mut manifest, |object, version| validate_for(operation, object, version));
        }
        let definition =
            if Served::is_reserved(&key.group) { None } else { self.definition(&key.group, &key.kind) };
        self.errors(root, |object, version| match (definition, old) {
            (Some(definition), Some(old)) => validate_custom_update(object, old, definition, version),
            (Some(definition), None) => validate_custom(object, definition, version),
            (None, _) => validate_for(operation, object, version),
        })
    }

    /// The errors of a function of validation; the object is borrowed for it only.
    fn errors(&self, root: &mut Node, validate: impl FnOnce(&Object, Version) -> Vec<Finding>) -> Errors {
        let object = codec::as_object(std::mem::replace(root, Node::bare(Value::Null)));
        let findings = validate(&object, self.version);
        *root = object.root;
        findings
            .into_iter()
            .filter(|finding| finding.severity() == plimsoll_diag::Severity::Error)
            .map(|finding| by_kind(values::complete(finding.error, root, self.version)))
            .collect()
    }

    fn allocate(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        root: &mut Node,
        old: Option<&Node>,
    ) -> Result<(), Status> {
        if !is_service(key) {
            return Ok(());
        }
        let old_spec = old.and_then(|old| map_at(old, &["spec"]));
        let Some(spec) = map_at_mut(root, &["spec"]) else { return Ok(()) };
        match old_spec {
            None => service::complete_new(spec),
            Some(old) => service::patch_allocated_values(spec, old),
        }
        if !self.trusts && !self.assumptions.skips_validation {
            let mut errors = self.errors(root, validate_addresses);
            if !errors.is_empty() {
                // The addresses are those that the Service has: it is the families that cannot change.
                let families = |spec: Option<&Map>| spec.map(|spec| node::items(spec, "ipFamilies").to_vec());
                let new_spec = map_at(root, &["spec"]);
                if old_spec.is_some() && families(old_spec) != families(new_spec) {
                    let cause = Cause::Update(update::Cause::SetOnce);
                    for (_, of_error) in &mut errors {
                        *of_error = cause;
                    }
                }
                return Err(Status::invalid(named(kind, key), &errors));
            }
        }
        let Some(spec) = map_at_mut(root, &["spec"]) else { return Ok(()) };
        service::allocate(&mut self.allocator, named(kind, key), spec, old_spec)?;
        service::default_on_read(spec);
        Ok(())
    }

    fn write(&mut self, key: &ObjectKey, mut object: Node, managed: Managed) {
        self.resource_version += 1;
        self.deployments.annotate(key, &mut object);
        controllers::protect_claim(key, &mut object);
        let known = self.records.get(key);
        let record = Record {
            object: Arc::new(object),
            resource_version: self.resource_version,
            managed,
            is_trusted: self.trusts || known.is_some_and(|record| record.is_trusted),
            has_unknown_owners: known.is_some_and(|record| record.has_unknown_owners),
        };
        self.records.insert(key.clone(), record);
        if (key.group.as_str(), key.kind.as_str()) == DEFINITION {
            self.read_again(key);
        }
        self.admission.notice(key);
    }

    /// Makes the stored custom resources of a definition what the server reads them as: it prunes and defaults what it reads
    /// from its storage, too, by the definition that it has then.
    fn read_again(&mut self, definition: &ObjectKey) {
        let Some(definition) = self.object(definition).cloned() else { return };
        let group = text_at(&definition, &["spec", "group"]);
        let kind = text_at(&definition, &["spec", "names", "kind"]);
        let is_defined = |key: &ObjectKey| (&*key.group, &*key.kind) == (group, kind);
        for (_, record) in self.records.iter_mut().filter(|(key, _)| is_defined(key)) {
            complete_custom(Arc::make_mut(&mut record.object), &definition);
        }
    }

    /// Removes an object that is being deleted and has no finalizers left.
    fn remove_if_finalized(&mut self, key: &ObjectKey) {
        let Some(record) = self.records.get(key) else { return };
        let finalizers = record.object.at(&["metadata", "finalizers"]).map(Node::items).unwrap_or_default();
        if record.object.at(&["metadata", "deletionTimestamp"]).is_some() && finalizers.is_empty() {
            if is_service(key) {
                self.allocator.release(&record.object);
            }
            self.records.remove(key);
            self.admission.notice(key);
        }
    }
}

/// The group and the kind of definitions of custom resources.
const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// When everything was created: the server has no clock.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The uid of an object: the server has no randomness either.
fn uid(key: &ObjectKey) -> String {
    format!("uid-of-{}-{}", key.kind, key.name)
}

fn named<'a>(kind: &'a Served, key: &'a ObjectKey) -> Named<'a> {
    Named { group: &key.group, kind: &key.kind, plural: &kind.plural, name: &key.name }
}

fn is_service(key: &ObjectKey) -> bool {
    (key.group.as_str(), key.kind.as_str()) == ("", "Service")
}

/// What validation has against an object, each with what it follows from.
type Errors = Vec<(FieldError, Cause)>;

/// An error of an object by itself.
fn by_kind(error: FieldError) -> (FieldError, Cause) {
    let cause = Cause::Invalid(error.kind);
    (error, cause)
}

/// Takes out what the server says about an object, not about its content.
fn strip_identity(root: &mut Node) {
    if let Some(metadata) = map_at_mut(root, &["metadata"]) {
        metadata.retain(|entry| {
            !matches!(
                entry.key.as_str(),
                "uid" | "resourceVersion" | "creationTimestamp" | "managedFields" | "selfLink"
            )
        });
    }
}

/// What a client cannot change: the version that it read, the uid, the name and the namespace.
fn check_identity(named: Named<'_>, key: &ObjectKey, root: &Node, record: &Record) -> Result<(), Status> {
    let text = |field: &str| text_at(root, &["metadata", field]);
    let (namespace, name) = (text("namespace"), text("name"));
    if namespace != key.namespace && !namespace.is_empty() {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if name != key.name {
        return Err(Status::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            key.name
        )));
    }
    let own = uid(key);
    if !matches!(text("uid"), found if found.is_empty() || found == own) {
        let why =
            format!("Precondition failed: UID in precondition: {}, UID in object meta: {own}", text("uid"));
        return Err(Status::conflict(named, &why));
    }
    let version = text("resourceVersion");
    if !version.is_empty() && version != "0" && version != record.resource_version.to_string() {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Status::conflict(named, why));
    }
    Ok(())
}

/// A deletion that has begun cannot be taken back.
fn keep_deletion(old: &Node, root: &mut Node) {
    let Some(metadata) = map_at_mut(root, &["metadata"]) else { return };
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        match old.at(&["metadata", field]) {
            Some(value) => node::set(metadata, field, value.value.clone()),
            None => {
                metadata.remove(field);
            }
        }
    }
}

fn remove_finalizer(root: &mut Node, name: &str) {
    let Some(metadata) = map_at_mut(root, &["metadata"]) else { return };
    let mut finalizers = node::items(metadata, "finalizers").to_vec();
    finalizers.retain(|one| one.as_str() != Some(name));
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        node::set(metadata, "finalizers", finalizers);
    }
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
