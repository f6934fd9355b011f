//! Adapts a text to the parser. libyaml-safer refuses what go-yaml, the reader in helm and kubectl, accepts:
//!
//! | written | what go-yaml reads | what the parser is given |
//! |---|---|---|
//! | `"it\'s"` | `it's` | `"it's"` |
//! | `[a:]`, `{a:, b: 1}` | a plain scalar that ends with a colon | `["a:"]`, `{"a:", b: 1}` |

use std::ops::Range;

use libyaml_safer::{Error, Mark};

use super::go::find_syntax_error;

/// How many bytes are parsed to find all places of one text: each round parses it whole.
const MAX_WORK: usize = 64 << 20;

/// What was changed in a text, in order, without overlaps.
#[derive(Default)]
pub(super) struct Edits(Vec<Edit>);

struct Edit {
    /// The bytes of the original that are replaced; none where text is inserted.
    replaced: Range<usize>,
    replacement: &'static str,
    /// Where the replacement starts in the edited text.
    start: usize,
}

impl Edits {
    /// The offset in the original text of an offset in the edited one.
    pub(super) fn original_offset(&self, offset: usize) -> usize {
        let passed = self.0.partition_point(|edit| edit.start < offset);
        let Some(edit) = self.0[..passed].last() else { return offset };
        edit.replaced.end + offset.saturating_sub(edit.start + edit.replacement.len())
    }

    /// Adds edits; the edited text.
    fn add(&mut self, original: &str, edits: Vec<(Range<usize>, &'static str)>) -> String {
        let new = |(replaced, replacement)| Edit { replaced, replacement, start: 0 };
        self.0.extend(edits.into_iter().map(new));
        self.0.sort_by_key(|edit| (edit.replaced.start, edit.replaced.end));
        let (mut text, mut copied) = (String::with_capacity(original.len()), 0);
        for edit in &mut self.0 {
            text.push_str(&original[copied..edit.replaced.start]);
            edit.start = text.len();
            text.push_str(edit.replacement);
            copied = edit.replaced.end;
        }
        text + &original[copied..]
    }
}

/// A text that the parser refuses with `error`, edited; `None` if go-yaml refuses it there, too.
pub(super) fn adapt(original: &str, error: &Error) -> Option<(String, Edits)> {
    let mut edits = Edits::default();
    let first = find_repairs(original, &edits, error)?;
    let mut text = edits.add(original, first);
    let mut work = original.len();
    while let Some(error) = find_syntax_error(&text) {
        work += original.len();
        match find_repairs(original, &edits, &error) {
            Some(more) if work <= MAX_WORK => text = edits.add(original, more),
            _ => break,
        }
    }
    Some((text, edits))
}

/// The edits that repair an error.
fn find_repairs(original: &str, made: &Edits, error: &Error) -> Option<Vec<(Range<usize>, &'static str)>> {
    let offset = |mark: Mark| Some(made.original_offset(usize::try_from(mark.index).ok()?));
    let start = offset(error.context_mark()?)?;
    let problem = offset(error.problem_mark()?)?;
    let edits = match error.problem() {
        "found unknown escape character" => escaped_quotes(original, start),
        "found unexpected ':'" => quote_scalar(original, start, problem)?,
        _ => return None,
    };
    let is_new = |range: &Range<usize>| made.0.iter().all(|edit| edit.replaced != *range);
    (!edits.is_empty() && edits.iter().all(|(range, _)| is_new(range))).then_some(edits)
}

/// Each `\'` of the double-quoted scalar that starts at `start` becomes `'`.
fn escaped_quotes(text: &str, start: usize) -> Vec<(Range<usize>, &'static str)> {
    let bytes = text.as_bytes();
    let (mut edits, mut at) = (Vec::new(), start + 1);
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
        if *byte == b'\\' {
            if bytes.get(at + 1) == Some(&b'\'') {
                edits.push((at..at + 2, "'"));
            }
            at += 1;
        }
        at += 1;
    }
    edits
}

/// Quotes the plain scalar from `start` to its last character, the colon. go-yaml ends such a scalar at a `?`.
fn quote_scalar(text: &str, start: usize, colon: usize) -> Option<Vec<(Range<usize>, &'static str)>> {
    let scalar = text.get(start..=colon).filter(|scalar| scalar.ends_with(':') && !scalar.contains('?'))?;
    let insert = |at: usize, text: &'static str| (at..at, text);
    let inside = scalar.match_indices(['"', '\\']).map(|(at, _)| insert(start + at, "\\"));
    Some(std::iter::once(insert(start, "\"")).chain(inside).chain([insert(colon + 1, "\"")]).collect())
}
