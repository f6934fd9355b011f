//! Values files that SOPS has encrypted: decrypted in memory, and known as secrets from then on.

use crate::diag::{Diagnostic, Sources};
use crate::k8s::secrets;
use crate::sops::{self, Keys};
use crate::world::World;
use crate::yaml::Document;
use std::path::PathBuf;

/// The most bytes of a file with keys.
const MAX_KEYS: u64 = 1 << 20;

/// Decrypts the documents of a values file, if it is encrypted. The values keep their places in the file.
pub(super) fn decrypt(
    world: &World,
    sources: &Sources,
    documents: &mut [Document],
) -> Result<(), Box<Diagnostic>> {
    if !documents.iter().any(|document| sops::is_encrypted(&document.root)) {
        return Ok(());
    }
    let mut roots: Vec<_> = documents.iter_mut().map(|document| &mut document.root).collect();
    let keys = keys(world)?;
    let decrypted = sops::decrypt(&mut roots, &keys, sources).map_err(|error| {
        let is_command = keys.is_empty() && world.variable("SOPS_AGE_KEY_CMD").is_some();
        let help = "SOPS_AGE_KEY_CMD is not run: set SOPS_AGE_KEY to what it prints";
        Box::new(error.maybe_help(is_command.then(|| help.to_owned())))
    })?;
    secrets::register_decrypted(sources, decrypted.iter().map(|secret| (secret.key.as_str(), &secret.node)));
    Ok(())
}

/// The age keys that sops finds: in the environment, in the file that it names, and in the user's configuration.
fn keys(world: &World) -> Result<Keys, Box<Diagnostic>> {
    let mut keys = Keys::default();
    if let Some(text) = world.variable("SOPS_AGE_KEY") {
        keys.add(&text.to_string_lossy());
    }
    if let Some(path) = world.variable("SOPS_AGE_KEY_FILE").map(PathBuf::from) {
        let bytes = world.read(&path, MAX_KEYS).map_err(|error| {
            let shown = path.display();
            Diagnostic::error(format!(
                "cannot read the file `{shown}`, which SOPS_AGE_KEY_FILE names: {error}"
            ))
        })?;
        keys.add(&String::from_utf8_lossy(&bytes));
    }
    for path in configured(world) {
        if let Ok(bytes) = world.read(&path, MAX_KEYS) {
            keys.add(&String::from_utf8_lossy(&bytes));
        }
    }
    Ok(keys)
}

/// Where sops keeps keys in the configuration of a user, on each operating system.
fn configured(world: &World) -> Vec<PathBuf> {
    let directory = |name: &str| Some(PathBuf::from(world.variable(name).filter(|path| !path.is_empty())?));
    let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".config" };
    let system =
        if cfg!(windows) { directory("APPDATA") } else { directory("HOME").map(|path| path.join(home)) };
    let all = [directory("XDG_CONFIG_HOME"), system];
    all.into_iter().flatten().map(|path| path.join("sops/age/keys.txt")).collect()
}
