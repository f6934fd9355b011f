//! Which fields differ between two values (`typed/compare.go`).

use super::item::step_of;
use super::pair::{Pair, same_kind, zip};
use super::path::PathElement;
use super::set::FieldSet;
use super::structure::{Atom, ListType, Type};
use plimsoll_yaml::Node;
use std::collections::BTreeMap;

/// The fields that differ. No field is in two of the sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// Only in the old value.
    pub(super) removed: FieldSet,
    /// In both, with different values.
    pub(super) modified: FieldSet,
    /// Only in the new value.
    pub(super) added: FieldSet,
}

/// What became of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Removed,
    Modified,
    Added,
}

impl Comparison {
    /// The fields that the new value has otherwise than the old one.
    pub(super) fn changed(&self) -> FieldSet {
        self.modified.union(&self.added)
    }

    /// Without the fields of `ignored` and everything below them.
    pub(super) fn without(&self, ignored: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }

    fn put(&mut self, step: &PathElement, change: Option<Change>, below: Self) {
        self.removed.put(step.clone(), change == Some(Change::Removed), below.removed);
        self.modified.put(step.clone(), change == Some(Change::Modified), below.modified);
        self.added.put(step.clone(), change == Some(Change::Added), below.added);
    }

    fn union(&self, other: &Self) -> Self {
        Self {
            removed: self.removed.union(&other.removed),
            modified: self.modified.union(&other.modified),
            added: self.added.union(&other.added),
        }
    }
}

/// Compares two objects of the type `ty`.
pub(super) fn compare(ty: Type<'_>, old: &Node, new: &Node) -> Comparison {
    values(ty, Some(old), Some(new)).1
}

/// What became of a value itself, and of what is inside.
fn values(ty: Type<'_>, old: Option<&Node>, new: Option<&Node>) -> (Option<Change>, Comparison) {
    match (old, new) {
        (Some(one), Some(other)) if !same_kind(ty, one, other) => {
            let (first, inside_old) = as_one_type(&ty.atom_of(old), old, new);
            let (second, inside_new) = as_one_type(&ty.atom_of(new), old, new);
            (second.or(first), inside_old.union(&inside_new))
        }
        _ => as_one_type(&ty.atom_of(new.or(old)), old, new),
    }
}

fn as_one_type(atom: &Atom<'_>, old: Option<&Node>, new: Option<&Node>) -> (Option<Change>, Comparison) {
    let change = match (old, new) {
        (None, _) => Some(Change::Added),
        (_, None) => Some(Change::Removed),
        _ => None,
    };
    match Pair::of(atom, old, new) {
        Pair::Leaf => (change.or((old != new).then_some(Change::Modified)), Comparison::default()),
        Pair::Maps(ty, old, new) => {
            let mut inside = Comparison::default();
            zip(old, new, |key, old, new| {
                if let Some(inner) = ty.value(key) {
                    let (change, below) = values(inner, old, new);
                    inside.put(&PathElement::field(key), change, below);
                }
            });
            (change, inside)
        }
        Pair::Lists(ty, old, new) => (change, lists(ty, old, new)),
        Pair::Misfit => (change, Comparison::default()),
    }
}

fn lists(ty: &ListType<'_>, old: &[Node], new: &[Node]) -> Comparison {
    let (old, new) = (by_step(ty, old), by_step(ty, new));
    let mut steps: Vec<&PathElement> = old.keys().chain(new.keys()).collect();
    steps.sort();
    steps.dedup();
    let mut inside = Comparison::default();
    for step in steps {
        let items = |side: &'_ BTreeMap<PathElement, Vec<_>>| side.get(step).cloned().unwrap_or_default();
        let mut put = |change, below| inside.put(step, change, below);
        let one = |old: Option<&Node>, new: Option<&Node>| values(ty.item, old, new);
        // Items that share their keys are compared as a whole.
        match (items(&old).as_slice(), items(&new).as_slice()) {
            (old @ ([] | [_]), new @ ([] | [_])) => {
                let (change, below) = one(old.first().copied(), new.first().copied());
                put(change, below);
            }
            (old, new) if old.len() > 1 && new.len() > 1 => {
                put((old != new).then_some(Change::Modified), Comparison::default());
            }
            (old @ ([] | [_]), _) => {
                if let Some(old) = old.first() {
                    put(Some(Change::Removed), one(Some(old), None).1);
                }
                inside.added.put(step.clone(), true, FieldSet::default());
            }
            (_, new) => {
                if let Some(new) = new.first() {
                    put(Some(Change::Added), one(None, Some(new)).1);
                }
                inside.removed.put(step.clone(), true, FieldSet::default());
            }
        }
    }
    inside
}

/// The items of a list by their step; those that have none are left out.
fn by_step<'a>(ty: &ListType<'_>, items: &'a [Node]) -> BTreeMap<PathElement, Vec<&'a Node>> {
    let mut found: BTreeMap<PathElement, Vec<&Node>> = BTreeMap::new();
    for item in items {
        if let Ok(step) = step_of(ty, item) {
            found.entry(step).or_default().push(item);
        }
    }
    found
}
