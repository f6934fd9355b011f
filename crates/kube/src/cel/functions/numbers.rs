//! Numbers: `ext.Math` of cel-go.

use super::super::eval::{EvalError, Evaluated};
use super::super::value::Value;
use super::lists::extreme;
use std::cmp::Ordering;

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    if receiver.is_some() {
        return None;
    }
    Some(match (name, arguments) {
        ("math.greatest", [Value::List(items)]) => extreme(items, name, Ordering::Greater),
        ("math.least", [Value::List(items)]) => extreme(items, name, Ordering::Less),
        ("math.greatest", items) => extreme(items, name, Ordering::Greater),
        ("math.least", items) => extreme(items, name, Ordering::Less),
        ("math.abs", [Value::Int(number)]) => {
            number.checked_abs().map(Value::Int).ok_or_else(|| EvalError::failed("integer overflow"))
        }
        ("math.abs", [Value::Double(number)]) => Ok(Value::Double(number.abs())),
        ("math.abs", [number @ Value::Uint(_)]) => Ok(number.clone()),
        ("math.ceil", [Value::Double(number)]) => Ok(Value::Double(number.ceil())),
        ("math.floor", [Value::Double(number)]) => Ok(Value::Double(number.floor())),
        _ => return None,
    })
}
