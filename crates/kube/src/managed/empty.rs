//! Objects that have nothing.

use crate::defaults;
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// Structs that their Go type holds by value, by kind: they are never absent, so nobody adds them.
const STRUCTS: &[(&str, &[&str])] = &[
    ("CronJob", &["jobTemplate", "metadata"]),
    ("CronJob", &["jobTemplate", "spec", "template", "metadata"]),
    ("CronJob", &["jobTemplate", "spec", "template", "spec"]),
    ("DaemonSet", &["template", "metadata"]),
    ("DaemonSet", &["template", "spec"]),
    ("DaemonSet", &["updateStrategy"]),
    ("Deployment", &["strategy"]),
    ("Deployment", &["template", "metadata"]),
    ("Deployment", &["template", "spec"]),
    ("Job", &["template", "metadata"]),
    ("Job", &["template", "spec"]),
    ("NetworkPolicy", &["podSelector"]),
    ("PersistentVolumeClaim", &["resources"]),
    ("ReplicaSet", &["template", "metadata"]),
    ("ReplicaSet", &["template", "spec"]),
    ("StatefulSet", &["template", "metadata"]),
    ("StatefulSet", &["template", "spec"]),
    ("StatefulSet", &["updateStrategy"]),
];

/// Lists below the spec that are written even if there are none.
const LISTS: &[(&str, &[&str])] = &[
    ("CronJob", &["jobTemplate", "spec", "template", "spec", "containers"]),
    ("DaemonSet", &["template", "spec", "containers"]),
    ("Deployment", &["template", "spec", "containers"]),
    ("Job", &["template", "spec", "containers"]),
    ("LimitRange", &["limits"]),
    ("Pod", &["containers"]),
    ("ReplicaSet", &["template", "spec", "containers"]),
    ("StatefulSet", &["template", "spec", "containers"]),
];

/// The object of a kind that a client creates without naming anything, as far as a comparison with it can tell.
/// `has_spec` says whether its type has a spec, which is always held by value.
pub(super) fn empty(kind: &str, has_spec: bool) -> Node {
    let mut root = Map::new();
    if has_spec {
        let spec = defaults::ensure_map(&mut root, "spec");
        let of_kind =
            |table: &'static [(&str, &[&'static str])]| table.iter().filter(|(name, _)| *name == kind);
        for (_, path) in of_kind(STRUCTS) {
            path.iter().fold(&mut *spec, |map, key| defaults::ensure_map(map, key));
        }
        for (_, path) in of_kind(LISTS) {
            if let Some((list, above)) = path.split_last() {
                let holder = above.iter().fold(&mut *spec, |map, key| defaults::ensure_map(map, key));
                holder.insert(*list, Span::NONE, Node::bare(Value::Null));
            }
        }
    }
    if kind == "PriorityClass" {
        root.insert("value", Span::NONE, Node::bare(0));
    }
    Node::bare(root)
}
