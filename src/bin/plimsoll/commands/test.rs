//! `plimsoll test`.

use super::{cases, coverage, files, world};
use crate::args::TestArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::diag::Sources;
use plimsoll::unittest::{self, Options, SnapshotFile, Summary, report};
use std::path::Path;
use std::time::Duration;

pub(crate) fn run(args: &TestArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    coverage::check_targets(&args.coverage)?;
    let options = args.options();
    let start = world().now();
    let mut summary = Summary::default();
    let mut text = String::new();
    for path in &args.charts {
        let sources = Sources::new();
        let options =
            Options { cases: cases::of_chart(args, path, &options, &sources, ui)?, ..options.clone() };
        let result =
            Ui::watched(&format!("testing {path}"), || unittest::run(world(), &sources, path, &options));
        ui.report(result.diagnostics.clone(), &sources);
        text.push_str(&report::chart(&result, ui.stdout_style()));
        let stops = options.fails_fast && !result.has_passed();
        summary.charts.push(result);
        if stops {
            break;
        }
    }
    summary.duration = world().now().duration_since(start).unwrap_or(Duration::ZERO);
    text.push_str(&report::summary(&summary, ui.stdout_style()));
    text.push_str(&coverage::shown(&args.coverage, &summary, ui));
    ui.complete()?;
    for chart in &summary.charts {
        for SnapshotFile { path, text } in &chart.snapshots {
            files::write_inside(Path::new(&chart.path), path, text.as_bytes())?;
        }
        cases::finish(chart, ui)?;
    }
    if let Some(path) = &args.output_file {
        let report = report::report(&summary, args.output_type.into(), world().now());
        files::write_over_link(path, report.as_bytes())?;
    }
    coverage::write(&args.coverage, &summary)?;
    ui.print(&text);
    let is_enough = coverage::is_enough(&args.coverage, &summary, ui);
    Ok(if summary.has_errors() {
        ExitStatus::Failure
    } else if summary.has_passed() && is_enough {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}
