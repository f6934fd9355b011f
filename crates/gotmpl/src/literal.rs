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
    let bad = InvalidLiteral::Number;
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase().replace('_', "");
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] if lower.bytes().all(|byte| byte.is_ascii_digit()) => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_float = body.contains('.') || body.contains(if radix == 16 { 'p' } else { 'e' });
    if !is_float || (radix != 10 && radix != 16) {
        let magnitude = i128::from_str_radix(body, radix).map_err(|_| bad)?;
        let number = if negative { -magnitude } else { magnitude };
        return i64::try_from(number).map(Number::Int).map_err(|_| InvalidLiteral::Overflow);
    }
    let magnitude = if radix == 16 { hex_float(body).ok_or(bad)? } else { body.parse().map_err(|_| bad)? };
    Ok(Number::Float(if negative { -magnitude } else { magnitude }))
}

/// `1.8p3`: a hexadecimal fraction times a power of two.
pub(crate) fn hex_float(body: &str) -> Option<f64> {
    let (mantissa, exponent) = body.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
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
