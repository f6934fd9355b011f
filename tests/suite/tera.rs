//! Tests of tera.
