//! Validation against `values.schema.json`: every enabled chart's own slice against its own schema.
//!
//! All violations are listed, each at the value's origin and at the place in the schema that asks for something else.
//! Nothing is fetched: references out of the schema are errors, except in Helm charts, where they accept everything.

use super::{Scope, json};
use crate::chart::EngineKind;
use crate::diag::{Diagnostic, Severity, Sources, Span, nearest};
use crate::yaml::{Entry, Map, Node, Value};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError, Validator};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::error::Error;

/// The most violations listed for one chart.
const MAX_LISTED: usize = 100;
/// The most ways listed that would satisfy an `anyOf` or `oneOf`.
const MAX_WAYS: usize = 4;

/// How deep schemas in schemas are searched for names of properties.
const MAX_SUBSCHEMAS: usize = 4;

/// The number of charts with schemas from which on they are shared among threads.
const WORTH_SHARING: usize = 8;

/// Validates `root` and every scope below it. `user` is what the user gave: a null there may be why a key is missing.
pub(super) fn validate(sources: &Sources, root: &Scope, user: &Node, sink: &mut Vec<Diagnostic>) {
    let mut scopes = Vec::new();
    gather(root, true, &[], &mut scopes);
    // Identical schemas, as those of one chart under several aliases, are compiled once.
    let texts: BTreeMap<&str, &Placed<'_>> = scopes.iter().map(|placed| (placed.schema, placed)).collect();
    let compile = |(text, placed)| (text, Schema::compile(sources, placed));
    let few = scopes.len() < WORTH_SHARING;
    let compiled: BTreeMap<&str, Result<Schema, Box<Diagnostic>>> = if few {
        texts.into_iter().map(compile).collect()
    } else {
        texts.into_par_iter().map(compile).collect()
    };
    let mut refused: Vec<&str> = Vec::new();
    let check = |placed: &Placed<'_>| match compiled.get(placed.schema) {
        Some(Ok(schema)) => schema.check(sources, placed, user),
        _ => Vec::new(),
    };
    let reports: Vec<Vec<Diagnostic>> =
        if few { scopes.iter().map(check).collect() } else { scopes.par_iter().map(check).collect() };
    for (placed, report) in scopes.iter().zip(reports) {
        let problem = match compiled.get(placed.schema) {
            Some(Err(error)) => Some(error),
            Some(Ok(schema)) => schema.unchecked.as_ref(),
            None => None,
        };
        if let Some(problem) = problem
            && !refused.contains(&placed.schema)
        {
            refused.push(placed.schema);
            sink.push((**problem).clone());
        }
        sink.extend(report);
    }
}

/// A scope that has a schema.
struct Placed<'a> {
    scope: &'a Scope,
    schema: &'a str,
    is_root: bool,
    /// The keys that lead to it from the root of the values.
    keys: Vec<&'a str>,
}

fn gather<'a>(scope: &'a Scope, is_root: bool, keys: &[&'a str], into: &mut Vec<Placed<'a>>) {
    if let Some(schema) = &scope.chart.schema {
        into.push(Placed { scope, schema: &schema.text, is_root, keys: keys.to_vec() });
    }
    for child in &scope.children {
        let mut keys = keys.to_vec();
        keys.push(&child.name);
        gather(child, false, &keys, into);
    }
}

/// A compiled schema.
struct Schema {
    validator: Validator,
    /// The warning about what is not checked because it is not on this machine.
    unchecked: Option<Box<Diagnostic>>,
}

impl Schema {
    fn compile(sources: &Sources, placed: &Placed<'_>) -> Result<Self, Box<Diagnostic>> {
        let build = |schema: &serde_json::Value| {
            jsonschema::options()
                .with_retriever(Offline)
                // The syntax of Helm's regular expressions: no look-around, linear time.
                .with_pattern_options(PatternOptions::regex())
                .build(schema)
        };
        // Positions are wanted only where something is wrong.
        if let Ok(schema) = serde_json::from_str(placed.schema)
            && let Ok(validator) = build(&schema)
        {
            return Ok(Self { validator, unchecked: None });
        }
        let (name, tree) = positions(sources, placed)?;
        let error = match build(&json::to_json(&tree)) {
            Ok(validator) => return Ok(Self { validator, unchecked: None }),
            Err(error) => unusable(&name, &tree, &error),
        };
        // Helm fetches what a schema refers to.
        let is_helm = placed.scope.chart.engine == EngineKind::GoTemplate;
        let mut local = tree.clone();
        if is_helm
            && drop_outside_references(&mut local)
            && let Ok(validator) = build(&json::to_json(&local))
        {
            let mut unchecked = error;
            unchecked.severity = Severity::Warning;
            unchecked.help =
                vec!["plimsoll fetches nothing: values that it describes are not checked".to_owned()];
            return Ok(Self { validator, unchecked: Some(Box::new(unchecked)) });
        }
        Err(Box::new(error))
    }

    fn check(&self, sources: &Sources, placed: &Placed<'_>, user: &Node) -> Vec<Diagnostic> {
        let whole = json::to_json(&placed.scope.values);
        if self.validator.is_valid(&whole) {
            return Vec::new();
        }
        let mut found: Vec<ValidationError<'_>> =
            self.validator.iter_errors(&whole).take(MAX_LISTED).collect();
        // Sub-charts get a `global` whether or not there is one: an empty one must not break a strict schema.
        let stripped;
        if !found.is_empty()
            && let Some(node) = without_empty_globals(placed.scope, placed.is_root)
        {
            stripped = json::to_json(&node);
            let again: Vec<_> = self.validator.iter_errors(&stripped).take(MAX_LISTED).collect();
            if again.len() < found.len() || reports_fewer_keys(&again, &found) {
                found = again;
            }
        }
        // The schema has been read before.
        let tree = positions(sources, placed).map_or_else(|_| Node::bare(Value::Null), |(_, tree)| tree);
        found.iter().flat_map(|error| describe(&tree, placed, user, error)).collect()
    }
}

/// The name of a scope's schema, and the schema as a tree with positions.
fn positions(sources: &Sources, placed: &Placed<'_>) -> Result<(String, Node), Box<Diagnostic>> {
    let source = placed.scope.chart.schema.as_ref().map_or(Span::NONE.source, |schema| schema.source);
    let name = sources.get(source).map_or_else(String::new, |source| source.name.clone());
    match crate::yaml::json::whole(placed.schema, source) {
        Ok(tree) => Ok((name, tree.node)),
        Err(invalid) => {
            let span = Span::new(source, invalid.at, placed.schema.len().min(invalid.at + 1));
            let message = format!("`{name}` is not valid JSON: {}", invalid.reason);
            Err(Box::new(Diagnostic::error(message).at(span, "")))
        }
    }
}

/// One diagnostic for a violation of the schema `tree`; one for each key where several are unknown.
fn describe(tree: &Node, placed: &Placed<'_>, user: &Node, error: &ValidationError<'_>) -> Vec<Diagnostic> {
    let values = &placed.scope.values;
    let (node, key_span) = find(values, error.instance_path());
    let path = path_of(placed, error.instance_path());
    let (asks, asks_key) = find(tree, error.schema_path());
    let rule = Some(asks_key.unwrap_or(asks.span)).filter(|span| !span.is_none());
    let violation = |path: &str, text: String, span: Option<Span>, words: &str| {
        let mut diagnostic = Diagnostic::error(text).path(path);
        if let Some(span) = span.filter(|span| !span.is_none()) {
            diagnostic = diagnostic.at(span, words);
        }
        if let Some(rule) = rule {
            diagnostic = diagnostic.at(rule, "the schema requires it here");
        }
        diagnostic
    };
    let refuse_key = |key: &str, known: &[String]| {
        let full = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let at = node.as_map().and_then(|map| map.entry(key)).map(|entry| entry.key_span);
        let near = nearest(key, known.iter().map(String::as_str));
        violation(&full, format!("`{full}` is not allowed by the schema"), at, "unknown key")
            .maybe_help(near.map(|near| format!("did you mean `{near}`?")))
    };
    let unknown = |unexpected: &[String]| {
        let known = properties(tree, error.schema_path());
        unexpected.iter().map(|key| refuse_key(key, &known)).collect::<Vec<_>>()
    };
    // A map of many lines is pointed at by its key.
    let place = if node.as_map().is_some() || node.as_seq().is_some() {
        key_span.or(Some(node.span))
    } else {
        Some(node.span)
    };
    let shown = if path.is_empty() { "the values".to_owned() } else { format!("`{path}`") };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unknown(unexpected),
        ValidationErrorKind::PropertyNames { error: reason } => {
            let key = reason.instance().as_str().unwrap_or_default();
            let options = match reason.kind() {
                ValidationErrorKind::Enum { options } => options.as_array().map_or(&[][..], Vec::as_slice),
                _ => &[],
            };
            let known: Vec<String> =
                options.iter().filter_map(|option| option.as_str().map(str::to_owned)).collect();
            vec![refuse_key(key, &known)]
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let full = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            let text = format!("`{full}` is required by the schema");
            let map = placed.keys.iter().try_fold(user, |node, key| node.get(key));
            let given =
                map.and_then(|map| find_exact(map, error.instance_path())).and_then(|map| map.get(key));
            vec![match given.filter(|node| node.is_null()) {
                Some(null) => violation(&full, text, Some(null.span), "this null removes the default"),
                None => violation(&full, text, place, "it is missing here")
                    .help(format!("set it in a values file or with `--set {full}=...`")),
            }]
        }
        ValidationErrorKind::Type { kind } => {
            let wanted: Vec<&str> = match kind {
                TypeKind::Single(kind) => vec![type_word(kind.as_str())],
                TypeKind::Multiple(kinds) => kinds.iter().map(|kind| type_word(kind.as_str())).collect(),
            };
            let text = format!("{shown} must be {}, not {}", wanted.join(" or "), node.type_name());
            vec![
                violation(&path, text, place, &format!("this is {}", node.type_name()))
                    .maybe_help(suggest_quoting(node, &wanted)),
            ]
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|option| format!("`{}`", format_unquoted(option)))
                .collect();
            let near = node
                .as_str()
                .and_then(|text| nearest(text, options.iter().map(|option| option.trim_matches('`'))));
            vec![
                violation(&path, format!("{shown} must be one of {}", options.join(", ")), place, "")
                    .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
            ]
        }
        ValidationErrorKind::Pattern { pattern } => {
            vec![violation(&path, format!("{shown} does not match the pattern `{pattern}`"), place, "")]
        }
        kind => {
            let text = format!("{shown}: {}", error.masked_with("the value"));
            let mut diagnostic = violation(&path, text, place, "");
            if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
                kind
            {
                for way in context.iter().filter_map(|errors| errors.first()).take(MAX_WAYS) {
                    diagnostic = diagnostic
                        .help(format!("one alternative fails because {}", way.masked_with("the value")));
                }
            }
            vec![diagnostic]
        }
    }
}

/// The names under `properties` beside the keyword at `location`.
fn properties(tree: &Node, location: &Location) -> Vec<String> {
    let segments: Vec<_> = location.segments().collect();
    let Some((_, parent)) = segments.split_last() else { return Vec::new() };
    let parent = parent.iter().try_fold(tree, |node, segment| step(node, segment).map(|(node, _)| node));
    let mut names = Vec::new();
    if let Some(parent) = parent {
        collect_properties(tree, parent, MAX_SUBSCHEMAS, &mut names);
    }
    names
}

/// The names under `properties` of a schema and of those that it is made of, down to a depth: they may refer to each other.
fn collect_properties(tree: &Node, schema: &Node, depth: usize, names: &mut Vec<String>) {
    let properties = schema.get("properties").and_then(Node::as_map);
    names.extend(properties.into_iter().flat_map(Map::keys).map(str::to_owned));
    let Some(depth) = depth.checked_sub(1) else { return };
    let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key));
    let single = ["if", "then", "else"].into_iter().filter_map(|key| schema.get(key));
    let referred = schema.get("$ref").and_then(Node::as_str).and_then(|target| target.strip_prefix("#/"));
    let referred = referred.and_then(|path| path.split('/').try_fold(tree, |node, key| node.get(key)));
    for schema in lists.flat_map(Node::items).chain(single).chain(referred) {
        collect_properties(tree, schema, depth, names);
    }
}

/// Whether the errors in `again` name fewer keys than those in `found`.
fn reports_fewer_keys(again: &[ValidationError<'_>], found: &[ValidationError<'_>]) -> bool {
    let length = |errors: &[ValidationError<'_>]| {
        errors
            .iter()
            .map(|error| match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected }
                | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected.len(),
                _ => 1,
            })
            .sum::<usize>()
    };
    again.len() == found.len() && length(again) < length(found)
}

/// The values without the `global` that sub-charts were handed although nobody set one; `None` if there is none.
fn without_empty_globals(scope: &Scope, is_root: bool) -> Option<Node> {
    fn strip(node: &Node, scope: &Scope, is_root: bool, any: &mut bool) -> Node {
        let Some(map) = node.as_map() else { return node.clone() };
        let mut kept = Map::new();
        for entry in map {
            let empty = entry.value.as_map().is_some_and(Map::is_empty);
            if !is_root && entry.key == "global" && empty {
                *any = true;
                continue;
            }
            let child = scope.children.iter().find(|child| child.name == entry.key);
            let value =
                child.map_or_else(|| entry.value.clone(), |child| strip(&entry.value, child, false, any));
            kept.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
        }
        Node::new(Value::Map(kept), node.span)
    }
    let mut any = false;
    let node = strip(&scope.values, scope, is_root, &mut any);
    any.then_some(node)
}

/// Why a schema cannot be used, at its place.
fn unusable(name: &str, tree: &Node, error: &ValidationError<'_>) -> Diagnostic {
    if matches!(error.kind(), ValidationErrorKind::Referencing(_)) {
        if let Some(reference) = outside_reference(tree) {
            return Diagnostic::error(format!(
                "`{name}` refers to `{}`",
                reference.as_str().unwrap_or_default()
            ))
            .at(reference.span, "this is outside of the schema")
            .help("plimsoll fetches nothing: copy the definitions to `$defs` and refer to `#/$defs/...`");
        }
        return Diagnostic::error(format!("`{name}` cannot be used: {error}"))
            .at(Span { end: tree.span.start + 1, ..tree.span }, "");
    }
    let (node, key) = find(tree, error.instance_path());
    Diagnostic::error(format!("`{name}` is not a valid schema: {error}")).at(key.unwrap_or(node.span), "")
}

/// Removes every `$ref` that leaves the schema; returns whether there is one.
fn drop_outside_references(node: &mut Node) -> bool {
    match &mut node.value {
        Value::Map(map) => {
            let is_outside =
                map.get("$ref").and_then(Node::as_str).is_some_and(|target| !target.starts_with('#'));
            if is_outside {
                map.remove("$ref");
            }
            map.into_iter().fold(is_outside, |any, entry| drop_outside_references(&mut entry.value) || any)
        }
        Value::Seq(items) => {
            let mut any = false;
            for item in items {
                any |= drop_outside_references(item);
            }
            any
        }
        _ => false,
    }
}

/// The first `$ref` that leaves the schema.
fn outside_reference(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::Map(map) => map.iter().find_map(|entry| match entry.value.as_str() {
            Some(target) if entry.key == "$ref" && !target.starts_with('#') => Some(&entry.value),
            _ => outside_reference(&entry.value),
        }),
        Value::Seq(items) => items.iter().find_map(outside_reference),
        _ => None,
    }
}

/// Refuses every reference, except `urn:` ones: Helm lets those accept everything.
struct Offline;

impl Retrieve for Offline {
    fn retrieve(&self, uri: &Uri<String>) -> Result<serde_json::Value, Box<dyn Error + Send + Sync>> {
        if uri.scheme().as_str() == "urn" { Ok(true.into()) } else { Err("nothing is fetched".into()) }
    }
}

/// The node at a location, or the nearest above it, and the place of its key.
fn find<'n>(root: &'n Node, location: &Location) -> (&'n Node, Option<Span>) {
    let mut at = (root, None);
    for segment in location.segments() {
        match step(at.0, &segment) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

/// The node at a location, if it is there.
fn find_exact<'n>(root: &'n Node, location: &Location) -> Option<&'n Node> {
    location.segments().try_fold(root, |node, segment| step(node, &segment).map(|(node, _)| node))
}

fn step<'n>(node: &'n Node, segment: &LocationSegment<'_>) -> Option<(&'n Node, Option<Span>)> {
    match segment {
        LocationSegment::Property(key) => {
            let entry = node.as_map()?.entry(key)?;
            Some((&entry.value, Some(entry.key_span)))
        }
        LocationSegment::Index(index) => Some((node.items().get(*index)?, None)),
    }
}

/// The path from the root of the values, as one writes it in `--set`.
fn path_of(placed: &Placed<'_>, location: &Location) -> String {
    let mut path = placed.keys.join(".");
    for segment in location.segments() {
        match segment {
            LocationSegment::Property(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key.replace('.', "\\."));
            }
            LocationSegment::Index(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
    }
    path
}

fn type_word(name: &str) -> &'static str {
    match name {
        "array" => "a list",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "null" => "null",
        "number" => "a number",
        "object" => "a map",
        _ => "a string",
    }
}

/// The remediation if YAML or `--set` read a string as another type, or the reverse.
fn suggest_quoting(node: &Node, wanted: &[&str]) -> Option<String> {
    match node.value {
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) if wanted.contains(&"a string") => {
            Some("quote it in a values file, or use `--set-string`".to_owned())
        }
        Value::String(ref text) => {
            let typed = crate::yaml::resolve_plain(text);
            let fits = match typed {
                Value::Int(_) | Value::Uint(_) => {
                    wanted.contains(&"an integer") || wanted.contains(&"a number")
                }
                Value::Float(_) => wanted.contains(&"a number"),
                Value::Bool(_) => wanted.contains(&"a boolean"),
                _ => false,
            };
            fits.then(|| "remove the quotes; on the command line use `--set-json`".to_owned())
        }
        _ => None,
    }
}

fn format_unquoted(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
