//! Kubernetes objects as read from YAML text, rendered or plain.

mod read;
mod skipped;

pub use read::{Manifests, Reader, is_manifest_name, load_stdin, parse};
pub use skipped::{SkipReason, Skipped, nothing_else, notices};

use plimsoll_diag::{ObjectRef, Span};
use plimsoll_yaml::Node;
use std::sync::Arc;

/// One Kubernetes object: its tree, and where it stands in the text it was read from.
#[derive(Debug, Clone)]
pub struct Object {
    /// The whole object. Spans point into the text it was read from; [`plimsoll_diag::Sources::trace`]
    /// leads on from rendered text to the template and the values. Shared, so that what is secret in it can be found later.
    pub root: Arc<Node>,
    /// The document, from its first byte to its last.
    pub span: Span,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.name`; empty where the manifest gives none (`generateName`).
    pub name: String,
    /// `metadata.namespace`, if given.
    pub namespace: Option<String>,
    /// What produced it: `chart/templates/x.yaml` as in Helm's `# Source:` line, or a file name.
    pub template: String,
}

impl Object {
    /// The tree, to be changed: a copy of it if it is shared.
    pub fn root_mut(&mut self) -> &mut Node {
        Arc::make_mut(&mut self.root)
    }

    /// The tree alone.
    pub fn into_root(self) -> Node {
        Arc::unwrap_or_clone(self.root)
    }

    /// The API group: the part of `apiVersion` before the slash; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The API version without its group.
    pub fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(self.api_version.as_str(), |(_, version)| version)
    }

    /// The node at the end of a path of mapping keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        self.root.at(path)
    }

    /// How diagnostics name it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}
