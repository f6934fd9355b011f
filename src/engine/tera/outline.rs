//! The blocks of a template: whether each is closed, how deep they are in each other, and what a turn of each loop takes.

use super::guard;
use super::nesting::Nesting;
use super::tags::{Token, first_word};
use crate::diag::{Diagnostic, SourceId};
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

/// The blocks of a template.
#[derive(Debug, Default)]
pub(super) struct Outline<'t> {
    /// What a turn takes of each loop, by where the loop begins.
    pub(super) loops: BTreeMap<usize, Cost>,
    /// The variables that are set for the whole template.
    pub(super) globals: Vec<&'t str>,
}

impl<'t> Outline<'t> {
    /// Reads the blocks. `Err` holds what is wrong with how they are put into each other.
    pub(super) fn from_tokens(source: SourceId, text: &'t str, tokens: &[Token]) -> Result<Self, Diagnostic> {
        let mut outline = Self::default();
        let mut nesting = Nesting::new(source);
        let mut loops: Vec<(usize, Cost)> = Vec::new();
        for token in tokens {
            let tag @ (start, end) = token.range();
            if let Token::Statement { inner, .. } = *token {
                let statement = text[inner.0..inner.1].trim();
                nesting.read_statement(statement, tag)?;
                match first_word(statement) {
                    "for" => {
                        if let Some((_, outer)) = loops.last_mut() {
                            outer.nests = true;
                        }
                        loops.push((start, Cost { turn: guard::steps_per_turn(0), ..Cost::default() }));
                    }
                    "endfor" => outline.loops.extend(loops.pop()),
                    "set_global" => {
                        let rest = statement["set_global".len()..].trim_start();
                        outline.globals.push(first_word(rest));
                    }
                    _ => {}
                }
            }
            let Some((_, cost)) = loops.last_mut() else { continue };
            match token {
                Token::Text(..) | Token::Raw { .. } => cost.text += end - start,
                Token::Comment(..) => {}
                _ => cost.turn += 1 + (end - start).min(MAX_TAG) / 32,
            }
        }
        nesting.finish()?;
        Ok(outline)
    }
}
