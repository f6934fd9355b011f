//! From characters to tokens, as go-yaml, the reader in helm and kubectl, finds them. Its grammar is YAML 1.1 with limits of
//! its own: in `[...]` and `{...}` a `?` ends a plain scalar and a `:` does so only before white space, a tag takes in commas
//! and brackets, `\'` is an escape and `\/` is not.

use std::collections::{BTreeMap, VecDeque};

/// A place between two characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes before it.
    pub(super) offset: usize,
    /// Characters before it.
    index: usize,
    /// Lines before its own.
    pub(super) line: usize,
    /// Characters before it in its line.
    pub(super) column: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone)]
pub(super) struct SyntaxError {
    /// Whether it is one of characters, not of tokens.
    pub(super) in_scanner: bool,
    pub(super) problem: String,
    pub(super) at: Mark,
    /// What was being read.
    pub(super) context: &'static str,
    /// Where that begins.
    pub(super) context_mark: Mark,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    StreamEnd,
    Version(u8, u8),
    TagPrefix { handle: String, prefix: String },
    DocumentStart,
    DocumentEnd,
    SequenceStart,
    MappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    Entry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String, suffix: String },
    Scalar { value: String, style: Style },
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

/// What may turn out to be a key, once a colon follows it.
#[derive(Debug, Clone, Copy, Default)]
struct SimpleKey {
    /// Whether it still may.
    is_possible: bool,
    /// Whether nothing else can stand there.
    is_required: bool,
    /// The number of its first token.
    token: usize,
    mark: Mark,
}

/// How many characters a key may have before its colon.
const MAX_KEY: usize = 1024;
/// How deep flow collections and indentation may nest.
const MAX_DEPTH: usize = 10_000;

pub(super) struct Scanner<'a> {
    text: &'a str,
    mark: Mark,
    tokens: VecDeque<Token>,
    /// How many tokens have been handed out.
    taken: usize,
    ended: bool,
    /// The column of the innermost block collection; -1 outside of all.
    indent: isize,
    /// Those around it.
    indents: Vec<isize>,
    is_key_allowed: bool,
    /// What may be a key, for each flow collection that is open and the block around them.
    keys: Vec<SimpleKey>,
    /// Where in `keys` the one is that begins with a token. Tokens are handed out only up to the first of them.
    key_of_token: BTreeMap<usize, usize>,
}

type Scanned<T = ()> = Result<T, Box<SyntaxError>>;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            mark: Mark::default(),
            tokens: VecDeque::new(),
            taken: 0,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            is_key_allowed: true,
            keys: vec![SimpleKey::default()],
            key_of_token: BTreeMap::new(),
        }
    }

    /// The next token, which stays where it is.
    pub(super) fn peek(&mut self) -> Scanned<&Token> {
        while !self.ended && self.needs_more()? {
            self.fetch()?;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the next token, which has been looked at. The end of the text stays.
    pub(super) fn skip(&mut self) -> Option<Token> {
        if matches!(self.tokens.front()?.kind, TokenKind::StreamEnd) {
            return self.tokens.front().cloned();
        }
        self.taken += 1;
        self.tokens.pop_front()
    }

    /// Whether the next token is unknown, or may yet come to stand behind that of a key.
    fn needs_more(&mut self) -> Scanned<bool> {
        if self.tokens.is_empty() {
            return Ok(true);
        }
        match self.key_of_token.get(&self.taken).copied().filter(|level| *level < self.keys.len()) {
            Some(level) => self.is_key_possible(level),
            None => Ok(false),
        }
    }

    fn fail<T>(&self, context: &'static str, context_mark: Mark, problem: &str) -> Scanned<T> {
        let (problem, at) = (problem.to_owned(), self.mark);
        Err(Box::new(SyntaxError { in_scanner: true, problem, at, context, context_mark }))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.mark.offset..]
    }

    /// The byte so many bytes on; 0 at the end of the text, which holds none.
    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.mark.offset + ahead).copied().unwrap_or(0)
    }

    fn is_end(&self) -> bool {
        self.mark.offset >= self.text.len()
    }

    fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    /// The bytes of the line break so many bytes on; 0 if there is none.
    fn break_width(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            0xc2 if self.byte(ahead + 1) == 0x85 => 2,
            0xe2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xa8 | 0xa9) => 3,
            _ => 0,
        }
    }

    fn is_break(&self) -> bool {
        self.break_width(0) > 0
    }

    /// Whether a line break or the end of the text comes.
    fn ends_line(&self) -> bool {
        self.is_end() || self.is_break()
    }

    /// Whether white space or the end of the text comes so many bytes on.
    fn is_gap(&self, ahead: usize) -> bool {
        self.mark.offset + ahead >= self.text.len() || self.is_blank(ahead) || self.break_width(ahead) > 0
    }

    /// Whether `---` or `...` stands at the start of a line.
    fn is_document_mark(&self, mark: &str) -> bool {
        self.mark.column == 0 && self.rest().starts_with(mark) && self.is_gap(3)
    }

    /// Passes one character that is no line break.
    fn pass(&mut self) {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        self.mark.offset += width;
        self.mark.index += 1;
        self.mark.column += 1;
    }

    fn copy(&mut self, into: &mut String) {
        let from = self.mark.offset;
        self.pass();
        into.push_str(&self.text[from..self.mark.offset]);
    }

    fn pass_blanks(&mut self) {
        while self.is_blank(0) {
            self.pass();
        }
    }

    fn pass_comment(&mut self) {
        if self.byte(0) == b'#' {
            while !self.ends_line() {
                self.pass();
            }
        }
    }

    /// Passes a line break, if there is one; what it is read as.
    fn pass_break(&mut self) -> &'static str {
        let width = self.break_width(0);
        let is_last = |last| width == 3 && self.byte(2) == last;
        let read = match width {
            0 => return "",
            _ if is_last(0xa8) => "\u{2028}",
            _ if is_last(0xa9) => "\u{2029}",
            _ => "\n",
        };
        self.mark.index += if self.byte(0) == b'\r' { width } else { 1 };
        self.mark.offset += width;
        self.mark.column = 0;
        self.mark.line += 1;
        read
    }

    fn push(&mut self, kind: TokenKind, start: Mark) {
        self.tokens.push_back(Token { kind, start, end: self.mark });
    }

    /// Passes as many ASCII characters as a token has.
    fn push_passed(&mut self, kind: TokenKind, width: usize) {
        let start = self.mark;
        for _ in 0..width {
            self.pass();
        }
        self.push(kind, start);
    }

    fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    /// How many flow collections are open.
    fn flow(&self) -> usize {
        self.keys.len() - 1
    }

    fn fetch(&mut self) -> Scanned {
        self.pass_to_token();
        self.unroll(self.column());
        if self.is_end() {
            return self.fetch_end();
        }
        if self.mark.column == 0 && self.byte(0) == b'%' {
            return self.fetch_directive();
        }
        for (mark, kind) in [("---", TokenKind::DocumentStart), ("...", TokenKind::DocumentEnd)] {
            if self.is_document_mark(mark) {
                self.unroll(-1);
                self.drop_key()?;
                self.is_key_allowed = false;
                self.push_passed(kind, 3);
                return Ok(());
            }
        }
        let in_flow = self.flow() > 0;
        match self.byte(0) {
            b'[' => self.fetch_open(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_open(TokenKind::FlowMappingStart),
            b']' => self.fetch_close(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_close(TokenKind::FlowMappingEnd),
            b',' => {
                self.drop_key()?;
                self.is_key_allowed = true;
                self.push_passed(TokenKind::FlowEntry, 1);
                Ok(())
            }
            b'-' if self.is_gap(1) => self.fetch_entry(),
            b'?' if in_flow || self.is_gap(1) => self.fetch_key(),
            b':' if in_flow || self.is_gap(1) => self.fetch_value(),
            b'*' => self.fetch_name(TokenKind::Alias),
            b'&' => self.fetch_name(TokenKind::Anchor),
            b'!' => {
                self.save_key()?;
                self.is_key_allowed = false;
                self.scan_tag()
            }
            b'|' if !in_flow => self.fetch_block_scalar(Style::Literal),
            b'>' if !in_flow => self.fetch_block_scalar(Style::Folded),
            quote @ (b'\'' | b'"') => {
                self.save_key()?;
                self.is_key_allowed = false;
                self.scan_quoted(quote)
            }
            _ if self.starts_plain() => {
                self.save_key()?;
                self.is_key_allowed = false;
                self.scan_plain()
            }
            _ => self.fail(
                "while scanning for the next token",
                self.mark,
                "found character that cannot start any token",
            ),
        }
    }

    fn starts_plain(&self) -> bool {
        // After a second byte order mark go-yaml drops the first character of every line.
        if self.mark.offset == 0 && self.rest().starts_with('\u{feff}') {
            return false;
        }
        match self.byte(0) {
            b'-' => !self.is_blank(1),
            b'?' | b':' => self.flow() == 0 && !self.is_gap(1),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"'
            | b'%' | b'@' | b'`' => false,
            _ => !self.is_gap(0),
        }
    }

    /// Passes white space and comments. A tab is white space only where no key could start.
    fn pass_to_token(&mut self) {
        loop {
            while self.byte(0) == b' ' || self.byte(0) == b'\t' && (self.flow() > 0 || !self.is_key_allowed) {
                self.pass();
            }
            self.pass_comment();
            if !self.is_break() {
                return;
            }
            self.pass_break();
            if self.flow() == 0 {
                self.is_key_allowed = true;
            }
        }
    }

    /// Whether the colon of what may be a key at a level may still come; an error if it had to come before.
    fn is_key_possible(&mut self, level: usize) -> Scanned<bool> {
        let key = self.keys[level];
        if !key.is_possible {
            return Ok(false);
        }
        if key.mark.line == self.mark.line && self.mark.index <= key.mark.index + MAX_KEY {
            return Ok(true);
        }
        if key.is_required {
            return self.fail("while scanning a simple key", key.mark, "could not find expected ':'");
        }
        self.keys[level].is_possible = false;
        Ok(false)
    }

    /// The number of the token that comes next.
    fn next_token(&self) -> usize {
        self.taken + self.tokens.len()
    }

    /// Notes that what comes may be a key.
    fn save_key(&mut self) -> Scanned {
        if !self.is_key_allowed {
            return Ok(());
        }
        let is_required = self.flow() == 0 && self.indent == self.column();
        let key = SimpleKey { is_possible: true, is_required, token: self.next_token(), mark: self.mark };
        self.drop_key()?;
        let level = self.flow();
        self.keys[level] = key;
        self.key_of_token.insert(key.token, level);
        Ok(())
    }

    /// What may have been a key is none.
    fn drop_key(&mut self) -> Scanned {
        let level = self.flow();
        let key = self.keys[level];
        if !key.is_possible {
            return Ok(());
        }
        if key.is_required {
            return self.fail("while scanning a simple key", key.mark, "could not find expected ':'");
        }
        self.forget_key(level);
        Ok(())
    }

    fn forget_key(&mut self, level: usize) {
        self.keys[level].is_possible = false;
        self.key_of_token.remove(&self.keys[level].token);
    }

    /// Puts a token before the one of a number, or behind all if that has been handed out already.
    fn insert(&mut self, token: Option<usize>, kind: TokenKind, mark: Mark) {
        let at = token.and_then(|token| token.checked_sub(self.taken)).unwrap_or(self.tokens.len());
        self.tokens.insert(at.min(self.tokens.len()), Token { kind, start: mark, end: mark });
    }

    /// Opens a block collection in a column, before the token of a number.
    fn roll(&mut self, mark: Mark, token: Option<usize>, kind: TokenKind) -> Scanned {
        let column = isize::try_from(mark.column).unwrap_or(isize::MAX);
        if self.flow() > 0 || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > MAX_DEPTH {
            let problem = format!("exceeded max depth of {MAX_DEPTH}");
            return self.fail("while increasing indent level", mark, &problem);
        }
        self.insert(token, kind, mark);
        Ok(())
    }

    /// Closes the block collections to the right of a column.
    fn unroll(&mut self, column: isize) {
        if self.flow() > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_end(&mut self) -> Scanned {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll(-1);
        self.drop_key()?;
        self.is_key_allowed = false;
        self.push(TokenKind::StreamEnd, self.mark);
        self.ended = true;
        Ok(())
    }

    fn fetch_open(&mut self, kind: TokenKind) -> Scanned {
        self.save_key()?;
        self.keys.push(SimpleKey { token: self.next_token(), mark: self.mark, ..SimpleKey::default() });
        if self.flow() > MAX_DEPTH {
            let problem = format!("exceeded max depth of {MAX_DEPTH}");
            return self.fail("while increasing flow level", self.mark, &problem);
        }
        self.is_key_allowed = true;
        self.push_passed(kind, 1);
        Ok(())
    }

    fn fetch_close(&mut self, kind: TokenKind) -> Scanned {
        self.drop_key()?;
        // An empty collection has the number of its own first token here. go-yaml then hands that out before it sees the
        // colon behind `{}`, and ends the document there.
        if self.flow() > 0
            && let Some(key) = self.keys.pop()
        {
            self.key_of_token.remove(&key.token);
        }
        self.is_key_allowed = false;
        self.push_passed(kind, 1);
        Ok(())
    }

    fn fetch_entry(&mut self) -> Scanned {
        if self.flow() == 0 {
            if !self.is_key_allowed {
                let problem = "block sequence entries are not allowed in this context";
                return self.fail("", self.mark, problem);
            }
            self.roll(self.mark, None, TokenKind::SequenceStart)?;
        }
        self.drop_key()?;
        self.is_key_allowed = true;
        self.push_passed(TokenKind::Entry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Scanned {
        if self.flow() == 0 {
            if !self.is_key_allowed {
                return self.fail("", self.mark, "mapping keys are not allowed in this context");
            }
            self.roll(self.mark, None, TokenKind::MappingStart)?;
        }
        self.drop_key()?;
        self.is_key_allowed = self.flow() == 0;
        self.push_passed(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Scanned {
        let level = self.flow();
        if self.is_key_possible(level)? {
            let key = self.keys[level];
            self.forget_key(level);
            self.insert(Some(key.token), TokenKind::Key, key.mark);
            self.roll(key.mark, Some(key.token), TokenKind::MappingStart)?;
            self.is_key_allowed = false;
        } else {
            if level == 0 {
                if !self.is_key_allowed {
                    return self.fail("", self.mark, "mapping values are not allowed in this context");
                }
                self.roll(self.mark, None, TokenKind::MappingStart)?;
            }
            self.is_key_allowed = level == 0;
        }
        self.push_passed(TokenKind::Value, 1);
        Ok(())
    }

    /// An anchor or an alias.
    fn fetch_name(&mut self, kind: fn(String) -> TokenKind) -> Scanned {
        self.save_key()?;
        self.is_key_allowed = false;
        let start = self.mark;
        self.pass();
        let name = self.word();
        let is_ended = self.is_gap(0) || b"?:,]}%@`".contains(&self.byte(0));
        let kind = kind(name);
        let (TokenKind::Alias(name) | TokenKind::Anchor(name)) = &kind else { return Ok(()) };
        if name.is_empty() || !is_ended {
            let is_alias = matches!(kind, TokenKind::Alias(_));
            let context = if is_alias { "while scanning an alias" } else { "while scanning an anchor" };
            return self.fail(context, start, "did not find expected alphabetic or numeric character");
        }
        self.push(kind, start);
        Ok(())
    }

    /// Letters, digits, `-` and `_`.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while self.byte(0).is_ascii_alphanumeric() || matches!(self.byte(0), b'-' | b'_') {
            self.copy(&mut word);
        }
        word
    }

    fn fetch_directive(&mut self) -> Scanned {
        const CONTEXT: &str = "while scanning a directive";
        self.unroll(-1);
        self.drop_key()?;
        self.is_key_allowed = false;
        let start = self.mark;
        self.pass();
        let name = self.word();
        if name.is_empty() {
            return self.fail(CONTEXT, start, "could not find expected directive name");
        }
        if !self.is_gap(0) {
            return self.fail(CONTEXT, start, "found unexpected non-alphabetical character");
        }
        let kind = match name.as_str() {
            "YAML" => self.scan_version(start)?,
            "TAG" => self.scan_tag_prefix(start)?,
            _ => return self.fail(CONTEXT, start, "found unknown directive name"),
        };
        self.push(kind, start);
        self.pass_blanks();
        self.pass_comment();
        if !self.ends_line() {
            return self.fail(CONTEXT, start, "did not find expected comment or line break");
        }
        self.pass_break();
        Ok(())
    }

    fn scan_version(&mut self, start: Mark) -> Scanned<TokenKind> {
        const CONTEXT: &str = "while scanning a %YAML directive";
        self.pass_blanks();
        let major = self.scan_version_number(start)?;
        if self.byte(0) != b'.' {
            return self.fail(CONTEXT, start, "did not find expected digit or '.' character");
        }
        self.pass();
        Ok(TokenKind::Version(major, self.scan_version_number(start)?))
    }

    fn scan_version_number(&mut self, start: Mark) -> Scanned<u8> {
        const CONTEXT: &str = "while scanning a %YAML directive";
        let (mut number, mut length) = (0, 0);
        while self.byte(0).is_ascii_digit() {
            length += 1;
            if length > 2 {
                return self.fail(CONTEXT, start, "found extremely long version number");
            }
            number = number * 10 + (self.byte(0) - b'0');
            self.pass();
        }
        if length == 0 {
            return self.fail(CONTEXT, start, "did not find expected version number");
        }
        Ok(number)
    }

    fn scan_tag_prefix(&mut self, start: Mark) -> Scanned<TokenKind> {
        const CONTEXT: &str = "while scanning a %TAG directive";
        const URI_CONTEXT: &str = "while parsing a %TAG directive";
        self.pass_blanks();
        let handle = self.tag_handle(start, URI_CONTEXT)?;
        if handle.len() > 1 && !handle.ends_with('!') {
            return self.fail(URI_CONTEXT, start, "did not find expected '!'");
        }
        if !self.is_blank(0) {
            return self.fail(CONTEXT, start, "did not find expected whitespace");
        }
        self.pass_blanks();
        let prefix = self.tag_uri("", false, start, URI_CONTEXT)?;
        if !self.is_gap(0) {
            return self.fail(CONTEXT, start, "did not find expected whitespace or line break");
        }
        Ok(TokenKind::TagPrefix { handle, prefix })
    }

    /// `!suffix`, `!handle!suffix` or `!<uri>`.
    fn scan_tag(&mut self) -> Scanned {
        const CONTEXT: &str = "while scanning a tag";
        const URI_CONTEXT: &str = "while parsing a tag";
        let start = self.mark;
        let (handle, suffix) = if self.byte(1) == b'<' {
            self.pass();
            self.pass();
            let suffix = self.tag_uri("", false, start, URI_CONTEXT)?;
            if self.byte(0) != b'>' {
                return self.fail(CONTEXT, start, "did not find the expected '>'");
            }
            self.pass();
            (String::new(), suffix)
        } else {
            let handle = self.tag_handle(start, URI_CONTEXT)?;
            if handle.len() > 1 && handle.ends_with('!') {
                let suffix = self.tag_uri("", false, start, URI_CONTEXT)?;
                (handle, suffix)
            } else {
                let suffix = self.tag_uri(&handle[1..], true, start, URI_CONTEXT)?;
                if suffix.is_empty() { (suffix, "!".to_owned()) } else { ("!".to_owned(), suffix) }
            }
        };
        if !self.is_gap(0) {
            return self.fail(CONTEXT, start, "did not find expected whitespace or line break");
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    /// `!`, `!name!`, or `!name`, which is no handle after all.
    fn tag_handle(&mut self, start: Mark, context: &'static str) -> Scanned<String> {
        if self.byte(0) != b'!' {
            return self.fail(context, start, "did not find expected '!'");
        }
        self.pass();
        let mut handle = format!("!{}", self.word());
        if self.byte(0) == b'!' {
            self.copy(&mut handle);
        }
        Ok(handle)
    }

    /// What follows `head`, percent signs decoded.
    fn tag_uri(
        &mut self,
        head: &str,
        may_be_empty: bool,
        start: Mark,
        context: &'static str,
    ) -> Scanned<String> {
        let mut uri = head.as_bytes().to_vec();
        let mut is_empty = !may_be_empty;
        loop {
            match self.byte(0) {
                b'%' => self.uri_escape(&mut uri, start, context)?,
                byte if byte.is_ascii_alphanumeric() || b"-_;/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.pass();
                }
                _ => break,
            }
            is_empty = false;
        }
        if is_empty {
            return self.fail(context, start, "did not find expected tag URI");
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    /// One character in percent notation.
    fn uri_escape(&mut self, uri: &mut Vec<u8>, start: Mark, context: &'static str) -> Scanned {
        let mut left = None;
        while left != Some(0) {
            let digits = self.rest().get(1..3).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            let octet = digits.filter(|_| self.byte(0) == b'%');
            let Some(octet) = octet.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                return self.fail(context, start, "did not find URI escaped octet");
            };
            left = Some(match left {
                None => match octet {
                    0x00..=0x7f => 0,
                    0xc0..=0xdf => 1,
                    0xe0..=0xef => 2,
                    0xf0..=0xf7 => 3,
                    _ => return self.fail(context, start, "found an incorrect leading UTF-8 octet"),
                },
                Some(_) if octet & 0xc0 != 0x80 => {
                    return self.fail(context, start, "found an incorrect trailing UTF-8 octet");
                }
                Some(left) => left - 1,
            });
            uri.push(octet);
            for _ in 0..3 {
                self.pass();
            }
        }
        Ok(())
    }

    fn fetch_block_scalar(&mut self, style: Style) -> Scanned {
        const CONTEXT: &str = "while scanning a block scalar";
        self.drop_key()?;
        self.is_key_allowed = true;
        let start = self.mark;
        self.pass();
        let (mut chomping, mut increment) = (None, None);
        for _ in 0..2 {
            match self.byte(0) {
                sign @ (b'+' | b'-') if chomping.is_none() => chomping = Some(sign),
                b'0' if increment.is_none() => {
                    return self.fail(CONTEXT, start, "found an indentation indicator equal to 0");
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(isize::from(digit - b'0')),
                _ => break,
            }
            self.pass();
        }
        self.pass_blanks();
        self.pass_comment();
        if !self.ends_line() {
            return self.fail(CONTEXT, start, "did not find expected comment or line break");
        }
        self.pass_break();
        let mut end = self.mark;
        let mut indent = increment.map(|increment| self.indent.max(0) + increment);
        let mut value = String::new();
        // The break before the next line, and those of the empty lines after it.
        let (mut first_break, mut breaks) = ("", String::new());
        self.scan_breaks(&mut indent, &mut breaks, start, &mut end)?;
        let mut after_blank = false;
        while Some(self.column()) == indent && !self.is_end() {
            let is_blank = self.is_blank(0);
            let folds = style == Style::Folded && !after_blank && !is_blank && first_break == "\n";
            if !folds {
                value.push_str(first_break);
            } else if breaks.is_empty() {
                value.push(' ');
            }
            value.push_str(&breaks);
            breaks.clear();
            after_blank = is_blank;
            while !self.ends_line() {
                self.copy(&mut value);
            }
            first_break = self.pass_break();
            self.scan_breaks(&mut indent, &mut breaks, start, &mut end)?;
        }
        if chomping != Some(b'-') {
            value.push_str(first_break);
        }
        if chomping == Some(b'+') {
            value.push_str(&breaks);
        }
        self.tokens.push_back(Token { kind: TokenKind::Scalar { value, style }, start, end });
        Ok(())
    }

    /// Passes the empty lines of a block scalar and the indentation after them, which it finds if it is not known.
    fn scan_breaks(
        &mut self,
        indent: &mut Option<isize>,
        breaks: &mut String,
        start: Mark,
        end: &mut Mark,
    ) -> Scanned {
        *end = self.mark;
        let mut deepest = 0;
        loop {
            let is_before = |scanner: &Self| indent.is_none_or(|indent| scanner.column() < indent);
            while is_before(self) && self.byte(0) == b' ' {
                self.pass();
            }
            deepest = deepest.max(self.column());
            if is_before(self) && self.byte(0) == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return self.fail("while scanning a block scalar", start, problem);
            }
            if !self.is_break() {
                break;
            }
            breaks.push_str(self.pass_break());
            *end = self.mark;
        }
        indent.get_or_insert(deepest.max(self.indent + 1).max(1));
        Ok(())
    }

    fn scan_quoted(&mut self, quote: u8) -> Scanned {
        const CONTEXT: &str = "while scanning a quoted scalar";
        let is_single = quote == b'\'';
        let start = self.mark;
        self.pass();
        let mut value = String::new();
        loop {
            if self.is_document_mark("---") || self.is_document_mark("...") {
                return self.fail(CONTEXT, start, "found unexpected document indicator");
            }
            if self.is_end() {
                return self.fail(CONTEXT, start, "found unexpected end of stream");
            }
            let mut after_break = false;
            while !self.is_gap(0) {
                match self.byte(0) {
                    b'\'' if is_single && self.byte(1) == b'\'' => {
                        value.push('\'');
                        self.pass();
                        self.pass();
                    }
                    byte if byte == quote => break,
                    b'\\' if !is_single && self.break_width(1) > 0 => {
                        self.pass();
                        self.pass_break();
                        after_break = true;
                        break;
                    }
                    b'\\' if !is_single => self.scan_escape(&mut value, start)?,
                    _ => self.copy(&mut value),
                }
            }
            if self.byte(0) == quote {
                break;
            }
            self.scan_fold(&mut value, after_break);
        }
        self.pass();
        let style = if is_single { Style::SingleQuoted } else { Style::DoubleQuoted };
        self.push(TokenKind::Scalar { value, style }, start);
        Ok(())
    }

    /// Passes the white space inside a quoted scalar: blanks stay, or are gone around a line break, which becomes a space or
    /// those of the empty lines after it.
    fn scan_fold(&mut self, value: &mut String, mut after_break: bool) {
        let (mut blanks, mut first_break, mut breaks) = (String::new(), "", String::new());
        loop {
            if self.is_blank(0) {
                if after_break { self.pass() } else { self.copy(&mut blanks) }
            } else if self.is_break() {
                if after_break {
                    breaks.push_str(self.pass_break());
                } else {
                    first_break = self.pass_break();
                    after_break = true;
                }
            } else {
                break;
            }
        }
        if !after_break {
            value.push_str(&blanks);
        } else if first_break == "\n" && breaks.is_empty() {
            value.push(' ');
        } else {
            value.push_str(if first_break == "\n" { "" } else { first_break });
            value.push_str(&breaks);
        }
    }

    fn scan_escape(&mut self, value: &mut String, start: Mark) -> Scanned {
        const CONTEXT: &str = "while parsing a quoted scalar";
        let (read, digits) = match self.byte(1) {
            b'0' => ('\0', 0),
            b'a' => ('\u{7}', 0),
            b'b' => ('\u{8}', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\u{b}', 0),
            b'f' => ('\u{c}', 0),
            b'r' => ('\r', 0),
            b'e' => ('\u{1b}', 0),
            literal @ (b' ' | b'"' | b'\'' | b'\\') => (char::from(literal), 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{a0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return self.fail(CONTEXT, start, "found unknown escape character"),
        };
        self.pass();
        self.pass();
        if digits == 0 {
            value.push(read);
            return Ok(());
        }
        let code = self.rest().get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = code.and_then(|code| u32::from_str_radix(code, 16).ok()) else {
            return self.fail(CONTEXT, start, "did not find expected hexdecimal number");
        };
        let Some(read) = char::from_u32(code) else {
            return self.fail(CONTEXT, start, "found invalid Unicode character escape code");
        };
        value.push(read);
        for _ in 0..digits {
            self.pass();
        }
        Ok(())
    }

    fn scan_plain(&mut self) -> Scanned {
        let start = self.mark;
        let mut end = start;
        let mut value = String::new();
        let (mut blanks, mut first_break, mut breaks) = (String::new(), "", String::new());
        let mut after_break = false;
        let in_flow = self.flow() > 0;
        loop {
            if self.is_document_mark("---") || self.is_document_mark("...") || self.byte(0) == b'#' {
                break;
            }
            while !self.is_gap(0) {
                let ends = match self.byte(0) {
                    b':' => self.is_gap(1),
                    b',' | b'?' | b'[' | b']' | b'{' | b'}' => in_flow,
                    _ => false,
                };
                if ends {
                    break;
                }
                if after_break {
                    if first_break != "\n" {
                        value.push_str(first_break);
                    } else if breaks.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(&breaks);
                    breaks.clear();
                    after_break = false;
                } else {
                    value.push_str(&blanks);
                    blanks.clear();
                }
                self.copy(&mut value);
                end = self.mark;
            }
            if !self.is_blank(0) && !self.is_break() {
                break;
            }
            loop {
                if self.is_blank(0) {
                    if after_break && self.column() <= self.indent && self.byte(0) == b'\t' {
                        let problem = "found a tab character that violates indentation";
                        return self.fail("while scanning a plain scalar", start, problem);
                    }
                    if after_break { self.pass() } else { self.copy(&mut blanks) }
                } else if self.is_break() {
                    if after_break {
                        breaks.push_str(self.pass_break());
                    } else {
                        blanks.clear();
                        first_break = self.pass_break();
                        after_break = true;
                    }
                } else {
                    break;
                }
            }
            if !in_flow && self.column() <= self.indent {
                break;
            }
        }
        self.tokens.push_back(Token { kind: TokenKind::Scalar { value, style: Style::Plain }, start, end });
        if after_break {
            self.is_key_allowed = true;
        }
        Ok(())
    }
}
