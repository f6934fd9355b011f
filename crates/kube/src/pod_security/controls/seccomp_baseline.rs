use super::prelude::*;

pub(super) const FIELD: &str = "securityContext.seccompProfile";
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// `check_seccompProfile_baseline.go`: no container is unconfined, by the former annotations before 1.19.
pub static SECCOMP_BASELINE: Control = Control {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    revisions: &[
        Revision { since: 0, check: check_annotations },
        Revision { since: 19, check: find_unconfined },
    ],
    overrides: None,
};

fn check_annotations(pod: Pod<'_>) -> Option<Forbidden> {
    let (mut forbidden, mut paths) = (BTreeSet::new(), Vec::new());
    for (key, value, path) in pod.annotations() {
        let is_of_container = key
            .strip_prefix(CONTAINER_ANNOTATION)
            .is_some_and(|name| pod.containers().any(|container| container.name() == name));
        let is_allowed =
            matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
        if (key == POD_ANNOTATION || is_of_container) && !is_allowed {
            forbidden.insert(format!("{key}={value:?}"));
            paths.push(path);
        }
    }
    (!paths.is_empty()).then(|| Forbidden {
        reason: "seccompProfile",
        detail: format!(
            "forbidden {} {}",
            pluralize("annotation", "annotations", forbidden.len()),
            forbidden.into_iter().collect::<Vec<_>>().join(", ")
        ),
        paths,
    })
}

/// Whether a `seccompProfile` is not confined.
pub(super) fn is_unconfined(profile: &Node) -> bool {
    !matches!(text(profile, "type"), "Localhost" | "RuntimeDefault")
}

/// The pod and the containers that set another type than `RuntimeDefault` and `Localhost`.
pub(super) fn find_unconfined(pod: Pod<'_>) -> Option<Forbidden> {
    let offenders = Offenders::find_with_pod(pod, FIELD, is_unconfined);
    let profiles = pod.field(FIELD).into_iter().chain(pod.containers().filter_map(|c| field(c, FIELD)));
    let values: BTreeSet<_> =
        profiles.filter(|profile| is_unconfined(profile)).map(|profile| text(profile, "type")).collect();
    (!offenders.is_empty()).then(|| Forbidden {
        reason: "seccompProfile",
        detail: format!("{} must not set {FIELD}.type to {}", offenders.setters(), quote(&values)),
        paths: offenders.paths.iter().map(|path| format!("{path}.type")).collect(),
    })
}
