//! From client-side to server-side apply: what `kubectl apply --server-side` does to the managed fields of an object
//! after its first apply (`client-go/util/csaupgrade`).

use super::last_applied::LAST_APPLIED_ANNOTATION;
use super::owners::{Managed, Manager, Operation};
use super::path::FieldPath;
use super::set::FieldSet;

/// The manager by which `kubectl apply --server-side` keeps the annotation of client-side apply.
pub const LAST_APPLIED_MANAGER: &str = "kubectl-last-applied";

/// The annotation as a field.
fn last_applied() -> FieldPath {
    FieldPath::of_fields(&["metadata", "annotations", LAST_APPLIED_ANNOTATION])
}

/// Whether `kubectl apply --server-side` sends a second request after its apply: by the manager [`LAST_APPLIED_MANAGER`],
/// with the annotation alone as its configuration. It does if the object has the annotation (`has_annotation`) and nobody
/// applied it.
pub fn needs_last_applied_owner(managed: &Managed, has_annotation: bool) -> bool {
    let applied = |manager: &Manager| manager.operation == Operation::Apply;
    has_annotation
        && !managed
            .entries
            .iter()
            .any(|entry| applied(&entry.manager) && entry.fields.contains(&last_applied()))
}

/// Makes what the managers of client-side apply own the fields that the manager `name` applied. Those managers are the ones
/// that wrote the annotation; `None` if there are none. After that the client applies its configuration once more, which
/// removes what it does not name.
pub fn upgrade_client_side_apply(managed: &Managed, name: &str) -> Option<Managed> {
    let wrote_annotation = |entry: &&super::Entry| {
        entry.manager.operation == Operation::Update && entry.fields.contains(&last_applied())
    };
    let mut names: Vec<&str> =
        managed.entries.iter().filter(wrote_annotation).map(|entry| entry.manager.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let upgraded = names.iter().fold(managed.clone(), |managed, client| upgrade(managed, client, name));
    (upgraded != *managed).then_some(upgraded)
}

/// Makes what the managers own that `is_former` says the fields that the manager `name` applied; `None` if there are none
/// (`PatchReplaceFieldsManagers` of Flux).
pub fn take_over(
    managed: &Managed,
    is_former: impl Fn(&Manager) -> bool,
    name: &str,
    api_version: &str,
) -> Option<Managed> {
    let former: Vec<&super::Entry> =
        managed.entries.iter().filter(|entry| is_former(&entry.manager)).collect();
    let fields = former.iter().fold(FieldSet::default(), |fields, entry| fields.union(&entry.fields));
    if former.is_empty() {
        return None;
    }
    let applier = Manager {
        name: name.to_owned(),
        operation: Operation::Apply,
        api_version: api_version.to_owned(),
        subresource: String::new(),
    };
    let mut taken = managed.clone();
    taken.entries.retain(|entry| !is_former(&entry.manager));
    let own = taken.fields(&applier).map_or_else(|| fields.clone(), |own| own.union(&fields));
    taken.set(&applier, own, true);
    Some(taken)
}

/// `upgradedManagedFields`.
fn upgrade(mut managed: Managed, client: &str, name: &str) -> Managed {
    let is_client = |manager: &Manager| {
        manager.name == client && manager.operation == Operation::Update && manager.subresource.is_empty()
    };
    let is_applier = |manager: &Manager| {
        manager.name == name && manager.operation == Operation::Apply && manager.subresource.is_empty()
    };
    let first = |managed: &Managed, is: &dyn Fn(&Manager) -> bool| {
        managed.entries.iter().position(|entry| is(&entry.manager))
    };
    let Some(target) = first(&managed, &is_applier).or_else(|| first(&managed, &is_client)) else {
        return managed;
    };
    let version =
        managed.entries.get(target).map(|entry| entry.manager.api_version.clone()).unwrap_or_default();
    let same_version = |manager: &Manager| is_client(manager) && manager.api_version == version;
    let fields = first(&managed, &same_version)
        .and_then(|position| managed.entries.get(position))
        .map_or_else(FieldSet::default, |entry| entry.fields.clone());
    if let Some(entry) = managed.entries.get_mut(target) {
        name.clone_into(&mut entry.manager.name);
        entry.manager.operation = Operation::Apply;
        entry.fields = entry.fields.union(&fields);
    }
    managed.entries.retain(|entry| !is_client(&entry.manager));
    managed
}
