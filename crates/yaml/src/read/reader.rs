//! From the events of one document to its tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::events::{Event, EventKind, Events};
use super::explain::{Explanation, explain};
use super::map::{Key, OpenMap, has_duplicates, key, not_a_key, not_mergeable};
use super::scan::{Mark, Style, SyntaxError};
use super::text::{Piece, line_end};
use super::{Document, DuplicateKey, DuplicateKeys, ReadOptions, Stop, broken, go, plain, too_many_nodes};
use crate::emit::replace_invalid;
use crate::scalar::{is_integer, is_timestamp, means_so, resolve_non_string};
use crate::{Entry, Map, Node, Value};
use base64::Engine as _;
use plimsoll_diag::{Diagnostic, SourceId, Span};

/// What one piece of a text holds.
pub(super) struct Part {
    pub(super) document: Option<Document>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether a limit is exceeded.
    pub(super) stopped: bool,
    /// Go's error, if there is no document.
    pub(super) reason: Option<go::Reason>,
}

/// What all pieces of a text hold together, so far.
#[derive(Default)]
pub(super) struct Totals {
    nodes: AtomicUsize,
    /// Those of the scalars behind aliases.
    bytes: AtomicUsize,
}

/// Reads one piece of a text.
pub(super) struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    options: &'a ReadOptions,
    /// The part of the text to read.
    piece: &'a Piece,
    totals: &'a Totals,
    /// The nodes of this piece that are not in `totals` yet.
    pub(super) nodes: usize,
    decoded: Decoded,
    /// The maps and lists that are open, outermost first.
    frames: Vec<Frame>,
    anchors: BTreeMap<String, Anchor>,
    /// Nodes that JSON cannot hold, which are errors unless other values override them.
    refused: Vec<(Span, Stop)>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// An open map or list.
struct Frame {
    anchor: Option<String>,
    /// The steps of go-yaml before it.
    steps: usize,
    span: Span,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map(OpenMap),
}

enum Anchor {
    /// The node is still being read.
    Open(Span),
    Node(Rc<Node>, Size),
}

/// How large a tree is.
#[derive(Debug, Clone, Copy)]
struct Size {
    nodes: usize,
    /// Maps and lists inside each other.
    depth: usize,
    /// Bytes of its scalars.
    bytes: usize,
    /// The steps in which go-yaml decodes it.
    steps: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a str,
        source: SourceId,
        options: &'a ReadOptions,
        totals: &'a Totals,
        piece: &'a Piece,
    ) -> Self {
        let (frames, anchors, refused, diagnostics) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        let (nodes, decoded) = (0, Decoded::default());
        Self { text, source, options, piece, totals, nodes, decoded, frames, anchors, refused, diagnostics }
    }

    pub(super) fn read(mut self) -> Part {
        let (document, stop) = match self.read_document() {
            Ok(document) => (document, None),
            Err(stop) => (None, Some(stop)),
        };
        self.totals.nodes.fetch_add(self.nodes, Relaxed);
        let stopped = matches!(stop, Some(Stop::Limit(_)));
        let mut reason = None;
        match stop {
            Some(Stop::Broken(diagnostic, go)) => {
                self.diagnostics.push(*diagnostic);
                reason = Some(go);
            }
            Some(Stop::Limit(diagnostic)) => self.diagnostics.push(*diagnostic),
            None => {}
        }
        Part { document, diagnostics: self.diagnostics, stopped, reason }
    }

    fn read_document(&mut self) -> Result<Option<Document>, Stop> {
        let limits = self.options.limits;
        let content = self.piece.content.clone();
        self.check_separator()?;
        let plain = plain::read(self.text, content.clone(), self.source, limits, self.options);
        if let Some((root, nodes)) = plain
            && self.totals.nodes.load(Relaxed).saturating_add(nodes) <= limits.max_nodes
        {
            self.nodes = nodes;
            return Ok(Some(Document { root, span: self.piece_span(), blank: false }));
        }
        let document = self.parse_document()?;
        if let Some(document) = &document {
            self.check_refused(&document.root)?;
        }
        let separated = self.piece.span.start < content.start;
        if document.is_some() || !(separated && self.text[self.piece.span.start..].starts_with("---")) {
            return Ok(document);
        }
        // Nothing but comments below its `---`.
        let root = Node::new(Value::Null, Span::new(self.source, content.start, content.start));
        Ok(Some(Document { root, span: self.piece_span(), blank: true }))
    }

    /// The first node of a tree that JSON cannot hold.
    fn check_refused(&mut self, root: &Node) -> Result<(), Stop> {
        fn contains(node: &Node, span: Span) -> bool {
            let is_inside = match &node.value {
                Value::Seq(items) => items.iter().any(|item| contains(item, span)),
                Value::Map(map) => map.iter().any(|entry| contains(&entry.value, span)),
                _ => false,
            };
            node.span == span || is_inside
        }
        let mut refused = std::mem::take(&mut self.refused).into_iter();
        refused.find(|(span, _)| contains(root, *span)).map_or(Ok(()), |(_, stop)| Err(stop))
    }

    /// Reads a document of any form.
    pub(super) fn parse_document(&mut self) -> Result<Option<Document>, Stop> {
        let content = &self.text[self.piece.content.clone()];
        // helm and kubectl end the last line of a file.
        let is_ended = self.options.fragment || content.ends_with('\n');
        let content = if is_ended { Cow::Borrowed(content) } else { Cow::Owned(format!("{content}\n")) };
        let mut events = Events::new(&content);
        let mut document = None;
        let mut ended = false;
        loop {
            let Event { kind, start, end } = match events.next() {
                Ok(event) => event,
                Err(error) if ended && self.options.duplicate_keys == DuplicateKeys::LastWins => {
                    // go-yaml stops reading here.
                    self.check_rest(self.offset(error.at));
                    return Ok(document);
                }
                Err(error) => return Err(self.syntax_error(&error)),
            };
            let span = self.span(start, end);
            match kind {
                EventKind::DocumentEnd { is_implicit: true } => ended = true,
                EventKind::StreamEnd => return Ok(document),
                EventKind::DocumentStart { is_implicit } => {
                    if ended && !is_implicit {
                        // One that does not start a line of its own.
                        self.check_rest(span.start as usize);
                        return Ok(document);
                    }
                }
                EventKind::DocumentEnd { is_implicit: false } => {
                    let end = line_end(self.text, span.end as usize);
                    self.check_rest(end);
                    if let Some(document) = &mut document {
                        document.span = Span::new(self.source, self.piece.span.start, end);
                    }
                    return Ok(document);
                }
                kind => {
                    if let Some(root) = self.event(kind, span)? {
                        let blank = root.is_null() && root.span.start == root.span.end;
                        document = Some(Document { root, span: self.piece_span(), blank });
                    }
                }
            }
        }
    }

    /// helm and kubectl refuse content on the line of a `---`.
    fn check_separator(&self) -> Result<(), Stop> {
        let Some(trailing) = self.piece.trailing.clone() else { return Ok(()) };
        let diagnostic = Diagnostic::error("content on the line of a `---` separator")
            .at(Span::new(self.source, trailing.start, trailing.end), "")
            .help("start the document on the next line: helm and kubectl refuse it here");
        Err(broken(diagnostic, go::Reason::parse(0, "invalid Yaml document separator")))
    }

    /// Warns of text that follows the end of a document.
    fn check_rest(&mut self, mut offset: usize) {
        for line in self.text[offset..self.piece.content.end].split_inclusive('\n') {
            let content = line.trim();
            if !content.is_empty() && !content.starts_with(['#', '%']) && content != "..." {
                self.diagnostics.push(
                    Diagnostic::warning("text after the end of a document is not read")
                        .at(Span::new(self.source, offset, offset + line.trim_end().len()), "")
                        .help("a document ends at `...` or where its indentation does; the next one starts with `---`"),
                );
                return;
            }
            offset += line.len();
        }
    }

    /// Takes one event of a document's content; the root when it is complete.
    fn event(&mut self, kind: EventKind, span: Span) -> Result<Option<Node>, Stop> {
        match kind {
            EventKind::Scalar { anchor, tag, value, style, is_plain } => {
                self.count(1, span)?;
                let steps = self.decoded.steps;
                self.decode(1, span)?;
                let span = self.trim_block_scalar(style, span);
                if let Some(map) = self.map_at_key() {
                    let merge = tag.as_deref().map_or(is_plain, |tag| tag == MERGE_TAG);
                    if merge && value == "<<" {
                        map.key = Some(Key::Merge(span));
                        self.decoded.steps = steps;
                        return Ok(None);
                    }
                }
                let value = self.scalar(tag.as_deref(), value, is_plain, span)?;
                self.complete(Node::new(value, span), anchor, span, steps)
            }
            EventKind::Alias { anchor } => {
                let (node, size) = match self.anchors.get(&anchor) {
                    Some(Anchor::Node(node, size)) => (Rc::clone(node), *size),
                    Some(Anchor::Open(definition)) => {
                        let diagnostic = Diagnostic::error(format!("anchor `{anchor}` contains itself"))
                            .at(span, "used inside its own value")
                            .at(*definition, "defined here");
                        let reason = go::Reason::decode(&format!("anchor '{anchor}' value contains itself"));
                        return Err(broken(diagnostic, reason));
                    }
                    None => {
                        let known = self.anchors.keys().map(String::as_str);
                        let help = plimsoll_diag::nearest(&anchor, known)
                            .map_or("quote the text if it is meant to start with `*`".to_owned(), |name| {
                                format!("did you mean `*{name}`?")
                            });
                        let message = format!("anchor `{anchor}` is not defined above");
                        let reason = go::Reason::parse(0, &format!("unknown anchor '{anchor}' referenced"));
                        return Err(broken(Diagnostic::error(message).at(span, "").help(help), reason));
                    }
                };
                // Unlike a list that is written there, one behind an alias is not merged.
                if let Some(key_span) = self.merge_key()
                    && node.as_map().is_none()
                {
                    return Err(not_mergeable(key_span));
                }
                // Counted before it is copied.
                self.decode(1, span)?;
                self.decode_alias(size.steps, span)?;
                self.count(size.nodes, span)?;
                self.count_bytes(size.bytes, span)?;
                self.check_depth(self.frames.len() + size.depth, span)?;
                self.complete(Node::clone(&node), None, span, self.decoded.steps)
            }
            EventKind::SequenceStart { anchor } => {
                self.open(anchor, span, Content::Seq(Vec::new())).map(|()| None)
            }
            EventKind::MappingStart { anchor } => {
                self.open(anchor, span, Content::Map(OpenMap::default())).map(|()| None)
            }
            EventKind::SequenceEnd | EventKind::MappingEnd => self.close(span),
            _ => Ok(None),
        }
    }

    fn open(&mut self, anchor: Option<String>, span: Span, content: Content) -> Result<(), Stop> {
        // go-yaml reads the key to its end before it refuses it.
        if self.map_at_key().is_some() && !self.options.fragment {
            // The inner or the outer one of two braces.
            let start = span.start as usize;
            let braces = [start, start.saturating_sub(1)]
                .into_iter()
                .find(|start| self.text.get(*start..).is_some_and(|text| text.starts_with("{{")));
            let diagnostic = match (&content, braces) {
                (Content::Map(_), Some(start)) => {
                    Diagnostic::error("`{{` starts a map inside a map here, not a template expression")
                        .at(Span::new(self.source, start, start + 2), "")
                        .help("quote the text: \"{{ ... }}\"")
                }
                (Content::Map(_), None) => Diagnostic::error("a map cannot be a key").at(span, ""),
                (Content::Seq(_), _) => Diagnostic::error("a list cannot be a key").at(span, ""),
            };
            return Err(broken(diagnostic, go::Reason::decode("invalid map key")));
        }
        self.count(1, span)?;
        self.check_depth(self.frames.len() + 1, span)?;
        if let Some(anchor) = &anchor {
            self.anchors.insert(anchor.clone(), Anchor::Open(span));
        }
        let steps = self.decoded.steps;
        // go-yaml takes the maps out of a list that is merged.
        if self.merge_key().is_none() || matches!(content, Content::Map(_)) {
            self.decode(1, span)?;
        }
        self.frames.push(Frame { anchor, steps, span: Span { end: span.start, ..span }, content });
        Ok(())
    }

    /// The `<<` whose value comes next.
    fn merge_key(&self) -> Option<Span> {
        match self.frames.last() {
            Some(Frame { content: Content::Map(OpenMap { key: Some(Key::Merge(span)), .. }), .. }) => {
                Some(*span)
            }
            _ => None,
        }
    }

    /// Closes the innermost map or list. In block style it ends where its last item does; in flow
    /// style `end` is its bracket.
    fn close(&mut self, end: Span) -> Result<Option<Node>, Stop> {
        let Some(Frame { anchor, steps, mut span, content }) = self.frames.pop() else { return Ok(None) };
        // The name may mean something inside it by now.
        let anchor = anchor.filter(|name| match self.anchors.get(name) {
            Some(Anchor::Open(opened)) => opened.start == span.start,
            _ => false,
        });
        let bracket = matches!(self.text.as_bytes().get(end.start as usize), Some(b']' | b'}'));
        if bracket && end.start < end.end {
            span.end = end.end;
        }
        let value = match content {
            Content::Seq(mut items) => {
                items.shrink_to_fit();
                Value::Seq(items)
            }
            Content::Map(mut map) => {
                self.refused.extend(map.refused.take().map(|stop| (span, stop)));
                Value::Map(self.unique(map))
            }
        };
        self.complete(Node::new(value, span), anchor, span, steps)
    }

    /// Puts a complete node where it belongs. `written` is its place in this document, which for an
    /// alias is not the node's own; `steps` are those of go-yaml before it.
    fn complete(
        &mut self,
        node: Node,
        anchor: Option<String>,
        written: Span,
        steps: usize,
    ) -> Result<Option<Node>, Stop> {
        if let Some(anchor) = anchor {
            let size = Size { steps: self.decoded.steps - steps, ..measure(&node) };
            self.count(size.nodes, written)?;
            self.count_bytes(size.bytes, written)?;
            self.anchors.insert(anchor, Anchor::Node(Rc::new(node.clone()), size));
        }
        let refused = self.find_refused(&node);
        let Some(frame) = self.frames.last_mut() else { return Ok(Some(node)) };
        frame.span.end = frame.span.end.max(written.end);
        match &mut frame.content {
            Content::Seq(items) => items.push(node),
            Content::Map(map) => match map.key.take() {
                None => map.key = Some(key(node, written)?),
                Some(Key::Name(key, key_span)) => map.entries.push(Entry { key, key_span, value: node }),
                Some(Key::Merge(key_span)) => {
                    map.refused = map.refused.take().or(refused);
                    map.merge(node, key_span)?;
                }
                Some(Key::Refused(key, span)) => {
                    let stop = broken(not_a_key(&key, span), go::wrong_key_of(&key, &node));
                    map.refused.get_or_insert(stop);
                }
            },
        }
        Ok(None)
    }

    /// Why a node, or one of its items, is an error: what takes it in by `<<` is one, too.
    fn find_refused(&self, node: &Node) -> Option<Stop> {
        let is_it = |span: &Span| node.span == *span || node.items().iter().any(|item| item.span == *span);
        self.refused.iter().find(|(span, _)| is_it(span)).map(|(_, stop)| stop.clone())
    }

    /// The innermost map, if it is a key that comes next.
    fn map_at_key(&mut self) -> Option<&mut OpenMap> {
        match self.frames.last_mut() {
            Some(Frame { content: Content::Map(map), .. }) if map.key.is_none() => Some(map),
            _ => None,
        }
    }

    /// What a plain scalar means; `None` for a string.
    fn resolve(&self, text: &str) -> Option<Value> {
        resolve_non_string(text).filter(|value| means_so(text, value, self.options.words))
    }

    fn scalar(&mut self, tag: Option<&str>, text: String, plain: bool, span: Span) -> Result<Value, Stop> {
        let value = match tag.map(|tag| tag.strip_prefix(TAG_PREFIX).unwrap_or(tag)) {
            // A plain scalar behind a lone `!` is a string.
            None if plain
                && !self
                    .text
                    .get(span.start as usize..span.end as usize)
                    .is_some_and(|text| text.starts_with('!')) =>
            {
                match self.resolve(&text) {
                    Some(value @ Value::Float(_)) if is_integer(&text) => self.rounded(&text, value, span)?,
                    value => value.unwrap_or(Value::String(text)),
                }
            }
            Some(tag @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
                let value = match (tag, self.resolve(&text)) {
                    ("bool", Some(value @ Value::Bool(_)))
                    | ("int", Some(value @ (Value::Int(_) | Value::Uint(_))))
                    | ("float", Some(value @ Value::Float(_)))
                    | ("null", Some(value @ Value::Null)) => Some(value),
                    #[expect(clippy::cast_precision_loss, reason = "what the tag asks for")]
                    ("float", Some(Value::Int(number))) => Some(Value::Float(number as f64)),
                    ("timestamp", _) if is_timestamp(&text) => Some(Value::String(text.clone())),
                    _ => None,
                };
                value.ok_or_else(|| {
                    let message = format!("the value does not match its tag `!!{tag}`");
                    let reason = go::wrong_tag(&text, tag);
                    broken(Diagnostic::error(message).at(span, "").help("remove the tag"), reason)
                })?
            }
            Some("binary") => {
                let encoded: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|_| {
                    let diagnostic =
                        Diagnostic::error("the text after `!!binary` is not valid base64").at(span, "");
                    let reason = "!!binary value contains invalid base64 data";
                    broken(diagnostic, go::Reason::decode(reason))
                })?;
                Value::String(replace_invalid(&bytes))
            }
            // Tags that nobody knows are ignored; the text then is not resolved.
            _ => Value::String(text),
        };
        if let Value::Float(number) = value
            && !number.is_finite()
            && !self.is_at_key()
        {
            let diagnostic = Diagnostic::error("infinity and NaN cannot be written as JSON")
                .at(span, "")
                .help("quote it if it is meant as text: helm and kubectl refuse such numbers");
            self.refused.push((span, broken(diagnostic, go::infinite(number))));
        }
        Ok(value)
    }

    /// An integer of more than 64 bits, which helm and kubectl make a float of.
    fn rounded(&mut self, text: &str, value: Value, span: Span) -> Result<Value, Stop> {
        let strict = self.options.duplicate_keys == DuplicateKeys::Error;
        let message = format!("the integer `{text}` does not fit into 64 bits");
        let diagnostic = if strict { Diagnostic::error(message) } else { Diagnostic::warning(message) }
            .at(span, "")
            .help("quote it if it is text: helm and kubectl round it to a float");
        if strict {
            return Err(broken(diagnostic, go::Reason::decode("integer out of range")));
        }
        self.diagnostics.push(diagnostic);
        Ok(value)
    }

    fn is_at_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { content: Content::Map(map), .. }) if map.key.is_none())
    }

    /// The map with every key once: the last value, at the place of the first.
    fn unique(&mut self, map: OpenMap) -> Map {
        if !has_duplicates(&map.entries) {
            return Map::from_unique(map.entries);
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(map.entries.len());
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        let mut merged = map.merged.into_iter().peekable();
        for (index, entry) in map.entries.into_iter().enumerate() {
            while merged.next_if(|merge| merge.entries.end <= index).is_some() {}
            let merge = merged.peek().filter(|merge| merge.entries.contains(&index)).map(|merge| merge.key);
            let written = merge.is_none().then_some(entry.key_span);
            let Some(seen) = seen.get_mut(&entry.key) else {
                let place = entries.len();
                seen.insert(entry.key.clone(), Seen { place, written, is_merged: merge.is_some() });
                entries.push(entry);
                continue;
            };
            match (seen.written, merge) {
                (Some(first), None) => {
                    let again = DuplicateKey { key: entry.key.clone(), first, again: entry.key_span };
                    self.diagnostics.push(again.diagnostic(self.options.duplicate_keys));
                }
                (_, Some(merge)) if !seen.is_merged && entries[seen.place].value != entry.value => {
                    self.diagnostics.push(overridden(&entries[seen.place], merge));
                }
                _ => {}
            }
            seen.written = seen.written.or(written);
            seen.is_merged = merge.is_some();
            entries[seen.place] = entry;
        }
        Map::from_unique(entries)
    }

    /// Counts steps of go-yaml.
    fn decode(&mut self, steps: usize, span: Span) -> Result<(), Stop> {
        self.decoded.steps = self.decoded.steps.saturating_add(steps);
        if self.decoded.is_excessive() {
            let message = "aliases make up nearly all of this document";
            let diagnostic = Diagnostic::error(message)
                .at(span, "too much once this is expanded")
                .help("write out what the aliases stand for: helm and kubectl refuse such a document");
            return Err(broken(diagnostic, go::Reason::decode("document contains excessive aliasing")));
        }
        Ok(())
    }

    /// Counts the steps of go-yaml behind an alias.
    fn decode_alias(&mut self, steps: usize, span: Span) -> Result<(), Stop> {
        self.decoded.aliased = self.decoded.aliased.saturating_add(steps);
        self.decode(steps, span)
    }

    /// Counts nodes against the limit.
    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        plimsoll_limits::check().map_err(|exceeded| {
            Stop::Limit(Box::new(Diagnostic::from(exceeded).at(span, "this far it was read")))
        })?;
        self.nodes = self.nodes.saturating_add(nodes);
        let total = self.totals.nodes.load(Relaxed).saturating_add(self.nodes);
        if let Some(refusal) = too_many_nodes(total, span, self.options.limits) {
            return Err(Stop::Limit(Box::new(refusal)));
        }
        if self.nodes >= 4096 {
            self.totals.nodes.fetch_add(std::mem::take(&mut self.nodes), Relaxed);
        }
        Ok(())
    }

    /// Counts bytes of copied scalars against the limit.
    fn count_bytes(&self, bytes: usize, span: Span) -> Result<(), Stop> {
        let limit = self.options.limits.max_bytes;
        if self.totals.bytes.fetch_add(bytes, Relaxed).saturating_add(bytes) <= limit {
            return Ok(());
        }
        Err(Stop::Limit(Box::new(
            Diagnostic::error("the text is too large once its aliases are expanded")
                .at(span, "the limit is reached here")
                .help(format!("the limit is {limit} bytes, including expanded aliases")),
        )))
    }

    fn check_depth(&self, depth: usize, span: Span) -> Result<(), Stop> {
        let limit = self.options.limits.max_depth;
        if depth <= limit {
            return Ok(());
        }
        Err(Stop::Limit(Box::new(
            Diagnostic::error("maps and lists are nested too deeply")
                .at(span, "the limit is reached here")
                .help(format!("the limit is {limit} levels, including expanded aliases")),
        )))
    }

    fn piece_span(&self) -> Span {
        Span::new(self.source, self.piece.span.start, self.piece.span.end)
    }

    /// Marks count bytes from where the content starts.
    fn span(&self, start: Mark, end: Mark) -> Span {
        Span::new(self.source, self.offset(start), self.offset(end))
    }

    fn offset(&self, mark: Mark) -> usize {
        (self.piece.content.start + mark.offset).min(self.piece.content.end)
    }

    /// The parser ends a block scalar where the next token starts; we, with its last line.
    fn trim_block_scalar(&self, style: Style, span: Span) -> Span {
        if !matches!(style, Style::Literal | Style::Folded) {
            return span;
        }
        let (start, end) = (span.start as usize, span.end as usize);
        self.text
            .get(start..end)
            .map_or(span, |text| Span::new(self.source, start, start + text.trim_end().len()))
    }

    /// A syntax error in our words.
    fn syntax_error(&self, error: &SyntaxError) -> Stop {
        let offset = self.offset(error.at);
        let before = self.text.get(..offset).unwrap_or_default();
        let rest = self.text.get(offset..self.piece.content.end).unwrap_or_default();
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        let Explanation { message, context, help } = explain(error, line, rest);
        let ended = rest.trim().is_empty();
        let known = context.map(|text| (self.offset(error.context_mark), text));
        let open = self.frames.last().map(|frame| (frame.span.start as usize, "it is opened here"));
        let diagnostic = match known.or(open.filter(|_| ended)) {
            // What is not closed is wrong where it is opened, not where the text ends.
            Some((start, text)) if ended => Diagnostic::error(message).at(self.character(start), text),
            Some((start, text)) if start != offset => {
                Diagnostic::error(message).at(self.character(offset), "").at(self.character(start), text)
            }
            _ => Diagnostic::error(message).at(self.character(offset), ""),
        };
        broken(diagnostic.maybe_help(help.map(str::to_owned)), go::Reason::from_syntax_error(error))
    }

    /// The character at an offset; nothing at the end of a line.
    fn character(&self, offset: usize) -> Span {
        let next = self.text.get(offset..).and_then(|rest| rest.chars().next());
        Span::new(self.source, offset, offset + next.filter(|c| *c != '\n').map_or(0, char::len_utf8))
    }
}

/// A key of a map.
struct Seen {
    /// Where it stands among the entries.
    place: usize,
    /// Where it was first written out.
    written: Option<Span>,
    /// Whether its value so far came in through `<<`.
    is_merged: bool,
}

/// Says that a key is written in vain: a `<<` after it sets it again.
fn overridden(entry: &Entry, merge: Span) -> Diagnostic {
    Diagnostic::warning(format!("key `{}` is overridden by the `<<` after it", entry.key))
        .at(entry.key_span, "this value is lost")
        .at(merge, "merged here")
        .help("move `<<` to the top of the map: Helm and kubectl take the later value")
}

fn measure(node: &Node) -> Size {
    let add = |size: Size, child: &Node| {
        let inner = measure(child);
        Size {
            nodes: size.nodes.saturating_add(inner.nodes),
            depth: size.depth.max(inner.depth + 1),
            bytes: size.bytes.saturating_add(inner.bytes),
            steps: 0,
        }
    };
    let size = |depth, bytes| Size { nodes: 1, depth, bytes, steps: 0 };
    match &node.value {
        Value::Seq(items) => items.iter().fold(size(1, 0), add),
        Value::Map(map) => {
            let keys = map.iter().map(|entry| entry.key.len()).sum();
            map.iter().map(|entry| &entry.value).fold(size(1, keys), add)
        }
        Value::String(text) => size(0, text.len()),
        _ => size(0, 0),
    }
}

/// How often go-yaml decodes a node, aliases and merge keys expanded.
#[derive(Debug, Clone, Copy)]
struct Decoded {
    /// All steps: one for each key, value and alias, and one for the document.
    steps: usize,
    /// Those behind aliases.
    aliased: usize,
}

impl Default for Decoded {
    fn default() -> Self {
        Self { steps: 1, aliased: 0 }
    }
}

impl Decoded {
    /// Whether go-yaml refuses the document, so that a small one does not unfold into a huge one: 99 of 100 steps may be
    /// behind aliases in a document of up to 400,000 steps, and fewer in a larger one.
    fn is_excessive(self) -> bool {
        const SMALL: f64 = 400_000.0;
        const LARGE: f64 = 4_000_000.0;
        if self.aliased <= 100 || self.steps <= 1000 {
            return false;
        }
        #[expect(clippy::cast_precision_loss, reason = "so does Go")]
        let (steps, aliased) = (self.steps as f64, self.aliased as f64);
        let allowed = 0.99 - 0.89 * ((steps - SMALL) / (LARGE - SMALL)).clamp(0.0, 1.0);
        aliased / steps > allowed
    }
}

const TAG_PREFIX: &str = "tag:yaml.org,2002:";
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";
