//! From text to trees.

mod explain;
mod go;
mod guard;
mod plain;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use base64::Engine as _;
use libyaml_safer::{Encoding, Error, Event, EventData, Mark, Parser, ScalarStyle};
use memchr::memmem;
use rayon::prelude::*;

use self::explain::{Explanation, explain};
use super::scalar::{go_float_key, is_timestamp, resolve_non_string};
use super::{Entry, Map, Node, Value};
use crate::diag::{Diagnostic, Report, Rule, Severity, SourceId, Sources, Span};

/// What a reader that lets the last of duplicate keys count says about them.
pub static DUPLICATE_KEY: Rule = Rule {
    id: "yaml/duplicate-key",
    severity: Severity::Warning,
    summary: "a key is written twice in one map",
    docs: "Helm and kubectl let the last of two equal keys count and forget the first: the labels, the `env` or the \
           `resources` written above are gone without a word. The API server, given the text itself, refuses it: in a \
           manifest this is an error. `y` and `true`, `010` and `8` are equal keys too.

## Bad
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: db}
data:
  mode: primary
  size: \"1\"
  mode: replica
```

## Good
```yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: db}
data:
  mode: replica
  size: \"1\"
```

## Fix
Keep one of the two. plimsoll's own charts and values files may not hold such keys at all; this is about
manifests and the output of Helm's charts.
",
};

/// One document of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its content; null for a document without any.
    pub root: Node,
    /// Its bytes: from its `---` (the first document: from the start of the text) up to the next
    /// document's `---`, the end of its `...` line, or the end of the text. Comments lie within.
    pub span: Span,
    /// Whether it holds only comments or nothing at all.
    pub blank: bool,
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// What a key that is written twice in one map means.
    pub duplicate_keys: DuplicateKeys,
    /// How large a text may be.
    pub limits: Limits,
    /// Whether the text is no file but a string that a template reads (`fromYaml`), for which go-yaml
    /// alone decides: only the first document is read, content may stand on the line of its `---`, and
    /// no line break is added at the end.
    pub fragment: bool,
}

/// What a key that is written twice in one map means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// An error, as for an API server that is sent YAML with `fieldValidation=Strict`. To it a key that is
    /// both merged and written, or merged twice, is written twice as well.
    Error,
    /// The last one counts, as for helm, with a warning.
    LastWins,
}

/// How large a text may be before reading stops with an error. Depth and nodes are counted after
/// aliases are expanded, so small texts that unfold into huge trees are refused, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. Default: [`Limits::MAX_BYTES`].
    pub max_bytes: usize,
    /// Maps and lists inside each other. Default: [`Limits::MAX_DEPTH`].
    pub max_depth: usize,
    /// Scalars (keys, too), maps and lists of all documents together. Default: [`Limits::MAX_NODES`].
    pub max_nodes: usize,
}

impl Limits {
    /// 50 MiB; etcd takes 1.5 MiB for one object.
    pub const MAX_BYTES: usize = 50 << 20;
    /// 200; custom resource definitions reach about 60. Code that walks trees may recurse this deep.
    pub const MAX_DEPTH: usize = 200;
    /// Two million.
    pub const MAX_NODES: usize = 2_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: Self::MAX_BYTES, max_depth: Self::MAX_DEPTH, max_nodes: Self::MAX_NODES }
    }
}

impl ReadOptions {
    /// Duplicate keys are errors.
    pub fn strict() -> Self {
        Self { duplicate_keys: DuplicateKeys::Error, limits: Limits::default(), fragment: false }
    }

    /// As helm and kubectl read: with a warning the last of duplicate keys counts, and what follows the
    /// end of a document (less indented than its start) is left out.
    pub fn lenient() -> Self {
        Self { duplicate_keys: DuplicateKeys::LastWins, ..Self::strict() }
    }

    /// As Helm's `fromYaml` reads a string.
    pub fn fragment() -> Self {
        Self { fragment: true, ..Self::lenient() }
    }
}

/// Reads every document of a text.
///
/// Scalars, keys, merge keys (`<<`), tags and anchors mean what they mean to helm and kubectl. A text
/// without any document (empty, or only comments and no `---`) gives an empty list. As for helm and
/// kubectl a document ends at `...`, and what follows up to the next `---` is not read; a warning says
/// so.
///
/// As they do, too, the text is taken apart at its `---` lines first, so a syntax error ends only the
/// document it is in. The output then holds the other documents; it is `None` only if there is none, or
/// if a limit is exceeded. Duplicate keys do not keep a document out of the output.
pub fn read(sources: &Sources, source: SourceId, options: &ReadOptions) -> Report<Vec<Document>> {
    let Some(content) = sources.get(source) else { return Report::ok(Vec::new()) };
    let text: &str = &content.text;
    if let Some(refusal) = refuse(text, source, options.limits) {
        return Report::fail(refusal);
    }
    let mut pieces = pieces(text);
    if options.fragment {
        pieces.truncate(1);
    }
    let read_piece = |nodes: &AtomicUsize, piece: &Range<usize>| {
        Reader::new(text, source, options, nodes, piece.clone()).read()
    };
    let in_order = || {
        let nodes = AtomicUsize::new(0);
        pieces.iter().map(|piece| read_piece(&nodes, piece)).collect::<Vec<_>>()
    };
    let parts = if text.len() < WORTH_SHARING || pieces.len() == 1 {
        in_order()
    } else {
        let nodes = AtomicUsize::new(0);
        let parts: Vec<Part> = pieces.par_iter().map(|piece| read_piece(&nodes, piece)).collect();
        // Which document exceeds a limit must not depend on the threads.
        if parts.iter().any(|part| part.stopped) { in_order() } else { parts }
    };
    let mut documents = Vec::with_capacity(parts.len());
    let mut diagnostics = Vec::new();
    for part in parts {
        documents.extend(part.document);
        diagnostics.extend(part.diagnostics);
        if part.stopped {
            return Report::failed(diagnostics);
        }
    }
    if documents.is_empty() && crate::diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    Report::with(documents, diagnostics)
}

/// Reads the first document of a string as Helm's `fromYaml` does. The error is that of Go, to the letter: templates see it.
pub fn read_fragment(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| go::not_utf8(bytes, error.valid_up_to()))?;
    let options = ReadOptions::fragment();
    // What is wrong is told without a place in a source.
    let source = Span::NONE.source;
    if find_control_character(text).is_some() {
        return Err(go::CONTROL_CHARACTER.to_owned());
    }
    if text.len() > options.limits.max_bytes {
        return Err(format!("yaml: at most {} bytes are read", options.limits.max_bytes));
    }
    let piece = pieces(text).into_iter().next().unwrap_or(0..0);
    let nodes = AtomicUsize::new(0);
    let part = Reader::new(text, source, &options, &nodes, piece.clone()).read();
    match (part.document, part.reason) {
        (_, Some(reason)) => Err(reason.told(&text[piece])),
        (Some(document), None) => Ok(document.root),
        (None, None) => match part.diagnostics.into_iter().find(|found| found.severity == Severity::Error) {
            Some(limit) => Err(format!("yaml: {}", limit.message)),
            None => Ok(Node::bare(Value::Null)),
        },
    }
}

/// Bytes of text from which on its documents are shared among threads.
const WORTH_SHARING: usize = 256 << 10;

/// What is wrong with a text as a whole.
fn refuse(text: &str, source: SourceId, limits: Limits) -> Option<Diagnostic> {
    if text.len() > limits.max_bytes {
        let diagnostic = Diagnostic::error(format!("the text is too large: {} bytes", text.len()))
            .at(Span::new(source, 0, 0), "")
            .help(format!("at most {} bytes are read", limits.max_bytes));
        return Some(diagnostic);
    }
    let (offset, control) = find_control_character(text)?;
    let message = format!("control character U+{:04X} is not allowed in YAML", u32::from(control));
    let code = u32::from(control);
    let escape = if code < 0x100 { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") };
    let diagnostic = Diagnostic::error(message)
        .at(Span::new(source, offset, offset + control.len_utf8()), "")
        .help(format!("remove it, or write it as an escape in a double-quoted string: \"{escape}\""));
    Some(diagnostic)
}

/// Takes a text apart before its `---` lines. What stands before the first one is a piece of its own
/// only if it has content.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut pieces = Vec::new();
    let mut from = start;
    let mut next = next_separator(text, start);
    let head = &text[start..next.unwrap_or(text.len())];
    if head
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%'))
    {
        next = next.and_then(|separator| next_separator(text, line_end(text, separator)));
    }
    while let Some(separator) = next {
        pieces.push(from..separator);
        from = separator;
        next = next_separator(text, line_end(text, separator));
    }
    pieces.push(from..text.len());
    pieces
}

/// What one piece of a text holds.
struct Part {
    document: Option<Document>,
    diagnostics: Vec<Diagnostic>,
    /// Whether a limit is exceeded.
    stopped: bool,
    /// Why there is no document, in Go's words.
    reason: Option<go::Reason>,
}

/// Why reading a document ended early.
enum Stop {
    /// The document is broken; the next one may not be. With the reason in Go's words.
    Broken(Box<Diagnostic>, go::Reason),
    /// A limit is exceeded: nothing more is read.
    Limit(Box<Diagnostic>),
}

/// Reads one piece of a text.
struct Reader<'a> {
    text: &'a str,
    source: SourceId,
    options: &'a ReadOptions,
    /// The bytes of the text to read.
    piece: Range<usize>,
    /// The nodes that all pieces of the text have so far.
    total: &'a AtomicUsize,
    /// Those of this piece that are not in `total` yet.
    nodes: usize,
    /// The maps and lists that are open, outermost first.
    frames: Vec<Frame>,
    anchors: BTreeMap<String, Anchor>,
    diagnostics: Vec<Diagnostic>,
}

/// An open map or list.
struct Frame {
    anchor: Option<String>,
    span: Span,
    content: Content,
}

enum Content {
    Seq(Vec<Node>),
    Map(OpenMap),
}

/// A map being read: its entries in the order written, duplicates included.
#[derive(Default)]
struct OpenMap {
    entries: Vec<Entry>,
    /// The key that waits for its value.
    key: Option<Key>,
    /// The ranges of `entries` that came in through `<<`.
    merged: Vec<Range<usize>>,
}

enum Key {
    Name(String, Span),
    Merge(Span),
    /// One of a fragment that no string is made of. go-yaml reads its value before it is refused.
    Refused(Node, Span),
}

enum Anchor {
    /// The node is still being read.
    Open(Span),
    Node {
        node: Rc<Node>,
        nodes: usize,
        depth: usize,
    },
}

impl<'a> Reader<'a> {
    fn new(
        text: &'a str,
        source: SourceId,
        options: &'a ReadOptions,
        total: &'a AtomicUsize,
        piece: Range<usize>,
    ) -> Self {
        let (frames, anchors, diagnostics) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { text, source, options, piece, total, nodes: 0, frames, anchors, diagnostics }
    }

    fn read(mut self) -> Part {
        let (document, stop) = match self.read_document() {
            Ok(document) => (document, None),
            Err(stop) => (None, Some(stop)),
        };
        self.total.fetch_add(self.nodes, Relaxed);
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
        let plain = plain::read(self.text, self.piece.clone(), self.source, limits, !self.options.fragment);
        if let Some((root, nodes)) = plain
            && self.total.load(Relaxed).saturating_add(nodes) <= limits.max_nodes
        {
            self.nodes = nodes;
            return Ok(Some(Document { root, span: self.piece_span(), blank: false }));
        }
        self.parse_document()
    }

    /// Reads a document of any form.
    fn parse_document(&mut self) -> Result<Option<Document>, Stop> {
        let piece = &self.text[self.piece.clone()];
        if let Some(offset) = guard::tag_before_comma(piece) {
            let start = self.piece.start + offset;
            let diagnostic = Diagnostic::error("a tag needs white space behind it")
                .at(Span::new(self.source, start, start + 1), "")
                .help("quote the text if it is meant to start with `!`");
            let line = piece[..offset].matches('\n').count();
            return Err(broken(diagnostic, go::tag_without_space(line)));
        }
        let mut parser = Parser::new();
        parser.set_encoding(Encoding::Utf8);
        parser.set_input(Chunks::new(piece));
        let mut document = None;
        let mut ended = false;
        loop {
            let Event { data, start_mark, end_mark, .. } = match parser.parse() {
                Ok(event) => event,
                Err(error) if ended && self.options.duplicate_keys == DuplicateKeys::LastWins => {
                    // go-yaml has what it wants by now.
                    let rest = error.problem_mark().map_or(self.piece.end, |mark| self.offset(mark));
                    self.check_rest(rest);
                    return Ok(document);
                }
                Err(error) => return Err(self.syntax_error(&error)),
            };
            let span = self.span(start_mark, end_mark);
            match data {
                EventData::StreamStart { .. } => {}
                EventData::DocumentEnd { implicit: true } => ended = true,
                EventData::StreamEnd => return Ok(document),
                EventData::DocumentStart { version_directive, implicit, .. } => {
                    if let Some(version) = version_directive
                        && (version.major, version.minor) != (1, 1)
                    {
                        let message = format!("YAML {}.{} is not understood", version.major, version.minor);
                        let help = "remove the `%YAML` line: helm and kubectl read YAML 1.1 only";
                        let line = usize::try_from(start_mark.line).unwrap_or(0);
                        let reason = go::Reason::parse(line, "found incompatible YAML document");
                        return Err(broken(Diagnostic::error(message).at(span, "").help(help), reason));
                    }
                    if !implicit && !self.options.fragment {
                        self.check_separator(span)?;
                    }
                }
                EventData::DocumentEnd { implicit: false } => {
                    let end = line_end(self.text, span.end as usize);
                    self.check_rest(end);
                    if let Some(document) = &mut document {
                        document.span = Span::new(self.source, self.piece.start, end);
                    }
                    return Ok(document);
                }
                data => {
                    if let Some(root) = self.event(data, span)? {
                        let blank = root.is_null() && root.span.start == root.span.end;
                        document = Some(Document { root, span: self.piece_span(), blank });
                    }
                }
            }
        }
    }

    /// helm and kubectl refuse content on the line of a `---`.
    fn check_separator(&self, separator: Span) -> Result<(), Stop> {
        let end = line_end(self.text, separator.end as usize);
        let line = self.text.get(separator.end as usize..end).unwrap_or_default();
        let (trailing, end) = (line.trim(), separator.end as usize + line.trim_end().len());
        if trailing.is_empty() || trailing.starts_with('#') {
            return Ok(());
        }
        let diagnostic = Diagnostic::error("content on the line of a `---` separator")
            .at(Span::new(self.source, end - trailing.len(), end), "")
            .help("start the document on the next line: helm and kubectl refuse it here");
        Err(broken(diagnostic, go::Reason::parse(0, "invalid Yaml document separator")))
    }

    /// Warns of text that follows the end of a document.
    fn check_rest(&mut self, mut offset: usize) {
        for line in self.text[offset..self.piece.end].split_inclusive('\n') {
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
    fn event(&mut self, data: EventData, span: Span) -> Result<Option<Node>, Stop> {
        match data {
            EventData::Scalar { anchor, tag, mut value, plain_implicit, style, .. } => {
                self.count(1, span)?;
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
                    && self.break_was_added(span, &value)
                {
                    value.pop();
                }
                if style == ScalarStyle::DoubleQuoted {
                    self.check_escapes(span)?;
                }
                let span = self.trim_block_scalar(style, span);
                if let Some(map) = self.map_at_key() {
                    let merge = tag.as_deref().map_or(plain_implicit, |tag| tag == MERGE_TAG);
                    if merge && value == "<<" {
                        map.key = Some(Key::Merge(span));
                        return Ok(None);
                    }
                }
                let value = self.scalar(tag.as_deref(), value, plain_implicit, span)?;
                self.complete(Node::new(value, span), anchor, span)
            }
            EventData::Alias { anchor } => {
                let (node, nodes, depth) = match self.anchors.get(&anchor) {
                    Some(Anchor::Node { node, nodes, depth }) => (Rc::clone(node), *nodes, *depth),
                    Some(Anchor::Open(definition)) => {
                        let diagnostic = Diagnostic::error(format!("anchor `{anchor}` contains itself"))
                            .at(span, "used inside its own value")
                            .at(*definition, "defined here");
                        let reason = go::Reason::decode(&format!("anchor '{anchor}' value contains itself"));
                        return Err(broken(diagnostic, reason));
                    }
                    None => {
                        let known = self.anchors.keys().map(String::as_str);
                        let help = crate::diag::nearest(&anchor, known)
                            .map_or("quote the text if it is meant to start with `*`".to_owned(), |name| {
                                format!("did you mean `*{name}`?")
                            });
                        let message = format!("anchor `{anchor}` is not defined above");
                        let reason = go::Reason::parse(0, &format!("unknown anchor '{anchor}' referenced"));
                        return Err(broken(Diagnostic::error(message).at(span, "").help(help), reason));
                    }
                };
                // Counted before it is copied.
                self.count(nodes, span)?;
                self.check_depth(self.frames.len() + depth, span)?;
                self.complete(Node::clone(&node), None, span)
            }
            EventData::SequenceStart { anchor, .. } => {
                self.open(anchor, span, Content::Seq(Vec::new())).map(|()| None)
            }
            EventData::MappingStart { anchor, .. } => {
                self.open(anchor, span, Content::Map(OpenMap::default())).map(|()| None)
            }
            EventData::SequenceEnd | EventData::MappingEnd => self.close(span),
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
                    Diagnostic::error("`{{` is no template expression here but a map inside a map")
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
        self.frames.push(Frame { anchor, span: Span { end: span.start, ..span }, content });
        Ok(())
    }

    /// Closes the innermost map or list. In block style it ends where its last item does; in flow
    /// style `end` is its bracket.
    fn close(&mut self, end: Span) -> Result<Option<Node>, Stop> {
        let Some(Frame { anchor, mut span, content }) = self.frames.pop() else { return Ok(None) };
        let bracket = matches!(self.text.as_bytes().get(end.start as usize), Some(b']' | b'}'));
        if bracket && end.start < end.end {
            span.end = end.end;
        }
        let value = match content {
            Content::Seq(items) => Value::Seq(items),
            Content::Map(map) => Value::Map(self.unique(map)),
        };
        self.complete(Node::new(value, span), anchor, span)
    }

    /// Puts a complete node where it belongs. `written` is its place in this document, which for an
    /// alias is not the node's own.
    fn complete(&mut self, node: Node, anchor: Option<String>, written: Span) -> Result<Option<Node>, Stop> {
        if let Some(anchor) = anchor {
            let (nodes, depth) = measure(&node);
            self.count(nodes, written)?;
            self.anchors.insert(anchor, Anchor::Node { node: Rc::new(node.clone()), nodes, depth });
        }
        let Some(frame) = self.frames.last_mut() else { return Ok(Some(node)) };
        frame.span.end = frame.span.end.max(written.end);
        match &mut frame.content {
            Content::Seq(items) => items.push(node),
            Content::Map(map) => match map.key.take() {
                None if self.options.fragment && matches!(node.value, Value::Null | Value::Uint(_)) => {
                    map.key = Some(Key::Refused(node, written));
                }
                None => map.key = Some(key(node, written)?),
                Some(Key::Name(key, key_span)) => map.entries.push(Entry { key, key_span, value: node }),
                Some(Key::Merge(key_span)) => map.merge(node, key_span)?,
                Some(Key::Refused(key, span)) => {
                    return Err(broken(not_a_key(&key, span), go::wrong_key_of(&key, &node)));
                }
            },
        }
        Ok(None)
    }

    /// The innermost map, if it is a key that comes next.
    fn map_at_key(&mut self) -> Option<&mut OpenMap> {
        match self.frames.last_mut() {
            Some(Frame { content: Content::Map(map), .. }) if map.key.is_none() => Some(map),
            _ => None,
        }
    }

    fn scalar(&self, tag: Option<&str>, text: String, plain: bool, span: Span) -> Result<Value, Stop> {
        let value = match tag.map(|tag| tag.strip_prefix(TAG_PREFIX).unwrap_or(tag)) {
            // A plain scalar behind a lone `!` is a string.
            None if plain
                && !self
                    .text
                    .get(span.start as usize..span.end as usize)
                    .is_some_and(|text| text.starts_with('!')) =>
            {
                resolve_non_string(&text).unwrap_or(Value::String(text))
            }
            Some(tag @ ("bool" | "int" | "float" | "null" | "timestamp")) => {
                let value = match (tag, resolve_non_string(&text)) {
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
                    let message = format!("the value is not what its tag `!!{tag}` says");
                    let reason = go::wrong_tag(&text, tag);
                    broken(Diagnostic::error(message).at(span, "").help("remove the tag"), reason)
                })?
            }
            Some("binary") => {
                let encoded: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|_| {
                    let diagnostic =
                        Diagnostic::error("the text behind `!!binary` is not base64").at(span, "");
                    let reason = "!!binary value contains invalid base64 data";
                    broken(diagnostic, go::Reason::decode(reason))
                })?;
                Value::String(String::from_utf8_lossy(&bytes).into_owned())
            }
            // Tags that nobody knows are ignored; the text then is not resolved.
            _ => Value::String(text),
        };
        if let Value::Float(number) = value
            && !number.is_finite()
            && !self.at_key()
        {
            let diagnostic = Diagnostic::error("infinity and NaN cannot be written as JSON")
                .at(span, "")
                .help("quote it if it is meant as text: helm and kubectl refuse such numbers");
            return Err(broken(diagnostic, go::infinite(number)));
        }
        Ok(value)
    }

    fn at_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { content: Content::Map(map), .. }) if map.key.is_none())
    }

    /// The map with every key once: the last value, at the place of the first.
    fn unique(&mut self, map: OpenMap) -> Map {
        if !has_duplicates(&map.entries) {
            return Map::from_unique(map.entries);
        }
        let strict = self.options.duplicate_keys == DuplicateKeys::Error;
        let mut entries: Vec<Entry> = Vec::with_capacity(map.entries.len());
        // Where each key stands in `entries`, and where it was first written out: not merged, unless strict.
        let mut seen: BTreeMap<String, (usize, Option<Span>)> = BTreeMap::new();
        for (index, entry) in map.entries.into_iter().enumerate() {
            let counts = strict || map.merged.iter().all(|range| !range.contains(&index));
            let written = counts.then_some(entry.key_span);
            let Some((place, first)) = seen.get_mut(&entry.key) else {
                seen.insert(entry.key.clone(), (entries.len(), written));
                entries.push(entry);
                continue;
            };
            if let (Some(first), Some(again)) = (*first, written) {
                let diagnostic = if strict {
                    Diagnostic::error(format!("key `{}` is written twice in one map", entry.key))
                } else {
                    Diagnostic::of(
                        &DUPLICATE_KEY,
                        format!("key `{}` is written twice in one map; the last one counts", entry.key),
                    )
                };
                self.diagnostics.push(
                    diagnostic
                        .at(again, "written again here")
                        .at(first, "first written here")
                        .help("keep one of the two"),
                );
            }
            *first = first.or(written);
            entries[*place] = entry;
        }
        Map::from_unique(entries)
    }

    /// Counts nodes against the limit.
    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        let limit = self.options.limits.max_nodes;
        if self.total.load(Relaxed).saturating_add(self.nodes) <= limit {
            if self.nodes >= 4096 {
                self.total.fetch_add(std::mem::take(&mut self.nodes), Relaxed);
            }
            return Ok(());
        }
        Err(Stop::Limit(Box::new(
            Diagnostic::error("the text has too many values").at(span, "the limit is reached here").help(
                format!("at most {limit} scalars, maps and lists are read, those behind aliases included"),
            ),
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
                .help(format!("at most {limit} levels are read, those behind aliases included")),
        )))
    }

    fn piece_span(&self) -> Span {
        Span::new(self.source, self.piece.start, self.piece.end)
    }

    /// Marks count bytes from where the parser started.
    fn span(&self, start: Mark, end: Mark) -> Span {
        Span::new(self.source, self.offset(start), self.offset(end))
    }

    fn offset(&self, mark: Mark) -> usize {
        usize::try_from(mark.index)
            .map_or(self.piece.end, |index| (self.piece.start + index).min(self.piece.end))
    }

    /// Refuses the escape `\/`, which the parser knows from later versions of YAML, and go-yaml does not.
    fn check_escapes(&self, span: Span) -> Result<(), Stop> {
        let quoted = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let mut rest = quoted;
        while let Some(backslash) = rest.find('\\') {
            if rest[backslash..].starts_with("\\/") {
                let start = span.start as usize + quoted.len() - rest.len() + backslash;
                let diagnostic = Diagnostic::error("unknown escape in a double-quoted string")
                    .at(Span::new(self.source, start, start + 2), "")
                    .help("write `/` by itself: helm and kubectl do not know `\\/`");
                let line = self.text[self.piece.start..start].matches('\n').count();
                return Err(broken(diagnostic, go::unknown_escape(line)));
            }
            // Whatever is escaped is no backslash of its own.
            let escaped = rest[backslash + 1..].chars().next().map_or(0, char::len_utf8);
            rest = &rest[backslash + 1 + escaped..];
        }
        Ok(())
    }

    /// Whether the line break at the end of a block scalar is the one that was added to a fragment.
    fn break_was_added(&self, span: Span, value: &str) -> bool {
        let ends_text = span.end as usize == self.text.len() && !self.text.ends_with('\n');
        let Some(content) = value.strip_suffix('\n').filter(|_| ends_text && self.options.fragment) else {
            return false;
        };
        let last = self.text.rsplit('\n').next().unwrap_or_default();
        // A last line of nothing but the block's indentation adds a line break only to `|+`.
        let header = self.text.get(span.start as usize..).and_then(|text| text.lines().next());
        !last.trim_matches([' ', '\t']).is_empty()
            || content.ends_with([' ', '\t'])
            || header.is_some_and(|header| header.contains('+'))
    }

    /// The parser ends a block scalar where the next token starts; we, with its last line.
    fn trim_block_scalar(&self, style: ScalarStyle, span: Span) -> Span {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return span;
        }
        let (start, end) = (span.start as usize, span.end as usize);
        self.text
            .get(start..end)
            .map_or(span, |text| Span::new(self.source, start, start + text.trim_end().len()))
    }

    /// A syntax error in our words.
    fn syntax_error(&self, error: &Error) -> Stop {
        let offset = error.problem_mark().map_or(self.piece.end, |mark| self.offset(mark));
        let before = self.text.get(..offset).unwrap_or_default();
        let rest = self.text.get(offset..self.piece.end).unwrap_or_default();
        let line = before.rfind('\n').map_or(before, |newline| &before[newline + 1..]);
        let Explanation { message, context, help } = explain(error, line, rest);
        let ended = rest.trim().is_empty();
        let known = error.context_mark().zip(context).map(|(mark, text)| (self.offset(mark), text));
        let open = self.frames.last().map(|frame| (frame.span.start as usize, "it is opened here"));
        let diagnostic = match known.or(open.filter(|_| ended)) {
            // What is not closed is wrong where it is opened, not where the text ends.
            Some((start, text)) if ended => Diagnostic::error(message).at(self.character(start), text),
            Some((start, text)) if start != offset => {
                Diagnostic::error(message).at(self.character(offset), "").at(self.character(start), text)
            }
            _ => Diagnostic::error(message).at(self.character(offset), ""),
        };
        broken(
            diagnostic.maybe_help(help.map(str::to_owned)),
            go::Reason::of(error, &self.text[self.piece.clone()]),
        )
    }

    /// The character at an offset; nothing at the end of a line.
    fn character(&self, offset: usize) -> Span {
        let next = self.text.get(offset..).and_then(|rest| rest.chars().next());
        Span::new(self.source, offset, offset + next.filter(|c| *c != '\n').map_or(0, char::len_utf8))
    }
}

impl OpenMap {
    /// Takes in the entries of a merged map. As in go-yaml, what is merged later overrides what stands
    /// before it, and in a list of maps the first one counts most.
    fn merge(&mut self, node: Node, key_span: Span) -> Result<(), Stop> {
        let start = self.entries.len();
        match node.value {
            Value::Map(map) => self.entries.extend(map),
            Value::Seq(items) if items.iter().all(|item| item.as_map().is_some()) => {
                for item in items.into_iter().rev() {
                    if let Value::Map(map) = item.value {
                        self.entries.extend(map);
                    }
                }
            }
            _ => {
                let diagnostic = Diagnostic::error("`<<` merges a map or a list of maps")
                    .at(key_span, "")
                    .help("quote it if it is meant as a key: \"<<\"");
                let reason = "map merge requires map or sequence of maps as the value";
                return Err(broken(diagnostic, go::Reason::decode(reason)));
            }
        }
        self.merged.push(start..self.entries.len());
        Ok(())
    }
}

/// A key as JSON has it: always a string. sigs.k8s.io/yaml prints numbers and booleans and refuses
/// everything else.
fn key(node: Node, written: Span) -> Result<Key, Stop> {
    let name = match node.value {
        Value::String(text) => text,
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => go_float_key(number),
        Value::Null | Value::Uint(_) | Value::Seq(_) | Value::Map(_) => {
            return Err(broken(not_a_key(&node, written), go::wrong_key(&node)));
        }
    };
    Ok(Key::Name(name, written))
}

fn not_a_key(node: &Node, written: Span) -> Diagnostic {
    Diagnostic::error(format!("{} cannot be a key", node.type_name()))
        .at(written, "")
        .help("quote it if it is meant as text")
}

/// Whether two entries have the same key.
fn has_duplicates(entries: &[Entry]) -> bool {
    if entries.len() <= 16 {
        return entries
            .iter()
            .enumerate()
            .any(|(index, entry)| entries[..index].iter().any(|other| other.key == entry.key));
    }
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

/// How many nodes a tree has, and how many maps and lists it has inside each other.
fn measure(node: &Node) -> (usize, usize) {
    let add = |(nodes, depth): (usize, usize), child: &Node| {
        let (more, deeper) = measure(child);
        (nodes.saturating_add(more), depth.max(deeper + 1))
    };
    match &node.value {
        Value::Seq(items) => items.iter().fold((1, 1), add),
        Value::Map(map) => map.iter().map(|entry| &entry.value).fold((1, 1), add),
        _ => (1, 0),
    }
}

const TAG_PREFIX: &str = "tag:yaml.org,2002:";
const MERGE_TAG: &str = "tag:yaml.org,2002:merge";

fn broken(diagnostic: Diagnostic, reason: go::Reason) -> Stop {
    Stop::Broken(Box::new(diagnostic), reason)
}

/// The start of the first line at or after `from` that is a document separator.
fn next_separator(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins_line = |at: usize| at == 0 || bytes[at - 1] == b'\n';
    let is_whole =
        |at: usize| bytes.get(at + 3).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    memmem::find_iter(bytes.get(from..)?, "---")
        .map(|found| from + found)
        .find(|at| begins_line(*at) && is_whole(*at))
}

/// One past the line break after `from`.
fn line_end(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| from + length + 1)
}

/// The first character that YAML does not allow in a text.
fn find_control_character(text: &str) -> Option<(usize, char)> {
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

/// Hands a text to the parser in pieces, because it decodes all that it is given before it parses any.
/// A line break is added to a last line without one, as helm and kubectl do.
struct Chunks<'a> {
    rest: &'a str,
    unfinished: bool,
}

const CHUNK: usize = 4096;

impl<'a> Chunks<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, unfinished: !text.ends_with('\n') }
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() && self.unfinished {
            self.rest = "\n";
            self.unfinished = false;
        }
        let mut end = CHUNK.min(self.rest.len());
        while !self.rest.is_char_boundary(end) {
            end -= 1;
        }
        Ok(&self.rest.as_bytes()[..end])
    }

    fn consume(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}
