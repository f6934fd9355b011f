//! Autoscalers of `autoscaling/v1`: what that version has no field for is kept in annotations.
//!
//! Follows `pkg/apis/autoscaling/v1/conversion.go`.

use super::node;
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_kube::defaults;
use plimsoll_kube::patch::as_json;
use plimsoll_yaml::emit::format_json;
use plimsoll_yaml::{Map, Node, ReadOptions};

const UTILIZATION: &str = "targetCPUUtilizationPercentage";
const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// Makes an object of version 1 one of version 2, which is what is stored.
pub(super) fn to_v2(root: &mut Node) {
    let [others, behavior] = [METRICS, BEHAVIOR].map(|annotation| take_annotation(root, annotation));
    let Some(map) = root.as_map_mut() else { return };
    node::set(map, "apiVersion", "autoscaling/v2");
    let Some(spec) = map.get_mut("spec").and_then(Node::as_map_mut) else { return };
    let mut metrics: Vec<Node> = others.iter().flat_map(Node::items).cloned().collect();
    if let Some(percent) = spec.remove(UTILIZATION).filter(|entry| !entry.value.is_null()) {
        metrics.push(utilization(percent.value));
    }
    if !metrics.is_empty() {
        node::set(spec, "metrics", metrics);
    }
    if let Some(behavior) = behavior {
        node::set(spec, "behavior", behavior.value);
    }
}

/// Makes an object of version 2 one of version 1.
pub(super) fn to_v1(root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    node::set(map, "apiVersion", "autoscaling/v1");
    let mut annotations = Vec::new();
    if let Some(spec) = map.get_mut("spec").and_then(Node::as_map_mut) {
        let metrics = spec.remove("metrics").map(|entry| entry.value.items().to_vec()).unwrap_or_default();
        let (cpu, others): (Vec<Node>, Vec<Node>) =
            metrics.into_iter().partition(|metric| cpu_percent(metric).is_some());
        if let Some(percent) = cpu.first().and_then(cpu_percent) {
            node::set(spec, UTILIZATION, percent.value.clone());
        }
        if !others.is_empty() {
            annotations.push((METRICS, format_json(&Node::bare(others))));
        }
        if let Some(behavior) = spec.remove("behavior") {
            annotations.push((BEHAVIOR, format_json(&behavior.value)));
        }
    }
    let metadata = defaults::ensure_map(map, "metadata");
    for (annotation, text) in annotations {
        node::set(defaults::ensure_map(metadata, "annotations"), annotation, text);
    }
}

/// The share of the CPU that a metric aims at, if that is what it is about.
fn cpu_percent(metric: &Node) -> Option<&Node> {
    (node::text(metric, &["resource", "name"]) == "cpu")
        .then(|| metric.at(&["resource", "target", "averageUtilization"]))
        .flatten()
}

fn utilization(percent: Node) -> Node {
    let mut target = Map::new();
    node::set(&mut target, "type", "Utilization");
    node::set(&mut target, "averageUtilization", percent.value);
    let mut resource = Map::new();
    node::set(&mut resource, "name", "cpu");
    node::set(&mut resource, "target", target);
    let mut metric = Map::new();
    node::set(&mut metric, "type", "Resource");
    node::set(&mut metric, "resource", resource);
    Node::bare(metric)
}

/// What an annotation holds as JSON; the annotation is gone then.
fn take_annotation(root: &mut Node, annotation: &str) -> Option<Node> {
    let annotations = node::map_mut(root, &["metadata", "annotations"])?;
    let entry = annotations.remove(annotation)?;
    let sources = Sources::new();
    let source = sources.add(annotation, entry.value.as_str()?, SourceKind::Stdin);
    let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
    let mut value = report.output?.into_iter().next()?.root;
    as_json(&mut value);
    Some(value)
}
