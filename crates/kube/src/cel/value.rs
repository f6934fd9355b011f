//! Values of expressions.

use super::types::{Type, escaped};
use crate::quantity::Quantity;
use plimsoll_yaml::{Node, Value as Yaml};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
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
    List(Arc<Vec<Value>>),
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

    pub(super) fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(Arc::new(items.into_iter().collect()))
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
            (Yaml::Map(map), ty) => {
                let entries = map.iter().filter_map(|entry| {
                    let (name, inner) = match ty {
                        // Nothing else of an object is known to an expression.
                        Type::Object { .. } => (escaped(&entry.key)?, ty.field_named(&entry.key)?),
                        _ => (entry.key.clone(), ty.item()),
                    };
                    Some((Key::String(name.into()), Self::from_node(&entry.value, &inner)))
                });
                Self::Map(Arc::new(entries.collect()))
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
