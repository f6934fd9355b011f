//! The types of expressions: names that nothing declares, and operands that do not fit.

use super::functions::{Receiver, Returns, SIGNATURES, namespaced};
use super::types::Type;
use super::{Ast, CompileError, MAX_DEPTH};
use ::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue};

/// Infers the types of an expression.
pub(super) struct Checker<'s> {
    scopes: Vec<(String, Type<'s>)>,
    used: Vec<String>,
    depth: u16,
    is_too_deep: bool,
}

type Checked<'s> = Result<Type<'s>, String>;

/// The names of types, which are values as well.
const TYPES: [&str; 13] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "dyn",
    "duration",
    "timestamp",
];

impl<'s> Checker<'s> {
    pub(super) fn new(variables: &[(&str, Type<'s>)]) -> Self {
        let scopes = variables.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect();
        Self { scopes, used: Vec::new(), depth: 0, is_too_deep: false }
    }

    /// The variables that were named.
    pub(super) fn into_used(self) -> Vec<String> {
        self.used
    }

    /// The type of a whole expression.
    pub(super) fn check(&mut self, ast: &Ast) -> Result<Type<'s>, CompileError> {
        let checked = self.type_of(ast);
        if self.is_too_deep { Err(CompileError::TooComplex) } else { checked.map_err(CompileError::Invalid) }
    }

    fn type_of(&mut self, ast: &Ast) -> Checked<'s> {
        self.depth += 1;
        // The parser turns long chains of operators into deep trees.
        let checked = if self.depth > MAX_DEPTH {
            self.is_too_deep = true;
            Ok(Type::Dyn)
        } else {
            self.type_of_shallow(ast)
        };
        self.depth -= 1;
        checked
    }

    fn type_of_shallow(&mut self, ast: &Ast) -> Checked<'s> {
        match &ast.expr {
            Expr::Unspecified | Expr::Struct(_) => Ok(Type::Dyn),
            Expr::Literal(literal) => Ok(type_of_literal(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                let operand = self.type_of(&select.operand)?;
                let field = operand.select(&select.field)?;
                Ok(if select.test { Type::Bool } else { field })
            }
            Expr::List(list) => {
                let mut item: Option<Type<'s>> = None;
                for element in &list.elements {
                    let ty = self.type_of(element)?;
                    item = Some(item.map_or(ty.clone(), |item| item.or(&ty)));
                }
                Ok(Type::List(Box::new(item.unwrap_or(Type::Dyn))))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.type_of(&entry.key)?;
                        self.type_of(&entry.value)?;
                    }
                }
                Ok(Type::Map(Box::new(Type::Dyn)))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => self.call(call),
        }
    }

    fn variable(&mut self, name: &str) -> Checked<'s> {
        if let Some((_, ty)) = self.scopes.iter().rev().find(|(known, _)| known == name) {
            let ty = ty.clone();
            self.used.push(name.to_owned());
            return Ok(ty);
        }
        if TYPES.contains(&name) {
            return Ok(Type::Named("type"));
        }
        Err(format!("undeclared reference to '{name}' (in container '')"))
    }

    fn with_variables(
        &mut self,
        variables: &[(&str, Type<'s>)],
        check: impl FnOnce(&mut Self) -> Checked<'s>,
    ) -> Checked<'s> {
        let known = self.scopes.len();
        self.scopes.extend(variables.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())));
        let checked = check(self);
        self.scopes.truncate(known);
        checked
    }

    fn comprehension(&mut self, part: &ComprehensionExpr) -> Checked<'s> {
        let range = self.type_of(&part.iter_range)?;
        let (first, second) = iterated(&range)?;
        let item =
            if part.iter_var2.is_none() && matches!(range, Type::List(_)) { second.clone() } else { first };
        let start = self.type_of(&part.accu_init)?;
        let mut variables = vec![(part.accu_var.as_str(), start.clone()), (part.iter_var.as_str(), item)];
        if let Some(name) = &part.iter_var2 {
            variables.push((name, second));
        }
        let step = self.with_variables(&variables, |checker| {
            checker.type_of(&part.loop_cond)?;
            checker.type_of(&part.loop_step)
        })?;
        let end = if matches!(start, Type::List(_)) { step } else { start };
        self.with_variables(&[(&part.accu_var, end)], |checker| checker.type_of(&part.result))
    }

    fn call(&mut self, call: &CallExpr) -> Checked<'s> {
        if let Some(ty) = self.special_form(call)? {
            return Ok(ty);
        }
        if let Some(name) = namespaced(call, |name| self.scopes.iter().any(|(known, _)| known == name)) {
            let arguments = self.types_of(&call.args)?;
            return Self::function(&name, None, &arguments);
        }
        let receiver = call.target.as_ref().map(|target| self.type_of(target)).transpose()?;
        let arguments = self.types_of(&call.args)?;
        match operator(&call.func_name, &arguments, &call.args) {
            Some(checked) if receiver.is_none() => checked,
            _ => Self::function(&call.func_name, receiver.as_ref(), &arguments),
        }
    }

    fn types_of(&mut self, arguments: &[Ast]) -> Result<Vec<Type<'s>>, String> {
        arguments.iter().map(|argument| self.type_of(argument)).collect()
    }

    /// Macros that the parser leaves as calls: they declare variables.
    fn special_form(&mut self, call: &CallExpr) -> Result<Option<Type<'s>>, String> {
        let ident = |ast: &Ast| match &ast.expr {
            Expr::Ident(name) => Some(name.clone()),
            _ => None,
        };
        let Some(target) = &call.target else { return Ok(None) };
        let names: Vec<Option<String>> = call.args.iter().map(ident).collect();
        let ty = match (call.func_name.as_str(), call.args.as_slice(), names.as_slice()) {
            ("bind", [_, value, body], [Some(name), ..]) if ident(target).as_deref() == Some("cel") => {
                let value = self.type_of(value)?;
                self.with_variables(&[(name, value)], |checker| checker.type_of(body))?
            }
            ("optMap" | "optFlatMap", [_, body], [Some(name), _]) => {
                let inner = match self.type_of(target)? {
                    Type::Optional(inner) => *inner,
                    _ => Type::Dyn,
                };
                let body = self.with_variables(&[(name, inner)], |checker| checker.type_of(body))?;
                if call.func_name == "optMap" { Type::Optional(Box::new(body)) } else { body }
            }
            (
                form @ ("all" | "exists" | "existsOne" | "exists_one" | "transformList" | "transformMap"
                | "transformMapEntry"),
                [_, _, bodies @ ..],
                [Some(key), Some(value), ..],
            ) if (1..=2).contains(&bodies.len()) => {
                let range = self.type_of(target)?;
                let (first, second) = iterated(&range)?;
                let variables = [(key.as_str(), first), (value.as_str(), second)];
                let body = self.with_variables(&variables, |checker| {
                    let mut last = Type::Dyn;
                    for body in bodies {
                        last = checker.type_of(body)?;
                    }
                    Ok(last)
                })?;
                match form {
                    "transformList" => Type::List(Box::new(body)),
                    "transformMap" => Type::Map(Box::new(body)),
                    "transformMapEntry" => Type::Map(Box::new(Type::Dyn)),
                    _ => Type::Bool,
                }
            }
            _ => return Ok(None),
        };
        Ok(Some(ty))
    }

    /// Finds the function that fits.
    fn function(name: &str, receiver: Option<&Type<'s>>, arguments: &[Type<'s>]) -> Checked<'s> {
        let of_name = SIGNATURES.iter().filter(|signature| signature.name == name);
        let mut is_known = false;
        for signature in of_name {
            is_known = true;
            let fits_receiver = match (signature.receiver, receiver) {
                (Receiver::None, None) => true,
                (Receiver::Of(kinds), Some(ty)) => kinds.iter().any(|kind| is_kind(ty, kind)),
                _ => false,
            };
            if fits_receiver && signature.arity.contains(&arguments.len()) {
                return Ok(returned(signature.returns, receiver.or(arguments.first())));
            }
        }
        if is_known {
            let types: Vec<_> = receiver.into_iter().chain(arguments).map(Type::to_string).collect();
            Err(no_overload(name, &types))
        } else {
            Err(format!("undeclared reference to '{name}' (in container '')"))
        }
    }
}

fn no_overload(name: &str, types: &[String]) -> String {
    format!("found no matching overload for '{name}' applied to '({})'", types.join(", "))
}

fn type_of_literal<'s>(literal: &LiteralValue) -> Type<'s> {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(_) => Type::Bytes,
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(_) => Type::String,
        LiteralValue::UInt(_) => Type::Uint,
    }
}

/// The types of the two variables of an iteration: index and item, or key and value.
fn iterated<'s>(range: &Type<'s>) -> Result<(Type<'s>, Type<'s>), String> {
    match range {
        Type::Dyn | Type::Named("authorizer" | "object") => Ok((Type::Dyn, Type::Dyn)),
        Type::List(item) => Ok((Type::Int, (**item).clone())),
        Type::Map(value) => Ok((Type::String, (**value).clone())),
        _ => Err(format!(
            "expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)"
        )),
    }
}

/// Whether a type is of a kind as [`SIGNATURES`] name them.
fn is_kind(ty: &Type<'_>, kind: &str) -> bool {
    match ty {
        Type::Dyn => true,
        Type::List(_) => kind == "list",
        Type::Map(_) => kind == "map",
        Type::Optional(_) => kind == "optional",
        Type::Named(name) => *name == kind,
        Type::Object { .. } | Type::Record(_) => kind == "object",
        _ => ty.to_string() == kind,
    }
}

fn returned<'s>(returns: Returns, of: Option<&Type<'s>>) -> Type<'s> {
    let optional = |inner| Type::Optional(Box::new(inner));
    match (returns, of) {
        (Returns::Dyn, _) | (Returns::Same | Returns::Inner, None) => Type::Dyn,
        (Returns::Bool, _) => Type::Bool,
        (Returns::Int, _) => Type::Int,
        (Returns::Uint, _) => Type::Uint,
        (Returns::Double, _) => Type::Double,
        (Returns::String, _) => Type::String,
        (Returns::Bytes, _) => Type::Bytes,
        (Returns::Strings, _) => Type::List(Box::new(Type::String)),
        (Returns::Duration, _) => Type::Duration,
        (Returns::Timestamp, _) => Type::Timestamp,
        (Returns::Named(name), _) => Type::Named(name),
        (Returns::OptionalOf(name), _) => optional(name.map_or(Type::Dyn, Type::Named)),
        (Returns::OptionalStrings, _) => optional(Type::List(Box::new(Type::String))),
        (Returns::Same, Some(ty)) => ty.clone(),
        (Returns::Optional, Some(ty)) => optional(ty.clone()),
        (Returns::Inner, Some(Type::Optional(inner))) => (**inner).clone(),
        (Returns::Inner, Some(ty)) => ty.item(),
        (Returns::Optional, None) => optional(Type::Dyn),
    }
}

/// The type of what an operator gives; `None` if the name is none of an operator.
fn operator<'s>(name: &str, arguments: &[Type<'s>], asts: &[Ast]) -> Option<Checked<'s>> {
    use ::cel::common::ast::operators as op;
    let fail = || {
        let types: Vec<_> = arguments.iter().map(Type::to_string).collect();
        Err(no_overload(name, &types))
    };
    let all_bool = || arguments.iter().all(|ty| ty.may_be(&Type::Bool));
    let is_number = |ty: &Type<'_>| matches!(ty, Type::Dyn | Type::Int | Type::Uint | Type::Double);
    let checked = match (name, arguments) {
        (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT, _) if all_bool() => Ok(Type::Bool),
        (op::NOT_STRICTLY_FALSE, _) | (op::IN, [_, Type::Map(_) | Type::Dyn | Type::Named(_)]) => {
            Ok(Type::Bool)
        }
        (op::CONDITIONAL, [condition, yes, no]) if condition.may_be(&Type::Bool) => Ok(match (yes, no) {
            (Type::List(item), Type::List(_)) if **item != Type::Dyn => yes.clone(),
            (Type::List(_), Type::List(_)) => no.clone(),
            _ => yes.clone().or(no),
        }),
        (op::EQUALS | op::NOT_EQUALS, [a, b]) if a.may_be(b) || b.may_be(a) => Ok(Type::Bool),
        (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [a, b])
            if (is_number(a) && is_number(b)) || (is_ordered(a) && is_ordered(b) && a.may_be(b)) =>
        {
            Ok(Type::Bool)
        }
        (op::NEGATE, [a]) if is_number(a) => Ok(a.clone()),
        (op::ADD, [a, b]) => match (a, b) {
            (Type::Dyn, other) | (other, Type::Dyn) => {
                Ok(if matches!(other, Type::List(_)) { other.clone() } else { Type::Dyn })
            }
            (Type::List(item), Type::List(_)) if **item == Type::Dyn => Ok(b.clone()),
            (Type::List(_), Type::List(_)) => Ok(a.clone()),
            (Type::Timestamp, Type::Duration) | (Type::Duration, Type::Timestamp) => Ok(Type::Timestamp),
            (Type::Int | Type::Uint | Type::Double | Type::String | Type::Bytes | Type::Duration, _)
                if a == b =>
            {
                Ok(a.clone())
            }
            _ => fail(),
        },
        (op::SUBSTRACT, [Type::Timestamp, Type::Timestamp] | [Type::Duration, Type::Duration]) => {
            Ok(Type::Duration)
        }
        (op::SUBSTRACT, [Type::Timestamp, Type::Duration]) => Ok(Type::Timestamp),
        (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [a, b])
            if is_number(a) && is_number(b) && a.may_be(b) =>
        {
            Ok(a.clone().or(b))
        }
        (op::SUBSTRACT, [Type::Dyn, _] | [_, Type::Dyn]) => Ok(Type::Dyn),
        (op::IN, [a, Type::List(item)]) if a.may_be(item) => Ok(Type::Bool),
        (op::INDEX | op::OPT_INDEX, [of, index]) => {
            let inner = match (of, index) {
                (Type::Optional(inner), _) => Some(inner.item()),
                (Type::List(item), Type::Int | Type::Uint | Type::Dyn | Type::Double) => {
                    Some((**item).clone())
                }
                (Type::Map(item), _) => Some((**item).clone()),
                (Type::Dyn | Type::Named(_), _) => Some(Type::Dyn),
                _ => None,
            };
            let is_optional = name == op::OPT_INDEX || matches!(of, Type::Optional(_));
            match inner {
                Some(inner) if is_optional => Ok(Type::Optional(Box::new(inner))),
                Some(inner) => Ok(inner),
                None => fail(),
            }
        }
        (op::OPT_SELECT, [of, _]) => match asts.get(1).map(|ast| &ast.expr) {
            Some(Expr::Literal(LiteralValue::String(field))) => of.select(field.inner()).map(|ty| match ty {
                Type::Optional(_) => ty,
                ty => Type::Optional(Box::new(ty)),
            }),
            _ => Ok(Type::Optional(Box::new(Type::Dyn))),
        },
        _ if is_operator(name) => fail(),
        _ => return None,
    };
    Some(checked)
}

fn is_operator(name: &str) -> bool {
    name.contains('_') && !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name == "@in"
}

fn is_ordered(ty: &Type<'_>) -> bool {
    matches!(ty, Type::Dyn | Type::Bool | Type::String | Type::Bytes | Type::Duration | Type::Timestamp)
}
