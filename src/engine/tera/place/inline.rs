//! Values inside other text: quotes, flow collections, comments.

use super::lines::{Line, SLOT};
use super::scan::{close_quote, flow_plain_end};
use super::{Content, Placer};
use crate::yaml::emit;

impl Placer<'_> {
    /// After a quoted scalar that began on an earlier line.
    pub(super) fn after_open(&mut self, line: Line<'_>, at: usize) {
        if self.state.flow > 0 {
            let next = self.place_flow(line, at);
            if self.state.flow == 0 {
                self.after_value(line, next);
            }
        } else {
            self.after_value(line, at);
        }
    }

    /// Places a comment: values on one line.
    pub(super) fn comment(&mut self, line: Line<'_>, at: usize) {
        let mut from = at;
        for (byte, index) in line.values(at, line.text.len()) {
            self.copy(line, from, byte);
            let text = match &self.slots[index].content {
                Content::Data(node) if node.is_collection() => emit::flow_json(node),
                _ => self.text_of(index).into_owned(),
            };
            let one_line: String =
                text.chars().map(|c| if c.is_control() || is_break(c) { ' ' } else { c }).collect();
            self.push_value(&one_line, index);
            from = byte + 1;
        }
        self.copy(line, from, line.text.len());
    }

    /// Places the values of a range as bare text (nothing better is known of the place).
    pub(super) fn text_range(&mut self, line: Line<'_>, at: usize, end: usize) {
        let mut from = at;
        for (byte, index) in line.values(at, end) {
            self.copy(line, from, byte);
            let text = self.text_of(index).into_owned();
            self.push_value(&text, index);
            from = byte + 1;
        }
        self.copy(line, from, end);
    }

    /// Places a quoted scalar from its opening quote; returns the byte after the closing one. The state holds the
    /// quote if the scalar goes on in the next line.
    pub(super) fn place_quoted(&mut self, line: Line<'_>, at: usize, quote: u8) -> usize {
        let bytes = line.text.as_bytes();
        if quote == b'\'' {
            let close = close_quote(bytes, at + 1, quote);
            let misfit = line
                .values(at, close.unwrap_or(bytes.len()))
                .find(|(_, index)| emit::escape_single(&self.text_of(*index)).is_none());
            if let Some((_, misfit)) = misfit {
                let Some(close) = close else {
                    self.error(
                        misfit,
                        "this value cannot be written in single quotes that span lines",
                        |d| d.help("use double quotes"),
                    );
                    return bytes.len();
                };
                // What single quotes cannot hold, double quotes can.
                let text = self.compose_from(line, at + 1, close, |literal| literal.replace("''", "'"));
                let written = format!("\"{}\"", emit::escape_double(&text));
                self.push_value(&written, misfit);
                return close + 1;
            }
        }
        self.copy(line, at, at + 1);
        self.place_quoted_rest(line, at + 1, quote)
    }

    /// Places the rest of a quoted scalar.
    pub(super) fn place_quoted_rest(&mut self, line: Line<'_>, at: usize, quote: u8) -> usize {
        let bytes = line.text.as_bytes();
        let close = close_quote(bytes, at, quote);
        self.state.quote = if close.is_none() { Some(quote) } else { None };
        let end = close.unwrap_or(bytes.len());
        let mut from = at;
        for (byte, index) in line.values(at, end) {
            self.copy(line, from, byte);
            let text = self.text_of(index).into_owned();
            let escaped = if quote == b'"' {
                emit::escape_double(&text)
            } else if let Some(escaped) = emit::escape_single(&text) {
                escaped
            } else {
                self.error(index, "this value cannot be written in single quotes", |d| {
                    d.help("use double quotes")
                });
                String::new()
            };
            self.push_value(&escaped, index);
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
    pub(super) fn place_flow(&mut self, line: Line<'_>, mut at: usize) -> usize {
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
                    at = self.place_quoted(line, at, quote);
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

    fn flow_plain(&mut self, line: Line<'_>, at: usize, end: usize) {
        let Some(first) = line.first_value(at, end) else {
            self.copy(line, at, end);
            return;
        };
        let bytes = line.text.as_bytes();
        let is_key = bytes.get(end) == Some(&b':');
        let alone = bytes[at..end] == [SLOT] && !is_key;
        let slots = self.slots;
        let written = match slots.get(first).map(|slot| &slot.content) {
            Some(Content::Data(node)) if alone => emit::flow_json(node),
            Some(Content::Yaml(text)) if alone => {
                let written = self.rendered(text);
                if written.contains('\n') {
                    self.error(first, "YAML of several lines cannot be used in a flow collection", |d| {
                        d.help("write the list or map as a block")
                    });
                }
                written
            }
            _ => format!("\"{}\"", emit::escape_double(&self.compose(line, at, end))),
        };
        self.push_value(&written, first);
    }

    /// The string that a range of literal text and values makes.
    pub(super) fn compose(&mut self, line: Line<'_>, at: usize, end: usize) -> String {
        self.compose_from(line, at, end, str::to_owned)
    }

    /// The same, where literal text means what `read` makes of it.
    fn compose_from(
        &mut self,
        line: Line<'_>,
        at: usize,
        end: usize,
        read: impl Fn(&str) -> String,
    ) -> String {
        let mut text = String::new();
        let mut from = at;
        for (byte, index) in line.values(at, end) {
            text.push_str(&read(&line.text[from..byte]));
            text.push_str(&self.text_of(index));
            from = byte + 1;
        }
        text.push_str(&read(&line.text[from..end]));
        text
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}
