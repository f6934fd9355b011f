//! The functions and filters that plimsoll adds to Tera, and their reference.
//!
//! Nothing here is random and nothing reads a clock: the same inputs give the same bytes.

use super::place::{self, Content, Slot};
use super::rewrite::{OPEN, Tables};
use super::value::{self, SharedOrigins};
use crate::chart::{Chart, Constraint, constraint};
use crate::yaml::{self, emit};
use base64::Engine as _;
use sha2::Digest as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tera::{Error, Kwargs, State, TeraResult, Value};

/// One line of the reference.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Function or filter.
    pub kind: EntryKind,
    /// How it is called: `trunc(length=)`.
    pub signature: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// A template and what it renders to, if a line can show it.
    pub example: Option<(&'static str, &'static str)>,
}

impl Entry {
    /// The bare name.
    pub fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }
}

/// What an [`Entry`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// `{{ name(argument=value) }}`.
    Function,
    /// `{{ value | name(argument=value) }}`.
    Filter,
}

/// The reference of everything that plimsoll adds to Tera, in the order of the documentation.
pub const REFERENCE: &[Entry] = &[
    function(
        "file(path=)",
        "The content of a file of the chart. The path is relative to the chart and cannot leave it. Binary files must go through `b64encode`.",
        None,
    ),
    function(
        "files(glob=)",
        "The files of the chart whose path matches the glob, as a map from path to content, sorted by path.",
        None,
    ),
    function(
        "tpl(text=)",
        "Renders a string as a template of its own; of a list or map, every string in it. It sees `values`, `release`, `chart`, `capabilities`, `template` and `subcharts`.",
        Some(("name: {{ tpl(text=\"{{ release.name }}-db\") }}", "name: web-db")),
    ),
    function(
        "required(value=, message=)",
        "The value; rendering stops with the message if it is null or empty.",
        Some(("host: {{ required(value=\"db\", message=\"set host\") }}", "host: db")),
    ),
    function("fail(message=)", "Stops rendering with the message.", None),
    function(
        "lookup(api_version=, kind=, namespace=, name=)",
        "Always an empty map: there is no cluster to ask.",
        Some(("found: {{ lookup(kind=\"Secret\", name=\"a\") }}", "found: {}")),
    ),
    filter(
        "omit_empty",
        "Where it stands alone as a value: drops the whole line, key included, if the value is null, \"\", {} or [].",
        Some(("a: 1\nb: {{ [] | omit_empty }}", "a: 1")),
    ),
    filter(
        "required(message=)",
        "The value; rendering stops with the message if it is null or empty.",
        Some(("host: {{ \"db\" | required(message=\"set host\") }}", "host: db")),
    ),
    filter(
        "default(value=)",
        "The value, or the given one if it is undefined or null. With `boolean=true` also if it is false, 0 or empty.",
        Some(("a: {{ none | default(value=3) }}", "a: 3")),
    ),
    filter(
        "to_yaml",
        "YAML, to be placed as a block where it stands.",
        Some(("a:\n  {{ {\"b\": [1]} | to_yaml }}", "a:\n  b:\n    - 1")),
    ),
    filter(
        "from_yaml",
        "The value that a YAML text holds.",
        Some(("a: {{ \"b: 1\" | from_yaml }}", "a:\n  b: 1")),
    ),
    filter(
        "to_json",
        "Compact JSON text, as a string. With `pretty=true`, indented.",
        Some(("a: {{ {\"b\": 1} | to_json }}", "a: '{\"b\":1}'")),
    ),
    filter(
        "from_json",
        "The value that a JSON text holds.",
        Some(("a: {{ '[1]' | from_json }}", "a:\n  - 1")),
    ),
    filter(
        "quote",
        "A double-quoted YAML string, whatever the type.",
        Some(("a: {{ 8080 | quote }}", "a: \"8080\"")),
    ),
    filter(
        "squote",
        "A single-quoted YAML string, whatever the type.",
        Some(("a: {{ 8080 | squote }}", "a: '8080'")),
    ),
    filter(
        "b64encode",
        "Base64 of a text or of binary data.",
        Some(("a: {{ \"hi\" | b64encode }}", "a: aGk=")),
    ),
    filter(
        "b64decode",
        "The text that a base64 text holds.",
        Some(("a: {{ \"aGk=\" | b64decode }}", "a: hi")),
    ),
    filter(
        "sha256",
        "The SHA-256 digest in hexadecimal, of a text or of the JSON of anything else: a checksum for annotations.",
        Some(("a: {{ \"hi\" | sha256 | trunc(length=8) }}", "a: 8f434346")),
    ),
    filter(
        "indent(width=)",
        "Every line after the first indented; rarely needed, blocks are indented where they stand.",
        None,
    ),
    filter(
        "nindent(width=)",
        "A line break, then every line indented; for Helm users' fingers, blocks are indented where they stand.",
        None,
    ),
    filter(
        "trunc(length=)",
        "The first characters; with a negative length the last. A `-`, `.` or `_` left at the end is removed, so that the result is still a name.",
        Some(("a: {{ \"my-long-name\" | trunc(length=3) }}", "a: my")),
    ),
    filter(
        "kebabcase",
        "`someName` as `some-name`.",
        Some(("a: {{ \"someName\" | kebabcase }}", "a: some-name")),
    ),
    filter(
        "snakecase",
        "`someName` as `some_name`.",
        Some(("a: {{ \"someName\" | snakecase }}", "a: some_name")),
    ),
    filter(
        "camelcase",
        "`some-name` as `someName`.",
        Some(("a: {{ \"some-name\" | camelcase }}", "a: someName")),
    ),
    filter(
        "regex_match(pattern=)",
        "Whether the pattern (RE2 syntax) matches anywhere in the text.",
        Some(("a: {{ \"v1.2\" | regex_match(pattern=\"^v[0-9]\") }}", "a: true")),
    ),
    filter(
        "regex_replace(pattern=, with=)",
        "Every match of the pattern replaced; `$1` is the first group.",
        Some(("a: {{ \"v1.2\" | regex_replace(pattern=\"^v\", with=\"\") | quote }}", "a: \"1.2\"")),
    ),
    filter(
        "semver_compare(constraint=)",
        "Whether a version satisfies a constraint (`>=1.25.0-0`, `^1.2`, `1.x || 2`).",
        Some(("a: {{ \"1.27.3\" | semver_compare(constraint=\">=1.25\") }}", "a: true")),
    ),
];

/// The filters, functions and tests that Tera itself brings and that make sense in a chart.
pub const TERA_FILTERS: &[&str] = &[
    "abs",
    "capitalize",
    "first",
    "float",
    "get",
    "group_by",
    "int",
    "join",
    "keys",
    "last",
    "length",
    "lower",
    "nth",
    "pairs",
    "pluralize",
    "replace",
    "reverse",
    "round",
    "safe",
    "sort",
    "split",
    "str",
    "title",
    "trim",
    "trim_end",
    "trim_start",
    "truncate",
    "unique",
    "upper",
    "values",
    "wordcount",
];

/// Tera's own functions.
pub const TERA_FUNCTIONS: &[&str] = &["range", "throw"];

/// Tera's own tests.
pub const TERA_TESTS: &[&str] = &[
    "array",
    "bool",
    "containing",
    "defined",
    "divisible_by",
    "ending_with",
    "even",
    "float",
    "integer",
    "iterable",
    "map",
    "none",
    "number",
    "odd",
    "starting_with",
    "string",
    "undefined",
];

const fn function(
    signature: &'static str,
    summary: &'static str,
    example: Option<(&'static str, &'static str)>,
) -> Entry {
    Entry { kind: EntryKind::Function, signature, summary, example }
}

const fn filter(
    signature: &'static str,
    summary: &'static str,
    example: Option<(&'static str, &'static str)>,
) -> Entry {
    Entry { kind: EntryKind::Filter, signature, summary, example }
}

/// What `omit_empty` leaves for the emitting filter to see; no YAML text can be this.
const OMITTED: &str = "\u{1}";

/// The names that templates see besides their own variables.
pub(super) const GLOBALS: [&str; 6] = ["values", "release", "chart", "capabilities", "template", "subcharts"];

/// The values that one rendering has placed markers for.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    all: Arc<Mutex<Vec<Slot>>>,
    tables: Arc<Tables>,
    origins: SharedOrigins,
}

impl Slots {
    pub(super) fn new(tables: Arc<Tables>, origins: SharedOrigins) -> Self {
        Self { all: Arc::default(), tables, origins }
    }

    /// The slots so far, for placing.
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the markers' numbers refer to.
    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    fn add(&self, slot: Slot) -> Value {
        let mut all = self.lock();
        all.push(slot);
        Value::safe_string(&place::value_marker(all.len() - 1))
    }

    /// Text of a template, without markers.
    fn resolved(&self, text: &str) -> TeraResult<String> {
        if !text.contains(OPEN) {
            return Ok(text.to_owned());
        }
        let slots = self.lock().clone();
        match place::yaml(text, &slots, &self.tables) {
            Ok(placed) => Ok(placed.text),
            Err(errors) => Err(Error::message(errors.first().map_or("", |error| error.message.as_str()))),
        }
    }

    /// The text of any value, for filters that work on text.
    fn text(&self, value: &Value) -> TeraResult<String> {
        if let Some(text) = value.as_str() {
            return self.resolved(text);
        }
        let node = node(value)?;
        Ok(match node.value {
            yaml::Value::Seq(_) | yaml::Value::Map(_) => emit::flow_json(&node),
            yaml::Value::Null => String::new(),
            _ => value.to_string(),
        })
    }

    fn emit(&self, value: &Value, site: usize, state: &State<'_>) -> TeraResult<Value> {
        let names = self.tables.sites.get(site).and_then(|site| site.path.as_ref());
        if value.is_undefined() {
            return Err(Error::message(undefined(names.map(Vec::as_slice), state)));
        }
        let content = match value.as_str() {
            Some(OMITTED) if value.is_safe() => Content::Omit,
            Some(text) if value.is_safe() => Content::Yaml(text.to_owned()),
            _ => Content::Data(node(value)?),
        };
        let origin = names.and_then(|names| {
            let (root, path) = names.split_first()?;
            self.origins.of(&state.get::<Value>(root).ok()??, path)
        });
        Ok(self.add(Slot { content, site, origin }))
    }
}

/// Says which name of a path is not defined, and what names there are.
fn undefined(path: Option<&[String]>, state: &State<'_>) -> String {
    let Some(path) = path else { return "this value is not defined".to_owned() };
    let full = path.join(".");
    let mut parent: Option<Value> = None;
    for (index, name) in path.iter().enumerate() {
        let next = match &parent {
            None => state.get::<Value>(name).ok().flatten(),
            Some(parent) => value::get(parent, name),
        };
        match next {
            Some(next) if !next.is_undefined() => parent = Some(next),
            _ => {
                let known: Vec<String> = match &parent {
                    Some(parent) => parent
                        .as_map()
                        .into_iter()
                        .flat_map(|map| map.keys().map(ToString::to_string))
                        .collect(),
                    None => GLOBALS.iter().map(|name| (*name).to_owned()).collect(),
                };
                return super::not_defined(&full, &path[..=index].join("."), name, &known);
            }
        }
    }
    format!("`{full}` is not defined")
}

/// Registers everything on an instance that renders `chart`.
pub(super) fn register(tera: &mut tera::Tera, chart: &Arc<Chart>, slots: &Slots) {
    let own = slots.clone();
    tera.register_filter(
        "__emit",
        move |value: &Value, args: Kwargs, state: &State<'_>| -> TeraResult<Value> {
            own.emit(value, args.must_get::<usize>("at")?, state)
        },
    );
    let own = slots.clone();
    tera.register_filter("__placed", move |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let text = own.resolved(value.as_str().unwrap_or_default())?;
        Ok(Value::safe_string(text.trim_end_matches('\n')))
    });
    pure_filters(tera);
    text_filters(tera, slots);
    let files = Arc::clone(chart);
    tera.register_function("file", move |args: Kwargs, _: &State<'_>| file(&files, args.must_get("path")?));
    let files = Arc::clone(chart);
    tera.register_function("files", move |args: Kwargs, _: &State<'_>| {
        matching(&files, args.must_get("glob")?)
    });
    register_tpl(tera, chart, slots, Arc::new(AtomicUsize::new(0)));
    tera.register_function("required", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        required(args.get::<Value>("value")?.unwrap_or_else(Value::undefined), args.must_get("message")?)
    });
    tera.register_function("fail", |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        Err(Error::message(args.must_get::<&str>("message")?))
    });
    tera.register_function("lookup", |_: Kwargs, _: &State<'_>| value::map([]));
}

fn pure_filters(tera: &mut tera::Tera) {
    tera.register_filter("omit_empty", |value: &Value, _: Kwargs, _: &State<'_>| -> Value {
        if !value.is_undefined() && is_empty(value) { Value::safe_string(OMITTED) } else { value.clone() }
    });
    tera.register_filter("required", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        required(value.clone(), args.must_get("message")?)
    });
    tera.register_filter("default", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let other = args.must_get::<Value>("value")?;
        let any_empty = args.get::<bool>("boolean")?.unwrap_or_default();
        let absent = value.is_undefined() || value.is_none() || (any_empty && !value.is_truthy());
        Ok(if absent { other } else { value.clone() })
    });
    tera.register_filter("to_yaml", |value: &Value, _: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        if value.is_safe() {
            return Ok(value.clone());
        }
        Ok(Value::safe_string(emit::document(&node(value)?).trim_end_matches('\n')))
    });
    tera.register_filter("to_json", |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<String> {
        node(value)?;
        let pretty = args.get::<bool>("pretty")?.unwrap_or_default();
        let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        text.map_err(Error::message)
    });
}

fn text_filters(tera: &mut tera::Tera, slots: &Slots) {
    let mut filter = |name: &'static str, apply: fn(String, &Kwargs) -> TeraResult<Value>| {
        let own = slots.clone();
        tera.register_filter(name, move |value: &Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
            if value.is_undefined() {
                return Err(Error::message("this value is not defined"));
            }
            // Binary data has no text; only its bytes can be encoded and digested.
            if let (Some(bytes), "b64encode") = (value.as_bytes(), name) {
                return Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into());
            }
            if let (Some(bytes), "sha256") = (value.as_bytes(), name) {
                return Ok(hex(&sha2::Sha256::digest(bytes)).into());
            }
            let result = apply(own.text(value)?, &args)?;
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
            .map_err(|error| Error::message(format!("this is not base64: {error}")))?;
        String::from_utf8(bytes)
            .map(Value::from)
            .map_err(|_| Error::message("the decoded bytes are not UTF-8 text"))
    });
    filter("sha256", |text, _| Ok(hex(&sha2::Sha256::digest(text)).into()));
    filter("from_yaml", |text, _| parse_yaml(&text));
    filter("from_json", |text, _| {
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| Error::message(format!("this is not JSON: {error}")))?;
        Ok(Value::from_serializable(&value))
    });
    filter("indent", |text, args| Ok(indented(&text, width(args)?).into()));
    filter("nindent", |text, args| {
        let width = width(args)?;
        Ok(format!("\n{}{}", " ".repeat(width), indented(&text, width)).into())
    });
    filter("trunc", |text, args| Ok(truncated(&text, args.must_get("length")?).into()));
    filter("kebabcase", |text, _| Ok(heck::ToKebabCase::to_kebab_case(text.as_str()).into()));
    filter("snakecase", |text, _| Ok(heck::ToSnakeCase::to_snake_case(text.as_str()).into()));
    filter("camelcase", |text, _| Ok(heck::ToLowerCamelCase::to_lower_camel_case(text.as_str()).into()));
    filter("regex_match", |text, args| Ok(pattern(args)?.is_match(&text).into()));
    filter("regex_replace", |text, args| {
        Ok(pattern(args)?.replace_all(&text, args.must_get::<&str>("with")?).into_owned().into())
    });
    filter("semver_compare", |text, args| {
        let wanted = args.must_get::<&str>("constraint")?;
        let constraint = Constraint::parse(wanted)
            .map_err(|error| Error::message(format!("`{wanted}` is not a version constraint: {error}")))?;
        let version = constraint::parse_version(&text)
            .ok_or_else(|| Error::message(format!("`{text}` is not a version")))?;
        Ok(constraint.matches(&version).into())
    });
}

/// Filters whose result is YAML when their input is.
const KEEPS_YAML: [&str; 4] = ["quote", "squote", "indent", "nindent"];

fn register_tpl(tera: &mut tera::Tera, chart: &Arc<Chart>, slots: &Slots, depth: Arc<AtomicUsize>) {
    let chart = Arc::clone(chart);
    let slots = slots.clone();
    tera.register_function("tpl", move |args: Kwargs, state: &State<'_>| -> TeraResult<Value> {
        let input = args.must_get::<Value>("text")?;
        if depth.fetch_add(1, Ordering::Relaxed) >= MAX_TPL_DEPTH {
            depth.store(0, Ordering::Relaxed);
            return Err(Error::message(format!(
                "`tpl` calls itself more than {MAX_TPL_DEPTH} times: the text renders itself"
            )));
        }
        let result = (|| {
            let mut inner = tera::Tera::new();
            register(&mut inner, &chart, &slots);
            register_tpl(&mut inner, &chart, &slots, Arc::clone(&depth));
            let mut context = tera::Context::new();
            for name in GLOBALS {
                if let Some(value) = state.get::<Value>(name)? {
                    context.insert_value(name, value);
                }
            }
            expand(&inner, &context, &input)
        })();
        depth.fetch_sub(1, Ordering::Relaxed);
        result
    });
}

const MAX_TPL_DEPTH: usize = 20;

/// Begins every complaint about such a text.
const IN_TPL: &str = "in the text given to `tpl`: ";

/// Renders every string of a value as a template.
fn expand(tera: &tera::Tera, context: &tera::Context, value: &Value) -> TeraResult<Value> {
    if let Some(text) = value.as_str() {
        if !text.contains("{{") && !text.contains("{%") && !text.contains("{#") {
            return Ok(Value::normal_string(text));
        }
        return tera.render_str(text, context, false).map(Value::from).map_err(|error| {
            let (message, _) = super::describe(&error);
            // Texts that render texts: once is enough.
            let message = message.strip_prefix(IN_TPL).unwrap_or(&message);
            Error::message(format!("{IN_TPL}{message}"))
        });
    }
    if let Some(items) = value.as_array() {
        return Ok(items
            .iter()
            .map(|item| expand(tera, context, item))
            .collect::<TeraResult<Vec<_>>>()?
            .into());
    }
    if let Some(map) = value.as_map() {
        let mut out = tera::Map::new();
        for (key, item) in map {
            out.insert(key.clone(), expand(tera, context, item)?);
        }
        return Ok(out.into());
    }
    Ok(value.clone())
}

fn required(value: Value, message: &str) -> TeraResult<Value> {
    if value.is_undefined() || is_empty(&value) { Err(Error::message(message)) } else { Ok(value) }
}

/// null, "", {} or [].
fn is_empty(value: &Value) -> bool {
    value.is_none() || value.len() == Some(0) && !value.is_number()
}

fn file(chart: &Chart, path: &str) -> TeraResult<Value> {
    let clean = inside_chart(path)?;
    if let Some(file) = chart.file(clean) {
        return Ok(content(&file.data));
    }
    let near = crate::diag::nearest(clean, chart.files.iter().map(|file| file.path.as_str()));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(Error::message(format!("the chart has no file `{path}`{hint}")))
}

fn matching(chart: &Chart, glob: &str) -> TeraResult<Value> {
    let matcher = globset::GlobBuilder::new(inside_chart(glob)?)
        .literal_separator(true)
        .build()
        .map_err(|error| Error::message(format!("`{glob}` is not a glob: {error}")))?
        .compile_matcher();
    let found = chart.files.iter().filter(|file| matcher.is_match(&file.path));
    Ok(found
        .map(|file| (tera::value::Key::from(file.path.clone()), content(&file.data)))
        .collect::<tera::Map>()
        .into())
}

fn content(data: &[u8]) -> Value {
    std::str::from_utf8(data).map_or_else(|_| Value::bytes(data), Value::from)
}

/// The path without `./`, if it stays in the chart.
fn inside_chart(path: &str) -> TeraResult<&str> {
    if path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..") {
        return Err(Error::message(format!(
            "`{path}` leads out of the chart: only files of the chart can be read"
        )));
    }
    Ok(path.strip_prefix("./").unwrap_or(path))
}

fn pattern(args: &Kwargs) -> TeraResult<regex::Regex> {
    let text = args.must_get::<&str>("pattern")?;
    regex::Regex::new(text)
        .map_err(|error| Error::message(format!("`{text}` is not a regular expression: {error}")))
}

fn parse_yaml(text: &str) -> TeraResult<Value> {
    let sources = crate::diag::Sources::new();
    let source = sources.add("text", text, crate::diag::SourceKind::Builtin);
    let report = yaml::read(&sources, source, &yaml::ReadOptions::strict());
    if let Some(error) =
        report.diagnostics.iter().find(|found| found.severity == crate::diag::Severity::Error)
    {
        return Err(Error::message(format!("this is not YAML: {}", error.message)));
    }
    let document = report.output.unwrap_or_default().into_iter().find(|document| !document.blank);
    Ok(document.map_or_else(Value::none, |document| value::Origins::default().tree(&document.root)))
}

/// How far to indent.
fn width(args: &Kwargs) -> TeraResult<usize> {
    let width = args.must_get::<usize>("width")?;
    if width > MAX_WIDTH {
        return Err(Error::message(format!("a width of {width} is too much: at most {MAX_WIDTH}")));
    }
    Ok(width)
}

/// The widest indentation.
const MAX_WIDTH: usize = 1000;

fn indented(text: &str, width: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(width)))
}

fn truncated(text: &str, length: i64) -> String {
    let wanted = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    if length < 0 {
        let skip = text.chars().count().saturating_sub(wanted);
        return text.chars().skip(skip).collect::<String>().trim_start_matches(['-', '.', '_']).to_owned();
    }
    text.chars().take(wanted).collect::<String>().trim_end_matches(['-', '.', '_']).to_owned()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn node(value: &Value) -> TeraResult<yaml::Node> {
    value::from_tera(value).map_err(Error::message)
}
