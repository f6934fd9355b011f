//! Versions of Kubernetes.

use std::fmt;
use std::str::FromStr;

/// A minor version of Kubernetes 1.x that plimsoll knows, [`Version::MIN`] to [`Version::MAX`]: what validation asks about.
/// Users name a [`KubeVersion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u8);

impl Version {
    /// 1.30.
    pub const V1_30: Self = Self(30);
    /// 1.31.
    pub const V1_31: Self = Self(31);
    /// 1.32.
    pub const V1_32: Self = Self(32);
    /// 1.33.
    pub const V1_33: Self = Self(33);
    /// 1.34.
    pub const V1_34: Self = Self(34);
    /// 1.35.
    pub const V1_35: Self = Self(35);
    /// 1.36.
    pub const V1_36: Self = Self(36);
    /// 1.37.
    pub const V1_37: Self = Self(37);
    /// The oldest version known.
    pub const MIN: Self = Self::V1_30;
    /// The newest version known.
    pub const MAX: Self = Self::V1_37;
    /// What every command assumes if the user names no version, for templates and for validation: the newest released
    /// one whose rules plimsoll follows. `docs/dev/kubernetes-version.md` says what that takes.
    pub const DEFAULT: Self = Self::V1_36;

    /// The version `1.<minor>`, if it is known.
    pub fn from_minor(minor: u64) -> Option<Self> {
        let version = Self(u8::try_from(minor).ok()?);
        (Self::MIN..=Self::MAX).contains(&version).then_some(version)
    }

    /// The number after `1.`.
    pub fn minor(self) -> u64 {
        u64::from(self.0)
    }

    /// Every version known, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (Self::MIN.0..=Self::MAX.0).map(Self)
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// Why a text names no version that plimsoll knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionError {
    /// Not of the form `1.34`, `v1.34` or `v1.34.2`.
    Malformed,
    /// A version of Kubernetes, but not between [`Version::MIN`] and [`Version::MAX`].
    Unknown,
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("expected a version such as `1.36` or `v1.36.2`"),
            Self::Unknown => {
                write!(f, "only Kubernetes {} to {} is known", Version::MIN, Version::MAX)
            }
        }
    }
}

impl std::error::Error for VersionError {}

impl FromStr for Version {
    type Err = VersionError;

    /// The minor version of what [`KubeVersion`] reads.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        text.parse::<KubeVersion>()?.known()
    }
}

/// The version of a cluster, as its user or the cluster itself names it: `1.36`, `v1.36.2`, `v1.36.2-gke.100`, `1.36+`.
///
/// Templates see all of it. Validation uses its minor version: [`KubeVersion::known`], [`KubeVersion::nearest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeVersion {
    /// With the leading `v` and any suffix: `v1.36.2-gke.100`.
    pub version: String,
    /// `1`.
    pub major: u64,
    /// `36`.
    pub minor: u64,
    /// `2`; 0 if none is given.
    pub patch: u64,
}

impl KubeVersion {
    /// The minor version, if plimsoll knows it.
    pub fn known(&self) -> Result<Version, VersionError> {
        let known = Version::from_minor(self.minor).filter(|_| self.major == 1);
        known.ok_or(VersionError::Unknown)
    }

    /// The known minor version that is nearest.
    pub fn nearest(&self) -> Version {
        let minor = match self.major {
            0 => 0,
            1 => u8::try_from(self.minor).unwrap_or(u8::MAX),
            _ => u8::MAX,
        };
        Version(minor.clamp(Version::MIN.0, Version::MAX.0))
    }

    /// The version as it was given, without the vendor's suffix: `v1.36` stays that. What Helm prints for the object.
    pub fn without_suffix(&self) -> &str {
        self.version.split(['-', '+']).next().unwrap_or(&self.version)
    }
}

impl Default for KubeVersion {
    /// [`Version::DEFAULT`].
    fn default() -> Self {
        Version::DEFAULT.into()
    }
}

impl From<Version> for KubeVersion {
    /// The first release of that minor version: `v1.36.0`.
    fn from(version: Version) -> Self {
        Self { version: format!("v{version}.0"), major: 1, minor: version.minor(), patch: 0 }
    }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)
    }
}

impl FromStr for KubeVersion {
    type Err = VersionError;

    /// Fails with [`VersionError::Malformed`] only. `1` is no version for Helm either.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        fn number(text: &str) -> Result<u64, VersionError> {
            // `parse` alone would take a sign.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits).ok_or(VersionError::Malformed)
        }

        let bare = text.strip_prefix('v').unwrap_or(text);
        let core = bare.split(['-', '+']).next().unwrap_or(bare);
        // Helm refuses `01.36` and reads `1.036` as 1.36.
        if core.len() > 1 && core.starts_with('0') && !core.starts_with("0.") {
            return Err(VersionError::Malformed);
        }
        let numbers: Vec<u64> = core.split('.').map(number).collect::<Result<_, _>>()?;
        let (major, minor, patch) = match numbers[..] {
            [major, minor] => (major, minor, 0),
            [major, minor, patch] => (major, minor, patch),
            _ => return Err(VersionError::Malformed),
        };
        Ok(Self { version: format!("v{bare}"), major, minor, patch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_clusters_spell_them() {
        for text in ["1.34", "v1.34", "v1.34.2", "1.34+", "v1.34.2-gke.100", "1.34.2+k3s1"] {
            assert_eq!(text.parse(), Ok(Version::V1_34), "{text}");
        }
        assert_eq!("1.12".parse::<Version>(), Err(VersionError::Unknown));
        assert_eq!("2.34".parse::<Version>(), Err(VersionError::Unknown));
        for text in ["", "v", "one", "1", "1.", "1.x", "x.34", "1.34x", "1.+34", "1.34.", "1.2.3.4", "01.34"]
        {
            assert_eq!(text.parse::<Version>(), Err(VersionError::Malformed), "{text}");
        }
    }

    #[test]
    fn a_version_keeps_what_the_user_wrote() {
        let version: KubeVersion = "1.28".parse().unwrap();
        assert_eq!((version.version.as_str(), version.minor, version.patch), ("v1.28", 28, 0));
        let version: KubeVersion = "v1.34.1-eks-x".parse().unwrap();
        assert_eq!((version.version.as_str(), version.minor, version.patch), ("v1.34.1-eks-x", 34, 1));
        assert_eq!(version.without_suffix(), "v1.34.1");
        assert_eq!(KubeVersion::default().to_string(), format!("v{}.0", Version::DEFAULT));
    }

    #[test]
    fn an_unknown_version_is_near_a_known_one() {
        let nearest = |text: &str| text.parse::<KubeVersion>().unwrap().nearest();
        assert_eq!(nearest("1.12"), Version::MIN);
        assert_eq!(nearest("1.99"), Version::MAX);
        assert_eq!((nearest("0.34"), nearest("2.0")), (Version::MIN, Version::MAX));
        assert_eq!(nearest("1.34.7"), Version::V1_34);
    }
}
