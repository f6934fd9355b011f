//! Workloads: pods in their order, claims and their fate.

use super::super::instructions::{Kubectl, POD, kind_of};
use super::super::simulation::Applied;
use super::super::{Effect, EffectKind, FieldChange};
use super::effect;
use crate::k8s::views::{DaemonSet, Deployment, IntOrPercent, StatefulSet, Workload, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::Node;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

/// How many pods are listed by name; beyond that a count has to do.
const MAX_LISTED: usize = 1000;

/// Why nothing restarts where there is no pod, or every pod goes.
const NONE_STAYS: &str = "no pods restart: none of them stays";

/// What of `range` is not in `other`: the part below it and the part above it.
fn outside(range: &Range<i64>, other: &Range<i64>) -> (Range<i64>, Range<i64>) {
    if other.is_empty() {
        return (range.start..range.start, range.clone());
    }
    (range.start..range.end.min(other.start), range.start.max(other.end)..range.end)
}

/// Pods of a StatefulSet by name, the first [`MAX_LISTED`] of them.
fn pods(set: StatefulSet<'_>, ordinals: impl IntoIterator<Item = i64>) -> Vec<String> {
    ordinals.into_iter().take(MAX_LISTED).map(|ordinal| set.pod_name(ordinal)).collect()
}

/// The claims of pods of a StatefulSet, as a list for people.
fn claims(set: StatefulSet<'_>, ordinals: impl Iterator<Item = i64>) -> String {
    let names: Vec<String> = ordinals.take(MAX_LISTED).flat_map(|ordinal| set.claim_names(ordinal)).collect();
    listed(&names)
}

/// A list of names that stays readable.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    match names {
        names if names.len() <= SHOWN => names.join(", "),
        [first, .., last] => format!("{first} ... {last} ({} in all)", names.len()),
        _ => String::new(),
    }
}

/// What follows from the creation of a workload.
pub(super) fn created(new: &Object) -> Vec<Effect> {
    let Some(set) = StatefulSet::from_object(new).filter(|set| set.replicas() > 0) else { return Vec::new() };
    let order =
        if set.is_parallel() { "all at once" } else { "one by one, each when the one before is ready" };
    let claims =
        if set.has_claims() { format!("; claims {}", claims(set, set.ordinals())) } else { String::new() };
    vec![Effect {
        kind: EffectKind::ScaleUp,
        detail: match set.replicas() {
            1 => format!("1 pod starts{claims}"),
            replicas => format!("{} start {order}{claims}", counted(replicas)),
        },
        pods: pods(set, set.ordinals()),
    }]
}

/// The pods of a stored StatefulSet in the order in which its deletion would scale it down.
pub(in super::super) fn pods_in_order(set: StatefulSet<'_>) -> Vec<String> {
    pods(set, set.ordinals().rev())
}

/// The same as a list for people.
pub(in super::super) fn pod_list(set: StatefulSet<'_>) -> String {
    listed(&pods_in_order(set))
}

/// The claims that a stored StatefulSet leaves behind when it is deleted, as a list for people.
pub(in super::super) fn retained_claims(set: StatefulSet<'_>) -> Option<String> {
    (set.has_claims() && !set.ordinals().is_empty()).then(|| claims(set, set.ordinals()))
}

/// What follows from an accepted update of a workload.
pub(super) fn updated(
    new: &Object,
    kind: WorkloadKind,
    applied: &Applied,
    changes: &[FieldChange],
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    match kind {
        WorkloadKind::Pod => pod(new, changes).into_iter().collect(),
        WorkloadKind::CronJob if !changes.is_empty() => {
            vec![effect(EffectKind::None, "jobs started from now on are made from the new template")]
        }
        kind if kind.runs_forever() => replaced(new, kind, applied, changes, kubectl),
        _ => Vec::new(),
    }
}

fn pod(new: &Object, changes: &[FieldChange]) -> Option<Effect> {
    changes.iter().any(|change| change.path.fields().last() == Some("image")).then(|| Effect {
        kind: EffectKind::RollingRestart,
        detail: "containers whose image changed are restarted in place".to_owned(),
        pods: vec![new.name.clone()],
    })
}

/// What follows for the pods of a workload that replaces them.
fn replaced(
    new: &Object,
    kind: WorkloadKind,
    applied: &Applied,
    changes: &[FieldChange],
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    let template: Vec<&FieldChange> =
        changes.iter().filter(|change| change.path.starts_with(&["spec", "template"])).collect();
    let rolls = !template.is_empty();
    let (live, merged) = (&applied.live, &applied.merged);
    let mut effects = match kind {
        WorkloadKind::StatefulSet => {
            stateful_set(StatefulSet::new(live), StatefulSet::new(merged), rolls, changes, kubectl)
        }
        _ => scaled_workload(Workload::new(kind, live), Workload::new(kind, merged)),
    };
    match kind {
        WorkloadKind::DaemonSet if rolls => effects.push(daemon_set(DaemonSet::new(merged))),
        WorkloadKind::Deployment if rolls => {
            effects.extend(deployment(new, Deployment::new(live), Deployment::new(merged), kubectl));
        }
        _ => {}
    }
    let restarts = effects.iter().any(|effect| effect.kind == EffectKind::RollingRestart);
    if restarts && let Some(why) = needless(&template) {
        effects.push(effect(EffectKind::NeedlessRestart, why));
    }
    effects
}

fn stateful_set(
    old: StatefulSet<'_>,
    new: StatefulSet<'_>,
    rolls: bool,
    changes: &[FieldChange],
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    let mut effects = scaled(old, new, rolls);
    if rolls {
        effects.extend(rolled(old, new, kubectl));
        effects.extend(moved_volumes(old, new));
    }
    let retention = new.claim_retention();
    for (field, is_deleted, event) in [
        ("whenDeleted", retention.when_deleted, "the StatefulSet is deleted"),
        ("whenScaled", retention.when_scaled, "it is scaled down"),
    ] {
        let path = ["spec", "persistentVolumeClaimRetentionPolicy", field];
        let is_changed = changes.iter().any(|change| change.path.starts_with(&path));
        if is_changed && is_deleted && new.has_claims() {
            effects.push(effect(
                EffectKind::DataLoss,
                format!("from now on claims are deleted when {event} ({field}: Delete)"),
            ));
        }
    }
    effects
}

/// Pods and claims that come and go. Where the template changes, those that come below the partition start with the
/// old one (`newVersionedStatefulSetPod`).
fn scaled(old: StatefulSet<'_>, new: StatefulSet<'_>, template_changes: bool) -> Vec<Effect> {
    let (before, after) = (old.ordinals(), new.ordinals());
    let (low, high) = outside(&before, &after);
    let gone = high.rev().chain(low.rev());
    let (low, high) = outside(&after, &before);
    let come = low.clone().chain(high.clone());
    let mut effects = Vec::new();
    let numbers = format!("{} -> {} replicas", old.replicas(), new.replicas());
    if gone.clone().next().is_some() {
        let mut detail = numbers.clone();
        if before.start != after.start {
            let _ = write!(detail, "; ordinals start at {} instead of {}", after.start, before.start);
        }
        if new.has_claims() {
            let claims = claims(new, gone.clone());
            if new.claim_retention().when_scaled {
                detail.push_str("; their claims are deleted as well");
                effects.push(effect(
                    EffectKind::DataLoss,
                    format!("the claims {claims} are deleted (whenScaled: Delete)"),
                ));
            } else {
                let _ = write!(detail, "; the claims {claims} stay (whenScaled: Retain)");
            }
        }
        effects.push(Effect { kind: EffectKind::ScaleDown, detail, pods: pods(new, gone) });
    }
    if come.clone().next().is_some() {
        let order = if new.is_parallel() { "all at once" } else { "one by one" };
        let mut detail = format!("{numbers}, started {order}");
        if template_changes && !new.is_on_delete() {
            let first = new.first_updated();
            let at_most = |range: &Range<i64>| range.start..range.end.min(first);
            let at_least = |range: &Range<i64>| range.start.max(first)..range.end;
            let below = pods(new, at_most(&low).chain(at_most(&high)));
            let above = pods(new, at_least(&low).chain(at_least(&high)));
            if !below.is_empty() {
                let below = listed(&below);
                let partition = new.partition().unwrap_or_default();
                let _ = write!(detail, "; below partition {partition}: {below} with the old template");
                if !above.is_empty() {
                    let _ = write!(detail, ", {} with the new one", listed(&above));
                }
            }
        }
        if new.has_claims() {
            let claims = claims(new, come.clone());
            let _ = write!(detail, "; claims {claims} are made, or used again if they are still there");
        }
        effects.push(Effect { kind: EffectKind::ScaleUp, detail, pods: pods(new, come) });
    }
    effects
}

/// The order in which a changed template reaches the pods: from the highest ordinal down to the partition,
/// each when the one before is ready (`defaultStatefulSetControl.updateStatefulSet`).
fn rolled(old: StatefulSet<'_>, new: StatefulSet<'_>, kubectl: Kubectl<'_>) -> Vec<Effect> {
    let (before, after) = (old.ordinals(), new.ordinals());
    let kept = before.start.max(after.start)..before.end.min(after.end);
    let first = new.first_updated();
    let (held, updated) = (kept.start..kept.end.min(first), kept.start.max(first)..kept.end);
    if new.is_on_delete() && !kept.is_empty() {
        let all = listed(&pods(new, updated.rev().chain(held.rev())));
        return vec![effect(
            EffectKind::RollingRestart,
            format!(
                "no pods restart by themselves (updateStrategy OnDelete): each of {all} gets the new template when you delete it"
            ),
        )];
    }
    let partition = new.partition().unwrap_or_default();
    if updated.is_empty() {
        let why = if held.is_empty() {
            NONE_STAYS.to_owned()
        } else {
            format!(
                "no pods restart: partition {partition} keeps all of them at the old template until it is lowered"
            )
        };
        return vec![effect(EffectKind::None, why)];
    }
    let limit = new.unavailable().filter(|limit| *limit != IntOrPercent::Int(1));
    let mut detail = match limit {
        _ if updated.end - updated.start == 1 => "restarts with the new template".to_owned(),
        Some(limit) => format!("restart with at most {limit} unavailable at a time, highest ordinal first"),
        None => "restart one by one, highest ordinal first, each when the one before is ready".to_owned(),
    };
    if !held.is_empty() {
        let kept = listed(&pods(new, held));
        let _ = write!(detail, "; partition {partition} leaves {kept} alone");
    }
    let names = pods(new, updated.rev());
    let top = names.first().cloned().unwrap_or_default();
    let mut effects = vec![Effect { kind: EffectKind::RollingRestart, detail, pods: names }];
    if !new.is_parallel() {
        effects.push(Effect {
            kind: EffectKind::MayHang,
            detail: format!(
                "podManagementPolicy OrderedReady: if {top} never gets ready the rollout stops there, and a corrected template does not replace it: {}",
                kubectl.inline(&["delete"], POD, &top)
            ),
            pods: vec![top],
        });
    }
    effects
}

/// Volumes backed by claims that are mounted elsewhere, or no more.
fn moved_volumes(old: StatefulSet<'_>, new: StatefulSet<'_>) -> Vec<Effect> {
    let is_claim = |volume: &str| new.claims().any(|(_, claim)| claim.name() == volume);
    let mounts = |set: StatefulSet<'_>| -> BTreeSet<(String, String, String, String)> {
        let containers = set.template().containers();
        let mounts = containers.flat_map(|container| container.mounts().map(move |mount| (container, mount)));
        let plain = |text: &str| text.trim_end_matches('/').to_owned();
        mounts
            .filter(|(_, mount)| is_claim(mount.volume()))
            .map(|(container, mount)| {
                (plain(container.name()), plain(mount.volume()), plain(mount.path()), plain(mount.sub_path()))
            })
            .collect()
    };
    let (before, after) = (mounts(old), mounts(new));
    let kept: BTreeSet<_> = after.iter().map(|(container, ..)| container).collect();
    before
        .difference(&after)
        .filter(|(container, ..)| kept.contains(container) || after.is_empty())
        .map(|(container, volume, path, _)| {
            let now = after.iter().find(|(c, v, ..)| c == container && v == volume);
            let where_to = match now {
                Some((_, _, other, _)) if other != path => format!("is mounted at `{other}` instead of `{path}`"),
                Some((_, _, _, sub)) => format!("shows another directory of itself at `{path}` (subPath `{sub}`)"),
                None => format!("is no longer mounted at `{path}`"),
            };
            effect(
                EffectKind::DataLoss,
                format!("the claim's volume `{volume}` {where_to} in container `{container}`: it does not find its data where it was"),
            )
        })
        .collect()
}

/// Pods of another workload than a StatefulSet that come and go.
fn scaled_workload(old: Workload<'_>, new: Workload<'_>) -> Vec<Effect> {
    let numbers = old.replicas().zip(new.replicas()).filter(|(before, after)| before != after);
    let scaling = numbers.map(|(before, after)| {
        let kind = if after > before { EffectKind::ScaleUp } else { EffectKind::ScaleDown };
        effect(kind, format!("{before} -> {after} replicas"))
    });
    scaling.into_iter().collect()
}

/// How a changed template reaches the pods of a DaemonSet.
fn daemon_set(new: DaemonSet<'_>) -> Effect {
    if new.is_on_delete() {
        let detail = "no pods restart by themselves (updateStrategy OnDelete): each node's pod gets the new template when you delete it";
        return effect(EffectKind::RollingRestart, detail.to_owned());
    }
    let detail = format!("the pod of every node is replaced, at most {} at a time", new.unavailable());
    effect(EffectKind::RollingRestart, detail)
}

/// How a changed template reaches the pods of a Deployment.
fn deployment(
    object: &Object,
    old: Deployment<'_>,
    new: Deployment<'_>,
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    // `rolloutRolling`, `rolloutRecreate`: a paused Deployment is only scaled.
    if new.is_paused() {
        let resume = kubectl.inline(&["rollout", "resume"], kind_of(object), &object.name);
        return vec![effect(
            EffectKind::None,
            format!("the Deployment is paused: no pods restart until it is resumed ({resume})"),
        )];
    }
    if old.replicas().min(new.replicas()) == 0 {
        return vec![effect(EffectKind::None, NONE_STAYS)];
    }
    let pods = counted(new.replicas());
    if new.is_recreate() {
        return vec![
            effect(EffectKind::Recreate, "strategy Recreate: all pods stop before new ones start"),
            effect(EffectKind::RollingRestart, format!("{pods} replaced, all at once")),
        ];
    }
    let (missing, extra) = (new.unavailable(), new.surge());
    vec![effect(
        EffectKind::RollingRestart,
        format!("{pods} replaced by a new ReplicaSet, at most {missing} missing and {extra} extra"),
    )]
}

fn counted(pods: i64) -> String {
    if pods == 1 { "1 pod".to_owned() } else { format!("{pods} pods") }
}

/// Why a restart changes nothing that runs; `None` if it does, or may do, change something.
fn needless(template: &[&FieldChange]) -> Option<String> {
    let mut names = Vec::new();
    let mut order = false;
    for change in template {
        if change.order {
            // Environment variables and init containers are sensitive to order; the rest is not.
            let last = change.path.fields().last().unwrap_or_default();
            if matches!(last, "env" | "initContainers" | "envFrom") {
                return None;
            }
            order = true;
            continue;
        }
        let fields: Vec<&str> = change.path.fields().collect();
        match fields.as_slice() {
            ["spec", "template", "metadata", "labels" | "annotations", key] if is_version_like(key) => {
                names.push((*key).to_owned());
            }
            ["spec", "template", "metadata", "labels" | "annotations"] => {
                let maps = [&change.old, &change.new];
                let keys =
                    maps.into_iter().flatten().filter_map(Node::as_map).flat_map(crate::yaml::Map::keys);
                for key in keys {
                    if !is_version_like(key) {
                        return None;
                    }
                    names.push(key.to_owned());
                }
            }
            _ => return None,
        }
    }
    if !names.is_empty() {
        names.dedup();
        return Some(format!("only `{}` moved: nothing that the pods run is different", names.join("`, `")));
    }
    order.then(|| "only the order of a list changed: nothing that the pods run is different".to_owned())
}

/// Labels and annotations that move with every release and tell the pod nothing. Checksums are not among
/// them: they are there to restart pods.
pub(in super::super) fn is_version_like(key: &str) -> bool {
    let lower = key.to_lowercase();
    let meant = ["checksum", "hash", "sha", "digest"].iter().any(|word| lower.contains(word));
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    !meant
        && [
            "chart",
            "version",
            "revision",
            "release-time",
            "timestamp",
            "date",
            "time",
            "build",
            "commit",
            "deployed",
            "rollme",
            "heritage",
            "managed-by",
            "git",
        ]
        .iter()
        .any(|word| name.contains(word))
}

/// The pods of a StatefulSet by name; of other workloads they are not known.
pub(super) fn pod_names(workload: &Object) -> Vec<String> {
    StatefulSet::from_object(workload).map(|set| pods(set, set.ordinals())).unwrap_or_default()
}
