//! Marked text taken apart.

use super::scan::{indentation, is_blank};
use crate::engine::tera::files::FileRange;
use crate::engine::tera::rewrite::{CLOSE, OPEN, Tables};
use memchr::{memchr_iter, memchr2};
use std::ops::Range;

/// The byte that stands for a value in a [`Line`].
pub(super) const SLOT: u8 = 2;
const SLOT_CHAR: char = OPEN;

/// The lines of a text, with every value's marker as one byte.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// The values: the byte that stands for each, and its slot.
    values: Vec<(usize, usize)>,
    /// Where literal text comes from: the byte from which on, and the place in the template.
    origins: Vec<(usize, FileRange)>,
    rows: Vec<Row>,
}

/// What of [`Lines`] is one line.
#[derive(Debug)]
struct Row {
    text: Range<usize>,
    values: Range<usize>,
    origins: Range<usize>,
    newline: bool,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The text without its line break; a [`SLOT`] stands for a value.
    pub(super) text: &'a str,
    /// Whether a line break ends it.
    pub(super) newline: bool,
    /// The offset of the text, by which `values` and `origins` count.
    start: usize,
    values: &'a [(usize, usize)],
    origins: &'a [(usize, FileRange)],
}

impl Lines {
    /// Splits marked text into lines.
    pub(super) fn from_marked(marked: &str, tables: &Tables) -> Self {
        let bytes = marked.as_bytes();
        let count = |byte| memchr_iter(byte, bytes).count();
        let (breaks, markers) = (count(b'\n'), count(SLOT));
        let mut lines = Self {
            text: String::with_capacity(marked.len()),
            values: Vec::with_capacity(markers),
            origins: Vec::with_capacity(markers + breaks),
            rows: Vec::with_capacity(breaks + 1),
        };
        let mut origin: Option<FileRange> = None;
        let mut rest = marked;
        // Where the current line begins in the text and in the tables.
        let mut from = (0, 0, 0);
        while !rest.is_empty() {
            let stop = memchr2(SLOT, b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let (plain, tail) = rest.split_at(stop);
            if !plain.is_empty() {
                if let Some(place) = &mut origin {
                    lines.origins.push((lines.text.len(), *place));
                    *place = place.skip(plain.len());
                }
                lines.text.push_str(plain);
            }
            if tail.as_bytes().first() == Some(&b'\n') {
                origin = origin.map(|place| place.skip(1));
                from = lines.end_row(from, true);
                rest = &tail[1..];
            } else if let Some((kind, number, after)) = marker(tail) {
                if kind == 'T' {
                    origin = tables.chunks.get(number).copied();
                } else {
                    lines.values.push((lines.text.len(), number));
                    lines.text.push(SLOT_CHAR);
                    origin = None;
                }
                rest = after;
            } else {
                // Not a marker of ours: `safe` text with a control character. The reader will refuse it.
                let skip = tail.chars().next().map_or(0, char::len_utf8);
                rest = &tail[skip..];
            }
        }
        if lines.text.len() > from.0 {
            lines.end_row(from, false);
        }
        lines
    }

    /// The lines of YAML text without blank lines around them, shifted so that the least indented begins at column 0.
    pub(super) fn from_block(marked: &str, tables: &Tables) -> Self {
        let mut lines = Self::from_marked(marked, tables);
        let bytes = lines.text.as_bytes();
        let filled = |row: &Row| !is_blank(&bytes[row.text.clone()]);
        let last = lines.rows.iter().rposition(filled).map_or(0, |last| last + 1);
        let first = lines.rows.iter().position(filled).unwrap_or(last);
        lines.rows.truncate(last);
        lines.rows.drain(..first);
        let indents =
            lines.rows.iter().filter(|row| filled(row)).map(|row| indentation(&bytes[row.text.clone()]));
        let shift = indents.min().unwrap_or(0);
        for row in &mut lines.rows {
            row.text.start += shift.min(indentation(&bytes[row.text.clone()]));
        }
        lines
    }

    /// Every line, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(|row| Line {
            text: &self.text[row.text.clone()],
            newline: row.newline,
            start: row.text.start,
            values: &self.values[row.values.clone()],
            origins: &self.origins[row.origins.clone()],
        })
    }

    /// Notes the line that begins where `from` says; where the next one does.
    fn end_row(&mut self, from: (usize, usize, usize), newline: bool) -> (usize, usize, usize) {
        let end = (self.text.len(), self.values.len(), self.origins.len());
        let (text, values, origins) = (from.0..end.0, from.1..end.1, from.2..end.2);
        self.rows.push(Row { text, values, origins, newline });
        end
    }
}

impl<'a> Line<'a> {
    /// The values between two bytes: the byte that stands for each, and its slot.
    pub(super) fn values(self, from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let start = self.start;
        let values = self.values.iter().map(move |(byte, slot)| (byte - start, *slot));
        values.filter(move |(byte, _)| (from..to).contains(byte))
    }

    /// The slot of the first value between two bytes.
    pub(super) fn first_value(self, from: usize, to: usize) -> Option<usize> {
        self.values(from, to).next().map(|(_, slot)| slot)
    }

    /// The slot of the value that is all there is on the line.
    pub(super) fn only_value(self) -> Option<usize> {
        match self.values {
            [(_, slot)] if self.text.trim_ascii().as_bytes() == [SLOT] => Some(*slot),
            _ => None,
        }
    }

    /// The place in the template that the literal text from a byte on comes from.
    pub(super) fn origin(self, byte: usize) -> Option<FileRange> {
        let at = self.start + byte;
        let index = self.origins.partition_point(|(from, _)| *from <= at).checked_sub(1)?;
        let (from, place) = self.origins[index];
        Some(place.skip(at - from))
    }
}

/// The marker that a text begins with: its kind, its number, what follows.
fn marker(text: &str) -> Option<(char, usize, &str)> {
    let inner = text.strip_prefix(OPEN)?;
    let kind = inner.chars().next()?;
    // A few digits: looking for the end would take longer than reading up to it.
    let rest = inner.get(kind.len_utf8()..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    Some((kind, number.parse().ok()?, rest.strip_prefix(CLOSE)?))
}

/// Writes the marker of a value.
pub(in crate::engine::tera) fn push_value_marker(slot: usize, out: &mut String) {
    out.push(OPEN);
    out.push('V');
    push_number(slot, out);
    out.push(CLOSE);
}

/// Writes a number; formatting one takes longer than everything else about a marker.
fn push_number(number: usize, out: &mut String) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.push(char::from(b'0' + u8::try_from(number % 10).unwrap_or_default()));
}
