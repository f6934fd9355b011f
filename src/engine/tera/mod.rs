//! Tera templates with YAML-aware interpolation.
//!
//! ```text
//! template -> rewrite -> Tera -> marked text -> place -> YAML and a source map
//! ```
//!
//! `rewrite` makes every expression leave a marker, Tera does what template engines do, and
//! `place` writes each value as the YAML around its marker demands. Each chart has a Tera instance of its
//! own: its templates and partials, the partials of its library sub-charts, and plimsoll's components; so
//! names of different charts never clash.

mod functions;
mod library;
mod place;
mod rewrite;
#[cfg(test)]
mod tests;
mod value;

pub use functions::{Entry, EntryKind, REFERENCE, TERA_FILTERS, TERA_FUNCTIONS, TERA_TESTS};
pub(crate) use library::FILES as COMPONENT_LIBRARY;
pub use library::{Argument, Component, components};

use super::{Capabilities, FileRole, Release, RenderedFile};
use crate::chart::{Chart, TextFile};
use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span, nearest};
use crate::values::Scope;
use functions::Slots;
use rewrite::{Rewritten, Tables};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use value::Origins;

/// Renders Tera charts. Holds what all of them share: the component library, read once.
#[derive(Debug)]
pub struct Engine {
    base: ::tera::Tera,
    tables: Tables,
    templates: BTreeMap<String, Rewritten>,
}

impl Engine {
    /// Reads the component library.
    pub fn new(sources: &Sources) -> Report<Self> {
        let mut diagnostics = Vec::new();
        let mut engine =
            Self { base: ::tera::Tera::new(), tables: Tables::default(), templates: BTreeMap::new() };
        let mut texts = Vec::new();
        for (name, text) in library::FILES {
            let source = sources.add(format!("builtin:templates/{name}"), *text, SourceKind::Builtin);
            engine.tables.library.push(source);
            match rewrite::rewrite(source, text, &mut engine.tables) {
                Ok(rewritten) => texts.push((format!("{LIBRARY_PREFIX}{name}"), rewritten)),
                Err(error) => diagnostics.push(error),
            }
        }
        // The library calls the filters, so they must be known; each chart's own take their place.
        let nothing = Slots::new(Arc::default(), Arc::default());
        functions::register(&mut engine.base, &library::empty_chart(), &nothing);
        engine.base.autoescape_on([""]);
        // A chart's own names win over those of its library sub-charts, and these over plimsoll's.
        if let Err(error) = engine.base.set_fallback_prefixes([LENT_PREFIX, LIBRARY_PREFIX]) {
            diagnostics.push(Diagnostic::error(error.to_string()));
        }
        diagnostics.extend(add_templates(&mut engine.base, &mut engine.templates, texts));
        if diagnostics.is_empty() { Report::ok(engine) } else { Report::failed(diagnostics) }
    }

    /// Renders the templates of one chart, not those of its sub-charts. Files come in the order of their paths.
    pub fn render(
        &self,
        scope: &Scope,
        release: &Release,
        capabilities: &Capabilities,
    ) -> Report<Vec<RenderedFile>> {
        let mut diagnostics = Vec::new();
        let mut origins = Origins::default();
        let mut context = context(scope, release, capabilities, &mut origins);
        let chart = &scope.chart;
        let Some(compiled) = self.compile(chart, scope, origins).take(&mut diagnostics) else {
            return Report::failed(diagnostics);
        };
        let mut files = Vec::new();
        for file in &chart.templates {
            let Some(role) = role(&file.path) else {
                if !is_partial(&file.path) {
                    diagnostics.push(not_rendered(file));
                }
                continue;
            };
            let path = format!("{}/{}", scope.path, file.path);
            context.insert_value(
                "template",
                value::map([
                    ("name", path.as_str().into()),
                    ("basePath", format!("{}/templates", scope.path).into()),
                ]),
            );
            match compiled.file(file, path, role, &context) {
                Ok(rendered) => files.push(rendered),
                Err(errors) => diagnostics.extend(errors),
            }
        }
        if crate::diag::has_errors(&diagnostics) {
            return Report::failed(diagnostics);
        }
        Report::with(files, diagnostics)
    }

    /// Prepares the Tera instance of a chart.
    fn compile(&self, chart: &Arc<Chart>, scope: &Scope, origins: Origins) -> Report<Compiled> {
        let mut diagnostics = Vec::new();
        let mut tables = self.tables.clone();
        let mut templates = self.templates.clone();
        let mut tera = self.base.clone();
        let mut texts = Vec::new();
        let own = chart.templates.iter().map(|file| (template_name(&file.path).to_owned(), file));
        let mut lent = Vec::new();
        for library in library_charts(scope) {
            let partials = library.templates.iter().filter(|file| is_partial(&file.path));
            let name =
                |file: &TextFile| format!("{LENT_PREFIX}{}/{}", library.name(), template_name(&file.path));
            lent.extend(partials.map(|file| (name(file), file)));
        }
        let needed = |file: &TextFile| is_partial(&file.path) || role(&file.path).is_some();
        for (name, file) in own.filter(|(_, file)| needed(file)).chain(lent) {
            match rewrite::rewrite(file.source, &file.text, &mut tables) {
                Ok(rewritten) => texts.push((name, rewritten)),
                Err(error) => diagnostics.push(error),
            }
        }
        let slots = Slots::new(Arc::new(tables), Arc::new(origins));
        functions::register(&mut tera, chart, &slots);
        diagnostics.extend(add_templates(&mut tera, &mut templates, texts));
        if diagnostics.is_empty() {
            diagnostics.extend(deep_includes(&templates));
        }
        if diagnostics.is_empty() {
            Report::ok(Compiled { tera, templates, slots })
        } else {
            Report::failed(diagnostics)
        }
    }
}

/// Components and partials of the library stand under this name in every instance.
const LIBRARY_PREFIX: &str = "builtin/";

/// The partials of library sub-charts stand under this name and their chart's: `{% include "common/_labels.tera" %}`.
const LENT_PREFIX: &str = "lent/";

/// A chart's templates, ready to render.
struct Compiled {
    tera: ::tera::Tera,
    templates: BTreeMap<String, Rewritten>,
    slots: Slots,
}

impl Compiled {
    fn file(
        &self,
        file: &TextFile,
        path: String,
        role: FileRole,
        context: &::tera::Context,
    ) -> Result<RenderedFile, Vec<Diagnostic>> {
        let name = template_name(&file.path);
        self.slots.lock().clear();
        let marked = self
            .tera
            .render(name, context)
            .map_err(|error| vec![diagnostic(&error, &self.templates, Some(name))])?;
        let slots = self.slots.lock();
        let tables = self.slots.tables();
        let placed = match role {
            FileRole::Manifest => place::yaml(&marked, &slots, tables)?,
            FileRole::Notes => place::text(&marked, &slots, tables)?,
        };
        Ok(RenderedFile { path, template: file.source, text: placed.text, segments: placed.segments, role })
    }
}

/// The name of a template for `{% include %}` and `{% extends %}`: its path under `templates/`.
fn template_name(path: &str) -> &str {
    path.strip_prefix("templates/").unwrap_or(path)
}

fn is_partial(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|base| base.starts_with('_'))
}

/// What a file under `templates/` is rendered for, if it is.
fn role(path: &str) -> Option<FileRole> {
    let base = path.rsplit('/').next().unwrap_or(path);
    if base.starts_with(['_', '.']) {
        return None;
    }
    if template_name(path) == "NOTES.txt" {
        return Some(FileRole::Notes);
    }
    let extension = base.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "yaml" | "yml" | "json").then_some(FileRole::Manifest)
}

fn not_rendered(file: &TextFile) -> Diagnostic {
    Diagnostic::warning(format!("`{}` is not rendered", file.path))
        .at(Span::new(file.source, 0, 0), "neither .yaml, .yml nor .json")
        .help("rename it if it is a manifest, begin its name with `_` if it is a partial, or delete it")
}

/// The library charts among the sub-charts, at any depth below library charts.
fn library_charts(scope: &Scope) -> Vec<&Chart> {
    let mut found: Vec<&Chart> = Vec::new();
    let mut open: Vec<&Scope> = scope.children.iter().collect();
    while let Some(scope) = open.pop() {
        if scope.chart.is_library() && !found.iter().any(|chart| chart.name() == scope.chart.name()) {
            found.push(&scope.chart);
            open.extend(&scope.children);
        }
    }
    found.sort_by(|a, b| a.name().cmp(b.name()));
    found
}

/// The names every template sees.
fn context(
    scope: &Scope,
    release: &Release,
    capabilities: &Capabilities,
    origins: &mut Origins,
) -> ::tera::Context {
    let mut context = ::tera::Context::new();
    context.insert_value("values", origins.tree(&scope.values));
    let mut chart = scope.chart.metadata.node.clone();
    if let Some(map) = chart.as_map_mut() {
        map.insert("name", Span::NONE, crate::yaml::Node::bare(scope.name.as_str()));
        if let Some(version) = &scope.chart.metadata.app_version {
            map.insert("appVersion", Span::NONE, crate::yaml::Node::bare(version.as_str()));
        }
    }
    context.insert_value("chart", origins.tree(&chart));
    context.insert_value(
        "release",
        value::map([
            ("name", release.name.as_str().into()),
            ("namespace", release.namespace.as_str().into()),
            ("revision", release.revision.into()),
            ("isInstall", (!release.is_upgrade).into()),
            ("isUpgrade", release.is_upgrade.into()),
            ("service", "Helm".into()),
        ]),
    );
    let version = &capabilities.kube_version;
    let api_versions: Vec<::tera::Value> =
        capabilities.api_versions.iter().map(|version| version.as_str().into()).collect();
    context.insert_value(
        "capabilities",
        value::map([
            (
                "kubeVersion",
                value::map([
                    ("version", version.version.as_str().into()),
                    ("major", version.major.to_string().into()),
                    ("minor", version.minor.to_string().into()),
                ]),
            ),
            ("apiVersions", api_versions.into()),
        ]),
    );
    let children = scope.children.iter().map(|child| {
        let seen =
            value::map([("name", child.name.as_str().into()), ("values", origins.tree(&child.values))]);
        (::tera::value::Key::from(child.name.clone()), seen)
    });
    context.insert_value("subcharts", ::tera::Value::from(children.collect::<::tera::Map>()));
    context
}

/// Adds templates; every syntax error is reported, each in its file.
fn add_templates(
    tera: &mut ::tera::Tera,
    known: &mut BTreeMap<String, Rewritten>,
    mut texts: Vec<(String, Rewritten)>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    known.extend(texts.iter().cloned());
    loop {
        let pairs = texts.iter().map(|(name, rewritten)| (name.as_str(), rewritten.text.as_str()));
        let Err(error) = tera.add_raw_templates(pairs) else { return diagnostics };
        if let ::tera::ErrorKind::SyntaxError(report) = error.kind() {
            diagnostics.push(diagnostic(&error, known, None));
            // Tera stops at the first; the other files may hold more.
            let before = texts.len();
            texts.retain(|(name, _)| name != report.filename());
            if texts.len() < before {
                continue;
            }
        } else if diagnostics.is_empty() {
            use ::tera::ErrorKind::{CircularExtend, CircularInclude, MissingParent};
            match error.kind() {
                CircularInclude { .. } | CircularExtend { .. } | MissingParent { .. } => {
                    diagnostics.push(diagnostic(&error, known, None));
                }
                _ => diagnostics.extend(reference_errors(&error, known, tera)),
            }
        }
        return diagnostics;
    }
}

/// How many templates may include each other one inside the other: Tera keeps them all on the stack.
const MAX_INCLUDES: usize = 30;

/// The include that goes deeper than [`MAX_INCLUDES`], if there is one. There are no circles: Tera has looked for them.
fn deep_includes(templates: &BTreeMap<String, Rewritten>) -> Option<Diagnostic> {
    let mut level: BTreeSet<&str> = templates.keys().map(String::as_str).collect();
    let mut deepest = None;
    for _ in 0..MAX_INCLUDES {
        let mut next = BTreeSet::new();
        for (name, place) in level.iter().filter_map(|name| named(templates, name)).flat_map(|t| &t.includes)
        {
            deepest = Some(*place);
            next.insert(name.as_str());
        }
        if next.is_empty() {
            return None;
        }
        level = next;
    }
    Some(
        Diagnostic::error(format!("templates include each other more than {MAX_INCLUDES} deep"))
            .at(deepest?, "")
            .help("make one template of several"),
    )
}

/// The template that Tera takes for a name.
fn named<'t>(templates: &'t BTreeMap<String, Rewritten>, name: &str) -> Option<&'t Rewritten> {
    let lent = || templates.get(&format!("{LENT_PREFIX}{name}"));
    templates.get(name).or_else(lent).or_else(|| templates.get(&format!("{LIBRARY_PREFIX}{name}")))
}

/// What Tera says about unknown filters, functions, components and the like: one framed report for each, in one
/// message.
fn reference_errors(
    error: &::tera::Error,
    known: &BTreeMap<String, Rewritten>,
    tera: &::tera::Tera,
) -> Vec<Diagnostic> {
    let text = error.to_string();
    let mut diagnostics = Vec::new();
    for report in text.split("\n\n") {
        let mut lines = report.lines();
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ");
        let place = lines.next().and_then(|line| locus(line.trim_start().strip_prefix("--> ")?));
        let mut found = Diagnostic::error(lower_first(message));
        if let Some((name, line, column)) = place
            && let Some(rewritten) = known.get(name)
        {
            found = found.at(rewritten.at_line(line, column), "");
        }
        let wanted = message.split('`').nth(1).unwrap_or_default();
        let candidates: Vec<String> = if message.starts_with("Unknown filter") {
            names(EntryKind::Filter, TERA_FILTERS)
        } else if message.starts_with("Unknown function") {
            names(EntryKind::Function, TERA_FUNCTIONS)
        } else if message.starts_with("Unknown test") {
            TERA_TESTS.iter().map(|name| (*name).to_owned()).collect()
        } else if message.starts_with("Unknown component") {
            components()
                .iter()
                .map(|component| component.name.clone())
                .chain(tera.get_component_names().map(str::to_owned))
                .collect()
        } else if message.starts_with("Unknown template") {
            known.keys().map(|name| name.strip_prefix(LIBRARY_PREFIX).unwrap_or(name).to_owned()).collect()
        } else {
            Vec::new()
        };
        // Templates are named without the directory that all of them are in.
        let wanted = match wanted.strip_prefix("templates/") {
            Some(inner) if message.starts_with("Unknown template") => inner,
            _ => wanted,
        };
        found = found.maybe_help(suggestion(wanted, &candidates));
        diagnostics.push(found);
    }
    diagnostics
}

fn names(kind: EntryKind, more: &[&'static str]) -> Vec<String> {
    let own = REFERENCE.iter().filter(|entry| entry.kind == kind).map(Entry::name);
    own.chain(more.iter().copied()).map(str::to_owned).collect()
}

/// How many names are still worth listing.
const FEW: usize = 12;

fn suggestion(wanted: &str, known: &[String]) -> Option<String> {
    if known.iter().any(|name| name == wanted) {
        return Some(format!("write `{wanted}`"));
    }
    if let Some(near) = nearest(wanted, known.iter().map(String::as_str)) {
        return Some(format!("did you mean `{near}`?"));
    }
    (!known.is_empty() && known.len() <= FEW).then(|| format!("there are: {}", known.join(", ")))
}

/// Parses `name:line:column` of Tera's reports; the column becomes 0-based as in its spans.
fn locus(text: &str) -> Option<(&str, usize, usize)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (name, line) = rest.rsplit_once(':')?;
    Some((name, line.trim().parse().ok()?, column.trim().parse::<usize>().ok()?.saturating_sub(1)))
}

/// Separates the message from the help in the errors of plimsoll's own functions, which Tera carries as text.
const HELP_SEPARATOR: char = '\u{1f}';

/// The error text for a name that does not exist: the whole expression, the part that fails, the names there are.
fn not_defined(full: &str, failing: &str, name: &str, known: &[String]) -> String {
    let visible: Vec<String> = known.iter().filter(|name| !name.starts_with("__")).cloned().collect();
    let subject = if full == failing {
        format!("`{full}` is not defined")
    } else {
        format!("`{full}` is not defined: there is no `{failing}`")
    };
    match suggestion(name, &visible) {
        Some(help) => format!("{subject}{HELP_SEPARATOR}{help}"),
        None => subject,
    }
}

/// The bare message of a Tera error, and its help.
fn describe(error: &::tera::Error) -> (String, Option<String>) {
    use ::tera::ErrorKind;
    let message = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => report.message().to_owned(),
        ErrorKind::CircularInclude { include_chain, .. } => {
            format!("templates include each other in a circle: {}", include_chain.join(" -> "))
        }
        ErrorKind::CircularExtend { inheritance_chain, .. } => {
            format!("templates extend each other in a circle: {}", inheritance_chain.join(" -> "))
        }
        ErrorKind::MissingParent { current, parent } => {
            format!("`{current}` extends `{parent}`, which does not exist")
        }
        _ => error.to_string(),
    };
    if let Some((message, help)) = message.split_once(HELP_SEPARATOR) {
        return (message.to_owned(), Some(help.to_owned()));
    }
    tidy(&message)
}

/// Tera's messages in plimsoll's words, where those help more.
fn tidy(message: &str) -> (String, Option<String>) {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let listed = |marker: &str| -> Vec<String> {
        let list = message.split_once(marker).map_or("", |(_, list)| list);
        list.split(", ")
            .filter(|name| !name.is_empty() && !name.starts_with("__"))
            .map(str::to_owned)
            .collect()
    };
    if message.starts_with("Field `") || message.starts_with("Variable `") {
        let mut known = listed("Available fields: ");
        known.extend(listed("Available variables: "));
        let name = quoted();
        return (format!("`{name}` is not defined"), suggestion(name, &known));
    }
    if message.contains("got `undefined`") {
        return (
            "this value is not defined".to_owned(),
            Some("give it a value, or a `default(value=..)`".to_owned()),
        );
    }
    if message.contains("recursion depth for components") {
        return (
            "components call each other without end".to_owned(),
            Some("a component must not, directly or through others, call itself forever".to_owned()),
        );
    }
    let mut message = message.to_owned();
    for (rust, plain) in PLAIN_TYPES {
        message = message.replace(rust, plain);
    }
    if let Some((wanted, found)) = message
        .strip_prefix("Invalid type for the value, expected ")
        .or_else(|| message.strip_prefix("invalid type for the value, expected "))
        .and_then(|rest| rest.split_once(" but got "))
    {
        return (format!("the filter wants a value of type {wanted}, this is of type {found}"), None);
    }
    let help = HINTS.iter().find(|(sign, _)| message.starts_with(sign)).map(|(_, help)| (*help).to_owned());
    (lower_first(&message), help)
}

/// Types in the words of whoever writes templates.
const PLAIN_TYPES: &[(&str, &str)] = &[
    ("`&str`", "`string`"),
    ("`map/struct`", "`map`"),
    ("`array`", "`list`"),
    ("`i64`", "`integer`"),
    ("`u64`", "`integer`"),
    ("`f64`", "`float`"),
];

/// What is mostly behind some of Tera's messages.
const HINTS: &[(&str, &str)] = &[
    (
        "Found `.` but expected one of",
        "names have no dot before them: `values.name`; for a chart in Helm's language write `engine: gotpl` in Chart.yaml",
    ),
    (
        "Found `(` but expected `/` or `>`",
        "arguments of a component stand without parentheses: `{{ <name text=\"x\" other={values.y} /> }}`",
    ),
    ("`+` requires both operands to be numbers", "join strings with `~`"),
];

/// The statements of the language, for whoever misspells one.
const TAGS: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "break",
    "continue",
    "set",
    "set_global",
    "endset",
    "include",
    "extends",
    "block",
    "endblock",
    "filter",
    "endfilter",
    "component",
    "endcomponent",
    "raw",
    "endraw",
];

fn lower_first(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    match (chars.next(), chars.clone().next()) {
        // Leave `ID` and the like alone.
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.trim_end_matches('.').to_owned(),
    }
}

/// A Tera error in the terms of the files on disk, with the chain of includes and components that led there.
fn diagnostic(error: &::tera::Error, known: &BTreeMap<String, Rewritten>, root: Option<&str>) -> Diagnostic {
    use ::tera::ErrorKind;
    let (mut message, mut help) = describe(error);
    let mut label = "";
    let place = match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let range = &report.span().range;
            known.get(report.filename()).map(|rewritten| {
                let place = rewritten.original(range.start, range.end);
                let text = rewritten.text.get(range.clone()).unwrap_or_default();
                if message == "unknown tag" {
                    message = format!("unknown tag `{text}`");
                    help = nearest(text, TAGS.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                } else if report.message().starts_with("Field `") {
                    let path = rewritten.path_to(range.end);
                    if path.ends_with(text) {
                        message = format!("`{path}` is not defined");
                    }
                } else if message == "unexpected end of input"
                    && let Some((opened, word)) = rewritten.unclosed()
                {
                    message = format!("`{word}` is never closed");
                    help = Some(format!("add `{{% end{word} %}}`"));
                    label = "opened here";
                    return opened;
                }
                place
            })
        }
        ErrorKind::CircularInclude { tpl, .. } | ErrorKind::CircularExtend { tpl, .. } => {
            known.get(tpl).map(|rewritten| rewritten.original(0, 0))
        }
        ErrorKind::MissingParent { current, .. } => {
            known.get(current).map(|rewritten| rewritten.original(0, 0))
        }
        _ => None,
    };
    let place =
        place.or_else(|| root.and_then(|root| known.get(root)).map(|rewritten| rewritten.original(0, 0)));
    let mut found = Diagnostic::error(message).maybe_help(help);
    if let Some(place) = place {
        found = found.at(place, label);
    }
    // The notes of a report are reached through its text only: the innermost caller comes first.
    for line in error.to_string().lines() {
        if let Some((name, line, column)) = line.strip_prefix("note: called from ").and_then(locus)
            && let Some(rewritten) = known.get(name)
        {
            let shown = name.strip_prefix(LIBRARY_PREFIX).unwrap_or(name);
            found = found.through(Some(rewritten.at_line(line, column)), format!("called from `{shown}`"));
        }
    }
    found
}
