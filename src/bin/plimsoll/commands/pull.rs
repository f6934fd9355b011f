//! `plimsoll pull`.

use super::verify::{self, Verifier};
use super::{fetch, files};
use crate::registry_args::PullArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::chart;
use plimsoll::diag::{Report, Sources};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub(crate) fn run(args: &PullArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let fetched =
        fetch::find(&args.source, &args.chart, &args.registry, timeout).and_then(|(fetcher, found)| {
            let archive = fetcher.download(&found)?;
            let provenance = (args.verify || args.prov).then(|| fetcher.provenance(&found)).transpose();
            let provenance = provenance.map_err(|error| error.context("cannot fetch the provenance file"))?;
            Ok((found, archive, provenance))
        });
    let (found, archive, provenance) = match fetched {
        Ok(fetched) => fetched,
        Err(error) => return fetch::fail(error, ui),
    };
    let sources = Sources::new();
    let mut said = String::new();
    if let Some(text) = provenance.as_ref().filter(|_| args.verify) {
        let verified = Verifier::new(&args.keyring)?.verify(&found.file_name(), &archive.bytes, text);
        said = verify::describe(&ui.kept(Report::from(verified), &sources)?);
    }
    let unpacked = chart::unpack(&found.url, &archive.bytes).map_err(|diagnostic| *diagnostic);
    let (metadata, unpacked) = ui.kept(Report::from(unpacked), &sources)?;
    ui.complete()?;
    fs::create_dir_all(&args.destination)
        .with_context(|| format!("cannot create `{}`", args.destination.display()))?;
    if !args.untar {
        let path = args.destination.join(found.file_name());
        files::replace(&path, &archive.bytes)?;
        if let Some(text) = provenance {
            files::replace(&verify::provenance_path(&path), text.as_bytes())?;
        }
        ui.print(&format!("{said}Wrote {}\n", path.display()));
        return Ok(ExitStatus::Success);
    }
    let parent =
        args.untardir.as_ref().map_or_else(|| args.destination.clone(), |below| args.destination.join(below));
    let target = parent.join(&metadata.name);
    write(&parent, &target, &unpacked)?;
    ui.print(&format!("{said}Wrote {}\n", target.display()));
    Ok(ExitStatus::Success)
}

/// Writes the files of a chart to a new directory: all of them, or nothing.
fn write(parent: &Path, target: &Path, unpacked: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    if target.symlink_metadata().is_ok() {
        bail!(
            "`{}` exists already: remove it, or choose another directory with --untardir",
            target.display()
        );
    }
    let failed = || format!("cannot write `{}`", target.display());
    fs::create_dir_all(parent).with_context(failed)?;
    let staged = tempfile::Builder::new().prefix(".plimsoll-").tempdir_in(parent).with_context(failed)?;
    let chart = staged.path().join("chart");
    for (path, data) in unpacked {
        let path = chart.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&chart)).with_context(failed)?;
        fs::write(path, data).with_context(failed)?;
    }
    fs::rename(chart, target).with_context(failed)
}
