//! What is mostly behind a syntax error: habits from Helm's language, from Jinja, from Tera 1.

use super::error::Said;
use super::guard;
use super::reference::signature;
use super::tags::{is_word, last_path, last_word};
use tera::{Error, ErrorKind};

/// What is wrong at a byte of a template, and what to write instead, where Tera only says what it did not expect: its
/// error and the message of that in our words, and the template as Tera was given it.
pub(super) fn better(error: &Error, message: &str, text: &str, at: usize) -> Option<Said> {
    // What a chart says itself while it is rendered is its own.
    let ErrorKind::SyntaxError(_) = error.kind() else { return None };
    let (before, behind) = (text.get(..at)?.trim_end(), text.get(at..)?);
    match message {
        "unexpected character" => return unexpected(behind),
        "function calls are only allowed at the first element of a chain" => return method(before, behind),
        _ => {}
    }
    let (found, expected) = message.strip_prefix("found ")?.split_once(" but expected ")?;
    // The parenthesis that the rewriter puts around what is written.
    let at_end = found == "`)`" && guard::unclosed(written(before)) == 1 && behind.starts_with(") | __emit_");
    let found = if at_end { "`}}`" } else { found };
    let plainly = || format!("found {found} but expected {}", quoted(expected));
    match expected {
        "identifier" if found == "`|`" => Some(("unexpected `||`".to_owned(), Some("write `or`".to_owned()))),
        "identifier" => positional(before)
            .or_else(|| numbered(before, behind))
            .or_else(|| at_end.then(|| (plainly(), None))),
        "=" => positional(&before[..before.len() - last_word(before).len()]),
        ")" if found == "`}}`" => Some(("a parenthesis is not closed".to_owned(), None)),
        ")" if guard::unclosed(written(before)) == 1 => Some(unfinished(before, found)),
        "}}" if found == "`)`" => Some(("unmatched `)`".to_owned(), None)),
        "%}" => Some((plainly(), in_statement(before, found))),
        _ if at_end => Some(("the expression is empty".to_owned(), None)),
        _ => Some((plainly(), None)).filter(|_| quoted(expected) != expected),
    }
}

/// What is expected, as one writes it.
fn quoted(expected: &str) -> String {
    let is_sign = !expected.contains('`') && (expected == "in" || !expected.starts_with(char::is_alphabetic));
    if is_sign { format!("`{expected}`") } else { expected.to_owned() }
}

/// A character that no expression holds.
fn unexpected(behind: &str) -> Option<Said> {
    if let Some((sign, help)) = OTHER_SIGNS.iter().find(|(sign, _)| behind.starts_with(sign)) {
        return Some((format!("unexpected `{sign}`"), Some((*help).to_owned())));
    }
    Some((format!("unexpected `{}`", behind.chars().next()?), None))
}

/// Signs of languages like this one.
const OTHER_SIGNS: &[(&str, &str)] = &[
    ("&&", "write `and`"),
    ("&", "write `and`"),
    ("?", "write `a if condition else b`"),
    ("$", "write names without a leading `$`"),
];

/// A function that is called like a method.
fn method(before: &str, behind: &str) -> Option<Said> {
    let path = last_path(before.strip_suffix('.')?);
    let name = &behind[..behind.find(|c| !is_word(c)).unwrap_or(behind.len())];
    Some(if path == "k8s" {
        (
            "components are not called like functions".to_owned(),
            Some(format!("write `{{{{<k8s.{name}/>}}}}`")),
        )
    } else {
        let help = signature(name, true).map(|_| format!("write `{path} | {}`", shape(name, true)));
        ("values have no methods".to_owned(), help)
    })
}

/// What is mostly meant where a statement should be over.
fn in_statement(before: &str, found: &str) -> Option<String> {
    if found == "`=`" {
        return Some("compare with `==`".to_owned());
    }
    let tag = before.rfind("{%").map_or(before, |open| &before[open + 2..]);
    let mut words = tag.trim_start_matches('-').split_whitespace();
    let (statement, first) = (words.next()?, words.next()?.trim_start_matches('('));
    let (_, operator) = OPERATORS.iter().find(|(name, _)| *name == first)?;
    Some(format!("write `{{% {statement} {operator} %}}`; {IN_HELM}"))
}

/// What Helm's language has functions for.
const OPERATORS: &[(&str, &str)] = &[
    ("eq", "a == b"),
    ("ne", "a != b"),
    ("lt", "a < b"),
    ("le", "a <= b"),
    ("gt", "a > b"),
    ("ge", "a >= b"),
    ("and", "a and b"),
    ("or", "a or b"),
    ("empty", "not a"),
    ("hasKey", "\"key\" in a"),
];

/// The key that is meant where a path leads nowhere and a minus follows without a blank: its first byte is `start`, the
/// minus stands at `end`.
pub(super) fn with_minus(text: &str, start: usize, end: usize) -> Option<String> {
    let (path, rest) = (text.get(start..end)?, text.get(end..)?);
    let (holder, key) = path.rsplit_once('.')?;
    let more = &rest[..rest.find(|c: char| !(c == '-' || is_word(c))).unwrap_or(rest.len())];
    (more.starts_with('-') && more.len() > 1 && !more.ends_with('-'))
        .then(|| format!("a key with `-` in it is written `{holder}[\"{key}{more}\"]`"))
}

/// An argument without a name.
fn positional(before: &str) -> Option<Said> {
    let call = before.strip_suffix('(')?.trim_end();
    let shape = shape(last_word(call), is_filter(call));
    Some(if shape.contains('(') {
        ("arguments must be named".to_owned(), Some(format!("write `{shape}`")))
    } else {
        (format!("`{shape}` takes no arguments"), None)
    })
}

/// Whether what a text ends in is the name of a filter.
fn is_filter(text: &str) -> bool {
    text[..text.len() - last_word(text).len()].trim_end().ends_with('|')
}

/// How a filter or a function is called, in general.
fn shape(name: &str, is_filter: bool) -> String {
    signature(name, is_filter).map_or_else(|| format!("{name}(name=..)"), |known| known.replace('=', "=.."))
}

/// An item of a list by a number behind a dot.
fn numbered(before: &str, behind: &str) -> Option<Said> {
    let list = before.strip_suffix('.')?;
    let path = last_path(list);
    let number: String = behind.chars().take_while(char::is_ascii_digit).collect();
    let help = (!number.is_empty()).then(|| format!("write `{path}[{number}]`"))?;
    Some(("access list items with brackets".to_owned(), Some(help)))
}

/// An expression that is over, and more behind it.
fn unfinished(before: &str, found: &str) -> Said {
    let first = written(before).trim_start_matches([' ', '(', '-']);
    let help = if is_filter(before) {
        format!("write `{}`", shape(last_word(before), true))
    } else if !first.is_empty() && first.chars().all(is_word) {
        // `toYaml .Values.x`, `include "name" .`.
        format!("write named arguments in parentheses: `{}`; {IN_HELM}", shape(first, false))
    } else {
        "join texts with `~`".to_owned()
    };
    (format!("found {found} but expected an operator, a filter or `}}}}`"), Some(help))
}

/// What to do with a chart whose templates Helm renders.
const IN_HELM: &str = "for a chart in Helm's language write `engine: gotpl` in Chart.yaml";

/// What stands in the tag that a text ends in if it writes a value.
fn written(before: &str) -> &str {
    let tag = before.rfind("{{").map_or("", |open| &before[open + 2..]);
    if tag.contains("{%") { "" } else { tag }
}
