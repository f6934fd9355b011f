//! Tera templates with YAML-aware interpolation.
//!
//! ```text
//! template -> rewrite -> Tera -> marked text -> place -> YAML and a source map
//! ```
//!
//! `rewrite` makes every expression leave a marker, Tera does what template engines do, and
//! `place` writes each value as the YAML around its marker demands. A chart's templates, the partials of its
//! library sub-charts and the components of plimsoll that they call are compiled together, by `compile`;
//! `rendering` is what Tera's filters know of the chart they work for. Texts given to `tpl` are templates of their own.
//! `guard` finds what a template must not do without end, and `budget` counts it; `scope` knows where variables came
//! from.

mod budget;
mod catalog;
mod circle;
mod compile;
mod definitions;
mod error;
mod explanation;
mod failed_text;
mod files;
mod functions;
mod guard;
mod lexer;
mod library;
mod names;
mod nesting;
mod outline;
mod place;
mod probes;
mod reads;
mod reference;
mod rendering;
mod rewrite;
mod scope;
mod syntax;
mod tags;
#[cfg(test)]
mod tests;
mod tpl;
mod upstream;
mod value;

pub use catalog::{Argument, Component, components};
pub use reference::{Entry, EntryKind, REFERENCE};
pub use upstream::{TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS};

use super::{
    Capabilities, Definitions, Engine, FileRole, Inputs, Point, Recorder, Release, Rendered, RenderedFile,
    ValueReference,
};
use crate::chart::{Chart, EngineKind, TextFile, is_partial};
use crate::diag::{Diagnostic, Report, SourceId, SourceKind, Sources, Span};
use crate::limits::{self, Activity};
use crate::values::Scope;
use crate::yaml::Node;
use budget::Budget;
use compile::{Input, Templates};
use files::Files;
use names::LENT_PREFIX;
use rayon::prelude::*;
use rendering::Rendering;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use value::Origins;

/// Tera with YAML-aware interpolation.
#[derive(Debug, Clone, Copy)]
pub struct Tera;

impl Engine for Tera {
    fn render(&self, sources: &Sources, root: &Scope, inputs: &Inputs<'_>) -> Report<Rendered> {
        render(sources, &own_charts(root), inputs)
    }

    fn value_references(&self, text: &Arc<str>) -> Vec<ValueReference> {
        reads::references(text)
    }

    fn definitions(&self, text: &str) -> Definitions {
        definitions::definitions(text)
    }

    fn points(&self, file: &TextFile) -> Vec<Point> {
        if is_template(&file.path) { rewrite::points(file.source, &file.text) } else { Vec::new() }
    }

    fn library(&self, templates: &[&str]) -> Vec<&'static str> {
        library::find_called(templates.iter().copied())
            .into_iter()
            .map(|number| library::FILES[number].1)
            .collect()
    }
}

/// The charts of a tree that have templates to be rendered by Tera, parents first.
fn own_charts(root: &Scope) -> Vec<&Scope> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(scope) = open.pop() {
        let chart = &scope.chart;
        if chart.engine == EngineKind::Tera && !chart.templates.is_empty() && !chart.is_library() {
            found.push(scope);
        }
        open.extend(scope.children.iter().rev());
    }
    found
}

/// Renders the templates of charts, each without those of its sub-charts. The files of a chart come in the order
/// of their paths.
fn render(sources: &Sources, scopes: &[&Scope], inputs: &Inputs<'_>) -> Report<Rendered> {
    if scopes.is_empty() {
        return Report::ok(Rendered::default());
    }
    let add = |(name, text): &(&str, &'static str)| {
        sources.add(format!("builtin:templates/{name}.tera"), *text, SourceKind::Builtin)
    };
    let library = library::FILES.iter().map(add).collect();
    let objects = Objects {
        sources,
        release: release_object(inputs.release),
        capabilities: inputs.capabilities,
        recorder: inputs.recorder,
        cluster: OnceLock::new(),
    };
    let charts: Vec<ChartTemplates<'_>> =
        scopes.iter().map(|scope| ChartTemplates::new(scope, &library)).collect();
    // Many sub-charts are copies of one: equal templates are compiled once.
    let mut shared: BTreeMap<_, OnceLock<Option<Arc<Templates>>>> = BTreeMap::new();
    for chart in &charts {
        shared.entry(chart.content()).or_default();
    }
    let render = |chart: &ChartTemplates<'_>| {
        let records = inputs.recorder.is_some();
        let compile = || Templates::compile(&chart.inputs, &chart.files, records).map(Arc::new);
        let compiled =
            shared.get(&chart.content()).and_then(|slot| slot.get_or_init(|| compile().ok()).clone());
        // A problem is reported for every chart that has it, in its own files.
        match compiled.map_or_else(compile, Ok) {
            Ok(templates) => chart.render(&templates, &objects),
            Err(diagnostics) => Report::failed(diagnostics),
        }
    };
    // Charts know nothing of each other. Few are not worth starting threads for.
    let reports: Vec<Report<Vec<RenderedFile>>> = if charts.len() < WORTH_SHARING {
        charts.iter().map(render).collect()
    } else {
        charts.par_iter().with_max_len(MOST_AT_ONCE).map(render).collect()
    };
    let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
    for report in reports {
        files.extend(report.take(&mut diagnostics).into_iter().flatten());
    }
    if crate::diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    Report::with(Rendered { files, ..Rendered::default() }, diagnostics)
}

/// How many charts are shared among threads.
const WORTH_SHARING: usize = 4;

/// How many charts a thread takes at a time; with more, the others would wait for the last one.
const MOST_AT_ONCE: usize = 4;

/// What templates of all charts see alike.
struct Objects<'a> {
    /// Where texts that are to be shown go.
    sources: &'a Sources,
    release: ::tera::Value,
    capabilities: &'a Capabilities,
    /// Records what is reached.
    recorder: Option<&'a Recorder>,
    /// `capabilities` as templates see them; made for the first chart that asks.
    cluster: OnceLock<::tera::Value>,
}

/// The templates of one chart, and of the library charts below it.
struct ChartTemplates<'a> {
    scope: &'a Scope,
    inputs: Vec<Input<'a>>,
    files: Files,
}

impl<'a> ChartTemplates<'a> {
    fn new(scope: &'a Scope, library: &Arc<[SourceId]>) -> Self {
        let mut inputs: Vec<Input<'_>> = scope
            .chart
            .templates
            .iter()
            .filter(|file| is_template(&file.path))
            .map(|file| input(Cow::Borrowed(template_name(&file.path)), file))
            .collect();
        for lender in library_charts(scope) {
            let partials = lender.templates.iter().filter(|file| is_partial(&file.path));
            inputs.extend(partials.map(|file| {
                let name = format!("{LENT_PREFIX}{}/{}", lender.name(), template_name(&file.path));
                input(Cow::Owned(name), file)
            }));
        }
        let own = inputs.iter().map(|input| input.source).collect();
        Self { scope, inputs, files: Files::new(Arc::clone(library), own) }
    }

    /// Names and texts: all that decides about what is compiled.
    fn content(&self) -> Vec<(&str, &str)> {
        self.inputs.iter().map(|input| (&*input.name, input.text)).collect()
    }

    fn render(&self, templates: &Templates, objects: &Objects<'_>) -> Report<Vec<RenderedFile>> {
        let scope = self.scope;
        let mut origins = Origins::default();
        let mut context = context(scope, templates, objects, &mut origins);
        let budget = Budget::new();
        let rendering = Rendering::new(
            Arc::clone(&scope.chart),
            Arc::clone(&templates.tables),
            self.files.clone(),
            origins,
            functions::instance(),
            budget,
        );
        let mut diagnostics = Vec::new();
        let mut files = Vec::new();
        for file in &scope.chart.templates {
            let Some(role) = role(&file.path) else {
                if !is_partial(&file.path) {
                    diagnostics.push(not_rendered(file));
                }
                continue;
            };
            let path = format!("{}/{}", scope.path, file.path);
            let base_path = format!("{}/templates", scope.path);
            if let Err(exceeded) = limits::check() {
                // The template in which that happened has said so.
                if !crate::diag::has_errors(&diagnostics) {
                    diagnostics.push(exceeded.into());
                }
                break;
            }
            let this = [("name", path.as_str().into()), ("basePath", base_path.into())];
            context.insert_value("template", value::map(this));
            let name = template_name(&file.path);
            let _activity = Activity::begin(format!("rendering `{path}`"));
            match templates.render(&rendering, &self.files, name, role, &context, objects.sources) {
                Ok(placed) => files.push(RenderedFile {
                    path,
                    template: file.source,
                    text: placed.text,
                    segments: placed.segments,
                    role,
                }),
                Err(errors) => diagnostics.extend(errors),
            }
        }
        if let Some(recorder) = objects.recorder {
            recorder.add(rendering.take_reached());
        }
        if crate::diag::has_errors(&diagnostics) {
            super::conceal_rendered(objects.sources, files);
            return Report::failed(diagnostics);
        }
        Report::with(files, diagnostics)
    }
}

fn input<'a>(name: Cow<'a, str>, file: &'a TextFile) -> Input<'a> {
    Input { name, source: file.source, text: &file.text }
}

/// The name of a template for `{% include %}` and `{% extends %}`: its path under `templates/`.
fn template_name(path: &str) -> &str {
    path.strip_prefix("templates/").unwrap_or(path)
}

/// Whether a file under `templates/` is a template.
fn is_template(path: &str) -> bool {
    is_partial(path) || role(path).is_some()
}

/// What a file under `templates/` is rendered for, if it is.
fn role(path: &str) -> Option<FileRole> {
    let base = path.rsplit('/').next().unwrap_or(path);
    if base.starts_with(['_', '.']) {
        return None;
    }
    if template_name(path) == "NOTES.txt" {
        return Some(FileRole::Notes);
    }
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "yaml" | "yml" | "json").then_some(FileRole::Manifest)
}

fn not_rendered(file: &TextFile) -> Diagnostic {
    Diagnostic::warning(format!("`{}` is not rendered", file.path))
        .at(Span::new(file.source, 0, 0), "neither .yaml, .yml nor .json")
        .help("rename it if it is a manifest, begin its name with `_` if it is a partial, or delete it")
}

/// The library charts among the sub-charts, at any depth below library charts. Those of the other engine lend nothing.
fn library_charts(scope: &Scope) -> Vec<&Chart> {
    let mut found: Vec<&Chart> = Vec::new();
    let mut open: Vec<&Scope> = scope.children.iter().collect();
    while let Some(scope) = open.pop() {
        let lends = scope.chart.is_library() && scope.chart.engine == EngineKind::Tera;
        if lends && !found.iter().any(|chart| chart.name() == scope.chart.name()) {
            found.push(&scope.chart);
            open.extend(&scope.children);
        }
    }
    found.sort_by(|a, b| a.name().cmp(b.name()));
    found
}

/// The names every template sees. What none of them reads is there, for messages that list names, but empty.
fn context(
    scope: &Scope,
    templates: &Templates,
    objects: &Objects<'_>,
    origins: &mut Origins,
) -> ::tera::Context {
    let mut context = ::tera::Context::new();
    let mut add = |name: &'static str, object: &mut dyn FnMut() -> ::tera::Value| {
        let object = if templates.reads(name) { object() } else { ::tera::Value::none() };
        context.insert_value(name, object);
    };
    add("values", &mut || origins.tree(&scope.values));
    add("chart", &mut || origins.tree(&chart_object(scope)));
    add("release", &mut || objects.release.clone());
    add("capabilities", &mut || {
        objects.cluster.get_or_init(|| capabilities_object(objects.capabilities)).clone()
    });
    add("subcharts", &mut || {
        let children = scope.children.iter().map(|child| {
            let values = origins.tree(&child.values);
            let seen = value::map([("name", child.name.as_str().into()), ("values", values)]);
            (::tera::value::Key::from(child.name.clone()), seen)
        });
        children.collect::<::tera::Map>().into()
    });
    context
}

/// The keys of Chart.yaml, with the name that the chart goes by.
fn chart_object(scope: &Scope) -> Node {
    let mut chart = scope.chart.metadata.node.clone();
    if let Some(map) = chart.as_map_mut() {
        map.insert("name", Span::NONE, Node::bare(scope.name.as_str()));
        if let Some(version) = &scope.chart.metadata.app_version {
            map.insert("appVersion", Span::NONE, Node::bare(version.as_str()));
        }
    }
    chart
}

fn release_object(release: &Release) -> ::tera::Value {
    value::map([
        ("name", release.name.as_str().into()),
        ("namespace", release.namespace.as_str().into()),
        ("revision", release.revision.into()),
        ("isInstall", (!release.is_upgrade).into()),
        ("isUpgrade", release.is_upgrade.into()),
        ("service", "Helm".into()),
    ])
}

fn capabilities_object(capabilities: &Capabilities) -> ::tera::Value {
    let version = &capabilities.kube_version;
    let kube_version = value::map([
        ("version", version.version.as_str().into()),
        ("major", version.major.to_string().into()),
        ("minor", version.minor.to_string().into()),
    ]);
    value::map([("kubeVersion", kube_version), ("apiVersions", capabilities.api_versions().into())])
}
