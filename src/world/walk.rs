//! Everything below a directory.

use super::{DirectoryEntry, FileKind, World};
use std::io;
use std::path::{Path, PathBuf};

/// Walks through a directory: parents before what is in them, otherwise in the order of names. The directory itself is
/// not among the entries.
pub(crate) struct Walk<'w> {
    world: &'w World,
    follows_links: bool,
    max_depth: usize,
    /// The directories that the walk is in, outermost first, with what is left of each in reverse order.
    open: Vec<(PathBuf, Vec<DirectoryEntry>)>,
    /// The directory that was returned last and is entered next.
    next: Option<PathBuf>,
}

/// Something below the directory.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The path, which starts with that of the directory.
    pub(crate) path: PathBuf,
    /// What it is: of a link that is followed, what the link leads to.
    pub(crate) kind: FileKind,
    /// Whether the path itself is a link.
    pub(crate) is_link: bool,
    /// 1 for what is in the directory itself.
    pub(crate) depth: usize,
}

/// A part of the directory that cannot be walked through.
#[derive(Debug)]
pub(crate) struct WalkError {
    /// Where.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) reason: WalkReason,
}

/// Why a part of a directory cannot be walked through.
#[derive(Debug)]
pub(crate) enum WalkReason {
    /// The directory cannot be listed.
    Unreadable(io::Error),
    /// The link leads nowhere.
    BrokenLink,
    /// The link leads to a directory that contains it.
    Loop,
}

impl<'w> Walk<'w> {
    /// Through what is in `root`.
    pub(crate) fn new(world: &'w World, root: &Path) -> Self {
        let next = Some(root.to_owned());
        Self { world, follows_links: false, max_depth: usize::MAX, open: Vec::new(), next }
    }

    /// Follows links.
    pub(crate) fn following_links(self) -> Self {
        Self { follows_links: true, ..self }
    }

    /// Enters no directory at that depth.
    pub(crate) fn down_to(self, max_depth: usize) -> Self {
        Self { max_depth, ..self }
    }

    /// Does not enter the directory that was returned last.
    pub(crate) fn skip_directory(&mut self) {
        self.next = None;
    }

    fn enter(&mut self, directory: PathBuf) -> Result<(), WalkError> {
        match self.world.list(&directory) {
            Ok(mut entries) => {
                entries.reverse();
                self.open.push((directory, entries));
                Ok(())
            }
            Err(error) => Err(WalkError { path: directory, reason: WalkReason::Unreadable(error) }),
        }
    }

    /// What a link leads to, unless that is a directory which contains the link.
    fn follow(&self, path: &Path) -> Result<FileKind, WalkReason> {
        let kind = self.world.metadata(path).map_err(|_| WalkReason::BrokenLink)?.kind;
        if kind == FileKind::Directory {
            let target = self.world.canonical(path).map_err(|_| WalkReason::BrokenLink)?;
            let is_target = |open: &PathBuf| self.world.canonical(open).is_ok_and(|open| open == target);
            if self.open.iter().any(|(open, _)| is_target(open)) {
                return Err(WalkReason::Loop);
            }
        }
        Ok(kind)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(directory) = self.next.take()
            && let Err(error) = self.enter(directory)
        {
            return Some(Err(error));
        }
        let (directory, DirectoryEntry { name, kind }) = loop {
            let (directory, entries) = self.open.last_mut()?;
            match entries.pop() {
                Some(entry) => break (directory, entry),
                None => {
                    self.open.pop();
                }
            }
        };
        let path = directory.join(name);
        let depth = self.open.len();
        let is_link = kind == FileKind::Link;
        let kind = if is_link && self.follows_links { self.follow(&path) } else { Ok(kind) };
        let kind = match kind {
            Ok(kind) => kind,
            Err(reason) => return Some(Err(WalkError { path, reason })),
        };
        if kind == FileKind::Directory && depth < self.max_depth {
            self.next = Some(path.clone());
        }
        Some(Ok(Entry { path, kind, is_link, depth }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    #[test]
    fn parents_come_first_and_directories_can_be_skipped() {
        let world = Memory::default().file("r/b/x", "").file("r/a.txt", "").file("r/b.d/y", "").into_world();
        let paths = |skip: &str, depth: usize| {
            let mut walk = Walk::new(&world, Path::new("r")).down_to(depth);
            let mut paths = Vec::new();
            while let Some(entry) = walk.next() {
                let entry = entry.unwrap();
                if entry.path.ends_with(skip) {
                    walk.skip_directory();
                }
                paths.push(entry.path.display().to_string());
            }
            paths
        };
        assert_eq!(paths("none", 9), ["r/a.txt", "r/b", "r/b/x", "r/b.d", "r/b.d/y"]);
        assert_eq!(paths("b", 9), ["r/a.txt", "r/b", "r/b.d", "r/b.d/y"]);
        assert_eq!(paths("none", 1), ["r/a.txt", "r/b", "r/b.d"]);
        let missing = Walk::new(&world, Path::new("none")).next().unwrap().unwrap_err();
        assert_eq!(missing.path, Path::new("none"));
    }
}
