use super::prelude::*;

const FIELD: &str = "securityContext.windowsOptions.hostProcess";

/// `check_windowsHostProcess.go`: no processes of a Windows node.
pub static WINDOWS_HOST_PROCESS: Control = Control {
    id: "windowsHostProcess",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let offenders = Offenders::find_with_pod(pod, FIELD, |node| node.as_bool() == Some(true));
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "hostProcess",
        detail: format!("{} must not set {FIELD}=true", offenders.setters()),
        paths: offenders.paths,
    })
}
