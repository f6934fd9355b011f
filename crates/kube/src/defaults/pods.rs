//! The defaults of pods: their containers, probes and volumes.

use super::constants::constants;
use super::{default, each, ensure_map, text};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node};

/// The pod template below `holder`.
pub(super) fn template(holder: &mut Map) {
    if let Some(template) = holder.get_mut("template").and_then(Node::as_map_mut) {
        pod_spec(ensure_map(template, "spec"));
    }
}

/// `SetDefaults_Pod`, which pod templates do not get.
pub(super) fn pod(spec: &mut Map) {
    default(spec, "enableServiceLinks", true);
    let host_network = spec.get("hostNetwork").and_then(Node::as_bool).unwrap_or_default();
    for list in ["containers", "initContainers"] {
        each(spec, list, |container| {
            if let Some(resources) = container.get_mut("resources").and_then(Node::as_map_mut)
                && let Some(limits) = resources.get("limits").and_then(Node::as_map).cloned()
            {
                let requests = ensure_map(resources, "requests");
                for limit in limits {
                    if !requests.contains_key(&limit.key) {
                        requests.push(limit);
                    }
                }
            }
            if host_network {
                each(container, "ports", |port| {
                    if let Some(number) = port.get("containerPort").cloned() {
                        default(port, "hostPort", number.value);
                    }
                });
            }
        });
    }
    pod_spec(spec);
}

/// `SetDefaults_PodSpec` and what hangs below it.
pub(super) fn pod_spec(spec: &mut Map) {
    constants(spec, "core.v1.PodSpec");
    default(spec, "securityContext", Map::new());
    // `serviceAccount` is an alias that the server keeps in step (`Convert_v1_PodSpec_To_core_PodSpec`).
    if let Some(account) = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned() {
        spec.insert("serviceAccountName", Span::NONE, account.clone());
        spec.insert("serviceAccount", Span::NONE, account);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, list, container);
    }
    each(spec, "volumes", volume);
}

/// `SetDefaults_Container`.
pub(super) fn container(container: &mut Map) {
    let policy =
        if image_tag(text(container, "image")) == Some("latest") { "Always" } else { "IfNotPresent" };
    default(container, "imagePullPolicy", policy);
    constants(container, "core.v1.Container");
    each(container, "ports", |port| constants(port, "core.v1.ContainerPort"));
    each(container, "env", |variable| {
        if let Some(source) = variable.get_mut("valueFrom").and_then(Node::as_map_mut) {
            field_source(source);
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name).and_then(Node::as_map_mut) {
            constants(probe, "core.v1.Probe");
            action(probe);
        }
    }
    if let Some(lifecycle) = container.get_mut("lifecycle").and_then(Node::as_map_mut) {
        for name in ["postStart", "preStop"] {
            if let Some(handler) = lifecycle.get_mut(name).and_then(Node::as_map_mut) {
                action(handler);
            }
        }
    }
}

/// `SetDefaults_HTTPGetAction`, and the service of a gRPC probe.
pub(super) fn action(handler: &mut Map) {
    if let Some(get) = handler.get_mut("httpGet").and_then(Node::as_map_mut) {
        constants(get, "core.v1.HTTPGetAction");
    }
    if let Some(grpc) = handler.get_mut("grpc").and_then(Node::as_map_mut) {
        constants(grpc, "core.v1.GRPCAction");
    }
}

/// `SetDefaults_ObjectFieldSelector`; the divisor of a resource field is a struct and never absent.
pub(super) fn field_source(source: &mut Map) {
    if let Some(field) = source.get_mut("fieldRef").and_then(Node::as_map_mut) {
        constants(field, "core.v1.ObjectFieldSelector");
    }
    if let Some(resource) = source.get_mut("resourceFieldRef").and_then(Node::as_map_mut) {
        constants(resource, "core.v1.ResourceFieldSelector");
    }
}

/// The tag of an image; `latest` where it has neither tag nor digest (`parsers.ParseImageName`).
pub fn image_tag(image: &str) -> Option<&str> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, tag)) => Some(tag),
        None if digest.is_none() => Some("latest"),
        None => None,
    }
}

/// `SetDefaults_Volume`.
pub(super) fn volume(volume: &mut Map) {
    if volume.iter().all(|entry| entry.key == "name") {
        default(volume, "emptyDir", Map::new());
    }
    volume_source(volume);
}

/// The defaults of the sources of volumes and persistent volumes.
pub(super) fn volume_source(holder: &mut Map) {
    for (source, ty) in SOURCES {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            constants(source, ty);
        }
    }
    for source in ["configMap", "secret", "downwardAPI", "projected"] {
        if let Some(source) = holder.get_mut(source).and_then(Node::as_map_mut) {
            each(source, "items", field_source);
            each(source, "sources", |projection| {
                if let Some(token) = projection.get_mut("serviceAccountToken").and_then(Node::as_map_mut) {
                    constants(token, "core.v1.ServiceAccountTokenProjection");
                }
                if let Some(api) = projection.get_mut("downwardAPI").and_then(Node::as_map_mut) {
                    each(api, "items", field_source);
                }
            });
        }
    }
    if let Some(image) = holder.get_mut("image").and_then(Node::as_map_mut) {
        let latest = image_tag(text(image, "reference")) == Some("latest");
        default(image, "pullPolicy", if latest { "Always" } else { "IfNotPresent" });
    }
    if let Some(claim) = holder
        .get_mut("ephemeral")
        .and_then(Node::as_map_mut)
        .and_then(|ephemeral| ephemeral.get_mut("volumeClaimTemplate"))
        .and_then(Node::as_map_mut)
    {
        constants(ensure_map(claim, "spec"), "core.v1.PersistentVolumeClaimSpec");
    }
}

/// The sources of volumes that have constant defaults. Those of persistent volumes have the same.
pub(super) const SOURCES: [(&str, &str); 9] = [
    ("azureDisk", "core.v1.AzureDiskVolumeSource"),
    ("configMap", "core.v1.ConfigMapVolumeSource"),
    ("downwardAPI", "core.v1.DownwardAPIVolumeSource"),
    ("hostPath", "core.v1.HostPathVolumeSource"),
    ("iscsi", "core.v1.ISCSIVolumeSource"),
    ("projected", "core.v1.ProjectedVolumeSource"),
    ("rbd", "core.v1.RBDVolumeSource"),
    ("scaleIO", "core.v1.ScaleIOVolumeSource"),
    ("secret", "core.v1.SecretVolumeSource"),
];
