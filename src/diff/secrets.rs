//! Secret values: compared, never shown.

use super::FieldChange;
use crate::diag::Span;
use crate::yaml::{Map, Node, Value};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

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
        if let Some(text) = node.as_str().filter(|text| salt_of(text).is_none()) {
            node.value = Value::String(digest(text, salt));
        }
    });
}

/// The values of every Secret among `objects`, decoded; those that are no text are left out.
pub(crate) fn values_of(objects: &[crate::manifest::Object]) -> Vec<String> {
    let mut values = Vec::new();
    for object in objects.iter().filter(|object| object.kind == "Secret") {
        let mut root = object.root.clone();
        fold(&mut root);
        each_value(&mut root, |_, node| {
            let encoded = node.as_str().unwrap_or_default();
            let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
            values.extend(decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()));
        });
    }
    values.retain(|value| !value.is_empty());
    values
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
        let text = entry.value.as_str().unwrap_or_default();
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
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
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// A copy without secret values.
pub(super) fn redacted(kind: &str, root: &Node) -> Node {
    let mut copy = root.clone();
    redact(kind, &mut copy);
    copy
}

/// Replaces secret values, in place.
pub(super) fn redact(kind: &str, root: &mut Node) {
    if kind == "Secret" {
        each_value(root, |_, node| *node = Node::new(Value::String(HIDDEN.to_owned()), node.span));
    }
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

/// Replaces secret values in the changes of a Secret.
pub(super) fn redact_changes(kind: &str, changes: &mut [FieldChange]) {
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
