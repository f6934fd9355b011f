//! Recorded renders on disk.
