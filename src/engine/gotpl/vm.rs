//! Runs templates.

use std::marker::PhantomData;

/// What functions may draw from while a release renders, and the executor itself.
pub(crate) struct Vm<'a> {
    /// The one source of random values of a render.
    pub(crate) random: Random,
    charts: PhantomData<&'a ()>,
}

/// Seeded or taken from the operating system, and whether it was asked at all.
#[derive(Debug, Default)]
pub(crate) struct Random {
    /// `--seed`.
    pub(crate) seed: Option<u64>,
    /// Whether anything was drawn from it or from the clock, so that another render may differ.
    pub(crate) used: bool,
}
