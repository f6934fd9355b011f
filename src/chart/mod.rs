//! The chart tree: the one door to a chart's files.
//!
//! [`load`] reads a chart from a directory or a `.tgz`, [`from_files`] from a list of files in memory
//! (embedded charts, a chart at a git revision, tests). Whatever the origin, the files come in as one
//! flat list of paths and bytes, and one function makes the [`Chart`] from it: so sub-charts, archives in `charts/`
//! and embedded charts obey the same rules.

mod builtin;
mod detect;
mod files;
mod gunzip;
mod ignore;
mod links;
mod local;
mod lock;
mod metadata;
mod package;
mod pattern;
mod provenance;
mod show;
mod tree;
mod values_file;

pub use builtin::{builtin_files, builtins, exists, is_chart, is_remote, open};
pub use files::ChartFile;
pub(crate) use files::unwalkable;
pub(crate) use ignore::Rules as IgnoreRules;
pub(crate) use links::{Boundary, is_outside, refuse_link_out};
pub use local::{PlainFiles, identify, read_metadata, unpack};
pub(crate) use metadata::local_directory;
pub use metadata::{ChartType, Dependency, EngineKind, ImportValues, Maintainer, Metadata};
pub(crate) use pattern::Pattern;

pub use package::{Package, PackageOptions, package};
pub use provenance::{Provenance, verify};
pub use show::{Part, show};

use crate::diag::{Diagnostic, Report, SourceId, SourceKind, Sources};
use crate::limits::Activity;
use crate::world::World;
use crate::yaml::Node;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::Unread;
pub(crate) use values_file::{Pool, overlay, read_changed_values, read_values};

/// A chart as it was read: immutable, shared, before any value decides about its dependencies.
#[derive(Debug, Clone)]
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
    /// Whether the templates can be in no other language: not if `Chart.yaml` does not say, and both could take them.
    pub engine_is_sure: bool,
    /// What Helm accepts in the files of its charts, this one and those in it, and plimsoll does not: warnings, which are
    /// errors under `--strict`. They are reported with the values.
    pub remarks: Vec<Diagnostic>,
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

/// Whether a template is a partial, by its path: nothing is rendered from it itself.
pub(crate) fn is_partial(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
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

    /// Warns of the links out of the chart that templates followed by asking for files. `known` are the remarks of the
    /// root chart, which name those that were followed before.
    pub fn links_followed(&self, known: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::new();
        for link in self.files.iter().filter_map(ChartFile::followed_link) {
            let warning = link.describe_followed();
            // Remarks on sub-charts say how one got there; the path of the link is in the message.
            if !known.iter().chain(&found).any(|other| other.message == warning.message) {
                found.push(warning);
            }
        }
        found
    }

    /// Whether it only lends its partials to others (`type: library`).
    pub fn is_library(&self) -> bool {
        self.metadata.chart_type == ChartType::Library
    }
}

/// Reads the chart at `path`: a directory that holds `Chart.yaml`, or a `.tgz`.
///
/// Dependencies in other directories (`repository: file://../db`) that are not in `charts/` are read in place.
/// What `.helmignore` names is not read. Files over 5 MiB, charts over 100 MiB, and anything that is not a plain file are
/// errors. So are links that lead out of the chart, once what is behind them is read; those of Helm charts are followed
/// inside their git repository, with a remark.
pub fn load(world: &World, sources: &Sources, path: &Path) -> Report<Chart> {
    let _activity = Activity::begin(format!("loading the chart `{}`", path.display()));
    if world.is_directory(path) {
        if !world.is_file(&path.join("Chart.yaml")) {
            return Report::fail(files::no_chart(world, path));
        }
        let mut sink = Vec::new();
        let Some(files) = files::read_directory(world, sources, path).take(&mut sink) else {
            return Report::failed(sink);
        };
        let name = path.display().to_string();
        return Unread { origin: Origin::Directory(path.to_owned()), name, files }.read(
            Some(local::Local { world, sources }),
            sources,
            &SourceKind::File,
            sink,
        );
    }
    if !world.is_file(path) {
        return Report::fail(files::no_chart(world, path));
    }
    let name = path.display().to_string();
    if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Report::fail(Diagnostic::error(format!("`{name}` is a YAML file, not a chart")).help(
            "a chart is a directory with a `Chart.yaml`, or a `.tgz` of one; pass values files with `-f`",
        ));
    }
    match files::read_packed(world, path) {
        Ok(bytes) => from_archive(sources, path, &bytes),
        Err(diagnostic) => Report::fail(*diagnostic),
    }
}

/// Makes a chart of the bytes of a `.tgz`; `path` is what messages call it.
pub fn from_archive(sources: &Sources, path: &Path, bytes: &[u8]) -> Report<Chart> {
    let name = path.display().to_string();
    let mut budget = files::MAX_CHART;
    let mut sink = Vec::new();
    let Some(files) = files::read_archive(&name, bytes, &mut budget).take(&mut sink) else {
        return Report::failed(sink);
    };
    let unread = Unread { origin: Origin::Archive(path.to_owned()), name, files };
    unread.read(None, sources, &SourceKind::File, sink)
}

/// Makes a chart of files in memory: `(path in the chart, content)`. `name` is what messages put before the
/// paths: `builtin:statefulset`, `git:v1.2.0:charts/app`. A `.helmignore` among the files counts.
pub fn from_files(sources: &Sources, name: &str, files: PlainFiles) -> Report<Chart> {
    let mut sink = Vec::new();
    let Some(files) = files::from_memory(sources, name, files).take(&mut sink) else {
        return Report::failed(sink);
    };
    Unread { origin: Origin::Embedded(name.to_owned()), name: name.to_owned(), files }.read(
        None,
        sources,
        &SourceKind::Builtin,
        sink,
    )
}
