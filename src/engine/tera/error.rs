//! Tera's errors in plimsoll's words and in the terms of the files on disk.

use super::circle::find_circle;
use super::definitions::definitions;
use super::explanation::{Explanation, missing, suggestion, undefined};
use super::files::{FileRange, Files};
use super::guard;
use super::library;
use super::names::LIBRARY_PREFIX;
use super::reference::{self, Entry, EntryKind, REFERENCE};
use super::rewrite::Rewritten;
use super::syntax;
use super::tags::call_of;
use super::upstream::{
    self, Failure, Fault, Locus, Named, Position, TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS,
};
use crate::diag::{Diagnostic, nearest};
use std::collections::BTreeMap;
use std::ops::Range;
use tera::Context;

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
    let Failure { fault, place, callers } = upstream::failure(error);
    let mut explanation = describe(&fault, None);
    let located =
        place.as_ref().and_then(|place| Some((known.templates.get(&place.template)?, &place.position)));
    let mut place = match located {
        Some((template, Position::Bytes(range))) => {
            Some(known.refine(&fault, template, range, &mut explanation))
        }
        Some((template, Position::Line(line, column))) => Some(template.locate_line(*line, *column)),
        Some((template, Position::Start)) => Some(template.original(0, 0)),
        None if fault == Fault::EndlessComponents => find_circle(known.templates),
        None => None,
    };
    if place.is_none() {
        place = root.and_then(|root| known.templates.get(root)).map(|template| template.original(0, 0));
    }
    let called = |locus: Locus| match locus.position {
        Position::Line(line, column) => {
            let template = known.templates.get(&locus.template)?;
            Some((locus.template, template, line, column))
        }
        _ => None,
    };
    let mut callers = callers.into_iter().filter_map(called).peekable();
    // What a component finds undefined in its argument is so where it is called.
    while let Some(name) = &explanation.name
        && let Some((_, template, line, column)) = callers.peek()
    {
        let start = template.byte(*line, *column);
        let call = template.text[start..].split_inclusive('>').next().unwrap_or_default();
        let Some((better, given)) = known.explain_argument(template, start, call, name) else { break };
        (explanation, place) = (better, Some(given));
        callers.next();
    }
    let mut found = Diagnostic::error(explanation.message).maybe_help(explanation.help);
    if let Some(place) = place {
        found = found.at(known.files.span(place), "");
    }
    for (name, template, line, column) in callers {
        let shown = name.strip_prefix(LIBRARY_PREFIX).unwrap_or(&name);
        let place = known.files.span(template.locate_line(line, column));
        found = found.traced_through(Some(place), format!("called from `{shown}`"));
    }
    found
}

impl Known<'_> {
    /// Explains a fault better by the bytes of the template that it points to; the place that is meant.
    fn refine(
        self,
        fault: &Fault,
        template: &Rewritten,
        range: &Range<usize>,
        explanation: &mut Explanation,
    ) -> FileRange {
        if let Fault::UndefinedArgument { name, .. } = fault {
            let call = template.text.get(range.clone()).unwrap_or_default();
            if let Some((better, given)) = self.explain_argument(template, range.start, call, name) {
                *explanation = better;
                return given;
            }
        }
        let range = refine_by_text(fault, template, range, self.context, explanation);
        template.original(range.start, range.end)
    }

    /// What is wrong with the path that a call gives for an argument, which leads nowhere, and where it stands. The
    /// call begins at a byte of a template.
    fn explain_argument(
        self,
        template: &Rewritten,
        start: usize,
        call: &str,
        name: &str,
    ) -> Option<(Explanation, FileRange)> {
        let argument = call_of(call)?.arguments.into_iter().find(|argument| argument.name == name)?;
        let full = argument.path.join(".");
        let place = template.original(start + argument.at, start + argument.at + full.len());
        // Of variables that the template sets nothing is known any more.
        let context = self.context.filter(|context| context.contains_key(&argument.path[0]));
        let explanation = match context {
            Some(context) => undefined(&argument.path, |name| context.get(name).cloned()),
            None => Explanation::not_defined(&full, None),
        };
        Some((explanation, place))
    }
}

/// Explains a fault better by the text that it points to; the bytes that are meant.
fn refine_by_text(
    fault: &Fault,
    template: &Rewritten,
    range: &Range<usize>,
    context: Option<&Context>,
    explanation: &mut Explanation,
) -> Range<usize> {
    let text = &template.text;
    match fault {
        Fault::UndefinedName { is_field: true, .. } => {
            let path = template.path_to(range.end);
            if path.ends_with(text.get(range.clone()).unwrap_or_default()) {
                *explanation = Explanation::not_defined(path, explanation.help.take());
            }
        }
        Fault::Undefined { .. } | Fault::UndefinedArgument { .. } => {
            let better = context.and_then(|context| find_dangling_path(text, range.start, context));
            if let Some((better, path)) = better {
                *explanation = better;
                return path;
            }
        }
        _ => {
            if let Some(better) = syntax::explain_fault(fault, text, range) {
                *explanation = better;
            }
        }
    }
    range.clone()
}

/// The message for a missing value if nothing better is known.
const NOT_DEFINED: &str = "this value is not defined";

/// What to do about it.
const DEFINE: &str = "set it, or use `default(value=..)`";

/// The path that leads nowhere next to a byte of a tag, behind it or else before it: what is wrong with it, and its bytes.
/// Of variables that the template sets nothing is known any more.
fn find_dangling_path(text: &str, at: usize, context: &Context) -> Option<(Explanation, Range<usize>)> {
    let start = ["{{", "{%"].iter().filter_map(|open| text.get(..at)?.rfind(open)).max()? + 2;
    let end = at + ["}}", "%}"].iter().filter_map(|close| text.get(at..)?.find(close)).min()?;
    let nowhere = |(offset, path): (usize, Vec<&str>)| {
        context.get(path.first()?)?;
        let names: Vec<String> = path.into_iter().map(str::to_owned).collect();
        let mut explanation = missing(&names, |name| context.get(name).cloned())?;
        let from = start + offset;
        let to = from + names.join(".").len();
        explanation.help =
            syntax::with_minus(text, from, to).or(explanation.help).or_else(|| Some(DEFINE.to_owned()));
        Some((explanation, from..to))
    };
    // What is read behind a filter of the rewriter's own stands before it.
    let (before, behind): (Vec<_>, Vec<_>) =
        guard::paths(&text[start..end]).partition(|(offset, _)| start + offset < at);
    behind.into_iter().find_map(nowhere).or_else(|| before.into_iter().rev().find_map(nowhere))
}

/// What is wrong in a text given to `tpl` with what it sees, and the bytes of the text.
pub(super) fn explain_in_text(
    error: &tera::Error,
    template: &Rewritten,
    context: &Context,
) -> (Explanation, Range<usize>) {
    let Failure { fault, place, .. } = upstream::failure(error);
    let mut explanation = describe(&fault, None);
    let place = match place.map(|place| place.position) {
        Some(Position::Bytes(range)) => {
            let range = refine_by_text(&fault, template, &range, Some(context), &mut explanation);
            template.original(range.start, range.end).bytes()
        }
        Some(Position::Line(line, column)) => template.locate_line(line, column).bytes(),
        Some(Position::Start) | None => 0..0,
    };
    (explanation, place)
}

/// What Tera says about templates that name others, filters, functions or components, when it puts them together.
pub(super) fn references(error: &tera::Error, known: Known<'_>) -> Vec<Diagnostic> {
    let show = |failure: Failure| {
        let Explanation { message, help, .. } = describe(&failure.fault, Some(known));
        let template = |place: &Locus| known.templates.get(&place.template);
        let place = failure.place.as_ref().and_then(|place| match place.position {
            Position::Line(line, column) => Some(template(place)?.locate_line(line, column)),
            Position::Start | Position::Bytes(_) => Some(template(place)?.original(0, 0)),
        });
        let found = Diagnostic::error(message).maybe_help(help);
        match place {
            Some(place) => found.at(known.files.span(place), ""),
            None => found,
        }
    };
    upstream::failures(error).into_iter().map(show).collect()
}

/// What to write instead of an unknown name. What templates and components there are is known while a chart is put
/// together.
fn suggest_name(what: Named, name: &str, chart: Option<Known<'_>>) -> Option<String> {
    let mut wanted = name;
    let candidates: Vec<String> = match what {
        Named::Filter => names(EntryKind::Filter, TERA_FILTERS),
        Named::Function => names(EntryKind::Function, TERA_FUNCTIONS),
        Named::Test => TERA_TESTS.iter().map(|name| (*name).to_owned()).collect(),
        Named::Component => {
            // Tera itself knows none of them while one cannot be found.
            let templates = chart.into_iter().flat_map(|known| known.templates.values());
            let own = templates.flat_map(|template| definitions(&template.text).defined);
            library::names().chain(own.map(|definition| definition.name)).collect()
        }
        Named::Template => {
            // Templates are named without the directory that all of them are in.
            wanted = wanted.strip_prefix("templates/").unwrap_or(wanted);
            let all = chart.into_iter().flat_map(|known| known.templates.keys());
            all.map(|name| name.strip_prefix(LIBRARY_PREFIX).unwrap_or(name).to_owned()).collect()
        }
    };
    suggestion(wanted, &candidates)
}

fn in_backticks(names: &[impl std::fmt::Display]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn names(kind: EntryKind, more: &[&'static str]) -> Vec<String> {
    let own = REFERENCE.iter().filter(|entry| entry.kind == kind).map(Entry::name);
    own.chain(more.iter().copied().map(reference::name)).map(str::to_owned).collect()
}

/// The explanation of a fault from the fault alone.
fn describe(fault: &Fault, chart: Option<Known<'_>>) -> Explanation {
    let help = |help: &str| Some(help.to_owned());
    match fault {
        Fault::UnknownStatement => Explanation::new("unknown tag", None),
        Fault::UnexpectedCharacter => Explanation::new("unexpected character", None),
        Fault::MethodCall => Explanation::new("values have no methods", None),
        Fault::ComponentWithoutContent => Explanation::new(
            "the call of a component is never closed",
            help("a component without content ends with `/>`: `{{<name/>}}`"),
        ),
        Fault::LargeInteger => Explanation::new(
            "the integer is too large",
            help("the largest integer is 9223372036854775807; quote the value to use it as text"),
        ),
        Fault::Unexpected { found, expected } => Explanation::new(
            format!("found {found} but expected {expected}"),
            syntax::suggest_syntax(found, expected).map(str::to_owned),
        ),
        Fault::Unknown { what, name } => {
            Explanation::new(format!("unknown {} `{name}`", word(*what)), suggest_name(*what, name, chart))
        }
        Fault::IncludeCircle(chain) => Explanation::new(
            format!("templates include each other in a circle: {}", chain.join(" -> ")),
            None,
        ),
        Fault::ExtendCircle(chain) => {
            Explanation::new(format!("templates extend each other in a circle: {}", chain.join(" -> ")), None)
        }
        Fault::MissingParent { template, parent } => {
            Explanation::new(format!("`{template}` extends `{parent}`, which does not exist"), None)
        }
        Fault::UndefinedName { name, known, .. } => Explanation::not_defined(name, suggestion(name, known)),
        Fault::Undefined { message: None } => Explanation::new(NOT_DEFINED, help(DEFINE)),
        Fault::UndefinedPath { message, help, name } => {
            Explanation { message: message.clone(), help: help.clone(), name: name.clone() }
        }
        Fault::UnknownArguments { unknown, possible } => {
            let near = unknown.iter().filter_map(|name| nearest(name, possible.iter().map(String::as_str)));
            let near: Vec<&str> = near.collect();
            let what = if unknown.len() == 1 { "argument" } else { "arguments" };
            let help = match (near.as_slice(), possible.as_slice()) {
                ([], []) => "it takes no arguments".to_owned(),
                ([], _) => format!("available: {}", in_backticks(possible)),
                _ => format!("did you mean {}?", in_backticks(&near)),
            };
            Explanation::new(format!("the component has no {what} {}", in_backticks(unknown)), Some(help))
        }
        Fault::Input { expected, found } => Explanation::new(
            format!("the filter expects a value of type {expected}, but this is of type {found}"),
            None,
        ),
        Fault::SumOfTexts { message } => Explanation::new(message, help("join strings with `~`")),
        Fault::EndlessComponents => Explanation::new(
            "components call each other endlessly",
            help("a component must not call itself endlessly, directly or through other components"),
        ),
        Fault::Refused { message, help } => Explanation::new(message, help.clone()),
        Fault::UndefinedArgument { message, .. }
        | Fault::Undefined { message: Some(message) }
        | Fault::Other(message) => Explanation::new(message, None),
    }
}

/// What a name stands for, in a word.
fn word(what: Named) -> &'static str {
    match what {
        Named::Filter => "filter",
        Named::Function => "function",
        Named::Test => "test",
        Named::Component => "component",
        Named::Template => "template",
    }
}
