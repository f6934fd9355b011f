//! Prepares template text for Tera so that what it renders can be put into YAML afterwards.
//!
//! Tera knows text, not YAML. So every `{{ expression }}` is made to leave a *marker* in the rendered
//! text instead of its value, and every stretch of literal text begins with a marker that says where
//! in the template it came from. [`super::place`] then walks the rendered text, sees in which YAML
//! context each marker stands, and writes the value there.
//!
//! Markers are control characters that YAML forbids in its streams, so no document can hold them:
//!
//! ```text
//! U+0002 V <slot>  U+0003      a value, by its number in the slot table
//! U+0002 T <chunk> U+0003      literal text follows, from the template place of that number
//! ```
//!
//! What is rewritten:
//!
//! | template | given to Tera |
//! |---|---|
//! | `{{ e }}` | `{{ (e) \| __emit_N }}` |
//! | `{% include "x" %}` | captured, then emitted as a value, so that it is indented as a block |
//! | `{% <card> %}..{% </card> %}`, `{% filter f %}..{% endfilter %}` | the same |
//! | `{% set x %}..{% endset %}` | captured, placed as YAML of its own |
//! | `{% for x in e %}`, `a ~ b`, `[x, ..]`, `{% set x = e %}` | counted by filters, see [`super::guard`] |
//! | anything that a render can reach | a probe before it, if that is recorded, see [`super::probes`] |
//! | comments, and lines that hold only statements | nothing, not even a line break |
//!
//! A text given to `tpl` is a template, too, but nothing is known of where its values will stand: it is only counted.

use super::files::FileRange;
use super::guard;
use super::library;
use super::names::TEXT_ORIGIN;
use super::outline::{Cost, Outline};
use super::probes::Probes;
use super::scope::{Route, Scope};
use super::tags::{
    Names, Role, Token, call_of, checked_tokens, first_word, included, is_set_block, last_path, path_of,
    role, trimmed,
};
use crate::diag::{Diagnostic, SourceId, Span};
use crate::engine::{Point, PointKind};
use std::collections::BTreeMap;

/// Opens a marker.
pub(super) const OPEN: char = '\u{2}';
/// Closes a marker.
pub(super) const CLOSE: char = '\u{3}';

/// The filter that leaves the marker of a site. Each has one of its own: Tera makes a map of a filter's arguments, for
/// every value anew.
pub(super) fn emit_filter(site: usize) -> String {
    format!("__emit_{site}")
}

/// One place in a template where a value is written.
#[derive(Debug)]
pub(super) struct Site {
    /// The whole tag, `{{` to `}}`.
    pub(super) tag: FileRange,
    /// What the expression leads to, where it is nothing but a path: `values.image.tag`.
    pub(super) path: Option<Named>,
    /// What else the value is made from: what is joined to it, or to each other.
    pub(super) parts: Vec<Named>,
    /// Whether some of it may be a template of its own.
    pub(super) expands: bool,
    /// The component in whose definition it stands.
    pub(super) component: Option<String>,
    /// The component that it calls.
    pub(super) call: Option<Call>,
}

/// A path, where it stands.
#[derive(Debug)]
pub(super) struct Named {
    /// The names in it; none for what a variable was made from.
    pub(super) names: Vec<String>,
    /// Where it leads to if it begins with a variable that was taken from elsewhere.
    pub(super) route: Option<Route>,
}

/// A component called with arguments.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) component: String,
    /// The arguments that are nothing but a path.
    pub(super) arguments: Vec<(String, Named)>,
}

/// The tables that marker numbers refer to, shared by all templates of one Tera instance.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Where values are written.
    pub(super) sites: Vec<Site>,
    /// Where stretches of literal text stand.
    pub(super) chunks: Vec<FileRange>,
    /// What leads to texts that are given to `tpl`.
    pub(super) texts: Vec<Named>,
    /// What is noted where a probe is: the number of a file, and the key of a point in it.
    pub(super) probes: Vec<(usize, usize)>,
}

/// A template as Tera gets it, with the way back to the file on disk.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// The text for Tera.
    pub(super) text: String,
    /// Stretches of `text` that stand in the file as they are: `(start in text, start in file, length)`,
    /// sorted. Anything between them was made up and belongs to the stretch before it.
    kept: Vec<(usize, usize, usize)>,
    /// The templates that it includes by name, each with its place in the file.
    pub(super) includes: Vec<(String, FileRange)>,
    /// The number of the file, as in [`FileRange`].
    file: usize,
    /// What renders can reach of it, if that is recorded.
    points: Vec<Point>,
}

impl Rewritten {
    /// The bytes of the file behind a byte range of the text.
    pub(super) fn original(&self, start: usize, end: usize) -> FileRange {
        let from = self.offset(start, true);
        let to = self.offset(end.max(start), false).max(from);
        FileRange::new(self.file, from, to)
    }

    /// The word or quoted text in the file at a line (from 1) and a column (from 0, in characters) of the text.
    pub(super) fn locate_line(&self, line: usize, column: usize) -> FileRange {
        let start = self.byte(line, column);
        let rest = &self.text[start..];
        let length = match rest.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => rest[1..].find(char::from(quote)).map_or(0, |length| length + 2),
            _ => rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()),
        };
        self.original(start, start + length)
    }

    /// The byte of the text at a line and a column, as in [`Rewritten::locate_line`].
    pub(super) fn byte(&self, line: usize, column: usize) -> usize {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = &self.text[start..];
        start + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset)
    }

    /// The path of names, `values.image.tag`, that ends at a byte of the text.
    pub(super) fn path_to(&self, end: usize) -> &str {
        last_path(self.text.get(..end).unwrap_or_default())
    }

    fn offset(&self, at: usize, begin: bool) -> usize {
        let index = self.kept.partition_point(|(start, _, _)| *start <= at);
        match index.checked_sub(1).map(|index| self.kept[index]) {
            Some((start, original, length)) if at < start + length => original + (at - start),
            // Generated text: the text before it is the origin.
            Some((_, original, length)) => {
                if begin {
                    original
                } else {
                    original + length
                }
            }
            None => 0,
        }
    }
}

/// Rewrites the template that is the given file of its set. `Err` holds what is wrong with its tags before Tera even
/// sees it, in terms of `source`. If `records`, the text says what is reached of it.
pub(super) fn rewrite(
    file: usize,
    source: SourceId,
    text: &str,
    tables: &mut Tables,
    records: bool,
) -> Result<Rewritten, Diagnostic> {
    if let Some(at) = text.find([OPEN, CLOSE]) {
        return Err(Diagnostic::error("template contains a control character that YAML does not allow")
            .at(Span::new(source, at, at + 1), "here")
            .help("remove it; in a value, write it as an escape: \"\\x02\""));
    }
    let tokens = checked_tokens(source, text)?;
    let library = FileRange::new(file, 0, 0).is_library();
    let outline = if library { Outline::default() } else { Outline::from_tokens(source, text, &tokens)? };
    let dropped_lines = statement_lines(text, &tokens);
    let mut writer = Writer {
        is_counted: !library,
        follows_values: !library || text.contains("values."),
        kept: Vec::with_capacity(tokens.len() * 2),
        probes: (records && !library).then(|| Probes::new(extends_another(text, &tokens))),
        ..Writer::new(file, text, tables, &dropped_lines, &outline)
    };
    for (index, token) in tokens.iter().enumerate() {
        writer.token(token, tokens.get(index + 1));
    }
    Ok(writer.finish())
}

/// What renders can reach of a template; nothing if it cannot be read.
pub(super) fn points(source: SourceId, text: &str) -> Vec<Point> {
    // The number of a file decides only whether it is plimsoll's own.
    let file = library::FILES.len();
    let rewritten = rewrite(file, source, text, &mut Tables::default(), true);
    rewritten.map(|rewritten| rewritten.points).unwrap_or_default()
}

fn extends_another(text: &str, tokens: &[Token]) -> bool {
    tokens.iter().any(|token| match *token {
        Token::Statement { inner, .. } => first_word(text[inner.0..inner.1].trim()) == "extends",
        _ => false,
    })
}

/// Rewrites a text given to `tpl`: its work is counted, its values are written by Tera.
pub(super) fn rewrite_text(source: SourceId, text: &str) -> Result<Rewritten, Diagnostic> {
    let tokens = checked_tokens(source, text)?;
    let outline = Outline::from_tokens(source, text, &tokens)?;
    let mut tables = Tables::default();
    let mut writer = Writer { is_text: true, ..Writer::new(0, text, &mut tables, &[], &outline) };
    for token in &tokens {
        writer.token_of_text(token);
    }
    Ok(writer.finish())
}

/// The byte ranges to leave out: lines on which only statements and comments stand vanish whole.
fn statement_lines(text: &str, tokens: &[Token]) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut dropped_lines = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let Some(mut last) = silent_unit(text, tokens, index) else {
            index += 1;
            continue;
        };
        // A run of tags on one line, with nothing but blanks between them.
        let first = index;
        while let Some(next) = tokens.get(last + 1) {
            let (start, end) = next.range();
            let blank = matches!(next, Token::Text(..)) && is_blank(&bytes[start..end]);
            match silent_unit(text, tokens, last + 1 + usize::from(blank)) {
                Some(end) => last = end,
                None => break,
            }
        }
        let (start, _) = tokens[first].range();
        let (_, end) = tokens[last].range();
        let line_start =
            start - bytes[..start].iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let after = bytes[end..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
        let at_line_start = line_start == 0 || bytes[line_start - 1] == b'\n';
        let at_line_end = bytes.get(end + after).is_none_or(|b| *b == b'\n');
        if at_line_start && at_line_end {
            if start > line_start {
                dropped_lines.push((line_start, start));
            }
            let line_end = (end + after + 1).min(bytes.len());
            if line_end > end {
                dropped_lines.push((end, line_end));
            }
        }
        index = last + 1;
    }
    dropped_lines
}

/// The last token of what writes nothing from `index` on: one tag, or a `set` block on one line.
fn silent_unit(text: &str, tokens: &[Token], index: usize) -> Option<usize> {
    let token = *tokens.get(index)?;
    if !is_silent(text, token) {
        return None;
    }
    let statement = |token: &Token| match *token {
        Token::Statement { inner, .. } => Some(text[inner.0..inner.1].trim()),
        _ => None,
    };
    if statement(&token).map(role) != Some(Role::OpensSet) {
        return Some(index);
    }
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(index) {
        let (start, end) = token.range();
        match statement(token) {
            Some("endset") => depth -= 1,
            Some(statement) if role(statement) == Role::OpensSet => depth += 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        if text[start..end].contains('\n') {
            break;
        }
    }
    Some(index)
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b' ' | b'\t'))
}

fn is_silent(text: &str, token: Token) -> bool {
    match token {
        Token::Comment(..) => true,
        Token::Statement { inner, .. } => {
            matches!(role(&text[inner.0..inner.1]), Role::Silent | Role::OpensSet | Role::OpensValue)
        }
        _ => false,
    }
}

/// A capture that is still open.
struct Capture {
    /// Where the tag that opened it stands.
    site: usize,
}

struct Writer<'a> {
    file: usize,
    text: &'a str,
    tables: &'a mut Tables,
    /// The ranges that [`statement_lines`] leaves out and that no text before the current token overlaps, sorted.
    dropped_lines: &'a [(usize, usize)],
    loops: &'a BTreeMap<usize, Cost>,
    scope: Scope<'a>,
    /// Whether its work is counted. plimsoll's own components do no more than what they are given demands.
    is_counted: bool,
    /// Whether it has variables that may lead to values.
    follows_values: bool,
    /// Whether it is given to `tpl`.
    is_text: bool,
    out: String,
    kept: Vec<(usize, usize, usize)>,
    includes: Vec<(String, FileRange)>,
    open: Vec<Capture>,
    /// The component whose definition is open.
    component: Option<String>,
    /// What is reached of the template, if that is recorded.
    probes: Option<Probes>,
}

impl<'a> Writer<'a> {
    fn new(
        file: usize,
        text: &'a str,
        tables: &'a mut Tables,
        dropped_lines: &'a [(usize, usize)],
        outline: &'a Outline<'a>,
    ) -> Self {
        Self {
            file,
            text,
            tables,
            dropped_lines,
            loops: &outline.loops,
            scope: Scope::new(file, &outline.globals),
            is_counted: true,
            follows_values: true,
            is_text: false,
            out: String::with_capacity(text.len() * 2),
            kept: Vec::new(),
            includes: Vec::new(),
            open: Vec::new(),
            component: None,
            probes: None,
        }
    }

    fn finish(self) -> Rewritten {
        Rewritten {
            text: self.out,
            kept: self.kept,
            includes: self.includes,
            file: self.file,
            points: self.probes.map(|probes| probes.points).unwrap_or_default(),
        }
    }

    /// A token of a text that is not YAML.
    fn token_of_text(&mut self, token: &Token) {
        match *token {
            Token::Text(start, end) | Token::Comment(start, end) | Token::Raw { start, end, .. } => {
                self.keep(start, end);
            }
            Token::Expression { start, end, inner } => {
                let (from, to) = trimmed(self.text, inner);
                self.keep(start, inner.0);
                self.push_generated(" (");
                self.expression(from, to);
                let path = path_of(&self.text[from..to]);
                let path = path.map_or_else(String::new, |path| format!("path=\"{}\"", path.join(".")));
                self.push_generated(&format!(") | __written({path}) "));
                self.keep(inner.1, end);
            }
            Token::Statement { start, end, inner } => self.write_counted(start, end, inner),
        }
    }

    fn token(&mut self, token: &Token, next: Option<&Token>) {
        match *token {
            Token::Text(start, end) => {
                let mut at = start;
                let passed = self.dropped_lines.partition_point(|(_, to)| *to <= start);
                self.dropped_lines = &self.dropped_lines[passed..];
                for &(from, to) in self.dropped_lines.iter().take_while(|(from, _)| *from < end) {
                    if at < from {
                        self.literal(at, from);
                    }
                    at = to;
                }
                // The blanks before a closing tag that stands for a value belong to the value's line,
                // not to the text captured before it.
                let closes = next.is_some_and(|next| match next {
                    Token::Statement { inner, .. } => role(&self.text[inner.0..inner.1]) == Role::ClosesValue,
                    _ => false,
                });
                let mut end = end;
                if closes
                    && at < end
                    && let Some(newline) = self.text[at..end].rfind('\n')
                    && is_blank(&self.text.as_bytes()[at + newline + 1..end])
                {
                    end = at + newline + 1;
                }
                if at < end {
                    self.literal(at, end);
                }
            }
            Token::Comment(start, end) => self.comment(start, end),
            Token::Raw { start, end, inner } => self.write_raw(start, end, inner),
            Token::Expression { start, end, inner } => {
                self.probe_point(PointKind::Statement, (start, end), inner.0 - start == 3);
                let site = self.add_site(start, end, inner);
                let (from, to) = trimmed(self.text, inner);
                self.keep(start, inner.0);
                self.push_generated(" (");
                self.expression(from, to);
                self.push_generated(&format!(") | {} ", emit_filter(site)));
                self.keep(end - 2 - usize::from(inner.1 + 3 == end), end);
            }
            Token::Statement { start, end, inner } => {
                let after = self.probe_statement(start, end, inner);
                self.write_statement(start, end, inner);
                if self.follows_values {
                    self.scope.read_statement(start, &self.text[inner.0..inner.1]);
                }
                if self.loops.get(&start).is_some_and(|cost| cost.nests) {
                    let dash = if end - inner.1 == 3 { "-" } else { "" };
                    let counter = self.scope.count_turns(start, dash);
                    self.push_generated(counter.as_deref().unwrap_or_default());
                }
                self.probe(after, ("", if end - inner.1 == 3 { "-" } else { "" }));
            }
        }
    }

    fn write_statement(&mut self, start: usize, end: usize, inner: (usize, usize)) {
        let body = &self.text[inner.0..inner.1];
        if let Some(definition) = body.trim_start().strip_prefix("component ") {
            self.component = definition.split('(').next().map(|name| name.trim().to_owned());
        } else if body.trim() == "endcomponent" {
            self.component = None;
        }
        match role(body) {
            Role::Silent => self.write_counted(start, end, inner),
            Role::Value => {
                self.includes
                    .extend(included(body).map(|name| (name, FileRange::new(self.file, start, end))));
                let site = self.add_site(start, end, inner);
                self.push_generated(if inner.0 - start == 3 {
                    "{%- set __value %}"
                } else {
                    "{% set __value %}"
                });
                self.kept.push((self.out.len(), start, 0));
                self.push_generated("{{ __called() }}");
                self.keep(start, start + 2);
                self.keep(inner.0, inner.1);
                self.keep(end - 2, end);
                self.emit_captured(site, end - inner.1 == 3);
            }
            Role::OpensSet => {
                // Placed as YAML of its own before the filters that the author names.
                let split = body.find('|').map_or(inner.1, |bar| inner.0 + bar);
                self.keep(start, split);
                self.push_generated(" | __placed ");
                let filters = (split + 1).min(inner.1);
                self.keep(split, filters);
                self.filters(filters, inner.1);
                self.keep(inner.1, end);
            }
            Role::OpensValue => {
                let site = self.add_site(start, end, inner);
                self.open.push(Capture { site });
                if let Some(filters) = body.trim_start().strip_prefix("filter") {
                    let offset = inner.1 - filters.len();
                    self.keep(start, inner.0);
                    self.push_generated(" set __value | __placed | ");
                    self.filters(offset, inner.1);
                    self.keep(inner.1, end);
                } else {
                    self.push_generated("{% set __value %}");
                    self.keep(start, inner.0);
                    self.expression(inner.0, inner.1);
                    self.keep(inner.1, end);
                }
            }
            Role::ClosesValue => {
                let site = self.open.pop().map(|capture| capture.site);
                if body.trim() == "endfilter" {
                    self.keep(start, inner.0);
                    self.push_generated(" endset ");
                    self.keep(inner.1.max(end - 2), end);
                    self.indentation(start);
                    self.emit_value(site.unwrap_or_default());
                } else {
                    self.keep(start, end);
                    self.push_generated("{% endset %}");
                    self.indentation(start);
                    self.emit_value(site.unwrap_or_default());
                }
            }
        }
    }

    /// A statement as it is, with what counts its work.
    fn write_counted(&mut self, start: usize, end: usize, inner: (usize, usize)) {
        let (from, to) = trimmed(self.text, inner);
        let body = &self.text[from..to];
        let word = first_word(body);
        match word {
            _ if !self.is_counted => self.keep(start, end),
            "for" => {
                let collection = from + guard::collection(body).unwrap_or(body.len());
                let collection = trimmed(self.text, (collection, to)).0;
                self.keep(start, collection);
                if self.is_sound(collection, to) {
                    let cost = self.loops.get(&start).copied().unwrap_or_default();
                    self.push_generated("(");
                    self.expression(collection, to);
                    self.push_generated(&guard::count_loop(cost.turn, cost.text));
                } else {
                    self.keep(collection, to);
                }
                self.keep(to, end);
            }
            "if" | "elif" => {
                self.keep(start, from + word.len());
                self.expression(from + word.len(), to);
                self.keep(to, end);
            }
            "set" | "set_global" => {
                let block = is_set_block(body);
                let opens = if block { '|' } else { '=' };
                let value = from + body.find(opens).map_or(body.len(), |at| at + 1);
                let value = trimmed(self.text, (value, to)).0;
                self.keep(start, value);
                if block {
                    self.filters(value, to);
                } else if guard::is_small(&self.text[value..to]) || !self.is_sound(value, to) {
                    self.expression(value, to);
                } else {
                    self.push_generated("(");
                    self.expression(value, to);
                    let name = first_word(body[word.len()..].trim_start());
                    self.push_generated(&format!(") | __set(name=\"{name}\")"));
                }
                self.keep(to, end);
            }
            "filter" => {
                self.keep(start, from + word.len());
                self.filters(from + word.len(), to);
                self.keep(to, end);
            }
            "" if body.starts_with('<') && !body.starts_with("</") => {
                self.keep(start, from);
                self.expression(from, to);
                self.keep(to, end);
            }
            "component" => {
                self.keep(start, end);
                let rest = body.split_once("...").map(|(_, rest)| first_word(rest));
                let rest = rest.map_or_else(String::new, |rest| format!("rest={rest}"));
                let dash = if end - inner.1 == 3 { "-" } else { "" };
                self.push_generated(&format!("{{{{ __called({rest}) {dash}}}}}"));
            }
            _ => self.keep(start, end),
        }
    }

    /// Whether the text is an expression. Other text is left unchanged: Tera reports it.
    fn is_sound(&self, from: usize, to: usize) -> bool {
        guard::guard_expression(&self.text[from..to]).is_some()
    }

    /// An expression, with what counts its work.
    fn expression(&mut self, from: usize, to: usize) {
        let text = &self.text[from..to];
        if !self.is_counted {
            return self.keep(from, to);
        }
        let mut insertions = guard::guard_expression(text).unwrap_or_default();
        if text.contains("tpl") {
            for (at, path) in guard::find_tpl_texts(text) {
                insertions.extend(path_of(path).map(|names| (at, self.comes_from(names))));
            }
            insertions.sort_by_key(|(at, _)| *at);
        }
        self.insert(from, to, insertions);
    }

    /// The argument that says what the text leads to that is given to `tpl`.
    fn comes_from(&mut self, names: Names) -> String {
        if self.is_text {
            return format!("{}=\"{}\", ", TEXT_ORIGIN, names.join("."));
        }
        let path = self.named(names);
        self.tables.texts.push(path);
        format!("{}={}, ", TEXT_ORIGIN, self.tables.texts.len() - 1)
    }

    /// The names of filters and their arguments, with what counts their work.
    fn filters(&mut self, from: usize, to: usize) {
        if !self.is_counted {
            return self.keep(from, to);
        }
        self.insert(from, to, guard::guard_filters(&self.text[from..to]));
    }

    fn insert(&mut self, from: usize, to: usize, insertions: Vec<guard::Insertion>) {
        let mut kept = from;
        for (at, text) in insertions {
            self.keep(kept, from + at);
            self.push_generated(&text);
            kept = from + at;
        }
        self.keep(kept, to);
    }

    fn emit_value(&mut self, site: usize) {
        self.push_generated(&format!("{{{{ __value | {} }}}}", emit_filter(site)));
    }

    fn emit_captured(&mut self, site: usize, trim_after: bool) {
        let close = if trim_after { "-}}" } else { "}}" };
        self.push_generated(&format!("{{% endset %}}{{{{ __value | {} {close}", emit_filter(site)));
    }

    /// The blanks before a closing tag on its own line: the value begins at its column.
    fn indentation(&mut self, tag: usize) {
        let line_start = self.text[..tag].rfind('\n').map_or(0, |newline| newline + 1);
        if is_blank(&self.text.as_bytes()[line_start..tag]) {
            self.keep(line_start, tag);
        }
    }

    fn add_site(&mut self, start: usize, end: usize, inner: (usize, usize)) -> usize {
        let (from, to) = trimmed(self.text, inner);
        let expression = &self.text[from..to];
        let path = path_of(expression);
        let parts = self.scope.parts(expression, path.as_deref());
        self.scope.read_expression(expression);
        self.tables.sites.push(Site {
            tag: FileRange::new(self.file, start, end),
            path: path.map(|names| self.named(names)),
            parts: parts.into_iter().map(|route| Named { names: Vec::new(), route: Some(route) }).collect(),
            expands: expression.contains("tpl"),
            component: self.component.clone(),
            call: call_of(expression).map(|call| Call {
                component: call.component.to_owned(),
                arguments: call
                    .arguments
                    .into_iter()
                    .map(|a| (a.name.to_owned(), self.named(a.path)))
                    .collect(),
            }),
        });
        self.tables.sites.len() - 1
    }

    fn named(&self, names: Vec<String>) -> Named {
        Named { route: self.scope.route(&names), names }
    }

    /// Literal text: a marker after its leading blanks (which white-space control may still trim), so
    /// that offsets from the marker on are those of the file.
    fn literal(&mut self, start: usize, end: usize) {
        let text = &self.text[start..end];
        let visible = text.len() - text.trim_start().len();
        if visible == text.len() {
            self.keep(start, end);
            return;
        }
        self.keep(start, start + visible);
        self.probe_point(PointKind::Text, (start + visible, end), false);
        self.marked(start + visible, end);
    }

    /// Literal text with its marker.
    fn marked(&mut self, start: usize, end: usize) {
        self.tables.chunks.push(FileRange::new(self.file, start, end));
        let chunk = self.tables.chunks.len() - 1;
        self.push_generated(&format!("{OPEN}T{chunk}{CLOSE}"));
        self.keep(start, end);
    }

    /// A probe of a point that begins here. `trims` says whether it begins with a tag that trims the text before it.
    fn probe_point(&mut self, kind: PointKind, range: (usize, usize), trims: bool) {
        let point = self.probes.as_mut().and_then(|probes| probes.add(kind, range));
        self.probe(point, (if trims { "-" } else { "" }, ""));
    }

    /// The probes before a statement, and the point that is to be noted after it.
    fn probe_statement(&mut self, start: usize, end: usize, inner: (usize, usize)) -> Option<usize> {
        let at = self.probes.as_mut()?.statement(self.text, (start, end), inner);
        let body = self.text[inner.0..inner.1].trim();
        // The capture that is opened before the call of a component keeps the text from being trimmed.
        let trims = inner.0 - start == 3 && !body.starts_with('<');
        let dash = if trims { "-" } else { "" };
        if at.in_else.is_some() {
            self.push_generated(&format!("{{%{dash} else %}}"));
        }
        self.probe(at.before.or(at.in_else), (dash, ""));
        at.after
    }

    /// A probe, with the dashes of white-space control.
    fn probe(&mut self, point: Option<usize>, (before, after): (&str, &str)) {
        if let Some(point) = point {
            self.tables.probes.push((self.file, point));
            let number = self.tables.probes.len() - 1;
            self.push_generated(&format!("{{{{{before} __reached(n={number}) {after}}}}}"));
        }
    }

    fn write_raw(&mut self, start: usize, end: usize, inner: (usize, usize)) {
        let bytes = self.text.as_bytes();
        // A `raw` tag alone on its line leaves no blank line.
        let line_start =
            start - bytes[..start].iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let alone = line_start == 0 || bytes[line_start - 1] == b'\n';
        let mut from = inner.0;
        if alone && bytes.get(from) == Some(&b'\n') {
            from += 1;
        }
        let visible = inner.1 - self.text[from..inner.1].trim_start().len();
        self.keep(start, inner.0);
        self.keep(from, visible);
        if visible < inner.1 {
            // A tag before the block trims its text, as if it were outside. A probe must not be between them, and in the
            // block it would be literal text.
            let point =
                self.probes.as_mut().and_then(|probes| probes.add(PointKind::Text, (visible, inner.1)));
            if point.is_some() {
                self.push_generated("{% endraw %}");
                self.probe(point, ("", ""));
                self.push_generated("{% raw %}");
            }
            self.marked(visible, inner.1);
        }
        self.keep(inner.1, end);
    }

    /// Comments vanish, but their white-space control stays.
    fn comment(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let before = bytes.get(start + 2) == Some(&b'-');
        let after = end >= 3 && bytes[end - 3] == b'-';
        if before || after {
            self.push_generated(match (before, after) {
                (true, true) => "{#- -#}",
                (true, false) => "{#- #}",
                _ => "{# -#}",
            });
        }
    }

    fn keep(&mut self, start: usize, end: usize) {
        if start < end {
            self.kept.push((self.out.len(), start, end - start));
            self.out.push_str(&self.text[start..end]);
        }
    }

    fn push_generated(&mut self, text: &str) {
        self.out.push_str(text);
    }
}
