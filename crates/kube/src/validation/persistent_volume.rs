//! Persistent volumes (`pkg/apis/core/validation`).

use super::claim::{ACCESS_MODES, VOLUME_MODES, access_modes, class_name, storage_class_annotation_warning};
use super::resources::{positive_quantity, quantity};
use super::volume_source::{self, Kind, kind, required};
use super::{At, Context, node_labels};
use crate::gates::Feature;
use crate::names;

/// The sources in the order in which `ValidatePersistentVolumeSpec` looks, but for `flexVolume`.
const KINDS: &[Kind] = &[
    kind("hostPath", volume_source::host_path),
    Kind { inside: "persistentDisk", ..kind("gcePersistentDisk", volume_source::gce_persistent_disk) },
    kind("awsElasticBlockStore", volume_source::aws_elastic_block_store),
    kind("glusterfs", glusterfs),
    kind("flocker", volume_source::flocker),
    kind("nfs", volume_source::nfs),
    kind("rbd", volume_source::rbd),
    kind("quobyte", volume_source::quobyte),
    Kind { extra: "cephFS", ..kind("cephfs", volume_source::ceph_fs) },
    kind("iscsi", iscsi),
    kind("cinder", cinder),
    kind("fc", volume_source::fibre_channel),
    kind("azureFile", azure_file),
    kind("vsphereVolume", volume_source::vsphere),
    kind("photonPersistentDisk", volume_source::photon),
    kind("portworxVolume", volume_source::portworx),
    kind("azureDisk", volume_source::azure_disk),
    kind("scaleIO", volume_source::scale_io),
    kind("local", local),
    kind("storageos", storage_os),
    kind("csi", csi),
];

/// `ValidatePersistentVolumeSpec`.
pub(super) fn persistent_volume(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let spec = root.field("spec");
    let modes = spec.field("accessModes");
    if modes.is_empty() {
        cx.required(&modes, format_args!("one of {}", ACCESS_MODES.join(", ")));
    }
    access_modes(&modes, cx);
    capacity(&spec, cx);

    let reclaim = spec.field("persistentVolumeReclaimPolicy");
    if !matches!(reclaim.text(), "" | "Delete" | "Recycle" | "Retain") {
        cx.not_supported(&reclaim, &["Delete", "Recycle", "Retain"]);
    }
    let affinity = spec.field("nodeAffinity");
    if affinity.is_set() {
        let required = affinity.field("required");
        if required.is_set() {
            super::pod::node_selector(&required, cx);
        } else {
            cx.required(&required, "must specify required node constraints");
        }
    }

    let source = volume_source::only_source(&spec, KINDS, cx);
    let flex = spec.field("flexVolume");
    if flex.is_set() {
        // The server does not mind this one beside others.
        volume_source::flex_volume(&flex, cx);
    } else if source.is_none() {
        cx.required(&spec, "must specify a volume type");
    }
    if source == Some("local") && !affinity.is_set() {
        cx.required(&affinity, "Local volume requires node affinity");
    }
    let host_path = spec.field("hostPath.path");
    if reclaim.text() == "Recycle" && host_path.is_set() && is_root(host_path.text()) {
        cx.forbidden(&reclaim, "may not be 'recycle' for a hostPath mount of '/'");
    }

    class_name(&spec.field("storageClassName"), cx);
    let mode = spec.field("volumeMode");
    if mode.is_set() && !VOLUME_MODES.contains(&mode.text()) {
        cx.not_supported(&mode, VOLUME_MODES);
    }
    let attributes = spec.field("volumeAttributesClassName");
    // Dropped unread while the gate is off.
    if attributes.is_set() && cx.gate(Feature::VolumeAttributesClass) {
        if attributes.text().is_empty() {
            cx.required(&attributes, "an empty string is disallowed");
        } else {
            class_name(&attributes, cx);
        }
        let csi = spec.field("csi");
        if !csi.is_set() {
            cx.required(&csi, "has to be specified when using volumeAttributesClassName");
        }
    }
    volume_warnings(root, cx);
}

fn capacity(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    let capacity = spec.field("capacity");
    if capacity.is_empty() {
        cx.required(&capacity, "");
    }
    if capacity.len() != 1 || capacity.key("storage").key_span().is_none() {
        cx.not_supported(&capacity, &["storage"]);
    }
    for (_, value) in capacity.entries() {
        if quantity(&value).is_some_and(|amount| amount.is_negative()) {
            cx.invalid(&value, "must be a valid resource quantity");
        }
        positive_quantity(&value, cx);
    }
}

/// Whether `path.Clean` of the path is `/`.
fn is_root(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|step| matches!(step, "" | "." | ".."))
}

/// `validateGlusterfsPersistentVolumeSource`.
fn glusterfs(source: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::glusterfs(source, cx);
    let namespace = source.field("endpointsNamespace");
    if namespace.is_set() {
        cx.form(&namespace, names::dns1123_label);
    }
}

/// `validateISCSIPersistentVolumeSource`.
fn iscsi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    const MAX_LENGTH: usize = 64;

    volume_source::iscsi(source, cx);
    let secret = source.field("secretRef");
    if secret.is_set() {
        required(&secret, &["name"], cx);
    }
    let portal = source.field("targetPortal");
    let length = cx.object.name.len() + 1 + portal.text().len();
    if source.field("initiatorName").is_set() && length > MAX_LENGTH {
        let detail = "total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if \
                      iscsi.initiatorName is specified";
        cx.invalid(&portal.renamed("targetportal"), detail);
    }
}

/// `validateCinderPersistentVolumeSource`.
fn cinder(source: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::cinder(source, cx);
    namespace_of_secret(source, cx);
}

/// `validateAzureFilePV`.
fn azure_file(source: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::azure_file(source, cx);
    if source.field("secretNamespace").str() == Some("") {
        cx.required(&source.field("secretNamespace"), "");
    }
}

/// `validateLocalVolumeSource`.
fn local(source: &At<'_, '_>, cx: &mut Context<'_>) {
    required(source, &["path"], cx);
    volume_source::no_backsteps(&source.field("path"), cx);
}

/// `validateStorageOSPersistentVolumeSource`.
fn storage_os(source: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::storage_os(source, cx);
    namespace_of_secret(source, cx);
}

/// `validateCSIPersistentVolumeSource`, which passes over `nodeStageSecretRef`.
fn csi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    volume_source::csi_driver_name(&source.field("driver"), cx);
    required(source, &["volumeHandle"], cx);
    for reference in [
        "controllerPublishSecretRef",
        "controllerExpandSecretRef",
        "nodePublishSecretRef",
        "nodeExpandSecretRef",
    ] {
        let secret = source.field(reference);
        if !secret.is_set() {
            continue;
        }
        required(&secret, &["name", "namespace"], cx);
        let (name, namespace) = (secret.field("name"), secret.field("namespace"));
        if !name.text().is_empty() {
            cx.form(&name, names::dns1123_subdomain);
        }
        if !namespace.text().is_empty() {
            cx.form(&namespace, names::dns1123_label);
        }
    }
}

/// Secrets that volumes refer to can be in any namespace, and have to say in which.
fn namespace_of_secret(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let secret = source.field("secretRef");
    if secret.is_set() {
        required(&secret, &["namespace"], cx);
    }
}

/// `GetWarningsForPersistentVolume`.
fn volume_warnings(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    let annotations = metadata.field("annotations");
    storage_class_annotation_warning(&annotations, "use \"storageClassName\" attribute instead", cx);
    let spec = root.field("spec");
    let reclaim = spec.field("persistentVolumeReclaimPolicy");
    if reclaim.text() == "Recycle" {
        cx.warning(
            &reclaim,
            "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        );
    }
    for term in spec.field("nodeAffinity.required.nodeSelectorTerms").items() {
        node_labels::warn_of_term(&term, false, cx);
    }
    for (name, since) in [
        ("photonPersistentDisk", "v1.11, non-functional in v1.16+"),
        ("scaleIO", "v1.16, non-functional in v1.22+"),
        ("storageos", "v1.22, non-functional in v1.25+"),
        ("glusterfs", "v1.25, non-functional in v1.26+"),
        ("rbd", "v1.28, non-functional in v1.31+"),
        ("cephfs", "v1.28, non-functional in v1.31+"),
    ] {
        let source = spec.field(name);
        if source.is_set() {
            cx.warning(&source, format_args!("deprecated in {since}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    fn volume(spec: &str) -> Vec<String> {
        list_findings(&format!(
            "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
        ))
    }

    const GOOD: &str = "accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}";

    #[test]
    fn what_a_volume_needs() {
        check(
            volume,
            &[
                (&format!("{GOOD}, hostPath: {{path: /a}}"), &[]),
                (
                    "",
                    &[
                        "spec required",
                        "spec.accessModes required",
                        "spec.capacity required",
                        "spec.capacity unsupported-value",
                    ],
                ),
                (
                    "accessModes: [ReadWriteOnce], capacity: {storage: 0}, hostPath: {path: /a}",
                    &["spec.capacity[storage] invalid-value"],
                ),
                (
                    &format!("{GOOD}, hostPath: {{path: /a}}, nfs: {{server: a, path: /b}}"),
                    &["spec.nfs forbidden"],
                ),
                (
                    &format!("{GOOD}, hostPath: {{path: /..}}, persistentVolumeReclaimPolicy: Keep"),
                    &[
                        "spec.hostPath.path invalid-value",
                        "spec.persistentVolumeReclaimPolicy unsupported-value",
                    ],
                ),
                (
                    &format!("{GOOD}, hostPath: {{path: /}}, persistentVolumeReclaimPolicy: Recycle"),
                    &[
                        "spec.persistentVolumeReclaimPolicy forbidden",
                        "spec.persistentVolumeReclaimPolicy warning",
                    ],
                ),
                (&format!("{GOOD}, local: {{path: /a}}"), &["spec.nodeAffinity required"]),
                (&format!("{GOOD}, nfs: {{server: a, path: b}}"), &["spec.nfs.path invalid-value"]),
                (
                    &format!(
                        "{GOOD}, csi: {{driver: A_b, volumeHandle: '', nodePublishSecretRef: {{name: a}}}}"
                    ),
                    &[
                        "spec.csi.driver invalid-value",
                        "spec.csi.nodePublishSecretRef.namespace required",
                        "spec.csi.volumeHandle required",
                    ],
                ),
                (
                    &format!(
                        "{GOOD}, hostPath: {{path: /a}}, nodeAffinity: {{required: {{nodeSelectorTerms: []}}}}"
                    ),
                    &["spec.nodeAffinity.required.nodeSelectorTerms required"],
                ),
            ],
        );
    }

    #[test]
    fn sources_of_volumes_say_more_than_those_of_pods() {
        check(
            |source| volume(&format!("{GOOD}, {source}")),
            &[
                ("nfs: {server: a, path: /b}, flexVolume: {driver: a/b}", &[]),
                (
                    "cinder: {volumeID: a, secretRef: {name: b}}",
                    &["spec.cinder.secretRef.namespace required"],
                ),
                (
                    "glusterfs: {endpoints: a, path: b, endpointsNamespace: A}",
                    &["spec.glusterfs.endpointsNamespace invalid-value", "spec.glusterfs warning"],
                ),
                ("csi: {driver: a, volumeHandle: b, nodeStageSecretRef: {}}", &[]),
                (
                    "csi: {driver: a, volumeHandle: b, nodeExpandSecretRef: {name: A, namespace: b.c}}",
                    &[
                        "spec.csi.nodeExpandSecretRef.name invalid-value",
                        "spec.csi.nodeExpandSecretRef.namespace invalid-value",
                    ],
                ),
                (
                    "iscsi: {targetPortal: 10.0.0.1, iqn: x, lun: 256, secretRef: {}}",
                    &[
                        "spec.iscsi.iqn invalid-value",
                        "spec.iscsi.lun invalid-value",
                        "spec.iscsi.secretRef.name required",
                    ],
                ),
            ],
        );
    }
}
