//! What applying a manifest does to a stored object: the driver's merge, then what the server makes of it.

use super::driver::Driver;
use super::fields::FieldPath;
use super::server_side::Request;
use super::three_way::{self, Fault, Merged};
use super::{Cause, Reason};
use crate::cluster::server::{ObjectKey, is_created_by_update};
use crate::k8s::managed::{LAST_APPLIED_ANNOTATION, Target};
use crate::k8s::{Version, defaults};
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};

/// A stored object before and after the new manifest is applied.
pub(super) struct Applied {
    /// As the server holds it now, if the previous manifest was applied.
    pub(super) live: Node,
    /// As the patch leaves it, before the server reads it.
    pub(super) patched: Node,
    /// As the server would hold it, were the update accepted.
    pub(super) merged: Node,
    /// Why it could not be patched; `patched` is what it was then.
    pub(super) fault: Option<Fault>,
}

/// Stands where the server allocates a value of its own choice (a cluster IP).
pub(super) const ALLOCATED: &str = "(allocated)";

/// A new manifest for a stored object.
#[derive(Clone, Copy)]
pub(super) struct Update<'a> {
    pub(super) version: Version,
    /// The version of the API that the new manifest is written in.
    pub(super) api_version: &'a str,
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    /// The manifest that was applied before.
    pub(super) old: &'a Node,
    pub(super) new: &'a Node,
    /// The object as it was read from a cluster, if it was: with its managed fields.
    pub(super) read: Option<&'a Node>,
}

/// Applies the new manifest over the stored object `live`, as `driver` does it.
pub(super) fn apply(driver: Driver, update: Update<'_>, live: Node) -> Applied {
    let Update { group, kind, .. } = update;
    let Merged { root: patched, fault } = merge(driver, update, &live);
    let mut merged = patched.clone();
    keep_data_source(group, kind, &live, &mut merged);
    defaults::store(group, kind, &mut merged);
    on_update(group, kind, &live, &mut merged);
    Applied { live, patched, merged, fault }
}

fn merge(driver: Driver, update: Update<'_>, live: &Node) -> Merged {
    let Update { version, api_version, group, kind, old, new, read } = update;
    let (old, new) = (sent(old), sent(new));
    if let Some(applier) = driver.applier() {
        let request = Request { target: Target::new(api_version, kind, version), applier };
        return match read {
            Some(read) => request.over_live(read, &new),
            None => request.over_own(group, live, &old, &new),
        };
    }
    match driver {
        Driver::Replace => {
            let mut root = new;
            defaults::drop_nulls(&mut root);
            Merged { root, fault: None }
        }
        _ => three_way::merge(version, group, kind, &old, &new, live),
    }
}

/// Why `driver` cannot create an object from the manifest, besides what validation says.
pub(super) fn creation_fault(driver: Driver, version: Version, object: &Object) -> Option<Fault> {
    if driver == Driver::Replace {
        let key = ObjectKey::of(&object.root);
        return (!key.is_some_and(|key| is_created_by_update(&key))).then(|| Fault {
            path: FieldPath::default(),
            reasons: vec![Reason {
                path: String::new(),
                message: "not found: `kubectl replace` does not create objects of this kind; create it with `kubectl create`"
                    .to_owned(),
                cause: Cause::NotFound,
            }],
        });
    }
    let target = Target::new(&object.api_version, &object.kind, version);
    Request { target, applier: driver.applier()? }.creation_fault(&sent(&object.root))
}

/// The stored form of an object created from `manifest`.
pub(super) fn create(group: &str, kind: &str, manifest: &Node) -> Node {
    let mut stored = sent(manifest);
    defaults::store(group, kind, &mut stored);
    if let ("", "Service", Some(spec)) = (group, kind, spec_mut(&mut stored)) {
        allocate(spec);
    }
    stored
}

/// A manifest as `kubectl apply` takes it: it writes an annotation of its own, and turns those that are null into
/// empty texts as it does.
pub(super) fn sent(manifest: &Node) -> Node {
    let mut root = manifest.clone();
    if let Some(metadata) =
        root.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut)
        && metadata.get("annotations").is_none_or(|node| node.is_null() || node.as_map().is_some())
    {
        for entry in defaults::ensure_map(metadata, "annotations").iter_mut() {
            if entry.value.is_null() {
                entry.value.value = Value::String(String::new());
            }
        }
    }
    root
}

/// A claim that has a source keeps it if either field is left, whatever it names.
fn keep_data_source(group: &str, kind: &str, live: &Node, merged: &mut Node) {
    let has_source = live.at(&["spec", "dataSourceRef"]).is_some();
    if ("", "PersistentVolumeClaim", true) == (group, kind, has_source)
        && let Some(spec) = spec_mut(merged)
    {
        defaults::mirror_data_source(spec);
    }
}

/// The manifest that `kubectl apply` last made an object read from a cluster from, if it left a note.
pub(super) fn last_applied(live: &Node) -> Option<Node> {
    use crate::diag::{SourceKind, Sources};
    let text = live.at(&["metadata", "annotations", LAST_APPLIED_ANNOTATION])?.as_str()?;
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
