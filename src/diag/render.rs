//! How diagnostics are shown.
