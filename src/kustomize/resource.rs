//! An object while a kustomization is built.

use crate::diag::Span;
use crate::k8s::kinds;
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};

/// An object, and what it was before.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) object: Object,
    /// The names and namespaces that it had, the first one first.
    previous: Vec<Identity>,
    /// The prefixes and suffixes that its name got, in turn.
    pub(super) affixes: Vec<String>,
    /// Whether its name gets the hash of its content.
    pub(super) needs_hash: bool,
    /// Whether it was generated in a kustomization: others may be merged into it.
    pub(super) is_generated: bool,
}

/// What an object was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

impl Resource {
    pub(super) fn new(object: Object) -> Self {
        Self { object, previous: Vec::new(), affixes: Vec::new(), needs_hash: false, is_generated: false }
    }

    pub(super) fn root(&mut self) -> &mut Node {
        self.object.root_mut()
    }

    pub(super) fn kind(&self) -> &str {
        &self.object.kind
    }

    pub(super) fn name(&self) -> &str {
        self.text(&["metadata", "name"]).unwrap_or_default()
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.text(&["metadata", "namespace"]).filter(|namespace| !namespace.is_empty())
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.object.root.at(path).and_then(Node::as_str)
    }

    /// Where it is written.
    pub(super) fn place(&self) -> Span {
        let root = &self.object.root;
        root.at(&["metadata", "name"]).map_or(root.span, |name| name.span)
    }

    /// Whether it lives in a namespace; kinds that are not known do.
    pub(super) fn is_namespaced(&self) -> bool {
        kinds::namespaced(&self.object.api_version, &self.object.kind).unwrap_or(true)
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            kind: self.kind().to_owned(),
            name: self.name().to_owned(),
            namespace: self.namespace().map(str::to_owned),
        }
    }

    /// Everything that it was called, what it is called now last.
    pub(super) fn identities(&self) -> impl Iterator<Item = Identity> {
        self.previous.iter().cloned().chain([self.identity()])
    }

    /// Whether it was or is called so: what patches and replicas name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.identities().any(|identity| identity.name == name)
    }

    /// Whether the two cannot be in one kustomization.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let namespace =
            |one: &Self| one.namespace().filter(|_| one.is_namespaced()).unwrap_or("default").to_owned();
        self.object.group() == other.object.group()
            && self.object.version() == other.object.version()
            && self.kind() == other.kind()
            && self.name() == other.name()
            && namespace(self) == namespace(other)
    }

    /// Keeps the present identity for references, before it changes.
    pub(super) fn remember(&mut self) {
        let identity = self.identity();
        if self.previous.last() != Some(&identity) {
            self.previous.push(identity);
        }
    }

    pub(super) fn set_name(&mut self, name: String) {
        let span = self.place();
        let metadata = child_map(self.root(), "metadata");
        metadata.insert("name", span, Node::new(Value::String(name), span));
    }

    pub(super) fn set_namespace(&mut self, namespace: &str, span: Span) {
        let metadata = child_map(self.root(), "metadata");
        let key_span = metadata.entry("namespace").map_or(span, |entry| entry.key_span);
        metadata.insert("namespace", key_span, Node::new(Value::String(namespace.to_owned()), span));
    }

    /// The object that is left, with what its tree says now.
    pub(super) fn into_object(self) -> Object {
        let name = self.name().to_owned();
        let namespace = self.namespace().map(str::to_owned);
        let text = |key: &str| self.object.root.get(key).and_then(Node::as_str).map(str::to_owned);
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let mut object = self.object;
        object.api_version = api_version.unwrap_or(object.api_version);
        object.kind = kind.unwrap_or(object.kind);
        Object { name, namespace, ..object }
    }
}

/// The map at a key of a map, made if it is not there.
pub(super) fn child_map<'n>(node: &'n mut Node, key: &str) -> &'n mut Map {
    let span = node.span;
    if node.as_map().is_none() {
        node.value = Value::Map(Map::new());
    }
    let Value::Map(map) = &mut node.value else { unreachable!("it was made a map") };
    if map.get(key).and_then(Node::as_map).is_none() {
        map.insert(key, span, Node::new(Value::Map(Map::new()), span));
    }
    let Some(Value::Map(child)) = map.get_mut(key).map(|child| &mut child.value) else {
        unreachable!("it was made a map")
    };
    child
}
