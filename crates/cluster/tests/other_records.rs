//! The other records of real servers, played against the model: it is not made after these.
//!
//! `tests/oracle/README.md` says what they hold.
#![expect(clippy::unwrap_used, reason = "the record is as it is, and the model has to deal with it")]

use plimsoll_cluster::client::{Kubectl, Run};
use plimsoll_cluster::server::Server;
use plimsoll_diag::Sources;
use plimsoll_kube::Version;
use plimsoll_yaml::Node;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs::File;

fn recorded(name: &str) -> Vec<Json> {
    let path = format!("{}/../../tests/oracle/{name}.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let file = File::open(path).unwrap();
    let rows = serde_json::Deserializer::from_reader(flate2::read::GzDecoder::new(file)).into_iter();
    rows.collect::<Result<_, _>>().unwrap()
}

fn refusals(run: &Run) -> String {
    let refusals = run.refusals().map(|status| status.message.as_str());
    refusals.chain(run.errors.iter().map(|error| error.message.as_str())).collect::<Vec<_>>().join("; ")
}

#[test]
fn creations_are_answered_as_recorded() {
    let mut wrong = Vec::new();
    let kubectl = Kubectl { namespace: "default".to_owned() };
    for row in recorded("admission") {
        let mut server = Server::new(Version::V1_36);
        let run = kubectl.create(&mut server, &Sources::new(), row["manifest"].as_str().unwrap());
        let status = run.refusals().next();
        let ours: (bool, u64, BTreeSet<(&str, &str)>) = (
            run.is_success(),
            status.map_or(201, |status| u64::from(status.code)),
            status
                .iter()
                .flat_map(|status| &status.causes)
                .map(|cause| (cause.field.as_str(), cause.reason))
                .collect(),
        );
        let text = |value: &'_ Json| value.as_str().unwrap_or_default().to_owned();
        let causes: BTreeSet<(String, String)> = row["causes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|cause| (text(&cause["field"]), text(&cause["reason"])))
            .collect();
        let theirs = (
            row["accepted"].as_bool().unwrap(),
            row["code"].as_u64().unwrap(),
            causes.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect(),
        );
        // What kubectl itself refuses never reaches a server, and keys that repeat are gone when it sends JSON.
        let is_of_client = !run.errors.is_empty() && !theirs.0;
        let is_repeated = row["message"].as_str().is_some_and(|text| text.contains("already set in map"));
        if ours != theirs && !is_of_client && !is_repeated {
            wrong.push(format!(
                "{}: {ours:?}\n  recorded {theirs:?}\n  {}\n  {}",
                row["case"],
                refusals(&run),
                row["message"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

fn objects(server: &Server) -> Vec<Node> {
    server
        .objects()
        .map(|(_, object)| {
            let mut object = object.clone();
            let metadata = object.as_map_mut().unwrap().get_mut("metadata").unwrap().as_map_mut().unwrap();
            metadata.remove("generation");
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Node::as_map_mut) {
                annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            }
            object
        })
        .collect()
}

#[test]
fn updates_are_answered_as_recorded() {
    let mut wrong = Vec::new();
    for row in recorded("applies") {
        let mut server = Server::new(Version::V1_36);
        let kubectl = Kubectl { namespace: "default".to_owned() };
        let created = kubectl.apply(&mut server, &Sources::new(), row["old"].as_str().unwrap());
        let before = objects(&server);
        let run = kubectl.apply(&mut server, &Sources::new(), row["new"].as_str().unwrap());
        let after = objects(&server);
        let rejected = row["rejected"].as_str();
        if !created.is_success() || run.is_success() != rejected.is_none() {
            wrong.push(format!(
                "{}: {} {}\n  recorded {rejected:?}",
                row["about"],
                refusals(&created),
                refusals(&run)
            ));
        } else if rejected.is_none() {
            let template = |objects: &[Node]| objects[0].at(&["spec", "template"]).cloned();
            let changed = (before != after, template(&before) != template(&after));
            if changed.0 != row["changed"] || row["template"].as_bool().is_some_and(|flag| flag != changed.1)
            {
                wrong.push(format!(
                    "{}: {changed:?}\n  recorded {} {}",
                    row["about"], row["changed"], row["template"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn upgrades_are_answered_as_recorded() {
    let mut wrong = Vec::new();
    for row in recorded("upgrade") {
        let mut server = Server::new(Version::V1_36);
        let kubectl = Kubectl { namespace: "default".to_owned() };
        let created = kubectl.apply(&mut server, &Sources::new(), row["old"].as_str().unwrap());
        // Those claims were bound, and that cluster had its Services in another range.
        let is_other = ["218-pvc-bound-grow-a-little-in-g"].contains(&row["case"].as_str().unwrap())
            || refusals(&created).contains("is not in the valid range");
        if is_other {
            continue;
        }
        if !created.is_success() {
            wrong.push(format!("{}: {}", row["case"], refusals(&created)));
        }
        let run = kubectl.apply(&mut server, &Sources::new(), row["new"].as_str().unwrap());
        for object in row["objects"].as_array().unwrap() {
            let rejected = object["verdict"] == "rejected";
            let name = object["name"].as_str().unwrap();
            let ours = run
                .requests
                .iter()
                .any(|one| one.key.kind == object["kind"] && one.key.name == name && one.answer.is_err())
                || run.errors.iter().any(|error| error.message.contains(&format!("\"{name}\"")));
            if ours != rejected && object["verdict"] != "removed" {
                wrong.push(format!(
                    "{}: {} {}\n  {}\n  recorded {}",
                    row["case"],
                    object["kind"],
                    name,
                    refusals(&run),
                    object["message"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
