//! Expressions in the Common Expression Language, as the API server compiles and evaluates them.
//!
//! The crate `cel` parses them. It does not know the types of a schema and has no bound on what an evaluation costs,
//! so that types (`check`) and evaluation (`eval`) are ours, and with them the libraries that Kubernetes adds
//! (`k8s.io/apiserver/pkg/cel/library`).

mod check;
mod eval;
mod functions;
mod types;
mod value;

#[cfg(test)]
mod tests;

pub use eval::{Budget, Composition, EvalError, Variables};
pub use types::Type;
pub(crate) use types::is_reserved;
pub use value::{Key, Value};

use ::cel::parser::{Expression as Ast, PrattParser};

/// The most operators, brackets and quotes that an expression may have, and the deepest nesting of what the parser makes
/// of it. Both bound the stack: the parser recurses. No realistic expression reaches these limits.
const MAX_SIGNS: usize = 1_500;
const MAX_DEPTH: u16 = 200;

/// An expression that was compiled.
#[derive(Debug)]
pub struct Program {
    ast: Ast,
    uses: Vec<String>,
}

/// Why an expression does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompileError {
    /// It is wrong, in words like those of the API server.
    Invalid(String),
    /// It is longer or more deeply nested than is followed here. The server may take it.
    TooComplex,
}

impl Program {
    /// Compiles an expression whose variables have the types of `variables`, and which must give a value of type
    /// `result`.
    ///
    /// # Errors
    ///
    /// Fails if the expression cannot be parsed, names something unknown, or combines types that do not fit.
    pub fn compile(
        source: &str,
        variables: &[(&str, Type<'_>)],
        result: &Type<'_>,
    ) -> Result<Self, CompileError> {
        Self::compile_typed(source, variables, result).map(|(program, _)| program)
    }

    /// As [`Self::compile`], with the type of the values that the expression gives.
    ///
    /// # Errors
    ///
    /// See [`Self::compile`].
    pub fn compile_typed<'s>(
        source: &str,
        variables: &[(&str, Type<'s>)],
        result: &Type<'_>,
    ) -> Result<(Self, Type<'s>), CompileError> {
        let signs = source.chars().filter(|c| !c.is_alphanumeric() && !c.is_whitespace());
        if signs.take(MAX_SIGNS + 1).count() > MAX_SIGNS {
            return Err(CompileError::TooComplex);
        }
        let parser = PrattParser::new()
            .enable_optional_syntax(true)
            .enable_ident_escape_syntax(true)
            .max_recursion_depth(MAX_DEPTH);
        let ast = parser.parse(source).map_err(|errors| {
            let first = errors.errors.into_iter().next();
            match first.map(|error| (error.pos, error.msg)) {
                Some((_, message)) if message.contains("exceed") => CompileError::TooComplex,
                Some(((line, column), message)) => {
                    CompileError::Invalid(format!("{line}:{column}: {message}"))
                }
                None => CompileError::Invalid("syntax error".to_owned()),
            }
        })?;
        let mut checker = check::Checker::new(variables);
        let found = checker.check(&ast)?;
        if !found.may_be(result) {
            return Err(CompileError::Invalid(format!("must evaluate to {result}, not {found}")));
        }
        let uses = checker.into_used();
        Ok((Self { ast, uses }, found))
    }

    /// Whether the expression names a variable.
    pub fn uses(&self, variable: &str) -> bool {
        self.uses.iter().any(|name| name == variable)
    }

    /// Evaluates the expression.
    ///
    /// # Errors
    ///
    /// Fails where the evaluation of the server fails, at the bound of steps, and where the result depends on what
    /// only a cluster knows.
    pub fn evaluate(&self, variables: &Variables<'_>, budget: &mut Budget) -> Result<Value, EvalError> {
        eval::evaluate(&self.ast, variables, budget)
    }
}
