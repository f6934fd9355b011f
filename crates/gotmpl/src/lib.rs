#![doc = include_str!("../README.md")]
//!
//! A text is cut into tokens (`lex`), made into a tree in which function names and variables are resolved ([`parse`],
//! `ast`), and run by walking the tree ([`Vm`]). All templates of a [`Set`] stand in one name space, as in Helm.

mod ast;
mod constraint;
mod definitions;
mod error;
mod fmt;
mod functions;
mod json;
mod json_decode;
mod lex;
mod parse;
mod references;
mod trace;
mod value;
mod values;
mod vm;

pub use ast::File;
pub use constraint::{Constraint, parse_version};
pub use definitions::{Definition, Definitions, definitions};
pub use error::{Error, Result};
pub use functions::names as function_names;
pub use parse::{ParseError, parse};
pub use references::{Reference, Usage, references};
pub use trace::Trace;
pub use value::{Args, Elem, Entries, Field, List, Map, Object, Raw, Value};
pub use vm::{Rendered, Set, Vm};
