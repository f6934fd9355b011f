//! The objects that an argument names: rendered from a chart, or read from manifests.

use super::release;
use crate::args::ReleaseArgs;
use crate::ui::Ui;
use plimsoll::diag::{Report, Sources};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use plimsoll::{chart, render};
use std::path::Path;

/// The objects of the release that the arguments describe; `None` after what is wrong has been shown.
pub(crate) fn of(args: &ReleaseArgs, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Option<Vec<Object>>> {
    let source = args.names.source();
    if !chart::is_chart(source) {
        return from_manifests(source, sources, ui);
    }
    let request = release::request(args, false)?;
    let report = Ui::watched("rendering", || render::release(sources, &request));
    Ok(rendered(report, sources, ui))
}

/// The objects of manifests: a file, a directory, `-`.
pub(crate) fn from_manifests(
    source: &str,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<Vec<Object>>> {
    let options = ReadOptions::lenient();
    let report = if source == "-" {
        manifest::load_stdin(sources, release::read_stdin()?, &options)
    } else {
        manifest::load(sources, Path::new(source), &options)
    };
    Ok(kept(report, sources, ui))
}

/// The manifest of a render: hooks are no part of what an upgrade compares.
pub(crate) fn rendered(
    report: Report<render::Output>,
    sources: &Sources,
    ui: &mut Ui,
) -> Option<Vec<Object>> {
    kept(report, sources, ui)
        .map(|output| output.render.manifest.into_iter().flat_map(|document| document.objects).collect())
}

/// The output of a report whose diagnostics have been shown, if there was no error.
pub(crate) fn kept<T>(report: Report<T>, sources: &Sources, ui: &mut Ui) -> Option<T> {
    let failed = ui.report(report.diagnostics, sources);
    report.output.filter(|_| !failed)
}
