//! Recorded renders on disk.
//!
//! A [`History`] is a directory per release, below that of its namespace, that holds one file per revision:
//!
//! ```text
//! .plimsoll/staging/web/000001.yaml
//! ```
//!
//! Records used to be kept below the release's name alone (`.plimsoll/web/000001.yaml`). They are still read: the header
//! of each names its namespace. New ones go to the directory of the namespace and continue the numbers.
//!
//! A revision is a file of manifests that kubectl could read, opened by comments: the first line holds the
//! SHA-256 of everything after it, the next ones the [`Header`]. Files are written under another name,
//! flushed to disk and renamed, one writer at a time, so a revision is there as a whole or not at all,
//! whenever the power goes. What does not match its digest is reported by name and keeps nobody from
//! reading the others. Files are readable by their owner only (0600), for they hold values and configuration. The values
//! of Secrets are recorded as keyed digests (see [`crate::digest`]), and so is everything else in the release that carries
//! one of them (see `mask.rs`): enough for the owner of the key to see a change, nothing to anybody else.

mod keys;
mod mask;

pub use keys::{FoundKeys, KeyStore};

use crate::diag::escape::{hex, terminal};
use crate::diag::{Diagnostic, Report, SourceKind, Sources};
use crate::diff::secrets;
use crate::digest::{self, Digester, Key};
use crate::manifest::{self, Object};
use crate::world::World;
use crate::yaml::{Node, ReadOptions, Value, emit};
pub(crate) use mask::Mask;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The recorded renders of one release.
#[derive(Debug, Clone)]
pub struct History {
    base: PathBuf,
    namespace: String,
    release: String,
}

/// A render to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct Render<'a> {
    /// The chart's name, if a chart was rendered.
    pub chart: &'a str,
    /// The chart's version.
    pub chart_version: &'a str,
    /// The computed values.
    pub values: Option<&'a Node>,
    /// The user's message; may be empty.
    pub message: &'a str,
    /// The texts that it was made from: they tell which values went into a Secret.
    pub sources: &'a Sources,
    /// Where the key of its digests is kept.
    pub keys: &'a KeyStore,
    /// The clock for its time stamp, and the random numbers for the salt of its digests and for a new key.
    pub world: &'a World,
    /// The objects, in the order in which they are applied.
    pub objects: &'a [Object],
    /// The hooks of the release. They are not recorded, but the values of their Secrets are kept out of the rest, too.
    pub hooks: &'a [Object],
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
    /// The user's message.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How many objects it holds.
    pub objects: usize,
    /// The keyed digest of the computed values.
    pub values_digest: String,
    /// The computed values as YAML. Those that went into a Secret, or are called like a password, are digests, too.
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

    /// The manifests that can be applied.
    pub fn appliable(&self, sources: &Sources) -> Report<Appliable> {
        let mut report = self.objects(sources);
        let objects = report.output.take().unwrap_or_default();
        // The documents of a revision are written one after the other, each with the object's whole text.
        let start = |object: &Object| {
            let document = self.text.get(..object.span.end as usize).unwrap_or_default();
            document.rfind("\n---\n# Source: ").map_or(0, |newline| newline + 1)
        };
        let mut found = Appliable::default();
        let text = &mut found.text;
        text.push_str(self.text.get(..objects.first().map_or(self.text.len(), start)).unwrap_or_default());
        for (index, object) in objects.iter().enumerate() {
            let end = objects.get(index + 1).map_or(self.text.len(), start);
            // A name must stay on one line of a comment, whatever the manifest contains.
            let name = terminal(&format!("{}/{}", object.kind, object.name));
            if holds_digest(object) {
                let _ =
                    writeln!(text, "# left out, because its secret values are replaced by digests: {name}");
                found.left_out.push(name);
            } else {
                text.push_str(self.text.get(start(object)..end).unwrap_or_default());
                if secrets::holds_digest(&object.root) {
                    found.with_digests.push(name);
                }
            }
        }
        Report { output: Some(found), diagnostics: report.diagnostics }
    }
}

/// The manifests of a revision that can be applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appliable {
    /// Their text.
    pub text: String,
    /// The objects that are left out, because digests stand in place of some of their texts.
    pub left_out: Vec<String>,
    /// The objects with digests in place of annotations, such as a checksum over a Secret. They can be applied; pods whose
    /// template has such an annotation restart.
    pub with_digests: Vec<String>,
}

/// Whether digests stand in place of some texts of a recorded object, annotations aside: they mean nothing to the server.
pub fn holds_digest(object: &Object) -> bool {
    let mut root = Node::clone(&object.root);
    remove_annotations(&mut root);
    secrets::holds_digest(&root)
}

fn remove_annotations(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
                metadata.remove("annotations");
            }
            map.iter_mut().for_each(|entry| remove_annotations(&mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(remove_annotations),
        _ => {}
    }
}

/// Sees the digests of a recorded object.
fn each_digest(object: &Object, mut see: impl FnMut(digest::Parts<'_>)) {
    secrets::each_scalar(&object.root, &mut |text, _| digest::parse(text).into_iter().for_each(&mut see));
}

/// Why a history could not be used.
#[derive(Debug)]
pub enum Error {
    /// The operating system returned an error.
    Io {
        /// What was tried: `cannot write`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Its error.
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
        /// The requested revision; `None` for the last one.
        revision: Option<u64>,
        /// Those that there are.
        known: Vec<u64>,
        /// Other namespaces in which a release of this name was recorded.
        other_namespaces: Vec<String>,
    },
    /// The name of a release or a namespace that is not fit for a directory.
    Name(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, source } => write!(f, "{action} `{}`: {source}", path.display()),
            Self::Damaged { path, reason } => {
                write!(f, "`{}` is damaged: {reason}", path.display())
            }
            Self::Unknown { release, revision: Some(revision), known, .. } if known.is_empty() => {
                write!(f, "`{release}` has no revision {revision}: nothing is recorded yet")
            }
            Self::Unknown { release, revision: Some(revision), known, .. } => {
                write!(f, "`{release}` has no revision {revision}, only {}", ranges(known))
            }
            Self::Unknown { release, revision: None, .. } => {
                write!(
                    f,
                    "nothing is recorded for `{release}` yet; record a render with `plimsoll render --record`"
                )
            }
            Self::Name(name) => {
                write!(f, "`{name}` is not a valid name for a release or a namespace: expected a DNS label")
            }
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
            Error::Damaged { .. } => Some(
                "delete the file, or restore it from a backup; the other revisions can still be read"
                    .to_owned(),
            ),
            Error::Unknown { other_namespaces, revision, .. } => match other_namespaces.as_slice() {
                [] if revision.is_some() => None,
                [] => Some(
                    "`diff --against` compares with anything else: `git:main`, `live`, a chart or manifests"
                        .to_owned(),
                ),
                [one] => Some(format!("it was recorded in namespace `{one}`: add `--namespace {one}`")),
                many => Some(format!(
                    "it was recorded in the namespaces {}: choose one with `--namespace`",
                    many.join(", ")
                )),
            },
            _ => None,
        };
        Self::error(error.to_string()).maybe_help(help)
    }
}

/// A revision in a list.
#[derive(Debug)]
pub struct Listed {
    /// Its number, by the name of its file.
    pub revision: u64,
    /// The file.
    pub path: PathBuf,
    /// Its header, or why its file is invalid.
    pub header: Result<Header, Error>,
}

impl History {
    /// The history of `release` in `namespace`, below `base` (`.plimsoll`). Nothing is read or made yet.
    pub fn new(base: &Path, namespace: &str, release: &str) -> Result<Self, Error> {
        for name in [namespace, release] {
            let fit = !name.is_empty()
                && name.len() <= 253
                && !name.starts_with('.')
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
            if !fit {
                return Err(Error::Name(name.to_owned()));
            }
        }
        Ok(Self { base: base.to_owned(), namespace: namespace.to_owned(), release: release.to_owned() })
    }

    /// The releases that were recorded below `base`, in any namespace, in their order.
    pub fn releases(base: &Path) -> Result<Vec<String>, Error> {
        let is_recorded =
            |entry: &fs::DirEntry| revisions_in(&entry.path()).is_ok_and(|found| !found.is_empty());
        let mut found = BTreeSet::new();
        for entry in entries(base)?.into_iter().filter(|entry| entry.path().is_dir()) {
            let below = entries(&entry.path())?.into_iter().filter(|entry| entry.path().is_dir());
            // Earlier records are right below the release.
            let recorded = below.chain([entry]).filter(is_recorded);
            let names = recorded.filter_map(|entry| entry.file_name().into_string().ok());
            found.extend(names.filter(|name| Self::new(base, "default", name).is_ok()));
        }
        Ok(found.into_iter().collect())
    }

    /// The namespaces in which `release` was recorded, in their order.
    pub fn namespaces(base: &Path, release: &str) -> Result<Vec<String>, Error> {
        let legacy = Self::new(base, "default", release)?.legacy_directory();
        let mut found = BTreeSet::new();
        for file in revisions_in(&legacy)? {
            found.extend(read(&file.path).map(|revision| revision.header.namespace));
        }
        for name in entries(base)?.into_iter().filter_map(|entry| entry.file_name().into_string().ok()) {
            let directory = base.join(&name).join(release);
            if Self::new(base, &name, release).is_ok()
                && directory.is_dir()
                && !revisions_in(&directory)?.is_empty()
            {
                found.insert(name);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Records a render as the next revision. It is on disk when this returns.
    pub fn record(&self, render: &Render<'_>) -> Result<Header, Error> {
        self.prepare(render)?.commit()
    }

    /// Writes a render to disk as the next revision, but not yet under its name: [`Pending::commit`] does that. Until then
    /// no other process records this release.
    pub fn prepare(&self, render: &Render<'_>) -> Result<Pending, Error> {
        self.make_directory()?;
        let lock = self.lock()?;
        self.sweep();
        let revision = self.find_files()?.last().map_or(1, |last| last.revision.saturating_add(1));
        let random = || {
            let failed = |source| Error::Io {
                action: "cannot get random numbers for",
                path: self.directory(),
                source,
            };
            render.world.random().map_err(failed)
        };
        let (key, keyless) = match render.keys.key_of(&self.base, render.world) {
            Ok(key) => (key, None),
            // Nobody can compare with the digests of a key that is forgotten, but nothing is given away either.
            Err(error) => (Key::new(random()?), Some(error)),
        };
        let digester = Digester::new(key, random()?);
        let mask = Mask::new(render.objects.iter().chain(render.hooks), &digester, render.sources);
        let header = self.header(render, revision, &mask, &digester);
        let text = compose(&header, render, &mask);
        let directory = self.directory();
        let path = directory.join(format!("{revision:06}.yaml"));
        let failed = |source| Error::Io { action: "cannot write", path: path.clone(), source };
        let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&directory).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        Ok(Pending { keyless, file, path, directory, header, _lock: lock })
    }

    /// Every revision, oldest first.
    pub fn list(&self) -> Result<Vec<Listed>, Error> {
        let listed = |file: RevisionFile| Listed {
            revision: file.revision,
            header: self.read(&file).map(|read| read.header),
            path: file.path,
        };
        Ok(self.find_files()?.into_iter().map(listed).collect())
    }

    /// A revision; the last one for `None`.
    pub fn load(&self, revision: Option<u64>) -> Result<Revision, Error> {
        let found = self.find_files()?;
        let wanted = match revision {
            Some(revision) => found.iter().find(|file| file.revision == revision),
            None => found.last(),
        };
        match wanted {
            Some(file) => self.read(file),
            None => Err(Error::Unknown {
                release: self.release.clone(),
                revision,
                known: found.into_iter().map(|file| file.revision).collect(),
                other_namespaces: self.other_namespaces()?,
            }),
        }
    }

    /// Deletes all but the last `keep` revisions and returns the deleted ones. The last one always stays.
    pub fn prune(&self, keep: usize) -> Result<Vec<u64>, Error> {
        let directory = self.directory();
        let _lock = if directory.exists() { Some(self.lock()?) } else { None };
        self.sweep();
        let mut found = self.find_files()?;
        found.truncate(found.len().saturating_sub(keep.max(1)));
        // A damaged file among the old ones may belong to another namespace.
        found.retain(|file| file.path.starts_with(&directory) || read(&file.path).is_ok());
        for file in &found {
            fs::remove_file(&file.path).map_err(|source| Error::Io {
                action: "cannot delete",
                path: file.path.clone(),
                source,
            })?;
        }
        if directory.exists() {
            sync(&directory)?;
        }
        Ok(found.into_iter().map(|file| file.revision).collect())
    }

    fn directory(&self) -> PathBuf {
        self.base.join(&self.namespace).join(&self.release)
    }

    /// Where records were kept before they were kept by namespace.
    fn legacy_directory(&self) -> PathBuf {
        self.base.join(&self.release)
    }

    /// The other namespaces in which the release was recorded.
    fn other_namespaces(&self) -> Result<Vec<String>, Error> {
        let mut namespaces = Self::namespaces(&self.base, &self.release)?;
        namespaces.retain(|namespace| *namespace != self.namespace);
        Ok(namespaces)
    }

    fn make_directory(&self) -> Result<(), Error> {
        let directory = self.directory();
        let failed = |source| Error::Io { action: "cannot make", path: directory.clone(), source };
        let new = !directory.exists();
        private_directory().create(&directory).map_err(failed)?;
        if new {
            for parent in directory.ancestors().skip(1).take(3).filter(|path| path.is_dir()) {
                sync(parent)?;
            }
        }
        Ok(())
    }

    /// Waits until no other process writes; the lock goes with the file.
    fn lock(&self) -> Result<File, Error> {
        let path = self.directory().join(".lock");
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
        for entry in fs::read_dir(self.directory()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                // What cannot be deleted now will be next time; no reader looks at it.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The files of the revisions that there are, in the order of their numbers. An old record whose namespace cannot be
    /// read counts in every namespace: it must not be lost.
    fn find_files(&self) -> Result<Vec<RevisionFile>, Error> {
        let mut found = revisions_in(&self.directory())?;
        for old in revisions_in(&self.legacy_directory())? {
            let is_foreign =
                read(&old.path).is_ok_and(|revision| revision.header.namespace != self.namespace);
            if !is_foreign && !found.iter().any(|file| file.revision == old.revision) {
                found.push(old);
            }
        }
        found.sort_unstable_by_key(|file| file.revision);
        Ok(found)
    }

    fn header(&self, render: &Render<'_>, revision: u64, mask: &Mask<'_>, digester: &Digester) -> Header {
        let mut values = render.values.cloned().unwrap_or_else(|| Node::bare(crate::yaml::Map::new()));
        let digest = digester.digest(emit::document(&values).as_bytes());
        let mut message = render.message.to_owned();
        if !render.with_secrets {
            mask.values(&mut values);
            message = mask.mask_text(&message);
        }
        Header {
            version: 1,
            release: self.release.clone(),
            revision,
            time: rfc3339(render.world.now()),
            namespace: self.namespace.clone(),
            chart: render.chart.to_owned(),
            chart_version: render.chart_version.to_owned(),
            message,
            objects: render.objects.len(),
            values_digest: digest,
            values: emit::document(&values),
        }
    }

    fn read(&self, file: &RevisionFile) -> Result<Revision, Error> {
        let revision = read(&file.path)?;
        let header = &revision.header;
        if header.revision != file.revision
            || header.release != self.release
            || header.namespace != self.namespace
        {
            return Err(Error::Damaged {
                path: file.path.clone(),
                reason: format!(
                    "it is revision {} of `{}` in namespace `{}`, moved here",
                    header.revision, header.release, header.namespace
                ),
            });
        }
        Ok(revision)
    }
}

/// A revision that is on disk, but not yet under its name: dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Pending {
    /// Why the key of its digests could not be kept: they cannot be compared with anything.
    pub keyless: Option<io::Error>,
    file: tempfile::NamedTempFile,
    path: PathBuf,
    directory: PathBuf,
    header: Header,
    /// Held until the revision has its name or is gone; fields are dropped in this order.
    _lock: File,
}

impl Pending {
    /// Gives the revision its name. It is on disk for good when this returns.
    pub fn commit(self) -> Result<Header, Error> {
        let Self { keyless: _, file, path, directory, header, _lock } = self;
        file.persist_noclobber(&path).map_err(|error| Error::Io {
            action: "cannot write",
            path: path.clone(),
            source: error.error,
        })?;
        sync(&directory)?;
        Ok(header)
    }
}

/// Makes directories that only their owner can read.
fn private_directory() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// The file of a revision.
#[derive(Debug)]
struct RevisionFile {
    /// By the file's name.
    revision: u64,
    path: PathBuf,
}

/// The revisions in a directory, in no order; none if there is no directory.
fn revisions_in(directory: &Path) -> Result<Vec<RevisionFile>, Error> {
    let mut found = Vec::new();
    for entry in entries(directory)? {
        let name = entry.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".yaml")).unwrap_or_default();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if let Ok(revision) = digits.parse()
            && is_number
            && !found.iter().any(|other: &RevisionFile| other.revision == revision)
            && entry.path().is_file()
        {
            found.push(RevisionFile { revision, path: entry.path() });
        }
    }
    Ok(found)
}

fn entries(directory: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    let failed = |source| Error::Io { action: "cannot read", path: directory.to_owned(), source };
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<io::Result<_>>().map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// Reads a revision and checks it against its digest.
fn read(path: &Path) -> Result<Revision, Error> {
    let damaged = |reason: &str| Error::Damaged { path: path.to_owned(), reason: reason.to_owned() };
    let bytes = fs::read(path).map_err(|source| Error::Io {
        action: "cannot read",
        path: path.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let (first, rest) = text.split_once('\n').ok_or_else(|| damaged("it is truncated"))?;
    let digest = first.strip_prefix(DIGEST).ok_or_else(|| damaged("it has no digest"))?;
    if digest != digest_of(rest) {
        return Err(damaged("its content does not match its digest; it was truncated or changed"));
    }
    let lines = rest.lines().take_while(|line| line.starts_with('#'));
    let header: String = lines.fold(String::new(), |mut header, line| {
        header.push_str(line.strip_prefix("# ").unwrap_or_default());
        header.push('\n');
        header
    });
    let header: Header =
        serde_yaml::from_str(&header).map_err(|error| damaged(&format!("its header: {error}")))?;
    Ok(Revision { header, path: path.to_owned(), text })
}

/// How files that are being written are named.
const TEMPORARY: &str = ".new-";
/// How a revision's first line starts.
const DIGEST: &str = "# plimsoll revision, sha256 ";

fn digest_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The text of a revision.
fn compose(header: &Header, render: &Render<'_>, mask: &Mask<'_>) -> String {
    // The header is made of strings and numbers, which always have a form.
    let head = serde_yaml::to_string(header).unwrap_or_default();
    let mut body = String::new();
    for line in head.lines() {
        body.push_str("# ");
        body.push_str(line);
        body.push('\n');
    }
    for object in render.objects {
        let root = if render.with_secrets { Node::clone(&object.root) } else { mask.object(object) };
        body.push_str("---\n# Source: ");
        body.push_str(&object.template.replace(['\n', '\r'], " "));
        body.push('\n');
        emit::block(&root, 0, &mut body);
    }
    format!("{DIGEST}{}\n{body}", digest_of(&body))
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
pub fn rfc3339(time: SystemTime) -> String {
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
            assert!(matches!(History::new(Path::new("x"), "default", name), Err(Error::Name(_))), "{name:?}");
            assert!(matches!(History::new(Path::new("x"), name, "web"), Err(Error::Name(_))), "{name:?}");
        }
        assert!(History::new(Path::new("x"), "default", "web-1").is_ok());
    }
}
