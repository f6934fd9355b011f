//! What in an object is secret, and which texts give it away.
//!
//! A value is secret by where it stands ([`each_secret`]): any field of a Secret but those that name it, also a misspelt one;
//! an environment variable or an entry of a ConfigMap called like a password; a private key anywhere; the copy of a manifest
//! that `kubectl apply` leaves in an annotation. [`register`] tells [`Sources`] about the values of the objects that were read,
//! about what they were made from, and about their texts, parts and encodings.

use crate::managed::LAST_APPLIED_ANNOTATION;
use crate::manifest::Object;
use crate::merge::scalar_text;
use crate::names;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use plimsoll_diag::escape::{hex, html};
use plimsoll_diag::secrets::{is_credential, is_plain_word, is_secret_container};
use plimsoll_diag::{Sources, Span, nearest};
use plimsoll_yaml::{Map, Node, Value};
use regex::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// The shortest text that is looked for in other texts; shorter ones are everywhere.
pub const MIN_INSIDE: usize = 3;
/// From here on a text is long enough not to be found by chance.
pub const MIN_ANYWHERE: usize = 6;
/// The shortest word of a longer value that counts as a secret by itself.
pub const MIN_WORD: usize = 8;
/// The shortest line of several words that does.
const MIN_LINE: usize = 16;

/// Fields that name things. They tell objects and their parts from one another, so they are never secret.
pub const NAMES: [&str; 4] = ["apiVersion", "kind", "name", "namespace"];

/// Whether a kind is `Secret`, or meant to be: `secret`, `Secert`.
pub fn is_secret_kind(kind: &str) -> bool {
    kind.eq_ignore_ascii_case("Secret") || nearest(kind, ["Secret"]).is_some()
}

fn is_secret(root: &Node) -> bool {
    is_secret_kind(root.get("kind").map_or("", as_text))
}

/// Where a node stands, as far as that decides whether it is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Nowhere in particular.
    Plain,
    /// In the metadata of a Secret.
    SecretMetadata,
    /// In the data of a ConfigMap.
    Settings,
    /// In annotations.
    Annotations,
    /// In a secret value.
    Hidden,
}

/// A map whose fields are looked at.
struct Fields<'m> {
    map: &'m Map,
    /// Where the map stands.
    scope: Scope,
    kind: &'m str,
    is_secret: bool,
}

impl<'m> Fields<'m> {
    fn new(map: &'m Map, scope: Scope) -> Self {
        let kind = map.get("kind").map_or("", as_text);
        Self { map, scope, kind, is_secret: is_secret_kind(kind) }
    }

    fn text(&self, key: &str) -> &'m str {
        self.map.get(key).map_or("", as_text)
    }

    /// The scope of the value at `key`.
    fn scope_of(&self, key: &str) -> Scope {
        if self.scope == Scope::Hidden {
            return Scope::Hidden;
        }
        if self.is_secret {
            return match key {
                "apiVersion" | "kind" | "type" | "immutable" => Scope::Plain,
                "metadata" => Scope::SecretMetadata,
                _ => Scope::Hidden,
            };
        }
        match self.scope {
            Scope::Annotations if key == LAST_APPLIED_ANNOTATION => return Scope::Hidden,
            Scope::SecretMetadata if !METADATA.contains(&key) => return Scope::Hidden,
            Scope::Settings if is_credential(key) && is_literal(self.text(key)) => return Scope::Hidden,
            _ => {}
        }
        match key {
            "annotations" => Scope::Annotations,
            "value" if is_secret_variable(self.text("name"), self.text("value")) => Scope::Hidden,
            "data" if self.kind == "ConfigMap" => Scope::Settings,
            _ => Scope::Plain,
        }
    }
}

impl Scope {
    fn hides(self, node: &Node) -> bool {
        let is_private_key = |text: &str| {
            text.len() > 2 * MIN_ANYWHERE && text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----")
        };
        match &node.value {
            Value::Map(_) | Value::Seq(_) | Value::Null => false,
            Value::String(text) => self == Self::Hidden || is_private_key(text),
            _ => self == Self::Hidden,
        }
    }
}

fn as_text(node: &Node) -> &str {
    node.as_str().unwrap_or_default()
}

/// The fields of `ObjectMeta`.
const METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Sees the secret scalars of an object, each with the key that it stands under.
pub fn each_secret<'n>(root: &'n Node, see: &mut impl FnMut(&'n str, &'n Node)) {
    each_in(root, "", Scope::Plain, &mut |key, node, is_secret| {
        if is_secret {
            see(key, node);
        }
    });
}

/// Sees every scalar, the key that it stands under, and whether it is secret.
fn each_in<'n>(node: &'n Node, key: &'n str, scope: Scope, see: &mut impl FnMut(&'n str, &'n Node, bool)) {
    match &node.value {
        Value::Map(map) => {
            let fields = Fields::new(map, scope);
            for entry in map {
                each_in(&entry.value, &entry.key, fields.scope_of(&entry.key), see);
            }
        }
        Value::Seq(items) => items.iter().for_each(|item| each_in(item, key, scope, see)),
        _ => see(key, node, scope.hides(node)),
    }
}

/// Changes the secret scalars of an object, as [`each_secret`] finds them.
pub fn change_secrets(root: &mut Node, change: &mut impl FnMut(&mut Node)) {
    change_in(root, Scope::Plain, change);
}

fn change_in(node: &mut Node, scope: Scope, change: &mut impl FnMut(&mut Node)) {
    if scope.hides(node) {
        return change(node);
    }
    match &mut node.value {
        Value::Map(map) => {
            let fields = Fields::new(map, scope);
            let scopes: Vec<Scope> = map.iter().map(|entry| fields.scope_of(&entry.key)).collect();
            for (entry, scope) in map.iter_mut().zip(scopes) {
                change_in(&mut entry.value, scope, change);
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| change_in(item, scope, change)),
        _ => {}
    }
}

/// A step of the way to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStep<'p> {
    /// A field of a map.
    Field(&'p str),
    /// An item of a list, with its name if it has one.
    Item(Option<&'p str>),
}

/// Changes the secret scalars of a part of an object, which stands at `path` in an object of that kind.
pub fn change_secrets_at(
    kind: &str,
    path: &[PathStep<'_>],
    part: &mut Node,
    change: &mut impl FnMut(&mut Node),
) {
    let mut root = enclose(path, std::mem::replace(part, Node::bare("")));
    if let Some(map) = root.as_map_mut() {
        map.insert("kind", Span::NONE, Node::bare(kind));
    }
    change_secrets(&mut root, change);
    let inner = path.iter().try_fold(&mut root, |node, step| match (step, &mut node.value) {
        (PathStep::Field(field), Value::Map(map)) => map.get_mut(field),
        (PathStep::Item(_), Value::Seq(items)) => items.first_mut(),
        _ => None,
    });
    if let Some(inner) = inner {
        *part = std::mem::replace(inner, Node::bare(""));
    }
}

/// The node at the end of a path through maps and lists that hold nothing else, but that items keep their names.
fn enclose(path: &[PathStep<'_>], node: Node) -> Node {
    let Some((step, rest)) = path.split_first() else { return node };
    let mut inner = enclose(rest, node);
    match step {
        PathStep::Field(field) => {
            let mut map = Map::new();
            map.insert(*field, Span::NONE, inner);
            Node::bare(map)
        }
        PathStep::Item(name) => {
            // The part itself stays as it is.
            if let (Some(name), Some(map)) = (name, inner.as_map_mut())
                && !rest.is_empty()
                && !map.contains_key("name")
            {
                map.insert("name", Span::NONE, Node::bare(*name));
            }
            Node::bare(vec![inner])
        }
    }
}

/// Tells `sources` what in these objects is secret: see [`Sources::conceal`].
pub fn register(sources: &Sources, objects: &[Object]) {
    let roots: Vec<Arc<Node>> = objects.iter().map(|object| Arc::clone(&object.root)).collect();
    sources.conceal_later(move |sources| {
        for root in &roots {
            register_object(sources, root);
        }
    });
}

fn register_object(sources: &Sources, root: &Node) {
    let kind = if is_secret(root) { Text::Encoded } else { Text::Plain };
    let mut names = Vec::new();
    each_in(root, "", Scope::Plain, &mut |key, node, is_secret| {
        if is_secret {
            register_secret(sources, key, node, kind);
        }
        if matches!(node.value, Value::String(_)) && NAMES.contains(&key) {
            names.push(node.span);
        }
    });
    sources.publish(&names);
}

/// Tells `sources` the texts that are secret in an object, whose places it does not know: for messages that quote the object
/// wherever they like.
pub fn register_texts(sources: &Sources, root: &Node) {
    let kind = if is_secret(root) { Text::Encoded } else { Text::Whole };
    each_secret(root, &mut |key, node| register_secret(sources, key, node, kind));
}

/// Tells `sources` about values that were encrypted, each with its key: all of them are secret, and everything that is made
/// from them.
pub fn register_decrypted<'n>(sources: &Sources, values: impl Iterator<Item = (&'n str, &'n Node)>) {
    for (key, node) in values {
        sources.conceal(node.span);
        register_secret(sources, key, node, Text::Whole);
    }
}

/// Tells `sources` what in the values of a chart is secret by its key. Which values go into Secrets is known only when they
/// have; a template that fails has to hide them all the same.
pub fn register_values(sources: &Sources, values: &Arc<Node>) {
    let values = Arc::clone(values);
    sources.conceal_later(move |sources| register_value(sources, "", false, &values));
}

fn register_value(sources: &Sources, key: &str, in_container: bool, node: &Node) {
    match &node.value {
        Value::Map(map) => {
            let inside = in_container || is_secret_container(key);
            map.iter().for_each(|entry| register_value(sources, &entry.key, inside, &entry.value));
        }
        Value::Seq(items) => items.iter().for_each(|item| register_value(sources, key, in_container, item)),
        Value::Null | Value::Bool(_) => {}
        _ if in_container || is_credential(key) => register_secret(sources, key, node, Text::Whole),
        _ => {}
    }
}

/// What the text of a secret value says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    /// The secret itself.
    Whole,
    /// The secret itself, perhaps in base64: the values of Secrets.
    Encoded,
    /// A value that is secret where it stands. Other places may show the same text, unless it is a private key.
    Plain,
}

/// Registers a secret value that stands under `key`.
fn register_secret(sources: &Sources, key: &str, node: &Node, kind: Text) {
    let text = scalar_text(node).unwrap_or_default().into_owned();
    let decoded = || decoded(&text).and_then(|bytes| String::from_utf8(bytes).ok());
    let mut readings = vec![text.clone()];
    readings.extend(if kind == Text::Encoded { decoded() } else { None });
    readings.retain(|reading| !reading.trim().is_empty());
    if readings.is_empty() || readings.iter().any(|reading| is_public(key, reading.trim())) {
        return;
    }
    sources.conceal(node.span);
    if kind != Text::Plain || text.contains("PRIVATE KEY") {
        for reading in &readings {
            conceal_text(key, reading, sources);
        }
    }
}

/// Registers a secret text, its parts, and their encodings.
fn conceal_text(key: &str, text: &str, sources: &Sources) {
    for part in secret_parts(text).into_iter().chain([text.trim().to_owned()]) {
        if !is_public(key, &part) {
            for form in forms(&part) {
                sources.conceal_text(&form);
            }
        }
    }
}

/// The bytes of base64 in either alphabet, with or without padding and line breaks.
pub fn decoded(text: &str) -> Option<Vec<u8>> {
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

/// The forms in which a text gives a secret away: as it is, escaped, and encoded.
fn forms(text: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([text.to_owned()]);
    if text.len() >= MIN_INSIDE {
        forms.insert(STANDARD.encode(text));
        forms.insert(hex(text.as_bytes()));
    }
    if text.len() >= MIN_ANYWHERE && !is_plain_word(text) {
        forms.extend([text.to_uppercase(), text.to_lowercase()]);
    }
    if text.len() >= MIN_ANYWHERE {
        let json = serde_json::Value::from(text).to_string();
        forms.insert(json.trim_matches('"').to_owned());
        forms.insert(html(text));
        forms.insert(percent(text));
        for before in 0..3 {
            forms.insert(base64_inside(text, before));
            forms.insert(base64_inside(text, before).replace('+', "-").replace('/', "_"));
        }
    }
    forms.retain(|form| form.len() >= MIN_INSIDE);
    forms
}

/// The base64 digits that depend on `text` alone, where `before` bytes come before it in a group of three.
fn base64_inside(text: &str, before: usize) -> String {
    let encoded = STANDARD_NO_PAD.encode([&vec![0; before][..], text.as_bytes()].concat());
    let (from, to) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
    encoded.get(from..to).unwrap_or_default().to_owned()
}

fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `DB_USER` and `dbUser` are `dbuser`.
fn letters_and_digits(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a value of a Secret is no secret by itself: a common word, or a plain word or a short number under a key that
/// names a user, a host, a database or the like. Charts keep whole environments in Secrets.
pub fn is_public(key: &str, value: &str) -> bool {
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

/// The parts of a secret value that are secret by themselves: its lines, passwords in URLs and after a user's name, what
/// follows the name of a credential, and words that look random.
pub fn secret_parts(value: &str) -> Vec<String> {
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

/// Whether an environment variable of that name and value is a secret itself, rather than the place or the name of one.
pub fn is_secret_variable(name: &str, value: &str) -> bool {
    is_secret_name(name) && is_literal(value) && !names_a_secret(name, value)
}

/// What a Secret holds. A variable that is called after it and `SECRET` has the Secret's name as its value.
const HELD: [&str; 13] = [
    "CA",
    "CERT",
    "CERTIFICATE",
    "CREDENTIAL",
    "CREDENTIALS",
    "EXISTING",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PULL",
    "SSL",
    "TLS",
];

/// Whether a variable holds the name of a Secret, or of a key in it: `DB_PASSWORD_SECRET: db-credentials`,
/// `DB_PASSWORD_SECRET_KEY: password`. What is no such name is not one, whatever the variable is called.
fn names_a_secret(name: &str, value: &str) -> bool {
    let name = split_words(name);
    let held = name.strip_suffix("_KEY").unwrap_or(&name).strip_suffix("_SECRET");
    let is_called_after =
        held.is_some_and(|held| HELD.contains(&held.rsplit('_').next().unwrap_or_default()));
    is_called_after && names::dns1123_subdomain(value).is_empty()
}

/// Whether a variable is called after a Secret: its value may be the name of one.
pub fn ends_in_secret(name: &str) -> bool {
    split_words(name).ends_with("SECRET")
}

fn split_words(name: &str) -> String {
    name.to_ascii_uppercase().replace(['-', '.'], "_")
}

/// Whether a variable of that name holds a secret itself, rather than the place or the name of one.
fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "PRIVATEKEY", "CREDENTIALS"];
    const KEYS: [&str; 4] = ["API_KEY", "PRIVATE_KEY", "SECRET_KEY", "ACCESS_KEY"];
    let name = split_words(name);
    let last = name.rsplit('_').next().unwrap_or_default();
    // Names by which members of a cluster identify each other are not secrets.
    if name.ends_with("CLUSTER_TOKEN") {
        return false;
    }
    WORDS.contains(&last) || KEYS.iter().any(|key| name == *key || name.ends_with(&format!("_{key}")))
}

/// Whether a value is the secret itself: not empty, not a reference, not a path, not a switch.
fn is_literal(value: &str) -> bool {
    let switch = ["true", "false", "yes", "no", "on", "off", "0", "1", "none", "null"];
    !value.is_empty()
        && !value.starts_with('/')
        && !value.contains("$(")
        && !value.contains("=/")
        && !REFERENCES.iter().any(|reference| value.starts_with(reference))
        && !switch.contains(&value.to_ascii_lowercase().as_str())
}

/// How values begin that some tool in the container or the cluster replaces by the secret.
const REFERENCES: [&str; 7] =
    ["vault:", "ref+", "arn:aws:", "op://", "gcp:secretmanager:", "azurekeyvault@", "file:"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::load_stdin;
    use plimsoll_yaml::ReadOptions;

    fn secrets(text: &str) -> Vec<String> {
        let sources = Sources::new();
        let objects = load_stdin(&sources, text.to_owned(), &ReadOptions::lenient()).output.unwrap();
        let mut found = Vec::new();
        for object in &objects {
            each_secret(&object.root, &mut |key, node| {
                found.push(format!("{key}={}", scalar_text(node).unwrap()));
            });
            let mut changed = 0;
            change_secrets(&mut Node::clone(&object.root), &mut |_| changed += 1);
            assert_eq!(changed, found.len());
        }
        found
    }

    #[test]
    fn every_field_of_a_secret_is_secret_but_what_names_it() {
        for (text, found) in [
            ("kind: Secret\nmetadata: {name: a, labels: {b: c}}\ntype: Opaque\ndata: {d: e}\n", vec!["d=e"]),
            ("kind: secret\nstringdata: {d: e}\ndat: [f]\npassword: 1\n", vec!["d=e", "dat=f", "password=1"]),
            ("kind: Secert\nmetadata: {data: {d: e}}\n", vec!["d=e"]),
            ("kind: SealedSecret\nspec: {encryptedData: {d: e}}\n", vec![]),
            ("kind: ExternalSecret\nspec: {data: {d: e}}\n", vec![]),
            ("kind: Template\nobjects: [{kind: Secret, data: {d: e}}]\n", vec!["d=e"]),
            (
                "kind: ConfigMap\ndata: {level: info, password: x, key: '-----BEGIN PRIVATE KEY-----'}\n",
                vec!["password=x", "key=-----BEGIN PRIVATE KEY-----"],
            ),
            (
                "kind: Pod\nspec: {containers: [{env: [{name: A_TOKEN, value: x}, {name: B, value: y}]}]}\n",
                vec!["value=x"],
            ),
            (
                "kind: Pod\nmetadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: x, a: b}}\n",
                vec!["kubectl.kubernetes.io/last-applied-configuration=x"],
            ),
        ] {
            assert_eq!(secrets(&format!("apiVersion: v1\n{text}")), found, "{text}");
        }
    }

    #[test]
    fn base64_is_found_at_any_offset() {
        for before in ["", "a", "ab", "abc"] {
            let encoded = STANDARD.encode(format!("{before}hunter2!x"));
            let inside = base64_inside("hunter2!", before.len() % 3);
            assert!(encoded.contains(&inside) && inside.len() >= 9, "{inside} in {encoded}");
        }
    }

    #[test]
    fn names_of_secrets_are_told_from_their_places() {
        for name in
            ["PASSWORD", "db_password", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "api-key", "CLIENT_SECRET"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["PASSWORD_FILE", "TOKEN_TTL", "SECRET_NAME", "KEY", "TOKENIZER", "ETCD_INITIAL_CLUSTER_TOKEN"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        for value in ["", "/run/secrets/x", "$(OTHER)", "true", "vault:secret/x", "jwt,priv-key=/opt/key.pem"]
        {
            assert!(!is_literal(value), "{value}");
        }
        assert!(is_literal("hunter2"));
    }

    #[test]
    fn the_name_of_a_secret_is_none() {
        for (name, value) in [
            ("DB_PASSWORD_SECRET", "my-secret"),
            ("existing-secret", "my-release-postgresql"),
            ("IMAGE_PULL_SECRET", "registry.example.com"),
            ("DB_PASSWORD_SECRET_KEY", "password"),
        ] {
            assert!(names_a_secret(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("CLIENT_SECRET", "my-secret"),
            ("DB_PASSWORD", "my-secret"),
            ("DB_PASSWORD_SECRET", "Hunter2!"),
            ("SECRET", "a"),
        ] {
            assert!(!names_a_secret(name, value), "{name}: {value}");
        }
    }
}
