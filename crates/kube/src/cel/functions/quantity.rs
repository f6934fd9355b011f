//! Quantities: `library/quantity.go`.

use super::super::eval::{EvalError, Evaluated};
use super::super::value::Value;
use crate::quantity::Quantity;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    if receiver.is_none() {
        return Some(match (name, arguments) {
            ("quantity", [Value::String(text)]) => Quantity::parse(text)
                .map(|quantity| Value::Quantity(Arc::new(quantity)))
                .map_err(|error| EvalError::failed(error.to_string())),
            ("isQuantity", [Value::String(text)]) => Ok(Value::Bool(Quantity::parse(text).is_ok())),
            _ => return None,
        });
    }
    let Some(Value::Quantity(own)) = receiver else { return None };
    Some(match (name, arguments) {
        ("isInteger", []) => Ok(Value::Bool(own.is_integer())),
        ("asInteger", []) if own.is_integer() => Ok(Value::Int(own.value())),
        ("asInteger", []) => Err(EvalError::failed("cannot convert value to integer")),
        #[expect(clippy::cast_precision_loss, reason = "the name says so")]
        ("asApproximateFloat", []) => Ok(Value::Double(own.milli_value() as f64 / 1000.0)),
        ("sign", []) => Ok(Value::Int(i64::from(own.is_positive()) - i64::from(own.is_negative()))),
        ("isGreaterThan", [Value::Quantity(other)]) => Ok(Value::Bool(own > other)),
        ("isLessThan", [Value::Quantity(other)]) => Ok(Value::Bool(own < other)),
        ("compareTo", [Value::Quantity(other)]) => {
            Ok(Value::Int(own.partial_cmp(other).unwrap_or(Ordering::Equal) as i64))
        }
        ("add", [other]) => with(other, |other| own.plus(&other)),
        ("sub", [other]) => with(other, |other| own.minus(&other)),
        _ => return None,
    })
}

/// Computes with a quantity or an integer.
fn with(other: &Value, compute: impl Fn(Quantity) -> Quantity) -> Evaluated {
    let other = match other {
        Value::Quantity(other) => **other,
        Value::Int(number) => Quantity::from_int(*number),
        _ => return Err(super::super::eval::no_overload()),
    };
    Ok(Value::Quantity(Arc::new(compute(other))))
}
