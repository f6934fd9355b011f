//! From a list of files to a chart and its sub-charts.
//!
//! Four passes: unpack, read the texts (in parallel), name them (in order, so that a run is reproducible), parse (in
//! parallel).

use super::detect::Guess;
use super::files::{self, ChartFile, Content, MAX_CHART, RawFile, read_archive};
use super::links::Link;
use super::local::Local;
use super::{Chart, EngineKind, Metadata, Origin, TextFile, detect, lock, read_values};
use crate::diag::{Diagnostic, Report, Severity, SourceId, SourceKind, Sources, Span, has_errors};
use crate::yaml::{self, Map, Node, ReadOptions, Value};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many charts may be nested: an archive can contain itself.
const MAX_NESTING: usize = 16;

/// A chart of which only the files are known.
pub(super) struct Unread {
    pub(super) origin: Origin,
    /// What messages put before the paths.
    pub(super) name: String,
    pub(super) files: Vec<RawFile>,
}

impl Unread {
    /// Separates the files from those of the sub-charts.
    pub(super) fn unpack(self, local: Option<Local<'_>>, sink: &mut Vec<Diagnostic>) -> Option<Unpacked> {
        let mut budget = MAX_CHART;
        Unpacking { budget: &mut budget, sink, local }.unpack(self, 0)
    }

    /// Builds the chart. `sink` holds the diagnostics from reading its files. With `local`, dependencies on charts in
    /// other directories are read in place.
    pub(super) fn read(
        self,
        local: Option<Local<'_>>,
        sources: &Sources,
        kind: &SourceKind,
        mut sink: Vec<Diagnostic>,
    ) -> Report<Chart> {
        let Some(mut unpacked) = self.unpack(local, &mut sink) else { return Report::failed(sink) };
        read_ahead(&mut unpacked);
        let (texts, targets) = (BTreeSet::new(), BTreeSet::new());
        let named = Naming { sources, kind, sink: &mut sink, texts, targets }.chart(unpacked);
        if has_errors(&sink) {
            return Report::failed(sink);
        }
        match parse(sources, named).take(&mut sink) {
            Some(chart) => Report::with(chart, sink),
            None => Report::failed(sink),
        }
    }
}

/// A chart whose files are separated from those of its sub-charts.
pub(super) struct Unpacked {
    origin: Origin,
    pub(super) name: String,
    /// Without those below `charts/`, except provenance files.
    pub(super) files: Vec<RawFile>,
    pub(super) children: Vec<Unpacked>,
    /// The links behind which its packed sub-charts are.
    links: Vec<Arc<Link>>,
}

/// Separates the files of charts inside each other.
struct Unpacking<'a> {
    /// How many bytes archives may still unpack to.
    budget: &'a mut u64,
    sink: &'a mut Vec<Diagnostic>,
    local: Option<Local<'a>>,
}

impl Unpacking<'_> {
    fn unpack(&mut self, chart: Unread, depth: usize) -> Option<Unpacked> {
        let Unread { origin, name, files } = chart;
        if depth > MAX_NESTING {
            self.sink
                .push(Diagnostic::error(format!("`{name}` is nested more than {MAX_NESTING} charts deep")));
            return None;
        }
        let mut own = Vec::new();
        let mut below: BTreeMap<String, Vec<RawFile>> = BTreeMap::new();
        for mut file in files {
            let inner = match file.path.strip_prefix("charts/") {
                Some(inner) if !is_provenance(inner) => inner,
                _ => {
                    own.push(file);
                    continue;
                }
            };
            // Helm's convention for files in `charts/` that are not charts.
            if inner.starts_with(['_', '.']) {
                continue;
            }
            let (child, path) = match inner.split_once('/') {
                Some((child, path)) => (child.to_owned(), path.to_owned()),
                None => (inner.to_owned(), String::new()),
            };
            file.path = path;
            below.entry(child).or_default().push(file);
        }
        let (mut children, mut links) = (Vec::new(), Vec::new());
        for (child, mut files) in below {
            let child_name = format!("{name}/charts/{child}");
            let is_file = files.first().is_some_and(|file| file.path.is_empty());
            let child_origin = match &origin {
                Origin::Directory(path) if is_file => Origin::Archive(path.join("charts").join(&child)),
                Origin::Directory(path) => Origin::Directory(path.join("charts").join(&child)),
                Origin::Archive(_) | Origin::Embedded(_) => Origin::Embedded(child_name.clone()),
            };
            let has_extension = Path::new(&child).extension().is_some_and(|extension| extension == "tgz");
            let files = match (is_file, files.pop()) {
                (true, Some(packed)) if has_extension => {
                    links.extend(packed.content.link().cloned());
                    let report = match packed.content.read() {
                        Ok(data) => read_archive(&child_name, &data, self.budget),
                        Err(error) => Report::fail(*error),
                    };
                    let Some(files) = report.take(self.sink) else { continue };
                    files
                }
                (true, _) => {
                    self.sink.push(
                    Diagnostic::error(format!("`{child_name}` is not a chart"))
                        .help("`charts/` contains directories and `.tgz` files; names that begin with `_` or `.` are skipped"),
                );
                    continue;
                }
                (false, last) => {
                    files.extend(last);
                    files
                }
            };
            let unread = Unread { origin: child_origin, name: child_name, files };
            children.extend(self.unpack(unread, depth + 1));
        }
        if let (Origin::Directory(root), Some(local)) = (&origin, self.local) {
            let present = children.iter_mut().map(|child: &mut Unpacked| &mut child.files);
            for directory in local.missing(root, &mut own, present) {
                if let Some((name, files)) = local.read(&directory, self.sink) {
                    let unread = Unread { origin: Origin::Directory(directory), name, files };
                    children.extend(self.unpack(unread, depth + 1));
                }
            }
        }
        Some(Unpacked { origin, name, files: own, children, links })
    }
}

fn is_provenance(inner: &str) -> bool {
    Path::new(inner).extension().is_some_and(|extension| extension == "prov")
}

/// What a file of a chart is for.
#[derive(PartialEq, Eq)]
enum Purpose {
    Metadata,
    Requirements,
    Values,
    Schema,
    Template,
    Crd,
    /// What was resolved. Nothing is resolved here, but it has to be readable.
    Lock,
    /// Only templates may read it.
    Other,
}

impl Purpose {
    /// By the path in the chart.
    fn from_path(path: &str) -> Self {
        match path {
            "Chart.yaml" => Self::Metadata,
            "requirements.yaml" => Self::Requirements,
            "values.yaml" => Self::Values,
            "values.schema.json" => Self::Schema,
            _ if lock::is_lock(path) => Self::Lock,
            _ if path.starts_with("templates/") => Self::Template,
            _ if path.starts_with("crds/") && is_manifest(path) => Self::Crd,
            _ => Self::Other,
        }
    }
}

/// Reads the texts of charts of many files on all threads; few are not worth starting them for.
fn read_ahead(chart: &mut Unpacked) {
    fn collect_texts<'c>(chart: &'c mut Unpacked, into: &mut Vec<&'c mut Content>) {
        let wanted = |file: &&mut RawFile| Purpose::from_path(&file.path) != Purpose::Other;
        into.extend(chart.files.iter_mut().filter(wanted).map(|file| &mut file.content));
        for child in &mut chart.children {
            collect_texts(child, into);
        }
    }
    let mut found = Vec::new();
    collect_texts(chart, &mut found);
    if found.len() >= files::WORTH_SHARING {
        found.into_par_iter().for_each(Content::load);
    }
}

/// A chart whose texts are sources.
struct Named {
    origin: Origin,
    name: String,
    metadata: Option<SourceId>,
    locks: Vec<TextFile>,
    requirements: Option<SourceId>,
    values: Option<SourceId>,
    schema: Option<TextFile>,
    templates: Vec<TextFile>,
    files: Vec<ChartFile>,
    crds: Vec<TextFile>,
    children: Vec<Named>,
    /// The links that were followed to read its texts, one for each target.
    links: Vec<Arc<Link>>,
}

/// Makes sources of texts.
struct Naming<'a> {
    sources: &'a Sources,
    kind: &'a SourceKind,
    sink: &'a mut Vec<Diagnostic>,
    /// Each once: in many charts the same library is below each of the sub-charts.
    texts: BTreeSet<Arc<str>>,
    /// Where links led. One of them is enough to name: charts in a repository often link to the same library.
    targets: BTreeSet<PathBuf>,
}

impl Naming<'_> {
    fn chart(&mut self, chart: Unpacked) -> Named {
        let mut named = Named {
            origin: chart.origin,
            name: chart.name,
            metadata: None,
            locks: Vec::new(),
            requirements: None,
            values: None,
            schema: None,
            templates: Vec::new(),
            files: Vec::new(),
            crds: Vec::new(),
            children: Vec::new(),
            links: chart.links,
        };
        for file in chart.files {
            let purpose = Purpose::from_path(&file.path);
            if purpose != Purpose::Other {
                named.links.extend(file.content.link().cloned());
            }
            match purpose {
                Purpose::Metadata => {
                    named.metadata = self.read_text(&named.name, file).map(|file| file.source);
                }
                Purpose::Values => named.values = self.read_text(&named.name, file).map(|file| file.source),
                Purpose::Schema => named.schema = self.read_text(&named.name, file),
                Purpose::Template => named.templates.extend(self.read_text(&named.name, file)),
                Purpose::Requirements => {
                    let read = self.read_shared(&named.name, file, &mut named.files);
                    named.requirements = read.map(|file| file.source);
                }
                Purpose::Crd => {
                    let read = self.read_shared(&named.name, file, &mut named.files);
                    named.crds.extend(read);
                }
                // Templates of charts of Helm 2 can read theirs.
                Purpose::Lock if file.path == "requirements.lock" => {
                    let read = self.read_shared(&named.name, file, &mut named.files);
                    named.locks.extend(read);
                }
                Purpose::Lock => named.locks.extend(self.read_text(&named.name, file)),
                Purpose::Other => named.files.push(ChartFile::new(file)),
            }
        }
        // Those that are not followed are errors already.
        named.links.retain(|link| link.is_followed() && self.targets.insert(link.target().to_owned()));
        named.children = chart.children.into_iter().map(|child| self.chart(child)).collect();
        named
    }

    /// Reads a text that templates can read, too.
    fn read_shared(&mut self, chart: &str, file: RawFile, files: &mut Vec<ChartFile>) -> Option<TextFile> {
        let file = ChartFile::new(file);
        let read = match file.data() {
            Ok(data) => {
                let content = Content::Here(data.to_vec());
                self.read_text(chart, RawFile { path: file.path.clone(), content })
            }
            Err(reason) => {
                self.sink.push(Diagnostic::error(reason));
                None
            }
        };
        files.push(file);
        read
    }

    fn read_text(&mut self, chart: &str, file: RawFile) -> Option<TextFile> {
        let shown = format!("{chart}/{}", file.path);
        let text = match file.content.read().map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => {
                self.sink.push(not_utf8(&shown, &error));
                return None;
            }
            Err(diagnostic) => {
                self.sink.push(*diagnostic);
                return None;
            }
        };
        let text = if let Some(known) = self.texts.get(text.as_str()) {
            Arc::clone(known)
        } else {
            let text: Arc<str> = text.into();
            self.texts.insert(Arc::clone(&text));
            text
        };
        let source = self.sources.add(shown, Arc::clone(&text), self.kind.clone());
        Some(TextFile { path: file.path, source, text })
    }
}

/// A template saved with the line ends of Windows, as if it were not: lines and columns stay what they are.
fn unix_lines(sources: &Sources, file: TextFile) -> TextFile {
    let Some(known) = sources.get(file.source).filter(|_| file.text.contains("\r\n")) else { return file };
    let text: Arc<str> = file.text.replace("\r\n", "\n").into();
    let source = sources.add(known.name.clone(), Arc::clone(&text), known.kind.clone());
    TextFile { path: file.path, source, text }
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|extension| path.ends_with(extension))
}

fn not_utf8(shown: &str, error: &std::string::FromUtf8Error) -> Diagnostic {
    let valid = error.utf8_error().valid_up_to();
    let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
    let help = if shown.contains("/templates/") {
        "save it as UTF-8, move it out of `templates/` if it is binary, or list it in `.helmignore`"
    } else {
        "save it as UTF-8"
    };
    Diagnostic::error(format!("`{shown}` is not UTF-8: the first invalid byte is in line {line}")).help(help)
}

fn parse(sources: &Sources, chart: Named) -> Report<Chart> {
    let lenient = ReadOptions::lenient();
    let mut sink = Vec::new();
    let Some(metadata) = chart.metadata else {
        return Report::fail(
            Diagnostic::error(format!("`{}` is not a chart: it has no `Chart.yaml`", chart.name))
                .help("add one, or list the directory in `.helmignore`"),
        );
    };
    let requirements =
        chart.requirements.and_then(|source| first_document(sources, source, lenient, &mut sink));
    let mut remarks = Vec::new();
    let metadata_source = metadata;
    let metadata = first_document(sources, metadata_source, lenient, &mut remarks)
        .and_then(|node| Metadata::read(sources, node, requirements.as_ref(), &mut sink));
    sink.extend(chart.locks.iter().filter_map(|lock| check_lock(sources, lock)));
    let (children, mut below) = parse_children(sources, chart.children, &mut sink);
    let written = |engine| Guess { engine, is_sure: true };
    let Guess { engine, is_sure } = metadata
        .as_ref()
        .and_then(|metadata| metadata.engine.map(written))
        .or_else(|| detect::engine(chart.templates.iter().map(|file| &*file.text)))
        .unwrap_or_else(|| {
            // Plain manifests are as much of a Helm chart as templates are; gathered charts of ours are not.
            let tera = |child: &Arc<Chart>| child.engine == EngineKind::Tera;
            written(if !children.is_empty() && children.iter().all(tera) {
                EngineKind::Tera
            } else {
                EngineKind::GoTemplate
            })
        });
    // Helm takes the last of several equal keys; its charts are to render as they do there.
    let options = match engine {
        EngineKind::Tera => ReadOptions::strict(),
        EngineKind::GoTemplate => lenient,
    };
    if options != lenient && !has_errors(&remarks) {
        remarks.clear();
        first_document(sources, metadata_source, options, &mut remarks);
    }
    let values = match chart.values {
        Some(source) => read_values(sources, source, &options).take(&mut remarks),
        None => Some(Node::new(Value::Map(Map::new()), Span::NONE)),
    };
    if engine == EngineKind::GoTemplate {
        remarks.extend(chart.links.iter().map(|link| link.describe_followed()));
        sink.extend(remarks.extract_if(.., |found| found.severity == Severity::Error));
    } else {
        sink.append(&mut remarks);
        sink.extend(chart.links.iter().map(|link| link.describe_refused()));
    }
    let templates = match engine {
        EngineKind::Tera => chart.templates.into_iter().map(|file| unix_lines(sources, file)).collect(),
        EngineKind::GoTemplate => chart.templates,
    };
    let (Some(metadata), Some(values), false) = (metadata, values, has_errors(&sink)) else {
        sink.append(&mut remarks);
        return Report::failed(sink);
    };
    remarks.append(&mut below);
    let mut files = chart.files;
    if engine == EngineKind::Tera {
        files = files.into_iter().map(ChartFile::without_link).collect();
    }
    if metadata.api_version != "v1" {
        files.retain(|file| file.path != "requirements.yaml" && file.path != "requirements.lock");
    }
    let chart = Chart {
        metadata,
        origin: chart.origin,
        values,
        values_source: chart.values,
        schema: chart.schema,
        templates,
        files,
        crds: chart.crds,
        children,
        engine,
        engine_is_sure: is_sure,
        remarks,
    };
    Report::with(chart, sink)
}

/// Bytes of values files from which on the sub-charts of a chart are shared among threads.
const WORTH_SHARING: usize = 64 << 10;

/// The sub-charts, and their remarks.
fn parse_children(
    sources: &Sources,
    children: Vec<Named>,
    sink: &mut Vec<Diagnostic>,
) -> (Vec<Arc<Chart>>, Vec<Diagnostic>) {
    let read = |child: Named| (format!("in the sub-chart `{}`", child.name), parse(sources, child));
    let size: usize = children.iter().map(|child| values_size(sources, child)).sum();
    let reports: Vec<(String, Report<Chart>)> = if size < WORTH_SHARING {
        children.into_iter().map(read).collect()
    } else {
        children.into_par_iter().map(read).collect()
    };
    let mut charts = Vec::with_capacity(reports.len());
    let mut remarks = Vec::new();
    for (step, mut report) in reports {
        let through = |diagnostic: Diagnostic| diagnostic.traced_through(None, step.clone());
        if let Some(chart) = &mut report.output {
            remarks.extend(std::mem::take(&mut chart.remarks).into_iter().map(through));
        }
        charts.extend(report.output.map(Arc::new));
        sink.extend(report.diagnostics.into_iter().map(through));
    }
    (charts, remarks)
}

fn values_size(sources: &Sources, chart: &Named) -> usize {
    let own = chart.values.and_then(|source| sources.get(source)).map_or(0, |source| source.text.len());
    own + chart.children.iter().map(|child| values_size(sources, child)).sum::<usize>()
}

/// Why Helm cannot read a lock.
fn check_lock(sources: &Sources, lock: &TextFile) -> Option<Diagnostic> {
    let mut found = Vec::new();
    let root = first_document(sources, lock.source, ReadOptions::lenient(), &mut found);
    let broken = found.into_iter().find(|found| found.severity == Severity::Error);
    broken.or_else(|| lock::find_wrong_type(&lock.path, &root?))
}

/// What Helm reads of `Chart.yaml` and `requirements.yaml`: only the first document, which a `%YAML` line may precede.
fn first_document(
    sources: &Sources,
    source: SourceId,
    options: ReadOptions,
    sink: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let options = ReadOptions { fragment: true, ..options };
    let first = yaml::read(sources, source, &options).take(sink)?.into_iter().next();
    let first = first.filter(|document| !document.blank).map(|document| document.root);
    Some(first.unwrap_or_else(|| Node::new(Value::Null, Span::new(source, 0, 0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{from_files, load};
    use crate::world::World;

    #[test]
    fn a_chart_that_only_gathers_helm_charts_is_one() {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        let chart = |template: &str| {
            let files = vec![
                file("Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
                // What Helm accepts and plimsoll's own charts may not hold.
                file("values.yaml", "b: {c: 1}\nb: {c: 2}\n"),
                file("charts/b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n"),
                file("charts/b/templates/x.yaml", template),
            ];
            from_files(&Sources::new(), "a", files)
        };
        let report = chart("x: {{ .Values.c }}\n");
        assert_eq!(report.output.map(|chart| chart.engine), Some(EngineKind::GoTemplate));
        assert!(chart("x: {{ values.c }}\n").has_errors());
    }

    #[test]
    fn plain_manifests_and_repeated_keys_make_a_helm_chart_and_none_of_ours() {
        let read = |metadata: &str, template: &str| {
            let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
            let files = vec![file("Chart.yaml", metadata), file("templates/x.yaml", template)];
            from_files(&Sources::new(), "a", files)
        };
        let repeated = "apiVersion: v2\nname: a\nversion: 0.0.1\nversion: 1.0.0\n";
        let chart = read(repeated, "kind: Pod\n").output.unwrap();
        assert_eq!((chart.engine, chart.metadata.version.as_str()), (EngineKind::GoTemplate, "1.0.0"));
        assert!(read(repeated, "kind: {{ values.kind }}\n").has_errors());
        assert!(read(&format!("{repeated}engine: tera\n"), "kind: Pod\n").has_errors());
    }

    #[test]
    fn definitions_are_in_the_order_of_helm() {
        let paths = ["crds/a/x.yaml", "crds/a-b.yaml", "crds/a.yaml", "crds/Z.yaml", "Chart.yaml"];
        let file = |path: &&str| ((*path).to_owned(), b"apiVersion: v2\nname: a\nversion: 1.0.0\n".to_vec());
        let chart = from_files(&Sources::new(), "a", paths.iter().map(file).collect()).output.unwrap();
        let found: Vec<&str> = chart.crds.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, ["crds/Z.yaml", "crds/a/x.yaml", "crds/a-b.yaml", "crds/a.yaml"]);
    }

    #[test]
    fn files_are_read_when_they_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Chart.yaml"), "apiVersion: v2\nname: a\nversion: 1.0.0\n")
            .unwrap();
        std::fs::write(folder.path().join("README.md"), "old").unwrap();
        let chart = load(&World::system(), &Sources::new(), folder.path()).output.unwrap();
        std::fs::write(folder.path().join("README.md"), "new").unwrap();
        let readme = chart.file("README.md").unwrap();
        assert_eq!(readme.data().unwrap().as_ref(), b"new");
        std::fs::remove_file(folder.path().join("README.md")).unwrap();
        assert_eq!(readme.data().unwrap().as_ref(), b"new");
        let again = load(&World::system(), &Sources::new(), folder.path()).output.unwrap();
        assert!(again.file("README.md").is_none());
    }
}
