//! Runs a namespace: controllers and the scripted kubelet in turn.

use super::event::Event;
use super::kubelet::{Pace, Script};
use super::state::{Moment, State, Uid, Workload, controller_of};
use super::{claim_protection, daemon_set, deployment, disruption, garbage, job, replica_set, stateful_set};
use plimsoll_kube::views::{self, WorkloadKind};
use std::collections::BTreeMap;

/// How many ticks a phase may take. What has not come to rest by then will not.
pub const MAX_TICKS: u32 = 10_000;

/// How often the controllers may act without coming to rest.
const MAX_ROUNDS: usize = 10_000;

/// How many ticks a run may have altogether.
const MAX_TOTAL_TICKS: u32 = 100_000;

/// How many pods there may be at a time: more than any workload that was checked should have.
const MAX_LIVE_PODS: usize = 10_000;

/// How many events a run may record.
const MAX_EVENTS: usize = 1_000_000;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// What.
    pub event: Event,
    /// What it happened to, as it was before.
    pub subject: Subject,
}

/// What something happens to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its kind; empty if it does not exist.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The name of its revision, or its own if it is one.
    pub revision: String,
    /// A name that does not depend on chance: of a pod of a ReplicaSet `rsA.1`, of a DaemonSet `node-0-A.1`.
    pub short_name: String,
    /// Of a pod: whether it was ready.
    pub was_ready: bool,
}

/// What happened, in order.
pub type Timeline = Vec<Entry>;

/// A namespace that runs.
#[derive(Debug, Clone, Default)]
pub struct Simulation {
    /// Its objects.
    pub state: State,
    /// What its pods do.
    pub script: Script,
    /// What has happened.
    pub timeline: Timeline,
    /// Whether the controllers reached the limit of rounds without coming to rest.
    has_exceeded_rounds: bool,
    /// How many events there have been.
    recorded: usize,
    /// After how many events, and when, each controller has last looked at what it controls.
    synced: BTreeMap<Controlled, (usize, Moment)>,
}

/// What a controller looks at in one sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Controlled {
    Workload(Uid),
    Budget(usize),
    Owners,
    Claims,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing more happens.
    Rest,
    /// The number of ticks was reached.
    Interrupted,
    /// A limit was reached: it never comes to rest.
    Endless,
}

impl Simulation {
    /// A simulation of a state.
    pub fn new(state: State, script: Script) -> Self {
        Self { state, script, ..Self::default() }
    }

    /// Makes events happen, and lets the controllers react until they are at rest.
    pub fn happen(&mut self, events: Vec<Event>) {
        self.record(events);
        self.settle();
    }

    /// Lets time pass until everything is at rest, or `ticks` have passed. Returns how many have, and how it ended.
    pub fn run(&mut self, ticks: Option<u32>) -> (u32, End) {
        let limit = ticks.unwrap_or(MAX_TICKS);
        for passed in 0..=limit {
            if ticks == Some(passed) {
                return (passed, End::Interrupted);
            }
            if self.is_endless() {
                return (passed, End::Endless);
            }
            if !self.tick() {
                return (passed, End::Rest);
            }
        }
        (limit, End::Endless)
    }

    /// Whether a limit was reached: this will not come to rest.
    pub fn is_endless(&self) -> bool {
        self.has_exceeded_rounds
            || self.recorded >= MAX_EVENTS
            || self.state.now.tick >= MAX_TOTAL_TICKS
            || self.state.pods.len() > MAX_LIVE_PODS
            || plimsoll_limits::check().is_err()
    }

    /// One tick of the kubelet, and what the controllers make of it. Returns whether anything was left to happen.
    pub fn tick(&mut self) -> bool {
        let next = self.script.next_tick(&self.state);
        // Where seconds count, a pod may become available before the kubelet has anything to do.
        if self.script.pace != Pace::Ticks
            && let Some(seconds) = self.next_availability()
            && next.as_ref().is_none_or(|(at, _)| seconds <= at.seconds)
        {
            self.state.now = Moment { tick: self.state.now.tick + 1, seconds };
            self.settle();
            return true;
        }
        let Some((at, events)) = next else { return false };
        self.state.now = at;
        self.happen(events);
        true
    }

    /// Lets the controllers act until they are at rest. Without a pace this includes waiting for `minReadySeconds`.
    fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            if self.is_endless() {
                return;
            }
            if self.round() {
                continue;
            }
            match self.next_availability() {
                Some(seconds) if self.script.pace == Pace::Ticks => self.state.now.seconds = seconds,
                _ => return,
            }
        }
        self.has_exceeded_rounds = true;
    }

    /// Every controller syncs every object once, unless nothing has happened since it did so last. Returns whether
    /// anything happened.
    fn round(&mut self) -> bool {
        let before = self.timeline.len();
        let workloads: Vec<Uid> = self.state.workloads.iter().map(|workload| workload.uid).collect();
        for uid in workloads {
            self.sync(Controlled::Workload(uid), |state| {
                state.workload(uid).map(|workload| sync(state, workload))
            });
        }
        let sets: Vec<Uid> = self.state.replica_sets.iter().map(|set| set.uid).collect();
        for uid in sets {
            self.sync(Controlled::Workload(uid), |state| {
                state.replica_set(uid).map(|set| replica_set::step(state, set))
            });
        }
        for index in 0..self.state.budgets.len() {
            self.sync(Controlled::Budget(index), |state| {
                state.budgets.get(index).map(|budget| disruption::step(state, budget))
            });
        }
        self.sync(Controlled::Owners, |state| Some(garbage::step(state)));
        self.sync(Controlled::Claims, |state| Some(claim_protection::step(state)));
        self.timeline.len() > before
    }

    fn sync(&mut self, controlled: Controlled, step: impl FnOnce(&State) -> Option<Vec<Event>>) {
        let now = (self.recorded, self.state.now);
        if self.synced.insert(controlled, now) != Some(now)
            && let Some(events) = step(&self.state)
        {
            self.record(events);
        }
    }

    /// Makes events happen without letting the controllers react yet.
    pub fn record(&mut self, events: Vec<Event>) {
        for event in events {
            let subject = subject(&self.state, &event);
            self.state.apply(&event);
            self.recorded += 1;
            self.timeline.push(Entry { at: self.state.now, event, subject });
        }
    }

    /// The second in which the next ready pod becomes available.
    fn next_availability(&self) -> Option<i64> {
        let workloads = self.state.workloads.iter();
        let waits = workloads
            .map(|workload| views::Workload::new(workload.kind, &workload.root).min_ready_seconds())
            .chain(self.state.replica_sets.iter().map(|set| set.note.min_ready_seconds));
        if waits.max().unwrap_or_default() == 0 {
            return None;
        }
        let seconds = self.state.pods.values().filter_map(|pod| {
            let owner = controller_of(&pod.owners)?;
            let minimum = if let Some(set) = self.state.replica_set(owner.uid) {
                set.note.min_ready_seconds
            } else {
                let workload = self.state.workload(owner.uid)?;
                views::Workload::new(workload.kind, &workload.root).min_ready_seconds()
            };
            Some(pod.ready_since?.seconds.saturating_add(minimum))
        });
        seconds.filter(|seconds| *seconds > self.state.now.seconds).min()
    }
}

/// One sync of a workload by the controller of its kind.
fn sync(state: &State, workload: &Workload) -> Vec<Event> {
    match workload.kind {
        WorkloadKind::StatefulSet => stateful_set::step(state, workload),
        WorkloadKind::Deployment => deployment::step(state, workload),
        WorkloadKind::DaemonSet => daemon_set::step(state, workload),
        WorkloadKind::Job => job::step(state, workload),
        _ => Vec::new(),
    }
}

/// What an event happens to.
fn subject(state: &State, event: &Event) -> Subject {
    let workload = |uid| {
        let workload = state.workload(uid)?;
        let name = workload.name.clone();
        Some(Subject { kind: workload.kind.as_str(), short_name: name.clone(), name, ..Subject::default() })
    };
    let revision = |uid| {
        let revision = state.revision(uid)?;
        Some(Subject {
            kind: "ControllerRevision",
            name: format!("{}-{}", revision.of.1, revision.name),
            revision: revision.name.clone(),
            short_name: revision.name.clone(),
            was_ready: false,
        })
    };
    let replica_set = |uid| {
        let set = state.replica_set(uid)?;
        Some(Subject {
            kind: "ReplicaSet",
            name: set.name.clone(),
            revision: set.letter.clone(),
            short_name: set.letter.clone(),
            was_ready: false,
        })
    };
    let pod = |name: &str| state.pod(name).map(pod_subject);
    let named = |kind, name: &str| {
        Some(Subject { kind, name: name.to_owned(), short_name: name.to_owned(), ..Subject::default() })
    };
    let subject = match event {
        Event::WorkloadCreated(workload) => named(workload.kind.as_str(), &workload.name),
        Event::WorkloadChanged { workload: uid, .. }
        | Event::WorkloadDeleting { workload: uid, .. }
        | Event::WorkloadGone { workload: uid }
        | Event::StatusChanged { workload: uid, .. } => workload(*uid),
        Event::RevisionCreated(revision) => named("ControllerRevision", &revision.name),
        Event::RevisionNumbered { revision: uid, .. }
        | Event::RevisionOwned { revision: uid, .. }
        | Event::RevisionGone { revision: uid } => revision(*uid),
        Event::ReplicaSetCreated(set) => named("ReplicaSet", &set.name),
        Event::ReplicaSetScaled { replica_set: uid, .. }
        | Event::ReplicaSetNoted { replica_set: uid, .. }
        | Event::ReplicaSetStatus { replica_set: uid, .. }
        | Event::ReplicaSetOwned { replica_set: uid, .. }
        | Event::ReplicaSetDeleting { replica_set: uid }
        | Event::ReplicaSetGone { replica_set: uid } => replica_set(*uid),
        Event::PodCreated(pod) => Some(pod_subject(pod)),
        Event::PodBound { pod: name, .. }
        | Event::PodReady { pod: name }
        | Event::PodUnready { pod: name }
        | Event::PodCrashing { pod: name }
        | Event::PodFailed { pod: name }
        | Event::PodSucceeded { pod: name }
        | Event::PodDeleting { pod: name }
        | Event::PodGone { pod: name }
        | Event::PodOwned { pod: name, .. } => pod(name),
        Event::ClaimCreated(claim) => named("PersistentVolumeClaim", &claim.name),
        Event::ClaimOwned { claim, .. }
        | Event::ClaimChanged { claim, .. }
        | Event::ClaimDeleting { claim }
        | Event::ClaimGone { claim } => named("PersistentVolumeClaim", claim),
        Event::ServiceStored { service, .. } => named("Service", service),
        Event::BudgetStored { budget, .. } | Event::BudgetChanged { budget, .. } => {
            named("PodDisruptionBudget", budget)
        }
    };
    subject.unwrap_or_default()
}

fn pod_subject(pod: &super::state::Pod) -> Subject {
    Subject {
        kind: "Pod",
        name: pod.name.clone(),
        revision: pod.revision.clone(),
        short_name: pod.short_name(),
        was_ready: pod.is_ready(),
    }
}
