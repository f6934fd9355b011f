//! Conversions of arguments, as Sprig's functions do them.

use crate::error::Result;
use crate::fmt;
use crate::literal::hex_float;
use crate::value::Value;
use std::borrow::Cow;

/// `toString`: strings and bytes as they are, everything else as `%v` prints it.
pub(crate) fn text(value: &Value) -> Cow<'_, [u8]> {
    value.as_bytes().map_or_else(|| fmt::print(value), Cow::Borrowed)
}

/// `int64`: anything that is not a number is 0; strings may be written in any base that Go's literals have.
pub(crate) fn int(value: &Value) -> i64 {
    match value {
        Value::Bool(flag) => i64::from(*flag),
        Value::Float(number) => truncate(*number),
        Value::Str(text) => parse_int(text).unwrap_or(0),
        Value::Object(object) if object.kind() == "int64" => object.serialize().as_integer().unwrap_or(0),
        other => other.as_integer().unwrap_or(0),
    }
}

/// Go's conversion of a float; what does not fit becomes the smallest number, as amd64 has it.
#[expect(clippy::cast_possible_truncation, reason = "Go truncates too")]
fn truncate(number: f64) -> i64 {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    if (-TWO_63..TWO_63).contains(&number) { number as i64 } else { i64::MIN }
}

/// `float64`: anything that is not a number is 0.
#[expect(clippy::cast_precision_loss, reason = "Go's conversion")]
pub(crate) fn float(value: &Value) -> f64 {
    match value {
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Float(number) => *number,
        Value::Str(text) => parse_float(text).unwrap_or(0.0),
        Value::Uint(number) => *number as f64,
        other => other.as_integer().unwrap_or(0) as f64,
    }
}

/// The items of a list, or the one value, as strings; nils are left out.
/// The error is for those that are too large together.
pub(crate) fn strings(value: &Value) -> Result<Vec<Cow<'_, [u8]>>> {
    value.check_size()?;
    Ok(match value {
        Value::Invalid | Value::Nil => Vec::new(),
        Value::List(list) => list.items().iter().filter(|item| !item.is_nil()).map(text).collect(),
        other => match other.as_list() {
            Some(items) => items
                .iter()
                .filter(|item| !item.is_nil())
                .map(|item| Cow::Owned(text(item).into_owned()))
                .collect(),
            None => vec![text(other)],
        },
    })
}

/// Go's `strconv.ParseInt` with base 0, after a decimal point with nothing but zeros is dropped.
fn parse_int(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let body: String =
        if radix == 10 && !body.contains('_') { body.to_owned() } else { body.replace('_', "") };
    let magnitude = i128::from_str_radix(&body, radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Go's `strconv.ParseFloat`.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    if text.trim() != text {
        return None;
    }
    // An underscore stands between digits.
    let bytes = text.as_bytes();
    let digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_hexdigit);
    let misplaced = |(index, _)| index == 0 || !digit(index - 1) || !digit(index + 1);
    if text.match_indices('_').any(misplaced) {
        return None;
    }
    let text = text.replace('_', "");
    let (sign, plain) = match text.strip_prefix('-') {
        Some(plain) => (-1.0, plain),
        None => (1.0, text.strip_prefix('+').unwrap_or(&text)),
    };
    match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(body) => hex_float(&body.to_ascii_lowercase()).map(|number| sign * number),
        None => text.parse().ok(),
    }
}
