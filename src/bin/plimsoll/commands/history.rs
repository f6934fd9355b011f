//! `plimsoll history`, and what `render --record` writes.

use super::world;
use crate::args::{HistoryArgs, HistoryFlags, RecordFlags};
use crate::ui::{ExitStatus, Ui};
use anyhow::bail;
use plimsoll::diag::escape::terminal;
use plimsoll::diag::{Diagnostic, Sources};
use plimsoll::digest::Key;
use plimsoll::history::{self, Header, History, KeyStore, Listed, Pending};
use plimsoll::manifest::Object;
use plimsoll::render::{Document, Output};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

pub(crate) fn run(args: &HistoryArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let mut histories = Vec::new();
    for namespace in namespaces(args)? {
        histories.push((History::new(&args.history.history, &namespace, &args.release)?, namespace));
    }
    if args.show.is_none() && args.prune.is_none() {
        return list(args, &histories, ui);
    }
    let [(history, _)] = histories.as_slice() else {
        let names: Vec<&str> = histories.iter().map(|(_, namespace)| namespace.as_str()).collect();
        bail!(
            "`{}` was recorded in the namespaces {}: choose one with --namespace",
            args.release,
            names.join(", ")
        );
    };
    if let Some(revision) = args.show {
        return show(history, revision, ui);
    }
    if history.list()?.is_empty() {
        note_nothing_recorded(args, ui);
    }
    ui.complete()?;
    for revision in history.prune(args.prune.unwrap_or(usize::MAX))? {
        ui.print(&format!("removed revision {revision}\n"));
    }
    Ok(ExitStatus::Success)
}

fn note_nothing_recorded(args: &HistoryArgs, ui: &mut Ui) {
    ui.note(&format!(
        "nothing is recorded for `{}` yet; record a render with `plimsoll render --record`",
        args.release
    ));
}

/// The namespaces that the arguments mean: the one given, else all in which the release was recorded.
fn namespaces(args: &HistoryArgs) -> anyhow::Result<Vec<String>> {
    if let Some(namespace) = &args.namespace {
        return Ok(vec![namespace.clone()]);
    }
    let mut found = History::namespaces(&args.history.history, &args.release)?;
    if found.is_empty() {
        // A damaged record of before there were namespaces is listed in every namespace.
        found.push("default".to_owned());
    }
    Ok(found)
}

/// Prints the manifests of a revision that can be applied.
fn show(history: &History, revision: u64, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let revision = ui.kept(history.load(Some(revision)).map_err(Diagnostic::from).into(), &sources)?;
    let shown = ui.kept(revision.appliable(&sources), &sources)?;
    ui.print_exact(&shown.text);
    if !shown.left_out.is_empty() {
        ui.note(&format!(
            "left out, because only digests of secret values are recorded: {} (`--record-secrets` records the values)",
            shown.left_out.join(", ")
        ));
    }
    if !shown.with_digests.is_empty() {
        ui.note(&format!(
            "digests replace the checksums or secrets in annotations of {}: if they are applied, pods with such an annotation restart",
            shown.with_digests.join(", ")
        ));
    }
    Ok(ExitStatus::Success)
}

fn list(args: &HistoryArgs, histories: &[(History, String)], ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let mut damaged = BTreeSet::new();
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    for (history, namespace) in histories {
        for Listed { revision, path, header } in history.list()? {
            match header {
                Ok(header) => rows.push(row(&header)),
                // The same file may be listed in several namespaces, if it does not say to which it belongs.
                Err(_) if damaged.contains(&path) => {}
                Err(error) => {
                    let is_known = path
                        .parent()
                        .is_some_and(|folder| folder.ends_with(format!("{namespace}/{}", args.release)));
                    let namespace = if is_known { namespace } else { "<unknown>" };
                    rows.push([&revision.to_string(), namespace, "DAMAGED", "", "", ""].map(str::to_owned));
                    ui.report(vec![error.into()], &Sources::new());
                    damaged.insert(path);
                }
            }
        }
    }
    if rows.len() == 1 {
        note_nothing_recorded(args, ui);
        return Ok(ExitStatus::Success);
    }
    ui.print(&table(&rows));
    // The list is there all the same: this is something found, not something that could not be done.
    Ok(if damaged.is_empty() { ExitStatus::Success } else { ExitStatus::Findings })
}

/// A render that is written to disk, to be committed when it has been printed.
pub(crate) fn prepare(output: &Output, flags: &RecordFlags, sources: &Sources) -> anyhow::Result<Pending> {
    let release = &output.options.release;
    let chart = &output.computed.root.chart.metadata;
    // Hooks are no part of what an upgrade compares.
    let (objects, hooks) = (objects_of(&output.render.manifest), objects_of(&output.render.hooks));
    let history = History::new(&flags.history.history, &release.namespace, &release.name)?;
    Ok(history.prepare(&history::Render {
        chart: &chart.name,
        chart_version: &chart.version,
        values: Some(&output.computed.root.values),
        message: flags.message.as_deref().unwrap_or_default(),
        sources,
        keys: &key_store(),
        world: world(),
        objects: &objects,
        hooks: &hooks,
        with_secrets: flags.record_secrets,
    })?)
}

fn objects_of(documents: &[Document]) -> Vec<Object> {
    documents.iter().flat_map(|document| document.objects.iter().cloned()).collect()
}

/// Records a render that has been printed, and says which revision it became. A render of which the reader did not take
/// all was not applied, so it is not recorded.
pub(crate) fn commit(pending: Pending, ui: &mut Ui) -> anyhow::Result<()> {
    if !ui.has_printed_all() {
        ui.note("not recorded, because the render was not printed completely");
        return Ok(());
    }
    if let Some(error) = &pending.keyless {
        ui.note(&format!(
            "the key for digests of secret values cannot be stored ({error}): a later `diff` cannot compare the values of this revision"
        ));
    }
    let Header { revision, release, namespace, .. } = pending.commit()?;
    ui.note(&format!("recorded as revision {revision} of `{release}` in namespace `{namespace}`"));
    Ok(())
}

/// Where the keys of digests are kept: in the user's directory for state, apart from the records.
fn key_store() -> KeyStore {
    #[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
    let directory =
        |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = directory("XDG_STATE_HOME")
        .or_else(|| directory("LOCALAPPDATA"))
        .or_else(|| directory("HOME").map(|home| home.join(".local/state")));
    KeyStore::new(state.map(|state| state.join("plimsoll/keys")))
}

/// The keys of the digests in recorded objects. Says so where one is missing.
pub(crate) fn keys_of(recorded: &[Object], ui: &mut Ui) -> Vec<Key> {
    let found = key_store().find(recorded);
    if !found.missing.is_empty() {
        ui.note(&format!(
            "recorded values of Secrets cannot be compared and count as changed: the key {} is not in the state directory of this user",
            found.missing.join(", ")
        ));
    }
    found.keys
}

/// The objects of a recorded revision; the last one for `None`.
pub(crate) fn load(
    flags: &HistoryFlags,
    namespace: &str,
    release: &str,
    revision: Option<u64>,
    sources: &Sources,
    ui: &mut Ui,
) -> anyhow::Result<Vec<Object>> {
    let loaded = History::new(&flags.history, namespace, release)?.load(revision);
    let revision = ui.kept(loaded.map_err(Diagnostic::from).into(), sources)?;
    ui.kept(revision.objects(sources), sources)
}

const HEADINGS: [&str; 6] = ["REVISION", "NAMESPACE", "RECORDED", "CHART", "OBJECTS", "MESSAGE"];

fn row(header: &Header) -> [String; 6] {
    [
        header.revision.to_string(),
        terminal(&header.namespace),
        terminal(&header.time),
        terminal(&format!("{}-{}", header.chart, header.chart_version)),
        header.objects.to_string(),
        terminal(&header.message),
    ]
}

fn table(rows: &[[String; 6]]) -> String {
    let mut out = String::new();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
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
