//! Writing files so that none is ever half written, and files that belong together are replaced together.
//!
//! [`replace`] writes one file, [`Tree`] the files of a directory. Both stage beside the target and rename, under a lock of
//! the directory, and remove what a killed run has left there.

mod journal;
mod lock;
mod swap;
mod tree;

pub(crate) use tree::{Chart, Outcome, Tree, recover};

use anyhow::Context as _;
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
    let failed = || format!("cannot write `{}`", path.display());
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = target.file_name().with_context(failed)?;
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let lock = Lock::acquire(directory);
    if lock.is_held() {
        sweep(directory, name);
    }
    let mut builder = tempfile::Builder::new();
    let prefix = staged_prefix(name);
    builder.prefix(&prefix).rand_bytes(RANDOM);
    #[cfg(unix)]
    let of_umask = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(of_umask);
    let mut staged = builder.tempfile_in(directory).map_err(without_path).with_context(failed)?;
    fill(staged.as_file_mut(), content, &target).with_context(failed)?;
    staged.as_file().sync_all().with_context(failed)?;
    staged.persist(&target).with_context(failed)?;
    Ok(())
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> anyhow::Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove `{}`", path.display()))
}

/// [`replace`], which also creates the directories that the file is in.
pub(crate) fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        fs::create_dir_all(directory).with_context(|| format!("cannot create `{}`", directory.display()))?;
    }
    replace(path, content)
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
