//! Ways into trees.

use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// The mapping at the end of a path of keys.
pub(crate) fn map<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Map> {
    root.at(path)?.as_map()
}

/// The mapping at the end of a path of keys.
pub(crate) fn map_mut<'a>(root: &'a mut Node, path: &[&str]) -> Option<&'a mut Map> {
    path.iter().try_fold(root, |node, key| node.as_map_mut()?.get_mut(key))?.as_map_mut()
}

/// The text at the end of a path of keys; empty if there is none.
pub(crate) fn text<'a>(root: &'a Node, path: &[&str]) -> &'a str {
    root.at(path).and_then(Node::as_str).unwrap_or_default()
}

/// Sets a key that comes from no text.
pub(crate) fn set(map: &mut Map, key: &str, value: impl Into<Value>) {
    map.insert(key, Span::NONE, Node::bare(value));
}

/// Runs `f` on every mapping in the list below `key`.
pub(crate) fn each(map: &mut Map, key: &str, f: impl FnMut(&mut Map)) {
    items_mut(map, key).iter_mut().filter_map(Node::as_map_mut).for_each(f);
}

/// The items of the list below `key`.
pub(crate) fn items_mut<'a>(map: &'a mut Map, key: &str) -> &'a mut [Node] {
    match map.get_mut(key) {
        Some(Node { value: Value::Seq(items), .. }) => items,
        _ => &mut [],
    }
}

/// The items of the list below `key`.
pub(crate) fn items<'a>(map: &'a Map, key: &str) -> &'a [Node] {
    map.get(key).map(Node::items).unwrap_or_default()
}

/// The part of an `apiVersion` before the slash; empty for the core group.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
