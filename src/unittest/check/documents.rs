//! Assertions about documents: `isKind`, `isAPIVersion`, `hasDocuments`, `containsDocument`.

use super::{Doc, Finding, Params, Subject, shown, words};
use crate::yaml::{Node, Value};
use std::fmt::Write as _;

/// `isKind` and `isAPIVersion`
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    of: String,
}

impl Field {
    pub(super) fn read(params: &mut Params<'_, '_>, name: &'static str) -> Self {
        Self { name, of: params.text("of") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_document(|subject, doc| {
            let actual = doc.root.get(self.name);
            let is_met = actual.and_then(Node::as_str) == Some(&self.of);
            (is_met == subject.is_negative).then(|| Finding {
                expected: Some((
                    words(subject.is_negative, &format!("to be {}", self.name)),
                    self.of.clone(),
                )),
                actual: (!subject.is_negative).then(|| shown(actual.unwrap_or(&Node::bare(Value::Null)))),
                span: actual.map(|node| node.span),
                ..Finding::default()
            })
        })
    }
}

/// `hasDocuments`
#[derive(Debug)]
pub(super) struct Count {
    count: i64,
    /// Whether only selected documents count.
    is_filter_aware: bool,
}

impl Count {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { count: params.count().unwrap_or_default(), is_filter_aware: params.flag("filterAware") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        let count = if self.is_filter_aware { subject.selected.len() } else { subject.all.len() };
        if (usize::try_from(self.count) == Ok(count)) != subject.is_negative {
            return Vec::new();
        }
        vec![Finding {
            expected: Some((words(subject.is_negative, "documents count to be"), self.count.to_string())),
            actual: (!subject.is_negative).then(|| count.to_string()),
            ..Finding::default()
        }]
    }
}

/// `containsDocument`
#[derive(Debug)]
pub(super) struct Contained {
    kind: String,
    api_version: String,
    name: String,
    namespace: String,
    /// Whether one such document is enough.
    any: bool,
}

impl Contained {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self {
            kind: params.text("kind"),
            api_version: params.text("apiVersion"),
            name: params.text("name"),
            namespace: params.text("namespace"),
            any: params.flag("any"),
        }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        // One document decides: with `any` one that matches, with `not` one that does not match.
        if self.any != subject.is_negative
            && subject.selected.iter().any(|doc| self.is_met_by(doc) != subject.is_negative)
        {
            return Vec::new();
        }
        subject.each_document(|subject, doc| {
            (self.is_met_by(doc) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to contain document"), self.described())),
                ..Finding::default()
            })
        })
    }

    fn is_met_by(&self, doc: &Doc) -> bool {
        let field = |path: &[&str]| doc.root.at(path).and_then(Node::as_str);
        // A document without the field matches, as in helm-unittest.
        let has = |name: &str, wanted: &str| field(&[name]).is_none_or(|actual| actual == wanted);
        let is = |name: &str, wanted: &str| wanted.is_empty() || field(&["metadata", name]) == Some(wanted);
        has("kind", &self.kind)
            && has("apiVersion", &self.api_version)
            && is("name", &self.name)
            && is("namespace", &self.namespace)
    }

    fn described(&self) -> String {
        let mut out = format!("Kind = {}, apiVersion = {}", self.kind, self.api_version);
        for (label, value) in [("Name", &self.name), ("Namespace", &self.namespace)] {
            if !value.is_empty() {
                let _ = write!(out, ", {label} = {value}");
            }
        }
        out
    }
}
