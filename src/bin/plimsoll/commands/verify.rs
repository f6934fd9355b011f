//! `plimsoll verify`, and `--verify` of other commands.

use super::{release, world};
use crate::args::{VerifyArgs, VerifyFlags};
use crate::ui::{ExitStatus, Ui};
use anyhow::{Context as _, bail};
use plimsoll::chart::{self, Provenance};
use plimsoll::diag::{Diagnostic, Report, Sources};
use plimsoll::openpgp::Keyring;
use std::path::{Path, PathBuf};

/// The largest keyring.
const MAX_KEYRING: u64 = 64 << 20;
/// The largest archive: what may be fetched.
const MAX_ARCHIVE: u64 = 100 << 20;

pub(crate) fn run(args: &VerifyArgs, ui: &mut Ui) -> anyhow::Result<ExitStatus> {
    let path = args.archive.as_path();
    let shown = path.display();
    if world().is_directory(path) {
        bail!("`{shown}` is a directory: only archives are signed");
    }
    let archive = read_archive(path)?;
    let provenance = provenance_path(path);
    if !world().is_file(&provenance) {
        bail!("`{shown}` cannot be verified: there is no `{}` beside it", provenance.display());
    }
    let provenance = release::read_file(&provenance)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let verified = Verifier::new(&args.flags)?.verify(&name, &archive, &provenance);
    let verified = ui.kept(Report::from(verified), &Sources::new())?;
    ui.print(&describe(&verified));
    Ok(ExitStatus::Success)
}

/// The content of an archive, or of the file beside it, which must not be larger than what may be fetched.
pub(super) fn read_archive(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let content = world().read(path, MAX_ARCHIVE + 1).with_context(|| format!("cannot read `{shown}`"))?;
    if content.len() as u64 > MAX_ARCHIVE {
        bail!("`{shown}` is larger than {} MiB", MAX_ARCHIVE >> 20);
    }
    Ok(content)
}

/// The provenance file of an archive.
pub(crate) fn provenance_path(archive: &Path) -> PathBuf {
    let mut path = archive.as_os_str().to_owned();
    path.push(".prov");
    PathBuf::from(path)
}

/// Verifies archives with the keys of a keyring.
pub(crate) struct Verifier(Keyring);

impl Verifier {
    /// One with the keyring that the flags name, or that of GnuPG.
    pub(crate) fn new(flags: &VerifyFlags) -> anyhow::Result<Self> {
        let path = match &flags.keyring {
            Some(path) => path.clone(),
            None => default_keyring().context("name the keyring with --keyring")?,
        };
        let failed = || format!("cannot read the keyring `{}`", path.display());
        let bytes = world().read(&path, MAX_KEYRING).with_context(failed)?;
        Keyring::read(&bytes).map(Self).with_context(failed)
    }

    /// Verifies an archive with the text of its provenance file.
    pub(crate) fn verify(
        &self,
        name: &str,
        archive: &[u8],
        provenance: &str,
    ) -> Result<Provenance, Diagnostic> {
        chart::verify(name, archive, provenance, &self.0, world().now()).map_err(|diagnostic| *diagnostic)
    }
}

/// The keyring that Helm uses, too.
fn default_keyring() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(world().variable("HOME")?).join(".gnupg"));
    Some(world().variable("GNUPGHOME").map(PathBuf::from).or_else(home)?.join("pubring.gpg"))
}

/// What was verified, in Helm's words.
pub(crate) fn describe(verified: &Provenance) -> String {
    let mut lines: Vec<String> =
        verified.signers.iter().map(|signer| format!("Signed by: {signer}")).collect();
    lines.push(format!("Using Key With Fingerprint: {}", verified.fingerprint));
    lines.push(format!("Chart Hash Verified: {}\n", verified.digest));
    lines.join("\n")
}
