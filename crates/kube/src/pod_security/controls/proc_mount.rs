use super::prelude::*;

const FIELD: &str = "securityContext.procMount";

/// `check_procMount_baseline.go`: `/proc` is masked, unless the pod has a user namespace of its own.
pub static PROC_MOUNT: Control = Control {
    id: "procMount",
    level: Level::Baseline,
    revisions: &[
        Revision { since: 0, check },
        Revision { since: 35, check: |pod| if pod.has_user_namespace() { None } else { check(pod) } },
    ],
    overrides: None,
};

/// `check_procMount_restricted.go`: `/proc` is masked even then.
pub static PROC_MOUNT_RESTRICTED: Control = Control {
    id: "procMount_restricted",
    level: Level::Restricted,
    revisions: &[Revision { since: 35, check }],
    overrides: Some("procMount"),
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let is_forbidden = |node: &Node| node.as_str() != Some("Default");
    let offenders = Offenders::find(pod, FIELD, is_forbidden);
    let values = pod.containers().filter_map(|container| field(container, FIELD));
    let values: BTreeSet<_> = values.filter(|node| is_forbidden(node)).filter_map(Node::as_str).collect();
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "procMount",
        detail: format!("{} must not set {FIELD} to {}", offenders.containers(), quote(&values)),
        paths: offenders.paths,
    })
}
