//! Objects as the API server writes them: with the fields that are never absent.
//!
//! Go leaves a field out if it is empty and its tag says `omitempty`, but never a struct that is no pointer.

use super::defaults::{each, ensure_map};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// Adds what the encoder writes although it is empty: structs and lists that no `omitempty` leaves out.
pub fn encode(group: &str, kind: &str, root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    match (group, kind) {
        ("apps", "StatefulSet") => {
            let spec = ensure_map(map, "spec");
            template(spec);
            each(spec, "volumeClaimTemplates", claim_template);
        }
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => {
            template(ensure_map(map, "spec"));
        }
        ("batch", "CronJob") => {
            let job = ensure_map(ensure_map(map, "spec"), "jobTemplate");
            ensure_map(job, "metadata");
            template(ensure_map(job, "spec"));
        }
        ("", "Pod") => pod_spec(ensure_map(map, "spec")),
        ("", "PodTemplate") => template(map),
        ("", "PersistentVolumeClaim") => {
            ensure_map(ensure_map(map, "spec"), "resources");
        }
        ("networking.k8s.io", "NetworkPolicy") => {
            ensure_map(ensure_map(map, "spec"), "podSelector");
        }
        ("", "LimitRange") => null_if_absent(ensure_map(map, "spec"), "limits"),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => null_if_absent(map, "rules"),
        ("policy", "PodDisruptionBudget")
        | ("", "ResourceQuota" | "Service")
        | ("networking.k8s.io", "Ingress") => {
            ensure_map(map, "spec");
        }
        _ => {}
    }
}

fn null_if_absent(map: &mut Map, key: &str) {
    if !map.contains_key(key) {
        map.insert(key, Span::NONE, Node::bare(Value::Null));
    }
}

fn template(holder: &mut Map) {
    let template = ensure_map(holder, "template");
    ensure_map(template, "metadata");
    pod_spec(ensure_map(template, "spec"));
}

fn pod_spec(spec: &mut Map) {
    for list in ["initContainers", "containers"] {
        each(spec, list, |container| {
            ensure_map(container, "resources");
        });
    }
    each(spec, "volumes", |volume| {
        if let Some(projected) = volume.get_mut("projected").and_then(Node::as_map_mut) {
            null_if_absent(projected, "sources");
        }
        let claim = volume
            .get_mut("ephemeral")
            .and_then(Node::as_map_mut)
            .and_then(|ephemeral| ephemeral.get_mut("volumeClaimTemplate"))
            .and_then(Node::as_map_mut);
        if let Some(claim) = claim {
            ensure_map(claim, "metadata");
            ensure_map(ensure_map(claim, "spec"), "resources");
        }
    });
}

/// A claim template is stored as a claim with a head and a status.
fn claim_template(claim: &mut Map) {
    for (key, value) in [("kind", "PersistentVolumeClaim"), ("apiVersion", "v1")] {
        claim.insert(key, Span::NONE, Node::bare(value));
    }
    ensure_map(claim, "metadata");
    ensure_map(ensure_map(claim, "spec"), "resources");
    ensure_map(claim, "status").insert("phase", Span::NONE, Node::bare("Pending"));
}
