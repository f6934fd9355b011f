//! ConfigMaps and Secrets that pods use.

use crate::k8s::views::{ConfigReference, ConfigTarget, Container, PodTemplate, Workload, WorkloadKind};
use crate::manifest::Object;
use crate::yaml::Node;

/// A ConfigMap or Secret that a pod template uses.
pub(super) struct Usage<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    /// How, in words.
    pub(super) way: &'static str,
    /// Whether the kubelet brings changes into running pods.
    pub(super) live: bool,
}

/// The template of running pods that their workload does not replace by itself when a ConfigMap or Secret changes.
pub(super) fn running_template(object: &Object) -> Option<PodTemplate<'_>> {
    let workload = Workload::from_object(object)?;
    // Every run of a CronJob starts new pods, and a Pod is not made from a template.
    let runs = workload.kind().runs_forever() || workload.kind() == WorkloadKind::Job;
    runs.then(|| workload.template())
}

/// What a pod template uses.
pub(super) fn references(template: PodTemplate<'_>) -> Vec<Usage<'_>> {
    let usage = |ConfigReference { kind, name, target, .. }| {
        let (way, live) = match target {
            ConfigTarget::Variable => ("env", false),
            ConfigTarget::Variables => ("envFrom", false),
            ConfigTarget::Volume(volume) if is_mounted_by_sub_path(template, volume) => {
                ("a volume mounted with subPath", false)
            }
            ConfigTarget::Volume(_) => ("a volume", true),
        };
        Usage { kind, name, way, live }
    };
    template.config_references().into_iter().map(usage).collect()
}

fn is_mounted_by_sub_path(template: PodTemplate<'_>, volume: &Node) -> bool {
    let name = volume.get("name").and_then(Node::as_str);
    let mut mounts = template.all_containers().flat_map(Container::mounts);
    mounts.any(|mount| Some(mount.volume()) == name && mount.has_sub_path())
}
