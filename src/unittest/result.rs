//! What came of tests.

use super::check::Finding;
use super::coverage::Coverage;
use super::snapshot::Outcome;
use crate::diag::Diagnostic;
use crate::engine::Reached;
use std::path::PathBuf;
use std::time::Duration;

/// What came of the tests of all charts.
#[derive(Debug, Default)]
pub struct Summary {
    /// The charts, in the order of the arguments.
    pub charts: Vec<ChartResult>,
    /// How long it took.
    pub duration: Duration,
}

/// What came of the tests of a chart.
#[derive(Debug)]
pub struct ChartResult {
    /// The chart's name; empty if it could not be read.
    pub name: String,
    /// The chart as it was given.
    pub path: String,
    /// Its suites, in the order of their files.
    pub suites: Vec<SuiteResult>,
    /// What is wrong with the chart or its suites. After an error no suite was run.
    pub diagnostics: Vec<Diagnostic>,
    /// The snapshot files to be written.
    pub snapshots: Vec<SnapshotFile>,
    /// The snapshot files to be removed, because their cases are gone.
    pub stale_snapshots: Vec<PathBuf>,
    /// What is worth knowing about cases and is not wrong.
    pub notes: Vec<String>,
    /// What the tests reached of the templates, if that was recorded.
    pub coverage: Option<Coverage>,
}

/// A snapshot file that changes.
#[derive(Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it will hold.
    pub text: String,
}

/// What came of a suite.
#[derive(Debug)]
pub struct SuiteResult {
    pub(super) name: String,
    /// The suite file.
    pub(super) file: String,
    /// The jobs that were run or skipped, in order.
    pub(super) jobs: Vec<JobResult>,
    pub(super) snapshots: usize,
    pub(super) differing_snapshots: usize,
}

/// What came of a job.
#[derive(Debug)]
pub(super) struct JobResult {
    pub(super) name: String,
    pub(super) status: Status,
    /// Why it could not be judged.
    pub(super) error: Option<String>,
    pub(super) failures: Vec<Failure>,
    pub(super) duration: Duration,
    pub(super) outcomes: Vec<Outcome>,
    /// What it reached of the templates, if that is recorded and was not counted yet.
    pub(super) reached: Option<Reached>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    /// Skipped, for this reason.
    Skipped(String),
    /// Passed, because no template rendered a document that it selects.
    SkippedAsEmpty,
}

/// An expectation that is not met.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) expectation: Expectation,
    /// The reasons, each with the place in a template that rendered the value, and where that comes from.
    pub(super) findings: Vec<(Finding, Option<Place>, Option<Place>)>,
}

/// What a job expects.
#[derive(Debug)]
pub(super) enum Expectation {
    /// An assertion of a suite.
    Assertion {
        /// Its place in `asserts`.
        index: usize,
        kind: &'static str,
        not: bool,
        /// Where the suite makes it.
        at: Option<Place>,
    },
    /// What every case expects, in words that say what is wrong instead.
    Case(&'static str),
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    /// The line, without spaces around it.
    pub(super) text: String,
}

impl JobResult {
    /// A job with nothing but a name and a status.
    pub(super) fn new(name: &str, status: Status) -> Self {
        Self {
            name: name.to_owned(),
            status,
            error: None,
            failures: Vec::new(),
            duration: Duration::ZERO,
            outcomes: Vec::new(),
            reached: None,
        }
    }
}

impl Failure {
    /// What is wrong with a case: in words, a text below a title, and the places in templates and values that it is about.
    pub(super) fn of_case(
        words: &'static str,
        about: Option<(String, String)>,
        places: Vec<(Place, Option<Place>)>,
    ) -> Self {
        let mut places = places.into_iter();
        let (template, value) =
            places.next().map_or((None, None), |(template, value)| (Some(template), value));
        let first =
            about.map(|about| (Finding { expected: Some(about), ..Finding::default() }, template, value));
        let others = places.map(|(template, value)| (Finding::default(), Some(template), value));
        Self { expectation: Expectation::Case(words), findings: first.into_iter().chain(others).collect() }
    }
}

impl Summary {
    /// Whether every test of every chart passed or was skipped.
    pub fn has_passed(&self) -> bool {
        self.charts.iter().all(ChartResult::has_passed)
    }

    /// Whether a chart or a suite could not be read.
    pub fn has_errors(&self) -> bool {
        self.charts.iter().any(ChartResult::has_errors)
    }

    /// What the tests reached of the templates of each chart, if that was recorded.
    pub fn coverage(&self) -> Vec<&Coverage> {
        self.charts.iter().filter_map(|chart| chart.coverage.as_ref()).collect()
    }

    pub(super) fn suites(&self) -> impl Iterator<Item = &SuiteResult> {
        self.charts.iter().flat_map(|chart| &chart.suites)
    }
}

impl ChartResult {
    /// Whether the chart or a suite could not be read.
    pub fn has_errors(&self) -> bool {
        crate::diag::has_errors(&self.diagnostics)
    }

    /// Whether every test passed or was skipped.
    pub fn has_passed(&self) -> bool {
        !self.has_errors() && self.suites.iter().all(SuiteResult::has_passed)
    }
}

impl SuiteResult {
    pub(super) fn has_passed(&self) -> bool {
        self.jobs.iter().all(|job| job.status != Status::Failed)
    }

    pub(super) fn is_skipped(&self) -> bool {
        !self.jobs.is_empty() && self.jobs.iter().all(JobResult::is_skipped)
    }

    pub(super) fn duration(&self) -> Duration {
        self.jobs.iter().map(|job| job.duration).sum()
    }
}

impl JobResult {
    /// Whether its assertions were checked, so that its snapshots are known.
    pub(super) fn was_judged(&self) -> bool {
        !self.is_skipped() && self.error.is_none()
    }

    pub(super) fn is_skipped(&self) -> bool {
        matches!(self.status, Status::Skipped(_))
    }
}
