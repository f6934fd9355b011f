#![doc = include_str!("../README.md")]
//!
//! What Kubernetes knows: kinds, names, quantities, schemas, defaults, merge keys, immutability, validation.
//!
//! [`validate`] answers what kube-apiserver of a given [`Version`] would answer to a POST of an object
//! with strict field validation: first the decoding errors (unknown fields, wrong types), then, where
//! there are none, those of the server's validation functions.

pub mod admission;
pub mod cel;
pub mod defaults;
mod encode;
pub mod gates;
pub mod kinds;
pub mod managed;
pub mod manifest;
pub mod merge;
pub mod names;
pub mod patch;
pub mod pod_security;
pub mod quantity;
mod regexes;
pub mod schema;
pub mod secrets;
pub mod update;
pub mod validation;
mod version;
pub mod views;

pub use encode::encode;
pub use validation::{
    ErrorKind, FieldError, Finding, Operation, RULES, complete_custom, defines, name_errors,
    unknown_custom_fields, validate, validate_addresses, validate_all, validate_custom,
    validate_custom_update, validate_for, validate_form,
};
pub use version::{KubeVersion, Version, VersionError};
