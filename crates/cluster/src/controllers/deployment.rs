//! The Deployment controller (`pkg/controller/deployment`).

use super::event::{Event, Note};
use super::state::{ReplicaSet, ReplicaSetStatus, State, Uid, Workload, controller_of};
use super::status::{Condition, DeploymentStatus, Status};
use plimsoll_kube::views::{self, WorkloadKind};
use plimsoll_yaml::{Map, Node};
use std::cmp::Reverse;
use std::sync::Arc;

/// One sync of a Deployment (`syncDeployment`): what the controller does about the state it sees.
pub fn step(state: &State, workload: &Workload) -> Vec<Event> {
    let mut sync = Sync::new(state, workload);
    sync.claim_replica_sets();
    sync.run();
    sync.events
}

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const NEW_REPLICA_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

struct Sync<'a> {
    state: &'a State,
    workload: &'a Workload,
    deployment: views::Deployment<'a>,
    template: &'a Arc<Node>,
    /// The ReplicaSets, oldest first, as this sync leaves them.
    sets: Vec<ReplicaSet>,
    /// The status as this sync has it.
    status: DeploymentStatus,
    /// Whether the status was written before the end. The write at the end is then refused as a conflict, because it
    /// still names the version that was read, and the Deployment is synced once more.
    has_written: bool,
    events: Vec<Event>,
}

impl<'a> Sync<'a> {
    fn new(state: &'a State, workload: &'a Workload) -> Self {
        let deployment = views::Deployment::new(&workload.root);
        let status = match &workload.status {
            Some(Status::Deployment(status)) => status.clone(),
            _ => DeploymentStatus::default(),
        };
        Self {
            state,
            workload,
            deployment,
            template: &workload.template,
            sets: Vec::new(),
            status,
            has_written: false,
            events: Vec::new(),
        }
    }

    /// `getReplicaSetsForDeployment`.
    fn claim_replica_sets(&mut self) {
        let selector = self.deployment.selector();
        for set in &self.state.replica_sets {
            let is_selected = selector.matches(views::Metadata::new(&set.template).labels());
            let mut set = set.clone();
            match controller_of(&set.owners) {
                Some(owner) if owner.uid != self.workload.uid => continue,
                Some(_) if is_selected => {}
                Some(_) => {
                    if self.workload.deletion.is_none() {
                        set.owners.retain(|owner| owner.uid != self.workload.uid);
                        self.events.push(Event::ReplicaSetOwned { replica_set: set.uid, owners: set.owners });
                    }
                    continue;
                }
                None => {
                    if !is_selected || self.workload.deletion.is_some() || set.is_deleting {
                        continue;
                    }
                    set.owners.push(self.workload.as_owner());
                    let owners = set.owners.clone();
                    self.events.push(Event::ReplicaSetOwned { replica_set: set.uid, owners });
                }
            }
            self.sets.push(set);
        }
    }

    fn run(&mut self) {
        if self.workload.deletion.is_some() {
            let status = self.computed_status();
            self.write_status(status);
            return;
        }
        self.note_pause();
        if self.note_newest() {
            return;
        }
        if self.deployment.is_paused() || self.is_scaling_event() {
            self.scale();
            if self.deployment.is_paused() {
                self.clean_up();
            }
            let status = self.computed_status();
            self.write_status(status);
        } else {
            if self.deployment.is_recreate() {
                self.roll_out_recreate();
            } else {
                self.roll_out_rolling();
            }
            self.sync_rollout_status();
        }
    }

    /// `checkPausedConditions`.
    fn note_pause(&mut self) {
        if self.deployment.progress_deadline().is_none() {
            return;
        }
        let reason = self.status.condition(PROGRESSING).map_or("", |condition| condition.reason);
        if reason == TIMED_OUT {
            return;
        }
        let new_reason = match (self.deployment.is_paused(), reason == PAUSED) {
            (true, false) => PAUSED,
            (false, true) => "DeploymentResumed",
            _ => return,
        };
        self.set_condition(PROGRESSING, "Unknown", new_reason);
        self.write_early();
    }

    /// The part of `getNewReplicaSet` that updates what is noted on the newest ReplicaSet and on the Deployment. Returns
    /// whether the sync ends here: the ReplicaSet was changed, so that the next sync must read it again.
    fn note_newest(&mut self) -> bool {
        let Some(newest) = self.newest().map(|index| &self.sets[index]) else { return false };
        let revision = self.highest_old_revision() + 1;
        let mut note = newest.note;
        note.revision = note.revision.max(revision);
        note.min_ready_seconds = self.deployment.min_ready_seconds();
        if note != newest.note {
            self.events.push(Event::ReplicaSetNoted { replica_set: newest.uid, note });
            return true;
        }
        let mut is_changed = self.status.revision != note.revision;
        self.status.revision = note.revision;
        if self.deployment.progress_deadline().is_some() && self.status.condition(PROGRESSING).is_none() {
            self.set_condition(PROGRESSING, "True", "FoundNewReplicaSet");
            is_changed = true;
        }
        if is_changed {
            self.write_early();
        }
        false
    }

    /// The ReplicaSet with the template of the Deployment (`FindNewReplicaSet`).
    fn newest(&self) -> Option<usize> {
        self.sets.iter().position(|set| set.template == *self.template)
    }

    fn newest_uid(&self) -> Option<Uid> {
        self.newest().map(|index| self.sets[index].uid)
    }

    /// The places of the other ReplicaSets, oldest first.
    fn old(&self) -> Vec<usize> {
        let newest = self.newest();
        (0..self.sets.len()).filter(|index| Some(*index) != newest).collect()
    }

    /// `MaxRevision` of the old ReplicaSets.
    fn highest_old_revision(&self) -> i64 {
        self.old().into_iter().map(|index| self.sets[index].note.revision).max().unwrap_or_default()
    }

    /// The part of `getNewReplicaSet` that creates one.
    fn create_newest(&mut self) -> usize {
        let letter = self.state.letter(WorkloadKind::Deployment, &self.workload.name, self.template);
        let revision = self.highest_old_revision() + 1;
        let set = ReplicaSet {
            uid: self.state.next_uid(0),
            name: format!("{}-{letter}", self.workload.name),
            letter,
            of: self.workload.name.clone(),
            owners: vec![self.workload.as_owner()],
            template: Arc::clone(self.template),
            selector: Arc::new(
                self.workload
                    .root
                    .at(&["spec", "selector"])
                    .cloned()
                    .unwrap_or_else(|| Node::bare(Map::new())),
            ),
            replicas: self.new_replicas(0),
            note: Note {
                revision,
                desired: self.deployment.replicas(),
                max: self.deployment.replicas() + self.deployment.max_surge(),
                min_ready_seconds: self.deployment.min_ready_seconds(),
            },
            generation: 1,
            is_deleting: false,
            status: ReplicaSetStatus::default(),
        };
        self.events.push(Event::ReplicaSetCreated(Box::new(set.clone())));
        self.sets.push(set);
        self.status.revision = revision;
        if self.deployment.progress_deadline().is_some() {
            self.set_condition(PROGRESSING, "True", "NewReplicaSetCreated");
        }
        self.write_early();
        self.sets.len() - 1
    }

    /// `NewRSNewReplicas`: how many replicas the newest ReplicaSet gets, which has `current` of them.
    fn new_replicas(&self, current: i64) -> i64 {
        let replicas = self.deployment.replicas();
        if self.deployment.is_recreate() {
            return replicas;
        }
        let room = replicas + self.deployment.max_surge() - self.total_replicas();
        if room <= 0 { current } else { current + room.min(replicas - current) }
    }

    /// `GetReplicaCountForReplicaSets`.
    fn total_replicas(&self) -> i64 {
        self.sets.iter().map(|set| set.replicas).sum()
    }

    /// `GetAvailableReplicaCountForReplicaSets`.
    fn available_replicas(&self) -> i64 {
        self.sets.iter().map(|set| set.status.available).sum()
    }

    /// `rolloutRolling`.
    fn roll_out_rolling(&mut self) {
        let newest = self.newest().unwrap_or_else(|| self.create_newest());
        if self.scale_newest(newest) || self.scale_old(newest) {
            return;
        }
        if self.is_complete(&self.status) {
            self.clean_up();
        }
    }

    /// `reconcileNewReplicaSet`.
    fn scale_newest(&mut self, newest: usize) -> bool {
        let (current, wanted) = (self.sets[newest].replicas, self.deployment.replicas());
        match current.cmp(&wanted) {
            std::cmp::Ordering::Equal => false,
            std::cmp::Ordering::Greater => self.scale_to(newest, wanted, false),
            std::cmp::Ordering::Less => {
                let replicas = self.new_replicas(current);
                self.scale_to(newest, replicas, false)
            }
        }
    }

    /// `reconcileOldReplicaSets`.
    fn scale_old(&mut self, newest: usize) -> bool {
        let active: Vec<usize> =
            self.old().into_iter().filter(|index| self.sets[*index].replicas > 0).collect();
        if active.is_empty() {
            return false;
        }
        let least_available = self.deployment.replicas() - self.deployment.max_unavailable();
        let new_unavailable = self.sets[newest].replicas - self.sets[newest].status.available;
        let limit = self.total_replicas() - least_available - new_unavailable;
        if limit <= 0 {
            return false;
        }
        let cleaned = self.clean_up_unhealthy(&active, limit);
        let scaled = self.scale_down_available(&active, least_available);
        cleaned + scaled > 0
    }

    /// `cleanupUnhealthyReplicas`.
    fn clean_up_unhealthy(&mut self, active: &[usize], limit: i64) -> i64 {
        let mut total = 0;
        for &index in active {
            let (replicas, available) = (self.sets[index].replicas, self.sets[index].status.available);
            let count = (limit - total).min(replicas - available);
            if total < limit && replicas > 0 && replicas != available {
                self.scale_to(index, replicas - count, false);
                total += count;
            }
        }
        total
    }

    /// `scaleDownOldReplicaSetsForRollingUpdate`.
    fn scale_down_available(&mut self, active: &[usize], least_available: i64) -> i64 {
        let surplus = self.available_replicas() - least_available;
        let mut total = 0;
        for &index in active {
            let replicas = self.sets[index].replicas;
            let count = replicas.min(surplus - total);
            if total < surplus && replicas > 0 {
                self.scale_to(index, replicas - count, false);
                total += count;
            }
        }
        total
    }

    /// `rolloutRecreate`.
    fn roll_out_recreate(&mut self) {
        let mut is_scaled = false;
        for index in self.old() {
            is_scaled |= self.scale_to(index, 0, false);
        }
        if is_scaled || self.has_old_pods() {
            return;
        }
        let newest = self.newest().unwrap_or_else(|| self.create_newest());
        self.scale_to(newest, self.deployment.replicas(), false);
        if self.is_complete(&self.status) {
            self.clean_up();
        }
    }

    /// `oldPodsRunning`.
    fn has_old_pods(&self) -> bool {
        let old: Vec<&ReplicaSet> = self.old().into_iter().map(|index| &self.sets[index]).collect();
        old.iter().any(|set| set.status.replicas > 0)
            || self
                .state
                .pods
                .values()
                .any(|pod| !pod.is_terminal() && old.iter().any(|set| pod.is_controlled_by(set.uid)))
    }

    /// `isScalingEvent`.
    fn is_scaling_event(&self) -> bool {
        let wanted = self.deployment.replicas();
        self.sets.iter().any(|set| set.replicas > 0 && set.note.desired != wanted)
    }

    /// `scale`: with several active ReplicaSets, in proportion to their sizes.
    fn scale(&mut self) {
        let replicas = self.deployment.replicas();
        let active: Vec<usize> =
            (0..self.sets.len()).filter(|index| self.sets[*index].replicas > 0).collect();
        let only = match active.as_slice() {
            [] => self.newest().or_else(|| self.old().last().copied()),
            [only] => Some(*only),
            _ => None,
        };
        if let Some(only) = only {
            self.scale_to(only, replicas, false);
        } else if self.is_saturated() {
            for index in self.old() {
                self.scale_to(index, 0, false);
            }
        } else if !self.deployment.is_recreate() {
            self.scale_in_proportion(active);
        }
    }

    /// `IsSaturated`.
    fn is_saturated(&self) -> bool {
        let replicas = self.deployment.replicas();
        self.newest().is_some_and(|index| {
            let set = &self.sets[index];
            set.replicas == replicas && set.note.desired == replicas && set.status.available == replicas
        })
    }

    fn scale_in_proportion(&mut self, mut active: Vec<usize>) {
        let replicas = self.deployment.replicas();
        let allowed = if replicas > 0 { replicas + self.deployment.max_surge() } else { 0 };
        let to_add = allowed - self.total_replicas();
        // `ReplicaSetsBySizeNewer` and `ReplicaSetsBySizeOlder`; places are by age.
        if to_add > 0 {
            active.sort_by_key(|index| (Reverse(self.sets[*index].replicas), Reverse(*index)));
        } else {
            active.sort_by_key(|index| (Reverse(self.sets[*index].replicas), *index));
        }
        let mut added = 0;
        let mut sizes = Vec::new();
        for &index in &active {
            let share = self.proportion(&self.sets[index], to_add, added);
            sizes.push(self.sets[index].replicas + share);
            added += share;
        }
        if let Some(first) = sizes.first_mut().filter(|_| to_add != 0) {
            *first = (*first + to_add - added).max(0);
        }
        for (index, size) in active.into_iter().zip(sizes) {
            self.scale_to(index, size, true);
        }
    }

    /// `GetReplicaSetProportion`, `getReplicaSetFraction`.
    fn proportion(&self, set: &ReplicaSet, to_add: i64, added: i64) -> i64 {
        if set.replicas == 0 || to_add == 0 || to_add == added {
            return 0;
        }
        let replicas = self.deployment.replicas();
        let before = if set.note.max == 0 { self.status.replicas } else { set.note.max };
        let fraction = if replicas == 0 {
            -set.replicas
        } else if before == 0 {
            0
        } else {
            let max = replicas + self.deployment.max_surge();
            // Rounded to the nearest, halves up.
            (2 * set.replicas * max + before).div_euclid(2 * before) - set.replicas
        };
        if to_add > 0 { fraction.min(to_add - added) } else { fraction.max(to_add - added) }
    }

    /// `scaleReplicaSet`. Returns whether the number of replicas changed.
    fn scale_to(&mut self, index: usize, replicas: i64, is_forced: bool) -> bool {
        let (desired, surge) = (self.deployment.replicas(), self.deployment.max_surge());
        let set = &mut self.sets[index];
        let is_resized = set.replicas != replicas;
        if !is_resized && !is_forced {
            return false;
        }
        let note = Note { desired, max: desired + surge, ..set.note };
        if note != set.note {
            set.note = note;
            self.events.push(Event::ReplicaSetNoted { replica_set: set.uid, note });
        }
        if is_resized {
            self.events.push(Event::ReplicaSetScaled {
                replica_set: set.uid,
                from: set.replicas,
                to: replicas,
            });
            set.replicas = replicas;
            set.generation += 1;
        }
        is_resized
    }

    /// `cleanupDeployment`.
    fn clean_up(&mut self) {
        let Some(limit) = self.deployment.revision_history_limit() else { return };
        let mut old: Vec<&ReplicaSet> = self.old().into_iter().map(|index| &self.sets[index]).collect();
        old.retain(|set| !set.is_deleting);
        old.sort_by_key(|set| set.note.revision);
        let surplus = old.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        for set in old.into_iter().take(surplus) {
            let is_used = set.status.replicas != 0
                || set.replicas != 0
                || set.generation > set.status.observed_generation;
            if !is_used {
                self.events.push(Event::ReplicaSetGone { replica_set: set.uid });
            }
        }
    }

    /// `calculateStatus`.
    fn computed_status(&self) -> DeploymentStatus {
        let sum = |count: fn(&ReplicaSetStatus) -> i64| self.sets.iter().map(|set| count(&set.status)).sum();
        let available: i64 = self.available_replicas();
        let newest = self.newest_uid().and_then(|uid| self.sets.iter().find(|set| set.uid == uid));
        let mut status = DeploymentStatus {
            observed_generation: self.workload.generation,
            replicas: sum(|status| status.replicas),
            updated_replicas: newest.map_or(0, |set| set.status.replicas),
            ready_replicas: sum(|status| status.ready),
            available_replicas: available,
            unavailable_replicas: (self.total_replicas() - available).max(0),
            terminating_replicas: sum(|status| status.terminating),
            revision: self.status.revision,
            conditions: self.status.conditions.clone(),
        };
        let is_available = available >= self.deployment.replicas() - self.deployment.max_unavailable();
        let (word, reason) = if is_available {
            ("True", "MinimumReplicasAvailable")
        } else {
            ("False", "MinimumReplicasUnavailable")
        };
        status.set_condition(self.condition(AVAILABLE, word, reason));
        status
    }

    /// `syncRolloutStatus`.
    fn sync_rollout_status(&mut self) {
        let mut status = self.computed_status();
        let current = self.status.condition(PROGRESSING).cloned();
        if self.deployment.progress_deadline().is_none() {
            status.remove_condition(PROGRESSING);
        }
        let is_finished = status.replicas == status.updated_replicas
            && current.as_ref().is_some_and(|condition| condition.reason == NEW_REPLICA_SET_AVAILABLE);
        if let Some(deadline) = self.deployment.progress_deadline().filter(|_| !is_finished) {
            if self.is_complete(&status) {
                status.set_condition(self.condition(PROGRESSING, "True", NEW_REPLICA_SET_AVAILABLE));
            } else if self.has_progressed(&status) {
                if current.is_some() {
                    status.remove_condition(PROGRESSING);
                }
                status.set_condition(self.condition(PROGRESSING, "True", "ReplicaSetUpdated"));
            } else if self.is_timed_out(&status, deadline) {
                status.set_condition(self.condition(PROGRESSING, "False", TIMED_OUT));
            }
        }
        self.write_status(status);
    }

    /// `DeploymentComplete`.
    fn is_complete(&self, status: &DeploymentStatus) -> bool {
        let replicas = self.deployment.replicas();
        let counts = [status.updated_replicas, status.replicas, status.available_replicas];
        counts.iter().all(|count| *count == replicas)
            && status.observed_generation >= self.workload.generation
    }

    /// `DeploymentProgressing`.
    fn has_progressed(&self, status: &DeploymentStatus) -> bool {
        let before = &self.status;
        status.updated_replicas > before.updated_replicas
            || status.replicas - status.updated_replicas < before.replicas - before.updated_replicas
            || status.ready_replicas > before.ready_replicas
            || status.available_replicas > before.available_replicas
    }

    /// `DeploymentTimedOut`.
    fn is_timed_out(&self, status: &DeploymentStatus, deadline: i64) -> bool {
        status.condition(PROGRESSING).is_some_and(|condition| match condition.reason {
            NEW_REPLICA_SET_AVAILABLE => false,
            TIMED_OUT => true,
            _ => condition.updated.saturating_add(deadline) < self.state.now.seconds,
        })
    }

    fn condition(&self, kind: &'static str, status: &'static str, reason: &'static str) -> Condition {
        Condition { kind, status, reason, updated: self.state.now.seconds }
    }

    fn set_condition(&mut self, kind: &'static str, status: &'static str, reason: &'static str) {
        let condition = self.condition(kind, status, reason);
        self.status.set_condition(condition);
    }

    /// Writes the status as it is in the middle of a sync.
    fn write_early(&mut self) {
        self.has_written = true;
        self.push_status(self.status.clone());
    }

    /// Writes the status at the end of a sync.
    fn write_status(&mut self, status: DeploymentStatus) {
        if !self.has_written && status != self.status {
            self.push_status(status);
        }
    }

    fn push_status(&mut self, status: DeploymentStatus) {
        let status = Box::new(Status::Deployment(status));
        self.events.push(Event::StatusChanged { workload: self.workload.uid, status });
    }
}
