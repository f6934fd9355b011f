//! Values: the `--set` grammar, merge, scoping, schema, and the origin of every leaf.
//!
//! [`compute`] takes a chart and what the user gave on the command line and returns the tree of the charts that are
//! enabled, each with the values its templates see. Every node's span is its origin: a byte of a values file, of a
//! chart's `values.yaml` or of a flag.

use crate::chart::Chart;
use crate::diag::{Diagnostic, Report, Severity, SourceId, Sources, Span};
use crate::yaml::Node;
use std::sync::Arc;

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
    /// How bad a key is that the chart does not know: a warning, or an error under `--strict`.
    pub unknown_keys: Severity,
}

impl Default for Options {
    fn default() -> Self {
        Self { skip_schema_validation: false, unknown_keys: Severity::Warning }
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
    pub values: Node,
    /// The sub-charts that are enabled, in Helm's order.
    pub children: Vec<Scope>,
}

/// Computes the values of `chart` and of all its enabled sub-charts.
///
/// The report holds an output unless the flags, files or types do not go together; schema violations and unknown
/// keys are diagnostics beside it.
pub fn compute(
    _sources: &Sources,
    _chart: &Arc<Chart>,
    _overrides: &Overrides,
    _options: &Options,
) -> Report<Computed> {
    Report::fail(Diagnostic::error("values cannot be computed yet"))
}

/// One layer's say about a key: see [`Computed::history`].
#[derive(Debug, Clone)]
pub struct Step {
    /// The layer: `charts/db/values.yaml`, `prod.yaml`, `--set`.
    pub layer: String,
    /// What it says; `None` where a null of this layer takes the key away.
    pub value: Option<Node>,
    /// Where it says so.
    pub span: Span,
}
