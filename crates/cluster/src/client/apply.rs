//! `kubectl apply`: the patch between the last manifest, the new one and the stored object.
//!
//! Follows `applyOneObject` and `Patcher` of `k8s.io/kubectl/pkg/cmd/apply`.

use super::manifests::Resource;
use super::{ClientError, Request, Run, Verb, writer};
use crate::server::{Cause, Fault, ObjectKey, Patch, Server, map_at};
use plimsoll_diag::Span;
use plimsoll_kube::defaults::drop_nulls;
use plimsoll_kube::managed::{LAST_APPLIED_ANNOTATION, with_last_applied};
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{as_json, json_merge, strategic};
use plimsoll_kube::{defaults, patch};
use plimsoll_yaml::{Map, Node, Value};

/// The field manager of client-side apply.
const MANAGER: &str = "kubectl-client-side-apply";

/// How often a patch is sent again because the object has changed in the meantime (`maxPatchRetry`).
const RETRIES: usize = 5;

/// Applies one object.
pub(super) fn apply(server: &mut Server, resource: Resource, run: &mut Run) {
    let Resource { key, api_version, root } = resource;
    // The patch between large objects takes more than its answer.
    let _activity = crate::server::applying(&key.kind, &key.name);
    let modified = with_last_applied(root);
    let Some(current) = server.get(&api_version, &key) else {
        if key.name.is_empty() {
            let prefix = crate::server::text_at(&modified, &["metadata", "generateName"]);
            let message = format!("from {prefix}: cannot use generate name with apply");
            run.errors.push(ClientError::of(&key, message, Vec::new()));
            return;
        }
        let mut body = modified;
        drop_nulls(&mut body);
        let answer = server.create(body, writer(MANAGER));
        run.requests.push(Request { verb: Verb::Create, key, patch: None, answer });
        return;
    };
    let is_strategic = is_strategic(&key);
    let root = is_strategic.then(|| Position::root(&api_version, &key.kind, server.version()));
    let patch = match create_patch(root, &modified, &current) {
        Ok(patch) => patch,
        Err(error) => {
            let message = format!("error when patching \"<stdin>\": creating patch with: {error}");
            let fault = Fault::whole(&error.message, Cause::List);
            run.errors.push(ClientError::of(&key, message, vec![fault]));
            return;
        }
    };
    if patch.is_empty() {
        return;
    }
    let mut send = || {
        let body = if is_strategic { Patch::Strategic(&patch) } else { Patch::Merge(&patch) };
        server.patch(&api_version, &key, body, None, writer(MANAGER))
    };
    let mut answer = send();
    // Nobody else writes in between: what the server says once it says again.
    for _ in 0..RETRIES {
        if !matches!(&answer, Err(status) if status.code == 409) {
            break;
        }
        let patch = Some(patch.clone());
        run.requests.push(Request { verb: Verb::Patch, key: key.clone(), patch, answer });
        answer = send();
    }
    run.requests.push(Request { verb: Verb::Patch, key, patch: Some(patch), answer });
}

/// Kinds that are part of the client are patched strategically. Those of the extension servers are not.
pub(super) fn is_strategic(key: &ObjectKey) -> bool {
    let group = key.group.as_str();
    defaults::is_builtin(group) && !matches!(group, "apiextensions.k8s.io" | "apiregistration.k8s.io")
}

/// The patch that makes `current` what `modified` says; strategic if `root`, the type of the object, is given.
fn create_patch(root: Option<Position>, modified: &Node, current: &Node) -> patch::Result<Map> {
    let nothing = Map::new();
    let original = last_applied(current);
    let original = original.as_ref().and_then(Node::as_map).unwrap_or(&nothing);
    let modified = modified.as_map().unwrap_or(&nothing);
    let current = current.as_map().unwrap_or(&nothing);
    match root {
        Some(root) => strategic::create_three_way(root, original, modified, current),
        None => json_merge::create_three_way(original, modified, current),
    }
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
