//! Paths to fields of many objects, as the configuration of kustomize's transformers writes them.

use super::resource::Resource;
use crate::diag::Span;
use crate::yaml::{Map, Node, Value};

/// A field of the objects of some kinds.
pub(super) struct FieldSpec<'a> {
    /// The group, if it matters.
    pub(super) group: Option<&'a str>,
    /// The kind; empty for all.
    pub(super) kind: &'a str,
    /// The keys, with `/` between them (`\/` in a key); lists are gone through.
    pub(super) path: &'a str,
    /// Whether missing maps on the way are made. A key with `[]` behind it is a list, which is not.
    pub(super) create: bool,
}

impl<'a> FieldSpec<'a> {
    /// A field of a kind.
    pub(super) const fn of(kind: &'a str, path: &'a str, create: bool) -> Self {
        Self { group: None, kind, path, create }
    }

    /// A field of a kind in a group.
    pub(super) const fn in_group(group: &'a str, kind: &'a str, path: &'a str) -> Self {
        Self { group: Some(group), kind, path, create: false }
    }

    /// Whether an object has the field.
    pub(super) fn matches(&self, resource: &Resource) -> bool {
        (self.kind.is_empty() || self.kind == resource.kind())
            && self.group.is_none_or(|group| group == resource.object.group())
    }

    /// Calls `change` with every value at the path.
    pub(super) fn each(&self, resource: &mut Resource, change: &mut dyn FnMut(&mut Node)) {
        if self.matches(resource) {
            let keys = split_keys(self.path);
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            walk(resource.root(), &keys, self.create, change);
        }
    }
}

/// The keys of a path. Kustomize writes `[]` behind the key of a list, and so do the keys that are returned.
pub(super) fn split_keys(path: &str) -> Vec<String> {
    let escaped = path.replace("\\/", "\0");
    let keys = escaped.split('/').filter(|key| !key.is_empty());
    keys.map(|key| key.replace('\0', "/")).collect()
}

/// Calls `change` with every value at the end of a path of keys.
pub(super) fn walk(node: &mut Node, keys: &[&str], create: bool, change: &mut dyn FnMut(&mut Node)) {
    if let Value::Seq(items) = &mut node.value {
        return items.iter_mut().for_each(|item| walk(item, keys, create, change));
    }
    let Some((key, rest)) = keys.split_first() else { return change(node) };
    let (key, create) = key.strip_suffix("[]").map_or((*key, create), |list| (list, false));
    if create && node.is_null() {
        node.value = Value::Map(Map::new());
    }
    let span = node.span;
    let Value::Map(map) = &mut node.value else { return };
    if create && map.get(key).is_none_or(Node::is_null) {
        map.insert(key, span, Node::new(Value::Map(Map::new()), span));
    }
    if let Some(child) = map.get_mut(key) {
        // The value itself may be a list: it is what is changed.
        if rest.is_empty() { change(child) } else { walk(child, rest, create, change) }
    }
}

/// Sets the entries of a map in the map at `node`.
pub(super) fn set_entries(node: &mut Node, entries: &Map) {
    if node.is_null() {
        node.value = Value::Map(Map::new());
    }
    let Some(map) = node.as_map_mut() else { return };
    for entry in entries {
        map.insert(entry.key.as_str(), entry.key_span, entry.value.clone());
    }
}

/// A text node.
pub(super) fn text(text: impl Into<String>, span: Span) -> Node {
    Node::new(Value::String(text.into()), span)
}
