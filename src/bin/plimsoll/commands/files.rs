//! Writing files so that none is ever half there.

use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

/// Writes files below `dir`: first all of them beside their places, then each is renamed into place. Refuses paths that
/// lead out of `dir`, by name or by a symbolic link. Returns the paths written.
pub(crate) fn write_all(dir: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create the directory `{}`", dir.display()))?;
    let root =
        dir.canonicalize().with_context(|| format!("cannot open the directory `{}`", dir.display()))?;
    let mut staged = Vec::new();
    for (path, text) in files {
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("refusing to write `{path}`: it leads out of `{}`", dir.display());
        }
        let target = dir.join(relative);
        let parent = target.parent().unwrap_or(dir);
        // Before anything is created: a directory made behind a link would be outside, too.
        let existing = parent.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
        let inside = existing.unwrap_or(dir).canonicalize().is_ok_and(|found| found.starts_with(&root));
        if !inside {
            bail!(
                "refusing to write `{}`: a symbolic link leads out of `{}`",
                target.display(),
                dir.display()
            );
        }
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create the directory `{}`", parent.display()))?;
        let mut file = tempfile::Builder::new()
            .prefix(".plimsoll-")
            .tempfile_in(parent)
            .with_context(|| format!("cannot write to `{}`", parent.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", target.display()))?;
        set_readable(file.path()).with_context(|| format!("cannot write `{}`", target.display()))?;
        staged.push((file, target));
    }
    let mut written = Vec::new();
    for (file, target) in staged {
        file.persist(&target).with_context(|| format!("cannot write `{}`", target.display()))?;
        written.push(target);
    }
    Ok(written)
}

/// Temporary files are private; manifests are as readable as any file.
#[cfg(unix)]
fn set_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn set_readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
