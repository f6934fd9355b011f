//! The objects that an argument names: rendered from a chart, or read from manifests.

use super::release;
use crate::args::ReleaseArgs;
use crate::ui::Ui;
use plimsoll::diag::Sources;
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use plimsoll::{chart, render};
use std::path::Path;

/// The objects of the release that the arguments describe.
pub(crate) fn of(args: &ReleaseArgs, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
    let source = args.names.source();
    if !chart::is_chart(source) {
        return from_manifests(source, sources, ui);
    }
    Ok(compared(release::build(args, false, sources, ui)?))
}

/// The objects of manifests: a file, a directory, `-`.
pub(crate) fn from_manifests(source: &str, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
    let options = ReadOptions::lenient();
    let report = if source == "-" {
        manifest::load_stdin(sources, release::read_stdin()?, &options)
    } else {
        manifest::load(sources, Path::new(source), &options)
    };
    ui.kept(report, sources)
}

/// The manifest of a render: hooks are no part of what an upgrade compares.
pub(crate) fn compared(output: render::Output) -> Vec<Object> {
    output.render.manifest.into_iter().flat_map(|document| document.objects).collect()
}
