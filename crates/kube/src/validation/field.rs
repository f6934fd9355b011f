//! Places in an object, and errors about them in the API server's terms.

use super::error::{ErrorKind, FieldError, Finding};
use crate::gates::{self, Feature};
use crate::manifest::Object;
use crate::{Version, names};
use plimsoll_diag::{Severity, Span};
use plimsoll_yaml::{Entry, Node, Value};
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};

/// A place in an object: the node there, if there is one, and the way to it.
///
/// The way is a list on the stack: each place borrows the one above it, and nothing is allocated until
/// an error is reported. `'p` is the life of the places above, `'n` that of the tree.
///
/// A null counts as absent, as it does for the server's decoder.
///
/// ```text
/// let strategy = spec.field("updateStrategy");
/// let partition = strategy.field("rollingUpdate.partition"); // a dotted name goes down several steps
/// if partition.int().is_some_and(|n| n < 0) {
///     cx.invalid(&partition, "must be greater than or equal to 0");
/// }
/// ```
#[derive(Clone, Copy)]
pub struct At<'p, 'n> {
    up: Option<&'p At<'p, 'n>>,
    step: Step<'p>,
    node: Option<&'n Node>,
    /// Of the node; of the nearest node above where there is none.
    span: Span,
    /// Of the key, where the place is a mapping's entry that was written.
    key_span: Option<Span>,
}

/// Where the first dot of a name is. Names are short: what is made for long texts takes longer.
fn dot(name: &str) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const DOTS: u64 = u64::from_ne_bytes([b'.'; 8]);
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // A byte that equals the dot becomes 0, and the lowest such its high bit.
        let difference = u64::from_le_bytes(*word) ^ DOTS;
        let zeros = difference.wrapping_sub(LOW) & !difference & HIGH;
        if zeros != 0 {
            return Some(8 * index + (zeros.trailing_zeros() / 8) as usize);
        }
    }
    let at = rest.iter().position(|byte| *byte == b'.')?;
    Some(8 * words.len() + at)
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    /// `.name`; the name may hold several steps, separated by dots.
    Field(&'p str),
    Index(usize),
    /// `[key]`.
    Key(&'p str),
}

impl<'p, 'n> At<'p, 'n> {
    /// The whole object.
    pub fn root(node: &'n Node) -> Self {
        Self { up: None, step: Step::Root, node: Some(node), span: node.span, key_span: None }
    }

    /// The field `name` below; present or not. A dotted name goes down several steps.
    pub fn field<'q>(&'q self, name: &'q str) -> At<'q, 'n> {
        let (mut node, mut span, mut key_span) = (self.node, self.span, None);
        let mut rest = Some(name);
        while let Some(name) = rest {
            let dot = dot(name);
            let part = dot.map_or(name, |dot| &name[..dot]);
            rest = dot.map(|dot| &name[dot + 1..]);
            if let Some(entry) = node.and_then(Node::as_map).and_then(|map| map.entry(part)) {
                (node, span, key_span) = (set(&entry.value), entry.value.span, Some(entry.key_span));
            } else {
                (node, key_span) = (None, None);
                break;
            }
        }
        At { up: Some(self), step: Step::Field(name), node, span, key_span }
    }

    /// The entry of the mapping here, spelt as a field below: `path.key`.
    pub fn field_at<'q>(&'q self, entry: &'q Entry) -> At<'q, 'q> {
        At {
            up: Some(self),
            step: Step::Field(&entry.key),
            node: set(&entry.value),
            span: entry.value.span,
            key_span: Some(entry.key_span),
        }
    }

    /// The item at `index`; present or not.
    pub fn index<'q>(&'q self, index: usize) -> At<'q, 'n> {
        let node = self.node.and_then(Node::as_seq).and_then(|items| items.get(index));
        let span = node.map_or(self.span, |node| node.span);
        At { up: Some(self), step: Step::Index(index), node: node.and_then(set), span, key_span: None }
    }

    /// The entry `key` of a mapping of free keys, spelt `path[key]`; present or not.
    pub fn key<'q>(&'q self, key: &'q str) -> At<'q, 'n> {
        let entry = self.node.and_then(Node::as_map).and_then(|map| map.entry(key));
        let span = entry.map_or(self.span, |entry| entry.value.span);
        let key_span = entry.map(|entry| entry.key_span);
        let node = entry.and_then(|entry| set(&entry.value));
        At { up: Some(self), step: Step::Key(key), node, span, key_span }
    }

    /// The items of a list; none where it is absent or no list.
    pub fn items<'q>(&'q self) -> impl ExactSizeIterator<Item = At<'q, 'n>> + use<'q, 'n> {
        self.node.map(Node::items).unwrap_or_default().iter().enumerate().map(move |(index, node)| At {
            up: Some(self),
            step: Step::Index(index),
            node: set(node),
            span: node.span,
            key_span: None,
        })
    }

    /// The keys of a mapping of free keys, each with its value's place (spelt `path[key]`).
    pub fn entries<'q>(&'q self) -> impl Iterator<Item = (&'n str, At<'q, 'n>)> + use<'q, 'n>
    where
        'n: 'q,
    {
        let entries: std::slice::Iter<'n, Entry> =
            self.node.and_then(Node::as_map).map(plimsoll_yaml::Map::iter).unwrap_or_default();
        entries.map(move |entry| {
            let place = At {
                up: Some(self),
                step: Step::Key(&entry.key),
                node: set(&entry.value),
                span: entry.value.span,
                key_span: Some(entry.key_span),
            };
            (entry.key.as_str(), place)
        })
    }

    /// The same place with another last step, where the server's path does not spell the field's name:
    /// `validateHostUsers` says `spec.HostPID`. The name may hold several steps, or none of the field's own.
    #[must_use]
    pub fn renamed<'q>(self, name: &'q str) -> At<'q, 'n>
    where
        'p: 'q,
    {
        At { step: Step::Field(name), ..self }
    }

    /// The same place under another index, where the server validates a longer list than was written.
    #[must_use]
    pub fn renumbered(self, index: usize) -> Self {
        Self { step: Step::Index(index), ..self }
    }

    /// The same place spelt as if it stood right below `up`, where the server leaves steps out:
    /// `ValidateVolumeMounts` says `volumeMounts.subPath`, whichever mount it is.
    #[must_use]
    pub fn below<'q>(self, up: &'q At<'q, 'n>) -> At<'q, 'n>
    where
        'p: 'q,
    {
        At { up: Some(up), ..self }
    }

    /// The same path, but what stands at another place: where the server blames a whole for one of its
    /// parts, as `validateResizePolicy` blames the list.
    #[must_use]
    pub fn showing(self, part: &At<'_, 'n>) -> Self {
        Self { node: part.node, span: part.span, key_span: part.key_span, ..self }
    }

    /// What is there; `None` where nothing or null is.
    pub fn node(&self) -> Option<&'n Node> {
        self.node
    }

    /// Whether there is anything but null.
    pub fn is_set(&self) -> bool {
        self.node.is_some()
    }

    /// The string there; empty where there is none, as for Go's decoder.
    pub fn text(&self) -> &'n str {
        self.node.and_then(Node::as_str).unwrap_or_default()
    }

    /// The string there, if there is one.
    pub fn str(&self) -> Option<&'n str> {
        self.node.and_then(Node::as_str)
    }

    /// The integer there, if there is one; `3.0` is 3, as for the server, which reads YAML by way of JSON.
    pub fn int(&self) -> Option<i64> {
        match &self.node?.value {
            Value::Int(number) => Some(*number),
            Value::Float(number) => integral(*number),
            _ => None,
        }
    }

    /// The boolean there; `false` where there is none, as for Go's decoder.
    pub fn flag(&self) -> bool {
        self.bool().unwrap_or_default()
    }

    /// The boolean there, if there is one.
    pub fn bool(&self) -> Option<bool> {
        self.node.and_then(Node::as_bool)
    }

    /// How many items or keys there are.
    pub fn len(&self) -> usize {
        match self.node.map(|node| &node.value) {
            Some(Value::Seq(items)) => items.len(),
            Some(Value::Map(map)) => map.len(),
            _ => 0,
        }
    }

    /// Whether a list or mapping is absent or empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node's bytes; those of the nearest node above where there is none.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The key's bytes, where the place is an entry that was written.
    pub fn key_span(&self) -> Option<Span> {
        self.key_span
    }

    /// The path as the API server spells it: `spec.template.spec.containers[0].image`.
    pub fn path(&self) -> String {
        self.to_string()
    }
}

/// The integer that a number without a fraction is. A large one is what its shortest digits say, as Go writes
/// it into JSON: up to 1e21 without an exponent.
fn integral(number: f64) -> Option<i64> {
    // Whole numbers of this size have exactly one `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() != 0.0 || number.abs() >= 1e21 {
        return None;
    }
    if number.abs() > EXACT {
        return number.to_string().parse().ok();
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within range, as checked above")]
    Some(number as i64)
}

/// A null counts as absent.
fn set(node: &Node) -> Option<&Node> {
    (!node.is_null()).then_some(node)
}

/// As `field.Path.String` (apimachinery/pkg/util/validation/field).
impl Display for At<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(up) = self.up {
            up.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => {
                if self.up.is_some_and(|up| !matches!(up.step, Step::Root)) {
                    f.write_char('.')?;
                }
                f.write_str(name)
            }
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// What the server does with an object: some checks are made on creation alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// Another version of a stored object.
    Update,
}

/// One object being validated: what every check needs to know, and where its errors go.
///
/// The methods mirror the constructors of `field.Error` (apimachinery/pkg/util/validation/field). Each
/// reports at a place: its path, and its bytes (for an absent field those of what should hold it).
pub struct Context<'a> {
    /// The version of Kubernetes that is asked.
    pub version: Version,
    /// What is asked of it.
    pub operation: Operation,
    /// The object.
    pub object: &'a Object,
    /// Whether the object has fields that the server drops, because their feature gates are off.
    pub(super) has_disabled_fields: bool,
    findings: Vec<Finding>,
    errors: usize,
}

impl<'a> Context<'a> {
    /// A validation of `object` as a new one.
    pub fn new(object: &'a Object, version: Version) -> Self {
        Self {
            version,
            operation: Operation::Create,
            object,
            has_disabled_fields: false,
            findings: Vec::new(),
            errors: 0,
        }
    }

    /// Whether a feature is on by default in the version that is asked.
    pub fn gate(&self, feature: Feature) -> bool {
        gates::gate(feature, self.version)
    }

    /// Everything reported, in the order in which it was found.
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// How many errors were reported so far: a caller compares to learn whether a check had any.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether errors were reported that keep the server from evaluating rules (`hasBlockingErr`).
    pub(super) fn has_blocking_errors(&self) -> bool {
        self.findings.iter().any(|finding| {
            matches!(
                finding.error.kind,
                ErrorKind::NotSupported
                    | ErrorKind::Required
                    | ErrorKind::TooLong
                    | ErrorKind::TooMany
                    | ErrorKind::TypeInvalid
                    | ErrorKind::Undecodable
                    | ErrorKind::UnknownField
            )
        })
    }

    /// `field.Invalid`, showing the value at the place.
    pub fn invalid(&mut self, at: &At<'_, '_>, detail: impl Display) {
        self.report(ErrorKind::Invalid, at, describe_value(at.node), detail);
    }

    /// `field.Invalid` once for each complaint of `check` (of [`crate::names`]) about the text at the
    /// place, with a text close to it that would do, if there is one.
    pub fn form(&mut self, at: &At<'_, '_>, check: impl Fn(&str) -> Vec<String>) {
        let complaints = check(at.text());
        if complaints.is_empty() {
            return;
        }
        let mut better = names::suggest_repair(at.text(), check);
        for complaint in complaints {
            let error = error(ErrorKind::Invalid, at, describe_value(at.node), complaint);
            let help = better.take().map(|better| format!("try `{better}`"));
            self.push(Finding::new(error, at.span).help(help));
        }
    }

    /// `field.Invalid` once for each complaint.
    pub fn invalid_each(&mut self, at: &At<'_, '_>, complaints: Vec<String>) {
        for complaint in complaints {
            self.invalid(at, complaint);
        }
    }

    /// `field.Invalid` at an entry's key, showing the key: paths such as `metadata.labels` whose entry
    /// is at fault. `at` is the place whose path is reported, `span` where the key stands.
    pub fn invalid_key(&mut self, at: &At<'_, '_>, key: &str, span: Option<Span>, detail: impl Display) {
        let error = error(ErrorKind::Invalid, at, Some(quoted(key)), detail);
        self.push(Finding::new(error, span.unwrap_or(at.span)));
    }

    /// `field.Required`; `detail` may be empty.
    pub fn required(&mut self, at: &At<'_, '_>, detail: impl Display) {
        self.report(ErrorKind::Required, at, None, detail);
    }

    /// `field.Required` without a detail of the server's, with what to do about it.
    pub fn missing(&mut self, at: &At<'_, '_>, help: &str) {
        let error = error(ErrorKind::Required, at, None, "");
        self.push(Finding::new(error, at.span).help(help.to_owned()));
    }

    /// `field.NotSupported`: `supported` are the values that would do.
    pub fn not_supported(&mut self, at: &At<'_, '_>, supported: &[&str]) {
        let mut detail = String::new();
        for (index, value) in supported.iter().enumerate() {
            let separator = if index == 0 { "supported values: " } else { ", " };
            let _ = write!(detail, "{separator}\"{value}\"");
        }
        let near = plimsoll_diag::nearest(at.text(), supported.iter().copied());
        let error = error(ErrorKind::NotSupported, at, describe_value(at.node), detail);
        self.push(Finding::new(error, at.span).help(near.map(|near| format!("did you mean `{near}`?"))));
    }

    /// `field.Duplicate`, showing the value at the place.
    pub fn duplicate(&mut self, at: &At<'_, '_>) {
        self.report(ErrorKind::Duplicate, at, describe_value(at.node), "");
    }

    /// `field.Duplicate`, showing a text that stands for the values at several places.
    pub fn duplicate_text(&mut self, at: &At<'_, '_>, text: &str) {
        self.report(ErrorKind::Duplicate, at, Some(quoted(text)), "");
    }

    /// `field.Invalid` that shows an empty text, whatever is there.
    pub fn invalid_empty(&mut self, at: &At<'_, '_>, detail: impl Display) {
        self.report(ErrorKind::Invalid, at, Some(quoted("")), detail);
    }

    /// `field.Forbidden`.
    pub fn forbidden(&mut self, at: &At<'_, '_>, detail: impl Display) {
        self.report(ErrorKind::Forbidden, at, None, detail);
    }

    /// `field.TooLong`: more than `limit` bytes.
    pub fn too_long(&mut self, at: &At<'_, '_>, limit: usize) {
        self.report(ErrorKind::TooLong, at, None, format_args!("may not be more than {limit} bytes"));
    }

    /// `field.TooMany`: more than `limit` items.
    pub fn too_many(&mut self, at: &At<'_, '_>, limit: usize) {
        let count = at.len().to_string();
        self.report(ErrorKind::TooMany, at, Some(count), format_args!("must have at most {limit} items"));
    }

    /// `field.TypeInvalid`, and decoding errors that show the value.
    pub fn type_invalid(&mut self, at: &At<'_, '_>, detail: impl Display) {
        self.report(ErrorKind::TypeInvalid, at, describe_value(at.node), detail);
    }

    /// The value cannot be decoded.
    pub fn undecodable(&mut self, at: &At<'_, '_>, detail: impl Display, help: Option<String>) {
        let error = error(ErrorKind::Undecodable, at, None, detail);
        self.push(Finding::new(error, at.span).help(help));
    }

    /// The type has no field like the one at the place.
    pub fn unknown_field(&mut self, at: &At<'_, '_>, help: Option<String>) {
        let error = error(ErrorKind::UnknownField, at, None, format_args!("unknown field `{at}`"));
        self.push(Finding::new(error, at.key_span.unwrap_or(at.span)).help(help));
    }

    /// `field.NotFound`: the value at the place names something that is not there; `known` is what is.
    pub fn not_found<'k>(&mut self, at: &At<'_, '_>, known: impl Iterator<Item = &'k str>) {
        const LISTED: usize = 10;
        const COMPARED: usize = 100;
        let known: Vec<&str> = known.filter(|name| !name.is_empty()).take(COMPARED).collect();
        let help = match plimsoll_diag::nearest(at.text(), known.iter().copied()) {
            Some(near) => Some(format!("did you mean `{near}`?")),
            None if known.is_empty() || known.len() > LISTED => None,
            None => Some(format!("there is `{}`", known.join("`, `"))),
        };
        let error = error(ErrorKind::NotFound, at, describe_value(at.node), "");
        self.push(Finding::new(error, at.span).help(help));
    }

    /// `ValidateNonnegativeField`: an integer, if there is one, has to be at least 0.
    pub fn non_negative(&mut self, at: &At<'_, '_>) {
        if at.int().is_some_and(|number| number < 0) {
            self.invalid(at, "must be greater than or equal to 0");
        }
    }

    /// Accepted by the server with a `Warning` header.
    pub fn warning(&mut self, at: &At<'_, '_>, message: impl Display) {
        self.report(ErrorKind::ServerWarning, at, None, message);
    }

    /// An error at a place, without help.
    fn report(&mut self, kind: ErrorKind, at: &At<'_, '_>, value: Option<String>, detail: impl Display) {
        self.push(Finding::new(error(kind, at, value, detail), at.span));
    }

    /// Any finding.
    pub fn push(&mut self, finding: Finding) {
        if finding.severity() == Severity::Error {
            self.errors += 1;
        }
        self.findings.push(finding);
    }
}

fn error(kind: ErrorKind, at: &At<'_, '_>, value: Option<String>, detail: impl Display) -> FieldError {
    FieldError::new(kind, at.path()).value(value).detail(detail.to_string())
}

/// A scalar as a message shows it. Lists and maps are not shown, because they do not fit a line.
fn describe_value(node: Option<&Node>) -> Option<String> {
    match &node?.value {
        Value::String(text) => Some(quoted(text)),
        Value::Int(number) => Some(number.to_string()),
        Value::Uint(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Seq(_) | Value::Map(_) => None,
    }
}

/// The text in quotes, cut where it would fill the screen.
fn quoted(text: &str) -> String {
    const LIMIT: usize = 80;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The texts of a list, to find repetitions. Few are compared one by one; lists of thousands are looked up.
#[derive(Default)]
pub(super) struct Texts<'n> {
    few: Vec<&'n str>,
    more: BTreeSet<&'n str>,
}

impl<'n> Texts<'n> {
    const FEW: usize = 16;

    /// Whether it holds a text.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.few.contains(&text) || self.more.contains(text)
    }

    /// Adds a text, and returns whether it was there before.
    pub(super) fn repeats(&mut self, text: &'n str) -> bool {
        if self.contains(text) {
            return true;
        }
        if self.few.len() < Self::FEW {
            self.few.push(text);
        } else {
            self.more.insert(text);
        }
        false
    }
}

impl<'n> FromIterator<&'n str> for Texts<'n> {
    fn from_iter<I: IntoIterator<Item = &'n str>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.repeats(text);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_yaml::Map;

    fn map(entries: Vec<(&str, Node)>) -> Node {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, Span::NONE, value);
        }
        Node::bare(map)
    }

    #[test]
    fn paths_are_spelt_as_the_server_does() {
        let tree = map(vec![("spec", map(vec![("ports", Node::bare(vec![Node::bare(1)]))]))]);
        let root = At::root(&tree);
        let spec = root.field("spec");
        let ports = spec.field("ports");
        assert_eq!(ports.index(0).field("name").path(), "spec.ports[0].name");
        assert_eq!(root.field("metadata").field("labels").key("a/b").path(), "metadata.labels[a/b]");
        assert_eq!(root.field("spec.ports").index(0).int(), Some(1));
        assert_eq!(ports.items().map(|item| item.path()).collect::<Vec<_>>(), ["spec.ports[0]"]);
    }

    #[test]
    fn a_place_can_be_spelt_otherwise() {
        let tree = map(vec![("mounts", Node::bare(vec![map(vec![("subPath", Node::bare("/a"))])]))]);
        let root = At::root(&tree);
        let mounts = root.field("mounts");
        let mount = mounts.index(0);
        let sub_path = mount.field("subPath").below(&mounts);
        assert_eq!((sub_path.path().as_str(), sub_path.text()), ("mounts.subPath", "/a"));
        assert_eq!(
            (mounts.showing(&sub_path).path().as_str(), mounts.showing(&sub_path).text()),
            ("mounts", "/a")
        );
        assert_eq!(mount.renumbered(3).path(), "mounts[3]");
        assert_eq!(mounts.renamed("Mounts").index(0).path(), "Mounts[0]");
    }

    #[test]
    fn numbers_without_a_fraction_are_integers() {
        assert_eq!(
            [3.0, -0.0, 1e18, 9e18].map(integral),
            [3, 0, 10_i64.pow(18), 9 * 10_i64.pow(18)].map(Some)
        );
        assert_eq!([0.5, 1e19, 1e21, -1e300].map(integral), [None; 4]);
    }

    #[test]
    fn the_first_dot_is_found() {
        for name in
            ["", ".", "a.", "updateStrategy.rollingUpdate", "a.b.c", "12345678.9", "/.......", "/////////.."]
        {
            assert_eq!(dot(name), name.find('.'), "{name}");
        }
        assert_eq!((dot("automountServiceAccountToken"), dot("name")), (None, None));
    }

    #[test]
    fn repetitions_are_told_in_lists_of_any_length() {
        let names: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let mut texts = Texts::default();
        assert!(names.iter().all(|name| !texts.repeats(name)));
        assert!(names.iter().all(|name| texts.repeats(name) && texts.contains(name)));
        assert!(!texts.contains("100"));
    }

    #[test]
    fn null_is_absent() {
        let tree = map(vec![("spec", Node::bare(Value::Null))]);
        let root = At::root(&tree);
        assert!(!root.field("spec").is_set());
        assert!(!root.field("spec.replicas").is_set());
        assert_eq!(root.field("spec").field("replicas").text(), "");
    }
}
