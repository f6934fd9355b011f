//! Reading a values file, the chart's own or the user's: the two must not differ in what they accept.

use crate::diag::{Diagnostic, Report, SourceId, Sources, Span};
use crate::yaml::{self, Map, Node, ReadOptions, Value};

/// Reads a values file. Its documents are merged in order; each must be a map or nothing.
pub(crate) fn read_values(sources: &Sources, source: SourceId, options: &ReadOptions) -> Report<Node> {
    let mut sink = Vec::new();
    let Some(documents) = yaml::read(sources, source, options).take(&mut sink) else {
        return Report::failed(sink);
    };
    let name = sources.get(source).map_or_else(String::new, |source| source.name.clone());
    let mut merged: Option<Node> = None;
    let mut failed = false;
    for document in documents {
        match document.root.value {
            Value::Null => {}
            Value::Map(_) => {
                merged = Some(match merged {
                    None => document.root,
                    Some(base) => overlay(base, &document.root),
                });
            }
            _ => {
                failed = true;
                sink.push(
                    Diagnostic::error(format!("the values in `{name}` are not a map"))
                        .at(document.root.span, format!("this is {}", document.root.type_name()))
                        .help("values files hold `key: value` lines at the top level"),
                );
            }
        }
    }
    if failed || crate::diag::has_errors(&sink) {
        return Report::failed(sink);
    }
    Report::with(merged.unwrap_or_else(|| Node::new(Value::Map(Map::new()), Span::new(source, 0, 0))), sink)
}

/// `over` laid over `base`, as several values files and documents are: maps merge deeply, anything else
/// replaces, and a null is a value like any other.
pub(crate) fn overlay(mut base: Node, over: &Node) -> Node {
    match (&mut base.value, &over.value) {
        (Value::Map(into), Value::Map(from)) => {
            for entry in from {
                let value = match (into.get_mut(&entry.key), &entry.value.value) {
                    (Some(old), Value::Map(_)) if matches!(old.value, Value::Map(_)) => {
                        let old = std::mem::replace(old, Node::bare(false));
                        overlay(old, &entry.value)
                    }
                    _ => entry.value.clone(),
                };
                into.insert(entry.key.clone(), entry.key_span, value);
            }
            base
        }
        _ => over.clone(),
    }
}
