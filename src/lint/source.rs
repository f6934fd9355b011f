//! From what the user names on the command line to findings: a chart is rendered, once for each values set;
//! manifests are read, all those of a release together.

use super::definitions::Definitions;
use super::{ChartSubject, Config, Rendering, Subject, merge, run};
use crate::chart;
use crate::diag::render::arrange;
use crate::diag::{Diagnostic, Severity, Sources, has_errors};
use crate::k8s::Version;
use crate::manifest::{Manifests, Object, Skipped};
use crate::manifests;
use crate::values;
use crate::world::World;
use crate::yaml::{DUPLICATE_KEY, ReadOptions};
use crate::{render, values::Overrides};
use std::path::PathBuf;
use std::sync::Arc;

/// One release to lint, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// What makes the release.
    pub target: Target,
    /// The values to render a chart with; at least one.
    pub sets: Vec<Set>,
    /// How values are computed.
    pub values: values::Options,
    /// How a chart is rendered.
    pub render: render::Options,
    /// Files and directories with definitions of custom resources.
    pub crds: Vec<PathBuf>,
}

impl Request {
    /// The version of Kubernetes that the objects are checked against: the nearest known one to what templates see.
    pub fn version(&self) -> Version {
        self.render.capabilities.kube_version.nearest()
    }
}

/// What makes a release.
#[derive(Debug, Clone)]
pub enum Target {
    /// A chart: a directory, a `.tgz` or `builtin:NAME`.
    Chart(String),
    /// Manifests that are applied together, as `kubectl apply -f` takes them.
    Manifests(Vec<ManifestSource>),
}

/// Where manifests come from.
#[derive(Debug, Clone)]
pub enum ManifestSource {
    /// A file or a directory.
    Path(PathBuf),
    /// The text of standard input.
    Stdin(String),
}

/// One set of values.
#[derive(Debug, Clone)]
pub struct Set {
    /// How findings name it: `--with prod.yaml`.
    pub name: String,
    /// The values.
    pub overrides: Overrides,
}

/// What was found in one release.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The findings, in the order in which they are shown. What could not be read or rendered is among them, as
    /// errors of no rule.
    pub findings: Vec<Diagnostic>,
    /// How many objects were checked.
    pub objects: usize,
    /// What was passed over because it holds no manifests.
    pub skipped: Vec<Skipped>,
    /// Whether anything could be linted at all.
    pub is_linted: bool,
}

impl Outcome {
    /// Nothing could be linted; the findings contain the reason.
    fn failed(findings: Vec<Diagnostic>) -> Self {
        Self { findings, ..Self::default() }
    }
}

/// Lints one release. What cannot be read or rendered becomes a finding, and everything else is linted.
pub fn lint(world: &World, sources: &Sources, request: &Request, config: &Config) -> Outcome {
    let mut unread = Vec::new();
    let definitions = Definitions::load(world, sources, &request.crds, &mut unread);
    let mut outcome = match &request.target {
        Target::Chart(chart) => lint_chart(world, sources, chart, request, &definitions, config),
        Target::Manifests(from) => {
            lint_manifests(world, sources, from, request.version(), &definitions, config)
        }
    };
    outcome.findings.extend(unread);
    outcome
}

fn lint_manifests(
    world: &World,
    sources: &Sources,
    from: &[ManifestSource],
    version: Version,
    definitions: &Definitions,
    config: &Config,
) -> Outcome {
    let options = ReadOptions::lenient();
    let mut reader = manifests::FileReader::new(world, sources, &options);
    for source in from {
        match source {
            ManifestSource::Path(path) => reader.path(path),
            ManifestSource::Stdin(text) => reader.stdin(text.clone()),
        }
    }
    let report = reader.finish();
    let mut reported = report.diagnostics;
    let Some(Manifests { objects, skipped }) = report.output else { return Outcome::failed(reported) };
    // kubectl drops the first of two equal keys before it sends an object; the API server itself decodes strictly.
    for diagnostic in reported.iter_mut().filter(|diagnostic| diagnostic.rule == Some(&DUPLICATE_KEY)) {
        diagnostic.severity = Severity::Error;
    }
    let linted: Vec<&Object> = objects.iter().collect();
    let crds = definitions.find(world, &linted, &mut reported);
    let subject = Subject {
        objects: &linted,
        crds: &crds.iter().collect::<Vec<_>>(),
        chart: None,
        reported: &reported,
        sources,
        version,
    };
    Outcome { findings: run(&subject, config), objects: objects.len(), skipped, is_linted: true }
}

fn lint_chart(
    world: &World,
    sources: &Sources,
    name: &str,
    request: &Request,
    definitions: &Definitions,
    config: &Config,
) -> Outcome {
    let mut loaded = Vec::new();
    let chart = chart::open(world, sources, name).take(&mut loaded).filter(|_| !has_errors(&loaded));
    let Some(chart) = chart.map(Arc::new) else { return Outcome::failed(loaded) };
    let mut failures = Vec::new();
    let mut runs = Vec::new();
    let mut objects = 0;
    for set in &request.sets {
        let mut diagnostics = loaded.clone();
        match one_set(world, sources, &chart, request, set, definitions, config, &mut diagnostics) {
            Some((findings, count)) => {
                runs.push((set.name.clone(), findings));
                objects += count;
            }
            None => failures.push((set.name.clone(), diagnostics)),
        }
    }
    let is_linted = !runs.is_empty();
    // A finding with every set that rendered belongs to no set in particular.
    let mut findings = merge(runs, request.sets.len() - failures.len(), sources);
    findings.extend(merge(failures, request.sets.len(), sources));
    Outcome { findings: arrange(findings, sources), objects, skipped: Vec::new(), is_linted }
}

/// The findings for one values set, and the number of objects. Errors that prevent linting are left in `diagnostics`.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and there is one caller")]
fn one_set(
    world: &World,
    sources: &Sources,
    chart: &Arc<chart::Chart>,
    request: &Request,
    set: &Set,
    definitions: &Definitions,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Vec<Diagnostic>, usize)> {
    let computed =
        values::compute(world, sources, chart, &set.overrides, &request.values).take(diagnostics)?;
    // A library chart renders nothing by itself, but has files to look at.
    let rendered = if chart.is_library() {
        render::Render::default()
    } else if has_errors(diagnostics) {
        return None;
    } else {
        render::render(world, sources, &computed, &request.render).take(diagnostics)?
    };
    if has_errors(diagnostics) {
        return None;
    }
    // Helm prints a document without a type, but no cluster takes it.
    for diagnostic in diagnostics.iter_mut().filter(|found| is_about_type(found)) {
        diagnostic.severity = Severity::Error;
    }
    let objects: Vec<&Object> = rendered.objects().collect();
    let elsewhere = definitions.find(world, &objects, diagnostics);
    let own = rendered.crds.iter().flat_map(|document| &document.objects);
    let crds: Vec<&Object> = own.chain(&elsewhere).collect();
    let subject = Subject {
        objects: &objects,
        crds: &crds,
        chart: Some(ChartSubject {
            chart,
            computed: &computed,
            sources,
            rendering: Some(Rendering { world, options: &request.render }),
        }),
        reported: diagnostics,
        sources,
        version: request.version(),
    };
    Some((run(&subject, config), objects.len()))
}

/// Whether a stage complains that a document lacks `apiVersion` or `kind`.
fn is_about_type(diagnostic: &Diagnostic) -> bool {
    diagnostic.rule.is_none() && matches!(diagnostic.path.as_deref(), Some("apiVersion" | "kind"))
}
