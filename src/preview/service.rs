//! Services: their addresses and ports, and the workloads they select.

use super::{Service, Stored};
use crate::k8s::merge::scalar_text;
use crate::k8s::views;
use crate::yaml::Node;

/// The Services among the objects, in their order.
pub(super) fn all(stored: &[Stored<'_>], hooks: &[Stored<'_>]) -> Vec<Service> {
    let services = stored.iter().filter_map(Stored::service);
    services.map(|(service, namespace)| show(service, namespace, stored, hooks)).collect()
}

fn show(
    service: views::Service<'_>,
    namespace: &str,
    stored: &[Stored<'_>],
    hooks: &[Stored<'_>],
) -> Service {
    let kind = service.service_type();
    let cluster_ip = match service.spec("clusterIP").and_then(Node::as_str) {
        Some(ip) if !ip.is_empty() => ip,
        _ if kind == "ExternalName" => "-",
        _ => "allocated",
    };
    Service {
        name: service.name().to_owned(),
        namespace: namespace.to_owned(),
        kind: kind.to_owned(),
        cluster_ip: cluster_ip.to_owned(),
        ports: service.ports().iter().map(|each| port(each, kind)).collect(),
        selects: list_selected(service, namespace, stored),
        selected_hooks: list_selected(service, namespace, hooks),
        dns: service.dns_name(namespace),
    }
}

/// A port as kubectl prints it, with the target after an arrow if it is another.
fn port(port: &Node, service_type: &str) -> String {
    let show = |key: &str| port.get(key).and_then(scalar_text).unwrap_or_default().into_owned();
    let (number, target) = (show("port"), show("targetPort"));
    let node_port = match show("nodePort") {
        fixed if !fixed.is_empty() => format!(":{fixed}"),
        _ if matches!(service_type, "NodePort" | "LoadBalancer") => ":<node port>".to_owned(),
        _ => String::new(),
    };
    let target = if target == number { String::new() } else { format!(" -> {target}") };
    format!("{number}{node_port}/{}{target}", show("protocol"))
}

/// The workloads whose pods a Service selects.
fn list_selected(service: views::Service<'_>, namespace: &str, stored: &[Stored<'_>]) -> Vec<String> {
    let selector = service.selector();
    if selector.is_empty() {
        return Vec::new();
    }
    let workloads = stored.iter().filter_map(Stored::workload);
    workloads
        .filter(|(workload, home)| *home == namespace && selector.matches(workload.template().labels()))
        .map(|(workload, _)| format!("{}/{}", workload.kind().as_str(), workload.name()))
        .collect()
}
