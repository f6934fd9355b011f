//! JSON merge patches (RFC 7386): what `kubectl apply` sends for custom resources.
//!
//! Follows `jsonmergepatch` of apimachinery and `evanphx/json-patch`, which both sides use.

use super::{PatchError, Result, go::Type, prune_nulls};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// Applies `patch` to `document`: null removes a field, maps are merged, everything else is replaced (`MergePatch`).
pub fn apply(document: &mut Map, patch: &Map) {
    for entry in patch {
        if entry.value.is_null() {
            document.remove(&entry.key);
            continue;
        }
        if let (Some(Node { value: Value::Map(below), .. }), Value::Map(patch)) =
            (document.get_mut(&entry.key), &entry.value.value)
        {
            apply(below, patch);
        } else {
            let mut value = entry.value.clone();
            prune_nulls(&mut value);
            document.insert(entry.key.clone(), Span::NONE, value);
        }
    }
}

/// The patch that makes `current` what `modified` says and removes what `original` said and `modified` no longer does
/// (`CreateThreeWayJSONMergePatch`).
pub fn create_three_way(original: &Map, modified: &Map, current: &Map) -> Result<Map> {
    let changes = without_nulls(difference(current, modified));
    let deletions = only_nulls(difference(original, modified));
    if conflict(&changes, &deletions) {
        return Err(PatchError::internal("patch conflicts with changes made from original to current"));
    }
    let mut patch = deletions;
    merge_patches(&mut patch, &changes);
    Ok(patch)
}

/// `CreateMergePatch`: what turns `from` into `to`.
fn difference(from: &Map, to: &Map) -> Map {
    let mut patch = Map::new();
    for entry in to {
        let Some(before) = from.get(&entry.key) else {
            patch.insert(entry.key.clone(), Span::NONE, entry.value.clone());
            continue;
        };
        if Type::of(before) != Type::of(&entry.value) {
            patch.insert(entry.key.clone(), Span::NONE, entry.value.clone());
            continue;
        }
        if let (Value::Map(before), Value::Map(after)) = (&before.value, &entry.value.value) {
            let below = difference(before, after);
            if !below.is_empty() {
                patch.insert(entry.key.clone(), Span::NONE, Node::bare(below));
            }
        } else if *before != entry.value {
            patch.insert(entry.key.clone(), Span::NONE, entry.value.clone());
        }
    }
    for entry in from {
        if !to.contains_key(&entry.key) {
            patch.insert(entry.key.clone(), Span::NONE, Node::bare(Value::Null));
        }
    }
    patch
}

/// `keepOrDeleteNullInObj(.., false)`: additions and changes. An empty map is a value.
fn without_nulls(patch: Map) -> Map {
    let mut kept = Map::new();
    for mut entry in patch {
        entry.value.value = match entry.value.value {
            Value::Null => continue,
            Value::Map(below) if !below.is_empty() => {
                let below = without_nulls(below);
                if below.is_empty() {
                    continue;
                }
                Value::Map(below)
            }
            value => value,
        };
        kept.push(entry);
    }
    kept
}

/// `keepOrDeleteNullInObj(.., true)`: deletions.
fn only_nulls(patch: Map) -> Map {
    let mut kept = Map::new();
    for mut entry in patch {
        entry.value.value = match entry.value.value {
            Value::Null => Value::Null,
            Value::Map(below) => {
                let below = only_nulls(below);
                if below.is_empty() {
                    continue;
                }
                Value::Map(below)
            }
            _ => continue,
        };
        kept.push(entry);
    }
    kept
}

/// `HasConflicts`: whether one patch sets what the other does not leave as it is.
fn conflict(left: &Map, right: &Map) -> bool {
    left.iter().any(|entry| match (right.get(&entry.key), &entry.value.value) {
        (None, _) => false,
        (Some(Node { value: Value::Map(right), .. }), Value::Map(left)) => conflict(left, right),
        (Some(right), _) => *right != entry.value,
    })
}

/// Adds one patch to another; unlike [`apply`] this keeps nulls.
fn merge_patches(into: &mut Map, patch: &Map) {
    for entry in patch {
        match (into.get_mut(&entry.key), &entry.value.value) {
            (Some(Node { value: Value::Map(below), .. }), Value::Map(patch)) => merge_patches(below, patch),
            _ => {
                into.insert(entry.key.clone(), Span::NONE, entry.value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::map;
    use super::*;

    #[test]
    fn what_left_the_manifest_is_removed_and_what_others_set_stays() {
        let original = map("{spec: {a: 1, b: {x: 1}, c: [1]}}");
        let modified = map("{spec: {a: 2, b: {}, d: {}}}");
        let current = map("{spec: {a: 1, b: {x: 1, y: 2}, c: [1], e: 5}}");
        let patch = create_three_way(&original, &modified, &current).unwrap();
        assert_eq!(patch, map("{spec: {a: 2, b: {x: null}, c: null, d: {}}}"));
        let mut live = current;
        apply(&mut live, &patch);
        assert_eq!(live, map("{spec: {a: 2, b: {y: 2}, d: {}, e: 5}}"));
    }

    #[test]
    fn nulls_of_a_new_value_are_dropped_except_in_lists() {
        let mut live = map("{}");
        apply(&mut live, &map("{a: {b: null, c: [null, {d: null}]}}"));
        assert_eq!(live, map("{a: {c: [null, {}]}}"));
    }
}
