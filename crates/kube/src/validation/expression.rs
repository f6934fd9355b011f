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
    compile_with(source, failure, |text| Program::compile(text, variables, result), cx)
}

/// As [`compile`], with the type of the values that the expression gives.
pub(super) fn compile_typed<'s>(
    source: &At<'_, '_>,
    failure: &str,
    variables: &[(&str, Type<'s>)],
    result: &Type<'_>,
    cx: &mut Context<'_>,
) -> Option<(Program, Type<'s>)> {
    compile_with(source, failure, |text| Program::compile_typed(text, variables, result), cx)
}

/// As [`compile`], in a way of the caller's.
pub(super) fn compile_with<T>(
    source: &At<'_, '_>,
    failure: &str,
    compile: impl FnOnce(&str) -> Result<T, CompileError>,
    cx: &mut Context<'_>,
) -> Option<T> {
    if source.text().trim().is_empty() {
        return None;
    }
    match compile(source.text()) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::Invalid(detail)) => {
            cx.invalid(source, format_args!("{failure}: {detail}"));
            None
        }
        // The server may take it.
        Err(CompileError::TooComplex) => None,
    }
}
