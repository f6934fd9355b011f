//! Texts that are templates themselves: what `tpl` does.
//!
//! They mostly come from a values file, and that is where an error in one is shown ([`super::failed_text`]).

use super::error;
use super::explanation::Explanation;
use super::failed_text::FailedText;
use super::names::{GLOBALS, TEXT_ORIGIN};
use super::rendering::{self, spend};
use super::rewrite::rewrite_text;
use super::upstream::refused;
use crate::diag::Span;
use tera::{Context, Kwargs, State, TeraResult, Value};

/// The steps of reading a text.
const STEPS: usize = 200;

/// Renders texts as templates of their own, which see the chart's values but nothing that the caller has set.
pub(super) fn tpl(args: &Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let input = args.must_get::<Value>("text")?;
    let origin = args.get::<Value>(TEXT_ORIGIN)?.and_then(|from| rendering::origin_of_text(&from, state));
    rendering::render_nested(|| {
        let mut context = Context::new();
        for name in GLOBALS {
            if let Some(value) = state.get::<Value>(name)? {
                context.insert_value(name, value);
            }
        }
        for (name, value) in args.iter() {
            if let Some(name) = name.as_str().filter(|name| !["text", TEXT_ORIGIN].contains(name)) {
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
    spend(|budget| budget.count_work(STEPS + text.len() / 8))?;
    let failure = match rewrite_text(Span::NONE.source, text) {
        Ok(rewritten) => match rendering::render_text(&rewritten.text, context) {
            Ok(rendered) => return Ok(rendered),
            Err(error) => {
                let (Explanation { message, help, .. }, place) =
                    error::explain_in_text(&error, &rewritten, context);
                FailedText { message, help, text: text.to_owned(), origin, place }
            }
        },
        Err(found) => {
            let place = found.span().map_or(0..0, |span| span.start as usize..span.end as usize);
            let help = found.help.into_iter().next();
            FailedText { message: found.message, help, text: text.to_owned(), origin, place }
        }
    };
    let message = failure.message.clone();
    rendering::failed(failure)?;
    Err(refused(message))
}
