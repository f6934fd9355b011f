//! `plimsoll values`.

use super::lookup::{self, Answers};
use super::{release, world};
use crate::args::ValuesArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::chart::{self, Chart};
use plimsoll::diag::Sources;
use plimsoll::engine::Release;
use plimsoll::render::{self, Request};
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
        find_secrets(args, &chart, &overrides, &sources, ui)?;
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
fn find_secrets(
    args: &ValuesArgs,
    chart: &Arc<Chart>,
    overrides: &Overrides,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let options = release::sample(args.names.release());
    let release = lookup::in_cluster(
        args.context.cluster(),
        args.names.release().unwrap_or(Release::DEFAULT_NAME),
        &options.release.namespace,
    );
    let of_stdin = overrides.stdin.is_some().then_some("values");
    let answers = Answers::read(&args.lookup, release, of_stdin, sources, ui)?;
    let mut request = Request {
        chart: args.names.source().to_owned(),
        overrides: overrides.clone(),
        values: release::value_options(&args.values),
        options: options.clone(),
    };
    let mut render = |request: &Request| render::release_of(world(), sources, Arc::clone(chart), request);
    // What is wrong with the chart is not the question.
    let report = answers.settle(&mut request, &mut render, sources, ui)?;
    if report.is_none() {
        let _ = render(&request);
    }
    Ok(())
}
