use super::prelude::*;

/// `check_runAsUser.go`: no container is started as user 0.
pub static RUN_AS_USER: Control = Control {
    id: "runAsUser",
    level: Level::Restricted,
    revisions: &[
        Revision { since: 23, check },
        Revision { since: 35, check: |pod| if pod.has_user_namespace() { None } else { check(pod) } },
    ],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let offenders =
        Offenders::find_with_pod(pod, "securityContext.runAsUser", |node| node.as_i64() == Some(0));
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "runAsUser=0",
        detail: format!("{} must not set runAsUser=0", offenders.setters()),
        paths: offenders.paths,
    })
}
