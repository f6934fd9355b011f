//! What the server serves, and how it reads what it is sent.

use super::codec::{self, Decoder, Undecodable};
use super::{ObjectKey, Served, Server, Status, Writer, node, text_at};
use plimsoll_kube::patch;
use plimsoll_kube::{kinds, schema};
use plimsoll_yaml::Node;

/// The group and the kind of definitions of custom resources.
pub(super) const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

impl Server {
    /// A kind that the server has. Custom resources are those that a stored object defines, or any other if that is assumed.
    pub(crate) fn served(&self, api_version: &str, kind: &str) -> Result<Served, Status> {
        // Every request asks this first.
        plimsoll_limits::check().map_err(|exceeded| Status::internal(exceeded.to_string()))?;
        if let Some(kind) = Served::built_in(api_version, kind, self.version) {
            return Ok(kind);
        }
        let group = node::group_of(api_version);
        let definition = self.definition(group, kind);
        let is_assumed = self.assumptions.serves_unknown_kinds && !Served::is_reserved(group);
        if definition.is_some() || is_assumed && !kind.is_empty() {
            let mut served = Served::custom(api_version, kind, definition);
            if definition.is_none() && !self.announced.is_empty() {
                served.is_namespaced = !self.announced.contains(&(group.to_owned(), kind.to_owned()));
            }
            return Ok(served);
        }
        Err(Status::no_such_resource())
    }

    /// Whether objects of a kind live in a namespace, as far as the server knows; others are taken to.
    pub fn is_namespaced(&self, api_version: &str, kind: &str) -> bool {
        match self.served(api_version, kind) {
            Ok(kind) => kind.is_namespaced,
            Err(_) => kinds::namespaced(api_version, kind) != Some(false),
        }
    }

    /// Whether clients find a kind without an administrator's doing: alpha and beta APIs are off.
    pub(crate) fn is_discovered(&self, kind: &Served) -> bool {
        self.trusts
            || self.assumptions.serves_unstable_versions
            || kind.built_in.is_none_or(schema::Kind::is_stable)
    }

    /// The stored definition of a custom resource.
    pub(super) fn definition(&self, group: &str, kind: &str) -> Option<&Node> {
        let first = ObjectKey {
            group: DEFINITION.0.to_owned(),
            kind: DEFINITION.1.to_owned(),
            namespace: String::new(),
            name: String::new(),
        };
        let is_definition = |key: &ObjectKey| (&key.group, &key.kind) == (&first.group, &first.kind);
        let mut definitions = self.records.range(&first..).take_while(|(key, _)| is_definition(key));
        let defines = |object: &Node| {
            let text = |path: &[&str]| text_at(object, path);
            text(&["spec", "group"]) == group && text(&["spec", "names", "kind"]) == kind
        };
        definitions.find(|(_, record)| defines(&record.object)).map(|(_, record)| &*record.object)
    }

    /// The stored definition of a kind, if it is one of custom resources.
    pub(super) fn definition_of(&self, kind: &Served) -> Option<&Node> {
        match kind.built_in {
            Some(_) => None,
            None => self.definition(kind.group(), &kind.kind),
        }
    }

    pub(super) fn kind_of(&self, body: &Node) -> Result<Served, Status> {
        self.served(text_at(body, &["apiVersion"]), text_at(body, &["kind"]))
            .map_err(|status| Status { faults: self.form_faults(body), ..status })
    }

    /// The kind of an object that is stored, or could be.
    pub(super) fn kind_of_key(&self, key: &ObjectKey) -> Result<Served, Status> {
        match self.records.get(key) {
            Some(record) => self.served(text_at(&record.object, &["apiVersion"]), &key.kind),
            None => schema::kind_in_group(&key.group, &key.kind)
                .map(Served::from)
                .ok_or_else(Status::no_such_resource),
        }
    }

    pub(super) fn decode_body(
        &self,
        kind: &Served,
        key: Option<&ObjectKey>,
        mut body: Node,
        writer: Writer<'_>,
    ) -> Result<Node, Status> {
        patch::as_json(&mut body);
        self.decode(kind, key, writer.strict, Decoder::Json, body).map_err(|error| {
            let version = kind.api_version.rsplit('/').next().unwrap_or_default();
            let message = format!(
                "{} in version {version:?} cannot be handled as a {}: {}",
                kind.kind, kind.kind, error.message
            );
            Status { faults: error.faults, ..Status::bad_request(message) }
        })
    }

    /// Reads an object that a request leaves; `key` is that of the object that is there already.
    pub(super) fn decode(
        &self,
        kind: &Served,
        key: Option<&ObjectKey>,
        strict: bool,
        decoder: Decoder,
        root: Node,
    ) -> Result<Node, Box<Undecodable>> {
        if self.trusts {
            return Ok(self.decode_leniently(kind, root));
        }
        let definition = self.definition_of(kind);
        codec::decode(kind, definition, self.version, strict, decoder, root).or_else(|error| {
            // What is stored the server can read.
            let trusted = key.and_then(|key| self.records.get(key)).filter(|record| record.is_trusted);
            let known = trusted.map(|record| self.form_faults(&record.object));
            let is_known = known.is_some_and(|known| error.faults.iter().all(|fault| known.contains(fault)));
            if is_known { Ok(self.decode_leniently(kind, error.root)) } else { Err(error) }
        })
    }

    /// Reads an object that is, or was, on a server.
    pub(super) fn decode_leniently(&self, kind: &Served, root: Node) -> Node {
        codec::decode_leniently(kind, self.definition_of(kind), self.version, root)
    }
}
