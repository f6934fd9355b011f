//! `.helmignore`, to Helm's letter: not what `.gitignore` means.
//!
//! A pattern without a slash is matched against the base name of every file and directory; with one,
//! against the whole path, in which `*` never crosses a `/`. A leading slash anchors, a trailing one asks for a
//! directory. An ignored directory takes all below it along. `!x` ignores whatever does *not* match `x`.

use super::pattern::Pattern;
use crate::diag::{Diagnostic, SourceId, Span};

/// The rules of one chart. Helm's own rule, that dot-files directly under `templates/` do not count, is always among
/// them.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    is_negated: bool,
    matches_directories_only: bool,
    /// Match the base name only.
    matches_base_name: bool,
}

impl Rules {
    /// Only Helm's own rule.
    pub(super) fn none() -> Self {
        let dot_files = Rule {
            pattern: Pattern::dot_files_in("templates"),
            is_negated: false,
            matches_directories_only: false,
            matches_base_name: false,
        };
        Self { rules: vec![dot_files] }
    }

    /// Reads a `.helmignore`. Lines that cannot be read are errors, as in Helm.
    pub(crate) fn parse(text: &str, source: SourceId, sink: &mut Vec<Diagnostic>) -> Self {
        let mut rules = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let trimmed = line.trim();
            let column = line.len() - line.trim_start().len();
            let span = Span::new(source, start + column, start + column + trimmed.len());
            start += line.len();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            match Rule::parse(trimmed) {
                Ok(rule) => {
                    if rule.is_negated {
                        sink.push(
                            Diagnostic::warning("a `!` pattern ignores every file that does not match it")
                                .at(span, "unlike in `.gitignore`")
                                .help("list what to ignore instead"),
                        );
                    }
                    rules.push(rule);
                }
                Err(reason) => sink.push(
                    Diagnostic::error(format!("invalid pattern in `.helmignore`: {reason}")).at(span, reason),
                ),
            }
        }
        rules.extend(Self::none().rules);
        Self { rules }
    }

    /// Whether the file or directory at `path` (relative to the chart, `/` between the parts) does not count.
    /// Its parent directories are asked about separately.
    pub(crate) fn ignores(&self, path: &str, directory: bool) -> bool {
        for rule in &self.rules {
            let subject = if rule.matches_base_name { path.rsplit('/').next().unwrap_or(path) } else { path };
            let matches = (!rule.matches_directories_only || directory) && rule.pattern.matches(subject);
            if matches != rule.is_negated {
                return true;
            }
        }
        false
    }

    /// Whether the file at `path` does not count, itself or for one of its directories.
    pub(super) fn ignores_file(&self, path: &str) -> bool {
        let directories = path.match_indices('/').map(|(end, _)| &path[..end]);
        directories.into_iter().any(|directory| self.ignores(directory, true)) || self.ignores(path, false)
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains("**") {
            return Err("`**` is not supported");
        }
        let (is_negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (matches_directories_only, text) =
            text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        let (base_name, text) = match text.strip_prefix('/') {
            Some(anchored) => (false, anchored),
            None => (!text.contains('/'), text),
        };
        Ok(Self {
            pattern: Pattern::parse(text)?,
            is_negated,
            matches_directories_only,
            matches_base_name: base_name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, Sources};

    fn rules(text: &str) -> (Rules, Vec<Diagnostic>) {
        let source = Sources::new().add(".helmignore", text, SourceKind::File);
        let mut sink = Vec::new();
        (Rules::parse(text, source, &mut sink), sink)
    }

    fn ignores(text: &str, path: &str) -> bool {
        rules(text).0.ignores_file(path)
    }

    #[test]
    fn a_pattern_without_a_slash_matches_base_names() {
        assert!(ignores("*.yaml", "Chart.yaml"));
        assert!(ignores("  *.yaml  ", "charts/a/templates/x.yaml"));
        assert!(ignores("ci", "ci/values.yaml"));
        assert!(!ignores("*.YAML", "a.yaml"));
        assert!(!ignores("# *.yaml", "a.yaml"));
        assert!(ignores("[a-c]?.txt", "docs/b1.txt"));
        assert!(!ignores("[^a-c]?.txt", "docs/b1.txt"));
    }

    #[test]
    fn a_pattern_with_a_slash_matches_the_whole_path() {
        assert!(ignores("docs/*.md", "docs/a.md"));
        assert!(!ignores("docs/*.md", "docs/more/a.md"));
        assert!(!ignores("docs/*.md", "x/docs/a.md"));
        assert!(ignores("/a.yaml", "a.yaml"));
        assert!(!ignores("/a.yaml", "templates/a.yaml"));
    }

    #[test]
    fn a_trailing_slash_asks_for_a_directory() {
        assert!(ignores("ci/", "ci/values.yaml"));
        assert!(ignores("ci/", "a/ci/values.yaml"));
        assert!(!ignores("ci/", "a/ci"));
    }

    #[test]
    fn negation_ignores_what_does_not_match() {
        let (rules, diagnostics) = rules("!*.yaml");
        assert!(rules.ignores_file("README.md"));
        assert!(!rules.ignores_file("Chart.yaml"));
        assert_eq!(diagnostics.len(), 1);
    }

    #[test]
    fn dot_files_directly_under_templates_never_count() {
        assert!(Rules::none().ignores_file("templates/.swp"));
        assert!(!Rules::none().ignores_file("templates/db/.swp"));
        assert!(!Rules::none().ignores_file(".helmignore"));
    }

    #[test]
    fn bad_patterns_are_errors_at_their_place() {
        for bad in ["**/x", "a[", "a[b", "a\\", "[]a]", "[-]"] {
            let (_, diagnostics) = rules(&format!("ok\n {bad}\n"));
            assert_eq!(diagnostics.len(), 1, "{bad}");
            assert_eq!(diagnostics[0].labels[0].span.start, 4);
        }
    }

    #[test]
    fn stars_backtrack_within_one_part() {
        assert!(ignores("*a*b", "xaab"));
        assert!(ignores("d/*b/c", "d/aab/c"));
        assert!(!ignores("d/*c", "d/a/c"));
    }
}
