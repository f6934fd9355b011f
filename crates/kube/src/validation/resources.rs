//! Names of resources and their quantities: `pkg/apis/core/helper` and `pkg/apis/core/validation`.

use super::{At, Context};
use crate::names;
use crate::quantity::Quantity;

/// The quantity at a place; `None` where there is none, or none that can be read (the decoder reports it).
pub(super) fn quantity(at: &At<'_, '_>) -> Option<Quantity> {
    Quantity::from_node(at.node()?).ok()
}

/// `ValidateResourceQuantityValue`: not negative, and whole where the resource is counted in wholes.
pub(super) fn quantity_value(name: &str, at: &At<'_, '_>, cx: &mut Context<'_>) {
    let Some(value) = quantity(at) else { return };
    if value.is_negative() {
        cx.invalid(at, "must be greater than or equal to 0");
    }
    if is_integer_resource(name) && !value.is_integer() {
        cx.invalid(at, "must be an integer");
    }
}

/// `ValidatePositiveQuantityValue`; whether it passed. A null is zero.
pub(super) fn positive_quantity(at: &At<'_, '_>, cx: &mut Context<'_>) -> bool {
    let positive = quantity(at).is_some_and(|value| value.is_positive());
    if !positive {
        cx.invalid(at, "must be greater than zero");
    }
    positive
}

/// `validateResourceName`; whether it passed.
pub(super) fn resource_name(name: &str, at: &At<'_, '_>, cx: &mut Context<'_>) -> bool {
    let complaints = names::qualified_name(name);
    if !complaints.is_empty() {
        for complaint in complaints {
            cx.invalid_key(at, name, at.key_span(), complaint);
        }
        return false;
    }
    if !name.contains('/') && !is_standard_resource(name) {
        cx.invalid_key(at, name, at.key_span(), "must be a standard resource type or fully qualified");
        return false;
    }
    true
}

/// `validateContainerResourceName`: the resources that a container may request.
pub(super) fn container_resource_name(name: &str, at: &At<'_, '_>, cx: &mut Context<'_>) {
    if !resource_name(name, at, cx) {
        return;
    }
    if !name.contains('/') {
        if !is_standard_container_resource(name) {
            cx.invalid_key(at, name, at.key_span(), "must be a standard resource for containers");
        }
    } else if !is_native_resource(name) && !is_extended_resource(name) {
        cx.invalid_key(at, name, at.key_span(), "doesn't follow extended resource name standard");
    }
}

/// `ValidateResourceQuotaResourceName`: what a quota may limit.
pub(super) fn quota_resource_name(name: &str, at: &At<'_, '_>, cx: &mut Context<'_>) {
    resource_name(name, at, cx);
    if !name.contains('/') && !is_standard_quota_resource(name) {
        cx.invalid_key(at, name, at.key_span(), "must be a standard resource for quota");
    }
}

/// `IsHugePageResourceName`.
pub(super) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn is_quota_huge_page(name: &str) -> bool {
    is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// `IsNativeResource`: of `kubernetes.io`, as names without a prefix are.
fn is_native_resource(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// `IsExtendedResourceName`.
pub(super) fn is_extended_resource(name: &str) -> bool {
    !is_native_resource(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// `IsOvercommitAllowed`.
pub(super) fn is_overcommit_allowed(name: &str) -> bool {
    is_native_resource(name) && !is_huge_page(name)
}

/// `IsStandardContainerResourceName`.
fn is_standard_container_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_page(name)
}

/// `IsIntegerResourceName`.
fn is_integer_resource(name: &str) -> bool {
    matches!(
        name,
        "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || is_extended_resource(name)
}

/// `IsStandardResourceName`.
fn is_standard_resource(name: &str) -> bool {
    name == "storage" || is_standard_quota_resource(name)
}

/// `IsStandardQuotaResourceName`.
pub(super) fn is_standard_quota_resource(name: &str) -> bool {
    matches!(
        name,
        "cpu"
            | "memory"
            | "ephemeral-storage"
            | "requests.cpu"
            | "requests.memory"
            | "requests.storage"
            | "requests.ephemeral-storage"
            | "limits.cpu"
            | "limits.memory"
            | "limits.ephemeral-storage"
            | "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "persistentvolumeclaims"
            | "configmaps"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || is_quota_huge_page(name)
}
