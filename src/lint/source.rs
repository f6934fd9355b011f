//! From what the user names on the command line to findings: a chart is rendered, once for each values set;
//! manifests are read.

use super::{ChartSubject, Config, Subject, merge, run};
use crate::chart;
use crate::diag::{Diagnostic, Report, Severity, Sources, has_errors};
use crate::k8s::Version;
use crate::manifest::{self, Object};
use crate::values;
use crate::yaml::{DUPLICATE_KEY, ReadOptions};
use crate::{render, values::Overrides};
use std::path::Path;
use std::sync::Arc;

/// One source to lint, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// A chart (directory, `.tgz`, `builtin:NAME`), a manifest file, a directory of manifests, or `-`.
    pub source: String,
    /// What standard input holds, where the source is `-`.
    pub stdin: Option<String>,
    /// The values to render a chart with; at least one.
    pub sets: Vec<Set>,
    /// How values are computed.
    pub values: values::Options,
    /// How a chart is rendered.
    pub render: render::Options,
    /// The version of Kubernetes to answer for.
    pub version: Version,
}

/// One set of values.
#[derive(Debug, Clone)]
pub struct Set {
    /// How findings name it: `--with prod.yaml`.
    pub name: String,
    /// The values.
    pub overrides: Overrides,
}

/// What was found in one source.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Diagnostic>,
    /// How many objects were checked.
    pub objects: usize,
}

/// Lints one source. There is no output where it could not be read or rendered; the diagnostics say why.
pub fn lint(sources: &Sources, request: &Request, config: &Config) -> Report<Outcome> {
    if chart::is_chart(&request.source) {
        charts(sources, request, config)
    } else {
        manifests(sources, request, config)
    }
}

fn manifests(sources: &Sources, request: &Request, config: &Config) -> Report<Outcome> {
    let options = ReadOptions::lenient();
    let report = match &request.stdin {
        Some(text) if request.source == "-" => manifest::load_stdin(sources, text.clone(), &options),
        _ => manifest::load(sources, Path::new(&request.source), &options),
    };
    let mut reported = report.diagnostics;
    let Some(objects) = report.output.filter(|_| !has_errors(&reported)) else {
        return Report::failed(reported);
    };
    // kubectl drops the first of two equal keys before it sends an object; the API server itself decodes strictly.
    for diagnostic in reported.iter_mut().filter(|diagnostic| diagnostic.rule == Some(&DUPLICATE_KEY)) {
        diagnostic.severity = Severity::Error;
    }
    let subject = Subject {
        objects: &objects.iter().collect::<Vec<_>>(),
        crds: &[],
        chart: None,
        reported: &reported,
        sources,
        version: request.version,
    };
    Report::ok(Outcome { findings: run(&subject, config), objects: objects.len() })
}

fn charts(sources: &Sources, request: &Request, config: &Config) -> Report<Outcome> {
    let mut loaded = Vec::new();
    let Some(chart) =
        chart::open(sources, &request.source).take(&mut loaded).filter(|_| !has_errors(&loaded))
    else {
        return Report::failed(loaded);
    };
    let chart = Arc::new(chart);
    let mut failures = Vec::new();
    let mut runs = Vec::new();
    let mut objects = 0;
    for set in &request.sets {
        let mut said = loaded.clone();
        match one_set(sources, &chart, request, set, config, &mut said) {
            Some((findings, count)) => {
                runs.push((set.name.clone(), findings));
                objects += count;
            }
            None => failures.extend(said.into_iter().map(|mut diagnostic| {
                if request.sets.len() > 1 {
                    diagnostic.sets = vec![set.name.clone()];
                }
                diagnostic
            })),
        }
    }
    if !failures.is_empty() {
        return Report::failed(failures);
    }
    Report::ok(Outcome { findings: merge(runs, sources), objects })
}

/// The findings with one set of values, and the number of objects. What stands in the way is left in `said`.
fn one_set(
    sources: &Sources,
    chart: &Arc<chart::Chart>,
    request: &Request,
    set: &Set,
    config: &Config,
    said: &mut Vec<Diagnostic>,
) -> Option<(Vec<Diagnostic>, usize)> {
    let computed = values::compute(sources, chart, &set.overrides, &request.values).take(said)?;
    // A library chart renders nothing by itself, but has files to look at.
    let rendered = if chart.is_library() {
        render::Render::default()
    } else if has_errors(said) {
        return None;
    } else {
        render::render(sources, &computed, &request.render).take(said)?
    };
    if has_errors(said) {
        return None;
    }
    let objects: Vec<&Object> = rendered.objects().collect();
    let crds: Vec<&Object> = rendered.crds.iter().flat_map(|document| &document.objects).collect();
    let subject = Subject {
        objects: &objects,
        crds: &crds,
        chart: Some(ChartSubject { chart, computed: &computed, sources }),
        reported: said,
        sources,
        version: request.version,
    };
    Some((run(&subject, config), objects.len()))
}
