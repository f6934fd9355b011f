//! From text to objects.

use super::Object;
use super::skipped::{self, SkipReason, Skipped};
use crate::secrets;
use plimsoll_diag::{Diagnostic, Report, Severity, SourceId, SourceKind, Sources, Span, has_errors};
use plimsoll_limits::Activity;
use plimsoll_yaml::{self, Document, Node, ReadOptions, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    let Some(documents) = plimsoll_yaml::read_stream(sources, source, options).take(&mut diagnostics) else {
        sources.conceal_unreadable(source);
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
        // Documents of nothing are no objects, to kubectl either.
        if !document.root.is_null() {
            collect(document.root, document.span, &origin, &mut objects, diagnostics);
        }
    }
    secrets::register(sources, &objects);
    // Of keys that stand twice only one was read.
    if diagnostics.is_empty() {
        sources.mark_read(source);
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

/// Reads manifests that belong together, whatever they come from: files, directories, texts. It opens no files itself.
///
/// What cannot be read is an error, and everything else is read all the same. Files whose documents are not
/// Kubernetes objects (values, workflows, Compose files), charts and their templates are passed over.
#[derive(Debug)]
pub struct Reader<'a> {
    sources: &'a Sources,
    options: &'a ReadOptions,
    manifests: Manifests,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing yet.
    pub fn new(sources: &'a Sources, options: &'a ReadOptions) -> Self {
        Self { sources, options, manifests: Manifests::default(), diagnostics: Vec::new() }
    }

    /// Reads what came on standard input.
    pub fn stdin(&mut self, text: String) {
        self.read_text("<stdin>", text, SourceKind::Stdin);
    }

    /// Reads the content of a file.
    pub fn bytes(&mut self, name: &str, bytes: Vec<u8>) {
        match String::from_utf8(bytes) {
            Ok(text) => self.read_text(name, text, SourceKind::File),
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

    /// Reads the content of a file that nobody named: one that cannot be read is passed over unless it looks like a
    /// manifest.
    pub fn found(&mut self, name: &str, bytes: Vec<u8>) {
        let other = skipped::unlike_manifest(&String::from_utf8_lossy(&bytes));
        match other.filter(|_| !is_yaml(&bytes, self.options)) {
            Some(reason) => self.skip(name.to_owned(), reason, Span::NONE),
            None => self.bytes(name, bytes),
        }
    }

    /// Reads the content of a file that belongs to the chart at `chart`, if that is known.
    pub fn file(&mut self, name: &str, bytes: Vec<u8>, chart: Option<&Path>) {
        let before = self.manifests.skipped.len();
        self.bytes(name, bytes);
        for skipped in &mut self.manifests.skipped[before..] {
            skipped.chart = chart.map(Path::to_owned);
        }
    }

    /// Reads the files of a directory, given as their paths in it and their contents: every `*.yaml`, `*.yml` and
    /// `*.json` in the order of their paths. Hidden files and charts are passed over.
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

    /// What was read, and what could not be.
    pub fn finish_all(self) -> (Manifests, Vec<Diagnostic>) {
        (self.manifests, self.diagnostics)
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

    fn read_text(&mut self, name: &str, text: String, kind: SourceKind) {
        let _activity = Activity::begin(format!("reading the manifests of `{name}`"));
        let source = self.sources.add(name, text, kind);
        let report = plimsoll_yaml::read_stream(self.sources, source, self.options);
        let Some(documents) = report.output else { return self.diagnostics.extend(report.diagnostics) };
        let mut written = documents.iter().map(|document| &document.root).filter(|root| !root.is_null());
        if let Some(first) = written.next()
            && let Some(reason) = skipped::find_reason(name, first)
            && written.all(|other| skipped::find_reason(name, other).is_some())
        {
            // The diagnostics of such a file do not matter.
            return self.skip(name.to_owned(), reason, start(first));
        }
        self.diagnostics.extend(report.diagnostics);
        let objects = objects(self.sources, source, name, documents, &mut self.diagnostics);
        self.manifests.objects.extend(objects);
    }

    /// How many files were passed over, and how many remarks there are: what tells whether reading found anything.
    pub fn counts(&self) -> (usize, usize) {
        (self.manifests.skipped.len(), self.diagnostics.len())
    }

    /// Adds a remark.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a file that cannot be read.
    pub fn unread(&mut self, name: &str, reason: &str) {
        let source = self.sources.add(name, "", SourceKind::Unread);
        let message = format!("cannot read `{name}`: {reason}");
        self.diagnostics.push(Diagnostic::error(message).at(Span::new(source, 0, 0), ""));
    }

    /// Notes that something is passed over.
    pub fn skip(&mut self, name: String, reason: SkipReason, span: Span) {
        self.manifests.skipped.push(Skipped { name, reason, span, chart: None });
    }
}

/// Whether a text can be read.
fn is_yaml(bytes: &[u8], options: &ReadOptions) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let sources = Sources::new();
    let source = sources.add("", text, SourceKind::File);
    plimsoll_yaml::read(&sources, source, options).output.is_some()
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
    let (api_version, kind) = (
        read_required_string(&root, "apiVersion", diagnostics),
        read_required_string(&root, "kind", diagnostics),
    );
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
        root: Arc::new(root),
    });
}

/// Reads the non-empty string at `key`; anything else is an error.
fn read_required_string(root: &Node, key: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
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
}
