//! Static types, as the server makes them from the schema of a definition (`SchemaDeclType`).

use plimsoll_yaml::Node;
use std::fmt;
use std::sync::Arc;

/// The static type of an expression.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Type<'s> {
    /// Known at run time only.
    Dyn,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `duration`
    Duration,
    /// `timestamp`
    Timestamp,
    /// A list of values of a type.
    List(Box<Type<'s>>),
    /// A map from texts to values of a type.
    Map(Box<Type<'s>>),
    /// A value that may be missing.
    Optional(Box<Type<'s>>),
    /// An object with the properties of a schema.
    Object {
        /// The schema.
        schema: &'s Node,
        /// Whether it is a whole object, with `apiVersion`, `kind` and `metadata`.
        is_root: bool,
    },
    /// An object with fields that are declared one by one: `request`.
    Record(Arc<[(String, Type<'s>)]>),
    /// A type of a library, by its name: `quantity`.
    Named(&'static str),
}

/// The metadata that an expression sees of an object.
pub(super) const METADATA: [&str; 2] = ["name", "generateName"];

impl<'s> Type<'s> {
    /// An object with these fields.
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Record(fields.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// A list of values of a type.
    pub fn list(item: Self) -> Self {
        Self::List(Box::new(item))
    }

    /// A map from texts to values of a type.
    pub fn map(value: Self) -> Self {
        Self::Map(Box::new(value))
    }

    /// The type of the values of a schema.
    pub fn from_schema(schema: &'s Node, is_root: bool) -> Self {
        let flag = |name: &str| schema.get(name).and_then(Node::as_bool).unwrap_or(false);
        if flag("x-kubernetes-int-or-string") {
            return Self::Dyn;
        }
        let is_root = is_root || flag("x-kubernetes-embedded-resource");
        let format = schema.get("format").and_then(Node::as_str).unwrap_or_default();
        match schema.get("type").and_then(Node::as_str) {
            Some("boolean") => Self::Bool,
            Some("integer") => Self::Int,
            Some("number") => Self::Double,
            Some("string") => match format {
                "byte" => Self::Bytes,
                "duration" => Self::Duration,
                "date" | "date-time" => Self::Timestamp,
                _ => Self::String,
            },
            Some("array") => {
                let item = schema.get("items").map_or(Self::Dyn, |items| Self::from_schema(items, false));
                Self::List(Box::new(item))
            }
            Some("object") => match schema.get("additionalProperties") {
                Some(values) if values.as_map().is_some() => {
                    Self::Map(Box::new(Self::from_schema(values, false)))
                }
                Some(open) if open.as_bool() == Some(true) => Self::Map(Box::new(Self::Dyn)),
                _ if schema.get("properties").is_none() && !is_root => Self::Dyn,
                _ => Self::Object { schema, is_root },
            },
            _ => Self::Dyn,
        }
    }

    /// The type of an item of a list or of a value of a map.
    pub(super) fn item(&self) -> Self {
        match self {
            Self::List(item) | Self::Map(item) => (**item).clone(),
            _ => Self::Dyn,
        }
    }

    /// The type of a property of an object by its name in the manifest; `None` if the schema has no such property.
    pub(super) fn field_named(&self, name: &str) -> Option<Self> {
        let Self::Object { schema, is_root } = self else { return Some(Self::Dyn) };
        if *is_root {
            match name {
                "apiVersion" | "kind" => return Some(Self::String),
                "metadata" => return Some(Self::Named("metadata")),
                _ => {}
            }
        }
        let property = schema.get("properties")?.get(name)?;
        Some(Self::from_schema(property, false))
    }

    /// The type of `operand.field`, or what is wrong with it.
    pub(super) fn select(&self, field: &str) -> Result<Self, String> {
        match self {
            Self::Dyn | Self::Named("authorizer") => Ok(self.clone()),
            Self::Map(item) => Ok((**item).clone()),
            Self::Optional(inner) => Ok(Self::Optional(Box::new(inner.select(field)?))),
            Self::Named("metadata") if METADATA.contains(&field) => Ok(Self::String),
            // Admission policies see all of it.
            Self::Named("object") => Ok(Self::Dyn),
            Self::Object { .. } => {
                let name = unescaped(field);
                // A name that has to be escaped is known by its escaped form alone, except that a reserved word may be
                // written as it is, since Kubernetes 1.32 (`recognizeKeywordAsFieldName`).
                let is_written_so = escaped(&name).as_deref() == Some(field) || is_reserved(field);
                self.field_named(&name).filter(|_| is_written_so).ok_or_else(|| undefined(field))
            }
            Self::Record(fields) => {
                let known = fields.iter().find(|(name, _)| name == field);
                known.map(|(_, ty)| ty.clone()).ok_or_else(|| undefined(field))
            }
            Self::Named("metadata") => Err(undefined(field)),
            _ => Err(format!("type '{self}' does not support field selection")),
        }
    }

    /// Whether a value of this type can be of the other.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Null, _)
            | (_, Self::Dyn | Self::Null)
            | (Self::Object { .. } | Self::Map(_) | Self::Named(_), Self::Object { .. })
            | (Self::Object { .. } | Self::Named(_), Self::Map(_))
            | (Self::Object { .. } | Self::Map(_), Self::Named("metadata" | "object")) => true,
            (Self::List(a), Self::List(b))
            | (Self::Map(a), Self::Map(b))
            | (Self::Optional(a), Self::Optional(b)) => a.may_be(b),
            _ => self == other,
        }
    }

    /// The type of a value that is of one type or of the other.
    pub(super) fn or(self, other: &Self) -> Self {
        if self == *other { self } else { Self::Dyn }
    }
}

fn undefined(field: &str) -> String {
    format!("undefined field '{field}'")
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(item) => write!(f, "map(string, {item})"),
            Self::Optional(inner) => write!(f, "optional_type({inner})"),
            Self::Object { .. } | Self::Record(_) => f.write_str("object"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Whether no expression can use a word as a name (`celReservedSymbols`).
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

const ESCAPES: [(&str, &str); 4] =
    [("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")];

/// How an expression writes the name of a property (`Escape`); `None` if it cannot.
pub(super) fn escaped(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !starts_well || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"_-./".contains(c)) {
        return None;
    }
    let mut escaped = String::new();
    let mut rest = name;
    while !rest.is_empty() {
        let escape = ESCAPES.iter().find_map(|(plain, escape)| Some((rest.strip_prefix(plain)?, escape)));
        if let Some((after, escape)) = escape {
            escaped.push_str(escape);
            rest = after;
        } else {
            let (first, after) = rest.split_at(1);
            escaped.push_str(first);
            rest = after;
        }
    }
    Some(escaped)
}

/// The name of a property that an expression writes so (`Unescape`).
pub(super) fn unescaped(name: &str) -> String {
    let inner = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"));
    if let Some(word) = inner.filter(|word| RESERVED.contains(word)) {
        return word.to_owned();
    }
    let mut plain = name.to_owned();
    for (character, escape) in ESCAPES.iter().rev() {
        plain = plain.replace(escape, if *character == "__" { "\u{0}" } else { character });
    }
    plain.replace('\u{0}', "__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_where_an_expression_cannot_write_them() {
        for (name, written) in [
            ("size", "size"),
            ("a-b", "a__dash__b"),
            ("a.b/c", "a__dot__b__slash__c"),
            ("a__b", "a__underscores__b"),
            ("namespace", "__namespace__"),
        ] {
            assert_eq!(escaped(name).as_deref(), Some(written));
            assert_eq!(unescaped(written), name);
        }
        assert_eq!((escaped("1a"), escaped("a b")), (None, None));
    }
}
