//! `plimsoll show`.

use super::world;
use crate::args::ShowArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use plimsoll::chart;
use plimsoll::diag::Sources;

pub(crate) fn run(args: &ShowArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if args.jsonpath.is_some() {
        bail!(
            "`--jsonpath` is not supported: pipe the values into another tool, as in `plimsoll show values CHART | yq .image.tag`"
        );
    }
    let sources = Sources::new();
    let chart = ui.kept(chart::open(world(), &sources, &args.source), &sources)?;
    let text = chart::show(&chart, &sources, args.part.into()).map_err(anyhow::Error::msg)?;
    ui.print_exact(&text);
    Ok(ExitStatus::Success)
}
