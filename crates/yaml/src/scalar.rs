//! What plain scalars mean to a YAML 1.1 reader, as helm and kubectl understand it (go-yaml v2's
//! `resolve`): `yes` is true, `010` is 8, `1_000` is 1000, `12:30` and dates are strings.

use super::{Value, Words};

/// Where a plain scalar would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// A value of a block map or list, or a whole document.
    Block,
    /// A key of a block map.
    Key,
    /// Inside `[...]` or `{...}`.
    Flow,
}

/// What a plain (unquoted) scalar means. The number may be infinite or NaN (`.inf`, `.nan`): the
/// reader refuses those, because they have no JSON form.
///
/// ```
/// use plimsoll_yaml::{Value, resolve_plain};
/// assert_eq!(resolve_plain("yes"), Value::Bool(true));
/// assert_eq!(resolve_plain("0777"), Value::Int(511));
/// assert_eq!(resolve_plain("100m"), Value::String("100m".to_owned()));
/// ```
pub fn resolve_plain(text: &str) -> Value {
    resolve_non_string(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Whether every reader gives exactly this string back when it is written without quotes. That is
/// stricter than [`resolve_plain`]: what any YAML 1.1 or 1.2 reader may take for a number, a date or a
/// sexagesimal (`12:30:45`) is not safe, nor is text that would be split as a document separator.
pub fn plain_safe(text: &str, context: Context) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let leads = match first {
        b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%'
        | b'@' | b'`' | b'?' | b':' | b' ' | b'=' => false,
        b'-' => bytes.get(1).is_some_and(|next| *next != b' ') && context != Context::Flow,
        _ => true,
    };
    if !leads || matches!(last, b' ' | b':') || text.starts_with("---") || text.starts_with("...") {
        return false;
    }
    if text == "<<" || (context == Context::Key && bytes.len() > MAX_SIMPLE_KEY) {
        return false;
    }
    let mut ascii = true;
    let mut previous = b'a';
    for byte in bytes {
        match byte {
            b' ' if previous == b':' => return false,
            b'#' if previous == b' ' => return false,
            b',' | b'?' | b':' | b'[' | b']' | b'{' | b'}' if context == Context::Flow => return false,
            b' '..=b'~' => {}
            0x80.. => ascii = false,
            _ => return false,
        }
        previous = *byte;
    }
    (ascii || text.chars().all(is_plain_printable)) && !looks_typed(text)
}

/// Bytes of a key, quotes included, up to which all readers find its colon: 1024 for libyaml.
pub(super) const MAX_SIMPLE_KEY: usize = 1000;

/// Characters that need no escape and break no line.
pub(super) fn is_plain_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Whether some reader may take the text for anything but a string.
pub(super) fn looks_typed(text: &str) -> bool {
    if resolve_non_string(text).is_some() {
        return true;
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '_'));
    numeric && (is_base60(text) || is_timestamp(text) || is_float(&text.replace('_', "")))
}

/// Whether old readers take the text for a number of base 60: `^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`.
pub(super) fn is_base60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(whole, fraction)| (whole, fraction));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let mut count = 0;
    let rest = parts.all(|part| {
        count += 1;
        matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    rest && count > 0 && first.starts_with(|c: char| c.is_ascii_digit()) && digits(first) && digits(fraction)
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

/// Whether a plain scalar means `value`, as YAML 1.1 takes it, to a reader of these words too.
pub(super) fn means_so(text: &str, value: &Value, words: Words) -> bool {
    words == Words::Yaml11
        || !matches!(value, Value::Bool(_))
        || matches!(text.as_bytes()[0], b't' | b'T' | b'f' | b'F')
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

/// A float that fits 64 bits; a larger one is not a number.
fn parse_float(text: &str) -> Option<Value> {
    if !is_float(text) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
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
            return false;
        }
        rest = &tail[fraction..];
    } else if whole == 0 {
        return false;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = if let [b'-' | b'+', tail @ ..] = tail { tail } else { tail };
        let exponent = digits(tail);
        if exponent == 0 {
            return false;
        }
        rest = &tail[exponent..];
    }
    rest.is_empty()
}

/// How Go prints a float with as many digits as it needs, given Rust's shortest scientific form of it
/// (`{:e}` of the `f32` or `f64`): an exponent below -4 or from `threshold` on is written out, with at
/// least two digits.
fn go_general(scientific: &str, threshold: i32) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..threshold).contains(&exponent) {
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
pub(super) fn go_float(number: f64) -> String {
    special_float(number).map_or_else(|| go_general(&format!("{number:e}"), 6), str::to_owned)
}

/// A whole number below 1e21 as Go's JSON prints it: without a point or an exponent.
pub(super) fn go_whole(number: f64) -> String {
    go_general(&format!("{number:e}"), 21)
}

/// A float used as a mapping key, which sigs.k8s.io/yaml prints as 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "the model narrows it, too")]
pub(super) fn go_float_key(number: f64) -> String {
    let number = number as f32;
    special_float(f64::from(number)).map_or_else(|| go_general(&format!("{number:e}"), 6), str::to_owned)
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

/// Whether a text is written as an integer in decimal. One that resolves to a float nevertheless fits no integer type.
pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() && c != '0')
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_go_yaml() {
        let int = |number| Some(Value::Int(number));
        for (text, expected) in [
            ("", Some(Value::Null)),
            ("Null", Some(Value::Null)),
            ("On", Some(Value::Bool(true))),
            ("n", Some(Value::Bool(false))),
            ("oN", None),
            ("010", int(8)),
            ("-010", int(-8)),
            ("08", int(8)),
            ("0x_1F", int(31)),
            ("-0b11", int(-3)),
            ("0b-1", int(-1)),
            ("1_", int(1)),
            ("_1", None),
            ("-9223372036854775808", int(i64::MIN)),
            ("18446744073709551615", Some(Value::Uint(u64::MAX))),
            ("+9223372036854775808", Some(Value::Float(9_223_372_036_854_775_808.0))),
            (".5_0", Some(Value::Float(0.5))),
            (".5_", None),
            ("5.", Some(Value::Float(5.0))),
            ("1e-400", Some(Value::Float(0.0))),
            ("1e400", None),
            ("1e+", None),
            ("0x", None),
            ("--1", None),
            ("0x-1", None),
            ("12:30:45", None),
        ] {
            assert_eq!(resolve_non_string(text), expected, "{text:?}");
        }
    }

    #[test]
    fn floats_as_go_prints_them() {
        for (number, value, key, whole) in [
            (1e6, "1e+06", "1e+06", "1000000"),
            (123_456.0, "123456", "123456", "123456"),
            (12_345_678.9, "1.23456789e+07", "1.2345679e+07", "12345678.9"),
            (0.0001, "0.0001", "0.0001", "0.0001"),
            (-0.000_01, "-1e-05", "-1e-05", "-1e-05"),
            (1.5, "1.5", "1.5", "1.5"),
            (9_223_372_036_854_775_807.0, "9.223372036854776e+18", "9.223372e+18", "9223372036854776000"),
            (1e300, "1e+300", ".inf", "1e+300"),
        ] {
            assert_eq!((go_float(number).as_str(), go_float_key(number).as_str()), (value, key));
            assert_eq!(go_whole(number), whole);
        }
    }

    #[test]
    fn times_and_numbers_of_base_60() {
        for text in
            ["2001-01-01", "2001-1-1", "2000-02-29", "2001-12-14t21:59:43.10-05:00", "2001-12-15 2:59:43.10"]
        {
            assert!(is_timestamp(text), "{text}");
        }
        for text in
            ["2001-02-29", "2001-13-01", "2001-12-14 21:59:43.10 -5", "2001-01-01T00:00:00", "2001-01", ""]
        {
            assert!(!is_timestamp(text), "{text}");
        }
        for text in ["12:30", "-1:2", "190:20:30.15", "1_0:59"] {
            assert!(is_base60(text), "{text}");
        }
        for text in ["1:60", "12", ":30", "1:2:", "a:1", "1:2.x", ""] {
            assert!(!is_base60(text), "{text}");
        }
    }

    #[test]
    fn plain_where_nobody_can_misread_it() {
        let safe = [
            "a",
            "a b",
            "a:b",
            "a#b",
            "-a",
            "--x=y",
            "10.0.0.1",
            "v1.2",
            "100m",
            "a, b",
            "ü€",
            "http://a/b?c",
            "1:60",
        ];
        for text in safe {
            assert!(plain_safe(text, Context::Block), "{text}");
        }
        let unsafe_texts = [
            "",
            "yes",
            "0o7",
            "1e400",
            "1_0",
            "12:30",
            "2001-01-01",
            "a: b",
            "a #b",
            "a:",
            " a",
            "a ",
            "-",
            "- a",
        ];
        let indicators = [
            "---x", "...", "{{ x }}", "%a", "@a", "`a", "? a", "?a", "<<", "=", "a\tb", "a\u{85}b",
            "\u{feff}",
        ];
        for text in unsafe_texts.into_iter().chain(indicators) {
            assert!(!plain_safe(text, Context::Block), "{text}");
        }
        assert!(!plain_safe("a, b", Context::Flow) && !plain_safe("a:b", Context::Flow));
        assert!(
            !plain_safe(&"k".repeat(2000), Context::Key) && plain_safe(&"k".repeat(2000), Context::Block)
        );
    }
}
