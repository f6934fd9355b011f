//! `plimsoll dependency list`: the table that Helm prints.

use super::super::world;
use super::declared::identify;
use crate::args::ListArgs;
use crate::ui::{ExitStatus, Ui};
use plimsoll::chart::{self, Chart, Dependency, Metadata};
use plimsoll::diag::Sources;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &ListArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let sources = Sources::new();
    let path = &args.chart;
    let (metadata, children) = if world().is_directory(path) {
        (ui.kept(chart::read_metadata(world(), &sources, path), &sources)?, Vec::new())
    } else {
        let chart = ui.kept(chart::open(world(), &sources, &path.display().to_string()), &sources)?;
        let children = chart.children.iter().map(|child| Chart::clone(child).metadata).collect();
        (chart.metadata, children)
    };
    if metadata.dependencies.is_empty() {
        ui.print(&format!("WARNING: no dependencies at {}\n", path.join("charts").display()));
        return Ok(ExitStatus::Success);
    }
    let present = Present::new(path, children);
    let mut rows = vec![["NAME", "VERSION", "REPOSITORY", "STATUS"].map(str::to_owned)];
    rows.extend(metadata.dependencies.iter().map(|one| {
        let version = one.version.as_ref().map_or("", |version| version.as_str());
        let repository = one.repository.as_deref().unwrap_or_default();
        [&one.name, version, &plimsoll_registry::hide_password(repository), present.status(one)]
            .map(str::to_owned)
    }));
    let mut warnings = Vec::new();
    for (path, name) in present.charts() {
        let shown = path.display();
        match name {
            None => warnings.push(format!("WARNING: \"{shown}\" is not a chart.\n")),
            Some(name) if !metadata.dependencies.iter().any(|one| one.name == name) => {
                warnings.push(format!("WARNING: \"{shown}\" is not in Chart.yaml.\n"));
            }
            Some(_) => {}
        }
    }
    ui.print(&format!("{}\n{}", table(&rows, args.max_col_width), warnings.concat()));
    Ok(ExitStatus::Success)
}

/// Columns as wide as their widest cell, but no wider than `max`.
fn table(rows: &[[String; 4]], max: usize) -> String {
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0).min(max)
    };
    let widths = [0, 1, 2, 3].map(width);
    let cell = |(text, width): (&String, usize)| {
        let cut: String = if text.chars().count() > width {
            text.chars().take(width.saturating_sub(3)).chain("...".chars()).collect()
        } else {
            text.clone()
        };
        format!("{cut:<width$}")
    };
    let line = |row: &[String; 4]| row.iter().zip(widths).map(cell).collect::<Vec<_>>().join("\t") + "\n";
    rows.iter().map(line).collect()
}

/// What is in `charts/`.
struct Present {
    /// The paths of directories and archives, each with its `Chart.yaml`, if it is a chart.
    charts: Vec<(PathBuf, Option<Metadata>)>,
    /// The charts in an archive.
    children: Vec<Metadata>,
}

impl Present {
    fn new(path: &Path, children: Vec<Metadata>) -> Self {
        let directory = path.join("charts");
        let entries = world().list(&directory).unwrap_or_default().into_iter();
        let paths = entries.map(|entry| directory.join(entry.name));
        let is_chart = |path: &PathBuf| world().is_directory(path) || is_archive(path);
        let charts = paths.filter(is_chart).map(|path| (path.clone(), identify(&path))).collect();
        Self { charts, children }
    }

    fn charts(&self) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.charts
            .iter()
            .map(|(path, found)| (path.as_path(), found.as_ref().map(|found| found.name.as_str())))
    }

    fn status(&self, dependency: &Dependency) -> &'static str {
        let prefix = format!("{}-", dependency.name);
        let rest = |path: &Path| {
            let name = path.file_name()?.to_str()?;
            Some(name.strip_suffix(".tgz")?.strip_prefix(&prefix)?.to_owned())
        };
        let archives: Vec<_> = self.charts.iter().filter(|(path, _)| rest(path).is_some()).collect();
        let is_version = |path: &Path| rest(path).is_some_and(|rest| semver::Version::parse(&rest).is_ok());
        let versions: Vec<_> = archives.iter().filter(|(path, _)| is_version(path)).collect();
        let archive = match (archives.as_slice(), versions.as_slice()) {
            ([one], _) => Some(*one),
            ([_, _, ..], [one]) => Some(**one),
            ([_, _, ..], [_, _, ..]) => return "too many matches",
            _ => None,
        };
        match archive {
            Some((_, None)) => "corrupt",
            Some((_, Some(found))) if found.name != dependency.name => "misnamed",
            Some((_, Some(found))) => self::version(dependency, found).unwrap_or("ok"),
            None => {
                let unpacked =
                    self.charts.iter().filter_map(|(_, found)| found.as_ref()).chain(&self.children);
                match unpacked.rev().find(|found| found.name == dependency.name) {
                    None => "missing",
                    Some(found) => self::version(dependency, found).unwrap_or("unpacked"),
                }
            }
        }
    }
}

/// What is wrong with the version of a chart.
fn version(dependency: &Dependency, found: &Metadata) -> Option<&'static str> {
    match &dependency.version {
        Some(range) if range.as_str() == found.version || range.matches(&found.semver) => None,
        Some(_) => Some("wrong version"),
        None => Some("invalid version"),
    }
}

fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tgz")
}
