//! Which version of a chart is meant, chosen as Helm chooses it.

use crate::error::{Error, Result};
use crate::index::Published;
use plimsoll_gotmpl::{Constraint, parse_version};
use semver::Version;
use std::cmp::Ordering;

/// How a version is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The newest version in a range, as `helm dependency update` chooses it.
    Range(Constraint),
    /// The version in a lock.
    Exact(String),
    /// What `--version` says: a version as it is written, or the newest in a range; without, the newest that is no
    /// pre-release.
    Given(Option<String>),
}

impl Choice {
    /// Chooses among versions of which the newest come first.
    pub(crate) fn choose<'a>(&self, versions: &'a [Published]) -> Result<Option<&'a Published>> {
        let usable = || versions.iter().filter(|published| published.url.is_some());
        Ok(match self {
            Self::Range(range) => {
                usable().find(|published| published.semver().is_some_and(|version| range.matches(&version)))
            }
            Self::Exact(wanted) => usable().find(|published| is_equal(wanted, published)),
            Self::Given(wanted) => {
                let text = wanted.as_deref().filter(|text| !text.is_empty());
                let exact = text.and_then(|text| versions.iter().find(|published| published.version == text));
                let range = Constraint::parse(text.unwrap_or("*")).map_err(|reason| {
                    Error::new(format!("--version: {reason}"))
                        .help("use a version or a range, such as `1.2.3` or `^1.2`")
                })?;
                let newest = || {
                    versions
                        .iter()
                        .find(|published| published.semver().is_some_and(|version| range.matches(&version)))
                };
                exact.or_else(newest)
            }
        })
    }

    /// The version that is chosen without asking for what there is: a tag need not be listed to be fetched.
    pub(crate) fn of_tag(&self) -> Option<&str> {
        match self {
            Self::Exact(version) => Some(version),
            Self::Range(range) => Some(range.as_str()).filter(|text| parse_version(text).is_some()),
            Self::Given(given) => given.as_deref().filter(|text| parse_version(text).is_some()),
        }
    }

    /// What was asked for, for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Range(range) => format!("no version that matches `{range}`"),
            Self::Exact(version) | Self::Given(Some(version)) => format!("no version `{version}`"),
            Self::Given(None) => "no version that is not a pre-release".to_owned(),
        }
    }
}

/// Whether two versions are equal: build metadata makes no difference.
fn is_equal(wanted: &str, published: &Published) -> bool {
    match (parse_version(wanted), published.semver()) {
        (Some(one), Some(other)) => one.cmp_precedence(&other) == Ordering::Equal,
        _ => wanted == published.version,
    }
}

/// The versions among tags, newest first. Tags that are not complete versions are skipped, as in Helm.
pub(crate) fn of_tags(tags: &[String]) -> Vec<Published> {
    let mut found: Vec<Version> = tags.iter().filter_map(|tag| Version::parse(tag).ok()).collect();
    found.sort_by(|one, other| other.cmp_precedence(one));
    let published = |version: Version| Published {
        version: version.to_string(),
        // A tag is all that it takes.
        url: Some(String::new()),
        digest: None,
    };
    found.into_iter().map(published).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(version: &str) -> Published {
        Published { version: version.to_owned(), url: Some("x.tgz".to_owned()), digest: None }
    }

    fn chosen(choice: &Choice, versions: &[Published]) -> Option<String> {
        choice.choose(versions).unwrap().map(|published| published.version.clone())
    }

    #[test]
    fn versions_are_chosen_as_by_helm() {
        let versions = ["2.0.0-rc.1", "1.10.0+b", "1.9.0", "1.2.0"].map(published);
        let range = |text: &str| Choice::Range(Constraint::parse(text).unwrap());
        for (choice, expected) in [
            (range("^1.0.0"), Some("1.10.0+b")),
            (range("~1.9"), Some("1.9.0")),
            (range(">=1.0.0-0"), Some("2.0.0-rc.1")),
            (range("^3"), None),
            (Choice::Exact("1.10.0".to_owned()), Some("1.10.0+b")),
            (Choice::Exact("v1.9".to_owned()), Some("1.9.0")),
            (Choice::Given(None), Some("1.10.0+b")),
            (Choice::Given(Some("2.0.0-rc.1".to_owned())), Some("2.0.0-rc.1")),
            (Choice::Given(Some("1.2.x".to_owned())), Some("1.2.0")),
        ] {
            assert_eq!(chosen(&choice, &versions).as_deref(), expected, "{choice:?}");
        }
        assert!(Choice::Given(Some("x y z".to_owned())).choose(&versions).is_err());
    }

    #[test]
    fn entries_without_a_url_are_passed_over() {
        let versions = [Published { url: None, ..published("2.0.0") }, published("1.0.0")];
        assert_eq!(
            chosen(&Choice::Range(Constraint::parse("*").unwrap()), &versions).as_deref(),
            Some("1.0.0")
        );
    }

    #[test]
    fn tags_that_are_versions_are_sorted() {
        let tags = ["latest", "1.9.0", "1.10.0+b", "v2.0.0", "1.2"].map(str::to_owned);
        let versions: Vec<String> = of_tags(&tags).into_iter().map(|published| published.version).collect();
        assert_eq!(versions, ["1.10.0+b", "1.9.0"]);
    }
}
