//! `plimsoll docs`.

use super::{generated, world};
use crate::args::DocsArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::authoring::docs;
use plimsoll::diag::Sources;
use std::path::PathBuf;

pub(crate) fn run(args: &DocsArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let (sources, options) = (Sources::new(), args.options());
    let charts: Vec<PathBuf> = match args.charts() {
        Ok(charts) => charts.to_vec(),
        Err(root) => {
            let found = ui.kept(docs::find_charts(world(), &sources, root, &options), &sources)?;
            if found.is_empty() {
                anyhow::bail!("there is no chart in `{}`", root.display());
            }
            found
        }
    };
    let pages: anyhow::Result<Vec<_>> = charts
        .iter()
        .map(|chart| ui.kept(docs::page(world(), &sources, chart, &options), &sources))
        .collect();
    generated::finish(&pages?, args.generated, "docs", ui)
}
