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
            set_if_absent(spec, "serviceName", "");
            change_nested(spec, "ordinals", |ordinals| set_if_absent(ordinals, "start", 0));
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
        ("", "LimitRange") => set_if_absent(ensure_map(map, "spec"), "limits", Value::Null),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => set_if_absent(map, "rules", Value::Null),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let spec = ensure_map(map, "spec");
            set_if_absent(spec, "maxReplicas", 0);
            let target = ensure_map(spec, "scaleTargetRef");
            set_if_absent(target, "kind", "");
            set_if_absent(target, "name", "");
        }
        ("scheduling.k8s.io", "PriorityClass") => set_if_absent(map, "value", 0),
        ("discovery.k8s.io", "EndpointSlice") => {
            for list in ["endpoints", "ports"] {
                set_if_absent(map, list, Value::Null);
            }
            each(map, "endpoints", |endpoint| {
                ensure_map(endpoint, "conditions");
            });
        }
        ("policy", "PodDisruptionBudget")
        | ("", "ResourceQuota" | "Service")
        | ("networking.k8s.io", "Ingress") => {
            ensure_map(map, "spec");
        }
        _ => {}
    }
}

fn set_if_absent(map: &mut Map, key: &str, value: impl Into<Value>) {
    if !map.contains_key(key) {
        map.insert(key, Span::NONE, Node::bare(value));
    }
}

fn template(holder: &mut Map) {
    let template = ensure_map(holder, "template");
    ensure_map(template, "metadata");
    pod_spec(ensure_map(template, "spec"));
}

fn pod_spec(spec: &mut Map) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, |container| {
            ensure_map(container, "resources");
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                change_nested(container, probe, handler);
            }
            change_nested(container, "lifecycle", |lifecycle| {
                for hook in ["postStart", "preStop"] {
                    change_nested(lifecycle, hook, handler);
                }
            });
        });
    }
    change_nested(spec, "affinity", |affinity| {
        change_nested(affinity, "nodeAffinity", |rules| {
            each(rules, "preferredDuringSchedulingIgnoredDuringExecution", |term| {
                ensure_map(term, "preference");
            });
        });
    });
    change_nested(spec, "securityContext", |context| {
        each(context, "sysctls", |sysctl| set_if_absent(sysctl, "value", ""));
    });
    each(spec, "volumes", |volume| {
        change_nested(volume, "projected", |projected| set_if_absent(projected, "sources", Value::Null));
        change_nested(volume, "iscsi", |target| set_if_absent(target, "lun", 0));
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

/// What a probe or a hook does.
fn handler(handler: &mut Map) {
    change_nested(handler, "httpGet", |get| {
        each(get, "httpHeaders", |header| set_if_absent(header, "value", ""));
    });
    change_nested(handler, "sleep", |sleep| set_if_absent(sleep, "seconds", 0));
}

/// The mapping below `key`, if there is one.
fn change_nested(map: &mut Map, key: &str, change: impl FnOnce(&mut Map)) {
    if let Some(inner) = map.get_mut(key).and_then(Node::as_map_mut) {
        change(inner);
    }
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
