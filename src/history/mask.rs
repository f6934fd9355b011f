//! Which texts of a release give a Secret's value away.
//!
//! A Secret's value rarely stays in the Secret: a connection string in an environment variable holds the password, an
//! annotation holds the whole manifest as JSON, a values file holds what the template encoded. A [`Mask`] knows the values
//! of a release's Secrets, the parts of them that are secret by themselves, and how either may be encoded. A scalar that
//! carries one of them is replaced as a whole by its digest.

use crate::diff::secrets::{decoded, digest_of, outside_data, values_of};
use crate::k8s::merge::scalar_text;
use crate::manifest::Object;
use crate::yaml::{Map, Node, Value};
use regex::{Captures, Regex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The shortest secret that is looked for inside other texts; shorter ones are everywhere.
const MIN_INSIDE: usize = 3;
/// From here on a secret that is not a plain word is found at any place, also amid other letters.
const MIN_ANYWHERE: usize = 6;
/// The shortest word of a longer value that counts as a secret by itself.
const MIN_WORD: usize = 8;
/// The shortest line of several words that does.
const MIN_LINE: usize = 16;
/// How many encodings inside one another are undone: base64 in JSON in base64.
const MAX_DEPTH: usize = 3;

/// Fields that name things. They tell objects and their parts from one another, so they stay as they are, and replacing the
/// same text elsewhere would hide nothing.
const NAMES: [&str; 4] = ["apiVersion", "kind", "name", "namespace"];

/// The secret texts of a release.
#[derive(Debug)]
pub(super) struct Mask<'a> {
    salt: &'a str,
    /// The values of Secrets and what they hold in encoded form.
    values: BTreeSet<String>,
    /// The values and those parts of them that are secret by themselves.
    secrets: Secrets,
    /// The longer ones of these in lower case: a template may have changed their case.
    lowered: Secrets,
}

impl<'a> Mask<'a> {
    /// The mask for the Secrets among `objects`; digests are made with `salt`.
    pub(super) fn new<'o>(objects: impl IntoIterator<Item = &'o Object>, salt: &'a str) -> Self {
        let mut values = BTreeSet::new();
        let mut secrets = BTreeSet::new();
        let mut names = BTreeSet::new();
        for object in objects {
            if let Some(node) = outside_data(object) {
                collect_names("", node, &mut names);
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
        Self { salt, values, secrets: Secrets::new(secrets), lowered: Secrets::new(lowered) }
    }

    /// Replaces what carries a secret in a manifest. Names stay: see [`NAMES`].
    pub(super) fn manifest(&self, root: &mut Node) {
        if !self.values.is_empty() {
            self.walk(root, &mut |key, node| {
                let text = match &node.value {
                    Value::String(text) if !NAMES.contains(&key) => text,
                    Value::Int(_) | Value::Uint(_) => return self.is_long_number(node),
                    _ => return false,
                };
                self.carries(text) || self.is_end(text)
            });
        }
    }

    /// Replaces what carries a secret, is a part of one, or is called like one, in the values of a release.
    pub(super) fn values(&self, root: &mut Node) {
        self.walk(root, &mut |key, node| {
            let text = match &node.value {
                Value::Null | Value::Bool(_) | Value::Map(_) | Value::Seq(_) => return false,
                _ => scalar_text(node).unwrap_or_default(),
            };
            !text.is_empty()
                && (is_credential(key)
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
        digest_of(text.as_bytes(), self.salt)
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

/// A word as it stands in names and sentences: lower-case letters and hyphens.
fn is_plain_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Whether a key of the values names a credential.
fn is_credential(key: &str) -> bool {
    const WORDS: [&str; 10] = [
        "password",
        "passwd",
        "passphrase",
        "credential",
        "credentials",
        "token",
        "apikey",
        "privatekey",
        "secretkey",
        "accesskey",
    ];
    let plain = letters_and_digits(key);
    plain == "secret" || WORDS.iter().any(|word| plain.ends_with(word))
}

/// `DB_USER` and `dbUser` are `dbuser`.
fn letters_and_digits(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a value of a Secret is no secret by itself: a common word, or a plain word or a short number under a key that
/// names a user, a host, a database or the like. Charts keep whole environments in Secrets.
fn is_public(key: &str, value: &str) -> bool {
    const WORDS: [&str; 18] = [
        "true",
        "false",
        "yes",
        "none",
        "null",
        "off",
        "default",
        "info",
        "debug",
        "warn",
        "warning",
        "error",
        "trace",
        "production",
        "staging",
        "development",
        "test",
        "prod",
    ];
    const KEYS: [&str; 20] = [
        "user",
        "username",
        "login",
        "host",
        "hostname",
        "port",
        "database",
        "db",
        "dbname",
        "schema",
        "driver",
        "engine",
        "scheme",
        "protocol",
        "region",
        "bucket",
        "level",
        "mode",
        "environment",
        "timezone",
    ];
    let plain = letters_and_digits(key);
    let is_short_number = value.len() < MIN_ANYWHERE && value.bytes().all(|byte| byte.is_ascii_digit());
    let names_no_secret = KEYS.iter().any(|word| plain.ends_with(word));
    !is_credential(key)
        && (WORDS.contains(&value) || (is_plain_word(value) || is_short_number) && names_no_secret)
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

/// The parts of a secret value that are secret by themselves: its lines, passwords in URLs and after a user's name, what
/// follows the name of a credential, and words that look random.
fn secret_parts(value: &str) -> Vec<String> {
    static URL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^\s:/@]*:([^\s/]+)@").ok());
    static ASSIGNMENT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"([A-Za-z0-9_.-]+)["']?[ \t]*[:=][ \t]*["']?([^"'\s,;&]+)"#).ok());
    // `user:password`, as HTTP's basic authentication and registries write it.
    static LOGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[^\s:/]+:([^\s:/]+)$").ok());
    let mut parts: Vec<String> = Vec::new();
    parts.extend(value.lines().map(str::trim).filter(|line| is_secret_line(line)).map(str::to_owned));
    let captures =
        |regex: &'static LazyLock<Option<Regex>>| regex.as_ref().map(|regex| regex.captures_iter(value));
    let group = |found: &Captures<'_>, index| found.get(index).map(|part| part.as_str().to_owned());
    parts.extend(captures(&LOGIN).into_iter().flatten().filter_map(|found| group(&found, 1)));
    parts.extend(captures(&URL).into_iter().flatten().filter_map(|found| group(&found, 1)));
    let assigned = captures(&ASSIGNMENT).into_iter().flatten();
    parts.extend(
        assigned
            .filter(|found| found.get(1).is_some_and(|key| is_credential(key.as_str())))
            .filter_map(|found| group(&found, 2)),
    );
    let words = value.split(|c: char| c.is_whitespace() || "=:,;\"'/@?&()[]{}<>|".contains(c));
    parts.extend(words.filter(|word| looks_random(word)).map(str::to_owned));
    parts
}

/// Whether a line of a value is a secret by itself: a long one, or a single word with digits. Lines that open and close
/// keys and certificates are not.
fn is_secret_line(line: &str) -> bool {
    let is_word = !line.contains(char::is_whitespace) && line.bytes().any(|byte| byte.is_ascii_digit());
    !line.starts_with("-----") && line.len() >= if is_word { MIN_WORD } else { MIN_LINE }
}

/// Whether a word is more likely a key or a password than a word of a configuration file: it changes often between
/// capital letters, small letters and digits.
fn looks_random(word: &str) -> bool {
    let class = |byte: &u8| (byte.is_ascii_uppercase(), byte.is_ascii_lowercase(), byte.is_ascii_digit());
    let changes =
        word.as_bytes().windows(2).filter(|pair| pair.first().map(class) != pair.last().map(class)).count();
    word.len() >= MIN_WORD && !word.contains('.') && changes >= 4
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
