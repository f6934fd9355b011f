//! Strategic merge patches: JSON merge patches that know by what the items of a list are told apart.
//!
//! Follows `k8s.io/apimachinery/pkg/util/strategicpatch`, function by function; each names its model. Repeated merge
//! keys, the order of lists and every directive come out as they do there.

mod diff;
mod lists;
mod merge;

use super::Result;
use crate::merge as tags;
use plimsoll_yaml::Map;

const DIRECTIVE: &str = "$patch";
const DELETE: &str = "delete";
const REPLACE: &str = "replace";
const MERGE: &str = "merge";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
const SET_ORDER: &str = "$setElementOrder";

/// The patch that `kubectl apply` sends (`CreateThreeWayMergePatch` with `overwrite`): it makes `current` what `modified`
/// says and removes what `original` said and `modified` no longer does.
pub fn create_three_way(kind: &str, original: &Map, modified: &Map, current: &Map) -> Result<Map> {
    let schema = Schema { kind, parent: "" };
    let delta = diff::maps(current, modified, schema, diff::Options::CHANGES)?;
    let deletions = diff::maps(original, modified, schema, diff::Options::DELETIONS)?;
    merge::maps(deletions, delta, schema, merge::Options { is_applied: false })
}

/// Applies `patch` to the object `original` of that kind, as the API server does (`StrategicMergeMapPatch`).
pub fn apply(kind: &str, original: Map, patch: Map) -> Result<Map> {
    merge::maps(original, patch, Schema { kind, parent: "" }, merge::Options { is_applied: true })
}

/// A place in the type of an object: what the tags of its fields are looked up by.
#[derive(Clone, Copy)]
struct Schema<'a> {
    kind: &'a str,
    /// The nearest field above; empty at the top of the object.
    parent: &'a str,
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

impl<'a> Schema<'a> {
    /// The tags of a field, and the place below it (`LookupPatchMetadataForStruct`, `LookupPatchMetadataForSlice`).
    fn field(self, name: &'a str) -> (Schema<'a>, Tags) {
        (Schema { kind: self.kind, parent: name }, self.tags(name))
    }

    fn tags(self, name: &str) -> Tags {
        let merge = |merge_key| Tags { strategy: Some(Strategy::Merge), merge_key, ..Tags::default() };
        match tags::strategy(self.kind, self.parent, name) {
            tags::Strategy::Plain => Tags::default(),
            tags::Strategy::Merge(key) => merge(key),
            tags::Strategy::MergeRetainKeys(key) => Tags { retain_keys: true, ..merge(key) },
            tags::Strategy::MergeScalars => merge(""),
            tags::Strategy::RetainKeys => Tags { retain_keys: true, ..Tags::default() },
            tags::Strategy::Replace => Tags { strategy: Some(Strategy::Replace), ..Tags::default() },
        }
    }
}

#[cfg(test)]
mod tests;
