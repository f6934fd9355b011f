//! Lists that are sets or maps: `apiserver/schema/listtype`.

use super::At;
use crate::validation::Context;
use plimsoll_yaml::emit::flow_json;
use plimsoll_yaml::{Map, Node, Value};
use std::collections::BTreeMap;

/// Reports items that repeat an earlier one of a set or a map, at any depth (`ValidateListSetsAndMaps`).
pub(super) fn unique_items(at: &At<'_, '_>, schema: &Node, cx: &mut Context<'_>) {
    match at.node().map(|node| &node.value) {
        Some(Value::Map(map)) => {
            let additional = schema.get("additionalProperties").filter(|node| node.as_map().is_some());
            for entry in map {
                let own = schema.get("properties").and_then(|properties| properties.get(&entry.key));
                if let Some(inner) = own.or(additional) {
                    unique_items(&at.field_at(entry), inner, cx);
                }
            }
        }
        Some(Value::Seq(items)) => {
            match schema.get("x-kubernetes-list-type").and_then(Node::as_str) {
                Some("set") => report_repeated(at, items.iter().cloned(), cx),
                Some("map") => unique_keys(at, items, schema, cx),
                _ => {}
            }
            if let Some(inner) = schema.get("items") {
                for item in at.items() {
                    unique_items(&item, inner, cx);
                }
            }
        }
        _ => {}
    }
}

/// `validateListMap`
fn unique_keys(at: &At<'_, '_>, items: &[Node], schema: &Node, cx: &mut Context<'_>) {
    let not_a_map = |item: &&Node| !item.is_null() && item.as_map().is_none();
    if let Some(index) = items.iter().position(|item| not_a_map(&item)) {
        cx.invalid(&at.index(index), "must be an object for an array of list-type map");
        return;
    }
    let keys = schema.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
    let names: Vec<&str> = keys.iter().filter_map(Node::as_str).collect();
    let key_of = |item: &Node| {
        let mut key = Map::new();
        for name in &names {
            if let Some(value) = item.get(name) {
                key.insert(*name, value.span, value.clone());
            }
        }
        Node::bare(key)
    };
    report_repeated(at, items.iter().map(key_of), cx);
}

/// `validateListSet`: the second appearance of a value is reported, and no later one.
fn report_repeated(at: &At<'_, '_>, keys: impl Iterator<Item = Node>, cx: &mut Context<'_>) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, key) in keys.enumerate() {
        let text = flow_json(&key);
        let times = seen.entry(text.clone()).or_default();
        *times += 1;
        if *times == 2 {
            let text = key.as_str().map_or(text, str::to_owned);
            cx.duplicate_text(&at.index(index), &text);
        }
    }
}
