//! The kinds, fields and types of one version of the API, and the text of several.

use crate::sources::{Described, Sources};
use crate::versions::Minors;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of the API: the kinds, and per type its fields.
#[derive(Default)]
pub struct Api {
    kinds: BTreeSet<String>,
    types: BTreeMap<String, BTreeSet<String>>,
}

/// A definition's name without what all of them share.
pub fn short(name: &str) -> &str {
    for prefix in [
        "io.k8s.api.",
        "io.k8s.apimachinery.pkg.apis.",
        "io.k8s.apiextensions-apiserver.pkg.apis.",
        "io.k8s.kube-aggregator.pkg.apis.",
    ] {
        if let Some(rest) = name.strip_prefix(prefix) {
            return rest;
        }
    }
    name
}

/// Definitions that stand for a scalar.
fn is_scalar(name: &str) -> bool {
    scalar(name).is_some()
}

fn scalar(name: &str) -> Option<&'static str> {
    Some(match name.rsplit('.').next()? {
        "Quantity" => "q",
        "IntOrString" => "io",
        "Time" | "MicroTime" => "t",
        _ => return None,
    })
}

/// Definitions that take any JSON.
fn opaque(name: &str) -> bool {
    matches!(
        name.rsplit('.').next(),
        Some(
            "RawExtension"
                | "FieldsV1"
                | "JSON"
                | "JSONSchemaPropsOrBool"
                | "JSONSchemaPropsOrArray"
                | "JSONSchemaPropsOrStringArray"
                | "Patch"
        )
    )
}

/// A type in the text's spelling.
fn type_of(schema: &Value, sources: &Sources) -> String {
    if let Some(path) = schema["$ref"].as_str() {
        let name = &sources.types[path].name;
        return match scalar(name) {
            Some(scalar) => scalar.to_owned(),
            None if opaque(name) => "any".to_owned(),
            None => format!("@{}", short(name)),
        };
    }
    let format = schema["format"].as_str();
    match schema["type"].as_str() {
        Some("string") => match format {
            Some("byte") => "y",
            Some("date-time") => "t",
            None => "s",
            Some(other) => panic!("unknown string format {other}"),
        }
        .to_owned(),
        Some("boolean") => "b".to_owned(),
        Some("integer") => match format {
            Some("int32") => "i32",
            Some("int64") | None => "i64",
            Some(other) => panic!("unknown integer format {other}"),
        }
        .to_owned(),
        Some("number") => "f".to_owned(),
        Some("array") => format!("[{}", type_of(&schema["items"], sources)),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("{{{}", type_of(&schema["additionalProperties"], sources))
        }
        Some("object") | None => "any".to_owned(),
        Some(other) => panic!("unknown type {other}"),
    }
}

/// The paths of the types that a description names.
fn references(schema: &Value) -> Vec<&str> {
    match schema {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
            Some(path) => vec![path],
            None => map.values().flat_map(references).collect(),
        },
        _ => Vec::new(),
    }
}

impl Api {
    /// The kinds that are served, and the types that they are made of.
    pub fn of(sources: &Sources) -> Self {
        let mut api = Self::default();
        for (path, resource) in &sources.resources {
            // Discovery documents and the like: never sent by anybody.
            let Some(described) = sources.types.get(path).filter(|_| !resource.url_path_segment.is_empty())
            else {
                continue;
            };
            let scope = match resource.scope.as_str() {
                "NamespaceResourceScope" => "N",
                "ClusterResourceScope" => "C",
                _ => "S",
            };
            let (version, kind, segment) =
                (&resource.api_version, &resource.kind, &resource.url_path_segment);
            api.kinds.insert(format!("kind {version} {kind} {segment} {scope} {}", short(&described.name)));
            api.add(described, sources);
        }
        api
    }

    /// Whether a kind that is served is made of the type.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Whether the type has the field.
    pub fn has_field(&self, name: &str, field: &str) -> bool {
        let mut fields = self.types.get(name).into_iter().flatten();
        fields.any(|line| line.split_once(' ').is_some_and(|(name, _)| name == field))
    }

    /// Adds a type, and those that it names.
    fn add(&mut self, described: &Described, sources: &Sources) {
        let Described { name, schema } = described;
        if is_scalar(name) || opaque(name) || self.types.contains_key(short(name)) {
            return;
        }
        assert!(schema["type"] == "object", "{name} is no object: {schema}");
        let properties = schema["properties"].as_object();
        let fields = properties.into_iter().flatten();
        let fields = fields.map(|(field, schema)| format!("{field} {}", type_of(schema, sources)));
        self.types.insert(short(name).to_owned(), fields.collect());
        for path in references(schema) {
            self.add(&sources.types[path], sources);
        }
    }

    /// The text; `versions` gives what follows each line (`kind`s, and fields as `TYPE FIELD`).
    fn text(&self, versions: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        for kind in &self.kinds {
            out.push_str(&format!("{kind}{}\n", versions(kind)));
        }
        for (name, fields) in &self.types {
            out.push_str(&format!("type {name}\n"));
            for field in fields {
                out.push_str(&format!(" {field}{}\n", versions(&format!("{name} {field}"))));
            }
        }
        out
    }

    /// Every line as [`Api::text`] names it.
    fn lines(&self) -> impl Iterator<Item = String> {
        let fields = self
            .types
            .iter()
            .flat_map(|(name, fields)| fields.iter().map(move |field| format!("{name} {field}")));
        self.kinds.iter().cloned().chain(fields)
    }
}

/// One text for several versions, given in ascending order.
pub fn text(apis: &[(u8, Api)]) -> String {
    let mut all = Api::default();
    for (_, api) in apis {
        all.kinds.extend(api.kinds.iter().cloned());
        for (name, fields) in &api.types {
            all.types.entry(name.clone()).or_default().extend(fields.iter().cloned());
        }
    }
    let minors = Minors::of(apis.iter().map(|(minor, api)| (*minor, api.lines())));
    all.text(|line| minors.suffix(line))
}
