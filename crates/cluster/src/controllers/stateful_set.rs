//! The StatefulSet controller (`pkg/controller/statefulset`).

use super::event::Event;
use super::state::{
    Claim, Moment, Owner, Phase, Pod, Revision, State, Uid, Workload, controller_of, delete_pod, labels_with,
};
use super::status::{StatefulSetStatus, Status};
use plimsoll_kube::views::{self, Retention, Selector, WorkloadKind};
use plimsoll_yaml::Node;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// One sync of a StatefulSet (`StatefulSetController.sync`): what the controller does about the state it sees.
pub fn step(state: &State, set: &Workload) -> Vec<Event> {
    let mut sync = Sync::new(state, set);
    let orphans = sync.adopt_orphan_revisions();
    sync.claim_pods();
    sync.update(&orphans);
    sync.events
}

/// A pod as one sync sees it: stored, or about to be created.
struct Replica<'a> {
    pod: Cow<'a, Pod>,
    is_stored: bool,
}

impl Replica<'_> {
    /// The uid that owner references can name.
    fn uid(&self) -> Option<Uid> {
        self.is_stored.then_some(self.pod.uid)
    }
}

/// Whether a sync goes on after a pod.
enum Flow {
    Continue,
    /// The pod must change before anything else happens (`shouldExit`).
    Exit,
    /// A request failed; it is tried again later.
    Failed,
}

struct Sync<'a> {
    state: &'a State,
    workload: &'a Workload,
    set: views::StatefulSet<'a>,
    /// Fields of the set that are asked for pod by pod.
    min_ready_seconds: i64,
    is_parallel: bool,
    ordinals: Range<i64>,
    /// Each template with what the names of its claims begin with.
    claim_templates: Vec<(String, &'a Node)>,
    now: Moment,
    retention: Retention,
    template: &'a Arc<Node>,
    pods: Vec<Cow<'a, Pod>>,
    created: usize,
    events: Vec<Event>,
}

impl<'a> Sync<'a> {
    fn new(state: &'a State, workload: &'a Workload) -> Self {
        let set = views::StatefulSet::new(&workload.root);
        Self {
            state,
            workload,
            set,
            min_ready_seconds: set.min_ready_seconds(),
            is_parallel: set.is_parallel(),
            ordinals: set.ordinals(),
            claim_templates: set
                .claim_templates()
                .iter()
                .map(|template| (format!("{}-{}-", views::Claim::new(template).name(), set.name()), template))
                .collect(),
            now: state.now,
            retention: set.claim_retention(),
            template: &workload.template,
            pods: Vec::new(),
            created: 0,
            events: Vec::new(),
        }
    }

    /// `adoptOrphanRevisions`. Returns what was adopted.
    fn adopt_orphan_revisions(&mut self) -> BTreeSet<Uid> {
        if self.workload.deletion.is_some() {
            return BTreeSet::new();
        }
        let selector = self.set.selector();
        let orphans: Vec<&Revision> = self
            .state
            .revisions
            .iter()
            .filter(|revision| controller_of(&revision.owners).is_none())
            .filter(|revision| matches_template(selector, &revision.template))
            .collect();
        for revision in &orphans {
            let mut owners = revision.owners.clone();
            owners.push(self.workload.as_owner());
            self.events.push(Event::RevisionOwned { revision: revision.uid, owners });
        }
        orphans.iter().map(|revision| revision.uid).collect()
    }

    /// `getPodsForStatefulSet`: the pods that the set owns, orphans that it adopts included.
    fn claim_pods(&mut self) {
        let selector = self.set.selector();
        for pod in self.state.pods.values() {
            let is_member = pod.parent_and_ordinal().is_some_and(|(parent, _)| parent == self.workload.name)
                && selector.matches(Some(&pod.labels));
            let mut owners = pod.owners.clone();
            match controller_of(&pod.owners) {
                Some(owner) if owner.uid != self.workload.uid => {}
                Some(_) if is_member => self.pods.push(Cow::Borrowed(pod)),
                _ if self.workload.deletion.is_some() => {}
                Some(_) => {
                    owners.retain(|owner| owner.uid != self.workload.uid);
                    self.events.push(Event::PodOwned { pod: pod.name.clone(), owners });
                }
                None if is_member && !pod.is_deleting() => {
                    owners.push(self.workload.as_owner());
                    self.events.push(Event::PodOwned { pod: pod.name.clone(), owners: owners.clone() });
                    self.pods.push(Cow::Owned(Pod { owners, ..pod.clone() }));
                }
                None => {}
            }
        }
    }

    /// `UpdateStatefulSet`.
    fn update(&mut self, adopted: &BTreeSet<Uid>) {
        let mut revisions: Vec<Revision> = self
            .state
            .revisions
            .iter()
            .filter(|revision| {
                matches_template(self.set.selector(), &revision.template)
                    && (adopted.contains(&revision.uid)
                        || controller_of(&revision.owners).is_none_or(|owner| owner.uid == self.workload.uid))
            })
            .cloned()
            .collect();
        revisions.sort_by_key(|revision| revision.number);
        let (current, update) = self.revisions(&revisions);
        let status = self.update_pods(&current, &update);
        self.write_status(status);
        self.truncate_history(&revisions, &current, &update);
    }

    fn old_status(&self) -> Option<&'a StatefulSetStatus> {
        match &self.workload.status {
            Some(Status::StatefulSet(status)) => Some(status),
            _ => None,
        }
    }

    /// `getStatefulSetRevisions`: the current and the update revision. A template that had a revision before gets that
    /// one again, as the newest.
    fn revisions(&mut self, revisions: &[Revision]) -> (Revision, Revision) {
        let next = revisions.last().map_or(1, |last| last.number + 1);
        let equal = revisions.iter().rev().find(|revision| revision.template == *self.template);
        let update = match (equal, revisions.last()) {
            (Some(_), Some(last)) if last.template == *self.template => last.clone(),
            (Some(equal), _) => {
                self.push_unless_deleted(Event::RevisionNumbered { revision: equal.uid, number: next });
                Revision { number: next, ..equal.clone() }
            }
            (None, _) => {
                let revision = Revision {
                    uid: self.new_uid(),
                    name: self.state.letter(WorkloadKind::StatefulSet, &self.workload.name, self.template),
                    of: (WorkloadKind::StatefulSet, self.workload.name.clone()),
                    number: next,
                    owners: vec![self.workload.as_owner()],
                    template: Arc::clone(self.template),
                };
                self.push_unless_deleted(Event::RevisionCreated(revision.clone()));
                revision
            }
        };
        let current = self.old_status().map_or("", |status| &status.current_revision);
        let current = revisions.iter().find(|revision| revision.name == current).unwrap_or(&update);
        (current.clone(), update)
    }

    /// The garbage collector deletes the revisions of a set that is being deleted. A server creates them again whenever it
    /// syncs the set until then; that has no effect and is left out.
    fn push_unless_deleted(&mut self, event: Event) {
        if self.workload.deletion.is_none() {
            self.events.push(event);
        }
    }

    /// `updateStatefulSet`.
    fn update_pods(&mut self, current: &Revision, update: &Revision) -> StatefulSetStatus {
        let mut status = StatefulSetStatus {
            observed_generation: self.workload.generation,
            current_revision: current.name.clone(),
            update_revision: update.name.clone(),
            ..StatefulSetStatus::default()
        };
        let (replicas, mut condemned) = self.partition_pods(current, update);
        condemned.sort_by_key(|replica| std::cmp::Reverse(ordinal(&replica.pod)));
        self.count(&mut status, &replicas, &condemned);
        if self.workload.deletion.is_some() {
            return status;
        }
        let is_parallel = self.is_parallel;
        let first_unavailable = replicas
            .iter()
            .chain(condemned.iter().rev())
            .find(|replica| self.is_unavailable(&replica.pod))
            .map(|replica| replica.pod.name.clone());
        let is_done = self.run_for_all(&replicas, is_parallel, Self::process_replica)
            && self.run_for_all(&condemned, is_parallel, Self::fix_claims)
            && self.run_for_all(&condemned, is_parallel, |sync, pod| {
                sync.process_condemned(pod, is_parallel, first_unavailable.as_deref())
            });
        if is_done && !self.set.is_on_delete() {
            let deleted = if self.state.max_unavailable_stateful_set {
                self.roll_several(&replicas, update)
            } else {
                self.roll_one(&replicas, update)
            };
            status.current_replicas -= deleted;
        }
        status
    }

    /// The pods that should be, missing ones filled in, and those that should not.
    fn partition_pods(
        &mut self,
        current: &Revision,
        update: &Revision,
    ) -> (Vec<Replica<'a>>, Vec<Replica<'a>>) {
        let ordinals = self.ordinals.clone();
        let mut slots: Vec<Option<Cow<'a, Pod>>> = ordinals.clone().map(|_| None).collect();
        let mut condemned = Vec::new();
        for pod in std::mem::take(&mut self.pods) {
            let ordinal = ordinal(&pod);
            match usize::try_from(ordinal - ordinals.start).ok().and_then(|index| slots.get_mut(index)) {
                Some(slot) => *slot = Some(pod),
                None => condemned.push(Replica { pod, is_stored: true }),
            }
        }
        // An ordered set gets no further than the first pod that is missing.
        let mut wanted = if self.is_parallel { usize::MAX } else { 1 };
        let replicas = slots.into_iter().zip(ordinals).filter_map(|(pod, ordinal)| match pod {
            Some(pod) => Some(Replica { pod, is_stored: true }),
            None if wanted == 0 => None,
            None => {
                wanted -= 1;
                let pod = Cow::Owned(self.new_pod(current, update, ordinal));
                Some(Replica { pod, is_stored: false })
            }
        });
        (replicas.collect(), condemned)
    }

    /// `newVersionedStatefulSetPod`: pods below the partition get the current revision.
    fn new_pod(&self, current: &Revision, update: &Revision, ordinal: i64) -> Pod {
        let first = self.set.first_ordinal();
        let is_below = if let Some(partition) = self.set.partition() {
            ordinal < first.saturating_add(partition)
        } else {
            let current = self.old_status().map_or(0, |status| status.current_replicas);
            !self.set.is_on_delete() && ordinal < first.saturating_add(current)
        };
        let revision = if is_below { current } else { update };
        let name = self.set.pod_name(ordinal);
        let labels = labels_with(
            &revision.template,
            &[
                ("statefulset.kubernetes.io/pod-name", &name),
                ("apps.kubernetes.io/pod-index", &ordinal.to_string()),
                ("controller-revision-hash", &format!("{}-{}", self.workload.name, revision.name)),
            ],
        );
        // Its uid is given when it is created.
        let mut pod = Pod::new(self.state.next_uid(0), name, &revision.template, self.now);
        pod.claims.splice(0..0, self.template_claims(ordinal).into_iter().map(|(name, _)| name));
        Pod { revision: revision.name.clone(), labels, owners: vec![self.workload.as_owner()], ..pod }
    }

    /// `updateStatus`, `computeReplicaStatus`.
    fn count(&self, status: &mut StatefulSetStatus, replicas: &[Replica<'_>], condemned: &[Replica<'_>]) {
        for Replica { pod, .. } in replicas.iter().chain(condemned).filter(|replica| replica.is_stored) {
            status.replicas += 1;
            if is_running_and_ready(pod) {
                status.ready_replicas += 1;
                status.available_replicas += i64::from(self.is_available(pod));
            }
            if !pod.is_deleting() {
                status.current_replicas += i64::from(pod.revision == status.current_revision);
                status.updated_replicas += i64::from(pod.revision == status.update_revision);
            }
        }
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.is_available(self.min_ready_seconds, self.now)
    }

    fn is_unavailable(&self, pod: &Pod) -> bool {
        !self.is_available(pod) || pod.is_deleting()
    }

    /// `runForAll`, `slowStartBatch`: one after the other until one stops the sync; in a parallel set in batches that
    /// double, until a request in one has failed. Returns whether the sync goes on.
    fn run_for_all(
        &mut self,
        pods: &[Replica<'_>],
        is_parallel: bool,
        mut process: impl FnMut(&mut Self, &Replica<'_>) -> Flow,
    ) -> bool {
        if !is_parallel {
            return pods.iter().all(|pod| matches!(process(self, pod), Flow::Continue));
        }
        let (mut rest, mut size) = (pods, 1);
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(size.min(rest.len()));
            let failed = batch.iter().filter(|pod| matches!(process(self, pod), Flow::Failed)).count();
            if failed > 0 {
                return false;
            }
            (rest, size) = (after, (2 * size).min(MAX_BATCH_SIZE));
        }
        true
    }

    /// `processReplica`.
    fn process_replica(&mut self, replica: &Replica<'_>) -> Flow {
        let pod = &replica.pod;
        let is_parallel = self.is_parallel;
        if replica.is_stored && pod.is_terminal() {
            self.events.extend(delete_pod(pod));
            return Flow::Exit;
        }
        if !replica.is_stored {
            if self.has_stale_claim(pod) {
                return Flow::Exit;
            }
            if !self.create_claims(pod) {
                return Flow::Failed;
            }
            if self.state.pod(&pod.name).is_some() {
                // A pod of another owner has the name until it is gone.
                return Flow::Failed;
            }
            let uid = self.new_uid();
            self.events.push(Event::PodCreated(Box::new(Pod { uid, ..Pod::clone(pod) })));
            self.update_claim_owners(replica);
            return if is_parallel { Flow::Continue } else { Flow::Exit };
        }
        if pod.phase == Phase::Pending {
            if !self.create_claims(pod) {
                return Flow::Failed;
            }
            self.update_claim_owners(replica);
        }
        let is_waiting = pod.is_deleting() || !is_running_and_ready(pod) || !self.is_available(pod);
        if is_waiting && !is_parallel {
            return Flow::Exit;
        }
        if !self.has_storage(pod) {
            // The claims are made; the pod's volumes cannot be changed (`UpdateStatefulPod`).
            self.create_claims(pod);
            return Flow::Failed;
        }
        self.update_claim_owners(replica);
        Flow::Continue
    }

    /// `fixPodClaim`.
    fn fix_claims(&mut self, replica: &Replica<'_>) -> Flow {
        self.update_claim_owners(replica);
        Flow::Continue
    }

    /// `processCondemned`: a scale-down deletes one pod, waits until it is gone, and goes on only while all others are
    /// available.
    fn process_condemned(
        &mut self,
        replica: &Replica<'_>,
        is_parallel: bool,
        first_unavailable: Option<&str>,
    ) -> Flow {
        let pod = &replica.pod;
        if pod.is_deleting() {
            return if is_parallel { Flow::Continue } else { Flow::Exit };
        }
        let is_healthy = is_running_and_ready(pod) && self.is_available(pod);
        if is_healthy || is_parallel || first_unavailable == Some(&pod.name) {
            self.events.extend(delete_pod(pod));
        }
        Flow::Exit
    }

    /// Deletes the pod with the highest ordinal that has an old revision, unless one above it is unavailable. Returns
    /// how many were deleted. A pod of an old revision is deleted even if it is not available, but one that has the
    /// update revision and never gets ready stops the rollout here.
    fn roll_one(&mut self, replicas: &[Replica<'_>], update: &Revision) -> i64 {
        for Replica { pod, .. } in self.above_partition(replicas) {
            if pod.revision != update.name && !pod.is_deleting() {
                self.events.extend(delete_pod(pod));
                return 1;
            }
            if self.is_unavailable(pod) {
                return 0;
            }
        }
        0
    }

    /// `updateStatefulSetAfterInvariantEstablished`: deletes pods of an old revision, highest ordinals first, while no
    /// more than `maxUnavailable` are unavailable.
    fn roll_several(&mut self, replicas: &[Replica<'_>], update: &Revision) -> i64 {
        let unavailable = replicas.iter().filter(|replica| self.is_unavailable(&replica.pod)).count();
        let allowed = self.set.max_unavailable() - i64::try_from(unavailable).unwrap_or(i64::MAX);
        let mut deleted = 0;
        for Replica { pod, .. } in self.above_partition(replicas) {
            if deleted < allowed && pod.revision != update.name && !pod.is_deleting() {
                self.events.extend(delete_pod(pod));
                deleted += 1;
            }
        }
        deleted
    }

    /// The pods that an update reaches, in its order.
    fn above_partition<'r>(
        &self,
        replicas: &'r [Replica<'r>],
    ) -> impl Iterator<Item = &'r Replica<'r>> + use<'r> {
        let first = usize::try_from(self.set.partition().unwrap_or_default()).unwrap_or(usize::MAX);
        replicas.get(first..).unwrap_or_default().iter().rev()
    }

    /// `updateStatefulSetStatus`, `completeRollingUpdate`, `inconsistentStatus`.
    fn write_status(&mut self, mut status: StatefulSetStatus) {
        let replicas = self.set.replicas();
        let counts = [status.updated_replicas, status.ready_replicas, status.replicas];
        if !self.set.is_on_delete() && counts.iter().all(|count| *count == replicas) {
            status.current_replicas = status.updated_replicas;
            status.current_revision.clone_from(&status.update_revision);
        }
        if self.old_status() != Some(&status) {
            self.events.push(Event::StatusChanged {
                workload: self.workload.uid,
                status: Box::new(Status::StatefulSet(status)),
            });
        }
    }

    /// `truncateHistory`: keeps the revisions that pods have, and the newest of the others.
    fn truncate_history(&mut self, revisions: &[Revision], current: &Revision, update: &Revision) {
        let is_live = |revision: &&Revision| {
            revision.name == current.name
                || revision.name == update.name
                || self.live_revisions().any(|live| live == revision.name)
        };
        let history: Vec<&Revision> = revisions.iter().filter(|revision| !is_live(revision)).collect();
        let Ok(limit) = usize::try_from(self.set.revision_history_limit()) else { return };
        for revision in history.iter().take(history.len().saturating_sub(limit)) {
            self.events.push(Event::RevisionGone { revision: revision.uid });
        }
    }

    fn live_revisions(&self) -> impl Iterator<Item = &str> {
        let pods = self.state.pods.values().filter(|pod| pod.is_controlled_by(self.workload.uid));
        pods.map(|pod| pod.revision.as_str())
    }

    /// The claims that the templates make for an ordinal (`getPersistentVolumeClaims`).
    fn template_claims(&self, ordinal: i64) -> Vec<(String, &'a Node)> {
        self.claim_templates.iter().map(|(prefix, root)| (format!("{prefix}{ordinal}"), *root)).collect()
    }

    /// `storageMatches`.
    fn has_storage(&self, pod: &Pod) -> bool {
        self.template_claims(ordinal(pod)).iter().all(|(name, _)| pod.claims.contains(name))
    }

    /// `createPersistentVolumeClaims`. Returns whether all claims are there.
    fn create_claims(&mut self, pod: &Pod) -> bool {
        let mut is_complete = true;
        for (name, template) in self.template_claims(ordinal(pod)) {
            match self.state.claims.get(&name) {
                None => {
                    let root = Arc::new(template.clone());
                    let claim = Claim { name, owners: Vec::new(), root, is_deleting: false };
                    self.events.push(Event::ClaimCreated(Box::new(claim)));
                }
                Some(claim) => is_complete &= !claim.is_deleting,
            }
        }
        is_complete
    }

    /// `PodClaimIsStale`: the claim belongs to the pod that had this name before, and goes with it.
    fn has_stale_claim(&self, pod: &Pod) -> bool {
        self.retention.when_scaled
            && self.template_claims(ordinal(pod)).iter().any(|(name, _)| {
                self.state
                    .claims
                    .get(name)
                    .is_some_and(|claim| names_other(&claim.owners, "Pod", &pod.name, None))
            })
    }

    /// `UpdatePodClaimForRetentionPolicy`.
    fn update_claim_owners(&mut self, replica: &Replica<'_>) {
        for (name, _) in self.template_claims(ordinal(&replica.pod)) {
            let before = self.owners_of(&name);
            if let Some(before) = before
                && let Some(owners) = self.corrected_owners(&before, replica)
            {
                self.events.push(Event::ClaimOwned { claim: name, owners });
            }
        }
    }

    /// The owners of a claim after what this sync has done so far; `None` if there is no such claim.
    fn owners_of(&self, claim: &str) -> Option<Vec<Owner>> {
        let new = self.events.iter().rev().find_map(|event| match event {
            Event::ClaimOwned { claim: name, owners } if name == claim => Some(owners),
            Event::ClaimCreated(created) if created.name == claim => Some(&created.owners),
            _ => None,
        });
        new.or_else(|| self.state.claims.get(claim).map(|claim| &claim.owners)).cloned()
    }

    /// The owners that a claim should have, if it has others (`isClaimOwnerUpToDate`,
    /// `updateClaimOwnerRefForSetAndPod`). A claim of an object that had the set's or the pod's name before is left
    /// alone.
    fn corrected_owners(&self, before: &[Owner], replica: &Replica<'_>) -> Option<Vec<Owner>> {
        let (pod, set) = (&replica.pod, self.workload);
        let is_stale = names_other(before, "StatefulSet", &set.name, Some(set.uid))
            || names_other(before, "Pod", &pod.name, replica.uid());
        if is_stale {
            return None;
        }
        let is_ours = |owner: &Owner| owner.uid == set.uid || Some(owner.uid) == replica.uid();
        let mut owners: Vec<Owner> = before.iter().filter(|owner| !is_ours(owner)).cloned().collect();
        let deletes = self.retention.when_deleted || self.retention.when_scaled;
        // With another controller the policy is not applied (`hasUnexpectedController`).
        if deletes && !owners.iter().any(|owner| owner.is_controller) {
            let is_scaled_down = !self.ordinals.contains(&ordinal(pod));
            if self.retention.when_scaled && is_scaled_down {
                owners.extend(replica.uid().map(|uid| Owner::controller("Pod", &pod.name, uid)));
            } else if self.retention.when_deleted {
                owners.push(set.as_owner());
            }
        }
        let is_same = owners.len() == before.len() && owners.iter().all(|owner| before.contains(owner));
        (!is_same).then_some(owners)
    }

    fn new_uid(&mut self) -> Uid {
        self.created += 1;
        self.state.next_uid(self.created - 1)
    }
}

/// `MaxBatchSize`.
const MAX_BATCH_SIZE: usize = 500;

fn ordinal(pod: &Pod) -> i64 {
    pod.parent_and_ordinal().map_or(-1, |(_, ordinal)| ordinal)
}

fn is_running_and_ready(pod: &Pod) -> bool {
    pod.phase == Phase::Running && pod.is_ready()
}

/// Whether the labels of a template, which a revision of it has, match a selector.
fn matches_template(selector: Selector<'_>, template: &Node) -> bool {
    selector.matches(views::Metadata::new(template).labels())
}

/// Whether an owner has that kind and name but another uid (`hasStaleOwnerRef`).
fn names_other(owners: &[Owner], kind: &str, name: &str, uid: Option<Uid>) -> bool {
    let owner = owners.iter().find(|owner| owner.kind == kind && owner.name == name);
    owner.is_some_and(|owner| Some(owner.uid) != uid)
}
