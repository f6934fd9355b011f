//! SARIF 2.1.0, the static-analysis interchange format that code hosts read.
//!
//! Results point at files that exist: rendered text is traced to its template, and the value's
//! origin is a related location.

use super::{SourceRange, locate, locate_origin};
use crate::escape;
use crate::{Diagnostic, Rule, Severity, Sources};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Renders diagnostics as a SARIF log with one run. Every rule that is cited is described, with its
/// page as help.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let cited: BTreeMap<&str, &Rule> =
        diagnostics.iter().filter_map(|diagnostic| diagnostic.rule.map(|rule| (rule.id, rule))).collect();
    let index: BTreeMap<&str, usize> = cited.keys().enumerate().map(|(index, id)| (*id, index)).collect();
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "plimsoll",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: cited.values().map(|rule| descriptor(rule)).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: diagnostics.iter().map(|diagnostic| result(diagnostic, sources, &index)).collect(),
        }],
    };
    // Strings, numbers and lists only: there is nothing that could fail to serialize.
    escape::json(serde_json::to_string_pretty(&log).unwrap_or_default() + "\n")
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Text<'a>,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: OwnedText,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
}

#[derive(Serialize)]
struct OwnedText {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are SARIF's")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<OwnedText>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
}

fn descriptor(rule: &Rule) -> Descriptor<'_> {
    Descriptor {
        id: rule.id,
        short_description: Text { text: rule.summary },
        help: Help { text: rule.page(), markdown: rule.page() },
        default_configuration: Configuration { level: level(rule.severity) },
    }
}

fn result<'a>(
    diagnostic: &'a Diagnostic,
    sources: &Sources,
    index: &BTreeMap<&str, usize>,
) -> SarifResult<'a> {
    let mut text = diagnostic.message.clone();
    if !diagnostic.sets.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, " (only with {})", diagnostic.sets.join(", "));
    }
    for help in &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let mut labels = diagnostic.labels.iter();
    let primary = labels.next();
    let mut locations = Vec::new();
    if let Some(at) = primary.and_then(|label| locate(sources, label.span)) {
        let mut location = location(&at, None, None);
        if let Some(object) = &diagnostic.object {
            let path = diagnostic.path.as_deref().unwrap_or_default();
            location.logical_locations.push(LogicalLocation {
                fully_qualified_name: format!("{object} {path}").trim_end().to_owned(),
            });
        }
        locations.push(location);
    }
    let mut related = Vec::new();
    let from = primary.and_then(|label| locate_origin(sources, label.span));
    let values = from.map(|at| (at, "the value comes from here".to_owned()));
    let others = labels.filter_map(|label| Some((locate(sources, label.span)?, label.text.clone())));
    for (id, (at, text)) in values.into_iter().chain(others).enumerate() {
        related.push(location(&at, Some(id + 1), Some(text).filter(|text| !text.is_empty())));
    }
    SarifResult {
        rule_id: diagnostic.rule.map(|rule| rule.id),
        rule_index: diagnostic.rule.and_then(|rule| index.get(rule.id).copied()),
        level: level(diagnostic.severity),
        message: OwnedText { text: escape::sarif(&text) },
        locations,
        related_locations: related,
    }
}

fn location(at: &SourceRange, id: Option<usize>, message: Option<String>) -> Location {
    Location {
        id,
        message: message.map(|text| OwnedText { text: escape::sarif(&text) }),
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&at.file) },
            region: Region {
                start_line: at.line,
                start_column: at.column,
                end_line: at.end_line,
                end_column: at.end_column,
            },
        },
        logical_locations: Vec::new(),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a URI reference: relative paths stay relative (to the root of the checkout), whatever
/// a URI cannot hold is percent-encoded.
fn uri(path: &str) -> String {
    let (prefix, rest) = match path.strip_prefix('/') {
        Some(rest) => ("file:///", rest),
        None => ("", path.strip_prefix("./").unwrap_or(path)),
    };
    let mut out = String::from(prefix);
    for byte in rest.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' => {
                out.push(char::from(byte));
            }
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}
