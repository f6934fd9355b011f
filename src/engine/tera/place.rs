//! Puts values into YAML text, each as the place it stands in demands.
//!
//! The input is what Tera rendered from a template prepared by [`super::rewrite`]: literal text with
//! markers in it. The text is walked line by line with just enough knowledge of YAML to tell where a
//! marker stands: alone as a value, inside quotes, in part of a plain scalar, in a block scalar, in a flow
//! collection, in a key, in a comment. Deciding on the *rendered* text, not on the template, is what
//! makes statements transparent: whatever branch was taken and whatever partial the text came from, the
//! context is the one the YAML reader will see.
//!
//! The law: whatever the value, the document parses to exactly that value at that place, and never to
//! more or fewer keys.

use super::files::{Files, Place};
use super::rewrite::{CLOSE, OPEN, Tables};
use crate::diag::{Diagnostic, Segment, Span};
use crate::yaml::{Context, Node, Value, emit};
use std::borrow::Cow;

/// What a marker stands for.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Data: a value to be written so that it is read back as it is.
    Data(Node),
    /// YAML already, possibly with markers of its own: a component, an include, `to_yaml`, `| safe`.
    Yaml(String),
    /// Nothing, and the key or list item that would hold it neither.
    Omit,
}

/// A value to be placed.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) content: Content,
    /// The number of its [`super::rewrite::Site`].
    pub(super) site: usize,
    /// The values file or flag it came from.
    pub(super) origin: Option<Span>,
}

/// What the numbers of markers stand for, in the files of one chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sites<'a> {
    pub(super) tables: &'a Tables,
    pub(super) files: &'a Files,
}

/// Text with every marker replaced, and the way back.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

/// Replaces the markers of a YAML template's output.
pub(super) fn yaml(marked: &str, slots: &[Slot], sites: Sites<'_>) -> Result<Placed, Vec<Diagnostic>> {
    let mut placer = Placer::new(slots, sites);
    placer.document(marked);
    placer.finish()
}

/// Replaces the markers of any other template's output (`NOTES.txt`): values as text.
pub(super) fn text(marked: &str, slots: &[Slot], sites: Sites<'_>) -> Result<Placed, Vec<Diagnostic>> {
    let mut placer = Placer::new(slots, sites);
    placer.plain_text(marked);
    placer.finish()
}

/// One line, with every value marker as one byte.
#[derive(Debug, Default)]
struct Line {
    /// The text; [`SLOT`] stands for a value.
    text: String,
    /// The slots of the [`SLOT`] bytes, in order.
    slots: Vec<usize>,
    /// Where literal text comes from: `(byte in text, place in the template)`.
    origins: Vec<(usize, Place)>,
    /// Whether a line break ends it.
    newline: bool,
}

const SLOT: u8 = 2;
const SLOT_CHAR: char = OPEN;

/// Splits marked text into lines.
fn lines(marked: &str, tables: &Tables) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut origin: Option<Place> = None;
    let mut rest = marked;
    while !rest.is_empty() {
        let stop = rest.find([OPEN, '\n']).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(stop);
        if !plain.is_empty() {
            if let Some(place) = &mut origin {
                line.origins.push((line.text.len(), *place));
                *place = place.skip(plain.len());
            }
            line.text.push_str(plain);
        }
        if let Some(after) = tail.strip_prefix('\n') {
            origin = origin.map(|place| place.skip(1));
            line.newline = true;
            lines.push(std::mem::take(&mut line));
            rest = after;
        } else if let Some((kind, number, after)) = marker(tail) {
            if kind == 'T' {
                origin = tables.chunks.get(number).copied();
            } else {
                line.text.push(SLOT_CHAR);
                line.slots.push(number);
                origin = None;
            }
            rest = after;
        } else {
            // Not a marker of ours: `safe` text with a control character. The reader will refuse it.
            let skip = tail.chars().next().map_or(0, char::len_utf8);
            rest = &tail[skip..];
        }
    }
    if !line.text.is_empty() {
        lines.push(line);
    }
    lines
}

fn marker(text: &str) -> Option<(char, usize, &str)> {
    let inner = text.strip_prefix(OPEN)?;
    let close = inner.find(CLOSE)?;
    let kind = inner.chars().next()?;
    let number = inner.get(1..close)?.parse().ok()?;
    Some((kind, number, &inner[close + CLOSE.len_utf8()..]))
}

/// The marker of a value.
pub(super) fn value_marker(slot: usize) -> String {
    format!("{OPEN}V{slot}{CLOSE}")
}

/// An open block scalar.
#[derive(Debug, Clone)]
struct BlockScalar {
    /// Lines deeper than this column belong to it; -1 at the top level.
    parent: isize,
    folded: bool,
    /// The column of its text, once known.
    indent: Option<usize>,
    /// Where in the output an indentation indicator would go.
    header: usize,
}

/// Where a value stands relative to what came before it on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Alone,
    AfterKey,
    AfterDash,
}

/// What the lines so far have opened.
#[derive(Debug, Clone, Default)]
struct State {
    scalar: Option<BlockScalar>,
    /// The quote of a quoted scalar that goes on.
    quote: Option<u8>,
    /// How many flow collections are open.
    flow: usize,
    /// A plain scalar that deeper lines would continue, by the column of what holds it.
    plain: Option<isize>,
    /// The last line ended with `key:` or `-`, at this column: its value is still to come.
    open: Option<usize>,
    /// An empty value alone on its line, to be written if no sibling follows.
    pending: Option<Pending>,
}

/// An empty map, list or null that waits for what follows.
#[derive(Debug, Clone, Copy)]
struct Pending {
    /// The column of the key or dash whose value it is.
    parent: usize,
    text: &'static str,
    slot: usize,
}

struct Placer<'a> {
    slots: &'a [Slot],
    sites: Sites<'a>,
    out: String,
    segments: Vec<Segment>,
    errors: Vec<Diagnostic>,
    state: State,
    /// The template's own site whose value is being placed, for text that comes from the library.
    enclosing: Option<Span>,
    /// Where the output stood at the start of the line that is being placed.
    line_start: usize,
    depth: usize,
}

/// Components call components; Tera stops their recursion long before this.
const MAX_NESTING: usize = 100;

impl<'a> Placer<'a> {
    fn new(slots: &'a [Slot], sites: Sites<'a>) -> Self {
        Self {
            slots,
            sites,
            out: String::new(),
            segments: Vec::new(),
            errors: Vec::new(),
            state: State::default(),
            enclosing: None,
            line_start: 0,
            depth: 0,
        }
    }

    fn finish(self) -> Result<Placed, Vec<Diagnostic>> {
        if self.errors.is_empty() {
            Ok(Placed { text: self.out, segments: self.segments })
        } else {
            Err(self.errors)
        }
    }

    /// Places a whole document.
    fn document(&mut self, marked: &str) {
        for line in lines(marked, self.sites.tables) {
            self.line(&line, 0, true);
        }
        self.flush_pending(None);
    }

    /// Places YAML text at a column: the first line goes where the output stands.
    fn nested(&mut self, marked: &str, column: usize) {
        if self.too_deep() {
            return;
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.state);
        let all = block_lines(marked, self.sites.tables);
        let mut written = false;
        for line in &all {
            let start = self.out.len();
            if written {
                self.out.push('\n');
                if !line.text.is_empty() {
                    self.spaces(column);
                }
            }
            let before = self.out.len();
            self.line(line, column, false);
            // A line that turned out to hold nothing takes its line break back.
            if self.out.len() == before && !line.text.is_empty() {
                self.truncate(start);
            } else {
                written = true;
            }
        }
        if let Some(pending) = self.state.pending.take() {
            self.out.push('\n');
            self.spaces(pending.parent + 2);
            self.push_value(pending.text, pending.slot, None);
        }
        self.state = outer;
        self.depth -= 1;
    }

    /// Places one line. `shift` is the column at which the line's text begins; `own_break` says whether the line
    /// writes its own line break (nested text leaves that to its caller).
    fn line(&mut self, line: &Line, shift: usize, own_break: bool) {
        let bytes = line.text.as_bytes();
        let indent = bytes.iter().take_while(|b| **b == b' ').count();
        let end = bytes.len();
        self.line_start = self.out.len();
        if self.state.scalar.is_some() && self.scalar_line(line, indent, shift) {
            self.line_break(line, own_break);
            return;
        }
        if let Some(quote) = self.state.quote {
            self.copy(line, 0, indent);
            let at = self.quoted_rest(line, indent, quote);
            if self.state.quote.is_none() {
                self.after_open(line, at);
            }
            self.line_break(line, own_break);
            return;
        }
        if self.state.flow > 0 {
            let at = self.flow(line, 0);
            if self.state.flow == 0 {
                self.after_value(line, at);
            }
            self.line_break(line, own_break);
            return;
        }
        if bytes[indent..].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r')) {
            self.copy(line, 0, end);
            self.line_break(line, own_break);
            return;
        }
        let column = shift + indent;
        if bytes[indent] == b'#' {
            self.copy(line, 0, indent);
            self.comment(line, indent);
            self.line_break(line, own_break);
            return;
        }
        if column == 0 && (starts_document(bytes) || bytes[0] == b'%') {
            self.flush_pending(None);
            self.state = State::default();
            self.copy(line, 0, 3.min(end));
            let text = 3 + bytes[3.min(end)..].iter().take_while(|b| **b == b' ').count();
            self.copy(line, 3.min(end), text.min(end));
            if text < end && bytes[0] != b'%' {
                self.node(line, text, Position::Alone, -1, shift);
            } else {
                self.copy(line, text.min(end), end);
            }
            self.line_break(line, own_break);
            return;
        }
        if self.continues_plain(column) {
            if let Some(slot) = line.slots.first() {
                self.error(*slot, "a value cannot stand in the further lines of a plain scalar", |d| {
                    d.help("quote the scalar, or write it as a block: `key: >-`")
                });
            }
            self.copy(line, 0, end);
            self.line_break(line, own_break);
            return;
        }
        self.state.plain = None;
        let only_slot = line.slots.len() == 1 && bytes[indent..].trim_ascii_end() == [SLOT];
        if only_slot && self.alone_and_empty(line.slots[0]) {
            return;
        }
        self.flush_pending(Some((column, bytes[indent] == b'-' && is_gap(bytes, indent + 1))));
        self.state.open = None;
        self.line_start = self.out.len();
        self.copy(line, 0, indent);
        let kept = self.node(line, indent, Position::Alone, -1, shift);
        if kept {
            self.line_break(line, own_break);
        }
    }

    fn line_break(&mut self, line: &Line, own_break: bool) {
        if own_break && line.newline {
            self.copy_break();
        }
    }

    fn continues_plain(&self, column: usize) -> bool {
        self.state.plain.is_some_and(|parent| isize::try_from(column).is_ok_and(|column| column > parent))
    }

    /// An empty value alone on its line: beside siblings it adds nothing; where it is all there is, it must be
    /// written. Returns whether the line is dealt with.
    fn alone_and_empty(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get(index) else { return true };
        let text = match &slot.content {
            Content::Omit => return true,
            Content::Yaml(text) => return is_empty_text(text),
            Content::Data(node) => match &node.value {
                Value::Null => "null",
                Value::Map(map) if map.is_empty() => "{}",
                Value::Seq(items) if items.is_empty() => "[]",
                _ => return false,
            },
        };
        if let Some(parent) = self.state.open.filter(|_| self.state.pending.is_none()) {
            self.state.pending = Some(Pending { parent, text, slot: index });
        }
        true
    }

    /// Writes or forgets an empty value that waits, now that it is known what follows: the column of the next line
    /// and whether it begins with a dash.
    fn flush_pending(&mut self, next: Option<(usize, bool)>) {
        let Some(pending) = self.state.pending.take() else { return };
        // List items may stand at the column of their key.
        let sibling =
            |(column, dash): (usize, bool)| column > pending.parent || column == pending.parent && dash;
        if next.is_some_and(sibling) {
            return;
        }
        // The output stands at the start of a line, or (in nested text) behind the next line's blanks.
        let blanks = self.out.len() - self.out.trim_end_matches(' ').len();
        self.truncate(self.out.len() - blanks);
        self.spaces(pending.parent + 2);
        self.push_value(pending.text, pending.slot, None);
        self.out.push('\n');
        self.spaces(blanks);
    }

    /// Places what begins at byte `at` of a line: dashes, keys, properties, then the value. `parent` is the column of
    /// the collection entry that holds it. Returns whether the line stays.
    fn node(
        &mut self,
        line: &Line,
        mut at: usize,
        mut position: Position,
        mut parent: isize,
        shift: usize,
    ) -> bool {
        let bytes = line.text.as_bytes();
        let end = bytes.len();
        // Where the output stood before the entry that a value to omit would take along.
        let mut entry = self.line_start;
        loop {
            let Some(&byte) = bytes.get(at) else {
                self.state.open = usize::try_from(parent).ok().filter(|_| position != Position::Alone);
                return true;
            };
            let column = shift + at;
            match byte {
                b'#' if at == 0 || bytes[at - 1] == b' ' => {
                    self.state.open = usize::try_from(parent).ok().filter(|_| position != Position::Alone);
                    self.comment(line, at);
                    return true;
                }
                b'-' | b'?' if is_gap(bytes, at + 1) && position != Position::AfterKey => {
                    parent = signed(column);
                    if position == Position::AfterDash {
                        entry = self.out.len();
                    }
                    let next = skip_blanks(bytes, at + 1);
                    self.copy(line, at, next);
                    at = next;
                    position = Position::AfterDash;
                }
                b'&' | b'!' => {
                    let stop = bytes[at..].iter().position(|b| *b == b' ').map_or(end, |found| at + found);
                    let next = skip_blanks(bytes, stop);
                    self.text_range(line, at, stop);
                    self.copy(line, stop, next);
                    at = next;
                }
                b'|' | b'>' => {
                    let header = at + 1;
                    self.copy(line, at, header);
                    let header_out = self.out.len();
                    let stop = header
                        + bytes[header..]
                            .iter()
                            .take_while(|b| matches!(b, b'+' | b'-' | b'0'..=b'9'))
                            .count();
                    let digit = bytes[header..stop]
                        .iter()
                        .find(|b| b.is_ascii_digit())
                        .map(|b| usize::from(b - b'0'));
                    self.copy(line, header, stop);
                    self.state.scalar = Some(BlockScalar {
                        parent,
                        folded: byte == b'>',
                        indent: digit.map(|digit| usize::try_from(parent.max(0)).unwrap_or(0) + digit),
                        header: header_out,
                    });
                    self.after_value(line, stop);
                    return true;
                }
                b'"' | b'\'' => {
                    let close = self.quoted(line, at, byte);
                    if self.state.quote.is_some() {
                        return true;
                    }
                    if position != Position::AfterKey
                        && let Some(next) = key_colon(bytes, close)
                    {
                        self.copy(line, close, next);
                        (at, parent, position) = (next, signed(column), Position::AfterKey);
                        continue;
                    }
                    self.after_value(line, close);
                    return true;
                }
                b'[' | b'{' => {
                    let close = self.flow(line, at);
                    if self.state.flow == 0 {
                        self.after_value(line, close);
                    }
                    return true;
                }
                _ => {
                    let plain = plain_end(bytes, at, position != Position::AfterKey);
                    if plain.is_key {
                        if position == Position::AfterDash {
                            entry = self.out.len();
                        }
                        self.key(line, at, plain.end);
                        let next = key_colon(bytes, plain.end).unwrap_or(plain.end);
                        self.copy(line, plain.end, next);
                        (at, parent, position) = (next, signed(column), Position::AfterKey);
                        continue;
                    }
                    return self.plain_value(line, at, plain.end, position, parent, column, entry);
                }
            }
        }
    }

    /// Places a plain scalar, or whatever value stands in the place of one. Returns whether the line stays.
    #[expect(clippy::too_many_arguments, reason = "the place of a value has that many parts")]
    fn plain_value(
        &mut self,
        line: &Line,
        at: usize,
        end: usize,
        position: Position,
        parent: isize,
        column: usize,
        entry: usize,
    ) -> bool {
        let range = &line.text.as_bytes()[at..end];
        let slots = line.slots_in(at, end);
        if slots.is_empty() {
            self.copy(line, at, end);
            self.state.plain = Some(if position == Position::Alone { signed(column) } else { parent });
            self.after_value(line, end);
            return true;
        }
        if range == [SLOT] {
            return self.value(line, slots[0], end, position, parent, column, entry);
        }
        let text = self.compose(line, at, end);
        let written = emit::scalar(&text, Context::Block);
        self.push_value(&written, slots[0], None);
        self.after_value(line, end);
        true
    }

    /// Places a value that stands alone. Returns whether the line stays.
    #[expect(clippy::too_many_arguments, reason = "the place of a value has that many parts")]
    fn value(
        &mut self,
        line: &Line,
        index: usize,
        end: usize,
        position: Position,
        parent: isize,
        column: usize,
        entry: usize,
    ) -> bool {
        let slots = self.slots;
        let Some(slot) = slots.get(index) else { return true };
        // A block under its key or dash stands two columns deeper than that.
        let below = usize::try_from(parent + 2).unwrap_or(column);
        match &slot.content {
            Content::Omit => {
                self.truncate(entry);
                let whole_line = entry == self.line_start;
                // `- key: value` lost its first key: the others follow on their own lines.
                if !whole_line {
                    self.trim_blanks();
                }
                !whole_line
            }
            Content::Data(node) => {
                let comment_first = emit::starts_on_next_line(node) && has_comment(line, end);
                if comment_first {
                    self.comment_before_block(line, end, position, column);
                } else if emit::starts_on_next_line(node) && position == Position::AfterKey {
                    self.trim_blanks();
                }
                let (at, place) = match position {
                    Position::AfterKey => (usize::try_from(parent).unwrap_or(0), emit::Position::MapValue),
                    Position::AfterDash if comment_first => {
                        self.out.push('\n');
                        self.spaces(below);
                        (below, emit::Position::Root)
                    }
                    // The author's blanks behind the dash set the column of a block.
                    Position::AfterDash if emit::starts_on_next_line(node) => (column, emit::Position::Root),
                    Position::AfterDash => (usize::try_from(parent).unwrap_or(0), emit::Position::SeqItem),
                    Position::Alone => (column, emit::Position::Root),
                };
                self.value_segment(index, slot.origin);
                let start = self.out.len();
                emit::value(node, at, place, &mut self.out);
                if comment_first {
                    return true;
                }
                // The comment behind a text of several lines goes behind the header of its block.
                match self.out[start..].find('\n') {
                    Some(header) if has_comment(line, end) => {
                        let lines = self.out.split_off(start + header);
                        self.after_value(line, end);
                        self.out.push_str(&lines);
                    }
                    _ => self.after_value(line, end),
                }
                true
            }
            Content::Yaml(text) => {
                if is_empty_text(text) {
                    self.trim_blanks();
                    self.state.open = usize::try_from(parent).ok().filter(|_| position != Position::Alone);
                    self.after_value(line, end);
                    return true;
                }
                let all = block_lines(text, self.sites.tables);
                let block = all.first().is_some_and(|first| begins_collection(first.text.as_bytes()));
                let outer = self.enclose(index);
                if block
                    && position != Position::Alone
                    && (position == Position::AfterKey || has_comment(line, end))
                {
                    self.trim_blanks();
                    self.comment_before_block(line, end, position, column);
                    self.out.push('\n');
                    self.spaces(below);
                    self.nested(text, below);
                } else {
                    let shift = if block || position == Position::Alone {
                        column
                    } else if begins_block_scalar(all.first()) {
                        usize::try_from(parent.max(0)).unwrap_or(0)
                    } else {
                        below
                    };
                    self.nested(text, shift);
                    self.after_value(line, end);
                }
                self.enclosing = outer;
                true
            }
        }
    }

    /// Writes the comment that follows a value, if there is one, before the block that the value becomes.
    fn comment_before_block(&mut self, line: &Line, end: usize, position: Position, column: usize) {
        if !has_comment(line, end) {
            return;
        }
        let hash = skip_blanks(line.text.as_bytes(), end);
        if position == Position::Alone {
            self.comment(line, hash);
            self.out.push('\n');
            self.spaces(column);
        } else {
            self.trim_blanks();
            self.out.push(' ');
            self.comment(line, hash);
        }
    }

    fn trim_blanks(&mut self) {
        self.truncate(self.out.trim_end_matches(' ').len());
    }

    /// Copies what follows a value on its line: blanks, a comment.
    fn after_value(&mut self, line: &Line, at: usize) {
        let bytes = line.text.as_bytes();
        let hash = skip_blanks(bytes, at);
        if bytes.get(hash) == Some(&b'#') && hash > at {
            self.copy(line, at, hash);
            self.comment(line, hash);
            self.state.plain = None;
        } else {
            self.text_range(line, at, bytes.len());
        }
    }

    /// After a quoted scalar that began on an earlier line.
    fn after_open(&mut self, line: &Line, at: usize) {
        if self.state.flow > 0 {
            let next = self.flow(line, at);
            if self.state.flow == 0 {
                self.after_value(line, next);
            }
        } else {
            self.after_value(line, at);
        }
    }

    /// Places a key.
    fn key(&mut self, line: &Line, at: usize, end: usize) {
        let slots = line.slots_in(at, end);
        if slots.is_empty() {
            self.copy(line, at, end);
            return;
        }
        let text = self.compose(line, at, end);
        let written = emit::scalar(&text, Context::Key);
        self.push_value(&written, slots[0], None);
    }

    /// Places a comment: values on one line.
    fn comment(&mut self, line: &Line, at: usize) {
        let mut from = at;
        for (byte, index) in line.slot_bytes(at, line.text.len()) {
            self.copy(line, from, byte);
            let text = match &self.slots[index].content {
                Content::Data(node) if is_collection(node) => emit::flow_json(node),
                _ => self.text_of(index).into_owned(),
            };
            let one_line: String =
                text.chars().map(|c| if c.is_control() || is_break(c) { ' ' } else { c }).collect();
            self.push_value(&one_line, index, self.slots[index].origin);
            from = byte + 1;
        }
        self.copy(line, from, line.text.len());
    }

    /// Places the values of a range as bare text (nothing better is known of the place).
    fn text_range(&mut self, line: &Line, at: usize, end: usize) {
        let mut from = at;
        for (byte, index) in line.slot_bytes(at, end) {
            self.copy(line, from, byte);
            let text = self.text_of(index).into_owned();
            self.push_value(&text, index, self.slots[index].origin);
            from = byte + 1;
        }
        self.copy(line, from, end);
    }

    /// Places a quoted scalar from its opening quote; returns the byte after the closing one. The state holds the
    /// quote if the scalar goes on in the next line.
    fn quoted(&mut self, line: &Line, at: usize, quote: u8) -> usize {
        let bytes = line.text.as_bytes();
        if quote == b'\'' {
            let close = close_quote(bytes, at + 1, quote);
            let slots = line.slots_in(at, close.unwrap_or(bytes.len()));
            let fits = slots.iter().all(|index| emit::escape_single(&self.text_of(*index)).is_some());
            if !fits {
                let Some(close) = close else {
                    self.error(
                        slots[0],
                        "this value does not fit between single quotes that span lines",
                        |d| d.help("use double quotes"),
                    );
                    return bytes.len();
                };
                // What single quotes cannot hold, double quotes can.
                let text = self.compose_from(line, at + 1, close, |literal| literal.replace("''", "'"));
                let written = format!("\"{}\"", emit::escape_double(&text));
                self.push_value(&written, slots[0], None);
                return close + 1;
            }
        }
        self.copy(line, at, at + 1);
        self.quoted_rest(line, at + 1, quote)
    }

    /// Places the rest of a quoted scalar.
    fn quoted_rest(&mut self, line: &Line, at: usize, quote: u8) -> usize {
        let bytes = line.text.as_bytes();
        let close = close_quote(bytes, at, quote);
        self.state.quote = if close.is_none() { Some(quote) } else { None };
        let end = close.unwrap_or(bytes.len());
        let mut from = at;
        for (byte, index) in line.slot_bytes(at, end) {
            self.copy(line, from, byte);
            let text = self.text_of(index).into_owned();
            let escaped = if quote == b'"' {
                emit::escape_double(&text)
            } else if let Some(escaped) = emit::escape_single(&text) {
                escaped
            } else {
                self.error(index, "this value does not fit between single quotes", |d| {
                    d.help("use double quotes")
                });
                String::new()
            };
            self.push_value(&escaped, index, self.slots[index].origin);
            from = byte + 1;
        }
        self.copy(line, from, end);
        match close {
            Some(close) => {
                self.copy(line, close, close + 1);
                close + 1
            }
            None => end,
        }
    }

    /// Places the inside of flow collections until the outermost closes; returns the byte after that.
    fn flow(&mut self, line: &Line, mut at: usize) -> usize {
        let bytes = line.text.as_bytes();
        while at < bytes.len() {
            match bytes[at] {
                b'[' | b'{' => {
                    self.state.flow += 1;
                    self.copy(line, at, at + 1);
                    at += 1;
                }
                b']' | b'}' => {
                    self.state.flow = self.state.flow.saturating_sub(1);
                    self.copy(line, at, at + 1);
                    at += 1;
                    if self.state.flow == 0 {
                        return at;
                    }
                }
                quote @ (b'"' | b'\'') => {
                    at = self.quoted(line, at, quote);
                    if self.state.quote.is_some() {
                        return at;
                    }
                }
                b'#' if at == 0 || bytes[at - 1] == b' ' => {
                    self.comment(line, at);
                    return bytes.len();
                }
                b' ' | b'\t' | b',' | b':' => {
                    self.copy(line, at, at + 1);
                    at += 1;
                }
                _ => {
                    let end = flow_plain_end(bytes, at);
                    self.flow_plain(line, at, end);
                    at = end;
                }
            }
        }
        at
    }

    fn flow_plain(&mut self, line: &Line, at: usize, end: usize) {
        let bytes = line.text.as_bytes();
        let slots = line.slots_in(at, end);
        if slots.is_empty() {
            self.copy(line, at, end);
            return;
        }
        let is_key = bytes.get(end) == Some(&b':');
        let slots_table = self.slots;
        let slot = &slots_table[slots[0]];
        let written = match &slot.content {
            Content::Data(node) if bytes[at..end] == [SLOT] && !is_key => emit::flow_json(node),
            Content::Yaml(text) if bytes[at..end] == [SLOT] && !is_key => {
                let mut inner = Placer::new(self.slots, self.sites);
                inner.depth = self.depth + 1;
                inner.nested(text, 0);
                self.errors.append(&mut inner.errors);
                if inner.out.contains('\n') {
                    self.error(slots[0], "YAML of several lines cannot stand in a flow collection", |d| {
                        d.help("write the list or map as a block")
                    });
                }
                inner.out
            }
            _ => format!("\"{}\"", emit::escape_double(&self.compose(line, at, end))),
        };
        self.push_value(&written, slots[0], slot.origin);
    }

    /// Places a line of a block scalar. Returns false, and closes the scalar, if the line is not part of it.
    fn scalar_line(&mut self, line: &Line, indent: usize, shift: usize) -> bool {
        let bytes = line.text.as_bytes();
        let blank =
            line.slots.is_empty() && bytes[indent..].iter().all(|b| matches!(b, b' ' | b'\t' | b'\r'));
        let Some(scalar) = &self.state.scalar else { return false };
        let column = shift + indent;
        if !blank && signed(column) <= scalar.parent {
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
        for (byte, index) in line.slot_bytes(indent, bytes.len()) {
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
                self.error(index, "this value holds characters that a block scalar cannot", |d| {
                    d.help("write it alone as the value, `key: {{ .. }}`, and it will be quoted and escaped")
                });
            }
            let place = TextPlace { column, folded, begins_line: byte == indent, ends_line: last };
            let written = place.write(&text);
            self.push_value(&written, index, self.slots[index].origin);
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
                "a text that begins with blanks cannot stand this deep in a block scalar",
                |d| d.help("indent the block by 1 to 9 columns"),
            );
            return;
        }
        self.out.insert_str(at, &depth.to_string());
        for segment in self.segments.iter_mut().rev().take_while(|segment| segment.start as usize >= at) {
            segment.start += 1;
        }
    }

    /// The text of a value in a block scalar: YAML stands there as the text it is.
    fn block_text_of(&mut self, index: usize) -> String {
        let slots = self.slots;
        match slots.get(index).map(|slot| &slot.content) {
            Some(Content::Yaml(text)) => self.rendered(text),
            _ => self.text_of(index).into_owned(),
        }
    }

    /// YAML text by itself, placed at column 0.
    fn rendered(&mut self, text: &str) -> String {
        let mut inner = Placer::new(self.slots, self.sites);
        inner.depth = self.depth + 1;
        inner.nested(text, 0);
        self.errors.append(&mut inner.errors);
        inner.out
    }

    /// The text of a value that becomes part of a string.
    fn text_of(&mut self, index: usize) -> Cow<'a, str> {
        let slots = self.slots;
        let Some(slot) = slots.get(index) else { return Cow::Borrowed("") };
        match &slot.content {
            Content::Omit => {
                self.error(index, "`omit_empty` drops a whole `key: value` line or list item", |d| {
                    d.help("inside a string, use `default(value=\"\")`")
                });
                Cow::Borrowed("")
            }
            Content::Yaml(text) => Cow::Owned(unquote(&self.rendered(text))),
            Content::Data(node) => scalar_text(node).unwrap_or_else(|| {
                self.error(index, &format!("{} cannot stand inside a string", node.type_name()), |d| {
                    d.help("name one of its entries, or write `| to_json` to embed it as text")
                });
                Cow::Borrowed("")
            }),
        }
    }

    /// The string that a range of literal text and values makes.
    fn compose(&mut self, line: &Line, at: usize, end: usize) -> String {
        self.compose_from(line, at, end, str::to_owned)
    }

    /// The same, where literal text means what `read` makes of it.
    fn compose_from(&mut self, line: &Line, at: usize, end: usize, read: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        let mut from = at;
        for (byte, index) in line.slot_bytes(at, end) {
            text.push_str(&read(&line.text[from..byte]));
            text.push_str(&self.text_of(index));
            from = byte + 1;
        }
        text.push_str(&read(&line.text[from..end]));
        text
    }

    /// Text mode: no YAML, values as text.
    fn plain_text(&mut self, marked: &str) {
        if self.too_deep() {
            return;
        }
        self.depth += 1;
        for line in lines(marked, self.sites.tables) {
            let mut from = 0;
            for (byte, index) in line.slot_bytes(0, line.text.len()) {
                self.copy(&line, from, byte);
                let slots = self.slots;
                match slots.get(index).map(|slot| &slot.content) {
                    Some(Content::Yaml(text)) => {
                        self.plain_text(text.strip_suffix('\n').unwrap_or(text));
                    }
                    Some(Content::Data(node)) => {
                        let text = scalar_text(node).map_or_else(|| emit::flow_json(node), Cow::into_owned);
                        self.push_value(&text, index, self.slots[index].origin);
                    }
                    _ => {}
                }
                from = byte + 1;
            }
            self.copy(&line, from, line.text.len());
            if line.newline {
                self.copy_break();
            }
        }
        self.depth -= 1;
    }

    /// Whether what is to be placed stands too deep in what is placed already; it is an error, not left out.
    fn too_deep(&mut self) -> bool {
        let deep = self.depth >= MAX_NESTING;
        if deep {
            let message = format!("values stand inside each other more than {MAX_NESTING} deep");
            let found = Diagnostic::error(message).help("does a component or `tpl` call itself?");
            self.errors.push(match self.enclosing {
                Some(span) => found.at(span, ""),
                None => found,
            });
        }
        deep
    }

    fn error(&mut self, index: usize, message: &str, more: impl FnOnce(Diagnostic) -> Diagnostic) {
        let span = self.site_span(index);
        self.errors.push(more(Diagnostic::error(message).at(span, "this value")));
    }

    fn site_span(&self, index: usize) -> Span {
        let site = self.slots.get(index).and_then(|slot| self.sites.tables.sites.get(slot.site));
        site.map_or(Span::NONE, |site| self.visible(site.tag))
    }

    /// The user's own template place: text from the component library points at the call.
    fn visible(&self, place: Place) -> Span {
        let own = self.sites.files.span(place);
        if place.is_library() { self.enclosing.unwrap_or(own) } else { own }
    }

    /// Makes the site of a slot the place that library text inside it points at.
    fn enclose(&mut self, index: usize) -> Option<Span> {
        let outer = self.enclosing;
        self.enclosing = Some(self.site_span(index));
        outer
    }

    /// Copies literal text.
    fn copy(&mut self, line: &Line, from: usize, to: usize) {
        if from >= to {
            return;
        }
        let index = line.origins.partition_point(|(byte, _)| *byte <= from);
        if let Some((byte, place)) = index.checked_sub(1).map(|index| line.origins[index]) {
            self.segment_of_text(place.skip(from - byte));
        }
        self.out.push_str(&line.text[from..to]);
    }

    fn segment_of_text(&mut self, place: Place) {
        let start = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        let span = self.visible(place);
        let segment = Segment { start, template: span, verbatim: !place.is_library(), value: None };
        // Text that goes on from where the last stretch ended needs no stretch of its own.
        if let Some(last) = self.segments.last() {
            let goes_on = last.verbatim == segment.verbatim
                && last.value.is_none()
                && last.template.source == segment.template.source
                && if segment.verbatim {
                    last.template.end == span.end && last.template.start + (start - last.start) == span.start
                } else {
                    last.template == segment.template
                };
            if goes_on {
                return;
            }
        }
        self.segments.push(segment);
    }

    fn copy_break(&mut self) {
        self.out.push('\n');
    }

    fn spaces(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    /// Writes text that came from a value.
    fn push_value(&mut self, text: &str, index: usize, origin: Option<Span>) {
        self.value_segment(index, origin);
        self.out.push_str(text);
    }

    fn value_segment(&mut self, index: usize, origin: Option<Span>) {
        let origin = origin.or_else(|| self.slots.get(index).and_then(|slot| slot.origin));
        let start = u32::try_from(self.out.len()).unwrap_or(u32::MAX);
        self.segments.push(Segment {
            start,
            template: self.site_span(index),
            verbatim: false,
            value: origin,
        });
    }

    fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
        while self.segments.last().is_some_and(|segment| segment.start as usize > length) {
            self.segments.pop();
        }
    }
}

impl Line {
    /// The slots between two bytes.
    fn slots_in(&self, from: usize, to: usize) -> Vec<usize> {
        self.slot_bytes(from, to).into_iter().map(|(_, index)| index).collect()
    }

    /// The slots between two bytes with their bytes.
    fn slot_bytes(&self, from: usize, to: usize) -> Vec<(usize, usize)> {
        if self.slots.is_empty() {
            return Vec::new();
        }
        let positions = self.text.bytes().enumerate().filter(|(_, byte)| *byte == SLOT);
        positions
            .zip(&self.slots)
            .map(|((byte, _), index)| (byte, *index))
            .filter(|(byte, _)| (from..to).contains(byte))
            .collect()
    }
}

/// The lines of YAML text without blank lines around them, shifted so that the least indented begins at column 0.
fn block_lines(marked: &str, tables: &Tables) -> Vec<Line> {
    let mut all = lines(marked, tables);
    let is_blank = |line: &Line| line.text.trim().is_empty();
    while all.last().is_some_and(is_blank) {
        all.pop();
    }
    let first = all.iter().position(|line| !is_blank(line)).unwrap_or(all.len());
    all.drain(..first);
    let least = all
        .iter()
        .filter(|line| !is_blank(line))
        .map(|line| line.text.len() - line.text.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    for line in &mut all {
        let cut = least.min(line.text.len() - line.text.trim_start_matches(' ').len());
        line.text.drain(..cut);
        for (byte, place) in &mut line.origins {
            *place = place.skip(cut.saturating_sub(*byte));
            *byte = byte.saturating_sub(cut);
        }
    }
    all
}

fn is_empty_text(marked: &str) -> bool {
    // Markers of literal text alone say nothing; one of a value may.
    !marked.contains(&format!("{OPEN}V")) && marked.trim().is_empty()
}

/// Where a text stands in a block scalar.
struct TextPlace {
    column: usize,
    folded: bool,
    /// Nothing stands before it on its line.
    begins_line: bool,
    /// Nothing stands behind it on its line.
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

/// Where a plain scalar ends, and whether it is a key.
struct PlainEnd {
    end: usize,
    is_key: bool,
}

fn plain_end(bytes: &[u8], from: usize, may_be_key: bool) -> PlainEnd {
    let mut at = from;
    let mut end = from;
    while at < bytes.len() {
        match bytes[at] {
            b'#' if at > from && bytes[at - 1] == b' ' => break,
            b':' if may_be_key && is_gap(bytes, at + 1) => return PlainEnd { end, is_key: true },
            b' ' | b'\t' | b'\r' => {}
            _ => end = at + 1,
        }
        at += 1;
    }
    PlainEnd { end, is_key: false }
}

fn flow_plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut end = from;
    while at < bytes.len() {
        match bytes[at] {
            b',' | b'[' | b']' | b'{' | b'}' => break,
            b'#' if bytes[at - 1] == b' ' => break,
            b':' if is_gap(bytes, at + 1) || matches!(bytes.get(at + 1), Some(b',' | b']' | b'}')) => break,
            b' ' | b'\t' | b'\r' => {}
            _ => end = at + 1,
        }
        at += 1;
    }
    end.max(from + 1)
}

/// Whether a blank or the end of the line is at `at`.
fn is_gap(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\t' | b'\r'))
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    from + bytes[from.min(bytes.len())..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Past the colon and the blanks behind it, if the bytes at `at` make what came before a key.
fn key_colon(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = skip_blanks(bytes, at);
    (bytes.get(colon) == Some(&b':') && is_gap(bytes, colon + 1)).then(|| skip_blanks(bytes, colon + 1))
}

/// Whether a line of YAML begins a block mapping or sequence.
fn begins_collection(bytes: &[u8]) -> bool {
    let at = skip_blanks(bytes, 0);
    match bytes.get(at) {
        Some(b'-' | b'?') if is_gap(bytes, at + 1) => true,
        Some(quote @ (b'"' | b'\'')) => {
            close_quote(bytes, at + 1, *quote).is_some_and(|close| key_colon(bytes, close + 1).is_some())
        }
        Some(b'[' | b'{' | b'|' | b'>' | b'#') | None => bytes.get(at) == Some(&b'#'),
        Some(_) => plain_end(bytes, at, true).is_key,
    }
}

fn begins_block_scalar(line: Option<&Line>) -> bool {
    line.is_some_and(|line| line.text.starts_with(['|', '>']))
}

fn starts_document(bytes: &[u8]) -> bool {
    (bytes.starts_with(b"---") || bytes.starts_with(b"...")) && is_gap(bytes, 3)
}

fn close_quote(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote => {
                if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') {
                    at += 2;
                } else {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

fn has_comment(line: &Line, at: usize) -> bool {
    let bytes = line.text.as_bytes();
    bytes.get(skip_blanks(bytes, at)) == Some(&b'#')
}

fn is_collection(node: &Node) -> bool {
    matches!(node.value, Value::Map(_) | Value::Seq(_))
}

fn is_deeper(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn signed(column: usize) -> isize {
    isize::try_from(column).unwrap_or(isize::MAX)
}

/// The text of a scalar inside a string; `None` for collections.
fn scalar_text(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Uint(number) => Cow::Owned(number.to_string()),
        Value::Float(_) => Cow::Owned(emit::flow_json(node)),
        Value::Seq(_) | Value::Map(_) => return None,
    })
}

/// The text of YAML that is one quoted scalar; any other YAML as it is.
fn unquote(yaml: &str) -> String {
    let text = yaml.trim();
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = inner('\'').filter(|inner| !inner.replace("''", "").contains('\'')) {
        return inner.replace("''", "'");
    }
    if text.starts_with('"')
        && let Ok(serde_json::Value::String(inner)) = serde_json::from_str(text)
    {
        return inner;
    }
    text.to_owned()
}
