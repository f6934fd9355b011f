//! The three-way merge of `kubectl apply`: the patch that it sends, and what the server makes of the stored object.
//!
//! Built-in kinds are merged strategically, custom resources as JSON: [`crate::k8s::patch`] does both. A list whose items
//! share their key is merged as Kubernetes does it, which may not be what the manifest says.

use super::fields::{FieldPath, Step};
use super::{Cause, Reason};
use crate::k8s::merge::{Position, Strategy};
use crate::k8s::patch::{self, json_merge, strategic};
use crate::k8s::{Version, defaults, encode};
use crate::yaml::{Map, Node, Value};

/// An object as the patch leaves it.
pub(super) struct Merged {
    /// The object, before the server reads it and fills in defaults. As it was, if there is a fault.
    pub(super) root: Node,
    /// Why there is no patch, or why the server cannot apply it.
    pub(super) fault: Option<Fault>,
}

/// Merges the manifest `new` into the stored object `live`; `old` is the manifest that was applied before.
pub(super) fn merge(
    version: Version,
    group: &str,
    kind: &str,
    old: &Node,
    new: &Node,
    live: &Node,
) -> Merged {
    let mut written = live.clone();
    encode(group, kind, &mut written);
    let [old, new, stored] = [old, new, &written].map(as_map);
    let is_strategic = defaults::is_builtin(group) && group != "apiextensions.k8s.io";
    let root = Position::root_in_group(group, kind, version);
    let merged = if is_strategic {
        strategic::create_three_way(root, &old, &new, &stored)
            .and_then(|patch| strategic::apply(root, stored.clone(), patch))
    } else {
        json_merge::create_three_way(&old, &new, &stored).map(|patch| {
            let mut merged = stored.clone();
            json_merge::apply(&mut merged, &patch);
            merged
        })
    };
    match merged {
        Ok(merged) => Merged { root: Node::new(Value::Map(merged), live.span), fault: None },
        Err(error) => {
            let keyless =
                if is_strategic { find_keyless(root, &mut Vec::new(), [&old, &new, &stored]) } else { None };
            let fault = keyless.unwrap_or(Fault::of_list(FieldPath::default(), error.message));
            Merged { root: live.clone(), fault: Some(fault) }
        }
    }
}

/// A mapping as decoders of JSON read it; an empty one for anything else.
fn as_map(node: &Node) -> Map {
    let mut node = node.clone();
    patch::as_json(&mut node);
    match node.value {
        Value::Map(map) => map,
        _ => Map::new(),
    }
}

/// Why an object cannot be merged.
pub(super) struct Fault {
    /// The list, or the whole object.
    pub(super) path: FieldPath,
    /// The reasons of the verdict.
    pub(super) reasons: Vec<Reason>,
}

impl Fault {
    /// A list that cannot be merged.
    fn of_list(path: FieldPath, message: String) -> Self {
        let reason = Reason { path: path.to_string(), message, cause: Cause::List };
        Self { path, reasons: vec![reason] }
    }
}

/// The first item of a list that lacks the key by which the list is merged.
fn find_keyless(at: Position, path: &mut Vec<Step>, [old, new, live]: [&Map; 3]) -> Option<Fault> {
    new.iter().find_map(|entry| {
        let below = at.field(&entry.key);
        path.push(Step::Field(entry.key.clone()));
        let [old, live] = [old, live].map(|map| map.get(&entry.key));
        let found = match (&entry.value.value, below.strategy()) {
            (Value::Map(new), _) => {
                let nothing = Map::new();
                let [old, live] = [old, live].map(|node| node.and_then(Node::as_map).unwrap_or(&nothing));
                find_keyless(below, path, [old, new, live])
            }
            (Value::Seq(new), Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) => {
                let [old, live] = [old, live].map(|node| node.map(Node::items).unwrap_or_default());
                keyless_item(path, key, [old, new, live])
                    .or_else(|| find_in_items(below.item(), path, key, [old, new, live]))
            }
            _ => None,
        };
        path.pop();
        found
    })
}

fn keyless_item(path: &[Step], key: &str, [old, new, live]: [&[Node]; 3]) -> Option<Fault> {
    if old.is_empty() && live.is_empty() {
        return None;
    }
    let keyless = |list: &[Node]| list.iter().position(|item| item.get(key).is_none());
    let index = keyless(new).or_else(|| keyless(old)).or_else(|| keyless(live))?;
    let before = if keyless(new).is_none() { " of the previous list" } else { "" };
    let mut path = FieldPath(path.to_vec());
    path.0.push(Step::Item { index, name: None });
    let message = format!("`kubectl apply` merges this list by `{key}`, and this entry{before} has none");
    Some(Fault::of_list(path, message))
}

fn find_in_items(
    at: Position,
    path: &mut Vec<Step>,
    key: &str,
    [old, new, live]: [&[Node]; 3],
) -> Option<Fault> {
    let nothing = Map::new();
    new.iter().enumerate().find_map(|(index, item)| {
        let same_key = |list: &'_ [Node]| {
            let found = list.iter().find(|other| other.get(key) == item.get(key)).and_then(Node::as_map);
            found.cloned().unwrap_or_default()
        };
        path.push(Step::Item { index, name: None });
        let found =
            find_keyless(at, path, [&same_key(old), item.as_map().unwrap_or(&nothing), &same_key(live)]);
        path.pop();
        found
    })
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

    /// What becomes of an object created from `old` when `new` is applied: itself as flow JSON, or the fault.
    fn applied(kind: &str, old: &str, new: &str) -> String {
        let (old, new) = (node(old), node(new));
        let live = apply::create("", kind, &old);
        let merged = merge(Version::DEFAULT, "", kind, &old, &new, &live);
        match merged.fault {
            Some(fault) => format!("{}: {}", fault.path, fault.reasons[0].message),
            None => crate::yaml::emit::flow_json(merged.root.get("spec").unwrap()),
        }
    }

    #[test]
    fn an_item_without_the_key_stops_the_merge() {
        let ports = |items: &str| format!("{{spec: {{ports: [{items}]}}}}");
        for new in ["{port: 1}, {}", "{port: 1}, {name: a}"] {
            assert_eq!(
                applied("Service", &ports("{port: 1}"), &ports(new)),
                "spec.ports[1]: `kubectl apply` merges this list by `port`, and this entry has none"
            );
        }
        let secrets = |items: &str| format!("{{spec: {{imagePullSecrets: [{items}]}}}}");
        assert_eq!(
            applied("Pod", &secrets("{name: a}, {}"), &secrets("{name: a}")),
            "spec.imagePullSecrets[1]: `kubectl apply` merges this list by `name`, and this entry of the previous list has none"
        );
        let env = |items: &str| format!("{{spec: {{containers: [{{name: a, env: [{items}]}}]}}}}");
        assert_eq!(
            applied("Pod", &env("{name: A}"), &env("{name: A}, {value: x}")),
            "spec.containers[0].env[1]: `kubectl apply` merges this list by `name`, and this entry has none"
        );
    }

    #[test]
    fn an_order_that_the_server_refuses_is_a_fault() {
        let env = |items: &str| format!("{{spec: {{containers: [{{name: a, env: [{items}]}}]}}}}");
        let found = applied(
            "Pod",
            &env("{name: A, value: z}, {name: A, value: x}"),
            &env("{name: A, value: x}, {name: B, value: '1'}, {name: A, value: z}"),
        );
        assert!(found.starts_with(": The order in patch list:"), "{found}");
    }

    #[test]
    fn nulls_go_where_a_map_is_new_and_stay_in_lists() {
        let live = node("{spec: {a: {b: 1}, list: [1]}}");
        let new = node("{spec: {a: {b: 1, c: null}, d: {e: null, f: [{g: null}]}, list: [{h: null}]}}");
        let merged = merge(Version::DEFAULT, "example.com", "Thing", &live, &new, &live);
        assert_eq!(merged.root, node("{spec: {a: {b: 1}, list: [{}], d: {f: [{}]}}}"));
    }
}
