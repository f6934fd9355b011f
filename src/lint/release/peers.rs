//! Pods that a text names through their Service: `db-0.db-headless`.

use crate::manifest::Object;
use crate::yaml::{Node, Value};
use std::collections::BTreeSet;

/// StatefulSet and Service of every pod that a text of the objects names, be it an argument or a file in a `ConfigMap`.
pub(super) fn named_peers<'a>(objects: &[&'a Object]) -> BTreeSet<(&'a str, &'a str)> {
    let mut peers = BTreeSet::new();
    for object in objects {
        collect_peers(&object.root, &mut peers);
    }
    peers
}

/// Notes the names `db-0.db-headless` and `db-${i}.db-headless` in the texts of a tree: StatefulSet and Service of each.
fn collect_peers<'a>(node: &'a Node, peers: &mut BTreeSet<(&'a str, &'a str)>) {
    match &node.value {
        Value::String(text) => peers.extend(peer_names(text)),
        Value::Seq(items) => items.iter().for_each(|item| collect_peers(item, peers)),
        Value::Map(map) => map.iter().for_each(|entry| collect_peers(&entry.value, peers)),
        _ => {}
    }
}

/// The pods that a text names by an ordinal, or by what a script fills in for it: StatefulSet and Service of each.
pub(in crate::lint) fn peer_names(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.match_indices('.').filter_map(move |(dot, _)| {
        let (before, after) = (&text[..dot], &text[dot + 1..]);
        let service = &after[..after.find(|c| !is_name(c)).unwrap_or(after.len())];
        let digits = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let set = if digits.len() < before.len() { digits } else { before_variable(before)? };
        let set = set.strip_suffix('-')?;
        let set = &set[set.rfind(|c| !is_name(c)).map_or(0, |at| at + 1)..];
        (!set.is_empty() && !service.is_empty()).then_some((set, service))
    })
}

/// What stands before `$i`, `${i}` or `$(i)` at the end of a text.
fn before_variable(text: &str) -> Option<&str> {
    let sign = text.trim_end_matches(|c: char| c.is_alphanumeric() || "_{}()".contains(c));
    sign.strip_suffix('$').filter(|_| sign.len() < text.len())
}
