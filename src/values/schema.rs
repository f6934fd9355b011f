//! Validation against `values.schema.json`: every enabled chart's own slice against its own schema.
//!
//! All violations are listed, each at the value's origin and at the place in the schema that asks for something else.
//! Nothing is fetched: references out of the schema are errors, unless Helm would fetch them for one of its charts.

use super::{Scope, helm_words, json};
use crate::chart::EngineKind;
use crate::diag::{Diagnostic, Severity, Sources, Span, nearest};
use crate::yaml::{Entry, Map, Node, Value};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError, Validator};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

/// The most violations listed for one chart.
const MAX_LISTED: usize = 100;
/// The most ways listed that would satisfy an `anyOf` or `oneOf`.
const MAX_WAYS: usize = 4;

/// How deep schemas in schemas are searched for names of properties.
const MAX_SUBSCHEMAS: usize = 4;

/// The number of charts with schemas from which on they are shared among threads.
const WORTH_SHARING: usize = 8;

/// Validates `root` and every scope below it. `user` is what the user gave: a null there may be why a key is missing.
/// `unfetched` is how bad a reference is that only Helm would follow.
pub(super) fn validate(
    sources: &Sources,
    root: &Scope,
    user: &Node,
    unfetched: Severity,
    schemas: &Schemas,
    sink: &mut Vec<Diagnostic>,
) {
    let mut scopes = Vec::new();
    gather(root, true, &[], &mut scopes);
    let few = scopes.len() < WORTH_SHARING;
    let compiled = schemas.compiled(sources, &scopes, unfetched);
    let mut seen = BTreeSet::new();
    let check = |placed: &Placed<'_>| match compiled.get(&placed.identity()).map(|schema| &**schema) {
        Some(Ok(schema)) => schema.check(sources, placed, user),
        _ => Vec::new(),
    };
    let reports: Vec<Vec<Diagnostic>> =
        if few { scopes.iter().map(check).collect() } else { scopes.par_iter().map(check).collect() };
    for (placed, report) in scopes.iter().zip(reports) {
        if seen.insert(placed.identity()) {
            match compiled.get(&placed.identity()).map(|schema| &**schema) {
                Some(Ok(schema)) => sink.extend_from_slice(&schema.remarks),
                Some(Err(error)) => sink.push((**error).clone()),
                None => {}
            }
        }
        sink.extend(report);
    }
}

/// Schemas that have been compiled: whoever computes values more than once compiles each once.
#[derive(Default)]
pub struct Schemas(Mutex<BTreeMap<Identity, Arc<Compiled>>>);

/// What decides how a schema is compiled: its text, and whether Helm would follow its references.
type Identity = (Arc<str>, bool);

type Compiled = Result<Schema, Box<Diagnostic>>;

impl Schemas {
    /// The schemas of these scopes. Identical ones, as those of one chart under several aliases, are compiled once.
    fn compiled(
        &self,
        sources: &Sources,
        scopes: &[Placed<'_>],
        unfetched: Severity,
    ) -> BTreeMap<Identity, Arc<Compiled>> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = BTreeMap::new();
        let mut wanted = BTreeMap::new();
        {
            let shared = lock();
            for placed in scopes {
                let identity = placed.identity();
                match shared.get(&identity) {
                    Some(schema) => known.insert(identity, Arc::clone(schema)).map(drop),
                    None => wanted.insert(identity, placed).map(drop),
                };
            }
        }
        let compile = |(identity, placed)| (identity, Arc::new(Schema::compile(sources, placed, unfetched)));
        let fresh: BTreeMap<_, _> = if scopes.len() < WORTH_SHARING {
            wanted.into_iter().map(compile).collect()
        } else {
            wanted.into_par_iter().map(compile).collect()
        };
        if !fresh.is_empty() {
            lock().extend(fresh.iter().map(|(identity, schema)| (identity.clone(), Arc::clone(schema))));
            known.extend(fresh);
        }
        known
    }
}

/// The schema of one chart, for callers that have more values for it than one release.
pub struct Checker(Arc<Compiled>);

impl Checker {
    /// Whether the schema accepts these values of its chart.
    pub fn accepts(&self, values: &serde_json::Value) -> bool {
        matches!(&*self.0, Ok(schema) if schema.validator.is_valid(values))
    }
}

impl Schemas {
    /// The schema of the chart of a scope, if it has one. The error says why it cannot be used.
    pub fn checker(&self, sources: &Sources, scope: &Scope) -> Option<Result<Checker, Box<Diagnostic>>> {
        let schema = &scope.chart.schema.as_ref()?.text;
        let placed = Placed { scope, schema, is_root: true, keys: Vec::new() };
        let identity = placed.identity();
        let compiled = self.compiled(sources, &[placed], Severity::Warning).remove(&identity)?;
        Some(match &*compiled {
            Ok(_) => Ok(Checker(compiled)),
            Err(error) => Err(error.clone()),
        })
    }
}

/// Helm's error about the schemas that values violate; `None` if there is none.
pub(super) fn in_helms_words(sources: &Sources, root: &Scope, schemas: &Schemas) -> Option<String> {
    let mut scopes = Vec::new();
    gather(root, true, &[], &mut scopes);
    let compiled = schemas.compiled(sources, &scopes, Severity::Warning);
    let found = scopes.iter().filter_map(|placed| {
        let Ok(schema) = &**compiled.get(&placed.identity())? else { return None };
        Some(format!("{}:\n{}\n", placed.scope.chart.name(), schema.in_helms_words(placed)?))
    });
    let found: String = found.collect();
    let intro = "values don't meet the specifications of the schema(s) in the following chart(s):";
    (!found.is_empty()).then(|| format!("{intro}\n{found}"))
}

/// A scope that has a schema.
struct Placed<'a> {
    scope: &'a Scope,
    schema: &'a Arc<str>,
    is_root: bool,
    /// The keys that lead to it from the root of the values.
    keys: Vec<&'a str>,
}

impl Placed<'_> {
    fn is_helm(&self) -> bool {
        self.scope.chart.engine == EngineKind::GoTemplate
    }

    fn identity(&self) -> Identity {
        (Arc::clone(self.schema), self.is_helm())
    }
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
    /// What of it is not checked.
    remarks: Vec<Diagnostic>,
}

impl Schema {
    fn compile(sources: &Sources, placed: &Placed<'_>, unfetched: Severity) -> Result<Self, Box<Diagnostic>> {
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
            return Ok(Self { validator, remarks: Vec::new() });
        }
        let (name, mut tree) = positions(sources, placed)?;
        let whole = json::to_json(&tree);
        let mut outcome = build(&whole);
        let mut remarks = Vec::new();
        if placed.is_helm() && outcome.as_ref().is_err_and(is_of_a_reference) {
            let left_out = Remote::new(&tree).leave_out(&mut tree);
            if !left_out.is_empty() {
                let remark =
                    |reference| outside(&name, reference, unfetched, "what it asks for is not checked");
                remarks = left_out.iter().map(remark).collect();
                outcome = build(&json::to_json(&tree)).map_err(ValidationError::to_owned);
            }
        }
        match outcome {
            Ok(validator) => Ok(Self { validator, remarks }),
            Err(error) => Err(Box::new(unusable(&name, &tree, &error))),
        }
    }

    /// The violations as helm words them; `None` if there are none.
    fn in_helms_words(&self, placed: &Placed<'_>) -> Option<String> {
        let whole = json::to_json(&placed.scope.values);
        if self.validator.is_valid(&whole) {
            return None;
        }
        let found: Vec<ValidationError<'_>> = self.validator.iter_errors(&whole).take(MAX_LISTED).collect();
        Some(helm_words::violations(&found))
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
    if is_of_a_reference(error) {
        if let Some(reference) = outside_reference(tree) {
            return outside(name, reference, Severity::Error, "this is outside of the schema");
        }
        return Diagnostic::error(format!("`{name}` cannot be used: {error}"))
            .at(Span { end: tree.span.start + 1, ..tree.span }, "");
    }
    let (node, key) = find(tree, error.instance_path());
    Diagnostic::error(format!("`{name}` is not a valid schema: {error}")).at(key.unwrap_or(node.span), "")
}

fn is_of_a_reference(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Referencing(_))
}

/// A `$ref` that leaves the schema.
fn outside(name: &str, reference: &Node, severity: Severity, label: &str) -> Diagnostic {
    let target = reference.as_str().unwrap_or_default();
    Diagnostic::new(severity, format!("`{name}` refers to `{target}`, which is not fetched"))
        .at(reference.span, label)
        .help("copy the definitions to `$defs` and refer to `#/$defs/...`, or use `--skip-schema-validation`")
}

/// What is fetched for a schema, as Helm does.
struct Remote {
    /// What the parts of the schema are called: references to them are not remote.
    ids: BTreeSet<String>,
    /// Whether the schema itself is said to come from elsewhere, so that relative references lead there.
    is_relative: bool,
    /// Whether keywords beside a `$ref` are ignored, as up to draft 7.
    ignores_siblings: bool,
}

impl Remote {
    fn new(tree: &Node) -> Self {
        let mut ids = BTreeSet::new();
        gather_ids(tree, &mut ids);
        let text = |key| tree.get(key).and_then(Node::as_str).unwrap_or_default();
        Self {
            ids,
            is_relative: is_url(text("$id")) || is_url(text("id")),
            ignores_siblings: text("$schema").contains("/draft-0"),
        }
    }

    fn is_remote(&self, target: &str) -> bool {
        let document = target.split('#').next().unwrap_or_default();
        let is_relative = self.is_relative && !document.is_empty() && !document.contains(':');
        (is_relative || is_url(document)) && !self.ids.contains(document)
    }

    /// Lets every remote `$ref` accept everything, and returns what was left out.
    fn leave_out(&self, node: &mut Node) -> Vec<Node> {
        let map = match &mut node.value {
            Value::Seq(items) => return items.iter_mut().flat_map(|item| self.leave_out(item)).collect(),
            Value::Map(map) => map,
            _ => return Vec::new(),
        };
        let remote = map.get("$ref").filter(|target| self.is_remote(target.as_str().unwrap_or_default()));
        let mut left_out: Vec<Node> = remote.cloned().into_iter().collect();
        if !left_out.is_empty() {
            let stays = |key: &str| !self.ignores_siblings || matches!(key, "$schema" | "definitions");
            map.retain(|entry| entry.key != "$ref" && stays(&entry.key));
        }
        left_out.extend(map.iter_mut().flat_map(|entry| self.leave_out(&mut entry.value)));
        left_out
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

fn gather_ids(node: &Node, ids: &mut BTreeSet<String>) {
    let given = ["$id", "id"].iter().filter_map(|key| node.get(key)?.as_str());
    ids.extend(given.map(|id| id.trim_end_matches('#').to_owned()));
    let below = node.as_map().into_iter().flatten().map(|entry| &entry.value);
    below.chain(node.items()).for_each(|node| gather_ids(node, ids));
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
