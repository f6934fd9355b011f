//! `plimsoll package`.

#[cfg(feature = "fetch")]
use super::dependency;
use super::{files, world};
use crate::args::PackageArgs;
use crate::ui::{ExitStatus, Ui};
use anyhow::Context as _;
use plimsoll::chart::{self, Package, PackageOptions};
use plimsoll::diag::Sources;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg_attr(not(feature = "fetch"), expect(unused_variables, reason = "only what is fetched takes long"))]
pub(crate) fn run(args: &PackageArgs, timeout: Duration, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    #[cfg(feature = "fetch")]
    if args.dependency_update {
        for chart in &args.charts {
            dependency::update(chart, &args.registry, timeout, ui)?;
        }
    }
    let options = PackageOptions {
        version: args.version.clone(),
        app_version: args.app_version.clone(),
        time: source_date_epoch()?.unwrap_or_default(),
    };
    let packages =
        args.charts.iter().map(|chart| pack(chart, &options, ui)).collect::<anyhow::Result<Vec<_>>>()?;
    ui.complete()?;
    let directory = destination(&args.destination)?;
    for package in packages {
        let path = directory.join(package.file_name());
        files::write_over_link(&path, &package.bytes)?;
        ui.print(&format!("Successfully packaged chart and saved it to: {}\n", path.display()));
    }
    Ok(ExitStatus::Success)
}

fn pack(path: &Path, options: &PackageOptions, ui: &mut Ui) -> anyhow::Result<Package> {
    let sources = Sources::new();
    if world().is_file(path) {
        anyhow::bail!("`{}` is a file: only a chart directory can be packaged", path.display());
    }
    let mut report = chart::package(world(), &sources, path, options);
    report.diagnostics.extend(report.output.iter().flat_map(Package::check_dependencies));
    ui.kept(report, &sources)
}

/// The directory for archives, made if it is missing. Like Helm, the working directory is shown as an absolute path.
fn destination(directory: &Path) -> anyhow::Result<PathBuf> {
    let shown = directory.display();
    fs::create_dir_all(directory).with_context(|| format!("cannot create `{shown}`"))?;
    if directory == Path::new(".") {
        return directory.canonicalize().with_context(|| format!("cannot open `{shown}`"));
    }
    Ok(directory.to_owned())
}

/// The time that `SOURCE_DATE_EPOCH` names, as all tools of reproducible builds read it.
pub(super) fn source_date_epoch() -> anyhow::Result<Option<u64>> {
    let Some(text) = world().variable("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    // More does not fit into the header of a file in an archive.
    let seconds = seconds.filter(|seconds: &u64| *seconds < 1 << 33);
    seconds.map(Some).with_context(|| {
        format!("SOURCE_DATE_EPOCH is `{}`, not a number of seconds since 1970", text.to_string_lossy())
    })
}
