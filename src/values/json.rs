//! JSON with positions, for `--set-json` and for pointing into a schema.

use crate::diag::{Diagnostic, SourceId, Span};
use crate::yaml::{DuplicateKey, Limits, Map, Node, Value};

/// A JSON value that has been read.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) node: Node,
    /// The byte after it.
    pub(super) end: usize,
    /// The keys that its objects hold twice; the last one counts.
    pub(super) duplicates: Vec<DuplicateKey>,
}

/// Reads the JSON value that `text` begins with, from byte `start` on (white space may come before it). The error is the
/// byte at which reading failed, and why.
pub(super) fn prefix(text: &str, start: usize, source: SourceId) -> Result<Json, (usize, String)> {
    let rest = text.get(start..).unwrap_or_default();
    // serde_json is the judge of the grammar; the walk below then only has to find positions.
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
    match stream.next() {
        Some(Ok(_)) => {}
        Some(Err(error)) => {
            let (at, reason) = (start + offset(rest, &error), reason(&error));
            let begin = start + rest.len() - rest.trim_start().len();
            // Go's decoder, Helm's, takes a number or a word, whatever follows it.
            return match text.get(begin..at).and_then(scalar).filter(|_| reason == "trailing characters") {
                Some(value) => {
                    let node = Node::new(value, Span::new(source, begin, at));
                    Ok(Json { node, end: at, duplicates: Vec::new() })
                }
                None => Err((at, reason)),
            };
        }
        None => return Err((text.len(), "a JSON value is missing".to_owned())),
    }
    let mut walker = Walker { text, source, at: start, depth: 0, duplicates: Vec::new() };
    let node = walker.value().ok_or_else(|| {
        let reason = if walker.depth > Limits::MAX_DEPTH {
            format!("maps and lists are nested more than {} deep", Limits::MAX_DEPTH)
        } else {
            "not a JSON value".to_owned()
        };
        (walker.at, reason)
    })?;
    Ok(Json { node, end: walker.at, duplicates: walker.duplicates })
}

/// Reads a text that is one JSON value and nothing else.
pub(super) fn whole(text: &str, source: SourceId) -> Result<Json, (usize, String)> {
    let json = prefix(text, 0, source)?;
    match text[json.end..].find(|c: char| !c.is_whitespace()) {
        Some(more) => Err((json.end + more, "more text follows the JSON value".to_owned())),
        None => Ok(json),
    }
}

/// The error for JSON in a flag that cannot be read; `start` is where the value begins.
pub(super) fn refused(text: &str, start: usize, source: SourceId, at: usize, reason: &str) -> Diagnostic {
    let value = text.get(start..).unwrap_or_default().trim_start();
    let help = if value.starts_with(|c: char| c.is_alphabetic()) {
        Some("strings need quotes: `--set-json 'key=\"text\"'`; for plain text use `--set-string`")
    } else if reason.starts_with(BREAKS_OFF) {
        Some("put the whole argument into single quotes: `--set-json 'key={\"a\": 1}'`")
    } else {
        None
    };
    Diagnostic::error(format!("not valid JSON: {reason}"))
        .at(Span::new(source, at, text.len().min(at + 1)), "")
        .maybe_help(help.map(str::to_owned))
}

/// The value without positions, as other libraries take it.
pub(super) fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Uint(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::Seq(items) => items.iter().map(plain).collect(),
        Value::Map(map) => serde_json::Value::Object(
            map.iter().map(|entry| (entry.key.clone(), plain(&entry.value))).collect(),
        ),
    }
}

fn offset(text: &str, error: &serde_json::Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(0, |(newline, _)| newline + 1),
    };
    let mut at = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    match reason.strip_prefix("EOF while parsing ") {
        Some(what) => format!("{BREAKS_OFF} inside {what}"),
        None => reason.to_owned(),
    }
}

const BREAKS_OFF: &str = "the text ends";

/// Walks over JSON that is known to be valid.
struct Walker<'a> {
    text: &'a str,
    source: SourceId,
    at: usize,
    /// How many maps and lists are open.
    depth: usize,
    duplicates: Vec<DuplicateKey>,
}

impl Walker<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn value(&mut self) -> Option<Node> {
        let first = self.peek()?;
        let start = self.at;
        let value = match first {
            b'{' => self.inside(Self::object)?,
            b'[' => self.inside(Self::array)?,
            b'"' => Value::String(self.string()?),
            _ => {
                let end =
                    self.text[start..].find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
                self.at = end.map_or(self.text.len(), |end| start + end);
                scalar(&self.text[start..self.at])?
            }
        };
        Some(Node::new(value, Span::new(self.source, start, self.at)))
    }

    /// Reads a map or list, unless it stands in too many others: what is read is walked recursively later on.
    fn inside(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        if self.depth > Limits::MAX_DEPTH {
            return None;
        }
        let value = read(self)?;
        self.depth -= 1;
        Some(value)
    }

    fn object(&mut self) -> Option<Value> {
        let mut map = Map::new();
        self.at += 1;
        loop {
            match self.peek()? {
                b'}' => {
                    self.at += 1;
                    return Some(Value::Map(map));
                }
                b',' => self.at += 1,
                _ => {
                    let start = self.at;
                    let key = self.string()?;
                    let key_span = Span::new(self.source, start, self.at);
                    self.peek().filter(|c| *c == b':')?;
                    self.at += 1;
                    let value = self.value()?;
                    if let Some(written) = map.entry(&key) {
                        let first = written.key_span;
                        self.duplicates.push(DuplicateKey { key: key.clone(), first, again: key_span });
                    }
                    map.insert(key, key_span, value);
                }
            }
        }
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            match self.peek()? {
                b']' => {
                    self.at += 1;
                    return Some(Value::Seq(items));
                }
                b',' => self.at += 1,
                _ => items.push(self.value()?),
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.peek().filter(|c| *c == b'"')?;
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let text = serde_json::from_str(self.text.get(self.at..=end)?).ok()?;
        self.at = end + 1;
        Some(text)
    }
}

fn scalar(text: &str) -> Option<Value> {
    Some(match text {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let number: serde_json::Number = serde_json::from_str(text).ok()?;
            match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => Value::Int(number),
                (_, Some(number), _) => Value::Uint(number),
                (_, _, Some(number)) => Value::Float(number),
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, Sources};

    fn read(text: &str) -> Result<Node, (usize, String)> {
        let source = Sources::new().add("--set-json", text, SourceKind::Flag);
        whole(text, source).map(|json| json.node)
    }

    #[test]
    fn every_node_knows_its_bytes() {
        let text = r#" {"a": [1, -2.5e3, "é\"}"], "b": {"c": null}} "#;
        let node = read(text).unwrap();
        let at = |node: &Node| &text[node.span.start as usize..node.span.end as usize];
        let items = node.get("a").unwrap().items();
        assert_eq!(at(&items[1]), "-2.5e3");
        assert_eq!((at(&items[2]), items[2].as_str()), (r#""é\"}""#, Some("é\"}")));
        assert_eq!(at(node.at(&["b", "c"]).unwrap()), "null");
        assert_eq!(items[0].as_i64(), Some(1));
    }

    #[test]
    fn errors_know_their_byte() {
        assert_eq!(read("{\"a\": tru}").unwrap_err().0, 9);
        assert_eq!(read("[1] 2").unwrap_err().0, 4);
        assert_eq!(read("").unwrap_err().0, 0);
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(Limits::MAX_DEPTH)).is_ok());
        let (at, reason) = read(&nested(50_000)).unwrap_err();
        assert_eq!(
            (at, reason.as_str()),
            (Limits::MAX_DEPTH, "maps and lists are nested more than 200 deep")
        );
    }

    #[test]
    fn numbers_and_words_end_where_they_end() {
        let prefix_of =
            |text: &str| prefix(text, 0, Sources::new().add("--set-json", text, SourceKind::Flag));
        let number = prefix_of(" 12=a").unwrap();
        assert_eq!((number.node.as_i64(), number.end), (Some(12), 3));
        assert_eq!(prefix_of("true]").unwrap().end, 4);
        assert_eq!(prefix_of("1.e=").unwrap_err().0, 2);
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(read(r#"{"a": 1, "a": 2}"#).unwrap().get("a").and_then(Node::as_i64), Some(2));
    }
}
