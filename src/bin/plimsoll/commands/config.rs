//! `plimsoll.toml`: where it is, and what it says.

use super::{release, world};
use anyhow::bail;
use plimsoll::diag::{Report, SourceKind, Sources};
use plimsoll::lint::{self, Config};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const NAME: &str = "plimsoll.toml";

/// The `plimsoll.toml` of the sources, else that of the working directory.
pub(crate) fn find(sources: &[impl AsRef<str>]) -> anyhow::Result<Option<PathBuf>> {
    let paths = sources.iter().map(AsRef::as_ref).filter(|path| *path != "-").map(Path::new);
    let own: BTreeSet<PathBuf> = paths.filter_map(above).collect();
    let mut own = own.into_iter();
    match (own.next(), own.next()) {
        (Some(one), Some(other)) => bail!(
            "`{}` and `{}` both apply, but manifests linted together must share one configuration: choose one with \
             --config, or use --separate",
            one.display(),
            other.display()
        ),
        (Some(file), None) => Ok(Some(file)),
        (None, _) => Ok(Some(PathBuf::from(NAME)).filter(|file| file.is_file())),
    }
}

/// The `plimsoll.toml` in the directory of a source, or in the nearest one above, up to the root of the git repository.
fn above(path: &Path) -> Option<PathBuf> {
    let directory = if path.is_dir() { path } else { path.parent()? };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let directory = world().canonical(directory).ok()?;
    let root = lint::git_root(world(), &directory).unwrap_or(&directory);
    let above = directory.ancestors().take_while(|above| above.starts_with(root));
    let file = above.map(|above| above.join(NAME)).find(|file| file.is_file())?;
    // As one would write it from the working directory.
    let here = world().canonical(Path::new("."));
    Some(here.ok().and_then(|here| file.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(file))
}

/// Reads a configuration.
pub(crate) fn read(file: &Path, sources: &Sources) -> anyhow::Result<Report<Config>> {
    let id = sources.add(file.display().to_string(), release::read_file(file)?, SourceKind::File);
    Ok(Config::read(sources, id))
}

/// The files and directories that a configuration names, which start from its directory, and those of a flag.
pub(crate) fn paths(file: Option<&Path>, configured: &[String], flags: &[PathBuf]) -> Vec<PathBuf> {
    let home = file.and_then(Path::parent).unwrap_or(Path::new(""));
    configured.iter().map(|path| home.join(path)).chain(flags.iter().cloned()).collect()
}
