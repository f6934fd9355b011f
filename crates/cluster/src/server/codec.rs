//! Decoding and encoding: what the server reads a body as, and how it writes an object.

use super::{autoscaler, node};
use crate::go_types;
use plimsoll_diag::{Severity, Span};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::schema::{self, Kind, Schemas};
use plimsoll_kube::{ErrorKind, Version, defaults, encode, validate_form};
use plimsoll_yaml::Node;

/// How a body is decoded; the errors are worded differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// `sigs.k8s.io/json`: bodies of POST and PUT, and objects that a JSON patch leaves.
    Json,
    /// `runtime.FromUnstructured`: objects that a strategic merge patch or server-side apply leaves.
    Unstructured,
}

/// Why a body cannot be decoded.
#[derive(Debug)]
pub(super) enum Undecodable {
    /// A value has a type that its field cannot hold.
    WrongType(String),
    /// Strict decoding met fields that the type does not have.
    UnknownFields(String),
}

impl Undecodable {
    /// What the decoder says.
    pub(super) fn message(&self) -> &str {
        match self {
            Self::WrongType(message) | Self::UnknownFields(message) => message,
        }
    }
}

/// An object with its head, as the functions of validation take it.
pub(super) fn as_object(root: Node) -> Object {
    let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
    Object {
        span: Span::NONE,
        api_version: text(&["apiVersion"]).unwrap_or_default(),
        kind: text(&["kind"]).unwrap_or_default(),
        name: text(&["metadata", "name"]).unwrap_or_default(),
        namespace: text(&["metadata", "namespace"]).filter(|namespace| !namespace.is_empty()),
        template: String::new(),
        root,
    }
}

/// Reads a body as an object of a built-in kind: unknown fields and zero values are gone, defaults are filled in.
pub(super) fn decode(
    kind: &Kind,
    version: Version,
    strict: bool,
    decoder: Decoder,
    mut root: Node,
) -> Result<Node, Undecodable> {
    let object = as_object(root);
    let mut unknown = Vec::new();
    for finding in validate_form(&object, version) {
        if finding.severity() != Severity::Error {
            continue;
        }
        if finding.error.kind == ErrorKind::UnknownField {
            unknown.push(format!("unknown field {:?}", finding.error.path));
            continue;
        }
        let ty = Schemas::get().type_named(kind.type_name);
        let error = ty.and_then(|ty| match decoder {
            Decoder::Json => go_types::json_error("", &object.root, ty),
            Decoder::Unstructured => go_types::conversion_error(&object.root, ty),
        });
        return Err(Undecodable::WrongType(error.unwrap_or_else(|| finding.error.server_message())));
    }
    root = object.root;
    if !unknown.is_empty() {
        // Bodies are written with sorted keys.
        unknown.sort_unstable();
        if strict {
            let message = format!("strict decoding error: {}", unknown.join(", "));
            return Err(Undecodable::UnknownFields(message));
        }
        schema::drop_unknown(kind.api_version, kind.kind, version, &mut root);
    }
    let group = node::group_of(kind.api_version);
    schema::decode_nulls(kind.api_version, kind.kind, version, &mut root);
    if kind.api_version == "autoscaling/v1" && kind.kind == "HorizontalPodAutoscaler" {
        autoscaler::to_v2(&mut root);
    }
    if let Some(metadata) = node::map_mut(&mut root, &["metadata"]) {
        metadata.retain(|entry| !entry.value.is_null());
    }
    defaults::decode(group, kind.kind, &mut root);
    Ok(root)
}

/// An object in another version of its API; `None` if there is none.
pub(super) fn convert(object: &Node, from: &str, to: &str) -> Option<Node> {
    let mut object = object.clone();
    let kind = schema::kind(to, node::text(&object, &["kind"]))?;
    match (from, to) {
        ("autoscaling/v1", "autoscaling/v2") => {
            autoscaler::to_v2(&mut object);
            defaults::decode(node::group_of(to), kind.kind, &mut object);
        }
        ("autoscaling/v2", "autoscaling/v1") => autoscaler::to_v1(&mut object),
        _ => node::set(object.as_map_mut()?, "apiVersion", to),
    }
    encode(node::group_of(to), kind.kind, &mut object);
    Some(object)
}
