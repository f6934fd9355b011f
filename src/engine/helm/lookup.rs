//! `lookup`, answered from objects: Helm's rules (`pkg/engine/lookup_func.go`).

use std::sync::Arc;

use crate::engine::KnownObjects;
use crate::gotmpl::{Cluster, Entries, Lookup, Value};
use crate::k8s::{defaults, kinds};
use crate::manifest::Object;
use crate::yaml::{self, Map, Node};

/// The objects that `lookup` finds.
pub(super) struct Answers {
    known: KnownObjects,
    /// The namespace of objects that name none.
    namespace: String,
}

impl Answers {
    pub(super) fn new(known: &KnownObjects, namespace: &str) -> Self {
        Self { known: known.clone(), namespace: namespace.to_owned() }
    }

    /// The object as the server returns it.
    fn returned(&self, object: &Object) -> Node {
        let mut root = Node::clone(&object.root);
        defaults::decode(object.group(), &object.kind, &mut root);
        let namespace = namespace_of(object, &self.namespace).filter(|_| is_namespaced(object) == Some(true));
        if let (Some(namespace), Some(map)) = (namespace, root.as_map_mut()) {
            defaults::ensure_map(map, "metadata").insert(
                "namespace",
                object.span,
                Node::new(yaml::Value::String(namespace.to_owned()), object.span),
            );
        }
        root
    }
}

impl Cluster for Answers {
    fn answer(&self, lookup: &Lookup) -> Value {
        let mut found: Vec<&Object> =
            self.known.objects.iter().filter(|object| answers(object, lookup, &self.namespace)).collect();
        // Unlike values, objects of the server keep their integers.
        let value = |node: &Node| Value::from_yaml(node, |_| true);
        if !lookup.name.is_empty() {
            let found = found.first().map(|object| value(&self.returned(object)));
            return found.unwrap_or_else(|| Value::map(Entries::default()));
        }
        if found.is_empty() && !self.known.is_complete {
            return Value::map(Entries::default());
        }
        // The order of the server's storage.
        found.sort_by_key(|object| (namespace_of(object, &self.namespace), object.name.as_str()));
        let items = found.into_iter().map(|object| value(&self.returned(object))).collect();
        Value::map(Entries::from_iter([
            (Arc::from("apiVersion"), Value::str(&lookup.api_version)),
            (Arc::from("kind"), format!("{}List", lookup.kind).into()),
            (Arc::from("metadata"), value(&Node::bare(Map::new()))),
            (Arc::from("items"), Value::list(items)),
        ]))
    }
}

/// Whether `lookup` finds the object, by its name or in a list. `release_namespace` is the namespace of objects that name
/// none.
pub fn answers(object: &Object, lookup: &Lookup, release_namespace: &str) -> bool {
    let group = |api_version: &str| kinds::current_group(api_version, &lookup.kind).to_owned();
    if object.kind != lookup.kind || group(&object.api_version) != group(&lookup.api_version) {
        return false;
    }
    let is_in_namespace = match (is_namespaced(object), lookup.namespace.as_str()) {
        (Some(false), _) => true,
        // A list of all namespaces. An object has no name without its namespace.
        (Some(true), "") => lookup.name.is_empty(),
        // Custom resources may have no namespace.
        (None, "") => lookup.name.is_empty() || object.namespace.is_none(),
        (_, namespace) => namespace_of(object, release_namespace) == Some(namespace),
    };
    is_in_namespace && (lookup.name.is_empty() || lookup.name == object.name)
}

/// Whether the object is in a namespace; `None` for a custom resource that names none.
fn is_namespaced(object: &Object) -> Option<bool> {
    kinds::namespaced(&object.api_version, &object.kind).or(object.namespace.is_some().then_some(true))
}

/// The namespace that the object is in, if its kind has one.
fn namespace_of<'a>(object: &'a Object, release_namespace: &'a str) -> Option<&'a str> {
    let namespace = || object.namespace.as_deref().unwrap_or(release_namespace);
    (is_namespaced(object) != Some(false)).then(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::yaml::ReadOptions;

    fn objects(text: &str) -> Vec<Object> {
        let report = crate::manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::strict());
        report.output.unwrap_or_default()
    }

    fn answer(text: &str, lookup: [&str; 4]) -> String {
        answer_of(text, true, lookup)
    }

    fn answer_of(text: &str, is_complete: bool, [api_version, kind, namespace, name]: [&str; 4]) -> String {
        let answers = Answers::new(&KnownObjects { objects: objects(text).into(), is_complete }, "prod");
        let [api_version, kind, namespace, name] = [api_version, kind, namespace, name].map(str::to_owned);
        answers.answer(&Lookup { api_version, kind, namespace, name }).to_yaml().unwrap()
    }

    fn object(api_version: &str, kind: &str, metadata: &str) -> String {
        format!("---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{{metadata}}}\n")
    }

    #[test]
    fn an_object_is_as_the_server_returns_it() {
        let secret = object("v1", "Secret", "name: db") + "stringData: {password: geheim}\n";
        let found = answer(&secret, ["v1", "Secret", "prod", "db"]);
        assert_eq!(
            found,
            "apiVersion: v1\ndata:\n  password: Z2VoZWlt\nkind: Secret\nmetadata:\n  name: db\n  namespace: prod\ntype: Opaque"
        );
        let set = object("apps/v1", "Deployment", "name: web") + "spec: {replicas: 3}\n";
        assert!(answer(&set, ["apps/v1", "Deployment", "prod", "web"]).contains("replicas: 3\n"));
    }

    #[test]
    fn an_object_is_found_by_group_kind_namespace_and_name() {
        let text = object("v1", "Secret", "name: db")
            + &object("v1", "Secret", "name: other, namespace: dev")
            + &object("v1", "Namespace", "name: prod")
            + &object("autoscaling/v2", "HorizontalPodAutoscaler", "name: web")
            + &object("example.com/v1", "Wide", "name: wide")
            + &object("example.com/v1", "Narrow", "name: narrow, namespace: dev");
        for (lookup, is_found) in [
            (["v1", "Secret", "prod", "db"], true),
            (["v1", "Secret", "dev", "db"], false),
            (["v1", "Secret", "dev", "other"], true),
            // The server has no such path.
            (["v1", "Secret", "", "db"], false),
            (["v1", "ConfigMap", "prod", "db"], false),
            (["apps/v1", "Secret", "prod", "db"], false),
            (["v1", "Namespace", "", "prod"], true),
            (["v1", "Namespace", "anything", "prod"], true),
            (["autoscaling/v1", "HorizontalPodAutoscaler", "prod", "web"], true),
            (["example.com/v1", "Wide", "", "wide"], true),
            (["example.com/v1", "Wide", "prod", "wide"], true),
            (["example.com/v1", "Narrow", "", "narrow"], false),
            (["example.com/v1", "Narrow", "dev", "narrow"], true),
        ] {
            assert_eq!(answer(&text, lookup) != "{}", is_found, "{lookup:?}");
        }
    }

    #[test]
    fn a_list_has_its_items_in_order() {
        let text = object("v1", "Secret", "name: b")
            + &object("v1", "Secret", "name: a")
            + &object("v1", "Secret", "name: c, namespace: dev");
        let names = |namespace| {
            let found = answer(&text, ["v1", "Secret", namespace, ""]);
            assert!(
                found.starts_with("apiVersion: v1\nitems:") && found.contains("\nkind: SecretList\n"),
                "{found}"
            );
            let names =
                found.lines().filter_map(|line| line.trim().strip_prefix("name: ").map(str::to_owned));
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("prod"), ["a", "b"]);
        assert_eq!(names(""), ["c", "a", "b"]);
        // With a cluster a list is a list, even of nothing; what other objects there are, manifests do not tell.
        assert_eq!(names("empty"), Vec::<String>::new());
        assert_eq!(answer_of(&text, false, ["v1", "Secret", "empty", ""]), "{}");
    }
}
