//! What a chart says about values that it has no default for: keys that are commented out in `values.yaml`, and paths
//! that its comments or a Markdown file of the chart name or show.

use crate::chart::Chart;
use crate::diag::Sources;
use std::ops::Range;
use std::sync::Arc;

/// The texts in which a chart describes its values.
pub(super) struct Documentation<'a> {
    chart: &'a Chart,
    /// `values.yaml`.
    values: Option<Arc<str>>,
    /// `README.md` and its like.
    pages: Vec<&'a str>,
}

impl<'a> Documentation<'a> {
    pub(super) fn from_chart(chart: &'a Chart, sources: &Sources) -> Self {
        let is_page =
            |path: &str| path.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("md"));
        let pages = chart.files.iter().filter(|file| is_page(&file.path));
        Self {
            chart,
            values: chart
                .values_source
                .and_then(|source| sources.get(source))
                .map(|source| Arc::clone(&source.text)),
            pages: pages.filter_map(|file| std::str::from_utf8(file.data().ok()?).ok()).collect(),
        }
    }

    /// Whether the chart describes the value at `path`, of which the last key has no default.
    pub(super) fn describes(&self, path: &[String]) -> bool {
        let Some((key, parents)) = path.split_last() else { return false };
        let dotted = path.join(".");
        let values = self.values.as_deref().unwrap_or_default();
        self.block(values, parents).lines().filter_map(comment).any(|comment| is_key(comment, key))
            || values.lines().filter_map(comment).any(|comment| names(comment, &dotted))
            || self.pages.iter().any(|page| names(page, &dotted) || shows(page, path))
    }

    /// The text of `values.yaml` that belongs to the map at `parents`: from the comment before its key to the next key
    /// that is not in it.
    fn block<'t>(&self, text: &'t str, parents: &[String]) -> &'t str {
        let Range { start, end } = self.range(text, parents).unwrap_or(0..text.len());
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let indent = start - line_start;
        // A comment that is indented further belongs to the block before.
        let is_above =
            |line: &&str| comment(line).is_some() && line.len() - line.trim_start().len() <= indent;
        let mut start = line_start;
        while let Some(line) = text[..start].lines().next_back().filter(is_above) {
            // The line and its break, which may be of two bytes.
            start = text[..start].rfind(line).unwrap_or(0);
        }
        &text[start..end]
    }

    fn range(&self, text: &str, parents: &[String]) -> Option<Range<usize>> {
        let mut range = 0..text.len();
        let mut node = &self.chart.values;
        for key in parents {
            let map = node.as_map()?;
            let entry =
                map.entry(key).filter(|entry| Some(entry.key_span.source) == self.chart.values_source)?;
            let after =
                map.iter().map(|other| other.key_span.start).filter(|start| *start > entry.key_span.start);
            let end = after.min().map_or(range.end, |next| range.end.min(next as usize));
            range = entry.key_span.start as usize..end;
            node = &entry.value;
        }
        text.get(range.clone()).map(|_| range)
    }
}

/// What a line comments, without the signs of the comment.
fn comment(line: &str) -> Option<&str> {
    let inner = line.trim_start().strip_prefix('#')?;
    Some(inner.trim_start_matches(['#', ' ', '\t']))
}

/// Whether a comment is a key of that name, as one that was commented out is: `storageClass: fast`, `- name: x`.
fn is_key(comment: &str, key: &str) -> bool {
    let comment = comment.trim_start_matches("- ").trim_start_matches(['"', '\'']);
    let rest = comment.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']));
    rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// Whether a text names the value of that path. A single word is a name only where it is set off: `` `port` ``,
/// `| port |`, `--set port=`.
fn names(text: &str, path: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let single = !path.contains('.');
    text.match_indices(path).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + path.len()..]);
        let ends = !after.starts_with(is_word);
        let set_off =
            ["`", "| ", "|", "@param ", "@extra ", "--set "].iter().any(|sign| before.ends_with(sign));
        ends && if single { set_off } else { !before.ends_with(|c: char| is_word(c) || c == '.') }
    })
}

/// Whether a text has the path as YAML: the key, below its parent, and so on.
fn shows(text: &str, path: &[String]) -> bool {
    let Some((key, parents)) = path.split_last() else { return false };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_below = |mut at: usize| {
        parents.iter().rev().all(|parent| {
            let above = lines[..at].iter().rposition(|line| indent(line) < indent(lines[at]));
            above.is_some_and(|above| {
                at = above;
                is_key(lines[at].trim_start(), parent)
            })
        })
    };
    lines.iter().enumerate().any(|(at, line)| is_key(line.trim_start(), key) && is_below(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::chart;

    fn describes(values: &str, readme: &str, path: &str) -> bool {
        let sources = Sources::new();
        let chart = chart(&sources, &[("values.yaml", values), ("README.md", readme)]);
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        Documentation::from_chart(&chart, &sources).describes(&path)
    }

    #[test]
    fn keys_that_are_commented_out_belong_to_their_block() {
        let values = "# Example:\n#   tls: x\na:\n  b: 1\n  # storageClass: \"-\"\n  #size: 1\nc:\n  d: 1\n  ## - host: x\n# e:\n";
        for path in ["a.storageClass", "a.size", "a.tls", "c.host", "e", "c.e"] {
            assert!(describes(values, "", path), "{path}");
        }
        for path in ["c.storageClass", "a.host", "a.storage", "a.x"] {
            assert!(!describes(values, "", path), "{path}");
        }
    }

    #[test]
    fn comments_and_pages_name_paths() {
        for (values, readme, path) in [
            ("## @param a.b The b\na: {c: 1}\n", "", "a.b"),
            ("a: {c: 1}\n", "| `a.b` | the b |", "a.b"),
            ("a: {c: 1}\n", "with `a.b.c` set", "a.b"),
            ("a: {c: 1}\n", "| port | the port |", "port"),
            ("a: {c: 1}\n", "Set\n```yaml\na:\n  x: 1\n\n  b: 2\n```\n", "a.b"),
        ] {
            assert!(describes(values, readme, path), "{values} {readme}");
        }
        assert!(!describes("a: {c: 1}\n", "the port of x.a.b and a.bc", "a.b"));
        assert!(!describes("a: {c: 1}\n", "the port", "port"));
        assert!(!describes("a: {c: 1}\n", "a:\n  x:\n    b: 2\n", "a.b"));
    }
}
