//! `# plimsoll: allow RULE - reason`: findings that a line accepts.
//!
//! The comment counts for its own line, or, where it stands alone, for the next line that is more than
//! a comment. It may stand in a manifest or in a template, as a comment of YAML, of Tera
//! (`{# plimsoll: allow ... #}`) or of Helm's language (`{{/* plimsoll: allow ... */}}`).

use super::rules::{INVALID_ALLOW, UNUSED_ALLOW};
use super::{Config, Subject, registry};
use crate::diag::{Diagnostic, Source, SourceId, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One rule allowed on one line.
struct Allow {
    rule: String,
    /// The line it counts for, from 1.
    line: usize,
    /// The rule's name in the comment.
    span: Span,
    used: bool,
}

/// Takes out what is allowed, and adds what is wrong with the comments themselves.
pub(super) fn apply(found: Vec<Diagnostic>, subject: &Subject<'_>, config: &Config) -> Vec<Diagnostic> {
    let mut allows: BTreeMap<SourceId, Vec<Allow>> = BTreeMap::new();
    let mut kept = Vec::new();
    for source in list_texts(subject) {
        if let Some(text) = subject.sources.get(source) {
            let list = read(source, &text, config, &mut kept);
            if !list.is_empty() {
                allows.insert(source, list);
            }
        }
    }
    if allows.is_empty() {
        kept.extend(found);
        return kept;
    }
    for diagnostic in found {
        if !is_allowed(&diagnostic, subject, &mut allows) {
            kept.push(diagnostic);
        }
    }
    for allow in allows.into_values().flatten().filter(|allow| !allow.used) {
        // A rule that does not run cannot find anything.
        if config.rule(&allow.rule).is_some_and(|rule| config.runs(rule)) {
            kept.push(
                Diagnostic::from_rule(
                    &UNUSED_ALLOW.rule,
                    format!("there is no finding of `{}` to allow here", allow.rule),
                )
                .at(allow.span, "")
                .help("remove the comment"),
            );
        }
    }
    config.retain(&mut kept);
    kept
}

/// The texts that can hold such comments: manifests on disk, templates and values of the chart.
fn list_texts(subject: &Subject<'_>) -> Vec<SourceId> {
    let mut texts: Vec<SourceId> = Vec::new();
    if let Some(chart) = &subject.chart {
        for scope in chart.scopes() {
            texts.extend(scope.chart.templates.iter().map(|template| template.source));
            texts.extend(scope.chart.values_source);
            if !scope.chart.metadata.node.span.is_none() {
                texts.push(scope.chart.metadata.node.span.source);
            }
        }
    }
    for object in subject.objects {
        // Rendered text repeats the comments of its template: those are read there.
        let id = object.span.source;
        let rendered = subject
            .sources
            .get(id)
            .is_some_and(|source| matches!(source.kind, crate::diag::SourceKind::Rendered(_)));
        if !rendered && texts.last() != Some(&id) {
            texts.push(id);
        }
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn is_allowed(
    diagnostic: &Diagnostic,
    subject: &Subject<'_>,
    allows: &mut BTreeMap<SourceId, Vec<Allow>>,
) -> bool {
    let (Some(rule), Some(span)) = (diagnostic.rule, diagnostic.span()) else { return false };
    let (place, origin) = subject.sources.trace(span);
    let mut silenced = false;
    // Where the finding is shown, and where its value was written: both are lines one could fix.
    for span in std::iter::once(place).chain(origin) {
        let Some(list) = allows.get_mut(&span.source) else { continue };
        let Some(line) = subject.sources.position(span).map(|position| position.line) else { continue };
        let first = list.partition_point(|allow| allow.line < line);
        for allow in list.iter_mut().skip(first).take_while(|allow| allow.line == line) {
            if allow.rule == rule.id {
                allow.used = true;
                silenced = true;
            }
        }
    }
    silenced
}

const MARK: &str = "plimsoll: allow";

/// The allows of a text, sorted by line; what is wrong with them goes to `found`.
fn read(id: SourceId, source: &Arc<Source>, config: &Config, found: &mut Vec<Diagnostic>) -> Vec<Allow> {
    let mut allows = Vec::new();
    if !source.text.contains(MARK) {
        return allows;
    }
    let lines: Vec<&str> = source.text.split_inclusive('\n').collect();
    let next = next_lines(&lines);
    let mut start = 0;
    for (index, line) in lines.iter().enumerate() {
        let line_start = start;
        start += line.len();
        let Some(at) = line.find(MARK) else { continue };
        let before = line[..at].trim_end();
        let Some(opening) =
            ["{{- /*", "{{-/*", "{{/*", "{#-", "{#", "#"].iter().find(|o| before.ends_with(**o))
        else {
            continue;
        };
        let alone = before[..before.len() - opening.len()].trim().is_empty();
        let target = if alone { next[index] } else { index } + 1;
        let body = line[at + MARK.len()..].trim_end();
        let body = ["*/}}", "*/ -}}", "*/ }}", "-#}", "#}"]
            .iter()
            .find_map(|closing| body.strip_suffix(closing))
            .unwrap_or(body);
        let (names, reason) = body.split_once(" - ").unwrap_or((body, ""));
        let body_start = line_start + at + MARK.len();
        let names: Vec<&str> =
            names.split([',', ' ']).map(str::trim).filter(|name| !name.is_empty()).collect();
        let mut cursor = 0;
        let places: Vec<Span> = names
            .iter()
            .map(|name| {
                let offset = body[cursor..].find(name).unwrap_or(0) + cursor;
                cursor = offset + name.len();
                Span::new(id, body_start + offset, body_start + cursor)
            })
            .collect();
        if names.is_empty() || reason.trim().is_empty() {
            let span = places.first().copied().unwrap_or(Span::new(id, body_start, body_start));
            let message = if names.is_empty() { "no rule is named" } else { "no reason is given" };
            found.push(
                Diagnostic::from_rule(&INVALID_ALLOW.rule, message)
                    .at(span, "")
                    .help("write `# plimsoll: allow <rule> - <why this is fine here>`"),
            );
        }
        for (name, span) in names.iter().zip(places) {
            match config.check_rule_name(name) {
                Ok(()) if name.contains('/') => {
                    let rule = registry::current_id(name).to_owned();
                    allows.push(Allow { rule, line: target, span, used: false });
                }
                Ok(()) => found.push(
                    Diagnostic::from_rule(&INVALID_ALLOW.rule, format!("`{name}` is a group of rules"))
                        .at(span, "")
                        .help("name the one rule; turn off whole groups in `plimsoll.toml`"),
                ),
                Err(unknown) => {
                    let mut diagnostic =
                        Diagnostic::from_rule(&INVALID_ALLOW.rule, unknown.message).at(span, "");
                    diagnostic.help = unknown.help;
                    found.push(diagnostic);
                }
            }
        }
    }
    allows
}

/// For each line the next one that is more than a comment; the line itself where none follows.
fn next_lines(lines: &[&str]) -> Vec<usize> {
    let comment = |line: &str| {
        let line = line.trim();
        line.is_empty()
            || line.starts_with('#')
            || (line.starts_with("{#") && line.ends_with("#}"))
            || (line.starts_with("{{") && line.ends_with("}}") && line.contains("/*") && line.contains("*/"))
    };
    let mut next: Vec<usize> = (0..lines.len()).collect();
    let mut below = None;
    for index in (0..lines.len()).rev() {
        next[index] = below.unwrap_or(index);
        if !comment(lines[index]) {
            below = Some(index);
        }
    }
    next
}
