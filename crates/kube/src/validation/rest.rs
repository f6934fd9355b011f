//! What is wrong with an object besides the fields that cannot be decoded.
//!
//! The server stops where it cannot decode an object, so a user meets its other mistakes only at the next attempt. Lint
//! says everything at once: it takes out what cannot be decoded and validates what is left.

use super::error::{ErrorKind, Finding};
use super::{Operation, validate_for};
use crate::manifest::Object;
use crate::version::Version;
use plimsoll_diag::{Severity, Span};
use plimsoll_yaml::{Node, Value};
use std::collections::BTreeSet;

/// Everything that is wrong with an object of a built-in kind, for a request that creates it.
pub(super) fn validate_fully(object: &Object, version: Version) -> Vec<Finding> {
    let mut findings = validate_for(Operation::Create, object, version);
    let mut errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
    if findings.iter().all(|finding| !is_undecoded(finding)) || !errors.all(is_undecoded) {
        return findings;
    }
    let undecoded: Vec<&Finding> = findings.iter().filter(|finding| is_undecoded(finding)).collect();
    let mut places: BTreeSet<Span> =
        undecoded.iter().filter_map(|finding| finding.labels.first().map(|label| label.span)).collect();
    let mut rest = object.clone();
    take_out(rest.root_mut(), &mut places);
    // An item of a list cannot be taken out: the others would have other paths.
    if !places.is_empty() {
        return findings;
    }
    let mut more = validate_for(Operation::Create, &rest, version);
    more.retain(|finding| {
        let path = finding.error.path.as_str();
        let is_new = !findings
            .iter()
            .any(|known| known.error.path == finding.error.path && known.error.kind == finding.error.kind);
        // What is missing may be what was misspelt.
        let is_consequence = finding.error.kind == ErrorKind::Required
            && undecoded.iter().any(|known| {
                let is_misspelt = known.error.kind == ErrorKind::UnknownField;
                known.error.path == path || (is_misspelt && holder(&known.error.path) == holder(path))
            });
        is_new && !is_consequence
    });
    findings.extend(more);
    findings
}

fn is_undecoded(finding: &Finding) -> bool {
    matches!(finding.error.kind, ErrorKind::Undecodable | ErrorKind::UnknownField)
}

/// The path of what a field is in.
fn holder(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(holder, _)| holder)
}

/// Takes out the fields at these places, and the places of those that were found.
fn take_out(node: &mut Node, places: &mut BTreeSet<Span>) {
    match &mut node.value {
        Value::Map(map) => {
            map.retain(|entry| !places.remove(&entry.key_span) && !places.remove(&entry.value.span));
            map.iter_mut().for_each(|entry| take_out(&mut entry.value, places));
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| take_out(item, places)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest;
    use crate::validation::validate_all;
    use crate::version::Version;
    use plimsoll_diag::Sources;
    use plimsoll_yaml::ReadOptions;

    fn paths(text: &str) -> Vec<String> {
        let report = manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::lenient());
        let objects = report.output.unwrap();
        let mut found = Vec::new();
        validate_all(&objects.iter().collect::<Vec<_>>(), &[], Version::DEFAULT, &mut found);
        found.into_iter().map(|found| format!("{} {}", found.rule.unwrap().id, found.path.unwrap())).collect()
    }

    #[test]
    fn what_cannot_be_decoded_hides_nothing_else() {
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: DB}\nspec:\n  replicas: \"3\"\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: db, ports: [{containerPort: \"80\"}, {containerPort: 99999}]}]}\n";
        assert_eq!(
            paths(set),
            [
                "k8s/wrong-type spec.replicas",
                "k8s/wrong-type spec.template.spec.containers[0].ports[0].containerPort",
                "k8s/invalid-value metadata.name",
                "k8s/invalid-value spec.template.spec.containers[0].ports[1].containerPort",
            ]
        );
        // A misspelt field is not missing, too.
        let typo = set.replace("\"3\"", "-1").replace("\"80\"", "80").replace("99999", "81");
        let typo = typo.replace("image: db", "imag: db").replace("DB", "db");
        assert_eq!(
            paths(&typo),
            ["k8s/unknown-field spec.template.spec.containers[0].imag", "k8s/invalid-value spec.replicas"]
        );
    }
}
