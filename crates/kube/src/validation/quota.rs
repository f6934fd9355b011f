//! Resource quotas and limit ranges: `pkg/apis/core/validation`.

use super::resources::{
    container_resource_name, is_overcommit_allowed, is_standard_quota_resource, quantity, quantity_value,
    quota_resource_name, resource_name,
};
use super::{At, Context};
use crate::gates::{Feature, gate};
use crate::quantity::Quantity;
use crate::{Version, names};
use std::collections::{BTreeMap, BTreeSet};

/// `ValidateResourceQuota`.
pub(super) fn resource_quota(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let hard = spec.field("hard");
    for (name, value) in hard.entries() {
        quota_resource_name(name, &value, cx);
        quantity_value(name, &value, cx);
    }

    let scopes = spec.field("scopes");
    let mut named = BTreeSet::new();
    for scope in scopes.items() {
        let path = scopes.showing(&scope);
        if !is_standard_scope(scope.text(), cx.version) {
            cx.invalid(&path, "unsupported scope");
        }
        scope_fits(scope.text(), &hard, &path, cx);
        named.insert(scope.text());
    }
    conflicting_scopes(&named, &scopes, cx);

    let selector = spec.field("scopeSelector");
    let expressions = selector.field("matchExpressions");
    let mut named = BTreeSet::new();
    for expression in expressions.items() {
        scope_requirement(&expression, &expressions, &hard, cx);
        named.insert(expression.field("scopeName").text());
    }
    conflicting_scopes(&named, &expressions, cx);
}

/// `validateScopedResourceSelectorRequirement`, for one. The paths have no index on the server.
fn scope_requirement(requirement: &At<'_, '_>, list: &At<'_, '_>, hard: &At<'_, '_>, cx: &mut Context<'_>) {
    let (scope, operator) = (requirement.field("scopeName"), requirement.field("operator"));
    let values = requirement.field("values");
    if !is_standard_scope(scope.text(), cx.version) {
        cx.invalid(&list.field("scopeName").showing(&scope), "unsupported scope");
    }
    scope_fits(scope.text(), hard, &list.showing(&scope), cx);
    let operator_path = list.field("operator").showing(&operator);
    let only_exists = matches!(
        scope.text(),
        "BestEffort" | "NotBestEffort" | "Terminating" | "NotTerminating" | "CrossNamespacePodAffinity"
    );
    if only_exists && operator.text() != "Exists" {
        cx.invalid(
            &operator_path,
            "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
             ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
             ResourceQuotaScopeCrossNamespacePodAffinity",
        );
    }
    let values_path = list.field("values").showing(&values);
    match operator.text() {
        "In" | "NotIn" => {
            if values.is_empty() {
                cx.required(
                    &values_path,
                    "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
                );
            }
        }
        "Exists" | "DoesNotExist" => {
            if !values.is_empty() {
                cx.invalid(
                    &values_path,
                    "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
                );
            }
        }
        _ => cx.invalid(&operator_path, "not a valid selector operator"),
    }
}

/// `IsStandardResourceQuotaScope`.
fn is_standard_scope(scope: &str, version: Version) -> bool {
    match scope {
        "Terminating"
        | "NotTerminating"
        | "BestEffort"
        | "NotBestEffort"
        | "PriorityClass"
        | "CrossNamespacePodAffinity" => true,
        "VolumeAttributesClass" => gate(Feature::VolumeAttributesClass, version),
        _ => false,
    }
}

/// `IsResourceQuotaScopeValidForResource`, for everything that the quota limits.
fn scope_fits(scope: &str, hard: &At<'_, '_>, path: &At<'_, '_>, cx: &mut Context<'_>) {
    let compute = |name: &str| {
        matches!(name, "cpu" | "memory" | "limits.cpu" | "limits.memory" | "requests.cpu" | "requests.memory")
    };
    for (name, _) in hard.entries().filter(|(name, _)| is_standard_quota_resource(name)) {
        let fits = match scope {
            "Terminating"
            | "NotTerminating"
            | "NotBestEffort"
            | "PriorityClass"
            | "CrossNamespacePodAffinity" => name == "pods" || compute(name),
            "BestEffort" => name == "pods",
            "VolumeAttributesClass" => matches!(name, "persistentvolumeclaims" | "requests.storage"),
            _ => true,
        };
        if !fits {
            cx.invalid(path, "unsupported scope applied to resource");
        }
    }
}

fn conflicting_scopes(named: &BTreeSet<&str>, path: &At<'_, '_>, cx: &mut Context<'_>) {
    for (a, b) in [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")] {
        if named.contains(a) && named.contains(b) {
            cx.invalid(path, "conflicting scopes");
        }
    }
}

/// `ValidateLimitRange`.
pub(super) fn limit_range(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let limits = spec.field("limits");
    let mut seen = BTreeSet::new();
    for limit in limits.items() {
        let kind = limit.field("type");
        let complaints = names::qualified_name(kind.text());
        if complaints.is_empty()
            && !kind.text().contains('/')
            && !matches!(kind.text(), "Pod" | "Container" | "PersistentVolumeClaim")
        {
            cx.invalid(&kind, "must be a standard limit type or fully qualified");
        }
        cx.invalid_each(&kind, complaints);
        if !seen.insert(kind.text()) {
            cx.duplicate(&kind);
        }
        limit_item(&limit, kind.text(), cx);
    }
}

/// The quantities of one list of an item, by resource.
type Amounts<'n> = BTreeMap<&'n str, Quantity>;

fn limit_item(item: &At<'_, '_>, kind: &str, cx: &mut Context<'_>) {
    let read = |name: &str, cx: &mut Context<'_>| {
        let list = item.field(name);
        let mut amounts = Amounts::new();
        for (resource, value) in list.entries() {
            if matches!(kind, "Pod" | "Container") {
                container_resource_name(resource, &value, cx);
            } else {
                resource_name(resource, &value, cx);
            }
            amounts.insert(resource, quantity(&value).unwrap_or(Quantity::ZERO));
        }
        amounts
    };
    let (max, min) = (read("max", cx), read("min", cx));
    let (mut default, mut request) = (Amounts::new(), Amounts::new());
    if kind == "Pod" {
        for name in ["default", "defaultRequest"] {
            let list = item.field(name);
            if !list.is_empty() {
                cx.forbidden(&list, "may not be specified when `type` is 'Pod'");
            }
        }
    } else {
        (default, request) = (read("default", cx), read("defaultRequest", cx));
    }
    if kind == "Container" {
        // `SetDefaults_LimitRangeItem`.
        for (name, value) in &max {
            default.entry(name).or_insert(*value);
        }
        for (name, value) in default.iter().chain(&min) {
            request.entry(name).or_insert(*value);
        }
    }
    if kind == "PersistentVolumeClaim" && !min.contains_key("storage") && !max.contains_key("storage") {
        cx.required(
            &item.field("limits"),
            "either minimum or maximum storage value is required, but neither was provided",
        );
    }
    let ratio = read("maxLimitRequestRatio", cx);

    let names: BTreeSet<&str> =
        [&max, &min, &default, &request, &ratio].into_iter().flat_map(|list| list.keys().copied()).collect();
    for name in names {
        let (min, max) = (min.get(name), max.get(name));
        let (default, request, ratio) = (default.get(name), request.get(name), ratio.get(name));
        let mut refuse = |list: &str, detail: String| {
            let list = item.field(list);
            cx.invalid(&list.key(name), detail);
        };
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            refuse("min", format!("min value {min} is greater than max value {max}"));
        }
        if let (Some(request), Some(min)) = (request, min)
            && min > request
        {
            refuse(
                "defaultRequest",
                format!("min value {min} is greater than default request value {request}"),
            );
        }
        if let (Some(request), Some(max)) = (request, max)
            && request > max
        {
            refuse(
                "defaultRequest",
                format!("default request value {request} is greater than max value {max}"),
            );
        }
        if let (Some(request), Some(default)) = (request, default)
            && request > default
        {
            refuse(
                "defaultRequest",
                format!("default request value {request} is greater than default limit value {default}"),
            );
        }
        if let (Some(default), Some(min)) = (default, min)
            && min > default
        {
            refuse("default", format!("min value {min} is greater than default value {default}"));
        }
        if let (Some(default), Some(max)) = (default, max)
            && default > max
        {
            refuse("default", format!("default value {default} is greater than max value {max}"));
        }
        if let Some(ratio) = ratio {
            if *ratio < Quantity::from_int(1) {
                refuse("maxLimitRequestRatio", format!("ratio {ratio} is less than 1"));
            }
            if let (Some(min), Some(max)) = (min, max) {
                // The server divides the limits; multiplying keeps it exact.
                let allowed = i128::from(max.milli_value()) * 1000;
                if i128::from(ratio.milli_value()) * i128::from(min.milli_value()) > allowed {
                    refuse(
                        "maxLimitRequestRatio",
                        format!("ratio {ratio} is greater than max/min = {max}/{min}"),
                    );
                }
            }
        }
        if let (Some(default), Some(request)) = (default, request)
            && !is_overcommit_allowed(name)
            && default != request
        {
            refuse(
                "defaultRequest",
                format!("default value {default} must equal to defaultRequest value {request} in {name}"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn quotas() {
        let quota = |spec: &str| {
            list_findings(&format!(
                "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
            ))
        };
        check(
            quota,
            &[
                ("hard: {pods: 4, requests.cpu: 100m, count/deployments.apps: 3, a.b/c: 1}", &[]),
                ("hard: {pods: 1.5}", &["spec.hard[pods] invalid-value"]),
                ("hard: {cpu: -1}", &["spec.hard[cpu] invalid-value"]),
                ("hard: {disk: 1}", &["spec.hard[disk] invalid-value", "spec.hard[disk] invalid-value"]),
                ("hard: {storage: 1}", &["spec.hard[storage] invalid-value"]),
                ("hard: {pods: 1}, scopes: [BestEffort, NotBestEffort]", &["spec.scopes invalid-value"]),
                ("hard: {cpu: 1}, scopes: [BestEffort]", &["spec.scopes invalid-value"]),
                ("hard: {pods: 1}, scopes: [All]", &["spec.scopes invalid-value"]),
                (
                    "hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: Terminating, operator: In}]}",
                    &[
                        "spec.scopeSelector.matchExpressions.operator invalid-value",
                        "spec.scopeSelector.matchExpressions.values required",
                    ],
                ),
                (
                    "hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: Terminating, operator: Exists}, \
                 {scopeName: NotTerminating, operator: Exists}]}",
                    &["spec.scopeSelector.matchExpressions invalid-value"],
                ),
                (
                    "hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, \
                 values: [high]}]}",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn limit_ranges() {
        let limit = |item: &str| {
            let findings = list_findings(&format!(
                "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: a}}\nspec: {{limits: [{{{item}}}]}}\n"
            ));
            findings.iter().map(|line| line.replace("spec.limits[0]", "")).collect()
        };
        check(
            limit,
            &[
                ("type: Container, max: {cpu: 2}, min: {cpu: 100m}, default: {cpu: 1}", &[]),
                ("type: container", &[".type invalid-value"]),
                (
                    "type: Container, max: {cpu: 1}, min: {cpu: 2}",
                    &[
                        ".min[cpu] invalid-value",
                        ".default[cpu] invalid-value",
                        ".defaultRequest[cpu] invalid-value",
                    ],
                ),
                ("type: Pod, default: {cpu: 1}", &[".default forbidden"]),
                ("type: PersistentVolumeClaim, max: {cpu: 1}", &[".limits required"]),
                ("type: PersistentVolumeClaim, max: {storage: 1Gi}", &[]),
                ("type: Container, max: {storage: 1Gi}", &[".max[storage] invalid-value"]),
                (
                    "type: Pod, maxLimitRequestRatio: {cpu: 500m}",
                    &[".maxLimitRequestRatio[cpu] invalid-value"],
                ),
                (
                    "type: Pod, max: {cpu: 2}, min: {cpu: 1}, maxLimitRequestRatio: {cpu: 3}",
                    &[".maxLimitRequestRatio[cpu] invalid-value"],
                ),
            ],
        );
    }
}
