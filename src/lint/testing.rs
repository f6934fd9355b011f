//! What tests of rules share: manifests and charts from text, findings as short lines.

use super::{ChartSubject, Config, Rendering, Subject, input, run};
use crate::chart::Chart;
use crate::diag::{Diagnostic, SourceKind, Sources};
use crate::engine::Release;
use crate::k8s::Version;
use crate::manifest::{self, Object};
use crate::render;
use crate::values::{self, ValuesFile};
use crate::world::Memory;
use crate::yaml::ReadOptions;
use std::sync::Arc;

/// The findings of one rule on manifests: `line:column path`.
pub(super) fn findings(rule: &str, manifests: &str) -> Vec<String> {
    let sources = Sources::new();
    summarize(rule, &sources, lint_manifests(&sources, manifests))
}

/// The severities of the findings of one rule on manifests.
pub(super) fn severities(rule: &str, manifests: &str) -> Vec<&'static str> {
    let found = lint_manifests(&Sources::new(), manifests).into_iter();
    let found = found.filter(|diagnostic| diagnostic.rule.is_some_and(|found| found.id == rule));
    found.map(|diagnostic| diagnostic.severity.as_str()).collect()
}

/// The findings of one rule on a chart given as its files: `file:line:column message`.
pub(super) fn chart_findings(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
    let sources = Sources::new();
    lint_chart(&sources, files)
        .into_iter()
        .filter(|diagnostic| diagnostic.rule.is_some_and(|found| found.id == rule))
        .map(|diagnostic| {
            let place = diagnostic.span().and_then(|span| crate::diag::render::locate(&sources, span));
            let place = place.map_or(String::new(), |place| {
                let file = place.file.strip_prefix("chart/").unwrap_or(&place.file).to_owned();
                format!("{file}:{}:{} ", place.line, place.column)
            });
            format!("{place}{}", diagnostic.message)
        })
        .collect()
}

/// Every rule on manifests.
pub(super) fn lint_manifests(sources: &Sources, manifests: &str) -> Vec<Diagnostic> {
    lint_with(sources, manifests, &Config::default())
}

/// The rules that a configuration leaves on, on manifests.
pub(super) fn lint_with(sources: &Sources, manifests: &str, config: &Config) -> Vec<Diagnostic> {
    let (objects, mut reported) = parse(sources, manifests);
    input::cite_manifests(&mut reported, sources);
    let subject = Subject {
        objects: &objects.iter().collect::<Vec<_>>(),
        crds: &[],
        policies: &[],
        chart: None,
        reported: &reported,
        sources,
        version: Version::DEFAULT,
    };
    run(&subject, config)
}

/// The findings of one rule on a release that is rendered from a chart: `severity path`.
pub(super) fn release_findings(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (world, sources) = (Memory::default().into_world(), Sources::new());
    let chart = Arc::new(chart(&sources, files));
    let computed =
        values::compute(&world, &sources, &chart, &values::Overrides::default(), &values::Options::default());
    let computed = computed.output.unwrap();
    let options = render::Options {
        seed: Some(0),
        ..render::Options::install(Release::install(Release::DEFAULT_NAME, "default"))
    };
    let report = render::render(&world, &sources, &computed, &options);
    let Some(rendered) = report.output else { panic!("{:?}", report.diagnostics) };
    let subject = Subject {
        objects: &rendered.objects().collect::<Vec<_>>(),
        crds: &[],
        policies: &[],
        chart: Some(ChartSubject {
            chart: &chart,
            computed: &computed,
            sources: &sources,
            rendering: Some(Rendering {
                world: &world,
                options: &options,
                uses_random_values: rendered.uses_random_values,
            }),
        }),
        reported: &report.diagnostics,
        sources: &sources,
        version: Version::DEFAULT,
    };
    let found = run(&subject, &Config::default());
    let found = found.into_iter().filter(|diagnostic| diagnostic.rule.is_some_and(|found| found.id == rule));
    found
        .map(|diagnostic| format!("{} {}", diagnostic.severity, diagnostic.path.unwrap_or_default()))
        .collect()
}

/// Every rule on a chart, with the values of `prod.yaml` if there is such a file; its templates are not rendered.
pub(super) fn lint_chart(sources: &Sources, files: &[(&str, &str)]) -> Vec<Diagnostic> {
    let chart = Arc::new(chart(sources, files));
    let options = values::Options { skip_schema_validation: true, ..values::Options::default() };
    let given = files.iter().filter(|(path, _)| *path == "prod.yaml");
    let given = given.map(|(path, text)| sources.add(*path, *text, SourceKind::File));
    let overrides =
        values::Overrides { files: given.map(ValuesFile::Source).collect(), ..Default::default() };
    let report = values::compute(&Memory::default().into_world(), sources, &chart, &overrides, &options);
    let Some(computed) = report.output else { panic!("{:?}", report.diagnostics) };
    let mut reported = report.diagnostics;
    input::cite_chart(&mut reported);
    let subject = Subject {
        objects: &[],
        crds: &[],
        policies: &[],
        chart: Some(ChartSubject { chart: &chart, computed: &computed, sources, rendering: None }),
        reported: &reported,
        sources,
        version: Version::DEFAULT,
    };
    run(&subject, &Config::default())
}

/// A chart of files; one without `Chart.yaml` gets it.
pub(super) fn chart(sources: &Sources, files: &[(&str, &str)]) -> Chart {
    const CHART: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n");
    let own = files.iter().any(|(path, _)| *path == CHART.0);
    let files = files.iter().copied().chain((!own).then_some(CHART));
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
    let report = crate::chart::from_files(sources, "chart", files);
    report.output.unwrap_or_else(|| panic!("{:?}", report.diagnostics))
}

/// The objects of a text.
pub(super) fn objects(sources: &Sources, manifests: &str) -> Vec<Object> {
    parse(sources, manifests).0
}

fn parse(sources: &Sources, manifests: &str) -> (Vec<Object>, Vec<Diagnostic>) {
    let id = sources.add("test.yaml", manifests, SourceKind::File);
    let report = manifest::parse(sources, id, "test.yaml", &ReadOptions::lenient());
    assert!(!report.has_errors(), "{:?}\n{manifests}", report.diagnostics);
    (report.output.unwrap(), report.diagnostics)
}

fn summarize(rule: &str, sources: &Sources, found: Vec<Diagnostic>) -> Vec<String> {
    assert!(super::rule(rule).is_some(), "no rule {rule}");
    found
        .into_iter()
        .filter(|diagnostic| diagnostic.rule.is_some_and(|found| found.id == rule))
        .map(|diagnostic| {
            let at = diagnostic.span().and_then(|span| sources.position(span)).unwrap();
            format!("{}:{} {}", at.line, at.column, diagnostic.path.unwrap_or_default())
        })
        .collect()
}
