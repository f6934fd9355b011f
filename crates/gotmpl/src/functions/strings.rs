//! Sprig's functions over strings. Positions count bytes, as in Go.

use std::sync::Arc;

use super::{cast, words};
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, fixed, variadic};
use crate::text::{Buffer, Text};
use crate::value::{Args, Elem, Entries, Map, Value};

/// The longest text that is made of a number alone, or by replacing.
const MAX_LENGTH: usize = 64 << 20;

pub(crate) const TABLE: &[Function] = &[
    fixed("toString", 1, |args| match args.any(0) {
        value @ (Value::Str(_) | Value::Raw(_)) => Ok(value.clone()),
        other => {
            other.check_size()?;
            Ok(Value::from_bytes(&cast::text(other)))
        }
    }),
    fixed("trim", 1, |args| Ok(trim(&args.text(0)?, char::is_whitespace))),
    fixed("trimAll", 2, trim_all),
    fixed("trimall", 2, trim_all),
    fixed("trimSuffix", 2, |args| {
        let (suffix, text) = (args.bytes(0)?, args.bytes(1)?);
        match text.strip_suffix(suffix) {
            Some(cut) if !suffix.is_empty() => Ok(Value::from_bytes(cut)),
            _ => Ok(args.any(1).clone()),
        }
    }),
    fixed("trimPrefix", 2, |args| {
        let (prefix, text) = (args.bytes(0)?, args.bytes(1)?);
        match text.strip_prefix(prefix) {
            Some(cut) if !prefix.is_empty() => Ok(Value::from_bytes(cut)),
            _ => Ok(args.any(1).clone()),
        }
    }),
    // Go maps characters, and a byte that is not part of one becomes U+FFFD.
    fixed("upper", 1, |args| {
        Ok(args.text(0)?.characters().chars().map(words::upper).collect::<String>().into())
    }),
    fixed("lower", 1, |args| {
        Ok(args.text(0)?.characters().chars().map(words::lower).collect::<String>().into())
    }),
    fixed("title", 1, |args| Ok(words::title(args.text(0)?.characters()).into())),
    fixed("untitle", 1, |args| Ok(words::untitle(args.text(0)?.characters()).into())),
    fixed("swapcase", 1, |args| Ok(words::swap_case(args.text(0)?.characters()).into())),
    fixed("initials", 1, |args| Ok(words::initials(args.bytes(0)?).into())),
    fixed("snakecase", 1, |args| Ok(words::separated(&args.text(0)?, '_'))),
    fixed("kebabcase", 1, |args| Ok(words::separated(&args.text(0)?, '-'))),
    fixed("camelcase", 1, |args| Ok(words::pascal_case(args.text(0)?.characters()).into())),
    fixed("nospace", 1, |args| {
        Ok(words::without_space(args.bytes(0)?).map_or_else(|| args.any(0).clone(), Value::from))
    }),
    fixed("repeat", 2, |args| {
        let (count, text) = (args.int(0)?, args.bytes(1)?);
        let count = usize::try_from(count).map_err(|_| Error::new("negative Repeat count"))?;
        bounded(count.saturating_mul(text.len()))?;
        Ok(Value::from_bytes(&text.repeat(count)))
    }),
    fixed("substr", 3, substr),
    fixed("trunc", 2, trunc),
    fixed("abbrev", 2, |args| {
        let (width, text) = (args.int(0)?, args.bytes(1)?);
        Ok(if width < 4 { args.any(1).clone() } else { Value::from_bytes(&abbreviate(text, 0, size(width))) })
    }),
    fixed("abbrevboth", 3, |args| {
        let (left, right, text) = (args.int(0)?, args.int(1)?, args.bytes(2)?);
        if right < 4 || left > 0 && right < 7 {
            return Ok(args.any(2).clone());
        }
        Ok(Value::from_bytes(&abbreviate(text, size(left), size(right))))
    }),
    fixed("wrap", 2, |args| Ok(Value::from_bytes(&wrap(args.bytes(1)?, args.int(0)?, b"", false)?))),
    fixed("wrapWith", 3, |args| {
        Ok(Value::from_bytes(&wrap(args.bytes(2)?, args.int(0)?, args.bytes(1)?, true)?))
    }),
    fixed("contains", 2, |args| {
        Ok(Value::Bool(memchr::memmem::find(args.bytes(1)?, args.bytes(0)?).is_some()))
    }),
    fixed("hasPrefix", 2, |args| Ok(Value::Bool(args.bytes(1)?.starts_with(args.bytes(0)?)))),
    fixed("hasSuffix", 2, |args| Ok(Value::Bool(args.bytes(1)?.ends_with(args.bytes(0)?)))),
    fixed("replace", 3, |args| {
        let (old, new, text) = (args.bytes(0)?, args.bytes(1)?, args.bytes(2)?);
        Ok(Value::from_bytes(&replace(text, old, new)?))
    }),
    variadic("quote", 0, |args| {
        quote(args, |value, out| out.push_str(&fmt::quote(value.as_bytes().unwrap_or(&fmt::print(value)))))
    }),
    variadic("squote", 0, |args| {
        quote(args, |value, out| {
            out.push('\'');
            out.push_bytes(&fmt::print(value));
            out.push('\'');
        })
    }),
    variadic("cat", 0, |args| quote(args, |value, out| out.push_bytes(&fmt::print(value)))),
    fixed("indent", 2, |args| indent("", args)),
    fixed("nindent", 2, |args| indent("\n", args)),
    fixed("plural", 3, |args| {
        let (one, many) = (args.bytes(0)?, args.bytes(1)?);
        Ok(Value::from_bytes(if args.int(2)? == 1 { one } else { many }))
    }),
    fixed("split", 2, |args| Ok(numbered(split(args.bytes(1)?, args.bytes(0)?, usize::MAX)))),
    fixed("splitn", 3, |args| {
        let (separator, count, text) = (args.bytes(0)?, args.int(1)?, args.bytes(2)?);
        Ok(numbered(split(text, separator, usize::try_from(count).unwrap_or(usize::MAX))))
    }),
    fixed("splitList", 2, |args| Ok(Value::strings(split(args.bytes(1)?, args.bytes(0)?, usize::MAX)))),
];

/// Replaces each `old`; an empty one is found before each character and at the end.
fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let found: Vec<usize> = if old.is_empty() {
        starts_of_characters(text).chain([text.len()]).collect()
    } else {
        memchr::memmem::find_iter(text, old).collect()
    };
    bounded(text.len().saturating_add(found.len().saturating_mul(new.len().saturating_sub(old.len()))))?;
    let mut out = Vec::with_capacity(text.len());
    let mut copied = 0;
    for start in found {
        out.extend_from_slice(&text[copied..start]);
        out.extend_from_slice(new);
        copied = start + old.len();
    }
    out.extend_from_slice(&text[copied..]);
    Ok(out)
}

/// Where characters start. A byte that is not UTF-8 is one.
fn starts_of_characters(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut at = 0;
    text.utf8_chunks().flat_map(move |chunk| {
        let (valid, start) = (chunk.valid(), at);
        let broken = start + valid.len();
        at = broken + chunk.invalid().len();
        valid.char_indices().map(move |(index, _)| start + index).chain(broken..at)
    })
}

/// The text without the characters at both ends that `is_cut` says.
fn trim(text: &Text<'_>, is_cut: impl Fn(char) -> bool) -> Value {
    let characters = text.characters();
    let end = characters.trim_end_matches(&is_cut).len();
    let start = end - characters[..end].trim_start_matches(is_cut).len();
    text.part(start..end)
}

fn trim_all(args: Args<'_>) -> Result<Value> {
    let set = args.text(0)?;
    Ok(trim(&args.text(1)?, |c| set.characters().contains(c)))
}

fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn bounded(length: usize) -> Result<()> {
    if length > MAX_LENGTH {
        return Err(Error::new(format!(
            "a text of {length} bytes is too long: at most {MAX_LENGTH} are allowed"
        )));
    }
    Ok(())
}

/// Every argument that is not nil, written by `show`, spaces between.
fn quote(args: Args<'_>, show: impl Fn(&Value, &mut Buffer)) -> Result<Value> {
    args.check_size()?;
    let mut out = Buffer::default();
    for (index, value) in args.values.iter().filter(|value| !value.is_nil()).enumerate() {
        out.push_str(if index > 0 { " " } else { "" });
        show(value, &mut out);
    }
    Ok(out.into_value())
}

/// `before`, then the text with every line indented.
fn indent(before: &str, args: Args<'_>) -> Result<Value> {
    let (width, text) = (args.int(0)?, args.bytes(1)?);
    let width = usize::try_from(width).map_err(|_| Error::new("negative Repeat count"))?;
    let lines = memchr::memchr_iter(b'\n', text).count() + 1;
    bounded(width.saturating_mul(lines))?;
    let mut out = Vec::with_capacity(before.len() + text.len() + width * lines);
    out.extend_from_slice(before.as_bytes());
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            out.push(b'\n');
        }
        out.resize(out.len() + width, b' ');
        out.extend_from_slice(line);
    }
    Ok(Value::from_bytes(&out))
}

fn substr(args: Args<'_>) -> Result<Value> {
    let (start, end, text) = (args.int(0)?, args.int(1)?, args.bytes(2)?);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let range = if start < 0 {
        usize::try_from(end).ok().map(|end| 0..end)
    } else if end < 0 || end > length {
        Some(size(start)..text.len())
    } else {
        Some(size(start)..size(end))
    };
    match range.and_then(|range| text.get(range)) {
        Some(part) => Ok(Value::from_bytes(part)),
        None => Err(Error::new(format!("slice bounds out of range: the text has {length} bytes"))),
    }
}

fn trunc(args: Args<'_>) -> Result<Value> {
    let (count, text) = (args.int(0)?, args.bytes(1)?);
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if wanted >= text.len() {
        return Ok(args.any(1).clone());
    }
    Ok(Value::from_bytes(if count < 0 { &text[text.len() - wanted..] } else { &text[..wanted] }))
}

/// The text from about `offset` on, cut to `width` with dots where something is missing.
fn abbreviate(text: &[u8], offset: usize, width: usize) -> Vec<u8> {
    const DOTS: &[u8] = b"...";
    if text.len() <= width || width < 4 {
        return text.to_vec();
    }
    let room = width - 3;
    let mut offset = offset.min(text.len());
    if text.len() - offset <= room {
        offset = text.len() - room;
    }
    if offset <= 4 {
        return [&text[..room], DOTS].concat();
    }
    if offset + room < text.len() {
        return [DOTS, &abbreviate(&text[offset..], 0, room)].concat();
    }
    [DOTS, &text[text.len() - room..]].concat()
}

/// Lines of at most `width` bytes, broken at spaces; words that are longer stay whole unless `break_words`.
fn wrap(text: &[u8], width: i64, newline: &[u8], break_words: bool) -> Result<Vec<u8>> {
    let newline = if newline.is_empty() { b"\n" } else { newline };
    let width = size(width).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut offset = 0;
    while text.len() - offset > width {
        if text[offset] == b' ' {
            offset += 1;
            continue;
        }
        let end = offset + width;
        let (line_end, next) = match text[offset..=end].iter().rposition(|byte| *byte == b' ') {
            Some(space) => (offset + space, offset + space + 1),
            None if break_words => (end, end),
            None => match text[end..].iter().position(|byte| *byte == b' ') {
                Some(space) => (end + space, end + space + 1),
                None => break,
            },
        };
        out.extend_from_slice(&text[offset..line_end]);
        out.extend_from_slice(newline);
        bounded(out.len())?;
        offset = next;
    }
    out.extend_from_slice(&text[offset..]);
    Ok(out)
}

/// Go's `strings.SplitN`: at most `most` parts. An empty separator splits into characters.
fn split<'a>(text: &'a [u8], separator: &[u8], most: usize) -> Vec<&'a [u8]> {
    if most == 0 || text.is_empty() && separator.is_empty() {
        return Vec::new();
    }
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut cut = |found: usize| {
        parts.push(&text[start..found]);
        start = found + separator.len();
    };
    if separator.is_empty() {
        starts_of_characters(text).skip(1).take(most - 1).for_each(&mut cut);
    } else {
        memchr::memmem::find_iter(text, separator).take(most - 1).for_each(&mut cut);
    }
    parts.push(&text[start..]);
    parts
}

/// `_0`, `_1`, ...: the parts by number.
fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries: Entries = parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| (Arc::from(format!("_{index}")), Value::from_bytes(part)))
        .collect();
    Value::Map(Map::new(Elem::Str, entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_wrapped() {
        assert_eq!(abbreviate(b"abcdefghij", 0, 6), b"abc...");
        assert_eq!(abbreviate(b"abcdefghijklmnop", 6, 10), b"...ghij...");
        assert_eq!(wrap(b"Hello World and all", 5, b"", false).unwrap(), b"Hello\nWorld\nand\nall");
        assert_eq!(wrap(b"Helloworld x", 4, b"|", true).unwrap(), b"Hell|owor|ld x");
        assert_eq!(wrap(b"Helloworld x", 4, b"", false).unwrap(), b"Helloworld\nx");
    }

    #[test]
    fn all_occurrences_are_replaced() {
        for (text, old, new, expected) in [
            (&b"a-b-"[..], &b"-"[..], &b"++"[..], &b"a++b++"[..]),
            (b"aaa", b"aa", b"", b"a"),
            ("é\u{1f600}".as_bytes(), b"", b".", ".é.\u{1f600}.".as_bytes()),
            (b"\xffa", b"x", b"y", b"\xffa"),
            (b"a\xff", b"a", b"b", b"b\xff"),
            (b"\xe9\x61", b"", b".", b".\xe9.\x61."),
        ] {
            assert_eq!(replace(text, old, new).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn texts_are_split_into_parts_or_characters() {
        for (text, separator, most, expected) in [
            ("aéb", "", usize::MAX, &["a", "é", "b"][..]),
            ("abc", "", 2, &["a", "bc"]),
            ("a,b,c", ",", 2, &["a", "b,c"]),
            ("a,,", ",", usize::MAX, &["a", "", ""]),
            ("", ",", usize::MAX, &[""]),
            ("", "", usize::MAX, &[]),
            ("a,b", ",", 0, &[]),
        ] {
            let parts: Vec<_> = expected.iter().map(|part| part.as_bytes()).collect();
            assert_eq!(split(text.as_bytes(), separator.as_bytes(), most), parts, "{text:?}");
        }
        assert_eq!(split(b"\xffa\xfe", b"", usize::MAX), [&b"\xff"[..], b"a", b"\xfe"]);
    }
}
