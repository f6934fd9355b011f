//! `plimsoll history`, and what `render --record` writes.

use crate::args::{HistoryArgs, HistoryFlags, RecordFlags};
use crate::ui::{ExitStatus, Ui};
use plimsoll::diag::escape::terminal;
use plimsoll::diag::{Diagnostic, Sources};
use plimsoll::history::{self, Header, History};
use plimsoll::manifest::Object;
use plimsoll::render::Output;
use std::fmt::Write as _;
use std::time::SystemTime;

pub(crate) fn run(args: &HistoryArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let history = History::of(&args.history.history, &args.release)?;
    if let Some(revision) = args.show {
        let revision =
            ui.kept(history.load(Some(revision)).map_err(Diagnostic::from).into(), &Sources::new())?;
        ui.print(&revision.text);
        return Ok(ExitStatus::Success);
    }
    if let Some(keep) = args.prune {
        for revision in history.prune(keep)? {
            ui.print(&format!("removed revision {revision}\n"));
        }
        return Ok(ExitStatus::Success);
    }
    let mut damaged = false;
    let mut rows = vec![["REVISION", "RECORDED", "CHART", "OBJECTS", "MESSAGE"].map(str::to_owned)];
    for entry in history.list()? {
        match entry.header {
            Ok(header) => rows.push(row(&header)),
            Err(error) => {
                damaged = true;
                rows.push([&entry.revision.to_string(), "DAMAGED", "", "", ""].map(str::to_owned));
                ui.report(vec![error.into()], &Sources::new());
            }
        }
    }
    if rows.len() == 1 {
        ui.note(&format!(
            "nothing was recorded for `{}` yet; `plimsoll render --record` does it",
            args.release
        ));
        return Ok(ExitStatus::Success);
    }
    ui.print(&table(&rows));
    // The list is there all the same: this is something found, not something that could not be done.
    Ok(if damaged { ExitStatus::Findings } else { ExitStatus::Success })
}

/// Records a render; says which revision it became.
pub(crate) fn record(output: &Output, flags: &RecordFlags, ui: &mut Ui) -> anyhow::Result<()> {
    let release = &output.options.release;
    let chart = &output.computed.root.chart.metadata;
    // Hooks are no part of what an upgrade compares.
    let objects: Vec<Object> =
        output.render.manifest.iter().flat_map(|document| document.objects.iter().cloned()).collect();
    let header = History::of(&flags.history.history, &release.name)?.record(&history::Render {
        namespace: &release.namespace,
        chart: &chart.name,
        chart_version: &chart.version,
        values: Some(&output.computed.root.values),
        message: flags.message.as_deref().unwrap_or_default(),
        time: SystemTime::now(),
        objects: &objects,
        with_secrets: flags.record_secrets,
    })?;
    ui.note(&format!("recorded as revision {} of `{}`", header.revision, header.release));
    Ok(())
}

/// The objects of a recorded revision; the last one for `None`.
pub(crate) fn load(
    flags: &HistoryFlags,
    release: &str,
    revision: Option<u64>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Vec<Object>> {
    let loaded = History::of(&flags.history, release)?.load(revision);
    let revision = ui.kept(loaded.map_err(Diagnostic::from).into(), sources)?;
    ui.kept(revision.objects(sources), sources)
}

fn row(header: &Header) -> [String; 5] {
    [
        header.revision.to_string(),
        terminal(&header.time),
        terminal(&format!("{}-{}", header.chart, header.chart_version)),
        header.objects.to_string(),
        terminal(&header.message),
    ]
}

fn table(rows: &[[String; 5]]) -> String {
    let mut out = String::new();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
