//! Values in block scalars.

use super::lines::Line;
use super::scan::{is_blank, is_right_of};
use super::{Content, Placer};
use crate::yaml::emit;

/// An open block scalar.
#[derive(Debug, Clone)]
pub(super) struct BlockScalar {
    /// Lines deeper than this column belong to it; -1 at the top level.
    pub(super) parent: isize,
    pub(super) folded: bool,
    /// The column of its text, once known.
    pub(super) indent: Option<usize>,
    /// Where in the output an indentation indicator would go.
    pub(super) header: usize,
}

impl Placer<'_> {
    /// Places a line of a block scalar. Returns false, and closes the scalar, if the line is not part of it.
    pub(super) fn scalar_line(&mut self, line: Line<'_>, indent: usize, shift: usize) -> bool {
        let bytes = line.text.as_bytes();
        let blank = is_blank(&bytes[indent..]);
        let Some(scalar) = &self.state.scalar else { return false };
        let column = shift + indent;
        if !blank && !is_right_of(column, scalar.parent) {
            self.state.scalar = None;
            return false;
        }
        if blank {
            self.copy(line, 0, bytes.len());
            return true;
        }
        let (folded, first) = (scalar.folded, scalar.indent.is_none());
        let content = scalar.indent.unwrap_or(column);
        if first && let Some(scalar) = &mut self.state.scalar {
            scalar.indent = Some(column);
        }
        self.copy(line, 0, indent);
        let mut from = indent;
        for (byte, index) in line.values(indent, bytes.len()) {
            self.copy(line, from, byte);
            let last = byte + 1 == bytes.len();
            let mut text = self.block_text_of(index);
            if last && text.ends_with('\n') {
                text.pop();
            }
            if first && byte == indent && text.starts_with([' ', '\t', '\n']) {
                self.indent_indicator(index, content);
            }
            if text.split('\n').any(|part| emit::escape_single(part).is_none()) {
                self.error(
                    index,
                    "this value contains characters that are not allowed in a block scalar",
                    |d| {
                        d.help("use it as the whole value, `key: {{ .. }}`, so that it is quoted and escaped")
                    },
                );
            }
            let place = TextPlace { column, folded, begins_line: byte == indent, ends_line: last };
            self.reserve(text.matches('\n').count().saturating_mul(column));
            if self.is_full {
                return true;
            }
            let written = place.write(&text);
            self.push_value(&written, index);
            from = byte + 1;
        }
        self.copy(line, from, bytes.len());
        true
    }

    /// Says in the header of the open block scalar how deep its text stands, because its first line begins with
    /// blanks of its own.
    fn indent_indicator(&mut self, index: usize, column: usize) {
        let Some(scalar) = &self.state.scalar else { return };
        let depth = column - usize::try_from(scalar.parent.max(0)).unwrap_or(0);
        let at = scalar.header;
        if depth == 0 || depth > 9 {
            self.error(
                index,
                "a text that starts with spaces cannot be used this deep in a block scalar",
                |d| d.help("indent the block by 1 to 9 columns"),
            );
            return;
        }
        self.out.insert_str(at, &depth.to_string());
        for segment in self.segments.iter_mut().rev().take_while(|segment| segment.start as usize >= at) {
            segment.start += 1;
        }
    }

    /// The text of a value in a block scalar, where YAML is plain text.
    fn block_text_of(&mut self, index: usize) -> String {
        let slots = self.slots;
        match slots.get(index).map(|slot| &slot.content) {
            Some(Content::Yaml(text)) => self.rendered(text),
            _ => self.text_of(index).into_owned(),
        }
    }
}

/// The position of a text in a block scalar.
struct TextPlace {
    column: usize,
    folded: bool,
    /// Nothing stands before it on its line.
    begins_line: bool,
    /// Whether it is the last text on its line.
    ends_line: bool,
}

impl TextPlace {
    /// The text with its further lines indented like the first. In a folded scalar line breaks are doubled, as one
    /// would become a space; but not beside lines that begin with blanks, which folding spares.
    fn write(&self, text: &str) -> String {
        let lines: Vec<&str> = text.split('\n').collect();
        let mut out = String::with_capacity(text.len() + lines.len() * (self.column + 1));
        // Whether the last line with anything on it began with blanks.
        let mut spared: Option<bool> = None;
        for (number, line) in lines.iter().enumerate() {
            let first = number == 0;
            let is_last = number + 1 == lines.len();
            let filled = !line.is_empty() || (first && !self.begins_line) || (is_last && !self.ends_line);
            let deeper = is_deeper(line) && (!first || self.begins_line);
            if !first {
                out.push('\n');
                if self.folded && filled && !deeper && spared == Some(false) {
                    out.push('\n');
                }
                if filled {
                    out.extend(std::iter::repeat_n(' ', self.column));
                }
            }
            out.push_str(line);
            if filled {
                spared = Some(deeper);
            }
        }
        out
    }
}

fn is_deeper(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}
