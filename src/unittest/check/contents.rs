//! Assertions about what is in lists and maps: `contains`, `isSubset`, `lengthEqual` and their opposites.

use super::{Finding, Located, Params, Subject, same, shown, words};
use crate::unittest::path::Path;
use crate::yaml::{Map, Node, Value};

/// `contains`
#[derive(Debug)]
pub(super) struct Contains {
    path: Located,
    content: Node,
    count: Option<i64>,
    /// Whether an item needs to have only the fields of the content.
    any: bool,
}

impl Contains {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        let (path, content) = (params.path(), params.value("content"));
        Self { path, content, count: params.count(), any: params.flag("any") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_value(&self.path, |subject, actual| {
            let Some(items) = actual.as_seq() else {
                let message = format!("expected `{}` to be a list, got:\n{}", self.path.text, shown(actual));
                return Some(Finding::error(None, message));
            };
            let found = items.iter().filter(|item| self.is_met_by(item)).count();
            let is_met = found > 0 && self.count.is_none_or(|count| usize::try_from(count) == Ok(found));
            if is_met != subject.is_negative {
                return None;
            }
            if let Some(count) = self.count.filter(|_| found > 0) {
                let expected =
                    words(subject.is_negative, &format!("to contain {count} times, found {found}"));
                return Some(Finding {
                    expected: Some((expected, shown(&self.content))),
                    actual: Some(shown(actual)),
                    ..Finding::default()
                });
            }
            let content = Node::bare(Value::Seq(vec![self.content.clone()]));
            Some(Finding {
                expected: Some((words(subject.is_negative, "to contain"), shown(&content))),
                actual: Some(shown(actual)),
                ..Finding::default()
            })
        })
    }

    fn is_met_by(&self, item: &Node) -> bool {
        match (item.as_map(), self.content.as_map()) {
            (Some(item), Some(content)) if self.any => is_subset(item, content),
            _ => same(item, &self.content),
        }
    }
}

/// Whether a map has all entries of another. As in Go, a missing key equals null.
fn is_subset(map: &Map, of: &Map) -> bool {
    of.iter().all(|entry| match map.get(&entry.key) {
        Some(value) => same(value, &entry.value),
        None => entry.value.is_null(),
    })
}

/// `isSubset`
#[derive(Debug)]
pub(super) struct Subset {
    path: Located,
    content: Node,
}

impl Subset {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path(), content: params.value("content") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_value(&self.path, |subject, actual| {
            let (Some(map), Some(content)) = (actual.as_map(), self.content.as_map()) else {
                let message = format!("expected `{}` to be a map, got:\n{}", self.path.text, shown(actual));
                return Some(Finding::error(None, message));
            };
            (is_subset(map, content) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to contain"), shown(&self.content))),
                actual: Some(shown(actual)),
                ..Finding::default()
            })
        })
    }
}

/// `lengthEqual`
#[derive(Debug)]
pub(super) struct Length {
    path: Option<Located>,
    paths: Vec<Located>,
    count: Option<i64>,
}

impl Length {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        let path = Some(params.path()).filter(|path| !path.text.is_empty());
        let paths = params.value("paths");
        let paths = params.form.texts(Some(&paths), "`paths`").into_iter();
        let paths = paths.map(|text| Located { path: Path::parse(&text), text }).collect();
        let count = params.count();
        if path.is_some() && count.is_none_or(|count| count < 0) {
            params.form.error(params.span, format!("`{}` with a `path` needs a `count`", params.kind));
        }
        Self { path, paths, count }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        if let Some(path) = &self.path {
            if !self.paths.is_empty() {
                return vec![Finding::error(None, "`path` and `paths` cannot be used together")];
            }
            return self.at(path, subject, &mut Vec::new());
        }
        let mut lengths = Vec::new();
        let mut findings = Vec::new();
        for path in &self.paths {
            findings.extend(self.at(path, subject, &mut lengths));
        }
        if !findings.is_empty() {
            return findings;
        }
        let differ = lengths.iter().any(|length| Some(length) != lengths.first());
        // A single length is neither equal to others nor different from them.
        if lengths.len() > 1 && differ != subject.is_negative {
            let paths: Vec<&str> = self.paths.iter().map(|path| path.text.as_str()).collect();
            let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
            findings.push(Finding {
                path: Some(paths.join(", ")),
                expected: Some((words(subject.is_negative, "to be of one length"), lengths.join(", "))),
                ..Finding::default()
            });
        }
        findings
    }

    /// Checks the values at one path, and adds their lengths.
    fn at(&self, path: &Located, subject: &mut Subject<'_, '_>, lengths: &mut Vec<usize>) -> Vec<Finding> {
        subject.each_value(path, |subject, actual| {
            // With a count, anything else counts as an empty list.
            if actual.as_seq().is_none() && self.count.is_none() {
                return Some(Finding::error(None, format!("`{}` is not a list", path.text)));
            }
            let length = actual.items().len();
            lengths.push(length);
            let count = self.count?;
            ((usize::try_from(count) == Ok(length)) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to have the length"), count.to_string())),
                actual: Some(length.to_string()),
                ..Finding::default()
            })
        })
    }
}
