#![doc = include_str!("../README.md")]
//!
//! | module | what it owns |
//! |---|---|
//! | `packet` | packets, numbers, subpackets |
//! | `key` | public keys, and whether they made a signature |
//! | `signature` | signatures, and what they cover |
//! | `keyring` | certificates: which keys may sign, and until when |
//! | `message` | clear-signed messages |

mod key;
mod keyring;
mod message;
mod packet;
mod signature;

pub use keyring::Keyring;
pub use message::{Verified, verify};

use std::fmt;

/// Why a message or keyring is refused, as a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub String);

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
