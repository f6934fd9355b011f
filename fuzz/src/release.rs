//! A release of a chart in memory.

use super::{assert_printable, assert_shown};
use plimsoll::chart;
use plimsoll::diag::{Severity, SourceKind, Sources};
use plimsoll::engine::{Capabilities, Release};
use plimsoll::render::{self, Options, Request};
use plimsoll::values::Overrides;
use plimsoll::world::Memory;
use plimsoll::yaml::{self, ReadOptions};

/// The options for all renders here.
pub(crate) fn options() -> Options {
    Options {
        capabilities: Capabilities {
            kube_version: "1.35".parse().expect("a version"),
            ..Capabilities::default()
        },
        seed: Some(1),
        ..Options::install(Release::install("fuzz", "default"))
    }
}

/// Renders a chart of this engine with one template, twice. Both renders are the same text, and it is valid YAML.
pub(crate) fn check_template(engine: &str, template: &str) {
    let first = render(engine, template);
    if let Some(text) = &first {
        let sources = Sources::new();
        let source = sources.add("rendered", text.as_str(), SourceKind::File);
        let report = yaml::read(&sources, source, &ReadOptions::lenient());
        assert!(!report.has_errors(), "{text}");
        assert_eq!(render(engine, template), first);
    }
}

/// The manifests that a template renders to.
fn render(engine: &str, template: &str) -> Option<String> {
    const VALUES: &str = "name: web\ntext: \"yes\"\nlines: |\n  a\n  b\nport: 8080\nflag: true\nempty: {}\nlist: [a, {b: 1}]\n\
                          image: {repository: example.net/web, tag: \"1.0\"}\nglobal: {}\nresources: {limits: {cpu: 1}}\n";
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = vec![
        file("Chart.yaml", &format!("apiVersion: v2\nname: web\nversion: 1.0.0\nengine: {engine}\n")),
        file("values.yaml", VALUES),
        file("templates/_helpers.tpl", "{{ define \"web.name\" }}web{{ end }}"),
        file("templates/a.yaml", template),
    ];
    let (world, sources) = (Memory::default().into_world(), Sources::new());
    let chart = chart::from_files(&sources, "web", files);
    assert_shown(&chart.diagnostics, &sources);
    let request = Request {
        chart: "web".to_owned(),
        overrides: Overrides::default(),
        values: plimsoll::values::Options::default(),
        options: options(),
    };
    let report = render::release_of(&world, &sources, chart.output?, &request);
    assert_shown(&report.diagnostics, &sources);
    let has_errors = report.diagnostics.iter().any(|found| found.severity == Severity::Error);
    let rendered = report.output.filter(|_| !has_errors)?.render;
    for document in rendered.manifest.iter().chain(&rendered.hooks) {
        assert_printable(&document.path);
    }
    Some(render::stream(&rendered.manifest.iter().chain(&rendered.hooks).collect::<Vec<_>>()))
}
