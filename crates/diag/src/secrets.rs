//! What must not be shown: the values of Secrets, wherever they stand.
//!
//! Two things are known about a secret. Its **places**: where it stands in rendered text, in the template, and in the values
//! that it came from, found by following origins, not by comparing texts. And its **texts**: itself and its encodings,
//! for what origins cannot follow, such as a message that quotes it. Whoever reads manifests registers both in
//! [`Sources`]; whoever shows a text asks them.
//!
//! Before manifests can be read (a values file is broken, a template fails) nothing is registered. An excerpt then hides what
//! looks like a secret by its key or its surroundings: see `suspicious`.

use crate::escape::{begins_command, is_unprintable};
use crate::{Source, SourceKind, Sources, Span};
use regex::Regex;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError, RwLock, RwLockReadGuard};

/// Stands for a secret in a message.
pub const HIDDEN: &str = "(secret)";
/// The shortest text that is looked for; shorter ones are everywhere.
const MIN_LENGTH: usize = 3;
/// From here on a text that is not a plain word is found at any place, also amid other letters.
const MIN_ANYWHERE: usize = 6;

/// A plain word of that length is rarely in a sentence by chance.
const LONG_WORD: usize = 8;

/// What was registered.
#[derive(Debug, Default)]
pub(crate) struct Concealed {
    known: RwLock<Known>,
    /// What has been put off.
    pending: Mutex<Pending>,
    /// Whether all is shown nevertheless.
    is_off: AtomicBool,
}

/// Registers secrets.
type Registration = Box<dyn FnOnce(&Sources) + Send>;

#[derive(Default)]
struct Pending(Vec<Registration>);

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} registrations", self.0.len())
    }
}

#[derive(Debug, Default)]
struct Known {
    /// Where secrets stand.
    secret: Places,
    /// Where names come from: they are public, even if a Secret contains one of them.
    public: Places,
    /// Their texts, by how they begin, the longest first.
    texts: BTreeMap<[u8; MIN_LENGTH], BTreeSet<Longest>>,
    /// Names.
    names: BTreeSet<String>,
    /// The sources of which every secret is known.
    read: BTreeSet<crate::SourceId>,
}

type Places = BTreeMap<crate::SourceId, BTreeSet<(u32, u32)>>;

fn insert(places: &mut Places, spans: Vec<Span>) {
    for span in spans {
        places.entry(span.source).or_default().insert((span.start, span.end));
    }
}

/// A text, ordered by length, the longest first.
#[derive(Debug, PartialEq, Eq)]
struct Longest(String);

impl Ord for Longest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.len().cmp(&self.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Longest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Known {
    fn is_secret(&self, span: Span) -> bool {
        let places = |places: &Places, is: fn(Span, (u32, u32)) -> bool| {
            places.get(&span.source).is_some_and(|found| found.iter().any(|place| is(span, *place)))
        };
        places(&self.secret, |span, (start, end)| span.start < end && start < span.end)
            && !places(&self.public, |span, place| place == (span.start, span.end))
    }

    /// The secret texts in a text.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        for (at, start) in text.as_bytes().windows(MIN_LENGTH).enumerate() {
            let candidates = start.first_chunk().and_then(|start| self.texts.get(start));
            if at < from || candidates.is_none() || !text.is_char_boundary(at) {
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            let matching = candidates.into_iter().flatten().find(|secret| {
                rest.starts_with(secret.0.as_str())
                    && is_apart(&secret.0, text, at)
                    && !self.names.contains(&secret.0)
            });
            if let Some(Longest(secret)) = matching {
                from = at + secret.len();
                found.push(at..from);
            }
        }
        found
    }
}

/// Whether `part`, found in `text`, is not a piece of a word by chance. A short one counts between other characters than
/// letters and digits, a short plain word or number only where it is quoted or alone, anything else anywhere.
fn is_apart(part: &str, text: &str, at: usize) -> bool {
    let (before, after) = (text.get(..at), text.get(at + part.len()..));
    let before = before.and_then(|before| before.chars().next_back());
    let after = after.and_then(|after| after.chars().next());
    if before.is_none() && after.is_none() {
        return true;
    }
    let is_short_number = part.len() == MIN_LENGTH && part.bytes().all(|byte| byte.is_ascii_digit());
    if is_short_number || is_plain_word(part) && part.len() < LONG_WORD {
        let is_quote = |c: Option<char>| c.is_some_and(|c| "`'\"".contains(c));
        return is_quote(before) && is_quote(after);
    }
    let joins = |a: Option<char>, b: Option<char>| {
        a.is_some_and(char::is_alphanumeric) && b.is_some_and(char::is_alphanumeric)
    };
    part.len() >= MIN_ANYWHERE && !is_plain_word(part)
        || !joins(before, part.chars().next()) && !joins(part.chars().next_back(), after)
}

/// A word as it stands in names and sentences: lower-case letters and hyphens.
pub fn is_plain_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Whether a text is like a password or a key, and unlike a name, an address or a path.
fn is_distinctive(text: &str) -> bool {
    text.len() >= LONG_WORD
        && text.contains(|c: char| c.is_ascii_digit())
        && text.contains(char::is_alphabetic)
        && !text.contains(|c: char| c.is_whitespace() || "./:@,".contains(c))
}

impl Sources {
    /// Shows secrets from now on: the user asked for them.
    pub fn show_secrets(&self) {
        self.concealed.is_off.store(true, Ordering::Relaxed);
    }

    /// Whether they are shown.
    pub fn shows_secrets(&self) -> bool {
        self.concealed.is_off.load(Ordering::Relaxed)
    }

    /// Puts `register` off until somebody asks what is secret: most runs show nothing of their input, and then nobody does.
    /// It may register, but not ask.
    pub fn conceal_later(&self, register: impl FnOnce(&Self) + Send + 'static) {
        let mut pending = self.concealed.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.0.push(Box::new(register));
    }

    /// Everything that was registered.
    fn known(&self) -> RwLockReadGuard<'_, Known> {
        // Whoever asks meanwhile waits, and does not show what is about to be registered.
        let mut pending = self.concealed.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.0.drain(..).for_each(|register| register(self));
        drop(pending);
        self.concealed.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the place of a secret and, in rendered text, the places that it came from. A distinctive text at one of
    /// these places is concealed wherever it stands, because messages may quote it.
    pub fn conceal(&self, span: Span) {
        let places = self.places_behind(span, true);
        for place in &places {
            let source = self.get(place.source);
            let text = source.as_ref().and_then(|source| source.slice(*place)).unwrap_or_default();
            let text = text.trim_matches(['"', '\'']);
            if is_distinctive(text) {
                self.conceal_text(text);
            }
        }
        let mut known = self.concealed.known.write().unwrap_or_else(PoisonError::into_inner);
        insert(&mut known.secret, places);
    }

    /// Registers places where names stand. What they came from, and their texts, are shown.
    pub fn publish(&self, spans: &[Span]) {
        let found: Vec<(Vec<Span>, Option<String>)> = spans
            .iter()
            .map(|span| {
                let source = self.get(span.source);
                let text = source.as_ref().and_then(|source| source.slice(*span));
                let name = text.map(|text| text.trim_matches(['"', '\'']).to_owned());
                (self.places_behind(*span, false), name)
            })
            .collect();
        let mut known = self.concealed.known.write().unwrap_or_else(PoisonError::into_inner);
        for (places, name) in found {
            insert(&mut known.public, places);
            known.names.extend(name);
        }
    }

    /// A place, the values that the text there was made from, and with `literals` the template's own text in it.
    fn places_behind(&self, span: Span, literals: bool) -> Vec<Span> {
        let Some(source) = self.get(span.source).filter(|_| span.start < span.end) else { return Vec::new() };
        let mut places = vec![span];
        if let SourceKind::Rendered(map) = &source.kind {
            for segment in map.segments_of(span) {
                let is_from_values = |value: &Span| {
                    // The name and version of a chart are published with it.
                    self.get(value.source).is_some_and(|source| !source.name.ends_with("Chart.yaml"))
                };
                places.extend(segment.value.filter(is_from_values));
                let is_literal = literals && segment.verbatim && segment.value.is_none();
                let text = self.get(segment.template.source).filter(|_| is_literal);
                let text = text.as_ref().and_then(|source| source.slice(segment.template));
                if text.is_some_and(|text| text.chars().any(char::is_alphanumeric)) {
                    places.push(segment.template);
                }
            }
        }
        places
    }

    /// Notes that every Secret in a source was read: what its manifests hide is known, and need not be guessed.
    pub fn mark_read(&self, id: crate::SourceId) {
        self.concealed.known.write().unwrap_or_else(PoisonError::into_inner).read.insert(id);
    }

    /// Registers what a rendered text came from that cannot be read, if it is meant to be a Secret.
    pub fn conceal_unreadable(&self, id: crate::SourceId) {
        let Some(source) = self.get(id) else { return };
        let SourceKind::Rendered(map) = &source.kind else { return };
        if looks_like_secret(&source.text) {
            let whole = Span::new(id, 0, source.text.len());
            map.segments_of(whole)
                .iter()
                .filter_map(|segment| segment.value)
                .for_each(|value| self.conceal(value));
        }
    }

    /// Registers a text that gives a secret away.
    pub fn conceal_text(&self, text: &str) {
        if let Some(start) = text.as_bytes().first_chunk() {
            let mut known = self.concealed.known.write().unwrap_or_else(PoisonError::into_inner);
            known.texts.entry(*start).or_default().insert(Longest(text.to_owned()));
        }
    }

    /// Whether a secret stands at a place, or what stands there was made from one.
    pub fn is_concealed(&self, span: Span) -> bool {
        if self.shows_secrets() || span.start >= span.end {
            return false;
        }
        let known = self.known();
        if known.secret.is_empty() {
            return false;
        }
        let made_from = match self.get(span.source).as_deref() {
            Some(Source { kind: SourceKind::Rendered(map), .. }) => map.segments_of(span),
            _ => Vec::new(),
        };
        known.is_secret(span)
            || made_from.iter().filter_map(|segment| segment.value).any(|value| known.is_secret(value))
    }

    /// A text without the secrets that are known by their texts.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find_secrets(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for range in found {
            out.push_str(text.get(from..range.start).unwrap_or_default());
            out.push_str(HIDDEN);
            from = range.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Whether a text contains a secret that is known by its text.
    pub fn gives_away(&self, text: &str) -> bool {
        !self.find_secrets(text).is_empty()
    }

    fn find_secrets(&self, text: &str) -> Vec<Range<usize>> {
        if self.shows_secrets() {
            return Vec::new();
        }
        self.known().find(text)
    }

    /// An excerpt of a source with as many bytes, asterisks in place of secrets.
    pub(crate) fn excerpt(&self, source: &Source, id: crate::SourceId, range: Range<usize>) -> String {
        let text = source.text.get(range.clone()).unwrap_or_default();
        if self.shows_secrets() {
            return visible(text.to_owned());
        }
        let mut hidden = self.find_secrets(text);
        {
            let known = self.known();
            for &(start, end) in known.secret.get(&id).into_iter().flatten() {
                let is_public = known.public.get(&id).is_some_and(|public| public.contains(&(start, end)));
                let (start, end) = (start as usize, end as usize);
                if !is_public && start < range.end && range.start < end {
                    let from = start.max(range.start) - range.start;
                    hidden.push(from..end.min(range.end) - range.start);
                }
            }
            if let SourceKind::Rendered(map) = &source.kind {
                hidden.extend(map.secret_ranges(range.clone(), |value| known.is_secret(value)));
            }
        }
        let is_read = self.known().read.contains(&id);
        hidden.extend(suspicious(&source.text, &range, is_read).into_iter().filter_map(|found| {
            let (start, end) = (found.start.max(range.start), found.end.min(range.end));
            (start < end).then(|| start - range.start..end - range.start)
        }));
        let mut bytes = text.as_bytes().to_vec();
        for place in hidden {
            let place = floor(text, place.start)..floor(text, place.end);
            for byte in bytes.get_mut(place).into_iter().flatten() {
                // Lines and their indentation stay.
                if !matches!(*byte, b'\n' | b'\r' | b' ') {
                    *byte = b'*';
                }
            }
        }
        visible(String::from_utf8(bytes).unwrap_or_default())
    }
}

/// The same number of bytes without characters that are not what they seem: the frame counts bytes to place its marks.
fn visible(text: String) -> String {
    let is_odd = |at: usize, c: char| (!c.is_ascii() && is_unprintable(c)) || begins_command(&text, at);
    if !text.char_indices().any(|(at, c)| is_odd(at, c)) {
        return text;
    }
    let shown = |(at, c): (usize, char)| match c.len_utf8() {
        _ if !is_odd(at, c) => c.to_string(),
        3 => char::REPLACEMENT_CHARACTER.to_string(),
        length => "?".repeat(length),
    };
    text.char_indices().map(shown).collect()
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether a key names a credential: `password`, `DB_PASSWORD`, `apiKey`.
pub fn is_credential(key: &str) -> bool {
    const WORDS: [&str; 15] = [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "credential",
        "credentials",
        "token",
        "apikey",
        "privatekey",
        "secretkey",
        "accesskey",
        "signingkey",
        "encryptionkey",
        "clientsecret",
        "authsecret",
    ];
    // `DB_PASSWORD` and `dbPassword` end in `password`. Every key of every values file is asked for.
    let letters =
        || key.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    let ends_with = |word: &&str| {
        let mut letters = letters();
        word.bytes().rev().all(|byte| letters.next() == Some(byte))
    };
    WORDS.iter().any(ends_with) || letters().eq("secret".bytes().rev())
}

/// What in a part of a file looks like a secret, by the lines alone: values of keys that name a credential, what is below a key
/// like `secretEnv`, private keys and, unless the file `is_read`, everything but names in a document that says `kind: Secret`.
/// Expressions of templates are no secrets; texts in them may be.
fn suspicious(text: &str, part: &Range<usize>, is_read: bool) -> Vec<Range<usize>> {
    static ENTRY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"^[ \t]*(?:- +)*["']?([A-Za-z0-9_./-]+)["']?[ \t]*:(?:[ \t]+|$)"#).ok()
    });
    static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"([A-Za-z0-9_.-]+)["']?[ \t]*[:=][ \t]*("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}\]\[{]+)"#)
            .ok()
    });
    let (Some(entry), Some(assignment)) = (ENTRY.as_ref(), ASSIGNMENT.as_ref()) else { return Vec::new() };
    let document = surroundings(text, part);
    let in_manifest = !is_read && looks_like_secret(text.get(document.clone()).unwrap_or_default());
    let mut found = Vec::new();
    let mut at = document.start;
    // The indentation of a key below which everything is hidden.
    let mut below: Option<usize> = None;
    let mut in_key = false;
    for line in text.get(document).unwrap_or_default().split_inclusive('\n') {
        let start = at;
        at += line.len();
        if start > part.end {
            break;
        }
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.trim().is_empty() || line.trim_end() == "---" {
            continue;
        }
        let is_nested = below.is_some_and(|below| indent > below);
        if !is_nested {
            below = None;
        }
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
            in_key = true;
        }
        let key = entry.captures(line.trim_end());
        let name = key.as_ref().and_then(|key| key.get(1)).map_or("", |name| name.as_str());
        let value = key.as_ref().and_then(|key| key.get(0)).map_or(indent, |whole| whole.end());
        let is_hidden = is_nested
            || in_key
            || (is_secret_container(name)
                && line
                    .get(value..)
                    .is_some_and(|rest| rest.trim().is_empty() || rest.starts_with(['{', '[', '|', '>'])))
            || (key.is_some() && is_credential(name))
            || (in_manifest && !is_public_field(name));
        if is_hidden {
            hide_line(line, start, value, &mut found);
            if !is_nested && key.is_some() {
                below = Some(indent);
            }
        } else {
            for assigned in assignment.captures_iter(line) {
                let name = assigned.get(1).map_or("", |name| name.as_str());
                let mut above = name.split('.').rev().skip(1);
                let is_secret = is_credential(name) || above.any(is_secret_container);
                if let Some(value) = assigned.get(2).filter(|_| is_secret) {
                    hide_line(&line[..value.end()], start, value.start(), &mut found);
                }
            }
        }
        if line.contains("-----END") {
            in_key = false;
        }
    }
    found
}

/// The document around a part of a text; of a very long one what is near.
fn surroundings(text: &str, part: &Range<usize>) -> Range<usize> {
    const NEAR: usize = 64 << 10;
    let from = floor(text, part.start.saturating_sub(NEAR));
    let before = text.get(from..floor(text, part.start)).unwrap_or_default();
    let start = match before.rfind("\n---") {
        Some(separator) => from + separator + 1,
        None if from == 0 => 0,
        None => from + before.find('\n').map_or(0, |newline| newline + 1),
    };
    let end = floor(text, part.end.saturating_add(NEAR));
    let inside = floor(text, part.start.max(start));
    let after = text.get(inside..end).and_then(|after| after.find("\n---"));
    start..after.map_or(end, |separator| (inside + separator).max(floor(text, part.end)))
}

/// Whether a document says `kind: Secret`, whatever else is wrong with it.
fn looks_like_secret(document: &str) -> bool {
    static KIND: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let block = r#"^\s*(?:- +)?(?:\{.*)?["']?kind["']?\s*:\s*["']?secret\b"#;
        Regex::new(&format!(r#"(?im){block}|"kind"\s*:\s*"secret""#)).ok()
    });
    KIND.as_ref().is_some_and(|kind| kind.is_match(document))
}

/// Hides a line from `from` on, but not the expressions of templates: of these the texts that they use by default.
fn hide_line(line: &str, start: usize, from: usize, found: &mut Vec<Range<usize>>) {
    static EXPRESSION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{.*?\}\}|\{%.*?%\}").ok());
    static DEFAULT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"default[ (]+(?:value *= *)?("(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`|[0-9]+)"#).ok()
    });
    let mut at = from;
    for expression in EXPRESSION.as_ref().into_iter().flat_map(|regex| regex.find_iter(line)) {
        found.push(start + at..start + expression.start().max(at));
        for text in DEFAULT.as_ref().into_iter().flat_map(|regex| regex.captures_iter(expression.as_str())) {
            let text = text.get(1).map_or(0..0, |text| text.range());
            found.push(start + expression.start() + text.start..start + expression.start() + text.end);
        }
        at = expression.end().max(at);
    }
    found.push(start + at..start + line.trim_end().len().max(at));
    found.retain(|range| !range.is_empty());
}

/// Whether a key of values has secrets below it: `secretEnv`, `secrets`, `stringData`. References to Secrets are none.
pub fn is_secret_container(key: &str) -> bool {
    let plain = key.to_ascii_lowercase();
    if !plain.contains("secret") || plain.contains(['/', '.']) {
        return plain == "stringdata";
    }
    let is_reference =
        ["name", "ref", "refs", "key", "keys", "enabled", "create", "class", "store", "path", "file"]
            .iter()
            .any(|end| plain.ends_with(end))
            || ["existing", "imagepull", "pull"].iter().any(|start| plain.starts_with(start));
    !is_reference
}

/// Whether a field of a Secret says nothing about its values.
fn is_public_field(key: &str) -> bool {
    const FIELDS: [&str; 12] = [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "type",
        "immutable",
        "labels",
        "annotations",
        "items",
        "data",
        "stringData",
    ];
    FIELDS.contains(&key) || key.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Segment, SourceMap};

    /// The lines with asterisks for what is hidden.
    fn hidden(text: &str) -> String {
        let sources = Sources::new();
        let id = sources.add("a.yaml", text, SourceKind::File);
        let lines = text.split_inclusive('\n').scan(0, |at, line| {
            *at += line.len();
            Some(*at - line.len()..*at)
        });
        lines.map(|line| sources.excerpt(&sources.get(id).unwrap(), id, line)).collect()
    }

    #[test]
    fn a_file_that_cannot_be_read_hides_what_looks_like_a_secret() {
        for (text, shown) in [
            ("db:\n  password: hunter2\n  user: app\n", "db:\n  password: *******\n  user: app\n"),
            ("db: {password: hunter2, user: app}\n", "db: {password: *******, user: app}\n"),
            ("db.password=hunter2,a=1", "db.password=*******,a=1"),
            ("secretEnv:\n  PIN: 1234\nport: 1234\n", "secretEnv:\n  PIN: ****\nport: 1234\n"),
            ("secretEnv.PIN=1234,x.y=2", "secretEnv.PIN=****,x.y=2"),
            ("tlsSecret: name\n", "tlsSecret: name\n"),
            ("secretEnv: {PIN: 1234}\n", "secretEnv: ***** *****\n"),
            ("existingSecret: db\nsecretName: x\n", "existingSecret: db\nsecretName: x\n"),
            ("token: |\n  ab\n  cd\nx: 1\n", "token: *\n  **\n  **\nx: 1\n"),
            (
                "kind: Secret\nmetadata:\n  name: a\ndata:\n  a: aGk=\n---\nkind: Pod\na: b\n",
                "kind: Secret\nmetadata:\n  name: a\ndata:\n  a: ****\n---\nkind: Pod\na: b\n",
            ),
            (r#"{"kind": "Secret", "data": {"a": "aGk="}}"#, r"******** ********* ******* ***** ********"),
            (
                "kind: Secret\ndata:\n  a: {{ .Values.pin | default \"1234\" | b64enc }}x\n",
                "kind: Secret\ndata:\n  a: {{ .Values.pin | default ****** | b64enc }}*\n",
            ),
            (
                "a: |\n  -----BEGIN PRIVATE KEY-----\n  MIIE\n",
                "a: |\n  ********** ******* ********\n  ****\n",
            ),
        ] {
            let shown = shown.to_owned();
            assert_eq!(hidden(text), shown, "{text}");
        }
    }

    #[test]
    fn what_was_made_from_a_secret_is_one_wherever_it_stands() {
        let sources = Sources::new();
        let template = sources.add("t.yaml", "pin: {{ p }}\nother: {{ p }}\n", SourceKind::File);
        let values = sources.add("values.yaml", "p: 7\nq: 7\n", SourceKind::File);
        let pin = Span::new(values, 3, 4);
        let segment = |start: u32, from: usize, to: usize, value: Option<Span>| Segment {
            start,
            template: Span::new(template, from, to),
            verbatim: value.is_none(),
            value,
        };
        let map = SourceMap::new(vec![
            segment(0, 0, 5, None),
            segment(5, 5, 12, Some(pin)),
            segment(6, 12, 20, None),
            segment(14, 20, 27, Some(pin)),
            segment(15, 27, 28, None),
        ]);
        let rendered = sources.add("t.yaml", "pin: 7\nother: 7\n", SourceKind::Rendered(map));
        assert!(!sources.is_concealed(Span::new(rendered, 14, 15)));
        sources.conceal(Span::new(rendered, 5, 6));
        for (source, start, end, is) in [
            (rendered, 5, 6, true),
            (rendered, 14, 15, true),
            (rendered, 7, 12, false),
            (values, 3, 4, true),
            (values, 8, 9, false),
            (template, 0, 3, false),
        ] {
            assert_eq!(sources.is_concealed(Span::new(source, start, end)), is, "{start}..{end}");
        }
        let excerpt = sources.excerpt(&sources.get(values).unwrap(), values, 0..10);
        assert_eq!(excerpt, "p: *\nq: 7\n");
        // A name is public, also in a Secret.
        sources.publish(&[Span::new(rendered, 14, 15)]);
        assert!(!sources.is_concealed(pin));
    }

    #[test]
    fn texts_are_found_where_they_are_no_chance() {
        let sources = Sources::new();
        for text in ["hunter2!", "1234", "swordfish", "tuna", "12345678"] {
            sources.conceal_text(text);
        }
        for (text, shown) in [
            ("xhunter2!y", "x(secret)y"),
            ("a 1234.", "a (secret)."),
            ("a12345", "a12345"),
            ("12345678", "(secret)"),
            ("`swordfish` and a swordfish", "`(secret)` and a (secret)"),
            ("tuna", "(secret)"),
            ("a `tuna` and a tuna", "a `(secret)` and a tuna"),
            ("ü1234ü", "ü1234ü"),
        ] {
            assert_eq!(sources.redact(text), shown);
        }
    }
}
