//! Services that lose their last endpoint because of what happens to the pods they select.

use super::super::matching::{Pair, group_of};
use super::super::{Change, EffectKind, ObjectPlan, Verdict};
use super::{World, add, effect, other_pods};
use crate::k8s::views::{DaemonSet, Deployment, Service, StatefulSet, Workload, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::{Map, Node};
use std::collections::BTreeMap;

/// The pods of a workload before the new manifests are applied, right after that, and in the end.
struct Pods<'a> {
    object: &'a Object,
    before: Option<Workload<'a>>,
    /// The running pods that stay for now, with the template they have.
    now: Option<Workload<'a>>,
    /// The templates of the pods that run when nothing moves any more.
    finally: Vec<Workload<'a>>,
    /// The workload as the server refuses it.
    refused: Option<Workload<'a>>,
    /// What its controller counts by: its ordinals, for a StatefulSet.
    scale: Option<Workload<'a>>,
    /// Whether the new manifest has no replicas.
    is_stopped: bool,
}

impl<'a> Pods<'a> {
    fn of(pair: &Pair<'a>, plan: &ObjectPlan) -> Option<Self> {
        let object = pair.new.or(pair.old)?;
        // Pods of Jobs come and go.
        let kind = WorkloadKind::from_object(object)
            .filter(|kind| kind.runs_forever() || *kind == WorkloadKind::Pod)?;
        let with_pods = |object: &'a Object| {
            Workload::from_object(object).filter(|workload| workload.replicas() != Some(0))
        };
        let (old, new) = (pair.old.and_then(with_pods), pair.new.and_then(with_pods));
        let stays = Self {
            object,
            before: old,
            now: old,
            finally: old.into_iter().collect(),
            refused: None,
            scale: old,
            is_stopped: false,
        };
        Some(match (plan.verdict, old, new) {
            (Verdict::Rejected, ..) => Self { refused: new, ..stays },
            _ if pair.new.is_none() => stays,
            (_, Some(old), Some(new)) => Self {
                // The labels of a Pod change in place.
                now: Some(if kind == WorkloadKind::Pod { new } else { old }),
                finally: running_templates(old, new),
                scale: Some(new),
                ..stays
            },
            (_, old, new) => Self {
                now: None,
                finally: new.into_iter().collect(),
                scale: new,
                is_stopped: old.is_some() && new.is_none(),
                ..stays
            },
        })
    }

    fn was_selected(&self, service: Service<'_>) -> bool {
        self.before.is_some_and(|workload| selects(service, workload, workload))
    }

    fn is_selected_now(&self, service: Service<'_>) -> bool {
        self.now.zip(self.scale).is_some_and(|(workload, scale)| selects(service, workload, scale))
    }

    fn is_selected_finally(&self, service: Service<'_>) -> bool {
        let scale = |scale| self.finally.iter().any(|workload| selects(service, *workload, scale));
        self.scale.is_some_and(scale)
    }

    fn name(&self) -> String {
        format!("{}/{}", self.object.kind, self.object.name)
    }
}

/// The templates of the pods of a workload that was updated, when its rollout has gone as far as it goes by itself.
fn running_templates<'a>(old: Workload<'a>, new: Workload<'a>) -> Vec<Workload<'a>> {
    let is_held = match new.kind() {
        WorkloadKind::Pod => false,
        WorkloadKind::Deployment => Deployment::new(new.root()).is_paused(),
        WorkloadKind::DaemonSet => DaemonSet::new(new.root()).is_on_delete(),
        WorkloadKind::StatefulSet => {
            let set = StatefulSet::new(new.root());
            let (first, ordinals) = (set.first_updated(), set.ordinals());
            if !set.is_on_delete() && ordinals.contains(&first) && first > ordinals.start {
                return vec![old, new];
            }
            set.is_on_delete() || first >= ordinals.end
        }
        // Their pods stay as they are when the template changes.
        _ => true,
    };
    vec![if is_held { old } else { new }]
}

/// Whether a Service selects pods of that template; `scale` says which of them there are.
fn selects(service: Service<'_>, template: Workload<'_>, scale: Workload<'_>) -> bool {
    let labels = template.template().labels();
    let has = |key: &str, value: &str| {
        let own = labels.and_then(|labels| labels.get(key)).and_then(Node::as_str);
        own == Some(value) || is_added(scale, key, value)
    };
    let wanted = service.selector().labels().filter(|labels| !labels.is_empty());
    wanted
        .into_iter()
        .flat_map(Map::iter)
        .all(|entry| entry.value.as_str().is_some_and(|value| has(&entry.key, value)))
}

/// Whether the controller gives that label to one of the pods that there are.
fn is_added(workload: Workload<'_>, key: &str, value: &str) -> bool {
    let ordinal = workload.stateful_set().and_then(|set| {
        let ordinal = match key {
            "statefulset.kubernetes.io/pod-name" => set.ordinal_of(value),
            "apps.kubernetes.io/pod-index" => value.parse().ok(),
            _ => None,
        };
        ordinal.map(|ordinal| set.ordinals().contains(&ordinal))
    });
    workload.adds_label(key, value) && ordinal.unwrap_or(true)
}

/// Whether the endpoints of a Service are the pods that it selects.
fn is_selecting(service: Service<'_>) -> bool {
    service.service_type() != "ExternalName" && !service.selector().is_empty()
}

/// The workloads of a namespace.
#[derive(Default)]
struct Namespace<'a> {
    pods: Vec<Pods<'a>>,
    /// Whether any of them changes.
    is_changed: bool,
}

/// Finds Services that selected pods and no longer do.
pub(super) fn find_lost(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let mut by_namespace: BTreeMap<&str, Namespace<'_>> = BTreeMap::new();
    for (plan, pair) in objects.iter().zip(pairs) {
        if let Some(pods) = Pods::of(pair, plan) {
            let namespace = by_namespace.entry(world.namespace_of(pods.object)).or_default();
            namespace.is_changed |= plan.change != Change::Unchanged;
            namespace.pods.push(pods);
        }
    }
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        if (group_of(new), new.kind.as_str()) != ("", "Service") {
            continue;
        }
        let stored = if plan.verdict == Verdict::Rejected { old } else { new };
        let (before, after) = (Service::new(&old.root), Service::new(&stored.root));
        if !is_selecting(before) || !is_selecting(after) {
            continue;
        }
        let Some(Namespace { pods, is_changed }) = by_namespace.get(world.namespace_of(new)) else {
            continue;
        };
        let is_same = plan.change == Change::Unchanged && !is_changed;
        if is_same || !pods.iter().any(|pods| pods.was_selected(before)) {
            continue;
        }
        let Some(lost) = loss(before, after, pods) else { continue };
        if let Some(moved) = other_pods(&plan.changes) {
            plan.effects.retain(|effect| *effect != moved);
        }
        add(plan, effect(EffectKind::Traffic, lost));
    }
}

/// How long a Service has no endpoints, and why; `None` if it always has some.
fn loss(before: Service<'_>, service: Service<'_>, near: &[Pods<'_>]) -> Option<String> {
    let is_selected_now = near.iter().any(|pods| pods.is_selected_now(service));
    if let Some(pods) = near.iter().find(|pods| pods.is_selected_finally(service)) {
        let which = if pods.now.is_some() { "restarted pod" } else { "pod" };
        let state = if service.publishes_not_ready() { "has an address" } else { "is ready" };
        return (!is_selected_now)
            .then(|| format!("no endpoints until the first {which} of {} {state}", pods.name()));
    }
    let stopped = near.iter().filter(|pods| pods.is_stopped && pods.was_selected(before));
    let stopped: Vec<String> = stopped.map(Pods::name).collect();
    let mut refused = near.iter().filter(|pods| pods.refused.is_some_and(|all| selects(service, all, all)));
    let none = "no pod has the labels of its selector any more: the Service has no endpoints";
    Some(match (refused.next(), stopped.as_slice()) {
        (Some(pods), _) if pods.before.is_some() => format!("{none} until {} is replaced", pods.name()),
        (Some(pods), _) => format!("{none} until {} is created", pods.name()),
        (None, [only]) => format!("the Service has no endpoints any more: {only} is scaled to 0"),
        (None, [_, ..]) => {
            format!("the Service has no endpoints any more: {} are scaled to 0", stopped.join(", "))
        }
        (None, []) if is_selected_now => format!("{none} when the rollout is complete"),
        (None, []) => none.to_owned(),
    })
}
