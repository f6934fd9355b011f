//! What the server accepts with a warning: `pkg/api/pod/warnings.go`.

use super::super::{claim, resources::quantity};
use super::container::is_sidecar;
use super::{At, Context, each_container, names, or_default};

/// `GetWarningsForPodTemplate`: `template` is the place of the whole template.
pub(super) fn template(template: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = template.field("spec");
    let annotations = template.field("metadata.annotations");
    warnings(&annotations, &spec, cx);
    // Pods have the annotation copied to the field; templates do not.
    if !annotations.is_empty() && !spec.field("securityContext.appArmorProfile").is_set() {
        each_container(&spec, |container| {
            if !container.field("securityContext.appArmorProfile").is_set() {
                let name = container.field("name").text();
                let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
                let message = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
                warn_if_set(&annotations.key(&key), message, cx);
            }
        });
    }
}

/// `GetWarningsForPod`.
pub(super) fn pod(root: &At<'_, '_>, cx: &mut Context<'_>) {
    warnings(&root.field("metadata").field("annotations"), &root.field("spec"), cx);
}

/// `warningsForPodSpecAndMeta`.
fn warnings(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    node_labels(spec, cx);
    for constraint in spec.field("topologySpreadConstraints").items() {
        null_selector(&constraint, cx);
    }
    old_annotations(annotations, spec, cx);
    volumes(&spec.field("volumes"), cx);
    overlapping_paths(&spec.field("volumes"), cx);
    for address in spec.field("dnsConfig.nameservers").items() {
        odd_address(&address, cx);
    }
    for alias in spec.field("hostAliases").items() {
        odd_address(&alias.field("ip"), cx);
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
    if grace.int().is_some_and(|seconds| seconds < 0) {
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

/// `GetNodeLabelDeprecatedMessage`.
fn deprecated_node_label(key: &str) -> Option<&'static str> {
    Some(match key {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        _ => return None,
    })
}

/// Labels of nodes by their old names, in selectors, affinity and spreading.
fn node_labels(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    for (key, value) in spec.field("nodeSelector").entries() {
        if let Some(message) = deprecated_node_label(key) {
            cx.warning(&value, message);
        }
    }
    let affinity = spec.field("affinity.nodeAffinity");
    let required = affinity.field("requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
    for term in required.items() {
        term_labels(&term, cx);
    }
    for preferred in affinity.field("preferredDuringSchedulingIgnoredDuringExecution").items() {
        term_labels(&preferred.field("preference"), cx);
    }
    for constraint in spec.field("topologySpreadConstraints").items() {
        let key = constraint.field("topologyKey");
        if let Some(message) = deprecated_node_label(key.text()) {
            cx.warning(&key, format_args!("{} is {message}", key.text()));
        }
    }
}

fn term_labels(term: &At<'_, '_>, cx: &mut Context<'_>) {
    for expression in term.field("matchExpressions").items() {
        let key = expression.field("key");
        if let Some(message) = deprecated_node_label(key.text()) {
            cx.warning(&key, format_args!("{} is {message}", key.text()));
        }
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
        warn_if_set(&annotations.key(key), message, cx);
    }
    let seccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if !spec.field("securityContext.seccompProfile").is_set() {
        warn_if_set(&annotations.key("seccomp.security.alpha.kubernetes.io/pod"), seccomp, cx);
    }
    each_container(spec, |container| {
        if !container.field("securityContext.seccompProfile").is_set() {
            let name = container.field("name").text();
            let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
            warn_if_set(&annotations.key(&key), seccomp, cx);
        }
    });
}

fn warn_if_set(annotation: &At<'_, '_>, message: &str, cx: &mut Context<'_>) {
    if annotation.is_set() {
        cx.warning(annotation, message);
    }
}

/// Kinds of volumes that are on their way out.
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
    for (index, item) in list.items().enumerate() {
        let key = item.field(field);
        if list.items().take(index).any(|other| other.field(field).text() == key.text()) {
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
    for (index, variable) in variables.items().enumerate() {
        let name = variable.field("name").text();
        let mut before = variables.items().take(index);
        if !before.any(|other| other.field("name").text() == name) {
            continue;
        }
        let value = variable.field("value").text();
        let reference = format!("$({name})");
        // A value that builds upon the earlier one is meant that way.
        let builds =
            !variable.field("valueFrom").is_set() && value != reference && value.contains(&reference);
        if !builds {
            let message =
                format_args!("hides previous definition of {name:?}, which may be dropped when using apply");
            cx.warning(&variable, message);
        }
    }
}

/// Ports that containers of the pod would contend for, and names that do not tell them apart.
fn ports(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    struct Seen<'n> {
        path: String,
        name: &'n str,
        number: i64,
        protocol: &'n str,
        host_ip: &'n str,
        host_port: i64,
        in_container: usize,
    }
    let mut count = 0;
    each_container(spec, |container| count += container.field("ports").len());
    if count == 0 {
        return;
    }
    let mut seen: Vec<Seen<'_>> = Vec::with_capacity(count);
    let mut container_index = 0;
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.field(list).items() {
            container_index += 1;
            for port in container.field("ports").items() {
                let name = port.field("name").text();
                let number = port.field("containerPort").int().unwrap_or(0);
                let protocol = or_default(port.field("protocol").text(), "TCP");
                let host_ip = port.field("hostIP").text();
                let host_port = port.field("hostPort").int().unwrap_or(0);
                if !host_ip.is_empty() && host_port == 0 {
                    cx.warning(&port, "hostIP set without hostPort");
                }
                for other in seen.iter().filter(|other| other.number == number && other.protocol == protocol)
                {
                    let path = &other.path;
                    if host_ip == other.host_ip && host_port == other.host_port {
                        cx.warning(&port, format_args!("duplicate port definition with {path}"));
                    } else if host_port == 0 || other.host_port == 0 {
                        cx.warning(&port, format_args!("overlapping port definition with {path}"));
                    } else if host_port == other.host_port && host_ip.is_empty() != other.host_ip.is_empty() {
                        cx.warning(&port, format_args!("dangerously ambiguous port definition with {path}"));
                    }
                }
                // Names are looked up among what runs on: not in init containers that end.
                let runs_on = list == "containers" || (list == "initContainers" && is_sidecar(&container));
                let name = if runs_on { name } else { "" };
                let mut others = seen.iter().filter(|other| other.in_container != container_index);
                if let Some(Seen { path, .. }) = others.find(|other| !name.is_empty() && other.name == name) {
                    let message = format_args!(
                        "duplicate port name {name:?} with {path}, services and probes that select ports by \
                         name will use {path}"
                    );
                    cx.warning(&port, message);
                }
                seen.push(Seen {
                    path: port.path(),
                    name,
                    number,
                    protocol,
                    host_ip,
                    host_port,
                    in_container: container_index,
                });
            }
        }
    }
}
