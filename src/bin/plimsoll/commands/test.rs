//! `plimsoll test`.

use super::{files, world};
use crate::args::TestArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::Context as _;
use plimsoll::diag::Sources;
use plimsoll::unittest::{self, SnapshotFile, Summary, report};
use std::path::Path;
use std::time::Duration;

pub(crate) fn run(args: &TestArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let options = args.options();
    let start = world().now();
    let mut summary = Summary::default();
    let mut text = String::new();
    for path in &args.charts {
        let sources = Sources::new();
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
    ui.complete()?;
    for SnapshotFile { path, text } in summary.charts.iter().flat_map(|chart| &chart.snapshots) {
        write(path, text)?;
    }
    if let Some(path) = &args.output_file {
        write(path, &report::report(&summary, args.output_type.into(), world().now()))?;
    }
    ui.print(&text);
    Ok(if summary.has_errors() {
        ExitStatus::Failure
    } else if summary.has_passed() {
        ExitStatus::Success
    } else {
        ExitStatus::Findings
    })
}

/// Writes a file, and the directories that it is in.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create `{}`", directory.display()))?;
    }
    files::replace(path, text.as_bytes())
}
