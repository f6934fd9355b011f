//! Values to JSON text, and to and from YAML trees, as Go's `encoding/json` and Helm's YAML library do it.

use std::fmt::Write as _;
use std::sync::Arc;

use super::error::{Error, Result};
use super::fmt;
use super::walk::MAX_DEPTH;
use crate::origin::Origin;
use crate::text::Text;
use crate::value::{Elem, Entries, List, Traced, Value};
use plimsoll_diag::Span;
use plimsoll_yaml as yaml;
use yaml::emit::{format_json_float, write_json_string};

/// How JSON text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Two spaces per level, one item a line.
    pub(crate) pretty: bool,
    /// `<`, `>` and `&` as escapes.
    pub(crate) html: bool,
}

impl Style {
    /// Starts a line, where there are lines.
    fn line(self, depth: usize, out: &mut String) {
        if self.pretty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    }
}

/// JSON text, the keys of maps sorted.
pub(crate) fn encode(value: &Value, style: Style) -> Result<String> {
    let mut out = String::new();
    write(value, style, 0, &mut out)?;
    Ok(out)
}

fn write(value: &Value, style: Style, depth: usize, out: &mut String) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map contain itself?"));
    }
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
        Value::Str(text) => write_json_string(text, style.html, out),
        Value::Raw(raw) => {
            // Go writes an escape for every byte that is not part of a character.
            let mut escaped = String::new();
            out.push('"');
            for chunk in raw.bytes().utf8_chunks() {
                escaped.clear();
                write_json_string(chunk.valid(), style.html, &mut escaped);
                out.push_str(&escaped[1..escaped.len() - 1]);
                chunk.invalid().iter().for_each(|_| out.push_str("\\ufffd"));
            }
            out.push('"');
        }
        Value::Bytes(bytes) if bytes.is_nil() => out.push_str("null"),
        Value::Bytes(bytes) => {
            use base64::Engine as _;
            out.push('"');
            base64::engine::general_purpose::STANDARD.encode_string(&**bytes, out);
            out.push('"');
        }
        Value::List(list) if list.is_nil() => out.push_str("null"),
        Value::List(list) => {
            out.push('[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                style.line(depth + 1, out);
                write(item, style, depth + 1, out)?;
            }
            if !list.items().is_empty() {
                style.line(depth, out);
            }
            out.push(']');
        }
        Value::Map(map) if map.is_nil() => out.push_str("null"),
        Value::Map(map) => {
            write_map(map.borrow().iter().map(|(key, item)| (&**key, item)), style, depth, out)?;
        }
        Value::Object(object) => match object.fields() {
            Some(fields) => {
                write_map(fields.iter().map(|field| (field.json, &field.value)), style, depth, out)?;
            }
            None => write(&object.serialize(), style, depth, out)?,
        },
    }
    Ok(())
}

fn write_map<'a>(
    entries: impl Iterator<Item = (&'a str, &'a Value)>,
    style: Style,
    depth: usize,
    out: &mut String,
) -> Result<()> {
    out.push('{');
    let empty = out.len();
    for (key, item) in entries {
        if out.len() > empty {
            out.push(',');
        }
        style.line(depth + 1, out);
        write_json_string(key, style.html, out);
        out.push_str(if style.pretty { ": " } else { ":" });
        write(item, style, depth + 1, out)?;
    }
    if out.len() > empty {
        style.line(depth, out);
    }
    out.push('}');
    Ok(())
}

fn unsupported(number: f64) -> Error {
    Error::new(format!("json: unsupported value: {}", fmt::float(number, 'g', None)))
}

/// A float in JSON, unless it has no form there.
fn float(number: f64) -> Result<String> {
    if !number.is_finite() {
        return Err(unsupported(number));
    }
    Ok(format_json_float(number))
}

impl Value {
    /// The value of a YAML tree. `is_integer` says of which nodes integers stay integers (`int64`): in Helm, those of
    /// `--set`. All other numbers are floats, as they came through JSON. What is rendered from the value is traced to
    /// the tree.
    pub fn from_yaml(node: &yaml::Node, mut is_integer: impl FnMut(Span) -> bool) -> Self {
        FromNode { is_integer: &mut is_integer, is_traced: true }.value(node)
    }

    /// The JSON that `toRawJson` writes: on one line, the keys of maps sorted. An error for what JSON cannot express.
    pub fn to_json(&self) -> Result<String> {
        encode(self, Style { pretty: false, html: false })
    }

    /// The YAML that `toYaml` writes, without a newline at the end. An error for what YAML cannot express: a map that
    /// contains itself, an infinity.
    pub fn to_yaml(&self) -> Result<String> {
        to_yaml(self)
    }

    /// The YAML that `toYaml` writes in helm-docs, without a newline at the end. An error for a map that contains itself.
    pub fn to_go_yaml(&self) -> Result<String> {
        to_go_yaml(self)
    }
}

/// A handle with which the emitters of Helm's YAML walk a value.
pub(crate) struct Emitted {
    value: Value,
    /// Whether the value goes through JSON first, as for `toYaml` and not for `toYamlPretty`.
    through_json: bool,
}

/// What `toYaml` prints.
pub(crate) fn to_yaml(value: &Value) -> Result<String> {
    check(value, 0)?;
    Ok(yaml::emit::helm(Emitted { value: value.clone(), through_json: true }))
}

/// What go-yaml v3 prints unless it is told otherwise: the `toYaml` of helm-docs.
pub(crate) fn to_go_yaml(value: &Value) -> Result<String> {
    check_depth(value, 0)?;
    Ok(yaml::emit::go_yaml(Emitted { value: value.clone(), through_json: false }))
}

/// What `toYamlPretty` prints.
pub(crate) fn to_yaml_pretty(value: &Value) -> Result<String> {
    // Infinities have a form in YAML.
    check_depth(value, 0)?;
    Ok(yaml::emit::helm_pretty(Emitted { value: value.clone(), through_json: false }))
}

/// Refuses endless nesting.
fn check_depth(value: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map contain itself?"));
    }
    match value {
        Value::List(list) => list.items().iter().try_for_each(|item| check_depth(item, depth + 1)),
        Value::Map(map) => map.borrow().iter().try_for_each(|(_, item)| check_depth(item, depth + 1)),
        _ => Ok(()),
    }
}

/// Refuses what has no form in JSON: endless nesting, infinities.
fn check(value: &Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("the value nests too deeply: does a map contain itself?"));
    }
    match value {
        Value::List(list) => list.items().iter().try_for_each(|item| check(item, depth + 1)),
        Value::Map(map) => map.borrow().iter().try_for_each(|(_, item)| check(item, depth + 1)),
        Value::Float(number) if !number.is_finite() => Err(unsupported(*number)),
        _ => Ok(()),
    }
}

impl yaml::emit::Tree for Emitted {
    type Text = Arc<str>;

    fn shape(self) -> yaml::emit::Shape<Self> {
        use yaml::emit::Shape;
        let through_json = self.through_json;
        let emitted = |value: Value| Self { value, through_json };
        match self.value {
            Value::Invalid | Value::Nil => Shape::Null,
            Value::Bool(flag) => Shape::Bool(flag),
            Value::Int(number) | Value::Int64(number) => Shape::Int(number),
            Value::Uint(number) => Shape::Uint(number),
            Value::Byte(number) => Shape::Int(i64::from(number)),
            Value::Float(number) => Shape::Float(number),
            Value::Str(text) => Shape::String(text),
            Value::Raw(raw) if through_json => Shape::String(Text::new(raw.bytes()).characters().into()),
            Value::Raw(raw) => Shape::Binary(base64_lines(raw.bytes()).into()),
            Value::Bytes(bytes) if through_json && bytes.is_nil() => Shape::Null,
            Value::Bytes(bytes) if through_json => {
                use base64::Engine as _;
                Shape::String(base64::engine::general_purpose::STANDARD.encode(&*bytes).into())
            }
            Value::Bytes(bytes) => Shape::Seq(bytes.iter().map(|byte| emitted(Value::Byte(*byte))).collect()),
            Value::List(list) if through_json && list.is_nil() => Shape::Null,
            Value::List(list) => Shape::Seq(list.items().iter().cloned().map(emitted).collect()),
            Value::Map(map) if through_json && map.is_nil() => Shape::Null,
            Value::Map(map) => Shape::Map(
                map.borrow().iter().map(|(key, item)| (Arc::clone(key), emitted(item.clone()))).collect(),
            ),
            Value::Object(object) if through_json => emitted(object.serialize()).shape(),
            Value::Object(object) => match object.fields() {
                // The library for YAML knows nothing of tags for JSON, and writes names in small letters.
                Some(fields) => Shape::Struct(
                    fields
                        .into_iter()
                        .map(|field| (field.name.to_lowercase().into(), emitted(field.value)))
                        .collect(),
                ),
                None => match object.serialize() {
                    Value::Str(text) if object.type_name() == "time.Time" => Shape::Plain(text),
                    other => emitted(other).shape(),
                },
            },
        }
    }
}

/// Bytes in base64, in lines of 70 letters if there is more than one.
fn base64_lines(bytes: &[u8]) -> String {
    use base64::Engine as _;
    const LINE: usize = 70;
    let digits = base64::engine::general_purpose::STANDARD.encode(bytes);
    if digits.len() < LINE {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / LINE + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            out.push('\n');
        }
        out.push(digit);
    }
    out.push('\n');
    out
}

impl Entries {
    /// The entries of a YAML mapping; see [`Value::from_yaml`].
    pub fn from_yaml<'n>(
        entries: impl IntoIterator<Item = &'n yaml::Entry>,
        mut is_integer: impl FnMut(Span) -> bool,
    ) -> Self {
        FromNode { is_integer: &mut is_integer, is_traced: true }.entries(entries)
    }
}

/// How a YAML tree becomes a value.
pub(crate) struct FromNode<'a> {
    /// Of which nodes integers stay integers: those of `--set`. All other numbers are floats, as they came through JSON.
    pub(crate) is_integer: &'a mut dyn FnMut(Span) -> bool,
    /// Whether what is rendered from the value is traced to the tree.
    pub(crate) is_traced: bool,
}

impl FromNode<'_> {
    /// The value of a tree.
    pub(crate) fn value(&mut self, node: &yaml::Node) -> Value {
        match &node.value {
            yaml::Value::Null => Value::Nil,
            yaml::Value::Bool(flag) => Value::Bool(*flag),
            yaml::Value::Int(number) if (self.is_integer)(node.span) => Value::Int64(*number),
            #[expect(
                clippy::cast_precision_loss,
                reason = "what reading through JSON does to large integers"
            )]
            yaml::Value::Int(number) => Value::Float(*number as f64),
            #[expect(
                clippy::cast_precision_loss,
                reason = "what reading through JSON does to large integers"
            )]
            yaml::Value::Uint(number) => Value::Float(*number as f64),
            yaml::Value::Float(number) => Value::Float(*number),
            yaml::Value::String(text) => Value::str(text),
            yaml::Value::Seq(items) => {
                let items: Vec<_> = items.iter().map(|item| self.traced(item)).collect();
                Value::List(List::traced(Elem::Any, items))
            }
            yaml::Value::Map(map) => Value::map(self.entries(map)),
        }
    }

    fn entries<'n>(&mut self, entries: impl IntoIterator<Item = &'n yaml::Entry>) -> Entries {
        let entry = |entry: &yaml::Entry| (Arc::from(entry.key.as_str()), self.traced(&entry.value));
        Entries::traced(entries.into_iter().map(entry))
    }

    fn traced(&mut self, node: &yaml::Node) -> Traced {
        let origin = if self.is_traced { Origin::set_at(node.span) } else { Origin::Unknown };
        Traced { value: self.value(node), origin }
    }
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
