//! Items of lists that lack the key by which `kubectl apply` merges the list: there is no patch for such a list.

use super::fields::{FieldPath, Step};
use super::{Cause, Reason};
use crate::k8s::merge::{Position, Strategy};
use crate::yaml::{Map, Node, Value};

/// The manifest that was applied last, the new one, and the stored object.
type Three<'a, T> = [&'a T; 3];

/// The first item without its key, as the reason why there is no patch, and the way to it.
pub(super) fn find(root: Position, [old, new, live]: Three<'_, Node>) -> Option<(FieldPath, Reason)> {
    let nothing = Map::new();
    let [old, new, live] = [old, new, live].map(|node| node.as_map().unwrap_or(&nothing));
    in_map(root, &mut Vec::new(), [old, new, live])
}

fn in_map(
    at: Position,
    path: &mut Vec<Step>,
    [old, new, live]: Three<'_, Map>,
) -> Option<(FieldPath, Reason)> {
    new.iter().find_map(|entry| {
        let below = at.field(&entry.key);
        path.push(Step::Field(entry.key.clone()));
        let [old, live] = [old, live].map(|map| map.get(&entry.key));
        let found = match (&entry.value.value, below.strategy()) {
            (Value::Map(new), _) => {
                let nothing = Map::new();
                let [old, live] = [old, live].map(|node| node.and_then(Node::as_map).unwrap_or(&nothing));
                in_map(below, path, [old, new, live])
            }
            (Value::Seq(new), Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) => {
                let [old, live] = [old, live].map(|node| node.map(Node::items).unwrap_or_default());
                in_list(path, key, [old, new, live])
                    .or_else(|| below_items(below.item(), path, key, [old, new, live]))
            }
            _ => None,
        };
        path.pop();
        found
    })
}

fn in_list(path: &[Step], key: &str, [old, new, live]: Three<'_, [Node]>) -> Option<(FieldPath, Reason)> {
    if old.is_empty() && live.is_empty() {
        return None;
    }
    let keyless = |list: &[Node]| list.iter().position(|item| item.get(key).is_none());
    let index = keyless(new).or_else(|| keyless(old)).or_else(|| keyless(live))?;
    let before = if keyless(new).is_none() { " of the previous list" } else { "" };
    let mut path = FieldPath(path.to_vec());
    path.0.push(Step::Item { index, name: None });
    let message = format!("`kubectl apply` merges this list by `{key}`, and this entry{before} has none");
    let reason = Reason { path: path.to_string(), message, cause: Cause::List };
    Some((path, reason))
}

fn below_items(
    at: Position,
    path: &mut Vec<Step>,
    key: &str,
    [old, new, live]: Three<'_, [Node]>,
) -> Option<(FieldPath, Reason)> {
    let nothing = Map::new();
    new.iter().enumerate().find_map(|(index, item)| {
        let same_key = |list: &'_ [Node]| {
            let found = list.iter().find(|other| other.get(key) == item.get(key)).and_then(Node::as_map);
            found.cloned().unwrap_or_default()
        };
        path.push(Step::Item { index, name: None });
        let found = in_map(at, path, [&same_key(old), item.as_map().unwrap_or(&nothing), &same_key(live)]);
        path.pop();
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, Sources};
    use crate::k8s::Version;

    fn node(text: &str) -> Node {
        let sources = Sources::new();
        let source = sources.add("a.yaml", text, SourceKind::File);
        let report = crate::yaml::read(&sources, source, &crate::yaml::ReadOptions::lenient());
        report.output.unwrap().remove(0).root
    }

    /// The reason for which there is no patch from `old` to `new`.
    fn reason(kind: &str, old: &str, new: &str) -> String {
        let (old, new) = (node(old), node(new));
        let root = Position::root_in_group("", kind, Version::DEFAULT);
        find(root, [&old, &new, &old]).map(|(path, reason)| format!("{path}: {}", reason.message)).unwrap()
    }

    #[test]
    fn an_item_without_the_key_is_named() {
        let ports = |items: &str| format!("{{spec: {{ports: [{items}]}}}}");
        for new in ["{port: 1}, {}", "{port: 1}, {name: a}"] {
            assert_eq!(
                reason("Service", &ports("{port: 1}"), &ports(new)),
                "spec.ports[1]: `kubectl apply` merges this list by `port`, and this entry has none"
            );
        }
        let secrets = |items: &str| format!("{{spec: {{imagePullSecrets: [{items}]}}}}");
        assert_eq!(
            reason("Pod", &secrets("{name: a}, {}"), &secrets("{name: a}")),
            "spec.imagePullSecrets[1]: `kubectl apply` merges this list by `name`, and this entry of the previous list has none"
        );
        let env = |items: &str| format!("{{spec: {{containers: [{{name: a, env: [{items}]}}]}}}}");
        assert_eq!(
            reason("Pod", &env("{name: A}"), &env("{name: A}, {value: x}")),
            "spec.containers[0].env[1]: `kubectl apply` merges this list by `name`, and this entry has none"
        );
    }
}
