//! The words and marks of an expression.

/// The operators that are words.
pub(super) const OPERATORS: [&str; 6] = ["and", "else", "if", "in", "not", "or"];

/// What a lexeme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, or an operator that is a word.
    Word,
    /// A text or a number.
    Literal,
    /// Punctuation.
    Mark,
}

/// The smallest part of an expression that means something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Its first byte in the expression.
    pub(super) start: usize,
}

impl Lexeme<'_> {
    /// The byte behind it.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The words and marks of an expression, as Tera's lexer has them.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Lexeme<'t>;

    fn next(&mut self) -> Option<Lexeme<'t>> {
        let rest = self.text[self.at..].trim_ascii_start();
        let start = self.text.len() - rest.len();
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        let run = |of: fn(u8) -> bool| bytes.iter().take_while(|byte| of(**byte)).count();
        let (kind, length) = match first {
            b'"' | b'\'' | b'`' => {
                let mut end = 1;
                while bytes.get(end).is_some_and(|byte| *byte != first) {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                (Kind::Literal, (end + 1).min(bytes.len()))
            }
            b'0'..=b'9' => {
                let whole = run(|byte| byte.is_ascii_digit());
                let fraction = bytes[whole..]
                    .strip_prefix(b".")
                    .map_or(0, |digits| 1 + digits.iter().take_while(|byte| byte.is_ascii_digit()).count());
                (Kind::Literal, whole + fraction)
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                (Kind::Word, run(|byte| byte == b'_' || byte.is_ascii_alphanumeric()))
            }
            b'.' if rest.starts_with("...") => (Kind::Mark, 3),
            b'/' | b'*' if bytes.get(1) == Some(&first) => (Kind::Mark, 2),
            b'=' | b'!' | b'<' | b'>' if bytes.get(1) == Some(&b'=') => (Kind::Mark, 2),
            b'<' if bytes.get(1) == Some(&b'/') => (Kind::Mark, 2),
            b'?' if matches!(bytes.get(1), Some(b'.' | b'[')) => (Kind::Mark, 2),
            // Anything else is one character; those of several bytes stand in no expression.
            _ => (Kind::Mark, rest.chars().next().map_or(1, char::len_utf8)),
        };
        self.at = start + length;
        Some(Lexeme { kind, text: &rest[..length], start })
    }
}
