//! The verdicts and restarts of a real API server and its controllers, against ours.

use plimsoll::diag::Sources;
use plimsoll::diff::{self, Change, Options, Verdict};
use plimsoll::manifest::{self, Object};
use plimsoll::yaml::ReadOptions;
use std::path::{Path, PathBuf};

/// The oracle's folder; `None` (said on stderr) where the environment names none.
#[expect(clippy::print_stderr, reason = "a test that compares nothing says so")]
fn oracle(part: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the variable names the folder of recorded answers")]
    let Some(folder) = std::env::var_os("PLIMSOLL_ORACLE") else {
        eprintln!("PLIMSOLL_ORACLE is not set: nothing to compare with");
        return None;
    };
    let folder = PathBuf::from(folder).join(part);
    assert!(folder.exists(), "PLIMSOLL_ORACLE names no folder with {part}");
    Some(folder)
}

fn objects(sources: &Sources, path: &Path) -> Vec<Object> {
    let report = manifest::load(sources, path, &ReadOptions::lenient());
    assert!(!report.has_errors(), "{}: {:?}", path.display(), report.diagnostics);
    report.output.unwrap_or_default()
}

#[test]
fn every_pair_is_judged_as_the_server_did() {
    let Some(folder) = oracle("upgrade") else { return };
    let index = std::fs::read_to_string(folder.join("index.json")).expect("index.json");
    let index: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let (mut wrong, mut pairs, mut objects_seen) = (Vec::new(), 0, 0);
    for case in index.as_array().expect("a list") {
        let name = case["case"].as_str().expect("case");
        let folder = folder.join("cases").join(name);
        let sources = Sources::new();
        let old = objects(&sources, &folder.join("old.yaml"));
        let new = objects(&sources, &folder.join("new.yaml"));
        let plan = diff::compare(&old, &new, &Options::default());
        pairs += 1;
        for expected in case["objects"].as_array().expect("objects") {
            objects_seen += 1;
            let (kind, object) = (expected["kind"].as_str().unwrap(), expected["name"].as_str().unwrap());
            let removed = expected["verdict"] == "removed";
            let found = plan.objects.iter().find(|plan| {
                plan.object.kind == kind
                    && plan.object.name == object
                    && (plan.change == Change::Removed) == removed
            });
            let Some(found) = found else {
                wrong.push(format!("{name}: {kind}/{object} is missing"));
                continue;
            };
            let accepted = found.verdict == Verdict::Accepted;
            if accepted == (expected["verdict"] == "rejected") {
                wrong.push(format!(
                    "{name}: {kind}/{object} is {}, not {:?}\n      {:?}\n      {}",
                    expected["verdict"], found.verdict, found.reasons, expected["message"]
                ));
                continue;
            }
            if (expected["verdict"] == "created") != (found.change == Change::Added && accepted) {
                wrong
                    .push(format!("{name}: {kind}/{object}: {} but {:?}", expected["verdict"], found.change));
            }
            if let Some(restarts) = expected["restarts_pods"].as_bool()
                && restarts != found.restarts()
            {
                wrong.push(format!("{name}: {kind}/{object}: restarts {restarts}, {:?}", found.effects));
            }
            if let (Some(changed), true) = (expected["changed"].as_bool(), accepted)
                && changed != (found.change == Change::Modified)
            {
                wrong.push(format!("{name}: {kind}/{object}: changed {changed}, {:?}", found.changes));
            }
            if found.verdict == Verdict::Rejected && found.reasons.is_empty() {
                wrong.push(format!("{name}: {kind}/{object}: rejected without a reason"));
            }
        }
    }
    assert!(pairs > 0 && objects_seen > pairs, "the oracle is empty");
    assert!(
        wrong.is_empty(),
        "{} of {objects_seen} answers are wrong:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}
