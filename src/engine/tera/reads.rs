//! Which values the text of a template reads: the keys, the place, and what the template does with the value.
//!
//! Tera keeps its syntax tree to itself, so the expressions are walked here. A variable is followed to the value that it
//! was set from ([`super::scope`]). Inside a component `values` is taken to be the chart's: it is mostly handed on so.

use super::guard;
use super::lexer::{Kind, Lexeme, Lexer};
use super::scope::{Scope, Step};
use super::tags::{Names, Token, first_word, is_set_block, path_of, tokenize, trimmed};
use super::upstream::WHOLE_CONTEXT;
use crate::engine::{Usage, ValueReference};
use std::collections::BTreeMap;
use std::ops::Range;

/// The references of a text, in its order; none if it is not a template.
pub(super) fn references(text: &str) -> Vec<ValueReference> {
    let Ok(tokens) = tokenize(text) else { return Vec::new() };
    let statement = |token: &Token| match *token {
        Token::Statement { inner, .. } => Some(text[inner.0..inner.1].trim()),
        _ => None,
    };
    let globals: Vec<&str> = tokens
        .iter()
        .filter_map(statement)
        .filter(|statement| first_word(statement) == "set_global")
        .map(|statement| first_word(statement["set_global".len()..].trim_start()))
        .collect();
    let scope = Scope::new(0, &globals);
    let mut walk = Walk { text, scope, set_from: BTreeMap::new(), found: Vec::new() };
    for token in &tokens {
        walk.token(*token);
    }
    let mut found = walk.found;
    found.sort_by_key(|reference| reference.range.start);
    found
}

/// Filters that provide for a value that is not there.
const PROVIDING_FILTERS: [&str; 4] = ["default", "get", "omit_empty", "required"];

/// Brackets inside each other, in an expression that is followed to its end.
const MAX_DEPTH: usize = 100;

struct Walk<'t> {
    text: &'t str,
    scope: Scope<'t>,
    /// The path that a variable was last set from: what a reference through the variable points at.
    set_from: BTreeMap<&'t str, Range<usize>>,
    found: Vec<ValueReference>,
}

impl<'t> Walk<'t> {
    fn token(&mut self, token: Token) {
        match token {
            Token::Text(..) | Token::Comment(..) => {}
            // It may be given to `tpl`.
            Token::Raw { inner: (start, end), .. } => self.read_nested_template(start..end),
            Token::Expression { inner, .. } => self.expression(inner.0..inner.1, false),
            Token::Statement { start, inner, .. } => {
                let (from, to) = trimmed(self.text, inner);
                self.read_statement(from, to);
                self.scope.read_statement(start, &self.text[from..to]);
            }
        }
    }

    fn read_statement(&mut self, from: usize, to: usize) {
        let statement = &self.text[from..to];
        let word = first_word(statement);
        let behind = from + word.len();
        match word {
            "if" | "elif" => self.expression(behind..to, true),
            "for" => {
                let collection = guard::collection(statement).unwrap_or(statement.len());
                self.expression(from + collection..to, false);
            }
            "set" | "set_global" if is_set_block(statement) => {
                if let Some(bar) = statement.find('|') {
                    self.expression(from + bar..to, false);
                }
            }
            "set" | "set_global" => {
                let Some(is) = statement.find('=') else { return };
                let value = trimmed(self.text, (from + is + 1, to));
                let name = first_word(self.text[behind..to].trim_start());
                if word == "set" && self.stored(name, value.0..value.1) {
                    return;
                }
                self.expression(value.0..value.1, false);
            }
            "filter" => self.expression(behind..to, false),
            "" if statement.starts_with('<') && !statement.starts_with("</") => {
                self.expression(from..to, false);
            }
            _ => {}
        }
    }

    /// Notes that a variable is set from a path that leads to a value, if this is one: its use decides.
    fn stored(&mut self, name: &'t str, value: Range<usize>) -> bool {
        let text = &self.text[value.clone()];
        self.set_from.remove(name);
        let path = path_of(text).filter(|_| !text.contains('|')).and_then(|names| self.resolved(&names));
        let Some(path) = path else { return false };
        self.refer(path, value.clone(), Usage::Passed);
        self.set_from.insert(name, value);
        true
    }

    fn expression(&mut self, bytes: Range<usize>, all_tested: bool) {
        let (text, base) = (&self.text[bytes.clone()], bytes.start);
        let lexemes =
            Lexer::new(text).map(|lexeme| Lexeme { start: base + lexeme.start, ..lexeme }).collect();
        let mut reader = ExpressionReader { walk: self, lexemes, at: 0, depth: 0, bound: Vec::new() };
        while !reader.is_over() {
            reader.operands(all_tested);
            // What closes nothing.
            reader.at += 1;
        }
    }

    /// The keys of the value that a path of names leads to.
    fn resolved(&self, names: &Names) -> Option<Vec<String>> {
        if let Some(route) = self.scope.route(names) {
            let key = |step: &Step| match step {
                Step::Name(name) => Some(name.clone()),
                Step::Turn(_) => None,
            };
            let mut keys: Names = vec![route.root.clone()];
            keys.extend(route.steps.iter().map(key).collect::<Option<Vec<_>>>()?);
            return below_values(&keys);
        }
        let (first, _) = names.split_first()?;
        if first == WHOLE_CONTEXT {
            return Some(Vec::new());
        }
        below_values(names).filter(|_| self.scope.is_global(first))
    }

    fn refer(&mut self, path: Vec<String>, range: Range<usize>, usage: Usage) {
        self.found.push(ValueReference { path, range, usage });
    }

    /// A text inside the template that may be a template for `tpl`: what it reads, at its own place.
    fn read_nested_template(&mut self, bytes: Range<usize>) {
        let text = &self.text[bytes.clone()];
        if text.contains("{{") || text.contains("{%") {
            for reference in references(&text.replace("\\\"", "\"")) {
                self.refer(reference.path, bytes.clone(), Usage::Passed);
            }
        }
    }
}

/// What follows `values` in a path, or `subcharts.NAME.values`: a parent has the values of a sub-chart under its name.
fn below_values(names: &[String]) -> Option<Vec<String>> {
    match names {
        [values, path @ ..] if values == "values" => Some(path.to_vec()),
        [subcharts, name, values, path @ ..] if subcharts == "subcharts" && values == "values" => {
            Some(std::iter::once(name).chain(path).cloned().collect())
        }
        _ => None,
    }
}

/// Reads the lexemes of one expression.
struct ExpressionReader<'w, 't> {
    walk: &'w mut Walk<'t>,
    lexemes: Vec<Lexeme<'t>>,
    at: usize,
    depth: usize,
    /// The variables of the comprehensions that are open.
    bound: Vec<&'t str>,
}

impl<'t> ExpressionReader<'_, 't> {
    fn is_over(&self) -> bool {
        self.at >= self.lexemes.len()
    }

    fn peek(&self) -> &'t str {
        self.lexemes.get(self.at).map_or("", |lexeme| lexeme.text)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.lexemes.get(self.at).map(|lexeme| lexeme.kind)
    }

    fn is_next(&mut self, text: &str) -> bool {
        let is = self.peek() == text && !self.is_over();
        self.at += usize::from(is);
        is
    }

    /// Operands and operators, up to a bracket that closes or the end.
    fn operands(&mut self, all_tested: bool) {
        // Behind the `if` of `a if b else c` or of a comprehension.
        let mut in_condition = all_tested;
        let mut is_tested = false;
        while !self.is_over() && !matches!(self.peek(), ")" | "]" | "}") {
            let from = self.walk.found.len();
            // The `in` of `not in`.
            while matches!(self.peek(), "not" | "in" | "-" | "...") {
                is_tested |= self.peek() == "not";
                self.at += 1;
            }
            self.operand();
            let operator = self.peek();
            is_tested |= in_condition || matches!(operator, "and" | "or" | "==" | "!=");
            if is_tested {
                self.mark_tested(from);
            }
            is_tested = false;
            match operator {
                "==" | "!=" => is_tested = true,
                "if" => in_condition = true,
                "else" | "," => in_condition = all_tested,
                "for" => {
                    while !self.is_over() && !matches!(self.peek(), "in" | "]" | "}") {
                        self.at += 1;
                    }
                }
                _ => {}
            }
            if !self.is_over() && !matches!(self.peek(), ")" | "]" | "}") {
                self.at += 1;
            }
        }
    }

    /// Marks the reads since then as tested: the template handles their absence.
    fn mark_tested(&mut self, from: usize) {
        for reference in &mut self.walk.found[from..] {
            reference.usage = reference.usage.max(Usage::Tested);
        }
    }

    /// What is between a bracket and the one that closes it.
    fn bracket(&mut self, close: &str) {
        self.at += 1;
        self.depth += 1;
        while !self.is_over() && self.peek() != close {
            if self.depth < MAX_DEPTH {
                self.operands(false);
            }
            // Another bracket closes here, or this is too deep.
            self.at += usize::from(self.peek() != close);
        }
        self.depth -= 1;
        self.at += 1;
    }

    fn operand(&mut self) {
        let from = self.walk.found.len();
        let Some(lexeme) = self.lexemes.get(self.at).copied() else { return };
        match (lexeme.kind, lexeme.text) {
            (Kind::Literal, _) => {
                self.at += 1;
                if unquoted(&lexeme).is_some() {
                    self.walk.read_nested_template(lexeme.start + 1..lexeme.end() - 1);
                }
            }
            (Kind::Word, name) if self.lexemes.get(self.at + 1).is_some_and(|next| next.text == "(") => {
                self.at += 1;
                self.bracket(")");
                if PROVIDING_FILTERS.contains(&name) {
                    self.mark_tested(from);
                }
            }
            (Kind::Word, _) => self.path(),
            (_, "(") => self.bracket(")"),
            (_, "[") => {
                let bound = self.bound.len();
                self.bind();
                self.bracket("]");
                self.bound.truncate(bound);
            }
            (_, "{") => self.bracket("}"),
            (_, "<") => self.component(),
            // An operator where an operand was expected.
            _ => return,
        }
        self.postfix(from);
    }

    /// The variables of the comprehension that begins here, if it is one.
    fn bind(&mut self) {
        let mut depth = 0_usize;
        let inside = self.lexemes[self.at..].iter().take_while(|lexeme| {
            match lexeme.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "for" if depth == 1 => return false,
                _ => {}
            }
            depth > 0
        });
        let length = inside.count();
        let mut header = self.lexemes[self.at + length..].iter();
        if header.next().is_some_and(|lexeme| lexeme.text == "for") {
            let names = header.take_while(|lexeme| lexeme.text != "in");
            self.bound.extend(names.filter(|lexeme| lexeme.kind == Kind::Word).map(|lexeme| lexeme.text));
        }
    }

    /// A name and the keys behind it.
    fn path(&mut self) {
        let (start, from) = (self.lexemes[self.at].start, self.walk.found.len());
        let mut end = self.lexemes[self.at].end();
        let mut names = vec![self.peek().to_owned()];
        let (mut is_optional, mut is_known) = (false, true);
        self.at += 1;
        loop {
            let step = self.peek();
            match step {
                "." | "?." if self.lexemes.get(self.at + 1).is_some_and(|next| next.kind == Kind::Word) => {
                    if is_known {
                        names.push(self.lexemes[self.at + 1].text.to_owned());
                        end = self.lexemes[self.at + 1].end();
                    }
                    self.at += 2;
                }
                "[" | "?[" => {
                    if let Some(key) = self.literal_key().filter(|_| is_known) {
                        names.push(key.to_owned());
                        end = self.lexemes[self.at + 2].end();
                        self.at += 3;
                    } else {
                        is_known = false;
                        self.bracket("]");
                    }
                }
                _ => break,
            }
            is_optional |= step.starts_with('?');
        }
        // `a | get(key="b")`
        if is_known && let Some(key) = self.looked_up_key() {
            names.push(key.to_owned());
        }
        if self.bound.contains(&names[0].as_str()) {
            return;
        }
        let Some(path) = self.walk.resolved(&names) else { return };
        let range = match self.walk.set_from.get(names[0].as_str()) {
            Some(origin) if names.len() == 1 => origin.clone(),
            _ => start..end,
        };
        self.walk.refer(path, range, Usage::Used);
        if is_optional {
            self.mark_tested(from);
        }
    }

    /// The text in `["text"]`.
    fn literal_key(&self) -> Option<&'t str> {
        let (key, close) = (self.lexemes.get(self.at + 1)?, self.lexemes.get(self.at + 2)?);
        unquoted(key).filter(|_| close.text == "]")
    }

    /// The key in `| get(key="text")`.
    fn looked_up_key(&self) -> Option<&'t str> {
        let lexemes = self.lexemes.get(self.at..self.at + 6)?;
        let texts = lexemes[..5].iter().map(|lexeme| lexeme.text);
        unquoted(&lexemes[5]).filter(|_| texts.eq(["|", "get", "(", "key", "="]))
    }

    /// `<name argument={expression} ..>`
    fn component(&mut self) {
        while !self.is_over() && self.peek() != ">" {
            match (self.peek(), self.peek_kind()) {
                ("{", _) => self.bracket("}"),
                (_, Some(Kind::Literal)) => self.operand(),
                _ => self.at += 1,
            }
        }
        self.at += 1;
    }

    /// Filters, tests, further keys and calls behind an operand.
    fn postfix(&mut self, from: usize) {
        loop {
            match self.peek() {
                "|" => {
                    self.at += 1;
                    let name = self.peek();
                    self.at += 1;
                    if PROVIDING_FILTERS.contains(&name) {
                        self.mark_tested(from);
                    }
                    if self.peek() == "(" {
                        self.bracket(")");
                    }
                }
                "is" => {
                    self.at += 1;
                    self.is_next("not");
                    self.at += 1;
                    if self.peek() == "(" {
                        self.bracket(")");
                    }
                    self.mark_tested(from);
                }
                "." | "?." => self.at += 2,
                "[" | "?[" => self.bracket("]"),
                "(" => self.bracket(")"),
                _ => return,
            }
        }
    }
}

/// The text of a literal in quotes.
fn unquoted<'t>(lexeme: &Lexeme<'t>) -> Option<&'t str> {
    let quote = lexeme.text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    lexeme.text[1..].strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The references as `path usage`, each usage by its first letter.
    fn find_paths(text: &str) -> Vec<String> {
        let letter = |usage| match usage {
            Usage::Used => "u",
            Usage::Passed => "p",
            Usage::Tested => "t",
            Usage::Changed => "c",
        };
        references(text).iter().map(|r| format!("{} {}", r.path.join("."), letter(r.usage))).collect()
    }

    #[test]
    fn paths_are_read_where_expressions_are() {
        for (text, expected) in [
            (
                "# values.no\n{# {{ values.no }} #}{{ values.a.b }}{{ my.values.no }}{{ values_x }}",
                &["a.b u"][..],
            ),
            ("{{ values['x-y'].z }}{{ values[\"a\"][0].b }}{{ values[key] }}", &["x-y.z u", "a u", " u"]),
            ("{{ values.a[values.b].c }}", &["a u", "b u"]),
            ("{{ { ...values.a, \"k\": values.b } }}{{ [values.c, \"x\"] }}", &["a u", "b u", "c u"]),
            ("{{ (values.a ~ f(x=values.b)) | g(y=values.c) }}", &["a u", "b u", "c u"]),
            ("{{ <k8s.card a={[values.a]} b=\"y\" {...values.b} /> }}", &["a u", "b u"]),
            (
                "{% <card a={values.a}> %}{% </card> %}{% filter f(x=values.b) %}{% endfilter %}",
                &["a u", "b u"],
            ),
            ("{% set x | f(y=values.a) %}{% endset %}{% include \"values.b\" %}", &["a u"]),
            ("{{ [x.values for x in values.a if values.b] }}", &["a u", "b t"]),
            ("{{ subcharts.db.values.port }}{{ __tera_context }}", &["db.port u", " u"]),
            ("{{ values }}{{ values | to_yaml }}", &[" u", " u"]),
        ] {
            assert_eq!(find_paths(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_provided_for_is_tested() {
        for (text, expected) in [
            ("{{ values.a | default(value=values.b) }}", &["a t", "b u"][..]),
            ("{{ values.a | f | omit_empty }}{{ required(value=values.b, message=\"\") }}", &["a t", "b t"]),
            ("{{ values.a?.b }}{{ values.a | get(key=\"b\") }}", &["a.b t", "a.b t"]),
            (
                "{% if values.a and f(x=values.b) %}{{ values.c }}{% elif values.d %}{% endif %}",
                &["a t", "b t", "c u", "d t"],
            ),
            ("{{ values.a if values.b else values.c }}", &["a u", "b t", "c u"]),
            ("{{ values.a or values.b }}{{ not values.c }}", &["a t", "b u", "c t"]),
            ("{{ values.a is not divisible_by(divisor=values.b) and values.c }}", &["a t", "b t", "c u"]),
            (
                "{{ values.a == \"x\" }}{{ values.a not in values.b }}{{ values.a < 3 }}",
                &["a t", "a u", "b u", "a u"],
            ),
        ] {
            assert_eq!(find_paths(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_are_followed() {
        for (text, expected) in [
            ("{% set x = values.a %}{{ x.b }}{{ y.b }}", &["a p", "a.b u"][..]),
            ("{% set x = values.a | default(value=1) %}{{ x }}", &["a t", "a u"]),
            ("{% for x in values.a %}{{ x.b }}{% endfor %}", &["a u"]),
            ("{% set values = 1 %}{{ values.a }}", &[]),
            ("{% if a %}{% set x = values.a %}{% endif %}{{ x.b }}", &["a p"]),
        ] {
            assert_eq!(find_paths(text), expected, "{text}");
        }
        let text = "{% set x = values.a %}{% if x %}{% endif %}";
        let places: Vec<&str> = references(text).iter().map(|r| &text[r.range.clone()]).collect();
        assert_eq!(places, ["values.a"; 2]);
        assert_eq!(find_paths(text), ["a p", "a t"]);
    }

    #[test]
    fn texts_may_be_templates() {
        assert_eq!(
            find_paths("{{ tpl(text=\"{{ values.a }}\") }}{{ fail(message=\"set values.b\") }}"),
            ["a p"]
        );
        assert_eq!(find_paths("{% raw %}{{ values.a }}{% endraw %}"), ["a p"]);
    }

    #[test]
    fn invalid_expressions_are_skipped() {
        for text in [
            "{{ values.a ) values.b }}",
            "{{ values.a \"\u{e9} }}",
            "{{ values.[ }}",
            "{{",
            "{% set %}{% for %}",
        ] {
            references(text);
        }
        let deep = format!("{{{{ {}values.a{} }}}}", "(".repeat(50_000), ")".repeat(50_000));
        assert!(references(&deep).len() <= 1);
    }
}
