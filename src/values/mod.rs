//! Values: the `--set` grammar, merge, scoping, schema, and the origin of every leaf.
//!
//! [`compute`] takes a chart and what the user gave on the command line and returns the tree of the charts that are
//! enabled, each with the values its templates see. Every node's span is its origin: a byte of a values file, of a
//! chart's `values.yaml` or of a flag.

mod encrypted;
mod helm_words;
mod json;
mod layers;
mod merge;
mod rules;
mod schema;
mod set;
mod show;
mod tree;
mod unknown;

pub use layers::{comma_list, split_list};
pub use rules::RULES;
pub use schema::{Checker, Schemas};
pub use show::{Explanation, Step, origin, show, why};

use crate::chart::{Chart, Dependency, Origin};
use crate::diag::escape::shell_word;
use crate::diag::{Diagnostic, Report, Severity, SourceId, Sources, Span, has_errors};
use crate::k8s::secrets;
use crate::limits::Activity;
use crate::world::World;
use crate::yaml::{DUPLICATE_KEY, Map, Node, Value};
use rules::{DEPENDENCY_VERSION, MISSING_DEPENDENCY, breach};
use set::NewList;
use std::collections::BTreeMap;
use std::sync::Arc;
use tree::Branch;

/// What the user gave: Helm's value flags, each kind in the order given. The order of the kinds is fixed:
/// files, `--set-json`, `--set`, `--set-string`, `--set-file`, `--set-literal`; later ones win.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `-f`/`--values`.
    pub files: Vec<ValuesFile>,
    /// What standard input holds, read by the caller because some argument names `-`.
    pub stdin: Option<String>,
    /// `--set-json`.
    pub set_json: Vec<String>,
    /// `--set`.
    pub set: Vec<String>,
    /// `--set-string`.
    pub set_string: Vec<String>,
    /// `--set-file`.
    pub set_file: Vec<String>,
    /// `--set-literal`.
    pub set_literal: Vec<String>,
    /// Files that are not read from disk, by the names that the flags give them: what they hold.
    pub texts: BTreeMap<String, String>,
}

/// One `-f`.
#[derive(Debug, Clone)]
pub enum ValuesFile {
    /// The argument as given: a path, several with commas between, or `-` for standard input.
    Argument(String),
    /// A text that has been read already.
    Source(SourceId),
}

/// How to compute.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// `--skip-schema-validation`.
    pub skip_schema_validation: bool,
    /// How bad a key is that the chart does not know, and in a Helm chart or the values for it what Helm accepts, such as
    /// a key that is written twice: a warning, or an error under `--strict`.
    pub unknown_keys: Severity,
    /// How bad a declared dependency is that is not in `charts/`: an error, or a warning for `helm lint`.
    pub missing_dependencies: Severity,
    /// What the templates of a chart read, given the values that the user sets. It is asked before a key is said to be
    /// unknown.
    pub reads: fn(&Chart, &Map) -> Vec<ValueRead>,
}

/// What a template reads of its chart's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueRead {
    /// The keys that lead to it; none for the values as a whole.
    pub path: Vec<String>,
    /// Whether the template uses it as it is, with every key below it.
    pub is_whole: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            skip_schema_validation: false,
            unknown_keys: Severity::Warning,
            missing_dependencies: Severity::Error,
            reads: |_, _| Vec::new(),
        }
    }
}

/// The values of a release.
#[derive(Debug)]
pub struct Computed {
    /// The chart that is installed, with its enabled sub-charts.
    pub root: Scope,
    /// What the user gave, merged (`USER-SUPPLIED VALUES`).
    pub user: Node,
}

/// A chart of the enabled tree and the values that its templates see.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The chart. Several scopes share one chart when it is aliased.
    pub chart: Arc<Chart>,
    /// The name it goes by: its alias, else the chart's name. This is what `.Chart.Name` is.
    pub name: String,
    /// The way from the root: `umbrella/charts/one`.
    pub path: String,
    /// Its own slice of the values, and `global`. For the root, everything.
    pub values: Arc<Node>,
    /// The sub-charts that are enabled, in Helm's order.
    pub children: Vec<Scope>,
    /// The dependencies that are enabled, under the names they go by.
    pub dependencies: Vec<Dependency>,
    /// Whether the disabled ones have been removed. Helm does not do so below a chart that declares no dependencies.
    pub is_pruned: bool,
}

/// Computes the values of `chart` and of all its enabled sub-charts.
///
/// There is an output unless the flags, files or types do not go together, or a dependency of `chart` is missing; schema
/// violations and unknown keys are diagnostics beside it.
pub fn compute(
    world: &World,
    sources: &Sources,
    chart: &Arc<Chart>,
    overrides: &Overrides,
    options: &Options,
) -> Report<Computed> {
    let _activity = Activity::begin(format!("computing the values of `{}`", chart.name()));
    observed(world, sources, chart, overrides, *options, |_, _| {})
}

/// As [`compute`]; `observe` sees the user's values after each file and flag.
fn observed(
    world: &World,
    sources: &Sources,
    chart: &Arc<Chart>,
    overrides: &Overrides,
    options: Options,
    observe: impl FnMut(&str, &Node),
) -> Report<Computed> {
    let mut sink = Vec::new();
    missing_dependencies(chart, options.missing_dependencies, &mut sink);
    let accepted = |remark: &Diagnostic| {
        let mut remark = remark.clone();
        remark.severity = options.unknown_keys;
        // The errors of `--strict` are not findings of lint.
        remark.rule = remark.rule.filter(|_| options.unknown_keys != Severity::Error);
        remark
    };
    sink.extend(chart.remarks.iter().map(accepted));
    let layers = sink.len();
    let user = layers::merge(world, sources, overrides, chart.engine, &mut sink, observe);
    for found in sink[layers..].iter_mut().filter(|found| found.rule == Some(&DUPLICATE_KEY)) {
        *found = accepted(found);
    }
    let Some(user) = user else { return Report::failed(sink) };
    let Some((branch, root)) = coalesced(chart, &user.values, &mut sink) else {
        return Report::failed(sink);
    };
    replaced_lists(&branch, &user.new_lists, &mut sink);
    if let Some(given) = user.values.as_map() {
        unknown::report(&branch, given, options, &mut sink);
    }
    secrets::register_values(sources, &root.values);
    if !options.skip_schema_validation {
        let schemas = Schemas::default();
        schema::validate(sources, &root, &user.values, options.unknown_keys, &schemas, &mut sink);
    }
    Report::with(Computed { root, user: user.values }, sink)
}

/// Computes the values of `chart` and of its enabled sub-charts from what the user gave, merged: for callers that compute
/// the values of one chart many times. Nothing is said about missing dependencies and unknown keys, and nothing is
/// validated: see [`violations`].
pub fn compute_merged(chart: &Arc<Chart>, user: Node) -> Report<Computed> {
    let mut sink = Vec::new();
    match coalesced(chart, &user, &mut sink) {
        Some((_, root)) => Report::with(Computed { root, user }, sink),
        None => Report::failed(sink),
    }
}

/// Where values violate the schemas of their charts.
pub fn violations(sources: &Sources, computed: &Computed, schemas: &Schemas) -> Vec<Diagnostic> {
    let mut sink = Vec::new();
    schema::validate(sources, &computed.root, &computed.user, Severity::Warning, schemas, &mut sink);
    sink
}

/// Helm's error about values that violate the schemas of their charts: what [`violations`] are about, in helm's words.
pub fn helm_violations(sources: &Sources, computed: &Computed, schemas: &Schemas) -> Option<String> {
    schema::in_helms_words(sources, &computed.root, schemas)
}

/// The tree of enabled charts, and the values of each. `None` after an error.
fn coalesced<'a>(
    chart: &'a Arc<Chart>,
    user: &Node,
    sink: &mut Vec<Diagnostic>,
) -> Option<(Branch<'a>, Scope)> {
    let given = user.as_map().cloned().unwrap_or_default();
    let mut branch = tree::build_tree(chart, &given, sink);
    if has_errors(sink) {
        return None;
    }
    tree::import_values(&mut branch, sink);
    if has_errors(sink) {
        return None;
    }
    let values = tree::coalesce(&branch, given, sink);
    if has_errors(sink) {
        return None;
    }
    let root = Scope::from_branch(&branch, branch.name.clone(), Node::new(Value::Map(values), user.span));
    Some((branch, root))
}

/// Warns where an index in a flag throws a default list away: Helm does not know the default when it applies the flag.
fn replaced_lists(root: &Branch<'_>, lists: &[NewList], sink: &mut Vec<Diagnostic>) {
    for list in lists {
        let Some((first, rest)) = list.path.split_first() else { continue };
        let default =
            rest.iter().try_fold(root.defaults.get(first), |node, key| Some(node?.get(key))).flatten();
        let Some(default) = default.filter(|default| !default.items().is_empty()) else { continue };
        let (path, items) = (list.path.join("."), default.items().len());
        let items = if items == 1 { "its 1 item".to_owned() } else { format!("its {items} items") };
        sink.push(
            Diagnostic::warning(format!(
                "an index into `{path}` replaces the whole default list and {items}"
            ))
            .at(list.span, "starts a new list")
            .at(default.span, "the default")
            .help("put the whole list into a values file; a flag can then change one item of it"),
        );
    }
}

impl Scope {
    fn from_branch(branch: &Branch<'_>, path: String, values: Node) -> Self {
        let children = branch
            .children
            .iter()
            .map(|child| {
                Self::from_branch(
                    child,
                    format!("{path}/charts/{}", child.name),
                    tree::slice(&values, &child.name),
                )
            })
            .collect();
        let dependencies = branch.dependencies().collect();
        let (chart, name, is_pruned) = (Arc::clone(branch.chart), branch.name.clone(), branch.aliased);
        Self { chart, name, path, values: Arc::new(values), children, dependencies, is_pruned }
    }
}

/// How to get a dependency that is missing.
fn fetching(chart: &Chart, dependency: &Dependency) -> String {
    match dependency.directory() {
        Some(directory) => {
            format!(
                "there is no chart at `{directory}`: correct the `repository`, or remove it from `Chart.yaml`"
            )
        }
        None => format!(
            "fetch it with `plimsoll dependency build{}`, or remove it from `Chart.yaml`",
            argument(chart)
        ),
    }
}

/// A chart as the last argument of a command; nothing for one that is not a directory.
fn argument(chart: &Chart) -> String {
    match &chart.origin {
        Origin::Directory(path) => format!(" {}", shell_word(&path.display().to_string())),
        Origin::Archive(_) | Origin::Embedded(_) => String::new(),
    }
}

/// Says which declared dependencies are not in `charts/`, or there in another version. Helm refuses the first in the
/// chart it installs, whether or not the dependency is enabled, does not look further down, and says nothing about the
/// second.
fn missing_dependencies(chart: &Chart, severity: Severity, sink: &mut Vec<Diagnostic>) {
    for dependency in &chart.metadata.dependencies {
        let name = &dependency.name;
        let there: Vec<&Arc<Chart>> = chart.children.iter().filter(|child| child.name() == name).collect();
        if there.is_empty() {
            sink.push(
                breach(&MISSING_DEPENDENCY, severity, format!("the dependency `{name}` is not in `charts/`"))
                    .at(dependency.span, "declared here")
                    .help(fetching(chart, dependency)),
            );
        } else if !there.iter().any(|child| dependency.is_satisfied_by(child)) {
            let versions: Vec<&str> = there.iter().map(|child| child.metadata.version.as_str()).collect();
            let wanted = dependency.version.as_ref().map_or("no version", |version| version.as_str());
            let there = versions.join(", ");
            let effect = match dependency.alias {
                // Helm gives the alias, and what goes by it, to a chart of the required version only.
                Some(_) => "that chart is rendered under its name: the alias has no effect",
                None => "that chart is rendered",
            };
            sink.push(
                Diagnostic::from_rule(
                    &DEPENDENCY_VERSION,
                    format!("the dependency `{name}` requires {wanted}, but `charts/` contains {there}"),
                )
                .at(dependency.span, effect)
                .help(format!(
                    "fetch it with `plimsoll dependency update{}`, or change the `version`",
                    argument(chart)
                )),
            );
        }
    }
    for child in &chart.children {
        missing_dependencies(child, Severity::Warning, sink);
    }
}

/// Values at paths of keys, as a tree.
pub(crate) fn from_paths(values: impl IntoIterator<Item = (Vec<String>, Node)>) -> Node {
    let mut root = Map::new();
    for (path, value) in values {
        insert(&mut root, &path, value);
    }
    Node::bare(root)
}

fn insert(map: &mut Map, path: &[String], value: Node) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        map.insert(key.clone(), Span::NONE, value);
        return;
    }
    if !map.contains_key(key) {
        map.insert(key.clone(), Span::NONE, Node::bare(Map::new()));
    }
    if let Some(inner) = map.get_mut(key).and_then(Node::as_map_mut) {
        insert(inner, rest, value);
    }
}
