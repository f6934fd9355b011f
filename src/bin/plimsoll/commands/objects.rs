//! The objects that an argument names: rendered from a chart, or read from manifests.

use super::{lookup, release, world};
use crate::args::ReleaseArgs;
use crate::ui::Ui;
use anyhow::bail;
use plimsoll::diag::Sources;
use plimsoll::diff::{Cluster, Side};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use plimsoll::{chart, manifests};
use std::path::Path;

/// The objects of the release that the arguments describe, in this cluster.
pub(crate) fn load_release(
    args: &ReleaseArgs,
    cluster: Cluster,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Side> {
    let source = args.names.source();
    if !chart::is_chart(world(), source) {
        if let Some(flag) = args.values.used().first() {
            bail!("`{source}` contains manifests, which do not use values: remove {flag}");
        }
        if args.lookup.lookup.is_some() {
            bail!("`{source}` contains manifests, which look up nothing: remove --lookup");
        }
        return Ok(Side::Manifests(from_manifests(source, sources, ui)?));
    }
    let request = release::request(args, release::overrides(&args.values)?, args.release.seed)?;
    Ok(Side::of_render(lookup::render(args, cluster, request, sources, ui)?.render))
}

/// The objects of manifests: a file, a directory, `-`.
pub(crate) fn from_manifests(source: &str, sources: &Sources, ui: &mut Ui) -> anyhow::Result<Vec<Object>> {
    let options = ReadOptions::lenient();
    let report = if source == "-" {
        manifest::load_stdin(sources, release::read_stdin()?, &options)
    } else {
        manifests::load(world(), sources, Path::new(source), &options)
    };
    ui.kept(report, sources)
}
