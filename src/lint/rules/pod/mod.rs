//! `pod/*`: what is in a pod template, whichever workload has it. The API server accepts all of it; a namespace that
//! enforces Pod Security may not.

super::group! {
    added_capability: ADDED_CAPABILITY,
    host_namespace: HOST_NAMESPACE,
    host_path: HOST_PATH,
    no_readiness_probe: NO_READINESS_PROBE,
    no_requests: NO_REQUESTS,
    privileged: PRIVILEGED,
    runs_as_root: RUNS_AS_ROOT,
    selector_misses_itself: SELECTOR_MISSES_ITSELF,
    short_grace_period: SHORT_GRACE_PERIOD,
    writable_root: WRITABLE_ROOT,
}

mod prelude {
    pub(super) use super::names;
    pub(super) use crate::diag::{Diagnostic, Severity};
    pub(super) use crate::k8s::views::{Container, WorkloadKind};
    pub(super) use crate::lint::finding::locate;
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::release::{Release, Workload};
    pub(super) use crate::yaml::Node;
}

use crate::k8s::views::Container;

/// The names of containers in a sentence: ``container `a` ``, ``containers `a` and `b` ``.
fn names(containers: &[Container<'_>]) -> String {
    let quoted: Vec<_> = containers.iter().map(|container| format!("`{}`", container.name())).collect();
    match quoted.split_last() {
        Some((last, [])) => format!("container {last}"),
        Some((last, first)) => format!("containers {} and {last}", first.join(", ")),
        None => String::new(),
    }
}
