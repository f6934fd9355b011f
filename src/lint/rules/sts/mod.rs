//! `sts/*`: what a release built around a StatefulSet suffers from in production, each rule born of a
//! real outage. The API server accepts all of it.

super::group! {
    claim_not_mounted: CLAIM_NOT_MOUNTED,
    claims_deleted_on_scale_down: CLAIMS_DELETED_ON_SCALE_DOWN,
    data_on_empty_dir: DATA_ON_EMPTY_DIR,
    idle_partition: IDLE_PARTITION,
    missing_service: MISSING_SERVICE,
    name_too_long: NAME_TOO_LONG,
    needless_token: NEEDLESS_TOKEN,
    no_claim_template: NO_CLAIM_TEMPLATE,
    no_disruption_budget: NO_DISRUPTION_BUDGET,
    no_grace_period: NO_GRACE_PERIOD,
    no_liveness_probe: NO_LIVENESS_PROBE,
    no_memory_limit: NO_MEMORY_LIMIT,
    no_readiness_probe: NO_READINESS_PROBE,
    no_requests: NO_REQUESTS,
    no_startup_probe: NO_STARTUP_PROBE,
    no_storage_class: NO_STORAGE_CLASS,
    on_delete: ON_DELETE,
    ordered_ready_deadlock: ORDERED_READY_DEADLOCK,
    overlapping_selectors: OVERLAPPING_SELECTORS,
    parallel_cluster: PARALLEL_CLUSTER,
    service_not_headless: SERVICE_NOT_HEADLESS,
    service_selects_nothing: SERVICE_SELECTS_NOTHING,
    service_selects_several: SERVICE_SELECTS_SEVERAL,
    shadowed_volume: SHADOWED_VOLUME,
    strict_liveness: STRICT_LIVENESS,
    unpublished_peers: UNPUBLISHED_PEERS,
    unstable_claim_label: UNSTABLE_CLAIM_LABEL,
    unstable_pod_label: UNSTABLE_POD_LABEL,
    unstable_selector: UNSTABLE_SELECTOR,
}

/// What nearly every rule here uses.
mod prelude {
    pub(super) use super::{
        NAMED, enumerated, every_version, keeps_data, names_a_peer, peer_severity, serving, unstable_labels,
    };
    pub(super) use crate::diag::Diagnostic;
    pub(super) use crate::k8s::views::{Image, WorkloadKind};
    pub(super) use crate::lint::finding::{finding, locate};
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::release::{
        Release, Selection, Service, StatefulSet, Workload, same_namespace,
    };
    pub(super) use crate::manifest::Object;
    pub(super) use crate::yaml::Node;
}

use crate::diag::Severity;
use crate::k8s::views::{self, Container, PodTemplate};
use crate::lint::release::{Release, StatefulSet, peer_names};
use crate::lint::upgrade::Raise;
use crate::yaml::{Entry, Map, Node};
use std::fmt::Display;

/// The containers whose state clients see: those that declare ports, else the first.
fn serving(template: PodTemplate<'_>) -> impl Iterator<Item = Container<'_>> {
    let has_ports = |container: &Container<'_>| !container.ports().is_empty();
    let is_declared = template.containers().any(|container| has_ports(&container));
    let limit = if is_declared { usize::MAX } else { 1 };
    template.containers().filter(move |container| !is_declared || has_ports(container)).take(limit)
}

/// Whether a text names a pod of the set through its Service: `db-0.db-headless`, `db-${i}.db-headless`.
fn names_a_peer(text: &str, set: &str, service: &str) -> bool {
    peer_names(text).any(|named| named == (set, service))
}

/// How bad it is that the pods of a StatefulSet have no DNS names.
fn peer_severity(release: &Release<'_>, set: StatefulSet<'_>) -> Severity {
    if release.names_peers(set) {
        Severity::Error
    } else if release.needs_peer_names(set) {
        Severity::Warning
    } else {
        Severity::Info
    }
}

/// Whether a StatefulSet has a volume that outlives its pods: a claim template, or one that is not made for the pod.
fn keeps_data(set: StatefulSet<'_>) -> bool {
    let is_lasting = |volume: &Node| LASTING.iter().any(|kind| volume.get(kind).is_some());
    set.has_claims() || set.template().volumes().iter().any(is_lasting)
}

const LASTING: [&str; 8] =
    ["persistentVolumeClaim", "hostPath", "nfs", "csi", "iscsi", "cephfs", "glusterfs", "ephemeral"];

/// Labels of a StatefulSet, found by `labels`, that change although nobody changes them, each with what changes it.
///
/// Of a chart, the next version is rendered and compared, if the label may hold a version. Manifests show no more than
/// that a label is meant for a version and has one as its value.
fn unstable_labels<'a>(
    release: &Release<'_>,
    set: StatefulSet<'a>,
    labels: impl for<'o> Fn(views::StatefulSet<'o>) -> Option<&'o Map>,
) -> Vec<(&'a str, Raise)> {
    let found = labels(*set).into_iter().flatten();
    let changes = |key: &str, value: &Node, raise| {
        let may_change = value.as_str().is_some_and(|value| release.may_hold_version(value, raise));
        let next = may_change.then(|| release.upgraded(set, raise)).flatten();
        next.is_some_and(|next| labels(next).and_then(|labels| labels.get(key)) != Some(value))
    };
    let raise_of = |entry: &'a Entry| {
        if release.is_rendered() {
            [Raise::Chart, Raise::App].into_iter().find(|raise| changes(&entry.key, &entry.value, *raise))
        } else {
            version_label(&entry.key, entry.value.as_str()?)
        }
    };
    found.filter_map(|entry| Some((entry.key.as_str(), raise_of(entry)?))).collect()
}

/// What a label names the version of, as far as key and value tell.
fn version_label(key: &str, value: &str) -> Option<Raise> {
    match key {
        "helm.sh/chart" | "chart" if holds_version(value) => Some(Raise::Chart),
        "app.kubernetes.io/version" | "version" | "appVersion" if holds_version(value) => Some(Raise::App),
        _ if ends_in_version(value) => Some(Raise::Chart),
        _ => None,
    }
}

/// Whether a value has a version of two numbers or more in it.
fn holds_version(value: &str) -> bool {
    value
        .as_bytes()
        .windows(3)
        .any(|window| window[0].is_ascii_digit() && window[1] == b'.' && window[2].is_ascii_digit())
}

/// How often something changes, in a sentence.
fn every_version(raise: Raise) -> &'static str {
    match raise {
        Raise::Chart => "every version of the chart",
        Raise::App => "every version of the application",
    }
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
        assert!(!names_a_peer("db-0.db-other", "db", "db"));
        assert!(names_a_peer("10.0.0.1 $(POD).x db-$(ORDINAL).db.prod.svc:1", "db", "db"));
    }

    #[test]
    fn labels_of_manifests_name_versions_by_key_and_value() {
        for (key, value, expected) in [
            ("helm.sh/chart", "db-1.2.3", Some(Raise::Chart)),
            ("chart", "consul-helm", None),
            ("app.kubernetes.io/version", "16", None),
            ("version", "v1.2", Some(Raise::App)),
            ("c", "x-0.1.0", Some(Raise::Chart)),
            ("release", "prod-1", None),
            ("heritage", "Helm", None),
        ] {
            assert_eq!(version_label(key, value), expected, "{key}: {value}");
        }
    }
}
