//! The cost of the worst case: `checker/cost.go` of cel-go.

use super::calls;
use super::range::Range;
use super::schema::Place;
use super::{CALL, IDENT, NEW_LIST, NEW_MAP, NEW_STRUCT};
use crate::cel::ast::{Ast, Bind, Call, Element, Entry, Expr, Fold, FoldKind, Operator, Wrapping};
use crate::cel::check::Types;
use crate::cel::functions::namespaced;
use crate::cel::types::Type;
use crate::cel::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the size of a value is declared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'s> {
    /// It is not a part of a variable.
    None,
    At(Place<'s>),
    /// It is a part of a variable of which nothing is declared.
    Undeclared,
}

impl<'s> Path<'s> {
    fn then(self, step: impl FnOnce(Place<'s>) -> Option<Place<'s>>, root: Place<'s>) -> Self {
        match self {
            Self::At(place) => step(place).map_or(Self::Undeclared, Self::At),
            // cel-go takes the first step for the variable itself.
            Self::None => Self::At(root),
            Self::Undeclared => Self::Undeclared,
        }
    }
}

/// The sizes of what is in a list or a map.
#[derive(Debug, Clone, Copy)]
struct Inner {
    is_list: bool,
    key: Range,
    value: Range,
}

impl Inner {
    fn or(self, other: Self) -> Self {
        Self { is_list: self.is_list, key: self.key.or(other.key), value: self.value.or(other.value) }
    }
}

/// What is known of a variable.
#[derive(Debug, Clone, Copy)]
struct Local<'s> {
    path: Path<'s>,
    size: Option<Range>,
    inner: Option<Inner>,
}

pub(super) struct Estimator<'a, 's> {
    types: &'a Types<'s>,
    root: Place<'s>,
    locals: Vec<(Arc<str>, Local<'s>)>,
    sizes: BTreeMap<u32, Range>,
    inner: BTreeMap<u32, Inner>,
    paths: BTreeMap<u32, Path<'s>>,
}

/// The bounds of what an expression costs about a value of a schema, whose place is `root`.
pub(in crate::cel) fn estimate<'s>(ast: &Ast, types: &Types<'s>, root: Place<'s>) -> Range {
    let (locals, sizes) = (Vec::new(), BTreeMap::new());
    let (inner, paths) = (BTreeMap::new(), BTreeMap::new());
    Estimator { types, root, locals, sizes, inner, paths }.cost(ast)
}

impl<'s> Estimator<'_, 's> {
    fn cost(&mut self, ast: &Ast) -> Range {
        match &ast.expr {
            Expr::Literal(_) => Range::exact(0),
            Expr::Ident(name) => {
                let path = self.local(name).map_or(Path::At(self.root), |local| local.path);
                self.paths.insert(ast.id, path);
                Range::exact(IDENT)
            }
            Expr::Select(operand, field) => {
                let cost = self.cost(operand);
                let path = self.path(operand).then(|place| place.field(field), self.root);
                self.paths.insert(ast.id, path);
                let has_fields = matches!(
                    self.types.of(operand),
                    Type::Map(_) | Type::Object { .. } | Type::Record(_) | Type::Named(_)
                );
                if has_fields { cost.plus(Range::exact(IDENT)) } else { cost }
            }
            Expr::Has(operand, _) => self.cost(operand),
            Expr::Operation(operator, operands) => self.operation(ast, *operator, operands),
            Expr::Call(call) => self.call(ast, call),
            Expr::List(elements) => self.list(ast, elements),
            Expr::Map(entries) => self.map(ast, entries),
            Expr::Struct(values) => self.sum(values).plus(Range::exact(NEW_STRUCT)),
            Expr::Fold(fold) => self.fold(ast, fold),
            Expr::Bind(bind) => {
                // The value is that of an iteration over an empty list.
                let value = self.cost(&bind.value).plus(Range::exact(NEW_LIST));
                let local = Local {
                    path: self.path(&bind.value),
                    size: self.size(&bind.value),
                    inner: self.inner(&bind.value),
                };
                let body = self.within([(&bind.name, local)], |estimator| estimator.cost(&bind.body));
                self.copy_sizes(ast, &bind.body);
                value.plus(body)
            }
            Expr::OptMap(bind, wrapping) => self.opt_map(bind, *wrapping),
        }
    }

    fn sum(&mut self, parts: &[Ast]) -> Range {
        parts.iter().fold(Range::exact(0), |sum, part| sum.plus(self.cost(part)))
    }

    fn local(&self, name: &str) -> Option<&Local<'s>> {
        self.locals.iter().rev().find(|(known, _)| **known == *name).map(|(_, local)| local)
    }

    fn within<'n, T>(
        &mut self,
        locals: impl IntoIterator<Item = (&'n Arc<str>, Local<'s>)>,
        estimate: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let known = self.locals.len();
        self.locals.extend(locals.into_iter().map(|(name, local)| (Arc::clone(name), local)));
        let estimated = estimate(self);
        self.locals.truncate(known);
        estimated
    }

    fn path(&self, ast: &Ast) -> Path<'s> {
        let local = match &ast.expr {
            Expr::Ident(name) => self.local(name).map(|local| local.path),
            _ => None,
        };
        local.or_else(|| self.paths.get(&ast.id).copied()).unwrap_or(Path::None)
    }

    /// The size of a value, as far as it is known.
    pub(super) fn size(&self, ast: &Ast) -> Option<Range> {
        let known = self.sizes.get(&ast.id).copied().or_else(|| literal_size(&ast.expr));
        known.or_else(|| match (self.path(ast), &ast.expr) {
            (Path::At(place), _) => Some(Range { min: 0, max: place.max_elements() }),
            _ if is_scalar(self.types.of(ast)) => Some(Range::exact(1)),
            (_, Expr::Ident(name)) => self.local(name).and_then(|local| local.size),
            _ => None,
        })
    }

    pub(super) fn size_or_unknown(&self, ast: &Ast) -> Range {
        self.size(ast).unwrap_or(Range::UNKNOWN)
    }

    /// The size of the items of a list that is declared somewhere.
    pub(super) fn size_of_items(&self, ast: &Ast) -> Range {
        match self.path(ast) {
            Path::At(place) => {
                place.element().map_or(Range::UNKNOWN, |place| Range { min: 0, max: place.max_elements() })
            }
            _ => Range::UNKNOWN,
        }
    }

    pub(super) fn type_of(&self, ast: &Ast) -> &Type<'s> {
        self.types.of(ast)
    }

    fn inner(&self, ast: &Ast) -> Option<Inner> {
        self.inner.get(&ast.id).copied().or_else(|| match &ast.expr {
            Expr::Ident(name) => self.local(name).and_then(|local| local.inner),
            _ => None,
        })
    }

    fn set_size(&mut self, ast: &Ast, size: Option<Range>) {
        self.sizes.extend(size.map(|size| (ast.id, size)));
    }

    fn set_inner(&mut self, ast: &Ast, inner: Option<Inner>) {
        self.inner.extend(inner.map(|inner| (ast.id, inner)));
    }

    fn copy_sizes(&mut self, to: &Ast, from: &Ast) {
        self.set_size(to, self.size(from));
        self.set_inner(to, self.inner(from));
    }

    fn list(&mut self, ast: &Ast, elements: &[Element]) -> Range {
        let mut cost = Range::exact(NEW_LIST);
        let mut items: Option<Range> = None;
        for element in elements {
            cost = cost.plus(self.cost(&element.value));
            let size = self.size_or_unknown(&element.value);
            items = Some(items.map_or(size, |items| items.or(size)));
        }
        let value = items.unwrap_or(Range::exact(0));
        self.set_inner(ast, Some(Inner { is_list: true, key: Range::exact(1), value }));
        cost
    }

    fn map(&mut self, ast: &Ast, entries: &[Entry]) -> Range {
        let mut cost = Range::exact(NEW_MAP);
        let mut sizes: Option<(Range, Range)> = None;
        for entry in entries {
            cost = cost.plus(self.cost(&entry.key)).plus(self.cost(&entry.value));
            let (key, value) = (self.size_or_unknown(&entry.key), self.size_or_unknown(&entry.value));
            sizes = Some(sizes.map_or((key, value), |(keys, values)| (keys.or(key), values.or(value))));
        }
        let (key, value) = sizes.unwrap_or((Range::exact(0), Range::exact(0)));
        self.set_inner(ast, Some(Inner { is_list: false, key, value }));
        cost
    }

    fn fold(&mut self, ast: &Ast, fold: &Fold) -> Range {
        let range = self.cost(&fold.range);
        let (turn, collected) = self.within(self.variables(fold), |estimator| {
            let filter = fold.filter.as_ref().map(|filter| estimator.cost(filter));
            let body = estimator.cost(&fold.body);
            (turn(fold.kind, filter, body), estimator.size_or_unknown(&fold.body))
        });
        let count = self.size_or_unknown(&fold.range);
        let (start, end) = match fold.kind {
            FoldKind::All | FoldKind::Exists => (0, IDENT),
            FoldKind::ExistsOne => (0, IDENT + CALL),
            FoldKind::List => (NEW_LIST, IDENT),
            FoldKind::Map | FoldKind::Entries => (NEW_MAP, IDENT),
        };
        let size = match fold.kind {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Range::exact(1),
            FoldKind::List | FoldKind::Map | FoldKind::Entries => count,
        };
        self.set_size(ast, Some(size));
        if fold.kind == FoldKind::List {
            // The list is empty at first.
            let value = Range { min: 0, max: collected.max };
            self.set_inner(ast, Some(Inner { is_list: true, key: Range::exact(1), value }));
        }
        range.plus(Range::exact(start + end)).plus(count.times(turn))
    }

    /// The variables of an iteration.
    fn variables<'n>(&self, fold: &'n Fold) -> Vec<(&'n Arc<str>, Local<'s>)> {
        let (path, inner, root) = (self.path(&fold.range), self.inner(&fold.range), self.root);
        let is_list =
            inner.map_or(matches!(self.types.of(&fold.range), Type::List(_)), |inner| inner.is_list);
        let local = |path, size| Local { path, size, inner: None };
        let key_size = inner.map(|inner| inner.key);
        let value = local(path.then(Place::element, root), inner.map(|inner| inner.value));
        match &fold.second {
            None if is_list => vec![(&fold.first, value)],
            None => vec![(&fold.first, local(path.then(Place::key, root), key_size))],
            Some(second) => {
                // An index is declared nowhere.
                let key = if is_list { path.then(|_| None, root) } else { path.then(Place::key, root) };
                vec![(&fold.first, local(key, key_size)), (second, value)]
            }
        }
    }

    /// `value.hasValue() ? optional.of(BODY) : optional.none()`, in which the value is a variable of the body.
    fn opt_map(&mut self, bind: &Bind, wrapping: Wrapping) -> Range {
        let value = self.cost(&bind.value).plus(Range::exact(CALL));
        let size = match self.types.of(&bind.value) {
            Type::Optional(inner) if is_scalar(inner) => Some(Range::exact(1)),
            _ => None,
        };
        let local = Local { path: Path::None, size, inner: None };
        let body = self.within([(&bind.name, local)], |estimator| estimator.cost(&bind.body));
        let wrapped = if wrapping == Wrapping::Wrapped { CALL } else { 0 };
        let some = value.plus(Range::exact(NEW_LIST + wrapped)).plus(body);
        value.plus(some.or(Range::exact(CALL)))
    }

    fn operation(&mut self, ast: &Ast, operator: Operator, operands: &[Ast]) -> Range {
        let costs: Vec<Range> = operands.iter().map(|operand| self.cost(operand)).collect();
        let (cost, size) = match (operator, operands, costs.as_slice()) {
            (Operator::And | Operator::Or, _, [a, b]) => {
                (Range { min: a.min, max: a.max.saturating_add(b.max) }, None)
            }
            (Operator::Conditional, [_, yes, no], [condition, a, b]) => {
                let inner = self.inner(yes).zip(self.inner(no)).map(|(yes, no)| yes.or(no));
                self.set_inner(ast, inner);
                let size = self.size_or_unknown(yes).or(self.size_or_unknown(no));
                (condition.plus(a.or(*b)), Some(size))
            }
            (Operator::Index, [of, _], _) => {
                let path = self.path(of).then(Place::element, self.root);
                self.paths.insert(ast.id, path);
                (all(&costs).plus(Range::exact(CALL)), self.inner(of).map(|inner| inner.value))
            }
            (Operator::Add, [a, b], _) => {
                let inner = self.inner(a).zip(self.inner(b)).map(|(a, b)| a.or(b));
                self.set_inner(ast, inner);
                let (cost, size) = calls::operation(self, operator, operands);
                (all(&costs).plus(cost), size)
            }
            _ => {
                let (cost, size) = calls::operation(self, operator, operands);
                (all(&costs).plus(cost), size)
            }
        };
        self.set_size(ast, size.or_else(|| self.size(ast)));
        cost
    }

    fn call(&mut self, ast: &Ast, call: &Call) -> Range {
        let arguments = self.sum(&call.args);
        if &*call.function == "dyn"
            && let [argument] = call.args.as_slice()
        {
            self.copy_sizes(ast, argument);
            return arguments.plus(Range::exact(CALL));
        }
        let namespaced = namespaced(call, |name| self.local(name).is_some());
        let target = call.target.as_deref().filter(|_| namespaced.is_none());
        let receiver = target.map_or(Range::exact(0), |target| self.cost(target));
        let name = namespaced.as_deref().unwrap_or(&call.function);
        let (cost, size) = calls::call(self, name, target, &call.args);
        self.set_size(ast, size.or_else(|| self.size(ast)));
        receiver.plus(cost).plus(arguments)
    }
}

fn all(costs: &[Range]) -> Range {
    costs.iter().fold(Range::exact(0), |sum, cost| sum.plus(*cost))
}

/// What a turn of an iteration costs: whether it goes on, and the result with what the body adds to it.
fn turn(kind: FoldKind, filter: Option<Range>, body: Range) -> Range {
    let quantified = |goes_on: u64| {
        // The result so far may decide.
        Range::exact(goes_on).plus(Range { min: IDENT, max: body.max.saturating_add(IDENT) })
    };
    let step = match kind {
        FoldKind::All => return quantified(CALL + IDENT),
        FoldKind::Exists => return quantified(2 * CALL + IDENT),
        FoldKind::ExistsOne => return body.plus(Range { min: IDENT, max: IDENT + CALL }),
        FoldKind::List => IDENT + CALL + NEW_LIST,
        FoldKind::Map => 2 * IDENT + CALL,
        FoldKind::Entries => IDENT + CALL,
    };
    let step = body.plus(Range::exact(step));
    filter.map_or(step, |filter| filter.plus(step.or(Range::exact(IDENT))))
}

/// The size of what is written out.
fn literal_size(expr: &Expr) -> Option<Range> {
    let size = match expr {
        Expr::Literal(value @ (Value::String(_) | Value::Bytes(_))) => value.size(),
        Expr::Literal(_) => 1,
        Expr::List(elements) => elements.len() as u64,
        Expr::Map(entries) => entries.len() as u64,
        _ => return None,
    };
    Some(Range::exact(size))
}

fn is_scalar(ty: &Type<'_>) -> bool {
    match ty {
        Type::Bool | Type::Double | Type::Duration | Type::Int | Type::Timestamp | Type::Uint => true,
        Type::Optional(inner) => is_scalar(inner),
        _ => false,
    }
}
