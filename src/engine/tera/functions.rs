//! The functions and filters that plimsoll adds to Tera.
//!
//! Nothing here is random and nothing reads a clock: the same inputs give the same bytes.

use super::budget::Budget;
use super::rendering::{self, OMITTED, spend};
use super::rewrite::emit_filter;
use super::tpl::tpl;
use super::upstream::{absent, argument_error, refused};
use super::value::{self, node};
use crate::chart::{Chart, ChartFile};
use crate::diag::escape::hex;
use crate::gotmpl::{Constraint, parse_version};
use crate::yaml::{self, emit};
use base64::Engine as _;
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tera::{ArgFromValue, Kwargs, State, StringInput, TeraResult, Value};

/// A Tera instance without templates that knows every function and filter. They ask [`rendering`] for the chart
/// that is being rendered, so all charts share them.
pub(super) fn instance() -> &'static tera::Tera {
    static INSTANCE: LazyLock<tera::Tera> = LazyLock::new(|| {
        let mut tera = tera::Tera::new();
        tera.autoescape_on([""]);
        counters(&mut tera);
        tera_filters(&mut tera);
        pure_filters(&mut tera);
        text_filters(&mut tera);
        functions(&mut tera);
        tera
    });
    &INSTANCE
}

/// The instance, with a filter for each of the first `sites` places where values are written.
pub(super) fn instance_for(sites: usize) -> tera::Tera {
    let mut tera = instance().clone();
    for site in 0..sites {
        tera.register_filter(
            emit_filter(site),
            move |value: &Value, _: Kwargs, state: &State<'_>| -> TeraResult<Value> {
                rendering::emit(value, site, state)
            },
        );
    }
    tera
}

fn functions(tera: &mut tera::Tera) {
    tera.register_function("file", |args: Kwargs, _: &State<'_>| {
        let chart = rendering::chart()?;
        file(&chart, read_required(&args, "path")?)
    });
    tera.register_function("files", |args: Kwargs, _: &State<'_>| {
        let chart = rendering::chart()?;
        matching(&chart, read_required(&args, "glob")?)
    });
    tera.register_function("tpl", |args: Kwargs, state: &State<'_>| tpl(&args, state));
    tera.register_function("required", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        required(
            read_optional::<Value>(&args, "value")?.unwrap_or_else(Value::undefined),
            read_required(&args, "message")?,
        )
    });
    tera.register_function("fail", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        Err(refused(read_required::<&str>(&args, "message")?))
    });
    tera.register_function("lookup", |_: Kwargs, _: &State<'_>| value::map([]));
}

/// What the rewriter puts into templates to count what they do.
fn counters(tera: &mut tera::Tera) {
    let mut counter = |name: &'static str, count: fn(&Budget, &Value) -> TeraResult<()>| {
        tera.register_filter(name, move |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            spend(|budget| count(budget, value))?;
            Ok(value.clone())
        });
    };
    counter("__held", Budget::count_value);
    counter("__text", Budget::count_as_text);
    counter("__searched", Budget::count_search);
    tera.register_filter("__set", |value: &Value, args: Kwargs, state: &State<'_>| -> TeraResult<Value> {
        let before = state.get::<Value>(read_required(&args, "name")?)?;
        spend(|budget| budget.count_assignment(value, before.as_ref()))?;
        Ok(value.clone())
    });
    tera.register_filter("__looped", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let (turn, text) = (read_required(&args, "turn")?, read_required(&args, "text")?);
        spend(|budget| budget.count_turns(value, turn, text))?;
        Ok(value.clone())
    });
    tera.register_function("__called", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        rendering::check_stack()?;
        spend(|budget| budget.count_work(CALL))?;
        if let Some(rest) = read_optional::<Value>(&args, "rest")? {
            spend(|budget| budget.count_value(&rest))?;
        }
        Ok(Value::safe_string(""))
    });
    tera.register_function("__reached", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        rendering::reached(read_required(&args, "n")?);
        Ok(Value::safe_string(""))
    });
    tera.register_filter("__written", |value: &Value, args: Kwargs, state: &State<'_>| {
        rendering::emit_nested(value, read_optional(&args, "path")?, state)
    });
}

/// An argument of a filter or a function, if it is given.
fn read_optional<'k, T: ArgFromValue<'k, Output = T>>(
    args: &'k Kwargs,
    name: &'k str,
) -> TeraResult<Option<T>> {
    args.get(name).map_err(|error| argument_error(name, error))
}

/// An argument that has to be given.
fn read_required<'k, T: ArgFromValue<'k, Output = T>>(args: &'k Kwargs, name: &'k str) -> TeraResult<T> {
    read_optional(args, name)?.map_or_else(|| args.must_get(name), Ok)
}

/// The steps of a component or an include.
const CALL: usize = 40;

/// Tera's own filters that make much of little, within the budget.
fn tera_filters(tera: &mut tera::Tera) {
    tera.register_filter("str", |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<String> {
        spend(|budget| budget.count_as_text(value))?;
        Ok(value.to_string())
    });
    tera.register_filter("replace", replace);
    tera.register_filter("join", join);
    tera.register_filter("split", split);
    tera.register_filter("unique", unique);
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
fn replace(text: StringInput<'_>, args: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let (from, to) = (read_required::<&str>(&args, "from")?, read_required::<StringInput<'_>>(&args, "to")?);
    let (safe, text) = (text.is_safe() || to.is_safe(), text.as_str());
    let more = text.matches(from).count().saturating_mul(to.as_str().len());
    spend(|budget| budget.count_new_text(text.len().saturating_add(more)))?;
    Ok(as_safe(text.replace(from, to.as_str()), safe && state.autoescaping_enabled()))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
fn join(items: &[Value], args: Kwargs, state: &State<'_>) -> TeraResult<Value> {
    let separator = read_optional::<StringInput<'_>>(&args, "sep")?;
    let between = separator.as_ref().map_or("", StringInput::as_str);
    spend(|budget| {
        items.iter().try_for_each(|item| budget.count_as_text(item))?;
        budget.count_new_text(items.len().saturating_mul(between.len()))
    })?;
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    let safe = separator.is_some_and(|separator| separator.is_safe()) || items.iter().any(Value::is_safe);
    Ok(as_safe(texts.join(between), safe && state.autoescaping_enabled()))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
fn split(text: &str, args: Kwargs, _: &State<'_>) -> TeraResult<Vec<String>> {
    let pattern = read_required::<&str>(&args, "pat")?;
    spend(|budget| budget.count_values(text.matches(pattern).count()))?;
    Ok(text.split(pattern).map(str::to_owned).collect())
}

fn unique(items: &[Value], _: Kwargs, _: &State<'_>) -> TeraResult<Vec<Value>> {
    let (mut found, mut keys, mut others) = (Vec::new(), BTreeSet::new(), Vec::new());
    for item in items {
        spend(|budget| budget.count_search(item))?;
        let is_new = match Key::of(item) {
            Some(key) => keys.insert(key),
            None if contains(&others, item)? => false,
            None => {
                others.push(item);
                true
            }
        };
        found.extend(is_new.then(|| item.clone()));
    }
    Ok(found)
}

/// Whether an item is among others. Comparing it counts as looking through it.
fn contains(others: &[&Value], item: &Value) -> TeraResult<bool> {
    for other in others {
        spend(|budget| budget.count_work(1).and_then(|()| budget.count_search(item)))?;
        if *other == item {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What equal values have in common, and only they.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'v> {
    Text(&'v str),
    /// An integer, or a float without a fraction: Tera takes `1` and `1.0` for equal.
    Integer(i128),
    /// The bits of a float with a fraction.
    Float(u64),
}

impl<'v> Key<'v> {
    /// `None` if equality is not that simple.
    fn of(value: &'v Value) -> Option<Self> {
        // Beyond it neither type holds all numbers of the other.
        const LARGEST: i128 = 1 << 100;
        if let Some(text) = value.as_str() {
            return Some(Self::Text(text));
        }
        if !value.is_f64() {
            return value
                .as_i128()
                .filter(|integer| integer.unsigned_abs() < LARGEST.unsigned_abs())
                .map(Self::Integer);
        }
        #[expect(clippy::cast_precision_loss, reason = "a power of two")]
        let float = value.as_f64().filter(|float| float.abs() < LARGEST as f64)?;
        #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is not too large")]
        let integer = (float.fract() == 0.0).then_some(float as i128);
        Some(integer.map_or(Self::Float(float.to_bits()), Self::Integer))
    }
}

fn as_safe(text: String, safe: bool) -> Value {
    let text = Value::from(text);
    if safe { text.mark_safe() } else { text }
}

fn pure_filters(tera: &mut tera::Tera) {
    tera.register_filter("__placed", |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let text = rendering::resolved(value.as_str().unwrap_or_default())?;
        Ok(Value::safe_string(text.trim_end_matches('\n')))
    });
    tera.register_filter("omit_empty", |value: &Value, _: Kwargs, _: &State<'_>| -> Value {
        if !value.is_undefined() && is_empty(value) { Value::safe_string(OMITTED) } else { value.clone() }
    });
    tera.register_filter("required", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        required(value.clone(), read_required(&args, "message")?)
    });
    tera.register_filter("default", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let other = read_required::<Value>(&args, "value")?;
        let any_empty = read_optional::<bool>(&args, "boolean")?.unwrap_or_default();
        let absent = value.is_undefined() || value.is_none() || (any_empty && !value.is_truthy());
        Ok(if absent { other } else { value.clone() })
    });
    tera.register_filter("to_yaml", |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        if value.is_safe() {
            return Ok(value.clone());
        }
        spend(|budget| budget.count_as_text(value))?;
        Ok(Value::safe_string(emit::document(&node(value)?).trim_end_matches('\n')))
    });
    tera.register_filter("to_json", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<String> {
        spend(|budget| budget.count_as_text(value))?;
        node(value)?;
        let pretty = read_optional::<bool>(&args, "pretty")?.unwrap_or_default();
        let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        text.map_err(refused)
    });
}

fn text_filters(tera: &mut tera::Tera) {
    let mut filter = |name: &'static str, apply: fn(String, &Kwargs) -> TeraResult<Value>| {
        tera.register_filter(name, move |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            if value.is_undefined() {
                return Err(absent());
            }
            // Binary data has no text; only its bytes can be encoded and digested.
            if let (Some(bytes), "b64encode") = (value.as_bytes(), name) {
                return Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into());
            }
            if let (Some(bytes), "sha256") = (value.as_bytes(), name) {
                return Ok(hex(&sha2::Sha256::digest(bytes)).into());
            }
            spend(|budget| budget.count_as_text(value))?;
            let result = apply(rendering::to_text(value)?, &args)?;
            Ok(if value.is_safe() && KEEPS_YAML.contains(&name) { result.mark_safe() } else { result })
        });
    };
    filter("quote", |text, _| Ok(Value::safe_string(&format!("\"{}\"", emit::escape_double(&text)))));
    filter("squote", |text, _| {
        let written = match emit::escape_single(&text) {
            Some(inner) => format!("'{inner}'"),
            None => format!("\"{}\"", emit::escape_double(&text)),
        };
        Ok(Value::safe_string(&written))
    });
    filter("b64encode", |text, _| Ok(base64::engine::general_purpose::STANDARD.encode(text).into()));
    filter("b64decode", |text, _| {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text.trim())
            .map_err(|error| refused(format!("this is not valid base64: {error}")))?;
        String::from_utf8(bytes).map(Value::from).map_err(|_| refused("the decoded bytes are not UTF-8 text"))
    });
    filter("sha256", |text, _| Ok(hex(&sha2::Sha256::digest(text)).into()));
    filter("from_yaml", |text, _| parse_yaml(&text));
    filter("from_json", |text, _| {
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| refused(format!("this is not valid JSON: {error}")))?;
        Ok(Value::from_serializable(&value))
    });
    filter("indent", |text, args| Ok(indented(&text, width(args)?)?.into()));
    filter("nindent", |text, args| {
        let width = width(args)?;
        Ok(format!("\n{}{}", " ".repeat(width), indented(&text, width)?).into())
    });
    filter("trunc", |text, args| Ok(truncated(&text, read_required(args, "length")?).into()));
    filter("kebabcase", |text, _| Ok(heck::ToKebabCase::to_kebab_case(text.as_str()).into()));
    filter("snakecase", |text, _| Ok(heck::ToSnakeCase::to_snake_case(text.as_str()).into()));
    filter("camelcase", |text, _| Ok(heck::ToLowerCamelCase::to_lower_camel_case(text.as_str()).into()));
    filter("regex_match", |text, args| Ok(pattern(args)?.is_match(&text).into()));
    filter("regex_replace", |text, args| {
        replace_matches(&pattern(args)?, &text, read_required(args, "with")?)
    });
    filter("semver_compare", |text, args| {
        let wanted = read_required::<&str>(args, "constraint")?;
        let constraint = Constraint::parse(wanted)
            .map_err(|error| refused(format!("`{wanted}` is not a valid version constraint: {error}")))?;
        let version =
            parse_version(&text).ok_or_else(|| refused(format!("`{text}` is not a valid version")))?;
        Ok(constraint.matches(&version).into())
    });
}

/// The text with every match of the pattern replaced.
fn replace_matches(pattern: &regex::Regex, text: &str, with: &str) -> TeraResult<Value> {
    let groups = with.matches('$').count();
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for captures in pattern.captures_iter(text) {
        let found = captures.get_match();
        out.push_str(&text[from..found.start()]);
        // No group is longer than the match.
        let longest = with.len().saturating_add(groups.saturating_mul(found.len()));
        spend(|budget| budget.count_growth(out.len(), longest))?;
        captures.expand(with, &mut out);
        from = found.end();
    }
    out.push_str(&text[from..]);
    Ok(out.into())
}

/// Filters whose result is YAML when their input is.
const KEEPS_YAML: [&str; 4] = ["quote", "squote", "indent", "nindent"];

fn required(value: Value, message: &str) -> TeraResult<Value> {
    if value.is_undefined() || is_empty(&value) { Err(refused(message)) } else { Ok(value) }
}

/// null, "", {} or [].
fn is_empty(value: &Value) -> bool {
    value.is_none() || value.len() == Some(0) && !value.is_number()
}

fn file(chart: &Chart, path: &str) -> TeraResult<Value> {
    let clean = check_chart_path(path)?;
    if let Some(file) = chart.file(clean) {
        return content(file);
    }
    let near = crate::diag::nearest(clean, chart.files.iter().map(|file| file.path.as_str()));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(refused(format!("the chart has no file `{path}`{hint}")))
}

fn matching(chart: &Chart, glob: &str) -> TeraResult<Value> {
    let matcher = globset::GlobBuilder::new(check_chart_path(glob)?)
        .literal_separator(true)
        .build()
        .map_err(|error| refused(format!("`{glob}` is not a valid glob: {error}")))?
        .compile_matcher();
    let found = chart.files.iter().filter(|file| matcher.is_match(&file.path));
    Ok(found
        .map(|file| Ok((tera::value::Key::from(file.path.clone()), content(file)?)))
        .collect::<TeraResult<tera::Map>>()?
        .into())
}

fn content(file: &ChartFile) -> TeraResult<Value> {
    let data = file.data().map_err(refused)?;
    Ok(std::str::from_utf8(data).map_or_else(|_| Value::bytes(&**data), Value::from))
}

/// The path without `./`, if it stays in the chart.
fn check_chart_path(path: &str) -> TeraResult<&str> {
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..") {
        return Err(refused(format!(
            "`{path}` points outside the chart: only files of the chart can be read"
        )));
    }
    Ok(path.strip_prefix("./").unwrap_or(path))
}

fn pattern(args: &Kwargs) -> TeraResult<regex::Regex> {
    let text = read_required::<&str>(args, "pattern")?;
    regex::Regex::new(text)
        .map_err(|error| refused(format!("`{text}` is not a valid regular expression: {error}")))
}

fn parse_yaml(text: &str) -> TeraResult<Value> {
    let sources = crate::diag::Sources::new();
    let source = sources.add("text", text, crate::diag::SourceKind::Builtin);
    let report = yaml::read(&sources, source, &yaml::ReadOptions::strict());
    if let Some(error) =
        report.diagnostics.iter().find(|found| found.severity == crate::diag::Severity::Error)
    {
        return Err(refused(format!("this is not valid YAML: {}", error.message)));
    }
    let document = report.output.unwrap_or_default().into_iter().find(|document| !document.blank);
    Ok(document.map_or_else(Value::none, |document| value::Origins::default().tree(&document.root)))
}

/// How far to indent.
fn width(args: &Kwargs) -> TeraResult<usize> {
    let width = read_required::<usize>(args, "width")?;
    if width > MAX_WIDTH {
        return Err(refused(format!("a width of {width} is too large: the limit is {MAX_WIDTH}")));
    }
    Ok(width)
}

/// The widest indentation.
const MAX_WIDTH: usize = 1000;

fn indented(text: &str, width: usize) -> TeraResult<String> {
    spend(|budget| budget.count_new_text(text.len() + text.matches('\n').count() * width))?;
    Ok(text.replace('\n', &format!("\n{}", " ".repeat(width))))
}

fn truncated(text: &str, length: i64) -> String {
    let wanted = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    if length < 0 {
        let skip = text.chars().count().saturating_sub(wanted);
        return text.chars().skip(skip).collect::<String>().trim_start_matches(['-', '.', '_']).to_owned();
    }
    text.chars().take(wanted).collect::<String>().trim_end_matches(['-', '.', '_']).to_owned()
}
