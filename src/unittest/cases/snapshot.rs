//! Snapshots of cases: what they hold, and when a render differs from one.
//!
//! A snapshot is YAML: the objects of the manifest and the hooks, as `plimsoll render` prints them but for comments and
//! layout. Secret values are not stored: digests take their places. Everybody knows the key of these digests, because a
//! snapshot is compared on other computers, too; what was made from encrypted values files has the same digest whatever it
//! is.

use crate::diag::escape::terminal;
use crate::diag::{Diagnostic, SourceKind, Sources, Span};
use crate::diff::render::{Style, plan};
use crate::diff::secrets::{folded, replace_digests};
use crate::diff::{self, Plan};
use crate::digest::{Digester, Key, is_digest};
use crate::history::Mask;
use crate::k8s::secrets::register_decrypted;
use crate::limits;
use crate::manifest::{self, Object};
use crate::render::{self, Render};
use crate::sops;
use crate::unittest::{MAX_FILE, read_text, values_of};
use crate::world::World;
use crate::yaml::{Node, ReadOptions, Value, emit};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How every snapshot begins. Files that begin otherwise are never replaced or removed.
const HEADER: &str = "# Snapshot of the case ";

/// The key and the salt of the digests.
const KEY: [u8; 32] = *b"plimsoll snapshots: a public key";
const SALT: [u8; 32] = [0; 32];

/// The most lines of a plan that are shown.
const MAX_LINES: usize = 60;

/// The most changes of which the places are shown.
const MAX_PLACES: usize = 3;

/// The secrets in the values of a case that are not told by where they end up.
#[derive(Debug, Default)]
pub(super) struct Secrets(Vec<(String, Node)>);

impl Secrets {
    /// The values of `user` that come from those of `files` that are encrypted.
    pub(super) fn find<'f>(
        world: &World,
        sources: &Sources,
        files: impl Iterator<Item = &'f PathBuf>,
        user: &Node,
    ) -> Self {
        let is_encrypted = |file: &&PathBuf| {
            let own = Sources::new();
            let text = world.read_text(file, MAX_FILE).ok();
            let source = text.map(|text| own.add("", text, SourceKind::File));
            source
                .and_then(|source| values_of(&own, source).ok())
                .is_some_and(|root| sops::is_encrypted(&root))
        };
        let encrypted: BTreeSet<String> =
            files.filter(is_encrypted).map(|file| file.display().to_string()).collect();
        let mut found = Self::default();
        if !encrypted.is_empty() {
            let is_from_one =
                |span: Span| sources.get(span.source).is_some_and(|source| encrypted.contains(&source.name));
            found.gather("", user, &is_from_one);
        }
        found
    }

    fn gather(&mut self, key: &str, node: &Node, is_secret: &dyn Fn(Span) -> bool) {
        match &node.value {
            Value::Map(map) => map.iter().for_each(|entry| self.gather(&entry.key, &entry.value, is_secret)),
            Value::Seq(items) => items.iter().for_each(|item| self.gather(key, item, is_secret)),
            Value::Null => {}
            value if is_secret(node.span) => {
                self.0.push((key.to_owned(), Node::new(value.clone(), Span::NONE)));
            }
            _ => {}
        }
    }
}

/// A render as it is stored.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) text: String,
    /// The objects of the render.
    objects: Vec<Object>,
    /// The same as they are stored.
    masked: Vec<Node>,
}

impl Snapshot {
    /// The snapshot of the case of that name.
    pub(super) fn new(name: &str, render: &Render, secrets: &Secrets) -> Self {
        let objects: Vec<Object> = render.objects().cloned().collect();
        // What other cases have shown to be secret must not matter.
        let own = Sources::new();
        register_decrypted(&own, secrets.0.iter().map(|(key, node)| (key.as_str(), node)));
        let digester = Digester::new(Key::new(KEY), SALT);
        let mask = Mask::new(&objects, &digester, &own);
        let blank = Value::String(digester.digest(b""));
        let masked = objects.iter().map(|object| {
            let mut root = mask.object(object);
            if !secrets.0.is_empty() {
                replace_digests(&mut root, &mut |_| Some(blank.clone()));
            }
            root
        });
        let masked: Vec<Node> = masked.collect();
        let mut text =
            format!("{HEADER}`{}`, written by `plimsoll test --update-snapshot`.\n", terminal(name));
        for (object, root) in objects.iter().zip(&masked) {
            text.push_str("---\n# Source: ");
            text.push_str(&terminal(&object.template));
            text.push('\n');
            emit::block(root, 0, &mut text);
        }
        Self { text, objects, masked }
    }

    /// Puts the values of this render back into a stored object where their digests are stored.
    fn reveal(&self, stored: &mut Object) {
        let reference = stored.reference();
        let mut own = self.objects.iter().zip(&self.masked);
        if let Some((object, masked)) = own.find(|(object, _)| object.reference() == reference) {
            reveal(stored.root_mut(), masked, &folded(&object.kind, &object.root));
        }
    }
}

fn reveal(stored: &mut Node, masked: &Node, real: &Node) {
    match (&mut stored.value, &masked.value, &real.value) {
        (Value::Map(stored), Value::Map(masked), Value::Map(real)) => {
            for entry in stored.iter_mut() {
                if let (Some(masked), Some(real)) = (masked.get(&entry.key), real.get(&entry.key)) {
                    reveal(&mut entry.value, masked, real);
                }
            }
        }
        (Value::Seq(stored), Value::Seq(masked), Value::Seq(real)) => {
            for ((stored, masked), real) in stored.iter_mut().zip(masked).zip(real) {
                reveal(stored, masked, real);
            }
        }
        (Value::String(digest), Value::String(other), value) if digest == other && is_digest(digest) => {
            stored.value = (*value).clone();
        }
        _ => {}
    }
}

/// What became of a render since it was stored.
#[derive(Debug)]
pub(super) enum Comparison {
    /// The text is the same.
    Identical,
    /// The cluster would not notice.
    SameMeaning,
    Differs {
        /// What the cluster would do, as `plimsoll diff` shows it.
        plan: String,
        /// The first values that changed, in the rendered texts.
        spans: Vec<Span>,
    },
}

/// Whether a file is a snapshot of a case.
pub(super) fn is_snapshot(world: &World, path: &Path) -> bool {
    world.read(path, HEADER.len() as u64).is_ok_and(|start| start == HEADER.as_bytes())
}

/// Compares a render with the snapshot in a file. One that is to be replaced may be broken.
pub(super) fn compare(
    world: &World,
    sources: &Sources,
    chart: &Path,
    path: &Path,
    fresh: &Snapshot,
    options: &render::Options,
    is_updating: bool,
) -> Result<Comparison, Box<Diagnostic>> {
    let shown = path.display().to_string();
    let text = read_text(world, chart, path)
        .map_err(|reason| Diagnostic::error(format!("cannot read the snapshot `{shown}`: {reason}")))?;
    if text == fresh.text {
        return Ok(Comparison::Identical);
    }
    if !text.starts_with(HEADER) {
        let error = Diagnostic::error(format!("`{shown}` is not a snapshot of a case"));
        return Err(Box::new(
            error.help("move the file elsewhere: snapshots of cases are stored under this name"),
        ));
    }
    let source = sources.add(shown.as_str(), text, SourceKind::File);
    let mut sink = Vec::new();
    let read = manifest::parse(sources, source, &shown, &ReadOptions::lenient()).take(&mut sink);
    let Some(mut stored) = read.filter(|_| is_updating || !crate::diag::has_errors(&sink)) else {
        if is_updating {
            return Ok(Comparison::Differs { plan: String::new(), spans: Vec::new() });
        }
        let error =
            sink.into_iter().next().unwrap_or_else(|| Diagnostic::error(format!("`{shown}` is broken")));
        return Err(Box::new(error.help("restore the snapshot, or store it anew with --update-snapshot")));
    };
    for object in &mut stored {
        fresh.reveal(object);
    }
    let options = diff::Options {
        release: Some(options.release.name.clone()),
        namespace: options.release.namespace.clone(),
        version: options.capabilities.kube_version.nearest(),
        // Lint validates the render, as far as its configuration asks for it.
        validate: false,
        documents: false,
        keys: vec![Key::new(KEY)],
        ..diff::Options::default()
    };
    let mut compared = diff::compare(&stored, &fresh.objects, &options);
    limits::check().map_err(|exceeded| Diagnostic::error(exceeded.to_string()))?;
    if compared.is_empty() {
        return Ok(Comparison::SameMeaning);
    }
    let spans = changed_places(&compared, sources);
    compared.locate(sources);
    compared.conceal(sources);
    Ok(Comparison::Differs { plan: bounded(&plan(&compared, Style::Plain)), spans })
}

/// The first values that a plan changes, as far as a template rendered them.
fn changed_places(plan: &Plan, sources: &Sources) -> Vec<Span> {
    let changes = plan.objects.iter().filter(|object| object.is_notable()).flat_map(|object| &object.changes);
    let is_rendered = |span: &Span| {
        sources.get(span.source).is_some_and(|source| matches!(source.kind, SourceKind::Rendered(_)))
    };
    let mut spans: Vec<Span> = Vec::new();
    for span in changes.filter_map(|change| change.new.as_ref()).map(|node| node.span).filter(is_rendered) {
        if spans.len() < MAX_PLACES && !spans.contains(&span) {
            spans.push(span);
        }
    }
    spans
}

/// The first lines of a plan, without what it assumes about the cluster and without empty lines.
fn bounded(plan: &str) -> String {
    let text = plan.split_once("\n\n").map_or(plan, |(_, rest)| rest);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let more = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    let mut shown = lines.join("\n");
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(shown, "\n... and {more} more lines");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_plans_are_cut() {
        let lines: Vec<String> = (0..MAX_LINES + 2).map(|number| format!("line {number}\n")).collect();
        let shown = bounded(&format!("kubectl apply\n\n{}\n", lines.concat()));
        assert!(shown.starts_with("line 0\nline 1\n"), "{shown}");
        assert!(shown.ends_with("line 59\n... and 2 more lines"), "{shown}");
        assert_eq!(bounded("kubectl apply\n\na\n\nb\n"), "a\nb");
    }
}
