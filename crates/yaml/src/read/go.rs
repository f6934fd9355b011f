//! The error messages of go-yaml and sigs.k8s.io/yaml, which Helm's `fromYaml` returns to templates.

use std::fmt::Write as _;

use super::events::{EventKind, Events};
use super::scan::SyntaxError;
use crate::scalar::resolve_non_string;
use crate::{Node, Value};

/// Why a document cannot be read.
#[derive(Clone)]
pub(super) enum Reason {
    /// A syntax error, reported while the text is parsed.
    Parse(String),
    /// A decoding error, reported after the whole document was parsed.
    Decode(String),
}

impl Reason {
    /// A syntax error. Only the scanner's lines are counted from 1.
    pub(super) fn from_syntax_error(error: &SyntaxError) -> Self {
        let line = match error.at.line {
            0 => error.context_mark.line,
            line => line + usize::from(error.in_scanner),
        };
        Self::parse(line, &error.problem)
    }

    /// A syntax error on a line. Line 0 is left out of the message, as go-yaml does for the first line.
    pub(super) fn parse(line: usize, problem: &str) -> Self {
        Self::Parse(match line {
            0 => format!("yaml: {problem}"),
            _ => format!("yaml: line {line}: {problem}"),
        })
    }

    /// A value that cannot be decoded.
    pub(super) fn decode(problem: &str) -> Self {
        Self::Decode(format!("yaml: {problem}"))
    }

    /// Go's message. A syntax error anywhere in the document takes precedence.
    pub(super) fn into_message(self, text: &str) -> String {
        match self {
            Self::Parse(problem) => problem,
            Self::Decode(problem) => {
                match find_syntax_error(text).map(|error| Self::from_syntax_error(&error)) {
                    Some(Self::Parse(first)) => first,
                    _ => problem,
                }
            }
        }
    }
}

/// The first syntax error of the first document of a text.
fn find_syntax_error(text: &str) -> Option<SyntaxError> {
    let mut events = Events::new(text);
    loop {
        match events.next() {
            Ok(event) if matches!(event.kind, EventKind::DocumentEnd { .. } | EventKind::StreamEnd) => {
                return None;
            }
            Ok(_) => {}
            Err(error) => return Some(*error),
        }
    }
}

/// A value that does not match its tag.
pub(super) fn wrong_tag(text: &str, tag: &str) -> Reason {
    let found = match resolve_non_string(text) {
        None | Some(Value::String(_) | Value::Seq(_) | Value::Map(_)) => "str",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "bool",
        Some(Value::Int(_) | Value::Uint(_)) => "int",
        Some(Value::Float(_)) => "float",
    };
    Reason::decode(&format!("cannot decode !!{found} `{text}` as a !!{tag}"))
}

/// A number that JSON does not have.
pub(super) fn infinite(number: f64) -> Reason {
    let text = match number {
        _ if number.is_nan() => "NaN",
        _ if number > 0.0 => "+Inf",
        _ => "-Inf",
    };
    Reason::Decode(format!("json: unsupported value: {text}"))
}

/// A map or list as a key.
pub(super) fn wrong_key(node: &Node) -> Reason {
    let mut text = String::new();
    go_syntax(node, &mut text);
    Reason::decode(&format!("invalid map key: {text}"))
}

/// A key that cannot be converted to a string, with its value; reported during the conversion to JSON.
pub(super) fn wrong_key_of(key: &Node, value: &Node) -> Reason {
    let (kind, key) = match &key.value {
        Value::Uint(number) => ("uint64", format!("{number:#x}")),
        _ => ("%!s(<nil>)", "<nil>".to_owned()),
    };
    let mut text = String::new();
    match &value.value {
        Value::Null => text.push_str("<nil>"),
        _ => go_syntax(value, &mut text),
    }
    Reason::Decode(format!("unsupported map key of type: {kind}, key: {key}, value: {text}"))
}

/// A value as Go's `%#v` prints it.
fn go_syntax(node: &Node, out: &mut String) {
    let _ = match &node.value {
        Value::Null => write!(out, "interface {{}}(nil)"),
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Uint(number) => write!(out, "{number:#x}"),
        Value::Float(number) => write!(out, "{}", super::super::scalar::go_float(*number)),
        Value::String(text) => write!(out, "{text:?}"),
        Value::Seq(items) => {
            out.push_str("[]interface {}{");
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                go_syntax(item, out);
            }
            write!(out, "}}")
        }
        Value::Map(map) => {
            out.push_str("map[interface {}]interface {}{");
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            for (index, entry) in entries.into_iter().enumerate() {
                let _ = write!(out, "{}{:?}:", if index > 0 { ", " } else { "" }, entry.key);
                go_syntax(&entry.value, out);
            }
            write!(out, "}}")
        }
    };
}

/// A character that YAML does not allow.
pub(super) const CONTROL_CHARACTER: &str = "yaml: control characters are not allowed";

/// Bytes that are not UTF-8 from `start` on.
pub(super) fn not_utf8(bytes: &[u8], start: usize) -> String {
    let rest = &bytes[start..];
    let width = match rest.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => return "yaml: invalid leading UTF-8 octet".to_owned(),
    };
    let problem = if rest.len() < width {
        "incomplete UTF-8 octet sequence"
    } else if rest[1..width].iter().any(|byte| byte & 0xc0 != 0x80) {
        "invalid trailing UTF-8 octet"
    } else if matches!(rest, [0xc0 | 0xc1, ..] | [0xe0, 0x80..=0x9f, ..] | [0xf0, 0x80..=0x8f, ..]) {
        "invalid length of a UTF-8 sequence"
    } else {
        "invalid Unicode character"
    };
    format!("yaml: {problem}")
}
