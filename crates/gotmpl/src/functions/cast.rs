//! Conversions of arguments, as Sprig's functions do them.

use crate::error::Result;
use crate::fmt;
use crate::literal;
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
        Value::Str(text) => literal::float(text).unwrap_or(0.0),
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
    literal::integer(without_zeros(text)).and_then(|number| i64::try_from(number).ok())
}

/// The text before the last point that only zeros follow, and perhaps more points; at least one zero.
fn without_zeros(text: &str) -> &str {
    let end = text.trim_end_matches('.');
    let digits = end.trim_end_matches('0');
    if digits.len() < end.len() { digits.strip_suffix('.').unwrap_or(text) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_integers_as_in_go() {
        for (text, number) in [
            ("5.0", 5),
            ("5.", 0),
            ("5.0.", 5),
            ("5..0", 0),
            ("5.10", 0),
            (".0", 0),
            ("0x1f.0", 31),
            ("1_0", 10),
            ("1__0", 0),
            ("1_", 0),
            ("0_7", 7),
            ("08", 0),
            ("0x+1", 0),
            ("9223372036854775808", 0),
        ] {
            assert_eq!(int(&text.into()), number, "{text}");
        }
    }
}
