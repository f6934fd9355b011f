//! The pieces of a Helm template, written as a Tera template.

use super::Mark;
use super::expression::{Form, Indentation, Meaning, Refusal, Scope, Term, is_set};
use crate::chart::EngineKind;
use crate::create::template_literal as literal;
use crate::gotmpl::syntax::{Block, Expression, Piece};
use crate::yaml::{Context, Node, Value, plain_safe};
use std::ops::Range;

/// What a text is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A manifest.
    Manifest,
    /// A named template.
    Component,
    /// Notes, which are no YAML.
    Notes,
}

/// Writes the pieces of one template.
pub(super) struct Writer<'a> {
    /// The Helm template.
    text: &'a str,
    place: Place,
    out: String,
    /// Whether a statement on a line of its own was written last.
    after_statement: bool,
    /// How many names were made up.
    names: usize,
    marks: Vec<Mark>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(text: &'a str, place: Place) -> Self {
        Self { text, place, out: String::new(), after_statement: false, names: 0, marks: Vec::new() }
    }

    /// The template, and what could not be written.
    pub(super) fn finish(self) -> (String, Vec<Mark>) {
        (self.out, self.marks)
    }

    pub(super) fn pieces(&mut self, pieces: &[Piece], scope: &mut Scope<'_>) {
        for piece in pieces {
            self.piece(piece, scope);
        }
    }

    fn piece(&mut self, piece: &Piece, scope: &mut Scope<'_>) {
        match piece {
            Piece::Text(range) => self.text_piece(range),
            Piece::Print { value: Expression::Str(text), range } if !text.contains('\n') => {
                self.begin_line(range.start);
                self.out.push_str(&literal(text, EngineKind::Tera));
            }
            Piece::Print { value, range } => {
                let written = scope.term(value).and_then(|term| self.print(&term, range));
                written.unwrap_or_else(|reason| self.mark(range, reason));
            }
            Piece::Template { name, dot, range } => {
                let nothing = Expression::Nil;
                let term = scope.include(name, dot.as_ref().unwrap_or(&nothing));
                let written = term.and_then(|term| self.print(&term, range));
                written.unwrap_or_else(|reason| self.mark(range, reason));
            }
            Piece::Set { variables, value, is_declared, range } => {
                let written = self.set(variables, value, *is_declared, range, scope);
                written.unwrap_or_else(|reason| self.mark(range, reason));
            }
            Piece::If(block) | Piece::With(block) | Piece::Range(block) => {
                // What fails in the head leaves nothing of the block; what fails inside is marked there.
                if let Err(reason) = self.block(piece, block, scope) {
                    let start = self.opening(block.range.start);
                    let end = self.end_of(piece);
                    self.mark(&(start..end), reason);
                }
            }
            Piece::Break => self.statement("{% break %}", true, 0),
            Piece::Continue => self.statement("{% continue %}", true, 0),
        }
    }

    fn text_piece(&mut self, range: &Range<usize>) {
        if let Some((start, comment)) = comment_before(self.text, range.start) {
            self.statement(&comment, self.is_own_line(start), start);
        }
        let text = &self.text[range.clone()];
        if self.after_statement && !text.starts_with('\n') {
            // The line break after the statement was trimmed; in Tera it belongs to the line of the statement.
            let before = &self.text[..range.start];
            let space = &before[before.trim_end().len()..];
            if let Some(line) = space.rfind('\n') {
                self.out.push_str(&space[line..]);
            }
        }
        self.after_statement = false;
        let lines: Vec<String> = text.split('\n').map(|line| literal(line, EngineKind::Tera)).collect();
        self.out.push_str(&lines.join("\n"));
    }

    /// Begins a new line if a statement has the one before for itself.
    fn begin_line(&mut self, at: usize) {
        if self.after_statement {
            self.out.push('\n');
            self.indent(at);
            self.after_statement = false;
        }
    }

    /// Writes a value where the template stands.
    fn print(&mut self, term: &Term, range: &Range<usize>) -> Result<(), Refusal> {
        self.begin_line(range.start);
        let before = self.out.rsplit('\n').next().unwrap_or_default();
        let after = self.text[range.end..].split('\n').next().unwrap_or_default();
        let ends_line = after.trim().is_empty();
        // In `a: {{ x }}:{{ y }}` the colon is part of the text.
        let is_apart = self.text[..range.start].ends_with([' ', '\n', '\t']);
        let is_item = before.contains('-') && before.chars().all(|c| c == '-' || c == ' ');
        let is_value = ends_line && is_apart && (before.trim_end().ends_with(':') || is_item);
        let is_blank = before.trim().is_empty();
        let on_new_line = term.indentation.is_some_and(|indentation| indentation.on_new_line);
        let is_alone = (is_blank || on_new_line) && ends_line;
        let in_quotes = before.matches('"').count() % 2 == 1 || before.matches('\'').count() % 2 == 1;
        if term.may_be_missing {
            return Err(format!("`{}` may be missing: Helm writes nothing then, and Tera fails", term.text));
        }
        let column = term.indentation.map_or_else(|| self.indentation(range.start), |one| one.width);
        match term.form {
            Form::Yaml if is_alone && self.is_in_block_scalar(column) => {
                return Err("YAML as a text has no exact counterpart".to_owned());
            }
            Form::Yaml if is_value || is_alone => {}
            Form::Component => {}
            Form::Quoted if is_value => {}
            Form::Plain if self.place == Place::Notes => {}
            Form::Plain if in_quotes || !(is_value || is_alone) => check_part(term)?,
            Form::Plain if is_value || self.place == Place::Component => check_value(term)?,
            _ => return Err("the position in the YAML has no exact counterpart".to_owned()),
        }
        let space = if is_value && !before.ends_with(' ') { " " } else { "" };
        let inner = match term.form {
            Form::Component => term.text.clone(),
            _ => format!("{{{{ {} }}}}", term.text),
        };
        let is_block = is_blank && ends_line || on_new_line && !(is_value && term.form == Form::Yaml);
        match term.indentation {
            Some(indentation) if is_block => self.begin_block(indentation),
            _ if is_alone && before.is_empty() && self.text[..range.start].ends_with([' ', '\n']) => {
                self.indent(range.start);
            }
            _ => self.out.push_str(space),
        }
        self.out.push_str(&inner);
        Ok(())
    }

    /// Goes to where the first line of an indented text begins.
    fn begin_block(&mut self, indentation: Indentation) {
        let before = self.out.rsplit('\n').next().unwrap_or_default();
        let column = if indentation.on_new_line { 0 } else { before.len() };
        let is_blank = before.trim().is_empty();
        self.out.truncate(self.out.trim_end_matches(' ').len());
        if !is_blank {
            self.out.push('\n');
        }
        self.out.extend(std::iter::repeat_n(' ', column + indentation.width));
    }

    fn set(
        &mut self,
        variables: &[String],
        value: &Expression,
        is_declared: bool,
        range: &Range<usize>,
        scope: &mut Scope<'_>,
    ) -> Result<(), Refusal> {
        let [name] = variables else {
            return Err("several variables at once have no exact counterpart".to_owned());
        };
        if !is_declared || scope.variables.iter().any(|(known, _)| known == name) {
            return Err(format!("`${name}` is set again: in Tera that ends with the block"));
        }
        if scope.is_root(value) {
            scope.variables.push((name.clone(), Meaning::Root));
            return Ok(());
        }
        let term = scope.term(value)?;
        if term.may_be_missing || matches!(term.form, Form::Component | Form::Yaml) {
            return Err(format!("what `${name}` is set to has no exact counterpart"));
        }
        let own = self.fresh(name);
        self.statement(
            &format!("{{% set {own} = {} %}}", term.text),
            self.is_own_line(range.start),
            range.start,
        );
        scope.variables.push((name.clone(), Meaning::Value(Term::atom(own, term.known))));
        Ok(())
    }

    /// A name that no value of the chart and no other variable has.
    fn fresh(&mut self, name: &str) -> String {
        self.names += 1;
        format!("{}_{}", name.to_ascii_lowercase(), self.names)
    }

    fn block(&mut self, piece: &Piece, block: &Block, scope: &Scope<'_>) -> Result<(), Refusal> {
        let start = self.opening(block.range.start);
        let is_own_line = self.is_own_line(start) && self.ends_line(block);
        let mut inner = scope.clone();
        let (head, end) = match piece {
            Piece::Range(_) => (self.range_head(block, &mut inner)?, "{% endfor %}"),
            Piece::With(_) => {
                let term = condition(scope, &block.value)?;
                let meaning = match &block.value {
                    Expression::Field(_) | Expression::Variable(..) => {
                        // The body runs only if it is set.
                        let known = term.known.clone().filter(is_set);
                        Meaning::Value(Term { may_be_missing: false, known, ..term.clone() })
                    }
                    _ => return Err("`with` of a computed value has no exact counterpart".to_owned()),
                };
                if let [name] = &block.variables[..] {
                    inner.variables.push((name.clone(), meaning.clone()));
                }
                inner.dot = meaning;
                (format!("{{% if {} %}}", term.text), "{% endif %}")
            }
            _ => {
                if !block.variables.is_empty() {
                    return Err("a variable in `if` has no exact counterpart".to_owned());
                }
                let term = condition(scope, &block.value)?;
                inner.set.extend(set_by(scope, &block.value));
                (format!("{{% if {} %}}", term.text), "{% endif %}")
            }
        };
        self.statement(&head, is_own_line, start);
        self.pieces(&block.body, &mut inner);
        if !block.otherwise.is_empty() {
            self.statement("{% else %}", is_own_line, start);
            self.pieces(&block.otherwise, &mut scope.clone());
        }
        self.statement(end, is_own_line, start);
        Ok(())
    }

    /// The head of a loop. Helm goes through a map in the order of its keys.
    fn range_head(&mut self, block: &Block, inner: &mut Scope<'_>) -> Result<String, Refusal> {
        let term = inner.term(&block.value)?;
        if term.may_be_missing {
            return Err(format!("`{}` may be missing: Helm does nothing then, and Tera fails", term.text));
        }
        let item = |known: Option<Node>, name: &str| Meaning::Value(Term::atom(name, known));
        match term.known.as_ref().map(|node| &node.value) {
            Some(Value::Seq(items)) => {
                let name = self.fresh(block.variables.last().map_or("item", String::as_str));
                inner.dot = item(items.first().cloned(), &name);
                match &block.variables[..] {
                    [] => {}
                    [own] => inner.variables.push((own.clone(), inner.dot.clone())),
                    [index, own, ..] => {
                        inner.variables.push((own.clone(), inner.dot.clone()));
                        inner.variables.push((index.clone(), item(Some(Node::bare(0)), "loop.index0")));
                    }
                }
                Ok(format!("{{% for {name} in {} %}}", term.text))
            }
            Some(Value::Map(map)) => {
                let [key, own] = &block.variables[..] else {
                    return Err("`range` over a map without its keys has no exact counterpart".to_owned());
                };
                let (key_name, name) = (self.fresh(key), self.fresh(own));
                let first = map.iter().next().map(|entry| entry.value.clone());
                inner.dot = item(first, &name);
                inner.variables.push((own.clone(), inner.dot.clone()));
                inner.variables.push((key.clone(), item(Some(Node::bare("key")), &key_name)));
                Ok(format!(
                    "{{% for {key_name} in {} | keys | sort %}}{{% set {name} = {}[{key_name}] %}}",
                    term.text, term.text
                ))
            }
            _ => Err("what is iterated is neither a list nor a map in values.yaml".to_owned()),
        }
    }

    /// Writes a statement: on a line of its own if it was on one.
    fn statement(&mut self, text: &str, is_own_line: bool, at: usize) {
        if is_own_line {
            let line = self.out.rsplit('\n').next().unwrap_or_default();
            if self.after_statement || !line.trim().is_empty() {
                self.out.push('\n');
            } else {
                let blank = line.len();
                self.out.truncate(self.out.len() - blank);
            }
            self.indent(at);
        }
        self.out.push_str(text);
        self.after_statement = is_own_line;
    }

    /// Writes the indentation of the line in the Helm template.
    fn indent(&mut self, at: usize) {
        self.out.extend(std::iter::repeat_n(' ', self.indentation(at)));
    }

    /// The indentation of the line in the Helm template.
    fn indentation(&self, at: usize) -> usize {
        let line = self.text[..at].rsplit('\n').next().unwrap_or_default();
        line.len() - line.trim_start().len()
    }

    /// Leaves a comment in the place of what has no counterpart.
    fn mark(&mut self, range: &Range<usize>, reason: Refusal) {
        let is_own_line = self.is_own_line(range.start);
        // Neither a comment in the text nor an end of the comment may end it early.
        let original = self.text[range.clone()].replace("#}", "# }").replace("{#", "{ #");
        self.statement(&format!("{{# convert: {reason}. It was: {original} #}}"), is_own_line, range.start);
        self.marks.push(Mark { range: range.clone(), reason });
    }

    /// Whether nothing but white space is before this on its line.
    fn is_own_line(&self, at: usize) -> bool {
        self.text[..at].rsplit('\n').next().unwrap_or_default().trim().is_empty()
    }

    /// Whether what a block writes begins below the line with its head.
    fn ends_line(&self, block: &Block) -> bool {
        let content = block.body.iter().find(|piece| !matches!(piece, Piece::Set { .. }));
        let start = match content {
            Some(Piece::Text(range)) => {
                let text = &self.text[range.clone()];
                range.start + text.len() - text.trim_start().len()
            }
            Some(Piece::Print { range, .. } | Piece::Template { range, .. }) => range.start,
            Some(Piece::If(inner) | Piece::With(inner) | Piece::Range(inner)) => inner.range.start,
            _ => return true,
        };
        self.text.get(block.range.end..start).is_none_or(|between| between.contains('\n'))
    }

    /// Whether a line that begins in this column would be part of a block scalar.
    fn is_in_block_scalar(&self, column: usize) -> bool {
        let mut column = column;
        for line in self.out.lines().rev().filter(|line| !line.trim().is_empty()) {
            let indent = line.len() - line.trim_start().len();
            if indent >= column || line.trim_start().starts_with("{%") {
                continue;
            }
            column = indent;
            let header = line.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
            if header.ends_with(": |") || header.ends_with(": >") || header.ends_with("- |") {
                return true;
            }
        }
        false
    }

    /// Where the action begins that contains a pipeline.
    fn opening(&self, pipeline: usize) -> usize {
        self.text[..pipeline].rfind("{{").unwrap_or(pipeline)
    }

    /// Where a piece ends, its `end` included.
    fn end_of(&self, piece: &Piece) -> usize {
        match piece {
            Piece::Text(range)
            | Piece::Print { range, .. }
            | Piece::Set { range, .. }
            | Piece::Template { range, .. } => range.end,
            Piece::Break | Piece::Continue => 0,
            Piece::If(block) | Piece::With(block) | Piece::Range(block) => {
                let inner = block.body.iter().chain(&block.otherwise).map(|piece| self.end_of(piece));
                let inside = inner.max().unwrap_or_default().max(block.range.end);
                if let [Piece::If(chained)] = &block.otherwise[..]
                    && self.text[self.opening(chained.range.start)..chained.range.start].contains("else")
                {
                    // `else if` shares the `end` of the first.
                    return inside;
                }
                let mut at = inside;
                while let Some(found) = self.text[at..].find("{{") {
                    let start = at + found;
                    let close = self.text[start..].find("}}").map_or(self.text.len(), |end| start + end + 2);
                    let action = self.text[start..close].trim_matches(['{', '}', '-', ' ', '\n', '\t']);
                    if action == "end" {
                        return close;
                    }
                    at = close;
                }
                self.text.len()
            }
        }
    }
}

/// The comment that ends before a place, as a comment of Tera, and where it starts.
pub(super) fn comment_before(text: &str, at: usize) -> Option<(usize, String)> {
    let before = text[..at].trim_end();
    let inner = before.strip_suffix("}}")?.trim_end_matches(['-', ' ', '\n', '\t']).strip_suffix("*/")?;
    let start = inner.rfind("/*")?;
    let comment = inner[start + 2..].trim().replace("#}", "# }").replace("{#", "{ #");
    Some((inner[..start].rfind("{{")?, format!("{{# {comment} #}}")))
}

/// The values that are set where a condition holds.
fn set_by(scope: &Scope<'_>, condition: &Expression) -> Vec<String> {
    match condition {
        Expression::Call("and", all) => all.iter().flat_map(|one| set_by(scope, one)).collect(),
        Expression::Field(_) | Expression::Variable(..) => {
            scope.term(condition).into_iter().map(|term| term.text).collect()
        }
        _ => Vec::new(),
    }
}

/// A condition. What may be missing counts as false in both languages.
fn condition(scope: &Scope<'_>, value: &Expression) -> Result<Term, Refusal> {
    let term = scope.term(value)?;
    match term.form {
        Form::Plain => Ok(term),
        _ => Err("the condition has no exact counterpart".to_owned()),
    }
}

/// A value that is part of a text: maps and lists cannot be.
fn check_part(term: &Term) -> Result<(), Refusal> {
    match term.known.as_ref().map(|node| &node.value) {
        Some(Value::Map(_) | Value::Seq(_) | Value::Null) => {
            Err("a map, a list or null in a text has no exact counterpart".to_owned())
        }
        _ => Ok(()),
    }
}

/// A value that is the whole of a scalar: Helm writes it without quotes.
fn check_value(term: &Term) -> Result<(), Refusal> {
    match term.known.as_ref().map(|node| &node.value) {
        Some(Value::String(text)) if !plain_safe(text, Context::Block) => {
            Err("without quotes the text is read as something else".to_owned())
        }
        Some(Value::Map(_) | Value::Seq(_) | Value::Null) => {
            Err("a map, a list or null in a text has no exact counterpart".to_owned())
        }
        _ => Ok(()),
    }
}
