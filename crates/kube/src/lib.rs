#![doc = include_str!("../README.md")]
//!
//! What Kubernetes knows: kinds, names, quantities, schemas, defaults, merge keys, immutability, validation.
//!
//! [`validate`] answers what kube-apiserver of a given [`Version`] would answer to a POST of an object
//! with strict field validation: first the decoding errors (unknown fields, wrong types), then, where
//! there are none, those of the server's validation functions.

pub mod defaults;
pub mod kinds;
pub mod manifest;
pub mod merge;
pub mod names;
pub mod quantity;
pub mod schema;
pub mod update;
pub mod validation;
pub mod views;

pub use validation::{
    ErrorKind, FieldError, Finding, Operation, RULES, defines, name_errors, validate, validate_all,
    validate_custom, validate_for, validate_form,
};

use std::fmt;
use std::str::FromStr;

/// A minor version of Kubernetes 1.x, as far as plimsoll knows it: [`Version::MIN`] to [`Version::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u8);

impl Version {
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
    pub const MIN: Self = Self::V1_33;
    /// The newest version known.
    pub const MAX: Self = Self::V1_37;
    /// What every command validates against if the user names no version: the newest one whose validation is known from
    /// the server's own source.
    pub const DEFAULT: Self = Self::V1_36;

    /// The version `1.<minor>`, if it is known.
    pub fn of_minor(minor: u64) -> Option<Self> {
        let version = Self(u8::try_from(minor).ok()?);
        (Self::MIN..=Self::MAX).contains(&version).then_some(version)
    }

    /// The known version that is nearest to `1.<minor>`.
    pub fn nearest(minor: u64) -> Self {
        let minor = u8::try_from(minor).unwrap_or(u8::MAX);
        Self(minor.clamp(Self::MIN.0, Self::MAX.0))
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

    /// Reads `1.34`, `v1.34`, `v1.34.2` and what clouds append (`v1.34.2-gke.100`, `1.34+`).
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (major, rest) = text.split_once('.').ok_or(VersionError::Malformed)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (minor, tail) = rest.split_at(digits);
        if major.is_empty()
            || !major.bytes().all(|byte| byte.is_ascii_digit())
            || !(tail.is_empty() || tail.starts_with(['.', '+', '-']))
        {
            return Err(VersionError::Malformed);
        }
        let minor = minor.parse().map_err(|_| VersionError::Malformed)?;
        if major == "1" {
            Self::of_minor(minor).ok_or(VersionError::Unknown)
        } else {
            Err(VersionError::Unknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_clusters_spell_them() {
        for text in ["1.34", "v1.34", "v1.34.2", "1.34+", "v1.34.2-gke.100"] {
            assert_eq!(text.parse(), Ok(Version::V1_34), "{text}");
        }
        assert_eq!("1.12".parse::<Version>(), Err(VersionError::Unknown));
        assert_eq!("2.34".parse::<Version>(), Err(VersionError::Unknown));
        for text in ["", "1", "1.", "1.x", "x.34", "1.34x"] {
            assert_eq!(text.parse::<Version>(), Err(VersionError::Malformed), "{text}");
        }
    }
}
