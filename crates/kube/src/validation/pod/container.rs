//! Containers of every sort: `validateContainers` and what it calls.

use super::volume::{Source, Volume};
use super::{At, Context, Pod, env, names, one_of, one_of_if_set, or_default};
use super::{probe, resources, security, volume_source};
use crate::Version;
use crate::gates::Feature;
use crate::validation::Texts;
use std::collections::BTreeSet;

/// `validateContainers`.
pub(super) fn containers(spec: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let containers = spec.field("containers");
    if containers.is_empty() {
        return cx.required(&containers, "");
    }
    let mut names = Texts::default();
    let mut host_ports = BTreeSet::new();
    for container in containers.items() {
        validate_common(&container, pod, cx);
        let name = container.field("name");
        if names.repeats(name.text()) {
            cx.duplicate(&name);
        }
        probe::lifecycle(&container.field("lifecycle"), pod, cx);
        probe::probes(&container, pod, cx);
        if cx.gate(Feature::ContainerRestartRules) {
            restart_policy(&container, cx);
        } else if cx.version < Version::V1_34 && container.field("restartPolicy").is_set() {
            // A version that has the gate and leaves it off drops both fields.
            cx.forbidden(&container.field("restartPolicy"), "may not be set for non-init containers");
        }
        host_port_conflicts(&container, &mut host_ports, pod, cx);
    }
}

/// `validateInitContainers`.
pub(super) fn init_containers(spec: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let regular = spec.field("containers");
    let containers = spec.field("initContainers");
    let mut names: Texts<'_> = regular.items().map(|other| other.field("name").text()).collect();
    for container in containers.items() {
        validate_common(&container, pod, cx);
        init_restart_policy(&container, cx);
        let name = container.field("name");
        if !name.text().is_empty() && names.repeats(name.text()) {
            cx.duplicate(&name);
        }
        // The server looks at each alone, and calls each the first.
        host_port_conflicts(&container.renumbered(0), &mut BTreeSet::new(), pod, cx);

        if is_sidecar(&container) {
            probe::lifecycle(&container.field("lifecycle"), pod, cx);
            probe::probes(&container, pod, cx);
            continue;
        }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            let place = container.field(field);
            // `stopSignal` is dropped while its gate is off, and with it a lifecycle that sets nothing else.
            let dropped = !cx.gate(Feature::ContainerStopSignals)
                && place.field("stopSignal").is_set()
                && !place.field("postStart").is_set()
                && !place.field("preStop").is_set();
            if place.is_set() && !dropped {
                let detail = "may not be set for init containers without restartPolicy=Always";
                cx.forbidden(&container.field(field), detail);
            }
        }
        if cx.gate(Feature::InPlacePodVerticalScalingInitContainers) {
            for policy in container.field("resizePolicy").items() {
                if policy.field("restartPolicy").text() == "RestartContainer" {
                    let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    cx.invalid(&policy.field("restartPolicy"), detail);
                }
            }
        }
    }
}

/// `validateEphemeralContainers`.
pub(super) fn ephemeral_containers(spec: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    /// What is not in `allowedEphemeralContainerFields`.
    const FORBIDDEN: &[&str] = &[
        "ports",
        "resources",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
        "resizePolicy",
        "restartPolicy",
        "restartPolicyRules",
    ];
    let containers = spec.field("ephemeralContainers");
    let mut lasting = Texts::default();
    for list in ["containers", "initContainers"] {
        for other in spec.field(list).items() {
            lasting.repeats(other.field("name").text());
        }
    }
    let mut names = Texts::default();
    for container in containers.items() {
        validate_common(&container, pod, cx);
        image_without_padding(&container, cx);
        let target = container.field("targetContainerName");
        let name = container.field("name");
        if names.repeats(name.text()) || lasting.contains(name.text()) {
            cx.duplicate(&name);
        }
        if !target.text().is_empty() && !lasting.contains(target.text()) {
            let others = spec.field("containers");
            cx.not_found(&target, others.items().map(|other| other.field("name").text()));
        }
        for field in FORBIDDEN {
            let place = container.field(field);
            // Only resources are neither a pointer nor a list: an empty map is equal to none.
            if place.is_set() && (*field != "resources" || !place.is_empty()) {
                cx.forbidden(&place, "cannot be set for an Ephemeral Container");
            }
        }
        for mount in container.field("volumeMounts").items() {
            for field in ["subPath", "subPathExpr"] {
                if !mount.field(field).text().is_empty() {
                    cx.forbidden(&mount.field(field), "cannot be set for an Ephemeral Container");
                }
            }
        }
    }
}

/// `validateContainersOnlyForPod`: fields that a template may set and a pod may not.
pub(super) fn only_for_pods(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    for list in ["containers", "initContainers"] {
        for container in spec.field(list).items() {
            image_without_padding(&container, cx);
        }
    }
}

/// Whether an init container runs on beside the others.
pub(super) fn is_sidecar(init_container: &At<'_, '_>) -> bool {
    init_container.field("restartPolicy").text() == "Always"
}

/// `validateContainerOnlyForPod`.
fn image_without_padding(container: &At<'_, '_>, cx: &mut Context<'_>) {
    let image = container.field("image");
    if image.text().trim().len() != image.text().len() {
        cx.invalid(&image, "must not have leading or trailing whitespace");
    }
}

/// `validateContainerCommon`.
fn validate_common(container: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let name = container.field("name");
    if name.text().is_empty() {
        cx.required(&name, "");
    } else {
        cx.form(&name, names::dns1123_label);
    }
    if container.field("image").text().is_empty() {
        cx.required(&container.field("image"), "");
    }
    let policies = &["File", "FallbackToLogsOnError"];
    one_of(&container.field("terminationMessagePolicy"), policies, cx);
    ports(&container.field("ports"), cx);
    env::variables(&container.field("env"), cx);
    env::sources(&container.field("envFrom"), cx);
    volume_mounts(container, pod, cx);
    volume_devices(container, pod, cx);
    pull_policy(&container.field("imagePullPolicy"), cx);
    resources::container(&container.field("resources"), &pod.claims, cx);
    resize_policy(&container.field("resizePolicy"), pod, cx);
    security::container_context(&container.field("securityContext"), pod, cx);
}

/// `validatePullPolicy`; the default depends on the image's tag.
pub(super) fn pull_policy(policy: &At<'_, '_>, cx: &mut Context<'_>) {
    one_of(policy, &["Always", "IfNotPresent", "Never"], cx);
}

/// `validateContainerPorts`.
fn ports(ports: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut named = Texts::default();
    for port in ports.items() {
        let name = port.field("name");
        if !name.text().is_empty() {
            let complaints = names::port_name(name.text());
            if !complaints.is_empty() {
                cx.invalid_each(&name, complaints);
            } else if named.repeats(name.text()) {
                cx.duplicate(&name);
            }
        }
        let number = port.field("containerPort");
        match number.int().unwrap_or(0) {
            0 => cx.required(&number, ""),
            number_there => cx.invalid_each(&number, names::port_number(number_there)),
        }
        let host_port = port.field("hostPort");
        if let Some(number) = host_port.int().filter(|&number| number != 0) {
            cx.invalid_each(&host_port, names::port_number(number));
        }
        one_of(&port.field("protocol"), &["SCTP", "TCP", "UDP"], cx);
    }
}

/// A port of the node that a container port takes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct HostPort<'n> {
    protocol: &'n str,
    ip: &'n str,
    port: i64,
}

impl<'n> HostPort<'n> {
    fn from_port(port: &At<'_, 'n>, pod: &Pod<'_>) -> Option<Self> {
        let mut number = port.field("hostPort").int().unwrap_or(0);
        if number == 0 && pod.is_complete && pod.host_network {
            number = port.field("containerPort").int().unwrap_or(0);
        }
        (number != 0).then(|| Self {
            protocol: or_default(port.field("protocol").text(), "TCP"),
            ip: port.field("hostIP").text(),
            port: number,
        })
    }
}

/// `checkHostPortConflicts`: within a container, and with those that have `taken` ports before.
fn host_port_conflicts<'n>(
    container: &At<'_, 'n>,
    taken: &mut BTreeSet<HostPort<'n>>,
    pod: &Pod<'_>,
    cx: &mut Context<'_>,
) {
    for port in container.field("ports").items() {
        if let Some(wanted) = HostPort::from_port(&port, pod)
            && !taken.insert(wanted)
        {
            cx.duplicate(&port.field("hostPort"));
        }
    }
}

/// `ValidateVolumeMounts`.
fn volume_mounts(container: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let mounts = container.field("volumeMounts");
    let devices = container.field("volumeDevices");
    let (device_names, device_paths) =
        (collect_texts(&devices, "name"), collect_texts(&devices, "devicePath"));
    let mut paths = Texts::default();
    for mount in mounts.items() {
        let name = mount.field("name");
        let path = mount.field("mountPath");
        // The paths of mounts that the server drops count all the same.
        let repeats = paths.repeats(path.text());
        if pod.volumes.is_dropped(name.text()) {
            continue;
        }
        if name.text().is_empty() {
            cx.required(&name, "");
        }
        if pod.volumes.named(name.text()).is_none() {
            cx.not_found(&name, pod.volumes.iter().map(|volume| volume.name));
        }
        if path.text().is_empty() {
            cx.required(&path, "");
        }
        if repeats {
            cx.invalid(&path, "must be unique");
        }
        if device_names.contains(name.text()) {
            cx.invalid(&name, "must not already exist in volumeDevices");
        }
        if device_paths.contains(path.text()) {
            cx.invalid(&path, "must not already exist as a path in volumeDevices");
        }

        // From here on the server's paths leave the index out.
        let sub_path = mount.field("subPath");
        if !sub_path.text().is_empty() {
            volume_source::local_descending_path(&sub_path.below(&mounts), cx);
        }
        let expression = mount.field("subPathExpr");
        if !expression.text().is_empty() {
            if !sub_path.text().is_empty() {
                cx.invalid(&expression, "subPathExpr and subPath are mutually exclusive");
            }
            volume_source::local_descending_path(&expression.below(&mounts), cx);
        }
        mount_propagation(&mount.field("mountPropagation").below(&mounts), container, cx);
        recursive_read_only(&mount, &mounts, cx);
    }
}

/// `validateMountPropagation`.
fn mount_propagation(propagation: &At<'_, '_>, container: &At<'_, '_>, cx: &mut Context<'_>) {
    one_of_if_set(propagation, &["Bidirectional", "HostToContainer", "None"], cx);
    if propagation.text() == "Bidirectional" && !container.field("securityContext.privileged").flag() {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        cx.forbidden(propagation, detail);
    }
}

/// `validateMountRecursiveReadOnly`.
fn recursive_read_only(mount: &At<'_, '_>, mounts: &At<'_, '_>, cx: &mut Context<'_>) {
    let recursive = mount.field("recursiveReadOnly");
    let recursive = recursive.below(mounts);
    match recursive.str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.field("readOnly").flag() {
                cx.forbidden(&recursive, "may only be specified when readOnly is true");
            }
            if mount.field("mountPropagation").str().is_some_and(|propagation| propagation != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                cx.forbidden(&recursive, detail);
            }
        }
        Some(_) => cx.not_supported(&recursive, &["Disabled", "Enabled", "IfPossible"]),
    }
}

/// The texts in a field of the items of a list.
fn collect_texts<'n>(list: &At<'_, 'n>, field: &str) -> Texts<'n> {
    list.items().map(|item| item.field(field).text()).collect()
}

/// `ValidateVolumeDevices`.
fn volume_devices(container: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    let mounts = container.field("volumeMounts");
    let devices = container.field("volumeDevices");
    if devices.is_empty() {
        return;
    }
    let (mount_names, mount_paths) = (collect_texts(&mounts, "name"), collect_texts(&mounts, "mountPath"));
    let (mut names, mut paths) = (Texts::default(), Texts::default());
    for device in devices.items() {
        let name = device.field("name");
        if name.text().is_empty() {
            cx.required(&name, "");
        } else if names.repeats(name.text()) {
            cx.invalid(&name, "must be unique");
        }
        match pod.volumes.named(name.text()) {
            Some(Volume { source: Source::Claim, .. }) => {}
            Some(Volume { source: Source::Other, .. }) => {
                let detail =
                    "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                cx.invalid(&name, detail);
            }
            Some(Volume { source: Source::Dropped, .. }) | None => {
                let claims = pod.volumes.iter().filter(|volume| matches!(volume.source, Source::Claim));
                cx.not_found(&name, claims.map(|volume| volume.name));
            }
        }
        let path = device.field("devicePath");
        let repeats = paths.repeats(path.text());
        if path.text().is_empty() {
            cx.required(&path, "");
        }
        if volume_source::has_backsteps(path.text()) {
            cx.invalid(&path, "can not contain backsteps ('..')");
        } else if repeats {
            cx.invalid(&path, "must be unique");
        }
        if mount_names.contains(name.text()) {
            cx.invalid(&name, "must not already exist in volumeMounts");
        }
        if mount_paths.contains(path.text()) {
            cx.invalid(&path, "must not already exist as a path in volumeMounts");
        }
    }
}

/// `validateResizePolicy`; where one of the policies is at fault the server blames the list.
fn resize_policy(policies: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    for (index, policy) in policies.items().enumerate() {
        let resource = policy.field("resourceName");
        if policies.items().take(index).any(|other| other.field("resourceName").text() == resource.text()) {
            cx.duplicate(&policy.showing(&resource));
        }
        match resource.text() {
            "cpu" | "memory" => {}
            "" => cx.required(&policies.showing(&policy), "`resourceName` has to be given"),
            _ => cx.not_supported(&policies.showing(&resource), &["cpu", "memory"]),
        }
        let restart = policy.field("restartPolicy");
        match restart.text() {
            "NotRequired" | "RestartContainer" => {}
            "" => cx.required(&policies.showing(&policy), "`restartPolicy` has to be given"),
            _ => cx.not_supported(&policies.showing(&restart), &["NotRequired", "RestartContainer"]),
        }
        if pod.restart_policy == "Never" && restart.text() != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            cx.invalid(&policies.showing(&restart), detail);
        }
    }
}

/// `validateInitContainerRestartPolicy`.
fn init_restart_policy(container: &At<'_, '_>, cx: &mut Context<'_>) {
    let policy = container.field("restartPolicy");
    if cx.version < Version::V1_34 {
        one_of_if_set(&policy, &["Always"], cx);
    } else if !cx.gate(Feature::ContainerRestartRules) {
        // What makes no sidecar is dropped.
    } else if cx.version < Version::V1_36 && is_sidecar(container) {
        let rules = container.field("restartPolicyRules");
        if !rules.is_empty() {
            let detail = "restartPolicyRules are not allowed for init containers with restart policy Always";
            cx.forbidden(&rules, detail);
        }
    } else if policy.is_set() {
        restart_policy(container, cx);
    } else if !container.field("restartPolicyRules").is_empty() {
        cx.required(&policy, "must specify restartPolicy when restart rules are used");
    }
}

/// `validateContainerRestartPolicy`.
fn restart_policy(container: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_RULES: usize = 20;
    const MAX_EXIT_CODES: usize = 255;

    let policy = container.field("restartPolicy");
    let rules = container.field("restartPolicyRules");
    if policy.is_set() {
        one_of_if_set(&policy, &["Always", "Never", "OnFailure"], cx);
    } else if !rules.is_empty() {
        cx.required(&policy, "must specify restartPolicy when restart rules are used");
    }
    if rules.len() > MAX_RULES {
        cx.too_many(&rules, MAX_RULES);
    }
    let actions: &[&str] = if cx.gate(Feature::RestartAllContainersOnContainerExits) {
        &["Restart", "RestartAllContainers"]
    } else {
        &["Restart"]
    };
    for rule in rules.items() {
        let action = rule.field("action");
        if !actions.contains(&action.text()) {
            cx.not_supported(&action, actions);
        }
        let codes = rule.field("exitCodes");
        if !codes.is_set() {
            cx.required(&codes, "must be specified");
            continue;
        }
        let operator = codes.field("operator");
        if !["In", "NotIn"].contains(&operator.text()) {
            cx.not_supported(&operator, &["In", "NotIn"]);
        }
        if codes.field("values").len() > MAX_EXIT_CODES {
            cx.too_many(&codes.field("values"), MAX_EXIT_CODES);
        }
    }
}
