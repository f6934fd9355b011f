//! `sts/*`: what a release built around a StatefulSet suffers from in production, each rule born of a
//! real outage. The API server accepts all of it.

mod claim_not_mounted;
mod claims_deleted_on_scale_down;
mod data_on_empty_dir;
mod idle_partition;
mod missing_service;
mod name_too_long;
mod needless_token;
mod no_claim_template;
mod no_disruption_budget;
mod no_grace_period;
mod no_liveness_probe;
mod no_memory_limit;
mod no_readiness_probe;
mod no_requests;
mod no_startup_probe;
mod no_storage_class;
mod on_delete;
mod ordered_ready_deadlock;
mod overlapping_selectors;
mod parallel_cluster;
mod service_not_headless;
mod service_selects_nothing;
mod service_selects_several;
mod shadowed_volume;
mod strict_liveness;
mod unpublished_peers;
mod unstable_claim_label;
mod unstable_pod_label;
mod unstable_selector;

pub(in crate::lint) use claim_not_mounted::CLAIM_NOT_MOUNTED;
pub(in crate::lint) use claims_deleted_on_scale_down::CLAIMS_DELETED_ON_SCALE_DOWN;
pub(in crate::lint) use data_on_empty_dir::DATA_ON_EMPTY_DIR;
pub(in crate::lint) use idle_partition::IDLE_PARTITION;
pub(in crate::lint) use missing_service::MISSING_SERVICE;
pub(in crate::lint) use name_too_long::NAME_TOO_LONG;
pub(in crate::lint) use needless_token::NEEDLESS_TOKEN;
pub(in crate::lint) use no_claim_template::NO_CLAIM_TEMPLATE;
pub(in crate::lint) use no_disruption_budget::NO_DISRUPTION_BUDGET;
pub(in crate::lint) use no_grace_period::NO_GRACE_PERIOD;
pub(in crate::lint) use no_liveness_probe::NO_LIVENESS_PROBE;
pub(in crate::lint) use no_memory_limit::NO_MEMORY_LIMIT;
pub(in crate::lint) use no_readiness_probe::NO_READINESS_PROBE;
pub(in crate::lint) use no_requests::NO_REQUESTS;
pub(in crate::lint) use no_startup_probe::NO_STARTUP_PROBE;
pub(in crate::lint) use no_storage_class::NO_STORAGE_CLASS;
pub(in crate::lint) use on_delete::ON_DELETE;
pub(in crate::lint) use ordered_ready_deadlock::ORDERED_READY_DEADLOCK;
pub(in crate::lint) use overlapping_selectors::OVERLAPPING_SELECTORS;
pub(in crate::lint) use parallel_cluster::PARALLEL_CLUSTER;
pub(in crate::lint) use service_not_headless::SERVICE_NOT_HEADLESS;
pub(in crate::lint) use service_selects_nothing::SERVICE_SELECTS_NOTHING;
pub(in crate::lint) use service_selects_several::SERVICE_SELECTS_SEVERAL;
pub(in crate::lint) use shadowed_volume::SHADOWED_VOLUME;
pub(in crate::lint) use strict_liveness::STRICT_LIVENESS;
pub(in crate::lint) use unpublished_peers::UNPUBLISHED_PEERS;
pub(in crate::lint) use unstable_claim_label::UNSTABLE_CLAIM_LABEL;
pub(in crate::lint) use unstable_pod_label::UNSTABLE_POD_LABEL;
pub(in crate::lint) use unstable_selector::UNSTABLE_SELECTOR;

/// What nearly every rule here uses.
mod prelude {
    pub(super) use super::{NAMED, Probe, enumerated, names_a_peer, serving, unstable_labels};
    pub(super) use crate::diag::Diagnostic;
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::rules::image::Image;
    pub(super) use crate::lint::subject::{
        Kind, Release, Selection, Workload, finding, items_of, locate, same_namespace,
    };
    pub(super) use crate::yaml::Node;
}

use crate::lint::subject::{Container, Workload};
use crate::yaml::Node;
use std::fmt::Display;

/// The timing of a probe, with the API's defaults.
struct Probe {
    delay: i64,
    period: i64,
    failures: i64,
}

impl Probe {
    fn of(node: &Node) -> Self {
        let number = |field: &str, default| match node.get(field).and_then(Node::as_i64) {
            Some(0) | None => default,
            Some(number) => number,
        };
        Self {
            delay: number("initialDelaySeconds", 0),
            period: number("periodSeconds", 10),
            failures: number("failureThreshold", 3),
        }
    }

    /// How many seconds without an answer it bears.
    fn patience(&self) -> i64 {
        self.period.saturating_mul(self.failures)
    }

    /// After how many seconds a container that never answers is given up.
    fn budget(&self) -> i64 {
        self.delay.saturating_add(self.patience())
    }
}

/// The containers whose state clients see: those that declare ports, else the first.
fn serving<'a>(workload: &Workload<'a>) -> Vec<Container<'a>> {
    let all: Vec<_> = workload.main_containers().collect();
    if all.iter().any(|container| container.ports().next().is_some()) {
        all.into_iter().filter(|container| container.ports().next().is_some()).collect()
    } else {
        all.into_iter().take(1).collect()
    }
}

/// Whether a text names a pod of the set through its Service: `db-0.db-headless`, or by any ordinal that a
/// script fills in (`db-${i}.db-headless`).
fn names_a_peer(text: &str, set: &str, service: &str) -> bool {
    if set.is_empty() || service.is_empty() || !text.contains(service) {
        return false;
    }
    let prefix = format!("{set}-");
    text.match_indices(&prefix).any(|(at, _)| {
        let rest = &text[at + prefix.len()..];
        let ordinal = rest.find('.').map_or("", |dot| &rest[..dot]);
        let number = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
        let variable = ordinal.starts_with('$') && ordinal.len() < 24;
        (number || variable) && rest[ordinal.len() + 1..].starts_with(service)
    })
}

/// The labels that change although the object stays the same, each with what changes them. Labels of the
/// installing tool count where nothing may ever change (`tools`).
fn unstable_labels(labels: &Node, tools: bool) -> Vec<(&str, &'static str)> {
    let mut unstable = Vec::new();
    for entry in labels.as_map().into_iter().flatten() {
        let why = match entry.key.as_str() {
            "helm.sh/chart" | "chart" => "every version of the chart",
            "app.kubernetes.io/version" | "version" | "appVersion" => "every version of the application",
            "app.kubernetes.io/managed-by" | "heritage" if tools => "the tool that installs it",
            _ if entry.value.as_str().is_some_and(ends_in_version) => "every version of the chart",
            _ => continue,
        };
        unstable.push((entry.key.as_str(), why));
    }
    unstable
}

/// Whether a value looks like `name-1.2.3`, a chart and its version.
fn ends_in_version(value: &str) -> bool {
    let Some((name, version)) = value.rsplit_once('-') else { return false };
    let parts: Vec<_> = version.split('.').collect();
    !name.is_empty()
        && parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How many of a crowd a message names.
const NAMED: usize = 3;

/// A list in a sentence: `a`, `a and b`, `a, b and c`; of more than [`NAMED`] the first, and `others`.
fn enumerated(items: &[impl Display], others: &str) -> String {
    let mut words: Vec<String> = items.iter().take(NAMED).map(ToString::to_string).collect();
    words.extend((items.len() > NAMED).then(|| others.to_owned()));
    match words.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_named_by_ordinal_or_variable() {
        assert!(names_a_peer("http://etcd-0.etcd:2380", "etcd", "etcd"));
        assert!(names_a_peer("for i in 0 1; do ping db-${i}.db-headless; done", "db", "db-headless"));
        assert!(!names_a_peer("db-0.other", "db", "db-headless"));
        assert!(!names_a_peer("my-db.db-headless", "db", "db-headless"));
        assert!(!names_a_peer("db-", "db", "db"));
    }

    #[test]
    fn labels_of_versions_and_tools_are_unstable() {
        let labels = crate::lint::testing::node(
            "{app: db, helm.sh/chart: db-1.2.3, app.kubernetes.io/managed-by: Helm, release: prod-1, c: x-0.1.0}",
        );
        let keys =
            |tools| unstable_labels(&labels, tools).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys(true), ["helm.sh/chart", "app.kubernetes.io/managed-by", "c"]);
        assert_eq!(keys(false), ["helm.sh/chart", "c"]);
    }
}
