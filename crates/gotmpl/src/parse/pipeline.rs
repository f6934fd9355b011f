//! Pipelines: the commands between `{{` and `}}`, their operands and their variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cursor::Cursor;
use super::error::{ParseError, Result, error};
use crate::ast::{Command, Expr, Fields, Kind, Pipe, Place};
use crate::functions;
use crate::lex::{Keyword, TokenKind};
use crate::literal::{self, Number};
use plimsoll_diag::nearest;

/// The visible variables, by slot.
pub(super) struct Scope {
    pub(super) names: Vec<Arc<str>>,
    /// The largest number of variables that were visible at once.
    pub(super) max_count: usize,
    /// Variables that Go accepts here although they do not exist, and fails only when it evaluates one: those of a
    /// block's body in its `else`, and those that are assigned but never declared.
    pub(super) unset: Vec<Arc<str>>,
}

impl Scope {
    pub(super) fn new() -> Self {
        Self { names: vec!["$".into()], max_count: 1, unset: Vec::new() }
    }

    pub(super) fn declare(&mut self, name: &str) -> usize {
        self.names.push(name.into());
        self.max_count = self.max_count.max(self.names.len());
        self.names.len() - 1
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|known| &**known == name)
    }
}

/// What a pipeline is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    If,
    With,
    Range,
    Template,
    Block,
    Command,
    Parentheses,
}

impl Clause {
    /// What errors call it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
            Self::Template => "template clause",
            Self::Block => "block clause",
            Self::Command => "command",
            Self::Parentheses => "parenthesized pipeline",
        }
    }
}

/// Parses pipelines.
pub(super) struct PipelineParser<'p, 'a> {
    pub(super) functions: functions::Functions,
    pub(super) cursor: &'p mut Cursor<'a>,
    pub(super) scope: &'p mut Scope,
    /// The names of fields, each once: a template says `.Values` hundreds of times.
    pub(super) names: &'p mut BTreeMap<&'a str, Arc<str>>,
}

impl PipelineParser<'_, '_> {
    /// A pipeline that ends before `end`.
    pub(super) fn pipeline(&mut self, clause: Clause, end: TokenKind) -> Result<Pipe> {
        let context = clause.as_str();
        let first = self.cursor.peek_non_space().place;
        self.cursor.enter(first)?;
        let mut names: Vec<Place> = Vec::new();
        let mut declares = None;
        while self.cursor.peek_non_space().kind == TokenKind::Variable {
            let token = self.cursor.next();
            let after = self.cursor.position();
            match self.cursor.peek_non_space().kind {
                kind @ (TokenKind::Declare | TokenKind::Assign) => {
                    self.cursor.next();
                    names.push(token.place);
                    declares = Some(kind == TokenKind::Declare);
                    break;
                }
                TokenKind::Comma if clause == Clause::Range && names.is_empty() => {
                    self.cursor.next();
                    names.push(token.place);
                    if self.cursor.peek_non_space().kind != TokenKind::Variable {
                        return Err(error(token.place, "range can only initialize variables"));
                    }
                }
                TokenKind::Comma => {
                    return Err(error(token.place, format!("too many declarations in {context}")));
                }
                _ if !names.is_empty() => {
                    return Err(error(token.place, "expected `:=` after the variables of range"));
                }
                _ => {
                    self.cursor.go_back_to(after - 1);
                    break;
                }
            }
        }
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.cursor.peek_non_space();
            if token.kind == end {
                break;
            }
            if !starts_operand(token.kind) {
                return Err(self.cursor.unexpected(token, context));
            }
            let command = self.command()?;
            if !commands.is_empty()
                && matches!(
                    command.head.kind,
                    Kind::Dot
                        | Kind::Nil
                        | Kind::Bool(_)
                        | Kind::Int(_)
                        | Kind::Float(_)
                        | Kind::Str(_)
                        | Kind::Raw(_)
                )
            {
                return Err(error(
                    command.head.place,
                    format!("non executable command in pipeline stage {}", commands.len() + 1),
                ));
            }
            commands.push(command);
        }
        if commands.is_empty() {
            return Err(error(self.cursor.peek().place, format!("missing value for {context}")));
        }
        // Only now: the pipeline itself still sees the variables that these shadow.
        let mut variables = Vec::new();
        let mut undefined = None;
        for place in names.into_iter().take(if declares.is_some() { usize::MAX } else { 0 }) {
            let name = self.cursor.str(place);
            match self.scope.find(name) {
                _ if declares == Some(true) => variables.push(self.scope.declare(name)),
                Some(slot) => variables.push(slot),
                None => {
                    self.scope.unset.push(name.into());
                    undefined = undefined.or(Some(place));
                }
            }
        }
        let last = self.cursor.last().place;
        self.cursor.leave();
        Ok(Pipe { variables: variables.into(), undefined, commands: commands.into(), place: first.to(last) })
    }

    fn command(&mut self) -> Result<Command> {
        let mut head = None;
        let mut args = Vec::new();
        loop {
            let token = self.cursor.peek_non_space();
            if starts_operand(token.kind) {
                let operand = self.operand()?;
                match head {
                    None => head = Some(operand),
                    Some(_) => args.push(operand),
                }
            } else if !matches!(token.kind, TokenKind::Close | TokenKind::RightParen | TokenKind::Pipe) {
                return Err(self.cursor.unexpected(token, "operand"));
            }
            let token = self.cursor.peek();
            match token.kind {
                TokenKind::Space => {}
                TokenKind::Close | TokenKind::RightParen => break,
                TokenKind::Pipe => {
                    self.cursor.next();
                    break;
                }
                _ => return Err(self.cursor.unexpected(token, "operand")),
            }
        }
        match head {
            Some(head) => Ok(Command { head, args: args.into() }),
            None => Err(error(self.cursor.peek().place, "empty command")),
        }
    }

    fn operand(&mut self) -> Result<Expr> {
        // Most operands are chains of fields, which are read at once.
        let first = self.cursor.peek_non_space();
        if first.kind == TokenKind::Field {
            let (fields, place) = self.fields(first.place);
            return Ok(Expr { kind: Kind::Field(fields.into()), place });
        }
        let mut expr = self.term()?;
        if self.cursor.peek().kind != TokenKind::Field {
            return Ok(expr);
        }
        let (fields, place) = self.fields(expr.place);
        expr.kind = match expr.kind {
            Kind::Variable(slot, _) => Kind::Variable(slot, fields.into()),
            Kind::Bool(_)
            | Kind::Str(_)
            | Kind::Raw(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Nil
            | Kind::Dot => {
                return Err(error(place, format!("unexpected `.` after term `{}`", self.cursor.str(place))));
            }
            kind => Kind::Chain(Box::new(Expr { kind, place: expr.place }), fields.into()),
        };
        Ok(Expr { place, ..expr })
    }

    /// The names of the fields that follow, and their place together with that of what they belong to.
    fn fields(&mut self, mut place: Place) -> (Vec<Arc<str>>, Place) {
        let mut fields = Vec::new();
        while self.cursor.peek().kind == TokenKind::Field {
            let token = self.cursor.next();
            let name = &self.cursor.str(token.place)[1..];
            fields.push(Arc::clone(self.names.entry(name).or_insert_with(|| name.into())));
            place = place.to(token.place);
        }
        (fields, place)
    }

    fn term(&mut self) -> Result<Expr> {
        let token = self.cursor.next_non_space();
        let mut place = token.place;
        let text = self.cursor.str(place);
        let kind = match token.kind {
            TokenKind::Identifier => {
                let Some(function) = self.functions.find(text) else {
                    let mut error = error(place, format!("function `{text}` is not defined"));
                    error.help =
                        nearest(text, functions::names()).map(|name| format!("did you mean `{name}`?"));
                    return Err(error);
                };
                Kind::Function(function)
            }
            TokenKind::Dot => Kind::Dot,
            TokenKind::Keyword(Keyword::Nil) => Kind::Nil,
            TokenKind::Keyword(Keyword::True) => Kind::Bool(true),
            TokenKind::Keyword(Keyword::False) => Kind::Bool(false),
            TokenKind::Variable => match self.scope.find(text) {
                Some(slot) => Kind::Variable(slot, Fields::default()),
                None if self.scope.unset.iter().any(|known| &**known == text) => Kind::Undefined(text.into()),
                None => return Err(undefined(text, place, self.scope)),
            },
            TokenKind::Number => self.number(place)?,
            TokenKind::Character => {
                let inner = self.cursor.unquote(place)?;
                let mut chars = std::str::from_utf8(&inner).unwrap_or_default().chars();
                match (chars.next(), chars.next(), inner.as_slice()) {
                    (Some(c), None, _) => Kind::Int(i64::from(u32::from(c))),
                    // An escaped byte that is not a character.
                    (_, _, [byte]) => Kind::Int(i64::from(*byte)),
                    _ => return Err(error(place, format!("malformed character constant {text}"))),
                }
            }
            TokenKind::Quoted => match String::from_utf8(self.cursor.unquote(place)?) {
                Ok(text) => Kind::Str(text.into()),
                Err(error) => Kind::Raw(error.as_bytes().into()),
            },
            TokenKind::Backquoted => Kind::Str(literal::backquoted(text)),
            TokenKind::LeftParen => {
                let pipe = self.pipeline(Clause::Parentheses, TokenKind::RightParen)?;
                place = place.to(self.cursor.next().place);
                Kind::Pipe(Box::new(pipe))
            }
            _ => return Err(self.cursor.unexpected(token, "operand")),
        };
        Ok(Expr { kind, place })
    }

    fn number(&self, place: Place) -> Result<Kind> {
        let text = self.cursor.str(place);
        match literal::number(text) {
            Ok(Number::Int(number)) => Ok(Kind::Int(number)),
            Ok(Number::Float(number)) => Ok(Kind::Float(number)),
            Err(reason) => Err(error(place, format!("{reason}: `{text}`"))),
        }
    }
}

fn starts_operand(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Identifier
            | TokenKind::Dot
            | TokenKind::Variable
            | TokenKind::Field
            | TokenKind::Number
            | TokenKind::Character
            | TokenKind::Quoted
            | TokenKind::Backquoted
            | TokenKind::LeftParen
            | TokenKind::Keyword(Keyword::Nil | Keyword::True | Keyword::False)
    )
}

#[expect(clippy::unnecessary_box_returns, reason = "errors are boxed wherever they go")]
fn undefined(name: &str, place: Place, scope: &Scope) -> Box<ParseError> {
    let mut error = error(place, format!("undefined variable `{name}`"));
    error.help =
        nearest(name, scope.names.iter().map(|known| &**known)).map(|name| format!("did you mean `{name}`?"));
    error
}
