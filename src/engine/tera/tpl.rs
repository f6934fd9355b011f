//! Texts that are templates themselves: what `tpl` does.
//!
//! They mostly come from a values file, and that is where an error in one is shown, with the way there.

use super::error;
use super::functions::instance;
use super::rendering::{self, GLOBALS, spend};
use super::rewrite::rewrite_text;
use crate::diag::{Diagnostic, SourceId, SourceKind, Sources, Span};
use std::ops::Range;
use tera::{Context, Error, Kwargs, State, TeraResult, Value};

/// The argument by which the rewriter says what `text` leads to.
pub(super) const FROM: &str = "__from";

/// The steps of reading a text.
const STEPS: usize = 200;

/// A text in which something is wrong.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    help: Option<String>,
    text: String,
    /// The values file or flag that the text came from.
    origin: Option<Span>,
    /// The bytes of the text that are meant.
    place: Range<usize>,
}

/// Renders texts as templates of their own, which see the chart's values but nothing that the caller has set.
pub(super) fn tpl(args: &Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let input = args.must_get::<Value>("text")?;
    let origin = args.get::<Value>(FROM)?.and_then(|from| rendering::origin_of_text(&from, state));
    rendering::nested(|| {
        let mut context = Context::new();
        for name in GLOBALS {
            if let Some(value) = state.get::<Value>(name)? {
                context.insert_value(name, value);
            }
        }
        for (name, value) in args.iter() {
            if let Some(name) = name.as_str().filter(|name| !["text", FROM].contains(name)) {
                context.insert_value(name.to_owned(), value.clone());
            }
        }
        expand(&context, &input, origin)
    })
}

/// Renders every string of a value as a template.
fn expand(context: &Context, value: &Value, origin: Option<Span>) -> TeraResult<Value> {
    if let Some(text) = value.as_str() {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Ok(Value::normal_string(text));
        }
        return rendered(context, text, origin).map(Value::from);
    }
    if let Some(items) = value.as_array() {
        let items = items.iter().enumerate();
        let items = items.map(|(at, item)| expand(context, item, rendering::origin_of_entry(value, at)));
        return Ok(items.collect::<TeraResult<Vec<_>>>()?.into());
    }
    if let Some(map) = value.as_map() {
        let mut out = tera::Map::new();
        for (at, (key, item)) in map.iter().enumerate() {
            out.insert(key.clone(), expand(context, item, rendering::origin_of_entry(value, at))?);
        }
        return Ok(out.into());
    }
    Ok(value.clone())
}

/// Renders one text.
fn rendered(context: &Context, text: &str, origin: Option<Span>) -> TeraResult<String> {
    spend(|budget| budget.work(STEPS + text.len() / 8))?;
    let failure = match rewrite_text(Span::NONE.source, text) {
        Ok(rewritten) => match instance().render_str(&rewritten.text, context, false) {
            Ok(rendered) => return Ok(rendered),
            Err(error) => {
                let (message, help, place) = error::in_text(&error, &rewritten, context);
                Failure { message, help, text: text.to_owned(), origin, place }
            }
        },
        Err(found) => {
            let place = found.span().map_or(0..0, |span| span.start as usize..span.end as usize);
            let help = found.help.into_iter().next();
            Failure { message: found.message, help, text: text.to_owned(), origin, place }
        }
    };
    let message = failure.message.clone();
    rendering::failed(failure)?;
    Err(Error::message(message))
}

/// The error of a template, when a text that it gave to `tpl` is to blame: shown in the text. The innermost text comes
/// first, each after it called the one before.
pub(super) fn blamed(called: Diagnostic, mut failures: Vec<Failure>, sources: &Sources) -> Diagnostic {
    // A text that renders itself does so at one place.
    failures.dedup_by(|a, b| (&a.text, &a.place, a.origin) == (&b.text, &b.place, b.origin));
    let mut failures = failures.into_iter();
    let Some(mut innermost) = failures.next() else { return called };
    let mut found =
        Diagnostic::error(std::mem::take(&mut innermost.message)).maybe_help(innermost.help.take());
    found = innermost.label(found, sources);
    for outer in failures {
        found = found.through(Some(outer.span(sources)), RENDERED);
    }
    found = found.through(called.span(), RENDERED);
    for step in called.trace.into_iter().rev() {
        found.trace.insert(0, step);
    }
    found
}

/// What is said of the place where a text was given to `tpl`.
const RENDERED: &str = "rendered by `tpl`";

impl Failure {
    /// Shows the place in the text, and where the text came from.
    fn label(&self, found: Diagnostic, sources: &Sources) -> Diagnostic {
        let span = self.span(sources);
        let found = found.at(span, "");
        match self.origin {
            Some(origin) if origin.source != span.source => found.at(origin, "the text comes from here"),
            _ => found,
        }
    }

    /// The place in the values file where the text stands there as it is, else in the text by itself.
    fn span(&self, sources: &Sources) -> Span {
        self.written(sources).unwrap_or_else(|| {
            let source: SourceId =
                sources.add("text given to `tpl`", self.text.as_str(), SourceKind::Builtin);
            Span::new(source, self.place.start, self.place.end)
        })
    }

    fn written(&self, sources: &Sources) -> Option<Span> {
        let origin = self.origin?;
        let source = sources.get(origin.source)?;
        let scalar = source.text.get(origin.start as usize..origin.end as usize)?;
        let from = place_in_scalar(scalar, &self.text, self.place.start)?;
        let to = place_in_scalar(scalar, &self.text, self.place.end).filter(|to| *to >= from)?;
        Some(Span::new(origin.source, origin.start as usize + from, origin.start as usize + to))
    }
}

/// The byte of a scalar, as it is written in its file, where a byte of its text stands; `None` where it is not written
/// as it is.
fn place_in_scalar(scalar: &str, text: &str, at: usize) -> Option<usize> {
    if !scalar.starts_with(['|', '>'])
        && let Some(start) = scalar.find(text)
    {
        return Some(start + at);
    }
    let mut start = scalar.strip_prefix('|')?.find('\n')? + 2;
    let mut passed = 0;
    let indent = scalar[start..].lines().find(|line| !line.trim().is_empty())?;
    let indent = indent.len() - indent.trim_start_matches(' ').len();
    for line in text.split_inclusive('\n') {
        let written = scalar[start..].split_inclusive('\n').next()?;
        let shown = written.get(indent..).unwrap_or("\n");
        if shown.trim_end_matches(['\r', '\n']) != line.trim_end_matches('\n') {
            return None;
        }
        if at <= passed + line.trim_end_matches('\n').len() {
            return Some(start + indent.min(written.len()) + at - passed);
        }
        passed += line.len();
        start += written.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_where_they_are_written() {
        for (scalar, text, at, expected) in [
            ("a {{ b }}", "a {{ b }}", 5, Some(5)),
            ("'a {{ b }}'", "a {{ b }}", 5, Some(6)),
            ("\"a\\t{{ b }}\"", "a\t{{ b }}", 5, None),
            ("|\n  one\n  {{ b }}\n", "one\n{{ b }}\n", 7, Some(13)),
            ("|-\n\n  one\n\n    {{ b }}", "\none\n\n  {{ b }}", 11, Some(18)),
            (">\n  one\n  {{ b }}\n", "one {{ b }}\n", 7, None),
            ("|2\n   one\n", " one\n", 1, None),
        ] {
            assert_eq!(place_in_scalar(scalar, text, at), expected, "{scalar}");
            if let Some(place) = expected {
                assert_eq!(scalar.as_bytes()[place], text.as_bytes()[at]);
            }
        }
    }
}
