//! What is known before an expression is evaluated.

use super::ast::{Ast, Expr, Operator};
use super::check::Types;
use super::functions;
use super::types::Type;
use super::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The functions that cel-go calls once if their argument is a literal.
const CONVERSIONS: [&str; 9] =
    ["bool", "bytes", "double", "duration", "int", "string", "timestamp", "type", "uint"];

/// Evaluates lists, maps and conversions of literals, which then cost nothing, as in cel-go; and notes where types are
/// known at run time only.
pub(super) fn simplify(ast: &mut Ast, types: &Types<'_>) {
    for part in ast.expr.parts_mut() {
        simplify(part, types);
    }
    let is_dynamic = |part: &Ast| *types.of(part) == Type::Dyn;
    ast.is_dynamic = match &ast.expr {
        // The operator is that of lists if the right operand is one.
        Expr::Operation(Operator::In, operands) => operands.last().is_some_and(is_dynamic),
        expr => expr.parts().into_iter().any(is_dynamic),
    };
    if let Some(value) = constant(&ast.expr) {
        ast.expr = Expr::Literal(value);
    }
}

/// The value of a part that is made from literals alone; `None` if it is not, or has none.
fn constant(expr: &Expr) -> Option<Value> {
    let literal = |ast: &Ast| match &ast.expr {
        Expr::Literal(value) => Some(value.clone()),
        _ => None,
    };
    match expr {
        Expr::List(elements) => {
            let items =
                elements.iter().map(|element| literal(&element.value).filter(|_| !element.is_optional));
            items.collect::<Option<Vec<_>>>().map(Value::list)
        }
        Expr::Map(entries) => {
            let entry = entries.iter().map(|entry| {
                let key = literal(&entry.key)?.key()?;
                Some((key, literal(&entry.value)?)).filter(|_| !entry.is_optional)
            });
            Some(Value::Map(Arc::new(entry.collect::<Option<BTreeMap<_, _>>>()?)))
        }
        Expr::Call(call) if call.target.is_none() && CONVERSIONS.contains(&&*call.function) => {
            let [argument] = call.args.as_slice() else { return None };
            functions::call(&call.function, None, &[literal(argument)?]).ok()
        }
        _ => None,
    }
}
