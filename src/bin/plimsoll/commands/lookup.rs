//! Renders whose `lookup` is answered by a cluster.

use super::{live, release};
use crate::args::ReleaseArgs;
use crate::ui::Ui;
use plimsoll::diag::Sources;
use plimsoll::diff::Cluster;
use plimsoll::engine::{KnownObjects, Lookup};
use plimsoll::render::{Output, Request};
use std::collections::BTreeSet;

/// How often a chart is rendered for its lookups. Each render can look up what the one before has found; charts with random
/// names look up something new every time.
const MAX_RENDERS: usize = 8;

/// Renders a release with the cluster's answers to its lookups: they are known when it has been rendered without.
pub(crate) fn render_asking(
    mut request: Request,
    cluster: &live::Release<'_>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Output> {
    let mut asked: BTreeSet<Lookup> = BTreeSet::new();
    let mut answers = Vec::new();
    for _ in 1..MAX_RENDERS {
        let report = release::render_quietly(&request, sources);
        let made = report.output.as_ref().map(|output| &output.render.lookups);
        let new: Vec<Lookup> =
            made.into_iter().flatten().filter(|lookup| !asked.contains(lookup)).cloned().collect();
        if new.is_empty() {
            return ui.kept(report, sources);
        }
        cluster.look_up(&new, &mut answers, sources, ui)?;
        asked.extend(new);
        request.options.lookup = Some(KnownObjects { objects: answers.as_slice().into(), is_complete: true });
    }
    release::render(&request, sources, ui)
}

/// The release that the arguments describe in a cluster.
pub(crate) fn release_in(cluster: Cluster, flags: &ReleaseArgs) -> anyhow::Result<live::Release<'_>> {
    Ok(live::Release {
        name: flags.names.release().unwrap_or(release::DEFAULT_NAME),
        namespace: &flags.release.namespace,
        cluster,
        selector: None,
        apply_set: None,
        version: release::kubernetes(&flags.release)?,
    })
}
