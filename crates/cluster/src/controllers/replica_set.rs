//! The ReplicaSet controller (`pkg/controller/replicaset`).

use super::event::Event;
use super::state::{
    Owner, Phase, Pod, ReplicaSet, ReplicaSetStatus, State, controller_of, delete_pod, labels_with,
};
use plimsoll_kube::views::Selector;
use plimsoll_yaml::Node;
use std::cmp::Reverse;

/// One sync of a ReplicaSet (`syncReplicaSet`): what the controller does about the state it sees.
pub fn step(state: &State, set: &ReplicaSet) -> Vec<Event> {
    let mut events = Vec::new();
    let active = claim_pods(state, set, &mut events);
    if !set.is_deleting {
        manage_replicas(state, set, &active, &mut events);
    }
    let status = status(state, set, &active);
    if status != set.status {
        events.push(Event::ReplicaSetStatus { replica_set: set.uid, status });
    }
    events
}

/// `claimPods`: the pods that the ReplicaSet owns and that have not stopped, orphans that it adopts included.
fn claim_pods<'s>(state: &'s State, set: &ReplicaSet, events: &mut Vec<Event>) -> Vec<&'s Pod> {
    let selector = Selector::label_selector(&set.selector);
    let mut active = Vec::new();
    for pod in state.pods.values().filter(|pod| !pod.is_deleting() && !pod.is_terminal()) {
        let is_selected = selector.matches(Some(&pod.labels)) && has_hash_of(pod, set);
        match controller_of(&pod.owners) {
            Some(owner) if owner.uid != set.uid => continue,
            Some(_) => {}
            None if is_selected && !set.is_deleting => {
                let mut owners = pod.owners.clone();
                owners.push(as_owner(set));
                events.push(Event::PodOwned { pod: pod.name.clone(), owners });
            }
            None => continue,
        }
        active.push(pod);
    }
    active
}

/// Whether a pod has the label that tells the ReplicaSets of a Deployment apart.
fn has_hash_of(pod: &Pod, set: &ReplicaSet) -> bool {
    set.of.is_empty() || pod.labels.get(HASH).and_then(Node::as_str) == Some(&set.letter)
}

const HASH: &str = "pod-template-hash";

fn as_owner(set: &ReplicaSet) -> Owner {
    Owner::controller("ReplicaSet", &set.name, set.uid)
}

/// `manageReplicas`.
fn manage_replicas(state: &State, set: &ReplicaSet, active: &[&Pod], events: &mut Vec<Event>) {
    let count = i64::try_from(active.len()).unwrap_or(i64::MAX);
    for ahead in 0..usize::try_from(set.replicas - count).unwrap_or_default().min(BURST) {
        events.push(Event::PodCreated(Box::new(new_pod(state, set, ahead))));
    }
    let surplus = usize::try_from(count - set.replicas).unwrap_or_default();
    for pod in pods_to_delete(state, set, active).into_iter().take(surplus.min(BURST)) {
        events.extend(delete_pod(pod));
    }
}

/// `BurstReplicas`.
const BURST: usize = 500;

/// The pods in the order in which they are given up (`getPodsToDelete`, `ActivePodsWithRanks`): those without a node
/// first, then those that are not running, not ready, cheaper to delete, on a node with more pods of the workload, ready
/// for a shorter time. Which of two that are alike goes first is chance on a server; here it is the one with the lower number.
fn pods_to_delete<'p>(state: &State, set: &ReplicaSet, active: &[&'p Pod]) -> Vec<&'p Pod> {
    let is_related = |pod: &Pod| {
        state.replica_sets.iter().any(|other| {
            let is_sibling = other.uid == set.uid
                || controller_of(&other.owners).is_some()
                    && controller_of(&other.owners) == controller_of(&set.owners);
            is_sibling && pod.is_controlled_by(other.uid)
        })
    };
    let neighbours = |pod: &Pod| {
        let is_neighbour = |other: &&Pod| other.is_ready() && other.node == pod.node && is_related(other);
        state.pods.values().filter(is_neighbour).count()
    };
    let mut ranked: Vec<_> = active
        .iter()
        .map(|&pod| {
            let cost = pod
                .template()
                .annotations()
                .and_then(|annotations| annotations.get("controller.kubernetes.io/pod-deletion-cost"))
                .and_then(Node::as_str)
                .and_then(|cost| cost.parse::<i64>().ok());
            let key = (
                pod.node.is_some(),
                pod.phase == Phase::Running,
                pod.is_ready(),
                cost.unwrap_or_default(),
                Reverse(neighbours(pod)),
                Reverse(pod.ready_since),
                Reverse(pod.created),
                pod.serial,
            );
            (key, pod)
        })
        .collect();
    ranked.sort_by_key(|(key, _)| *key);
    ranked.into_iter().map(|(_, pod)| pod).collect()
}

/// A pod of the ReplicaSet; `ahead` others are created before it in the same sync.
fn new_pod(state: &State, set: &ReplicaSet, ahead: usize) -> Pod {
    let serial = state.serial(&set.name) + u32::try_from(ahead).unwrap_or(u32::MAX) + 1;
    let hash = [(HASH, set.letter.as_str())];
    Pod {
        serial: Some(serial),
        revision: set.letter.clone(),
        labels: labels_with(&set.template, if set.of.is_empty() { &[] } else { &hash }),
        owners: vec![as_owner(set)],
        ..Pod::new(state.next_uid(ahead), format!("{}.{serial}", set.name), &set.template, state.now)
    }
}

/// `calculateStatus`.
fn status(state: &State, set: &ReplicaSet, active: &[&Pod]) -> ReplicaSetStatus {
    let count = |counts: &dyn Fn(&Pod) -> bool| {
        i64::try_from(active.iter().filter(|pod| counts(pod)).count()).unwrap_or(i64::MAX)
    };
    let is_terminating =
        |pod: &&Pod| pod.is_deleting() && !pod.is_terminal() && pod.is_controlled_by(set.uid);
    ReplicaSetStatus {
        observed_generation: set.generation,
        replicas: count(&|_| true),
        ready: count(&Pod::is_ready),
        available: count(&|pod| pod.is_available(set.note.min_ready_seconds, state.now)),
        terminating: i64::try_from(state.pods.values().filter(is_terminating).count()).unwrap_or(i64::MAX),
    }
}
