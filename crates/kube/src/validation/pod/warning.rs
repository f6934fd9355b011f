//! What the server accepts with a warning: `pkg/api/pod/warnings.go`.

use super::super::{claim, node_labels, resources::quantity};
use super::container::is_sidecar;
use super::security::{APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD};
use super::{At, Context, each_container, names, or_default};
use crate::Version;
use crate::validation::Texts;
use std::collections::BTreeMap;

/// `GetWarningsForPod` and `GetWarningsForPodTemplate`: `holder` is the place of the pod or template.
pub(super) fn warn_of_template(holder: &At<'_, '_>, cx: &mut Context<'_>) {
    warnings(&holder.field("metadata").field("annotations"), &holder.field("spec"), cx);
}

/// `warningsForPodSpecAndMeta`.
fn warnings(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    node_labels(spec, cx);
    for constraint in spec.field("topologySpreadConstraints").items() {
        null_selector(&constraint, cx);
    }
    old_annotations(annotations, spec, cx);
    volumes(&spec.field("volumes"), cx);
    if cx.version >= Version::V1_32 {
        overlapping_paths(&spec.field("volumes"), cx);
    }
    if cx.version >= Version::V1_33 {
        for address in spec.field("dnsConfig.nameservers").items() {
            odd_address(&address, cx);
        }
        for alias in spec.field("hostAliases").items() {
            odd_address(&alias.field("ip"), cx);
        }
    }
    repeated(&spec.field("hostAliases"), "ip", cx);
    repeated(&spec.field("imagePullSecrets"), "name", cx);
    for secret in spec.field("imagePullSecrets").items() {
        if secret.field("name").text().is_empty() {
            cx.warning(&secret.field("name"), "invalid empty name \"\"");
        }
    }
    fractional_bytes(&spec.field("overhead"), cx);
    each_container(spec, |container| {
        fractional_bytes(&container.field("resources.limits"), cx);
        fractional_bytes(&container.field("resources.requests"), cx);
        hidden_variables(&container.field("env"), cx);
    });
    ports(spec, cx);
    let grace = spec.field("terminationGracePeriodSeconds");
    // A Pod's own becomes 1 before (`Convert_v1_Pod_To_core_Pod`).
    if cx.object.kind != "Pod" && grace.int().is_some_and(|seconds| seconds < 0) {
        cx.warning(&grace, "must be >= 0; negative values are invalid and will be treated as 1");
    }
    for kind in ["affinity.podAffinity", "affinity.podAntiAffinity"] {
        let kind = spec.field(kind);
        for term in kind.field("requiredDuringSchedulingIgnoredDuringExecution").items() {
            null_selector(&term, cx);
        }
        for preferred in kind.field("preferredDuringSchedulingIgnoredDuringExecution").items() {
            null_selector(&preferred.field("podAffinityTerm"), cx);
        }
    }
}

fn null_selector(term: &At<'_, '_>, cx: &mut Context<'_>) {
    let selector = term.field("labelSelector");
    if !selector.is_set() {
        cx.warning(&selector, "a null labelSelector results in matching no pod");
    }
}

/// Labels of nodes, in selectors, affinity and spreading. A preference for labels that cannot be is taken.
fn node_labels(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    node_labels::warn_of_selector(&spec.field("nodeSelector"), cx);
    let affinity = spec.field("affinity.nodeAffinity");
    let required = affinity.field("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    for term in required.items() {
        node_labels::warn_of_term(&term, false, cx);
    }
    for preferred in affinity.field("preferredDuringSchedulingIgnoredDuringExecution").items() {
        node_labels::warn_of_term(&preferred.field("preference"), true, cx);
    }
    for constraint in spec.field("topologySpreadConstraints").items() {
        node_labels::warn_of_key(&constraint.field("topologyKey"), cx);
    }
}

/// Annotations that fields have replaced.
fn old_annotations(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    const OLD: &[(&str, &str)] = &[
        (
            "scheduler.alpha.kubernetes.io/critical-pod",
            "non-functional in v1.16+; use the \"priorityClassName\" field instead",
        ),
        (
            "security.alpha.kubernetes.io/sysctls",
            "non-functional in v1.11+; use the \"sysctls\" field instead",
        ),
        (
            "security.alpha.kubernetes.io/unsafe-sysctls",
            "non-functional in v1.11+; use the \"sysctls\" field instead",
        ),
    ];
    if annotations.is_empty() {
        return;
    }
    for (key, message) in OLD {
        let annotation = annotations.key(key);
        if annotation.is_set() {
            cx.warning(&annotation, message);
        }
    }
    let message = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    let of_pod = annotations.key(SECCOMP_POD);
    if of_pod.is_set() && !spec.field("securityContext.seccompProfile").is_set() {
        cx.warning(&of_pod, message);
    }
    without_field(annotations, SECCOMP_CONTAINER, spec, "securityContext.seccompProfile", message, cx);
    if !spec.field("securityContext.appArmorProfile").is_set() {
        // Of pods it is `applyAppArmorVersionSkew` that says so.
        let message = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
        without_field(annotations, APP_ARMOR, spec, "securityContext.appArmorProfile", message, cx);
    }
}

/// Warns of annotations, made of a prefix and a container's name, whose container lacks the field that
/// replaced them.
fn without_field(
    annotations: &At<'_, '_>,
    prefix: &str,
    spec: &At<'_, '_>,
    field: &str,
    message: &str,
    cx: &mut Context<'_>,
) {
    for (key, annotation) in annotations.entries() {
        let Some(name) = key.strip_prefix(prefix) else { continue };
        each_container(spec, |container| {
            if container.field("name").text() == name && !container.field(field).is_set() {
                cx.warning(&annotation, message);
            }
        });
    }
}

/// Deprecated kinds of volumes.
fn volumes(volumes: &At<'_, '_>, cx: &mut Context<'_>) {
    const OLD: &[(&str, &str, &str)] = &[
        ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
        ("gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ];
    for volume in volumes.items() {
        for (field, spelt, message) in OLD {
            let place = volume.field(field);
            if place.is_set() {
                // Its driver was on before 1.33.
                let message = if *field == "gitRepo" && cx.version < Version::V1_33 {
                    "deprecated in v1.11"
                } else {
                    message
                };
                cx.warning(&place.renamed(spelt), message);
            }
        }
        let claim_spec = volume.field("ephemeral.volumeClaimTemplate.spec");
        claim::warnings(&claim_spec, &claim_spec, cx);
    }
}

/// `warningsForOverlappingVirtualPaths`: files of one volume that would hide each other.
fn overlapping_paths(volumes: &At<'_, '_>, cx: &mut Context<'_>) {
    for volume in volumes.items() {
        let mut seen: Vec<&str> = Vec::new();
        let mut note = |path: &At<'_, '_>, text, cx: &mut Context<'_>| {
            if let Some(other) = seen.iter().find(|other| overlap(other, text)) {
                cx.warning(path, format_args!("overlapping paths: {text:?} with {other:?}"));
            }
            seen.push(text);
        };
        for source in ["configMap.items", "secret.items", "downwardAPI.items"] {
            for item in volume.field(source).items() {
                let path = item.field("path");
                note(&path, path.text(), cx);
            }
        }
        for source in volume.field("projected.sources").items() {
            if source.is_empty() {
                cx.warning(&source, "the projected volume has no sources provided");
            }
            for items in ["configMap.items", "secret.items", "downwardAPI.items"] {
                for item in source.field(items).items() {
                    let path = item.field("path");
                    note(&path, path.text(), cx);
                }
            }
            for path in ["serviceAccountToken.path", "clusterTrustBundle.path"] {
                let path = source.field(path);
                note(&path, path.text(), cx);
            }
        }
    }
}

/// Whether two files cannot both be: they are the same, or one would be a directory.
fn overlap(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_end_matches('/'), b.trim_end_matches('/'));
    let under =
        |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !a.is_empty() && !b.is_empty() && (under(a, b) || under(b, a))
}

/// `GetWarningsForIP`, of addresses that were taken.
fn odd_address(address: &At<'_, '_>, cx: &mut Context<'_>) {
    if let Some(message) = names::ip_warning(address.text()) {
        cx.warning(address, message);
    }
}

/// Items of a list whose key is not theirs alone.
fn repeated(list: &At<'_, '_>, field: &str, cx: &mut Context<'_>) {
    let mut keys = Texts::default();
    for item in list.items() {
        let key = item.field(field);
        if keys.repeats(key.text()) {
            cx.warning(&key, format_args!("duplicate {field} {:?}", key.text()));
        }
    }
}

/// Bytes come whole.
fn fractional_bytes(resources: &At<'_, '_>, cx: &mut Context<'_>) {
    for name in ["memory", "ephemeral-storage"] {
        let amount = resources.key(name);
        if let Some(value) = quantity(&amount).filter(|value| !value.is_integer()) {
            let message = format_args!("fractional byte value \"{value}\" is invalid, must be an integer");
            cx.warning(&amount, message);
        }
    }
}

/// Variables of the same name: the later one wins, and `kubectl apply` may lose one of them.
fn hidden_variables(variables: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut names = Texts::default();
    for variable in variables.items() {
        let name = variable.field("name").text();
        if !names.repeats(name) {
            continue;
        }
        let value = variable.field("value").text();
        let reference = format!("$({name})");
        // A value that refers to the earlier one is intended.
        let builds =
            !variable.field("valueFrom").is_set() && value != reference && value.contains(&reference);
        if !builds {
            let message =
                format_args!("hides previous definition of {name:?}, which may be dropped when using apply");
            cx.warning(&variable, message);
        }
    }
}

/// A container port that was looked at, and where it stands.
struct Seen<'n> {
    list: &'static str,
    container: usize,
    index: usize,
    name: &'n str,
    number: i64,
    protocol: &'n str,
    host_ip: &'n str,
    host_port: i64,
}

impl Seen<'_> {
    fn path(&self, spec: &At<'_, '_>) -> String {
        let containers = spec.field(self.list);
        let container = containers.index(self.container);
        let ports = container.field("ports");
        ports.index(self.index).path()
    }

    fn is_same_container(&self, other: &Self) -> bool {
        self.list == other.list && self.container == other.container
    }
}

/// With how many others of its number a port is compared.
const RIVALS: usize = 20;

/// Ports that several containers of the pod use, and duplicate port names.
fn ports(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    // By what two ports have to share to be in each other's way, the first ones.
    let mut by_number: BTreeMap<(i64, &str), Vec<usize>> = BTreeMap::new();
    // The first of each name, and the first in another container.
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (container_index, container) in spec.field(list).items().enumerate() {
            for (index, port) in container.field("ports").items().enumerate() {
                // Names are looked up among what runs on: not in init containers that end.
                let runs_on = list == "containers" || (list == "initContainers" && is_sidecar(&container));
                let this = Seen {
                    list,
                    container: container_index,
                    index,
                    name: if runs_on { port.field("name").text() } else { "" },
                    number: port.field("containerPort").int().unwrap_or(0),
                    protocol: or_default(port.field("protocol").text(), "TCP"),
                    host_ip: port.field("hostIP").text(),
                    host_port: port.field("hostPort").int().unwrap_or(0),
                };
                if !this.host_ip.is_empty() && this.host_port == 0 {
                    cx.warning(&port, "hostIP set without hostPort");
                }
                let rivals = by_number.entry((this.number, this.protocol)).or_default();
                for other in rivals.iter().filter_map(|rival| seen.get(*rival)) {
                    if let Some(problem) = contention(&this, other) {
                        cx.warning(
                            &port,
                            format_args!("{problem} port definition with {}", other.path(spec)),
                        );
                    }
                }
                if rivals.len() < RIVALS {
                    rivals.push(seen.len());
                }
                let namesakes = by_name.entry(this.name).or_default();
                let mut others = namesakes.iter().filter_map(|other| seen.get(*other));
                let elsewhere = others.find(|other| !other.is_same_container(&this));
                if namesakes.is_empty() || (namesakes.len() == 1 && elsewhere.is_some()) {
                    namesakes.push(seen.len());
                }
                if let Some(other) = elsewhere.filter(|_| !this.name.is_empty()) {
                    let path = other.path(spec);
                    let message = format_args!(
                        "duplicate port name {:?} with {path}, services and probes that select ports by name \
                         will use {path}",
                        this.name
                    );
                    cx.warning(&port, message);
                }
                seen.push(this);
            }
        }
    }
}

/// How two ports of one number and protocol get in each other's way.
fn contention(one: &Seen<'_>, other: &Seen<'_>) -> Option<&'static str> {
    if one.number != other.number || one.protocol != other.protocol {
        return None;
    }
    let same_host_port = one.host_port == other.host_port;
    if same_host_port && one.host_ip == other.host_ip {
        Some("duplicate")
    } else if one.host_port == 0 || other.host_port == 0 {
        Some("overlapping")
    } else if same_host_port && one.host_ip.is_empty() != other.host_ip.is_empty() {
        Some("dangerously ambiguous")
    } else {
        None
    }
}
