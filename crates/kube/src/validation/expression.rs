//! Expressions in CEL, compiled where they stand.

use super::{At, Context};
use crate::cel::{CompileError, Program, Type};

/// Compiles the expression at a place, or reports why that fails: `failure` is what the server puts before the reason.
/// An absent or blank one is left to the caller.
pub(super) fn compile(
    source: &At<'_, '_>,
    failure: &str,
    variables: &[(&str, Type<'_>)],
    result: &Type<'_>,
    cx: &mut Context<'_>,
) -> Option<Program> {
    if source.text().trim().is_empty() {
        return None;
    }
    match Program::compile(source.text(), variables, result) {
        Ok(program) => Some(program),
        Err(CompileError::Invalid(detail)) => {
            cx.invalid(source, format_args!("{failure}: {detail}"));
            None
        }
        // The server may take it.
        Err(CompileError::TooComplex) => None,
    }
}

/// What every expression about a request knows.
pub(super) fn request_variables() -> Vec<(&'static str, Type<'static>)> {
    vec![
        ("object", Type::Dyn),
        ("oldObject", Type::Dyn),
        ("request", Type::Dyn),
        ("authorizer", Type::Named("authorizer")),
    ]
}
