use super::prelude::*;

/// `check_hostPathVolumes.go`: no directories of the node.
pub static HOST_PATH_VOLUMES: Control = Control {
    id: "hostPathVolumes",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let volumes = pod.volumes().filter(|(volume, _)| volume.get("hostPath").is_some_and(|n| !n.is_null()));
    let (names, paths): (Vec<_>, Vec<_>) =
        volumes.map(|(volume, path)| (text(volume, "name"), format!("{path}.hostPath"))).unzip();
    (!paths.is_empty()).then(|| Forbidden {
        reason: "hostPath volumes",
        detail: format!("{} {}", pluralize("volume", "volumes", names.len()), quote(names)),
        paths,
    })
}
