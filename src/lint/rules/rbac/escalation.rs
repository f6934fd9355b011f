use super::prelude::*;

declare! {
    /// Some rights give all others: whoever may `escalate` or `bind` roles gives itself any right, and whoever may
    /// `impersonate` acts as any user.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: operator}
    /// rules:
    ///   - apiGroups: [rbac.authorization.k8s.io]
    ///     resources: [clusterroles]
    ///     verbs: [escalate]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: operator}
    /// rules:
    ///   - apiGroups: [rbac.authorization.k8s.io]
    ///     resources: [clusterroles]
    ///     verbs: [bind]
    ///     resourceNames: [view]
    /// ```
    ///
    /// ## Fix
    /// Name the roles or users with `resourceNames`, or remove the verb: an operator that has the rights itself may
    /// create roles with them without `escalate`
    /// (<https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping>).
    ESCALATION = "rbac/escalation", Warning, "a role can give itself every other right";
    release: check;
}

/// Verbs, and the resources on which they give every right.
const VERBS: [(&str, &[&str]); 3] = [
    ("escalate", &["clusterroles", "roles"]),
    ("bind", &["clusterroles", "roles"]),
    ("impersonate", &["groups", "serviceaccounts", "users"]),
];

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for right in rights(release).iter().filter(|right| !right.names_objects()) {
        for (verb, resources) in VERBS {
            let verbs = right.node.get("verbs").map(Node::items).unwrap_or_default();
            let Some(index) = verbs.iter().position(|item| item.as_str() == Some(verb)) else { continue };
            if right.lists("resources", resources) || right.lists("resources", &["*"]) {
                found.push(escalates(right, verb, index));
            }
        }
    }
}

fn escalates(right: &Right<'_>, verb: &str, index: usize) -> Diagnostic {
    let role = role_name(right.role);
    let consequence = match verb {
        "impersonate" => "act as any user",
        _ => "give itself every right",
    };
    finding(
        &ESCALATION,
        right.role,
        format!("{}.verbs[{index}]", right.path),
        format!("whoever has {role} can {consequence}, by `{verb}`"),
    )
    .help("name the objects with `resourceNames`, or remove the verb")
}
