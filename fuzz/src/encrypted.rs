//! Any text as a file that SOPS has encrypted.

use super::assert_shown;
use plimsoll::diag::{SourceKind, Sources};
use plimsoll::sops::{Keys, decrypt, is_encrypted};
use plimsoll::yaml::{self, ReadOptions};

/// Decrypts it with the keys of the tests. What could be decrypted has no `sops` block any more.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut keys = Keys::default();
    keys.add(include_str!("../../tests/fixtures/sops/keys.txt"));
    let sources = Sources::new();
    let source = sources.add("values.yaml", text, SourceKind::File);
    let Some(mut documents) = yaml::read(&sources, source, &ReadOptions::lenient()).output else { return };
    let mut roots: Vec<_> = documents.iter_mut().map(|document| &mut document.root).collect();
    match decrypt(&mut roots, &keys, &sources) {
        Ok(_) => assert!(!roots.iter().any(|root| is_encrypted(root))),
        Err(diagnostic) => assert_shown(&[*diagnostic], &sources),
    }
}
