//! The files of an output directory.

use super::lock::Lock;
use super::{TEMPORARY, journal, swap, sweep};
use anyhow::{Context as _, bail};
use plimsoll::diag::escape::terminal;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use walkdir::WalkDir;

/// Files that are written together below a directory.
pub(crate) struct Tree<'a> {
    /// The directory.
    pub(crate) dir: &'a Path,
    /// Their paths below it, with `/` between the parts, and their texts.
    pub(crate) files: &'a BTreeMap<String, String>,
    /// The chart that they were rendered from, if they were.
    pub(crate) chart: Option<Chart>,
    /// Whether files of an earlier render that are not part of this one are removed.
    pub(crate) prune: bool,
}

/// Where the manifests of a chart are in an output directory: nothing else is looked for there.
pub(crate) struct Chart {
    /// What is before the chart's name in the paths: nothing, or the name of the release and a slash.
    pub(crate) prefix: String,
    /// The chart's name.
    pub(crate) name: String,
}

/// What has been done.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The files that were written.
    pub(crate) files: Vec<PathBuf>,
    /// The files of an earlier render that are not part of this one and were left.
    pub(crate) stale: Vec<PathBuf>,
    /// Those that were removed.
    pub(crate) removed: Vec<PathBuf>,
}

/// A change of a directory that is locked and that no killed run has left half done.
pub(super) struct Change<'a> {
    pub(super) tree: &'a Tree<'a>,
    /// The directory without links.
    pub(super) root: PathBuf,
    /// The paths of files from an earlier render that are not part of this one.
    pub(super) stale: Vec<String>,
}

impl Tree<'_> {
    /// Writes all files, or none. Refuses paths that lead out of the directory, by name or by a symbolic link, and names
    /// with control characters.
    ///
    /// The directory of a chart in which there is nothing but its manifests is replaced in one step. Otherwise a journal is
    /// written first, so that the next run completes what a killed run has begun.
    pub(crate) fn write(&self) -> anyhow::Result<Outcome> {
        for name in self.files.keys().map(String::as_str).chain(self.dir.to_str()) {
            check_name(name)?;
        }
        let mut made = MadeDirectories::default();
        let (root, lock) = self.open(&mut made)?;
        if lock.is_held() {
            clean(&root);
        }
        for path in self.files.keys() {
            self.check_target(&root, path)?;
        }
        let stale = self.find_stale(&root);
        let change = Change { tree: self, root, stale };
        if !swap::swap(&change, &mut made)? {
            journal::write(&change)?;
        }
        made.keep();
        let shown = |paths: Vec<String>| paths.into_iter().map(|path| self.dir.join(path)).collect();
        let (removed, stale) =
            if self.prune { (change.stale, Vec::new()) } else { (Vec::new(), change.stale) };
        let files = self.files.keys().map(|path| self.dir.join(path)).collect();
        Ok(Outcome { files, stale: shown(stale), removed: shown(removed) })
    }

    /// Makes the directory and locks it.
    fn open(&self, made: &mut MadeDirectories) -> anyhow::Result<(PathBuf, Lock)> {
        let dir = self.dir;
        loop {
            made.create(dir).with_context(|| format!("cannot create the directory `{}`", dir.display()))?;
            let root = dir.canonicalize();
            let root = root.with_context(|| format!("cannot open the directory `{}`", dir.display()))?;
            let lock = Lock::acquire(&root);
            if lock.is_lock_of(&root) {
                return Ok((root, lock));
            }
        }
    }

    fn check_target(&self, root: &Path, path: &str) -> anyhow::Result<()> {
        if !is_plain(path) {
            bail!("refusing to write `{path}`: it points outside `{}`", self.dir.display());
        }
        let target = self.dir.join(path);
        if !is_inside(root, path) {
            let dir = self.dir.display();
            bail!("refusing to write `{}`: a symbolic link points outside `{dir}`", target.display());
        }
        if target.is_dir() {
            bail!("cannot write `{}`: it is a directory", target.display());
        }
        Ok(())
    }

    /// The files in the chart's directory that begin as its manifests do and are not among those that are written.
    fn find_stale(&self, root: &Path) -> Vec<String> {
        let Some(chart) = &self.chart else { return Vec::new() };
        let found = WalkDir::new(root.join(chart.path())).sort_by_file_name().into_iter().flatten();
        let paths = found
            .filter(|entry| entry.file_type().is_file())
            .filter_map(|entry| relative(root, entry.path()))
            .filter(|path| !self.files.contains_key(path) && chart.is_manifest(root, path));
        paths.collect()
    }
}

impl Chart {
    /// Its directory.
    pub(super) fn path(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }

    /// Whether a file begins like a manifest that was rendered to this path, by plimsoll or helm.
    pub(super) fn is_manifest(&self, root: &Path, path: &str) -> bool {
        let Some(source) = path.strip_prefix(&self.prefix) else { return false };
        let expected = format!("---\n# Source: {}\n", terminal(source));
        let mut start = Vec::new();
        let read = File::open(root.join(path))
            .and_then(|file| file.take(expected.len() as u64).read_to_end(&mut start));
        read.is_ok() && start == expected.as_bytes()
    }
}

/// Completes or undoes what a killed run has begun in an output directory, and deletes its temporary files.
pub(crate) fn recover(dir: &Path) {
    let Ok(root) = dir.canonicalize() else { return };
    let lock = Lock::acquire(&root);
    if lock.is_held() {
        clean(&root);
    }
}

/// Undoes what a killed run has begun in a directory that it made. Then there is no such directory, as before that run.
pub(crate) fn undo_new(dir: &Path) {
    let is_directory = dir.symlink_metadata().is_ok_and(|found| found.is_dir());
    let mut entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_left = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(TEMPORARY);
    if is_directory && entries.any(|entry| is_left(&entry)) {
        recover(dir);
        // Only an empty one is removed.
        let _ = fs::remove_dir(dir);
    }
}

fn clean(root: &Path) {
    journal::recover(root);
    if let (Some(parent), Some(name)) = (root.parent(), root.file_name()) {
        sweep(parent, name);
    }
}

/// The path of a file below `root`, with `/` between the parts.
pub(super) fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Whether a path has neither `..` nor a root.
pub(super) fn is_plain(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    !path.as_os_str().is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether a path below `root` stays there: no `..`, no symbolic link that leads out. The part of it that does not exist
/// cannot lead anywhere.
pub(super) fn is_inside(root: &Path, path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    let target = root.join(path);
    let parent = target.parent().unwrap_or(root);
    let existing = parent.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
    is_plain(path) && existing.unwrap_or(root).canonicalize().is_ok_and(|found| found.starts_with(root))
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

/// Directories that were made, and are removed again unless they are kept.
#[derive(Default)]
pub(super) struct MadeDirectories(Vec<PathBuf>);

impl MadeDirectories {
    /// Makes a directory and those above it.
    pub(super) fn create(&mut self, dir: &Path) -> std::io::Result<()> {
        let missing: Vec<&Path> = dir.ancestors().take_while(|dir| dir.symlink_metadata().is_err()).collect();
        for dir in missing.into_iter().rev().filter(|dir| !dir.as_os_str().is_empty()) {
            if fs::create_dir(dir).is_ok() {
                self.0.push(dir.to_owned());
            }
        }
        // Returns the error if there still is no directory.
        fs::create_dir_all(dir)
    }

    /// Keeps them.
    pub(super) fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for MadeDirectories {
    fn drop(&mut self) {
        // Only empty ones can be removed.
        for dir in self.0.iter().rev() {
            let _ = fs::remove_dir(dir);
        }
    }
}
