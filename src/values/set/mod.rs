//! The grammar of `--set` and its relatives, to Helm's letter.
//!
//! A flag changes the values that the files and flags before it have made: an index into a list that is there changes
//! one item of it. Every value's span is its bytes in the flag's argument, so messages put the caret under the character.

use super::json;
use crate::diag::{Diagnostic, SourceId, Span};
use crate::yaml::{DuplicateKey, Map, Node, Value};
use std::ops::Range;

/// The highest index of `a[n]`.
const MAX_INDEX: usize = 65_536;
/// The most names in `a.b.c`.
const MAX_NAMES: usize = 30;
/// The most indexes in `a[0][0]` and `a[0].b[0]`. Helm knows no limit.
const MAX_INDEXES: usize = 100;
/// The most items that one argument may add to reach its indexes.
const MAX_ITEMS: usize = 1_000_000;

/// Which flag it is: what the text after `=` means.
#[derive(Clone, Copy)]
pub(super) enum Flag<'a> {
    /// `--set`: numbers, booleans, null, strings.
    Set,
    /// `--set-string`: strings.
    String,
    /// `--set-json`: JSON.
    Json,
    /// `--set-file`: the path of a file whose content is the value. The reader's error is a phrase.
    File(&'a dyn Fn(&str) -> Result<String, String>),
    /// `--set-literal`: one string to the end, nothing escaped.
    Literal,
}

/// What a flag did beside changing the values.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Parts that do nothing.
    pub(super) warnings: Vec<Diagnostic>,
    /// Lists that an index began although no file or flag had set them: they replace the chart's whole default.
    pub(super) new_lists: Vec<NewList>,
    /// Keys that JSON holds twice in one object.
    pub(super) duplicates: Vec<DuplicateKey>,
}

/// A list that a flag began by an index.
#[derive(Debug)]
pub(super) struct NewList {
    /// The keys that lead to it.
    pub(super) path: Vec<String>,
    /// The key and index in the flag.
    pub(super) span: Span,
}

/// Applies one argument to `values`. After an error `values` is to be thrown away.
pub(super) fn apply(
    values: &mut Map,
    text: &str,
    source: SourceId,
    flag: Flag<'_>,
) -> Result<Effects, Box<Diagnostic>> {
    let mut parser = Parser {
        text,
        at: 0,
        source,
        flag,
        path: Vec::new(),
        inside_items: 0,
        added: 0,
        effects: Effects::default(),
    };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(parser.effects),
            Err(Stop::Wrong(diagnostic)) => return Err(diagnostic),
        }
    }
}

/// Why reading ended.
enum Stop {
    /// The text is used up. What was begun and not finished does nothing.
    End,
    Wrong(Box<Diagnostic>),
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(Box::new(diagnostic))
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    source: SourceId,
    flag: Flag<'a>,
    /// The keys that lead to where we are.
    path: Vec<String>,
    /// How many list items we are in: paths end at the first.
    inside_items: usize,
    /// How many items have been added to reach an index.
    added: usize,
    effects: Effects,
}

/// A piece of text up to a delimiter, escapes resolved.
struct Word {
    text: String,
    bytes: Range<usize>,
    /// The delimiter, consumed; `None` at the end of the text.
    end: Option<char>,
}

impl Parser<'_> {
    fn span(&self, bytes: Range<usize>) -> Span {
        Span::new(self.source, bytes.start, bytes.end)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.text[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn read_until(&mut self, delimiters: &str) -> Word {
        let literal = matches!(self.flag, Flag::Literal);
        let start = self.at;
        let mut text = String::new();
        loop {
            let end = self.at;
            match self.next() {
                None => return Word { text, bytes: start..end, end: None },
                Some(c) if delimiters.contains(c) => return Word { text, bytes: start..end, end: Some(c) },
                // A backslash at the very end vanishes.
                Some('\\') if !literal => text.extend(self.next()),
                Some(c) => text.push(c),
            }
        }
    }

    /// One `key=value`, changing `data`.
    fn key(&mut self, data: &mut Map, level: usize) -> Result<(), Stop> {
        let delimiters = if matches!(self.flag, Flag::Literal) { "=[." } else { "=[,." };
        let word = self.read_until(delimiters);
        let span = self.span(word.bytes.clone());
        let Some(delimiter) = word.end else {
            if word.text.is_empty() {
                return Err(Stop::End);
            }
            return Err(no_value(&word.text, span));
        };
        match delimiter {
            '=' => {
                let nothing_left = self.at == self.text.len();
                let value = self.value()?;
                self.set(data, word.text, span, value);
                // Where nothing follows the `=`, Helm takes `a.=` for an unfinished argument, not for a bad one.
                let unfinished = nothing_left && !matches!(self.flag, Flag::Json | Flag::Literal);
                if unfinished { Err(Stop::End) } else { Ok(()) }
            }
            '[' => {
                let index = self.index()?;
                let list_span = self.span(word.bytes.start..self.at);
                let (mut items, list_span) = match data.get_mut(&word.text) {
                    None => {
                        if self.inside_items == 0 {
                            let path = self.path.iter().chain([&word.text]).cloned().collect();
                            self.effects.new_lists.push(NewList { path, span: list_span });
                        }
                        (Vec::new(), list_span)
                    }
                    Some(Node { value: Value::Seq(items), span }) => (std::mem::take(items), *span),
                    Some(other) => return Err(report_wrong_type(&word.text, other, "a list", span)),
                };
                let outcome = self.set_item(&mut items, index, level);
                self.set(data, word.text, span, Node::new(Value::Seq(items), list_span));
                outcome
            }
            '.' => {
                if level + 1 > MAX_NAMES {
                    return Err(Diagnostic::error(format!("more than {MAX_NAMES} names in a row"))
                        .at(span, "one too many")
                        .into());
                }
                let (mut inner, inner_span, was_there) = match data.get_mut(&word.text) {
                    None => (Map::new(), span, false),
                    Some(Node { value: Value::Map(map), span }) => (std::mem::take(map), *span, true),
                    Some(other) => return Err(report_wrong_type(&word.text, other, "a map", span)),
                };
                if self.inside_items == 0 {
                    self.path.push(word.text.clone());
                }
                let outcome = self.key(&mut inner, level + 1);
                if self.inside_items == 0 {
                    self.path.pop();
                }
                let empty = inner.is_empty();
                if !empty || was_there {
                    self.set(data, word.text.clone(), span, Node::new(Value::Map(inner), inner_span));
                }
                if outcome.is_ok() && empty {
                    return Err(Diagnostic::error(format!("no key after `{}.`", word.text))
                        .at(span, "")
                        .help("a dot separates two names; write `\\.` for a dot that belongs to a name")
                        .into());
                }
                outcome
            }
            _ => Err(no_value(&word.text, span)),
        }
    }

    /// What follows `[index]`, changing the item.
    fn set_item(
        &mut self,
        items: &mut Vec<Node>,
        (index, index_span): (usize, Span),
        level: usize,
    ) -> Result<(), Stop> {
        let word = self.read_until("=[.");
        if !word.text.is_empty() {
            return Err(Diagnostic::error(format!("unexpected `{}` after the index", word.text))
                .at(self.span(word.bytes), "expected `=`, `.` or `[`")
                .into());
        }
        let span = self.span(word.bytes);
        if self.inside_items >= MAX_INDEXES {
            return Err(too_many_indexes(span));
        }
        let value = match word.end {
            None => return Err(Stop::End),
            Some('=') => self.value()?,
            Some('[') => {
                let inner = self.index()?;
                let mut nested = match items.get_mut(index) {
                    None | Some(Node { value: Value::Null, .. }) => Vec::new(),
                    Some(Node { value: Value::Seq(nested), .. }) => std::mem::take(nested),
                    Some(other) => {
                        return Err(report_wrong_type(&format!("[{index}]"), other, "a list", span));
                    }
                };
                self.inside_items += 1;
                let outcome = self.set_item(&mut nested, inner, level);
                self.inside_items -= 1;
                outcome?;
                Node::new(Value::Seq(nested), span)
            }
            Some(_) => {
                let (mut inner, inner_span) = match items.get_mut(index) {
                    Some(Node { value: Value::Map(map), span }) => (std::mem::take(map), *span),
                    _ => (Map::new(), span),
                };
                self.inside_items += 1;
                let outcome = self.key(&mut inner, level);
                self.inside_items -= 1;
                if let (Err(Stop::End), Some(item)) = (&outcome, items.get_mut(index)) {
                    *item = Node::new(Value::Map(inner), inner_span);
                    return outcome;
                }
                outcome?;
                Node::new(Value::Map(inner), inner_span)
            }
        };
        if index > MAX_INDEX {
            let message = format!("an index cannot be above {MAX_INDEX}");
            return Err(Diagnostic::error(message).at(index_span, "").into());
        }
        self.added = self.added.saturating_add((index + 1).saturating_sub(items.len()));
        if self.added > MAX_ITEMS {
            return Err(too_many_indexes(span));
        }
        while items.len() <= index {
            items.push(Node::new(Value::Null, span));
        }
        if let Some(item) = items.get_mut(index) {
            *item = value;
        }
        Ok(())
    }

    /// The number up to `]`, which may be too large to be set.
    fn index(&mut self) -> Result<(usize, Span), Stop> {
        let word = self.read_until("]");
        let span = self.span(word.bytes);
        if word.end.is_none() {
            let at = Span { start: span.start.saturating_sub(1), ..span };
            self.effects.warnings.push(
                Diagnostic::warning("this sets nothing: the `[` is not closed")
                    .at(at, "")
                    .help("add `]=...`"),
            );
            return Err(Stop::End);
        }
        let number = word.text.strip_prefix('+').unwrap_or(&word.text);
        match number.parse::<i128>() {
            Ok(index) if index < 0 => {
                Err(Diagnostic::error("an index cannot be negative").at(span, "").into())
            }
            Ok(index) if index <= i128::from(i64::MAX) => {
                Ok((usize::try_from(index).unwrap_or(usize::MAX), span))
            }
            _ => Err(Diagnostic::error(format!("`{}` is not an index", word.text))
                .at(span, "expected a number from 0")
                .into()),
        }
    }

    /// What follows `=`.
    fn value(&mut self) -> Result<Node, Stop> {
        match self.flag {
            Flag::Literal => {
                let start = self.at;
                self.at = self.text.len();
                Ok(Node::new(self.text[start..].into(), self.span(start..self.at)))
            }
            Flag::Json => self.json(),
            _ if self.at == self.text.len() => Ok(Node::new("".into(), self.span(self.at..self.at))),
            _ => {
                if self.accept('{') {
                    return self.list();
                }
                let word = self.read_until(",");
                self.scalar(word)
            }
        }
    }

    fn list(&mut self) -> Result<Node, Stop> {
        let open = self.at - 1;
        let mut items = Vec::new();
        loop {
            let word = self.read_until(",}");
            let Some(end) = word.end else {
                return Err(Diagnostic::error("the list is not closed")
                    .at(self.span(open..open + 1), "opened here")
                    .help("add a `}`")
                    .into());
            };
            items.push(self.scalar(word)?);
            if end == '}' {
                let span = self.span(open..self.at);
                self.accept(',');
                return Ok(Node::new(Value::Seq(items), span));
            }
        }
    }

    fn scalar(&self, word: Word) -> Result<Node, Stop> {
        let span = self.span(word.bytes);
        let value = match self.flag {
            Flag::Set => typed(word.text),
            Flag::File(read) => match read(&word.text) {
                Ok(content) => Value::String(content),
                Err(reason) => {
                    return Err(Diagnostic::error(format!("cannot read `{}`: {reason}", word.text))
                        .at(span, "")
                        .into());
                }
            },
            Flag::String | Flag::Json | Flag::Literal => Value::String(word.text),
        };
        Ok(Node::new(value, span))
    }

    fn json(&mut self) -> Result<Node, Stop> {
        let start = self.at;
        if self.skip_blank() {
            return Ok(Node::new(Value::Null, self.span(start..start)));
        }
        let json = crate::yaml::json::prefix(self.text, self.at, self.source)
            .map_err(|invalid| json::report_invalid(self.text, self.at, self.source, &invalid))?;
        self.at = json.end;
        self.effects.duplicates.extend(json.duplicates);
        self.skip_blank();
        Ok(json.node)
    }

    /// Skips white space and one comma; whether nothing else was there.
    fn skip_blank(&mut self) -> bool {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest.is_empty() || self.accept(',')
    }

    fn set(&mut self, data: &mut Map, key: String, span: Span, value: Node) {
        if key.is_empty() {
            let warning = Diagnostic::warning("this sets nothing: the key is empty");
            self.effects.warnings.push(warning.at(span.to(value.span), ""));
            return;
        }
        data.insert(key, span, value);
    }
}

/// What `--set` takes an unquoted value to be. Octals, floats, `yes` and numbers beyond 64 bits are strings.
fn typed(text: String) -> Value {
    if text.eq_ignore_ascii_case("true") {
        Value::Bool(true)
    } else if text.eq_ignore_ascii_case("false") {
        Value::Bool(false)
    } else if text.eq_ignore_ascii_case("null") {
        Value::Null
    } else if text == "0" {
        Value::Int(0)
    } else if text.starts_with('0') {
        Value::String(text)
    } else {
        text.parse().map_or(Value::String(text), Value::Int)
    }
}

fn too_many_indexes(span: Span) -> Stop {
    Diagnostic::error("too many indexes in one argument").at(span, "").into()
}

fn no_value(key: &str, span: Span) -> Stop {
    if key.is_empty() {
        return Diagnostic::error("nothing between the commas")
            .at(span, "expected `key=value`")
            .help("a comma separates two settings; write `\\,` for a comma that belongs to a value")
            .into();
    }
    Diagnostic::error(format!("`{key}` has no value"))
        .at(span, "expected `key=value`")
        .help("a comma separates two settings; write `\\,` for a comma that belongs to a value")
        .into()
}

fn report_wrong_type(key: &str, node: &Node, wanted: &str, span: Span) -> Stop {
    Diagnostic::error(format!("`{key}` is {}, not {wanted}", node.type_name()))
        .at(span, format!("{wanted} is needed here"))
        .at(node.span, "set here")
        .help("set the whole value, or remove the other setting")
        .into()
}

#[cfg(test)]
mod tests;
