//! Reads the YAML that most manifests and values are, many times faster than the parser does: maps and lists in block
//! style or in flow style on one line, scalars that begin and end on one line, literal blocks.
//!
//! Anything else is declined, and so is whatever is wrong: the parser then reads the document from its start, and
//! what it says counts. So nothing is decided here; the one law is that a tree read here is the one that the parser
//! gives, to the last span.

use super::super::scalar::{MAX_SIMPLE_KEY, is_integer, means_so, resolve_non_string};
use super::super::{Entry, Map, Node, Value};
use super::map::{Key, has_duplicates, key};
use super::{Limits, ReadOptions, Words};
use plimsoll_diag::{SourceId, Span};
use std::ops::Range;

/// The content of a piece of a text, and how many nodes it has; `None` where it is declined.
pub(super) fn read(
    text: &str,
    piece: Range<usize>,
    source: SourceId,
    limits: Limits,
    options: &ReadOptions,
) -> Option<(Node, usize)> {
    let content = text.get(piece.clone())?;
    if memchr::memchr2(b'\t', b'\r', content.as_bytes()).is_some()
        || !content.is_ascii() && breaks_oddly(content)
    {
        return None;
    }
    let bytes = text.get(..piece.end)?.as_bytes();
    let mut reader = Plain {
        text,
        bytes,
        source,
        at: piece.start,
        line: None,
        nodes: 0,
        max_depth: limits.max_depth,
        literals: !options.fragment,
        words: options.words,
    };
    reader.advance();
    let first = reader.line?;
    if first.column == 0 && bytes[first.start..].starts_with(b"---") {
        reader.end_line(first.start + 3)?;
    }
    let root = reader.block(1)?;
    (reader.line.is_none() && reader.nodes <= limits.max_nodes).then_some((root, reader.nodes))
}

/// Whether a text has characters that end a line, or none at all, for YAML 1.1 only.
fn breaks_oddly(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

struct Plain<'a> {
    text: &'a str,
    /// The text up to the end of the piece.
    bytes: &'a [u8],
    source: SourceId,
    /// The start of the line after `line`.
    at: usize,
    /// The next line to be read that is neither blank nor a comment.
    line: Option<Line>,
    nodes: usize,
    max_depth: usize,
    /// Whether literal blocks are read.
    literals: bool,
    words: Words,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    /// The column of its first character.
    column: usize,
    /// The offset of that.
    start: usize,
}

/// A scalar and the bytes it is written in.
struct Scalar<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    quoted: bool,
}

impl<'a> Plain<'a> {
    /// Goes on to the next line with content.
    fn advance(&mut self) {
        self.line = None;
        while self.at < self.bytes.len() {
            let start = self.skip_spaces(self.at);
            let line = Line { column: start - self.at, start };
            self.at = self.line_end(start) + 1;
            if !matches!(self.bytes.get(start), None | Some(b'\n' | b'#')) {
                self.line = Some(line);
                return;
            }
        }
    }

    /// Ends the current line at `at`: nothing but blanks or a comment may follow.
    fn end_line(&mut self, at: usize) -> Option<()> {
        let rest = self.skip_spaces(at);
        match self.bytes.get(rest) {
            None | Some(b'\n') => {}
            Some(b'#') if rest > at => {}
            Some(_) => return None,
        }
        self.at = self.line_end(rest) + 1;
        self.advance();
        Some(())
    }

    /// The map or list that begins with the current line.
    fn block(&mut self, depth: usize) -> Option<Node> {
        let Line { column, start } = self.line?;
        if self.is_dash(start) { self.list(column, start, depth) } else { self.map(column, start, depth) }
    }

    /// The map in `column` whose first key is at `start`.
    fn map(&mut self, column: usize, start: usize, depth: usize) -> Option<Node> {
        self.count(depth)?;
        let (first, mut start, mut end) = (start, start, start);
        let mut entries = Vec::new();
        loop {
            let name = self.key(start)?;
            let colon = name.end;
            self.nodes += 1;
            let key_span = self.span(name.start, name.end);
            let key = key(Node::new(name.resolved(self.words), key_span), key_span).ok()?;
            let Key::Name(key, key_span) = key else { return None };
            let value = self.value(colon + 1, column, true, depth)?;
            end = end.max(value.span.end as usize);
            entries.push(Entry { key, key_span, value });
            match self.line {
                Some(line) if line.column == column => start = line.start,
                Some(line) if line.column > column => return None,
                _ => break,
            }
        }
        if has_duplicates(&entries) {
            return None;
        }
        Some(Node::new(Value::Map(Map::from_unique(entries)), self.span(first, end)))
    }

    /// The list in `column` whose first dash is at `start`.
    fn list(&mut self, column: usize, start: usize, depth: usize) -> Option<Node> {
        self.count(depth)?;
        let (first, mut start, mut end) = (start, start, start);
        let mut items = Vec::new();
        loop {
            let item = self.value(start + 1, column, false, depth)?;
            end = end.max(item.span.end as usize);
            items.push(item);
            match self.line {
                Some(line) if line.column == column && self.is_dash(line.start) => start = line.start,
                Some(line) if line.column > column => return None,
                _ => break,
            }
        }
        items.shrink_to_fit();
        Some(Node::new(Value::Seq(items), self.span(first, end)))
    }

    /// What follows the colon or dash before `at`, in a map or list in `column`.
    fn value(&mut self, at: usize, column: usize, in_map: bool, depth: usize) -> Option<Node> {
        let start = self.skip_spaces(at);
        match self.bytes.get(start) {
            None | Some(b'\n') => self.end_line(at)?,
            Some(b'#') if start > at => self.end_line(at)?,
            Some(_) if !in_map && self.is_dash(start) => {
                return self.list(column + start + 1 - at, start, depth + 1);
            }
            Some(_) if !in_map && self.key(start).is_some() => {
                return self.map(column + start + 1 - at, start, depth + 1);
            }
            Some(b'|') => return self.literal(start, column),
            Some(b'{' | b'[') => return self.flow_line(start, column, depth + 1),
            Some(_) => return self.scalar(start, column),
        }
        match self.line {
            Some(line) if line.column > column => self.block(depth + 1),
            // The items of a list may stand in the column of its key.
            Some(line) if in_map && line.column == column && self.is_dash(line.start) => {
                self.list(column, line.start, depth + 1)
            }
            _ => {
                self.nodes += 1;
                Some(Node::new(Value::Null, self.span(at, at)))
            }
        }
    }

    /// A scalar that is the rest of its line.
    fn scalar(&mut self, start: usize, column: usize) -> Option<Node> {
        let scalar = self.read_quoted(start).or_else(|| self.read_plain(start))?;
        self.end_line(scalar.end)?;
        // Deeper lines would go on with it.
        if self.line.is_some_and(|line| line.column > column) {
            return None;
        }
        self.scalar_node(&scalar)
    }

    fn scalar_node(&mut self, scalar: &Scalar<'_>) -> Option<Node> {
        self.nodes += 1;
        let value = scalar.resolved(self.words);
        if matches!(value, Value::Float(number) if !number.is_finite() || is_integer(scalar.text)) {
            return None;
        }
        Some(Node::new(value, self.span(scalar.start, scalar.end)))
    }

    /// A map or list in flow style that is the rest of its line.
    fn flow_line(&mut self, start: usize, column: usize, depth: usize) -> Option<Node> {
        let node = self.read_flow(start, depth)?;
        self.end_line(node.span.end as usize)?;
        if self.line.is_some_and(|line| line.column > column) {
            return None;
        }
        Some(node)
    }

    /// Reads the map or list whose bracket is at `start`; it ends on the same line.
    fn read_flow(&mut self, start: usize, depth: usize) -> Option<Node> {
        self.count(depth)?;
        let is_map = self.bytes.get(start) == Some(&b'{');
        let close = if is_map { b'}' } else { b']' };
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        let mut at = self.skip_spaces(start + 1);
        while entries.len() + items.len() > 0 || *self.bytes.get(at)? != close {
            let name = if is_map { Some(self.key(at)?) } else { None };
            if let Some(name) = &name {
                self.nodes += 1;
                at = self.skip_spaces(name.end + 1);
            }
            let value = match self.bytes.get(at)? {
                b'{' | b'[' => self.read_flow(at, depth + 1)?,
                _ => {
                    let scalar = self.read_quoted(at).or_else(|| self.flow_plain(at))?;
                    self.scalar_node(&scalar)?
                }
            };
            at = self.skip_spaces(value.span.end as usize);
            match name {
                Some(name) => {
                    let key_span = self.span(name.start, name.end);
                    let Key::Name(key, key_span) =
                        key(Node::new(name.resolved(self.words), key_span), key_span).ok()?
                    else {
                        return None;
                    };
                    entries.push(Entry { key, key_span, value });
                }
                None => items.push(value),
            }
            match *self.bytes.get(at)? {
                b',' => at = self.skip_spaces(at + 1),
                last if last == close => break,
                _ => return None,
            }
        }
        if has_duplicates(&entries) {
            return None;
        }
        let value = if is_map { Value::Map(Map::from_unique(entries)) } else { Value::Seq(items) };
        Some(Node::new(value, self.span(start, at + 1)))
    }

    /// What most plain scalars in flow style are made of.
    fn flow_plain(&self, start: usize) -> Option<Scalar<'a>> {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"_./$-=+@%".contains(&byte);
        let first = *self.bytes.get(start)?;
        let begins = match first {
            b'-' => self.bytes.get(start + 1).copied().is_some_and(inside),
            _ => first.is_ascii_alphanumeric() || b"_./$".contains(&first),
        };
        if !begins {
            return None;
        }
        let mut at = start;
        let mut end = start;
        loop {
            match *self.bytes.get(at)? {
                b',' | b']' | b'}' => break,
                b' ' => {}
                b':' if self.bytes.get(at + 1).copied().is_some_and(inside) => end = at + 1,
                byte if inside(byte) => end = at + 1,
                _ => return None,
            }
            at += 1;
        }
        Some(Scalar { text: self.text.get(start..end)?, start, end, quoted: false })
    }

    /// `|` or `|-`, and the deeper lines below.
    fn literal(&mut self, start: usize, column: usize) -> Option<Node> {
        let strip = self.bytes.get(start + 1) == Some(&b'-');
        let header = start + 1 + usize::from(strip);
        if !self.literals || !matches!(self.bytes.get(header), None | Some(b'\n')) {
            return None;
        }
        self.at = header + 1;
        let indent = self.skip_spaces(self.at).checked_sub(self.at)?;
        if indent <= column || matches!(self.bytes.get(self.at + indent), None | Some(b'\n')) {
            return None;
        }
        let mut value = String::new();
        let mut end = self.at;
        // Line breaks count only if more text follows.
        let mut breaks = 0;
        while self.at < self.bytes.len() {
            let content = self.skip_spaces(self.at);
            let found = content - self.at;
            let blank = matches!(self.bytes.get(content), None | Some(b'\n'));
            if blank && found > indent {
                return None;
            }
            if !blank && found < indent {
                break;
            }
            let line_end = self.line_end(content);
            if !blank {
                value.extend(std::iter::repeat_n('\n', breaks));
                value.push_str(self.text.get(self.at + indent..line_end)?);
                breaks = 0;
                end = line_end;
            }
            breaks += 1;
            self.at = line_end + 1;
        }
        if !strip {
            value.push('\n');
        }
        self.advance();
        if self.line.is_some_and(|line| line.column > column) {
            return None;
        }
        self.nodes += 1;
        let written = self.text.get(start..end)?.trim_end().len();
        Some(Node::new(Value::String(value), self.span(start, start + written)))
    }

    /// The key at `start`, if there is one; its colon comes right behind it.
    fn key(&self, start: usize) -> Option<Scalar<'a>> {
        let scalar = self.read_quoted(start).or_else(|| self.read_word(start))?;
        let is_key = self.bytes.get(scalar.end) == Some(&b':')
            && matches!(self.bytes.get(scalar.end + 1), None | Some(b' ' | b'\n'))
            && scalar.end - scalar.start <= MAX_SIMPLE_KEY;
        is_key.then_some(scalar)
    }

    /// Reads the characters that most plain keys consist of.
    fn read_word(&self, start: usize) -> Option<Scalar<'a>> {
        let rest = self.bytes.get(start..)?;
        if !rest.first()?.is_ascii_alphanumeric() && !matches!(rest[0], b'_' | b'.' | b'/' | b'$') {
            return None;
        }
        let in_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$');
        let end = start + rest.iter().take_while(|byte| in_word(byte)).count();
        Some(Scalar { text: self.text.get(start..end)?, start, end, quoted: false })
    }

    /// Reads a plain scalar up to a comment or the end of the line.
    fn read_plain(&self, start: usize) -> Option<Scalar<'a>> {
        let first = *self.bytes.get(start)?;
        let gap = |at: usize| matches!(self.bytes.get(at), None | Some(b' ' | b'\n'));
        let indicates = match first {
            b'-' => gap(start + 1),
            _ => b",[]{}#&*!|>'\"%@`?:".contains(&first),
        };
        if indicates {
            return None;
        }
        let mut at = start;
        let mut end = start;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b'#' if end < at => break,
                b':' if gap(at + 1) => return None,
                b' ' => {}
                _ => end = at + 1,
            }
            at += 1;
        }
        Some(Scalar { text: self.text.get(start..end)?, start, end, quoted: false })
    }

    /// Reads a quoted scalar of one line without escapes.
    fn read_quoted(&self, start: usize) -> Option<Scalar<'a>> {
        let quote = *self.bytes.get(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let rest = self.bytes.get(start + 1..)?;
        let length = rest.iter().position(|byte| *byte == quote || matches!(byte, b'\n' | b'\\'))?;
        let end = start + 1 + length;
        let closed = self.bytes[end] == quote && self.bytes.get(end + 1) != Some(&quote);
        let text = self.text.get(start + 1..end).filter(|_| closed)?;
        Some(Scalar { text, start, end: end + 1, quoted: true })
    }

    fn count(&mut self, depth: usize) -> Option<()> {
        self.nodes += 1;
        (depth <= self.max_depth).then_some(())
    }

    fn is_dash(&self, at: usize) -> bool {
        self.bytes.get(at) == Some(&b'-') && matches!(self.bytes.get(at + 1), None | Some(b' ' | b'\n'))
    }

    fn skip_spaces(&self, at: usize) -> usize {
        at + self.bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| **byte == b' ').count())
    }

    /// The offset of the line break at or after `at`, or the end of the piece.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |length| at + length)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }
}

impl Scalar<'_> {
    fn resolved(&self, words: Words) -> Value {
        let plain = if self.quoted { None } else { resolve_non_string(self.text) };
        let plain = plain.filter(|value| means_so(self.text, value, words));
        plain.unwrap_or_else(|| Value::String(self.text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReadOptions;
    use super::super::reader::Reader;
    use super::super::reader::Totals;
    use super::super::text::{Piece, find_control_character, pieces};
    use super::*;
    use proptest::prelude::*;

    /// What is read here; checked to be what the parser gives, spans and all.
    fn read_both(text: &str) -> Option<Node> {
        let source = Span::NONE.source;
        let all = Piece::whole(text);
        let (options, totals) = (ReadOptions::strict(), Totals::default());
        let (root, count) = read(text, all.content.clone(), source, Limits::default(), &options)?;
        let mut reader = Reader::new(text, source, &options, &totals, &all);
        let document = reader.parse_document().unwrap_or_else(|_| panic!("the parser refuses {text:?}"));
        let document = document.unwrap_or_else(|| panic!("the parser finds nothing in {text:?}"));
        assert_eq!(format!("{root:?}"), format!("{:?}", document.root), "{text:?}");
        assert_eq!(count, reader.nodes, "{text:?}");
        assert!(reader.diagnostics.is_empty(), "{text:?}");
        Some(root)
    }

    #[test]
    fn common_documents_are_read() {
        for text in [
            "a: 1\nb:\n  - x\n  - y: z # c\n    w: \"q\"\nc:\n- 1\n-\n- - 2\n  - 3\nd:\n",
            "---\n# c\n'a b': 'c'\ne: {}\nf: []\n\n\ng: http://x/y:z#k\n",
            "t: |\n  one\n\n   two \n  three\n\n# c\nu: |-\n  x\nl:\n  - |\n    deep",
            "yes: no\n1: 0x10\n~: x\n",
            "ä: 1\n",
            "k: ä ö\nl: -1\nm: - 1\n",
        ] {
            let _ = read_both(text);
        }
        for text in [
            "c: [sh, -c, \"until ping -c1 db-0.db; do sleep 1; done\"]\n",
            "m: {a: 1, 'b': [x , yes,1.10], c: {}, d: \"}\"} # c\n",
            "l:\n- [ a b,c ]\n- {p: http://x:80/y?, q: -1}\n",
            "l:\n- [[], [[]]]\n- { p: 0777 }\n",
            "k: [--x=y, /a:b, 12:30:45, \"\", '']\n",
        ] {
            let read = read_both(text).is_some();
            assert_eq!(read, !text.contains('?'), "{text}");
        }
        assert!(read_both("a: 1\nb:\n  - x: {}\n").is_some());
        assert!(read_both("t: |\n  one\n\n   two \n  three\n\n# c\nu: |-\n  x\n").is_some());
        assert!(read_both("c:\n- 1\n-\n- - 2\n  - 3\nd:\n").is_some());
    }

    #[test]
    fn what_is_not_plain_is_declined() {
        for text in [
            "",
            "# c\n",
            "---\n",
            "a",
            "- a\nb: 1\n",
            "a: b: c\n",
            "a: b\n  c\n",
            "a: b\n   # x\n  c: d\n",
            "a: 1\na: 2\n",
            "a: &x 1\n",
            "a: !t 1\n",
            "a: \"\\n\"\n",
            "a: 'it''s'\n",
            "a:\t1\n",
            "a: .inf\n",
            "a: |+\n  x\n",
            "a: >\n  x\n",
            "a: [1\n]\n",
            "a: [1, ]\n",
            "a: [, 1]\n",
            "a: [b: c]\n",
            "a: [\"b\": c]\n",
            "a: [b: , c]\n",
            "a: [b:, c]\n",
            "a: {b}\n",
            "a: {b: }\n",
            "a: {b: 1, b: 2}\n",
            "a: {<<: {}}\n",
            "a: [1] 2\n",
            "a: [1]: 2\n",
            "a: [1]\n  b: 2\n",
            "a: [*b, &c d, !e f]\n",
            "a: [b #c\n]\n",
            "a: [1}\n",
            "a: [- 1]\n",
            "{a: 1}\n",
            "? a\n",
            "a\n: b\n",
            "<<: {}\n",
            "a: 1\n...\n",
            "--- a\n",
            "a: \u{2028}b\n",
            "a:\n  b: 1\n c: 2\n",
            "a: |\n\n  x\n",
            "null: 1\n",
            "a: {}\n  b: 1\n",
            "a: \"x\"\n  y: 1\n",
        ] {
            assert!(read_both(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn the_projects_own_documents_are_read_as_by_the_parser() {
        let (mut all, mut plain) = (0, 0);
        for folder in ["charts", "examples", "tests"] {
            let files = walkdir::WalkDir::new(format!("{}/../../{folder}", env!("CARGO_MANIFEST_DIR")));
            let files = files.into_iter().flatten().filter(|entry| entry.file_type().is_file());
            for text in files.filter_map(|entry| std::fs::read_to_string(entry.path()).ok()) {
                if find_control_character(&text).is_some() {
                    continue;
                }
                for piece in pieces(&text, 0) {
                    all += 1;
                    plain += usize::from(read_both(&text[piece.content]).is_some());
                }
            }
        }
        assert!(plain > 100, "{plain} of {all} are read here");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn it_agrees_with_the_parser(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "b", "key", "k/x.y-z", "\"q\"", "'s'", ":", ": ", "- ", "-", " ", "  ", "\n", "\n", "\n  ", "\n    ",
                    "\n- ", "\n  - ", "1", "yes", "~", "null", "{}", "[]", "|", "|-", " # c", "#", "---\n", "...", "é", "x: y",
                    "[", "]", "{", "}", ",", ", ", "[a, -b]", "{x: 1}", ": [", ": {", "[/c:d, 'e' ]", "b: ", ": v\n", ": 1\n", ": |\n", "\n  c: d", ">", "%", "@", "..", "a: 1\n", "\n\n",
                ]),
                1..14,
            ),
        ) {
            let _ = read_both(&parts.concat());
        }

        #[test]
        fn it_agrees_with_the_parser_on_flow_style(tree in flow_text(), slip in prop::sample::select(vec!["", " ", ",", ": ", "]", "}", "-", "x"]), at in 0..40_usize) {
            let mut text = tree;
            let at = at.min(text.len());
            if text.is_char_boundary(at) {
                text.insert_str(at, slip);
            }
            let _ = read_both(&format!("k: {text}\nl:\n- {text}\n"));
        }
    }

    fn flow_text() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "a", "1", "-b", "--c=d", "/e", "f g", "h:i", "j:80/k", "'l, m'", "\"n]\"", "yes", "1.10", "0777",
            "12:30", "$(O)", "é", "", "x #y", "-", "p: q", "~", "@r", "%s", "t%", "u@v",
        ]);
        let gap = || prop::sample::select(vec!["", "", " ", "  "]);
        let key =
            prop::sample::select(vec!["a: ", "b: ", "'c': ", "\"d\": ", "e:", "f", "1: ", "null: ", "g/h: "]);
        leaf.prop_map(str::to_owned).prop_recursive(3, 12, 4, move |inner| {
            prop_oneof![
                (prop::collection::vec((gap(), inner.clone(), gap()), 0..4)).prop_map(|items| {
                    let items: Vec<_> =
                        items.into_iter().map(|(a, item, b)| format!("{a}{item}{b}")).collect();
                    format!("[{}]", items.join(","))
                }),
                (prop::collection::vec((gap(), key.clone(), inner, gap()), 0..4)).prop_map(|items| {
                    let items: Vec<_> =
                        items.into_iter().map(|(a, key, item, b)| format!("{a}{key}{item}{b}")).collect();
                    format!("{{{}}}", items.join(","))
                }),
            ]
        })
    }
}
