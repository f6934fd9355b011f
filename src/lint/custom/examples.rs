//! The examples of a rule, run as its tests: each bad one has a finding, and no good one has.

use super::{CustomRule, Values};
use crate::diag::{SourceKind, Sources};
use crate::manifest::{self, Object};
use crate::yaml::ReadOptions;

/// What the examples of a rule show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The id of the rule.
    pub rule: &'static str,
    /// How many examples it has.
    pub examples: usize,
    /// What is wrong with which example; empty if all are as they should be.
    pub failures: Vec<String>,
}

/// Runs the examples of a rule.
pub fn test(rule: &CustomRule) -> Tested {
    let mut failures = Vec::new();
    for (kind, examples) in [("bad", &rule.bad), ("good", &rule.good)] {
        for (index, example) in examples.iter().enumerate() {
            let failure = match (kind, findings(rule, example)) {
                (_, Err(reason)) => reason,
                ("bad", Ok(found)) if found.is_empty() => "no finding".to_owned(),
                ("good", Ok(found)) if !found.is_empty() => found.join("; "),
                _ => continue,
            };
            failures.push(format!("{kind} example {}: {failure}", index + 1));
        }
    }
    Tested { rule: rule.rule.id, examples: rule.bad.len() + rule.good.len(), failures }
}

/// What the rule finds in the manifests of an example, or why they cannot be read.
fn findings(rule: &CustomRule, example: &str) -> Result<Vec<String>, String> {
    let sources = Sources::new();
    let source = sources.add("example.yaml", example, SourceKind::File);
    let report = manifest::parse(&sources, source, "example.yaml", &ReadOptions::strict());
    let first = report.diagnostics.first().map(|diagnostic| diagnostic.message.clone());
    let objects: Vec<Object> = report.output.filter(|objects| !objects.is_empty()).ok_or_else(|| {
        format!("it contains no manifest: {}", first.unwrap_or_else(|| "it is empty".to_owned()))
    })?;
    let mut found = Vec::new();
    rule.check(&Values::new(&objects.iter().collect::<Vec<_>>(), "default"), &mut found);
    let text = |diagnostic: crate::diag::Diagnostic| {
        let object = diagnostic.object.map(|object| format!("{}/{}: ", object.kind, object.name));
        format!("{}{}", object.unwrap_or_default(), diagnostic.message)
    };
    Ok(found.into_iter().map(text).collect())
}
