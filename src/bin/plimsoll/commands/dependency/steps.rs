//! Dependencies, one by one: where each comes from, in which version, and its archive.

use super::super::verify::Verifier;
use super::super::world;
use super::declared::{self, Declared, at};
use plimsoll::chart::{self, Dependency};
use plimsoll::diag::{Diagnostic, Report, Sources, has_errors};
use plimsoll::limits::Activity;
use plimsoll_registry::{
    Choice, Digest, Error, Fetcher, Found, Freshness, Lock, Locked, Origin, in_parallel,
};
use std::path::{Path, PathBuf};

/// A dependency whose version is known.
pub(super) struct Step {
    /// The number of the dependency.
    pub(super) index: usize,
    pub(super) locked: Locked,
    source: Source,
}

enum Source {
    /// It is in `charts/`, and belongs to the chart.
    InCharts,
    /// It is in another directory.
    Directory(PathBuf),
    /// It is in `charts/` as an archive of this name already.
    Archive(String),
    /// It is in a repository or registry.
    Remote(Box<Found>),
}

impl Step {
    /// Whether it comes from a repository or registry.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.source, Source::Remote(_))
    }
}

/// The archive of a dependency.
pub(super) struct Obtained {
    locked: Locked,
    /// The name of the file in `charts/`, and its content; not of a chart that belongs to the chart.
    pub(super) file: Option<(String, Vec<u8>)>,
    pub(super) how: How,
}

/// How an archive was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Downloaded,
    Cached,
    Packaged,
    /// It is in `charts/` already.
    Kept,
}

impl Obtained {
    pub(super) fn file_name(&self) -> Option<&str> {
        self.file.as_ref().map(|(name, _)| name.as_str())
    }

    /// One line for people.
    pub(super) fn describe(&self) -> String {
        let Locked { name, version, repository } = &self.locked;
        let repository = plimsoll_registry::hide_password(repository);
        match self.how {
            How::Downloaded => format!("Downloaded {name} {version} from {repository}"),
            How::Cached => format!("Copied {name} {version} of {repository} from the cache"),
            How::Packaged => format!("Packaged {name} {version} from {repository}"),
            How::Kept => format!("Kept {name} {version}, which is in charts/ already"),
        }
    }
}

/// The versions that a lock names. What is in `charts/` already is fetched again unless `keeps_present`.
pub(super) fn of_lock(
    declared: &Declared,
    lock: &Lock,
    fetcher: &Fetcher,
    keeps_present: bool,
    sources: &Sources,
) -> Report<Vec<Step>> {
    if !declared.matches(lock) {
        return Report::fail(declared.out_of_date(lock));
    }
    let present = |name: &str, version: &str| {
        let file = format!("{name}-{version}.tgz");
        let path = declared.path.join("charts").join(&file);
        let found = if keeps_present { declared::identify(&path)? } else { return None };
        (found.name == name && found.version == version).then_some(file)
    };
    let is_remote =
        |locked: &&Locked| !locked.repository.is_empty() && !locked.repository.starts_with("file://");
    let wanted: Vec<_> = lock
        .dependencies
        .iter()
        .filter(is_remote)
        .filter(|locked| present(&locked.name, &locked.version).is_none())
        .map(|locked| (locked.repository.clone(), locked.name.clone()))
        .collect();
    fetcher.read_indexes(&wanted, Freshness::Locked);
    let steps = declared.dependencies().iter().zip(&lock.dependencies).enumerate();
    collect(steps.map(|(index, (dependency, locked))| {
        let kept = is_remote(&locked).then(|| present(&locked.name, &locked.version)).flatten();
        if let Some(file) = kept {
            return Ok(Step { index, locked: locked.clone(), source: Source::Archive(file) });
        }
        if !is_remote(&locked) {
            return local(declared, dependency, index, sources);
        }
        let choice = Choice::Exact(locked.version.clone());
        let found = fetcher.find(&locked.repository, &locked.name, &choice, Freshness::Locked);
        let found = found.map_err(|error| at(dependency, error))?;
        Ok(Step { index, locked: locked.clone(), source: Source::Remote(Box::new(found)) })
    }))
}

/// The newest versions in the ranges that are declared.
pub(super) fn resolve(
    declared: &Declared,
    fetcher: &Fetcher,
    freshness: Freshness,
    sources: &Sources,
) -> Report<Vec<Step>> {
    let _activity = Activity::begin("resolving dependencies".to_owned());
    let pairs: Vec<_> = declared.dependencies().iter().zip(&declared.requirements).collect();
    let wanted: Vec<_> = pairs
        .iter()
        .filter(|(_, one)| !one.repository.is_empty() && !one.repository.starts_with("file://"))
        .map(|(_, one)| (one.repository.clone(), one.name.clone()))
        .collect();
    fetcher.read_indexes(&wanted, freshness);
    let resolved =
        in_parallel(pairs.into_iter().enumerate().collect(), |(index, (dependency, requirement))| {
            let range = match &dependency.version {
                Some(range)
                    if wanted.contains(&(requirement.repository.clone(), requirement.name.clone())) =>
                {
                    range.clone()
                }
                _ => return local(declared, dependency, index, sources),
            };
            let found =
                fetcher.find(&requirement.repository, &requirement.name, &Choice::Range(range), freshness);
            let found = found.map_err(|error| at(dependency, error))?;
            let locked = Locked {
                name: requirement.name.clone(),
                version: found.version.clone(),
                repository: requirement.repository.clone(),
            };
            Ok(Step { index, locked, source: Source::Remote(Box::new(found)) })
        });
    collect(resolved.into_iter())
}

/// The steps, or everything that is wrong.
fn collect(results: impl Iterator<Item = Result<Step, Diagnostic>>) -> Report<Vec<Step>> {
    let mut sink = Vec::new();
    let mut steps = Vec::new();
    for result in results {
        match result {
            Ok(step) => steps.push(step),
            Err(diagnostic) => sink.push(diagnostic),
        }
    }
    if has_errors(&sink) { Report::failed(sink) } else { Report::with(steps, sink) }
}

/// A dependency that is on the disk: in `charts/`, or in another directory.
fn local(
    declared: &Declared,
    dependency: &Dependency,
    index: usize,
    sources: &Sources,
) -> Result<Step, Diagnostic> {
    let name = &dependency.name;
    let directory = dependency.directory();
    let path = match directory {
        Some(directory) => declared.path.join(directory),
        None => declared.path.join("charts").join(name),
    };
    let found = read(&path, sources).map_err(|found| found.at(dependency.span, "declared here"))?;
    let range = dependency.version.as_ref();
    if range.is_none_or(|range| !range.matches(&found.semver)) {
        let range = range.map_or("", |range| range.as_str());
        let message = format!(
            "the dependency `{name}` requires {range}, but `{}` is {}",
            path.display(),
            found.version
        );
        return Err(at(dependency, Error::new(message).help("change the `version`")));
    }
    let locked = |version: &str, repository: &str| Locked {
        name: name.clone(),
        version: version.to_owned(),
        repository: repository.to_owned(),
    };
    Ok(match &dependency.repository {
        Some(repository) if directory.is_some() => {
            Step { index, locked: locked(&found.version, repository), source: Source::Directory(path) }
        }
        // As in Helm, what belongs to the chart is locked to the range.
        _ => Step {
            index,
            locked: locked(range.map_or("", |range| range.as_str()), ""),
            source: Source::InCharts,
        },
    })
}

fn read(path: &Path, sources: &Sources) -> Result<chart::Metadata, Diagnostic> {
    let report = chart::read_metadata(world(), sources, path);
    let missing = || Diagnostic::error(format!("there is no chart at `{}`", path.display()));
    report.output.ok_or_else(|| report.diagnostics.into_iter().next().unwrap_or_else(missing))
}

/// The archives of all dependencies, those from elsewhere downloaded at the same time; one archive for several
/// dependencies on the same version.
pub(super) fn obtain(
    declared: &Declared,
    steps: &[Step],
    fetcher: &Fetcher,
    verifier: Option<&Verifier>,
    sources: &Sources,
) -> Report<Vec<Obtained>> {
    let mut distinct: Vec<&Step> = Vec::new();
    for step in steps {
        let is_same = |other: &&Step| match (&step.source, &other.source) {
            (Source::Remote(one), Source::Remote(other)) => one.url == other.url,
            (Source::Directory(one), Source::Directory(other)) => one == other,
            (Source::Archive(one), Source::Archive(other)) => one == other,
            _ => false,
        };
        if !distinct.iter().any(is_same) {
            distinct.push(step);
        }
    }
    let obtained = in_parallel(distinct, |step| {
        let dependency = &declared.dependencies()[step.index];
        let (file, how) = match &step.source {
            Source::InCharts => (None, How::Kept),
            Source::Archive(name) => (Some((name.clone(), Vec::new())), How::Kept),
            Source::Directory(path) => {
                let packed = package(path, sources)
                    .map_err(|found| vec![found.at(dependency.span, "declared here")])?;
                (Some(packed), How::Packaged)
            }
            Source::Remote(found) => download(declared, found, fetcher, verifier)
                .map_err(|error| vec![at(dependency, error)])
                .map(|(file, how)| (Some(file), how))?,
        };
        Ok(Obtained { locked: step.locked.clone(), file, how })
    });
    let mut sink: Vec<Diagnostic> = Vec::new();
    let mut all = Vec::new();
    for result in obtained {
        match result {
            Ok(one) => all.push(one),
            Err(found) => sink.extend::<Vec<Diagnostic>>(found),
        }
    }
    if has_errors(&sink) { Report::failed(sink) } else { Report::with(all, sink) }
}

fn package(path: &Path, sources: &Sources) -> Result<(String, Vec<u8>), Diagnostic> {
    let report = chart::package(world(), sources, path, &chart::PackageOptions::default());
    let failed = || Diagnostic::error(format!("cannot package `{}`", path.display()));
    let packed = report.output.ok_or_else(|| report.diagnostics.into_iter().next().unwrap_or_else(failed))?;
    Ok((packed.file_name(), packed.bytes))
}

/// What went wrong, to be told where the dependency is declared.
fn error_of(diagnostic: Diagnostic) -> Error {
    Error { message: diagnostic.message, help: diagnostic.help.into_iter().next() }
}

/// Downloads an archive and checks that it is the chart that it should be.
fn download(
    declared: &Declared,
    found: &Found,
    fetcher: &Fetcher,
    verifier: Option<&Verifier>,
) -> plimsoll_registry::Result<((String, Vec<u8>), How)> {
    let archive = fetcher.download(found)?;
    if let Some(verifier) = verifier {
        let provenance = fetcher.provenance(found);
        let provenance = provenance.map_err(|error| error.context("cannot fetch the provenance file"))?;
        verifier.verify(&found.file_name(), &archive.bytes, &provenance).map_err(error_of)?;
    }
    let metadata = chart::identify(&found.url, &archive.bytes).map_err(|diagnostic| error_of(*diagnostic))?;
    if metadata.name != found.name {
        return Err(Error::new(format!(
            "`{}` contains the chart `{}`, not `{}`",
            found.url, metadata.name, found.name
        ))
        .help("tell the owner of the repository that its index is wrong"));
    }
    let name = found.file_name();
    let present = world().read(&declared.path.join("charts").join(&name), archive.bytes.len() as u64 + 1);
    let is_present = present.is_ok_and(|present| Digest::of(&present) == Digest::of(&archive.bytes));
    let how = match archive.origin {
        _ if is_present => How::Kept,
        Origin::Network => How::Downloaded,
        Origin::Cache => How::Cached,
    };
    Ok(((name, archive.bytes), how))
}
