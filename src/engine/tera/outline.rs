//! The blocks of a template: how deep they are in each other, and what a turn of each loop takes.

use super::guard;
use super::tags::{Role, Token, first_word, role};
use crate::diag::{Diagnostic, SourceId, Span};
use std::collections::BTreeMap;

/// What a turn of a loop takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// Its steps, those of loops inside it aside.
    pub(super) turn: usize,
    /// The bytes of the template that it writes.
    pub(super) text: usize,
    /// Whether there are loops inside it.
    pub(super) nests: bool,
}

/// Longer tags hold long literals, which are no work.
const MAX_TAG: usize = 2000;

/// How deep blocks may nest: no deeper than Tera lets them.
const MAX_NESTING: usize = 40;

/// How many `elif` an `if` may have: Tera keeps all of them on its stack.
const MAX_ELIF: usize = 200;

/// The blocks of a template.
#[derive(Debug, Default)]
pub(super) struct Outline<'t> {
    /// What a turn takes of each loop, by where the loop begins.
    pub(super) loops: BTreeMap<usize, Cost>,
    /// The variables that are set for the whole template.
    pub(super) globals: Vec<&'t str>,
}

impl<'t> Outline<'t> {
    /// Reads the blocks. `Err` holds what is wrong if they are too deep in each other or have too many branches.
    pub(super) fn of(source: SourceId, text: &'t str, tokens: &[Token]) -> Result<Self, Diagnostic> {
        let mut outline = Self::default();
        // How many `elif` each block has.
        let mut open: Vec<usize> = Vec::new();
        let mut loops: Vec<(usize, Cost)> = Vec::new();
        for token in tokens {
            let (start, end) = token.range();
            if let Token::Statement { inner, .. } = *token {
                let statement = text[inner.0..inner.1].trim();
                match first_word(statement) {
                    "elif" => {
                        if let Some(count) = open.last_mut() {
                            *count += 1;
                        }
                    }
                    "for" => {
                        open.push(0);
                        if let Some((_, outer)) = loops.last_mut() {
                            outer.nests = true;
                        }
                        loops.push((start, Cost { turn: guard::turn(0), ..Cost::default() }));
                    }
                    "if" | "block" | "component" => open.push(0),
                    word if word.starts_with("end") => {
                        open.pop();
                        if word == "endfor" {
                            outline.loops.extend(loops.pop());
                        }
                    }
                    word => {
                        if let Some(rest) = (word == "set_global").then(|| &statement[word.len()..]) {
                            outline.globals.push(first_word(rest.trim_start()));
                        }
                        match role(statement) {
                            Role::OpensSet | Role::OpensValue => open.push(0),
                            Role::ClosesValue => drop(open.pop()),
                            Role::Silent | Role::Value => {}
                        }
                    }
                }
                let wrong = |message: String, help: &str| {
                    Err(Diagnostic::error(message).at(Span::new(source, start, end), "").help(help))
                };
                if open.len() > MAX_NESTING {
                    let message = "the template nesting is too deep".to_owned();
                    return wrong(message, "make a partial or a component of the inner blocks");
                }
                if open.last().is_some_and(|count| *count > MAX_ELIF) {
                    return wrong(
                        format!("more than {MAX_ELIF} `elif` in one `if`"),
                        "look the value up in a map",
                    );
                }
            }
            let Some((_, cost)) = loops.last_mut() else { continue };
            match token {
                Token::Text(..) | Token::Raw { .. } => cost.text += end - start,
                Token::Comment(..) => {}
                _ => cost.turn += 1 + (end - start).min(MAX_TAG) / 32,
            }
        }
        Ok(outline)
    }
}
