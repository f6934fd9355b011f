//! Durations and points in time.

use super::super::eval::{EvalError, Evaluated};
use super::super::value::Value;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt::Write as _;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The first second of the year 1, and the last one of the year 9999.
const RANGE: std::ops::RangeInclusive<i128> = -62_135_596_800..=253_402_300_799;

/// A timestamp, if it is within the years of the language.
pub(in crate::cel) fn timestamp(nanos: i128) -> Evaluated {
    if RANGE.contains(&nanos.div_euclid(SECOND)) {
        Ok(Value::Timestamp(nanos))
    } else {
        Err(EvalError::failed("timestamp overflow"))
    }
}

/// The day of a timestamp. In a time zone, it may be one beyond the last that is known.
fn date(nanos: i128) -> Date {
    let days = i32::try_from(nanos.div_euclid(DAY)).unwrap_or(i32::MAX);
    EPOCH.saturating_add(SignedDuration::from_hours(24 * i64::from(days)))
}

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    Some(match (name, receiver, arguments) {
        ("duration", None, [value @ Value::Duration(_)])
        | ("timestamp", None, [value @ Value::Timestamp(_)]) => Ok(value.clone()),
        ("duration", None, [Value::String(text)]) => parse_duration(text)
            .map(Value::Duration)
            .ok_or_else(|| EvalError::failed(format!("time: invalid duration {text:?}"))),
        ("timestamp", None, [Value::String(text)]) => parse_timestamp(text)
            .map(Value::Timestamp)
            .ok_or_else(|| EvalError::failed(format!("cannot parse {text:?} as a timestamp"))),
        ("timestamp", None, [Value::Int(seconds)]) => timestamp(i128::from(*seconds) * SECOND),
        (part, Some(Value::Timestamp(nanos)), zone) => return part_of_time(part, *nanos, zone),
        (part, Some(Value::Duration(nanos)), []) => Ok(whole(match part {
            "getHours" => nanos / (3600 * SECOND),
            "getMinutes" => nanos / (60 * SECOND),
            "getSeconds" => nanos / SECOND,
            "getMilliseconds" => nanos % SECOND / 1_000_000,
            _ => return None,
        })),
        _ => return None,
    })
}

fn whole(number: i128) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn part_of_time(part: &str, nanos: i128, zone: &[Value]) -> Option<Evaluated> {
    let offset = match zone {
        [] => 0,
        [Value::String(zone)] => match offset_of(zone, nanos) {
            Some(offset) => offset,
            None => return Some(Err(EvalError::failed(format!("unknown time zone {zone}")))),
        },
        _ => return None,
    };
    let nanos = nanos + i128::from(offset) * SECOND;
    let rest = nanos.rem_euclid(DAY);
    let date = date(nanos);
    Some(Ok(whole(match part {
        "getFullYear" => date.year().into(),
        "getMonth" => i128::from(date.month()) - 1,
        "getDate" => date.day().into(),
        "getDayOfMonth" => i128::from(date.day()) - 1,
        "getDayOfWeek" => date.weekday().to_sunday_zero_offset().into(),
        "getDayOfYear" => i128::from(date.day_of_year()) - 1,
        "getHours" => rest / (3600 * SECOND),
        "getMinutes" => rest / (60 * SECOND) % 60,
        "getSeconds" => rest / SECOND % 60,
        "getMilliseconds" => rest / 1_000_000 % 1000,
        _ => return None,
    })))
}

/// How many seconds a time zone is ahead at a point in time: `+02:00` or `Europe/Berlin`.
fn offset_of(zone: &str, nanos: i128) -> Option<i64> {
    if matches!(zone, "UTC" | "") {
        return Some(0);
    }
    parse_offset(zone).or_else(|| {
        let zone = TimeZone::get(zone).ok()?;
        let timestamp = jiff::Timestamp::from_nanosecond(nanos).ok()?;
        Some(zone.to_offset(timestamp).seconds().into())
    })
}

/// `time.ParseDuration` of Go, in nanoseconds.
pub(in crate::cel) fn parse_duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let units = [
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("ms", 1_000_000),
            ("s", SECOND),
            ("m", 60 * SECOND),
            ("h", 3600 * SECOND),
        ];
        // `ms` before `m`.
        let (unit, size) = units.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        rest = &after[unit.len()..];
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty()
            || whole.len() > 18
            || fraction.len() > 18
            || fraction.contains('.')
        {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total += whole * size;
        if !fraction.is_empty() {
            let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
            total += fraction.parse::<i128>().ok()? * size / scale;
        }
    }
    Some(sign * total)
}

/// As Go writes a duration, in seconds: `90s`.
pub(super) fn format_duration(nanos: i128) -> String {
    let mut text = format!("{}{}", if nanos < 0 { "-" } else { "" }, nanos.abs() / SECOND);
    push_fraction(&mut text, nanos.abs() % SECOND);
    text.push('s');
    text
}

fn push_fraction(text: &mut String, nanos: i128) {
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        let _ = write!(text, ".{}", digits.trim_end_matches('0'));
    }
}

/// A point in time by RFC 3339, or a day, in nanoseconds since 1970.
pub(in crate::cel) fn parse_timestamp(text: &str) -> Option<i128> {
    let number = |text: &str| -> Option<i128> {
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let mut part = || number(parts.next()?);
    let (year, month, day) = (part()?, part()?, part()?);
    let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    let days = i128::from(date.duration_since(EPOCH).as_hours() / 24);
    let Some(time) = time else { return Some(days * DAY) };
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let offset = if matches!(zone, "Z" | "z") { 0 } else { parse_offset(zone)? };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.splitn(3, ':');
    let (hour, minute, second) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 9 {
        return None;
    }
    let nanos = number(fraction)? * 10_i128.pow(9 - u32::try_from(fraction.len()).ok()?);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - i128::from(offset);
    RANGE.contains(&seconds).then_some(seconds * SECOND + nanos)
}

/// `+02:00`, in seconds.
fn parse_offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(hours) || !is_number(minutes) {
        return None;
    }
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

pub(super) fn format_timestamp(nanos: i128) -> String {
    let rest = nanos.rem_euclid(DAY);
    let seconds = rest / SECOND;
    let mut text =
        format!("{}T{:02}:{:02}:{:02}", date(nanos), seconds / 3600, seconds / 60 % 60, seconds % 60);
    push_fraction(&mut text, rest % SECOND);
    text.push('Z');
    text
}
