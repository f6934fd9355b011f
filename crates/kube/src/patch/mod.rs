//! Patches: how clients compute them and what the API server makes of them.
//!
//! All functions are pure and work on [`plimsoll_yaml::Node`]. Numbers must be as JSON decoders of Kubernetes read
//! them, integers as integers: [`as_json`] makes a tree read from YAML so.

mod go;
pub mod json_merge;
pub mod json_patch;
pub mod strategic;

pub use go::format as go_format;

use plimsoll_yaml::{Map, Node, Value};
use std::fmt;

/// Why a patch cannot be computed or applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatchError {
    /// What kind of error it is.
    pub kind: PatchErrorKind,
    /// What Kubernetes says.
    pub message: String,
}

/// The kind of a [`PatchError`]: it decides about the code of the server's answer (`interpretStrategicMergePatchError`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchErrorKind {
    /// The patch is malformed: 400.
    BadRequest,
    /// The patch cannot be applied to this object: 422.
    Unprocessable,
    /// Neither; the server answers 500.
    Internal,
}

impl PatchError {
    fn new(kind: PatchErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    fn internal(message: impl Into<String>) -> Self {
        Self::new(PatchErrorKind::Internal, message)
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatchError {}

/// The result of a function of this module.
pub type Result<T> = std::result::Result<T, PatchError>;

/// A tree as decoders of JSON see it: whole numbers are integers, and integers beyond 64 signed bits are floats.
pub fn as_json(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => map.iter_mut().for_each(|entry| as_json(&mut entry.value)),
        Value::Seq(items) => items.iter_mut().for_each(as_json),
        Value::Float(_) => {
            if let Some(number) = node.as_i64() {
                node.value = Value::Int(number);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "this is what the decoder does")]
        Value::Uint(number) => node.value = Value::Float(*number as f64),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::String(_) => {}
    }
}

/// Drops every null below a node, but keeps the nulls that are items of lists.
pub(crate) fn prune_nulls(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => prune_nulls_of(map),
        Value::Seq(items) => items.iter_mut().for_each(prune_nulls),
        _ => {}
    }
}

fn prune_nulls_of(map: &mut Map) {
    map.retain(|entry| !entry.value.is_null());
    map.iter_mut().for_each(|entry| prune_nulls(&mut entry.value));
}

#[cfg(test)]
mod testing {
    use plimsoll_yaml::{Map, Node, ReadOptions, Value};

    /// A tree written as YAML.
    pub(super) fn node(text: &str) -> Node {
        let sources = plimsoll_diag::Sources::new();
        let source = sources.add("a.yaml", text, plimsoll_diag::SourceKind::Stdin);
        let read = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
        let mut root = read.output.unwrap().remove(0).root;
        super::as_json(&mut root);
        root
    }

    /// A mapping written as YAML.
    pub(super) fn map(text: &str) -> Map {
        match node(text).value {
            Value::Map(map) => map,
            other => panic!("{other:?} is not a map"),
        }
    }
}
