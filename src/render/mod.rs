//! A release: charts and values to rendered, checked and ordered manifests.
//!
//! Each chart of the enabled tree is rendered by its own engine. What comes out is the same from here on:
//! the files are split into documents as Helm splits them, every document is parsed, hooks are told from
//! the manifest, and the rest is put into the order in which Helm installs it. Nothing is handed out unless
//! everything is sound, so a pipe into kubectl never applies half a release.

mod emit;
mod head;
mod hooks;
mod report;
mod split;
mod undecrypted;

pub use emit::{Selection, files, json_list, stream};
pub use hooks::{HookSpec, hook};
pub use report::dry_run;
pub use undecrypted::{Undecrypted, undecrypted};

use crate::chart::{self, Chart, EngineKind};
use crate::diag::{Diagnostic, Report, Rule, Severity, SourceId, SourceKind, SourceMap, Sources, Span};
use crate::engine::{
    Capabilities, FileRole, Inputs, KnownObjects, Lookup, Release, RenderedFile, engine_for, helm,
};
use crate::k8s::{KubeVersion, kinds};
use crate::limits::Activity;
use crate::manifest::{self, Object};
use crate::values::{self, Computed, Scope};
use crate::world::World;
use crate::yaml::{self, Node, ReadOptions};
use hooks::HookRole;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// The rules about rendered files.
pub static RULES: [&Rule; 2] = [&split::TEXT_AFTER_SEPARATOR, &hooks::UNKNOWN_HOOK];

/// How to render.
#[derive(Debug, Clone)]
pub struct Options {
    /// The release.
    pub release: Release,
    /// The cluster it is for.
    pub capabilities: Capabilities,
    /// Whether what plimsoll holds against an unmodified Helm chart, and Helm does not, is an error.
    pub strict: bool,
    /// Writes `metadata.namespace` on namespaced objects that lack it.
    pub with_namespace: bool,
    /// `--seed`: makes the random functions of Helm charts repeatable.
    pub seed: Option<u64>,
    /// The objects that `lookup` of Helm charts finds; without them it finds nothing, as in `helm template`.
    pub lookup: Option<KnownObjects>,
    /// Renders as `helm lint` does: `required` and `fail` of Helm charts do not fail, and neither does a version of the
    /// cluster that the chart does not support.
    pub is_lint: bool,
}

impl Options {
    /// How a first installation is rendered when nothing else is said: for the default version of Kubernetes, with random
    /// values that differ each time.
    pub fn install(release: Release) -> Self {
        Self {
            release,
            capabilities: Capabilities::default(),
            strict: false,
            with_namespace: false,
            seed: None,
            lookup: None,
            is_lint: false,
        }
    }
}

/// A release to be rendered, from the chart's name on.
#[derive(Debug, Clone)]
pub struct Request {
    /// The chart: a directory, a `.tgz`, `builtin:NAME`.
    pub chart: String,
    /// What the user sets.
    pub overrides: values::Overrides,
    /// How values are computed.
    pub values: values::Options,
    /// How it is rendered.
    pub options: Options,
}

/// A rendered release, with what it was made from.
#[derive(Debug)]
pub struct Output {
    /// The values of every chart.
    pub computed: Computed,
    /// What came of them.
    pub render: Render,
    /// How it was rendered.
    pub options: Options,
}

/// Loads a chart, computes its values and renders it.
pub fn release(world: &World, sources: &Sources, request: &Request) -> Report<Output> {
    let mut diagnostics = Vec::new();
    let Some(chart) = chart::open(world, sources, &request.chart).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    let mut report = release_of(world, sources, chart, request);
    diagnostics.append(&mut report.diagnostics);
    Report { output: report.output, diagnostics }
}

/// Computes the values of a chart that has been loaded, and renders it.
pub fn release_of(
    world: &World,
    sources: &Sources,
    chart: impl Into<Arc<Chart>>,
    request: &Request,
) -> Report<Output> {
    let mut diagnostics = Vec::new();
    let computed = values::compute(world, sources, &chart.into(), &request.overrides, &request.values)
        .take(&mut diagnostics);
    let Some(computed) = computed.filter(|_| !crate::diag::has_errors(&diagnostics)) else {
        return Report::failed(diagnostics);
    };
    match render(world, sources, &computed, &request.options).take(&mut diagnostics) {
        Some(render) => {
            Report::with(Output { computed, render, options: request.options.clone() }, diagnostics)
        }
        None => Report::failed(diagnostics),
    }
}

/// The release name that `--name-template` makes: in Helm's language, whatever the chart's.
pub fn name_from_template(world: &World, template: &str, seed: Option<u64>) -> Result<String, Diagnostic> {
    helm::text(world, template, seed).map_err(|reason| Diagnostic::error(format!("`{template}`: {reason}")))
}

/// One document of a release.
#[derive(Debug, Clone)]
pub struct Document {
    /// `chart/templates/x.yaml`, as in Helm's `# Source:` line.
    pub path: String,
    /// The document as it is printed, without separator, ending in a line break.
    pub text: String,
    /// The object in it, or those of a `List`; none in a document of comments, which only Helm charts keep.
    pub objects: Vec<Object>,
    /// The kind of the document itself, which decides its place in the order: that of its object, of the list around
    /// its objects, or of a map without an `apiVersion`, which Helm prints too. Empty for a document of comments.
    pub kind: String,
    /// How it is a hook, if it is one.
    pub hook: Option<HookSpec>,
}

/// A rendered release.
#[derive(Debug, Clone, Default)]
pub struct Render {
    /// The manifest in install order.
    pub manifest: Vec<Document>,
    /// The hooks in the order of their kinds, as `helm template` prints them.
    pub hooks: Vec<Document>,
    /// The custom resource definitions under `crds/`, the root chart's first. Never templated.
    pub crds: Vec<Document>,
    /// What the root chart's `NOTES.txt` says.
    pub notes: Option<String>,
    /// Whether the next render may differ: a Helm chart read the time, or generated random values without a seed.
    pub nondeterministic: bool,
    /// Whether a Helm chart generated random values, with a seed or without.
    pub uses_random_values: bool,
    /// What Helm charts called `lookup` with.
    pub lookups: BTreeSet<Lookup>,
}

impl Render {
    /// The objects of the manifest and the hooks, as lint, diff and preview take them.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.manifest.iter().chain(&self.hooks).flat_map(|document| &document.objects)
    }

    /// The objects of the custom resource definitions, the manifest and the hooks.
    pub fn all_objects(&self) -> impl Iterator<Item = &Object> {
        self.crds.iter().flat_map(|document| &document.objects).chain(self.objects())
    }
}

/// Renders the charts of a computed tree.
pub fn render(world: &World, sources: &Sources, computed: &Computed, options: &Options) -> Report<Render> {
    let mut diagnostics = Vec::new();
    let activity = Activity::begin(format!("rendering the chart `{}`", computed.root.chart.name()));
    check_release(&computed.root, options, &mut diagnostics);
    if crate::diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    let Some(rendered) = run_engines(world, sources, computed, options).take(&mut diagnostics) else {
        return Report::failed(diagnostics);
    };
    drop(activity);
    assemble(sources, computed, options, rendered, diagnostics)
}

/// As [`render`], from what the templates have rendered already: for callers that render one chart many times. What the
/// release itself breaks is found here, too.
pub(crate) fn from_files(
    sources: &Sources,
    computed: &Computed,
    options: &Options,
    files: Vec<(EngineKind, Vec<RenderedFile>)>,
) -> Report<Render> {
    let mut diagnostics = Vec::new();
    check_release(&computed.root, options, &mut diagnostics);
    if crate::diag::has_errors(&diagnostics) {
        return Report::failed(diagnostics);
    }
    let of_engine = |(engine, files): (EngineKind, Vec<RenderedFile>)| {
        files.into_iter().map(move |file| EngineFile { file, engine })
    };
    let rendered = Rendered { files: files.into_iter().flat_map(of_engine).collect(), ..Rendered::default() };
    assemble(sources, computed, options, rendered, diagnostics)
}

/// Splits, reads, checks and orders what the templates have rendered.
fn assemble(
    sources: &Sources,
    computed: &Computed,
    options: &Options,
    rendered: Rendered,
    mut diagnostics: Vec<Diagnostic>,
) -> Report<Render> {
    let mut render = Render {
        nondeterministic: rendered.nondeterministic,
        uses_random_values: rendered.uses_random_values,
        lookups: rendered.lookups,
        ..Render::default()
    };
    let _activity = Activity::begin("reading the rendered manifests".to_owned());
    let root_notes = format!("{}/templates/NOTES.txt", computed.root.path);
    let mut files = rendered.files;
    files.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    let (notes, manifests): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.file.role == FileRole::Notes);
    let notes = notes.into_iter().find(|file| file.file.path == root_notes);
    render.notes = notes.map(|file| file.file.text);
    let mut documents = read(sources, manifests, options, &mut diagnostics);
    check_identities(&documents, options, &mut diagnostics);
    for parsed in &mut documents {
        if options.with_namespace {
            emit::write_namespace(&mut parsed.document, &options.release.namespace);
        }
    }
    for Parsed { document, role, .. } in documents {
        match role {
            HookRole::None => render.manifest.push(document),
            HookRole::Hook(hook) => render.hooks.push(Document { hook: Some(hook), ..document }),
            HookRole::Unknown(event) => {
                let span = document.objects.first().map_or(Span::NONE, |object| object.span);
                diagnostics.push(
                    Diagnostic::from_rule(
                        &hooks::UNKNOWN_HOOK,
                        format!("`{event}` is not a hook event: the object is left out, as Helm does"),
                    )
                    .at(span, "this object"),
                );
            }
        }
    }
    render.manifest.sort_by_cached_key(place);
    render.hooks.sort_by_cached_key(place);
    render.crds = crds(sources, &computed.root, &mut diagnostics);
    if crate::diag::has_errors(&diagnostics) {
        Report::failed(diagnostics)
    } else {
        Report::with(render, diagnostics)
    }
}

/// The place in Helm's install order (`releaseutil.InstallOrder`); kinds that are not in it come last, by name.
fn place(document: &Document) -> (usize, String) {
    let rank = kinds::install_rank(&document.kind);
    let is_listed = rank < kinds::install_rank("");
    (rank, if is_listed { String::new() } else { document.kind.clone() })
}

/// Helm's rules for what can be installed at all.
fn check_release(root: &Scope, options: &Options, diagnostics: &mut Vec<Diagnostic>) {
    if let Err(message) = check_name(&options.release.name) {
        diagnostics.push(message);
    }
    if let Err(message) = check_namespace(&options.release.namespace) {
        diagnostics.push(message);
    }
    if root.chart.is_library() {
        diagnostics.push(
            Diagnostic::error(format!(
                "`{}` is a library chart and renders nothing by itself",
                root.chart.name()
            ))
            .at(
                root.chart.metadata.node.get("type").map_or(Span::NONE, |node| node.span),
                "library charts are not installable",
            )
            .help("list it under `dependencies` of the chart that uses its components"),
        );
    }
    let mut open = if options.is_lint { Vec::new() } else { vec![root] };
    while let Some(scope) = open.pop() {
        if let Some(wanted) = &scope.chart.metadata.kube_version
            && !wanted.matches(&without_suffix(&options.capabilities.kube_version))
        {
            let span = scope.chart.metadata.node.get("kubeVersion").map_or(Span::NONE, |node| node.span);
            // Helm asks only the chart that is installed.
            let is_asked_by_helm = std::ptr::eq(scope, root) || scope.chart.engine == EngineKind::Tera;
            let severity =
                if is_asked_by_helm || options.strict { Severity::Error } else { Severity::Warning };
            let message = format!(
                "chart `{}` requires kubeVersion {wanted}, which is incompatible with Kubernetes {}",
                scope.name, options.capabilities.kube_version.version
            );
            diagnostics.push(
                Diagnostic::new(severity, message)
                    .at(span, "required here")
                    .help("set the cluster's version with `--kube-version`"),
            );
        }
        open.extend(scope.children.iter().rev());
    }
}

/// What constraints on the cluster's version are checked against.
fn without_suffix(version: &KubeVersion) -> semver::Version {
    semver::Version::new(version.major, version.minor, version.patch)
}

/// Helm's rule for release names (`chartutil.ValidateReleaseName`): a DNS name of at most 53 characters.
pub fn check_name(name: &str) -> Result<(), Diagnostic> {
    const LIMIT: usize = 53;
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = part.as_bytes();
        !bytes.is_empty()
            && bytes.iter().all(|b| inner(*b) || *b == b'-')
            && bytes.first().copied().is_some_and(inner)
            && bytes.last().copied().is_some_and(inner)
    };
    if name.len() > LIMIT {
        return Err(Diagnostic::error(format!(
            "release name `{name}` has {} characters, {LIMIT} are allowed",
            name.len()
        ))
        .help("objects are named after the release and need room for their own suffixes"));
    }
    if name.split('.').all(part) {
        return Ok(());
    }
    Err(Diagnostic::error(format!("invalid release name `{name}`"))
        .help("use lower-case letters, digits, `-` and `.`; begin and end with a letter or digit"))
}

/// A namespace is a DNS label (`ValidateNamespaceName`): nothing could be applied to any other.
fn check_namespace(name: &str) -> Result<(), Diagnostic> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = name.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    if bytes.len() <= 63
        && ends.iter().all(|b| b.copied().is_some_and(inner))
        && bytes.iter().all(|b| inner(*b) || *b == b'-')
    {
        return Ok(());
    }
    Err(Diagnostic::error(format!("invalid namespace `{name}`"))
        .help("use at most 63 lower-case letters, digits and `-`; begin and end with a letter or digit"))
}

/// A rendered file and what kind of chart it is from.
struct EngineFile {
    file: RenderedFile,
    engine: EngineKind,
}

#[derive(Default)]
struct Rendered {
    files: Vec<EngineFile>,
    nondeterministic: bool,
    uses_random_values: bool,
    lookups: BTreeSet<Lookup>,
}

/// Renders each chart by its engine.
fn run_engines(world: &World, sources: &Sources, computed: &Computed, options: &Options) -> Report<Rendered> {
    let mut scopes = Vec::new();
    let mut open = vec![&computed.root];
    while let Some(scope) = open.pop() {
        scopes.push(scope);
        open.extend(scope.children.iter().rev());
    }
    let inputs = Inputs {
        world,
        release: &options.release,
        capabilities: &options.capabilities,
        seed: options.seed,
        lookup: options.lookup.as_ref(),
        is_lint: options.is_lint,
        recorder: None,
    };
    let mut diagnostics = Vec::new();
    let mut all = Rendered::default();
    for kind in [EngineKind::Tera, EngineKind::GoTemplate] {
        if !scopes.iter().any(|scope| scope.chart.engine == kind) {
            continue;
        }
        let report = engine_for(kind).render(sources, &computed.root, &inputs);
        if let Some(rendered) = report.take(&mut diagnostics) {
            all.nondeterministic |= rendered.nondeterministic;
            all.uses_random_values |= rendered.uses_random_values;
            all.lookups.extend(rendered.lookups);
            all.files.extend(rendered.files.into_iter().map(|file| EngineFile { file, engine: kind }));
        }
    }
    let severity = if options.strict { Severity::Error } else { Severity::Warning };
    let known = &computed.root.chart.remarks;
    for mut link in scopes.iter().flat_map(|scope| scope.chart.links_followed(known)) {
        link.severity = severity;
        if !diagnostics.contains(&link) {
            diagnostics.push(link);
        }
    }
    if let Some(error) = diagnostics.iter_mut().find(|found| found.severity == Severity::Error) {
        if let Some(scope) = scopes.iter().find(|scope| !scope.chart.engine_is_sure) {
            error.help.push(format!(
                "the templates of `{}` could be Helm's or Tera's and are rendered as Helm's: set `engine: gotpl` or \
                 `engine: tera` in its `Chart.yaml`",
                scope.chart.name()
            ));
        }
        return Report::failed(diagnostics);
    }
    Report::with(all, diagnostics)
}

/// A document, how it is a hook, and the strictness of the chart that it came from.
struct Parsed {
    document: Document,
    role: HookRole,
    strict: bool,
}

/// Splits files into documents and reads the objects in each, in the order of the files.
fn read(
    sources: &Sources,
    files: Vec<EngineFile>,
    options: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Parsed> {
    let files: Vec<Manifests> = files.into_iter().map(|file| Manifests::new(file, options)).collect();
    let size: usize = files.iter().map(|file| file.text.len()).sum();
    let read = |(file, range): (&Manifests, Range<usize>)| file.document(sources, range);
    let reports: Vec<Report<Parsed>> = if size < WORTH_SHARING {
        files.iter().flat_map(Manifests::parts).map(read).collect()
    } else {
        // In two steps, for a single file may hold most documents.
        let parts: Vec<_> = files.par_iter().flat_map_iter(Manifests::parts).collect();
        parts.into_par_iter().map(read).collect()
    };
    reports.into_iter().filter_map(|report| report.take(diagnostics)).collect()
}

/// Bytes of manifests from which on threads share their reading.
const WORTH_SHARING: usize = 64 << 10;

/// A rendered file of manifests.
struct Manifests {
    path: String,
    template: SourceId,
    text: String,
    map: SourceMap,
    engine: EngineKind,
    strict: bool,
}

impl Manifests {
    fn new(file: EngineFile, options: &Options) -> Self {
        let EngineFile { file: RenderedFile { path, template, text, segments, .. }, engine } = file;
        let strict = options.strict || engine == EngineKind::Tera;
        Self { path, template, text, map: SourceMap::new(segments), engine, strict }
    }

    /// Its documents. An empty file is still told apart from a missing one by whoever asks for it by name.
    fn parts(&self) -> impl Iterator<Item = (&Self, Range<usize>)> {
        split::documents(&self.text).into_iter().map(move |range| (self, range))
    }

    /// Reads the document in a part of the text; there is no output if it is broken, or, in a Tera chart, empty.
    fn document(&self, sources: &Sources, range: Range<usize>) -> Report<Parsed> {
        let read_options = if self.strict { ReadOptions::strict() } else { ReadOptions::lenient() };
        let map = self.map.slice(range.start, range.end);
        let part = &self.text[range.clone()];
        let source = sources.add(self.path.clone(), part, SourceKind::Rendered(map));
        let report = manifest::parse(sources, source, &self.path, &read_options);
        let found = report.diagnostics.into_iter().map(|found| self.as_helm_takes_it(found));
        let mut diagnostics: Vec<Diagnostic> =
            found.map(|found| in_template(found, sources, self.template)).collect();
        let broken = crate::diag::has_errors(&diagnostics);
        let objects = report.output.unwrap_or_default();
        if broken || objects.is_empty() && self.engine == EngineKind::Tera {
            return Report::failed(diagnostics);
        }
        let root = match objects.as_slice() {
            // Only a list has `items`; to Helm, it is not what is in it.
            [object] if !part.contains("items") => Some(Cow::Borrowed(&*object.root)),
            _ => read_root(sources, source, &read_options).map(Cow::Owned),
        };
        if self.engine == EngineKind::GoTemplate
            && let Some(found) = root.as_deref().and_then(head::unreadable)
        {
            diagnostics.retain(|other| other.path != found.path);
            diagnostics.push(in_template(found, sources, self.template));
            return Report::failed(diagnostics);
        }
        diagnostics.extend(objects.iter().filter_map(|object| nameless(object, self.strict)));
        if self.engine == EngineKind::GoTemplate && split::follows_separator(&self.text, range.start) {
            let severity = if self.strict { Severity::Error } else { Severity::Warning };
            let found = split::text_after_separator(source, part);
            diagnostics.push(Diagnostic { severity, ..found });
        }
        let text = printed(&self.text, &range, self.engine);
        let (kind, role) = root
            .as_deref()
            .map_or((String::new(), HookRole::None), |root| (head::kind(root), hooks::role(root)));
        let document = Document { path: self.path.clone(), text, objects, kind, hook: None };
        Report::with(Parsed { document, role, strict: self.strict }, diagnostics)
    }

    /// Helm prints a map of whatever kind, also of none.
    fn as_helm_takes_it(&self, mut found: Diagnostic) -> Diagnostic {
        let of_type = matches!(found.path.as_deref(), Some("apiVersion" | "kind"));
        if of_type && !self.strict && found.severity == Severity::Error {
            found.severity = Severity::Warning;
            found = found.help("Helm prints the document anyway, but kubectl rejects it");
        }
        found
    }
}

/// The tree of a document, whatever it is; nothing if it is only comments.
fn read_root(sources: &Sources, source: SourceId, options: &ReadOptions) -> Option<Node> {
    let documents = yaml::read(sources, source, options).output?;
    documents.into_iter().next().map(|document| document.root)
}

/// `kubectl apply` finds objects by name; only `kubectl create` takes `generateName` instead.
fn nameless(object: &Object, strict: bool) -> Option<Diagnostic> {
    let severity = if strict { Severity::Error } else { Severity::Warning };
    let given = |key| object.at(&["metadata", key]).filter(|node| !node.is_null());
    let found = match given("name") {
        Some(name) if name.as_str().is_none() => {
            Diagnostic::new(severity, "`metadata.name` must be a string")
                .at(name.span, format!("this is {}", name.type_name()))
                .help("quote it; in a template: `name: \"{{ .. }}\"`")
        }
        Some(name) if name.as_str() == Some("") => {
            Diagnostic::new(severity, "`metadata.name` is empty").at(name.span, "")
        }
        None if given("generateName").is_none() => {
            let entry = |key| object.root.as_map().and_then(|map| map.iter().find(|entry| entry.key == key));
            let at = entry("metadata").or_else(|| entry("kind")).map_or(object.span, |entry| entry.key_span);
            Diagnostic::new(severity, format!("{} without `metadata.name`", object.kind))
                .at(at, "this object")
                .help("add a name, usually one that starts with the release name")
        }
        _ => return None,
    };
    Some(found.path("metadata.name"))
}

/// The text of a document as it is printed. Helm cuts the white space at its end; that would eat line breaks that a
/// `|+` scalar keeps, so Tera charts keep them.
fn printed(text: &str, range: &Range<usize>, engine: EngineKind) -> String {
    let part = &text[range.clone()];
    let mut out = part.to_owned();
    out.push('\n');
    if engine == EngineKind::Tera && (part.contains("|+") || part.contains(">+")) {
        let rest = &text[range.end..];
        let breaks = rest.len() - rest.trim_start_matches('\n').len();
        out.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
    }
    out
}

/// Points a complaint about rendered text that has no place of its own at its template.
fn in_template(found: Diagnostic, sources: &Sources, template: SourceId) -> Diagnostic {
    if found.labels.is_empty() && sources.get(template).is_some() {
        return found.at(Span::new(template, 0, 0), "rendered from this template");
    }
    found
}

/// Two objects of one identity overwrite each other when they are applied.
fn check_identities(documents: &[Parsed], options: &Options, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<(&str, &str, &str, &str), (&Parsed, &Object)> = BTreeMap::new();
    for (parsed, object) in
        documents.iter().flat_map(|parsed| parsed.document.objects.iter().map(move |o| (parsed, o)))
    {
        if object.name.is_empty() {
            continue;
        }
        // Objects of the whole cluster are in no namespace, whatever they say.
        let namespace = match kinds::namespaced(&object.api_version, &object.kind) {
            Some(false) => "",
            _ => object.namespace.as_deref().unwrap_or(&options.release.namespace),
        };
        let key = (object.group(), object.kind.as_str(), namespace, object.name.as_str());
        let (first, other) = match seen.entry(key) {
            Entry::Occupied(seen) => *seen.get(),
            Entry::Vacant(place) => {
                place.insert((parsed, object));
                continue;
            }
        };
        let severity = if parsed.strict && first.strict { Severity::Error } else { Severity::Warning };
        let name_span =
            |object: &Object| object.at(&["metadata", "name"]).map_or(object.span, |name| name.span);
        let place = if namespace.is_empty() { String::new() } else { format!(" in namespace `{namespace}`") };
        let found =
            Diagnostic::new(severity, format!("duplicate object: {} `{}`{place}", object.kind, object.name))
                .at(name_span(object), "the second")
                .at(name_span(other), "the first")
                .object(object.reference())
                .help("rename or remove one of them: `kubectl apply` would keep only the last");
        diagnostics.push(found);
    }
}

/// The files under `crds/` of the whole tree, root first, each as one document: Helm prints them as they are.
fn crds(sources: &Sources, root: &Scope, diagnostics: &mut Vec<Diagnostic>) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut open = vec![root];
    while let Some(scope) = open.pop() {
        for file in &scope.chart.crds {
            let path = format!("{}/{}", scope.path, file.path);
            let report = manifest::parse(sources, file.source, &path, &ReadOptions::lenient());
            documents.push(Document {
                path,
                text: format!("{}\n", file.text),
                // Printed in the order of the files.
                kind: String::new(),
                objects: report.take(diagnostics).unwrap_or_default(),
                hook: None,
            });
        }
        open.extend(scope.children.iter().rev());
    }
    documents
}
