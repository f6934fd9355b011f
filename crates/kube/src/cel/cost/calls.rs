//! The worst cases of functions and operators: `EstimateCallCost` of Kubernetes, and `functionCost` of cel-go.

use super::estimate::Estimator;
use super::range::Range;
use super::{CALL, NEW_LIST, REGEX, TRAVERSAL};
use crate::cel::ast::{Ast, Expr, Operator};
use crate::cel::types::Type;
use crate::cel::value::Value;

/// A cost without that of the operands, and the size of the result if it is known.
type Estimate = (Range, Option<Range>);

const ONE: Range = Range::exact(CALL);

/// The worst case of an operator. Where types are known at run time only, it covers all that the operator can mean.
pub(super) fn operation(estimator: &Estimator<'_, '_>, operator: Operator, operands: &[Ast]) -> Estimate {
    use Operator as Op;
    let [a, b] = operands else { return (ONE, None) };
    let (left, right) = (estimator.type_of(a), estimator.type_of(b));
    let (size_a, size_b) = (estimator.size_or_unknown(a), estimator.size_or_unknown(b));
    let both = |is_one: fn(&Type<'_>) -> bool| {
        let may_be = |ty: &Type<'_>| is_one(ty) || *ty == Type::Dyn;
        may_be(left) && may_be(right)
    };
    let may_be_text = both(|ty| *ty == Type::String) || both(|ty| *ty == Type::Bytes);
    let may_be_list = both(|ty| matches!(ty, Type::List(_)));
    let may_be_other = both(|ty| !matches!(ty, Type::String | Type::Bytes | Type::List(_)));
    let compared = || {
        let max = size_a.max.min(size_b.max);
        Range { min: max.min(1), max }.scaled(TRAVERSAL)
    };
    match operator {
        Op::Equals if left == right && is_opaque(left) => (opaque_comparison(left, estimator.size(b)), None),
        Op::Equals | Op::NotEquals => (compared(), None),
        Op::Less | Op::LessEquals | Op::Greater | Op::GreaterEquals if may_be_text => {
            (if may_be_other { compared().or(ONE) } else { compared() }, None)
        }
        Op::In => match right {
            Type::List(_) => (size_b, None),
            Type::Dyn => (size_b.or(ONE), None),
            _ => (ONE, None),
        },
        Op::Add if may_be_text || may_be_list => {
            let size = size_a.plus(size_b);
            let text = may_be_text.then(|| size.scaled(TRAVERSAL));
            let other = (may_be_list || may_be_other).then_some(ONE);
            let cost = match (text, other) {
                (Some(text), Some(other)) => text.or(other),
                (text, other) => text.or(other).unwrap_or(ONE),
            };
            (cost, Some(size))
        }
        _ => (ONE, None),
    }
}

/// What it costs to compare two values of a type that Kubernetes adds.
fn opaque_comparison(ty: &Type<'_>, size: Option<Range>) -> Range {
    /// `MaxFormatSize`
    const MAX_FORMAT: u64 = 64;
    let longest = match ty {
        Type::Named("url") => size.map_or(1, |size| size.max),
        Type::Named("format") => MAX_FORMAT,
        _ => return ONE,
    };
    Range { min: 1, max: longest }.scaled(TRAVERSAL)
}

/// Whether a type is one that Kubernetes adds.
fn is_opaque(ty: &Type<'_>) -> bool {
    matches!(ty, Type::Named("ip" | "cidr" | "quantity" | "semver" | "url" | "format" | "authorizer"))
}

/// The worst case of a function.
pub(super) fn call(
    estimator: &Estimator<'_, '_>,
    name: &str,
    target: Option<&Ast>,
    args: &[Ast],
) -> Estimate {
    let size = |ast: Option<&Ast>| ast.map_or(Range::exact(0), |ast| estimator.size_or_unknown(ast));
    let (first, second) = (args.first(), args.get(1));
    // What the function goes through: its receiver, or its argument.
    let of = size(target.or(first));
    let parsed = match first.map(|ast| estimator.type_of(ast)) {
        Some(Type::String | Type::Dyn) => size(first).scaled(TRAVERSAL),
        _ => Range::exact(0),
    };
    // An address has 4 or 16 bytes.
    let address = Range { min: 4, max: 16 };
    let matching = || of.plus(Range::exact(1)).scaled(TRAVERSAL).times(size(first).scaled(REGEX));
    match name {
        "check" => (Range::exact(350_000), None),
        "fieldSelector" | "labelSelector" => (selector(size(first)), None),
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
            (target.map_or(ONE, |target| each_item(estimator, target)), None)
        }
        "url" | "jsonpatch.escapeKey" | "lowerAscii" | "upperAscii" | "substring" | "trim" => {
            (of.scaled(TRAVERSAL), Some(of))
        }
        "replace" => (of.scaled(2.0 * TRAVERSAL), Some(replaced(of, size(first), size(second)))),
        "split" => {
            let max = second.and_then(int_literal).unwrap_or(of.max);
            (of.scaled(2.0 * TRAVERSAL), Some(Range { min: 0, max }))
        }
        "join" => {
            let size = joined(estimator, target, of, first.map(|ast| estimator.size_or_unknown(ast)));
            (size.scaled(TRAVERSAL), Some(size))
        }
        "find" | "findAll" => (matching(), Some(Range { min: 0, max: of.max })),
        "matches" if target.is_some() => (matching(), None),
        "contains" => (of.scaled(TRAVERSAL).times(size(first).scaled(TRAVERSAL)), None),
        "startsWith" | "endsWith" => (size(first).scaled(TRAVERSAL), None),
        "ip" if target.is_some() => (ONE, None),
        "ip" | "cidr" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver" => {
            (size(first).scaled(TRAVERSAL), None)
        }
        "format" if target.is_some() => (of.scaled(TRAVERSAL), None),
        "ip.isCanonical" => (of.scaled(2.0 * TRAVERSAL), None),
        "containsIP" => (address.plus(address).scaled(TRAVERSAL).plus(parsed), None),
        "containsCIDR" => {
            let compared = address.plus(address).scaled(TRAVERSAL).plus(address.scaled(TRAVERSAL));
            (compared.plus(ONE).plus(parsed), None)
        }
        "validate" => {
            // `MaxNameFormatRegexSize`
            const LONGEST: f64 = 128.0;
            (size(first).scaled(TRAVERSAL).scaled(LONGEST * REGEX), None)
        }
        "bytes" | "string" => conversion(name, first.map(|ast| estimator.type_of(ast)), of),
        "sets.contains" | "sets.intersects" => (of.times(size(second)).plus(ONE), None),
        "sets.equivalent" => (of.times(size(second)).scaled(2.0).plus(ONE), None),
        _ => list_call(estimator, name, target, args, of).unwrap_or((ONE, None)),
    }
}

fn selector(length: Range) -> Range {
    // Each requirement is two characters or more, and makes a structure and a list.
    const REQUIREMENT: f64 = 50.0;
    Range::exact(NEW_LIST).plus(length.scaled(TRAVERSAL)).plus(length.scaled(0.5).scaled(REQUIREMENT))
}

fn int_literal(ast: &Ast) -> Option<u64> {
    match ast.expr {
        Expr::Literal(Value::Int(number)) => Some(u64::try_from(number).unwrap_or(0)),
        _ => None,
    }
}

/// Going through the items of a list, or through a text.
fn each_item(estimator: &Estimator<'_, '_>, target: &Ast) -> Range {
    let size = estimator.size_or_unknown(target);
    match estimator.type_of(target) {
        Type::List(item) if matches!(**item, Type::String | Type::Bytes) => {
            size.times(ONE.plus(estimator.size_of_items(target).scaled(TRAVERSAL)))
        }
        Type::List(_) => size,
        _ => size.scaled(TRAVERSAL),
    }
}

/// The size of a text in which others are replaced.
fn replaced(size: Range, old: Range, new: Range) -> Range {
    let (most, most_kept) = if old.min == 0 {
        (size.max.saturating_add(1), size.max)
    } else if new.max <= old.min {
        (0, size.max)
    } else {
        (size.max.div_ceil(old.min), 0)
    };
    let (fewest, least_kept) = if old.max == 0 {
        (size.min.saturating_add(1), size.min)
    } else if old.max <= new.min {
        (0, size.min)
    } else {
        (size.min.div_ceil(old.max), 0)
    };
    let (count, kept) = (Range { min: fewest, max: most }, Range { min: least_kept, max: most_kept });
    count.times(new).plus(kept)
}

/// The size of the items of a list joined to one text.
fn joined(
    estimator: &Estimator<'_, '_>,
    target: Option<&Ast>,
    count: Range,
    separator: Option<Range>,
) -> Range {
    let items = target.map_or(Range::UNKNOWN, |target| estimator.size_of_items(target));
    let between = Range { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
    let separators = separator.map_or(Range::exact(0), |separator| separator.times(between));
    count.times(items).plus(separators)
}

/// The longest text of a number.
const LONGEST_NUMBER: u64 = 32;

/// A text from bytes or the other way round; a character is up to four bytes.
fn conversion(name: &str, from: Option<&Type<'_>>, size: Range) -> Estimate {
    let (text, result) = match name {
        "bytes" => (Type::String, Range { min: size.min, max: size.max.saturating_mul(4) }),
        _ => (Type::Bytes, Range { min: size.min / 4, max: size.max }),
    };
    let cost = size.scaled(TRAVERSAL);
    match from {
        Some(ty) if *ty == text => (cost, Some(result)),
        Some(Type::Dyn) => (cost.or(ONE), Some(result)),
        // How long the text of a number is, cel-go does not say. It is taken to be short.
        _ if name == "string" => (ONE, Some(Range { min: 1, max: LONGEST_NUMBER })),
        _ => (ONE, None),
    }
}

/// The functions of lists: `ext.Lists` of cel-go.
fn list_call(
    estimator: &Estimator<'_, '_>,
    name: &str,
    target: Option<&Ast>,
    args: &[Ast],
    size: Range,
) -> Option<Estimate> {
    let made =
        |factor: f64, size: Range| (size.scaled(factor).plus(Range::exact(CALL + NEW_LIST)), Some(size));
    let item = match target.map(|target| estimator.type_of(target)) {
        Some(Type::List(item)) => Some(&**item),
        _ => None,
    };
    let number = |index: usize, default: u64| args.get(index).and_then(int_literal).unwrap_or(default);
    Some(match name {
        "slice" => made(1.0, Range::exact(number(1, size.max).saturating_sub(number(0, 0)))),
        "lists.range" => made(1.0, Range::exact(number(0, u64::MAX))),
        "reverse" if item.is_some() => made(1.0, size),
        "flatten" => {
            #[expect(clippy::cast_precision_loss, reason = "cel-go multiplies so")]
            let depth = if args.is_empty() { 1.0 } else { number(0, u64::MAX) as f64 };
            made(depth, size)
        }
        "distinct" => made(2.0, size.times(size)),
        "sort" => {
            let is_text = matches!(item, Some(Type::String | Type::Bytes));
            made(if is_text { 2.0 + TRAVERSAL } else { 2.0 }, size.times(size))
        }
        _ => return None,
    })
}
