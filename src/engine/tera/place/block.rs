//! Lines in block style: dashes, keys, and the values behind them.

use super::lines::{Line, Lines, SLOT};
use super::literal::BlockScalar;
use super::scan::{
    begins_collection, indentation, is_blank, is_gap, is_right_of, key_colon, plain_end, signed, skip_blanks,
    starts_document,
};
use super::{Content, Placer, State, is_empty_text};
use crate::yaml::{Context, Node, Value, emit};

/// An empty map, list or null that waits for what follows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pending {
    /// The column of the key or dash whose value it is.
    parent: usize,
    text: &'static str,
    slot: usize,
}

/// Where a value stands relative to what came before it on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Alone,
    AfterKey,
    AfterDash,
}

/// Where in its line a value stands.
#[derive(Debug, Clone, Copy)]
struct Spot {
    position: Position,
    /// The column of the collection entry that holds it; -1 at the top level.
    parent: isize,
    /// Its own column.
    column: usize,
    /// Where the output stood before the entry, which a value to omit takes along.
    entry: usize,
}

impl Spot {
    /// Goes behind the key or dash at the spot.
    fn enter(&mut self, position: Position) {
        self.parent = signed(self.column);
        self.position = position;
    }

    /// The column of the key or dash that the value belongs to, if there is one on the line.
    fn holder(self) -> Option<usize> {
        usize::try_from(self.parent).ok().filter(|_| self.position != Position::Alone)
    }

    /// The column of a block below the key or dash: two deeper than that.
    fn below(self) -> usize {
        usize::try_from(self.parent + 2).unwrap_or(self.column)
    }
}

impl Placer<'_> {
    /// Places YAML text at a column: the first line goes where the output stands.
    pub(super) fn place_nested(&mut self, lines: &Lines, column: usize) {
        if self.is_full || self.too_deep() {
            return;
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.state);
        let mut written = false;
        for line in lines.iter() {
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
            self.push_value(pending.text, pending.slot);
        }
        self.state = outer;
        self.depth -= 1;
    }

    /// Places one line. `shift` is the column at which the line's text begins; `own_break` says whether the line
    /// writes its own line break (nested text leaves that to its caller).
    pub(super) fn line(&mut self, line: Line<'_>, shift: usize, own_break: bool) {
        self.reserve(1);
        if self.is_full {
            return;
        }
        let bytes = line.text.as_bytes();
        let indent = indentation(bytes);
        let end = bytes.len();
        self.line_start = self.out.len();
        if self.state.scalar.is_some() && self.scalar_line(line, indent, shift) {
            self.line_break(line, own_break);
            return;
        }
        if let Some(quote) = self.state.quote {
            self.copy(line, 0, indent);
            let at = self.place_quoted_rest(line, indent, quote);
            if self.state.quote.is_none() {
                self.after_open(line, at);
            }
            self.line_break(line, own_break);
            return;
        }
        if self.state.flow > 0 {
            let at = self.place_flow(line, 0);
            if self.state.flow == 0 {
                self.after_value(line, at);
            }
            self.line_break(line, own_break);
            return;
        }
        if is_blank(&bytes[indent..]) {
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
            let text = 3 + indentation(&bytes[3.min(end)..]);
            self.copy(line, 3.min(end), text.min(end));
            if text < end && bytes[0] != b'%' {
                self.node(line, text, shift);
            } else {
                self.copy(line, text.min(end), end);
            }
            self.line_break(line, own_break);
            return;
        }
        if self.continues_plain(column) {
            if let Some(slot) = line.first_value(0, end) {
                self.error(slot, "a value cannot be used in a continuation line of a plain scalar", |d| {
                    d.help("quote the scalar, or write it as a block: `key: >-`")
                });
            }
            self.copy(line, 0, end);
            self.line_break(line, own_break);
            return;
        }
        self.state.plain = None;
        if line.only_value().is_some_and(|slot| self.is_alone_and_empty(slot)) {
            return;
        }
        self.flush_pending(Some((column, bytes[indent] == b'-' && is_gap(bytes, indent + 1))));
        self.state.open = None;
        self.line_start = self.out.len();
        self.copy(line, 0, indent);
        let kept = self.node(line, indent, shift);
        if kept {
            self.line_break(line, own_break);
        }
    }

    fn line_break(&mut self, line: Line<'_>, own_break: bool) {
        if own_break && line.newline {
            self.out.push('\n');
        }
    }

    fn continues_plain(&self, column: usize) -> bool {
        self.state.plain.is_some_and(|parent| is_right_of(column, parent))
    }

    /// An empty value alone on its line: beside siblings it adds nothing; where it is all there is, it must be
    /// written. Returns whether the line is dealt with.
    fn is_alone_and_empty(&mut self, index: usize) -> bool {
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
    pub(super) fn flush_pending(&mut self, next: Option<(usize, bool)>) {
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
        self.push_value(pending.text, pending.slot);
        self.out.push('\n');
        self.spaces(blanks);
    }

    /// Places what begins at byte `at` of a line: dashes, keys, properties, then the value. Returns whether the line
    /// stays.
    fn node(&mut self, line: Line<'_>, mut at: usize, shift: usize) -> bool {
        let bytes = line.text.as_bytes();
        let end = bytes.len();
        let mut spot =
            Spot { position: Position::Alone, parent: -1, column: shift + at, entry: self.line_start };
        loop {
            let Some(&byte) = bytes.get(at) else {
                self.state.open = spot.holder();
                return true;
            };
            spot.column = shift + at;
            match byte {
                b'#' if at == 0 || bytes[at - 1] == b' ' => {
                    self.state.open = spot.holder();
                    self.comment(line, at);
                    return true;
                }
                b'-' | b'?' if is_gap(bytes, at + 1) && spot.position != Position::AfterKey => {
                    if spot.position == Position::AfterDash {
                        spot.entry = self.out.len();
                    }
                    let next = skip_blanks(bytes, at + 1);
                    self.copy(line, at, next);
                    at = next;
                    spot.enter(Position::AfterDash);
                }
                b'&' | b'!' => {
                    let stop = bytes[at..].iter().position(|b| *b == b' ').map_or(end, |found| at + found);
                    let next = skip_blanks(bytes, stop);
                    self.text_range(line, at, stop);
                    self.copy(line, stop, next);
                    at = next;
                }
                b'|' | b'>' => {
                    self.block_scalar(line, at, spot.parent);
                    return true;
                }
                b'"' | b'\'' => {
                    let close = self.place_quoted(line, at, byte);
                    if self.state.quote.is_some() {
                        return true;
                    }
                    if spot.position != Position::AfterKey
                        && let Some(next) = key_colon(bytes, close)
                    {
                        self.copy(line, close, next);
                        at = next;
                        spot.enter(Position::AfterKey);
                        continue;
                    }
                    self.after_value(line, close);
                    return true;
                }
                b'[' | b'{' => {
                    let close = self.place_flow(line, at);
                    if self.state.flow == 0 {
                        self.after_value(line, close);
                    }
                    return true;
                }
                _ => {
                    let plain = plain_end(bytes, at, spot.position != Position::AfterKey);
                    if !plain.is_key {
                        return self.plain_value(line, at, plain.end, spot);
                    }
                    if spot.position == Position::AfterDash {
                        spot.entry = self.out.len();
                    }
                    self.key(line, at, plain.end);
                    let next = key_colon(bytes, plain.end).unwrap_or(plain.end);
                    self.copy(line, plain.end, next);
                    at = next;
                    spot.enter(Position::AfterKey);
                }
            }
        }
    }

    /// Places the header of a block scalar; its lines follow.
    fn block_scalar(&mut self, line: Line<'_>, at: usize, parent: isize) {
        let bytes = line.text.as_bytes();
        let indicators = at + 1;
        self.copy(line, at, indicators);
        let header = self.out.len();
        let rest = &bytes[indicators..];
        let count = rest.iter().take_while(|b| matches!(b, b'+' | b'-' | b'0'..=b'9')).count();
        let digit = rest[..count].iter().find(|b| b.is_ascii_digit()).map(|b| usize::from(b - b'0'));
        self.copy(line, indicators, indicators + count);
        self.state.scalar = Some(BlockScalar {
            parent,
            folded: bytes[at] == b'>',
            indent: digit.map(|digit| usize::try_from(parent).unwrap_or(0) + digit),
            header,
        });
        self.after_value(line, indicators + count);
    }

    /// Places a plain scalar, or whatever value stands in the place of one. Returns whether the line stays.
    fn plain_value(&mut self, line: Line<'_>, at: usize, end: usize, spot: Spot) -> bool {
        let Some(first) = line.first_value(at, end) else {
            self.copy(line, at, end);
            let alone = spot.position == Position::Alone;
            self.state.plain = Some(if alone { signed(spot.column) } else { spot.parent });
            self.after_value(line, end);
            return true;
        };
        if line.text.as_bytes()[at..end] == [SLOT] {
            return self.value(line, first, end, spot);
        }
        let text = self.compose(line, at, end);
        let written = emit::scalar(&text, Context::Block);
        self.push_value(&written, first);
        self.after_value(line, end);
        true
    }

    /// Places a value that stands alone. Returns whether the line stays.
    fn value(&mut self, line: Line<'_>, index: usize, end: usize, spot: Spot) -> bool {
        let slots = self.slots;
        match slots.get(index).map(|slot| &slot.content) {
            None => {}
            Some(Content::Omit) => {
                self.truncate(spot.entry);
                let whole_line = spot.entry == self.line_start;
                // `- key: value` lost its first key: the others follow on their own lines.
                if !whole_line {
                    self.trim_blanks();
                }
                return !whole_line;
            }
            Some(Content::Data(node)) => self.data(line, index, node, end, spot),
            Some(Content::Yaml(text)) if is_empty_text(text) => {
                self.trim_blanks();
                self.state.open = spot.holder();
                self.after_value(line, end);
            }
            Some(Content::Yaml(text)) => {
                self.place_within(index, |placer| placer.yaml(line, text, end, spot));
            }
        }
        true
    }

    /// Writes data that stands alone as a value.
    fn data(&mut self, line: Line<'_>, index: usize, node: &Node, end: usize, spot: Spot) {
        let on_next_line = emit::starts_on_next_line(node);
        let comment_first = on_next_line && has_comment(line, end);
        if comment_first {
            self.comment_before_block(line, end, spot);
        } else if on_next_line && spot.position == Position::AfterKey {
            self.trim_blanks();
        }
        let parent = usize::try_from(spot.parent).unwrap_or(0);
        let (at, place) = match spot.position {
            Position::AfterKey => (parent, emit::Position::MapValue),
            Position::AfterDash if comment_first => {
                self.out.push('\n');
                self.spaces(spot.below());
                (spot.below(), emit::Position::Root)
            }
            // The author's blanks behind the dash set the column of a block.
            Position::AfterDash if on_next_line => (spot.column, emit::Position::Root),
            Position::AfterDash => (parent, emit::Position::SeqItem),
            Position::Alone => (spot.column, emit::Position::Root),
        };
        self.value_segment(index);
        let start = self.out.len();
        if at > FAR_RIGHT {
            self.reserve(lines(node).saturating_mul(at));
        }
        if self.is_full {
            return;
        }
        emit::value(node, at, place, &mut self.out);
        self.reserve(self.out.len() - start);
        if comment_first {
            return;
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
    }

    /// Writes YAML that stands alone as a value.
    fn yaml(&mut self, line: Line<'_>, text: &str, end: usize, spot: Spot) {
        let lines = Lines::from_block(text, self.sites.tables);
        let first = lines.iter().next().map_or("", |first| first.text);
        let block = begins_collection(first.as_bytes());
        let alone = spot.position == Position::Alone;
        if block && !alone && (spot.position == Position::AfterKey || has_comment(line, end)) {
            self.trim_blanks();
            self.comment_before_block(line, end, spot);
            self.out.push('\n');
            self.spaces(spot.below());
            self.place_nested(&lines, spot.below());
            return;
        }
        let shift = if block || alone {
            spot.column
        } else if first.starts_with(['|', '>']) {
            usize::try_from(spot.parent).unwrap_or(0)
        } else {
            spot.below()
        };
        self.place_nested(&lines, shift);
        self.after_value(line, end);
    }

    /// Writes the comment that follows a value, if there is one, before the block that the value becomes.
    fn comment_before_block(&mut self, line: Line<'_>, end: usize, spot: Spot) {
        if !has_comment(line, end) {
            return;
        }
        let hash = skip_blanks(line.text.as_bytes(), end);
        if spot.position == Position::Alone {
            self.comment(line, hash);
            self.out.push('\n');
            self.spaces(spot.column);
        } else {
            self.trim_blanks();
            self.out.push(' ');
            self.comment(line, hash);
        }
    }

    /// Copies what follows a value on its line: blanks, a comment.
    pub(super) fn after_value(&mut self, line: Line<'_>, at: usize) {
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

    /// Places a key.
    fn key(&mut self, line: Line<'_>, at: usize, end: usize) {
        let Some(first) = line.first_value(at, end) else {
            self.copy(line, at, end);
            return;
        };
        let text = self.compose(line, at, end);
        let written = emit::scalar(&text, Context::Key);
        self.push_value(&written, first);
    }
}

/// The column from which on the blanks before a value's lines count for more than the lines.
const FAR_RIGHT: usize = 200;

/// At most how many lines a value is written on.
fn lines(node: &Node) -> usize {
    match &node.value {
        Value::Seq(items) => items.iter().map(lines).sum(),
        Value::Map(map) => map.iter().map(|entry| 1 + lines(&entry.value)).sum(),
        Value::String(text) => 1 + text.matches('\n').count(),
        _ => 1,
    }
}

fn has_comment(line: Line<'_>, at: usize) -> bool {
    let bytes = line.text.as_bytes();
    bytes.get(skip_blanks(bytes, at)) == Some(&b'#')
}
