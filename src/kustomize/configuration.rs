//! `configurations`: fields that kustomize's transformers change besides those that they know.

use super::Builder;
use super::fields::{self, FieldSpec};
use super::file::Kustomization;
use super::resource::Resource;
use crate::yaml::{Map, Node};
use std::path::Path;

/// A field of the objects of some kinds, as a file writes it.
#[derive(Debug, Clone)]
pub(super) struct OwnField {
    group: Option<String>,
    version: Option<String>,
    kind: String,
    path: String,
    create: bool,
}

impl OwnField {
    /// `None` for what names no path.
    pub(super) fn read(node: &Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let text = |key: &str| text(key).map(str::to_owned);
        Some(Self {
            group: text("group"),
            version: text("version"),
            kind: text("kind").unwrap_or_default(),
            path: text("path")?,
            create: node.get("create").and_then(Node::as_bool) == Some(true),
        })
    }

    /// The fields of a list.
    pub(super) fn read_all(list: Option<&Node>) -> Vec<Self> {
        list.map(Node::items).unwrap_or_default().iter().filter_map(Self::read).collect()
    }

    /// Whether the field is the name of all objects.
    pub(super) fn is_any_name(&self) -> bool {
        self.kind.is_empty() && self.group.is_none() && self.path == "metadata/name"
    }

    /// Calls `change` with every value at the path.
    pub(super) fn each(&self, resource: &mut Resource, change: &mut dyn FnMut(&mut Node)) {
        let is_version = |version: &String| version == resource.object.version();
        if self.version.as_ref().is_none_or(is_version) {
            let group = self.group.as_deref();
            FieldSpec { group, kind: &self.kind, path: &self.path, create: self.create }
                .each(resource, change);
        }
    }
}

/// What the `configurations` of a kustomization add to its transformers.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    pub(super) labels: Vec<OwnField>,
    pub(super) annotations: Vec<OwnField>,
    pub(super) namespaces: Vec<OwnField>,
    pub(super) images: Vec<OwnField>,
    pub(super) replicas: Vec<OwnField>,
}

/// A field that names an object of a kind.
#[derive(Debug)]
pub(super) struct OwnReference {
    pub(super) kind: String,
    pub(super) field: OwnField,
}

impl Builder<'_> {
    /// Reads the configurations of a kustomization. Where references and variables are counts for everything that uses
    /// the kustomization, too.
    pub(super) fn configure(&mut self, directory: &Path, kustomization: &Kustomization) -> Configuration {
        let mut configuration = Configuration::default();
        for node in kustomization.list("configurations") {
            let Some(path) = self.path(node) else { continue };
            let Some((name, bytes)) = self.read(directory, path, node.span) else { continue };
            for root in self.text_documents(name, &bytes) {
                if let Some(map) = root.as_map() {
                    self.add_configuration(map, &mut configuration);
                }
            }
        }
        configuration
    }

    fn add_configuration(&mut self, map: &Map, configuration: &mut Configuration) {
        for entry in map {
            let fields = || OwnField::read_all(Some(&entry.value));
            match entry.key.as_str() {
                "commonLabels" => configuration.labels.extend(fields()),
                "commonAnnotations" => configuration.annotations.extend(fields()),
                "namespace" => configuration.namespaces.extend(fields()),
                "images" => configuration.images.extend(fields()),
                "replicas" => configuration.replicas.extend(fields()),
                "varReference" => self.variables.fields.extend(fields()),
                "nameReference" => {
                    for reference in entry.value.items() {
                        let Some(kind) = reference.get("kind").and_then(Node::as_str) else { continue };
                        let fields = OwnField::read_all(reference.get("fieldSpecs")).into_iter();
                        let kind = || kind.to_owned();
                        self.references.extend(fields.map(|field| OwnReference { kind: kind(), field }));
                    }
                }
                _ => self.leave_out(&format!("`{}` in a configuration", entry.key), entry.key_span),
            }
        }
    }
}

/// Sets the entries of a map in fields of all objects.
pub(super) fn set_entries(resources: &mut [Resource], fields: &[OwnField], pairs: &Map) {
    for resource in resources {
        for field in fields {
            field.each(resource, &mut |node| fields::set_entries(node, pairs));
        }
    }
}
