//! The garbage collector (`pkg/controller/garbagecollector`): owners and what they own.

use super::event::{Cascade, Event};
use super::state::{Owner, State, Uid, delete_pod};
use std::collections::BTreeSet;

/// What the collector does about the state it sees.
pub(super) fn step(state: &State) -> Vec<Event> {
    let mut events = Vec::new();
    for workload in &state.workloads {
        match workload.deletion {
            Some(Cascade::Orphan) => orphan_dependents(state, workload.uid, &mut events),
            Some(Cascade::Foreground) => delete_dependents_first(state, workload.uid, &mut events),
            _ => {}
        }
    }
    for set in state.replica_sets.iter().filter(|set| set.is_deleting) {
        if dependents(state).any(|(owners, _)| owners.iter().any(|owner| owner.uid == set.uid)) {
            events.extend(dependents_of(state, set.uid).flat_map(|dependent| dependent.delete(state)));
        } else {
            events.push(Event::ReplicaSetGone { replica_set: set.uid });
        }
    }
    if events.is_empty() {
        collect(state, &mut events);
    }
    events
}

/// An object that may have owners.
#[derive(Clone, Copy)]
enum Dependent<'s> {
    Revision(Uid),
    ReplicaSet(Uid),
    Pod(&'s str),
    Claim(&'s str),
    Workload(Uid),
}

impl Dependent<'_> {
    /// The events of deleting it, unless it is being deleted.
    fn delete(self, state: &State) -> Vec<Event> {
        match self {
            Self::Revision(revision) => vec![Event::RevisionGone { revision }],
            Self::ReplicaSet(replica_set) => vec![Event::ReplicaSetGone { replica_set }],
            Self::Pod(pod) => state.pod(pod).map(delete_pod).unwrap_or_default(),
            Self::Claim(claim) => match state.claims.get(claim) {
                Some(stored) if !stored.is_deleting => vec![Event::ClaimDeleting { claim: claim.to_owned() }],
                _ => Vec::new(),
            },
            Self::Workload(workload) => vec![Event::WorkloadGone { workload }],
        }
    }

    fn set_owners(self, owners: Vec<Owner>) -> Option<Event> {
        Some(match self {
            Self::Revision(revision) => Event::RevisionOwned { revision, owners },
            Self::ReplicaSet(replica_set) => Event::ReplicaSetOwned { replica_set, owners },
            Self::Pod(pod) => Event::PodOwned { pod: pod.to_owned(), owners },
            Self::Claim(claim) => Event::ClaimOwned { claim: claim.to_owned(), owners },
            Self::Workload(_) => return None,
        })
    }
}

/// Everything that may have owners, with its owners.
fn dependents(state: &State) -> impl Iterator<Item = (&[Owner], Dependent<'_>)> {
    let revisions = state
        .revisions
        .iter()
        .map(|revision| (revision.owners.as_slice(), Dependent::Revision(revision.uid)));
    let sets = state.replica_sets.iter().map(|set| (set.owners.as_slice(), Dependent::ReplicaSet(set.uid)));
    let pods = state.pods.values().map(|pod| (pod.owners.as_slice(), Dependent::Pod(&pod.name)));
    let claims = state.claims.values().map(|claim| (claim.owners.as_slice(), Dependent::Claim(&claim.name)));
    let jobs = state.workloads.iter().map(|job| (job.owners.as_slice(), Dependent::Workload(job.uid)));
    revisions.chain(sets).chain(pods).chain(claims).chain(jobs)
}

fn dependents_of(state: &State, owner: Uid) -> impl Iterator<Item = Dependent<'_>> {
    dependents(state)
        .filter(move |(owners, _)| owners.iter().any(|other| other.uid == owner))
        .map(|(_, dependent)| dependent)
}

/// `orphanDependents`: removes the owner from everything it owns, then deletes it.
fn orphan_dependents(state: &State, owner: Uid, events: &mut Vec<Event>) {
    for (owners, dependent) in dependents(state) {
        if owners.iter().any(|other| other.uid == owner) {
            let rest = owners.iter().filter(|other| other.uid != owner).cloned().collect();
            events.extend(dependent.set_owners(rest));
        }
    }
    events.push(Event::WorkloadGone { workload: owner });
}

/// `processDeletingDependentsItem`: deletes everything the owner owns, then the owner.
fn delete_dependents_first(state: &State, owner: Uid, events: &mut Vec<Event>) {
    let mut has_dependents = false;
    for dependent in dependents_of(state, owner) {
        has_dependents = true;
        match dependent {
            // What has dependents of its own is deleted in the foreground as well.
            Dependent::ReplicaSet(replica_set) => {
                if state.replica_set(replica_set).is_some_and(|set| !set.is_deleting) {
                    events.push(Event::ReplicaSetDeleting { replica_set });
                }
            }
            other => events.extend(other.delete(state)),
        }
    }
    if !has_dependents {
        events.push(Event::WorkloadGone { workload: owner });
    }
}

/// `attemptToDeleteItem`: deletes what has lost all its owners, and forgets owners that are gone.
fn collect(state: &State, events: &mut Vec<Event>) {
    let existing: BTreeSet<Uid> = state
        .workloads
        .iter()
        .map(|workload| workload.uid)
        .chain(state.replica_sets.iter().map(|set| set.uid))
        .chain(state.pods.values().map(|pod| pod.uid))
        .collect();
    for (owners, dependent) in dependents(state) {
        let remaining = owners.iter().filter(|owner| existing.contains(&owner.uid)).count();
        if owners.is_empty() || remaining == owners.len() {
            continue;
        }
        if remaining == 0 {
            events.extend(dependent.delete(state));
        } else {
            let rest = owners.iter().filter(|owner| existing.contains(&owner.uid)).cloned().collect();
            events.extend(dependent.set_owners(rest));
        }
    }
}
