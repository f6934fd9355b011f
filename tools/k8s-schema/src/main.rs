//! Writes the fields and types of the Kubernetes API as plimsoll embeds them.
//!
//! `k8s-schema dump` prints those of the version this was built for; `k8s-schema merge 33=FILE 34=FILE ..`
//! prints the dumps of several versions as one, each line that is not in all of them followed by the
//! versions that have it. `./generate` does both for every version.
//!
//! The text, line by line (order: kinds, then types, both sorted; fields sorted within their type):
//!
//! ```text
//! kind apps/v1 StatefulSet statefulsets N apps.v1.StatefulSet
//! type apps.v1.StatefulSetSpec
//!  minReadySeconds i32
//!  updateStrategy @apps.v1.StatefulSetUpdateStrategy
//!  volumeClaimTemplates [@core.v1.PersistentVolumeClaim
//!  someNewField {s 35..
//! ```
//!
//! Scopes: `N`amespaced, `C`luster, `S`ubresource. Types: `s` string, `b` boolean, `i32`, `i64`, `f` float,
//! `y` base64, `t` time, `io` integer or string, `q` quantity, `any`; `[T` list, `{T` map with free keys,
//! `@name` another type.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Line of the API: the kinds, and per type its fields.
#[derive(Default)]
struct Api {
    kinds: BTreeSet<String>,
    types: BTreeMap<String, BTreeSet<String>>,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("dump") => print!("{}", dump().text(|_| String::new())),
        Some("merge") => {
            let apis: Vec<(u8, Api)> = arguments
                .map(|argument| {
                    let (minor, file) = argument.split_once('=').expect("MINOR=FILE");
                    let text = std::fs::read_to_string(file).expect("a readable file");
                    (minor.parse().expect("a minor version"), Api::parse(&text))
                })
                .collect();
            print!("{}", merge(&apis));
        }
        _ => panic!("usage: k8s-schema dump | merge MINOR=FILE.."),
    }
}

/// The API of the version this was built for.
fn dump() -> Api {
    let mut generator = SchemaGenerator::default();
    let mut api = Api::default();
    add_resources(&mut api, &mut generator);
    for (name, schema) in generator.take_definitions(true) {
        if is_scalar(&name) || opaque(&name) {
            continue;
        }
        let properties = schema["properties"].as_object();
        assert!(schema["type"] == "object", "{name} is no object: {schema}");
        let fields =
            properties.into_iter().flatten().map(|(field, schema)| format!("{field} {}", type_of(schema)));
        api.types.insert(short(&name).to_owned(), fields.collect());
    }
    api
}

macro_rules! resources {
    ($($type:ty,)*) => {
        fn add_resources(api: &mut Api, generator: &mut SchemaGenerator) {
            $(add::<$type>(api, generator);)*
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

fn add<T: k8s_openapi::Resource + JsonSchema>(api: &mut Api, generator: &mut SchemaGenerator) {
    let scope = match std::any::type_name::<T::Scope>().rsplit("::").next() {
        Some("NamespaceResourceScope") => "N",
        Some("ClusterResourceScope") => "C",
        _ => "S",
    };
    if T::URL_PATH_SEGMENT.is_empty() {
        // Discovery documents and the like: never sent by anybody.
        return;
    }
    generator.subschema_for::<T>();
    let name = short(&T::schema_name()).to_owned();
    api.kinds.insert(format!("kind {} {} {} {scope} {name}", T::API_VERSION, T::KIND, T::URL_PATH_SEGMENT));
}

/// A definition's name without what all of them share.
fn short(name: &str) -> &str {
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
fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference).replace("~1", "/");
        return match scalar(&name) {
            Some(scalar) => scalar.to_owned(),
            None if opaque(&name) => "any".to_owned(),
            None => format!("@{}", short(&name)),
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
        Some("array") => format!("[{}", type_of(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("{{{}", type_of(&schema["additionalProperties"]))
        }
        Some("object") | None => "any".to_owned(),
        Some(other) => panic!("unknown type {other}"),
    }
}

impl Api {
    fn parse(text: &str) -> Self {
        let mut api = Self::default();
        let mut current = None;
        for line in text.lines() {
            if line.starts_with("kind ") {
                api.kinds.insert(line.to_owned());
            } else if let Some(name) = line.strip_prefix("type ") {
                current = Some(api.types.entry(name.to_owned()).or_default());
            } else if let Some(fields) = current.as_mut() {
                fields.insert(line.trim_start().to_owned());
            }
        }
        api
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
fn merge(apis: &[(u8, Api)]) -> String {
    let mut all = Api::default();
    let mut versions: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (minor, api) in apis {
        for line in api.lines() {
            versions.entry(line).or_default().push(*minor);
        }
        all.kinds.extend(api.kinds.iter().cloned());
        for (name, fields) in &api.types {
            all.types.entry(name.clone()).or_default().extend(fields.iter().cloned());
        }
    }
    let (oldest, newest) = (apis.first().map(|api| api.0), apis.last().map(|api| api.0));
    all.text(|line| {
        let minors = &versions[line];
        let (from, to) = (minors.first().copied(), minors.last().copied());
        assert!(minors.windows(2).all(|pair| pair[1] == pair[0] + 1), "{line} comes and goes: {minors:?}");
        let bound = |minor: Option<u8>, edge| {
            if minor == edge { String::new() } else { minor.unwrap_or(0).to_string() }
        };
        match (bound(from, oldest), bound(to, newest)) {
            (from, to) if from.is_empty() && to.is_empty() => String::new(),
            (from, to) => format!(" {from}..{to}"),
        }
    })
}
