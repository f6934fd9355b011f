//! Which object of one render is which of the other.

use super::{Options, fields, simulation};
use crate::k8s::kinds;
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use std::collections::BTreeMap;

/// An object before and after; one of the two may be missing.
pub(super) struct Pair<'a> {
    pub(super) old: Option<&'a Object>,
    pub(super) new: Option<&'a Object>,
    /// For an object on one side only: the one on the other side that it was renamed from or to.
    pub(super) renamed: Option<&'a Object>,
}

/// What makes an object the same object: everything but its version and its content.
type Identity<'a> = (&'a str, &'a str, &'a str, &'a str);

/// The group that an object's kind is in today.
pub(super) fn group_of(object: &Object) -> &str {
    kinds::current_group(&object.api_version, &object.kind)
}

fn identity<'a>(object: &'a Object, options: &'a Options) -> Identity<'a> {
    let namespace = object.namespace.as_deref().unwrap_or(&options.namespace);
    (group_of(object), &object.kind, namespace, &object.name)
}

/// Pairs the objects of two renders: those of the new one in their order, then those that were removed.
pub(super) fn pair<'a>(old: &'a [Object], new: &'a [Object], options: &'a Options) -> Vec<Pair<'a>> {
    let mut before: BTreeMap<Identity<'_>, &Object> = BTreeMap::new();
    for object in old {
        before.insert(identity(object, options), object);
    }
    let mut last: BTreeMap<Identity<'_>, usize> = BTreeMap::new();
    for (index, object) in new.iter().enumerate() {
        last.insert(identity(object, options), index);
    }
    let mut pairs = Vec::with_capacity(new.len());
    for (index, object) in new.iter().enumerate() {
        let identity = identity(object, options);
        if last.get(&identity) == Some(&index) {
            pairs.push(Pair { old: before.remove(&identity), new: Some(object), renamed: None });
        }
    }
    let gone = old.iter().filter(|object| {
        before.get(&identity(object, options)).is_some_and(|kept| std::ptr::eq(*kept, *object))
    });
    pairs.extend(gone.map(|object| Pair { old: Some(object), new: None, renamed: None }));
    find_renames(&mut pairs, options);
    pairs
}

/// How alike two objects must be, in thousandths, to be taken for one under two names.
const ALIKE: usize = 600;
/// How many pairs of one kind are compared; beyond that nothing is guessed.
const MAX_GUESSES: usize = 2_500;

/// Links removed and added objects of one kind that are much alike. Greedy: the likest first.
fn find_renames(pairs: &mut [Pair<'_>], options: &Options) {
    #[derive(Default)]
    struct Loose {
        removed: Vec<usize>,
        added: Vec<usize>,
    }
    let mut by_kind: BTreeMap<(&str, &str), Loose> = BTreeMap::new();
    for (index, pair) in pairs.iter().enumerate() {
        match (pair.old, pair.new) {
            (Some(old), None) => {
                by_kind.entry((group_of(old), &old.kind)).or_default().removed.push(index);
            }
            (None, Some(new)) => {
                by_kind.entry((group_of(new), &new.kind)).or_default().added.push(index);
            }
            _ => {}
        }
    }
    let mut links = Vec::new();
    for ((_, kind), Loose { removed, added }) in by_kind {
        if removed.is_empty() || added.is_empty() || removed.len() * added.len() > MAX_GUESSES {
            continue;
        }
        let stored = |indexes: &[usize]| -> Vec<(usize, Node, usize)> {
            indexes
                .iter()
                .filter_map(|&index| {
                    let pair = pairs.get(index)?;
                    let object = pair.old.or(pair.new)?;
                    let node = simulation::draft_alone(object, options.version, &options.namespace);
                    let leaves = leaves(&node);
                    Some((index, node, leaves))
                })
                .collect()
        };
        let (olds, news) = (stored(&removed), stored(&added));
        for (old_index, old, old_leaves) in &olds {
            for (new_index, new, new_leaves) in &news {
                let changed: usize = fields::compare(kind, old, new)
                    .iter()
                    .map(|change| {
                        let size = |node: &Option<Node>| node.as_ref().map_or(0, leaves);
                        size(&change.old).max(size(&change.new)).max(1)
                    })
                    .sum();
                let total = (*old_leaves).max(*new_leaves).max(1);
                let alike = 1000_usize.saturating_sub(changed * 1000 / total);
                if alike >= ALIKE {
                    links.push((alike, *old_index, *new_index));
                }
            }
        }
    }
    links.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (_, old_index, new_index) in links {
        let free = |index: usize| pairs.get(index).is_some_and(|pair| pair.renamed.is_none());
        if free(old_index) && free(new_index) {
            let old = pairs.get(old_index).and_then(|pair| pair.old);
            let new = pairs.get(new_index).and_then(|pair| pair.new);
            if let Some(pair) = pairs.get_mut(old_index) {
                pair.renamed = new;
            }
            if let Some(pair) = pairs.get_mut(new_index) {
                pair.renamed = old;
            }
        }
    }
}

/// How many scalars a tree holds.
fn leaves(node: &Node) -> usize {
    match &node.value {
        Value::Map(map) => map.iter().map(|entry| leaves(&entry.value)).sum(),
        Value::Seq(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}
