//! `kustomization.yaml`.

use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span, nearest};
use crate::world::World;
use crate::yaml::{self, Entry, Map, Node, ReadOptions, Value};
use std::path::Path;

/// The names of the file that makes a directory a kustomization, in the order in which kustomize looks for them.
pub(crate) const KUSTOMIZATION_NAMES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What cannot be read without kustomize, and why.
pub(super) const UNSUPPORTED: [(&str, &str); 3] = [
    ("helmChartInflationGenerator", "use `helmCharts`"),
    ("openapi", "schemas are not read: lists of custom resources are replaced, not merged"),
    ("validators", "plugins and functions are not run"),
];

/// Every key of a kustomization (`types.Kustomization`).
const KEYS: [&str; 35] = [
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "imageTags",
    "images",
    "inventory",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "transformers",
    "validators",
    "vars",
];

/// A kustomization as it is written.
pub(super) struct Kustomization {
    root: Map,
}

impl Kustomization {
    /// A kustomization of one key.
    pub(super) fn of(key: &str, value: Node) -> Self {
        Self { root: Map::new() }.with(key, value)
    }

    /// The same with another key.
    pub(super) fn with(mut self, key: &str, value: Node) -> Self {
        self.root.insert(key, value.span, value);
        self
    }

    /// A key with its value, unless that is null.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.root.entry(key).filter(|entry| !entry.value.is_null())
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The items of a list; none if there is no such key.
    pub(super) fn list(&self, key: &str) -> &[Node] {
        self.get(key).map(Node::items).unwrap_or_default()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_str).filter(|text| !text.is_empty())
    }

    /// Where the value of a key is written.
    pub(super) fn span(&self, key: &str) -> Span {
        self.get(key).map_or(Span::NONE, |node| node.span)
    }
}

/// Reads the kustomization in a directory.
pub(super) fn read(world: &World, sources: &Sources, directory: &Path) -> Report<Kustomization> {
    let mut candidates = KUSTOMIZATION_NAMES.iter().map(|name| directory.join(name));
    let Some(path) = candidates.find(|path| world.is_file(path)) else {
        return Report::fail(
            Diagnostic::error(format!("`{}` is not a kustomization", directory.display()))
                .help("a kustomization is a directory with a `kustomization.yaml`"),
        );
    };
    let name = path.display().to_string();
    let text = match world.read(&path, u64::MAX).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => return Report::fail(Diagnostic::error(format!("`{name}` is not UTF-8"))),
        Err(error) => return Report::fail(Diagnostic::error(format!("cannot read `{name}`: {error}"))),
    };
    let source = sources.add(name, text, SourceKind::File);
    let report = yaml::read(sources, source, &ReadOptions::lenient());
    let mut diagnostics = report.diagnostics;
    let Some(documents) = report.output else { return Report::failed(diagnostics) };
    let first = documents.into_iter().find(|document| !document.blank).map(|document| document.root);
    let root = match first.map(|root| (root.span, root.value)) {
        Some((_, Value::Map(map))) => map,
        None => Map::new(),
        Some((span, _)) => {
            diagnostics.push(Diagnostic::error("a kustomization must be a map").at(span, ""));
            return Report::failed(diagnostics);
        }
    };
    for entry in &root {
        if !KEYS.contains(&entry.key.as_str()) {
            let near = nearest(&entry.key, KEYS).map(|near| format!("did you mean `{near}`?"));
            diagnostics.push(
                Diagnostic::error(format!("unknown field `{}`", entry.key))
                    .at(entry.key_span, "")
                    .maybe_help(near),
            );
        }
    }
    Report::with(Kustomization { root }, diagnostics)
}
