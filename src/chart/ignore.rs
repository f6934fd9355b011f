//! `.helmignore`, to Helm's letter: not what `.gitignore` means.
//!
//! A pattern without a slash is matched against the base name of every file and directory; with one,
//! against the whole path, in which `*` never crosses a `/`. A leading slash anchors, a trailing one asks for a
//! directory. An ignored directory takes all below it along. `!x` ignores whatever does *not* match `x`.

use crate::diag::{Diagnostic, SourceId, Span};

/// The rules of one chart. Helm's own rule, that dot-files directly under `templates/` do not count, is always among
/// them.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: Vec<Token>,
    is_negated: bool,
    matches_directories_only: bool,
    /// Match the base name only.
    matches_base_name: bool,
}

impl Rules {
    /// Only Helm's own rule.
    pub(super) fn none() -> Self {
        let pattern = "templates/.?*".chars().map(|c| match c {
            '?' => Token::Any,
            '*' => Token::Star,
            literal => Token::Literal(literal),
        });
        let dot_files = Rule {
            pattern: pattern.collect(),
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
            let fits = (!rule.matches_directories_only || directory) && rule.may_match(subject);
            let matches = fits && matches(&rule.pattern, &subject.chars().collect::<Vec<_>>());
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
            pattern: compile(text)?,
            is_negated,
            matches_directories_only,
            matches_base_name: base_name,
        })
    }

    /// Whether the ends of the path are those of the pattern: most patterns are told from most paths by them.
    fn may_match(&self, subject: &str) -> bool {
        let fits = |token: Option<&Token>, c: Option<char>| match token {
            Some(Token::Literal(literal)) => c == Some(*literal),
            _ => true,
        };
        fits(self.pattern.first(), subject.chars().next())
            && fits(self.pattern.last(), subject.chars().next_back())
    }
}

/// One element of a Go `filepath.Match` pattern.
#[derive(Debug)]
enum Token {
    Literal(char),
    /// `?`
    Any,
    /// `*`
    Star,
    /// `[a-z]`, `[^a-z]`
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn compile(pattern: &str) -> Result<Vec<Token>, &'static str> {
    const BAD_CLASS: &str = "syntax error in the `[...]`";
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '?' => Token::Any,
            '*' => Token::Star,
            '\\' => Token::Literal(chars.next().ok_or("nothing follows the `\\`")?),
            '[' => {
                let is_negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                loop {
                    let bound = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| match chars.next() {
                        Some('\\') => chars.next().ok_or(BAD_CLASS),
                        None | Some('-' | ']') => Err(BAD_CLASS),
                        Some(c) => Ok(c),
                    };
                    let low = bound(&mut chars)?;
                    let high = if chars.next_if_eq(&'-').is_some() { bound(&mut chars)? } else { low };
                    ranges.push((low, high));
                    if chars.next_if_eq(&']').is_some() {
                        break;
                    }
                }
                Token::Class { is_negated, ranges }
            }
            literal => Token::Literal(literal),
        });
    }
    Ok(tokens)
}

/// Matches the whole of `text`; only the last star is ever retried, so the time is bounded by the product of the
/// lengths.
fn matches(pattern: &[Token], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() || p < pattern.len() {
        let advanced = match (pattern.get(p), text.get(t)) {
            (Some(Token::Star), _) => {
                retry = Some((p, t));
                p += 1;
                continue;
            }
            (Some(token), Some(c)) => token.accepts(*c),
            _ => false,
        };
        if advanced {
            p += 1;
            t += 1;
            continue;
        }
        match retry {
            Some((star, from)) if text.get(from).is_some_and(|c| *c != '/') => {
                retry = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
            _ => return false,
        }
    }
    true
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::Any => c != '/',
            Self::Star => false,
            Self::Class { is_negated, ranges } => {
                c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *is_negated
            }
        }
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
