//! Where a chart's files come from: directories and archives, made one flat list.
//!
//! Files of a directory are listed, and read on first use: most charts hold more README and change log than
//! templates.
//!
//! Nothing outside the chart is read: `..` and absolute paths are refused, and so are links that lead out of it, except
//! that links of Helm charts may lead to files of the same git repository. Sizes are
//! bounded before anything is kept, so neither a huge file nor an archive bomb costs more memory than the limits.

use super::gunzip::{self, Gunzip};
use super::ignore::Rules;
use super::links::{Boundary, Link};
use crate::diag::{Diagnostic, Report, SourceKind, Sources, nearest};
use crate::world::{FileKind, Walk, WalkError, WalkReason, World};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The largest file of a chart, as in Helm.
const MAX_FILE: u64 = 5 * 1024 * 1024;
/// The largest chart in memory: the sum of its files and of all that is unpacked from archives, as in Helm.
pub(super) const MAX_CHART: u64 = 100 * 1024 * 1024;
/// The most files in one archive.
const MAX_FILES: usize = 50_000;
/// The longest path in an archive, as on Linux.
const MAX_PATH: usize = 4096;
/// The largest chart directory, an umbrella of hundreds of charts; Helm has no limit.
const MAX_DIRECTORY: u64 = 1024 * 1024 * 1024;
/// The most files in a chart directory.
const MAX_DIRECTORY_FILES: usize = 500_000;
/// The most directories one inside the other.
const MAX_DEPTH: usize = 64;

const WHAT_A_CHART_IS: &str = "a chart is a directory with a `Chart.yaml`, or a `.tgz` of one";

/// A file of a chart before anything is known about it.
#[derive(Debug)]
pub(super) struct RawFile {
    /// Path in the chart, `/` between the parts, no `.` and `..` among them.
    pub(super) path: String,
    pub(super) content: Content,
}

/// The bytes of a file, which may not have been read yet.
#[derive(Debug)]
pub(super) enum Content {
    /// In memory.
    Here(Vec<u8>),
    /// In a file outside, whose size is within the limit.
    Outside(OutsideFile),
}

/// A file that has not been read.
#[derive(Debug, Clone)]
pub(super) struct OutsideFile {
    world: World,
    path: PathBuf,
    /// The link by which it is part of the chart, if it is not in its directory.
    link: Option<Arc<Link>>,
}

/// How many files are shared among threads.
pub(super) const WORTH_SHARING: usize = 128;

impl Content {
    /// Reads the bytes into memory if they can be read. If not, [`Self::read`] returns the reason.
    pub(super) fn load(&mut self) {
        if let Self::Outside(OutsideFile { world, path, link: None }) = self
            && let Ok(data) = read_bounded(world, path)
        {
            *self = Self::Here(data);
        }
    }

    /// The link by which it is part of the chart.
    pub(super) fn link(&self) -> Option<&Arc<Link>> {
        match self {
            Self::Here(_) => None,
            Self::Outside(file) => file.link.as_ref(),
        }
    }

    /// The bytes, read now if they have not been before.
    pub(super) fn read(self) -> Result<Vec<u8>, Box<Diagnostic>> {
        match self {
            Self::Here(data) => Ok(data),
            Self::Outside(OutsideFile { link: Some(link), .. }) if !link.is_followed() => {
                Err(link.describe_refused().into())
            }
            Self::Outside(OutsideFile { world, path, .. }) => read_bounded(&world, &path),
        }
    }
}

/// A file of a chart that templates can read. Not necessarily text.
#[derive(Debug, Clone)]
pub struct ChartFile {
    /// Path in the chart, `/` between the parts: `config/app.json`.
    pub path: String,
    content: Arc<Shared>,
}

/// What all copies of a [`ChartFile`] know of its content.
#[derive(Debug)]
struct Shared {
    data: OnceLock<Arc<[u8]>>,
    /// Where it is read from, if it was not in memory from the start.
    file: Option<OutsideFile>,
    follows_link: bool,
}

impl ChartFile {
    pub(super) fn new(file: RawFile) -> Self {
        let (data, outside) = match file.content {
            Content::Here(data) => (OnceLock::from(Arc::from(data)), None),
            Content::Outside(outside) => (OnceLock::new(), Some(outside)),
        };
        let link = outside.as_ref().and_then(|outside| outside.link.as_ref());
        let follows_link = link.is_none_or(|link| link.is_followed());
        Self { path: file.path, content: Arc::new(Shared { data, file: outside, follows_link }) }
    }

    /// The same file, of a chart whose links are not followed.
    pub(super) fn without_link(self) -> Self {
        let Some(file) = self.content.file.clone().filter(|file| file.link.is_some()) else { return self };
        let content = Shared { data: OnceLock::new(), file: Some(file), follows_link: false };
        Self { path: self.path, content: Arc::new(content) }
    }

    /// The content, read on first use. The error is a phrase.
    pub fn data(&self) -> Result<&Arc<[u8]>, String> {
        let Shared { data, file, follows_link } = &*self.content;
        match (data.get(), file) {
            (Some(data), _) => Ok(data),
            (None, Some(OutsideFile { link: Some(link), .. })) if !follows_link => {
                Err(link.describe_refused().message)
            }
            (None, Some(OutsideFile { world, path, .. })) => {
                let read = read_bounded(world, path).map_err(|diagnostic| diagnostic.message)?;
                Ok(data.get_or_init(|| read.into()))
            }
            (None, None) => Err(format!("`{}` has no content", self.path)),
        }
    }

    /// The link out of the chart that was followed to read it.
    pub(super) fn followed_link(&self) -> Option<&Link> {
        let link = self.content.file.as_ref()?.link.as_deref();
        link.filter(|_| self.content.data.get().is_some())
    }
}

/// Lists the files of the directory `root`, without what its `.helmignore` ignores, in the order of [`walked`].
pub(super) fn read_directory(world: &World, sources: &Sources, root: &Path) -> Report<Vec<RawFile>> {
    let mut sink = Vec::new();
    let Ok(real_root) = world.canonical(root) else {
        sink.push(Diagnostic::error(format!("cannot read the chart directory `{}`", root.display())));
        return Report::failed(sink);
    };
    let boundary = Boundary::new(world, real_root);
    let rules = read_rules(world, sources, root, &boundary, &mut sink);
    // The directories outside the chart that the walk is in, with their depths.
    let mut outside: Vec<(usize, Arc<Link>)> = Vec::new();
    let mut files: Vec<RawFile> = Vec::new();
    let mut walk = Walk::new(world, root).following_links().down_to(MAX_DEPTH);
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let ignored = chart_path(root, &error.path)
                    .is_some_and(|inner| rules.ignores_file(&inner) || inner.is_empty());
                if !ignored {
                    sink.push(unwalkable(&error));
                }
                continue;
            }
        };
        let path = entry.path.as_path();
        let directory = entry.kind == FileKind::Directory;
        let Some(inner) = chart_path(root, path) else {
            sink.push(Diagnostic::error(format!("the file name `{}` is not UTF-8", path.display())));
            continue;
        };
        if rules.ignores(&inner, directory) {
            if directory {
                walk.skip_directory();
            }
            continue;
        }
        while outside.pop_if(|(depth, _)| *depth >= entry.depth).is_some() {}
        let outer = outside.last().map(|(_, link)| link);
        let link = if entry.is_link { boundary.crossed_by(path, outer) } else { outer.cloned() };
        if let Some(link) = link.as_ref().filter(|_| directory) {
            if !link.is_followed() {
                sink.push(link.describe_refused());
                walk.skip_directory();
                continue;
            }
            if entry.is_link {
                outside.push((entry.depth, Arc::clone(link)));
            }
        }
        if directory {
            if entry.depth == MAX_DEPTH {
                sink.push(Diagnostic::error(format!(
                    "`{}` is nested more than {MAX_DEPTH} directories deep",
                    path.display()
                )));
            }
            continue;
        }
        if has_control(&inner) {
            sink.push(control_character(&path.display().to_string()));
            continue;
        }
        // What is behind a link that is not followed does not matter.
        let is_read = link.as_ref().is_none_or(|link| link.is_followed());
        if is_read && entry.kind != FileKind::File {
            sink.push(
                Diagnostic::error(format!("`{}` is neither a file nor a directory", path.display()))
                    .help("fifos, sockets and devices cannot be part of a chart; list it in `.helmignore`"),
            );
            continue;
        }
        let file = OutsideFile { world: world.clone(), path: entry.path, link };
        files.push(RawFile { path: inner, content: Content::Outside(file) });
        if files.len() > MAX_DIRECTORY_FILES {
            sink.push(directory_too_large(root));
            return Report::failed(sink);
        }
    }
    let mut total = 0;
    for (file, size) in files.iter().zip(sizes(&files)) {
        if size > MAX_FILE {
            sink.push(file_too_large(&root.join(&file.path).display().to_string(), size));
        }
        total += size;
    }
    if total > MAX_DIRECTORY {
        sink.push(directory_too_large(root));
        return Report::failed(sink);
    }
    files.sort_by(|a, b| walked(&a.path).cmp(walked(&b.path)));
    if !files.iter().any(|file| file.path == "Chart.yaml") && rules.ignores_file("Chart.yaml") {
        sink.push(hides_chart(&root.display().to_string()));
    }
    if crate::diag::has_errors(&sink) { Report::failed(sink) } else { Report::with(files, sink) }
}

/// The bytes in each file; 0 where they cannot be counted, which reading will complain about.
fn sizes(files: &[RawFile]) -> Vec<u64> {
    let size = |file: &RawFile| match &file.content {
        Content::Here(data) => data.len() as u64,
        Content::Outside(OutsideFile { link: Some(link), .. }) if !link.is_followed() => 0,
        Content::Outside(OutsideFile { world, path, .. }) => {
            world.metadata(path).map_or(0, |metadata| metadata.length)
        }
    };
    if files.len() < WORTH_SHARING {
        files.iter().map(size).collect()
    } else {
        files.par_iter().map(size).collect()
    }
}

/// Reads a gzipped tar. `name` is what messages call it; `budget` is how many bytes it may still unpack to.
/// The first part of every path is the chart's directory and is cut off.
///
/// It is read to its end, so that a wrong checksum is an error. What follows the end of the archive is ignored with a
/// warning: Helm does not look at it.
pub(super) fn read_archive(name: &str, bytes: &[u8], budget: &mut u64) -> Report<Vec<RawFile>> {
    match unpack(name, bytes, budget) {
        Ok((files, remarks)) => Report::with(files, remarks),
        Err(error) => Report::fail(*error),
    }
}

/// As [`read_archive`]: the files, and the warnings.
pub(super) fn unpack(
    name: &str,
    bytes: &[u8],
    budget: &mut u64,
) -> Result<(Vec<RawFile>, Vec<Diagnostic>), Box<Diagnostic>> {
    let damaged = |error: &io::Error| {
        Diagnostic::error(format!("cannot unpack `{name}`: {error}"))
            .help("a chart archive is what `helm package` writes: a gzipped tar with one directory in it")
    };
    if !bytes.starts_with(&gunzip::MAGIC) {
        return Err(damaged(&io::Error::other("it is not gzipped")).into());
    }
    // Headers and skipped entries count too: a bomb must not even be read to its end.
    let limit = *budget + (MAX_FILES as u64) * 1024;
    let mut archive = tar::Archive::new(Gunzip::new(bytes).take(limit));
    let mut files: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    for entry in archive.entries().map_err(|error| damaged(&error))? {
        let mut entry = entry.map_err(|error| damaged(&error))?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let written = written_path(name, &entry)?;
        let is_sparse = is_sparse(&mut entry).map_err(|error| damaged(&error))?;
        if !kind.is_file() || is_sparse {
            return Err(Diagnostic::error(format!("`{name}` contains `{written}`, which is not a regular file"))
                .help("links and special files in a chart archive are refused; package the chart with the files themselves").into());
        }
        let path = archived_path(&written).map_err(|reason| {
            Diagnostic::error(format!("`{name}` contains the path `{written}`, which {reason}"))
                .help("every path in a chart archive is `<chart>/...`")
        })?;
        let size = entry.size();
        if size > MAX_FILE {
            return Err(file_too_large(&format!("{name}/{path}"), size).into());
        }
        if size > *budget || files.len() >= MAX_FILES {
            return Err(too_large(name).into());
        }
        let mut data = Vec::new();
        entry.by_ref().take(size).read_to_end(&mut data).map_err(|error| damaged(&error))?;
        if data.len() as u64 != size {
            return Err(damaged(&io::Error::other(format!("`{path}` is truncated"))).into());
        }
        *budget -= size;
        strip_bom(&mut data);
        // Of several entries with one path the last counts, as when unpacking.
        let position = files.len();
        files.entry(path).or_insert((position, Vec::new())).1 = data;
    }
    let mut rest = archive.into_inner();
    let is_padded = only_zeros(&mut rest).map_err(|error| damaged(&error))?;
    if rest.limit() == 0 {
        return Err(too_large(name).into());
    }
    if files.is_empty() {
        return Err(damaged(&io::Error::other("it contains no files")).into());
    }
    let ends = is_padded && !rest.into_inner().has_garbage();
    let remark = || {
        Diagnostic::warning(format!("more data follows the end of the archive `{name}` and is ignored"))
            .help("package the chart again: other tools may read the data as a part of it")
    };
    // Helm prints the files in `crds/` in the order in which they are packed.
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(_, (position, _))| *position);
    let files = files.into_iter().map(|(path, (_, data))| RawFile { path, content: Content::Here(data) });
    Ok((files.collect(), if ends { Vec::new() } else { vec![remark()] }))
}

/// The path of an entry as it is written, if it is fit to be shown.
fn written_path(name: &str, entry: &tar::Entry<'_, impl Read>) -> Result<String, Box<Diagnostic>> {
    let raw = entry.path_bytes();
    if raw.len() > MAX_PATH {
        let start = String::from_utf8_lossy(&raw[..64]).escape_debug().to_string();
        let message = format!("`{name}` contains a path of {} bytes, `{start}...`", raw.len());
        return Err(Diagnostic::error(message)
            .help(format!("paths in a chart archive may have {MAX_PATH} bytes"))
            .into());
    }
    let Ok(written) = std::str::from_utf8(&raw) else {
        let shown = String::from_utf8_lossy(&raw).escape_debug().to_string();
        let message = format!("`{name}` contains a file whose name is not UTF-8: `{shown}`");
        return Err(Diagnostic::error(message).into());
    };
    if has_control(written) {
        return Err(control_character(&format!("{name}/{written}")).into());
    }
    Ok(written.to_owned())
}

/// Whether an entry holds only parts of a file, as its extended header says: its bytes are not those of the file. A header
/// with line breaks in its values is an error: `tar` and Go read different records, and so different paths, from it.
fn is_sparse(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<bool> {
    let mut is_sparse = false;
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        is_sparse |= extension?.key_bytes().starts_with(b"GNU.sparse.");
    }
    Ok(is_sparse)
}

/// Reads to the end, where the checksum is, and returns whether there was nothing but the zeros that fill the last block.
fn only_zeros(reader: &mut impl Read) -> io::Result<bool> {
    let mut buffer = [0; 8192];
    let mut is_zero = true;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(is_zero),
            count => is_zero &= buffer[..count].iter().all(|byte| *byte == 0),
        }
    }
}

/// Checks files that were handed over in memory, and drops what their `.helmignore` ignores.
pub(super) fn from_memory(
    sources: &Sources,
    name: &str,
    given: Vec<(String, Vec<u8>)>,
) -> Report<Vec<RawFile>> {
    let mut sink = Vec::new();
    let mut files: Vec<RawFile> = Vec::with_capacity(given.len());
    let mut total = 0;
    for (path, mut data) in given {
        total += data.len() as u64;
        if data.len() as u64 > MAX_FILE {
            sink.push(file_too_large(&format!("{name}/{path}"), data.len() as u64));
        }
        strip_bom(&mut data);
        if has_control(&path) {
            sink.push(control_character(&format!("{name}/{path}")));
            continue;
        }
        match inner_path(&path) {
            Ok(path) => files.push(RawFile { path, content: Content::Here(data) }),
            Err(reason) => {
                sink.push(Diagnostic::error(format!("`{name}` contains the path `{path}`, which {reason}")));
            }
        }
    }
    if total > MAX_CHART {
        sink.push(too_large(name));
    }
    let ignore = files.iter().find_map(|file| match &file.content {
        Content::Here(data) if file.path == ".helmignore" => Some(String::from_utf8_lossy(data).into_owned()),
        _ => None,
    });
    if let Some(text) = ignore {
        let source = sources.add(format!("{name}/.helmignore"), text.clone(), SourceKind::Builtin);
        let rules = Rules::parse(&text, source, &mut sink);
        let is_chart = files.iter().any(|file| file.path == "Chart.yaml");
        files.retain(|file| !rules.ignores_file(&file.path));
        if is_chart && rules.ignores_file("Chart.yaml") {
            sink.push(hides_chart(name));
        }
    } else {
        files.retain(|file| !Rules::none().ignores_file(&file.path));
    }
    let odd = files.iter().filter(|file| has_control(&file.path));
    sink.extend(odd.map(|file| control_character(&format!("{name}/{}", file.path))));
    files.sort_by(|a, b| walked(&a.path).cmp(walked(&b.path)));
    if crate::diag::has_errors(&sink) { Report::failed(sink) } else { Report::with(files, sink) }
}

/// The archive at `path`, as it is on disk.
pub(super) fn read_packed(world: &World, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let data = world.read(path, MAX_CHART + 1).map_err(|error| unreadable(path, &error))?;
    if data.len() as u64 > MAX_CHART {
        return Err(too_large(&path.display().to_string()).into());
    }
    Ok(data)
}

/// The error that there is no chart at `path`, with a chart nearby as suggestion.
pub(super) fn no_chart(world: &World, path: &Path) -> Diagnostic {
    let shown = path.display();
    if !world.exists(path) {
        let missing = Diagnostic::error(format!("there is no chart at `{shown}`"));
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let siblings = world.names(parent);
        let wanted = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(name) = nearest(wanted, siblings.iter().map(String::as_str)) {
            return missing.help(format!("did you mean `{}`?", path.with_file_name(name).display()));
        }
        if world.is_file(&parent.join("Chart.yaml")) {
            return missing.help(format!("there is one at `{}`", parent.display()));
        }
        let charts: Vec<_> = charts_in(world, parent).into_iter().map(|name| format!("`{name}`")).collect();
        return if charts.is_empty() {
            missing.help(WHAT_A_CHART_IS)
        } else {
            missing.help(format!("charts in `{}`: {}", parent.display(), charts.join(", ")))
        };
    }
    let missing = Diagnostic::error(format!("`{shown}` is not a chart: it has no `Chart.yaml`"));
    if let Some(name) =
        world.names(path).iter().find(|name| name.eq_ignore_ascii_case("chart.yaml") || *name == "Chart.yml")
    {
        return missing.help(format!("rename `{name}` to `Chart.yaml`"));
    }
    let charts: Vec<_> =
        charts_in(world, path).into_iter().map(|name| format!("`{}`", path.join(name).display())).collect();
    if charts.is_empty() {
        missing.help(WHAT_A_CHART_IS)
    } else {
        missing.help(format!("did you mean {}?", charts.join(" or ")))
    }
}

fn read_rules(
    world: &World,
    sources: &Sources,
    root: &Path,
    boundary: &Boundary<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Rules {
    let path = root.join(".helmignore");
    if !world.is_file(&path) {
        return Rules::none();
    }
    if let Some(link) = boundary.crossed_by(&path, None) {
        // Which files a chart has must not depend on what is outside it, whatever its language.
        sink.push(link.describe_refused());
        return Rules::none();
    }
    let data = match read_bounded(world, &path) {
        Ok(data) => data,
        Err(diagnostic) => {
            sink.push(*diagnostic);
            return Rules::none();
        }
    };
    let text = String::from_utf8_lossy(&data).into_owned();
    let source = sources.add(path.display().to_string(), text.clone(), SourceKind::File);
    Rules::parse(&text, source, sink)
}

pub(super) fn read_bounded(world: &World, path: &Path) -> Result<Vec<u8>, Box<Diagnostic>> {
    let mut data = world.read(path, MAX_FILE + 1).map_err(|error| unreadable(path, &error))?;
    if data.len() as u64 > MAX_FILE {
        let size = world.metadata(path).map_or(data.len() as u64, |metadata| metadata.length);
        return Err(file_too_large(&path.display().to_string(), size).into());
    }
    strip_bom(&mut data);
    Ok(data)
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot read `{}`: {error}", path.display()))
}

fn strip_bom(data: &mut Vec<u8>) {
    if data.starts_with(b"\xef\xbb\xbf") {
        data.drain(..3);
    }
}

/// What orders the paths of a directory as Helm walks through it: by the names in each directory, so that `crds/a/x` comes
/// before `crds/a-b`.
fn walked(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
}

/// `path` as seen from `root`, with `/` between the parts; `None` when it is not UTF-8.
fn chart_path(root: &Path, path: &Path) -> Option<String> {
    let inner = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = inner.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// The path in the chart of an archive's path, without the directory that wraps the chart. As for Helm, a path with a
/// backslash was written on Windows: its slashes are no separators for the directory, and `./c/Chart.yaml` is in `.`.
fn archived_path(written: &str) -> Result<String, &'static str> {
    let separator = if written.contains('\\') { '\\' } else { '/' };
    if written.starts_with(['/', '\\']) {
        return Err("is absolute");
    }
    let Some((_, inner)) = written.split_once(separator) else {
        return Err("is not inside the chart's directory");
    };
    if written.split(['/', '\\']).any(|part| part == "..") {
        return Err("points outside the chart");
    }
    inner_path(&inner.replace('\\', "/"))
}

/// A path in a chart, cleaned of empty and `.` parts.
fn inner_path(path: &str) -> Result<String, &'static str> {
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str().ok_or("is not UTF-8")?),
            Component::CurDir => {}
            Component::ParentDir => return Err("points outside the chart"),
            Component::RootDir | Component::Prefix(_) => return Err("is absolute"),
        }
    }
    let drive = parts.first().is_some_and(|first| {
        let bytes = first.as_bytes();
        bytes.len() == 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
    });
    if drive {
        return Err("is absolute");
    }
    if parts.is_empty() { Err("does not name a file") } else { Ok(parts.join("/")) }
}

/// Says what cannot be walked through.
pub(crate) fn unwalkable(WalkError { path, reason }: &WalkError) -> Diagnostic {
    let shown = path.display();
    match reason {
        WalkReason::Loop => {
            Diagnostic::error(format!("the link `{shown}` points to a directory that contains it"))
        }
        WalkReason::BrokenLink => Diagnostic::error(format!("the link `{shown}` is broken"))
            .help("remove it, or list it in `.helmignore`"),
        WalkReason::Unreadable(error) => unreadable(path, error),
    }
}

/// Whether a path holds a character that breaks a line, such as that of a `# Source:` comment, or speaks to a terminal.
fn has_control(path: &str) -> bool {
    path.contains(char::is_control)
}

fn control_character(path: &str) -> Diagnostic {
    Diagnostic::error(format!("the file name `{}` contains a control character", path.escape_debug()))
        .help("rename the file, or list it in `.helmignore`")
}

fn hides_chart(name: &str) -> Diagnostic {
    Diagnostic::error(format!("the `.helmignore` of `{name}` ignores its `Chart.yaml`"))
        .help("a pattern without a slash applies in every directory, `/docs/*.yaml` only in one; `!x` ignores everything but `x`")
}

fn file_too_large(path: &str, size: u64) -> Diagnostic {
    let limit = MAX_FILE >> 20;
    Diagnostic::error(format!("`{path}` is too large for a chart: {size} bytes, the limit is {limit} MiB"))
        .help("list it in `.helmignore` if the chart does not need it")
}

fn directory_too_large(root: &Path) -> Diagnostic {
    Diagnostic::error(format!("`{}` is too large for a chart", root.display())).help(format!(
        "at most {} MiB in {MAX_DIRECTORY_FILES} files are read; list files that do not belong to the chart in `.helmignore`",
        MAX_DIRECTORY >> 20
    ))
}

fn too_large(name: &str) -> Diagnostic {
    Diagnostic::error(format!(
        "`{name}` is too large for a chart: the limits are {} MiB unpacked and {MAX_FILES} files",
        MAX_CHART >> 20
    ))
}

fn charts_in(world: &World, directory: &Path) -> Vec<String> {
    let mut names = world.names(directory);
    names.retain(|name| world.is_file(&directory.join(name).join("Chart.yaml")));
    names.truncate(10);
    names
}
