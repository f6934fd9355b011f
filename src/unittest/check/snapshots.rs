//! `matchSnapshot` and `matchSnapshotRaw`.

use super::{Doc, Finding, Located, Params, Subject, words};
use crate::diff::render::patch;
use crate::unittest::snapshot::{Comparison, written};
use crate::unittest::suite::pattern;
use crate::yaml::Node;

/// `matchSnapshot`
#[derive(Debug)]
pub(super) struct Snapshot {
    path: Located,
    /// Patterns that the new text must match, and must not match; with them the snapshot itself does not matter.
    matches: Option<String>,
    matches_not: Option<String>,
}

impl Snapshot {
    pub(super) fn read(params: &mut Params<'_, '_>) -> Self {
        let nested = |name: &str| {
            let node = params.value(name);
            let pattern = node.get("pattern").and_then(Node::as_str).unwrap_or_default().trim();
            Some(pattern.to_owned()).filter(|pattern| !pattern.is_empty())
        };
        let (matches, matches_not) = (nested("matchRegex"), nested("notMatchRegex"));
        Self { path: params.path(), matches, matches_not }
    }

    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        // As in helm-unittest, no document matches any snapshot.
        if subject.selected.is_empty() {
            return none_selected(subject);
        }
        subject.each_value(&self.path, |subject, actual| {
            let text = written(actual);
            let has_patterns = self.matches.is_some() || self.matches_not.is_some();
            let compared = subject.snapshots.compare(text.clone(), has_patterns);
            if has_patterns {
                return self.unmatched(&text, subject.is_negative, subject.snapshots.is_updating());
            }
            unmet(&compared, subject.is_negative)
        })
    }

    fn unmatched(&self, text: &str, is_negative: bool, is_updating: bool) -> Option<Finding> {
        let matches = |wanted: &Option<String>| match wanted {
            None => Ok(None),
            Some(text_of) => pattern(text_of).map(|regex| Some(regex.is_match(text))),
        };
        let (found, unwanted) = match (matches(&self.matches), matches(&self.matches_not)) {
            (Ok(found), Ok(unwanted)) => (found, unwanted),
            (Err(reason), _) | (_, Err(reason)) => return Some(Finding::error(None, reason)),
        };
        let is_met = is_updating || (found != Some(false) && unwanted != Some(true));
        (is_met == is_negative).then(|| {
            let (what, pattern) = if found == Some(false) {
                ("to match", &self.matches)
            } else {
                ("not to match", &self.matches_not)
            };
            Finding {
                expected: Some((words(is_negative, what), pattern.clone().unwrap_or_default())),
                actual: Some(text.to_owned()),
                ..Finding::default()
            }
        })
    }
}

/// Checks the texts of files that are not YAML.
pub(super) fn raw_findings(subject: &mut Subject<'_, '_>) -> Vec<Finding> {
    if subject.selected.is_empty() {
        return none_selected(subject);
    }
    let mut findings = Vec::new();
    for doc in subject.selected.clone() {
        let compared = subject.snapshots.compare(raw_snapshot(doc), false);
        findings.extend(unmet(&compared, subject.is_negative));
    }
    findings
}

fn raw_snapshot(doc: &Doc) -> String {
    written(&Node::bare(doc.raw_text()))
}

fn none_selected(subject: &Subject<'_, '_>) -> Vec<Finding> {
    if subject.is_negative { vec![subject.no_document()] } else { Vec::new() }
}

fn unmet(compared: &Comparison, is_negative: bool) -> Option<Finding> {
    (compared.is_same == is_negative).then(|| Finding {
        expected: Some((
            words(is_negative, &format!("to match snapshot {}", compared.number)),
            if is_negative {
                compared.stored.clone()
            } else {
                patch(Some(("Expected", &compared.stored)), Some(("Actual", &compared.fresh)), 1)
            },
        )),
        ..Finding::default()
    })
}
