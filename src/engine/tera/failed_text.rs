//! Texts given to `tpl` in which something is wrong, and where they are written.

use crate::diag::{Diagnostic, SourceId, SourceKind, Sources, Span};
use std::ops::Range;

/// A text in which something is wrong.
#[derive(Debug)]
pub(super) struct FailedText {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) text: String,
    /// The values file or flag that the text came from.
    pub(super) origin: Option<Span>,
    /// The bytes of the text that are meant.
    pub(super) place: Range<usize>,
}

/// The error of a template, shown in the text given to `tpl` that caused it. The innermost text comes first; each after
/// it called the one before.
pub(super) fn show_in_text(
    called: Diagnostic,
    mut failures: Vec<FailedText>,
    sources: &Sources,
) -> Diagnostic {
    // A text that renders itself does so at one place.
    failures.dedup_by(|a, b| (&a.text, &a.place, a.origin) == (&b.text, &b.place, b.origin));
    let mut failures = failures.into_iter();
    let Some(mut innermost) = failures.next() else { return called };
    let mut found =
        Diagnostic::error(std::mem::take(&mut innermost.message)).maybe_help(innermost.help.take());
    found = innermost.label(found, sources);
    for outer in failures {
        found = found.traced_through(Some(outer.span(sources)), RENDERED);
    }
    found = found.traced_through(called.span(), RENDERED);
    for step in called.trace.into_iter().rev() {
        found.trace.insert(0, step);
    }
    found
}

/// What is said of the place where a text was given to `tpl`.
const RENDERED: &str = "rendered by `tpl`";

impl FailedText {
    /// Shows the place in the text, and where the text came from.
    fn label(&self, found: Diagnostic, sources: &Sources) -> Diagnostic {
        let span = self.span(sources);
        let found = found.at(span, "");
        match self.origin {
            Some(origin) if origin.source != span.source => found.at(origin, "the text comes from here"),
            _ => found,
        }
    }

    /// The place in the values file where the text stands there as it is, else in the text by itself.
    fn span(&self, sources: &Sources) -> Span {
        self.written(sources).unwrap_or_else(|| {
            let source: SourceId =
                sources.add("text given to `tpl`", self.text.as_str(), SourceKind::Builtin);
            Span::new(source, self.place.start, self.place.end)
        })
    }

    fn written(&self, sources: &Sources) -> Option<Span> {
        let origin = self.origin?;
        let source = sources.get(origin.source)?;
        let scalar = source.text.get(origin.start as usize..origin.end as usize)?;
        let from = place_in_scalar(scalar, &self.text, self.place.start)?;
        let to = place_in_scalar(scalar, &self.text, self.place.end).filter(|to| *to >= from)?;
        Some(Span::new(origin.source, origin.start as usize + from, origin.start as usize + to))
    }
}

/// The byte of a scalar, as it is written in its file, where a byte of its text stands; `None` where it is not written
/// as it is.
fn place_in_scalar(scalar: &str, text: &str, at: usize) -> Option<usize> {
    if !scalar.starts_with(['|', '>'])
        && let Some(start) = scalar.find(text)
    {
        return Some(start + at);
    }
    let mut start = scalar.strip_prefix('|')?.find('\n')? + 2;
    let mut passed = 0;
    let indent = scalar[start..].lines().find(|line| !line.trim().is_empty())?;
    let indent = indent.len() - indent.trim_start_matches(' ').len();
    for line in text.split_inclusive('\n') {
        let written = scalar[start..].split_inclusive('\n').next()?;
        let shown = written.get(indent..).unwrap_or("\n");
        if shown.trim_end_matches(['\r', '\n']) != line.trim_end_matches('\n') {
            return None;
        }
        if at <= passed + line.trim_end_matches('\n').len() {
            return Some(start + indent.min(written.len()) + at - passed);
        }
        passed += line.len();
        start += written.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_where_they_are_written() {
        for (scalar, text, at, expected) in [
            ("a {{ b }}", "a {{ b }}", 5, Some(5)),
            ("'a {{ b }}'", "a {{ b }}", 5, Some(6)),
            ("\"a\\t{{ b }}\"", "a\t{{ b }}", 5, None),
            ("|\n  one\n  {{ b }}\n", "one\n{{ b }}\n", 7, Some(13)),
            ("|-\n\n  one\n\n    {{ b }}", "\none\n\n  {{ b }}", 11, Some(18)),
            (">\n  one\n  {{ b }}\n", "one {{ b }}\n", 7, None),
            ("|2\n   one\n", " one\n", 1, None),
        ] {
            assert_eq!(place_in_scalar(scalar, text, at), expected, "{scalar}");
            if let Some(place) = expected {
                assert_eq!(scalar.as_bytes()[place], text.as_bytes()[at]);
            }
        }
    }
}
