//! The types of expressions: names that nothing declares, and operands that do not fit.

use super::ast::{Ast, Bind, Call, Expr, Fold, FoldKind, Operator, Wrapping};
use super::error::Error;
use super::functions::{Receiver, Returns, SIGNATURES, namespaced};
use super::types::Type;
use super::value::Value;
use std::sync::Arc;

/// Infers the types of an expression.
pub(super) struct Checker<'s> {
    scopes: Vec<(Arc<str>, Type<'s>)>,
    /// How many of these the whole expression knows.
    outer: usize,
    used: Vec<String>,
    types: Types<'s>,
}

/// The type of every part of an expression, by its number.
#[derive(Debug)]
pub(super) struct Types<'s>(Vec<Type<'s>>);

impl<'s> Types<'s> {
    /// The type of a part that was checked.
    pub(super) fn of(&self, ast: &Ast) -> &Type<'s> {
        self.0.get(ast.id as usize).unwrap_or(&Type::Dyn)
    }

    fn set(&mut self, ast: &Ast, ty: Type<'s>) {
        let index = ast.id as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Type::Dyn);
        }
        self.0[index] = ty;
    }
}

type Checked<'s> = Result<Type<'s>, Error>;

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
        let scopes: Vec<_> = variables.iter().map(|(name, ty)| (Arc::from(*name), ty.clone())).collect();
        let outer = scopes.len();
        Self { scopes, outer, used: Vec::new(), types: Types(Vec::new()) }
    }

    /// The variables that were named, and the types of all parts.
    pub(super) fn finish(self) -> (Vec<String>, Types<'s>) {
        (self.used, self.types)
    }

    /// The type of an expression or of a part of it.
    ///
    /// # Errors
    ///
    /// Fails if something is named that nothing declares, or if operands do not fit.
    pub(super) fn type_of(&mut self, ast: &Ast) -> Checked<'s> {
        let ty = self.infer(ast)?;
        self.types.set(ast, ty.clone());
        Ok(ty)
    }

    fn infer(&mut self, ast: &Ast) -> Checked<'s> {
        let at = |message: String| Error::at(ast.at, message);
        match &ast.expr {
            Expr::Literal(literal) => Ok(type_of_literal(literal)),
            Expr::Ident(name) => self.variable(name).map_err(at),
            Expr::Select(operand, field) => self.type_of(operand)?.select(field).map_err(at),
            Expr::Has(operand, field) => {
                self.type_of(operand)?.select(field).map_err(at)?;
                Ok(Type::Bool)
            }
            Expr::List(elements) => {
                let mut item: Option<Type<'s>> = None;
                for element in elements {
                    let ty = match self.type_of(&element.value)? {
                        Type::Optional(inner) if element.is_optional => *inner,
                        ty => ty,
                    };
                    item = Some(item.map_or(ty.clone(), |item| item.or(&ty)));
                }
                Ok(Type::list(item.unwrap_or(Type::Dyn)))
            }
            Expr::Map(entries) => {
                for entry in entries {
                    self.type_of(&entry.key)?;
                    self.type_of(&entry.value)?;
                }
                Ok(Type::map(Type::Dyn))
            }
            Expr::Struct(values) => self.types_of(values).map(|_| Type::Dyn),
            Expr::Fold(fold) => self.fold(fold, at),
            Expr::Bind(bind) => {
                let value = self.type_of(&bind.value)?;
                self.with_variables([(&bind.name, value)], |checker| checker.type_of(&bind.body))
            }
            Expr::OptMap(bind, wrapping) => self.opt_map(bind, *wrapping),
            Expr::Operation(operator, operands) => {
                let types = self.types_of(operands)?;
                self::operation(*operator, &types, operands).map_err(at)
            }
            Expr::Call(call) => self.call(call, at),
        }
    }

    fn variable(&mut self, name: &str) -> Result<Type<'s>, String> {
        // A leading dot passes over the variables of iterations.
        let (visible, plain) = match name.strip_prefix('.') {
            Some(plain) => (self.outer, plain),
            None => (self.scopes.len(), name),
        };
        let found = self.scopes[..visible].iter().rposition(|(known, _)| **known == *plain);
        if let Some(index) = found {
            if index < self.outer {
                self.used.push(plain.to_owned());
            }
            return Ok(self.scopes[index].1.clone());
        }
        if TYPES.contains(&plain) {
            return Ok(Type::Named("type"));
        }
        Err(format!("undeclared reference to '{name}' (in container '')"))
    }

    fn with_variables<'n>(
        &mut self,
        variables: impl IntoIterator<Item = (&'n Arc<str>, Type<'s>)>,
        check: impl FnOnce(&mut Self) -> Checked<'s>,
    ) -> Checked<'s> {
        let known = self.scopes.len();
        self.scopes.extend(variables.into_iter().map(|(name, ty)| (Arc::clone(name), ty)));
        let checked = check(self);
        self.scopes.truncate(known);
        checked
    }

    fn fold(&mut self, fold: &Fold, at: impl Fn(String) -> Error) -> Checked<'s> {
        let range = self.type_of(&fold.range)?;
        let (key, value) = iterated(&range).map_err(|message| Error::at(fold.range.at, message))?;
        let only = if matches!(range, Type::List(_)) { &value } else { &key };
        let variables = match &fold.second {
            None => vec![(&fold.first, only.clone())],
            Some(second) => vec![(&fold.first, key.clone()), (second, value)],
        };
        let body = self.with_variables(variables, |checker| {
            if let Some(filter) = &fold.filter {
                checker.condition(filter, Operator::Conditional, &at)?;
            }
            match fold.kind {
                FoldKind::All => checker.condition(&fold.body, Operator::And, &at),
                FoldKind::Exists => checker.condition(&fold.body, Operator::Or, &at),
                FoldKind::ExistsOne => checker.condition(&fold.body, Operator::Conditional, &at),
                FoldKind::List | FoldKind::Map | FoldKind::Entries => checker.type_of(&fold.body),
            }
        })?;
        Ok(match fold.kind {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Type::Bool,
            FoldKind::List => Type::list(body),
            FoldKind::Map => Type::map(body),
            FoldKind::Entries => Type::map(Type::Dyn),
        })
    }

    /// The type of what a macro takes for a condition, which it combines with its result by an operator.
    fn condition(&mut self, ast: &Ast, operator: Operator, at: &dyn Fn(String) -> Error) -> Checked<'s> {
        let ty = self.type_of(ast)?;
        if ty.may_be(&Type::Bool) {
            return Ok(ty);
        }
        let types = [Type::Bool.to_string(), ty.to_string()];
        let types = if operator == Operator::Conditional { &types[1..] } else { &types };
        Err(at(no_overload(operator.name(), types)))
    }

    fn opt_map(&mut self, bind: &Bind, wrapping: Wrapping) -> Checked<'s> {
        let inner = match self.type_of(&bind.value)? {
            Type::Optional(inner) => *inner,
            _ => Type::Dyn,
        };
        let body = self.with_variables([(&bind.name, inner)], |checker| checker.type_of(&bind.body))?;
        Ok(if wrapping == Wrapping::Wrapped { Type::Optional(Box::new(body)) } else { body })
    }

    fn call(&mut self, call: &Call, at: impl Fn(String) -> Error) -> Checked<'s> {
        if let Some(name) = namespaced(call, |name| self.scopes.iter().any(|(known, _)| **known == *name)) {
            let arguments = self.types_of(&call.args)?;
            return Self::function(&name, None, &arguments).map_err(at);
        }
        let receiver = call.target.as_ref().map(|target| self.type_of(target)).transpose()?;
        let arguments = self.types_of(&call.args)?;
        Self::function(&call.function, receiver.as_ref(), &arguments).map_err(at)
    }

    fn types_of(&mut self, arguments: &[Ast]) -> Result<Vec<Type<'s>>, Error> {
        arguments.iter().map(|argument| self.type_of(argument)).collect()
    }

    /// Finds the function that fits.
    fn function(name: &str, receiver: Option<&Type<'s>>, arguments: &[Type<'s>]) -> Result<Type<'s>, String> {
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

fn type_of_literal<'s>(literal: &Value) -> Type<'s> {
    match literal {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Bytes(_) => Type::Bytes,
        Value::Double(_) => Type::Double,
        Value::Int(_) => Type::Int,
        Value::String(_) => Type::String,
        Value::Uint(_) => Type::Uint,
        _ => Type::Dyn,
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

/// The type of what an operator gives.
fn operation<'s>(operator: Operator, operands: &[Type<'s>], asts: &[Ast]) -> Result<Type<'s>, String> {
    use Operator as Op;
    let fail = || {
        let types: Vec<_> = operands.iter().map(Type::to_string).collect();
        Err(no_overload(operator.name(), &types))
    };
    let all_bool = || operands.iter().all(|ty| ty.may_be(&Type::Bool));
    let is_number = |ty: &Type<'_>| matches!(ty, Type::Dyn | Type::Int | Type::Uint | Type::Double);
    match (operator, operands) {
        (Op::And | Op::Or | Op::Not, _) if all_bool() => Ok(Type::Bool),
        (Op::In, [_, Type::Map(_) | Type::Dyn | Type::Named(_)]) => Ok(Type::Bool),
        (Op::In, [a, Type::List(item)]) if a.may_be(item) => Ok(Type::Bool),
        (Op::Conditional, [condition, yes, no]) if condition.may_be(&Type::Bool) => Ok(match (yes, no) {
            (Type::List(item), Type::List(_)) if **item != Type::Dyn => yes.clone(),
            (Type::List(_), Type::List(_)) => no.clone(),
            _ => yes.clone().or(no),
        }),
        (Op::Equals | Op::NotEquals, [a, b]) if a.may_be(b) || b.may_be(a) => Ok(Type::Bool),
        (Op::Less | Op::LessEquals | Op::Greater | Op::GreaterEquals, [a, b])
            if (is_number(a) && is_number(b)) || (is_ordered(a) && is_ordered(b) && a.may_be(b)) =>
        {
            Ok(Type::Bool)
        }
        (Op::Negate, [a]) if is_number(a) && *a != Type::Uint => Ok(a.clone()),
        (Op::Add, [a, b]) => match (a, b) {
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
        (Op::Subtract, [Type::Timestamp, Type::Timestamp] | [Type::Duration, Type::Duration]) => {
            Ok(Type::Duration)
        }
        (Op::Subtract, [Type::Timestamp, Type::Duration]) => Ok(Type::Timestamp),
        (Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo, [a, b])
            if is_number(a) && is_number(b) && a.may_be(b) =>
        {
            Ok(a.clone().or(b))
        }
        (Op::Subtract, [Type::Dyn, _] | [_, Type::Dyn]) => Ok(Type::Dyn),
        (Op::Index | Op::OptIndex, [of, index]) => {
            let inner = match (of, index) {
                (Type::Optional(inner), _) => Some(inner.item()),
                (Type::List(item), Type::Int | Type::Uint | Type::Dyn | Type::Double) => {
                    Some((**item).clone())
                }
                (Type::Map(item), _) => Some((**item).clone()),
                (Type::Dyn | Type::Named(_), _) => Some(Type::Dyn),
                _ => None,
            };
            let is_optional = operator == Op::OptIndex || matches!(of, Type::Optional(_));
            match inner {
                Some(inner) if is_optional => Ok(Type::Optional(Box::new(inner))),
                Some(inner) => Ok(inner),
                None => fail(),
            }
        }
        (Op::OptSelect, [of, _]) => match asts.get(1).map(|ast| &ast.expr) {
            Some(Expr::Literal(Value::String(field))) => of.select(field).map(|ty| match ty {
                Type::Optional(_) => ty,
                ty => Type::Optional(Box::new(ty)),
            }),
            _ => Ok(Type::Optional(Box::new(Type::Dyn))),
        },
        _ => fail(),
    }
}

fn is_ordered(ty: &Type<'_>) -> bool {
    matches!(ty, Type::Dyn | Type::Bool | Type::String | Type::Bytes | Type::Duration | Type::Timestamp)
}
