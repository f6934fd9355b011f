//! Go's constants: numbers, and the texts between quotes.

use std::fmt;
use std::sync::Arc;

/// A numeric constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// Without a fraction.
    Int(i64),
    /// With a fraction or an exponent.
    Float(f64),
}

/// Why a literal is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidLiteral {
    /// The number does not follow Go's syntax.
    Number,
    /// The number is larger than any integer.
    Overflow,
    /// The text has an escape that Go does not know.
    Escape,
}

impl fmt::Display for InvalidLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "bad number syntax",
            Self::Overflow => "integer overflow",
            Self::Escape => "invalid escape",
        })
    }
}

/// A number as Go reads constants: `0x1F`, `0b1`, `017`, `1_000`, `1e3`, `.5`.
pub(crate) fn number(text: &str) -> Result<Number, InvalidLiteral> {
    if let Some(number) = integer(text) {
        return i64::try_from(number).map(Number::Int).map_err(|_| InvalidLiteral::Overflow);
    }
    let is_float = text.contains(['.', 'e', 'E', 'p', 'P']);
    let number = float(text).filter(|number| is_float && number.is_finite());
    number.map(Number::Float).ok_or(InvalidLiteral::Number)
}

/// Go's `strconv.ParseInt` with base 0, of any size.
pub(crate) fn integer(text: &str) -> Option<i128> {
    if !underscores_separate_digits(text) {
        return None;
    }
    let (is_negative, digits) = sign(text);
    let lower = digits.to_ascii_lowercase().replace('_', "");
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if body.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = i128::from_str_radix(body, radix).ok()?;
    Some(if is_negative { -magnitude } else { magnitude })
}

/// Go's `strconv.ParseFloat`. A number that is too large is infinite.
pub(crate) fn float(text: &str) -> Option<f64> {
    if !underscores_separate_digits(text) {
        return None;
    }
    let text = text.replace('_', "");
    let (is_negative, digits) = sign(&text);
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(body) => {
            hex_float(&body.to_ascii_lowercase()).map(|number| if is_negative { -number } else { number })
        }
        None => text.parse().ok(),
    }
}

/// Whether a number is negative, and what follows its sign.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Whether each underscore is between digits. The prefix of a base counts as one.
fn underscores_separate_digits(text: &str) -> bool {
    let (_, text) = sign(text);
    let has_prefix = matches!(text.as_bytes(), [b'0', b'x' | b'X' | b'o' | b'O' | b'b' | b'B', ..]);
    let is_hex = has_prefix && text[1..].starts_with(['x', 'X']);
    let digits = if has_prefix { &text.as_bytes()[2..] } else { text.as_bytes() };
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (is_hex && byte.is_ascii_hexdigit());
    let is_placed = |index: usize| {
        let before = if index == 0 { has_prefix } else { is_digit(&digits[index - 1]) };
        before && digits.get(index + 1).is_some_and(is_digit)
    };
    digits.iter().enumerate().all(|(index, byte)| *byte != b'_' || is_placed(index))
}

/// `1.8p3`: a hexadecimal fraction times a power of two.
fn hex_float(body: &str) -> Option<f64> {
    let (mantissa, exponent) = body.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value * f64::from(shift).exp2())
}

/// The text between backquotes, in which only carriage returns are dropped.
pub(crate) fn backquoted(literal: &str) -> Arc<str> {
    let inner = &literal[1..literal.len() - 1];
    if inner.contains('\r') { inner.replace('\r', "").into() } else { inner.into() }
}

/// The bytes between quotes, with Go's escapes resolved.
pub(crate) fn unquote(literal: &str) -> Result<Vec<u8>, InvalidLiteral> {
    let delimiter = literal.as_bytes()[0];
    let inner = &literal[1..literal.len() - 1];
    if !inner.contains('\\') {
        return Ok(inner.into());
    }
    let bad = InvalidLiteral::Escape;
    let mut out: Vec<u8> = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let [kind, tail @ ..] = rest else { return Err(bad) };
        rest = tail;
        let mut code = |length: usize, radix: u32| {
            let digits = rest.get(..length).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(bad)?;
            let code = u32::from_str_radix(digits, radix).map_err(|_| bad)?;
            rest = &rest[length..];
            Ok(code)
        };
        match kind {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            _ if *kind == delimiter => out.push(delimiter),
            b'x' => out.push(u8::try_from(code(2, 16)?).map_err(|_| bad)?),
            b'u' | b'U' => {
                let code = code(if *kind == b'u' { 4 } else { 8 }, 16)?;
                let c = char::from_u32(code).ok_or(bad)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            b'0'..=b'7' => {
                let low = code(2, 8)?;
                out.push(u8::try_from(u32::from(kind - b'0') * 64 + low).map_err(|_| bad)?);
            }
            _ => return Err(bad),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        for (text, expected) in [
            ("17", Ok(Number::Int(17))),
            ("-0x1F", Ok(Number::Int(-31))),
            ("0b101", Ok(Number::Int(5))),
            ("017", Ok(Number::Int(15))),
            ("1_000", Ok(Number::Int(1000))),
            ("1e3", Ok(Number::Float(1000.0))),
            ("0x1.8p1", Ok(Number::Float(3.0))),
            ("9223372036854775808", Err(InvalidLiteral::Overflow)),
            ("1x", Err(InvalidLiteral::Number)),
            ("0x_1_f", Ok(Number::Int(31))),
            ("0_1.5", Ok(Number::Float(1.5))),
            ("08.5", Ok(Number::Float(8.5))),
            ("08", Err(InvalidLiteral::Number)),
            ("1__0", Err(InvalidLiteral::Number)),
            ("1_", Err(InvalidLiteral::Number)),
            ("1_.5", Err(InvalidLiteral::Number)),
            ("0x.p1", Err(InvalidLiteral::Number)),
            ("1e400", Err(InvalidLiteral::Number)),
            ("1e-400", Ok(Number::Float(0.0))),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_those_of_go() {
        assert_eq!(unquote(r#""a\tb\x41\u00e9\101""#), Ok("a\tbA\u{e9}A".into()));
        assert_eq!(unquote(r#""\xff""#), Ok(vec![255]));
        assert_eq!(unquote(r#""\q""#), Err(InvalidLiteral::Escape));
        assert_eq!(&*backquoted("`a\\n\r`"), "a\\n");
    }
}
