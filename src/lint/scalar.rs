//! Scalars as they were written.

use crate::diag::{Source, SourceId, SourceKind, Sources, Span};
use crate::yaml::{Node, Value};
use std::sync::Arc;

/// A scalar that is not a string, with its key.
#[derive(Debug)]
pub(super) struct Scalar<'a> {
    pub(super) node: &'a Node,
    /// Its key; that of the list where it is an item.
    pub(super) key: &'a str,
    /// What was written.
    pub(super) text: String,
}

/// The scalars below `roots` whose type may surprise: all that are not strings, except
/// numbers in plain decimal digits, `true` and `false`.
pub(super) fn find_ambiguous<'a>(
    roots: impl Iterator<Item = &'a Node>,
    sources: &Sources,
) -> Vec<Scalar<'a>> {
    let mut texts = Texts { sources, last: None };
    let mut found = Vec::new();
    for root in roots {
        walk(root, "", &mut texts, 0, &mut found);
    }
    found
}

fn walk<'a>(node: &'a Node, key: &'a str, texts: &mut Texts<'_>, depth: usize, found: &mut Vec<Scalar<'a>>) {
    match &node.value {
        Value::Map(map) if depth < 1000 => {
            for entry in map {
                walk(&entry.value, &entry.key, texts, depth + 1, found);
            }
        }
        Value::Seq(items) if depth < 1000 => {
            for item in items {
                walk(item, key, texts, depth + 1, found);
            }
        }
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            let span = node.span;
            let text = texts.get(span).and_then(|text| text.get(span.start as usize..span.end as usize));
            if let Some(text) = text.filter(|text| !is_plain(text)) {
                found.push(Scalar { node, key, text: text.to_owned() });
            }
        }
        _ => {}
    }
}

/// Whether a text that is not a string can be read in one way only.
fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let number = match digits {
        [] => false,
        [first, rest @ ..] => (*first != b'0' || rest.is_empty()) && digits.iter().all(u8::is_ascii_digit),
    };
    number || matches!(text, "true" | "false")
}

/// Looks texts up, remembering the last: neighbours share one.
struct Texts<'a> {
    sources: &'a Sources,
    last: Option<(SourceId, Option<Arc<Source>>)>,
}

impl Texts<'_> {
    fn get(&mut self, span: Span) -> Option<&str> {
        if self.last.as_ref().is_none_or(|(id, _)| *id != span.source) {
            self.last = Some((span.source, self.sources.get(span.source)));
        }
        let source = self.last.as_ref()?.1.as_ref()?;
        // `--set a=on` is a string, and what flags hold is not YAML.
        (source.kind != SourceKind::Flag).then_some(&*source.text)
    }
}
