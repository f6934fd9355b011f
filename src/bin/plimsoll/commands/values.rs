//! `plimsoll values`.

use super::{release, world};
use crate::args::ValuesArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::chart::{self, Chart};
use plimsoll::diag::Sources;
use plimsoll::render;
use plimsoll::values::{self, Overrides};
use std::sync::Arc;

pub(crate) fn run(args: &ValuesArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let overrides = release::overrides(&args.values)?;
    let chart = ui.kept(chart::open(world(), &sources, args.names.source()), &sources)?;
    let (chart, options) = (Arc::new(chart), release::value_options(&args.values));
    if args.show_secrets {
        sources.show_secrets();
    } else if args.origins || args.why.is_some() {
        find_secrets(args, &chart, &overrides, &sources);
    }
    let report = match &args.why {
        Some(path) => values::why(world(), &sources, &chart, &overrides, &options, path)
            .map(|found| found.text(&sources)),
        None => values::compute(world(), &sources, &chart, &overrides, &options)
            .map(|computed| values::show(&sources, &computed.root.values, args.origins)),
    };
    let text = ui.kept(report, &sources)?;
    // Values are read by other programs, explanations by people.
    if args.why.is_some() || args.origins {
        ui.print(&text);
    } else {
        ui.print_exact(&text);
    }
    Ok(ExitStatus::Success)
}

/// Renders the chart, as far as it can be, only to learn which values go into Secrets.
fn find_secrets(args: &ValuesArgs, chart: &Arc<Chart>, overrides: &Overrides, sources: &Sources) {
    let options = release::value_options(&args.values);
    if let Some(computed) = values::compute(world(), sources, chart, overrides, &options).output {
        let release = release::sample(args.names.release());
        // What is wrong with the chart is not the question.
        let _ = render::render(world(), sources, &computed, &release);
    }
}
