//! What others ask of the API server, as events: objects are stored and deleted.

use super::event::{Cascade, Event, Note};
use super::state::{Claim, Pod, ReplicaSet, ReplicaSetStatus, State, Workload, delete_pod};
use plimsoll_kube::views::{Metadata, WorkloadKind};
use plimsoll_yaml::{Map, Node};
use std::sync::Arc;

/// Stores an object: creates it, or puts it in the place of the one that has its name. `root` is in its stored form, with
/// defaults filled in. Kinds that no controller here looks at change nothing.
pub fn store(state: &State, group: &str, kind: &str, root: &Node) -> Vec<Event> {
    let name = Metadata::new(root).name();
    let root = Arc::new(root.clone());
    match (group, kind, WorkloadKind::from_group_kind(group, kind)) {
        ("", "Service", _) => vec![Event::ServiceStored { service: name.to_owned(), root: Some(root) }],
        ("policy", "PodDisruptionBudget", _) => {
            vec![Event::BudgetStored { budget: name.to_owned(), root: Some(root) }]
        }
        ("", "PersistentVolumeClaim", _) => vec![store_claim(state, name, root)],
        (_, _, Some(WorkloadKind::Pod)) => store_pod(state, name, &root),
        (_, _, Some(WorkloadKind::ReplicaSet)) => store_replica_set(state, name, &root),
        (_, _, Some(kind)) => store_workload(state, kind, name, root),
        _ => Vec::new(),
    }
}

fn store_workload(state: &State, kind: WorkloadKind, name: &str, root: Arc<Node>) -> Vec<Event> {
    let Some(old) = state.workload_named(kind, name) else {
        return vec![Event::WorkloadCreated(Box::new(Workload::new(state.next_uid(0), kind, name, root)))];
    };
    if old.root == root {
        return Vec::new();
    }
    // Annotations of a Deployment count, because they are copied to its ReplicaSets (`deploymentStrategy.PrepareForUpdate`).
    let counts_annotations = kind == WorkloadKind::Deployment;
    let has_new_annotations = old.root.at(ANNOTATIONS) != root.at(ANNOTATIONS);
    let is_new = old.root.get("spec") != root.get("spec") || (counts_annotations && has_new_annotations);
    let generation = old.generation + i64::from(is_new);
    vec![Event::WorkloadChanged { workload: old.uid, root, generation }]
}

const ANNOTATIONS: &[&str] = &["metadata", "annotations"];

fn store_claim(state: &State, name: &str, root: Arc<Node>) -> Event {
    if state.claims.contains_key(name) {
        return Event::ClaimChanged { claim: name.to_owned(), root };
    }
    let claim = Claim { name: name.to_owned(), owners: Vec::new(), root, is_deleting: false };
    Event::ClaimCreated(Box::new(claim))
}

/// A pod of its own is created once: what of it can change, changes nothing here.
fn store_pod(state: &State, name: &str, root: &Arc<Node>) -> Vec<Event> {
    if state.pod(name).is_some() {
        return Vec::new();
    }
    let pod = Pod::new(state.next_uid(0), name.to_owned(), root, state.now);
    vec![Event::PodCreated(Box::new(pod))]
}

/// A ReplicaSet of its own. A new template changes none of its pods.
fn store_replica_set(state: &State, name: &str, root: &Node) -> Vec<Event> {
    let part = |field| Arc::new(root.at(&["spec", field]).cloned().unwrap_or_else(|| Node::bare(Map::new())));
    let int = |field| root.at(&["spec", field]).and_then(Node::as_i64);
    let replicas = int("replicas").unwrap_or(1).max(0);
    if let Some(old) = state.replica_sets.iter().find(|set| set.name == name) {
        let scaled = Event::ReplicaSetScaled { replica_set: old.uid, from: old.replicas, to: replicas };
        return if old.replicas == replicas { Vec::new() } else { vec![scaled] };
    }
    vec![Event::ReplicaSetCreated(Box::new(ReplicaSet {
        uid: state.next_uid(0),
        name: name.to_owned(),
        letter: "A".to_owned(),
        of: String::new(),
        owners: Vec::new(),
        template: part("template"),
        selector: part("selector"),
        replicas,
        note: Note { min_ready_seconds: int("minReadySeconds").unwrap_or_default(), ..Note::default() },
        generation: 1,
        is_deleting: false,
        status: ReplicaSetStatus::default(),
    }))]
}

/// Deletes an object; nothing if there is none of that name.
pub fn delete(state: &State, group: &str, kind: &str, name: &str, cascade: Cascade) -> Vec<Event> {
    match (group, kind, WorkloadKind::from_group_kind(group, kind)) {
        ("", "Service", _) => vec![Event::ServiceStored { service: name.to_owned(), root: None }],
        ("policy", "PodDisruptionBudget", _) => {
            vec![Event::BudgetStored { budget: name.to_owned(), root: None }]
        }
        ("", "PersistentVolumeClaim", _) => match state.claims.get(name) {
            Some(claim) if !claim.is_deleting => vec![Event::ClaimDeleting { claim: name.to_owned() }],
            _ => Vec::new(),
        },
        (_, _, Some(WorkloadKind::Pod)) => state.pod(name).map(delete_pod).unwrap_or_default(),
        (_, _, Some(WorkloadKind::ReplicaSet)) => {
            let set = state.replica_sets.iter().find(|set| set.name == name);
            set.map(|set| Event::ReplicaSetGone { replica_set: set.uid }).into_iter().collect()
        }
        (_, _, Some(kind)) => match state.workload_named(kind, name) {
            Some(workload) if cascade == Cascade::Background => {
                vec![Event::WorkloadGone { workload: workload.uid }]
            }
            Some(workload) if workload.deletion.is_none() => {
                vec![Event::WorkloadDeleting { workload: workload.uid, cascade }]
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Deletes a pod without waiting for its containers (`gracePeriodSeconds: 0`).
pub fn force_delete(pod: &Pod) -> Vec<Event> {
    let gone = Event::PodGone { pod: pod.name.clone() };
    let deleting = Event::PodDeleting { pod: pod.name.clone() };
    if pod.is_deleting() { vec![gone] } else { vec![deleting, gone] }
}
