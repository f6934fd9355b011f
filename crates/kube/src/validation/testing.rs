//! For the tests of the kinds: what is said about a manifest.

use crate::manifest::parse;
use crate::{Version, validate};
use plimsoll_diag::{Severity, SourceKind, Sources};
use plimsoll_yaml::ReadOptions;

/// What 1.36 says about a manifest: `path rule` for each error, `path warning` for each warning.
pub(super) fn said(manifest: &str) -> Vec<String> {
    said_by(Version::V1_36, manifest)
}

/// [`said`], by any version.
pub(super) fn said_by(version: Version, manifest: &str) -> Vec<String> {
    let sources = Sources::new();
    let source = sources.add("manifest.yaml", manifest, SourceKind::File);
    let mut diagnostics = Vec::new();
    let objects = parse(&sources, source, "manifest.yaml", &ReadOptions::strict()).take(&mut diagnostics);
    for object in &objects.unwrap_or_default() {
        validate(object, version, &mut diagnostics);
    }
    diagnostics
        .iter()
        .map(|diagnostic| {
            let rule = diagnostic.rule.map_or(diagnostic.message.as_str(), |rule| rule.id);
            let what = match diagnostic.severity {
                Severity::Error => rule.trim_start_matches("k8s/"),
                Severity::Warning | Severity::Info => "warning",
            };
            format!("{} {what}", diagnostic.path.as_deref().unwrap_or_default())
        })
        .collect()
}

/// Holds what `said` says of each row against what the row expects, in any order.
pub(super) fn check(said: impl Fn(&str) -> Vec<String>, rows: &[(&str, &[&str])]) {
    for (manifest, expected) in rows {
        let mut found = said(manifest);
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{manifest}");
    }
}
