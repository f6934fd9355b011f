//! The chart tree: the one door to a chart's files.
//!
//! [`load`] reads a chart from a directory or a `.tgz`, [`from_files`] from a list of files in memory
//! (embedded charts, a chart at a git revision, tests). Whatever the origin, the files come in as one
//! flat list of paths and bytes, and one function makes the [`Chart`] from it: so sub-charts, archives in `charts/`
//! and embedded charts obey the same rules.

pub mod constraint;
mod metadata;

pub use constraint::Constraint;
pub use metadata::{ChartType, Dependency, EngineKind, ImportValues, Maintainer, Metadata};

use crate::diag::{Diagnostic, Report, SourceId, Sources};
use crate::yaml::Node;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A chart as it was read: immutable, shared, before any value decides about its dependencies.
#[derive(Debug)]
pub struct Chart {
    /// `Chart.yaml`, with the dependencies of `requirements.yaml` for charts of `apiVersion: v1`.
    pub metadata: Metadata,
    /// Where it came from.
    pub origin: Origin,
    /// `values.yaml`: always a map, empty when there is no such file.
    pub values: Node,
    /// The text of `values.yaml`, if there is one.
    pub values_source: Option<SourceId>,
    /// `values.schema.json`, if there is one.
    pub schema: Option<TextFile>,
    /// Everything under `templates/`, partials and `NOTES.txt` included, sorted by path.
    pub templates: Vec<TextFile>,
    /// What Helm's `.Files` sees: every other file (`crds/`, `README.md`, ...), sorted by path.
    pub files: Vec<ChartFile>,
    /// The files under `crds/` that hold manifests (`.yaml`, `.yml`, `.json`), sorted by path.
    pub crds: Vec<TextFile>,
    /// The charts in `charts/`, sorted by the name of their directory or archive there.
    pub children: Vec<Arc<Chart>>,
    /// The engine of its templates: what `Chart.yaml` says, else what the templates look like.
    pub engine: EngineKind,
}

/// Where a chart came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A directory.
    Directory(PathBuf),
    /// A `.tgz`.
    Archive(PathBuf),
    /// Files in memory, under the name that messages give them.
    Embedded(String),
}

/// A text file of a chart that later stages read with positions.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Path in the chart, `/` between the parts: `templates/db/set.yaml`.
    pub path: String,
    /// The text; its name is the path as the user would write it.
    pub source: SourceId,
    /// The same text.
    pub text: Arc<str>,
}

/// A file of a chart that templates can ask for. Not necessarily text.
#[derive(Debug, Clone)]
pub struct ChartFile {
    /// Path in the chart, `/` between the parts: `config/app.json`.
    pub path: String,
    /// The content.
    pub data: Arc<[u8]>,
}

impl Chart {
    /// The name in `Chart.yaml`. An alias is not known here: see `values::Scope::name`.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The template of that path in the chart (`templates/_labels.tera`).
    pub fn template(&self, path: &str) -> Option<&TextFile> {
        self.templates.iter().find(|file| file.path == path)
    }

    /// The file that `.Files.Get` finds under that path.
    pub fn file(&self, path: &str) -> Option<&ChartFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether it only lends its partials to others (`type: library`).
    pub fn is_library(&self) -> bool {
        self.metadata.chart_type == ChartType::Library
    }
}

/// Reads the chart at `path`: a directory that holds `Chart.yaml`, or a `.tgz`.
pub fn load(_sources: &Sources, path: &Path) -> Report<Chart> {
    Report::fail(Diagnostic::error(format!("cannot load `{}` yet", path.display())))
}

/// Makes a chart of files in memory: `(path in the chart, content)`. `name` is what messages put before the
/// paths: `builtin:statefulset`, `git:v1.2.0:charts/app`.
pub fn from_files(_sources: &Sources, name: &str, _files: Vec<(String, Vec<u8>)>) -> Report<Chart> {
    Report::fail(Diagnostic::error(format!("cannot load `{name}` yet")))
}
