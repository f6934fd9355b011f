//! Cases: values files whose render is compared with a stored one.
//!
//! A case renders the chart as `plimsoll lint` does, with a values file of the chart over its defaults. It passes if the
//! render means the same as its snapshot, lint finds no errors in it, and, if that is asked for, the schema accepts its
//! values. [`discovery`] says which cases a chart has, [`snapshot`] what a snapshot holds and when a render differs from
//! it, [`wrong_values`] which values a schema must refuse.

mod discovery;
mod snapshot;
mod wrong_values;

use super::Options;
use super::job::{Bench, shown};
use super::result::{ChartResult, Failure, JobResult, Place, SnapshotFile, Status, SuiteResult};
use crate::chart::Chart;
use crate::diag::escape::shell_word;
use crate::diag::{Diagnostic, Severity, Span, has_errors};
use crate::engine::{Inputs, Reached, Recorder};
use crate::limits;
use crate::lint::baseline::Baseline;
use crate::lint::{self, Surroundings};
use crate::render::{self, Render};
use crate::values::{self, Computed, Overrides, ValuesFile};
use crate::world::World;
use discovery::{Case, ChartCases};
use rayon::prelude::*;
use snapshot::{Comparison, Secrets, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub(super) use discovery::{case_files, find};

/// What the suite of a chart's cases is called.
const SUITE: &str = "values cases";

/// The time at which all cases are rendered: 2020-01-01.
const NOW: Duration = Duration::from_secs(1_577_836_800);

/// How deep charts lie in one another.
const MAX_DEPTH: usize = 16;

/// How much more time than usual a command may take for each case: what lint has for each release.
const TIME_PER_CASE: Duration = Duration::from_secs(1);

/// How the cases of a chart are rendered and linted.
#[derive(Debug, Clone)]
pub struct CaseOptions {
    /// `--cases`: run the cases of a chart that has no snapshots yet, too.
    pub is_forced: bool,
    /// `--schema`: check that the schema accepts the values of each case, and refuses wrong ones.
    pub checks_schema: bool,
    /// The values below those of every case.
    pub overrides: Overrides,
    /// How values are computed.
    pub values: values::Options,
    /// How the chart is rendered. The seed makes random values repeatable.
    pub render: render::Options,
    /// The configuration of lint.
    pub config: lint::Config,
    /// The findings that are accepted.
    pub baseline: Option<Baseline>,
    /// What the cluster has besides the release.
    pub surroundings: Arc<Surroundings>,
}

/// Whether a test of the chart at `path` runs cases of it or of its sub-charts.
pub fn runs_cases(world: &World, path: &Path, options: &Options, is_forced: bool) -> bool {
    is_forced || has_cases(world, path, options) || (options.with_subcharts && of_subcharts(world, path, 0))
}

/// Whether the cases of a chart are run although nobody forces it: some are stored, or named.
pub(super) fn has_cases(world: &World, path: &Path, options: &Options) -> bool {
    discovery::has_begun(world, path) || discovery::names_cases(world, path, options)
}

/// Whether cases of a chart in `charts/` are stored.
fn of_subcharts(world: &World, path: &Path, depth: usize) -> bool {
    let directory = path.join("charts");
    let charts =
        world.list(&directory).unwrap_or_default().into_iter().map(|entry| directory.join(entry.name));
    depth < MAX_DEPTH
        && charts
            .filter(|chart| world.is_directory(chart))
            .any(|chart| discovery::has_begun(world, &chart) || of_subcharts(world, &chart, depth + 1))
}

/// Runs the cases that were found in the chart of the bench. `values` are the values files of the command line.
pub(super) fn run(
    bench: &Bench<'_>,
    found: ChartCases,
    cases: &CaseOptions,
    values: &[PathBuf],
    options: &Options,
    result: &mut ChartResult,
) {
    let count = u32::try_from(found.cases.len()).unwrap_or(u32::MAX);
    limits::allow_more_time(TIME_PER_CASE.saturating_mul(count));
    Run { bench, path: &found.chart.clone(), cases, values, options }.run_all(found, result);
}

/// How the values files of a chart become cases, if it has some.
pub(super) fn note_how_to_begin(world: &World, path: &Path) -> Option<String> {
    let files = case_files(world, path);
    let first = files.first()?;
    let files = match files.len() {
        1 => format!("`{}` can be a case", first.display()),
        count => format!("`{}` and {} more can be cases", first.display(), count - 1),
    };
    let chart = shell_word(&path.display().to_string());
    Some(format!("{files}: `plimsoll test {chart} --cases --update` stores what the chart renders with each"))
}

struct Run<'a> {
    bench: &'a Bench<'a>,
    path: &'a Path,
    cases: &'a CaseOptions,
    /// The values files of the command line.
    values: &'a [PathBuf],
    options: &'a Options,
}

/// A case with its values and its render.
struct Rendered {
    computed: Computed,
    render: Render,
}

/// What came of a case.
struct Tested {
    job: JobResult,
    /// Whether there was a snapshot to compare with, and whether the render differs from it.
    is_compared: bool,
    differs: bool,
    /// The snapshot, if it is written.
    written: Option<SnapshotFile>,
    is_without_snapshot: bool,
}

impl Run<'_> {
    fn run_all(&self, found: ChartCases, result: &mut ChartResult) {
        let ChartCases { cases, snapshots, .. } = found;
        let (findings, rendered) = rayon::join(
            || self.lint_errors(&cases),
            || cases.par_iter().map(|case| self.record(case)).collect::<Vec<_>>(),
        );
        if let Some(collector) = self.bench.coverage {
            let first = collector.register(cases.iter().map(|case| format!("{SUITE}: {}", case.name)));
            let reached = rendered
                .iter()
                .zip(first..)
                .filter_map(|((.., reached), test)| Some((test, reached.as_ref()?)));
            reached.for_each(|(test, reached)| collector.add(test, reached));
        }
        let renders_with_values =
            cases.iter().zip(&rendered).any(|(case, (outcome, ..))| !case.is_default() && outcome.is_ok());
        let tested: Vec<Tested> = cases
            .par_iter()
            .zip(&rendered)
            .map(|(case, (outcome, duration, _))| {
                let (mut tested, comparing) =
                    self.timed(|| self.test_case(case, outcome, renders_with_values, &findings));
                tested.job.duration = *duration + comparing;
                tested
            })
            .collect();
        let mut suite = SuiteResult {
            name: SUITE.to_owned(),
            file: self.path.join(discovery::SNAPSHOTS).display().to_string(),
            jobs: Vec::new(),
            snapshots: 0,
            differing_snapshots: 0,
        };
        let mut without_snapshot = Vec::new();
        let mut written = 0;
        for tested in tested {
            suite.snapshots += usize::from(tested.is_compared);
            suite.differing_snapshots += usize::from(tested.differs);
            written += usize::from(tested.written.is_some());
            result.snapshots.extend(tested.written);
            if tested.is_without_snapshot {
                without_snapshot.push(tested.job.name.clone());
            }
            let failed = tested.job.status == Status::Failed;
            suite.jobs.push(tested.job);
            if failed && self.options.fails_fast {
                break;
            }
        }
        if written > 0 {
            let snapshots =
                if written == 1 { "1 snapshot".to_owned() } else { format!("{written} snapshots") };
            result.notes.push(format!("stored {snapshots} in `{}`", suite.file));
        }
        if self.options.fails_fast && !suite.has_passed() {
            result.suites.push(suite);
            return;
        }
        if self.cases.checks_schema {
            // The default values go first: what they show is named with them.
            let (defaults, others): (Vec<_>, Vec<_>) =
                cases.iter().zip(&rendered).partition(|(case, _)| case.is_default());
            let all = defaults.into_iter().chain(others);
            let computed: Vec<&Computed> =
                all.filter_map(|(_, (outcome, ..))| Some(&outcome.as_ref().ok()?.computed)).collect();
            suite.jobs.push(self.check_schema(&computed));
        }
        result.suites.push(suite);
        self.handle_stale(&cases, snapshots, result);
        result.notes.extend(note_without_snapshot(self.path, &without_snapshot));
    }

    fn timed<T>(&self, run: impl FnOnce() -> T) -> (T, Duration) {
        let start = self.bench.world.now();
        let done = run();
        (done, self.bench.world.now().duration_since(start).unwrap_or(Duration::ZERO))
    }

    /// The values of a case above those of all cases and below those of the command line.
    fn overrides(&self, case: &Case) -> Overrides {
        let mut overrides = self.cases.overrides.clone();
        overrides.files.extend(self.values_files(case).map(|file| ValuesFile::Argument(quoted(file))));
        overrides
    }

    /// Renders a case, and says how long that took and what of the templates it reached.
    fn record(&self, case: &Case) -> (Result<Rendered, Vec<Diagnostic>>, Duration, Option<Reached>) {
        let recorder = self.bench.coverage.map(|_| Recorder::default());
        let (outcome, duration) = self.timed(|| self.render(case, recorder.as_ref()));
        (outcome, duration, recorder.map(Recorder::into_reached))
    }

    /// Renders a case, with the errors if that fails.
    fn render(&self, case: &Case, recorder: Option<&Recorder>) -> Result<Rendered, Vec<Diagnostic>> {
        let Bench { sources, chart, .. } = *self.bench;
        let world = &self.bench.world.stopped_at(SystemTime::UNIX_EPOCH + NOW);
        let mut sink = Vec::new();
        let options =
            values::Options { skip_schema_validation: self.options.skips_schemas, ..self.cases.values };
        let computed =
            values::compute(world, sources, chart, &self.overrides(case), &options).take(&mut sink);
        let Some(computed) = computed.filter(|_| !has_errors(&sink)) else { return Err(errors(sink)) };
        // A library chart renders nothing by itself.
        if chart.is_library() {
            return Ok(Rendered { computed, render: Render::default() });
        }
        let options = &self.cases.render;
        let inputs = Inputs {
            world,
            release: &options.release,
            capabilities: &options.capabilities,
            seed: options.seed,
            lookup: None,
            is_lint: false,
            recorder,
        };
        let files = self
            .bench
            .render_files(&|_| true, None, &computed.root, &inputs)
            .map_err(|refusal| refusal.diagnostics)?;
        let render = render::from_files(sources, &computed, options, files).take(&mut sink);
        match render {
            Some(render) if !has_errors(&sink) => Ok(Rendered { computed, render }),
            _ => Err(errors(sink)),
        }
    }

    /// The lint errors of all cases, which one run finds.
    fn lint_errors(&self, cases: &[Case]) -> Vec<Diagnostic> {
        let sets =
            cases.iter().map(|case| lint::Set { name: case.set_name(), overrides: self.overrides(case) });
        let request = lint::Request {
            target: lint::Target::Chart(self.path.display().to_string()),
            sets: sets.collect(),
            values: values::Options {
                skip_schema_validation: self.options.skips_schemas,
                ..self.cases.values
            },
            render: self.cases.render.clone(),
            surroundings: Arc::clone(&self.cases.surroundings),
        };
        let Bench { world, sources, .. } = *self.bench;
        let mut findings = lint::lint(world, sources, &request, &self.cases.config).findings;
        if let Some(baseline) = &self.cases.baseline {
            findings = baseline.filter(findings, sources);
        }
        findings.retain(|found| found.severity == Severity::Error);
        findings
    }

    fn test_case(
        &self,
        case: &Case,
        outcome: &Result<Rendered, Vec<Diagnostic>>,
        renders_with_values: bool,
        findings: &[Diagnostic],
    ) -> Tested {
        let mut tested = Tested::new(&case.name);
        let rendered = match outcome {
            Ok(rendered) => rendered,
            Err(errors)
                if case.is_default() && renders_with_values && !case.has_snapshot(self.bench.world) =>
            {
                // Charts whose values must be given have values for their tests.
                let reason = errors.first().map(|error| error.message.as_str()).unwrap_or_default();
                let reason = self.bench.sources.redact(reason);
                tested.job.status =
                    Status::Skipped(format!("the chart does not render without values: {reason}"));
                return tested;
            }
            Err(errors) => {
                tested.job.status = Status::Failed;
                tested.job.error = Some(shown(errors, self.bench.sources));
                return tested;
            }
        };
        if let Err(error) = self.compare(case, rendered, &mut tested) {
            tested.job.status = Status::Failed;
            tested.job.error = Some(shown(&[*error], self.bench.sources));
            return tested;
        }
        let set = case.set_name();
        let own: Vec<Diagnostic> = findings
            .iter()
            .filter(|found| found.sets.is_empty() || found.sets.contains(&set))
            .cloned()
            .collect();
        if !own.is_empty() {
            let about = ("Errors:".to_owned(), shown(&own, self.bench.sources));
            tested.job.failures.push(Failure::of_case("lint finds errors", Some(about), Vec::new()));
        }
        if !tested.job.failures.is_empty() {
            tested.job.status = Status::Failed;
        }
        tested
    }

    /// Compares the render of a case with its snapshot.
    fn compare(&self, case: &Case, rendered: &Rendered, tested: &mut Tested) -> Result<(), Box<Diagnostic>> {
        let Bench { world, sources, .. } = *self.bench;
        let secrets = Secrets::find(world, sources, self.values_files(case), &rendered.computed.user);
        let fresh = Snapshot::new(&case.name, &rendered.render, &secrets);
        let is_updating = self.options.updates_snapshots;
        let file = SnapshotFile { path: case.snapshot.clone(), text: fresh.text.clone() };
        if !case.has_snapshot(world) {
            tested.is_compared = is_updating;
            tested.written = is_updating.then_some(file);
            tested.is_without_snapshot = !is_updating;
            if !is_updating && self.options.is_strict {
                let words = "no snapshot is stored; store it with --update-snapshot";
                tested.job.failures.push(Failure::of_case(words, None, Vec::new()));
            }
            return Ok(());
        }
        let compared = snapshot::compare(
            world,
            sources,
            self.path,
            &case.snapshot,
            &fresh,
            &self.cases.render,
            is_updating,
        )?;
        tested.is_compared = true;
        match compared {
            Comparison::Identical => {}
            Comparison::SameMeaning => tested.written = is_updating.then_some(file),
            Comparison::Differs { .. } if is_updating => tested.written = Some(file),
            Comparison::Differs { plan, spans } => {
                tested.differs = true;
                let places = spans.into_iter().filter_map(|span| self.locate(span)).collect();
                let about = (format!("From {} to this render:", case.snapshot.display()), plan);
                let words = "the render differs from its snapshot";
                tested.job.failures.push(Failure::of_case(words, Some(about), places));
            }
        }
        Ok(())
    }

    /// The line of the template that rendered a value, and the line that set it, without secrets.
    fn locate(&self, span: Span) -> Option<(Place, Option<Place>)> {
        let (template, value) = self.bench.sources.trace(span);
        let place = |span| {
            let place = self.bench.place(span)?;
            Some(Place { text: self.bench.sources.redact(&place.text).into_owned(), ..place })
        };
        Some((place(template)?, value.and_then(place)))
    }

    /// Checks that the schema refuses wrong values, which are made from those of the cases.
    fn check_schema(&self, computed: &[&Computed]) -> JobResult {
        let mut job = JobResult::new("the schema refuses wrong values", Status::Passed);
        let chart: &Chart = self.bench.chart;
        let (failures, duration) = self.timed(|| match &chart.schema {
            None => {
                let chart = shell_word(&self.path.display().to_string());
                let help = format!("make one with `plimsoll schema {chart} --write`");
                let about = Some(("Help:".to_owned(), help));
                Ok(vec![Failure::of_case("the chart has no values.schema.json", about, Vec::new())])
            }
            Some(_) => wrong_values::find_accepted(self.bench, computed),
        });
        job.duration = duration;
        match failures {
            Ok(failures) => job.failures = failures,
            Err(error) => job.error = Some(shown(&[*error], self.bench.sources)),
        }
        if job.error.is_some() || !job.failures.is_empty() {
            job.status = Status::Failed;
        }
        job
    }

    /// Removes the snapshots of cases that are gone, or says that there are some.
    fn handle_stale(&self, cases: &[Case], snapshots: Vec<PathBuf>, result: &mut ChartResult) {
        // A pattern chooses among the cases: the others are not gone.
        if self.options.names_files() {
            return;
        }
        let stale: Vec<PathBuf> = snapshots
            .into_iter()
            .filter(|path| cases.iter().all(|case| case.snapshot != *path))
            .filter(|path| snapshot::is_snapshot(self.bench.world, path))
            .collect();
        if self.options.updates_snapshots {
            result.stale_snapshots.extend(stale);
        } else if !stale.is_empty() {
            let names: Vec<String> = stale.iter().map(|path| format!("`{}`", path.display())).collect();
            result.notes.push(format!(
                "no case has these snapshots any more: {}; remove them with --update-snapshot",
                names.join(", ")
            ));
        }
    }

    /// The values files of a case, and those of the command line, which come above it.
    fn values_files<'c>(&'c self, case: &'c Case) -> impl Iterator<Item = &'c PathBuf> {
        case.values.iter().chain(self.values)
    }
}

impl Tested {
    fn new(name: &str) -> Self {
        let job = JobResult::new(name, Status::Passed);
        Self { job, is_compared: false, differs: false, written: None, is_without_snapshot: false }
    }
}

/// An argument that names one file, whatever its name contains.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(',') { format!("\"{text}\"") } else { text }
}

fn errors(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.into_iter().filter(|found| found.severity == Severity::Error).collect()
}

fn note_without_snapshot(path: &Path, names: &[String]) -> Option<String> {
    let cases = match names {
        [] => return None,
        [one] => format!("the case `{one}` has no snapshot to be compared with; store it"),
        many => format!("{} cases have no snapshots to be compared with; store them", many.len()),
    };
    Some(format!("`{}`: {cases} with --update-snapshot", path.display()))
}
