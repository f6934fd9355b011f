//! Any text as YAML.

use super::{assert_json, assert_shown};
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::yaml::{Document, Node, ReadOptions, Value, emit, read};
use serde::Deserialize as _;
use serde_yaml::Value as Reference;

/// Reads a text with all options, writes the result and reads it back, and compares it with libyaml's.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for options in [ReadOptions::strict(), ReadOptions::lenient(), ReadOptions::fragment()] {
        for document in documents(text, &options).unwrap_or_default() {
            assert!(text.get(document.span.start as usize..document.span.end as usize).is_some());
            assert_round_trip(&document.root);
        }
    }
    if is_common(text) {
        compare(text);
    }
}

/// The documents of a text without errors.
fn documents(text: &str, options: &ReadOptions) -> Option<Vec<Document>> {
    let sources = Sources::new();
    let source = sources.add("fuzz.yaml", text, SourceKind::File);
    let report = read(&sources, source, options);
    assert_shown(&report.diagnostics, &sources);
    assert!(report.output.is_some() || report.has_errors());
    if report.has_errors() { None } else { report.output }
}

fn assert_round_trip(root: &Node) {
    let text = emit::document(root);
    let again = documents(&text, &ReadOptions::strict());
    assert!(again.is_some_and(|again| again.len() == 1 && again[0].root == *root), "{root:?} as {text:?}");
    assert_json(&emit::flow_json(root));
    let _ = emit::helm(root);
}

/// Whether libyaml and go-yaml should agree on a text. They treat tags, anchors, directives, complex keys and several
/// documents differently.
fn is_common(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ' || c == '\n' || c.is_alphabetic();
    text.chars().all(plain)
        && !text.contains(['!', '&', '*', '%', '?', '<', '@', '`'])
        && !["---", "..."].iter().any(|marker| text.contains(marker))
        // An integer that does not fit into 64 bits is an error here; libyaml rounds it.
        && !text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 18)
}

/// Compares with libyaml, through `serde_yaml`: both accept the text, with the same shape, or neither does.
fn compare(text: &str) {
    let reference: Result<Vec<Reference>, _> =
        serde_yaml::Deserializer::from_str(text).map(Reference::deserialize).collect();
    let ours = documents(text, &ReadOptions::strict());
    match (ours, reference) {
        (Some(ours), Ok(reference)) => {
            let root = ours.first().map(|document| &document.root);
            let theirs = reference.first().unwrap_or(&Reference::Null);
            assert!(
                root.map_or(theirs.is_null(), |root| is_same(root, theirs)),
                "{text:?}: {root:?}, libyaml reads {theirs:?}"
            );
        }
        (None, Err(_)) => {}
        // Helm and kubectl accept only scalars as keys.
        (None, Ok(reference)) if reference.iter().any(has_collection_key) => {}
        (ours, theirs) => panic!("{text:?}: {ours:?}, libyaml reads {theirs:?}"),
    }
}

/// Whether two trees have the same lists, maps and texts. What a plain scalar means differs between YAML 1.1 and 1.2.
fn is_same(ours: &Node, theirs: &Reference) -> bool {
    match (&ours.value, theirs) {
        (Value::Seq(items), Reference::Sequence(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| is_same(item, other))
        }
        (Value::Map(map), Reference::Mapping(others)) => {
            map.len() == others.len()
                && map.iter().zip(others).all(|(entry, (_, other))| is_same(&entry.value, other))
        }
        (Value::String(text), Reference::String(other)) => text == other,
        (Value::Seq(_) | Value::Map(_), _) | (_, Reference::Sequence(_) | Reference::Mapping(_)) => false,
        _ => true,
    }
}

fn has_collection_key(value: &Reference) -> bool {
    match value {
        Reference::Sequence(items) => items.iter().any(has_collection_key),
        Reference::Mapping(entries) => entries
            .iter()
            .any(|(key, value)| key.is_sequence() || key.is_mapping() || has_collection_key(value)),
        _ => false,
    }
}
