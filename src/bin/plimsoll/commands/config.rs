//! `plimsoll.toml`: where it is, and what it says.

use anyhow::{Context as _, bail};
use plimsoll::diag::{Report, SourceKind, Sources};
use plimsoll::lint::Config;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAME: &str = "plimsoll.toml";

/// The `plimsoll.toml` in the directory of the sources, else that of the working directory.
pub(crate) fn find(arguments: &[&str]) -> anyhow::Result<Option<PathBuf>> {
    let mut own = BTreeMap::new();
    for argument in arguments.iter().filter(|argument| **argument != "-") {
        let path = Path::new(argument);
        let directory = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let file = directory.join(NAME);
        if file.is_file() {
            own.entry(file.canonicalize()?).or_insert(file);
        }
    }
    let mut own = own.into_values();
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

/// Reads a configuration.
pub(crate) fn read(file: &Path, sources: &Sources) -> anyhow::Result<Report<Config>> {
    let id = sources.add(file.display().to_string(), read_text(file)?, SourceKind::File);
    Ok(Config::read(sources, id))
}

pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
