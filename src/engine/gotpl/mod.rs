//! Helm's template language.
