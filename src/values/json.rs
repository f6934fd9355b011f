//! JSON with positions, for `--set-json` and for pointing into a schema.

use crate::diag::{Diagnostic, SourceId, Span};
use crate::yaml::{DuplicateKey, Limits, Map, Node, Value};
use serde::Deserialize as _;
use serde::de::IgnoredAny;

/// A JSON value that has been read.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) node: Node,
    /// The byte after it.
    pub(super) end: usize,
    /// The keys that its objects hold twice; the last one counts.
    pub(super) duplicates: Vec<DuplicateKey>,
}

/// Why a text is not JSON.
#[derive(Debug)]
pub(super) struct Invalid {
    /// The byte at which reading failed.
    pub(super) at: usize,
    pub(super) reason: String,
    /// Whether more text could make it JSON.
    is_incomplete: bool,
}

impl Invalid {
    fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into(), is_incomplete: false }
    }

    /// The error of `serde_json` for `text`, which begins at byte `start` of the whole.
    fn from_error(error: &serde_json::Error, text: &str, start: usize) -> Self {
        let at = start + offset(text, error);
        if error.is_eof() {
            let reason = format!("the text ends inside {}", open_at_end(text));
            return Self { at, reason, is_incomplete: true };
        }
        let message = error.to_string();
        // The place is shown by itself.
        let place = format!(" at line {} column {}", error.line(), error.column());
        Self::new(at, message.strip_suffix(&place).unwrap_or(&message))
    }
}

/// Reads the JSON value that `text` begins with, from byte `start` on (white space may come before it), whatever follows
/// it: Go's decoder, which Helm uses, does the same.
pub(super) fn prefix(text: &str, start: usize, source: SourceId) -> Result<Json, Invalid> {
    let rest = text.get(start..).unwrap_or_default();
    if rest.trim_start().is_empty() {
        return Err(Invalid::new(text.len(), "a JSON value is missing"));
    }
    // serde_json is the judge of the grammar; the walk below then only has to find positions.
    let mut judge = serde_json::Deserializer::from_str(rest);
    IgnoredAny::deserialize(&mut judge).map_err(|error| Invalid::from_error(&error, rest, start))?;
    let mut walker = Walker { text, source, at: start, depth: 0, duplicates: Vec::new() };
    let node = walker.value().ok_or_else(|| {
        if walker.depth > Limits::MAX_DEPTH {
            let reason = format!("maps and lists are nested more than {} deep", Limits::MAX_DEPTH);
            Invalid::new(walker.at, reason)
        } else {
            Invalid::new(walker.at, "not a JSON value")
        }
    })?;
    Ok(Json { node, end: walker.at, duplicates: walker.duplicates })
}

/// Reads a text that is one JSON value and nothing else.
pub(super) fn parse_whole(text: &str, source: SourceId) -> Result<Json, Invalid> {
    let json = prefix(text, 0, source)?;
    match text[json.end..].find(|c: char| !c.is_whitespace()) {
        Some(more) => Err(Invalid::new(json.end + more, "more text follows the JSON value")),
        None => Ok(json),
    }
}

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

/// What is still open at the end of a text that breaks off.
fn open_at_end(text: &str) -> &'static str {
    let mut open = Vec::new();
    let mut last = None;
    let mut bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    while let Some(byte) = bytes.next() {
        last = Some(byte);
        match byte {
            b'{' | b'[' => open.push(byte),
            b'}' | b']' => drop(open.pop()),
            b'"' => loop {
                match bytes.next() {
                    Some(b'"') => break,
                    Some(b'\\') => drop(bytes.next()),
                    Some(_) => {}
                    None => return "a string",
                }
            },
            _ => {}
        }
    }
    match open.last() {
        Some(_) if matches!(last, Some(b':' | b',')) => "a value",
        Some(b'{') => "an object",
        Some(_) => "a list",
        None => "a value",
    }
}

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
            b'{' => self.read_nested(Self::object)?,
            b'[' => self.read_nested(Self::array)?,
            b'"' => Value::String(self.string()?),
            _ => {
                self.at += scalar_length(&self.text.as_bytes()[start..]);
                scalar(&self.text[start..self.at])?
            }
        };
        Some(Node::new(value, Span::new(self.source, start, self.at)))
    }

    /// Reads a map or list, unless it is nested too deeply: the result is walked recursively later.
    fn read_nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
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

/// How many bytes belong to the number or word that a text begins with. A number may be followed by anything.
fn scalar_length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if let Some(word) = ["null", "true", "false"].iter().find(|word| text.starts_with(word.as_bytes())) {
        return word.len();
    }
    let mut end = usize::from(text.first() == Some(&b'-'));
    end += digits(end);
    if text.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end += 1 + sign + digits(end + 1 + sign);
    }
    end
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

    fn read(text: &str) -> Result<Node, Invalid> {
        let source = Sources::new().add("--set-json", text, SourceKind::Flag);
        parse_whole(text, source).map(|json| json.node)
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
    fn errors_point_at_whole_characters() {
        let sources = Sources::new();
        for text in ["a={\"b\":[1,2é)\"]}}", "a=é", "a=[é", "a={\"é"] {
            let source = sources.add("--set-json", text, SourceKind::Flag);
            let diagnostic = report_invalid(text, 2, source, &prefix(text, 2, source).unwrap_err());
            let span = diagnostic.labels[0].span;
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text}: {span:?}");
        }
    }

    #[test]
    fn errors_know_their_byte() {
        assert_eq!(read("{\"a\": tru}").unwrap_err().at, 9);
        assert_eq!(read("[1] 2").unwrap_err().at, 4);
        assert_eq!(read("").unwrap_err().at, 0);
        assert_eq!(read("[1 2]").unwrap_err().reason, "expected `,` or `]`");
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(Limits::MAX_DEPTH)).is_ok());
        let error = read(&nested(50_000)).unwrap_err();
        assert_eq!(
            (error.at, error.reason.as_str()),
            (Limits::MAX_DEPTH, "maps and lists are nested more than 200 deep")
        );
    }

    #[test]
    fn incomplete_text_is_recognised() {
        for (text, inside) in [
            ("{\"a\": 1", "an object"),
            ("{\"a\":", "a value"),
            ("[1, ", "a value"),
            ("[{}", "a list"),
            ("[\"a]\\\"", "a string"),
            ("tru", "a value"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.is_incomplete, "{text}");
            assert_eq!(error.reason, format!("the text ends inside {inside}"), "{text}");
        }
        assert!(!read("{a: 1}").unwrap_err().is_incomplete);
    }

    #[test]
    fn numbers_and_words_end_where_they_end() {
        let prefix_of =
            |text: &str| prefix(text, 0, Sources::new().add("--set-json", text, SourceKind::Flag));
        let number = prefix_of(" 12=a").unwrap();
        assert_eq!((number.node.as_i64(), number.end), (Some(12), 3));
        assert_eq!(prefix_of("true]").unwrap().end, 4);
        assert_eq!(prefix_of("-1.5e+3.2").unwrap().end, 7);
        assert_eq!(prefix_of("12a").unwrap().end, 2);
        assert_eq!(prefix_of("1.e=").unwrap_err().at, 2);
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(read(r#"{"a": 1, "a": 2}"#).unwrap().get("a").and_then(Node::as_i64), Some(2));
    }
}
