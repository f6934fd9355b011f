//! `kubectl apply --server-side`: the server merges; what client-side apply left behind is taken over.

use super::manifests::Resource;
use super::{Run, Verb};
use crate::server::{Server, map_at};
use plimsoll_kube::managed::{self, LAST_APPLIED_ANNOTATION, LAST_APPLIED_MANAGER};
use plimsoll_yaml::{Map, Node};

/// The field manager of `kubectl apply --server-side`.
pub(super) const MANAGER: &str = "kubectl";

/// Applies one object.
pub(super) fn apply(server: &mut Server, resource: &Resource, manager: &str, force: bool, run: &mut Run) {
    if send(server, resource, &resource.root, manager, force, run).is_err() {
        return;
    }
    save_last_applied(server, resource, run);
    if migrate(server, resource, manager, run) {
        let _ = send(server, resource, &resource.root, manager, force, run);
    }
}

fn send(
    server: &mut Server,
    resource: &Resource,
    config: &Node,
    manager: &str,
    force: bool,
    run: &mut Run,
) -> Result<(), ()> {
    let answer = server.apply(config, manager, force);
    let result = answer.as_ref().map(|_| ()).map_err(|_| ());
    run.push(Verb::Patch, resource, None, answer);
    result
}

/// `saveLastApplyAnnotationIfNecessary`: the annotation of client-side apply gets an owner of its own, so that it stays.
fn save_last_applied(server: &mut Server, resource: &Resource, run: &mut Run) {
    let Some(object) = server.object(&resource.key) else { return };
    let annotation = map_at(object, &["metadata", "annotations"])
        .and_then(|map| map.get(LAST_APPLIED_ANNOTATION))
        .cloned();
    let Some(owners) = server.managed(&resource.key) else { return };
    if !managed::needs_last_applied_owner(owners, annotation.is_some()) {
        return;
    }
    let Some(annotation) = annotation else { return };
    let map = |entries: Vec<(&str, Node)>| {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, plimsoll_diag::Span::NONE, value);
        }
        Node::bare(map)
    };
    let mut metadata = vec![
        ("name", Node::bare(resource.key.name.as_str())),
        ("annotations", map(vec![(LAST_APPLIED_ANNOTATION, annotation)])),
    ];
    if !resource.key.namespace.is_empty() {
        metadata.push(("namespace", Node::bare(resource.key.namespace.as_str())));
    }
    let config = map(vec![
        ("apiVersion", Node::bare(resource.api_version.as_str())),
        ("kind", Node::bare(resource.key.kind.as_str())),
        ("metadata", map(metadata)),
    ]);
    let _ = send(server, resource, &config, LAST_APPLIED_MANAGER, false, run);
}

/// `migrateToSSAIfNecessary`: what client-side apply owns is owned by server-side apply from now on. Says whether there was
/// anything.
fn migrate(server: &mut Server, resource: &Resource, manager: &str, run: &mut Run) -> bool {
    let upgraded =
        server.managed(&resource.key).and_then(|owners| managed::upgrade_client_side_apply(owners, manager));
    let Some(upgraded) = upgraded else { return false };
    let answer = server.replace_managed(&resource.key, upgraded);
    let done = answer.is_ok();
    run.push(Verb::Patch, resource, None, answer);
    done
}
