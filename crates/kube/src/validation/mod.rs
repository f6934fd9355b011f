//! The API server's validation, kind by kind.
//!
//! Each function names the one of Kubernetes' it follows (`pkg/apis/<group>/validation`, or apimachinery).
//! The server decodes, applies defaults, converts to the internal type and validates that: functions here
//! read the manifest and take the default where a field is absent.

mod admission_policy;
mod autoscaling;
mod claim;
mod config;
mod custom;
mod decode;
mod definition;
mod device;
mod endpoints;
mod error;
mod expression;
mod field;
mod flow_control;
mod metadata;
mod networking;
mod node_labels;
mod persistent_volume;
mod pod;
mod policy;
mod quota;
mod rbac;
mod registry;
mod resources;
mod rest;
pub(crate) mod rules;
mod service;
mod storage;
#[cfg(test)]
mod testing;
mod volume_source;
mod webhook;
mod workload;

pub(crate) use custom::matches_format;
pub use custom::{complete_custom, defines, unknown_custom_fields, validate_custom, validate_custom_update};
pub use decode::is_rfc3339;
pub use error::{ErrorKind, FieldError, Finding};
use field::Texts;
pub use field::{At, Context, Operation};
pub use registry::{KINDS, KindRules, NameRule};
pub use rules::RULES;

use super::schema::{self, Kind, Schemas};
use super::{Version, kinds};
use crate::manifest::Object;
use plimsoll_diag::Diagnostic;
use plimsoll_yaml::Node;
use std::collections::BTreeMap;

/// Reports what kube-apiserver of `version` answers to a POST of `object` with strict field validation.
///
/// Errors are what it would refuse (or drop unread, as unknown fields); warnings what it would accept and
/// warn about. Each has the object, the path and the span. An object of a kind that Kubernetes itself does
/// not have gets one remark and is otherwise passed over.
pub fn validate(object: &Object, version: Version, sink: &mut Vec<Diagnostic>) {
    report(object, validate_for(Operation::Create, object, version), sink);
}

/// What is found in `object`, as lint reports it.
fn report(object: &Object, findings: Vec<Finding>, sink: &mut Vec<Diagnostic>) {
    sink.extend(findings.into_iter().map(|finding| finding.into_diagnostic(object.reference())));
}

/// As [`validate`], typed, and for a request of that kind; for an update `object` is what would be stored.
pub fn validate_for(operation: Operation, object: &Object, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(object, version);
    cx.operation = operation;
    check(object, &mut cx);
    cx.into_findings()
}

fn check(object: &Object, cx: &mut Context<'_>) {
    let root = At::root(&object.root);
    // As the server, which has nothing to validate where it cannot decode.
    let Some(kind) = decode_object(object, &root, cx) else {
        if !crate::defaults::is_builtin(object.group()) {
            custom::validate_metadata(object, cx);
        }
        return;
    };
    let enabled = cx.has_disabled_fields.then(|| without_disabled_fields(object, kind, cx.version));
    let root = enabled.as_ref().map_or(root, At::root);
    let rules = registry::rules_of(object.group(), &object.kind);
    let name = rules.map_or(NameRule::PathSegment, |rules| rules.name);
    metadata::object_meta(&root, kind.namespaced, name.check(cx.version), cx);
    // These validate their metadata as custom resources do.
    let generic = matches!(
        object.group(),
        "admissionregistration.k8s.io" | "apiextensions.k8s.io" | "apiregistration.k8s.io" | "policy"
    );
    if !generic {
        metadata::kube_finalizers(&root, cx);
    }
    if let Some(rules) = rules {
        (rules.check)(&root, cx);
    }
}

/// The object as the server validates it: fields whose feature gates are off are dropped before.
fn without_disabled_fields(object: &Object, kind: &Kind, version: Version) -> Node {
    let mut root = Node::clone(&object.root);
    schema::drop_disabled(Some(kind), version, &mut root);
    root
}

/// Says only what keeps the server from reading `object` at all: an API that it does not have, unknown fields,
/// values of a wrong type. For an update this is what the new manifest itself can be at fault for; everything
/// else is asked of the merged object.
pub fn validate_form(object: &Object, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(object, version);
    decode_object(object, &At::root(&object.root), &mut cx);
    cx.into_findings()
}

/// Says what is wrong with the addresses of a Service and what goes with them. The server looks at these fields first, and
/// says nothing else if there is an error.
pub fn validate_addresses(service: &Object, version: Version) -> Vec<Finding> {
    let mut cx = Context::new(service, version);
    service::addresses(&At::root(&service.root), &mut cx);
    cx.into_findings()
}

/// Says why the server refuses `name` as the name of an object of that kind; nothing if it takes it.
pub fn name_errors(group: &str, kind: &str, version: Version, name: &str) -> Vec<String> {
    let rule = registry::rules_of(group, kind).map_or(NameRule::PathSegment, |rules| rules.name);
    rule.check(version)(name, false)
}

/// Decodes an object and returns its kind; `None` if that fails.
fn decode_object(object: &Object, root: &At<'_, '_>, cx: &mut Context<'_>) -> Option<&'static Kind> {
    kinds::check_api(root, cx);
    let kind = schema::kind(&object.api_version, &object.kind)?;
    if !kind.exists_in(cx.version) {
        return None;
    }
    decode::object(root, Schemas::get().type_named(kind.type_name)?, cx);
    (cx.errors() == 0).then_some(kind)
}

/// Validates every object of a release: custom resources by the definitions in `crds` and among `objects`, everything
/// else as [`validate`] does, and beyond what cannot be decoded.
pub fn validate_all(objects: &[&Object], crds: &[&Object], version: Version, sink: &mut Vec<Diagnostic>) {
    let mut definitions: BTreeMap<(&str, &str), &Object> = BTreeMap::new();
    for crd in objects.iter().chain(crds) {
        if let Some(defined) = custom::defined(&crd.root) {
            definitions.entry(defined).or_insert(crd);
        }
    }
    for object in objects {
        if let Err(exceeded) = plimsoll_limits::check() {
            sink.push(exceeded.into());
            return;
        }
        match definitions.get(&(object.group(), &object.kind)) {
            Some(crd) => report(object, validate_custom(object, &crd.root, version), sink),
            None => report(object, rest::validate_fully(object, version), sink),
        }
    }
}
