use super::prelude::*;
use std::collections::BTreeSet;

declare! {
    /// By default every pod gets a token for the Kubernetes API. In pods that do not use the API, the token only helps
    /// an attacker.
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
    /// Set `automountServiceAccountToken: false` on the pod or on its service account. The rule does not report pods
    /// whose account has a role in the release, whose account is not part of the release, or that are injected with the
    /// Vault agent, which needs the token.
    NEEDLESS_TOKEN = "sts/needless-token", Info, "a token for the Kubernetes API is mounted although nothing uses it";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    let bound = bound_accounts(release);
    for set in release.stateful_sets() {
        if set.template().at(&["spec", "automountServiceAccountToken"]).is_some_and(|node| !node.is_null()) {
            continue;
        }
        let injected =
            set.template().annotations().is_some_and(|annotations| {
                annotations.keys().any(|key| key.starts_with("vault.hashicorp.com/agent-inject"))
            });
        let account = set.template().service_account();
        let own = release.named("", "ServiceAccount", account, set.object);
        let switched_off = own.is_some_and(|object| {
            object.at(&["automountServiceAccountToken"]).and_then(Node::as_bool) == Some(false)
        });
        // An account that is not the release's own may have any rights.
        if injected || switched_off || (own.is_none() && account != "default") || bound.contains(account) {
            continue;
        }
        found.push(
            set.finding(
                &NEEDLESS_TOKEN,
                set.template().path("spec.automountServiceAccountToken"),
                format!("the pods of {set} get a token for the Kubernetes API, and no role is bound to it"),
            )
            .help("set `automountServiceAccountToken: false`"),
        );
    }
}

/// The service accounts that the release binds a role to.
fn bound_accounts<'a>(release: &Release<'a>) -> BTreeSet<&'a str> {
    let bindings = ["RoleBinding", "ClusterRoleBinding"];
    let bindings = bindings.iter().flat_map(|kind| release.objects_of_kind("rbac.authorization.k8s.io", kind));
    bindings
        .flat_map(|binding| binding.at(&["subjects"]).map(Node::items).unwrap_or_default())
        .filter(|subject| subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount"))
        .filter_map(|subject| subject.get("name")?.as_str())
        .collect()
}
