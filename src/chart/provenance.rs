//! Provenance files: what `helm package --sign` writes beside an archive, and what it proves.

use crate::diag::escape::hex;
use crate::diag::{Diagnostic, SourceKind, Sources};
use crate::openpgp::{self, Keyring};
use crate::yaml::{self, Node, ReadOptions};
use sha2::{Digest as _, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

/// What was verified of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The user IDs of the signer.
    pub signers: Vec<String>,
    /// The fingerprint of the signer's key.
    pub fingerprint: String,
    /// The digest of the archive, as it is signed: `sha256:...`.
    pub digest: String,
}

/// Verifies the archive `name` with its provenance file: the signature, and the digest that it signs.
pub fn verify(
    name: &str,
    archive: &[u8],
    provenance: &str,
    keyring: &Keyring,
    now: SystemTime,
) -> Result<Provenance, Box<Diagnostic>> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let refused = |reason: String| Diagnostic::error(format!("`{name}` cannot be verified: {reason}"));
    let verified = openpgp::verify(provenance, keyring, now).map_err(|error| {
        refused(format!("its provenance file: {error}")).help(
            "--keyring names the file with the publisher's keys, which `gpg --export KEY > FILE` writes",
        )
    })?;
    let expected = signed_digest(name, &verified.text).ok_or_else(|| {
        refused(format!("its provenance file does not name `{name}`"))
            .help("an archive that was renamed needs its old name")
    })?;
    let digest = format!("sha256:{}", hex(&Sha256::digest(archive)));
    if digest != expected {
        return Err(refused(format!("its digest is {digest}, but {expected} is signed"))
            .help("the archive was changed or damaged after it was signed: ask the publisher")
            .into());
    }
    Ok(Provenance { signers: verified.signers, fingerprint: verified.fingerprint, digest })
}

/// The digest that a signed text gives for a file: after `Chart.yaml`, it has a document with the digests of files.
fn signed_digest(name: &str, text: &str) -> Option<String> {
    let (_, sums) = text.split_once("\n...\n")?;
    let sources = Sources::new();
    let source = sources.add("provenance", sums, SourceKind::File);
    let documents = yaml::read(&sources, source, &ReadOptions::strict()).output?;
    let root = documents.into_iter().find(|document| !document.blank)?.root;
    root.get("files")?.get(name).and_then(Node::as_str).map(str::to_owned)
}
