//! The functions that Helm adds to Sprig's: templates in templates, YAML and JSON.

use crate::error::{Error, Result};
use crate::function::{Function, Host, OriginRule, fixed, hosted};
use crate::json::{self, FromNode, Style};
use crate::json_decode;
use crate::lookup::Lookup;
use crate::value::{Args, Elem, Entries, List, Map, Traced, Value};
use plimsoll_yaml as yaml;

const COMPACT: Style = Style { pretty: false, html: true };
const PRETTY: Style = Style { pretty: true, html: true };
const RAW: Style = Style { pretty: false, html: false };

pub(crate) const TABLE: &[Function] = &[
    Function {
        origin: OriginRule::Included,
        ..hosted("include", 2, |host, args| host.include(args.text(0)?.characters(), &dot(args)))
    },
    Function { origin: OriginRule::Template, ..hosted("tpl", 2, |host, args| host.tpl(args, &dot(args))) },
    hosted("required", 2, |host, args| required(args).or_else(|error| tolerated(host, error)))
        .with_origin(|args| args.chosen_origin(1)),
    hosted("fail", 1, |host, args| tolerated(host, Error::authored(args.text(0)?.characters()))),
    hosted("lookup", 4, |host, args| {
        // No name in a cluster has a U+FFFD in it, so nothing is found by such a name either.
        let text = |index| args.text(index).map(|text| text.characters().to_owned());
        Ok(host.lookup(Lookup { api_version: text(0)?, kind: text(1)?, namespace: text(2)?, name: text(3)? }))
    }),
    fixed("getHostByName", 1, |args| args.bytes(0).map(|_| Value::str(""))),
    // Helm swallows what cannot be serialised; the `must` forms fail.
    fixed("toYaml", 1, |args| Ok(json::to_yaml(args.writable(0)?).unwrap_or_default().into())),
    fixed("mustToYaml", 1, |args| Ok(json::to_yaml(args.writable(0)?)?.into())),
    fixed("toYamlPretty", 1, |args| Ok(json::to_yaml_pretty(args.writable(0)?).unwrap_or_default().into())),
    fixed("toJson", 1, |args| Ok(json::encode(args.writable(0)?, COMPACT).unwrap_or_default().into())),
    fixed("mustToJson", 1, |args| Ok(json::encode(args.writable(0)?, COMPACT)?.into())),
    fixed("toPrettyJson", 1, |args| Ok(json::encode(args.writable(0)?, PRETTY).unwrap_or_default().into())),
    fixed("mustToPrettyJson", 1, |args| Ok(json::encode(args.writable(0)?, PRETTY)?.into())),
    fixed("toRawJson", 1, |args| Ok(json::encode(args.writable(0)?, RAW)?.into())),
    fixed("mustToRawJson", 1, |args| Ok(json::encode(args.writable(0)?, RAW)?.into())),
    fixed("fromYaml", 1, |args| Ok(from_yaml(args.bytes(0)?, Target::Map))),
    fixed("fromYamlArray", 1, |args| Ok(from_yaml(args.bytes(0)?, Target::List))),
    fixed("fromJson", 1, |args| Ok(from_json(args.bytes(0)?, Target::Map))),
    fixed("fromJsonArray", 1, |args| Ok(from_json(args.bytes(0)?, Target::List))),
    fixed("mustFromJson", 1, must_from_json),
];

/// The dot that a template gets: a nil is no value there.
fn dot(args: Args<'_>) -> Traced {
    let dot = args.traced(1);
    if dot.value.is_nil() { Traced { value: Value::Invalid, ..dot } } else { dot }
}

/// What a failure that the chart's author wrote is where such failures are tolerated.
fn tolerated(host: &dyn Host, error: Error) -> Result<Value> {
    if host.tolerates_failures() && error.is_authored() { Ok(Value::str("")) } else { Err(error) }
}

fn required(args: Args<'_>) -> Result<Value> {
    let message = args.text(0)?;
    let value = args.any(1);
    if value.is_nil() || value.as_str() == Some("") {
        return Err(Error::authored(message.characters()).about_argument(1));
    }
    Ok(value.clone())
}

/// The type that a text must contain.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Map,
    List,
}

impl Target {
    fn type_name(self) -> &'static str {
        match self {
            Self::Map => "map[string]interface {}",
            Self::List => "[]interface {}",
        }
    }

    /// What stands for a text without any value.
    pub(super) fn empty(self) -> Value {
        match self {
            Self::Map => Value::map(Entries::default()),
            Self::List => Value::list(Vec::new()),
        }
    }

    /// The value if it has this type, or Go's error.
    fn check(self, value: Value) -> Result<Value, String> {
        match (self, value) {
            (Self::Map, value @ Value::Map(_)) | (Self::List, value @ Value::List(_)) => Ok(value),
            (Self::Map, Value::Nil) => Ok(Value::Map(Map::nil(Elem::Any))),
            (Self::List, Value::Nil) => Ok(Value::List(List::new(Elem::Any, Vec::new()).appended())),
            (_, other) => Err(format!(
                "json: cannot unmarshal {} into Go value of type {}",
                json_kind(&other),
                self.type_name()
            )),
        }
    }

    /// How Helm returns an error to the template: under a key of the map, or instead of the list.
    pub(super) fn with_error(self, value: Value, error: String) -> Value {
        match (self, value) {
            (Self::Map, Value::Map(map)) => {
                map.insert("Error".into(), error.into());
                Value::Map(map)
            }
            _ => Value::list(vec![error.into()]),
        }
    }
}

fn from_yaml(text: &[u8], target: Target) -> Value {
    let read = yaml::read_fragment(text)
        .map_err(|error| format!("error converting YAML to JSON: {error}"))
        .and_then(|root| {
            // The library for YAML makes an empty map or list of nothing, that for JSON a nil one.
            let value = FromNode { is_integer: &mut |_| false, is_traced: false }.value(&root);
            let value = if value.is_nil() { target.empty() } else { value };
            target
                .check(value)
                .map_err(|error| format!("error unmarshaling JSON: while decoding JSON: {error}"))
        });
    read.unwrap_or_else(|error| target.with_error(target.empty(), error))
}

fn from_json(text: &[u8], target: Target) -> Value {
    let decoded = match json_decode::decode(text) {
        Ok(decoded) => decoded,
        Err(error) => return target.with_error(target.empty(), error),
    };
    // Go does not convert a number for which it has no place.
    let value = match decoded.value {
        Value::Nil if decoded.error.is_some() => Value::Float(0.0),
        value => value,
    };
    match (target.check(value), decoded.error) {
        (Ok(value), None) => value,
        (Ok(value), Some(error)) => target.with_error(value, error),
        (Err(error), _) => target.with_error(target.empty(), error),
    }
}

pub(super) fn must_from_json(args: Args<'_>) -> Result<Value> {
    let decoded = json_decode::decode(args.bytes(0)?).map_err(Error::new)?;
    decoded.error.map_or(Ok(decoded.value), |error| Err(Error::new(error)))
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
