//! Keys that a user gives and the chart does not know: mostly slips of the pen, which Helm drops without a word.
//!
//! A key is known if `values.yaml` has it, the schema describes it, a condition of a dependency reads it, or a template
//! names it. Below an empty map, a null, and a map that the templates take as a whole, every key is free.

use super::rules::{UNKNOWN, breach};
use super::tree::Branch;
use super::{Options, ValueRead};
use crate::chart::{Chart, Dependency, EngineKind};
use crate::diag::{Diagnostic, Severity, nearest};
use crate::gotmpl::ANY_ITEM;
use crate::yaml::{Entry, Map, Node};
use std::cell::OnceCell;
use std::sync::Arc;

/// Reports the unknown keys of `user` in the chart tree.
pub(super) fn report(root: &Branch<'_>, user: &Map, options: Options, sink: &mut Vec<Diagnostic>) {
    let schemas_checked = !options.skip_schema_validation;
    let severity = options.unknown_keys;
    let reads = Reads { of: options.reads, user, charts: Vec::new() };
    let mut tags = Vec::new();
    collect_tags(root.chart, &mut tags);
    Walk { severity, schemas_checked, reads, tags, sink }.chart(root, user, None, &[], &mut Vec::new());
}

/// The tags that dependencies anywhere in a chart have.
fn collect_tags<'a>(chart: &'a Chart, tags: &mut Vec<&'a str>) {
    let own = chart.metadata.dependencies.iter().flat_map(|dependency| &dependency.tags);
    tags.extend(own.map(String::as_str));
    for child in &chart.children {
        collect_tags(child, tags);
    }
}

/// What the templates of the charts read that lead from the root to where the walk is.
struct Reads<'s> {
    of: fn(&Chart, &Map) -> Vec<ValueRead>,
    user: &'s Map,
    /// The charts, with what they read once that was asked.
    charts: Vec<(Arc<Chart>, OnceCell<Vec<ValueRead>>)>,
}

impl Reads<'_> {
    /// Whether a template reads the value: its own chart's, or one of a chart above, which has it under the names of the
    /// charts between.
    fn contains(&self, path: &[String]) -> bool {
        self.charts.iter().enumerate().any(|(depth, (chart, reads))| {
            let Some(inside) = path.get(depth..).filter(|inside| !inside.is_empty()) else { return false };
            let reads = reads.get_or_init(|| (self.of)(chart, self.user));
            reads.iter().any(|read| {
                let agree = read.path.iter().zip(inside).all(|(key, given)| key == given || key == ANY_ITEM);
                agree && (read.path.len() >= inside.len() || read.is_whole)
            })
        })
    }
}

struct Walk<'s> {
    severity: Severity,
    /// Whether `additionalProperties: false` has been reported already.
    schemas_checked: bool,
    reads: Reads<'s>,
    /// Those of all dependencies. Helm looks them up in the root's values only.
    tags: Vec<&'s str>,
    sink: &'s mut Vec<Diagnostic>,
}

/// What is known about the keys at one place.
struct Known<'a> {
    chart: &'a Chart,
    /// Defaults: the chart's own, and the parent's block for it.
    defaults: Vec<&'a Map>,
    /// The schemas of the place, references resolved.
    schemas: Vec<&'a Node>,
    schema_root: Option<&'a Node>,
    /// Paths that conditions read, from here.
    conditions: Vec<&'a str>,
    /// The keys that lead here from the root of the chart's values.
    inside: Vec<&'a str>,
    /// Other keys that mean something here: the names of sub-charts, or tags.
    names: Vec<&'a str>,
}

impl Walk<'_> {
    fn chart(
        &mut self,
        branch: &Branch<'_>,
        user: &Map,
        block: Option<&Map>,
        conditions: &[&str],
        path: &mut Vec<String>,
    ) {
        // Reading a schema takes longer than everything else about a chart to which nothing is given.
        if user.is_empty() {
            return;
        }
        let chart = branch.chart;
        let tree = chart
            .schema
            .as_ref()
            .and_then(|schema| crate::yaml::json::whole(&schema.text, schema.source).ok());
        let tree = tree.map(|json| json.node);
        let own: Vec<&str> = chart
            .metadata
            .dependencies
            .iter()
            .flat_map(|dependency| &dependency.condition)
            .map(String::as_str)
            .collect();
        let known = Known {
            chart,
            defaults: [Some(branch.defaults.as_ref()), block].into_iter().flatten().collect(),
            schemas: tree.iter().collect(),
            schema_root: tree.as_ref(),
            conditions: own.iter().chain(conditions).copied().collect(),
            inside: Vec::new(),
            names: chart.metadata.dependencies.iter().map(Dependency::key).collect(),
        };
        // Without a values.yaml the known keys are not declared anywhere.
        let checked = chart.values_source.is_some() && !known.is_read_whole();
        self.reads.charts.push((Arc::clone(branch.chart), OnceCell::new()));
        for entry in user {
            let child = branch.children.iter().find(|child| child.name == entry.key);
            path.push(entry.key.clone());
            match (child, entry.value.as_map()) {
                (Some(child), Some(user)) => {
                    let block = branch.defaults.get(&child.name).and_then(Node::as_map);
                    let conditions = strip_key(&known.conditions, &child.name);
                    self.chart(child, user, block, &conditions, path);
                }
                (None, Some(tags)) if checked && entry.key == "tags" && path.len() == 1 => {
                    self.tags(&known, tags, path);
                }
                _ if !checked || belongs_to_charts(chart, &entry.key) => {}
                _ => self.entry(&known, entry, path),
            }
            path.pop();
        }
        self.reads.charts.pop();
    }

    /// The `tags` of the root.
    fn tags(&mut self, known: &Known<'_>, user: &Map, path: &mut Vec<String>) {
        let names = self.tags.clone();
        let defaults = known.defaults.iter().filter_map(|map| map.get("tags")?.as_map()).collect();
        let (schemas, inside) = (known.schemas_of("tags").unwrap_or_default(), vec!["tags"]);
        let known = Known { defaults, schemas, inside, names, conditions: Vec::new(), ..*known };
        if self.tags.is_empty() || known.is_read_whole() {
            return;
        }
        for entry in user {
            path.push(entry.key.clone());
            self.entry(&known, entry, path);
            path.pop();
        }
    }

    fn entry(&mut self, known: &Known<'_>, entry: &Entry, path: &mut Vec<String>) {
        let key = entry.key.as_str();
        let defaults: Vec<&Node> = known.defaults.iter().filter_map(|map| map.get(key)).collect();
        let schemas = known.schemas_of(key);
        let in_schema = schemas.is_some();
        let conditions = strip_key(&known.conditions, key);
        let mut inside = known.inside.clone();
        inside.push(key);
        let next = Known {
            chart: known.chart,
            defaults: defaults.iter().filter_map(|node| node.as_map()).collect(),
            schemas: schemas.unwrap_or_default(),
            schema_root: known.schema_root,
            conditions,
            inside,
            names: Vec::new(),
        };
        let is_known = !defaults.is_empty()
            || in_schema
            || known.conditions.contains(&key)
            || known.names.contains(&key)
            || !next.conditions.is_empty()
            || next.find_mention() != Mention::Nowhere;
        if !is_known {
            let is_reported = self.schemas_checked && known.is_closed();
            if !is_reported && !self.reads.contains(path) {
                self.sink.push(unknown(self.severity, known, entry, path));
            }
            return;
        }
        let Some(user) = entry.value.as_map() else { return };
        // A default that is not a map, or an empty one, does not declare the keys below it.
        let free = defaults.iter().any(|node| node.as_map().is_none_or(Map::is_empty))
            || (defaults.is_empty() && !in_schema && next.find_mention() != Mention::Nowhere)
            || (!next.schemas.is_empty() && next.is_open())
            || next.is_read_whole();
        if free {
            return;
        }
        for entry in user {
            path.push(entry.key.clone());
            self.entry(&next, entry, path);
            path.pop();
        }
    }
}

/// How the templates mention a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mention {
    Nowhere,
    /// Only of something below it: `values.image.tag`.
    Below,
    /// As it is: `{{ values.image | to_yaml }}`.
    Whole,
}

impl<'a> Known<'a> {
    /// The schemas of a key; `None` if none of the schemas here knows it.
    fn schemas_of(&self, key: &str) -> Option<Vec<&'a Node>> {
        let mut found = None;
        for schema in self.resolved() {
            let property = schema.get("properties").and_then(|properties| properties.get(key));
            let patterns = schema.get("patternProperties").and_then(Node::as_map);
            let by_pattern = patterns
                .into_iter()
                .flatten()
                .find(|entry| regex::Regex::new(&entry.key).is_ok_and(|pattern| pattern.is_match(key)));
            let additional = schema.get("additionalProperties").filter(|node| node.as_bool() != Some(false));
            let sub = property.or(by_pattern.map(|entry| &entry.value)).or(additional);
            if let Some(sub) = sub {
                found.get_or_insert_with(Vec::new).push(sub);
            }
        }
        found
    }

    /// Whether the schema leaves the keys here free: it describes none.
    fn is_open(&self) -> bool {
        !self.resolved().iter().any(|schema| {
            ["properties", "patternProperties", "additionalProperties"]
                .iter()
                .any(|key| schema.get(key).is_some())
        })
    }

    /// Whether the schema forbids keys that it does not describe.
    fn is_closed(&self) -> bool {
        self.resolved().iter().any(|schema| {
            ["additionalProperties", "unevaluatedProperties"]
                .iter()
                .any(|key| schema.get(key).and_then(Node::as_bool) == Some(false))
        })
    }

    /// The schemas here with those they are combined of.
    fn resolved(&self) -> Vec<&'a Node> {
        let mut all = Vec::new();
        let mut open = self.schemas.clone();
        while let Some(schema) = open.pop() {
            // The bound ends circles of references.
            if all.len() >= 64 {
                break;
            }
            all.push(schema);
            let referred = schema.get("$ref").and_then(Node::as_str);
            open.extend(referred.and_then(|reference| resolve(self.schema_root?, reference)));
            for keyword in ["allOf", "anyOf", "oneOf"] {
                open.extend(schema.get(keyword).map(Node::items).unwrap_or_default());
            }
            open.extend(["then", "else", "if"].iter().filter_map(|keyword| schema.get(keyword)));
        }
        all
    }

    fn find_mention(&self) -> Mention {
        let path: String = self.inside.iter().flat_map(|key| [".", key]).collect();
        find_mention(self.chart, &path)
    }

    fn is_read_whole(&self) -> bool {
        self.find_mention() == Mention::Whole
    }
}

/// How the templates of the chart and its libraries mention the value at `path`, which is empty or `.a.b`.
fn find_mention(chart: &Chart, path: &str) -> Mention {
    let root = match chart.engine {
        EngineKind::GoTemplate => ".Values",
        EngineKind::Tera => "values",
    };
    let needle = format!("{root}{path}");
    let mut best = Mention::Nowhere;
    for template in &chart.templates {
        for (start, _) in template.text.match_indices(&needle) {
            let (before, after) = (&template.text[..start], &template.text[start + needle.len()..]);
            if chart.engine == EngineKind::Tera && before.ends_with(|c: char| is_word(c) || c == '.') {
                continue;
            }
            let mut next = after.chars();
            match next.next() {
                Some('.') if next.next().is_some_and(is_word) => best = Mention::Below,
                Some(c) if is_word(c) => {}
                // The whole of the values is often handed on to a helper that reads one key of it.
                _ if path.is_empty() && !is_printed(before, after) => {}
                _ => return Mention::Whole,
            }
        }
    }
    for library in chart.children.iter().filter(|child| child.is_library()) {
        match find_mention(library, path) {
            Mention::Whole => return Mention::Whole,
            Mention::Below => best = Mention::Below,
            Mention::Nowhere => {}
        }
    }
    best
}

/// Whether the expression between the two texts is written out or walked through, so that every key of it counts.
fn is_printed(before: &str, after: &str) -> bool {
    let before = before.trim_end_matches(['$', ' ']);
    let action =
        before.rsplit(['\n', '{', '(', '|']).next().unwrap_or(before).trim_start_matches(['%', '-', ' ']);
    let word = action.rsplit(char::is_whitespace).next().unwrap_or(action);
    let filter = after.trim_start().strip_prefix('|').map(str::trim_start);
    ["toYaml", "toJson", "toPrettyJson", "toRawJson", "range"].contains(&word)
        || action.starts_with("range ")
        || action.starts_with("for ")
        || filter.is_some_and(|filter| filter.starts_with("to"))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a top-level key is not the chart's own: a sub-chart's name, `global`, `tags`.
fn belongs_to_charts(chart: &Chart, key: &str) -> bool {
    let dependencies = &chart.metadata.dependencies;
    let goes_by_its_name =
        |child: &Chart| !dependencies.iter().any(|dependency| dependency.is_satisfied_by(child));
    matches!(key, "global" | "tags")
        || chart.children.iter().any(|child| child.name() == key && goes_by_its_name(child))
        || dependencies.iter().any(|dependency| dependency.key() == key)
}

/// The aliases of the sub-chart `name`, which takes no values under its name.
fn aliases<'a>(chart: &'a Chart, name: &str) -> Vec<&'a str> {
    let of_name = chart.metadata.dependencies.iter().filter(|dependency| dependency.name == name);
    of_name.filter_map(|dependency| dependency.alias.as_deref()).collect()
}

/// The paths below `key`, relative to it.
fn strip_key<'a>(paths: &[&'a str], key: &str) -> Vec<&'a str> {
    paths.iter().filter_map(|path| path.strip_prefix(key)?.strip_prefix('.')).collect()
}

fn resolve<'a>(root: &'a Node, reference: &str) -> Option<&'a Node> {
    let pointer = reference.strip_prefix('#')?;
    pointer
        .split('/')
        .skip(1)
        .try_fold(root, |node, part| node.get(&part.replace("~1", "/").replace("~0", "~")))
}

fn unknown(severity: Severity, known: &Known<'_>, entry: &Entry, path: &[String]) -> Diagnostic {
    let shown = path.join(".");
    breach(&UNKNOWN, severity, format!("the chart `{}` has no value `{shown}`", known.chart.name()))
        .at(entry.key_span, "nothing reads it")
        .path(shown)
        .maybe_help(suggest_key(known, entry, path))
}

/// A suggestion for an unknown key, as a question.
fn suggest_key(known: &Known<'_>, entry: &Entry, path: &[String]) -> Option<String> {
    // The keys below the chart whose values they are.
    let own = path.len().saturating_sub(known.inside.len() + 1);
    let (prefix, inside) = path.split_at_checked(own)?;
    let under = |prefix: &[String], rest: &[&str]| {
        prefix.iter().map(String::as_str).chain(rest.iter().copied()).collect::<Vec<_>>().join(".")
    };
    let quoted = |path: String| format!("`{path}`");
    let aliases = inside.first().map(|name| aliases(known.chart, name)).unwrap_or_default();
    if !aliases.is_empty() {
        let rest: Vec<&str> = inside.iter().skip(1).map(String::as_str).collect();
        let of_alias = |alias: &str| quoted(under(prefix, &[[alias].as_slice(), &rest].concat()));
        let paths: Vec<String> = aliases.into_iter().map(of_alias).collect();
        return Some(format!("did you mean {}?", paths.join(" or ")));
    }
    let properties = known.resolved().into_iter().filter_map(|schema| schema.get("properties")?.as_map());
    let siblings = known.defaults.iter().copied().chain(properties).flat_map(Map::keys);
    let near = nearest(&entry.key, siblings.chain(known.names.iter().copied()))
        .map(|near| under(&path[..path.len() - 1], &[near]));
    let elsewhere = || {
        let found = known.chart.values.as_map().and_then(|defaults| find_key(defaults, &entry.key, 0))?;
        let found: Vec<&str> = found.iter().rev().map(String::as_str).collect();
        Some(under(prefix, &found))
    };
    near.or_else(elsewhere).map(|near| format!("did you mean {}?", quoted(near)))
}

/// The way to a key of that name, innermost first.
fn find_key(map: &Map, key: &str, depth: usize) -> Option<Vec<String>> {
    if map.contains_key(key) {
        return Some(vec![key.to_owned()]);
    }
    if depth > 8 {
        return None;
    }
    map.iter().find_map(|entry| {
        let mut found = find_key(entry.value.as_map()?, key, depth + 1)?;
        found.push(entry.key.clone());
        Some(found)
    })
}
