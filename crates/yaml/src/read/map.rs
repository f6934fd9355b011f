//! Maps while they are read.

use std::ops::Range;

use super::{Stop, broken, go};
use crate::scalar::go_float_key;
use crate::{Entry, Node, Value};
use plimsoll_diag::{Diagnostic, Span};

/// A map being read: its entries in the order written, duplicates included.
#[derive(Default)]
pub(super) struct OpenMap {
    pub(super) entries: Vec<Entry>,
    /// The key that waits for its value.
    pub(super) key: Option<Key>,
    /// What came in through `<<`, in order.
    pub(super) merged: Vec<Merge>,
    /// Why it is an error, unless another value overrides the map.
    pub(super) refused: Option<Stop>,
}

/// The entries that one `<<` brought in.
pub(super) struct Merge {
    /// The `<<`.
    pub(super) key: Span,
    pub(super) entries: Range<usize>,
}

/// What stands before a colon.
pub(super) enum Key {
    Name(String, Span),
    Merge(Span),
    /// One that no string is made of.
    Refused(Node, Span),
}

impl OpenMap {
    /// Takes in the entries of a merged map. As in go-yaml, what is merged later overrides what stands
    /// before it, and in a list of maps the first one counts most.
    pub(super) fn merge(&mut self, node: Node, key_span: Span) -> Result<(), Stop> {
        let start = self.entries.len();
        match node.value {
            Value::Map(map) => self.entries.extend(map),
            Value::Seq(items) if items.iter().all(|item| item.as_map().is_some()) => {
                for item in items.into_iter().rev() {
                    if let Value::Map(map) = item.value {
                        self.entries.extend(map);
                    }
                }
            }
            _ => return Err(not_mergeable(key_span)),
        }
        self.merged.push(Merge { key: key_span, entries: start..self.entries.len() });
        Ok(())
    }
}

/// The error that something cannot be merged.
pub(super) fn not_mergeable(key_span: Span) -> Stop {
    let diagnostic = Diagnostic::error("`<<` merges a map or a list of maps")
        .at(key_span, "")
        .help("quote it if it is meant as a key: \"<<\"");
    let reason = "map merge requires map or sequence of maps as the value";
    broken(diagnostic, go::Reason::decode(reason))
}

/// A key as JSON has it: always a string. sigs.k8s.io/yaml prints numbers and booleans and refuses
/// everything else.
pub(super) fn key(node: Node, written: Span) -> Result<Key, Stop> {
    let name = match node.value {
        Value::String(text) => text,
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => go_float_key(number),
        Value::Null | Value::Uint(_) => return Ok(Key::Refused(node, written)),
        Value::Seq(_) | Value::Map(_) => {
            return Err(broken(not_a_key(&node, written), go::wrong_key(&node)));
        }
    };
    Ok(Key::Name(name, written))
}

pub(super) fn not_a_key(node: &Node, written: Span) -> Diagnostic {
    Diagnostic::error(format!("{} cannot be a key", node.type_name()))
        .at(written, "")
        .help("quote it if it is meant as text")
}

/// Whether two entries have the same key.
pub(super) fn has_duplicates(entries: &[Entry]) -> bool {
    if entries.len() <= 16 {
        return entries
            .iter()
            .enumerate()
            .any(|(index, entry)| entries[..index].iter().any(|other| other.key == entry.key));
    }
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}
