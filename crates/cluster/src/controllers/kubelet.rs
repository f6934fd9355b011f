//! A scheduler and a kubelet that follow a script.
//!
//! They work in ticks, and only when the controllers are at rest. A pod that has no node is bound and runs one tick after
//! its creation, is ready `ready_ticks` ticks later, and is gone one tick after it was deleted. A pod of a Job succeeds one
//! tick after it was ready.

use super::event::Event;
use super::state::{Moment, Phase, Pod, State, controller_of};
use std::collections::BTreeSet;

/// What the pods do.
#[derive(Debug, Clone)]
pub struct Script {
    /// How many ticks after it started to run a pod is ready.
    pub ready_ticks: u32,
    /// Pods that never get ready.
    pub never_ready: BTreeSet<String>,
    /// Pods that no node has room for.
    pub unschedulable: BTreeSet<String>,
    /// Whether the images `app:never`, `app:crash`, `app:slow` and `app:late` decide how their pods behave.
    pub uses_scripted_images: bool,
    /// How seconds pass.
    pub pace: Pace,
}

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everything that can happen in a tick happens in it, and takes no time.
    Ticks,
    /// What takes the least time happens first: pods start as early as their probes allow, and stop as soon as their
    /// `preStop` hooks have slept.
    Earliest,
    /// The same, but pods need their whole grace period to stop.
    FullGracePeriods,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            ready_ticks: 1,
            never_ready: BTreeSet::new(),
            unschedulable: BTreeSet::new(),
            uses_scripted_images: false,
            pace: Pace::Ticks,
        }
    }
}

/// Something that happens to a pod unless something else happens first.
struct Due {
    /// The first tick in which it can happen.
    tick: u32,
    /// The first second in which it can happen.
    seconds: i64,
    event: Event,
}

/// How many ticks `app:slow` takes to get ready, and `app:late` to be no longer.
const SLOW_TICKS: u32 = 4;

impl Script {
    /// The next tick: its point in time and what happens in it. `None` if nothing will happen any more, unless a
    /// controller does something.
    pub fn next_tick(&self, state: &State) -> Option<(Moment, Vec<Event>)> {
        let due: Vec<Due> = state.pods.values().filter_map(|pod| self.due(state, pod)).collect();
        let tick = state.now.tick + 1;
        let first = due.iter().map(|due| due.seconds).min()?.max(state.now.seconds);
        let seconds = if self.pace == Pace::Ticks { state.now.seconds } else { first };
        let happens = |due: &Due| due.tick <= tick && (self.pace == Pace::Ticks || due.seconds <= seconds);
        let events = due.into_iter().filter(happens).map(|due| due.event).collect();
        Some((Moment { tick, seconds }, events))
    }

    /// What happens to a pod next.
    fn due(&self, state: &State, pod: &Pod) -> Option<Due> {
        let name = pod.name.clone();
        let after = |since: Moment, ticks: u32, seconds: i64, event: Event| {
            let tick = since.tick.saturating_add(ticks);
            Some(Due { tick, seconds: since.seconds.saturating_add(seconds), event })
        };
        if let Some(since) = pod.deleting_since {
            let template = pod.template();
            let seconds = match self.pace {
                Pace::Ticks => 0,
                Pace::Earliest => template.shutdown_seconds(),
                Pace::FullGracePeriods => template.termination_grace_period(),
            };
            return after(since, 1, seconds, Event::PodGone { pod: name });
        }
        if pod.is_terminal() {
            return None;
        }
        let Some(bound) = pod.bound else {
            let node = node_for(state, pod);
            let event = Event::PodBound { pod: name, node };
            return after(pod.created, 1, 0, event).filter(|_| !names(&self.unschedulable, pod));
        };
        let part = if self.uses_scripted_images { pod.image().strip_prefix("app:") } else { None };
        if pod.is_ready() {
            if is_of_job(pod) {
                return after(bound, self.ready_ticks + 1, 0, Event::PodSucceeded { pod: name });
            }
            let is_late = part == Some("late");
            return is_late
                .then(|| after(pod.created, SLOW_TICKS + 1, 0, Event::PodUnready { pod: name }))
                .flatten();
        }
        if part == Some("crash") && !pod.stays_unready {
            return after(bound, 1, 0, Event::PodCrashing { pod: name });
        }
        let is_never = part == Some("never")
            || names(&self.never_ready, pod)
            || pod.stays_unready
            || pod.phase != Phase::Running;
        let ticks = if part == Some("slow") { SLOW_TICKS } else { self.ready_ticks };
        let seconds = bound.seconds - pod.created.seconds + pod.template().startup_seconds();
        let event = Event::PodReady { pod: name };
        if is_never { None } else { after(pod.created, ticks.saturating_add(1), seconds, event) }
    }
}

/// Whether a list names a pod, by its name or its short name.
fn names(list: &BTreeSet<String>, pod: &Pod) -> bool {
    !list.is_empty() && (list.contains(&pod.name) || list.contains(&pod.short_name()))
}

fn is_of_job(pod: &Pod) -> bool {
    controller_of(&pod.owners).is_some_and(|owner| owner.kind == "Job")
}

/// Pods that are made for no particular node run on the first: no controller here tells nodes apart.
fn node_for(state: &State, pod: &Pod) -> String {
    let first = || state.nodes.first().cloned();
    pod.target_node.clone().or_else(first).unwrap_or_else(|| "node-0".to_owned())
}
