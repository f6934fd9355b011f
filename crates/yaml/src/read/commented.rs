//! Documents with their comments and with their scalars as written: what documentation and schemas are made from.
//!
//! Values are not read from here but with [`super::read`]: this tree is that of go-yaml v3, which keeps merge keys, aliases
//! and keys that are written twice, and for which `yes` is a string.

use super::comments::Comments;
use super::events::{Event, EventKind, Events};
use super::explain::explain;
use super::scan::{Mark, SyntaxError};
use super::{Limits, Words, refuse, text};
use crate::Value;
use crate::scalar::{is_timestamp, means_so, resolve_non_string};
use plimsoll_diag::{Diagnostic, SourceId, Sources, Span};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A node, and the comments on it.
#[derive(Debug, Clone)]
pub struct Commented {
    /// What it holds.
    pub content: Content,
    /// The comment lines above it with their `#`, joined by line breaks. An empty line among them is an empty line here.
    /// Of a key and its value, only the key has them.
    pub above: String,
    /// The comment that follows it on the same line, with its `#`; only of keys.
    pub trailing: String,
    /// Where it begins in its text.
    pub start: usize,
    /// Where it ends; of a block collection, where the last thing in it ends.
    pub end: usize,
    /// The line where it begins, from 0.
    pub line: usize,
    /// The characters before it in that line.
    pub column: usize,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// The keys and values of a map in the order written, `<<` and repeated keys among them.
    Map(Vec<(Commented, Commented)>),
    /// A list.
    List(Vec<Commented>),
    /// A scalar: its text without quotes, and what go-yaml v3 takes it for. Dates are strings.
    Scalar(String, Value),
    /// What an alias refers to.
    Alias(Rc<Commented>),
}

impl Commented {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The node itself, or what it refers to.
    pub fn resolved(&self) -> &Self {
        match &self.content {
            Content::Alias(target) => target.resolved(),
            _ => self,
        }
    }

    /// The keys and values of a map; none of anything else.
    pub fn entries(&self) -> &[(Self, Self)] {
        match &self.resolved().content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.resolved().content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The value of the last key of that name in a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
    }
}

/// Reads the first document of a text with its comments; `None` if there is none.
///
/// The error says where the text is not YAML, or which limit it exceeds.
pub fn read_commented(sources: &Sources, source: SourceId) -> Result<Option<Commented>, Box<Diagnostic>> {
    let Some(content) = sources.get(source) else { return Ok(None) };
    let limits = Limits::default();
    if let Some(refusal) = refuse(&content.text, source, 0, limits) {
        return Err(Box::new(refusal));
    }
    let base = text::after_mark(&content.text, 0);
    let text = &content.text[base..];
    let fail = |error: Box<SyntaxError>| Box::new(diagnose(&error, text, base, source));
    let comments = Comments::read(text).map_err(fail)?;
    let tree =
        Tree { source, base, comments, frames: Vec::new(), anchors: BTreeMap::new(), limits, nodes: 0 };
    let mut events = Events::new(text);
    tree.read(|| events.next().map_err(fail))
}

/// Puts a syntax error into words.
fn diagnose(error: &SyntaxError, text: &str, base: usize, source: SourceId) -> Diagnostic {
    let at = error.at.offset.min(text.len());
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let explanation = explain(error, &text[line..at], &text[at..]);
    Diagnostic::error(explanation.message)
        .at(Span::new(source, base + at, base + at), "")
        .maybe_help(explanation.help.map(str::to_owned))
}

struct Tree {
    source: SourceId,
    base: usize,
    comments: Comments,
    /// The maps and lists that are open, outermost first.
    frames: Vec<Frame>,
    anchors: BTreeMap<String, Rc<Commented>>,
    limits: Limits,
    nodes: usize,
}

struct Frame {
    anchor: Option<String>,
    node: Commented,
    /// The key whose value comes next.
    key: Option<Commented>,
}

type Step<T = ()> = Result<T, Box<Diagnostic>>;

impl Tree {
    fn read(mut self, mut next: impl FnMut() -> Step<Event>) -> Step<Option<Commented>> {
        loop {
            let event = next()?;
            let (start, end) = (event.start, event.end.offset);
            match event.kind {
                EventKind::StreamEnd | EventKind::DocumentEnd { .. } => return Ok(None),
                EventKind::DocumentStart { .. } => {}
                EventKind::Alias { anchor } => {
                    let Some(target) = self.anchors.get(&anchor).map(Rc::clone) else {
                        let message = format!("unknown anchor `{anchor}`");
                        let place = Span::new(self.source, self.base + start.offset, self.base + end);
                        return Err(Box::new(
                            Diagnostic::error(message)
                                .at(place, "the anchor must be complete before it is used")
                                .help("write the value out, or define the anchor above"),
                        ));
                    };
                    let above = self.comments.take_above(end);
                    let node = self.node(Content::Alias(target), above, start, end)?;
                    if let Some(root) = self.close(node, None) {
                        return Ok(Some(root));
                    }
                }
                EventKind::Scalar { anchor, tag, value, is_plain, .. } => {
                    let above = self.comments.take_above(end);
                    let resolved = resolve(&value, is_plain, tag.as_deref());
                    let node = self.node(Content::Scalar(value, resolved), above, start, end)?;
                    if let Some(root) = self.close(node, anchor) {
                        return Ok(Some(root));
                    }
                }
                EventKind::SequenceStart { anchor } => {
                    let above = self.comments.take_above(end) + &self.comments.take_above_list(end);
                    self.open(Content::List(Vec::new()), above, start, anchor)?;
                }
                EventKind::MappingStart { anchor } => {
                    let above = self.comments.take_above(end) + &self.comments.take_above_map(end);
                    self.open(Content::Map(Vec::new()), above, start, anchor)?;
                }
                EventKind::SequenceEnd | EventKind::MappingEnd => {
                    if let Some(Frame { anchor, mut node, .. }) = self.frames.pop() {
                        // Only brackets have a width.
                        if end > start.offset {
                            node.end = self.base + end;
                        }
                        if let Some(root) = self.close(node, anchor) {
                            return Ok(Some(root));
                        }
                    }
                }
            }
        }
    }

    fn node(&mut self, content: Content, above: String, start: Mark, end: usize) -> Step<Commented> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(self.exceeded(start, "the text has too many values", "the limit is reached here"));
        }
        let trailing = self.comments.trailing(start.line).to_owned();
        let (line, column) = (start.line, start.column);
        let (start, end) = (self.base + start.offset, self.base + end);
        Ok(Commented { content, above, trailing, start, end, line, column })
    }

    fn exceeded(&self, at: Mark, message: &str, label: &str) -> Box<Diagnostic> {
        let place = Span::new(self.source, self.base + at.offset, self.base + at.offset);
        Box::new(Diagnostic::error(message).at(place, label))
    }

    fn open(&mut self, content: Content, above: String, start: Mark, anchor: Option<String>) -> Step {
        let node = self.node(content, above, start, start.offset)?;
        if self.frames.len() >= self.limits.max_depth {
            return Err(self.exceeded(start, "maps and lists are nested too deeply", "too deep here"));
        }
        self.frames.push(Frame { anchor, node, key: None });
        Ok(())
    }

    /// Puts a complete node into what is open; returns it if it is the root.
    fn close(&mut self, node: Commented, anchor: Option<String>) -> Option<Commented> {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Rc::new(node.clone()));
        }
        let Some(frame) = self.frames.last_mut() else { return Some(node) };
        frame.node.end = frame.node.end.max(node.end);
        match &mut frame.node.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match frame.key.take() {
                Some(key) => entries.push((key, node)),
                None => frame.key = Some(node),
            },
            Content::Scalar(..) | Content::Alias(_) => {}
        }
        None
    }
}

/// What go-yaml v3 takes a scalar for.
fn resolve(text: &str, is_plain: bool, tag: Option<&str>) -> Value {
    let string = || Value::String(text.to_owned());
    if !is_plain && tag.is_none_or(|tag| tag.ends_with(":str")) || is_timestamp(text) {
        return string();
    }
    resolve_non_string(text).filter(|value| means_so(text, value, Words::TrueAndFalse)).unwrap_or_else(string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::SourceKind;

    fn read(text: &str) -> Option<Commented> {
        let sources = Sources::new();
        let source = sources.add("values.yaml", text, SourceKind::File);
        read_commented(&sources, source).unwrap()
    }

    /// The keys and items that have comments above them, with these.
    fn above(text: &str) -> Vec<String> {
        fn walk(node: &Commented, path: &str, found: &mut Vec<String>) {
            let mut keep = |node: &Commented, path: &str| {
                if !node.above.is_empty() {
                    found.push(format!("{path}: {}", node.above.replace('\n', "|")));
                }
            };
            for (key, _) in node.entries() {
                keep(key, &format!("{path}.{}", key.text().unwrap()));
            }
            for (index, item) in node.items().iter().enumerate() {
                keep(item, &format!("{path}[{index}]"));
            }
            for (key, value) in node.entries() {
                walk(value, &format!("{path}.{}", key.text().unwrap()), found);
            }
            for (index, item) in node.items().iter().enumerate() {
                walk(item, &format!("{path}[{index}]"), found);
            }
        }
        let mut found = Vec::new();
        walk(&read(text).unwrap(), "", &mut found);
        found
    }

    #[test]
    fn comments_belong_to_what_is_below_them() {
        for (text, expected) in [
            ("# one\na: 1\n# two\nb: 2\n", &[".a: # one", ".b: # two"][..]),
            ("a:\n  # one\n  b: 1\n# two\nc: 2\n", &[".c: # two", ".a.b: # one"]),
            ("a:\n  # one\n\n  b: 1\n", &[".a.b: # one|"]),
            ("a:\n  b: 1\n\n# one\n\n# two\nc: 1\n", &[".c: # one||# two"]),
            ("a:\n# one\n- 1\n# two\n- x: 1\n", &[".a[0]: # one", ".a[1]: # two"]),
            ("a:\n  - # one\n    b: 1\n", &[".a[0].b: # one"]),
            ("a: &x\n  # one\n  b: 1\nc: *x\n", &[".a.b: # one", ".c.b: # one"]),
            ("a: {\n  # one\n  b: 1\n}\n", &[".a.b: # one"]),
            ("a: |\n  x\n\n# one\nb: 1\n", &[".b: # one"]),
            ("a: 1\r\n# one\r\nb: 1\r\n", &[".b: # one"]),
            ("---\n# one\n\na: 1\n", &[".a: # one|"]),
        ] {
            assert_eq!(above(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_about_what_is_above_them_are_left_out() {
        for text in [
            "# about the file\n\na: 1\n",
            "a:\n  b: 1\n# one\n\nc: 2\n",
            "x: 1\na: 1\n# one\n\nc: 2\n",
            "a:\n  b: 1\n  # one\nc: 2\n",
            "a: [1,\n  # one\n]\nb: 1\n",
            "a: 1 # one\nb: 1\n",
            "a: 1\n# one\n",
        ] {
            assert_eq!(above(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn trailing_comments_are_those_of_the_line() {
        let root = read("a: 1 # one\nb: # two\n  c: 1\n").unwrap();
        let trailing: Vec<&str> = root.entries().iter().map(|(key, _)| key.trailing.as_str()).collect();
        assert_eq!(trailing, ["# one", "# two"]);
    }

    #[test]
    fn scalars_are_those_of_go_yaml_v3() {
        let root = read("[yes, true, 1, 1.5, ~, '1', 2020-01-01, 1_000, 0x1f, on]").unwrap();
        let found: Vec<String> = root
            .items()
            .iter()
            .map(|item| match &item.content {
                Content::Scalar(_, value) => format!("{value:?}"),
                _ => String::new(),
            })
            .collect();
        let expected = [
            "String(\"yes\")",
            "Bool(true)",
            "Int(1)",
            "Float(1.5)",
            "Null",
            "String(\"1\")",
            "String(\"2020-01-01\")",
            "Int(1000)",
            "Int(31)",
            "String(\"on\")",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_not_yaml_is_an_error() {
        let sources = Sources::new();
        for text in ["a: [1", "a: *x\n", "a: &x [*x]\n", "\u{1}"] {
            let source = sources.add("values.yaml", text, SourceKind::File);
            assert!(read_commented(&sources, source).is_err(), "{text}");
        }
        assert!(read("").is_none());
        assert!(read("# nothing\n").is_none());
    }
}
