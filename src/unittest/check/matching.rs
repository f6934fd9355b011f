//! Assertions about texts: `matchRegex`, `matchRegexRaw`, `equalRaw` and their opposites.

use super::values::text_of;
use super::{Finding, Located, Params, Subject, shown, words};
use crate::unittest::suite::pattern;
use crate::yaml::Node;

/// `matchRegex`
#[derive(Debug)]
pub(super) struct Regex {
    path: Located,
    pattern: Pattern,
    decodes: bool,
}

/// A pattern and how it is written.
#[derive(Debug)]
struct Pattern {
    text: String,
    regex: Result<regex::Regex, String>,
}

impl Pattern {
    fn read(params: &mut Params<'_, '_>) -> Self {
        let text = params.text("pattern");
        let regex = if text.is_empty() { Err("`pattern` is missing".to_owned()) } else { pattern(&text) };
        Self { text, regex }
    }
}

impl Regex {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { path: params.path(), pattern: Pattern::read(params), decodes: params.flag("decodeBase64") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        let regex = match &self.pattern.regex {
            Ok(regex) => regex,
            Err(reason) => return vec![Finding::error(None, reason)],
        };
        subject.each_value(&self.path, |subject, actual| {
            let text = match text_of(actual, self.decodes) {
                Some(Ok(text)) => text,
                Some(Err(reason)) => return Some(Finding::error(None, reason)),
                None => {
                    let message =
                        format!("expected `{}` to be a string, got:\n{}", self.path.text, shown(actual));
                    return Some(Finding::error(None, message));
                }
            };
            (regex.is_match(&text) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to match"), self.pattern.text.clone())),
                actual: Some(text),
                ..Finding::default()
            })
        })
    }
}

/// `matchRegexRaw`
#[derive(Debug)]
pub(super) struct RegexRaw {
    pattern: Pattern,
}

impl RegexRaw {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { pattern: Pattern::read(params) }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        let regex = match &self.pattern.regex {
            Ok(regex) => regex,
            Err(reason) => return vec![Finding::error(None, reason)],
        };
        subject.each_document(|subject, doc| {
            let text = doc.raw_text();
            (regex.is_match(&text) == subject.is_negative).then(|| Finding {
                expected: Some((words(subject.is_negative, "to match"), self.pattern.text.clone())),
                actual: Some(text),
                ..Finding::default()
            })
        })
    }
}

/// `equalRaw`
#[derive(Debug)]
pub(super) struct EqualRaw {
    value: String,
}

impl EqualRaw {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { value: params.text("value") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.each_document(|subject, doc| {
            let text = doc.raw_text();
            ((self.value == text) == subject.is_negative).then(|| Finding {
                expected: Some((
                    words(subject.is_negative, "to equal"),
                    shown(&Node::bare(self.value.as_str())),
                )),
                actual: (!subject.is_negative).then(|| shown(&Node::bare(text))),
                is_diff: true,
                ..Finding::default()
            })
        })
    }
}
