//! Pods that a `LimitRange` or a `ResourceQuota` of their namespace refuses.
//!
//! Both are asked when a pod is created, not when its workload is applied: the controller is refused then, and the rollout
//! stops. Follows the admission plug-ins `LimitRanger` and `ResourceQuota` (`podEvaluator.Constraints`) for containers; quotas
//! with scopes are left out.

use super::super::matching::{Pair, group_of};
use super::super::{Change, EffectKind, ObjectPlan, Verdict};
use super::{World, add, effect};
use crate::k8s::merge::scalar_text;
use crate::k8s::quantity::Quantity;
use crate::k8s::views::{Container, Workload};
use crate::manifest::Object;
use crate::yaml::Node;

/// Says of workloads that start pods what refuses these.
pub(super) fn find_refused(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let of_kind = |kind: &'static str| {
        let all = pairs.iter().filter_map(|pair| pair.new.or(pair.old));
        all.filter(move |object| (group_of(object), object.kind.as_str()) == ("", kind)).collect::<Vec<_>>()
    };
    let (ranges, quotas) = (of_kind("LimitRange"), of_kind("ResourceQuota"));
    if ranges.is_empty() && quotas.is_empty() {
        return;
    }
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let is_starting = plan.change == Change::Added || plan.restarts() || plan.has(EffectKind::ScaleUp);
        let Some(new) = pair.new.filter(|_| is_starting && plan.verdict == Verdict::Accepted) else {
            continue;
        };
        let Some(workload) = Workload::from_object(new) else { continue };
        let here = |object: &&&Object| world.same_namespace(object, new);
        let ranges: Vec<&Object> = ranges.iter().filter(here).copied().collect();
        let mut found: Vec<String> = ranges.iter().flat_map(|range| outside(range, workload)).collect();
        for quota in quotas.iter().filter(here) {
            found.extend(unset(quota, &ranges, workload));
            found.extend(above(quota, pairs, world));
        }
        for detail in found {
            add(plan, effect(EffectKind::MayHang, detail));
        }
    }
}

/// The items of a `LimitRange` for containers.
fn limits(range: &Object) -> impl Iterator<Item = &Node> {
    let items = range.at(&["spec", "limits"]).map(Node::items).unwrap_or_default();
    items.iter().filter(|item| item.get("type").and_then(Node::as_str) == Some("Container"))
}

fn own<'a>(container: Container<'a>, field: &str, resource: &str) -> Option<&'a Node> {
    container.field("resources")?.at(&[field, resource])
}

/// The containers of a workload that ask for less or more than a `LimitRange` allows.
fn outside(range: &Object, workload: Workload<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for item in limits(range) {
        for (bound, field, word, is_outside) in [
            ("max", "limits", "at most", (|own, bound| own > bound) as fn(Quantity, Quantity) -> bool),
            ("min", "requests", "at least", |own, bound| own < bound),
        ] {
            for entry in item.get(bound).and_then(Node::as_map).into_iter().flatten() {
                let Ok(allowed) = Quantity::from_node(&entry.value) else { continue };
                let names = workload.template().all_containers().filter(|container| {
                    let own = own(*container, field, &entry.key);
                    own.and_then(|own| Quantity::from_node(own).ok())
                        .is_some_and(|own| is_outside(own, allowed))
                });
                let names: Vec<&str> = names.map(Container::name).collect();
                if !names.is_empty() {
                    let bound = scalar_text(&entry.value).unwrap_or_default();
                    found.push(format!(
                        "LimitRange/{} allows {word} {bound} of {} for a container, so the pods are refused ({})",
                        range.name,
                        entry.key,
                        names.join(", ")
                    ));
                }
            }
        }
    }
    found
}

/// What a quota counts, as a resource and where containers name it.
fn counted(key: &str) -> Option<(&'static str, &'static str)> {
    match key {
        "cpu" | "requests.cpu" => Some(("requests", "cpu")),
        "memory" | "requests.memory" => Some(("requests", "memory")),
        "limits.cpu" => Some(("limits", "cpu")),
        "limits.memory" => Some(("limits", "memory")),
        _ => None,
    }
}

fn hard(quota: &Object) -> impl Iterator<Item = (&str, &Node)> {
    let has_scopes = ["scopes", "scopeSelector"].iter().any(|field| quota.at(&["spec", field]).is_some());
    let entries = quota.at(&["spec", "hard"]).and_then(Node::as_map).filter(|_| !has_scopes);
    entries.into_iter().flatten().map(|entry| (entry.key.as_str(), &entry.value))
}

/// What a quota counts and a container neither names nor gets from a `LimitRange`.
fn unset(quota: &Object, ranges: &[&Object], workload: Workload<'_>) -> Vec<String> {
    let is_default = |field: &str, resource: &str| {
        // A limit is a request as well.
        let keys: &[&str] = if field == "limits" {
            &["default", "max"]
        } else {
            &["defaultRequest", "default", "max", "min"]
        };
        ranges
            .iter()
            .flat_map(|range| limits(range))
            .any(|item| keys.iter().any(|key| item.at(&[key, resource]).is_some()))
    };
    let mut found = Vec::new();
    for (key, _) in hard(quota) {
        let Some((field, resource)) = counted(key) else { continue };
        let names: Vec<&str> = workload
            .template()
            .all_containers()
            .filter(|container| {
                own(*container, field, resource).is_none() && own(*container, "limits", resource).is_none()
            })
            .map(Container::name)
            .collect();
        if !names.is_empty() && !is_default(field, resource) {
            found.push(format!(
                "ResourceQuota/{} counts {key}, so pods with a container that does not set it are refused ({})",
                quota.name,
                names.join(", ")
            ));
        }
    }
    found
}

/// What all workloads of the namespace ask for together and a quota does not allow.
fn above(quota: &Object, pairs: &[Pair<'_>], world: &World<'_>) -> Vec<String> {
    let workloads: Vec<Workload<'_>> = pairs
        .iter()
        .filter_map(|pair| pair.new.or(pair.old))
        .filter(|object| world.same_namespace(object, quota))
        .filter_map(Workload::from_object)
        .filter(|workload| workload.kind().runs_forever())
        .collect();
    let total = |each: &dyn Fn(Workload<'_>) -> i64| -> i64 {
        let of =
            |workload: &Workload<'_>| workload.replicas().unwrap_or_default().saturating_mul(each(*workload));
        workloads.iter().map(of).fold(0, i64::saturating_add)
    };
    let mut found = Vec::new();
    for (key, node) in hard(quota) {
        let Ok(allowed) = Quantity::from_node(node) else { continue };
        let (wanted, allowed) = match (key, counted(key)) {
            ("pods" | "count/pods", _) => (total(&|_| 1), allowed.value()),
            (_, Some((field, resource))) => {
                let each = |workload: Workload<'_>| {
                    let template = workload.template();
                    let own =
                        if field == "limits" { template.limit(resource) } else { template.request(resource) };
                    own.map_or(0, |own| own.milli_value())
                };
                (total(&each), allowed.milli_value())
            }
            _ => continue,
        };
        if wanted > allowed {
            found.push(format!(
                "ResourceQuota/{} allows {key}: {}, and the workloads of the namespace need more: some of the pods are refused",
                quota.name,
                scalar_text(node).unwrap_or_default()
            ));
        }
    }
    found
}
