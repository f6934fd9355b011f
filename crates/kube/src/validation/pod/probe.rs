//! Probes, lifecycle hooks and their handlers.

use super::{At, Context, Pod, names, one_of};
use crate::gates::Feature;
use plimsoll_yaml::Value;

/// The three probes of a container: `validateLivenessProbe`, `validateReadinessProbe`, `validateStartupProbe`.
pub(super) fn probes(container: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    for name in ["livenessProbe", "startupProbe"] {
        let place = container.field(name);
        if !place.is_set() {
            continue;
        }
        probe(&place, pod, cx);
        let threshold = place.field("successThreshold");
        // Zero is defaulted to one.
        if !matches!(threshold.int(), None | Some(0 | 1)) {
            cx.invalid(&threshold, "must be 1");
        }
    }
    let readiness = container.field("readinessProbe");
    if readiness.is_set() {
        probe(&readiness, pod, cx);
        let grace = readiness.field("terminationGracePeriodSeconds");
        if grace.is_set() {
            cx.invalid(&grace, "must not be set for readinessProbes");
        }
    }
}

/// `validateLifecycle`; `stopSignal` is dropped while its gate is off.
pub(super) fn lifecycle(lifecycle: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    for hook in ["postStart", "preStop"] {
        let hook = lifecycle.field(hook);
        if hook.is_set() {
            handler(&hook, &["exec", "httpGet", "tcpSocket", "sleep"], pod, cx);
        }
    }
}

/// `ValidatePortNumOrName`: an absent port is the number 0.
pub(super) fn port_number_or_name(port: &At<'_, '_>, cx: &mut Context<'_>) {
    match port.node().map(|node| &node.value) {
        Some(Value::String(_)) => cx.form(port, names::port_name),
        _ => cx.invalid_each(port, names::port_number(port.int().unwrap_or(0))),
    }
}

/// `validateProbe`.
fn probe(probe: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    handler(probe, &["exec", "httpGet", "tcpSocket", "grpc"], pod, cx);
    for field in
        ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
    {
        cx.non_negative(&probe.field(field));
    }
    let grace = probe.field("terminationGracePeriodSeconds");
    if grace.int().is_some_and(|seconds| seconds <= 0) {
        cx.invalid(&grace, "must be greater than 0");
    }
}

/// `validateHandler`: exactly one of `kinds`, which are in the server's order.
fn handler(handler: &At<'_, '_>, kinds: &[&str], pod: &Pod<'_>, cx: &mut Context<'_>) {
    let mut found = false;
    for &kind in kinds {
        let action = handler.field(kind);
        if !action.is_set() {
            continue;
        }
        if found {
            cx.forbidden(&action, "may not specify more than 1 handler type");
            continue;
        }
        found = true;
        match kind {
            "exec" => {
                if action.field("command").is_empty() {
                    cx.required(&action.field("command"), "");
                }
            }
            "httpGet" => http_get(&action, cx),
            "sleep" => sleep(&action, pod, cx),
            _ => port_number_or_name(&action.field("port"), cx),
        }
    }
    if !found {
        cx.required(handler, "must specify a handler type");
    }
}

/// `validateHTTPGetAction`; path and scheme have defaults.
fn http_get(action: &At<'_, '_>, cx: &mut Context<'_>) {
    port_number_or_name(&action.field("port"), cx);
    one_of(&action.field("scheme"), &["HTTP", "HTTPS"], cx);
    let headers = action.field("httpHeaders");
    for header in headers.items() {
        let name = header.field("name");
        // The server blames the list.
        if name.is_set() {
            cx.form(&headers.showing(&name), names::http_header_name);
        } else {
            for why in names::http_header_name("") {
                cx.invalid_empty(&headers.showing(&header), why);
            }
        }
    }
}

/// `validateSleepAction`.
fn sleep(action: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let written = action.field("seconds");
    let seconds = written.int().unwrap_or(0);
    let (least, form) = if cx.gate(Feature::PodLifecycleSleepActionAllowZero) {
        (0, "non-negative")
    } else {
        (1, "greater than 0")
    };
    if seconds < least || seconds > pod.grace_period {
        let detail =
            format_args!("must be {form} and less than terminationGracePeriodSeconds ({})", pod.grace_period);
        cx.invalid(&action.showing(&written), detail);
    }
}
