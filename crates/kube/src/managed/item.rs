//! What tells the items of a list apart (`typed/helpers.go`).

use super::path::PathElement;
use super::structure::{ItemsBy, Key, ListType};
use super::value::{KeyValue, go_quoted};
use plimsoll_yaml::{Node, Value};

/// The step from a list to one of its items, or why there is none.
pub(super) fn step_of(list: &ListType<'_>, item: &Node) -> Result<PathElement, String> {
    match &list.items_by {
        ItemsBy::Nothing => Err("invalid indexing of non-associative list".to_owned()),
        ItemsBy::Value => member_step(item),
        ItemsBy::Keys(keys) => keyed_step(keys, item),
    }
}

/// `keyedAssociativeListItemToPathElement`.
fn keyed_step(keys: &[Key<'_>], item: &Node) -> Result<PathElement, String> {
    let map = match &item.value {
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        Value::Map(map) => map,
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let value_of = |key: &Key<'_>| {
        let value = map.get(key.name).or(key.default.as_ref())?;
        Some((key.name.to_owned(), KeyValue::from(value.clone())))
    };
    let mut found: Vec<_> = keys.iter().filter_map(value_of).collect();
    if found.is_empty() {
        let names: Vec<String> = keys.iter().map(|key| go_quoted(key.name)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values \
             for any key fields)",
            names.join(" ")
        ));
    }
    found.sort();
    Ok(PathElement::Key(found))
}

/// `setItemToPathElement`.
fn member_step(item: &Node) -> Result<PathElement, String> {
    match item.value {
        Value::Map(_) => Err("associative list without keys has an element that's a map type".to_owned()),
        Value::Seq(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
        _ => Ok(PathElement::Value(KeyValue::from(item.clone()))),
    }
}
