//! What came of tests, for people; the closing lines are those of helm-unittest, which scripts read.

use super::lines::{finding, title};
use crate::diag::render::Style;
use crate::unittest::result::{ChartResult, JobResult, Status, SuiteResult, Summary};
use anstyle::{AnsiColor, Effects};
use std::fmt::Write as _;

pub(in crate::unittest) const GREEN: anstyle::Style = AnsiColor::Green.on_default();
pub(in crate::unittest) const RED: anstyle::Style = AnsiColor::Red.on_default();
pub(in crate::unittest) const YELLOW: anstyle::Style = AnsiColor::Yellow.on_default();
const BOLD: anstyle::Style = anstyle::Style::new().effects(Effects::BOLD);
const FAINT: anstyle::Style = anstyle::Style::new().effects(Effects::DIMMED);

/// Writes texts in colours, if there are any.
#[derive(Clone, Copy)]
pub(in crate::unittest) struct Painter(pub(in crate::unittest) Style);

impl Painter {
    pub(in crate::unittest) fn paint(self, style: anstyle::Style, text: &str) -> String {
        match self.0 {
            Style::Coloured => format!("{style}{text}{style:#}"),
            Style::Plain => text.to_owned(),
        }
    }
}

/// What came of the suites of a chart.
pub fn chart(result: &ChartResult, style: Style) -> String {
    let painter = Painter(style);
    if result.has_errors() {
        return format!("\n### Chart [ {} ] {}: not tested\n\n", result.name, result.path);
    }
    let mut out = format!(
        "\n### Chart [ {} ] {}\n\n",
        painter.paint(BOLD, &result.name),
        painter.paint(FAINT, &result.path)
    );
    for result in &result.suites {
        suite(result, painter, &mut out);
    }
    out
}

fn suite(result: &SuiteResult, painter: Painter, out: &mut String) {
    let label = if result.is_skipped() {
        painter.paint(YELLOW, " SKIP ")
    } else if result.has_passed() {
        painter.paint(GREEN, " PASS ")
    } else {
        painter.paint(RED, " FAIL ")
    };
    let _ = writeln!(
        out,
        "{label} {}\t{}",
        painter.paint(BOLD, &result.name),
        painter.paint(FAINT, &result.file)
    );
    for result in &result.jobs {
        job(result, painter, out);
    }
}

fn job(result: &JobResult, painter: Painter, out: &mut String) {
    match &result.status {
        Status::Passed | Status::SkippedAsEmpty => {}
        Status::Skipped(reason) => {
            let label = painter.paint(YELLOW, &format!("SKIPPED '{}'", result.name));
            let _ = writeln!(out, "\t- {label}: {reason}");
        }
        Status::Failed => {
            let _ = write!(out, "\t{}\n\n", painter.paint(RED, &format!("- {}", result.name)));
            if let Some(error) = &result.error {
                indented(error.lines(), 2, out);
                out.push('\n');
                return;
            }
            for failure in &result.failures {
                let _ = writeln!(out, "\t\t{}", painter.paint(RED, &title(failure)));
                for found in &failure.findings {
                    let lines = finding(found);
                    indented(lines.iter().map(String::as_str), 3, out);
                    out.push('\n');
                }
            }
        }
    }
}

fn indented<'l>(lines: impl Iterator<Item = &'l str>, tabs: usize, out: &mut String) {
    for line in lines {
        if line.is_empty() {
            out.push('\n');
        } else {
            let _ = writeln!(out, "{}{line}", "\t".repeat(tabs));
        }
    }
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    errored: usize,
    skipped: usize,
}

impl Counts {
    fn described(&self, painter: Painter) -> String {
        let mut out = String::new();
        if self.failed > 0 {
            out.push_str(&painter.paint(RED, &format!("{} failed, ", self.failed)));
        }
        if self.errored > 0 {
            let _ = write!(out, "{} errored, ", self.errored);
        }
        let total = self.passed + self.failed + self.skipped;
        let _ = write!(out, "{} passed, ", self.passed);
        if self.skipped > 0 {
            let _ = write!(out, "{} skipped, ", self.skipped);
        }
        format!("{out}{total} total")
    }
}

/// The closing lines.
pub fn summary(summary: &Summary, style: Style) -> String {
    let painter = Painter(style);
    let (mut charts, mut suites, mut jobs, mut snapshots) =
        (Counts::default(), Counts::default(), Counts::default(), Counts::default());
    let mut differing_suites = 0;
    for chart in &summary.charts {
        let counted = if chart.has_passed() { &mut charts.passed } else { &mut charts.failed };
        *counted += 1;
        charts.errored += usize::from(chart.has_errors());
    }
    for suite in summary.suites() {
        let counted = if suite.is_skipped() {
            &mut suites.skipped
        } else if suite.has_passed() {
            &mut suites.passed
        } else {
            &mut suites.failed
        };
        *counted += 1;
        snapshots.failed += suite.differing_snapshots;
        snapshots.passed += suite.snapshots - suite.differing_snapshots;
        differing_suites += usize::from(suite.differing_snapshots > 0);
        for job in &suite.jobs {
            let counted = match job.status {
                Status::Passed | Status::SkippedAsEmpty => &mut jobs.passed,
                Status::Skipped(_) => &mut jobs.skipped,
                Status::Failed => &mut jobs.failed,
            };
            *counted += 1;
            jobs.errored += usize::from(job.error.is_some());
        }
    }
    let mut out = String::new();
    if snapshots.failed > 0 {
        let failed = painter.paint(RED, &format!("{} snapshot failed", snapshots.failed));
        let _ = write!(
            out,
            "\nSnapshot Summary: {failed} in {differing_suites} test suite. Check changes and use `-u` to update \
             snapshot.\n"
        );
    }
    for (label, text) in [
        ("\nCharts:", charts.described(painter)),
        ("Test Suites:", suites.described(painter)),
        ("Tests:", jobs.described(painter)),
        ("Snapshot:", snapshots.described(painter)),
        ("Time:", format!("{:.3}s", summary.duration.as_secs_f64())),
    ] {
        let width = if label.starts_with('\n') { 14 } else { 13 };
        let _ = writeln!(out, "{label:width$}{text}");
    }
    out.push('\n');
    out
}
