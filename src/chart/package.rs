//! Charts packed as `helm package` and `helm dependency build` pack them.

use super::files::{self, RawFile};
use super::tree::{Unpacked, Unread};
use super::{ChartType, Dependency, Metadata, Origin};
use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span};
use crate::world::World;
use crate::yaml::{self, Map, Node, ReadOptions, Value, emit};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io;
use std::path::Path;

/// A packed chart.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its `Chart.yaml`.
    pub metadata: Metadata,
    /// The `.tgz`. The same files make the same bytes.
    pub bytes: Vec<u8>,
}

/// Packs the chart in a directory, with what is in its `charts/`. Like Helm, it writes `Chart.yaml` anew, with the fields
/// that Helm knows, and copies all other files.
pub fn package(world: &World, sources: &Sources, directory: &Path) -> Report<Package> {
    if !world.is_file(&directory.join("Chart.yaml")) {
        return Report::fail(files::no_chart(world, directory));
    }
    let mut sink = Vec::new();
    let name = directory.display().to_string();
    let unpacked = files::read_directory(world, sources, directory).take(&mut sink).and_then(|files| {
        Unread { origin: Origin::Directory(directory.to_owned()), name, files }.unpack(None, &mut sink)
    });
    let Some(chart) = unpacked else { return Report::failed(sink) };
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let metadata = match add(&mut archive, sources, chart, "", &mut sink) {
        Ok(Some(metadata)) => metadata,
        Ok(None) => return Report::failed(sink),
        Err(error) => return Report::fail(unwritable(directory, &error)),
    };
    match archive.into_inner().and_then(GzEncoder::finish) {
        Ok(bytes) => Report::with(Package { metadata, bytes }, sink),
        Err(error) => Report::fail(unwritable(directory, &error)),
    }
}

fn unwritable(directory: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot package `{}`: {error}", directory.display()))
}

type Archive = tar::Builder<GzEncoder<Vec<u8>>>;

/// Adds a chart and its sub-charts; `None` if one of them is not sound.
fn add(
    archive: &mut Archive,
    sources: &Sources,
    chart: Unpacked,
    prefix: &str,
    sink: &mut Vec<Diagnostic>,
) -> io::Result<Option<Metadata>> {
    let mut texts = chart.files;
    let mut take = |path: &str| {
        let at = texts.iter().position(|file| file.path == path)?;
        Some(texts.remove(at))
    };
    let written = take("Chart.yaml").and_then(|file| parse(sources, &chart.name, file, sink));
    let requirements = texts.iter().find(|file| file.path == "requirements.yaml").map(|_| ());
    let Some(metadata) = written.and_then(|node| Metadata::read(sources, node, None, sink)) else {
        return Ok(None);
    };
    let base = format!("{prefix}{}", metadata.name);
    // The dependencies of old charts are in a file of their own.
    let own =
        if metadata.api_version == "v1" && requirements.is_some() { &[][..] } else { &metadata.dependencies };
    write(
        archive,
        &format!("{base}/Chart.yaml"),
        format!("{}\n", emit::helm(&chart_yaml(&metadata, own))).as_bytes(),
    )?;
    texts.sort_by_key(|file| order(&file.path));
    for file in texts {
        let path = format!("{base}/{}", file.path);
        match file.content.read() {
            Ok(data) => write(archive, &path, &data)?,
            Err(diagnostic) => {
                sink.push(*diagnostic);
                return Ok(None);
            }
        }
    }
    for child in chart.children {
        if add(archive, sources, child, &format!("{base}/charts/"), sink)?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(metadata))
}

/// The order of files in an archive of Helm's.
fn order(path: &str) -> u8 {
    match path {
        "Chart.lock" => 0,
        "values.yaml" => 1,
        "values.schema.json" => 2,
        _ if path.starts_with("templates/") => 3,
        _ => 4,
    }
}

fn write(archive: &mut Archive, path: &str, data: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    archive.append_data(&mut header, path, data)
}

fn parse(sources: &Sources, chart: &str, file: RawFile, sink: &mut Vec<Diagnostic>) -> Option<Node> {
    let shown = format!("{chart}/{}", file.path);
    let data = match file.content.read() {
        Ok(data) => data,
        Err(diagnostic) => {
            sink.push(*diagnostic);
            return None;
        }
    };
    let source = sources.add(shown, String::from_utf8_lossy(&data).into_owned(), SourceKind::File);
    let documents = yaml::read(sources, source, &ReadOptions::lenient()).take(sink)?;
    documents.into_iter().find(|document| !document.blank).map(|document| document.root)
}

/// `Chart.yaml` as Helm writes it: the fields that it knows, without those that are empty.
pub(super) fn chart_yaml(metadata: &Metadata, dependencies: &[Dependency]) -> Node {
    let mut fields = Fields::default();
    fields.text("name", &metadata.name);
    fields.text("home", metadata.home.as_deref().unwrap_or_default());
    fields.texts("sources", &metadata.sources);
    fields.text("version", &metadata.version);
    fields.text("description", metadata.description.as_deref().unwrap_or_default());
    fields.texts("keywords", &metadata.keywords);
    let maintainer = |one: &super::Maintainer| {
        let mut fields = Fields::default();
        fields.text("name", &one.name);
        fields.text("email", one.email.as_deref().unwrap_or_default());
        fields.text("url", one.url.as_deref().unwrap_or_default());
        fields.into_node()
    };
    fields.list("maintainers", metadata.maintainers.iter().map(maintainer).collect());
    fields.text("icon", metadata.icon.as_deref().unwrap_or_default());
    fields.text("apiVersion", &metadata.api_version);
    fields.text("condition", metadata.condition.as_deref().unwrap_or_default());
    fields.text("tags", metadata.tags.as_deref().unwrap_or_default());
    fields.text("appVersion", metadata.app_version.as_deref().unwrap_or_default());
    if metadata.deprecated {
        fields.node("deprecated", Node::bare(true));
    }
    let mut annotations = Fields::default();
    for (key, value) in &metadata.annotations {
        annotations.node(key, Node::bare(value.as_str()));
    }
    if !metadata.annotations.is_empty() {
        fields.node("annotations", annotations.into_node());
    }
    fields.text("kubeVersion", metadata.kube_version.as_ref().map_or("", |version| version.as_str()));
    fields.list("dependencies", dependencies.iter().map(dependency).collect());
    match metadata.chart_type {
        ChartType::Library => fields.text("type", "library"),
        ChartType::Application => {
            fields.text("type", metadata.key("type").and_then(Node::as_str).unwrap_or_default());
        }
    }
    fields.into_node()
}

fn dependency(one: &Dependency) -> Node {
    let mut fields = Fields::default();
    fields.text("name", &one.name);
    fields.text("version", one.version.as_ref().map_or("", |version| version.as_str()));
    fields.node("repository", Node::bare(one.repository.as_deref().unwrap_or_default()));
    fields.text("condition", one.node.get("condition").and_then(Node::as_str).unwrap_or_default());
    fields.texts("tags", &one.tags);
    fields.list("import-values", one.node.get("import-values").map(Node::items).unwrap_or_default().to_vec());
    fields.text("alias", one.alias.as_deref().unwrap_or_default());
    fields.into_node()
}

/// The fields of a map that are not empty.
#[derive(Default)]
struct Fields(Map);

impl Fields {
    fn node(&mut self, key: &str, node: Node) {
        self.0.insert(key, Span::NONE, node);
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.node(key, Node::bare(text));
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        self.list(key, texts.iter().map(|text| Node::bare(text.as_str())).collect());
    }

    fn list(&mut self, key: &str, items: Vec<Node>) {
        if !items.is_empty() {
            self.node(key, Node::bare(Value::Seq(items)));
        }
    }

    fn into_node(self) -> Node {
        Node::bare(Value::Map(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::from_archive;
    use crate::world::Memory;

    #[test]
    fn charts_are_packed_as_by_helm() {
        let world = Memory::default()
            .file(
                "app/Chart.yaml",
                "apiVersion: v2\nversion: 1.0.0 # comment\nname: app\nengine: gotpl\nappVersion: '1.10'\n",
            )
            .file("app/.helmignore", "*.md\n")
            .file("app/README.md", "ignored")
            .file("app/files/a.txt", "text")
            .file("app/templates/a.yaml", "a: 1\n")
            .file("app/values.yaml", "# own\na: 1\n")
            .file("app/charts/db/Chart.yaml", "name: db\nversion: 2.0.0\napiVersion: v2\n")
            .into_world();
        let sources = Sources::new();
        let packed = package(&world, &sources, Path::new("app")).output.unwrap();
        assert_eq!(packed.bytes, package(&world, &sources, Path::new("app")).output.unwrap().bytes);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.bytes.as_slice()));
        let paths: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        let expected = [
            "app/Chart.yaml",
            "app/values.yaml",
            "app/templates/a.yaml",
            "app/.helmignore",
            "app/files/a.txt",
            "app/charts/db/Chart.yaml",
        ];
        assert_eq!(paths, expected);
        let chart = from_archive(&sources, Path::new("app.tgz"), &packed.bytes).output.unwrap();
        let written = sources.get(chart.metadata.node.span.source).unwrap();
        assert_eq!(&*written.text, "apiVersion: v2\nappVersion: \"1.10\"\nname: app\nversion: 1.0.0\n");
        assert_eq!(chart.children[0].name(), "db");
    }
}
