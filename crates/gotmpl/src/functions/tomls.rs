//! Helm's TOML functions; the layout is that of the library it uses.

use std::fmt::Write as _;
use std::sync::Arc;

use super::dates::Time;
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, fixed};
use crate::text::Buffer;
use crate::value::Value;
use crate::walk::MAX_DEPTH;

pub(crate) const TABLE: &[Function] = &[
    // Helm prints what is wrong instead of failing.
    fixed("toToml", 1, |args| {
        if args.any(0).is_nil() {
            return Err(Error::missing("there is nothing to write: the value is nil"));
        }
        Ok(encode(args.writable(0)?).unwrap_or_else(|error| error.inner().message.as_str().into()))
    }),
    fixed("fromToml", 1, |args| {
        let read = std::str::from_utf8(args.bytes(0)?)
            .map_err(|error| error.to_string())
            .and_then(|text| toml::from_str(text).map_err(|error| error.message().to_owned()));
        Ok(match read {
            Ok(table) => from_toml(toml::Value::Table(table)),
            Err(error) => {
                let error = Value::from(format!("toml: {error}"));
                Value::map([(Arc::from("Error"), error)].into_iter().collect())
            }
        })
    }),
];

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => Value::Int64(number),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Time::from_toml(time).into_value(),
        toml::Value::Array(items) => Value::list(items.into_iter().map(from_toml).collect()),
        toml::Value::Table(table) => {
            Value::map(table.into_iter().map(|(key, value)| (Arc::from(key), from_toml(value))).collect())
        }
    }
}

fn encode(value: &Value) -> Result<Value> {
    let mut out = Buffer::default();
    if !is_table(value) {
        if is_tables(value) {
            return Err(Error::new("toml: top-level values must be Go maps or structs"));
        }
        // The library writes a value without a key as it stands.
        inline(value, 0, &mut out)?;
        return Ok(out.into_value());
    }
    table(value, &mut Vec::new(), &mut out)?;
    Ok(out.into_value())
}

/// Whether a value is left out: a nil of any type.
fn is_nil(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        Value::Bytes(bytes) => bytes.is_nil(),
        _ => value.is_nil(),
    }
}

/// The entries of a table: plain ones first, then tables and lists of tables.
fn table(value: &Value, path: &mut Vec<Arc<str>>, out: &mut Buffer) -> Result<()> {
    if path.len() > MAX_DEPTH {
        return Err(Error::new("toml: the value nests too deeply: does a map contain itself?"));
    }
    let (tables, plain): (Vec<_>, Vec<_>) = entries(value)
        .unwrap_or_default()
        .into_iter()
        .partition(|(_, item)| is_table(item) || is_tables(item));
    for (key, item) in &plain {
        let _ = write!(out, "{}{} = ", "  ".repeat(path.len()), quoted_key(key));
        inline(item, 0, out)?;
        out.push('\n');
    }
    for (key, item) in &tables {
        path.push(Arc::clone(key));
        let name = path.iter().map(|key| quoted_key(key)).collect::<Vec<_>>().join(".");
        let indent = "  ".repeat(path.len() - 1);
        if is_table(item) {
            if path.len() == 1 && !out.is_empty() {
                out.push('\n');
            }
            let _ = writeln!(out, "{indent}[{name}]");
            table(item, path, out)?;
        } else {
            for element in item.as_list().unwrap_or_default().iter() {
                if !out.is_empty() {
                    out.push('\n');
                }
                let _ = writeln!(out, "{indent}[[{name}]]");
                table(element, path, out)?;
            }
        }
        path.pop();
    }
    Ok(())
}

/// What a table has in it: the entries of a map, or the fields of a struct, which keep their order.
fn entries(value: &Value) -> Option<Vec<(Arc<str>, Value)>> {
    let mut entries: Vec<(Arc<str>, Value)> = if let Value::Object(object) = value
        && let Some(fields) = object.fields()
    {
        fields.into_iter().map(|field| (field.name.into(), field.value)).collect()
    } else {
        value.as_map()?.borrow().iter().map(|(key, item)| (Arc::clone(key), item.clone())).collect()
    };
    entries.retain(|(_, item)| !is_nil(item));
    Some(entries)
}

fn is_table(value: &Value) -> bool {
    value.as_map().is_some() || matches!(value, Value::Object(object) if object.fields().is_some())
}

/// Whether it is a list of tables and nothing else.
fn is_tables(value: &Value) -> bool {
    value.as_list().is_some_and(|items| !items.is_empty() && items.iter().all(is_table))
}

fn inline(value: &Value, depth: usize, out: &mut Buffer) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new("toml: the value nests too deeply: does a map contain itself?"));
    }
    match value {
        Value::Invalid | Value::Nil => return Err(Error::new("toml: cannot encode array with nil element")),
        Value::Float(number) if number.is_nan() => out.push_str("nan"),
        Value::Float(number) if number.is_infinite() => {
            out.push_str(if *number > 0.0 { "inf" } else { "-inf" });
        }
        Value::Float(number) => {
            let text = fmt::float(*number, 'g', None);
            out.push_str(&text);
            if !text.contains(['.', 'e']) {
                out.push_str(".0");
            }
        }
        Value::Bool(_) | Value::Int(_) | Value::Int64(_) | Value::Uint(_) | Value::Byte(_) => {
            out.push_bytes(&fmt::print(value));
        }
        _ => {
            if let Value::Object(object) = value
                && let Some(time) = object.as_any().downcast_ref::<Time>()
            {
                out.push_str(&time.to_toml());
            } else if let Some(entries) = entries(value) {
                out.push('{');
                for (index, (key, item)) in entries.iter().enumerate() {
                    let _ = write!(out, "{}{} = ", if index > 0 { ", " } else { "" }, quoted_key(key));
                    inline(item, depth + 1, out)?;
                }
                out.push('}');
            } else if let Some(items) = value.as_list() {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    inline(item, depth + 1, out)?;
                }
                out.push(']');
            } else {
                out.push('"');
                for chunk in fmt::print(value).utf8_chunks() {
                    escape(chunk.valid(), out);
                    out.push_bytes(chunk.invalid());
                }
                out.push('"');
            }
        }
    }
    Ok(())
}

fn quoted_key(key: &str) -> String {
    let bare =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    escape(text, &mut out);
    out.push('"');
    out
}

/// Writes a text as inside of double quotes.
fn escape(text: &str, out: &mut impl std::fmt::Write) {
    for c in text.chars() {
        let _ = match c {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            '\u{8}' => write!(out, "\\b"),
            '\t' => write!(out, "\\t"),
            '\n' => write!(out, "\\n"),
            '\u{c}' => write!(out, "\\f"),
            '\r' => write!(out, "\\r"),
            _ if c < ' ' || c == '\u{7f}' => write!(out, "\\u{:04x}", u32::from(c)),
            _ => write!(out, "{c}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_gos() {
        for (written, shown, json) in [
            ("1979-05-27T07:32:00Z", "1979-05-27 07:32:00 +0000 UTC", "1979-05-27T07:32:00Z"),
            (
                "1979-05-27T00:32:00.5-07:00",
                "1979-05-27 00:32:00.5 -0700 -0700",
                "1979-05-27T00:32:00.5-07:00",
            ),
            ("1979-05-27T07:32:00", "1979-05-27 07:32:00 +0000 datetime-local", "1979-05-27T07:32:00Z"),
            ("1979-05-27", "1979-05-27 00:00:00 +0000 date-local", "1979-05-27T00:00:00Z"),
            ("07:32:00.25", "0000-01-01 07:32:00.25 +0000 time-local", "0000-01-01T07:32:00.25Z"),
        ] {
            let table: toml::Table = toml::from_str(&format!("d = {written}")).unwrap();
            let read = from_toml(table.get("d").unwrap().clone());
            let mut again = Buffer::default();
            inline(&read, 0, &mut again).unwrap();
            assert_eq!(again.as_bytes(), written.as_bytes());
            assert_eq!(read.to_string(), shown);
            assert_eq!(read.to_yaml().unwrap().trim_matches('"'), json);
        }
    }
}
