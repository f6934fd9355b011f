//! JSON with positions, as Go's decoders read it: helm for `--set-json`, kubectl for manifests.

use super::{DuplicateKey, Limits};
use crate::{Entry, Map, Node, Value};
use plimsoll_diag::{SourceId, Span};

/// A JSON value that has been read.
#[derive(Debug)]
pub struct Json {
    /// The value.
    pub node: Node,
    /// The byte after it.
    pub end: usize,
    /// How many nodes it has, keys included.
    pub nodes: usize,
    /// The keys that its objects hold twice; the last one counts.
    pub duplicates: Vec<DuplicateKey>,
}

/// Why a text is not JSON.
#[derive(Debug)]
pub struct Invalid {
    /// The byte at which reading failed.
    pub at: usize,
    /// What is wrong there.
    pub reason: String,
    /// Whether more text could make it JSON.
    pub is_incomplete: bool,
    /// Whether it is JSON by its form, but with a number that is out of range.
    pub is_out_of_range: bool,
}

/// Reads the JSON value that `text` begins with, from byte `start` on (white space may come before it), whatever follows
/// it. The error says where the text stops being JSON, or that it is nested more than [`Limits::MAX_DEPTH`] deep.
pub fn prefix(text: &str, start: usize, source: SourceId) -> Result<Json, Invalid> {
    let mut parser =
        Parser { text, source, at: start, depth: 0, nodes: 0, out_of_range: None, duplicates: Vec::new() };
    if parser.peek().is_none() {
        return parser.fail("a JSON value is missing");
    }
    let node = parser.value()?;
    if let Some(at) = parser.out_of_range {
        let reason = "number out of range".to_owned();
        return Err(Invalid { at, reason, is_incomplete: false, is_out_of_range: true });
    }
    Ok(Json { node, end: parser.at, nodes: parser.nodes, duplicates: parser.duplicates })
}

/// Reads a text that is one JSON value and nothing else.
pub fn whole(text: &str, source: SourceId) -> Result<Json, Invalid> {
    let json = prefix(text, 0, source)?;
    match text[json.end..].find(|c: char| !is_space(c)) {
        Some(more) => {
            let reason = "more text follows the JSON value".to_owned();
            Err(Invalid { at: json.end + more, reason, is_incomplete: false, is_out_of_range: false })
        }
        None => Ok(json),
    }
}

/// White space between the parts of JSON.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

struct Parser<'a> {
    text: &'a str,
    source: SourceId,
    at: usize,
    /// How many objects and arrays are open.
    depth: usize,
    nodes: usize,
    /// Where the first number is that is too large.
    out_of_range: Option<usize>,
    duplicates: Vec<DuplicateKey>,
}

impl Parser<'_> {
    fn fail<T>(&self, reason: impl Into<String>) -> Result<T, Invalid> {
        Err(Invalid { at: self.at, reason: reason.into(), is_incomplete: false, is_out_of_range: false })
    }

    /// The error at a place where something else is expected, or where the text ends inside something.
    fn unexpected<T>(&self, expected: &str, inside: &str) -> Result<T, Invalid> {
        if self.at < self.text.len() {
            return self.fail(format!("expected {expected}"));
        }
        let reason = format!("the text ends inside {inside}");
        // The last character that there is.
        let at = self.text.char_indices().next_back().map_or(0, |(at, _)| at);
        Err(Invalid { at, reason, is_incomplete: true, is_out_of_range: false })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while self.byte().is_some_and(|byte| is_space(char::from(byte))) {
            self.at += 1;
        }
        self.byte()
    }

    fn value(&mut self) -> Result<Node, Invalid> {
        let first = self.peek();
        let start = self.at;
        self.nodes += 1;
        let value = match first {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return self.unexpected("a value", "a value"),
        };
        Ok(Node::new(value, Span::new(self.source, start, self.at)))
    }

    /// Reads an object or array, unless it is nested too deeply: the result is walked recursively later.
    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Invalid>) -> Result<Value, Invalid> {
        self.depth += 1;
        if self.depth > Limits::MAX_DEPTH {
            return self.fail(format!("maps and lists are nested more than {} deep", Limits::MAX_DEPTH));
        }
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Invalid> {
        let mut entries = Map::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.unexpected("a key in double quotes", "an object");
            }
            let start = self.at;
            self.nodes += 1;
            let key = self.string()?;
            let span = Span::new(self.source, start, self.at);
            if self.peek() != Some(b':') {
                return self.unexpected("`:`", "an object");
            }
            self.at += 1;
            let value = self.value()?;
            match entries.entry(&key).map(|first| first.key_span) {
                None => entries.push(Entry { key, key_span: span, value }),
                Some(first) => {
                    self.duplicates.push(DuplicateKey { key: key.clone(), first, again: span });
                    entries.insert(key, span, value);
                }
            }
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(entries));
                }
                _ => return self.unexpected("`,` or `}`", "an object"),
            }
            if self.peek().is_none() {
                return self.unexpected("", "a value");
            }
        }
    }

    fn array(&mut self) -> Result<Value, Invalid> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Seq(items));
        }
        loop {
            items.push(self.value()?);
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Seq(items));
                }
                _ => return self.unexpected("`,` or `]`", "a list"),
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Invalid> {
        for expected in word.bytes() {
            if self.byte() != Some(expected) {
                return self.unexpected(&format!("`{word}`"), "a value");
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Invalid> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.byte() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            is_integer = false;
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        // Negative zero is a float to Go.
        if is_integer
            && text != "-0"
            && let Ok(number) = text.parse()
        {
            return Ok(Value::Int(number));
        }
        if is_integer && let Ok(number) = text.parse() {
            return Ok(Value::Uint(number));
        }
        let number = text.parse().unwrap_or(f64::INFINITY);
        if !number.is_finite() {
            self.out_of_range.get_or_insert(start);
        }
        Ok(Value::Float(number))
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        if !self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.unexpected("a digit", "a value");
        }
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String, Invalid> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| matches!(c, '"' | '\\') || c < ' ').unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return self.fail("control character in a string; write it as an escape"),
                None => return self.unexpected("", "a string"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Invalid> {
        self.at += 1;
        let read = match self.byte() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.escaped_character();
            }
            _ => return self.unexpected("an escape: one of `\"\\/bfnrtu`", "a string"),
        };
        self.at += 1;
        Ok(read)
    }

    /// The digits of one or, for a surrogate pair, two `\u` escapes. Half a pair is no character.
    fn escaped_character(&mut self) -> Result<char, Invalid> {
        let first = self.hexadecimal()?;
        if let Some(read) = char::from_u32(first) {
            return Ok(read);
        }
        let next = self.text.get(self.at..self.at + 6).and_then(|next| next.strip_prefix("\\u"));
        let second = next.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let both = second
            .filter(|second| (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(second))
            .and_then(|second| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
        self.at += if both.is_some() { 6 } else { 0 };
        Ok(both.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hexadecimal(&mut self) -> Result<u32, Invalid> {
        let mut code = 0;
        for _ in 0..4 {
            match self.byte().and_then(|byte| char::from(byte).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return self.unexpected("four hexadecimal digits", "a string"),
            }
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::{SourceKind, Sources};

    fn read(text: &str) -> Result<Node, Invalid> {
        whole(text, source(text)).map(|json| json.node)
    }

    fn source(text: &str) -> SourceId {
        Sources::new().add("--set-json", text, SourceKind::Flag)
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
        let prefix_of = |text: &str| prefix(text, 0, source(text));
        let number = prefix_of(" 12=a").unwrap();
        assert_eq!((number.node.as_i64(), number.end), (Some(12), 3));
        assert_eq!(prefix_of("true]").unwrap().end, 4);
        assert_eq!(prefix_of("-1.5e+3.2").unwrap().end, 7);
        assert_eq!(prefix_of("12a").unwrap().end, 2);
        assert_eq!(prefix_of("1.e=").unwrap_err().at, 2);
        assert_eq!(read("18446744073709551615").unwrap().value, Value::Uint(u64::MAX));
        assert!(matches!(read("-0").unwrap().value, Value::Float(zero) if zero.is_sign_negative()));
        assert_eq!(read("1e400").unwrap_err().reason, "number out of range");
        assert!(read("01").is_err() && read("+1").is_err() && read(".5").is_err());
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert_eq!(read(r#"{"a": 1, "a": 2}"#).unwrap().get("a").and_then(Node::as_i64), Some(2));
    }

    #[test]
    fn characters_beyond_the_first_plane_are_pairs() {
        let text = |text: &str| read(text).map(|node| node.as_str().unwrap_or_default().to_owned());
        assert_eq!(text(r#""\ud83d\ude00""#).unwrap(), "😀");
        // Go reads half a pair as the character for what is none.
        assert_eq!(text(r#""\ud83d x \ude00\u0041""#).unwrap(), "\u{fffd} x \u{fffd}A");
        assert_eq!(text(r#""\ud83d\u0041""#).unwrap(), "\u{fffd}A");
        assert_eq!(text("\"\\/\u{7f}\u{2028}\"").unwrap(), "/\u{7f}\u{2028}");
        assert!(text("\"\t\"").is_err() && text(r#""\'""#).is_err() && text(r#""\u00g0""#).is_err());
    }
}
