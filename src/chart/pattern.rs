//! Patterns of paths, as Go's `filepath.Match` reads them: `*` and `?` do not cross a slash, and braces mean nothing.

/// A pattern that matches whole paths.
#[derive(Debug)]
pub(crate) struct Pattern(Vec<Token>);

impl Pattern {
    /// The error is a phrase.
    pub(crate) fn parse(pattern: &str) -> Result<Self, &'static str> {
        compile(pattern).map(Self)
    }

    /// `DIRECTORY/.?*`
    pub(super) fn dot_files_in(directory: &str) -> Self {
        let literals = format!("{directory}/.");
        Self(literals.chars().map(Token::Literal).chain([Token::Any, Token::Star]).collect())
    }

    /// Whether it matches a path.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.may_match(path) && matches(&self.0, &path.chars().collect::<Vec<_>>())
    }

    /// Whether the ends of the path are those of the pattern: most patterns are told from most paths by them.
    fn may_match(&self, path: &str) -> bool {
        let fits = |token: Option<&Token>, c: Option<char>| match token {
            Some(Token::Literal(literal)) => c == Some(*literal),
            _ => true,
        };
        fits(self.0.first(), path.chars().next()) && fits(self.0.last(), path.chars().next_back())
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

    #[test]
    fn patterns_are_those_of_go() {
        let matches = |pattern: &str, path: &str| Pattern::parse(pattern).unwrap().matches(path);
        for (pattern, path, is_match) in [
            ("templates/*.yaml", "templates/a.yaml", true),
            ("templates/*", "templates/sub/a.yaml", false),
            ("templates/?.yaml", "templates/ü.yaml", true),
            ("templates/{a,b}.yaml", "templates/a.yaml", false),
            ("templates/[^b].yaml", "templates/a.yaml", true),
            (r"a\*b", "a*b", true),
            ("a[b]", "a[b]", false),
        ] {
            assert_eq!(matches(pattern, path), is_match, "{pattern} {path}");
        }
        assert!(Pattern::parse("a[").is_err());
    }
}
