//! Controllers of pods: `pkg/apis/apps/validation`, `pkg/apis/batch/validation`.

mod cron;
mod job;
#[cfg(test)]
mod tests;

pub(super) use cron::cron_job;
pub(super) use job::job;

use super::metadata::{label_selector, selects, selects_everything};
use super::{At, Context, ErrorKind, FieldError, Finding, Operation, claim, pod};
use crate::{Version, names};

/// `ValidateStatefulSetSpec`. Pod templates and claim templates are validated since 1.34 (kubernetes#131790,
/// #132212).
pub(super) fn stateful_set(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let policy = spec.field("podManagementPolicy");
    if !matches!(policy.text(), "" | "OrderedReady" | "Parallel") {
        cx.invalid(&policy, "must be 'OrderedReady' or 'Parallel'");
    }
    let strategy = spec.field("updateStrategy");
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "" | "RollingUpdate" => rolling_update(&rolling, cx),
        "OnDelete" => {
            if rolling.is_set() {
                cx.invalid(&rolling, "only allowed for updateStrategy 'RollingUpdate'");
            }
        }
        _ => cx.invalid(&strategy, "must be 'RollingUpdate' or 'OnDelete'"),
    }
    for moment in ["whenDeleted", "whenScaled"] {
        let retention = spec.field("persistentVolumeClaimRetentionPolicy");
        let policy = retention.field(moment);
        if !matches!(policy.text(), "" | "Retain" | "Delete") {
            cx.not_supported(&policy, &["Retain", "Delete"]);
        }
    }
    cx.non_negative(&spec.field("replicas"));
    cx.non_negative(&spec.field("minReadySeconds"));
    cx.non_negative(&spec.field("ordinals.start"));
    let service = spec.field("serviceName");
    // Any name was taken before 1.33.
    if !service.text().is_empty() && cx.version >= Version::V1_33 {
        for detail in names::name_is_dns_label(service.text(), false) {
            cx.invalid(&service, detail);
        }
    }
    let selector = spec.field("selector");
    let usable = required_selector(&selector, "empty selector is invalid for statefulset", cx);
    let template = spec.field("template");
    if usable {
        selector_matches(&selector, &template, cx);
    } else {
        cx.invalid(&selector, "the selector cannot be used");
    }
    if cx.version >= Version::V1_34 {
        let claims = spec.field("volumeClaimTemplates");
        if usable {
            pod::template_spec_with_claims(&template, claims, cx);
        }
        // An update does not look at them: they do not change.
        let created = cx.operation == Operation::Create;
        for template in claims.items().filter(|_| created) {
            let spec = template.field("spec");
            claim::claim_spec(&spec, cx);
            claim::warnings(&template, &spec, cx);
        }
    } else if usable {
        pod::template_with_unchecked_spec(&template, cx);
    }
    always_restarted(&template, "StatefulSet", cx);
    if cx.version >= Version::V1_33 && spec.field("revisionHistoryLimit").int().is_some_and(|limit| limit < 0)
    {
        // `warningsForStatefulSet` of pkg/registry/apps/statefulset.
        let message = "a negative value retains all historical revisions; a value >= 0 is recommended";
        cx.warning(&spec.field("revisionHistoryLimit"), message);
    }
}

/// `validateRollingUpdateStatefulSet`.
fn rolling_update(rolling: &At<'_, '_>, cx: &mut Context<'_>) {
    cx.non_negative(&rolling.field("partition"));
    let unavailable = rolling.field("maxUnavailable");
    if unavailable.is_set() {
        positive_int_or_percent(&unavailable, cx);
        if int_or_percent(&unavailable, 1) == 0 {
            cx.invalid(&unavailable, "cannot be 0");
        }
        not_more_than_100_percent(&unavailable, cx);
    }
}

/// `ValidateControllerRevisionCreate`: the data are an object.
pub(super) fn controller_revision(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let data = root.field("data");
    if !data.is_set() {
        cx.required(&data, "data is mandatory");
    }
    cx.non_negative(&root.field("revision"));
}

/// `ValidateDeploymentSpec`.
pub(super) fn deployment(root: &At<'_, '_>, cx: &mut Context<'_>) {
    const DEFAULT_DEADLINE: i64 = 600;
    let spec = root.field("spec");
    pods_take_the_name(root, cx);
    replica_template(&spec, cx);
    let strategy = spec.field("strategy");
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "" | "RollingUpdate" => {
            let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
            positive_int_or_percent(&unavailable, cx);
            positive_int_or_percent(&surge, cx);
            // Both are 25% by default.
            if int_or_percent(&unavailable, 25) == 0 && int_or_percent(&surge, 25) == 0 {
                cx.invalid(&unavailable, "may not be 0 when `maxSurge` is 0");
            }
            not_more_than_100_percent(&unavailable, cx);
        }
        "Recreate" => {
            if rolling.is_set() {
                cx.forbidden(&rolling, "may not be specified when strategy `type` is 'Recreate'");
            }
        }
        _ => cx.not_supported(&strategy, &["Recreate", "RollingUpdate"]),
    }
    let (ready, deadline) = (spec.field("minReadySeconds"), spec.field("progressDeadlineSeconds"));
    cx.non_negative(&ready);
    cx.non_negative(&spec.field("revisionHistoryLimit"));
    cx.non_negative(&deadline);
    if deadline.int().unwrap_or(DEFAULT_DEADLINE) <= ready.int().unwrap_or(0) {
        cx.invalid(&deadline, "must be greater than minReadySeconds");
    }
}

/// `ValidateReplicaSetSpec`.
pub(super) fn replica_set(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    pods_take_the_name(root, cx);
    replica_template(&spec, cx);
    cx.non_negative(&spec.field("minReadySeconds"));
}

/// What Deployments and ReplicaSets share, down to `ValidatePodTemplateSpecForReplicaSet`.
fn replica_template(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    cx.non_negative(&spec.field("replicas"));
    let selector = spec.field("selector");
    let template = spec.field("template");
    if required_selector(&selector, "empty selector is invalid for deployment", cx) {
        selector_matches(&selector, &template, cx);
        pod::template_spec(&template, cx);
        always_restarted(&template, "ReplicaSet", cx);
    } else {
        cx.invalid(&selector, "invalid label selector");
    }
}

/// `ValidateDaemonSetSpec`.
pub(super) fn daemon_set(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (selector, template) = (spec.field("selector"), spec.field("template"));
    if label_selector(&selector, cx) {
        selector_matches(&selector, &template, cx);
    }
    if selects_everything(&selector) {
        cx.invalid(&selector, "empty selector is invalid for daemonset");
    }
    pod::template_spec(&template, cx);
    always_restarted(&template, "DaemonSet", cx);
    cx.non_negative(&spec.field("minReadySeconds"));
    cx.non_negative(&spec.field("revisionHistoryLimit"));
    daemon_strategy(&spec.field("updateStrategy"), cx);
}

/// `ValidateDaemonSetUpdateStrategy`; `maxUnavailable` is 1 by default, `maxSurge` 0.
fn daemon_strategy(strategy: &At<'_, '_>, cx: &mut Context<'_>) {
    match strategy.field("type").text() {
        "OnDelete" => {}
        "" | "RollingUpdate" => {
            let rolling = strategy.field("rollingUpdate");
            let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
            positive_int_or_percent(&unavailable, cx);
            positive_int_or_percent(&surge, cx);
            not_more_than_100_percent(&unavailable, cx);
            not_more_than_100_percent(&surge, cx);
            match (int_or_percent(&unavailable, 1) != 0, int_or_percent(&surge, 0) != 0) {
                (true, true) => cx.invalid(&surge, "may not be set when maxUnavailable is non-zero"),
                (false, false) => cx.required(&unavailable, "cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => cx.not_supported(strategy, &["RollingUpdate", "OnDelete"]),
    }
}

/// `ValidateReplicationControllerSpec`. The selector is the template's labels by default.
pub(super) fn replication_controller(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (selector, template) = (spec.field("selector"), spec.field("template"));
    let labels = template.field("metadata.labels");
    pods_take_the_name(root, cx);
    cx.non_negative(&spec.field("minReadySeconds"));
    cx.non_negative(&spec.field("replicas"));
    if selector.is_empty() && labels.is_empty() {
        cx.required(&selector, "");
    }
    if !template.is_set() {
        cx.required(&template, "");
        return;
    }
    let has = |key: &str, value: &str| labels.entries().any(|(k, v)| k == key && v.text() == value);
    if !selector.is_empty() && !selector.entries().all(|(key, value)| has(key, value.text())) {
        cx.invalid(&labels, MISMATCH);
    }
    pod::template_spec(&template, cx);
    always_restarted(&template, "ReplicationController", cx);
}

/// `WarningsOnCreate` of the strategies of Deployments, ReplicaSets, `ReplicationController`s, Jobs and CronJobs:
/// names with dots are taken, though they end up in host names.
fn pods_take_the_name(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = root.field("metadata.name");
    if !name.text().is_empty() && !names::dns1123_label(name.text()).is_empty() {
        let message = "this is used in Pod names and hostnames, which can result in surprising behavior; a DNS \
                       label is recommended";
        cx.warning(&name, message);
    }
}

const MISMATCH: &str = "`selector` does not match template `labels`";

/// Checks a selector that has to be there and select something. Returns whether it can be used: an absent
/// one can, and selects nothing.
fn required_selector(selector: &At<'_, '_>, empty: &str, cx: &mut Context<'_>) -> bool {
    if !selector.is_set() {
        cx.required(selector, "");
        return true;
    }
    let usable = label_selector(selector, cx);
    if selects_everything(selector) {
        cx.invalid(selector, empty);
    }
    usable
}

/// The template's labels have to be ones that the usable selector selects.
fn selector_matches(selector: &At<'_, '_>, template: &At<'_, '_>, cx: &mut Context<'_>) {
    let labels = template.field("metadata.labels");
    if !selects(selector, &labels) {
        let error = FieldError::new(ErrorKind::Invalid, labels.path()).detail(MISMATCH);
        let mut finding = Finding::new(error, labels.span());
        if selector.is_set() {
            finding = finding.at(selector.span(), "the selector");
        }
        let wanted = selector.field("matchLabels");
        let unmet = wanted.entries().find(|(key, value)| labels.key(key).str() != Some(value.text()));
        let help =
            unmet.map(|(key, value)| format!("the selector wants the label `{key}: {}`", value.text()));
        cx.push(finding.help(help));
    }
}

/// Templates of pods that run for ever: `restartPolicy` is `Always`, and there is no deadline.
fn always_restarted(template: &At<'_, '_>, kind: &str, cx: &mut Context<'_>) {
    let spec = template.field("spec");
    let policy = spec.field("restartPolicy");
    if !matches!(policy.text(), "" | "Always") {
        cx.not_supported(&policy, &["Always"]);
    }
    let deadline = spec.field("activeDeadlineSeconds");
    if deadline.is_set() {
        cx.forbidden(&deadline, format_args!("activeDeadlineSeconds in {kind} is not Supported"));
    }
}

/// `ValidatePositiveIntOrPercent`.
fn positive_int_or_percent(value: &At<'_, '_>, cx: &mut Context<'_>) {
    match value.str() {
        Some(text) => {
            for detail in names::percent(text) {
                cx.invalid(value, detail);
            }
        }
        None => cx.non_negative(value),
    }
}

/// `IsNotMoreThan100Percent`.
fn not_more_than_100_percent(value: &At<'_, '_>, cx: &mut Context<'_>) {
    if percent_of(value).is_some_and(|percent| percent > 100) {
        cx.invalid(value, "must not be greater than 100%");
    }
}

/// `getIntOrPercentValue`: the number, whatever it counts; `default` where nothing is written.
fn int_or_percent(value: &At<'_, '_>, default: i64) -> i64 {
    if !value.is_set() {
        return default;
    }
    let plain = || value.int().or_else(|| value.text().parse().ok());
    percent_of(value).or_else(plain).unwrap_or(0)
}

/// `getPercentValue`.
fn percent_of(value: &At<'_, '_>) -> Option<i64> {
    let text = value.str()?;
    if !names::percent(text).is_empty() {
        return None;
    }
    // So many percent are more than 100 for sure.
    Some(text.strip_suffix('%')?.parse().unwrap_or(i64::MAX))
}
