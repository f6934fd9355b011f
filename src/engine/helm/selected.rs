//! Some templates of a release, for callers that render one chart many times: each text is parsed once.

use super::{Job, Place, jobs, places, seed_of};
use crate::chart::{Chart, EngineKind};
use crate::diag::{Diagnostic, SourceId, Sources, Span};
use crate::engine::{Inputs, RenderedFile};
use crate::gotmpl::{Cluster, Error, File, ParseError, Set, Vm, parse};
use crate::limits::{self, Activity};
use crate::values::Scope;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The templates of a chart and of the charts in it, parsed, each text once. Shared by any number of renders.
#[derive(Debug)]
pub struct Templates(BTreeMap<Arc<str>, Result<File, Box<ParseError>>>);

impl Templates {
    /// Parses the templates of a chart and of all charts in it.
    pub fn parse(chart: &Chart) -> Self {
        fn texts(chart: &Chart, into: &mut Vec<Arc<str>>) {
            if chart.engine == EngineKind::GoTemplate {
                into.extend(chart.templates.iter().map(|file| Arc::clone(&file.text)));
            }
            chart.children.iter().for_each(|child| texts(child, into));
        }
        let mut all = Vec::new();
        texts(chart, &mut all);
        all.sort_unstable();
        all.dedup();
        Self(all.into_par_iter().map(|text| (Arc::clone(&text), parse(text))).collect())
    }
}

/// A render of some templates of a release.
pub struct Selected<'a> {
    /// The templates of all charts of the tree.
    pub templates: &'a Templates,
    /// Whether the template of that name (`chart/templates/x.yaml`) is rendered. Of the others only partials are seen.
    pub selects: &'a dyn Fn(&str) -> bool,
    /// What `lookup` asks; `lookup` of the inputs is not used.
    pub cluster: Option<Box<dyn Cluster>>,
}

/// Why a template was not rendered. Helm stops at the first one.
#[derive(Debug)]
pub struct Failure {
    /// The name of the template; none if no template is at fault.
    pub template: Option<String>,
    /// The error as helm words it, as far as plimsoll knows that; one that the chart's author wrote is exact.
    pub message: String,
    /// The error as plimsoll reports it.
    pub diagnostic: Box<Diagnostic>,
}

impl Selected<'_> {
    /// Renders the selected templates of `root` and of its sub-charts, in Helm's order.
    ///
    /// # Errors
    /// The first template that fails.
    pub fn render(
        self,
        sources: &Sources,
        root: &Scope,
        inputs: &Inputs<'_>,
    ) -> Result<Vec<RenderedFile>, Failure> {
        let places = places(sources, root, inputs);
        let jobs = jobs(&places, self.selects);
        let set = link(&jobs, self.templates, sources)?;
        let seed = seed_of(inputs.world, inputs.seed).map_err(Failure::outside)?;
        let mut vm = Vm::new(set, seed, inputs.world.now());
        if let Some(cluster) = self.cluster {
            vm = vm.with_cluster(cluster);
        }
        if inputs.recorder.is_some() {
            vm = vm.recording();
        }
        let render = |job: &Job<'_>| {
            limits::check().map_err(|exceeded| Failure::outside(exceeded.to_string()))?;
            let _activity = Activity::begin(format!("rendering `{}`", job.name));
            let place: &Place<'_> = &places[job.scope];
            match vm.render(&job.name, &place.dot_of(job)) {
                Ok(rendered) => Ok(job.rendered(rendered)),
                Err(error) => Err(Failure::of(&jobs, job, error, sources)),
            }
        };
        let rendered = jobs.iter().filter(|job| !job.partial).map(render).collect();
        if let Some(recorder) = inputs.recorder {
            recorder.add(vm.take_reached());
        }
        rendered
    }
}

/// Collects the definitions of parsed files.
fn link(jobs: &[Job<'_>], templates: &Templates, sources: &Sources) -> Result<Set, Failure> {
    let mut set = Set::default();
    for job in jobs {
        match templates.0.get(&job.file.text) {
            Some(Ok(file)) => set.add(&job.name, file, Some(job.file.source)),
            Some(Err(error)) => return Err(Failure::to_parse(job, error, sources)),
            None => {}
        }
    }
    Ok(set)
}

impl Failure {
    fn outside(reason: String) -> Self {
        let diagnostic = Box::new(Diagnostic::error(reason.clone()));
        Self { template: None, message: reason, diagnostic }
    }

    fn to_parse(job: &Job<'_>, error: &ParseError, sources: &Sources) -> Self {
        let diagnostic = error.to_diagnostic(job.file.source);
        let span = diagnostic.span().unwrap_or(Span::new(job.file.source, 0, 0));
        let line = sources.position(span).map_or(1, |position| position.line);
        let message = format!("parse error at ({}:{line}): {}", job.name, diagnostic.message);
        Self { template: Some(job.name.clone()), message, diagnostic: Box::new(diagnostic) }
    }

    fn of(jobs: &[Job<'_>], job: &Job<'_>, error: Error, sources: &Sources) -> Self {
        // What Go says about a place: `chart/templates/x.yaml:3:4`, the template that runs there, and what it is doing.
        let name_of =
            |span: Span| jobs.iter().find(|job| job.file.source == span.source).unwrap_or(job).name.as_str();
        let located = |span: Span| {
            let action = sources.get(span.source).and_then(|source| source.slice(span).map(str::to_owned));
            let name = name_of(span);
            let place = go_place(sources, span.source, span.start);
            (format!("{name}:{place}"), name, action.unwrap_or_default())
        };
        let outer = error.go_place().unwrap_or(Span::new(job.file.source, 0, 0));
        let (place, template, action) = located(outer);
        let message = if error.is_authored() {
            format!("execution error at ({place}): {}", error.message())
        } else {
            let running = |name: &str, span: Span| {
                let is_whole = span.source == job.file.source;
                if is_whole { name.to_owned() } else { error.included().unwrap_or(name).to_owned() }
            };
            let through = error.place().filter(|inner| inner.source != outer.source).map(|inner| {
                let (place, name, action) = located(inner);
                let running = running(name, inner);
                format!("error calling include: template: {place}: executing \"{running}\" at <{action}>: ")
            });
            let (running, through) = (running(template, outer), through.unwrap_or_default());
            format!(
                "template: {place}: executing \"{running}\" at <{action}>: {through}{}",
                error.go_message()
            )
        };
        let template = Some(template.to_owned());
        let diagnostic = Box::new(error.into_diagnostic(Span::new(job.file.source, 0, 0)));
        Self { template, message, diagnostic }
    }
}

/// A place as Go counts: lines from 1, and the bytes before it on its line.
fn go_place(sources: &Sources, source: SourceId, offset: u32) -> String {
    let Some(source) = sources.get(source) else { return "1:0".to_owned() };
    let before = source.text.get(..offset as usize).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1);
    format!("{line}:{column}")
}
