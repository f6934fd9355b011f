//! Makes a template say which of its parts are reached: a *probe* before each statement and each stretch of text, and at
//! the start of each branch and definition. A probe writes nothing.

use super::tags::{Role, first_word, role, trimmed};
use crate::engine::{Outcome, Point, PointKind};

/// The statements that do something themselves. The others belong to a block, or are calls.
const STATEMENTS: [&str; 8] = ["if", "for", "set", "set_global", "include", "filter", "break", "continue"];

/// The points of a template that is being rewritten.
#[derive(Debug, Default)]
pub(super) struct Probes {
    pub(super) points: Vec<Point>,
    /// The blocks that are open.
    open: Vec<Block>,
    /// Whether the template extends another one: then nothing but blocks and definitions may be outside of them.
    is_child: bool,
}

#[derive(Debug)]
enum Block {
    /// `if`, or the latest `elif` of it, or `for`: the point of what is left if it does not come to its body.
    Condition { otherwise: usize, has_else: bool },
    /// A component or a block: its point.
    Definition(usize),
}

/// The points to be noted at a statement.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AtStatement {
    /// Before it.
    pub(super) before: Option<usize>,
    /// Before it, in an `else` that the template does not have.
    pub(super) in_else: Option<usize>,
    /// After it.
    pub(super) after: Option<usize>,
}

impl Probes {
    /// Those of a template that extends another one if `is_child`.
    pub(super) fn new(is_child: bool) -> Self {
        Self { is_child, ..Self::default() }
    }

    fn definition(&self) -> Option<usize> {
        self.open.iter().rev().find_map(|block| match block {
            Block::Definition(point) => Some(*point),
            Block::Condition { .. } => None,
        })
    }

    fn push(&mut self, kind: PointKind, (start, end): (usize, usize), implies: Option<usize>) -> usize {
        let key = self.points.len();
        let definition = match kind {
            PointKind::Definition(_) => Some(key),
            _ => self.definition(),
        };
        self.points.push(Point { kind, range: start..end, key, implies, definition });
        key
    }

    /// Literal text or an expression; `None` where it cannot be noted.
    pub(super) fn add(&mut self, kind: PointKind, range: (usize, usize)) -> Option<usize> {
        if self.is_child && self.definition().is_none() {
            return None;
        }
        Some(self.push(kind, range, None))
    }

    /// A statement with its tag.
    pub(super) fn statement(
        &mut self,
        text: &str,
        tag: (usize, usize),
        inner: (usize, usize),
    ) -> AtStatement {
        let (from, to) = trimmed(text, inner);
        let body = &text[from..to];
        let word = first_word(body);
        let mut at = AtStatement::default();
        match word {
            "if" | "for" => {
                at.before = self.add(PointKind::Statement, tag);
                at.after = at.before.map(|statement| self.condition(tag, statement));
            }
            // Whether its condition is evaluated shows in what it comes to. If evaluating it fails, it does not count.
            "elif" => {
                if let Some(Block::Condition { otherwise, .. }) = self.open.pop() {
                    let statement = self.push(PointKind::Statement, tag, Some(otherwise));
                    at.after = Some(self.condition(tag, statement));
                }
            }
            "else" => {
                if let Some(Block::Condition { otherwise, has_else }) = self.open.last_mut() {
                    *has_else = true;
                    at.after = Some(*otherwise);
                }
            }
            "endif" | "endfor" => {
                if let Some(Block::Condition { otherwise, has_else: false }) = self.open.pop() {
                    at.in_else = Some(otherwise);
                }
            }
            "component" | "block" => {
                // Unlike a component, a block is rendered where it is defined.
                at.before = (word == "block").then(|| self.add(PointKind::Statement, tag)).flatten();
                let name = body[word.len()..].split('(').next().unwrap_or_default().trim();
                let point = self.push(PointKind::Definition(name.to_owned()), tag, None);
                self.open.push(Block::Definition(point));
                at.after = Some(point);
            }
            "endcomponent" | "endblock" => drop(self.open.pop()),
            _ if STATEMENTS.contains(&word) || role(body) == Role::OpensValue => {
                at.before = self.add(PointKind::Statement, tag);
            }
            _ => {}
        }
        at
    }

    /// Opens the branches of the condition in a statement; the point of its body.
    fn condition(&mut self, tag: (usize, usize), statement: usize) -> usize {
        let body = self.push(PointKind::Branch(Outcome::Body), tag, Some(statement));
        let otherwise = self.push(PointKind::Branch(Outcome::Otherwise), tag, Some(statement));
        self.open.push(Block::Condition { otherwise, has_else: false });
        body
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewrite::points;
    use super::*;
    use crate::diag::Span;

    /// The points of a text, each as its kind and its text, with the index of what it implies.
    fn shown(text: &str) -> Vec<String> {
        let show = |point: &Point| {
            let implied = point.implies.map_or_else(String::new, |index| format!(" -> {index}"));
            format!("{:?}: {}{implied}", point.kind, text[point.range.clone()].trim_end())
        };
        points(Span::NONE.source, text).iter().map(show).collect()
    }

    #[test]
    fn statements_texts_and_branches_are_points() {
        let text = "a: {{ x }}\n{#- no -#}\n{% if a %}b{% elif c %} {% else %}{% for d in e -%} {{ d }}{% endfor %}{% endif %}";
        assert_eq!(
            shown(text),
            [
                "Text: a:",
                "Statement: {{ x }}",
                "Statement: {% if a %}",
                "Branch(Body): {% if a %} -> 2",
                "Branch(Otherwise): {% if a %} -> 2",
                "Text: b",
                "Statement: {% elif c %} -> 4",
                "Branch(Body): {% elif c %} -> 6",
                "Branch(Otherwise): {% elif c %} -> 6",
                "Statement: {% for d in e -%}",
                "Branch(Body): {% for d in e -%} -> 9",
                "Branch(Otherwise): {% for d in e -%} -> 9",
                "Statement: {{ d }}",
            ]
        );
    }

    #[test]
    fn definitions_are_points() {
        let text = "{% component a.b(x: string) %}\n{% set y = x %}{% <c> %}t{% </c> %}\n{% endcomponent %}\n{% block d %}{% raw %}\n{{ z }}{% endraw %}{% endblock %}{% include \"e\" %}";
        assert_eq!(
            shown(text),
            [
                "Definition(\"a.b\"): {% component a.b(x: string) %}",
                "Statement: {% set y = x %}",
                "Statement: {% <c> %}",
                "Text: t",
                "Statement: {% block d %}",
                "Definition(\"d\"): {% block d %}",
                "Text: {{ z }}",
                "Statement: {% include \"e\" %}",
            ]
        );
        let points = points(Span::NONE.source, text);
        let definitions: Vec<_> = points.iter().map(|point| point.definition).collect();
        assert_eq!(definitions, [Some(0), Some(0), Some(0), Some(0), None, Some(5), Some(5), None]);
    }

    #[test]
    fn a_child_has_points_only_in_its_blocks() {
        assert_eq!(
            shown("{% extends \"a.yaml\" %}\n{{ x }}{% block b %}{{ y }}{% endblock %}"),
            ["Definition(\"b\"): {% block b %}", "Statement: {{ y }}"]
        );
    }
}
