//! Tests of upgrade.
