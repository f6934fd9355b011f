//! JSON text to values, as Go's `encoding/json` reads it, and its errors in Go's words: Helm hands them to templates.
//!
//! Go checks the whole text before it makes values of it, so a syntax error leaves no value, while a number that
//! is out of range leaves everything else in place.

use std::sync::Arc;

use super::error::Result;
use super::value::{Entries, Value};
use plimsoll_yaml::emit::replace_invalid;

/// How deep Go lets JSON nest.
const MAX_DEPTH: usize = 10_000;

/// A decoded text, and what Go reports about a value in it.
pub(crate) struct Decoded {
    /// The value, with nil for each part that could not be decoded.
    pub(crate) value: Value,
    /// The first number that is out of range.
    pub(crate) error: Option<String>,
}

/// Reads a text; the error is one of syntax.
pub(crate) fn decode(text: &[u8]) -> Result<Decoded, String> {
    let mut scanner = Scanner { text, position: 0, depth: 0, error: None };
    scanner.space();
    let value = scanner.value()?;
    scanner.space();
    if scanner.peek().is_some() {
        return Err(scanner.unexpected("after top-level value"));
    }
    Ok(Decoded { value, error: scanner.error })
}

struct Scanner<'a> {
    text: &'a [u8],
    position: usize,
    depth: usize,
    error: Option<String>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.position += 1;
        }
    }

    /// The error about the next byte, where white space would have been skipped.
    fn unexpected(&self, context: &str) -> String {
        match self.peek() {
            Some(byte) => format!("invalid character {} {context}", quoted(byte)),
            None => "unexpected end of JSON input".to_owned(),
        }
    }

    /// The same inside a token: there Go sees the end of the text as a space.
    fn unexpected_inside(&self, context: &str) -> String {
        format!("invalid character {} {context}", quoted(self.peek().unwrap_or(b' ')))
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::from),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        self.position += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        self.space();
        let value = stacker::maybe_grow(64 << 10, 1 << 20, || read(self))?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut entries = Entries::default();
        if self.peek() == Some(b'}') {
            self.position += 1;
            return Ok(Value::map(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.position += 1;
            self.space();
            entries.insert(Arc::from(key), self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b'}') => {
                    self.position += 1;
                    return Ok(Value::map(entries));
                }
                _ => return Err(self.unexpected("after object key:value pair")),
            }
            self.space();
        }
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.position += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value()?);
            self.space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b']') => {
                    self.position += 1;
                    return Ok(Value::list(items));
                }
                _ => return Err(self.unexpected("after array element")),
            }
            self.space();
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                let expected = char::from(expected);
                return Err(self.unexpected_inside(&format!("in literal {word} (expecting '{expected}')")));
            }
            self.position += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        if self.peek() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.position]);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => {
                let error = format!("json: cannot unmarshal number {text} into Go value of type float64");
                self.error.get_or_insert(error);
                Ok(Value::Nil)
            }
        }
    }

    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected_inside(context));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<String, String> {
        self.position += 1;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(
                        String::from_utf8(out).unwrap_or_else(|error| replace_invalid(error.as_bytes()))
                    );
                }
                Some(b'\\') => {
                    self.position += 1;
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte >= b' ' => {
                    out.push(byte);
                    self.position += 1;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let c = match self.peek() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'u') => {
                self.position += 1;
                let unit = self.hexadecimal()?;
                return Ok(match unit {
                    0xd800..=0xdbff => self.second_surrogate(unit),
                    _ => char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                });
            }
            _ => return Err(self.unexpected_inside("in string escape code")),
        };
        self.position += 1;
        Ok(c)
    }

    fn hexadecimal(&mut self) -> Result<u32, String> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16
                + digit.ok_or_else(|| self.unexpected_inside("in \\u hexadecimal character escape"))?;
            self.position += 1;
        }
        Ok(unit)
    }

    /// The character of two units. One that stands alone is replaced.
    fn second_surrogate(&mut self, first: u32) -> char {
        let start = self.position;
        if self.text[self.position..].starts_with(b"\\u") {
            self.position += 2;
            if let Ok(second @ 0xdc00..=0xdfff) = self.hexadecimal() {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        self.position = start;
        char::REPLACEMENT_CHARACTER
    }
}

/// A byte as Go quotes it: by itself, even in the middle of a character.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => r#"'"'"#.to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x00..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        // Latin-1 characters that do not print.
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_gos() {
        for (text, expected) in [
            ("", "unexpected end of JSON input"),
            ("tru", "invalid character ' ' in literal true (expecting 'e')"),
            ("[1", "unexpected end of JSON input"),
            ("1.", "invalid character ' ' after decimal point in numeric literal"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("\"\\", "invalid character ' ' in string escape code"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("01", "invalid character '1' after top-level value"),
        ] {
            assert_eq!(decode(text.as_bytes()).err().as_deref(), Some(expected), "{text}");
        }
        let deep = "[".repeat(MAX_DEPTH + 1);
        assert_eq!(decode(deep.as_bytes()).err().as_deref(), Some("exceeded max depth"));
        let closed = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(decode(closed.as_bytes()).is_ok());
    }

    #[test]
    fn a_number_out_of_range_leaves_the_rest() {
        let decoded = decode(b"[1e400, 2, 3e400]").unwrap();
        let items = decoded.value.as_list().unwrap();
        assert!(items[0].is_nil() && matches!(items[1], Value::Float(2.0)));
        let error = "json: cannot unmarshal number 1e400 into Go value of type float64";
        assert_eq!(decoded.error.as_deref(), Some(error));
    }

    #[test]
    fn surrogates_pair_or_are_replaced() {
        let text = |text: &str| decode(text.as_bytes()).unwrap().value.as_str().map(str::to_owned);
        assert_eq!(text(r#""\ud83d\ude00""#).as_deref(), Some("😀"));
        assert_eq!(text(r#""\ud83dx\ude00\ud83d\u0041""#).as_deref(), Some("\u{fffd}x\u{fffd}\u{fffd}A"));
    }
}
