//! Workflow commands of GitHub Actions: one annotation a finding.

use super::locate;
use crate::escape::{github_message, github_property};
use crate::{Diagnostic, Severity, Sources};
use std::fmt::Write;

/// Renders diagnostics as workflow commands, one a line:
/// `::error file=a.yaml,line=3,col=5,endLine=3,endColumn=9,title=sts/x::message`.
pub fn github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut properties = Vec::new();
        if let Some(at) = diagnostic.span().and_then(|span| locate(sources, span)) {
            properties.push(format!("file={}", github_property(&at.file)));
            properties.push(format!("line={}", at.line));
            properties.push(format!("col={}", at.column));
            properties.push(format!("endLine={}", at.end_line));
            // GitHub refuses an end column on annotations of several lines.
            if at.end_line == at.line {
                properties.push(format!("endColumn={}", at.end_column));
            }
        }
        if let Some(rule) = diagnostic.rule {
            properties.push(format!("title={}", github_property(rule.id)));
        }
        let mut message = diagnostic.message.clone();
        if let Some(object) = &diagnostic.object {
            // Writing to a string cannot fail.
            let _ = write!(message, "\nin {object}");
            if let Some(path) = &diagnostic.path {
                let _ = write!(message, ": {path}");
            }
        }
        if !diagnostic.sets.is_empty() {
            let _ = write!(message, "\nonly with {}", diagnostic.sets.join(", "));
        }
        for help in &diagnostic.help {
            let _ = write!(message, "\nhelp: {help}");
        }
        let space = if properties.is_empty() { "" } else { " " };
        let _ = writeln!(out, "::{command}{space}{}::{}", properties.join(","), github_message(&message));
    }
    out
}
