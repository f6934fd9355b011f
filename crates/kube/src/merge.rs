//! How lists and maps of built-in kinds are merged, and by which keys their items are identified.
//!
//! Three answers that look alike and are not the same. [`Position::strategy`] is what a strategic merge patch does, which
//! `kubectl apply` sends (the `patchStrategy` and `patchMergeKey` tags of `k8s.io/api`). [`Position::list_type`] and
//! [`Position::map_type`] are what server-side apply does (`listType`, `listMapKey`, `mapType`). [`identity`] is what a
//! reader takes for the same item, also in lists that are replaced as a whole.

use super::Version;
use super::schema::{self, Base, Kind, Schemas, Shape, Since, Ty, TypeId};
use plimsoll_yaml::Node;
use plimsoll_yaml::emit::flow_json;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The rules that every version has, and those that some have. `tools/k8s-schema` writes it and describes the format.
const DATA: &str = include_str!("data/merge.txt");

/// What a strategic merge patch does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Maps are merged key by key, lists are replaced as a whole: fields without a tag.
    Plain,
    /// The items of a list are merged by the named field (`patchStrategy: merge`).
    Merge(&'static str),
    /// As `Merge`, and keys that the patch does not name are cleared (`merge,retainKeys`).
    MergeRetainKeys(&'static str),
    /// A list of scalars that is merged as a set.
    MergeScalars,
    /// A map whose keys are cleared where the patch does not name them (`retainKeys`).
    RetainKeys,
    /// A map that is replaced as a whole (`replace`).
    Replace,
}

/// What server-side apply takes for one item of a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType {
    /// The list has one owner and is replaced as a whole.
    Atomic,
    /// Each value is an item; none is there twice.
    Set,
    /// The values of the keys identify the items.
    Map(ListKeys),
}

/// The fields that identify the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListKeys(&'static str);

impl ListKeys {
    /// The fields, in the order in which the API declares them.
    pub fn iter(self) -> impl Iterator<Item = ListKey> {
        self.0.split(',').map(|key| match key.split_once('=') {
            Some((name, default)) => ListKey { name, default: Some(default) },
            None => ListKey { name: key, default: None },
        })
    }
}

/// One field of [`ListKeys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListKey {
    /// Its name.
    pub name: &'static str,
    /// The value that counts for an item without the field.
    pub default: Option<&'static str>,
}

/// Whether the fields of an object or map have owners of their own (`x-kubernetes-map-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapType {
    /// Each field has its own.
    Granular,
    /// The whole has one owner and is replaced as a whole.
    Atomic,
}

/// A place in an object: its type in a version of Kubernetes, and how a value there is merged.
///
/// Whoever walks an object walks a position with it: [`Position::field`] for each field, [`Position::item`] for the
/// items of a list. Places that the schema does not know, and all places in custom resources, have the default rules.
///
/// ```
/// use plimsoll_kube::{Version, merge::{ListType, Position, Strategy}};
///
/// let ports = Position::root("v1", "Service", Version::DEFAULT).field("spec").field("ports");
/// assert_eq!(ports.strategy(), Strategy::Merge("port"));
/// let ListType::Map(keys) = ports.list_type() else { panic!("a list with keys") };
/// assert_eq!(keys.iter().map(|key| key.name).collect::<Vec<_>>(), ["port", "protocol"]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Position {
    version: Version,
    ty: Option<Ty>,
    /// The type and field that the value is the field of.
    field: Option<(TypeId, &'static str)>,
}

impl Position {
    /// An object of a kind. One that is not built in, or not in `version`, has the default rules everywhere.
    pub fn root(api_version: &str, kind: &str, version: Version) -> Self {
        Self::from_kind(schema::kind(api_version, kind), version)
    }

    /// An object of a kind in the newest stable version of its group: the versions of a group hardly differ.
    pub fn root_in_group(group: &str, kind: &str, version: Version) -> Self {
        Self::from_kind(schema::kind_in_group(group, kind), version)
    }

    /// An object whose schema is not known: a custom resource.
    pub fn unknown(version: Version) -> Self {
        Self { version, ty: None, field: None }
    }

    fn from_kind(kind: Option<&Kind>, version: Version) -> Self {
        let kind = kind.filter(|kind| kind.exists_in(version));
        let ty = kind.and_then(|kind| Schemas::get().type_named(kind.type_name)).map(Ty::of_object);
        Self { version, ty, field: None }
    }

    /// The value of a field of an object, or below a key of a map with free keys.
    #[must_use]
    pub fn field(self, name: &str) -> Self {
        let found = match self.ty.map(Ty::shape) {
            Some(Shape::Map(value)) => return Self { ty: Some(value), field: None, ..self },
            Some(Shape::Base(Base::Object(owner))) => {
                Schemas::get().field(owner, name, self.version).map(|field| (owner, field))
            }
            _ => None,
        };
        Self {
            ty: found.map(|(_, field)| field.ty),
            field: found.map(|(owner, field)| (owner, field.name)),
            ..self
        }
    }

    /// An item of a list.
    #[must_use]
    pub fn item(self) -> Self {
        let ty = match self.ty.map(Ty::shape) {
            Some(Shape::List(item)) => Some(item),
            _ => None,
        };
        Self { ty, field: None, ..self }
    }

    /// The type of the value; `None` where the schema does not know the place.
    pub fn ty(self) -> Option<Ty> {
        self.ty
    }

    /// What a strategic merge patch does.
    pub fn strategy(self) -> Strategy {
        let strategy = self.rules().find_map(|rule| match rule {
            Rule::Patch(strategy) => Some(strategy),
            _ => None,
        });
        strategy.unwrap_or(Strategy::Plain)
    }

    /// What server-side apply does with a list.
    pub fn list_type(self) -> ListType {
        let list = self.rules().find_map(|rule| match rule {
            Rule::List(list) => Some(list),
            _ => None,
        });
        list.unwrap_or(ListType::Atomic)
    }

    /// What server-side apply does with an object or map. The rule of a field counts before that of its type.
    pub fn map_type(self) -> MapType {
        let of_type = self.ty.and_then(|ty| match ty.shape() {
            Shape::Base(Base::Object(id)) => Some((id, WHOLE_TYPE)),
            _ => None,
        });
        let mut maps = self.rules().chain(rules(of_type, self.version)).filter_map(|rule| match rule {
            Rule::Map(map) => Some(map),
            _ => None,
        });
        maps.next().unwrap_or(MapType::Granular)
    }

    fn rules(self) -> impl Iterator<Item = Rule> {
        rules(self.field, self.version)
    }
}

/// What the data has in place of a field where it speaks of a type.
const WHOLE_TYPE: &str = "*";

/// A line of the data.
struct Line {
    owner: TypeId,
    field: &'static str,
    rule: Rule,
    since: Since,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Patch(Strategy),
    List(ListType),
    Map(MapType),
}

impl Rule {
    fn parse(text: &'static str) -> Option<Self> {
        if let Some(strategy) = text.strip_prefix("patch=") {
            let (name, key) =
                strategy.split_once(':').map_or((strategy, None), |(name, key)| (name, Some(key)));
            return Some(Self::Patch(match (name, key) {
                ("merge", Some(key)) => Strategy::Merge(key),
                ("merge,retainKeys", Some(key)) => Strategy::MergeRetainKeys(key),
                ("merge", None) => Strategy::MergeScalars,
                ("retainKeys", None) => Strategy::RetainKeys,
                ("replace", None) => Strategy::Replace,
                _ => return None,
            }));
        }
        match text {
            "set" => Some(Self::List(ListType::Set)),
            "atomic" => Some(Self::Map(MapType::Atomic)),
            "granular" => Some(Self::Map(MapType::Granular)),
            _ => text.strip_prefix("list=").map(|keys| Self::List(ListType::Map(ListKeys(keys)))),
        }
    }
}

impl Line {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self {
            owner: Schemas::get().type_named(words.next()?)?,
            field: words.next()?,
            rule: Rule::parse(words.next()?)?,
            since: Since::parse(words.next()),
        })
    }
}

/// The data, sorted by type and field. What is not understood is left out; a test sees to it that there is nothing of
/// the kind.
fn lines() -> &'static [Line] {
    static LINES: OnceLock<Vec<Line>> = OnceLock::new();
    LINES.get_or_init(|| DATA.lines().filter_map(Line::parse).collect())
}

/// The rules of a field in a version.
fn rules(field: Option<(TypeId, &'static str)>, version: Version) -> impl Iterator<Item = Rule> {
    let wanted = move |line: &&Line| field == Some((line.owner, line.field));
    let start = field.map_or(0, |wanted| lines().partition_point(|line| (line.owner, line.field) < wanted));
    let found = lines().get(start..).unwrap_or_default().iter().take_while(wanted);
    found.filter(move |line| line.since.contains(version)).map(|line| line.rule)
}

/// What tells an item of the list `list` (below `parent`) from its neighbours: the fields whose values
/// together name it. Empty where items have no name of their own.
pub fn identity(kind: &str, parent: &str, list: &str) -> &'static [&'static str] {
    match (parent, list) {
        (_, "volumeClaimTemplates") => &["metadata.name"],
        (_, "volumeMounts") => &["mountPath"],
        (_, "volumeDevices") => &["devicePath"],
        (_, "hostAliases") => &["ip"],
        (_, "topologySpreadConstraints") => &["topologyKey", "whenUnsatisfiable"],
        (_, "tolerations") => &["key", "operator", "value", "effect"],
        (_, "matchExpressions" | "matchFields") => &["key", "operator"],
        (_, "ownerReferences") => &["uid"],
        (_, "subjects") => &["kind", "namespace", "name"],
        (_, "items") if matches!(parent, "configMap" | "secret") => &["key"],
        (_, "items") if parent == "downwardAPI" => &["path"],
        (_, "envFrom") => &["prefix", "configMapRef.name", "secretRef.name"],
        (_, "tls") if kind == "Ingress" => &["secretName"],
        (_, "rules") if kind == "Ingress" => &["host"],
        (_, "paths") if kind == "Ingress" => &["path", "pathType"],
        (_, "metrics") => &["type", "resource.name", "containerResource.name", "pods.metric.name"],
        (_, "resizePolicy") => &["resourceName"],
        ("spec", "ports") if kind == "Service" => &["port", "protocol"],
        (_, "ports") if matches!(parent, "containers" | "initContainers" | "ephemeralContainers") => {
            &["containerPort", "protocol"]
        }
        _ => &["name"],
    }
}

/// The name of `item` in a list told apart by `keys`; `None` where it has none of them.
pub fn item_name(item: &Node, keys: &[&str]) -> Option<String> {
    let mut name = String::new();
    for key in keys {
        let node = key.split('.').try_fold(item, |node, step| node.get(step));
        if let Some(text) = node.and_then(scalar_text) {
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&text);
        }
    }
    (!name.is_empty()).then_some(name)
}

/// The first item whose `key` has the value that an item before it has, by its place, and the value.
pub fn find_repeated<'a>(key: &str, items: &'a [Node]) -> Option<(usize, &'a Node)> {
    let mut seen = BTreeSet::new();
    let mut values = items.iter().enumerate().filter_map(|(index, item)| Some((index, item.get(key)?)));
    values.find(|(_, value)| !seen.insert(flow_json(value)))
}

/// Whether the order of a list carries no meaning: the API server stores what it is given, but nothing
/// reads one order differently from another. Inside pod templates order always counts, for a new order
/// is a new revision.
pub fn is_set(kind: &str, parent: &str, list: &str) -> bool {
    match list {
        "finalizers"
        | "ownerReferences"
        | "secrets"
        | "subjects"
        | "policyTypes"
        | "externalIPs"
        | "loadBalancerSourceRanges" => true,
        "ports" | "imagePullSecrets" => matches!(kind, "Service" | "ServiceAccount"),
        "verbs" | "resources" | "resourceNames" | "apiGroups" | "nonResourceURLs" => {
            parent == "rules" && matches!(kind, "Role" | "ClusterRole")
        }
        "tls" => kind == "Ingress",
        _ => false,
    }
}

/// A scalar as text; `None` for lists, maps and null.
pub fn scalar_text(node: &Node) -> Option<std::borrow::Cow<'_, str>> {
    use plimsoll_yaml::Value;
    Some(match &node.value {
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Int(number) => number.to_string().into(),
        Value::Uint(number) => number.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Null | Value::Seq(_) | Value::Map(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::Map;

    /// The position of a field of an object: `spec.ports`, `spec.template.spec.containers[].ports`.
    fn find_position(api_version: &str, kind: &str, path: &str) -> Position {
        path.split('.').fold(Position::root(api_version, kind, Version::V1_36), |at, step| {
            let field = at.field(step.trim_end_matches("[]"));
            if step.ends_with("[]") { field.item() } else { field }
        })
    }

    fn keys(at: Position) -> Vec<&'static str> {
        match at.list_type() {
            ListType::Map(keys) => keys.iter().map(|key| key.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_line_of_the_data_is_understood() {
        assert_eq!(lines().len(), DATA.lines().count());
        assert!(lines().is_sorted_by_key(|line| (line.owner, line.field)));
        let schemas = Schemas::get();
        let fields = |line: &Line, version| {
            let field = schemas.field(line.owner, line.field, version)?;
            Some((field.ty.shape(), field.ty.object()))
        };
        for line in lines().iter().filter(|line| line.field != WHOLE_TYPE) {
            let (name, field) = (schemas.name(line.owner), line.field);
            for version in Version::all().filter(|version| line.since.contains(*version)) {
                let Some((shape, items)) = fields(line, version) else {
                    panic!("{name}.{field} in {version}")
                };
                let keyed: Vec<&str> = match line.rule {
                    Rule::List(ListType::Map(keys)) => keys.iter().map(|key| key.name).collect(),
                    Rule::Patch(Strategy::Merge(key) | Strategy::MergeRetainKeys(key)) => vec![key],
                    Rule::List(_) | Rule::Patch(Strategy::MergeScalars) => Vec::new(),
                    Rule::Map(_) | Rule::Patch(_) => {
                        assert!(!matches!(shape, Shape::List(_)), "{name}.{field}");
                        continue;
                    }
                };
                assert!(matches!(shape, Shape::List(_)), "{name}.{field}");
                for key in keyed {
                    let item = items.and_then(|id| schemas.field(id, key, version));
                    assert!(item.is_some_and(|item| item.ty.object().is_none()), "{name}.{field} by {key}");
                }
            }
        }
    }

    #[test]
    fn ports_are_merged_by_number_alone_but_told_apart_by_protocol_too() {
        let service = find_position("v1", "Service", "spec.ports");
        assert_eq!(service.strategy(), Strategy::Merge("port"));
        assert_eq!(keys(service), ["port", "protocol"]);
        assert_eq!(identity("Service", "spec", "ports"), ["port", "protocol"]);
        let container = find_position("apps/v1", "StatefulSet", "spec.template.spec.containers[].ports");
        assert_eq!(container.strategy(), Strategy::Merge("containerPort"));
        assert_eq!(keys(container), ["containerPort", "protocol"]);
        let ListType::Map(port_keys) = container.list_type() else { panic!("a list with keys") };
        let defaults: Vec<_> = port_keys.iter().map(|key| key.default).collect();
        assert_eq!(defaults, [None, Some("TCP")]);
        let claims = find_position("apps/v1", "StatefulSet", "spec.volumeClaimTemplates");
        assert_eq!((claims.strategy(), claims.list_type()), (Strategy::Plain, ListType::Atomic));
    }

    #[test]
    fn each_kind_of_rule_is_read() {
        let volumes = find_position("v1", "Pod", "spec.volumes");
        assert_eq!(volumes.strategy(), Strategy::MergeRetainKeys("name"));
        assert_eq!(find_position("apps/v1", "Deployment", "spec.strategy").strategy(), Strategy::RetainKeys);
        assert_eq!(
            find_position("policy/v1", "PodDisruptionBudget", "spec.selector").strategy(),
            Strategy::Replace
        );
        let finalizers = find_position("example.com/v1", "Thing", "metadata.finalizers");
        assert_eq!(finalizers.strategy(), Strategy::Plain, "the schema of a custom resource is its own");
        let finalizers = find_position("v1", "ConfigMap", "metadata.finalizers");
        assert_eq!((finalizers.strategy(), finalizers.list_type()), (Strategy::MergeScalars, ListType::Set));
        assert_eq!(find_position("v1", "Service", "spec.selector").map_type(), MapType::Atomic);
        assert_eq!(find_position("v1", "Service", "metadata.labels").map_type(), MapType::Granular);
        // The type is atomic, and one field of it is not.
        assert_eq!(find_position("apps/v1", "Deployment", "spec.selector").map_type(), MapType::Atomic);
        assert_eq!(find_position("v1", "PersistentVolume", "spec.claimRef").map_type(), MapType::Granular);
        assert_eq!(find_position("v1", "Pod", "spec.imagePullSecrets[]").map_type(), MapType::Atomic);
        assert_eq!(
            find_position("v1", "Pod", "spec.containers[].resources.limits.cpu").map_type(),
            MapType::Granular
        );
    }

    #[test]
    fn rules_belong_to_versions() {
        let port = |version| {
            let rule = Position::root("networking.k8s.io/v1", "Ingress", version);
            let service = rule.field("spec").field("defaultBackend").field("service");
            service.field("port").map_type()
        };
        assert_eq!((port(Version::V1_30), port(Version::V1_31)), (MapType::Granular, MapType::Atomic));
        let metrics = Position::root_in_group("autoscaling", "HorizontalPodAutoscaler", Version::V1_36);
        assert!(metrics.field("spec").field("metrics").ty().is_some(), "the newest version of the group");
    }

    /// What a reader takes for one item is what server-side apply takes for one.
    #[test]
    fn items_are_told_apart_by_the_keys_of_their_list() {
        let schemas = Schemas::get();
        for (ty, kind, parent) in [
            ("core.v1.PodSpec", "Pod", "spec"),
            ("core.v1.Container", "Pod", "containers"),
            ("core.v1.ServiceSpec", "Service", "spec"),
            ("core.v1.ServiceAccount", "ServiceAccount", ""),
            ("meta.v1.ObjectMeta", "Pod", "metadata"),
            ("admissionregistration.v1.ValidatingWebhookConfiguration", "ValidatingWebhookConfiguration", ""),
        ] {
            let id = schemas.type_named(ty).unwrap();
            let mut lists = 0;
            for field in schemas.fields(id) {
                let position =
                    Position { field: Some((id, field.name)), ..Position::unknown(Version::V1_36) };
                if let ListType::Map(keys) = position.list_type() {
                    let keys: Vec<&str> = keys.iter().map(|key| key.name).collect();
                    assert_eq!(identity(kind, parent, field.name), keys, "{ty}.{}", field.name);
                    lists += 1;
                }
            }
            assert!(lists > 0, "{ty}");
        }
    }

    #[test]
    fn an_item_is_named_by_the_fields_it_has() {
        let mut map = Map::new();
        map.insert("port", plimsoll_diag::Span::NONE, Node::bare(80));
        let item = Node::bare(map);
        assert_eq!(item_name(&item, &["port", "protocol"]).as_deref(), Some("80"));
        assert_eq!(item_name(&item, &["name"]), None);
    }
}
