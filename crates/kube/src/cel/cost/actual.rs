//! What an evaluation costs: `interpreter/runtimecost.go` of cel-go, with `CallCost` of Kubernetes.

use super::{CALL, IDENT, NEW_LIST, REGEX, TRAVERSAL, scaled};
use crate::cel::ast::{Ast, Expr, FoldKind, Operator};
use crate::cel::value::Value;

/// Whether cel-go evaluates a part as a path that starts at a variable.
pub(in crate::cel) fn is_path(ast: &Ast) -> bool {
    use Operator as Op;
    match &ast.expr {
        Expr::Ident(_) | Expr::Select(..) => true,
        Expr::Operation(operator, _) => {
            matches!(operator, Op::Index | Op::OptIndex | Op::OptSelect | Op::Conditional)
        }
        _ => false,
    }
}

/// The cost of a step from an operand to a field or an item. What is not a path becomes the start of one first.
pub(in crate::cel) fn step_from(operand: &Ast) -> u64 {
    if is_path(operand) { IDENT } else { 2 * IDENT }
}

/// What each turn of an iteration costs beside its body: whether it goes on, and the result that is combined.
pub(in crate::cel) fn turn(kind: FoldKind) -> u64 {
    match kind {
        FoldKind::All => CALL + 2 * IDENT,
        FoldKind::Exists => 2 * CALL + 2 * IDENT,
        FoldKind::ExistsOne | FoldKind::List | FoldKind::Map | FoldKind::Entries => 0,
    }
}

/// What it costs to take the value of a body over into the result of an iteration.
pub(in crate::cel) fn collect(kind: FoldKind, body: &Ast, value: &Value) -> u64 {
    match (kind, value) {
        // A list of literals is made once.
        (FoldKind::List, _) => {
            IDENT + CALL + if matches!(body.expr, Expr::Literal(_)) { 0 } else { NEW_LIST }
        }
        (FoldKind::Map, _) => 2 * IDENT + CALL,
        (FoldKind::ExistsOne, Value::Bool(true)) | (FoldKind::Entries, _) => IDENT + CALL,
        (FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne, _) => 0,
    }
}

/// What the result of an iteration costs at the end.
pub(in crate::cel) fn finish(kind: FoldKind) -> u64 {
    if kind == FoldKind::ExistsOne { IDENT + CALL } else { IDENT }
}

/// The cost of a binary operator. `is_dynamic` says that the types of the operands are known at run time only: cel-go
/// then counts a call of which nothing is known.
pub(in crate::cel) fn binary(operator: Operator, a: &Value, b: &Ast, right: &Value, is_dynamic: bool) -> u64 {
    use Operator as Op;
    let is_text =
        matches!((a, right), (Value::String(_), Value::String(_)) | (Value::Bytes(_), Value::Bytes(_)));
    match operator {
        Op::Equals if is_opaque(a) => CALL,
        Op::Equals | Op::NotEquals => scaled(a.size().min(right.size()), TRAVERSAL),
        Op::In if matches!(b.expr, Expr::Literal(Value::List(_))) => 0,
        _ if is_dynamic => CALL,
        Op::In if matches!(right, Value::List(_)) => right.size(),
        Op::Less | Op::LessEquals | Op::Greater | Op::GreaterEquals if is_text => {
            scaled(a.size().min(right.size()), TRAVERSAL)
        }
        Op::Add if is_text => scaled(a.size() + right.size(), TRAVERSAL),
        _ => CALL,
    }
}

/// Whether a value is of a type that Kubernetes adds.
fn is_opaque(value: &Value) -> bool {
    matches!(
        value,
        Value::Quantity(_)
            | Value::Semver(_)
            | Value::Ip(_)
            | Value::Cidr(..)
            | Value::Url(_)
            | Value::Format(_)
    )
}

/// The cost of a function that was called.
pub(in crate::cel) fn call(
    name: &str,
    receiver: Option<&Value>,
    arguments: &[Value],
    result: Option<&Value>,
    is_dynamic: bool,
) -> u64 {
    let mut values = receiver.into_iter().chain(arguments);
    let (first, second) = (values.next(), values.next());
    let size = |value: Option<&Value>| value.map_or(1, Value::size);
    let text = |factor| scaled(size(first), factor * TRAVERSAL);
    let pattern = || scaled(size(first) + 1, TRAVERSAL).saturating_mul(scaled(size(second), REGEX));
    // A text has to be read into an address first.
    let parsed = || match second {
        Some(Value::String(_)) if !is_dynamic => scaled(size(second), TRAVERSAL),
        _ => 0,
    };
    let list = |factor: f64, size: u64| CALL + NEW_LIST + scaled(size, factor);
    match (name, first) {
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(value)) => traversal(value),
        (
            "url"
            | "lowerAscii"
            | "upperAscii"
            | "substring"
            | "trim"
            | "jsonpatch.escapeKey"
            | "isIP"
            | "isCIDR"
            | "cidr"
            | "quantity"
            | "isQuantity"
            | "semver"
            | "isSemver"
            | "startsWith"
            | "endsWith"
            | "format",
            _,
        )
        | ("ip", Some(Value::String(_))) => text(1.0),
        ("bytes", Some(Value::String(_))) | ("string", Some(Value::Bytes(_))) if !is_dynamic => text(1.0),
        ("replace" | "split" | "ip.isCanonical", _) => text(2.0),
        ("join", _) => scaled(size(result), 2.0 * TRAVERSAL),
        ("find" | "findAll", _) => pattern(),
        ("matches", _) if receiver.is_some() => pattern(),
        ("validate", _) => {
            // The shortest expression of any format.
            const LENGTH: u64 = 30;
            scaled(size(second) + 1, TRAVERSAL).saturating_mul(scaled(LENGTH, REGEX))
        }
        ("contains", _) => text(1.0).saturating_mul(scaled(size(second), TRAVERSAL)),
        ("containsIP", _) => text(2.0) + parsed(),
        ("containsCIDR", _) => text(2.0) + text(1.0) + 1 + parsed(),
        ("sets.contains" | "sets.intersects", _) => CALL + size(first).saturating_mul(size(second)),
        ("sets.equivalent", _) => CALL + size(first).saturating_mul(size(second)).saturating_mul(2),
        ("slice" | "lists.range", _) | ("reverse", Some(Value::List(_))) => list(1.0, size(result)),
        ("flatten", _) => {
            let depth = match second {
                Some(Value::Int(depth)) => u64::try_from(*depth).unwrap_or(0),
                _ => 1,
            };
            list(1.0, size(first).saturating_mul(depth))
        }
        ("distinct", Some(Value::List(items))) => self_comparison(items),
        ("sort", Some(Value::List(items))) if !is_dynamic => self_comparison(items),
        _ => CALL,
    }
}

/// The cost of comparing all items of a list with each other.
pub(in crate::cel) fn self_comparison(items: &[Value]) -> u64 {
    let has_texts = matches!(items.first(), Some(Value::String(_) | Value::Bytes(_)));
    let factor = if has_texts { 2.0 + TRAVERSAL } else { 2.0 };
    let count = items.len() as u64;
    CALL + NEW_LIST + scaled(count.saturating_mul(count), factor)
}

/// The cost of going through a value to its ends.
fn traversal(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 / 10,
        Value::Bytes(bytes) => bytes.len() as u64 / 10,
        Value::List(items) => items.iter().map(traversal).sum(),
        Value::Map(map) => map.iter().map(|(key, value)| traversal(&key.into()) + traversal(value)).sum(),
        _ => 1,
    }
}
