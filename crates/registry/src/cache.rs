//! What has been downloaded: archives by their digest, and what is known about charts.
//!
//! Files are written beside their place and renamed, so runs that share a cache, or that are killed, never see half of one.
//! An archive is verified when it is read. A cache that cannot be written to only means that things are downloaded again.

use crate::digest::Digest;
use crate::index::Published;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The beginning of the names of files that are being written.
const STAGED: &str = ".staged-";
/// After this time, a file that is being written has been left by a run that was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A directory with everything that has been downloaded.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    /// Nothing is kept without.
    root: Option<PathBuf>,
}

/// What was last seen of a chart in a repository.
#[derive(Serialize, Deserialize)]
struct Chart {
    repository: String,
    name: String,
    versions: Vec<Published>,
}

/// What an archive at a URL was.
#[derive(Serialize, Deserialize)]
struct Archive {
    url: String,
    digest: String,
}

impl Cache {
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// The archive with a digest.
    pub(crate) fn archive(&self, digest: &Digest) -> Option<Vec<u8>> {
        let path = self.archive_path(digest)?;
        let bytes = fs::read(&path).ok()?;
        if Digest::of(&bytes) == *digest {
            return Some(bytes);
        }
        // A damaged disk, or someone who changed it: it is downloaded again.
        let _ = fs::remove_file(path);
        None
    }

    /// Keeps an archive that came from `url`.
    pub(crate) fn keep_archive(&self, url: &str, digest: &Digest, bytes: &[u8]) {
        if let Some(path) = self.archive_path(digest) {
            write(&path, bytes);
        }
        self.keep_digest(url, digest);
    }

    /// The digest that the archive at `url` had.
    pub(crate) fn digest(&self, url: &str) -> Option<Digest> {
        let known: Archive = Self::read(&self.record_path("archives", url)?)?;
        Digest::parse(&known.digest).ok().filter(|_| known.url == url)
    }

    /// Remembers the digest of the archive at `url`.
    pub(crate) fn keep_digest(&self, url: &str, digest: &Digest) {
        let known = Archive { url: url.to_owned(), digest: digest.to_string() };
        Self::write_record(self.record_path("archives", url), &known);
    }

    /// The versions of a chart that were last seen in a repository.
    pub(crate) fn versions(&self, repository: &str, name: &str) -> Option<Vec<Published>> {
        let known: Chart = Self::read(&self.chart_path(repository, name)?)?;
        Some(known.versions).filter(|_| known.repository == repository && known.name == name)
    }

    /// Remembers the versions of a chart.
    pub(crate) fn keep_versions(&self, repository: &str, name: &str, versions: &[Published]) {
        let known =
            Chart { repository: repository.to_owned(), name: name.to_owned(), versions: versions.to_vec() };
        Self::write_record(self.chart_path(repository, name), &known);
    }

    fn archive_path(&self, digest: &Digest) -> Option<PathBuf> {
        let (start, _) = digest.hex().split_at(2);
        Some(self.root.as_ref()?.join("sha256").join(start).join(digest.hex()))
    }

    fn chart_path(&self, repository: &str, name: &str) -> Option<PathBuf> {
        self.record_path("charts", &format!("{repository}\n{name}"))
    }

    fn record_path(&self, directory: &str, key: &str) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(directory).join(Digest::of(key.as_bytes()).hex()))
    }

    fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Option<T> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    fn write_record(path: Option<PathBuf>, record: &impl Serialize) {
        if let (Some(path), Ok(bytes)) = (path, serde_json::to_vec(record)) {
            write(&path, &bytes);
        }
    }
}

/// Writes a file of the cache, as far as that is possible.
fn write(path: &Path, bytes: &[u8]) {
    let Some(directory) = path.parent() else { return };
    if fs::create_dir_all(directory).is_err() {
        return;
    }
    sweep(directory);
    let staged = tempfile::Builder::new().prefix(STAGED).tempfile_in(directory);
    if let Ok(mut staged) = staged
        && staged.write_all(bytes).is_ok()
    {
        let _ = staged.persist(path);
    }
}

/// Removes what runs that were killed have left.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_staged = entry.file_name().as_encoded_bytes().starts_with(STAGED.as_bytes());
        let modified = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if is_staged && modified().is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_archives_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().to_owned()));
        let digest = Digest::of(b"chart");
        assert_eq!(cache.archive(&digest), None);
        cache.keep_archive("https://a.example/x.tgz", &digest, b"chart");
        assert_eq!(cache.archive(&digest).as_deref(), Some(&b"chart"[..]));
        assert_eq!(cache.digest("https://a.example/x.tgz"), Some(digest.clone()));
        assert_eq!(cache.digest("https://a.example/y.tgz"), None);
        let path = cache.archive_path(&digest).unwrap();
        fs::write(&path, "cha").unwrap();
        assert_eq!(cache.archive(&digest), None);
        assert!(!path.exists());
    }

    #[test]
    fn abandoned_files_are_removed_and_new_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(format!("{STAGED}{name}")));
        fs::write(&new, "x").unwrap();
        let file = fs::File::create(&old).unwrap();
        file.set_modified(std::time::SystemTime::now() - 2 * ABANDONED).unwrap();
        write(&folder.path().join("record"), b"{}");
        assert_eq!((old.exists(), new.exists()), (false, true));
    }
}
