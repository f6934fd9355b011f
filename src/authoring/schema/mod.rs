//! A schema for the values of a chart, made from what there is: the default values and those in `ci/`, the comments in
//! `values.yaml`, and what the templates do with the values.
//!
//! Comments count most, then the use in templates, then the values. The schema accepts the default values and those in
//! `ci/`, whatever the others say. It refuses keys that the chart does not know, where it can be sure.

mod check;
mod field;
mod kubernetes;
mod uses;
mod written;

use super::Generated;
use crate::chart::{Chart, Origin};
use crate::diag::escape::json;
use crate::diag::{Diagnostic, Report, SourceKind, Sources, has_errors};
use crate::engine::Release;
use crate::k8s::schema::TypeId;
use crate::limits::{self, Activity};
use crate::manifest::Object;
use crate::render;
use crate::values::{self, Computed, Overrides, ValuesFile};
use crate::world::World;
use crate::yaml::{self, Node};
use field::{Field, Type};
use kubernetes::{Path, Probe, Use};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use written::Written;

/// The name of the file in a chart.
pub const FILE: &str = "values.schema.json";

/// The most renders that look for marks: enough to find a handful of values with which a chart of many does not render.
const MAX_RENDERS: usize = 24;

/// A version of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draft {
    /// Draft 2020-12.
    Draft202012,
    /// Draft 7.
    Draft7,
}

impl Draft {
    fn url(self) -> &'static str {
        match self {
            Self::Draft202012 => "https://json-schema.org/draft/2020-12/schema",
            Self::Draft7 => "http://json-schema.org/draft-07/schema#",
        }
    }

    /// The keyword for definitions.
    fn defs(self) -> &'static str {
        match self {
            Self::Draft202012 => "$defs",
            Self::Draft7 => "definitions",
        }
    }
}

/// Makes the schema for the values of a chart. `ci_values` are files with values that it must accept besides the default
/// values.
///
/// Warns where the default values do not fit what a comment says about them: there the comment is not used.
pub fn schema(
    world: &World,
    sources: &Sources,
    chart: &Arc<Chart>,
    ci_values: &[PathBuf],
    draft: Draft,
) -> Report<Generated> {
    let _activity = Activity::begin(format!("making a schema for the chart `{}`", chart.name()));
    let mut sink = Vec::new();
    let mut maker = Maker { world, sources, chart, draft, renders: 0 };
    let sets = maker.value_sets(ci_values, &mut sink);
    if has_errors(&sink) {
        return Report::failed(sink);
    }
    let mut root = maker.shown(&sets);
    let mut wanted = BTreeSet::new();
    let uses = maker.uses(&sets);
    kubernetes::apply(&mut root, &uses, draft.defs(), &mut wanted);
    maker.add_written(&mut root, &mut sink);
    maker.add_dependencies(&mut root);
    let values: Vec<Json> =
        sets.iter().filter_map(|set| serde_json::to_value(set.values(chart)).ok()).collect();
    let overruled = check::relax(&mut root, &values, |root| maker.document(root, &wanted));
    for path in overruled {
        sink.push(
            Diagnostic::warning(format!("`{}` does not fit its comment", path.join(".")))
                .help("the schema must accept the values of the chart, so what the comment says is left out"),
        );
    }
    let mut text = json(serde_json::to_string_pretty(&maker.document(&root, &wanted)).unwrap_or_default());
    text.push('\n');
    let current = chart.schema.as_ref().map(|file| file.text.to_string());
    let directory = match &chart.origin {
        Origin::Directory(directory) => directory.clone(),
        Origin::Archive(_) | Origin::Embedded(_) => PathBuf::new(),
    };
    Report::with(Generated { path: directory.join(FILE), directory, text, current }, sink)
}

/// The values that the chart has with one set of overrides.
struct ValueSet {
    computed: Option<Computed>,
}

impl ValueSet {
    /// The values; those of `values.yaml` if there are no others.
    fn values<'a>(&'a self, chart: &'a Chart) -> &'a Node {
        self.computed.as_ref().map_or(&chart.values, |computed| &computed.root.values)
    }
}

struct Maker<'a> {
    world: &'a World,
    sources: &'a Sources,
    chart: &'a Arc<Chart>,
    draft: Draft,
    renders: usize,
}

impl Maker<'_> {
    /// The default values and those with each of the files. Without its dependencies a chart has only its own.
    fn value_sets(&self, ci_values: &[PathBuf], sink: &mut Vec<Diagnostic>) -> Vec<ValueSet> {
        let mut sets = vec![ValueSet { computed: self.compute(&Overrides::default()).output }];
        for file in ci_values {
            let overrides = Overrides {
                files: vec![ValuesFile::Argument(file.display().to_string())],
                ..Overrides::default()
            };
            let report = self.compute(&overrides);
            match report.output {
                Some(computed) => sets.push(ValueSet { computed: Some(computed) }),
                None if sets[0].computed.is_some() => sink.extend(report.diagnostics),
                None => {}
            }
        }
        sets
    }

    fn compute(&self, overrides: &Overrides) -> Report<Computed> {
        let options = values::Options { skip_schema_validation: true, ..values::Options::default() };
        values::compute(self.world, self.sources, self.chart, overrides, &options)
    }

    /// What the values show, and what the templates know.
    fn shown(&self, sets: &[ValueSet]) -> Field {
        let mut root = Field::of(sets[0].values(self.chart));
        root.types = [Type::Object].into();
        root.is_open = false;
        uses::apply(&mut root, &uses::references(self.chart));
        for set in &sets[1..] {
            root.accept(set.values(self.chart));
        }
        root
    }

    /// The keys of the values that belong to other charts.
    fn foreign_keys(&self) -> BTreeSet<String> {
        let declared = self.chart.metadata.dependencies.iter().map(|dependency| dependency.key().to_owned());
        let names = self.chart.children.iter().map(|child| child.name().to_owned());
        declared.chain(names).chain(["global".to_owned()]).collect()
    }

    /// Lets the values of sub-charts be what those say, and adds what decides whether they are enabled.
    fn add_dependencies(&self, root: &mut Field) {
        for name in self.foreign_keys() {
            let field = root.property(&name);
            let written = std::mem::take(&mut field.written);
            *field = Field { written, ..Field::open_map() };
        }
        for dependency in &self.chart.metadata.dependencies {
            if !dependency.tags.is_empty() {
                *root.property("tags") = Field::open_map();
            }
            for condition in &dependency.condition {
                let keys: Vec<&str> = condition.split('.').collect();
                let mut field = &mut *root;
                for (depth, key) in keys.iter().enumerate() {
                    if depth > 0 && !field.has_keys() {
                        break;
                    }
                    field = field.property(key);
                }
            }
        }
    }

    /// Where templates put the values.
    fn uses(&mut self, sets: &[ValueSet]) -> Vec<(Path, Use)> {
        let mut found = Vec::new();
        let mut is_renderable = false;
        for set in sets {
            let Some(computed) = &set.computed else { continue };
            let places = kubernetes::places(&computed.root.values);
            if let Some(rendered) = self.render(computed) {
                is_renderable = true;
                let objects: Vec<&Object> = rendered.objects().collect();
                found.extend(kubernetes::traced(self.sources, &objects, &places));
            }
        }
        if !is_renderable {
            return found;
        }
        let probes = kubernetes::probes(sets[0].values(self.chart), &self.foreign_keys());
        self.find_marks(&probes, &mut found);
        found
    }

    /// Renders the chart with marks. If that fails, the marks that it fails with are looked for.
    fn find_marks(&mut self, probes: &[Probe], found: &mut Vec<(Path, Use)>) {
        if probes.is_empty() || self.renders >= MAX_RENDERS || limits::check().is_err() {
            return;
        }
        self.renders += 1;
        let text = kubernetes::marked(probes);
        let source = self.sources.add("values with marks", text, SourceKind::Builtin);
        let overrides = Overrides { files: vec![ValuesFile::Source(source)], ..Overrides::default() };
        let rendered = self.compute(&overrides).output.and_then(|computed| self.render(&computed));
        match rendered {
            Some(rendered) => {
                let objects: Vec<&Object> = rendered.objects().collect();
                found.extend(kubernetes::found_marks(&objects, probes));
            }
            None if probes.len() > 1 => {
                let (first, second) = probes.split_at(probes.len() / 2);
                self.find_marks(first, found);
                self.find_marks(second, found);
            }
            None => {}
        }
    }

    fn render(&self, computed: &Computed) -> Option<render::Render> {
        let options = render::Options {
            seed: Some(1),
            ..render::Options::install(Release::install(Release::DEFAULT_NAME, "default"))
        };
        render::render(self.world, self.sources, computed, &options).output
    }

    /// Adds what the comments in `values.yaml` say.
    fn add_written(&self, root: &mut Field, sink: &mut Vec<Diagnostic>) {
        let Some(source) = self.chart.values_source else { return };
        let tree = match yaml::read_commented(self.sources, source) {
            Ok(tree) => tree,
            Err(diagnostic) => return sink.push(*diagnostic),
        };
        let (Some(tree), Some(content)) = (tree, self.sources.get(source)) else { return };
        for (path, written) in written::written(&content.text, &tree) {
            let (field, found) = root.nearest(&path);
            if found.len() == path.len() && !path.is_empty() {
                apply(field, written);
            }
        }
    }

    /// The whole schema.
    fn document(&self, root: &Field, wanted: &BTreeSet<TypeId>) -> Json {
        let mut document = Map::new();
        document.insert("$schema".to_owned(), json!(self.draft.url()));
        if let Json::Object(schema) = root.schema() {
            document.extend(schema);
        }
        let used = used_definitions(&Json::Object(document.clone()), self.draft.defs(), wanted);
        if !used.is_empty() {
            let definitions = kubernetes::definitions(&used, self.draft.defs());
            document.insert(self.draft.defs().to_owned(), definitions.into());
        }
        document.into()
    }
}

/// The definitions that a schema still refers to.
fn used_definitions(schema: &Json, defs: &str, wanted: &BTreeSet<TypeId>) -> BTreeSet<TypeId> {
    let text = schema.to_string();
    let is_used = |id: &&TypeId| text.contains(&format!("\"#/{defs}/{}\"", kubernetes::name(**id)));
    wanted.iter().filter(is_used).copied().collect()
}

/// Adds what a comment says about a value.
fn apply(field: &mut Field, written: Written) {
    let mut keywords = written.keywords;
    if written.is_nullable {
        match keywords.get_mut("type") {
            Some(types) => check::add_null(types),
            None if !field.types.is_empty() => {
                field.types.insert(Type::Null);
            }
            None => {}
        }
    }
    field.is_required |= written.is_required;
    field.is_hidden |= written.is_hidden;
    field.written = keywords;
}
