//! Roles and their bindings: `pkg/apis/rbac/validation`.

use super::{At, Context};
use crate::names;

/// The group of roles, users and groups.
const GROUP: &str = "rbac.authorization.k8s.io";

/// `ValidateRole`.
pub(super) fn role(root: &At<'_, '_>, cx: &mut Context<'_>) {
    rules(root, true, cx);
}

/// `ValidateClusterRole`.
pub(super) fn cluster_role(root: &At<'_, '_>, cx: &mut Context<'_>) {
    rules(root, false, cx);
    let aggregation = root.field("aggregationRule");
    if aggregation.is_set() {
        let selectors = aggregation.field("clusterRoleSelectors");
        if selectors.is_empty() {
            cx.required(
                &selectors,
                "at least one clusterRoleSelector required if aggregationRule is non-nil",
            );
        }
        for selector in selectors.items() {
            super::metadata::label_selector(&selector, cx);
        }
    }
}

/// `ValidateRoleBinding`.
pub(super) fn role_binding(root: &At<'_, '_>, cx: &mut Context<'_>) {
    binding(root, &["Role", "ClusterRole"], true, cx);
}

/// `ValidateClusterRoleBinding`.
pub(super) fn cluster_role_binding(root: &At<'_, '_>, cx: &mut Context<'_>) {
    binding(root, &["ClusterRole"], false, cx);
}

fn rules(root: &At<'_, '_>, namespaced: bool, cx: &mut Context<'_>) {
    let rules = root.field("rules");
    for rule in rules.items() {
        policy_rule(&rule, namespaced, cx);
    }
}

/// `ValidatePolicyRule`.
fn policy_rule(rule: &At<'_, '_>, namespaced: bool, cx: &mut Context<'_>) {
    let (verbs, urls) = (rule.field("verbs"), rule.field("nonResourceURLs"));
    if verbs.is_empty() {
        cx.required(&verbs, "verbs must contain at least one value");
    }
    let (groups, resources) = (rule.field("apiGroups"), rule.field("resources"));
    let resource_names = rule.field("resourceNames");
    if !urls.is_empty() {
        if namespaced {
            cx.invalid(&urls, "namespaced rules cannot apply to non-resource URLs");
        }
        if !groups.is_empty() || !resources.is_empty() || !resource_names.is_empty() {
            cx.invalid(&urls, "rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    if groups.is_empty() {
        cx.required(&groups, "resource rules must supply at least one api group");
    }
    if resources.is_empty() {
        cx.required(&resources, "resource rules must supply at least one resource");
    }
}

fn binding(root: &At<'_, '_>, kinds: &[&str], namespaced: bool, cx: &mut Context<'_>) {
    let reference = root.field("roleRef");
    let group = reference.field("apiGroup");
    // `SetDefaults_RoleBinding` fills an empty group in.
    if !matches!(group.text(), "" | GROUP) {
        cx.not_supported(&group, &[GROUP]);
    }
    let kind = reference.field("kind");
    if !kinds.contains(&kind.text()) {
        cx.not_supported(&kind, kinds);
    }
    let name = reference.field("name");
    if name.text().is_empty() {
        cx.required(&name, "");
    } else {
        cx.form(&name, names::path_segment_name);
    }
    let subjects = root.field("subjects");
    for subject in subjects.items() {
        self::subject(&subject, namespaced, cx);
    }
}

/// `ValidateRoleBindingSubject`.
fn subject(subject: &At<'_, '_>, namespaced: bool, cx: &mut Context<'_>) {
    let (name, group) = (subject.field("name"), subject.field("apiGroup"));
    if name.text().is_empty() {
        cx.required(&name, "");
    }
    let kind = subject.field("kind");
    match kind.text() {
        "ServiceAccount" => {
            if !name.text().is_empty() {
                cx.form(&name, names::dns1123_subdomain);
            }
            if !group.text().is_empty() {
                cx.not_supported(&group, &[""]);
            }
            let namespace = subject.field("namespace");
            if !namespaced && namespace.text().is_empty() {
                cx.required(&namespace, "");
            }
        }
        "User" | "Group" => {
            if name.text().is_empty() {
                let whose = if kind.text() == "User" { "user" } else { "group" };
                cx.invalid(&name, format_args!("{whose} name cannot be empty"));
            }
            // `SetDefaults_Subject` fills an empty group in.
            if !matches!(group.text(), "" | GROUP) {
                cx.not_supported(&group, &[GROUP]);
            }
        }
        _ => cx.not_supported(&kind, &["ServiceAccount", "User", "Group"]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, list_findings};

    const API: &str = "apiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: a}";

    #[test]
    fn rules() {
        let role = |rule: &str| list_findings(&format!("{API}\nkind: Role\nrules: [{{{rule}}}]\n"));
        check(
            role,
            &[
                ("apiGroups: [''], resources: [pods], verbs: [get]", &[]),
                ("apiGroups: [''], resources: [pods], verbs: []", &["rules[0].verbs required"]),
                ("verbs: [get]", &["rules[0].apiGroups required", "rules[0].resources required"]),
                ("nonResourceURLs: [/a], verbs: [get]", &["rules[0].nonResourceURLs invalid-value"]),
            ],
        );
        let cluster_role = |rest: &str| list_findings(&format!("{API}\nkind: ClusterRole\n{rest}\n"));
        check(
            cluster_role,
            &[
                ("rules: [{nonResourceURLs: [/a], verbs: [get]}]", &[]),
                (
                    "rules: [{nonResourceURLs: [/a], resources: [pods], verbs: [get]}]",
                    &["rules[0].nonResourceURLs invalid-value"],
                ),
                ("aggregationRule: {}", &["aggregationRule.clusterRoleSelectors required"]),
            ],
        );
    }

    #[test]
    fn bindings() {
        let binding = |rest: &str| list_findings(&format!("{API}\nkind: RoleBinding\n{rest}\n"));
        check(
            binding,
            &[
                ("roleRef: {kind: Role, name: 'a:b'}\nsubjects: [{kind: User, name: a}]", &[]),
                (
                    "roleRef: {kind: role, name: ''}",
                    &["roleRef.kind unsupported-value", "roleRef.name required"],
                ),
                (
                    "roleRef: {kind: Role, name: a}\nsubjects: [{kind: Robot, name: a}]",
                    &["subjects[0].kind unsupported-value"],
                ),
                (
                    "roleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: A}]",
                    &["subjects[0].name invalid-value"],
                ),
                (
                    "roleRef: {kind: Role, name: a}\nsubjects: [{kind: Group, name: a, apiGroup: b}]",
                    &["subjects[0].apiGroup unsupported-value"],
                ),
            ],
        );
        let cluster = |rest: &str| list_findings(&format!("{API}\nkind: ClusterRoleBinding\n{rest}\n"));
        check(
            cluster,
            &[
                ("roleRef: {kind: Role, name: a}", &["roleRef.kind unsupported-value"]),
                (
                    "roleRef: {kind: ClusterRole, name: a}\nsubjects: [{kind: ServiceAccount, name: a}]",
                    &["subjects[0].namespace required"],
                ),
            ],
        );
    }
}
