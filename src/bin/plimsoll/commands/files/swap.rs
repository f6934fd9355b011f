//! The directory of a chart, replaced in one step.

use super::tree::{Change, MadeDirectories, relative};
use super::{RANDOM, staged_prefix, write_new};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use tempfile::TempDir;
use walkdir::WalkDir;

/// Builds the directory of the chart beside the output directory and exchanges it for the one that is there, if there is
/// one. Returns whether that was possible. It is not if the directory contains anything but manifests of the chart, is on
/// another file system or belongs to another user; then nothing has changed.
pub(super) fn swap(change: &Change<'_>, made: &mut MadeDirectories) -> anyhow::Result<bool> {
    let Some(chart) = &change.tree.chart else { return Ok(false) };
    let path = chart.path();
    let target = change.root.join(&path);
    let inside = format!("{path}/");
    if change.tree.files.is_empty() || !change.tree.files.keys().all(|file| file.starts_with(&inside)) {
        return Ok(false);
    }
    let Some(present) = read_present(change, &path) else { return Ok(false) };
    let Some(stage) = stage(&change.root) else { return Ok(false) };
    let staged = stage.path().join("chart");
    let made_stage = fs::create_dir(&staged).and_then(|()| staged.metadata());
    if !made_stage.is_ok_and(|own| present.values().all(|found| found.is_file() || is_alike(found, &own))) {
        return Ok(false);
    }
    for (file, text) in change.tree.files {
        let Some(inner) = file.strip_prefix(&inside) else { continue };
        write_new(&staged.join(inner), text.as_bytes(), &target.join(inner))
            .with_context(|| format!("cannot write `{}`", change.tree.dir.join(file).display()))?;
    }
    let left = change.stale.iter().filter(|_| !change.tree.prune);
    for inner in left.filter_map(|file| file.strip_prefix(&inside)) {
        if link(&target.join(inner), &staged.join(inner)).is_err() {
            return Ok(false);
        }
    }
    for (inner, found) in present.iter().filter(|(_, found)| found.is_dir()) {
        let directory = staged.join(inner);
        if directory.is_dir() && fs::set_permissions(directory, found.permissions()).is_err() {
            return Ok(false);
        }
    }
    let placed = if present.is_empty() {
        let parent = target.parent().unwrap_or(&change.root);
        made.create(parent).and_then(|()| fs::rename(&staged, &target))
    } else {
        exchange(&staged, &target)
    };
    Ok(placed.is_ok())
}

/// What is in the directory of the chart, and the directory itself, by their paths in it; nothing if there is none. `None`
/// if there is anything but the manifests of the chart.
fn read_present(change: &Change<'_>, path: &str) -> Option<BTreeMap<String, Metadata>> {
    let (chart, root) = (change.tree.chart.as_ref()?, &change.root);
    let target = root.join(path);
    let mut present = BTreeMap::new();
    if target.symlink_metadata().is_err() {
        // A link on the way would put it somewhere else.
        let is_direct = target.ancestors().skip(1).find(|above| above.exists())?.canonicalize();
        return is_direct.is_ok_and(|above| target.starts_with(above)).then_some(present);
    }
    if target.canonicalize().ok()? != target {
        return None;
    }
    let mut with_manifests = BTreeSet::new();
    for entry in WalkDir::new(&target) {
        let entry = entry.ok()?;
        let found = entry.metadata().ok()?;
        let inner = relative(&target, entry.path())?;
        if found.is_file() {
            if !chart.is_manifest(root, &format!("{path}/{inner}")) {
                return None;
            }
            let above = Path::new(&inner).ancestors().skip(1);
            with_manifests.extend(above.filter_map(Path::to_str).map(str::to_owned));
        } else if !found.is_dir() {
            return None;
        }
        present.insert(inner, found);
    }
    let mut directories = present.iter().filter(|(inner, found)| found.is_dir() && !inner.is_empty());
    directories.all(|(inner, _)| with_manifests.contains(inner)).then_some(present)
}

/// A new directory beside the output directory, if there can be one on the same file system.
fn stage(root: &Path) -> Option<TempDir> {
    let (parent, name) = (root.parent()?, root.file_name()?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        const SET_GROUP: u32 = 0o2000;
        let (above, own) = (parent.metadata().ok()?, root.metadata().ok()?);
        // New files in such a directory belong to its group.
        if above.dev() != own.dev() || own.mode() & SET_GROUP != 0 {
            return None;
        }
    }
    tempfile::Builder::new().prefix(&staged_prefix(name)).rand_bytes(RANDOM).tempdir_in(parent).ok()
}

/// Whether a directory is on the same file system as another, has the same owner and can be written to by the owner.
#[cfg(unix)]
fn is_alike(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    const OWNER: u32 = 0o700;
    let is_open = one.mode() & OWNER == OWNER;
    let identity = |found: &Metadata| (found.dev(), found.uid(), found.gid());
    is_open && identity(one) == identity(other)
}

#[cfg(not(unix))]
fn is_alike(_one: &Metadata, _other: &Metadata) -> bool {
    true
}

fn link(old: &Path, new: &Path) -> io::Result<()> {
    fs::create_dir_all(new.parent().unwrap_or(new))?;
    fs::hard_link(old, new)
}

/// Exchanges two directories in one step, on systems that can.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
