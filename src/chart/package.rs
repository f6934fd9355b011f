//! Charts packed as `helm package` and `helm dependency build` pack them.
//!
//! The same files make the same bytes: nothing of the machine, the user or the time of day is in an archive.

use super::files::{self, Content, RawFile};
use super::tree::{Unpacked, Unread};
use super::{ChartType, Dependency, Metadata, Origin, read_values};
use crate::diag::{Diagnostic, Report, Severity, SourceKind, Sources, Span, has_errors};
use crate::gotmpl::parse_version;
use crate::world::World;
use crate::yaml::emit::{format_json, quote_json};
use crate::yaml::{self, Map, Node, ReadOptions, Value, emit};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io;
use std::path::Path;

/// A packed chart.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its `Chart.yaml`, with the dependencies of `requirements.yaml` if there is one.
    pub metadata: Metadata,
    /// The charts in its `charts/`.
    pub children: Vec<Metadata>,
    /// The `.tgz`. The same files make the same bytes.
    pub bytes: Vec<u8>,
}

impl Package {
    /// The name of the file that Helm saves it as.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.metadata.name, self.metadata.version)
    }

    /// What is wrong with the dependencies: like Helm, it is an error that a chart is not in `charts/`. That it is there only
    /// in other versions is a warning.
    pub fn check_dependencies(&self) -> Vec<Diagnostic> {
        let check = |dependency: &Dependency| {
            let name = &dependency.name;
            let present: Vec<&Metadata> = self.children.iter().filter(|child| child.name == *name).collect();
            if present.is_empty() {
                let error = Diagnostic::error(format!("the dependency `{name}` is missing in `charts/`"));
                return Some(error.at(dependency.span, "declared here").help(
                    "fill `charts/` with `plimsoll dependency build`, or package with `--dependency-update`",
                ));
            }
            let range = dependency.version.as_ref()?;
            if present.iter().any(|child| dependency.accepts(child)) {
                return None;
            }
            let versions: Vec<&str> = present.iter().map(|child| child.version.as_str()).collect();
            let message = format!(
                "the dependency `{name}` requires {}, but `charts/` contains {}",
                range.as_str(),
                versions.join(", ")
            );
            let warning = Diagnostic::warning(message).at(dependency.span, "declared here");
            let effect = match dependency.alias {
                Some(_) => "Helm renders that chart under its own name: the alias has no effect",
                None => "Helm renders that chart all the same",
            };
            Some(warning.help(format!("{effect}; run `plimsoll dependency build`")))
        };
        self.metadata.dependencies.iter().filter_map(check).collect()
    }
}

/// What differs between a packed chart and its directory.
#[derive(Debug, Clone, Default)]
pub struct PackageOptions {
    /// The `version` instead of that in `Chart.yaml`.
    pub version: Option<String>,
    /// The `appVersion` instead of that in `Chart.yaml`.
    pub app_version: Option<String>,
    /// The time of all files, in seconds since 1970.
    pub time: u64,
}

/// Packs the chart in a directory, with what is in its `charts/`. Like Helm, it writes `Chart.yaml` and `Chart.lock` anew,
/// with the fields that Helm knows, and copies all other files.
pub fn package(
    world: &World,
    sources: &Sources,
    directory: &Path,
    options: &PackageOptions,
) -> Report<Package> {
    if !world.is_file(&directory.join("Chart.yaml")) {
        return Report::fail(files::no_chart(world, directory));
    }
    let mut sink = Vec::new();
    let name = directory.display().to_string();
    let unpacked = files::read_directory(world, sources, directory).take(&mut sink).and_then(|files| {
        Unread { origin: Origin::Directory(directory.to_owned()), name, files }.unpack(None, &mut sink)
    });
    let Some(chart) = unpacked else { return Report::failed(sink) };
    let archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut packing = Packing { archive, sources, options, sink };
    let (metadata, children) = match packing.add(chart, "") {
        Ok(Some(added)) => added,
        Ok(None) => return Report::failed(packing.sink),
        Err(error) => return Report::fail(unwritable(directory, &error)),
    };
    match packing.archive.into_inner().and_then(GzEncoder::finish) {
        Ok(bytes) => Report::with(Package { metadata, children, bytes }, packing.sink),
        Err(error) => Report::fail(unwritable(directory, &error)),
    }
}

fn unwritable(directory: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot package `{}`: {error}", directory.display()))
}

/// An archive that is being written.
struct Packing<'a> {
    archive: tar::Builder<GzEncoder<Vec<u8>>>,
    sources: &'a Sources,
    options: &'a PackageOptions,
    sink: Vec<Diagnostic>,
}

impl Packing<'_> {
    /// Adds a chart and its sub-charts, and returns what they are; `None` if one of them is not sound.
    fn add(&mut self, chart: Unpacked, prefix: &str) -> io::Result<Option<(Metadata, Vec<Metadata>)>> {
        let mut texts = chart.files;
        let mut take = |path: &str| {
            let at = texts.iter().position(|file| file.path == path)?;
            Some(texts.remove(at))
        };
        let (own, lock, requirements) = (take("Chart.yaml"), take("Chart.lock"), take("requirements.yaml"));
        let has_requirements = requirements.is_some();
        let requirements = requirements.and_then(|file| {
            let data = self.read(file)?;
            texts
                .push(RawFile { path: "requirements.yaml".to_owned(), content: Content::Here(data.clone()) });
            self.parse(&chart.name, "requirements.yaml", &data)
        });
        let Some(own) = own else {
            self.sink
                .push(Diagnostic::error(format!("`{}` is not a chart: it has no `Chart.yaml`", chart.name)));
            return Ok(None);
        };
        let metadata = self
            .read(own)
            .and_then(|data| self.parse(&chart.name, "Chart.yaml", &data))
            .and_then(|node| Metadata::read(self.sources, node, requirements.as_ref(), &mut self.sink));
        let Some(mut metadata) = metadata else { return Ok(None) };
        if prefix.is_empty() {
            self.override_versions(&mut metadata);
        }
        let base = format!("{prefix}{}", metadata.name);
        // The dependencies of old charts are in a file of their own.
        let is_old = metadata.api_version == "v1";
        let own = if is_old && has_requirements { &[][..] } else { &metadata.dependencies };
        self.write_yaml(&format!("{base}/Chart.yaml"), &chart_yaml(&metadata, own))?;
        if let Some(file) = lock {
            if is_old {
                texts.push(file);
            } else if let Some(data) = self.read(file)
                && let Some(node) = self.parse(&chart.name, "Chart.lock", &data)
            {
                self.write_yaml(&format!("{base}/Chart.lock"), &chart_lock(&node))?;
            }
        }
        texts.sort_by(|one, other| (order(&one.path), &one.path).cmp(&(order(&other.path), &other.path)));
        for file in texts {
            let path = file.path.clone();
            let Some(data) = self.read(file) else { continue };
            self.check(&chart.name, &path, &data);
            self.write(&format!("{base}/{path}"), &data)?;
        }
        let mut children = Vec::new();
        for child in chart.children {
            let Some((child, _)) = self.add(child, &format!("{base}/charts/"))? else { return Ok(None) };
            children.push(child);
        }
        Ok(Some((metadata, children)).filter(|_| !has_errors(&self.sink)))
    }

    /// Puts what the options say in the place of what `Chart.yaml` says.
    fn override_versions(&mut self, metadata: &mut Metadata) {
        if let Some(version) = &self.options.version {
            match parse_version(version) {
                Some(semver) => (metadata.version, metadata.semver) = (version.clone(), semver),
                None => self.sink.push(
                    Diagnostic::error(format!("`{version}` is not a valid version"))
                        .help("use three numbers, such as `1.2.3`, and optionally a suffix such as `-rc.1`"),
                ),
            }
        }
        if let Some(version) = &self.options.app_version {
            metadata.app_version = Some(version.clone());
        }
    }

    /// Checks a file that Helm reads when it loads the chart, so that no archive is written that cannot be loaded.
    fn check(&mut self, chart: &str, path: &str, data: &[u8]) {
        let text = || {
            self.sources.add(
                format!("{chart}/{path}"),
                String::from_utf8_lossy(data).into_owned(),
                SourceKind::File,
            )
        };
        match path {
            "values.yaml" => {
                let report = read_values(self.sources, text(), &ReadOptions::lenient());
                let errors = report.diagnostics.into_iter().filter(|one| one.severity == Severity::Error);
                self.sink.extend(errors);
            }
            "values.schema.json" => {
                if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(data) {
                    self.sink.push(Diagnostic::error(format!("`{chart}/{path}` is not valid JSON: {error}")));
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, file: RawFile) -> Option<Vec<u8>> {
        file.content.read().map_err(|diagnostic| self.sink.push(*diagnostic)).ok()
    }

    fn parse(&mut self, chart: &str, path: &str, data: &[u8]) -> Option<Node> {
        let text = String::from_utf8_lossy(data).into_owned();
        let source = self.sources.add(format!("{chart}/{path}"), text, SourceKind::File);
        let documents = yaml::read(self.sources, source, &ReadOptions::lenient()).take(&mut self.sink)?;
        let first = documents.into_iter().find(|document| !document.blank);
        let empty = || Node::new(Value::Null, Span::new(source, 0, 0));
        Some(first.map_or_else(empty, |document| document.root))
    }

    fn write_yaml(&mut self, path: &str, node: &Node) -> io::Result<()> {
        self.write(path, format!("{}\n", emit::helm(node)).as_bytes())
    }

    fn write(&mut self, path: &str, data: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_mtime(self.options.time);
        header.set_size(data.len() as u64);
        self.archive.append_data(&mut header, path, data)
    }
}

/// The order of files in an archive of Helm's.
fn order(path: &str) -> u8 {
    match path {
        "values.yaml" => 0,
        "values.schema.json" => 1,
        _ if path.starts_with("templates/") => 2,
        _ => 3,
    }
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

impl Metadata {
    /// `Chart.yaml` as Helm publishes it in registries: JSON, with the fields that it knows in its order.
    pub fn to_json(&self) -> String {
        struct_json("", &chart_yaml(self, &self.dependencies))
    }
}

/// A tree whose maps are structs for Helm: their fields keep their order. The value of `key` may be a true map.
fn struct_json(key: &str, node: &Node) -> String {
    match &node.value {
        Value::Map(fields) if key != "annotations" => {
            let fields = fields
                .iter()
                .map(|field| format!("{}:{}", quote_json(&field.key), struct_json(&field.key, &field.value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Seq(items) if key != "import-values" => {
            format!("[{}]", items.iter().map(|item| struct_json(key, item)).collect::<Vec<_>>().join(","))
        }
        _ => format_json(node),
    }
}

/// `Chart.lock` as Helm writes it: the fields that it knows.
fn chart_lock(lock: &Node) -> Node {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
    let locked = |one: &Node| {
        let mut fields = Fields::default();
        fields.text("name", &text(one, "name"));
        fields.text("version", &text(one, "version"));
        fields.node("repository", Node::bare(text(one, "repository")));
        fields.into_node()
    };
    let mut fields = Fields::default();
    let dependencies = lock.get("dependencies").map(Node::items).unwrap_or_default();
    fields.node("dependencies", Node::bare(Value::Seq(dependencies.iter().map(locked).collect())));
    fields.node("digest", Node::bare(text(lock, "digest")));
    fields.node("generated", Node::bare(text(lock, "generated")));
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
        let packed = package(&world, &sources, Path::new("app"), &PackageOptions::default()).output.unwrap();
        assert_eq!(
            packed.bytes,
            package(&world, &sources, Path::new("app"), &PackageOptions::default()).output.unwrap().bytes
        );
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
