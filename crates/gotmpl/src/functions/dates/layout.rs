//! Layouts written as Go's reference time, and what is read in one.

use super::{DAY, Location, MONTHS, Time, WEEKDAYS, first_of_month};
use std::rc::Rc;

/// An offset in the form in which `form` is one of nothing: `+00`, `+0000`, `+00:00`, seconds too.
pub(super) fn offset_text(form: &str, east: i64) -> String {
    let sign = if east < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (east.abs() / 3600, east.abs() / 60 % 60, east.abs() % 60);
    match form {
        "+00" => format!("{sign}{hours:02}"),
        "+0000" => format!("{sign}{hours:02}{minutes:02}"),
        "+000000" => format!("{sign}{hours:02}{minutes:02}{seconds:02}"),
        "+00:00:00" => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

/// A part of a layout that is replaced by a part of the time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Piece {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    SpaceDay,
    ZeroDay,
    YearDay,
    SpaceYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Noon,
    SmallNoon,
    Zone,
    /// Whether an offset of zero is written `Z`, and what it looks like otherwise.
    Offset(bool, &'static str),
    /// The mark before it, how many digits, whether zeros at the end are left out.
    Fraction(char, usize, bool),
}

/// Longer spellings stand before those that they begin with.
const PIECES: &[(&str, Piece)] = &[
    ("January", Piece::LongMonth),
    ("Jan", Piece::Month),
    ("Monday", Piece::LongWeekday),
    ("Mon", Piece::Weekday),
    ("MST", Piece::Zone),
    ("2006", Piece::LongYear),
    ("_2006", Piece::LongYear),
    ("002", Piece::YearDay),
    ("__2", Piece::SpaceYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHour12),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::Year),
    ("15", Piece::Hour),
    ("1", Piece::NumMonth),
    ("2", Piece::Day),
    ("_2", Piece::SpaceDay),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::Noon),
    ("pm", Piece::SmallNoon),
    ("Z07:00:00", Piece::Offset(true, "+00:00:00")),
    ("Z070000", Piece::Offset(true, "+000000")),
    ("Z07:00", Piece::Offset(true, "+00:00")),
    ("Z0700", Piece::Offset(true, "+0000")),
    ("Z07", Piece::Offset(true, "+00")),
    ("-07:00:00", Piece::Offset(false, "+00:00:00")),
    ("-070000", Piece::Offset(false, "+000000")),
    ("-07:00", Piece::Offset(false, "+00:00")),
    ("-0700", Piece::Offset(false, "+0000")),
    ("-07", Piece::Offset(false, "+00")),
];

/// The text before the first piece of a layout, the piece, and the rest.
pub(super) fn next_piece(layout: &str) -> Option<(&str, Piece, &str)> {
    for (index, c) in layout.char_indices() {
        let rest = &layout[index..];
        if let Some((spelling, piece)) = PIECES.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            // `Jan` and `Mon` do not begin a longer word.
            let after = &rest[spelling.len()..];
            let in_word = matches!(piece, Piece::Month | Piece::Weekday)
                && after.starts_with(|c: char| c.is_ascii_lowercase());
            if !in_word && *spelling != "_2006" {
                return Some((&layout[..index], *piece, after));
            }
            if *spelling == "_2006" {
                return Some((&layout[..=index], Piece::LongYear, after));
            }
        }
        if matches!(c, '.' | ',') {
            let digit = rest[1..].chars().next().filter(|digit| matches!(digit, '0' | '9'));
            if let Some(digit) = digit {
                let count = rest[1..].chars().take_while(|next| *next == digit).count();
                let after = &rest[1 + count..];
                if !after.starts_with(|c: char| c.is_ascii_digit()) {
                    return Some((&layout[..index], Piece::Fraction(c, count, digit == '9'), after));
                }
            }
        }
    }
    None
}

/// The text after what a layout writes out. Spaces stand for any number of them, also for none at the end.
fn skip<'a>(mut text: &'a str, written: &str) -> Option<&'a str> {
    let mut written = written;
    while let Some(next) = written.chars().next() {
        if next == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            (text, written) = (text.trim_start_matches(' '), written.trim_start_matches(' '));
        } else {
            text = text.strip_prefix(next)?;
            written = &written[next.len_utf8()..];
        }
    }
    Some(text)
}

/// Reads a time in a layout.
pub(super) fn parse(layout: &str, text: &str) -> Option<Time> {
    let (mut year, mut month, mut day) = (0, 1, 1);
    let mut day_of_year = None;
    let (mut hour, mut minute, mut second, mut nanoseconds) = (0, 0, 0, 0);
    let (mut is_utc, mut offset, mut zone) = (false, None, "");
    let mut afternoon = None;
    let mut layout = layout;
    let mut text = text;
    while let Some((before, piece, after)) = next_piece(layout) {
        text = skip(text, before)?;
        layout = after;
        match piece {
            Piece::LongYear => year = digits(&mut text, 4, 4)?,
            Piece::Year => {
                let short = digits(&mut text, 2, 2)?;
                year = if short >= 69 { 1900 + short } else { 2000 + short };
            }
            Piece::LongMonth | Piece::Month => {
                let length = if piece == Piece::Month { 3 } else { usize::MAX };
                let found = MONTHS.iter().position(|name| {
                    let name = &name[..name.len().min(length)];
                    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                })?;
                text = &text[MONTHS[found].len().min(length)..];
                month = i64::try_from(found).ok()? + 1;
            }
            Piece::LongWeekday | Piece::Weekday => {
                let length = if piece == Piece::Weekday { 3 } else { usize::MAX };
                let found = WEEKDAYS.iter().find(|name| {
                    let name = &name[..name.len().min(length)];
                    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                })?;
                text = &text[found.len().min(length)..];
            }
            Piece::NumMonth => month = digits(&mut text, 1, 2)?,
            Piece::ZeroMonth => month = digits(&mut text, 2, 2)?,
            Piece::Day | Piece::SpaceDay => {
                text = text.strip_prefix(' ').filter(|_| piece == Piece::SpaceDay).unwrap_or(text);
                day = digits(&mut text, 1, 2)?;
            }
            Piece::ZeroDay => day = digits(&mut text, 2, 2)?,
            Piece::YearDay => day_of_year = Some(digits(&mut text, 3, 3)?),
            Piece::SpaceYearDay => {
                for _ in 0..2 {
                    text = text.strip_prefix(' ').unwrap_or(text);
                }
                day_of_year = Some(digits(&mut text, 1, 3)?);
            }
            Piece::Hour12 => hour = digits(&mut text, 1, 2)?,
            Piece::Hour | Piece::ZeroHour12 => hour = digits(&mut text, 2, 2)?,
            Piece::Minute => minute = digits(&mut text, 1, 2)?,
            Piece::ZeroMinute => minute = digits(&mut text, 2, 2)?,
            Piece::Second => second = digits(&mut text, 1, 2)?,
            Piece::ZeroSecond => {
                second = digits(&mut text, 2, 2)?;
                // A fraction is read even where the layout has none.
                let layout_has = matches!(next_piece(layout), Some(("", Piece::Fraction(..), _)));
                if !layout_has && text.starts_with(['.', ',']) {
                    nanoseconds = fraction(&mut text, 1)?;
                }
            }
            Piece::Noon | Piece::SmallNoon => {
                let start = text.get(..2)?;
                afternoon = Some(match start.to_ascii_uppercase().as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                text = &text[2..];
            }
            Piece::Zone => {
                let name;
                (name, text) = text.split_at(zone_length(text)?);
                if name == "UTC" {
                    is_utc = true;
                } else {
                    zone = name;
                }
            }
            Piece::Offset(z, _) => {
                if z && text.starts_with('Z') {
                    text = &text[1..];
                    is_utc = true;
                } else {
                    let sign = match text.chars().next()? {
                        '+' => 1,
                        '-' => -1,
                        _ => return None,
                    };
                    text = &text[1..];
                    let hours = digits(&mut text, 2, 2)?;
                    text = text.strip_prefix(':').unwrap_or(text);
                    let minutes = if text.starts_with(|c: char| c.is_ascii_digit()) {
                        digits(&mut text, 2, 2)?
                    } else {
                        0
                    };
                    offset = Some(sign * (hours * 3600 + minutes * 60));
                }
            }
            Piece::Fraction(_, count, trims) => {
                if text.starts_with(['.', ',']) {
                    nanoseconds = fraction(&mut text, if trims { 1 } else { count })?;
                } else if !trims {
                    return None;
                }
            }
        }
    }
    if !skip(text, layout)?.is_empty() {
        return None;
    }
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let first = first_of_month(year, month)?;
    let longest = i64::from(first.days_in_month());
    if !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if let Some(number) = day_of_year {
        if !(1..=i64::from(first.days_in_year())).contains(&number) {
            return None;
        }
        (month, day) = (1, number);
    }
    let location = location(is_utc, offset, zone);
    let second_of_day = hour * 3600 + minute * 60 + second - offset.filter(|_| !is_utc).unwrap_or(0);
    let first = Time::from_month(year, month, second_of_day, nanoseconds);
    Some(Time { seconds: first.seconds + (day - 1) * DAY, ..first }.at(location))
}

/// The clock of a time that was read with an offset, the name of a zone, both or neither. Of names Go knows that of the
/// machine's zone, and the hours in `GMT+3`.
pub(super) fn location(is_utc: bool, offset: Option<i64>, zone: &str) -> Location {
    let fixed = |east: i64| Location::Fixed { east, name: Rc::from(zone) };
    match offset {
        _ if is_utc => Location::Utc,
        None | Some(0) if zone.is_empty() => Location::Local,
        Some(east) => fixed(east),
        None => {
            let hours = zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i64>().ok());
            fixed(hours.unwrap_or(0) * 3600)
        }
    }
}

/// How many bytes of a text name a zone, as Go takes it.
fn zone_length(text: &str) -> Option<usize> {
    let hours = |text: &str| {
        let digits = text.strip_prefix(['+', '-'])?;
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        digits[..count].parse::<u8>().is_ok_and(|hours| hours < 24).then_some(1 + count)
    };
    if text.starts_with(['+', '-']) && text.len() >= 3 {
        return hours(text);
    }
    if let Some(after) = text.strip_prefix("GMT") {
        return Some(3 + hours(after).unwrap_or_default());
    }
    let letters = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match letters {
        _ if text.starts_with("UTC") => Some(3),
        _ if text.starts_with("ChST") || text.starts_with("MeST") => Some(4),
        3 => Some(3),
        4 if text.starts_with("WITA") => Some(4),
        4 | 5 if text[..letters].ends_with('T') => Some(letters),
        _ => None,
    }
}

fn digits(text: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    let (number, rest) = text.split_at(count);
    *text = rest;
    number.parse().ok()
}

/// A mark and the digits after it, as nanoseconds.
fn fraction(text: &mut &str, least: usize) -> Option<u32> {
    let after = &text[1..];
    let count = after.bytes().take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    *text = &after[count..];
    format!("{:0<9}", &after[..count.min(9)]).parse().ok()
}
