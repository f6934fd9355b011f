//! JSON in flags and schemas.

use crate::diag::{Diagnostic, SourceId, Span};
use crate::yaml::json::Invalid;
use crate::yaml::{Node, Value};

/// The error for JSON in a flag that cannot be read; `start` is where the value begins.
pub(super) fn report_invalid(text: &str, start: usize, source: SourceId, invalid: &Invalid) -> Diagnostic {
    let value = text.get(start..).unwrap_or_default().trim_start();
    let help = if value.starts_with(|c: char| c.is_alphabetic()) {
        Some("strings need quotes: `--set-json 'key=\"text\"'`; for plain text use `--set-string`")
    } else if invalid.is_incomplete {
        Some("put the whole argument into single quotes: `--set-json 'key={\"a\": 1}'`")
    } else {
        None
    };
    let character = text.get(invalid.at..).and_then(|rest| rest.chars().next());
    let end = invalid.at + character.map_or(0, char::len_utf8);
    Diagnostic::error(format!("not valid JSON: {}", invalid.reason))
        .at(Span::new(source, invalid.at, end), "")
        .maybe_help(help.map(str::to_owned))
}

/// The value without positions, for other libraries.
pub(super) fn to_json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Seq(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => serde_json::Value::Object(
            map.iter().map(|entry| (entry.key.clone(), to_json(&entry.value))).collect(),
        ),
    }
}
