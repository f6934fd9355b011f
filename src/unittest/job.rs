//! A job: its values, its render, and what its assertions say about it.

use super::check::{Assertion, Doc, Finding, RAW, Subject};
use super::cluster::FakeCluster;
use super::coverage::Collector;
use super::result::{Expectation, Failure, JobResult, Place, Status};
use super::selection::{Selection, qualified};
use super::snapshot::{Comparer, Snapshots};
use super::suite::{Job, Selector, Suite};
use crate::chart::{Chart, EngineKind, TextFile, is_partial, overlay};
use crate::diag::render::{Style, arrange, human};
use crate::diag::{Diagnostic, Severity, SourceKind, SourceMap, Sources, Span};
use crate::engine::helm::{Selected, Templates};
use crate::engine::{
    Capabilities, HelmApiVersions, Inputs, KubeVersion, Recorder, Release, RenderedFile, engine_for,
};
use crate::gotmpl::Cluster;
use crate::k8s::secrets;
use crate::render::check_name;
use crate::values::{self, Schemas, Scope};
use crate::world::World;
use crate::yaml::{self, Entry, Map, Node, ReadOptions, Value};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What the jobs of a chart share.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) world: &'a World,
    pub(super) sources: &'a Sources,
    pub(super) chart: &'a Arc<Chart>,
    pub(super) templates: &'a Templates,
    pub(super) schemas: &'a Schemas,
    /// The values files that the suites name. The error is a phrase.
    pub(super) values: &'a BTreeMap<PathBuf, Result<Node, String>>,
    pub(super) skips_schemas: bool,
    pub(super) is_updating: bool,
    pub(super) fails_fast: bool,
    /// What counts the parts of templates that jobs reach, if they are counted.
    pub(super) coverage: Option<&'a Collector>,
}

/// What came of a render.
enum Outcome {
    /// The files, by name.
    Rendered(Vec<RenderedFile>),
    /// A template failed, and the assertions expect that one does: the names of the templates that are to blame, and the
    /// message.
    FailedIn(Vec<String>, String),
    /// It failed otherwise.
    Failed(Refusal),
}

/// Why there is no render.
pub(super) struct Refusal {
    /// As helm words it.
    message: String,
    /// As plimsoll reports it.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { diagnostics: vec![Diagnostic::error(message.clone())], message }
    }
}

/// The release of a job that names none.
const RELEASE: &str = "RELEASE-NAME";
const NAMESPACE: &str = "NAMESPACE";

/// The version of the cluster, unless a suite sets it: that of Helm 3 as a library, which helm-unittest is built with.
const KUBE_VERSION: (&str, &str) = ("1", "20");

impl Bench<'_> {
    /// Runs a job.
    pub(super) fn run(
        &self,
        suite: &Suite,
        selection: &Selection,
        job: &Job,
        snapshots: &Snapshots,
    ) -> JobResult {
        let start = self.world.now();
        let mut comparer = Comparer::new(snapshots, &job.name, self.is_updating);
        let recorder = self.coverage.map(|_| Recorder::default());
        let (status, error, failures) = self.judge(suite, selection, job, &mut comparer, recorder.as_ref());
        let duration = self.world.now().duration_since(start).unwrap_or(Duration::ZERO);
        JobResult {
            name: job.name.clone(),
            status,
            error,
            failures,
            duration,
            outcomes: comparer.outcomes,
            reached: recorder.map(Recorder::into_reached),
        }
    }

    fn judge(
        &self,
        suite: &Suite,
        selection: &Selection,
        job: &Job,
        comparer: &mut Comparer<'_>,
        recorder: Option<&Recorder>,
    ) -> (Status, Option<String>, Vec<Failure>) {
        if job.has_post_renderer {
            let error = Diagnostic::error("`postRenderer` is not supported: tests run no other programs")
                .at(job.span, "")
                .help("assert what the chart renders, or test the post-renderer by itself");
            return (Status::Failed, Some(shown(&[error], self.sources)), Vec::new());
        }
        let (outcome, crds) = self.render(suite, selection, job, recorder);
        let mut error = None;
        let mut render_error = None;
        let is_rendered = matches!(outcome, Outcome::Rendered(_));
        let local = Sources::new();
        let mut docs: BTreeMap<String, Vec<Doc>> = BTreeMap::new();
        let mut outputs: Vec<String> = Vec::new();
        match outcome {
            Outcome::Rendered(files) => {
                for file in crds.iter().map(|(path, file)| (path, &*file.text, SourceMap::default())) {
                    match read(&local, file.0, file.1, file.2) {
                        Ok(found) => drop(docs.insert(file.0.clone(), found)),
                        Err(found) => return (Status::Failed, Some(shown(&found, &local)), Vec::new()),
                    }
                }
                for file in files {
                    outputs.push(file.path.clone());
                    let found = match extension(&file.path) {
                        "yaml" | "yml" | "tpl" => {
                            read(&local, &file.path, &file.text, SourceMap::new(file.segments))
                        }
                        "txt" => Ok(vec![Doc::raw(file.text)]),
                        _ => continue,
                    };
                    match found {
                        Ok(found) => drop(docs.insert(file.path, found)),
                        Err(found) => {
                            return (Status::Failed, Some(self.unreadable(&found, &local)), Vec::new());
                        }
                    }
                }
                outputs.extend(crds.into_iter().map(|(path, _)| path));
            }
            Outcome::FailedIn(names, message) => {
                for name in names {
                    outputs.push(name.clone());
                    docs.insert(name, vec![Doc::raw(message.clone())]);
                }
            }
            Outcome::Failed(refusal) => {
                error = Some(shown(&refusal.diagnostics, self.sources));
                render_error = Some(refusal.message);
            }
        }
        let view = View {
            docs: &docs,
            is_rendered,
            render_error: render_error.as_deref(),
            skips_empty: job.selector.as_ref().is_some_and(|selector| selector.skips_empty),
        };
        let mut failures = Vec::new();
        let mut skipped = 0;
        for (index, assertion) in job.asserts.iter().enumerate() {
            let names = asserted(suite, job, assertion, &outputs);
            let Some(findings) = view.findings(job, assertion, &names, comparer) else {
                skipped += 1;
                continue;
            };
            if !findings.is_empty() {
                let findings = findings.into_iter().map(|finding| self.placed(finding, &local)).collect();
                let (kind, not, span) = (assertion.kind, assertion.not, assertion.span);
                let at = self.place(span);
                failures
                    .push(Failure { expectation: Expectation::Assertion { index, kind, not, at }, findings });
                if self.fails_fast {
                    break;
                }
            }
        }
        let status = if !failures.is_empty() {
            Status::Failed
        } else if skipped > 0 && skipped == job.asserts.len() {
            Status::SkippedAsEmpty
        } else {
            Status::Passed
        };
        let error = error.filter(|_| status == Status::Failed);
        self.conceal(&docs, &mut failures);
        (status, error, failures)
    }

    /// Hides what is secret in the rendered objects wherever a failure quotes it.
    fn conceal(&self, docs: &BTreeMap<String, Vec<Doc>>, failures: &mut [Failure]) {
        if failures.is_empty() {
            return;
        }
        let own = Sources::new();
        docs.values().flatten().for_each(|doc| secrets::register_texts(&own, &doc.root));
        let hide = |text: &mut String| *text = self.sources.redact(&own.redact(text)).into_owned();
        for (finding, template, value) in failures.iter_mut().flat_map(|failure| &mut failure.findings) {
            let expected = finding.expected.iter_mut().map(|(_, text)| text);
            let texts = expected.chain(&mut finding.actual).chain(&mut finding.error);
            let places = template.iter_mut().chain(value).map(|place| &mut place.text);
            texts.chain(places).for_each(hide);
        }
    }

    /// Renders the chart, and gives its custom resource definitions by name if the suite includes them.
    fn render(
        &self,
        suite: &Suite,
        selection: &Selection,
        job: &Job,
        recorder: Option<&Recorder>,
    ) -> (Outcome, Vec<(String, TextFile)>) {
        let fails = |refusal| (Outcome::Failed(refusal), Vec::new());
        let user = match self.user_values(suite, job) {
            Ok(user) => user,
            Err(refusal) => return fails(refusal),
        };
        if !job.release.name.is_empty()
            && let Err(invalid) = check_name(&job.release.name)
        {
            return fails(Refusal { message: invalid.message.clone(), diagnostics: vec![invalid] });
        }
        let mut sink = Vec::new();
        let Some(mut computed) = values::compute_merged(self.chart, user).take(&mut sink) else {
            let message = sink.first().map_or_else(String::new, |found| found.message.clone());
            return fails(Refusal { message, diagnostics: sink });
        };
        if !self.skips_schemas {
            let diagnostics = values::violations(self.sources, &computed, self.schemas);
            if crate::diag::has_errors(&diagnostics) {
                let message = values::helm_violations(self.sources, &computed, self.schemas);
                secrets::register_values(self.sources, &computed.root.values);
                return fails(Refusal { message: message.unwrap_or_default(), diagnostics });
            }
        }
        override_versions(&mut computed.root, job);
        let mut crds = Vec::new();
        if suite.includes_crds {
            gather_crds(&computed.root, &mut crds);
        }
        let release = Release {
            name: or_default(&job.release.name, RELEASE),
            namespace: or_default(&job.release.namespace, NAMESPACE),
            is_upgrade: job.release.is_upgrade,
            revision: job.release.revision,
        };
        let capabilities = capabilities(job);
        let inputs = Inputs {
            world: self.world,
            release: &release,
            capabilities: &capabilities,
            seed: None,
            lookup: None,
            is_lint: false,
            recorder,
        };
        let cluster = FakeCluster::of(&job.provider);
        let rendered = self.render_files(&|name| selection.selects(name), cluster, &computed.root, &inputs);
        let outcome = match rendered {
            Ok(files) => Outcome::Rendered(files.into_iter().flat_map(|(_, files)| files).collect()),
            Err(refusal) if job.asserts.iter().any(Assertion::expects_failure) => blame(suite, refusal),
            Err(refusal) => Outcome::Failed(refusal),
        };
        if !matches!(outcome, Outcome::Rendered(_)) {
            // Its messages may quote them.
            secrets::register_values(self.sources, &computed.root.values);
        }
        (outcome, crds)
    }

    /// Renders the templates that `selects` chooses by their names, those of each language by its engine. Tera's are all
    /// rendered, because their components may be in any of them.
    pub(super) fn render_files(
        &self,
        selects: &dyn Fn(&str) -> bool,
        cluster: Option<Box<dyn Cluster>>,
        root: &Scope,
        inputs: &Inputs<'_>,
    ) -> Result<Vec<(EngineKind, Vec<RenderedFile>)>, Refusal> {
        let selected = Selected { templates: self.templates, selects, cluster };
        let rendered = selected.render(self.sources, root, inputs);
        let files = rendered.map_err(|failure| Refusal {
            message: failure.message,
            diagnostics: vec![*failure.diagnostic],
        })?;
        let mut all = vec![(EngineKind::GoTemplate, files)];
        if has_tera(root) {
            let mut diagnostics = Vec::new();
            let rendered =
                engine_for(EngineKind::Tera).render(self.sources, root, inputs).take(&mut diagnostics);
            let Some(rendered) = rendered else {
                let first = diagnostics.iter().find(|found| found.severity == Severity::Error);
                let message = first.map(|error| error.message.clone()).unwrap_or_default();
                return Err(Refusal { message, diagnostics });
            };
            let selected = rendered.files.into_iter().filter(|file| selects(&file.path));
            all.push((EngineKind::Tera, selected.collect()));
        }
        Ok(all)
    }

    /// The values of the job, merged.
    fn user_values(&self, suite: &Suite, job: &Job) -> Result<Node, Refusal> {
        let mut merged = Node::new(Value::Map(Map::new()), job.span);
        for path in &job.values {
            match self.values.get(path) {
                Some(Ok(values)) => merged = overlay(merged, in_chart(&suite.route, values.clone())),
                Some(Err(reason)) => {
                    let message = format!("cannot read the values file `{}`: {reason}", path.display());
                    let diagnostics = vec![Diagnostic::error(message.clone()).at(job.span, "")];
                    return Err(Refusal { message, diagnostics });
                }
                None => return Err(Refusal::new(format!("`{}` was not read", path.display()))),
            }
        }
        for set in &job.set {
            merged = overlay(merged, in_chart(&suite.route, set.clone()));
        }
        Ok(merged)
    }

    /// Why a rendered file cannot be read: the places in the templates that rendered it.
    fn unreadable(&self, diagnostics: &[Diagnostic], local: &Sources) -> String {
        let traced = |found: &Diagnostic| {
            let mut found = found.clone();
            for label in &mut found.labels {
                label.span = local.trace(label.span).0;
            }
            found
        };
        shown(&diagnostics.iter().map(traced).collect::<Vec<_>>(), self.sources)
    }

    /// Says where the value of a finding was rendered, and which value it came from.
    fn placed(&self, finding: Finding, local: &Sources) -> (Finding, Option<Place>, Option<Place>) {
        let Some(span) = finding.span else { return (finding, None, None) };
        let (template, value) = local.trace(span);
        if local.get(span.source).is_none_or(|source| !matches!(source.kind, SourceKind::Rendered(_))) {
            return (finding, None, None);
        }
        (finding, self.place(template), value.and_then(|value| self.place(value)))
    }

    pub(super) fn place(&self, span: Span) -> Option<Place> {
        let source = self.sources.get(span.source)?;
        let position = source.position(span.start);
        let line = source.text.lines().nth(position.line - 1).unwrap_or_default().trim().to_owned();
        Some(Place { file: source.name.clone(), line: position.line, column: position.column, text: line })
    }
}

/// Diagnostics as the report on a test has them.
pub(super) fn shown(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    human(&arrange(diagnostics.to_vec(), sources), sources, Style::Plain).trim_end().to_owned()
}

/// What the assertions of a job see.
struct View<'a> {
    docs: &'a BTreeMap<String, Vec<Doc>>,
    is_rendered: bool,
    render_error: Option<&'a str>,
    skips_empty: bool,
}

impl View<'_> {
    /// What is wrong with the documents of the templates of these names; `None` if the assertion is skipped.
    fn findings(
        &self,
        job: &Job,
        assertion: &Assertion,
        names: &[String],
        comparer: &mut Comparer<'_>,
    ) -> Option<Vec<Finding>> {
        let fails = |message: String| Some(vec![Finding { error: Some(message), ..Finding::default() }]);
        let selector = assertion.selector.as_ref().or(job.selector.as_ref());
        let index = job.document.or(assertion.document);
        let chosen = match self.select(names, selector.map(|selector| &**selector), index) {
            Ok(chosen) => chosen,
            Err(reason) => return fails(reason),
        };
        if self.skips_empty && chosen.is_empty() {
            return None;
        }
        let expects_failure = assertion.expects_failure();
        let mut subject = Subject {
            all: &[],
            selected: Vec::new(),
            is_negative: false,
            render_error: self.render_error,
            snapshots: comparer,
        };
        if chosen.is_empty() {
            if expects_failure == self.is_rendered {
                return fails("the rendered manifest is empty".to_owned());
            }
            return Some(assertion.findings(&mut subject));
        }
        let mut findings = Vec::new();
        for (name, selected) in chosen {
            let docs = self.docs.get(name);
            let mut found = if docs.is_none() && !expects_failure {
                let message = format!("the template `{name}` does not exist or is not selected by the suite");
                vec![Finding { error: Some(message), ..Finding::default() }]
            } else if expects_failure == self.is_rendered {
                let raw = docs.and_then(|docs| docs.first()?.root.get(RAW)).and_then(Node::as_str);
                let message = raw.map_or_else(
                    || "the rendered manifest is empty".to_owned(),
                    |raw| format!("the template failed: {raw}"),
                );
                vec![Finding { error: Some(message), ..Finding::default() }]
            } else {
                subject.all = docs.map_or(&[][..], Vec::as_slice);
                subject.selected = selected;
                assertion.findings(&mut subject)
            };
            for finding in &mut found {
                finding.template = Some(name.to_owned());
            }
            findings.append(&mut found);
        }
        Some(findings)
    }

    /// The documents of each template that are asserted, by the template's name.
    fn select<'d>(
        &'d self,
        names: &'d [String],
        selector: Option<&Selector>,
        index: Option<i64>,
    ) -> Result<BTreeMap<&'d str, Vec<&'d Doc>>, String> {
        let docs = |name: &str| self.docs.get(name).map_or(&[][..], Vec::as_slice);
        let all = names.iter().map(|name| (name.as_str(), docs(name)));
        if let Some(selector) = selector.filter(|selector| !selector.is_of_everything()) {
            let mut chosen = BTreeMap::new();
            let mut count = 0;
            for (name, docs) in all.collect::<BTreeMap<_, _>>() {
                let selected = selector.select(docs)?;
                count += selected.len();
                if !selector.matches_many && count > 1 {
                    return Err("the document selector matches several documents".to_owned());
                }
                if selected.is_empty() && selector.skips_empty {
                    continue;
                }
                if selected.is_empty() {
                    return Err(format!("the document selector matches no document of `{name}`"));
                }
                chosen.insert(name, selected);
            }
            return Ok(chosen);
        }
        let Some(index) = index else {
            return Ok(all.map(|(name, docs)| (name, docs.iter().collect())).collect());
        };
        let at = |(name, docs): (&'d str, &'d [Doc])| {
            let doc = usize::try_from(index).ok().and_then(|index| docs.get(index));
            doc.map(|doc| (name, vec![doc])).ok_or_else(|| {
                format!("document index {index} is out of range: `{name}` has {} documents", docs.len())
            })
        };
        all.map(at).collect()
    }
}

impl Selector {
    /// Whether it has no path.
    fn is_of_everything(&self) -> bool {
        self.path.as_ref().is_ok_and(super::path::Path::is_root)
    }

    fn select<'d>(&self, docs: &'d [Doc]) -> Result<Vec<&'d Doc>, String> {
        let path = self.path.as_ref().map_err(Clone::clone)?;
        let matches = |doc: &&Doc| {
            let found = path.find(&doc.root);
            found
                .into_iter()
                .any(|item| self.value.is_null() || super::check::same(&self.value, &item.to_node()))
        };
        Ok(docs.iter().filter(matches).collect())
    }
}

/// The names of the templates that an assertion is about.
fn asserted(suite: &Suite, job: &Job, assertion: &Assertion, outputs: &[String]) -> Vec<String> {
    let qualify = |template: &String| qualified(&suite.route, template);
    if let Some(template) = &assertion.template {
        return vec![qualify(template)];
    }
    if !job.templates.is_empty() {
        return job.templates.iter().map(qualify).collect();
    }
    if suite.templates.is_empty() || suite.templates.iter().any(|template| template.contains('*')) {
        return outputs.to_vec();
    }
    suite.templates.iter().map(qualify).collect()
}

/// Whether a chart of the tree is written in Tera.
fn has_tera(scope: &Scope) -> bool {
    scope.chart.engine == EngineKind::Tera || scope.children.iter().any(has_tera)
}

/// The templates to blame for an error, and its message, both as helm-unittest finds them in helm's words.
fn blame(suite: &Suite, refusal: Refusal) -> Outcome {
    static PARTS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?msU)^(?:.+: |.+ \()(?:(.+):\d+:\d+).+(?:.+>)*: (.+)$").ok());
    let message = &refusal.message;
    let parts = PARTS.as_ref().and_then(|parts| parts.captures(message));
    let Some((template, text)) = parts.and_then(|parts| Some((parts.get(1)?, parts.get(2)?))) else {
        return Outcome::Failed(refusal);
    };
    let text = message.split_once('\n').map_or(text.as_str(), |(_, rest)| rest).to_owned();
    let template = template.as_str();
    if is_partial(template) {
        let names = suite.templates.iter().map(|template| qualified(&suite.route, template));
        return Outcome::FailedIn(names.collect(), text);
    }
    Outcome::FailedIn(vec![template.to_owned()], text)
}

/// The values as the root chart takes them: under the names that lead to the chart at `route`, `global` for all.
fn in_chart(route: &str, values: Node) -> Node {
    let names: Vec<&str> = route.split('/').step_by(2).skip(1).collect();
    names.into_iter().rev().fold(values, |inner, name| {
        let span = inner.span;
        let mut outer = Map::new();
        if let Some(global) = inner.as_map().and_then(|map| map.entry("global")) {
            outer.push(global.clone());
        }
        outer.push(Entry { key: name.to_owned(), key_span: span, value: inner });
        Node::new(Value::Map(outer), span)
    })
}

/// The versions that a job gives its chart and the charts directly in it.
fn override_versions(root: &mut Scope, job: &Job) {
    let versions = &job.chart;
    if versions.version.is_empty() && versions.app_version.is_empty() {
        return;
    }
    let apply = |chart: &mut Arc<Chart>| {
        let metadata = &mut Arc::make_mut(chart).metadata;
        if !versions.version.is_empty() {
            metadata.version.clone_from(&versions.version);
        }
        if !versions.app_version.is_empty() {
            metadata.app_version = Some(versions.app_version.clone());
        }
    };
    apply(&mut root.chart);
    root.children.iter_mut().for_each(|child| apply(&mut child.chart));
}

fn gather_crds(scope: &Scope, into: &mut Vec<(String, TextFile)>) {
    into.extend(scope.chart.crds.iter().map(|file| (format!("{}/{}", scope.path, file.path), file.clone())));
    scope.children.iter().for_each(|child| gather_crds(child, into));
}

fn or_default(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}

fn capabilities(job: &Job) -> Capabilities {
    let (major, minor) = (
        or_default(&job.capabilities.major, KUBE_VERSION.0),
        or_default(&job.capabilities.minor, KUBE_VERSION.1),
    );
    let number = |text: &str| {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        digits.parse().unwrap_or_default()
    };
    Capabilities {
        kube_version: KubeVersion {
            version: format!("v{major}.{minor}.0"),
            major: number(&major),
            minor: number(&minor),
            patch: 0,
        },
        extra_api_versions: job.capabilities.api_versions.clone(),
        helm_api_versions: HelmApiVersions::Named,
        served: None,
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// The documents of a rendered file that are not empty.
fn read(local: &Sources, path: &str, text: &str, map: SourceMap) -> Result<Vec<Doc>, Vec<Diagnostic>> {
    let separated = separate(text);
    let kind = SourceKind::Rendered(if separated.is_some() { SourceMap::default() } else { map });
    let source = local.add(path, separated.as_deref().unwrap_or(text), kind);
    let mut sink = Vec::new();
    let documents = yaml::read(local, source, &ReadOptions::go_yaml_v3()).take(&mut sink);
    if crate::diag::has_errors(&sink) {
        return Err(sink);
    }
    let mut docs = Vec::new();
    for document in documents.into_iter().flatten() {
        match &document.root.value {
            Value::Map(map) if !map.is_empty() => docs.push(Doc { root: document.root }),
            Value::Map(_) | Value::Null => {}
            _ => {
                let what = document.root.type_name();
                let message = format!("a document of `{path}` is {what}, not an object");
                return Err(vec![Diagnostic::error(message).at(document.root.span, "")]);
            }
        }
    }
    Ok(docs)
}

/// The text with line breaks behind separators that have none; `None` if it is all right.
fn separate(text: &str) -> Option<String> {
    let content = |line: &str| {
        let rest = line.strip_prefix("---")?.trim_start();
        (!rest.is_empty() && !rest.starts_with('#')).then_some(rest.len())
    };
    text.lines().any(|line| content(line).is_some()).then(|| {
        let lines = text.split_inclusive('\n').map(|line| match content(line) {
            Some(length) => format!("---\n{}", &line[line.len() - length..]),
            None => line.to_owned(),
        });
        lines.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit;

    #[test]
    fn values_of_sub_charts_lie_under_their_names() {
        let values = yaml::read_fragment(b"a: 1\nglobal: {b: 2}\n").unwrap();
        let shown = |route| emit::flow_json(&in_chart(route, values.clone()));
        assert_eq!(shown("web"), r#"{"a": 1, "global": {"b": 2}}"#);
        assert_eq!(shown("web/charts/db"), r#"{"global": {"b": 2}, "db": {"a": 1, "global": {"b": 2}}}"#);
    }

    #[test]
    fn separators_may_have_text_on_their_line() {
        assert_eq!(separate("a: 1\n---\nb: 2\n--- # c\n"), None);
        assert_eq!(separate("a: 1\n---b: 2\n").as_deref(), Some("a: 1\n---\nb: 2\n"));
    }
}
