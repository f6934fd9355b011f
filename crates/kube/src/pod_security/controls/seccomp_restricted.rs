use super::prelude::*;
use super::seccomp_baseline::{FIELD, find_unconfined};

/// `check_seccompProfile_restricted.go`: every container has a profile, of its own or of the pod.
pub static SECCOMP_RESTRICTED: Control = Control {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    revisions: &[
        Revision { since: 19, check },
        Revision { since: 25, check: |pod| if pod.is_windows() { None } else { check(pod) } },
    ],
    overrides: Some("seccompProfile_baseline"),
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    if let Some(forbidden) = find_unconfined(pod) {
        return Some(forbidden);
    }
    if pod.field(FIELD).is_some() {
        return None;
    }
    let mut offenders = Offenders::default();
    for container in pod.containers().filter(|container| field(*container, FIELD).is_none()) {
        offenders.add(container, [FIELD]);
    }
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "seccompProfile",
        detail: format!(
            "pod or {} must set {FIELD}.type to \"RuntimeDefault\" or \"Localhost\"",
            offenders.containers()
        ),
        paths: offenders.paths,
    })
}
