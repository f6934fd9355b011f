//! Renders a new chart before anybody sees it.

use super::Files;
use crate::chart;
use crate::diag::{Diagnostic, Report, Sources, has_errors};
use crate::diff::{self, Change, ObjectPlan};
use crate::engine::Release;
use crate::manifest::Object;
use crate::render::{self, Options, Output, Request};
use crate::values::{self, Overrides};
use crate::world::World;

/// What a chart must render to.
pub(super) struct Same<'a> {
    /// The objects as they were read.
    pub(super) original: &'a [Object],
    /// The same objects without what the cluster added.
    pub(super) stripped: &'a [Object],
}

/// Renders a chart that is only in memory.
pub(crate) fn rendered(
    world: &World,
    sources: &Sources,
    name: &str,
    files: &Files,
    overrides: Overrides,
) -> Report<Output> {
    let plain = files.iter().map(|(path, text)| (path.clone(), text.clone().into_bytes())).collect();
    let mut diagnostics = Vec::new();
    let Some(chart) = chart::from_files(sources, name, plain).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    let request = Request {
        chart: name.to_owned(),
        overrides,
        values: values::Options::default(),
        options: options(name, true),
    };
    let mut report = render::release_of(world, sources, chart, &request);
    diagnostics.append(&mut report.diagnostics);
    Report { output: report.output, diagnostics }
}

/// How charts are rendered to be compared.
pub(crate) fn options(release: &str, strict: bool) -> Options {
    Options {
        strict,
        // Random values would differ between two renders.
        seed: Some(0),
        ..Options::install(Release::install(release, "default"))
    }
}

/// The objects that differ between two renders.
fn changed(old: &[Object], new: &[Object]) -> Vec<ObjectPlan> {
    let options = diff::Options { validate: false, documents: false, ..diff::Options::default() };
    let mut plans = diff::compare(old, new, &options).objects;
    plans.retain(|plan| plan.change != Change::Unchanged);
    plans
}

/// Compares what a chart renders to with the objects that it was made from. What it returns are errors.
pub(super) fn same(
    world: &World,
    sources: &Sources,
    name: &str,
    files: &Files,
    expected: &Same<'_>,
) -> Vec<Diagnostic> {
    let Report { output, mut diagnostics } = rendered(world, sources, name, files, Overrides::default());
    let Some(output) = output.filter(|_| !has_errors(&diagnostics)) else { return diagnostics };
    let found: Vec<Object> = output.render.all_objects().cloned().collect();
    let mut differences: Vec<String> = Vec::new();
    for wanted in expected.stripped {
        let same = found.iter().find(|object| object.reference() == wanted.reference());
        if same.is_none_or(|object| object.root != wanted.root) {
            differences.push(format!("{}/{}", wanted.kind, wanted.name));
        }
    }
    if found.len() != expected.stripped.len() {
        differences.push(format!("{} objects instead of {}", found.len(), expected.stripped.len()));
    }
    let changed = changed(expected.original, &found);
    differences.extend(changed.iter().map(|plan| format!("{}/{}", plan.object.kind, plan.object.name)));
    differences.sort_unstable();
    differences.dedup();
    if !differences.is_empty() {
        diagnostics.push(
            Diagnostic::error(format!(
                "the chart would not render to the manifests: {}",
                differences.join(", ")
            ))
            .help("nothing was written; leave these objects out, and report this as a bug in plimsoll"),
        );
    }
    diagnostics
}
