//! Volumes and their sources: `ValidateVolumes`.

use super::{At, Context, Holder, env, names};
use crate::gates::Feature;
use crate::validation::volume_source::{
    self, Kind, aws_elastic_block_store, azure_disk, azure_file, ceph_fs, check_range, cinder,
    csi_driver_name, fibre_channel, flex_volume, flocker, gce_persistent_disk, glusterfs, host_path, iscsi,
    kind, local_descending_path, nfs, photon, portworx, quobyte, rbd, required, scale_io, storage_os,
    vsphere,
};
use crate::validation::{Texts, claim, metadata, resources};
use std::collections::BTreeMap;

/// A volume that the server would take, and that containers can therefore mount.
pub(super) struct Volume<'n> {
    pub(super) name: &'n str,
    pub(super) source: Source,
}

/// The volumes of a pod, by name and in order.
#[derive(Default)]
pub(super) struct Volumes<'n> {
    all: Vec<Volume<'n>>,
    /// The first of each name, where there are many.
    by_name: BTreeMap<&'n str, usize>,
    dropped: Texts<'n>,
    /// How many names the claim templates of a `StatefulSet` have.
    claims: usize,
}

impl<'n> Volumes<'n> {
    /// So many are looked through one by one.
    const FEW: usize = 16;

    /// All of them.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Volume<'n>> {
        self.all.iter()
    }

    /// The first of a name.
    pub(super) fn named(&self, name: &str) -> Option<&Volume<'n>> {
        let few = self.all.iter().take(Self::FEW).find(|volume| volume.name == name);
        few.or_else(|| self.all.get(*self.by_name.get(name)?))
    }

    /// Whether the server drops one of that name.
    pub(super) fn is_dropped(&self, name: &str) -> bool {
        self.dropped.contains(name)
    }

    fn push(&mut self, volume: Volume<'n>) {
        if matches!(volume.source, Source::Dropped) {
            self.dropped.repeats(volume.name);
        }
        if self.all.len() >= Self::FEW {
            self.by_name.entry(volume.name).or_insert(self.all.len());
        }
        self.all.push(volume);
    }
}

/// What matters about a volume's source to those who mount it.
pub(super) enum Source {
    /// A claim, or an ephemeral volume that becomes one: it can be a block device.
    Claim,
    /// An image where the gate `ImageVolume` is off: the server drops the volume and its mounts.
    Dropped,
    Other,
}

/// `ValidateVolumes`; gives those without errors, after those of a `StatefulSet`'s claims.
pub(super) fn volumes<'n>(volumes: &At<'_, 'n>, holder: Holder<'_, 'n>, cx: &mut Context<'_>) -> Volumes<'n> {
    let mut good = Volumes::default();
    // Those that are not dropped.
    let mut kept = Texts::default();
    let claimed = claimed_volumes(volumes, holder, &mut good, cx);
    let pod_name = holder.pod_metadata().map_or("", |metadata| metadata.field("name").text());
    // The claims' volumes come first, so that the server counts on from there.
    let mut number = good.claims;
    for volume in volumes.items() {
        let name = volume.field("name").text();
        if claimed.contains(name) {
            continue;
        }
        if volume.field("image").is_set() && !cx.gate(Feature::ImageVolume) {
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
        if kept.contains(name) {
            cx.duplicate(&name_at);
        }
        let is_claim = volume.field("persistentVolumeClaim").is_set() || volume.field("ephemeral").is_set();
        if cx.errors() == errors {
            let source = if is_claim { Source::Claim } else { Source::Other };
            kept.repeats(name);
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
    good: &mut Volumes<'n>,
    cx: &mut Context<'_>,
) -> Texts<'n> {
    let mut names = Texts::default();
    let Holder::StatefulSet { claims } = holder else { return names };
    for template in claims.items() {
        let written = template.field("metadata.name");
        let name = written.text();
        if names.repeats(name) {
            continue;
        }
        let volume = volumes.index(good.claims);
        good.claims += 1;
        let (errors, place) = (cx.errors(), written.renamed("name").below(&volume));
        if name.is_empty() {
            cx.required(&place, "");
            cx.required(&written.renamed("persistentVolumeClaim.claimName").below(&volume), "");
        } else {
            cx.invalid_each(&place, crate::names::dns1123_label(name));
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

/// `validateVolumeSource`: at most one. A volume without any is defaulted to an empty directory.
fn source(volume: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::only_source(volume, KINDS, cx);
    iscsi_names(volume, cx);
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

fn empty_dir(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let limit = source.field("sizeLimit");
    if resources::quantity(&limit).is_some_and(|limit| limit.is_negative()) {
        cx.forbidden(&limit, "SizeLimit field must be a valid resource quantity");
    }
}

fn git_repo(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["repository"], cx);
    local_descending_path(&source.field("directory"), cx);
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

fn persistent_volume_claim(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["claimName"], cx);
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
    // Whoever makes pods from a template may fill it in.
    let in_pod = cx.object.kind == "Pod";
    if in_pod && source.field("reference").text().is_empty() {
        cx.required(&source.field("reference"), "");
    }
    super::container::pull_policy(&source.field("pullPolicy"), cx);
}

/// `validateProjectedVolumeSource`, with `validateProjectionSources`. Trust bundles and pod certificates are
/// dropped up to 1.36, as their gates are off.
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
        if bundle.is_set() {
            count += 1;
            trust_bundle(&bundle, cx);
            let path = bundle.field("path");
            note_path(&path, path.text(), cx);
        }
        let certificate = source.field("podCertificate");
        if certificate.is_set() {
            count += 1;
            pod_certificate(&certificate, cx);
            for field in CERTIFICATE_PATHS {
                let path = certificate.field(field);
                if !path.text().is_empty() {
                    note_path(&path, path.text(), cx);
                }
            }
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
        (None, Some(_)) => {
            signer_name(&signer, cx);
            metadata::label_selector(&labels, cx);
        }
        (None, None) => cx.required(bundle, "either name or signerName must be specified"),
    }
    required(bundle, &["path"], cx);
    local_non_reserved_path(&bundle.field("path"), cx);
}

/// The files that a pod certificate can become.
const CERTIFICATE_PATHS: [&str; 3] = ["credentialBundlePath", "keyPath", "certificateChainPath"];

/// The part of `validateProjectionSources` on `podCertificate`.
fn pod_certificate(certificate: &At<'_, '_>, cx: &mut Context<'_>) {
    const KEY_TYPES: &[&str] = &["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];
    const HOUR: i64 = 60 * 60;

    let signer = certificate.field("signerName");
    signer_name(&signer, cx);
    let annotations = certificate.field("userAnnotations");
    for (key, value) in annotations.entries() {
        for complaint in names::domain_prefixed_key(&key.to_lowercase()) {
            cx.invalid_key(&annotations, key, value.key_span(), complaint);
        }
    }
    let key_type = certificate.field("keyType");
    if !KEY_TYPES.contains(&key_type.text()) {
        cx.not_supported(&key_type, KEY_TYPES);
    }
    let host = signer.text().split('/').next().unwrap_or_default();
    let most = match host.strip_suffix("kubernetes.io") {
        Some(rest) if rest.is_empty() || rest.ends_with('.') => 24 * HOUR,
        _ => 91 * 24 * HOUR,
    };
    let seconds = certificate.field("maxExpirationSeconds");
    if seconds.int().is_some_and(|given| given < HOUR) {
        cx.invalid(&seconds, format_args!("if provided, maxExpirationSeconds must be >= {HOUR}"));
    } else if seconds.int().is_some_and(|given| given > most) {
        cx.invalid(&seconds, format_args!("if provided, maxExpirationSeconds must be <= {most}"));
    }
    for field in CERTIFICATE_PATHS {
        local_non_reserved_path(&certificate.field(field), cx);
    }
    if CERTIFICATE_PATHS.iter().all(|field| certificate.field(field).text().is_empty()) {
        let detail = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        cx.required(certificate, detail);
    }
}

/// `ValidateSignerName` of `pkg/apis/core/validation/names.go`.
fn signer_name(signer: &At<'_, '_>, cx: &mut Context<'_>) {
    if signer.text().is_empty() {
        cx.required(signer, "must be a valid signer name");
    } else if !is_signer_name(signer.text()) {
        cx.invalid(signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
    }
}

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
    check_range(mode, 0, 0o777, "must be a number between 0 and 0777 (octal), both inclusive", cx);
}
