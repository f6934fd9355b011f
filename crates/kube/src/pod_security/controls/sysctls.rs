use super::prelude::*;

/// The sysctls that are allowed, each with the first version of the standards that allows it.
const ALLOWED: [(&str, u64); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// `check_sysctls.go`: kernel parameters that the kernel keeps apart for each pod.
pub static SYSCTLS: Control = Control {
    id: "sysctls",
    level: Level::Baseline,
    revisions: &[
        Revision { since: 0, check: |pod| check(pod, 0) },
        Revision { since: 27, check: |pod| check(pod, 27) },
        Revision { since: 29, check: |pod| check(pod, 29) },
        Revision { since: 32, check: |pod| check(pod, 32) },
        Revision { since: 37, check: |pod| check(pod, 37) },
    ],
    overrides: None,
};

fn check(pod: Pod<'_>, version: u64) -> Option<Forbidden> {
    let sysctls = pod.field("securityContext.sysctls").map(Node::items).unwrap_or_default();
    let is_allowed = |name: &str| ALLOWED.iter().any(|(known, since)| *known == name && *since <= version);
    let forbidden = sysctls.iter().enumerate().map(|(index, sysctl)| (index, text(sysctl, "name")));
    let (paths, names): (Vec<_>, Vec<_>) = forbidden
        .filter(|(_, name)| !is_allowed(name))
        .map(|(index, name)| (pod.path(&format!("securityContext.sysctls[{index}].name")), name))
        .unzip();
    (!paths.is_empty()).then(|| Forbidden { reason: "forbidden sysctls", detail: names.join(", "), paths })
}
