//! Rules as they are written, in `plimsoll.toml` and in files of YAML.

use super::{Criteria, CustomRule, Expression, declared};
use crate::diag::{Diagnostic, Report, Rule, Severity, SourceId, SourceKind, Sources, Span, nearest};
use crate::k8s::cel::{CompileError, Program, Type};
use crate::lint::config::parse_severity;
use crate::lint::registry;
use crate::manifest::is_manifest_name;
use crate::world::{Walk, World};
use crate::yaml::{self, Limits, Map, Node, ReadOptions, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use toml::Spanned;
use toml::de::DeValue;

type Rules = Vec<Arc<CustomRule>>;

/// Reads the rules of files and directories, and of `beside`, the directory `rules` next to `plimsoll.toml`, which may
/// hold other files.
pub fn load(world: &World, sources: &Sources, paths: &[PathBuf], beside: Option<&Path>) -> Report<Rules> {
    let (mut rules, mut diagnostics) = (Vec::new(), Vec::new());
    let beside = beside.filter(|directory| world.is_directory(directory));
    // A directory, a file in it and the directory beside the configuration may all be named.
    let mut seen = BTreeSet::new();
    let named = paths.iter().map(|path| (path.as_path(), true));
    for (path, is_named) in named.chain(beside.map(|path| (path, false))) {
        let files = if world.is_directory(path) { files_below(world, path) } else { vec![path.to_owned()] };
        for file in files {
            if !seen.insert(world.canonical(&file).unwrap_or_else(|_| file.clone())) {
                continue;
            }
            rules.extend(read_file(world, sources, &file, is_named, &mut diagnostics));
        }
    }
    if diagnostics.is_empty() { Report::ok(rules) } else { Report::failed(diagnostics) }
}

fn files_below(world: &World, directory: &Path) -> Vec<PathBuf> {
    let mut walk = Walk::new(world, directory);
    let files = std::iter::from_fn(|| walk.next()).filter_map(Result::ok).map(|entry| entry.path);
    files.filter(|path| is_manifest_name(path) && world.is_file(path)).collect()
}

/// The rules of a file, `rules: [...]`. A file that nobody named and that holds none is passed over.
fn read_file(
    world: &World,
    sources: &Sources,
    path: &Path,
    is_named: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rules {
    let bytes = match world.read(path, Limits::MAX_BYTES as u64) {
        Ok(bytes) => bytes,
        Err(error) => {
            diagnostics.push(Diagnostic::error(format!("cannot read `{}`: {error}", path.display())));
            return Vec::new();
        }
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let source = sources.add(path.display().to_string(), text, SourceKind::File);
    let report = yaml::read(sources, source, &ReadOptions::strict());
    let documents = report.output.unwrap_or_default();
    let lists: Vec<&Node> = documents
        .iter()
        .filter(|document| document.root.get("apiVersion").is_none())
        .filter_map(|document| document.root.get("rules"))
        .collect();
    // A ClusterRole has rules, too, and other tools call their own files so.
    let is_rule = |node: &Node| node.get("id").is_some() && node.get("expression").is_some();
    if !is_named && !lists.iter().any(|list| list.items().iter().any(is_rule)) {
        return Vec::new();
    }
    diagnostics.extend(report.diagnostics);
    if lists.is_empty() && diagnostics.is_empty() {
        diagnostics.push(Diagnostic::error(format!("`{}` contains no rules", path.display())).help(
            "a file of rules has a list `rules`; each rule has at least `id`, `summary` and `expression`",
        ));
    }
    lists.iter().flat_map(|list| list.items()).filter_map(|node| read(node, diagnostics)).collect()
}

/// Reads `[[rule]]` of `plimsoll.toml`.
pub(in crate::lint) fn from_toml(
    value: &Spanned<DeValue<'_>>,
    source: SourceId,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rules {
    let list = node_of(value, source);
    if list.as_seq().is_none() {
        diagnostics.push(
            Diagnostic::error("`rule` must be a list of rules")
                .at(list.span, "")
                .help("write each rule below a line `[[rule]]`"),
        );
    }
    list.items().iter().filter_map(|node| read(node, diagnostics)).collect()
}

/// The value of TOML as a node of YAML.
fn node_of(value: &Spanned<DeValue<'_>>, source: SourceId) -> Node {
    let span = |range: std::ops::Range<usize>| Span::new(source, range.start, range.end);
    let node = match value.as_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::Int)
        }
        DeValue::Float(number) => number.as_str().parse().map_or(Value::Null, Value::Float),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Seq(items.iter().map(|item| node_of(item, source)).collect()),
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, value) in table {
                map.insert(key.as_ref().to_string(), span(key.span()), node_of(value, source));
            }
            Value::Map(map)
        }
    };
    Node::new(node, span(value.span()))
}

const KEYS: [&str; 11] = [
    "id",
    "severity",
    "summary",
    "match",
    "expression",
    "message",
    "messageExpression",
    "path",
    "docs",
    "bad",
    "good",
];
const CRITERIA: [&str; 4] = ["kinds", "apiVersions", "namespaces", "labels"];

/// Reads one rule; what is wrong with it goes to `diagnostics`.
fn read(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<CustomRule>> {
    let mut reader = Reader { node, diagnostics, is_sound: true };
    reader.check_keys(node, &KEYS);
    let id = reader.required("id").to_owned();
    reader.check_id(&id);
    let summary = reader.required("summary").trim().to_owned();
    let severity = match reader.text("severity") {
        "" => Severity::Warning,
        word => parse_severity(word).unwrap_or_else(|| {
            let help = "use `error`, `warning` or `info`";
            reader.fail("severity", format!("unknown severity `{word}`"), Some(help.to_owned()));
            Severity::Warning
        }),
    };
    let matches = reader.criteria();
    reader.require("expression");
    let expression = reader.expression("expression", &Type::Bool);
    let message_expression = reader.expression("messageExpression", &Type::String);
    let (bad, good) = (reader.texts(node, "bad"), reader.texts(node, "good"));
    let docs = page(reader.text("docs"), &bad, &good);
    let (message, path) = (reader.text("message").trim().to_owned(), reader.text("path").to_owned());
    if !reader.is_sound {
        return None;
    }
    Some(Arc::new(CustomRule {
        rule: intern(id, severity, summary, docs),
        matches,
        expression: expression?,
        message,
        message_expression,
        path,
        bad,
        good,
    }))
}

/// A rule for the rest of the process, as findings refer to it. One that is read again is the same.
fn intern(id: String, severity: Severity, summary: String, docs: String) -> &'static Rule {
    static KNOWN: Mutex<Vec<&'static Rule>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_same = |rule: &&&'static Rule| {
        (rule.id, rule.severity, rule.summary, rule.docs) == (&id, severity, &summary, &docs)
    };
    if let Some(rule) = known.iter().find(is_same) {
        return rule;
    }
    let rule: &'static Rule =
        Box::leak(Box::new(Rule { id: id.leak(), severity, summary: summary.leak(), docs: docs.leak() }));
    known.push(rule);
    rule
}

/// The page of a rule: why, then its examples.
fn page(docs: &str, bad: &[String], good: &[String]) -> String {
    // Writing to a string cannot fail.
    let mut page = docs.trim().to_owned();
    for (heading, examples) in [("Bad", bad), ("Good", good)] {
        if !examples.is_empty() {
            let _ = write!(page, "\n\n## {heading}\n");
        }
        for example in examples {
            let _ = write!(page, "\n```yaml\n{}\n```\n", example.trim_end());
        }
    }
    page
}

struct Reader<'n, 'd> {
    node: &'n Node,
    diagnostics: &'d mut Vec<Diagnostic>,
    is_sound: bool,
}

impl<'n> Reader<'n, '_> {
    fn text(&mut self, key: &str) -> &'n str {
        match self.node.get(key) {
            Some(value) if value.as_str().is_none() && !value.is_null() => {
                self.fail(key, format!("`{key}` must be a string"), None);
                ""
            }
            value => value.and_then(Node::as_str).unwrap_or_default(),
        }
    }

    fn required(&mut self, key: &str) -> &'n str {
        self.require(key);
        self.text(key)
    }

    /// Reports a key that is missing or empty.
    fn require(&mut self, key: &str) {
        let is_blank = |value: &Node| value.as_str().map_or(value.is_null(), |text| text.trim().is_empty());
        if self.node.get(key).is_none_or(is_blank) {
            self.fail(key, format!("a rule needs `{key}`"), None);
        }
    }

    /// A list of texts, or one of them.
    fn texts(&mut self, of: &Node, key: &str) -> Vec<String> {
        let Some(value) = of.get(key) else { return Vec::new() };
        if let Some(text) = value.as_str() {
            return vec![text.to_owned()];
        }
        let texts: Vec<String> = value.items().iter().filter_map(Node::as_str).map(str::to_owned).collect();
        if value.as_seq().is_none_or(|items| items.len() != texts.len()) {
            self.report(value.span, format!("`{key}` must be a list of strings"), None);
        }
        texts
    }

    fn criteria(&mut self) -> Criteria {
        let Some(node) = self.node.get("match") else { return Criteria::default() };
        self.check_keys(node, &CRITERIA);
        let labels = node.get("labels").cloned();
        if let Some(labels) = &labels {
            let is_text = |map: &Map| map.iter().all(|entry| entry.value.as_str().is_some());
            if !labels.as_map().is_some_and(is_text) {
                self.report(labels.span, "`labels` must be a map of strings".to_owned(), None);
            }
        }
        Criteria {
            kinds: self.texts(node, "kinds"),
            api_versions: self.texts(node, "apiVersions"),
            namespaces: self.texts(node, "namespaces"),
            labels,
        }
    }

    fn expression(&mut self, key: &str, result: &Type<'_>) -> Option<Expression> {
        let source = self.text(key).trim();
        if source.is_empty() {
            return None;
        }
        match Program::compile(source, &declared(), result) {
            Ok(program) => Some(Expression { source: source.to_owned(), program }),
            Err(error) => {
                let reason = match error {
                    CompileError::Invalid(detail) => detail,
                    _ => "it is too long or too deeply nested".to_owned(),
                };
                self.fail(key, format!("`{key}` does not compile: {reason}"), None);
                None
            }
        }
    }

    /// `group/name`, where the group is none of plimsoll's.
    fn check_id(&mut self, id: &str) {
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match id.split_once('/') {
            _ if id.is_empty() => {}
            Some((group, name)) if is_word(group) && is_word(name) => {
                if registry::is_group(group) {
                    let help = format!("use a group of your own, such as `custom/{name}`");
                    self.fail("id", format!("`{group}` is a group of built-in rules"), Some(help));
                }
            }
            _ => {
                let help = "write a group and a name in lower case, such as `custom/team-label`".to_owned();
                self.fail("id", format!("`{id}` is not a valid rule id"), Some(help));
            }
        }
    }

    fn check_keys(&mut self, node: &Node, known: &[&'static str]) {
        let Some(map) = node.as_map() else {
            return self.report(node.span, "expected a map".to_owned(), None);
        };
        for entry in map {
            if !known.contains(&entry.key.as_str()) {
                let help = nearest(&entry.key, known.iter().copied()).map_or_else(
                    || format!("known keys: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report(entry.key_span, format!("unknown key `{}`", entry.key), Some(help));
            }
        }
    }

    /// Reports what is wrong with a key of the rule.
    fn fail(&mut self, key: &str, message: String, help: Option<String>) {
        let span = self.node.get(key).map_or(self.node.span, |value| value.span);
        self.report(span, message, help);
    }

    fn report(&mut self, span: Span, message: String, help: Option<String>) {
        self.is_sound = false;
        self.diagnostics.push(Diagnostic::error(message).at(span, "").maybe_help(help));
    }
}
