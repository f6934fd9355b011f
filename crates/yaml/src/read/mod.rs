//! From text to trees.

mod commented;
mod comments;
mod events;
mod explain;
mod go;
pub mod json;
mod map;
mod plain;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod text;

use rayon::prelude::*;

pub use self::commented::{Commented, Content, read_commented};
use self::reader::{Part, Reader, Totals};
use self::text::{Piece, find_control_character, pieces};
use super::{Node, Value};
use plimsoll_diag::{Diagnostic, Report, Rule, Severity, SourceId, Sources, Span};

/// The warning about duplicate keys when the last one is used.
pub static DUPLICATE_KEY: Rule = Rule {
    id: "yaml/duplicate-key",
    severity: Severity::Warning,
    summary: "a key is written twice in one map",
    docs: "Helm and kubectl use the last of two equal keys and ignore the first without a warning: its labels, `env` or \
           `resources` are lost. The API server rejects such a manifest, so there it is an error. `y` and `true` are \
           equal keys, and so are `010` and `8`.

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
Keep one of the two. In Tera charts and their values duplicate keys are always errors; this rule is for manifests and
for Helm charts, their values and their output.
",
};

/// The message of the error about a backslash that escapes nothing in a double-quoted string.
pub const UNKNOWN_ESCAPE: &str = "unknown escape in a double-quoted string";

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
    /// Whether the text is a string that a template reads (`fromYaml`), not a file. go-yaml
    /// alone decides: only the first document is read, content may stand on the line of its `---`, and
    /// no line break is added at the end.
    pub fragment: bool,
    /// What plain words mean.
    pub words: Words,
}

/// Which plain words are booleans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// `true`, `yes`, `on`, `y` and their opposites: YAML 1.1, go-yaml v2, and so helm and kubectl.
    Yaml11,
    /// `true` and `false` only: go-yaml v3, and so helm-unittest.
    TrueAndFalse,
}

/// What a key that is written twice in one map means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// An error.
    Error,
    /// The last one counts, as for helm, with a warning.
    LastWins,
}

/// A key that is written twice in one map.
#[derive(Debug)]
pub struct DuplicateKey {
    /// The key.
    pub key: String,
    /// Where it was written first.
    pub first: Span,
    /// Where it is written again.
    pub again: Span,
}

impl DuplicateKey {
    /// Its diagnostic: an error, or a warning that the last one is used.
    pub fn diagnostic(&self, meaning: DuplicateKeys) -> Diagnostic {
        let message = format!("key `{}` is written twice in one map", self.key);
        let diagnostic = match meaning {
            DuplicateKeys::Error => Diagnostic::error(message),
            DuplicateKeys::LastWins => {
                Diagnostic::from_rule(&DUPLICATE_KEY, format!("{message}; the last one counts"))
            }
        };
        diagnostic
            .at(self.again, "written again here")
            .at(self.first, "first written here")
            .help("keep one of the two")
    }
}

/// How large a text may be before reading stops with an error. Depth, nodes and bytes are counted after
/// aliases are expanded, so small texts that unfold into huge trees are refused, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text, and bytes of the scalars behind aliases. Default: [`Limits::MAX_BYTES`].
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
        Self {
            duplicate_keys: DuplicateKeys::Error,
            limits: Limits::default(),
            fragment: false,
            words: Words::Yaml11,
        }
    }

    /// As helm and kubectl read: with a warning the last of duplicate keys counts, and what follows the
    /// end of a document (less indented than its start) is left out.
    pub fn lenient() -> Self {
        Self { duplicate_keys: DuplicateKeys::LastWins, ..Self::strict() }
    }

    /// As programs read that decode with go-yaml v3: duplicate keys are errors, and `yes` is a string.
    pub fn go_yaml_v3() -> Self {
        Self { words: Words::TrueAndFalse, ..Self::strict() }
    }

    /// As Helm's `fromYaml` reads a string.
    pub fn fragment() -> Self {
        Self { fragment: true, ..Self::lenient() }
    }
}

/// Reads every document of a text.
///
/// Scalars, keys, merge keys (`<<`), tags and anchors mean what they mean to helm and kubectl. A key that stands
/// after a `<<` overrides what that merges; one that stands before it is overridden, with a warning if that changes
/// its value. A text
/// without any document (empty, or only comments and no `---`) gives an empty list. As for helm and
/// kubectl a document ends at `...`, and what follows up to the next `---` is not read; a warning says
/// so.
///
/// As they do, too, the text is taken apart at its `---` lines first, so a syntax error ends only the
/// document it is in. The output then holds the other documents; it is `None` only if there is none, or
/// if a limit is exceeded. Duplicate keys do not keep a document out of the output.
pub fn read(sources: &Sources, source: SourceId, options: &ReadOptions) -> Report<Vec<Document>> {
    let Some(content) = sources.get(source) else { return Report::ok(Vec::new()) };
    read_from(&content.text, 0, source, options)
}

/// Reads every document of a text as kubectl does, which takes a text that begins with `{` for JSON objects one after the
/// other: a surrogate pair then is one character, and no `---` is needed. What is not JSON, or is separated by `---`, is
/// read as YAML from there on.
pub fn read_stream(sources: &Sources, source: SourceId, options: &ReadOptions) -> Report<Vec<Document>> {
    let Some(content) = sources.get(source) else { return Report::ok(Vec::new()) };
    let text: &str = &content.text;
    // kubectl decodes the text first, which takes the byte order mark off.
    let mut at = text::after_mark(text, 0);
    if !text[at..].trim_start().starts_with('{') || text.len() > options.limits.max_bytes {
        return read_from(text, at, source, options);
    }
    let (mut documents, mut diagnostics) = (Vec::new(), Vec::new());
    let mut nodes = 0;
    let invalid = loop {
        if text[at..].chars().all(json::is_space) {
            return Report::with(documents, diagnostics);
        }
        let object = match json::prefix(text, at, source) {
            Ok(object) => object,
            Err(invalid) => break invalid,
        };
        nodes += object.nodes;
        if let Some(refusal) = too_many_nodes(nodes, object.node.span, options.limits) {
            diagnostics.push(refusal);
            return Report::failed(diagnostics);
        }
        diagnostics.extend(object.duplicates.iter().map(|again| again.diagnostic(options.duplicate_keys)));
        documents.push(Document { span: Span::new(source, at, object.end), root: object.node, blank: false });
        at = object.end;
    };
    // Two objects make a stream of JSON.
    let rest = if documents.len() > 1 || invalid.is_out_of_range { None } else { yaml_after_json(text, at) };
    let Some(rest) = rest else {
        let width = text[invalid.at..].chars().next().map_or(0, char::len_utf8);
        let message = format!("not valid JSON: {}", invalid.reason);
        let span = Span::new(source, invalid.at, invalid.at + width);
        diagnostics.push(Diagnostic::error(message).at(span, ""));
        return if documents.is_empty() {
            Report::failed(diagnostics)
        } else {
            Report::with(documents, diagnostics)
        };
    };
    let report = read_from(text, rest, source, options);
    diagnostics.extend(report.diagnostics);
    documents.extend(report.output.unwrap_or_default());
    if documents.is_empty() && plimsoll_diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    Report::with(documents, diagnostics)
}

/// Where kubectl goes on to read YAML after JSON up to an offset: white space up to the end of the line belongs to
/// neither. It gives up where fewer than four bytes are left.
fn yaml_after_json(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let next = text[at..].chars().next().filter(|_| text.len() - at >= 4)?;
        if !next.is_whitespace() {
            return Some(at);
        }
        at += next.len_utf8();
        if next == '\n' {
            return Some(at);
        }
    }
}

/// Reads a text as YAML from an offset on.
fn read_from(text: &str, start: usize, source: SourceId, options: &ReadOptions) -> Report<Vec<Document>> {
    if let Some(refusal) = refuse(&text[start..], source, start, options.limits) {
        return Report::fail(refusal);
    }
    let pieces = if options.fragment { vec![Piece::whole(text)] } else { pieces(text, start) };
    let read_piece =
        |totals: &Totals, piece: &Piece| Reader::new(text, source, options, totals, piece).read();
    let in_order = || {
        let totals = Totals::default();
        pieces.iter().map(|piece| read_piece(&totals, piece)).collect::<Vec<_>>()
    };
    let parts = if text.len() < WORTH_SHARING || pieces.len() == 1 {
        in_order()
    } else {
        let totals = Totals::default();
        let parts: Vec<Part> = pieces.par_iter().map(|piece| read_piece(&totals, piece)).collect();
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
    if documents.is_empty() && plimsoll_diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    Report::with(documents, diagnostics)
}

/// Reads the first document of a string as Helm's `fromYaml` does. The error is that of Go, to the letter: templates see it.
pub fn read_fragment(bytes: &[u8]) -> Result<Node, String> {
    read_fragment_with(bytes, &ReadOptions::fragment())
}

/// The same for other programs whose templates read strings.
pub fn read_fragment_with(bytes: &[u8], options: &ReadOptions) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| go::not_utf8(bytes, error.valid_up_to()))?;
    // The message carries no position in a source.
    let source = Span::NONE.source;
    if find_control_character(text).is_some() {
        return Err(go::CONTROL_CHARACTER.to_owned());
    }
    if text.len() > options.limits.max_bytes {
        return Err(format!("yaml: at most {} bytes are read", options.limits.max_bytes));
    }
    let (totals, piece) = (Totals::default(), Piece::whole(text));
    let part = Reader::new(text, source, options, &totals, &piece).read();
    match (part.document, part.reason) {
        (_, Some(reason)) => Err(reason.into_message(text)),
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
fn refuse(text: &str, source: SourceId, start: usize, limits: Limits) -> Option<Diagnostic> {
    if text.len() > limits.max_bytes {
        let diagnostic = Diagnostic::error(format!("the text is too large: {} bytes", text.len()))
            .at(Span::new(source, 0, 0), "")
            .help(format!("the limit is {} bytes", limits.max_bytes));
        return Some(diagnostic);
    }
    let (offset, control) =
        find_control_character(text).map(|(offset, control)| (start + offset, control))?;
    let message = format!("control character U+{:04X} is not allowed in YAML", u32::from(control));
    let code = u32::from(control);
    let escape = if code < 0x100 { format!("\\x{code:02X}") } else { format!("\\u{code:04X}") };
    let diagnostic = Diagnostic::error(message)
        .at(Span::new(source, offset, offset + control.len_utf8()), "")
        .help(format!("remove it, or write it as an escape in a double-quoted string: \"{escape}\""));
    Some(diagnostic)
}

/// The error about values beyond the limit, if there are as many.
fn too_many_nodes(nodes: usize, span: Span, limits: Limits) -> Option<Diagnostic> {
    let limit = limits.max_nodes;
    (nodes > limit).then(|| {
        Diagnostic::error("the text has too many values")
            .at(span, "the limit is reached here")
            .help(format!("the limit is {limit} scalars, maps and lists, including expanded aliases"))
    })
}

/// Why reading a document ended early.
#[derive(Clone)]
enum Stop {
    /// The document is broken; the next one may not be. With the reason in Go's words.
    Broken(Box<Diagnostic>, go::Reason),
    /// A limit is exceeded: nothing more is read.
    Limit(Box<Diagnostic>),
}

fn broken(diagnostic: Diagnostic, reason: go::Reason) -> Stop {
    Stop::Broken(Box::new(diagnostic), reason)
}
