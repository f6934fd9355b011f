//! Any text as a suite of tests.

use super::{assert_printable, assert_shown};
use plimsoll::diag::Sources;
use plimsoll::diag::render::Style;
use plimsoll::unittest::report::{Format, chart, report, summary};
use plimsoll::unittest::{self, Options, Summary};
use plimsoll::world::Memory;
use std::time::SystemTime;

/// Runs it about a small chart, and writes every format.
pub fn check(data: &[u8]) {
    const TEMPLATE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n  \
                            labels: {app.kubernetes.io/name: web}\nspec:\n  replicas: {{ .Values.replicas }}\n{{- with .Values.text }}\n  \
                            text: {{ . | quote }}\n{{- end }}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let world = Memory::default()
        .file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
        .file("web/values.yaml", "replicas: 1\ntext: \"\"\n")
        .file("web/templates/deployment.yaml", TEMPLATE)
        .file("web/tests/a_test.yaml", data)
        .into_world();
    let sources = Sources::new();
    let result = unittest::run(&world, &sources, "web", &Options::default());
    assert_shown(&result.diagnostics, &sources);
    assert_printable(&chart(&result, Style::Plain));
    let mut all = Summary::default();
    all.charts.push(result);
    assert_printable(&summary(&all, Style::Plain));
    for format in [Format::JUnit, Format::NUnit, Format::XUnit, Format::Sonar] {
        let _ = report(&all, format, SystemTime::UNIX_EPOCH);
    }
}
