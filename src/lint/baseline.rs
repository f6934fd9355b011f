//! The baseline: findings that were there when lint was introduced and are accepted for now.
//!
//! A finding is known by its rule, object and field path, never by its line, so that a baseline survives
//! edits elsewhere. Where a rule breaks several times at one path (or names no object), the number counts:
//! one more than accepted is reported.

use super::is_unread;
use super::registry::{current_id, former_id};
use super::rules::STALE_BASELINE;
use crate::diag::{Diagnostic, ObjectRef, Report, SourceId, Sources, Span, render};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Accepted findings: how many of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    accepted: BTreeMap<Fingerprint, usize>,
    source: Option<SourceId>,
}

/// What a finding is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fingerprint {
    rule: String,
    /// `StatefulSet/db`, with the namespace before it where the manifest names one; a file for findings
    /// that are about no object.
    subject: String,
    path: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    subject: String,
    path: String,
    count: usize,
}

impl Baseline {
    /// Reads a baseline file.
    pub fn read(sources: &Sources, source: SourceId) -> Report<Self> {
        let Some(text) = sources.get(source).map(|source| source.text.clone()) else {
            return Report::ok(Self::default());
        };
        let wrong = |message: String, line: usize, column: usize| {
            let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let at = (start + column.saturating_sub(1)).min(text.len());
            Report::fail(
                Diagnostic::error(message)
                    .at(Span::new(source, at, at), "")
                    .help("update it with `--write-baseline`"),
            )
        };
        let file: File = match serde_json::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                return wrong(format!("not a baseline file: {error}"), error.line(), error.column());
            }
        };
        if file.version != 1 {
            return wrong(
                format!("baseline version {} is not supported, only version 1", file.version),
                1,
                1,
            );
        }
        let mut accepted = BTreeMap::new();
        for entry in file.findings {
            let rule = current_id(&entry.rule).to_owned();
            let fingerprint = Fingerprint { rule, subject: entry.subject, path: entry.path };
            *accepted.entry(fingerprint).or_insert(0) += entry.count;
        }
        Report::ok(Self { accepted, source: Some(source) })
    }

    /// The baseline that accepts exactly these findings.
    pub fn from_diagnostics(diagnostics: &[Diagnostic], sources: &Sources) -> Self {
        let mut accepted = BTreeMap::new();
        for diagnostic in diagnostics {
            if let Some(fingerprint) = fingerprint(diagnostic, sources) {
                *accepted.entry(fingerprint).or_insert(0) += 1;
            }
        }
        Self { accepted, source: None }
    }

    /// Its file.
    pub fn write(&self) -> String {
        let findings = self
            .accepted
            .iter()
            .map(|(fingerprint, count)| Entry {
                rule: fingerprint.rule.clone(),
                subject: fingerprint.subject.clone(),
                path: fingerprint.path.clone(),
                count: *count,
            })
            .collect();
        // Strings and numbers only: there is nothing that could fail to serialize.
        serde_json::to_string_pretty(&File { version: 1, findings }).unwrap_or_default() + "\n"
    }

    /// The findings that are not accepted; and, at the file itself, the entries that accept nothing any more. Where
    /// some input could not be read, what is accepted there may still be true.
    pub fn filter(&self, diagnostics: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
        let is_complete = !diagnostics.iter().any(is_unread);
        let mut left = self.accepted.clone();
        let mut kept: Vec<_> = diagnostics
            .into_iter()
            .filter(|diagnostic| {
                let accepted =
                    fingerprint(diagnostic, sources).and_then(|fingerprint| left.get_mut(&fingerprint));
                match accepted {
                    Some(count) if *count > 0 => {
                        *count -= 1;
                        false
                    }
                    _ => true,
                }
            })
            .collect();
        // Unless the file was edited, its entries are in the order in which they are looked up here.
        let mut from = 0;
        for (fingerprint, count) in left.iter().filter(|(_, count)| is_complete && **count > 0) {
            let mut diagnostic = Diagnostic::from_rule(
                &STALE_BASELINE.rule,
                format!(
                    "the baseline accepts {count} more findings of `{}` in {} than exist",
                    fingerprint.rule, fingerprint.subject
                ),
            )
            .help("update it with `--write-baseline`, so that the finding cannot come back unseen");
            if let Some(source) = self.source {
                diagnostic = diagnostic.at(entry_span(source, fingerprint, sources, &mut from), "");
            }
            kept.push(diagnostic);
        }
        render::arrange(kept, sources)
    }
}

/// The line of an entry in the file, as [`Self::write`] lays it out, looked for from a byte on and then from the
/// start; else the file's first.
fn entry_span(source: SourceId, wanted: &Fingerprint, sources: &Sources, from: &mut usize) -> Span {
    let text = sources.get(source).map(|source| source.text.clone()).unwrap_or_default();
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let (subject, path) = (quoted(&wanted.subject), quoted(&wanted.path));
    let ids = std::iter::once(wanted.rule.as_str()).chain(former_id(&wanted.rule));
    for (rule, start) in ids.flat_map(|id| [(quoted(id), *from), (quoted(id), 0)]) {
        let mut next = start;
        while let Some(at) = text[next..].find(&rule).map(|at| next + at) {
            let end = text[at..].find('}').map_or(text.len(), |end| at + end);
            next = at + rule.len();
            if text[at..end].contains(&subject) && text[at..end].contains(&path) {
                *from = next;
                return Span::new(source, at, next);
            }
        }
    }
    Span::new(source, 0, 0)
}

/// Findings of no rule (input that could not be read) are never accepted.
fn fingerprint(diagnostic: &Diagnostic, sources: &Sources) -> Option<Fingerprint> {
    let rule = diagnostic.rule?.id.to_owned();
    let (subject, path) = if let Some(object) = &diagnostic.object {
        (name(object), diagnostic.path.clone().unwrap_or_default())
    } else {
        let file = diagnostic.span().and_then(|span| render::locate(sources, span)).map(|place| place.file);
        (file.unwrap_or_default(), diagnostic.path.clone().unwrap_or_else(|| diagnostic.message.clone()))
    };
    Some(Fingerprint { rule, subject, path })
}

fn name(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{namespace}/{object}"),
        None => object.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceKind;

    fn finding(rule: &str, path: &str) -> Diagnostic {
        Diagnostic::from_rule(crate::lint::rule(rule).unwrap(), "wrong").path(path).object(ObjectRef {
            api_version: "v1".into(),
            kind: "Service".into(),
            namespace: Some("prod".into()),
            name: "db".into(),
        })
    }

    #[test]
    fn what_is_written_is_accepted_and_no_more() {
        let sources = Sources::new();
        let old = vec![
            finding("sts/service-not-headless", "spec.clusterIP"),
            finding("k8s/required", "spec.ports"),
        ];
        let text = Baseline::from_diagnostics(&old, &sources).write();
        let id = sources.add("baseline.json", text, SourceKind::File);
        let baseline = Baseline::read(&sources, id).output.unwrap();
        assert_eq!(baseline.filter(old.clone(), &sources), []);
        let mut more = old.clone();
        more.push(finding("k8s/required", "spec.ports"));
        more.push(finding("k8s/required", "spec.type"));
        assert_eq!(baseline.filter(more, &sources).len(), 2);
        let stale = baseline.filter(old[..1].to_vec(), &sources);
        assert_eq!(stale.len(), 1);
        assert_eq!(stale[0].rule.unwrap().id, "lint/stale-baseline");
        let at = sources.position(stale[0].span().unwrap()).unwrap();
        assert_eq!((at.line, at.column), (5, 15));
    }

    #[test]
    fn a_renamed_rule_is_accepted_under_its_former_id() {
        let sources = Sources::new();
        let old = vec![finding("workload/unknown-port", "spec.ports[0].targetPort")];
        let text = Baseline::from_diagnostics(&old, &sources)
            .write()
            .replace("workload/unknown-port", "sts/unknown-port");
        let id = sources.add("baseline.json", text, SourceKind::File);
        let baseline = Baseline::read(&sources, id).output.unwrap();
        assert_eq!(baseline.filter(old, &sources), []);
        let stale = baseline.filter(Vec::new(), &sources);
        assert_eq!(sources.position(stale[0].span().unwrap()).unwrap().line, 5);
    }

    #[test]
    fn a_damaged_file_is_an_error_at_its_place() {
        let sources = Sources::new();
        for (text, line) in
            [("{\n  \"version\": 1,\n oops", 3), ("{\"version\":2,\"findings\":[]}", 1), ("", 1)]
        {
            let id = sources.add("baseline.json", text, SourceKind::File);
            let report = Baseline::read(&sources, id);
            assert!(report.output.is_none());
            let at = sources.position(report.diagnostics[0].span().unwrap()).unwrap();
            assert_eq!(at.line, line, "{text}");
        }
    }
}
