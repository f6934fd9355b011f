//! Services: `pkg/apis/core/validation`, and the allocators of `pkg/registry/core/service`.

use super::endpoints::non_special_ip;
use super::metadata::labels;
use super::{At, Context};
use crate::gates::Feature;
use crate::{Version, names};
use std::collections::{BTreeMap, BTreeSet};

/// `supportedPortProtocols`.
pub(super) const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
/// The default range from which a cluster allocates node ports.
/// `ports.KubeletPort`. Since 1.33 a load balancer may expose it.
const KUBELET_PORT: i64 = 10250;

const NODE_PORTS: std::ops::RangeInclusive<i64> = 30000..=32767;
/// The annotation that `topology-mode` replaced.
const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// `spec.type`, after defaults.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    ClusterIp,
    NodePort,
    LoadBalancer,
    ExternalName,
    Unknown,
}

/// `ValidateService`, and the allocation of addresses and ports that precedes it on creation.
///
/// What depends on the cluster (its address ranges, one or two stacks) is not judged, except that node ports
/// are those of a cluster that was not told otherwise.
pub(super) fn service(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let kind = spec.field("type");
    let service_type = match kind.text() {
        "" | "ClusterIP" => Type::ClusterIp,
        "NodePort" => Type::NodePort,
        "LoadBalancer" => Type::LoadBalancer,
        "ExternalName" => Type::ExternalName,
        _ => Type::Unknown,
    };
    let addresses = ClusterIps::new(&spec);
    let headless = addresses.is_headless();
    let load_balancer = service_type == Type::LoadBalancer;

    topology_annotations(root, cx);

    let ports = spec.field("ports");
    if ports.is_empty() && !headless && service_type != Type::ExternalName {
        cx.missing(&ports, "a Service that has an address has ports");
    }
    let list = spec.field("clusterIPs");
    match service_type {
        Type::LoadBalancer | Type::NodePort if headless => {
            let first = list.index(0).showing(&addresses.place);
            cx.invalid(&first, format_args!("may not be set to 'None' for {} services", kind.text()));
        }
        Type::ExternalName => external_name(&spec, &addresses, cx),
        _ => {}
    }

    let mut port_names = BTreeSet::new();
    let several = ports.len() > 1;
    for port in ports.items() {
        service_port(&port, several, &mut port_names, cx);
        if load_balancer && cx.version < Version::V1_33 && port.field("port").int() == Some(KUBELET_PORT) {
            let detail = "may not expose port 10250 externally since it is used by kubelet";
            cx.invalid(&port.showing(&port.field("port")), detail);
        }
    }
    labels(&spec.field("selector"), cx);
    session_affinity(&spec, cx);
    if service_type != Type::ExternalName {
        cluster_ips(&spec, &addresses, cx);
    }

    let strict = cx.gate(Feature::StrictIPCIDRValidation);
    let external_ips = spec.field("externalIPs");
    for ip in external_ips.items() {
        let complaints = names::ip(ip.text(), strict);
        if complaints.is_empty() {
            non_special_ip(&ip, cx);
        }
        cx.invalid_each(&ip, complaints);
    }
    if service_type == Type::Unknown {
        cx.not_supported(&kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    }
    node_ports(&spec, service_type, cx);
    duplicate_ports(&ports, cx);
    source_ranges(root, load_balancer, strict, cx);

    let allocate = spec.field("allocateLoadBalancerNodePorts");
    if allocate.is_set() && !load_balancer {
        cx.forbidden(&allocate, "may only be used when `type` is 'LoadBalancer'");
    }
    let class = spec.field("loadBalancerClass");
    if class.is_set() {
        if load_balancer {
            cx.form(&class, names::qualified_name);
        } else {
            cx.forbidden(&class, "may only be used when `type` is 'LoadBalancer'");
        }
    }
    traffic_policies(&spec, service_type, cx);
    warnings(root, service_type, &addresses, cx);
}

/// `ValidateServiceClusterIPsRelatedFields`, which the server asks before it allocates anything.
pub(super) fn addresses(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    if spec.field("type").text() != "ExternalName" {
        cluster_ips(&spec, &ClusterIps::new(&spec), cx);
    }
}

/// `spec.clusterIPs` after `normalizeClusterIPs`: the list, or else the one in `spec.clusterIP`.
struct ClusterIps<'p, 'n> {
    /// The one address or the list.
    place: At<'p, 'n>,
    values: Vec<&'n str>,
    is_list: bool,
}

impl<'p, 'n> ClusterIps<'p, 'n> {
    fn new(spec: &'p At<'p, 'n>) -> Self {
        let list = spec.field("clusterIPs");
        if !list.is_empty() {
            let values = list.items().map(|ip| ip.text()).collect();
            return Self { place: list, values, is_list: true };
        }
        let single = spec.field("clusterIP");
        let values = if single.text().is_empty() { Vec::new() } else { vec![single.text()] };
        Self { place: single, values, is_list: false }
    }

    /// `isHeadlessService`.
    fn is_headless(&self) -> bool {
        self.values == ["None"]
    }
}

/// The two annotations about topology have to agree.
fn topology_annotations(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    let (hints, mode) = (annotations.key(TOPOLOGY_HINTS), annotations.key(TOPOLOGY_MODE));
    if hints.key_span().is_some() && mode.key_span().is_some() && hints.text() != mode.text() {
        cx.invalid(&mode, format_args!("must match annotations[{TOPOLOGY_HINTS}] when both are specified"));
    }
}

/// What a Service of type `ExternalName` has, and has not.
fn external_name(spec: &At<'_, '_>, addresses: &ClusterIps<'_, '_>, cx: &mut Context<'_>) {
    const REASON: &str = "may not be set for ExternalName services";
    if !addresses.values.is_empty() {
        cx.forbidden(&spec.field("clusterIPs").showing(&addresses.place), REASON);
    }
    let families = spec.field("ipFamilies");
    if !families.is_empty() {
        cx.forbidden(&families, REASON);
    }
    let policy = spec.field("ipFamilyPolicy");
    if policy.is_set() {
        cx.forbidden(&policy, REASON);
    }
    let name = spec.field("externalName");
    let canonical = name.text().strip_suffix('.').unwrap_or(name.text());
    if canonical.is_empty() {
        cx.required(&name, "");
    } else {
        cx.invalid_each(&name, names::dns1123_subdomain(canonical));
    }
}

/// `validateServicePort`.
fn service_port<'n>(
    port: &At<'_, 'n>,
    name_required: bool,
    seen: &mut BTreeSet<&'n str>,
    cx: &mut Context<'_>,
) {
    let name = port.field("name");
    if !name.text().is_empty() {
        cx.form(&name, names::dns1123_label);
        if !seen.insert(name.text()) {
            cx.duplicate(&name);
        }
    } else if name_required {
        cx.missing(&name, "each port has a name where there are several");
    }
    let number = port.field("port");
    cx.invalid_each(&number, names::port_number(number.int().unwrap_or(0)));
    protocol(port, cx);

    let target = port.field("targetPort");
    if let Some(text) = target.str() {
        // An empty one takes the port's number by default, as 0 does.
        if !text.is_empty() {
            cx.invalid_each(&target, names::port_name(text));
        }
    } else if let Some(number) = target.int().filter(|number| *number != 0) {
        cx.invalid_each(&target, names::port_number(number));
    } else if number.int().unwrap_or(0) == 0 {
        cx.invalid_each(&target.showing(&number), names::port_number(0));
    }
    let app_protocol = port.field("appProtocol");
    if app_protocol.is_set() {
        cx.form(&app_protocol, names::qualified_name);
    }
}

/// A port's `protocol`; TCP by default.
pub(super) fn protocol(port: &At<'_, '_>, cx: &mut Context<'_>) {
    let protocol = port.field("protocol");
    if !protocol.text().is_empty() && !PROTOCOLS.contains(&protocol.text()) {
        cx.not_supported(&protocol, PROTOCOLS);
    }
}

/// `spec.sessionAffinity` and its configuration: `validateClientIPAffinityConfig`. Without affinity the defaults drop
/// the configuration; with it they fill the timeout in.
fn session_affinity(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let affinity = spec.field("sessionAffinity");
    match affinity.text() {
        "" | "None" => {}
        "ClientIP" => {
            let config = spec.field("sessionAffinityConfig");
            let client_ip = config.field("clientIP");
            let timeout = client_ip.field("timeoutSeconds");
            if timeout.int().is_some_and(|seconds| !(1..=86400).contains(&seconds)) {
                cx.invalid(&timeout, "must be greater than 0 and less than 86400");
            }
        }
        _ => cx.not_supported(&affinity, &["ClientIP", "None"]),
    }
}

/// `ValidateServiceClusterIPsRelatedFields`.
fn cluster_ips(spec: &At<'_, '_>, addresses: &ClusterIps<'_, '_>, cx: &mut Context<'_>) {
    let (single, list) = (spec.field("clusterIP"), spec.field("clusterIPs"));
    if addresses.is_list {
        if single.text().is_empty() {
            cx.invalid(&list, "must be empty when `clusterIP` is not specified");
        } else if addresses.values.first() != Some(&single.text()) {
            cx.invalid(&list, "first value must match `clusterIP`");
        }
    }

    let families = spec.field("ipFamilies");
    let mut seen = BTreeSet::new();
    for family in families.items() {
        if !matches!(family.text(), "IPv4" | "IPv6") {
            cx.not_supported(&family, &["IPv4", "IPv6"]);
        }
        if !seen.insert(family.text()) {
            cx.duplicate(&family);
        }
    }
    let policy = spec.field("ipFamilyPolicy");
    if policy.is_set() && !matches!(policy.text(), "SingleStack" | "PreferDualStack" | "RequireDualStack") {
        cx.not_supported(&policy, &["PreferDualStack", "RequireDualStack", "SingleStack"]);
    }

    let strict = cx.gate(Feature::StrictIPCIDRValidation);
    let mut broken = false;
    for (index, ip) in addresses.values.iter().enumerate() {
        let place = list.index(index);
        let place = if addresses.is_list { place } else { place.showing(&addresses.place) };
        if index == 0 && *ip == "None" {
            if addresses.values.len() > 1 {
                broken = true;
                cx.invalid(&list, "'None' must be the first and only value");
            }
            continue;
        }
        let complaints = names::ip(ip, strict);
        broken |= !complaints.is_empty();
        cx.invalid_each(&place, complaints);
    }
    if addresses.values.len() > 2 {
        cx.invalid(&list, "may only hold up to 2 values");
    }
    if broken {
        return;
    }

    let v6 = |ip: &str| names::parse_ip(ip).is_some_and(|ip| ip.is_ipv6());
    if addresses.values.len() > 1 {
        let sixes = addresses.values.iter().filter(|ip| v6(ip)).count();
        if sixes == 0 || sixes == addresses.values.len() {
            cx.invalid(&list, "may specify no more than one IP for each IP family");
        }
    }
    if !addresses.is_headless() {
        for (index, (ip, family)) in addresses.values.iter().zip(families.items()).enumerate() {
            let expected = match (family.text(), v6(ip)) {
                ("IPv4", true) => "IPv4",
                ("IPv6", false) => "IPv6",
                _ => continue,
            };
            let place = list.index(index);
            let place = if addresses.is_list { place } else { place.showing(&addresses.place) };
            cx.invalid(
                &place,
                format_args!("expected an {expected} value as indicated by `ipFamilies[{index}]`"),
            );
        }
    }
    // `initIPFamilyFields`: one stack, which is what a Service gets that does not ask for more, cannot hold
    // two of anything. Those without addresses and selector get two.
    let two = single.text() == "None" && spec.field("selector").is_empty();
    let default = if two { "RequireDualStack" } else { "SingleStack" };
    if policy.str().unwrap_or(default) == "SingleStack" {
        for (doubled, what) in [(&addresses.place, "cluster IPs"), (&families, "IP families")] {
            if doubled.len() == 2 {
                let place = if policy.is_set() { policy } else { policy.showing(doubled) };
                cx.invalid(
                    &place,
                    format_args!(
                        "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
                    ),
                );
            }
        }
    }
}

/// Node ports: where they may be given, unique, and those that the allocator would hand out.
fn node_ports(spec: &At<'_, '_>, service_type: Type, cx: &mut Context<'_>) {
    let ports = spec.field("ports");
    if matches!(service_type, Type::NodePort | Type::LoadBalancer) {
        let automatic = service_type == Type::NodePort
            || spec.field("allocateLoadBalancerNodePorts").bool() != Some(false);
        let before = cx.errors();
        let taken = allocate_node_ports(&ports, automatic, cx);
        if cx.errors() > before {
            return;
        }
        health_check_port(spec, service_type, &taken, cx);
    }
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        let node_port = port.field("nodePort");
        let Some(number) = node_port.int().filter(|number| *number != 0) else { continue };
        if service_type == Type::ClusterIp {
            cx.forbidden(&node_port, "may not be used when `type` is 'ClusterIP'");
        }
        if !seen.insert((protocol_of(&port), number)) {
            cx.duplicate(&node_port);
        }
    }
}

/// `initNodePorts`: ports of one number share a node port, whatever their protocol; others may not.
/// Returns the requested node ports.
fn allocate_node_ports(ports: &At<'_, '_>, automatic: bool, cx: &mut Context<'_>) -> BTreeSet<i64> {
    let number_of = |port: &At<'_, '_>| port.field("port").int().unwrap_or(0);
    let node_port_of = |port: &At<'_, '_>| port.field("nodePort").int().unwrap_or(0);
    // `findRequestedNodePort`: the first requested node port, by port.
    let mut asked: BTreeMap<i64, i64> = BTreeMap::new();
    for port in ports.items().filter(|port| node_port_of(port) != 0) {
        asked.entry(number_of(&port)).or_insert_with(|| node_port_of(&port));
    }
    // The ports that have theirs.
    let mut served = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for port in ports.items() {
        let (number, own) = (number_of(&port), node_port_of(&port));
        if own == 0 && !automatic {
            continue;
        }
        let shared = asked.get(&number).copied();
        let first = served.insert(number);
        let wanted = if first { shared } else { Some(own).filter(|own| *own != 0 && shared != Some(*own)) };
        let Some(wanted) = wanted else { continue };
        let place = port.field("nodePort");
        if !NODE_PORTS.contains(&wanted) {
            out_of_range(&place, cx);
        } else if !taken.insert(wanted) {
            cx.invalid(&place, "provided port is already allocated");
        }
    }
    taken
}

/// `allocHealthCheckNodePort`, for a requested port.
fn health_check_port(spec: &At<'_, '_>, service_type: Type, taken: &BTreeSet<i64>, cx: &mut Context<'_>) {
    let place = spec.field("healthCheckNodePort");
    let Some(port) = place.int().filter(|port| *port != 0) else { return };
    if !needs_health_check(spec, service_type) {
        return;
    }
    if !NODE_PORTS.contains(&port) {
        out_of_range(&place, cx);
    } else if taken.contains(&port) {
        cx.invalid(&place, "provided port is already allocated");
    }
}

/// `NeedsHealthCheck`.
fn needs_health_check(spec: &At<'_, '_>, service_type: Type) -> bool {
    service_type == Type::LoadBalancer && spec.field("externalTrafficPolicy").text() == "Local"
}

/// A port's protocol, after defaults.
fn protocol_of<'n>(port: &At<'_, 'n>) -> &'n str {
    let protocol = port.field("protocol").text();
    if protocol.is_empty() { "TCP" } else { protocol }
}

fn out_of_range(port: &At<'_, '_>, cx: &mut Context<'_>) {
    cx.invalid(
        port,
        format_args!(
            "provided port is not in the valid range. The range of valid ports is {}-{}",
            NODE_PORTS.start(),
            NODE_PORTS.end()
        ),
    );
}

/// No two ports of one number and protocol.
fn duplicate_ports(ports: &At<'_, '_>, cx: &mut Context<'_>) {
    if ports.len() < 2 {
        return;
    }
    let mut seen = BTreeSet::new();
    for port in ports.items() {
        if !seen.insert((protocol_of(&port), port.field("port").int().unwrap_or(0))) {
            cx.duplicate(&port);
        }
    }
}

/// `spec.loadBalancerSourceRanges` (which the server spells with a capital), or else the annotation.
fn source_ranges(root: &At<'_, '_>, load_balancer: bool, strict: bool, cx: &mut Context<'_>) {
    const REASON: &str = "may only be used when `type` is 'LoadBalancer'";
    let spec = root.field("spec");
    let ranges = spec.field("loadBalancerSourceRanges");
    if !ranges.is_empty() {
        let capital = spec.field("LoadBalancerSourceRanges");
        let path = capital.showing(&ranges);
        if !load_balancer {
            cx.forbidden(&path, REASON);
        }
        for (index, range) in ranges.items().enumerate() {
            cx.invalid_each(&path.index(index), names::cidr(range.text().trim(), strict));
        }
        return;
    }
    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    let annotation = annotations.key(SOURCE_RANGES);
    if annotation.key_span().is_none() {
        return;
    }
    if !load_balancer {
        cx.forbidden(&annotation, REASON);
    }
    let text = annotation.text().trim();
    if !text.is_empty() {
        for range in text.split(',') {
            cx.invalid_each(&annotation, names::cidr(range.trim(), strict));
        }
    }
}

/// `validateServiceExternalTrafficPolicy`, `validateServiceInternalTrafficFieldsValue` and
/// `validateServiceTrafficDistribution`.
fn traffic_policies(spec: &At<'_, '_>, service_type: Type, cx: &mut Context<'_>) {
    let external = spec.field("externalTrafficPolicy");
    let accessible = match service_type {
        Type::LoadBalancer | Type::NodePort => true,
        Type::ClusterIp => !spec.field("externalIPs").is_empty(),
        Type::ExternalName | Type::Unknown => false,
    };
    if !accessible {
        if !external.text().is_empty() {
            cx.invalid(&external, "may only be set for externally-accessible services");
        }
    } else if !matches!(external.text(), "" | "Cluster" | "Local") {
        cx.not_supported(&external, &["Cluster", "Local"]);
    }

    let health_check = spec.field("healthCheckNodePort");
    if health_check.int().is_some_and(|port| port != 0) && !needs_health_check(spec, service_type) {
        cx.invalid(
            &health_check,
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        );
    }

    let internal = spec.field("internalTrafficPolicy");
    if internal.is_set() && !matches!(internal.text(), "Cluster" | "Local") {
        cx.not_supported(&internal, &["Cluster", "Local"]);
    }

    let distribution = spec.field("trafficDistribution");
    if distribution.is_set() {
        let supported: &[&str] = if cx.gate(Feature::PreferSameTrafficDistribution) {
            &["PreferClose", "PreferSameNode", "PreferSameZone"]
        } else {
            &["PreferClose"]
        };
        if !supported.contains(&distribution.text()) {
            cx.not_supported(&distribution, supported);
        }
    }
}

/// `GetWarningsForService`.
fn warnings(root: &At<'_, '_>, service_type: Type, addresses: &ClusterIps<'_, '_>, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    let hints = annotations.key(TOPOLOGY_HINTS);
    if hints.key_span().is_some() {
        cx.warning(
            &hints,
            format_args!("annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"),
        );
    }

    let spec = root.field("spec");
    let headless = service_type == Type::ClusterIp && addresses.values.first() == Some(&"None");
    let (external_ips, balancer_ip) = (spec.field("externalIPs"), spec.field("loadBalancerIP"));
    if headless {
        if !balancer_ip.text().is_empty() {
            cx.warning(&balancer_ip, "spec.loadBalancerIP is ignored for headless services");
        }
        if !external_ips.is_empty() {
            cx.warning(&external_ips, "spec.externalIPs is ignored for headless services");
        }
        let affinity = spec.field("sessionAffinity");
        if !matches!(affinity.text(), "" | "None") {
            cx.warning(&affinity, "spec.SessionAffinity is ignored for headless services");
        }
    }
    let list = spec.field("clusterIPs");
    let addresses = addresses.values.iter().enumerate().filter(|(_, ip)| **ip != "None");
    for (index, ip) in addresses {
        oddly_written_ip(&list.index(index), ip, cx);
    }
    for ip in external_ips.items() {
        oddly_written_ip(&ip, ip.text(), cx);
    }
    oddly_written_ip(&balancer_ip, balancer_ip.text(), cx);
    let ranges = spec.field("loadBalancerSourceRanges");
    for range in ranges.items() {
        for warning in names::cidr_warnings(range.text()) {
            cx.warning(&range, warning);
        }
    }
    if !external_ips.is_empty() {
        if service_type == Type::ExternalName {
            cx.warning(&external_ips, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
        } else if !headless && cx.version >= Version::V1_36 {
            cx.warning(
                &external_ips,
                "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
            );
        }
    }
    let name = spec.field("externalName");
    if service_type != Type::ExternalName && !name.text().is_empty() {
        cx.warning(&name, "spec.externalName is ignored when spec.type is not \"ExternalName\"");
    }
    let distribution = spec.field("trafficDistribution");
    if distribution.text() == "PreferClose" && cx.version >= Version::V1_35 {
        cx.warning(&distribution, "\"PreferClose\" is deprecated; use \"PreferSameZone\"");
    }
}

pub(super) fn oddly_written_ip(at: &At<'_, '_>, ip: &str, cx: &mut Context<'_>) {
    if let Some(warning) = names::ip_warning(ip) {
        cx.warning(at, warning);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings, list_findings_in};
    use crate::Version;

    fn service(spec: &str) -> Vec<String> {
        list_findings(&format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"))
    }

    #[test]
    fn ports() {
        check(
            service,
            &[
                ("ports: [{port: 80}]", &[]),
                ("ports: []", &["spec.ports required"]),
                ("clusterIP: None", &[]),
                ("type: ExternalName, externalName: a.b", &[]),
                (
                    "ports: [{port: 0}]",
                    &["spec.ports[0].port invalid-value", "spec.ports[0].targetPort invalid-value"],
                ),
                ("ports: [{port: 65536}]", &["spec.ports[0].port invalid-value"]),
                ("ports: [{port: 1, protocol: tcp}]", &["spec.ports[0].protocol unsupported-value"]),
                ("ports: [{port: 1, targetPort: 0}]", &[]),
                ("ports: [{port: 1, targetPort: ''}]", &[]),
                ("ports: [{port: 1, targetPort: 70000}]", &["spec.ports[0].targetPort invalid-value"]),
                (
                    "ports: [{port: 1, targetPort: a-b-c-d-e-f-g-h-i}]",
                    &["spec.ports[0].targetPort invalid-value"],
                ),
                ("ports: [{port: 1, appProtocol: a b}]", &["spec.ports[0].appProtocol invalid-value"]),
                (
                    "ports: [{port: 1}, {port: 2}]",
                    &["spec.ports[0].name required", "spec.ports[1].name required"],
                ),
                ("ports: [{port: 1, name: a}, {port: 2, name: a}]", &["spec.ports[1].name duplicate-value"]),
                ("ports: [{port: 1, name: a}, {port: 1, name: b}]", &["spec.ports[1] duplicate-value"]),
                ("ports: [{port: 1, name: a}, {port: 1, name: b, protocol: UDP}]", &[]),
                ("ports: [{port: 1, name: a_b}]", &["spec.ports[0].name invalid-value"]),
                ("selector: {a: -}, ports: [{port: 1}]", &["spec.selector invalid-value"]),
            ],
        );
    }

    #[test]
    fn node_ports() {
        check(
            service,
            &[
                ("ports: [{port: 1, nodePort: 30000}]", &["spec.ports[0].nodePort forbidden"]),
                (
                    "type: NodePort, ports: [{port: 1, nodePort: 29999}]",
                    &["spec.ports[0].nodePort invalid-value"],
                ),
                (
                    "type: LoadBalancer, ports: [{port: 1, nodePort: 80}]",
                    &["spec.ports[0].nodePort invalid-value"],
                ),
                (
                    "type: NodePort, ports: [{port: 1, name: a, nodePort: 30001}, {port: 2, name: b, nodePort: 30001}]",
                    &["spec.ports[1].nodePort invalid-value"],
                ),
                (
                    "type: NodePort, ports: [{port: 1, name: a, nodePort: 30001}, \
                 {port: 1, protocol: UDP, name: b, nodePort: 30001}]",
                    &[],
                ),
                (
                    "type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 1, nodePort: 80}]",
                    &["spec.ports[0].nodePort invalid-value"],
                ),
                ("type: NodePort, clusterIP: None", &["spec.clusterIPs[0] invalid-value"]),
                (
                    "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 80, ports: [{port: 1}]",
                    &["spec.healthCheckNodePort invalid-value"],
                ),
                (
                    "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001, \
                 ports: [{port: 1, nodePort: 30001}]",
                    &["spec.healthCheckNodePort invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn types_and_their_fields() {
        let lb = "type: LoadBalancer, ports: [{port: 1}]";
        check(
            service,
            &[
                ("type: Ingress, ports: [{port: 1}]", &["spec.type unsupported-value"]),
                ("type: ExternalName", &["spec.externalName required"]),
                ("type: ExternalName, externalName: a_b", &["spec.externalName invalid-value"]),
                (
                    "type: ExternalName, externalName: a, clusterIP: None, ipFamilyPolicy: SingleStack, ipFamilies: [IPv4]",
                    &[
                        "spec.clusterIPs forbidden",
                        "spec.ipFamilies forbidden",
                        "spec.ipFamilyPolicy forbidden",
                    ],
                ),
                ("ports: [{port: 1}], loadBalancerClass: a/b", &["spec.loadBalancerClass forbidden"]),
                (&format!("{lb}, loadBalancerClass: a/b/c"), &["spec.loadBalancerClass invalid-value"]),
                (
                    "ports: [{port: 1}], allocateLoadBalancerNodePorts: true",
                    &["spec.allocateLoadBalancerNodePorts forbidden"],
                ),
                (
                    "ports: [{port: 1}], loadBalancerSourceRanges: [10.0.0.0/8]",
                    &["spec.LoadBalancerSourceRanges forbidden"],
                ),
                (
                    &format!("{lb}, loadBalancerSourceRanges: [' 10.0.0.0/8 ', 10.0.0.0]"),
                    &["spec.LoadBalancerSourceRanges[1] invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn older_versions_know_less_of_services() {
        let exposed = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\
                       spec: {type: LoadBalancer, ports: [{port: 10250}]}\n";
        assert_eq!(list_findings_in(Version::V1_32, exposed), ["spec.ports[0] invalid-value"]);
        assert_eq!(list_findings_in(Version::V1_33, exposed), Vec::<String>::new());
        let near = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\
                    spec: {ports: [{port: 1}], trafficDistribution: PreferSameNode}\n";
        assert_eq!(list_findings_in(Version::V1_30, near), Vec::<String>::new(), "dropped");
        assert_eq!(list_findings_in(Version::V1_31, near), ["spec.trafficDistribution unsupported-value"]);
        assert_eq!(list_findings_in(Version::V1_34, near), Vec::<String>::new());
    }

    #[test]
    fn traffic() {
        check(
            service,
            &[
                (
                    "ports: [{port: 1}], externalTrafficPolicy: Local",
                    &["spec.externalTrafficPolicy invalid-value"],
                ),
                (
                    "type: NodePort, ports: [{port: 1}], externalTrafficPolicy: local",
                    &["spec.externalTrafficPolicy unsupported-value"],
                ),
                (
                    "ports: [{port: 1}], internalTrafficPolicy: All",
                    &["spec.internalTrafficPolicy unsupported-value"],
                ),
                (
                    "ports: [{port: 1}], trafficDistribution: PreferNear",
                    &["spec.trafficDistribution unsupported-value"],
                ),
                (
                    "type: NodePort, ports: [{port: 1}], healthCheckNodePort: 30000",
                    &["spec.healthCheckNodePort invalid-value"],
                ),
                (
                    "type: LoadBalancer, ports: [{port: 1}], externalTrafficPolicy: Local, healthCheckNodePort: 30000",
                    &[],
                ),
                (
                    "ports: [{port: 1}], sessionAffinity: clientIP",
                    &["spec.sessionAffinity unsupported-value"],
                ),
                (
                    "ports: [{port: 1}], sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}",
                    &["spec.sessionAffinityConfig.clientIP.timeoutSeconds invalid-value"],
                ),
                ("ports: [{port: 1}], sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}", &[]),
            ],
        );
    }

    #[test]
    fn addresses() {
        check(
            service,
            &[
                ("ports: [{port: 1}], clusterIP: 10.0.0.300", &["spec.clusterIPs[0] invalid-value"]),
                ("ports: [{port: 1}], clusterIPs: [10.0.0.3]", &["spec.clusterIPs invalid-value"]),
                (
                    "ports: [{port: 1}], clusterIP: 10.0.0.3, clusterIPs: [10.0.0.4]",
                    &["spec.clusterIPs invalid-value"],
                ),
                (
                    "ports: [{port: 1}], clusterIP: None, clusterIPs: [None, 10.0.0.4]",
                    &["spec.clusterIPs invalid-value"],
                ),
                (
                    "ports: [{port: 1}], clusterIP: 10.0.0.3, ipFamilies: [IPv6]",
                    &["spec.clusterIPs[0] invalid-value"],
                ),
                ("ports: [{port: 1}], ipFamilies: [ipv4]", &["spec.ipFamilies[0] unsupported-value"]),
                ("ports: [{port: 1}], ipFamilies: [IPv4, IPv6]", &["spec.ipFamilyPolicy invalid-value"]),
                ("ports: [{port: 1}], ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack", &[]),
                ("clusterIP: None, ipFamilies: [IPv4, IPv6]", &[]),
                (
                    "clusterIP: None, selector: {a: b}, ipFamilies: [IPv4, IPv6]",
                    &["spec.ipFamilyPolicy invalid-value"],
                ),
                ("ports: [{port: 1}], ipFamilyPolicy: DualStack", &["spec.ipFamilyPolicy unsupported-value"]),
                (
                    "ports: [{port: 1}], externalIPs: [0.0.0.0]",
                    &["spec.externalIPs warning", "spec.externalIPs[0] invalid-value"],
                ),
            ],
        );
    }

    #[test]
    fn strictness_about_addresses_came_with_1_36() {
        let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n\
                        spec: {ports: [{port: 1}], externalIPs: [010.0.0.1]}\n";
        assert_eq!(list_findings_in(Version::V1_35, manifest), ["spec.externalIPs[0] warning"]);
        assert!(list_findings(manifest).contains(&"spec.externalIPs[0] invalid-value".to_owned()));
    }
}
