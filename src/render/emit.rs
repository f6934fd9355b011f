//! A render as text: the stream for kubectl, files for a directory, a JSON list.

use super::{Document, Render};
use crate::chart::{EngineKind, Pattern};
use crate::diag::escape;
use crate::diag::escape::terminal;
use crate::diag::{Diagnostic, Span};
use crate::k8s::kinds;
use crate::manifest::Object;
use crate::yaml::{Entry, Node};
use std::collections::BTreeMap;

/// What of a render is wanted.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// `--show-only`: paths in the chart (`templates/x.yaml`, `charts/db/templates/*.yaml`); all where empty.
    pub show_only: Vec<String>,
    /// `--include-crds`.
    pub include_crds: bool,
    /// `--no-hooks`.
    pub no_hooks: bool,
    /// `--skip-tests`.
    pub skip_tests: bool,
}

impl Selection {
    /// Whether a hook is wanted.
    pub(super) fn wants_hook(&self, document: &Document) -> bool {
        let test = document.hook.as_ref().is_some_and(super::HookSpec::is_test);
        !(self.no_hooks || self.skip_tests && test)
    }

    /// The documents that are wanted, in the order in which they are printed: CRDs, manifest, hooks; with
    /// `show_only` in the order of its paths. The error names a path that matches nothing, as Helm does.
    pub fn of<'a>(&self, render: &'a Render) -> Result<Vec<&'a Document>, Diagnostic> {
        let crds = if self.include_crds { render.crds.as_slice() } else { &[] };
        let hooks = render.hooks.iter().filter(|document| self.wants_hook(document));
        let all: Vec<&Document> = crds.iter().chain(&render.manifest).chain(hooks).collect();
        if self.show_only.is_empty() {
            return Ok(all);
        }
        let mut chosen = Vec::new();
        for wanted in &self.show_only {
            let before = chosen.len();
            if let Ok(pattern) = Pattern::parse(wanted) {
                let is_shown = |document: &&Document| pattern.matches(in_chart(&document.path));
                chosen.extend(all.iter().copied().filter(is_shown));
            }
            if chosen.len() == before {
                let paths: Vec<&str> = all.iter().map(|document| in_chart(&document.path)).collect();
                // The file's name alone, or with the chart's, is what most write at first.
                let file = wanted.rsplit('/').next();
                let same_file = paths.iter().copied().find(|path| path.rsplit('/').next() == file);
                let near = same_file.or_else(|| crate::diag::nearest(wanted, paths.iter().copied()));
                let found = Diagnostic::error(format!("could not find template `{wanted}` in chart"));
                return Err(match near {
                    Some(near) => found.help(format!("did you mean `{near}`?")),
                    None if paths.is_empty() => found.help("the chart renders nothing"),
                    None => found.help(format!("paths start at the chart's root, like `{}`", paths[0])),
                });
            }
        }
        Ok(chosen)
    }
}

impl Selection {
    /// The documents that [`Self::of`] chose, as the engine's language prints them: Helm ends its manifest with a line
    /// break, hooks and `--show-only` aside, even one without objects.
    pub fn print(&self, documents: &[&Document], engine: EngineKind) -> String {
        let text = stream(documents);
        let ends_nothing = engine == EngineKind::GoTemplate
            && self.show_only.is_empty()
            && documents.first().is_none_or(|document| document.hook.is_some());
        if ends_nothing { format!("\n{text}") } else { text }
    }
}

/// The path in the chart: `# Source:` lines begin with the chart's name.
fn in_chart(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, rest)| rest)
}

/// The documents as Helm prints them: `---`, `# Source:`, text.
pub fn stream(documents: &[&Document]) -> String {
    let mut out = String::with_capacity(documents.iter().map(|document| document.text.len() + 64).sum());
    for document in documents {
        push_document(document, &mut out);
    }
    out
}

fn push_document(document: &Document, out: &mut String) {
    out.push_str("---\n# Source: ");
    // A file's name may hold a line break, which would end the comment.
    out.push_str(&terminal(&document.path));
    out.push('\n');
    out.push_str(&document.text);
}

/// The documents as files, `chart/templates/x.yaml` each, in the order of their paths.
pub fn files(documents: &[&Document]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for document in documents {
        push_document(document, files.entry(document.path.clone()).or_default());
    }
    files
}

/// The objects as one `List`, which kubectl applies as it is.
pub fn json_list(documents: &[&Document]) -> String {
    let items: Vec<&Node> =
        documents.iter().flat_map(|document| &document.objects).map(|object| &*object.root).collect();
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
    let mut text = serde_json::to_string_pretty(&list).unwrap_or_default();
    text.push('\n');
    escape::json(text)
}

/// Writes `metadata.namespace` on the namespaced objects of a document that have none. Kinds that are not known are
/// left alone.
pub(super) fn write_namespace(document: &mut Document, namespace: &str) {
    // From the last object to the first, so that the places of the others stay right.
    for object in document.objects.iter_mut().rev() {
        if object.namespace.is_some() || kinds::namespaced(&object.api_version, &object.kind) != Some(true) {
            continue;
        }
        let Some(at) = insertion_point(object) else { continue };
        let line_start = document.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let before = &document.text[line_start..at];
        let block = before.chars().all(|c| matches!(c, ' ' | '-'));
        let separator = if block { format!("\n{}", " ".repeat(before.len())) } else { ", ".to_owned() };
        document.text.insert_str(at, &format!("namespace: {namespace}{separator}"));
        if let Some(metadata) = object.root_mut().as_map_mut().and_then(|root| root.get_mut("metadata"))
            && let Some(map) = metadata.as_map_mut()
        {
            map.push(Entry {
                key: "namespace".to_owned(),
                key_span: Span::NONE,
                value: Node::bare(namespace),
            });
        }
        object.namespace = Some(namespace.to_owned());
    }
}

/// The byte before which a key of `metadata` can be written: its first key.
fn insertion_point(object: &Object) -> Option<usize> {
    let first = object.at(&["metadata"])?.as_map()?.iter().next()?;
    Some(first.key_span.start as usize)
}
