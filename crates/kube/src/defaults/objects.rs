//! The defaults of what runs no pods.

use super::constants::{RBAC_GROUP, constants};
use super::{default, each, ensure_map, text};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node, Value};

/// `SetDefaults_Service`.
pub(super) fn service(spec: &mut Map) {
    if spec.get("selector").and_then(Node::as_map).is_some_and(Map::is_empty) {
        spec.remove("selector");
    }
    constants(spec, "core.v1.ServiceSpec");
    match text(spec, "sessionAffinity") {
        "None" => {
            spec.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let config = ensure_map(spec, "sessionAffinityConfig");
            constants(ensure_map(config, "clientIP"), "core.v1.ClientIPConfig");
        }
        _ => {}
    }
    each(spec, "ports", |port| {
        constants(port, "core.v1.ServicePort");
        if let Some(number) = port.get("port").cloned() {
            default(port, "targetPort", number.value);
        }
    });
    let kind = text(spec, "type").to_owned();
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || (kind == "ClusterIP" && spec.contains_key("externalIPs"));
    if external {
        default(spec, "externalTrafficPolicy", "Cluster");
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        default(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        default(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// `EnforceDataSourceBackwardsCompatibility`: `dataSource` can name a claim or a snapshot; anything else is dropped.
pub(super) fn drop_legacy_source(spec: &mut Map) {
    let Some(source) = spec.get("dataSource").and_then(Node::as_map) else { return };
    let known = [("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io")];
    if !known.contains(&(text(source, "kind"), text(source, "apiGroup")))
        && !spec.contains_key("dataSourceRef")
    {
        spec.remove("dataSource");
    }
}

/// `NormalizeDataSources`: each of the two fields is filled in from the other, unless the source is in another
/// namespace, which only `dataSourceRef` can say.
pub fn mirror_data_source(spec: &mut Map) {
    match (spec.get("dataSource").cloned(), spec.get("dataSourceRef").cloned()) {
        (Some(source), None) => default(spec, "dataSourceRef", source.value),
        (None, Some(source)) if source.get("namespace").is_none() => {
            default(spec, "dataSource", source.value);
        }
        _ => {}
    }
}

/// `SetDefaults_Namespace`.
pub(super) fn namespace(root: &mut Map) {
    let metadata = ensure_map(root, "metadata");
    if let Some(name) = metadata.get("name").cloned() {
        ensure_map(metadata, "labels").insert("kubernetes.io/metadata.name", Span::NONE, name);
    }
}

/// `SetDefaults_LimitRangeItem`.
pub(super) fn limit_range_item(item: &mut Map) {
    if text(item, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        if let Some(Value::Map(source)) = item.get(from).map(|node| node.value.clone()) {
            let target = ensure_map(item, to);
            for entry in source {
                if !target.contains_key(&entry.key) {
                    target.push(entry);
                }
            }
        }
    }
}

/// `SetDefaults_HorizontalPodAutoscaler` of autoscaling/v2.
pub(super) fn autoscaler(spec: &mut Map) {
    constants(spec, "autoscaling.v2.HorizontalPodAutoscalerSpec");
    default(spec, "metrics", vec![cpu_utilization(DEFAULT_UTILIZATION)]);
    if let Some(behavior) = spec.get_mut("behavior").and_then(Node::as_map_mut) {
        let up = ensure_map(behavior, "scaleUp");
        default(up, "stabilizationWindowSeconds", 0);
        constants(up, "autoscaling.v2.HPAScalingRules");
        default(up, "policies", vec![scaling_policy("Pods", 4), scaling_policy("Percent", 100)]);
        let down = ensure_map(behavior, "scaleDown");
        constants(down, "autoscaling.v2.HPAScalingRules");
        default(down, "policies", vec![scaling_policy("Percent", 100)]);
    }
}

/// The share of the requested CPU that an autoscaler without metrics aims at, in percent (`autoscaling.DefaultCPUUtilization`).
pub(super) const DEFAULT_UTILIZATION: i64 = 80;

/// Version 1 has a field for the CPU, and an annotation for the other metrics.
pub(super) fn metrics_of_v1(root: &mut Map) {
    let annotated = root
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"))
        .is_some_and(|annotations| annotations.get("autoscaling.alpha.kubernetes.io/metrics").is_some());
    let spec = ensure_map(root, "spec");
    spec.remove("metrics");
    if !annotated {
        default(spec, "targetCPUUtilizationPercentage", DEFAULT_UTILIZATION);
    }
}

/// The metric of an autoscaler that names none.
pub(super) fn cpu_utilization(percent: i64) -> Node {
    let mut target = Map::new();
    default(&mut target, "type", "Utilization");
    default(&mut target, "averageUtilization", percent);
    let mut resource = Map::new();
    default(&mut resource, "name", "cpu");
    default(&mut resource, "target", target);
    let mut metric = Map::new();
    default(&mut metric, "type", "Resource");
    default(&mut metric, "resource", resource);
    Node::bare(metric)
}

pub(super) fn scaling_policy(kind: &str, value: i64) -> Node {
    let mut policy = Map::new();
    default(&mut policy, "type", kind);
    default(&mut policy, "value", value);
    default(&mut policy, "periodSeconds", 15);
    Node::bare(policy)
}

/// `SetDefaults_NetworkPolicy`, `SetDefaults_NetworkPolicyPort`.
pub(super) fn network_policy(spec: &mut Map) {
    let egress = spec.contains_key("egress");
    let mut types = vec![Node::bare("Ingress")];
    if egress {
        types.push(Node::bare("Egress"));
    }
    default(spec, "policyTypes", types);
    for direction in ["ingress", "egress"] {
        each(spec, direction, |rule| {
            each(rule, "ports", |port| constants(port, "networking.v1.NetworkPolicyPort"));
        });
    }
}

/// `SetDefaults_CSIDriver`.
pub(super) fn csi_driver(spec: &mut Map) {
    constants(spec, "storage.v1.CSIDriverSpec");
    default(spec, "volumeLifecycleModes", vec![Node::bare("Persistent")]);
}

/// `SetDefaults_RoleBinding`, `SetDefaults_Subject`.
pub(super) fn binding(root: &mut Map) {
    if let Some(reference) = root.get_mut("roleRef").and_then(Node::as_map_mut) {
        constants(reference, "rbac.v1.RoleRef");
    }
    each(root, "subjects", |subject| {
        if matches!(text(subject, "kind"), "User" | "Group") {
            default(subject, "apiGroup", RBAC_GROUP);
        }
    });
}

/// `SetDefaults_CustomResourceDefinitionSpec`.
pub(super) fn definition(spec: &mut Map) {
    if let Some(names) = spec.get_mut("names").and_then(Node::as_map_mut) {
        let kind = text(names, "kind").to_owned();
        if !kind.is_empty() {
            default(names, "singular", kind.to_lowercase());
            default(names, "listKind", format!("{kind}List"));
        }
    }
    constants(ensure_map(spec, "conversion"), "apiextensions.v1.CustomResourceConversion");
}

/// `SetDefaults_ValidatingWebhook`, `SetDefaults_MutatingWebhook`.
pub(super) fn webhook_defaults(webhook: &mut Map, kind: &str) {
    let mutating = kind == "MutatingWebhookConfiguration";
    let ty = if mutating { "MutatingWebhook" } else { "ValidatingWebhook" };
    constants(webhook, &format!("admissionregistration.v1.{ty}"));
    default(webhook, "namespaceSelector", Map::new());
    default(webhook, "objectSelector", Map::new());
    each(webhook, "rules", |rule| constants(rule, "admissionregistration.v1.RuleWithOperations"));
    if let Some(service) = webhook
        .get_mut("clientConfig")
        .and_then(Node::as_map_mut)
        .and_then(|config| config.get_mut("service"))
        .and_then(Node::as_map_mut)
    {
        constants(service, "admissionregistration.v1.ServiceReference");
    }
}
