//! Just enough of YAML's grammar to find the ends of what stands on one line.

/// Where a plain scalar ends, and whether it is a key.
pub(super) struct PlainEnd {
    pub(super) end: usize,
    pub(super) is_key: bool,
}

/// The number of blanks that bytes begin with.
pub(super) fn indentation(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b' ').count()
}

/// Whether there is nothing but white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

pub(super) fn plain_end(bytes: &[u8], from: usize, may_be_key: bool) -> PlainEnd {
    let mut at = from;
    let mut end = from;
    while at < bytes.len() {
        match bytes[at] {
            b'#' if at > from && bytes[at - 1] == b' ' => break,
            b':' if may_be_key && is_gap(bytes, at + 1) => return PlainEnd { end, is_key: true },
            b' ' | b'\t' | b'\r' => {}
            _ => end = at + 1,
        }
        at += 1;
    }
    PlainEnd { end, is_key: false }
}

pub(super) fn flow_plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut end = from;
    while at < bytes.len() {
        match bytes[at] {
            b',' | b'[' | b']' | b'{' | b'}' => break,
            b'#' if bytes[at - 1] == b' ' => break,
            b':' if is_gap(bytes, at + 1) || matches!(bytes.get(at + 1), Some(b',' | b']' | b'}')) => break,
            b' ' | b'\t' | b'\r' => {}
            _ => end = at + 1,
        }
        at += 1;
    }
    end.max(from + 1)
}

/// Whether a blank or the end of the line is at `at`.
pub(super) fn is_gap(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(|b| matches!(b, b' ' | b'\t' | b'\r'))
}

pub(super) fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    from + bytes[from.min(bytes.len())..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Past the colon and the blanks behind it, if the bytes at `at` make what came before a key.
pub(super) fn key_colon(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = skip_blanks(bytes, at);
    (bytes.get(colon) == Some(&b':') && is_gap(bytes, colon + 1)).then(|| skip_blanks(bytes, colon + 1))
}

/// Whether a line of YAML begins a block mapping or sequence.
pub(super) fn begins_collection(bytes: &[u8]) -> bool {
    let at = skip_blanks(bytes, 0);
    match bytes.get(at) {
        Some(b'-' | b'?') if is_gap(bytes, at + 1) => true,
        Some(quote @ (b'"' | b'\'')) => {
            close_quote(bytes, at + 1, *quote).is_some_and(|close| key_colon(bytes, close + 1).is_some())
        }
        Some(b'[' | b'{' | b'|' | b'>' | b'#') | None => bytes.get(at) == Some(&b'#'),
        Some(_) => plain_end(bytes, at, true).is_key,
    }
}

pub(super) fn starts_document(bytes: &[u8]) -> bool {
    (bytes.starts_with(b"---") || bytes.starts_with(b"...")) && is_gap(bytes, 3)
}

pub(super) fn close_quote(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote => {
                if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') {
                    at += 2;
                } else {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
    None
}

/// A column that may be compared with one left of all.
pub(super) fn signed(column: usize) -> isize {
    isize::try_from(column).unwrap_or(isize::MAX)
}

/// Whether a column is to the right of another. The other may be -1, which is left of every column.
pub(super) fn is_right_of(column: usize, other: isize) -> bool {
    signed(column) > other
}
