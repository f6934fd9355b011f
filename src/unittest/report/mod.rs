//! What came of tests, for people and for other programs.

mod junit;
mod lines;
mod nunit;
mod sonar;
mod text;
mod xml;
mod xunit;

pub(super) use text::{GREEN, Painter, RED, YELLOW};
pub use text::{chart, summary};

use super::result::Summary;
use std::time::SystemTime;

/// The format of a report for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `JUnit`
    JUnit,
    /// `NUnit` 2.5
    NUnit,
    /// xUnit.net 2
    XUnit,
    /// `SonarQube`'s generic test data.
    Sonar,
}

/// The report on tests that ended at `now`.
pub fn report(summary: &Summary, format: Format, now: SystemTime) -> String {
    match format {
        Format::JUnit => junit::report(summary, now),
        Format::NUnit => nunit::report(summary, now),
        Format::XUnit => xunit::report(summary, now),
        Format::Sonar => sonar::report(summary),
    }
}
