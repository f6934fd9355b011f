//! `failedTemplate` and `notFailedTemplate`.

use super::{Finding, Params, RAW, Subject, words};
use crate::unittest::suite::pattern;
use crate::yaml::Node;

/// `failedTemplate`
#[derive(Debug)]
pub(super) struct Failed {
    message: String,
    pattern: String,
}

impl Failed {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        Self { message: params.text("errorMessage"), pattern: params.text("errorPattern") }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        if !self.message.is_empty() && !self.pattern.is_empty() {
            return vec![Finding::error(None, "use either `errorMessage` or `errorPattern`")];
        }
        if let Some(error) = subject.render_error {
            return self.unmet(error, subject.is_negative).into_iter().collect();
        }
        if subject.selected.is_empty() && !subject.is_negative {
            return vec![self.finding("No failed document", false)];
        }
        subject.each_document(|subject, doc| {
            let actual = doc.root.get(RAW).and_then(Node::as_str);
            match actual {
                Some(actual) => self.unmet(actual, subject.is_negative),
                None if !subject.is_negative && !self.message.is_empty() => Some(self.finding("", false)),
                None => None,
            }
        })
    }

    /// What is wrong with the message of a failure.
    fn unmet(&self, actual: &str, is_negative: bool) -> Option<Finding> {
        let is_met = if !self.pattern.is_empty() {
            self.is_matched_by(actual, is_negative)
        } else if self.message.is_empty() {
            return None;
        } else {
            self.message == actual
        };
        (is_met == is_negative).then(|| self.finding(actual, is_negative))
    }

    /// Whether the pattern matches. One that does not, or is none, counts as a text to search for.
    fn is_matched_by(&self, actual: &str, is_negative: bool) -> bool {
        match pattern(&self.pattern) {
            Ok(regex) if regex.is_match(actual) != is_negative => !is_negative,
            _ => actual.contains(&self.pattern),
        }
    }

    fn finding(&self, actual: &str, is_negative: bool) -> Finding {
        let (what, expected) =
            if self.pattern.is_empty() { ("to equal", &self.message) } else { ("to match", &self.pattern) };
        Finding {
            expected: Some((words(is_negative, what), expected.clone())),
            actual: (!is_negative).then(|| actual.to_owned()),
            ..Finding::default()
        }
    }
}
