//! Persistent volumes (`pkg/apis/core/validation`) and storage classes (`pkg/apis/storage/validation`).

use super::claim::{ACCESS_MODES, VOLUME_MODES, access_modes, class_name, storage_class_annotation_warning};
use super::resources::{positive_quantity, quantity};
use super::{At, Context};
use crate::k8s::{Version, names};
use std::collections::{BTreeMap, BTreeSet};

/// The sources a volume can have, in the order the server looks at them, each with its required fields.
/// Those with rules beyond that are spelt out in [`volume_source`].
const SOURCES: &[(&str, &[&str])] = &[
    ("hostPath", &["path"]),
    ("gcePersistentDisk", &["pdName"]),
    ("awsElasticBlockStore", &["volumeID"]),
    ("glusterfs", &["endpoints", "path"]),
    ("flocker", &[]),
    ("nfs", &["server", "path"]),
    ("rbd", &["monitors", "image"]),
    ("quobyte", &["registry", "volume"]),
    ("cephfs", &["monitors"]),
    ("iscsi", &["targetPortal", "iqn"]),
    ("cinder", &["volumeID"]),
    ("fc", &[]),
    ("flexVolume", &["driver"]),
    ("azureFile", &["secretName", "shareName"]),
    ("vsphereVolume", &["volumePath"]),
    ("photonPersistentDisk", &["pdID"]),
    ("portworxVolume", &["volumeID"]),
    ("azureDisk", &["diskName", "diskURI"]),
    ("scaleIO", &["gateway", "system", "volumeName"]),
    ("local", &["path"]),
    ("storageos", &[]),
    ("csi", &["driver", "volumeHandle"]),
];

/// `validateHostPathType`.
const HOST_PATH_TYPES: &[&str] =
    &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

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

    let mut sources = 0_usize;
    for (name, required) in SOURCES {
        let source = spec.field(name);
        if !source.is_set() {
            continue;
        }
        sources += 1;
        if sources > 1 {
            let path = if *name == "cephfs" { spec.field("cephFS") } else { source };
            cx.forbidden(&path.showing(&source), "may not specify more than 1 volume type");
        } else {
            volume_source(name, required, &source, cx);
        }
    }
    if sources == 0 {
        cx.required(&spec, "must specify a volume type");
    }
    if spec.field("local").is_set() && !affinity.is_set() {
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
    // Dropped unread before the gate `VolumeAttributesClass` was on.
    if attributes.is_set() && cx.version >= Version::V1_34 {
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

/// One source: what has to be there, and the rules of the more common ones.
fn volume_source(name: &str, required: &[&str], source: &At<'_, '_>, cx: &mut Context<'_>) {
    // The server spells this one differently inside.
    let path = if name == "gcePersistentDisk" { source.renamed("persistentDisk") } else { *source };
    for field in required {
        let value = path.field(field);
        if value.text().is_empty() && value.is_empty() {
            cx.required(&value, "");
        }
    }
    match name {
        "hostPath" => {
            no_backsteps(&path.field("path"), cx);
            let kind = path.field("type");
            if kind.is_set() && !HOST_PATH_TYPES.contains(&kind.text()) {
                cx.not_supported(&kind, HOST_PATH_TYPES);
            }
        }
        "gcePersistentDisk" | "awsElasticBlockStore" => {
            let partition = path.field("partition");
            if partition.int().is_some_and(|number| !(0..=255).contains(&number)) {
                cx.invalid(&partition, "must be between 0 and 255, inclusive");
            }
        }
        "nfs" => {
            let directory = path.field("path");
            if !directory.text().is_empty() && !directory.text().starts_with('/') {
                cx.invalid(&directory, "must be an absolute path");
            }
        }
        "local" => no_backsteps(&path.field("path"), cx),
        "iscsi" => iscsi(&path, cx),
        "fc" => fibre_channel(&path, cx),
        "azureDisk" => azure_disk(&path, cx),
        "csi" => csi(&path, cx),
        _ => {}
    }
}

/// `validatePathNoBacksteps`.
fn no_backsteps(path: &At<'_, '_>, cx: &mut Context<'_>) {
    if path.text().split('/').any(|step| step == "..") {
        cx.invalid(path, "must not contain '..'");
    }
}

/// `validateISCSIPersistentVolumeSource`.
fn iscsi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = source.field("iqn");
    if !name.text().is_empty() && !["iqn", "eui", "naa"].iter().any(|prefix| name.text().starts_with(prefix))
    {
        cx.invalid(&name, "must be valid format starting with iqn, eui, or naa");
    }
    let lun = source.field("lun");
    if lun.int().is_some_and(|number| !(0..=255).contains(&number)) {
        cx.invalid(&lun, "must be between 0 and 255, inclusive");
    }
    let secret = source.field("secretRef");
    if (source.field("chapAuthDiscovery").flag() || source.field("chapAuthSession").flag())
        && !secret.is_set()
    {
        cx.required(&secret, "");
    }
    if secret.is_set() && secret.field("name").text().is_empty() {
        cx.required(&secret.field("name"), "");
    }
}

/// `validateFCVolumeSource`.
fn fibre_channel(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let (names, ids, lun) = (source.field("targetWWNs"), source.field("wwids"), source.field("lun"));
    match (names.is_empty(), ids.is_empty()) {
        (true, true) => {
            cx.required(&names, "must specify either targetWWNs or wwids, but not both");
        }
        (false, false) => cx.invalid(&names, "targetWWNs and wwids can not be specified simultaneously"),
        (false, true) => match lun.int() {
            None => cx.required(&lun, "lun is required if targetWWNs is specified"),
            Some(0..=255) => {}
            Some(_) => cx.invalid(&lun, "must be between 0 and 255, inclusive"),
        },
        (true, false) => {}
    }
}

/// `validateAzureDisk`.
fn azure_disk(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let (caching, kind) = (source.field("cachingMode"), source.field("kind"));
    if !matches!(caching.text(), "" | "None" | "ReadOnly" | "ReadWrite") {
        cx.not_supported(&caching, &["None", "ReadOnly", "ReadWrite"]);
    }
    if !matches!(kind.text(), "" | "Shared" | "Dedicated" | "Managed") {
        cx.not_supported(&kind, &["Dedicated", "Managed", "Shared"]);
    }
    let uri = source.field("diskURI");
    if kind.text() == "Managed" {
        if !uri.text().starts_with("/subscriptions/") {
            cx.not_supported(&uri, &["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"]);
        }
    } else if !uri.text().is_empty() && !uri.text().starts_with("https://") {
        cx.not_supported(
            &uri,
            &["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"],
        );
    }
}

/// `validateCSIPersistentVolumeSource`.
fn csi(source: &At<'_, '_>, cx: &mut Context<'_>) {
    let driver = source.field("driver");
    csi_driver_name(&driver, cx);
    for name in [
        "controllerPublishSecretRef",
        "nodeStageSecretRef",
        "nodePublishSecretRef",
        "controllerExpandSecretRef",
        "nodeExpandSecretRef",
    ] {
        let secret = source.field(name);
        for field in ["name", "namespace"] {
            let field = secret.field(field);
            if secret.is_set() && field.text().is_empty() {
                cx.required(&field, "");
            }
        }
    }
}

/// `ValidateCSIDriverName`, where one is given.
fn csi_driver_name(driver: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = driver.text();
    if name.is_empty() {
        return;
    }
    if name.len() > 63 {
        cx.too_long(driver, 63);
    }
    cx.invalid_each(driver, names::dns1123_subdomain(&name.to_lowercase()));
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

/// `ValidateStorageClass`.
pub(super) fn storage_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let provisioner = root.field("provisioner");
    if provisioner.text().is_empty() {
        cx.required(&provisioner, "");
    } else {
        cx.invalid_each(&provisioner, names::qualified_name(&provisioner.text().to_lowercase()));
    }
    parameters(&root.field("parameters"), true, cx);
    let reclaim = root.field("reclaimPolicy");
    if !matches!(reclaim.text(), "" | "Delete" | "Retain") {
        cx.not_supported(&reclaim, &["Delete", "Retain"]);
    }
    let binding = root.field("volumeBindingMode");
    if binding.is_set() && !matches!(binding.text(), "Immediate" | "WaitForFirstConsumer") {
        cx.not_supported(&binding, &["Immediate", "WaitForFirstConsumer"]);
    }
    allowed_topologies(&root.field("allowedTopologies"), cx);
}

/// `validateParameters`.
fn parameters(parameters: &At<'_, '_>, may_be_empty: bool, cx: &mut Context<'_>) {
    const MAX_COUNT: usize = 512;
    const MAX_SIZE: usize = 256 * 1024;
    if parameters.len() > MAX_COUNT {
        cx.too_long(parameters, MAX_COUNT);
        return;
    }
    let mut size = 0_usize;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            cx.invalid_key(parameters, key, value.key_span(), "field can not be empty.");
        }
        size = size.saturating_add(key.len()).saturating_add(value.text().len());
    }
    if size > MAX_SIZE {
        cx.too_long(parameters, MAX_SIZE);
    }
    if parameters.is_empty() && !may_be_empty {
        cx.required(parameters, "must contain at least one key/value pair");
    }
}

/// `validateAllowedTopologies`: the server finds an empty term to repeat the empty ones it starts with.
fn allowed_topologies(topologies: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut earlier: BTreeSet<BTreeMap<&str, BTreeSet<&str>>> = BTreeSet::new();
    for term in topologies.items() {
        let expressions = term.field("matchLabelExpressions");
        let mut values_by_key: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for expression in expressions.items() {
            let (key, values) = (expression.field("key"), expression.field("values"));
            if values.is_empty() {
                cx.required(&values, "");
            }
            let mut seen = BTreeSet::new();
            for value in values.items() {
                if !seen.insert(value.text()) {
                    cx.duplicate(&value);
                }
            }
            cx.form(&key, names::qualified_name);
            deprecated_label_warning(&key, cx);
            if values_by_key.insert(key.text(), seen).is_some() {
                cx.duplicate(&key);
            }
        }
        if values_by_key.is_empty() || !earlier.insert(values_by_key) {
            cx.duplicate(&expressions);
        }
    }
}

/// `GetLabelDeprecatedMessage`, for labels of nodes.
fn deprecated_label_warning(key: &At<'_, '_>, cx: &mut Context<'_>) {
    let (since, instead) = match key.text() {
        "beta.kubernetes.io/arch" => ("v1.14", "kubernetes.io/arch"),
        "beta.kubernetes.io/os" => ("v1.14", "kubernetes.io/os"),
        "failure-domain.beta.kubernetes.io/region" => ("v1.17", "topology.kubernetes.io/region"),
        "failure-domain.beta.kubernetes.io/zone" => ("v1.17", "topology.kubernetes.io/zone"),
        "beta.kubernetes.io/instance-type" => ("v1.17", "node.kubernetes.io/instance-type"),
        _ => return,
    };
    cx.warning(key, format_args!("{} is deprecated since {since}; use \"{instead}\" instead", key.text()));
}

/// `ValidateCSIDriver`.
pub(super) fn csi_driver(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let metadata = root.field("metadata");
    csi_driver_name(&metadata.field("name"), cx);
    let spec = root.field("spec");
    let policy = spec.field("fsGroupPolicy");
    if policy.is_set() && !matches!(policy.text(), "ReadWriteOnceWithFSType" | "File" | "None") {
        cx.not_supported(&policy, &["File", "None", "ReadWriteOnceWithFSType"]);
    }
    let modes = spec.field("volumeLifecycleModes");
    for mode in modes.items() {
        if !matches!(mode.text(), "Persistent" | "Ephemeral") {
            cx.not_supported(&modes.showing(&mode), &["Persistent", "Ephemeral"]);
        }
    }
    let requests = spec.field("tokenRequests");
    let mut seen = BTreeSet::new();
    for request in requests.items() {
        let (audience, expiration) = (request.field("audience"), request.field("expirationSeconds"));
        if !seen.insert(audience.text()) {
            cx.duplicate(&audience);
        }
        match expiration.int() {
            Some(..600) => cx.invalid(&expiration, "may not specify a duration less than 10 minutes"),
            Some(4_294_967_297..) => {
                cx.invalid(&expiration, "may not specify a duration larger than 2^32 seconds");
            }
            _ => {}
        }
    }
}

/// `ValidateVolumeAttributesClass`.
pub(super) fn volume_attributes_class(root: &At<'_, '_>, cx: &mut Context<'_>) {
    let driver = root.field("driverName");
    if driver.text().is_empty() {
        cx.required(&driver, "");
    }
    csi_driver_name(&driver, cx);
    parameters(&root.field("parameters"), false, cx);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, said};

    fn volume(spec: &str) -> Vec<String> {
        said(&format!("apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"))
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
                        "{GOOD}, csi: {{driver: A_b, volumeHandle: '', nodeStageSecretRef: {{name: a}}}}"
                    ),
                    &[
                        "spec.csi.driver invalid-value",
                        "spec.csi.nodeStageSecretRef.namespace required",
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
    fn classes() {
        let class = |rest: &str| {
            said(&format!(
                "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: a}}\n{rest}\n"
            ))
        };
        check(
            class,
            &[
                ("provisioner: A.b/C", &[]),
                ("provisioner: a b", &["provisioner invalid-value"]),
                ("provisioner: a\nreclaimPolicy: Recycle", &["reclaimPolicy unsupported-value"]),
                ("provisioner: a\nvolumeBindingMode: ''", &["volumeBindingMode unsupported-value"]),
                ("provisioner: a\nparameters: {'': x}", &["parameters invalid-value"]),
                (
                    "provisioner: a\nallowedTopologies: [{matchLabelExpressions: [{key: a b, values: []}]}]",
                    &[
                        "allowedTopologies[0].matchLabelExpressions[0].key invalid-value",
                        "allowedTopologies[0].matchLabelExpressions[0].values required",
                    ],
                ),
                (
                    "provisioner: a\nallowedTopologies: [{}]",
                    &["allowedTopologies[0].matchLabelExpressions duplicate-value"],
                ),
            ],
        );
    }

    #[test]
    fn drivers() {
        let driver = |rest: &str| said(&format!("apiVersion: storage.k8s.io/v1\nkind: CSIDriver\n{rest}\n"));
        check(
            driver,
            &[
                ("metadata: {name: a.b}\nspec: {}", &[]),
                (
                    "metadata: {name: a.b}\nspec: {fsGroupPolicy: All, volumeLifecycleModes: [Once]}",
                    &["spec.fsGroupPolicy unsupported-value", "spec.volumeLifecycleModes unsupported-value"],
                ),
                (
                    "metadata: {name: a.b}\nspec: {tokenRequests: [{audience: a, expirationSeconds: 1}, {audience: a}]}",
                    &[
                        "spec.tokenRequests[0].expirationSeconds invalid-value",
                        "spec.tokenRequests[1].audience duplicate-value",
                    ],
                ),
            ],
        );
    }
}
