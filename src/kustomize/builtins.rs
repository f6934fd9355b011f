//! `generators` and `transformers`: the built-in ones, configured in files. Each does what a field of a kustomization
//! does, and is run as that field. Plugins and functions are not run.

use super::configuration::{self, OwnField};
use super::fields::text;
use super::file::Kustomization;
use super::resource::Resource;
use super::values;
use super::{Builder, LENIENT};
use crate::diag::Span;
use crate::manifest::{self, Object};
use crate::yaml::{Map, Node, Value};
use std::path::Path;

impl Builder<'_> {
    /// Runs the generators or the transformers of a kustomization.
    pub(super) fn run_builtins(
        &mut self,
        key: &str,
        directory: &Path,
        kustomization: &Kustomization,
        resources: &mut Vec<Resource>,
    ) {
        for node in kustomization.list(key) {
            for object in self.configured(directory, node) {
                if object.api_version != "builtin" || !self.run_builtin(directory, &object, resources) {
                    let what = format!(
                        "`{key}`: {} is not built in; plugins and functions are not run",
                        object.kind
                    );
                    self.leave_out(&what, node.span);
                }
            }
        }
    }

    /// The objects that configure a plugin: of a file, a kustomization, or written in place.
    fn configured(&mut self, directory: &Path, node: &Node) -> Vec<Object> {
        let Some(argument) = self.path(node) else { return Vec::new() };
        if argument.trim_end().contains('\n') {
            let source = self.add_inline(argument, node.span);
            let report = manifest::parse(self.sources, source, "", &LENIENT);
            self.result.diagnostics.extend(report.diagnostics);
            return report.output.unwrap_or_default();
        }
        if super::is_remote(argument) {
            self.leave_out(&format!("`{argument}`: it is not on this machine"), node.span);
            return Vec::new();
        }
        let mut found = Vec::new();
        self.add_resource(directory, argument, node.span, &mut found);
        found.into_iter().map(|resource| resource.object).collect()
    }

    /// Whether there is a built-in plugin of that kind.
    fn run_builtin(&mut self, directory: &Path, object: &Object, resources: &mut Vec<Resource>) -> bool {
        let root = &object.root;
        let span = root.span;
        let fields = OwnField::read_all(root.get("fieldSpecs"));
        let one = |key: &str, value: Node| Kustomization::of(key, value);
        let list = |key: &str, item: Node| Kustomization::of(key, Node::new(Value::Seq(vec![item]), span));
        let kustomization = match object.kind.as_str() {
            "PatchTransformer" => list("patches", without_type(root)),
            "PatchJson6902Transformer" => {
                let mut patch = without_type(root);
                if let Some(map) = patch.as_map_mut()
                    && let Some(operations) = map.remove("jsonOp")
                {
                    map.insert("patch", operations.key_span, operations.value);
                }
                list("patchesJson6902", patch)
            }
            "PatchStrategicMergeTransformer" => {
                let paths = root.get("paths").map(Node::items).unwrap_or_default().iter();
                let patches = paths.chain(root.get("patches")).cloned().collect();
                one("patchesStrategicMerge", Node::new(Value::Seq(patches), span))
            }
            "ReplacementTransformer" => one("replacements", value_of(root, "replacements")),
            "ReplicaCountTransformer" => list("replicas", value_of(root, "replica")),
            "NamespaceTransformer" => {
                let namespace = root.at(&["metadata", "namespace"]).or_else(|| root.get("namespace"));
                one("namespace", namespace.cloned().unwrap_or_else(|| text("", span)))
            }
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
                if !fields.iter().any(OwnField::is_any_name) {
                    return false;
                }
                one("namePrefix", value_of(root, "prefix")).with("nameSuffix", value_of(root, "suffix"))
            }
            "ImageTagTransformer" => {
                if let Some(image) = root.get("imageTag") {
                    values::set_images(resources, std::slice::from_ref(image), &fields);
                }
                return true;
            }
            "LabelTransformer" | "AnnotationsTransformer" => {
                let key = if object.kind == "LabelTransformer" { "labels" } else { "annotations" };
                if let Some(pairs) = root.get(key).and_then(Node::as_map) {
                    configuration::set_entries(resources, &fields, pairs);
                }
                return true;
            }
            "ConfigMapGenerator" | "SecretGenerator" => {
                let mut entry = without_type(root);
                for key in ["name", "namespace"] {
                    if let (Some(map), Some(value)) = (entry.as_map_mut(), root.at(&["metadata", key])) {
                        map.insert(key, value.span, value.clone());
                    }
                }
                let key =
                    if object.kind == "SecretGenerator" { "secretGenerator" } else { "configMapGenerator" };
                self.generate(directory, &list(key, entry), resources);
                return true;
            }
            // The order of the objects does not matter here.
            "LegacyOrderTransformer" | "SortOrderTransformer" => return true,
            _ => return false,
        };
        let configuration = configuration::Configuration::default();
        self.transform(directory, &kustomization, &configuration, resources);
        true
    }
}

/// The value of a key; null if there is none.
fn value_of(root: &Node, key: &str) -> Node {
    root.get(key).cloned().unwrap_or_else(|| Node::new(Value::Null, Span::NONE))
}

/// What an object says besides its type and name.
fn without_type(root: &Node) -> Node {
    let entries = root.as_map().into_iter().flatten();
    let mut map = Map::new();
    for entry in entries.filter(|entry| !["apiVersion", "kind", "metadata"].contains(&entry.key.as_str())) {
        map.insert(entry.key.as_str(), entry.key_span, entry.value.clone());
    }
    Node::new(Value::Map(map), root.span)
}
