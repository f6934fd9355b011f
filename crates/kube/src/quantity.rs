//! `resource.Quantity`: the fixed-point numbers of Kubernetes (`500m`, `1.5Gi`, `2e3`), read and
//! compared as the API server does.
//!
//! Modelled on `k8s.io/apimachinery/pkg/api/resource` (`quantity.go`, `amount.go`, `suffix.go`),
//! including its odd corners: a lone sign, a lone suffix and a trailing point are numbers there, what is finer than
//! a nano is rounded away from zero, and binary quantities stop at `2^63 - 1`.

use plimsoll_yaml::{Node, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A number of the form `mantissa * 10^scale`, with the notation it was written in.
///
/// Equality and order are those of the numbers: `1Gi == 1024Mi`, `1 == 1000m`. Exact up to 38
/// significant digits; decimal quantities longer than that keep their first 38.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    mantissa: i128,
    scale: i32,
    format: Format,
}

/// The family of suffixes a quantity was written with; it is printed with the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `m`, none, `k`, `M`, ...
    DecimalSi,
    /// `Ki`, `Mi`, ...
    BinarySi,
    /// `e3`, `E3`.
    DecimalExponent,
}

/// Why a text is not a quantity; displayed in the API server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Not a number followed by a suffix.
    Format,
    /// The number cannot be read.
    Numeric,
    /// The suffix is not one of Kubernetes'.
    Suffix,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => {
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
            Self::Numeric => "unable to parse numeric part of quantity",
            Self::Suffix => "unable to parse quantity's suffix",
        })
    }
}

impl std::error::Error for ParseError {}

/// The sum of what is known; `None` if neither is.
pub fn sum(a: Option<Quantity>, b: Option<Quantity>) -> Option<Quantity> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.plus(&b)),
        (a, b) => a.or(b),
    }
}

/// The smallest power of ten that is kept; anything finer is rounded away from zero.
const NANO: i32 = -9;
/// More digits than this do not fit the mantissa.
const MAX_DIGITS: usize = 38;
/// Decimal digits that fit an `i64` for certain: `maxInt64Factors`.
const SMALL_DIGITS: usize = 18;

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0, format: Format::DecimalSi };

    /// A whole number.
    pub fn from_int(number: i64) -> Self {
        Self { mantissa: i128::from(number), scale: 0, format: Format::DecimalSi }
    }

    /// Reads the text of a quantity: `ParseQuantity`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Format);
        }
        let parts = Parts::split(text)?;
        let Some((suffix, format)) = Suffix::read(parts.suffix) else { return Err(ParseError::Suffix) };
        let (mantissa, scale) = match suffix {
            Suffix::Decimal(exponent) => decimal(&parts, exponent)?,
            Suffix::Binary(exponent) => binary(&parts, exponent)?,
        };
        let mantissa = if parts.negative { -mantissa } else { mantissa };
        // A binary fraction below one is printed as a decimal one.
        let below_one =
            mantissa > 0 && scale < 0 && mantissa < pow10(scale.unsigned_abs()).unwrap_or(i128::MAX);
        let format = if format == Format::BinarySi && below_one { Format::DecimalSi } else { format };
        Ok(Self { mantissa, scale, format })
    }

    /// Reads a quantity from a manifest, where it is a string or a number: `Quantity.UnmarshalJSON`.
    /// Null is zero.
    pub fn from_node(node: &Node) -> Result<Self, ParseError> {
        match &node.value {
            Value::Null => Ok(Self::ZERO),
            Value::Int(number) => Ok(Self::from_int(*number)),
            _ => Self::parse(&json_text(node).ok_or(ParseError::Format)?),
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa < 0
    }

    /// Whether it is above zero.
    pub fn is_positive(&self) -> bool {
        self.mantissa > 0
    }

    /// The number of wholes, rounded away from zero: `Quantity.Value`. What overflows is zero there, and here.
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// The number of thousandths, rounded away from zero: `Quantity.MilliValue`.
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// Whether it counts as an integer where the API server wants one (`MilliValue() % 1000 == 0`): what is
    /// finer than a thousandth is rounded first.
    pub fn is_integer(&self) -> bool {
        self.milli_value() % 1000 == 0
    }

    /// The sum; saturates where it does not fit.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        let scale = self.scale.min(other.scale);
        let (Some(a), Some(b)) = (self.mantissa_at_scale(scale), other.mantissa_at_scale(scale)) else {
            // So far apart that the smaller one is below the last digit of the larger.
            let larger = if self.magnitude_cmp(other) == Ordering::Less { other } else { self };
            return Self { format, ..*larger };
        };
        Self { mantissa: a.saturating_add(b), scale, format }
    }

    /// The difference; saturates where it does not fit.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&Self { mantissa: other.mantissa.saturating_neg(), ..*other })
    }

    /// The mantissa at a scale not above its own, if it fits.
    fn mantissa_at_scale(&self, scale: i32) -> Option<i128> {
        if self.mantissa == 0 {
            return Some(0);
        }
        let shift = u32::try_from(i64::from(self.scale) - i64::from(scale)).ok()?;
        self.mantissa.checked_mul(pow10(shift)?)
    }

    fn scaled_value(&self, scale: i32) -> i64 {
        let delta = i64::from(self.scale) - i64::from(scale);
        let wide = if delta >= 0 {
            self.mantissa_at_scale(scale).unwrap_or(0)
        } else {
            let sign = self.mantissa.signum();
            match u32::try_from(-delta).ok().and_then(pow10) {
                Some(unit) => self.mantissa / unit + if self.mantissa % unit == 0 { 0 } else { sign },
                None => sign,
            }
        };
        i64::try_from(wide).unwrap_or(0)
    }

    fn magnitude_cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        if a == 0 || b == 0 || self.scale == other.scale {
            return a.cmp(&b);
        }
        let leading = |mantissa: u128, scale: i32| i64::from(mantissa.ilog10()) + i64::from(scale);
        leading(a, self.scale).cmp(&leading(b, other.scale)).then_with(|| {
            // The same power of ten leads both, so that the longer mantissa has the smaller scale.
            let shift = self.scale.abs_diff(other.scale);
            let unit = 10_u128.saturating_pow(shift);
            if self.scale > other.scale {
                a.saturating_mul(unit).cmp(&b)
            } else {
                a.cmp(&b.saturating_mul(unit))
            }
        })
    }
}

/// The text under which the API server stores the quantity at `node` (`Quantity.MarshalJSON`).
///
/// A text that the server can read without rescaling stays as it was written (`1500m`, `500e-3`, `1.125`);
/// anything else takes the canonical form (`0.5` is stored as `500m`, `2048Mi` as `2Gi`). Revisions of
/// StatefulSets and DaemonSets are compared by these texts.
///
/// # Errors
///
/// The value is not a valid quantity.
pub fn stored(node: &Node) -> Result<String, ParseError> {
    let quantity = Quantity::from_node(node)?;
    let Some(text) = json_text(node) else { return Ok(quantity.to_string()) };
    let parts = Parts::split(&text)?;
    let Some((suffix, _)) = Suffix::read(parts.suffix) else { return Err(ParseError::Suffix) };
    Ok(if keeps_spelling(&parts, &suffix) { text.into_owned() } else { quantity.to_string() })
}

/// The number as JSON carries it to the server (`encoding/json`), or the text without the spaces around it.
/// `None` for what is neither.
fn json_text(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.value {
        Value::Int(number) => number.to_string().into(),
        Value::Uint(number) => number.to_string().into(),
        Value::Float(number) if *number != 0.0 && !(1e-6..1e21).contains(&number.abs()) => {
            // Go writes the sign of every exponent.
            let text = format!("{number:e}");
            if text.contains("e-") { text.into() } else { text.replace('e', "e+").into() }
        }
        Value::Float(number) => number.to_string().into(),
        // JSON escapes control characters, so only plain spaces are there to be trimmed.
        Value::String(text) => text.trim_matches(|c: char| c.is_whitespace() && !c.is_control()).into(),
        Value::Null | Value::Bool(_) | Value::Seq(_) | Value::Map(_) => return None,
    })
}

/// Whether `ParseQuantity` reuses the text it has read: the digits fit, and it takes them for canonical.
fn keeps_spelling(parts: &Parts<'_>, suffix: &Suffix) -> bool {
    let digits = || parts.whole.bytes().chain(parts.fraction.bytes());
    let count = parts.whole.len() + parts.fraction.len();
    match suffix {
        Suffix::Decimal(exponent) => {
            let scale = i64::from(*exponent) - i64::try_from(parts.fraction.len()).unwrap_or(i64::MAX);
            let thousands = count >= 3 && digits().rev().take(3).all(|digit| digit == b'0');
            count <= SMALL_DIGITS
                && scale >= i64::from(NANO)
                && scale % 3 == 0
                && !thousands
                && !parts.whole.starts_with('0')
        }
        Suffix::Binary(exponent) => {
            // Each ten powers of two take three of the fifteen digits that the server allows for.
            let fits = parts.whole.len() + (*exponent as usize) * 3 / 10 < 15;
            fits && parts.fraction.is_empty() && number(parts.whole, "") % 8 != 0
        }
    }
}

/// The likely intended quantity for an invalid one: `10Gi` for `10gi`, `512M` for `512MB`.
pub fn suggest_repair(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (number, suffix) = split_leading(&text, |byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    let suffix = suffix.to_ascii_lowercase();
    let suffix = suffix.strip_suffix("bytes").or_else(|| suffix.strip_suffix('b')).unwrap_or(&suffix);
    let known = BINARY.into_iter().chain(DECIMAL.into_iter().map(|(_, known)| known));
    // Thousandths of a byte are never intended: `m` is tried after `M`.
    let found = known.rev().find(|known| known.eq_ignore_ascii_case(suffix))?;
    let quantity = format!("{number}{found}");
    (!number.is_empty() && Quantity::parse(&quantity).is_ok()).then_some(quantity)
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    /// `Quantity.Cmp`.
    fn cmp(&self, other: &Self) -> Ordering {
        self.mantissa.signum().cmp(&other.mantissa.signum()).then_with(|| match self.mantissa.signum() {
            0 => Ordering::Equal,
            1 => self.magnitude_cmp(other),
            _ => other.magnitude_cmp(self),
        })
    }
}

impl fmt::Display for Quantity {
    /// The canonical form (`Quantity.CanonicalizeBytes`): no fraction, and the largest suffix that loses nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mantissa == 0 {
            return f.write_str("0");
        }
        let kilo = Self::from_int(1024);
        if self.format == Format::BinarySi
            && self.magnitude_cmp(&kilo) != Ordering::Less
            && let Some(mut whole) = self.to_integer()
        {
            let mut steps = 0_usize;
            while steps + 1 < BINARY.len() && whole % 1024 == 0 {
                whole /= 1024;
                steps += 1;
            }
            return write!(f, "{whole}{}", BINARY.get(steps).copied().unwrap_or_default());
        }
        let (mut mantissa, mut exponent) = (self.mantissa, self.scale);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent = exponent.saturating_add(1);
        }
        let rest = exponent.rem_euclid(3);
        exponent = exponent.saturating_sub(rest);
        let zeros = ["", "0", "00"].get(rest.unsigned_abs() as usize).copied().unwrap_or_default();
        match DECIMAL.iter().find(|(power, _)| *power == exponent) {
            Some((_, suffix)) if self.format != Format::DecimalExponent => {
                write!(f, "{mantissa}{zeros}{suffix}")
            }
            _ if exponent == 0 => write!(f, "{mantissa}{zeros}"),
            _ => write!(f, "{mantissa}{zeros}e{exponent}"),
        }
    }
}

impl Quantity {
    /// The number, if it has no fraction and fits.
    fn to_integer(self) -> Option<i128> {
        if self.scale >= 0 {
            return self.mantissa_at_scale(0);
        }
        let unit = pow10(self.scale.unsigned_abs())?;
        (self.mantissa % unit == 0).then(|| self.mantissa / unit)
    }
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(i32, &str); 10] =
    [(-9, "n"), (-6, "u"), (-3, "m"), (0, ""), (3, "k"), (6, "M"), (9, "G"), (12, "T"), (15, "P"), (18, "E")];

/// A quantity's text in its parts, as `parseQuantityString` finds them.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point, without leading zeros; `0` if there are none.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    /// Whether any digit was written at all.
    digits: bool,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, ParseError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let stripped = unsigned.trim_start_matches('0');
        let (whole, rest) = split_leading(stripped, |byte| byte.is_ascii_digit());
        let (fraction, suffix) = match rest.strip_prefix('.') {
            Some(rest) => split_leading(rest, |byte| byte.is_ascii_digit()),
            None => ("", rest),
        };
        // Letters, then possibly a sign, then digits, and nothing else.
        let (_, tail) = split_leading(suffix, |byte| b"eEinumkKMGTP".contains(&byte));
        let tail = tail.strip_prefix(['-', '+']).unwrap_or(tail);
        if !tail.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseError::Format);
        }
        let digits = stripped.len() < unsigned.len() || !whole.is_empty() || !fraction.is_empty();
        // Nothing but a sign is a zero.
        let digits = digits || unsigned.is_empty();
        Ok(Self { negative, whole: if whole.is_empty() { "0" } else { whole }, fraction, digits, suffix })
    }
}

/// Splits after the leading bytes for which `belongs` holds.
fn split_leading(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What a suffix multiplies by.
enum Suffix {
    /// Ten to the power of.
    Decimal(i32),
    /// Two to the power of.
    Binary(u32),
}

impl Suffix {
    /// `suffixHandler.interpret`.
    fn read(text: &str) -> Option<(Self, Format)> {
        if let Some((exponent, _)) = DECIMAL.iter().find(|(_, suffix)| *suffix == text) {
            return Some((Self::Decimal(*exponent), Format::DecimalSi));
        }
        if let Some(steps) = BINARY.iter().skip(1).position(|suffix| *suffix == text) {
            return Some((Self::Binary(10 * (u32::try_from(steps).ok()? + 1)), Format::BinarySi));
        }
        let exponent: i64 = text.strip_prefix(['e', 'E']).filter(|rest| !rest.is_empty())?.parse().ok()?;
        // The server keeps the low 32 bits of an exponent beyond them; such a number means nothing.
        Some((Self::Decimal(i32::try_from(exponent).ok()?), Format::DecimalExponent))
    }
}

/// The magnitude of a decimal quantity.
fn decimal(parts: &Parts<'_>, exponent: i32) -> Result<(i128, i32), ParseError> {
    let digits = parts.whole.len() + parts.fraction.len();
    let places = i32::try_from(parts.fraction.len()).map_err(|_| ParseError::Numeric)?;
    let scale = exponent.saturating_sub(places);
    if !parts.digits && scale < NANO {
        // The server's slow path has no digits to read.
        return Err(ParseError::Numeric);
    }
    if digits <= SMALL_DIGITS && scale >= NANO {
        return Ok((number(parts.whole, parts.fraction), scale));
    }
    let kept_fraction =
        parts.fraction.get(..MAX_DIGITS.saturating_sub(parts.whole.len())).unwrap_or(parts.fraction);
    let kept_whole = parts.whole.get(..MAX_DIGITS).unwrap_or(parts.whole);
    let dropped = digits - kept_whole.len() - kept_fraction.len();
    let lost =
        parts.fraction.get(kept_fraction.len()..).unwrap_or_default().bytes().any(|digit| digit != b'0');
    let mantissa = number(kept_whole, kept_fraction);
    let scale = scale.saturating_add(i32::try_from(dropped).map_err(|_| ParseError::Numeric)?);
    Ok(round_up(mantissa, scale, lost))
}

/// The magnitude of a binary quantity, at most `2^63 - 1`.
fn binary(parts: &Parts<'_>, exponent: u32) -> Result<(i128, i32), ParseError> {
    // Without a fraction and with few enough digits the server never reads the number's text again.
    if !parts.digits && exponent > 40 {
        return Err(ParseError::Numeric);
    }
    let max = i128::from(i64::MAX);
    let unit = 1_i128 << exponent;
    if parts.whole.len() > 19 {
        return Ok((max, 0));
    }
    let whole = number(parts.whole, "").saturating_mul(unit);
    if whole > max {
        return Ok((max, 0));
    }
    if parts.fraction.is_empty() {
        return Ok((whole, 0));
    }
    // 18 digits of a fraction times 2^60 fit; what is finer only rounds up.
    let kept = parts.fraction.get(..SMALL_DIGITS).unwrap_or(parts.fraction);
    let lost = parts.fraction.get(kept.len()..).unwrap_or_default().bytes().any(|digit| digit != b'0');
    let divisor = pow10(u32::try_from(kept.len()).unwrap_or(0)).unwrap_or(1);
    let product = number(kept, "") * unit;
    let (quotient, remainder) = (product / divisor, product % divisor);
    let nanos = remainder * 1_000_000_000;
    let rounded = nanos / divisor + i128::from(nanos % divisor != 0 || lost);
    let total = (whole + quotient) * 1_000_000_000 + rounded;
    if total > max * 1_000_000_000 {
        return Ok((max, 0));
    }
    if total % 1_000_000_000 == 0 {
        return Ok((total / 1_000_000_000, 0));
    }
    Ok((total, NANO))
}

/// Rounds away from zero to nanos: `amount.Round(amount, Nano.infScale(), inf.RoundUp)`.
fn round_up(mantissa: i128, scale: i32, lost: bool) -> (i128, i32) {
    if scale >= NANO {
        return (mantissa + i128::from(lost && mantissa < i128::MAX), scale);
    }
    match pow10(scale.abs_diff(NANO)) {
        Some(unit) => (mantissa / unit + i128::from(lost || mantissa % unit != 0), NANO),
        None => (i128::from(lost || mantissa != 0), NANO),
    }
}

/// The digits of both as one number; at most [`MAX_DIGITS`] of them.
fn number(whole: &str, fraction: &str) -> i128 {
    whole.bytes().chain(fraction.bytes()).fold(0_i128, |sum, digit| {
        sum.saturating_mul(10).saturating_add(i128::from(digit.wrapping_sub(b'0')))
    })
}

fn pow10(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::Node;
    use proptest::prelude::*;

    fn q(text: &str) -> Quantity {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn equal_numbers_in_different_clothes() {
        for (a, b) in [
            ("1Gi", "1024Mi"),
            ("1", "1000m"),
            ("1.5Gi", "1536Mi"),
            ("0.5", "500m"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("1E", "1000P"),
            ("100000000000000000000", "100E"),
            ("+5", "5"),
            ("005", "5"),
            ("5.", "5"),
            (".5", "500m"),
            ("-0", "0"),
            ("1.000000000000000000000", "1"),
            ("100u", "100000n"),
            ("0.0000000000000000000000000000000000000001", "1n"),
            ("1e-12", "1n"),
            ("16Ei", "9223372036854775807"),
            ("0.1Ki", "102.4"),
        ] {
            assert_eq!(q(a), q(b), "{a} = {b}");
        }
    }

    #[test]
    fn order_follows_the_numbers() {
        for (small, large) in [
            ("-1", "0"),
            ("-2", "-1"),
            ("-1Gi", "-1Mi"),
            ("999m", "1"),
            ("1Ki", "1.1Ki"),
            ("1G", "1Gi"),
            ("1n", "1u"),
            ("99999999999999999999999999999999999999", "1e38"),
            ("1e-9", "1e2000000000"),
        ] {
            assert!(q(small) < q(large), "{small} < {large}");
            assert!(q(large) > q(small), "{large} > {small}");
        }
    }

    #[test]
    fn the_servers_errors() {
        let malformed = [
            "",
            "abc",
            "1.2.3",
            "1 Gi",
            "1Gi ",
            "1Gib",
            "1gi",
            "1GI",
            "1,5",
            "0x10",
            "1e1.5",
            "true",
            "1\u{ff11}",
        ];
        for text in malformed {
            assert_eq!(Quantity::parse(text), Err(ParseError::Format), "{text}");
        }
        for text in ["--1", "1K", "1mi", "1e", "1kk", "1Mi5", "1ee3", "1-", "1m3", "10Mie3"] {
            assert_eq!(Quantity::parse(text), Err(ParseError::Suffix), "{text}");
        }
        assert_eq!(Quantity::parse("Ei"), Err(ParseError::Numeric));
        assert_eq!(Quantity::parse("e-20"), Err(ParseError::Numeric));
    }

    #[test]
    fn what_was_probably_meant() {
        for (text, meant) in [
            ("10gi", Some("10Gi")),
            ("10 Gi", Some("10Gi")),
            ("512MB", Some("512M")),
            ("1GiB", Some("1Gi")),
            ("1K", Some("1k")),
            ("1.5g", Some("1.5G")),
            ("ten", None),
            ("1.2.3Gi", None),
            ("", None),
        ] {
            assert_eq!(suggest_repair(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn what_the_server_strangely_takes_for_zero() {
        for text in ["-", "+", ".", "m", "Ki", "e5", "-.", "0e999999999"] {
            assert!(q(text).is_zero(), "{text}");
        }
    }

    #[test]
    fn integers_are_judged_by_thousandths() {
        for text in ["1", "1000m", "1.0", "2Gi", "1e3", "0.9999", "0"] {
            assert!(q(text).is_integer(), "{text}");
        }
        for text in ["500m", "1.5", "1.0001", "-1.5", "1n"] {
            assert!(!q(text).is_integer(), "{text}");
        }
        assert_eq!(q("1.2").value(), 2);
        assert_eq!(q("-1.2").value(), -2);
        assert_eq!(q("1e40").value(), 0);
        assert_eq!(q("250m").milli_value(), 250);
        assert_eq!(q("1e-9").value(), 1);
    }

    #[test]
    fn canonical_forms() {
        for (text, canonical) in [
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("1000", "1k"),
            ("1000m", "1"),
            ("0.5Gi", "512Mi"),
            ("512Ki", "512Ki"),
            ("1Ki", "1Ki"),
            ("0.5Ki", "512"),
            ("1500e3", "1500e3"),
            ("1500000e0", "1500e3"),
            ("10k", "10k"),
            ("100000", "100k"),
            ("-1500m", "-1500m"),
            ("0Gi", "0"),
            ("0.1Ki", "102400m"),
        ] {
            let quantity = q(text);
            assert_eq!(quantity.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_the_server_stores_is_the_text_or_its_canonical_form() {
        // Texts: the first four groups are recorded answers of a server, the rest follows from its code.
        for (text, kept) in [
            ("0.5", "500m"),
            ("0.50", "500m"),
            ("500m", "500m"),
            ("1.0Gi", "1Gi"),
            ("1024Mi", "1Gi"),
            ("2048Mi", "2Gi"),
            ("2Gi", "2Gi"),
            ("2147483648", "2147483648"),
            ("1073741824", "1073741824"),
            ("1500m", "1500m"),
            ("5000m", "5"),
            ("5.0", "5"),
            ("128Mi", "128Mi"),
            // Not rescaled, so not respelled.
            ("500e-3", "500e-3"),
            ("1.125", "1.125"),
            ("1e3", "1e3"),
            ("1E3", "1E3"),
            ("+5", "+5"),
            ("05", "05"),
            ("5.", "5."),
            ("-3", "-3"),
            ("100u", "100u"),
            ("1001Ki", "1001Ki"),
            // Rescaled.
            ("0.125", "125m"),
            ("0.1", "100m"),
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1e4", "10e3"),
            ("15e2", "1500"),
            ("1000", "1k"),
            ("1000000", "1M"),
            ("1000u", "1m"),
            ("1.0000", "1"),
            ("8Ki", "8Ki"),
            ("0", "0"),
            ("0m", "0"),
            ("0Gi", "0"),
            ("123456Gi", "123456Gi"),
            ("131072Gi", "128Ti"),
            ("1234567890123456789", "1234567890123456789"),
            ("1000000000000000000", "1E"),
        ] {
            assert_eq!(stored(&Node::bare(text)).as_deref(), Ok(kept), "{text}");
        }
        for (number, kept) in [
            (Node::bare(0.5), "500m"),
            (Node::bare(1.125), "1.125"),
            (Node::bare(1.0), "1"),
            (Node::bare(1e-7), "100e-9"),
            (Node::bare(1e21), "1e+21"),
            (Node::bare(3), "3"),
            (Node::bare(2_147_483_648_i64), "2147483648"),
            (Node::bare(2_000_000), "2M"),
            (Node::new(Value::Null, plimsoll_diag::Span::NONE), "0"),
        ] {
            assert_eq!(stored(&number).as_deref(), Ok(kept), "{:?}", number.value);
        }
        assert_eq!(stored(&Node::bare("2Gx")), Err(ParseError::Format));
    }

    #[test]
    fn sums() {
        assert_eq!(q("1Gi").plus(&q("512Mi")), q("1.5Gi"));
        assert_eq!(q("500m").plus(&q("1")), q("1500m"));
        assert_eq!(q("0").plus(&q("1Mi")).to_string(), "1Mi");
        assert_eq!(q("1e2000000000").plus(&q("1n")), q("1e2000000000"));
    }

    #[test]
    fn numbers_of_the_manifest() {
        assert_eq!(Quantity::from_node(&Node::bare(2)), Ok(q("2")));
        assert_eq!(Quantity::from_node(&Node::bare(0.5)), Ok(q("500m")));
        assert_eq!(Quantity::from_node(&Node::bare(1e21)), Ok(q("1000E")));
        assert_eq!(Quantity::from_node(&Node::bare(" 1Gi ")), Ok(q("1Gi")));
        assert_eq!(Quantity::from_node(&Node::bare("1Gi\n")), Err(ParseError::Format));
        assert_eq!(Quantity::from_node(&Node::bare(true)), Err(ParseError::Format));
        assert_eq!(
            Quantity::from_node(&Node::new(Value::Null, plimsoll_diag::Span::NONE)),
            Ok(Quantity::ZERO)
        );
    }

    /// The number in nanos, exactly; for whole numbers of few digits.
    fn nanos(number: i64, suffix: &str) -> i128 {
        let nanos = i128::from(number) * 1_000_000_000;
        if let Some(steps) = BINARY.iter().position(|known| *known == suffix && !suffix.is_empty()) {
            return nanos << (10 * steps);
        }
        let power = DECIMAL.iter().find(|(_, known)| *known == suffix).map_or(0, |(power, _)| *power);
        let factor = 10_i128.pow(power.unsigned_abs());
        if power < 0 { nanos / factor } else { nanos * factor }
    }

    fn any() -> impl Strategy<Value = (i64, &'static str)> {
        let suffixes: Vec<&str> =
            BINARY.into_iter().chain(DECIMAL.into_iter().map(|(_, text)| text)).collect();
        // What binary quantities can hold without being cut off.
        (-7_i64..8, prop::sample::select(suffixes))
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers((a, x) in any(), (b, y) in any()) {
            let (left, right) = (q(&format!("{a}{x}")), q(&format!("{b}{y}")));
            prop_assert_eq!(left.cmp(&right), nanos(a, x).cmp(&nanos(b, y)));
            let sum = left.plus(&right);
            let expected = nanos(a, x) + nanos(b, y);
            prop_assert_eq!(sum.mantissa_at_scale(NANO), Some(expected));
        }

        #[test]
        fn the_canonical_form_says_the_same(whole in 0_u32..99_999, fraction in 0_u32..99_999, suffix in any()) {
            let quantity = q(&format!("{whole}.{fraction}{}", suffix.1));
            prop_assert_eq!(q(&quantity.to_string()), quantity);
            prop_assert!(!quantity.to_string().contains('.'));
        }

        #[test]
        fn what_is_stored_is_the_same_number_and_stays(whole in 0_u32..99_999, fraction in 0_u32..9_999, suffix in any()) {
            for text in [format!("{whole}{}", suffix.1), format!("{whole}.{fraction}{}", suffix.1)] {
                let kept = stored(&Node::bare(text.as_str())).unwrap();
                prop_assert_eq!(q(&kept), q(&text));
                prop_assert_eq!(stored(&Node::bare(kept.as_str())), Ok(kept));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+.0-9eEinumkKMGTP]{0,50}") {
            if let Ok(quantity) = Quantity::parse(&text) {
                prop_assert_eq!(quantity.cmp(&quantity), Ordering::Equal);
                let _ = (quantity.value(), quantity.milli_value(), quantity.to_string());
            }
        }
    }
}
