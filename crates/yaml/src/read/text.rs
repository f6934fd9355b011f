//! A text before it is parsed: what it must not hold, and where its documents begin and end.

use std::io::{self, BufRead, Read};
use std::ops::Range;

use memchr::memmem;

/// Takes a text apart before its `---` lines. What stands before the first one is a piece of its own
/// only if it has content.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut pieces = Vec::new();
    let mut from = start;
    let mut next = next_separator(text, start);
    let head = &text[start..next.unwrap_or(text.len())];
    if head
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%'))
    {
        next = next.and_then(|separator| next_separator(text, line_end(text, separator)));
    }
    while let Some(separator) = next {
        pieces.push(from..separator);
        from = separator;
        next = next_separator(text, line_end(text, separator));
    }
    pieces.push(from..text.len());
    pieces
}

/// The start of the first line at or after `from` that is a document separator.
fn next_separator(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins_line = |at: usize| at == 0 || bytes[at - 1] == b'\n';
    let is_whole =
        |at: usize| bytes.get(at + 3).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    memmem::find_iter(bytes.get(from..)?, "---")
        .map(|found| from + found)
        .find(|at| begins_line(*at) && is_whole(*at))
}

/// One past the line break after `from`.
pub(super) fn line_end(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| from + length + 1)
}

/// The first character that YAML does not allow in a text.
pub(super) fn find_control_character(text: &str) -> Option<(usize, char)> {
    // Nearly every text passes this without its characters being decoded, many bytes at a time.
    let suspicious = |byte: &u8| {
        (*byte < 0x20) & !matches!(byte, b'\t' | b'\n' | b'\r') | matches!(byte, 0x7f | 0xc2 | 0xef)
    };
    let chunk = text
        .as_bytes()
        .chunks(64)
        .position(|chunk| chunk.iter().fold(false, |any, byte| any | suspicious(byte)))?;
    let first = (chunk * 64..text.len()).find(|offset| text.is_char_boundary(*offset))?;
    text.get(first..)?.char_indices().map(|(offset, c)| (first + offset, c)).find(|(_, c)| {
        matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}')
            || matches!(c, '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
    })
}

/// Hands a text to the parser in pieces, because it decodes all that it is given before it parses any.
/// A line break is added to a last line without one, as helm and kubectl do.
pub(super) struct Chunks<'a> {
    rest: &'a str,
    unfinished: bool,
}

const CHUNK: usize = 4096;

impl<'a> Chunks<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, unfinished: !text.ends_with('\n') }
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() && self.unfinished {
            self.rest = "\n";
            self.unfinished = false;
        }
        let mut end = CHUNK.min(self.rest.len());
        while !self.rest.is_char_boundary(end) {
            end -= 1;
        }
        Ok(&self.rest.as_bytes()[..end])
    }

    fn consume(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}
