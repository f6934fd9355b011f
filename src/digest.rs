//! The digests that stand for secret values in recorded renders.
//!
//! A digest says whether a value is the one that was recorded. Anybody could find a short one, such as a PIN of four
//! digits, by trying them all, so digests are made with a key that is kept apart from the records: HMAC-SHA256 of the
//! revision's salt and the value. Without the key nothing can be tried. A slow function like Argon2 needs no key, but ten
//! thousand PINs take it minutes, and each comparison would be as slow for its owner.
//!
//! ```text
//! hmac-sha256:KEY:SALT:HEX      KEY names the key, and says nothing about it
//! sha256:SALT:HEX               what earlier versions recorded; still compared
//! ```

use crate::diag::escape::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;

const KEYED: &str = "hmac-sha256:";
const UNKEYED: &str = "sha256:";
/// How many hexadecimal digits the name of a key, a salt and the digest itself have.
const ID_DIGITS: usize = 16;
const SALT_DIGITS: usize = 16;
const HASH_DIGITS: usize = 64;

/// A secret key for digests.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    bytes: [u8; 32],
}

impl Key {
    /// A key of random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self { bytes }
    }

    /// Reads what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = text.trim();
        if digits.len() != HASH_DIGITS || !is_hex(digits) {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self { bytes })
    }

    /// The key as a line of text.
    pub fn to_text(&self) -> String {
        hex(&self.bytes) + "\n"
    }

    /// What the key is called, in digests and as a file. The key cannot be found from it.
    pub fn id(&self) -> String {
        let hash = Sha256::new().chain_update(b"plimsoll history key\0").chain_update(self.bytes).finalize();
        hex(&hash[..ID_DIGITS / 2])
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id())
    }
}

/// What digests of one revision are made with.
#[derive(Debug, Clone)]
pub(crate) struct Digester {
    /// `None` for those of earlier versions.
    key: Option<Key>,
    salt: String,
}

impl Digester {
    /// One for a new revision.
    pub(crate) fn new(key: Key, random: [u8; 32]) -> Self {
        Self { key: Some(key), salt: hex(&random[..SALT_DIGITS / 2]) }
    }

    /// The one that made a digest, if its key is among `keys`.
    pub(crate) fn of(parts: Parts<'_>, keys: &[Key]) -> Option<Self> {
        let key = match parts.key {
            None => None,
            Some(id) => Some(keys.iter().find(|key| key.id() == id)?.clone()),
        };
        Some(Self { key, salt: parts.salt.to_owned() })
    }

    /// The digest of a value.
    pub(crate) fn digest(&self, value: &[u8]) -> String {
        let Some(key) = &self.key else {
            let hash = Sha256::new().chain_update(&self.salt).chain_update(value).finalize();
            return format!("{UNKEYED}{}:{}", self.salt, hex(&hash));
        };
        // A key of any length is one.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key.bytes) else { return String::new() };
        let hash = mac.chain_update(&self.salt).chain_update(value).finalize().into_bytes();
        format!("{KEYED}{}:{}:{}", key.id(), self.salt, hex(&hash))
    }
}

/// What a digest says about how it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parts<'t> {
    /// The name of the key.
    pub(crate) key: Option<&'t str>,
    salt: &'t str,
}

/// Reads a digest; `None` for any other text. Nothing else has this form.
pub(crate) fn parse(text: &str) -> Option<Parts<'_>> {
    let (key, rest) = match text.strip_prefix(KEYED) {
        Some(rest) => {
            let (id, rest) = rest.split_once(':')?;
            (Some(id), rest)
        }
        None => (None, text.strip_prefix(UNKEYED)?),
    };
    let (salt, hash) = rest.split_once(':')?;
    let is = |part: &str, digits| part.len() == digits && is_hex(part);
    (key.is_none_or(|id| is(id, ID_DIGITS)) && is(salt, SALT_DIGITS) && is(hash, HASH_DIGITS))
        .then_some(Parts { key, salt })
}

/// Whether a text is a digest.
pub(crate) fn is_digest(text: &str) -> bool {
    parse(text).is_some()
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_its_key_and_needs_it() {
        let key = Key::new([7; 32]);
        let digester = Digester::new(key.clone(), [1; 32]);
        let digest = digester.digest(b"1234");
        assert!(!digest.contains(&hex(&[7; 32])), "{digest}");
        let parts = parse(&digest).unwrap();
        assert_eq!(parts.key, Some(key.id().as_str()));
        assert_eq!(Digester::of(parts, std::slice::from_ref(&key)).unwrap().digest(b"1234"), digest);
        assert!(Digester::of(parts, &[]).is_none());
        // Another key, another salt, another value.
        for other in [
            Digester::new(Key::new([8; 32]), [1; 32]).digest(b"1234"),
            Digester::new(key.clone(), [2; 32]).digest(b"1234"),
            digester.digest(b"1235"),
        ] {
            assert_ne!(other.rsplit(':').next(), digest.rsplit(':').next());
        }
        assert_eq!(Key::from_text(&key.to_text()), Some(key.clone()));
        assert!(!format!("{key:?}").contains("7, 7"));
        for text in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(Key::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn digests_of_earlier_versions_need_no_key() {
        let text = format!("sha256:0123456789abcdef:{}", "0".repeat(64));
        let digester = Digester::of(parse(&text).unwrap(), &[]).unwrap();
        let digest = digester.digest(b"1234");
        assert!(digest.starts_with("sha256:0123456789abcdef:"), "{digest}");
        assert_eq!(digest.rsplit(':').next().unwrap(), hex(&Sha256::digest(b"0123456789abcdef1234")));
    }

    #[test]
    fn nothing_else_is_a_digest() {
        let hash = "0".repeat(64);
        for text in [
            format!("sha256:{hash}"),
            format!("image@sha256:0123456789abcdef:{hash}"),
            format!("hmac-sha256:0123456789abcdef:{hash}"),
            format!("sha256:short:{hash}"),
            "c2hhMjU2".to_owned(),
        ] {
            assert!(!is_digest(&text), "{text}");
        }
    }
}
