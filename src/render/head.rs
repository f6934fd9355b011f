//! The head of a document: what Helm reads of it before it prints it.

use crate::diag::Diagnostic;
use crate::yaml::{Node, Value};

/// What keeps Helm from reading the head of a document (`releaseutil.SimpleHead`): `apiVersion`, `kind`, `metadata.name`
/// and the annotations are texts. A number or a boolean becomes one, and nothing is none.
pub(super) fn find_wrong_type(root: &Node) -> Option<Diagnostic> {
    let metadata = root.get("metadata").filter(|node| !node.is_null());
    let annotations = metadata.and_then(|node| node.get("annotations")).filter(|node| !node.is_null());
    let names = [
        ("apiVersion", root.get("apiVersion")),
        ("kind", root.get("kind")),
        ("metadata.name", metadata.and_then(|node| node.get("name"))),
    ];
    let maps = [("metadata", metadata), ("metadata.annotations", annotations)];
    let entries = annotations.and_then(Node::as_map).into_iter().flat_map(|map| map.iter());
    let mut texts = names
        .into_iter()
        .filter_map(|(path, node)| Some((path.to_owned(), node?)))
        .chain(entries.map(|entry| (format!("metadata.annotations.{}", entry.key), &entry.value)));
    let no_map = maps.into_iter().find_map(|(path, node)| {
        let node = node.filter(|node| node.as_map().is_none())?;
        Some(wrong_type(path, "a map", node))
    });
    no_map.or_else(|| {
        let (path, node) = texts.find(|(_, node)| matches!(node.value, Value::Map(_) | Value::Seq(_)))?;
        Some(wrong_type(&path, "a string", node))
    })
}

fn wrong_type(path: &str, expected: &str, node: &Node) -> Diagnostic {
    Diagnostic::error(format!("`{path}` must be {expected}"))
        .at(node.span, format!("this is {}", node.type_name()))
        .path(path)
        .help("Helm reads it to find hooks, and refuses the document")
}
