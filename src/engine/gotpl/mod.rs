//! Helm's template language.

mod error;
mod fmt;
mod functions;
mod value;
mod vm;
