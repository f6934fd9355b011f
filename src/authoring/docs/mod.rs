//! The documentation of a chart: a page that a template makes of `Chart.yaml` and the comments in `values.yaml`.
//!
//! Templates, comments and names are those of [helm-docs](https://github.com/norwoodj/helm-docs), so that a `README.md.gotmpl`
//! renders as it does there. Templates see the functions of Sprig and Helm.

mod files;
mod metadata;
mod rows;
mod search;
mod sections;

pub use search::find_charts;

use super::Generated;
use super::notes::{Note, by_key};
use crate::chart;
use crate::diag::{Diagnostic, Report, SourceId, SourceKind, Sources, Span, escape};
use crate::gotmpl::{Entries, Functions, Seed, Set, Value, Vm, parse_with};
use crate::limits::Activity;
use crate::world::{World, normalize};
use crate::yaml::{self, Commented, Content};
use files::Files;
use metadata::{Requirement, text};
use regex::Regex;
use rows::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// The templates that every documentation template can use.
const BUILTIN: &str = include_str!("builtin.gotmpl");
/// What is rendered if a chart has no template.
const DEFAULT: &str = include_str!("default.gotmpl");

/// The most bytes of a file that are read.
const MAX_BYTES: u64 = 5 << 20;

/// How deep dependencies may have dependencies.
const MAX_DEPTH: usize = 20;

/// How to document.
#[derive(Debug, Clone)]
pub struct Options {
    /// The order of the rows.
    pub sort: SortOrder,
    /// The order of the sections.
    pub sort_sections: SortOrder,
    /// The template files. A name is looked for in the chart, a path that begins with `.` below `search_root`; the texts of
    /// all are rendered one after the other, and a page of plimsoll's own if any of them does not exist.
    pub template_files: Vec<String>,
    /// Where paths of template files begin.
    pub search_root: PathBuf,
    /// The file of the chart that is written.
    pub output_file: String,
    /// The file of the chart with the values.
    pub values_file: String,
    /// The style of the badges, as shields.io calls it.
    pub badge_style: String,
    /// Whether values without a comment are left out.
    pub ignore_non_descriptions: bool,
    /// Whether the values of dependencies are listed, too, if those are in directories.
    pub document_dependency_values: bool,
    /// Whether the page of a chart without a template has no footer.
    pub skip_version_footer: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sort: SortOrder::Alphanum,
            sort_sections: SortOrder::File,
            template_files: vec!["README.md.gotmpl".to_owned()],
            search_root: PathBuf::from("."),
            output_file: "README.md".to_owned(),
            values_file: "values.yaml".to_owned(),
            badge_style: "flat-square".to_owned(),
            ignore_non_descriptions: false,
            document_dependency_values: false,
            skip_version_footer: false,
        }
    }
}

/// An order of rows or sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortOrder {
    /// By name.
    Alphanum,
    /// As in the values file.
    File,
}

/// Documents the chart in a directory.
///
/// The footer names the version of helm-docs that the present page names; a page that names none gets no footer.
pub fn page(world: &World, sources: &Sources, directory: &Path, options: &Options) -> Report<Generated> {
    let _activity = Activity::begin(format!("documenting the chart `{}`", directory.display()));
    let mut sink = Vec::new();
    let page = Writer { world, sources, options, sink: &mut sink }.page(directory);
    match page {
        Ok(page) => Report::with(page, sink),
        Err(diagnostic) => {
            sink.push(*diagnostic);
            Report::failed(sink)
        }
    }
}

type Step<T> = Result<T, Box<Diagnostic>>;

struct Writer<'a> {
    world: &'a World,
    sources: &'a Sources,
    options: &'a Options,
    sink: &'a mut Vec<Diagnostic>,
}

/// The files of a chart that documentation is made from.
struct Sheet {
    chart: Option<Commented>,
    requirements: Vec<Requirement>,
    rows: Vec<Row>,
}

impl Writer<'_> {
    fn page(&mut self, directory: &Path) -> Step<Generated> {
        let path = directory.join(&self.options.output_file);
        let current = self.read(directory, &path)?.map(|(text, _)| text.to_string());
        let Some(sheet) = self.sheet(directory)? else {
            return Err(Box::new(
                Diagnostic::error(format!("there is no `Chart.yaml` in `{}`", directory.display()))
                    .help("pass the directory of a chart, or use `--chart-search-root`"),
            ));
        };
        let template = self.template(directory)?;
        let mut rows = sheet.rows.clone();
        if self.options.ignore_non_descriptions {
            rows.retain(Row::is_described);
        }
        if self.options.document_dependency_values {
            self.add_dependencies(directory, &sheet, &mut rows)?;
        }
        sections::sort(&mut rows, self.options.sort);
        let version = current.as_deref().and_then(footer_version).unwrap_or_default();
        let mut fields = metadata::fields(sheet.chart.as_ref(), &sheet.requirements);
        let shown = normalize(directory).display().to_string();
        let files = if template.text.contains(".Files") {
            Value::Object(Rc::new(Files::list(self.world, &shown)))
        } else {
            Value::Nil
        };
        fields.extend([
            ("ChartDirectory", Value::str(&shown)),
            ("HelmDocsVersion", Value::str(version)),
            ("SkipVersionFooter", Value::Bool(self.options.skip_version_footer)),
            ("BadgeStyle", Value::str(&self.options.badge_style)),
            ("Values", Value::list(rows.iter().map(Row::value).collect())),
            ("Sections", sections::sections(&rows, self.options.sort_sections)),
            ("Files", files),
        ]);
        let text = self.render(&template, &map(fields))?;
        Ok(Generated { directory: directory.to_owned(), path, text, current })
    }

    /// Reads a text file, if there is one. A file of the chart may be a link only where Helm's charts may have one; a path
    /// that does not begin with the directory of the chart is one that the user names.
    fn read(&mut self, chart: &Path, path: &Path) -> Step<Option<(Arc<str>, SourceId)>> {
        if !self.world.is_file(path) {
            return Ok(None);
        }
        if path.starts_with(chart) {
            chart::refuse_link_out(self.world, chart, path)?;
        }
        let name = path.display().to_string();
        let bytes = self.world.read(path, MAX_BYTES + 1);
        let bytes =
            bytes.map_err(|error| Box::new(Diagnostic::error(format!("cannot read `{name}`: {error}"))))?;
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("`{name}` is larger than {} MiB", MAX_BYTES >> 20);
            return Err(Box::new(Diagnostic::error(message)));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Box::new(Diagnostic::error(format!("`{name}` is not valid UTF-8"))))?;
        let source = self.sources.add(name, text.as_str(), SourceKind::File);
        Ok(Some((Arc::from(text), source)))
    }

    /// Reads a YAML file with its comments.
    fn read_yaml(&mut self, chart: &Path, file: &str) -> Step<Option<(Arc<str>, Option<Commented>)>> {
        let Some((text, source)) = self.read(chart, &chart.join(file))? else { return Ok(None) };
        Ok(Some((text, yaml::read_commented(self.sources, source)?)))
    }

    /// Reads the files of the chart in a directory, if there is one.
    fn sheet(&mut self, directory: &Path) -> Step<Option<Sheet>> {
        let Some((_, chart)) = self.read_yaml(directory, "Chart.yaml")? else { return Ok(None) };
        let requirements = if text(chart.as_ref(), "apiVersion") == "v1" {
            let file = self.read_yaml(directory, "requirements.yaml")?;
            Requirement::all(file.and_then(|(_, root)| root).as_ref())
        } else {
            Requirement::all(chart.as_ref())
        };
        let values = self.read_yaml(directory, &self.options.values_file)?;
        let rows = match values {
            Some((_, Some(root))) if !matches!(root.content, Content::Map(_)) => {
                let name = directory.join(&self.options.values_file);
                let message = format!("the values in `{}` are not a map", name.display());
                return Err(Box::new(
                    Diagnostic::error(message)
                        .help("values files contain `key: value` lines at the top level"),
                ));
            }
            Some((text, Some(root))) => {
                let notes: BTreeMap<String, Note> = by_key(&text).into_iter().collect();
                rows::rows(&text, &root, &notes)
            }
            _ => Vec::new(),
        };
        Ok(Some(Sheet { chart, requirements, rows }))
    }

    /// Adds the values of dependencies in directories below the names that they go by. Global values are those of all.
    fn add_dependencies(&mut self, directory: &Path, sheet: &Sheet, rows: &mut Vec<Row>) -> Step<()> {
        let is_global = |row: &Row| row.key.starts_with("global.");
        let mut seen = rows.iter().filter(|row| is_global(row)).map(|row| row.key.clone()).collect();
        let own = rows.len();
        let has_any = self.add_below(directory, &sheet.requirements, "", &mut seen, rows, 0)?;
        rows[..own].iter_mut().for_each(|row| row.is_global = has_any && is_global(row));
        Ok(())
    }

    /// Adds the values of these dependencies and of theirs. Returns whether there is any in a directory.
    fn add_below(
        &mut self,
        directory: &Path,
        requirements: &[Requirement],
        prefix: &str,
        seen: &mut BTreeSet<String>,
        rows: &mut Vec<Row>,
        depth: usize,
    ) -> Step<bool> {
        let mut has_any = false;
        if depth > MAX_DEPTH {
            return Ok(false);
        }
        for requirement in requirements {
            let inner = match chart::local_directory(&requirement.repository) {
                Some(path) => normalize(&directory.join(path)),
                None if requirement.repository.is_empty() => directory.join("charts").join(&requirement.name),
                None => {
                    let name = &requirement.name;
                    self.sink.push(
                        Diagnostic::warning(format!(
                            "the values of the dependency `{name}` are not documented"
                        ))
                        .help("only dependencies in directories are read"),
                    );
                    continue;
                }
            };
            let Some(sheet) = self.sheet(&inner)? else { continue };
            has_any = true;
            let name = format!("{prefix}{}", requirement.key());
            for mut row in sheet.rows {
                if row.key == "global" || row.key.starts_with("global.") {
                    if !seen.insert(row.key.clone()) {
                        continue;
                    }
                    row.is_global = true;
                } else {
                    row.key = format!("{name}.{}", row.key);
                }
                row.dependency.clone_from(&name);
                rows.push(row);
            }
            self.add_below(&inner, &sheet.requirements, &format!("{name}."), seen, rows, depth + 1)?;
        }
        Ok(has_any)
    }

    /// The template of a chart.
    fn template(&mut self, directory: &Path) -> Step<Template> {
        let mut parts = Vec::new();
        let mut is_any_missing = false;
        for file in &self.options.template_files {
            let is_name = !file.contains('/');
            let path = match file {
                _ if is_name => directory.join(file),
                _ if file.starts_with('.') => self.options.search_root.join(file),
                _ => PathBuf::from(file),
            };
            match self.read(directory, &path)? {
                Some(part) => parts.push(part),
                None => is_any_missing = true,
            }
        }
        let default = if is_any_missing { DEFAULT } else { "" };
        if let ([(text, source)], false) = (parts.as_slice(), is_any_missing) {
            return Ok(Template { text: Arc::clone(text), source: *source });
        }
        let text: String = parts.iter().map(|(text, _)| &**text).chain([default]).collect();
        let source = self.sources.add("documentation template", text.as_str(), SourceKind::Builtin);
        Ok(Template { text: Arc::from(text), source })
    }

    fn render(&mut self, template: &Template, data: &Value) -> Step<String> {
        const MAIN: &str = "documentation";
        let parse = |text: Arc<str>, source| {
            parse_with(text, Functions::HelmDocs).map_err(|error| Box::new(error.to_diagnostic(source)))
        };
        let builtin = self.sources.add("documentation templates", BUILTIN, SourceKind::Builtin);
        let mut set = Set::default();
        set.add("", &parse(Arc::from(BUILTIN), builtin)?, Some(builtin));
        set.add(MAIN, &parse(Arc::clone(&template.text), template.source)?, Some(template.source));
        let seed = self.world.random().map_or(Seed::Fixed(0), Seed::Random);
        let mut vm = Vm::new(set, seed, self.world.now());
        let rendered = vm.render(MAIN, data);
        let rendered =
            rendered.map_err(|error| Box::new(error.into_diagnostic(Span::new(template.source, 0, 0))))?;
        Ok(tidy(&rendered.text))
    }
}

struct Template {
    text: Arc<str>,
    source: SourceId,
}

/// Escapes control characters, takes one space off the end of lines, and leaves no more than one empty line between two others.
fn tidy(text: &str) -> String {
    static EMPTY_LINES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\n{3,}").ok());
    let text = escape::file(text).replace(" \n", "\n");
    EMPTY_LINES.as_ref().map_or_else(|| text.clone(), |lines| lines.replace_all(&text, "\n\n").into_owned())
}

/// The version of helm-docs that the footer of a page names.
fn footer_version(page: &str) -> Option<&str> {
    let (_, rest) = page.rsplit_once("Autogenerated from chart metadata using [helm-docs v")?;
    rest.split_once(']').map(|(version, _)| version)
}

/// The path of a file in a directory, without `.` and `..`.
fn join(directory: &str, file: &str) -> String {
    normalize(Path::new(&format!("{directory}/{file}"))).display().to_string()
}

fn map(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::map(fields.into_iter().map(|(key, value)| (Arc::from(key), value)).collect::<Entries>())
}
