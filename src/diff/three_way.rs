//! The three-way merge of `kubectl apply`: what the new manifest names is set, what the previous manifest named
//! and the new one does not is removed, and what only the server set stays.
//!
//! Built-in kinds are merged strategically (`strategicpatch.CreateThreeWayMergePatch`), custom resources as JSON
//! (`jsonmergepatch.CreateThreeWayJSONMergePatch`). A strategic merge tells the items of a list apart by one field.
//! Where two items share its value, the patch and the server pair them differently: such a list is left as it is,
//! and a [`ListFault`] says so.

use super::fields::{FieldPath, Index, Step};
use super::{Cause, Certainty, Reason};
use crate::k8s::merge::{Position, Strategy, scalar_text};
use crate::k8s::{Version, defaults};
use crate::yaml::{Entry, Map, Node, Value};
use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet};

/// An object as the patch leaves it, and the lists on which the merge does not do what the manifests say.
pub(super) struct Merged {
    /// The object, before the server reads it and fills in defaults.
    pub(super) root: Node,
    /// The lists that were left as they are.
    pub(super) faults: Vec<ListFault>,
}

/// Merges the manifest `new` into the stored object `live`; `old` is the manifest that was applied before.
pub(super) fn merge(group: &str, kind: &str, old: &Node, new: &Node, live: &Node) -> Merged {
    let strategic = defaults::is_builtin(group) && group != "apiextensions.k8s.io";
    // Versions differ in fields, not in how a field is patched.
    let position = if strategic {
        Position::root_in_group(group, kind, Version::MAX)
    } else {
        Position::unknown(Version::MAX)
    };
    let mut merge = Merge { path: Vec::new(), faults: Vec::new() };
    let (Some(new_map), Some(live_map)) = (new.as_map(), live.as_map()) else {
        return Merged { root: new.clone(), faults: Vec::new() };
    };
    let root = Node::new(Value::Map(merge.maps(position, old.as_map(), new_map, live_map)), live.span);
    Merged { root, faults: merge.faults }
}

/// A list that cannot be merged by its key.
pub(super) struct ListFault {
    /// The list.
    pub(super) path: FieldPath,
    kind: Fault,
}

enum Fault {
    /// An item lacks the key. `kubectl apply` fails before it sends anything.
    NoKey { key: &'static str, index: usize, only_before: bool },
    /// Items of a list of mappings share the value of the key.
    RepeatedKey { key: &'static str, value: String, count: usize, only_before: bool },
    /// A list of scalars holds one twice.
    RepeatedScalar { value: String, only_before: bool },
}

impl ListFault {
    /// Whether the outcome of the patch is not known.
    pub(super) fn is_unpredictable(&self) -> bool {
        !matches!(self.kind, Fault::NoKey { .. })
    }

    /// The fault as the reason of a verdict.
    pub(super) fn reason(&self) -> Reason {
        const ASK: &str = "so the result cannot be predicted; `kubectl diff` asks the server";
        let before = |only_before: &bool| if *only_before { " of the previous list" } else { "" };
        match &self.kind {
            Fault::NoKey { key, index, only_before } => Reason {
                path: format!("{}[{index}]", self.path),
                message: format!(
                    "`kubectl apply` merges this list by `{key}`, and this entry{} has none",
                    before(only_before)
                ),
                certainty: Certainty::Certain,
                cause: Cause::List,
            },
            Fault::RepeatedKey { key, value, count, only_before } => Reason {
                path: self.path.to_string(),
                message: format!(
                    "{} entries{} have `{key}: {value}`, and `kubectl apply` merges this list by `{key}`, {ASK}",
                    if *count == 2 { "two".to_owned() } else { count.to_string() },
                    before(only_before)
                ),
                certainty: Certainty::Unpredictable,
                cause: Cause::List,
            },
            Fault::RepeatedScalar { value, only_before } => Reason {
                path: self.path.to_string(),
                message: format!(
                    "the {}list holds `{value}` more than once, and `kubectl apply` merges it as a set, {ASK}",
                    if *only_before { "previous " } else { "" }
                ),
                certainty: Certainty::Unpredictable,
                cause: Cause::List,
            },
        }
    }
}

struct Merge {
    /// The way to what is being merged.
    path: Vec<Step>,
    faults: Vec<ListFault>,
}

impl Merge {
    fn maps(&mut self, at: Position, old: Option<&Map>, new: &Map, live: &Map) -> Map {
        let mut merged = Map::new();
        let (old_index, new_index, live_index) = (old.map(Index::of), Index::of(new), Index::of(live));
        let before = |key: &str| old_index.as_ref().and_then(|old| old.get(key));
        for entry in live {
            match new_index.get(&entry.key) {
                Some(value) if value.is_null() => {}
                Some(value) => {
                    let value = self.values(at, &entry.key, before(&entry.key), value, &entry.value);
                    merged.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
                }
                None if before(&entry.key).is_some() => {}
                None => merged.push(entry.clone()),
            }
        }
        for entry in new {
            if live_index.get(&entry.key).is_none() && !entry.value.is_null() {
                let value = added(&entry.value);
                merged.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
            }
        }
        merged
    }

    fn values(&mut self, parent: Position, field: &str, old: Option<&Node>, new: &Node, live: &Node) -> Node {
        let at = parent.field(field);
        let strategy = at.strategy();
        let old_items = || old.map_or(&[][..], Node::items);
        let value = match (&new.value, &live.value, strategy) {
            (_, _, Strategy::Replace) => return new.clone(),
            (Value::Map(new), Value::Map(live), _) => self.below(Step::Field(field.to_owned()), |merge| {
                let mut merged = merge.maps(at, old.and_then(Node::as_map), new, live);
                if strategy == Strategy::RetainKeys {
                    merged.retain(|entry| new.contains_key(&entry.key));
                }
                Value::Map(merged)
            }),
            (Value::Seq(new), Value::Seq(live), Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) => {
                let retain = matches!(strategy, Strategy::MergeRetainKeys(_));
                self.below(Step::Field(field.to_owned()), |merge| {
                    Value::Seq(merge.lists(at.item(), key, retain, old_items(), new, live))
                })
            }
            (Value::Seq(new), Value::Seq(live), Strategy::MergeScalars) => self
                .below(Step::Field(field.to_owned()), |merge| {
                    Value::Seq(merge.scalars(old_items(), new, live))
                }),
            // Nulls stay in a list that takes the place of another, and in items that join one.
            (Value::Seq(_), Value::Seq(_), _) => return new.clone(),
            _ => return added(new),
        };
        Node::new(value, new.span)
    }

    fn below<T>(&mut self, step: Step, merge: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let merged = merge(self);
        self.path.pop();
        merged
    }

    fn fault(&mut self, kind: Fault) {
        self.faults.push(ListFault { path: FieldPath(self.path.clone()), kind });
    }

    /// Merges a list of mappings by `key` (`diffListsOfMaps`, `mergeSliceWithoutSpecialElements`).
    fn lists(
        &mut self,
        item_position: Position,
        key: &'static str,
        retain: bool,
        old: &[Node],
        new: &[Node],
        live: &[Node],
    ) -> Vec<Node> {
        let keyless = |list: &[Node]| list.iter().position(|item| item.get(key).is_none());
        let compared = !live.is_empty() || !old.is_empty();
        if compared && let Some(index) = keyless(new).or_else(|| keyless(old)).or_else(|| keyless(live)) {
            let only_before = keyless(new).is_none();
            self.fault(Fault::NoKey { key, index, only_before });
            return live.to_vec();
        }
        let repeated = RepeatedKeys::of(key, [new, old, live]);
        if !repeated.values.is_empty() && is_untouched(old, new, live) {
            return live.to_vec();
        }
        if let Some(value) = repeated.unpredictable(old, new, live) {
            let count = |items| repeated.items_with(value, items).len();
            let (now, before) = (count(new), count(old).max(count(live)));
            let only_before = now < 2;
            let (value, count) = (value.clone(), if only_before { before } else { now });
            self.fault(Fault::RepeatedKey { key, value, count, only_before });
            return live.to_vec();
        }
        let [old, new_by_key, live_by_key] = [old, new, live].map(|list| Keyed::of(key, list));
        let mut patched = Vec::with_capacity(new.len());
        for (index, item) in new.iter().enumerate() {
            if let Some(item) = repeated.counterpart(index, new, live) {
                patched.push(item.clone());
                continue;
            }
            let (Some(map), Some(live_map)) = (item.as_map(), live_by_key.map_like(item)) else {
                patched.push(item.clone());
                continue;
            };
            let name = item.get(key).and_then(scalar_text).map(Cow::into_owned);
            let mut result = self.below(Step::Item { index, name }, |merge| {
                merge.maps(item_position, old.map_like(item), map, live_map)
            });
            if retain {
                result.retain(|entry| map.contains_key(&entry.key));
            }
            patched.push(Node::new(Value::Map(result), item.span));
        }
        if !repeated.values.is_empty() {
            // By the first place of the key, which brings items that share one together.
            patched.sort_by_cached_key(|item| new_by_key.place_of(item));
        }
        let is_kept = |item: &&Node| new_by_key.place_of(item).is_none() && old.place_of(item).is_none();
        let kept = live.iter().filter(is_kept).cloned().collect();
        interleave(patched, kept, |item| live_by_key.place_of(item))
    }

    /// Merges a list of scalars as a set (`diffListsOfScalars`).
    fn scalars(&mut self, old: &[Node], new: &[Node], live: &[Node]) -> Vec<Node> {
        let repeated = |items| repeated(items, |item| Some(item)).into_iter().next();
        if let Some(value) = repeated(new).or_else(|| repeated(old)).or_else(|| repeated(live)) {
            if new != live || old.iter().any(|item| !new.contains(item)) {
                self.fault(Fault::RepeatedScalar { value, only_before: repeated(new).is_none() });
            }
            return live.to_vec();
        }
        let kept = live.iter().filter(|item| !new.contains(item) && !old.contains(item));
        interleave(new.to_vec(), kept.cloned().collect(), |item| live.iter().position(|other| other == item))
    }
}

/// A value where there was none: the server drops the nulls in it (`discardNullValuesFromPatch`).
fn added(value: &Node) -> Node {
    let mut value = value.clone();
    defaults::drop_nulls(&mut value);
    value
}

/// The values of `value` that more than one item has.
fn repeated(items: &[Node], value: impl Fn(&Node) -> Option<&Node>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let texts = items.iter().filter_map(|item| scalar_text(value(item)?).map(Cow::into_owned));
    texts.filter(|text| !seen.insert(text.clone())).collect()
}

/// A list whose items are found by a key.
struct Keyed<'a> {
    key: &'static str,
    items: &'a [Node],
    /// The first place of each value of the key.
    places: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Keyed<'a> {
    fn of(key: &'static str, items: &'a [Node]) -> Self {
        let mut places = BTreeMap::new();
        for (place, item) in items.iter().enumerate() {
            if let Some(value) = item.get(key).and_then(scalar_text) {
                places.entry(value).or_insert(place);
            }
        }
        Self { key, items, places }
    }

    /// The place of the first item with the key of `item`.
    fn place_of(&self, item: &Node) -> Option<usize> {
        self.places.get(&item.get(self.key).and_then(scalar_text)?).copied()
    }

    /// The first item with the key of `item`.
    fn map_like(&self, item: &Node) -> Option<&'a Map> {
        self.items.get(self.place_of(item)?)?.as_map()
    }
}

/// The values of a list's key that more than one item has, before or after.
struct RepeatedKeys {
    key: &'static str,
    values: BTreeSet<String>,
}

impl RepeatedKeys {
    /// Longer lists are sorted in a way in which items that share a key may change places.
    const SORTED_IN_ORDER: usize = 12;

    fn of(key: &'static str, lists: [&[Node]; 3]) -> Self {
        Self {
            key,
            values: lists.into_iter().flat_map(|list| repeated(list, |item| item.get(key))).collect(),
        }
    }

    fn is_value_of(&self, value: &str, item: &Node) -> bool {
        item.get(self.key).and_then(scalar_text).is_some_and(|text| text == value)
    }

    fn items_with<'a>(&self, value: &str, items: &'a [Node]) -> Vec<&'a Node> {
        items.iter().filter(|item| self.is_value_of(value, item)).collect()
    }

    /// The first value whose items the patch and the server may pair differently. They do not where all of them go,
    /// or the patch holds nothing about them.
    fn unpredictable(&self, old: &[Node], new: &[Node], live: &[Node]) -> Option<&String> {
        let short = [old, new, live].iter().all(|list| list.len() <= Self::SORTED_IN_ORDER);
        self.values.iter().find(|value| {
            let [old, new, live] = [old, new, live].map(|list| self.items_with(value, list));
            let certain = new.is_empty() || short && is_untouched(&old, &new, &live);
            !certain
        })
    }

    /// The live item that stays in the place of the item at `index`, if that is one of several with its key.
    fn counterpart<'a>(&self, index: usize, new: &[Node], live: &'a [Node]) -> Option<&'a Node> {
        let value = self
            .values
            .iter()
            .find(|value| new.get(index).is_some_and(|item| self.is_value_of(value, item)))?;
        let before = self.items_with(value, new.get(..index)?).len();
        self.items_with(value, live).into_iter().nth(before)
    }
}

/// Whether the patch holds nothing about a list: each item adds nothing to the live one at its place, and names
/// all that the previous manifest named there. Only then is it certain what becomes of items that share a key.
fn is_untouched<N: Borrow<Node>>(old: &[N], new: &[N], live: &[N]) -> bool {
    let pairs = |a: &[N], b: &[N], test: fn(&Node, &Node) -> bool| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| test(a.borrow(), b.borrow()))
    };
    pairs(new, live, adds_nothing) && (old.is_empty() || pairs(old, new, drops_nothing))
}

/// Whether everything in `new` is in `live`.
fn adds_nothing(new: &Node, live: &Node) -> bool {
    match (&new.value, &live.value) {
        (Value::Map(new), Value::Map(live)) => {
            new.iter().all(|entry| live.get(&entry.key).is_some_and(|live| adds_nothing(&entry.value, live)))
        }
        _ => new == live,
    }
}

/// Whether `new` has every field that `old` has.
fn drops_nothing(old: &Node, new: &Node) -> bool {
    match (&old.value, &new.value) {
        (Value::Map(old), Value::Map(new)) => {
            old.iter().all(|entry| new.get(&entry.key).is_some_and(|new| drops_nothing(&entry.value, new)))
        }
        _ => true,
    }
}

/// Puts the items that only the server has among those of the patch: before the first one that follows them in the
/// live list (`mergeSortedSlice`).
fn interleave(patched: Vec<Node>, kept: Vec<Node>, place: impl Fn(&Node) -> Option<usize>) -> Vec<Node> {
    let mut merged = Vec::with_capacity(patched.len() + kept.len());
    let mut kept = kept.into_iter().peekable();
    for item in patched {
        while kept
            .peek()
            .is_some_and(|next| matches!((place(next), place(&item)), (Some(a), Some(b)) if a < b))
        {
            merged.extend(kept.next());
        }
        merged.push(item);
    }
    merged.extend(kept);
    merged
}

#[cfg(test)]
mod tests {
    use super::super::apply;
    use super::*;
    use crate::diag::{SourceKind, Sources};

    fn node(text: &str) -> Node {
        let sources = Sources::new();
        let source = sources.add("a.yaml", text, SourceKind::File);
        let report = crate::yaml::read(&sources, source, &crate::yaml::ReadOptions::lenient());
        report.output.unwrap().remove(0).root
    }

    /// The list at `path` after `new` is applied over an object created from `old`, as flow JSON; or what is said of it.
    fn applied(kind: &str, path: &str, old: &str, new: &str) -> String {
        let fields: Vec<&str> = path.split('.').collect();
        let holding = |list: &str| {
            fields.iter().rev().fold(list.to_owned(), |inner, field| match field.strip_suffix("[0]") {
                Some(list) => format!("{{{list}: [{{name: a, {}]}}", inner.strip_prefix('{').unwrap()),
                None => format!("{{{field}: {inner}}}"),
            })
        };
        let (old, new) = (node(&holding(old)), node(&holding(new)));
        let live = apply::create("", kind, &old);
        let result = merge("", kind, &old, &new, &live);
        if let [fault] = result.faults.as_slice() {
            let reason = fault.reason();
            return format!("{:?} {}", reason.certainty, reason.path);
        }
        assert!(result.faults.is_empty());
        let list = fields.iter().try_fold(&result.root, |node, field| match field.strip_suffix("[0]") {
            Some(list) => node.get(list)?.items().first(),
            None => node.get(field),
        });
        list.map_or_else(|| "none".to_owned(), crate::yaml::emit::flow_json)
    }

    #[test]
    fn items_that_share_a_key_are_never_guessed() {
        const UNKNOWN: &str = "Unpredictable";
        let rows = [
            (
                "Service",
                "spec.ports",
                "{port: 1, protocol: TCP}, {port: 1, protocol: UDP}",
                "{port: 1, protocol: TCP}",
            ),
            (
                "Service",
                "spec.ports",
                "{port: 1, name: t}, {port: 1, name: u}",
                "{port: 1, name: u}, {port: 1, name: t}",
            ),
            (
                "Service",
                "spec.ports",
                "{port: 1, name: t}, {port: 1, name: u}",
                "{port: 1, name: t, targetPort: 2}, {port: 1, name: u}",
            ),
            (
                "Service",
                "spec.ports",
                "{port: 1, name: t, targetPort: 2}, {port: 1, name: u}",
                "{port: 1, name: t}, {port: 1, name: u}",
            ),
            ("Service", "spec.ports", "{port: 1, name: t}", "{port: 1, name: t}, {port: 1, name: u}"),
            ("Service", "spec.ports", "{port: 2}", "{port: 1, name: t}, {port: 1, name: u}, {port: 2}"),
            (
                "Pod",
                "spec.containers[0].ports",
                "{containerPort: 1}",
                "{containerPort: 1}, {containerPort: 1, protocol: UDP}",
            ),
            (
                "Pod",
                "spec.containers[0].env",
                "{name: A, value: x}, {name: A, value: z}",
                "{name: A, value: x}",
            ),
            (
                "Pod",
                "spec.containers[0].volumeMounts",
                "{mountPath: /a, name: b}",
                "{mountPath: /a, name: b}, {mountPath: /a, name: c}",
            ),
            (
                "Pod",
                "spec.hostAliases",
                "{ip: 1.1.1.1, hostnames: [a]}, {ip: 1.1.1.1, hostnames: [b]}",
                "{ip: 1.1.1.1, hostnames: [a]}",
            ),
            ("Pod", "spec.imagePullSecrets", "{name: a}, {name: a}", "{name: a}"),
            (
                "Pod",
                "spec.topologySpreadConstraints",
                "{topologyKey: z, maxSkew: 1}",
                "{topologyKey: z, maxSkew: 1}, {topologyKey: z, maxSkew: 2}",
            ),
            ("Pod", "spec.volumes", "{name: a}", "{name: a}, {name: a}"),
            ("ConfigMap", "metadata.finalizers", "a/b, a/b", "a/b"),
            ("ConfigMap", "metadata.finalizers", "a/b", "a/b, a/b"),
            (
                "ConfigMap",
                "metadata.ownerReferences",
                "{uid: a, name: x}, {uid: a, name: y}",
                "{uid: a, name: x}",
            ),
        ];
        for (kind, path, old, new) in rows {
            let found = applied(kind, path, &format!("[{old}]"), &format!("[{new}]"));
            assert_eq!(found, format!("{UNKNOWN} {path}"), "{old} -> {new}");
        }
        // Longer lists are sorted in another way.
        let many: Vec<String> = (2..14).map(|port| format!("{{port: {port}}}")).collect();
        let old = format!("[{{port: 1, name: t}}, {{port: 1, name: u}}, {}]", many.join(", "));
        let new = format!("[{{port: 1, name: t}}, {{port: 1, name: u}}, {}]", many[1..].join(", "));
        assert_eq!(applied("Service", "spec.ports", &old, &new), "Unpredictable spec.ports");
    }

    #[test]
    fn items_that_share_a_key_stay_where_the_patch_does_not_touch_them() {
        let shared = "{name: t, port: 1}, {name: u, port: 1}";
        let names = |new: &str| {
            let found = applied("Service", "spec.ports", &format!("[{shared}, {{name: x, port: 2}}]"), new);
            let list = node(&found);
            let name = |item: &Node| item.get("name").and_then(Node::as_str).unwrap_or(&found).to_owned();
            list.items().iter().map(name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&format!("[{shared}, {{name: x, port: 2}}]")), "t u x");
        assert_eq!(names(&format!("[{shared}]")), "t u");
        assert_eq!(names(&format!("[{shared}, {{name: v, port: 2}}]")), "t u v");
        assert_eq!(names(&format!("[{{name: z, port: 3}}, {shared}, {{name: x, port: 2}}]")), "z t u x");
        assert_eq!(names("[{name: x, port: 2}]"), "x");
        // Those with one key come together.
        assert_eq!(names("[{name: t, port: 1}, {name: x, port: 2}, {name: u, port: 1}]"), "t u x");
        // Everything goes by its key.
        assert_eq!(applied("Pod", "spec.imagePullSecrets", "[{name: a}, {name: a}]", "[]"), "[]");
        // What is added as a whole is not merged.
        let added = applied("Pod", "spec.imagePullSecrets", "null", "[{name: a}, {name: a}]");
        assert_eq!(added, r#"[{"name": "a"}, {"name": "a"}]"#);
    }

    #[test]
    fn an_item_without_the_key_stops_the_merge() {
        for (old, new) in [("[{port: 1}]", "[{port: 1}, {}]"), ("[{port: 1}]", "[{port: 1}, {name: a}]")] {
            assert_eq!(applied("Service", "spec.ports", old, new), "Certain spec.ports[1]", "{new}");
        }
        assert_eq!(
            applied("Pod", "spec.imagePullSecrets", "[{name: a}, {}]", "[{name: a}]"),
            "Certain spec.imagePullSecrets[1]"
        );
        assert_eq!(applied("Pod", "spec.imagePullSecrets", "null", "[{}]"), "[{}]");
    }

    #[test]
    fn what_only_the_server_has_keeps_its_place() {
        let (old, new) = (
            node("{spec: {containers: [{name: a}, {name: b}]}}"),
            node("{spec: {containers: [{name: c}, {name: a}, {name: b}]}}"),
        );
        let live = node("{spec: {containers: [{name: injected}, {name: a}, {name: mid}, {name: b}]}}");
        let merged = merge("", "Pod", &old, &new, &live);
        let names: Vec<&str> = merged
            .root
            .at(&["spec", "containers"])
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.get("name").and_then(Node::as_str))
            .collect();
        assert_eq!(names, ["c", "injected", "a", "mid", "b"]);
    }

    #[test]
    fn nulls_go_where_a_map_is_new_and_stay_in_lists() {
        let live = node("{spec: {a: {b: 1}, list: [1]}}");
        let new = node("{spec: {a: {b: 1, c: null}, d: {e: null, f: [{g: null}]}, list: [{h: null}]}}");
        let merged = merge("example.com", "Thing", &live, &new, &live);
        let shown = crate::yaml::emit::flow_json(&merged.root);
        assert_eq!(shown, r#"{"spec": {"a": {"b": 1}, "list": [{"h": null}], "d": {"f": [{}]}}}"#);
    }
}
