//! Reading a values file, the chart's own or the user's: the two must not differ in what they accept.

use crate::diag::{Diagnostic, Report, SourceId, Sources, Span};
use crate::yaml::{self, Document, Entry, Map, Node, ReadOptions, Value};
use std::collections::BTreeMap;

/// Reads a values file. Its documents are merged in order; each must be a map or nothing.
pub(crate) fn read_values(sources: &Sources, source: SourceId, options: &ReadOptions) -> Report<Node> {
    read_changed_values(sources, source, options, |_| Ok(()))
}

/// The same, with a change to the documents before they are merged.
pub(crate) fn read_changed_values(
    sources: &Sources,
    source: SourceId,
    options: &ReadOptions,
    change: impl FnOnce(&mut [Document]) -> Result<(), Box<Diagnostic>>,
) -> Report<Node> {
    let mut sink = Vec::new();
    let Some(mut documents) = yaml::read(sources, source, options).take(&mut sink) else {
        return Report::failed(sink);
    };
    if let Err(error) = change(&mut documents) {
        sink.push(*error);
        return Report::failed(sink);
    }
    let name = sources.get(source).map_or_else(String::new, |source| source.name.clone());
    let mut merged: Option<Node> = None;
    let mut failed = false;
    for document in documents {
        match document.root.value {
            Value::Null => {}
            Value::Map(_) => {
                merged = Some(match merged {
                    None => document.root,
                    Some(base) => overlay(base, document.root),
                });
            }
            _ => {
                failed = true;
                sink.push(
                    Diagnostic::error(format!("the values in `{name}` are not a map"))
                        .at(document.root.span, format!("this is {}", document.root.type_name()))
                        .help("values files contain `key: value` lines at the top level"),
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
pub(crate) fn overlay(base: Node, over: Node) -> Node {
    let span = if base.span.is_none() { over.span } else { base.span };
    match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => {
            let mut over = Pool::new(over);
            let mut merged = Map::new();
            for below in base {
                merged.push(match over.take(&below.key) {
                    None => below,
                    Some(Entry { key, key_span, value }) => {
                        let both =
                            matches!((&below.value.value, &value.value), (Value::Map(_), Value::Map(_)));
                        let value = if both { overlay(below.value, value) } else { value };
                        Entry { key, key_span, value }
                    }
                });
            }
            for rest in over.rest() {
                merged.push(rest);
            }
            Node::new(Value::Map(merged), span)
        }
        (_, value) => Node::new(value, over.span),
    }
}

/// The entries of a map, to be taken out by key in any order: fast for maps of any size, since `Map` finds keys by
/// looking at each.
pub(crate) struct Pool {
    entries: Vec<Option<Entry>>,
    /// Where each key is; only for maps that are not small.
    index: Option<BTreeMap<String, usize>>,
}

impl Pool {
    /// All entries of `map`.
    pub(crate) fn new(map: Map) -> Self {
        let entries: Vec<Option<Entry>> = map.into_iter().map(Some).collect();
        let index = (entries.len() > 32).then(|| {
            let keys = entries.iter().flatten().map(|entry| entry.key.clone());
            keys.zip(0..).collect()
        });
        Self { entries, index }
    }

    /// Takes out the entry of `key`.
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        match &self.index {
            Some(index) => self.entries.get_mut(*index.get(key)?)?.take(),
            None => self
                .entries
                .iter_mut()
                .find(|entry| entry.as_ref().is_some_and(|entry| entry.key == key))?
                .take(),
        }
    }

    /// What has not been taken, in order.
    pub(crate) fn rest(self) -> impl Iterator<Item = Entry> {
        self.entries.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;

    fn read(text: &str) -> Node {
        let sources = Sources::new();
        let source = sources.add("v.yaml", text, SourceKind::File);
        read_values(&sources, source, &ReadOptions::strict()).output.unwrap()
    }

    #[test]
    fn documents_are_merged_in_order() {
        assert_eq!(
            read("a: {b: 1, c: 1}\n---\n# nothing\n---\na: {b: 2}\nd: null\n"),
            read("a: {b: 2, c: 1}\nd: null")
        );
        assert_eq!(read("---\na: 1\n...\nb: 2"), read("a: 1"));
        assert_eq!(read("# nothing\n"), read("{}"));
        assert_eq!(read("null"), read("{}"));
    }

    #[test]
    fn large_maps_are_merged_fast() {
        let many = |from: usize| {
            let lines: Vec<String> = (from..from + 100_000).map(|i| format!("k{i}: {i}")).collect();
            read(&lines.join("\n"))
        };
        let merged = overlay(many(0), many(50_000));
        assert_eq!(merged.as_map().map(Map::len), Some(150_000));
    }
}
