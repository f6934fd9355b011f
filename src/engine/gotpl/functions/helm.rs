//! The functions that Helm adds to Sprig's: templates in templates, YAML and JSON.

use std::sync::Arc;

use super::{Function, fixed};
use crate::diag::{SourceKind, Sources};
use crate::engine::gotpl::error::{Error, Result};
use crate::engine::gotpl::json::{self, Style};
use crate::engine::gotpl::value::{Args, Entries, Value};
use crate::engine::gotpl::vm::Vm;
use crate::yaml::{self, DuplicateKeys, ReadOptions};

const COMPACT: Style = Style { pretty: false, html: true };
const PRETTY: Style = Style { pretty: true, html: true };
const RAW: Style = Style { pretty: false, html: false };

pub(crate) const TABLE: &[Function] = &[
    fixed("include", 2, |vm, args| vm.include(args.str(0)?, &nothing_to_invalid(args.any(1)))),
    fixed("tpl", 2, |vm, args| vm.tpl(&args.arc_str(0)?, &nothing_to_invalid(args.any(1)))),
    fixed("required", 2, required),
    fixed("fail", 1, |_, args| Err(Error::authored(args.str(0)?))),
    fixed("lookup", 4, |_, args| {
        for index in 0..4 {
            args.str(index)?;
        }
        Ok(Value::map(Entries::default()))
    }),
    fixed("getHostByName", 1, |_, args| args.str(0).map(|_| Value::str(""))),
    // Helm swallows what cannot be serialised; the `must` forms fail.
    fixed("toYaml", 1, |_, args| Ok(json::to_yaml(args.any(0)).unwrap_or_default().into())),
    fixed("mustToYaml", 1, |_, args| Ok(json::to_yaml(args.any(0))?.into())),
    fixed("toYamlPretty", 1, |_, args| Ok(to_yaml_pretty(args.any(0)).unwrap_or_default().into())),
    fixed("toJson", 1, |_, args| Ok(json::encode(args.any(0), COMPACT).unwrap_or_default().into())),
    fixed("mustToJson", 1, |_, args| Ok(json::encode(args.any(0), COMPACT)?.into())),
    fixed("toPrettyJson", 1, |_, args| Ok(json::encode(args.any(0), PRETTY).unwrap_or_default().into())),
    fixed("mustToPrettyJson", 1, |_, args| Ok(json::encode(args.any(0), PRETTY)?.into())),
    fixed("toRawJson", 1, |_, args| Ok(json::encode(args.any(0), RAW)?.into())),
    fixed("mustToRawJson", 1, |_, args| Ok(json::encode(args.any(0), RAW)?.into())),
    fixed("fromYaml", 1, |_, args| Ok(map_or_error(from_yaml(args.str(0)?)))),
    fixed("fromYamlArray", 1, |_, args| Ok(list_or_error(from_yaml(args.str(0)?)))),
    fixed("fromJson", 1, |_, args| Ok(map_or_error(json::decode(args.str(0)?)))),
    fixed("fromJsonArray", 1, |_, args| Ok(list_or_error(json::decode(args.str(0)?)))),
    fixed("mustFromJson", 1, |_, args| json::decode(args.str(0)?).map_err(Error::new)),
];

/// A nil dot, as a template sees it.
fn nothing_to_invalid(value: &Value) -> Value {
    if value.is_nil() { Value::Invalid } else { value.clone() }
}

fn required(_: &mut Vm, args: Args<'_>) -> Result<Value> {
    let message = args.str(0)?;
    let value = args.any(1);
    if value.is_nil() || value.as_str() == Some("") {
        return Err(Error::authored(message));
    }
    Ok(value.clone())
}

fn to_yaml_pretty(value: &Value) -> Result<String> {
    let mut text = yaml::emit::document(&json::to_node(value)?);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// Reads the first document of a YAML text. The error is what Helm puts into the result.
fn from_yaml(text: &str) -> Result<Value, String> {
    let sources = Sources::new();
    let source = sources.add("fromYaml", text, SourceKind::Builtin);
    let options = ReadOptions { duplicate_keys: DuplicateKeys::LastWins, ..ReadOptions::lenient() };
    let report = yaml::read(&sources, source, &options);
    if let Some(error) =
        report.diagnostics.iter().find(|found| found.severity == crate::diag::Severity::Error)
    {
        let line = error.span().and_then(|span| sources.position(span)).map_or(1, |position| position.line);
        return Err(format!("error converting YAML to JSON: yaml: line {line}: {}", error.message));
    }
    let documents = report.output.unwrap_or_default();
    Ok(documents.first().map_or(Value::Nil, |document| json::from_node(&document.root, &mut |_| false)))
}

/// A map, or what Helm returns instead: a map that holds the error.
fn map_or_error(value: Result<Value, String>) -> Value {
    let error = match value {
        Ok(value @ Value::Map(_)) => return value,
        Ok(Value::Nil) => return Value::map(Entries::default()),
        Ok(other) => format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            json_kind(&other)
        ),
        Err(error) => error,
    };
    Value::map([(Arc::from("Error"), Value::from(error))].into_iter().collect())
}

fn list_or_error(value: Result<Value, String>) -> Value {
    let error = match value {
        Ok(value @ Value::List(_)) => return value,
        Ok(Value::Nil) => return Value::list(Vec::new()),
        Ok(other) => format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type []interface {{}}",
            json_kind(&other)
        ),
        Err(error) => error,
    };
    Value::list(vec![error.into()])
}

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Map(_) => "object",
        Value::List(_) => "array",
        Value::Str(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    }
}
