//! For the tests of the kinds: the findings for a manifest.

use crate::manifest::parse;
use crate::{Version, validate};
use plimsoll_diag::{Diagnostic, Severity, SourceKind, Sources};
use plimsoll_yaml::ReadOptions;

/// The findings of Kubernetes 1.36 for a manifest: `path rule` for each error, `path warning` for each warning.
pub(super) fn list_findings(manifest: &str) -> Vec<String> {
    list_findings_in(Version::V1_36, manifest)
}

/// [`list_findings`], for any version.
pub(super) fn list_findings_in(version: Version, manifest: &str) -> Vec<String> {
    let row = |diagnostic: &Diagnostic| {
        let rule = diagnostic.rule.map_or(diagnostic.message.as_str(), |rule| rule.id);
        let what = match diagnostic.severity {
            Severity::Error => rule.trim_start_matches("k8s/"),
            Severity::Warning | Severity::Info => "warning",
        };
        format!("{} {what}", diagnostic.path.as_deref().unwrap_or_default())
    };
    diagnose(version, manifest).iter().map(row).collect()
}

/// The messages of Kubernetes 1.36 about a manifest.
pub(super) fn list_messages(manifest: &str) -> Vec<String> {
    diagnose(Version::V1_36, manifest).into_iter().map(|diagnostic| diagnostic.message).collect()
}

fn diagnose(version: Version, manifest: &str) -> Vec<Diagnostic> {
    let sources = Sources::new();
    let source = sources.add("manifest.yaml", manifest, SourceKind::File);
    let mut diagnostics = Vec::new();
    let objects = parse(&sources, source, "manifest.yaml", &ReadOptions::strict()).take(&mut diagnostics);
    for object in &objects.unwrap_or_default() {
        validate(object, version, &mut diagnostics);
    }
    diagnostics
}

/// Compares the findings of each row with the expected ones, in any order.
pub(super) fn check(list_findings: impl Fn(&str) -> Vec<String>, rows: &[(&str, &[&str])]) {
    for (manifest, expected) in rows {
        let mut found = list_findings(manifest);
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{manifest}");
    }
}
