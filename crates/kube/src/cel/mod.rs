//! Expressions in the Common Expression Language, as the API server compiles and evaluates them.
//!
//! An expression is parsed into a tree (`parse`, `ast`), which has the types of a schema (`check`),
//! simplified once (`simplify`) and evaluated (`eval`) with a bound on what it costs (`cost`). The libraries of Kubernetes
//! (`k8s.io/apiserver/pkg/cel/library`) are in `functions`.

mod ast;
mod check;
mod cost;
mod error;
mod eval;
mod functions;
mod parse;
mod simplify;
mod types;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use cost::schema::{limit as schema_limit, max_cardinality};
pub use eval::{Budget, Composition, EvalError, Variables};
pub use types::Type;
pub(crate) use types::is_reserved;
pub use value::{Key, Value};

use ast::Ast;
use check::{Checker, Types};
use cost::schema::Place;
use error::Error;
use plimsoll_yaml::Node;

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
    /// It is more deeply nested than is followed here. The server may take it.
    TooComplex,
}

/// An expression whose types fit.
struct Checked<'s> {
    ast: Ast,
    types: Types<'s>,
    uses: Vec<String>,
    ty: Type<'s>,
}

impl<'s> Checked<'s> {
    fn new(source: &str, variables: &[(&str, Type<'s>)], result: &Type<'_>) -> Result<Self, Error> {
        let ast = *parse::parse(source)?;
        let mut checker = Checker::new(variables);
        let ty = checker.type_of(&ast)?;
        if !ty.may_be(result) {
            return Err(Error::whole(format!("must evaluate to {result}, not {ty}")));
        }
        let (uses, types) = checker.finish();
        Ok(Self { ast, types, uses, ty })
    }

    fn into_program(mut self) -> Program {
        simplify::simplify(&mut self.ast, &self.types);
        Program { ast: self.ast, uses: self.uses }
    }
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
        let checked = Checked::new(source, variables, result).map_err(|error| error.in_source(source))?;
        let ty = checked.ty.clone();
        Ok((checked.into_program(), ty))
    }

    /// As [`Self::compile`], with the most that the expression costs about a value of a schema. `is_root` says that the
    /// schema is that of a whole object.
    ///
    /// # Errors
    ///
    /// See [`Self::compile`].
    pub(crate) fn compile_estimated<'s>(
        source: &str,
        variables: &[(&str, Type<'s>)],
        result: &Type<'_>,
        (schema, is_root): (&'s Node, bool),
    ) -> Result<(Self, u64), CompileError> {
        let checked = Checked::new(source, variables, result).map_err(|error| error.in_source(source))?;
        let root = Place::Schema { schema, is_root };
        let cost = cost::estimate::estimate(&checked.ast, &checked.types, root).max;
        Ok((checked.into_program(), cost))
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
