//! `Chart.yaml`.

use super::Chart;
use crate::diag::{Diagnostic, Sources, Span, has_errors, nearest};
use crate::gotmpl::{Constraint, parse_version};
use crate::yaml::{Entry, Map, Node, Value};

/// `Chart.yaml`: typed, and as written.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// `apiVersion`: `v1` or `v2`; a missing one means `v1`.
    pub api_version: String,
    /// `name`.
    pub name: String,
    /// `version`, as written.
    pub version: String,
    /// `version`, understood: `v1.2` is 1.2.0.
    pub semver: semver::Version,
    /// `appVersion`, as Helm reads it: an unquoted `1.10` is `1.1`.
    pub app_version: Option<String>,
    /// `kubeVersion`: the cluster versions that the chart is made for.
    pub kube_version: Option<Constraint>,
    /// `type`.
    pub chart_type: ChartType,
    /// `description`.
    pub description: Option<String>,
    /// `home`.
    pub home: Option<String>,
    /// `icon`.
    pub icon: Option<String>,
    /// `keywords`.
    pub keywords: Vec<String>,
    /// `sources`.
    pub sources: Vec<String>,
    /// `maintainers`.
    pub maintainers: Vec<Maintainer>,
    /// `annotations`, in the order written.
    pub annotations: Vec<(String, String)>,
    /// `deprecated`.
    pub deprecated: bool,
    /// `condition` of the chart itself; Helm keeps and ignores it.
    pub condition: Option<String>,
    /// `tags` of the chart itself; Helm keeps and ignores it.
    pub tags: Option<String>,
    /// `dependencies`, of `requirements.yaml` too for `apiVersion: v1`.
    pub dependencies: Vec<Dependency>,
    /// `engine`: the explicit choice, if there is one.
    pub engine: Option<EngineKind>,
    /// The whole of `Chart.yaml` as written: what templates see of it by its own keys.
    pub node: Node,
}

/// What a chart is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartType {
    /// Renders manifests.
    Application,
    /// Only lends partials to other charts.
    Library,
}

/// The language of a chart's templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineKind {
    /// Tera with YAML-aware interpolation.
    Tera,
    /// Helm's language.
    GoTemplate,
}

/// One of `maintainers`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Maintainer {
    /// `name`.
    pub name: String,
    /// `email`.
    pub email: Option<String>,
    /// `url`.
    pub url: Option<String>,
}

/// One of `dependencies`.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// `name`: the name in the sub-chart's `Chart.yaml`.
    pub name: String,
    /// `version`: a constraint on the sub-chart's version; `None` where none was given.
    pub version: Option<Constraint>,
    /// `repository`: where it comes from. A chart in a directory (`file://../db`) is read in place; nothing else is
    /// contacted while a chart is read.
    pub repository: Option<String>,
    /// `condition`: value paths; the first that exists as a boolean decides.
    pub condition: Vec<String>,
    /// `tags`.
    pub tags: Vec<String>,
    /// `alias`: the name it goes by in this chart.
    pub alias: Option<String>,
    /// `import-values`.
    pub import_values: Vec<ImportValues>,
    /// Where it is declared.
    pub span: Span,
    /// The declaration as written.
    pub node: Node,
}

impl Dependency {
    /// The name it goes by in the chart that declares it: the alias, else the name.
    pub fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// The directory of the chart, from that of the chart that declares it, if it is there to be read.
    pub fn directory(&self) -> Option<&str> {
        self.repository.as_deref().and_then(local_directory)
    }

    /// Whether `chart` satisfies the dependency, by name and version. Without a `version` no chart does.
    pub fn is_satisfied_by(&self, chart: &Chart) -> bool {
        self.accepts(&chart.metadata)
    }

    /// The same for the `Chart.yaml` of a chart.
    pub(super) fn accepts(&self, chart: &Metadata) -> bool {
        chart.name == self.name && self.version.as_ref().is_some_and(|version| version.matches(&chart.semver))
    }
}

/// The directory that a repository such as `file://../db` names.
pub(crate) fn local_directory(repository: &str) -> Option<&str> {
    repository.strip_prefix("file://")
}

/// One of `import-values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportValues {
    /// The table in the sub-chart's values: `exports.data`.
    pub child: String,
    /// The table of the parent that takes it up; `.` is its root.
    pub parent: String,
    /// Where it is declared.
    pub span: Span,
}

impl Metadata {
    /// Reads `Chart.yaml`, and `requirements.yaml` where there is one (its dependencies then count). Everything that is
    /// wrong is reported; `None` if any of it is an error.
    pub(super) fn read(
        sources: &Sources,
        node: Node,
        requirements: Option<&Node>,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let mut found = Vec::new();
        let Some(map) = node.as_map() else {
            sink.push(
                Diagnostic::error("`Chart.yaml` is not a map")
                    .at(node.span, format!("this is {}", node.type_name()))
                    .help("it needs at least `apiVersion`, `name` and `version`"),
            );
            return None;
        };
        let mut fields = Fields { sources, map, at: node.span, of: "`Chart.yaml`", sink: &mut found };
        fields.warn_of_case(&[
            "apiVersion",
            "name",
            "version",
            "appVersion",
            "kubeVersion",
            "type",
            "dependencies",
        ]);
        let api = fields.read_text("apiVersion").filter(|api| !api.is_empty());
        let api = api.unwrap_or_else(|| "v1".to_owned());
        if !matches!(api.as_str(), "v1" | "v2") {
            fields.reject("apiVersion", "unknown `apiVersion`", "`v2`, or `v1` for charts of Helm 2");
        }
        let name = fields.required("name");
        if let Some(bad) = name.as_deref().filter(|name| matches!(*name, "." | "..") || name.contains('/')) {
            let message = format!("`{bad}` is not a valid chart name");
            fields.reject(
                "name",
                &message,
                "use a word such as `my-app`; the name becomes part of paths and labels",
            );
        }
        let version = fields.required("version");
        let semver = version.as_deref().and_then(parse_version);
        if let (Some(version), None) = (&version, &semver) {
            let message = format!("`{version}` is not a valid version");
            fields.reject(
                "version",
                &message,
                "a version has three numbers, such as `1.2.3`, and optionally a suffix such as `-rc.1`",
            );
        }
        let kube_version = fields.constraint("kubeVersion");
        let chart_type = match fields.read_text("type").as_deref() {
            None | Some("application" | "") => ChartType::Application,
            Some("library") => ChartType::Library,
            Some(_) => {
                fields.reject("type", "unknown chart type", "`application` or `library`");
                ChartType::Application
            }
        };
        let engine = match fields.read_text("engine").as_deref() {
            None | Some("") => None,
            Some("tera") => Some(EngineKind::Tera),
            Some("gotpl") => Some(EngineKind::GoTemplate),
            Some(other) => {
                let message = format!("unknown engine `{other}`");
                let help = match nearest(other, ["tera", "gotpl"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`tera`, or `gotpl` for Helm's template language".to_owned(),
                };
                fields.reject("engine", &message, &help);
                None
            }
        };
        let annotations = fields.annotations();
        let maintainers = fields.maintainers();
        let mut dependencies = fields.dependencies();
        let app_version = fields.read_text("appVersion").filter(|text| !text.is_empty());
        let (description, home, icon) =
            (fields.read_text("description"), fields.read_text("home"), fields.read_text("icon"));
        let (condition, tags) = (fields.read_text("condition"), fields.read_text("tags"));
        let (keywords, urls) = (fields.read_texts("keywords"), fields.read_texts("sources"));
        let deprecated = fields.read_flag("deprecated");
        if let Some(requirements) = requirements.filter(|node| !node.is_null()) {
            if let Some(map) = requirements.as_map() {
                if api != "v1" {
                    let dependencies =
                        map.entry("dependencies").map_or(requirements.span, |entry| entry.key_span);
                    found.push(
                        Diagnostic::warning("`requirements.yaml` belongs to charts of `apiVersion: v1`")
                            .at(dependencies, "")
                            .help("move the dependencies to `Chart.yaml`"),
                    );
                }
                let (at, of) = (requirements.span, "`requirements.yaml`");
                let mut fields = Fields { sources, map, at, of, sink: &mut found };
                if map.contains_key("dependencies") {
                    dependencies = fields.dependencies();
                }
            } else {
                found.push(
                    Diagnostic::error("`requirements.yaml` is not a map")
                        .at(requirements.span, format!("this is {}", requirements.type_name())),
                );
            }
        }
        let failed = has_errors(&found);
        sink.extend(found);
        if failed {
            return None;
        }
        Some(Self {
            api_version: api,
            name: name?,
            version: version?,
            semver: semver?,
            app_version,
            kube_version,
            chart_type,
            description,
            home,
            icon,
            keywords,
            sources: urls,
            maintainers,
            annotations,
            deprecated,
            condition,
            tags,
            dependencies,
            engine,
            node,
        })
    }

    /// The node of a key of `Chart.yaml`, for messages about it.
    pub fn key(&self, key: &str) -> Option<&Node> {
        self.node.get(key)
    }
}

/// Reads typed fields of a map and reports those that are invalid.
struct Fields<'a> {
    sources: &'a Sources,
    map: &'a Map,
    at: Span,
    /// What the map is, for messages: `` `Chart.yaml` ``, `the dependency`.
    of: &'static str,
    sink: &'a mut Vec<Diagnostic>,
}

impl Fields<'_> {
    /// The value of a key. Helm reads keys in any case where there is none in the right one.
    fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.map.entry(key).or_else(|| self.find_misspelt(key))?;
        Some(&entry.value).filter(|node| !node.is_null())
    }

    fn find_misspelt(&self, key: &str) -> Option<&Entry> {
        self.map.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))
    }

    /// Warns of keys in the wrong case, which only Helm's reader accepts.
    fn warn_of_case(&mut self, keys: &[&str]) {
        for key in keys {
            if let (None, Some(entry)) = (self.map.entry(key), self.find_misspelt(key)) {
                let warning = Diagnostic::warning(format!("`{}` is read as `{key}`", entry.key));
                self.sink.push(warning.at(entry.key_span, "").help(format!("write `{key}`")));
            }
        }
    }

    fn reject(&mut self, key: &str, message: &str, help: &str) {
        let span = self.get(key).map_or(self.at, |node| node.span);
        self.sink.push(Diagnostic::error(message).at(span, "").help(help));
    }

    fn report_wrong_type(&mut self, key: &str, node: &Node, expected: &str) {
        self.sink.push(
            Diagnostic::error(format!("`{key}` of {} must be {expected}", self.of))
                .at(node.span, format!("this is {}", node.type_name())),
        );
    }

    fn read_text(&mut self, key: &str) -> Option<String> {
        let node = self.get(key)?.clone();
        self.string(key, &node)
    }

    fn required(&mut self, key: &str) -> Option<String> {
        if self.get(key).is_some() {
            let text = self.read_text(key)?;
            if text.is_empty() {
                let message = format!("`{key}` of {} is empty", self.of);
                self.reject(key, &message, "give it a value");
                return None;
            }
            return Some(text);
        }
        let near = nearest(key, self.map.keys());
        let at = near.and_then(|near| self.map.entry(near)).map_or(start(self.at), |entry| entry.key_span);
        self.sink.push(
            Diagnostic::error(format!("{} has no `{key}`", self.of))
                .at(at, near.map_or("", |_| "did you mean this key?"))
                .help(format!("add `{key}: ...`")),
        );
        None
    }

    /// The text that Helm takes a scalar to be.
    fn string(&mut self, key: &str, node: &Node) -> Option<String> {
        let text = match &node.value {
            Value::String(text) => return Some(printable(text)),
            Value::Bool(flag) => flag.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Uint(number) => number.to_string(),
            Value::Float(number) => shortest(*number),
            Value::Null | Value::Seq(_) | Value::Map(_) => {
                self.report_wrong_type(key, node, "a string");
                return None;
            }
        };
        let written = self.sources.get(node.span.source);
        let written =
            written.as_ref().and_then(|s| s.text.get(node.span.start as usize..node.span.end as usize));
        if let Some(written) = written.filter(|written| *written != text) {
            self.sink.push(
                Diagnostic::warning(format!("`{key}` is {}, so it is read as `{text}`", node.type_name()))
                    .at(node.span, "")
                    .help(format!("quote it: `{key}: \"{written}\"`")),
            );
        }
        Some(text)
    }

    fn read_flag(&mut self, key: &str) -> bool {
        let Some(node) = self.get(key).cloned() else { return false };
        node.as_bool().unwrap_or_else(|| {
            self.report_wrong_type(key, &node, "a boolean");
            false
        })
    }

    fn list(&mut self, key: &str) -> Vec<Node> {
        let Some(node) = self.get(key).cloned() else { return Vec::new() };
        if let Value::Seq(items) = node.value {
            return items;
        }
        self.report_wrong_type(key, &node, "a list");
        Vec::new()
    }

    /// The texts of a list; to Helm, nothing is an empty one.
    fn read_texts(&mut self, key: &str) -> Vec<String> {
        let items = self.list(key);
        let text = |item: &Node| if item.is_null() { Some(String::new()) } else { self.string(key, item) };
        items.iter().filter_map(text).collect()
    }

    fn constraint(&mut self, key: &str) -> Option<Constraint> {
        let text = self.read_text(key).filter(|text| !text.is_empty())?;
        match Constraint::parse(&text) {
            Ok(constraint) => Some(constraint),
            Err(reason) => {
                let message = format!("invalid `{key}` of {}: {reason}", self.of);
                self.reject(
                    key,
                    &message,
                    "constraints look like `>=1.25.0-0`, `^1.2`, `~1.2.3`, `1.x || 2.x`",
                );
                None
            }
        }
    }

    fn annotations(&mut self) -> Vec<(String, String)> {
        let Some(node) = self.get("annotations").cloned() else { return Vec::new() };
        let Some(map) = node.as_map() else {
            self.report_wrong_type("annotations", &node, "a map");
            return Vec::new();
        };
        map.iter()
            .filter_map(|entry| match entry.value.value {
                Value::Null => Some((entry.key.clone(), String::new())),
                // Unlike other texts, Helm keeps the line breaks in these.
                Value::String(ref text) => Some((entry.key.clone(), text.clone())),
                _ => Some((entry.key.clone(), self.string(&entry.key, &entry.value)?)),
            })
            .collect()
    }

    fn maintainers(&mut self) -> Vec<Maintainer> {
        let items = self.list("maintainers");
        items
            .iter()
            .filter_map(|item| {
                let Some(map) = item.as_map() else {
                    self.report_wrong_type("maintainers", item, "a list of maps with `name`, `email`, `url`");
                    return None;
                };
                let mut fields = self.enter(map, item.span, "the maintainer");
                Some(Maintainer {
                    name: fields.read_text("name").unwrap_or_default(),
                    email: fields.read_text("email"),
                    url: fields.read_text("url"),
                })
            })
            .collect()
    }

    fn dependencies(&mut self) -> Vec<Dependency> {
        let items = self.list("dependencies");
        let mut dependencies: Vec<Dependency> = Vec::new();
        for item in &items {
            let Some(map) = item.as_map() else {
                self.report_wrong_type(
                    "dependencies",
                    item,
                    "a list of maps with `name`, `version`, `repository`",
                );
                continue;
            };
            let mut fields = self.enter(map, item.span, "the dependency");
            let Some(name) = fields.required("name") else { continue };
            let alias = fields.read_text("alias").filter(|alias| !alias.is_empty());
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if alias.as_deref().is_some_and(|alias| !alias.chars().all(plain)) {
                fields.reject(
                    "alias",
                    "an alias is made of letters, digits, `-` and `_`",
                    "choose another alias",
                );
            }
            // Helm splits at commas and keeps spaces: ` b.enabled` is another key than `b.enabled`.
            let condition = fields.read_text("condition").unwrap_or_default();
            if condition.trim().split(',').any(|path| path != path.trim()) {
                let at = map.get("condition").map_or(item.span, |node| node.span);
                fields.sink.push(
                    Diagnostic::warning(
                        "a path in `condition` begins or ends with a space, which is part of it",
                    )
                    .at(at, "")
                    .help("write `a.enabled,b.enabled`"),
                );
            }
            let condition = condition.trim().split(',').filter(|path| !path.is_empty()).map(str::to_owned);
            let dependency = Dependency {
                version: fields.constraint("version"),
                repository: fields.read_text("repository"),
                condition: condition.collect(),
                tags: fields.read_texts("tags"),
                import_values: fields.import_values(),
                span: map.entry("name").map_or(item.span, |entry| entry.value.span),
                node: item.clone(),
                name,
                alias,
            };
            if let Some(earlier) = dependencies.iter().find(|earlier| earlier.key() == dependency.key()) {
                self.sink.push(
                    Diagnostic::error(format!("duplicate dependency name `{}`", dependency.key()))
                        .at(dependency.span, "")
                        .at(earlier.span, "the first one")
                        .help("give one of them an `alias`"),
                );
            }
            dependencies.push(dependency);
        }
        dependencies
    }

    fn import_values(&mut self) -> Vec<ImportValues> {
        let items = self.list("import-values");
        items
            .iter()
            .filter_map(|item| match &item.value {
                Value::String(name) => Some(ImportValues {
                    child: format!("exports.{name}"),
                    parent: ".".to_owned(),
                    span: item.span,
                }),
                Value::Map(map) => {
                    let mut fields = self.enter(map, item.span, "the import");
                    let (child, parent) = (fields.printed("child"), fields.printed("parent"));
                    Some(ImportValues { child: child?, parent: parent?, span: item.span })
                }
                _ => {
                    let message = "an entry of `import-values` is neither a name nor a map and is ignored";
                    self.sink.push(
                        Diagnostic::warning(message)
                            .at(item.span, format!("this is {}", item.type_name()))
                            .help("write the name of an export, or a map with `child` and `parent`"),
                    );
                    None
                }
            })
            .collect()
    }

    /// A text that Helm prints into a path, whether it is there or not.
    fn printed(&mut self, key: &str) -> Option<String> {
        if self.get(key).is_some() {
            return self.required(key);
        }
        let found = Diagnostic::warning(format!("{} has no `{key}`; Helm takes `<nil>` for it", self.of));
        self.sink.push(found.at(start(self.at), "").help(format!("add `{key}: ...`")));
        Some("<nil>".to_owned())
    }

    fn enter<'b>(&'b mut self, map: &'b Map, at: Span, of: &'static str) -> Fields<'b> {
        Fields { sources: self.sources, map, at, of, sink: self.sink }
    }
}

/// The first byte of a span: the place of something that is missing there.
fn start(span: Span) -> Span {
    Span { end: span.start, ..span }
}

/// White space becomes spaces and control characters vanish, as Helm does with what it prints.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control()).collect()
}

/// A float as Helm's YAML reader writes it into a text: in single precision, as Go's `%g` prints it: `1.1`, `2`, `1e+06`.
fn shortest(number: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "so does the reader")]
    let number = number as f32;
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
        Some((digits, Ok(exponent))) if number != 0.0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_in_go() {
        for (number, text) in [
            (1.1, "1.1"),
            (2.0, "2"),
            (1e6, "1e+06"),
            (123_456.5, "123456.5"),
            (0.00001, "1e-05"),
            (-0.5, "-0.5"),
            (0.1 + 0.2, "0.3"),
            (1.123_456_789, "1.1234568"),
            (20_240_101.5, "2.0240102e+07"),
            (1e300, "+Inf"),
        ] {
            assert_eq!(shortest(number), text);
        }
    }
}
