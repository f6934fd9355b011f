//! Where the data of volumes are: what pods and persistent volumes have in common (`pkg/apis/core/validation`).

use super::{At, Context};
use crate::names;

/// One kind of source.
pub(super) struct Kind {
    /// The field.
    pub(super) field: &'static str,
    /// How the server spells the field where a second source is one too many.
    pub(super) extra: &'static str,
    /// How the server spells the field above its own.
    pub(super) inside: &'static str,
    pub(super) check: fn(&At<'_, '_>, &mut Context<'_>),
}

/// A source that the server calls by its name.
pub(super) const fn kind(field: &'static str, check: fn(&At<'_, '_>, &mut Context<'_>)) -> Kind {
    Kind { field, extra: field, inside: field, check }
}

/// Checks the source that `volume` has: of those of `kinds`, which are in the server's order, there can be one.
/// Returns its field.
pub(super) fn only_source(
    volume: &At<'_, '_>,
    kinds: &'static [Kind],
    cx: &mut Context<'_>,
) -> Option<&'static str> {
    let mut found = None;
    for kind in kinds {
        let place = volume.field(kind.field);
        if !place.is_set() {
            continue;
        }
        if found.is_some() {
            cx.forbidden(&place.renamed(kind.extra), "may not specify more than 1 volume type");
        } else {
            found = Some(kind.field);
            (kind.check)(&place.renamed(kind.inside), cx);
        }
    }
    found
}

/// `validateHostPathVolumeSource`.
pub(super) fn host_path(source: &At<'_, '_>, cx: &mut Context<'_>) {
    const TYPES: &[&str] = &[
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    let path = source.field("path");
    if path.text().is_empty() {
        return cx.required(&path, "");
    }
    no_backsteps(&path, cx);
    let kind = source.field("type");
    if !TYPES.contains(&kind.text()) {
        cx.not_supported(&kind, TYPES);
    }
}

/// `validateGCEPersistentDiskVolumeSource`.
pub(super) fn gce_persistent_disk(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["pdName"], cx);
    check_range(&source.field("partition"), 0, 255, "must be between 1 and 255, inclusive", cx);
}

/// `validateAWSElasticBlockStoreVolumeSource`.
pub(super) fn aws_elastic_block_store(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
    check_range(&source.field("partition"), 0, 255, "must be between 1 and 255, inclusive", cx);
}

/// `validateNFSVolumeSource`.
pub(super) fn nfs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["server", "path"], cx);
    let path = source.field("path");
    if !path.text().starts_with('/') {
        cx.invalid(&path, "must be an absolute path");
    }
}

/// `validateISCSIVolumeSource`.
pub(super) fn iscsi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["targetPortal", "iqn"], cx);
    let iqn = source.field("iqn");
    if !iqn.text().is_empty() {
        iscsi_name(&iqn, iqn.text(), cx);
    }
    check_range(&source.field("lun"), 0, 255, "must be between 0 and 255, inclusive", cx);
    let authenticates = source.field("chapAuthDiscovery").flag() || source.field("chapAuthSession").flag();
    if authenticates && !source.field("secretRef").is_set() {
        cx.required(&source.field("secretRef"), "");
    }
    let initiator = source.field("initiatorName");
    if let Some(name) = initiator.str() {
        iscsi_name(&initiator.renamed("initiatorname"), name, cx);
    }
}

/// The forms of names that iSCSI knows, as `validateISCSIVolumeSource` has them.
fn iscsi_name(at: &At<'_, '_>, name: &str, cx: &mut Context<'_>) {
    let fixed = |length: usize| {
        let rest = name.get(4..).unwrap_or_default();
        rest.len() == length && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let good = if name.starts_with("iqn") {
        is_qualified_iscsi_name(name)
    } else if name.starts_with("eui") {
        fixed(16)
    } else if name.starts_with("naa") {
        fixed(32)
    } else {
        return cx.invalid(at, "must be valid format starting with iqn, eui, or naa");
    };
    if !good {
        cx.invalid(at, "must be valid format");
    }
}

/// `iqn.2001-04.com.example:storage`.
fn is_qualified_iscsi_name(name: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let Some((year, rest)) = name.strip_prefix("iqn.").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let Some((month, rest)) = rest.split_once('.') else { return false };
    let Some((authority, target)) = rest.split_once(':') else { return false };
    digits(year, 4)
        && digits(month, 2)
        && !authority.is_empty()
        && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && !target.is_empty()
        && !target.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\u{c}'])
}

/// `validateGlusterfsVolumeSource`.
pub(super) fn glusterfs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["endpoints", "path"], cx);
}

/// `validateFlockerVolumeSource`.
pub(super) fn flocker(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let (name, uuid) = (source.field("datasetName"), source.field("datasetUUID"));
    match (name.text().is_empty(), uuid.text().is_empty()) {
        (true, true) => cx.required(source, "one of datasetName and datasetUUID is required"),
        (false, false) => {
            cx.invalid(source, "datasetName and datasetUUID can not be specified simultaneously");
        }
        _ => {}
    }
    if name.text().contains('/') {
        cx.invalid(&name, "must not contain '/'");
    }
}

/// `validateRBDVolumeSource`.
pub(super) fn rbd(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required_list(source, "monitors", cx);
    required(source, &["image"], cx);
}

/// `validateCinderVolumeSource`.
pub(super) fn cinder(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
    secret_name(source, cx);
}

/// `validateCephFSVolumeSource`.
pub(super) fn ceph_fs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required_list(source, "monitors", cx);
}

/// `validateQuobyteVolumeSource`.
pub(super) fn quobyte(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let registry = source.field("registry");
    let detail = "must be a host:port pair or multiple pairs separated by commas";
    if registry.text().is_empty() {
        cx.required(&registry, detail);
    } else if source.field("tenant").text().len() >= 65 {
        let tenant = source.field("tenant");
        cx.required(&tenant, "must be a UUID and may not exceed a length of 64 characters");
    } else if !registry.text().split(',').all(is_host_and_port) {
        cx.invalid(&registry, detail);
    }
    required(source, &["volume"], cx);
}

/// Whether Go's `net.SplitHostPort` would split it.
fn is_host_and_port(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(rest) => rest
            .split_once("]:")
            .is_some_and(|(host, port)| !host.contains(['[', ']']) && !port.contains([':', '[', ']'])),
        None => text.matches(':').count() == 1 && !text.contains(['[', ']']),
    }
}

/// `validateFCVolumeSource`.
pub(super) fn fibre_channel(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let (targets, ids, lun) = (source.field("targetWWNs"), source.field("wwids"), source.field("lun"));
    match (targets.is_empty(), ids.is_empty()) {
        (true, true) => cx.required(&targets, "must specify either targetWWNs or wwids, but not both"),
        (false, false) => {
            cx.invalid(&targets, "targetWWNs and wwids can not be specified simultaneously");
        }
        _ => {}
    }
    if !targets.is_empty() {
        if lun.is_set() {
            check_range(&lun, 0, 255, "must be between 0 and 255, inclusive", cx);
        } else {
            cx.required(&lun, "lun is required if targetWWNs is specified");
        }
    }
}

/// `validateFlexVolumeSource`.
pub(super) fn flex_volume(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["driver"], cx);
    for (key, option) in source.field("options").entries() {
        let namespace = key.split_once('/').map_or(key, |(namespace, _)| namespace).to_lowercase();
        let reserved = ["kubernetes.io", "k8s.io"].iter().any(|domain| {
            namespace.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if reserved {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            cx.invalid_key(&option, key, option.key_span(), detail);
        }
    }
}

/// `validateAzureFile`.
pub(super) fn azure_file(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["secretName", "shareName"], cx);
}

/// `validateVsphereVolumeSource`.
pub(super) fn vsphere(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumePath"], cx);
}

/// `validatePhotonPersistentDiskVolumeSource`.
pub(super) fn photon(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["pdID"], cx);
}

/// `validatePortworxVolumeSource`.
pub(super) fn portworx(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
}

/// `validateAzureDisk`.
pub(super) fn azure_disk(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["diskName", "diskURI"], cx);
    let kind = source.field("kind");
    for (field, supported) in [
        (&source.field("cachingMode"), &["None", "ReadOnly", "ReadWrite"]),
        (&kind, &["Dedicated", "Managed", "Shared"]),
    ] {
        if field.is_set() && !supported.contains(&field.text()) {
            cx.not_supported(field, supported);
        }
    }
    let uri = source.field("diskURI");
    let form = if kind.text() == "Managed" { "/subscriptions/" } else { "https://" };
    if !uri.text().starts_with(form) {
        let example = if kind.text() == "Managed" {
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
        } else {
            "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"
        };
        cx.not_supported(&uri, &[example]);
    }
}

/// `validateStorageOSVolumeSource`.
pub(super) fn storage_os(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeName"], cx);
    for field in ["volumeName", "volumeNamespace"] {
        let name = source.field(field);
        if !name.text().is_empty() {
            cx.form(&name, names::dns1123_label);
        }
    }
    secret_name(source, cx);
}

/// `validateScaleIOVolumeSource`.
pub(super) fn scale_io(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["gateway", "system", "volumeName"], cx);
}

/// `ValidateCSIDriverName`.
pub(super) fn csi_driver_name(driver: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 63;

    if driver.text().is_empty() {
        return cx.required(driver, "");
    }
    if driver.text().len() > MAX_LENGTH {
        cx.too_long(driver, MAX_LENGTH);
    }
    cx.invalid_each(driver, names::dns1123_subdomain(&driver.text().to_lowercase()));
}

/// `validateLocalDescendingPath`.
pub(super) fn local_descending_path(path: &At<'_, '_>, cx: &mut Context<'_>) {
    if path.text().starts_with('/') {
        cx.invalid(path, "must be a relative path");
    }
    no_backsteps(path, cx);
}

/// `validatePathNoBacksteps`.
pub(super) fn no_backsteps(path: &At<'_, '_>, cx: &mut Context<'_>) {
    if has_backsteps(path.text()) {
        cx.invalid(path, "must not contain '..'");
    }
}

/// Whether a step of the path is `..`.
pub(super) fn has_backsteps(path: &str) -> bool {
    path.split('/').any(|step| step == "..")
}

/// Each of the strings has to be there.
pub(super) fn required(source: &At<'_, '_>, fields: &[&str], cx: &mut Context<'_>) {
    for field in fields {
        if source.field(field).text().is_empty() {
            cx.required(&source.field(field), "");
        }
    }
}

pub(super) fn check_range(at: &At<'_, '_>, min: i64, max: i64, detail: &str, cx: &mut Context<'_>) {
    if at.int().is_some_and(|number| !(min..=max).contains(&number)) {
        cx.invalid(at, detail);
    }
}

fn required_list(source: &At<'_, '_>, field: &str, cx: &mut Context<'_>) {
    if source.field(field).is_empty() {
        cx.required(&source.field(field), "");
    }
}

fn secret_name(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let secret = source.field("secretRef");
    if secret.is_set() {
        required(&secret, &["name"], cx);
    }
}
