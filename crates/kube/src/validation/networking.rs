//! Ingresses, ingress classes and network policies: `pkg/apis/networking/validation`.

use super::metadata::label_selector;
use super::{At, Context, Operation};
use crate::gates::Feature;
use crate::names;
use std::net::IpAddr;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// `ValidateNetworkPolicy`.
pub(super) fn network_policy(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    label_selector(&spec.field("podSelector"), cx);
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let rules = spec.field(direction);
        for rule in rules.items() {
            let ports = rule.field("ports");
            for port in ports.items() {
                policy_port(&port, cx);
            }
            let peers = rule.field(peers);
            for peer in peers.items() {
                policy_peer(&peer, cx);
            }
        }
    }
    let types = spec.field("policyTypes");
    if types.len() > 2 {
        cx.invalid(&types, "may not specify more than two policyTypes");
        return;
    }
    for policy_type in types.items() {
        if !matches!(policy_type.text(), "Ingress" | "Egress") {
            cx.not_supported(&policy_type, &["Ingress", "Egress"]);
        }
    }
}

/// `ValidateNetworkPolicyPort`.
fn policy_port(port: &At<'_, '_>, cx: &mut Context<'_>) {
    let protocol = port.field("protocol");
    if protocol.is_set() && !matches!(protocol.text(), "TCP" | "UDP" | "SCTP") {
        cx.not_supported(&protocol, &["TCP", "UDP", "SCTP"]);
    }
    let (number, end) = (port.field("port"), port.field("endPort"));
    if let Some(name) = number.str() {
        if end.is_set() {
            cx.invalid(&end, "may not be specified when `port` is non-numeric");
        }
        cx.invalid_each(&number, names::port_name(name));
    } else if let Some(first) = number.int() {
        cx.invalid_each(&number, names::port_number(first));
        if let Some(last) = end.int() {
            if last < first {
                cx.invalid(&end, "must be greater than or equal to `port`");
            }
            cx.invalid_each(&end, names::port_number(last));
        }
    } else if end.is_set() {
        cx.invalid(&end, "may not be specified when `port` is not specified");
    }
}

/// `ValidateNetworkPolicyPeer`.
fn policy_peer(peer: &At<'_, '_>, cx: &mut Context<'_>) {
    let (pods, namespaces) = (peer.field("podSelector"), peer.field("namespaceSelector"));
    let block = peer.field("ipBlock");
    label_selector(&pods, cx);
    label_selector(&namespaces, cx);
    let selectors = pods.is_set() || namespaces.is_set();
    if block.is_set() {
        ip_block(&block, cx);
        if selectors {
            cx.forbidden(peer, "may not specify both ipBlock and another peer");
        }
    } else if !selectors {
        cx.required(peer, "must specify a peer");
    }
}

/// `ValidateIPBlock`.
fn ip_block(block: &At<'_, '_>, cx: &mut Context<'_>) {
    let strict = cx.gate(Feature::StrictIPCIDRValidation);
    let cidr = block.field("cidr");
    if cidr.text().is_empty() {
        cx.required(&cidr, "");
        return;
    }
    cx.invalid_each(&cidr, names::cidr(cidr.text(), strict));
    warn_of_spelling(&cidr, cx);
    let Some((address, length)) = names::parse_cidr(cidr.text()) else { return };
    let exceptions = block.field("except");
    for exception in exceptions.items() {
        cx.invalid_each(&exception, names::cidr(exception.text(), strict));
        warn_of_spelling(&exception, cx);
        let Some((inner, inner_length)) = names::parse_cidr(exception.text()) else { continue };
        // Go keeps the network of an exception before it asks whether the block holds it.
        let inner = names::network(inner, inner_length);
        let same_family =
            matches!((address, inner), (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)));
        let held = same_family && names::network(inner, length) == names::network(address, length);
        if !held || length >= inner_length {
            cx.invalid(&exception, "must be a strict subset of `cidr`");
        }
    }
}

/// `ValidateServiceCIDR`.
pub(super) fn service_cidr(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let blocks = spec.field("cidrs");
    match blocks.len() {
        0 => return cx.required(&blocks, "at least one CIDR required"),
        1 | 2 => {}
        _ => return cx.invalid(&blocks, "may only hold up to 2 values"),
    }
    for block in blocks.items() {
        cx.form(&block, names::canonical_cidr);
    }
    let families = blocks.items().map(|block| names::parse_cidr(block.text()));
    let families: Vec<_> = families.flatten().map(|(address, _)| address.is_ipv4()).collect();
    if families == [true, true] || families == [false, false] {
        let detail =
            "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
        cx.invalid(&blocks, detail);
    }
}

/// `ValidateIPAddress`.
pub(super) fn ip_address(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let parent = spec.field("parentRef");
    if !parent.is_set() {
        return cx.required(&parent, "");
    }
    let group = parent.field("group");
    if !group.text().is_empty() {
        cx.form(&group, names::dns1123_subdomain);
    }
    for (name, is_required) in [("resource", true), ("name", true), ("namespace", false)] {
        let field = parent.field(name);
        if !field.text().is_empty() {
            cx.invalid_each(&field, names::path_segment_name(field.text()));
        } else if is_required {
            cx.required(&field, "");
        }
    }
}

fn warn_of_spelling(cidr: &At<'_, '_>, cx: &mut Context<'_>) {
    for warning in names::cidr_warnings(cidr.text()) {
        cx.warning(cidr, warning);
    }
}

/// `ValidateIngressCreate`.
pub(super) fn ingress(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let (backend, rules) = (spec.field("defaultBackend"), spec.field("rules"));
    if rules.is_empty() && !backend.is_set() {
        cx.invalid(&spec, "either `defaultBackend` or `rules` must be specified");
    }
    if backend.is_set() {
        ingress_backend(&backend, cx);
    }
    for rule in rules.items() {
        ingress_rule(&rule, cx);
    }
    let tls = spec.field("tls");
    for entry in tls.items() {
        let hosts = entry.field("hosts");
        for host in hosts.items() {
            host_name(&host, cx);
        }
        let secret = entry.field("secretName");
        if !secret.text().is_empty() {
            cx.form(&secret, names::dns1123_subdomain);
        }
    }
    let class = spec.field("ingressClassName");
    if class.is_set() {
        cx.form(&class, names::dns1123_subdomain);
    }

    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    let annotation = annotations.key(CLASS_ANNOTATION);
    if annotation.key_span().is_none() {
        return;
    }
    if class.is_set() {
        // `ValidateIngressUpdate` does not compare them.
        if cx.operation == Operation::Create && annotation.text() != class.text() {
            // The server leaves `metadata` out of the path.
            let annotations = root.field("annotations");
            let path = annotations.field(CLASS_ANNOTATION);
            cx.invalid(&path.showing(&annotation), "must match `ingressClassName` when both are specified");
        }
    } else {
        cx.warning(
            &annotation,
            format_args!(
                "annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead"
            ),
        );
    }
}

/// A host, with or without a wildcard.
fn host_name(host: &At<'_, '_>, cx: &mut Context<'_>) {
    let complaints = if host.text().contains('*') {
        names::wildcard_dns1123_subdomain(host.text())
    } else {
        names::dns1123_subdomain(host.text())
    };
    cx.invalid_each(host, complaints);
}

/// `validateIngressRules`, for one.
fn ingress_rule(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    let host = rule.field("host");
    if !host.text().is_empty() {
        if names::parse_ip(host.text()).is_some() {
            cx.invalid(&host, "must be a DNS name, not an IP address");
        }
        host_name(&host, cx);
    }
    let http = rule.field("http");
    if !http.is_set() {
        return;
    }
    let paths = http.field("paths");
    if paths.is_empty() {
        cx.required(&paths, "");
    }
    for path in paths.items() {
        ingress_path(&path, cx);
    }
}

/// `validateHTTPIngressPath`.
fn ingress_path(rule: &At<'_, '_>, cx: &mut Context<'_>) {
    let (kind, path) = (rule.field("pathType"), rule.field("path"));
    if !kind.is_set() {
        cx.required(&kind, "pathType must be specified");
        return;
    }
    let text = path.text();
    match kind.text() {
        "Exact" | "Prefix" => {
            if !text.starts_with('/') {
                cx.invalid(&path, "must be an absolute path");
            }
            for sequence in ["//", "/./", "/../", "%2f", "%2F"] {
                if text.contains(sequence) {
                    cx.invalid(&path, format_args!("must not contain '{sequence}'"));
                }
            }
            for suffix in ["/..", "/."] {
                if text.ends_with(suffix) {
                    cx.invalid(&path, format_args!("cannot end with '{suffix}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !text.is_empty() && !text.starts_with('/') {
                cx.invalid(&path, "must be an absolute path");
            }
        }
        _ => cx.not_supported(&kind, &["Exact", "ImplementationSpecific", "Prefix"]),
    }
    ingress_backend(&rule.field("backend"), cx);
}

/// `validateIngressBackend`.
fn ingress_backend(backend: &At<'_, '_>, cx: &mut Context<'_>) {
    let (service, resource) = (backend.field("service"), backend.field("resource"));
    match (service.is_set(), resource.is_set()) {
        (true, true) => {
            cx.invalid(backend, "cannot set both resource and service backends");
            return;
        }
        (false, true) => {
            typed_reference(&resource, cx);
            return;
        }
        (false, false) => {
            cx.invalid(backend, "resource or service backend is required");
            return;
        }
        (true, false) => {}
    }
    let name = service.field("name");
    if name.text().is_empty() {
        cx.required(&name, "");
    } else {
        let relaxed = cx.gate(Feature::RelaxedServiceNameValidation);
        let form = if relaxed { names::dns1123_label } else { names::dns1035_label };
        cx.invalid_each(&name, form(name.text()));
    }
    let port = service.field("port");
    let (port_name, number) = (port.field("name"), port.field("number"));
    match (port_name.text(), number.int().unwrap_or(0)) {
        ("", 0) => cx.required(backend, "port name or number is required"),
        ("", port) => cx.invalid_each(&number, names::port_number(port)),
        (name, 0) => cx.invalid_each(&port_name, names::port_name(name)),
        _ => cx.invalid(backend, "cannot set both port name & port number"),
    }
}

/// `validateIngressTypedLocalObjectReference`.
fn typed_reference(reference: &At<'_, '_>, cx: &mut Context<'_>) {
    let group = reference.field("apiGroup");
    if group.is_set() {
        cx.form(&group, names::dns1123_subdomain);
    }
    for name in ["kind", "name"] {
        let field = reference.field(name);
        if field.text().is_empty() {
            cx.required(&field, "");
        } else {
            cx.form(&field, names::path_segment_name);
        }
    }
}

/// `ValidateIngressClass`.
pub(super) fn ingress_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let controller = spec.field("controller");
    if controller.text().is_empty() {
        cx.required(&controller, "");
    } else {
        if controller.text().len() > 250 {
            cx.too_long(&controller, 250);
        }
        cx.form(&controller, names::domain_prefixed_path);
    }
    let parameters = spec.field("parameters");
    if !parameters.is_set() {
        return;
    }
    typed_reference(&parameters, cx);
    let (scope, namespace) = (parameters.field("scope"), parameters.field("namespace"));
    // The default is `Cluster`.
    match scope.str().unwrap_or("Cluster") {
        "Cluster" => {
            if namespace.is_set() {
                cx.forbidden(&namespace, "`parameters.scope` is set to 'Cluster'");
            }
        }
        "Namespace" => {
            if namespace.is_set() {
                cx.form(&namespace, names::dns1123_label);
            } else {
                cx.required(&namespace, "`parameters.scope` is set to 'Namespace'");
            }
        }
        _ => cx.not_supported(&scope, &["Cluster", "Namespace"]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings, list_findings_in};

    use crate::Version;

    fn policy(spec: &str) -> Vec<String> {
        list_findings(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        ))
    }

    fn ingress(spec: &str) -> Vec<String> {
        list_findings(&ingress_text("", spec))
    }

    fn ingress_text(metadata: &str, spec: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a{metadata}}}\nspec: {{{spec}}}\n"
        )
    }

    #[test]
    fn peers_and_ports() {
        check(
            policy,
            &[
                ("podSelector: {}, ingress: [{}]", &[]),
                ("podSelector: {}, ingress: [{from: [{}]}]", &["spec.ingress[0].from[0] required"]),
                (
                    "podSelector: {}, egress: [{to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]",
                    &["spec.egress[0].to[0] forbidden"],
                ),
                (
                    "podSelector: {}, egress: [{to: [{ipBlock: {}}]}]",
                    &["spec.egress[0].to[0].ipBlock.cidr required"],
                ),
                (
                    "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0}}]}]",
                    &["spec.egress[0].to[0].ipBlock.cidr invalid-value"],
                ),
                (
                    "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 11.0.0.0/16, \
                 '::/0', x]}}]}]",
                    &[
                        "spec.egress[0].to[0].ipBlock.except[1] invalid-value",
                        "spec.egress[0].to[0].ipBlock.except[2] invalid-value",
                        "spec.egress[0].to[0].ipBlock.except[3] invalid-value",
                    ],
                ),
                (
                    "podSelector: {}, ingress: [{ports: [{port: '80'}]}]",
                    &["spec.ingress[0].ports[0].port invalid-value"],
                ),
                (
                    "podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}]}]",
                    &["spec.ingress[0].ports[0].endPort invalid-value"],
                ),
                (
                    "podSelector: {}, ingress: [{ports: [{endPort: 90}]}]",
                    &["spec.ingress[0].ports[0].endPort invalid-value"],
                ),
                ("podSelector: {}, ingress: [{ports: [{port: 80, endPort: 90}]}]", &[]),
                (
                    "podSelector: {}, policyTypes: [Ingress, Egress, Ingress]",
                    &["spec.policyTypes invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn backends() {
        let port = "service: {name: b, port: {number: 80}}";
        check(
            ingress,
            &[
                ("", &["spec invalid-value"]),
                (&format!("defaultBackend: {{{port}}}"), &[]),
                ("defaultBackend: {}", &["spec.defaultBackend invalid-value"]),
                (
                    &format!("defaultBackend: {{{port}, resource: {{kind: A, name: b}}}}"),
                    &["spec.defaultBackend invalid-value"],
                ),
                (
                    "defaultBackend: {resource: {kind: A/B}}",
                    &[
                        "spec.defaultBackend.resource.kind invalid-value",
                        "spec.defaultBackend.resource.name required",
                    ],
                ),
                ("defaultBackend: {service: {name: b}}", &["spec.defaultBackend required"]),
                (
                    "defaultBackend: {service: {name: b, port: {number: 80, name: c}}}",
                    &["spec.defaultBackend invalid-value"],
                ),
                (
                    "defaultBackend: {service: {name: B, port: {number: 65536}}}",
                    &[
                        "spec.defaultBackend.service.name invalid-value",
                        "spec.defaultBackend.service.port.number invalid-value",
                    ],
                ),
                (
                    "defaultBackend: {service: {port: {name: a--b}}}",
                    &[
                        "spec.defaultBackend.service.name required",
                        "spec.defaultBackend.service.port.name invalid-value",
                    ],
                ),
            ],
        );
    }

    #[test]
    fn service_names_were_relaxed_in_1_36() {
        let manifest = ingress_text("", "defaultBackend: {service: {name: 1b, port: {number: 80}}}");
        assert_eq!(list_findings(&manifest), Vec::<String>::new());
        assert_eq!(
            list_findings_in(Version::V1_35, &manifest),
            ["spec.defaultBackend.service.name invalid-value"]
        );
    }

    #[test]
    fn rules_and_paths() {
        let rule = |rule: &str| ingress(&format!("rules: [{{{rule}}}]"));
        check(
            rule,
            &[
                ("host: a.b", &[]),
                ("host: '*.a.b'", &[]),
                ("host: '*'", &["spec.rules[0].host invalid-value"]),
                ("host: 10.0.0.1", &["spec.rules[0].host invalid-value"]),
                ("host: 'a:80'", &["spec.rules[0].host invalid-value"]),
                ("http: {}", &["spec.rules[0].http.paths required"]),
            ],
        );
        let path = |path: &str| {
            ingress(&format!(
                "rules: [{{http: {{paths: [{{{path}, backend: {{service: {{name: b, port: {{number: 1}}}}}}}}]}}}}]"
            ))
        };
        check(
            path,
            &[
                ("pathType: Prefix, path: /a", &[]),
                ("pathType: ImplementationSpecific", &[]),
                (
                    "pathType: ImplementationSpecific, path: a",
                    &["spec.rules[0].http.paths[0].path invalid-value"],
                ),
                ("pathType: Exact", &["spec.rules[0].http.paths[0].path invalid-value"]),
                ("pathType: Prefix, path: /a/../b", &["spec.rules[0].http.paths[0].path invalid-value"]),
                ("pathType: Prefix, path: /a/.", &["spec.rules[0].http.paths[0].path invalid-value"]),
                ("pathType: Prefix, path: /a%2Fb", &["spec.rules[0].http.paths[0].path invalid-value"]),
                ("pathType: ''", &["spec.rules[0].http.paths[0].pathType unsupported-value"]),
                ("path: /a", &["spec.rules[0].http.paths[0].pathType required"]),
            ],
        );
    }

    #[test]
    fn the_class_is_named_once() {
        let annotated = ", annotations: {kubernetes.io/ingress.class: a}";
        let backend = "defaultBackend: {service: {name: b, port: {number: 80}}}";
        assert_eq!(
            list_findings(&ingress_text(annotated, backend)),
            ["metadata.annotations[kubernetes.io/ingress.class] warning"]
        );
        assert_eq!(
            list_findings(&ingress_text(annotated, &format!("{backend}, ingressClassName: b"))),
            ["annotations.kubernetes.io/ingress.class invalid-value"]
        );
    }

    #[test]
    fn classes() {
        let class = |spec: &str| {
            list_findings(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
            ))
        };
        check(
            class,
            &[
                ("controller: a.b/c", &[]),
                ("", &["spec.controller required"]),
                ("controller: a", &["spec.controller invalid-value"]),
                ("controller: a/b, parameters: {kind: C, name: d}", &[]),
                (
                    "controller: a/b, parameters: {kind: C, name: d, namespace: e}",
                    &["spec.parameters.namespace forbidden"],
                ),
                (
                    "controller: a/b, parameters: {kind: C, name: d, scope: Namespace}",
                    &["spec.parameters.namespace required"],
                ),
                (
                    "controller: a/b, parameters: {name: d, scope: All}",
                    &["spec.parameters.kind required", "spec.parameters.scope unsupported-value"],
                ),
            ],
        );
    }

    #[test]
    fn service_blocks_and_addresses() {
        let blocks = |cidrs: &str| {
            list_findings(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {{name: a}}\nspec: {{cidrs: [{cidrs}]}}\n"
            ))
        };
        check(
            blocks,
            &[
                ("10.0.0.0/16", &[]),
                ("10.0.0.0/16, '2001:db8::/64'", &[]),
                ("", &["spec.cidrs required"]),
                ("10.0.0.0/33", &["spec.cidrs[0] invalid-value"]),
                ("10.0.0.1/16", &["spec.cidrs[0] invalid-value"]),
                ("'2001:DB8::/64'", &["spec.cidrs[0] invalid-value"]),
                ("10.0.0.0/16, 10.1.0.0/16", &["spec.cidrs invalid-value"]),
                ("10.0.0.0/16, 10.1.0.0/16, 10.2.0.0/16", &["spec.cidrs invalid-value"]),
            ],
        );
        let address = |rest: &str| {
            list_findings(&format!(
                "apiVersion: networking.k8s.io/v1\nkind: IPAddress\nmetadata: {{name: {rest}\n"
            ))
        };
        check(
            address,
            &[
                ("10.0.0.1}\nspec: {parentRef: {resource: services, name: a, namespace: b}}", &[]),
                (
                    "'::1'}\nspec: {parentRef: {resource: services, name: a/b}}",
                    &["spec.parentRef.name invalid-value"],
                ),
                ("10.0.0}\nspec: {}", &["metadata.name invalid-value", "spec.parentRef required"]),
                (
                    "'2001:db8:0::1'}\nspec: {parentRef: {}}",
                    &[
                        "metadata.name invalid-value",
                        "spec.parentRef.name required",
                        "spec.parentRef.resource required",
                    ],
                ),
            ],
        );
    }
}
