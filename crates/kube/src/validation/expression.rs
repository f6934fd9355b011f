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
    compile_typed(source, failure, variables, result, cx).map(|(program, _)| program)
}

/// As [`compile`], with the type of the values that the expression gives.
pub(super) fn compile_typed<'s>(
    source: &At<'_, '_>,
    failure: &str,
    variables: &[(&str, Type<'s>)],
    result: &Type<'_>,
    cx: &mut Context<'_>,
) -> Option<(Program, Type<'s>)> {
    if source.text().trim().is_empty() {
        return None;
    }
    match Program::compile_typed(source.text(), variables, result) {
        Ok(compiled) => Some(compiled),
        Err(CompileError::Invalid(detail)) => {
            cx.invalid(source, format_args!("{failure}: {detail}"));
            None
        }
        // The server may take it.
        Err(CompileError::TooComplex) => None,
    }
}
