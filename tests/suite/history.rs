//! Recorded renders: durable, private, never mixed.

use crate::support::objects;
use plimsoll::diag::{Sources, Span};
use plimsoll::diff::{self, Options};
use plimsoll::history::{Error, Header, History, Render};
use plimsoll::yaml::{Map, Node};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const MANIFESTS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: info}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: hunter2-hunter2}\n";

fn record(history: &History, text: &str, message: &str) -> Result<Header, Error> {
    let mut values = Map::new();
    values.insert("level", Span::NONE, Node::bare("info"));
    values.insert("password", Span::NONE, Node::bare("hunter2-hunter2"));
    let values = Node::bare(values);
    history.record(&Render {
        namespace: "default",
        chart: "web",
        chart_version: "1.2.3",
        values: Some(&values),
        message,
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
        objects: &objects(text),
        with_secrets: false,
    })
}

fn history(folder: &Path) -> History {
    History::of(folder, "web").unwrap()
}

#[test]
fn a_render_comes_back_as_it_was_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let header = record(&history, MANIFESTS, "first: \"try\"\nof two lines").unwrap();
    assert_eq!((header.revision, header.objects), (1, 2));
    assert_eq!(header.time, "2001-09-09T01:46:40Z");
    let revision = history.load(None).unwrap();
    assert_eq!(revision.header, header);
    assert!(header.values.contains("level: info"));
    for secret in ["hunter2", "aHVudGVy"] {
        assert!(!revision.text.contains(secret), "{}", revision.text);
    }
    let sources = Sources::new();
    let report = revision.objects(&sources);
    assert!(!report.has_errors(), "{:?}", report.diagnostics);
    let recorded = report.output.unwrap();
    let same = diff::compare(&recorded, &objects(MANIFESTS), &Options::default());
    assert!(same.is_empty(), "{}", diff::render::plan(&same, diff::render::Style::Plain));
    let other = objects(&MANIFESTS.replace("hunter2-hunter2", "another"));
    let changed = diff::compare(&recorded, &other, &Options::default());
    assert_eq!(changed.summary().modified, 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_revision() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    record(&history, MANIFESTS, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&history.load(None).unwrap().path), 0o600);
    assert_eq!(mode(&folder.path().join("web")), 0o700);
}

#[test]
fn a_damaged_revision_is_named_and_the_others_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    for message in ["one", "two", "three"] {
        record(&history, MANIFESTS, message).unwrap();
    }
    let second = history.load(Some(2)).unwrap();
    for damage in [
        second.text.replace("info", "debug"),
        second.text[..second.text.len() / 2].to_owned(),
        String::new(),
        history.load(Some(1)).unwrap().text,
    ] {
        std::fs::write(&second.path, damage).unwrap();
        let list = history.list().unwrap();
        let readable: Vec<Option<u64>> =
            list.iter().map(|entry| entry.header.as_ref().ok().map(|h| h.revision)).collect();
        assert_eq!(readable, [Some(1), None, Some(3)]);
        assert_eq!(list.iter().map(|entry| entry.revision).collect::<Vec<_>>(), [1, 2, 3]);
        let error = history.load(Some(2)).unwrap_err();
        assert!(matches!(&error, Error::Damaged { path, .. } if *path == second.path), "{error}");
    }
    assert_eq!(record(&history, MANIFESTS, "four").unwrap().revision, 4);
}

#[test]
fn revisions_that_are_not_there_are_named_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    assert!(matches!(history.load(None), Err(Error::Unknown { revision: None, .. })));
    for _ in 0..3 {
        record(&history, MANIFESTS, "").unwrap();
    }
    let error = history.load(Some(7)).unwrap_err().to_string();
    assert_eq!(error, "`web` has no revision 7, only 1-3");
}

#[test]
fn pruning_keeps_the_last_revisions_and_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    for _ in 0..5 {
        record(&history, MANIFESTS, "").unwrap();
    }
    assert_eq!(history.prune(2).unwrap(), [1, 2, 3]);
    assert_eq!(history.prune(0).unwrap(), [4], "the last one always stays");
    assert_eq!(record(&history, MANIFESTS, "").unwrap().revision, 6);
}

/// Not a test of its own: records without end in the folder that the environment names, for the tests below,
/// which run it in a process of its own.
#[test]
fn recorder() {
    #[expect(clippy::disallowed_methods, reason = "how the parent test speaks to its child")]
    let Some(folder) = std::env::var_os("PLIMSOLL_TEST_RECORDER") else { return };
    #[expect(clippy::disallowed_methods, reason = "how the parent test speaks to its child")]
    let count: usize = std::env::var("PLIMSOLL_TEST_RECORDS").unwrap().parse().unwrap();
    let history = history(Path::new(&folder));
    let text = format!(
        "{MANIFESTS}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{a: {}}}\n",
        "x".repeat(50_000)
    );
    for _ in 0..count {
        record(&history, &text, &std::process::id().to_string()).unwrap();
    }
}

fn child(folder: &Path, count: usize) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "history::recorder", "--test-threads=1"])
        .env("PLIMSOLL_TEST_RECORDER", folder)
        .env("PLIMSOLL_TEST_RECORDS", count.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_recorder_leaves_every_revision_readable() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(folder.path());
    let mut seen = 0;
    for round in 0..12 {
        let mut child = child(folder.path(), usize::MAX);
        // Long enough to be in the middle of something, each time of something else.
        while history.list().unwrap().len() == seen {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(1_700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let list = history.list().unwrap();
        assert!(list.len() > seen);
        seen = list.len();
        for (revision, entry) in (1..).zip(list) {
            assert_eq!((entry.revision, entry.header.unwrap().revision), (revision, revision));
        }
    }
    record(&history, MANIFESTS, "").unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path().join("web"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".new-"))
        .collect();
    assert_eq!(left, Vec::<String>::new(), "what the killed ones left is cleared away");
}

#[test]
fn concurrent_recorders_make_a_revision_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut children: Vec<_> = (0..3).map(|_| child(folder.path(), 5)).collect();
    let mut expected: Vec<String> =
        children.iter().flat_map(|child| vec![child.id().to_string(); 5]).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let list = history(folder.path()).list().unwrap();
    let mut messages: Vec<String> = list.into_iter().map(|entry| entry.header.unwrap().message).collect();
    messages.sort();
    expected.sort();
    assert_eq!(messages, expected);
}
