//! `plimsoll pull`.

use super::verify::{self, Verifier};
use super::{fetch, files};
use crate::args::PullArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::chart;
use plimsoll::diag::{Report, Sources};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) fn run(args: &PullArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    for path in pull(args, timeout, ui)? {
        ui.print(&format!("Wrote {}\n", path.display()));
    }
    Ok(ExitStatus::Success)
}

/// Downloads the charts, and returns the archives or directories that were written.
pub(crate) fn pull(args: &PullArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<Vec<PathBuf>> {
    let verifier = args.verify.then(|| Verifier::new(&args.keyring)).transpose()?;
    let charts: Vec<_> = args
        .sources
        .iter()
        .map(|source| download(source, args, verifier.as_ref(), timeout, ui))
        .collect::<anyhow::Result<_>>()?;
    ui.complete()?;
    for chart in &charts {
        ui.print(&chart.verification);
    }
    charts.into_iter().map(|chart| chart.write(args)).collect()
}

/// A chart that was downloaded.
struct Pulled {
    /// The name of the archive.
    file_name: String,
    bytes: Vec<u8>,
    /// The name of the chart.
    name: String,
    files: Vec<(String, Vec<u8>)>,
    /// The provenance file, if it is wanted.
    provenance: Option<String>,
    /// What was verified, as lines for the user.
    verification: String,
}

fn download(
    source: &str,
    args: &PullArgs,
    verifier: Option<&Verifier>,
    timeout: Duration,
    ui: &mut Ui,
) -> anyhow::Result<Pulled> {
    let fetched = fetch::find(source, &args.chart, &args.registry, timeout).and_then(|(fetcher, found)| {
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
    let mut verification = String::new();
    if let Some((verifier, text)) = verifier.zip(provenance.as_ref()) {
        let signed = verifier.verify(&found.file_name(), &archive.bytes, text);
        verification = verify::describe(&ui.kept(Report::from(signed), &sources)?);
    }
    let unpacked = chart::unpack(&found.url, &archive.bytes).map_err(|diagnostic| *diagnostic);
    let (metadata, files) = ui.kept(Report::from(unpacked), &sources)?;
    let file_name = found.file_name();
    Ok(Pulled { file_name, bytes: archive.bytes, name: metadata.name, files, provenance, verification })
}

impl Pulled {
    fn write(self, args: &PullArgs) -> anyhow::Result<PathBuf> {
        let destination = &args.destination;
        fs::create_dir_all(destination)
            .with_context(|| format!("cannot create `{}`", destination.display()))?;
        if !args.untar {
            let path = destination.join(&self.file_name);
            files::write_over_link(&path, &self.bytes)?;
            if let Some(text) = self.provenance {
                files::write_over_link(&verify::provenance_path(&path), text.as_bytes())?;
            }
            return Ok(path);
        }
        let parent =
            args.untardir.as_ref().map_or_else(|| destination.clone(), |below| destination.join(below));
        let target = parent.join(&self.name);
        write(&parent, &target, &self.files)?;
        Ok(target)
    }
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
        files::write_new(&path, data, &path).with_context(failed)?;
    }
    fs::rename(chart, target).with_context(failed)
}
