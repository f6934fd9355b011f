//! What the server says about an object, not about its content.

use super::answer::Named;
use super::{Record, Served, Status, map_at_mut, node, text_at};
use plimsoll_kube::schema;
use plimsoll_yaml::Node;

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

    pub(super) fn with_kind(kind: &Served, namespace: &str, name: &str) -> Self {
        Self {
            group: kind.group().to_owned(),
            kind: kind.kind.clone().into_owned(),
            namespace: if kind.is_namespaced { namespace.to_owned() } else { String::new() },
            name: name.to_owned(),
        }
    }
}

/// When everything was created: the server has no clock.
pub(super) const CREATED: &str = "2026-01-01T00:00:00Z";

/// The uid of an object: the server has no randomness either.
pub(super) fn uid(key: &ObjectKey) -> String {
    format!("uid-of-{}-{}", key.kind, key.name)
}

pub(super) fn named<'a>(kind: &'a Served, key: &'a ObjectKey) -> Named<'a> {
    Named { group: &key.group, kind: &key.kind, plural: &kind.plural, name: &key.name }
}

/// Takes out what the server says about an object, not about its content.
pub(super) fn strip_identity(root: &mut Node) {
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
pub(super) fn check_identity(
    named: Named<'_>,
    key: &ObjectKey,
    root: &Node,
    record: &Record,
) -> Result<(), Status> {
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
pub(super) fn keep_deletion(old: &Node, root: &mut Node) {
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

pub(super) fn remove_finalizer(root: &mut Node, name: &str) {
    let Some(metadata) = map_at_mut(root, &["metadata"]) else { return };
    let mut finalizers = node::items(metadata, "finalizers").to_vec();
    finalizers.retain(|one| one.as_str() != Some(name));
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        node::set(metadata, "finalizers", finalizers);
    }
}
