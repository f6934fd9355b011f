//! The syntax tree of an expression, after its macros are expanded.

use super::value::Value;
use std::sync::Arc;

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Ast {
    pub(super) expr: Expr,
    /// Its number in the expression, from 0, by which its type is known.
    pub(super) id: u32,
    /// The byte of the source that errors point to, as in cel-go: that of the operator, the dot or the bracket.
    pub(super) at: usize,
    pub(super) height: Height,
    /// Whether the type of an operand or argument is known at run time only.
    pub(super) is_dynamic: bool,
}

/// How deep the tree below a part is, the part included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Height {
    /// In parts.
    pub(super) parts: u16,
    /// In parts that cel-go counts for its limit on recursion.
    pub(super) counted: u16,
}

#[derive(Debug, Clone)]
pub(super) enum Expr {
    /// A literal; its value is a scalar.
    Literal(Value),
    /// A variable or the name of a type. A leading dot is part of the name.
    Ident(Arc<str>),
    /// `operand.field`
    Select(Box<Ast>, Arc<str>),
    /// `has(operand.field)`
    Has(Box<Ast>, Arc<str>),
    /// `function(...)` or `target.function(...)`
    Call(Call),
    /// An operator with its operands.
    Operation(Operator, Vec<Ast>),
    /// `[a, ?b]`
    List(Vec<Element>),
    /// `{k: v, ?k: v}`
    Map(Vec<Entry>),
    /// The values of the fields of `Name{field: value}`, a message, which is not evaluated.
    Struct(Vec<Ast>),
    /// `range.all(x, ...)` and the other macros that iterate.
    Fold(Box<Fold>),
    /// `cel.bind(name, value, body)`
    Bind(Box<Bind>),
    /// `value.optMap(name, body)`, and `optFlatMap` if the body is an optional itself.
    OptMap(Box<Bind>, Wrapping),
}

/// Whether the result of a macro is made an optional.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    Wrapped,
    Flat,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) function: Arc<str>,
    pub(super) target: Option<Box<Ast>>,
    pub(super) args: Vec<Ast>,
}

#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) value: Ast,
    pub(super) is_optional: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Ast,
    pub(super) value: Ast,
    pub(super) is_optional: bool,
}

/// An iteration over a list or a map.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    pub(super) kind: FoldKind,
    pub(super) range: Ast,
    /// The item of a list or the key of a map; with `second`, the index or the key.
    pub(super) first: Arc<str>,
    /// The item of a list or the value of a map.
    pub(super) second: Option<Arc<str>>,
    /// Which items the result is made from.
    pub(super) filter: Option<Ast>,
    pub(super) body: Ast,
}

/// What an iteration gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoldKind {
    /// Whether the body holds for all items.
    All,
    /// Whether it holds for one or more.
    Exists,
    /// Whether it holds for exactly one.
    ExistsOne,
    /// The list of its values.
    List,
    /// The map from the first variable to its values.
    Map,
    /// The map of the entries that it gives.
    Entries,
}

/// A variable, its value, and what is evaluated with it.
#[derive(Debug, Clone)]
pub(super) struct Bind {
    pub(super) name: Arc<str>,
    pub(super) value: Ast,
    pub(super) body: Ast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Conditional,
    Or,
    And,
    Less,
    LessEquals,
    Greater,
    GreaterEquals,
    Equals,
    NotEquals,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Not,
    Negate,
    Index,
    OptIndex,
    OptSelect,
}

impl Operator {
    /// The name that messages of cel-go give it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Conditional => "_?_:_",
            Self::Or => "_||_",
            Self::And => "_&&_",
            Self::Less => "_<_",
            Self::LessEquals => "_<=_",
            Self::Greater => "_>_",
            Self::GreaterEquals => "_>=_",
            Self::Equals => "_==_",
            Self::NotEquals => "_!=_",
            Self::In => "@in",
            Self::Add => "_+_",
            Self::Subtract => "_-_",
            Self::Multiply => "_*_",
            Self::Divide => "_/_",
            Self::Modulo => "_%_",
            Self::Not => "!_",
            Self::Negate => "-_",
            Self::Index => "_[_]",
            Self::OptIndex => "_[?_]",
            Self::OptSelect => "_?._",
        }
    }
}

impl Expr {
    /// The parts that it is made from.
    pub(super) fn parts(&self) -> Vec<&Ast> {
        match self {
            Self::Literal(_) | Self::Ident(_) => Vec::new(),
            Self::Select(operand, _) | Self::Has(operand, _) => vec![operand],
            Self::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
            Self::Operation(_, operands) | Self::Struct(operands) => operands.iter().collect(),
            Self::List(elements) => elements.iter().map(|element| &element.value).collect(),
            Self::Map(entries) => entries.iter().flat_map(|entry| [&entry.key, &entry.value]).collect(),
            Self::Fold(fold) => [&fold.range, &fold.body].into_iter().chain(&fold.filter).collect(),
            Self::Bind(bind) | Self::OptMap(bind, _) => vec![&bind.value, &bind.body],
        }
    }

    /// The same, to be changed.
    pub(super) fn parts_mut(&mut self) -> Vec<&mut Ast> {
        match self {
            Self::Literal(_) | Self::Ident(_) => Vec::new(),
            Self::Select(operand, _) | Self::Has(operand, _) => vec![operand],
            Self::Call(call) => call.target.as_deref_mut().into_iter().chain(&mut call.args).collect(),
            Self::Operation(_, operands) | Self::Struct(operands) => operands.iter_mut().collect(),
            Self::List(elements) => elements.iter_mut().map(|element| &mut element.value).collect(),
            Self::Map(entries) => {
                entries.iter_mut().flat_map(|entry| [&mut entry.key, &mut entry.value]).collect()
            }
            Self::Fold(fold) => {
                [&mut fold.range, &mut fold.body].into_iter().chain(&mut fold.filter).collect()
            }
            Self::Bind(bind) | Self::OptMap(bind, _) => vec![&mut bind.value, &mut bind.body],
        }
    }
}
