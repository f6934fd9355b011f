//! Two values of one type, side by side: what merging and comparing have in common.

use super::structure::{Atom, ListType, MapType, Scalar, Type};
use plimsoll_yaml::{Map, Node, Value};

/// How two values are looked at.
pub(super) enum Pair<'t, 'v, 'a> {
    /// As a whole: scalars, atomic lists and maps, and where both have nothing inside.
    Leaf,
    /// Entry by entry.
    Maps(&'t MapType<'a>, Option<&'v Map>, Option<&'v Map>),
    /// Item by item.
    Lists(&'t ListType<'a>, &'v [Node], &'v [Node]),
    /// Neither is a value of the type.
    Misfit,
}

impl<'t, 'v, 'a> Pair<'t, 'v, 'a> {
    pub(super) fn of(atom: &'t Atom<'a>, old: Option<&'v Node>, new: Option<&'v Node>) -> Self {
        match atom {
            _ if atom.is_atomic() => Self::Leaf,
            Atom::Map(ty) => {
                let (old, new) = (old.and_then(Node::as_map), new.and_then(Node::as_map));
                let is_empty = |map: Option<&Map>| map.is_none_or(Map::is_empty);
                // Empty and null stay apart only if they count as leaves.
                if is_empty(old) && is_empty(new) { Self::Leaf } else { Self::Maps(ty, old, new) }
            }
            Atom::List(ty) => {
                let (old, new) = (old.map_or(&[][..], Node::items), new.map_or(&[][..], Node::items));
                if old.is_empty() && new.is_empty() { Self::Leaf } else { Self::Lists(ty, old, new) }
            }
            Atom::Scalar(scalar) if !fits(*scalar, old) && !fits(*scalar, new) => Self::Misfit,
            Atom::Scalar(_) | Atom::Any(_) => Self::Leaf,
        }
    }
}

/// Calls `visit` with each key of two maps and what they have below it.
pub(super) fn zip<'v>(
    old: Option<&'v Map>,
    new: Option<&'v Map>,
    mut visit: impl FnMut(&'v str, Option<&'v Node>, Option<&'v Node>),
) {
    for entry in old.into_iter().flatten() {
        visit(&entry.key, Some(&entry.value), new.and_then(|map| map.get(&entry.key)));
    }
    for entry in new.into_iter().flatten() {
        if old.is_none_or(|map| !map.contains_key(&entry.key)) {
            visit(&entry.key, None, Some(&entry.value));
        }
    }
}

/// Whether two values are of the same kind, as far as the type leaves that open.
pub(super) fn same_kind(ty: Type<'_>, old: &Node, new: &Node) -> bool {
    let kind = |node: &Node| match node.value {
        Value::Null => 0,
        Value::Map(_) => 1,
        Value::Seq(_) => 2,
        _ => 3,
    };
    !matches!(ty.atom(), Atom::Any(_)) || kind(old) == kind(new)
}

/// `validateScalar`.
pub(super) fn fits(scalar: Scalar, node: Option<&Node>) -> bool {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => true,
        Some(Value::Int(_) | Value::Uint(_) | Value::Float(_)) => {
            matches!(scalar, Scalar::Numeric | Scalar::Untyped)
        }
        Some(Value::String(_)) => matches!(scalar, Scalar::String | Scalar::Untyped),
        Some(Value::Bool(_)) => matches!(scalar, Scalar::Boolean | Scalar::Untyped),
        Some(Value::Seq(_) | Value::Map(_)) => false,
    }
}
