//! Writing files so that none is ever half written, and files that belong together are replaced together.
//!
//! [`replace`] writes one file, [`Tree`] the files of a directory. Both stage beside the target and rename, under a lock of
//! the directory, and remove what a killed run has left there.

mod journal;
mod lock;
mod swap;
mod tree;

pub(crate) use tree::{Chart, Outcome, Tree, recover, undo_new};

use anyhow::{Context as _, bail};
use lock::Lock;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// What the names of all temporary files and directories begin with.
const TEMPORARY: &str = ".plimsoll-";

/// The random characters at the end of the name of a staged file or directory.
const RANDOM: usize = 6;

/// Replaces a file, or creates it. It is on disk when this returns. A link is followed, and a file that exists keeps its
/// permissions.
pub(crate) fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    put(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), content)
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// [`write`], except that a link at the path is replaced itself: a file of this name may have come with a repository, and
/// lead anywhere.
pub(crate) fn write_over_link(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    create_parent(path)?;
    put(path, content).with_context(|| format!("cannot write `{}`", path.display()))
}

/// [`write`] for a file below a directory that a stranger may have made, such as a chart.
pub(crate) fn write_inside(root: &Path, path: &Path, content: &[u8]) -> anyhow::Result<()> {
    refuse_link_out(root, path)?;
    write(path, content)
}

/// Refuses a path below `root` that leads out of it through a link. A path that does not begin with `root` is one that the
/// user names.
pub(crate) fn refuse_link_out(root: &Path, path: &Path) -> anyhow::Result<()> {
    let Some(inner) = path.strip_prefix(root).ok().filter(|inner| tree::is_plain(inner)) else {
        return Ok(());
    };
    let real = if root.as_os_str().is_empty() { Path::new(".") } else { root }.canonicalize();
    let real = real.with_context(|| format!("cannot open the directory `{}`", root.display()))?;
    let leads_out = path.canonicalize().is_ok_and(|target| !target.starts_with(&real));
    if leads_out || !tree::is_inside(&real, inner) {
        bail!("refusing to write `{}`: a symbolic link points outside `{}`", path.display(), root.display());
    }
    Ok(())
}

/// Deletes what killed runs have staged for a file that is written only if it changes.
pub(crate) fn clean_up(path: &Path) {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(name) = target.file_name() {
        lock_and_sweep(parent_of(&target), name);
    }
}

/// Writes a file in a directory that no other process knows yet. It gets the permissions of the one that it will replace.
pub(crate) fn write_new(path: &Path, content: &[u8], replaced: &Path) -> io::Result<()> {
    fs::create_dir_all(parent_of(path))?;
    fill(&mut File::create_new(path)?, content, replaced)
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn lock_and_sweep(directory: &Path, name: &OsStr) -> Lock {
    let lock = Lock::acquire(directory);
    if lock.is_held() {
        sweep(directory, name);
    }
    lock
}

/// Replaces what is at a path without links.
fn put(target: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = target.file_name().context("it has no name")?;
    let directory = parent_of(target);
    let _lock = lock_and_sweep(directory, name);
    let mut builder = tempfile::Builder::new();
    let prefix = staged_prefix(name);
    builder.prefix(&prefix).rand_bytes(RANDOM);
    #[cfg(unix)]
    let of_umask = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(of_umask);
    let mut staged = builder.tempfile_in(directory).map_err(without_path)?;
    fill(staged.as_file_mut(), content, target)?;
    staged.as_file().sync_all()?;
    staged.persist(target)?;
    Ok(())
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))
}

/// [`replace`], which also creates the directories that the file is in.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    create_parent(path)?;
    replace(path, content)
}

fn create_parent(path: &Path) -> anyhow::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory).with_context(|| format!("cannot create `{}`", directory.display()))?;
    }
    Ok(())
}

/// The error of the system, without the name of the temporary file.
fn without_path(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|inner| inner.source()?.downcast_ref::<io::Error>()?.raw_os_error());
    cause.map_or(error, io::Error::from_raw_os_error)
}

/// Gives a new file the permissions of the file that it will replace, and writes what it holds: nobody else may read a
/// password that is written, not even for a moment.
fn fill(file: &mut File, content: &[u8], replaced: &Path) -> io::Result<()> {
    // Beyond the limit the kernel would end the process.
    #[cfg(unix)]
    if rustix::process::getrlimit(rustix::process::Resource::Fsize)
        .current
        .is_some_and(|limit| content.len() as u64 > limit)
    {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    if let Ok(present) = replaced.symlink_metadata()
        && present.is_file()
    {
        file.set_permissions(present.permissions())?;
    }
    file.write_all(content)
}

/// The beginning of the name under which `name` is staged.
fn staged_prefix(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(TEMPORARY);
    prefix.push(name);
    prefix.push("-");
    prefix
}

/// Deletes what killed runs have staged for `name`. The caller has locked the directory, so no other run is staging it.
fn sweep(directory: &Path, name: &OsStr) {
    let prefix = staged_prefix(name);
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let rest = found.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.len() == RANDOM) {
            // What cannot be deleted now will be next time.
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
                _ => fs::remove_file(entry.path()),
            };
        }
    }
}
