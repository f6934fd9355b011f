//! Patches of scenarios: strategic merge patches, as `kubectl patch` sends them.

use plimsoll_diag::Span;
use plimsoll_kube::Version;
use plimsoll_kube::merge::{Position, Strategy};
use plimsoll_kube::views::WorkloadKind;
use plimsoll_yaml::{Map, Node, Value};

/// The object `target` of a built-in kind with a strategic merge patch applied (`strategicpatch.StrategicMergePatch`).
/// Nulls delete, lists with a merge key are merged by it, other lists and values are replaced. Of the directives
/// `$patch: delete` and `$patch: replace` are known.
pub(super) fn patched(kind: WorkloadKind, version: Version, target: &Node, patch: &Node) -> Node {
    merge(Position::root_in_group(kind.group(), kind.as_str(), version), target, patch)
}

const DIRECTIVE: &str = "$patch";

fn merge(position: Position, target: &Node, patch: &Node) -> Node {
    let (Value::Map(old), Value::Map(new)) = (&target.value, &patch.value) else { return patch.clone() };
    if new.get(DIRECTIVE).and_then(Node::as_str) == Some("replace") {
        return Node::bare(without_directive(new));
    }
    let mut merged = old.clone();
    for entry in new.iter().filter(|entry| !entry.key.starts_with('$')) {
        if entry.value.is_null() {
            merged.remove(&entry.key);
            continue;
        }
        let value = match (merged.get(&entry.key), position.field(&entry.key).strategy()) {
            (Some(old), Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) => {
                merge_items(position.field(&entry.key).item(), key, old, &entry.value)
            }
            (Some(old), Strategy::MergeScalars) => merge_scalars(old, &entry.value),
            (Some(old), Strategy::Plain | Strategy::RetainKeys) if old.as_map().is_some() => {
                merge(position.field(&entry.key), old, &entry.value)
            }
            _ => without_nulls(&entry.value),
        };
        merged.insert(entry.key.as_str(), Span::NONE, value);
    }
    Node::bare(merged)
}

fn merge_items(position: Position, key: &str, old: &Node, new: &Node) -> Node {
    let mut items = old.items().to_vec();
    for item in new.items() {
        let place =
            items.iter().position(|other| other.get(key).is_some() && other.get(key) == item.get(key));
        let is_deleted = item.get(DIRECTIVE).and_then(Node::as_str) == Some("delete");
        match place {
            Some(place) if is_deleted => {
                items.remove(place);
            }
            Some(place) => items[place] = merge(position, &items[place], item),
            None if is_deleted => {}
            None => items.push(without_nulls(item)),
        }
    }
    Node::bare(items)
}

fn merge_scalars(old: &Node, new: &Node) -> Node {
    let mut items = old.items().to_vec();
    for item in new.items() {
        if !items.contains(item) {
            items.push(item.clone());
        }
    }
    Node::bare(items)
}

fn without_directive(map: &Map) -> Map {
    let mut map = map.clone();
    map.remove(DIRECTIVE);
    map
}

/// What is new as a whole has nothing that a null could delete.
fn without_nulls(node: &Node) -> Node {
    let mut node = node.clone();
    plimsoll_kube::defaults::drop_nulls(&mut node);
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        plimsoll_yaml::read_fragment(text.as_bytes()).expect("the test's own YAML")
    }

    #[test]
    fn lists_are_merged_by_key_and_nulls_delete() {
        let target =
            node("{spec: {template: {spec: {containers: [{name: a, image: x, tty: true}]}}, paused: true}}");
        let patch =
            node("{spec: {template: {spec: {containers: [{name: a, image: y}, {name: b}]}}, paused: null}}");
        assert_eq!(
            patched(WorkloadKind::Deployment, Version::DEFAULT, &target, &patch),
            node("{spec: {template: {spec: {containers: [{name: a, image: y, tty: true}, {name: b}]}}}}")
        );
    }

    #[test]
    fn directives_delete_and_replace() {
        let target = node("{spec: {containers: [{name: a}, {name: b}], nodeSelector: {x: y}}}");
        let patch =
            node("{spec: {containers: [{name: a, $patch: delete}], nodeSelector: {$patch: replace, z: w}}}");
        assert_eq!(
            patched(WorkloadKind::Pod, Version::DEFAULT, &target, &patch),
            node("{spec: {containers: [{name: b}], nodeSelector: {z: w}}}")
        );
    }
}
