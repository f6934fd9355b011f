use super::prelude::*;

declare! {
    /// Every pod gets a token for the Kubernetes API mounted unless it says no. For pods that never talk to the API it
    /// is of use only to whoever breaks into them.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: db, image: "db:1"}]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db}
    /// spec:
    ///   template:
    ///     spec:
    ///       automountServiceAccountToken: false
    ///       containers: [{name: db, image: "db:1"}]
    /// ```
    ///
    /// ## Fix
    /// Set `automountServiceAccountToken: false` on the pod or on its service account. Nothing is said where the release
    /// binds a role to the account, where the account comes from elsewhere, or where pods are injected with Vault's agent,
    /// which needs the token.
    NEEDLESS_TOKEN = "sts/needless-token", Info, "a token for the Kubernetes API is mounted although nothing uses it";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for set in release.stateful_sets() {
        if set.pod(&["spec", "automountServiceAccountToken"]).is_some_and(|node| !node.is_null()) {
            continue;
        }
        let injected =
            set.pod(&["metadata", "annotations"]).and_then(Node::as_map).is_some_and(|annotations| {
                annotations.keys().any(|key| key.starts_with("vault.hashicorp.com/agent-inject"))
            });
        let account = set.pod(&["spec", "serviceAccountName"]).and_then(Node::as_str).unwrap_or("default");
        let own = release
            .of_kind("", "ServiceAccount")
            .find(|object| object.name == account && same_namespace(object, set.object));
        let switched_off = own.is_some_and(|object| {
            object.at(&["automountServiceAccountToken"]).and_then(Node::as_bool) == Some(false)
        });
        // An account that is not the release's own may have any rights.
        if injected || switched_off || (own.is_none() && account != "default") || is_bound(release, account) {
            continue;
        }
        found.push(
            set.finding(
                &NEEDLESS_TOKEN,
                set.pod_path("spec.automountServiceAccountToken"),
                format!("the pods of {set} get a token for the Kubernetes API, and no role is bound to it"),
            )
            .help("set `automountServiceAccountToken: false`"),
        );
    }
}

/// Whether the release binds a role to the account.
fn is_bound(release: &Release<'_>, account: &str) -> bool {
    ["RoleBinding", "ClusterRoleBinding"].iter().any(|kind| {
        release.of_kind("rbac.authorization.k8s.io", kind).any(|binding| {
            items_of(binding.at(&["subjects"])).any(|(_, subject)| {
                subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount")
                    && subject.get("name").and_then(Node::as_str) == Some(account)
            })
        })
    })
}
