//! Tera's errors in plimsoll's words and in the terms of the files on disk.

use super::circle::circle;
use super::compile::LIBRARY_PREFIX;
use super::files::{Files, Place};
use super::guard;
use super::library;
use super::reference::{self, Entry, EntryKind, REFERENCE, TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS};
use super::rendering::GLOBALS;
use super::rewrite::Rewritten;
use super::syntax;
use super::tags::call_of;
use super::value;
use crate::diag::{Diagnostic, nearest};
use std::collections::BTreeMap;
use std::ops::Range;
use tera::{Context, Value};

/// The templates that errors are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) templates: &'a BTreeMap<String, Rewritten>,
    pub(super) files: &'a Files,
    /// What the templates are rendered with, while they are.
    pub(super) context: Option<&'a Context>,
}

/// A Tera error in the terms of the files on disk, with the chain of includes and components that led there.
pub(super) fn diagnostic(error: &tera::Error, known: Known<'_>, root: Option<&str>) -> Diagnostic {
    use tera::ErrorKind;
    let (mut message, mut help) = describe(error);
    let place = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let range = &report.span().range;
            known.templates.get(report.filename()).map(|rewritten| {
                let place = rewritten.original(range.start, range.end);
                let text = rewritten.text.get(range.clone()).unwrap_or_default();
                if message == "unknown tag" {
                    message = format!("unknown tag `{text}`");
                    help = instead_of_tag(text);
                } else if let Some(said) = syntax::better(error, &message, &rewritten.text, range.start) {
                    (message, help) = said;
                } else if report.message().starts_with("Field `") {
                    let path = rewritten.path_to(range.end);
                    if path.ends_with(text) {
                        message = format!("`{path}` is not defined");
                    }
                } else if let Some(name) = undefined_argument(report.message())
                    && let Some((said, given)) = known.given(rewritten, range.start, text, name)
                {
                    (message, help) = said;
                    return given;
                } else if is_undefined(&message)
                    && let Some(context) = known.context
                    && let Some((said, path)) = leads_nowhere(&rewritten.text, range.start, context)
                {
                    (message, help) = said;
                    return rewritten.original(path.start, path.end);
                }
                place
            })
        }
        ErrorKind::CircularInclude { tpl, .. } | ErrorKind::CircularExtend { tpl, .. } => {
            known.templates.get(tpl).map(|rewritten| rewritten.original(0, 0))
        }
        ErrorKind::MissingParent { current, .. } => {
            known.templates.get(current).map(|rewritten| rewritten.original(0, 0))
        }
        _ if message == ENDLESS => circle(known.templates),
        _ => None,
    };
    let mut place = place.or_else(|| {
        root.and_then(|root| known.templates.get(root)).map(|rewritten| rewritten.original(0, 0))
    });
    // The notes of a report are reached through its text only: the innermost caller comes first.
    let text = error.to_string();
    let mut callers = text
        .lines()
        .filter_map(|line| line.strip_prefix("note: called from ").and_then(locus))
        .filter_map(|(name, line, column)| Some((name, known.templates.get(name)?, line, column)))
        .peekable();
    // What a component finds undefined in its argument is so where it is called.
    while let Some(name) = message.strip_prefix('`').and_then(|rest| rest.strip_suffix("` is not defined"))
        && let Some((_, rewritten, line, column)) = callers.peek()
    {
        let start = rewritten.byte(*line, *column);
        let call = rewritten.text[start..].split_inclusive('>').next().unwrap_or_default();
        let Some((said, given)) = known.given(rewritten, start, call, name) else { break };
        (message, help) = said;
        place = Some(given);
        callers.next();
    }
    let mut found = Diagnostic::error(message).maybe_help(help);
    if let Some(place) = place {
        found = found.at(known.files.span(place), "");
    }
    for (name, rewritten, line, column) in callers {
        let shown = name.strip_prefix(LIBRARY_PREFIX).unwrap_or(name);
        let place = known.files.span(rewritten.at_line(line, column));
        found = found.through(Some(place), format!("called from `{shown}`"));
    }
    found
}

impl Known<'_> {
    /// What is wrong with the path that a call gives for an argument, which leads nowhere, and where it stands. The
    /// call begins at a byte of a template.
    fn given(self, template: &Rewritten, start: usize, call: &str, name: &str) -> Option<(Said, Place)> {
        let argument = call_of(call)?.arguments.into_iter().find(|argument| argument.name == name)?;
        let full = argument.path.join(".");
        let place = template.original(start + argument.at, start + argument.at + full.len());
        // Of variables that the template sets nothing is known any more.
        let context = self.context.filter(|context| context.contains_key(&argument.path[0]));
        let said = match context {
            Some(context) => undefined(&argument.path, |name| context.get(name).cloned()),
            None => (format!("`{full}` is not defined"), None),
        };
        Some((said, place))
    }
}

/// A message and its help.
pub(super) type Said = (String, Option<String>);

/// The argument of a component that is given nothing where it wants a certain type, if that is what Tera finds wrong.
fn undefined_argument(message: &str) -> Option<&str> {
    let name = message.strip_prefix("Component argument `")?.split('`').next()?;
    message.contains("(type: `undefined`)").then_some(name)
}

/// Whether a message, which could be a chart's own, is Tera's about a value that is not there. It does not say which.
fn is_undefined(message: &str) -> bool {
    const WHOLE: [&str; 6] = [
        "cannot index into an undefined value",
        "cannot slice an undefined value",
        "index expression is undefined",
        "slice end is undefined",
        "slice start is undefined",
        "slice step is undefined",
    ];
    message == NOT_DEFINED || WHOLE.contains(&message) || message.contains("`undefined`")
}

/// What to say where a value is not there and nothing better is known.
pub(super) const NOT_DEFINED: &str = "this value is not defined";

/// What to do about it.
pub(super) const DEFINE: &str = "set it, or use `default(value=..)`";

/// What to say of components that go too deep.
const ENDLESS: &str = "components call each other endlessly";

/// The path that leads nowhere next to a byte of a tag, behind it or else before it: what is wrong with it, and its bytes.
/// Of variables that the template sets nothing is known any more.
fn leads_nowhere(text: &str, at: usize, context: &Context) -> Option<(Said, Range<usize>)> {
    let start = ["{{", "{%"].iter().filter_map(|open| text.get(..at)?.rfind(open)).max()? + 2;
    let end = at + ["}}", "%}"].iter().filter_map(|close| text.get(at..)?.find(close)).min()?;
    let nowhere = |(offset, path): (usize, Vec<&str>)| {
        context.get(path.first()?)?;
        let names: Vec<String> = path.into_iter().map(str::to_owned).collect();
        let (message, help) = missing(&names, |name| context.get(name).cloned())?;
        let from = start + offset;
        let to = from + names.join(".").len();
        let help = syntax::with_minus(text, from, to).or(help).or_else(|| Some(DEFINE.to_owned()));
        Some(((message, help), from..to))
    };
    // What is read behind a filter of the rewriter's own stands before it.
    let (before, behind): (Vec<_>, Vec<_>) =
        guard::paths(&text[start..end]).partition(|(offset, _)| start + offset < at);
    behind.into_iter().find_map(nowhere).or_else(|| before.into_iter().rev().find_map(nowhere))
}

/// What is wrong in a text given to `tpl` with what it sees: the message, its help, the bytes of the text.
pub(super) fn in_text(
    error: &tera::Error,
    rewritten: &Rewritten,
    context: &Context,
) -> (String, Option<String>, Range<usize>) {
    use tera::ErrorKind;
    let (mut message, mut help) = describe(error);
    let range = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let mut range = report.span().range.clone();
            if let Some(said) = syntax::better(error, &message, &rewritten.text, range.start) {
                (message, help) = said;
            } else if report.message().starts_with("Field `") {
                message = format!("`{}` is not defined", rewritten.path_to(range.end));
            } else if is_undefined(&message)
                && let Some((said, path)) = leads_nowhere(&rewritten.text, range.start, context)
            {
                ((message, help), range) = (said, path);
            }
            rewritten.original(range.start, range.end).bytes()
        }
        // Unknown names: the first of several reports.
        _ => {
            let text = error.to_string();
            let (first, place) = framed(&text);
            message = lower_first(first);
            help = known_instead(first, None);
            place.map_or(0..0, |(_, line, column)| rewritten.at_line(line, column).bytes())
        }
    };
    (message, help, range)
}

/// What Tera says about templates that name others, filters, functions or components, when it puts them together.
pub(super) fn references(error: &tera::Error, known: Known<'_>, tera: &tera::Tera) -> Vec<Diagnostic> {
    use tera::ErrorKind::{CircularExtend, CircularInclude, MissingParent};
    match error.kind() {
        CircularInclude { .. } | CircularExtend { .. } | MissingParent { .. } => {
            vec![diagnostic(error, known, None)]
        }
        _ => unknown_names(error, known, tera),
    }
}

/// What Tera says about unknown filters, functions, components and the like: one framed report for each, in one
/// message.
fn unknown_names(error: &tera::Error, known: Known<'_>, tera: &tera::Tera) -> Vec<Diagnostic> {
    let text = error.to_string();
    let mut diagnostics = Vec::new();
    for report in text.split("\n\n") {
        let (message, place) = framed(report);
        let mut found = Diagnostic::error(lower_first(message));
        if let Some((name, line, column)) = place
            && let Some(rewritten) = known.templates.get(name)
        {
            found = found.at(known.files.span(rewritten.at_line(line, column)), "");
        }
        found = found.maybe_help(known_instead(message, Some((known, tera))));
        diagnostics.push(found);
    }
    diagnostics
}

/// What to write instead of the unknown name that a message is about. What templates and components there are is known
/// while a chart is put together.
fn known_instead(message: &str, chart: Option<(Known<'_>, &tera::Tera)>) -> Option<String> {
    let mut wanted = message.split('`').nth(1)?;
    let candidates: Vec<String> = if message.starts_with("Unknown filter") {
        names(EntryKind::Filter, TERA_FILTERS)
    } else if message.starts_with("Unknown function") {
        names(EntryKind::Function, TERA_FUNCTIONS)
    } else if message.starts_with("Unknown test") {
        TERA_TESTS.iter().map(|name| (*name).to_owned()).collect()
    } else if message.starts_with("Unknown component") {
        let own = chart.into_iter().flat_map(|(_, tera)| tera.get_component_names());
        library::names().chain(own.map(str::to_owned)).collect()
    } else if message.starts_with("Unknown template") {
        // Templates are named without the directory that all of them are in.
        wanted = wanted.strip_prefix("templates/").unwrap_or(wanted);
        let all = chart.into_iter().flat_map(|(known, _)| known.templates.keys());
        all.map(|name| name.strip_prefix(LIBRARY_PREFIX).unwrap_or(name).to_owned()).collect()
    } else {
        Vec::new()
    };
    suggestion(wanted, &candidates)
}

fn names(kind: EntryKind, more: &[&'static str]) -> Vec<String> {
    let own = REFERENCE.iter().filter(|entry| entry.kind == kind).map(Entry::name);
    own.chain(more.iter().copied().map(reference::name)).map(str::to_owned).collect()
}

/// How many names are still worth listing.
const FEW: usize = 12;

fn suggestion(wanted: &str, known: &[String]) -> Option<String> {
    if known.iter().any(|name| name == wanted) {
        return Some(format!("write `{wanted}`"));
    }
    if let Some(near) = nearest(wanted, known.iter().map(String::as_str)) {
        return Some(format!("did you mean `{near}`?"));
    }
    (!known.is_empty() && known.len() <= FEW).then(|| format!("available: {}", known.join(", ")))
}

/// The message of a framed report and where it points to.
fn framed(report: &str) -> (&str, Option<(&str, usize, usize)>) {
    let mut lines = report.lines();
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
    (message, lines.next().and_then(|line| locus(line.trim_start().strip_prefix("--> ")?)))
}

/// Parses `name:line:column` of Tera's reports; the column becomes 0-based as in its spans.
fn locus(text: &str) -> Option<(&str, usize, usize)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (name, line) = rest.rsplit_once(':')?;
    Some((name, line.trim().parse().ok()?, column.trim().parse::<usize>().ok()?.saturating_sub(1)))
}

/// Separates the message from the help in the errors of plimsoll's own functions, which Tera carries as text.
const HELP_SEPARATOR: char = '\u{1f}';

/// An error text with its help.
pub(super) fn with_help(message: &str, help: &str) -> String {
    format!("{message}{HELP_SEPARATOR}{help}")
}

/// What to say of a path that leads nowhere: the whole of it, the part that fails, and the names there are instead.
pub(super) fn undefined(path: &[String], variable: impl Fn(&str) -> Option<Value>) -> Said {
    missing(path, variable).unwrap_or_else(|| (format!("`{}` is not defined", path.join(".")), None))
}

/// The same; nothing if the path leads to a value.
fn missing(path: &[String], variable: impl Fn(&str) -> Option<Value>) -> Option<Said> {
    let full = path.join(".");
    let mut parent: Option<Value> = None;
    for (index, name) in path.iter().enumerate() {
        let next = match &parent {
            None => variable(name),
            Some(parent) => value::get(parent, name).cloned(),
        };
        if let Some(next) = next.filter(|next| !next.is_undefined()) {
            parent = Some(next);
            continue;
        }
        let known: Vec<String> = match &parent {
            Some(parent) => {
                let keys = parent.as_map().into_iter().flat_map(|map| map.keys());
                keys.map(ToString::to_string).filter(|key| !key.starts_with("__")).collect()
            }
            None => GLOBALS.map(str::to_owned).to_vec(),
        };
        let failing = path[..=index].join(".");
        let subject = match &parent {
            Some(parent) if parent.as_map().is_none() => {
                let holder = path[..index].join(".");
                let kind = value::node(parent).map_or("not a map", |node| node.type_name());
                format!("`{full}` is not defined: `{holder}` is {kind}")
            }
            _ if full == failing => format!("`{full}` is not defined"),
            _ => format!("`{full}` is not defined: there is no `{failing}`"),
        };
        return Some((subject, suggestion(name, &known)));
    }
    None
}

/// The bare message of a Tera error, and its help.
fn describe(error: &tera::Error) -> Said {
    use tera::ErrorKind;
    let message = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report.message().to_owned(),
        ErrorKind::CircularInclude { include_chain, .. } => {
            format!("templates include each other in a circle: {}", include_chain.join(" -> "))
        }
        ErrorKind::CircularExtend { inheritance_chain, .. } => {
            format!("templates extend each other in a circle: {}", inheritance_chain.join(" -> "))
        }
        ErrorKind::MissingParent { current, parent } => {
            format!("`{current}` extends `{parent}`, which does not exist")
        }
        _ => error.to_string(),
    };
    match message.split_once(HELP_SEPARATOR) {
        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
        None => tidy(&message),
    }
}

/// Tera's messages in plimsoll's words, where those help more.
fn tidy(message: &str) -> Said {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let listed = |marker: &str| -> Vec<String> {
        let list = message.split_once(marker).map_or("", |(_, list)| list);
        list.split(", ")
            .filter(|name| !name.is_empty() && !name.starts_with("__"))
            .map(str::to_owned)
            .collect()
    };
    if message.starts_with("Field `") || message.starts_with("Variable `") {
        let mut known = listed("Available fields: ");
        known.extend(listed("Available variables: "));
        let name = quoted();
        return (format!("`{name}` is not defined"), suggestion(name, &known));
    }
    if message.contains("got `undefined`") {
        return (NOT_DEFINED.to_owned(), Some(DEFINE.to_owned()));
    }
    if message.contains("recursion depth for components") {
        return (
            ENDLESS.to_owned(),
            Some(
                "a component must not call itself endlessly, directly or through other components".to_owned(),
            ),
        );
    }
    let mut message = message.to_owned();
    for (rust, plain) in PLAIN_TYPES {
        message = message.replace(rust, plain);
    }
    if let Some((wanted, found)) = message
        .strip_prefix("Invalid type for the value, expected ")
        .or_else(|| message.strip_prefix("invalid type for the value, expected "))
        .and_then(|rest| rest.split_once(" but got "))
    {
        return (format!("the filter expects a value of type {wanted}, but this is of type {found}"), None);
    }
    let hint = HINTS.iter().find(|(sign, _)| message.starts_with(sign)).map(|(_, help)| (*help).to_owned());
    let help = hint.or_else(|| near_arguments(&message));
    (lower_first(&message), help)
}

/// The arguments of a component that were probably meant by unknown ones.
fn near_arguments(message: &str) -> Option<String> {
    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('`').skip(1).step_by(2)
    }
    let (unknown, possible) = message.split_once(" in component call. Possible argument(s) are: ")?;
    let near = quoted(unknown).filter_map(|name| nearest(name, quoted(possible)));
    let near: Vec<String> = near.map(|name| format!("`{name}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(", ")))
}

/// Types in the words of whoever writes templates.
const PLAIN_TYPES: &[(&str, &str)] = &[
    ("`&str`", "`string`"),
    ("`map/struct`", "`map`"),
    ("`array`", "`list`"),
    ("`i64`", "`integer`"),
    ("`u64`", "`integer`"),
    ("`i128`", "`integer`"),
    ("`usize`", "`integer`"),
    ("`f64`", "`float`"),
];

/// What is mostly behind some of Tera's messages.
const HINTS: &[(&str, &str)] = &[
    (
        "Found `.` but expected one of",
        "write names without a leading dot: `values.name`; for a chart in Helm's language write `engine: gotpl` in Chart.yaml",
    ),
    ("Found `!` but expected one of", "write `not`"),
    (
        "Found `(` but expected `/` or `>`",
        "write component arguments without parentheses: `{{ <name text=\"x\" other={values.y} /> }}`",
    ),
    ("`+` requires both operands to be numbers", "join strings with `~`"),
    (
        "Components with body content must use tag syntax",
        "a component without content ends with `/>`: `{{<name/>}}`",
    ),
    ("Invalid Integer", "the largest integer is 9223372036854775807; quote the value to use it as text"),
];

/// The statements of the language, for whoever misspells one.
const TAGS: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "break",
    "continue",
    "set",
    "set_global",
    "endset",
    "include",
    "extends",
    "block",
    "endblock",
    "filter",
    "endfilter",
    "component",
    "endcomponent",
    "raw",
    "endraw",
];

/// What to write instead of a statement that the language does not have.
fn instead_of_tag(word: &str) -> Option<String> {
    let other = |(_, help): &(&str, &str)| (*help).to_owned();
    let near = || nearest(word, TAGS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
    OTHER_TAGS.iter().find(|(tag, _)| *tag == word).map(other).or_else(near)
}

/// Statements of languages like this one.
const OTHER_TAGS: &[(&str, &str)] = &[
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

fn lower_first(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    match (chars.next(), chars.clone().next()) {
        // Leave `ID` and the like alone.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.trim_end_matches('.').to_owned(),
    }
}
