//! The cases of `plimsoll test`: how they are rendered and linted, and what is said about their snapshots.

use super::{files, lint, world};
use crate::args::TestArgs;
use crate::ui::Ui;
use plimsoll::diag::Sources;
use plimsoll::diag::escape::terminal;
use plimsoll::unittest::{CaseOptions, ChartResult, Options, runs_cases};
use std::path::Path;

/// How the cases of a chart are tested, if they are: as `plimsoll lint` does it with the configuration of the chart.
pub(crate) fn of_chart(
    args: &TestArgs,
    chart: &str,
    options: &Options,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Option<CaseOptions>> {
    let is_forced = args.cases || args.schema;
    if !runs_cases(world(), Path::new(chart), options, is_forced) {
        return Ok(None);
    }
    let lint::Plain { request, config, baseline } = lint::plain(chart, sources, ui)?;
    Ok(Some(CaseOptions {
        is_forced,
        checks_schema: args.schema,
        overrides: request.sets.into_iter().next().map(|set| set.overrides).unwrap_or_default(),
        values: request.values,
        render: request.render,
        config,
        baseline,
        surroundings: request.surroundings,
    }))
}

/// Removes the snapshots of cases that are gone, and prints what is worth knowing.
pub(crate) fn finish(result: &ChartResult, ui: &mut Ui) -> anyhow::Result<()> {
    for path in &result.stale_snapshots {
        files::refuse_link_out(Path::new(&result.path), path)?;
        files::remove(path)?;
        ui.note(&format!(
            "removed `{}`: no case has this snapshot any more",
            terminal(&path.display().to_string())
        ));
    }
    result.notes.iter().for_each(|note| ui.note(note));
    Ok(())
}
