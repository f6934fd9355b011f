//! Why a text is not a template.

use std::fmt;

use crate::ast::Place;
use plimsoll_diag::{Diagnostic, SourceId, Span};

/// Why a text is not a template.
#[derive(Debug, Clone)]
pub struct ParseError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) place: Place,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl ParseError {
    /// The error as a diagnostic in `source`, the text that was parsed.
    pub fn to_diagnostic(&self, source: SourceId) -> Diagnostic {
        let span = Span::new(source, self.place.start as usize, self.place.end as usize);
        Diagnostic::error(self.message.clone()).at(span, "").maybe_help(self.help.clone())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

/// The result of parsing a piece of a template.
pub(crate) type Result<T, E = Box<ParseError>> = std::result::Result<T, E>;

/// An error at `place` without a suggestion.
#[expect(clippy::unnecessary_box_returns, reason = "errors are boxed wherever they go")]
pub(super) fn error(place: Place, message: impl Into<String>) -> Box<ParseError> {
    Box::new(ParseError { message: message.into(), place, help: None })
}
