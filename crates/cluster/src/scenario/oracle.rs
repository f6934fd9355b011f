//! Events and phases as JSON, in the form in which rollouts of real controllers are recorded.

use super::run::{Answer, Outcome, Phase};
use crate::controllers::status::{
    DaemonSetStatus, DeploymentStatus, JobOutcome, JobStatus, StatefulSetStatus, Status,
};
use crate::controllers::{Budget, Claim, End, Entry, Event, Owner, Pod, State, Uid, Workload};
use plimsoll_kube::views::{self, WorkloadKind};
use plimsoll_yaml::Node;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Outcome {
    /// What happened as one JSON object: `events`, `phases`, `final` (the state of the last phase) and `stuck`.
    pub fn to_json(&self) -> Value {
        let phases: Vec<Value> = self.phases.iter().map(phase).collect();
        let last = phases.last().and_then(|phase| phase.get("state")).cloned().unwrap_or_default();
        let stuck = last.get("stuck").cloned().unwrap_or_default();
        json!({ "events": self.events(), "phases": phases, "final": last, "stuck": stuck })
    }

    fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        let mut actions = self.done.iter().zip(self.phases.iter().skip(1)).peekable();
        let mut writer = Writer::default();
        for (index, entry) in self.timeline.iter().enumerate() {
            while let Some((done, phase)) = actions.next_if(|(done, _)| done.before <= index) {
                events.push(action(done.tick, phase));
            }
            events.extend(writer.entry(entry));
        }
        events.extend(actions.map(|(done, phase)| action(done.tick, phase)));
        events
    }
}

/// An action as an event: without its body.
fn action(tick: u32, phase: &Phase) -> Value {
    let fields = phase.action.as_ref().and_then(Node::as_map).into_iter().flatten();
    let shown = fields.filter(|entry| entry.key != "body");
    let shown: Map<String, Value> = shown.map(|entry| (entry.key.clone(), json!(entry.value))).collect();
    json!([tick, "action", shown, phase.answer.code])
}

/// Remembers what events change, where the event alone does not say it.
#[derive(Default)]
struct Writer {
    generations: BTreeMap<Uid, i64>,
    numbers: BTreeMap<Uid, i64>,
}

impl Writer {
    /// The events that are recorded for an entry: none where only a status or a note changes.
    fn entry(&mut self, entry: &Entry) -> Vec<Value> {
        let tick = entry.at.tick;
        let subject = &entry.subject;
        let (name, revision) = (&subject.short_name, &subject.revision);
        let pod = |what: &str| vec![json!([tick, what, name, revision])];
        match &entry.event {
            Event::WorkloadCreated(workload) => {
                self.generations.insert(workload.uid, workload.generation);
                vec![json!([tick, "owner-created", workload.kind.as_str()])]
            }
            Event::WorkloadChanged { workload, generation, .. } => {
                let before = self.generations.insert(*workload, *generation);
                let is_new = before != Some(*generation);
                is_new.then(|| json!([tick, "owner-generation", generation])).into_iter().collect()
            }
            Event::WorkloadDeleting { workload, .. } => {
                let generation = self.generations.entry(*workload).or_insert(1);
                *generation += 1;
                vec![
                    json!([tick, "owner-generation", generation]),
                    json!([tick, "owner-deleting", subject.kind]),
                ]
            }
            Event::WorkloadGone { .. } => vec![json!([tick, "owner-gone", subject.kind])],
            Event::RevisionCreated(revision) => {
                self.numbers.insert(revision.uid, revision.number);
                vec![json!([tick, "revision-created", revision.name, revision.number])]
            }
            Event::RevisionNumbered { revision: uid, number } => {
                self.numbers.insert(*uid, *number);
                vec![json!([tick, "revision-changed", revision, number])]
            }
            Event::RevisionOwned { revision: uid, .. } => {
                vec![json!([tick, "revision-changed", revision, self.numbers.get(uid)])]
            }
            Event::RevisionGone { .. } => vec![json!([tick, "revision-gone", revision])],
            Event::ReplicaSetCreated(set) => vec![json!([tick, "rs-created", set.letter, set.replicas])],
            Event::ReplicaSetScaled { from, to, .. } => vec![json!([tick, "rs-scaled", name, from, to])],
            Event::ReplicaSetGone { .. } => vec![json!([tick, "rs-gone", name])],
            Event::PodCreated(pod) => vec![json!([tick, "pod-created", name, revision, pod.image()])],
            Event::PodReady { .. } => pod("pod-ready"),
            Event::PodUnready { .. } if subject.was_ready => pod("pod-unready"),
            Event::PodFailed { .. } => pod("pod-failed"),
            Event::PodSucceeded { .. } => pod("pod-succeeded"),
            Event::PodDeleting { .. } => pod("pod-deleting"),
            Event::PodGone { .. } => pod("pod-gone"),
            Event::PodOwned { owners, .. } => vec![json!([tick, "pod-owner", name, owner_words(owners)])],
            Event::ClaimCreated(claim) => {
                vec![json!([tick, "pvc-created", name, size(claim), owner_words(&claim.owners)])]
            }
            Event::ClaimOwned { owners, .. } => vec![json!([tick, "pvc-owner", name, owner_words(owners)])],
            Event::ClaimDeleting { .. } => vec![json!([tick, "pvc-deleting", name])],
            Event::ClaimGone { .. } => vec![json!([tick, "pvc-gone", name])],
            _ => Vec::new(),
        }
    }
}

/// The kinds of the owners, with a star at the one that manages the object.
fn owner_words(owners: &[Owner]) -> Vec<String> {
    let star = |owner: &Owner| if owner.is_controller { "*" } else { "" };
    owners.iter().map(|owner| format!("{}{}", owner.kind, star(owner))).collect()
}

fn size(claim: &Claim) -> String {
    views::Claim::new(&claim.root).size_text().to_owned()
}

fn phase(phase: &Phase) -> Value {
    let action = phase.action.as_ref().map_or_else(|| json!({ "do": "create-all" }), |node| json!(node));
    let result = match &phase.action {
        None => json!({ "code": phase.answer.code }),
        Some(_) => answer(&phase.answer),
    };
    json!({
        "action": action,
        "result": result,
        "ticks": phase.ticks,
        "cut_short": phase.end == End::Interrupted,
        "endless": phase.end == End::Endless,
        "state": state(phase),
    })
}

fn answer(answer: &Answer) -> Value {
    let causes: Vec<Value> = answer
        .causes
        .iter()
        .map(|cause| {
            let mut words = Map::new();
            for (key, word) in
                [("reason", &cause.reason), ("message", &cause.message), ("field", &cause.field)]
            {
                if !word.is_empty() {
                    words.insert(key.to_owned(), json!(word));
                }
            }
            Value::Object(words)
        })
        .collect();
    json!({ "code": answer.code, "message": answer.message, "causes": causes })
}

fn state(phase: &Phase) -> Value {
    let state = &phase.state;
    let mut fields = Map::new();
    fields.insert("pods".to_owned(), state.pods.values().map(pod).collect());
    fields.insert("pvcs".to_owned(), state.claims.values().map(claim).collect());
    let target = phase.target.as_ref().and_then(|(kind, name)| state.workload_named(*kind, name));
    fields.insert("status".to_owned(), target.map_or(Value::Null, |target| status(target.status.as_ref())));
    let Some(target) = target else { return Value::Object(fields) };
    if let Some(budget) = state.budgets.first() {
        fields.insert("pdb".to_owned(), budget_status(budget));
    }
    fields.insert("generation".to_owned(), json!(target.generation));
    fields.insert("spec".to_owned(), spec(target));
    let all_ready = is_all_ready(state, target);
    fields.insert("all_ready".to_owned(), json!(all_ready));
    if target.kind == WorkloadKind::StatefulSet {
        fields.insert("rolled_out".to_owned(), json!(all_ready && is_rolled_out(state, target)));
    }
    fields.insert("stuck".to_owned(), json!(!all_ready));
    Value::Object(fields)
}

fn pod(pod: &Pod) -> Value {
    json!({
        "name": pod.short_name(),
        "revision": pod.revision,
        "image": pod.image(),
        "ready": pod.is_ready(),
        "phase": pod.phase.as_str(),
        "bound": pod.node.is_some(),
        "deleting": pod.is_deleting(),
        "owner": owner_words(&pod.owners),
    })
}

fn claim(claim: &Claim) -> Value {
    json!({
        "name": claim.name,
        "size": size(claim),
        "owner": owner_words(&claim.owners),
        "deleting": claim.is_deleting,
    })
}

fn budget_status(budget: &Budget) -> Value {
    let status = budget.status.clone().unwrap_or_default();
    json!({
        "disruptionsAllowed": status.disruptions_allowed,
        "currentHealthy": status.current_healthy,
        "desiredHealthy": status.desired_healthy,
        "expectedPods": status.expected_pods,
    })
}

/// The fields of a spec that decide how a rollout goes, but for the template.
fn spec(workload: &Workload) -> Value {
    const SHOWN: [&str; 8] = [
        "replicas",
        "podManagementPolicy",
        "updateStrategy",
        "strategy",
        "minReadySeconds",
        "persistentVolumeClaimRetentionPolicy",
        "ordinals",
        "paused",
    ];
    let spec = workload.root.get("spec");
    let shown = SHOWN.iter().filter_map(|field| Some(((*field).to_owned(), json!(spec?.get(field)?))));
    Value::Object(shown.collect())
}

/// Whether there are as many pods as there should be, and all of them are ready.
fn is_all_ready(state: &State, target: &Workload) -> bool {
    let replicas = views::Workload::new(target.kind, &target.root).replicas();
    let wanted = replicas.and_then(|replicas| usize::try_from(replicas).ok()).unwrap_or(state.nodes.len());
    state.pods.len() >= wanted && state.pods.values().all(Pod::is_ready)
}

/// Whether every pod has the update revision, and the status says so.
fn is_rolled_out(state: &State, target: &Workload) -> bool {
    let Some(Status::StatefulSet(status)) = &target.status else { return false };
    status.current_revision == status.update_revision
        && state.pods.values().all(|pod| pod.revision == status.update_revision)
}

fn status(status: Option<&Status>) -> Value {
    match status {
        Some(Status::StatefulSet(status)) => stateful_set_status(status),
        Some(Status::Deployment(status)) => deployment_status(status),
        Some(Status::DaemonSet(status)) => daemon_set_status(status),
        Some(Status::Job(status)) => job_status(status),
        None => json!({}),
    }
}

/// Numbers by name; those that the API leaves out if they are zero are left out.
fn numbers(always: &[(&str, i64)], unless_zero: &[(&str, i64)]) -> Map<String, Value> {
    let shown = unless_zero.iter().filter(|(_, number)| *number != 0);
    always.iter().chain(shown).map(|(name, number)| ((*name).to_owned(), json!(number))).collect()
}

fn stateful_set_status(status: &StatefulSetStatus) -> Value {
    let mut fields = numbers(
        &[
            ("observedGeneration", status.observed_generation),
            ("replicas", status.replicas),
            ("collisionCount", 0),
            ("availableReplicas", status.available_replicas),
        ],
        &[
            ("readyReplicas", status.ready_replicas),
            ("currentReplicas", status.current_replicas),
            ("updatedReplicas", status.updated_replicas),
        ],
    );
    fields.insert("currentRevision".to_owned(), json!(status.current_revision));
    fields.insert("updateRevision".to_owned(), json!(status.update_revision));
    fields.insert("conditions".to_owned(), json!([]));
    Value::Object(fields)
}

fn deployment_status(status: &DeploymentStatus) -> Value {
    let mut fields = numbers(
        &[
            ("observedGeneration", status.observed_generation),
            ("terminatingReplicas", status.terminating_replicas),
        ],
        &[
            ("replicas", status.replicas),
            ("updatedReplicas", status.updated_replicas),
            ("readyReplicas", status.ready_replicas),
            ("availableReplicas", status.available_replicas),
            ("unavailableReplicas", status.unavailable_replicas),
        ],
    );
    let conditions: Vec<Value> = status
        .conditions
        .iter()
        .map(|condition| {
            json!({ "type": condition.kind, "status": condition.status, "reason": condition.reason })
        })
        .collect();
    fields.insert("conditions".to_owned(), json!(conditions));
    Value::Object(fields)
}

fn daemon_set_status(status: &DaemonSetStatus) -> Value {
    let mut fields = numbers(
        &[
            ("currentNumberScheduled", status.current_scheduled),
            ("numberMisscheduled", status.misscheduled),
            ("desiredNumberScheduled", status.desired_scheduled),
            ("numberReady", status.ready),
        ],
        &[
            ("observedGeneration", status.observed_generation),
            ("updatedNumberScheduled", status.updated_scheduled),
            ("numberAvailable", status.available),
            ("numberUnavailable", status.unavailable),
        ],
    );
    fields.insert("conditions".to_owned(), json!([]));
    Value::Object(fields)
}

fn job_status(status: &JobStatus) -> Value {
    let mut fields = numbers(
        &[],
        &[
            ("active", status.active),
            ("ready", status.ready),
            ("succeeded", status.succeeded),
            ("failed", status.failed),
        ],
    );
    let condition = status.outcome.map(|outcome| match outcome {
        JobOutcome::Complete => json!({ "type": "Complete", "status": "True" }),
        JobOutcome::Failed => json!({ "type": "Failed", "status": "True" }),
    });
    fields.insert("conditions".to_owned(), condition.into_iter().collect());
    Value::Object(fields)
}
