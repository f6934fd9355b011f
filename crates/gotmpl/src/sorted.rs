//! A map that is sorted by its keys, as Go's templates go through maps.

use std::borrow::Borrow;
use std::collections::{BTreeMap, btree_map};
use std::slice;

/// A map in the order of its keys.
#[derive(Clone)]
pub(crate) enum Sorted<K, T> {
    /// One block of memory, which suits nearly all maps of charts.
    Block(Vec<(K, T)>),
    /// A tree for large maps that templates change: a block would move half of its entries for each new one.
    Tree(BTreeMap<K, T>),
}

/// The most entries of a block that is changed elsewhere than at its end.
const MAX_BLOCK: usize = 512;

impl<K, T> Default for Sorted<K, T> {
    fn default() -> Self {
        Self::Block(Vec::new())
    }
}

impl<K: Ord, T> Sorted<K, T> {
    /// Of entries in any order; later values of a key win.
    pub(crate) fn of(mut entries: Vec<(K, T)>) -> Self {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self::Block(entries)
    }

    /// Of entries in the order of their keys, each key once.
    pub(crate) fn in_order(entries: Vec<(K, T)>) -> Self {
        Self::Block(entries)
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Block(entries) => position(entries, key).ok().map(|index| &entries[index].1),
            Self::Tree(tree) => tree.get(key),
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: T) {
        match self {
            Self::Block(entries) => match position(entries, &key) {
                Ok(index) => entries[index].1 = value,
                Err(index) if index == entries.len() || entries.len() < MAX_BLOCK => {
                    entries.insert(index, (key, value));
                }
                Err(_) => {
                    self.tree().insert(key, value);
                }
            },
            Self::Tree(tree) => {
                tree.insert(key, value);
            }
        }
    }

    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<T>
    where
        K: Borrow<Q>,
    {
        match self {
            Self::Block(entries) => {
                let index = position(entries, key).ok()?;
                if entries.len() <= MAX_BLOCK {
                    return Some(entries.remove(index).1);
                }
                self.tree().remove(key)
            }
            Self::Tree(tree) => tree.remove(key),
        }
    }

    /// The entries as a tree, which they are from now on.
    fn tree(&mut self) -> &mut BTreeMap<K, T> {
        if let Self::Block(entries) = self {
            *self = Self::Tree(std::mem::take(entries).into_iter().collect());
        }
        match self {
            Self::Tree(tree) => tree,
            Self::Block(_) => unreachable!("it has just become a tree"),
        }
    }
}

impl<K, T> Sorted<K, T> {
    pub(crate) fn iter(&self) -> Iter<'_, K, T> {
        match self {
            Self::Block(entries) => Iter::Block(entries.iter()),
            Self::Tree(tree) => Iter::Tree(tree.iter()),
        }
    }

    pub(crate) fn into_values(self) -> Vec<T> {
        match self {
            Self::Block(entries) => entries.into_iter().map(|(_, value)| value).collect(),
            Self::Tree(tree) => tree.into_values().collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Block(entries) => entries.len(),
            Self::Tree(tree) => tree.len(),
        }
    }
}

fn position<K: Borrow<Q>, Q: Ord + ?Sized, T>(entries: &[(K, T)], key: &Q) -> Result<usize, usize> {
    entries.binary_search_by(|(other, _)| other.borrow().cmp(key))
}

/// The entries in order.
pub(crate) enum Iter<'a, K, T> {
    Block(slice::Iter<'a, (K, T)>),
    Tree(btree_map::Iter<'a, K, T>),
}

impl<'a, K, T> Iterator for Iter<'a, K, T> {
    type Item = (&'a K, &'a T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Block(entries) => entries.next().map(|(key, value)| (key, value)),
            Self::Tree(entries) => entries.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Block(entries) => entries.size_hint(),
            Self::Tree(entries) => entries.size_hint(),
        }
    }
}

impl<K, T> ExactSizeIterator for Iter<'_, K, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_and_a_tree_hold_the_same() {
        let mut model = BTreeMap::new();
        let mut map = Sorted::default();
        let mut was_tree = false;
        for step in 0..6000_u64 {
            // Keys come back, in no order.
            let key = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 2000;
            if step % 5 == 4 || step > 4000 {
                assert_eq!(map.remove(&key), model.remove(&key));
            } else {
                map.insert(key, step);
                model.insert(key, step);
            }
            was_tree |= matches!(map, Sorted::Tree(_));
            assert_eq!((map.len(), map.get(&key)), (model.len(), model.get(&key)));
        }
        assert!(was_tree);
        assert!(map.iter().eq(&model));
        assert_eq!(map.iter().len(), model.len());
        assert_eq!(map.clone().into_values(), model.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn large_blocks_that_only_grow_at_their_end_stay_blocks() {
        let mut map = Sorted::of((0..1000).map(|key| (key, ())).collect());
        map.insert(1000, ());
        map.insert(5, ());
        assert!(matches!(map, Sorted::Block(_)));
    }
}
