use super::prelude::*;

declare! {
    /// A binding to a role that does not exist gives no rights. The pods start, and every request to the API is refused.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: web}
    /// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: webb}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: default}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: web}
    /// rules: []
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: web}
    /// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: default}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: web}
    /// rules: []
    /// ```
    ///
    /// ## Fix
    /// Correct the name or add the role. The severity is info if no role of the release has a similar name. Roles that
    /// every cluster has (`cluster-admin`, `admin`, `edit`, `view`, `system:*`) are known; `--assume ClusterRole/NAME`
    /// names others.
    MISSING_ROLE = "ref/missing-role", Warning, "the role of a binding is not in the release";
    release: check;
}

/// The roles that every cluster has, beside those whose name begins with `system:` (`bootstrappolicy.ClusterRoles`,
/// `NamespaceRoles`).
const BUILT_IN: [&str; 5] = ["admin", "cluster-admin", "edit", "extension-apiserver-authentication-reader", "view"];

const GROUP: &str = "rbac.authorization.k8s.io";

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    if release.is_partial() {
        return;
    }
    for binding in ["RoleBinding", "ClusterRoleBinding"].into_iter().flat_map(|kind| release.objects_of_kind(GROUP, kind)) {
        let text = |field| binding.at(&["roleRef", field]).and_then(Node::as_str).unwrap_or_default();
        let (kind, name) = (text("kind"), text("name"));
        let is_built_in = BUILT_IN.contains(&name) || name.starts_with("system:");
        let reference = Reference { from: binding, path: "roleRef.name".to_owned(), group: GROUP, kind, name };
        if !is_built_in && !reference.is_met(release) {
            found.push(reference.missing(release, &MISSING_ROLE, "the binding gives no rights"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::severities;

    #[test]
    fn roles_that_every_cluster_has_are_known() {
        let run = |name: &str| {
            let text = format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: a}}\nroleRef: {{kind: \
                 ClusterRole, name: \"{name}\"}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n"
            );
            severities("ref/missing-role", &text)
        };
        assert_eq!(run("view").len() + run("system:auth-delegator").len(), 0);
        assert_eq!(run("operator"), ["info"]);
    }
}
