//! The manifests of files and directories, which [`crate::manifest`] reads as texts.

use crate::diag::{Diagnostic, Report, Sources, Span};
use crate::manifest::{self, Manifests, Object, SkipReason, is_manifest_name};
use crate::world::{FileKind, Walk, WalkError, WalkReason, World};
use crate::yaml::{Limits, ReadOptions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The largest file that is read; the reader of YAML takes no larger text.
const MAX_FILE: u64 = Limits::MAX_BYTES as u64;

/// Reads manifests that belong together from files, directories and texts, as [`manifest::Reader`] does.
#[derive(Debug)]
pub struct FileReader<'a> {
    world: &'a World,
    texts: manifest::Reader<'a>,
    /// The files that were read: a directory and a file in it may both be named.
    seen: BTreeSet<PathBuf>,
}

impl<'a> FileReader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(world: &'a World, sources: &'a Sources, options: &'a ReadOptions) -> Self {
        Self { world, texts: manifest::Reader::new(sources, options), seen: BTreeSet::new() }
    }

    /// Reads a file, or every `*.yaml`, `*.yml` and `*.json` below a directory in the order of their paths. Hidden files
    /// and directories are passed over; as with kubectl, links to files are followed and links to directories are not.
    pub fn path(&mut self, path: &Path) {
        if !self.world.is_directory(path) {
            return self.file(path);
        }
        let before = self.texts.counts();
        let files = self.files_below(path);
        if files.is_empty() && before == self.texts.counts() {
            self.empty(path);
        }
        for file in files {
            self.file(&file);
        }
    }

    /// Reads the text of standard input.
    pub fn stdin(&mut self, text: String) {
        self.texts.stdin(text);
    }

    /// What was read, as [`manifest::Reader::finish_all`] returns it.
    pub fn finish_all(self) -> (Manifests, Vec<Diagnostic>) {
        self.texts.finish_all()
    }

    /// What was read, as [`manifest::Reader::finish`] returns it.
    pub fn finish(self) -> Report<Manifests> {
        self.texts.finish()
    }

    fn files_below(&mut self, directory: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut walk = Walk::new(self.world, directory);
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(WalkError { path, reason }) => {
                    // No link is followed, so that only a directory can be in the way.
                    if let WalkReason::Unreadable(error) = reason {
                        self.texts.unread(&path.display().to_string(), &error.to_string());
                    }
                    continue;
                }
            };
            let path = entry.path;
            let is_directory = entry.kind == FileKind::Directory;
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                walk.skip_directory();
            } else if is_directory && is_chart(self.world, &path) {
                self.texts.skip(path.display().to_string(), SkipReason::Chart, Span::NONE);
                walk.skip_directory();
            } else if is_manifest_name(&path) && self.is_read(&path) {
                files.push(path);
            }
        }
        files
    }

    /// Whether a path is read as a file. A link that leads nowhere is, so that it is reported.
    fn is_read(&self, path: &Path) -> bool {
        self.world.metadata(path).map_or(true, |metadata| metadata.kind == FileKind::File)
    }

    /// Reads a file that nobody named: it is passed over if it cannot be read as YAML and does not look like a manifest.
    pub fn found(&mut self, path: &Path) {
        if !self.is_new(path) {
            return;
        }
        let name = path.display().to_string();
        match self.world.read(path, u64::MAX) {
            Ok(bytes) => self.texts.found(&name, bytes),
            Err(error) => self.unreadable(path, &error.to_string()),
        }
    }

    /// Reports a directory without manifests.
    pub fn empty(&mut self, directory: &Path) {
        self.texts.report(
            Diagnostic::error(format!("`{}` contains no manifests", directory.display()))
                .help("a directory of manifests contains `*.yaml`, `*.yml` or `*.json` files"),
        );
    }

    /// Reports a file or directory that cannot be read.
    pub fn unreadable(&mut self, path: &Path, reason: &str) {
        self.texts.unread(&path.display().to_string(), reason);
    }

    fn is_new(&mut self, path: &Path) -> bool {
        // A file that is not there has no other name.
        let identity = self.world.canonical(path).unwrap_or_else(|_| path.to_owned());
        self.seen.insert(identity)
    }

    fn file(&mut self, path: &Path) {
        if !self.is_new(path) {
            return;
        }
        let name = path.display().to_string();
        let chart = chart_of(self.world, path);
        if let Some((chart, inner)) = &chart
            && is_chart_part(inner)
        {
            return self.texts.skip(name, SkipReason::PartOfChart(chart.clone()), Span::NONE);
        }
        match self.world.read(path, MAX_FILE + 1) {
            Ok(bytes) if bytes.len() as u64 > MAX_FILE => {
                self.texts.unread(&name, &format!("it is larger than {} MiB", MAX_FILE >> 20));
            }
            Ok(bytes) => self.texts.file(&name, bytes, chart.as_ref().map(|(chart, _)| chart.as_path())),
            Err(error) => self.unreadable(path, &error.to_string()),
        }
    }
}

/// Reads the objects of a file or a directory, as [`FileReader::path`] does; remarks say what was passed over.
pub fn load(world: &World, sources: &Sources, path: &Path, options: &ReadOptions) -> Report<Vec<Object>> {
    let mut reader = FileReader::new(world, sources, options);
    reader.path(path);
    reader.texts.finish_objects()
}

/// Whether a directory is a chart.
fn is_chart(world: &World, path: &Path) -> bool {
    world.is_file(&path.join("Chart.yaml"))
}

/// Whether a path in a chart cannot be used without the chart: `Chart.yaml` and everything in `templates`.
pub(crate) fn is_chart_part(inner: &Path) -> bool {
    inner == Path::new("Chart.yaml") || inner.starts_with("templates")
}

/// The innermost chart that something belongs to, and its path in it.
pub(crate) fn chart_of(world: &World, path: &Path) -> Option<(PathBuf, PathBuf)> {
    if !world.exists(path) {
        return None;
    }
    let find = |path: &Path| {
        let chart = path.ancestors().skip(1).find(|directory| is_chart(world, directory))?;
        let inner = path.strip_prefix(chart).ok()?.to_owned();
        let chart = if chart.as_os_str().is_empty() { Path::new(".") } else { chart };
        Some((chart.to_owned(), inner))
    };
    // The path as it was given reads better; what is above the working directory shows only in the absolute one.
    find(path).or_else(|| find(&world.absolute(path).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    fn config(name: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    }

    #[test]
    fn a_directory_is_read_in_the_order_of_paths_without_what_is_hidden() {
        let files = Memory::default()
            .file("r/b/two.yml", config("two"))
            .file("r/a/one.json", r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"one"}}"#)
            .file("r/.git/x.yaml", "nonsense: [")
            .file("r/b/notes.txt", "not a manifest");
        let read = |files: Memory, path: &str| {
            load(&files.into_world(), &Sources::new(), Path::new(path), &ReadOptions::strict())
        };
        let report = read(files.clone(), "r");
        assert_eq!(report.diagnostics, []);
        let names: Vec<_> = report.output.unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(names, ["one", "two"]);
        let report = read(files.clone().file("r/c.yaml", b"a: \xff".to_vec()), "r");
        let message = &report.diagnostics[0].message;
        assert!(message.contains("is not UTF-8: invalid byte at offset 3"), "{message}");
        assert_eq!(report.output.unwrap().len(), 2, "the others are read all the same");
        assert!(read(files.clone(), "r/.git").has_errors());
        let nothing = read(files, "missing");
        assert!(nothing.output.is_none() && nothing.has_errors());
    }

    #[test]
    fn a_tree_of_texts_is_read_like_a_directory() {
        let files = [
            ("b.yaml", config("b")),
            ("a/a.yml", config("a")),
            ("a-b.json", config("a-b")),
            ("values.yaml", "a: 1\n".to_owned()),
            ("web/Chart.yaml", "name: web\n".to_owned()),
            ("web/templates/x.yaml", "{{ x".to_owned()),
            ("web/charts/sub/Chart.yaml", "name: sub\n".to_owned()),
            (".ci/x.yaml", "[".to_owned()),
            ("notes.txt", "[".to_owned()),
        ];
        let found = |report: Report<Manifests>| {
            assert_eq!(report.diagnostics, []);
            let Manifests { objects, skipped, .. } = report.output.unwrap();
            let skipped: BTreeSet<_> = skipped.into_iter().map(|one| (one.reason, one.name)).collect();
            (objects.into_iter().map(|object| object.name).collect::<Vec<_>>(), skipped)
        };
        let (sources, options) = (Sources::new(), ReadOptions::strict());
        let memory = files.iter().fold(Memory::default(), |memory, (path, text)| {
            memory.file(Path::new("r").join(path), text.as_str())
        });
        let world = memory.into_world();
        let mut reader = FileReader::new(&world, &sources, &options);
        reader.path(Path::new("r"));
        let in_directory = found(reader.finish());
        let mut reader = manifest::Reader::new(&sources, &options);
        reader.tree("r", files.map(|(path, text)| (path.to_owned(), text.into_bytes())).into());
        assert_eq!(found(reader.finish()), in_directory);
        assert_eq!(in_directory.0, ["a", "a-b", "b"]);
        assert_eq!(in_directory.1.len(), 2, "{:?}", in_directory.1);
    }
}
