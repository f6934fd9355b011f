//! Rendered text into documents.

use std::ops::Range;

/// The byte ranges of the documents of a rendered file, separators left out, blank ones too.
///
/// Splits where Helm does (`releaseutil.SplitManifests` of Helm 4.1: `(?:^|\s*\n)---\s*`): at `---` at the
/// start of a line, whatever follows it. White space around a document is not part of it.
pub(super) fn documents(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let base = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    let mut ranges = Vec::new();
    let mut start = base;
    let mut at = base;
    while at < end {
        let line_start = at == base || bytes[at - 1] == b'\n';
        // The line break belongs to the separator, so a separator right after one is content, as for Helm.
        let fresh = at == base || at > start;
        if line_start && fresh && bytes[at..end].starts_with(b"---") {
            push(text, start..at, &mut ranges);
            at += 3;
            at += text[at..end].len() - text[at..end].trim_start().len();
            start = at;
            if start < end && bytes[start..end].starts_with(b"---") {
                at += 3;
            }
            continue;
        }
        at += memchr::memchr(b'\n', &bytes[at..end]).map_or(end - at, |newline| newline + 1);
    }
    push(text, start..end.max(start), &mut ranges);
    ranges
}

fn push(text: &str, range: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = range.start + part.trim_end().len();
    if start < end {
        ranges.push(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        documents(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn documents_lie_between_separators() {
        assert_eq!(split("a: 1\n---\nb: 2\n"), ["a: 1", "b: 2"]);
        assert_eq!(split("---\na: 1\n\n\n--- \n\n---\n"), ["a: 1", "---"]);
        assert_eq!(split("\n\n"), Vec::<&str>::new());
        assert_eq!(split("a: |\n  ---\n  x\n"), ["a: |\n  ---\n  x"]);
    }

    #[test]
    fn quirks_are_helms() {
        assert_eq!(split("a: 1\n---b: 2"), ["a: 1", "b: 2"]);
        assert_eq!(split("a: 1\n---\n\n---\nb: 2"), ["a: 1", "---\nb: 2"]);
        assert_eq!(split("# c\n---\na: 1"), ["# c", "a: 1"]);
    }
}
