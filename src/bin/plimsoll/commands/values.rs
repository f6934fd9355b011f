//! `plimsoll values`.

use super::release;
use crate::args::ValuesArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::diag::Sources;
use plimsoll::values;
use std::sync::Arc;

pub(crate) fn run(args: ValuesArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let overrides = release::overrides(&args.values)?;
    let Some(chart) = release::chart(args.names.source(), &sources, ui) else {
        return Ok(ExitStatus::Failure);
    };
    let options = release::value_options(&args.values);
    let chart = Arc::new(chart);
    let report = match &args.why {
        Some(path) => values::why(&sources, &chart, &overrides, &options, path)
            .map(|explanation| explanation.text(&sources)),
        None => values::compute(&sources, &chart, &overrides, &options)
            .map(|computed| values::show(&sources, &computed.root.values, args.origins)),
    };
    let failed = ui.report(report.diagnostics, &sources);
    match report.output {
        Some(text) if !failed => {
            ui.print(&text);
            Ok(ExitStatus::Success)
        }
        _ => Ok(ExitStatus::Failure),
    }
}
