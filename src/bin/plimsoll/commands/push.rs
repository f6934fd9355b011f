//! `plimsoll push`.

use super::verify::{provenance_path, read_archive};
use super::{fetch, package, world};
use crate::args::PushArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::chart::{self, Metadata};
use plimsoll::diag::Sources;
use plimsoll_registry::{Reference, Upload};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The annotations of a manifest that are always those of the chart itself.
const OWN_ANNOTATIONS: [&str; 2] = ["org.opencontainers.image.version", "org.opencontainers.image.title"];

pub(crate) fn run(args: &PushArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    if args.registry.offline {
        bail!("--offline leaves nothing to do for `push`");
    }
    let path = args.archive.as_path();
    if world().is_directory(path) {
        let shown = path.display();
        bail!("`{shown}` is a directory: pack it with `plimsoll package {shown}` first");
    }
    let archive = read_archive(path)?;
    let sources = Sources::new();
    let metadata = ui.kept(chart::from_archive(&sources, path, &archive), &sources)?.metadata;
    let (reference, fetcher) = match reference(&args.remote, &metadata)
        .and_then(|reference| Ok((reference, fetch::fetcher(&args.registry, None, timeout)?)))
    {
        Ok(found) => found,
        Err(error) => return fetch::fail(error, ui),
    };
    let provenance = provenance_path(path);
    let provenance = world().is_file(&provenance).then(|| read_archive(&provenance)).transpose()?;
    let upload = Upload {
        config: metadata.to_json().into_bytes(),
        annotations: annotations(&metadata, creation_time(path)?),
        archive,
        provenance,
    };
    let digest = match fetcher.push(&reference, &upload) {
        Ok(digest) => digest,
        Err(error) => return fetch::fail(error, ui),
    };
    ui.complete()?;
    ui.print(&format!("Pushed: {}\nDigest: {digest}\n", reference.tagged()));
    Ok(ExitStatus::Success)
}

/// Where a chart is stored: below the remote, under its name and version.
fn reference(remote: &str, metadata: &Metadata) -> plimsoll_registry::Result<Reference> {
    let parent = Reference::parse(&format!("{}/{}", remote.trim_end_matches('/'), metadata.name))?;
    let tagged = Reference::parse(&format!("{parent}:{}", metadata.version))?;
    match parent {
        Reference { version: None, digest: None, .. } => Ok(tagged),
        _ => Err(plimsoll_registry::Error::new(format!("`{remote}` names a version"))
            .help("name the path only: name and version are those of the chart")),
    }
}

/// When an archive was made: its own time, or that of `SOURCE_DATE_EPOCH`.
fn creation_time(archive: &Path) -> anyhow::Result<SystemTime> {
    if let Some(seconds) = package::source_date_epoch()? {
        return Ok(UNIX_EPOCH + Duration::from_secs(seconds));
    }
    let modified = fs::metadata(archive).and_then(|found| found.modified());
    modified.with_context(|| format!("cannot read `{}`", archive.display()))
}

/// What the manifest says of a chart, as Helm writes it.
fn annotations(metadata: &Metadata, created: SystemTime) -> BTreeMap<String, String> {
    let author = |one: &plimsoll::chart::Maintainer| match &one.email {
        Some(email) if !email.is_empty() => format!("{} ({email})", one.name),
        _ => one.name.clone(),
    };
    let authors = metadata.maintainers.iter().map(author).collect::<Vec<_>>().join(", ");
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let own = [
        ("description", text(&metadata.description)),
        ("title", metadata.name.clone()),
        ("version", metadata.version.clone()),
        ("url", text(&metadata.home)),
        ("created", plimsoll::history::rfc3339(created)),
        ("source", metadata.sources.first().cloned().unwrap_or_default()),
        ("authors", authors),
    ];
    let own = own.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let mut all: BTreeMap<String, String> =
        own.map(|(key, value)| (format!("org.opencontainers.image.{key}"), value)).collect();
    let given = metadata.annotations.iter().filter(|(key, _)| !OWN_ANNOTATIONS.contains(&key.as_str()));
    all.extend(given.cloned());
    all
}
