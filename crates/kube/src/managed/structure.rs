//! How the values of a type are merged, field by field: what structured-merge-diff reads from a schema.
//!
//! Follows `kube-openapi/pkg/schemaconv`: built-in kinds by the published schemas, custom resources by their definition,
//! values of unknown types by what they are (maps field by field, lists as a whole).

use crate::Version;
use crate::schema::{Base, Schemas, Shape, Ty, TypeId};
use plimsoll_yaml::{Node, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The type of a value, as far as merging goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type<'a> {
    /// A type of a built-in kind, and the rule of the field that holds it.
    BuiltIn(Ty, Option<&'static str>, Version),
    /// A type of a custom resource.
    Custom(Custom<'a>),
    /// Unknown: maps are merged field by field, lists are atomic.
    Deduced,
    /// Unknown and atomic: the items of lists of an unknown type.
    Atomic,
}

/// A part of the schema of a custom resource definition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Custom<'a> {
    schema: &'a Node,
    /// Whether fields without a schema are kept.
    keeps_unknown: bool,
    /// Whether it describes a whole object, whose `metadata` needs no schema.
    is_object: bool,
    version: Version,
}

/// What a type is: a scalar, a list or a map; or any of them.
#[derive(Debug)]
pub(super) enum Atom<'a> {
    Scalar(Scalar),
    List(ListType<'a>),
    Map(MapType<'a>),
    /// Whatever the value is; what is inside has the type given.
    Any(Type<'a>),
}

/// The scalars that a type accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Numeric,
    String,
    Boolean,
    /// Any of these.
    Untyped,
}

#[derive(Debug)]
pub(super) struct ListType<'a> {
    pub(super) item: Type<'a>,
    pub(super) items_by: ItemsBy<'a>,
}

/// What tells the items of a list apart.
#[derive(Debug)]
pub(super) enum ItemsBy<'a> {
    /// Nothing: the list is merged as a whole.
    Nothing,
    /// Their values: a set.
    Value,
    /// Some of their fields.
    Keys(Vec<Key<'a>>),
}

/// A field by which the items of a list are told apart.
#[derive(Debug)]
pub(super) struct Key<'a> {
    pub(super) name: &'a str,
    /// Its value where an item does not have it.
    pub(super) default: Option<Node>,
}

#[derive(Debug)]
pub(super) struct MapType<'a> {
    fields: Fields<'a>,
    pub(super) is_atomic: bool,
}

#[derive(Debug)]
enum Fields<'a> {
    Struct(TypeId, Version),
    Custom(Custom<'a>),
    Free(Type<'a>),
}

impl<'a> Type<'a> {
    /// The type of the objects of a built-in kind; `None` if there is no such kind.
    pub(super) fn of_kind(api_version: &str, kind: &str, version: Version) -> Option<Self> {
        let kind = crate::schema::kind(api_version, kind)?;
        let id = Schemas::get().type_named(kind.type_name)?;
        Some(Self::BuiltIn(Ty::of_object(id), None, version))
    }

    /// The type of the objects of a custom resource, by the definition `crd` (the whole object): of their `api_version`.
    pub(super) fn of_definition(crd: &'a Node, api_version: &str, version: Version) -> Self {
        let served = api_version.rsplit('/').next().unwrap_or_default();
        let versions = crd.at(&["spec", "versions"]).map(Node::items).unwrap_or_default();
        let has_name = |node: &&Node| node.get("name").and_then(Node::as_str) == Some(served);
        let schema =
            versions.iter().find(has_name).and_then(|found| found.at(&["schema", "openAPIV3Schema"]));
        let keeps_unknown =
            crd.at(&["spec", "preserveUnknownFields"]).and_then(Node::as_bool).unwrap_or(false);
        schema.map_or(Self::Deduced, |schema| {
            Self::Custom(Custom { schema, keeps_unknown, is_object: true, version }.resolved())
        })
    }

    pub(super) fn atom(&self) -> Atom<'a> {
        match *self {
            Self::BuiltIn(ty, rule, version) => built_in(ty, rule, version),
            Self::Custom(custom) => custom.atom(),
            Self::Deduced => Atom::Any(Self::Deduced),
            Self::Atomic => Atom::Any(Self::Atomic),
        }
    }

    /// The part of the type that fits the value (`deduceAtom`): for unknown types that decides what they are.
    pub(super) fn atom_of(&self, value: Option<&Node>) -> Atom<'a> {
        match (self.atom(), value.map(|node| &node.value)) {
            (Atom::Any(inner), Some(Value::Map(_) | Value::Null) | None) => {
                Atom::Map(MapType { fields: Fields::Free(inner), is_atomic: matches!(inner, Type::Atomic) })
            }
            (Atom::Any(_), Some(Value::Seq(_))) => {
                Atom::List(ListType { item: Type::Atomic, items_by: ItemsBy::Nothing })
            }
            (Atom::Any(_), Some(_)) => Atom::Scalar(Scalar::Untyped),
            (atom, _) => atom,
        }
    }
}

impl<'a> MapType<'a> {
    /// Whether `name` is a field of a struct, not a free key.
    pub(super) fn declares(&self, name: &str) -> bool {
        match &self.fields {
            Fields::Struct(id, version) => Schemas::get().field(*id, name, *version).is_some(),
            Fields::Custom(custom) => custom.property(name).is_some(),
            Fields::Free(_) => false,
        }
    }

    /// The type of the value below `name`; `None` if the type has no such field.
    pub(super) fn value(&self, name: &str) -> Option<Type<'a>> {
        match &self.fields {
            Fields::Struct(id, version) => field_type(*id, name, *version),
            Fields::Custom(custom) => custom.property(name).or_else(|| custom.additional()),
            Fields::Free(ty) => Some(*ty),
        }
    }
}

fn field_type(id: TypeId, name: &str, version: Version) -> Option<Type<'static>> {
    let schemas = Schemas::get();
    let field = schemas.field(id, name, version)?;
    Some(Type::BuiltIn(field.ty, rule(schemas.name(id), name), version))
}

fn built_in(ty: Ty, rule_of_field: Option<&'static str>, version: Version) -> Atom<'static> {
    match ty.shape() {
        Shape::List(item) => {
            let item = Type::BuiltIn(item, None, version);
            let items_by = match rule_of_field {
                Some("set") => ItemsBy::Value,
                Some(rule) if rule.starts_with("list=") => ItemsBy::Keys(
                    rule["list=".len()..].split(',').map(|name| built_in_key(&item, name)).collect(),
                ),
                _ => ItemsBy::Nothing,
            };
            Atom::List(ListType { item, items_by })
        }
        Shape::Map(value) => Atom::Map(MapType {
            fields: Fields::Free(Type::BuiltIn(value, None, version)),
            is_atomic: rule_of_field == Some("atomic"),
        }),
        Shape::Base(Base::Object(id)) => Atom::Map(MapType {
            fields: Fields::Struct(id, version),
            is_atomic: rule_of_field.or_else(|| rule(Schemas::get().name(id), "*")) == Some("atomic"),
        }),
        Shape::Base(Base::String | Base::Bytes) => Atom::Scalar(Scalar::String),
        Shape::Base(Base::Bool) => Atom::Scalar(Scalar::Boolean),
        Shape::Base(Base::Int32 | Base::Int64 | Base::Float) => Atom::Scalar(Scalar::Numeric),
        Shape::Base(Base::Time | Base::IntOrString | Base::Quantity) => Atom::Scalar(Scalar::Untyped),
        Shape::Base(Base::Any) => Atom::Any(Type::Deduced),
    }
}

/// A key of a built-in type with its default: what the published schemas give to fields that are never absent.
fn built_in_key(item: &Type<'_>, name: &'static str) -> Key<'static> {
    let Type::BuiltIn(ty, _, version) = *item else { return Key { name, default: None } };
    let Some(id) = ty.object() else { return Key { name, default: None } };
    let schemas = Schemas::get();
    let default = match (schemas.name(id), name) {
        ("core.v1.ContainerPort" | "core.v1.ServicePort", "protocol") => Some(Node::bare("TCP")),
        // These fields are optional.
        ("core.v1.ObjectReference", _) => None,
        (owner, "type") if owner.starts_with("flowcontrol.") => None,
        (owner, "shareID") if owner.starts_with("resource.") => None,
        _ => match schemas.field(id, name, version).map(|field| field.ty.shape()) {
            Some(Shape::Base(Base::Int32 | Base::Int64)) => Some(Node::bare(0)),
            _ => Some(Node::bare("")),
        },
    };
    Key { name, default }
}

impl<'a> Custom<'a> {
    /// The part below, which inherits whether unknown fields are kept.
    fn below(&self, schema: &'a Node) -> Type<'a> {
        Type::Custom(Self { schema, is_object: false, ..*self }.resolved())
    }

    fn resolved(self) -> Self {
        let keeps_unknown = self.keeps_unknown || self.flag("x-kubernetes-preserve-unknown-fields");
        Self {
            keeps_unknown,
            is_object: self.is_object || self.flag("x-kubernetes-embedded-resource"),
            ..self
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.schema.get(name).and_then(Node::as_bool).unwrap_or(false)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.schema.get(name).and_then(Node::as_str)
    }

    fn atom(&self) -> Atom<'a> {
        match self.text("type") {
            Some("object") => Atom::Map(MapType {
                fields: Fields::Custom(*self),
                is_atomic: self.text("x-kubernetes-map-type") == Some("atomic"),
            }),
            Some("array") => {
                let items = self.schema.get("items").filter(|items| items.as_map().is_some());
                let item = items.map_or(Type::Atomic, |items| self.below(items));
                Atom::List(ListType { item, items_by: self.items_by(items) })
            }
            Some("integer" | "number") => Atom::Scalar(Scalar::Numeric),
            Some("boolean") => Atom::Scalar(Scalar::Boolean),
            Some("string") if matches!(self.text("format"), None | Some("" | "byte")) => {
                Atom::Scalar(Scalar::String)
            }
            Some("string") => Atom::Scalar(Scalar::Untyped),
            _ => Atom::Any(Type::Deduced),
        }
    }

    fn items_by(&self, items: Option<&'a Node>) -> ItemsBy<'a> {
        match self.text("x-kubernetes-list-type") {
            Some("set") => ItemsBy::Value,
            Some("map") => {
                let names =
                    self.schema.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
                let default = |name: &str| items?.at(&["properties", name, "default"]).cloned();
                let keys = names.iter().filter_map(Node::as_str);
                ItemsBy::Keys(keys.map(|name| Key { name, default: default(name) }).collect())
            }
            _ => ItemsBy::Nothing,
        }
    }

    fn property(&self, name: &str) -> Option<Type<'a>> {
        let schemas = Schemas::get();
        match name {
            "metadata" if self.is_object => {
                let metadata = schemas.type_named("meta.v1.ObjectMeta")?;
                Some(Type::BuiltIn(Ty::of_object(metadata), None, self.version))
            }
            "apiVersion" | "kind" if self.is_object => Some(Type::Deduced),
            _ => self.schema.at(&["properties", name]).map(|schema| self.below(schema)),
        }
    }

    /// The type of fields that are no properties.
    fn additional(&self) -> Option<Type<'a>> {
        match self.schema.get("additionalProperties").map(|node| (node, &node.value)) {
            Some((node, Value::Map(_))) => Some(self.below(node)),
            Some((_, Value::Bool(false))) => None,
            Some((_, Value::Bool(true))) => Some(Type::Deduced),
            _ => (self.keeps_unknown || self.schema.get("properties").is_none()).then_some(Type::Deduced),
        }
    }
}

/// The rule of a field of a type, or of the type itself (`*`).
fn rule(type_name: &str, field: &str) -> Option<&'static str> {
    static RULES: OnceLock<BTreeMap<(&str, &str), &str>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        let words = |line: &'static str| {
            let mut words = line.split(' ');
            Some(((words.next()?, words.next()?), words.next()?))
        };
        include_str!("rules.txt").lines().filter_map(words).collect()
    });
    rules.get(&(type_name, field)).copied()
}
