//! Clear-signed messages: a text that can be read as it is, and a signature below it.

use crate::Error;
use crate::key::Hash;
use crate::keyring::Keyring;
use crate::packet::read_armor;
use crate::signature::{BINARY, Signature, TEXT, read_signatures};
use std::fmt::Write as _;

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A message that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The text: nothing outside of it was signed.
    pub text: String,
    /// The user IDs of the signer.
    pub signers: Vec<String>,
    /// The fingerprint of the signer's primary key, in capital hexadecimal digits.
    pub fingerprint: String,
}

/// Verifies a message at the time `now`, in seconds since 1970. If it has several signatures, one by a key of the keyring is
/// enough.
///
/// # Errors
/// The message is damaged, was changed, or is not signed by a valid key of the keyring.
pub fn verify(message: &str, keyring: &Keyring, now: u64) -> Result<Verified, Error> {
    let (text, rest) = read_text(message).ok_or_else(|| Error::new("it is not a clear-signed message"))?;
    let signatures = read_armor(rest, "SIGNATURE").and_then(|bytes| read_signatures(&bytes));
    let signatures = signatures.ok_or_else(|| Error::new("its signature is damaged"))?;
    // What is signed has line breaks of the network, and none at the end.
    let signed = text
        .split('\n')
        .map(|line| line.trim_end_matches([' ', '\t', '\r']))
        .collect::<Vec<_>>()
        .join("\r\n");
    let mut reason = Error::new(if signatures.is_empty() {
        "its signature is of a kind that is not supported"
    } else {
        "it is signed by a key that is not in the keyring"
    });
    for signature in &signatures {
        let found =
            keyring.0.iter().find_map(|certificate| Some((certificate, certificate.find(signature)?)));
        let Some((certificate, key)) = found else { continue };
        let checked = check_signature(signature, now)
            .and_then(|()| {
                if signature.is_by(key, &[signed.as_bytes()]) {
                    Ok(())
                } else {
                    Err(Error::new("its signature does not match: the text was changed"))
                }
            })
            .and_then(|()| certificate.check(key, signature, now));
        match checked {
            Ok(()) => {
                let fingerprint =
                    certificate.primary.fingerprint.iter().fold(String::new(), |mut text, byte| {
                        // Writing to a string cannot fail.
                        let _ = write!(text, "{byte:02X}");
                        text
                    });
                return Ok(Verified { text, signers: certificate.names(), fingerprint });
            }
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

fn check_signature(signature: &Signature, now: u64) -> Result<(), Error> {
    if !matches!(signature.kind, BINARY | TEXT) {
        return Err(Error::new("its signature is not one on a text"));
    }
    if signature.hash == Hash::Sha1 {
        return Err(Error::new("its signature uses SHA-1, which can be forged"));
    }
    let end = u64::from(signature.created) + u64::from(signature.lifetime);
    if signature.lifetime > 0 && now >= end {
        return Err(Error::new("its signature has expired"));
    }
    // A clock may be a day ahead.
    if u64::from(signature.created) > now + 86_400 {
        return Err(Error::new("its signature was made in the future"));
    }
    Ok(())
}

/// The text of a message without the marks before dashes, and what follows it.
fn read_text(message: &str) -> Option<(String, &str)> {
    let (first, rest) = message.split_once('\n')?;
    // Nothing may seem to be signed that is not.
    if first.trim_end() != BEGIN {
        return None;
    }
    let mut rest = rest;
    loop {
        let (line, after) = rest.split_once('\n')?;
        rest = after;
        match line.trim_end() {
            "" => break,
            header if header.starts_with("Hash:") => {}
            _ => return None,
        }
    }
    let mut lines: Vec<&str> = Vec::new();
    loop {
        let (line, after) = rest.split_once('\n')?;
        if line.trim_end() == SIGNATURE {
            return Some((lines.join("\n"), rest));
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('-') && !line.starts_with("- ") {
            return None;
        }
        lines.push(line.strip_prefix("- ").unwrap_or(line));
        rest = after;
    }
}
