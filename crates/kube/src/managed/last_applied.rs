//! The annotation of client-side apply, which the manager `kubectl` takes over (`lastAppliedManager`,
//! `lastAppliedUpdater`).

use super::Target;
use super::compare::compare;
use super::conflict::Conflict;
use super::fields::fields_of;
use super::owners::Manager;
use super::set::FieldSet;
use super::structure::Type;
use super::validate::validate;
use super::value::KeyValue;
use crate::defaults;
use plimsoll_diag::Span;
use plimsoll_yaml::emit::format_json;
use plimsoll_yaml::{Map, Node, Value};

/// The annotation in which `kubectl apply` keeps what it applied.
pub const LAST_APPLIED_ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The default manager of `kubectl apply --server-side`, the only one that looks at the annotation.
const KUBECTL: &str = "kubectl";

/// The size that all annotations together may have, in bytes (`TotalAnnotationSizeLimitB`).
pub const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// The conflicts that remain for the manager: none at all if client-side apply set every field in conflict.
pub(super) fn remaining_conflicts(
    ty: Type<'_>,
    target: &Target<'_>,
    manager: &Manager,
    live: &Node,
    mut conflicts: Vec<Conflict>,
) -> Vec<Conflict> {
    if manager.name == KUBECTL
        && let Some(allowed) = fields_as_last_applied(ty, target, live)
    {
        conflicts.retain(|conflict| !allowed.contains(&conflict.path));
    }
    conflicts
}

/// `allowedConflictsFromLastApplied`: the fields that the object has as it was last applied.
fn fields_as_last_applied(ty: Type<'_>, target: &Target<'_>, live: &Node) -> Option<FieldSet> {
    let last: serde_json::Value = serde_json::from_str(annotation(live)?).ok()?;
    let last = KeyValue::from_json(&last).node().clone();
    let same_version = last.get("apiVersion").and_then(Node::as_str) == Some(target.api_version);
    if !same_version || !validate(ty, live).is_empty() || !validate(ty, &last).is_empty() {
        return None;
    }
    let changes = compare(ty, &last, live);
    Some(fields_of(ty, &last).difference(&changes.changed().union(&changes.removed)))
}

/// The annotation of an object that has one.
fn annotation(object: &Node) -> Option<&str> {
    object.at(&["metadata", "annotations", LAST_APPLIED_ANNOTATION])?.as_str().filter(|text| !text.is_empty())
}

/// Brings the annotation of the object up to date, if it has one.
pub(super) fn refresh(manager: &Manager, config: &Node, object: &mut Node) {
    if manager.name != KUBECTL || annotation(object).is_none() {
        return;
    }
    let Some(metadata) = object.as_map_mut().map(|root| defaults::ensure_map(root, "metadata")) else {
        return;
    };
    let annotations = defaults::ensure_map(metadata, "annotations");
    annotations.insert(LAST_APPLIED_ANNOTATION, Span::NONE, Node::bare(note(config)));
    let size = |entry: &plimsoll_yaml::Entry| entry.key.len() + entry.value.as_str().map_or(0, str::len);
    if annotations.iter().map(size).sum::<usize>() > ANNOTATIONS_LIMIT {
        annotations.remove(LAST_APPLIED_ANNOTATION);
    }
}

/// The text that `kubectl apply` keeps of a manifest in the annotation (`GetModifiedConfiguration`). Annotations that are
/// null are empty texts.
pub fn last_applied_text(manifest: &Node) -> String {
    without_last_applied(&mut manifest.clone())
}

/// A manifest with itself as an annotation, as `kubectl apply` sends it.
pub fn with_last_applied(mut manifest: Node) -> Node {
    let text = without_last_applied(&mut manifest);
    if let Some(annotations) = annotations(&mut manifest) {
        annotations.insert(LAST_APPLIED_ANNOTATION, Span::NONE, Node::bare(text));
    }
    manifest
}

/// Takes the annotation out of a manifest; what is left is the text to keep.
fn without_last_applied(manifest: &mut Node) -> String {
    if let Some(annotations) = annotations(manifest) {
        annotations.remove(LAST_APPLIED_ANNOTATION);
        coerce_nulls(annotations);
    }
    format_json(manifest) + "\n"
}

/// The annotations of an object, which has some from now on.
fn annotations(object: &mut Node) -> Option<&mut Map> {
    let root = object.as_map_mut()?;
    Some(defaults::ensure_map(defaults::ensure_map(root, "metadata"), "annotations"))
}

fn coerce_nulls(annotations: &mut Map) {
    for entry in annotations.iter_mut().filter(|entry| entry.value.is_null()) {
        entry.value.value = Value::String(String::new());
    }
}

/// The configuration as the annotation holds it: `buildLastApplied`.
fn note(config: &Node) -> String {
    let mut config = config.clone();
    if let Some(Value::Map(annotations)) = config
        .as_map_mut()
        .and_then(|root| root.get_mut("metadata"))
        .and_then(Node::as_map_mut)
        .and_then(|metadata| metadata.get_mut("annotations"))
        .map(|node| &mut node.value)
    {
        annotations.remove(LAST_APPLIED_ANNOTATION);
        // The accessor of annotations reads a null as an empty text (`NestedNullCoercingStringMap`).
        coerce_nulls(annotations);
    }
    format_json(&config) + "\n"
}
