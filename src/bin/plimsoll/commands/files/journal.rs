//! Files that are replaced one by one, with a journal by which the next run completes or undoes what was interrupted.
//!
//! The journal lists what is going to happen and is written before anything does. Every file is then staged in the
//! directory it belongs to, so that only renames are left. The change is committed when the journal is renamed: before that
//! an interrupted change is undone, after that it is completed.

use super::tree::{Change, is_inside};
use super::{TEMPORARY, fill};
use crate::commands::world;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The end of the name of a journal whose change is undone.
const BEGUN: &str = ".begun";
/// The end of the name of a journal whose change is completed.
const COMMITTED: &str = ".committed";

/// What happens in a directory. All paths are below it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    /// Directories that are made, outermost first.
    directories: Vec<String>,
    /// Staged files, and what each replaces.
    files: Vec<(String, String)>,
    /// Files that are removed.
    removed: Vec<String>,
}

/// Writes the files of a change, all or none.
pub(super) fn write(change: &Change<'_>) -> anyhow::Result<()> {
    let (root, dir) = (change.root.as_path(), change.tree.dir.display());
    let failed = || format!("cannot write to `{dir}`");
    let [a, b, c, d, ..] = world().random().with_context(failed)?;
    let id = format!("{TEMPORARY}{:08x}", u32::from_ne_bytes([a, b, c, d]));
    let journal = Journal::new(change, &id);
    if journal.is_empty() {
        return Ok(());
    }
    let (begun, committed) = (root.join(format!("{id}{BEGUN}")), root.join(format!("{id}{COMMITTED}")));
    let text = serde_json::to_vec(&journal).with_context(failed)?;
    let staged = File::create_new(&begun)
        .and_then(|mut file| fill(&mut file, &text, &begun))
        .with_context(failed)
        .and_then(|()| journal.stage(change))
        .and_then(|()| fs::rename(&begun, &committed).with_context(failed));
    if let Err(error) = staged {
        journal.undo(root);
        let _ = fs::remove_file(begun);
        return Err(error);
    }
    journal.complete(root).with_context(failed)?;
    fs::remove_file(committed).with_context(failed)
}

/// Completes or undoes the interrupted changes of a directory. The caller has locked it, so none is still in progress.
pub(super) fn recover(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_committed = name.ends_with(COMMITTED);
        if !name.starts_with(TEMPORARY) || !(is_committed || name.ends_with(BEGUN)) {
            continue;
        }
        // A journal that is incomplete was written by a run that had not changed anything.
        let read = fs::read(entry.path()).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let journal = read.filter(|journal: &Journal| journal.is_inside(root)).unwrap_or_default();
        let done = if is_committed {
            journal.complete(root)
        } else {
            journal.undo(root);
            Ok(())
        };
        if done.is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Journal {
    fn new(change: &Change<'_>, id: &str) -> Self {
        let mut journal = Self::default();
        for (index, file) in change.tree.files.keys().enumerate() {
            let (parent, parts) = file.rsplit_once('/').map_or(("", ""), |(parent, _)| (parent, parent));
            let mut above = String::new();
            for part in parts.split('/').filter(|part| !part.is_empty()) {
                above = if above.is_empty() { part.to_owned() } else { format!("{above}/{part}") };
                if !change.root.join(&above).is_dir() && !journal.directories.contains(&above) {
                    journal.directories.push(above.clone());
                }
            }
            let slash = if parent.is_empty() { "" } else { "/" };
            journal.files.push((format!("{parent}{slash}{id}-{index}"), file.clone()));
        }
        if change.tree.prune {
            journal.removed.clone_from(&change.stale);
        }
        journal
    }

    /// Whether there is nothing to do.
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.removed.is_empty()
    }

    /// Whether nothing leads out of the directory: it may have come with a repository.
    fn is_inside(&self, root: &Path) -> bool {
        let files = self.files.iter().flat_map(|(staged, file)| [staged, file]);
        self.directories.iter().chain(files).chain(&self.removed).all(|path| is_inside(root, path))
    }

    fn stage(&self, change: &Change<'_>) -> anyhow::Result<()> {
        let (root, dir) = (&change.root, change.tree.dir);
        for directory in &self.directories {
            fs::create_dir_all(root.join(directory)).with_context(|| {
                format!("cannot create the directory `{}`", dir.join(directory).display())
            })?;
        }
        for ((staged, file), text) in self.files.iter().zip(change.tree.files.values()) {
            File::create_new(root.join(staged))
                .and_then(|mut staged| fill(&mut staged, text.as_bytes(), &root.join(file)))
                .with_context(|| format!("cannot write `{}`", dir.join(file).display()))?;
        }
        Ok(())
    }

    /// Does what is left to do. A run may have been killed in the middle of this.
    fn complete(&self, root: &Path) -> io::Result<()> {
        for (staged, file) in &self.files {
            if_present(fs::rename(root.join(staged), root.join(file)))?;
        }
        for file in &self.removed {
            let path = root.join(file);
            if_present(fs::remove_file(&path))?;
            // Directories that are empty now, up to the first that is not.
            let mut above = path.ancestors().skip(1).take_while(|above| *above != root);
            while above.next().is_some_and(|above| fs::remove_dir(above).is_ok()) {}
        }
        Ok(())
    }

    fn undo(&self, root: &Path) {
        for (staged, _) in &self.files {
            let _ = fs::remove_file(root.join(staged));
        }
        for directory in self.directories.iter().rev() {
            let _ = fs::remove_dir(root.join(directory));
        }
    }
}

/// A file that is missing has been renamed or removed before.
fn if_present(done: io::Result<()>) -> io::Result<()> {
    done.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
