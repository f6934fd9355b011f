//! What follows from a change in the cluster: which pods restart in which order, what becomes of volumes,
//! who notices.

mod autoscaling;
mod budgets;
mod endpoints;
mod governing;
mod ports;
mod quotas;
mod references;
mod renames;
mod workload;
mod world;

pub(super) use workload::{is_version_like, pod_list, pods_in_order, retained_claims};
pub(super) use world::World;

use super::fields::PathSet;
use super::instructions::kind_of;
use super::matching::{Pair, group_of};
use super::simulation::{Applied, Simulation};
use super::{Change, Effect, EffectKind, FieldChange, ObjectPlan, Verdict};
use crate::k8s::merge::scalar_text;
use crate::k8s::schema;
use crate::k8s::views::{Claim, PodTemplate, StatefulSet, Workload, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::{BTreeMap, BTreeSet};

/// A consequence that concerns no pod in particular.
pub(super) fn effect(kind: EffectKind, detail: impl Into<String>) -> Effect {
    Effect { kind, detail: detail.into(), pods: Vec::new() }
}

/// Adds what follows for each object from what happens to the others. `objects` are the plans of `pairs`.
pub(super) fn between_objects(
    objects: &mut [ObjectPlan],
    pairs: &[Pair<'_>],
    simulation: &Simulation,
    world: &World<'_>,
) {
    ports::explain_allocated(objects, pairs, simulation, world);
    renames::keep_without_successor(objects, pairs);
    endpoints::find_lost(objects, pairs, world);
    budgets::find_blocking(objects, pairs, world);
    quotas::find_refused(objects, pairs, world);
    governing::find_addressed(objects, pairs, world);
    autoscaling::find_replicas(objects, pairs, world);
    unseen_configuration(objects, pairs, world);
}

/// Adds an effect to a plan that is complete otherwise. It replaces the statement that nothing else happens.
fn add(plan: &mut ObjectPlan, news: Effect) {
    if news.kind != EffectKind::None {
        plan.effects.retain(|effect| effect.kind != EffectKind::None);
    }
    plan.effects.push(news);
    plan.effects.sort_by_key(|effect| effect.kind);
}

/// The kinds and names of the ConfigMaps and Secrets that the pods of a workload use.
pub(super) fn config_of(object: &Object) -> Vec<(&str, &str)> {
    let template = Workload::from_object(object).map(Workload::template);
    let usages = template.map(references::references).unwrap_or_default();
    usages.into_iter().map(|usage| (usage.kind, usage.name)).collect()
}

/// Whether pods of a template use a ConfigMap or Secret.
pub(super) fn uses(template: PodTemplate<'_>, kind: &str, name: &str) -> bool {
    references::references(template).iter().any(|usage| usage.kind == kind && usage.name == name)
}

/// What follows from the creation of an object.
pub(super) fn created(new: &Object) -> Vec<Effect> {
    if (group_of(new), new.kind.as_str()) == ("networking.k8s.io", "NetworkPolicy") {
        return vec![connections()];
    }
    workload::created(new)
}

/// What any other set of network policies means.
fn connections() -> Effect {
    effect(EffectKind::Traffic, "the set of allowed connections changes")
}

/// What follows from an accepted update.
pub(super) fn updated(
    new: &Object,
    applied: &Applied,
    changes: &[FieldChange],
    world: &World<'_>,
) -> Vec<Effect> {
    if let Some(kind) = WorkloadKind::from_object(new) {
        return workload::updated(new, kind, applied, changes, world.kubectl(new));
    }
    match (group_of(new), new.kind.as_str()) {
        ("", "Service") => service(changes),
        ("networking.k8s.io", "Ingress") => {
            let routes = changes.iter().any(|change| {
                ["rules", "defaultBackend", "tls", "ingressClassName"]
                    .iter()
                    .any(|field| change.path.starts_with(&["spec", field]))
            });
            if routes {
                vec![effect(EffectKind::Traffic, "requests are routed differently")]
            } else {
                Vec::new()
            }
        }
        ("networking.k8s.io", "NetworkPolicy")
            if changes.iter().any(|change| change.path.starts_with(&["spec"])) =>
        {
            vec![connections()]
        }
        ("", "PersistentVolumeClaim") => {
            let grows = changes
                .iter()
                .find(|change| change.path.starts_with(&["spec", "resources", "requests", "storage"]));
            grows
                .map(|change| {
                    let known = world.knows_class(Claim::new(&applied.merged).class());
                    let caveat = if known { "" } else { "; the storage class must allow expansion" };
                    effect(EffectKind::None, format!("the volume grows in place: {}{caveat}", arrow(change)))
                })
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What is said where nothing follows.
pub(super) fn none(new: &Object, changes: &[FieldChange]) -> Effect {
    if !WorkloadKind::from_object(new).is_some_and(WorkloadKind::runs_forever) {
        return effect(EffectKind::None, "");
    }
    let number = |node: &Option<Node>| node.as_ref().and_then(Node::as_i64).unwrap_or_default();
    let released = changes.iter().any(|change| {
        let lowered = change.path.starts_with(&["spec", "updateStrategy", "rollingUpdate", "partition"])
            && number(&change.new) < number(&change.old);
        let began = change.path.starts_with(&["spec", "updateStrategy", "type"])
            && change.old.as_ref().and_then(Node::as_str) == Some("OnDelete");
        let resumed = change.path.starts_with(&["spec", "paused"])
            && change.old.as_ref().and_then(Node::as_bool) == Some(true);
        lowered || began || resumed
    });
    effect(
        EffectKind::None,
        if released {
            "no pods restart, unless an earlier rollout was held back: those pods restart now"
        } else {
            "no pods restart"
        },
    )
}

fn service(changes: &[FieldChange]) -> Vec<Effect> {
    let mut effects = Vec::new();
    let touches = |field: &str| changes.iter().any(|change| change.path.starts_with(&["spec", field]));
    if let Some(change) = changes.iter().find(|change| change.path.starts_with(&["spec", "type"])) {
        let types =
            [&change.old, &change.new].map(|node| node.as_ref().and_then(Node::as_str).unwrap_or("?"));
        // Whatever else such a change touches follows from it.
        let what = match types {
            [_, "ExternalName"] => "the name leads out of the cluster: clients leave the pods at once",
            ["ExternalName", _] => "the name leads to pods of the cluster at once",
            _ => "addresses outside the cluster come or go",
        };
        let [before, after] = types;
        effects.push(effect(EffectKind::Traffic, format!("type {before} -> {after}: {what}")));
        if types.contains(&"ExternalName") {
            return effects;
        }
    }
    effects.extend(other_pods(changes));
    let ports: Vec<&FieldChange> =
        changes.iter().filter(|c| c.path.starts_with(&["spec", "ports"])).collect();
    if let Some(what) = port_effect(&ports) {
        effects.push(effect(EffectKind::Traffic, what));
    }
    for (field, what) in [
        ("externalName", "the name resolves to another host"),
        ("sessionAffinity", "clients are spread over the pods differently"),
        ("externalTrafficPolicy", "external traffic is routed differently"),
        ("internalTrafficPolicy", "internal traffic is routed differently"),
        ("publishNotReadyAddresses", "pods that are not ready come into or go out of DNS"),
        ("loadBalancerSourceRanges", "other clients are let in"),
        ("externalIPs", "it answers on other addresses"),
    ] {
        if touches(field) && !(field == "externalTrafficPolicy" && touches("type")) {
            effects.push(effect(EffectKind::Traffic, what));
        }
    }
    effects
}

/// What a changed selector of a Service means, as long as it selects any pods.
fn other_pods(changes: &[FieldChange]) -> Option<Effect> {
    let all: Vec<String> =
        changes.iter().filter(|c| c.path.starts_with(&["spec", "selector"])).map(arrow).collect();
    let detail = format!("the Service selects other pods ({}): traffic moves at once", all.join(", "));
    (!all.is_empty()).then(|| effect(EffectKind::Traffic, detail))
}

/// What changes of a Service's ports mean to its clients; the gravest of them.
fn port_effect(ports: &[&FieldChange]) -> Option<&'static str> {
    let last = |change: &FieldChange| change.path.fields().last().unwrap_or_default().to_owned();
    let any = |test: &dyn Fn(&FieldChange) -> bool| ports.iter().any(|change| test(change));
    if any(&|change| last(change) == "ports" && change.new.is_none()) {
        return Some("a port is removed: its clients are refused as soon as it is applied");
    }
    // Of a node port that is gone the type of the Service tells.
    let is_set = |change: &FieldChange, field: &str| {
        last(change) == field && (field != "nodePort" || change.new.is_some())
    };
    for (field, what) in [
        ("targetPort", "a port leads to another port of the pods at once: they must already listen there"),
        ("nodePort", "clients outside the cluster must use the new node port"),
        ("protocol", "a port speaks another protocol: its clients are refused"),
        ("appProtocol", "proxies may speak to the port differently"),
        ("name", "a port is renamed: Ingresses and SRV look-ups that name it must follow"),
    ] {
        if any(&|change| is_set(change, field)) {
            return Some(what);
        }
    }
    any(&|change| change.old.is_none()).then_some("a port is added; clients of the others notice nothing")
}

/// Whether a manifest speaks of the place of a change, as far as it can be followed through lists.
pub(super) fn speaks_of(manifest: &Node, change: &FieldChange) -> bool {
    let mut node = manifest;
    for step in &change.path.0 {
        let super::Step::Field(name) = step else { return true };
        match node.get(name) {
            Some(below) => node = below,
            None => return false,
        }
    }
    true
}

/// What the new manifest wants and the server does not do.
pub(super) fn ignored(
    new: &Object,
    old_manifest: &Node,
    new_manifest: &Node,
    wanted: &[FieldChange],
    changes: &[FieldChange],
    applied: &Applied,
    world: &World<'_>,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    let happening = PathSet::new(changes.iter().map(|change| &change.path));
    for change in wanted {
        let happens = happening.overlaps(&change.path);
        let allocated =
            |node: &Option<Node>| node.as_ref().and_then(Node::as_str) == Some(super::simulation::ALLOCATED);
        let named = speaks_of(old_manifest, change) || speaks_of(new_manifest, change);
        if happens || !named || (change.old.is_none() && allocated(&change.new)) {
            continue;
        }
        let path = change.path.named();
        let kept = change.path.fields().try_fold(&applied.merged, |node, field| node.get(field));
        let secret = new.kind == "Secret";
        let stays = match kept.or(change.old.as_ref()).and_then(scalar_text) {
            Some(_) if secret => "its value".to_owned(),
            Some(text) => format!("`{text}`"),
            None => "as it is".to_owned(),
        };
        let detail = if change.path.starts_with(&["spec", "clusterIP"]) {
            let delete = world.kubectl(new).inline(&["delete"], kind_of(new), &new.name);
            if stays == "`None`" {
                format!(
                    "`spec.clusterIP` stays `None`: a headless Service cannot become another by dropping the field; {delete} and apply again"
                )
            } else {
                format!(
                    "`spec.clusterIP` stays {stays}: an address is kept until the Service is deleted ({delete})"
                )
            }
        } else if change.new.is_none() || allocated(&change.new) {
            format!("`{path}` stays {stays}: the server keeps it although the manifest no longer names it")
        } else {
            // All that the manifest names is set: this is a default, which was stored when it was another.
            format!("`{path}` stays {stays}: the manifest does not name it, and the server keeps what it has")
        };
        effects.push(effect(EffectKind::Ignored, detail));
    }
    effects.extend(dropped(new, old_manifest, new_manifest, world));
    effects
}

/// New values of fields that the server drops, because their feature gates are off.
fn dropped(new: &Object, old_manifest: &Node, new_manifest: &Node, world: &World<'_>) -> Vec<Effect> {
    let kind = schema::kind_in_group(group_of(new), &new.kind);
    let disabled = |manifest| schema::disabled_fields(kind, world.version(), manifest);
    let before = disabled(old_manifest);
    let changed = disabled(new_manifest).into_iter().filter(|field| !before.contains(field));
    let effects = changed.map(|(path, feature, _)| {
        let name = feature.name();
        let detail = format!("`{path}` is dropped unread unless the cluster has the feature gate {name} on");
        effect(EffectKind::Ignored, detail)
    });
    effects.collect()
}

/// Finds ConfigMaps and Secrets that change while the pods that use them stay as they are.
fn unseen_configuration(objects: &mut [ObjectPlan], pairs: &[Pair<'_>], world: &World<'_>) {
    let namespace = |object: &Object| world.namespace_of(object).to_owned();
    let changed: BTreeSet<(&str, String, &str)> = objects
        .iter()
        .zip(pairs)
        .filter(|(plan, _)| plan.change == Change::Modified && plan.verdict == Verdict::Accepted)
        .filter(|(plan, _)| {
            plan.changes.iter().any(|c| c.path.starts_with(&["data"]) || c.path.starts_with(&["binaryData"]))
        })
        .filter_map(|(_, pair)| pair.new)
        .filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret"))
        .map(|object| (object.kind.as_str(), namespace(object), object.name.as_str()))
        .collect();
    if changed.is_empty() {
        return;
    }
    let mut found = Vec::new();
    for (plan, pair) in objects.iter().zip(pairs) {
        // Where a change is refused the old template stays.
        let running = if plan.verdict == Verdict::Rejected { pair.old } else { pair.new };
        let (Some(workload), Some(old)) = (running, pair.old) else { continue };
        let Some(template) = references::running_template(workload).filter(|_| !plan.restarts()) else {
            continue;
        };
        let templated = plan.verdict == Verdict::Accepted
            && plan.changes.iter().any(|change| change.path.starts_with(&["spec", "template"]));
        let pods = workload::pod_names(old);
        // No pod is there to hold old values.
        if templated && StatefulSet::from_object(workload).is_some() && pods.is_empty() {
            continue;
        }
        let home = namespace(workload);
        let mut seen: BTreeMap<(&str, &str), (Vec<&'static str>, bool)> = BTreeMap::new();
        for usage in references::references(template) {
            let (ways, live) = seen.entry((usage.kind, usage.name)).or_insert((Vec::new(), true));
            if !ways.contains(&usage.way) {
                ways.push(usage.way);
            }
            *live &= usage.live;
        }
        for ((used, source), (ways, live)) in seen {
            let Some(key) = changed.get(&(used, home.clone(), source)) else { continue };
            let how = if live {
                "the mounted files follow within about a minute; a program that reads them once does not"
            } else {
                "its pods keep the values they started with"
            };
            let (name, kind, ways) = (&workload.name, &workload.kind, ways.join(", "));
            let detail = if templated {
                format!("{kind}/{name} uses it ({ways}) and none of its pods restarts: {how}")
            } else {
                // kubectl restarts no other kinds.
                let restart =
                    WorkloadKind::from_object(workload).is_some_and(WorkloadKind::rolls_out).then(|| {
                        let kubectl = world.kubectl(workload);
                        format!("; {}", kubectl.inline(&["rollout", "restart"], kind_of(workload), name))
                    });
                let restart = restart.unwrap_or_default();
                format!("{kind}/{name} uses it ({ways}) and its pod template does not change: {how}{restart}")
            };
            found.push(((key.0, key.1.clone(), key.2), detail, pods.clone()));
        }
    }
    for (plan, pair) in objects.iter_mut().zip(pairs) {
        let Some(object) = pair.new else { continue };
        for (key, detail, pods) in &found {
            if key.0 == object.kind && key.2 == object.name && key.1 == namespace(object) {
                let news = Effect {
                    kind: EffectKind::ConfigNotPickedUp,
                    detail: detail.clone(),
                    pods: pods.clone(),
                };
                if !plan.effects.contains(&news) {
                    add(plan, news);
                }
            }
        }
    }
}

/// `old -> new` of a scalar change.
pub(super) fn arrow(change: &FieldChange) -> String {
    let show = |node: &Option<Node>| match node {
        Some(node) => scalar_text(node).map_or_else(|| "...".to_owned(), std::borrow::Cow::into_owned),
        None => "nothing".to_owned(),
    };
    let last = change.path.fields().last().unwrap_or_default();
    format!("{last}: {} -> {}", show(&change.old), show(&change.new))
}
