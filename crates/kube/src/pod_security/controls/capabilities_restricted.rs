use super::capabilities_baseline::find_added;
use super::prelude::*;

const DROP: &str = "securityContext.capabilities.drop";

/// `check_capabilities_restricted.go`: every container drops all capabilities and adds at most `NET_BIND_SERVICE`.
pub static CAPABILITIES_RESTRICTED: Control = Control {
    id: "capabilities_restricted",
    level: Level::Restricted,
    revisions: &[
        Revision { since: 22, check },
        Revision { since: 25, check: |pod| if pod.is_windows() { None } else { check(pod) } },
    ],
    overrides: Some("capabilities_baseline"),
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let mut keeping = Offenders::default();
    for container in pod.containers() {
        let dropped = field(container, DROP).map(Node::items).unwrap_or_default();
        if !dropped.iter().any(|name| name.as_str() == Some("ALL")) {
            keeping.add(container, [DROP]);
        }
    }
    let (adding, added) = find_added(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set {DROP}=[\"ALL\"]", keeping.containers()));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            adding.containers(),
            quote(&added)
        ));
    }
    (!details.is_empty()).then(|| Forbidden {
        reason: "unrestricted capabilities",
        detail: details.join("; "),
        paths: [keeping.paths, adding.paths].concat(),
    })
}
