//! What the cluster adds to the objects that it holds, and to a namespace: none of it belongs in a chart.

use crate::k8s::managed::LAST_APPLIED_ANNOTATION;
use crate::k8s::views::{Metadata, StatefulSet, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::{Node, Value};
use std::sync::Arc;

/// Removes what the API server and the controllers set: identity, times, versions, status, allocated addresses.
pub(super) fn strip(object: &mut Object) {
    let is_live = is_live(object);
    let workload = WorkloadKind::from_object(object);
    let root = Arc::make_mut(&mut object.root);
    drop_empty_times(root);
    strip_metadata(root);
    if let Some(map) = root.as_map_mut()
        && (is_live || is_unset_status(map.get("status")))
    {
        map.remove("status");
    }
    if workload == Some(WorkloadKind::StatefulSet)
        && let Some(claims) = at_mut(root, &["spec", "volumeClaimTemplates"])
        && let Value::Seq(claims) = &mut claims.value
    {
        for claim in claims.iter_mut().filter_map(Node::as_map_mut) {
            claim.remove("status");
        }
    }
    if is_live {
        strip_allocated(&object.kind, root);
    }
}

/// Why an object of a cluster is not part of what was installed, if it is not: other objects make it anew. `all` are the
/// objects that were read with it.
pub(super) fn made_by(object: &Object, all: &[Object]) -> Option<String> {
    let owners = object.at(&["metadata", "ownerReferences"]).map_or(&[][..], Node::items);
    if let Some(owner) =
        owners.iter().find(|owner| owner.get("controller").and_then(Node::as_bool) == Some(true))
    {
        let text = |key| owner.get(key).and_then(Node::as_str).unwrap_or_default();
        return Some(format!("{}/{} makes it", text("kind"), text("name")));
    }
    match object.kind.as_str() {
        "Event" | "Node" | "Endpoints" | "EndpointSlice" | "ControllerRevision" | "Lease"
            if is_live(object) =>
        {
            Some("the cluster makes it".to_owned())
        }
        "ConfigMap" if object.name == "kube-root-ca.crt" => Some("every namespace has one".to_owned()),
        "ServiceAccount" if object.name == "default" && is_live(object) => {
            Some("every namespace has one".to_owned())
        }
        "Service" if object.name == "kubernetes" && is_live(object) => {
            Some("every cluster has it".to_owned())
        }
        "PersistentVolumeClaim" if is_live(object) => claimed_by(object, all),
        _ => None,
    }
}

/// The StatefulSet whose claim template a claim comes from.
fn claimed_by(claim: &Object, all: &[Object]) -> Option<String> {
    let sets =
        all.iter().filter(|object| WorkloadKind::from_object(object) == Some(WorkloadKind::StatefulSet));
    let mut sets = sets.filter(|object| object.namespace == claim.namespace);
    let is_of = |object: &Object| {
        let set = StatefulSet::new(&object.root);
        set.workload().claim_templates().iter().any(|template| {
            let prefix = format!("{}-{}-", Metadata::new(template).name(), object.name);
            claim.name.strip_prefix(&prefix).is_some_and(|ordinal| ordinal.parse::<u32>().is_ok())
        })
    };
    sets.find(|object| is_of(object)).map(|object| format!("StatefulSet/{} makes it", object.name))
}

/// Whether an object was read from a cluster.
fn is_live(object: &Object) -> bool {
    let set = |key| object.at(&["metadata", key]).is_some_and(|node| !node.is_null());
    set("uid") || set("resourceVersion")
}

fn strip_metadata(root: &mut Node) {
    const FIELDS: [&str; 9] = [
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generateName",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    ];
    const ANNOTATIONS: [&str; 8] = [
        LAST_APPLIED_ANNOTATION,
        "deployment.kubernetes.io/revision",
        "deprecated.daemonset.template.generation",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
    ];
    let Some(metadata) = at_mut(root, &["metadata"]).and_then(Node::as_map_mut) else { return };
    let is_named = metadata.contains_key("name");
    metadata
        .retain(|entry| !FIELDS.contains(&entry.key.as_str()) || (!is_named && entry.key == "generateName"));
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
        let before = annotations.len();
        annotations.retain(|entry| !ANNOTATIONS.contains(&entry.key.as_str()));
        if annotations.is_empty() && before > 0 {
            metadata.remove("annotations");
        }
    }
}

/// Removes the addresses, nodes and volumes that the cluster chose.
fn strip_allocated(kind: &str, root: &mut Node) {
    let Some(spec) = at_mut(root, &["spec"]).and_then(Node::as_map_mut) else { return };
    match kind {
        "Service" if spec.get("clusterIP").and_then(Node::as_str) != Some("None") => {
            for field in ["clusterIP", "clusterIPs", "healthCheckNodePort"] {
                spec.remove(field);
            }
        }
        "Pod" => {
            spec.remove("nodeName");
        }
        "PersistentVolumeClaim" => {
            spec.remove("volumeName");
        }
        _ => {}
    }
}

/// Removes `creationTimestamp: null`, which Go programs write into every metadata.
fn drop_empty_times(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|entry| !(entry.key == "creationTimestamp" && entry.value.is_null()));
            map.iter_mut().for_each(|entry| drop_empty_times(&mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(drop_empty_times),
        _ => {}
    }
}

/// Whether a status says nothing: `status: {}`, and `loadBalancer: {}` in it, as Go programs write them.
fn is_unset_status(status: Option<&Node>) -> bool {
    let Some(status) = status else { return false };
    match &status.value {
        Value::Null => true,
        Value::Map(map) => map.iter().all(|entry| is_unset_status(Some(&entry.value))),
        _ => false,
    }
}

/// The node at the end of a path of keys.
pub(super) fn at_mut<'n>(node: &'n mut Node, path: &[&str]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, key| node.as_map_mut()?.get_mut(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, Sources};
    use crate::yaml::{ReadOptions, emit};

    fn objects(text: &str) -> Vec<Object> {
        let sources = Sources::new();
        let source = sources.add("in.yaml", text, SourceKind::File);
        let report = crate::manifest::parse(&sources, source, "in.yaml", &ReadOptions::strict());
        assert_eq!(report.diagnostics, []);
        report.output.unwrap()
    }

    fn stripped(text: &str) -> String {
        let mut object = objects(text).remove(0);
        strip(&mut object);
        emit::flow_json(&object.root)
    }

    #[test]
    fn what_the_server_sets_is_removed() {
        let live = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  uid: x\n  resourceVersion: '1'\n  \
            creationTimestamp: '2026-01-01T00:00:00Z'\n  managedFields: []\n  annotations:\n    \
            kubectl.kubernetes.io/last-applied-configuration: '{}'\nspec:\n  clusterIP: 10.0.0.1\n  \
            clusterIPs: [10.0.0.1]\n  ports: [{port: 80}]\nstatus: {loadBalancer: {ingress: []}}\n";
        assert_eq!(
            stripped(live),
            r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}"#
        );
    }

    #[test]
    fn what_a_manifest_sets_stays() {
        let headless =
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, uid: x}\nspec: {clusterIP: None}\n";
        assert!(stripped(headless).contains(r#""clusterIP": "None""#));
        let chosen = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.0.0.1}\n";
        assert!(stripped(chosen).contains("10.0.0.1"));
        let custom = "apiVersion: example.com/v1\nkind: Job\nmetadata: {name: a}\nstatus: {phase: x}\n";
        assert!(stripped(custom).contains("phase"));
        let dry =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, creationTimestamp: null}\nspec: {}\nstatus: {}\n";
        assert_eq!(
            stripped(dry),
            r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}"#
        );
    }

    #[test]
    fn what_other_objects_make_is_recognised() {
        let all = objects(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  volumeClaimTemplates:\n  \
             - metadata: {name: data}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-db-0, \
             uid: x}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: backup, uid: x}\n---\n\
             apiVersion: v1\nkind: Pod\nmetadata:\n  name: db-0\n  ownerReferences: [{kind: StatefulSet, name: db, \
             controller: true}]\n",
        );
        let made: Vec<_> = all.iter().map(|object| made_by(object, &all)).collect();
        let by = Some("StatefulSet/db makes it".to_owned());
        assert_eq!(made, [None, by.clone(), None, by]);
    }
}
