//! `rbac/*`: roles that give more than they seem to.

super::group! {
    cluster_admin: CLUSTER_ADMIN,
    escalation: ESCALATION,
    reads_all_secrets: READS_ALL_SECRETS,
    wildcard: WILDCARD,
}

mod prelude {
    pub(super) use super::{Right, bindings, rights, role_name};
    pub(super) use crate::diag::{Diagnostic, Severity};
    pub(super) use crate::lint::finding::finding;
    pub(super) use crate::lint::registry::declare;
    pub(super) use crate::lint::release::Release;
    pub(super) use crate::yaml::Node;
}

use crate::lint::release::Release;
use crate::manifest::Object;
use crate::yaml::Node;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A rule of a role.
struct Right<'a> {
    role: &'a Object,
    /// `rules[0]`
    path: String,
    node: &'a Node,
}

impl Right<'_> {
    /// Whether a list of the rule (`verbs`, `resources`, `apiGroups`) has one of these items.
    fn lists(&self, field: &str, wanted: &[&str]) -> bool {
        let items = self.node.get(field).map(Node::items).unwrap_or_default();
        items.iter().any(|item| item.as_str().is_some_and(|item| wanted.contains(&item)))
    }

    /// Whether it is about objects with certain names only.
    fn names_objects(&self) -> bool {
        self.node.get("resourceNames").is_some_and(|names| !names.items().is_empty())
    }

    /// Whether it holds in every namespace.
    fn is_cluster_wide(&self) -> bool {
        self.role.kind == "ClusterRole"
    }
}

/// The rules of all roles of a release. A role whose rules are collected from others has none of its own.
fn rights<'a>(release: &Release<'a>) -> Vec<Right<'a>> {
    let roles = ["Role", "ClusterRole"].into_iter().flat_map(|kind| release.objects_of_kind(GROUP, kind));
    let rights = roles.flat_map(|role| {
        let items = role.at(&["rules"]).map(Node::items).unwrap_or_default();
        items.iter().enumerate().map(move |(index, node)| Right {
            role,
            path: format!("rules[{index}]"),
            node,
        })
    });
    rights.collect()
}

/// The bindings of a release.
fn bindings<'a>(release: &Release<'a>) -> impl Iterator<Item = &'a Object> {
    ["RoleBinding", "ClusterRoleBinding"].into_iter().flat_map(|kind| release.objects_of_kind(GROUP, kind))
}

/// ``ClusterRole `operator` ``
fn role_name(role: &Object) -> String {
    format!("{} `{}`", role.kind, role.name)
}
