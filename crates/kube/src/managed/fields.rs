//! The fields that a value has (`typed/tofieldset.go`).

use super::item::step_of;
use super::path::PathElement;
use super::set::FieldSet;
use super::structure::{Atom, ListType, MapType, Type};
use plimsoll_yaml::{Map, Node, Value};

/// Every field and item that `node` names. Atomic lists and maps count as one field; structs above others do not count.
pub(super) fn fields_of(ty: Type<'_>, node: &Node) -> FieldSet {
    collect(ty, node).1
}

/// Whether a value counts as a field itself, and the fields inside.
fn collect(ty: Type<'_>, node: &Node) -> (bool, FieldSet) {
    match (ty.atom_of(Some(node)), &node.value) {
        (atom, _) if atom.is_atomic() => (true, FieldSet::default()),
        (Atom::Map(map), Value::Map(entries)) => (false, in_map(&map, entries)),
        (Atom::List(list), Value::Seq(items)) => (false, in_list(&list, items)),
        (Atom::Scalar(_), _) => (true, FieldSet::default()),
        _ => (false, FieldSet::default()),
    }
}

fn in_map(ty: &MapType<'_>, entries: &Map) -> FieldSet {
    let mut set = FieldSet::default();
    for entry in entries {
        let (is_field, below) =
            ty.value(&entry.key).map(|inner| collect(inner, &entry.value)).unwrap_or_default();
        let is_empty = match &entry.value.value {
            Value::Null => true,
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        let is_free_key = !ty.declares(&entry.key);
        set.put(PathElement::field(entry.key.as_str()), is_field || is_empty || is_free_key, below);
    }
    set
}

fn in_list(ty: &ListType<'_>, items: &[Node]) -> FieldSet {
    let steps: Vec<_> = items.iter().filter_map(|item| Some((step_of(ty, item).ok()?, item))).collect();
    let mut set = FieldSet::default();
    for (step, item) in &steps {
        // Items that share their keys are owned as a whole: what is inside cannot be told apart.
        let is_unique = steps.iter().filter(|(other, _)| other == step).count() == 1;
        let below = if is_unique { fields_of(ty.item, item) } else { FieldSet::default() };
        set.put(step.clone(), true, below);
    }
    set
}
