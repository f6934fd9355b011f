//! Findings as JSON: `lint --format json`, version 1. Keys are only ever added.

use super::{Counts, locate, locate_origin};
use crate::escape;
use crate::{Diagnostic, ObjectRef, Severity, Sources};
use serde::Serialize;

/// Renders diagnostics as one JSON document; `objects` is how many Kubernetes objects were checked, and
/// `kube_version` against which version of Kubernetes; `None` if not all against the same.
pub fn json(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    objects: usize,
    kube_version: Option<&str>,
) -> String {
    let counts = Counts::count(diagnostics);
    let document = Document {
        version: 1,
        kube_version,
        findings: diagnostics.iter().map(|diagnostic| finding(diagnostic, sources)).collect(),
        summary: Summary { errors: counts.errors, warnings: counts.warnings, infos: counts.infos, objects },
    };
    // Strings, numbers and lists only: there is nothing that could fail to serialize.
    escape::json(serde_json::to_string_pretty(&document).unwrap_or_default() + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    #[serde(rename = "kubeVersion")]
    kube_version: Option<&'a str>,
    findings: Vec<Finding<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    infos: usize,
    objects: usize,
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: Option<&'a str>,
    severity: Severity,
    message: &'a str,
    help: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    origin: Option<OriginPlace>,
    object: Option<&'a ObjectRef>,
    path: Option<&'a str>,
    /// The values sets it occurs in, where several were tried and it does not occur in all.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sets: &'a [String],
}

#[derive(Serialize)]
struct OriginPlace {
    file: String,
    line: usize,
}

fn finding<'a>(diagnostic: &'a Diagnostic, sources: &Sources) -> Finding<'a> {
    let span = diagnostic.span();
    let at = span.and_then(|span| locate(sources, span));
    let from = span.and_then(|span| locate_origin(sources, span));
    Finding {
        rule: diagnostic.rule.map(|rule| rule.id),
        severity: diagnostic.severity,
        message: &diagnostic.message,
        help: (!diagnostic.help.is_empty()).then(|| diagnostic.help.join("\n")),
        line: at.as_ref().map(|at| at.line),
        column: at.as_ref().map(|at| at.column),
        file: at.map(|at| at.file),
        origin: from.map(|from| OriginPlace { file: from.file, line: from.line }),
        object: diagnostic.object.as_ref(),
        path: diagnostic.path.as_deref(),
        sets: &diagnostic.sets,
    }
}
