//! From a simulation to steps, rows and remarks.

use super::words::{happening, joined};
use super::{Condition, Happening, Outcome, PodRow, Rehearsal, Step, Stretch};
use crate::cluster::controllers::disruption::EvictionRefusal;
use crate::cluster::controllers::endpoints::endpoints;
use crate::cluster::controllers::{Event, Phase, Pod, PodName, Simulation, State, Workload, controller_of};
use crate::diff::{Driver, StoredObject};
use crate::k8s::views::{self, Claim, Metadata, Service, StatefulSet, WorkloadKind};
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Watches a simulation and notes down what becomes of it, step by step.
pub(super) struct Recorder {
    start: i64,
    /// How many entries of the timeline have been taken up.
    taken: usize,
    steps: Vec<Step>,
    rows: Vec<PodRow>,
    /// The rows of the pods that exist, by name.
    open: BTreeMap<String, usize>,
    evictions: Vec<Happening>,
    /// The Services, and which of them ever selected a pod.
    services: Vec<Arc<Node>>,
    in_use: BTreeSet<String>,
    budgets: Vec<String>,
    /// Claims that pods of two templates used at a time although only one node can attach them, with the workloads.
    shared: BTreeMap<String, BTreeSet<String>>,
}

impl Recorder {
    /// Begins with a simulation at rest.
    pub(super) fn new(simulation: &Simulation) -> Self {
        let mut recorder = Self {
            start: simulation.state.now.seconds,
            taken: 0,
            steps: Vec::new(),
            rows: Vec::new(),
            open: BTreeMap::new(),
            evictions: Vec::new(),
            services: Vec::new(),
            in_use: BTreeSet::new(),
            budgets: Vec::new(),
            shared: BTreeMap::new(),
        };
        for pod in simulation.state.pods.values().filter(|pod| !pod.is_terminal()) {
            recorder.begin(pod, true);
        }
        recorder
    }

    /// Notes an eviction that was asked for.
    pub(super) fn note_eviction(&mut self, pod: &str, refusal: Option<&EvictionRefusal>) {
        let object = format!("pod/{pod}");
        let (what, detail) = match refusal {
            None => ("evicted", String::new()),
            Some(EvictionRefusal::Budget { name, status }) if !status.is_failed => (
                "eviction-refused",
                format!(
                    "disruption budget {name} needs {} healthy {} and has {}",
                    status.desired_healthy,
                    if status.desired_healthy == 1 { "pod" } else { "pods" },
                    status.current_healthy
                ),
            ),
            Some(EvictionRefusal::Budget { name, .. }) => {
                ("eviction-refused", format!("disruption budget {name} cannot be computed"))
            }
            Some(_) => ("eviction-refused", "the pod has several disruption budgets".to_owned()),
        };
        self.evictions.push(Happening { what, object, detail });
    }

    /// Takes up what has happened since the last step as one step.
    pub(super) fn step(&mut self, simulation: &Simulation) {
        let state = &simulation.state;
        self.services.clone_from(&state.services);
        for service in &state.services {
            if state.selected(Service::new(service).selector()).next().is_some() {
                self.in_use.insert(Metadata::new(service).name().to_owned());
            }
        }
        self.budgets = state.budgets.iter().map(|budget| budget.name.clone()).collect();
        let entries = simulation.timeline.get(self.taken..).unwrap_or_default();
        self.taken = simulation.timeline.len();
        let mut events: Vec<Happening> = entries.iter().filter_map(|entry| happening(entry, state)).collect();
        for entry in entries {
            self.follow(&entry.event);
        }
        events.append(&mut self.evictions);
        self.note_shared_claims(state);
        let ready = state.pods.values().filter(|pod| pod.is_ready() && !pod.is_deleting()).count();
        let is_live = |pod: &&Pod| !pod.is_terminal();
        self.steps.push(Step {
            seconds: state.now.seconds - self.start,
            events,
            ready,
            pods: state.pods.values().filter(is_live).count(),
            wanted: wanted(state),
            endpoints: state.services.iter().map(|service| endpoint_count(state, service)).collect(),
            evictable: state.budgets.iter().map(allowed).collect(),
        });
    }

    /// How many seconds have passed until the last step.
    pub(super) fn seconds(&self) -> i64 {
        self.steps.last().map_or(0, |step| step.seconds)
    }

    fn begin(&mut self, pod: &Pod, is_old: bool) {
        let condition = if pod.is_ready() { Condition::Ready } else { Condition::Starting };
        let from = self.steps.len();
        self.open.insert(pod.name.clone(), self.rows.len());
        self.rows.push(PodRow {
            name: pod.name.clone(),
            revision: pod.revision.clone(),
            is_old,
            stretches: vec![Stretch { from, to: from, condition }],
        });
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::PodCreated(pod) => self.begin(pod, false),
            Event::PodReady { pod } => self.change(pod, Condition::Ready),
            Event::PodUnready { pod } | Event::PodFailed { pod } => self.change(pod, Condition::Unready),
            Event::PodSucceeded { pod } => self.change(pod, Condition::Finished),
            Event::PodDeleting { pod } => self.change(pod, Condition::Stopping),
            Event::PodGone { pod } => {
                let now = self.steps.len();
                if let Some(row) = self.open.remove(pod).and_then(|row| self.rows.get_mut(row))
                    && let Some(last) = row.stretches.last_mut()
                {
                    last.to = now;
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, pod: &str, condition: Condition) {
        let now = self.steps.len();
        if let Some(row) = self.open.get(pod).and_then(|row| self.rows.get_mut(*row))
            && let Some(last) = row.stretches.last_mut()
        {
            last.to = now;
            row.stretches.push(Stretch { from: now, to: now, condition });
        }
    }

    /// Notes the claims of one node that pods of several templates use at a time.
    fn note_shared_claims(&mut self, state: &State) {
        let mut users: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
        for pod in state.pods.values().filter(|pod| !pod.is_terminal()) {
            for claim in &pod.claims {
                users.entry(claim).or_default().push(pod);
            }
        }
        for (name, users) in users {
            let claim = state.claims.get(name).filter(|claim| Claim::new(&claim.root).is_exclusive());
            let (Some(_), Some(first)) = (claim, users.first()) else { continue };
            let is_of_other = |pod: &&&Pod| owner(pod) == owner(first) && pod.revision != first.revision;
            if users.len() > 1 && users.iter().any(|pod| is_of_other(&pod)) {
                self.shared.entry(name.to_owned()).or_default().insert(owner(first));
            }
        }
    }

    /// The rehearsal of a simulation that has ended.
    pub(super) fn finish(
        mut self,
        namespace: &str,
        simulation: &Simulation,
        objects: &[&StoredObject],
        driver: Driver,
    ) -> Rehearsal {
        let state = &simulation.state;
        let end = self.steps.len();
        for row in self.open.values() {
            if let Some(last) = self.rows.get_mut(*row).and_then(|row| row.stretches.last_mut()) {
                last.to = end;
                // What is still starting when nothing more happens never gets ready.
                if last.condition == Condition::Starting {
                    last.condition = Condition::Unready;
                }
            }
        }
        self.drop_unused_services();
        let remarks = self.remarks(state, objects, driver);
        let seconds = self.seconds();
        let mut rows = self.rows;
        for row in &mut rows {
            row.stretches.retain(|stretch| stretch.from < stretch.to);
        }
        rows.sort_by_key(|row| PodName::new(&row.name));
        let unready: Vec<String> = state
            .pods
            .values()
            .filter(|pod| !pod.is_ready() && !pod.is_terminal())
            .map(|pod| pod.name.clone())
            .collect();
        let is_endless = simulation.is_endless() || simulation.script.next_tick(state).is_some();
        let last = self.steps.last();
        let has_all = last.is_some_and(|last| last.ready >= last.wanted);
        Rehearsal {
            namespace: namespace.to_owned(),
            services: self.services.iter().map(|service| Metadata::new(service).name().to_owned()).collect(),
            budgets: self.budgets,
            steps: self.steps,
            pods: rows,
            outcome: Outcome {
                is_complete: has_all && unready.is_empty() && !is_endless,
                is_endless,
                is_rejected: objects.iter().any(|object| object.is_rejected),
                seconds,
                seconds_with_grace: seconds,
                unready,
            },
            remarks,
        }
    }

    /// Services that never select a pod have nothing to show.
    fn drop_unused_services(&mut self) {
        let names: Vec<&str> = self.services.iter().map(|service| Metadata::new(service).name()).collect();
        let is_kept: Vec<bool> = names.iter().map(|name| self.in_use.contains(*name)).collect();
        let keep = |index: usize| is_kept.get(index).copied().unwrap_or_default();
        for step in &mut self.steps {
            let counts = std::mem::take(&mut step.endpoints).into_iter().enumerate();
            step.endpoints = counts.filter(|(index, _)| keep(*index)).map(|(_, count)| count).collect();
        }
        let services = std::mem::take(&mut self.services).into_iter().enumerate();
        self.services = services.filter(|(index, _)| keep(*index)).map(|(_, service)| service).collect();
    }

    fn remarks(&self, state: &State, objects: &[&StoredObject], driver: Driver) -> Vec<String> {
        let mut remarks: Vec<String> =
            objects.iter().filter_map(|object| unapplied(object, driver)).collect();
        remarks.extend(self.services_without_endpoints());
        for (claim, workloads) in &self.shared {
            let workloads: Vec<&str> = workloads.iter().map(String::as_str).collect();
            remarks.push(format!(
                "{}: pods of the old and the new template use claim {claim} at the same time, but only one node can attach its volume (ReadWriteOnce); on another node the new pod waits until the old one is gone",
                joined(&workloads)
            ));
        }
        remarks.extend(blocking_pods(state));
        remarks.extend(state.workloads.iter().filter_map(|workload| outdated_pods(state, workload)));
        remarks
    }

    /// Services that lose all their endpoints on the way.
    fn services_without_endpoints(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (index, service) in self.services.iter().enumerate() {
            let count = |step: &Step| step.endpoints.get(index).copied().unwrap_or_default();
            let had = self.rows.iter().any(|row| row.is_old);
            let empty: Vec<usize> = self
                .steps
                .iter()
                .enumerate()
                .filter(|(_, step)| count(step) == 0)
                .map(|(step, _)| step)
                .collect();
            let is_ever_used = self.steps.iter().any(|step| count(step) > 0);
            if let (true, true, Some(first)) = (had, is_ever_used, empty.first()) {
                remarks.push(format!(
                    "service/{} has no endpoints in {} of {} steps, from step {first} on",
                    Metadata::new(service).name(),
                    empty.len(),
                    self.steps.len()
                ));
            }
        }
        remarks
    }
}

/// An object that is not as the new manifests say: rejected, or not among them.
fn unapplied(object: &StoredObject, driver: Driver) -> Option<String> {
    let reference = format!("{}/{}", object.kind.to_lowercase(), object.name);
    if object.is_rejected {
        let fate = if object.before.is_some() { "stays as it is" } else { "is not created" };
        return Some(format!(
            "the API server rejects the new manifest of {reference}: it {fate} (`plimsoll diff` says why)"
        ));
    }
    if let Some(why) = &object.unsent_because {
        return Some(format!("the new manifest of {reference} is not applied: {why}"));
    }
    let has_pods = WorkloadKind::from_group_kind(&object.group, &object.kind).is_some();
    (object.is_removed && object.after.is_some() && has_pods).then(|| {
        let command = driver.command();
        format!("{reference} is not in the new manifests: `{command}` does not delete it, and its pods keep running")
    })
}

/// The pods of a StatefulSet that keep the old template because its strategy says so.
fn outdated_pods(state: &State, workload: &Workload) -> Option<String> {
    let set = (workload.kind == WorkloadKind::StatefulSet).then(|| StatefulSet::new(&workload.root))?;
    let own = state.revisions.iter().filter(|revision| revision.of == (workload.kind, workload.name.clone()));
    let newest = own.max_by_key(|revision| revision.number)?;
    let is_outdated = |pod: &&Pod| pod.is_controlled_by(workload.uid) && pod.revision != newest.name;
    let old: Vec<&str> = state.pods.values().filter(is_outdated).map(|pod| pod.name.as_str()).collect();
    let why = if set.is_on_delete() {
        "updateStrategy OnDelete replaces pods only when they are deleted".to_owned()
    } else {
        let partition = set.partition().filter(|partition| *partition > 0)?;
        format!("the partition is {partition}")
    };
    let keep = if old.len() == 1 { "keeps" } else { "keep" };
    (!old.is_empty()).then(|| {
        format!("statefulset/{}: {} {keep} the old template, because {why}", workload.name, joined(&old))
    })
}

/// Pods that stop an ordered StatefulSet: as long as one is not ready, nothing after it is changed, a corrected template
/// included.
fn blocking_pods(state: &State) -> impl Iterator<Item = String> {
    let is_ordered = |uid| {
        state.workload(uid).is_some_and(|workload| {
            workload.kind == WorkloadKind::StatefulSet && !StatefulSet::new(&workload.root).is_parallel()
        })
    };
    let unready = state.pods.values().filter(|pod| !pod.is_ready() && !pod.is_terminal());
    let blocking =
        unready.filter(move |pod| controller_of(&pod.owners).is_some_and(|owner| is_ordered(owner.uid)));
    blocking.map(|pod| {
        format!(
            "{name} blocks its StatefulSet (podManagementPolicy OrderedReady): a corrected template does not replace it; apply the template, then delete the pod",
            name = pod.name
        )
    })
}

/// The workload that a pod belongs to in the end: of a ReplicaSet the Deployment that made it.
fn owner(pod: &Pod) -> String {
    controller_of(&pod.owners).map_or_else(String::new, |owner| {
        match (owner.kind, owner.name.rsplit_once('-')) {
            ("ReplicaSet", Some((name, letter))) if letter == pod.revision => format!("deployment/{name}"),
            (kind, _) => format!("{}/{}", kind.to_lowercase(), owner.name),
        }
    })
}

/// How many pods the workloads should have, Jobs aside.
fn wanted(state: &State) -> usize {
    let number = |replicas: i64| usize::try_from(replicas).unwrap_or_default();
    let workloads = state.workloads.iter().map(|workload| match workload.kind {
        WorkloadKind::DaemonSet => state.nodes.len(),
        kind => views::Workload::new(kind, &workload.root).replicas().map_or(0, number),
    });
    let sets = state.replica_sets.iter().filter(|set| set.of.is_empty()).map(|set| number(set.replicas));
    let pods =
        state.pods.values().filter(|pod| pod.owners.is_empty() && pod.phase != Phase::Succeeded).count();
    workloads.chain(sets).sum::<usize>() + pods
}

fn endpoint_count(state: &State, service: &Node) -> usize {
    endpoints(state, Service::new(service)).iter().filter(|endpoint| endpoint.is_ready).count()
}

fn allowed(budget: &crate::cluster::controllers::Budget) -> i64 {
    budget.status.as_ref().map_or(0, |status| status.disruptions_allowed)
}
