//! The reference of the functions and filters that plimsoll adds to Tera, and of those that Tera brings.

use super::upstream::{TERA_FILTERS, TERA_FUNCTIONS};

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
        name(self.signature)
    }
}

/// The bare name of a signature.
pub(super) fn name(signature: &'static str) -> &'static str {
    signature.split('(').next().unwrap_or(signature)
}

/// How a filter or a function is called.
pub(super) fn signature(wanted: &str, is_filter: bool) -> Option<&'static str> {
    let (kind, tera) =
        if is_filter { (EntryKind::Filter, TERA_FILTERS) } else { (EntryKind::Function, TERA_FUNCTIONS) };
    let own = REFERENCE.iter().filter(|entry| entry.kind == kind).map(|entry| entry.signature);
    own.chain(tera.iter().copied()).find(|signature| name(signature) == wanted)
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
        "Renders a string as a template of its own; of a list or map, every string in it. It sees `values`, `release`, `chart`, `capabilities`, `template`, `subcharts` and, by its name, whatever else it is given: `tpl(text=t, port=80)`.",
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
        "Always an empty map: `--lookup` answers only Helm charts.",
        Some(("found: {{ lookup(kind=\"Secret\", name=\"a\") }}", "found: {}")),
    ),
    filter(
        "omit_empty",
        "As a whole value: drops the line, including its key, if the value is null, \"\", {} or [].",
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
        "YAML, inserted as a block.",
        Some(("a:\n  {{ {\"b\": [1]} | to_yaml }}", "a:\n  b:\n    - 1")),
    ),
    filter("from_yaml", "The value of a YAML text.", Some(("a: {{ \"b: 1\" | from_yaml }}", "a:\n  b: 1"))),
    filter(
        "to_json",
        "Compact JSON text, as a string. With `pretty=true`, indented.",
        Some(("a: {{ {\"b\": 1} | to_json }}", "a: '{\"b\":1}'")),
    ),
    filter("from_json", "The value of a JSON text.", Some(("a: {{ '[1]' | from_json }}", "a:\n  - 1"))),
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
        "The text that is encoded in base64.",
        Some(("a: {{ \"aGk=\" | b64decode }}", "a: hi")),
    ),
    filter(
        "sha256",
        "The SHA-256 digest in hexadecimal, of a text or of the JSON of anything else: a checksum for annotations.",
        Some(("a: {{ \"hi\" | sha256 | trunc(length=8) }}", "a: 8f434346")),
    ),
    filter(
        "indent(width=)",
        "Every line after the first indented. Rarely needed: blocks are indented automatically.",
        None,
    ),
    filter(
        "nindent(width=)",
        "A line break, then every line indented. Rarely needed: blocks are indented automatically.",
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
