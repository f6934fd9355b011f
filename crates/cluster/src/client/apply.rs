//! `kubectl apply`: the patch between the last manifest, the new one and the stored object.
//!
//! Follows `applyOneObject` and `Patcher` of `k8s.io/kubectl/pkg/cmd/apply`.

use super::manifests::Resource;
use super::{ClientError, Run, Verb, writer};
use crate::server::{Cause, Fault, Patch, Server, map_at};
use plimsoll_diag::Span;
use plimsoll_kube::defaults::{drop_nulls, ensure_map};
use plimsoll_kube::managed::{LAST_APPLIED_ANNOTATION, last_applied_text};
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{as_json, json_merge, strategic};
use plimsoll_kube::{Version, defaults, patch};
use plimsoll_yaml::{Map, Node, Value};

/// The field manager of client-side apply.
const MANAGER: &str = "kubectl-client-side-apply";

/// How often a patch is sent again because the object has changed in the meantime (`maxPatchRetry`).
const RETRIES: usize = 5;

/// Applies one object.
pub(super) fn apply(server: &mut Server, resource: &Resource, run: &mut Run) {
    let modified = with_last_applied(&resource.root);
    let Some(current) = server.get(&resource.api_version, &resource.key) else {
        if resource.key.name.is_empty() {
            let prefix = crate::server::text_at(&resource.root, &["metadata", "generateName"]);
            let message = format!("from {prefix}: cannot use generate name with apply");
            run.errors.push(ClientError::of(&resource.key, message, Vec::new()));
            return;
        }
        let mut body = modified;
        drop_nulls(&mut body);
        let answer = server.create(&body, writer(MANAGER));
        run.push(Verb::Create, resource, None, answer);
        return;
    };
    let patch = match create_patch(resource, server.version(), &modified, &current) {
        Ok(patch) => patch,
        Err(error) => {
            let message = format!("error when patching \"<stdin>\": creating patch with: {error}");
            let fault = Fault::whole(&error.message, Cause::List);
            run.errors.push(ClientError::of(&resource.key, message, vec![fault]));
            return;
        }
    };
    if patch.is_empty() {
        return;
    }
    // Nobody else writes in between: what the server says once it says again.
    for _ in 0..=RETRIES {
        let body = if is_strategic(resource) { Patch::Strategic(&patch) } else { Patch::Merge(&patch) };
        let answer = server.patch(&resource.api_version, &resource.key, body, None, writer(MANAGER));
        let is_conflict = matches!(&answer, Err(status) if status.code == 409);
        run.push(Verb::Patch, resource, Some(patch.clone()), answer);
        if !is_conflict {
            break;
        }
    }
}

/// Kinds that are part of the client are patched strategically. Those of the extension servers are not.
pub(super) fn is_strategic(resource: &Resource) -> bool {
    let group = resource.key.group.as_str();
    defaults::is_builtin(group) && !matches!(group, "apiextensions.k8s.io" | "apiregistration.k8s.io")
}

fn create_patch(
    resource: &Resource,
    version: Version,
    modified: &Node,
    current: &Node,
) -> patch::Result<Map> {
    let nothing = Map::new();
    let original = last_applied(current);
    let original = original.as_ref().and_then(Node::as_map).unwrap_or(&nothing);
    let modified = modified.as_map().unwrap_or(&nothing);
    let current = current.as_map().unwrap_or(&nothing);
    if is_strategic(resource) {
        let root = Position::root(&resource.api_version, &resource.key.kind, version);
        strategic::create_three_way(root, original, modified, current)
    } else {
        json_merge::create_three_way(original, modified, current)
    }
}

/// The manifest with itself as an annotation.
pub(super) fn with_last_applied(manifest: &Node) -> Node {
    let mut root = manifest.clone();
    let Some(map) = root.as_map_mut() else { return root };
    let annotations = ensure_map(ensure_map(map, "metadata"), "annotations");
    for entry in annotations.iter_mut().filter(|entry| entry.value.is_null()) {
        entry.value.value = Value::String(String::new());
    }
    let text = last_applied_text(manifest);
    annotations.insert(LAST_APPLIED_ANNOTATION, Span::NONE, Node::bare(text));
    root
}

/// The manifest that `kubectl apply` last made a stored object from, if it left a note.
pub fn last_applied(current: &Node) -> Option<Node> {
    let text = map_at(current, &["metadata", "annotations"])?.get(LAST_APPLIED_ANNOTATION)?.as_str()?;
    let mut root = plimsoll_yaml::json::whole(text, Span::NONE.source).ok()?.node;
    as_json(&mut root);
    // Its spans point into a text that nobody else has.
    forget_spans(&mut root);
    Some(root)
}

fn forget_spans(node: &mut Node) {
    node.span = Span::NONE;
    match &mut node.value {
        Value::Map(map) => {
            for entry in map.iter_mut() {
                entry.key_span = Span::NONE;
                forget_spans(&mut entry.value);
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(forget_spans),
        _ => {}
    }
}
