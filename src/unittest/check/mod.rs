//! Assertions: what is asserted, and whether rendered documents meet it.

mod contents;
mod documents;
mod failure;
mod matching;
mod snapshots;
mod values;

use super::form::Form;
use super::path::Path;
use super::snapshot::Comparer;
use super::suite::{Selector, selector};
use crate::diag::Span;
use crate::yaml::{Map, Node, Value};
use std::sync::Arc;

/// An assertion of a job.
#[derive(Debug)]
pub(super) struct Assertion {
    /// What it is called in the suite file: `equal`, `isNull`, ...
    pub(super) kind: &'static str,
    pub(super) span: Span,
    /// `not: true`
    pub(super) not: bool,
    pub(super) template: Option<String>,
    pub(super) document: Option<i64>,
    pub(super) selector: Option<Arc<Selector>>,
    check: Check,
    /// Whether the kind is the opposite of its check, as `notEqual` is.
    is_opposite: bool,
}

#[derive(Debug)]
enum Check {
    Equal(values::Equal),
    Compare(values::Compare),
    Exists(values::Exists),
    Empty(values::Empty),
    Type(values::Type),
    Subset(contents::Subset),
    Contains(contents::Contains),
    Length(contents::Length),
    Regex(matching::Regex),
    RegexRaw(matching::RegexRaw),
    EqualRaw(matching::EqualRaw),
    Kind(documents::Field),
    Count(documents::Count),
    Contained(documents::Contained),
    Failed(failure::Failed),
    Snapshot(snapshots::Snapshot),
    SnapshotRaw,
}

/// Reads the parameters of a check.
type Read = fn(&mut Params<'_, '_>) -> Check;

/// Every kind of assertion: its name, whether it is the opposite of its check, and the check.
const KINDS: &[(&str, bool, Read)] = &[
    ("matchSnapshot", false, |params| Check::Snapshot(snapshots::Snapshot::read(params))),
    ("matchSnapshotRaw", false, |_| Check::SnapshotRaw),
    ("equal", false, |params| Check::Equal(values::Equal::read(params))),
    ("notEqual", true, |params| Check::Equal(values::Equal::read(params))),
    ("greaterOrEqual", false, |params| Check::Compare(values::Compare::read(params, true))),
    ("notGreaterOrEqual", true, |params| Check::Compare(values::Compare::read(params, true))),
    ("lessOrEqual", false, |params| Check::Compare(values::Compare::read(params, false))),
    ("notLessOrEqual", true, |params| Check::Compare(values::Compare::read(params, false))),
    ("equalRaw", false, |params| Check::EqualRaw(matching::EqualRaw::read(params))),
    ("notEqualRaw", true, |params| Check::EqualRaw(matching::EqualRaw::read(params))),
    ("exists", false, |params| Check::Exists(values::Exists::read(params))),
    ("notExists", true, |params| Check::Exists(values::Exists::read(params))),
    ("isNotNull", false, |params| Check::Exists(values::Exists::read(params))),
    ("isNull", true, |params| Check::Exists(values::Exists::read(params))),
    ("matchRegex", false, |params| Check::Regex(matching::Regex::read(params))),
    ("notMatchRegex", true, |params| Check::Regex(matching::Regex::read(params))),
    ("matchRegexRaw", false, |params| Check::RegexRaw(matching::RegexRaw::read(params))),
    ("notMatchRegexRaw", true, |params| Check::RegexRaw(matching::RegexRaw::read(params))),
    ("contains", false, |params| Check::Contains(contents::Contains::read(params))),
    ("notContains", true, |params| Check::Contains(contents::Contains::read(params))),
    ("isKind", false, |params| Check::Kind(documents::Field::read(params, "kind"))),
    ("isAPIVersion", false, |params| Check::Kind(documents::Field::read(params, "apiVersion"))),
    ("hasDocuments", false, |params| Check::Count(documents::Count::read(params))),
    ("isSubset", false, |params| Check::Subset(contents::Subset::read(params))),
    ("isNotSubset", true, |params| Check::Subset(contents::Subset::read(params))),
    ("isNullOrEmpty", false, |params| Check::Empty(values::Empty::read(params))),
    ("isNotNullOrEmpty", true, |params| Check::Empty(values::Empty::read(params))),
    ("isEmpty", false, |params| Check::Empty(values::Empty::read(params))),
    ("isNotEmpty", true, |params| Check::Empty(values::Empty::read(params))),
    ("failedTemplate", false, |params| Check::Failed(failure::Failed::read(params))),
    ("notFailedTemplate", true, |params| Check::Failed(failure::Failed::read(params))),
    ("containsDocument", false, |params| Check::Contained(documents::Contained::read(params))),
    ("lengthEqual", false, |params| Check::Length(contents::Length::read(params))),
    ("notLengthEqual", true, |params| Check::Length(contents::Length::read(params))),
    ("isType", false, |params| Check::Type(values::Type::read(params))),
    ("isNotType", true, |params| Check::Type(values::Type::read(params))),
];

/// The fields of an assertion besides its kind.
const COMMON: [&str; 4] = ["template", "documentIndex", "documentSelector", "not"];

impl Assertion {
    /// Reads an item of `asserts`; `None` if it is not an assertion, which is an error.
    pub(super) fn read(form: &mut Form<'_>, node: &Node) -> Option<Self> {
        let Some(map) = node.as_map() else {
            form.error(node.span, format!("an assertion must be a map, not {}", node.type_name()));
            return None;
        };
        let mut kinds = KINDS.iter().filter(|(name, ..)| map.contains_key(name));
        let Some((kind, is_opposite, read)) = kinds.next() else {
            let unknown = map.iter().find(|entry| !COMMON.contains(&entry.key.as_str()));
            match unknown {
                Some(entry) => {
                    let names = KINDS.iter().map(|(name, ..)| *name);
                    let near = crate::diag::nearest(&entry.key, names);
                    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    form.error(entry.key_span, format!("`{}` is not a kind of assertion{near}", entry.key));
                }
                None => form.error(node.span, "the assertion has no kind, such as `equal`"),
            }
            return None;
        };
        if let Some((other, ..)) = kinds.next() {
            form.error(node.span, format!("`{kind}` and `{other}` are in one assertion; make two of it"));
        }
        let params = map.get(kind)?;
        let check = read(&mut Params::new(form, kind, params));
        // Values of other types are ignored, as in helm-unittest.
        let document = map.get("documentIndex").and_then(Node::as_i64).filter(|index| *index != -1);
        let chosen = map.get("documentSelector").and_then(Node::as_map).map(|map| {
            if map.get("path").and_then(Node::as_str).is_none() {
                form.error(node.span, "`documentSelector` has no `path`");
            }
            Arc::new(selector(form, map))
        });
        Some(Self {
            kind,
            span: node.span,
            not: map.get("not").and_then(Node::as_bool) == Some(true),
            template: map
                .get("template")
                .and_then(Node::as_str)
                .filter(|template| !template.is_empty())
                .map(str::to_owned),
            document,
            selector: chosen,
            check,
            is_opposite: *is_opposite,
        })
    }

    /// Whether it is met only if the render fails.
    pub(super) fn expects_failure(&self) -> bool {
        matches!(self.check, Check::Failed(_)) && !self.is_opposite
    }

    /// What is wrong with the documents of one template; nothing if the assertion is met.
    pub(super) fn findings(&self, subject: &mut Subject<'_, '_>) -> Vec<Finding> {
        subject.is_negative = self.not != self.is_opposite;
        match &self.check {
            Check::Equal(check) => check.findings(subject),
            Check::Compare(check) => check.findings(subject),
            Check::Exists(check) => check.findings(subject),
            Check::Empty(check) => check.findings(subject),
            Check::Type(check) => check.findings(subject),
            Check::Subset(check) => check.findings(subject),
            Check::Contains(check) => check.findings(subject),
            Check::Length(check) => check.findings(subject),
            Check::Regex(check) => check.findings(subject),
            Check::RegexRaw(check) => check.findings(subject),
            Check::EqualRaw(check) => check.findings(subject),
            Check::Kind(check) => check.findings(subject),
            Check::Count(check) => check.findings(subject),
            Check::Contained(check) => check.findings(subject),
            Check::Failed(check) => check.findings(subject),
            Check::Snapshot(check) => check.findings(subject),
            Check::SnapshotRaw => snapshots::raw_findings(subject),
        }
    }
}

/// The parameters of an assertion. As in helm-unittest, names match in any case, and unknown ones are ignored.
struct Params<'f, 's> {
    form: &'f mut Form<'s>,
    kind: &'static str,
    map: Map,
    span: Span,
}

impl<'f, 's> Params<'f, 's> {
    fn new(form: &'f mut Form<'s>, kind: &'static str, node: &Node) -> Self {
        let map = match &node.value {
            Value::Map(map) => map.clone(),
            Value::Null => Map::new(),
            _ => {
                form.error(node.span, format!("`{kind}` must be a map, not {}", node.type_name()));
                Map::new()
            }
        };
        Self { form, kind, map, span: node.span }
    }

    fn get(&self, name: &str) -> Option<&Node> {
        let any_case = || self.map.iter().find(|entry| entry.key.eq_ignore_ascii_case(name));
        self.map.entry(name).or_else(any_case).map(|entry| &entry.value)
    }

    fn text(&mut self, name: &str) -> String {
        match self.get(name).map(|node| (node.span, &node.value)) {
            None | Some((_, Value::Null)) => String::new(),
            Some((_, Value::String(text))) => text.clone(),
            Some((span, _)) => {
                self.form.error(span, format!("`{name}` of `{}` must be a string", self.kind));
                String::new()
            }
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        let node = self.get(name).cloned();
        self.form.flag(node.as_ref(), &format!("`{name}` of `{}`", self.kind))
    }

    fn count(&mut self) -> Option<i64> {
        let node = self.get("count").cloned();
        self.form.integer(node.as_ref(), &format!("`count` of `{}`", self.kind))
    }

    fn value(&self, name: &str) -> Node {
        self.get(name).cloned().unwrap_or_else(|| Node::new(Value::Null, self.span))
    }

    fn path(&mut self) -> Located {
        let text = self.text("path");
        Located { path: Path::parse(&text), text }
    }
}

/// A path and how it is written.
#[derive(Debug)]
struct Located {
    text: String,
    path: Result<Path, String>,
}

/// A rendered document.
#[derive(Debug)]
pub(super) struct Doc {
    pub(super) root: Node,
}

/// The key under which the text of a file that is not YAML is found, and the message of a render that failed.
pub(super) const RAW: &str = "raw";

impl Doc {
    /// A document of a text that is not YAML.
    pub(super) fn raw(text: String) -> Self {
        let mut map = Map::new();
        map.insert(RAW, Span::NONE, Node::bare(text));
        Self { root: Node::bare(map) }
    }

    /// The text as helm-unittest normalizes it.
    fn raw_text(&self) -> String {
        match self.root.get(RAW).map(|node| &node.value) {
            Some(Value::String(text)) => normalized(text),
            // What Go prints for nothing.
            None | Some(Value::Null) => "<nil>".to_owned(),
            Some(_) => self.root.get(RAW).map(crate::yaml::emit::flow).unwrap_or_default(),
        }
    }
}

/// A text without spaces at the ends of its lines, and without line breaks in front.
fn normalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(content) => {
                let bare = content.strip_suffix('\r').unwrap_or(content);
                let trimmed = bare.trim_end_matches(' ');
                // A carriage return goes only with spaces before it.
                out.push_str(if trimmed.len() < bare.len() { trimmed } else { content });
                out.push('\n');
            }
            None => out.push_str(line),
        }
    }
    out.trim_start_matches('\n').to_owned()
}

/// What an assertion is checked against: the documents of one template.
pub(super) struct Subject<'a, 's> {
    /// All of them.
    pub(super) all: &'a [Doc],
    /// Those that are selected.
    pub(super) selected: Vec<&'a Doc>,
    /// Whether the check must not be met.
    pub(super) is_negative: bool,
    /// The error of a render that failed without a template to blame.
    pub(super) render_error: Option<&'a str>,
    pub(super) snapshots: &'a mut Comparer<'s>,
}

/// A reason why an assertion is not met.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// The template, if several are asserted.
    pub(super) template: Option<String>,
    /// The document among those selected, and the value among those at the path.
    pub(super) document: Option<usize>,
    pub(super) value: Option<usize>,
    pub(super) path: Option<String>,
    /// What was expected: words, and what they are about.
    pub(super) expected: Option<(String, String)>,
    pub(super) actual: Option<String>,
    /// Whether a diff of the two is shown as well.
    pub(super) is_diff: bool,
    pub(super) error: Option<String>,
    /// The value at fault in the rendered text.
    pub(super) span: Option<Span>,
}

impl Finding {
    fn error(document: Option<usize>, message: impl Into<String>) -> Self {
        Self { document, error: Some(message.into()), ..Self::default() }
    }
}

impl Subject<'_, '_> {
    /// Checks the values at a path in each selected document. If there is no value, or no document, only a negative
    /// assertion is met.
    fn each_value(
        &mut self,
        path: &Located,
        mut check: impl FnMut(&mut Self, &Node) -> Option<Finding>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let several = self.selected.len() > 1;
        for (index, doc) in self.selected.clone().into_iter().enumerate() {
            let document = Some(index).filter(|_| several);
            let found = match &path.path {
                Ok(path) => path.find(&doc.root),
                Err(reason) => {
                    findings.push(Finding::error(document, reason));
                    continue;
                }
            };
            if found.is_empty() && !self.is_negative {
                findings.push(Finding {
                    span: Some(deepest(&doc.root, path)),
                    ..Finding::error(document, format!("unknown path {}", path.text))
                });
            }
            let are_several = found.len() > 1;
            for (number, item) in found.into_iter().enumerate() {
                let node = item.to_node();
                if let Some(finding) = check(self, &node) {
                    let value = Some(number).filter(|_| are_several);
                    let path = Some(path.text.clone());
                    findings.push(Finding { document, value, path, span: Some(node.span), ..finding });
                }
            }
        }
        if self.selected.is_empty() && !self.is_negative {
            findings.push(self.no_document());
        }
        findings
    }

    /// Checks each selected document. If there is none, only a negative assertion is met.
    fn each_document(&mut self, mut check: impl FnMut(&Self, &Doc) -> Option<Finding>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let several = self.selected.len() > 1;
        for (index, doc) in self.selected.iter().enumerate() {
            let found = check(self, doc);
            findings.extend(found.map(|finding| Finding {
                document: Some(index).filter(|_| several),
                span: finding.span.or(Some(doc.root.span)),
                ..finding
            }));
        }
        if self.selected.is_empty() && !self.is_negative {
            findings.push(self.no_document());
        }
        findings
    }

    fn no_document(&self) -> Finding {
        let message = if self.all.is_empty() { "no manifest found" } else { "no document was selected" };
        Finding::error(None, message)
    }
}

/// The last node on the way of a path that leads nowhere: the longest start of it that leads somewhere.
fn deepest(root: &Node, path: &Located) -> Span {
    let ends = path.text.rmatch_indices(['.', '[']).map(|(at, _)| &path.text[..at]);
    let found = ends
        .filter_map(|start| Path::parse(start).ok())
        .find_map(|path| path.find(root).first().map(|item| item.to_node().span));
    found.unwrap_or(root.span)
}

/// Whether two values are the same in Go: numbers of different types are not.
pub(super) fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Seq(a), Value::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|entry| b.get(&entry.key).is_some_and(|value| same(&entry.value, value)))
        }
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Uint(a), Value::Uint(b)) => a == b,
        #[expect(clippy::float_cmp, reason = "Go compares them so")]
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        _ => false,
    }
}

/// A value as failures show it.
pub(super) fn shown(node: &Node) -> String {
    super::snapshot::written(node)
}

/// Words with a `not` where it belongs.
fn words(is_negative: bool, words: &str) -> String {
    if is_negative { format!("Expected NOT {words}:") } else { format!("Expected {words}:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_normalized_as_in_helm_unittest() {
        assert_eq!(normalized("\n\na  \n b \r\nc\r\nd "), "a\n b\nc\r\nd ");
        assert_eq!(normalized(""), "");
    }

    #[test]
    fn numbers_of_different_types_differ() {
        assert!(same(&Node::bare(1), &Node::bare(1)));
        assert!(!same(&Node::bare(1), &Node::bare(1.0)));
        assert!(!same(&Node::bare("1"), &Node::bare(1)));
    }
}
