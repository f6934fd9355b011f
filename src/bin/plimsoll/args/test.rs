//! The arguments of `test`: names and meanings are those of helm-unittest, except for those about cases.

use crate::completion;
use crate::watch::WatchFlag;
use clap::{ArgAction, Args, ValueEnum, ValueHint};
use clap_complete::engine::ArgValueCompleter;
use plimsoll::unittest::report::Format;
use plimsoll::unittest::{DEFAULT_FILES, Options};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll test ./chart
  plimsoll test ./chart -f 'tests/**/*_test.yaml'
  plimsoll test ./chart --update-snapshot       # replace the snapshots that differ
  plimsoll test ./chart --cases --update        # store the renders with the values in ci/
  plimsoll test ./chart --schema                # check that wrong values are refused
  plimsoll test ./chart -o results.xml -t JUnit
  plimsoll test ./chart --coverage --min-coverage 80
  plimsoll test ./chart --coverage-lcov coverage.info --coverage-html coverage.html

Exit codes: 0 every test passed, 1 a test failed or the coverage is too low, 2 a chart or a suite cannot be read.")]
pub(crate) struct TestArgs {
    /// Charts: directories
    #[arg(required = true, value_name = "CHART", value_hint = ValueHint::DirPath, add = ArgValueCompleter::new(completion::sources))]
    pub(crate) charts: Vec<String>,
    /// Run the suites and cases in files that match this pattern, relative to each chart; may be repeated
    #[arg(short, long = "file", value_name = "GLOB", default_value = DEFAULT_FILES)]
    files: Vec<String>,
    /// Merge a values file into the values of every test and case; may be repeated
    #[arg(short = 'v', long = "values", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) values: Vec<String>,
    /// Replace the snapshots that differ; store those of cases that have none, and remove those of cases that are gone
    #[arg(short, long, visible_alias = "update")]
    update_snapshot: bool,
    /// Run the cases of a chart that has no snapshots in tests/snapshots yet, too
    ///
    /// A case is the chart with its default values, or with a values file: ci/*-values.yaml, tests/values/*.yaml. It passes
    /// if the cluster would not notice the difference between its render and the stored one, and lint finds no errors in it.
    #[arg(long)]
    pub(crate) cases: bool,
    /// Check that values.schema.json accepts the values of each case, and refuses wrong ones
    #[arg(long, conflicts_with = "skip_schema_validation")]
    pub(crate) schema: bool,
    /// Run the suites and cases of sub-charts in `charts/`, too
    #[arg(
        short = 's',
        long,
        value_name = "BOOL",
        default_value_t = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    with_subchart: bool,
    /// Render suites from the chart in this directory of each chart
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    chart_tests_path: Option<String>,
    #[command(flatten)]
    pub(crate) watch: WatchFlag,
    /// Write a report for other programs to this file
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output_file: Option<PathBuf>,
    /// Choose the format of the report
    #[arg(short = 't', long, value_name = "FORMAT", value_enum, ignore_case = true, default_value_t = OutputType::XUnit)]
    pub(crate) output_type: OutputType,
    /// Stop at the first test that fails
    #[arg(short = 'q', long)]
    failfast: bool,
    /// Treat unknown fields in suites as errors, and cases without a snapshot as failures
    #[arg(long)]
    strict: bool,
    /// Do not validate values against values.schema.json
    #[arg(long)]
    skip_schema_validation: bool,
    #[command(flatten)]
    pub(crate) coverage: CoverageArgs,
}

// What is measured and written about coverage.
#[derive(Debug, Args)]
#[command(next_help_heading = "Coverage")]
pub(crate) struct CoverageArgs {
    /// Show which lines, branches and components of the templates the tests reach
    #[arg(long = "coverage")]
    shows_table: bool,
    /// Fail if the tests reach less than this percentage of the lines
    #[arg(long = "min-coverage", value_name = "PERCENT", value_parser = parse_percent)]
    pub(crate) minimum: Option<f64>,
    /// Write the coverage to this file as an lcov tracefile
    #[arg(long = "coverage-lcov", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lcov: Option<PathBuf>,
    /// Write the coverage to this file as an HTML page
    #[arg(long = "coverage-html", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
}

impl CoverageArgs {
    /// Whether coverage is measured.
    pub(crate) fn is_measured(&self) -> bool {
        self.shows_table() || self.lcov.is_some() || self.html.is_some()
    }

    /// Whether the table is printed: whoever sets a minimum sees what is missing.
    pub(crate) fn shows_table(&self) -> bool {
        self.shows_table || self.minimum.is_some()
    }
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "expected a number from 0 to 100".to_owned())
}

/// `--output-type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputType {
    #[value(name = "JUnit", help = "Write JUnit XML")]
    JUnit,
    #[value(name = "NUnit", help = "Write NUnit 2.5 XML")]
    NUnit,
    #[value(name = "XUnit", help = "Write xUnit.net 2 XML")]
    XUnit,
    #[value(name = "Sonar", help = "Write SonarQube generic test data")]
    Sonar,
}

impl From<OutputType> for Format {
    fn from(kind: OutputType) -> Self {
        match kind {
            OutputType::JUnit => Self::JUnit,
            OutputType::NUnit => Self::NUnit,
            OutputType::XUnit => Self::XUnit,
            OutputType::Sonar => Self::Sonar,
        }
    }
}

impl TestArgs {
    /// How the library tests, but for cases.
    pub(crate) fn options(&self) -> Options {
        Options {
            files: self.files.clone(),
            values: self.values.clone(),
            updates_snapshots: self.update_snapshot,
            with_subcharts: self.with_subchart,
            chart_tests: self.chart_tests_path.clone(),
            fails_fast: self.failfast,
            is_strict: self.strict,
            skips_schemas: self.skip_schema_validation,
            cases: None,
            measures_coverage: self.coverage.is_measured(),
        }
    }
}
