//! Snapshots: `__snapshot__/x_test.yaml.snap`, read and written as helm-unittest does.

use crate::diag::{Diagnostic, Report, SourceKind, Sources, Span};
use crate::yaml::emit::{Shape, Tree, helm_pretty};
use crate::yaml::{self, Node, ReadOptions, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The snapshots of a suite: by the names of its jobs, numbered from 1.
pub(super) type Snapshots = BTreeMap<String, BTreeMap<usize, String>>;

/// The file of a suite's snapshots. `id` distinguishes the suites of one file.
pub(super) fn file(suite: &Path, id: &str) -> PathBuf {
    let name = suite.file_name().unwrap_or_default().to_string_lossy();
    let suffix = if id.is_empty() { String::new() } else { format!("_{id}") };
    suite.with_file_name("__snapshot__").join(format!("{name}{suffix}.snap"))
}

/// Reads the text of a snapshot file.
pub(super) fn read(sources: &Sources, path: &Path, text: String) -> Report<Snapshots> {
    let source = sources.add(path.display().to_string(), text, SourceKind::File);
    let mut sink = Vec::new();
    let documents = yaml::read(sources, source, &ReadOptions::go_yaml_v3()).take(&mut sink);
    let root = documents.into_iter().flatten().map(|document| document.root).find(|root| !root.is_null());
    let mut snapshots = Snapshots::new();
    let mut refuse = |span: Span, what: &str| {
        let help = "remove the file and run `plimsoll test` again to make it anew";
        sink.push(Diagnostic::error(format!("this is not a snapshot file: {what}")).at(span, "").help(help));
    };
    match root.as_ref().map(|root| (root.span, &root.value)) {
        None => {}
        Some((_, Value::Map(jobs))) => {
            for job in jobs {
                let Some(numbered) = job.value.as_map() else {
                    refuse(job.value.span, "expected a map of numbers to texts");
                    continue;
                };
                let stored = snapshots.entry(job.key.clone()).or_default();
                for entry in numbered {
                    match (entry.key.parse(), entry.value.as_str()) {
                        (Ok(number), Some(text)) => drop(stored.insert(number, text.to_owned())),
                        (Err(_), _) => refuse(entry.key_span, "expected a number"),
                        (_, None) => refuse(entry.value.span, "expected a text"),
                    }
                }
            }
        }
        Some((span, _)) => refuse(span, "expected a map of tests"),
    }
    if crate::diag::has_errors(&sink) { Report::failed(sink) } else { Report::with(snapshots, sink) }
}

/// The text of a snapshot file.
pub(super) fn write(snapshots: &Snapshots) -> String {
    helm_pretty(Written::Jobs(snapshots)) + "\n"
}

/// A snapshot file as the emitter sees it.
#[derive(Clone, Copy)]
enum Written<'a> {
    Jobs(&'a Snapshots),
    Job(&'a BTreeMap<usize, String>),
    Text(&'a str),
}

impl<'a> Tree for Written<'a> {
    type Text = &'a str;

    fn shape(self) -> Shape<Self> {
        match self {
            Self::Jobs(jobs) => {
                Shape::Map(jobs.iter().map(|(name, job)| (name.as_str(), Self::Job(job))).collect())
            }
            Self::Job(texts) => {
                Shape::Numbered(texts.iter().map(|(number, text)| (*number, Self::Text(text))).collect())
            }
            Self::Text(text) => Shape::String(text),
        }
    }
}

/// A value as snapshots have it: go-yaml v3, with lists below their keys, and without the line breaks that strings start
/// with.
pub(super) fn written(node: &Node) -> String {
    helm_pretty(Trimmed(node)) + "\n"
}

struct Trimmed<'a>(&'a Node);

impl<'a> Tree for Trimmed<'a> {
    type Text = &'a str;

    fn shape(self) -> Shape<Self> {
        match &self.0.value {
            Value::String(text) => Shape::String(text.trim_start_matches('\n')),
            Value::Seq(items) => Shape::Seq(items.iter().map(Self).collect()),
            Value::Map(map) => {
                Shape::Map(map.iter().map(|entry| (entry.key.as_str(), Self(&entry.value))).collect())
            }
            Value::Null => Shape::Null,
            Value::Bool(flag) => Shape::Bool(*flag),
            Value::Int(number) => Shape::Int(*number),
            Value::Uint(number) => Shape::Uint(*number),
            Value::Float(number) => Shape::Float(*number),
        }
    }
}

/// Compares what a job renders to its snapshots.
pub(super) struct Comparer<'a> {
    stored: Option<&'a BTreeMap<usize, String>>,
    is_updating: bool,
    number: usize,
    /// What becomes of each snapshot of the job, in order.
    pub(super) outcomes: Vec<Outcome>,
}

/// What becomes of a snapshot.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// It is what it was.
    Kept,
    /// There was none.
    Created(String),
    /// It differs, and is not replaced.
    Differs,
    /// It differs, and is replaced.
    Replaced(String),
}

/// A value compared to its snapshot.
pub(super) struct Comparison {
    pub(super) number: usize,
    /// Whether they are the same, or count as the same because there was no snapshot, or it is replaced.
    pub(super) is_same: bool,
    pub(super) stored: String,
    pub(super) fresh: String,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(snapshots: &'a Snapshots, job: &str, is_updating: bool) -> Self {
        Self { stored: snapshots.get(job), is_updating, number: 0, outcomes: Vec::new() }
    }

    pub(super) fn is_updating(&self) -> bool {
        self.is_updating
    }

    /// Compares the next value. With `has_patterns` it may differ.
    pub(super) fn compare(&mut self, fresh: String, has_patterns: bool) -> Comparison {
        self.number += 1;
        let stored = self.stored.and_then(|stored| stored.get(&self.number));
        let is_same = stored.is_none_or(|stored| *stored == fresh);
        self.outcomes.push(match stored {
            None => Outcome::Created(fresh.clone()),
            Some(_) if is_same => Outcome::Kept,
            Some(_) if self.is_updating => Outcome::Replaced(fresh.clone()),
            Some(_) if has_patterns => Outcome::Kept,
            Some(_) => Outcome::Differs,
        });
        Comparison {
            number: self.number,
            is_same: is_same || self.is_updating,
            stored: stored.cloned().unwrap_or_else(|| fresh.clone()),
            fresh,
        }
    }
}

/// How many snapshots there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) total: usize,
    pub(super) differing: usize,
}

/// The snapshots of a suite after its jobs have run.
pub(super) struct Collected {
    pub(super) counts: Counts,
    /// The new text of the file, if it changes.
    pub(super) text: Option<String>,
}

/// Collects what became of the snapshots. `jobs` are the names and outcomes of the jobs that ran, `uncompared` the names of
/// those that did not compare all of theirs: what is left of them stays.
pub(super) fn collect<'j>(
    stored: &Snapshots,
    jobs: impl Iterator<Item = (&'j str, Vec<Outcome>)>,
    uncompared: &[&str],
) -> Collected {
    let mut counts = Counts::default();
    let mut current = Snapshots::new();
    let mut changes = false;
    for (name, outcomes) in jobs {
        let old = stored.get(name);
        for (number, outcome) in (1..).zip(outcomes) {
            counts.total += 1;
            counts.differing += usize::from(outcome == Outcome::Differs);
            let text = match outcome {
                Outcome::Created(text) | Outcome::Replaced(text) => {
                    changes = true;
                    Some(text)
                }
                Outcome::Kept | Outcome::Differs => old.and_then(|old| old.get(&number)).cloned(),
            };
            if let Some(text) = text {
                current.entry(name.to_owned()).or_default().insert(number, text);
            }
        }
    }
    for (name, old) in uncompared.iter().filter_map(|name| stored.get_key_value(*name)) {
        let now = current.entry(name.clone()).or_default();
        for (number, text) in old {
            now.entry(*number).or_insert_with(|| text.clone());
        }
    }
    let vanished = stored.iter().any(|(name, old)| {
        let new = current.get(name);
        old.keys().any(|number| new.is_none_or(|new| !new.contains_key(number)))
    });
    Collected { counts, text: (changes || vanished).then(|| write(&current)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_are_written_as_helm_unittest_writes_them() {
        let snapshots = Snapshots::from([
            ("b".to_owned(), BTreeMap::from([(1, "1\n".to_owned()), (10, "a: |\n  x\n".to_owned())])),
            ("a: yes".to_owned(), BTreeMap::from([(2, "text".to_owned())])),
        ]);
        assert_eq!(
            write(&snapshots),
            "'a: yes':\n  2: text\nb:\n  1: |\n    1\n  10: |\n    a: |\n      x\n"
        );
    }

    #[test]
    fn snapshots_of_jobs_that_did_not_run_stay() {
        let stored = Snapshots::from([
            ("ran".to_owned(), BTreeMap::from([(1, "old".to_owned()), (2, "gone".to_owned())])),
            ("skipped".to_owned(), BTreeMap::from([(1, "kept".to_owned())])),
        ]);
        let collected = collect(&stored, [("ran", vec![Outcome::Differs])].into_iter(), &["skipped"]);
        assert_eq!(collected.counts, Counts { total: 1, differing: 1 });
        assert_eq!(collected.text.as_deref(), Some("ran:\n  1: old\nskipped:\n  1: kept\n"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            snapshots in prop::collection::btree_map(
                "[^\\p{C}]{0,20}",
                prop::collection::btree_map(1_usize..20, "([^\\p{C}]|\n){0,40}", 1..4),
                0..4,
            )
        ) {
            let text = write(&snapshots);
            let report = read(&Sources::new(), Path::new("x.snap"), text.clone());
            prop_assert_eq!(report.output, Some(snapshots), "{}", text);
        }
    }
}
