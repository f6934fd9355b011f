//! What plain scalars mean to a YAML 1.1 reader, as helm and kubectl understand it (go-yaml v2's
//! `resolve`): `yes` is true, `010` is 8, `1_000` is 1000, `12:30` and dates are strings.

use super::Value;

/// What a plain (unquoted) scalar means. The number may be infinite or NaN (`.inf`, `.nan`): the
/// reader refuses those, because they have no JSON form.
///
/// ```
/// use plimsoll::yaml::{Value, resolve_plain};
/// assert_eq!(resolve_plain("yes"), Value::Bool(true));
/// assert_eq!(resolve_plain("0777"), Value::Int(511));
/// assert_eq!(resolve_plain("100m"), Value::String("100m".to_owned()));
/// ```
pub fn resolve_plain(text: &str) -> Value {
    resolve_non_string(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// As [`resolve_plain`], but `None` where the scalar is a string, so that no text is copied.
pub(super) fn resolve_non_string(text: &str) -> Option<Value> {
    let Some(first) = text.bytes().next() else { return Some(Value::Null) };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => resolve_word(text),
        b'.' => resolve_special_float(text).or_else(|| resolve_dot_float(text)),
        b'+' | b'-' => resolve_special_float(text).or_else(|| resolve_number(text)),
        b'0'..=b'9' => resolve_number(text),
        _ => None,
    }
}

fn resolve_word(text: &str) -> Option<Value> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        "~" | "null" | "Null" | "NULL" => Some(Value::Null),
        _ => None,
    }
}

fn resolve_special_float(text: &str) -> Option<Value> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Value::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Value::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// A scalar that starts with a dot: a float as Go's `ParseFloat` reads it, where an underscore must
/// stand between digits.
fn resolve_dot_float(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let digit_at = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    let underscores_fit = bytes
        .iter()
        .enumerate()
        .all(|(index, byte)| *byte != b'_' || (index > 0 && digit_at(index - 1) && digit_at(index + 1)));
    if underscores_fit { parse_float(&text.replace('_', "")) } else { None }
}

/// A scalar that starts with a digit or a sign: an integer of any base, or a float. Underscores may
/// stand anywhere but in front.
fn resolve_number(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    // The common case: a short decimal number.
    if bytes[0] != b'0' && bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit) {
        return text.parse().ok().map(Value::Int);
    }
    if !text.contains('_') {
        return parse_number(text);
    }
    parse_number(&text.replace('_', ""))
}

fn parse_number(text: &str) -> Option<Value> {
    parse_int(text).or_else(|| parse_float(text)).or_else(|| parse_odd_binary(text))
}

/// Go's `ParseInt` and `ParseUint` with base 0: `0x`, `0o`, `0b` and a leading zero set the base. An
/// unsigned number takes no sign.
fn parse_int(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // `from_str_radix` takes a sign of its own.
    if !digits.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Value::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Value::Int(number)),
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(Value::Uint(magnitude)),
    }
}

/// go-yaml takes `0b` off by hand where Go would not have it, which lets a sign follow: `0b-1` is -1.
fn parse_odd_binary(text: &str) -> Option<Value> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Value::Int)
}

/// A decimal float: `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`. One that is too large
/// for 64 bits is no number.
fn parse_float(text: &str) -> Option<Value> {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.as_bytes();
    if let [b'-' | b'+', tail @ ..] = rest {
        rest = tail;
    }
    let whole = digits(rest);
    rest = &rest[whole..];
    if let [b'.', tail @ ..] = rest {
        let fraction = digits(tail);
        if whole == 0 && fraction == 0 {
            return None;
        }
        rest = &tail[fraction..];
    } else if whole == 0 {
        return None;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = if let [b'-' | b'+', tail @ ..] = tail { tail } else { tail };
        let exponent = digits(tail);
        if exponent == 0 {
            return None;
        }
        rest = &tail[exponent..];
    }
    if !rest.is_empty() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// How Go prints a float with `strconv.FormatFloat(f, 'g', -1, bits)`, given Rust's shortest
/// scientific form of it (`{:e}` of the `f32` or `f64`): an exponent below -4 or from 6 on is
/// written out, with at least two digits.
fn go_general(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let point = exponent.unsigned_abs() as usize + 1;
    if digits.len() <= point {
        return format!("{sign}{digits}{}", "0".repeat(point - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..point], &digits[point..])
}

/// A float as Go's `strconv.FormatFloat(number, 'g', -1, 64)` prints it: `1e+06`, `0.5`, `1e-07`.
/// go-yaml writes infinities and NaN as `.inf`, `-.inf`, `.nan`.
#[expect(dead_code, reason = "the writer follows")]
pub(super) fn go_float(number: f64) -> String {
    special_float(number).map_or_else(|| go_general(&format!("{number:e}")), str::to_owned)
}

/// A float used as a mapping key, which sigs.k8s.io/yaml prints as 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the model narrows it, too")]
pub(super) fn go_float_key(number: f64) -> String {
    let number = number as f32;
    special_float(f64::from(number)).map_or_else(|| go_general(&format!("{number:e}")), str::to_owned)
}

fn special_float(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        return Some(".nan");
    }
    if number.is_infinite() {
        return Some(if number > 0.0 { ".inf" } else { "-.inf" });
    }
    None
}

/// Whether go-yaml takes the text for a date or a time (`2001-01-01`, `2001-12-14t21:59:43.10-05:00`).
/// It reads them as strings, but quotes them when it writes.
pub(super) fn is_timestamp(text: &str) -> bool {
    timestamp(text.as_bytes()).is_some()
}

/// Go's `time.Parse` with `2006-1-2`, `2006-1-2 15:4:5.999999999` and, with `T` or `t`, a zone.
fn timestamp(text: &[u8]) -> Option<()> {
    let (year, rest) = number(text, 4, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 1, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 1, 2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let (separator, rest) = match rest.split_first() {
        None => return Some(()),
        Some((separator @ (b'T' | b't' | b' '), rest)) => (*separator, rest),
        Some(_) => return None,
    };
    let (hour, rest) = number(rest, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (second, mut rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if let [b'.' | b',', tail @ ..] = rest {
        let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            rest = &tail[digits..];
        }
    }
    match (separator, rest) {
        (b' ', []) | (b'T' | b't', b"Z") => Some(()),
        (b'T' | b't', [b'+' | b'-', zone @ ..]) => {
            let (hours, rest) = number(zone, 2, 2)?;
            let (minutes, rest) = number(rest.strip_prefix(b":")?, 2, 2)?;
            (rest.is_empty() && hours <= 24 && minutes <= 60).then_some(())
        }
        _ => None,
    }
}

/// A decimal number of `least` to `most` digits, and what follows it.
fn number(text: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let digits = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (digits >= least).then(|| (value, &text[digits..]))
}
