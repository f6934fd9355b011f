//! The endpoints behind Services: `pkg/apis/core/validation` and `pkg/apis/discovery/validation`.

use super::service::{oddly_written_ip, protocol};
use super::{At, Context};
use crate::gates::Feature;
use crate::names;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// `ValidateEndpoints`.
pub(super) fn endpoints(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let subsets = root.field("subsets");
    for subset in subsets.items() {
        let (ready, not_ready) = (subset.field("addresses"), subset.field("notReadyAddresses"));
        if ready.is_empty() && not_ready.is_empty() {
            cx.required(&subset, "must specify `addresses` or `notReadyAddresses`");
        }
        for address in ready.items() {
            endpoint_address(&address, cx);
        }
        for address in not_ready.items() {
            endpoint_address(&address, cx);
        }
        let ports = subset.field("ports");
        let several = ports.len() > 1;
        for port in ports.items() {
            endpoint_port(&port, several, cx);
        }
    }
}

/// `validateEndpointAddress`.
fn endpoint_address(address: &At<'_, '_>, cx: &mut Context<'_>) {
    let ip = address.field("ip");
    cx.invalid_each(&ip, names::ip(ip.text(), cx.gate(Feature::StrictIPCIDRValidation)));
    let hostname = address.field("hostname");
    if !hostname.text().is_empty() {
        cx.form(&hostname, names::dns1123_label);
    }
    let node = address.field("nodeName");
    if node.is_set() {
        cx.form(&node, names::dns1123_subdomain);
    }
    non_special_ip(&ip, cx);
    oddly_written_ip(&ip, ip.text(), cx);
}

/// `validateEndpointPort`.
fn endpoint_port(port: &At<'_, '_>, name_required: bool, cx: &mut Context<'_>) {
    let name = port.field("name");
    if !name.text().is_empty() {
        cx.form(&name, names::dns1123_label);
    } else if name_required {
        cx.missing(&name, "each port has a name where there are several");
    }
    let number = port.field("port");
    cx.invalid_each(&number, names::port_number(number.int().unwrap_or(0)));
    protocol(port, cx);
    let app_protocol = port.field("appProtocol");
    if app_protocol.is_set() {
        cx.form(&app_protocol, names::qualified_name);
    }
}

/// `ValidateEndpointSliceCreate`.
pub(super) fn endpoint_slice(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let kind = root.field("addressType");
    match kind.text() {
        "IPv4" | "IPv6" => {}
        "FQDN" => cx.warning(&kind, "FQDN endpoints are deprecated"),
        "" => cx.required(&kind, ""),
        _ => cx.not_supported(&kind, &["FQDN", "IPv4", "IPv6"]),
    }
    let endpoints = root.field("endpoints");
    if endpoints.len() > 1000 {
        cx.too_many(&endpoints, 1000);
    } else {
        for endpoint in endpoints.items() {
            slice_endpoint(&endpoint, kind.text(), cx);
        }
    }

    let ports = root.field("ports");
    if ports.len() > 20000 {
        cx.too_many(&ports, 20000);
        return;
    }
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let name = port.field("name");
        if !name.text().is_empty() {
            cx.form(&name, names::dns1123_label);
        }
        if !seen.insert(name.text()) {
            cx.duplicate(&name);
        }
        // The number may be any.
        protocol(&port, cx);
        let app_protocol = port.field("appProtocol");
        if app_protocol.is_set() {
            cx.form(&app_protocol, names::qualified_name);
        }
    }
}

/// `validateEndpoints` of the discovery group, for one endpoint. `deprecatedTopology` is dropped unread.
fn slice_endpoint(endpoint: &At<'_, '_>, address_type: &str, cx: &mut Context<'_>) {
    let strict = cx.gate(Feature::StrictIPCIDRValidation);
    let addresses = endpoint.field("addresses");
    if addresses.is_empty() {
        cx.required(&addresses, "must contain at least 1 address");
    } else if addresses.len() > 100 {
        cx.too_many(&addresses, 100);
    }
    for address in addresses.items() {
        let text = address.text();
        match address_type {
            "IPv4" | "IPv6" => {
                let complaints = names::ip(text, strict);
                let v6 = names::parse_ip(text).is_some_and(|ip| ip.is_ipv6());
                if complaints.is_empty() && v6 != (address_type == "IPv6") {
                    cx.invalid(&address, format_args!("must be an {address_type} address"));
                }
                cx.invalid_each(&address, complaints);
                non_special_ip(&address, cx);
                oddly_written_ip(&address, text, cx);
            }
            "FQDN" => cx.invalid_each(&address, names::fully_qualified_domain_name(text)),
            _ => {}
        }
    }
    let node = endpoint.field("nodeName");
    if node.is_set() {
        cx.form(&node, names::dns1123_subdomain);
    }
    let hostname = endpoint.field("hostname");
    if hostname.is_set() {
        cx.form(&hostname, names::dns1123_label);
    }
    let hints = endpoint.field("hints");
    for list in ["forZones", "forNodes"] {
        let entries = hints.field(list);
        if entries.len() > 8 {
            cx.too_many(&entries, 8);
            continue;
        }
        let mut seen = BTreeSet::new();
        for entry in entries.items() {
            let name = entry.field("name");
            if !seen.insert(name.text()) {
                cx.duplicate(&name);
            }
            if list == "forZones" {
                cx.form(&name, names::label_value);
            } else {
                cx.form(&name, names::dns1123_subdomain);
            }
        }
    }
}

/// `ValidateNonSpecialIP`: addresses that make no sense behind a Service.
pub(super) fn non_special_ip(at: &At<'_, '_>, cx: &mut Context<'_>) {
    let Some(ip) = names::parse_ip(at.text()) else {
        cx.invalid(at, "must be a valid IP address");
        return;
    };
    if ip.is_unspecified() {
        cx.invalid(at, format_args!("may not be unspecified ({})", at.text()));
    }
    if ip.is_loopback() {
        cx.invalid(at, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            (first & 0xffc0 == 0xfe80, first & 0xff0f == 0xff02)
        }
    };
    if link_local {
        cx.invalid(at, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if link_local_multicast {
        cx.invalid(at, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    #[test]
    fn endpoints() {
        let slice = |rest: &str| {
            list_findings(&format!(
                "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: a}}\n{rest}\n"
            ))
        };
        check(
            slice,
            &[
                ("addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]", &[]),
                ("addressType: IPv4\nendpoints: [{addresses: []}]", &["endpoints[0].addresses required"]),
                (
                    "addressType: IPv4\nendpoints: [{addresses: ['::1']}]",
                    &["endpoints[0].addresses[0] invalid-value", "endpoints[0].addresses[0] invalid-value"],
                ),
                (
                    "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], deprecatedTopology: {a b: c}}]",
                    &[],
                ),
                ("addressType: DNS\nendpoints: []", &["addressType unsupported-value"]),
                (
                    "addressType: FQDN\nendpoints: []\nports: [{name: a, port: 1}, {name: a, port: 0}]",
                    &["addressType warning", "ports[1].name duplicate-value"],
                ),
            ],
        );
    }
}
