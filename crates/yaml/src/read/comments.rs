//! Which comment belongs to which key or item, as go-yaml v3 decides it: the reader of the tools that make
//! documentation of the comments in values files.
//!
//! Only comments above a node count here. Those that go-yaml takes for comments *below* a node (its foot comments) are
//! left out: a comment that is indented further than what follows, or that an empty line separates from what follows and
//! none from what is before.

use super::scan::{Scanner, SyntaxError, Token, TokenKind};
use std::collections::BTreeMap;

/// The comments of the first document of a text, without their line breaks at the end.
#[derive(Default)]
pub(super) struct Comments {
    /// Those above scalars, aliases and flow collections, by the offset after the token.
    above: BTreeMap<usize, String>,
    /// Those above block collections that are items of a list, by the offset of the first token in them.
    above_items: BTreeMap<(usize, Collection), String>,
    /// Those that follow something on the same line, by line.
    trailing: BTreeMap<usize, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Collection {
    Map,
    List,
}

impl Comments {
    /// The comments of a text that starts with a document, not with a byte order mark.
    pub(super) fn read(text: &str) -> Result<Self, Box<SyntaxError>> {
        let mut walk = Walk { text, ..Walk::default() };
        let mut scanner = Scanner::new(text);
        loop {
            let token = scanner.peek()?.clone();
            if matches!(token.kind, TokenKind::StreamEnd) || walk.is_over(&token.kind) {
                return Ok(walk.comments);
            }
            walk.pass(&token);
            scanner.skip();
        }
    }

    /// What is above the scalar, alias or flow collection whose first token ends there.
    pub(super) fn take_above(&mut self, end: usize) -> String {
        self.above.remove(&end).unwrap_or_default()
    }

    /// What is above the block map that begins there, if that is an item of a list.
    pub(super) fn take_above_map(&mut self, start: usize) -> String {
        self.above_items.remove(&(start, Collection::Map)).unwrap_or_default()
    }

    /// What is above the block list that begins there, if that is an item of a list.
    pub(super) fn take_above_list(&mut self, start: usize) -> String {
        self.above_items.remove(&(start, Collection::List)).unwrap_or_default()
    }

    /// The comment that follows something on a line.
    pub(super) fn trailing(&self, line: usize) -> &str {
        self.trailing.get(&line).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Walk<'t> {
    text: &'t str,
    comments: Comments,
    /// The columns of the open block collections.
    columns: Vec<usize>,
    /// How many flow collections are open.
    flows: usize,
    /// The last token that has a width, and the one before it.
    last: Option<Token>,
    before_last: Option<Token>,
    /// What the next node that can have comments gets.
    pending: String,
    /// What was pending at the `-` before.
    of_item: Option<String>,
    has_begun: bool,
}

impl Walk<'_> {
    /// Whether the first document ends before a token of that kind.
    fn is_over(&self, kind: &TokenKind) -> bool {
        match kind {
            TokenKind::DocumentEnd => true,
            TokenKind::DocumentStart => self.last.as_ref().is_some_and(|last| !is_directive(&last.kind)),
            _ => false,
        }
    }

    fn pass(&mut self, token: &Token) {
        self.read_gap(token);
        if !std::mem::replace(&mut self.has_begun, true) && !begins_explicitly(&token.kind) {
            // What an empty line separates from the first key is about the file.
            self.pending = last_paragraph(&self.pending).to_owned();
        }
        if let Some(of_item) = self.of_item.take() {
            let collection = match token.kind {
                TokenKind::MappingStart => Some(Collection::Map),
                TokenKind::SequenceStart => Some(Collection::List),
                _ => None,
            };
            match collection {
                Some(collection) => {
                    self.comments.above_items.insert((token.start.offset, collection), of_item);
                }
                None => self.pending = join(of_item, &self.pending),
            }
        }
        match &token.kind {
            TokenKind::MappingStart | TokenKind::SequenceStart => self.columns.push(token.start.column),
            TokenKind::BlockEnd => {
                self.columns.pop();
            }
            TokenKind::Entry if !self.pending.is_empty() => {
                self.of_item = Some(std::mem::take(&mut self.pending));
            }
            TokenKind::FlowMappingEnd | TokenKind::FlowSequenceEnd => {
                self.flows = self.flows.saturating_sub(1);
                self.pending.clear();
            }
            TokenKind::FlowMappingStart
            | TokenKind::FlowSequenceStart
            | TokenKind::Scalar { .. }
            | TokenKind::Alias(_) => {
                let opens = matches!(token.kind, TokenKind::FlowMappingStart | TokenKind::FlowSequenceStart);
                self.flows += usize::from(opens);
                if !self.pending.is_empty() {
                    self.comments.above.insert(token.end.offset, std::mem::take(&mut self.pending));
                }
            }
            _ => {}
        }
        if token.end.offset > token.start.offset {
            self.before_last = self.last.replace(token.clone());
        }
    }

    /// Reads the comments between the last token and the next one.
    fn read_gap(&mut self, next: &Token) {
        let from = self.last.as_ref().map_or(0, |last| last.end.offset);
        let Some(gap) = self.text.get(from..next.start.offset).filter(|gap| gap.contains('#')) else {
            return;
        };
        // A block scalar takes in the line breaks after it.
        let content = self.text[..from].trim_end_matches([' ', '\t', '\r', '\n']);
        let gap = &self.text[content.len()..from + gap.len()];
        let mut group = Group {
            column: 0,
            line: 0,
            text: String::new(),
            indent: self.columns.last().copied().unwrap_or_default(),
            // go-yaml looks for comments below a node from the second line on.
            may_follow: self.last.as_ref().is_some_and(|last| last.end.line > 0) && !self.is_value_open(),
            is_first: true,
            after_empty: false,
        };
        let lines: Vec<&str> = gap.split('\n').collect();
        let Some(((end, lines), content_line)) = lines.split_last().zip(self.last_line(content)) else {
            return;
        };
        for (number, line) in lines.iter().enumerate() {
            let text = line.trim_end_matches('\r');
            let comment = text.trim_start();
            let column = text.chars().count() - comment.chars().count();
            if number == 0 && self.last.is_some() {
                if self.is_item_open() && !comment.is_empty() {
                    group.add(number, column, comment);
                } else if !comment.is_empty() {
                    self.comments.trailing.insert(content_line, comment.to_owned());
                }
            } else if comment.is_empty() {
                group.pass_empty_line(number);
            } else {
                group.add(number, column, comment);
            }
        }
        // The rest of the last line is white space, unless the text ends there.
        let closes =
            self.flows > 0 && matches!(next.kind, TokenKind::FlowSequenceEnd | TokenKind::FlowMappingEnd);
        if !closes && !end.contains('#') {
            let above = group.finish(next.start.column);
            self.pending = join(std::mem::take(&mut self.pending), &above);
        }
        // Block ends follow at the same place: what is read once is not read again.
        self.last =
            self.last.take().or_else(|| Some(next.clone())).map(|last| Token { end: next.start, ..last });
    }

    /// The line of the last character of what has been read.
    fn last_line(&self, content: &str) -> Option<usize> {
        let last_end = self.last.as_ref().map_or(0, |last| last.end.line);
        let from = self.last.as_ref().map_or(0, |last| last.end.offset);
        let breaks = self.text.get(content.len()..from)?.matches('\n').count();
        last_end.checked_sub(breaks)
    }

    /// The last token, or the one before a comma.
    fn owner(&self) -> Option<&TokenKind> {
        let last = self.last.as_ref()?;
        match last.kind {
            TokenKind::FlowEntry => self.before_last.as_ref().map(|before| &before.kind),
            _ => Some(&last.kind),
        }
    }

    fn is_value_open(&self) -> bool {
        matches!(self.owner(), Some(TokenKind::Value))
    }

    fn is_item_open(&self) -> bool {
        matches!(self.last.as_ref().map(|last| &last.kind), Some(TokenKind::Entry))
    }
}

/// Comment lines that belong together, as far as they have been read.
struct Group {
    /// Where the first of them begins: the column, and the line in the gap.
    column: usize,
    line: usize,
    text: String,
    /// The column of the innermost block collection.
    indent: usize,
    /// Whether they can be about what is before them, if they begin on the next line.
    may_follow: bool,
    /// Whether no empty line has been read.
    is_first: bool,
    after_empty: bool,
}

impl Group {
    fn pass_empty_line(&mut self, number: usize) {
        if !self.after_empty && !self.text.is_empty() {
            let follows = self.may_follow && self.line == 1;
            if self.is_first && (follows || self.column < self.indent) {
                self.text.clear();
            } else {
                self.text.push('\n');
            }
        }
        self.is_first &= number == 0;
        self.after_empty = true;
    }

    fn add(&mut self, line: usize, column: usize, comment: &str) {
        self.end_before(column);
        if self.text.is_empty() {
            (self.line, self.column) = (line, column);
        } else {
            self.text.push('\n');
        }
        self.text.push_str(comment);
        self.after_empty = false;
    }

    /// Drops the comments if they are about something that ends before this column.
    fn end_before(&mut self, column: usize) {
        if column < self.indent && column != self.column {
            self.text.clear();
        }
    }

    /// The comments that are about what begins in this column.
    fn finish(mut self, column: usize) -> String {
        self.end_before(column);
        self.text
    }
}

fn is_directive(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::Version(..) | TokenKind::TagPrefix { .. })
}

fn begins_explicitly(kind: &TokenKind) -> bool {
    matches!(kind, TokenKind::DocumentStart) || is_directive(kind)
}

/// What follows the last empty line; nothing if the text ends with one.
fn last_paragraph(text: &str) -> &str {
    if text.ends_with('\n') {
        return "";
    }
    text.rfind("\n\n").map_or(text, |at| &text[at + 2..])
}

fn join(mut before: String, after: &str) -> String {
    if !before.is_empty() && !after.is_empty() {
        before.push('\n');
    }
    before.push_str(after);
    before
}
