//! One write request as policies see it, and what else is known of the cluster.

use crate::cel::{Key, Type, Value};
use crate::schema;
use plimsoll_yaml::Node;

/// What a request does to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// The object is new.
    Create,
    /// Another version of a stored object.
    Update,
    /// The stored object is deleted.
    Delete,
}

impl Operation {
    /// The word of rules and of `request.operation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// The resource that a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The API group, empty for the core.
    pub group: String,
    /// The version of the API, `v1`.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The plural, by which rules name it.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub is_namespaced: bool,
    /// The versions in which the server has the same objects, this one included.
    pub versions: Vec<String>,
}

impl Resource {
    /// The resource of a kind of Kubernetes itself.
    pub fn built_in(kind: &schema::Kind, version: crate::Version) -> Self {
        let same = |other: &&schema::Kind| {
            (other.group(), other.plural) == (kind.group(), kind.plural) && other.exists_in(version)
        };
        Self {
            group: kind.group().to_owned(),
            version: version_of(kind.api_version).to_owned(),
            kind: kind.kind.to_owned(),
            plural: kind.plural.to_owned(),
            is_namespaced: kind.namespaced,
            versions: schema::kinds()
                .iter()
                .filter(same)
                .map(|kind| version_of(kind.api_version).to_owned())
                .collect(),
        }
    }

    /// The resource of a custom object. Without its definition, the plural is the one that clients would guess.
    pub fn custom(api_version: &str, kind: &str, definition: Option<&Node>) -> Self {
        let text =
            |path: &[&str]| definition.and_then(|definition| definition.at(path)).and_then(Node::as_str);
        let versions = definition.and_then(|definition| definition.at(&["spec", "versions"]));
        let is_served = |version: &&Node| version.get("served").and_then(Node::as_bool).unwrap_or(true);
        let versions = versions.map(Node::items).unwrap_or_default().iter().filter(is_served);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: text(&["spec", "names", "plural"])
                .map_or_else(|| format!("{}s", kind.to_ascii_lowercase()), str::to_owned),
            is_namespaced: text(&["spec", "scope"]) != Some("Cluster"),
            versions: versions
                .filter_map(|version| version.get("name").and_then(Node::as_str))
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Whether its objects are namespaces.
    pub(super) fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.kind == "Namespace"
    }

    /// Whether no policy is asked about its objects (`IsExemptAdmissionConfigurationResource`).
    pub(super) fn is_exempt(&self) -> bool {
        super::is_configuration(&self.group, &self.kind)
    }
}

/// `v1` of `apps/v1`.
fn version_of(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or(api_version)
}

/// A write request, as it is when the server has filled in defaults and has found the object valid.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What it does.
    pub operation: Operation,
    /// The resource.
    pub resource: &'a Resource,
    /// The namespace of the object, empty for objects of the whole cluster.
    pub namespace: &'a str,
    /// The name of the object, empty if the server makes one up.
    pub name: &'a str,
    /// The object; `None` for a deletion.
    pub object: Option<&'a Node>,
    /// The stored object; `None` if the object is new.
    pub old: Option<&'a Node>,
}

impl Request<'_> {
    /// The value of the variable `request`.
    pub(super) fn value(&self) -> Value {
        let Resource { group, version, kind, plural, .. } = self.resource;
        let kind = || object([("group", text(group)), ("version", text(version)), ("kind", text(kind))]);
        let resource =
            || object([("group", text(group)), ("version", text(version)), ("resource", text(plural))]);
        // A namespace is in itself.
        let namespace = if self.resource.is_namespace() { self.name } else { self.namespace };
        object([
            ("kind", kind()),
            ("resource", resource()),
            ("requestKind", kind()),
            ("requestResource", resource()),
            ("name", text(self.name)),
            ("namespace", text(namespace)),
            ("operation", text(self.operation.as_str())),
            ("userInfo", Value::Unknown("request.userInfo")),
            ("dryRun", Value::Bool(false)),
            ("options", Value::Unknown("request.options")),
        ])
    }

    /// The value of the variable `namespaceObject`.
    pub(super) fn namespace_value(&self, cluster: &dyn Cluster) -> Value {
        if self.namespace.is_empty() || self.resource.is_namespace() {
            return Value::Null;
        }
        let Some(namespace) = cluster.find("", "Namespace", "", self.namespace) else {
            return object([
                (
                    "metadata",
                    object([
                        ("name", text(self.namespace)),
                        ("labels", Value::Unknown("namespaceObject.metadata.labels")),
                        ("annotations", Value::Unknown("namespaceObject.metadata.annotations")),
                    ]),
                ),
                ("spec", Value::Unknown("namespaceObject.spec")),
                ("status", Value::Unknown("namespaceObject.status")),
            ]);
        };
        let mut value = Value::from_node(namespace, &Type::Dyn);
        // Every namespace has this label.
        if let Some(labels) = value.field_mut("metadata").and_then(|metadata| metadata.field_mut("labels")) {
            labels.insert(NAME_LABEL, text(self.namespace));
        } else if let Some(metadata) = value.field_mut("metadata") {
            metadata.insert("labels", object([(NAME_LABEL, text(self.namespace))]));
        }
        value
    }
}

/// The label that every namespace has, with its name.
pub(super) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

fn text(text: &str) -> Value {
    Value::string(text)
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::map(fields.map(|(name, value)| (Key::from(name), value)))
}

/// The other objects of the cluster, as far as they are known.
pub trait Cluster {
    /// An object by its group, its kind and its name; the namespace is empty for objects of the whole cluster.
    fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&Node>;

    /// The objects of a kind in a namespace.
    fn list(&self, group: &str, kind: &str, namespace: &str) -> Vec<&Node>;

    /// Whether objects of a kind live in a namespace; `None` if the kind is not known.
    fn is_namespaced(&self, api_version: &str, kind: &str) -> Option<bool>;
}
