//! Workloads: their pods, in which order they start and are updated, and what they leave.

use super::{MAX_LISTED, Pod, Resources, Service, Workload};
use crate::k8s::views::{self, CronJob, Deployment, Job, StatefulSet, WorkloadKind};
use std::ops::Range;

/// The ordinals of the pods that are listed.
pub(super) fn listed(set: StatefulSet<'_>) -> Range<i64> {
    let ordinals = set.ordinals();
    ordinals.start..ordinals.end.min(ordinals.start.saturating_add(MAX_LISTED))
}

pub(super) fn stateful_set(set: StatefulSet<'_>, namespace: &str, services: &[Service]) -> Workload {
    let warning = explain_unresolved(set, namespace, services);
    let pods = listed(set).map(|ordinal| Pod {
        name: set.pod_name(ordinal),
        ordinal: Some(ordinal),
        dns: warning.is_none().then(|| set.pod_dns_name(ordinal, namespace)),
        claims: set.claim_names(ordinal).collect(),
    });
    Workload {
        replicas: Some(set.replicas()),
        pods: pods.collect(),
        start: start(set),
        update: update(set),
        leaves: leaves(set),
        warnings: warning.into_iter().collect(),
        ..preview_common(set.workload(), namespace)
    }
}

/// Why the DNS names of its pods do not resolve; `None` if they do.
fn explain_unresolved(set: StatefulSet<'_>, namespace: &str, services: &[Service]) -> Option<String> {
    let name = set.service_name();
    if name.is_empty() {
        return Some("no `serviceName`: its pods have no DNS names of their own".to_owned());
    }
    let governing = services.iter().find(|service| service.name == name && service.namespace == namespace);
    match governing {
        None => Some(format!(
            "`serviceName: {name}` names a Service that is not rendered: the pods' DNS names do not resolve unless it exists"
        )),
        Some(service) if service.cluster_ip != "None" => {
            Some(format!("the Service `{name}` is not headless: the pods' DNS names do not resolve"))
        }
        Some(_) => None,
    }
}

/// In which order something happens to none.
const NO_PODS: &str = "no pods";

/// In which order its pods start.
fn start(set: StatefulSet<'_>) -> String {
    let ordinals = set.ordinals();
    let [first, last] = [ordinals.start, ordinals.end.saturating_sub(1)].map(|ordinal| set.pod_name(ordinal));
    match set.replicas() {
        0 => NO_PODS.to_owned(),
        1 => first,
        _ if set.is_parallel() => format!("{first} to {last}, all at once"),
        _ => format!("{first} to {last}, each when the one before is ready"),
    }
}

/// In which order an update reaches its pods.
fn update(set: StatefulSet<'_>) -> String {
    let (end, first) = (set.ordinals().end, set.first_updated());
    let last = end.saturating_sub(1);
    if set.replicas() == 0 {
        NO_PODS.to_owned()
    } else if set.is_on_delete() {
        "each pod when you delete it (OnDelete)".to_owned()
    } else if first >= end {
        format!("none: partition {} excludes all pods", set.partition().unwrap_or_default())
    } else if last == first {
        set.pod_name(last)
    } else {
        let (last, first) = (set.pod_name(last), set.pod_name(first));
        format!("{last} down to {first}, each when the one before is ready")
    }
}

/// What becomes of its claims.
fn leaves(set: StatefulSet<'_>) -> Vec<String> {
    if !set.has_claims() {
        return Vec::new();
    }
    let fate = |deletes: bool| if deletes { "deletes" } else { "keeps" };
    let retention = set.claim_retention();
    vec![
        format!("scaling down {} the claims of the removed pods", fate(retention.when_scaled)),
        format!("deleting it {} all its claims", fate(retention.when_deleted)),
    ]
}

/// Workloads whose pods have names that only the cluster knows, and single pods.
pub(super) fn preview_other(workload: views::Workload<'_>, namespace: &str) -> Workload {
    let root = workload.root();
    let (replicas, start, update) = match workload.kind() {
        WorkloadKind::Deployment => {
            (workload.replicas(), "all at once".to_owned(), deployment_update(Deployment::new(root)))
        }
        WorkloadKind::DaemonSet => (None, "one on every node".to_owned(), "node by node".to_owned()),
        WorkloadKind::Job => {
            let parallelism = Job::new(root).parallelism();
            (Some(parallelism), "all at once".to_owned(), "never: a job runs one template".to_owned())
        }
        WorkloadKind::CronJob => {
            (None, format!("on schedule: {}", CronJob::new(root).schedule()), "the next run".to_owned())
        }
        WorkloadKind::Pod => (Some(1), "at once".to_owned(), "only its images can change".to_owned()),
        _ => (workload.replicas(), "all at once".to_owned(), "existing pods are not updated".to_owned()),
    };
    Workload { replicas, pods: list_own_pod(workload), start, update, ..preview_common(workload, namespace) }
}

fn deployment_update(deployment: Deployment<'_>) -> String {
    if deployment.is_recreate() {
        "all pods stop, then the new ones start (Recreate)".to_owned()
    } else {
        format!("at most {} missing and {} extra", deployment.unavailable(), deployment.surge())
    }
}

/// The pod if the object itself is one.
fn list_own_pod(workload: views::Workload<'_>) -> Vec<Pod> {
    if workload.kind() != WorkloadKind::Pod {
        return Vec::new();
    }
    let claims = workload.template().claims().map(str::to_owned).collect();
    vec![Pod { name: workload.name().to_owned(), ordinal: None, dns: None, claims }]
}

/// The fields that all workloads have in common.
fn preview_common(workload: views::Workload<'_>, namespace: &str) -> Workload {
    let template = workload.template();
    Workload {
        kind: workload.kind().as_str().to_owned(),
        name: workload.name().to_owned(),
        namespace: namespace.to_owned(),
        requests: Resources { cpu: template.request("cpu"), memory: template.request("memory") },
        limits: Resources { cpu: template.limit("cpu"), memory: template.limit("memory") },
        ..Workload::default()
    }
}
