//! Which requests a policy, a binding or a webhook is for: `pkg/admission/plugin/policy/matching` and
//! `plugin/webhook/predicates` of the API server.

use super::request::{Cluster, NAME_LABEL, Request, Resource};
use crate::views::{Metadata, Selector};
use plimsoll_yaml::Node;

/// Whether a request is one of those that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// That cannot be decided, and why.
    Unknown(String),
}

impl Match {
    /// Both have to match.
    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            unknown @ Self::Unknown(_) => match other() {
                Self::No => Self::No,
                _ => unknown,
            },
        }
    }
}

/// Whether a request matches `MatchResources`: of a policy, of a binding, or of a webhook with its rules under `rules`.
pub(super) fn matches(criteria: &Node, rules: &str, request: &Request<'_>, cluster: &dyn Cluster) -> Match {
    let list = |name: &str| criteria.get(name).map(Node::items).unwrap_or_default();
    let is_exact = criteria.get("matchPolicy").and_then(Node::as_str) == Some("Exact");
    let excluded = match_rules(list("excludeResourceRules"), is_exact, request);
    if excluded == Match::Yes {
        return Match::No;
    }
    let wanted = list(rules);
    let included = if wanted.is_empty() { Match::Yes } else { match_rules(wanted, is_exact, request) };
    included
        .and(|| match excluded {
            Match::No => Match::Yes,
            unknown => unknown,
        })
        .and(|| matches_object(criteria.get("objectSelector"), request))
        .and(|| matches_namespace(criteria.get("namespaceSelector"), request, cluster))
}

fn matches_object(selector: Option<&Node>, request: &Request<'_>) -> Match {
    let Some(selector) = selector.map(Selector::label_selector).filter(|selector| !selector.is_empty())
    else {
        return Match::Yes;
    };
    let matches =
        |object: Option<&Node>| object.is_some_and(|object| selector.matches(Metadata::new(object).labels()));
    if matches(request.object) || matches(request.old) { Match::Yes } else { Match::No }
}

fn matches_namespace(selector: Option<&Node>, request: &Request<'_>, cluster: &dyn Cluster) -> Match {
    let is_namespace = request.resource.is_namespace();
    let selector = selector.map(Selector::label_selector).filter(|selector| !selector.is_empty());
    let Some(selector) = selector.filter(|_| is_namespace || !request.namespace.is_empty()) else {
        return Match::Yes;
    };
    let name = if is_namespace { request.name } else { request.namespace };
    let namespace =
        if is_namespace { request.object.or(request.old) } else { cluster.find("", "Namespace", "", name) };
    let labels = namespace.map(|namespace| Metadata::new(namespace).labels());
    let label = |key: &str| match labels {
        _ if key == NAME_LABEL => Some(Some(name)),
        Some(labels) => Some(labels.and_then(|labels| labels.get(key)).and_then(Node::as_str)),
        None => None,
    };
    match selector.matches_known(label) {
        Some(true) => Match::Yes,
        Some(false) => Match::No,
        None => Match::Unknown(format!("the labels of namespace `{name}` are not known")),
    }
}

/// `matchesResourceRules`
fn match_rules(rules: &[Node], is_exact: bool, request: &Request<'_>) -> Match {
    let matches = |version: &str| rules.iter().any(|rule| matches_rule(rule, version, request));
    let Resource { group, version, versions, .. } = request.resource;
    if matches(version) {
        return Match::Yes;
    }
    let others = versions.iter().filter(|other| !is_exact && *other != version);
    let mut equivalent = others.filter(|other| matches(other));
    match equivalent.next() {
        Some(other) => Match::Unknown(format!("plimsoll does not convert the object to `{group}/{other}`")),
        None => Match::No,
    }
}

/// `rules.Matcher`, and the names.
fn matches_rule(rule: &Node, version: &str, request: &Request<'_>) -> bool {
    let texts =
        |name: &str| rule.get(name).map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str);
    let has = |name: &str, wanted: &str| texts(name).any(|text| text == "*" || text == wanted);
    let Resource { group, plural, is_namespaced, .. } = request.resource;
    let is_in_scope = match rule.get("scope").and_then(Node::as_str) {
        Some("Namespaced") => *is_namespaced,
        Some("Cluster") => !is_namespaced,
        _ => true,
    };
    // `pods/*` includes the pods themselves.
    let is_resource = |text: &str| {
        let (resource, subresource) = text.split_once('/').unwrap_or((text, ""));
        (resource == "*" || resource == plural) && matches!(subresource, "" | "*")
    };
    is_in_scope
        && has("operations", request.operation.as_str())
        && has("apiGroups", group)
        && has("apiVersions", version)
        && texts("resources").any(is_resource)
        && (rule.get("resourceNames").is_none_or(|names| names.items().is_empty())
            || texts("resourceNames").any(|name| name == request.name))
}
