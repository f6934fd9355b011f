//! The charts below a directory, without those that a `.helmdocsignore` names.

use super::Options;
use crate::chart::IgnoreRules;
use crate::diag::{Report, SourceKind, Sources};
use crate::world::{FileKind, Walk, World};
use std::path::{Path, PathBuf};

/// Names of the file with the patterns.
const IGNORE_FILE: &str = ".helmdocsignore";

/// The most bytes of that file that are read.
const MAX_BYTES: u64 = 1 << 20;

/// The directories with a `Chart.yaml` and a values file at and below `root`, in the order of their paths.
///
/// The patterns of `.helmdocsignore` are those of `.helmignore`. It is in the root of the git repository around the working
/// directory, or in the working directory if there is none, and its patterns match paths from there. They can name
/// directories and `Chart.yaml` files.
pub fn find_charts(world: &World, sources: &Sources, root: &Path, options: &Options) -> Report<Vec<PathBuf>> {
    let mut sink = Vec::new();
    let base = ignore_root(world);
    let rules = world.read(&base.join(IGNORE_FILE), MAX_BYTES).ok().map(|bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let source =
            sources.add(base.join(IGNORE_FILE).display().to_string(), text.as_str(), SourceKind::File);
        IgnoreRules::parse(&text, source, &mut sink)
    });
    let is_ignored = |path: &Path, is_directory: bool| {
        let absolute = world.canonical(path).ok();
        let inner = absolute.as_deref().and_then(|path| path.strip_prefix(&base).ok()?.to_str());
        inner.is_some_and(|inner| {
            inner == ".git" || rules.as_ref().is_some_and(|rules| rules.ignores(inner, is_directory))
        })
    };
    let mut found = Vec::new();
    let is_chart = |directory: &Path| {
        let file = directory.join("Chart.yaml");
        world.is_file(&file)
            && world.is_file(&directory.join(&options.values_file))
            && !is_ignored(&file, false)
    };
    if is_chart(root) {
        found.push(root.to_owned());
    }
    let mut walk = Walk::new(world, root);
    while let Some(entry) = walk.next() {
        let Ok(entry) = entry else { continue };
        if entry.kind != FileKind::Directory {
            continue;
        }
        if is_ignored(&entry.path, true) {
            walk.skip_directory();
        } else if is_chart(&entry.path) {
            found.push(entry.path);
        }
    }
    Report::with(found, sink)
}

/// The root of the git repository around the working directory, or the working directory.
fn ignore_root(world: &World) -> PathBuf {
    let working = world.canonical(Path::new(".")).unwrap_or_else(|_| PathBuf::from("."));
    let repository = working.ancestors().find(|directory| world.exists(&directory.join(".git")));
    repository.map_or_else(|| working.clone(), Path::to_owned)
}
