//! What is mostly behind a syntax error: habits from Helm's language, from Jinja, from Tera 1.

use super::explanation::Explanation;
use super::guard;
use super::reference::signature;
use super::tags::{is_word, last_path, last_word};
use super::upstream::{Fault, Part, STATEMENTS};
use crate::diag::nearest;
use std::ops::Range;

/// What is wrong at some bytes of a template, and what to write instead, if the text there says more than the fault: the
/// template as Tera was given it.
pub(super) fn explain_fault(fault: &Fault, text: &str, range: &Range<usize>) -> Option<Explanation> {
    let (before, behind) = (text.get(..range.start)?.trim_end(), text.get(range.start..)?);
    match fault {
        Fault::UnknownStatement => Some(unknown_statement(text.get(range.clone())?)),
        Fault::UnexpectedCharacter => explain_unexpected(behind),
        Fault::MethodCall => method(before, behind),
        Fault::Unexpected { found, expected } => explain_misplaced(found, expected, before, behind),
        _ => None,
    }
}

/// Explains a token where another was expected.
fn explain_misplaced(found: &Part, expected: &Part, before: &str, behind: &str) -> Option<Explanation> {
    // The parenthesis that the rewriter puts around what is written.
    let at_end =
        found.is(")") && guard::unclosed(open_expression(before)) == 1 && behind.starts_with(") | __emit_");
    let closing = Part::Sign("}}".to_owned());
    let found = if at_end { &closing } else { found };
    let plainly = |help| Explanation::new(format!("found {found} but expected {expected}"), help);
    match expected {
        Part::Name if found.is("|") => {
            Some(Explanation::new("unexpected `||`", Some("write `or`".to_owned())))
        }
        Part::Name => explain_positional(before)
            .or_else(|| numbered(before, behind))
            .or_else(|| at_end.then(|| plainly(None))),
        Part::Sign(sign) => match sign.as_str() {
            "=" => explain_positional(&before[..before.len() - last_word(before).len()]),
            ")" if found.is("}}") => Some(Explanation::new("a parenthesis is not closed", None)),
            ")" if guard::unclosed(open_expression(before)) == 1 => Some(unfinished(before, found)),
            "}}" if found.is(")") => Some(Explanation::new("unmatched `)`", None)),
            "%}" => Some(plainly(suggest_in_statement(before, found))),
            _ => at_end.then(empty),
        },
        Part::Operand(_) | Part::CallEnd | Part::Other(_) => at_end.then(empty),
    }
}

fn empty() -> Explanation {
    Explanation::new("the expression is empty", None)
}

/// What to write instead of an unexpected token, judged by the two tokens alone.
pub(super) fn suggest_syntax(found: &Part, expected: &Part) -> Option<&'static str> {
    match (found, expected) {
        (Part::Sign(sign), Part::Operand(_)) if sign == "." => Some(
            "write names without a leading dot: `values.name`; for a chart in Helm's language write `engine: gotpl` in Chart.yaml",
        ),
        (Part::Sign(sign), Part::Operand(_)) if sign == "!" => Some("write `not`"),
        (Part::Sign(sign), Part::CallEnd) if sign == "(" => Some(
            "write component arguments without parentheses: `{{ <name text=\"x\" other={values.y} /> }}`",
        ),
        _ => None,
    }
}

/// A statement that the language does not have.
fn unknown_statement(word: &str) -> Explanation {
    let other = |(_, help): &(&str, &str)| (*help).to_owned();
    let near = || nearest(word, STATEMENTS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    let help = OTHER_STATEMENTS.iter().find(|(statement, _)| *statement == word).map(other).or_else(near);
    Explanation::new(format!("unknown tag `{word}`"), help)
}

/// Statements of languages like this one.
const OTHER_STATEMENTS: &[(&str, &str)] = &[
    ("macro", "write a component: `{% component name(argument) %}..{% endcomponent %}`"),
    ("call", "call a component: `{% <name argument={values.x}> %}..{% </name> %}`"),
    ("import", "not needed: every template can call the components of its chart"),
    ("from", "not needed: every template can call the components of its chart"),
    ("range", "write `{% for item in values.list %}..{% endfor %}`"),
    ("define", "write a component: `{% component name(argument) %}..{% endcomponent %}`"),
    ("end", "blocks are closed by their names: `{% endif %}`, `{% endfor %}`"),
    ("with", "give the value a name: `{% set name = values.path %}`"),
    ("unless", "write `{% if not condition %}`"),
];

/// Explains a character that no expression can contain.
fn explain_unexpected(behind: &str) -> Option<Explanation> {
    if let Some((sign, help)) = OTHER_SIGNS.iter().find(|(sign, _)| behind.starts_with(sign)) {
        return Some(Explanation::new(format!("unexpected `{sign}`"), Some((*help).to_owned())));
    }
    Some(Explanation::new(format!("unexpected `{}`", behind.chars().next()?), None))
}

/// Signs of languages like this one.
const OTHER_SIGNS: &[(&str, &str)] = &[
    ("&&", "write `and`"),
    ("&", "write `and`"),
    ("?", "write `a if condition else b`"),
    ("$", "write names without a leading `$`"),
];

/// A function that is called like a method.
fn method(before: &str, behind: &str) -> Option<Explanation> {
    let path = last_path(before.strip_suffix('.')?);
    let name = &behind[..behind.find(|c| !is_word(c)).unwrap_or(behind.len())];
    Some(if path == "k8s" {
        Explanation::new(
            "components are not called like functions",
            Some(format!("write `{{{{<k8s.{name}/>}}}}`")),
        )
    } else {
        let help = signature(name, true).map(|_| format!("write `{path} | {}`", shape(name, true)));
        Explanation::new("values have no methods", help)
    })
}

/// The likely intention if more text follows a complete statement.
fn suggest_in_statement(before: &str, found: &Part) -> Option<String> {
    if found.is("=") {
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

/// Explains an argument without a name.
fn explain_positional(before: &str) -> Option<Explanation> {
    let call = before.strip_suffix('(')?.trim_end();
    let shape = shape(last_word(call), is_filter(call));
    Some(if shape.contains('(') {
        Explanation::new("arguments must be named", Some(format!("write `{shape}`")))
    } else {
        Explanation::new(format!("`{shape}` takes no arguments"), None)
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
fn numbered(before: &str, behind: &str) -> Option<Explanation> {
    let list = before.strip_suffix('.')?;
    let path = last_path(list);
    let number: String = behind.chars().take_while(char::is_ascii_digit).collect();
    let help = (!number.is_empty()).then(|| format!("write `{path}[{number}]`"))?;
    Some(Explanation::new("access list items with brackets", Some(help)))
}

/// An expression that is over, and more behind it.
fn unfinished(before: &str, found: &Part) -> Explanation {
    let first = open_expression(before).trim_start_matches([' ', '(', '-']);
    let help = if is_filter(before) {
        format!("write `{}`", shape(last_word(before), true))
    } else if !first.is_empty() && first.chars().all(is_word) {
        // `toYaml .Values.x`, `include "name" .`.
        format!("write named arguments in parentheses: `{}`; {IN_HELM}", shape(first, false))
    } else {
        "join texts with `~`".to_owned()
    };
    Explanation::new(format!("found {found} but expected an operator, a filter or `}}}}`"), Some(help))
}

/// What to do with a chart whose templates Helm renders.
const IN_HELM: &str = "for a chart in Helm's language write `engine: gotpl` in Chart.yaml";

/// The content so far of the `{{` tag in which a text ends.
fn open_expression(before: &str) -> &str {
    let tag = before.rfind("{{").map_or("", |open| &before[open + 2..]);
    if tag.contains("{%") { "" } else { tag }
}
