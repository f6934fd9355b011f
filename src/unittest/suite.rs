//! Suites and jobs, as their files describe them.

use super::check::Assertion;
use super::form::Form;
use super::path::Path;
use super::set;
use crate::diag::{Diagnostic, Report, SourceId, Sources, Span, has_errors};
use crate::gotmpl::compile_regex;
use crate::yaml::{self, Map, Node, ReadOptions, Value};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

/// The version of helm-unittest whose behaviour is followed, which `skip.minimumVersion` is compared with.
const FOLLOWED_VERSION: semver::Version = semver::Version::new(1, 1, 0);

/// A suite: a document of a suite file.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) name: String,
    /// The file that it is in, or the template that made it.
    pub(super) file: PathBuf,
    /// Where its chart is in the tree: `umbrella/charts/one`.
    pub(super) route: String,
    /// What distinguishes its snapshots from those of the file's other suites.
    pub(super) snapshot_id: String,
    pub(super) templates: Vec<String>,
    pub(super) excluded: Vec<String>,
    pub(super) includes_crds: bool,
    pub(super) jobs: Vec<Job>,
}

/// A job: a render and what is asserted about it. What the suite sets for all of its jobs is in each of them.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) span: Span,
    /// Values files and `set`, in the order in which they are merged.
    pub(super) values: Vec<PathBuf>,
    pub(super) set: Vec<Node>,
    /// `template` or `templates`.
    pub(super) templates: Vec<String>,
    pub(super) document: Option<i64>,
    pub(super) selector: Option<Arc<Selector>>,
    pub(super) release: Release,
    pub(super) chart: ChartVersions,
    pub(super) capabilities: Capabilities,
    pub(super) provider: Provider,
    /// Why it is not run.
    pub(super) skip: Option<String>,
    pub(super) has_post_renderer: bool,
    pub(super) asserts: Vec<Assertion>,
}

/// `documentSelector`
#[derive(Debug)]
pub(super) struct Selector {
    pub(super) path: Result<Path, String>,
    pub(super) value: Node,
    pub(super) matches_many: bool,
    pub(super) skips_empty: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Release {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) revision: u32,
    pub(super) is_upgrade: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ChartVersions {
    pub(super) version: String,
    pub(super) app_version: String,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Capabilities {
    pub(super) major: String,
    pub(super) minor: String,
    pub(super) api_versions: Vec<String>,
}

/// `kubernetesProvider`: what `lookup` finds.
#[derive(Debug, Clone, Default)]
pub(super) struct Provider {
    pub(super) kinds: Vec<ProvidedKind>,
    pub(super) objects: Vec<Node>,
}

/// An entry of `kubernetesProvider.scheme`.
#[derive(Debug, Clone)]
pub(super) struct ProvidedKind {
    /// `apps/v1/Deployment`
    pub(super) key: String,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) resource: String,
    pub(super) is_namespaced: bool,
}

/// Where a suite file belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) file: &'a FilePath,
    pub(super) route: &'a str,
    /// The values files of the command line.
    pub(super) values: &'a [PathBuf],
    /// Whether a template made it: then a suite must have a name, and has snapshots of its own.
    pub(super) is_rendered: bool,
}

const SUITE_FIELDS: &[&str] = &[
    "suite",
    "values",
    "set",
    "templates",
    "excludeTemplates",
    "includeCrds",
    "release",
    "chart",
    "capabilities",
    "kubernetesProvider",
    "postRenderer",
    "tests",
    "snapshotId",
    "skip",
];

const JOB_FIELDS: &[&str] = &[
    "it",
    "values",
    "set",
    "template",
    "templates",
    "documentIndex",
    "documentIndices",
    "documentSelector",
    "release",
    "chart",
    "capabilities",
    "asserts",
    "skip",
    "kubernetesProvider",
    "postRenderer",
];

const SELECTOR_FIELDS: &[&str] = &["path", "value", "matchMany", "skipEmptyTemplates"];

/// Reads the suites in a source. All errors are reported.
pub(super) fn read(
    sources: &Sources,
    source: SourceId,
    origin: Origin<'_>,
    is_strict: bool,
) -> Report<Vec<Suite>> {
    let mut sink = Vec::new();
    let mut documents = yaml::read(sources, source, &ReadOptions::go_yaml_v3());
    if let Some(again) = with_valid_escapes(sources, source, &documents.diagnostics) {
        documents = yaml::read(sources, again, &ReadOptions::go_yaml_v3());
    }
    let documents = documents.take(&mut sink);
    let mut form = Form { sources, is_strict, errors: Vec::new() };
    let mut suites = Vec::new();
    for document in documents.into_iter().flatten().filter(|document| !document.blank) {
        if document.root.is_null() {
            continue;
        }
        let index = suites.len();
        suites.extend(suite(&mut form, &document.root, origin, index));
    }
    if origin.is_rendered && suites.is_empty() && form.errors.is_empty() {
        form.error(Span::new(source, 0, 0), "the template rendered no suite");
    }
    sink.append(&mut form.errors);
    if has_errors(&sink) { Report::failed(sink) } else { Report::with(suites, sink) }
}

/// The text with the backslashes doubled of documents that have unknown escapes (`"\d"`): helm-unittest reads such documents
/// again in this way. `None` if there are none.
fn with_valid_escapes(sources: &Sources, source: SourceId, found: &[Diagnostic]) -> Option<SourceId> {
    let wrong: Vec<usize> = found
        .iter()
        .filter(|found| found.message == yaml::UNKNOWN_ESCAPE)
        .filter_map(|found| Some(found.span()?.start as usize))
        .collect();
    let known = sources.get(source).filter(|_| !wrong.is_empty())?;
    let mut text = String::new();
    let mut rest = &*known.text;
    while !rest.is_empty() {
        let end = rest.find("\n---").map_or(rest.len(), |end| end + 1);
        let start = known.text.len() - rest.len();
        let (document, after) = rest.split_at(end);
        if wrong.iter().any(|at| (start..start + end).contains(at)) {
            text.push_str(&double_backslashes(document));
        } else {
            text.push_str(document);
        }
        rest = after;
    }
    Some(sources.add(known.name.clone(), text, known.kind.clone()))
}

/// Makes the number of backslashes in a row even.
fn double_backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut run = 0;
    for c in text.chars() {
        if c == '\\' {
            run += 1;
        } else if run % 2 == 1 {
            out.push('\\');
            run = 0;
        } else {
            run = 0;
        }
        out.push(c);
    }
    out
}

fn suite(form: &mut Form<'_>, root: &Node, origin: Origin<'_>, index: usize) -> Option<Suite> {
    let map = form.map(root, "a suite", SUITE_FIELDS);
    let common = Common {
        values: files(form, map, origin),
        set: sets(form, map),
        release: release(form, map),
        chart: chart_versions(form, map),
        capabilities: capabilities(form, map),
        provider: provider(form, map),
        skip: skip(form, map, true),
        has_post_renderer: map.get("postRenderer").is_some_and(|node| !node.is_null()),
        origin,
    };
    let name = form.text_of(map, "suite");
    if origin.is_rendered && name.is_empty() {
        form.error(root.span, "a suite that a template made must have a name in `suite`");
    }
    let mut snapshot_id = form.text_of(map, "snapshotId");
    if origin.is_rendered && snapshot_id.is_empty() {
        snapshot_id = index.to_string();
    }
    let tests = map.get("tests").map_or(&[][..], |node| form.list(node, "`tests`"));
    if tests.is_empty() {
        form.error(root.span, "the suite has no `tests`");
        return None;
    }
    Some(Suite {
        name,
        file: origin.file.to_owned(),
        route: origin.route.to_owned(),
        snapshot_id,
        templates: form.texts(map.get("templates"), "`templates`"),
        excluded: form.texts(map.get("excludeTemplates"), "`excludeTemplates`"),
        includes_crds: form.flag(map.get("includeCrds"), "`includeCrds`"),
        jobs: tests.iter().map(|node| job(form, node, &common)).collect(),
    })
}

/// What a suite says for all of its jobs.
struct Common<'a> {
    values: Vec<PathBuf>,
    set: Vec<Node>,
    release: Release,
    chart: ChartVersions,
    capabilities: Capabilities,
    provider: Provider,
    skip: Option<String>,
    has_post_renderer: bool,
    origin: Origin<'a>,
}

fn job(form: &mut Form<'_>, node: &Node, common: &Common<'_>) -> Job {
    let map = form.map(node, "a test", JOB_FIELDS);
    let mut values = common.values.clone();
    values.extend_from_slice(common.origin.values);
    values.extend(files(form, map, common.origin));
    let mut templates = form.texts(map.get("templates"), "`templates`");
    if templates.is_empty() {
        templates.extend(Some(form.text_of(map, "template")).filter(|template| !template.is_empty()));
    }
    let asserts = map.get("asserts").map_or(&[][..], |node| form.list(node, "`asserts`"));
    if asserts.is_empty() {
        form.error(node.span, "the test has no `asserts`");
    }
    let mut provider = provider(form, map);
    provider.objects.extend_from_slice(&common.provider.objects);
    // The suite's kinds come first: they win.
    provider.kinds.splice(..0, common.provider.kinds.iter().cloned());
    Job {
        name: form.text_of(map, "it"),
        span: node.span,
        values,
        set: common.set.iter().cloned().chain(sets(form, map)).collect(),
        templates,
        document: form.integer(map.get("documentIndex"), "`documentIndex`"),
        selector: map.get("documentSelector").filter(|node| !node.is_null()).map(|node| {
            let map = form.map(node, "`documentSelector`", SELECTOR_FIELDS);
            Arc::new(selector(form, map))
        }),
        release: release(form, map).or(&common.release),
        chart: chart_versions(form, map).or(&common.chart),
        capabilities: job_capabilities(form, map, &common.capabilities),
        provider,
        skip: common.skip.clone().or_else(|| skip(form, map, false)),
        has_post_renderer: common.has_post_renderer
            || map.get("postRenderer").is_some_and(|node| !node.is_null()),
        asserts: asserts.iter().filter_map(|node| Assertion::read(form, node)).collect(),
    }
}

/// Values files, relative to the suite file.
fn files(form: &mut Form<'_>, map: &Map, origin: Origin<'_>) -> Vec<PathBuf> {
    let directory = origin.file.parent().unwrap_or(FilePath::new(""));
    form.texts(map.get("values"), "`values`").iter().map(|file| directory.join(file)).collect()
}

fn sets(form: &mut Form<'_>, map: &Map) -> Vec<Node> {
    let Some(node) = map.get("set") else { return Vec::new() };
    let entries = match &node.value {
        Value::Map(map) => map,
        Value::Null => return Vec::new(),
        _ => {
            form.error(node.span, format!("`set` must be a map, not {}", node.type_name()));
            return Vec::new();
        }
    };
    let mut nodes = Vec::new();
    for entry in entries {
        match set::nested(&entry.key, &entry.value, entry.key_span) {
            Ok(node) => nodes.push(node),
            Err(reason) => form.error(entry.key_span, format!("`{}` cannot be set: {reason}", entry.key)),
        }
    }
    nodes
}

/// The selector that these fields describe.
pub(super) fn selector(form: &mut Form<'_>, map: &Map) -> Selector {
    Selector {
        path: Path::parse(&form.text_of(map, "path")),
        value: map.get("value").cloned().unwrap_or_else(|| Node::bare(Value::Null)),
        matches_many: form.flag(map.get("matchMany"), "`matchMany`"),
        skips_empty: form.flag(map.get("skipEmptyTemplates"), "`skipEmptyTemplates`"),
    }
}

fn fields<'n>(form: &mut Form<'_>, map: &'n Map, key: &str, known: &[&str]) -> Option<&'n Map> {
    map.get(key).map(|node| form.map(node, &format!("`{key}`"), known))
}

fn release(form: &mut Form<'_>, map: &Map) -> Release {
    let known = &["name", "namespace", "revision", "upgrade"];
    let Some(map) = fields(form, map, "release", known) else { return Release::default() };
    let revision = form.integer(map.get("revision"), "`revision`").unwrap_or_default();
    Release {
        name: form.text_of(map, "name"),
        namespace: form.text_of(map, "namespace"),
        revision: u32::try_from(revision).unwrap_or_default(),
        is_upgrade: form.flag(map.get("upgrade"), "`upgrade`"),
    }
}

impl Release {
    /// What is not said here is as in `other`.
    fn or(self, other: &Self) -> Self {
        Self {
            name: or(self.name, &other.name),
            namespace: or(self.namespace, &other.namespace),
            revision: if self.revision == 0 { other.revision } else { self.revision },
            is_upgrade: self.is_upgrade || other.is_upgrade,
        }
    }
}

fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

fn chart_versions(form: &mut Form<'_>, map: &Map) -> ChartVersions {
    let Some(map) = fields(form, map, "chart", &["version", "appVersion"]) else {
        return ChartVersions::default();
    };
    ChartVersions { version: form.text_of(map, "version"), app_version: form.text_of(map, "appVersion") }
}

impl ChartVersions {
    fn or(self, other: &Self) -> Self {
        Self {
            version: or(self.version, &other.version),
            app_version: or(self.app_version, &other.app_version),
        }
    }
}

const CAPABILITIES_FIELDS: &[&str] = &["majorVersion", "minorVersion", "apiVersions"];

fn capabilities(form: &mut Form<'_>, map: &Map) -> Capabilities {
    let Some(map) = fields(form, map, "capabilities", CAPABILITIES_FIELDS) else {
        return Capabilities::default();
    };
    Capabilities {
        major: form.text_of(map, "majorVersion"),
        minor: form.text_of(map, "minorVersion"),
        api_versions: form.texts(map.get("apiVersions"), "`apiVersions`"),
    }
}

/// Those of a job. The API versions of the suite are seen besides, unless the job has the field without a value.
fn job_capabilities(form: &mut Form<'_>, map: &Map, suite: &Capabilities) -> Capabilities {
    let unset = map.get("capabilities").and_then(|node| node.get("apiVersions")).is_some_and(Node::is_null);
    let mut own = capabilities(form, map);
    if !unset {
        own.api_versions.extend_from_slice(&suite.api_versions);
    }
    Capabilities {
        major: or(own.major, &suite.major),
        minor: or(own.minor, &suite.minor),
        api_versions: own.api_versions,
    }
}

fn provider(form: &mut Form<'_>, map: &Map) -> Provider {
    let Some(map) = fields(form, map, "kubernetesProvider", &["scheme", "objects"]) else {
        return Provider::default();
    };
    let objects = map.get("objects").map_or(&[][..], |node| form.list(node, "`objects`")).to_vec();
    for object in objects.iter().filter(|object| object.as_map().is_none()) {
        form.error(object.span, format!("an object must be a map, not {}", object.type_name()));
    }
    let mut kinds = Vec::new();
    if let Some(scheme) = map.get("scheme").filter(|node| !node.is_null()) {
        let Some(entries) = scheme.as_map() else {
            form.error(scheme.span, format!("`scheme` must be a map, not {}", scheme.type_name()));
            return Provider::default();
        };
        for entry in entries {
            let map = form.map(&entry.value, "a kind of `scheme`", &["gvr", "namespaced", "should_err"]);
            let names =
                fields(form, map, "gvr", &["group", "version", "resource"]).cloned().unwrap_or_default();
            kinds.push(ProvidedKind {
                key: entry.key.clone(),
                group: form.text_of(&names, "group"),
                version: form.text_of(&names, "version"),
                resource: form.text_of(&names, "resource"),
                is_namespaced: form.flag(map.get("namespaced"), "`namespaced`"),
            });
        }
    }
    Provider { kinds, objects }
}

/// Why a suite or a job is skipped.
fn skip(form: &mut Form<'_>, map: &Map, is_suite: bool) -> Option<String> {
    let known: &[&str] = if is_suite { &["reason", "minimumVersion"] } else { &["reason"] };
    let map = fields(form, map, "skip", known)?;
    let reason = form.text_of(map, "reason");
    let minimum = if is_suite { form.text_of(map, "minimumVersion") } else { String::new() };
    if !reason.is_empty() {
        return Some(reason);
    }
    let is_too_new =
        |text: &str| crate::gotmpl::parse_version(text).is_none_or(|minimum| FOLLOWED_VERSION < minimum);
    (!minimum.is_empty() && is_too_new(&minimum))
        .then(|| format!("requires helm-unittest {minimum}; plimsoll follows {FOLLOWED_VERSION}"))
}

/// Compiles the pattern of an assertion. The error is a phrase.
pub(super) fn pattern(text: &str) -> Result<regex::Regex, String> {
    compile_regex(text).map_err(|error| error.message().to_owned())
}
