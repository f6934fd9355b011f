//! The workload controllers as state machines with logical time.
