//! Small kinds of policy: disruption budgets, priority and runtime classes, leases.

use super::metadata::{label_selector, labels};
use super::resources::{container_resource_name, quantity_value};
use super::{At, Context, Operation};
use crate::names;

/// `ValidatePodDisruptionBudgetSpec` (`pkg/apis/policy/validation`).
pub(super) fn disruption_budget(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (available, unavailable) = (spec.field("minAvailable"), spec.field("maxUnavailable"));
    if available.is_set() && unavailable.is_set() {
        cx.invalid(&spec, "minAvailable and maxUnavailable cannot be both set");
    }
    for field in [&available, &unavailable] {
        int_or_percent(field, cx);
    }
    label_selector(&spec.field("selector"), cx);
    let eviction = spec.field("unhealthyPodEvictionPolicy");
    if eviction.is_set() && !matches!(eviction.text(), "AlwaysAllow" | "IfHealthyBudget") {
        cx.not_supported(&eviction, &["AlwaysAllow", "IfHealthyBudget"]);
    }
}

/// `ValidatePositiveIntOrPercent` and `IsNotMoreThan100Percent` (`pkg/apis/apps/validation`).
fn int_or_percent(at: &At<'_, '_>, cx: &mut Context<'_>) {
    if let Some(text) = at.str() {
        let complaints = names::percent(text);
        // Digits that do not fit a number are more than a hundred.
        let digits = text.trim_end_matches('%');
        if complaints.is_empty() && digits.parse::<u64>().unwrap_or(u64::MAX) > 100 {
            cx.invalid(at, "must not be greater than 100%");
        }
        cx.invalid_each(at, complaints);
    } else if at.int().is_some_and(|number| number < 0) {
        cx.invalid(at, "must be greater than or equal to 0");
    }
}

/// `ValidatePriorityClass` (`pkg/apis/scheduling/validation`).
pub(super) fn priority_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    const HIGHEST: i64 = 1_000_000_000;
    let metadata = root.field("metadata");
    let (name, value) = (metadata.field("name"), root.field("value"));
    let number = value.int().unwrap_or(0);
    if name.text().starts_with("system-") {
        let global = root.field("globalDefault").flag();
        let reason = match (name.text(), number) {
            ("system-node-critical", 2_000_001_000) | ("system-cluster-critical", 2_000_000_000) => {
                global.then(|| format!("globalDefault of {} must be false", name.text()))
            }
            ("system-node-critical", _) => {
                Some("value of system-node-critical PriorityClass must be 2000001000".to_owned())
            }
            ("system-cluster-critical", _) => {
                Some("value of system-cluster-critical PriorityClass must be 2000000000".to_owned())
            }
            (name, _) => Some(format!("{name} is not a known system priority class")),
        };
        if let Some(reason) = reason {
            cx.forbidden(
                &name,
                format_args!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {reason}"
                ),
            );
        }
    } else if number > HIGHEST {
        cx.forbidden(&value, format_args!("maximum allowed value of a user defined priority is {HIGHEST}"));
    }
    let preemption = root.field("preemptionPolicy");
    match preemption.str() {
        // It does not change: an update checks only that.
        _ if cx.operation == Operation::Update => {}
        None | Some("PreemptLowerPriority" | "Never") => {}
        Some("") => cx.required(&preemption, ""),
        Some(_) => cx.not_supported(&preemption, &["PreemptLowerPriority", "Never"]),
    }
}

/// `ValidateRuntimeClass` (`pkg/apis/node/validation`).
pub(super) fn runtime_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let handler = root.field("handler");
    cx.form(&handler, names::dns1123_label);
    // The server validates it as limits, and its message says limits.
    let overhead = root.field("overhead");
    for (name, amount) in overhead.field("podFixed").renamed("limits").entries() {
        container_resource_name(name, &amount, cx);
        quantity_value(name, &amount, cx);
    }
    let scheduling = root.field("scheduling");
    labels(&scheduling.field("nodeSelector"), cx);
    super::pod::tolerations(&scheduling.field("tolerations"), cx);
}

/// `ValidateLeaseSpec` (`pkg/apis/coordination/validation`). `strategy` and `preferredHolder` are dropped unread (gate
/// `CoordinatedLeaderElection`).
pub(super) fn lease(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (duration, transitions) = (spec.field("leaseDurationSeconds"), spec.field("leaseTransitions"));
    if duration.int().is_some_and(|seconds| seconds <= 0) {
        cx.invalid(&duration, "must be greater than 0");
    }
    if transitions.int().is_some_and(|count| count < 0) {
        cx.invalid(&transitions, "must be greater than or equal to 0");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn disruption_budgets() {
        let budget = |spec: &str| {
            list_findings(&format!(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
            ))
        };
        check(
            budget,
            &[
                ("", &[]),
                ("maxUnavailable: 0, selector: {}", &[]),
                ("maxUnavailable: 1, minAvailable: 1", &["spec invalid-value"]),
                ("maxUnavailable: -1", &["spec.maxUnavailable invalid-value"]),
                ("minAvailable: 101%", &["spec.minAvailable invalid-value"]),
                ("minAvailable: '50'", &["spec.minAvailable invalid-value"]),
                ("minAvailable: 99999999999999999999%", &["spec.minAvailable invalid-value"]),
                (
                    "selector: {matchExpressions: [{key: a, operator: In}]}",
                    &["spec.selector.matchExpressions[0].values required"],
                ),
                ("unhealthyPodEvictionPolicy: ''", &["spec.unhealthyPodEvictionPolicy unsupported-value"]),
            ],
        );
    }

    #[test]
    fn priority_classes() {
        let class = |rest: &str| {
            list_findings(&format!("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n{rest}\n"))
        };
        check(
            class,
            &[
                ("metadata: {name: a}\nvalue: 1000000000", &[]),
                ("metadata: {name: a}\nvalue: 1000000001", &["value forbidden"]),
                ("metadata: {name: system-a}\nvalue: 1", &["metadata.name forbidden"]),
                ("metadata: {name: system-node-critical}\nvalue: 2000001000", &[]),
                (
                    "metadata: {name: a}\nvalue: 1\npreemptionPolicy: Always",
                    &["preemptionPolicy unsupported-value"],
                ),
            ],
        );
    }

    #[test]
    fn runtime_classes_and_leases() {
        check(
            list_findings,
            &[
                (
                    "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: a}\nhandler: A",
                    &["handler invalid-value"],
                ),
                (
                    "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: a}\nhandler: a\n\
                 overhead: {podFixed: {cpu: -1, disk: 1}}\nscheduling: {tolerations: [{key: a, operator: Is}]}",
                    &[
                        "overhead.limits[cpu] invalid-value",
                        "overhead.limits[disk] invalid-value",
                        "scheduling.tolerations[0].operator unsupported-value",
                    ],
                ),
                (
                    "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: a}\n\
                 spec: {leaseDurationSeconds: 0, leaseTransitions: -1}",
                    &["spec.leaseDurationSeconds invalid-value", "spec.leaseTransitions invalid-value"],
                ),
            ],
        );
    }
}
