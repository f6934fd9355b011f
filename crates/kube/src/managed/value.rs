//! Values inside of field paths: the keys of list items, and the members of sets.

use plimsoll_yaml::emit::format_json;
use plimsoll_yaml::{Node, Value};
use std::cmp::Ordering;
use std::fmt::{self, Write as _};

/// A value that names an item of a list. Ordered and compared as structured-merge-diff's `value.Compare` does: numbers by
/// their size, then strings, booleans, lists, maps, null.
#[derive(Debug, Clone)]
pub struct KeyValue(Node);

impl KeyValue {
    /// The value.
    pub fn node(&self) -> &Node {
        &self.0
    }

    /// Reads a JSON value, as it stands in the key of a `fieldsV1` map.
    pub(super) fn from_json(value: &serde_json::Value) -> Self {
        Self(json_node(value))
    }

    /// The value as JSON.
    pub(super) fn to_json(&self) -> String {
        format_json(&self.0)
    }
}

impl From<Node> for KeyValue {
    fn from(node: Node) -> Self {
        Self(node)
    }
}

impl PartialEq for KeyValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for KeyValue {}

impl PartialOrd for KeyValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyValue {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0.value, &other.0.value)
    }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

/// `value.Compare`.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Uint(a), Value::Uint(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Seq(a), Value::Seq(b)) => {
            let items = a.iter().zip(b).map(|(a, b)| compare(&a.value, &b.value));
            items.into_iter().find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
        }
        (Value::Map(a), Value::Map(b)) => {
            let sorted = |map: &plimsoll_yaml::Map| {
                let mut entries: Vec<(String, KeyValue)> =
                    map.iter().map(|entry| (entry.key.clone(), KeyValue(entry.value.clone()))).collect();
                entries.sort();
                entries
            };
            sorted(a).cmp(&sorted(b))
        }
        _ => match (number(left), number(right)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => rank(left).cmp(&rank(right)),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "structured-merge-diff compares mixed numbers as floats")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Seq(_) => 3,
        Value::Map(_) => 4,
        Value::Null => 5,
    }
}

/// `value.ToString`: how a path shows a value.
fn text(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => go_quoted(text),
        Value::Seq(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(",")),
        Value::Map(map) => map
            .iter()
            .map(|entry| format!("{}={}", entry.key, text(&entry.value)))
            .collect::<Vec<_>>()
            .concat(),
    }
}

/// A string as Go's `%q` writes it.
pub(super) fn go_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\u{0}'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(char));
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

fn json_node(value: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    match value {
        Json::Null => Node::bare(Value::Null),
        Json::Bool(flag) => Node::bare(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Node::bare(number),
            (_, Some(number)) => Node::bare(Value::Uint(number)),
            _ => Node::bare(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Node::bare(text.as_str()),
        Json::Array(items) => Node::bare(items.iter().map(json_node).collect::<Vec<_>>()),
        Json::Object(object) => {
            let mut map = plimsoll_yaml::Map::new();
            for (key, value) in object {
                map.insert(key.as_str(), plimsoll_diag::Span::NONE, json_node(value));
            }
            Node::bare(map)
        }
    }
}
