//! Services: fields that depend on the type, and values that the server allocates.
//!
//! Follows `pkg/registry/core/service` (`strategy.go`, `storage/storage.go`, `storage/alloc.go`) for a cluster with IPv4 only.

use super::answer::{Cause, Fault, Named, Status};
use super::node;
use plimsoll_kube::{ErrorKind, FieldError, defaults};
use plimsoll_yaml::{Map, Node, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The addresses and ports that Services have.
#[derive(Debug, Clone)]
pub(super) struct Allocator {
    /// Whether the ranges of the cluster are known. Otherwise Services may have anything, and what the server chose makes
    /// room for what a manifest asks for.
    has_ranges: bool,
    addresses: BTreeSet<String>,
    ports: BTreeSet<i64>,
    /// What the server chose itself, numbered in the order in which it did.
    chosen_addresses: BTreeMap<String, usize>,
    chosen_ports: BTreeMap<i64, usize>,
    /// What the current request has taken so far.
    taken: Taken,
}

/// What one request takes; given back if the request is refused.
#[derive(Debug, Clone, Default)]
struct Taken {
    addresses: Vec<String>,
    ports: Vec<i64>,
    /// How many values had been chosen before.
    chosen: (usize, usize),
}

/// The range of Service addresses: that of kubeadm.
const RANGE: (u32, u32) = (0x0a60_0000, 0x0a6f_ffff);
/// The server chooses from above this one; those before are left to manifests.
const FIRST_ADDRESS: u32 = RANGE.0 + 256;
/// Where addresses are chosen in a cluster that turns out to have IPv6: `fd00::`.
const FIRST_ADDRESS_V6: u128 = 0xfd00 << 112;
/// The ports from which the server chooses; those before are left to manifests.
const FIRST_PORT: i64 = 30_086;
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

impl Default for Allocator {
    fn default() -> Self {
        Self::with_ranges(true)
    }
}

/// Why a value is not allocated.
struct Unallocated {
    detail: String,
    is_taken: bool,
}

impl Unallocated {
    fn taken(detail: &str) -> Self {
        Self { detail: detail.to_owned(), is_taken: true }
    }

    fn out_of_range(detail: String) -> Self {
        Self { detail, is_taken: false }
    }

    fn cause(&self) -> Cause {
        if self.is_taken { Cause::Allocated } else { Cause::Invalid(ErrorKind::Invalid) }
    }
}

impl Allocator {
    /// An allocator. `has_ranges` says whether the address ranges of the cluster are known.
    pub(super) fn with_ranges(has_ranges: bool) -> Self {
        Self {
            has_ranges,
            addresses: BTreeSet::new(),
            ports: BTreeSet::new(),
            chosen_addresses: BTreeMap::new(),
            chosen_ports: BTreeMap::new(),
            taken: Taken::default(),
        }
    }

    fn next_address(&mut self, family: &str) -> Option<String> {
        let is_free = |address: &String| !self.addresses.contains(address);
        let first = FIRST_ADDRESS + u32::try_from(self.chosen_addresses.len()).ok()?;
        let written = |number: u32| match family {
            "IPv6" => Ipv6Addr::from_bits(FIRST_ADDRESS_V6 + u128::from(number)).to_string(),
            _ => Ipv4Addr::from_bits(number).to_string(),
        };
        let address = (first..RANGE.1).map(written).find(is_free)?;
        self.addresses.insert(address.clone());
        self.taken.addresses.push(address.clone());
        self.chosen_addresses.insert(address.clone(), self.chosen_addresses.len() + 1);
        Some(address)
    }

    fn next_port(&mut self) -> Option<i64> {
        let first = FIRST_PORT + i64::try_from(self.chosen_ports.len()).ok()?;
        let port = (first..=*PORTS.end()).chain(FIRST_PORT..first).find(|port| !self.ports.contains(port))?;
        self.ports.insert(port);
        self.taken.ports.push(port);
        self.chosen_ports.insert(port, self.chosen_ports.len() + 1);
        Some(port)
    }

    fn take_address(&mut self, address: &str) -> Result<(), Unallocated> {
        let number = address.parse().map(Ipv4Addr::to_bits);
        if self.has_ranges && !number.is_ok_and(|number| RANGE.0 < number && number < RANGE.1) {
            return Err(Unallocated::out_of_range(format!(
                "the provided IP ({address}) is not in the valid range. The range of valid IPs is 10.96.0.0/12"
            )));
        }
        let gives_way = !self.has_ranges && self.chosen_addresses.contains_key(address);
        if !self.addresses.insert(address.to_owned()) && !gives_way {
            return Err(Unallocated::taken("provided IP is already allocated"));
        }
        self.taken.addresses.push(address.to_owned());
        Ok(())
    }

    fn take_port(&mut self, port: i64) -> Result<(), Unallocated> {
        if self.has_ranges && !PORTS.contains(&port) {
            let (first, last) = (PORTS.start(), PORTS.end());
            return Err(Unallocated::out_of_range(format!(
                "provided port is not in the valid range. The range of valid ports is {first}-{last}"
            )));
        }
        let gives_way = !self.has_ranges && self.chosen_ports.contains_key(&port);
        if !self.ports.insert(port) && !gives_way {
            return Err(Unallocated::taken("provided port is already allocated"));
        }
        self.taken.ports.push(port);
        Ok(())
    }

    /// Begins a request.
    pub(super) fn begin(&mut self) {
        let chosen = (self.chosen_addresses.len(), self.chosen_ports.len());
        self.taken = Taken { chosen, ..Taken::default() };
    }

    /// Gives back what a refused request has taken.
    pub(super) fn revert(&mut self) {
        let taken = std::mem::take(&mut self.taken);
        for address in &taken.addresses {
            self.addresses.remove(address);
        }
        for port in &taken.ports {
            self.ports.remove(port);
        }
        for address in &taken.addresses {
            if self.chosen_addresses.get(address).is_some_and(|number| *number > taken.chosen.0) {
                self.chosen_addresses.remove(address);
            }
        }
        for port in &taken.ports {
            if self.chosen_ports.get(port).is_some_and(|number| *number > taken.chosen.1) {
                self.chosen_ports.remove(port);
            }
        }
    }

    /// Ends a request that was accepted: what the Service had before and no longer has is free.
    pub(super) fn commit(&mut self, old: &Node, new: &Node) {
        let (Some(old), Some(new)) = (node::map(old, &["spec"]), node::map(new, &["spec"])) else { return };
        if needs_address(old) && !needs_address(new) {
            for address in node::items(old, "clusterIPs").iter().filter_map(Node::as_str) {
                self.addresses.remove(address);
            }
        }
        for port in node_ports(old).difference(&node_ports(new)) {
            self.ports.remove(port);
        }
        if needs_health_check(old)
            && !needs_health_check(new)
            && let Some(port) = old.get(HEALTH_CHECK).and_then(Node::as_i64)
        {
            self.ports.remove(&port);
        }
    }

    /// Takes what a Service has that is stored already.
    pub(super) fn hold(&mut self, service: &Node) {
        let Some(spec) = node::map(service, &["spec"]) else { return };
        let addresses = node::items(spec, "clusterIPs").iter().filter_map(Node::as_str);
        self.addresses.extend(addresses.map(str::to_owned));
        self.ports.extend(node_ports(spec));
        self.ports.extend(spec.get(HEALTH_CHECK).and_then(Node::as_i64));
    }

    /// Gives back what a Service has.
    pub(super) fn release(&mut self, service: &Node) {
        let Some(spec) = node::map(service, &["spec"]) else { return };
        for address in node::items(spec, "clusterIPs").iter().filter_map(Node::as_str) {
            self.addresses.remove(address);
        }
        for port in node_ports(spec).into_iter().chain(spec.get(HEALTH_CHECK).and_then(Node::as_i64)) {
            self.ports.remove(&port);
        }
    }

    /// The name under which a chosen value is shown: its number, counted from 1.
    pub(super) fn placeholder_of_address(&self, address: &str) -> Option<usize> {
        self.chosen_addresses.get(address).copied()
    }

    /// As [`Self::placeholder_of_address`], for ports.
    pub(super) fn placeholder_of_port(&self, port: i64) -> Option<usize> {
        self.chosen_ports.get(&port).copied()
    }
}

/// Where the health of a node is asked for, if only some nodes have pods.
const HEALTH_CHECK: &str = "healthCheckNodePort";

fn kind_of(spec: &Map) -> &str {
    defaults::text(spec, "type")
}

fn needs_address(spec: &Map) -> bool {
    kind_of(spec) != "ExternalName"
}

/// `needsNodePort` of the storage and `shouldAllocateNodePorts`.
fn allocates_node_ports(spec: &Map) -> bool {
    match kind_of(spec) {
        "NodePort" => true,
        "LoadBalancer" => spec.get("allocateLoadBalancerNodePorts").and_then(Node::as_bool).unwrap_or(true),
        _ => false,
    }
}

/// `needsNodePort` of the strategy.
fn may_have_node_ports(spec: &Map) -> bool {
    matches!(kind_of(spec), "NodePort" | "LoadBalancer")
}

fn needs_health_check(spec: &Map) -> bool {
    kind_of(spec) == "LoadBalancer" && defaults::text(spec, "externalTrafficPolicy") == "Local"
}

/// `ExternallyAccessible`.
fn is_externally_accessible(spec: &Map) -> bool {
    may_have_node_ports(spec) || kind_of(spec) == "ClusterIP" && !node::items(spec, "externalIPs").is_empty()
}

fn node_ports(spec: &Map) -> BTreeSet<i64> {
    let ports = node::items(spec, "ports").iter();
    ports.filter_map(|port| port.get("nodePort").and_then(Node::as_i64)).collect()
}

/// `dropTypeDependentFields`: what the server set for the old type goes, unless the client changed it.
pub(super) fn drop_type_dependent_fields(new: &mut Map, old: &Map) {
    let kept = |new: &Map, field: &str| new.get(field) == old.get(field);
    if needs_address(old) && !needs_address(new) {
        if kept(new, "clusterIP") && kept(new, "clusterIPs") {
            new.remove("clusterIP");
            new.remove("clusterIPs");
        }
        for field in ["ipFamilies", "ipFamilyPolicy"] {
            if kept(new, field) {
                new.remove(field);
            }
        }
    }
    if may_have_node_ports(old) && !may_have_node_ports(new) && node_ports(old).is_superset(&node_ports(new))
    {
        node::each(new, "ports", |port| {
            port.remove("nodePort");
        });
    }
    let balanced = |spec: &Map| kind_of(spec) == "LoadBalancer";
    let mut clear = |field: &str, before: bool, after: fn(&Map) -> bool| {
        if before && !after(new) && new.get(field) == old.get(field) {
            new.remove(field);
        }
    };
    clear(HEALTH_CHECK, needs_health_check(old), needs_health_check);
    clear("allocateLoadBalancerNodePorts", balanced(old), |spec| kind_of(spec) == "LoadBalancer");
    clear("loadBalancerClass", balanced(old), |spec| kind_of(spec) == "LoadBalancer");
    clear("externalTrafficPolicy", is_externally_accessible(old), is_externally_accessible);
}

/// `patchAllocatedValues`, `normalizeClusterIPs`: what the client did not say stays as it is.
pub(super) fn patch_allocated_values(new: &mut Map, old: &Map) {
    if needs_address(old) && needs_address(new) {
        for field in ["clusterIP", "clusterIPs"] {
            if let (false, Some(value)) = (new.contains_key(field), old.get(field)) {
                node::set(new, field, value.value.clone());
            }
        }
    }
    if allocates_node_ports(old) && allocates_node_ports(new) {
        let used: BTreeSet<i64> = node_ports(old).intersection(&node_ports(new)).copied().collect();
        for port in node::items_mut(new, "ports").iter_mut().filter_map(Node::as_map_mut) {
            if port.contains_key("nodePort") {
                continue;
            }
            // The last port of a name counts.
            let name = defaults::text(port, "name").to_owned();
            let known = node::items(old, "ports").iter().rev();
            let known = known.filter_map(Node::as_map).find(|port| defaults::text(port, "name") == name);
            let number = known.and_then(|port| port.get("nodePort")).and_then(Node::as_i64);
            if let Some(number) = number.filter(|number| !used.contains(number)) {
                node::set(port, "nodePort", number);
            }
        }
    }
    if needs_health_check(old)
        && needs_health_check(new)
        && !new.contains_key(HEALTH_CHECK)
        && let Some(port) = old.get(HEALTH_CHECK)
    {
        node::set(new, HEALTH_CHECK, port.value.clone());
    }
    let same = |field: &str, new: &Map| new.get(field) == old.get(field);
    if !node::items(old, "clusterIPs").is_empty()
        && node::items(new, "clusterIPs").is_empty()
        && same("clusterIP", new)
        && let Some(addresses) = old.get("clusterIPs")
    {
        node::set(new, "clusterIPs", addresses.value.clone());
    }
    if !same("clusterIP", new) && same("clusterIPs", new) {
        match new.get("clusterIP").map(|node| node.value.clone()) {
            None if old.contains_key("clusterIP") => {
                new.remove("clusterIPs");
            }
            Some(address) => node::set(new, "clusterIPs", vec![Node::bare(address)]),
            None => node::set(new, "clusterIPs", vec![Node::bare("")]),
        }
    }
}

/// What the client said in one of two fields that say the same, before anything is allocated (`normalizeClusterIPs`).
pub(super) fn complete_new(spec: &mut Map) {
    if let (Some(address), false) = (spec.get("clusterIP"), spec.contains_key("clusterIPs")) {
        let addresses = vec![Node::bare(address.value.clone())];
        node::set(spec, "clusterIPs", addresses);
    }
}

/// Allocates what a new Service, or one of another type than before, needs (`allocateCreate`, `allocateUpdate`).
pub(super) fn allocate(
    allocator: &mut Allocator,
    named: Named<'_>,
    spec: &mut Map,
    old: Option<&Map>,
) -> Result<(), Status> {
    families(allocator.has_ranges, named, spec, old)?;
    if needs_address(spec) && old.is_none_or(|old| !needs_address(old)) {
        address(allocator, named, spec)?;
    }
    if may_have_node_ports(spec) {
        match old {
            None => new_node_ports(allocator, named, spec)?,
            Some(old) => more_node_ports(allocator, named, spec, old)?,
        }
    }
    if needs_health_check(spec) && old.is_none_or(|old| !needs_health_check(old)) {
        match spec.get(HEALTH_CHECK).and_then(Node::as_i64) {
            Some(port) => allocator.take_port(port).map_err(|why| {
                let detail = &why.detail;
                let message = format!("failed to allocate requested HealthCheck NodePort {port}: {detail}");
                let fault = Fault::whole(&message, why.cause());
                Status { faults: vec![fault], ..Status::internal(message) }
            })?,
            None => {
                if let Some(port) = allocator.next_port() {
                    node::set(spec, HEALTH_CHECK, port);
                }
            }
        }
    }
    Ok(())
}

fn refused(named: Named<'_>, path: String, value: String, why: &Unallocated) -> Status {
    let error = FieldError::new(ErrorKind::Invalid, path).value(value).detail(why.detail.clone());
    Status::invalid(named, &[(error, why.cause())])
}

/// `initIPFamilyFields` of a cluster that has IPv4, and if its ranges are not known whatever its Services ask for.
fn families(has_ranges: bool, named: Named<'_>, spec: &mut Map, old: Option<&Map>) -> Result<(), Status> {
    if !needs_address(spec) {
        return Ok(());
    }
    let selectorless = spec.get("selector").and_then(Node::as_map).is_none_or(Map::is_empty);
    let headless = defaults::text(spec, "clusterIP") == "None";
    if !spec.contains_key("ipFamilyPolicy") {
        let policy = match old.and_then(|old| old.get("ipFamilyPolicy")) {
            Some(policy) => policy.value.clone(),
            None if headless && selectorless => "RequireDualStack".into(),
            None => "SingleStack".into(),
        };
        node::set(spec, "ipFamilyPolicy", policy);
    }
    let single = defaults::text(spec, "ipFamilyPolicy") == "SingleStack";
    if node::items(spec, "ipFamilies").is_empty() {
        node::set(spec, "ipFamilies", vec![Node::bare("IPv4")]);
    }
    if headless && selectorless {
        if let (false, [only]) = (single, node::items(spec, "ipFamilies")) {
            let other = if only.as_str() == Some("IPv4") { "IPv6" } else { "IPv4" };
            let families = vec![only.clone(), Node::bare(other)];
            node::set(spec, "ipFamilies", families);
        }
        return Ok(());
    }
    if !has_ranges {
        return Ok(());
    }
    let mut errors = Vec::new();
    if defaults::text(spec, "ipFamilyPolicy") == "RequireDualStack" {
        errors.push(
            FieldError::new(ErrorKind::Invalid, "spec.ipFamilyPolicy")
                .value("\"RequireDualStack\"".to_owned())
                .detail("this cluster is not configured for dual-stack services"),
        );
    }
    for (index, family) in node::items(spec, "ipFamilies").iter().enumerate() {
        if family.as_str() != Some("IPv4") {
            errors.push(
                FieldError::new(ErrorKind::Invalid, format!("spec.ipFamilies[{index}]"))
                    .value(format!("{:?}", family.as_str().unwrap_or_default()))
                    .detail("not configured on this cluster"),
            );
        }
    }
    let invalid = Cause::Invalid(ErrorKind::Invalid);
    let errors: Vec<_> = errors.into_iter().map(|error| (error, invalid)).collect();
    if errors.is_empty() { Ok(()) } else { Err(Status::invalid(named, &errors)) }
}

/// `allocClusterIPs`.
fn address(allocator: &mut Allocator, named: Named<'_>, spec: &mut Map) -> Result<(), Status> {
    let wanted =
        node::items(spec, "clusterIPs").first().and_then(Node::as_str).unwrap_or_default().to_owned();
    match wanted.as_str() {
        "None" => {}
        "" => {
            let families = node::items(spec, "ipFamilies").iter().filter_map(Node::as_str);
            let addresses: Vec<Node> =
                families.filter_map(|family| allocator.next_address(family)).map(Node::bare).collect();
            if let Some(first) = addresses.first() {
                node::set(spec, "clusterIP", first.value.clone());
                node::set(spec, "clusterIPs", addresses);
            }
        }
        address => allocator.take_address(address).map_err(|why| {
            let detail = format!("failed to allocate IP {address}: {}", why.detail);
            let why = Unallocated { detail, ..why };
            refused(named, "spec.clusterIPs".to_owned(), format!("[{address:?}]"), &why)
        })?,
    }
    Ok(())
}

/// `initNodePorts`: ports with one number share one node port.
fn new_node_ports(allocator: &mut Allocator, named: Named<'_>, spec: &mut Map) -> Result<(), Status> {
    let allocates = allocates_node_ports(spec);
    let requested: Vec<(i64, i64)> = node::items(spec, "ports")
        .iter()
        .filter_map(|port| Some((port.get("port")?.as_i64()?, port.get("nodePort")?.as_i64()?)))
        .collect();
    let mut shared: Vec<(i64, i64)> = Vec::new();
    for (index, port) in node::items_mut(spec, "ports").iter_mut().enumerate() {
        let Some(port) = port.as_map_mut() else { continue };
        let own = port.get("nodePort").and_then(Node::as_i64);
        if own.is_none() && !allocates {
            continue;
        }
        let refuse = |number: i64, why: &Unallocated| {
            refused(named, format!("spec.ports[{index}].nodePort"), number.to_string(), why)
        };
        let number = port.get("port").and_then(Node::as_i64).unwrap_or_default();
        match shared.iter().find(|(known, _)| *known == number) {
            None => {
                let chosen = match requested.iter().find(|(known, _)| *known == number) {
                    Some((_, wanted)) => {
                        allocator.take_port(*wanted).map_err(|why| refuse(*wanted, &why))?;
                        *wanted
                    }
                    None => allocator.next_port().unwrap_or_default(),
                };
                node::set(port, "nodePort", chosen);
                shared.push((number, chosen));
            }
            Some((_, known)) => match own {
                None => node::set(port, "nodePort", *known),
                Some(own) if own != *known => allocator.take_port(own).map_err(|why| refuse(own, &why))?,
                Some(_) => {}
            },
        }
    }
    Ok(())
}

/// `updateNodePorts`.
fn more_node_ports(
    allocator: &mut Allocator,
    named: Named<'_>,
    spec: &mut Map,
    old: &Map,
) -> Result<(), Status> {
    let allocates = allocates_node_ports(spec);
    let (before, mut taken) = (node_ports(old), BTreeSet::new());
    let mut seen: Vec<(String, i64)> = Vec::new();
    for (index, port) in node::items_mut(spec, "ports").iter_mut().enumerate() {
        let Some(port) = port.as_map_mut() else { continue };
        let number = match port.get("nodePort").and_then(Node::as_i64) {
            None if !allocates => continue,
            None => {
                let chosen = allocator.next_port().unwrap_or_default();
                node::set(port, "nodePort", chosen);
                chosen
            }
            Some(number) => {
                if !before.contains(&number) && taken.insert(number) {
                    allocator.take_port(number).map_err(|why| {
                        refused(named, format!("spec.ports[{index}].nodePort"), number.to_string(), &why)
                    })?;
                }
                number
            }
        };
        let pair = (defaults::text(port, "protocol").to_owned(), number);
        if seen.contains(&pair) {
            return Err(Status::internal(format!("duplicate nodePort: {{{} {}}}", pair.0, pair.1)));
        }
        seen.push(pair);
    }
    Ok(())
}

/// Drops the policy of internal traffic, which an external name does not have (`defaultOnReadInternalTrafficPolicy`).
pub(super) fn default_on_read(spec: &mut Map) {
    if !needs_address(spec) {
        spec.remove("internalTrafficPolicy");
    }
}

/// The values that the server chose, as placeholders.
pub(super) fn with_placeholders(allocator: &Allocator, service: &mut Node) {
    let Some(spec) = node::map_mut(service, &["spec"]) else { return };
    let address = |node: &mut Node| {
        if let Some(number) = node.as_str().and_then(|text| allocator.placeholder_of_address(text)) {
            node.value = Value::String(format!("<allocated-ip-{number}>"));
        }
    };
    let port = |node: &mut Node| {
        if let Some(number) = node.as_i64().and_then(|number| allocator.placeholder_of_port(number)) {
            node.value = Value::String(format!("<allocated-port-{number}>"));
        }
    };
    spec.get_mut("clusterIP").into_iter().for_each(address);
    node::items_mut(spec, "clusterIPs").iter_mut().for_each(address);
    node::each(spec, "ports", |item| item.get_mut("nodePort").into_iter().for_each(port));
    spec.get_mut(HEALTH_CHECK).into_iter().for_each(port);
}
