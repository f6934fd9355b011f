//! Objects as the API server stores them: zero values dropped, quantities canonical, defaults filled in.
//!
//! [`store`] turns a manifest into what a read from the server would show, as far as that follows from
//! the manifest. Two manifests that spell the same object differently give the same stored object.
//! The rules are those of `pkg/apis/*/v1/defaults.go`; each function names its model.

mod constants;
mod normal;
mod objects;
mod pods;
mod workloads;

pub use normal::is_quantity;
pub use objects::mirror_data_source;
pub use pods::image_tag;
pub use workloads::apply_gates;

use constants::constants;
use normal::normalise;
use objects::{
    autoscaler, binding, csi_driver, definition, drop_legacy_source, limit_range_item, metrics_of_v1,
    namespace, network_policy, service, webhook_defaults,
};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};
use pods::{pod, template, volume_source};
use workloads::{cron_job, daemon_set, deployment, job, stateful_set};

/// The stored form of the object `root`, in place.
///
/// Objects of unknown groups (custom resources) only lose their nulls, server-set metadata and status:
/// what their defaults are is not known.
pub fn store(group: &str, kind: &str, root: &mut Node) {
    let metrics_in_v1 = (group, kind) == ("autoscaling", "HorizontalPodAutoscaler")
        && root.get("apiVersion").and_then(Node::as_str) == Some("autoscaling/v1");
    strip_server_fields(group, root);
    decode(group, kind, root);
    if let (true, true, Some(map)) = (metrics_in_v1, is_builtin(group), root.as_map_mut()) {
        metrics_of_v1(map);
    }
}

/// What the server reads the object `root` as, in place: zero values dropped, quantities canonical, `stringData` folded
/// into `data`, defaults filled in. Unlike [`store`] this leaves the head, the metadata and the status as they are.
pub fn decode(group: &str, kind: &str, root: &mut Node) {
    if !is_builtin(group) {
        drop_nulls(root);
        return;
    }
    if kind == "Secret" {
        fold_string_data(root);
    }
    if group != "apiextensions.k8s.io" {
        normalise(root, "");
    }
    fill(group, kind, root);
}

/// Whether a group's kinds are part of Kubernetes itself.
pub fn is_builtin(group: &str) -> bool {
    matches!(group, "" | "apps" | "batch" | "policy" | "autoscaling" | "extensions") || {
        group.strip_suffix(".k8s.io").is_some_and(|prefix| {
            matches!(
                prefix,
                "networking"
                    | "rbac.authorization"
                    | "storage"
                    | "scheduling"
                    | "admissionregistration"
                    | "coordination"
                    | "discovery"
                    | "node"
                    | "events"
                    | "apiextensions"
                    | "apiregistration"
                    | "certificates"
                    | "flowcontrol.apiserver"
                    | "resource"
            )
        })
    }
}

/// Drops what the server alone decides: it ignores these in a manifest, or a manifest has no say in them.
pub fn strip_server_fields(group: &str, root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    if !matches!(group, "apiextensions.k8s.io") || map.contains_key("spec") {
        map.remove("status");
    }
    map.remove("apiVersion");
    map.remove("kind");
    if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
        metadata.retain(|entry| {
            !matches!(
                entry.key.as_str(),
                "creationTimestamp"
                    | "deletionTimestamp"
                    | "deletionGracePeriodSeconds"
                    | "generation"
                    | "resourceVersion"
                    | "selfLink"
                    | "uid"
                    | "managedFields"
                    | "namespace"
            )
        });
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
            annotations.retain(|entry| {
                !matches!(
                    entry.key.as_str(),
                    "kubectl.kubernetes.io/last-applied-configuration"
                        | "deployment.kubernetes.io/revision"
                        | "deprecated.daemonset.template.generation"
                )
            });
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
}

/// Drops the fields that are null, at any depth.
pub fn drop_nulls(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|entry| !entry.value.is_null());
            map.iter_mut().for_each(|entry| drop_nulls(&mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// `stringData` is written into `data` and never stored (`Convert_v1_Secret_To_core_Secret`).
fn fold_string_data(root: &mut Node) {
    use base64::Engine as _;
    let Some(map) = root.as_map_mut() else { return };
    let Some(plain) = map.remove("stringData") else { return };
    let Value::Map(plain) = plain.value.value else { return };
    let data = ensure_map(map, "data");
    for entry in plain {
        if let Some(text) = entry.value.as_str() {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            data.insert(entry.key, entry.key_span, Node::new(Value::String(encoded), entry.value.span));
        }
    }
}

/// The defaults of each kind.
fn fill(group: &str, kind: &str, root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    match (group, kind) {
        ("apps" | "extensions", "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet") => {
            let spec = ensure_map(map, "spec");
            match kind {
                "StatefulSet" => stateful_set(spec),
                "Deployment" => deployment(spec),
                "DaemonSet" => daemon_set(spec),
                _ => constants(spec, "apps.v1.ReplicaSetSpec"),
            }
            template(spec);
        }
        ("batch", "Job") => job(map),
        ("batch", "CronJob") => cron_job(ensure_map(map, "spec")),
        ("", "Pod") => pod(ensure_map(map, "spec")),
        ("", "PodTemplate") => template(map),
        ("", "ReplicationController") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.ReplicationControllerSpec");
            template(spec);
        }
        ("", "Service") => service(ensure_map(map, "spec")),
        ("", "PersistentVolumeClaim") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.PersistentVolumeClaimSpec");
            drop_legacy_source(spec);
            mirror_data_source(spec);
        }
        ("", "PersistentVolume") => {
            let spec = ensure_map(map, "spec");
            constants(spec, "core.v1.PersistentVolumeSpec");
            volume_source(spec);
        }
        ("", "Secret") => constants(map, "core.v1.Secret"),
        ("", "Namespace") => namespace(map),
        ("", "LimitRange") => {
            each(ensure_map(map, "spec"), "limits", limit_range_item);
        }
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(ensure_map(map, "spec")),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(ensure_map(map, "spec")),
        ("networking.k8s.io", "IngressClass") => {
            if let Some(parameters) = ensure_map(map, "spec").get_mut("parameters").and_then(Node::as_map_mut)
            {
                constants(parameters, "networking.v1.IngressClassParametersReference");
            }
        }
        ("storage.k8s.io", "StorageClass") => constants(map, "storage.v1.StorageClass"),
        ("storage.k8s.io", "CSIDriver") => csi_driver(ensure_map(map, "spec")),
        ("scheduling.k8s.io", "PriorityClass") => constants(map, "scheduling.v1.PriorityClass"),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => binding(map),
        // An empty name is dropped as any empty string.
        ("discovery.k8s.io", "EndpointSlice") => {
            each(map, "ports", |port| constants(port, "discovery.v1.EndpointPort"));
        }
        ("apiregistration.k8s.io", "APIService") => {
            if let Some(service) = ensure_map(map, "spec").get_mut("service").and_then(Node::as_map_mut) {
                constants(service, "apiregistration.v1.ServiceReference");
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(ensure_map(map, "spec")),
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            each(map, "webhooks", |webhook| webhook_defaults(webhook, kind));
        }
        _ => {}
    }
}

/// Sets `key` where it is absent.
fn default(map: &mut Map, key: &str, value: impl Into<Value>) {
    if !map.contains_key(key) {
        map.insert(key, Span::NONE, Node::bare(value));
    }
}

/// The mapping below `key`, made where there is none.
pub fn ensure_map<'a>(map: &'a mut Map, key: &str) -> &'a mut Map {
    if map.get(key).and_then(Node::as_map).is_none() {
        map.insert(key, Span::NONE, Node::bare(Map::new()));
    }
    let Some(inner) = map.get_mut(key).and_then(Node::as_map_mut) else {
        unreachable!("just inserted");
    };
    inner
}

/// The string below `key`; empty where there is none.
pub fn text<'a>(map: &'a Map, key: &str) -> &'a str {
    map.get(key).and_then(Node::as_str).unwrap_or_default()
}

/// Runs `f` on every mapping in the list below `key`.
pub(crate) fn each(map: &mut Map, key: &str, mut f: impl FnMut(&mut Map)) {
    if let Some(Node { value: Value::Seq(items), .. }) = map.get_mut(key) {
        items.iter_mut().filter_map(Node::as_map_mut).for_each(&mut f);
    }
}
