//! Levels, versions and policies: `api/helpers.go` of `k8s.io/pod-security-admission`.

use std::fmt;
use std::str::FromStr;

/// A level of the standards, the least strict first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nothing is forbidden.
    Privileged,
    /// Known privilege escalations are forbidden.
    Baseline,
    /// Pods follow the current hardening practice.
    Restricted,
}

impl Level {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// The level of that name (`ParseLevel`).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// A version of the standards. It is not the version of the server, and may be newer or older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StandardVersion {
    /// That of the server.
    Latest,
    /// `v1.<minor>`.
    Minor(u64),
}

impl StandardVersion {
    /// The version in a label: `latest` or `v1.35` (`ParseVersion`).
    pub fn from_label(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let is_number =
            minor == "0" || (!minor.starts_with('0') && minor.bytes().all(|byte| byte.is_ascii_digit()));
        // Go reads a signed number.
        let minor = minor.parse::<i64>().ok().filter(|_| is_number)?;
        u64::try_from(minor).ok().map(Self::Minor)
    }

    pub(super) fn minor(self) -> Option<u64> {
        match self {
            Self::Latest => None,
            Self::Minor(minor) => Some(minor),
        }
    }
}

impl fmt::Display for StandardVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Minor(minor) => write!(f, "v1.{minor}"),
        }
    }
}

/// A level of one version of the standards: `api.LevelVersion`. Users write `restricted` or `restricted:v1.35`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// The level.
    pub level: Level,
    /// The version.
    pub version: StandardVersion,
}

impl Policy {
    /// What the admission plugin does without configuration and labels.
    pub const PRIVILEGED: Self = Self { level: Level::Privileged, version: StandardVersion::Latest };
}

impl fmt::Display for Policy {
    /// `restricted:latest`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level.as_str(), self.version)
    }
}

/// Why a text names no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyError {
    /// The level is unknown.
    Level,
    /// The version is malformed.
    Version,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level => f.write_str("the level must be `privileged`, `baseline` or `restricted`"),
            Self::Version => f.write_str("the version must be `latest` or a version such as `v1.35`"),
        }
    }
}

impl std::error::Error for PolicyError {}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
        let level = Level::named(level).ok_or(PolicyError::Level)?;
        // As in `--kube-version`, the `v` may be left out.
        let version = StandardVersion::from_label(version)
            .or_else(|| StandardVersion::from_label(&format!("v{version}")))
            .ok_or(PolicyError::Version)?;
        Ok(Self { level, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_a_level_and_perhaps_a_version() {
        let read = |text: &str| text.parse::<Policy>().map(|policy| policy.to_string());
        assert_eq!(read("restricted").as_deref(), Ok("restricted:latest"));
        assert_eq!(read("baseline:v1.30").as_deref(), Ok("baseline:v1.30"));
        assert_eq!(read("baseline:1.0").as_deref(), Ok("baseline:v1.0"));
        assert_eq!(read("privileged:latest").as_deref(), Ok("privileged:latest"));
        assert_eq!(read("strict"), Err(PolicyError::Level));
        for version in ["", "v1", "v1.", "v1.01", "v2.1", "v1.x", "vlatest", "v1.99999999999999999999"] {
            assert_eq!(read(&format!("baseline:{version}")), Err(PolicyError::Version), "{version}");
        }
    }
}
