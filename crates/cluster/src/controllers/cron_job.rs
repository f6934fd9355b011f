//! The CronJob controller (`pkg/controller/cronjob`). Logical time knows no hours: a run is started by whoever asks.

use super::event::Event;
use super::state::{State, Workload, controller_of};
use super::status::Status;
use plimsoll_diag::Span;
use plimsoll_kube::views::{self, WorkloadKind};
use plimsoll_yaml::{Map, Node};
use std::sync::Arc;

/// What happens when the schedule of a CronJob is due (`syncCronJob`): nothing if it is suspended, or if a Job still runs
/// and no second one may; otherwise a Job.
pub fn start(state: &State, workload: &Workload) -> Vec<Event> {
    let cron = views::CronJob::new(&workload.root);
    let own: Vec<&Workload> = state
        .workloads
        .iter()
        .filter(|job| controller_of(&job.owners).is_some_and(|owner| owner.uid == workload.uid))
        .collect();
    let active = own.iter().filter(|job| !is_finished(job));
    if cron.is_suspended() || (cron.concurrency_policy() == "Forbid" && active.clone().next().is_some()) {
        return Vec::new();
    }
    let mut events = Vec::new();
    if cron.concurrency_policy() == "Replace" {
        events.extend(active.map(|job| Event::WorkloadGone { workload: job.uid }));
    }
    let name = format!("{}-{}", workload.name, own.len() + 1);
    let mut root = cron.job_template().cloned().unwrap_or_else(|| Node::bare(Map::new()));
    if let Some(root) = root.as_map_mut() {
        root.insert("apiVersion", Span::NONE, Node::bare("batch/v1"));
        root.insert("kind", Span::NONE, Node::bare("Job"));
        let mut metadata = root.get("metadata").and_then(Node::as_map).cloned().unwrap_or_default();
        metadata.insert("name", Span::NONE, Node::bare(name.as_str()));
        root.insert("metadata", Span::NONE, Node::bare(metadata));
    }
    let job = Workload::new(state.next_uid(0), WorkloadKind::Job, &name, Arc::new(root));
    let job = Workload { owners: vec![workload.as_owner()], ..job };
    events.push(Event::WorkloadCreated(Box::new(job)));
    events
}

fn is_finished(job: &Workload) -> bool {
    matches!(&job.status, Some(Status::Job(status)) if status.outcome.is_some())
}
