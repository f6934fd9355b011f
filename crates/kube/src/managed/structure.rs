//! How the values of a type are merged, field by field: what structured-merge-diff reads from a schema.
//!
//! Follows `kube-openapi/pkg/schemaconv`: built-in kinds by the published schemas, custom resources by their definition,
//! values of unknown types by what they are (maps field by field, lists as a whole).

use crate::Version;
use crate::merge::{ListKey, ListType as Items, MapType as Fields, Position};
use crate::schema::{Base, Schemas, Shape, Ty};
use plimsoll_yaml::{Node, Value};

/// The type of a value, as far as merging goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type<'a> {
    /// A place in an object of a built-in kind.
    BuiltIn(Position),
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

impl Atom<'_> {
    /// Whether it is a list or map that is merged as a whole. What is deduced from a value never is.
    pub(super) fn is_atomic(&self) -> bool {
        match self {
            Self::Map(map) => map.is_atomic,
            Self::List(list) => matches!(list.items_by, ItemsBy::Nothing),
            Self::Scalar(_) | Self::Any(_) => false,
        }
    }
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
    values: Values<'a>,
    pub(super) is_atomic: bool,
}

/// The types of the values of a map.
#[derive(Debug)]
enum Values<'a> {
    /// Each field has its own.
    Fields(Position),
    Custom(Custom<'a>),
    /// All are alike.
    Free(Type<'a>),
}

impl<'a> Type<'a> {
    /// The type of the objects of a built-in kind; `None` if there is no such kind.
    pub(super) fn of_kind(api_version: &str, kind: &str, version: Version) -> Option<Self> {
        let position = Position::root(api_version, kind, version);
        position.ty().map(|_| Self::BuiltIn(position))
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
            Self::BuiltIn(position) => built_in(position),
            Self::Custom(custom) => custom.atom(),
            Self::Deduced => Atom::Any(Self::Deduced),
            Self::Atomic => Atom::Any(Self::Atomic),
        }
    }

    /// The part of the type that fits the value (`deduceAtom`): for unknown types that decides what they are.
    pub(super) fn atom_of(&self, value: Option<&Node>) -> Atom<'a> {
        match (self.atom(), value.map(|node| &node.value)) {
            (Atom::Any(inner), Some(Value::Map(_) | Value::Null) | None) => {
                Atom::Map(MapType { values: Values::Free(inner), is_atomic: matches!(inner, Type::Atomic) })
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
        match &self.values {
            Values::Fields(position) => position.field(name).ty().is_some(),
            Values::Custom(custom) => custom.property(name).is_some(),
            Values::Free(_) => false,
        }
    }

    /// The type of the value below `name`; `None` if the type has no such field.
    pub(super) fn value(&self, name: &str) -> Option<Type<'a>> {
        match &self.values {
            Values::Fields(position) => {
                let field = position.field(name);
                field.ty().map(|_| Type::BuiltIn(field))
            }
            Values::Custom(custom) => custom.property(name).or_else(|| custom.additional()),
            Values::Free(ty) => Some(*ty),
        }
    }
}

fn built_in(position: Position) -> Atom<'static> {
    let is_atomic = || position.map_type() == Fields::Atomic;
    match position.ty().map(Ty::shape) {
        Some(Shape::List(_)) => {
            let item = position.item();
            let items_by = match position.list_type() {
                Items::Atomic => ItemsBy::Nothing,
                Items::Set => ItemsBy::Value,
                Items::Map(keys) => ItemsBy::Keys(keys.iter().map(|key| built_in_key(item, key)).collect()),
            };
            Atom::List(ListType { item: Type::BuiltIn(item), items_by })
        }
        Some(Shape::Map(_)) => {
            // The key does not matter: all values are alike.
            let value = Type::BuiltIn(position.field(""));
            Atom::Map(MapType { values: Values::Free(value), is_atomic: is_atomic() })
        }
        Some(Shape::Base(Base::Object(_))) => {
            Atom::Map(MapType { values: Values::Fields(position), is_atomic: is_atomic() })
        }
        Some(Shape::Base(Base::String | Base::Bytes)) => Atom::Scalar(Scalar::String),
        Some(Shape::Base(Base::Bool)) => Atom::Scalar(Scalar::Boolean),
        Some(Shape::Base(Base::Int32 | Base::Int64 | Base::Float)) => Atom::Scalar(Scalar::Numeric),
        Some(Shape::Base(Base::Time | Base::IntOrString | Base::Quantity)) => Atom::Scalar(Scalar::Untyped),
        Some(Shape::Base(Base::Any)) | None => Atom::Any(Type::Deduced),
    }
}

/// A key of a built-in type. Most are never absent: an item without one has its zero value.
fn built_in_key(item: Position, key: ListKey) -> Key<'static> {
    let owner = item.ty().and_then(Ty::object).map_or("", |id| Schemas::get().name(id));
    let is_optional = match key.name {
        "name" => owner == "core.v1.ObjectReference",
        "type" => owner.starts_with("flowcontrol."),
        "shareID" => true,
        _ => false,
    };
    let zero = match item.field(key.name).ty().map(Ty::shape) {
        Some(Shape::Base(Base::Int32 | Base::Int64)) => Node::bare(0),
        _ => Node::bare(""),
    };
    let default = key.default.map(Node::bare).or((!is_optional).then_some(zero));
    Key { name: key.name, default }
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
                values: Values::Custom(*self),
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
        match name {
            // Every kind has the same metadata.
            "metadata" if self.is_object => {
                Some(Type::BuiltIn(Position::root("v1", "ConfigMap", self.version).field(name)))
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
