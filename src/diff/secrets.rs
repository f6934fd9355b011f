//! Secret values: compared, never shown.

use super::{FieldChange, ObjectPlan, Options, Plan, Step};
use crate::diag::Sources;
use crate::digest::{self, Digester, Key, is_digest};
use crate::k8s::managed::LAST_APPLIED_ANNOTATION;
use crate::k8s::merge::scalar_text;
use crate::k8s::secrets::{
    NAMES, PathStep, change_secrets, change_secrets_at, decoded, each_secret, is_secret_kind,
};
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value, emit};
use base64::Engine as _;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Stands for a value that stays.
const HIDDEN: &str = "(secret)";
/// Stands for a value that is not the one before.
const CHANGED: &str = "(secret, changed)";
/// Stands for a value of which a recorded render has a digest, where its key is not known.
const UNKNOWN: &str = "(secret, cannot be compared)";

/// Whether a text stands for a secret value.
pub(super) fn is_hidden(text: &str) -> bool {
    [HIDDEN, CHANGED].contains(&text)
}

/// The digest under which a Secret's value is recorded; `value` is base64, as in `data`.
fn digest(value: &str, digester: &Digester) -> String {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>())
        .unwrap_or_else(|_| value.as_bytes().to_vec());
    digester.digest(&bytes)
}

/// Replaces the values of a Secret by their digests, in place; other objects stay as they are.
pub(crate) fn to_digests(kind: &str, root: &mut Node, digester: &Digester) {
    if kind != "Secret" {
        return;
    }
    fold(root);
    each_value(root, |_, node| {
        let text = value_text(node);
        if !is_digest(&text) {
            node.value = Value::String(digest(&text, digester));
        }
    });
}

/// What a Secret holds under a key, as it is written. The server takes strings only; charts write other things.
fn value_text(node: &Node) -> Cow<'_, str> {
    scalar_text(node).unwrap_or_else(|| emit::flow_json(node).into())
}

/// The keys and values of a Secret, the values as text, decoded; bytes that are no text stay base64. None for any other
/// object.
pub(crate) fn values_of(object: &Object) -> Vec<(&str, String)> {
    let mut values = Vec::new();
    if !is_secret_kind(&object.kind) {
        return values;
    }
    each_secret(&object.root, &mut |key, node| {
        let written = value_text(node);
        let is_plain =
            object.root.get("stringData").and_then(|data| data.get(key)).is_some_and(|other| other == node);
        // What is not base64 would be refused; it is as secret all the same.
        let bytes = if is_plain { None } else { decoded(&written) };
        let value = match bytes.map(String::from_utf8) {
            Some(Ok(text)) => text,
            _ => written.into_owned(),
        };
        values.push((key, value));
    });
    values.retain(|(_, value)| !value.trim().is_empty());
    values
}

/// The old objects with their digests replaced by the texts that they stand for, where the new objects hold these texts and
/// the key is known. The values of Secrets are compared by [`comparable`].
pub(super) fn reveal<'a>(old: &'a [Object], new: &[Object], keys: &[Key]) -> Cow<'a, [Object]> {
    let mut digesters: BTreeMap<String, Digester> = BTreeMap::new();
    for node in old.iter().flat_map(outside_data) {
        each_scalar(node, &mut |text, _| {
            if let Some(parts) = digest::parse(text)
                && let Some(digester) = Digester::of(parts, keys)
            {
                digesters.entry(format!("{parts:?}")).or_insert(digester);
            }
        });
    }
    if digesters.is_empty() {
        return Cow::Borrowed(old);
    }
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for node in new.iter().flat_map(outside_data) {
        each_scalar(node, &mut |text, value| {
            for digester in digesters.values() {
                let value = value.cloned().unwrap_or_else(|| Value::String(text.to_owned()));
                known.insert(digester.digest(text.as_bytes()), value);
            }
        });
    }
    let mut revealed = old.to_vec();
    for object in &mut revealed {
        let is_secret = object.kind == "Secret";
        for entry in object.root_mut().as_map_mut().into_iter().flat_map(Map::iter_mut) {
            if !is_secret || !DATA.contains(&entry.key.as_str()) {
                replace_digests(&mut entry.value, &mut |digest| known.get(digest).cloned());
            }
        }
    }
    Cow::Owned(revealed)
}

/// The fields of a Secret that hold its values.
const DATA: [&str; 2] = ["data", "stringData"];

/// What an object holds beside the values of a Secret.
fn outside_data(object: &Object) -> impl Iterator<Item = &Node> {
    let is_secret = object.kind == "Secret";
    let fields = object.root.as_map().into_iter().flatten();
    fields.filter(move |entry| !is_secret || !DATA.contains(&entry.key.as_str())).map(|entry| &entry.value)
}

/// Sees the keys and scalars of a tree: their texts and, of scalars, their values.
pub(crate) fn each_scalar(node: &Node, see: &mut impl FnMut(&str, Option<&Value>)) {
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                see(&entry.key, None);
                each_scalar(&entry.value, see);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| each_scalar(item, see)),
        value => {
            if let Some(text) = scalar_text(node) {
                see(&text, Some(value));
            }
        }
    }
}

/// Replaces the digests of a tree, keys included, by what `instead` gives for them.
pub(crate) fn replace_digests(node: &mut Node, instead: &mut impl FnMut(&str) -> Option<Value>) {
    match &mut node.value {
        Value::Map(map) => {
            for entry in map.iter_mut() {
                if is_digest(&entry.key)
                    && let Some(Value::String(key)) = instead(&entry.key)
                {
                    entry.key = key;
                }
                replace_digests(&mut entry.value, instead);
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| replace_digests(item, instead)),
        Value::String(text) if is_digest(text) => {
            if let Some(value) = instead(text) {
                node.value = value;
            }
        }
        _ => {}
    }
}

/// Whether a text of the object is a recorded digest.
pub(crate) fn holds_digest(root: &Node) -> bool {
    let mut found = false;
    each_scalar(root, &mut |text, _| found |= is_digest(text));
    found
}

/// The two roots, ready for comparison: where one holds the digest of a Secret's value, so does the other.
pub(super) fn comparable<'a>(
    kind: &str,
    old: &'a Node,
    new: &'a Node,
    keys: &[Key],
) -> (Cow<'a, Node>, Cow<'a, Node>) {
    if kind != "Secret" {
        return (Cow::Borrowed(old), Cow::Borrowed(new));
    }
    let (mut old, mut new) = (old.clone(), new.clone());
    align(&mut old, &new, keys);
    align(&mut new, &old, keys);
    (Cow::Owned(old), Cow::Owned(new))
}

/// Digests in `target` the values of which `model` holds a digest, as far as their keys are known.
fn align(target: &mut Node, model: &Node, keys: &[Key]) {
    let Some(model) = model.get("data").and_then(Node::as_map) else { return };
    let digesters: BTreeMap<&str, Option<Digester>> = model
        .iter()
        .filter_map(|entry| {
            let parts = digest::parse(entry.value.as_str()?)?;
            Some((entry.key.as_str(), Digester::of(parts, keys)))
        })
        .collect();
    // A digest says nothing about values that the other side does not name; those differ by their key.
    if digesters.is_empty() {
        return;
    }
    fold(target);
    each_value(target, |key, node| {
        if let Some(Some(digester)) = digesters.get(key)
            && let Some(text) = node.as_str().filter(|text| !is_digest(text))
        {
            node.value = Value::String(digest(text, digester));
        }
    });
}

/// Whether a Secret holds digests in place of values, as recorded renders do.
pub(super) fn has_digests(kind: &str, root: &Node) -> bool {
    let values = root.get("data").and_then(Node::as_map).into_iter().flatten();
    kind == "Secret" && values.into_iter().any(|entry| entry.value.as_str().is_some_and(is_digest))
}

/// Moves `stringData` to `data`, as the server does.
fn fold(root: &mut Node) {
    let Some(map) = root.as_map_mut() else { return };
    let Some(Value::Map(plain)) = map.remove("stringData").map(|entry| entry.value.value) else { return };
    let data = crate::k8s::defaults::ensure_map(map, "data");
    for entry in plain {
        let encoded = base64::engine::general_purpose::STANDARD.encode(&*value_text(&entry.value));
        data.insert(entry.key, entry.key_span, Node::new(Value::String(encoded), entry.value.span));
    }
}

/// A manifest as the server takes it: a Secret without `stringData`, anything else as it is.
pub(crate) fn folded<'a>(kind: &str, root: &'a Node) -> Cow<'a, Node> {
    if kind != "Secret" {
        return Cow::Borrowed(root);
    }
    let mut copy = root.clone();
    fold(&mut copy);
    Cow::Owned(copy)
}

/// Writes the digests of a recorded Secret as a server would take them: as base64.
pub(super) fn seal(root: &mut Node) {
    if root.get("kind").and_then(Node::as_str) == Some("Secret") && has_digests("Secret", root) {
        each_data(root, |text| {
            is_digest(text).then(|| base64::engine::general_purpose::STANDARD.encode(text))
        });
    }
}

/// Takes back what [`seal`] does.
pub(super) fn unseal(root: &mut Node) {
    each_data(root, |text| {
        let plain = String::from_utf8(decoded(text)?).ok()?;
        is_digest(&plain).then_some(plain)
    });
}

/// Puts the values of a manifest back for which a stored Secret holds digests: those of a recorded render, with which they
/// were compared.
pub(super) fn restore(stored: &mut Node, manifest: &Node) {
    if !has_digests("Secret", stored) {
        return;
    }
    let written = folded("Secret", manifest);
    let values = written.get("data").and_then(Node::as_map);
    let Some(map) = stored.as_map_mut() else { return };
    let mut restored: Vec<(String, String)> = Vec::new();
    let data = map.get_mut("data").and_then(Node::as_map_mut);
    for entry in data.into_iter().flat_map(Map::iter_mut) {
        if let Some(digest) = entry.value.as_str().filter(|text| is_digest(text))
            && let Some(value) = values.and_then(|values| values.get(&entry.key))
        {
            let sealed = base64::engine::general_purpose::STANDARD.encode(digest);
            restored.push((sealed, value_text(value).into_owned()));
            entry.value = value.clone();
        }
    }
    // What kubectl notes down is the manifest that it sent.
    let mut note = ["metadata", "annotations", LAST_APPLIED_ANNOTATION].iter();
    let note = note.try_fold(stored, |node, key| node.as_map_mut()?.get_mut(key));
    if let Some(Value::String(text)) = note.map(|node| &mut node.value) {
        for (sealed, value) in restored {
            *text = text.replace(&sealed, &value);
        }
    }
}

/// Replaces the values in the data of a Secret for which there is something else.
fn each_data(root: &mut Node, instead: impl Fn(&str) -> Option<String>) {
    let data = root.as_map_mut().and_then(|map| map.get_mut("data")).and_then(Node::as_map_mut);
    for entry in data.into_iter().flat_map(Map::iter_mut) {
        if let Some(text) = entry.value.as_str().and_then(&instead) {
            entry.value.value = Value::String(text);
        }
    }
}

fn each_value(root: &mut Node, mut f: impl FnMut(&str, &mut Node)) {
    let Some(map) = root.as_map_mut() else { return };
    for field in DATA {
        if let Some(Node { value: Value::Map(values), .. }) = map.get_mut(field) {
            values.iter_mut().for_each(|entry| f(&entry.key, &mut entry.value));
        }
    }
    // A copy of the whole manifest, values included, that `kubectl apply` leaves behind.
    if let Some(annotations) = map
        .get_mut("metadata")
        .and_then(Node::as_map_mut)
        .and_then(|metadata| metadata.get_mut("annotations"))
        .and_then(Node::as_map_mut)
    {
        annotations.remove(LAST_APPLIED_ANNOTATION);
    }
}

/// A copy as it is shown: without secret values, unless they are wanted.
pub(super) fn shown(root: &Node, options: &Options) -> Node {
    let mut copy = root.clone();
    if options.show_secrets {
        hide_digests(&mut copy);
    } else {
        redact(&mut copy);
    }
    copy
}

/// Replaces secret values, in place: those that are secret by where they stand, and what a recorded render holds digests of.
fn redact(root: &mut Node) {
    change_secrets(root, &mut |node| *node = Node::new(Value::String(HIDDEN.to_owned()), node.span));
    hide_digests(root);
}

fn hide_digests(node: &mut Node) {
    replace_digests(node, &mut |_| Some(Value::String(HIDDEN.to_owned())));
}

/// Replaces secret values in the changes of an object, and in `after`, the manifest after them, says which changed.
pub(super) fn redact_changes(
    kind: &str,
    changes: &mut [FieldChange],
    mut after: Option<&mut Node>,
    options: &Options,
) {
    for change in changes.iter_mut() {
        let is_unknown = is_unknown(change);
        let path: Vec<PathStep<'_>> = change.path.0.iter().map(path_step).collect();
        let hide = |node: &mut Option<Node>, word: &str| {
            let mut hidden = false;
            if let Some(node) = node.as_mut().filter(|_| !options.show_secrets) {
                change_secrets_at(kind, &path, node, &mut |node| {
                    node.value = Value::String(word.to_owned());
                    hidden = true;
                });
            }
            hidden
        };
        let word = match (&change.old, &change.new) {
            (Some(_), Some(_)) if is_unknown => UNKNOWN,
            (Some(_), Some(_)) => CHANGED,
            _ => HIDDEN,
        };
        hide(&mut change.old, HIDDEN);
        let is_hidden = hide(&mut change.new, word);
        change.old.iter_mut().chain(&mut change.new).for_each(hide_digests);
        if is_hidden
            && word != HIDDEN
            && let Some(after) = after.as_deref_mut()
        {
            mark(after, change);
        }
    }
}

/// Writes what a change says of the new value into the manifest after it.
fn mark(after: &mut Node, change: &FieldChange) {
    let marked = FieldChange { old: change.new.clone(), ..change.clone() };
    super::fields::revert(after, &marked);
}

fn path_step(step: &Step) -> PathStep<'_> {
    match step {
        Step::Field(name) => PathStep::Field(name),
        Step::Item { name, .. } => PathStep::Item(name.as_deref()),
    }
}

/// Whether a recorded digest stands where the other side has a text: its key is not known, or it would have been replaced.
fn is_unknown(change: &FieldChange) -> bool {
    let is = |node: &Option<Node>| node.as_ref().and_then(Node::as_str).is_some_and(is_digest);
    is(&change.old) != is(&change.new)
}

impl Plan {
    /// Replaces what was made from secrets, wherever it stands: what `sources` knows by its origin, and what contains the
    /// text of a secret. The values of Secrets themselves are never in a plan.
    pub fn conceal(&mut self, sources: &Sources) {
        for object in &mut self.objects {
            object.conceal(sources);
        }
    }
}

impl ObjectPlan {
    fn conceal(&mut self, sources: &Sources) {
        for node in self.before.iter_mut().chain(&mut self.after) {
            conceal("", node, sources, HIDDEN);
        }
        for change in self.changes.iter_mut().filter(|change| !change.order) {
            let field = change.path.fields().last().unwrap_or_default().to_owned();
            let word = if change.old.is_some() { CHANGED } else { HIDDEN };
            if let Some(old) = &mut change.old {
                conceal(&field, old, sources, HIDDEN);
            }
            let is_hidden = change.new.as_mut().is_some_and(|new| conceal(&field, new, sources, word) > 0);
            if let Some(after) = self.after.as_mut().filter(|_| is_hidden && word == CHANGED) {
                mark(after, change);
            }
        }
        let reasons = self.reasons.iter_mut().map(|reason| &mut reason.message);
        for text in self.effects.iter_mut().map(|effect| &mut effect.detail).chain(reasons) {
            if let Cow::Owned(redacted) = sources.redact(text) {
                *text = redacted;
            }
        }
    }
}

/// Replaces the scalars of a tree that were made from secrets by a word, and counts them.
fn conceal(field: &str, node: &mut Node, sources: &Sources, word: &str) -> usize {
    match &mut node.value {
        Value::Map(map) => {
            map.iter_mut().map(|entry| conceal(&entry.key, &mut entry.value, sources, word)).sum()
        }
        Value::Seq(items) => items.iter_mut().map(|item| conceal(field, item, sources, word)).sum(),
        Value::Null | Value::Bool(_) => 0,
        value => {
            let is_secret = match value {
                Value::String(text) if [HIDDEN, CHANGED, UNKNOWN].contains(&text.as_str()) => false,
                Value::String(text) => {
                    !NAMES.contains(&field) && (sources.is_concealed(node.span) || sources.gives_away(text))
                }
                _ => sources.is_concealed(node.span),
            };
            if is_secret {
                node.value = Value::String(word.to_owned());
            }
            usize::from(is_secret)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_value_and_not_on_its_spelling() {
        let digester = Digester::new(Key::new([1; 32]), [2; 32]);
        assert_eq!(digest("YQ==", &digester), digest("YQ=\n=", &digester));
        assert_eq!(digest("YQ==", &digester), digester.digest(b"a"));
        assert_ne!(digest("YQ==", &digester), digest("Yg==", &digester));
    }
}
