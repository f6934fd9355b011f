//! Where the keys of a large mapping are.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The positions of keys, built once they have been looked up often enough to be worth it.
#[derive(Debug, Default)]
pub(crate) struct Index {
    lookups: AtomicUsize,
    positions: OnceLock<BTreeMap<String, usize>>,
}

/// How many look-ups search one by one.
const LINEAR_LOOKUPS: usize = 8;

impl Index {
    /// The position of `key` among `keys`, which are those of the mapping in order. `Err` if it has to be searched for.
    pub(crate) fn find<'k>(
        &self,
        key: &str,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Option<usize>, Unindexed> {
        if self.positions.get().is_none() && self.lookups.fetch_add(1, Relaxed) < LINEAR_LOOKUPS {
            return Err(Unindexed);
        }
        let build = || keys.enumerate().map(|(position, key)| (key.to_owned(), position)).collect();
        Ok(self.positions.get_or_init(build).get(key).copied())
    }

    /// Takes in a key that was appended.
    pub(crate) fn append(&mut self, key: &str, position: usize) {
        if let Some(positions) = self.positions.get_mut() {
            positions.insert(key.to_owned(), position);
        }
    }

    /// Takes out a key; those after it move up.
    pub(crate) fn remove(&mut self, key: &str, position: usize) {
        if let Some(positions) = self.positions.get_mut() {
            positions.remove(key);
            positions.values_mut().filter(|other| **other > position).for_each(|other| *other -= 1);
        }
    }
}

/// There is no index yet.
pub(crate) struct Unindexed;
