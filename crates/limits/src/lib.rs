#![doc = include_str!("../README.md")]
//!
//! The limits are those of the process: what is a loop in one crate is an allocation in another and a regular expression in
//! a third, and all of them count. A process that never calls [`start`] has no limits.

mod activity;
mod memory;

pub use activity::Activity;
pub use memory::Counting;

use std::fmt;
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How long code may go on after the timeout until it gets to a check.
const GRACE: Duration = Duration::from_millis(500);

/// The exit code of a process that had to be ended.
const EXIT_CODE: i32 = 2;

/// What a process may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub time: Option<Duration>,
    /// Whether [`allow_more_time`] changes nothing: the user set the time.
    pub is_time_fixed: bool,
    /// How many bytes it may allocate. The allocator rounds sizes up, so the blocks in use at a time may have seven eighths of
    /// that.
    pub memory: Option<usize>,
}

/// The limit that was exceeded. Its text is a phrase that names the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exceeded {
    /// The process has run for too long.
    Time = 1,
    /// The process has allocated too much.
    Memory = 2,
}

/// [`GOING_ON`], [`ENDED`], or the number of the limit that was exceeded.
static STATE: AtomicU8 = AtomicU8::new(GOING_ON);

/// Within the limits.
const GOING_ON: u8 = 0;

/// The limits no longer apply.
const ENDED: u8 = u8::MAX;

static LIMITS: OnceLock<Limits> = OnceLock::new();

/// How many milliseconds the process may run longer than its limits say.
static MORE_TIME: AtomicU64 = AtomicU64::new(0);

/// The most that this can be. Input decides how much there is to do, and must not keep a machine busy for days.
const MOST_MORE_TIME: Duration = Duration::from_secs(30 * 60);

/// What the process was doing when a limit was exceeded.
static INTERRUPTED: OnceLock<String> = OnceLock::new();

/// Limits the process from now on. Only the first call counts, and the thread that makes it is the one that other threads
/// work for.
pub fn start(limits: Limits) {
    if LIMITS.set(limits).is_err() {
        return;
    }
    activity::start();
    if let Some(bytes) = limits.memory {
        memory::limit(bytes);
    }
    if let Some(time) = limits.time {
        let watch = move || {
            let mut waited = Duration::ZERO;
            // A remainder of nothing would be waited for without end.
            while let Some(left) = (time + more_time()).checked_sub(waited).filter(|left| !left.is_zero()) {
                std::thread::sleep(left);
                waited += left;
            }
            exceed(Exceeded::Time);
            std::thread::sleep(GRACE);
            if let Err(exceeded) = check() {
                stop(exceeded);
            }
        };
        // Without a thread to spare, checks are still bounded by the work that callers count.
        let _ = std::thread::Builder::new().name("timeout".to_owned()).spawn(watch);
    }
}

/// Allows so much more time than the limits say, unless the user set the time: there is more to do than a command usually
/// has. All of it together is at most half an hour.
pub fn allow_more_time(more: Duration) {
    if LIMITS.get().is_some_and(|limits| !limits.is_time_fixed) {
        MORE_TIME.fetch_add(u64::try_from(more.min(MOST_MORE_TIME).as_millis()).unwrap_or_default(), Relaxed);
    }
}

fn more_time() -> Duration {
    Duration::from_millis(MORE_TIME.load(Relaxed)).min(MOST_MORE_TIME)
}

/// Whether the process is within its limits. Cheap enough for every turn of a loop.
///
/// # Errors
/// The limit that was exceeded; from then on always.
#[inline]
pub fn check() -> Result<(), Exceeded> {
    match STATE.load(Relaxed) {
        GOING_ON | ENDED => Ok(()),
        number => Err(Exceeded::from_number(number)),
    }
}

/// Ends the limits: the result is complete and is about to be written, which must not be interrupted.
///
/// # Errors
/// The limit that was exceeded before: the result must not be written.
pub fn finish() -> Result<(), Exceeded> {
    memory::unlimit();
    match STATE.swap(ENDED, Relaxed) {
        GOING_ON | ENDED => Ok(()),
        number => Err(Exceeded::from_number(number)),
    }
}

/// What the process was doing when a limit was exceeded; it goes well with "while".
#[must_use]
pub fn interrupted() -> Option<&'static str> {
    INTERRUPTED.get().map(String::as_str)
}

impl Exceeded {
    fn from_number(number: u8) -> Self {
        if number == Self::Memory as u8 { Self::Memory } else { Self::Time }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Time => "simplify the input, or allow more time with `--timeout`",
            Self::Memory => "simplify the input, or allow more memory with `--max-memory`",
        }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = LIMITS.get().copied().unwrap_or_default();
        match self {
            Self::Time => {
                f.write_str("timed out after ")?;
                write_duration(limits.time.unwrap_or_default() + more_time(), f)
            }
            Self::Memory => match limits.memory {
                Some(bytes) => {
                    f.write_str("the memory limit of ")?;
                    write_size(bytes, f)?;
                    f.write_str(" was exceeded")
                }
                None => f.write_str("there is not enough memory"),
            },
        }
    }
}

impl std::error::Error for Exceeded {}

/// Notes that a limit is exceeded, unless another was before.
fn exceed(limit: Exceeded) {
    if STATE.compare_exchange(GOING_ON, limit as u8, Relaxed, Relaxed).is_ok() {
        activity::with_current(|activity| {
            let _ = INTERRUPTED.set(activity.to_owned());
        });
    }
}

/// Ends the process. It must not allocate: there may be no memory left.
#[cold]
#[expect(
    clippy::exit,
    reason = "the code that runs does not check the limits, or cannot go on without memory"
)]
fn stop(limit: Exceeded) -> ! {
    static STOPPING: AtomicBool = AtomicBool::new(false);
    if STOPPING.swap(true, Relaxed) {
        // Another thread is ending the process.
        loop {
            std::thread::sleep(GRACE);
        }
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "error: {limit}");
    activity::with_current(|activity| {
        let _ = write!(stderr, " while {}", visible(activity));
    });
    let _ = writeln!(stderr, "\n  = help: {}", limit.help());
    std::process::exit(EXIT_CODE);
}

/// A text without characters that a terminal obeys or does not show: activities name files of strangers.
fn visible(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = |c: char| if is_odd(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// As Go writes durations, without units that are zero.
fn write_duration(duration: Duration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        write!(f, "{hours}h")?;
    }
    if minutes > 0 {
        write!(f, "{minutes}m")?;
    }
    let millis = duration.subsec_millis();
    match (rest, millis) {
        (0, 0) if seconds > 0 => Ok(()),
        (0, millis) if seconds == 0 => write!(f, "{millis}ms"),
        (rest, 0) => write!(f, "{rest}s"),
        (rest, millis) => write!(f, "{rest}.{millis:03}s"),
    }
}

/// As Kubernetes writes quantities of bytes.
fn write_size(bytes: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let units = [(30, "Gi"), (20, "Mi"), (10, "Ki")];
    match units.into_iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift) {
        Some((shift, unit)) => write!(f, "{}{unit}", bytes >> shift),
        None => write!(f, "{bytes}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Show<T>(T, fn(T, &mut fmt::Formatter<'_>) -> fmt::Result);

    impl<T: Copy> fmt::Display for Show<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            (self.1)(self.0, f)
        }
    }

    #[test]
    fn no_input_gets_more_than_half_an_hour() {
        MORE_TIME.store(u64::MAX, Relaxed);
        assert_eq!(more_time(), MOST_MORE_TIME);
        MORE_TIME.store(0, Relaxed);
        assert_eq!(more_time(), Duration::ZERO);
    }

    #[test]
    fn limits_read_as_they_are_written_on_the_command_line() {
        let duration = |millis| Show(Duration::from_millis(millis), write_duration).to_string();
        let durations = [90_000, 60_000, 3_600_000, 2_000, 500, 1_500, 5_415_000].map(duration);
        assert_eq!(durations, ["1m30s", "1m", "1h", "2s", "500ms", "1.500s", "1h30m15s"]);
        let size = |bytes| Show(bytes, write_size).to_string();
        assert_eq!([1 << 30, 512 << 20, 1_500_000, 3 << 10].map(size), ["1Gi", "512Mi", "1500000", "3Ki"]);
    }
}
