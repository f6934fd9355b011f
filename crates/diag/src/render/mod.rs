//! How diagnostics are shown: to people, and to the programs that read findings.
//!
//! Every format takes the same slice, in the order [`arrange`] gives it, and finds places through
//! [`locate`] alone: a diagnostic in rendered text is shown at the template that produced it.

mod concise;
mod github;
mod human;
mod json;
mod junit;
mod sarif;

pub use concise::concise;
pub use github::github;
pub use human::{human, human_wrapped};
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;

use super::{Diagnostic, Severity, Sources, Span};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Whether text for people carries terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// ANSI escape codes.
    Coloured,
    /// None.
    Plain,
}

/// A range of a text that the user can open. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceRange {
    /// The name of the text: a path, a flag, `<stdin>`.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// The column after the last character.
    pub end_column: usize,
}

/// The number of findings of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Remarks.
    pub infos: usize,
}

impl Counts {
    /// Counts the diagnostics of each severity.
    pub fn count(diagnostics: &[Diagnostic]) -> Self {
        let mut counts = Self::default();
        for diagnostic in diagnostics {
            match diagnostic.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Info => counts.infos += 1,
            }
        }
        counts
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        write!(
            f,
            "{}, {}, {}",
            plural(self.errors, "error"),
            plural(self.warnings, "warning"),
            plural(self.infos, "info")
        )
    }
}

/// How many findings there are of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// The id of the rule; empty for findings of no rule.
    pub rule: &'static str,
    /// The worst severity among them.
    pub severity: Severity,
    /// How many.
    pub count: usize,
}

/// Counts the findings of each rule: the worst first, then the most frequent.
pub fn count_rules(diagnostics: &[Diagnostic]) -> Vec<RuleCount> {
    let mut counts: BTreeMap<&'static str, RuleCount> = BTreeMap::new();
    for diagnostic in diagnostics {
        let (rule, severity) = (diagnostic.rule.map_or("", |rule| rule.id), diagnostic.severity);
        let one = counts.entry(rule).or_insert(RuleCount { rule, severity, count: 0 });
        one.count += 1;
        one.severity = one.severity.max(severity);
    }
    let mut counts: Vec<RuleCount> = counts.into_values().collect();
    counts.sort_by_key(|one| (Reverse(one.severity), Reverse(one.count)));
    counts
}

/// Puts diagnostics into the order in which every format shows them, and drops repetitions: by
/// file, line and column of the place a user would open, the worst first within one place.
/// Diagnostics without a place come first. Secrets that their texts quote are left out.
pub fn arrange(mut diagnostics: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    for diagnostic in &mut diagnostics {
        redact(diagnostic, sources);
    }
    let mut keyed: Vec<_> = diagnostics
        .into_iter()
        .map(|diagnostic| {
            let at = diagnostic.span().and_then(|span| locate(sources, span));
            let rule = diagnostic.rule.map_or("", |rule| rule.id);
            ((at, Reverse(diagnostic.severity), rule), diagnostic)
        })
        .collect();
    keyed.sort_by(|(a, left), (b, right)| {
        a.cmp(b).then_with(|| left.object.cmp(&right.object)).then_with(|| left.message.cmp(&right.message))
    });
    // Two values sets render two texts from one template: what is shown is the same, so it is one.
    keyed.dedup_by(|(a, later), (b, earlier)| {
        a == b
            && later.message == earlier.message
            && later.object == earlier.object
            && later.path == earlier.path
            && later.sets == earlier.sets
    });
    keyed.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

fn redact(diagnostic: &mut Diagnostic, sources: &Sources) {
    let labels = diagnostic.labels.iter_mut().map(|label| &mut label.text);
    let steps = diagnostic.trace.iter_mut().map(|step| &mut step.text);
    let texts = labels.chain(steps).chain(&mut diagnostic.help).chain([&mut diagnostic.message]);
    for text in texts {
        if let std::borrow::Cow::Owned(redacted) = sources.redact(text) {
            *text = redacted;
        }
    }
}

/// The range that a user would open for a span: for rendered text, the range in the template.
pub fn locate(sources: &Sources, span: Span) -> Option<SourceRange> {
    to_range(sources, sources.trace(span).0)
}

/// The origin of the value at a span, if it was interpolated from a known one.
pub fn locate_origin(sources: &Sources, span: Span) -> Option<SourceRange> {
    to_range(sources, sources.trace(span).1?)
}

fn to_range(sources: &Sources, span: Span) -> Option<SourceRange> {
    let source = sources.get(span.source)?;
    let (from, to) = (source.position(span.start), source.position(span.end.max(span.start)));
    Some(SourceRange {
        file: source.name.clone(),
        line: from.line,
        column: from.column,
        end_line: to.line,
        end_column: to.column,
    })
}

#[cfg(test)]
mod tests;
