//! What `plimsoll values` prints: the values, where each came from, and why one is what it is.

use super::tree::{self, Branch};
use super::{Options, Overrides, observed};
use crate::chart::Chart;
use crate::diag::escape::terminal;
use crate::diag::secrets::{HIDDEN, is_credential, is_secret_container};
use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span, nearest};
use crate::k8s::merge::scalar_text;
use crate::world::World;
use crate::yaml::emit::{self, Position};
use crate::yaml::{Map, Node, Value};
use std::fmt::Write as _;
use std::sync::Arc;

/// The longest value shown in full by [`Explanation::text`].
const MAX_SHOWN: usize = 100;

/// The values as YAML. With `origins` every leaf has a comment with its origin, `# prod.yaml:3:9` or
/// `# --set image.tag=2`, and what `sources` knows to be secret is left out; otherwise it is the same YAML.
pub fn show(sources: &Sources, values: &Node, origins: bool) -> String {
    if !origins {
        return emit::document(values);
    }
    let mut out = String::new();
    Printer { sources, out: &mut out }.value(&conceal(sources, "", values), 0, Position::Root);
    out.push('\n');
    out
}

/// A copy without what is secret, also by the `key` that it is set for.
fn conceal(sources: &Sources, key: &str, node: &Node) -> Node {
    let mut copy = node.clone();
    if !sources.shows_secrets() {
        hide(sources, key, false, &mut copy);
    }
    copy
}

fn hide(sources: &Sources, key: &str, in_container: bool, node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            let inside = in_container || is_secret_container(key);
            map.iter_mut().for_each(|entry| hide(sources, &entry.key, inside, &mut entry.value));
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| hide(sources, key, in_container, item)),
        Value::Null => {}
        // Two values are no secret, unless somebody has encrypted them.
        Value::Bool(_) if !sources.is_concealed(node.span) => {}
        _ => {
            let text = scalar_text(node).unwrap_or_default();
            let is_secret = in_container || is_credential(key) || sources.is_concealed(node.span);
            if !text.is_empty() && (is_secret || sources.gives_away(&text)) {
                node.value = Value::String(HIDDEN.to_owned());
            }
        }
    }
}

/// Where a node was written, in words: `values.yaml:3:9`, `--set image.tag=2`; `None` for what the tool supplies.
pub fn origin(sources: &Sources, span: Span) -> Option<String> {
    let source = sources.get(span.source)?;
    if source.kind == SourceKind::Flag {
        let text = if sources.is_concealed(span) {
            // What is set to it is the secret.
            source.text.split_inclusive('=').next().unwrap_or_default().to_owned() + HIDDEN
        } else {
            sources.redact(&source.text).into_owned()
        };
        return Some(format!("{} {}", source.name, shorten(&text)));
    }
    let at = source.position(span.start);
    Some(format!("{}:{}:{}", source.name, at.line, at.column))
}

/// Where a value comes from: what each layer sets, lowest first.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The path asked about, as written.
    pub path: String,
    /// What the layers set. Layers that do not set it are left out.
    pub steps: Vec<Step>,
    /// What counts in the end; `None` if the key is taken away.
    pub result: Option<Node>,
}

/// What one layer sets for a key.
#[derive(Debug, Clone)]
pub struct Step {
    /// The layer: `charts/db/values.yaml`, `prod.yaml`, `--set a=1`.
    pub layer: String,
    /// The value; `None` if a null removes the key, or a map around it is replaced.
    pub value: Option<Node>,
    /// Where it is set.
    pub span: Span,
}

/// Explains the value at `path`: `image.tag`, `one.replicas`, `env[0].name`; a dot in a key is written `\.`.
pub fn why(
    world: &World,
    sources: &Sources,
    chart: &Arc<Chart>,
    overrides: &Overrides,
    options: &Options,
    path: &str,
) -> Report<Explanation> {
    let mut sink = Vec::new();
    let Some(parts) = parse_path(path) else {
        return Report::fail(
            Diagnostic::error(format!("`{path}` is not the path of a value"))
                .help("paths look like `image.tag` and `env[0].name`"),
        );
    };
    let mut snapshots: Vec<(String, Node)> = Vec::new();
    let observe = |layer: &str, values: &Node| snapshots.push((layer.to_owned(), values.clone()));
    let Some(computed) = observed(world, sources, chart, overrides, *options, observe).take(&mut sink) else {
        return Report::failed(sink);
    };
    let mut heard = Vec::new();
    let given = computed.user.as_map().cloned().unwrap_or_default();
    let mut root = tree::build_tree(chart, &given, &mut heard);
    tree::import_values(&mut root, &mut heard);
    let steps = History { sources, root: &root, snapshots: &snapshots }.steps(&parts);
    let result = find_node(&computed.root.values, &parts).ok().flatten().cloned();
    if steps.is_empty() && result.is_none() {
        sink.push(no_such_value(&computed.root.values, path, &parts));
        return Report::failed(sink);
    }
    Report::with(Explanation { path: path.to_owned(), steps, result }, sink)
}

impl Explanation {
    /// The explanation as text: the result, then a line for each layer, the one that counts marked.
    pub fn text(&self, sources: &Sources) -> String {
        // The last key of the path says what is set; one above it may say that all below is secret.
        let keys = parse_path(&self.path).into_iter().flatten().filter_map(|part| match part {
            Part::Key(key) => Some(key),
            Part::Index(_) => None,
        });
        let keys: Vec<String> = keys.collect();
        let last = keys.last().cloned().unwrap_or_default();
        // What one layer sets is as secret as what another sets in its place.
        let nodes = self.steps.iter().filter_map(|step| step.value.as_ref()).chain(&self.result);
        let is_secret = keys.iter().any(|key| is_secret_container(key))
            || nodes.into_iter().any(|node| conceal(sources, &last, node) != *node);
        let key = if is_secret { "secret".to_owned() } else { last };
        let mut out = match &self.result {
            Some(node) => format!(
                "{} = {}\n",
                terminal(&self.path),
                shorten(&emit::flow_json(&conceal(sources, &key, node)))
            ),
            None => format!("{} is not set\n", terminal(&self.path)),
        };
        let origins: Vec<String> = self
            .steps
            .iter()
            .map(|step| terminal(&origin(sources, step.span).unwrap_or_else(|| step.layer.clone())))
            .collect();
        let width = origins.iter().map(|origin| origin.chars().count()).max().unwrap_or(0);
        let winner = self.result.as_ref().and_then(|result| {
            let leaf = result.as_map().is_none_or(Map::is_empty);
            self.steps
                .iter()
                .rposition(|step| leaf && step.value.as_ref().is_some_and(|node| node.span == result.span))
        });
        for (index, (step, origin)) in self.steps.iter().zip(&origins).enumerate() {
            let value = match &step.value {
                None => "removes it".to_owned(),
                Some(node) if node.is_null() => "null, which removes the default".to_owned(),
                Some(node) => shorten(&emit::flow_json(&conceal(sources, &key, node))),
            };
            let mark = if winner == Some(index) { "  <- used" } else { "" };
            let _ = writeln!(out, "  {origin:width$}  {value}{mark}");
        }
        out
    }
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

fn parse_path(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut chars = text.chars().peekable();
    let mut key = String::new();
    let mut expects_key = true;
    while let Some(c) = chars.next() {
        match c {
            '\\' => key.push(chars.next()?),
            '.' => {
                if key.is_empty() && expects_key {
                    return None;
                }
                parts.extend((!key.is_empty()).then(|| Part::Key(std::mem::take(&mut key))));
                expects_key = true;
            }
            '[' => {
                if key.is_empty() && expects_key {
                    return None;
                }
                parts.extend((!key.is_empty()).then(|| Part::Key(std::mem::take(&mut key))));
                let digits: String = chars.by_ref().take_while(|c| *c != ']').collect();
                parts.push(Part::Index(digits.parse().ok()?));
                expects_key = false;
            }
            _ if !expects_key && key.is_empty() => return None,
            c => key.push(c),
        }
    }
    match (key.is_empty(), expects_key) {
        (false, _) => parts.push(Part::Key(key)),
        (true, true) => return None,
        (true, false) => {}
    }
    Some(parts)
}

/// The node at a path: `Ok(None)` if it is not set, `Err` with the null or scalar above it.
fn find_node<'n>(node: &'n Node, path: &[Part]) -> Result<Option<&'n Node>, &'n Node> {
    let mut node = node;
    for part in path {
        let next = match (part, &node.value) {
            (Part::Key(key), Value::Map(map)) => map.get(key),
            (Part::Index(index), Value::Seq(items)) => items.get(*index),
            _ => return Err(node),
        };
        match next {
            Some(next) => node = next,
            None => return Ok(None),
        }
    }
    Ok(Some(node))
}

struct History<'a> {
    sources: &'a Sources,
    root: &'a Branch<'a>,
    /// The user's values after each layer.
    snapshots: &'a [(String, Node)],
}

impl History<'_> {
    /// What the layers set, lowest first. A parent's `global` overrides that of a sub-chart.
    fn steps(&self, path: &[Part]) -> Vec<Step> {
        let scopes = self.scopes(path);
        let mut steps = self.literal(path, &scopes);
        let depth = scopes.len() - 1;
        if depth > 0 && path.get(depth) == Some(&Part::Key("global".to_owned())) {
            for outer in (0..depth).rev() {
                let shorter: Vec<Part> = path[..outer].iter().chain(&path[depth..]).cloned().collect();
                steps.extend(self.literal(&shorter, &scopes[..=outer]));
            }
        }
        steps
    }

    /// The charts that a path leads through, the root first.
    fn scopes(&self, path: &[Part]) -> Vec<&Branch<'_>> {
        let mut scopes = vec![self.root];
        let mut branch = self.root;
        for part in path {
            let child = match part {
                Part::Key(key) => branch.children.iter().find(|child| child.name == *key),
                Part::Index(_) => None,
            };
            let Some(child) = child else { break };
            scopes.push(child);
            branch = child;
        }
        scopes
    }

    fn literal(&self, path: &[Part], scopes: &[&Branch<'_>]) -> Vec<Step> {
        let mut steps = Vec::new();
        for (depth, branch) in scopes.iter().enumerate().rev() {
            let inside = &path[depth..];
            let own = find_node(&branch.chart.values, inside);
            // The defaults hold imported tables, and those of sub-charts, which speak for themselves.
            if depth + 1 == scopes.len() && own == Ok(None) && !inside.is_empty() {
                let defaults = Node::new(Value::Map(branch.defaults.clone().into_owned()), Span::NONE);
                let imported = find_node(&defaults, inside).ok().flatten();
                if let Some(node) = imported.filter(|node| !node.span.is_none()) {
                    let layer = format!("imported into {}", branch.name);
                    steps.push(Step { layer, value: Some(node.clone()), span: node.span });
                }
            }
            let name = branch.chart.values_source.and_then(|source| self.sources.get(source));
            let layer = name.map_or_else(|| branch.name.clone(), |source| source.name.clone());
            steps.extend(step(layer, own));
        }
        let mut before: Result<Option<&Node>, &Node> = Ok(None);
        for (layer, values) in self.snapshots {
            let after = find_node(values, path);
            if !are_same(before, after) {
                steps.extend(step(layer.clone(), after));
            }
            before = after;
        }
        steps
    }
}

fn step(layer: String, found: Result<Option<&Node>, &Node>) -> Option<Step> {
    match found {
        Ok(Some(node)) => Some(Step { layer, value: Some(node.clone()), span: node.span }),
        Ok(None) => None,
        Err(blocking) => Some(Step { layer, value: None, span: blocking.span }),
    }
}

/// Whether two findings are the same text: equal values written at different places are not.
fn are_same(a: Result<Option<&Node>, &Node>, b: Result<Option<&Node>, &Node>) -> bool {
    match (a, b) {
        (Ok(Some(a)), Ok(Some(b))) => are_same_text(a, b),
        (Ok(None), Ok(None)) => true,
        (Err(a), Err(b)) => a.span == b.span,
        _ => false,
    }
}

fn are_same_text(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.key == b.key && are_same_text(&a.value, &b.value))
        }
        (Value::Seq(a), Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_same_text(a, b))
        }
        _ => a.span == b.span && a == b,
    }
}

fn no_such_value(values: &Node, path: &str, parts: &[Part]) -> Diagnostic {
    let known = (0..parts.len()).rev().find_map(|end| {
        let (Ok(Some(node)), Part::Key(key)) = (find_node(values, &parts[..end]), &parts[end]) else {
            return None;
        };
        Some((end, node.as_map()?, key))
    });
    let near = known.and_then(|(end, map, key)| {
        let mut corrected = parts.to_vec();
        corrected[end] = Part::Key(nearest(key, map.keys())?.to_owned());
        // What follows the slip may be right, too.
        let whole = find_node(values, &corrected).ok().flatten().is_some();
        Some(format_path(if whole { &corrected } else { &corrected[..=end] }))
    });
    Diagnostic::error(format!("no layer sets `{path}`"))
        .maybe_help(near.map(|near| format!("did you mean `{near}`?")))
}

/// A path as [`parse_path`] reads it.
fn format_path(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Key(key) => {
                text.push_str(if text.is_empty() { "" } else { "." });
                for c in key.chars() {
                    text.extend(matches!(c, '.' | '[' | '\\').then_some('\\'));
                    text.push(c);
                }
            }
            Part::Index(index) => {
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_SHOWN {
        return terminal(&text.replace('\n', " "));
    }
    let head: String = text.chars().take(MAX_SHOWN).collect();
    format!("{}...", terminal(&head.replace('\n', " ")))
}

/// Prints block YAML with a comment at the end of each leaf's first line.
struct Printer<'a> {
    sources: &'a Sources,
    out: &'a mut String,
}

impl Printer<'_> {
    fn value(&mut self, node: &Node, indent: usize, position: Position) {
        let inner = if position == Position::Root { indent } else { indent + 2 };
        match &node.value {
            Value::Map(map) if !map.is_empty() => {
                for (index, entry) in map.iter().enumerate() {
                    if index > 0 || position == Position::MapValue {
                        self.new_line(inner);
                    }
                    emit::key(&entry.key, inner, self.out);
                    if !emit::starts_on_next_line(&entry.value) {
                        self.out.push(' ');
                    }
                    self.value(&entry.value, inner, Position::MapValue);
                }
            }
            Value::Seq(items) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 || position == Position::MapValue {
                        self.new_line(inner);
                    }
                    self.out.push_str("- ");
                    self.value(item, inner, Position::SeqItem);
                }
            }
            _ => {
                let mut leaf = String::new();
                emit::value(node, indent, position, &mut leaf);
                let (first, rest) = leaf.split_at(leaf.find('\n').unwrap_or(leaf.len()));
                self.out.push_str(first);
                if let Some(origin) = origin(self.sources, node.span) {
                    self.out.push_str("  # ");
                    self.out.push_str(&terminal(&origin));
                }
                self.out.push_str(rest);
            }
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |text: &str| Part::Key(text.to_owned());
        assert_eq!(parse_path("a.b"), Some(vec![key("a"), key("b")]));
        assert_eq!(
            parse_path(r"a\.b[0].c[1][2]"),
            Some(vec![key("a.b"), Part::Index(0), key("c"), Part::Index(1), Part::Index(2)])
        );
        for path in ["a.b", r"a\.b[0].c[1][2]", r"a\[0].b\\c"] {
            assert_eq!(format_path(&parse_path(path).unwrap()), path);
        }
        for bad in ["", ".", "a.", "a..b", "a[x]", "[0]", "a[0]b"] {
            assert_eq!(parse_path(bad), None, "{bad}");
        }
    }
}
