//! Helm's way to write YAML, byte for byte: its `toYaml` is sigs.k8s.io/yaml, which goes through JSON
//! to go-yaml v2, a port of libyaml's emitter. Keys are sorted, lists stand at their key's column,
//! long lines are folded at column 80, and strings are quoted as that emitter decides.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::scalar::{go_float, go_whole, is_base60, is_timestamp, resolve_non_string};
use super::{Node, Value};

/// A handle on a tree that [`helm`] can print: a reference, or a value that is cheap to clone.
pub trait Tree: Sized {
    /// How the tree hands out its strings.
    type Text: AsRef<str>;

    /// What the tree is at its root.
    fn shape(self) -> Shape<Self>;
}

/// The root of a [`Tree`].
#[derive(Debug)]
pub enum Shape<T: Tree> {
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    Uint(u64),
    /// A floating-point number, which JSON writes without a point where it is whole.
    Float(f64),
    /// A string.
    String(T::Text),
    /// A value of a kind that readers know by its form: a time. [`helm`] never gets one.
    Plain(T::Text),
    /// Bytes that are not UTF-8, in base64. [`helm`] never gets them.
    Binary(T::Text),
    /// A list.
    Seq(Vec<T>),
    /// A map, in any order. Keys are unique.
    Map(Vec<(T::Text, T)>),
    /// A map with numbers as keys, in their order. [`helm`] never gets one.
    Numbered(Vec<(usize, T)>),
    /// A struct, in the order of its fields. [`helm`] never gets one.
    Struct(Vec<(T::Text, T)>),
}

/// What Helm's `toYaml` prints, without a line break at the end. As there it is empty where a string
/// does not survive the way through JSON and YAML: one with control characters from U+007F on.
///
/// ```
/// use plimsoll_yaml::{Node, emit::helm};
/// assert_eq!(helm(&Node::bare("yes")), "\"yes\"");
/// assert_eq!(helm(&Node::bare(1e6)), "1000000");
/// ```
pub fn helm<T: Tree>(tree: T) -> String {
    print(tree, Version::Two)
}

/// What Helm's `toYamlPretty` prints, without a line break at the end: go-yaml v3 without the way through JSON. Lists are
/// indented under their key, no line is folded, and floats keep their exponent.
///
/// ```
/// use plimsoll_yaml::{Node, emit::helm_pretty};
/// assert_eq!(helm_pretty(&Node::bare("yes")), "\"yes\"");
/// assert_eq!(helm_pretty(&Node::bare(1e6)), "1e+06");
/// ```
pub fn helm_pretty<T: Tree>(tree: T) -> String {
    print(tree, Version::Three)
}

/// What go-yaml v3 prints unless it is told otherwise, without a line break at the end: as [`helm_pretty`], but the
/// entries of maps stand at multiples of four columns. What is inside a list item stands two columns behind its dash.
///
/// ```
/// use plimsoll_yaml::{Node, emit::go_yaml};
/// assert_eq!(go_yaml(&Node::bare("a\nb")), "|-\n    a\n    b");
/// ```
pub fn go_yaml<T: Tree>(tree: T) -> String {
    print_indented(tree, Version::Three, 4)
}

/// Of go-yaml.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Two,
    Three,
}

fn print<T: Tree>(tree: T, version: Version) -> String {
    print_indented(tree, version, 2)
}

/// `step` is the number of columns by which collections are indented.
fn print_indented<T: Tree>(tree: T, version: Version, step: isize) -> String {
    let mut emitter = Emitter {
        out: String::new(),
        version,
        step,
        column: 0,
        at_space: true,
        at_indent: true,
        failed: false,
    };
    emitter.node(tree, -1, NodeRole::Root);
    if emitter.failed {
        return String::new();
    }
    if emitter.out.ends_with('\n') {
        emitter.out.pop();
    }
    emitter.out
}

impl<'a> Tree for &'a Node {
    type Text = &'a str;

    fn shape(self) -> Shape<Self> {
        match &self.value {
            Value::Null => Shape::Null,
            Value::Bool(flag) => Shape::Bool(*flag),
            Value::Int(number) => Shape::Int(*number),
            Value::Uint(number) => Shape::Uint(*number),
            Value::Float(number) => Shape::Float(*number),
            Value::String(text) => Shape::String(text.as_str()),
            Value::Seq(items) => Shape::Seq(items.iter().collect()),
            Value::Map(map) => {
                Shape::Map(map.iter().map(|entry| (entry.key.as_str(), &entry.value)).collect())
            }
        }
    }
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NodeRole {
    Root,
    Item,
    Value,
}

/// Columns beyond which a space becomes a line break.
const WIDTH: usize = 80;

/// libyaml's emitter, for block style only.
struct Emitter {
    out: String,
    version: Version,
    /// The columns of an indentation.
    step: isize,
    /// In characters.
    column: usize,
    /// Whether the last character is white space, so that no space is due.
    at_space: bool,
    /// Whether the line so far is indentation and indicators only.
    at_indent: bool,
    /// Whether there is a string that cannot be written.
    failed: bool,
}

impl Emitter {
    /// Writes a node whose parent's column is `indent`; -1 for none.
    fn node<T: Tree>(&mut self, tree: T, indent: isize, place: NodeRole) {
        let inner = self.inner(indent, place);
        match tree.shape() {
            Shape::Null => self.write_plain("null", inner, true),
            Shape::Bool(flag) => self.write_plain(if flag { "true" } else { "false" }, inner, true),
            Shape::Int(number) => self.write_plain(&number.to_string(), inner, true),
            Shape::Uint(number) => self.write_plain(&number.to_string(), inner, true),
            Shape::Float(number) => {
                let text = match self.version {
                    Version::Two => json_number(number),
                    Version::Three => go_float(number),
                };
                self.write_plain(&text, inner, true);
            }
            Shape::String(text) => self.string(text.as_ref(), inner, false),
            Shape::Plain(text) => self.write_plain(text.as_ref(), inner, true),
            Shape::Binary(text) => {
                self.indicator("!!binary", true, false);
                self.styled(text.as_ref(), inner, false);
            }
            Shape::Seq(items) if items.is_empty() => self.indicator("[]", true, false),
            Shape::Map(entries) if entries.is_empty() => self.indicator("{}", true, false),
            Shape::Numbered(entries) if entries.is_empty() => self.indicator("{}", true, false),
            Shape::Seq(items) => {
                let indentless = self.version == Version::Two && place == NodeRole::Value && !self.at_indent;
                let indent = if indentless { indent } else { self.collection(indent, place) };
                for item in items {
                    self.indent(indent);
                    self.indicator("-", true, true);
                    self.node(item, indent, NodeRole::Item);
                }
            }
            Shape::Map(mut entries) => {
                sort(&mut entries, self.version);
                self.entries(entries, self.collection(indent, place));
            }
            Shape::Numbered(entries) => {
                let indent = self.collection(indent, place);
                for (key, value) in entries {
                    self.indent(indent);
                    self.write_plain(&key.to_string(), indent, false);
                    self.indicator(":", false, false);
                    self.node(value, indent, NodeRole::Value);
                }
            }
            Shape::Struct(fields) => self.entries(fields, self.collection(indent, place)),
        }
    }

    /// The column of what is inside a node whose parent's column is `parent`.
    fn inner(&self, parent: isize, place: NodeRole) -> isize {
        match place {
            _ if parent < 0 => self.step,
            NodeRole::Item => parent + 2,
            NodeRole::Root | NodeRole::Value => (parent / self.step + 1) * self.step,
        }
    }

    /// The column of a collection whose parent's column is `parent`.
    fn collection(&self, parent: isize, place: NodeRole) -> isize {
        if parent < 0 { 0 } else { self.inner(parent, place) }
    }

    /// Writes the entries of a map, whose column is `indent`.
    fn entries<T: Tree>(&mut self, entries: Vec<(T::Text, T)>, indent: isize) {
        for (key, value) in entries {
            self.indent(indent);
            let key = key.as_ref();
            self.failed |= self.version == Version::Two && (key.contains('\u{85}') || !is_simple_key(key));
            if key.len() <= 128 && !key.contains(is_break) {
                self.string(key, self.inner(indent, NodeRole::Value), true);
                self.indicator(":", false, false);
            } else {
                self.indicator("?", true, true);
                self.string(key, self.inner(indent, NodeRole::Value), false);
                self.indent(indent);
                self.indicator(":", true, true);
            }
            self.node(value, indent, NodeRole::Value);
        }
    }

    /// Writes a string in the style that go-yaml asks for, or the next one that can hold it. `indent` is the column of its
    /// further lines.
    fn string(&mut self, text: &str, indent: isize, key: bool) {
        let read = match self.version {
            Version::Two => convert_through_json(text),
            Version::Three => Some(Cow::Borrowed(text)),
        };
        match read {
            Some(text) => self.styled(&text, indent, key),
            None => self.failed = true,
        }
    }

    fn styled(&mut self, text: &str, indent: isize, key: bool) {
        let traits = Traits::from_text(text, self.version);
        if text.contains('\n') {
            if traits.allows_block && !key {
                self.write_literal(text, indent);
            } else {
                self.write_double_quoted(text, indent, !key);
            }
        } else if resolves(text) {
            self.write_double_quoted(text, indent, !key);
        } else if traits.allows_plain {
            self.write_plain(text, indent, !key);
        } else if traits.allows_single {
            self.write_single_quoted(text, indent, !key);
        } else {
            self.write_double_quoted(text, indent, !key);
        }
    }

    /// The column beyond which a space becomes a line break.
    fn width(&self) -> usize {
        match self.version {
            Version::Two => WIDTH,
            Version::Three => usize::MAX,
        }
    }

    fn write_plain(&mut self, text: &str, indent: isize, may_fold: bool) {
        if !self.at_space {
            self.put(' ');
        }
        if text.is_ascii() && (!may_fold || self.column + text.len() <= self.width()) {
            self.out.push_str(text);
            self.column += text.len();
            self.at_space = false;
            self.at_indent = false;
            return;
        }
        let mut after_space = false;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if c == ' ' {
                if may_fold && !after_space && self.column > self.width() && rest.peek() != Some(&' ') {
                    self.indent(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                self.at_indent = false;
                after_space = false;
            }
        }
        self.at_space = false;
        self.at_indent = false;
    }

    fn write_single_quoted(&mut self, text: &str, indent: isize, may_fold: bool) {
        self.indicator("'", true, false);
        let mut after_space = false;
        let mut after_break = false;
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            if c == ' ' {
                let inside = !first && rest.peek().is_some_and(|next| *next != ' ');
                if may_fold && !after_space && self.column > self.width() && inside {
                    self.indent(indent);
                } else {
                    self.put(c);
                }
                after_space = true;
            } else if is_break(c) {
                self.put_break(c);
                self.at_indent = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                }
                if c == '\'' {
                    self.put('\'');
                }
                self.put(c);
                self.at_indent = false;
                after_space = false;
                after_break = false;
            }
            first = false;
        }
        self.indicator("'", false, false);
    }

    fn write_double_quoted(&mut self, text: &str, indent: isize, may_fold: bool) {
        self.indicator("\"", true, false);
        // go-yaml looks for a byte order mark at the start of the text, whichever character it is at.
        let escape_all = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut rest = text.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            if escape_all || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                self.write_escaped(c);
                after_space = false;
            } else if c == ' ' {
                if may_fold && !after_space && self.column > self.width() && !first && rest.peek().is_some() {
                    self.indent(indent);
                    if rest.peek() == Some(&' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                after_space = true;
            } else {
                self.put(c);
                after_space = false;
            }
            first = false;
        }
        self.indicator("\"", false, false);
    }

    fn write_escaped(&mut self, c: char) {
        self.put('\\');
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(c);
                let digits = match code {
                    0..=0xff => format!("x{code:02X}"),
                    0x100..=0xffff => format!("u{code:04X}"),
                    _ => format!("U{code:08X}"),
                };
                digits.chars().for_each(|digit| self.put(digit));
                return;
            }
        };
        self.put(short);
    }

    fn write_literal(&mut self, text: &str, indent: isize) {
        self.indicator("|", true, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            // Also inside a list item, which is indented by two.
            self.indicator(&self.step.to_string(), false, false);
        }
        let mut last = text.chars().rev();
        match (last.next().is_some_and(is_break), last.next().is_none_or(is_break)) {
            (false, _) => self.indicator("-", false, false),
            (true, true) => self.indicator("+", false, false),
            (true, false) => {}
        }
        self.put_break('\n');
        self.at_indent = true;
        self.at_space = true;
        let mut after_break = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                self.at_indent = true;
                after_break = true;
            } else {
                if after_break {
                    self.indent(indent);
                }
                self.put(c);
                self.at_indent = false;
                after_break = false;
            }
        }
    }

    /// Moves to column `indent` of a line that holds nothing else but indicators.
    fn indent(&mut self, indent: isize) {
        let indent = usize::try_from(indent).unwrap_or(0);
        if !self.at_indent || self.column > indent || (self.column == indent && !self.at_space) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.at_space = true;
        self.at_indent = true;
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_indent: bool) {
        if needs_space && !self.at_space {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.at_space = false;
        self.at_indent &= is_indent;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_break(&mut self, c: char) {
        self.out.push(c);
        self.column = 0;
    }
}

/// Whether go-yaml would read the text as something else than a string, or quotes it because others
/// would.
fn resolves(text: &str) -> bool {
    resolve_non_string(text).is_some()
        || (text.starts_with(|c: char| matches!(c, '+' | '-' | '0'..='9'))
            && (is_base60(text) || is_timestamp(text)))
}

/// The styles that can represent a string unchanged.
struct Traits {
    allows_plain: bool,
    allows_single: bool,
    allows_block: bool,
}

impl Traits {
    fn from_text(text: &str, version: Version) -> Self {
        // Most strings are words.
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-' | b'_');
        if text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && text.as_bytes().iter().all(word)
        {
            return Self { allows_plain: true, allows_single: true, allows_block: true };
        }
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut breaks, mut special, mut space_break, mut break_space) = (false, false, false, false);
        let mut tab = false;
        let mut previous = None;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let blank_follows = rest.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    previous.is_none()
                }
                '#' => previous.is_none_or(|previous| matches!(previous, ' ' | '\t') || is_break(previous)),
                '?' | '-' => previous.is_none() && blank_follows,
                ':' => blank_follows,
                _ => false,
            };
            tab |= c == '\t';
            special |= !(is_printable(c) || c == '\t' && version == Version::Three);
            if is_break(c) {
                breaks = true;
                space_break |= previous == Some(' ');
            }
            break_space |= c == ' ' && previous.is_some_and(is_break);
            previous = Some(c);
        }
        let outer = |c: char| c == ' ' || is_break(c);
        let whole = !space_break && !special;
        Self {
            allows_plain: whole
                && !tab
                && !breaks
                && !indicators
                && !text.starts_with(outer)
                && !text.ends_with(outer),
            allows_single: whole && !tab && !break_space,
            allows_block: whole && !text.ends_with(' '),
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml writes without an escape; characters beyond the basic plane are not among it.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// A float as JSON has it and go-yaml reads it back: whole numbers become integers as long as they
/// fit 64 bits.
fn json_number(number: f64) -> String {
    let magnitude = number.abs();
    if number.fract() != 0.0 || magnitude >= 1e21 {
        return go_float(number);
    }
    match resolve_non_string(&go_whole(number)) {
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Uint(number)) => number.to_string(),
        _ => go_float(number),
    }
}

/// Converts a string to JSON and reads that as YAML; `None` if that fails. JSON leaves
/// some characters as they are that YAML does not allow, or takes for line breaks and folds.
fn convert_through_json(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| byte < 0x7f) {
        return Some(Cow::Borrowed(text));
    }
    if text.contains(|c| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')) {
        return None;
    }
    if !text.contains('\u{85}') {
        return Some(Cow::Borrowed(text));
    }
    // A quoted string of several lines: white space around a break is lost, a lone break is a space,
    // and of several breaks one is lost.
    let mut folded = String::with_capacity(text.len());
    let mut lines = text.split('\u{85}').enumerate().peekable();
    let mut breaks = 0;
    while let Some((index, line)) = lines.next() {
        let line = if index > 0 { line.trim_start_matches([' ']) } else { line };
        let line = if lines.peek().is_some() { line.trim_end_matches(' ') } else { line };
        if index > 0 {
            breaks += 1;
        }
        if line.is_empty() && lines.peek().is_some() && index > 0 {
            continue;
        }
        match breaks {
            0 => {}
            1 => folded.push(' '),
            _ => folded.extend(std::iter::repeat_n('\n', breaks - 1)),
        }
        breaks = 0;
        folded.push_str(line);
    }
    Some(Cow::Owned(folded))
}

/// Whether go-yaml finds the colon behind a key in JSON: within 1024 characters, quotes and Go's
/// escapes included.
fn is_simple_key(key: &str) -> bool {
    let length = |c| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        _ => 1,
    };
    // No character takes more than six.
    key.len() <= 170 || 2 + key.chars().map(length).sum::<usize>() <= 1024
}

/// Sorts as go-yaml does. A merge sort of our own: the order is not a strict one for odd keys, which
/// the standard sort may answer with a panic.
fn sort<K: AsRef<str>, V>(entries: &mut Vec<(K, V)>, version: Version) {
    let order = |a: &(K, V), b: &(K, V)| compare_keys(a.0.as_ref(), b.0.as_ref(), version);
    if entries.is_sorted_by(|a, b| order(a, b) != Ordering::Greater) {
        return;
    }
    let mut right = entries.split_off(entries.len() / 2);
    sort(entries, version);
    sort(&mut right, version);
    let mut left = std::mem::take(entries).into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if order(b, a) == Ordering::Less { right.next() } else { left.next() };
        entries.extend(next);
    }
    entries.extend(left);
    entries.extend(right);
}

/// go-yaml's order of keys: letters after everything else, runs of digits by their number. Keys like
/// `02b`, `0é`, `2é` go in a circle; Helm's own output then differs from run to run.
fn compare_keys(a: &str, b: &str, version: Version) -> Ordering {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (before, a, b): (&str, &str, &str) = (&a[..common], &a[common..], &b[common..]);
    let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    let after_digit = version == Version::Three && before.ends_with(|c: char| c.is_numeric());
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) if after_digit => return Ordering::Less,
        (false, true) if after_digit => return Ordering::Greater,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero that differs counts as a digit of the number before it, not as a leading one.
    let started = (x == '0' || y == '0')
        && before.bytes().rev().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    let run = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit);
        digits.fold((i64::from(started), 0), |(number, count), digit| {
            (number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), count + 1)
        })
    };
    run(a).cmp(&run(b)).then(x.cmp(&y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Map;
    use plimsoll_diag::Span;

    fn map(keys: &[&str]) -> Node {
        let mut map = Map::new();
        for key in keys {
            map.insert(*key, Span::NONE, Node::bare(1));
        }
        Node::bare(map)
    }

    #[test]
    fn keys_are_sorted_by_their_numbers() {
        let text = helm(&map(&["b", "a10", "a9", "a09", "a", "_", "1", "A"]));
        assert_eq!(text, "_: 1\n\"1\": 1\nA: 1\na: 1\na9: 1\na09: 1\na10: 1\nb: 1");
        // An order that goes in a circle must not matter to us.
        helm(&map(&["02b", "0é0/b", "2é0-", "99", "10", "9aB", "1b2", "2A", "11"]));
    }

    #[test]
    fn numbers_are_keys_without_quotes() {
        #[derive(Clone)]
        enum Numbers {
            Map(Vec<(usize, Numbers)>),
            Text(&'static str),
        }
        impl Tree for Numbers {
            type Text = &'static str;

            fn shape(self) -> Shape<Self> {
                match self {
                    Numbers::Map(entries) => Shape::Numbered(entries),
                    Numbers::Text(text) => Shape::String(text),
                }
            }
        }
        let map = Numbers::Map(vec![(1, Numbers::Text("a\nb\n")), (10, Numbers::Map(Vec::new()))]);
        assert_eq!(helm_pretty(map), "1: |\n  a\n  b\n10: {}");
    }

    #[test]
    fn go_yaml_indents_by_four_but_for_list_items() {
        let sources = plimsoll_diag::Sources::new();
        let text =
            "a: {b: {c: [1, {d: [2, {e: 3}], f: {g: 4}}, \"x\\ny\\n\", \" x\\ny\", [[5]]]}}\nh: \" x\\ny\"\n";
        let source = sources.add("t", text, plimsoll_diag::SourceKind::File);
        let document = crate::read(&sources, source, &crate::ReadOptions::strict()).output.unwrap().remove(0);
        let expected = "\
a:
    b:
        c:
            - 1
            - d:
                - 2
                - e: 3
              f:
                g: 4
            - |
              x
              y
            - |4-
               x
              y
            - - - 5
h: |4-
     x
    y";
        assert_eq!(go_yaml(&document.root), expected);
    }

    #[test]
    fn what_json_and_yaml_cannot_carry_prints_nothing() {
        assert_eq!(helm(&Node::bare("a\u{7f}")), "");
        assert_eq!(helm(&Node::bare("a \u{85} b")), "a b");
        assert_eq!(helm(&Node::bare("a\u{85}\u{85}\u{85}b \u{85}  c")), "|-\n  a\n\n  b c");
        assert_eq!(helm(&map(&["k\u{85}"])), "");
        assert_eq!(helm(&map(&[&"<".repeat(171)])), "");
        assert_eq!(helm(&map(&[&"<".repeat(170)])).len(), 176);
    }
}
