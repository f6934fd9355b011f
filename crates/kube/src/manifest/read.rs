//! From text to objects.

use super::Object;
use super::skipped::{self, SkipReason, Skipped};
use plimsoll_diag::{Diagnostic, Report, Severity, SourceId, SourceKind, Sources, Span, has_errors};
use plimsoll_yaml::{self, Document, Node, ReadOptions, Value};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Reads the objects of a text: every document that is not blank is one, and a `List` is its items.
///
/// `template` says what produced the text; a `# Source: chart/templates/x.yaml` comment at the head of a
/// document, as `helm template` and `helm get manifest` write it, says better. Documents without
/// `apiVersion` or `kind` are errors; the output holds the others.
pub fn parse(
    sources: &Sources,
    source: SourceId,
    template: &str,
    options: &ReadOptions,
) -> Report<Vec<Object>> {
    let mut diagnostics = Vec::new();
    let Some(documents) = plimsoll_yaml::read(sources, source, options).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    let objects = objects(sources, source, template, documents, &mut diagnostics);
    Report::with(objects, diagnostics)
}

fn objects(
    sources: &Sources,
    source: SourceId,
    template: &str,
    documents: Vec<Document>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Object> {
    let text = sources.get(source);
    let mut objects = Vec::new();
    let mut origin = template.to_owned();
    for document in documents {
        let (start, end) = (document.span.start as usize, document.span.end as usize);
        let content = text.as_deref().and_then(|source| source.text.get(start..end)).unwrap_or_default();
        // Helm writes the comment once per template, above its first document; empty documents keep it.
        if let Some(named) = source_comment(content) {
            named.clone_into(&mut origin);
        }
        if !document.blank {
            collect(document.root, document.span, &origin, &mut objects, diagnostics);
        }
    }
    objects
}

/// What manifests hold.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The objects, in the order in which they were read.
    pub objects: Vec<Object>,
    /// What was passed over because it holds no manifests.
    pub skipped: Vec<Skipped>,
}

/// Reads manifests that belong together, whatever they come from: files, directories, texts.
///
/// What cannot be read is an error, and everything else is read all the same. Files whose documents have neither
/// `apiVersion` nor `kind` (values, workflows, Compose files), charts and their templates are passed over.
#[derive(Debug)]
pub struct Reader<'a> {
    sources: &'a Sources,
    options: &'a ReadOptions,
    /// The files that were read: a directory and a file in it may both be named.
    seen: BTreeSet<PathBuf>,
    manifests: Manifests,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(sources: &'a Sources, options: &'a ReadOptions) -> Self {
        Self {
            sources,
            options,
            seen: BTreeSet::new(),
            manifests: Manifests::default(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads a file, or every `*.yaml`, `*.yml` and `*.json` below a directory in the order of their paths. Hidden
    /// files and directories are passed over; as with kubectl, links to files are followed and links to directories
    /// are not.
    pub fn path(&mut self, path: &Path) {
        if !path.is_dir() {
            return self.file(path);
        }
        let before = (self.manifests.skipped.len(), self.diagnostics.len());
        let files = self.files_below(path);
        if files.is_empty() && before == (self.manifests.skipped.len(), self.diagnostics.len()) {
            self.diagnostics.push(
                Diagnostic::error(format!("`{}` contains no manifests", path.display()))
                    .help("a directory of manifests contains `*.yaml`, `*.yml` or `*.json` files"),
            );
        }
        for file in files {
            self.file(&file);
        }
    }

    /// Reads what came on standard input.
    pub fn stdin(&mut self, text: String) {
        self.text("<stdin>", text, SourceKind::Stdin);
    }

    /// Reads the content of a file that is not on disk.
    pub fn bytes(&mut self, name: &str, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => self.text(name, text, SourceKind::File),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let mut valid = error.into_bytes();
                valid.truncate(at);
                let valid = String::from_utf8(valid).unwrap_or_default();
                let message = format!("`{name}` is not UTF-8: invalid byte at offset {at}");
                let source = self.sources.add(name, valid, SourceKind::File);
                self.diagnostics.push(Diagnostic::error(message).at(Span::new(source, at, at), ""));
            }
        }
    }

    /// Reads the files of a directory that is not on disk, given as their paths in it and their contents, as
    /// [`Self::path`] reads one that is.
    pub fn tree(&mut self, directory: &str, mut files: Vec<(String, Vec<u8>)>) {
        files.sort_unstable_by(|(a, _), (b, _)| Path::new(a).cmp(Path::new(b)));
        let names = files.iter().map(|(path, _)| Path::new(path));
        let charts: BTreeSet<PathBuf> = names
            .filter(|path| path.ends_with("Chart.yaml"))
            .filter_map(Path::parent)
            .map(Path::to_owned)
            .collect();
        for chart in &charts {
            if !chart.ancestors().skip(1).any(|above| charts.contains(above)) {
                self.skip(format!("{directory}/{}", chart.display()), SkipReason::Chart, Span::NONE);
            }
        }
        for (path, bytes) in files {
            let is_hidden = path.split('/').any(|part| part.starts_with('.'));
            let in_chart = Path::new(&path).ancestors().any(|above| charts.contains(above));
            if !is_hidden && !in_chart && is_manifest_name(Path::new(&path)) {
                self.bytes(&format!("{directory}/{path}"), bytes);
            }
        }
    }

    /// What was read. There is no output if an error left no object to go on with, or if everything was passed over.
    pub fn finish(mut self) -> Report<Manifests> {
        let is_empty = self.manifests.objects.is_empty();
        if is_empty && !has_errors(&self.diagnostics) {
            self.diagnostics.extend(skipped::nothing_else(&self.manifests.skipped));
        }
        if is_empty && has_errors(&self.diagnostics) {
            return Report::failed(self.diagnostics);
        }
        Report::with(self.manifests, self.diagnostics)
    }

    /// The objects alone; remarks say what was passed over.
    pub fn finish_objects(self) -> Report<Vec<Object>> {
        let Report { output, mut diagnostics } = self.finish();
        let output = output.map(|manifests| {
            let notices = skipped::notices(&manifests.skipped);
            diagnostics.extend(notices.into_iter().map(|notice| Diagnostic::new(Severity::Info, notice)));
            manifests.objects
        });
        Report { output, diagnostics }
    }

    fn files_below(&mut self, directory: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut entries = walkdir::WalkDir::new(directory).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(directory).display().to_string();
                    let reason = error.io_error().map_or_else(|| error.to_string(), io::Error::to_string);
                    self.unread(&path, &reason);
                    continue;
                }
            };
            let path = entry.path();
            let is_directory = entry.file_type().is_dir();
            let is_inner = entry.depth() > 0;
            if is_inner && entry.file_name().to_string_lossy().starts_with('.') {
                if is_directory {
                    entries.skip_current_dir();
                }
            } else if is_inner && is_directory && skipped::is_chart_directory(path) {
                self.skip(path.display().to_string(), SkipReason::Chart, Span::NONE);
                entries.skip_current_dir();
            } else if is_manifest_name(path) && path.metadata().map_or(true, |target| target.is_file()) {
                // A link that leads nowhere is kept, so that it is reported.
                files.push(entry.into_path());
            }
        }
        files
    }

    fn file(&mut self, path: &Path) {
        // A file that is not there has no other name.
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if !self.seen.insert(identity) {
            return;
        }
        let name = path.display().to_string();
        if let Some(reason) = skipped::part_of_chart(path) {
            return self.skip(name, reason, Span::NONE);
        }
        match std::fs::read(path) {
            Ok(bytes) => self.bytes(&name, bytes),
            Err(error) => self.unread(&name, &error.to_string()),
        }
    }

    fn text(&mut self, name: &str, text: String, kind: SourceKind) {
        let source = self.sources.add(name, text, kind);
        let report = plimsoll_yaml::read(self.sources, source, self.options);
        let Some(documents) = report.output else { return self.diagnostics.extend(report.diagnostics) };
        let mut written = documents.iter().filter(|document| !document.blank).map(|document| &document.root);
        if let Some(first) = written.next()
            && let Some(reason) = foreign(name, first)
            && written.all(|other| foreign(name, other).is_some())
        {
            // Whatever a reader of manifests would say about it does not matter.
            return self.skip(name.to_owned(), reason, start(first));
        }
        self.diagnostics.extend(report.diagnostics);
        let objects = objects(self.sources, source, name, documents, &mut self.diagnostics);
        self.manifests.objects.extend(objects);
    }

    fn unread(&mut self, name: &str, reason: &str) {
        let source = self.sources.add(name, "", SourceKind::Unread);
        let message = format!("cannot read `{name}`: {reason}");
        self.diagnostics.push(Diagnostic::error(message).at(Span::new(source, 0, 0), ""));
    }

    fn skip(&mut self, name: String, reason: SkipReason, span: Span) {
        self.manifests.skipped.push(Skipped { name, reason, span });
    }
}

/// Reads the objects of a file or a directory, as [`Reader::path`] does; remarks say what was passed over.
pub fn load(sources: &Sources, path: &Path, options: &ReadOptions) -> Report<Vec<Object>> {
    let mut reader = Reader::new(sources, options);
    reader.path(path);
    reader.finish_objects()
}

/// Reads the objects of what came on standard input.
pub fn load_stdin(sources: &Sources, text: String, options: &ReadOptions) -> Report<Vec<Object>> {
    let mut reader = Reader::new(sources, options);
    reader.stdin(text);
    reader.finish_objects()
}

/// Whether a file in a directory of manifests holds some, by its name.
pub fn is_manifest_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

/// What a document of that file is if it has nothing of a Kubernetes object, not even a misspelt key of one.
fn foreign(name: &str, root: &Node) -> Option<SkipReason> {
    let expected = ["apiVersion", "kind", "metadata"];
    let is_expected = |key: &str| expected.iter().any(|other| other.eq_ignore_ascii_case(key));
    let is_object = root.as_map().is_some_and(|map| map.keys().any(is_expected));
    // Kustomize reads the file by its name; the type may be left out.
    let group = root.get("apiVersion").and_then(Node::as_str).and_then(|version| version.split('/').next());
    let is_kustomization_file = Path::new(name).file_stem().is_some_and(|stem| stem == "kustomization");
    if group == Some("kustomize.config.k8s.io") || (is_kustomization_file && !is_object) {
        return Some(SkipReason::Kustomization);
    }
    (!is_object).then_some(SkipReason::NotManifest)
}

/// The first key of a map, else all of it.
fn start(root: &Node) -> Span {
    root.as_map().and_then(|map| map.iter().next()).map_or(root.span, |entry| entry.key_span)
}

/// The path in a `# Source:` comment among the comments that open a document.
fn source_comment(document: &str) -> Option<&str> {
    document
        .lines()
        .map(str::trim)
        .take_while(|line| line.is_empty() || line.starts_with("---") || line.starts_with('#'))
        .find_map(|line| line.strip_prefix("# Source:"))
        .map(str::trim)
        .filter(|path| !path.is_empty())
}

fn collect(
    mut root: Node,
    span: Span,
    template: &str,
    objects: &mut Vec<Object>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if root.as_map().is_none() {
        let label = format!("this is {}", root.type_name());
        diagnostics.push(
            Diagnostic::error("a manifest must be a map")
                .at(root.span, label)
                .help("an object starts with `apiVersion:` and `kind:`"),
        );
        return;
    }
    let (api_version, kind) = (word(&root, "apiVersion", diagnostics), word(&root, "kind", diagnostics));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return };
    let items =
        if kind.ends_with("List") { root.as_map_mut().and_then(|map| map.get_mut("items")) } else { None };
    if let Some(Node { value: Value::Seq(items), .. }) = items {
        // Taken, not copied: a list may hold everything there is.
        for item in std::mem::take(items) {
            let span = item.span;
            collect(item, span, template, objects, diagnostics);
        }
        return;
    }
    let metadata = |key| root.at(&["metadata", key]).and_then(Node::as_str).map(str::to_owned);
    objects.push(Object {
        span,
        api_version,
        kind,
        name: metadata("name").unwrap_or_default(),
        namespace: metadata("namespace").filter(|namespace| !namespace.is_empty()),
        template: template.to_owned(),
        root,
    });
}

/// The non-empty string below `key`; anything else is an error.
fn word(root: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let node = root.get(key).filter(|node| !node.is_null());
    match node.map(|node| (node, node.as_str())) {
        Some((_, Some(text))) if !text.is_empty() => Some(text.to_owned()),
        Some((node, Some(_))) => {
            diagnostics.push(Diagnostic::error(format!("`{key}` is empty")).at(node.span, "").path(key));
            None
        }
        Some((node, None)) => {
            let message = format!("`{key}` must be a string");
            let label = format!("this is {}", node.type_name());
            diagnostics.push(Diagnostic::error(message).at(node.span, label).path(key));
            None
        }
        None => {
            let first = root.as_map().and_then(|map| map.iter().next());
            let keys = root.as_map().into_iter().flat_map(plimsoll_yaml::Map::keys);
            let near = plimsoll_diag::nearest(key, keys)
                .map(|near| format!("did you mean `{key}` instead of `{near}`?"));
            diagnostics.push(
                Diagnostic::error(format!("manifest without `{key}`"))
                    .at(first.map_or(root.span, |entry| entry.key_span), "this object")
                    .maybe_help(near)
                    .path(key),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Object>, Vec<Diagnostic>) {
        let sources = Sources::new();
        let report = load_stdin(&sources, text.to_owned(), &ReadOptions::strict());
        (report.output.unwrap_or_default(), report.diagnostics)
    }

    #[test]
    fn documents_are_objects_and_comments_name_their_template() {
        let (objects, diagnostics) = parsed(
            "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\n---\n# nothing here\n---\n# Source: web/templates/b.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: b}\n",
        );
        assert_eq!(diagnostics, []);
        let seen: Vec<_> =
            objects.iter().map(|o| (o.kind.as_str(), o.name.as_str(), o.template.as_str())).collect();
        assert_eq!(
            seen,
            [("ConfigMap", "a", "web/templates/a.yaml"), ("StatefulSet", "b", "web/templates/b.yaml")]
        );
        assert_eq!(objects[0].namespace.as_deref(), Some("shop"));
        assert_eq!((objects[1].group(), objects[1].version()), ("apps", "v1"));
    }

    #[test]
    fn a_list_is_its_items() {
        let (objects, _) = parsed(
            "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Service, metadata: {name: a}}\n  - {apiVersion: v1, kind: Service, metadata: {name: b}}\n",
        );
        assert_eq!(objects.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn documents_that_are_no_objects_are_errors_and_the_others_stay() {
        let (objects, diagnostics) =
            parsed("kind: Service\n---\n- a\n---\napiVersion: 1\nkind: X\n---\napiVersion: v1\nkind: Pod\n");
        assert_eq!(objects.len(), 1);
        let messages: Vec<_> = diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(
            messages,
            ["manifest without `apiVersion`", "a manifest must be a map", "`apiVersion` must be a string"]
        );
        assert!(diagnostics.iter().all(|d| d.span().is_some()));
    }

    #[test]
    fn a_directory_is_read_in_the_order_of_paths_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b/two.yml", b"apiVersion: v1\nkind: Service\nmetadata: {name: two}\n");
        write("a/one.json", br#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"one"}}"#);
        write(".git/x.yaml", b"nonsense: [");
        write("b/notes.txt", b"not a manifest");
        let sources = Sources::new();
        let report = load(&sources, folder.path(), &ReadOptions::strict());
        assert_eq!(report.diagnostics, []);
        let names: Vec<_> = report.output.unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(names, ["one", "two"]);
        write("c.yaml", b"a: \xff");
        let report = load(&sources, folder.path(), &ReadOptions::strict());
        assert!(
            report.diagnostics[0].message.contains("is not UTF-8: invalid byte at offset 3"),
            "{:?}",
            report.diagnostics
        );
        assert_eq!(report.output.unwrap().len(), 2, "the others are read all the same");
        let none = load(&sources, &folder.path().join(".git"), &ReadOptions::strict());
        assert!(none.has_errors());
        let nothing = load(&sources, &folder.path().join("missing"), &ReadOptions::strict());
        assert!(nothing.output.is_none() && nothing.has_errors());
    }

    #[test]
    fn a_tree_is_read_as_the_directory_that_it_was() {
        let config = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
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
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in &files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let name = folder.path().display().to_string();
        let sources = Sources::new();
        let options = ReadOptions::strict();
        let read = |fill: &dyn Fn(&mut Reader<'_>)| {
            let mut reader = Reader::new(&sources, &options);
            fill(&mut reader);
            let report = reader.finish();
            assert_eq!(report.diagnostics, []);
            let manifests = report.output.unwrap();
            let skipped: BTreeSet<_> =
                manifests.skipped.into_iter().map(|one| (one.reason, one.name)).collect();
            (manifests.objects.into_iter().map(|object| object.name).collect::<Vec<_>>(), skipped)
        };
        let on_disk = read(&|reader| reader.path(folder.path()));
        let bytes =
            || files.iter().map(|(path, text)| ((*path).to_owned(), text.clone().into_bytes())).collect();
        assert_eq!(read(&|reader| reader.tree(&name, bytes())), on_disk);
        assert_eq!(on_disk.0, ["a", "a-b", "b"]);
        assert_eq!(on_disk.1.len(), 2, "{:?}", on_disk.1);
    }
}
