//! Objects that the new manifests no longer hold.
//!
//! kubectl deletes nothing: such an object stays as it is. The plan gives the command that would delete it, and the
//! consequences. Helm deletes it, unless its policy is to keep it; the consequences are then effects.

use super::driver::policy_of_helm;
use super::effects::{World, effect, pod_list, pods_in_order, retained_claims};
use super::instructions::{Instruction, kind_of};
use super::matching::group_of;
use super::refused::keep_claims;
use super::simulation::Simulation;
use super::{Effect, EffectKind, ObjectPlan};
use crate::k8s::views::{Claim, StatefulSet, Workload, WorkloadKind};
use crate::manifest::Object;

/// Says that an object stays, and how to delete it.
pub(super) fn describe(plan: &mut ObjectPlan, old: &Object, simulation: &Simulation, world: &World<'_>) {
    let driver = world.driver();
    if simulation.is_deleted(old) {
        plan.is_deleted = true;
        plan.effects.push(deleted(old, world));
        let claims = StatefulSet::from_object(old);
        plan.remediation =
            claims.map(|set| keep_claims(set, kind_of(old), world.kubectl(old))).unwrap_or_default();
        return;
    }
    let kept = driver.keeps_for(old);
    if world.prunes() {
        let why = kept.unwrap_or_else(|| simulation.why_not_pruned(old, driver));
        plan.effects.push(effect(EffectKind::None, format!("stays in the cluster: {why}")));
        return;
    }
    if let Some(why) = kept.or_else(|| policy_of_helm(old)) {
        let also = format!(", and `{}` deletes nothing", driver.command());
        plan.effects.push(effect(EffectKind::None, format!("stays in the cluster: {why}{also}")));
        return;
    }
    let ongoing = match ongoing_activity(old) {
        "" => String::new(),
        what => format!("; {what}"),
    };
    plan.effects.push(effect(
        EffectKind::None,
        format!("stays in the cluster: `{}` does not delete it{ongoing}", driver.command()),
    ));
    plan.remediation = deletion(old, world);
}

/// What an object that stays keeps doing.
fn ongoing_activity(object: &Object) -> &'static str {
    match WorkloadKind::from_object(object) {
        Some(WorkloadKind::CronJob) => return "it keeps starting Jobs",
        Some(kind) if kind.runs_forever() => return "its pods keep running",
        _ => {}
    }
    match (group_of(object), object.kind.as_str()) {
        ("", "Service") => "its name keeps resolving",
        ("networking.k8s.io", "Ingress") => "its hosts and paths are still served",
        ("networking.k8s.io", "NetworkPolicy") => "it keeps filtering connections",
        ("autoscaling", "HorizontalPodAutoscaler") => "it keeps scaling its target",
        ("policy", "PodDisruptionBudget") => "it keeps limiting evictions",
        ("admissionregistration.k8s.io", _) => "it keeps acting on requests",
        _ => "",
    }
}

/// What it means that the driver deletes an object.
fn deleted(old: &Object, world: &World<'_>) -> Effect {
    let deleted = world.driver().deletion();
    if let Some(set) = StatefulSet::from_object(old) {
        let pods = pods_in_order(set);
        let fate = match retained_claims(set) {
            None => String::new(),
            Some(claims) if set.claim_retention().when_deleted => {
                let detail = format!("{deleted}, and with it the claims {claims} (whenDeleted: Delete)");
                return Effect { kind: EffectKind::DataLoss, detail, pods };
            }
            Some(claims) => format!("; the claims {claims} stay"),
        };
        let kind = if pods.is_empty() { EffectKind::None } else { EffectKind::ScaleDown };
        return Effect { kind, detail: format!("{deleted}{fate}"), pods };
    }
    let what = consequence(old, world).map(|what| format!("; {what}")).unwrap_or_default();
    effect(kind_of_deletion(old, world), format!("{deleted}{what}"))
}

/// How alarming it is to delete an object that is no StatefulSet.
pub(super) fn kind_of_deletion(old: &Object, world: &World<'_>) -> EffectKind {
    if WorkloadKind::from_object(old).is_some_and(WorkloadKind::runs_forever) {
        return EffectKind::ScaleDown;
    }
    if holds_data(old) {
        let class = Claim::new(&old.root).class().unwrap_or_default();
        let is_kept = old.kind == "PersistentVolumeClaim" && world.reclaim_policy(class) == Some("Retain");
        return if is_kept { EffectKind::None } else { EffectKind::DataLoss };
    }
    match (group_of(old), old.kind.as_str()) {
        ("", "Service") | ("networking.k8s.io", "Ingress" | "NetworkPolicy") => EffectKind::Traffic,
        _ => EffectKind::None,
    }
}

/// Whether data, or other objects, may be deleted with the object.
fn holds_data(object: &Object) -> bool {
    matches!(
        (group_of(object), object.kind.as_str()),
        ("", "PersistentVolumeClaim" | "PersistentVolume" | "Namespace")
            | ("apiextensions.k8s.io", "CustomResourceDefinition")
    )
}

/// How to delete an object.
fn deletion(old: &Object, world: &World<'_>) -> Vec<Instruction> {
    let kubectl = world.kubectl(old);
    let mut steps = if let Some(set) = StatefulSet::from_object(old) {
        let mut steps = keep_claims(set, kind_of(old), kubectl);
        let claims = retained_claims(set).map(|claims| format!("; the claims {claims} stay"));
        let pods = pod_list(set);
        let pods =
            if pods.is_empty() { "it has no pods".to_owned() } else { format!("deletes the pods {pods}") };
        steps.push(Instruction::note(format!("{pods}{}:", claims.unwrap_or_default())));
        steps
    } else {
        let warning = if holds_data(old) { "WARNING: " } else { "" };
        let what = consequence(old, world);
        what.into_iter().map(|what| Instruction::note(format!("{warning}{what}:"))).collect()
    };
    steps.push(kubectl.instruction(&["delete"], kind_of(old), &old.name, &[]));
    steps
}

/// What deleting an object that is no StatefulSet does beyond itself.
pub(super) fn consequence(old: &Object, world: &World<'_>) -> Option<String> {
    match WorkloadKind::from_object(old) {
        Some(WorkloadKind::Job) => return Some("deletes its pods".to_owned()),
        Some(WorkloadKind::CronJob) => return Some("deletes its Jobs and their pods".to_owned()),
        Some(kind) if kind.runs_forever() => return Some("deletes all its pods".to_owned()),
        _ => {}
    }
    let what = match (group_of(old), old.kind.as_str()) {
        ("", "ConfigMap" | "Secret" | "ServiceAccount") => "pods that still use it cannot start".to_owned(),
        ("", "Service") => {
            format!("the name `{}` no longer resolves, and its clients lose their connections", old.name)
        }
        ("networking.k8s.io", "Ingress") => "its hosts and paths are no longer served".to_owned(),
        ("networking.k8s.io", "NetworkPolicy") => "the set of allowed connections changes".to_owned(),
        ("", "PersistentVolumeClaim") => {
            let class = Claim::new(&old.root).class().unwrap_or_default();
            let fate = match world.reclaim_policy(class) {
                Some("Retain") => "its volume stays and must be bound by hand to be used again",
                Some(_) => "its volume and the data are deleted with it",
                None => "its volume and the data are deleted with it, unless the reclaim policy is Retain",
            };
            fate.to_owned()
        }
        ("", "PersistentVolume") => "a claim that is bound to the volume loses it".to_owned(),
        ("", "Namespace") => "deletes everything in the namespace, claims included".to_owned(),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            "deletes every object of its kind in the cluster".to_owned()
        }
        _ => return None,
    };
    Some(what)
}

/// Adds what it means that an object was replaced by one of another name, which runs beside it. `old` and `new` are the
/// two; `plan` is about the old one.
pub(super) fn renamed_to(plan: &mut ObjectPlan, old: &Object, new: &Object, world: &World<'_>) {
    if plan.is_deleted {
        return;
    }
    let workload = Workload::from_object(old).filter(|workload| workload.kind().runs_forever());
    if workload.and_then(|workload| workload.template().labels()).is_none() {
        return;
    }
    let selector = |object: &Object| object.at(&["spec", "selector"]).cloned();
    let both = if !world.same_namespace(old, new) {
        let (here, there) = (world.namespace_of(old), world.namespace_of(new));
        format!("`{}` in `{here}` and `{}` in `{there}` both run", old.name, new.name)
    } else if selector(old) == selector(new) {
        format!("`{}` and `{}` both run, on one selector", old.name, new.name)
    } else {
        format!("`{}` and `{}` both run", old.name, new.name)
    };
    for effect in plan.effects.iter_mut().filter(|effect| effect.kind == EffectKind::None) {
        effect.detail = format!("{}; {both}", effect.detail);
    }
    let services: Vec<String> =
        world.services_of(old, new).into_iter().map(|name| format!("`{name}`")).collect();
    let subject = match services.as_slice() {
        [] => None,
        [only] => Some(format!("the Service {only} selects")),
        all => Some(format!("the Services {} select", all.join(", "))),
    };
    plan.effects.extend(subject.map(|subject| {
        effect(EffectKind::Traffic, format!("{subject} the pods of both: clients reach either"))
    }));
    let has_claims = StatefulSet::from_object(new).is_some_and(StatefulSet::has_claims);
    if has_claims && !plan.remediation.is_empty() {
        plan.remediation
            .insert(0, Instruction::note(format!("move the data to the claims of `{}` first", new.name)));
    }
}

/// What it means for an object that it replaces `old`, which had another name and may be deleted.
pub(super) fn renamed_from(new: &Object, old: &Object, is_deleted: bool) -> Option<Effect> {
    let detail = if new.kind == "PersistentVolumeClaim" {
        let fate = if is_deleted {
            "the old claim is deleted, and the data with it unless the reclaim policy is Retain"
        } else {
            "the data stays in the volume of the old claim"
        };
        format!("renamed from `{}`: a new, empty volume; {fate}", old.name)
    } else {
        StatefulSet::from_object(new).filter(|set| set.has_claims())?;
        let fate = match (StatefulSet::new(&old.root).claim_retention().when_deleted, is_deleted) {
            (true, true) => {
                "the claims of the old name are deleted with their data (whenDeleted: Delete)".to_owned()
            }
            (true, false) => format!(
                "the data stays in the claims of the old name as long as `{}` is not deleted (whenDeleted: Delete)",
                old.name
            ),
            (false, _) => "the data stays in the claims of the old name".to_owned(),
        };
        format!("renamed from `{}`: its pods start with new, empty volumes; {fate}", old.name)
    };
    Some(effect(EffectKind::DataLoss, detail))
}
