//! One writer for each directory.

use std::fs::File;
use std::path::Path;

/// A directory that no other plimsoll writes to until this is dropped.
pub(super) struct Lock(Option<File>);

impl Lock {
    /// Waits until no other process holds the directory. Where directories cannot be locked (on Windows, on some network
    /// file systems) nobody waits, and the last writer wins.
    pub(super) fn acquire(directory: &Path) -> Self {
        let open = if cfg!(unix) { File::open(directory).ok() } else { None };
        Self(open.filter(|directory| directory.lock().is_ok()))
    }

    /// Whether the directory is locked.
    pub(super) fn is_held(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the path still leads to the directory that was locked: whoever held it before may have removed it.
    pub(super) fn is_lock_of(&self, directory: &Path) -> bool {
        #[cfg(unix)]
        if let Some(locked) = &self.0 {
            use std::os::unix::fs::MetadataExt as _;
            let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
            return match (locked.metadata(), directory.metadata()) {
                (Ok(locked), Ok(found)) => identity(locked) == identity(found),
                _ => false,
            };
        }
        directory.is_dir()
    }
}
