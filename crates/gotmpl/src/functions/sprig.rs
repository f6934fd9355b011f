//! The functions of Sprig that Helm replaces by others of the same name.

use super::helm::must_from_json;
use crate::function::{Function, fixed};
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    // Helm's takes objects only.
    fixed("fromJson", 1, |args| Ok(must_from_json(args).unwrap_or(Value::Nil))),
];
