//! Strings: `ext.Strings` of cel-go, and `regex` of Kubernetes.

use super::super::eval::{EvalError, Evaluated, no_overload};
use super::super::value::Value;
use super::int;
use crate::regexes;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use regex::Regex;
use std::rc::Rc;

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    match (name, receiver, arguments) {
        ("join", Some(Value::List(items)), rest) => return Some(join(items, rest)),
        ("base64.encode", None, [Value::Bytes(bytes)]) => {
            return Some(Ok(Value::string(STANDARD.encode(bytes))));
        }
        ("base64.decode", None, [Value::String(text)]) => {
            let decoded = STANDARD.decode(&**text).or_else(|_| STANDARD_NO_PAD.decode(&**text));
            let decoded = decoded.map(|bytes| Value::Bytes(bytes.into()));
            return Some(decoded.map_err(|error| EvalError::failed(error.to_string())));
        }
        ("matches", None, [Value::String(text), Value::String(pattern)]) => {
            return Some(matches(text, pattern));
        }
        _ => {}
    }
    let Some(Value::String(text)) = receiver else { return None };
    Some(match (name, arguments) {
        ("matches", [Value::String(pattern)]) => matches(text, pattern),
        ("contains", [Value::String(part)]) => Ok(Value::Bool(text.contains(&**part))),
        ("startsWith", [Value::String(part)]) => Ok(Value::Bool(text.starts_with(&**part))),
        ("endsWith", [Value::String(part)]) => Ok(Value::Bool(text.ends_with(&**part))),
        ("find", [Value::String(pattern)]) => {
            regex(pattern).map(|regex| Value::string(regex.find(text).map_or("", |found| found.as_str())))
        }
        ("findAll", [Value::String(pattern), rest @ ..]) => find_all(text, pattern, rest),
        ("lowerAscii", []) => Ok(Value::string(text.to_ascii_lowercase())),
        ("upperAscii", []) => Ok(Value::string(text.to_ascii_uppercase())),
        ("trim", []) => Ok(Value::string(text.trim())),
        ("reverse", []) => Ok(Value::string(text.chars().rev().collect::<String>())),
        ("charAt", [Value::Int(at)]) => char_at(text, *at),
        ("substring", [Value::Int(from)]) => substring(text, *from, None),
        ("substring", [Value::Int(from), Value::Int(to)]) => substring(text, *from, Some(*to)),
        ("indexOf", [Value::String(part), rest @ ..]) => index_of(text, part, rest),
        ("lastIndexOf", [Value::String(part), rest @ ..]) => last_index_of(text, part, rest),
        ("replace", [Value::String(old), Value::String(new)]) => Ok(Value::string(text.replace(&**old, new))),
        ("replace", [Value::String(old), Value::String(new), Value::Int(limit)]) => {
            Ok(Value::string(match usize::try_from(*limit) {
                Ok(limit) => text.replacen(&**old, new, limit),
                Err(_) => text.replace(&**old, new),
            }))
        }
        ("split", [Value::String(separator), rest @ ..]) => Ok(split(text, separator, rest)),
        ("format", [Value::List(values)]) => format(text, values),
        _ => return None,
    })
}

/// Go's expressions, most of which Rust reads alike. What it does not read is unknown, not wrong.
fn regex(pattern: &str) -> Result<Rc<Regex>, EvalError> {
    regexes::compile(pattern).ok_or_else(|| EvalError::Unknown(format!("the regular expression `{pattern}`")))
}

fn matches(text: &str, pattern: &str) -> Evaluated {
    regex(pattern).map(|regex| Value::Bool(regex.is_match(text)))
}

fn find_all(text: &str, pattern: &str, rest: &[Value]) -> Evaluated {
    let limit = match rest {
        [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    let regex = regex(pattern)?;
    Ok(Value::list(regex.find_iter(text).take(limit).map(|found| Value::string(found.as_str()))))
}

fn out_of_range(at: i64) -> EvalError {
    EvalError::failed(format!("index out of range: {at}"))
}

fn char_at(text: &str, at: i64) -> Evaluated {
    let count = text.chars().count();
    match usize::try_from(at) {
        Ok(index) if index == count => Ok(Value::string("")),
        Ok(index) => {
            text.chars().nth(index).map(|c| Value::string(c.to_string())).ok_or_else(|| out_of_range(at))
        }
        Err(_) => Err(out_of_range(at)),
    }
}

fn substring(text: &str, from: i64, to: Option<i64>) -> Evaluated {
    let characters: Vec<char> = text.chars().collect();
    let end = to.map_or(Ok(characters.len()), usize::try_from).map_err(|_| out_of_range(to.unwrap_or(0)))?;
    let start = usize::try_from(from).map_err(|_| out_of_range(from))?;
    let part = characters.get(start..end).ok_or_else(|| out_of_range(to.unwrap_or(from)))?;
    Ok(Value::string(part.iter().collect::<String>()))
}

/// Positions are those of characters, not of bytes.
fn position(text: &str, byte: Option<usize>) -> Value {
    byte.map_or(Value::Int(-1), |byte| int(text[..byte].chars().count()))
}

fn index_of(text: &str, part: &str, rest: &[Value]) -> Evaluated {
    let [Value::Int(from)] = rest else { return Ok(position(text, text.find(part))) };
    let start = usize::try_from(*from).map_err(|_| out_of_range(*from))?;
    let Some(byte) = byte_of(text, start) else { return Err(out_of_range(*from)) };
    Ok(position(text, text[byte..].find(part).map(|found| byte + found)))
}

fn last_index_of(text: &str, part: &str, rest: &[Value]) -> Evaluated {
    let [Value::Int(until)] = rest else { return Ok(position(text, text.rfind(part))) };
    let end = usize::try_from(*until).map_err(|_| out_of_range(*until))?;
    let Some(byte) = byte_of(text, end) else { return Err(out_of_range(*until)) };
    let starts = text.match_indices(part).map(|(at, _)| at).filter(|at| *at <= byte);
    Ok(position(text, starts.last()))
}

fn byte_of(text: &str, character: usize) -> Option<usize> {
    let mut bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
    bytes.nth(character)
}

fn split(text: &str, separator: &str, rest: &[Value]) -> Value {
    let limit = match rest {
        [Value::Int(limit)] => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    if limit == 0 {
        return Value::list([]);
    }
    if separator.is_empty() {
        let mut parts: Vec<String> = text.chars().map(String::from).collect();
        if parts.len() > limit {
            let last = parts.split_off(limit - 1).concat();
            parts.push(last);
        }
        return Value::list(parts.into_iter().map(Value::string));
    }
    Value::list(text.splitn(limit, separator).map(Value::string))
}

fn join(items: &[Value], rest: &[Value]) -> Evaluated {
    let separator = match rest {
        [Value::String(separator)] => &**separator,
        [] => "",
        _ => return Err(no_overload()),
    };
    let texts = items.iter().map(|item| match item {
        Value::String(text) => Ok(&**text),
        _ => Err(no_overload()),
    });
    Ok(Value::string(texts.collect::<Result<Vec<_>, _>>()?.join(separator)))
}

/// `%s`, `%d`, `%f`, `%e`, `%x`, `%X`, `%b` and `%o` of cel-go.
fn format(template: &str, values: &[Value]) -> Evaluated {
    let mut out = String::new();
    let mut values = values.iter();
    let mut characters = template.chars().peekable();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut precision = String::new();
        if characters.next_if_eq(&'.').is_some() {
            while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                precision.push(digit);
            }
        }
        let verb = characters.next();
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let value = values.next().ok_or_else(|| EvalError::failed("too few arguments for format"))?;
        out.push_str(&formatted(verb, &precision, value)?);
    }
    Ok(Value::string(out))
}

fn formatted(verb: Option<char>, precision: &str, value: &Value) -> Result<String, EvalError> {
    const MAX_PRECISION: usize = 100;
    let precision = precision.parse().unwrap_or(6).min(MAX_PRECISION);
    Ok(match (verb, value) {
        (Some('s'), value) => display(value),
        (Some('d'), Value::Int(number)) => number.to_string(),
        (Some('d'), Value::Uint(number)) => number.to_string(),
        (Some('f'), Value::Double(number)) => format!("{number:.precision$}"),
        (Some('e'), Value::Double(number)) => format!("{number:.precision$e}"),
        (Some('x'), Value::Int(number)) => format!("{number:x}"),
        (Some('X'), Value::Int(number)) => format!("{number:X}"),
        (Some('b'), Value::Int(number)) => format!("{number:b}"),
        (Some('b'), Value::Bool(flag)) => u8::from(*flag).to_string(),
        (Some('o'), Value::Int(number)) => format!("{number:o}"),
        (Some('x'), Value::String(text)) => {
            let bytes: Vec<_> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            bytes.concat()
        }
        _ => return Err(EvalError::failed("could not parse formatting clause")),
    })
}

/// A value as `%s` shows it.
fn display(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => text.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(display).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{}: {}", display(&key.into()), display(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Type(name) => (*name).to_owned(),
        value => match super::convert::call("string", None, std::slice::from_ref(value)) {
            Some(Ok(Value::String(text))) => text.to_string(),
            _ => value.type_name().to_owned(),
        },
    }
}
