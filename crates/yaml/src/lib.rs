#![doc = include_str!("../README.md")]
//!
//! The only reader and writer of YAML.
//!
//! [`Node`] is the tree that values and manifests are made of: every node knows the bytes it was
//! read from. [`read`] makes it from text, in which plain scalars mean what YAML 1.1 readers (helm,
//! kubectl) take them to mean. [`emit`] writes it: in plimsoll's own style, or byte for byte as Helm.

mod data;
pub mod emit;
mod helm;
mod index;
mod node;
mod read;
mod scalar;

pub use node::{Entry, Map, Node, Value};
pub use read::json;
pub use read::{
    Commented, Content, DUPLICATE_KEY, Document, DuplicateKey, DuplicateKeys, Limits, ReadOptions,
    UNKNOWN_ESCAPE, Words, read, read_commented, read_fragment, read_fragment_with, read_stream,
};
pub use scalar::{Context, plain_safe, resolve_plain};
