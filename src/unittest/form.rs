//! Reads the fields of suite files as go-yaml reads them into typed structs: any scalar is accepted as a string, null counts
//! as missing, and unknown fields are errors only under `--strict`.

use crate::diag::{Diagnostic, Sources, Span, nearest};
use crate::yaml::{Map, Node, Value};

/// Collects what is wrong with a suite file.
pub(super) struct Form<'a> {
    pub(super) sources: &'a Sources,
    /// Whether unknown fields are errors.
    pub(super) is_strict: bool,
    pub(super) errors: Vec<Diagnostic>,
}

impl Form<'_> {
    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(Diagnostic::error(message).at(span, ""));
    }

    /// The fields of a map; those of an empty one for null and for anything else, which is an error.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> &'n Map {
        static EMPTY: std::sync::LazyLock<Map> = std::sync::LazyLock::new(Map::new);
        match &node.value {
            Value::Map(map) => {
                if self.is_strict {
                    for entry in map.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
                        let near = nearest(&entry.key, known.iter().copied());
                        let message = format!("`{}` is not a field of {what}", entry.key);
                        let found = Diagnostic::error(message).at(entry.key_span, "");
                        self.errors
                            .push(found.maybe_help(near.map(|near| format!("did you mean `{near}`?"))));
                    }
                }
                map
            }
            Value::Null => &EMPTY,
            _ => {
                self.error(node.span, format!("{what} must be a map, not {}", node.type_name()));
                &EMPTY
            }
        }
    }

    /// The items of a list; none for null and for anything else, which is an error.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Seq(items) => items,
            Value::Null => &[],
            _ => {
                self.error(node.span, format!("{what} must be a list, not {}", node.type_name()));
                &[]
            }
        }
    }

    /// A string, as it is written if it is another scalar; empty for null.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> String {
        match &node.value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
                let source = self.sources.get(node.span.source);
                source.and_then(|source| source.slice(node.span).map(str::to_owned)).unwrap_or_default()
            }
            Value::Seq(_) | Value::Map(_) => {
                self.error(node.span, format!("{what} must be a string, not {}", node.type_name()));
                String::new()
            }
        }
    }

    pub(super) fn texts(&mut self, node: Option<&Node>, what: &str) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        self.list(node, what).iter().map(|item| self.text(item, what)).collect()
    }

    pub(super) fn flag(&mut self, node: Option<&Node>, what: &str) -> bool {
        match node.map(|node| (node.span, &node.value)) {
            None | Some((_, Value::Null)) => false,
            Some((_, Value::Bool(flag))) => *flag,
            Some((span, _)) => {
                self.error(span, format!("{what} must be `true` or `false`"));
                false
            }
        }
    }

    pub(super) fn integer(&mut self, node: Option<&Node>, what: &str) -> Option<i64> {
        match node.map(|node| (node.span, &node.value)) {
            None | Some((_, Value::Null)) => None,
            Some((_, Value::Int(number))) => Some(*number),
            Some((span, _)) => {
                self.error(span, format!("{what} must be an integer"));
                None
            }
        }
    }

    /// The string in the field `key`; empty without one.
    pub(super) fn text_of(&mut self, map: &Map, key: &str) -> String {
        map.get(key).map_or_else(String::new, |node| self.text(node, &format!("`{key}`")))
    }
}
