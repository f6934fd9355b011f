//! What could not be read or rendered, as findings, and what the readers remark.
//!
//! The stages before lint report much without a rule. Here it gets one, so that every format can name it, and so that
//! it can be accepted or given another level.

use super::registry;
use super::rules::{
    BUILD_FAILED, INPUT, MISREAD_CHART, MISREAD_FILE, NOT_READ, RENDER_FAILED, SYNTAX, UNREADABLE,
};
use crate::diag::{Diagnostic, Rule, Severity, SourceKind, Sources};

/// Gives what reading manifests reports its rules.
pub(super) fn cite_manifests(found: &mut [Diagnostic], sources: &Sources) {
    for diagnostic in without_rule(found) {
        let source = diagnostic.span().and_then(|span| sources.get(span.source));
        diagnostic.rule = if is_about_type(diagnostic) {
            required()
        } else if diagnostic.severity != Severity::Error {
            Some(&MISREAD_FILE.rule)
        } else if source.is_none_or(|source| source.kind == SourceKind::Unread) {
            Some(&UNREADABLE.rule)
        } else {
            Some(&SYNTAX.rule)
        };
    }
}

/// Gives what loading and rendering a chart reports its rules.
pub(super) fn cite_chart(found: &mut [Diagnostic]) {
    for diagnostic in without_rule(found) {
        diagnostic.rule = match diagnostic.severity {
            _ if is_about_type(diagnostic) => required(),
            Severity::Error => Some(&RENDER_FAILED.rule),
            Severity::Warning | Severity::Info => Some(&MISREAD_CHART.rule),
        };
    }
}

/// Gives what building a kustomization reports its rules.
pub(super) fn cite_kustomization(found: &mut [Diagnostic]) {
    for diagnostic in without_rule(found) {
        diagnostic.rule = match diagnostic.severity {
            _ if is_about_type(diagnostic) => required(),
            Severity::Error => Some(&BUILD_FAILED.rule),
            Severity::Info => Some(&NOT_READ.rule),
            Severity::Warning => Some(&MISREAD_FILE.rule),
        };
    }
}

/// Whether a finding says that some input is missing here, by mistake or not.
pub(super) fn is_incomplete(finding: &Diagnostic) -> bool {
    is_unread(finding) || finding.rule == Some(&NOT_READ.rule)
}

fn without_rule(found: &mut [Diagnostic]) -> impl Iterator<Item = &mut Diagnostic> {
    found.iter_mut().filter(|found| found.rule.is_none())
}

/// Whether a stage complains that a document lacks `apiVersion` or `kind`.
pub(super) fn is_about_type(diagnostic: &Diagnostic) -> bool {
    diagnostic.object.is_none() && matches!(diagnostic.path.as_deref(), Some("apiVersion" | "kind"))
}

/// What the API server answers for a document without a type.
fn required() -> Option<&'static Rule> {
    registry::rule("k8s/required")
}

/// Whether a finding says that some input could not be read or rendered, and nobody has accepted that.
pub fn is_unread(finding: &Diagnostic) -> bool {
    let is_about_input = |rule: &Rule| {
        INPUT.contains(&rule)
            || (is_about_type(finding) && required().is_some_and(|required| required == rule))
    };
    finding.severity == Severity::Error && finding.rule.is_none_or(is_about_input)
}
