//! Comments on a value in the form of helm-docs: `# -- (type) description`, with lines that continue it and marks.

use regex::Regex;
use std::sync::LazyLock;

/// What a comment begins with.
const BEGINNING: &str = "# --";

/// What a comment says about a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Note {
    /// What the value is for.
    pub(super) description: String,
    /// `@default`: what stands for the default value.
    pub(super) default: String,
    /// `@section`: the part of the documentation that it belongs to.
    pub(super) section: String,
    /// The type before the description, in parentheses.
    pub(super) kind: String,
    /// `@notationType`: how the default value is shown.
    pub(super) notation: String,
}

/// `# key -- description`. Every line that has ` -- ` in it has a key, which may be empty.
static BEGIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[\t\f\r ]*#[\t\f\r ]*(.*)[\t\f\r ]+--[\t\f\r ]*(.*)$").ok());

/// The parts of a line with ` -- `: the key and the description.
fn begin(line: &str) -> Option<(&str, &str)> {
    let found = BEGIN.as_ref()?.captures(line)?;
    Some((found.get(1)?.as_str(), found.get(2)?.as_str()))
}

/// What is behind the `#` of a comment line, without the space there.
fn continuation(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?;
    Some(rest.strip_prefix(|c: char| c.is_ascii_whitespace()).unwrap_or(rest))
}

/// What follows `# MARK -- ` in a line.
fn marked<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.trim_start().strip_prefix("# ")?.strip_prefix(mark)?.strip_prefix(" -- ")
}

impl Note {
    /// Reads comment lines, and the key that the first of them names. Only the last of several notes counts.
    pub(super) fn parse(lines: &[&str]) -> (String, Self) {
        let last = lines.iter().rposition(|line| line.starts_with(BEGINNING)).unwrap_or_default();
        let lines = &lines[last..];
        let mut note = Self::default();
        let found = lines.iter().enumerate().find_map(|(at, line)| Some((at, begin(line)?)));
        let (start, (key, text)) = found.unwrap_or_default();
        (note.kind, note.description) = split_type(text);
        let mut is_raw = false;
        for line in lines.iter().skip(start + 1) {
            if !is_raw && is_raw_mark(line) {
                is_raw = true;
            } else if let Some(text) = marked(line, "@default") {
                text.clone_into(&mut note.default);
            } else if let Some(text) = notation(line) {
                text.clone_into(&mut note.notation);
            } else if let Some(text) = marked(line, "@section") {
                text.clone_into(&mut note.section);
            } else if let Some(text) = continuation(line) {
                note.description.push(if is_raw { '\n' } else { ' ' });
                note.description.push_str(text);
            }
        }
        (key.to_owned(), note)
    }

    /// The note in the comment above a key. One that names its key is none: see [`by_key`].
    pub(super) fn above(comment: &str) -> Option<Self> {
        if !comment.contains(BEGINNING) {
            return None;
        }
        let lines: Vec<&str> = comment.split('\n').collect();
        let (key, note) = Self::parse(&lines);
        key.is_empty().then_some(note)
    }
}

/// The notes of a text that name their keys, wherever they are: `# image.tag -- the tag`.
pub(super) fn by_key(text: &str) -> Vec<(String, Note)> {
    let mut found = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        if lines.is_empty() {
            if begin(line).is_some_and(|(key, _)| !key.is_empty()) {
                lines.push(line);
            }
        } else if continuation(line).is_some() {
            lines.push(line);
        } else {
            found.push(Note::parse(&lines));
            lines.clear();
        }
    }
    found.retain(|(key, _)| !key.is_empty());
    found
}

/// Takes `(type)` off a description.
fn split_type(text: &str) -> (String, String) {
    let typed = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    match typed.filter(|(kind, _)| !kind.is_empty()) {
        Some((kind, rest)) => {
            (kind.to_owned(), rest.trim_start_matches(|c: char| c.is_ascii_whitespace()).to_owned())
        }
        None => (String::new(), text.to_owned()),
    }
}

/// Whether the description goes on line by line: `# @raw`.
fn is_raw_mark(line: &str) -> bool {
    let rest = line.trim_start().strip_prefix('#');
    rest.is_some_and(|rest| rest.starts_with([' ', '\t']) && rest.trim_start().starts_with("@raw"))
}

fn notation(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?;
    let rest = rest.starts_with([' ', '\t']).then(|| rest.trim_start())?.strip_prefix("@notationType")?;
    let rest = rest.starts_with([' ', '\t']).then(|| rest.trim_start())?.strip_prefix("--")?;
    rest.starts_with([' ', '\t']).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(description: &str) -> Note {
        Note { description: description.to_owned(), ..Note::default() }
    }

    #[test]
    fn the_last_note_above_a_key_counts() {
        assert_eq!(Note::above("# -- one\n# two"), Some(note("one two")));
        assert_eq!(Note::above("# -- one\n\n# -- two\n#three"), Some(note("two three")));
        assert_eq!(Note::above("# one\n# -- two"), Some(note("two")));
        assert_eq!(Note::above("# one"), None);
        assert_eq!(Note::above("# key -- one\n# -- two -- three"), None);
    }

    #[test]
    fn marks_are_taken_out() {
        let comment =
            "# -- (int) one\n# @default -- 1 or 2\n# two\n# @section -- Ports\n# @notationType -- tpl";
        let expected = Note {
            description: "one two".to_owned(),
            default: "1 or 2".to_owned(),
            section: "Ports".to_owned(),
            kind: "int".to_owned(),
            notation: "tpl".to_owned(),
        };
        assert_eq!(Note::above(comment), Some(expected));
        assert_eq!(Note::above("# -- one\n# @raw\n# two\n#  three"), Some(note("one\ntwo\n three")));
        assert_eq!(Note::above("# -- () one"), Some(note("() one")));
    }

    #[test]
    fn notes_that_name_keys_end_with_the_comment() {
        let found = by_key("a:\n  # a.b -- one\n  # two\n  b: 1\n# -- no\n# c -- last\n");
        assert_eq!(found, [("a.b".to_owned(), note("one two"))]);
    }
}
