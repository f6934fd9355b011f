//! plimsoll's own way to write YAML: as people write Kubernetes manifests. Lists are indented by two
//! under their key, strings stand plain where every reader gives the same string back, text of many
//! lines is a literal block. Whatever is written reads back as the same tree.

mod go;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scalar::{Context, MAX_SIMPLE_KEY, is_plain_printable, plain_safe};
use super::{Map, Node, Value};

pub use go::{format_json, format_json_float, quote_json, replace_invalid, write_json_string};

pub use super::helm::{Shape, Tree, go_yaml, helm, helm_pretty};

/// Where a value is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// On a line of its own. `indent` is the column it starts at.
    Root,
    /// After `key:`. `indent` is the column of the key.
    MapValue,
    /// After `- `. `indent` is the column of the dash.
    SeqItem,
}

/// Writes a value in place: what comes after the `key:`, the `- ` or the white space at the start of
/// the line that the caller has written.
///
/// As a [`Position::MapValue`] a map or list with entries starts with a line break (see
/// [`starts_on_next_line`]); everything else starts right away, so the caller writes the space after
/// the colon. No line break is written at the end. Nothing that may follow on the next lines changes
/// the value, blank lines included.
pub fn value(node: &Node, indent: usize, position: Position, out: &mut String) {
    let inner = match position {
        Position::Root => indent,
        Position::MapValue | Position::SeqItem => indent + 2,
    };
    match &node.value {
        Value::Map(map) if !map.is_empty() => {
            if position == Position::MapValue {
                new_line(inner, out);
            }
            block_map(map, inner, out);
        }
        Value::Seq(items) if !items.is_empty() => {
            if position == Position::MapValue {
                new_line(inner, out);
            }
            block_seq(items, inner, out);
        }
        Value::Map(_) => out.push_str("{}"),
        Value::Seq(_) => out.push_str("[]"),
        Value::String(text) => block_string(text, indent, position, out),
        other => number_or_word(other, out),
    }
}

/// Whether [`value`] starts with a line break after `key:`.
pub fn starts_on_next_line(node: &Node) -> bool {
    match &node.value {
        Value::Map(map) => !map.is_empty(),
        Value::Seq(items) => !items.is_empty(),
        _ => false,
    }
}

/// Writes a value as lines of their own, each indented by `indent` and ended by a line break.
pub fn block(node: &Node, indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
    value(node, indent, Position::Root, out);
    out.push('\n');
}

/// A document's text, without a `---`.
pub fn document(node: &Node) -> String {
    let mut out = String::new();
    block(node, 0, &mut out);
    out
}

/// A string on one line: plain where that is safe, else in double quotes, or in single quotes where
/// that saves escapes.
pub fn scalar(text: &str, context: Context) -> Cow<'_, str> {
    if plain_safe(text, context) {
        return Cow::Borrowed(text);
    }
    if text.contains(['"', '\\'])
        && let Some(escaped) = escape_single(text)
    {
        return Cow::Owned(format!("'{escaped}'"));
    }
    Cow::Owned(format!("\"{}\"", escape_double(text)))
}

/// A key of a block map with its colon, ready for the value: `name:`. A key too long for that takes
/// the form `? "..."` and a line of its own at column `indent`.
pub fn key(text: &str, indent: usize, out: &mut String) {
    let written = scalar(text, Context::Key);
    if written.len() > MAX_SIMPLE_KEY {
        out.push_str("? ");
        out.push_str(&written);
        new_line(indent, out);
    } else {
        out.push_str(&written);
    }
    out.push(':');
}

/// A value as JSON on one line. An infinite number or NaN is null.
pub fn flow_json(node: &Node) -> String {
    let mut out = String::new();
    put_flow(node, false, &mut out);
    out
}

/// A value for a place inside `[...]` or `{...}`: JSON, except for keys that are too long for YAML to
/// find their colon; those are written `? "..."`.
pub fn flow(node: &Node) -> String {
    let mut out = String::new();
    put_flow(node, true, &mut out);
    out
}

/// The inside of a double-quoted string, in YAML as in JSON.
pub fn escape_double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if is_plain_printable(c) => out.push(c),
            c => {
                // All of them lie below U+10000.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out
}

/// The inside of a single-quoted string; `None` if it holds what such a string cannot: line breaks,
/// control characters.
pub fn escape_single(text: &str) -> Option<String> {
    text.chars().all(|c| c == '\t' || is_plain_printable(c)).then(|| text.replace('\'', "''"))
}

fn block_map(map: &Map, indent: usize, out: &mut String) {
    for (index, entry) in map.iter().enumerate() {
        if index > 0 {
            new_line(indent, out);
        }
        key(&entry.key, indent, out);
        if !starts_on_next_line(&entry.value) {
            out.push(' ');
        }
        value(&entry.value, indent, Position::MapValue, out);
    }
}

fn block_seq(items: &[Node], indent: usize, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            new_line(indent, out);
        }
        out.push_str("- ");
        value(item, indent, Position::SeqItem, out);
    }
}

fn block_string(text: &str, indent: usize, position: Position, out: &mut String) {
    match Literal::from_text(text) {
        // The indicator counts from the parent's column, which is not known here.
        Some(literal) if !(literal.indicator && position == Position::Root) => {
            out.push('|');
            if literal.indicator {
                out.push('2');
            }
            out.push_str(literal.chomping);
            for line in literal.lines.split('\n') {
                if line.is_empty() {
                    out.push('\n');
                } else {
                    new_line(indent + 2, out);
                    out.push_str(line);
                }
            }
        }
        _ => out.push_str(&scalar(text, Context::Block)),
    }
}

/// A string as a literal block.
struct Literal<'a> {
    lines: &'a str,
    /// `-` where no line break ends the text.
    chomping: &'static str,
    /// Whether the header needs an indentation indicator because the text starts with white space.
    indicator: bool,
}

impl<'a> Literal<'a> {
    /// `None` where a block cannot hold the text safely: on one line, with control characters or
    /// other line breaks, with lines of white space only (lost on editors), or with several line
    /// breaks at the end, which blank lines after the block would add to.
    fn from_text(text: &'a str) -> Option<Self> {
        let (lines, chomping) = text.strip_suffix('\n').map_or((text, "-"), |lines| (lines, ""));
        if !text.contains('\n') || lines.is_empty() || lines.ends_with('\n') {
            return None;
        }
        let printable = lines.chars().all(|c| matches!(c, '\n' | '\t') || is_plain_printable(c));
        let blank = |line: &str| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty();
        if !printable || lines.split('\n').any(blank) {
            return None;
        }
        let indicator = lines.trim_start_matches('\n').starts_with([' ', '\t']);
        Some(Self { lines, chomping, indicator })
    }
}

fn put_flow(node: &Node, mark_long_keys: bool, out: &mut String) {
    match &node.value {
        Value::String(text) => write_quoted(text, out),
        Value::Seq(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                put_flow(item, mark_long_keys, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            for (index, entry) in map.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                let start = out.len();
                write_quoted(&entry.key, out);
                if mark_long_keys && out.len() - start > MAX_SIMPLE_KEY {
                    out.insert_str(start, "? ");
                }
                out.push_str(": ");
                put_flow(&entry.value, mark_long_keys, out);
            }
            out.push('}');
        }
        Value::Float(number) if !number.is_finite() => out.push_str("null"),
        other => number_or_word(other, out),
    }
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(&escape_double(text));
    out.push('"');
}

fn number_or_word(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Bool(flag) => write!(out, "{flag}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Uint(number) => write!(out, "{number}"),
        // Rust's shortest form that reads back the same, always with a point or an exponent.
        Value::Float(number) if number.is_finite() => write!(out, "{number:?}"),
        Value::Float(number) if number.is_nan() => write!(out, ".nan"),
        Value::Float(number) => write!(out, "{}.inf", if *number < 0.0 { "-" } else { "" }),
        Value::Null | Value::String(_) | Value::Seq(_) | Value::Map(_) => write!(out, "null"),
    };
}

fn new_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}
