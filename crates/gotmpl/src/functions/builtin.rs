//! The functions of Go's text/template itself. `and` and `or` stop early, so the executor runs them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use super::dicts::lookup_origin;
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, fixed, variadic};
use crate::text::Buffer;
use crate::value::{Args, Bytes, Elem, Value};
use std::fmt::Write as _;

pub(crate) const TABLE: &[Function] = &[
    // The executor evaluates the arguments of these two itself, up to the one that decides.
    Function { stops_at: Some(false), ..variadic("and", 1, |args| Ok(args.any(args.len() - 1).clone())) },
    Function { stops_at: Some(true), ..variadic("or", 1, |args| Ok(args.any(args.len() - 1).clone())) },
    fixed("not", 1, |args| Ok(Value::Bool(!args.any(0).truth()))),
    fixed("len", 1, len),
    variadic("index", 1, index).with_origin(|args| lookup_origin(args, 0, 1..args.len())),
    variadic("call", 1, |args| {
        Err(Error::new(format!("cannot call a value of type {}", args.any(0).type_name())))
    }),
    variadic("print", 0, |args| args.check_size().map(|()| fmt::sprint(args.values).into_value())),
    variadic("println", 0, |args| args.check_size().map(|()| fmt::sprintln(args.values).into_value())),
    variadic("printf", 1, |args| {
        args.check_size()?;
        Ok(fmt::sprintf(&args.text(0)?, args.rest(1)).into_value())
    }),
    variadic("html", 0, |args| Ok(html(&text_of(args)?))),
    variadic("js", 0, |args| Ok(js(&text_of(args)?))),
    variadic("urlquery", 0, |args| Ok(query_escape(&text_of(args)?).into())),
    variadic("eq", 1, |args| equals_any(args).map(Value::Bool)),
    fixed("ne", 2, |args| Ok(Value::Bool(!equals(args.any(0), args.any(1))?))),
    fixed("lt", 2, |args| Ok(Value::Bool(compare(args)? == Some(Ordering::Less)))),
    fixed("le", 2, |args| Ok(Value::Bool(matches!(compare(args)?, Some(Ordering::Less | Ordering::Equal))))),
    fixed("gt", 2, |args| Ok(Value::Bool(!matches!(compare(args)?, Some(Ordering::Less | Ordering::Equal))))),
    fixed("ge", 2, |args| Ok(Value::Bool(compare(args)? != Some(Ordering::Less)))),
];

fn len(args: Args<'_>) -> Result<Value> {
    let value = args.any(0);
    let length = match value {
        Value::Nil => return Err(Error::missing("len of nil pointer")),
        Value::Map(map) => map.len(),
        _ => match (value.as_bytes(), value.as_list(), value.as_map()) {
            (Some(bytes), ..) => bytes.len(),
            (_, Some(items), _) => items.len(),
            (_, _, Some(map)) => map.len(),
            _ => return Err(Error::new(format!("len of type {}", value.type_name()))),
        },
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(args: Args<'_>) -> Result<Value> {
    let mut item = args.any(0).clone();
    if item.is_nil() {
        return Err(Error::missing("index of untyped nil"));
    }
    for key in args.rest(1) {
        item = match &item {
            Value::Nil | Value::Invalid => return Err(Error::missing("index of nil pointer")),
            Value::Str(_) | Value::Raw(_) => {
                let bytes = item.as_bytes().unwrap_or_default();
                Value::Byte(bytes[position(key, bytes.len())?])
            }
            _ => {
                if let Some(map) = item.as_map() {
                    let Some(name) = key.as_string() else {
                        return Err(match key {
                            Value::Nil | Value::Invalid => {
                                Error::missing("value is nil; should be of type string")
                            }
                            _ => Error::new(format!("value has type {}; should be string", key.type_name())),
                        });
                    };
                    let found = std::str::from_utf8(name).ok().and_then(|name| map.get(name));
                    found.unwrap_or_else(|| zero(map.elem()))
                } else if let Some(items) = item.as_list() {
                    items[position(key, items.len())?].clone()
                } else {
                    return Err(Error::new(format!("can't index item of type {}", item.type_name())));
                }
            }
        };
    }
    Ok(item)
}

/// The value for a key that a map does not have.
pub(crate) fn zero(elem: Elem) -> Value {
    match elem {
        Elem::Any => Value::Nil,
        Elem::Str => Value::str(""),
        Elem::Int => Value::Int(0),
        Elem::List => Value::list(Vec::new()),
        Elem::Bytes => Value::Bytes(Bytes::nil()),
    }
}

/// An index into a slice of that length.
fn position(key: &Value, length: usize) -> Result<usize> {
    let Some(number) = key.as_integer() else {
        return Err(match key {
            Value::Nil | Value::Invalid => Error::missing("cannot index slice/array with nil"),
            _ => Error::new(format!("cannot index slice/array with type {}", key.type_name())),
        });
    };
    usize::try_from(number)
        .ok()
        .filter(|index| *index < length)
        .ok_or_else(|| Error::new(format!("index out of range: {number} (the length is {length})")))
}

/// The kinds that comparisons distinguish.
#[derive(PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(&'a [u8]),
    Other,
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(flag) => Basic::Bool(*flag),
        Value::Int(number) | Value::Int64(number) => Basic::Int(*number),
        Value::Uint(number) => Basic::Uint(*number),
        Value::Byte(number) => Basic::Uint(u64::from(*number)),
        Value::Float(number) => Basic::Float(*number),
        Value::Str(_) | Value::Raw(_) => Basic::Str(value.as_bytes().unwrap_or_default()),
        Value::Object(object) if matches!(object.kind(), "int" | "int64") => {
            let number = object.underlying().unwrap_or_else(|| object.serialize());
            number.as_integer().map_or(Basic::Other, Basic::Int)
        }
        _ => Basic::Other,
    }
}

/// `eq` with one or more values to compare to.
fn equals_any(args: Args<'_>) -> Result<bool> {
    if args.len() < 2 {
        return Err(Error::new("missing argument for comparison"));
    }
    for other in args.rest(1) {
        if equals(args.any(0), other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[expect(clippy::float_cmp, reason = "Go compares floats exactly")]
fn equals(a: &Value, b: &Value) -> Result<bool> {
    Ok(match (basic(a), basic(b)) {
        (Basic::Bool(a), Basic::Bool(b)) => a == b,
        (Basic::Int(a), Basic::Int(b)) => a == b,
        (Basic::Uint(a), Basic::Uint(b)) => a == b,
        (Basic::Int(a), Basic::Uint(b)) | (Basic::Uint(b), Basic::Int(a)) => u64::try_from(a) == Ok(b),
        (Basic::Float(a), Basic::Float(b)) => a == b,
        (Basic::Str(a), Basic::Str(b)) => a == b,
        (Basic::Other, Basic::Other) => {
            let can_compare = a.is_nil() || b.is_nil() || a.kind() == b.kind();
            match (a, b) {
                _ if can_compare && (holds_nil(a) || holds_nil(b)) => holds_nil(a) == holds_nil(b),
                // Pointers are equal if they point to the same place.
                (Value::Object(a), Value::Object(b)) if can_compare && a.kind() == "ptr" => Rc::ptr_eq(a, b),
                (Value::Object(a), Value::Object(b))
                    if can_compare && !matches!(a.kind(), "map" | "slice") =>
                {
                    a.equals(&**b)
                }
                _ => {
                    return Err(Error::new(format!(
                        "non-comparable types {} and {}",
                        a.type_name(),
                        b.type_name()
                    ))
                    .help("compare maps and lists with `deepEqual`"));
                }
            }
        }
        _ if a.is_nil() || b.is_nil() => false,
        _ => return Err(incompatible(a, b)),
    })
}

/// Whether it is a nil of any type.
fn holds_nil(value: &Value) -> bool {
    match value {
        Value::Map(map) => map.is_nil(),
        Value::List(list) => list.is_nil(),
        Value::Bytes(bytes) => bytes.is_nil(),
        _ => value.is_nil(),
    }
}

fn compare(args: Args<'_>) -> Result<Option<Ordering>> {
    let (a, b) = (args.any(0), args.any(1));
    Ok(match (basic(a), basic(b)) {
        (Basic::Other | Basic::Bool(_), _) | (_, Basic::Other) => {
            let culprit = if matches!(basic(a), Basic::Other | Basic::Bool(_)) { a } else { b };
            return Err(if culprit.is_nil() {
                Error::missing("invalid type for comparison: a missing value")
            } else {
                Error::new(format!("invalid type for comparison: {}", culprit.type_name()))
            });
        }
        (Basic::Int(a), Basic::Int(b)) => Some(a.cmp(&b)),
        (Basic::Uint(a), Basic::Uint(b)) => Some(a.cmp(&b)),
        (Basic::Int(a), Basic::Uint(b)) => Some(u64::try_from(a).map_or(Ordering::Less, |a| a.cmp(&b))),
        (Basic::Uint(a), Basic::Int(b)) => Some(u64::try_from(b).map_or(Ordering::Greater, |b| a.cmp(&b))),
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(&b),
        (Basic::Str(a), Basic::Str(b)) => Some(a.cmp(b)),
        _ => return Err(incompatible(a, b)),
    })
}

fn incompatible(a: &Value, b: &Value) -> Error {
    let error =
        Error::new(format!("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()));
    match (a, b) {
        (Value::Float(_), Value::Int(_) | Value::Int64(_))
        | (Value::Int(_) | Value::Int64(_), Value::Float(_)) => {
            error.help("numbers from values files are floats: convert with `int` before comparing")
        }
        _ => error,
    }
}

/// The text that the escapers take: one string as it is, anything else as `print` writes it, except for a nil.
fn text_of(args: Args<'_>) -> Result<Cow<'_, [u8]>> {
    args.check_size()?;
    let printable = |value: &Value| if value.is_nil() { Value::str("<no value>") } else { value.clone() };
    Ok(match args.values {
        [value] if let Some(text) = value.as_string() => Cow::Borrowed(text),
        values => {
            Cow::Owned(fmt::sprint_printable(&values.iter().map(printable).collect::<Vec<_>>()).into_bytes())
        }
    })
}

fn html(text: &[u8]) -> Value {
    let mut out = Buffer::with_capacity(text.len());
    for byte in text {
        match byte {
            b'\0' => out.push('\u{fffd}'),
            b'"' => out.push_str("&#34;"),
            b'\'' => out.push_str("&#39;"),
            b'&' => out.push_str("&amp;"),
            b'<' => out.push_str("&lt;"),
            b'>' => out.push_str("&gt;"),
            _ => out.push_bytes(&[*byte]),
        }
    }
    out.into_value()
}

fn js(text: &[u8]) -> Value {
    let mut out = Buffer::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\'' => out.push_str("\\'"),
                '"' => out.push_str("\\\""),
                _ if "<>&=".contains(c) || (c != '\u{7f}' && !fmt::is_print(c)) => {
                    let _ = write!(out, "\\u{:04X}", u32::from(c));
                }
                _ => out.push(c),
            }
        }
        out.push_bytes(chunk.invalid());
    }
    out.into_value()
}

/// `url.QueryEscape`.
pub(crate) fn query_escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(*byte));
            }
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
