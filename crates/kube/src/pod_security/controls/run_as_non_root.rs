use super::prelude::*;

const FIELD: &str = "securityContext.runAsNonRoot";
const REASON: &str = "runAsNonRoot != true";

/// `check_runAsNonRoot.go`: the kubelet is told to start no container as root.
pub static RUN_AS_NON_ROOT: Control = Control {
    id: "runAsNonRoot",
    level: Level::Restricted,
    revisions: &[
        Revision { since: 0, check },
        Revision { since: 35, check: |pod| if pod.has_user_namespace() { None } else { check(pod) } },
    ],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let explicit = Offenders::find_with_pod(pod, FIELD, |node| node.as_bool() == Some(false));
    if !explicit.is_empty() {
        return Some(Forbidden {
            reason: REASON,
            detail: format!("{} must not set {FIELD}=false", explicit.setters()),
            paths: explicit.paths,
        });
    }
    if pod.is_true(FIELD) {
        return None;
    }
    let mut implicit = Offenders::default();
    for container in pod.containers().filter(|container| field(*container, FIELD).is_none()) {
        implicit.add(container, [FIELD]);
    }
    (!implicit.is_empty()).then(|| Forbidden {
        reason: REASON,
        detail: format!("pod or {} must set {FIELD}=true", implicit.containers()),
        paths: implicit.paths,
    })
}
