//! Which stored value a new one takes the place of, and whether it is unchanged: `CorrelatedObject` of
//! `apiserver/pkg/cel/common`. What is invalid may stay as it is in an update (`CRDValidationRatcheting`).

use plimsoll_yaml::{Node, Value};

/// The old item that a new one of a list takes the place of: that with the same keys, if the list is a map.
pub(super) fn item<'o>(item: &Node, old: &'o Node, schema: &Node) -> Option<&'o Node> {
    if !is_map_list(schema) {
        return None;
    }
    let keys = schema.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
    let is_same = |old: &&Node| {
        let mut keys = keys.iter().filter_map(Node::as_str);
        keys.all(|key| item.get(key) == old.get(key))
    };
    old.items().iter().find(is_same)
}

fn is_map_list(schema: &Node) -> bool {
    schema.get("x-kubernetes-list-type").and_then(Node::as_str) == Some("map")
}

/// The schema of a field of an object or a map; `None` if it has none.
pub(super) fn field_schema<'s>(schema: &'s Node, name: &str) -> Option<&'s Node> {
    let own = schema.get("properties").and_then(|properties| properties.get(name));
    own.or_else(|| schema.get("additionalProperties").filter(|node| node.as_map().is_some()))
}

/// Whether a value is the stored one: `CachedDeepEqual`. A field without a schema cannot be compared.
pub(super) fn is_unchanged(new: &Node, old: &Node, schema: &Node) -> bool {
    match (&new.value, &old.value) {
        (Value::Seq(items), Value::Seq(others)) if is_map_list(schema) => {
            let Some(inner) = schema.get("items") else { return new == old };
            let is_same =
                |one: &Node| item(one, old, schema).is_some_and(|other| is_unchanged(one, other, inner));
            items.len() == others.len() && items.iter().all(is_same)
        }
        (Value::Map(map), Value::Map(others)) => {
            map.len() == others.len()
                && map.iter().all(|entry| {
                    let other = others.get(&entry.key).zip(field_schema(schema, &entry.key));
                    other.is_some_and(|(other, inner)| is_unchanged(&entry.value, other, inner))
                })
        }
        _ => new == old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::read_fragment;

    #[test]
    fn values_are_compared_as_their_schema_correlates_them() {
        let node = |text: &str| read_fragment(text.as_bytes()).unwrap();
        let schema = node(
            "{properties: {a: {type: string}, list: {type: array}, map: {type: array, x-kubernetes-list-type: map, \
             x-kubernetes-list-map-keys: [name], items: {properties: {name: {}, b: {}}}}}}",
        );
        for (new, old, expected) in [
            ("{a: x}", "{a: x}", true),
            ("{a: x}", "{a: y}", false),
            ("{a: x}", "{}", false),
            // A field that the schema does not know is not comparable.
            ("{z: x}", "{z: x}", false),
            ("{list: [1, 2]}", "{list: [1, 2]}", true),
            ("{list: [2, 1]}", "{list: [1, 2]}", false),
            ("{map: [{name: a, b: 1}, {name: b}]}", "{map: [{name: b}, {name: a, b: 1}]}", true),
            ("{map: [{name: a, b: 1}]}", "{map: [{name: a, b: 2}]}", false),
            ("{map: [{name: a}]}", "{map: [{name: c}]}", false),
        ] {
            assert_eq!(is_unchanged(&node(new), &node(old), &schema), expected, "{new} {old}");
        }
    }
}
