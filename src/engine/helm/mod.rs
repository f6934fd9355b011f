//! Charts in Helm's template language, which is [`crate::gotmpl`].
//!
//! Here is what their templates see (`.Chart`, `.Files`, `.Values`), and which templates of a release are rendered in
//! which order. All stand in one name space, as in Helm: a file's definitions override those of files that lie deeper.

mod lookup;
mod objects;
mod selected;

pub use lookup::answers;
pub(crate) use objects::glob;
pub use selected::{Failure, Selected, Templates};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chart::{EngineKind, ImportValues, TextFile};
use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span};
use crate::engine::{
    self, Definitions, Engine, FileRole, Inputs, Point, Release, RenderedFile, ValueReference,
};
use crate::gotmpl::{
    Elem, Entries, File, List, Map, ParseError, Rendered, Seed, Set, Value, Vm, definitions, parse, points,
    references,
};
use crate::limits::{self, Activity};
use crate::values::Scope;
use crate::world::World;
use rayon::prelude::*;

/// The API versions that Helm 4.1 takes every cluster to serve, whatever its version: those compiled into it.
pub const API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha1",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// Helm's language.
#[derive(Debug, Clone, Copy)]
pub struct Helm;

impl Engine for Helm {
    fn render(&self, sources: &Sources, root: &Scope, inputs: &Inputs<'_>) -> Report<engine::Rendered> {
        render(sources, root, inputs)
    }

    fn value_references(&self, text: &Arc<str>) -> Vec<ValueReference> {
        references(text).unwrap_or_default()
    }

    fn definitions(&self, text: &str) -> Definitions {
        definitions(text)
    }

    fn points(&self, file: &TextFile) -> Vec<Point> {
        points(&file.text).unwrap_or_default()
    }
}

/// Renders the templates of `root` and of its sub-charts, as far as they are Go templates: all of them together, because
/// their `define`s share one name space.
fn render(sources: &Sources, root: &Scope, inputs: &Inputs<'_>) -> Report<engine::Rendered> {
    let places = places(sources, root, inputs);
    let jobs = jobs(&places, &|_| true);
    let parsed = parse_all(&jobs);
    let set = match link(&jobs, &parsed) {
        Ok(set) => set,
        Err(diagnostics) => return Report::failed(diagnostics),
    };
    let seed = match seed_of(inputs.world, inputs.seed) {
        Ok(seed) => seed,
        Err(reason) => return Report::fail(Diagnostic::error(reason)),
    };
    let mut vm = Vm::new(set, seed, inputs.world.now());
    if let Some(objects) = inputs.lookup {
        vm = vm.with_cluster(Box::new(lookup::Answers::new(objects, &inputs.release.namespace)));
    }
    if inputs.is_lint {
        vm = vm.tolerating_failures();
    }
    if inputs.recorder.is_some() {
        vm = vm.recording();
    }
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    for job in jobs.iter().filter(|job| !job.partial) {
        let dot = places[job.scope].dot_of(job);
        if let Err(exceeded) = limits::check() {
            // The template in which that happened has said so.
            if diagnostics.is_empty() {
                diagnostics.push(exceeded.into());
            }
            break;
        }
        let _activity = Activity::begin(format!("rendering `{}`", job.name));
        let role = job.role();
        match vm.render(&job.name, &dot) {
            Ok(Rendered { not_utf8: Some(span), .. }) if role == FileRole::Manifest => {
                let found = Diagnostic::error("the rendered text is not valid UTF-8, so it is not YAML");
                diagnostics.push(found.at(span, "written here").help("encode binary data with `b64enc`"));
            }
            Ok(rendered) => files.push(job.rendered(rendered)),
            Err(error) => diagnostics.push(error.into_diagnostic(Span::new(job.file.source, 0, 0))),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(recorder) = inputs.recorder {
        recorder.add(vm.take_reached());
    }
    let rendered = engine::Rendered {
        files,
        nondeterministic: vm.is_nondeterministic(),
        uses_random_values: vm.uses_random_values(),
        lookups: vm.lookups().clone(),
    };
    drop(vm);
    take_apart(parsed);
    if !diagnostics.is_empty() {
        engine::conceal_rendered(sources, rendered.files);
        return Report::failed(diagnostics);
    }
    Report::ok(rendered)
}

/// The version of Helm that this engine follows, and that of Kubernetes' client library in it.
pub fn version() -> (&'static str, &'static str) {
    let field = |name: &str| {
        let found = objects::HELM_VERSION.iter().find(|(field, ..)| *field == name);
        found.map_or("", |(_, _, value)| value)
    };
    (field("Version"), field("KubeClientVersion"))
}

/// Renders a text that sees no chart and no values, as Helm renders `--name-template`. The error is a phrase.
pub fn text(world: &World, template: &str, seed: Option<u64>) -> Result<String, String> {
    run_text(world, "name-template", template, seed, &Value::Nil)
}

/// What a template renders for these texts, each under its name: the `--template` of Helm's commands. The error is a phrase.
pub fn text_of(world: &World, template: &str, fields: &[(&str, &str)]) -> Result<String, String> {
    let fields = fields.iter().map(|(name, text)| (Arc::from(*name), Value::str(text)));
    run_text(world, "template", template, None, &Value::map(fields.collect()))
}

fn run_text(
    world: &World,
    name: &str,
    template: &str,
    seed: Option<u64>,
    dot: &Value,
) -> Result<String, String> {
    let file = parse(Arc::from(template)).map_err(|error| error.to_string())?;
    let mut set = Set::default();
    set.add(name, &file, None);
    let mut vm = Vm::new(set, seed_of(world, seed)?, world.now());
    let rendered = vm.render(name, dot);
    rendered.map(|rendered| rendered.text).map_err(|error| error.to_string())
}

/// The seed that the user chose, or one of random numbers. The error is a phrase.
fn seed_of(world: &World, number: Option<u64>) -> Result<Seed, String> {
    match number {
        Some(number) => Ok(Seed::Fixed(number)),
        None => {
            world.random().map(Seed::Random).map_err(|error| format!("cannot get random numbers: {error}"))
        }
    }
}

/// One template file of the release.
struct Job<'a> {
    /// `chart/charts/sub/templates/x.yaml`
    name: String,
    file: &'a TextFile,
    scope: usize,
    /// Whether it is parsed for its definitions only.
    partial: bool,
}

impl Job<'_> {
    fn role(&self) -> FileRole {
        if self.name.ends_with("/NOTES.txt") { FileRole::Notes } else { FileRole::Manifest }
    }

    fn rendered(&self, rendered: Rendered) -> RenderedFile {
        let whole = Span::new(self.file.source, 0, self.file.text.len());
        RenderedFile {
            role: self.role(),
            segments: rendered.trace.into_segments(whole),
            template: self.file.source,
            path: self.name.clone(),
            text: rendered.text,
        }
    }
}

/// One chart of the tree.
struct Place<'a> {
    scope: &'a Scope,
    /// What its templates see as `.`.
    dot: Map,
}

impl Place<'_> {
    /// What the template of a job sees as `.`.
    fn dot_of(&self, job: &Job<'_>) -> Value {
        let template = Entries::from_iter([
            (Arc::from("Name"), Value::str(&job.name)),
            (Arc::from("BasePath"), format!("{}/templates", self.scope.path).into()),
        ]);
        self.dot.insert(Arc::from("Template"), Value::Map(Map::values(template)));
        Value::Map(self.dot.clone())
    }
}

/// The charts of the tree, sub-charts before the chart that they are in.
fn places<'a>(sources: &Sources, root: &'a Scope, inputs: &Inputs<'_>) -> Vec<Place<'a>> {
    let release = release_value(inputs.release);
    let capabilities = objects::Capabilities::value(inputs.capabilities);
    let mut from_flag = FromFlag { sources, last: None };
    let mut places = Vec::new();
    add_places(root, true, &release, &capabilities, &mut from_flag, &mut places);
    places
}

/// The partials of the tree and the other templates that are selected by their names, in Helm's order: deep paths first, and
/// backwards among paths of one depth.
fn jobs<'a>(places: &[Place<'a>], selects: &dyn Fn(&str) -> bool) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (index, Place { scope, .. }) in places.iter().enumerate() {
        // Charts of the other engine lend no definitions, and are rendered by it.
        if scope.chart.engine != EngineKind::GoTemplate {
            continue;
        }
        for file in &scope.chart.templates {
            let base = file.path.rsplit('/').next().unwrap_or(&file.path);
            let partial = base.starts_with('_');
            let name = format!("{}/{}", scope.path, file.path);
            if partial || (!scope.chart.is_library() && selects(&name)) {
                jobs.push(Job { name, file, scope: index, partial });
            }
        }
    }
    let depth = |name: &str| name.bytes().filter(|byte| *byte == b'/').count();
    jobs.sort_by(|a, b| (depth(&b.name), &b.name).cmp(&(depth(&a.name), &a.name)));
    jobs
}

/// The trees of the release's files, each text once.
type Parsed<'a> = BTreeMap<&'a str, Result<File, Box<ParseError>>>;

/// Bytes of templates from which on threads share their parsing.
const WORTH_SHARING: usize = 32 << 10;

/// Parses every file.
fn parse_all<'a>(jobs: &[Job<'a>]) -> Parsed<'a> {
    let texts: BTreeMap<&'a str, &Arc<str>> =
        jobs.iter().map(|job| (&*job.file.text, &job.file.text)).collect();
    let share = is_worth_sharing(texts.keys());
    let parse = |(key, text): (&'a str, &Arc<str>)| (key, parse(Arc::clone(text)));
    if share { texts.into_par_iter().map(parse).collect() } else { texts.into_iter().map(parse).collect() }
}

fn is_worth_sharing<'a>(texts: impl Iterator<Item = &'a &'a str>) -> bool {
    texts.map(|text| text.len()).sum::<usize>() >= WORTH_SHARING
}

/// Frees trees that nothing else holds: a tenth of the work on a large chart, and nobody has to wait for it.
fn take_apart(parsed: Parsed<'_>) {
    if is_worth_sharing(parsed.keys()) {
        let trees: Vec<File> = parsed.into_values().flatten().collect();
        rayon::spawn(move || drop(trees));
    }
}

/// Collects the definitions of parsed files. What is wrong with a text that stands in many charts is said once.
fn link(jobs: &[Job<'_>], parsed: &Parsed<'_>) -> Result<Set, Vec<Diagnostic>> {
    let mut set = Set::default();
    let mut broken: Vec<&str> = Vec::new();
    let mut diagnostics = Vec::new();
    for job in jobs {
        let text: &str = &job.file.text;
        match parsed.get(text) {
            Some(Ok(file)) => set.add(&job.name, file, Some(job.file.source)),
            Some(Err(error)) if !broken.contains(&text) => {
                broken.push(text);
                diagnostics.push(error.to_diagnostic(job.file.source));
            }
            _ => {}
        }
    }
    if diagnostics.is_empty() { Ok(set) } else { Err(diagnostics) }
}

/// Adds a chart and, before it, its sub-charts; returns what the templates of the chart see as `.`.
///
/// A sub-chart's values are the same map as the part of its parent's values that goes by its name, so
/// what one changes in place the other sees, as in Helm.
fn add_places<'a>(
    scope: &'a Scope,
    is_root: bool,
    release: &Value,
    capabilities: &Value,
    from_flag: &mut FromFlag<'_>,
    places: &mut Vec<Place<'a>>,
) -> Map {
    let is_child = |key: &str| scope.children.iter().any(|child| child.name == key);
    let own = scope.values.as_map().into_iter().flatten().filter(|entry| !is_child(&entry.key));
    let values = Map::values(Entries::from_yaml(own, |span| from_flag.is_set(span)));
    let mut subcharts = Entries::default();
    for child in &scope.children {
        let dot = add_places(child, false, release, capabilities, from_flag, places);
        // Among its parent's they are a plain map.
        if let Some(Value::Map(child_values)) = dot.get("Values") {
            let child_values = Value::Map(child_values.plain());
            values.insert_set_at(Arc::from(child.name.as_str()), child_values, child.values.span);
        }
        subcharts.insert(Arc::from(child.name.as_str()), Value::Map(dot));
    }
    let dot = Map::values(
        [
            ("Chart", chart_value(scope, is_root)),
            ("Files", objects::Files::value(&scope.chart.files)),
            ("Release", release.clone()),
            ("Capabilities", capabilities.clone()),
            ("Values", Value::Map(values)),
            ("Subcharts", Value::map(subcharts)),
        ]
        .into_iter()
        .map(|(key, value)| (Arc::from(key), value))
        .collect(),
    );
    places.push(Place { scope, dot: dot.clone() });
    dot
}

/// Says of values whether they came from `--set`, the one way by which integers stay integers.
struct FromFlag<'a> {
    sources: &'a Sources,
    last: Option<(crate::diag::SourceId, bool)>,
}

impl FromFlag<'_> {
    fn is_set(&mut self, span: Span) -> bool {
        match self.last {
            Some((source, answer)) if source == span.source => answer,
            _ => {
                let answer = self
                    .sources
                    .get(span.source)
                    .is_some_and(|source| source.kind == SourceKind::Flag && source.name == "--set");
                self.last = Some((span.source, answer));
                answer
            }
        }
    }
}

fn release_value(release: &Release) -> Value {
    Value::map(Entries::from_iter([
        (Arc::from("Name"), Value::str(&release.name)),
        (Arc::from("Namespace"), Value::str(&release.namespace)),
        (Arc::from("IsUpgrade"), Value::Bool(release.is_upgrade)),
        (Arc::from("IsInstall"), Value::Bool(!release.is_upgrade)),
        (Arc::from("Revision"), Value::Int(i64::from(release.revision))),
        (Arc::from("Service"), Value::str("Helm")),
    ]))
}

/// `.Chart`: every field of `Chart.yaml` under its Go name, set or not.
fn chart_value(scope: &Scope, is_root: bool) -> Value {
    let metadata = &scope.chart.metadata;
    let optional = |text: &Option<String>| Value::str(text.as_deref().unwrap_or_default());
    let strings = |texts: &[String]| Value::list(texts.iter().map(|text| Value::str(text)).collect());
    let map = |entries: Vec<(&str, Value)>| {
        Value::map(entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect())
    };
    let maintainers = metadata.maintainers.iter().map(|maintainer| {
        map(vec![
            ("Name", Value::str(&maintainer.name)),
            ("Email", optional(&maintainer.email)),
            ("URL", optional(&maintainer.url)),
        ])
    });
    let dependencies = scope.dependencies.iter().map(|dependency| {
        let import = |import: &ImportValues| {
            let entries = [("child", &import.child), ("parent", &import.parent)];
            let entries = entries.map(|(key, path)| (Arc::from(key), Value::str(path)));
            Value::Map(Map::new(Elem::Str, Entries::from_iter(entries)))
        };
        map(vec![
            ("Name", Value::str(&dependency.name)),
            ("Version", Value::str(dependency.version.as_ref().map_or("", |version| version.as_str()))),
            ("Repository", optional(&dependency.repository)),
            ("Condition", dependency.condition.join(",").into()),
            ("Tags", strings(&dependency.tags)),
            ("Enabled", Value::Bool(scope.is_pruned)),
            ("ImportValues", Value::list(dependency.import_values.iter().map(import).collect())),
            ("Alias", optional(&dependency.alias)),
        ])
    });
    let annotations = metadata
        .annotations
        .iter()
        .map(|(key, value)| (Arc::from(key.as_str()), Value::str(value)))
        .collect();
    let annotations = match metadata.node.get("annotations") {
        Some(node) if !node.is_null() => Map::new(Elem::Str, annotations),
        _ => Map::nil(Elem::Str),
    };
    let written_type = metadata.node.get("type").and_then(|node| node.as_str()).unwrap_or_default();
    map(vec![
        ("Name", Value::str(&scope.name)),
        ("Home", optional(&metadata.home)),
        ("Sources", strings(&metadata.sources)),
        ("Version", Value::str(&metadata.version)),
        ("Description", optional(&metadata.description)),
        ("Keywords", strings(&metadata.keywords)),
        ("Maintainers", Value::list(maintainers.collect())),
        ("Icon", optional(&metadata.icon)),
        ("APIVersion", Value::str(&metadata.api_version)),
        ("Condition", optional(&metadata.condition)),
        ("Tags", optional(&metadata.tags)),
        ("AppVersion", optional(&metadata.app_version)),
        ("Deprecated", Value::Bool(metadata.deprecated)),
        ("Annotations", Value::Map(annotations)),
        ("KubeVersion", Value::str(metadata.kube_version.as_ref().map_or("", |version| version.as_str()))),
        ("Dependencies", Value::List(List::new(Elem::Any, dependencies.collect()))),
        ("Type", Value::str(written_type)),
        ("IsRoot", Value::Bool(is_root)),
    ])
}
