//! How lists and maps of the API are merged.
//!
//! Two merges exist, and each has its own rules: strategic merge patches (`x-kubernetes-patch-strategy` and
//! `x-kubernetes-patch-merge-key`) and server-side apply (`x-kubernetes-list-type`, `x-kubernetes-list-map-keys` and
//! `x-kubernetes-map-type`). Only the OpenAPI documents have both. The sources of k8s-openapi have one rule for each
//! list or map, in the code of `DeepMerge`: enough to find a stale or wrong line, not enough to write one.
//!
//! Each line is `TYPE FIELD RULE`, sorted; the field `*` stands for the type itself. Fields without a line follow the
//! defaults: lists are replaced as a whole, maps are merged. A key may have a default, which counts where an item lacks it.
//!
//! ```text
//! core.v1.ConfigMapKeySelector * atomic
//! core.v1.PodSpec volumes list=name 31..
//! core.v1.PodSpec volumes patch=merge,retainKeys:name
//! core.v1.ServiceSpec ports list=port,protocol=TCP
//! core.v1.ServiceSpec ports patch=merge:port
//! meta.v1.ObjectMeta finalizers patch=merge
//! meta.v1.ObjectMeta finalizers set
//! ```

use crate::api::{Api, short};
use crate::sources::{DeepMerge, Sources};
use crate::versions::{MINORS, Minors};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Defaults of keys: the comments `+default=` in `k8s.io/api`. Version 2 of OpenAPI leaves them out.
const KEY_DEFAULTS: [(&str, &str, &str); 2] =
    [("core.v1.ContainerPort", "protocol", "TCP"), ("core.v1.ServicePort", "protocol", "TCP")];

/// Lists that k8s-openapi merges by a rule of its own.
const FREE: [&str; 1] = ["apps.v1.StatefulSetSpec volumeClaimTemplates"];

/// The lines for every version, from the OpenAPI documents `1.30.json`, `1.31.json`, .. in `folder`.
pub fn text(folder: &Path) -> String {
    let versions = MINORS.map(|minor| {
        let path = folder.join(format!("1.{minor}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document = serde_json::from_str(&text).expect("JSON");
        (minor, rules(&document, &Api::of(&Sources::read(minor))))
    });
    Minors::of(versions).lines().map(|line| line + "\n").collect()
}

/// The rules of a document for the types of `api`.
fn rules(document: &Value, api: &Api) -> BTreeSet<String> {
    // As Kubernetes publishes it, or turned into a JSON Schema.
    let types = ["definitions", "$defs"].iter().find_map(|key| document[key].as_object());
    let mut lines = BTreeSet::new();
    for (name, schema) in types.expect("definitions") {
        let name = short(name);
        if api.has_type(name) {
            lines.extend(rule_lines(name, "*", schema));
        }
        let fields = schema["properties"].as_object();
        for (field, schema) in fields.into_iter().flatten().filter(|(field, _)| api.has_field(name, field)) {
            lines.extend(rule_lines(name, field, schema));
        }
    }
    lines
}

/// The lines of a type or field; none for what is the default.
fn rule_lines(name: &str, field: &str, schema: &Value) -> Vec<String> {
    let extension = |key: &str| schema[format!("x-kubernetes-{key}")].as_str();
    let mut rules = Vec::new();
    match extension("list-type") {
        None | Some("atomic") => {}
        Some("set") => rules.push("set".to_owned()),
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().expect("keys");
            let items = schema["items"]["$ref"].as_str().and_then(|path| path.rsplit('/').next());
            let items = short(items.expect("a list of objects"));
            let keys: Vec<String> =
                keys.iter().map(|key| with_default(items, key.as_str().expect("a name"))).collect();
            rules.push(format!("list={}", keys.join(",")));
        }
        Some(other) => panic!("{name}.{field}: unknown list type {other}"),
    }
    match extension("map-type") {
        None => {}
        Some(kind @ ("atomic" | "granular")) => rules.push(kind.to_owned()),
        Some(other) => panic!("{name}.{field}: unknown map type {other}"),
    }
    match (extension("patch-strategy"), extension("patch-merge-key")) {
        (None, None) => {}
        (Some(strategy @ ("merge" | "retainKeys" | "replace")), None) => {
            rules.push(format!("patch={strategy}"));
        }
        (Some(strategy @ ("merge" | "merge,retainKeys")), Some(key)) => {
            rules.push(format!("patch={strategy}:{key}"));
        }
        other => panic!("{name}.{field}: unknown patch strategy {other:?}"),
    }
    rules.into_iter().map(|rule| format!("{name} {field} {rule}")).collect()
}

/// A key of the items of type `items`, with its default.
fn with_default(items: &str, key: &str) -> String {
    let default = KEY_DEFAULTS.iter().find(|(name, field, _)| (*name, *field) == (items, key));
    default.map_or(key.to_owned(), |(_, _, value)| format!("{key}={value}"))
}

/// Where `text`, as written by [`text`], disagrees with the sources of k8s-openapi.
pub fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for minor in MINORS {
        let sources = Sources::read(minor);
        let api = Api::of(&sources);
        let rules = Rules::of(text, minor);
        let unknown = rules
            .0
            .iter()
            .filter(|(name, field, _)| !(*field == "*" && api.has_type(name) || api.has_field(name, field)));
        faults.extend(unknown.map(|(name, field, _)| format!("1.{minor} has no {name} {field}")));
        for (path, described) in &sources.types {
            let name = short(&described.name);
            for (field, found) in sources.merges(path).filter(|(field, _)| api.has_field(name, field)) {
                let expected = rules.deep_merge(name, field, &found);
                if expected != found && !FREE.contains(&format!("{name} {field}").as_str()) {
                    faults.push(format!(
                        "{name} {field} in 1.{minor}: k8s-openapi has {found:?}, expected {expected:?}"
                    ));
                }
            }
        }
    }
    faults
}

/// The lines of one version: type, field, rule.
struct Rules<'a>(Vec<(&'a str, &'a str, &'a str)>);

impl<'a> Rules<'a> {
    fn of(text: &'a str, minor: u8) -> Self {
        let lines = text.lines().filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let (first, last) =
                words.get(3).map_or(("", ""), |range| range.split_once("..").expect("a range"));
            let bound =
                |text: &str, edge: &u8| if text.is_empty() { *edge } else { text.parse().expect("a number") };
            let versions = bound(first, MINORS.start())..=bound(last, MINORS.end());
            versions.contains(&minor).then(|| (words[0], words[1], words[2]))
        });
        Self(lines.collect())
    }

    /// What k8s-openapi makes of the rules of a field that it merges as `found`: a merge key counts before the keys
    /// of server-side apply.
    fn deep_merge(&self, name: &str, field: &str, found: &DeepMerge) -> DeepMerge {
        let rules = || self.0.iter().filter(|(owner, owned, _)| (*owner, *owned) == (name, field));
        let keys =
            |prefix: &str| rules().find_map(|(_, _, rule)| rule.strip_prefix(prefix).map(str::to_owned));
        let has = |wanted: &str| rules().any(|(_, _, rule)| *rule == wanted);
        if matches!(found, DeepMerge::MapAtomic | DeepMerge::MapGranular) {
            return if has("atomic") { DeepMerge::MapAtomic } else { DeepMerge::MapGranular };
        }
        let merged =
            keys("patch=merge:").or_else(|| keys("patch=merge,retainKeys:")).or_else(|| keys("list="));
        match merged {
            Some(keys) => {
                let names = keys.split(',').map(|key| key.split('=').next().unwrap_or(key).to_owned());
                DeepMerge::ListMap(names.collect())
            }
            None if has("set") => DeepMerge::ListSet,
            None => DeepMerge::ListAtomic,
        }
    }
}
