//! An upgrade, rehearsed: the old objects at rest, the new manifests applied, then step by step what the controllers and
//! the pods do until everything is at rest again.
//!
//! [`rehearse`] runs it on the simulated controllers of `crates/cluster`; [`table`], [`json`], [`svg`] and [`html`] show
//! it. A step is a moment at which something happens. Its time is a lower bound: pods are ready as early as their probes
//! allow.

mod html;
mod json;
mod record;
mod scenario;
mod svg;
mod table;
mod words;

pub use html::html;
pub use json::json;
pub use scenario::scenario_table;
pub use svg::svg;
pub use table::table;

use crate::cluster::controllers::disruption::{EvictionRefusal, evict};
use crate::cluster::controllers::{Cascade, Event, Pace, Script, Simulation, State, request};
use crate::diag::{Diagnostic, nearest};
use crate::diff::{self, StoredObject};
use crate::k8s::gates::{Feature, gate};
use crate::k8s::views::{self, WorkloadKind};
use crate::limits::Activity;
use crate::manifest::Object;
use record::Recorder;
use std::collections::BTreeSet;

/// How many pods the workloads of one namespace may have together.
pub const MAX_PODS: i64 = crate::cluster::scenario::MAX_PODS;

/// What is assumed about the cluster, and what happens besides the upgrade.
#[derive(Debug, Clone)]
pub struct Options {
    /// How the old and the new manifests are compared and applied.
    pub diff: diff::Options,
    /// Pods that never get ready once the upgrade has begun.
    pub failing: Vec<String>,
    /// Pods whose eviction is asked for as soon as the upgrade has begun.
    pub evictions: Vec<String>,
    /// On how many nodes DaemonSets run pods.
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { diff: diff::Options::default(), failing: Vec::new(), evictions: Vec::new(), nodes: 3 }
    }
}

/// What an upgrade does in one namespace, step by step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rehearsal {
    /// The namespace.
    pub namespace: String,
    /// The Services that select pods.
    pub services: Vec<String>,
    /// The disruption budgets.
    pub budgets: Vec<String>,
    /// The steps; the first is the upgrade itself.
    pub steps: Vec<Step>,
    /// The pods, in the order of their names, each with what it was from step to step.
    pub pods: Vec<PodRow>,
    /// How it ended.
    pub outcome: Outcome,
    /// What to know before the upgrade is applied.
    pub remarks: Vec<String>,
}

/// A moment at which something happens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// How many seconds after the upgrade it comes at the earliest.
    pub seconds: i64,
    /// What happens.
    pub events: Vec<Happening>,
    /// Pods that are ready and not asked to stop, after it.
    pub ready: usize,
    /// Pods that exist, after it.
    pub pods: usize,
    /// How many pods the workloads should have.
    pub wanted: usize,
    /// How many endpoints each Service has, after it.
    pub endpoints: Vec<usize>,
    /// How many pods each disruption budget allows to evict, after it.
    pub evictable: Vec<i64>,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What, in one word for programs: `pod-ready`, `claim-created`, ...
    pub what: &'static str,
    /// What it happens to: `pod/db-2`.
    pub object: String,
    /// What else there is to say: a revision, a size, numbers of replicas.
    pub detail: String,
}

/// A pod, from its creation to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodRow {
    /// Its name.
    pub name: String,
    /// The letter of its template; empty if it has none.
    pub revision: String,
    /// Whether it was there before the upgrade.
    pub is_old: bool,
    /// What it is, one stretch after the other.
    pub stretches: Vec<Stretch>,
}

/// Some steps during which a pod is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first step.
    pub from: usize,
    /// The step in which it changes; the number of all steps if it does not.
    pub to: usize,
    /// What the pod is.
    pub condition: Condition,
}

/// What a pod is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Created, not ready yet.
    Starting,
    /// Ready.
    Ready,
    /// Not ready for the rest of the rollout: no longer, or never.
    Unready,
    /// Asked to stop.
    Stopping,
    /// Stopped by itself.
    Finished,
}

impl Condition {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Unready => "unready",
            Self::Stopping => "stopping",
            Self::Finished => "finished",
        }
    }
}

/// How a rehearsal ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether all pods that should be there are ready at the end.
    pub is_complete: bool,
    /// Whether it was ended by a limit: it would not have come to rest.
    pub is_endless: bool,
    /// Whether the API server rejects any of the new manifests.
    pub is_rejected: bool,
    /// How many seconds it takes at least.
    pub seconds: i64,
    /// How many seconds it takes at least if every pod needs its whole grace period to stop.
    pub seconds_with_grace: i64,
    /// The pods that are not ready at the end.
    pub unready: Vec<String>,
}

/// Rehearses the upgrade from `old` to `new`, namespace by namespace. Namespaces in which there are no pods and nothing is
/// rejected are left out.
///
/// Errors: too many pods, or a pod of the options that does not exist.
pub fn rehearse(
    old: &[Object],
    new: &[Object],
    options: &Options,
) -> Result<Vec<Rehearsal>, Vec<Diagnostic>> {
    let _activity = Activity::begin("rehearsing the rollout".to_owned());
    let stored = diff::stored(old, new, &options.diff);
    let namespaces: BTreeSet<&str> = stored.iter().map(|object| object.namespace.as_str()).collect();
    let mut rehearsals = Vec::new();
    let mut errors = Vec::new();
    let mut known = BTreeSet::new();
    for namespace in namespaces {
        // What gets its name from the server (`generateName`) is not applied.
        let is_here = |object: &&StoredObject| object.namespace == namespace && !object.name.is_empty();
        let objects: Vec<&StoredObject> = stored.iter().filter(is_here).collect();
        if let Some(error) = too_many(namespace, &objects) {
            errors.push(error);
            continue;
        }
        let rehearsal = in_namespace(namespace, &objects, options);
        known.extend(rehearsal.pods.iter().map(|row| row.name.clone()));
        // What is rejected is said even if no pod is there.
        if !rehearsal.pods.is_empty() || rehearsal.outcome.is_rejected {
            rehearsals.push(rehearsal);
        }
    }
    for (flag, names) in [("--fail", &options.failing), ("--evict", &options.evictions)] {
        errors.extend(
            names.iter().filter(|name| !known.contains(*name)).map(|name| unknown(flag, name, &known)),
        );
    }
    if errors.is_empty() { Ok(rehearsals) } else { Err(errors) }
}

fn unknown(flag: &str, name: &str, known: &BTreeSet<String>) -> Diagnostic {
    let error = Diagnostic::error(format!("{flag}: there is no pod `{name}` in this rollout"));
    if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
        return error.help(format!("try `{near}`"));
    }
    let shown: Vec<&str> = known.iter().take(6).map(String::as_str).collect();
    let more = if known.len() > shown.len() { ", ..." } else { "" };
    error.help(format!("pods: {}{more}", shown.join(", ")))
}

/// The larger of what a namespace has before and after, if it is too much.
fn too_many(namespace: &str, objects: &[&StoredObject]) -> Option<Diagnostic> {
    let pods = objects.iter().fold(0_i64, |sum, object| {
        let kind = WorkloadKind::from_group_kind(&object.group, &object.kind);
        let replicas = [&object.before, &object.after].into_iter().flatten().filter_map(|root| {
            let workload = views::Workload::new(kind?, root);
            workload.replicas().or_else(|| views::Job::new(root).parallelism().into())
        });
        sum.saturating_add(replicas.max().unwrap_or_default())
    });
    (pods > MAX_PODS).then(|| {
        Diagnostic::error(format!("{pods} pods in namespace `{namespace}` are too many to rehearse"))
            .help(format!("rehearse with at most {MAX_PODS}: the order of steps is the same"))
    })
}

fn in_namespace(namespace: &str, objects: &[&StoredObject], options: &Options) -> Rehearsal {
    let run = |pace| run(objects, options, pace);
    let (simulation, recorder) = run(Pace::Earliest);
    let (_, with_grace) = run(Pace::FullGracePeriods);
    let mut rehearsal = recorder.finish(namespace, &simulation, objects, options.diff.driver);
    rehearsal.outcome.seconds_with_grace = with_grace.seconds();
    rehearsal
}

/// Runs the old objects to rest, applies the new ones, and runs on.
fn run(objects: &[&StoredObject], options: &Options, pace: Pace) -> (Simulation, Recorder) {
    let nodes = (0..options.nodes).map(|node| format!("node-{node}")).collect();
    let mut state = State::new(nodes);
    state.max_unavailable_stateful_set = gate(Feature::MaxUnavailableStatefulSet, options.diff.version);
    let mut simulation = Simulation::new(state, Script { pace, ..Script::default() });
    for object in objects {
        if let Some(before) = &object.before {
            let events = request::store(&simulation.state, &object.group, &object.kind, before);
            simulation.record(events);
        }
    }
    simulation.happen(Vec::new());
    simulation.run(None);
    simulation.timeline.clear();
    simulation.script.never_ready = options.failing.iter().cloned().collect();
    let mut recorder = Recorder::new(&simulation);
    apply(&mut simulation, objects);
    for pod in &options.evictions {
        match evict(&simulation.state, pod) {
            Ok(events) => {
                recorder.note_eviction(pod, None);
                simulation.happen(events);
            }
            Err(EvictionRefusal::NotFound) => {}
            Err(refusal) => recorder.note_eviction(pod, Some(&refusal)),
        }
    }
    recorder.step(&simulation);
    for _ in 0..crate::cluster::controllers::MAX_TICKS {
        if simulation.is_endless() || !simulation.tick() {
            break;
        }
        recorder.step(&simulation);
    }
    (simulation, recorder)
}

/// Stores the new manifests and deletes what left them, as the upgrade does.
fn apply(simulation: &mut Simulation, objects: &[&StoredObject]) {
    for object in objects {
        if object.is_recreated {
            let (group, kind, cascade) = (object.group.as_str(), object.kind.as_str(), Cascade::Background);
            let events = request::delete(&simulation.state, group, kind, &object.name, cascade);
            simulation.record(events);
        }
        let (state, group, kind) = (&simulation.state, object.group.as_str(), object.kind.as_str());
        let events: Vec<Event> = match (&object.before, &object.after) {
            (before, Some(after)) if before.as_ref() != Some(after) => {
                request::store(state, group, kind, after)
            }
            (Some(_), None) => request::delete(state, group, kind, &object.name, Cascade::Background),
            _ => continue,
        };
        simulation.record(events);
    }
    simulation.happen(Vec::new());
}
