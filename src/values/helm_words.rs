//! Violations of schemas in the words of the library that helm validates with (santhosh-tekuri/jsonschema v6): tests of
//! charts compare them.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// The list of violations, one a line. What is missing in one map, or not allowed there, is in one line.
pub(super) fn violations(found: &[ValidationError<'_>]) -> String {
    let mut lines: Vec<(String, Line)> = Vec::new();
    let mut joined: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for error in found {
        let at = error.instance_path().as_str().to_owned();
        let (start, names, end) = match words(error) {
            Line::Names(start, names, end) => (start, names, end),
            text @ Line::Text(_) => {
                lines.push((at, text));
                continue;
            }
        };
        let before = joined.get(&(at.clone(), end)).and_then(|index| lines.get_mut(*index));
        if let Some((_, Line::Names(_, known, _))) = before {
            known.extend(names);
        } else {
            joined.insert((at.clone(), end), lines.len());
            lines.push((at, Line::Names(start, names, end)));
        }
    }
    let lines = lines.into_iter().map(|(at, line)| format!("- at '{at}': {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is said about a violation.
enum Line {
    Text(String),
    /// Words about one name or several: what comes before them, the names, what comes behind.
    Names([&'static str; 2], Vec<String>, &'static str),
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Names([one, several], names, end) => {
                let start = if names.len() == 1 { one } else { several };
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                write!(f, "{start} {}{end}", names.join(", "))
            }
        }
    }
}

fn words(error: &ValidationError<'_>) -> Line {
    let actual = error.instance();
    let length = match &**actual {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    let count = |keyword: &str, limit: u64| format!("{keyword}: got {length}, want {limit}");
    let bound = |keyword: &str, limit: &Value| format!("{keyword}: got {actual}, want {limit}");
    Line::Text(match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let start = "additional properties";
            return Line::Names([start, start], unexpected.clone(), " not allowed");
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default().to_owned();
            return Line::Names(["missing property", "missing properties"], vec![name], "");
        }
        ValidationErrorKind::Type { kind } => {
            let wanted: Vec<&str> = match kind {
                TypeKind::Single(kind) => vec![kind.as_str()],
                TypeKind::Multiple(kinds) => kinds.iter().map(jsonschema::JsonType::as_str).collect(),
            };
            format!("got {}, want {}", type_of(actual), wanted.join(" or "))
        }
        ValidationErrorKind::Enum { options } => match options.as_array().map(Vec::as_slice) {
            Some([only]) => format!("value must be {}", shown(only)),
            Some(options) => {
                let options: Vec<String> = options.iter().map(shown).collect();
                format!("value must be one of {}", options.join(", "))
            }
            None => "enum failed".to_owned(),
        },
        ValidationErrorKind::Constant { expected_value } => {
            format!("value must be {}", shown(expected_value))
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("{} does not match pattern {}", shown(actual), quoted(pattern))
        }
        ValidationErrorKind::Format { format } => format!("{} is not valid {format}", shown(actual)),
        ValidationErrorKind::Minimum { limit } => bound("minimum", limit),
        ValidationErrorKind::Maximum { limit } => bound("maximum", limit),
        ValidationErrorKind::ExclusiveMinimum { limit } => bound("exclusiveMinimum", limit),
        ValidationErrorKind::ExclusiveMaximum { limit } => bound("exclusiveMaximum", limit),
        ValidationErrorKind::MinLength { limit } => count("minLength", *limit),
        ValidationErrorKind::MaxLength { limit } => count("maxLength", *limit),
        ValidationErrorKind::MinItems { limit } => count("minItems", *limit),
        ValidationErrorKind::MaxItems { limit } => count("maxItems", *limit),
        ValidationErrorKind::MinProperties { limit } => count("minProperties", *limit),
        ValidationErrorKind::MaxProperties { limit } => count("maxProperties", *limit),
        ValidationErrorKind::OneOfNotValid { context } => {
            with_causes("'oneOf' failed, none matched", context)
        }
        ValidationErrorKind::AnyOf { context } => with_causes("'anyOf' failed", context),
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "'oneOf' failed, several subschemas matched".to_owned()
        }
        ValidationErrorKind::Not { .. } => "'not' failed".to_owned(),
        ValidationErrorKind::FalseSchema => "false schema".to_owned(),
        _ => error.to_string(),
    })
}

/// A violation and why each alternative is violated, one level further in.
fn with_causes(text: &str, alternatives: &[Vec<ValidationError<'_>>]) -> String {
    let causes = alternatives.iter().flatten().map(|cause| {
        let cause = format!("- at '{}': {}", cause.instance_path().as_str(), words(cause));
        format!("\n{cause}").replace('\n', "\n  ")
    });
    causes.fold(text.to_owned(), |text, cause| text + &cause)
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as that library shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A text in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}
