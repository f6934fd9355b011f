//! `plimsoll values`.

use super::{release, world};
use crate::args::ValuesArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll::values;
use std::sync::Arc;

pub(crate) fn run(args: &ValuesArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let overrides = release::overrides(&args.values)?;
    let chart = ui.kept(chart::open(world(), &sources, args.names.source()), &sources)?;
    let (chart, options) = (Arc::new(chart), release::value_options(&args.values));
    let report = match &args.why {
        Some(path) => values::why(world(), &sources, &chart, &overrides, &options, path)
            .map(|found| found.text(&sources)),
        None => values::compute(world(), &sources, &chart, &overrides, &options)
            .map(|computed| values::show(&sources, &computed.root.values, args.origins)),
    };
    let text = ui.kept(report, &sources)?;
    ui.print(&text);
    Ok(ExitStatus::Success)
}
