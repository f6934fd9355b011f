//! Requests, limits and resource claims, of containers and of the pod.

use super::super::resources::{
    container_resource_name, is_huge_page, is_overcommit_allowed, quantity, quantity_value, resource_name,
};
use super::{At, Context, Holder, Pod, container, names};
use crate::quantity::Quantity;

/// `ValidateContainerResourceRequirements`; `claims` are the names of the pod's resource claims.
pub(super) fn container(resources: &At<'_, '_>, claims: &[&str], cx: &mut Context<'_>) {
    if resources.is_set() {
        requirements(resources, container_resource_name, cx);
        claim_names(&resources.field("claims"), claims, cx);
    }
}

/// `validateOverhead`: the server takes it for limits, and says so.
pub(super) fn overhead(overhead: &At<'_, '_>, cx: &mut Context<'_>) {
    for (name, amount) in overhead.renamed("overhead.limits").entries() {
        container_resource_name(name, &amount, cx);
        quantity_value(name, &amount, cx);
    }
}

/// `validatePodResourceClaims`; gives the claims' names.
pub(super) fn pod_claims<'n>(
    claims: &At<'_, 'n>,
    holder: Holder<'_, '_>,
    cx: &mut Context<'_>,
) -> Vec<&'n str> {
    let mut names = Vec::new();
    let is_mirror = holder
        .pod_metadata()
        .is_some_and(|metadata| metadata.field("annotations").key("kubernetes.io/config.mirror").is_set());
    for claim in claims.items() {
        if is_mirror {
            cx.forbidden(&claim.renamed(""), "static pods do not support resource claims");
            continue;
        }
        let name = claim.field("name");
        match name.text() {
            "" => cx.required(&name, ""),
            text if names.contains(&text) => cx.duplicate(&name),
            text => {
                cx.form(&name, names::dns1123_label);
                names.push(text);
            }
        }
        let (by_name, by_template) =
            (claim.field("resourceClaimName"), claim.field("resourceClaimTemplateName"));
        match (by_name.is_set(), by_template.is_set()) {
            (true, true) => {
                let detail =
                    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
                cx.invalid(&claim, detail);
            }
            (false, false) => {
                let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                cx.invalid(&claim, detail);
            }
            _ => {}
        }
        for source in [by_name, by_template] {
            if source.is_set() {
                cx.form(&source, names::dns1123_subdomain);
            }
        }
    }
    names
}

/// `validatePodResources`.
pub(super) fn pod_level(spec: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let resources = spec.field("resources");
    if !resources.is_set() {
        return;
    }
    if spec.field("os.name").text() == "windows" {
        return cx.forbidden(&resources, "may not be set for a windows pod");
    }
    if resources.field("claims").is_set() {
        cx.forbidden(&resources.field("claims"), "claims may not be set for Resources at pod-level");
    }
    requirements(&resources, pod_resource_name, cx);
    if pod.is_complete {
        defaulted_requests(spec, &resources, pod, cx);
    }
    consistency(spec, &resources, pod, cx);
}

/// `defaultPodRequests`: what a pod with limits does not request itself is what its containers do, and held to
/// the limits like it.
fn defaulted_requests(spec: &At<'_, '_>, resources: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let requests = resources.field("requests");
    for (name, amount) in resources.field("limits").entries() {
        if has_entry(&requests, name) || !matches!(name, "cpu" | "memory") {
            continue;
        }
        let (needed, limit) =
            (aggregate(spec, "requests", name, pod), quantity(&amount).unwrap_or(Quantity::ZERO));
        if needed > limit {
            let detail = format_args!(
                "must be less than or equal to {name} limit of {limit}: containers request {needed}"
            );
            cx.invalid(&requests.showing(&amount), detail);
        }
    }
}

/// `validateResourceRequirements`, but for claims.
fn requirements(
    resources: &At<'_, '_>,
    check_name: fn(&str, &At<'_, '_>, &mut Context<'_>),
    cx: &mut Context<'_>,
) {
    let (limits, requests) = (resources.field("limits"), resources.field("requests"));
    let (mut huge, mut compute) = (false, false);
    for list in [&limits, &requests] {
        for (name, amount) in list.entries() {
            check_name(name, &amount, cx);
            quantity_value(name, &amount, cx);
            compute |= matches!(name, "cpu" | "memory");
            if is_huge_page(name) {
                huge = true;
                if !is_whole_pages(name, &amount) {
                    cx.invalid(&amount, format_args!("is not positive integer multiple of {name}"));
                }
            }
        }
    }
    for (name, amount) in requests.entries() {
        // The server blames the list.
        let blamed = requests.showing(&amount);
        let limit = limits.key(name);
        match (quantity(&amount), quantity(&limit)) {
            _ if !has_entry(&limits, name) => {
                if !is_overcommit_allowed(name) {
                    let detail = format_args!(
                        "limit must be set for non overcommitable resources: `{name}` is requested only"
                    );
                    cx.required(&limits, detail);
                }
            }
            (request, limit) => {
                let (request, limit) = (request.unwrap_or(Quantity::ZERO), limit.unwrap_or(Quantity::ZERO));
                if request != limit && !is_overcommit_allowed(name) {
                    cx.invalid(&blamed, format_args!("must be equal to {name} limit of {limit}"));
                } else if request > limit {
                    let detail = format_args!("must be less than or equal to {name} limit of {limit}");
                    cx.invalid(&blamed, detail);
                }
            }
        }
    }
    if huge && !compute {
        cx.forbidden(resources, "HugePages require cpu or memory");
    }
}

/// Whether a resource list names the resource, be it with null, which is zero.
fn has_entry(list: &At<'_, '_>, name: &str) -> bool {
    list.node().is_some_and(|node| node.as_map().is_some_and(|map| map.contains_key(name)))
}

/// `validatePodResourceName`.
fn pod_resource_name(name: &str, at: &At<'_, '_>, cx: &mut Context<'_>) {
    if resource_name(name, at, cx) && !is_pod_level(name) {
        let detail = "unsupported resource for a pod: supported are cpu, memory and hugepages-<size>";
        cx.invalid_key(at, name, at.key_span(), detail);
    }
}

/// `resourcehelper.IsSupportedPodLevelResource`.
fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// `helper.IsHugePageResourceValueDivisible`.
fn is_whole_pages(name: &str, amount: &At<'_, '_>) -> bool {
    let size = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok());
    let Some(size) = size.filter(|size| size.is_positive() && size.is_integer()) else { return false };
    let amount = quantity(amount).unwrap_or(Quantity::ZERO);
    amount.value().checked_rem(size.value()) == Some(0)
}

/// `validateResourceClaimNames`.
fn claim_names(claims: &At<'_, '_>, pod_claims: &[&str], cx: &mut Context<'_>) {
    for (index, claim) in claims.items().enumerate() {
        let name = claim.field("name");
        let request = claim.field("request");
        if name.text().is_empty() {
            cx.required(&claim, "");
            continue;
        }
        if !request.text().is_empty() {
            cx.form(&request, names::dns1123_label);
        }
        let overlaps = claims.items().take(index).any(|other| {
            let asked = other.field("request").text();
            other.field("name").text() == name.text()
                && (asked.is_empty() || request.text().is_empty() || asked == request.text())
        });
        if overlaps {
            cx.duplicate(&claim.showing(&name));
        }
        if !pod_claims.contains(&name.text()) {
            cx.not_found(&claim.showing(&name), pod_claims.iter().copied());
        }
    }
}

/// `validatePodResourceConsistency`.
fn consistency(spec: &At<'_, '_>, resources: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    for (name, amount) in resources.field("requests").entries() {
        let needed = aggregate(spec, "requests", name, pod);
        if needed > quantity(&amount).unwrap_or(Quantity::ZERO) {
            let detail =
                format_args!("must be greater than or equal to aggregate container requests of {needed}");
            cx.invalid(&amount, detail);
        }
    }
    let limits = resources.field("limits");
    for (name, amount) in limits.entries().filter(|(name, _)| is_huge_page(name)) {
        let needed = aggregate(spec, "limits", name, pod);
        if needed > quantity(&amount).unwrap_or(Quantity::ZERO) {
            let detail =
                format_args!("must be greater than or equal to aggregate container limits of {needed}");
            cx.invalid(&amount, detail);
        }
    }
    // The server's path starts at the pod's resources.
    let spelt = resources.field("containers");
    for (index, container) in spec.field("containers").items().enumerate() {
        let spelt = spelt.index(index);
        for (name, amount) in container.field("resources.limits").entries() {
            let (Some(limit), Some(pod_limit)) = (quantity(&amount), quantity(&limits.key(name))) else {
                continue;
            };
            if limit > pod_limit {
                let spelt = spelt.key(name);
                let blamed = spelt.field("limits").showing(&amount);
                cx.invalid(&blamed, format_args!("must be less than or equal to pod limits of {pod_limit}"));
            }
        }
    }
}

/// `AggregateContainerRequests` and `AggregateContainerLimits` for one resource: what the containers need
/// at once. Sidecars run beside all that start after them; other init containers run one by one.
fn aggregate(spec: &At<'_, '_>, list: &str, name: &str, pod: &Pod<'_>) -> Quantity {
    let of = |container: &At<'_, '_>| {
        let resources = container.field("resources");
        let amount = quantity(&resources.field(list).key(name));
        // In pods requests are defaulted to limits.
        let defaulted = || pod.is_complete.then(|| quantity(&resources.field("limits").key(name))).flatten();
        amount.or_else(defaulted).unwrap_or(Quantity::ZERO)
    };
    let mut running =
        spec.field("containers").items().fold(Quantity::ZERO, |sum, container| sum.plus(&of(&container)));
    let mut sidecars = Quantity::ZERO;
    let mut starting = Quantity::ZERO;
    for init in spec.field("initContainers").items() {
        let amount = of(&init);
        let needed = sidecars.plus(&amount);
        if container::is_sidecar(&init) {
            running = running.plus(&amount);
            sidecars = needed;
        }
        starting = starting.max(needed);
    }
    running.max(starting)
}
