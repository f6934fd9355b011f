//! Any text as the values file that documentation and a schema are made from.

use super::{assert_printable, assert_shown};
use plimsoll::authoring::docs;
use plimsoll::authoring::schema::{Draft, schema};
use plimsoll::chart::{self, Chart};
use plimsoll::diag::Sources;
use plimsoll::diag::escape::terminal_lines;
use plimsoll::values::{self, Overrides};
use plimsoll::world::{Memory, World};
use std::path::Path;
use std::sync::Arc;

/// Makes both. Values that the chart had without a schema are accepted by the one that is made from them.
pub fn check(data: &[u8]) {
    let (plain, sources) = (world(data, None), Sources::new());
    let page = docs::page(&plain, &sources, Path::new("web"), &docs::Options::default());
    assert_shown(&page.diagnostics, &sources);
    let Some(chart) = chart::load(&plain, &sources, Path::new("web")).output.map(Arc::new) else { return };
    let made = schema(&plain, &sources, &chart, &[], Draft::Draft202012);
    assert_shown(&made.diagnostics, &sources);
    if let Some(made) = made.output.filter(|_| has_values(&plain, &chart)) {
        let strict = world(data, Some(&made.text));
        let chart = chart::load(&strict, &Sources::new(), Path::new("web")).output.expect("the same chart");
        assert!(has_values(&strict, &Arc::new(chart)), "{}", made.text);
    }
    if let Some(page) = page.output {
        assert_printable(&terminal_lines(&page.text));
    }
}

fn world(values: &[u8], schema: Option<&str>) -> World {
    const TEMPLATE: &str =
        "kind: ConfigMap\nspec:\n  replicas: {{ .Values.replicas }}\n  all: {{ .Values | toJson | quote }}\n";
    let world = Memory::default()
        .file("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
        .file("web/values.yaml", values)
        .file("web/templates/a.yaml", TEMPLATE);
    match schema {
        Some(text) => world.file("web/values.schema.json", text),
        None => world,
    }
    .into_world()
}

fn has_values(world: &World, chart: &Arc<Chart>) -> bool {
    let options = values::Options::default();
    !values::compute(world, &Sources::new(), chart, &Overrides::default(), &options).has_errors()
}
