//! Tests of gotpl.
