#![doc = include_str!("../README.md")]
//!
//! Sources, spans and diagnostics: how every stage reports on the user's input.
//!
//! A [`Sources`] holds every text a run has read or produced. A [`Span`] is a byte range in one of
//! them. A [`Diagnostic`] says what is wrong where, and what to do. Stages return a [`Report`]: what
//! they made, if they could, and everything they have to say about it.

pub mod escape;
pub mod render;
mod rule;
pub mod secrets;
mod source;

pub use rule::Rule;
pub use source::{Position, Segment, Source, SourceId, SourceKind, SourceMap, Sources, Span};

use plimsoll_limits::Exceeded;
use serde::Serialize;
use std::fmt;

/// How bad a diagnostic is. Ordered: `Info < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to change.
    Info,
    /// Accepted, but probably not intended.
    Warning,
    /// Cannot be used as it is.
    Error,
}

impl Severity {
    /// The lower-case word used in every output format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place that a diagnostic points at, with a few words on what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be seen there; may be empty.
    pub text: String,
}

/// One step of the way that led to the place of a diagnostic, outermost first: the sub-chart, the
/// template, the partial or component that it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracepoint {
    /// Where the step was taken (the `{% include %}`, the component call), if that is known.
    pub span: Option<Span>,
    /// What was entered, e.g. ``included `_labels.tera` ``.
    pub text: String,
}

/// The Kubernetes object that a diagnostic is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `apiVersion`, e.g. `apps/v1`.
    pub api_version: String,
    /// `kind`, e.g. `StatefulSet`.
    pub kind: String,
    /// `metadata.namespace`, if the manifest names one.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// One message about the user's input.
///
/// Messages are lower-case phrases with names in backticks; the remediation is in `help`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that was broken, where there is one to look up with `plimsoll lint --explain`.
    pub rule: Option<&'static Rule>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where; the first label is the primary one.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
    /// How one got there, outermost step first.
    pub trace: Vec<Tracepoint>,
    /// The object it is about.
    pub object: Option<ObjectRef>,
    /// The field it is about, as the API server spells field paths: `spec.ports[0].nodePort`.
    pub path: Option<String>,
    /// The values sets it occurs in, where several were tried and it does not occur in all of them.
    pub sets: Vec<String>,
}

impl Diagnostic {
    // Most functions can fail, and nearly none does: what makes diagnostics is kept out of them (`cold`).

    /// A diagnostic of the given severity with a message only.
    #[cold]
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            rule: None,
            severity,
            message: message.into(),
            labels: Vec::new(),
            help: Vec::new(),
            trace: Vec::new(),
            object: None,
            path: None,
            sets: Vec::new(),
        }
    }

    /// An error with a message only.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A warning with a message only.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// The violation of a rule, at the rule's default severity.
    pub fn from_rule(rule: &'static Rule, message: impl Into<String>) -> Self {
        let mut diagnostic = Self::new(rule.severity, message);
        diagnostic.rule = Some(rule);
        diagnostic
    }

    /// Adds a place. The first one added is the primary one.
    #[must_use]
    #[cold]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a remediation.
    #[must_use]
    #[cold]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds the remediation, if there is one.
    #[must_use]
    #[cold]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// Adds an outer step of the call trace.
    #[must_use]
    #[cold]
    pub fn traced_through(mut self, span: Option<Span>, text: impl Into<String>) -> Self {
        self.trace.insert(0, Tracepoint { span, text: text.into() });
        self
    }

    /// Names the field, as the API server spells it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Names the object.
    #[must_use]
    pub fn object(mut self, object: ObjectRef) -> Self {
        self.object = Some(object);
        self
    }

    /// The primary place, if there is one.
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

impl From<Exceeded> for Diagnostic {
    fn from(exceeded: Exceeded) -> Self {
        Self::error(exceeded.to_string()).help(exceeded.help())
    }
}

/// The output of a stage, if it succeeded, and its diagnostics.
///
/// `output` is `None` exactly when there is an error that left nothing to go on with.
#[derive(Debug, Clone)]
pub struct Report<T> {
    /// The result.
    pub output: Option<T>,
    /// Everything found on the way, in the order found.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Report<T> {
    /// A result without diagnostics.
    pub fn ok(output: T) -> Self {
        Self { output: Some(output), diagnostics: Vec::new() }
    }

    /// A result with diagnostics.
    pub fn with(output: T, diagnostics: Vec<Diagnostic>) -> Self {
        Self { output: Some(output), diagnostics }
    }

    /// A failure for one reason.
    pub fn fail(diagnostic: Diagnostic) -> Self {
        Self { output: None, diagnostics: vec![diagnostic] }
    }

    /// A failure for several reasons.
    pub fn failed(diagnostics: Vec<Diagnostic>) -> Self {
        Self { output: None, diagnostics }
    }

    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }

    /// Moves the diagnostics to `sink` and returns the output: how one stage takes up another's report.
    pub fn take(self, sink: &mut Vec<Diagnostic>) -> Option<T> {
        sink.extend(self.diagnostics);
        self.output
    }

    /// The output changed by `f`, the diagnostics as they are.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Report<U> {
        Report { output: self.output.map(f), diagnostics: self.diagnostics }
    }
}

impl<T> From<Result<T, Diagnostic>> for Report<T> {
    fn from(result: Result<T, Diagnostic>) -> Self {
        result.map_or_else(Self::fail, Self::ok)
    }
}

/// Whether any of `diagnostics` is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// The name among `known` that is most similar to `wanted`, if one is similar enough.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wanted.chars().count();
    let limit = match length {
        0..=2 => return None,
        3..=5 => 1,
        6..=9 => 2,
        _ => 3,
    };
    let lower = std::cell::LazyCell::new(|| wanted.to_lowercase());
    known
        .into_iter()
        // A difference in length is a distance by itself.
        .filter(|candidate| *candidate != wanted && candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_transpositions_and_case() {
        assert_eq!(nearest("replcias", ["image", "replicas"]), Some("replicas"));
        assert_eq!(nearest("servicename", ["serviceName"]), Some("serviceName"));
        assert_eq!(nearest("xyz", ["replicas"]), None);
    }

    #[test]
    fn errors_make_a_report_fail() {
        assert!(Report::<()>::fail(Diagnostic::error("no")).has_errors());
        assert!(!Report::with((), vec![Diagnostic::warning("hm")]).has_errors());
    }
}
