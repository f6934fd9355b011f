use super::prelude::*;

const FIELD: &str = "securityContext.appArmorProfile";
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// `check_appArmorProfile.go`: the runtime's profile or one of the node's, in the field and in the former annotation.
pub static APP_ARMOR_PROFILE: Control = Control {
    id: "appArmorProfile",
    level: Level::Baseline,
    revisions: &[Revision { since: 0, check }],
    overrides: None,
};

fn check(pod: Pod<'_>) -> Option<Forbidden> {
    let is_forbidden = |node: &Node| !matches!(text(node, "type"), "RuntimeDefault" | "Localhost");
    let offenders = Offenders::find_with_pod(pod, FIELD, is_forbidden);
    let profiles = pod.field(FIELD).into_iter().chain(pod.containers().filter_map(|c| field(c, FIELD)));
    let mut values: Vec<String> = profiles
        .filter(|node| is_forbidden(node))
        .map(|node| text(node, "type").to_owned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let mut annotations = BTreeSet::new();
    let mut setters = if offenders.is_empty() { String::new() } else { offenders.setters() };
    let mut paths: Vec<String> = offenders.paths.iter().map(|path| format!("{path}.type")).collect();
    for (key, value, path) in pod.annotations() {
        if key.starts_with(ANNOTATION) && !is_allowed_annotation(value) {
            annotations.insert(format!("{key}={value:?}"));
            paths.push(path);
        }
    }
    if !annotations.is_empty() {
        let word = pluralize("annotation", "annotations", annotations.len());
        setters = if setters.is_empty() { word.to_owned() } else { format!("{setters} and {word}") };
        values.extend(annotations);
    }
    (!paths.is_empty()).then(|| Forbidden {
        reason: pluralize("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len()),
        detail: format!("{setters} must not set AppArmor profile type to {}", quote(&values)),
        paths,
    })
}

fn is_allowed_annotation(profile: &str) -> bool {
    profile.is_empty() || profile == "runtime/default" || profile.starts_with("localhost/")
}
