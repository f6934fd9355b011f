//! Any text as a signed message, and any bytes as a keyring.

use super::assert_printable;
use plimsoll::diag::escape::terminal_lines;
use plimsoll::openpgp::{Keyring, verify};

/// When the keys of the tests are valid.
const NOW: u64 = 1_790_000_000;

/// A message that one of the keys signed.
const SIGNED: &str = include_str!("../../tests/fixtures/provenance/rsa.prov");

/// Verifies the text with the keys of the tests, which signed nothing but what is in their messages, and reads the bytes as
/// a keyring.
pub fn check(data: &[u8]) {
    if let Ok(keyring) = Keyring::read(data) {
        let _ = verify(SIGNED, &keyring, NOW);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let keyring = Keyring::read(include_bytes!("../../tests/fixtures/provenance/keyring.gpg"));
    match verify(text, &keyring.expect("a keyring"), NOW) {
        Ok(verified) => {
            let same = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            assert!(same(SIGNED).contains(same(&verified.text).trim_end()), "{}", verified.text);
        }
        Err(error) => assert_printable(&terminal_lines(&error.to_string())),
    }
}
