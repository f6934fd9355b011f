//! The API server: requests in, stored objects and answers out.
//!
//! A request goes the way that it goes in kube-apiserver: decode or patch, defaults, mutating admission, the strategy of
//! its kind, validation of the whole object, allocation, storage. An object that stays as it is, is not written.

mod answer;
mod autoscaler;
mod codec;
mod controllers;
mod node;
mod service;
mod strategy;
mod values;

pub use answer::{Answer, FieldCause, Status, Written};
pub(crate) use node::{map as map_at, map_mut as map_at_mut, text as text_at};
pub use strategy::is_created_by_update;

use answer::Named;
use codec::{Decoder, Undecodable};
use plimsoll_kube::managed::{self, Managed, Target};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{self, json_merge, json_patch, strategic};
use plimsoll_kube::quantity::Quantity;
use plimsoll_kube::schema::{self, Kind};
use plimsoll_kube::update::{self, Surroundings, Update};
use plimsoll_kube::validation::Operation;
use plimsoll_kube::{FieldError, Finding, Version, defaults, encode, validate_addresses, validate_for};
use plimsoll_yaml::{Map, Node, Value};
use std::collections::BTreeMap;

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
            kind,
            text_at(root, &["metadata", "namespace"]),
            text_at(root, &["metadata", "name"]),
        ))
    }

    fn with_kind(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self {
            group: node::group_of(kind.api_version).to_owned(),
            kind: kind.kind.to_owned(),
            namespace: if kind.namespaced { namespace.to_owned() } else { String::new() },
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

#[derive(Debug, Clone)]
struct Record {
    /// As the server writes it, without the metadata that says nothing about its content: uid, version, creation.
    object: Node,
    resource_version: u64,
    managed: Managed,
}

/// An API server with its storage.
#[derive(Debug, Clone)]
pub struct Server {
    version: Version,
    records: BTreeMap<ObjectKey, Record>,
    allocator: service::Allocator,
    deployments: controllers::Deployments,
    resource_version: u64,
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
        }
    }

    /// The version that it speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The stored objects with what their content is: without uid, resource version, creation time and managed fields.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &Node)> {
        self.records.iter().map(|(key, record)| (key, &record.object))
    }

    /// One stored object, as [`Self::objects`] shows it.
    pub fn object(&self, key: &ObjectKey) -> Option<&Node> {
        self.records.get(key).map(|record| &record.object)
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

    /// Stores an object that was read from a cluster, as it is. Objects of kinds that are not built in are passed over.
    pub fn load(&mut self, object: &Node) {
        let Ok(kind) = self.kind_of(object) else { return };
        let Some(key) = ObjectKey::of(object) else { return };
        let managed = Managed::of_object(object).unwrap_or_default();
        let Ok(mut root) = codec::decode(kind, self.version, false, Decoder::Json, object.clone()) else {
            return;
        };
        strip_identity(&mut root);
        encode(&key.group, &key.kind, &mut root);
        if key.kind == "Service" {
            self.allocator.hold(&root);
        }
        self.write(key, root, managed);
    }

    /// An object as the server answers a GET in a version of its API.
    pub fn get(&self, api_version: &str, key: &ObjectKey) -> Option<Node> {
        let record = self.records.get(key)?;
        let mut object = record.object.clone();
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
    pub fn create(&mut self, body: &Node, writer: Writer<'_>) -> Answer {
        let kind = self.kind_of(body)?;
        let root = self.decode_body(kind, body, writer)?;
        let key = ObjectKey::with_kind(
            kind,
            text_at(&root, &["metadata", "namespace"]),
            text_at(&root, &["metadata", "name"]),
        );
        let managed = self.owners_after(kind, &key, &root, "", writer.manager);
        self.insert(kind, key, body, root, managed)
    }

    /// PUT: an object in the place of another.
    pub fn replace(&mut self, body: &Node, writer: Writer<'_>) -> Answer {
        let kind = self.kind_of(body)?;
        let key = ObjectKey::with_kind(
            kind,
            text_at(body, &["metadata", "namespace"]),
            text_at(body, &["metadata", "name"]),
        );
        let root = self.decode_body(kind, body, writer)?;
        let managed = self.owners_after(kind, &key, &root, "", writer.manager);
        if self.records.contains_key(&key) {
            return self.update(kind, &key, root, None, managed);
        }
        if strategy::is_created_by_update(&key) {
            return self.insert(kind, key, body, root, managed);
        }
        Err(Status::not_found(named(kind, &key)))
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
        let kind = schema::kind(api_version, &key.kind).ok_or_else(Status::no_such_resource)?;
        let live = self.get(api_version, key).ok_or_else(|| Status::not_found(named(kind, key)))?;
        if subresource == Some(Subresource::Scale) {
            return self.scale(kind, key, patch, writer);
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
        let shown = match decoder {
            Decoder::Unstructured => None,
            Decoder::Json => Some(patch::format_json(&patched)),
        };
        let root = codec::decode(kind, self.version, writer.strict, decoder, patched).map_err(|error| {
            let shown = shown.or_else(|| {
                let (Patch::Strategic(patch), Some(live)) = (patch, self.object(key)) else { return None };
                Some(patch::go_format(&Node::bare(strategic::left_of_patch(patch, live))))
            });
            Status::invalid_patch(&shown.unwrap_or_default(), error.message())
        })?;
        let part = if subresource == Some(Subresource::Status) { "status" } else { "" };
        let managed = self.owners_after(kind, key, &root, part, writer.manager);
        self.update(kind, key, root, subresource, managed)
    }

    /// PATCH with `application/apply-patch+yaml`: server-side apply by a field manager.
    pub fn apply(&mut self, config: &Node, manager: &str, force: bool) -> Answer {
        let kind = self.kind_of(config)?;
        let metadata = |field: &str| text_at(config, &["metadata", field]);
        let key = ObjectKey::with_kind(kind, metadata("namespace"), metadata("name"));
        let live = self.get(kind.api_version, &key);
        let target = self.target(kind, "");
        let nobody = Managed::default();
        let owners = self.records.get(&key).map_or(&nobody, |record| &record.managed);
        let applied = managed::apply(&target, live.as_ref(), owners, config, manager, force)
            .map_err(|error| Status::of_apply(&error))?;
        let root = codec::decode(kind, self.version, false, Decoder::Unstructured, applied.object).map_err(|error| {
            let slash = if kind.api_version.contains('/') { "" } else { "/" };
            let group_version = format!("{slash}{}, Kind={}", kind.api_version, kind.kind);
            Status::internal(format!(
                "failed to convert new object ({}/{}; {group_version}) to proper version: unable to convert unstructured object to {group_version}: {}",
                key.namespace, key.name, error.message()
            ))
        })?;
        if live.is_some() {
            self.update(kind, &key, root, None, applied.managed)
        } else {
            self.insert(kind, key, config, root, applied.managed)
        }
    }

    /// Who owns the fields of a stored object.
    pub fn managed(&self, key: &ObjectKey) -> Option<&Managed> {
        self.records.get(key).map(|record| &record.managed)
    }

    /// PATCH of `metadata.managedFields` alone.
    pub fn replace_managed(&mut self, key: &ObjectKey, managed: Managed) -> Answer {
        let kind = schema::kinds().iter().find(|kind| kind.kind == key.kind);
        let kind = kind.ok_or_else(Status::no_such_resource)?;
        let record = self.records.get_mut(key).ok_or_else(|| Status::not_found(named(kind, key)))?;
        self.resource_version += 1;
        record.resource_version = self.resource_version;
        record.managed = managed;
        Ok(Written { code: 200, changed: false })
    }

    fn target<'a>(&self, kind: &'a Kind, subresource: &'a str) -> Target<'a> {
        let target = Target::new(kind.api_version, kind.kind, self.version);
        Target { subresource, convert: codec::convert, ..target }
    }

    /// Who owns the fields after a write that is no server-side apply and leaves `root`, before the storage strategy.
    fn owners_after(
        &self,
        kind: &Kind,
        key: &ObjectKey,
        root: &Node,
        subresource: &str,
        manager: &str,
    ) -> Managed {
        let record = self.records.get(key);
        let nobody = Managed::default();
        let owners = record.map_or(&nobody, |record| &record.managed);
        let mut new = root.clone();
        encode(&key.group, &key.kind, &mut new);
        managed::update(
            &self.target(kind, subresource),
            record.map(|record| &record.object),
            owners,
            &new,
            manager,
        )
    }

    /// DELETE: what has finalizers is only marked.
    pub fn delete(&mut self, key: &ObjectKey) -> Answer {
        let Some(kind) = schema::kinds().iter().find(|kind| kind.kind == key.kind) else {
            return Err(Status::no_such_resource());
        };
        let Some(record) = self.records.get_mut(key) else {
            return Err(Status::not_found(named(kind, key)));
        };
        self.resource_version += 1;
        record.resource_version = self.resource_version;
        if let Some(metadata) = map_at_mut(&mut record.object, &["metadata"]) {
            node::set(metadata, "deletionTimestamp", CREATED);
            node::set(metadata, "deletionGracePeriodSeconds", 0);
        }
        // A claim that no pod uses is released by its controller.
        if (key.group.as_str(), key.kind.as_str()) == ("", "PersistentVolumeClaim") {
            remove_finalizer(&mut record.object, strategy::CLAIM_FINALIZER);
        }
        self.remove_if_finalized(key);
        Ok(Written { code: 200, changed: true })
    }

    fn kind_of(&self, body: &Node) -> Result<&'static Kind, Status> {
        schema::kind(text_at(body, &["apiVersion"]), text_at(body, &["kind"]))
            .filter(|kind| kind.exists_in(self.version))
            .ok_or_else(Status::no_such_resource)
    }

    fn decode_body(&self, kind: &Kind, body: &Node, writer: Writer<'_>) -> Result<Node, Status> {
        let mut root = body.clone();
        patch::as_json(&mut root);
        codec::decode(kind, self.version, writer.strict, Decoder::Json, root).map_err(|error| {
            let version = kind.api_version.rsplit('/').next().unwrap_or_default();
            let why = match &error {
                Undecodable::WrongType(why) | Undecodable::UnknownFields(why) => why,
            };
            Status::bad_request(format!(
                "{} in version {version:?} cannot be handled as a {}: {why}",
                kind.kind, kind.kind
            ))
        })
    }

    /// Stores a new object: `root` is what was made of the request.
    fn insert(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        request: &Node,
        mut root: Node,
        managed: Managed,
    ) -> Answer {
        strip_identity(&mut root);
        self.allocator.begin();
        let result = self.try_insert(kind, &key, request, &mut root);
        if result.is_err() {
            self.allocator.revert();
            result?;
        }
        encode(&key.group, &key.kind, &mut root);
        self.write(key, root, managed);
        Ok(Written { code: 201, changed: true })
    }

    fn try_insert(
        &mut self,
        kind: &Kind,
        key: &ObjectKey,
        request: &Node,
        root: &mut Node,
    ) -> Result<(), Status> {
        self.allocate(kind, key, root, None)?;
        strategy::prepare_for_create(key, self.version, &uid(key), root);
        if strategy::shares_labels(key, request) {
            strategy::share_labels(root);
        }
        let errors = self.validate(Operation::Create, key, root);
        if !errors.is_empty() {
            return Err(Status::invalid(named(kind, key), &errors));
        }
        if self.records.contains_key(key) {
            return Err(Status::already_exists(named(kind, key)));
        }
        Ok(())
    }

    /// Stores another version of an object.
    fn update(
        &mut self,
        kind: &Kind,
        key: &ObjectKey,
        mut root: Node,
        subresource: Option<Subresource>,
        managed: Managed,
    ) -> Answer {
        let named = named(kind, key);
        let Some(record) = self.records.get(key) else { return Err(Status::not_found(named)) };
        check_identity(named, key, &root, record)?;
        let old = record.object.clone();
        // The stored object as validation compares it, without what only the encoder writes.
        let mut old_decoded = old.clone();
        defaults::decode(&key.group, &key.kind, &mut old_decoded);
        let unconditional = text_at(&root, &["metadata", "resourceVersion"]).is_empty();
        strip_identity(&mut root);
        keep_deletion(&old, &mut root);
        if subresource == Some(Subresource::Status) {
            strategy::copy(&old_decoded, &mut root, "spec");
        } else {
            self.allocator.begin();
            let result = self.try_update(kind, key, &old_decoded, &mut root, unconditional);
            if result.is_err() {
                self.allocator.revert();
                result?;
            }
            if key.kind == "Service" {
                self.allocator.commit(&old_decoded, &root);
            }
        }
        encode(&key.group, &key.kind, &mut root);
        let changed = root != old;
        if changed || self.managed(key) != Some(&managed) {
            self.write(key.clone(), root, managed);
            self.remove_if_finalized(key);
        }
        Ok(Written { code: 200, changed })
    }

    fn try_update(
        &mut self,
        kind: &Kind,
        key: &ObjectKey,
        old: &Node,
        root: &mut Node,
        unconditional: bool,
    ) -> Result<(), Status> {
        self.allocate(kind, key, root, Some(old))?;
        strategy::prepare_for_update(key, self.version, old, root);
        let mut errors = Vec::new();
        if unconditional && strategy::needs_resource_version(key) {
            let error = FieldError::new(plimsoll_kube::ErrorKind::Invalid, "metadata.resourceVersion");
            errors.push(error.value("\"\"".to_owned()).detail("must be specified for an update"));
        }
        errors.extend(self.errors_of_update(key, old, root));
        if !errors.is_empty() {
            return Err(Status::invalid(named(kind, key), &errors));
        }
        // The admission plug-in `PersistentVolumeClaimResize`.
        if key.kind == "PersistentVolumeClaim" {
            let refusals = update::validate(&self.as_update(key, old, root), self);
            if let Some(refusal) = refusals.first() {
                return Err(Status::forbidden(named(kind, key), &refusal.error.detail));
            }
        }
        Ok(())
    }

    fn as_update<'a>(&self, key: &'a ObjectKey, old: &'a Node, new: &'a Node) -> Update<'a> {
        Update { group: &key.group, kind: &key.kind, name: &key.name, old, new, version: self.version }
    }

    fn errors_of_update(&self, key: &ObjectKey, old: &Node, root: &mut Node) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let of_manifest = self.validate(Operation::Update, key, root);
        let refusals = update::validate(&self.as_update(key, old, root), self);
        // That the selector is the generated one is asked of new Jobs only, and the class of a claim by admission.
        let elsewhere = [update::Cause::JobSelector, update::Cause::NeedsResizableClass];
        let refusals = refusals.into_iter().filter(|refusal| !elsewhere.contains(&refusal.cause));
        let of_update = refusals.map(|refusal| values::complete(refusal.error, root, self.version)).collect();
        let is_job = (key.group.as_str(), key.kind.as_str()) == ("batch", "Job");
        let of_selector = if is_job { strategy::errors_of_selector(root) } else { Vec::new() };
        // A Service is asked about its changes first.
        let in_order = match key.kind.as_str() {
            "Service" => [of_update, of_manifest, of_selector],
            _ => [of_manifest, of_selector, of_update],
        };
        for error in in_order.into_iter().flatten() {
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        errors
    }

    /// PATCH of the number of replicas.
    fn scale(&mut self, kind: &Kind, key: &ObjectKey, patch: Patch<'_>, writer: Writer<'_>) -> Answer {
        let (Patch::Merge(patch) | Patch::Strategic(patch)) = patch else {
            return Err(Status::bad_request("a scale is patched by a merge patch"));
        };
        let replicas = patch.get("spec").and_then(|spec| spec.get("replicas")).and_then(Node::as_i64);
        let mut root = self.get(kind.api_version, key).ok_or_else(|| Status::not_found(named(kind, key)))?;
        if let (Some(replicas), Some(spec)) = (replicas, map_at_mut(&mut root, &["spec"])) {
            node::set(spec, "replicas", replicas);
        }
        defaults::decode(&key.group, &key.kind, &mut root);
        let managed = self.owners_after(kind, key, &root, "scale", writer.manager);
        self.update(kind, key, root, None, managed)
    }

    /// The errors of validation.
    fn validate(&self, operation: Operation, key: &ObjectKey, root: &mut Node) -> Vec<FieldError> {
        if (key.group.as_str(), key.kind.as_str()) == ("batch", "Job") {
            let mut manifest = strategy::without_generated_selector(&uid(key), root);
            return self.errors(&mut manifest, |object, version| validate_for(operation, object, version));
        }
        self.errors(root, |object, version| validate_for(operation, object, version))
    }

    /// The errors of a function of validation; the object is borrowed for it only.
    fn errors(
        &self,
        root: &mut Node,
        validate: impl FnOnce(&Object, Version) -> Vec<Finding>,
    ) -> Vec<FieldError> {
        let object = codec::as_object(std::mem::replace(root, Node::bare(Value::Null)));
        let findings = validate(&object, self.version);
        *root = object.root;
        findings
            .into_iter()
            .filter(|finding| finding.severity() == plimsoll_diag::Severity::Error)
            .map(|finding| values::complete(finding.error, root, self.version))
            .collect()
    }

    fn allocate(
        &mut self,
        kind: &Kind,
        key: &ObjectKey,
        root: &mut Node,
        old: Option<&Node>,
    ) -> Result<(), Status> {
        if (key.group.as_str(), key.kind.as_str()) != ("", "Service") {
            return Ok(());
        }
        let old_spec = old.and_then(|old| map_at(old, &["spec"]));
        let Some(spec) = map_at_mut(root, &["spec"]) else { return Ok(()) };
        match old_spec {
            None => service::complete_new(spec),
            Some(old) => service::patch_allocated_values(spec, old),
        }
        let errors = self.errors(root, validate_addresses);
        if !errors.is_empty() {
            return Err(Status::invalid(named(kind, key), &errors));
        }
        let Some(spec) = map_at_mut(root, &["spec"]) else { return Ok(()) };
        service::allocate(&mut self.allocator, named(kind, key), spec, old_spec)?;
        service::default_on_read(spec);
        Ok(())
    }

    fn write(&mut self, key: ObjectKey, mut object: Node, managed: Managed) {
        self.resource_version += 1;
        self.deployments.annotate(&key, &mut object);
        controllers::protect_claim(&key, &mut object);
        let record = Record { object, resource_version: self.resource_version, managed };
        self.records.insert(key, record);
    }

    /// Removes an object that is being deleted and has no finalizers left.
    fn remove_if_finalized(&mut self, key: &ObjectKey) {
        let Some(record) = self.records.get(key) else { return };
        let finalizers = record.object.at(&["metadata", "finalizers"]).map(Node::items).unwrap_or_default();
        if record.object.at(&["metadata", "deletionTimestamp"]).is_some() && finalizers.is_empty() {
            if key.kind == "Service" {
                self.allocator.release(&record.object);
            }
            self.records.remove(key);
        }
    }
}

/// When everything was created: the server has no clock.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The uid of an object: the server has no randomness either.
fn uid(key: &ObjectKey) -> String {
    format!("uid-of-{}-{}", key.kind, key.name)
}

fn named<'a>(kind: &'a Kind, key: &'a ObjectKey) -> Named<'a> {
    Named { group: &key.group, kind: &key.kind, plural: kind.plural, name: &key.name }
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
