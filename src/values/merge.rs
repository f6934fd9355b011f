//! Laying values over a chart's defaults, as Helm does: maps merge deeply, scalars and lists replace, and a null takes a
//! default away.
//!
//! Results keep the order of the defaults, with what was added behind. Every node keeps its span.

use super::rules::TYPE_CHANGE;
use crate::chart::Pool;
use crate::diag::{Diagnostic, Span};
use crate::yaml::{Entry, Map, Node, Value};

/// What a null of the upper layer does to a key of the lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It takes the key away, itself included. Over nothing, or over a null, it stays.
    Delete,
    /// It stays, to delete when a further layer is merged below.
    Keep,
}

/// Lays `over` over `base`. `path` leads to both; `warn` hears of types that do not go together.
pub(super) fn tables(
    over: Map,
    base: &Map,
    nulls: Nulls,
    path: &Path<'_>,
    warn: &mut impl FnMut(Diagnostic),
) -> Map {
    let mut over = Pool::new(over);
    let mut merged = Map::new();
    for below in base {
        let Some(above) = over.take(&below.key) else {
            merged.push(below.clone());
            continue;
        };
        let Entry { key, key_span, value: Node { value, span } } = above;
        let value = match (value, &below.value.value) {
            (Value::Null, base) if nulls == Nulls::Delete && !matches!(base, Value::Null) => continue,
            (Value::Map(over), Value::Map(base)) => {
                let path = path.join(&below.key);
                Node::new(Value::Map(tables(over, base, nulls, &path, warn)), span)
            }
            (value, base) => {
                let value = Node::new(value, span);
                let reshaped = value.as_map().is_some() != matches!(base, Value::Map(_));
                if reshaped && !value.is_null() && !below.value.is_null() {
                    warn(warn_of_type_change(&path.join(&below.key), &value, &below.value));
                }
                value
            }
        };
        merged.push(Entry { key, key_span, value });
    }
    for rest in over.rest() {
        merged.push(rest);
    }
    merged
}

/// The warning that a value of another type replaces a default.
pub(super) fn warn_of_type_change(path: &Path<'_>, above: &Node, below: &Node) -> Diagnostic {
    let (default, value) = (below.type_name(), above.type_name());
    Diagnostic::from_rule(&TYPE_CHANGE, format!("`{path}` is {default} in the defaults, and {value} here"))
        .at(above.span, "this replaces the whole default")
        .at(below.span, "the default")
}

/// Keys from the root of the values, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
}

impl<'a> Path<'a> {
    pub(super) fn join(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
        }
    }
}

/// A node for a map that comes from no text.
pub(super) fn empty_map() -> Node {
    Node::new(Value::Map(Map::new()), Span::NONE)
}
