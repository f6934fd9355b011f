//! The functions of helm-docs, where they are others than Helm's of the same name: some are Sprig's, and those for YAML
//! decode and encode with go-yaml v3, without the way through JSON.

use super::helm::{Target, must_from_json};
use crate::function::{Function, fixed};
use crate::json::{self, FromNode};
use crate::value::Value;
use plimsoll_yaml as yaml;

pub(crate) const TABLE: &[Function] = &[
    // Sprig's takes any JSON.
    fixed("fromJson", 1, |args| Ok(must_from_json(args).unwrap_or(Value::Nil))),
    fixed("fromYaml", 1, |args| Ok(from_yaml(args.bytes(0)?))),
    fixed("toYaml", 1, |args| Ok(json::to_go_yaml(args.writable(0)?).unwrap_or_default().into())),
];

fn from_yaml(text: &[u8]) -> Value {
    let target = Target::Map;
    let options = yaml::ReadOptions { fragment: true, ..yaml::ReadOptions::go_yaml_v3() };
    let read = yaml::read_fragment_with(text, &options).and_then(|root| match root.value {
        yaml::Value::Null => Ok(target.empty()),
        yaml::Value::Map(_) => Ok(FromNode { is_integer: &mut |_| true, is_traced: false }.value(&root)),
        _ => Err(not_a_map(&root, text)),
    });
    read.unwrap_or_else(|error| target.with_error(target.empty(), error))
}

/// What go-yaml says of a text that is not a map.
fn not_a_map(root: &yaml::Node, text: &[u8]) -> String {
    let (tag, value) = match &root.value {
        yaml::Value::Bool(flag) => ("!!bool", flag.to_string()),
        yaml::Value::Int(number) => ("!!int", number.to_string()),
        yaml::Value::Uint(number) => ("!!int", number.to_string()),
        yaml::Value::Float(number) => ("!!float", number.to_string()),
        yaml::Value::String(text) => ("!!str", text.clone()),
        yaml::Value::Seq(_) | yaml::Value::Map(_) | yaml::Value::Null => ("!!seq", String::new()),
    };
    let shown = match value.get(..7).filter(|_| value.len() > 10) {
        _ if value.is_empty() => String::new(),
        Some(start) => format!(" `{start}...`"),
        None => format!(" `{value}`"),
    };
    let before = &text[..text.len().min(root.span.start as usize)];
    let line = before.split(|byte| *byte == b'\n').count();
    format!(
        "yaml: unmarshal errors:\n  line {line}: cannot unmarshal {tag}{shown} into map[string]interface {{}}"
    )
}
