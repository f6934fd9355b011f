//! Security contexts, their older annotations, and what depends on the operating system.

use super::{At, Context, Pod, each_container, names, one_of_if_set, volume_source};
use crate::Version;
use crate::gates::Feature;
use crate::validation::Texts;

pub(super) const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
pub(super) const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// `validatePodSpecSecurityContext`.
pub(super) fn pod_context(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let context = spec.field("securityContext");
    // The server reports `shareProcessNamespace` as part of the security context.
    let share = spec.field("shareProcessNamespace").below(&context);
    if share.flag() && spec.field("hostPID").flag() {
        cx.invalid(&share, "ShareProcessNamespace and HostPID cannot both be enabled");
    }
    if !context.is_set() {
        return;
    }
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        user_or_group(&context.field(field), cx);
    }
    for group in context.field("supplementalGroups").items() {
        user_or_group(&group, cx);
    }
    sysctls(spec, &context.field("sysctls"), cx);
    one_of_if_set(&context.field("fsGroupChangePolicy"), &["Always", "OnRootMismatch"], cx);
    seccomp_profile(&context.field("seccompProfile"), cx);
    windows_options(&context.field("windowsOptions"), cx);
    app_armor_profile(&context.field("appArmorProfile"), cx);
    one_of_if_set(&context.field("supplementalGroupsPolicy"), &["Merge", "Strict"], cx);
    let policies: &[&str] =
        if cx.gate(Feature::SELinuxMount) { &["MountOption", "Recursive"] } else { &["Recursive"] };
    one_of_if_set(&context.field("seLinuxChangePolicy"), policies, cx);
}

/// `ValidateSecurityContext`. Privileged containers are taken: real clusters allow them.
pub(super) fn container_context(context: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    if !context.is_set() {
        return;
    }
    user_or_group(&context.field("runAsUser"), cx);
    user_or_group(&context.field("runAsGroup"), cx);
    // While the gate is off, the server writes `Default` over it.
    if cx.gate(Feature::ProcMountType) {
        let proc_mount = context.field("procMount");
        one_of_if_set(&proc_mount, &["Default", "Unmasked"], cx);
        if pod.host_users && proc_mount.text() == "Unmasked" {
            cx.invalid(&proc_mount, "`hostUsers` must be false to use `Unmasked`");
        }
    }
    seccomp_profile(&context.field("seccompProfile"), cx);
    if context.field("allowPrivilegeEscalation").bool() == Some(false) {
        if context.field("privileged").flag() {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
            cx.invalid(context, detail);
        }
        for capability in context.field("capabilities.add").items() {
            if capability.text() == "CAP_SYS_ADMIN" {
                let detail =
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
                cx.invalid(&context.showing(&capability), detail);
            }
        }
    }
    windows_options(&context.field("windowsOptions"), cx);
    app_armor_profile(&context.field("appArmorProfile"), cx);
}

/// `validateHostUsers`: a user namespace of its own excludes sharing others.
pub(super) fn host_users(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    if spec.field("hostUsers").bool() != Some(false) {
        return;
    }
    let detail = "when `hostUsers` is false";
    for (field, spelt) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        let place = spec.field(field);
        if place.flag() {
            cx.forbidden(&place.renamed(spelt), detail);
        }
    }
    if cx.version >= Version::V1_35 {
        each_container(spec, |container| {
            let devices = container.field("volumeDevices");
            if !devices.is_empty() {
                cx.forbidden(&devices, detail);
            }
        });
    }
}

/// `validateWindowsHostProcessPod`.
pub(super) fn windows_host_process(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let of_pod = spec.field("securityContext.windowsOptions.hostProcess").bool();
    let (mut containers, mut host_process) = (0, 0);
    each_container(spec, |container| {
        containers += 1;
        let place = container.field("securityContext.windowsOptions.hostProcess");
        let of_container = place.bool();
        if let (Some(pod), Some(own)) = (of_pod, of_container)
            && pod != own
        {
            let detail =
                format_args!("pod hostProcess value must be identical if both are specified, was {pod}");
            cx.invalid(&place, detail);
        }
        host_process += usize::from(of_container.or(of_pod) == Some(true));
    });
    if host_process == 0 {
        return;
    }
    if host_process != containers {
        let detail =
            "if pod contains any hostProcess containers then all containers must be HostProcess containers";
        cx.invalid(spec, detail);
    }
    if !spec.field("hostNetwork").flag() {
        let place = spec.field("hostNetwork");
        cx.invalid(&place, "hostNetwork must be true if pod contains any hostProcess containers");
    }
}

/// `validateOS`, and `validateLinux` or `validateWindows`.
pub(super) fn operating_system(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let os = spec.field("os");
    if !os.is_set() {
        return;
    }
    let name = os.field("name");
    match name.text() {
        "" => cx.required(&name, "cannot be empty"),
        "linux" => {
            let detail = "windows options cannot be set for a linux pod";
            if_set(&spec.field("securityContext"), &["windowsOptions"], detail, cx);
            each_container(spec, |container| {
                if_set(&container.field("securityContext"), &["windowsOptions"], detail, cx);
            });
        }
        "windows" => windows(spec, cx),
        _ => cx.not_supported(&os.showing(&name), &["linux", "windows"]),
    }
}

/// `ValidateSeccompPodAnnotations` and `ValidateAppArmorPodAnnotations`.
pub(super) fn annotations(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    for (key, value) in annotations.entries() {
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            seccomp_annotation(&value.renamed(key), cx);
        } else if let Some(name) = key.strip_prefix(APP_ARMOR) {
            let mut found = false;
            each_container(spec, |container| found |= container.field("name").text() == name);
            if !found {
                cx.invalid_key(&value, name, value.key_span(), "container not found");
            }
            let profile = value.text();
            let known = matches!(profile, "" | "runtime/default" | "unconfined");
            if !known && !profile.starts_with("localhost/") {
                cx.invalid(&value, format_args!("invalid AppArmor profile name: {profile:?}"));
            }
        }
    }
}

/// `validateSeccompAnnotationsAndFields` and `validateAppArmorAnnotationsAndFieldsMatchOnCreate`: where both
/// are given they have to say the same.
pub(super) fn annotations_match_fields(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let windows = spec.field("os.name").text() == "windows";
    let seccomp = |annotation: &At<'_, '_>, profile: &At<'_, '_>, cx: &mut Context<'_>| {
        profile_matches(annotation, profile, "seccomp", &["runtime/default", "docker/default"], cx);
    };
    for (key, annotation) in annotations.entries() {
        if key == SECCOMP_POD {
            seccomp(&annotation, &spec.field("securityContext.seccompProfile"), cx);
        } else if let Some(name) = key.strip_prefix(SECCOMP_CONTAINER) {
            each_container(spec, |container| {
                if container.field("name").text() == name {
                    seccomp(&annotation, &container.field("securityContext.seccompProfile"), cx);
                }
            });
        } else if let Some(name) = key.strip_prefix(APP_ARMOR).filter(|_| !windows) {
            each_container(spec, |container| {
                if container.field("name").text() == name {
                    let own = container.field("securityContext.appArmorProfile");
                    let of_pod = spec.field("securityContext.appArmorProfile");
                    let profile = if own.is_set() { own } else { own.showing(&of_pod) };
                    profile_matches(&annotation, &profile, "apparmor", &["runtime/default"], cx);
                }
            });
        }
    }
}

fn user_or_group(id: &At<'_, '_>, cx: &mut Context<'_>) {
    if let Some(number) = id.int() {
        cx.invalid_each(id, names::user_or_group_id(number));
    }
}

/// `validateSysctls`.
fn sysctls(spec: &At<'_, '_>, sysctls: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 253;

    let mut seen = Texts::default();
    for sysctl in sysctls.items() {
        let name = sysctl.field("name");
        let text = name.text();
        if text.is_empty() {
            cx.required(&name, "");
        } else if text.len() > MAX_LENGTH || !is_sysctl_name(text) {
            let detail = format_args!(
                "must have at most {MAX_LENGTH} characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
            );
            cx.invalid(&name, detail);
        } else if seen.repeats(text) {
            cx.duplicate(&name);
        }
        match namespace_of_sysctl(text) {
            Some("net") if spec.field("hostNetwork").flag() => {
                cx.invalid(&name, "may not be specified when 'hostNetwork' is true");
            }
            Some("ipc") if spec.field("hostIPC").flag() => {
                cx.invalid(&name, "may not be specified when 'hostIPC' is true");
            }
            _ => {}
        }
    }
}

/// `IsValidSysctlName`, but for the length.
fn is_sysctl_name(name: &str) -> bool {
    name.split(['.', '/']).all(|segment| {
        let end = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        end(segment.bytes().next())
            && end(segment.bytes().last())
            && segment
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
    })
}

/// `sysctl.GetNamespace`. A name whose first separator is a slash has its separators swapped.
fn namespace_of_sysctl(name: &str) -> Option<&'static str> {
    let is_slashed = name.find(['.', '/']).is_some_and(|at| name[at..].starts_with('/'));
    let is = |prefix: &str| {
        if is_slashed { name.starts_with(&prefix.replace('.', "/")) } else { name.starts_with(prefix) }
    };
    if is("net.") {
        Some("net")
    } else if is("kernel.shm")
        || is("kernel.msg")
        || is("fs.mqueue.")
        || matches!(name, "kernel.sem" | "kernel/sem")
    {
        Some("ipc")
    } else {
        None
    }
}

/// `validateSeccompProfileField`.
fn seccomp_profile(profile: &At<'_, '_>, cx: &mut Context<'_>) {
    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.field("type"), profile.field("localhostProfile"));
    match kind.text() {
        "Localhost" | "RuntimeDefault" | "Unconfined" => {}
        "" => cx.required(&kind, "type is required when seccompProfile is set"),
        _ => cx.not_supported(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
    match (kind.text() == "Localhost", file.is_set()) {
        (true, true) => volume_source::local_descending_path(&file, cx),
        (true, false) => cx.required(&file, "must be set when seccomp type is Localhost"),
        (false, true) => cx.invalid(&file, "can only be set when seccomp type is Localhost"),
        (false, false) => {}
    }
}

/// `ValidateAppArmorProfileField`.
fn app_armor_profile(profile: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 4095;

    if !profile.is_set() {
        return;
    }
    let (kind, file) = (profile.field("type"), profile.field("localhostProfile"));
    match kind.text() {
        "Localhost" => {
            let name = file.text();
            if name.trim().len() != name.len() {
                cx.invalid(&file, "must not be padded with whitespace");
            } else if name.is_empty() {
                cx.required(&file, "must be set when AppArmor type is Localhost");
            }
            if name.len() > MAX_LENGTH {
                cx.too_long(&file, MAX_LENGTH);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if file.is_set() {
                cx.invalid(&file, "can only be set when AppArmor type is Localhost");
            }
        }
        "" => cx.required(&kind, "type is required when appArmorProfile is set"),
        _ => cx.not_supported(&kind, &["Localhost", "RuntimeDefault", "Unconfined"]),
    }
}

/// `ValidateSeccompProfile`.
fn seccomp_annotation(value: &At<'_, '_>, cx: &mut Context<'_>) {
    match value.text() {
        "runtime/default" | "docker/default" | "unconfined" => {}
        profile => match profile.strip_prefix("localhost/") {
            None => cx.invalid(value, "must be a valid seccomp profile"),
            Some(path) => {
                if path.starts_with('/') {
                    cx.invalid(value, "must be a relative path");
                }
                if volume_source::has_backsteps(path) {
                    cx.invalid(value, "must not contain '..'");
                }
            }
        },
    }
}

/// The part that `validateSeccompAnnotationsAndFieldsMatch` and
/// `validateAppArmorAnnotationsAndFieldsMatchOnCreate` share: `defaults` are the annotations that mean the
/// runtime's own profile.
fn profile_matches(
    annotation: &At<'_, '_>,
    profile: &At<'_, '_>,
    what: &str,
    defaults: &[&str],
    cx: &mut Context<'_>,
) {
    let (Some(annotation), true) = (annotation.str(), profile.is_set()) else { return };
    let kind = profile.field("type");
    let same_kind = match kind.text() {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => defaults.contains(&annotation),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => return,
    };
    if !same_kind {
        return cx.forbidden(&kind, format_args!("{what} type in annotation and field must match"));
    }
    let file = profile.field("localhostProfile");
    if kind.text() == "Localhost" && annotation.strip_prefix("localhost/") != file.str() {
        cx.forbidden(&file, format_args!("{what} profile in annotation and field must match"));
    }
}

/// `validateWindowsSecurityContextOptions`.
fn windows_options(options: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_SPEC_BYTES: usize = 64 * 1024;

    let name = options.field("gmsaCredentialSpecName");
    if name.is_set() {
        cx.form(&name, names::dns1123_subdomain);
    }
    let spec = options.field("gmsaCredentialSpec");
    if spec.str() == Some("") {
        cx.invalid(&spec, "gmsaCredentialSpec cannot be an empty string");
    } else if spec.text().len() > MAX_SPEC_BYTES {
        cx.invalid(&spec, "gmsaCredentialSpec size must be under 64 KiB");
    }
    let user = options.field("runAsUserName");
    if let Some(text) = user.str() {
        run_as_user_name(&user, text, cx);
    }
}

/// `DOMAIN\user`, or the user alone.
fn run_as_user_name(at: &At<'_, '_>, name: &str, cx: &mut Context<'_>) {
    const MAX_DOMAIN: usize = 256;
    const MAX_USER: usize = 104;

    if name.is_empty() {
        return cx.invalid(at, "runAsUserName cannot be an empty string");
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return cx.invalid(at, "runAsUserName cannot contain control characters");
    }
    let (domain, user) = name.split_once('\\').map_or((None, name), |(domain, user)| (Some(domain), user));
    if user.contains('\\') {
        return cx.invalid(at, "runAsUserName cannot contain more than one backslash");
    }
    if let Some(domain) = domain {
        if domain.len() >= MAX_DOMAIN {
            let detail = format_args!("runAsUserName's Domain length must be under {MAX_DOMAIN} characters");
            cx.invalid(at, detail);
        }
        let net_bios = (1..=15).contains(&domain.chars().count())
            && !domain.starts_with('.')
            && !domain.contains(['/', ':', '*', '?', '"', '<', '>', '|']);
        let dns = domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
        if !net_bios && !dns {
            cx.invalid(at, "runAsUserName's Domain doesn't match the NetBios nor the DNS format");
        }
    }
    if user.is_empty() {
        cx.invalid(at, "runAsUserName's User cannot be empty");
    } else if user.len() > MAX_USER {
        let detail =
            format_args!("runAsUserName's User length must not be longer than {MAX_USER} characters");
        cx.invalid(at, detail);
    }
    if !user.is_empty() && user.bytes().all(|byte| matches!(byte, b'.' | b' ')) {
        cx.invalid(at, "runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains(['"', '/', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        cx.invalid(at, "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]");
    }
}

/// `validateWindows`.
fn windows(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    const POD: &[&str] = &[
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ];
    const CONTAINER: &[&str] = &[
        "appArmorProfile",
        "seLinuxOptions",
        "seccompProfile",
        "capabilities",
        "readOnlyRootFilesystem",
        "privileged",
        "allowPrivilegeEscalation",
        "procMount",
        "runAsUser",
        "runAsGroup",
    ];
    let detail = "cannot be set for a windows pod";
    let context = spec.field("securityContext");
    if_set(&context, POD, detail, cx);
    if !context.field("sysctls").is_empty() {
        cx.forbidden(&context.field("sysctls"), detail);
    }
    if_set(spec, &["hostUsers", "shareProcessNamespace"], detail, cx);
    for field in ["hostPID", "hostIPC"] {
        if spec.field(field).flag() {
            cx.forbidden(&spec.field(field), detail);
        }
    }
    each_container(spec, |container| if_set(&container.field("securityContext"), CONTAINER, detail, cx));
}

/// Forbids each of the fields that is there.
fn if_set(place: &At<'_, '_>, fields: &[&str], detail: &str, cx: &mut Context<'_>) {
    for field in fields {
        if place.field(field).is_set() {
            cx.forbidden(&place.field(field), detail);
        }
    }
}
