//! The error messages of go-yaml and sigs.k8s.io/yaml, which Helm's `fromYaml` returns to templates.

use std::fmt::Write as _;

use libyaml_safer::{Encoding, Error, ErrorKind, EventData, Mark, Parser};

use super::text::Chunks;
use crate::scalar::resolve_non_string;
use crate::{Node, Value};

const UNEXPECTED_END: &str = "found unexpected end of stream";

/// Why a document cannot be read.
pub(super) enum Reason {
    /// A syntax error, reported while the text is parsed.
    Parse(String),
    /// A decoding error, reported after the whole document was parsed.
    Decode(String),
}

impl Reason {
    /// The syntax error of a text.
    pub(super) fn from_syntax_error(error: &Error, text: &str) -> Self {
        // go-yaml adds no line break to a last line without one, but for a scalar that does not end all errors
        // at the end of a text are reported for the line after it.
        let added = usize::from(error.problem() == UNEXPECTED_END && !text.ends_with('\n'));
        let line = |mark: Option<Mark>| mark.and_then(|mark| usize::try_from(mark.line).ok()).unwrap_or(0);
        let line = match (error.kind(), line(error.problem_mark()).saturating_sub(added)) {
            (_, 0) => line(error.context_mark()),
            // Only the scanner's lines are counted from 1.
            (ErrorKind::Scanner, found) => found + 1,
            (_, found) => found,
        };
        Self::parse(line, error.problem())
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
                match find_syntax_error(text).map(|error| Self::from_syntax_error(&error, text)) {
                    Some(Self::Parse(first)) => first,
                    _ => problem,
                }
            }
        }
    }
}

/// The parser's error for the first document of a text.
pub(super) fn find_syntax_error(text: &str) -> Option<Error> {
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(Chunks::new(text));
    loop {
        match parser.parse() {
            Ok(event) if matches!(event.data, EventData::DocumentEnd { .. } | EventData::StreamEnd) => {
                return None;
            }
            Ok(_) => {}
            Err(error) => return Some(error),
        }
    }
}

/// A tag that ends with a comma.
pub(super) fn tag_without_space(line: usize) -> Reason {
    let line = if line == 0 { 0 } else { line + 1 };
    Reason::parse(line, "did not find expected whitespace or line break")
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

/// A key that is not a string, number or boolean.
pub(super) fn wrong_key(node: &Node) -> Reason {
    match &node.value {
        Value::Seq(_) | Value::Map(_) => {
            let mut text = String::new();
            go_syntax(node, &mut text);
            Reason::decode(&format!("invalid map key: {text}"))
        }
        // The message needs the value, too: see `wrong_key_of`.
        _ => Reason::Decode(String::new()),
    }
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

/// An escape that the parser takes and go-yaml does not, in a line counted from 0.
pub(super) fn unknown_escape(line: usize) -> Reason {
    let line = if line == 0 { 0 } else { line + 1 };
    Reason::parse(line, "found unknown escape character")
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
