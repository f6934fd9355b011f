//! The arguments of a call that are constants.

/// Which arguments are numbers that stand in the template. They have no type, and Go converts them to that of the
/// parameter. Only the first arguments are known, because no function converts others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Constants(u32);

impl Constants {
    /// Adds argument `index`.
    pub(crate) fn add(&mut self, index: usize) {
        self.0 |= u32::try_from(index).ok().and_then(|index| 1_u32.checked_shl(index)).unwrap_or(0);
    }

    /// Whether argument `index` is one.
    pub(crate) fn has(self, index: usize) -> bool {
        u32::try_from(index).ok().and_then(|index| self.0.checked_shr(index)).unwrap_or(0) & 1 == 1
    }
}
