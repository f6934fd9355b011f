//! From what the user names on the command line to findings: a chart is rendered, once for each values set;
//! manifests are read, all those of a release together.

use super::partition::{self, Partition};
use super::rules::UNUSED_ALLOW;
use super::surroundings::Surroundings;
use super::{ChartSubject, Config, Rendering, Subject, aside, input, merge, run};
use crate::chart::{self, is_outside};
use crate::diag::render::arrange;
use crate::diag::{Diagnostic, Severity, Sources, Span, has_errors};
use crate::k8s::Version;
use crate::kustomize::{self, Build};
use crate::manifest::{Manifests, Object, Skipped};
use crate::manifests;
use crate::values;
use crate::world::World;
use crate::yaml::{DUPLICATE_KEY, ReadOptions};
use crate::{render, values::Overrides};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One release to lint, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// What makes the release.
    pub target: Target,
    /// The values to render a chart with; at least one.
    pub sets: Vec<Set>,
    /// How values are computed.
    pub values: values::Options,
    /// How a chart is rendered.
    pub render: render::Options,
    /// What the cluster has besides the release.
    pub surroundings: Arc<Surroundings>,
}

impl Request {
    /// The version of Kubernetes that the objects are checked against: the nearest known one to what templates see.
    pub fn version(&self) -> Version {
        self.render.capabilities.kube_version.nearest()
    }
}

/// What makes a release.
#[derive(Debug, Clone)]
pub enum Target {
    /// A chart: a directory, a `.tgz` or `builtin:NAME`.
    Chart(String),
    /// The directory of a kustomization.
    Kustomization(PathBuf),
    /// Manifests that are applied together, as `kubectl apply -f` takes them.
    Manifests(Vec<ManifestSource>),
}

/// Where manifests come from.
#[derive(Debug, Clone)]
pub enum ManifestSource {
    /// A file or a directory.
    Path(PathBuf),
    /// A file that was found in a directory: it may be something else than a manifest.
    Found(PathBuf),
    /// A file that was found below a kustomization that does not use it: it may be a patch, too.
    Unused(PathBuf),
    /// A directory without anything to lint.
    Empty(PathBuf),
    /// A file or directory that cannot be read.
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The text of standard input.
    Stdin(String),
}

/// What findings call the values that a chart has without a values set, where there are such sets, too.
pub const DEFAULT_VALUES: &str = "the default values";

/// One set of values.
#[derive(Debug, Clone)]
pub struct Set {
    /// How findings name it: `--with prod.yaml`.
    pub name: String,
    /// The values.
    pub overrides: Overrides,
}

/// What was found in one release.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The findings, in the order in which they are shown. What could not be read or rendered is among them, under
    /// rules of their own.
    pub findings: Vec<Diagnostic>,
    /// How many objects were checked.
    pub objects: usize,
    /// What was passed over because it holds no manifests.
    pub skipped: Vec<Skipped>,
    /// Whether anything could be linted at all.
    pub is_linted: bool,
}

impl Outcome {
    /// Nothing could be linted; the findings contain the reason.
    fn failed(findings: Vec<Diagnostic>) -> Self {
        Self { findings, ..Self::default() }
    }
}

/// Lints one release. What cannot be read or rendered becomes a finding, and everything else is linted.
pub fn lint(world: &World, sources: &Sources, request: &Request, config: &Config) -> Outcome {
    let around = &*request.surroundings;
    match &request.target {
        Target::Chart(chart) => lint_chart(world, sources, chart, request, around, config),
        Target::Kustomization(directory) => {
            lint_kustomization(world, sources, directory, request, around, config)
        }
        Target::Manifests(from) => lint_manifests(world, sources, from, request.version(), around, config),
    }
}

fn lint_manifests(
    world: &World,
    sources: &Sources,
    from: &[ManifestSource],
    version: Version,
    around: &Surroundings,
    config: &Config,
) -> Outcome {
    let options = ReadOptions::lenient();
    let mut reader = manifests::FileReader::new(world, sources, &options);
    for source in from {
        match source {
            ManifestSource::Path(path) => reader.path(path),
            ManifestSource::Found(path) | ManifestSource::Unused(path) => reader.found(path),
            ManifestSource::Empty(directory) => reader.empty(directory),
            ManifestSource::Unreadable { path, reason } => reader.unreadable(path, reason),
            ManifestSource::Stdin(text) => reader.stdin(text.clone()),
        }
    }
    let (mut manifests, mut reported) = reader.finish_all();
    aside::set_aside(&mut manifests, from, sources, version);
    let Manifests { objects, skipped } = manifests;
    input::cite_manifests(&mut reported, sources);
    let is_linted = !objects.is_empty() || (skipped.is_empty() && !has_errors(&reported));
    let found = from.iter().filter_map(|source| match source {
        ManifestSource::Found(path) | ManifestSource::Unused(path) => Some(path.display().to_string()),
        _ => None,
    });
    let found: BTreeSet<String> = found.collect();
    let Partition { releases, variants } = partition::split(&objects, &found, sources);
    let mut findings = Vec::new();
    let mut unused: BTreeMap<Span, usize> = BTreeMap::new();
    for release in &releases {
        let holds = |variant: &&Diagnostic| {
            let source = variant.span().map(|span| span.source);
            release.iter().any(|object| Some(object.root.span.source) == source)
        };
        let reported = reported.iter().chain(variants.iter().filter(holds)).cloned().collect();
        let mut of_release = lint_objects(world, release, reported, sources, version, around, config);
        for finding in &mut of_release {
            partition::soften(finding, &found, sources, config);
        }
        let about_comments = of_release.iter().filter(|finding| is_unused_allow(finding));
        about_comments.filter_map(Diagnostic::span).for_each(|span| *unused.entry(span).or_insert(0) += 1);
        findings.extend(of_release);
    }
    // A comment in a file of several releases may be for one of them.
    let holding = |span: Span| {
        let holds = |release: &&Vec<&Object>| release.iter().any(|o| o.root.span.source == span.source);
        releases.iter().filter(holds).count()
    };
    findings.retain(|finding| {
        let span = finding.span().filter(|_| is_unused_allow(finding));
        span.is_none_or(|span| unused.get(&span) == Some(&holding(span)))
    });
    Outcome { findings: arrange(findings, sources), objects: objects.len(), skipped, is_linted }
}

fn is_unused_allow(finding: &Diagnostic) -> bool {
    finding.rule == Some(&UNUSED_ALLOW.rule)
}

fn lint_kustomization(
    world: &World,
    sources: &Sources,
    directory: &Path,
    request: &Request,
    around: &Surroundings,
    config: &Config,
) -> Outcome {
    let Build { objects, mut diagnostics } = kustomize::build(world, sources, directory, &request.render);
    input::cite_kustomization(&mut diagnostics);
    let is_linted = !objects.is_empty() || !has_errors(&diagnostics);
    let shown: Vec<_> = objects.iter().collect();
    let findings = lint_objects(world, &shown, diagnostics, sources, request.version(), around, config);
    Outcome { findings, objects: objects.len(), skipped: Vec::new(), is_linted }
}

/// The findings on objects that are applied as they are.
fn lint_objects(
    world: &World,
    objects: &[&Object],
    mut reported: Vec<Diagnostic>,
    sources: &Sources,
    version: Version,
    around: &Surroundings,
    config: &Config,
) -> Vec<Diagnostic> {
    // kubectl drops the first of two equal keys before it sends an object; the API server itself decodes strictly.
    for diagnostic in reported.iter_mut().filter(|diagnostic| diagnostic.rule == Some(&DUPLICATE_KEY)) {
        diagnostic.severity = Severity::Error;
    }
    let catalogued = around.definitions.look_up(world, objects, &mut reported);
    let crds = &around.definitions.objects().iter().chain(&catalogued).collect::<Vec<_>>();
    let policies = &around.policies.iter().collect::<Vec<_>>();
    let subject = Subject { objects, crds, policies, chart: None, reported: &reported, sources, version };
    let mut findings = run(&subject, config);
    findings.retain(|finding| !is_about_placeholder(finding, sources));
    findings
}

/// Whether the API server would refuse a value that is replaced before it is applied: `${NAME}`, as envsubst and Flux
/// write it, or `{{ .Name }}` and `%s`, as programs do that embed manifests.
fn is_about_placeholder(finding: &Diagnostic, sources: &Sources) -> bool {
    let is_of_server = finding.rule.is_some_and(|rule| rule.group() == "k8s");
    let Some(span) = finding.span().filter(|_| is_of_server) else { return false };
    let Some(source) = sources.get(span.source) else { return false };
    let text = source.text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let is_action = text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"));
    let name = text.split_once("${").map(|(_, rest)| rest.trim_start_matches(['_', '#', '^']));
    let is_variable =
        name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.contains('}'));
    !text.contains('\n') && (is_action || is_variable || has_verb(text))
}

/// Whether a name has a verb of Go's `fmt`: `%s`, `%d`, or with an index `%[1]s`. Expressions may have one for themselves.
fn has_verb(name: &str) -> bool {
    let mut verbs = name.split('%').skip(1).filter(|_| !name.contains(char::is_whitespace));
    verbs.any(|rest| {
        let index = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let verb = match index {
            Some((index, verb)) if index.parse::<u8>().is_ok() => verb,
            _ => rest,
        };
        verb.starts_with(['s', 'd', 'v', 'q'])
    })
}

fn lint_chart(
    world: &World,
    sources: &Sources,
    name: &str,
    request: &Request,
    around: &Surroundings,
    config: &Config,
) -> Outcome {
    let mut loaded = Vec::new();
    let chart = chart::open(world, sources, name).take(&mut loaded).filter(|_| !has_errors(&loaded));
    let Some(chart) = chart.map(Arc::new) else { return Outcome::failed(failed_chart(loaded, config)) };
    let mut failures = Vec::new();
    let mut runs = Vec::new();
    let mut objects = 0;
    // Values sets have nothing to do with each other.
    let of_set = |set: &Set| {
        let mut diagnostics = loaded.clone();
        one_set(world, sources, &chart, request, set, around, config, &mut diagnostics).ok_or(diagnostics)
    };
    let linted: Vec<_> = request.sets.par_iter().map(of_set).collect();
    for (set, linted) in request.sets.iter().zip(linted) {
        match linted {
            Ok((findings, count)) => {
                runs.push((set.name.clone(), findings));
                objects += count;
            }
            Err(diagnostics) => failures.push((set.name.clone(), failed_chart(diagnostics, config))),
        }
    }
    let is_linted = !runs.is_empty();
    if let [(DEFAULT_VALUES, failure)] =
        failures.iter_mut().map(|(set, found)| (set.as_str(), found)).collect::<Vec<_>>().as_mut_slice()
        && is_linted
    {
        excuse(failure);
    }
    // A finding with every set that rendered belongs to no set in particular.
    let mut findings = merge(runs, request.sets.len() - failures.len(), sources);
    findings.iter_mut().filter(|finding| finding.sets == [DEFAULT_VALUES]).for_each(excuse_object);
    findings.extend(merge(failures, request.sets.len(), sources));
    Outcome { findings: arrange(findings, sources), objects, skipped: Vec::new(), is_linted }
}

/// Charts whose values must be given have a values set for their tests: that the others do not suffice is no mistake.
fn excuse(failure: &mut [Diagnostic]) {
    for diagnostic in failure.iter_mut().filter(|found| found.severity == Severity::Error) {
        diagnostic.severity = Severity::Info;
        diagnostic.help.push("it renders with the values in `ci`".to_owned());
    }
}

/// The same goes for what the API server requires and the default values leave out.
fn excuse_object(finding: &mut Diagnostic) {
    if finding.severity == Severity::Error && finding.rule.is_some_and(|rule| rule.group() == "k8s") {
        finding.severity = Severity::Warning;
        finding.help.push("it is correct with the values in `ci`".to_owned());
    }
}

/// The values sets that a chart has for its tests, as chart-testing finds them: `ci/*-values.yaml`. Each is the path in
/// the chart and that of the file. Links that lead out of the chart and of its git repository are left out.
pub fn ci_values(world: &World, chart: &str) -> Vec<(String, PathBuf)> {
    let directory = PathBuf::from(chart).join("ci");
    let entries = world.list(&directory).unwrap_or_default().into_iter();
    let names = entries.filter_map(|entry| entry.name.into_string().ok());
    names
        .filter(|name| name.ends_with("-values.yaml"))
        .map(|name| (format!("ci/{name}"), directory.join(name)))
        .filter(|(_, file)| !is_outside(world, Path::new(chart), file))
        .collect()
}

/// What a chart reports that cannot be loaded or rendered, as findings.
fn failed_chart(mut reported: Vec<Diagnostic>, config: &Config) -> Vec<Diagnostic> {
    input::cite_chart(&mut reported);
    config.retain(&mut reported);
    config.set_severities(&mut reported);
    reported
}

/// The findings for one values set, and the number of objects. Errors that prevent linting are left in `diagnostics`.
#[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and there is one caller")]
fn one_set(
    world: &World,
    sources: &Sources,
    chart: &Arc<chart::Chart>,
    request: &Request,
    set: &Set,
    around: &Surroundings,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Vec<Diagnostic>, usize)> {
    let computed =
        values::compute(world, sources, chart, &set.overrides, &request.values).take(diagnostics)?;
    // A library chart renders nothing by itself, but has files to look at.
    let rendered = if chart.is_library() {
        render::Render::default()
    } else if has_errors(diagnostics) {
        return None;
    } else {
        render::render(world, sources, &computed, &request.render).take(diagnostics)?
    };
    if has_errors(diagnostics) {
        return None;
    }
    // Helm prints a document without a type, but no cluster takes it.
    for diagnostic in diagnostics.iter_mut().filter(|found| input::is_about_type(found)) {
        diagnostic.severity = Severity::Error;
    }
    diagnostics.retain(|found| !input::is_about_name(found));
    input::cite_chart(diagnostics);
    let objects: Vec<&Object> = rendered.objects().collect();
    let catalogued = around.definitions.look_up(world, &objects, diagnostics);
    let own = rendered.crds.iter().flat_map(|document| &document.objects);
    let crds: Vec<&Object> = own.chain(around.definitions.objects()).chain(&catalogued).collect();
    let subject = Subject {
        objects: &objects,
        crds: &crds,
        policies: &around.policies.iter().collect::<Vec<_>>(),
        chart: Some(ChartSubject {
            chart,
            computed: &computed,
            sources,
            rendering: Some(Rendering {
                world,
                options: &request.render,
                uses_random_values: rendered.uses_random_values,
            }),
        }),
        reported: diagnostics,
        sources,
        version: request.version(),
    };
    Some((run(&subject, config), objects.len()))
}
