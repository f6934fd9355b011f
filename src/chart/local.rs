//! Charts that are known by their `Chart.yaml` alone: dependencies in other directories, and archives.

use super::Metadata;
use super::files::{self, Content, MAX_CHART, RawFile};
use super::metadata::local_directory;
use crate::diag::{Diagnostic, Report, SourceKind, Sources};
use crate::world::World;
use crate::yaml::{self, Node, ReadOptions, Value};
use std::path::{Component, Path, PathBuf};

/// Reads dependencies in place.
#[derive(Clone, Copy)]
pub(super) struct Local<'a> {
    pub(super) world: &'a World,
    pub(super) sources: &'a Sources,
}

impl Local<'_> {
    /// The directories of the dependencies that are not in `charts/`, whose charts have these files. Those that do not exist are reported where the
    /// dependencies are needed.
    pub(super) fn missing<'f>(
        self,
        root: &Path,
        files: &mut [RawFile],
        children: impl Iterator<Item = &'f mut Vec<RawFile>>,
    ) -> Vec<PathBuf> {
        let declared: Vec<(String, String)> = files
            .iter_mut()
            .filter(|file| matches!(file.path.as_str(), "Chart.yaml" | "requirements.yaml"))
            .flat_map(|file| declared(&mut file.content))
            .collect();
        if declared.is_empty() {
            return Vec::new();
        }
        let present: Vec<String> = children.filter_map(|files| name_of(files)).collect();
        let missing = declared.into_iter().filter(|(name, _)| !present.contains(name));
        let mut found: Vec<PathBuf> = Vec::new();
        for (_, directory) in missing {
            let path = root.join(directory);
            // A chart that is used under several aliases is read once.
            if self.world.is_file(&path.join("Chart.yaml")) && !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }

    /// The name of the chart in a directory for messages, and its files.
    pub(super) fn read(self, directory: &Path, sink: &mut Vec<Diagnostic>) -> Option<(String, Vec<RawFile>)> {
        let files = files::read_directory(self.world, self.sources, directory).take(sink)?;
        Some((without_detours(directory).display().to_string(), files))
    }
}

/// The names and directories of dependencies in other directories.
fn declared(content: &mut Content) -> Vec<(String, String)> {
    let Some(root) = peek(content, |text| text.contains("file://")) else { return Vec::new() };
    let dependencies = root.get("dependencies").map(Node::items).unwrap_or_default();
    let local = |node: &Node| {
        let directory = local_directory(node.get("repository")?.as_str()?)?;
        Some((node.get("name")?.as_str()?.to_owned(), directory.to_owned()))
    };
    dependencies.iter().filter_map(local).collect()
}

/// The name that a sub-chart gives itself.
fn name_of(files: &mut [RawFile]) -> Option<String> {
    let metadata = files.iter_mut().find(|file| file.path == "Chart.yaml")?;
    Some(peek(&mut metadata.content, |_| true)?.get("name")?.as_str()?.to_owned())
}

/// The first document of a file, if it is of interest and can be read. What is wrong with it is reported elsewhere.
fn peek(content: &mut Content, is_of_interest: impl Fn(&str) -> bool) -> Option<Node> {
    content.load();
    let Content::Here(bytes) = content else { return None };
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_of_interest(text))?;
    let sources = Sources::new();
    let source = sources.add("Chart.yaml", text, SourceKind::File);
    let documents = yaml::read(&sources, source, &ReadOptions::lenient()).output?;
    documents.into_iter().find(|document| !document.blank).map(|document| document.root)
}

/// A path without `dir/..`, for messages.
fn without_detours(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// Reads `Chart.yaml` of the chart in a directory, and its `requirements.yaml`, without anything else of the chart.
pub fn read_metadata(world: &World, sources: &Sources, directory: &Path) -> Report<Metadata> {
    let path = directory.join("Chart.yaml");
    if !world.is_file(&path) {
        return Report::fail(files::no_chart(world, directory));
    }
    let mut sink = Vec::new();
    let mut read = |path: PathBuf| {
        let text = match files::read_bounded(world, &path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                sink.push(Diagnostic::error(format!("`{}` is not UTF-8", path.display())));
                return None;
            }
            Err(diagnostic) => {
                sink.push(*diagnostic);
                return None;
            }
        };
        let source = sources.add(path.display().to_string(), text, SourceKind::File);
        let documents = yaml::read(sources, source, &ReadOptions::lenient()).take(&mut sink)?;
        let first = documents.into_iter().find(|document| !document.blank).map(|document| document.root);
        Some(first.unwrap_or_else(|| Node::bare(Value::Null)))
    };
    let requirements = directory.join("requirements.yaml");
    let requirements = if world.is_file(&requirements) { read(requirements) } else { None };
    let Some(node) = read(path) else { return Report::failed(sink) };
    match Metadata::read(sources, node, requirements.as_ref(), &mut sink) {
        Some(metadata) => Report::with(metadata, sink),
        None => Report::failed(sink),
    }
}

/// The `Chart.yaml` of an archive, which `name` stands for in messages. The whole archive is read, as if the chart were.
pub fn identify(name: &str, bytes: &[u8]) -> Result<Metadata, Box<Diagnostic>> {
    unpack(name, bytes).map(|(metadata, _)| metadata)
}

/// Files by their paths in a chart.
pub type PlainFiles = Vec<(String, Vec<u8>)>;

/// The `Chart.yaml` of an archive, and its files: their paths in the chart and their contents. No path leads out of the
/// chart.
pub fn unpack(name: &str, bytes: &[u8]) -> Result<(Metadata, PlainFiles), Box<Diagnostic>> {
    let mut budget = MAX_CHART;
    // Data behind the end is reported where the chart is loaded.
    let (mut files, _) = files::unpack(name, bytes, &mut budget)?;
    let not_a_chart = || Diagnostic::error(format!("`{name}` is not a chart: it has no valid `Chart.yaml`"));
    let found = files.iter_mut().find(|file| file.path == "Chart.yaml").ok_or_else(not_a_chart)?;
    let node = peek(&mut found.content, |_| true).ok_or_else(not_a_chart)?;
    let metadata = Metadata::read(&Sources::new(), node, None, &mut Vec::new()).ok_or_else(not_a_chart)?;
    let unpacked = files.into_iter().map(|file| Ok((file.path, file.content.read()?)));
    Ok((metadata, unpacked.collect::<Result<_, Box<Diagnostic>>>()?))
}

#[cfg(test)]
mod tests {
    use crate::chart::load;
    use crate::diag::Sources;
    use crate::world::Memory;
    use std::path::Path;

    const APP: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n\
                       - {name: lib, version: ^1.0.0, repository: 'file://../lib'}\n\
                       - {name: lib, alias: again, version: ^1.0.0, repository: 'file://../lib'}\n\
                       - {name: gone, version: ^1.0.0, repository: 'file://../gone'}\n";

    fn children(world: Memory) -> Vec<(String, String)> {
        let world = world.file("repo/app/Chart.yaml", APP).into_world();
        let chart = load(&world, &Sources::new(), Path::new("repo/app")).output.unwrap();
        chart.children.iter().map(|child| (child.name().to_owned(), child.metadata.version.clone())).collect()
    }

    #[test]
    fn dependencies_in_other_directories_are_read_in_place() {
        let lib = |version: &str| format!("apiVersion: v2\nname: lib\nversion: {version}\n");
        let world = Memory::default().file("repo/lib/Chart.yaml", lib("1.2.0"));
        assert_eq!(children(world.clone()), [("lib".to_owned(), "1.2.0".to_owned())]);
        let built = world.file("repo/app/charts/x/Chart.yaml", lib("1.0.0"));
        assert_eq!(children(built), [("lib".to_owned(), "1.0.0".to_owned())]);
        assert_eq!(children(Memory::default()), []);
    }

    #[test]
    fn charts_that_depend_on_each_other_are_refused() {
        let lib = "apiVersion: v2\nname: lib\nversion: 1.0.0\ndependencies:\n\
                   - {name: app, version: ^1.0.0, repository: 'file://../app'}\n";
        let world = Memory::default().file("repo/lib/Chart.yaml", lib).file("repo/app/Chart.yaml", APP);
        let report = load(&world.into_world(), &Sources::new(), Path::new("repo/app"));
        assert!(report.diagnostics.iter().any(|found| found.message.contains("nested more than")));
    }
}
