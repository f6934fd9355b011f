//! Go's strings, which are bytes: how they are written, and how they are read as characters.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::value::Value;

/// A string as Go ranges over it: each byte that is not part of a character reads as U+FFFD.
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    characters: Cow<'a, str>,
    /// The offsets in `characters` of what stands for a single byte.
    replaced: Vec<usize>,
}

impl<'a> Text<'a> {
    /// Reads bytes as characters.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { bytes, characters: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let (mut characters, mut replaced) = (String::with_capacity(bytes.len()), Vec::new());
        for chunk in bytes.utf8_chunks() {
            characters.push_str(chunk.valid());
            for _ in chunk.invalid() {
                replaced.push(characters.len());
                characters.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self { bytes, characters: Cow::Owned(characters), replaced }
    }

    /// The characters.
    pub(crate) fn characters(&self) -> &str {
        &self.characters
    }

    /// The bytes that a range of the characters stands for.
    pub(crate) fn bytes_of(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[self.offset(range.start)..self.offset(range.end)]
    }

    /// The string that a range of the characters stands for.
    pub(crate) fn part(&self, range: Range<usize>) -> Value {
        Value::from_bytes(self.bytes_of(range))
    }

    /// The offset in the bytes of an offset in the characters.
    fn offset(&self, offset: usize) -> usize {
        let shorter = char::REPLACEMENT_CHARACTER.len_utf8() - 1;
        offset - shorter * self.replaced.partition_point(|replaced| *replaced < offset)
    }
}

/// The bytes as characters of these numbers: for code to which only ASCII means something.
pub(crate) fn bytewise(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The string whose [`bytewise`] form this is.
pub(crate) fn from_bytewise(text: &str) -> Value {
    if text.is_ascii() {
        return Value::str(text);
    }
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
    Value::from_bytes(&bytes)
}

/// A string that is being written.
#[derive(Default)]
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    /// An empty one with room for some bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds a text.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Adds a character.
    pub(crate) fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    /// Adds bytes.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Adds a character several times.
    pub(crate) fn fill(&mut self, c: char, count: usize) {
        for _ in 0..count {
            self.push(c);
        }
    }

    /// Whether nothing has been written.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes have been written.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many bytes there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Takes back what was written.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What was written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What was written, as a string.
    pub(crate) fn into_value(self) -> Value {
        match String::from_utf8(self.0) {
            Ok(text) => text.into(),
            Err(error) => Value::from_bytes(error.as_bytes()),
        }
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_that_is_not_utf8_is_a_character() {
        let text = Text::new(b"a\xf0\x9fb\xff\xc3\xa9");
        assert_eq!(text.characters(), "a\u{fffd}\u{fffd}b\u{fffd}é");
        let bytes: Vec<&[u8]> =
            text.characters().char_indices().map(|(at, c)| text.bytes_of(at..at + c.len_utf8())).collect();
        assert_eq!(bytes, [&b"a"[..], b"\xf0", b"\x9f", b"b", b"\xff", b"\xc3\xa9"]);
        let written = Text::new("a\u{fffd}b".as_bytes());
        assert_eq!(written.bytes_of(1..4), "\u{fffd}".as_bytes());
    }

    #[test]
    fn bytes_go_through_characters_and_back() {
        for bytes in [&b"plain"[..], b"a\xff\x80", "é😀".as_bytes()] {
            assert_eq!(from_bytewise(&bytewise(bytes)).as_bytes(), Some(bytes));
        }
    }
}
