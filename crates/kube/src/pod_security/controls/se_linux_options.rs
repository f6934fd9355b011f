use super::prelude::*;

const FIELD: &str = "securityContext.seLinuxOptions";

/// `check_seLinuxOptions.go`: a type for containers, and neither user nor role.
pub static SE_LINUX_OPTIONS: Control = Control {
    id: "seLinuxOptions",
    level: Level::Baseline,
    revisions: &[
        Revision { since: 0, check: |pod| check(pod, &[]) },
        Revision { since: 31, check: |pod| check(pod, &["container_engine_t"]) },
    ],
    overrides: None,
};

fn check(pod: Pod<'_>, more_types: &[&str]) -> Option<Forbidden> {
    let allows = |name: &str| {
        matches!(name, "" | "container_t" | "container_init_t" | "container_kvm_t")
            || more_types.contains(&name)
    };
    let is_forbidden = |field: &str, options: &Node| match field {
        "type" => !allows(text(options, field)),
        _ => !text(options, field).is_empty(),
    };
    let forbidden = |options: &Node| {
        let fields = ["type", "user", "role"].into_iter();
        fields.filter(|field| is_forbidden(field, options)).map(|field| format!("{FIELD}.{field}")).collect()
    };
    let mut offenders = Offenders::default();
    let mut options = Vec::new();
    if let Some(own) = pod.field(FIELD) {
        let fields: Vec<_> = forbidden(own);
        for field in &fields {
            offenders.add_pod(pod, field);
        }
        options.push(own);
    }
    for container in pod.containers() {
        let Some(own) = field(container, FIELD) else { continue };
        let fields: Vec<_> = forbidden(own);
        offenders.add(container, fields);
        options.push(own);
    }
    if offenders.is_empty() {
        return None;
    }
    let types: BTreeSet<_> =
        options.iter().map(|own| text(own, "type")).filter(|name| !allows(name)).collect();
    let mut details = Vec::new();
    if !types.is_empty() {
        details.push(format!("{} {}", pluralize("type", "types", types.len()), quote(&types)));
    }
    for field in ["user", "role"] {
        if options.iter().any(|own| is_forbidden(field, own)) {
            details.push(format!("{field} may not be set"));
        }
    }
    Some(Forbidden {
        reason: "seLinuxOptions",
        detail: format!("{} set forbidden {FIELD}: {}", offenders.setters(), details.join("; ")),
        paths: offenders.paths,
    })
}
