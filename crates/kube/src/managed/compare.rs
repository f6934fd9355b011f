//! Which fields differ between two values (`typed/compare.go`).

use super::item::step_of;
use super::pair::{Pair, same_kind, zip};
use super::path::{FieldPath, PathElement};
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

impl Comparison {
    /// Without the fields of `ignored` and everything below them.
    pub(super) fn without(&self, ignored: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }
}

/// Compares two objects of the type `ty`.
pub(super) fn compare(ty: Type<'_>, old: &Node, new: &Node) -> Comparison {
    let mut comparison = Comparison::default();
    comparison.compare(ty, Some(old), Some(new), &FieldPath::default());
    comparison
}

impl Comparison {
    fn compare(&mut self, ty: Type<'_>, old: Option<&Node>, new: Option<&Node>, path: &FieldPath) {
        let is_leaf = match (old, new) {
            (Some(one), Some(other)) if !same_kind(ty, one, other) => {
                self.atom(&ty.atom_of(old), old, new, path);
                self.atom(&ty.atom_of(new), old, new, path)
            }
            _ => self.atom(&ty.atom_of(new.or(old)), old, new, path),
        };
        match (old, new) {
            _ if is_leaf => {}
            (None, _) => self.added.insert(path),
            (_, None) => self.removed.insert(path),
            _ => {}
        }
    }

    /// Compares two values as those of one type. Returns whether they were compared as a whole.
    fn atom(&mut self, atom: &Atom<'_>, old: Option<&Node>, new: Option<&Node>, path: &FieldPath) -> bool {
        let pair = Pair::of(atom, old, new);
        let is_leaf = matches!(pair, Pair::Leaf);
        match pair {
            Pair::Leaf => self.leaf(old, new, path),
            Pair::Maps(ty, old, new) => zip(old, new, |key, old, new| {
                if let Some(inner) = ty.value(key) {
                    self.compare(inner, old, new, &path.child(PathElement::field(key)));
                }
            }),
            Pair::Lists(ty, old, new) => self.lists(ty, old, new, path),
            Pair::Misfit => {}
        }
        is_leaf
    }

    fn leaf(&mut self, old: Option<&Node>, new: Option<&Node>, path: &FieldPath) {
        match (old, new) {
            (None, _) => self.added.insert(path),
            (_, None) => self.removed.insert(path),
            (Some(old), Some(new)) if old != new => self.modified.insert(path),
            _ => {}
        }
    }

    fn lists(&mut self, ty: &ListType<'_>, old: &[Node], new: &[Node], path: &FieldPath) {
        let (old, new) = (by_step(ty, old), by_step(ty, new));
        let mut steps: Vec<&PathElement> = old.keys().chain(new.keys()).collect();
        steps.sort();
        steps.dedup();
        for step in steps {
            let below = path.child(step.clone());
            let values = |map: &BTreeMap<PathElement, Vec<_>>| map.get(step).cloned().unwrap_or_default();
            match (values(&old).as_slice(), values(&new).as_slice()) {
                ([], [new]) => self.compare(ty.item, None, Some(new), &below),
                ([old], []) => self.compare(ty.item, Some(old), None, &below),
                ([old], [new]) => self.compare(ty.item, Some(old), Some(new), &below),
                // Items that share their keys are compared as a whole.
                ([old], _) => {
                    self.compare(ty.item, Some(old), None, &below);
                    self.added.insert(&below);
                }
                ([], _) => self.added.insert(&below),
                (_, []) => self.removed.insert(&below),
                (_, [new]) => {
                    self.compare(ty.item, None, Some(new), &below);
                    self.removed.insert(&below);
                }
                (old, new) if old != new => self.modified.insert(&below),
                _ => {}
            }
        }
    }
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
