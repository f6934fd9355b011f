//! `kubectl apply --prune`: what was applied before and is not among the manifests is deleted.
//!
//! Follows `k8s.io/kubectl/pkg/cmd/apply/prune.go`, without `--prune-allowlist`.

use super::{ClientError, Kubectl, Request, Run, Verb, apply, manifests};
use crate::server::{ObjectKey, Server, map_at};
use plimsoll_diag::Sources;
use plimsoll_kube::managed::LAST_APPLIED_ANNOTATION;
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

/// The kinds that are pruned, in this order (`GetRESTMappings`). Others stay, whoever applied them.
const PRUNED: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Endpoints"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("", "Secret"),
    ("", "Service"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("networking.k8s.io", "Ingress"),
    ("apps", "DaemonSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("", "Namespace"),
    ("", "PersistentVolume"),
];

pub(super) fn apply_and_prune(
    kubectl: &Kubectl,
    server: &mut Server,
    sources: &Sources,
    text: &str,
    label: (&str, &str),
) -> Run {
    let mut run = Run::default();
    let mut visited = BTreeSet::new();
    for resource in manifests::read(sources, text, &kubectl.namespace, server) {
        match resource {
            // An object without the label is passed over as if it were not there.
            Ok(resource) if has_label(&resource.root, label) => {
                visited.insert(resource.key.clone());
                apply::apply(server, resource, &mut run);
            }
            Ok(_) => {}
            Err(error) => run.errors.push(error),
        }
    }
    if visited.is_empty() && run.errors.is_empty() {
        run.errors.push(ClientError::of_run("error: no objects passed to apply"));
    }
    if !run.is_success() {
        return run;
    }
    let candidates = candidates(server, &visited, Some(label));
    delete(server, candidates, &mut run);
    run
}

/// Deletes what was applied before and is not among the objects of a run, if that was successful.
pub(super) fn delete_unvisited(server: &mut Server, run: &mut Run) {
    if run.is_success() {
        let visited = run.visited.iter().cloned().collect();
        let candidates = candidates(server, &visited, None);
        delete(server, candidates, run);
    }
}

/// Deletes every other object if a run was successful, whatever its kind, as members of an ApplySet that are no longer
/// applied (`k8s.io/kubectl/pkg/cmd/apply/applyset_pruner.go`).
pub(super) fn delete_other_members(server: &mut Server, run: &mut Run) {
    if run.is_success() {
        let visited: BTreeSet<ObjectKey> = run.visited.iter().cloned().collect();
        let others = server.objects().map(|(key, _)| key).filter(|key| !visited.contains(*key)).cloned();
        delete(server, others.collect(), run);
    }
}

fn delete(server: &mut Server, keys: Vec<ObjectKey>, run: &mut Run) {
    for key in keys {
        let answer = server.delete(&key);
        run.requests.push(Request { verb: Verb::Delete, key, patch: None, answer });
    }
}

/// What is pruned, in the order in which it is; all that has no label is asked of, if there is none.
fn candidates(server: &Server, visited: &BTreeSet<ObjectKey>, label: Option<(&str, &str)>) -> Vec<ObjectKey> {
    let namespaces: BTreeSet<&str> = visited.iter().map(|key| key.namespace.as_str()).collect();
    let mut keys = Vec::new();
    for (group, kind) in PRUNED {
        let found = server.objects().filter(|(key, object)| {
            (key.group.as_str(), key.kind.as_str()) == (*group, *kind)
                && (key.namespace.is_empty() || namespaces.contains(key.namespace.as_str()))
                && label.is_none_or(|label| has_label(object, label))
                && map_at(object, &["metadata", "annotations"])
                    .is_some_and(|map| map.contains_key(LAST_APPLIED_ANNOTATION))
                && !visited.contains(*key)
        });
        keys.extend(found.map(|(key, _)| key.clone()));
    }
    keys
}

fn has_label(root: &Node, (key, value): (&str, &str)) -> bool {
    let labels = map_at(root, &["metadata", "labels"]);
    labels.and_then(|labels| labels.get(key)).and_then(Node::as_str) == Some(value)
}
