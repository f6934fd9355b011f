use super::prelude::*;

declare! {
    /// `cluster-admin` is the right to do everything, in every namespace if it is bound by a `ClusterRoleBinding`. A
    /// pod with that service account is as good as the cluster.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: web}
    /// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: default}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: web}
    /// roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: default}]
    /// ```
    ///
    /// ## Fix
    /// Bind a role that has only the rights that are needed.
    CLUSTER_ADMIN = "rbac/cluster-admin", Warning, "a service account has every right in the cluster";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for binding in bindings(release) {
        let name = binding.at(&["roleRef", "name"]).and_then(Node::as_str);
        let is_account =
            |subject: &Node| subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
        let subjects = binding.at(&["subjects"]).map(Node::items).unwrap_or_default();
        if name != Some("cluster-admin") || !subjects.iter().any(is_account) {
            continue;
        }
        let extent = match binding.kind.as_str() {
            "RoleBinding" => "in its namespace",
            _ => "in the cluster",
        };
        let mut finding = finding(
            &CLUSTER_ADMIN,
            binding,
            "roleRef.name",
            format!("{} gives a service account every right {extent}", role_name(binding)),
        );
        if binding.kind == "RoleBinding" {
            finding.severity = Severity::Info;
        }
        found.push(finding.help("bind a role that has only the rights that are needed"));
    }
}
