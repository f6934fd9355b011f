//! `configMapGenerator` and `secretGenerator`, and the hashes in the names of what they make.

use super::Builder;
use super::fields::{set_entries, text};
use super::file::Kustomization;
use super::resource::{Resource, child_map};
use crate::diag::Span;
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// One key of a generated object.
struct Item {
    key: String,
    bytes: Vec<u8>,
    span: Span,
}

impl Builder<'_> {
    /// Generates the objects of a kustomization.
    pub(super) fn generate(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for entry in kustomization.list(key) {
                self.generate_one(directory, kustomization, kind, entry, resources);
            }
        }
    }

    fn generate_one(
        &mut self,
        directory: &Path,
        kustomization: &Kustomization,
        kind: &str,
        entry: &Node,
        resources: &mut Vec<Resource>,
    ) {
        let Some(name) = entry.get("name").and_then(Node::as_str) else {
            return self.fail("a generator needs a `name`".to_owned(), entry.span);
        };
        let items = self.items(directory, entry);
        let span = entry.get("name").map_or(entry.span, |name| name.span);
        let mut root = Node::new(Value::Map(Map::new()), span);
        let mut set = |key: &str, value: Node| {
            if let Some(map) = root.as_map_mut() {
                map.insert(key, span, value);
            }
        };
        set("apiVersion", text("v1", span));
        set("kind", text(kind, span));
        set("metadata", Node::new(Value::Map(Map::new()), span));
        if kind == "Secret" {
            let kind = entry.get("type").and_then(Node::as_str).unwrap_or("Opaque");
            set("type", text(kind, span));
        }
        child_map(&mut root, "metadata").insert("name", span, text(name, span));
        if let Some(namespace) = entry.get("namespace").and_then(Node::as_str) {
            child_map(&mut root, "metadata").insert("namespace", span, text(namespace, span));
        }
        for Item { key, bytes, span } in items {
            let (field, value) = match String::from_utf8(bytes) {
                Ok(plain) if kind == "ConfigMap" => ("data", plain),
                Ok(plain) => ("data", STANDARD.encode(plain)),
                Err(error) => {
                    let field = if kind == "ConfigMap" { "binaryData" } else { "data" };
                    (field, STANDARD.encode(error.into_bytes()))
                }
            };
            child_map(&mut root, field).insert(key, span, text(value, span));
        }
        let options = [kustomization.get("generatorOptions"), entry.get("options")];
        let mut needs_hash = true;
        for options in options.into_iter().flatten() {
            for field in ["labels", "annotations"] {
                if let Some(entries) = options.get(field).and_then(Node::as_map) {
                    let map = child_map(&mut root, "metadata");
                    let mut value =
                        map.remove(field).map_or(Node::new(Value::Null, span), |entry| entry.value);
                    set_entries(&mut value, entries);
                    map.insert(field, span, value);
                }
            }
            let is_set = |key: &str| options.get(key).and_then(Node::as_bool);
            // Set in one of them is set.
            needs_hash &= is_set("disableNameSuffixHash") != Some(true);
            if is_set("immutable") == Some(true)
                && let Some(map) = root.as_map_mut()
            {
                map.insert("immutable", span, Node::new(Value::Bool(true), span));
            }
        }
        let object = Object {
            span,
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
            template: directory.display().to_string(),
            root: root.into(),
        };
        let mut resource = Resource::new(object);
        resource.needs_hash = needs_hash;
        resource.is_generated = true;
        match entry.get("behavior").and_then(Node::as_str) {
            Some(behavior @ ("merge" | "replace")) => self.absorb(resource, behavior, resources),
            _ => self.add(resource, resources),
        }
    }

    /// Merges a generated object into the one of that name, or replaces its data.
    fn absorb(&mut self, resource: Resource, behavior: &str, resources: &mut [Resource]) {
        let mut found = resources.iter_mut().filter(|other| {
            other.kind() == resource.kind()
                && other.is_called(resource.name())
                && (resource.namespace().is_none()
                    || other.identities().any(|known| known.namespace.as_deref() == resource.namespace()))
        });
        let Some(other) = found.next() else {
            let message =
                format!("`behavior: {behavior}`: there is no {} `{}`", resource.kind(), resource.name());
            return self.miss(message, resource.place());
        };
        other.needs_hash |= resource.needs_hash;
        let span = resource.place();
        let root = resource.object.root;
        for field in ["type", "immutable"] {
            let Some(map) = other.root().as_map_mut() else { continue };
            match root.get(field) {
                Some(value) => drop(map.insert(field, span, value.clone())),
                None => drop(map.remove(field)),
            }
        }
        for field in ["data", "binaryData"] {
            if behavior == "replace"
                && let Some(map) = other.root().as_map_mut()
            {
                map.remove(field);
            }
            if let Some(entries) = root.get(field).and_then(Node::as_map) {
                child_map(other.root(), field);
                if let Some(node) = other.root().as_map_mut().and_then(|map| map.get_mut(field)) {
                    set_entries(node, entries);
                }
            }
        }
        for field in ["labels", "annotations"] {
            if let Some(entries) = root.at(&["metadata", field]).and_then(Node::as_map) {
                let map = child_map(other.root(), "metadata");
                let mut value = map.remove(field).map_or(Node::new(Value::Null, span), |entry| entry.value);
                set_entries(&mut value, entries);
                map.insert(field, span, value);
            }
        }
    }

    /// The keys of a generated object: of env files, files and literals.
    fn items(&mut self, directory: &Path, entry: &Node) -> Vec<Item> {
        let mut items = Vec::new();
        let env = entry.get("env").into_iter();
        for node in env.chain(entry.get("envs").map(Node::items).unwrap_or_default()) {
            let Some(path) = node.as_str() else { continue };
            let Some((_, bytes)) = self.read(directory, path, node.span) else { continue };
            let file = String::from_utf8_lossy(&bytes).into_owned();
            for line in file.trim_start_matches('\u{feff}').lines().map(str::trim_start) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                // A name without a value takes that of the environment, which is not part of the kustomization.
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                items.push(Item { key: key.to_owned(), bytes: value.into(), span: node.span });
            }
        }
        for node in entry.get("files").map(Node::items).unwrap_or_default() {
            let Some(argument) = node.as_str() else { continue };
            let name = argument.rsplit('/').next().unwrap_or(argument);
            let (key, path) = argument.split_once('=').unwrap_or((name, argument));
            if let Some((_, bytes)) = self.read(directory, path, node.span) {
                items.push(Item { key: key.to_owned(), bytes, span: node.span });
            }
        }
        for node in entry.get("literals").map(Node::items).unwrap_or_default() {
            let Some((key, value)) = node.as_str().and_then(|literal| literal.split_once('=')) else {
                self.fail("a literal has the form `KEY=VALUE`".to_owned(), node.span);
                continue;
            };
            items.push(Item { key: key.to_owned(), bytes: unquoted(value).into(), span: node.span });
        }
        items
    }
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> &str {
    let quoted = |mark: char| value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// Adds the hash of the content to the names of generated objects.
pub(super) fn add_hashes(resources: &mut [Resource]) {
    for resource in resources.iter_mut().filter(|resource| resource.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash(resource));
        resource.remember();
        resource.set_name(name);
    }
}

/// The hash of a `ConfigMap` or Secret (`api/hasher`): ten digits of the SHA-256 of its JSON, in letters that make no words.
fn hash(resource: &Resource) -> String {
    let root = &resource.object.root;
    let part = |key: &str| root.get(key).map_or(serde_json::Value::String(String::new()), sorted);
    let mut parts = vec![("data", part("data")), ("kind", resource.kind().into())];
    let bytes = if resource.kind() == "Secret" { "stringData" } else { "binaryData" };
    if root.get(bytes).is_some() {
        parts.push((bytes, part(bytes)));
    }
    // kustomize looks for the name where it is not.
    parts.push(("name", "".into()));
    if resource.kind() == "Secret" {
        parts.push(("type", part("type")));
    }
    parts.sort_unstable_by_key(|(key, _)| *key);
    let object: serde_json::Map<_, _> = parts.into_iter().map(|(key, part)| (key.to_owned(), part)).collect();
    // Go escapes what HTML would read.
    let json = serde_json::Value::Object(object).to_string();
    let json = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ]
    .into_iter()
    .fold(json, |json, (character, escape)| json.replace(character, escape));
    let digest = Sha256::digest(json.as_bytes());
    let digits = digest.iter().take(5).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"gh2k456789mbcdtf"[usize::from(digit)])).collect()
}

/// A tree as JSON with sorted keys.
fn sorted(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            entries.into_iter().map(|entry| (entry.key.clone(), sorted(&entry.value))).collect()
        }
        Value::String(text) => serde_json::Value::String(text.clone()),
        _ => serde_json::from_str(&crate::yaml::emit::flow_json(node)).unwrap_or_default(),
    }
}
