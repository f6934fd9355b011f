//! Writing files so that none is ever half there.

use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use tempfile::NamedTempFile;

/// Writes files below `dir`: first all of them beside their places, then each is renamed into place. Refuses paths that
/// lead out of `dir`, by name or by a symbolic link, and names with control characters. Returns the paths written.
pub(crate) fn write_all(dir: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<Vec<PathBuf>> {
    for name in files.keys().map(String::as_str).chain(dir.to_str()) {
        check_name(name)?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create the directory `{}`", dir.display()))?;
    let root =
        dir.canonicalize().with_context(|| format!("cannot open the directory `{}`", dir.display()))?;
    let mut staged = Vec::new();
    for (path, text) in files {
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("refusing to write `{path}`: it points outside `{}`", dir.display());
        }
        let target = dir.join(relative);
        let parent = target.parent().unwrap_or(dir);
        // Before anything is created: a directory made behind a link would be outside, too.
        let existing = parent.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
        let inside = existing.unwrap_or(dir).canonicalize().is_ok_and(|found| found.starts_with(&root));
        if !inside {
            bail!(
                "refusing to write `{}`: a symbolic link points outside `{}`",
                target.display(),
                dir.display()
            );
        }
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create the directory `{}`", parent.display()))?;
        let mut file =
            stage(parent, &target).with_context(|| format!("cannot write to `{}`", parent.display()))?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", target.display()))?;
        staged.push((file, target));
    }
    let mut written = Vec::new();
    for (file, target) in staged {
        file.persist(&target).with_context(|| format!("cannot write `{}`", target.display()))?;
        written.push(target);
    }
    Ok(written)
}

/// Refuses names that would break the lines of listings and `# Source:` comments, or speak to a terminal.
fn check_name(name: &str) -> anyhow::Result<()> {
    if let Some(found) = name.chars().find(|c| c.is_control()) {
        bail!(
            "refusing to write `{}`: the name contains the control character U+{:04X}",
            name.escape_debug(),
            u32::from(found)
        );
    }
    Ok(())
}

/// A file in `dir` that will replace `target`, with the permissions of any file that a program creates (what the umask
/// leaves of `rw-rw-rw-`), or those of the file that is there already.
fn stage(dir: &Path, target: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".plimsoll-");
    #[cfg(unix)]
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(open);
    let file = builder.tempfile_in(dir)?;
    if let Ok(present) = target.symlink_metadata()
        && present.is_file()
    {
        fs::set_permissions(file.path(), present.permissions())?;
    }
    Ok(file)
}
