//! What a cluster says of itself, as `kubectl` prints it: its version, its API versions and its kinds.

use crate::k8s::{KubeVersion, kinds};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The version of a cluster and what it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The version, as the server writes it: `v1.34.2-gke.100`.
    pub version: String,
    /// The API versions and kinds (`apps/v1`, `apps/v1/StatefulSet`); `None` if only the version is recorded.
    pub served: Option<Arc<[String]>>,
}

impl Recorded {
    /// Reads what `kubectl version -o json`, `kubectl api-versions` and `kubectl api-resources` print, one after the other.
    /// Without the third, the kinds are those that Kubernetes has in these API versions.
    ///
    /// # Errors
    /// A phrase that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Json>();
        let document = match documents.next() {
            Some(Ok(document)) if document.is_object() => document,
            Some(Err(error)) if text.trim_start().starts_with('{') => return Err(error.to_string()),
            _ => return Err("it does not begin with what `kubectl version -o json` prints".to_owned()),
        };
        let rest = text.get(documents.byte_offset()..).unwrap_or_default();
        let version = document.pointer("/serverVersion/gitVersion").and_then(Json::as_str);
        let version =
            version.ok_or("it has no `serverVersion`: kubectl did not reach the cluster")?.to_owned();
        let known: KubeVersion = version.parse().map_err(|error| format!("`{version}`: {error}"))?;
        let mut served = BTreeSet::new();
        for line in rest.lines().map(str::trim).filter(|line| !line.is_empty()) {
            served.extend(read_line(line)?);
        }
        if served.is_empty() {
            return Ok(Self { version, served: None });
        }
        if !served.iter().any(|one| is_kind(one)) {
            let built_in = kinds::api_versions(known.nearest());
            let is_served = |kind: &str| {
                kind.rsplit_once('/').is_some_and(|(api_version, _)| served.contains(api_version))
            };
            let kinds: Vec<String> =
                built_in.into_iter().filter(|one| is_kind(one) && is_served(one)).collect();
            served.extend(kinds);
        }
        Ok(Self { version, served: Some(served.into_iter().collect()) })
    }
}

/// What a line of `kubectl api-versions` or `kubectl api-resources` says is served.
fn read_line(line: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [api_version] => Ok(vec![(*api_version).to_owned()]),
        [_, .., api_version, "true" | "false", kind] => {
            Ok(vec![(*api_version).to_owned(), format!("{api_version}/{kind}")])
        }
        // The head of the table.
        ["NAME", .., "KIND"] => Ok(Vec::new()),
        _ => Err(format!("`{line}` is not a line of `kubectl api-versions` or `kubectl api-resources`")),
    }
}

/// Whether a text names a kind, whose name begins with a capital letter, and not an API version.
fn is_kind(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(_, last)| last.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "{\"clientVersion\": {\"gitVersion\": \"v1.35.0\"},\n \"serverVersion\": {\"gitVersion\": \"v1.34.2-gke.100\"}}\n";

    fn served(text: &str) -> Vec<String> {
        Recorded::parse(&format!("{VERSION}{text}")).unwrap().served.unwrap().to_vec()
    }

    #[test]
    fn a_record_has_the_version_and_what_is_served() {
        let text = "NAME SHORTNAMES APIVERSION NAMESPACED KIND\napps/v1\nv1\npods po v1 true Pod\nas  example.com/v1  false  A\n";
        assert_eq!(served(text), ["apps/v1", "example.com/v1", "example.com/v1/A", "v1", "v1/Pod"]);
        assert_eq!(Recorded::parse(VERSION).unwrap().version, "v1.34.2-gke.100");
        assert_eq!(Recorded::parse(VERSION).unwrap().served, None);
    }

    #[test]
    fn kinds_follow_from_api_versions() {
        let served = served("batch/v1\nexample.com/v1\n");
        assert_eq!(served, ["batch/v1", "batch/v1/CronJob", "batch/v1/Job", "example.com/v1"]);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (text, told) in [
            ("", "does not begin with what `kubectl version -o json` prints"),
            ("apps/v1\n", "does not begin"),
            ("{\"clientVersion\": {}}", "kubectl did not reach the cluster"),
            ("{\"serverVersion\": {\"gitVersion\": \"new\"}}", "`new`: "),
            ("{", "EOF"),
            (&format!("{VERSION}error from the server\n"), "`error from the server` is not a line of"),
        ] {
            let refused = Recorded::parse(text).unwrap_err();
            assert!(refused.contains(told), "{text}: {refused}");
        }
    }
}
