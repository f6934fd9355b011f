//! The one door to the outside: files, the time, random numbers.
//!
//! Whatever the library reads from outside, it reads through a [`World`] that its caller hands in. The command hands in
//! [`World::system`]. A test, an editor with unsaved buffers or a browser hands in another one: [`Memory`], or its own
//! implementation of [`Outside`].
//!
//! ```
//! use plimsoll::diag::Sources;
//! use plimsoll::world::Memory;
//! use plimsoll::{chart, render, values};
//! use plimsoll::engine::Release;
//! use std::sync::Arc;
//!
//! let world = Memory::default()
//!     .file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
//!     .file("web/values.yaml", "port: 80\n")
//!     .file(
//!         "web/templates/service.yaml",
//!         "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: {{ .Values.port }}}]}\n",
//!     )
//!     .file("prod.yaml", "port: 8080\n")
//!     .into_world();
//! let request = render::Request {
//!     chart: "web".to_owned(),
//!     overrides: values::Overrides {
//!         files: vec![values::ValuesFile::Argument("prod.yaml".to_owned())],
//!         ..Default::default()
//!     },
//!     values: values::Options::default(),
//!     options: render::Options::install(Release::install("web", "default")),
//! };
//! let rendered = render::release(&world, &Sources::new(), &request).output.expect("it renders").render;
//! assert!(rendered.manifest[0].text.contains("port: 8080"));
//! ```

mod memory;
mod overlay;
mod system;
mod walk;

pub use memory::Memory;
pub use overlay::Overlay;
pub(crate) use walk::{Entry, Walk, WalkError, WalkReason};

use crate::limits::Activity;
use std::ffi::OsString;
use std::fmt::Debug;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What is outside of the library. Paths are as the user wrote them: absolute, or relative to the working directory.
pub trait Outside: Debug + Send + Sync {
    /// The first `limit` bytes of a file.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// What is at a path. Links are followed.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The entries of a directory, in any order. Links are not followed.
    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>>;

    /// The absolute path of what is at a path, without links and `..`.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// The directory that relative paths start from.
    fn working_directory(&self) -> io::Result<PathBuf>;

    /// A variable of the environment; none where there is no environment.
    fn variable(&self, _name: &str) -> Option<OsString> {
        None
    }

    /// The time.
    fn now(&self) -> SystemTime;

    /// Random bytes that nobody can guess: keys and passwords are made from them.
    fn random(&self) -> io::Result<[u8; 32]>;
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// The bytes in a file.
    pub length: u64,
}

/// What may be in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a socket, a pipe.
    Other,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// The name.
    pub name: OsString,
    /// What it is.
    pub kind: FileKind,
}

/// An outside with a clock of its own.
#[derive(Debug)]
struct Timed {
    outside: Arc<dyn Outside>,
    clock: Clock,
}

#[derive(Debug, Clone, Copy)]
enum Clock {
    /// It is ahead by this much.
    Ahead(Duration),
    /// It stands still.
    Stopped(SystemTime),
}

impl Outside for Timed {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.outside.read(path, limit)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.outside.metadata(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        self.outside.list(directory)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.outside.canonical(path)
    }

    fn working_directory(&self) -> io::Result<PathBuf> {
        self.outside.working_directory()
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        self.outside.variable(name)
    }

    fn now(&self) -> SystemTime {
        match self.clock {
            Clock::Ahead(by) => self.outside.now() + by,
            Clock::Stopped(time) => time,
        }
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        self.outside.random()
    }
}

/// How many names of a directory are looked at for a suggestion.
const MOST_NAMES: usize = 1000;

/// The outside, cheap to clone.
#[derive(Debug, Clone)]
pub struct World(Arc<dyn Outside>);

/// The path without `.` and without `..` after a name.
pub(crate) fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    if normal.as_os_str().is_empty() { PathBuf::from(".") } else { normal }
}

impl World {
    /// An outside of one's own.
    pub fn new(outside: impl Outside + 'static) -> Self {
        Self(Arc::new(outside))
    }

    /// The same at a later time.
    #[must_use]
    pub fn later(&self, by: Duration) -> Self {
        Self::new(Timed { outside: Arc::clone(&self.0), clock: Clock::Ahead(by) })
    }

    /// The same at a time that does not pass: what is rendered does not depend on when.
    #[must_use]
    pub fn stopped_at(&self, time: SystemTime) -> Self {
        Self::new(Timed { outside: Arc::clone(&self.0), clock: Clock::Stopped(time) })
    }

    /// The file system, the clock and the random numbers of the operating system.
    pub fn system() -> Self {
        Self::new(system::System)
    }

    /// The first `limit` bytes of a file.
    pub fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let _activity = Activity::begin(format!("reading `{}`", path.display()));
        self.0.read(path, limit)
    }

    /// The text of a file that has at most `limit` bytes.
    ///
    /// # Errors
    /// Why there is none, as a phrase.
    pub fn read_text(&self, path: &Path, limit: u64) -> Result<String, String> {
        if self.is_directory(path) {
            return Err("it is a directory".to_owned());
        }
        let data = self.read(path, limit + 1).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        })?;
        if data.len() as u64 > limit {
            return Err(format!("it is larger than {} MiB", limit >> 20));
        }
        String::from_utf8(data).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
            format!("it is not UTF-8: the first invalid byte is in line {line}")
        })
    }

    /// What is at a path. Links are followed.
    pub fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.0.metadata(path)
    }

    /// The entries of a directory, in the order of their names. Links are not followed.
    pub fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let mut entries = self.0.list(directory)?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The absolute path of what is at a path, without links and `..`.
    pub fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.0.canonical(path)
    }

    /// The path from the root.
    pub fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.0.working_directory()?.join(path))
    }

    /// A variable of the environment, unless it is empty.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        self.0.variable(name).filter(|value| !value.is_empty())
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        self.0.now()
    }

    /// Random bytes that nobody can guess.
    pub fn random(&self) -> io::Result<[u8; 32]> {
        self.0.random()
    }

    /// Whether there is anything at a path.
    pub fn exists(&self, path: &Path) -> bool {
        self.metadata(path).is_ok()
    }

    /// Whether there is a file at a path, or a link to one.
    pub fn is_file(&self, path: &Path) -> bool {
        self.metadata(path).is_ok_and(|metadata| metadata.kind == FileKind::File)
    }

    /// Whether there is a directory at a path, or a link to one.
    pub fn is_directory(&self, path: &Path) -> bool {
        self.metadata(path).is_ok_and(|metadata| metadata.kind == FileKind::Directory)
    }

    /// Names in a directory, for suggestions; none if it cannot be listed.
    pub(crate) fn names(&self, directory: &Path) -> Vec<String> {
        let entries = self.list(directory).unwrap_or_default().into_iter().take(MOST_NAMES);
        entries.filter_map(|entry| entry.name.into_string().ok()).collect()
    }
}
