//! The Job controller (`pkg/controller/job`), without pod failure policies, success policies, deadlines and the delay
//! before a failed pod is replaced.

use super::event::Event;
use super::state::{Phase, Pod, State, Workload, delete_pod, labels_with};
use super::status::{JobOutcome, JobStatus, Status};
use plimsoll_kube::views;
use std::collections::BTreeSet;

/// One sync of a Job (`syncJob`): what the controller does about the state it sees.
pub fn step(state: &State, workload: &Workload) -> Vec<Event> {
    let job = views::Job::new(&workload.root);
    let pods: Vec<&Pod> = state.pods.values().filter(|pod| pod.is_controlled_by(workload.uid)).collect();
    let active: Vec<&Pod> =
        pods.iter().copied().filter(|pod| !pod.is_terminal() && !pod.is_deleting()).collect();
    let old = match &workload.status {
        Some(Status::Job(status)) => status.clone(),
        _ => JobStatus::default(),
    };
    let mut events = Vec::new();
    let mut status = count(&job, &pods, &active);
    status.outcome = old.outcome.or_else(|| outcome(&job, &pods, &status));
    if workload.deletion.is_none() {
        if status.outcome.is_some() || job.is_suspended() {
            events.extend(active.iter().flat_map(|pod| delete_pod(pod)));
        } else {
            manage(state, workload, &job, &pods, &status, &mut events);
        }
    }
    if workload.status.is_none() || status != old {
        let status = Box::new(Status::Job(status));
        events.push(Event::StatusChanged { workload: workload.uid, status });
    }
    events
}

fn count(job: &views::Job<'_>, pods: &[&Pod], active: &[&Pod]) -> JobStatus {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let with_phase = |phase: Phase| pods.iter().filter(move |pod| pod.phase == phase);
    let completed_indexes: BTreeSet<i64> = with_phase(Phase::Succeeded).filter_map(|pod| pod.index).collect();
    JobStatus {
        active: number(active.len()),
        ready: number(active.iter().filter(|pod| pod.is_ready()).count()),
        succeeded: if job.is_indexed() {
            number(completed_indexes.len())
        } else {
            number(with_phase(Phase::Succeeded).count())
        },
        failed: number(with_phase(Phase::Failed).count()),
        completed_indexes,
        outcome: None,
    }
}

/// Whether and how a Job has ended.
fn outcome(job: &views::Job<'_>, pods: &[&Pod], status: &JobStatus) -> Option<JobOutcome> {
    let has_failed_index = job.backoff_limit_per_index().is_some_and(|limit| {
        let indexes: BTreeSet<i64> = pods.iter().filter_map(|pod| pod.index).collect();
        indexes.into_iter().any(|index| failures(pods, index) > limit)
    });
    if status.failed > job.backoff_limit() || (has_failed_index && status.active == 0) {
        return Some(JobOutcome::Failed);
    }
    let is_complete = match job.completions() {
        Some(completions) => status.succeeded >= completions,
        None => status.succeeded > 0 && status.active == 0,
    };
    is_complete.then_some(JobOutcome::Complete)
}

fn failures(pods: &[&Pod], index: i64) -> i64 {
    let failed = pods.iter().filter(|pod| pod.index == Some(index) && pod.phase == Phase::Failed);
    i64::try_from(failed.count()).unwrap_or(i64::MAX)
}

/// `manageJob`: starts as many pods as parallelism and missing completions allow, or stops what is too many.
fn manage(
    state: &State,
    workload: &Workload,
    job: &views::Job<'_>,
    pods: &[&Pod],
    status: &JobStatus,
    events: &mut Vec<Event>,
) {
    let wanted = match job.completions() {
        Some(completions) => (completions - status.succeeded).min(job.parallelism()),
        None if status.succeeded > 0 => status.active,
        None => job.parallelism(),
    };
    let active = pods.iter().filter(|pod| !pod.is_terminal() && !pod.is_deleting());
    let surplus = usize::try_from(status.active - wanted).unwrap_or_default();
    events.extend(active.clone().rev().take(surplus).flat_map(|pod| delete_pod(pod)));
    let missing = usize::try_from(wanted - status.active).unwrap_or_default();
    let indexes: Vec<Option<i64>> = if job.is_indexed() {
        let limit = job.backoff_limit_per_index().unwrap_or(i64::MAX);
        let is_free = |index: &i64| {
            !status.completed_indexes.contains(index)
                && !active.clone().any(|pod| pod.index == Some(*index))
                && failures(pods, *index) <= limit
        };
        (0..job.completions().unwrap_or_default()).filter(is_free).take(missing).map(Some).collect()
    } else {
        vec![None; missing]
    };
    for (ahead, index) in indexes.into_iter().enumerate() {
        events.push(Event::PodCreated(Box::new(new_pod(state, workload, index, ahead))));
    }
}

fn new_pod(state: &State, workload: &Workload, index: Option<i64>, ahead: usize) -> Pod {
    let prefix = index.map_or_else(|| workload.name.clone(), |index| format!("{}-{index}", workload.name));
    // Pods with an index have a prefix of their own each.
    let others = if index.is_some() { 0 } else { u32::try_from(ahead).unwrap_or(u32::MAX) };
    let serial = state.serial(&prefix) + others + 1;
    let added = [("batch.kubernetes.io/job-name", workload.name.as_str()), ("job-name", &workload.name)];
    Pod {
        serial: Some(serial),
        labels: labels_with(&workload.template, &added),
        owners: vec![workload.as_owner()],
        index,
        ..Pod::new(state.next_uid(ahead), format!("{prefix}.{serial}"), &workload.template, state.now)
    }
}
