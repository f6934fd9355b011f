//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use super::file::Kustomization;
use super::resource::Resource;
use super::{Builder, LENIENT};
use crate::diag::{Segment, SourceId, SourceKind, SourceMap, Span};
use crate::k8s::merge::Position;
use crate::k8s::patch::{json_patch, strategic};
use crate::yaml::{self, Map, Node, Value};
use regex::Regex;
use std::path::Path;

/// The objects that a patch is for.
#[derive(Default)]
struct Target {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// One condition of a selector of labels.
struct Requirement {
    key: String,
    /// The values that it may have; none if any will do.
    values: Option<Vec<String>>,
    /// Whether the condition is the opposite.
    negated: bool,
}

impl Builder<'_> {
    /// `patchesStrategicMerge`.
    pub(super) fn patch_merging(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        for node in kustomization.list("patchesStrategicMerge") {
            let Some(argument) = node.as_str() else { continue };
            // A text of several lines is the patch itself.
            let is_inline = argument.trim_end().contains('\n') || argument.contains(": ");
            let documents =
                if is_inline { self.inline(argument, node.span) } else { self.patch_file(directory, node) };
            for patch in documents {
                self.merge_by_identity(&patch, resources);
            }
        }
    }

    /// `patches`.
    pub(super) fn patch(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        for entry in kustomization.list("patches") {
            self.patch_entry(directory, entry, resources);
        }
    }

    /// `patchesJson6902`.
    pub(super) fn patch_json(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        for entry in kustomization.list("patchesJson6902") {
            self.patch_entry(directory, entry, resources);
        }
    }

    fn patch_entry(&mut self, directory: &Path, entry: &Node, resources: &mut Vec<Resource>) {
        let documents = match (entry.get("patch").and_then(Node::as_str), entry.get("path")) {
            (Some(text), _) => {
                let span = entry.get("patch").map_or(entry.span, |patch| patch.span);
                self.inline(text, span)
            }
            (None, Some(path)) => self.patch_file(directory, path),
            (None, None) => return self.fail("a patch needs `path` or `patch`".to_owned(), entry.span),
        };
        let target = match entry.get("target").filter(|target| !target.is_null()) {
            None => None,
            Some(node) => match Target::read(node) {
                Ok(target) => Some(target),
                Err(message) => return self.fail(message, node.span),
            },
        };
        let may_rename = |key: &str| {
            entry
                .at(&["options", key])
                .is_some_and(|flag| flag.as_bool() == Some(true) || flag.as_str() == Some("true"))
        };
        let may_rename = (may_rename("allowNameChange"), may_rename("allowKindChange"));
        for patch in documents {
            match (&target, &patch.value) {
                (Some(target), Value::Seq(operations)) => {
                    self.apply_operations(target, operations, patch.span, resources);
                }
                (None, Value::Seq(_)) => {
                    self.fail("a JSON patch needs a `target`".to_owned(), entry.span);
                }
                (Some(target), Value::Map(map)) => {
                    let mut removed = Vec::new();
                    for (index, resource) in resources.iter_mut().enumerate() {
                        if target.selects(resource) && self.merge(resource, map, may_rename) {
                            removed.push(index);
                        }
                    }
                    removed.into_iter().rev().for_each(|index| drop(resources.remove(index)));
                }
                (None, Value::Map(_)) => self.merge_by_identity(&patch, resources),
                _ => self.fail("a patch must be a map or a list".to_owned(), patch.span),
            }
        }
    }

    fn apply_operations(
        &mut self,
        target: &Target,
        operations: &[Node],
        span: Span,
        resources: &mut [Resource],
    ) {
        for resource in resources.iter_mut().filter(|resource| target.selects(resource)) {
            resource.remember();
            if let Err(error) = json_patch::apply(resource.root(), operations) {
                let message =
                    format!("the patch fails on {} `{}`: {error}", resource.kind(), resource.name());
                self.fail(message, span);
            }
        }
    }

    /// Merges a patch into the object that it names.
    fn merge_by_identity(&mut self, patch: &Node, resources: &mut Vec<Resource>) {
        let text = |path: &[&str]| patch.at(path).and_then(Node::as_str);
        let (Some(map), Some(kind), Some(name)) =
            (patch.as_map(), text(&["kind"]), text(&["metadata", "name"]))
        else {
            return self
                .fail("a patch without `target` needs `kind` and `metadata.name`".to_owned(), patch.span);
        };
        let group =
            text(&["apiVersion"]).map(|version| version.split_once('/').map_or("", |(group, _)| group));
        let namespace = text(&["metadata", "namespace"]).filter(|namespace| *namespace != "default");
        let found = resources.iter().position(|resource| {
            resource.kind() == kind
                && group.is_none_or(|group| group == resource.object.group())
                && resource.is_called(name)
                && namespace.is_none_or(|namespace| {
                    resource.identities().any(|known| known.namespace.as_deref() == Some(namespace))
                })
        });
        let Some(index) = found else {
            return self.miss(format!("the patch is for {kind} `{name}`, which does not exist"), patch.span);
        };
        if self.merge(&mut resources[index], map, (false, false)) {
            resources.remove(index);
        }
    }

    /// Merges a patch into an object; returns whether the patch deletes the object.
    fn merge(&mut self, resource: &mut Resource, patch: &Map, may_rename: (bool, bool)) -> bool {
        if patch.get("$patch").and_then(Node::as_str) == Some("delete") {
            return true;
        }
        resource.remember();
        let mut patch = patch.clone();
        let original = &resource.object.root;
        // What an object is called stays.
        for (key, may_change) in [("apiVersion", may_rename.1), ("kind", may_rename.1)] {
            if !may_change && let Some(entry) = original.as_map().and_then(|map| map.entry(key)) {
                patch.insert(key, entry.key_span, entry.value.clone());
            }
        }
        if let Some(metadata) = patch.get_mut("metadata").and_then(Node::as_map_mut) {
            for key in ["name", "namespace"] {
                let own = original.at(&["metadata", key]);
                match own.filter(|_| !may_rename.0) {
                    Some(own) => drop(metadata.insert(key, own.span, own.clone())),
                    None if key == "namespace" => drop(metadata.remove(key)),
                    None => {}
                }
            }
        }
        let position = Position::root(&resource.object.api_version, &resource.object.kind, self.version);
        let Some(map) = resource.object.root.as_map().cloned() else { return false };
        let span = patch.iter().next().map_or(Span::NONE, |entry| entry.key_span);
        let written = Node::new(Value::Map(patch.clone()), span);
        match strategic::apply(position, map, patch) {
            Ok(map) => {
                resource.root().value = Value::Map(map);
                restore_places(resource.root(), Some(&written), span);
            }
            Err(error) => {
                let message =
                    format!("the patch fails on {} `{}`: {error}", resource.kind(), resource.name());
                self.fail(message, span);
            }
        }
        false
    }

    pub(super) fn patch_file(&mut self, directory: &Path, node: &Node) -> Vec<Node> {
        let Some(path) = node.as_str() else { return Vec::new() };
        if super::is_remote(path) {
            self.leave_out(&format!("patch `{path}`: it is not on this machine"), node.span);
            return Vec::new();
        }
        let Some((name, bytes)) = self.read(directory, path, node.span) else { return Vec::new() };
        self.text_documents(name, &bytes)
    }

    /// The documents of a file.
    pub(super) fn text_documents(&mut self, name: String, bytes: &[u8]) -> Vec<Node> {
        let source = self.sources.add(name, String::from_utf8_lossy(bytes), SourceKind::File);
        self.documents(source)
    }

    /// The documents of a patch that is written in the kustomization, which is where its findings are placed.
    fn inline(&mut self, text: &str, span: Span) -> Vec<Node> {
        let source = self.add_inline(text, span);
        self.documents(source)
    }

    /// A text in the kustomization as a source of its own.
    pub(super) fn add_inline(&mut self, text: &str, span: Span) -> SourceId {
        let segment = Segment { start: 0, template: span, verbatim: false, value: None };
        let kind = SourceKind::Rendered(SourceMap::new(vec![segment]));
        let name = self.sources.get(span.source).map_or(String::new(), |source| source.name.clone());
        self.sources.add(name, text, kind)
    }

    fn documents(&mut self, source: SourceId) -> Vec<Node> {
        let report = yaml::read(self.sources, source, &LENIENT);
        self.result.diagnostics.extend(report.diagnostics);
        let documents = report.output.unwrap_or_default().into_iter();
        documents.filter(|document| !document.blank).map(|document| document.root).collect()
    }
}

/// Gives the keys that merging added the places where the patch has them, or that of what they are in.
fn restore_places(node: &mut Node, patch: Option<&Node>, holder: Span) {
    match &mut node.value {
        Value::Map(map) => {
            for entry in map {
                let written = patch.and_then(Node::as_map).and_then(|patch| patch.entry(&entry.key));
                if entry.key_span.is_none() {
                    entry.key_span = written.map_or(holder, |written| written.key_span);
                }
                restore_places(&mut entry.value, written.map(|written| &written.value), entry.key_span);
            }
        }
        Value::Seq(items) => {
            for item in items {
                let name = item.get("name").and_then(Node::as_str);
                let mut candidates = patch.map(Node::items).unwrap_or_default().iter();
                let written = candidates
                    .find(|other| name.is_some() && other.get("name").and_then(Node::as_str) == name);
                restore_places(item, written, holder);
            }
        }
        _ => {}
    }
    if node.span.is_none() {
        node.span = holder;
    }
}

impl Target {
    fn read(node: &Node) -> Result<Self, String> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let pattern = |key: &str| -> Result<Option<Regex>, String> {
            let Some(text) = text(key) else { return Ok(None) };
            let whole = Regex::new(&format!("^(?:{text})$"));
            whole.map(Some).map_err(|_| format!("`{key}` is not a valid regular expression"))
        };
        Ok(Self {
            group: pattern("group")?,
            version: pattern("version")?,
            kind: pattern("kind")?,
            name: pattern("name")?,
            namespace: pattern("namespace")?,
            labels: text("labelSelector").map(requirements).unwrap_or_default(),
            annotations: text("annotationSelector").map(requirements).unwrap_or_default(),
        })
    }

    fn selects(&self, resource: &Resource) -> bool {
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
        };
        fits(&self.group, resource.object.group())
            && fits(&self.version, resource.object.version())
            && fits(&self.kind, resource.kind())
            && resource.identities().any(|known| {
                fits(&self.name, &known.name)
                    && fits(&self.namespace, known.namespace.as_deref().unwrap_or("default"))
            })
            && [("labels", &self.labels), ("annotations", &self.annotations)].into_iter().all(
                |(field, requirements)| {
                    let map = resource.object.root.at(&["metadata", field]);
                    requirements.iter().all(|one| one.holds(map))
                },
            )
    }
}

impl Requirement {
    fn holds(&self, map: Option<&Node>) -> bool {
        let value = map.and_then(|map| map.get(&self.key));
        let holds = match (&self.values, value) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(values), Some(value)) => {
                value.as_str().is_some_and(|value| values.iter().any(|wanted| wanted == value))
            }
        };
        holds != self.negated
    }
}

/// The conditions of a selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn requirements(selector: &str) -> Vec<Requirement> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for character in selector.chars() {
        depth += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        match parts.last_mut() {
            Some(part) if character != ',' || depth > 0 => part.push(character),
            _ => parts.push(String::new()),
        }
    }
    let list = |text: &str| {
        let inner = text.trim().trim_start_matches('(').trim_end_matches(')');
        inner.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>()
    };
    let one = |part: &str| {
        let part = part.trim();
        let operators = [(" notin ", true), (" in ", false), ("!=", true), ("==", false), ("=", false)];
        for (operator, negated) in operators {
            if let Some((key, values)) = part.split_once(operator) {
                let values = Some(list(values));
                return Requirement { key: key.trim().to_owned(), values, negated };
            }
        }
        let key = part.strip_prefix('!').unwrap_or(part).trim().to_owned();
        Requirement { key, values: None, negated: part.starts_with('!') }
    };
    parts.iter().filter(|part| !part.trim().is_empty()).map(|part| one(part)).collect()
}
