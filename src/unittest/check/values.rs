//! Assertions about single values: `equal`, `exists`, `isNullOrEmpty`, `isType`, `greaterOrEqual` and their opposites.

use super::{Finding, Located, Params, Subject, normalized, same, shown, words};
use crate::yaml::{Node, Value};
use base64::Engine as _;
use std::cmp::Ordering;

/// `equal`
#[derive(Debug)]
pub(super) struct Equal {
    path: Located,
    value: Node,
    decodes: bool,
}

impl Equal {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path(), value: params.value("value"), decodes: params.flag("decodeBase64") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_value(&self.path, |subject, actual| {
            let actual = match text_of(actual, self.decodes) {
                None => actual.clone(),
                Some(Ok(text)) => Node::new(Value::String(normalized(&text)), actual.span),
                Some(Err(reason)) => return Some(Finding::error(None, reason)),
            };
            (same(&self.value, &actual) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to equal"), shown(&self.value))),
                actual: (!subject.is_negative).then(|| shown(&actual)),
                is_diff: true,
                ..Finding::default()
            })
        })
    }
}

/// A string, decoded if that is asked for.
pub(super) fn text_of(node: &Node, decodes: bool) -> Option<Result<String, String>> {
    let text = node.as_str()?;
    if !decodes {
        return Some(Ok(text.to_owned()));
    }
    let encoded: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
    Some(match bytes {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => Err(format!("the value is not base64: {text}")),
    })
}

/// `greaterOrEqual` and `lessOrEqual`
#[derive(Debug)]
pub(super) struct Compare {
    path: Located,
    value: Node,
    is_greater: bool,
}

impl Compare {
    pub(super) fn read(params: &mut Params<'_, '_>, is_greater: bool) -> Self {
        Self { path: params.path(), value: params.value("value"), is_greater }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        let order = if self.is_greater { "greater than or equal to" } else { "less than or equal to" };
        subject.each_value(&self.path, |subject, actual| {
            let compared = match (&actual.value, &self.value.value) {
                (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
                (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
                (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
                _ => {
                    let (a, b) = (go_type(actual), go_type(&self.value));
                    let message = format!("the types do not match: actual `{a}`, expected `{b}`");
                    return Some(Finding::error(None, message));
                }
            };
            let is_met =
                compared.is_some_and(if self.is_greater { Ordering::is_ge } else { Ordering::is_le });
            // helm-unittest never fails `notGreaterOrEqual` when the types match, and suites rely on it.
            let can_fail = !(self.is_greater && subject.is_negative);
            (can_fail && is_met == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, &format!("to be {order}")), shown(&self.value))),
                actual: Some(shown(actual)),
                ..Finding::default()
            })
        })
    }
}

/// `exists` and `isNotNull`
#[derive(Debug)]
pub(super) struct Exists {
    path: Located,
}

impl Exists {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path() }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        let missing = "the path leads to nothing".to_owned();
        let is_there = |subject: &mut Subject<'_, '_>, actual: &Node| {
            subject.is_negative.then(|| Finding {
                expected: Some((words(true, "to exist"), self.path.text.clone())),
                actual: Some(shown(actual)),
                ..Finding::default()
            })
        };
        let mut findings = subject.each_value(&self.path, is_there);
        for finding in findings.iter_mut().filter(|finding| finding.error.is_some() && self.path.path.is_ok())
        {
            if finding.span.is_some() {
                finding.path = Some(self.path.text.clone());
                finding.error = Some(missing.clone());
            }
        }
        findings
    }
}

/// `isNullOrEmpty` and `isEmpty`
#[derive(Debug)]
pub(super) struct Empty {
    path: Located,
}

impl Empty {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path() }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_value(&self.path, |subject, actual| {
            let is_empty = match &actual.value {
                Value::Null => true,
                Value::Bool(flag) => !flag,
                Value::Int(number) => *number == 0,
                Value::Uint(number) => *number == 0,
                Value::Float(number) => *number == 0.0,
                Value::String(text) => text.is_empty(),
                Value::Seq(items) => items.is_empty(),
                Value::Map(map) => map.is_empty(),
            };
            (is_empty == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to be null or empty, got"), shown(actual))),
                ..Finding::default()
            })
        })
    }
}

/// `isType`
#[derive(Debug)]
pub(super) struct Type {
    path: Located,
    name: String,
}

impl Type {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path(), name: params.text("type") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_value(&self.path, |subject, actual| {
            let actual = go_type(actual);
            ((actual == self.name) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to be of type"), self.name.clone())),
                actual: Some(actual.to_owned()),
                ..Finding::default()
            })
        })
    }
}

/// The type that go-yaml makes a value of.
fn go_type(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Seq(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
    }
}
