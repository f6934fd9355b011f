use super::prelude::*;

declare! {
    /// A `ClusterRole` that can read Secrets without naming them can read those of every namespace, the tokens and keys of
    /// all other workloads among them. `list` and `watch` return the contents, too.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: web}
    /// rules:
    ///   - {apiGroups: [""], resources: [secrets], verbs: [list]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: web}
    /// rules:
    ///   - {apiGroups: [""], resources: [secrets], verbs: [get], resourceNames: [web]}
    /// ```
    ///
    /// ## Fix
    /// Use a `Role` in the namespaces that matter, or `resourceNames`. Controllers that must see every Secret are a reason
    /// to allow the finding.
    READS_ALL_SECRETS = "rbac/reads-all-secrets", Info, "a role can read the Secrets of every namespace";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for right in rights(release).iter().filter(|right| right.is_cluster_wide() && !right.names_objects()) {
        let reads = right.lists("verbs", &["get", "list", "watch", "*"]);
        // What a `*` for all resources means is `rbac/wildcard`'s to say.
        if reads && right.lists("resources", &["secrets"]) && right.lists("apiGroups", &["", "*"]) {
            found.push(
                finding(
                    &READS_ALL_SECRETS,
                    right.role,
                    format!("{}.resources", right.path),
                    format!("{} can read the Secrets of every namespace it is bound in", role_name(right.role)),
                )
                .help("use a Role, or name the Secrets with `resourceNames`"),
            );
        }
    }
}
