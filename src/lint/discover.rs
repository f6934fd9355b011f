//! What there is to lint below a directory: charts, kustomizations, and files that may be manifests.

use super::ManifestSource;
use crate::chart;
use crate::diag::Span;
use crate::kustomize::{self, KUSTOMIZATION_NAMES};
use crate::manifest::{SkipReason, Skipped, is_manifest_name};
use crate::manifests::{chart_of, is_chart_part};
use crate::world::{Entry, FileKind, Walk, WalkError, WalkReason, World};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What an argument leads to.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    /// The charts: each is a release of its own.
    pub charts: Vec<String>,
    /// The directories of kustomizations: each is a release of its own.
    pub kustomizations: Vec<PathBuf>,
    /// Everything else that may be a manifest.
    pub manifests: Vec<ManifestSource>,
    /// What is passed over although it is a source of its kind.
    pub skipped: Vec<Skipped>,
}

impl Discovered {
    /// Whether there is nothing to lint.
    pub fn is_empty(&self) -> bool {
        self.charts.is_empty() && self.kustomizations.is_empty() && self.manifests.is_empty()
    }
}

/// Files and directories that are passed over, named by patterns as in `.gitignore`.
#[derive(Debug, Clone, Default)]
pub struct Exclude(Vec<Gitignore>);

impl Exclude {
    /// Adds patterns that start from the directory `base`. The error says what is wrong with which of them.
    pub fn add(&mut self, world: &World, base: &Path, patterns: &[String]) -> Result<(), String> {
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        let root = world.canonical(base).unwrap_or_else(|_| base.to_owned());
        let mut builder = GitignoreBuilder::new(root);
        for pattern in patterns {
            builder.add_line(None, pattern).map_err(|error| format!("`{pattern}`: {error}"))?;
        }
        self.0.push(builder.build().map_err(|error| error.to_string())?);
        Ok(())
    }

    fn contains(&self, path: &Path, is_directory: bool) -> bool {
        self.0.iter().any(|patterns| {
            path.starts_with(patterns.path()) && patterns.matched(path, is_directory).is_ignore()
        })
    }
}

/// The directories that Go's tools pass over, too: what is in them is often broken on purpose.
const TEST_DATA: &str = "testdata";

/// What a path leads to. A file in `templates/` of a chart leads to the chart. Directories are searched: hidden files,
/// what `.gitignore` names and what `exclude` names are passed over, and nothing inside a chart is looked at.
pub fn discover(world: &World, argument: &str, exclude: &Exclude) -> Discovered {
    let path = Path::new(argument);
    if chart::is_chart(world, argument) {
        return Discovered { charts: vec![argument.to_owned()], ..Discovered::default() };
    }
    if let Some((chart, inner)) = chart_of(world, path)
        && is_chart_part(&inner)
    {
        return Discovered { charts: vec![chart.display().to_string()], ..Discovered::default() };
    }
    if world.is_directory(path) {
        return search(world, path, exclude);
    }
    let is_kustomization =
        path.file_name().is_some_and(|name| KUSTOMIZATION_NAMES.iter().any(|k| name == *k));
    match path.parent().filter(|_| is_kustomization && world.is_file(path)) {
        Some(directory) => {
            let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            Discovered { kustomizations: vec![directory.to_owned()], ..Discovered::default() }
        }
        None => {
            Discovered { manifests: vec![ManifestSource::Path(path.to_owned())], ..Discovered::default() }
        }
    }
}

fn search(world: &World, directory: &Path, exclude: &Exclude) -> Discovered {
    let mut found = Discovered::default();
    let root = world.canonical(directory).unwrap_or_else(|_| directory.to_owned());
    let mut ignored = GitIgnored::above(world, &root);
    let mut walk = Walk::new(world, directory);
    if is_kustomization(world, directory) {
        found.kustomizations.push(directory.to_owned());
    }
    while let Some(entry) = walk.next() {
        let Entry { path, kind, .. } = match entry {
            Ok(entry) => entry,
            Err(WalkError { path, reason }) => {
                // No link is followed, so that only a directory can be in the way.
                if let WalkReason::Unreadable(error) = reason {
                    let reason = error.to_string();
                    found.manifests.push(ManifestSource::Unreadable { path: shorten(&path), reason });
                }
                continue;
            }
        };
        let is_directory = kind == FileKind::Directory;
        let full = path.strip_prefix(directory).map_or_else(|_| path.clone(), |inner| root.join(inner));
        if is_hidden(&path) || exclude.contains(&full, is_directory) || ignored.contains(&full, is_directory)
        {
            walk.skip_directory();
            continue;
        }
        let shown = shorten(&path);
        if is_directory && path.file_name().is_some_and(|name| name == TEST_DATA) {
            walk.skip_directory();
            found.skipped.push(skipped(&shown, SkipReason::TestData));
            continue;
        }
        if !is_directory {
            // A link that leads nowhere is read, so that it is reported.
            let is_file = world.metadata(&path).map_or(true, |metadata| metadata.kind == FileKind::File);
            let is_part = path.file_name().is_some_and(|name| KUSTOMIZATION_NAMES.iter().any(|k| name == *k));
            if is_manifest_name(&path) && is_file && !is_part {
                found.manifests.push(ManifestSource::Found(shown));
            }
        } else if world.is_file(&path.join("Chart.yaml")) {
            walk.skip_directory();
            found.charts.push(shown.display().to_string());
        } else {
            if is_kustomization(world, &path) {
                found.kustomizations.push(shown);
            }
            ignored.enter(world, &full);
        }
    }
    drop_parts(world, directory, &mut found);
    if found.is_empty() && found.skipped.is_empty() {
        found.manifests.push(ManifestSource::Empty(directory.to_owned()));
    }
    found
}

/// Drops what is linted through a kustomization: its files, and the kustomizations that it is made of. Components change
/// what others have; those that nobody uses here are passed over. The kustomization in `directory` itself was named.
fn drop_parts(world: &World, directory: &Path, found: &mut Discovered) {
    let parts: BTreeSet<PathBuf> =
        found.kustomizations.iter().flat_map(|path| kustomize::parts(world, path)).collect();
    let is_part = |path: &Path| world.canonical(path).is_ok_and(|path| parts.contains(&path));
    found.manifests.retain(|source| !matches!(source, ManifestSource::Found(path) if is_part(path)));
    for source in &mut found.manifests {
        if let ManifestSource::Found(path) = source
            && path.ancestors().any(|above| found.kustomizations.iter().any(|directory| directory == above))
        {
            *source = ManifestSource::Unused(std::mem::take(path));
        }
    }
    let (kept, components) = std::mem::take(&mut found.kustomizations)
        .into_iter()
        .filter(|path| path == directory || !is_part(path))
        .partition(|path| path == directory || !kustomize::is_component(world, path));
    found.kustomizations = kept;
    let components: Vec<PathBuf> = components;
    found.skipped.extend(components.iter().map(|path| skipped(path, SkipReason::Component)));
}

fn skipped(path: &Path, reason: SkipReason) -> Skipped {
    Skipped { name: path.display().to_string(), reason, span: Span::NONE, chart: None }
}

/// Whether a directory holds a kustomization.
fn is_kustomization(world: &World, directory: &Path) -> bool {
    KUSTOMIZATION_NAMES.iter().any(|name| world.is_file(&directory.join(name)))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The path as one would write it from the working directory.
fn shorten(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

/// What the `.gitignore` files of a repository name: those in the directories from its root down to where the search is.
struct GitIgnored(Vec<Gitignore>);

impl GitIgnored {
    /// Those that count in `directory`: without a repository around it only its own.
    fn above(world: &World, directory: &Path) -> Self {
        let root = git_root(world, directory).unwrap_or(directory);
        let mut ignored = Self(Vec::new());
        ignored.add(world, root, &root.join(".git/info/exclude"));
        let mut above: Vec<&Path> =
            directory.ancestors().take_while(|directory| directory.starts_with(root)).collect();
        above.reverse();
        for directory in above {
            ignored.enter(world, directory);
        }
        ignored
    }

    fn enter(&mut self, world: &World, directory: &Path) {
        self.0.retain(|patterns| directory.starts_with(patterns.path()));
        self.add(world, directory, &directory.join(".gitignore"));
    }

    fn add(&mut self, world: &World, directory: &Path, file: &Path) {
        let Ok(bytes) = world.read(file, u64::MAX) else { return };
        let mut builder = GitignoreBuilder::new(directory);
        for line in String::from_utf8_lossy(&bytes).lines() {
            // As git does, a pattern that is malformed is ignored.
            let _ = builder.add_line(None, line);
        }
        self.0.extend(builder.build());
    }

    /// Whether the innermost pattern that matches says so.
    fn contains(&self, path: &Path, is_directory: bool) -> bool {
        let inner = self.0.iter().rev().filter(|patterns| path.starts_with(patterns.path()));
        let mut decisions = inner.map(|patterns| patterns.matched(path, is_directory));
        matches!(decisions.find(|decision| !decision.is_none()), Some(Match::Ignore(_)))
    }
}

/// The root of the git repository that holds a directory, which is absolute.
pub fn git_root<'p>(world: &World, directory: &'p Path) -> Option<&'p Path> {
    directory.ancestors().find(|above| world.exists(&above.join(".git")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Memory;

    const CHART: &str = "apiVersion: v2\nname: a\nversion: 1.0.0\n";

    fn found(memory: Memory, argument: &str, patterns: &[&str]) -> [Vec<String>; 3] {
        let world = memory.into_world();
        let mut exclude = Exclude::default();
        let patterns: Vec<_> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        exclude.add(&world, Path::new("/"), &patterns).unwrap();
        let Discovered { charts, kustomizations, manifests, .. } = discover(&world, argument, &exclude);
        let manifests = manifests.into_iter().map(|source| match source {
            ManifestSource::Path(path) | ManifestSource::Found(path) | ManifestSource::Unused(path) => {
                path.display().to_string()
            }
            other => format!("{other:?}"),
        });
        let kustomizations = kustomizations.into_iter().map(|path| path.display().to_string());
        [charts, kustomizations.collect(), manifests.collect()]
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_repository_is_charts_kustomizations_and_files() {
        let memory = Memory::default()
            .file("r/apps/web/Chart.yaml", CHART)
            .file("r/apps/web/charts/sub/Chart.yaml", CHART)
            .file("r/apps/web/templates/a.yaml", "")
            .file("r/base/Kustomization", "resources: [cm.yaml]\n")
            .file("r/base/cm.yaml", "")
            .file("r/base/other.yaml", "")
            .file("r/overlay/kustomization.yaml", "resources: [../base]\ncomponents: [../used]\n")
            .file("r/used/kustomization.yaml", "kind: Component\n")
            .file("r/unused/kustomization.yaml", "kind: Component\n")
            .file("r/.github/workflows/ci.yml", "")
            .file("r/k8s/a.json", "")
            .file("r/k8s/readme.md", "");
        let expected =
            [names(&["r/apps/web"]), names(&["r/overlay"]), names(&["r/base/other.yaml", "r/k8s/a.json"])];
        assert_eq!(found(memory.clone(), "r", &[]), expected);
        assert_eq!(found(memory.clone(), "r/apps/web/templates/a.yaml", &[])[0], names(&["r/apps/web"]));
        assert_eq!(found(memory.clone(), "r/apps/web/templates", &[])[0], names(&["r/apps/web"]));
        assert_eq!(found(memory.clone(), "r/base/Kustomization", &[])[1], names(&["r/base"]));
        // Paths below the working directory are shown as one would write them.
        assert_eq!(found(memory, ".", &[]), expected);
    }

    #[test]
    fn test_data_is_passed_over_unless_it_is_named() {
        let memory = Memory::default()
            .file("r/a.yaml", "")
            .file("r/pkg/testdata/broken.yaml", "")
            .file("r/pkg/testdata/chart/Chart.yaml", CHART);
        let [charts, _, files] = found(memory.clone(), "r", &[]);
        assert_eq!((charts, files), (names(&[]), names(&["r/a.yaml"])));
        let [charts, _, files] = found(memory, "r/pkg/testdata", &[]);
        assert_eq!(
            (charts, files),
            (names(&["r/pkg/testdata/chart"]), names(&["r/pkg/testdata/broken.yaml"]))
        );
    }

    #[test]
    fn what_git_ignores_and_what_is_excluded_is_passed_over() {
        let memory = Memory::default()
            .file("r/.git/HEAD", "")
            .file("r/.git/info/exclude", "local.yaml\n")
            .file("r/.gitignore", "out/\n*.gen.yaml\n")
            .file("r/a.yaml", "")
            .file("r/local.yaml", "")
            .file("r/x.gen.yaml", "")
            .file("r/out/b.yaml", "")
            .file("r/keep/.gitignore", "!x.gen.yaml\n/d.yaml\n")
            .file("r/keep/x.gen.yaml", "")
            .file("r/keep/d.yaml", "")
            .file("r/keep/deep/d.yaml", "")
            .file("r/vendor/Chart.yaml", CHART)
            .file("r/test/broken.yaml", "");
        let [charts, _, files] = found(memory.clone(), "r", &["vendor", "r/test/*"]);
        assert_eq!(charts, [""; 0]);
        assert_eq!(files, names(&["r/a.yaml", "r/keep/deep/d.yaml", "r/keep/x.gen.yaml"]));
        // The patterns above the directory that is searched count, too; what is named is linted all the same.
        assert_eq!(
            found(memory.clone(), "r/keep", &[])[2],
            names(&["r/keep/deep/d.yaml", "r/keep/x.gen.yaml"])
        );
        assert_eq!(found(memory.clone(), "r/x.gen.yaml", &[])[2], names(&["r/x.gen.yaml"]));
        assert_eq!(found(memory, "r/out", &[])[2], names(&["r/out/b.yaml"]));
    }
}
