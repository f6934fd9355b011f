//! Records which parts of templates are reached.

use super::Reached;
use std::sync::{Mutex, PoisonError};

/// What the engines reach in a render. They add to it from any thread, whether the render succeeds or fails.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Reached>);

impl Recorder {
    /// Adds what was reached.
    pub fn add(&self, reached: Reached) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).merge(reached);
    }

    /// All that was reached.
    pub fn into_reached(self) -> Reached {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
