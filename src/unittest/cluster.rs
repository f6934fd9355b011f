//! What `lookup` finds in a test: the objects of `kubernetesProvider`, as the fake client of client-go finds them.

use super::suite::{ProvidedKind, Provider};
use crate::gotmpl::{self, Entries, Lookup, Value};
use crate::yaml::Node;
use std::sync::Arc;

/// The objects of a job.
pub(super) struct FakeCluster(Provider);

impl FakeCluster {
    /// The cluster of a job; `None` if it provides no objects, so that `lookup` finds nothing.
    pub(super) fn of(provider: &Provider) -> Option<Box<dyn gotmpl::Cluster>> {
        (!provider.objects.is_empty()).then(|| Box::new(Self(provider.clone())) as Box<dyn gotmpl::Cluster>)
    }
}

impl gotmpl::Cluster for FakeCluster {
    fn answer(&self, lookup: &Lookup) -> Value {
        let empty = || Value::map(Entries::default());
        let key = format!("{}/{}", lookup.api_version, lookup.kind);
        let Some(kind) = self.0.kinds.iter().find(|kind| kind.key == key) else { return empty() };
        let namespace = if kind.is_namespaced { lookup.namespace.as_str() } else { "" };
        let field = |object: &Node, name| {
            object.at(&["metadata", name]).and_then(Node::as_str).unwrap_or_default().to_owned()
        };
        let found = self.0.objects.iter().filter(|object| is_of(object, kind));
        let value = |object: &Node| Value::from_yaml(object, |_| true);
        if !lookup.name.is_empty() {
            let is_it = |object: &&Node| {
                field(object, "name") == lookup.name && field(object, "namespace") == namespace
            };
            return found.filter(is_it).map(value).next().unwrap_or_else(empty);
        }
        // Without a namespace the fake client lists all.
        let items = found.filter(|object| namespace.is_empty() || field(object, "namespace") == namespace);
        Value::map(Entries::from_iter([
            (Arc::from("apiVersion"), Value::str(&lookup.api_version)),
            (Arc::from("kind"), format!("{}List", lookup.kind).into()),
            (
                Arc::from("metadata"),
                Value::map(Entries::from_iter(
                    ["continue", "resourceVersion"].map(|key| (Arc::from(key), Value::str(""))),
                )),
            ),
            (Arc::from("items"), Value::list(items.map(value).collect())),
        ]))
    }
}

/// Whether an object is of a resource, by the name that client-go guesses for its kind.
fn is_of(object: &Node, kind: &ProvidedKind) -> bool {
    let text = |name| object.get(name).and_then(Node::as_str).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    (group, version) == (kind.group.as_str(), kind.version.as_str())
        && guess_resource(text("kind")) == kind.resource
}

fn guess_resource(kind: &str) -> String {
    let singular = kind.to_ascii_lowercase();
    match singular.as_bytes().last() {
        _ if singular.ends_with("endpoints") => singular,
        Some(b's') => format!("{singular}es"),
        Some(b'y') => format!("{}ies", &singular[..singular.len() - 1]),
        _ => format!("{singular}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_guessed_from_kinds() {
        for (kind, resource) in [
            ("Pod", "pods"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Endpoints", "endpoints"),
            ("", "s"),
        ] {
            assert_eq!(guess_resource(kind), resource);
        }
    }
}
