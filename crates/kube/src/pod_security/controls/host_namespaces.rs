use super::prelude::*;

/// `check_hostNamespaces.go`: no network, process or IPC namespace of the node.
pub static HOST_NAMESPACES: Control = Control {
    id: "hostNamespaces",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let fields = ["hostNetwork", "hostPID", "hostIPC"];
    let shared: Vec<_> = fields.into_iter().filter(|field| pod.is_true(field)).collect();
    (!shared.is_empty()).then(|| Forbidden {
        reason: "host namespaces",
        detail: shared.iter().map(|field| format!("{field}=true")).collect::<Vec<_>>().join(", "),
        paths: shared.into_iter().map(|field| pod.path(field)).collect(),
    })
}
