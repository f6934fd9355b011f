//! References between objects, which follow the names that changed.

use super::configuration::OwnReference;
use super::fields::{FieldSpec, text, walk};
use super::resource::{Identity, Resource};
use crate::yaml::{Node, Value};

/// Where a pod is described, by the kind that has it.
const POD_SPECS: [(&str, &str); 9] = [
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// What a field of a pod names, and the field.
const POD_FIELDS: [(&str, &str); 25] = [
    ("ConfigMap", "volumes/configMap/name"),
    ("ConfigMap", "volumes/projected/sources/configMap/name"),
    ("ConfigMap", "containers/env/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "initContainers/env/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "containers/envFrom/configMapRef/name"),
    ("ConfigMap", "initContainers/envFrom/configMapRef/name"),
    ("Secret", "volumes/secret/secretName"),
    ("Secret", "volumes/projected/sources/secret/name"),
    ("Secret", "containers/env/valueFrom/secretKeyRef/name"),
    ("Secret", "initContainers/env/valueFrom/secretKeyRef/name"),
    ("Secret", "containers/envFrom/secretRef/name"),
    ("Secret", "initContainers/envFrom/secretRef/name"),
    ("Secret", "imagePullSecrets/name"),
    ("Secret", "volumes/azureFile/secretName"),
    ("Secret", "volumes/cephfs/secretRef/name"),
    ("Secret", "volumes/flexVolume/secretRef/name"),
    ("Secret", "volumes/iscsi/secretRef/name"),
    ("Secret", "volumes/rbd/secretRef/name"),
    ("Secret", "volumes/scaleIO/secretRef/name"),
    ("Secret", "volumes/storageos/secretRef/name"),
    ("Secret", "volumes/csi/nodePublishSecretRef/name"),
    ("ServiceAccount", "serviceAccountName"),
    ("ServiceAccount", "serviceAccount"),
    ("PersistentVolumeClaim", "volumes/persistentVolumeClaim/claimName"),
    ("PriorityClass", "priorityClassName"),
];

/// What a field of an object names, and the field.
static FIELDS: [(&str, FieldSpec<'static>); 29] = [
    ("Service", FieldSpec::of("StatefulSet", "spec/serviceName", false)),
    ("Service", FieldSpec::of("Ingress", "spec/rules/http/paths/backend/service/name", false)),
    ("Service", FieldSpec::of("Ingress", "spec/defaultBackend/service/name", false)),
    ("Service", FieldSpec::of("Ingress", "spec/rules/http/paths/backend/serviceName", false)),
    ("Service", FieldSpec::of("Ingress", "spec/backend/serviceName", false)),
    ("IngressClass", FieldSpec::of("Ingress", "spec/ingressClassName", false)),
    ("Secret", FieldSpec::of("Ingress", "spec/tls/secretName", false)),
    ("Secret", FieldSpec::of("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret", false)),
    ("Secret", FieldSpec::of("ServiceAccount", "imagePullSecrets/name", false)),
    ("Secret", FieldSpec::of("ServiceAccount", "secrets/name", false)),
    ("Secret", FieldSpec::of("StorageClass", "parameters/secretName", false)),
    ("Secret", FieldSpec::of("Role", "rules/resourceNames", false)),
    ("Secret", FieldSpec::of("ClusterRole", "rules/resourceNames", false)),
    ("ConfigMap", FieldSpec::of("Role", "rules/resourceNames", false)),
    ("ConfigMap", FieldSpec::of("ClusterRole", "rules/resourceNames", false)),
    ("ConfigMap", FieldSpec::of("Node", "spec/configSource/configMap/name", false)),
    ("Deployment", FieldSpec::of("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false)),
    ("ReplicationController", FieldSpec::of("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false)),
    ("ReplicaSet", FieldSpec::of("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false)),
    ("StatefulSet", FieldSpec::of("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false)),
    ("Role", FieldSpec::of("RoleBinding", "roleRef/name", false)),
    ("ClusterRole", FieldSpec::of("RoleBinding", "roleRef/name", false)),
    ("ClusterRole", FieldSpec::of("ClusterRoleBinding", "roleRef/name", false)),
    ("PersistentVolume", FieldSpec::of("PersistentVolumeClaim", "spec/volumeName", false)),
    ("StorageClass", FieldSpec::of("PersistentVolume", "spec/storageClassName", false)),
    ("StorageClass", FieldSpec::of("PersistentVolumeClaim", "spec/storageClassName", false)),
    ("StorageClass", FieldSpec::of("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName", false)),
    ("Secret", FieldSpec::of("PersistentVolume", "spec/csi/nodePublishSecretRef/name", false)),
    ("PersistentVolumeClaim", FieldSpec::of("StatefulSet", "spec/dataSource/name", false)),
];

/// What a map with a name and a namespace names, and where it is.
static MAPS: [(&str, FieldSpec<'static>); 6] = [
    ("ServiceAccount", FieldSpec::of("RoleBinding", "subjects", false)),
    ("ServiceAccount", FieldSpec::of("ClusterRoleBinding", "subjects", false)),
    ("Service", FieldSpec::of("ValidatingWebhookConfiguration", "webhooks/clientConfig/service", false)),
    ("Service", FieldSpec::of("MutatingWebhookConfiguration", "webhooks/clientConfig/service", false)),
    ("Service", FieldSpec::of("APIService", "spec/service", false)),
    (
        "Service",
        FieldSpec::of("CustomResourceDefinition", "spec/conversion/webhook/clientConfig/service", false),
    ),
];

/// Everything that an object was called, and what it is called now.
struct Renamed {
    previous: Vec<Identity>,
    now: Identity,
    is_namespaced: bool,
    affixes: Vec<String>,
}

/// Makes every reference name what its object is called now.
pub(super) fn fix(resources: &mut [Resource], own: &[OwnReference]) {
    let renamed: Vec<Renamed> = resources
        .iter()
        .map(|resource| Renamed {
            previous: resource.identities().collect(),
            now: resource.identity(),
            is_namespaced: resource.is_namespaced(),
            affixes: resource.affixes.clone(),
        })
        .filter(|one| one.previous.iter().any(|known| *known != one.now))
        .collect();
    if renamed.is_empty() {
        return;
    }
    for resource in resources {
        let namespace = resource.namespace().map(str::to_owned);
        let affixes = resource.affixes.clone();
        let follow = |kind: &str, name: &str| {
            let fits = |one: &&Renamed| {
                let in_reach =
                    !one.is_namespaced || same_namespace(one.now.namespace.as_deref(), namespace.as_deref());
                one.now.kind == kind && in_reach && one.previous.iter().any(|known| known.name == name)
            };
            choose(&renamed.iter().filter(fits).collect::<Vec<_>>(), &affixes)
        };
        for (owner, spec) in POD_SPECS {
            if owner != resource.kind() {
                continue;
            }
            for (kind, field) in POD_FIELDS {
                let path = format!("{spec}/{field}");
                let keys: Vec<&str> = path.split('/').collect();
                walk(resource.root(), &keys, false, &mut |node| rename(node, &|name| follow(kind, name)));
            }
        }
        for (kind, spec) in &FIELDS {
            if is_of_kind(resource, spec, kind) {
                spec.each(resource, &mut |node| rename(node, &|name| follow(kind, name)));
            }
        }
        for OwnReference { kind, field } in own {
            field.each(resource, &mut |node| match &node.value {
                Value::Map(_) => rename_map(node, kind, &renamed, &affixes),
                _ => rename(node, &|name| follow(kind, name)),
            });
        }
        for (kind, spec) in &MAPS {
            spec.each(resource, &mut |node| match &mut node.value {
                Value::Seq(items) => {
                    for item in items {
                        rename_map(item, kind, &renamed, &affixes);
                    }
                }
                _ => rename_map(node, kind, &renamed, &affixes),
            });
        }
    }
}

/// Whether the reference names that kind, where the object says which one it names.
fn is_of_kind(resource: &Resource, spec: &FieldSpec<'_>, kind: &str) -> bool {
    let holder = match spec.path {
        "spec/scaleTargetRef/name" => &["spec", "scaleTargetRef", "kind"][..],
        "roleRef/name" => &["roleRef", "kind"],
        _ => return true,
    };
    resource.object.root.at(holder).and_then(Node::as_str).is_none_or(|named| named == kind)
}

fn same_namespace(one: Option<&str>, other: Option<&str>) -> bool {
    one.unwrap_or("default") == other.unwrap_or("default")
}

/// The one object that is meant: of several, the one that came the same way.
fn choose<'r>(found: &[&'r Renamed], affixes: &[String]) -> Option<&'r Renamed> {
    match found {
        [] => None,
        [one] => Some(one),
        several => {
            let mut alike = several.iter().filter(|one| one.affixes == affixes);
            alike.next().copied().filter(|_| alike.next().is_none())
        }
    }
}

fn rename<'r>(node: &mut Node, follow: &dyn Fn(&str) -> Option<&'r Renamed>) {
    if let Value::Seq(items) = &mut node.value {
        return items.iter_mut().for_each(|item| rename(item, follow));
    }
    if let Some(renamed) = node.as_str().and_then(follow) {
        *node = text(renamed.now.name.as_str(), node.span);
    }
}

/// Renames in a map that names an object and its namespace.
fn rename_map(node: &mut Node, kind: &str, renamed: &[Renamed], affixes: &[String]) {
    let get = |key: &str| node.get(key).and_then(Node::as_str);
    if get("kind").is_some_and(|named| named != kind) {
        return;
    }
    let (Some(name), namespace) = (get("name"), get("namespace").map(str::to_owned)) else { return };
    let fits = |one: &&Renamed| {
        one.now.kind == kind
            && one.previous.iter().any(|known| {
                known.name == name
                    && (namespace.is_none()
                        || same_namespace(known.namespace.as_deref(), namespace.as_deref()))
            })
    };
    let Some(one) = choose(&renamed.iter().filter(fits).collect::<Vec<_>>(), affixes) else { return };
    let span = node.span;
    let Some(map) = node.as_map_mut() else { return };
    for (key, value) in [("name", Some(&one.now.name)), ("namespace", one.now.namespace.as_ref())] {
        let Some(value) = value else { continue };
        let place = map.get(key).map_or(span, |old| old.span);
        let key_span = map.entry(key).map_or(place, |entry| entry.key_span);
        map.insert(key, key_span, text(value.as_str(), place));
    }
}
