//! ConfigMaps and Secrets that pods use.

use crate::k8s::views::{Container, PodTemplate, Workload, WorkloadKind};
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
    let mut usages = Vec::new();
    for container in template.all_containers() {
        for variable in container.env() {
            usages.extend(named(
                [
                    ("ConfigMap", variable.at(&["valueFrom", "configMapKeyRef", "name"])),
                    ("Secret", variable.at(&["valueFrom", "secretKeyRef", "name"])),
                ],
                "env",
                false,
            ));
        }
        for source in container.env_from() {
            usages.extend(named(
                [
                    ("ConfigMap", source.at(&["configMapRef", "name"])),
                    ("Secret", source.at(&["secretRef", "name"])),
                ],
                "envFrom",
                false,
            ));
        }
    }
    for volume in template.volumes() {
        let by_sub_path = is_mounted_by_sub_path(template, volume);
        let way = if by_sub_path { "a volume mounted with subPath" } else { "a volume" };
        let direct = [
            ("ConfigMap", volume.at(&["configMap", "name"])),
            ("Secret", volume.at(&["secret", "secretName"])),
        ];
        let projected = volume.at(&["projected", "sources"]).map(Node::items).unwrap_or_default();
        let projected = projected.iter().flat_map(|source| {
            [("ConfigMap", source.at(&["configMap", "name"])), ("Secret", source.at(&["secret", "name"]))]
        });
        usages.extend(named(direct.into_iter().chain(projected), way, !by_sub_path));
    }
    usages
}

/// The usages among sources of which some are not there.
fn named<'a>(
    sources: impl IntoIterator<Item = (&'static str, Option<&'a Node>)>,
    way: &'static str,
    live: bool,
) -> impl Iterator<Item = Usage<'a>> {
    let sources = sources.into_iter();
    sources.filter_map(move |(kind, name)| Some(Usage { kind, name: name?.as_str()?, way, live }))
}

fn is_mounted_by_sub_path(template: PodTemplate<'_>, volume: &Node) -> bool {
    let name = volume.get("name").and_then(Node::as_str);
    let mut mounts = template.all_containers().flat_map(Container::mounts);
    mounts.any(|mount| Some(mount.volume()) == name && mount.has_sub_path())
}
