//! Any values file and any `--set` flags.

use super::{assert_printable, assert_shown};
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll::values::{self, Options, Overrides, ValuesFile};
use plimsoll::world::Memory;
use plimsoll::yaml::{Node, emit};
use std::sync::Arc;

/// Computes values. Lines such as `--set KEY=VALUE` or `--set-json KEY=JSON` at the start are flags, the rest is a values
/// file. If the user's merged values are printed and read back as a file, they are the same values.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut overrides = Overrides::default();
    let mut rest = text;
    while let Some((flag, below)) = rest.split_once('\n').filter(|(line, _)| line.starts_with("--set")) {
        rest = below;
        let Some((flag, argument)) = flag.split_once(' ') else { continue };
        let argument = argument.to_owned();
        match flag {
            "--set" => overrides.set.push(argument),
            "--set-string" => overrides.set_string.push(argument),
            "--set-json" => overrides.set_json.push(argument),
            "--set-literal" => overrides.set_literal.push(argument),
            _ => {}
        }
    }
    overrides.files.push(ValuesFile::Argument("fuzz.yaml".to_owned()));
    for engine in ["gotpl", "tera"] {
        let Some(user) = compute(engine, rest, &overrides) else { continue };
        let printed = emit::document(&user);
        let files = Overrides { files: overrides.files.clone(), ..Overrides::default() };
        assert_eq!(compute(engine, &printed, &files), Some(user), "{printed}");
    }
}

/// The user's merged values, unless there is an error.
fn compute(engine: &str, file: &str, overrides: &Overrides) -> Option<Node> {
    const VALUES: &str = "name: web\nport: 8080\nimage: {repository: a, tag: \"1\"}\nlist: [a, {b: 1}]\nnested: {deep: {x: 1}}\nnothing: null\n";
    const SCHEMA: &str = r#"{"type":"object","properties":{"port":{"type":"integer","maximum":65535}}}"#;
    let named = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = vec![
        named("Chart.yaml", &format!("apiVersion: v2\nname: web\nversion: 1.0.0\nengine: {engine}\n")),
        named("values.yaml", VALUES),
        named("values.schema.json", SCHEMA),
        named("charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n"),
        named("charts/db/values.yaml", "size: 1Gi\nglobal: {zone: a}\n"),
    ];
    let (world, sources) = (Memory::default().file("fuzz.yaml", file).into_world(), Sources::new());
    let chart = Arc::new(chart::from_files(&sources, "web", files).output.expect("a chart"));
    let report = values::compute(&world, &sources, &chart, overrides, &Options::default());
    assert_shown(&report.diagnostics, &sources);
    let computed = report.output?;
    assert_printable(&values::show(&sources, &computed.root.values, true));
    Some(computed.user)
}
