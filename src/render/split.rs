//! Rendered text into documents.

use crate::diag::{Diagnostic, Rule, Severity, SourceId, Span};
use std::ops::Range;

/// The warning about a document that begins on the line of its separator.
pub(super) static TEXT_AFTER_SEPARATOR: Rule = Rule {
    id: "yaml/text-after-separator",
    severity: Severity::Warning,
    summary: "a document begins on the line of its `---`",
    docs: "Helm splits rendered templates at `---`, whatever follows it on the line. Everything else that reads YAML for \
           Kubernetes refuses the file, `helm lint` among it. Mostly a `-}}` has removed the line break.

## Bad
```yaml
# templates/config.yaml
---
{{- if true -}}
apiVersion: v1
kind: ConfigMap
metadata: {name: db}
{{- end }}
```

## Good
```yaml
# templates/config.yaml
---
{{- if true }}
apiVersion: v1
kind: ConfigMap
metadata: {name: db}
{{- end }}
```

## Fix
Keep the line break after the `---`.
",
};

/// Whether the document at `start` begins on the line of its separator, as [`TEXT_AFTER_SEPARATOR`] warns.
pub(super) fn follows_separator(text: &str, start: usize) -> bool {
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    text[line..start].trim_start_matches('\u{feff}').starts_with("---") && !text[start..].starts_with('#')
}

/// The warning about a document in a source of its own.
pub(super) fn text_after_separator(source: SourceId, document: &str) -> Diagnostic {
    let end = document.find('\n').unwrap_or(document.len());
    Diagnostic::from_rule(
        &TEXT_AFTER_SEPARATOR,
        "this follows `---` on the same line: `helm lint` refuses the file",
    )
    .at(Span::new(source, 0, end), "")
    .help("keep the line break after the `---`: `-}}` and `{{-` remove it")
}

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
    fn documents_may_begin_beside_their_separator() {
        let begins_there = |text: &str| {
            documents(text).into_iter().map(|range| follows_separator(text, range.start)).collect::<Vec<_>>()
        };
        assert_eq!(begins_there("---a: 1\n--- b: 2\n---\nc: 3\n--- # d\nd: 4\n"), [true, true, false, false]);
        assert_eq!(begins_there("a: 1\n---\n\n---\nb: 2"), [false, false]);
    }

    #[test]
    fn quirks_are_helms() {
        assert_eq!(split("a: 1\n---b: 2"), ["a: 1", "b: 2"]);
        assert_eq!(split("a: 1\n---\n\n---\nb: 2"), ["a: 1", "---\nb: 2"]);
        assert_eq!(split("# c\n---\na: 1"), ["# c", "a: 1"]);
    }
}
