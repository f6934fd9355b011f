//! Workloads: pods in their order, claims and their fate.

use super::super::apply::Applied;
use super::super::instructions::{Kubectl, POD, kind_of};
use super::super::{Effect, EffectKind, FieldChange};
use super::effect;
use crate::k8s::merge::scalar_text;
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

/// What a stored StatefulSet says about its pods.
struct StatefulSet<'a> {
    name: &'a str,
    root: &'a Node,
    replicas: i64,
    start: i64,
    partition: i64,
}

impl<'a> StatefulSet<'a> {
    fn new(name: &'a str, root: &'a Node) -> Self {
        let int = |path: &[&str]| root.at(path).and_then(Node::as_i64).unwrap_or_default().max(0);
        Self {
            name,
            root,
            replicas: root.at(&["spec", "replicas"]).and_then(Node::as_i64).unwrap_or(1).max(0),
            start: int(&["spec", "ordinals", "start"]),
            partition: int(&["spec", "updateStrategy", "rollingUpdate", "partition"]),
        }
    }

    fn word(&self, path: &[&str]) -> &'a str {
        self.root.at(path).and_then(Node::as_str).unwrap_or_default()
    }

    fn ordinals(&self) -> Range<i64> {
        self.start..self.start.saturating_add(self.replicas)
    }

    /// Pods by name, the first [`MAX_LISTED`] of them.
    fn pods(&self, ordinals: impl IntoIterator<Item = i64>) -> Vec<String> {
        ordinals.into_iter().take(MAX_LISTED).map(|ordinal| format!("{}-{ordinal}", self.name)).collect()
    }

    fn parallel(&self) -> bool {
        self.word(&["spec", "podManagementPolicy"]) == "Parallel"
    }

    fn on_delete(&self) -> bool {
        self.word(&["spec", "updateStrategy", "type"]) == "OnDelete"
    }

    /// The first ordinal that gets a new template.
    fn first_updated(&self) -> i64 {
        self.start.saturating_add(self.partition)
    }

    fn claim_templates(&self) -> Vec<&'a str> {
        let claims = self.root.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
        claims.iter().filter_map(|claim| claim.at(&["metadata", "name"]).and_then(Node::as_str)).collect()
    }

    fn claims(&self, ordinals: impl Iterator<Item = i64>) -> String {
        let names: Vec<String> = ordinals
            .take(MAX_LISTED)
            .flat_map(|ordinal| {
                let templates = self.claim_templates().into_iter();
                templates.map(move |claim| format!("{claim}-{}-{ordinal}", self.name))
            })
            .collect();
        listed(&names)
    }
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

pub(super) fn has_template(kind: &str) -> bool {
    matches!(kind, "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet" | "CronJob" | "Job")
}

/// What follows from the creation of a workload.
pub(super) fn created(group: &str, kind: &str, name: &str, manifest: &Node) -> Vec<Effect> {
    if (group, kind) != ("apps", "StatefulSet") {
        return Vec::new();
    }
    let set = StatefulSet::new(name, manifest);
    if set.replicas == 0 {
        return Vec::new();
    }
    let order = if set.parallel() { "all at once" } else { "one by one, each when the one before is ready" };
    let claims = if set.claim_templates().is_empty() {
        String::new()
    } else {
        format!("; claims {}", set.claims(set.ordinals()))
    };
    vec![Effect {
        kind: EffectKind::ScaleUp,
        detail: if set.replicas == 1 {
            format!("1 pod starts{claims}")
        } else {
            format!("{} start {order}{claims}", counted(set.replicas))
        },
        pods: set.pods(set.ordinals()),
    }]
}

/// The pods of a stored StatefulSet in the order in which its deletion would scale it down, as a list for people.
pub(in super::super) fn pod_list(set: &Object, stored: &Node) -> String {
    let set = StatefulSet::new(&set.name, stored);
    listed(&set.pods(set.ordinals().rev()))
}

/// The claims that a stored StatefulSet leaves behind when it is deleted, as a list for people.
pub(in super::super) fn retained_claims(set: &Object, stored: &Node) -> Option<String> {
    let set = StatefulSet::new(&set.name, stored);
    (!set.claim_templates().is_empty() && !set.ordinals().is_empty()).then(|| set.claims(set.ordinals()))
}

/// The labels of the pods that a workload runs.
pub(in super::super) fn pod_labels(workload: &Object) -> Option<&Node> {
    matches!(workload.kind.as_str(), "StatefulSet" | "Deployment" | "DaemonSet" | "ReplicaSet")
        .then(|| workload.at(&["spec", "template", "metadata", "labels"]))
        .flatten()
}

/// What follows from an accepted update of a workload.
pub(super) fn updated(
    new: &Object,
    applied: &Applied,
    changes: &[FieldChange],
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    let template: Vec<&FieldChange> =
        changes.iter().filter(|change| change.path.starts_with(&["spec", "template"])).collect();
    let mut effects = match new.kind.as_str() {
        "StatefulSet" => stateful_set(&new.name, applied, &template, changes, kubectl),
        _ => others(new, applied, &template, kubectl),
    };
    let restarts = effects.iter().any(|effect| effect.kind == EffectKind::RollingRestart);
    if restarts && let Some(why) = needless(&template) {
        effects.push(effect(EffectKind::NeedlessRestart, why));
    }
    effects
}

fn stateful_set(
    name: &str,
    applied: &Applied,
    template: &[&FieldChange],
    changes: &[FieldChange],
    kubectl: Kubectl<'_>,
) -> Vec<Effect> {
    let (old, new) = (StatefulSet::new(name, &applied.live), StatefulSet::new(name, &applied.merged));
    let mut effects = scaled(&old, &new, !template.is_empty());
    if !template.is_empty() {
        effects.extend(rolled(&old, &new, kubectl));
        effects.extend(moved_volumes(&old, &new));
    }
    for (field, event) in [("whenDeleted", "the StatefulSet is deleted"), ("whenScaled", "it is scaled down")]
    {
        let path = ["spec", "persistentVolumeClaimRetentionPolicy", field];
        let touched = changes.iter().any(|change| change.path.starts_with(&path));
        if touched && new.word(&path) == "Delete" && !new.claim_templates().is_empty() {
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
fn scaled(old: &StatefulSet<'_>, new: &StatefulSet<'_>, template_changes: bool) -> Vec<Effect> {
    let (before, after) = (old.ordinals(), new.ordinals());
    let (low, high) = outside(&before, &after);
    let gone = high.rev().chain(low.rev());
    let (low, high) = outside(&after, &before);
    let come = low.clone().chain(high.clone());
    let mut effects = Vec::new();
    let numbers = format!("{} -> {} replicas", old.replicas, new.replicas);
    if gone.clone().next().is_some() {
        let mut detail = numbers.clone();
        if old.start != new.start {
            let _ = write!(detail, "; ordinals start at {} instead of {}", new.start, old.start);
        }
        if !new.claim_templates().is_empty() {
            let claims = new.claims(gone.clone());
            if new.word(&["spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"]) == "Delete" {
                detail.push_str("; their claims are deleted as well");
                effects.push(effect(
                    EffectKind::DataLoss,
                    format!("the claims {claims} are deleted (whenScaled: Delete)"),
                ));
            } else {
                let _ = write!(detail, "; the claims {claims} stay (whenScaled: Retain)");
            }
        }
        effects.push(Effect { kind: EffectKind::ScaleDown, detail, pods: new.pods(gone) });
    }
    if come.clone().next().is_some() {
        let order = if new.parallel() { "all at once" } else { "one by one" };
        let mut detail = format!("{numbers}, started {order}");
        if template_changes && !new.on_delete() {
            let first = new.first_updated();
            let at_most = |range: &Range<i64>| range.start..range.end.min(first);
            let at_least = |range: &Range<i64>| range.start.max(first)..range.end;
            let below = new.pods(at_most(&low).chain(at_most(&high)));
            let above = new.pods(at_least(&low).chain(at_least(&high)));
            if !below.is_empty() {
                let below = listed(&below);
                let _ = write!(detail, "; below partition {}: {below} with the old template", new.partition);
                if !above.is_empty() {
                    let _ = write!(detail, ", {} with the new one", listed(&above));
                }
            }
        }
        if !new.claim_templates().is_empty() {
            let claims = new.claims(come.clone());
            let _ = write!(detail, "; claims {claims} are made, or used again if they are still there");
        }
        effects.push(Effect { kind: EffectKind::ScaleUp, detail, pods: new.pods(come) });
    }
    effects
}

/// The order in which a changed template reaches the pods: from the highest ordinal down to the partition,
/// each when the one before is ready (`defaultStatefulSetControl.updateStatefulSet`).
fn rolled(old: &StatefulSet<'_>, new: &StatefulSet<'_>, kubectl: Kubectl<'_>) -> Vec<Effect> {
    let (before, after) = (old.ordinals(), new.ordinals());
    let kept = before.start.max(after.start)..before.end.min(after.end);
    let first = new.first_updated();
    let (held, pods) = (kept.start..kept.end.min(first), kept.start.max(first)..kept.end);
    if new.on_delete() && !kept.is_empty() {
        let all = listed(&new.pods(pods.rev().chain(held.rev())));
        return vec![effect(
            EffectKind::RollingRestart,
            format!(
                "updateStrategy OnDelete: no pod restarts by itself; each of {all} gets the new template when you delete it"
            ),
        )];
    }
    if pods.is_empty() {
        let why = if held.is_empty() {
            NONE_STAYS.to_owned()
        } else {
            format!(
                "no pods restart: partition {} keeps all of them at the old template until it is lowered",
                new.partition
            )
        };
        return vec![effect(EffectKind::None, why)];
    }
    let limit = new.root.at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]);
    let limit = limit.and_then(scalar_text).filter(|limit| limit != "1");
    let mut detail = match limit {
        _ if pods.end - pods.start == 1 => "restarts with the new template".to_owned(),
        Some(limit) => format!("restart with at most {limit} unavailable at a time, highest ordinal first"),
        None => "restart one by one, highest ordinal first, each when the one before is ready".to_owned(),
    };
    if !held.is_empty() {
        let kept = listed(&new.pods(held));
        let _ = write!(detail, "; partition {} leaves {kept} alone", new.partition);
    }
    let names = new.pods(pods.rev());
    let top = names.first().cloned().unwrap_or_default();
    let mut effects = vec![Effect { kind: EffectKind::RollingRestart, detail, pods: names }];
    if !new.parallel() {
        effects.push(Effect {
            kind: EffectKind::MayHang,
            detail: format!(
                "podManagementPolicy OrderedReady: if {top} never gets ready the roll-out stops there, and a corrected template does not replace it: {}",
                kubectl.inline(&["delete"], POD, &top)
            ),
            pods: vec![top],
        });
    }
    effects
}

/// Volumes backed by claims that are mounted elsewhere, or no more.
fn moved_volumes(old: &StatefulSet<'_>, new: &StatefulSet<'_>) -> Vec<Effect> {
    let claims = new.claim_templates();
    let mounts = |set: &StatefulSet<'_>| -> BTreeSet<(String, String, String, String)> {
        let containers = set.root.at(&["spec", "template", "spec", "containers"]).map(Node::items);
        let word = |node: &Node, key: &str| {
            node.get(key).and_then(Node::as_str).unwrap_or_default().trim_end_matches('/').to_owned()
        };
        containers
            .unwrap_or_default()
            .iter()
            .flat_map(|container| {
                let mounts = container.get("volumeMounts").map(Node::items).unwrap_or_default();
                mounts.iter().map(move |mount| {
                    (
                        word(container, "name"),
                        word(mount, "name"),
                        word(mount, "mountPath"),
                        word(mount, "subPath"),
                    )
                })
            })
            .filter(|(_, volume, ..)| claims.contains(&volume.as_str()))
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

/// Deployments, DaemonSets and ReplicaSets.
fn others(new: &Object, applied: &Applied, template: &[&FieldChange], kubectl: Kubectl<'_>) -> Vec<Effect> {
    let kind = new.kind.as_str();
    let mut effects = Vec::new();
    let replicas = |root: &Node| root.at(&["spec", "replicas"]).and_then(Node::as_i64).unwrap_or(1);
    let (before, after) = (replicas(&applied.live), replicas(&applied.merged));
    if kind != "DaemonSet" && before != after {
        let kind = if after > before { EffectKind::ScaleUp } else { EffectKind::ScaleDown };
        effects.push(effect(kind, format!("{before} -> {after} replicas")));
    }
    if template.is_empty() || kind == "ReplicaSet" {
        return effects;
    }
    let text = |path: &[&str]| applied.merged.at(path).and_then(scalar_text).unwrap_or_default();
    if kind == "DaemonSet" {
        let detail = if text(&["spec", "updateStrategy", "type"]) == "OnDelete" {
            "updateStrategy OnDelete: each node's pod gets the new template when you delete it".to_owned()
        } else {
            let limit = text(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]);
            format!("the pod of every node is replaced, at most {limit} at a time")
        };
        effects.push(effect(EffectKind::RollingRestart, detail));
        return effects;
    }
    // `rolloutRolling`, `rolloutRecreate`: a paused Deployment is only scaled.
    if applied.merged.at(&["spec", "paused"]).and_then(Node::as_bool) == Some(true) {
        effects.push(effect(
            EffectKind::None,
            format!(
                "the Deployment is paused: no pods restart until it is resumed ({})",
                kubectl.inline(&["rollout", "resume"], kind_of(new), &new.name)
            ),
        ));
        return effects;
    }
    if before.min(after) == 0 {
        effects.push(effect(EffectKind::None, NONE_STAYS));
        return effects;
    }
    let pods = counted(after);
    if text(&["spec", "strategy", "type"]) == "Recreate" {
        effects.push(effect(EffectKind::Recreate, "strategy Recreate: all pods stop before new ones start"));
        effects.push(effect(EffectKind::RollingRestart, format!("{pods} replaced, all at once")));
    } else {
        let unavailable = text(&["spec", "strategy", "rollingUpdate", "maxUnavailable"]);
        let surge = text(&["spec", "strategy", "rollingUpdate", "maxSurge"]);
        effects.push(effect(
            EffectKind::RollingRestart,
            format!("{pods} replaced by a new ReplicaSet, at most {unavailable} missing and {surge} extra"),
        ));
    }
    effects
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

/// A ConfigMap or Secret that a pod template uses.
pub(super) struct Usage<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    /// How, in words.
    pub(super) way: &'static str,
    /// Whether the kubelet brings changes into running pods.
    pub(super) live: bool,
}

/// What the pod template of a workload uses.
pub(super) fn references(workload: &Object) -> Vec<Usage<'_>> {
    let path: &[&str] = if workload.kind == "CronJob" {
        &["spec", "jobTemplate", "spec", "template", "spec"]
    } else {
        &["spec", "template", "spec"]
    };
    let mut usages = Vec::new();
    // Every run of a CronJob starts new pods.
    let Some(spec) = workload.at(path).filter(|_| workload.kind != "CronJob") else { return usages };
    for list in ["initContainers", "containers"] {
        for container in spec.get(list).map(Node::items).unwrap_or_default() {
            for variable in container.get("env").map(Node::items).unwrap_or_default() {
                for (kind, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
                    if let Some(name) = variable.at(&["valueFrom", field, "name"]).and_then(Node::as_str) {
                        usages.push(Usage { kind, name, way: "env", live: false });
                    }
                }
            }
            for source in container.get("envFrom").map(Node::items).unwrap_or_default() {
                for (kind, field) in [("ConfigMap", "configMapRef"), ("Secret", "secretRef")] {
                    if let Some(name) = source.at(&[field, "name"]).and_then(Node::as_str) {
                        usages.push(Usage { kind, name, way: "envFrom", live: false });
                    }
                }
            }
        }
    }
    for volume in spec.get("volumes").map(Node::items).unwrap_or_default() {
        let by_subpath = mounted_by_subpath(spec, volume.get("name"));
        let way = if by_subpath { "a volume mounted with subPath" } else { "a volume" };
        let direct = [
            ("ConfigMap", volume.at(&["configMap", "name"])),
            ("Secret", volume.at(&["secret", "secretName"])),
        ];
        let projected = volume.at(&["projected", "sources"]).map(Node::items).unwrap_or_default();
        let projected = projected.iter().flat_map(|source| {
            [("ConfigMap", source.at(&["configMap", "name"])), ("Secret", source.at(&["secret", "name"]))]
        });
        for (kind, name) in direct.into_iter().chain(projected) {
            if let Some(name) = name.and_then(Node::as_str) {
                usages.push(Usage { kind, name, way, live: !by_subpath });
            }
        }
    }
    usages
}

fn mounted_by_subpath(spec: &Node, volume: Option<&Node>) -> bool {
    ["initContainers", "containers"].iter().any(|list| {
        spec.get(list).map(Node::items).unwrap_or_default().iter().any(|container| {
            container.get("volumeMounts").map(Node::items).unwrap_or_default().iter().any(|mount| {
                mount.get("name") == volume
                    && (mount.get("subPath").is_some() || mount.get("subPathExpr").is_some())
            })
        })
    })
}

/// The pods of a StatefulSet by name; of other workloads they are not known.
pub(super) fn pod_names(workload: &Object) -> Vec<String> {
    if workload.kind != "StatefulSet" {
        return Vec::new();
    }
    let set = StatefulSet::new(&workload.name, &workload.root);
    set.pods(set.ordinals())
}
