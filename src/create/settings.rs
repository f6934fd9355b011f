//! The values of a new chart: one list, from which `values.yaml`, `values.schema.json` and the table in the README are
//! written.

use crate::diag::escape::{markdown, markdown_code, terminal};
use crate::yaml::{Node, emit};
use serde_json::{Map as JsonMap, Value as Json, json};
use std::fmt::Write as _;

/// One value of a new chart.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// The keys that lead to it.
    pub(super) path: Vec<String>,
    /// Its default.
    pub(super) default: Node,
    /// What it is for: one sentence, or two.
    pub(super) doc: String,
    /// What it may be.
    pub(super) kind: Kind,
}

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number that is not negative.
    Count,
    /// The number of a port.
    Port,
    /// A string that is not empty.
    Text,
    /// A string.
    OptionalText,
    /// A quantity, such as `1Gi`.
    Quantity,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A map in Kubernetes' own spelling.
    Map,
    /// A list in Kubernetes' own spelling.
    List,
}

impl Kind {
    /// The schema of such a value.
    fn schema(self) -> Json {
        match self {
            Self::Count => json!({"type": "integer", "minimum": 0}),
            Self::Port => json!({"type": "integer", "minimum": 1, "maximum": 65535}),
            Self::Text => json!({"type": "string", "minLength": 1}),
            Self::OptionalText => json!({"type": "string"}),
            Self::Quantity => json!({"type": "string", "pattern": "^[0-9]"}),
            Self::Choice(words) => json!({"type": "string", "enum": words}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Map => json!({"type": "object"}),
            Self::List => json!({"type": "array"}),
        }
    }
}

/// The values of a chart, in the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Settings {
    list: Vec<Setting>,
    /// Maps of values that have a description of their own.
    groups: Vec<(Vec<String>, String)>,
}

/// What is at a key of the tree of values.
enum Branch<'a> {
    Leaf(&'a Setting),
    Map(Vec<String>),
}

impl Settings {
    /// Adds a value.
    pub(super) fn add(&mut self, path: &[String], default: Node, doc: impl Into<String>, kind: Kind) {
        debug_assert!(!self.is_used(path), "{path:?} is declared twice");
        self.list.push(Setting { path: path.to_vec(), default, doc: doc.into(), kind });
    }

    /// Describes a map of values.
    pub(super) fn describe(&mut self, path: &[String], doc: impl Into<String>) {
        self.groups.push((path.to_vec(), doc.into()));
    }

    /// Whether there is a value, or a map of values, at a path.
    pub(super) fn is_used(&self, path: &[String]) -> bool {
        let paths = self.list.iter().map(|setting| &setting.path);
        paths.chain(self.groups.iter().map(|(path, _)| path)).any(|used| used.starts_with(path))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The values, in the order in which they were added.
    #[cfg(test)]
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.list.iter()
    }

    /// The default of the value at a path.
    pub(super) fn default_of(&self, path: &[String]) -> Option<&Node> {
        self.list.iter().find(|setting| setting.path == path).map(|setting| &setting.default)
    }

    /// The keys below a path, in the order in which they are written.
    fn below(&self, path: &[String]) -> Vec<(String, Branch<'_>)> {
        let mut found: Vec<(String, Branch<'_>)> = Vec::new();
        for setting in self.list.iter().filter(|setting| setting.path.starts_with(path)) {
            let Some(key) = setting.path.get(path.len()) else { continue };
            if found.iter().any(|(known, _)| known == key) {
                continue;
            }
            let inner = &setting.path[..=path.len()];
            let is_leaf = inner.len() == setting.path.len();
            let branch = if is_leaf { Branch::Leaf(setting) } else { Branch::Map(inner.to_vec()) };
            found.push((key.clone(), branch));
        }
        found
    }

    fn description(&self, path: &[String]) -> Option<&str> {
        self.groups.iter().find(|(group, _)| group == path).map(|(_, doc)| doc.as_str())
    }

    /// The text of `values.yaml`.
    pub(super) fn values_yaml(&self, chart: &str) -> String {
        let mut out = format!("# The values of the chart `{chart}`. values.schema.json checks them.\n");
        self.write_values(&[], &mut out);
        out
    }

    fn write_values(&self, path: &[String], out: &mut String) {
        let indent = path.len() * 2;
        for (key, branch) in self.below(path) {
            if path.is_empty() {
                out.push('\n');
            }
            let doc = match &branch {
                Branch::Leaf(setting) => Some(setting.doc.as_str()),
                Branch::Map(inner) => self.description(inner),
            };
            for (number, line) in doc.into_iter().flat_map(str::lines).enumerate() {
                // What `plimsoll docs` and helm-docs read as a description.
                let mark = if number == 0 { "# --" } else { "#" };
                push_line(indent, &format!("{mark} {}", terminal(line)), out);
            }
            out.extend(std::iter::repeat_n(' ', indent));
            emit::key(&key, indent, out);
            match branch {
                Branch::Leaf(setting) => {
                    if !emit::starts_on_next_line(&setting.default) {
                        out.push(' ');
                    }
                    emit::value(&setting.default, indent, emit::Position::MapValue, out);
                    out.push('\n');
                }
                Branch::Map(inner) => {
                    out.push('\n');
                    self.write_values(&inner, out);
                }
            }
        }
    }

    /// The text of `values.schema.json`.
    pub(super) fn schema(&self, chart: &str) -> String {
        let mut root = JsonMap::new();
        root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        root.insert("title".to_owned(), chart.into());
        root.extend(self.map_schema(&[]));
        if let Some(properties) = root.get_mut("properties").and_then(Json::as_object_mut) {
            // Helm adds it to the values of a sub-chart.
            properties.insert(
                "global".to_owned(),
                json!({"description": "Shared with sub-charts.", "type": "object"}),
            );
        }
        format!("{:#}\n", Json::Object(root))
    }

    fn map_schema(&self, path: &[String]) -> JsonMap<String, Json> {
        let mut schema = JsonMap::new();
        if let Some(doc) = self.description(path) {
            schema.insert("description".to_owned(), doc.into());
        }
        let properties = self.below(path).into_iter().map(|(key, branch)| match branch {
            Branch::Leaf(setting) => {
                let mut schema = JsonMap::new();
                schema.insert("description".to_owned(), setting.doc.clone().into());
                if let Json::Object(kind) = setting.kind.schema() {
                    schema.extend(kind);
                }
                (key, Json::Object(schema))
            }
            Branch::Map(inner) => (key, Json::Object(self.map_schema(&inner))),
        });
        let properties: JsonMap<String, Json> = properties.collect();
        schema.insert("type".to_owned(), "object".into());
        // A misspelt key is an error instead of a value that nothing reads.
        schema.insert("additionalProperties".to_owned(), false.into());
        schema.insert("properties".to_owned(), properties.into());
        schema
    }

    /// The table in the README; empty if there are no values.
    pub(super) fn table(&self) -> String {
        let rows: Vec<[String; 3]> = self
            .list
            .iter()
            .map(|setting| {
                [setting.path.join("."), setting.doc.replace('\n', " "), emit::flow_json(&setting.default)]
            })
            .collect();
        table(&rows)
    }
}

/// A table of values: path, description, default.
pub(super) fn table(rows: &[[String; 3]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = String::from("| value | description | default |\n|---|---|---|\n");
    for [path, doc, default] in rows {
        let cells = [markdown_code(path), markdown(doc), markdown_code(default)];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn push_line(indent: usize, text: &str, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(text.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::yaml::{self, ReadOptions};

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    fn settings() -> Settings {
        let mut settings = Settings::default();
        settings.describe(&path("db"), "The StatefulSet `db`.");
        settings.add(&path("db.replicaCount"), Node::bare(3), "How many pods run.", Kind::Count);
        settings.add(&path("service.port"), Node::bare(80), "The port.", Kind::Port);
        settings.add(&path("db.image.tag"), Node::bare("1.10"), "The tag of\nthe image.", Kind::Text);
        settings
    }

    #[test]
    fn values_are_grouped_and_described() {
        let text = settings().values_yaml("web");
        assert_eq!(
            text,
            "# The values of the chart `web`. values.schema.json checks them.\n\n\
             # -- The StatefulSet `db`.\ndb:\n  # -- How many pods run.\n  replicaCount: 3\n  image:\n    \
             # -- The tag of\n    # the image.\n    tag: \"1.10\"\n\nservice:\n  # -- The port.\n  port: 80\n"
        );
        let sources = Sources::new();
        let source = sources.add("values.yaml".to_owned(), text, crate::diag::SourceKind::File);
        let read = yaml::read(&sources, source, &ReadOptions::strict()).output.unwrap();
        assert_eq!(read[0].root.at(&["db", "image", "tag"]).and_then(Node::as_str), Some("1.10"));
    }

    #[test]
    fn the_schema_refuses_keys_that_are_misspelt() {
        let schema: Json = serde_json::from_str(&settings().schema("web")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&json!({"db": {"replicaCount": 3}, "global": {"a": 1}})));
        assert!(!validator.is_valid(&json!({"db": {"replicas": 3}})));
        assert!(!validator.is_valid(&json!({"db": {"replicaCount": -1}})));
        assert!(!validator.is_valid(&json!({"service": {"port": 65536}})));
    }

    #[test]
    fn a_path_is_used_by_what_is_below_it() {
        let settings = settings();
        assert!(settings.is_used(&path("db")) && settings.is_used(&path("db.image.tag")));
        assert!(!settings.is_used(&path("db.image.digest")));
        assert!(settings.table().contains("| `db.image.tag` | The tag of the image. | `\"1.10\"` |"));
    }
}
