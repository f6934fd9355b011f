//! Sprig's functions over strings. Positions count bytes, as in Go.

use std::sync::Arc;

use super::words;
use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, fixed, variadic};
use crate::value::{Args, Elem, Entries, Map, Value};

/// The longest text that is made of a number alone, or by replacing.
const MAX_LENGTH: usize = 64 << 20;

pub(crate) const TABLE: &[Function] = &[
    fixed("toString", 1, |args| match args.any(0) {
        value @ (Value::Str(_) | Value::Raw(_)) => Ok(value.clone()),
        Value::Bytes(bytes) => Ok(Value::from_bytes(bytes)),
        other => {
            other.check_size()?;
            Ok(fmt::display(other).into_owned().into())
        }
    }),
    fixed("trim", 1, |args| Ok(args.str(0)?.trim().into())),
    fixed("trimAll", 2, |args| Ok(args.str(1)?.trim_matches(any_of(args.str(0)?)).into())),
    fixed("trimall", 2, |args| Ok(args.str(1)?.trim_matches(any_of(args.str(0)?)).into())),
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
    fixed("upper", 1, |args| Ok(args.str(0)?.chars().map(words::upper).collect::<String>().into())),
    fixed("lower", 1, |args| Ok(args.str(0)?.chars().map(words::lower).collect::<String>().into())),
    fixed("title", 1, |args| Ok(words::title(args.str(0)?).into())),
    fixed("untitle", 1, |args| Ok(words::untitle(args.str(0)?).into())),
    fixed("swapcase", 1, |args| Ok(words::swap_case(args.str(0)?).into())),
    fixed("initials", 1, |args| Ok(words::initials(args.bytes(0)?).into())),
    fixed("snakecase", 1, |args| Ok(words::separated(args.str(0)?, '_').into())),
    fixed("kebabcase", 1, |args| Ok(words::separated(args.str(0)?, '-').into())),
    fixed("camelcase", 1, |args| Ok(words::pascal_case(args.str(0)?).into())),
    fixed("nospace", 1, |args| {
        Ok(words::without_space(args.bytes(0)?).map_or_else(|| args.any(0).clone(), Value::from))
    }),
    fixed("repeat", 2, |args| {
        let (count, text) = (args.int(0)?, args.str(1)?);
        let count = usize::try_from(count).map_err(|_| Error::new("negative Repeat count"))?;
        bounded(count.saturating_mul(text.len()))?;
        Ok(text.repeat(count).into())
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
    fixed("contains", 2, |args| Ok(Value::Bool(args.str(1)?.contains(args.str(0)?)))),
    fixed("hasPrefix", 2, |args| Ok(Value::Bool(args.bytes(1)?.starts_with(args.bytes(0)?)))),
    fixed("hasSuffix", 2, |args| Ok(Value::Bool(args.bytes(1)?.ends_with(args.bytes(0)?)))),
    fixed("replace", 3, |args| {
        let (old, new, text) = (args.bytes(0)?, args.bytes(1)?, args.bytes(2)?);
        Ok(Value::from_bytes(&replace(text, old, new)?))
    }),
    variadic("quote", 0, |args| {
        quote(args, |value| match value.as_bytes() {
            Some(bytes) => fmt::quote(bytes),
            None => fmt::quote(fmt::display(value).as_bytes()),
        })
    }),
    variadic("squote", 0, |args| quote(args, |value| format!("'{}'", fmt::display(value)))),
    variadic("cat", 0, |args| quote(args, |value| fmt::display(value).into_owned())),
    fixed("indent", 2, |args| indent("", args)),
    fixed("nindent", 2, |args| indent("\n", args)),
    fixed("plural", 3, |args| {
        let (one, many) = (args.str(0)?, args.str(1)?);
        Ok(if args.int(2)? == 1 { one } else { many }.into())
    }),
    fixed("split", 2, |args| {
        let (separator, text) = (args.str(0)?, args.str(1)?);
        Ok(numbered(split(text, separator)))
    }),
    fixed("splitn", 3, |args| {
        let (separator, count, text) = (args.str(0)?, args.int(1)?, args.str(2)?);
        Ok(numbered(match usize::try_from(count) {
            Ok(count) if !separator.is_empty() => text.splitn(count, separator).collect(),
            Ok(count) => split_characters(text, count),
            Err(_) => split(text, separator),
        }))
    }),
    fixed("splitList", 2, |args| {
        let (separator, text) = (args.str(0)?, args.str(1)?);
        Ok(Value::strings(split(text, separator)))
    }),
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

fn any_of(set: &str) -> impl Fn(char) -> bool + '_ {
    move |c| set.contains(c)
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
fn quote(args: Args<'_>, show: impl Fn(&Value) -> String) -> Result<Value> {
    args.check_size()?;
    Ok(match args.values {
        [value] if !value.is_nil() => show(value).into(),
        values => {
            values.iter().filter(|value| !value.is_nil()).map(show).collect::<Vec<_>>().join(" ").into()
        }
    })
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

/// Go's `strings.Split`: an empty separator splits into characters.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    if separator.is_empty() { split_characters(text, usize::MAX) } else { text.split(separator).collect() }
}

fn split_characters(text: &str, max_parts: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 >= max_parts {
            parts.push(rest);
            break;
        }
        let (first, tail) = rest.split_at(c.len_utf8());
        parts.push(first);
        rest = tail;
    }
    if max_parts == 0 {
        parts.clear();
    }
    parts
}

/// `_0`, `_1`, ...: the parts by number.
fn numbered(parts: Vec<&str>) -> Value {
    let entries: Entries = parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| (Arc::from(format!("_{index}")), Value::str(part)))
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
    fn an_empty_separator_splits_characters() {
        assert_eq!(split("aéb", ""), ["a", "é", "b"]);
        assert_eq!(split_characters("abc", 2), ["a", "bc"]);
    }
}
