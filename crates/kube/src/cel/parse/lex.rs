//! The tokens of an expression: the lexical part of the language definition (`doc/langdef.md` of cel-spec), with the
//! literals as cel-go reads them.

use crate::cel::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    /// `` `a-b` ``
    EscapedIdent,
    Int,
    Uint,
    Float,
    String,
    Bytes,
    /// An operator, a bracket, or one of the words `in`, `true`, `false` and `null`.
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

const WORDS: [&str; 4] = ["in", "true", "false", "null"];

/// Longer operators stand before those that they begin with.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":",
    "+", "*", "/", "%",
];

/// Splits an expression into tokens, of which the last is [`Kind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, Error> {
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(start) = skip_blank(source, at) {
        let (kind, length) = token(&source[start..]).map_err(|length| {
            let text = &source[start..][..length];
            Error::at(start, format!("Syntax error: token recognition error at: '{text}'"))
        })?;
        at = start + length;
        tokens.push(Token { kind, start, end: at });
    }
    tokens.push(Token { kind: Kind::End, start: source.len(), end: source.len() });
    Ok(tokens)
}

/// Where the next token starts.
fn skip_blank(source: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = source[at..].trim_start_matches(['\t', ' ', '\r', '\n', '\u{c}']);
        at = source.len() - rest.len();
        if !rest.starts_with("//") {
            return (!rest.is_empty()).then_some(at);
        }
        at += rest.find('\n').unwrap_or(rest.len());
    }
}

/// The token at the start of a text and its length, or the length of what is not one.
fn token(text: &str) -> Result<(Kind, usize), usize> {
    let first = text.chars().next().unwrap_or_default();
    if let Some(literal) = string(text) {
        return literal;
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = run(text, |c| c.is_ascii_alphanumeric() || c == '_');
        let word = WORDS.into_iter().find(|word| *word == &text[..length]);
        return Ok((word.map_or(Kind::Ident, Kind::Symbol), length));
    }
    if let Some(number) = number(text) {
        return Ok(number);
    }
    if let Some(inner) = text.strip_prefix('`') {
        let length = run(inner, |c| c.is_ascii_alphanumeric() || "_.-/ ".contains(c));
        let is_closed = length > 0 && inner[length..].starts_with('`');
        return if is_closed { Ok((Kind::EscapedIdent, length + 2)) } else { Err(1) };
    }
    let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign));
    sign.map(|sign| (Kind::Symbol(sign), sign.len())).ok_or(first.len_utf8())
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn digits(text: &str) -> usize {
    run(text, |c| c.is_ascii_digit())
}

fn number(text: &str) -> Option<(Kind, usize)> {
    let with_suffix = |length: usize| {
        let is_unsigned = text[length..].starts_with(['u', 'U']);
        if is_unsigned { (Kind::Uint, length + 1) } else { (Kind::Int, length) }
    };
    if let Some(hex) = text.strip_prefix("0x") {
        let length = run(hex, |c| c.is_ascii_hexdigit());
        if length > 0 {
            return Some(with_suffix(2 + length));
        }
    }
    let whole = digits(text);
    let fraction = text[whole..].strip_prefix('.').map_or(0, digits);
    let mantissa = if fraction > 0 { whole + 1 + fraction } else { whole };
    if mantissa == 0 {
        return None;
    }
    let exponent = text[mantissa..].strip_prefix(['e', 'E']).map_or(0, |rest| {
        let sign = usize::from(rest.starts_with(['+', '-']));
        let power = digits(&rest[sign..]);
        if power > 0 { 1 + sign + power } else { 0 }
    });
    Some(if fraction > 0 || exponent > 0 { (Kind::Float, mantissa + exponent) } else { with_suffix(whole) })
}

/// The parts of a string or bytes literal.
struct Quoted<'t> {
    is_bytes: bool,
    is_raw: bool,
    /// Three or one of them.
    quote: &'t str,
    /// Where the text starts.
    start: usize,
}

impl<'t> Quoted<'t> {
    /// How a literal starts; `None` if the text does not start with one.
    fn of(text: &'t str) -> Option<Self> {
        let bytes = usize::from(text.starts_with(['b', 'B']));
        let raw = usize::from(text[bytes..].starts_with(['r', 'R']));
        let rest = &text[bytes + raw..];
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote))?;
        let start = bytes + raw + quote.len();
        Some(Self { is_bytes: bytes > 0, is_raw: raw > 0, quote: &rest[..quote.len()], start })
    }
}

/// A string or bytes literal at the start of a text.
fn string(text: &str) -> Option<Result<(Kind, usize), usize>> {
    let quoted = Quoted::of(text)?;
    let kind = if quoted.is_bytes { Kind::Bytes } else { Kind::String };
    let mut at = quoted.start;
    loop {
        let rest = &text[at..];
        if rest.starts_with(quoted.quote) {
            return Some(Ok((kind, at + quoted.quote.len())));
        }
        let Some(c) = rest.chars().next() else { return Some(Err(text.len())) };
        let is_end_of_line = quoted.quote.len() == 1 && matches!(c, '\n' | '\r');
        let escape = if c == '\\' && !quoted.is_raw { escape_length(rest) } else { Some(c.len_utf8()) };
        match escape {
            Some(length) if !is_end_of_line => at += length,
            _ => return Some(Err((at + c.len_utf8()).min(text.len()))),
        }
    }
}

/// The length of the escape sequence at the start of a text.
fn escape_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_hex =
        |count: usize| bytes.len() >= 2 + count && bytes[2..2 + count].iter().all(u8::is_ascii_hexdigit);
    match bytes.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => Some(2),
        b'x' | b'X' if is_hex(2) => Some(4),
        b'u' if is_hex(4) => Some(6),
        b'U' if is_hex(8) => Some(10),
        b'0'..=b'3' if bytes.len() >= 4 && bytes[2..4].iter().all(|digit| (b'0'..=b'7').contains(digit)) => {
            Some(4)
        }
        _ => None,
    }
}

/// The text of a string literal.
pub(super) fn string_value(literal: &str) -> Result<String, &'static str> {
    String::from_utf8(unescape(literal)?).map_err(|_| "unable to unescape string")
}

/// The bytes of a bytes literal.
pub(super) fn bytes_value(literal: &str) -> Result<Vec<u8>, &'static str> {
    unescape(literal)
}

fn unescape(literal: &str) -> Result<Vec<u8>, &'static str> {
    const BROKEN: &str = "unable to unescape string";
    let quoted = Quoted::of(literal).ok_or(BROKEN)?;
    let text = &literal[quoted.start..literal.len() - quoted.quote.len()];
    // Every end of a line is one of Unix.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if quoted.is_raw {
        return Ok(text.into_bytes());
    }
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_str());
    while let Some(start) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..start]);
        rest = &rest[start..];
        let (sequence, after) = rest.split_at(escape_length(rest).ok_or(BROKEN)?);
        rest = after;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).map_err(|_| BROKEN);
        let code = match sequence.as_bytes()[1] {
            b'a' => 7,
            b'b' => 8,
            b't' => 9,
            b'n' => 10,
            b'v' => 11,
            b'f' => 12,
            b'r' => 13,
            b'u' | b'U' if quoted.is_bytes => return Err(BROKEN),
            b'x' | b'X' | b'u' | b'U' => number(&sequence[2..], 16)?,
            b'0'..=b'3' => number(&sequence[1..], 8)?,
            other => other.into(),
        };
        match u8::try_from(code) {
            Ok(byte) if quoted.is_bytes => out.push(byte),
            _ => {
                let character = char::from_u32(code).ok_or("invalid unicode code point")?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}
