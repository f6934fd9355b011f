//! The fields that a value has (`typed/tofieldset.go`).

use super::item::step_of;
use super::path::{FieldPath, PathElement};
use super::set::FieldSet;
use super::structure::{Atom, ItemsBy, ListType, MapType, Type};
use plimsoll_yaml::{Map, Node, Value};

/// Every field and item that `node` names. Atomic lists and maps count as one field; structs above others do not count.
pub(super) fn fields_of(ty: Type<'_>, node: &Node) -> FieldSet {
    let mut set = FieldSet::default();
    collect(ty, node, &FieldPath::default(), &mut set);
    set
}

fn collect(ty: Type<'_>, node: &Node, path: &FieldPath, set: &mut FieldSet) {
    match (ty.atom_of(Some(node)), &node.value) {
        (Atom::Map(map), _) if map.is_atomic => set.insert(path),
        (Atom::Map(map), Value::Map(entries)) => collect_map(&map, entries, path, set),
        (Atom::List(list), _) if matches!(list.items_by, ItemsBy::Nothing) => set.insert(path),
        (Atom::List(list), Value::Seq(items)) => collect_list(&list, items, path, set),
        (Atom::Scalar(_), _) => set.insert(path),
        _ => {}
    }
}

fn collect_map(ty: &MapType<'_>, entries: &Map, path: &FieldPath, set: &mut FieldSet) {
    for entry in entries {
        let below = path.child(PathElement::field(entry.key.as_str()));
        if let Some(inner) = ty.value(&entry.key) {
            collect(inner, &entry.value, &below, set);
        }
        let is_empty = match &entry.value.value {
            Value::Null => true,
            Value::Map(map) => map.is_empty(),
            _ => false,
        };
        if is_empty || !ty.declares(&entry.key) {
            set.insert(&below);
        }
    }
}

fn collect_list(ty: &ListType<'_>, items: &[Node], path: &FieldPath, set: &mut FieldSet) {
    let steps: Vec<_> = items.iter().filter_map(|item| Some((step_of(ty, item).ok()?, item))).collect();
    for (step, item) in &steps {
        let below = path.child(step.clone());
        // Items that share their keys are owned as a whole: what is inside cannot be told apart.
        if steps.iter().filter(|(other, _)| other == step).count() == 1 {
            collect(ty.item, item, &below, set);
        }
        set.insert(&below);
    }
}
