//! The rows of the table of values: which values have one, and what is in its columns.

use super::super::notes::Note;
use crate::gotmpl::{Entries, Value};
use crate::yaml::{self, Commented, Content};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The path of the value: `image.tag`, `hosts[0]`, `annotations."a.b/c"`.
    pub(super) key: String,
    pub(super) kind: String,
    pub(super) notation: String,
    /// The default value: as JSON in backquotes unless a comment says otherwise.
    pub(super) default: String,
    /// What the comment above the key says about the default.
    pub(super) own_default: String,
    /// What a comment that names the key says.
    pub(super) description: String,
    /// What the comment above the key says.
    pub(super) own_description: String,
    pub(super) section: String,
    pub(super) line: usize,
    pub(super) column: usize,
    /// The names of the dependencies that lead to its chart.
    pub(super) dependency: String,
    pub(super) is_global: bool,
}

impl Row {
    /// Whether a comment describes the value.
    pub(super) fn is_described(&self) -> bool {
        !self.description.is_empty() || !self.own_description.is_empty()
    }

    /// The row as templates see it.
    pub(super) fn value(&self) -> Value {
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        super::map([
            ("Key", Value::str(&self.key)),
            ("Type", Value::str(&self.kind)),
            ("NotationType", Value::str(&self.notation)),
            ("AutoDefault", Value::str(&self.own_default)),
            ("Default", Value::str(&self.default)),
            ("AutoDescription", Value::str(&self.own_description)),
            ("Description", Value::str(&self.description)),
            ("Section", Value::str(&self.section)),
            ("Column", number(self.column)),
            ("LineNumber", number(self.line)),
            ("Dependency", Value::str(&self.dependency)),
            ("IsGlobal", Value::Bool(self.is_global)),
        ])
    }
}

/// The rows of a values file, in its order. `by_key` are the notes that name their keys.
pub(super) fn rows(text: &str, root: &Commented, by_key: &BTreeMap<String, Note>) -> Vec<Row> {
    let mut walk = Walk { text, by_key, rows: Vec::new() };
    walk.entries("", root, true);
    walk.rows
}

/// How many rows a file may have: aliases of aliases unfold without end.
const MAX_ROWS: usize = 100_000;

struct Walk<'a> {
    text: &'a str,
    by_key: &'a BTreeMap<String, Note>,
    rows: Vec<Row>,
}

impl Walk<'_> {
    /// Adds the rows of a value. `named` is its key, or the item itself. Of values below one that is described, only those
    /// that are described themselves have rows.
    fn value(&mut self, path: &str, named: &Commented, value: &Commented, all: bool) {
        if self.rows.len() >= MAX_ROWS {
            return;
        }
        let by_key = self.by_key.get(path);
        let above = Note::above(&named.above).unwrap_or_default();
        let is_described = by_key.is_some() || !above.description.is_empty();
        let is_leaf = shown_entries(value).next().is_none() && shown_items(value).next().is_none();
        if is_described || (is_leaf && all) {
            let row = self.row(path, named, value, by_key.cloned().unwrap_or_default(), above);
            self.rows.push(row);
        }
        self.entries(path, value, all && !is_described);
    }

    fn entries(&mut self, path: &str, value: &Commented, all: bool) {
        for (key, value) in shown_entries(value) {
            self.value(&child(path, key.text().unwrap_or_default()), key, value, all);
        }
        for (index, item) in shown_items(value).enumerate() {
            self.value(&format!("{path}[{index}]"), item, item, all);
        }
    }

    fn row(&self, path: &str, named: &Commented, value: &Commented, by_key: Note, above: Note) -> Row {
        let (kind, default) = match &value.resolved().content {
            Content::Scalar(_, yaml::Value::Null) => ("string", "`nil`".to_owned()),
            _ if above.notation.is_empty() => (type_name(value), in_backquotes(value)),
            _ => (above.notation.as_str(), self.as_notation(value, &above.notation)),
        };
        let has_default = !by_key.default.is_empty() || !above.default.is_empty();
        let kinds = [by_key.kind.as_str(), above.kind.as_str()].into_iter().find(|kind| !kind.is_empty());
        let is_null = matches!(value.resolved().content, Content::Scalar(_, yaml::Value::Null));
        let description = match by_key.description {
            text if is_null && text.is_empty() => above.description.clone(),
            text => text,
        };
        Row {
            key: path.to_owned(),
            kind: kinds.unwrap_or(kind).to_owned(),
            default: if has_default { by_key.default } else { default },
            own_default: above.default,
            description,
            own_description: above.description,
            section: if by_key.section.is_empty() { above.section } else { by_key.section },
            notation: above.notation,
            line: named.line + 1,
            column: named.column + 1,
            ..Row::default()
        }
    }

    /// The default value for a template that shows it in a notation of its own: the YAML, or a string as it is.
    fn as_notation(&self, value: &Commented, notation: &str) -> String {
        let value = value.resolved();
        match &value.content {
            _ if notation == "yaml" => self.source(value),
            Content::Scalar(text, _) => text.clone(),
            _ => String::new(),
        }
    }

    /// The YAML of a value as written, not indented.
    fn source(&self, value: &Commented) -> String {
        let text = self.text.get(value.start..value.end).unwrap_or_default();
        let indent = " ".repeat(value.column);
        let lines = text.lines().map(|line| line.strip_prefix(&indent).unwrap_or(line));
        lines.fold(String::new(), |out, line| out + line + "\n")
    }
}

/// Whether the documentation leaves a value out: `@ignore` in the comment above it.
fn is_ignored(named: &Commented) -> bool {
    named.above.contains("@ignore")
}

fn shown_entries(value: &Commented) -> impl Iterator<Item = &(Commented, Commented)> {
    value.entries().iter().filter(|(key, _)| !is_ignored(key))
}

fn shown_items(value: &Commented) -> impl Iterator<Item = &Commented> {
    value.items().iter().filter(|item| !is_ignored(item))
}

/// The path of a key of a map.
fn child(path: &str, key: &str) -> String {
    let quote = if key.contains(['.', ' ']) { "\"" } else { "" };
    let dot = if path.is_empty() { "" } else { "." };
    format!("{path}{dot}{quote}{key}{quote}")
}

fn type_name(value: &Commented) -> &'static str {
    match &value.resolved().content {
        Content::Map(_) => "object",
        Content::List(_) => "list",
        Content::Scalar(_, yaml::Value::Bool(_)) => "bool",
        Content::Scalar(_, yaml::Value::Int(_) | yaml::Value::Uint(_)) => "int",
        Content::Scalar(_, yaml::Value::Float(_)) => "float",
        _ => "string",
    }
}

fn in_backquotes(value: &Commented) -> String {
    // An infinity has no form in JSON.
    let json = plain(value).to_json().unwrap_or_default();
    format!("`{json}`")
}

/// The value without its comments.
fn plain(value: &Commented) -> Value {
    let value = value.resolved();
    match &value.content {
        Content::Map(_) => {
            let entry = |(key, value): &(Commented, Commented)| {
                (Arc::from(key.text().unwrap_or_default()), plain(value))
            };
            Value::map(shown_entries(value).map(entry).collect::<Entries>())
        }
        Content::List(_) => Value::list(shown_items(value).map(plain).collect()),
        Content::Scalar(_, scalar) => match scalar {
            yaml::Value::Bool(flag) => Value::Bool(*flag),
            yaml::Value::Int(number) => Value::Int(*number),
            yaml::Value::Uint(number) => Value::Uint(*number),
            yaml::Value::Float(number) => Value::Float(*number),
            yaml::Value::String(text) => Value::str(text),
            _ => Value::Nil,
        },
        Content::Alias(_) => Value::Nil,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::notes::by_key;
    use super::*;
    use crate::diag::{SourceKind, Sources};

    /// The rows of a values file as `key type default description`.
    fn table(text: &str) -> Vec<String> {
        let sources = Sources::new();
        let source = sources.add("values.yaml", text, SourceKind::File);
        let root = yaml::read_commented(&sources, source).unwrap().unwrap();
        let notes = by_key(text).into_iter().collect();
        let shown = |row: Row| {
            let own = |one: String, other: String| if one.is_empty() { other } else { one };
            let default = own(row.default, row.own_default);
            format!("{} {} {default} {}", row.key, row.kind, own(row.description, row.own_description))
        };
        rows(text, &root, &notes).into_iter().map(shown).collect()
    }

    #[test]
    fn values_below_a_described_one_need_comments_of_their_own() {
        let text = "# -- One\na:\n  b: 1\n  # -- Two\n  c: x\n  # d\n  d: {e: 1}\n";
        let all = "{\"b\":1,\"c\":\"x\",\"d\":{\"e\":1}}";
        assert_eq!(table(text), [&format!("a object `{all}` One"), "a.c string `\"x\"` Two"]);
    }

    #[test]
    fn leaves_without_comments_have_rows() {
        let text = "a: {b: [], c: {}, d: [x, {e: yes}]}\nf.g: ~\nh: 1e3\n<<: &x {i: 0x10}\nj: *x\n";
        let expected = [
            "a.b list `[]` ",
            "a.c object `{}` ",
            "a.d[0] string `\"x\"` ",
            "a.d[1].e string `\"yes\"` ",
            "\"f.g\" string `nil` ",
            "h float `1000` ",
            "<<.i int `16` ",
            "j.i int `16` ",
        ];
        assert_eq!(table(text), expected);
    }

    #[test]
    fn ignored_values_are_not_part_of_others_either() {
        let text = "# -- One\na:\n  # @ignored\n  b: 1\n  c: 2\nd:\n  # @ignore\n  - 1\n";
        assert_eq!(table(text), ["a object `{\"c\":2}` One", "d list `[]` "]);
    }

    #[test]
    fn comments_replace_types_and_defaults() {
        let text = "# -- (quantity) One\n# @default -- much\na:\n# -- Two\n# @notationType -- tpl\nb: |\n  {{ x }}\n\
                    # -- Three\n# @notationType -- yaml\nc:\n  d: 1 # one\n# e -- (int) Four\ne: x\n";
        let expected =
            ["a quantity much One", "b tpl {{ x }}\n Two", "c yaml d: 1\n Three", "e int `\"x\"` Four"];
        assert_eq!(table(text), expected);
    }
}
