//! Which cases a chart has.

use super::snapshot::is_snapshot;
use crate::chart::is_outside;
use crate::diag::Diagnostic;
use crate::lint::{self, ci_values};
use crate::unittest::{Options, glob};
use crate::world::{FileKind, World, normalize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The case that the default values of a chart are.
const DEFAULT: &str = "default";

/// A case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    /// Its values file; none for the default values.
    pub(super) values: Option<PathBuf>,
    /// Where its snapshot is, or would be.
    pub(super) snapshot: PathBuf,
}

impl Case {
    /// Whether it is the chart with nothing but its default values.
    pub(super) fn is_default(&self) -> bool {
        self.values.is_none()
    }

    /// What lint calls its values.
    pub(super) fn set_name(&self) -> String {
        self.values
            .as_ref()
            .map_or_else(|| lint::DEFAULT_VALUES.to_owned(), |file| file.display().to_string())
    }

    pub(super) fn has_snapshot(&self, world: &World) -> bool {
        world.exists(&self.snapshot)
    }
}

/// The cases of a chart.
#[derive(Debug)]
pub(in crate::unittest) struct ChartCases {
    /// Where the chart is.
    pub(super) chart: PathBuf,
    /// In the order of their names.
    pub(super) cases: Vec<Case>,
    /// The files among its snapshots.
    pub(super) snapshots: Vec<PathBuf>,
}

/// The directory of a chart's snapshots.
pub(super) const SNAPSHOTS: &str = "tests/snapshots";

/// Whether cases of the chart have been stored before. Other tests may keep files of their own in a directory of that name.
pub(super) fn has_begun(world: &World, chart: &Path) -> bool {
    yaml_files(world, chart, SNAPSHOTS).iter().any(|file| is_snapshot(world, file))
}

/// Whether the patterns of the command line name values files of the chart.
pub(super) fn names_cases(world: &World, chart: &Path, options: &Options) -> bool {
    options.names_files()
        && case_files(world, chart).iter().any(|file| is_chosen(world, chart, file, options))
}

/// The values files of a chart that are cases: those of chart-testing, `ci/*-values.yaml`, and `tests/values/*.yaml`.
pub(in crate::unittest) fn case_files(world: &World, chart: &Path) -> Vec<PathBuf> {
    let of_tests = yaml_files(world, chart, "tests/values").into_iter().filter(|file| {
        // A suite can be in any directory.
        !file.file_name().is_some_and(|name| name.to_string_lossy().ends_with("_test.yaml"))
    });
    let of_ci = ci_values(world, &chart.display().to_string()).into_iter().map(|(_, file)| file);
    of_ci.chain(of_tests).collect()
}

/// The YAML files in a directory of a chart, except links that lead out of it.
fn yaml_files(world: &World, chart: &Path, directory: &str) -> Vec<PathBuf> {
    let directory = &chart.join(directory);
    let entries = world.list(directory).unwrap_or_default().into_iter();
    let names = entries.filter(|entry| entry.kind != FileKind::Directory);
    names
        .filter_map(|entry| entry.name.into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .map(|name| directory.join(name))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| !is_outside(world, chart, path))
        .collect()
}

/// The cases of a chart. Values files of `tests/values` that suites use (`used`) are not cases.
pub(in crate::unittest) fn find(
    world: &World,
    chart: &Path,
    used: &[PathBuf],
    options: &Options,
) -> Result<ChartCases, Diagnostic> {
    let used: Vec<PathBuf> = used.iter().map(|path| normalize(path)).collect();
    let tests = chart.join("tests");
    let files = case_files(world, chart)
        .into_iter()
        .filter(|file| !(file.starts_with(&tests) && used.contains(&normalize(file))))
        .filter(|file| !options.names_files() || is_chosen(world, chart, file, options));
    let mut by_name: BTreeMap<String, Option<PathBuf>> = BTreeMap::new();
    for file in files {
        let name = name_of(&file);
        if let Some(Some(other)) = by_name.get(&name) {
            return Err(Diagnostic::error(format!(
                "`{}` and `{}` are both the case `{name}`",
                other.display(),
                file.display()
            ))
            .help("rename one of them: snapshots are stored by the names of their cases"));
        }
        by_name.insert(name, Some(file));
    }
    if !options.names_files() {
        by_name.entry(DEFAULT.to_owned()).or_insert(None);
    }
    let directory = chart.join(SNAPSHOTS);
    let case = |(name, values): (String, Option<PathBuf>)| {
        let snapshot = directory.join(format!("{name}.yaml"));
        Case { name, values, snapshot }
    };
    let snapshots = yaml_files(world, chart, SNAPSHOTS);
    Ok(ChartCases { chart: chart.to_owned(), cases: by_name.into_iter().map(case).collect(), snapshots })
}

/// `prod` for `prod.yaml` and `prod-values.yaml`.
fn name_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".yaml").unwrap_or(&name);
    let bare = name.strip_suffix("-values").unwrap_or(name);
    if bare.is_empty() { name.to_owned() } else { bare.to_owned() }
}

fn is_chosen(world: &World, chart: &Path, file: &Path, options: &Options) -> bool {
    // Invalid patterns are reported where suites are looked for.
    let named = |pattern: &String| glob::files(world, chart, pattern).unwrap_or_default();
    options.files.iter().flat_map(named).any(|found| normalize(&found) == normalize(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    fn names(files: &[&str], used: &[&str]) -> Vec<String> {
        let memory = files.iter().fold(Memory::default(), |memory, file| memory.file(file, ""));
        let used: Vec<PathBuf> = used.iter().map(PathBuf::from).collect();
        let found = find(&memory.into_world(), Path::new("web"), &used, &Options::default()).unwrap();
        found.cases.into_iter().map(|case| case.name).collect()
    }

    #[test]
    fn cases_are_named_after_their_files() {
        let files = [
            "web/ci/prod-values.yaml",
            "web/ci/values.yaml",
            "web/ci/-values.yaml",
            "web/tests/values/next.yaml",
            "web/tests/values/old-values.yaml",
            "web/tests/values/.hidden.yaml",
            "web/tests/values/notes.md",
            "web/tests/values/x_test.yaml",
            "web/tests/values/deep/more.yaml",
        ];
        assert_eq!(names(&files, &[]), ["-values", "default", "next", "old", "prod"]);
        // Suites name values files from where they are.
        let used = ["web/tests/unit/../values/next.yaml", "web/tests/../ci/prod-values.yaml"];
        assert_eq!(names(&files, &used), ["-values", "default", "old", "prod"]);
    }
}
