//! Evaluation, with a bound on the number of steps.

use super::functions::{call as call_function, namespaced};
use super::value::{Key, Value};
use super::{Ast, Program};
use ::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators as op,
};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How many steps evaluations may take.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// The most steps of one evaluation, of the order of the server's `PerCallLimit`.
    const PER_CALL: u64 = 1_000_000;

    /// What all expressions about one object may take together, of the order of `RuntimeCELCostBudget`.
    pub fn per_object() -> Self {
        Self { left: 10_000_000 }
    }

    /// What the match conditions of a policy may take together, of the order of `RuntimeCELCostBudgetMatchConditions`.
    pub fn per_match() -> Self {
        Self { left: 2_500_000 }
    }
}

/// The variables of a policy, `variables.NAME`: each is evaluated when an expression first names it.
#[derive(Debug)]
pub struct Composition<'p> {
    programs: &'p [(String, Program)],
    values: RefCell<BTreeMap<&'p str, Evaluated>>,
}

impl<'p> Composition<'p> {
    /// The name that expressions know them by.
    pub const NAME: &'static str = "variables";

    /// Variables with their names. None may name a later one, which the types of [`Program::compile`] rule out.
    pub fn new(programs: &'p [(String, Program)]) -> Self {
        Self { programs, values: RefCell::new(BTreeMap::new()) }
    }
}

/// The values of variables.
#[derive(Debug, Default, Clone)]
pub struct Variables<'a> {
    values: Vec<(&'a str, Value)>,
    composition: Option<&'a Composition<'a>>,
}

impl<'a> Variables<'a> {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a variable.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: Value) -> Self {
        self.values.push((name, value));
        self
    }

    /// Adds the variables of a policy.
    #[must_use]
    pub fn composed(mut self, composition: &'a Composition<'a>) -> Self {
        self.composition = Some(composition);
        self
    }
}

/// Why an evaluation has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvalError {
    /// It fails on the server, too: `no such key: a`.
    Failed(String),
    /// It takes too many steps.
    TooCostly,
    /// It depends on the cluster, or on a function that plimsoll does not evaluate.
    Unknown(String),
}

impl EvalError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => f.write_str(message),
            Self::TooCostly => f.write_str("the expression takes too many steps"),
            Self::Unknown(what) => write!(f, "{what} is known in a cluster only"),
        }
    }
}

impl std::error::Error for EvalError {}

pub(super) type Evaluated = Result<Value, EvalError>;

pub(super) fn evaluate(ast: &Ast, variables: &Variables<'_>, budget: &mut Budget) -> Evaluated {
    let scopes: Vec<_> =
        variables.values.iter().map(|(name, value)| ((*name).to_owned(), Ok(value.clone()))).collect();
    let limit = budget.left.min(Budget::PER_CALL);
    let (outer, composition) = (scopes.len(), variables.composition);
    let mut evaluator = Evaluator { scopes, outer, composition, compositions: 0, steps: 0, limit };
    let value = evaluator.value(ast);
    budget.left = budget.left.saturating_sub(evaluator.steps);
    value
}

struct Evaluator<'v> {
    /// Variables may hold an error: a comprehension goes on after one.
    scopes: Vec<(String, Evaluated)>,
    /// How many of these the whole expression knows.
    outer: usize,
    composition: Option<&'v Composition<'v>>,
    /// How many variables of the composition are being evaluated: one may name another.
    compositions: u8,
    steps: u64,
    limit: u64,
}

/// The deepest chain of variables of a composition. It bounds the stack, and no realistic policy reaches it.
const MAX_COMPOSITIONS: u8 = 32;

impl Evaluator<'_> {
    fn spend(&mut self, steps: u64) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.limit { Err(EvalError::TooCostly) } else { Ok(()) }
    }

    fn value(&mut self, ast: &Ast) -> Evaluated {
        self.spend(1)?;
        match self.value_of(ast) {
            Ok(Value::Unknown(what)) => Err(EvalError::Unknown(format!("`{what}`"))),
            value => value,
        }
    }

    fn value_of(&mut self, ast: &Ast) -> Evaluated {
        match &ast.expr {
            Expr::Unspecified | Expr::Struct(_) => Err(EvalError::Unknown("this construct".to_owned())),
            Expr::Literal(literal) => Ok(from_literal(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                if let Some(value) = self.composed(select) {
                    return value;
                }
                let operand = self.value(&select.operand)?;
                if select.test { has_field(&operand, &select.field) } else { field(&operand, &select.field) }
            }
            Expr::List(list) => {
                let mut items = Vec::new();
                for (index, element) in list.elements.iter().enumerate() {
                    let value = self.value(element)?;
                    match value {
                        Value::Optional(inner) if list.optional_indices.contains(&index) => {
                            items.extend(inner.map(|inner| (*inner).clone()));
                        }
                        value => items.push(value),
                    }
                }
                Ok(Value::list(items))
            }
            Expr::Map(map) => {
                let mut entries = BTreeMap::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    let key = self.value(&entry.key)?;
                    let key = key.key().ok_or_else(|| unsupported_key(&key))?;
                    match self.value(&entry.value)? {
                        Value::Optional(inner) if entry.optional => {
                            entries.extend(inner.map(|inner| (key, (*inner).clone())));
                        }
                        value => {
                            entries.insert(key, value);
                        }
                    }
                }
                Ok(Value::Map(Arc::new(entries)))
            }
            Expr::Comprehension(part) => self.comprehension(part),
            Expr::Call(call) => self.call(call),
        }
    }

    /// The value of a variable of the composition; `None` if something else is selected.
    fn composed(&mut self, select: &SelectExpr) -> Option<Evaluated> {
        let composition = self.composition?;
        if !matches!(&select.operand.expr, Expr::Ident(name) if name == Composition::NAME) {
            return None;
        }
        let (name, program) = composition.programs.iter().find(|(name, _)| *name == select.field)?;
        if select.test {
            return Some(Ok(Value::Bool(true)));
        }
        let known = composition.values.borrow().get(name.as_str()).cloned();
        Some(known.unwrap_or_else(|| {
            if self.compositions == MAX_COMPOSITIONS {
                return Err(EvalError::TooCostly);
            }
            // It sees what the whole expression sees, whatever is iterated over here.
            let inner = self.scopes.split_off(self.outer);
            self.compositions += 1;
            let value = self.value(&program.ast);
            self.compositions -= 1;
            self.scopes.extend(inner);
            composition.values.borrow_mut().insert(name, value.clone());
            value
        }))
    }

    fn variable(&self, name: &str) -> Evaluated {
        if let Some((_, value)) = self.scopes.iter().rev().find(|(known, _)| known == name) {
            return value.clone();
        }
        let name = match name {
            "bool" => "bool",
            "int" => "int",
            "uint" => "uint",
            "double" => "double",
            "string" => "string",
            "bytes" => "bytes",
            "list" => "list",
            "map" => "map",
            "null_type" => "null_type",
            "type" => "type",
            _ => return Err(EvalError::Unknown(format!("`{name}`"))),
        };
        Ok(Value::Type(name))
    }

    /// Evaluates with a variable more.
    fn within(&mut self, variables: Vec<(String, Evaluated)>, ast: &Ast) -> Evaluated {
        let known = self.scopes.len();
        self.scopes.extend(variables);
        let value = self.value(ast);
        self.scopes.truncate(known);
        value
    }

    fn comprehension(&mut self, part: &ComprehensionExpr) -> Evaluated {
        let range = self.value(&part.iter_range)?;
        let items = pairs(&range)?;
        let is_list = matches!(range, Value::List(_));
        let known = self.scopes.len();
        let mut accumulated = self.value(&part.accu_init);
        for (first, second) in items {
            let item = if part.iter_var2.is_none() && is_list { second.clone() } else { first };
            self.scopes.push((part.accu_var.clone(), accumulated));
            self.scopes.push((part.iter_var.clone(), Ok(item)));
            if let Some(name) = &part.iter_var2 {
                self.scopes.push((name.clone(), Ok(second)));
            }
            let goes_on = self.value(&part.loop_cond);
            if matches!(goes_on, Ok(Value::Bool(false))) {
                accumulated = self.scopes.swap_remove(known).1;
                self.scopes.truncate(known);
                break;
            }
            accumulated = self.value(&part.loop_step);
            self.scopes.truncate(known);
            if let Err(error @ (EvalError::TooCostly | EvalError::Unknown(_))) = accumulated {
                return Err(error);
            }
        }
        self.within(vec![(part.accu_var.clone(), accumulated)], &part.result)
    }

    fn call(&mut self, call: &CallExpr) -> Evaluated {
        if let Some(value) = self.special_form(call) {
            return value;
        }
        let is_variable = |name: &str| self.scopes.iter().any(|(known, _)| known == name);
        if let Some(name) = namespaced(call, is_variable) {
            let arguments = self.values(&call.args)?;
            return call_function(&name, None, &arguments);
        }
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, [a, b]) => self.logical(a, b, false),
            (op::LOGICAL_OR, [a, b]) => self.logical(a, b, true),
            (op::NOT_STRICTLY_FALSE, [a]) => {
                let value = self.value(a);
                Ok(Value::Bool(!matches!(value, Ok(Value::Bool(false)))))
            }
            (op::CONDITIONAL, [condition, yes, no]) => match self.value(condition)? {
                Value::Bool(true) => self.value(yes),
                Value::Bool(false) => self.value(no),
                _ => Err(no_overload()),
            },
            (op::OPT_SELECT, [of, name]) => {
                let (of, name) = (self.value(of)?, self.value(name)?);
                let Value::String(name) = name else { return Err(no_overload()) };
                optional_field(&of, &name)
            }
            _ => {
                let receiver = call.target.as_ref().map(|target| self.value(target)).transpose()?;
                let arguments = self.values(&call.args)?;
                let weight = receiver.iter().chain(&arguments).map(Value::weight).sum();
                self.spend(weight)?;
                match (receiver.is_none(), arguments.as_slice()) {
                    (true, [a]) if matches!(call.func_name.as_str(), op::LOGICAL_NOT | op::NEGATE) => {
                        unary(&call.func_name, a)
                    }
                    (true, [a, b]) => match binary(&call.func_name, a, b) {
                        Some(value) => value,
                        None => call_function(&call.func_name, None, &arguments),
                    },
                    _ => call_function(&call.func_name, receiver.as_ref(), &arguments),
                }
            }
        }
    }

    fn values(&mut self, arguments: &[Ast]) -> Result<Vec<Value>, EvalError> {
        arguments.iter().map(|argument| self.value(argument)).collect()
    }

    /// `&&` and `||`: one side decides whatever the other is, an error included.
    fn logical(&mut self, a: &Ast, b: &Ast, decisive: bool) -> Evaluated {
        let first = self.value(a);
        if matches!(first, Ok(Value::Bool(flag)) if flag == decisive)
            || matches!(first, Err(EvalError::TooCostly))
        {
            return first;
        }
        let second = self.value(b);
        match (first, second) {
            (_, Ok(Value::Bool(flag))) if flag == decisive => Ok(Value::Bool(decisive)),
            (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decisive)),
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => Err(no_overload()),
        }
    }

    /// Macros that the parser leaves as calls.
    fn special_form(&mut self, call: &CallExpr) -> Option<Evaluated> {
        let target = call.target.as_ref()?;
        let name = |index: usize| match &call.args.get(index)?.expr {
            Expr::Ident(name) => Some(name.clone()),
            _ => None,
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            ("bind", [_, value, body]) if matches!(&target.expr, Expr::Ident(name) if name == "cel") => {
                let value = self.value(value);
                Some(self.within(vec![(name(0)?, value)], body))
            }
            (form @ ("optMap" | "optFlatMap"), [_, body]) => {
                let name = name(0)?;
                Some(self.value(target).and_then(|value| match value {
                    Value::Optional(None) => Ok(Value::Optional(None)),
                    Value::Optional(Some(inner)) => {
                        let value = self.within(vec![(name, Ok((*inner).clone()))], body)?;
                        Ok(if form == "optMap" { Value::Optional(Some(Arc::new(value))) } else { value })
                    }
                    _ => Err(no_overload()),
                }))
            }
            (
                form @ ("all" | "exists" | "existsOne" | "exists_one" | "transformList" | "transformMap"
                | "transformMapEntry"),
                [_, _, bodies @ ..],
            ) if (1..=2).contains(&bodies.len()) => {
                let names = (name(0)?, name(1)?);
                Some(self.value(target).and_then(|range| self.iterate(form, &names, &range, bodies)))
            }
            _ => None,
        }
    }

    /// The macros with two variables.
    fn iterate(&mut self, form: &str, names: &(String, String), range: &Value, bodies: &[Ast]) -> Evaluated {
        let (filter, body) = match bodies {
            [body] => (None, body),
            [filter, body] => (Some(filter), body),
            _ => return Err(no_overload()),
        };
        let (mut list, mut map, mut matches, mut failure) = (Vec::new(), BTreeMap::new(), 0_u64, None);
        for (first, second) in pairs(range)? {
            let variables =
                || vec![(names.0.clone(), Ok(first.clone())), (names.1.clone(), Ok(second.clone()))];
            if let Some(filter) = filter
                && !matches!(self.within(variables(), filter)?, Value::Bool(true))
            {
                continue;
            }
            let value = self.within(variables(), body);
            match (form, value) {
                ("all", Ok(Value::Bool(false))) => return Ok(Value::Bool(false)),
                ("exists", Ok(Value::Bool(true))) => return Ok(Value::Bool(true)),
                ("all" | "exists", Err(error @ EvalError::Failed(_))) => failure = Some(error),
                (_, Err(error)) => return Err(error),
                ("existsOne" | "exists_one", Ok(value)) => matches += u64::from(value == Value::Bool(true)),
                ("transformList", Ok(value)) => list.push(value),
                ("transformMap", Ok(value)) => {
                    map.insert(first.key().ok_or_else(|| unsupported_key(&first))?, value);
                }
                ("transformMapEntry", Ok(Value::Map(entry))) => map.extend((*entry).clone()),
                _ => {}
            }
        }
        match (form, failure) {
            (_, Some(error)) => Err(error),
            ("all", None) => Ok(Value::Bool(true)),
            ("exists", None) => Ok(Value::Bool(false)),
            ("existsOne" | "exists_one", None) => Ok(Value::Bool(matches == 1)),
            ("transformList", None) => Ok(Value::list(list)),
            _ => Ok(Value::Map(Arc::new(map))),
        }
    }
}

/// What an iteration goes over: index and item, or key and value.
fn pairs(range: &Value) -> Result<Vec<(Value, Value)>, EvalError> {
    match range {
        Value::List(items) => {
            let indices = 0_i64..;
            Ok(indices.map(Value::Int).zip(items.iter().cloned()).collect())
        }
        Value::Map(map) => Ok(map.iter().map(|(key, value)| (Value::from(key), value.clone())).collect()),
        _ => Err(no_overload()),
    }
}

fn from_literal(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Boolean(flag) => Value::Bool(*flag.inner()),
        LiteralValue::Bytes(bytes) => Value::Bytes(bytes.inner().into()),
        LiteralValue::Double(number) => Value::Double(*number.inner()),
        LiteralValue::Int(number) => Value::Int(*number.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(text) => Value::string(text.inner()),
        LiteralValue::UInt(number) => Value::Uint(*number.inner()),
    }
}

pub(super) fn no_overload() -> EvalError {
    EvalError::failed("no such overload")
}

fn unsupported_key(key: &Value) -> EvalError {
    EvalError::failed(format!("unsupported key type: {}", key.type_name()))
}

fn field(of: &Value, name: &str) -> Evaluated {
    match of {
        Value::Map(map) => map
            .get(&Key::String(name.into()))
            .cloned()
            .ok_or_else(|| EvalError::failed(format!("no such key: {name}"))),
        Value::Optional(_) => optional_field(of, name),
        _ => Err(no_overload()),
    }
}

fn has_field(of: &Value, name: &str) -> Evaluated {
    match of {
        Value::Map(map) => Ok(match map.get(&Key::String(name.into())) {
            Some(unknown @ Value::Unknown(_)) => unknown.clone(),
            value => Value::Bool(value.is_some()),
        }),
        Value::Optional(None) => Ok(Value::Bool(false)),
        Value::Optional(Some(inner)) => has_field(inner, name),
        _ => Err(no_overload()),
    }
}

fn optional_field(of: &Value, name: &str) -> Evaluated {
    let of = match of {
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => inner,
        of => of,
    };
    let Value::Map(map) = of else { return Err(no_overload()) };
    Ok(match map.get(&Key::String(name.into())) {
        Some(unknown @ Value::Unknown(_)) => unknown.clone(),
        value => Value::optional(value.cloned()),
    })
}

fn unary(operator: &str, a: &Value) -> Evaluated {
    match (operator, a) {
        (op::LOGICAL_NOT, Value::Bool(flag)) => Ok(Value::Bool(!flag)),
        (op::NEGATE, Value::Int(number)) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        (op::NEGATE, Value::Double(number)) => Ok(Value::Double(-number)),
        _ => Err(no_overload()),
    }
}

fn overflow() -> EvalError {
    EvalError::failed("integer overflow")
}

/// The value of a binary operator; `None` if the name is none of an operator.
fn binary(operator: &str, a: &Value, b: &Value) -> Option<Evaluated> {
    let ordered = |holds: fn(Ordering) -> bool| {
        a.order(b).map(|order| Value::Bool(holds(order))).ok_or_else(no_overload)
    };
    Some(match operator {
        op::EQUALS => Ok(Value::Bool(a == b)),
        op::NOT_EQUALS => Ok(Value::Bool(a != b)),
        op::LESS => ordered(Ordering::is_lt),
        op::LESS_EQUALS => ordered(Ordering::is_le),
        op::GREATER => ordered(Ordering::is_gt),
        op::GREATER_EQUALS => ordered(Ordering::is_ge),
        op::ADD => add(a, b),
        op::SUBSTRACT => subtract(a, b),
        op::MULTIPLY | op::DIVIDE | op::MODULO => arithmetic(operator, a, b),
        op::IN => match b {
            Value::List(items) => Ok(Value::Bool(items.contains(a))),
            Value::Map(map) => Ok(Value::Bool(a.key().is_some_and(|key| map.contains_key(&key)))),
            _ => Err(no_overload()),
        },
        op::INDEX => index(a, b),
        op::OPT_INDEX => optional_index(a, b),
        _ => return None,
    })
}

fn add(a: &Value, b: &Value) -> Evaluated {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => a.checked_add(*b).map(Value::Uint).ok_or_else(overflow),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::string(format!("{a}{b}"))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([&a[..], &b[..]].concat().into())),
        (Value::List(a), Value::List(b)) => Ok(Value::List(Arc::new(a.concat(b)))),
        (Value::Duration(a), Value::Duration(b)) => Ok(Value::Duration(a.saturating_add(*b))),
        (Value::Timestamp(a), Value::Duration(b)) | (Value::Duration(a), Value::Timestamp(b)) => {
            Ok(Value::Timestamp(a.saturating_add(*b)))
        }
        _ => Err(no_overload()),
    }
}

fn subtract(a: &Value, b: &Value) -> Evaluated {
    match (a, b) {
        (Value::Timestamp(a), Value::Timestamp(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Ok(Value::Duration(a.saturating_sub(*b)))
        }
        (Value::Timestamp(a), Value::Duration(b)) => Ok(Value::Timestamp(a.saturating_sub(*b))),
        _ => arithmetic(op::SUBSTRACT, a, b),
    }
}

fn arithmetic(operator: &str, a: &Value, b: &Value) -> Evaluated {
    let by_zero = || {
        let what = if operator == op::MODULO { "modulus" } else { "division" };
        EvalError::failed(format!("{what} by zero"))
    };
    match (a, b) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0))
            if matches!(operator, op::DIVIDE | op::MODULO) =>
        {
            Err(by_zero())
        }
        (Value::Int(a), Value::Int(b)) => match operator {
            op::SUBSTRACT => a.checked_sub(*b),
            op::MULTIPLY => a.checked_mul(*b),
            op::DIVIDE => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Int)
        .ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => match operator {
            op::SUBSTRACT => a.checked_sub(*b),
            op::MULTIPLY => a.checked_mul(*b),
            op::DIVIDE => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Uint)
        .ok_or_else(overflow),
        (Value::Double(a), Value::Double(b)) => match operator {
            op::SUBSTRACT => Ok(Value::Double(a - b)),
            op::MULTIPLY => Ok(Value::Double(a * b)),
            op::DIVIDE => Ok(Value::Double(a / b)),
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
}

fn index(of: &Value, index: &Value) -> Evaluated {
    match of {
        Value::Optional(_) => optional_index(of, index),
        Value::List(items) => match index.key() {
            Some(Key::Int(number)) => usize::try_from(number)
                .ok()
                .and_then(|number| items.get(number).cloned())
                .ok_or_else(|| EvalError::failed(format!("index out of bounds: {number}"))),
            _ => Err(no_overload()),
        },
        Value::Map(map) => {
            let key = index.key().ok_or_else(|| unsupported_key(index))?;
            map.get(&key).cloned().ok_or_else(|| {
                let key = match &key {
                    Key::String(text) => text.to_string(),
                    Key::Int(number) => number.to_string(),
                    Key::Bool(flag) => flag.to_string(),
                };
                EvalError::failed(format!("no such key: {key}"))
            })
        }
        _ => Err(no_overload()),
    }
}

fn optional_index(of: &Value, at: &Value) -> Evaluated {
    let of = match of {
        Value::Optional(None) => return Ok(Value::Optional(None)),
        Value::Optional(Some(inner)) => inner,
        of => of,
    };
    match index(of, at) {
        Ok(value) => Ok(Value::Optional(Some(Arc::new(value)))),
        Err(EvalError::Failed(message)) if message.starts_with("no such overload") => Err(no_overload()),
        Err(EvalError::Failed(_)) => Ok(Value::Optional(None)),
        Err(error) => Err(error),
    }
}
