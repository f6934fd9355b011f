//! Template engines behind one trait.
//!
//! An engine turns the templates of a chart, with the values of its [`crate::values::Scope`], into
//! text. What becomes of the text (parsing, ordering, hooks) is the same for all of them and lives in
//! [`crate::render`]. An engine also says what it reads in a template without rendering it: which values, and which
//! definitions. Nobody else looks into template texts for that.

pub mod helm;
mod recorded;
mod recorder;
pub mod tera;

pub use recorded::Recorded;
pub use recorder::Recorder;

pub use crate::gotmpl::{
    Definition, Definitions, Lookup, Outcome, Point, PointKind, Reached, Reference as ValueReference, Usage,
};

use crate::chart::{Chart, EngineKind, TextFile};
use crate::diag::{Report, Segment, SourceId, SourceKind, SourceMap, Sources};
pub use crate::k8s::KubeVersion;
use crate::k8s::kinds;
use crate::manifest::Object;
use crate::values::{Scope, ValueRead};
use crate::world::World;
use crate::yaml::{Map, Node, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A template language.
pub trait Engine: Sync {
    /// Renders the charts of a tree that are written in this language. There is no output if any of them fails.
    fn render(&self, sources: &Sources, root: &Scope, inputs: &Inputs<'_>) -> Report<Rendered>;

    /// Which values a text reads, in the order of the text; nothing if it is not a template.
    fn value_references(&self, text: &Arc<str>) -> Vec<ValueReference>;

    /// Which templates, partials or components a text defines, and which it names.
    fn definitions(&self, text: &str) -> Definitions;

    /// What renders can reach of a file under `templates/`; nothing if it is not a template.
    fn points(&self, file: &TextFile) -> Vec<Point>;

    /// The templates of plimsoll's own that the given ones call.
    fn library(&self, _templates: &[&str]) -> Vec<&'static str> {
        Vec::new()
    }
}

/// The engine of a language.
pub fn engine_for(kind: EngineKind) -> &'static dyn Engine {
    match kind {
        EngineKind::Tera => &tera::Tera,
        EngineKind::GoTemplate => &helm::Helm,
    }
}

/// What templates see besides their chart and its values.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Where the time and random values come from.
    pub world: &'a World,
    /// The release.
    pub release: &'a Release,
    /// The cluster.
    pub capabilities: &'a Capabilities,
    /// Makes random values repeatable; without it they are made from the random numbers of `world`.
    pub seed: Option<u64>,
    /// The objects that `lookup` of Helm charts finds; without them it returns nothing, as in `helm template`.
    pub lookup: Option<&'a KnownObjects>,
    /// Whether `required` and `fail` of Helm charts return nothing instead of failing, as in `helm lint`.
    pub is_lint: bool,
    /// Records which parts of templates are reached.
    pub recorder: Option<&'a Recorder>,
}

/// The objects of a cluster that `lookup` can find.
#[derive(Debug, Clone)]
pub struct KnownObjects {
    /// The objects. Those that name no namespace are in the release's.
    pub objects: Arc<[Object]>,
    /// Whether they are all that the cluster has of what is looked up. If not, a list of nothing may be only unknown, and is
    /// an empty map, as in `helm template`.
    pub is_complete: bool,
}

/// What the templates of a release rendered.
#[derive(Debug, Default)]
pub struct Rendered {
    /// One for each template that is not a partial.
    pub files: Vec<RenderedFile>,
    /// Whether another render may differ: the time went into them, or random values or generated keys without a seed.
    pub nondeterministic: bool,
    /// Whether random values or keys were generated, with a seed or without.
    pub uses_random_values: bool,
    /// What `lookup` was called with.
    pub lookups: BTreeSet<Lookup>,
}

/// The texts of a chart that may be templates: those under `templates/`, each with its source; what `tpl` may be
/// given, which are the chart's other files and the strings in `values`; and what of plimsoll's own they call.
pub fn template_texts(chart: &Chart, values: &[&Map]) -> Vec<(Option<SourceId>, Arc<str>)> {
    let templates = chart.templates.iter().map(|file| (Some(file.source), Arc::clone(&file.text)));
    let mut texts: Vec<_> = templates.collect();
    let is_template = |text: &str| text.contains("{{");
    let files = chart.files.iter().filter_map(|file| std::str::from_utf8(file.data().ok()?).ok());
    texts.extend(files.filter(|text| is_template(text)).map(|text| (None, Arc::from(text))));
    let mut add = |text: &str| {
        if is_template(text) {
            texts.push((None, Arc::from(text)));
        }
    };
    for entry in values.iter().flat_map(|map| map.iter()) {
        strings(&entry.value, &mut add);
    }
    let own: Vec<&str> = texts.iter().map(|(_, text)| &**text).collect();
    let library = engine_for(chart.engine).library(&own);
    texts.extend(library.into_iter().map(|text| (None, Arc::from(text))));
    texts
}

fn strings(node: &Node, visit: &mut impl FnMut(&str)) {
    match &node.value {
        Value::String(text) => visit(text),
        Value::Seq(items) => items.iter().for_each(|item| strings(item, visit)),
        Value::Map(map) => map.iter().for_each(|entry| strings(&entry.value, visit)),
        _ => {}
    }
}

/// What the templates of a chart read of its values, with `user` as the values that the user sets.
pub fn value_reads(chart: &Chart, user: &Map) -> Vec<ValueRead> {
    let defaults = chart.values.as_map();
    let values: Vec<&Map> = defaults.into_iter().chain([user]).collect();
    let texts = template_texts(chart, &values);
    let references = texts.iter().flat_map(|(_, text)| engine_for(chart.engine).value_references(text));
    let read = references.filter(|reference| reference.usage != Usage::Changed);
    read.map(|reference| ValueRead { is_whole: reference.usage == Usage::Used, path: reference.path })
        .collect()
}

/// What templates see as `release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The release's name.
    pub name: String,
    /// The namespace it is installed to.
    pub namespace: String,
    /// Whether this is an upgrade; otherwise it is an installation.
    pub is_upgrade: bool,
    /// The revision: 1 for what has not been installed yet.
    pub revision: u32,
}

impl Release {
    /// What `helm template` calls a release that has no name.
    pub const DEFAULT_NAME: &str = "release-name";

    /// A first installation.
    pub fn install(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), is_upgrade: false, revision: 1 }
    }
}

/// What templates see as `capabilities`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The version of the cluster.
    pub kube_version: KubeVersion,
    /// API versions that the user named with `--api-versions`, which are seen beside the others.
    pub extra_api_versions: Vec<String>,
    /// Which other API versions Helm charts see.
    pub helm_api_versions: HelmApiVersions,
    /// What the cluster serves (`apps/v1`, `apps/v1/StatefulSet`), if that is known; otherwise it follows from its version.
    pub served: Option<Arc<[String]>>,
}

/// Which API versions `.Capabilities.APIVersions` of Helm charts contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HelmApiVersions {
    /// Those that helm was built with, whatever the cluster's version: `helm template`.
    #[default]
    Client,
    /// Those that the cluster serves, and their kinds: `helm install`, Argo CD and Flux.
    Cluster,
    /// None: only those that the user named are seen, as in helm-unittest.
    Named,
}

impl Capabilities {
    /// The API versions that the cluster serves (`apps/v1`, `apps/v1/StatefulSet`), sorted. Tera charts always see them. A
    /// cluster older or newer than any known counts as the nearest known one.
    pub fn api_versions(&self) -> Vec<String> {
        let mut versions = match &self.served {
            Some(served) => served.to_vec(),
            None => kinds::api_versions(self.kube_version.nearest()),
        };
        versions.extend(self.extra_api_versions.iter().cloned());
        versions.sort_unstable();
        versions.dedup();
        versions
    }
}

/// A file that came out of a template.
#[derive(Debug, Clone)]
pub struct RenderedFile {
    /// `chart/templates/x.yaml`, as in Helm's `# Source:` line.
    pub path: String,
    /// The template.
    pub template: SourceId,
    /// The rendered text.
    pub text: String,
    /// Where each stretch of the text came from, sorted.
    pub segments: Vec<Segment>,
    /// What it is for.
    pub role: FileRole,
}

/// Registers what would have reached a Secret when some templates of a chart cannot be rendered: their errors may quote it.
pub(crate) fn conceal_rendered(sources: &Sources, files: Vec<RenderedFile>) {
    for file in files {
        let kind = SourceKind::Rendered(SourceMap::new(file.segments));
        sources.conceal_unreadable(sources.add(file.path, file.text, kind));
    }
}

/// What a rendered file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// Holds manifests.
    Manifest,
    /// The notes shown after an installation.
    Notes,
}
