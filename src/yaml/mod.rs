//! The only reader and writer of YAML.
//!
//! [`Node`] is the tree that values and manifests are made of: every node knows the bytes it was
//! read from. Plain scalars mean what YAML 1.1 readers (helm, kubectl) take them to mean.

mod node;

pub use node::{Entry, Map, Node, Value};
