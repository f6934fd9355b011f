//! Strategic merge patches: JSON merge patches that know by what the items of a list are told apart.
//!
//! Follows `k8s.io/apimachinery/pkg/util/strategicpatch`, function by function; each names its model. Repeated merge
//! keys, the order of lists and every directive come out as they do there.

mod diff;
mod lists;
mod merge;

use super::Result;
use crate::merge::{self as tags, Position};
use plimsoll_yaml::{Map, Node, Value};

const DIRECTIVE: &str = "$patch";
const DELETE: &str = "delete";
const REPLACE: &str = "replace";
const MERGE: &str = "merge";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// The patch that `kubectl apply` sends (`CreateThreeWayMergePatch` with `overwrite`): it makes `current` what `modified`
/// says and removes what `original` said and `modified` no longer does. `root` is the type of the object.
pub fn create_three_way(root: Position, original: &Map, modified: &Map, current: &Map) -> Result<Map> {
    let delta = diff::maps(current, modified, root, diff::Options::CHANGES)?;
    let deletions = diff::maps(original, modified, root, diff::Options::DELETIONS)?;
    merge::maps(deletions, delta, root, merge::Options { is_applied: false })
}

/// Applies `patch` to the object `original` of the type `root`, as the API server does (`StrategicMergeMapPatch`).
pub fn apply(root: Position, original: Map, patch: Map) -> Result<Map> {
    merge::maps(original, patch, root, merge::Options { is_applied: true })
}

/// What is left of a patch after the server has applied it to `original`: merging takes out the directives and the lists
/// that it has dealt with. The server's errors show this.
pub fn left_of_patch(patch: &Map, original: &Node) -> Map {
    let mut left = patch.clone();
    left.remove(RETAIN_KEYS);
    for key in patch.keys() {
        if let Some(field) = key.strip_prefix(SET_ORDER).and_then(|rest| rest.strip_prefix('/')) {
            left.remove(key);
            left.remove(field);
        }
    }
    for entry in &mut left {
        if let (Value::Map(map), Some(original)) = (&mut entry.value.value, original.get(&entry.key))
            && original.as_map().is_some()
        {
            *map = left_of_patch(map, original);
        }
    }
    left
}

/// How a field is patched: its tags `patchStrategy` and `patchMergeKey`.
#[derive(Clone, Copy, Default)]
struct Tags {
    retain_keys: bool,
    strategy: Option<Strategy>,
    /// Empty for lists of scalars.
    merge_key: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Merge,
    Replace,
}

impl Tags {
    fn of(field: Position) -> Self {
        let merge = |merge_key| Self { strategy: Some(Strategy::Merge), merge_key, ..Self::default() };
        match field.strategy() {
            tags::Strategy::Plain => Self::default(),
            tags::Strategy::Merge(key) => merge(key),
            tags::Strategy::MergeRetainKeys(key) => Self { retain_keys: true, ..merge(key) },
            tags::Strategy::MergeScalars => merge(""),
            tags::Strategy::RetainKeys => Self { retain_keys: true, ..Self::default() },
            tags::Strategy::Replace => Self { strategy: Some(Strategy::Replace), ..Self::default() },
        }
    }
}

#[cfg(test)]
mod tests;
