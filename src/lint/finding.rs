//! Findings, and the places of fields that they point at.

use super::Lint;
use crate::diag::{Diagnostic, Rule, Span};
use crate::manifest::Object;
use crate::yaml::Value;

/// A finding about a field of an object, placed at the field, or where it is missing at the nearest
/// key above.
pub(super) fn finding(
    lint: &'static Lint,
    object: &Object,
    path: impl Into<String>,
    message: impl Into<String>,
) -> Diagnostic {
    finding_of(&lint.rule, object, path, message)
}

/// As [`finding`], of any rule.
pub(super) fn finding_of(
    rule: &'static Rule,
    object: &Object,
    path: impl Into<String>,
    message: impl Into<String>,
) -> Diagnostic {
    let path = path.into();
    Diagnostic::from_rule(rule, message).at(locate(object, &path), "").object(object.reference()).path(path)
}

/// The place of a field path in an object: of a scalar the value, of a map or a list its key, of a
/// missing field that of the nearest key above.
pub(super) fn locate(object: &Object, path: &str) -> Span {
    let mut node = &*object.root;
    // A document is pointed at by its first line.
    let first = node.as_map().and_then(|map| map.iter().next());
    let mut place = first.map_or(node.span, |entry| entry.key_span);
    for step in steps(path) {
        let (next, key) = match (step, &node.value) {
            (Step::Key(key), Value::Map(map)) => match map.entry(key) {
                Some(entry) => (&entry.value, Some(entry.key_span)),
                None => return place,
            },
            (Step::Index(index), Value::Seq(items)) => match items.get(index) {
                Some(item) => (item, None),
                None => return place,
            },
            _ => return place,
        };
        node = next;
        place = match (&node.value, key) {
            (Value::Map(_) | Value::Seq(_) | Value::Null, Some(key)) => key,
            // An item of a list is pointed at by its first key.
            (Value::Map(map), None) => map.iter().next().map_or(node.span, |entry| entry.key_span),
            _ => node.span,
        };
    }
    place
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// The steps of `spec.containers[0].env` and `metadata.labels[app.kubernetes.io/name]`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((key, after)) = inner.split_once(']') else { break };
            steps.push(key.parse().map_or(Step::Key(key), Step::Index));
            rest = after;
        } else {
            let trimmed = rest.strip_prefix('.').unwrap_or(rest);
            let end = trimmed.find(['.', '[']).unwrap_or(trimmed.len());
            let (key, after) = trimmed.split_at(end);
            if !key.is_empty() {
                steps.push(Step::Key(key));
            }
            // In `a..b` nothing stands between.
            rest = if key.is_empty() { after.strip_prefix('.').unwrap_or(after) } else { after };
        }
    }
    steps
}
