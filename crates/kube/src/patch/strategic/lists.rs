//! What computing and applying a patch both do with lists.

use super::super::go::{self, Type};
use super::super::{PatchError, PatchErrorKind, Result};
use super::{DELETE, DIRECTIVE};
use plimsoll_yaml::{Map, Node, Value};

/// `sliceElementType`: the one type of all items of two lists.
pub(super) fn element_type(lists: [&[Node]; 2]) -> Result<Type> {
    let mut found = None;
    for item in lists.into_iter().flatten() {
        let ty = Type::of(item);
        match found {
            None if ty == Type::List => {
                let message = "lists of lists are not supported";
                return Err(PatchError::new(PatchErrorKind::Unprocessable, message));
            }
            None => found = Some(ty),
            Some(before) if before != ty => {
                let shown: Vec<String> = lists.iter().map(|list| go::format_list(list)).collect();
                let message = format!("list element types are not identical: [{}]", shown.join(" "));
                return Err(PatchError::internal(message));
            }
            Some(_) => {}
        }
    }
    found.ok_or_else(|| PatchError::internal("no elements in any of the given slices"))
}

/// `normalizeSliceOrder`: sorts a list by the order of another; items to be deleted come last. The list is one of
/// mappings if there is a merge key.
pub(super) fn sort_by_order(list: Vec<Node>, order: &[Node], key: &str, ty: Type) -> Result<Vec<Node>> {
    let (mut kept, deleted) = if ty == Type::Map {
        require_merge_key(key, &list)?;
        require_merge_key(key, order)?;
        extract_deletions(list)?
    } else {
        (list, Vec::new())
    };
    let ranks: Vec<Option<usize>> = kept.iter().map(|item| place(order, item, key, ty)).collect();
    let mut placed: Vec<(Option<usize>, Node)> = ranks.into_iter().zip(std::mem::take(&mut kept)).collect();
    // Items that the order does not have come before everything that is looked at before them.
    go::stable_sort(&mut placed, |a, b| match (a.0, b.0) {
        (Some(a), Some(b)) => a < b,
        _ => true,
    });
    let sorted = placed.into_iter().map(|(_, item)| item);
    Ok(sorted.chain(deleted).collect())
}

/// `validateMergeKeyInLists`.
fn require_merge_key(key: &str, list: &[Node]) -> Result<()> {
    list.iter().try_for_each(|item| merge_key_of(item, key).map(|_| ()))
}

/// The value of an item's merge key.
pub(super) fn merge_key_of<'a>(item: &'a Node, key: &str) -> Result<&'a Node> {
    let map = as_map(item)?;
    map.get(key).ok_or_else(|| no_merge_key(map, key))
}

/// `ErrNoMergeKey`.
pub(super) fn no_merge_key(map: &Map, key: &str) -> PatchError {
    let map = go::format_map(map);
    PatchError::internal(format!("map: {map} does not contain declared merge key: {key}"))
}

/// `ErrBadArgType`.
fn bad_type(expected: Type, actual: &Node) -> PatchError {
    let (expected, actual) = (expected.name(), Type::of(actual).name());
    PatchError::internal(format!("expected a {expected}, but received a {actual}"))
}

pub(super) fn as_map(item: &Node) -> Result<&Map> {
    item.as_map().ok_or_else(|| bad_type(Type::Map, item))
}

pub(super) fn as_list(node: Node) -> Result<Vec<Node>> {
    match node.value {
        Value::Seq(items) => Ok(items),
        _ => Err(bad_type(Type::List, &node)),
    }
}

/// `extractToDeleteItems`: the items to keep, and those that are directives to delete one.
pub(super) fn extract_deletions(list: Vec<Node>) -> Result<(Vec<Node>, Vec<Node>)> {
    let (mut kept, mut deleted) = (Vec::new(), Vec::new());
    for item in list {
        let directive = as_map(&item)?.get(DIRECTIVE).and_then(Node::as_str);
        if directive == Some(DELETE) { &mut deleted } else { &mut kept }.push(item);
    }
    Ok((kept, deleted))
}

/// `index`: the first place of an item like this one: with the same merge key, or the same scalar.
pub(super) fn place(list: &[Node], item: &Node, key: &str, ty: Type) -> Option<usize> {
    if ty != Type::Map {
        return list.iter().position(|other| same(other, item));
    }
    let wanted = item.get(key);
    list.iter().position(|other| match (other.get(key), wanted) {
        (Some(a), Some(b)) => same(a, b),
        (a, b) => a.is_none_or(Node::is_null) && b.is_none_or(Node::is_null),
    })
}

/// Go's `==` of two untyped values, of which an integer and a float are never equal.
pub(super) fn same(a: &Node, b: &Node) -> bool {
    Type::of(a) == Type::of(b) && a == b
}
