//! The paths of assertions: helm-unittest's dialect of `JSONPath` (its fork of yaml-jsonpath).
//!
//! `spec.ports[0].name`, `metadata.labels["app.kubernetes.io/name"]`, `spec.containers[?(@.name == "web")].image`,
//! `..image`, `spec.*`, `data.*~` for the names of keys. A path without `$` starts at the document.

use super::suite;
use crate::diag::Span;
use crate::yaml::{Node, Value};
use regex::Regex;
use std::cmp::Ordering;

/// A path that has been read.
#[derive(Debug, Clone)]
pub(super) struct Path {
    steps: Vec<Step>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Item<'a> {
    /// A value.
    Node(&'a Node),
    /// The name of a key.
    Key(&'a str, Span),
}

impl Item<'_> {
    /// The value; the name of a key is a string.
    pub(super) fn to_node(self) -> Node {
        match self {
            Item::Node(node) => node.clone(),
            Item::Key(name, span) => Node::new(Value::String(name.to_owned()), span),
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Child(String),
    Children(Vec<String>),
    AllChildren,
    /// The node and everything below it, those below first.
    Descend,
    Subscript(Vec<Slice>),
    Filter {
        filter: Filter,
        is_recursive: bool,
    },
    NamesOf(Vec<String>),
    AllNames,
}

/// One member of a subscript: `2`, `-1`, `1:3`, `::2`.
#[derive(Debug, Clone, Copy)]
enum Slice {
    Index(i64),
    Range { from: Option<i64>, to: Option<i64>, step: i64 },
    All,
}

#[derive(Debug, Clone)]
enum Filter {
    Exists(Term),
    Compare(Term, Operator, Term),
    Matches(Term, Regex),
    Constant(bool),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

#[derive(Debug, Clone)]
enum Term {
    /// `@...`
    Current(Path),
    /// `$...`
    Root(Path),
    Literal(Literal),
}

#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Number(f64),
    Text(String),
    Bool(bool),
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Path {
    /// Reads a path. The error is a phrase.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let is_rooted = parser.eat("$");
        let path = parser.path(!is_rooted && !text.is_empty())?;
        if parser.rest().is_empty() { Ok(path) } else { Err(parser.error("unexpected text")) }
    }

    /// Whether it leads to the document itself.
    pub(super) fn is_root(&self) -> bool {
        self.steps.is_empty()
    }

    /// What the path leads to in a document, in order.
    pub(super) fn find<'a>(&self, root: &'a Node) -> Vec<Item<'a>> {
        let mut found = Vec::new();
        walk(&self.steps, Item::Node(root), root, &mut found);
        found
    }
}

fn walk<'a>(steps: &[Step], item: Item<'a>, root: &'a Node, found: &mut Vec<Item<'a>>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(item);
        return;
    };
    if let Step::Filter { filter, is_recursive } = step {
        let items = match item {
            Item::Node(Node { value: Value::Seq(items), .. }) if !is_recursive => items,
            _ if filter.accepts(item, root) => return walk(rest, item, root, found),
            _ => return,
        };
        for item in items.iter().map(Item::Node).filter(|item| filter.accepts(*item, root)) {
            walk(rest, item, root, found);
        }
        return;
    }
    let Item::Node(node) = item else {
        if matches!(step, Step::Descend) {
            walk(rest, item, root, found);
        }
        return;
    };
    match (step, &node.value) {
        (Step::Child(name), Value::Map(map)) => {
            if let Some(child) = map.get(name) {
                walk(rest, Item::Node(child), root, found);
            }
        }
        (Step::Children(names), Value::Map(map)) => {
            for child in names.iter().filter_map(|name| map.get(name)) {
                walk(rest, Item::Node(child), root, found);
            }
        }
        (Step::AllChildren, Value::Map(map)) => {
            map.iter().for_each(|entry| walk(rest, Item::Node(&entry.value), root, found));
        }
        (Step::AllChildren, Value::Seq(items)) => {
            for item in items {
                walk(rest, Item::Node(item), root, found);
            }
        }
        (Step::Subscript(slices), Value::Map(map)) if matches!(slices[..], [Slice::All]) => {
            map.iter().for_each(|entry| walk(rest, Item::Node(&entry.value), root, found));
        }
        (Step::Subscript(slices), Value::Seq(items)) => {
            for index in slices.iter().flat_map(|slice| slice.indices(items.len())) {
                if let Some(item) = items.get(index) {
                    walk(rest, Item::Node(item), root, found);
                }
            }
        }
        (Step::NamesOf(names), Value::Map(map)) => {
            for entry in names.iter().filter_map(|name| map.entry(name)) {
                walk(rest, Item::Key(&entry.key, entry.key_span), root, found);
            }
        }
        (Step::AllNames, Value::Map(map)) => {
            map.iter().for_each(|entry| walk(rest, Item::Key(&entry.key, entry.key_span), root, found));
        }
        (Step::Descend, value) => {
            match value {
                Value::Map(map) => {
                    for entry in map {
                        walk(rest, Item::Key(&entry.key, entry.key_span), root, found);
                        walk(steps, Item::Node(&entry.value), root, found);
                    }
                }
                Value::Seq(items) => {
                    for item in items {
                        walk(steps, Item::Node(item), root, found);
                    }
                }
                _ => {}
            }
            walk(rest, item, root, found);
        }
        _ => {}
    }
}

impl Slice {
    /// The indices in a list of `length` items.
    fn indices(self, length: usize) -> Vec<usize> {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let from_end = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
        let (from, to, step) = match self {
            Slice::All => (0, length, 1),
            Slice::Index(index) => (from_end(index), from_end(index).saturating_add(1), 1),
            Slice::Range { from, to, step } if step > 0 => {
                (from.map_or(0, from_end), to.map_or(length, from_end), step)
            }
            Slice::Range { from, to, step } => {
                (from.map_or(length - 1, from_end), to.map_or(-1, from_end), step)
            }
        };
        let mut indices = Vec::new();
        let mut at = if step > 0 { from.max(0) } else { from.min(length) };
        // Indices outside of the list lead nowhere, so a range need not go further than that.
        while (step > 0 && at < to.min(length)) || (step < 0 && at > to.max(-1)) {
            indices.extend(usize::try_from(at).ok().filter(|_| at < length));
            at = at.saturating_add(step);
        }
        indices
    }
}

impl Filter {
    fn accepts(&self, item: Item<'_>, root: &Node) -> bool {
        match self {
            Self::Constant(flag) => *flag,
            Self::Not(filter) => !filter.accepts(item, root),
            Self::And(a, b) => a.accepts(item, root) && b.accepts(item, root),
            Self::Or(a, b) => a.accepts(item, root) || b.accepts(item, root),
            Self::Exists(term) => !term.values(item, root).is_empty(),
            Self::Matches(term, regex) => {
                let values = term.values(item, root);
                let matches = |value: &Typed| matches!(value, Typed::Text(text) if regex.is_match(text));
                !values.is_empty() && values.iter().all(matches)
            }
            // Every pair must agree, and there must be one.
            Self::Compare(left, operator, right) => {
                let (left, right) = (left.values(item, root), right.values(item, root));
                let mut pairs = left.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
                !left.is_empty()
                    && !right.is_empty()
                    && pairs.all(|(left, right)| operator.accepts(left.compare(right)))
            }
        }
    }
}

impl Term {
    fn values(&self, item: Item<'_>, root: &Node) -> Vec<Typed> {
        let path_values = |path: &Path, item: Item<'_>| {
            let mut found = Vec::new();
            match item {
                Item::Node(node) => walk(&path.steps, item, node, &mut found),
                Item::Key(..) if path.steps.is_empty() => found.push(item),
                Item::Key(..) => {}
            }
            found.into_iter().map(Typed::from).collect()
        };
        match self {
            Self::Current(path) => path_values(path, item),
            Self::Root(path) => path_values(path, Item::Node(root)),
            Self::Literal(literal) => vec![Typed::from(literal)],
        }
    }
}

/// A value in a comparison.
#[derive(Debug)]
enum Typed {
    Number(f64),
    Text(String),
    Bool(bool),
    Null,
    Other,
}

impl From<&Literal> for Typed {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Number(number) => Self::Number(*number),
            Literal::Text(text) => Self::Text(text.clone()),
            Literal::Bool(flag) => Self::Bool(*flag),
            Literal::Null => Self::Null,
        }
    }
}

impl From<Item<'_>> for Typed {
    fn from(item: Item<'_>) -> Self {
        let node = match item {
            Item::Node(node) => node,
            Item::Key(name, _) => return Self::Text(name.to_owned()),
        };
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            #[expect(clippy::cast_precision_loss, reason = "paths compare numbers as floats")]
            Value::Int(number) => Self::Number(*number as f64),
            #[expect(clippy::cast_precision_loss, reason = "paths compare numbers as floats")]
            Value::Uint(number) => Self::Number(*number as f64),
            Value::Float(number) => Self::Number(*number),
            Value::String(text) => Self::Text(text.clone()),
            Value::Seq(_) | Value::Map(_) => Self::Other,
        }
    }
}

impl Typed {
    /// `None` where the two cannot be compared.
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) if a == b => Some(Ordering::Equal),
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            _ => None,
        }
    }
}

impl Operator {
    /// In the order in which they are looked for.
    const ALL: [(&'static str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        (">=", Self::GreaterOrEqual),
        (">", Self::Greater),
        ("<=", Self::LessOrEqual),
        ("<", Self::Less),
    ];

    fn accepts(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
        }
    }
}

/// How deep filters may nest.
const MAX_DEPTH: usize = 64;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// How many filters and parentheses are open.
    depth: usize,
}

/// What ends the name of a child.
const AFTER_NAME: &[char] = &['.', '[', ')', ' ', '&', '|', '=', '!', '>', '<', '~'];

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn error(&self, what: &str) -> String {
        format!("{what} at position {} of the path `{}`", self.at + 1, self.text)
    }

    /// The steps up to the end of the path, or in a filter up to what ends a term.
    fn path(&mut self, may_start_undotted: bool) -> Result<Path, String> {
        let mut steps = Vec::new();
        let mut is_start = may_start_undotted;
        let in_filter = self.depth > 0;
        loop {
            let rest = self.rest();
            let ends = rest.starts_with([' ', '&', '|', '=', '!', '>', '<', ')']);
            if rest.is_empty() || (ends && in_filter) {
                return Ok(Path { steps });
            }
            let descends = matches!(steps.last(), Some(Step::Descend))
                || matches!(steps[..], [.., Step::Descend, Step::Child(_) | Step::AllChildren]);
            if self.eat("..") {
                let name = self.take_until(|c| matches!(c, '.' | '['));
                if name.is_empty() && !self.rest().starts_with('[') {
                    return Err(self.error("a name is missing after `..`"));
                }
                steps.push(Step::Descend);
                steps.extend((!name.is_empty()).then(|| child(name)));
            } else if rest.starts_with('.') || (is_start && !rest.starts_with('[')) {
                self.eat(".");
                let name = self.take_until(|c| AFTER_NAME.contains(&c) || (is_start && c == ']'));
                if name.is_empty() {
                    return Err(self.error("the name of a key is missing"));
                }
                let is_of_names = self.eat("~");
                steps.push(if is_of_names { Step::NamesOf(vec![unescape(name)]) } else { child(name) });
            } else if rest.starts_with("[?(") {
                self.at += 3;
                let filter = self.filter()?;
                steps.push(Step::Filter { filter, is_recursive: descends });
            } else if rest.starts_with('[') {
                steps.push(self.bracket()?);
            } else {
                return Err(self.error("`.` or `[` is missing"));
            }
            is_start = false;
            let is_last = matches!(steps.last(), Some(Step::NamesOf(_) | Step::AllNames));
            if is_last && !self.rest().is_empty() {
                return Err(self.error("`~` must end the path"));
            }
        }
    }

    /// `["a.b", 'c']`, `[0]`, `[1:3]`, `[*]`
    fn bracket(&mut self) -> Result<Step, String> {
        self.eat("[");
        self.skip_space();
        if self.rest().starts_with(['\'', '"']) {
            let names = self.quoted_names()?;
            return Ok(if self.eat("~") { Step::NamesOf(names) } else { Step::Children(names) });
        }
        let inner = self.take_until(|c| c == ']');
        if !self.eat("]") {
            return Err(self.error("`]` is missing"));
        }
        let members: Vec<&str> = inner.split(',').map(str::trim).collect();
        if members[..] == ["*"] && self.eat("~") {
            return Ok(Step::AllNames);
        }
        let is_union = members.len() > 1;
        let slices = members.into_iter().map(|member| slice(member, is_union));
        slices.collect::<Result<_, _>>().map(Step::Subscript).map_err(|reason| self.error(&reason))
    }

    /// `"a", 'b']`
    fn quoted_names(&mut self) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        loop {
            self.skip_space();
            let quote = if self.eat("'") { '\'' } else { '"' };
            if quote == '"' && !self.eat("\"") {
                return Err(self.error("a quoted name is missing"));
            }
            let mut name = String::new();
            loop {
                let Some(c) = self.rest().chars().next() else {
                    return Err(self.error("a quote is missing"));
                };
                self.at += c.len_utf8();
                match c {
                    _ if c == quote => break,
                    '\\' if self.eat("\\") => name.push('\\'),
                    '\\' if self.rest().starts_with(quote) => {
                        self.at += 1;
                        name.push(quote);
                    }
                    '\\' => return Err(self.error("unknown escape")),
                    _ => name.push(c),
                }
            }
            names.push(name);
            self.skip_space();
            if self.eat("]") {
                return Ok(names);
            }
            if !self.eat(",") {
                return Err(self.error("`]` or `,` is missing"));
            }
        }
    }

    /// The rest of `[?(...)]`.
    fn filter(&mut self) -> Result<Filter, String> {
        let filter = self.nested(Self::alternatives)?;
        self.skip_space();
        if self.eat(")]") { Ok(filter) } else { Err(self.error("`)]` is missing")) }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error("filters nest too deeply"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn alternatives(&mut self) -> Result<Filter, String> {
        let mut filter = self.conjunction()?;
        while self.eat_operator("||") {
            filter = Filter::Or(Box::new(filter), Box::new(self.conjunction()?));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, String> {
        let mut filter = self.basic()?;
        while self.eat_operator("&&") {
            filter = Filter::And(Box::new(filter), Box::new(self.basic()?));
        }
        Ok(filter)
    }

    fn eat_operator(&mut self, operator: &str) -> bool {
        self.skip_space();
        self.eat(operator)
    }

    fn basic(&mut self) -> Result<Filter, String> {
        self.skip_space();
        if self.eat("!") {
            return Ok(Filter::Not(Box::new(self.nested(Self::basic)?)));
        }
        if self.eat("(") {
            let filter = self.nested(Self::alternatives)?;
            return if self.eat_operator(")") { Ok(filter) } else { Err(self.error("`)` is missing")) };
        }
        let left = self.term()?;
        self.skip_space();
        if self.eat("=~") {
            return Ok(Filter::Matches(left, self.regex()?));
        }
        let Some((token, operator)) = Operator::ALL.into_iter().find(|(token, _)| self.eat(token)) else {
            return Ok(match left {
                Term::Literal(literal) => Filter::Constant(literal == Literal::Bool(true)),
                path => Filter::Exists(path),
            });
        };
        let right = self.term()?;
        let is_text = |term: &Term| matches!(term, Term::Literal(Literal::Text(_)));
        if !matches!(operator, Operator::Equal | Operator::NotEqual) && (is_text(&left) || is_text(&right)) {
            return Err(self.error(&format!("strings cannot be compared with `{token}`")));
        }
        Ok(Filter::Compare(left, operator, right))
    }

    fn term(&mut self) -> Result<Term, String> {
        self.skip_space();
        if self.eat("@") {
            return self.path(false).map(Term::Current);
        }
        if self.eat("$") {
            return self.path(false).map(Term::Root);
        }
        for (word, literal) in
            [("true", Literal::Bool(true)), ("false", Literal::Bool(false)), ("null", Literal::Null)]
        {
            if self.eat(word) {
                return Ok(Term::Literal(literal));
            }
        }
        for quote in ['\'', '"'] {
            if self.rest().starts_with(quote) {
                self.at += 1;
                let text = self.take_until(|c| c == quote).to_owned();
                self.at += usize::from(!self.rest().is_empty());
                return Ok(Term::Literal(Literal::Text(text)));
            }
        }
        let number = self.take_until(|c| !(c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | 'E')));
        let number = number.parse().map_err(|_| self.error("a path or a value is missing"))?;
        Ok(Term::Literal(Literal::Number(number)))
    }

    /// `/.../`
    fn regex(&mut self) -> Result<Regex, String> {
        self.skip_space();
        if !self.eat("/") {
            return Err(self.error("`/` is missing at the start of the regular expression"));
        }
        let mut pattern = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '/' => {
                    self.at += at + 1;
                    return suite::pattern(&pattern);
                }
                '\\' => match chars.next() {
                    Some((_, '/')) => pattern.push('/'),
                    Some((_, escaped)) => pattern.extend(['\\', escaped]),
                    None => {}
                },
                _ => pattern.push(c),
            }
        }
        Err(self.error("`/` is missing at the end of the regular expression"))
    }
}

fn child(name: &str) -> Step {
    if name == "*" { Step::AllChildren } else { Step::Child(unescape(name)) }
}

/// A backslash stands for the character after it.
fn unescape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut is_escaped = false;
    for c in name.chars() {
        if c == '\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        is_escaped = false;
        out.push(c);
    }
    out
}

fn slice(text: &str, is_union: bool) -> Result<Slice, String> {
    if text == "*" {
        return if is_union {
            Err("`*` cannot be one of several indices".to_owned())
        } else {
            Ok(Slice::All)
        };
    }
    let number = |text: &str| match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("`{text}` is not an index")),
    };
    let parts = text.split(':').map(number).collect::<Result<Vec<_>, _>>()?;
    match parts[..] {
        [None] => Err("an index is missing".to_owned()),
        [Some(index)] => Ok(Slice::Index(index)),
        [_, _, Some(0)] => Err("the step must not be zero".to_owned()),
        [from, to] => Ok(Slice::Range { from, to, step: 1 }),
        [from, to, step] => Ok(Slice::Range { from, to, step: step.unwrap_or(1) }),
        _ => Err("there are too many colons in the index".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{emit, read_fragment};
    use proptest::prelude::*;

    const DOCUMENT: &str = r#"
metadata: {name: web, labels: {app.kubernetes.io/name: web, "it's": 1}}
spec:
  replicas: 3
  containers:
  - {name: a, image: "a:1", ports: [{port: 80}, {port: 443}]}
  - {name: b, image: "b:2", ports: [{port: 8080}], ready: true}
"#;

    fn find(path: &str) -> Vec<String> {
        let root = read_fragment(DOCUMENT.as_bytes()).unwrap();
        let found = Path::parse(path).unwrap_or_else(|reason| panic!("{reason}"));
        found.find(&root).into_iter().map(|item| emit::flow_json(&item.to_node())).collect()
    }

    #[test]
    fn paths_lead_to_children() {
        for (path, expected) in [
            ("metadata.name", vec!["\"web\""]),
            ("$.metadata.name", vec!["\"web\""]),
            (r#"metadata.labels["app.kubernetes.io/name"]"#, vec!["\"web\""]),
            ("metadata.labels['app.kubernetes.io/name', \"it's\"]", vec!["\"web\"", "1"]),
            (r"metadata.labels['it\'s']", vec!["1"]),
            ("spec.containers[1].name", vec!["\"b\""]),
            ("spec.containers[-1].name", vec!["\"b\""]),
            ("spec.containers[::-1].name", vec!["\"b\"", "\"a\""]),
            ("spec.containers[0,1].name", vec!["\"a\"", "\"b\""]),
            ("spec.containers[*].ports[0].port", vec!["80", "8080"]),
            ("spec.containers[5].name", vec![]),
            ("spec.containers[9223372036854775807:]", vec![]),
            ("spec.none.name", vec![]),
            ("metadata.*", vec!["\"web\"", r#"{"app.kubernetes.io/name": "web", "it's": 1}"#]),
            ("metadata.labels.*~", vec![]),
            ("metadata.labels[*]~", vec!["\"app.kubernetes.io/name\"", "\"it's\""]),
            ("spec.replicas~", vec!["\"replicas\""]),
            ("..port", vec!["80", "443", "8080"]),
        ] {
            assert_eq!(find(path), expected, "{path}");
        }
    }

    #[test]
    fn filters_choose_items() {
        for (filter, expected) in [
            ("@.name == 'b'", vec!["\"b\""]),
            ("@.name == \"b\" && @.ready", vec!["\"b\""]),
            ("@.name != 'b'", vec!["\"a\""]),
            ("!@.ready", vec!["\"a\""]),
            ("!(@.ready || @.name == 'a')", vec![]),
            ("@.ready == true", vec!["\"b\""]),
            ("@.image =~ /^a:/", vec!["\"a\""]),
            ("@.ports[0].port > 80", vec!["\"b\""]),
            // Every port must agree.
            ("@.ports[*].port >= 443", vec!["\"b\""]),
            ("@.ports[?(@.port == 443)]", vec!["\"a\""]),
            ("@.name == $.metadata.name", vec![]),
            ("@.ports == 1", vec![]),
            ("true", vec!["\"a\"", "\"b\""]),
        ] {
            assert_eq!(find(&format!("spec.containers[?({filter})].name")), expected, "{filter}");
        }
        // A map is tested itself.
        assert_eq!(find("metadata[?(@.name == 'web')].name"), ["\"web\""]);
        assert_eq!(find("..[?(@.port == 443)].port"), ["443"]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "a.",
            "a[",
            "a[]",
            "a[x]",
            "a[?(@.b]",
            "a[?(]",
            "a b",
            "a[?(@.b == )]",
            "a~.b",
            "..",
            "a[1:2:0]",
            "a)",
            "a['b",
            "a[?(@.b > 'c')]",
            "a[?(@.b =~ /(/)]",
        ] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
        assert!(Path::parse(&format!("a{}", "[?(!".repeat(1000))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_an_error(text in r#"[ab.\[\]'"?()@$*~=!<>&|/0-9:, \\-]{0,24}"#) {
            let root = read_fragment(b"a: {b: [1, {a: x}], '0': null}\nb: [[a], []]\n").unwrap();
            if let Ok(path) = Path::parse(&text) {
                path.find(&root);
            }
        }

        #[test]
        fn a_quoted_name_leads_to_its_key(name in "[^\\p{C}]{1,12}") {
            let mut map = crate::yaml::Map::new();
            map.insert(name.clone(), Span::NONE, Node::bare(1));
            let root = Node::bare(map);
            let quoted = name.replace('\\', r"\\").replace('\'', r"\'");
            let path = Path::parse(&format!("['{quoted}']")).unwrap();
            prop_assert_eq!(path.find(&root).len(), 1);
        }
    }
}
