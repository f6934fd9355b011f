//! What is known about one value, and how it is written as a schema.

use crate::yaml::{Node, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// A type of JSON Schema, in the order in which types are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type {
    Object,
    Array,
    String,
    Number,
    Integer,
    Boolean,
    Null,
}

impl Type {
    /// Writes the keyword `type`: a name, or a list of several; without types, any is allowed.
    pub(super) fn write(types: impl IntoIterator<Item = Self>, schema: &mut Map<String, Json>) {
        let names: Vec<&str> = types.into_iter().map(Self::name).collect();
        let written = match names.as_slice() {
            [] => return,
            [one] => json!(one),
            several => json!(several),
        };
        schema.insert("type".to_owned(), written);
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Null => "null",
        }
    }

    /// The type that a value has; `None` for null, which stands for a value of any type.
    fn of(node: &Node) -> Option<Self> {
        Some(match &node.value {
            Value::Null => return None,
            Value::Bool(_) => Self::Boolean,
            Value::Int(_) | Value::Uint(_) => Self::Integer,
            Value::Float(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Seq(_) => Self::Array,
            Value::Map(_) => Self::Object,
        })
    }
}

/// What is known about a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    /// The types that it can have; none if it can have any.
    pub(super) types: BTreeSet<Type>,
    /// The keys of a map, in the order of the values file.
    pub(super) properties: Vec<(String, Field)>,
    /// Whether a map can have other keys.
    pub(super) is_open: bool,
    /// The default value, if it is worth showing.
    pub(super) default: Option<Json>,
    /// Keywords that follow from where templates put the value.
    pub(super) used: Map<String, Json>,
    /// Keywords from comments. They win over everything else.
    pub(super) written: Map<String, Json>,
    /// Whether a comment requires the value.
    pub(super) is_required: bool,
    /// Whether a comment leaves it out of the schema.
    pub(super) is_hidden: bool,
}

impl Field {
    /// A value of which nothing is known.
    pub(super) fn any() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// A map that can have any keys.
    pub(super) fn open_map() -> Self {
        Self { types: [Type::Object].into(), ..Self::any() }
    }

    /// What a value shows. A map with keys has no others, until something says otherwise.
    pub(super) fn of(node: &Node) -> Self {
        let Some(kind) = Type::of(node) else { return Self::any() };
        let entries = node.as_map().into_iter().flatten();
        let properties: Vec<(String, Self)> =
            entries.map(|entry| (entry.key.clone(), Self::of(&entry.value))).collect();
        let default = match &node.value {
            Value::Map(map) if !map.is_empty() => None,
            Value::Seq(items) if !items.is_empty() => None,
            _ => serde_json::to_value(node).ok(),
        };
        Self { types: [kind].into(), is_open: properties.is_empty(), properties, default, ..Self::default() }
    }

    /// The same field with no default in it: what is set only besides the chart's own values is no default, and may be
    /// a secret.
    fn without_defaults(self) -> Self {
        let properties = self.properties.into_iter().map(|(key, field)| (key, field.without_defaults()));
        Self { default: None, properties: properties.collect(), ..self }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.properties.iter_mut().find(|(name, _)| name == key).map(|(_, field)| field)
    }

    /// The field of a key, which is added if it is missing.
    pub(super) fn property(&mut self, key: &str) -> &mut Self {
        let known = self.properties.iter().position(|(name, _)| name == key);
        let index = known.unwrap_or_else(|| {
            self.properties.push((key.to_owned(), Self::any()));
            self.properties.len() - 1
        });
        &mut self.properties[index].1
    }

    /// Whether it is a map whose keys are listed.
    pub(super) fn has_keys(&self) -> bool {
        self.types.contains(&Type::Object) && !self.properties.is_empty()
    }

    /// Accepts the value, too, with all keys and types in it.
    pub(super) fn accept(&mut self, node: &Node) {
        let Some(kind) = Type::of(node) else {
            // In values that have been merged a null means that there is no default.
            if !self.types.is_empty() {
                self.types.insert(Type::Null);
            }
            return;
        };
        if !self.types.is_empty() {
            self.types.insert(kind);
        }
        if !self.types.contains(&Type::Object) || (self.is_open && self.properties.is_empty()) {
            return;
        }
        for entry in node.as_map().into_iter().flatten() {
            let is_open = self.is_open;
            match self.get_mut(&entry.key) {
                Some(field) => field.accept(&entry.value),
                None if is_open => {}
                None => *self.property(&entry.key) = Self::of(&entry.value).without_defaults(),
            }
        }
    }

    /// Lets the maps in it have other keys.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        self.properties.iter_mut().for_each(|(_, field)| field.open());
    }

    /// The field at the end of a path, or the last one on the way there, with the part of the path that leads to it.
    pub(super) fn nearest<'p>(&mut self, path: &'p [String]) -> (&mut Self, &'p [String]) {
        let mut field = self;
        for (depth, key) in path.iter().enumerate() {
            if field.properties.iter().all(|(name, _)| name != key) {
                return (field, &path[..depth]);
            }
            field = field.property(key);
        }
        (field, path)
    }

    /// The schema.
    pub(super) fn schema(&self) -> Json {
        let mut schema = Map::new();
        Type::write(self.shown_types(), &mut schema);
        if let Some(default) = &self.default {
            schema.insert("default".to_owned(), default.clone());
        }
        schema.extend(self.used.clone());
        if self.has_keys() {
            let shown = self.properties.iter().filter(|(_, field)| !field.is_hidden);
            let properties: Map<String, Json> =
                shown.map(|(key, field)| (key.clone(), field.schema())).collect();
            schema.insert("properties".to_owned(), properties.into());
            let required: Vec<&str> = self
                .properties
                .iter()
                .filter(|(_, field)| field.is_required)
                .map(|(key, _)| key.as_str())
                .collect();
            if !required.is_empty() {
                schema.insert("required".to_owned(), json!(required));
            }
            let is_hidden = self.properties.iter().any(|(_, field)| field.is_hidden);
            // Said even where it is the default, so that a map that takes other keys is not one that was forgotten.
            schema.insert("additionalProperties".to_owned(), json!(self.is_open || is_hidden));
        }
        self.add_written(&mut schema);
        schema.into()
    }

    /// The types, without those that others include.
    fn shown_types(&self) -> impl Iterator<Item = Type> {
        let has_number = self.types.contains(&Type::Number);
        self.types.iter().copied().filter(move |kind| !(has_number && *kind == Type::Integer))
    }

    fn add_written(&self, schema: &mut Map<String, Json>) {
        const DECIDING: [&str; 7] = ["type", "$ref", "const", "anyOf", "oneOf", "allOf", "enum"];
        if DECIDING.iter().any(|keyword| self.written.contains_key(*keyword)) {
            self.used.keys().for_each(|keyword| {
                schema.remove(keyword);
            });
        }
        if DECIDING[1..6].iter().any(|keyword| self.written.contains_key(*keyword)) {
            schema.remove("type");
        }
        schema.extend(self.written.clone());
    }
}
