#![doc = include_str!("../README.md")]
//!
//! A text is cut into tokens (`lex`), made into a tree in which function names and variables are resolved ([`parse`],
//! `ast`), and run by walking the tree ([`Vm`]). All templates of a [`Set`] share one name space, as in Helm.

mod args;
mod ast;
mod constants;
mod constraint;
mod coverage;
mod definitions;
mod error;
mod field_error;
mod fmt;
mod function;
mod functions;
mod joined;
mod json;
mod json_decode;
mod lex;
mod literal;
mod lookup;
mod origin;
mod parse;
mod random;
mod references;
mod set;
mod sorted;
pub mod syntax;
mod text;
mod trace;
mod unicode;
mod value;
mod values;
mod vm;
mod walk;
mod work;

pub use ast::File;
pub use constraint::{Constraint, parse_version};
pub use coverage::{Outcome, Point, PointKind, Reached, points};
pub use definitions::{Definition, Definitions, definitions};
pub use error::{Error, Result};
pub use functions::{Functions, compile_regex, names as function_names, parse_duration};
pub use lookup::{Cluster, Lookup};
pub use parse::{ParseError, parse, parse_with};
pub use random::Seed;
pub use references::{ANY_ITEM, Reference, Usage, references};
pub use set::Set;
pub use trace::Trace;
pub use value::{Args, Bytes, Elem, Entries, Field, List, Map, Object, Raw, Value};
pub use vm::{Rendered, Vm};
