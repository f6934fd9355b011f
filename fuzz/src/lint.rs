//! Any text as manifests, linted.

use super::{assert_json, assert_shown};
use plimsoll::diag::render::{github, json, junit, sarif};
use plimsoll::diag::{Severity, Sources};
use plimsoll::lint::{self, Config, ManifestSource, Request, Target};
use plimsoll::values::Options;
use plimsoll::world::Memory;

/// Runs every rule and writes every format.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (world, sources) = (Memory::default().into_world(), Sources::new());
    let request = Request {
        target: Target::Manifests(vec![ManifestSource::Stdin(text.to_owned())]),
        sets: Vec::new(),
        values: Options::default(),
        render: super::release::options(),
        surroundings: std::sync::Arc::default(),
    };
    let outcome = lint::lint(&world, &sources, &request, &Config::default());
    assert_shown(&outcome.findings, &sources);
    assert_json(&json(&outcome.findings, &sources, outcome.objects, None));
    assert_json(&sarif(&outcome.findings, &sources));
    let _ = junit(&outcome.findings, &sources, Severity::Warning);
    for line in github(&outcome.findings, &sources).lines() {
        assert!(line.starts_with("::"), "{line}");
    }
}
