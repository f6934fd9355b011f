//! Sprig's dates, in Go's layouts. The time zone is UTC unless one is named: charts should not depend on the machine,
//! so the zone `Local` is UTC, too. As in Sprig, so is one that does not exist.

mod duration;
mod layout;
mod location;

pub use duration::parse_duration;

use std::any::Any;
use std::fmt::Write as _;
use std::num::{IntErrorKind, ParseIntError};
use std::rc::Rc;

use jiff::SignedDuration;
use jiff::civil::Date;

use duration::{duration_text, round};
use layout::{Piece, location as location_of, next_piece, offset_text, parse};

use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, Host, fixed, hosted};
use crate::text::{bytewise, from_bytewise};
use crate::value::{Args, Object, Value};

pub(crate) const TABLE: &[Function] = &[
    hosted("now", 0, |host, _| Ok(now(host).into_value())),
    hosted("date", 2, |host, args| Ok(formatted(&instant(host, args.any(1)), &Zone::Utc, args.bytes(0)?))),
    hosted("dateInZone", 3, in_zone),
    hosted("date_in_zone", 3, in_zone),
    hosted("htmlDate", 1, |host, args| {
        Ok(instant(host, args.any(0)).format_in(&Zone::Utc, "2006-01-02").into())
    }),
    hosted("htmlDateInZone", 2, |host, args| {
        let zone = Zone::named(args.text(1)?.characters());
        Ok(instant(host, args.any(0)).format_in(&zone, "2006-01-02").into())
    }),
    fixed("dateModify", 2, |args| modify(args).map(|changed| changed.unwrap_or_else(|| args.any(1).clone()))),
    fixed("date_modify", 2, |args| {
        modify(args).map(|changed| changed.unwrap_or_else(|| args.any(1).clone()))
    }),
    fixed("mustDateModify", 2, must_modify),
    fixed("must_date_modify", 2, must_modify),
    fixed("toDate", 2, |args| Ok(parsed(args)?.unwrap_or(ZERO).into_value())),
    fixed("mustToDate", 2, |args| {
        parsed(args)?.map(Time::into_value).ok_or_else(|| {
            let (layout, text) = (args.any(0), args.any(1));
            Error::new(format!("parsing time `{text}` as `{layout}`: cannot parse it"))
        })
    }),
    fixed("unixEpoch", 1, |args| Ok(time(args, 0)?.seconds.to_string().into())),
    hosted("ago", 1, |host, args| {
        let then = instant(host, args.any(0));
        Ok(duration_text(now(host).since(&then)).into())
    }),
    fixed("duration", 1, |args| {
        let seconds = match args.any(0) {
            Value::Int64(number) => *number,
            value => value.as_str().map_or(0, saturated),
        };
        Ok(duration_text(nanoseconds(seconds)).into())
    }),
    hosted("durationRound", 1, |host, args| {
        let length = match args.any(0) {
            Value::Int64(number) => *number,
            Value::Object(_) => now(host).since(&time(args, 0)?),
            value => value.as_str().and_then(parse_duration).unwrap_or(0),
        };
        Ok(round(length.unsigned_abs()).into())
    }),
];

/// A moment, and the clock that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Time {
    /// Since 1970, in UTC.
    seconds: i64,
    nanoseconds: u32,
    location: Location,
}

/// What Go keeps of a clock with a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    Utc,
    /// The clock of the machine, which shows UTC here.
    Local,
    /// An offset that was read with a time.
    Fixed {
        /// The seconds east of Greenwich.
        east: i64,
        /// Empty if only the offset was read.
        name: Rc<str>,
    },
}

/// Go's zero time: the first day of the year 1.
const ZERO: Time = Time { seconds: -62_135_596_800, nanoseconds: 0, location: Location::Utc };

const DAY: i64 = 86_400;

/// The layout of JSON, YAML and TOML.
const RFC_3339: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// The days of 400 years, after which the calendar repeats. Years are far beyond those of the library.
const ERA: i64 = 146_097;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// The first day of a month in the year from 0 to 399 whose calendar is the same; `None` if there is no such month.
fn first_of_month(year: i64, month: i64) -> Option<Date> {
    let (year, month) = (i16::try_from(year.rem_euclid(400)).ok()?, i8::try_from(month).ok()?);
    Date::new(year, month, 1).ok()
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn now(host: &mut dyn Host) -> Time {
    let (seconds, nanoseconds) = host.random().now();
    Time { seconds, nanoseconds, location: Location::Local }
}

/// A time or the seconds since 1970; anything else is now.
fn instant(host: &mut dyn Host, value: &Value) -> Time {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => {
            Time { seconds: *seconds, nanoseconds: 0, location: Location::Local }
        }
        Value::Object(object) => match object.as_any().downcast_ref::<Time>() {
            Some(time) => time.clone(),
            None => now(host),
        },
        _ => now(host),
    }
}

/// An argument that has to be a time.
fn time(args: Args<'_>, index: usize) -> Result<Time> {
    match args.any(index) {
        Value::Object(object) => object.as_any().downcast_ref::<Time>().cloned(),
        _ => None,
    }
    .ok_or_else(|| args.mismatch(index, "time.Time"))
}

fn in_zone(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let zone = Zone::named(args.text(2)?.characters());
    Ok(formatted(&instant(host, args.any(1)), &zone, args.bytes(0)?))
}

/// The time that argument 1 says in the layout of argument 0.
fn parsed(args: Args<'_>) -> Result<Option<Time>> {
    Ok(parse(&bytewise(args.bytes(0)?), &bytewise(args.bytes(1)?)))
}

/// A time in a layout. Only ASCII means something in one, and everything else is written as it is.
fn formatted(time: &Time, zone: &Zone, layout: &[u8]) -> Value {
    from_bytewise(&time.format_in(zone, &bytewise(layout)))
}

/// The clock that a time is shown by.
enum Zone {
    /// That of a zone of the world.
    Known(jiff::tz::TimeZone),
    /// Always that many seconds east of Greenwich, under that name.
    Fixed(i64, Rc<str>),
    Utc,
}

impl Zone {
    fn named(name: &str) -> Self {
        let known = jiff::tz::TimeZone::get(name).ok().filter(|_| !matches!(name, "" | "UTC" | "Local"));
        known.map_or(Self::Utc, Self::Known)
    }

    /// The seconds east of Greenwich and the zone's name, at a time.
    fn offset_at(&self, time: &Time) -> (i64, String) {
        match self {
            Self::Known(zone) => {
                let info = zone.to_offset_info(alike(time.seconds));
                (i64::from(info.offset().seconds()), info.abbreviation().to_owned())
            }
            // Go writes the offset where a name is missing.
            Self::Fixed(east, name) if name.is_empty() => (*east, offset_text("+0000", *east)),
            Self::Fixed(east, name) => (*east, (**name).to_owned()),
            Self::Utc => (0, "UTC".to_owned()),
        }
    }
}

/// A time of the library at which every zone has the same clock: its earliest one for earlier times, and a time a multiple of
/// 400 years before for later ones.
fn alike(seconds: i64) -> jiff::Timestamp {
    use jiff::Timestamp;
    let last = Timestamp::MAX.as_second();
    let seconds = if seconds > last { last - (last - seconds).rem_euclid(ERA * DAY) } else { seconds };
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

fn modify(args: Args<'_>) -> Result<Option<Value>> {
    let (text, time) = (args.text(0)?, time(args, 1)?);
    Ok(parse_duration(text.characters()).map(|length| time.plus(length).into_value()))
}

fn must_modify(args: Args<'_>) -> Result<Value> {
    modify(args)?.ok_or_else(|| Error::new(format!("time: invalid duration `{}`", args.any(0))))
}

/// As in Go, too many wrap around.
/// A number as `strconv.ParseInt` leaves it even if it fails: the nearest one, or 0 if the text is no number.
fn saturated(text: &str) -> i64 {
    text.parse().unwrap_or_else(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => i64::MAX,
        IntErrorKind::NegOverflow => i64::MIN,
        _ => 0,
    })
}

fn nanoseconds(seconds: i64) -> i64 {
    seconds.wrapping_mul(1_000_000_000)
}

impl Time {
    /// A time of a TOML document. What has no date is on the first day of the year 0, what has no time at midnight, and
    /// what has no offset by a clock whose name says what is missing.
    pub(super) fn from_toml(time: toml::value::Datetime) -> Self {
        let date = time.date.unwrap_or(toml::value::Date { year: 0, month: 1, day: 1 });
        let clock =
            time.time.unwrap_or(toml::value::Time { hour: 0, minute: 0, second: None, nanosecond: None });
        let second = i64::from(clock.hour) * 3600
            + i64::from(clock.minute) * 60
            + i64::from(clock.second.unwrap_or(0));
        let (is_utc, east, name) = match (time.offset, time.date, time.time) {
            (Some(toml::value::Offset::Z), ..) => (true, 0, ""),
            (Some(toml::value::Offset::Custom { minutes }), ..) => (false, i64::from(minutes) * 60, ""),
            (None, Some(_), Some(_)) => (false, 0, "datetime-local"),
            (None, Some(_), None) => (false, 0, "date-local"),
            (None, None, _) => (false, 0, "time-local"),
        };
        let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
        let second = (day - 1) * DAY + second - east;
        let location = location_of(is_utc, Some(east), name);
        Self::from_month(year, month, second, clock.nanosecond.unwrap_or(0)).at(location)
    }

    /// As TOML writes it: without what its clock says is missing.
    pub(super) fn to_toml(&self) -> String {
        self.format(match &self.location {
            Location::Fixed { name, .. } if &**name == "datetime-local" => "2006-01-02T15:04:05.999999999",
            Location::Fixed { name, .. } if &**name == "date-local" => "2006-01-02",
            Location::Fixed { name, .. } if &**name == "time-local" => "15:04:05.999999999",
            _ => RFC_3339,
        })
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// What is compared with other times: Go counts from the year 1, so the latest times wrap around.
    fn moment(&self) -> (i64, u32) {
        (self.seconds.wrapping_sub(ZERO.seconds), self.nanoseconds)
    }

    /// The nanoseconds since another time, to the second. Without a number for them it is the longest duration.
    fn since(&self, then: &Self) -> i64 {
        let exact =
            self.seconds.checked_sub(then.seconds).and_then(|seconds| seconds.checked_mul(1_000_000_000));
        exact.unwrap_or(if self.moment() < then.moment() { i64::MIN } else { i64::MAX })
    }

    fn plus(self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanoseconds) + nanoseconds.rem_euclid(1_000_000_000);
        let seconds = nanoseconds.div_euclid(1_000_000_000) + total / 1_000_000_000;
        Self {
            seconds: self.seconds.wrapping_add(seconds),
            nanoseconds: u32::try_from(total % 1_000_000_000).unwrap_or(0),
            ..self
        }
    }

    /// The same moment by another clock.
    fn at(self, location: Location) -> Self {
        Self { location, ..self }
    }

    /// What its own clock shows, as a time in UTC.
    fn shown(&self) -> Self {
        let (east, _) = self.zone().offset_at(self);
        Self {
            seconds: self.seconds.wrapping_add(east),
            nanoseconds: self.nanoseconds,
            location: Location::Utc,
        }
    }

    fn zone(&self) -> Zone {
        match &self.location {
            Location::Utc | Location::Local => Zone::Utc,
            Location::Fixed { east, name } => Zone::Fixed(*east, Rc::clone(name)),
        }
    }

    /// The days since 1970 on the calendar, and the seconds of the day. Go counts from a year so long ago that the number has
    /// no sign, so the few times before it wrap around to the other end.
    fn on_calendar(&self) -> (i64, i64) {
        const FIRST: i64 = -9_223_372_028_741_760_000;
        let wrapped = if self.seconds < FIRST { 1 << 64 } else { 0 };
        let (seconds, day) = (i128::from(self.seconds) + wrapped, i128::from(DAY));
        let number = |number: i128| i64::try_from(number).unwrap_or_default();
        (number(seconds.div_euclid(day)), number(seconds.rem_euclid(day)))
    }

    /// The day in the first 400 years from 1970, and how many times 400 years it is after that.
    fn day(&self) -> (Date, i64) {
        let (days, _) = self.on_calendar();
        let of_era = SignedDuration::from_hours(24 * days.rem_euclid(ERA));
        (EPOCH.checked_add(of_era).unwrap_or(EPOCH), days.div_euclid(ERA))
    }

    /// Year, month (from 1) and day of the proleptic Gregorian calendar.
    fn date(&self) -> (i64, i64, i64) {
        let (date, era) = self.day();
        (i64::from(date.year()) + 400 * era, date.month().into(), date.day().into())
    }

    /// The first day of a month (from 1).
    fn from_month(year: i64, month: i64, second_of_day: i64, nanoseconds: u32) -> Self {
        let first = first_of_month(year, month).unwrap_or(EPOCH);
        let days = first.duration_since(EPOCH).as_hours() / 24 + year.div_euclid(400) * ERA;
        Self { seconds: days * DAY + second_of_day, nanoseconds, location: Location::Utc }
    }

    /// The same time of day so many years, months and days later.
    fn add_date(&self, args: Args<'_>) -> Result<Value> {
        const FARTHEST: i64 = 1_000_000;
        let (years, months, days) = (args.int(0)?, args.int(1)?, args.int(2)?);
        if [years, months, days].iter().any(|number| number.abs_diff(0) > FARTHEST.unsigned_abs()) {
            return Err(Error::new("the date is too far away"));
        }
        let shown = self.shown();
        let (year, month, day) = shown.date();
        let total = year.saturating_add(years).clamp(-FARTHEST, FARTHEST) * 12 + month - 1 + months;
        let (_, second_of_day) = shown.on_calendar();
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        let first = Self::from_month(year, month, second_of_day, self.nanoseconds);
        let (east, _) = self.zone().offset_at(self);
        let seconds = first.seconds + (day - 1 + days) * DAY - east;
        Ok(Self { seconds, ..self.clone() }.into_value())
    }

    fn clock(&self) -> (i64, i64, i64) {
        let (_, second) = self.on_calendar();
        (second / 3600, second / 60 % 60, second % 60)
    }

    fn weekday(&self) -> i64 {
        self.day().0.weekday().to_sunday_zero_offset().into()
    }

    fn day_of_year(&self) -> i64 {
        self.day().0.day_of_year().into()
    }

    /// The time in a layout written as Go's reference time.
    fn format(&self, layout: &str) -> String {
        self.format_in(&self.zone(), layout)
    }

    /// The same, as clocks and calendars of a zone show it.
    fn format_in(&self, zone: &Zone, layout: &str) -> String {
        let (east, zone) = zone.offset_at(self);
        let local = Self { seconds: self.seconds.wrapping_add(east), ..self.clone() };
        let (year, month, day) = local.date();
        let (hour, minute, second) = local.clock();
        let name = |names: &[&'static str], index: i64| {
            usize::try_from(index).ok().and_then(|i| names.get(i).copied())
        };
        let month_name = name(&MONTHS, month - 1).unwrap_or_default();
        let weekday = name(&WEEKDAYS, local.weekday()).unwrap_or_default();
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let mut out = String::with_capacity(layout.len() + 8);
        let mut rest = layout;
        while let Some((before, piece, after)) = next_piece(rest) {
            out.push_str(before);
            rest = after;
            let _ = match piece {
                Piece::LongMonth => write!(out, "{month_name}"),
                Piece::Month => write!(out, "{}", &month_name[..3]),
                Piece::NumMonth => write!(out, "{month}"),
                Piece::ZeroMonth => write!(out, "{month:02}"),
                Piece::LongWeekday => write!(out, "{weekday}"),
                Piece::Weekday => write!(out, "{}", &weekday[..3]),
                Piece::Day => write!(out, "{day}"),
                Piece::SpaceDay => write!(out, "{day:>2}"),
                Piece::ZeroDay => write!(out, "{day:02}"),
                Piece::YearDay => write!(out, "{:03}", local.day_of_year()),
                Piece::SpaceYearDay => write!(out, "{:>3}", local.day_of_year()),
                Piece::Hour => write!(out, "{hour:02}"),
                Piece::Hour12 => write!(out, "{twelve}"),
                Piece::ZeroHour12 => write!(out, "{twelve:02}"),
                Piece::Minute => write!(out, "{minute}"),
                Piece::ZeroMinute => write!(out, "{minute:02}"),
                Piece::Second => write!(out, "{second}"),
                Piece::ZeroSecond => write!(out, "{second:02}"),
                Piece::LongYear => write!(out, "{year:04}"),
                Piece::Year => write!(out, "{:02}", year.rem_euclid(100)),
                Piece::Noon => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
                Piece::SmallNoon => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
                Piece::Zone => write!(out, "{zone}"),
                Piece::Offset(true, _) if east == 0 => write!(out, "Z"),
                Piece::Offset(_, form) => write!(out, "{}", offset_text(form, east)),
                Piece::Fraction(mark, digits, trims) => {
                    let all = format!("{:09}", self.nanoseconds);
                    let part = &all[..digits.min(9)];
                    let part = if trims { part.trim_end_matches('0') } else { part };
                    if part.is_empty() { Ok(()) } else { write!(out, "{mark}{part}") }
                }
            };
        }
        out.push_str(rest);
        out
    }
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        let shown = self.shown();
        let (year, month, day) = shown.date();
        let (hour, minute, second) = shown.clock();
        let other = || time(args, 0);
        Some(match name {
            "Format" => args.bytes(0).map(|layout| formatted(self, &self.zone(), layout)),
            "Unix" => Ok(Value::Int64(self.seconds)),
            "UnixMilli" => {
                let whole = self.seconds.wrapping_mul(1000);
                Ok(Value::Int64(whole.wrapping_add(i64::from(self.nanoseconds / 1_000_000))))
            }
            "UnixNano" => {
                Ok(Value::Int64(nanoseconds(self.seconds).wrapping_add(i64::from(self.nanoseconds))))
            }
            "Year" => Ok(Value::Int(year)),
            "Month" => Ok(Value::Object(Rc::new(Named {
                kind: "time.Month",
                number: month,
                names: &MONTHS,
                first: 1,
            }))),
            "Day" => Ok(Value::Int(day)),
            "Hour" => Ok(Value::Int(hour)),
            "Minute" => Ok(Value::Int(minute)),
            "Second" => Ok(Value::Int(second)),
            "Nanosecond" => Ok(Value::Int(i64::from(self.nanoseconds))),
            "YearDay" => Ok(Value::Int(shown.day_of_year())),
            "Weekday" => Ok(Value::Object(Rc::new(Named {
                kind: "time.Weekday",
                number: shown.weekday(),
                names: &WEEKDAYS,
                first: 0,
            }))),
            "UTC" => Ok(self.clone().at(Location::Utc).into_value()),
            "Local" => Ok(self.clone().at(Location::Local).into_value()),
            "String" => Ok(self.display().into()),
            "IsZero" => Ok(Value::Bool(self.moment() == ZERO.moment())),
            "AddDate" => self.add_date(args),
            "Before" => other().map(|other| Value::Bool(self.moment() < other.moment())),
            "After" => other().map(|other| Value::Bool(self.moment() > other.moment())),
            "Equal" => other().map(|other| Value::Bool(self.moment() == other.moment())),
            _ => return None,
        })
    }

    fn display(&self) -> String {
        self.format("2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn serialize(&self) -> Value {
        self.format(RFC_3339).into()
    }

    fn structure(&self) -> Option<Vec<(&'static str, Value)>> {
        let (seconds, nanoseconds) = self.moment();
        Some(vec![
            ("wall", Value::Uint(nanoseconds.into())),
            ("ext", Value::Int64(seconds)),
            ("loc", location::printed(&self.location)),
        ])
    }

    fn has_string_method(&self) -> bool {
        true
    }

    fn go_string(&self) -> Option<String> {
        let shown = self.shown();
        let ((year, month, day), (hour, minute, second)) = (shown.date(), shown.clock());
        let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
        let location = match &self.location {
            Location::Utc => "time.UTC".to_owned(),
            Location::Local => "time.Local".to_owned(),
            Location::Fixed { name, .. } => format!("time.Location({})", fmt::quote(name.as_bytes())),
        };
        let nanoseconds = self.nanoseconds;
        Some(format!(
            "time.Date({year}, time.{month}, {day}, {hour}, {minute}, {second}, {nanoseconds}, {location})"
        ))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A month or a day of the week: a number that prints as its name.
struct Named {
    kind: &'static str,
    number: i64,
    names: &'static [&'static str],
    first: i64,
}

impl Object for Named {
    fn type_name(&self) -> &'static str {
        self.kind
    }

    fn kind(&self) -> &'static str {
        "int"
    }

    fn member(&self, name: &str, _: Args<'_>) -> Option<Result<Value>> {
        (name == "String").then(|| Ok(self.display().into()))
    }

    fn display(&self) -> String {
        let index = usize::try_from(self.number - self.first).unwrap_or(usize::MAX);
        self.names.get(index).map_or_else(|| self.number.to_string(), |name| (*name).to_owned())
    }

    fn underlying(&self) -> Option<Value> {
        Some(Value::Int(self.number))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_by_name_have_their_own_clocks() {
        let summer = Time { seconds: 1_719_849_600, ..ZERO };
        let shown = |zone: &str, layout: &str| summer.format_in(&Zone::named(zone), layout);
        assert_eq!(shown("America/New_York", "2006-01-02T15:04:05 MST"), "2024-07-01T12:00:00 EDT");
        assert_eq!(shown("Asia/Kolkata", "15:04 -0700 Z07:00"), "21:30 +0530 +05:30");
        assert_eq!(shown("Pacific/Auckland", "Mon 02 002"), "Tue 02 184");
        for utc in ["UTC", "Local", "", "Nowhere/Zone"] {
            assert_eq!(shown(utc, "15:04 MST Z07:00 -07"), "16:00 UTC Z +00", "{utc}");
        }
    }

    #[test]
    fn layouts_format_and_parse() {
        let time = parse("2006-01-02T15:04:05Z07:00", "2024-02-29T13:07:09.5+02:00").unwrap();
        assert_eq!(
            time.format("Mon Jan _2 03:04:05.000 PM 2006 MST -0700"),
            "Thu Feb 29 01:07:09.500 PM 2024 +0200 +0200"
        );
        assert_eq!(time.format_in(&Zone::Utc, "15:04 MST"), "11:07 UTC");
        assert_eq!(time.format("Monday, 2 January 06 002"), "Thursday, 29 February 24 060");
        assert_eq!(parse("2006-01-02", "2023-02-29"), None);
        assert_eq!(
            parse("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2013 at 7:54pm (PST)").unwrap().seconds,
            1_359_921_240
        );
        assert_eq!(ZERO.format("2006-01-02"), "0001-01-01");
        for (layout, text) in [
            ("2006-01-02  ", "2023-02-01"),
            (" 2006 01  02", "   2023  01 02"),
            ("2006-01-02 ", "2023-02-01   "),
        ] {
            assert!(parse(layout, text).is_some(), "{layout}");
        }
        assert_eq!(parse("2006 -01-02", "2023x-02-01"), None);
        assert_eq!(parse("2006-01-02", "2023-02-01 "), None);
    }

    #[test]
    fn times_beyond_64_bits_wrap_around_as_in_go() {
        let at = |seconds: i64| Time { seconds, ..ZERO };
        for (seconds, text) in [
            (i64::MAX, "292277026596-12-04T15:30:07"),
            (i64::MIN, "292277026596-12-04T15:30:08"),
            (-9_223_372_028_741_760_001, "292277026854-01-07T07:00:15"),
            (-9_223_372_028_741_760_000, "-292277022400-03-01T00:00:00"),
        ] {
            assert_eq!(at(seconds).format("2006-01-02T15:04:05"), text);
        }
        let (tokyo, new_york) = (Zone::named("Asia/Tokyo"), Zone::named("America/New_York"));
        assert_eq!(at(i64::MAX).format_in(&tokyo, "01-02T15:04:05 Mon"), "12-05T00:30:07 Mon");
        assert_eq!(at(i64::MIN).format_in(&new_york, "01-02T15:04:05"), "12-04T10:34:06");
        let now = at(1_700_000_000);
        assert_eq!((now.since(&at(i64::MAX)), now.since(&at(i64::MIN))), (i64::MAX, i64::MAX));
        assert_eq!(now.since(&at(1 << 60)), i64::MIN);
        assert_eq!(at(i64::MAX).plus(-1).nanoseconds, 999_999_999);
    }

    #[test]
    fn verbs_without_a_meaning_for_times_print_the_struct() {
        let print = |format: &str, location: Location| {
            let time = ZERO.at(location).plus(5_000_000_001).into_value();
            let text = fmt::sprintf(&crate::text::Text::new(format.as_bytes()), &[time]);
            String::from_utf8(text.into_bytes()).unwrap()
        };
        assert_eq!(
            print("%t", Location::Local),
            "{%!t(uint64=1) %!t(int64=5) %!t(*time.Location=&{Local [{UTC 0 false}] [{-9223372036854775808 0 false false}] \
             UTC0 -9223372036854775808 9223372036854775807 0xc000000000})}"
        );
        let east = Location::Fixed { east: 7200, name: "".into() };
        assert!(print("%!", east).contains("&{ [{ 7200 false}] [{-9223372036854775808 0 false false}]  -9"));
        assert_eq!(print("%v", Location::Utc), "0001-01-01 00:00:05.000000001 +0000 UTC");
    }
}
