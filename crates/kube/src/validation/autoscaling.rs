//! Horizontal pod autoscalers: `pkg/apis/autoscaling/validation`.

use super::resources::{container_resource_name, quantity};
use super::{At, Context};
use crate::gates::Feature;
use crate::{Version, names};

/// The kinds of metrics, each with the field that describes it, in the order the server looks at them.
const SOURCES: [(&str, &str); 5] = [
    ("Object", "object"),
    ("External", "external"),
    ("Pods", "pods"),
    ("Resource", "resource"),
    ("ContainerResource", "containerResource"),
];
const SOURCE_TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];

/// `ValidateHorizontalPodAutoscaler`, for `autoscaling/v1` and `v2`.
pub(super) fn autoscaler(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (min, max) = (spec.field("minReplicas"), spec.field("maxReplicas"));
    let bound = i64::from(!cx.gate(Feature::HPAScaleToZero));
    let least = min.int().unwrap_or(1);
    if least < bound {
        cx.invalid(&min, format_args!("must be greater than or equal to {bound}"));
    }
    let most = max.int().unwrap_or(0);
    if most == 0 {
        cx.required(&max, "must be set and greater than 0");
    } else if most < 0 {
        cx.invalid(&max, "must be greater than or equal to 1");
    }
    if most < least {
        cx.invalid(&max, "must be greater than or equal to `minReplicas`");
    }
    let target = spec.field("scaleTargetRef");
    let group_optional = target.field("kind").text() == "ReplicationController";
    object_reference(&target, group_optional, cx);

    if cx.object.version() == "v1" {
        let utilization = spec.field("targetCPUUtilizationPercentage");
        if utilization.int().is_some_and(|percent| percent < 1) {
            // Converted to a metric before it is validated.
            let path = spec.field("metrics[0].resource.target.averageUtilization");
            cx.invalid(&path.showing(&utilization), "must be greater than 0");
        }
        return;
    }
    let metrics = spec.field("metrics");
    let mut from_outside = false;
    for metric in metrics.items() {
        from_outside |= matches!(metric.field("type").text(), "Object" | "External");
        self::metric(&metric, cx);
    }
    if min.int() == Some(0) && !from_outside {
        cx.forbidden(
            &metrics,
            "must specify at least one Object or External metric to support scaling to zero replicas",
        );
    }
    let behavior = spec.field("behavior");
    for direction in ["scaleUp", "scaleDown"] {
        scaling_rules(&behavior.field(direction), cx);
    }
}

/// `ValidateCrossVersionObjectReference`.
fn object_reference(reference: &At<'_, '_>, group_optional: bool, cx: &mut Context<'_>) {
    for name in ["kind", "name"] {
        let field = reference.field(name);
        if field.text().is_empty() {
            cx.required(&field, "");
        } else {
            cx.form(&field, names::path_segment_name);
        }
    }
    // `ValidateAPIVersion`, new in 1.34.
    if cx.version < Version::V1_34 {
        return;
    }
    let version = reference.field("apiVersion");
    let text = version.text();
    match text.matches('/').count() {
        0 if !group_optional => cx.invalid(&version, "apiVersion must specify API group"),
        1 if !group_optional && text.starts_with('/') => {
            cx.invalid(&version, "apiVersion must specify API group");
        }
        0 | 1 => {}
        _ => cx.invalid(&version, format_args!("unexpected GroupVersion string: {text}")),
    }
}

/// `validateMetricSpec`.
fn metric(metric: &At<'_, '_>, cx: &mut Context<'_>) {
    let kind = metric.field("type");
    if kind.text().is_empty() {
        cx.required(&kind, "must specify a metric source type");
    }
    let expected = SOURCES.iter().find(|(name, _)| *name == kind.text()).map(|(_, field)| *field);
    if expected.is_none() {
        cx.not_supported(&kind, SOURCE_TYPES);
    }
    let mut present = 0_usize;
    for (_, name) in SOURCES {
        let source = metric.field(name);
        if source.is_set() {
            present += 1;
            // Only the first one there is looked into.
            if present == 1 {
                metric_source(name, &source, cx);
            }
        }
    }
    if let Some(expected) = expected {
        let source = metric.field(expected);
        if !source.is_set() {
            cx.required(&source, "must populate information for the given metric source");
        }
    }
    if present != 1 {
        for (_, name) in SOURCES {
            let source = metric.field(name);
            if source.is_set() && Some(name) != expected {
                cx.forbidden(&source, "must populate the given metric source only");
            }
        }
    }
}

/// `validateObjectSource` and its siblings.
fn metric_source(kind: &str, source: &At<'_, '_>, cx: &mut Context<'_>) {
    match kind {
        "object" | "external" | "pods" => {
            if kind == "object" {
                object_reference(&source.field("describedObject"), true, cx);
            }
            let metric = source.field("metric");
            let name = metric.field("name");
            if name.text().is_empty() {
                cx.required(&name, "must specify a metric name");
            } else {
                cx.form(&name, names::path_segment_name);
            }
        }
        _ => {
            let name = source.field("name");
            if name.text().is_empty() {
                cx.required(&name, "must specify a resource name");
            } else if kind == "containerResource" {
                container_resource_name(name.text(), &name, cx);
            }
            if kind == "containerResource" {
                let container = source.field("container");
                if container.text().is_empty() {
                    cx.required(&container, "must specify a container");
                } else {
                    cx.form(&container, names::dns1123_label);
                }
            }
        }
    }
    let target = source.field("target");
    metric_target(&target, cx);
    let value = target.field("value");
    let (average, utilization) = (target.field("averageValue"), target.field("averageUtilization"));
    match kind {
        "object" if !value.is_set() && !average.is_set() => {
            cx.required(&average, "must set either a target value or averageValue");
        }
        "external" if !value.is_set() && !average.is_set() => {
            cx.required(&average, "must set either a target value for metric or a per-pod target");
        }
        "external" if value.is_set() && average.is_set() => {
            cx.forbidden(&value, "may not set both a target value for metric and a per-pod target");
        }
        "pods" if !average.is_set() => {
            cx.required(&average, "must specify a positive target averageValue");
        }
        "resource" | "containerResource" if !utilization.is_set() && !average.is_set() => {
            cx.required(&utilization, "must set either a target raw value or a target utilization");
        }
        "resource" | "containerResource" if utilization.is_set() && average.is_set() => {
            cx.forbidden(&average, "may not set both a target raw value and a target utilization");
        }
        _ => {}
    }
}

/// `validateMetricTarget`.
fn metric_target(target: &At<'_, '_>, cx: &mut Context<'_>) {
    let kind = target.field("type");
    if kind.text().is_empty() {
        cx.required(&kind, "must specify a metric target type");
    }
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        cx.invalid(&kind, "must be either Utilization, Value, or AverageValue");
    }
    for name in ["value", "averageValue"] {
        let field = target.field(name);
        if quantity(&field).is_some_and(|value| !value.is_positive()) {
            cx.invalid(&field, "must be positive");
        }
    }
    let utilization = target.field("averageUtilization");
    if utilization.int().is_some_and(|percent| percent < 1) {
        cx.invalid(&utilization, "must be greater than 0");
    }
}

/// `validateScalingRules`, after the defaults filled in what is absent.
fn scaling_rules(rules: &At<'_, '_>, cx: &mut Context<'_>) {
    let window = rules.field("stabilizationWindowSeconds");
    if window.int().is_some_and(|seconds| seconds < 0) {
        cx.invalid(&window, "must be greater than or equal to zero");
    }
    if window.int().is_some_and(|seconds| seconds > 3600) {
        cx.invalid(&window, "must be less than or equal to 3600");
    }
    let select = rules.field("selectPolicy");
    if select.is_set() && !matches!(select.text(), "Max" | "Min" | "Disabled") {
        cx.not_supported(&select, &["Disabled", "Max", "Min"]);
    }
    let policies = rules.field("policies");
    // Absent ones take the default, an empty list does not.
    if policies.is_set() && policies.is_empty() {
        cx.required(&policies, "must specify at least one Policy");
    }
    for policy in policies.items() {
        let kind = policy.field("type");
        if !matches!(kind.text(), "Pods" | "Percent") {
            cx.not_supported(&kind, &["Percent", "Pods"]);
        }
        let (value, period) = (policy.field("value"), policy.field("periodSeconds"));
        if value.int().unwrap_or(0) <= 0 {
            cx.invalid(&value, "must be greater than zero");
        }
        match period.int().unwrap_or(0) {
            ..=0 => cx.invalid(&period, "must be greater than zero"),
            1801.. => cx.invalid(&period, "must be less than or equal to 1800"),
            _ => {}
        }
    }
    let tolerance = rules.field("tolerance");
    if quantity(&tolerance).is_some_and(|value| value.is_negative()) {
        cx.invalid(&tolerance, "must be greater than or equal to 0");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings, list_findings_in};

    use crate::Version;

    const TARGET: &str = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}";

    fn text(version: &str, spec: &str) -> String {
        format!(
            "apiVersion: autoscaling/{version}\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        )
    }

    fn autoscaler(spec: &str) -> Vec<String> {
        list_findings(&text("v2", spec))
    }

    #[test]
    fn bounds_and_target() {
        check(
            autoscaler,
            &[
                (&format!("{TARGET}, maxReplicas: 3"), &[]),
                (
                    &format!("{TARGET}, maxReplicas: 3, minReplicas: 0"),
                    &["spec.minReplicas invalid-value", "spec.metrics forbidden"],
                ),
                (
                    &format!("{TARGET}, maxReplicas: 0"),
                    &["spec.maxReplicas required", "spec.maxReplicas invalid-value"],
                ),
                (
                    "maxReplicas: 1, scaleTargetRef: {apiVersion: v1, kind: ReplicationController, name: a}",
                    &[],
                ),
                (
                    "maxReplicas: 1, scaleTargetRef: {apiVersion: a/b/c, kind: D/E, name: a}",
                    &[
                        "spec.scaleTargetRef.apiVersion invalid-value",
                        "spec.scaleTargetRef.kind invalid-value",
                    ],
                ),
                (
                    "maxReplicas: 1, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment}",
                    &["spec.scaleTargetRef.name required"],
                ),
            ],
        );
    }

    #[test]
    fn metrics() {
        let metric = |metric: &str| {
            let findings = autoscaler(&format!("{TARGET}, maxReplicas: 3, metrics: [{{{metric}}}]"));
            findings.iter().map(|line| line.replace("spec.metrics[0].", "")).collect()
        };
        let target = "target: {type: Utilization, averageUtilization: 50}";
        check(
            metric,
            &[
                (&format!("type: Resource, resource: {{name: cpu, {target}}}"), &[]),
                ("type: Resource", &["resource required"]),
                ("type: resource", &["type unsupported-value"]),
                (&format!("type: Pods, resource: {{name: cpu, {target}}}"), &["pods required"]),
                (
                    "type: Resource, resource: {name: cpu, target: {type: Utilization}}",
                    &["resource.target.averageUtilization required"],
                ),
                (
                    "type: Resource, resource: {target: {averageUtilization: 0}}",
                    &[
                        "resource.name required",
                        "resource.target.averageUtilization invalid-value",
                        "resource.target.type invalid-value",
                        "resource.target.type required",
                    ],
                ),
                (
                    "type: Resource, resource: {name: cpu, target: {type: Value, averageUtilization: 1, averageValue: 1}}",
                    &["resource.target.averageValue forbidden"],
                ),
                (
                    "type: ContainerResource, containerResource: {name: gpu, target: {type: Value, averageValue: 0}}",
                    &[
                        "containerResource.container required",
                        "containerResource.name invalid-value",
                        "containerResource.target.averageValue invalid-value",
                    ],
                ),
                (
                    "type: External, external: {metric: {name: a}, target: {type: Value, value: 1, averageValue: 1}}",
                    &["external.target.value forbidden"],
                ),
                (
                    "type: Pods, pods: {metric: {name: a/b}, target: {type: Value, value: 1}}",
                    &["pods.metric.name invalid-value", "pods.target.averageValue required"],
                ),
                (
                    "type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: a}, metric: {name: a}, \
                 target: {type: Value, value: 1}}",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn behavior() {
        let behavior = |rules: &str| {
            let findings =
                autoscaler(&format!("{TARGET}, maxReplicas: 3, behavior: {{scaleUp: {{{rules}}}}}"));
            findings.iter().map(|line| line.replace("spec.behavior.scaleUp.", "")).collect()
        };
        check(
            behavior,
            &[
                ("", &[]),
                ("stabilizationWindowSeconds: -1", &["stabilizationWindowSeconds invalid-value"]),
                ("selectPolicy: Average", &["selectPolicy unsupported-value"]),
                ("policies: []", &["policies required"]),
                (
                    "policies: [{type: Pods, value: 0, periodSeconds: 1801}]",
                    &["policies[0].periodSeconds invalid-value", "policies[0].value invalid-value"],
                ),
                ("tolerance: -0.1", &["tolerance invalid-value"]),
            ],
        );
    }

    #[test]
    fn the_older_version_is_converted() {
        let manifest = text("v1", &format!("{TARGET}, maxReplicas: 3, targetCPUUtilizationPercentage: 0"));
        assert_eq!(
            list_findings(&manifest),
            ["spec.metrics[0].resource.target.averageUtilization invalid-value"]
        );
    }

    #[test]
    fn scaling_to_zero_came_with_1_37() {
        let external =
            "metrics: [{type: External, external: {metric: {name: a}, target: {type: Value, value: 1}}}]";
        let scaled =
            |metrics: &str| text("v2", &format!("{TARGET}, maxReplicas: 3, minReplicas: 0, {metrics}"));
        assert_eq!(list_findings_in(Version::V1_36, &scaled(external)), ["spec.minReplicas invalid-value"]);
        assert_eq!(list_findings_in(Version::V1_37, &scaled(external)), Vec::<String>::new());
        assert_eq!(list_findings_in(Version::V1_37, &scaled("metrics: []")), ["spec.metrics forbidden"]);
    }

    #[test]
    fn groups_of_targets_were_optional_once() {
        let manifest = text("v2", "maxReplicas: 1, scaleTargetRef: {kind: Deployment, name: a}");
        assert_eq!(list_findings(&manifest), ["spec.scaleTargetRef.apiVersion invalid-value"]);
        assert_eq!(list_findings_in(Version::V1_33, &manifest), Vec::<String>::new());
    }
}
