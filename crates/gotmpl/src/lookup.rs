//! `lookup`: what templates ask a cluster.

use crate::value::Value;

/// One call of `lookup`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lookup {
    /// The API version: `v1`, `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; empty for all namespaces, or for a kind that has none.
    pub namespace: String,
    /// The name; empty for a list.
    pub name: String,
}

/// The cluster that `lookup` asks.
pub trait Cluster {
    /// The object, or the list of objects, as a map; an empty map if nothing is found.
    fn answer(&self, lookup: &Lookup) -> Value;
}
