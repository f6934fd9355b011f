//! `kubectl apply --prune`: what was applied before and is not among the manifests is deleted.
//!
//! Follows `k8s.io/kubectl/pkg/cmd/apply/prune.go`, without `--prune-allowlist`.

use super::{Kubectl, Request, Run, Verb, apply, manifests};
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
    for resource in manifests::read(sources, text, &kubectl.namespace, server.version()) {
        match resource {
            // An object without the label is passed over as if it were not there.
            Ok(resource) if has_label(&resource.root, label) => {
                apply::apply(server, &resource, &mut run);
                visited.insert(resource.key);
            }
            Ok(_) => {}
            Err(error) => run.errors.push(error),
        }
    }
    if visited.is_empty() && run.errors.is_empty() {
        run.errors.push("error: no objects passed to apply".to_owned());
    }
    if !run.is_success() {
        return run;
    }
    for key in candidates(server, &visited, label) {
        let answer = server.delete(&key);
        run.requests.push(Request { verb: Verb::Delete, key, patch: None, answer });
    }
    run
}

fn candidates(server: &Server, visited: &BTreeSet<ObjectKey>, label: (&str, &str)) -> Vec<ObjectKey> {
    let namespaces: BTreeSet<&str> = visited.iter().map(|key| key.namespace.as_str()).collect();
    let mut keys = Vec::new();
    for (group, kind) in PRUNED {
        let found = server.objects().filter(|(key, object)| {
            (key.group.as_str(), key.kind.as_str()) == (*group, *kind)
                && namespaces.contains(key.namespace.as_str())
                && has_label(object, label)
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
