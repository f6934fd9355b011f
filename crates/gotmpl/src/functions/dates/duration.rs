//! Go's durations: numbers of nanoseconds.

/// Go's `time.ParseDuration`, in nanoseconds: `1h30m`, `-1.5s`, `100ms`. `None` if the text is not a duration.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let number = &rest[..length];
        rest = &rest[length..];
        let length = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..length] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[length..];
        total = total.checked_add(multiple(number, unit)?)?;
    }
    match i64::try_from(total) {
        Ok(total) => Some(if is_negative { -total } else { total }),
        // The smallest number has no positive counterpart.
        Err(_) => (is_negative && total == i64::MIN.unsigned_abs()).then_some(i64::MIN),
    }
}

/// A decimal number times `unit`. As in Go, only its fraction is subject to rounding.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "Go's conversions of a part of a unit"
)]
fn multiple(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let (mut part, mut scale) = (0_u64, 1.0);
    for digit in fraction.chars() {
        let digit = u64::from(digit.to_digit(10)?);
        let Some(more) = part.checked_mul(10).and_then(|part| part.checked_add(digit)) else { break };
        (part, scale) = (more, scale * 10.0);
    }
    whole.checked_mul(unit)?.checked_add((part as f64 * (unit as f64 / scale)) as u64)
}

/// How Go writes a duration: `1h0m5s`, `1.5s`, `0s`.
pub(super) fn duration_text(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let decimal = |value: u64, unit: u64| {
        let fraction = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        if unit == 1 || fraction.is_empty() {
            (value / unit).to_string()
        } else {
            format!("{}.{fraction}", value / unit)
        }
    };
    if magnitude == 0 {
        return "0s".to_owned();
    }
    if magnitude < 1_000_000_000 {
        let (unit, name) = match magnitude {
            0..1000 => (1, "ns"),
            1000..1_000_000 => (1000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(magnitude, unit));
    }
    let seconds = magnitude / 1_000_000_000;
    let last = decimal(magnitude % 60_000_000_000, 1_000_000_000);
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{sign}{last}s"),
        (0, minutes) => format!("{sign}{minutes}m{last}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{last}s"),
    }
}

/// `durationRound`: the largest unit that the duration is more than one of.
pub(super) fn round(magnitude: u64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let unit = units.iter().find(|(length, _)| magnitude > *length);
    unit.map_or("0s".to_owned(), |(length, name)| format!("{}{name}", magnitude / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_as_in_go() {
        assert_eq!(parse_duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!(parse_duration("-1.5s"), Some(-1_500_000_000));
        assert_eq!(parse_duration("4.35s"), Some(4_350_000_000));
        assert_eq!(parse_duration("9223372036854775807ns"), Some(i64::MAX));
        assert_eq!(parse_duration("-9223372036854775808ns"), Some(i64::MIN));
        assert_eq!(parse_duration(".5m1.h"), Some(3_630_000_000_000));
        for text in ["5x", "5", ".s", "1.2.3s", "9223372036854775808ns", "2562048h", "99999999999999999999ns"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        for (length, text) in [
            (0, "0s"),
            (3_605_000_000_000, "1h0m5s"),
            (1_500_000_000, "1.5s"),
            (1_500_000, "1.5ms"),
            (-95_000_000_000, "-1m35s"),
        ] {
            assert_eq!(duration_text(length), text);
        }
        assert_eq!(round(7_300_000_000_000), "2h");
    }
}
