//! Values between plimsoll's trees and Tera's, without losing where they came from.

use super::upstream::{absent, refused};
use crate::diag::Span;
use crate::yaml;
use std::collections::BTreeMap;
use tera::TeraResult;

/// Where the entries of maps and lists came from.
///
/// Tera shares collections, whatever variable, loop or component argument they travel through, so the
/// address of a collection says which node of the values it is. That leads an expression like
/// `container.port`, deep inside a component, back to the line of the values file.
#[derive(Debug, Default)]
pub(super) struct Origins {
    entries: BTreeMap<usize, Box<[Span]>>,
}

impl Origins {
    /// The origin of the value at the end of a way that starts from a variable's value.
    pub(super) fn find<'a>(&self, root: &tera::Value, way: impl IntoIterator<Item = At<'a>>) -> Option<Span> {
        let mut way = way.into_iter().peekable();
        let mut parent = root;
        loop {
            let index = way.next()?.index(parent)?;
            if way.peek().is_none() {
                let entries = self.entries.get(&address(parent)?)?;
                return entries.get(index).copied().filter(|span| !span.is_none());
            }
            parent = child(parent, index)?;
        }
    }

    /// A tree for Tera, remembering the origin of every entry.
    pub(super) fn tree(&mut self, node: &yaml::Node) -> tera::Value {
        let value = tera::Value::from_serializable(node);
        self.note(node, &value);
        value
    }

    /// Notes where the collections of a tree came from, given what Tera made of it.
    fn note(&mut self, node: &yaml::Node, value: &tera::Value) {
        match &node.value {
            yaml::Value::Seq(items) => {
                let Some(list) = value.as_array() else { return };
                self.entries.insert(list.as_ptr().addr(), items.iter().map(|item| item.span).collect());
                items.iter().zip(list).for_each(|(item, value)| self.note(item, value));
            }
            yaml::Value::Map(entries) => {
                let Some(map) = value.as_map() else { return };
                let spans = entries.iter().map(|entry| entry.value.span).collect();
                self.entries.insert(std::ptr::from_ref(map).addr(), spans);
                entries.iter().zip(map.values()).for_each(|(entry, value)| self.note(&entry.value, value));
            }
            _ => {}
        }
    }
}

/// An entry of a map or a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'a> {
    Key(&'a str),
    /// The one in that place, from 0.
    Index(usize),
}

impl At<'_> {
    fn index(self, parent: &tera::Value) -> Option<usize> {
        match (self, parent.as_map()) {
            (At::Key(key), Some(map)) => map.get_index_of(&tera::value::Key::Str(key)),
            (At::Key(key), None) => key.parse().ok(),
            (At::Index(index), _) => Some(index),
        }
    }
}

/// By what a collection is known.
fn address(value: &tera::Value) -> Option<usize> {
    value
        .as_map()
        .map(|map| std::ptr::from_ref(map).addr())
        .or_else(|| value.as_array().map(|list| list.as_ptr().addr()))
}

fn child(value: &tera::Value, index: usize) -> Option<&tera::Value> {
    match value.as_map() {
        // Through the index: a key that is looked up by itself would have to live as long as the map.
        Some(map) => map.get_index(index).map(|(_, value)| value),
        None => value.as_array()?.get(index),
    }
}

/// An entry of a map or a list.
pub(super) fn entry<'a>(value: &'a tera::Value, at: At<'_>) -> Option<&'a tera::Value> {
    child(value, at.index(value)?)
}

/// `value[key]`.
pub(super) fn get<'a>(value: &'a tera::Value, key: &str) -> Option<&'a tera::Value> {
    entry(value, At::Key(key))
}

/// A tree of Tera's as plimsoll's own.
pub(super) fn node(value: &tera::Value) -> TeraResult<yaml::Node> {
    use tera::value::ValueKind;
    let value = match value.kind() {
        ValueKind::Undefined => return Err(absent()),
        ValueKind::None => yaml::Value::Null,
        ValueKind::Bool => yaml::Value::Bool(value.as_bool().unwrap_or_default()),
        ValueKind::String => yaml::Value::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Array => {
            yaml::Value::Seq(value.as_array().unwrap_or_default().iter().map(node).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut map = yaml::Map::new();
            for (key, value) in value.as_map().into_iter().flatten() {
                map.insert(key.to_string(), Span::NONE, node(value)?);
            }
            yaml::Value::Map(map)
        }
        ValueKind::Bytes => {
            let message = "binary data cannot be written as text: pipe it through `b64encode`";
            return Err(refused(message));
        }
        _ => number(value)?,
    };
    Ok(yaml::Node::new(value, Span::NONE))
}

fn number(value: &tera::Value) -> TeraResult<yaml::Value> {
    if let Some(number) = value.as_i64().filter(|_| !value.is_f64()) {
        Ok(yaml::Value::Int(number))
    } else if let Some(number) = value.as_u64().filter(|_| !value.is_f64()) {
        Ok(yaml::Value::Uint(number))
    } else {
        match value.as_f64() {
            Some(number) if number.is_finite() => Ok(yaml::Value::Float(number)),
            _ => Err(refused(format!("`{value}` cannot be written as a YAML number"))),
        }
    }
}

/// A map for Tera.
pub(super) fn map(entries: impl IntoIterator<Item = (&'static str, tera::Value)>) -> tera::Value {
    entries.into_iter().map(|(key, value)| (tera::value::Key::from(key), value)).collect::<tera::Map>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Map, Node};

    #[test]
    fn origins_follow_shared_collections() {
        let source = crate::diag::Sources::new().add("v", "x", crate::diag::SourceKind::File);
        let span = Span::new(source, 3, 5);
        let mut inner = Map::new();
        inner.insert("size", span, Node::new("1Gi".into(), span));
        let mut outer = Map::new();
        outer.insert("disk", span, Node::new(inner.into(), span));
        let mut origins = Origins::default();
        let root = origins.tree(&Node::bare(outer));
        assert_eq!(origins.find(&root, [At::Key("disk"), At::Key("size")]), Some(span));
        assert_eq!(origins.find(&root, [At::Key("disk"), At::Index(0)]), Some(span));
        let disk = get(&root, "disk").unwrap();
        assert_eq!(origins.find(disk, [At::Key("size")]), Some(span));
        assert_eq!(origins.find(disk, [At::Key("nope")]), None);
        assert_eq!(origins.find(disk, [At::Index(1)]), None);
        assert_eq!(origins.find(disk, []), None);
    }

    #[test]
    fn numbers_keep_their_kind() {
        for value in [
            yaml::Value::Int(-3),
            yaml::Value::Uint(u64::MAX),
            yaml::Value::Float(1.5),
            yaml::Value::Float(2.0),
        ] {
            let tree = Node::new(value, Span::NONE);
            assert_eq!(node(&Origins::default().tree(&tree)).unwrap(), tree);
        }
    }
}
