//! Two trees compared: where they differ, by the identity of list items.

use crate::diag::Span;
use crate::k8s::merge;
use crate::k8s::quantity::Quantity;
use crate::k8s::views::WorkloadKind;
use crate::k8s::{defaults, merge::scalar_text};
use crate::yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write as _};

/// One step of the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A field or key of a mapping.
    Field(String),
    /// An item of a list.
    Item {
        /// Its place: in the new list, or in the old one where it was removed.
        index: usize,
        /// What tells it from its neighbours, where it has a name.
        name: Option<String>,
    },
}

/// The way to a field from the top of an object. Displayed as the API server spells it
/// (`spec.template.spec.containers[0].image`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<Step>);

impl FieldPath {
    /// The path with items named rather than counted: `spec.template.spec.containers[web].image`.
    pub fn named(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Item { name: Some(name), .. } => {
                    let _ = write!(text, "[{name}]");
                }
                step => write_step(&mut text, step),
            }
        }
        text
    }

    /// Whether the path goes through these fields first, list items aside.
    pub fn starts_with(&self, fields: &[&str]) -> bool {
        let mut steps = self.fields();
        fields.iter().all(|field| steps.next() == Some(field))
    }

    /// The names of the fields on the way, list items aside.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Item { .. } => None,
        })
    }

    /// Whether `other` is this path or one below it.
    pub fn covers(&self, other: &FieldPath) -> bool {
        other.0.len() >= self.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| same_step(a, b))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

/// Paths among which those above and below another one are found without comparing with each.
#[derive(Debug)]
pub(super) struct PathSet(BTreeSet<FieldPath>);

impl PathSet {
    /// The set of these paths.
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p FieldPath>) -> Self {
        Self(paths.map(FieldPath::by_name).collect())
    }

    /// Whether one of the paths covers `path` or is covered by it.
    pub(super) fn overlaps(&self, path: &FieldPath) -> bool {
        let path = path.by_name();
        let below = self.0.range(&path..).next().is_some_and(|next| path.covers(next));
        below || (0..path.0.len()).any(|length| self.0.contains(&FieldPath(path.0[..length].to_vec())))
    }
}

impl FieldPath {
    /// The path without the places of items that have names: equal for the same item in two lists.
    fn by_name(&self) -> Self {
        let step = |step: &Step| match step {
            Step::Item { name: Some(name), .. } => Step::Item { index: 0, name: Some(name.clone()) },
            step => step.clone(),
        };
        Self(self.0.iter().map(step).collect())
    }
}

fn same_step(a: &Step, b: &Step) -> bool {
    match (a, b) {
        (Step::Item { name: Some(a), .. }, Step::Item { name: Some(b), .. }) => a == b,
        _ => a == b,
    }
}

impl Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.0.iter().for_each(|step| write_step(&mut text, step));
        f.write_str(&text)
    }
}

fn write_step(text: &mut String, step: &Step) {
    let _ = match step {
        Step::Item { index, .. } => write!(text, "[{index}]"),
        Step::Field(name) if is_plain(name) => {
            let dot = if text.is_empty() { "" } else { "." };
            write!(text, "{dot}{name}")
        }
        Step::Field(name) => write!(text, "[{name}]"),
    };
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// One difference.
#[derive(Debug, Clone)]
pub struct FieldChange {
    /// Where.
    pub path: FieldPath,
    /// What was there.
    pub old: Option<Node>,
    /// What will be there.
    pub new: Option<Node>,
    /// Whether only the order of a list changed; `old` and `new` are then the names of its items.
    pub order: bool,
    /// Whether the new value is random: another render has another one.
    pub is_random: bool,
}

impl FieldChange {
    /// Another order of the items with these names.
    fn order(path: FieldPath, before: &[&String], after: &[&String]) -> Self {
        let list = |names: &[&String]| {
            Node::bare(names.iter().map(|name| Node::bare(name.as_str())).collect::<Vec<_>>())
        };
        Self { path, old: Some(list(before)), new: Some(list(after)), order: true, is_random: false }
    }
}

/// Where `old` and `new`, two stored objects of that kind, differ in meaning.
pub(super) fn compare(kind: &str, old: &Node, new: &Node) -> Vec<FieldChange> {
    let mut walk = Walk { kind, changes: Vec::new() };
    walk.nodes(&FieldPath::default(), "", "", false, old, new);
    walk.changes
}

/// The change that gives the list at `path` the order it has in `new`, also where its order means nothing.
pub(super) fn reordered(kind: &str, path: &FieldPath, old: &Node, new: &Node) -> Option<FieldChange> {
    let fields: Vec<&str> = path.fields().collect();
    let (field, above) = fields.split_last()?;
    let parent = above.last().copied().unwrap_or_default();
    let walk = Walk { kind, changes: Vec::new() };
    let names = |root: &Node| {
        let list = fields.iter().try_fold(root, |node, field| node.get(field))?;
        walk.names(parent, field, true, list.items())
    };
    let (before, after) = (names(old)?, names(new)?);
    let change = FieldChange::order(
        path.clone(),
        &before.iter().collect::<Vec<_>>(),
        &after.iter().collect::<Vec<_>>(),
    );
    (before != after).then_some(change)
}

/// Whether two nodes at `field` below `parent` mean the same.
pub(super) fn same(kind: &str, parent: &str, field: &str, old: &Node, new: &Node) -> bool {
    let mut walk = Walk { kind, changes: Vec::new() };
    if old != new {
        walk.nodes(&FieldPath::default(), parent, field, false, old, new);
    }
    walk.changes.is_empty()
}

/// Sees the path of every field and item of a stored object.
pub(super) fn each_path(kind: &str, root: &Node, see: &mut impl FnMut(&FieldPath)) {
    walk_paths(kind, &FieldPath::default(), ["", ""], root, see);
}

/// `above` are the names of the field that holds the node and of the one above it.
fn walk_paths(kind: &str, path: &FieldPath, above: [&str; 2], node: &Node, see: &mut impl FnMut(&FieldPath)) {
    if !path.0.is_empty() {
        see(path);
    }
    let [field, parent] = above;
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                let below = path.with(Step::Field(entry.key.clone()));
                walk_paths(kind, &below, [&entry.key, field], &entry.value, see);
            }
        }
        Value::Seq(items) => {
            let keys = merge::identity(kind, parent, field);
            for (index, item) in items.iter().enumerate() {
                let name = match &item.value {
                    Value::Map(_) => merge::item_name(item, keys),
                    _ => scalar_text(item).map(std::borrow::Cow::into_owned),
                };
                walk_paths(kind, &path.with(Step::Item { index, name }), above, item, see);
            }
        }
        _ => {}
    }
}

struct Walk<'a> {
    kind: &'a str,
    changes: Vec<FieldChange>,
}

impl Walk<'_> {
    /// `field` is the name of the field that holds the nodes (of the list, for items), `parent` that of
    /// the one above; `template` says whether this is inside a pod template.
    fn nodes(&mut self, path: &FieldPath, parent: &str, field: &str, template: bool, old: &Node, new: &Node) {
        match (&old.value, &new.value) {
            (Value::Map(a), Value::Map(b)) => self.maps(path, field, template, a, b),
            (Value::Seq(a), Value::Seq(b)) => self.lists(path, parent, field, template, a, b),
            _ if self.same_scalar(parent, field, template, old, new) => {}
            _ => self.push(path.clone(), Some(old), Some(new)),
        }
    }

    /// Equal values, or two spellings of one. Revisions of StatefulSets and DaemonSets are compared as text
    /// (`history.EqualRevision`), so in their templates a quantity in another unit is another template.
    fn same_scalar(&self, parent: &str, field: &str, template: bool, old: &Node, new: &Node) -> bool {
        let by_text = template && WorkloadKind::named(self.kind).is_some_and(WorkloadKind::keeps_revisions);
        if by_text { old == new } else { same_scalar(parent, field, old, new) }
    }

    fn push(&mut self, path: FieldPath, old: Option<&Node>, new: Option<&Node>) {
        self.changes.push(FieldChange {
            path,
            old: old.cloned(),
            new: new.cloned(),
            order: false,
            is_random: false,
        });
    }

    fn maps(&mut self, path: &FieldPath, parent: &str, template: bool, old: &Map, new: &Map) {
        let old_index = Index::of(old);
        let new_index = Index::of(new);
        for entry in old {
            let step = || path.with(Step::Field(entry.key.clone()));
            match new_index.get(&entry.key) {
                Some(value) => {
                    // What is equal to the letter means the same, and most of a tree is.
                    if entry.value == *value {
                        continue;
                    }
                    let template = template || entry.key == "template";
                    match (&entry.value.value, &value.value) {
                        (Value::Map(_) | Value::Seq(_), Value::Map(_) | Value::Seq(_)) => {
                            self.nodes(&step(), parent, &entry.key, template, &entry.value, value);
                        }
                        // The common case: no path is built for equal scalars.
                        _ if self.same_scalar(parent, &entry.key, template, &entry.value, value) => {}
                        _ => self.push(step(), Some(&entry.value), Some(value)),
                    }
                }
                None => self.push(step(), Some(&entry.value), None),
            }
        }
        for entry in new {
            if old_index.get(&entry.key).is_none() {
                self.push(path.with(Step::Field(entry.key.clone())), None, Some(&entry.value));
            }
        }
    }

    fn lists(
        &mut self,
        path: &FieldPath,
        parent: &str,
        field: &str,
        template: bool,
        old: &[Node],
        new: &[Node],
    ) {
        let set = !template && merge::is_set(self.kind, parent, field);
        let (Some(old_names), Some(new_names)) =
            (self.names(parent, field, set, old), self.names(parent, field, set, new))
        else {
            self.unnamed(path, parent, field, template, old, new);
            return;
        };
        let by_name: BTreeMap<&str, usize> =
            new_names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let old_set: BTreeMap<&str, usize> =
            old_names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let item = |index: usize, name: &str| path.with(Step::Item { index, name: Some(name.to_owned()) });
        let mut kept = Vec::new();
        for (index, (name, node)) in old_names.iter().zip(old).enumerate() {
            if let Some(&counterpart) = by_name.get(name.as_str()) {
                kept.push((counterpart, name));
                if let Some(new_node) = new.get(counterpart).filter(|new_node| *new_node != node) {
                    self.nodes(&item(counterpart, name), parent, field, template, node, new_node);
                }
            } else {
                self.push(item(index, name), Some(node), None);
            }
        }
        for (index, (name, node)) in new_names.iter().zip(new).enumerate() {
            if !old_set.contains_key(name.as_str()) {
                self.push(item(index, name), None, Some(node));
            }
        }
        if !set && !kept.is_sorted() {
            let before: Vec<&String> = kept.iter().map(|(_, name)| *name).collect();
            kept.sort_unstable();
            let after: Vec<&String> = kept.iter().map(|(_, name)| *name).collect();
            self.changes.push(FieldChange::order(path.clone(), &before, &after));
        }
    }

    /// The names of a list's items; `None` unless every item has one and no two share it.
    fn names(&self, parent: &str, field: &str, set: bool, items: &[Node]) -> Option<Vec<String>> {
        if items.is_empty() {
            return Some(Vec::new());
        }
        let keys = merge::identity(self.kind, parent, field);
        let names: Vec<String> = items
            .iter()
            .map(|item| match &item.value {
                Value::Map(_) => merge::item_name(item, keys),
                _ if set => scalar_text(item).map(std::borrow::Cow::into_owned),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort_unstable();
        let unique = sorted.windows(2).all(|pair| pair.first() != pair.get(1));
        unique.then_some(names)
    }

    /// Items without names: those equal from the front and from the back belong together; what is left
    /// between is compared item by item.
    fn unnamed(
        &mut self,
        path: &FieldPath,
        parent: &str,
        field: &str,
        template: bool,
        old: &[Node],
        new: &[Node],
    ) {
        let equal = |a: &Node, b: &Node| same(self.kind, parent, field, a, b);
        let front = old.iter().zip(new).take_while(|(a, b)| equal(a, b)).count();
        let (old_rest, new_rest) = (old.get(front..).unwrap_or(&[]), new.get(front..).unwrap_or(&[]));
        let back = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| equal(a, b)).count();
        let old_middle = old_rest.get(..old_rest.len().saturating_sub(back)).unwrap_or(&[]);
        let new_middle = new_rest.get(..new_rest.len().saturating_sub(back)).unwrap_or(&[]);
        let item = |index: usize| path.with(Step::Item { index: front + index, name: None });
        for index in 0..old_middle.len().max(new_middle.len()) {
            match (old_middle.get(index), new_middle.get(index)) {
                (Some(a), Some(b)) => self.nodes(&item(index), parent, field, template, a, b),
                (a, b) => self.push(item(index), a, b),
            }
        }
    }
}

/// Look-ups in a mapping: linear where it is small, by tree where it is not.
pub(super) enum Index<'a> {
    Small(&'a Map),
    Large(BTreeMap<&'a str, &'a Node>),
}

impl<'a> Index<'a> {
    pub(super) fn of(map: &'a Map) -> Self {
        if map.len() <= 16 {
            return Self::Small(map);
        }
        Self::Large(map.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect())
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        match self {
            Self::Small(map) => map.get(key),
            Self::Large(tree) => tree.get(key).copied(),
        }
    }
}

/// Equal values, or two spellings of one quantity. A number and the same digits in quotes are not equal: where the
/// server takes both, they mean a port's number and its name.
fn same_scalar(parent: &str, field: &str, old: &Node, new: &Node) -> bool {
    old == new
        || defaults::is_quantity(parent, field)
            && matches!(
                (Quantity::from_node(old), Quantity::from_node(new)),
                (Ok(old), Ok(new)) if old == new
            )
}

/// Takes one change back in a manifest that has it.
pub(super) fn revert(manifest: &mut Node, change: &FieldChange) {
    if change.order {
        return;
    }
    let Some((last, way)) = change.path.0.split_last() else { return };
    let mut node = manifest;
    for step in way {
        let next = match (step, &mut node.value) {
            (Step::Field(name), Value::Map(map)) => {
                if !map.contains_key(name) {
                    map.insert(name.as_str(), Span::NONE, Node::bare(Map::new()));
                }
                map.get_mut(name)
            }
            (Step::Item { index, .. }, Value::Seq(items)) => items.get_mut(*index),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return,
        }
    }
    match (last, &mut node.value, change.old.clone()) {
        (Step::Field(name), Value::Map(map), Some(old)) => {
            map.insert(name.as_str(), Span::NONE, old);
        }
        (Step::Field(name), Value::Map(map), None) => {
            map.remove(name);
        }
        (Step::Item { index, .. }, Value::Seq(items), Some(old)) => match change.new {
            Some(_) => {
                if let Some(slot) = items.get_mut(*index) {
                    *slot = old;
                }
            }
            None => items.insert((*index).min(items.len()), old),
        },
        (Step::Item { index, .. }, Value::Seq(items), None) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_paths_overlaps_as_its_paths_do() {
        let field = |name: &str| Step::Field(name.to_owned());
        let item = |index, name: Option<&str>| Step::Item { index, name: name.map(str::to_owned) };
        let paths = [
            vec![],
            vec![field("data")],
            vec![field("data"), field("a")],
            vec![field("data"), field("ab")],
            vec![field("spec"), item(0, Some("web")), field("image")],
            vec![field("spec"), item(3, Some("web")), field("image")],
            vec![field("spec"), item(0, None)],
            vec![field("spec"), item(1, None), field("x")],
            vec![field("spec"), item(1, Some("db"))],
        ]
        .map(FieldPath);
        for one in &paths {
            let set = PathSet::new(std::iter::once(one));
            for other in &paths {
                let expected = one.covers(other) || other.covers(one);
                assert_eq!(set.overlaps(other), expected, "{one} {other}");
            }
        }
    }
}
