//! Why an expression does not compile.

use super::CompileError;

/// Why an expression does not compile, with the place. It is small, because many results are on the stack where brackets
/// are nested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Error(Box<Problem>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    /// It is wrong, in words like those of the API server.
    Invalid {
        /// The byte that the error is at; `None` if it is about the whole expression.
        at: Option<usize>,
        message: String,
    },
    /// It is more deeply nested than is followed here.
    TooComplex,
}

impl Error {
    /// An error at a byte of the source.
    pub(super) fn at(at: usize, message: impl Into<String>) -> Self {
        Self(Box::new(Problem::Invalid { at: Some(at), message: message.into() }))
    }

    /// An error about the whole expression.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self(Box::new(Problem::Invalid { at: None, message: message.into() }))
    }

    /// The expression is not followed.
    pub(super) fn too_complex() -> Self {
        Self(Box::new(Problem::TooComplex))
    }

    /// The same, with the place as cel-go gives it: the line, and the column in characters, both from 1.
    pub(super) fn in_source(self, source: &str) -> CompileError {
        match *self.0 {
            Problem::TooComplex => CompileError::TooComplex,
            Problem::Invalid { at: None, message } => CompileError::Invalid(message),
            Problem::Invalid { at: Some(at), message } => {
                let before = &source[..at];
                let line = before.matches('\n').count() + 1;
                let start = before.rfind('\n').map_or(0, |end| end + 1);
                let column = before[start..].chars().count() + 1;
                CompileError::Invalid(format!("{line}:{column}: {message}"))
            }
        }
    }
}
