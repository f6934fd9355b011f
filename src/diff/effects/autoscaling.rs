//! Replicas that a manifest writes beside an autoscaler.

use super::super::matching::{Pair, group_of};
use super::super::{Change, EffectKind, ObjectPlan, Verdict};
use super::{World, add, effect};
use crate::k8s::kinds;
use crate::k8s::views::Workload;
use crate::manifest::Object;
use crate::yaml::Node;

/// The `HorizontalPodAutoscaler` of a workload, if either render has one.
pub(super) fn scaler_of<'a>(workload: &Object, pairs: &[Pair<'a>], world: &World<'_>) -> Option<&'a Object> {
    pairs.iter().filter_map(|pair| pair.new.or(pair.old)).find(|scaler| {
        scaler.kind == "HorizontalPodAutoscaler"
            && group_of(scaler) == "autoscaling"
            && world.same_namespace(scaler, workload)
            && is_target(scaler, workload)
    })
}

fn is_target(scaler: &Object, workload: &Object) -> bool {
    let target = |field: &str| {
        scaler.at(&["spec", "scaleTargetRef", field]).and_then(Node::as_str).unwrap_or_default()
    };
    let (kind, name) = (target("kind"), target("name"));
    (kind, name) == (workload.kind.as_str(), workload.name.as_str())
        && kinds::current_group(target("apiVersion"), kind) == group_of(workload)
}

/// Finds changed workloads whose manifest writes the number of replicas that an autoscaler sets.
pub(super) fn find_replicas(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let Some(new) = pair.new.filter(|_| plan.verdict == Verdict::Accepted) else { continue };
        let written = Workload::from_object(new).and_then(|workload| workload.spec("replicas")?.as_i64());
        let Some(replicas) = written.filter(|_| plan.change != Change::Unchanged) else { continue };
        if let Some(scaler) = scaler_of(new, pairs, world) {
            let detail = format!(
                "each apply resets the replicas to {replicas}, and the HorizontalPodAutoscaler `{}` sets them as well: leave `replicas` out",
                scaler.name
            );
            add(plan, effect(EffectKind::None, detail));
        }
    }
}
