//! `kubectl apply`: the patch between the last manifest, the new one and the stored object.
//!
//! Follows `applyOneObject` and `Patcher` of `k8s.io/kubectl/pkg/cmd/apply`.

use super::manifests::Resource;
use super::{Run, Verb, writer};
use crate::server::{Patch, Server, map_at};
use plimsoll_diag::{SourceKind, Sources, Span};
use plimsoll_kube::defaults::{drop_nulls, ensure_map};
use plimsoll_kube::managed::{LAST_APPLIED_ANNOTATION, last_applied_text};
use plimsoll_kube::merge::Position;
use plimsoll_kube::patch::{as_json, json_merge, strategic};
use plimsoll_kube::{Version, defaults, patch};
use plimsoll_yaml::{Map, Node, ReadOptions, Value};

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
            run.errors.push(format!("from {prefix}: cannot use generate name with apply"));
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
            run.errors.push(format!("error when patching \"<stdin>\": creating patch with: {error}"));
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

fn is_strategic(resource: &Resource) -> bool {
    defaults::is_builtin(&resource.key.group)
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
fn with_last_applied(manifest: &Node) -> Node {
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

/// The manifest that was applied last.
fn last_applied(current: &Node) -> Option<Node> {
    let text = map_at(current, &["metadata", "annotations"])?.get(LAST_APPLIED_ANNOTATION)?.as_str()?;
    let sources = Sources::new();
    let source = sources.add(LAST_APPLIED_ANNOTATION, text, SourceKind::Stdin);
    let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
    let mut root = report.output?.into_iter().next()?.root;
    as_json(&mut root);
    Some(root)
}
