//! The coverage of `plimsoll test`: what is printed, what is written, and whether it is enough.

use super::{files, world};
use crate::args::CoverageArgs;
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::unittest::Summary;
use plimsoll::unittest::coverage::{HTML_MARK, html, lcov, table, total};
use std::path::{Path, PathBuf};

/// How much of a file shows whether it is a report.
const HEAD: u64 = 4096;

/// Fails if a report would replace a file that is not one.
pub(super) fn check_targets(args: &CoverageArgs) -> anyhow::Result<()> {
    if let Some(path) = &args.lcov {
        check(path, "an lcov tracefile", |head| head.starts_with("TN:") || head.starts_with("SF:"))?;
    }
    if let Some(path) = &args.html {
        check(path, "a coverage page", |head| head.contains(HTML_MARK))?;
    }
    Ok(())
}

fn check(path: &Path, what: &str, is_report: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    // Reading anything else, such as a terminal, might wait.
    if !world().is_file(path) {
        return Ok(());
    }
    let head = world().read(path, HEAD).with_context(|| format!("cannot read `{}`", path.display()))?;
    if !head.is_empty() && !is_report(&String::from_utf8_lossy(&head)) {
        bail!("`{}` exists and is not {what}\n= help: choose another file, or remove it", path.display());
    }
    Ok(())
}

/// Writes the reports.
pub(super) fn write(args: &CoverageArgs, summary: &Summary) -> anyhow::Result<()> {
    let (runs, base) = (summary.coverage(), base());
    if let Some(path) = &args.lcov {
        files::write_over_link(path, lcov(&runs, &base).as_bytes())?;
    }
    if let Some(path) = &args.html {
        files::write_over_link(path, html(&runs, &base).as_bytes())?;
    }
    Ok(())
}

/// The table, if it is asked for.
pub(super) fn shown(args: &CoverageArgs, summary: &Summary, ui: &Ui) -> String {
    if !args.shows_table() || summary.coverage().is_empty() {
        return String::new();
    }
    table(&summary.coverage(), &base(), Ui::width(), ui.stdout_style())
}

/// Whether enough lines are reached. Says so if not.
pub(super) fn is_enough(args: &CoverageArgs, summary: &Summary, ui: &mut Ui) -> bool {
    let Some(minimum) = args.minimum else { return true };
    let lines = total(&summary.coverage()).lines;
    let is_enough = lines.is_at_least(minimum);
    if !is_enough {
        let (reached, all) = (lines.reached, lines.total);
        ui.note(&format!(
            "line coverage is {lines} ({reached} of {all} lines), below the minimum of {minimum}%"
        ));
    }
    is_enough
}

/// What paths are shown relative to.
fn base() -> PathBuf {
    world().absolute(Path::new("")).unwrap_or_default()
}
