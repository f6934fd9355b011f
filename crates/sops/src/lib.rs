#![doc = include_str!("../README.md")]
//!
//! | module | what it owns |
//! |---|---|
//! | `file` | a file: which values are encrypted, their MAC |
//! | `metadata` | the `sops` block: recipients and rules |
//! | `cipher` | one encrypted value |
//! | `age` | the key of a file, encrypted with age |

mod age;
mod cipher;
mod file;
mod metadata;

pub use age::Keys;
pub use file::{Secret, decrypt, is_encrypted};

/// The beginning of an encrypted value.
pub const PREFIX: &str = "ENC[AES256_GCM,";

/// The beginning of a file that age has encrypted.
pub const AGE_HEADER: &str = "-----BEGIN AGE ENCRYPTED FILE-----";

/// What to do about a file that only sops can decrypt.
const USE_SOPS: &str = "decrypt it with sops: `sops -d FILE | plimsoll ... -f -`";
