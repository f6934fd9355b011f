//! Which texts of a release give a Secret's value away.
//!
//! A Secret's value rarely stays in the Secret: a connection string in an environment variable holds the password, an
//! annotation holds the whole manifest as JSON, a values file holds what the template encoded. A [`Mask`] knows the values
//! of a release's Secrets, the parts of them that are secret by themselves, and how either may be encoded. A scalar that
//! carries one of them is replaced as a whole by its digest.

use crate::diag::Sources;
use crate::diag::secrets::{is_credential, is_plain_word};
use crate::diff::secrets::{to_digests, values_of};
use crate::digest::{Digester, is_digest};
use crate::k8s::merge::scalar_text;
use crate::k8s::secrets::{
    MIN_ANYWHERE, MIN_INSIDE, MIN_WORD, NAMES, change_secrets, decoded, is_public, is_secret_kind,
    secret_parts,
};
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How many encodings inside one another are undone: base64 in JSON in base64.
const MAX_DEPTH: usize = 3;

/// The secret texts of a release.
#[derive(Debug)]
pub(crate) struct Mask<'a> {
    digester: &'a Digester,
    /// What is known about secrets by their origins.
    sources: &'a Sources,
    /// The values of Secrets and what they hold in encoded form.
    values: BTreeSet<String>,
    /// The values and those parts of them that are secret by themselves.
    secrets: Secrets,
    /// The longer ones of these in lower case: a template may have changed their case.
    lowered: Secrets,
}

impl<'a> Mask<'a> {
    /// The mask for the Secrets among `objects`.
    pub(crate) fn new<'o>(
        objects: impl IntoIterator<Item = &'o Object>,
        digester: &'a Digester,
        sources: &'a Sources,
    ) -> Self {
        let mut values = BTreeSet::new();
        let mut secrets = BTreeSet::new();
        let mut names = BTreeSet::new();
        for object in objects {
            let is_secret = is_secret_kind(&object.kind);
            for entry in object.root.as_map().into_iter().flatten() {
                if !is_secret || NAMES.contains(&entry.key.as_str()) || entry.key == "metadata" {
                    collect_names(&entry.key, &entry.value, &mut names);
                }
            }
            for (key, value) in values_of(object) {
                // Bytes that are not text stay encoded, whatever the line breaks in between.
                let encoded = normalize_base64(&value);
                secrets.extend(encoded.filter(|text| text.len() >= MIN_WORD && !is_plain_word(text)));
                for reading in decode_all(&value) {
                    let is_whole = reading == value;
                    // Many words of a text happen to be base64 of a few bytes.
                    if is_whole || reading.len() >= MIN_ANYWHERE {
                        secrets.extend(secret_parts(&reading));
                        let reading = reading.trim();
                        if !is_public(key, reading) {
                            secrets.insert(reading.to_owned());
                        }
                        values.insert(reading.to_owned());
                    }
                }
            }
        }
        values.retain(|value| !value.is_empty());
        secrets.retain(|secret| secret.len() >= MIN_INSIDE && !names.contains(secret.as_str()));
        let lowered = secrets.iter().filter(|secret| secret.len() >= MIN_ANYWHERE).map(|s| s.to_lowercase());
        let lowered = lowered.filter(|text| !is_plain_word(text) && !names.contains(text.as_str())).collect();
        Self { digester, sources, values, secrets: Secrets::new(secrets), lowered: Secrets::new(lowered) }
    }

    /// The manifest of an object without what is secret.
    pub(crate) fn object(&self, object: &Object) -> Node {
        let mut root = Node::clone(&object.root);
        to_digests(&object.kind, &mut root, self.digester);
        self.manifest(&mut root);
        root
    }

    /// Replaces what is secret by where it stands, what was made from a secret, and what carries the text of one. Names
    /// stay: see [`NAMES`].
    fn manifest(&self, root: &mut Node) {
        change_secrets(root, &mut |node| {
            let text = scalar_text(node).unwrap_or_default();
            if !is_digest(&text) {
                node.value = Value::String(self.digest(&text));
            }
        });
        self.walk(root, &mut |key, node| {
            let is_secret = self.sources.is_concealed(node.span);
            let text = match &node.value {
                Value::String(text) if is_digest(text) || NAMES.contains(&key) => return false,
                Value::String(text) => text,
                Value::Int(_) | Value::Uint(_) => return is_secret || self.is_long_number(node),
                Value::Float(_) => return is_secret,
                _ => return false,
            };
            is_secret || self.carries(text) || self.is_end(text)
        });
        if !self.values.is_empty() {
            self.checksums(root);
        }
    }

    /// Replaces the checksums in annotations. A checksum over a Secret is a digest without a key: whoever has the chart can
    /// try what it was made from.
    fn checksums(&self, node: &mut Node) {
        let Value::Map(map) = &mut node.value else {
            if let Value::Seq(items) = &mut node.value {
                for item in items {
                    self.checksums(item);
                }
            }
            return;
        };
        for entry in map.iter_mut() {
            if entry.key == "annotations" {
                for annotation in entry.value.as_map_mut().into_iter().flat_map(Map::iter_mut) {
                    if let Value::String(text) = &annotation.value.value
                        && is_checksum(&annotation.key, text)
                    {
                        annotation.value.value = Value::String(self.digest(text));
                    }
                }
            } else {
                self.checksums(&mut entry.value);
            }
        }
    }

    /// Replaces what carries a secret, is a part of one, or is called like one, in the values of a release.
    pub(super) fn values(&self, root: &mut Node) {
        self.walk(root, &mut |key, node| {
            let text = match &node.value {
                Value::Null | Value::Map(_) | Value::Seq(_) => return false,
                Value::Bool(_) => return self.sources.is_concealed(node.span),
                _ => scalar_text(node).unwrap_or_default(),
            };
            !text.is_empty()
                && (is_credential(key)
                    || self.sources.is_concealed(node.span)
                    || self.values.contains(text.trim())
                    || self.carries(&text)
                    || self.is_part(&text))
        });
    }

    /// The text, or its digest if it carries a secret.
    pub(super) fn mask_text(&self, text: &str) -> String {
        if self.carries(text) { self.digest(text) } else { text.to_owned() }
    }

    fn digest(&self, text: &str) -> String {
        self.digester.digest(text.as_bytes())
    }

    /// Replaces the scalars, and the keys, for which `is_secret` holds. It gets the field that a scalar stands in.
    fn walk(&self, root: &mut Node, is_secret: &mut impl FnMut(&str, &Node) -> bool) {
        self.walk_field("", root, is_secret);
    }

    fn walk_field(&self, field: &str, node: &mut Node, is_secret: &mut impl FnMut(&str, &Node) -> bool) {
        match &mut node.value {
            Value::Map(map) => self.walk_map(map, is_secret),
            Value::Seq(items) => items.iter_mut().for_each(|item| self.walk_field(field, item, is_secret)),
            _ => {
                if is_secret(field, node) {
                    let digest = self.digest(&scalar_text(node).unwrap_or_default());
                    node.value = Value::String(digest);
                }
            }
        }
    }

    fn walk_map(&self, map: &mut Map, is_secret: &mut impl FnMut(&str, &Node) -> bool) {
        for entry in map.iter_mut() {
            self.walk_field(&entry.key, &mut entry.value, is_secret);
            if self.secrets.any_in(&entry.key, |secret| !is_plain_word(secret)) {
                entry.key = self.digest(&entry.key);
            }
        }
    }

    /// Whether a text holds a secret, as it is or encoded.
    fn carries(&self, text: &str) -> bool {
        self.sources.gives_away(text) || self.carries_value(text)
    }

    /// Whether a text holds the value of a Secret or a part of it, as it is or encoded.
    fn carries_value(&self, text: &str) -> bool {
        let holds = |reading: &String| {
            self.secrets.any_in(reading, |_| true) || self.lowered.any_in(&reading.to_lowercase(), |_| true)
        };
        decode_all(text).iter().any(holds)
            || normalize_base64(text)
                .is_some_and(|packed| self.secrets.any_in(&packed, |secret| secret == packed))
    }

    /// Whether a text, decoded or not, is how a Secret's value begins or ends, as `trunc` leaves it.
    fn is_end(&self, text: &str) -> bool {
        let is_end = |end: &str| {
            end.len() >= MIN_ANYWHERE
                && !is_plain_word(end)
                && self.values.iter().any(|value| value.starts_with(end) || value.ends_with(end))
        };
        decode_all(text).iter().any(|reading| is_end(reading.trim()))
    }

    /// Whether a text, decoded or not, is a part of a Secret's value.
    fn is_part(&self, text: &str) -> bool {
        let inside = |part: &str| {
            part.len() >= MIN_INSIDE && self.values.iter().any(|value| contains_part(part, value))
        };
        decode_all(text).iter().any(|reading| inside(reading.trim()))
    }

    /// A port or a number of replicas may be equal to a password by chance; a long number is not.
    fn is_long_number(&self, node: &Node) -> bool {
        scalar_text(node).is_some_and(|text| text.len() >= MIN_ANYWHERE && self.values.contains(&*text))
    }
}

/// Texts to look for, by how they begin: there may be thousands of them, the lines of a bundle of certificates.
#[derive(Debug)]
struct Secrets(BTreeMap<[u8; MIN_INSIDE], Vec<String>>);

impl Secrets {
    fn new(texts: BTreeSet<String>) -> Self {
        let mut by_start: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for text in texts {
            if let Some(start) = text.as_bytes().first_chunk() {
                by_start.entry(*start).or_default().push(text);
            }
        }
        Self(by_start)
    }

    /// Whether a text holds one of them for which `counts` holds.
    fn any_in(&self, text: &str, counts: impl Fn(&str) -> bool) -> bool {
        let starts = text.as_bytes().windows(MIN_INSIDE).enumerate();
        starts.filter_map(|(at, start)| Some((at, self.0.get(start.first_chunk()?)?))).any(|(at, secrets)| {
            let rest = text.get(at..).unwrap_or_default();
            secrets
                .iter()
                .any(|secret| rest.starts_with(secret) && counts(secret) && is_apart(secret, text, at))
        })
    }
}

/// Whether `text` holds `part` as a part of its own: see [`is_apart`].
fn contains_part(part: &str, text: &str) -> bool {
    !part.is_empty() && text.match_indices(part).any(|(at, _)| is_apart(part, text, at))
}

/// Whether `part`, found in `text`, is not a piece of a word by chance: short parts and plain words count only between
/// other characters than letters and digits, anything else anywhere.
fn is_apart(part: &str, text: &str, at: usize) -> bool {
    if part.len() >= MIN_ANYWHERE && !is_plain_word(part) {
        return true;
    }
    let joins = |a: Option<char>, b: Option<char>| {
        a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric)
    };
    let (before, after) = (text.get(..at), text.get(at + part.len()..));
    !joins(before.and_then(|before| before.chars().next_back()), part.chars().next())
        && !joins(part.chars().next_back(), after.and_then(|after| after.chars().next()))
}

/// Whether an annotation is a checksum, by its name or its form.
fn is_checksum(key: &str, text: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named = ["checksum", "hash", "digest", "sha"].iter().any(|word| key.contains(word));
    let is_hex = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    !is_digest(text) && (is_hex || is_named && text.len() >= MIN_ANYWHERE)
}

/// Collects the texts of fields that name things; they stay in the record.
fn collect_names<'o>(field: &str, node: &'o Node, names: &mut BTreeSet<&'o str>) {
    match &node.value {
        Value::Map(map) => map.iter().for_each(|entry| collect_names(&entry.key, &entry.value, names)),
        Value::Seq(items) => items.iter().for_each(|item| collect_names(field, item, names)),
        Value::String(text) if NAMES.contains(&field) => {
            names.insert(text);
        }
        _ => {}
    }
}

/// A text as it is and in every form that undoing encodings gives.
fn decode_all(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([text.to_owned()]);
    let mut last = vec![text.to_owned()];
    for _ in 0..MAX_DEPTH {
        let next: Vec<String> = last.iter().flat_map(|text| decode_once(text)).collect();
        last = next.into_iter().filter(|text| all.insert(text.clone())).collect();
    }
    all
}

/// What a text may be the encoding of: percent signs, backslashes, entities, base64 and hexadecimal digits.
fn decode_once(text: &str) -> Vec<String> {
    static RUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[A-Za-z0-9+/_-]{4,}").ok());
    // A slash may also be one of a path, in which only the last part is encoded.
    static PLAIN_RUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("[A-Za-z0-9]{4,}").ok());
    let mut found = Vec::new();
    if text.contains('%') {
        found.extend(decode_percent(text));
        found.extend(decode_percent(&text.replace('+', " ")));
    }
    if text.contains('\\') {
        found.extend(unescape(text));
    }
    if text.contains('&') {
        found.push(decode_entities(text));
    }
    if let Some(bytes) = normalize_base64(text).as_deref().and_then(decoded) {
        found.extend(String::from_utf8(bytes));
    }
    for run in [&RUN, &PLAIN_RUN]
        .into_iter()
        .filter_map(|regex| regex.as_ref())
        .flat_map(|regex| regex.find_iter(text))
    {
        found.extend(decoded(run.as_str()).and_then(|bytes| String::from_utf8(bytes).ok()));
        found.extend(decode_hex(run.as_str()));
    }
    found.retain(|reading| reading != text && !reading.is_empty());
    found
}

/// Base64 without the line breaks and the padding that one encoder writes and another does not; `None` for other text.
fn normalize_base64(text: &str) -> Option<String> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let packed = packed.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let is_base64 = packed.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    (is_base64 && !packed.is_empty()).then_some(packed)
}

fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| byte == b'%');
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).ok()
}

/// A text without the backslashes of JSON, YAML and shells.
fn unescape(text: &str) -> Option<String> {
    // Escapes that JSON does not have keep their character.
    let json: String = {
        let mut out = String::with_capacity(text.len() + 2);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek().is_some_and(|next| "\"\\/bfnrtu".contains(*next)) => {
                    out.push('\\');
                    out.extend(chars.next());
                }
                '\\' => {}
                '"' => out.push_str("\\\""),
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
        }
        out
    };
    serde_json::from_str(&format!("\"{json}\"")).ok()
}

fn decode_entities(text: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    entities.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

fn decode_hex(text: &str) -> Option<String> {
    if text.len() < 2 * MIN_INSIDE || !text.len().is_multiple_of(2) {
        return None;
    }
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}
