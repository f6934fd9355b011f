//! What could not be read or rendered, as findings.
//!
//! The stages before lint report errors without a rule. Here they get one, so that every format can name it, and so that
//! a known broken file can be given another level.

use super::registry;
use super::rules::{BUILD_FAILED, INPUT, NOT_READ, RENDER_FAILED, SYNTAX, UNREADABLE};
use crate::diag::{Diagnostic, Rule, Severity, SourceKind, Sources};

/// Gives the errors of reading manifests their rules.
pub(super) fn cite_manifests(found: &mut [Diagnostic], sources: &Sources) {
    for diagnostic in errors_without_rule(found) {
        let source = diagnostic.span().and_then(|span| sources.get(span.source));
        diagnostic.rule = if is_about_type(diagnostic) {
            required()
        } else if source.is_none_or(|source| source.kind == SourceKind::Unread) {
            Some(&UNREADABLE.rule)
        } else {
            Some(&SYNTAX.rule)
        };
    }
}

/// Gives the errors of loading and rendering a chart their rules.
pub(super) fn cite_chart(found: &mut [Diagnostic]) {
    for diagnostic in errors_without_rule(found) {
        diagnostic.rule = if is_about_type(diagnostic) { required() } else { Some(&RENDER_FAILED.rule) };
    }
}

/// Gives what building a kustomization reports its rules.
pub(super) fn cite_kustomization(found: &mut [Diagnostic]) {
    for diagnostic in found.iter_mut().filter(|found| found.rule.is_none()) {
        diagnostic.rule = match diagnostic.severity {
            Severity::Error if is_about_type(diagnostic) => required(),
            Severity::Error => Some(&BUILD_FAILED.rule),
            Severity::Info => Some(&NOT_READ.rule),
            Severity::Warning => None,
        };
    }
}

/// Whether a finding says that some input is missing here, by mistake or not.
pub(super) fn is_incomplete(finding: &Diagnostic) -> bool {
    is_unread(finding) || finding.rule == Some(&NOT_READ.rule)
}

fn errors_without_rule(found: &mut [Diagnostic]) -> impl Iterator<Item = &mut Diagnostic> {
    found.iter_mut().filter(|found| found.rule.is_none() && found.severity == Severity::Error)
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
