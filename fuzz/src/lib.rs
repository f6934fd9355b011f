//! What each target of cargo-fuzz checks.
//!
//! Every module has one function, `check`, which panics if a promise is broken. cargo-fuzz calls it with generated
//! input. `tests/suite/fuzz.rs` calls it with the seeds and with edited seeds, in every `cargo test`.

pub mod archive;
pub mod comments;
pub mod encrypted;
pub mod expression;
pub mod helm;
pub mod history;
pub mod lint;
pub mod plan;
pub mod provenance;
pub mod suite;
pub mod tera;
pub mod values;
pub mod yaml;

mod release;

use plimsoll::diag::escape::is_unprintable;
use plimsoll::diag::render::{Style, human};
use plimsoll::diag::{Diagnostic, Sources};
use serde_json::Value as Json;

/// Text for people contains no terminal control characters.
fn assert_printable(text: &str) {
    let found =
        text.chars().find(|character| !matches!(character, '\n' | '\t') && is_unprintable(*character));
    assert_eq!(found, None, "{text:?}");
}

/// JSON output parses.
fn assert_json(text: &str) {
    assert!(serde_json::from_str::<Json>(text).is_ok(), "{text}");
}

/// Diagnostics point into their sources and can be shown.
fn assert_shown(diagnostics: &[Diagnostic], sources: &Sources) {
    for span in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels).map(|label| label.span) {
        if let Some(source) = sources.get(span.source) {
            assert!(source.text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
        }
    }
    assert_printable(&human(diagnostics, sources, Style::Plain));
}
