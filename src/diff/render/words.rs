//! Two strings compared word by word.

use super::edits::edits;
use similar::{DiffTag, diff_ratio};

/// A stretch of one of two strings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Whether only this string has it.
    pub(super) own: bool,
}

/// Beyond this many words strings are compared as a whole: nobody reads that word by word.
const MAX_WORDS: usize = 2_000;

/// The pieces of the old and of the new string.
pub(super) fn pieces(old: &str, new: &str) -> (Vec<Piece>, Vec<Piece>) {
    let (a, b) = (tokens(old), tokens(new));
    let operations = if a.len() + b.len() > MAX_WORDS { Vec::new() } else { edits(&a, &b) };
    let mut before = Vec::new();
    let mut after = Vec::new();
    // Strings with little in common read better apart.
    if diff_ratio(&operations, a.len(), b.len()) < 0.3 {
        add(&mut before, old, true);
        add(&mut after, new, true);
        return (before, after);
    }
    for operation in operations {
        let own = operation.tag() != DiffTag::Equal;
        add(&mut before, &a[operation.old_range()].concat(), own);
        add(&mut after, &b[operation.new_range()].concat(), own);
    }
    (before, after)
}

/// The same pieces, line by line and without the ends of lines.
pub(super) fn by_line(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    for piece in pieces {
        for part in piece.text.split_inclusive('\n') {
            let text = part.trim_end_matches('\n');
            if let Some(line) = lines.last_mut() {
                add(line, text, piece.own);
            }
            if text.len() < part.len() {
                lines.push(Vec::new());
            }
        }
    }
    lines.pop_if(|line| line.is_empty());
    lines
}

fn add(pieces: &mut Vec<Piece>, text: &str, own: bool) {
    match pieces.last_mut() {
        Some(last) if last.own == own => last.text.push_str(text),
        _ if text.is_empty() => {}
        _ => pieces.push(Piece { text: text.to_owned(), own }),
    }
}

/// Words, runs of white space, and every other character by itself.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| if c.is_alphanumeric() { 0 } else { 1 + u8::from(c.is_whitespace()) };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (index, c) in text.char_indices() {
        let this = class(c);
        if last.is_some_and(|last| last != this || this == 1) {
            tokens.extend(text.get(start..index));
            start = index;
        }
        last = Some(this);
    }
    tokens.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_differ_are_marked() {
        let (old, new) =
            pieces("registry.example.net/db/postgres:16.4", "registry.example.net/db/postgres:16.6");
        let own =
            |pieces: &[Piece]| pieces.iter().filter(|p| p.own).map(|p| p.text.clone()).collect::<Vec<_>>();
        assert_eq!((own(&old), own(&new)), (vec!["4".to_owned()], vec!["6".to_owned()]));
        assert_eq!(
            old.iter().map(|p| p.text.as_str()).collect::<String>(),
            "registry.example.net/db/postgres:16.4"
        );
    }

    #[test]
    fn strings_with_nothing_in_common_stay_whole() {
        let (old, new) = pieces("abc", "xyz");
        assert_eq!((old.len(), new.len()), (1, 1));
        assert_eq!(pieces("", "x").0, []);
    }

    #[test]
    fn pieces_of_many_lines_are_told_line_by_line() {
        let (_, new) = pieces("port: 80\nhost: a\n", "port: 81\nhost: a\n\n");
        let lines: Vec<String> = by_line(&new)
            .iter()
            .map(|line| {
                line.iter().map(|p| if p.own { format!("[{}]", p.text) } else { p.text.clone() }).collect()
            })
            .collect();
        assert_eq!(lines, ["port: [81]", "host: a", ""]);
        assert_eq!(by_line(&[]), Vec::<Vec<Piece>>::new());
    }
}
