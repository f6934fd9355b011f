//! A text before it is parsed: what it must not hold, and where its documents begin and end.

use std::ops::Range;

use memchr::memmem;

/// The part of a text that is one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// From its `---` line, or from the start of the text.
    pub(super) span: Range<usize>,
    /// What is read of it.
    pub(super) content: Range<usize>,
    /// What stands on its `---` line and must not.
    pub(super) trailing: Option<Range<usize>>,
}

impl Piece {
    /// A text that is read as it is.
    pub(super) fn whole(text: &str) -> Self {
        Self { span: 0..text.len(), content: after_mark(text, 0)..text.len(), trailing: None }
    }
}

/// Takes a text apart, from an offset on, as Kubernetes does: at the lines that begin with `---`. Such a line belongs to the document below
/// only where nothing stands before it, so that directives above a `---` are documents of their own. Comments above the
/// first `---` belong to what follows.
pub(super) fn pieces(text: &str, start: usize) -> Vec<Piece> {
    // A byte order mark hides a separator.
    let next_separator = |from| next_separator(text, start, from);
    let start = after_mark(text, start);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = Piece { span: start..start, content: start..start, trailing: None };
    let mut next = next_separator(start);
    while let Some(separator) = next {
        let end = line_end(text, separator);
        let is_first_below = pieces.is_empty() && is_comment(&text[open.content.start..separator]);
        if open.content.start < separator && !is_first_below {
            let from = std::mem::replace(
                &mut open,
                Piece { span: separator..end, content: after_mark(text, end)..end, trailing: None },
            );
            pieces.push(Piece {
                span: from.span.start..separator,
                content: from.content.start..separator,
                ..from
            });
        } else if is_first_below {
            open.content.start = separator;
        }
        let line = text[separator + 3..end].trim_start();
        let from = end - line.len();
        if !line.is_empty() && !line.starts_with('#') && open.trailing.is_none() {
            open.trailing = Some(from..from + line.trim_end().len());
        }
        next = next_separator(end);
    }
    open.span.end = text.len();
    // A document that ends with its `---` line is one of nothing. What follows the mark is not read: a comment there ends
    // only at `\n`, while YAML knows other line breaks.
    let is_nothing = open.content.start == text.len() && open.span.start < text.len();
    open.content =
        if is_nothing { open.span.start..open.span.start + 3 } else { open.content.start..text.len() };
    pieces.push(open);
    pieces
}

/// The offset after the byte order mark at an offset, which go-yaml skips at the start of what it reads.
pub(super) fn after_mark(text: &str, offset: usize) -> usize {
    const MARK: char = '\u{feff}';
    if text[offset..].starts_with(MARK) { offset + MARK.len_utf8() } else { offset }
}

fn is_comment(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

/// The start of the first line at or after `from` that is a document separator, in a text that is read from `start` on.
fn next_separator(text: &str, start: usize, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins_line = |at: usize| at == start || bytes[at - 1] == b'\n';
    memmem::find_iter(bytes.get(from..)?, "---").map(|found| from + found).find(|at| begins_line(*at))
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
