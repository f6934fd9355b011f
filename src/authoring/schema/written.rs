//! What comments in a values file say about the schema: keywords, descriptions, types.
//!
//! Four forms are read: helm-docs' `# -- (type) description`, blocks of keywords between two `# @schema` lines (helm-schema),
//! `# @schema type:string; minLength:1` above or after a key (helm-values-schema-json), and
//! `## @param path [modifiers] description` (Bitnami's readme-generator).

use super::super::notes::{Note, by_key};
use crate::yaml::{self, Commented, Node, Value, read_fragment};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// What is written about one value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Written {
    /// Keywords.
    pub(super) keywords: Map<String, Json>,
    /// Whether the value is required.
    pub(super) is_required: bool,
    /// Whether it can be null besides its other types.
    pub(super) is_nullable: bool,
    /// Whether the schema leaves it out.
    pub(super) is_hidden: bool,
}

/// What the comments say, by path.
pub(super) fn written(text: &str, root: &Commented) -> BTreeMap<Vec<String>, Written> {
    let mut found = BTreeMap::new();
    for (key, note) in by_key(text) {
        let written: &mut Written = found.entry(split_path(&key)).or_default();
        add_note(&note, written);
    }
    for line in text.lines() {
        if let Some((path, written)) = parameter(line) {
            found.insert(path, written);
        }
    }
    walk(root, &mut Vec::new(), &mut found);
    found
}

fn walk(node: &Commented, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Written>) {
    for (key, value) in node.entries() {
        path.push(key.text().unwrap_or_default().to_owned());
        let written = of_key(key);
        if written != Written::default() {
            found.entry(path.clone()).or_default().override_with(written);
        }
        // An alias has its comments where its anchor is.
        if !matches!(value.content, yaml::Content::Alias(_)) {
            walk(value, path, found);
        }
        path.pop();
    }
}

impl Written {
    fn override_with(&mut self, over: Self) {
        self.keywords.extend(over.keywords);
        self.is_required |= over.is_required;
        self.is_nullable |= over.is_nullable;
        self.is_hidden |= over.is_hidden;
    }

    fn set(&mut self, keyword: &str, value: impl Into<Json>) {
        self.keywords.insert(keyword.to_owned(), value.into());
    }

    /// In YAML `[string, null]` has a null in it, which is meant as the name of the type.
    fn name_null(&mut self) {
        let name = |types: Option<&mut Json>| match types {
            Some(Json::Array(types)) => {
                types.iter_mut().filter(|kind| kind.is_null()).for_each(|kind| *kind = json!("null"));
            }
            Some(kind @ Json::Null) => *kind = json!("null"),
            _ => {}
        };
        name(self.keywords.get_mut("type"));
        name(self.keywords.get_mut("items").and_then(|items| items.get_mut("type")));
    }

    /// Takes a keyword that is about the key in its map, not about the value.
    fn take_required(&mut self) {
        if let Some(Json::Bool(flag)) = self.keywords.get("required") {
            self.is_required = *flag;
            self.keywords.remove("required");
        }
    }
}

/// What the comments above and after a key say.
fn of_key(key: &Commented) -> Written {
    let mut written = Written::default();
    let (mut block, mut others): (Option<Vec<&str>>, Vec<&str>) = (None, Vec::new());
    for line in key.above.split('\n') {
        let text = uncommented(line);
        match (text.trim(), block.take()) {
            ("@schema", Some(lines)) => add_block(&lines, &mut written),
            ("@schema", None) => block = Some(Vec::new()),
            (_, Some(mut lines)) => {
                lines.push(text);
                block = Some(lines);
            }
            (trimmed, None) => match annotations(trimmed) {
                Some(list) => add_annotations(list, &mut written),
                None => others.push(line),
            },
        }
    }
    if let Some(list) = annotations(uncommented(&key.trailing).trim()) {
        add_annotations(list, &mut written);
    }
    let mut notes = Written::default();
    match Note::above(&others.join("\n")) {
        Some(note) => add_note(&note, &mut notes),
        None => {
            if let Some(text) = prose(&others) {
                notes.set("description", text);
            }
        }
    }
    notes.override_with(written);
    notes.take_required();
    notes.name_null();
    notes
}

/// A comment line without its `#` and the space after it.
fn uncommented(line: &str) -> &str {
    let text = line.trim_start().trim_start_matches('#');
    text.strip_prefix(' ').unwrap_or(text)
}

/// What follows `@schema` on its line.
fn annotations(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("@schema")?;
    rest.starts_with([' ', '\t']).then(|| rest.trim())
}

/// Adds the keywords of a block, which is YAML.
fn add_block(lines: &[&str], written: &mut Written) {
    if let Ok(node) = read_fragment(lines.join("\n").as_bytes())
        && let Ok(Json::Object(keywords)) = serde_json::to_value(&node)
    {
        written.keywords.extend(keywords);
    }
}

/// Adds `keyword:value; keyword:value`.
fn add_annotations(list: &str, written: &mut Written) {
    for part in list.split(';') {
        let (keyword, value) = part.split_once(':').unwrap_or((part, ""));
        let (keyword, value) = (keyword.trim(), value.trim());
        let is_on = value != "false";
        match keyword {
            "" => {}
            "required" => written.is_required = is_on,
            "nullable" => written.is_nullable = is_on,
            "hidden" => written.is_hidden = is_on,
            "title" | "description" | "pattern" | "$id" | "$ref" => written.set(keyword, value),
            "item" | "itemProperties" | "itemEnum" | "itemPattern" | "itemRequired" | "itemRef" => {
                let inner = match keyword {
                    "item" => "type",
                    "itemProperties" => "properties",
                    "itemEnum" => "enum",
                    "itemPattern" => "pattern",
                    "itemRequired" => "required",
                    _ => "$ref",
                };
                let items = written.keywords.entry("items").or_insert_with(|| json!({}));
                if let Some(items) = items.as_object_mut() {
                    items.insert(inner.to_owned(), parsed(value));
                }
            }
            _ if value.is_empty() => written.set(keyword, true),
            _ => written.set(keyword, parsed(value)),
        }
    }
}

/// A value in an annotation: YAML, which JSON is, too.
fn parsed(value: &str) -> Json {
    let node = read_fragment(value.as_bytes());
    node.ok().and_then(|node| serde_json::to_value(&node).ok()).unwrap_or_else(|| value.into())
}

fn add_note(note: &Note, written: &mut Written) {
    if !note.description.is_empty() {
        written.set("description", note.description.trim());
    }
    let types: Option<Vec<&str>> =
        note.kind.split(['|', ',', '/']).map(|kind| type_of(kind.trim())).collect();
    match types.as_deref() {
        Some([one]) => written.set("type", *one),
        Some(several) if !note.kind.contains('/') => written.set("type", json!(several)),
        _ => {}
    }
}

/// The type that a word in helm-docs' comments stands for.
fn type_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "string" | "tpl" => "string",
        "int" | "integer" => "integer",
        "float" | "number" => "number",
        "bool" | "boolean" => "boolean",
        "list" | "array" => "array",
        "object" | "map" | "dict" => "object",
        "null" => "null",
        _ => return None,
    })
}

/// `## @param path [modifier, modifier] description`
fn parameter(line: &str) -> Option<(Vec<String>, Written)> {
    let rest = uncommented(line.trim_start().starts_with('#').then_some(line)?).trim();
    let rest = rest.strip_prefix("@param ")?.trim_start();
    let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let rest = rest.trim_start();
    let (modifiers, description) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((modifiers, description)) => (modifiers, description),
        None => ("", rest),
    };
    let mut written = Written::default();
    for modifier in modifiers.split(',').map(str::trim) {
        match modifier {
            "nullable" => written.is_nullable = true,
            _ => {
                if let Some(kind) = type_of(modifier) {
                    written.set("type", kind);
                }
            }
        }
    }
    if !description.trim().is_empty() {
        written.set("description", description.trim());
    }
    Some((split_path(path), written))
}

/// The keys of a path: `a.b`, `a."b.c"`. The numbers of items are left out: items have no fields of their own.
fn split_path(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut is_quoted = false;
    for c in path.chars() {
        match (c, keys.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            ('.', _) if !is_quoted => keys.push(String::new()),
            (_, Some(key)) => key.push(c),
            (_, None) => {}
        }
    }
    keys
}

/// The last paragraph of comments that are sentences, not YAML that is commented out.
fn prose(lines: &[&str]) -> Option<String> {
    let start =
        lines.iter().rposition(|line| uncommented(line).trim().is_empty()).map_or(0, |empty| empty + 1);
    let paragraph: Vec<&str> = lines[start..].iter().map(|line| uncommented(line).trim()).collect();
    let is_yaml = |line: &&str| {
        let is_map =
            read_fragment(line.as_bytes()).is_ok_and(|node: Node| matches!(node.value, Value::Map(_)));
        line.starts_with("- ") || line.starts_with('@') || line.ends_with(':') || is_map
    };
    let text = paragraph.join(" ");
    (!text.trim().is_empty() && !paragraph.iter().any(is_yaml)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceKind, Sources};

    /// What the comments of a values file say about the value at a path.
    fn written_of(text: &str, path: &str) -> Written {
        let sources = Sources::new();
        let source = sources.add("values.yaml", text, SourceKind::File);
        let root = yaml::read_commented(&sources, source).unwrap().unwrap();
        written(text, &root).remove(&split_path(path)).unwrap_or_default()
    }

    fn keywords(text: &str, path: &str) -> Json {
        written_of(text, path).keywords.into()
    }

    #[test]
    fn notes_of_helm_docs_give_types_and_descriptions() {
        let text = "a:\n  # -- (int) One\n  b: 1\n# c.d -- (string, list) Two\nc: {d: 1}\n";
        assert_eq!(keywords(text, "a.b"), json!({"type": "integer", "description": "One"}));
        assert_eq!(keywords(text, "c.d"), json!({"type": ["string", "array"], "description": "Two"}));
        assert_eq!(keywords("# -- (tpl/array) One\na: x\n", "a"), json!({"description": "One"}));
    }

    #[test]
    fn blocks_are_yaml() {
        let text = "# @schema\n# type: [string, integer]\n# required: true\n# items:\n#   minimum: 1\n# @schema\n# -- One\na: 1\n";
        let expected = json!({"description": "One", "type": ["string", "integer"], "items": {"minimum": 1}});
        assert_eq!(written_of(text, "a").keywords, *expected.as_object().unwrap());
        assert!(written_of(text, "a").is_required);
        assert_eq!(keywords("# @schema\n# [\n# @schema\na: 1\n", "a"), json!({}));
    }

    #[test]
    fn annotations_are_above_or_behind_a_key() {
        let above = "# @schema type:[integer, null]; minimum: 0;required\na: 1\n";
        assert_eq!(keywords(above, "a"), json!({"type": ["integer", "null"], "minimum": 0}));
        assert!(written_of(above, "a").is_required);
        let trailing = "a: x # @schema pattern:^a:b$;nullable; item:string;itemEnum:[a, 1];uniqueItems\n";
        let expected =
            json!({"pattern": "^a:b$", "items": {"type": "string", "enum": ["a", 1]}, "uniqueItems": true});
        assert_eq!(keywords(trailing, "a"), expected);
        assert!(written_of(trailing, "a").is_nullable);
        assert!(written_of("a: 1 # @schema hidden\n", "a").is_hidden);
        assert_eq!(keywords("a: 1 # @schemas type:string\n", "a"), json!({}));
    }

    #[test]
    fn parameters_name_their_keys() {
        let text = "## @param a.b [string,nullable] One\n## @param c Two\n## @section X\na: {b: x}\nc: 1\n";
        assert_eq!(keywords(text, "a.b"), json!({"type": "string", "description": "One"}));
        assert!(written_of(text, "a.b").is_nullable);
        assert_eq!(keywords(text, "c"), json!({"description": "Two"}));
    }

    #[test]
    fn sentences_describe_and_yaml_does_not() {
        let text = "x: 1\n\n# Old.\n\n# One\n# two.\na: 1\n# b: 2\nb: 1\n# Example:\n# - x\nc: 1\n";
        assert_eq!(keywords(text, "a"), json!({"description": "One two."}));
        assert_eq!(keywords(text, "b"), json!({}));
        assert_eq!(keywords(text, "c"), json!({}));
    }
}
