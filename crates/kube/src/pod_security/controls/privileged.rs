use super::prelude::*;

const FIELD: &str = "securityContext.privileged";

/// `check_privileged.go`: no privileged containers.
pub static PRIVILEGED: Control = Control {
    id: "privileged",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let offenders = Offenders::find(pod, FIELD, |node| node.as_bool() == Some(true));
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "privileged",
        detail: format!("{} must not set {FIELD}=true", offenders.containers()),
        paths: offenders.paths,
    })
}
