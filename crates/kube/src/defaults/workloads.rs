//! The defaults of what runs pods.

use super::constants::constants;
use super::pods::template;
use super::{default, each, ensure_map, text};
use crate::gates::{Feature, gate};
use crate::{Version, schema};
use plimsoll_diag::Span;
use plimsoll_yaml::{Map, Node};

/// `SetDefaults_StatefulSet`.
pub(super) fn stateful_set(spec: &mut Map) {
    constants(spec, "apps.v1.StatefulSetSpec");
    stateful_set_strategy(ensure_map(spec, "updateStrategy"));
    constants(
        ensure_map(spec, "persistentVolumeClaimRetentionPolicy"),
        "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
    );
    // Written even if it is zero.
    if let Some(ordinals) = spec.get_mut("ordinals").and_then(Node::as_map_mut) {
        default(ordinals, "start", 0);
    }
    each(spec, "volumeClaimTemplates", |claim| {
        for field in ["apiVersion", "kind", "status"] {
            claim.remove(field);
        }
        constants(ensure_map(claim, "spec"), "core.v1.PersistentVolumeClaimSpec");
    });
}

/// Unlike those of Deployments and DaemonSets, a strategy that names its type gets no `rollingUpdate`: only one
/// that is written, or comes with the default type, gets its partition.
pub(super) fn stateful_set_strategy(strategy: &mut Map) {
    if text(strategy, "type").is_empty() {
        constants(strategy, "apps.v1.StatefulSetUpdateStrategy");
        ensure_map(strategy, "rollingUpdate");
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut)
    {
        constants(rolling, "apps.v1.RollingUpdateStatefulSetStrategy");
    }
}

/// What feature gates make of a stored object: fields whose gate is off are dropped, and some have a default only where
/// their gate is on.
pub fn apply_gates(version: Version, group: &str, kind: &str, root: &mut Node) {
    schema::drop_disabled(schema::kind_in_group(group, kind), version, root);
    if (group, kind) != ("apps", "StatefulSet") || !gate(Feature::MaxUnavailableStatefulSet, version) {
        return;
    }
    let strategy = root
        .as_map_mut()
        .and_then(|map| map.get_mut("spec")?.as_map_mut()?.get_mut("updateStrategy")?.as_map_mut());
    let Some(strategy) = strategy else { return };
    let rolling_update = text(strategy, "type") == "RollingUpdate";
    let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut) else { return };
    if rolling_update {
        default(rolling, "maxUnavailable", 1);
    }
}

/// `SetDefaults_Deployment`.
pub(super) fn deployment(spec: &mut Map) {
    constants(spec, "apps.v1.DeploymentSpec");
    let strategy = ensure_map(spec, "strategy");
    constants(strategy, "apps.v1.DeploymentStrategy");
    if text(strategy, "type") == "RollingUpdate" {
        constants(ensure_map(strategy, "rollingUpdate"), "apps.v1.RollingUpdateDeployment");
    }
}

/// `SetDefaults_DaemonSet`.
pub(super) fn daemon_set(spec: &mut Map) {
    constants(spec, "apps.v1.DaemonSetSpec");
    let strategy = ensure_map(spec, "updateStrategy");
    constants(strategy, "apps.v1.DaemonSetUpdateStrategy");
    if text(strategy, "type") == "RollingUpdate" {
        constants(ensure_map(strategy, "rollingUpdate"), "apps.v1.RollingUpdateDaemonSet");
    } else if let Some(rolling) = strategy.get_mut("rollingUpdate").and_then(Node::as_map_mut) {
        // Other strategies may keep a `rollingUpdate`; the internal type has both numbers by value.
        default(rolling, "maxUnavailable", 0);
        default(rolling, "maxSurge", 0);
    }
}

/// `SetDefaults_Job`.
pub(super) fn job(root: &mut Map) {
    let spec = ensure_map(root, "spec");
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        default(spec, "completions", 1);
    }
    constants(spec, "batch.v1.JobSpec");
    let backoff = if spec.contains_key("backoffLimitPerIndex") { i64::from(i32::MAX) } else { 6 };
    default(spec, "backoffLimit", backoff);
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    default(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = spec.get_mut("podFailurePolicy").and_then(Node::as_map_mut) {
        each(policy, "rules", |rule| {
            each(rule, "onPodConditions", |it| {
                constants(it, "batch.v1.PodFailurePolicyOnPodConditionsPattern");
            });
        });
    }
    template(spec);
    let labels = root.get("spec").and_then(|spec| spec.at(&["template", "metadata", "labels"])).cloned();
    if let Some(labels) = labels {
        let metadata = ensure_map(root, "metadata");
        if !metadata.contains_key("labels") {
            metadata.insert("labels", Span::NONE, labels);
        }
    }
}

/// `SetDefaults_CronJob`: the job template gets the defaults of pods, not those of jobs.
pub(super) fn cron_job(spec: &mut Map) {
    constants(spec, "batch.v1.CronJobSpec");
    if let Some(job) = spec.get_mut("jobTemplate").and_then(Node::as_map_mut) {
        template(ensure_map(job, "spec"));
    }
}
