//! From what was made of a request to what is stored.

use super::identity::{check_identity, keep_deletion, named, strip_identity, uid};
use super::reading::DEFINITION;
use super::{
    Answer, Cause, Fault, ObjectKey, Patch, Record, Served, Server, Status, Subresource, Writer, Written,
    controllers, is_service, map_at, map_at_mut, node, service, strategy, text_at,
};
use plimsoll_kube::admission::Operation;
use plimsoll_kube::managed::Managed;
use plimsoll_kube::update;
use plimsoll_kube::validation;
use plimsoll_kube::{FieldError, complete_custom, defaults, encode, validate_addresses};
use plimsoll_yaml::{Map, Node};
use std::sync::Arc;

impl Server {
    /// Stores a new object: `root` is what was made of the request. `shares_labels` is what [`strategy::shares_labels`]
    /// says of the request.
    pub(super) fn insert(
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

    pub(super) fn try_insert(
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

    /// Stores another version of an object.
    pub(super) fn update(
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

    pub(super) fn try_update(
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

    /// PATCH of the number of replicas.
    pub(super) fn scale(
        &mut self,
        kind: &Served,
        key: &ObjectKey,
        patch: Patch<'_>,
        writer: Writer<'_>,
    ) -> Answer {
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

    pub(super) fn allocate(
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

    pub(super) fn write(&mut self, key: &ObjectKey, mut object: Node, managed: Managed) {
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

    /// Prunes and defaults the stored custom resources of a definition, as the server does with the current definition
    /// whenever it reads one from its storage.
    pub(super) fn read_again(&mut self, definition: &ObjectKey) {
        let Some(definition) = self.object(definition).cloned() else { return };
        let group = text_at(&definition, &["spec", "group"]);
        let kind = text_at(&definition, &["spec", "names", "kind"]);
        let is_defined = |key: &ObjectKey| (&*key.group, &*key.kind) == (group, kind);
        for (_, record) in self.records.iter_mut().filter(|(key, _)| is_defined(key)) {
            complete_custom(Arc::make_mut(&mut record.object), &definition);
        }
    }

    /// Removes an object that is being deleted and has no finalizers left.
    pub(super) fn remove_if_finalized(&mut self, key: &ObjectKey) {
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
