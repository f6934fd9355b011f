//! Values to and from YAML trees and JSON text, as Go's `encoding/json` and Helm's YAML library do it.

use std::fmt::Write as _;
use std::sync::Arc;

use super::error::{Error, Result};
use super::fmt;
use super::value::{Entries, MAX_DEPTH, Map, Value};
use crate::diag::Span;
use crate::yaml;

/// How JSON text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Two spaces per level, one item a line.
    pub(crate) pretty: bool,
    /// `<`, `>` and `&` as escapes.
    pub(crate) html: bool,
}

/// JSON text, keys sorted.
pub(crate) fn encode(value: &Value, style: Style) -> Result<String> {
    let mut out = String::new();
    write(value, style, 0, &mut out)?;
    Ok(out)
}

fn write(value: &Value, style: Style, depth: usize, out: &mut String) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map hold itself?"));
    }
    let line = |out: &mut String, depth: usize| {
        if style.pretty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    match value {
        Value::Invalid | Value::Nil => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) | Value::Int64(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Uint(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Byte(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&float(*number)?),
        Value::Str(text) => string(text, style.html, out),
        Value::Raw(_) => string(value.as_str().unwrap_or_default(), style.html, out),
        Value::Bytes(bytes) => {
            use base64::Engine as _;
            out.push('"');
            base64::engine::general_purpose::STANDARD.encode_string(bytes, out);
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                write(item, style, depth + 1, out)?;
            }
            if !list.items().is_empty() {
                line(out, depth);
            }
            out.push(']');
        }
        Value::Map(map) => {
            out.push('{');
            let entries = map.borrow();
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(out, depth + 1);
                string(key, style.html, out);
                out.push_str(if style.pretty { ": " } else { ":" });
                write(item, style, depth + 1, out)?;
            }
            if !entries.is_empty() {
                line(out, depth);
            }
            out.push('}');
        }
        Value::Object(object) => write(&object.serialize(), style, depth + 1, out)?,
    }
    Ok(())
}

/// A float in JSON: without an exponent from 1e-6 up to 1e21.
fn float(number: f64) -> Result<String> {
    if !number.is_finite() {
        return Err(Error::new(format!("json: unsupported value: {}", fmt::float(number, 'g', None))));
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        // Go drops the zero of a two-digit negative exponent only.
        return Ok(fmt::float(number, 'e', None).replace("e-0", "e-"));
    }
    Ok(fmt::float(number, 'f', None))
}

fn string(text: &str, html: bool, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (index, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            '<' if html => "\\u003c",
            '>' if html => "\\u003e",
            '&' if html => "\\u0026",
            _ if c < ' ' => "",
            _ => continue,
        };
        out.push_str(&text[plain..index]);
        plain = index + c.len_utf8();
        if escaped.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escaped);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

/// Reads JSON text; every number is a float.
pub(crate) fn decode(text: &str) -> Result<Value, String> {
    let parsed: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(from_json(parsed))
}

fn from_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => text.into(),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(entries) => {
            Value::map(entries.into_iter().map(|(key, item)| (Arc::from(key), from_json(item))).collect())
        }
    }
}

/// What Helm's YAML library would print: the value as it looks after a way through JSON, where whole floats
/// are integers.
pub(crate) fn to_node(value: &Value) -> Result<yaml::Node> {
    node(value, 0)
}

fn node(value: &Value, depth: usize) -> Result<yaml::Node> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map hold itself?"));
    }
    Ok(yaml::Node::bare(match value {
        Value::Invalid | Value::Nil => yaml::Value::Null,
        Value::Bool(flag) => yaml::Value::Bool(*flag),
        Value::Int(number) | Value::Int64(number) => yaml::Value::Int(*number),
        Value::Uint(number) => i64::try_from(*number).map_or(yaml::Value::Uint(*number), yaml::Value::Int),
        Value::Byte(number) => yaml::Value::Int(i64::from(*number)),
        Value::Float(number) => number_node(*number)?,
        Value::Str(text) => yaml::Value::String(text.to_string()),
        Value::Raw(_) => yaml::Value::String(value.as_str().unwrap_or_default().to_owned()),
        Value::Bytes(bytes) => {
            use base64::Engine as _;
            yaml::Value::String(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        Value::List(list) => {
            yaml::Value::Seq(list.items().iter().map(|item| node(item, depth + 1)).collect::<Result<_>>()?)
        }
        Value::Map(map) => {
            let mut entries = yaml::Map::new();
            for (key, item) in map.borrow().iter() {
                entries.push(yaml::Entry {
                    key: key.to_string(),
                    key_span: Span::NONE,
                    value: node(item, depth + 1)?,
                });
            }
            yaml::Value::Map(entries)
        }
        Value::Object(object) => return node(&object.serialize(), depth + 1),
    }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only whole numbers in range get there"
)]
fn number_node(number: f64) -> Result<yaml::Value> {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if !number.is_finite() {
        return Err(Error::new(format!("json: unsupported value: {}", fmt::float(number, 'g', None))));
    }
    Ok(if number.fract() != 0.0 {
        yaml::Value::Float(number)
    } else if (-TWO_63..TWO_63).contains(&number) {
        yaml::Value::Int(number as i64)
    } else if (0.0..2.0 * TWO_63).contains(&number) {
        yaml::Value::Uint(number as u64)
    } else {
        yaml::Value::Float(number)
    })
}

/// A handle with which the emitter of Helm's YAML walks a value.
pub(crate) struct Emitted(Value);

/// What `toYaml` prints.
pub(crate) fn to_yaml(value: &Value) -> Result<String> {
    check(value, 0)?;
    Ok(yaml::emit::helm(Emitted(value.clone())))
}

/// Refuses what has no form in JSON: endless nesting, infinities.
fn check(value: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map hold itself?"));
    }
    match value {
        Value::List(list) => list.items().iter().try_for_each(|item| check(item, depth + 1)),
        Value::Map(map) => map.borrow().iter().try_for_each(|(_, item)| check(item, depth + 1)),
        Value::Float(number) if !number.is_finite() => number_node(*number).map(|_| ()),
        _ => Ok(()),
    }
}

impl yaml::emit::Tree for Emitted {
    type Text = Arc<str>;

    fn shape(self) -> yaml::emit::Shape<Self> {
        use yaml::emit::Shape;
        match self.0 {
            Value::Invalid | Value::Nil => Shape::Null,
            Value::Bool(flag) => Shape::Bool(flag),
            Value::Int(number) | Value::Int64(number) => Shape::Int(number),
            Value::Uint(number) => Shape::Uint(number),
            Value::Byte(number) => Shape::Int(i64::from(number)),
            Value::Float(number) => Shape::Float(number),
            Value::Str(text) => Shape::String(text),
            Value::Raw(_) => Shape::String(self.0.as_str().unwrap_or_default().into()),
            Value::Bytes(bytes) => {
                use base64::Engine as _;
                Shape::String(base64::engine::general_purpose::STANDARD.encode(bytes).into())
            }
            Value::List(list) => Shape::Seq(list.items().iter().cloned().map(Emitted).collect()),
            Value::Map(map) => Shape::Map(
                map.borrow().iter().map(|(key, item)| (Arc::clone(key), Emitted(item.clone()))).collect(),
            ),
            Value::Object(object) => Emitted(object.serialize()).shape(),
        }
    }
}

/// The value of a YAML tree. `integers` says of which nodes integers stay integers: those of `--set`. All
/// other numbers are floats, as they came through JSON.
pub(crate) fn from_node(node: &yaml::Node, integers: &mut dyn FnMut(Span) -> bool) -> Value {
    match &node.value {
        yaml::Value::Null => Value::Nil,
        yaml::Value::Bool(flag) => Value::Bool(*flag),
        yaml::Value::Int(number) if integers(node.span) => Value::Int64(*number),
        #[expect(clippy::cast_precision_loss, reason = "what reading through JSON does to large integers")]
        yaml::Value::Int(number) => Value::Float(*number as f64),
        #[expect(clippy::cast_precision_loss, reason = "what reading through JSON does to large integers")]
        yaml::Value::Uint(number) => Value::Float(*number as f64),
        yaml::Value::Float(number) => Value::Float(*number),
        yaml::Value::String(text) => Value::str(text),
        yaml::Value::Seq(items) => Value::list(items.iter().map(|item| from_node(item, integers)).collect()),
        yaml::Value::Map(map) => Value::Map(map_from_node(map, integers)),
    }
}

/// The same for a mapping.
pub(crate) fn map_from_node(map: &yaml::Map, integers: &mut dyn FnMut(Span) -> bool) -> Map {
    let entries: Entries =
        map.iter().map(|entry| (Arc::from(entry.key.as_str()), from_node(&entry.value, integers))).collect();
    Map::new(super::value::Elem::Any, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_escaped_and_sorted_as_go_does() {
        let entries: Entries =
            [("b".into(), Value::Float(1.0)), ("a".into(), "<x>\u{2028}\u{1}".into())].into_iter().collect();
        let value = Value::list(vec![Value::map(entries), Value::list(vec![]), Value::Nil]);
        let compact = encode(&value, Style { pretty: false, html: true }).unwrap();
        assert_eq!(compact, r#"[{"a":"\u003cx\u003e\u2028\u0001","b":1},[],null]"#);
        let pretty = encode(&value, Style { pretty: true, html: false }).unwrap();
        assert_eq!(pretty, "[\n  {\n    \"a\": \"<x>\\u2028\\u0001\",\n    \"b\": 1\n  },\n  [],\n  null\n]");
    }

    #[test]
    fn floats_lose_their_exponent_in_the_middle_range() {
        for (number, text) in
            [(1e6, "1000000"), (1e21, "1e+21"), (1e-7, "1e-7"), (1.5, "1.5"), (1e-6, "0.000001")]
        {
            assert_eq!(float(number).unwrap(), text);
        }
        assert!(float(f64::NAN).is_err());
    }
}
