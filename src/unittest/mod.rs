//! Tests of charts: the suites of helm-unittest, run unchanged, and cases, whose whole render is stored.
//!
//! A suite file (`tests/*_test.yaml`) holds suites, a suite holds jobs, and a job is a render of some templates with
//! assertions about it. The rules are those of helm-unittest 1.1 (`DOCUMENT.md`, and its source where that says less).
//!
//! The chart is loaded and its templates are parsed once. All jobs of a chart run on all cores; what they say is
//! in the order of the files.

mod cases;
mod check;
mod cluster;
pub mod coverage;
mod form;
mod glob;
mod job;
mod path;
pub mod report;
mod result;
mod selection;
mod set;
mod snapshot;
mod suite;

pub use cases::{CaseOptions, runs_cases};
pub use result::{ChartResult, SnapshotFile, SuiteResult, Summary};

use crate::chart::{self, Chart, EngineKind, overlay};
use crate::diag::{Diagnostic, Report, SourceId, SourceKind, SourceMap, Sources, Span, has_errors};
use crate::engine::helm::{Selected, Templates};
use crate::engine::{Capabilities, Inputs, Release};
use crate::limits;
use crate::values::{self, Schemas};
use crate::world::{World, normalize};
use crate::yaml::{self, Map, Node, ReadOptions, Value};
use coverage::Collector;
use job::Bench;
use rayon::prelude::*;
use result::{JobResult, Status};
use selection::Selection;
use snapshot::Snapshots;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use suite::{Origin, Suite};

/// How charts are tested.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--file`: patterns of suite files, relative to each chart.
    pub files: Vec<String>,
    /// `--values`: patterns of values files, merged after those of each suite.
    pub values: Vec<String>,
    /// `--update-snapshot`
    pub updates_snapshots: bool,
    /// `--with-subchart`: whether the suites of sub-charts are run, too.
    pub with_subcharts: bool,
    /// `--chart-tests-path`: a chart in each chart whose templates render suites.
    pub chart_tests: Option<String>,
    /// `--failfast`: stop at the first test that fails.
    pub fails_fast: bool,
    /// `--strict`: unknown fields in suites are errors.
    pub is_strict: bool,
    /// `--skip-schema-validation`
    pub skips_schemas: bool,
    /// `--coverage`: whether what the tests reach of the templates is recorded.
    pub measures_coverage: bool,
    /// How the cases of the chart are tested; `None` if they are not.
    pub cases: Option<CaseOptions>,
}

impl Options {
    /// Whether patterns choose among suites and cases.
    fn names_files(&self) -> bool {
        self.files != [DEFAULT_FILES]
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            files: vec![DEFAULT_FILES.to_owned()],
            values: Vec::new(),
            updates_snapshots: false,
            with_subcharts: true,
            chart_tests: None,
            fails_fast: false,
            is_strict: false,
            skips_schemas: false,
            cases: None,
            measures_coverage: false,
        }
    }
}

/// The suite files of a chart, unless others are named.
pub const DEFAULT_FILES: &str = "tests/*_test.yaml";

/// Reads a file of a chart, or one that a suite names. The error is a phrase.
fn read_text(world: &World, chart: &Path, file: &Path) -> Result<String, String> {
    if chart::is_outside(world, chart, file) {
        return Err("it is outside of the chart and of the chart's git repository".to_owned());
    }
    world.read_text(file, MAX_FILE)
}

/// The largest suite file, values file or file of snapshots.
const MAX_FILE: u64 = 50 << 20;

/// How much more time than usual a command may take for each job.
const TIME_PER_JOB: Duration = Duration::from_millis(100);

/// Tests a chart: a directory, or a `.tgz`, whose suites are then not found.
pub fn run(world: &World, sources: &Sources, path: &str, options: &Options) -> ChartResult {
    let mut result = ChartResult {
        name: String::new(),
        path: path.to_owned(),
        suites: Vec::new(),
        diagnostics: Vec::new(),
        snapshots: Vec::new(),
        stale_snapshots: Vec::new(),
        notes: Vec::new(),
        coverage: None,
    };
    let Some(chart) = chart::load(world, sources, Path::new(path)).take(&mut result.diagnostics) else {
        return result;
    };
    result.diagnostics.retain(|found| found.severity == crate::diag::Severity::Error);
    chart.name().clone_into(&mut result.name);
    let chart = Arc::new(chart);
    let mut search = Search {
        world,
        sources,
        options,
        values: Vec::new(),
        suites: Vec::new(),
        charts: Vec::new(),
        sink: Vec::new(),
    };
    search.chart(&chart, Path::new(path));
    result.diagnostics.append(&mut search.sink);
    if result.has_errors() {
        return result;
    }
    let Search { suites, values, charts, .. } = search;
    let (templates, schemas) = (Templates::parse(&chart), Schemas::default());
    let of_suites = read_values(world, sources, Path::new(path), &values, &suites);
    let is_tested = |route: &str| {
        suites.iter().any(|suite| suite.route == route) || charts.iter().any(|chart| chart.route == route)
    };
    let collector = options.measures_coverage.then(|| Collector::new(sources, &chart, path, &is_tested));
    let bench = Bench {
        world,
        sources,
        chart: &chart,
        templates: &templates,
        schemas: &schemas,
        values: &of_suites,
        skips_schemas: options.skips_schemas,
        is_updating: options.updates_snapshots,
        fails_fast: options.fails_fast,
        coverage: collector.as_ref(),
    };
    if options.cases.is_none() && suites.is_empty() {
        result.notes.extend(cases::note_how_to_begin(world, Path::new(path)));
    }
    let used: Vec<PathBuf> = of_suites.keys().cloned().collect();
    let mut found = Vec::new();
    for WithCases { chart, path, .. } in &charts {
        match cases::find(world, path, &used, options) {
            Ok(cases) => found.push((chart, cases)),
            Err(error) => result.diagnostics.push(error),
        }
    }
    if result.has_errors() {
        return result;
    }
    run_suites(&bench, &suites, &mut result);
    for (chart, found) in found {
        if result.has_errors() || (options.fails_fast && !result.has_passed()) {
            break;
        }
        if let Some(cases) = &options.cases {
            cases::run(&Bench { chart, ..bench }, found, cases, &values, options, &mut result);
        }
    }
    result.coverage = collector.map(Collector::finish);
    result
}

/// Runs the jobs of all suites.
fn run_suites(bench: &Bench<'_>, suites: &[Suite], result: &mut ChartResult) {
    let stored = match read_snapshots(bench.world, bench.sources, Path::new(&result.path), suites) {
        Ok(stored) => stored,
        Err(mut errors) => {
            result.diagnostics.append(&mut errors);
            return;
        }
    };
    let selections: Vec<Selection> =
        suites.iter().map(|suite| Selection::new(&suite.route, &suite.templates, &suite.excluded)).collect();
    let jobs: Vec<(usize, &suite::Job)> = suites
        .iter()
        .enumerate()
        .flat_map(|(index, suite)| suite.jobs.iter().map(move |job| (index, job)))
        .collect();
    limits::allow_more_time(TIME_PER_JOB.saturating_mul(u32::try_from(jobs.len()).unwrap_or(u32::MAX)));
    let run = |&(index, job): &(usize, &suite::Job)| match &job.skip {
        Some(reason) => skipped(job, reason),
        None => bench.run(&suites[index], &selections[index], job, &stored[index]),
    };
    let name = |&(index, job): &(usize, &suite::Job)| format!("{}: {}", suites[index].name, job.name);
    let first = bench.coverage.map_or(0, |collector| collector.register(jobs.iter().map(name)));
    // What was reached is counted at once: only the counts are bounded by the size of the chart.
    let count = |(index, mut job): (usize, JobResult)| {
        if let (Some(collector), Some(reached)) = (bench.coverage, job.reached.take()) {
            collector.add(first + index, &reached);
        }
        job
    };
    let results: Vec<JobResult> = if bench.fails_fast {
        run_until_failure(&jobs, run).into_iter().enumerate().map(count).collect()
    } else {
        jobs.par_iter().map(run).enumerate().map(count).collect()
    };
    let mut results = results.into_iter();
    for (suite, stored) in suites.iter().zip(&stored) {
        let mut jobs: Vec<JobResult> = results.by_ref().take(suite.jobs.len()).collect();
        if jobs.is_empty() {
            break;
        }
        // With `--failfast`, a job ends at its first failure, and its later snapshots were not compared.
        let compared_all =
            |job: &JobResult| job.was_judged() && !(bench.fails_fast && job.status == Status::Failed);
        let uncompared: Vec<&str> = suite
            .jobs
            .iter()
            .enumerate()
            .filter(|(index, _)| !jobs.get(*index).is_some_and(compared_all))
            .map(|(_, job)| job.name.as_str())
            .collect();
        let outcomes = jobs
            .iter_mut()
            .filter(|job| job.was_judged())
            .map(|job| (job.name.as_str(), std::mem::take(&mut job.outcomes)));
        let collected = snapshot::collect(stored, outcomes, &uncompared);
        let path = snapshot::file(&suite.file, &suite.snapshot_id);
        result.snapshots.extend(collected.text.map(|text| SnapshotFile { path, text }));
        result.suites.push(SuiteResult {
            name: suite.name.clone(),
            file: suite.file.display().to_string(),
            jobs,
            snapshots: collected.counts.total,
            differing_snapshots: collected.counts.differing,
        });
    }
}

fn skipped(job: &suite::Job, reason: &str) -> JobResult {
    JobResult::new(&job.name, Status::Skipped(reason.to_owned()))
}

/// Runs jobs up to the first one that fails, some at a time.
fn run_until_failure<J: Sync>(jobs: &[J], run: impl Fn(&J) -> JobResult + Sync) -> Vec<JobResult> {
    let mut results: Vec<JobResult> = Vec::new();
    for some in jobs.chunks(4 * rayon::current_num_threads()) {
        let batch: Vec<JobResult> = some.par_iter().map(&run).collect();
        let failed = batch.iter().position(|job| job.status == Status::Failed);
        results.extend(batch.into_iter().take(failed.map_or(usize::MAX, |index| index + 1)));
        if failed.is_some() {
            break;
        }
    }
    results
}

/// The stored snapshots of each suite.
fn read_snapshots(
    world: &World,
    sources: &Sources,
    chart: &Path,
    suites: &[Suite],
) -> Result<Vec<Snapshots>, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut stored = Vec::new();
    for suite in suites {
        let path = snapshot::file(&suite.file, &suite.snapshot_id);
        stored.push(Snapshots::new());
        if !world.exists(&path) {
            continue;
        }
        match read_text(world, chart, &path) {
            Ok(text) => {
                let read = snapshot::read(sources, &path, text).take(&mut errors);
                if let (Some(read), Some(last)) = (read, stored.last_mut()) {
                    *last = read;
                }
            }
            Err(reason) => {
                errors.push(Diagnostic::error(format!("cannot read `{}`: {reason}", path.display())));
            }
        }
    }
    if has_errors(&errors) { Err(errors) } else { Ok(stored) }
}

/// The values files that jobs name, each read once, and those that the user has named (`named`).
fn read_values(
    world: &World,
    sources: &Sources,
    chart: &Path,
    named: &[PathBuf],
    suites: &[Suite],
) -> BTreeMap<PathBuf, Result<Node, String>> {
    let mut values = BTreeMap::new();
    let jobs = suites.iter().flat_map(|suite| &suite.jobs).filter(|job| job.skip.is_none());
    for path in jobs.flat_map(|job| &job.values) {
        values.entry(path.clone()).or_insert_with(|| {
            let text = if named.contains(path) {
                world.read_text(path, MAX_FILE)?
            } else {
                read_text(world, chart, path)?
            };
            let source = sources.add(path.display().to_string(), text, SourceKind::File);
            values_of(sources, source)
        });
    }
    values
}

/// The first document of a values file. The error is a phrase.
fn values_of(sources: &Sources, source: SourceId) -> Result<Node, String> {
    let mut sink = Vec::new();
    let documents = yaml::read(sources, source, &ReadOptions::go_yaml_v3()).take(&mut sink);
    if let Some(error) = sink.iter().find(|found| found.severity == crate::diag::Severity::Error) {
        let line = error.span().and_then(|span| sources.position(span)).map_or(1, |position| position.line);
        return Err(format!("line {line}: {}", error.message));
    }
    let first = documents.into_iter().flatten().map(|document| document.root).next();
    match first {
        Some(root) if root.as_map().is_some() => Ok(root),
        Some(root) if !root.is_null() => Err("it is not a map".to_owned()),
        _ => Ok(Node::new(Value::Map(Map::new()), Span::new(source, 0, 0))),
    }
}

/// A chart whose cases are tested.
struct WithCases {
    chart: Arc<Chart>,
    path: PathBuf,
    /// The chart in its parents, as suites have it.
    route: String,
}

/// Looks for the suites of a chart.
struct Search<'a> {
    world: &'a World,
    sources: &'a Sources,
    options: &'a Options,
    /// The values files of the command line.
    values: Vec<PathBuf>,
    suites: Vec<Suite>,
    /// Each is tested as a chart of its own.
    charts: Vec<WithCases>,
    sink: Vec<Diagnostic>,
}

impl Search<'_> {
    fn chart(&mut self, chart: &Arc<Chart>, path: &Path) {
        for pattern in &self.options.values {
            match glob::files(self.world, Path::new(""), pattern) {
                Ok(found) if found.is_empty() => {
                    self.sink.push(Diagnostic::error(format!("no values file matches `{pattern}`")));
                }
                Ok(found) => self.values.extend(found),
                Err(reason) => {
                    self.sink
                        .push(Diagnostic::error(format!("`{pattern}` is not a pattern of files: {reason}")));
                }
            }
        }
        let mut values = chart.values.clone();
        for path in &self.values {
            let text = self
                .world
                .read_text(path, MAX_FILE)
                .map(|text| self.sources.add(path.display().to_string(), text, SourceKind::File));
            match text.and_then(|source| values_of(self.sources, source)) {
                Ok(own) => values = overlay(values, own),
                Err(reason) => {
                    let message = format!("cannot read the values file `{}`: {reason}", path.display());
                    self.sink.push(Diagnostic::error(message));
                }
            }
        }
        self.tree(chart, path, chart.name(), &values);
    }

    /// Reads the suites of a chart, and those of its sub-charts unless the values disable them.
    fn tree(&mut self, chart: &Arc<Chart>, path: &Path, route: &str, values: &Node) {
        self.suite_files(path, route);
        let is_forced =
            route == chart.name() && self.options.cases.as_ref().is_some_and(|cases| cases.is_forced);
        if is_forced && !matches!(chart.origin, chart::Origin::Directory(_)) {
            let message = format!("`{}` is not a directory: it has no cases", path.display());
            self.sink.push(Diagnostic::error(message));
        } else if is_forced || cases::has_cases(self.world, path, self.options) {
            self.charts.push(WithCases {
                chart: Arc::clone(chart),
                path: path.to_owned(),
                route: route.to_owned(),
            });
        }
        if let Some(tests) = &self.options.chart_tests {
            let tests = path.join(tests);
            if self.world.exists(&tests) {
                self.rendered_suites(&tests, route);
            }
        }
        if !self.options.with_subcharts {
            return;
        }
        for child in &chart.children {
            let name = child.name();
            if is_enabled(chart, name, values) {
                let (path, route) = (path.join("charts").join(name), format!("{route}/charts/{name}"));
                self.tree(child, &path, &route, values);
            }
        }
    }

    fn suite_files(&mut self, path: &Path, route: &str) {
        // A pattern may name the values files of cases, too.
        let cases: Vec<PathBuf> = if self.options.names_files() {
            cases::case_files(self.world, path).iter().map(|file| normalize(file)).collect()
        } else {
            Vec::new()
        };
        for pattern in &self.options.files {
            match glob::files(self.world, path, pattern) {
                Ok(found) => found
                    .iter()
                    .filter(|file| !cases.contains(&normalize(file)))
                    .for_each(|file| self.suite_file(path, file, route)),
                Err(reason) => {
                    let message = format!("`{pattern}` is not a pattern of files: {reason}");
                    self.sink.push(Diagnostic::error(message));
                }
            }
        }
    }

    fn suite_file(&mut self, chart: &Path, file: &Path, route: &str) {
        // Other files are named by the user.
        let read = if file.starts_with(chart) {
            read_text(self.world, chart, file)
        } else {
            self.world.read_text(file, MAX_FILE)
        };
        match read {
            Ok(text) => {
                let source = self.sources.add(file.display().to_string(), text, SourceKind::File);
                self.suites_of(source, file, route, false);
            }
            Err(reason) => {
                let message = format!("cannot read the suite `{}`: {reason}", file.display());
                self.sink.push(Diagnostic::error(message));
            }
        }
    }

    fn suites_of(&mut self, source: SourceId, file: &Path, route: &str, is_rendered: bool) {
        let origin = Origin { file, route, values: &self.values, is_rendered };
        let report = suite::read(self.sources, source, origin, self.options.is_strict);
        self.suites.extend(report.take(&mut self.sink).into_iter().flatten());
    }

    /// Reads the suites that the templates of a chart render.
    fn rendered_suites(&mut self, path: &Path, route: &str) {
        let Some(rendered) = self.render_suites(path).take(&mut self.sink) else { return };
        for (file, source) in rendered {
            self.suites_of(source, &file, route, true);
        }
    }

    fn render_suites(&self, path: &Path) -> Report<Vec<(PathBuf, SourceId)>> {
        let mut sink = Vec::new();
        let Some(chart) = chart::load(self.world, self.sources, path).take(&mut sink) else {
            return Report::failed(sink);
        };
        if chart.engine != EngineKind::GoTemplate {
            let error = format!("`{}` is not a Helm chart: only such charts render suites", chart.name());
            return Report::fail(Diagnostic::error(error));
        }
        let chart = Arc::new(chart);
        let user = Node::new(Value::Map(Map::new()), Span::NONE);
        let Some(computed) = values::compute_merged(&chart, user).take(&mut sink) else {
            return Report::failed(sink);
        };
        let release = Release::install("TEST-SUITE-RELEASE", "NAMESPACE");
        let capabilities = Capabilities::default();
        let inputs = Inputs {
            world: self.world,
            release: &release,
            capabilities: &capabilities,
            seed: None,
            lookup: None,
            is_lint: false,
            recorder: None,
        };
        let templates = Templates::parse(&chart);
        let selected = Selected { templates: &templates, selects: &|_| true, cluster: None };
        match selected.render(self.sources, &computed.root, &inputs) {
            Ok(files) => {
                let named = files.into_iter().map(|file| {
                    let inner = file.path.strip_prefix(chart.name()).unwrap_or(&file.path);
                    let suite = path.join(inner.trim_start_matches('/'));
                    let kind = SourceKind::Rendered(SourceMap::new(file.segments));
                    (suite, self.sources.add(file.path, file.text, kind))
                });
                Report::ok(named.collect())
            }
            Err(failure) => Report::fail(*failure.diagnostic),
        }
    }
}

/// Whether the suites of a sub-chart are run: as helm-unittest decides it, by the condition of the dependency of that
/// name, else by its tags.
fn is_enabled(chart: &Chart, name: &str, values: &Node) -> bool {
    let Some(dependency) = chart.metadata.dependencies.iter().find(|dependency| dependency.key() == name)
    else {
        return true;
    };
    if !dependency.condition.is_empty() {
        let path = dependency.condition.join(",");
        let found = path.split('.').try_fold(values, Node::get);
        return found.and_then(Node::as_bool).unwrap_or(true);
    }
    let Some(tags) = values.get("tags").and_then(Node::as_map) else { return true };
    dependency.tags.is_empty()
        || dependency.tags.iter().any(|tag| tags.get(tag).and_then(Node::as_bool) == Some(true))
}
