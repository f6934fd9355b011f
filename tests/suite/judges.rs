//! Tests of judges.
