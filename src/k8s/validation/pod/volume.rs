//! Volumes and their sources: `ValidateVolumes`.

use super::{At, Context, Holder, env, names, one_of, one_of_if_set};
use crate::k8s::Version;
use crate::k8s::validation::{claim, metadata};

/// A volume that the server would take, and that containers can therefore mount.
pub(super) struct Volume<'n> {
    pub(super) name: &'n str,
    pub(super) source: Source,
}

/// What matters about a volume's source to those who mount it.
pub(super) enum Source {
    /// A claim, or an ephemeral volume that becomes one: it can be a block device.
    Claim,
    /// An image where the gate `ImageVolume` is off (before 1.35): the server drops the volume and its mounts.
    Dropped,
    Other,
}

/// `ValidateVolumes`; gives those without errors, after those of a `StatefulSet`'s claims.
pub(super) fn volumes<'n>(
    volumes: &At<'_, 'n>,
    holder: Holder<'_, 'n>,
    cx: &mut Context<'_>,
) -> Vec<Volume<'n>> {
    let mut good: Vec<Volume<'n>> = Vec::with_capacity(volumes.len());
    let claimed = claimed_volumes(volumes, holder, &mut good, cx);
    let pod_name = holder.pod_metadata().map_or("", |metadata| metadata.field("name").text());
    // The claims' volumes come first, so that the server counts on from there.
    let mut number = claimed.len();
    for volume in volumes.items() {
        let name = volume.field("name").text();
        if claimed.contains(&name) {
            continue;
        }
        if volume.field("image").is_set() && cx.version < Version::V1_35 {
            good.push(Volume { name, source: Source::Dropped });
            continue;
        }
        let volume = volume.renumbered(number);
        number += 1;
        let errors = cx.errors();
        source(&volume, cx);
        if !pod_name.is_empty() {
            name_of_created_claim(&volume, pod_name, cx);
        }
        let name_at = volume.field("name");
        if name.is_empty() {
            cx.required(&name_at, "");
        } else {
            cx.form(&name_at, names::dns1123_label);
        }
        if good.iter().any(|other| other.name == name && !matches!(other.source, Source::Dropped)) {
            cx.duplicate(&name_at);
        }
        let is_claim = volume.field("persistentVolumeClaim").is_set() || volume.field("ephemeral").is_set();
        if cx.errors() == errors {
            let source = if is_claim { Source::Claim } else { Source::Other };
            good.push(Volume { name, source });
        }
        if !pod_name.is_empty() {
            no_created_claim(&volume, volumes, pod_name, cx);
        }
    }
    good
}

/// The volumes that `volumesToAddForTemplates` (`pkg/apis/apps/validation`) makes of a `StatefulSet`'s claim
/// templates, one per name. Gives the names, and to `good` the volumes without errors.
fn claimed_volumes<'n>(
    volumes: &At<'_, 'n>,
    holder: Holder<'_, 'n>,
    good: &mut Vec<Volume<'n>>,
    cx: &mut Context<'_>,
) -> Vec<&'n str> {
    let Holder::StatefulSet { claims } = holder else { return Vec::new() };
    let mut names: Vec<&'n str> = Vec::with_capacity(claims.len());
    for template in claims.items() {
        let written = template.field("metadata.name");
        let name = written.text();
        if names.contains(&name) {
            continue;
        }
        let volume = volumes.index(names.len());
        names.push(name);
        let (errors, place) = (cx.errors(), written.renamed("name").below(&volume));
        if name.is_empty() {
            cx.required(&place, "");
            cx.required(&written.renamed("persistentVolumeClaim.claimName").below(&volume), "");
        } else {
            cx.invalid_each(&place, crate::k8s::names::dns1123_label(name));
        }
        if cx.errors() == errors {
            good.push(Volume { name, source: Source::Claim });
        }
    }
    names
}

/// The part of `validatePodMetadataAndSpec` on tokens: a pod without an account has none.
pub(super) fn no_service_account(volumes: &At<'_, '_>, cx: &mut Context<'_>) {
    for volume in volumes.items() {
        for source in volume.field("projected.sources").items() {
            let token = source.field("serviceAccountToken");
            if token.is_set() {
                cx.forbidden(&token, "must not be specified when serviceAccountName is not set");
            }
        }
    }
}

/// `ValidateTemplateObjectMeta`: only labels and annotations can be given.
fn template_object_meta(meta: &At<'_, '_>, cx: &mut Context<'_>) {
    metadata::annotations(&meta.field("annotations"), cx);
    metadata::labels(&meta.field("labels"), cx);
    for (field, _) in meta.entries() {
        let place = meta.field(field);
        // What Go's zero is as good as absent, but for the one pointer.
        let zero =
            place.str() == Some("") || (place.int() == Some(0) && field != "deletionGracePeriodSeconds");
        if !matches!(field, "annotations" | "labels") && place.is_set() && !zero {
            // The server takes the names of Go's fields for the path.
            let spelt = if field == "uid" { place.renamed("uID") } else { place };
            cx.forbidden(&spelt, "cannot be set");
        }
    }
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

/// `ValidateLocalNonReservedPath`.
fn local_non_reserved_path(path: &At<'_, '_>, cx: &mut Context<'_>) {
    local_descending_path(path, cx);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        cx.invalid(path, "must not start with '..'");
    }
}

/// The part of `validateVolumeSource` on the claim that an ephemeral volume of a pod becomes.
fn name_of_created_claim(volume: &At<'_, '_>, pod_name: &str, cx: &mut Context<'_>) {
    let name = volume.field("name");
    if volume.field("ephemeral").is_set() && !name.text().is_empty() {
        let created = format!("{pod_name}-{}", name.text());
        for complaint in names::dns1123_subdomain(&created) {
            cx.invalid(&name, format_args!("PVC name {created:?}: {complaint}"));
        }
    }
}

/// The part of `ValidateVolumes` on claims that do not exist until the pod does.
fn no_created_claim(volume: &At<'_, '_>, volumes: &At<'_, '_>, pod_name: &str, cx: &mut Context<'_>) {
    let used = volume.field("persistentVolumeClaim.claimName");
    let volume_part = used.text().strip_prefix(pod_name).and_then(|rest| rest.strip_prefix('-'));
    let creates = |other: &At<'_, '_>| {
        other.field("ephemeral").is_set() && Some(other.field("name").text()) == volume_part
    };
    if volume_part.is_some() && volumes.items().any(|other| creates(&other)) {
        cx.invalid(&used, "must not reference a PVC that gets created for an ephemeral volume");
    }
}

/// One kind of source.
struct Kind {
    /// The field.
    field: &'static str,
    /// How the server spells the field where a second source is one too many.
    extra: &'static str,
    /// How the server spells the field above its own.
    inside: &'static str,
    check: fn(&At<'_, '_>, &mut Context<'_>),
}

const fn kind(field: &'static str, check: fn(&At<'_, '_>, &mut Context<'_>)) -> Kind {
    Kind { field, extra: field, inside: field, check }
}

/// The sources in the order in which `validateVolumeSource` looks.
const KINDS: &[Kind] = &[
    kind("emptyDir", empty_dir),
    kind("hostPath", host_path),
    kind("gitRepo", git_repo),
    Kind { inside: "persistentDisk", ..kind("gcePersistentDisk", gce_persistent_disk) },
    kind("awsElasticBlockStore", aws_elastic_block_store),
    kind("secret", secret),
    kind("nfs", nfs),
    kind("iscsi", iscsi),
    kind("glusterfs", glusterfs),
    kind("flocker", flocker),
    kind("persistentVolumeClaim", persistent_volume_claim),
    kind("rbd", rbd),
    kind("cinder", cinder),
    Kind { extra: "cephFS", ..kind("cephfs", ceph_fs) },
    kind("quobyte", quobyte),
    Kind { extra: "downwarAPI", ..kind("downwardAPI", downward_api) },
    kind("fc", fibre_channel),
    kind("flexVolume", flex_volume),
    kind("configMap", config_map),
    kind("azureFile", azure_file),
    kind("vsphereVolume", vsphere),
    kind("photonPersistentDisk", photon),
    kind("portworxVolume", portworx),
    kind("azureDisk", azure_disk),
    kind("storageos", storage_os),
    kind("projected", projected),
    kind("scaleIO", scale_io),
    kind("csi", csi),
    kind("ephemeral", ephemeral),
    kind("image", image),
];

/// `validateVolumeSource`: at most one. A volume without any is defaulted to an empty directory.
fn source(volume: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut found = false;
    for kind in KINDS {
        let place = volume.field(kind.field);
        if !place.is_set() {
            continue;
        }
        if found {
            cx.forbidden(&place.renamed(kind.extra), "may not specify more than 1 volume type");
        } else {
            found = true;
            (kind.check)(&place.renamed(kind.inside), cx);
        }
        if kind.field == "iscsi" {
            iscsi_names(volume, cx);
        }
    }
}

fn empty_dir(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let limit = source.field("sizeLimit");
    if super::super::resources::quantity(&limit).is_some_and(|limit| limit.is_negative()) {
        cx.forbidden(&limit, "SizeLimit field must be a valid resource quantity");
    }
}

fn host_path(source: &At<'_, '_>, cx: &mut Context<'_>) {
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
    one_of(&source.field("type"), TYPES, cx);
}

fn git_repo(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["repository"], cx);
    local_descending_path(&source.field("directory"), cx);
}

fn gce_persistent_disk(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["pdName"], cx);
    within(&source.field("partition"), 0, 255, "must be between 1 and 255, inclusive", cx);
}

fn aws_elastic_block_store(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
    within(&source.field("partition"), 0, 255, "must be between 1 and 255, inclusive", cx);
}

fn secret(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["secretName"], cx);
    mode(&source.field("defaultMode"), cx);
    keys_to_paths(&source.field("items"), cx);
}

fn config_map(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["name"], cx);
    mode(&source.field("defaultMode"), cx);
    keys_to_paths(&source.field("items"), cx);
}

fn nfs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["server", "path"], cx);
    let path = source.field("path");
    if !path.text().is_empty() && !path.text().starts_with('/') {
        cx.invalid(&path, "must be an absolute path");
    }
}

fn iscsi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["targetPortal", "iqn"], cx);
    let iqn = source.field("iqn");
    if !iqn.text().is_empty() {
        iscsi_name(&iqn, iqn.text(), cx);
    }
    within(&source.field("lun"), 0, 255, "must be between 0 and 255, inclusive", cx);
    let authenticates = source.field("chapAuthDiscovery").flag() || source.field("chapAuthSession").flag();
    if authenticates && !source.field("secretRef").is_set() {
        cx.required(&source.field("secretRef"), "");
    }
    let initiator = source.field("initiatorName");
    if let Some(name) = initiator.str() {
        iscsi_name(&initiator.renamed("initiatorname"), name, cx);
    }
}

/// The part of `validateVolumeSource` on the length of what an initiator is named by.
fn iscsi_names(volume: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = volume.field("name");
    let portal = volume.field("iscsi.targetPortal").text();
    if volume.field("iscsi.initiatorName").is_set() && name.text().len() + 1 + portal.len() > 64 {
        let detail = "total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                      iscsi.initiatorName is specified";
        cx.invalid(&name, detail);
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

fn glusterfs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["endpoints", "path"], cx);
}

fn flocker(source: &At<'_, '_>, cx: &mut Context<'_>) {
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

fn persistent_volume_claim(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["claimName"], cx);
}

fn rbd(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required_list(source, "monitors", cx);
    required(source, &["image"], cx);
}

fn cinder(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
    secret_name(source, cx);
}

fn ceph_fs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required_list(source, "monitors", cx);
}

fn quobyte(source: &At<'_, '_>, cx: &mut Context<'_>) {
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

fn downward_api(source: &At<'_, '_>, cx: &mut Context<'_>) {
    mode(&source.field("defaultMode"), cx);
    for file in source.field("items").items() {
        downward_api_file(&file, source, cx);
    }
}

/// `validateDownwardAPIVolumeFile`; the server's paths go from the source right to the file's fields.
fn downward_api_file(file: &At<'_, '_>, source: &At<'_, '_>, cx: &mut Context<'_>) {
    let path = file.field("path").below(source);
    let path = if path.is_set() { path } else { path.showing(&file.field("path")) };
    if path.text().is_empty() {
        cx.required(&path, "");
    }
    local_non_reserved_path(&path, cx);
    let (field, resource) =
        (file.field("fieldRef").below(source), file.field("resourceFieldRef").below(source));
    match (field.is_set(), resource.is_set()) {
        (true, both) => {
            env::field_selector(&field, env::VOLUME_FIELDS, cx);
            if both {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                cx.invalid(&source.showing(file), detail);
            }
        }
        (false, true) => env::resource_selector(&resource, true, cx),
        (false, false) => {
            cx.required(&source.showing(file), "one of fieldRef and resourceFieldRef is required");
        }
    }
    mode(&file.field("mode").below(source), cx);
}

fn fibre_channel(source: &At<'_, '_>, cx: &mut Context<'_>) {
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
            within(&lun, 0, 255, "must be between 0 and 255, inclusive", cx);
        } else {
            cx.required(&lun, "lun is required if targetWWNs is specified");
        }
    }
}

fn flex_volume(source: &At<'_, '_>, cx: &mut Context<'_>) {
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

fn azure_file(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["secretName", "shareName"], cx);
}

fn vsphere(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumePath"], cx);
}

fn photon(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["pdID"], cx);
}

fn portworx(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeID"], cx);
}

fn azure_disk(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["diskName", "diskURI"], cx);
    one_of_if_set(&source.field("cachingMode"), &["None", "ReadOnly", "ReadWrite"], cx);
    let kind = source.field("kind");
    one_of_if_set(&kind, &["Dedicated", "Managed", "Shared"], cx);
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

fn storage_os(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["volumeName"], cx);
    for field in ["volumeName", "volumeNamespace"] {
        let name = source.field(field);
        if !name.text().is_empty() {
            cx.form(&name, names::dns1123_label);
        }
    }
    secret_name(source, cx);
}

fn scale_io(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["gateway", "system", "volumeName"], cx);
}

fn csi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    csi_driver_name(&source.field("driver"), cx);
    let secret = source.field("nodePublishSecretRef");
    if secret.is_set() {
        let name = secret.field("name");
        if name.text().is_empty() {
            cx.required(&name, "");
        } else {
            cx.invalid_each(&name.below(source), names::dns1123_subdomain(name.text()));
        }
    }
}

/// `ValidateCSIDriverName`.
fn csi_driver_name(driver: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 63;

    if driver.text().is_empty() {
        return cx.required(driver, "");
    }
    if driver.text().len() > MAX_LENGTH {
        cx.too_long(driver, MAX_LENGTH);
    }
    cx.invalid_each(driver, names::dns1123_subdomain(&driver.text().to_lowercase()));
}

fn ephemeral(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let template = source.field("volumeClaimTemplate");
    if !template.is_set() {
        return cx.required(&template, "");
    }
    template_object_meta(&template.field("metadata"), cx);
    claim::claim_spec(&template.field("spec"), cx);
}

/// Before 1.36 a template could leave the reference out.
fn image(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let in_pod = cx.object.kind == "Pod";
    if (in_pod || cx.version >= Version::V1_36) && source.field("reference").text().is_empty() {
        cx.required(&source.field("reference"), "");
    }
    super::container::pull_policy(&source.field("pullPolicy"), cx);
}

/// `validateProjectedVolumeSource`, with `validateProjectionSources`. Pod certificates are dropped while
/// their gate is off; trust bundles were up to 1.36.
fn projected(volume: &At<'_, '_>, cx: &mut Context<'_>) {
    mode(&volume.field("defaultMode"), cx);
    let mut paths: Vec<&str> = Vec::new();
    let mut note_path = |path: &At<'_, '_>, text, cx: &mut Context<'_>| {
        if paths.contains(&text) {
            cx.invalid(&volume.showing(path), "conflicting duplicate paths");
        } else {
            paths.push(text);
        }
    };
    for source in volume.field("sources").items() {
        let mut count = 0;
        for kind in ["secret", "configMap"] {
            let projection = source.field(kind);
            if !projection.is_set() {
                continue;
            }
            count += 1;
            required(&projection, &["name"], cx);
            let items = projection.field("items");
            keys_to_paths(&items, cx);
            for item in items.items() {
                let path = item.field("path");
                if !path.text().is_empty() {
                    note_path(&path, path.text(), cx);
                }
            }
        }
        let downward = source.field("downwardAPI");
        if downward.is_set() {
            count += 1;
            for file in downward.field("items").items() {
                downward_api_file(&file, &downward, cx);
                let path = file.field("path");
                if !path.text().is_empty() {
                    note_path(&path, path.text(), cx);
                }
            }
        }
        let token = source.field("serviceAccountToken");
        if token.is_set() {
            count += 1;
            let seconds = token.field("expirationSeconds");
            match seconds.int() {
                Some(given) if given < 10 * 60 => {
                    cx.invalid(&seconds, "may not specify a duration less than 10 minutes");
                }
                Some(given) if given > 1 << 32 => {
                    cx.invalid(&seconds, "may not specify a duration larger than 2^32 seconds");
                }
                _ => {}
            }
            // The server's path leaves out which source it is.
            let path = token.field("path");
            let path = if path.is_set() { path.below(volume) } else { volume.field("path").showing(&token) };
            if path.text().is_empty() {
                cx.required(&path, "");
            } else {
                local_non_reserved_path(&path, cx);
            }
        }
        let bundle = source.field("clusterTrustBundle");
        if bundle.is_set() && cx.version >= Version::V1_37 {
            count += 1;
            trust_bundle(&bundle, cx);
            let path = bundle.field("path");
            note_path(&path, path.text(), cx);
        }
        if count > 1 {
            cx.forbidden(&source, "may not specify more than 1 volume type per source");
        }
    }
}

/// The part of `validateProjectionSources` on `clusterTrustBundle`.
fn trust_bundle(bundle: &At<'_, '_>, cx: &mut Context<'_>) {
    let (name, signer, labels) =
        (bundle.field("name"), bundle.field("signerName"), bundle.field("labelSelector"));
    match (name.str(), signer.str()) {
        (Some(_), Some(_)) => cx.invalid(bundle, "only one of name and signerName may be used"),
        (Some(text), None) => {
            if text.is_empty() {
                cx.required(&name, "must be a valid object name");
            }
            // What stands before the last colon names the signer.
            let own = text.rsplit_once(':').map_or(text, |(_, own)| own);
            cx.invalid_each(&name, names::dns1123_subdomain(own));
            if labels.is_set() {
                cx.invalid(&labels, "labelSelector must be unset if name is specified");
            }
        }
        (None, Some(text)) => {
            if text.is_empty() {
                cx.required(&signer, "must be a valid signer name");
            } else if !is_signer_name(text) {
                let detail =
                    "must be a fully qualified domain and path of the form 'example.com/signer-name'";
                cx.invalid(&signer, detail);
            }
            metadata::label_selector(&labels, cx);
        }
        (None, None) => cx.required(bundle, "either name or signerName must be specified"),
    }
    required(bundle, &["path"], cx);
    local_non_reserved_path(&bundle.field("path"), cx);
}

/// `ValidateSignerName` of `pkg/apis/core/validation/names.go`.
fn is_signer_name(name: &str) -> bool {
    let Some((domain, path)) = name.split_once('/') else { return false };
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(|label| names::dns1123_label(label).is_empty())
        && path.len() <= 253 + 63 + 1
        && path.split('.').all(|label| names::dns1123_subdomain(label).is_empty())
}

/// `validateKeyToPath`, for each.
fn keys_to_paths(items: &At<'_, '_>, cx: &mut Context<'_>) {
    for item in items.items() {
        required(&item, &["key", "path"], cx);
        local_non_reserved_path(&item.field("path"), cx);
        mode(&item.field("mode"), cx);
    }
}

/// A file mode: the nine bits of permissions.
fn mode(mode: &At<'_, '_>, cx: &mut Context<'_>) {
    within(mode, 0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive", cx);
}

fn within(at: &At<'_, '_>, min: i64, max: i64, detail: &str, cx: &mut Context<'_>) {
    if at.int().is_some_and(|number| !(min..=max).contains(&number)) {
        cx.invalid(at, detail);
    }
}

/// Each of the strings has to be there.
fn required(source: &At<'_, '_>, fields: &[&str], cx: &mut Context<'_>) {
    for field in fields {
        if source.field(field).text().is_empty() {
            cx.required(&source.field(field), "");
        }
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
