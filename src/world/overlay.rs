//! Files laid over another world.

use super::{DirectoryEntry, FileKind, Memory, Metadata, Outside, World};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// A world with more files in it: charts that were downloaded, buffers of an editor that are not saved.
///
/// ```
/// use plimsoll::world::{Memory, Overlay};
/// use std::path::Path;
///
/// let disk = Memory::default().file("app/Chart.yaml", "name: app\n").into_world();
/// let overlay = Overlay::new(disk);
/// overlay.provide("app/charts/db.tgz", b"...");
/// assert!(overlay.world().is_file(Path::new("app/charts/db.tgz")));
/// assert!(overlay.world().is_file(Path::new("app/Chart.yaml")));
/// ```
#[derive(Debug, Clone)]
pub struct Overlay {
    layers: Arc<Layers>,
}

#[derive(Debug)]
struct Layers {
    below: World,
    /// Their paths are absolute, where the world below knows the working directory.
    files: RwLock<Memory>,
}

impl Overlay {
    /// An overlay without files.
    pub fn new(below: World) -> Self {
        Self { layers: Arc::new(Layers { below, files: RwLock::default() }) }
    }

    /// Adds a file, or replaces one of the world below.
    pub fn provide(&self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        let path = self.layers.place(path.as_ref());
        let mut files = self.layers.files.write().unwrap_or_else(PoisonError::into_inner);
        *files = std::mem::take(&mut *files).file(path, content);
    }

    /// The world with these files.
    pub fn world(&self) -> World {
        World(Arc::clone(&self.layers) as Arc<dyn Outside>)
    }
}

impl Layers {
    fn place(&self, path: &Path) -> PathBuf {
        self.below.absolute(path).unwrap_or_else(|_| path.to_owned())
    }

    /// What `ask` finds among the files of the overlay.
    fn above<T>(&self, path: &Path, ask: impl FnOnce(&Memory, &Path) -> io::Result<T>) -> io::Result<T> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        if files.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        ask(&files, &self.place(path))
    }
}

impl Outside for Layers {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.above(path, |files, path| files.read(path, limit)).or_else(|_| self.below.0.read(path, limit))
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        match (self.above(path, Outside::metadata), self.below.0.metadata(path)) {
            (Ok(above), Ok(below)) if above.kind == FileKind::Directory => Ok(below),
            (Ok(above), _) => Ok(above),
            (Err(_), below) => below,
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let above = self.above(directory, Outside::list);
        match (above, self.below.0.list(directory)) {
            (Ok(above), Ok(below)) => {
                let is_above = |name| above.iter().any(|entry| entry.name == name);
                let below = below.into_iter().filter(|entry| !is_above(entry.name.clone()));
                let below: Vec<DirectoryEntry> = below.collect();
                Ok(above.into_iter().chain(below).collect())
            }
            (Ok(above), Err(_)) => Ok(above),
            (Err(_), below) => below,
        }
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.below.0.canonical(path).or_else(|_| self.above(path, Outside::canonical))
    }

    fn working_directory(&self) -> io::Result<PathBuf> {
        self.below.0.working_directory()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.below.0.variable(name)
    }

    fn now(&self) -> SystemTime {
        self.below.0.now()
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        self.below.0.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_worlds_are_seen() {
        let disk = Memory::default().file("a/x.txt", "disk").file("a/b/y.txt", "disk").into_world();
        let overlay = Overlay::new(disk);
        let world = overlay.world();
        assert!(!world.exists(Path::new("a/c")));
        overlay.provide("a/x.txt", "new");
        overlay.provide("a/b/z.txt", "new");
        overlay.provide("a/c/z.txt", "new");
        overlay.provide("https://example.com/x.tgz", "archive");
        let names = |directory: &str| -> Vec<String> {
            let entries = world.list(Path::new(directory)).unwrap();
            entries.into_iter().map(|entry| entry.name.into_string().unwrap()).collect()
        };
        assert_eq!(names("a"), ["b", "c", "x.txt"]);
        assert_eq!(names("a/b"), ["y.txt", "z.txt"]);
        assert_eq!(names("a/c"), ["z.txt"]);
        assert_eq!(world.read(Path::new("a/x.txt"), 9).unwrap(), b"new");
        assert_eq!(world.read(Path::new("a/b/y.txt"), 9).unwrap(), b"disk");
        assert!(world.is_file(Path::new("https://example.com/x.tgz")));
        assert_eq!(world.canonical(Path::new("a/c/../c")).unwrap(), Path::new("/a/c"));
    }
}
