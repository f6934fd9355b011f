//! Disruption budgets: the controller (`pkg/controller/disruption`) and evictions
//! (`pkg/registry/core/pod/storage/eviction.go`).

use super::event::Event;
use super::state::{Budget, Phase, Pod, State, Uid, controller_of, delete_pod};
use super::status::BudgetStatus;
use plimsoll_kube::views::{self, IntOrPercent, UnhealthyPodEviction, WorkloadKind};
use std::collections::BTreeMap;

/// One sync of a budget (`trySync`).
pub fn step(state: &State, budget: &Budget) -> Vec<Event> {
    let status = status(state, budget);
    if budget.status.as_ref() == Some(&status) {
        return Vec::new();
    }
    vec![Event::BudgetChanged { budget: budget.name.clone(), status }]
}

/// What a budget allows in a state (`getExpectedPodCount`, `countHealthyPods`, `updatePdbStatus`). Shares are rounded up,
/// of `maxUnavailable` as well as of `minAvailable`.
pub fn status(state: &State, budget: &Budget) -> BudgetStatus {
    let view = views::Budget::new(&budget.root);
    let pods: Vec<&Pod> = state.selected(view.selector()).collect();
    let old = budget.status.clone().unwrap_or_default();
    let disrupted: std::collections::BTreeSet<String> = pods
        .iter()
        .filter(|pod| !pod.is_deleting() && old.disrupted.contains(&pod.name))
        .map(|pod| pod.name.clone())
        .collect();
    let Some((expected_pods, desired_healthy)) = expected(state, view, &pods) else {
        // `failSafe`
        return BudgetStatus { disruptions_allowed: 0, is_failed: true, disrupted, ..old };
    };
    let is_healthy = |pod: &&&Pod| pod.is_ready() && !pod.is_deleting() && !disrupted.contains(&pod.name);
    let current_healthy = i64::try_from(pods.iter().filter(is_healthy).count()).unwrap_or(i64::MAX);
    let allowed = if expected_pods > 0 { (current_healthy - desired_healthy).max(0) } else { 0 };
    BudgetStatus {
        disruptions_allowed: allowed,
        current_healthy,
        desired_healthy,
        expected_pods,
        disrupted,
        is_failed: false,
    }
}

/// How many pods there should be, and how many of them healthy; `None` if that cannot be known.
fn expected(state: &State, budget: views::Budget<'_>, pods: &[&Pod]) -> Option<(i64, i64)> {
    let count = i64::try_from(pods.len()).unwrap_or(i64::MAX);
    required(budget, count, || expected_scale(state, pods))
}

/// How many pods a budget expects, and how many of them healthy (`getExpectedPodCount`). `pods` is how many it selects,
/// `scale` how many replicas their controllers should have; `None` if that is not known.
pub fn required(
    budget: views::Budget<'_>,
    pods: i64,
    scale: impl FnOnce() -> Option<i64>,
) -> Option<(i64, i64)> {
    if let Some(unavailable) = budget.max_unavailable() {
        let scale = scale()?;
        return Some((scale, (scale - unavailable.rounded_up(scale)).max(0)));
    }
    match budget.min_available() {
        Some(IntOrPercent::Int(available)) => Some((pods, available)),
        Some(share) => {
            let scale = scale()?;
            Some((scale, share.rounded_up(scale)))
        }
        None => Some((0, 0)),
    }
}

/// `getExpectedScale`: the replicas of all controllers that have any of the pods; `None` if one has no such number.
fn expected_scale(state: &State, pods: &[&Pod]) -> Option<i64> {
    let mut scales: BTreeMap<Uid, i64> = BTreeMap::new();
    for owner in pods.iter().filter_map(|pod| controller_of(&pod.owners)) {
        let set = state.replica_set(owner.uid);
        let uid = set.and_then(|set| controller_of(&set.owners)).map_or(owner.uid, |owner| owner.uid);
        let scale = match (state.workload(uid), set) {
            (Some(workload), _) if workload.kind != WorkloadKind::Job => {
                views::Workload::new(workload.kind, &workload.root).replicas()?
            }
            (None, Some(set)) => set.replicas,
            _ => return None,
        };
        scales.insert(uid, scale);
    }
    Some(scales.values().sum())
}

/// Why a pod is not evicted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvictionRefusal {
    /// There is no such pod.
    NotFound,
    /// Its budget does not allow it.
    Budget {
        /// The budget.
        name: String,
        /// Its status.
        status: BudgetStatus,
    },
    /// It has several budgets, which evictions do not support.
    SeveralBudgets,
}

/// The eviction of a pod (`EvictionREST.Create`).
pub fn evict(state: &State, name: &str) -> Result<Vec<Event>, EvictionRefusal> {
    let pod = state.pod(name).ok_or(EvictionRefusal::NotFound)?;
    // `canIgnorePDB`
    if pod.phase != Phase::Running || pod.is_deleting() {
        return Ok(delete_pod(pod));
    }
    let selects = |budget: &&Budget| views::Budget::new(&budget.root).selector().matches(Some(&pod.labels));
    let budgets: Vec<&Budget> = state.budgets.iter().filter(selects).collect();
    let [budget] = budgets.as_slice() else {
        return if budgets.is_empty() { Ok(delete_pod(pod)) } else { Err(EvictionRefusal::SeveralBudgets) };
    };
    let status = budget.status.clone().unwrap_or_else(|| self::status(state, budget));
    let view = views::Budget::new(&budget.root);
    let has_enough = status.current_healthy >= status.desired_healthy && status.desired_healthy > 0;
    let is_free = view.unhealthy_pod_eviction() == UnhealthyPodEviction::AlwaysAllow || has_enough;
    if !pod.is_ready() && is_free {
        return Ok(delete_pod(pod));
    }
    // `checkAndDecrement`
    if status.disruptions_allowed == 0 {
        return Err(EvictionRefusal::Budget { name: budget.name.clone(), status });
    }
    let mut disrupted = status.disrupted.clone();
    disrupted.insert(name.to_owned());
    let status = BudgetStatus { disruptions_allowed: status.disruptions_allowed - 1, disrupted, ..status };
    let mut events = vec![Event::BudgetChanged { budget: budget.name.clone(), status }];
    events.extend(delete_pod(pod));
    Ok(events)
}
