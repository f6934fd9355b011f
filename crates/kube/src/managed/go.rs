//! How Go prints untyped values in the messages of structured-merge-diff.

use super::value::go_quoted;
use crate::patch::go_format;
use plimsoll_yaml::{Node, Value};

/// A value in Go's syntax, as `%#v` prints it.
pub(super) fn syntax(node: &Node) -> String {
    match &node.value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(text) => go_quoted(text),
        Value::Seq(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries = sorted_entries(map)
                .map(|entry| format!("{}:{}", go_quoted(&entry.key), syntax(&entry.value)))
                .collect::<Vec<_>>();
            format!("map[string]interface {{}}{{{}}}", entries.join(", "))
        }
        _ => plain(node),
    }
}

/// The entries of a map in the order in which Go prints them.
fn sorted_entries(map: &plimsoll_yaml::Map) -> impl Iterator<Item = &plimsoll_yaml::Entry> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    entries.into_iter()
}

/// A pointer to a value, as `%v` prints it: `&{[1500m]}`.
pub(super) fn pointer(node: &Node) -> String {
    format!("&{{{}}}", plain(node))
}

/// A value as `%v` prints it.
fn plain(node: &Node) -> String {
    match &node.value {
        Value::Int(number) => float(&number.to_string()),
        Value::Uint(number) => float(&number.to_string()),
        Value::Float(number) => float(&number.to_string()),
        _ => go_format(node),
    }
}

/// A number as Go prints a float: the server decodes every number of an applied configuration as one. Beyond six digits
/// before the point, or four zeros after it, that is with an exponent.
fn float(digits: &str) -> String {
    let number: f64 = digits.parse().unwrap_or_default();
    if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        return number.to_string();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => text,
    }
}

/// The type of a value, as `%T` prints it.
pub(super) fn type_name(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Seq(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::testing::node;

    #[test]
    fn values_are_printed_as_go_prints_them() {
        let value = node("{b: [1500m, 2, null], a: {c: true}}");
        let expected = r#"map[string]interface {}{"a":map[string]interface {}{"c":true}, "b":[]interface {}{"1500m", 2, interface {}(nil)}}"#;
        assert_eq!(syntax(&value), expected);
        assert_eq!(pointer(&value), "&{map[a:map[c:true] b:[1500m 2 <nil>]]}");
    }

    #[test]
    fn numbers_are_printed_as_floats() {
        for (number, text) in [
            ("0", "0"),
            ("8080", "8080"),
            ("999999", "999999"),
            ("1000000", "1e+06"),
            ("-2500000", "-2.5e+06"),
            ("1.5", "1.5"),
            ("0.00001", "1e-05"),
        ] {
            assert_eq!(syntax(&node(number)), text);
        }
    }
}
