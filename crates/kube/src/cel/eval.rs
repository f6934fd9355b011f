//! Evaluation, with the costs that the server counts and a bound on the work.

use super::Program;
use super::ast::{Ast, Bind, Call, Expr, Fold, FoldKind, Operator, Wrapping};
use super::cost::{self, actual};
use super::functions::{call as call_function, namespaced, timestamp};
use super::value::{Key, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What evaluations may cost, in the units of the server.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub(super) left: u64,
}

impl Budget {
    /// `PerCallLimit`: what one evaluation may cost.
    const PER_CALL: u64 = 1_000_000;

    /// `RuntimeCELCostBudget`: what all expressions about one object may cost together.
    pub fn per_object() -> Self {
        Self { left: 10_000_000 }
    }

    /// `RuntimeCELCostBudgetMatchConditions`: what the match conditions of a policy may cost together.
    pub fn per_match() -> Self {
        Self { left: 2_500_000 }
    }
}

/// The variables of a policy, `variables.NAME`: each is evaluated when an expression first names it.
#[derive(Debug)]
pub struct Composition<'p> {
    programs: &'p [(String, Program)],
    /// By the place of the program.
    values: RefCell<BTreeMap<usize, Evaluated>>,
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
    /// It costs more than the server allows one evaluation.
    TooCostly,
    /// It costs more than is left of the budget.
    OutOfBudget,
    /// It takes more steps than are followed here. The server may evaluate it.
    TooLong,
    /// It depends on the cluster, or on a function that plimsoll does not evaluate.
    Unknown(String),
}

impl EvalError {
    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// Whether nothing that is evaluated beside it changes the result.
    fn is_final(&self) -> bool {
        matches!(self, Self::TooCostly | Self::OutOfBudget | Self::TooLong)
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => f.write_str(message),
            Self::TooCostly => f.write_str("operation cancelled: actual cost limit exceeded"),
            Self::OutOfBudget => f.write_str(
                "validation failed due to running out of cost budget, no further validation rules will be run",
            ),
            Self::TooLong => f.write_str("the expression takes too many steps"),
            Self::Unknown(what) => write!(f, "{what} is known in a cluster only"),
        }
    }
}

impl std::error::Error for EvalError {}

pub(super) type Evaluated = Result<Value, EvalError>;

pub(super) fn evaluate(ast: &Ast, variables: &Variables<'_>, budget: &mut Budget) -> Evaluated {
    let scopes: Vec<_> = variables.values.iter().map(|(name, value)| (*name, Ok(value.clone()))).collect();
    let (outer, composition) = (scopes.len(), variables.composition);
    let mut evaluator =
        Evaluator { scopes, outer, composition, compositions: 0, cost: 0, composed: 0, steps: 0 };
    let value = evaluator.value(ast);
    let cost = evaluator.cost.saturating_add(evaluator.composed);
    if value == Err(EvalError::TooLong) {
        return value;
    }
    let Some(left) = budget.left.checked_sub(cost) else {
        budget.left = 0;
        return Err(EvalError::OutOfBudget);
    };
    budget.left = left;
    value
}

struct Evaluator<'v> {
    /// Variables may hold an error: a comprehension goes on after one.
    scopes: Vec<(&'v str, Evaluated)>,
    /// How many of these the whole expression knows.
    outer: usize,
    composition: Option<&'v Composition<'v>>,
    /// How many variables of the composition are being evaluated: one may name another.
    compositions: u8,
    /// What the evaluation cost so far.
    cost: u64,
    /// What the variables of the composition cost, each of which has a limit of its own.
    composed: u64,
    /// How much work it was: what is free on the server may be work here.
    steps: u64,
}

/// The deepest chain of variables of a composition. It bounds the stack, and no realistic policy reaches it.
const MAX_COMPOSITIONS: u8 = 32;

/// The most work that one evaluation may be.
const MAX_STEPS: u64 = 10_000_000;

impl<'v> Evaluator<'v> {
    fn work(&mut self, steps: u64) -> Result<(), EvalError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS { Err(EvalError::TooLong) } else { Ok(()) }
    }

    fn charge(&mut self, cost: u64) -> Result<(), EvalError> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > Budget::PER_CALL { Err(EvalError::TooCostly) } else { Ok(()) }
    }

    fn value(&mut self, ast: &'v Ast) -> Evaluated {
        self.work(1)?;
        match self.value_of(ast) {
            Ok(Value::Unknown(what)) => Err(EvalError::Unknown(format!("`{what}`"))),
            value => value,
        }
    }

    fn value_of(&mut self, ast: &'v Ast) -> Evaluated {
        match &ast.expr {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(operand, name) => {
                self.charge(actual::step_from(operand))?;
                if let Some(value) = self.composed(operand, name) {
                    return value;
                }
                field(&self.value(operand)?, name)
            }
            Expr::Has(operand, name) => {
                if self.composed_program(operand, name).is_some() {
                    self.charge(cost::IDENT)?;
                    return Ok(Value::Bool(true));
                }
                has_field(&self.value(operand)?, name)
            }
            Expr::List(elements) => {
                self.charge(cost::NEW_LIST)?;
                let mut items = Vec::with_capacity(elements.len());
                for element in elements {
                    match self.value(&element.value)? {
                        Value::Optional(inner) if element.is_optional => {
                            items.extend(inner.map(|inner| (*inner).clone()));
                        }
                        value => items.push(value),
                    }
                }
                Ok(Value::list(items))
            }
            Expr::Map(entries) => {
                self.charge(cost::NEW_MAP)?;
                let mut map = BTreeMap::new();
                for entry in entries {
                    let key = self.value(&entry.key)?;
                    let key = key.key().ok_or_else(|| unsupported_key(&key))?;
                    match self.value(&entry.value)? {
                        Value::Optional(inner) if entry.is_optional => {
                            map.extend(inner.map(|inner| (key, (*inner).clone())));
                        }
                        value => {
                            map.insert(key, value);
                        }
                    }
                }
                Ok(Value::Map(Arc::new(map)))
            }
            Expr::Struct(_) => Err(EvalError::Unknown("this construct".to_owned())),
            Expr::Fold(fold) => self.fold(fold),
            Expr::Bind(bind) => {
                let value = self.value(&bind.value);
                self.within([(&*bind.name, value)], &bind.body)
            }
            Expr::OptMap(bind, wrapping) => self.opt_map(bind, *wrapping),
            Expr::Operation(operator, operands) => self.operation(ast, *operator, operands),
            Expr::Call(call) => self.call(call, ast.is_dynamic),
        }
    }

    /// The place of the variable of the composition that is selected; `None` if something else is.
    fn composed_program(&self, operand: &Ast, name: &str) -> Option<(&'v Composition<'v>, usize)> {
        let composition = self.composition?;
        let is_composed = matches!(&operand.expr, Expr::Ident(of) if **of == *Composition::NAME);
        let place = composition.programs.iter().position(|(known, _)| known == name);
        Some((composition, place.filter(|_| is_composed)?))
    }

    /// The value of a variable of the composition; `None` if something else is selected.
    fn composed(&mut self, operand: &Ast, name: &str) -> Option<Evaluated> {
        let (composition, place) = self.composed_program(operand, name)?;
        if let Err(error) = self.charge(cost::IDENT) {
            return Some(Err(error));
        }
        let known = composition.values.borrow().get(&place).cloned();
        Some(known.unwrap_or_else(|| {
            if self.compositions == MAX_COMPOSITIONS {
                return Err(EvalError::TooLong);
            }
            let value = self.compose(&composition.programs[place].1.ast).map_err(|error| match error {
                EvalError::Failed(_) | EvalError::TooCostly => {
                    EvalError::Failed(format!("composited variable {name:?} fails to evaluate: {error}"))
                }
                error => error,
            });
            composition.values.borrow_mut().insert(place, value.clone());
            value
        }))
    }

    /// Evaluates a variable of the composition. It sees what the whole expression sees, whatever is iterated over here,
    /// and its cost is limited by itself.
    fn compose(&mut self, ast: &'v Ast) -> Evaluated {
        let inner = self.scopes.split_off(self.outer);
        let cost = std::mem::take(&mut self.cost);
        self.compositions += 1;
        let value = self.value(ast);
        self.compositions -= 1;
        self.composed = self.composed.saturating_add(std::mem::replace(&mut self.cost, cost));
        self.scopes.extend(inner);
        value
    }

    fn variable(&mut self, name: &str) -> Evaluated {
        // A leading dot passes over the variables of iterations.
        let (visible, plain) = match name.strip_prefix('.') {
            Some(plain) => (self.outer, plain),
            None => (self.scopes.len(), name),
        };
        if let Some(index) = self.scopes[..visible].iter().rposition(|(known, _)| *known == plain) {
            self.charge(cost::IDENT)?;
            return self.scopes[index].1.clone();
        }
        let name = match plain {
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

    /// Evaluates with more variables.
    fn within(
        &mut self,
        variables: impl IntoIterator<Item = (&'v str, Evaluated)>,
        ast: &'v Ast,
    ) -> Evaluated {
        let known = self.scopes.len();
        self.scopes.extend(variables);
        let value = self.value(ast);
        self.scopes.truncate(known);
        value
    }

    fn opt_map(&mut self, bind: &'v Bind, wrapping: Wrapping) -> Evaluated {
        let before = self.cost;
        let value = self.value(&bind.value)?;
        self.charge(cost::CALL)?;
        match value {
            Value::Optional(None) => {
                self.charge(cost::CALL)?;
                Ok(Value::Optional(None))
            }
            Value::Optional(Some(inner)) => {
                // The server evaluates the value again to take it out.
                let again = self.cost - before;
                self.charge(again)?;
                let value = self.within([(&*bind.name, Ok((*inner).clone()))], &bind.body)?;
                if wrapping == Wrapping::Flat {
                    return Ok(value);
                }
                self.charge(cost::CALL)?;
                Ok(Value::Optional(Some(Arc::new(value))))
            }
            _ => Err(no_overload()),
        }
    }

    fn fold(&mut self, fold: &'v Fold) -> Evaluated {
        let range = self.value(&fold.range)?;
        let is_list = matches!(range, Value::List(_));
        let mut result = Folded::new(fold.kind);
        for (key, value) in pairs(&range)? {
            self.charge(actual::turn(fold.kind))?;
            let known = self.scopes.len();
            let first = if fold.second.is_none() && is_list { value.clone() } else { key };
            self.scopes.push((&fold.first, Ok(first.clone())));
            if let Some(second) = &fold.second {
                self.scopes.push((second, Ok(value)));
            }
            let is_decided = self.turn(fold, &first, &mut result);
            self.scopes.truncate(known);
            if is_decided? {
                break;
            }
        }
        self.charge(actual::finish(fold.kind))?;
        result.finish()
    }

    /// One turn of an iteration. True if the others change nothing.
    fn turn(&mut self, fold: &'v Fold, first: &Value, result: &mut Folded) -> Result<bool, EvalError> {
        if let Some(filter) = &fold.filter {
            match self.value(filter)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(false),
                _ => return Err(no_overload()),
            }
        }
        let value = self.value(&fold.body);
        if let Ok(value) = &value {
            self.charge(actual::collect(fold.kind, &fold.body, value))?;
        }
        result.add(first, value)
    }

    fn call(&mut self, call: &'v Call, is_dynamic: bool) -> Evaluated {
        let is_variable = |name: &str| self.scopes.iter().any(|(known, _)| *known == name);
        let namespaced = namespaced(call, is_variable);
        let receiver = match (&namespaced, &call.target) {
            (None, Some(target)) => Some(self.value(target)?),
            _ => None,
        };
        let arguments = self.values(&call.args)?;
        self.work(receiver.iter().chain(&arguments).map(Value::weight).sum())?;
        let name = namespaced.as_deref().unwrap_or(&call.function);
        let value = call_function(name, receiver.as_ref(), &arguments);
        let result = value.as_ref().ok();
        self.charge(actual::call(name, receiver.as_ref(), &arguments, result, is_dynamic))?;
        value
    }

    fn values(&mut self, arguments: &'v [Ast]) -> Result<Vec<Value>, EvalError> {
        arguments.iter().map(|argument| self.value(argument)).collect()
    }

    fn operation(&mut self, ast: &'v Ast, operator: Operator, operands: &'v [Ast]) -> Evaluated {
        match (operator, operands) {
            (Operator::And, [a, b]) => self.logical(a, b, false),
            (Operator::Or, [a, b]) => self.logical(a, b, true),
            (Operator::Conditional, [condition, yes, no]) => {
                let branch = match self.value(condition)? {
                    Value::Bool(true) => yes,
                    Value::Bool(false) => no,
                    _ => return Err(no_overload()),
                };
                let value = self.value(branch);
                // The server does not count the variable itself that a branch starts with.
                self.cost = self.cost.saturating_sub(u64::from(actual::is_path(branch)));
                value
            }
            (Operator::Index | Operator::OptIndex | Operator::OptSelect, [of, at]) => {
                self.charge(actual::step_from(of))?;
                let (of, at) = (self.value(of)?, self.value(at)?);
                match (operator, &at) {
                    (Operator::Index, _) => index(&of, &at),
                    (Operator::OptSelect, Value::String(name)) => optional_field(&of, name),
                    _ => optional_index(&of, &at),
                }
            }
            (_, [a]) => {
                let a = self.value(a)?;
                self.charge(cost::CALL)?;
                unary(operator, &a)
            }
            (_, [a, b]) => {
                let (left, right) = (self.value(a)?, self.value(b)?);
                self.work(left.weight().saturating_add(right.weight()))?;
                self.charge(actual::binary(operator, &left, b, &right, ast.is_dynamic))?;
                binary(operator, &left, &right)
            }
            _ => Err(no_overload()),
        }
    }

    /// `&&` and `||`: one side decides whatever the other is, an error included.
    fn logical(&mut self, a: &'v Ast, b: &'v Ast, decisive: bool) -> Evaluated {
        let first = self.value(a);
        match &first {
            Ok(Value::Bool(flag)) if *flag == decisive => return first,
            Err(error) if error.is_final() => return first,
            _ => {}
        }
        match (first, self.value(b)) {
            (_, Ok(Value::Bool(flag))) if flag == decisive => Ok(Value::Bool(decisive)),
            (Ok(Value::Bool(_)), Ok(Value::Bool(_))) => Ok(Value::Bool(!decisive)),
            // What is unknown may decide, so that no failure beside it is certain.
            (_, Err(error @ EvalError::Unknown(_))) => Err(error),
            (_, Err(error)) if error.is_final() => Err(error),
            (Err(error), _) | (_, Err(error)) => Err(error),
            _ => Err(no_overload()),
        }
    }
}

/// The result of an iteration so far.
enum Folded {
    Quantified(Quantified),
    /// How many items meet the condition.
    Count(u64),
    List(Vec<Value>),
    Map(BTreeMap<Key, Value>),
    Entries(BTreeMap<Key, Value>),
}

/// Whether a condition holds for all items, or for one.
struct Quantified {
    /// What one item has to be to decide.
    decisive: bool,
    is_decided: bool,
    /// Why an item gives nothing. Another one may decide.
    failure: Option<EvalError>,
}

impl Folded {
    fn new(kind: FoldKind) -> Self {
        let quantified = |decisive| Quantified { decisive, is_decided: false, failure: None };
        match kind {
            FoldKind::All => Self::Quantified(quantified(false)),
            FoldKind::Exists => Self::Quantified(quantified(true)),
            FoldKind::ExistsOne => Self::Count(0),
            FoldKind::List => Self::List(Vec::new()),
            FoldKind::Map => Self::Map(BTreeMap::new()),
            FoldKind::Entries => Self::Entries(BTreeMap::new()),
        }
    }

    /// Takes over what a body gives. True if the rest changes nothing.
    fn add(&mut self, first: &Value, value: Evaluated) -> Result<bool, EvalError> {
        match self {
            Self::Quantified(quantified) => return quantified.add(value),
            Self::Count(count) => match value? {
                Value::Bool(flag) => *count += u64::from(flag),
                _ => return Err(no_overload()),
            },
            Self::List(items) => items.push(value?),
            Self::Map(map) => insert(map, first.key().ok_or_else(|| unsupported_key(first))?, value?)?,
            Self::Entries(map) => {
                let Value::Map(entries) = value? else { return Err(no_overload()) };
                for (key, value) in entries.iter() {
                    insert(map, key.clone(), value.clone())?;
                }
            }
        }
        Ok(false)
    }

    fn finish(self) -> Evaluated {
        match self {
            Self::Quantified(Quantified { decisive, is_decided: true, .. }) => Ok(Value::Bool(decisive)),
            Self::Quantified(Quantified { failure: Some(failure), .. }) => Err(failure),
            Self::Quantified(Quantified { decisive, .. }) => Ok(Value::Bool(!decisive)),
            Self::Count(count) => Ok(Value::Bool(count == 1)),
            Self::List(items) => Ok(Value::list(items)),
            Self::Map(map) | Self::Entries(map) => Ok(Value::Map(Arc::new(map))),
        }
    }
}

impl Quantified {
    fn add(&mut self, value: Evaluated) -> Result<bool, EvalError> {
        match value {
            Ok(Value::Bool(flag)) => self.is_decided = flag == self.decisive,
            Err(error) if error.is_final() => return Err(error),
            Ok(_) => self.fail(no_overload()),
            Err(error) => self.fail(error),
        }
        Ok(self.is_decided)
    }

    fn fail(&mut self, error: EvalError) {
        // What is unknown may decide, so that no failure beside it is certain.
        if self.failure.is_none() || matches!(error, EvalError::Unknown(_)) {
            self.failure = Some(error);
        }
    }
}

/// Adds an entry to a map that has no such key yet.
fn insert(map: &mut BTreeMap<Key, Value>, key: Key, value: Value) -> Result<(), EvalError> {
    if map.contains_key(&key) {
        return Err(EvalError::failed(format!("insert failed: key {} already exists", key_text(&key))));
    }
    map.insert(key, value);
    Ok(())
}

/// A key as messages show it.
fn key_text(key: &Key) -> String {
    match key {
        Key::String(text) => text.to_string(),
        Key::Int(number) => number.to_string(),
        Key::Bool(flag) => flag.to_string(),
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

fn unary(operator: Operator, a: &Value) -> Evaluated {
    match (operator, a) {
        (Operator::Not, Value::Bool(flag)) => Ok(Value::Bool(!flag)),
        (Operator::Negate, Value::Int(number)) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        (Operator::Negate, Value::Double(number)) => Ok(Value::Double(-number)),
        _ => Err(no_overload()),
    }
}

fn overflow() -> EvalError {
    EvalError::failed("integer overflow")
}

/// The value of a binary operator.
fn binary(operator: Operator, a: &Value, b: &Value) -> Evaluated {
    let ordered = |holds: fn(Ordering) -> bool| {
        a.order(b).map(|order| Value::Bool(holds(order))).ok_or_else(no_overload)
    };
    match operator {
        Operator::Equals => Ok(Value::Bool(a == b)),
        Operator::NotEquals => Ok(Value::Bool(a != b)),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessEquals => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterEquals => ordered(Ordering::is_ge),
        Operator::Add => add(a, b),
        Operator::Subtract => subtract(a, b),
        Operator::Multiply | Operator::Divide | Operator::Modulo => arithmetic(operator, a, b),
        Operator::In => match b {
            Value::List(items) => Ok(Value::Bool(items.contains(a))),
            Value::Map(map) => Ok(Value::Bool(a.key().is_some_and(|key| map.contains_key(&key)))),
            _ => Err(no_overload()),
        },
        _ => Err(no_overload()),
    }
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
            timestamp(a.saturating_add(*b))
        }
        _ => Err(no_overload()),
    }
}

fn subtract(a: &Value, b: &Value) -> Evaluated {
    match (a, b) {
        (Value::Timestamp(a), Value::Timestamp(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Ok(Value::Duration(a.saturating_sub(*b)))
        }
        (Value::Timestamp(a), Value::Duration(b)) => timestamp(a.saturating_sub(*b)),
        _ => arithmetic(Operator::Subtract, a, b),
    }
}

fn arithmetic(operator: Operator, a: &Value, b: &Value) -> Evaluated {
    let by_zero = || {
        let what = if operator == Operator::Modulo { "modulus" } else { "division" };
        EvalError::failed(format!("{what} by zero"))
    };
    match (a, b) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0))
            if matches!(operator, Operator::Divide | Operator::Modulo) =>
        {
            Err(by_zero())
        }
        (Value::Int(a), Value::Int(b)) => match operator {
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b),
            Operator::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Int)
        .ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => match operator {
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b),
            Operator::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Uint)
        .ok_or_else(overflow),
        (Value::Double(a), Value::Double(b)) => match operator {
            Operator::Subtract => Ok(Value::Double(a - b)),
            Operator::Multiply => Ok(Value::Double(a * b)),
            Operator::Divide => Ok(Value::Double(a / b)),
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
            map.get(&key)
                .cloned()
                .ok_or_else(|| EvalError::failed(format!("no such key: {}", key_text(&key))))
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
