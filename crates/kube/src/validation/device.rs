//! Claims of devices: `pkg/apis/resource/validation`. What the selectors' expressions say of a device has no types.

use super::resources::is_extended_resource;
use super::{At, Context, expression, metadata};
use crate::cel::Type;
use crate::gates::Feature;
use crate::names;
use plimsoll_yaml::{Node, Value};
use std::collections::{BTreeMap, BTreeSet};

const MAX_REQUESTS: usize = 32;
const MAX_SELECTORS: usize = 32;
const MAX_SUB_REQUESTS: usize = 8;
const MAX_TOLERATIONS: usize = 16;

/// `ValidateResourceClaim`.
pub(super) fn claim(root: &At<'_, '_>, cx: &mut Context<'_>) {
    claim_spec(&root.field("spec"), cx);
}

/// `ValidateResourceClaimTemplate`.
pub(super) fn claim_template(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    metadata::labels(&spec.field("metadata.labels"), cx);
    metadata::annotations(&spec.field("metadata.annotations"), cx);
    claim_spec(&spec.field("spec"), cx);
}

/// `ValidateDeviceClass`.
pub(super) fn device_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    selectors(&spec.field("selectors"), cx);
    for config in bounded(&spec.field("config"), 32, cx) {
        configuration(&config, cx);
    }
    let name = spec.field("extendedResourceName");
    if cx.gate(Feature::DRAExtendedResource) && name.is_set() && !is_extended_resource(name.text()) {
        cx.invalid(&name, "must be a valid extended resource name");
    }
}

/// The requests of a claim by name, each with the names of its alternatives.
type Requests<'n> = BTreeMap<&'n str, BTreeSet<&'n str>>;

/// `validateDeviceClaim`.
fn claim_spec(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let devices = spec.field("devices");
    let requests = devices.field("requests");
    let mut known = Requests::new();
    for request in requests.items() {
        let alternatives = request.field("firstAvailable");
        let names = alternatives.items().map(|alternative| alternative.field("name").text()).collect();
        known.insert(request.field("name").text(), names);
    }
    for request in bounded(&requests, MAX_REQUESTS, cx) {
        device_request(&request, cx);
    }
    unique(&requests, Some("name"), cx);
    for constraint in bounded(&devices.field("constraints"), 32, cx) {
        request_references(&constraint.field("requests"), &known, cx);
        constraint_attribute(&constraint, cx);
    }
    for config in bounded(&devices.field("config"), 32, cx) {
        request_references(&config.field("requests"), &known, cx);
        configuration(&config, cx);
    }
}

/// `validateDeviceRequest`. In `v1beta1` the fields of `exactly` stand in the request itself.
fn device_request(request: &At<'_, '_>, cx: &mut Context<'_>) {
    const FLAT: [&str; 6] =
        ["deviceClassName", "selectors", "allocationMode", "count", "adminAccess", "tolerations"];
    cx.form(&request.field("name"), names::dns1123_label);
    let alternatives = request.field("firstAvailable");
    let has_alternatives = cx.gate(Feature::DRAPrioritizedList) && !alternatives.is_empty();
    let exactly = request.field("exactly");
    let is_flat = FLAT.iter().any(|field| request.field(field).is_set());
    match (is_flat || exactly.is_set(), has_alternatives) {
        (false, false) => {
            cx.required(request, "exactly one of `exactly` or `firstAvailable` is required");
        }
        (true, true) => cx.invalid(
            request,
            "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set",
        ),
        (true, false) => exact_request(if is_flat { request } else { &exactly }, cx),
        (false, true) => {
            for alternative in bounded(&alternatives, MAX_SUB_REQUESTS, cx) {
                cx.form(&alternative.field("name"), names::dns1123_label);
                exact_request(&alternative, cx);
            }
            unique(&alternatives, Some("name"), cx);
        }
    }
}

/// `validateExactDeviceRequest`, `validateDeviceSubRequest`.
fn exact_request(request: &At<'_, '_>, cx: &mut Context<'_>) {
    let class = request.field("deviceClassName");
    if class.text().is_empty() {
        cx.required(&class, "");
    } else {
        cx.form(&class, names::dns1123_subdomain);
    }
    selectors(&request.field("selectors"), cx);
    let (mode, count) = (request.field("allocationMode"), request.field("count"));
    match (mode.text(), count.int().unwrap_or_default()) {
        ("All", 0) | ("" | "ExactCount", 0..) => {}
        ("All", _) => cx.invalid(&count, "must not be specified when allocationMode is 'All'"),
        ("" | "ExactCount", _) => cx.invalid(&count, "must be greater than zero"),
        _ => cx.not_supported(&mode, &["All", "ExactCount"]),
    }
    if cx.gate(Feature::DRADeviceTaints) {
        for toleration in bounded(&request.field("tolerations"), MAX_TOLERATIONS, cx) {
            device_toleration(&toleration, cx);
        }
    }
}

/// `validateSelectorSlice`.
fn selectors(selectors: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_EXPRESSION: usize = 10 * 1024;
    for selector in bounded(selectors, MAX_SELECTORS, cx) {
        let cel = selector.field("cel");
        let source = cel.field("expression");
        if !cel.is_set() {
            cx.required(&cel, "");
        } else if source.text().len() > MAX_EXPRESSION {
            cx.too_long(&source, MAX_EXPRESSION);
        } else if source.text().trim().is_empty() {
            cx.invalid(&source, "compilation failed: the expression is empty");
        }
        expression::compile(&source, "compilation failed", &[("device", Type::Dyn)], &Type::Bool, cx);
    }
}

/// `validateDeviceToleration`.
fn device_toleration(toleration: &At<'_, '_>, cx: &mut Context<'_>) {
    let (key, value) = (toleration.field("key"), toleration.field("value"));
    if !key.text().is_empty() {
        cx.form(&key, names::qualified_name);
    }
    let operator = toleration.field("operator");
    match operator.text() {
        "Exists" => {
            if !value.text().is_empty() {
                cx.invalid(&value, "must be empty for operator `Exists`");
            }
        }
        // The default is `Equal`.
        "" | "Equal" => cx.form(&value, names::label_value),
        _ => cx.not_supported(&operator, &["Equal", "Exists"]),
    }
    let effect = toleration.field("effect");
    if !matches!(effect.text(), "" | "NoExecute" | "NoSchedule" | "None") {
        cx.not_supported(&effect, &["NoExecute", "NoSchedule", "None"]);
    }
}

/// `validateRequestNameRef` of each item.
fn request_references(references: &At<'_, '_>, known: &Requests<'_>, cx: &mut Context<'_>) {
    let detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    for reference in bounded(references, MAX_REQUESTS, cx) {
        let segments: Vec<_> = reference.text().split('/').collect();
        let is_known = match segments.as_slice() {
            [request] => known.contains_key(request),
            [request, alternative] => known.get(request).is_some_and(|names| names.contains(alternative)),
            _ => {
                cx.invalid(&reference, detail);
                continue;
            }
        };
        for segment in segments {
            cx.invalid_each(&reference, names::dns1123_label(segment));
        }
        if !is_known {
            cx.invalid(&reference, detail);
        }
    }
    unique(references, None, cx);
}

/// The attribute that `validateDeviceConstraint` asks for.
fn constraint_attribute(constraint: &At<'_, '_>, cx: &mut Context<'_>) {
    let matching = constraint.field("matchAttribute");
    let distinct = constraint.field("distinctAttribute");
    let knows_distinct = cx.gate(Feature::DRAConsumableCapacity);
    if matching.is_set() {
        fully_qualified_name(&matching, cx);
    } else if knows_distinct && distinct.is_set() {
        fully_qualified_name(&distinct, cx);
    } else if knows_distinct {
        cx.required(constraint, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required");
    } else {
        cx.required(&matching, "");
    }
}

/// `validateFullyQualifiedName`.
fn fully_qualified_name(name: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_NAME: usize = 32;
    let identifier = |text: &str, cx: &mut Context<'_>| {
        if text.len() > MAX_NAME {
            cx.too_long(name, MAX_NAME);
        }
        cx.invalid_each(name, names::c_identifier(text));
    };
    match name.text().split('/').collect::<Vec<_>>().as_slice() {
        [own] => {
            identifier(own, cx);
            cx.invalid(name, "a fully qualified name must be a domain and a name separated by a slash");
        }
        [domain, own] => {
            if domain.is_empty() {
                cx.invalid_empty(name, "the domain must not be empty");
            } else {
                driver_name(name, domain, cx);
            }
            if own.is_empty() {
                cx.invalid_empty(name, "the name must not be empty");
            } else {
                identifier(own, cx);
            }
        }
        // The server does not look at names with more slashes.
        _ => {}
    }
}

/// `validateDeviceConfiguration`.
fn configuration(config: &At<'_, '_>, cx: &mut Context<'_>) {
    let opaque = config.field("opaque");
    if !opaque.is_set() {
        cx.required(&opaque, "");
        return;
    }
    let driver = opaque.field("driver");
    if driver.text().is_empty() {
        cx.required(&driver, "");
    } else {
        driver_name(&driver, driver.text(), cx);
    }
    let parameters = opaque.field("parameters");
    match parameters.node().map(|node: &Node| &node.value) {
        None => cx.required(&parameters, ""),
        Some(Value::Map(_)) => {}
        Some(_) => cx.invalid(&parameters, "must be a valid JSON object"),
    }
}

/// `ValidateCSIDriverName`, of what is part of the text at a place.
fn driver_name(at: &At<'_, '_>, name: &str, cx: &mut Context<'_>) {
    const MAX_NAME: usize = 63;
    if name.len() > MAX_NAME {
        cx.too_long(at, MAX_NAME);
    }
    cx.invalid_each(at, names::dns1123_subdomain(&name.to_lowercase()));
}

/// The items of a list; none, and an error, if there are too many (`validateSlice`).
fn bounded<'q, 'n>(list: &'q At<'q, 'n>, limit: usize, cx: &mut Context<'_>) -> Vec<At<'q, 'n>> {
    if list.len() > limit {
        cx.too_many(list, limit);
        return Vec::new();
    }
    list.items().collect()
}

/// Reports items that repeat an earlier one: as a whole, or the field that names them (`validateSet`).
fn unique(list: &At<'_, '_>, key: Option<&str>, cx: &mut Context<'_>) {
    let mut seen = BTreeSet::new();
    for item in list.items() {
        let text = key.map_or(item.text(), |key| item.field(key).text());
        if !seen.insert(text) {
            cx.duplicate_text(&item, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn claims_and_templates() {
        let claim = |devices: &str| {
            list_findings(&format!(
                "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {{name: a}}\nspec: {{devices: {{{devices}}}}}\n"
            ))
        };
        let at = "spec.devices";
        check(
            claim,
            &[
                ("", &[]),
                ("requests: [{name: a, exactly: {deviceClassName: gpu}}]", &[]),
                ("requests: [{name: a, exactly: {deviceClassName: gpu, allocationMode: All}}]", &[]),
                ("requests: [{name: a}]", &[&format!("{at}.requests[0] required")]),
                (
                    "requests: [{name: a b, exactly: {deviceClassName: X_, count: -1, allocationMode: Some}}]",
                    &[
                        &format!("{at}.requests[0].name invalid-value"),
                        &format!("{at}.requests[0].exactly.deviceClassName invalid-value"),
                        &format!("{at}.requests[0].exactly.allocationMode unsupported-value"),
                    ],
                ),
                (
                    "requests: [{name: a, exactly: {count: -1}}, {name: a, exactly: {deviceClassName: b, allocationMode: \
                     All, count: 1}}]",
                    &[
                        &format!("{at}.requests[0].exactly.deviceClassName required"),
                        &format!("{at}.requests[0].exactly.count invalid-value"),
                        &format!("{at}.requests[1].exactly.count invalid-value"),
                        &format!("{at}.requests[1] duplicate-value"),
                    ],
                ),
                (
                    "requests: [{name: a, firstAvailable: [{name: b, deviceClassName: c}, {name: B, deviceClassName: c}]}], \
                     constraints: [{requests: [a/b, a/x], matchAttribute: d.example.com/model}, {matchAttribute: model}]",
                    &[
                        &format!("{at}.requests[0].firstAvailable[1].name invalid-value"),
                        &format!("{at}.constraints[0].requests[1] invalid-value"),
                        &format!("{at}.constraints[1].matchAttribute invalid-value"),
                    ],
                ),
                (
                    "requests: [{name: a, exactly: {deviceClassName: g, selectors: [{}], tolerations: [{operator: Is, \
                     effect: Maybe}]}}], config: [{}, {opaque: {driver: a b, parameters: [1]}}]",
                    &[
                        &format!("{at}.requests[0].exactly.selectors[0].cel required"),
                        &format!("{at}.requests[0].exactly.tolerations[0].operator unsupported-value"),
                        &format!("{at}.requests[0].exactly.tolerations[0].effect unsupported-value"),
                        &format!("{at}.config[0].opaque required"),
                        &format!("{at}.config[1].opaque.driver invalid-value"),
                        &format!("{at}.config[1].opaque.parameters invalid-value"),
                    ],
                ),
            ],
        );
        check(
            list_findings,
            &[
                (
                    "apiVersion: resource.k8s.io/v1\nkind: ResourceClaimTemplate\nmetadata: {name: -Bad_}\n\
                     spec: {metadata: {labels: {a b: c}}, spec: {devices: {requests: [{name: a}]}}}",
                    &[
                        "metadata.name invalid-value",
                        "spec.metadata.labels invalid-value",
                        "spec.spec.devices.requests[0] required",
                    ],
                ),
                (
                    "apiVersion: resource.k8s.io/v1beta1\nkind: ResourceClaim\nmetadata: {name: a}\n\
                     spec: {devices: {requests: [{name: a, deviceClassName: b}]}}",
                    &["apiVersion warning"],
                ),
            ],
        );
    }

    #[test]
    fn classes() {
        check(
            list_findings,
            &[
                (
                    "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: gpu.example.com}\nspec: {}",
                    &[],
                ),
                (
                    "apiVersion: resource.k8s.io/v1\nkind: DeviceClass\nmetadata: {name: a b}\n\
                     spec: {extendedResourceName: cpu, config: [{}], selectors: [{cel: {expression: ' '}}]}",
                    &[
                        "metadata.name invalid-value",
                        "spec.extendedResourceName invalid-value",
                        "spec.config[0].opaque required",
                        "spec.selectors[0].cel.expression invalid-value",
                    ],
                ),
            ],
        );
    }
}
