//! Provenance files.

use std::path::{Path, PathBuf};

/// The provenance file of an archive.
pub(crate) fn provenance_path(archive: &Path) -> PathBuf {
    let mut path = archive.as_os_str().to_owned();
    path.push(".prov");
    PathBuf::from(path)
}
