//! Sets of fields, and their JSON form `FieldsV1`.

use super::path::{FieldPath, PathElement};
use super::structure::{Atom, Type};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node};
use std::collections::BTreeMap;

/// A set of fields of an object: `fieldpath.Set` of structured-merge-diff.
///
/// A tree whose nodes are members or not: that `.spec.replicas` is a member says nothing about `.spec`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    nodes: BTreeMap<PathElement, SetNode>,
}

/// One field on the way to a member. Never neither a member nor above one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SetNode {
    is_member: bool,
    below: FieldSet,
}

impl SetNode {
    fn is_empty(&self) -> bool {
        !self.is_member && self.below.is_empty()
    }
}

impl FieldSet {
    /// The set of the paths given.
    pub fn of(paths: impl IntoIterator<Item = FieldPath>) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path));
        set
    }

    /// Whether nothing is a member.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds one field. The fields above it do not become members. The empty path, which is the whole object, is never one.
    pub fn insert(&mut self, path: &FieldPath) {
        if let Some((last, above)) = path.0.split_last() {
            let holder =
                above.iter().fold(self, |set, step| &mut set.nodes.entry(step.clone()).or_default().below);
            holder.nodes.entry(last.clone()).or_default().is_member = true;
        }
    }

    /// Sets whether the field one step away is a member, and the members below it.
    pub(super) fn put(&mut self, step: PathElement, is_member: bool, below: Self) {
        let node = SetNode { is_member, below };
        if !node.is_empty() {
            self.nodes.insert(step, node);
        }
    }

    /// Whether a field is a member.
    pub fn contains(&self, path: &FieldPath) -> bool {
        let Some((last, above)) = path.0.split_last() else { return false };
        let holder = above.iter().try_fold(self, |set, step| set.below(step));
        holder.is_some_and(|set| set.has(last))
    }

    /// Whether the field one step away is a member.
    pub(super) fn has(&self, step: &PathElement) -> bool {
        self.nodes.get(step).is_some_and(|node| node.is_member)
    }

    /// The members below a step; `None` if there are none.
    pub(super) fn below(&self, step: &PathElement) -> Option<&Self> {
        self.nodes.get(step).map(|node| &node.below).filter(|set| !set.is_empty())
    }

    /// Every member: at each level first the fields of the level, then what is below them.
    pub fn paths(&self) -> Vec<FieldPath> {
        let mut paths = Vec::new();
        self.collect(&FieldPath::default(), &mut paths);
        paths
    }

    fn collect(&self, above: &FieldPath, paths: &mut Vec<FieldPath>) {
        let members = self.nodes.iter().filter(|(_, node)| node.is_member);
        paths.extend(members.map(|(step, _)| above.child(step.clone())));
        for (step, node) in &self.nodes {
            node.below.collect(&above.child(step.clone()), paths);
        }
    }

    /// The members of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut nodes = self.nodes.clone();
        for (step, theirs) in &other.nodes {
            let node = nodes.entry(step.clone()).or_default();
            node.is_member |= theirs.is_member;
            node.below = node.below.union(&theirs.below);
        }
        Self { nodes }
    }

    /// The members of both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.map_nodes(|step, node| {
            let theirs = other.nodes.get(step)?;
            Some(SetNode {
                is_member: node.is_member && theirs.is_member,
                below: node.below.intersection(&theirs.below),
            })
        })
    }

    /// The members that are not in `other`. Fields below a member of `other` stay.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.map_nodes(|step, node| match other.nodes.get(step) {
            Some(theirs) => Some(SetNode {
                is_member: node.is_member && !theirs.is_member,
                below: node.below.difference(&theirs.below),
            }),
            None => Some(node.clone()),
        })
    }

    /// The members that are neither in `other` nor below one of its members.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        self.map_nodes(|step, node| match other.nodes.get(step) {
            Some(theirs) if theirs.is_member => None,
            Some(theirs) => Some(SetNode {
                is_member: node.is_member,
                below: node.below.recursive_difference(&theirs.below),
            }),
            None => Some(node.clone()),
        })
    }

    /// The members below which there are no others.
    #[must_use]
    pub fn leaves(&self) -> Self {
        self.map_nodes(|_, node| {
            Some(SetNode { is_member: node.is_member && node.below.is_empty(), below: node.below.leaves() })
        })
    }

    /// Adds the named fields of structs above members: a set with `.spec.replicas` also gets `.spec`. Keys of maps and
    /// items of lists are not added.
    pub(super) fn with_named_fields(&self, ty: Option<Type<'_>>) -> Self {
        let atom = ty.map(|ty| ty.atom());
        self.map_nodes(|step, node| {
            let (named, inner) = match (step, &atom) {
                (PathElement::Field(name), Some(Atom::Map(map))) => (map.declares(name), map.value(name)),
                (PathElement::Key(_), Some(Atom::List(list))) => (false, Some(list.item)),
                (PathElement::Field(_) | PathElement::Key(_), Some(Atom::Any(inner))) => {
                    (false, Some(*inner))
                }
                _ => (false, None),
            };
            let is_member = node.is_member || named && !node.below.is_empty();
            Some(SetNode { is_member, below: node.below.with_named_fields(inner) })
        })
    }

    /// What owned single fields of a list or map that is atomic now, owns the whole (`ReconcileFieldSetWithSchema`): a set
    /// may have been written when the schema was another one.
    pub(super) fn reconciled(&self, ty: Type<'_>) -> Self {
        let atom = ty.atom();
        self.map_nodes(|step, node| {
            let inner = match (step, &atom) {
                (PathElement::Field(name), Atom::Map(map)) => map.value(name),
                (PathElement::Key(_), Atom::List(list)) => Some(list.item),
                _ => None,
            };
            Some(match inner {
                Some(inner) if !node.below.is_empty() && inner.atom().is_atomic() => {
                    SetNode { is_member: true, below: Self::default() }
                }
                Some(inner) => SetNode { is_member: node.is_member, below: node.below.reconciled(inner) },
                None => node.clone(),
            })
        })
    }

    fn map_nodes(&self, mut change: impl FnMut(&PathElement, &SetNode) -> Option<SetNode>) -> Self {
        let nodes = self.nodes.iter().filter_map(|(step, node)| {
            let node = change(step, node).filter(|node| !node.is_empty())?;
            Some((step.clone(), node))
        });
        Self { nodes: nodes.collect() }
    }

    /// Reads `fieldsV1`: a map whose keys are steps, with the key `.` where a field with others below it is itself a member.
    /// Keys that are no steps are ignored, as Kubernetes ignores them.
    pub fn from_node(node: &Node) -> Self {
        Self::read(node).0
    }

    /// The set below a step, and whether the step is a member itself.
    fn read(node: &Node) -> (Self, bool) {
        let mut set = Self::default();
        let mut is_member = false;
        for entry in node.as_map().into_iter().flatten() {
            if entry.key == "." {
                is_member = true;
            } else if let Some(step) = PathElement::parse(&entry.key) {
                let (below, is_member) = Self::read(&entry.value);
                set.nodes.insert(step, SetNode { is_member, below });
            }
        }
        let is_leaf = set.is_empty();
        (set, is_member || is_leaf)
    }

    /// The set as `fieldsV1`.
    pub fn to_node(&self) -> Node {
        Node::bare(self.to_map())
    }

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        for (step, node) in &self.nodes {
            let mut inner = node.below.to_map();
            if node.is_member && !inner.is_empty() {
                let mut marked = Map::new();
                marked.insert(".", Span::NONE, Node::bare(Map::new()));
                inner.into_iter().for_each(|entry| marked.push(entry));
                inner = marked;
            }
            map.insert(step.to_key(), Span::NONE, Node::bare(inner));
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::testing::node;
    use proptest::prelude::*;

    /// The set of paths such as `a.b`.
    fn set(paths: &str) -> FieldSet {
        let path = |text: &str| FieldPath::of_fields(&text.split('.').collect::<Vec<_>>());
        FieldSet::of(paths.split_whitespace().map(path))
    }

    #[test]
    fn sets_are_combined_member_by_member() {
        let (left, right) = (set("a a.b a.c d.e"), set("a a.c.x d f"));
        assert_eq!(left.union(&right), set("a a.b a.c a.c.x d d.e f"));
        assert_eq!(left.intersection(&right), set("a"));
        // A member above or below is another field.
        assert_eq!(left.difference(&right), set("a.b a.c d.e"));
        assert_eq!(left.recursive_difference(&right), FieldSet::default());
        assert_eq!(left.recursive_difference(&set("a.b d")), set("a a.c"));
        assert_eq!(left.leaves(), set("a.b a.c d.e"));
        assert!(left.difference(&left).is_empty());
    }

    #[test]
    fn only_members_are_contained() {
        let fields = set("a.b a.b.c");
        let contains = |path: &[&str]| fields.contains(&FieldPath::of_fields(path));
        assert_eq!([&["a", "b"][..], &["a", "b", "c"]].map(contains), [true, true]);
        assert_eq!([&["a"][..], &["a", "b", "c", "d"], &[]].map(contains), [false, false, false]);
        assert_eq!(fields.paths().iter().map(ToString::to_string).collect::<Vec<_>>(), [".a.b", ".a.b.c"]);
    }

    #[test]
    fn fields_v1_is_read_and_written() {
        let text = r#"{"f:a": {".": {}, "f:b": {}, "k:{\"name\":\"x\"}": {"f:c": {}}}, "f:d": {}}"#;
        let fields = FieldSet::from_node(&node(text));
        let paths: Vec<_> = fields.paths().iter().map(ToString::to_string).collect();
        assert_eq!(paths, [".a", ".d", ".a.b", r#".a[name="x"].c"#]);
        assert_eq!(fields.to_node(), node(text));
        // What is no step is ignored, and so is what would be below it.
        assert_eq!(FieldSet::from_node(&node(r#"{"f:a": {}, "x:b": {"f:c": {}}}"#)), set("a"));
        assert_eq!(FieldSet::default().to_node(), node("{}"));
    }

    /// Sets of paths up to three steps deep, of all kinds of steps.
    fn sets() -> impl Strategy<Value = FieldSet> {
        let step = prop_oneof![
            "[ab]".prop_map(PathElement::Field),
            (0..2_i64).prop_map(|port| PathElement::Key(vec![("port".to_owned(), Node::bare(port).into())])),
            "[ab<]".prop_map(|text| PathElement::Value(Node::bare(text.as_str()).into())),
            (0..2_usize).prop_map(PathElement::Index),
        ];
        let path = proptest::collection::vec(step, 1..4).prop_map(FieldPath);
        proptest::collection::vec(path, 0..8).prop_map(FieldSet::of)
    }

    proptest! {
        #[test]
        fn the_laws_of_sets_hold(a in sets(), b in sets()) {
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert_eq!(a.union(&b).difference(&b), a.difference(&b));
            prop_assert_eq!(a.intersection(&b), b.intersection(&a));
            prop_assert!(a.difference(&b).intersection(&b).is_empty());
            prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
            prop_assert!(a.paths().iter().all(|path| a.contains(path) && a.union(&b).contains(path)));
            prop_assert_eq!(FieldSet::of(a.paths()), a);
        }

        #[test]
        fn sets_are_written_as_they_are_read(set in sets()) {
            prop_assert_eq!(FieldSet::from_node(&set.to_node()), set);
        }
    }
}
