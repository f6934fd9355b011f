//! Disruption budgets that come to allow no eviction at all.

use super::super::matching::{Pair, group_of};
use super::super::{EffectKind, ObjectPlan, Verdict};
use super::autoscaling::scaler_of;
use super::{World, add, effect};
use crate::cluster::controllers::disruption::required;
use crate::k8s::views::{Budget, IntOrPercent, Workload};
use crate::manifest::Object;
use crate::yaml::Node;

/// A workload, and how many pods it has at most.
struct Scaled<'a> {
    object: &'a Object,
    workload: Workload<'a>,
    /// `None` if that depends on the cluster or the work.
    replicas: Option<i64>,
}

/// Finds budgets that allow no eviction once the new manifests are applied, and did before.
pub(super) fn find_blocking(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let is_budget =
        |object: &&Object| (group_of(object), object.kind.as_str()) == ("policy", "PodDisruptionBudget");
    if !pairs.iter().filter_map(|pair| pair.new).any(|object| is_budget(&object)) {
        return;
    }
    let scaled = |object| Scaled::of(object, pairs, world);
    let before: Vec<Scaled<'_>> = pairs.iter().filter_map(|pair| pair.old).filter_map(scaled).collect();
    let after: Vec<Scaled<'_>> =
        objects.iter().zip(pairs).filter_map(|(plan, pair)| stored(plan, pair)).filter_map(scaled).collect();
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let Some(new) = pair.new.filter(is_budget).filter(|_| plan.verdict == Verdict::Accepted) else {
            continue;
        };
        if pair.old.is_some_and(|old| blocked(old, &before, world).is_some()) {
            continue;
        }
        if let Some(what) = blocked(new, &after, world) {
            add(plan, effect(EffectKind::MayHang, what));
        }
    }
}

/// The object as the server has it once the new manifests are applied.
fn stored<'a>(plan: &ObjectPlan, pair: &Pair<'a>) -> Option<&'a Object> {
    if plan.verdict == Verdict::Rejected { pair.old } else { pair.new.or(pair.old) }
}

impl<'a> Scaled<'a> {
    fn of(object: &'a Object, pairs: &[Pair<'_>], world: &World<'_>) -> Option<Self> {
        let workload = Workload::from_object(object)?;
        let replicas = match scaler_of(object, pairs, world) {
            Some(scaler) => scaler.at(&["spec", "maxReplicas"]).and_then(Node::as_i64),
            None => workload.replicas().filter(|_| workload.kind().runs_forever()),
        };
        Some(Self { object, workload, replicas })
    }
}

/// Which pods may not be evicted although all are healthy, and why; `None` if some may, or if there are none.
fn blocked(object: &Object, workloads: &[Scaled<'_>], world: &World<'_>) -> Option<String> {
    let budget = Budget::new(&object.root);
    let selected: Vec<&Scaled<'_>> = workloads
        .iter()
        .filter(|scaled| {
            world.same_namespace(object, scaled.object)
                && budget.selector().matches(scaled.workload.template().labels())
        })
        .collect();
    let pods: i64 = selected.iter().map(|scaled| scaled.replicas).sum::<Option<i64>>()?;
    let (expected, healthy) = required(budget, pods, || Some(pods))?;
    if pods == 0 || expected > 0 && healthy < pods {
        return None;
    }
    let names: Vec<String> = selected
        .iter()
        .filter(|scaled| scaled.replicas != Some(0))
        .map(|scaled| format!("{}/{}", scaled.object.kind, scaled.object.name))
        .collect();
    let limit = match (budget.max_unavailable(), budget.min_available()) {
        (Some(limit), _) => format!("maxUnavailable {limit} of {pods}"),
        (None, Some(share @ IntOrPercent::Percent(_))) => {
            format!("minAvailable {share} of {pods}, which is {healthy}")
        }
        (None, Some(limit)) => format!("minAvailable {limit} of {pods}"),
        (None, None) => "neither minAvailable nor maxUnavailable".to_owned(),
    };
    Some(format!(
        "no pod of {} may be evicted ({limit}): `kubectl drain` of their nodes waits",
        names.join(", ")
    ))
}
