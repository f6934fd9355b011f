use super::prelude::*;
use crate::Version;

const ALLOWED: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// In the order in which the plugin looks for the source of a volume.
const RESTRICTED: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

/// `check_restrictedVolumes.go`: volumes from objects of the API, and none from the node or the network directly.
pub static RESTRICTED_VOLUMES: Control = Control {
    id: "restrictedVolumes",
    level: Level::Restricted,
    revisions: &[Revision { since: 0, check }],
    overrides: Some("hostPathVolumes"),
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let (mut names, mut types, mut paths) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (volume, path) in pod.volumes() {
        let has = |source: &&str| volume.get(source).is_some_and(|node| !node.is_null());
        // Images count as a known source since 1.33, whatever the version of the standards.
        let is_image = pod.server >= Version::V1_33 && has(&"image");
        // A volume without a source becomes an `emptyDir` (`SetDefaults_Volume`).
        let is_empty =
            volume.as_map().is_none_or(|map| map.iter().all(|e| e.key == "name" || e.value.is_null()));
        if is_image || is_empty || ALLOWED.iter().any(&has) {
            continue;
        }
        let source = RESTRICTED.iter().find(|source| has(source));
        names.push(text(volume, "name"));
        paths.push(source.map_or_else(|| path.clone(), |source| format!("{path}.{source}")));
        types.insert(*source.unwrap_or(&"unknown"));
    }
    (!names.is_empty()).then(|| Forbidden {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            pluralize("volume", "volumes", names.len()),
            quote(&names),
            pluralize("uses", "use", names.len()),
            pluralize("restricted volume type", "restricted volume types", types.len()),
            quote(&types)
        ),
        paths,
    })
}
