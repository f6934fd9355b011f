//! What a chart says of its dependencies: `Chart.yaml`, `Chart.lock`, `charts/`.

use super::super::{fetch, world};
use crate::ui::Ui;
use anyhow::bail;
use plimsoll::chart::{self, Dependency, Metadata};
use plimsoll::diag::{Diagnostic, Report, Sources, has_errors};
use plimsoll::yaml::Node;
use plimsoll_registry::{Error, Fetcher, Lock, Locked, Requirement};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest archive that is read.
const MAX_ARCHIVE: u64 = 100 << 20;

/// A chart and its dependencies.
pub(super) struct Declared {
    pub(super) path: PathBuf,
    metadata: Metadata,
    /// The dependencies in the form that a lock digests, with the URLs of named repositories.
    pub(super) requirements: Vec<Requirement>,
    pub(super) lock: Option<Lock>,
}

impl Declared {
    /// Reads a chart directory.
    pub(super) fn read(
        path: &Path,
        fetcher: &Fetcher,
        sources: &Sources,
        ui: &mut Ui,
    ) -> anyhow::Result<Self> {
        if world().is_file(path) {
            bail!("`{}` is an archive: only a chart directory has dependencies to fetch", path.display());
        }
        let metadata = ui.kept(chart::read_metadata(world(), sources, path), sources)?;
        let requirements = ui.kept(requirements(&metadata, fetcher), sources)?;
        let mut declared = Self { path: path.to_owned(), metadata, requirements, lock: None };
        let lock = declared.lock_path();
        if world().is_file(&lock) {
            declared.lock = match Lock::read(&super::super::release::read_file(&lock)?) {
                Ok(lock) => Some(lock),
                Err(error) => {
                    return fetch::fail(error.context(format!("cannot read `{}`", lock.display())), ui);
                }
            };
        }
        Ok(declared)
    }

    pub(super) fn dependencies(&self) -> &[Dependency] {
        &self.metadata.dependencies
    }

    /// The file of the lock. Charts of Helm 2 have another one.
    pub(super) fn lock_path(&self) -> PathBuf {
        let name = if self.metadata.api_version == "v1" { "requirements.lock" } else { "Chart.lock" };
        self.path.join(name)
    }

    /// Whether a lock is that of these dependencies.
    pub(super) fn matches(&self, lock: &Lock) -> bool {
        let is_digest = |digest: String| digest == lock.digest;
        is_digest(plimsoll_registry::digest(&self.requirements, &lock.dependencies))
            || (self.metadata.api_version == "v1"
                && is_digest(plimsoll_registry::digest_of_helm_2(&self.requirements)))
    }

    /// The error that there is no lock.
    pub(super) fn no_lock(&self) -> Result<Vec<super::Step>, Diagnostic> {
        let at = self.dependencies().first().map(|first| first.span);
        let error = Diagnostic::error(format!(
            "--frozen needs `{}`, which does not exist",
            self.lock_path().display()
        ))
        .help(self.update_command());
        Err(match at {
            Some(at) => error.at(at, "the dependencies"),
            None => error,
        })
    }

    /// The error that the lock is that of other dependencies, at the first that differs.
    pub(super) fn out_of_date(&self, lock: &Lock) -> Diagnostic {
        let is_locked = |(dependency, requirement): &(&Dependency, &Requirement)| {
            lock.dependencies.iter().any(|locked| {
                locked.name == dependency.name
                    && locked.repository == requirement.repository
                    && satisfies(dependency, locked)
            })
        };
        let pairs: Vec<_> = self.dependencies().iter().zip(&self.requirements).collect();
        let changed = pairs.iter().find(|pair| !is_locked(pair)).or(pairs.first());
        let message =
            format!("`{}` does not match the dependencies of the chart", self.lock_path().display());
        let error = Diagnostic::error(message).help(self.update_command());
        match changed {
            Some((dependency, _)) => error.at(dependency.span, "changed since the lock was written"),
            None => error,
        }
    }

    fn update_command(&self) -> String {
        let path = plimsoll::diag::escape::shell_word(&self.path.display().to_string());
        format!("run `plimsoll dependency update {path}`")
    }

    /// Whether `charts/` holds a dependency of this name that comes from no repository.
    pub(super) fn is_without_repository(&self, name: &str) -> bool {
        self.requirements.iter().any(|one| one.name == name && one.repository.is_empty())
    }

    /// The directories of the dependencies that are charts in other directories.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        self.dependencies().iter().filter_map(|one| Some(self.path.join(one.directory()?))).collect()
    }

    /// The charts in directories that this one is made of.
    pub(super) fn inner_charts(&self) -> Vec<PathBuf> {
        let charts = self.path.join("charts");
        let entries = world().list(&charts).unwrap_or_default();
        let inside = entries.into_iter().map(|entry| charts.join(entry.name));
        let all = self.directories().into_iter().chain(inside);
        all.filter(|path| world().is_file(&path.join("Chart.yaml"))).collect()
    }

    /// The dependencies, by number, of which there is no chart in `charts/`.
    pub(super) fn missing(&self) -> Vec<usize> {
        let charts = self.path.join("charts");
        let entries = world().list(&charts).unwrap_or_default();
        let paths = entries.into_iter().map(|entry| charts.join(entry.name));
        let present: Vec<Metadata> = paths.filter_map(|path| identify(&path)).collect();
        let is_present = |dependency: &Dependency| {
            let matches = |version: &semver::Version| {
                dependency.version.as_ref().is_some_and(|wanted| wanted.matches(version))
            };
            present.iter().any(|found| found.name == dependency.name && matches(&found.semver))
        };
        let dependencies = self.dependencies().iter().enumerate();
        dependencies.filter(|(_, dependency)| !is_present(dependency)).map(|(index, _)| index).collect()
    }
}

/// Whether a locked version is in the range that is declared.
fn satisfies(dependency: &Dependency, locked: &Locked) -> bool {
    let written = dependency.version.as_ref().is_some_and(|range| range.as_str() == locked.version);
    written
        || plimsoll::gotmpl::parse_version(&locked.version)
            .is_some_and(|version| dependency.version.as_ref().is_some_and(|range| range.matches(&version)))
}

/// The name and the version of a chart, a directory or an archive.
pub(super) fn identify(path: &Path) -> Option<Metadata> {
    if world().is_directory(path) {
        return chart::read_metadata(world(), &Sources::new(), path).output;
    }
    let bytes = world().read(path, MAX_ARCHIVE).ok()?;
    chart::identify(&path.display().to_string(), &bytes).ok()
}

/// Says what is wrong where the dependency is declared.
pub(super) fn at(dependency: &Dependency, error: Error) -> Diagnostic {
    fetch::diagnostic(error).at(dependency.span, "")
}

/// The dependencies in the form that a lock digests.
fn requirements(metadata: &Metadata, fetcher: &Fetcher) -> Report<Vec<Requirement>> {
    let mut sink = Vec::new();
    let mut found = Vec::new();
    for dependency in &metadata.dependencies {
        let written = dependency.repository.clone().unwrap_or_default();
        let repository = if written.is_empty() || written.starts_with("file://") {
            written
        } else {
            fetcher.repository_url(&written).unwrap_or_else(|error| {
                sink.push(at(dependency, error));
                written
            })
        };
        if dependency.version.is_none() {
            let message = format!("the dependency `{}` has no `version`", dependency.name);
            sink.push(at(dependency, Error::new(message).help("add a range, such as `version: ^1.2.0`")));
        }
        let text = |key: &str| dependency.node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        found.push(Requirement {
            name: dependency.name.clone(),
            version: dependency.version.as_ref().map_or_else(String::new, ToString::to_string),
            repository,
            condition: text("condition"),
            tags: dependency.tags.clone(),
            import_values: dependency.node.get("import-values").map(Node::items).unwrap_or_default().to_vec(),
            alias: dependency.alias.clone().unwrap_or_default(),
        });
    }
    if has_errors(&sink) { Report::failed(sink) } else { Report::with(found, sink) }
}

/// Refuses to write through a link: a lock that leads elsewhere is not the chart's own.
pub(super) fn refuse_link(path: &Path) -> anyhow::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => {
            bail!("`{}` is a symbolic link: replace it by a file", path.display())
        }
        _ => Ok(()),
    }
}

/// A time as Go writes it into JSON: in UTC, with as many digits after the second as it takes.
pub(super) fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = plimsoll::history::rfc3339(time);
    let fraction = format!("{:09}", since.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => seconds,
        digits => format!("{}.{digits}Z", seconds.trim_end_matches('Z')),
    }
}
