//! Recorded renders on disk.
//!
//! A [`History`] is a directory per release that holds one file per revision:
//!
//! ```text
//! .plimsoll/web/000001.yaml
//! ```
//!
//! A revision is a file of manifests that kubectl could read, opened by comments: the first line holds the
//! SHA-256 of everything after it, the next ones the [`Header`]. Files are written under another name,
//! flushed to disk and renamed, one writer at a time, so a revision is there as a whole or not at all,
//! whenever the power goes. What does not match its digest is reported by name and keeps nobody from
//! reading the others. The values of Secrets are recorded as salted digests: enough to see a change, not enough
//! to read one.

use crate::diag::{Diagnostic, Report, SourceKind, Sources};
use crate::diff::secrets;
use crate::manifest::{self, Object};
use crate::yaml::{Node, ReadOptions, Value, emit};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The recorded renders of one release.
#[derive(Debug, Clone)]
pub struct History {
    directory: PathBuf,
    release: String,
}

/// A render to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct Render<'a> {
    /// The namespace it was rendered for.
    pub namespace: &'a str,
    /// The chart's name, if a chart was rendered.
    pub chart: &'a str,
    /// The chart's version.
    pub chart_version: &'a str,
    /// The computed values.
    pub values: Option<&'a Node>,
    /// What the user has to say about it; may be empty.
    pub message: &'a str,
    /// When it was made.
    pub time: SystemTime,
    /// The objects, in the order in which they are applied.
    pub objects: &'a [Object],
    /// Whether the values of Secrets are recorded as they are.
    pub with_secrets: bool,
}

/// What is known about a revision besides its manifests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// The version of this format: 1.
    pub version: u32,
    /// The release's name.
    pub release: String,
    /// The revision's number, from 1.
    pub revision: u64,
    /// When it was recorded, in UTC: `2026-11-21T05:04:03Z`.
    pub time: String,
    /// The namespace it was rendered for.
    pub namespace: String,
    /// The chart's name.
    pub chart: String,
    /// The chart's version.
    pub chart_version: String,
    /// What the user said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How many objects it holds.
    pub objects: usize,
    /// The salted digest of the computed values.
    pub values_digest: String,
    /// The computed values as YAML. Those that went into a Secret are digests, too.
    pub values: String,
}

/// A revision read from disk.
#[derive(Debug, Clone)]
pub struct Revision {
    /// What is known about it.
    pub header: Header,
    /// The file.
    pub path: PathBuf,
    /// The file's text: comments, then the manifests.
    pub text: String,
}

impl Revision {
    /// Its objects.
    pub fn objects(&self, sources: &Sources) -> Report<Vec<Object>> {
        let name = self.path.display().to_string();
        let source = sources.add(name.as_str(), self.text.as_str(), SourceKind::File);
        manifest::parse(sources, source, &name, &ReadOptions::lenient())
    }
}

/// Why a history could not be used.
#[derive(Debug)]
pub enum Error {
    /// The operating system said no.
    Io {
        /// What was tried: `cannot write`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A file is not what was recorded.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such revision.
    Unknown {
        /// The release.
        release: String,
        /// What was asked for; `None` for the last one.
        revision: Option<u64>,
        /// Those that there are.
        known: Vec<u64>,
    },
    /// The name of a release that is not fit for a directory.
    Name(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, source } => write!(f, "{action} `{}`: {source}", path.display()),
            Self::Damaged { path, reason } => {
                write!(f, "`{}` is damaged: {reason}", path.display())
            }
            Self::Unknown { release, revision: Some(revision), known } if known.is_empty() => {
                write!(f, "`{release}` has no revision {revision}: nothing was recorded yet")
            }
            Self::Unknown { release, revision: Some(revision), known } => {
                write!(f, "`{release}` has no revision {revision}, only {}", ranges(known))
            }
            Self::Unknown { release, revision: None, .. } => {
                write!(f, "nothing was recorded for `{release}` yet; `plimsoll render --record` does it")
            }
            Self::Name(name) => write!(f, "`{name}` cannot name a release: expected a DNS label"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let help = match &error {
            Error::Damaged { .. } => {
                Some("delete the file, or bring it back from a backup; the other revisions can be read")
            }
            _ => None,
        };
        Self::error(error.to_string()).maybe_help(help.map(str::to_owned))
    }
}

/// A revision in a list.
#[derive(Debug)]
pub struct Listed {
    /// Its number, by the name of its file.
    pub revision: u64,
    /// What it says of itself, or what is wrong with its file.
    pub header: Result<Header, Error>,
}

impl History {
    /// The history of `release` below `base` (`.plimsoll`). Nothing is read or made yet.
    pub fn of(base: &Path, release: &str) -> Result<Self, Error> {
        let fit = !release.is_empty()
            && release.len() <= 253
            && !release.starts_with('.')
            && release.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        if !fit {
            return Err(Error::Name(release.to_owned()));
        }
        Ok(Self { directory: base.join(release), release: release.to_owned() })
    }

    /// Records a render as the next revision. It is on disk when this returns.
    pub fn record(&self, render: &Render<'_>) -> Result<Header, Error> {
        self.make_directory()?;
        let _lock = self.lock()?;
        self.sweep();
        let revision = self.numbers()?.last().map_or(1, |last| last.saturating_add(1));
        let salt = salt();
        let header = self.header(render, revision, &salt);
        let text = compose(&header, render, &salt);
        let path = self.path(revision);
        let failed = |source| Error::Io { action: "cannot write", path: path.clone(), source };
        let mut file =
            tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&self.directory).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(&path).map_err(|error| failed(error.error))?;
        self.sync_directory()?;
        Ok(header)
    }

    /// Every revision, oldest first.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let listed = |revision| Listed { revision, header: self.read(revision).map(|read| read.header) };
        Ok(self.numbers()?.into_iter().map(listed).collect())
    }

    /// A revision; the last one for `None`.
    pub fn load(&self, revision: Option<u64>) -> Result<Revision, Error> {
        let known = self.numbers()?;
        let wanted = match revision {
            Some(revision) => known.iter().copied().find(|number| *number == revision),
            None => known.last().copied(),
        };
        match wanted {
            Some(revision) => self.read(revision),
            None => Err(Error::Unknown { release: self.release.clone(), revision, known }),
        }
    }

    /// Deletes all but the last `keep` revisions and says which. The last one always stays.
    pub fn prune(&self, keep: usize) -> Result<Vec<u64>, Error> {
        if !self.directory.exists() {
            return Ok(Vec::new());
        }
        let _lock = self.lock()?;
        self.sweep();
        let mut numbers = self.numbers()?;
        numbers.truncate(numbers.len().saturating_sub(keep.max(1)));
        for revision in &numbers {
            let path = self.path(*revision);
            fs::remove_file(&path).map_err(|source| Error::Io { action: "cannot delete", path, source })?;
        }
        self.sync_directory()?;
        Ok(numbers)
    }

    fn path(&self, revision: u64) -> PathBuf {
        self.directory.join(format!("{revision:06}.yaml"))
    }

    fn make_directory(&self) -> Result<(), Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let failed = |source| Error::Io { action: "cannot make", path: self.directory.clone(), source };
        let new = !self.directory.exists();
        builder.create(&self.directory).map_err(failed)?;
        if new {
            for parent in self.directory.ancestors().skip(1).take(2).filter(|path| path.is_dir()) {
                sync(parent)?;
            }
        }
        Ok(())
    }

    /// Waits until no other process writes; the lock goes with the file.
    fn lock(&self) -> Result<File, Error> {
        let path = self.directory.join(".lock");
        let failed = |source| Error::Io { action: "cannot lock", path: path.clone(), source };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// Clears away what a writer that was killed left behind. Under the lock nobody else is writing.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                // What cannot be deleted now will be next time; no reader looks at it.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The numbers of the revisions that there are, in order.
    fn numbers(&self) -> Result<Vec<u64>, Error> {
        let failed = |source| Error::Io { action: "cannot read", path: self.directory.clone(), source };
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".yaml"));
            if let Some(digits) = number.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
                numbers.extend(digits.parse::<u64>());
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn sync_directory(&self) -> Result<(), Error> {
        sync(&self.directory)
    }

    fn header(&self, render: &Render<'_>, revision: u64, salt: &str) -> Header {
        let mut values = render.values.cloned().unwrap_or_else(|| Node::bare(crate::yaml::Map::new()));
        let digest = secrets::digest_of(emit::document(&values).as_bytes(), salt);
        if !render.with_secrets {
            let hidden = secrets::values_of(render.objects);
            hide(&mut values, &hidden, salt);
        }
        Header {
            version: 1,
            release: self.release.clone(),
            revision,
            time: rfc3339(render.time),
            namespace: render.namespace.to_owned(),
            chart: render.chart.to_owned(),
            chart_version: render.chart_version.to_owned(),
            message: render.message.to_owned(),
            objects: render.objects.len(),
            values_digest: digest,
            values: emit::document(&values),
        }
    }

    fn read(&self, revision: u64) -> Result<Revision, Error> {
        let path = self.path(revision);
        let damaged = |reason: &str| Error::Damaged { path: path.clone(), reason: reason.to_owned() };
        let bytes = fs::read(&path).map_err(|source| Error::Io {
            action: "cannot read",
            path: path.clone(),
            source,
        })?;
        let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
        let (first, rest) = text.split_once('\n').ok_or_else(|| damaged("it is cut off"))?;
        let digest = first.strip_prefix(DIGEST).ok_or_else(|| damaged("it holds no digest"))?;
        if digest != digest_of(rest) {
            return Err(damaged("its content does not match its digest; it was cut off or changed"));
        }
        let lines = rest.lines().take_while(|line| line.starts_with('#'));
        let header: String = lines.fold(String::new(), |mut header, line| {
            header.push_str(line.strip_prefix("# ").unwrap_or_default());
            header.push('\n');
            header
        });
        let header: Header =
            serde_yaml::from_str(&header).map_err(|error| damaged(&format!("its header: {error}")))?;
        if header.revision != revision || header.release != self.release {
            return Err(damaged(&format!(
                "it is revision {} of `{}`, moved here",
                header.revision, header.release
            )));
        }
        Ok(Revision { header, path, text })
    }
}

/// How files that are being written are named.
const TEMPORARY: &str = ".new-";
/// How a revision's first line starts.
const DIGEST: &str = "# plimsoll revision, sha256 ";

fn digest_of(text: &str) -> String {
    secrets::hex(&Sha256::digest(text.as_bytes()))
}

/// The text of a revision.
fn compose(header: &Header, render: &Render<'_>, salt: &str) -> String {
    // The header is made of strings and numbers, which always have a form.
    let head = serde_yaml::to_string(header).unwrap_or_default();
    let mut body = String::new();
    for line in head.lines() {
        body.push_str("# ");
        body.push_str(line);
        body.push('\n');
    }
    for object in render.objects {
        let mut root = object.root.clone();
        if !render.with_secrets {
            secrets::to_digests(&object.kind, &mut root, salt);
        }
        body.push_str("---\n# Source: ");
        body.push_str(&object.template.replace(['\n', '\r'], " "));
        body.push('\n');
        emit::block(&root, 0, &mut body);
    }
    format!("{DIGEST}{}\n{body}", digest_of(&body))
}

/// How short a text may be to be looked for inside of others; shorter ones are everywhere.
const MIN_PART: usize = 6;

/// Replaces by digests the values that are, hold or are part of a Secret's value.
fn hide(node: &mut Node, hidden: &[String], salt: &str) {
    match &mut node.value {
        Value::Map(map) => map.iter_mut().for_each(|entry| hide(&mut entry.value, hidden, salt)),
        Value::Seq(items) => items.iter_mut().for_each(|item| hide(item, hidden, salt)),
        Value::Null | Value::Bool(_) => {}
        _ => {
            let text = crate::k8s::merge::scalar_text(node).unwrap_or_default().into_owned();
            let part = |inner: &str, outer: &str| inner.len() >= MIN_PART && outer.contains(inner);
            if hidden.iter().any(|secret| text == *secret || part(secret, &text) || part(&text, secret)) {
                node.value = Value::String(secrets::digest_of(text.as_bytes(), salt));
            }
        }
    }
}

/// A few random characters; what they are does not matter, only that they are not always the same.
fn salt() -> String {
    use std::hash::{BuildHasher as _, Hasher as _};
    format!("{:016x}", std::hash::RandomState::new().build_hasher().finish())
}

/// Makes what happened in a directory survive a loss of power.
fn sync(directory: &Path) -> Result<(), Error> {
    // Only Unix opens directories as files.
    if cfg!(unix) {
        let done = File::open(directory).and_then(|directory| directory.sync_all());
        done.map_err(|source| Error::Io { action: "cannot flush", path: directory.to_owned(), source })?;
    }
    Ok(())
}

/// A time in UTC to the second, as RFC 3339 has it.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 0000-03-01, so that leap days end a year (Howard Hinnant's civil_from_days).
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        year + era * 400 + next_year,
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// `1-3, 5`.
fn ranges(numbers: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(number) => *end = number,
            _ => runs.push((number, number)),
        }
    }
    let shown: Vec<String> = runs
        .into_iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}-{end}") })
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_civil() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_237_443, "2026-11-21T05:04:03Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn ranges_are_short() {
        assert_eq!(ranges(&[1, 2, 3, 5, 8, 9]), "1-3, 5, 8-9");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for name in ["", ".", "..", "../x", "a/b", ".hidden", "a\0b"] {
            assert!(matches!(History::of(Path::new("x"), name), Err(Error::Name(_))), "{name:?}");
        }
        assert!(History::of(Path::new("x"), "web-1").is_ok());
    }
}
