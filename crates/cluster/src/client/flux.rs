//! Flux: server-side apply by its kustomize-controller, in stages, and deletion of what left the manifests.
//!
//! Follows `ApplyAllStaged`, `Apply` and `DeleteAll` of `github.com/fluxcd/pkg/ssa`, and `apply` and `prune` of
//! `kustomize-controller/internal/controller`, with `spec.prune` on and `spec.force` off. Each stage is tried in a dry run
//! first: if one of its objects is refused, none of the stage is applied, and nothing is deleted. Flux waits until a stage is
//! ready; here it always is. The labels by which Flux knows its objects are taken from those that are stored.

use super::manifests::{self, Resource};
use super::{Request, Run, Verb, metadata_text};
use crate::server::{Answer, ObjectKey, Server, map_at_mut};
use plimsoll_diag::Span;
use plimsoll_kube::defaults::ensure_map;
use plimsoll_kube::managed::{self, LAST_APPLIED_ANNOTATION, Operation};
use plimsoll_yaml::Node;
use std::collections::BTreeSet;

const MANAGER: &str = "kustomize-controller";
const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
const OWNERS: [&str; 2] = ["kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"];

/// The order of kinds that Flux names (`ReconcileOrder`). Others come between the two lists, by group and kind.
const FIRST: [&str; 23] = [
    "CustomResourceDefinition",
    "Namespace",
    "ClusterRole",
    "ClusterClass",
    "RuntimeClass",
    "PriorityClass",
    "StorageClass",
    "VolumeSnapshotClass",
    "IngressClass",
    "GatewayClass",
    "ClusterRoleBinding",
    "ResourceQuota",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "ConfigMap",
    "Secret",
    "Service",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Flux with the inventory of one Kustomization.
#[derive(Debug, Clone)]
pub struct Flux {
    namespace: String,
    /// The objects that were applied last.
    inventory: Vec<ObjectKey>,
}

impl Flux {
    /// A Kustomization that has applied nothing yet.
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), inventory: Vec::new() }
    }

    /// Takes the stored objects as those that were applied last.
    pub fn adopt_stored(&mut self, server: &Server) {
        self.inventory = server.objects().map(|(key, _)| key.clone()).collect();
    }

    /// Reconciles: applies these objects, and deletes those of the inventory that are not among them.
    pub fn apply_objects(&mut self, server: &mut Server, objects: impl IntoIterator<Item = Node>) -> Run {
        let mut run = Run::default();
        let mut resources = Vec::new();
        for object in objects {
            for resource in manifests::of_object(object, &self.namespace, server) {
                match resource {
                    Ok(resource) => resources.push(with_owner(server, resource)),
                    Err(error) => run.errors.push(error),
                }
            }
        }
        resources.sort_by(|a, b| rank(&a.key).cmp(&rank(&b.key)));
        let keys: Vec<ObjectKey> = resources.iter().map(|resource| resource.key.clone()).collect();
        let mut stages: [Vec<Resource>; 3] = Default::default();
        for resource in resources {
            if let Some(stage) = stages.get_mut(stage_of(&resource.key)) {
                stage.push(resource);
            }
        }
        // A kind that the server does not have is refused by the dry run of the last stage.
        let is_known = run.errors.is_empty();
        let [definitions, classes, others] = stages;
        let mut is_applied = true;
        for (stage, may_apply) in [(definitions, true), (classes, true), (others, is_known)] {
            if is_applied && may_apply {
                is_applied = apply_stage(server, stage, &mut run);
            } else {
                is_applied = false;
                run.unsent.extend(stage.into_iter().map(|resource| resource.key));
            }
        }
        if is_applied {
            delete_stale(server, &self.inventory, &keys, &mut run);
            self.inventory = keys;
        } else {
            self.inventory.extend(keys);
        }
        run
    }
}

/// Where a kind comes in its stage, then its name (`SortableUnstructureds`).
fn rank(key: &ObjectKey) -> (usize, &str, &str, &str, &str) {
    let first = FIRST.iter().position(|kind| *kind == key.kind);
    let last = LAST.iter().position(|kind| *kind == key.kind).map(|index| FIRST.len() + 1 + index);
    let rank = first.or(last).unwrap_or(FIRST.len());
    (rank, &key.group, &key.kind, &key.namespace, &key.name)
}

/// Cluster definitions, then classes, then everything else.
fn stage_of(key: &ObjectKey) -> usize {
    let kind = (key.group.as_str(), key.kind.as_str());
    match kind {
        ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("", "Namespace")
        | ("rbac.authorization.k8s.io", "ClusterRole") => 0,
        (_, kind) if kind.ends_with("Class") => 1,
        _ => 2,
    }
}

/// The labels of the Kustomization, as the stored object has them (`SetOwnerLabels`).
fn with_owner(server: &Server, mut resource: Resource) -> Resource {
    let Some(stored) = server.object(&resource.key) else { return resource };
    for label in OWNERS {
        let Some(value) = metadata_text(stored, "labels", label).map(str::to_owned) else { continue };
        if let Some(map) = resource.root.as_map_mut() {
            ensure_map(ensure_map(map, "metadata"), "labels").insert(label, Span::NONE, Node::bare(value));
        }
    }
    resource
}

/// Applies the objects of a stage, or none of them. Says whether all are applied.
fn apply_stage(server: &mut Server, stage: Vec<Resource>, run: &mut Run) -> bool {
    let mut ready = Vec::new();
    let mut is_refused = false;
    for resource in stage {
        match skip_reason(server, &resource) {
            Some(why) => run.skipped.push((resource.key, why)),
            None => match server.dry_run(&resource.key, |server| send(server, &resource)) {
                Err(status) if !is_forced(server, &resource, status.code) => {
                    is_refused = true;
                    run.push(Verb::Patch, &resource, None, Err(status));
                }
                _ => ready.push(resource),
            },
        }
    }
    if is_refused {
        run.unsent.extend(ready.into_iter().map(|resource| resource.key));
        return false;
    }
    let mut rest = ready.into_iter();
    for resource in rest.by_ref() {
        let mut answer = send(server, &resource);
        if let Err(status) = &answer
            && is_forced(server, &resource, status.code)
        {
            let deleted = server.delete(&resource.key);
            run.push(Verb::Delete, &resource, None, deleted);
            answer = send(server, &resource);
        }
        let is_refused = answer.is_err();
        run.push(Verb::Patch, &resource, None, answer);
        if is_refused {
            run.unsent.extend(rest.map(|resource| resource.key));
            return false;
        }
    }
    true
}

/// Takes over what kubectl owns, and applies.
fn send(server: &mut Server, resource: &Resource) -> Answer {
    if server.object(&resource.key).is_some() && !has(server, resource, SSA, "merge") {
        clean_up(server, resource);
    }
    server.apply(&resource.root, MANAGER, true)
}

/// `cleanupMetadata`: what kubectl owned is Flux's from now on, and its annotation is gone.
fn clean_up(server: &mut Server, resource: &Resource) {
    let is_former = |manager: &managed::Manager| {
        manager.subresource.is_empty()
            && (manager.name.starts_with("kubectl")
                || manager.operation == Operation::Update
                    && (manager.name == "before-first-apply" || manager.name == MANAGER))
    };
    let owners = server.managed(&resource.key);
    let taken =
        owners.and_then(|owners| managed::take_over(owners, is_former, MANAGER, &resource.api_version));
    if let Some(taken) = taken {
        let _ = server.replace_managed(&resource.key, taken);
    }
    server.edit(&resource.key, |object| {
        let annotations = map_at_mut(object, &["metadata", "annotations"]);
        annotations.is_some_and(|annotations| annotations.remove(LAST_APPLIED_ANNOTATION).is_some())
    });
}

/// Whether the object is deleted and created again if it cannot be updated (`shouldForceApply`).
fn is_forced(server: &Server, resource: &Resource, code: u16) -> bool {
    matches!(code, 409 | 422)
        && server.object(&resource.key).is_some()
        && has(server, resource, FORCE, "enabled")
}

/// Why Flux passes over an object (`shouldSkipApply`).
fn skip_reason(server: &Server, resource: &Resource) -> Option<String> {
    if has(server, resource, RECONCILE, "disabled") {
        return Some(format!("`{RECONCILE}: disabled`"));
    }
    if has(server, resource, SSA, "ignore") {
        return Some(format!("`{SSA}: Ignore`"));
    }
    let exists = server.object(&resource.key).is_some();
    (exists && any_in_metadata(&resource.root, SSA, "ifnotpresent"))
        .then(|| format!("`{SSA}: IfNotPresent`, and it exists"))
}

/// Whether the new or the stored object has the annotation or label (`AnyInMetadata`).
fn has(server: &Server, resource: &Resource, key: &str, value: &str) -> bool {
    any_in_metadata(&resource.root, key, value)
        || server.object(&resource.key).is_some_and(|object| any_in_metadata(object, key, value))
}

fn any_in_metadata(object: &Node, key: &str, value: &str) -> bool {
    ["labels", "annotations"]
        .iter()
        .any(|field| metadata_text(object, field, key).is_some_and(|found| found.eq_ignore_ascii_case(value)))
}

/// Deletes what is in the inventory and not among the manifests any more, in the reverse order of applying.
fn delete_stale(server: &mut Server, inventory: &[ObjectKey], keys: &[ObjectKey], run: &mut Run) {
    let keys: BTreeSet<&ObjectKey> = keys.iter().collect();
    let mut stale: Vec<&ObjectKey> = inventory.iter().filter(|key| !keys.contains(key)).collect();
    stale.sort_by(|a, b| rank(b).cmp(&rank(a)));
    stale.dedup();
    for key in stale {
        let is_kept = |object: &Node| {
            any_in_metadata(object, PRUNE, "disabled")
                || any_in_metadata(object, RECONCILE, "disabled")
                || any_in_metadata(object, SSA, "ignore")
        };
        if server.object(key).is_some_and(|object| !is_kept(object)) {
            let answer = server.delete(key);
            run.requests.push(Request { verb: Verb::Delete, key: key.clone(), patch: None, answer });
        }
    }
}
