//! The work of a render, counted wherever it grows with the input: the steps of templates and the values and bytes that
//! functions go through.
//!
//! Functions get their arguments and nothing else, so the count is kept per thread.

use std::cell::Cell;

use crate::error::{Error, Result};

/// How much work a render may take. The largest charts take a hundredth of it.
const MAX_WORK: usize = 2_000_000_000;

thread_local! {
    /// What is left to the render on this thread.
    static LEFT: Cell<usize> = const { Cell::new(MAX_WORK) };
}

/// The work that is left to a render.
pub(crate) struct Budget(usize);

impl Budget {
    /// All of it.
    pub(crate) fn new() -> Self {
        Self(MAX_WORK)
    }

    /// Runs `body` on this budget.
    pub(crate) fn run<T>(&mut self, body: impl FnOnce() -> T) -> T {
        let outer = LEFT.replace(self.0);
        let result = body();
        self.0 = LEFT.replace(outer);
        result
    }
}

/// Counts work: about a nanosecond to ten for each step. Fails when the render or the process has exceeded a limit.
#[inline]
pub(crate) fn spend(steps: usize) -> Result<()> {
    plimsoll_limits::check().map_err(|exceeded| Error::new(exceeded.to_string()).help(exceeded.help()))?;
    let left = LEFT.get().checked_sub(steps);
    LEFT.set(left.unwrap_or_default());
    if left.is_none() { Err(too_much()) } else { Ok(()) }
}

/// Counts work where nothing can fail: the next step does.
#[inline]
pub(crate) fn note(steps: usize) {
    LEFT.set(LEFT.get().saturating_sub(steps));
}

#[cold]
fn too_much() -> Error {
    let millions = MAX_WORK / 1_000_000;
    Error::new(format!("these templates take more than {millions} million steps"))
        .help("look for a loop or an `include` that repeats without end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_render_spends_another_does_not_lack() {
        let mut budget = Budget::new();
        budget.run(|| spend(MAX_WORK - 1)).unwrap();
        let error = budget.run(|| spend(2)).unwrap_err();
        assert!(error.message().contains("2000 million steps"), "{error}");
        assert!(budget.run(|| spend(1)).is_err(), "it stays exceeded");
        Budget::new().run(|| spend(MAX_WORK)).unwrap();
    }
}
