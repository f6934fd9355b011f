use super::prelude::*;

const FIELD: &str = "securityContext.capabilities.add";

const ALLOWED: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// `check_capabilities_baseline.go`: no capabilities beyond those that container runtimes give by default.
pub static CAPABILITIES_BASELINE: Control = Control {
    id: "capabilities_baseline",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let (offenders, added) = find_added(pod, &ALLOWED);
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "non-default capabilities",
        detail: format!("{} must not include {} in {FIELD}", offenders.containers(), quote(&added)),
        paths: offenders.paths,
    })
}

/// The containers that add other capabilities than `allowed`, and these.
pub(super) fn find_added<'a>(pod: Pod<'a>, allowed: &[&str]) -> (Offenders<'a>, BTreeSet<&'a str>) {
    let (mut offenders, mut forbidden) = (Offenders::default(), BTreeSet::new());
    for container in pod.containers() {
        let added = field(container, FIELD).map(Node::items).unwrap_or_default().iter().enumerate();
        let added = added.map(|(index, node)| (index, node.as_str().unwrap_or_default()));
        let added: Vec<_> = added.filter(|(_, name)| !allowed.contains(name)).collect();
        offenders.add(container, added.iter().map(|(index, _)| format!("{FIELD}[{index}]")));
        forbidden.extend(added.into_iter().map(|(_, name)| name));
    }
    (offenders, forbidden)
}
