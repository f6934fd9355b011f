//! The operating system.

use super::{DirectoryEntry, FileKind, Metadata, Outside};
use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::WalkDir;

/// The file system, the clock and the random numbers of the operating system.
#[derive(Debug)]
pub(super) struct System;

impl Outside for System {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        let mut data = Vec::new();
        // With room for the whole file and one byte more, it is read at once.
        let length = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
        data.reserve_exact(usize::try_from(length).unwrap_or(0) + 1);
        file.take(limit).read_to_end(&mut data)?;
        Ok(data)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let found = fs::metadata(path)?;
        Ok(Metadata { kind: kind(found.file_type()), length: found.len() })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let entry = |entry: walkdir::Result<walkdir::DirEntry>| match entry {
            Ok(entry) => {
                Ok(DirectoryEntry { kind: kind(entry.file_type()), name: entry.file_name().to_owned() })
            }
            // Its own text repeats the path, which the caller names.
            Err(error) => Err(error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into())),
        };
        WalkDir::new(directory).min_depth(1).max_depth(1).into_iter().map(entry).collect()
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door through which everything else asks for it"
    )]
    fn working_directory(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door through which everything else asks for it"
    )]
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(bytes)
    }
}

fn kind(file_type: FileType) -> FileKind {
    if file_type.is_symlink() {
        FileKind::Link
    } else if file_type.is_dir() {
        FileKind::Directory
    } else if file_type.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}
