//! An applied configuration merged into an object (`typed/merge.go`), and fields taken out of it (`typed/remove.go`).

use super::item::step_of;
use super::pair::{Pair, zip};
use super::path::PathElement;
use super::set::FieldSet;
use super::structure::{Atom, ListType, MapType, Type};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Merges `config` into `live`. Nothing is removed; where both have a leaf, that of `config` stays.
pub(super) fn merge(ty: Type<'_>, live: &Node, config: &Node) -> Node {
    merge_values(ty, Some(live), Some(config)).unwrap_or_else(|| Node::bare(Value::Null))
}

fn merge_values(ty: Type<'_>, live: Option<&Node>, config: Option<&Node>) -> Option<Node> {
    // Where the kinds of value differ, only that of the configuration matters.
    match Pair::of(&ty.atom_of(config.or(live)), live, config) {
        Pair::Leaf => config.or(live).cloned(),
        Pair::Maps(ty, live, config) => {
            let mut merged = Map::new();
            zip(live, config, |key, live, config| {
                if let Some(value) = ty.value(key).and_then(|inner| merge_values(inner, live, config)) {
                    merged.insert(key, Span::NONE, value);
                }
            });
            (!merged.is_empty()).then(|| Node::bare(merged))
        }
        Pair::Lists(ty, live, config) => {
            let merged = merge_lists(ty, live, config);
            (!merged.is_empty()).then(|| Node::bare(merged))
        }
        Pair::Misfit => None,
    }
}

/// The items of one side of a merge.
struct Side<'a> {
    /// Their steps, in order; a step may occur twice in the live list.
    items: VecDeque<(PathElement, &'a Node)>,
    /// The item of each step; none where several share it, for then they are not merged but replaced.
    by_step: BTreeMap<PathElement, Option<&'a Node>>,
}

impl<'a> Side<'a> {
    fn of(ty: &ListType<'_>, items: &'a [Node]) -> Self {
        let items: VecDeque<_> =
            items.iter().filter_map(|item| Some((step_of(ty, item).ok()?, item))).collect();
        let mut by_step = BTreeMap::new();
        for (step, item) in &items {
            by_step.entry(step.clone()).and_modify(|known| *known = None).or_insert(Some(*item));
        }
        Self { items, by_step }
    }

    fn has(&self, step: &PathElement) -> bool {
        self.by_step.contains_key(step)
    }

    fn get(&self, step: &PathElement) -> Option<&'a Node> {
        self.by_step.get(step).copied().flatten()
    }
}

/// `mergingWalker.visitListItems`: items that both sides have stand in the order of the configuration; items of only one
/// side keep their place among their neighbours.
fn merge_lists(ty: &ListType<'_>, live: &[Node], config: &[Node]) -> Vec<Node> {
    let (mut old, mut new) = (Side::of(ty, live), Side::of(ty, config));
    let mut shared: VecDeque<PathElement> =
        new.items.iter().map(|(step, _)| step.clone()).filter(|step| old.has(step)).collect();
    let mut next_shared = shared.pop_front();
    let mut taken = BTreeSet::new();
    let mut merged = Vec::new();
    loop {
        let ahead = old.items.front().map(|(step, item)| (step.clone(), *item));
        let wanted = new.items.front().map(|(step, _)| step.clone());
        if let (Some((step, _)), Some(wanted)) = (&ahead, &wanted) {
            if step == wanted {
                merged.extend(merge_values(ty.item, old.get(step), new.get(step)));
                taken.insert(step.clone());
                old.items.pop_front();
                new.items.pop_front();
                next_shared = shared.pop_front();
                continue;
            }
            if new.has(step) && next_shared.as_ref().is_some_and(|next| next != step) {
                // Shared, but it comes later.
                old.items.pop_front();
                continue;
            }
        }
        if let Some((step, item)) = ahead {
            if !new.has(&step) {
                merged.extend(merge_values(ty.item, Some(item), None));
                old.items.pop_front();
                continue;
            }
            if taken.contains(&step) {
                old.items.pop_front();
            }
        }
        let Some(wanted) = wanted else {
            if old.items.is_empty() {
                return merged;
            }
            continue;
        };
        merged.extend(merge_values(ty.item, old.get(&wanted), new.get(&wanted)));
        new.items.pop_front();
        if next_shared.as_ref() == Some(&wanted) {
            next_shared = shared.pop_front();
        }
        taken.insert(wanted);
    }
}

/// `node` without the fields and items of `removed`. Structs and lists that become empty stay, as empty ones.
pub(super) fn without(ty: Type<'_>, node: &Node, removed: &FieldSet) -> Node {
    remove(ty, node, removed).unwrap_or_else(|| Node::bare(Value::Null))
}

/// `None` where nothing is left.
fn remove(ty: Type<'_>, node: &Node, removed: &FieldSet) -> Option<Node> {
    match (ty.atom_of(Some(node)), &node.value) {
        (atom, _) if atom.is_atomic() => None,
        (Atom::Map(map), Value::Map(entries)) => remove_from_map(&map, entries, removed),
        (Atom::List(list), Value::Seq(items)) => remove_from_list(&list, items, removed),
        (Atom::Scalar(_), _) => Some(node.clone()),
        _ => None,
    }
}

fn remove_from_map(ty: &MapType<'_>, entries: &Map, removed: &FieldSet) -> Option<Node> {
    let mut left = Map::new();
    let mut changes_below = false;
    for entry in entries {
        let step = PathElement::field(entry.key.as_str());
        if removed.has(&step) {
            continue;
        }
        let value = match (removed.below(&step), ty.value(&entry.key)) {
            (Some(below), Some(inner)) => {
                changes_below = true;
                remove(inner, &entry.value, below).unwrap_or_else(|| emptied(&entry.value))
            }
            _ => entry.value.clone(),
        };
        left.insert(entry.key.as_str(), Span::NONE, value);
    }
    (changes_below || !left.is_empty()).then(|| Node::bare(left))
}

fn remove_from_list(ty: &ListType<'_>, items: &[Node], removed: &FieldSet) -> Option<Node> {
    let mut left = Vec::new();
    let mut changes_below = false;
    for item in items {
        let step = step_of(ty, item).ok();
        if step.as_ref().is_some_and(|step| removed.has(step)) {
            continue;
        }
        left.push(match step.as_ref().and_then(|step| removed.below(step)) {
            Some(below) => {
                changes_below = true;
                remove(ty.item, item, below).unwrap_or_else(|| emptied(item))
            }
            None => item.clone(),
        });
    }
    (changes_below || !left.is_empty()).then(|| Node::bare(left))
}

/// What is left of a value of which nothing is left.
fn emptied(node: &Node) -> Node {
    Node::bare(match node.value {
        Value::Map(_) => Value::Map(Map::new()),
        Value::Seq(_) => Value::Seq(Vec::new()),
        _ => Value::Null,
    })
}
