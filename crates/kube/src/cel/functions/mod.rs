//! The functions of expressions: those of the language and its extensions, and those that Kubernetes adds.

mod convert;
mod format;
mod lists;
mod network;
mod numbers;
mod quantity;
mod semver;
mod signatures;
mod strings;
mod time;

pub(super) use network::Url;
pub(super) use semver::Semver;
pub(super) use signatures::{Receiver, Returns, SIGNATURES};
pub(super) use time::{parse_duration, parse_timestamp, timestamp};

use super::ast::{Call, Expr};
use super::eval::{EvalError, Evaluated, no_overload};
use super::value::Value;
use std::sync::Arc;

/// The namespaces of functions.
const NAMESPACES: [&str; 9] =
    ["base64", "cidr", "format", "ip", "jsonpatch", "lists", "math", "optional", "sets"];

/// The whole name of a function that is called through its namespace (`sets.contains`), unless a variable has that name.
pub(super) fn namespaced(call: &Call, is_variable: impl Fn(&str) -> bool) -> Option<String> {
    match &call.target.as_ref()?.expr {
        Expr::Ident(name) if NAMESPACES.contains(&&**name) && !is_variable(name) => {
            Some(format!("{name}.{}", call.function))
        }
        _ => None,
    }
}

/// Calls a function.
pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Evaluated {
    let families = [
        convert::call,
        strings::call,
        lists::call,
        numbers::call,
        network::call,
        quantity::call,
        semver::call,
        format::call,
        time::call,
        optional,
    ];
    if let Some(value) = families.iter().find_map(|family| family(name, receiver, arguments)) {
        return value;
    }
    if SIGNATURES.iter().any(|signature| signature.name == name && signature.is_of_cluster) {
        return Err(EvalError::Unknown(format!("`{name}`")));
    }
    Err(no_overload())
}

/// Values that may be missing.
fn optional(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    let some = |value: &Value| Value::Optional(Some(Arc::new(value.clone())));
    Some(match (name, receiver, arguments) {
        ("optional.none", None, []) => Ok(Value::Optional(None)),
        ("optional.of", None, [value]) => Ok(some(value)),
        ("optional.ofNonZeroValue", None, [value]) => {
            Ok(if is_zero(value) { Value::Optional(None) } else { some(value) })
        }
        ("hasValue", Some(Value::Optional(value)), []) => Ok(Value::Bool(value.is_some())),
        ("value", Some(Value::Optional(value)), []) => value
            .as_ref()
            .map(|value| (**value).clone())
            .ok_or_else(|| EvalError::failed("optional.none() dereference")),
        ("or", Some(own @ Value::Optional(value)), [other]) => {
            Ok(if value.is_some() { own.clone() } else { other.clone() })
        }
        ("orValue", Some(Value::Optional(value)), [other]) => {
            Ok(value.as_ref().map_or_else(|| other.clone(), |value| (**value).clone()))
        }
        _ => return None,
    })
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::Uint(0) | Value::Optional(None) => true,
        Value::Double(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// An integer for a length or an index.
fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
