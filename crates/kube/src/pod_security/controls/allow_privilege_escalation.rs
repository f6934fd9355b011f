use super::prelude::*;

const FIELD: &str = "securityContext.allowPrivilegeEscalation";

/// `check_allowPrivilegeEscalation.go`: every container sets it to false.
pub static ALLOW_PRIVILEGE_ESCALATION: Control = Control {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    revisions: &[
        Revision { since: 8, check },
        Revision { since: 25, check: |pod| if pod.is_windows() { None } else { check(pod) } },
    ],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for container in pod.containers() {
        if field(container, FIELD).and_then(Node::as_bool) != Some(false) {
            offenders.add(container, [FIELD]);
        }
    }
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "allowPrivilegeEscalation != false",
        detail: format!("{} must set {FIELD}=false", offenders.containers()),
        paths: offenders.paths,
    })
}
