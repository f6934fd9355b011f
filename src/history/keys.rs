//! The keys of digests, kept apart from the records.
//!
//! Records may be committed, copied and stolen; the key of their digests stays with the user: one file for each key in a
//! directory that only its owner can read (`~/.local/state/plimsoll/keys/ID`). A history names its keys, and nothing
//! else about them, in `key-ids`: where several people or machines record, each adds its own. Whoever has none of the keys can
//! read the history, but not compare the values of Secrets.

use super::each_digest;
use crate::digest::Key;
use crate::manifest::Object;
use crate::world::World;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file of a history that names its keys, one a line.
const KEY_IDS: &str = "key-ids";

/// Where keys are kept.
#[derive(Debug, Clone, Default)]
pub struct KeyStore {
    directory: Option<PathBuf>,
}

/// The keys of some digests.
#[derive(Debug, Clone, Default)]
pub struct FoundKeys {
    /// Those that are in the store.
    pub keys: Vec<Key>,
    /// The names of those that are not.
    pub missing: Vec<String>,
}

impl KeyStore {
    /// A store in `directory`; none if the user has no place for one.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self { directory }
    }

    /// The keys of the digests that recorded objects contain.
    pub fn find<'o>(&self, objects: impl IntoIterator<Item = &'o Object>) -> FoundKeys {
        let mut ids = BTreeSet::new();
        for object in objects {
            each_digest(object, |parts| ids.extend(parts.key.map(str::to_owned)));
        }
        let mut found = FoundKeys::default();
        for id in ids {
            match self.load(&id) {
                Some(key) => found.keys.push(key),
                None => found.missing.push(id),
            }
        }
        found
    }

    /// A key of the store; `None` as well if its file is damaged.
    fn load(&self, id: &str) -> Option<Key> {
        let text = fs::read_to_string(self.directory.as_ref()?.join(id)).ok()?;
        Key::from_text(&text).filter(|key| key.id() == id)
    }

    /// The key for new records of the history in `base`: the first one of it that is in the store, else a new one.
    pub(super) fn key_of(&self, base: &Path, world: &World) -> io::Result<Key> {
        let ids = fs::read_to_string(base.join(KEY_IDS)).unwrap_or_default();
        let is_name = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        match ids.lines().map(str::trim).filter(is_name).find_map(|id| self.load(id)) {
            Some(key) => Ok(key),
            None => self.make(base, world),
        }
    }

    fn make(&self, base: &Path, world: &World) -> io::Result<Key> {
        let no_place = || io::Error::new(io::ErrorKind::NotFound, "neither XDG_STATE_HOME nor HOME is set");
        let directory = self.directory.as_ref().ok_or_else(no_place)?;
        let key = Key::new(world.random()?);
        super::private_directory().create(directory)?;
        // A reader that finds half of the text takes it for a damaged key.
        let path = directory.join(key.id());
        write_private(File::options().create(true).truncate(true).write(true), &path, &key.to_text())?;
        write_private(File::options().create(true).append(true), &base.join(KEY_IDS), &(key.id() + "\n"))?;
        Ok(key)
    }
}

/// Writes a text that only its owner can read.
fn write_private(options: &mut fs::OpenOptions, path: &Path, text: &str) -> io::Result<()> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
