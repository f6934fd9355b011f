//! How large the values of a schema can be: `MaxElements` and `MinSerializedSize` of `SchemaDeclType`
//! (`k8s.io/apiserver/pkg/cel/common/schemas.go`).

use crate::cel::types::{METADATA, unescaped};
use plimsoll_yaml::Node;

/// `MaxRequestSizeBytes`
const MAX_REQUEST: u64 = 3 * 1024 * 1024;

/// The part of a schema that a path leads to.
#[derive(Debug, Clone, Copy)]
pub(in crate::cel) enum Place<'s> {
    /// A schema, and whether it is that of a whole object.
    Schema { schema: &'s Node, is_root: bool },
    /// The metadata of an object.
    Metadata,
    /// A text of which nothing is said.
    Text,
    /// The key of a map, of which the server takes no length into account.
    Key,
}

impl<'s> Place<'s> {
    /// The place of a field as an expression names it.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        match self {
            Self::Metadata => METADATA.contains(&name).then_some(Self::Text),
            Self::Text | Self::Key => None,
            Self::Schema { is_root: true, .. } if matches!(name, "apiVersion" | "kind") => Some(Self::Text),
            Self::Schema { is_root: true, .. } if name == "metadata" => Some(Self::Metadata),
            Self::Schema { schema, .. } => {
                let property = schema.get("properties")?.get(&unescaped(name))?;
                Some(Self::of(property))
            }
        }
    }

    /// The place of the items of a list or of the values of a map.
    pub(super) fn element(self) -> Option<Self> {
        let Self::Schema { schema, .. } = self else { return None };
        match kind(schema) {
            "array" => schema.get("items").map(Self::of),
            "object" => values(schema).map(Self::of),
            _ => None,
        }
    }

    /// The place of the keys of a map.
    pub(super) fn key(self) -> Option<Self> {
        let Self::Schema { schema, .. } = self else { return None };
        (kind(schema) == "object" && values(schema).is_some()).then_some(Self::Key)
    }

    fn of(schema: &'s Node) -> Self {
        Self::Schema { schema, is_root: is_flagged(schema, "x-kubernetes-embedded-resource") }
    }

    /// How many characters or items a value has at most; 0 for a scalar and for an object with fields.
    pub(super) fn max_elements(self) -> u64 {
        match self {
            Self::Metadata | Self::Key => 0,
            Self::Text => MAX_REQUEST - 2,
            Self::Schema { schema, .. } => max_elements(schema),
        }
    }
}

fn is_flagged(schema: &Node, name: &str) -> bool {
    schema.get(name).and_then(Node::as_bool).unwrap_or(false)
}

fn kind(schema: &Node) -> &str {
    if is_flagged(schema, "x-kubernetes-int-or-string") {
        return "";
    }
    schema.get("type").and_then(Node::as_str).unwrap_or_default()
}

fn format(schema: &Node) -> &str {
    schema.get("format").and_then(Node::as_str).unwrap_or_default()
}

/// The schema of the values of a map.
fn values(schema: &Node) -> Option<&Node> {
    schema.get("additionalProperties").filter(|values| values.as_map().is_some())
}

/// A limit of the schema. One below zero counts as zero.
pub(crate) fn limit(schema: &Node, name: &str) -> Option<u64> {
    let number = schema.get(name)?.as_i64()?;
    Some(u64::try_from(number).unwrap_or(0))
}

fn max_elements(schema: &Node) -> u64 {
    // A character takes up to four bytes.
    let length = limit(schema, "maxLength").map(|length| length.saturating_mul(4));
    let per_request = |least: u64| (MAX_REQUEST - 2) / least;
    match kind(schema) {
        _ if is_flagged(schema, "x-kubernetes-int-or-string") => length.unwrap_or(MAX_REQUEST - 2),
        "array" => limit(schema, "maxItems")
            .unwrap_or_else(|| per_request(schema.get("items").map_or(0, min_size) + 1)),
        "object" => values(schema).map_or(0, |values| {
            limit(schema, "maxProperties").unwrap_or_else(|| per_request(min_size(values) + 6))
        }),
        "string" => match format(schema) {
            "byte" => limit(schema, "maxLength").unwrap_or(MAX_REQUEST - 2),
            "duration" | "date-time" => 32,
            "date" => 12,
            _ => length.or_else(|| longest_of_enum(schema)).unwrap_or(MAX_REQUEST - 2),
        },
        _ => 0,
    }
}

fn longest_of_enum(schema: &Node) -> Option<u64> {
    let allowed = schema.get("enum").map(Node::items).filter(|allowed| !allowed.is_empty())?;
    let longest = allowed.iter().filter_map(Node::as_str).map(str::len).max();
    Some(longest.unwrap_or(0) as u64)
}

/// The fewest bytes that a value takes in JSON.
fn min_size(schema: &Node) -> u64 {
    match kind(schema) {
        "object" if values(schema).is_none() => 2 + required_size(schema),
        "object" | "array" => 2,
        "string" => match format(schema) {
            "duration" => 3,
            "date" => 12,
            "date-time" => 21,
            _ => 2,
        },
        "boolean" => 4,
        _ => 1,
    }
}

/// What the fields of an object that are required and have no default take.
fn required_size(schema: &Node) -> u64 {
    let required = schema.get("required").map(Node::items).unwrap_or_default();
    let properties = schema.get("properties");
    let size = |name: &str| {
        let property = properties?.get(name)?;
        property.get("default").is_none().then(|| name.len() as u64 + min_size(property) + 4)
    };
    required.iter().filter_map(Node::as_str).filter_map(size).sum()
}

/// How often a value of a schema can be part of one request: `maxCardinality`.
pub(crate) fn max_cardinality(schema: &Node) -> u64 {
    MAX_REQUEST / (min_size(schema) + 1)
}
