//! How Sprig's libraries find words in a text and change their case.

use std::ops::Range;

use crate::text::{Buffer, Text};
use crate::unicode::{self, is_lower, is_number, is_punctuation, is_title, is_upper};
use crate::value::Value;

/// A letter in upper case, if that is one letter: Go's mapping is from one to one.
pub(super) fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// A letter in lower case; the dot of a capital `I` with one is lost.
pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// A letter at the start of a word. Characters such as `ǆ` have a title case of their own, `ǅ`.
fn title_case(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        _ => upper(c),
    }
}

/// Upper case for the first letter of every word.
pub(crate) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if is_separator(before) {
            out.push(title_case(c));
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        !c.is_ascii_alphanumeric() && c != '_'
    } else {
        !c.is_alphanumeric() && c.is_whitespace()
    }
}

/// Lower case for the first letter of every word between white space.
pub(crate) fn untitle(text: &str) -> String {
    after_space(text, |c, first| if first { lower(c) } else { c })
}

/// Every letter in the other case.
pub(crate) fn swap_case(text: &str) -> String {
    after_space(text, |c, first| {
        if is_upper(c) || is_title(c) {
            lower(c)
        } else if is_lower(c) && first {
            title_case(c)
        } else if is_lower(c) {
            upper(c)
        } else {
            c
        }
    })
}

/// The first bytes, taken for characters, of the words between white space.
pub(crate) fn initials(text: &[u8]) -> String {
    let starts = text.split(u8::is_ascii_whitespace).filter_map(|word| word.first());
    starts.map(|byte| char::from(*byte)).collect()
}

/// Every byte, taken for a character, but for white space; nothing if there is no white space to leave out.
pub(crate) fn without_space(text: &[u8]) -> Option<String> {
    let is_space = |byte: u8| char::from(byte).is_whitespace();
    let kept = || text.iter().filter(|byte| !is_space(**byte)).map(|byte| char::from(*byte)).collect();
    text.iter().any(|byte| is_space(*byte)).then(kept)
}

fn after_space(text: &str, change: impl Fn(char, bool) -> char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        out.push(change(c, first));
        first = c.is_whitespace();
    }
    out
}

/// What a run of characters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Number,
    Upper,
    Lower,
    Connector,
    Punctuation,
    Other,
}

/// `snakecase` and `kebabcase`: words in lower case with `connector` between them. A number belongs to
/// the word before it unless lower-case letters follow: `HTTP2xx` is `http_2xx`, `Bld4Floor` `bld4_floor`.
pub(crate) fn separated(text: &Text<'_>, connector: char) -> Value {
    let characters = text.characters();
    let mut out = Buffer::with_capacity(characters.len() + 4);
    let joins = |kind: Word| !matches!(kind, Word::Connector | Word::Punctuation);
    let (mut kind, mut word) = next_word(characters, 0);
    while word.end < characters.len() {
        if kind != Word::Connector {
            lower_word(&mut out, kind, text, &word, connector);
        }
        let (before, last) = (kind, word.clone());
        (kind, word) = next_word(characters, word.end);
        match before {
            Word::Number => {
                while matches!(kind, Word::Lower | Word::Number) {
                    lower_word(&mut out, kind, text, &word, connector);
                    (kind, word) = next_word(characters, word.end);
                }
                if kind != Word::None && joins(kind) {
                    out.push(connector);
                }
            }
            Word::Connector => lower_word(&mut out, before, text, &last, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if joins(kind) {
                    out.push(connector);
                }
            }
            _ if word.end == characters.len() => {}
            _ => {
                let number = word.clone();
                (kind, word) = next_word(characters, word.end);
                if kind != Word::Lower {
                    lower_word(&mut out, Word::Number, text, &number, connector);
                    if joins(kind) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                lower_word(&mut out, Word::Number, text, &number, connector);
                while matches!(kind, Word::Lower | Word::Number) {
                    lower_word(&mut out, kind, text, &word, connector);
                    (kind, word) = next_word(characters, word.end);
                }
                if kind != Word::None && joins(kind) {
                    out.push(connector);
                }
            }
        }
    }
    lower_word(&mut out, kind, text, &word, connector);
    out.into_value()
}

/// Writes a word. Only where its case may change, bytes that are not UTF-8 are replaced.
fn lower_word(out: &mut Buffer, kind: Word, text: &Text<'_>, word: &Range<usize>, connector: char) {
    if !matches!(kind, Word::Upper | Word::Connector) {
        out.push_bytes(text.bytes_of(word.clone()));
        return;
    }
    for c in text.characters()[word.clone()].chars() {
        out.push(match c {
            _ if is_connector(c) => connector,
            _ if is_upper(c) => lower(c),
            _ => c,
        });
    }
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// Whether a character is of a word. Those of Chinese are not: there, words are not found by case.
fn is_alphabetic(c: char) -> bool {
    let is_chinese =
        matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}');
    unicode::is_letter(c) && !is_chinese
}

/// The word that starts at an offset in a text, and what it is.
fn next_word(text: &str, start: usize) -> (Word, Range<usize>) {
    let (Some(first), after_first) = next_character(text, start, None) else {
        return (Word::None, start..text.len());
    };
    let next = |offset: usize, before: char| {
        let (c, end) = next_character(text, offset, Some(before));
        (c.unwrap_or(before), end)
    };
    // Where the characters that belong to a run end, and what follows.
    let run = |from: usize, before: char, belongs: &dyn Fn(char) -> bool| {
        let (mut end, mut before) = (from, before);
        while end < text.len() {
            let (c, after) = next(end, before);
            if !belongs(c) {
                break;
            }
            (before, end) = (c, after);
        }
        end
    };
    let small = |c: char| is_alphabetic(c) && !is_upper(c);
    let (kind, end) = if is_connector(first) {
        (Word::Connector, run(after_first, first, &is_connector))
    } else if is_punctuation(first) {
        (Word::Punctuation, run(after_first, first, &is_punctuation))
    } else if is_upper(first) {
        let (second, after_second) = next(after_first, first);
        let end = if after_first == text.len() {
            after_first
        } else if is_upper(second) {
            let (mut last, mut end, mut before) = (after_first, after_second, second);
            let mut following = second;
            while end < text.len() {
                let after;
                (following, after) = next(end, before);
                if !is_upper(following) {
                    break;
                }
                (last, end, before) = (end, after, following);
            }
            // In `HTTPStatus` the last capital begins the next word.
            if end < text.len() && is_alphabetic(following) { last } else { end }
        } else if is_alphabetic(second) {
            run(after_second, second, &small)
        } else {
            after_first
        };
        (Word::Upper, end)
    } else if is_alphabetic(first) {
        (Word::Lower, run(after_first, first, &small))
    } else if is_number(first) {
        (Word::Number, run(after_first, first, &is_number))
    } else {
        let other = |c: char| !is_connector(c) && !is_alphabetic(c) && !is_number(c) && !is_punctuation(c);
        (Word::Other, run(after_first, first, &other))
    };
    (kind, start..end)
}

/// The character at an offset and where it ends. What reads as U+FFFD belongs to the character that follows it, or, at
/// the end, repeats the one before.
fn next_character(text: &str, start: usize, before: Option<char>) -> (Option<char>, usize) {
    let rest = text[start..].trim_start_matches(char::REPLACEMENT_CHARACTER);
    match rest.chars().next() {
        Some(c) => (Some(c), text.len() - rest.len() + c.len_utf8()),
        None => (before, text.len()),
    }
}

/// `camelcase`: words joined, each with a capital first; connectors at the ends and doubled ones stay.
pub(crate) fn pascal_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut current = None;
    for c in chars.by_ref() {
        if !is_connector(c) {
            current = Some(c);
            break;
        }
        out.push(c);
    }
    let Some(first) = current else {
        // Of connectors alone, the last one is written twice.
        out.extend(text.chars().next_back());
        return out;
    };
    let mut capitals = is_upper(first);
    let mut current = upper(first);
    for c in chars {
        let before = std::mem::replace(&mut current, c);
        if is_connector(c) && is_connector(before) {
            out.push(before);
        } else if is_connector(before) {
            capitals = is_upper(c);
            current = upper(c);
        } else {
            if capitals {
                if is_upper(c) {
                    current = lower(c);
                } else {
                    capitals = false;
                }
            }
            out.push(before);
        }
    }
    out.push(current);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_case_and_numbers() {
        for (text, expected) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("GO-PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("a中文b", "a_中文_b"),
            ("“Ab”Cd。ⅧⅧa", "“ab”cd。ⅧⅧa"),
        ] {
            let written = separated(&Text::new(text.as_bytes()), '_');
            assert_eq!(written.as_str(), Some(expected), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_belong_to_the_word_that_follows() {
        for (text, expected) in [
            (&b"\xff"[..], &b"\xff"[..]),
            (b"a\xff", b"a\xff"),
            (b"A\xff", "a\u{fffd}".as_bytes()),
            (b"1\xff2", b"1\xff2"),
            (b".\xff.", b".\xff."),
            (b"_\xff_", "_\u{fffd}_".as_bytes()),
            (b"Aa\xffBb", "aa_\u{fffd}bb".as_bytes()),
            (b"AB\xffC", "ab\u{fffd}c".as_bytes()),
            (b"AB\xffCd", "ab_\u{fffd}cd".as_bytes()),
        ] {
            let written = separated(&Text::new(text), '_');
            assert_eq!(written.as_string(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn cases_of_words() {
        assert_eq!(pascal_case("http_server"), "HttpServer");
        assert_eq!(pascal_case("HTTP-server url"), "HttpServerUrl");
        assert_eq!(title("a b_c d-e"), "A B_c D-E");
        assert_eq!(untitle("First Try"), "first try");
        assert_eq!(swap_case("aB ǅ ǆ xǆ Ⅷ"), "Ab ǆ ǅ XǄ Ⅷ");
        assert_eq!(initials(b"First  Try x"), "FTx");
        assert_eq!(
            (pascal_case(" "), pascal_case("-_"), pascal_case("-a")),
            ("  ".into(), "-__".into(), "-A".into())
        );
    }

    #[test]
    fn bytes_are_characters_where_white_space_is_left_out() {
        assert_eq!(without_space("é😀ß".as_bytes()), None);
        assert_eq!(without_space("a é\u{a0}".as_bytes()).as_deref(), Some("aÃ©Â"));
    }
}
