//! Digests: what content is called in registries and in the cache.

use crate::error::{Error, Result};
use plimsoll_diag::escape::hex;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A SHA-256 digest. Printed as in registries: `sha256:...`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// Reads a digest, with `sha256:` before it or not.
    ///
    /// # Errors
    /// It is not one, or one of another algorithm.
    pub fn parse(text: &str) -> Result<Self> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(hex.to_ascii_lowercase()));
        }
        Err(Error::new(format!("`{text}` is not a SHA-256 digest")))
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        &self.0
    }

    /// Checks that `bytes`, which came from `source`, are those with this digest.
    pub(crate) fn check(&self, bytes: &[u8], source: impl fmt::Display) -> Result<()> {
        let found = Self::of(bytes);
        if found == *self {
            return Ok(());
        }
        Err(Error::new(format!("`{source}` has the wrong digest: {found} instead of {self}"))
            .help("the file was changed or damaged after it was published: ask the owner of the repository"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}
