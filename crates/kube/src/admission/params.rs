//! The parameters that a binding gives its policy: `CollectParams` of `pkg/admission/plugin/policy/generic`.

use super::request::{Cluster, Request};
use crate::views::{Metadata, Selector};
use plimsoll_yaml::Node;

/// What the parameters of a binding are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Params<'c> {
    /// The policy is evaluated once for each of them; `None` is `null`.
    Found(Vec<Option<&'c Node>>),
    /// The binding is wrong, as the server says it.
    Misconfigured(&'static str),
    /// They are not among the objects that are known: what is missing, and what the server does if it really is.
    Missing { what: String, is_denied: bool },
}

/// Finds the parameters of a binding, `paramRef`, for a policy with that `paramKind`.
pub(super) fn collect<'c>(
    kind: Option<&Node>,
    reference: Option<&Node>,
    request: &Request<'_>,
    cluster: &'c dyn Cluster,
) -> Params<'c> {
    let (Some(kind), Some(reference)) = (kind, reference) else { return Params::Found(vec![None]) };
    let text =
        |node: &'_ Node, name: &str| node.get(name).and_then(Node::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text(kind, "apiVersion"), text(kind, "kind"));
    let (name, own) = (text(reference, "name"), text(reference, "namespace"));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_namespaced = cluster.is_namespaced(&api_version, &kind);
    let namespace = match (is_namespaced, own.is_empty()) {
        (Some(false), false) => {
            return Params::Misconfigured(
                "paramRef.namespace must not be provided for a cluster-scoped `paramKind`",
            );
        }
        (Some(false), true) => "",
        (_, false) => &own,
        (Some(true), true) if request.namespace.is_empty() => {
            return Params::Misconfigured(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
            );
        }
        (_, true) => request.namespace,
    };
    let found: Vec<Option<&Node>> = if name.is_empty() {
        let selector = reference.get("selector").map(Selector::label_selector).unwrap_or_default();
        let is_selected =
            |object: &&Node| selector.is_empty() || selector.matches(Metadata::new(object).labels());
        cluster.list(group, &kind, namespace).into_iter().filter(is_selected).map(Some).collect()
    } else {
        // Of a kind that is not known, the parameter itself shows whether it is in a namespace.
        let of_cluster = || is_namespaced.is_none().then(|| cluster.find(group, &kind, "", &name)).flatten();
        cluster.find(group, &kind, namespace, &name).or_else(of_cluster).map(Some).into_iter().collect()
    };
    if found.is_empty() {
        let place = if namespace.is_empty() { String::new() } else { format!(" in namespace `{namespace}`") };
        let what =
            if name.is_empty() { format!("a {kind}{place}") } else { format!("{kind} `{name}`{place}") };
        let is_denied = text(reference, "parameterNotFoundAction") == "Deny";
        return Params::Missing { what, is_denied };
    }
    Params::Found(found)
}
