//! Files in memory.

use super::{DirectoryEntry, FileKind, Metadata, Outside, World};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

/// A world of files in memory, without links, in which time stands still. Relative paths start from `/`.
///
/// Its random numbers are zeros unless [`Memory::random`] gives others, so renders repeat themselves.
#[derive(Debug, Clone)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
    now: SystemTime,
    random: [u8; 32],
    variables: BTreeMap<String, OsString>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            files: BTreeMap::new(),
            now: SystemTime::UNIX_EPOCH,
            random: [0; 32],
            variables: BTreeMap::new(),
        }
    }
}

impl Memory {
    /// Adds a file; the directories above it exist from then on.
    #[must_use]
    pub fn file(mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(normal(path.as_ref()), content.into());
        self
    }

    /// Sets the time.
    #[must_use]
    pub fn time(self, now: SystemTime) -> Self {
        Self { now, ..self }
    }

    /// Sets what random numbers are made from.
    #[must_use]
    pub fn random(self, random: [u8; 32]) -> Self {
        Self { random, ..self }
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn set_variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// The world to hand in.
    pub fn into_world(self) -> World {
        World::new(self)
    }

    /// Whether there are no files.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The paths of all files below a directory, from there.
    fn below<'a>(&'a self, directory: &'a Path) -> impl Iterator<Item = &'a Path> {
        let paths = self.files.keys().filter_map(move |path| path.strip_prefix(directory).ok());
        paths.filter(|inner| !inner.as_os_str().is_empty())
    }
}

/// The path from the root, without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::from("/"), |mut normal, component| {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
        normal
    })
}

fn not_found() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no such file or directory")
}

impl Outside for Memory {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let data = self.files.get(&normal(path)).ok_or_else(not_found)?;
        let length = usize::try_from(limit).map_or(data.len(), |limit| data.len().min(limit));
        Ok(data[..length].to_vec())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let path = normal(path);
        match self.files.get(&path) {
            Some(data) => Ok(Metadata { kind: FileKind::File, length: data.len() as u64 }),
            None if path == Path::new("/") || self.below(&path).next().is_some() => {
                Ok(Metadata { kind: FileKind::Directory, length: 0 })
            }
            None => Err(not_found()),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        if self.metadata(directory)?.kind != FileKind::Directory {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory"));
        }
        let directory = normal(directory);
        let names: BTreeSet<_> = self.below(&directory).filter_map(|inner| inner.iter().next()).collect();
        let kind = |name| {
            let is_file = self.files.contains_key(&directory.join(name));
            if is_file { FileKind::File } else { FileKind::Directory }
        };
        Ok(names.into_iter().map(|name| DirectoryEntry { name: name.to_owned(), kind: kind(name) }).collect())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.metadata(path).map(|_| normal(path))
    }

    fn working_directory(&self) -> io::Result<PathBuf> {
        Ok(PathBuf::from("/"))
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).cloned()
    }

    fn now(&self) -> SystemTime {
        self.now
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        Ok(self.random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_those_above_the_files() {
        let world = Memory::default().file("a/b/c.txt", "text").file("/a/d.txt", "").into_world();
        let entries = world.list(Path::new("./a")).unwrap();
        let names: Vec<_> = entries.iter().map(|entry| (entry.name.to_str().unwrap(), entry.kind)).collect();
        assert_eq!(names, [("b", FileKind::Directory), ("d.txt", FileKind::File)]);
        assert_eq!(world.read(Path::new("/a/x/../b/c.txt"), 2).unwrap(), b"te");
        assert_eq!(world.metadata(Path::new("a/b/c.txt")).unwrap().length, 4);
        assert_eq!(world.canonical(Path::new("a/./b")).unwrap(), Path::new("/a/b"));
        for missing in ["a/b/c", "x", "a/b/c.txt/d"] {
            assert!(!world.exists(Path::new(missing)), "{missing}");
        }
        assert!(world.list(Path::new("a/d.txt")).is_err() && world.is_directory(Path::new(".")));
    }
}
