//! `plimsoll dependency`.

mod declared;
mod list;
mod steps;

use super::verify::Verifier;
use super::{fetch, files, world};
use crate::args::VerifyFlags;
use crate::args::{BuildArgs, DependencyArgs, DependencyCommand, DependencyFlags, RegistryFlags};
use crate::ui::{ExitStatus, Ui};
use anyhow::Context as _;
use declared::Declared;
use plimsoll::chart;
use plimsoll::diag::Sources;
use plimsoll_registry::{Fetcher, Freshness, Lock};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use steps::{How, Obtained, Step};

pub(crate) fn run(args: &DependencyArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    match &args.command {
        DependencyCommand::Build(args) => change(&args.flags, Mode::of_build(args), timeout, ui),
        DependencyCommand::Update(args) => {
            let freshness = if args.skip_refresh { Freshness::Locked } else { Freshness::Newest };
            change(&args.flags, Mode::Update(freshness), timeout, ui)
        }
        DependencyCommand::List(args) => list::run(args, ui),
    }
}

/// What decides about versions.
#[derive(Clone, Copy)]
enum Mode {
    /// `Chart.lock`; without one the ranges of `Chart.yaml`.
    Build,
    /// `Chart.lock`, which must be there.
    Frozen,
    /// The ranges of `Chart.yaml`.
    Update(Freshness),
}

impl Mode {
    fn of_build(args: &BuildArgs) -> Self {
        if args.frozen { Self::Frozen } else { Self::Build }
    }
}

/// What all charts of a run share.
struct Run<'a> {
    fetcher: &'a Fetcher,
    mode: Mode,
    recursive: bool,
    /// What verifies downloads, if they are verified.
    verifier: Option<Verifier>,
    /// The charts that are done or being worked on.
    visited: BTreeSet<PathBuf>,
    /// What has been done, for people.
    report: Vec<String>,
}

fn change(flags: &DependencyFlags, mode: Mode, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let report = fill(flags, mode, timeout, ui)?;
    if !report.is_empty() {
        ui.print(&format!("{}\n", report.join("\n")));
    }
    Ok(ExitStatus::Success)
}

/// Fills `charts/`, and returns what has been done.
fn fill(flags: &DependencyFlags, mode: Mode, timeout: Duration, ui: &mut Ui) -> anyhow::Result<Vec<String>> {
    let fetcher = match fetch::fetcher(&flags.registry, None, timeout) {
        Ok(fetcher) => fetcher,
        Err(error) => return fetch::fail(error, ui),
    };
    let verifier = flags.verify.then(|| Verifier::new(&flags.keyring)).transpose()?;
    let mut run = Run {
        fetcher: &fetcher,
        mode,
        recursive: flags.recursive,
        verifier,
        visited: BTreeSet::new(),
        report: Vec::new(),
    };
    run.change(&flags.chart, ui)?;
    Ok(run.report)
}

/// Does what `dependency update` does, without a word about it.
pub(crate) fn update(
    chart: &Path,
    registry: &RegistryFlags,
    timeout: Duration,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let flags = DependencyFlags {
        chart: chart.to_owned(),
        recursive: false,
        verify: false,
        keyring: VerifyFlags::default(),
        registry: registry.clone(),
    };
    fill(&flags, Mode::Update(Freshness::Newest), timeout, ui).map(|_| ())
}

impl Run<'_> {
    /// Fills `charts/` of one chart; with `--recursive`, first those of the charts that it is made of.
    fn change(&mut self, path: &Path, ui: &mut Ui) -> anyhow::Result<()> {
        let identity = world().canonical(path).unwrap_or_else(|_| path.to_owned());
        if !self.visited.insert(identity) {
            return Ok(());
        }
        let sources = Sources::new();
        let declared = Declared::read(path, self.fetcher, &sources, ui)?;
        if self.recursive {
            for inner in declared.inner_charts() {
                self.change(&inner, ui)?;
            }
        }
        if declared.dependencies().is_empty() {
            return Ok(());
        }
        let steps = ui.kept(self.steps(&declared, &sources), &sources)?;
        let obtained = ui.kept(
            steps::obtain(&declared, &steps, self.fetcher, self.verifier.as_ref(), &sources),
            &sources,
        )?;
        if self.recursive {
            self.report.push(format!("{}:", path.display()));
        }
        self.write(&declared, &steps, &obtained, ui)
    }

    fn steps(&self, declared: &Declared, sources: &Sources) -> plimsoll::diag::Report<Vec<Step>> {
        match (self.mode, &declared.lock) {
            (Mode::Update(freshness), _) => steps::resolve(declared, self.fetcher, freshness, sources),
            (Mode::Build, None) => steps::resolve(declared, self.fetcher, Freshness::Newest, sources),
            (Mode::Build | Mode::Frozen, Some(lock)) => {
                steps::of_lock(declared, lock, self.fetcher, self.verifier.is_none(), sources)
            }
            (Mode::Frozen, None) => declared.no_lock().into(),
        }
    }

    fn write(
        &mut self,
        declared: &Declared,
        steps: &[Step],
        obtained: &[Obtained],
        ui: &mut Ui,
    ) -> anyhow::Result<()> {
        ui.complete()?;
        let charts = declared.path.join("charts");
        files::refuse_link_out(&declared.path, &charts)?;
        std::fs::create_dir_all(&charts).with_context(|| format!("cannot create `{}`", charts.display()))?;
        let count = steps.len();
        self.report.push(format!("Saving {count} chart{}", if count == 1 { "" } else { "s" }));
        for one in obtained {
            match &one.file {
                Some((name, _)) if one.how == How::Kept => files::clean_up(&charts.join(name)),
                Some((name, bytes)) => files::write_over_link(&charts.join(name), bytes)?,
                None => {}
            }
            self.report.push(one.describe());
        }
        self.delete_outdated(declared, obtained, &charts)?;
        self.write_lock(declared, steps)
    }

    /// Deletes the archives that are not part of what was saved, except those of dependencies without a repository.
    fn delete_outdated(
        &mut self,
        declared: &Declared,
        obtained: &[Obtained],
        charts: &Path,
    ) -> anyhow::Result<()> {
        let is_saved = |name: &str| obtained.iter().any(|one| one.file_name() == Some(name));
        for entry in world().list(charts).unwrap_or_default() {
            let path = charts.join(&entry.name);
            let name = entry.name.to_string_lossy();
            if !world().is_file(&path) || is_saved(&name) {
                continue;
            }
            let shown = path.display().to_string();
            let Some(metadata) = declared::identify(&path) else {
                self.report.push(format!("Skipped {shown}, which is not a chart"));
                continue;
            };
            if declared.is_without_repository(&metadata.name) {
                continue;
            }
            std::fs::remove_file(&path).with_context(|| format!("cannot delete `{shown}`"))?;
            self.report.push(format!("Deleted {shown}"));
        }
        Ok(())
    }

    /// Writes the lock, unless the one that is there says the same.
    fn write_lock(&mut self, declared: &Declared, steps: &[Step]) -> anyhow::Result<()> {
        let locked: Vec<_> = steps.iter().map(|step| step.locked.clone()).collect();
        let digest = plimsoll_registry::digest(&declared.requirements, &locked);
        let is_locked = match self.mode {
            Mode::Update(_) => declared.lock.as_ref().is_some_and(|lock| lock.digest == digest),
            Mode::Build | Mode::Frozen => declared.lock.is_some(),
        };
        if is_locked {
            return Ok(());
        }
        let generated = declared::timestamp(world().now());
        let path = declared.lock_path();
        declared::refuse_link(&path)?;
        files::replace(&path, Lock { dependencies: locked, digest, generated }.write().as_bytes())?;
        self.report.push(format!("Wrote {}", path.display()));
        Ok(())
    }
}

/// Fetches the dependencies that are not in `charts/` of a chart, and of the charts that it reads in place, and lays them
/// over the disk. Nothing is written but the cache.
pub(crate) fn provide(
    path: &Path,
    flags: &RegistryFlags,
    timeout: Duration,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    let fetcher = match fetch::fetcher(flags, None, timeout) {
        Ok(fetcher) => fetcher,
        Err(error) => return fetch::fail(error, ui),
    };
    let mut open = vec![path.to_owned()];
    let mut visited = BTreeSet::new();
    while let Some(path) = open.pop() {
        let is_new = visited.insert(world().canonical(&path).unwrap_or_else(|_| path.clone()));
        if is_new
            && chart::is_chart(world(), &path.display().to_string())
            && world().is_file(&path.join("Chart.yaml"))
        {
            provide_one(&path, &fetcher, &mut open, ui)?;
        }
    }
    Ok(())
}

fn provide_one(path: &Path, fetcher: &Fetcher, open: &mut Vec<PathBuf>, ui: &mut Ui) -> anyhow::Result<()> {
    let sources = Sources::new();
    let declared = Declared::read(path, fetcher, &sources, ui)?;
    open.extend(declared.directories());
    let missing = declared.missing();
    if missing.is_empty() {
        return Ok(());
    }
    let steps = match &declared.lock {
        Some(lock) if declared.matches(lock) => steps::of_lock(&declared, lock, fetcher, true, &sources),
        _ => steps::resolve(&declared, fetcher, Freshness::Newest, &sources),
    };
    let mut steps = ui.kept(steps, &sources)?;
    steps.retain(|step| missing.contains(&step.index) && step.is_remote());
    let obtained = steps::obtain(&declared, &steps, fetcher, None, &sources);
    for (name, bytes) in ui.kept(obtained, &sources)?.into_iter().filter_map(|one| one.file) {
        super::overlay().provide(path.join("charts").join(name), bytes);
    }
    Ok(())
}
