//! The macros of the language, of optional values and of comprehensions over two variables, and `cel.bind`.

use super::Parser;
use crate::cel::ast::{Ast, Bind, Call, Expr, Fold, FoldKind, Wrapping};
use crate::cel::error::Error;
use std::sync::Arc;

/// The name that cel-go gives the result of an iteration.
const ACCUMULATOR: &str = "__result__";

/// Makes a part of the tree from a call, which may be that of a macro.
///
/// # Errors
///
/// Fails if the arguments of a macro are not of the form that it takes.
pub(super) fn expand(parser: &mut Parser<'_>, call: Call, at: usize) -> Result<Box<Ast>, Error> {
    let Call { function, target, mut args } = call;
    let expr = match target {
        None if &*function == "has" && args.len() == 1 => has(args.remove(0))?,
        None => Expr::Call(Call { function, target, args }),
        Some(target) => on_target(function, target, args)?,
    };
    parser.node(expr, at)
}

type Expanded = Result<Expr, Error>;

fn has(argument: Ast) -> Expanded {
    match argument.expr {
        Expr::Select(operand, field) => Ok(Expr::Has(operand, field)),
        _ => Err(Error::at(argument.at, "invalid argument to has() macro")),
    }
}

fn on_target(function: Arc<str>, target: Box<Ast>, args: Vec<Ast>) -> Expanded {
    match (&*function, args.len()) {
        ("bind", 3) if matches!(&target.expr, Expr::Ident(name) if &**name == "cel") => {
            bind(args, "cel.bind() variable names must be simple identifiers").map(Expr::Bind)
        }
        ("optMap", 2) => opt_map(*target, args, "optMap", Wrapping::Wrapped),
        ("optFlatMap", 2) => opt_map(*target, args, "optFlatMap", Wrapping::Flat),
        ("all", count @ 2..=3) => fold(FoldKind::All, *target, args, count - 1),
        ("exists", count @ 2..=3) => fold(FoldKind::Exists, *target, args, count - 1),
        ("exists_one" | "existsOne", count @ 2..=3) => fold(FoldKind::ExistsOne, *target, args, count - 1),
        ("map", 2..=3) => fold(FoldKind::List, *target, args, 1),
        ("filter", 2) => filter(*target, args),
        ("transformList", 3..=4) => fold(FoldKind::List, *target, args, 2),
        ("transformMap", 3..=4) => fold(FoldKind::Map, *target, args, 2),
        ("transformMapEntry", 3..=4) => fold(FoldKind::Entries, *target, args, 2),
        _ => Ok(Expr::Call(Call { function, target: Some(target), args })),
    }
}

/// A variable that three arguments declare: its name, its value, and what is evaluated with it.
fn bind(mut args: Vec<Ast>, failure: &str) -> Result<Box<Bind>, Error> {
    let (body, value) = (args.remove(2), args.remove(1));
    Ok(Box::new(Bind { name: simple_name(&args[0], failure)?, value, body }))
}

fn opt_map(value: Ast, mut args: Vec<Ast>, function: &str, wrapping: Wrapping) -> Expanded {
    args.insert(1, value);
    let failure = format!("{function}() variable name must be a simple identifier");
    bind(args, &failure).map(|bind| Expr::OptMap(bind, wrapping))
}

fn filter(range: Ast, mut args: Vec<Ast>) -> Expanded {
    // `filter(x, p)` is `map(x, p, x)`.
    args.push(args[0].clone());
    fold(FoldKind::List, range, args, 1)
}

/// An iteration, whose arguments are its variables, then perhaps a filter, then the body.
fn fold(kind: FoldKind, range: Ast, mut args: Vec<Ast>, variables: usize) -> Expanded {
    let is_map = kind == FoldKind::List && variables == 1;
    let failure = if is_map { "argument is not an identifier" } else { "argument must be a simple name" };
    let first = variable(&args[0], failure)?;
    let second = (variables == 2).then(|| variable(&args[1], failure)).transpose()?;
    if second.as_ref() == Some(&first) {
        let message = format!("duplicate variable name: {first}");
        return Err(Error::at(args[1].at, message));
    }
    let body = args.remove(args.len() - 1);
    let filter = args.drain(variables..).next();
    Ok(Expr::Fold(Box::new(Fold { kind, range, first, second, filter, body })))
}

fn variable(ast: &Ast, failure: &str) -> Result<Arc<str>, Error> {
    let name = simple_name(ast, failure)?;
    if &*name == ACCUMULATOR {
        let message = "iteration variable overwrites accumulator variable";
        return Err(Error::at(ast.at, message));
    }
    Ok(name)
}

fn simple_name(ast: &Ast, failure: &str) -> Result<Arc<str>, Error> {
    match &ast.expr {
        Expr::Ident(name) if !name.starts_with('.') => Ok(Arc::clone(name)),
        _ => Err(Error::at(ast.at, failure)),
    }
}
