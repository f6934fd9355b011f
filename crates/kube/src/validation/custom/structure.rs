//! What the server does to a custom resource before it validates it: it finds unknown fields, drops nulls that are not
//! allowed, and fills in defaults (`apiserver/schema/pruning`, `apiserver/schema/defaulting`).

use super::At;
use crate::validation::Context;
use plimsoll_diag::nearest;
use plimsoll_yaml::{Map, Node, Value};

/// The fields that every whole object has, whatever its schema says.
const HEAD: [&str; 3] = ["apiVersion", "kind", "metadata"];

pub(super) fn flag(schema: &Node, name: &str) -> bool {
    schema.get(name).and_then(Node::as_bool).unwrap_or(false)
}

/// The schema of a field of a map; `None` if it has none of its own.
fn schema_of<'s>(schema: &'s Node, field: &str) -> Option<&'s Node> {
    let own = schema.get("properties").and_then(|properties| properties.get(field));
    own.or_else(|| schema.get("additionalProperties").filter(|node| node.as_map().is_some()))
}

/// Whether fields that a schema does not name are kept.
fn keeps_unknown(schema: &Node) -> bool {
    // Definitions of `v1beta1` and JSON schemas may say nothing at all of a value.
    let is_unspecified = schema.get("type").is_none() && schema.get("properties").is_none();
    flag(schema, "x-kubernetes-preserve-unknown-fields")
        || schema.get("additionalProperties").and_then(Node::as_bool) == Some(true)
        || is_unspecified
}

/// Reports the fields that the server would prune. `is_object` says that the value is a whole object.
pub(in crate::validation) fn unknown_fields(
    is_object: bool,
    at: &At<'_, '_>,
    schema: &Node,
    cx: &mut Context<'_>,
) {
    match at.node().map(|node| &node.value) {
        Some(Value::Map(map)) => {
            let is_object = is_object || flag(schema, "x-kubernetes-embedded-resource");
            let is_open = keeps_unknown(schema);
            for entry in map {
                if is_object && HEAD.contains(&entry.key.as_str()) {
                    continue;
                }
                let place = at.field_at(entry);
                match schema_of(schema, &entry.key) {
                    Some(inner) => unknown_fields(false, &place, inner, cx),
                    None if is_open => {}
                    None => {
                        let properties = schema.get("properties").and_then(Node::as_map);
                        let near = properties.and_then(|map| nearest(&entry.key, map.keys()));
                        cx.unknown_field(&place, near.map(|near| format!("did you mean `{near}`?")));
                    }
                }
            }
        }
        Some(Value::Seq(_)) => {
            let Some(inner) = schema.get("items") else { return };
            for item in at.items() {
                unknown_fields(false, &item, inner, cx);
            }
        }
        _ => {}
    }
}

/// Drops the fields that [`unknown_fields`] reports (`PruneWithOptions`).
pub(super) fn prune(is_object: bool, node: &mut Node, schema: &Node) {
    match &mut node.value {
        Value::Map(map) => {
            let is_object = is_object || flag(schema, "x-kubernetes-embedded-resource");
            let is_open = keeps_unknown(schema);
            map.retain(|entry| {
                if is_object && HEAD.contains(&entry.key.as_str()) {
                    return true;
                }
                let Some(inner) = schema_of(schema, &entry.key) else { return is_open };
                prune(false, &mut entry.value, inner);
                true
            });
        }
        Value::Seq(items) => {
            if let Some(inner) = schema.get("items") {
                for item in items {
                    prune(false, item, inner);
                }
            }
        }
        _ => {}
    }
}

/// Drops nulls that are neither allowed nor replaced by a default (`PruneNonNullableNullsWithoutDefaults`).
fn drop_nulls(node: &mut Node, schema: &Node) {
    match &mut node.value {
        Value::Map(map) => map.retain(|entry| {
            let Some(inner) = schema_of(schema, &entry.key) else { return true };
            drop_nulls(&mut entry.value, inner);
            !entry.value.is_null() || flag(inner, "nullable") || has_default(inner)
        }),
        Value::Seq(items) => {
            if let Some(inner) = schema.get("items") {
                for item in items {
                    drop_nulls(item, inner);
                }
            }
        }
        _ => {}
    }
}

fn has_default(schema: &Node) -> bool {
    schema.get("default").is_some_and(|default| !default.is_null())
}

/// Fills in the defaults (`Default`). A value that is filled in stands where the map that lacks it does.
fn fill_defaults(node: &mut Node, schema: &Node) {
    let span = node.span;
    match &mut node.value {
        Value::Map(map) => {
            let properties = schema.get("properties").and_then(Node::as_map);
            for property in properties.into_iter().flatten().filter(|property| has_default(&property.value)) {
                let is_missing = match map.get(&property.key) {
                    Some(value) => value.is_null() && !flag(&property.value, "nullable"),
                    None => true,
                };
                if let Some(default) = property.value.get("default").filter(|_| is_missing) {
                    fill_in(map, &property.key, default, span);
                }
            }
            for entry in map.iter_mut() {
                if let Some(inner) = schema_of(schema, &entry.key) {
                    replace_null(&mut entry.value, inner);
                    fill_defaults(&mut entry.value, inner);
                }
            }
        }
        Value::Seq(items) => {
            if let Some(inner) = schema.get("items") {
                for item in items {
                    replace_null(item, inner);
                    fill_defaults(item, inner);
                }
            }
        }
        _ => {}
    }
}

fn fill_in(map: &mut Map, key: &str, default: &Node, span: plimsoll_diag::Span) {
    let mut value = default.clone();
    place_at(&mut value, span);
    map.insert(key, span, value);
}

fn replace_null(node: &mut Node, schema: &Node) {
    if node.is_null()
        && !flag(schema, "nullable")
        && let Some(default) = schema.get("default")
    {
        let span = node.span;
        *node = default.clone();
        place_at(node, span);
    }
}

/// Findings about a default are findings about the object, not about its definition.
fn place_at(node: &mut Node, span: plimsoll_diag::Span) {
    node.span = span;
    match &mut node.value {
        Value::Map(map) => {
            for entry in map.iter_mut() {
                entry.key_span = span;
                place_at(&mut entry.value, span);
            }
        }
        Value::Seq(items) => {
            for item in items {
                place_at(item, span);
            }
        }
        _ => {}
    }
}

/// Completes an object as the server does before it validates it.
pub(super) fn complete(root: &mut Node, schema: &Node) {
    drop_nulls(root, schema);
    fill_defaults(root, schema);
}

/// The object as the server validates it.
pub(super) fn decoded(root: &Node, schema: &Node) -> Node {
    let mut decoded = root.clone();
    complete(&mut decoded, schema);
    decoded
}
