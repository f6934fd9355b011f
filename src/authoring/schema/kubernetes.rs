//! Which types values have because of the fields of Kubernetes objects that templates put them in.
//!
//! Two kinds of renders tell. In one with the values as they are, every piece of the manifest is traced to the value that it
//! was printed from. In the other, what is empty or null is replaced by marks, which are looked for in the manifest.

use super::field::{Field, Type};
use crate::diag::{Sources, Span};
use crate::k8s::Version;
use crate::k8s::merge::scalar_text;
use crate::k8s::schema::{self, Base, Schemas, Shape, Ty, TypeId};
use crate::manifest::Object;
use crate::values;
use crate::yaml::{Entry, Node, Value, emit};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// A value by the keys that lead to it.
pub(super) type Path = Vec<String>;

/// The field that a value was put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// Its type.
    ty: Ty,
    /// Its name; empty for items and entries.
    name: &'static str,
    /// The type that has the field.
    owner: Option<TypeId>,
}

/// The scalars of the values that the fields of these objects were printed from. `places` says where each value is.
pub(super) fn traced(
    sources: &Sources,
    objects: &[&Object],
    places: &BTreeMap<Span, (Path, String)>,
) -> Vec<(Path, Use)> {
    let mut found = Vec::new();
    for object in objects {
        visit(object, &mut |node, field| {
            let Some(text) = scalar_text(node) else { return };
            let (_, Some(span)) = sources.trace(node.span) else { return };
            // Only a value that is the whole field says something about its type.
            if let Some((path, printed)) = places.get(&span)
                && *printed == text
            {
                found.push((path.clone(), field));
            }
        });
    }
    found
}

/// Where the scalars of a tree of values are, with their texts.
pub(super) fn places(values: &Node) -> BTreeMap<Span, (Path, String)> {
    fn walk(node: &Node, path: &mut Path, found: &mut BTreeMap<Span, (Path, String)>) {
        if let Some(text) = scalar_text(node).filter(|_| !node.span.is_none()) {
            found.insert(node.span, (path.clone(), text.into_owned()));
        }
        for Entry { key, value, .. } in node.as_map().into_iter().flatten() {
            path.push(key.clone());
            walk(value, path, found);
            path.pop();
        }
    }
    let mut found = BTreeMap::new();
    walk(values, &mut Vec::new(), &mut found);
    found
}

/// A value that is replaced by a mark.
#[derive(Debug, Clone)]
pub(super) struct Probe {
    /// The value.
    pub(super) path: Path,
    /// What stands in its place.
    mark: Node,
}

/// What marks begin with: a name that is valid wherever Kubernetes wants one.
const MARK: &str = "plimsoll-mark-";

/// The probes for everything in the values that is empty or null.
pub(super) fn probes(values: &Node, skipped: &BTreeSet<String>) -> Vec<Probe> {
    fn walk(node: &Node, path: &mut Path, found: &mut Vec<Probe>) {
        let name = Value::String(format!("{MARK}{}", found.len()));
        let text = Node::new(name, Span::NONE);
        let mark = match &node.value {
            Value::Null => text,
            Value::String(value) if value.is_empty() => text,
            Value::Seq(items) if items.is_empty() => Node::new(Value::Seq(vec![text]), Span::NONE),
            Value::Map(map) if map.is_empty() => {
                let mut map = crate::yaml::Map::new();
                map.insert(text.as_str().unwrap_or_default().to_owned(), Span::NONE, text);
                Node::new(Value::Map(map), Span::NONE)
            }
            Value::Map(map) => {
                for Entry { key, value, .. } in map {
                    path.push(key.clone());
                    walk(value, path, found);
                    path.pop();
                }
                return;
            }
            _ => return,
        };
        found.push(Probe { path: path.clone(), mark });
    }
    let mut found = Vec::new();
    for Entry { key, value, .. } in values.as_map().into_iter().flatten() {
        if !skipped.contains(key) {
            walk(value, &mut vec![key.clone()], &mut found);
        }
    }
    found
}

/// The values with the marks of some probes.
pub(super) fn marked(probes: &[Probe]) -> String {
    emit::document(&values::from_paths(probes.iter().map(|probe| (probe.path.clone(), probe.mark.clone()))))
}

/// The fields of these objects that hold the marks of probes.
pub(super) fn found_marks(objects: &[&Object], probes: &[Probe]) -> Vec<(Path, Use)> {
    let by_mark: BTreeMap<&str, &Probe> = probes
        .iter()
        .filter_map(|probe| {
            let mark = &probe.mark;
            let text = mark.as_str().or_else(|| mark.items().first()?.as_str());
            Some((text.or_else(|| mark.as_map()?.keys().next())?, probe))
        })
        .collect();
    let mut found = Vec::new();
    for object in objects {
        visit(object, &mut |node, field| {
            let mark = match &node.value {
                Value::String(text) => {
                    by_mark.get(text.as_str()).filter(|probe| probe.mark.as_str().is_some())
                }
                Value::Seq(items) => items.iter().find_map(|item| by_mark.get(item.as_str()?)),
                Value::Map(map) => map.keys().find_map(|key| by_mark.get(key)),
                _ => None,
            };
            if let Some(probe) = mark {
                found.push((probe.path.clone(), field));
            }
        });
    }
    found
}

/// Visits every node of an object of a built-in kind whose field is known.
fn visit(object: &Object, found: &mut impl FnMut(&Node, Use)) {
    let schemas = Schemas::get();
    let kind = schema::kind(&object.api_version, &object.kind);
    let Some(id) = kind.and_then(|kind| schemas.type_named(kind.type_name)) else { return };
    visit_fields(id, &object.root, found);
}

fn visit_fields(id: TypeId, node: &Node, found: &mut impl FnMut(&Node, Use)) {
    for Entry { key, value, .. } in node.as_map().into_iter().flatten() {
        if let Some(field) = Schemas::get().field(id, key, Version::DEFAULT) {
            visit_value(Use { ty: field.ty, name: field.name, owner: Some(id) }, value, found);
        }
    }
}

fn visit_value(field: Use, node: &Node, found: &mut impl FnMut(&Node, Use)) {
    found(node, field);
    let inner = |ty| Use { ty, name: "", owner: None };
    match field.ty.shape() {
        Shape::List(ty) => node.items().iter().for_each(|item| visit_value(inner(ty), item, found)),
        Shape::Map(ty) => {
            let entries = node.as_map().into_iter().flatten();
            entries.for_each(|entry| visit_value(inner(ty), &entry.value, found));
        }
        Shape::Base(Base::Object(id)) => visit_fields(id, node, found),
        Shape::Base(_) => {}
    }
}

/// Fields that take one of a few words.
const WORDS: [(&str, &str, &[&str]); 9] = [
    ("core.v1.Container", "imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("core.v1.PodSpec", "restartPolicy", &["Always", "OnFailure", "Never"]),
    ("core.v1.PodSpec", "dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("core.v1.ServiceSpec", "type", &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
    ("core.v1.ServiceSpec", "sessionAffinity", &["None", "ClientIP"]),
    ("core.v1.ServiceSpec", "externalTrafficPolicy", &["Cluster", "Local"]),
    ("core.v1.ServiceSpec", "internalTrafficPolicy", &["Cluster", "Local"]),
    ("apps.v1.StatefulSetSpec", "podManagementPolicy", &["OrderedReady", "Parallel"]),
    ("networking.v1.HTTPIngressPath", "pathType", &["Exact", "Prefix", "ImplementationSpecific"]),
];

/// Fields that are ports.
const PORTS: [&str; 5] = ["containerPort", "hostPort", "nodePort", "port", "healthCheckNodePort"];

/// A quantity as a string.
const QUANTITY: &str = r"^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?)?$";

impl Use {
    fn types(self) -> BTreeSet<Type> {
        match self.ty.shape() {
            Shape::List(_) => [Type::Array].into(),
            Shape::Map(_) | Shape::Base(Base::Object(_)) => [Type::Object].into(),
            Shape::Base(Base::Bool) => [Type::Boolean].into(),
            Shape::Base(Base::Int32 | Base::Int64) => [Type::Integer].into(),
            Shape::Base(Base::Float) => [Type::Number].into(),
            Shape::Base(Base::IntOrString) => [Type::Integer, Type::String].into(),
            Shape::Base(Base::Quantity) => [Type::String, Type::Number].into(),
            Shape::Base(Base::String | Base::Bytes | Base::Time) => [Type::String].into(),
            Shape::Base(Base::Any) => BTreeSet::new(),
        }
    }

    /// What the schema says besides the type. `defs` is where definitions are, `wanted` those that are referred to.
    fn keywords(self, defs: &str, wanted: &mut BTreeSet<TypeId>) -> Map<String, Json> {
        let mut keywords = Map::new();
        match self.ty.shape() {
            // Templates often quote scalars, so items that are numbers may be fine where strings are wanted.
            Shape::List(inner) if inner.object().is_some() => {
                keywords.insert("items".to_owned(), schema_of(inner, defs, wanted));
            }
            Shape::Base(Base::Object(id)) => {
                wanted.insert(id);
                // In drafts up to 7 nothing may stand beside a reference.
                keywords.insert("allOf".to_owned(), json!([reference(id, defs)]));
            }
            Shape::Base(Base::Quantity) => {
                keywords.insert("pattern".to_owned(), json!(QUANTITY));
            }
            Shape::Base(Base::Int32) if PORTS.contains(&self.name) => {
                keywords.insert("minimum".to_owned(), json!(0));
                keywords.insert("maximum".to_owned(), json!(65535));
            }
            _ => {
                if let Some(words) = self.words() {
                    keywords.insert("enum".to_owned(), json!(words));
                }
            }
        }
        keywords
    }

    /// The words that the field takes, if it takes no others.
    fn words(self) -> Option<&'static [&'static str]> {
        let owner = Schemas::get().name(self.owner?);
        let (.., words) = WORDS.iter().find(|(of, name, _)| *of == owner && *name == self.name)?;
        Some(words)
    }

    fn has_words(self) -> bool {
        self.words().is_some()
    }
}

fn reference(id: TypeId, defs: &str) -> Json {
    json!({ "$ref": format!("#/{defs}/{}", Schemas::get().name(id)) })
}

/// The schema of a type of Kubernetes.
fn schema_of(ty: Ty, defs: &str, wanted: &mut BTreeSet<TypeId>) -> Json {
    if let Shape::Base(Base::Object(id)) = ty.shape() {
        wanted.insert(id);
        return reference(id, defs);
    }
    let field = Use { ty, name: "", owner: None };
    let mut schema = Map::new();
    Type::write(field.types(), &mut schema);
    schema.extend(field.keywords(defs, wanted));
    schema.into()
}

/// Applies what is known from the fields that values are put into. A value that is put into fields of different types can
/// have the types of all.
pub(super) fn apply(root: &mut Field, uses: &[(Path, Use)], defs: &str, wanted: &mut BTreeSet<TypeId>) {
    let mut by_path: BTreeMap<&[String], Vec<Use>> = BTreeMap::new();
    for (path, field) in uses {
        let known = by_path.entry(path).or_default();
        if !known.contains(field) {
            known.push(*field);
        }
    }
    for (path, uses) in by_path {
        let (field, found) = root.nearest(path);
        if found.len() != path.len() || field.has_keys() {
            continue;
        }
        let types: BTreeSet<Type> = uses.iter().flat_map(|used| used.types()).collect();
        let is_null = field.types.is_empty();
        // Templates often quote, so that other scalars are fine where a string is wanted.
        let says_little =
            is_null && types == [Type::String].into() && uses.iter().all(|used| !used.has_words());
        if types.is_empty() || says_little {
            continue;
        }
        if is_null {
            field.types.insert(Type::Null);
        }
        field.types.extend(&types);
        let mut keywords: Vec<Map<String, Json>> =
            uses.iter().map(|used| used.keywords(defs, wanted)).collect();
        keywords.dedup();
        if let [only] = keywords.as_mut_slice() {
            if let Some(words) = only.get_mut("enum").and_then(Json::as_array_mut) {
                // What the default is, is allowed.
                let default = field.default.clone().filter(|default| !words.contains(default));
                words.extend(default);
                if field.types.contains(&Type::Null) {
                    words.push(Json::Null);
                }
            }
            field.used = std::mem::take(only);
        }
    }
}

/// The definitions that are referred to, and those that they refer to. Later versions of Kubernetes have more fields.
pub(super) fn definitions(wanted: &BTreeSet<TypeId>, defs: &str) -> Map<String, Json> {
    let mut done: BTreeMap<TypeId, Json> = BTreeMap::new();
    let mut open: Vec<TypeId> = wanted.iter().copied().collect();
    while let Some(id) = open.pop() {
        if done.contains_key(&id) {
            continue;
        }
        let mut more = BTreeSet::new();
        let fields = Schemas::get().fields(id).iter().filter(|field| field.exists_in(Version::DEFAULT));
        let properties: Map<String, Json> =
            fields.map(|field| (field.name.to_owned(), schema_of(field.ty, defs, &mut more))).collect();
        done.insert(id, json!({ "type": "object", "properties": properties, "additionalProperties": true }));
        open.extend(more);
    }
    done.into_iter().map(|(id, schema)| (Schemas::get().name(id).to_owned(), schema)).collect()
}

/// The name of a type.
pub(super) fn name(id: TypeId) -> &'static str {
    Schemas::get().name(id)
}
