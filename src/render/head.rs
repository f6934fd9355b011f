//! The part of each document that Helm reads itself: `SimpleHead` in `pkg/release/v1/util` of Helm 4.1.

use crate::diag::Diagnostic;
use crate::k8s::merge::scalar_text;
use crate::yaml::Node;
use std::borrow::Cow;

/// A value that Helm cannot read, for which it refuses the whole chart. It finds keys in any case, and turns numbers and
/// booleans into strings.
pub(super) fn unreadable(root: &Node) -> Option<Diagnostic> {
    let metadata = || fields(root, "metadata").find_map(unreadable_metadata);
    not_text(root, "apiVersion", "").or_else(|| not_text(root, "kind", "")).or_else(metadata)
}

fn unreadable_metadata(metadata: &Node) -> Option<Diagnostic> {
    let annotations = || fields(metadata, "annotations").find_map(unreadable_annotations);
    not_map(metadata, "metadata").or_else(|| not_text(metadata, "name", "metadata.")).or_else(annotations)
}

fn unreadable_annotations(annotations: &Node) -> Option<Diagnostic> {
    let each = || {
        let mut entries = annotations.as_map()?.iter();
        let found = entries.find(|entry| entry.value.is_collection())?;
        Some(refused_text(&found.value, &format!("metadata.annotations.{}", found.key)))
    };
    not_map(annotations, "metadata.annotations").or_else(each)
}

/// The `kind` of a document as Helm reads it.
pub(super) fn kind(root: &Node) -> String {
    fields(root, "kind").filter_map(scalar_text).last().unwrap_or_default().into_owned()
}

/// The annotation `name` of a document as Helm reads it: a null is an empty string.
pub(super) fn annotation<'a>(root: &'a Node, name: &str) -> Option<Cow<'a, str>> {
    let annotations = fields(root, "metadata").flat_map(|metadata| fields(metadata, "annotations"));
    let value = annotations.filter_map(|annotations| annotations.get(name)).last()?;
    Some(scalar_text(value).unwrap_or_default())
}

/// The values of all keys that Go's decoder takes for `key`.
fn fields<'a>(node: &'a Node, key: &'a str) -> impl Iterator<Item = &'a Node> {
    let entries = node.as_map().into_iter().flat_map(|map| map.iter());
    entries.filter(move |entry| entry.key.eq_ignore_ascii_case(key)).map(|entry| &entry.value)
}

fn not_map(node: &Node, path: &str) -> Option<Diagnostic> {
    let is_readable = node.is_null() || node.as_map().is_some();
    (!is_readable).then(|| refused(node, path, "a map", "write keys and values below it, or remove it"))
}

/// The first value of `key` that is no text; `parent` is the path of the map, with a point.
fn not_text(map: &Node, key: &str, parent: &str) -> Option<Diagnostic> {
    let node = fields(map, key).find(|node| node.is_collection())?;
    Some(refused_text(node, &format!("{parent}{key}")))
}

fn refused_text(node: &Node, path: &str) -> Diagnostic {
    refused(node, path, "a string", "set it to a single value")
}

fn refused(node: &Node, path: &str, wanted: &str, help: &str) -> Diagnostic {
    Diagnostic::error(format!("`{path}` must be {wanted}"))
        .at(node.span, format!("this is {}, which Helm cannot read", node.type_name()))
        .path(path)
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, SourceMap, Sources};
    use crate::yaml::{self, ReadOptions};

    fn found(text: &str) -> Option<String> {
        let sources = Sources::new();
        let source = sources.add("a.yaml", text, SourceKind::Rendered(SourceMap::default()));
        let documents = yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap();
        unreadable(&documents[0].root).and_then(|found| found.path)
    }

    #[test]
    fn helm_reads_the_head_of_a_document() {
        for (text, path) in [
            ("apiVersion: [v1]", "apiVersion"),
            ("KIND: {a: b}", "kind"),
            ("metadata: x", "metadata"),
            ("metadata: ''", "metadata"),
            ("metadata: {NAME: [a], name: a}", "metadata.name"),
            ("metadata: {annotations: []}", "metadata.annotations"),
            ("metadata: {annotations: {a: x, b: [1]}}", "metadata.annotations.b"),
        ] {
            assert_eq!(found(text).as_deref(), Some(path), "{text}");
        }
        for text in [
            "apiVersion: 1\nkind: true\nmetadata: {name: 5, labels: 1}",
            "metadata: {name: ~, annotations: {a: 1, b: true, c: ~, d: 1.5}}",
            "metadata: ~",
            "metadata: {annotations: ~, namespace: [a]}",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_are_found_in_any_case() {
        let kind = |text: &str| {
            let sources = Sources::new();
            let source = sources.add("a.yaml", text, SourceKind::Rendered(SourceMap::default()));
            kind(&yaml::read(&sources, source, &ReadOptions::lenient()).output.unwrap()[0].root)
        };
        assert_eq!(["KIND: Pod", "kind: 5", "a: b"].map(kind), ["Pod", "5", ""]);
    }
}
