//! Field paths: the way to one field of an object, as managed fields and conflicts name it.

use super::value::KeyValue;
use plimsoll_yaml::Node;
use std::fmt;

/// One step of a [`FieldPath`]. The order is that of structured-merge-diff: fields, keyed items, members of sets,
/// positions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A field of a struct, or a key of a map.
    Field(String),
    /// The item of a list that has these keys. Sorted by name.
    Key(Vec<(String, KeyValue)>),
    /// The member of a set.
    Value(KeyValue),
    /// A position in a list.
    Index(usize),
}

/// The steps that lead from the top of an object to a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath(pub Vec<PathElement>);

impl PathElement {
    /// A step to the field `name`.
    pub fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    /// Reads the key of a `fieldsV1` map: `f:spec`, `k:{"name":"main"}`, `v:"a"` or `i:0`. `None` if it is none of these,
    /// which Kubernetes ignores.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::field(rest)),
            "k" => {
                let keys: serde_json::Map<String, serde_json::Value> = serde_json::from_str(rest).ok()?;
                let mut keys: Vec<_> =
                    keys.iter().map(|(name, value)| (name.clone(), KeyValue::from_json(value))).collect();
                keys.sort();
                Some(Self::Key(keys))
            }
            "v" => Some(Self::Value(KeyValue::from_json(&serde_json::from_str(rest).ok()?))),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    /// The step as the key of a `fieldsV1` map.
    pub fn to_key(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let name = |name: &str| KeyValue::from(Node::bare(name)).to_json();
                let keys = keys.iter().map(|(key, value)| format!("{}:{}", name(key), value.to_json()));
                format!("k:{{{}}}", keys.collect::<Vec<_>>().join(","))
            }
            Self::Value(value) => format!("v:{}", value.to_json()),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

impl FieldPath {
    /// The path of field names `names`.
    pub fn of_fields(names: &[&str]) -> Self {
        Self(names.iter().map(|name| PathElement::field(*name)).collect())
    }

    /// The path one step further down.
    pub(super) fn child(&self, element: PathElement) -> Self {
        let mut steps = self.0.clone();
        steps.push(element);
        Self(steps)
    }
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(keys) => {
                f.write_str("[")?;
                for (position, (name, value)) in keys.iter().enumerate() {
                    let comma = if position > 0 { "," } else { "" };
                    write!(f, "{comma}{name}={value}")?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// As Kubernetes prints it: `.spec.ports[port=443,protocol="UDP"].name`.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_written_as_they_are_read() {
        for key in
            ["f:spec", "f:example.net/a:b", r#"k:{"port":443,"protocol":"UDP"}"#, r#"v:"a/b""#, "v:8", "i:2"]
        {
            assert_eq!(PathElement::parse(key).unwrap().to_key(), key);
        }
        for key in ["spec", ".", "x:spec", "k:[]", "v:", "i:-1"] {
            assert_eq!(PathElement::parse(key), None, "{key}");
        }
    }

    #[test]
    fn keys_are_sorted_by_name() {
        let element = PathElement::parse(r#"k:{"protocol":"UDP","port":443}"#).unwrap();
        assert_eq!(element.to_string(), r#"[port=443,protocol="UDP"]"#);
    }

    #[test]
    fn paths_are_printed_as_kubernetes_prints_them() {
        let steps = ["f:spec", r#"k:{"name":"a\"b"}"#, r#"v:"x""#, "i:3"];
        let path = FieldPath(steps.iter().map(|step| PathElement::parse(step).unwrap()).collect());
        assert_eq!(path.to_string(), r#".spec[name="a\"b"][="x"][3]"#);
    }
}
