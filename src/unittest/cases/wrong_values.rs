//! Wrong values, which the schema of a chart must refuse: misspelt keys, values of other types, and values beyond what the
//! schema allows. They are made from the schema and from values that it accepts, always the same ones.

use crate::chart::Dependency;
use crate::diag::Diagnostic;
use crate::unittest::check::Finding;
use crate::unittest::job::Bench;
use crate::unittest::result::{Expectation, Failure};
use crate::values::{Checker, Computed};
use rayon::prelude::*;
use regex::Regex;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How deep schemas refer to one another.
const MAX_DEPTH: usize = 16;

/// The most wrong values that are listed.
const MAX_LISTED: usize = 20;

/// The most wrong values that are tried.
const MAX_TRIED: usize = 10_000;

/// The wrong values that the schema of the chart accepts, in place of those of several releases.
pub(super) fn find_accepted(
    bench: &Bench<'_>,
    releases: &[&Computed],
) -> Result<Vec<Failure>, Box<Diagnostic>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for computed in releases {
        let root = &computed.root;
        let Some(checker) = bench.schemas.checker(bench.sources, root).transpose()? else { continue };
        let schema = root.chart.schema.as_ref().and_then(|schema| serde_json::from_str(&schema.text).ok());
        let (Some(schema), Ok(values)) = (schema, serde_json::to_value(&*root.values)) else { continue };
        let children = root.chart.children.iter().map(|child| child.name());
        let foreign = children.chain(root.chart.metadata.dependencies.iter().map(Dependency::key)).collect();
        let mut maker = Maker { root: &schema, foreign: &foreign, seen: &mut seen, wrong: Vec::new() };
        maker.add_level(&views(&schema, &schema), &values, &mut Vec::new());
        found.extend(retain_accepted(maker.wrong, &values, &checker));
    }
    // A map that takes one unknown key takes others.
    let mut open = BTreeSet::new();
    found.retain(|wrong| wrong.key.is_none() || open.insert(wrong.shown_path()));
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let more = found.len().saturating_sub(MAX_LISTED);
    let mut findings: Vec<Finding> = found.into_iter().take(MAX_LISTED).map(Wrong::finding).collect();
    if more > 0 {
        let error = Some(format!("{more} more wrong values are accepted"));
        findings.push(Finding { error, ..Finding::default() });
    }
    let expectation = Expectation::Case("values.schema.json accepts wrong values");
    Ok(vec![Failure { expectation, findings: findings.into_iter().map(|one| (one, None, None)).collect() }])
}

/// Those of some wrong values that are accepted in place of the right ones.
fn retain_accepted(wrong: Vec<Wrong>, values: &Json, checker: &Checker) -> Vec<Wrong> {
    let is_accepted = |wrong: &Wrong| {
        let mut changed = values.clone();
        wrong.apply(&mut changed) && checker.accepts(&changed)
    };
    wrong.into_par_iter().filter(is_accepted).collect()
}

/// A value that the schema must refuse.
#[derive(Debug, Clone, PartialEq)]
struct Wrong {
    path: Vec<Step>,
    /// A key to be added to the map at the path; otherwise the value takes the place of what is there.
    key: Option<String>,
    value: Json,
    /// What is said if it is accepted.
    what: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Wrong {
    /// Puts it into the values; `false` if there is no place for it.
    fn apply(&self, values: &mut Json) -> bool {
        let place = self.path.iter().try_fold(values, |at, step| match (step, at) {
            (Step::Key(key), Json::Object(map)) => Some(map.entry(key.as_str()).or_insert(Json::Null)),
            (Step::Index(index), Json::Array(items)) => items.get_mut(*index),
            _ => None,
        });
        match (place, &self.key) {
            (Some(place), None) => *place = self.value.clone(),
            (Some(Json::Object(map)), Some(key)) => drop(map.insert(key.clone(), self.value.clone())),
            _ => return false,
        }
        true
    }

    fn shown_path(&self) -> String {
        let mut shown = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    if !shown.is_empty() {
                        shown.push('.');
                    }
                    shown.push_str(&key.replace('.', "\\."));
                }
                // Writing to a string cannot fail.
                Step::Index(index) => drop(write!(shown, "[{index}]")),
            }
        }
        shown
    }

    fn finding(self) -> Finding {
        let path = Some(self.shown_path());
        let shown = match self.key {
            // Its value is that of another key, and may be secret.
            Some(key) => key,
            None => self.value.to_string(),
        };
        Finding { path, expected: Some((self.what, shown)), ..Finding::default() }
    }
}

/// A schema and those that must hold with it: what it refers to, and the parts of its `allOf`.
fn views<'s>(root: &'s Json, schema: &'s Json) -> Vec<&'s Json> {
    let mut found = Vec::new();
    let mut open = vec![(schema, 0)];
    while let Some((schema, depth)) = open.pop() {
        found.push(schema);
        if depth == MAX_DEPTH {
            continue;
        }
        let referred = schema.get("$ref").and_then(Json::as_str).and_then(|target| target.strip_prefix('#'));
        open.extend(referred.and_then(|pointer| root.pointer(pointer)).map(|schema| (schema, depth + 1)));
        let all = schema.get("allOf").and_then(Json::as_array).into_iter().flatten();
        open.extend(all.map(|schema| (schema, depth + 1)));
    }
    found
}

struct Maker<'a> {
    root: &'a Json,
    /// The keys of sub-charts, which have schemas of their own.
    foreign: &'a BTreeSet<&'a str>,
    /// What was made before, by its path and what is wrong with it.
    seen: &'a mut BTreeSet<(String, String)>,
    wrong: Vec<Wrong>,
}

impl<'a> Maker<'a> {
    /// Makes wrong values of what is at the path, and of what is in it.
    fn add_level(&mut self, views: &[&'a Json], value: &Json, path: &mut Vec<Step>) {
        if path.len() > MAX_DEPTH {
            return;
        }
        match value {
            Json::Object(map) => {
                let mut properties: BTreeMap<&str, Vec<&'a Json>> = BTreeMap::new();
                for view in views {
                    for (key, schema) in
                        view.get("properties").and_then(Json::as_object).into_iter().flatten()
                    {
                        properties.entry(key).or_default().extend(self::views(self.root, schema));
                    }
                }
                let is_root = path.is_empty();
                properties.retain(|key, _| !(is_root && self.foreign.contains(key)));
                if !takes_any_key(views) {
                    let is_known = |key: &str| properties.contains_key(key) || map.contains_key(key);
                    for (key, value) in properties.keys().filter_map(|key| Some((*key, map.get(*key)?))) {
                        if let Some(misspelt) = misspell(key).into_iter().find(|key| !is_known(key)) {
                            let what = format!("The misspelt key is accepted (`{key}` is meant):");
                            self.add(path, Some(misspelt), value.clone(), what);
                        }
                    }
                }
                for (key, views) in properties {
                    path.push(Step::Key(key.to_owned()));
                    self.add_values(&views, path);
                    if let Some(value) = map.get(key) {
                        self.add_level(&views, value, path);
                    }
                    path.pop();
                }
            }
            Json::Array(items) => {
                let schemas =
                    views.iter().filter_map(|view| view.get("items")).filter(|items| items.is_object());
                let views: Vec<&Json> = schemas.flat_map(|items| self::views(self.root, items)).collect();
                if let Some(item) = items.first().filter(|_| !views.is_empty()) {
                    path.push(Step::Index(0));
                    self.add_values(&views, path);
                    self.add_level(&views, item, path);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// Makes values that the keywords of a schema refuse.
    fn add_values(&mut self, views: &[&Json], path: &[Step]) {
        for (value, what) in
            views.iter().flat_map(|view| of_other_type(view).into_iter().chain(out_of_range(view)))
        {
            self.add(path, None, value, what);
        }
    }

    fn add(&mut self, path: &[Step], key: Option<String>, value: Json, what: String) {
        let wrong = Wrong { path: path.to_vec(), key, value, what };
        if self.seen.len() < MAX_TRIED && self.seen.insert((wrong.shown_path(), wrong.what.clone())) {
            self.wrong.push(wrong);
        }
    }
}

/// Whether a map may have any keys: the schema says so, or lists none of them.
fn takes_any_key(views: &[&Json]) -> bool {
    let is_open = |value: &Json| value.as_bool() == Some(true) || value.is_object();
    views.iter().any(|view| {
        ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|key| view.get(*key).is_some_and(is_open))
            || view.get("patternProperties").and_then(Json::as_object).is_some_and(|all| !all.is_empty())
    })
}

/// How a key may be misspelt, most likely first: with two of its characters swapped, or the last one doubled.
fn misspell(key: &str) -> Vec<String> {
    let chars: Vec<char> = key.chars().collect();
    let swaps =
        (0..chars.len().saturating_sub(1)).rev().filter(|at| chars[*at] != chars[*at + 1]).map(|at| {
            let mut swapped = chars.clone();
            swapped.swap(at, at + 1);
            swapped.into_iter().collect()
        });
    let mut found: Vec<String> = swaps.collect();
    // Within a word a slip is seen least.
    let middle = found.len().saturating_sub(2).min(2);
    found.rotate_left(middle);
    found.extend(chars.last().map(|last| format!("{key}{last}")));
    found
}

/// A value of a type that the schema does not name.
fn of_other_type(schema: &Json) -> Option<(Json, String)> {
    let types: Vec<&str> = match schema.get("type")? {
        Json::String(one) => vec![one],
        Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
        _ => return None,
    };
    let samples = [
        ("string", json!("wrong")),
        ("integer", json!(12345)),
        ("boolean", json!(true)),
        ("array", json!(["wrong"])),
        ("object", json!({"wrong": true})),
    ];
    let is_taken = |kind: &str| types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    let (_, value) = samples.into_iter().find(|(kind, _)| !is_taken(kind))?;
    Some((value, format!("A value of another type is accepted (the type is {}):", types.join(" or "))))
}

fn although(keyword: std::fmt::Arguments<'_>) -> String {
    format!("A value is accepted although {keyword}:")
}

/// Values beyond what the keywords of a schema allow.
fn out_of_range(schema: &Json) -> Vec<(Json, String)> {
    let mut found = Vec::new();
    let options = schema.get("enum").and_then(Json::as_array).cloned();
    let options = options.or_else(|| Some(vec![schema.get("const")?.clone()]));
    if let Some(options) = options {
        let text = options.iter().find_map(Json::as_str).and_then(|text| {
            misspell(text).into_iter().map(Json::from).find(|wrong| !options.contains(wrong))
        });
        let number = options.iter().filter_map(Json::as_i64).max().and_then(|number| number.checked_add(1));
        if let Some(value) = text.or_else(|| number.map(Json::from)) {
            found.push((value, "A value is accepted although it is not one of those allowed:".to_owned()));
        }
    }
    let number = |keyword: &str| schema.get(keyword).filter(|limit| limit.is_number());
    let beyond = |limit: &Json, by: i64| match limit.as_i64() {
        Some(limit) => limit.checked_add(by).map(Json::from),
        None => limit.as_f64().and_then(|limit| {
            #[expect(clippy::cast_precision_loss, reason = "it is 1 or 0")]
            let by = by as f64;
            serde_json::Number::from_f64(limit + by).map(Json::Number)
        }),
    };
    for (keyword, by) in [("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)] {
        if let Some(limit) = number(keyword) {
            found.extend(
                beyond(limit, by).map(|value| (value, although(format_args!("`{keyword}` is {limit}")))),
            );
        }
    }
    let count = |keyword: &str| {
        let count = schema.get(keyword).and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
        count.filter(|count| *count <= MAX_TRIED)
    };
    if let Some(least) = count("minLength").filter(|least| *least > 0) {
        found.push((json!("a".repeat(least - 1)), although(format_args!("`minLength` is {least}"))));
    }
    if let Some(most) = count("maxLength") {
        found.push((json!("a".repeat(most + 1)), although(format_args!("`maxLength` is {most}"))));
    }
    if let Some(least) = count("minItems").filter(|least| *least > 0) {
        found.push((json!([]), although(format_args!("`minItems` is {least}"))));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
        && let Ok(regex) = Regex::new(pattern)
        && let Some(text) = ["wrong value!", "", "-", "\u{fffd}"].iter().find(|text| !regex.is_match(text))
    {
        found.push((json!(text), although(format_args!("`pattern` is `{pattern}`"))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_misspelt_in_a_way_that_is_easily_overlooked() {
        for (key, misspelt) in [
            ("replicaCount", "replicaCuont"),
            ("tag", "tga"),
            ("name", "nmae"),
            ("ab", "ba"),
            ("a", "aa"),
            ("aa", "aaa"),
        ] {
            assert_eq!(misspell(key).first().map(String::as_str), Some(misspelt), "{key}");
        }
        assert_eq!(misspell(""), [""; 0]);
    }

    #[test]
    fn other_types_are_found() {
        for (types, value) in [
            (json!("integer"), Some(json!("wrong"))),
            (json!("string"), Some(json!(12345))),
            (json!(["string", "number"]), Some(json!(true))),
            (json!(["string", "null"]), Some(json!(12345))),
            (json!(["string", "integer", "boolean", "array", "object"]), None),
        ] {
            let found = of_other_type(&json!({"type": types})).map(|(value, _)| value);
            assert_eq!(found, value, "{types}");
        }
        assert_eq!(of_other_type(&json!({})), None);
    }

    #[test]
    fn values_beyond_the_limits_are_found() {
        for (schema, expected) in [
            (json!({"enum": ["ab", "ba"]}), vec![json!("abb")]),
            (json!({"enum": [1, 3]}), vec![json!(4)]),
            (json!({"const": "on"}), vec![json!("no")]),
            (json!({"minimum": 1, "maximum": 5}), vec![json!(0), json!(6)]),
            (json!({"exclusiveMinimum": 0.5}), vec![json!(0.5)]),
            (json!({"minLength": 1, "maxLength": 2}), vec![json!(""), json!("aaa")]),
            (json!({"minItems": 1}), vec![json!([])]),
            (json!({"pattern": "^[a-z]+$"}), vec![json!("wrong value!")]),
            (json!({"pattern": ".*"}), vec![]),
            (json!({"description": "anything"}), vec![]),
        ] {
            let found: Vec<Json> = out_of_range(&schema).into_iter().map(|(value, _)| value).collect();
            assert_eq!(found, expected, "{schema}");
        }
    }
}
