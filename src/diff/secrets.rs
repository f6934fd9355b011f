//! Secret values: compared, never shown.

use super::FieldChange;
use crate::diag::Span;
use crate::k8s::managed::LAST_APPLIED_ANNOTATION;
use crate::k8s::merge::scalar_text;
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value, emit};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Stands for a value that stays.
const HIDDEN: &str = "(secret)";
/// Stands for a value that is not the one before.
const CHANGED: &str = "(secret, changed)";
/// Opens the digest that stands for a value in a recorded render: `sha256:SALT:HEX`.
const DIGEST: &str = "sha256:";

/// The digest under which a Secret's value is recorded; `value` is base64, as in `data`.
pub(crate) fn digest(value: &str, salt: &str) -> String {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>())
        .unwrap_or_else(|_| value.as_bytes().to_vec());
    digest_of(&bytes, salt)
}

/// The digest under which the bytes of a Secret's value are recorded.
pub(crate) fn digest_of(bytes: &[u8], salt: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update(bytes);
    format!("{DIGEST}{salt}:{}", hex(&hasher.finalize()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Replaces the values of a Secret by their digests, in place; other objects stay as they are.
pub(crate) fn to_digests(kind: &str, root: &mut Node, salt: &str) {
    if kind != "Secret" {
        return;
    }
    fold(root);
    each_value(root, |_, node| {
        let text = value_text(node);
        if salt_of(&text).is_none() {
            node.value = Value::String(digest(&text, salt));
        }
    });
}

/// What a Secret holds under a key, as it is written. The server takes strings only; charts write other things.
fn value_text(node: &Node) -> Cow<'_, str> {
    scalar_text(node).unwrap_or_else(|| emit::flow_json(node).into())
}

/// The bytes of base64 in either alphabet, with or without padding and line breaks.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let plain = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    });
    LENIENT.decode(plain.collect::<Vec<_>>()).ok()
}

/// The keys and values of a Secret, the values as text, decoded; bytes that are no text stay base64. None for any other
/// object.
pub(crate) fn values_of(object: &Object) -> Vec<(&str, String)> {
    let mut values = Vec::new();
    if object.kind == "Secret" {
        for field in ["data", "stringData"] {
            for entry in object.root.get(field).and_then(Node::as_map).into_iter().flatten() {
                let written = value_text(&entry.value);
                // What is not base64 would be refused; it is as secret all the same.
                let bytes = if field == "data" { decoded(&written) } else { None };
                let value = match bytes.map(String::from_utf8) {
                    Some(Ok(text)) => text,
                    _ => written.into_owned(),
                };
                values.push((entry.key.as_str(), value));
            }
        }
    }
    values.retain(|(_, value)| !value.trim().is_empty());
    values
}

/// The old objects with their digests replaced by the texts that they stand for, where the new objects hold these texts.
/// The values of Secrets are compared by [`comparable`].
pub(super) fn reveal<'a>(old: &'a [Object], new: &[Object]) -> Cow<'a, [Object]> {
    let mut salts = BTreeSet::new();
    for node in old.iter().filter_map(outside_data) {
        each_scalar(node, &mut |text, _| {
            salts.extend(salt_of(text).filter(|_| is_digest(text)).map(str::to_owned));
        });
    }
    if salts.is_empty() {
        return Cow::Borrowed(old);
    }
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for node in new.iter().filter_map(outside_data) {
        each_scalar(node, &mut |text, value| {
            for salt in &salts {
                known.insert(digest_of(text.as_bytes(), salt), value.clone());
            }
        });
    }
    let mut revealed = old.to_vec();
    for object in &mut revealed {
        let root = &mut object.root;
        let node = if object.kind == "Secret" {
            root.as_map_mut().and_then(|map| map.get_mut("metadata"))
        } else {
            Some(root)
        };
        if let Some(node) = node {
            replace_digests(node, &mut |digest| known.get(digest).cloned());
        }
    }
    Cow::Owned(revealed)
}

/// What an object holds beside the values of a Secret.
pub(crate) fn outside_data(object: &Object) -> Option<&Node> {
    if object.kind == "Secret" { object.root.get("metadata") } else { Some(&object.root) }
}

/// Sees the keys and scalars of a tree: their texts and values.
fn each_scalar(node: &Node, see: &mut impl FnMut(&str, &Value)) {
    match &node.value {
        Value::Map(map) => {
            for entry in map {
                see(&entry.key, &Value::String(entry.key.clone()));
                each_scalar(&entry.value, see);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| each_scalar(item, see)),
        value => {
            if let Some(text) = scalar_text(node) {
                see(&text, value);
            }
        }
    }
}

/// Replaces the digests of a tree, keys included, by what `instead` gives for them.
fn replace_digests(node: &mut Node, instead: &mut impl FnMut(&str) -> Option<Value>) {
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

/// Whether a text is a recorded digest: nothing else has this form.
fn is_digest(text: &str) -> bool {
    let parts = text.strip_prefix(DIGEST).and_then(|rest| rest.split_once(':'));
    let is_hex =
        |part: &str, digits| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.is_some_and(|(salt, hash)| is_hex(salt, 16) && is_hex(hash, 64))
}

/// The two roots, ready for comparison: where one holds the digest of a Secret's value, so does the other.
pub(super) fn comparable<'a>(kind: &str, old: &'a Node, new: &'a Node) -> (Cow<'a, Node>, Cow<'a, Node>) {
    if kind != "Secret" {
        return (Cow::Borrowed(old), Cow::Borrowed(new));
    }
    let (mut old, mut new) = (old.clone(), new.clone());
    align(&mut old, &new);
    align(&mut new, &old);
    (Cow::Owned(old), Cow::Owned(new))
}

/// Digests in `target` the values of which `model` holds a digest.
fn align(target: &mut Node, model: &Node) {
    let Some(model) = model.get("data").and_then(Node::as_map) else { return };
    let salts: Vec<(String, String)> = model
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), salt_of(entry.value.as_str()?)?.to_owned())))
        .collect();
    // A digest says nothing about values that the other side does not name; those differ by their key.
    if salts.is_empty() {
        return;
    }
    fold(target);
    each_value(target, |key, node| {
        if let Some((_, salt)) = salts.iter().find(|(name, _)| name == key)
            && let Some(text) = node.as_str().filter(|text| salt_of(text).is_none())
        {
            node.value = Value::String(digest(text, salt));
        }
    });
}

/// Whether a Secret holds digests in place of values, as recorded renders do.
pub(super) fn has_digests(kind: &str, root: &Node) -> bool {
    let values = root.get("data").and_then(Node::as_map).into_iter().flatten();
    kind == "Secret"
        && values.into_iter().any(|entry| entry.value.as_str().is_some_and(|text| salt_of(text).is_some()))
}

/// The salt of a recorded digest; `None` for anything else (base64 has no colon).
fn salt_of(text: &str) -> Option<&str> {
    text.strip_prefix(DIGEST)?.split_once(':').map(|(salt, _)| salt)
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
pub(super) fn folded<'a>(kind: &str, root: &'a Node) -> Cow<'a, Node> {
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
        each_data(root, |text| salt_of(text).map(|_| base64::engine::general_purpose::STANDARD.encode(text)));
    }
}

/// Takes back what [`seal`] does.
pub(super) fn unseal(root: &mut Node) {
    each_data(root, |text| {
        let plain = String::from_utf8(decoded(text)?).ok()?;
        salt_of(&plain).is_some().then_some(plain)
    });
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
    for field in ["data", "stringData"] {
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

/// A copy without secret values.
pub(super) fn redacted(kind: &str, root: &Node) -> Node {
    let mut copy = root.clone();
    redact(kind, &mut copy);
    copy
}

/// Replaces secret values, in place: those of a Secret, and what a recorded render holds digests of.
pub(super) fn redact(kind: &str, root: &mut Node) {
    if kind == "Secret" {
        each_value(root, |_, node| *node = Node::new(Value::String(HIDDEN.to_owned()), node.span));
    }
    hide_digests(root);
}

fn hide_digests(node: &mut Node) {
    replace_digests(node, &mut |_| Some(Value::String(HIDDEN.to_owned())));
}

/// Marks in the later of two redacted texts which values changed.
pub(super) fn mark_changed(root: &mut Node, changes: &[FieldChange]) {
    let keys: Vec<&str> = changes.iter().filter_map(|change| change.path.fields().nth(1)).collect();
    each_value(root, |key, node| {
        if keys.contains(&key) {
            node.value = Value::String(CHANGED.to_owned());
        }
    });
}

/// Replaces secret values in the changes of an object.
pub(super) fn redact_changes(kind: &str, changes: &mut [FieldChange]) {
    for change in changes.iter_mut() {
        change.old.iter_mut().chain(&mut change.new).for_each(hide_digests);
    }
    if kind != "Secret" {
        return;
    }
    for change in changes.iter_mut() {
        if !matches!(change.path.fields().next(), Some("data" | "stringData")) {
            continue;
        }
        let both = change.old.is_some() && change.new.is_some();
        if let Some(old) = &mut change.old {
            *old = hidden(old, HIDDEN);
        }
        if let Some(new) = &mut change.new {
            *new = hidden(new, if both { CHANGED } else { HIDDEN });
        }
    }
}

fn hidden(node: &Node, word: &str) -> Node {
    match &node.value {
        Value::Map(map) => {
            let mut copy = Map::new();
            for entry in map {
                copy.insert(entry.key.as_str(), Span::NONE, Node::bare(word));
            }
            Node::bare(copy)
        }
        _ => Node::bare(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_value_and_not_on_its_spelling() {
        assert_eq!(digest("YQ==", "s"), digest("YQ=\n=", "s"));
        assert_eq!(digest("YQ==", "s"), digest_of(b"a", "s"));
        assert_ne!(digest("YQ==", "s"), digest("Yg==", "s"));
        assert_eq!(salt_of(&digest("YQ==", "s")), Some("s"));
    }
}
