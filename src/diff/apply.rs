//! What `kubectl apply` does to a stored object: three-way merge, then what the server makes of it.

use super::fields::Index;
use crate::k8s::defaults;
use crate::k8s::merge::{self, Strategy};
use crate::yaml::{Entry, Map, Node, Value};

/// A stored object before and after the new manifest is applied.
pub(super) struct Applied {
    /// As the server holds it now, if the previous manifest was applied.
    pub(super) live: Node,
    /// As the server would hold it, were the update accepted.
    pub(super) merged: Node,
}

/// Stands where the server allocates a value of its own choice (a cluster IP).
pub(super) const ALLOCATED: &str = "(allocated)";

/// Applies `new` over the stored object `live`; `old` is the manifest that was applied before.
pub(super) fn apply(group: &str, kind: &str, live: Node, old: &Node, new: &Node) -> Applied {
    let mut merged = three_way(group, kind, old, new, &live);
    defaults::store(group, kind, &mut merged);
    on_update(group, kind, &live, &mut merged);
    Applied { live, merged }
}

/// The stored form of an object created from `manifest`.
pub(super) fn create(group: &str, kind: &str, manifest: &Node) -> Node {
    let mut stored = manifest.clone();
    defaults::store(group, kind, &mut stored);
    if let ("", "Service", Some(spec)) = (group, kind, spec_mut(&mut stored)) {
        allocate(spec);
    }
    stored
}

/// The manifest that `kubectl apply` last made an object read from a cluster from, if it left a note.
pub(super) fn last_applied(live: &Node) -> Option<Node> {
    use crate::diag::{SourceKind, Sources};
    const NOTE: [&str; 3] = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
    let text = live.at(&NOTE)?.as_str()?;
    let sources = Sources::new();
    let source = sources.add("last-applied-configuration", text, SourceKind::Stdin);
    let report = crate::yaml::read(&sources, source, &crate::yaml::ReadOptions::lenient());
    let mut root = report.output?.into_iter().next()?.root;
    // Its spans point into a text that nobody else has.
    forget_spans(&mut root);
    Some(root)
}

fn forget_spans(node: &mut Node) {
    node.span = crate::diag::Span::NONE;
    match &mut node.value {
        Value::Map(map) => {
            for entry in map.iter_mut() {
                entry.key_span = crate::diag::Span::NONE;
                forget_spans(&mut entry.value);
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(forget_spans),
        _ => {}
    }
}

/// The new manifest merged into the live object: what the manifest names is set, what the previous
/// manifest named and the new one does not is removed, what only the server set stays.
///
/// Built-in kinds are merged strategically (`strategicpatch.CreateThreeWayMergePatch`), custom resources
/// as JSON (`jsonmergepatch.CreateThreeWayJSONMergePatch`).
fn three_way(group: &str, kind: &str, old: &Node, new: &Node, live: &Node) -> Node {
    let merge = Merge { kind, strategic: defaults::is_builtin(group) && group != "apiextensions.k8s.io" };
    let (Some(new), Some(live_map)) = (new.as_map(), live.as_map()) else { return new.clone() };
    Node::new(Value::Map(merge.maps("", old.as_map(), new, live_map)), live.span)
}

struct Merge<'a> {
    kind: &'a str,
    strategic: bool,
}

impl Merge<'_> {
    fn maps(&self, parent: &str, old: Option<&Map>, new: &Map, live: &Map) -> Map {
        let mut merged = Map::new();
        let (old_index, new_index, live_index) = (old.map(Index::of), Index::of(new), Index::of(live));
        let before = |key: &str| old_index.as_ref().and_then(|old| old.get(key));
        for entry in live {
            match new_index.get(&entry.key) {
                Some(value) if value.is_null() => {}
                Some(value) => {
                    let value = self.values(parent, &entry.key, before(&entry.key), value, &entry.value);
                    merged.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
                }
                None if before(&entry.key).is_some() => {}
                None => merged.push(entry.clone()),
            }
        }
        for entry in new {
            if live_index.get(&entry.key).is_none() && !entry.value.is_null() {
                merged.push(entry.clone());
            }
        }
        merged
    }

    fn values(&self, parent: &str, field: &str, old: Option<&Node>, new: &Node, live: &Node) -> Node {
        let strategy =
            if self.strategic { merge::strategy(self.kind, parent, field) } else { Strategy::Plain };
        let value = match (&new.value, &live.value) {
            (Value::Map(new), Value::Map(live)) if strategy != Strategy::Replace => {
                let mut merged = self.maps(field, old.and_then(Node::as_map), new, live);
                if strategy == Strategy::RetainKeys {
                    merged.retain(|entry| new.contains_key(&entry.key));
                }
                Value::Map(merged)
            }
            (Value::Seq(new), Value::Seq(live)) => match strategy {
                Strategy::Merge(key) | Strategy::MergeRetainKeys(key) => {
                    let retain = matches!(strategy, Strategy::MergeRetainKeys(_));
                    Value::Seq(self.lists(field, key, retain, old.map_or(&[], Node::items), new, live))
                }
                Strategy::MergeScalars => {
                    let old = old.map_or(&[][..], Node::items);
                    let kept = live.iter().filter(|item| !new.contains(item) && !old.contains(item));
                    Value::Seq(new.iter().chain(kept).cloned().collect())
                }
                _ => return Node::new(Value::Seq(new.clone()), live_span(new, live)),
            },
            _ => return new.clone(),
        };
        Node::new(value, new.span)
    }

    /// Merges a list by key. Items that share a key are paired in order; where the new manifest has more
    /// of them than the live list, the later ones are lost: a patch cannot tell them apart.
    fn lists(
        &self,
        field: &str,
        key: &str,
        retain: bool,
        old: &[Node],
        new: &[Node],
        live: &[Node],
    ) -> Vec<Node> {
        let mut merged = Vec::with_capacity(new.len());
        for (index, item) in new.iter().enumerate() {
            let (Some(name), Some(map)) = (item.get(key), item.as_map()) else {
                merged.push(item.clone());
                continue;
            };
            let same = |other: &&Node| other.get(key) == Some(name);
            let before = new.iter().take(index).filter(same).count();
            let counterpart = live.iter().filter(same).nth(before).and_then(Node::as_map);
            let Some(live_map) = counterpart else {
                if before == 0 || !live.iter().any(|other| same(&other)) {
                    merged.push(item.clone());
                }
                continue;
            };
            let old_map = old.iter().filter(same).nth(before).and_then(Node::as_map);
            let mut result = self.maps(field, old_map, map, live_map);
            if retain {
                result.retain(|entry| map.contains_key(&entry.key));
            }
            merged.push(Node::new(Value::Map(result), item.span));
        }
        let has = |list: &[Node], item: &Node| match item.get(key) {
            Some(name) => list.iter().any(|other| other.get(key) == Some(name)),
            None => list.iter().any(|other| other.get(key).is_none()),
        };
        merged.extend(live.iter().filter(|item| !has(new, item) && !has(old, item)).cloned());
        merged
    }
}

fn live_span(new: &[Node], live: &[Node]) -> crate::diag::Span {
    new.first().or(live.first()).map_or(crate::diag::Span::NONE, |node| node.span)
}

/// What the server's storage does on update before it validates.
fn on_update(group: &str, kind: &str, live: &Node, merged: &mut Node) {
    if let ("", "Service") = (group, kind)
        && let (Some(old), Some(new)) = (live.get("spec").and_then(Node::as_map), spec_mut(merged))
    {
        service_update(old, new);
    }
    // A Job's labels and selector are the controller's once it exists; the manifest's stay as they are.
}

fn spec_mut(root: &mut Node) -> Option<&mut Map> {
    root.as_map_mut()?.get_mut("spec")?.as_map_mut()
}

fn needs_cluster_ip(spec: &Map) -> bool {
    matches!(defaults::text(spec, "type"), "ClusterIP" | "NodePort" | "LoadBalancer")
}

fn needs_node_port(spec: &Map) -> bool {
    match defaults::text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => spec.get("allocateLoadBalancerNodePorts").and_then(Node::as_bool).unwrap_or(true),
        _ => false,
    }
}

/// Where the health of a node is asked for, if only some nodes have pods.
const HEALTH_CHECK: &str = "healthCheckNodePort";

/// `needsHCNodePort`.
fn needs_health_check(spec: &Map) -> bool {
    defaults::text(spec, "type") == "LoadBalancer" && defaults::text(spec, "externalTrafficPolicy") == "Local"
}

/// What the allocators of `pkg/registry/core/service/storage` fill in, as far as it shows.
fn allocate(spec: &mut Map) {
    if !needs_cluster_ip(spec) {
        return;
    }
    let set = |spec: &mut Map, key: &str, value: Value| {
        if !spec.contains_key(key) {
            spec.insert(key, crate::diag::Span::NONE, Node::bare(value));
        }
    };
    set(spec, "clusterIP", ALLOCATED.into());
    if needs_health_check(spec) {
        set(spec, HEALTH_CHECK, ALLOCATED.into());
    }
    // One address is the same in both fields; only a second one says more.
    if let Some([only]) = spec.get("clusterIPs").map(Node::items)
        && Some(only) == spec.get("clusterIP")
    {
        spec.remove("clusterIPs");
    }
    // The families are the cluster's; a single-stack IPv4 cluster is assumed, as most are.
    set(spec, "ipFamilyPolicy", "SingleStack".into());
    set(spec, "ipFamilies", vec![Node::bare("IPv4")].into());
}

/// `patchAllocatedValues` and `dropTypeDependentFields` of the Service strategy.
fn service_update(old: &Map, new: &mut Map) {
    use crate::diag::Span;
    if needs_cluster_ip(old) && needs_cluster_ip(new) && !new.contains_key("clusterIP") {
        if let Some(ip) = old.get("clusterIP") {
            new.insert("clusterIP", Span::NONE, ip.clone());
        }
        for field in ["ipFamilies", "ipFamilyPolicy", "clusterIPs"] {
            if let (false, Some(value)) = (new.contains_key(field), old.get(field)) {
                new.insert(field, Span::NONE, value.clone());
            }
        }
    }
    if needs_cluster_ip(old) && !needs_cluster_ip(new) {
        // Dropping one of the two address fields drops both (`normalizeClusterIPs`).
        if !new.contains_key("clusterIP") || new.get("clusterIP") == old.get("clusterIP") {
            new.remove("clusterIP");
            new.remove("clusterIPs");
        }
        for field in ["ipFamilies", "ipFamilyPolicy"] {
            if new.get(field) == old.get(field) {
                new.remove(field);
            }
        }
    }
    if needs_health_check(old)
        && needs_health_check(new)
        && !new.contains_key(HEALTH_CHECK)
        && let Some(port) = old.get(HEALTH_CHECK)
    {
        new.insert(HEALTH_CHECK, Span::NONE, port.clone());
    }
    let node_ports = |spec: &Map| -> Vec<(String, Option<Node>)> {
        let ports = spec.get("ports").map(Node::items).unwrap_or_default();
        ports
            .iter()
            .map(|port| {
                let name = port.get("name").and_then(Node::as_str).unwrap_or_default();
                (name.to_owned(), port.get("nodePort").cloned())
            })
            .collect()
    };
    let (before, after) = (node_ports(old), node_ports(new));
    let (old_needs, new_needs) = (needs_node_port(old), needs_node_port(new));
    let ports = match new.get_mut("ports") {
        Some(Node { value: Value::Seq(items), .. }) => items.as_mut_slice(),
        _ => &mut [],
    };
    let drop_ports = {
        let set = |list: &[(String, Option<Node>)]| -> Vec<i64> {
            let mut ports: Vec<i64> =
                list.iter().filter_map(|(_, port)| port.as_ref().and_then(Node::as_i64)).collect();
            ports.sort_unstable();
            ports
        };
        set(&before) == set(&after)
    };
    let mut used: Vec<Node> = after
        .iter()
        .filter_map(|(_, port)| port.clone())
        .filter(|port| before.iter().any(|(_, old)| old.as_ref() == Some(port)))
        .collect();
    for port in ports {
        let Some(port) = port.as_map_mut() else { continue };
        let name = defaults::text(port, "name").to_owned();
        if old_needs && new_needs && !port.contains_key("nodePort") {
            let known = before.iter().find(|(other, _)| *other == name).and_then(|(_, port)| port.clone());
            if let Some(known) = known.filter(|known| !used.contains(known)) {
                used.push(known.clone());
                port.insert("nodePort", Span::NONE, known);
            }
        }
    }
    if old_needs
        && !new_needs
        && drop_ports
        && let Some(Node { value: Value::Seq(items), .. }) = new.get_mut("ports")
    {
        for port in items.iter_mut().filter_map(Node::as_map_mut) {
            port.remove("nodePort");
        }
    }
    let kind = defaults::text(new, "type").to_owned();
    // `service.ExternallyAccessible`.
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer")
        || kind == "ClusterIP" && new.get("externalIPs").is_some_and(|ips| !ips.items().is_empty());
    let mut clear = |field: &str, still: bool| {
        if !still && new.get(field) == old.get(field) {
            new.remove(field);
        }
    };
    let balanced = kind == "LoadBalancer";
    clear("allocateLoadBalancerNodePorts", balanced);
    clear("loadBalancerClass", balanced);
    clear("externalTrafficPolicy", external);
    clear("internalTrafficPolicy", kind != "ExternalName");
    if !needs_health_check(new) && new.get(HEALTH_CHECK) == old.get(HEALTH_CHECK) {
        new.remove(HEALTH_CHECK);
    }
    allocate(new);
}
