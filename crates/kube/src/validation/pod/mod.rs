//! Pods and pod templates: `pkg/apis/core/validation` from `ValidatePodTemplateSpec` and
//! `ValidatePodCreate` down, and the warnings of `pkg/api/pod`.
//!
//! Feature gates stand at their defaults of the version that is asked; a field whose gate is off is
//! dropped by the server before it validates, so it is not looked at here either.

mod container;
mod env;
mod probe;
mod resources;
mod scheduling;
mod security;
mod volume;
mod warning;

#[cfg(test)]
mod tests;

pub(super) use scheduling::{node_selector, tolerations};

use super::{At, Context, metadata, volume_source};
use crate::gates::Feature;
use crate::names;

/// `ValidatePodTemplate`.
pub(super) fn pod_template(root: &At<'_, '_>, cx: &mut Context<'_>) {
    template_spec(&root.field("template"), cx);
}

/// `ValidatePodTemplateSpec`: `template` is the place of the whole template (`spec.template`).
pub(super) fn template_spec(template: &At<'_, '_>, cx: &mut Context<'_>) {
    workload_template(template, Holder::Template, cx);
}

/// `ValidatePodTemplateSpec` for a `StatefulSet`: its claim templates, whose place is `claims`, become volumes
/// in front of the template's own and replace those of the same name.
pub(super) fn template_spec_with_claims<'n>(template: &At<'_, 'n>, claims: At<'_, 'n>, cx: &mut Context<'_>) {
    workload_template(template, Holder::StatefulSet { claims }, cx);
}

/// The part of `ValidatePodTemplateSpec` that a `StatefulSet` got before 1.34: its pods' spec was not validated.
pub(super) fn template_with_unchecked_spec(template: &At<'_, '_>, cx: &mut Context<'_>) {
    template_metadata(template, cx);
    warning::warn_of_template(template, cx);
}

/// What `ValidatePodTemplateSpec` checks of the template's metadata.
fn template_metadata(template: &At<'_, '_>, cx: &mut Context<'_>) {
    let written = template.field("metadata");
    // The server leaves `metadata` out of these paths.
    metadata::labels(&written.field("labels").below(template), cx);
    let annotations = written.field("annotations").below(template);
    metadata::annotations(&annotations, cx);
    specific_annotations(&annotations, &template.field("spec"), cx);
}

fn workload_template<'n>(template: &At<'_, 'n>, holder: Holder<'_, 'n>, cx: &mut Context<'_>) {
    template_metadata(template, cx);
    let spec = template.field("spec");
    pod_spec(&spec, holder, cx);
    security::annotations_match_fields(&template.field("metadata.annotations"), &spec, cx);
    if !spec.field("ephemeralContainers").is_empty() {
        cx.forbidden(&spec.field("ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
    warning::warn_of_template(template, cx);
}

/// `ValidatePodCreate`, but for the metadata every object has.
pub(super) fn pod(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let meta = root.field("metadata");
    let annotations = meta.field("annotations");
    let spec = root.field("spec");
    specific_annotations(&annotations, &spec, cx);
    pod_spec(&spec, Holder::Pod { metadata: meta }, cx);
    security::annotations_match_fields(&annotations, &spec, cx);
    container::only_for_pods(&spec, cx);
    if service_account(&spec).text().is_empty() {
        volume::no_service_account(&spec.field("volumes"), cx);
    }
    if !spec.field("ephemeralContainers").is_empty() {
        cx.forbidden(&spec.field("ephemeralContainers"), "cannot be set on create");
    }
    if !spec.field("nodeName").text().is_empty() && !spec.field("schedulingGates").is_empty() {
        cx.forbidden(&spec.field("nodeName"), "cannot be set until all schedulingGates have been cleared");
    }
    warning::warn_of_template(root, cx);
}

/// Whose spec is validated: some rules hold for pods only, as templates may be completed later.
#[derive(Clone, Copy)]
enum Holder<'p, 'n> {
    Template,
    /// The set gives its pods their host names, and volumes for its claim templates.
    StatefulSet {
        claims: At<'p, 'n>,
    },
    Pod {
        metadata: At<'p, 'n>,
    },
}

impl<'p, 'n> Holder<'p, 'n> {
    fn pod_metadata(self) -> Option<At<'p, 'n>> {
        match self {
            Self::Pod { metadata } => Some(metadata),
            Self::Template | Self::StatefulSet { .. } => None,
        }
    }
}

/// What the checks below the spec need to know of the rest of it.
struct Pod<'n> {
    /// A pod, whose spec is complete; templates may be completed later.
    is_complete: bool,
    host_network: bool,
    /// The containers share the user namespace of the host.
    host_users: bool,
    restart_policy: &'n str,
    grace_period: i64,
    volumes: volume::Volumes<'n>,
    /// Names of `resourceClaims`.
    claims: Vec<&'n str>,
}

/// `ValidatePodSpec`.
fn pod_spec<'n>(spec: &At<'_, 'n>, holder: Holder<'_, 'n>, cx: &mut Context<'_>) {
    let pod = Pod {
        is_complete: holder.pod_metadata().is_some(),
        host_network: spec.field("hostNetwork").flag(),
        host_users: spec.field("hostUsers").bool().unwrap_or(true),
        restart_policy: or_default(spec.field("restartPolicy").text(), "Always"),
        grace_period: spec.field("terminationGracePeriodSeconds").int().unwrap_or(30),
        volumes: volume::volumes(&spec.field("volumes"), holder, cx),
        claims: resources::pod_claims(&spec.field("resourceClaims"), holder, cx),
    };

    container::containers(spec, &pod, cx);
    container::init_containers(spec, &pod, cx);
    container::ephemeral_containers(spec, &pod, cx);
    resources::pod_level(spec, &pod, cx);
    host_network_ports(spec, &pod, cx);
    one_of(&spec.field("restartPolicy"), &["Always", "OnFailure", "Never"], cx);
    one_of(&spec.field("dnsPolicy"), &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"], cx);
    metadata::labels(&spec.field("nodeSelector"), cx);
    security::pod_context(spec, cx);
    scheduling::affinity(&spec.field("affinity"), holder, cx);
    dns_config(spec, cx);
    for gate in spec.field("readinessGates").items() {
        let condition = gate.field("conditionType");
        cx.form(&condition, names::qualified_name);
    }
    scheduling::gates(&spec.field("schedulingGates"), cx);
    scheduling::spread_constraints(&spec.field("topologySpreadConstraints"), holder, cx);
    security::windows_host_process(spec, cx);
    security::host_users(spec, cx);
    hostname_override(spec, cx);
    for name in [service_account(spec), spec.field("nodeName"), spec.field("priorityClassName")] {
        if !name.text().is_empty() {
            cx.form(&name, names::dns1123_subdomain);
        }
    }
    let deadline = spec.field("activeDeadlineSeconds");
    if let Some(seconds) = deadline.int() {
        cx.invalid_each(&deadline, names::in_range(seconds, 1, i64::from(i32::MAX)));
    }
    for label in [spec.field("hostname"), spec.field("subdomain")] {
        if !label.text().is_empty() && !matches!(holder, Holder::StatefulSet { .. }) {
            cx.form(&label, names::dns1123_label);
        }
    }
    scheduling::tolerations(&spec.field("tolerations"), cx);
    host_aliases(&spec.field("hostAliases"), cx);
    let runtime_class = spec.field("runtimeClassName");
    if runtime_class.is_set() {
        cx.form(&runtime_class, names::dns1123_subdomain);
    }
    let preemption = spec.field("preemptionPolicy");
    match preemption.str() {
        None | Some("PreemptLowerPriority" | "Never") => {}
        Some("") => cx.required(&preemption, ""),
        Some(_) => cx.not_supported(&preemption, &["PreemptLowerPriority", "Never"]),
    }
    resources::overhead(&spec.field("overhead"), cx);
    security::operating_system(spec, cx);
    env::file_key_volumes(spec, cx);
}

/// `spec.serviceAccountName`, or its deprecated alias `spec.serviceAccount` spelt as such.
fn service_account<'q, 'n>(spec: &'q At<'_, 'n>) -> At<'q, 'n> {
    let name = spec.field("serviceAccountName");
    if name.text().is_empty() { spec.field("serviceAccount").renamed("serviceAccountName") } else { name }
}

/// `ValidatePodSpecificAnnotations`: `annotations` is spelt as the server does.
fn specific_annotations(annotations: &At<'_, '_>, spec: &At<'_, '_>, cx: &mut Context<'_>) {
    if annotations.is_empty() {
        return;
    }
    if annotations.key("kubernetes.io/config.mirror").is_set() && spec.field("nodeName").text().is_empty() {
        cx.invalid(
            &annotations.key("kubernetes.io/config.mirror"),
            "must set spec.nodeName if mirror pod annotation is set",
        );
    }
    scheduling::annotated_tolerations(annotations, cx);
    let cost = annotations.key("controller.kubernetes.io/pod-deletion-cost");
    if cost.is_set() && !is_deletion_cost(cost.text()) {
        cx.invalid(&cost, "must be a 32bit integer");
    }
    security::annotations(annotations, spec, cx);
}

/// `helper.GetDeletionCostFromPodAnnotations`: a number of 32 bits that starts with a minus or, but for 0
/// itself, with no zero.
fn is_deletion_cost(text: &str) -> bool {
    let start = |first: char| first == '-' || ('1'..='9').contains(&first);
    (text == "0" || text.starts_with(start)) && text.parse::<i32>().is_ok()
}

/// `validatePodHostNetworkDeps`.
fn host_network_ports(spec: &At<'_, '_>, pod: &Pod<'_>, cx: &mut Context<'_>) {
    if !pod.host_network {
        return;
    }
    for container in spec.field("containers").items() {
        for port in container.field("ports").items() {
            // In a pod an absent host port is the container's.
            let host_port = port.field("hostPort");
            let number = host_port.int().unwrap_or(0);
            if number != 0 && number != port.field("containerPort").int().unwrap_or(0) {
                cx.invalid(&host_port, "must match `containerPort` when `hostNetwork` is true");
            }
        }
    }
}

/// `validatePodDNSConfig`.
fn dns_config(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_NAMESERVERS: usize = 3;
    const MAX_SEARCHES: usize = 32;
    const MAX_SEARCH_CHARACTERS: usize = 2048;

    let config = spec.field("dnsConfig");
    let nameservers = config.field("nameservers");
    if spec.field("dnsPolicy").text() == "None" {
        if !config.is_set() {
            return cx.required(&config, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if nameservers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return cx.required(&nameservers, detail);
        }
    }
    if nameservers.len() > MAX_NAMESERVERS {
        cx.invalid(&nameservers, format_args!("must not have more than {MAX_NAMESERVERS} nameservers"));
    }
    for nameserver in nameservers.items() {
        legacy_ip(&nameserver, cx);
    }
    let searches = config.field("searches");
    if searches.len() > MAX_SEARCHES {
        cx.invalid(&searches, format_args!("must not have more than {MAX_SEARCHES} search paths"));
    }
    let characters = searches.items().map(|search| search.text().len() + 1).sum::<usize>();
    if characters.saturating_sub(1) > MAX_SEARCH_CHARACTERS {
        let detail = format_args!(
            "must not have more than {MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list"
        );
        cx.invalid(&searches, detail);
    }
    let relaxed = cx.gate(Feature::RelaxedDNSSearchValidation);
    let form = if relaxed { names::dns1123_subdomain_with_underscore } else { names::dns1123_subdomain };
    for search in searches.items() {
        let text = search.text();
        if !(relaxed && text == ".") {
            cx.invalid_each(&search, form(text.strip_suffix('.').unwrap_or(text)));
        }
    }
    for option in config.field("options").items() {
        if option.field("name").text().is_empty() {
            cx.required(&option, "must not be empty");
        }
    }
}

/// `validatePodHostName`.
fn hostname_override(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 64;

    let hostname = spec.field("hostnameOverride");
    let Some(name) = hostname.str() else { return };
    if spec.field("setHostnameAsFQDN").flag() {
        cx.forbidden(&hostname, "may not be specified when setHostnameAsFQDN is true");
    }
    if spec.field("hostNetwork").flag() {
        cx.forbidden(&hostname, "may not be specified when hostNetwork is true");
    }
    if name.len() > MAX_LENGTH {
        cx.too_long(&hostname, MAX_LENGTH);
    }
    cx.invalid_each(&hostname, names::dns1123_subdomain(name));
}

/// `ValidateHostAliases`.
fn host_aliases(aliases: &At<'_, '_>, cx: &mut Context<'_>) {
    for alias in aliases.items() {
        legacy_ip(&alias.field("ip"), cx);
        for hostname in alias.field("hostnames").items() {
            cx.form(&hostname, names::dns1123_subdomain);
        }
    }
}

/// `IsValidIPForLegacyField`.
fn legacy_ip(at: &At<'_, '_>, cx: &mut Context<'_>) {
    cx.invalid_each(at, names::ip(at.text(), cx.gate(Feature::StrictIPCIDRValidation)));
}

/// `field.NotSupported` unless the value is one of `supported`, or empty and so defaulted.
fn one_of(at: &At<'_, '_>, supported: &[&str], cx: &mut Context<'_>) {
    let text = at.text();
    if !text.is_empty() && !supported.contains(&text) {
        cx.not_supported(at, supported);
    }
}

/// As [`one_of`] where an empty string that was written is no default: Go's pointers to strings.
fn one_of_if_set(at: &At<'_, '_>, supported: &[&str], cx: &mut Context<'_>) {
    if at.is_set() && !supported.contains(&at.text()) {
        cx.not_supported(at, supported);
    }
}

/// What the server's defaulting makes of an absent or empty string.
fn or_default<'n>(text: &'n str, default: &'n str) -> &'n str {
    if text.is_empty() { default } else { text }
}

/// `VisitContainersWithPath`: init, regular and ephemeral containers.
fn each_container(spec: &At<'_, '_>, mut visit: impl FnMut(&At<'_, '_>)) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.field(list).items() {
            visit(&container);
        }
    }
}
