//! Conversions, and what every value has.

use super::super::eval::{EvalError, Evaluated, no_overload};
use super::super::value::Value;
use super::int;

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    Some(match (name, receiver, arguments) {
        ("size", Some(value), []) | ("size", None, [value]) => size(value),
        ("dyn", None, [value]) | ("bytes", None, [value @ Value::Bytes(_)]) => Ok(value.clone()),
        ("type", None, [value]) => Ok(Value::Type(value.type_name())),
        ("bool", None, [value]) => to_bool(value),
        ("int", None, [value]) => to_int(value),
        ("uint", None, [value]) => to_uint(value),
        ("double", None, [value]) => to_double(value),
        ("string", None, [value]) => to_string(value),
        ("bytes", None, [Value::String(text)]) => Ok(Value::Bytes(text.as_bytes().into())),
        _ => return None,
    })
}

fn size(value: &Value) -> Evaluated {
    match value {
        Value::String(text) => Ok(int(text.chars().count())),
        Value::Bytes(bytes) => Ok(int(bytes.len())),
        Value::List(items) => Ok(int(items.len())),
        Value::Map(map) => Ok(int(map.len())),
        _ => Err(no_overload()),
    }
}

fn conversion(value: &str, to: &str) -> EvalError {
    EvalError::failed(format!("type conversion error from '{value}' to '{to}'"))
}

fn to_bool(value: &Value) -> Evaluated {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match &**text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
            text => Err(conversion(text, "bool")),
        },
        _ => Err(no_overload()),
    }
}

fn to_int(value: &Value) -> Evaluated {
    let range = || EvalError::failed("range error converting to int");
    match value {
        Value::Int(_) => Ok(value.clone()),
        Value::Uint(number) => i64::try_from(*number).map(Value::Int).map_err(|_| range()),
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        Value::Double(number) if number.is_finite() && number.abs() < 9.2e18 => {
            Ok(Value::Int(*number as i64))
        }
        Value::Double(_) => Err(range()),
        Value::String(text) => text.parse().map(Value::Int).map_err(|_| conversion(text, "int")),
        Value::Timestamp(nanos) => {
            i64::try_from(nanos.div_euclid(1_000_000_000)).map(Value::Int).map_err(|_| range())
        }
        _ => Err(no_overload()),
    }
}

fn to_uint(value: &Value) -> Evaluated {
    let range = || EvalError::failed("range error converting to uint");
    match value {
        Value::Uint(_) => Ok(value.clone()),
        Value::Int(number) => u64::try_from(*number).map(Value::Uint).map_err(|_| range()),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        Value::Double(number) if (0.0..1.8e19).contains(number) => Ok(Value::Uint(*number as u64)),
        Value::Double(_) => Err(range()),
        Value::String(text) => text.parse().map(Value::Uint).map_err(|_| conversion(text, "uint")),
        _ => Err(no_overload()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as cel-go converts")]
fn to_double(value: &Value) -> Evaluated {
    match value {
        Value::Double(_) => Ok(value.clone()),
        Value::Int(number) => Ok(Value::Double(*number as f64)),
        Value::Uint(number) => Ok(Value::Double(*number as f64)),
        Value::String(text) => text.parse().map(Value::Double).map_err(|_| conversion(text, "double")),
        _ => Err(no_overload()),
    }
}

fn to_string(value: &Value) -> Evaluated {
    Ok(Value::string(match value {
        Value::String(_) => return Ok(value.clone()),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bytes(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| EvalError::failed("invalid UTF-8 in bytes"))?.to_owned()
        }
        Value::Ip(address) => address.to_string(),
        Value::Cidr(address, length) => format!("{address}/{length}"),
        Value::Duration(nanos) => super::time::format_duration(*nanos),
        Value::Timestamp(nanos) => super::time::format_timestamp(*nanos),
        _ => return Err(no_overload()),
    }))
}
