//! Lists and sets: `lists` of Kubernetes, `ext.Lists` and `ext.Sets` of cel-go.

use super::super::eval::{EvalError, Evaluated, no_overload};
use super::super::value::Value;
use super::int;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    if let (None, [Value::List(a), Value::List(b)]) = (receiver, arguments) {
        let contains = |all: &[Value], some: &[Value]| some.iter().all(|item| all.contains(item));
        return match name {
            "sets.contains" => Some(Ok(Value::Bool(contains(a, b)))),
            "sets.equivalent" => Some(Ok(Value::Bool(contains(a, b) && contains(b, a)))),
            "sets.intersects" => Some(Ok(Value::Bool(a.iter().any(|item| b.contains(item))))),
            _ => None,
        };
    }
    if let ("lists.range", None, [Value::Int(count)]) = (name, receiver, arguments) {
        const LIMIT: i64 = 100_000;
        return Some(if *count > LIMIT {
            Err(EvalError::TooLong)
        } else {
            Ok(Value::list((0..*count).map(Value::Int)))
        });
    }
    let Some(Value::List(items)) = receiver else { return None };
    Some(match (name, arguments) {
        ("isSorted", []) => {
            let orders = items.windows(2).map(|pair| pair[0].order(&pair[1]).ok_or_else(no_overload));
            orders.collect::<Result<Vec<_>, _>>().map(|orders| Value::Bool(orders.iter().all(|o| o.is_le())))
        }
        ("sum", []) => sum(items),
        ("min", []) => extreme(items, "min", Ordering::Less),
        ("max", []) => extreme(items, "max", Ordering::Greater),
        ("indexOf", [value]) => Ok(items.iter().position(|item| item == value).map_or(Value::Int(-1), int)),
        ("lastIndexOf", [value]) => {
            Ok(items.iter().rposition(|item| item == value).map_or(Value::Int(-1), int))
        }
        ("distinct", []) => {
            let mut distinct: Vec<Value> = Vec::new();
            for item in items.iter() {
                if !distinct.contains(item) {
                    distinct.push(item.clone());
                }
            }
            Ok(Value::list(distinct))
        }
        ("flatten", []) => Ok(Value::list(flatten(items, 1))),
        ("flatten", [Value::Int(depth)]) => Ok(Value::list(flatten(items, *depth))),
        ("reverse", []) => Ok(Value::list(items.iter().rev().cloned())),
        ("first", []) => Ok(Value::Optional(items.first().cloned().map(Arc::new))),
        ("last", []) => Ok(Value::Optional(items.last().cloned().map(Arc::new))),
        ("slice", [Value::Int(from), Value::Int(to)]) => {
            let range = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            let part = range.and_then(|(from, to)| items.get(from..to));
            part.map(|part| Value::list(part.iter().cloned())).ok_or_else(|| {
                EvalError::failed(format!("cannot slice({from}, {to}), list is length {}", items.len()))
            })
        }
        ("sort", []) => {
            let mut sorted = items.to_vec();
            let mut is_ordered = true;
            sorted.sort_by(|a, b| {
                a.order(b).unwrap_or_else(|| {
                    is_ordered = false;
                    Ordering::Equal
                })
            });
            if is_ordered { Ok(Value::list(sorted)) } else { Err(no_overload()) }
        }
        _ => return None,
    })
}

fn flatten(items: &[Value], depth: i64) -> Vec<Value> {
    items
        .iter()
        .flat_map(|item| match item {
            Value::List(inner) if depth > 0 => flatten(inner, depth - 1),
            item => vec![item.clone()],
        })
        .collect()
}

fn sum(items: &[Value]) -> Evaluated {
    let Some(first) = items.first() else { return Ok(Value::Int(0)) };
    items[1..].iter().try_fold(first.clone(), |sum, item| match (&sum, item) {
        (Value::Int(a), Value::Int(b)) => {
            a.checked_add(*b).map(Value::Int).ok_or_else(|| EvalError::failed("integer overflow"))
        }
        (Value::Uint(a), Value::Uint(b)) => {
            a.checked_add(*b).map(Value::Uint).ok_or_else(|| EvalError::failed("integer overflow"))
        }
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(Value::Duration(a.saturating_add(*b))),
        _ => Err(no_overload()),
    })
}

/// The least or the greatest of the items, for the function of that name.
pub(super) fn extreme(items: &[Value], name: &str, wanted: Ordering) -> Evaluated {
    let mut items = items.iter();
    let first = items.next().ok_or_else(|| EvalError::failed(format!("{name} called on empty list")))?;
    items
        .try_fold(first, |best, item| {
            Ok(if item.order(best).ok_or_else(no_overload)? == wanted { item } else { best })
        })
        .cloned()
}
