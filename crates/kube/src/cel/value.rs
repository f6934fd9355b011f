//! Values of expressions.

use super::types::{Type, escaped, is_reserved};
use crate::quantity::Quantity;
use plimsoll_yaml::{Node, Value as Yaml};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

/// A value of an expression.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Value {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(Arc<str>),
    /// `bytes`
    Bytes(Arc<[u8]>),
    /// `list`
    List(Arc<List>),
    /// `map`, and objects.
    Map(Arc<BTreeMap<Key, Value>>),
    /// `optional_type`
    Optional(Option<Arc<Value>>),
    /// A type itself, by its name.
    Type(&'static str),
    /// `duration`, in nanoseconds.
    Duration(i128),
    /// `timestamp`, in nanoseconds since 1970.
    Timestamp(i128),
    /// `quantity("1Gi")`
    Quantity(Arc<Quantity>),
    /// `semver("1.2.3")`
    Semver(Arc<super::functions::Semver>),
    /// `ip("10.0.0.1")`
    Ip(IpAddr),
    /// `cidr("10.0.0.0/8")`
    Cidr(IpAddr, u8),
    /// `url("https://example.com")`
    Url(Arc<super::functions::Url>),
    /// `format.dns1123Label()`
    Format(&'static str),
    /// What only a cluster knows, by its name: `request.userInfo`. An expression that reads it has no value.
    Unknown(&'static str),
}

/// A list, which its schema may have as a set or as a map.
#[derive(Debug, Clone)]
pub struct List {
    items: Vec<Value>,
    kind: ListKind,
}

/// What is the same item in two lists: `x-kubernetes-list-type`.
#[derive(Debug, Clone, Default)]
enum ListKind {
    /// That at the same place.
    #[default]
    Atomic,
    /// An equal one.
    Set,
    /// One with the same values of these fields, as expressions write them.
    Map(Arc<[Key]>),
}

impl Deref for List {
    type Target = Vec<Value>;

    fn deref(&self) -> &Vec<Value> {
        &self.items
    }
}

impl List {
    /// The kind that a schema says.
    fn kind_in(schema: &Node) -> ListKind {
        let keys = schema.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
        let written = |key: &str| Key::from(escaped(key).as_deref().unwrap_or(key));
        match schema.get("x-kubernetes-list-type").and_then(Node::as_str) {
            Some("set") => ListKind::Set,
            Some("map") => ListKind::Map(keys.iter().filter_map(Node::as_str).map(written).collect()),
            _ => ListKind::Atomic,
        }
    }

    /// The place of the item that another one takes the place of.
    fn position(&self, other: &Value) -> Option<usize> {
        match &self.kind {
            ListKind::Atomic => None,
            ListKind::Set => self.items.iter().position(|item| item == other),
            ListKind::Map(keys) => self.items.iter().position(|item| match (item, other) {
                (Value::Map(a), Value::Map(b)) => keys.iter().all(|key| a.get(key) == b.get(key)),
                _ => false,
            }),
        }
    }

    /// `+`: sets are united, and maps are merged, in which the items of `other` go before.
    pub(super) fn concat(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for item in &other.items {
            match sum.position(item) {
                Some(place) => sum.items[place] = item.clone(),
                None => sum.items.push(item.clone()),
            }
        }
        sum
    }
}

/// As `==`: the order of sets and maps says nothing. The list on the left decides what the lists are.
impl PartialEq for List {
    fn eq(&self, other: &Self) -> bool {
        if matches!(self.kind, ListKind::Atomic) {
            return self.items == other.items;
        }
        let is_held = |item: &Value| self.position(item).is_some_and(|place| self.items[place] == *item);
        self.items.len() == other.items.len() && other.items.iter().all(is_held)
    }
}

/// A key of a map. Numbers of either type that are equal are the same key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i128),
    /// A text.
    String(Arc<str>),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<&Key> for Value {
    fn from(key: &Key) -> Self {
        match key {
            Key::Bool(flag) => Self::Bool(*flag),
            Key::Int(number) => i64::try_from(*number)
                .map(Self::Int)
                .or_else(|_| u64::try_from(*number).map(Self::Uint))
                .unwrap_or(Self::Null),
            Key::String(text) => Self::String(Arc::clone(text)),
        }
    }
}

impl Value {
    /// A text.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A value that may be missing.
    pub fn optional(value: Option<Value>) -> Self {
        Self::Optional(value.map(Arc::new))
    }

    /// A map.
    pub fn map(entries: impl IntoIterator<Item = (Key, Value)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().collect()))
    }

    /// The value of a key of a map, to be changed.
    pub fn field_mut(&mut self, name: &str) -> Option<&mut Value> {
        let Self::Map(map) = self else { return None };
        Arc::make_mut(map).get_mut(&Key::from(name))
    }

    /// Sets a key of a map. Other values stay as they are.
    pub fn insert(&mut self, name: &str, value: Value) {
        if let Self::Map(map) = self {
            Arc::make_mut(map).insert(Key::from(name), value);
        }
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(Arc::new(List { items: items.into_iter().collect(), kind: ListKind::Atomic }))
    }

    /// The value as a key; `None` if its type cannot be one.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::Bool(flag) => Some(Key::Bool(*flag)),
            Self::Int(number) => Some(Key::Int((*number).into())),
            Self::Uint(number) => Some(Key::Int((*number).into())),
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            Self::Double(number) if number.fract() == 0.0 && number.abs() < 1e18 => {
                Some(Key::Int(*number as i128))
            }
            Self::String(text) => Some(Key::String(Arc::clone(text))),
            _ => None,
        }
    }

    /// The value of a manifest that has a schema. `is_root` says that it is a whole object.
    pub fn from_schema(node: &Node, schema: &Node, is_root: bool) -> Self {
        let ty = Type::from_schema(schema, is_root);
        match (&node.value, &ty) {
            (Yaml::Seq(items), Type::List(_)) => {
                let value = |item: &Node| match schema.get("items") {
                    Some(inner) => Self::from_schema(item, inner, false),
                    None => Self::from_node(item, &Type::Dyn),
                };
                Self::List(Arc::new(List {
                    items: items.iter().map(value).collect(),
                    kind: List::kind_in(schema),
                }))
            }
            (Yaml::Map(map), Type::Map(_)) => {
                let values = schema.get("additionalProperties").filter(|values| values.as_map().is_some());
                Self::map(map.iter().map(|entry| {
                    let value = match values {
                        Some(values) => Self::from_schema(&entry.value, values, false),
                        None => Self::from_node(&entry.value, &Type::Dyn),
                    };
                    (Key::from(entry.key.as_str()), value)
                }))
            }
            (Yaml::Map(map), Type::Object { is_root, .. }) => {
                let properties = schema.get("properties");
                let known = map.iter().filter_map(|entry| {
                    // Nothing else of an object is known to an expression.
                    let (name, ty) = (escaped(&entry.key)?, ty.field_named(&entry.key)?);
                    let of_metadata =
                        *is_root && matches!(entry.key.as_str(), "apiVersion" | "kind" | "metadata");
                    let property = properties.and_then(|all| all.get(&entry.key)).filter(|_| !of_metadata);
                    let value = match property {
                        Some(property) => Self::from_schema(&entry.value, property, false),
                        None => Self::from_node(&entry.value, &ty),
                    };
                    Some((entry.key.as_str(), name, value))
                });
                // A reserved word is known by both of its forms.
                Self::map(known.flat_map(|(key, name, value)| {
                    let plain = is_reserved(key).then(|| (Key::from(key), value.clone()));
                    [(Key::String(name.into()), value)].into_iter().chain(plain)
                }))
            }
            _ => Self::from_node(node, &ty),
        }
    }

    /// The value of a manifest that has the type. What has no type of its own is read as JSON is.
    pub fn from_node(node: &Node, ty: &Type<'_>) -> Self {
        match (&node.value, ty) {
            (Yaml::Null, _) => Self::Null,
            (Yaml::Bool(flag), _) => Self::Bool(*flag),
            #[expect(clippy::cast_precision_loss, reason = "the schema says that it is a double")]
            (Yaml::Int(number), Type::Double) => Self::Double(*number as f64),
            (Yaml::Int(number), _) => Self::Int(*number),
            (Yaml::Uint(number), _) => Self::Uint(*number),
            #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
            (Yaml::Float(number), Type::Int) if number.fract() == 0.0 && number.abs() < 1e18 => {
                Self::Int(*number as i64)
            }
            (Yaml::Float(number), _) => Self::Double(*number),
            (Yaml::String(text), Type::Duration) => {
                super::functions::parse_duration(text).map_or(Self::string(text.as_str()), Self::Duration)
            }
            (Yaml::String(text), Type::Timestamp) => {
                super::functions::parse_timestamp(text).map_or(Self::string(text.as_str()), Self::Timestamp)
            }
            (Yaml::String(text), Type::Bytes) => {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                bytes.map_or(Self::string(text.as_str()), |bytes| Self::Bytes(bytes.into()))
            }
            (Yaml::String(text), _) => Self::string(text.as_str()),
            (Yaml::Seq(items), ty) => {
                let inner = ty.item();
                Self::list(items.iter().map(|item| Self::from_node(item, &inner)))
            }
            (Yaml::Map(_), Type::Object { schema, is_root }) => Self::from_schema(node, schema, *is_root),
            (Yaml::Map(map), ty) => {
                let inner = ty.item();
                Self::map(
                    map.iter()
                        .map(|entry| (Key::from(entry.key.as_str()), Self::from_node(&entry.value, &inner))),
                )
            }
        }
    }

    /// The name of its type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Ip(_) => "net.IP",
            Self::Cidr(..) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Format(_) => "kubernetes.NamedFormat",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Its size as costs are counted: the characters of a text, the items of a list; 1 for a scalar.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::String(text) => text.chars().count() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::List(items) => items.len() as u64,
            Self::Map(map) => map.len() as u64,
            Self::Optional(Some(value)) => value.size(),
            Self::Ip(IpAddr::V4(_)) => 4,
            Self::Ip(IpAddr::V6(_)) => 16,
            Self::Cidr(_, length) => u64::from(length.div_ceil(8)),
            _ => 1,
        }
    }

    /// How many values there are in it, itself included: what it costs to compare it.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::String(text) => 1 + text.len() as u64 / 64,
            Self::List(items) => 1 + items.iter().map(Self::weight).sum::<u64>(),
            Self::Map(map) => 1 + map.values().map(Self::weight).sum::<u64>(),
            _ => 1,
        }
    }

    /// The order of two values; `None` if they have none.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) | (Self::Timestamp(a), Self::Timestamp(b)) => {
                Some(a.cmp(b))
            }
            _ => compare_numbers(self, other),
        }
    }
}

/// Numbers of different types are compared as numbers.
fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    let whole = |value: &Value| match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    #[expect(clippy::cast_precision_loss, reason = "cel-go compares with doubles so")]
    let float = |value: &Value| match value {
        Value::Double(number) => Some(*number),
        _ => whole(value).map(|number| number as f64),
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => float(a)?.partial_cmp(&float(b)?),
    }
}

/// As `==` of expressions: values of different types differ, except for numbers.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Optional(a), Self::Optional(b)) => a == b,
            (Self::Type(a), Self::Type(b)) | (Self::Format(a), Self::Format(b)) => a == b,
            (Self::Quantity(a), Self::Quantity(b)) => a.partial_cmp(b) == Some(Ordering::Equal),
            (Self::Semver(a), Self::Semver(b)) => a == b,
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Cidr(a, length), Self::Cidr(b, other)) => a == b && length == other,
            (Self::Url(a), Self::Url(b)) => a == b,
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }
}
