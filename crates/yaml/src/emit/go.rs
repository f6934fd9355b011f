//! JSON as Go's `encoding/json` writes it.

use crate::{Node, Value};
use std::fmt::Write as _;

/// A value as Go's `json.Marshal` writes it: the keys of maps are sorted, and characters that mean something in HTML are
/// escaped.
pub fn format_json(node: &Node) -> String {
    let mut out = String::new();
    write_json(node, &mut out);
    out
}

/// A string as Go's `json.Marshal` writes it: characters that mean something in HTML are escaped.
pub fn quote_json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    write_json_string(text, true, &mut quoted);
    quoted
}

/// Bytes as Go's JSON has them: every byte that is not part of a character is replaced, one by one.
pub fn replace_invalid(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// A float as Go's `json.Marshal` writes it: the shortest digits, with an exponent below 1e-6 and from 1e21 on. JSON has no
/// form for infinities and NaN.
pub fn format_json_float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if number == 0.0 || (-6..21).contains(&exponent) {
        return number.to_string();
    }
    format!("{digits}e{}{}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn write_json(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Uint(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => out.push_str(&format_json_float(*number)),
        Value::String(text) => write_json_string(text, true, out),
        Value::Seq(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            out.push('{');
            for (index, entry) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json_string(&entry.key, true, out);
                out.push(':');
                write_json(&entry.value, out);
            }
            out.push('}');
        }
    }
}

/// Writes a string as Go does. `html` says whether `<`, `>` and `&` are escaped.
pub fn write_json_string(text: &str, html: bool, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (index, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\u{2028}' => "\\u2028",
            '\u{2029}' => "\\u2029",
            '<' if html => "\\u003c",
            '>' if html => "\\u003e",
            '&' if html => "\\u0026",
            _ if c < ' ' => "",
            _ => continue,
        };
        out.push_str(&text[plain..index]);
        plain = index + c.len_utf8();
        if escaped.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escaped);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::{SourceKind, Sources};

    #[test]
    fn values_are_written_as_by_go() {
        let text = "b: [1, x, ~, yes, 18446744073709551615]\na: {d: <&>, c: 1.5}\n";
        let sources = Sources::new();
        let id = sources.add("a.yaml", text, SourceKind::File);
        let root = crate::read(&sources, id, &crate::ReadOptions::strict()).output.unwrap().remove(0).root;
        assert_eq!(
            format_json(&root),
            r#"{"a":{"c":1.5,"d":"\u003c\u0026\u003e"},"b":[1,"x",null,true,18446744073709551615]}"#
        );
    }

    #[test]
    fn floats_lose_their_exponent_in_the_middle_range() {
        for (number, text) in [
            (1e6, "1000000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1e-10, "1e-10"),
            (1.5, "1.5"),
            (0.0, "0"),
            (-0.0, "-0"),
        ] {
            assert_eq!(format_json(&Node::bare(Value::Float(number))), text);
        }
    }

    #[test]
    fn strings_are_escaped_as_by_go() {
        assert_eq!(quote_json("a\"\\\n<>&\u{2028}é\u{1}"), r#""a\"\\\n\u003c\u003e\u0026\u2028é\u0001""#);
    }
}
