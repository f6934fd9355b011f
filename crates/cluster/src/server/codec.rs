//! Decoding and encoding: what the server reads a body as, and how it writes an object.

use super::answer::{Cause, Fault};
use super::{Served, autoscaler, node};
use crate::go_types;
use plimsoll_diag::{Severity, Span};
use plimsoll_kube::manifest::Object;
use plimsoll_kube::schema::{self, Schemas};
use plimsoll_kube::{
    ErrorKind, FieldError, Finding, Version, complete_custom, defaults, encode, unknown_custom_fields,
    validate_form,
};
use plimsoll_yaml::Node;
use std::sync::Arc;

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
pub(super) struct Undecodable {
    /// What the decoder says.
    pub(super) message: String,
    /// What is wrong, field by field.
    pub(super) faults: Vec<Fault>,
    /// The body.
    pub(super) root: Node,
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
        root: Arc::new(root),
    }
}

/// Reads a body as an object: unknown fields and zero values are gone, defaults are filled in. `definition` is that of a
/// custom resource, if it is known; values of the wrong type are found by validation, later.
pub(super) fn decode(
    kind: &Served,
    definition: Option<&Node>,
    version: Version,
    strict: bool,
    decoder: Decoder,
    root: Node,
) -> Result<Node, Box<Undecodable>> {
    let object = as_object(root);
    let mut unknown = Vec::new();
    let mut wrong = None;
    let mut faults = Vec::new();
    let errors = match (kind.built_in, definition) {
        (Some(_), _) => form_errors(&object, version),
        (None, Some(definition)) => errors_of(unknown_custom_fields(&object, definition, version)),
        (None, None) => Vec::new(),
    };
    for error in errors {
        if error.kind == ErrorKind::UnknownField {
            unknown.push(format!("unknown field {:?}", error.path));
        } else if wrong.is_none() {
            wrong = Some(error.server_message());
        }
        faults.push(Fault::new(&error, Cause::Invalid(error.kind)));
    }
    let refuse =
        |message, object: Object| Err(Box::new(Undecodable { message, faults, root: object.into_root() }));
    if let Some(wrong) = wrong {
        let ty = kind.built_in.and_then(|built_in| Schemas::get().type_named(built_in.type_name));
        let error = ty.and_then(|ty| match decoder {
            Decoder::Json => go_types::json_error("", &object.root, ty),
            Decoder::Unstructured => go_types::conversion_error(&object.root, ty),
        });
        return refuse(error.unwrap_or(wrong), object);
    }
    if strict && !unknown.is_empty() {
        // Bodies are written with sorted keys.
        unknown.sort_unstable();
        return refuse(format!("strict decoding error: {}", unknown.join(", ")), object);
    }
    let mut root = object.into_root();
    if !unknown.is_empty() {
        schema::drop_unknown(&kind.api_version, &kind.kind, version, &mut root);
    }
    complete(kind, definition, version, &mut root);
    Ok(root)
}

/// As [`decode`], of an object that the server has read before: whatever it cannot read any more stays as it is.
pub(super) fn decode_leniently(
    kind: &Served,
    definition: Option<&Node>,
    version: Version,
    mut root: Node,
) -> Node {
    schema::drop_unknown(&kind.api_version, &kind.kind, version, &mut root);
    complete(kind, definition, version, &mut root);
    root
}

fn complete(kind: &Served, definition: Option<&Node>, version: Version, root: &mut Node) {
    schema::decode_nulls(&kind.api_version, &kind.kind, version, root);
    if (&*kind.api_version, &*kind.kind) == ("autoscaling/v1", "HorizontalPodAutoscaler") {
        autoscaler::to_v2(root);
    }
    if let Some(metadata) = node::map_mut(root, &["metadata"]) {
        metadata.retain(|entry| !entry.value.is_null());
    }
    match definition {
        Some(definition) => complete_custom(root, definition),
        None => defaults::decode(kind.group(), &kind.kind, root),
    }
}

/// The reasons for which the server cannot read an object.
pub(super) fn form_faults(version: Version, root: &Node) -> Vec<Fault> {
    let errors = form_errors(&as_object(root.clone()), version);
    errors.iter().map(|error| Fault::new(error, Cause::Invalid(error.kind))).collect()
}

fn form_errors(object: &Object, version: Version) -> Vec<FieldError> {
    errors_of(validate_form(object, version))
}

fn errors_of(findings: Vec<Finding>) -> Vec<FieldError> {
    let findings = findings.into_iter();
    findings.filter(|finding| finding.severity() == Severity::Error).map(|finding| finding.error).collect()
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
