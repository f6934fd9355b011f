//! Cuts a template into tokens, as Go's lexer does.

use super::ast::Place;
use crate::unicode::is_of_name;
use memchr::memchr;

/// A token and its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it is.
    pub(crate) place: Place,
}

/// Kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TokenKind {
    /// Text outside of actions, white space trimmed where a marker asks for it.
    Text,
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// White space inside an action.
    Space,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    /// A name.
    Identifier,
    /// A keyword.
    Keyword(Keyword),
    /// A number.
    Number,
    /// `'a'`
    Character,
    /// `"text"`
    Quoted,
    /// `` `text` ``
    Backquoted,
    /// `.`
    Dot,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `|`
    Pipe,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `,`
    Comma,
    /// An error; no token follows.
    Error(&'static str),
    /// The end of the text.
    End,
}

/// The keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
    True,
    False,
}

/// Go's templates know them, but nothing in Helm takes them.
const COMPLEX: &str = "complex numbers are not supported";

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The tokens of `text`; the last one is [`TokenKind::End`] or [`TokenKind::Error`].
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, position: 0, tokens: Vec::with_capacity(text.len() / 6) };
    if let Err((start, message)) = lexer.run() {
        let position = lexer.position.max(start);
        lexer.push(TokenKind::Error(message), start, position);
    }
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    position: usize,
    tokens: Vec<Token>,
}

type Outcome<T = ()> = Result<T, (usize, &'static str)>;

impl Lexer<'_> {
    fn run(&mut self) -> Outcome {
        let mut trim_next = false;
        loop {
            let mut start = self.position;
            let open = opening(self.text, start);
            let mut end = open.unwrap_or(self.text.len());
            if trim_next {
                start = end - self.text[start..end].trim_start_matches(SPACE).len();
            }
            let trimmed = open.is_some_and(|open| self.has_left_trim(open));
            if trimmed {
                end = start + self.text[start..end].trim_end_matches(SPACE).len();
            }
            if end > start {
                self.push(TokenKind::Text, start, end);
            }
            let Some(open) = open else {
                self.push(TokenKind::End, self.text.len(), self.text.len());
                return Ok(());
            };
            self.position = open + 2 + if trimmed { 2 } else { 0 };
            trim_next = if self.text[self.position..].starts_with("/*") {
                self.comment(open)?
            } else {
                self.push(TokenKind::Open, open, self.position);
                self.action(open)?
            };
        }
    }

    /// Whether the delimiter at `open` trims the text before it.
    fn has_left_trim(&self, open: usize) -> bool {
        let rest = &self.text[open + 2..];
        rest.starts_with('-') && rest[1..].starts_with(SPACE)
    }

    /// Whether the action ends here, and if so, whether it trims the text after it.
    fn closing(&self) -> Option<bool> {
        match &self.text.as_bytes()[self.position..] {
            [b'}', b'}', ..] => Some(false),
            [b' ' | b'\t' | b'\r' | b'\n', b'-', b'}', b'}', ..] => Some(true),
            _ => None,
        }
    }

    fn comment(&mut self, open: usize) -> Outcome<bool> {
        let Some(length) = self.text[self.position..].find("*/") else {
            return Err((open, "unclosed comment"));
        };
        self.position += length + 2;
        let Some(trim) = self.closing() else {
            return Err((open, "a comment has to end right before the closing delimiter"));
        };
        self.position += if trim { 4 } else { 2 };
        Ok(trim)
    }

    /// Lexes up to and including the closing delimiter, and returns whether that trims.
    fn action(&mut self, open: usize) -> Outcome<bool> {
        let mut parens = 0_usize;
        loop {
            if let Some(trim) = self.closing() {
                if parens > 0 {
                    return Err((open, "unclosed left paren"));
                }
                let start = self.position;
                self.position += if trim { 4 } else { 2 };
                self.push(TokenKind::Close, start, self.position);
                return Ok(trim);
            }
            let start = self.position;
            let Some(c) = self.peek() else { return Err((open, "unclosed action")) };
            self.position += c.len_utf8();
            let kind = match c {
                ' ' | '\t' | '\r' | '\n' => {
                    while self.peek().is_some_and(|c| SPACE.contains(&c)) && self.closing() != Some(true) {
                        self.position += 1;
                    }
                    TokenKind::Space
                }
                ':' => {
                    if self.peek() != Some('=') {
                        return Err((start, "expected `:=`"));
                    }
                    self.position += 1;
                    TokenKind::Declare
                }
                '=' => TokenKind::Assign,
                '|' => TokenKind::Pipe,
                '"' => self.string(start, '"')?,
                '\'' => self.string(start, '\'')?,
                '`' => match self.text[self.position..].find('`') {
                    Some(length) => {
                        self.position += length + 1;
                        TokenKind::Backquoted
                    }
                    None => return Err((start, "unterminated raw quoted string")),
                },
                '$' => {
                    self.word();
                    self.terminated()?;
                    TokenKind::Variable
                }
                '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                    if self.at_terminator() {
                        TokenKind::Dot
                    } else {
                        self.word();
                        self.terminated()?;
                        TokenKind::Field
                    }
                }
                '.' | '+' | '-' | '0'..='9' => {
                    self.position = start;
                    self.number(start)?
                }
                '(' => {
                    parens += 1;
                    TokenKind::LeftParen
                }
                ')' => {
                    parens = parens.checked_sub(1).ok_or((start, "unexpected right paren"))?;
                    TokenKind::RightParen
                }
                ',' => TokenKind::Comma,
                _ if is_of_name(c) => {
                    self.word();
                    self.terminated()?;
                    match keyword(&self.text[start..self.position]) {
                        Some(keyword) => TokenKind::Keyword(keyword),
                        None => TokenKind::Identifier,
                    }
                }
                _ => return Err((start, "unexpected character in action")),
            };
            self.push(kind, start, self.position);
        }
    }

    fn string(&mut self, start: usize, quote: char) -> Outcome<TokenKind> {
        loop {
            match self.peek() {
                Some('\\') => {
                    self.position += 1;
                    match self.peek() {
                        Some(c) if c != '\n' => self.position += c.len_utf8(),
                        _ => return Err((start, "unterminated quoted string")),
                    }
                }
                None | Some('\n') => return Err((start, "unterminated quoted string")),
                Some(c) => {
                    self.position += c.len_utf8();
                    if c == quote {
                        return Ok(if quote == '"' { TokenKind::Quoted } else { TokenKind::Character });
                    }
                }
            }
        }
    }

    fn number(&mut self, start: usize) -> Outcome<TokenKind> {
        let accept = |lexer: &mut Self, set: &str| {
            let found = lexer.peek().is_some_and(|c| set.contains(c));
            lexer.position += usize::from(found);
            found
        };
        let run = |lexer: &mut Self, set: &str| {
            while lexer.peek().is_some_and(|c| set.contains(c)) {
                lexer.position += 1;
            }
        };
        accept(self, "+-");
        let mut digits = "0123456789_";
        let mut exponent = "eE";
        if accept(self, "0") {
            if accept(self, "xX") {
                (digits, exponent) = ("0123456789abcdefABCDEF_", "pP");
            } else if accept(self, "oO") {
                digits = "01234567_";
            } else if accept(self, "bB") {
                digits = "01_";
            }
        }
        run(self, digits);
        if accept(self, ".") {
            run(self, digits);
        }
        if accept(self, exponent) {
            accept(self, "+-");
            run(self, "0123456789_");
        }
        if accept(self, "i") && !self.peek().is_some_and(is_of_name) {
            return Err((start, COMPLEX));
        }
        if self.peek().is_some_and(is_of_name) {
            return Err((start, "bad number syntax"));
        }
        Ok(TokenKind::Number)
    }

    fn word(&mut self) {
        let letters = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        self.position += self.text.as_bytes()[self.position..].iter().take_while(letters).count();
        while let Some(c) = self.peek().filter(|c| is_of_name(*c)) {
            self.position += c.len_utf8();
        }
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None => true,
            Some(c) => {
                SPACE.contains(&c) || ".,|:()".contains(c) || self.text[self.position..].starts_with("}}")
            }
        }
    }

    fn terminated(&self) -> Outcome {
        if self.at_terminator() { Ok(()) } else { Err((self.position, "bad character in a name")) }
    }

    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.position) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            _ => self.text[self.position..].chars().next(),
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize, end: usize) {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.tokens.push(Token { kind, place: Place { start: narrow(start), end: narrow(end) } });
    }
}

/// Where the next `{{` is.
fn opening(text: &str, mut from: usize) -> Option<usize> {
    loop {
        let brace = from + memchr(b'{', &text.as_bytes()[from..])?;
        if text.as_bytes().get(brace + 1) == Some(&b'{') {
            return Some(brace);
        }
        from = brace + 1;
    }
}

fn keyword(word: &str) -> Option<Keyword> {
    Some(match word {
        "block" => Keyword::Block,
        "break" => Keyword::Break,
        "continue" => Keyword::Continue,
        "define" => Keyword::Define,
        "else" => Keyword::Else,
        "end" => Keyword::End,
        "if" => Keyword::If,
        "nil" => Keyword::Nil,
        "range" => Keyword::Range,
        "template" => Keyword::Template,
        "with" => Keyword::With,
        "true" => Keyword::True,
        "false" => Keyword::False,
        _ => return None,
    })
}
