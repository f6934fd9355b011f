//! Turns tokens into a tree, resolving functions and variables on the way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::ast::{
    Action, Body, Branch, Command, Expr, Fields, File, Kind, Node, Pipe, Place, Splice, Template,
};
use super::functions;
use super::lex::{self, Keyword, Token, TokenKind};
use plimsoll_diag::{Diagnostic, SourceId, Span, nearest};

/// How deep parentheses and blocks may nest.
const MAX_DEPTH: usize = 400;

/// Why a text is no template.
#[derive(Debug, Clone)]
pub struct ParseError {
    /// What is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) place: Place,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

impl ParseError {
    /// The error as a diagnostic in `source`, which holds the text that was parsed.
    pub fn to_diagnostic(&self, source: SourceId) -> Diagnostic {
        let span = Span::new(source, self.place.start as usize, self.place.end as usize);
        Diagnostic::error(self.message.clone()).at(span, "").maybe_help(self.help.clone())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T, E = Box<ParseError>> = std::result::Result<T, E>;

/// Parses a text with its definitions. Function names are resolved here: one that Helm does not know is an error.
pub fn parse(text: Arc<str>) -> Result<File> {
    let mut parser = Parser {
        text: &text,
        tokens: lex::tokens(&text),
        at: 0,
        depth: 0,
        scope: Scope::new(),
        ranges: 0,
        defines: Vec::new(),
        names: BTreeMap::new(),
    };
    let mut body = Vec::new();
    loop {
        let token = parser.peek();
        match token.kind {
            TokenKind::End => break,
            TokenKind::Open if parser.keyword_follows(Keyword::Define) => parser.define()?,
            _ => match parser.node()? {
                Piece::Node(node) => body.push(node),
                Piece::End(place) => return Err(error(place, "unexpected `{{end}}`: no block is open here")),
                Piece::Else(place) => {
                    return Err(error(place, "unexpected `{{else}}`: no block is open here"));
                }
            },
        }
    }
    let main = Arc::new(finish(&text, body, &parser.scope));
    let defines = parser.defines;
    Ok(File { text, main, defines })
}

fn finish(text: &str, body: Vec<Node>, scope: &Scope) -> Template {
    let blank = body.iter().all(|node| match node {
        Node::Text(place) => text[place.start as usize..place.end as usize].trim().is_empty(),
        _ => false,
    });
    Template { body: body.into(), slots: scope.most, blank }
}

#[expect(clippy::unnecessary_box_returns, reason = "errors are boxed wherever they go")]
fn error(place: Place, message: impl Into<String>) -> Box<ParseError> {
    Box::new(ParseError { message: message.into(), place, help: None })
}

/// The variables in sight, by slot.
struct Scope {
    names: Vec<Arc<str>>,
    most: usize,
    /// The variables of a block's body while its `else` is parsed. Go lets them stand there and fails only
    /// when it gets to them.
    gone: Vec<Arc<str>>,
}

impl Scope {
    fn new() -> Self {
        Self { names: vec!["$".into()], most: 1, gone: Vec::new() }
    }

    fn declare(&mut self, name: &str) -> usize {
        self.names.push(name.into());
        self.most = self.most.max(self.names.len());
        self.names.len() - 1
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().rposition(|known| &**known == name)
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    scope: Scope,
    ranges: usize,
    defines: Vec<(Arc<str>, Arc<Template>)>,
    /// The names of fields, each once: a template says `.Values` hundreds of times.
    names: BTreeMap<&'a str, Arc<str>>,
}

/// What a list of nodes goes on with, or ends at.
enum Piece {
    Node(Node),
    End(Place),
    Else(Place),
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token {
        // The last token is the end or an error, and stays in sight.
        self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.peek().kind == TokenKind::Space {
            self.at += 1;
        }
    }

    fn next_non_space(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    fn peek_non_space(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    fn keyword_follows(&self, keyword: Keyword) -> bool {
        self.tokens[self.at + 1..].iter().find(|token| token.kind != TokenKind::Space).map(|token| token.kind)
            == Some(TokenKind::Keyword(keyword))
    }

    fn str(&self, place: Place) -> &'a str {
        &self.text[place.start as usize..place.end as usize]
    }

    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed wherever they go")]
    fn unexpected(&self, token: Token, context: &str) -> Box<ParseError> {
        match token.kind {
            TokenKind::Error(message) => error(token.place, message),
            TokenKind::End => error(token.place, format!("unexpected end of the file in {context}")),
            _ => error(token.place, format!("unexpected `{}` in {context}", self.str(token.place))),
        }
    }

    fn enter(&mut self, place: Place) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(error(place, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(())
    }

    fn close(&mut self, context: &str) -> Result<Place> {
        let token = self.next_non_space();
        if token.kind == TokenKind::Close { Ok(token.place) } else { Err(self.unexpected(token, context)) }
    }

    fn name(&mut self, context: &str) -> Result<(Arc<str>, Place)> {
        let token = self.next_non_space();
        match token.kind {
            TokenKind::Quoted => {
                let name = unquote(self.str(token.place), token.place)?;
                Ok((String::from_utf8_lossy(&name).into(), token.place))
            }
            TokenKind::Backquoted => Ok((backquoted(self.str(token.place)), token.place)),
            _ => Err(self.unexpected(token, context)),
        }
    }

    /// `{{define "name"}} ... {{end}}`
    fn define(&mut self) -> Result<()> {
        let open = self.next();
        self.next_non_space();
        let (name, place) = self.name("define clause")?;
        self.close("define clause")?;
        let scope = std::mem::replace(&mut self.scope, Scope::new());
        let ranges = std::mem::take(&mut self.ranges);
        let (body, end) = self.list(open.place, "define")?;
        if let Some(place) = end {
            return Err(error(place, "unexpected `{{else}}` in define clause"));
        }
        self.ranges = ranges;
        let scope = std::mem::replace(&mut self.scope, scope);
        let template = finish(self.text, body, &scope);
        self.add(name, template, place)
    }

    fn add(&mut self, name: Arc<str>, template: Template, place: Place) -> Result<()> {
        match self.defines.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) if known.blank => *known = Arc::new(template),
            Some(_) if template.blank => {}
            Some(_) => {
                return Err(error(place, format!("template `{name}` is defined twice in this file")));
            }
            None => self.defines.push((name, Arc::new(template))),
        }
        Ok(())
    }

    /// Nodes up to the `end` or `else` that belongs to the block; the place of an `else`.
    fn list(&mut self, open: Place, context: &str) -> Result<(Vec<Node>, Option<Place>)> {
        self.enter(open)?;
        let mut nodes = Vec::new();
        loop {
            if self.peek().kind == TokenKind::End {
                let mut error = error(open, format!("`{context}` is never closed"));
                error.help = Some("add `{{ end }}`".to_owned());
                return Err(error);
            }
            match self.node()? {
                Piece::Node(node) => nodes.push(node),
                Piece::End(_) => {
                    self.depth -= 1;
                    return Ok((nodes, None));
                }
                Piece::Else(place) => {
                    self.depth -= 1;
                    return Ok((nodes, Some(place)));
                }
            }
        }
    }

    fn node(&mut self) -> Result<Piece> {
        let open = self.next();
        match open.kind {
            TokenKind::Text => return Ok(Piece::Node(Node::Text(open.place))),
            TokenKind::Open => {}
            _ => return Err(self.unexpected(open, "input")),
        }
        let token = self.peek_non_space();
        let TokenKind::Keyword(keyword) = token.kind else {
            return self.action(open.place).map(Piece::Node);
        };
        match keyword {
            Keyword::End => {
                self.next();
                self.close("end")?;
                Ok(Piece::End(open.place.to(token.place)))
            }
            // `else if` and `else with` are left for the block to see.
            Keyword::Else => {
                self.next();
                if !matches!(self.peek_non_space().kind, TokenKind::Keyword(Keyword::If | Keyword::With)) {
                    self.close("else")?;
                }
                Ok(Piece::Else(open.place.to(token.place)))
            }
            Keyword::If | Keyword::With | Keyword::Range => {
                self.next();
                self.control(keyword, open.place).map(Piece::Node)
            }
            Keyword::Break | Keyword::Continue => {
                self.next();
                let word = if keyword == Keyword::Break { "break" } else { "continue" };
                self.close(word)?;
                if self.ranges == 0 {
                    return Err(error(token.place, format!("`{{{{{word}}}}}` outside of `{{{{range}}}}`")));
                }
                Ok(Piece::Node(if keyword == Keyword::Break { Node::Break } else { Node::Continue }))
            }
            Keyword::Template => {
                self.next();
                let (name, _) = self.name("template clause")?;
                let pipe = match self.peek_non_space().kind {
                    TokenKind::Close => None,
                    _ => Some(self.pipeline("template clause", TokenKind::Close)?),
                };
                let close = self.close("template clause")?;
                Ok(Piece::Node(Node::Template { name, pipe, place: open.place.to(close) }))
            }
            Keyword::Block => {
                self.next();
                let (name, place) = self.name("block clause")?;
                let pipe = self.pipeline("block clause", TokenKind::Close)?;
                let close = self.close("block clause")?;
                let scope = std::mem::replace(&mut self.scope, Scope::new());
                let ranges = std::mem::take(&mut self.ranges);
                let (body, end) = self.list(open.place, "block")?;
                if let Some(place) = end {
                    return Err(error(place, "unexpected `{{else}}` in block clause"));
                }
                self.ranges = ranges;
                let scope = std::mem::replace(&mut self.scope, scope);
                let template = finish(self.text, body, &scope);
                self.add(Arc::clone(&name), template, place)?;
                Ok(Piece::Node(Node::Template { name, pipe: Some(pipe), place: open.place.to(close) }))
            }
            Keyword::Define => {
                Err(error(token.place, "unexpected `{{define}}`: templates are defined outside of any block"))
            }
            Keyword::Nil | Keyword::True | Keyword::False => self.action(open.place).map(Piece::Node),
        }
    }

    fn action(&mut self, open: Place) -> Result<Node> {
        let pipe = self.pipeline("command", TokenKind::Close)?;
        let close = self.close("command")?;
        Ok(Node::Action(Action {
            values: values_chain(&pipe),
            splice: splice(&pipe),
            place: open.to(close),
            pipe,
        }))
    }

    /// The rest of `{{if}}`, `{{with}}` or `{{range}}` behind the keyword.
    fn control(&mut self, keyword: Keyword, open: Place) -> Result<Node> {
        let context = match keyword {
            Keyword::If => "if",
            Keyword::With => "with",
            _ => "range",
        };
        let outer = self.scope.names.len();
        let pipe = self.pipeline(context, TokenKind::Close)?;
        self.close(context)?;
        let declared = self.scope.names.len();
        self.ranges += usize::from(keyword == Keyword::Range);
        let (body, otherwise_at) = self.list(open, context)?;
        self.ranges -= usize::from(keyword == Keyword::Range);
        let gone = self.scope.gone.len();
        let ended = self.scope.names.drain(declared..).collect::<Vec<_>>();
        self.scope.gone.extend(ended);
        let mut otherwise = Vec::new();
        if let Some(place) = otherwise_at {
            let following = self.peek_non_space().kind;
            if let TokenKind::Keyword(next @ (Keyword::If | Keyword::With)) = following {
                if keyword == Keyword::Range || next != keyword {
                    let token = self.next();
                    return Err(self.unexpected(token, &format!("{context} clause")));
                }
                self.next();
                // The inner block takes the `end` of the outer one.
                self.enter(place)?;
                otherwise.push(self.control(next, place)?);
                self.depth -= 1;
            } else {
                let (nodes, again) = self.list(place, "else")?;
                if let Some(place) = again {
                    return Err(error(place, "a second `{{else}}`; expected `{{end}}`"));
                }
                otherwise = nodes;
            }
        }
        self.scope.names.truncate(outer);
        self.scope.gone.truncate(gone);
        let branch = Branch { pipe, body: body.into(), otherwise: Body::from(otherwise) };
        Ok(match keyword {
            Keyword::If => Node::If(branch),
            Keyword::With => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    /// A pipeline up to, not including, `end`.
    fn pipeline(&mut self, context: &str, end: TokenKind) -> Result<Pipe> {
        let first = self.peek_non_space().place;
        self.enter(first)?;
        let mut names: Vec<Place> = Vec::new();
        let mut declares = None;
        while self.peek_non_space().kind == TokenKind::Variable {
            let token = self.next();
            let back = self.at;
            match self.peek_non_space().kind {
                kind @ (TokenKind::Declare | TokenKind::Assign) => {
                    self.next();
                    names.push(token.place);
                    declares = Some(kind == TokenKind::Declare);
                    break;
                }
                TokenKind::Comma if context == "range" && names.is_empty() => {
                    self.next();
                    names.push(token.place);
                    if self.peek_non_space().kind != TokenKind::Variable {
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
                    self.at = back - 1;
                    break;
                }
            }
        }
        let mut commands: Vec<Command> = Vec::new();
        loop {
            let token = self.peek_non_space();
            if token.kind == end {
                break;
            }
            if !starts_operand(token.kind) {
                return Err(self.unexpected(token, context));
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
            return Err(error(self.peek().place, format!("missing value for {context}")));
        }
        // Only now: the pipeline itself still sees the variables that these shadow.
        let mut variables = Vec::new();
        for place in names.into_iter().take(if declares.is_some() { usize::MAX } else { 0 }) {
            let name = &self.text[place.start as usize..place.end as usize];
            variables.push(match declares {
                Some(true) => self.scope.declare(name),
                _ => self.scope.find(name).ok_or_else(|| undefined(name, place, &self.scope))?,
            });
        }
        let last = self.tokens[self.at.saturating_sub(1)].place;
        self.depth -= 1;
        Ok(Pipe { variables: variables.into(), commands: commands.into(), place: first.to(last) })
    }

    fn command(&mut self) -> Result<Command> {
        let mut head = None;
        let mut args = Vec::new();
        loop {
            let token = self.peek_non_space();
            if starts_operand(token.kind) {
                let operand = self.operand()?;
                match head {
                    None => head = Some(operand),
                    Some(_) => args.push(operand),
                }
            } else if !matches!(token.kind, TokenKind::Close | TokenKind::RightParen | TokenKind::Pipe) {
                return Err(self.unexpected(token, "operand"));
            }
            let token = self.peek();
            match token.kind {
                TokenKind::Space => {}
                TokenKind::Close | TokenKind::RightParen => break,
                TokenKind::Pipe => {
                    self.next();
                    break;
                }
                _ => return Err(self.unexpected(token, "operand")),
            }
        }
        match head {
            Some(head) => Ok(Command { head, args: args.into() }),
            None => Err(error(self.peek().place, "empty command")),
        }
    }

    fn operand(&mut self) -> Result<Expr> {
        // Most operands are chains of fields, which are read at once.
        let first = self.peek_non_space();
        if first.kind == TokenKind::Field {
            let (fields, place) = self.fields(first.place);
            return Ok(Expr { kind: Kind::Field(fields.into()), place });
        }
        let mut expr = self.term()?;
        if self.peek().kind != TokenKind::Field {
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
                return Err(error(place, format!("unexpected `.` after term `{}`", self.str(place))));
            }
            kind => Kind::Chain(Box::new(Expr { kind, place: expr.place }), fields.into()),
        };
        Ok(Expr { place, ..expr })
    }

    /// The names of the fields that follow, and their place together with that of what they belong to.
    fn fields(&mut self, mut place: Place) -> (Vec<Arc<str>>, Place) {
        let mut fields = Vec::new();
        while self.peek().kind == TokenKind::Field {
            let token = self.next();
            let name = &self.str(token.place)[1..];
            fields.push(Arc::clone(self.names.entry(name).or_insert_with(|| name.into())));
            place = place.to(token.place);
        }
        (fields, place)
    }

    fn term(&mut self) -> Result<Expr> {
        let token = self.next_non_space();
        let mut place = token.place;
        let text = self.str(place);
        let kind = match token.kind {
            TokenKind::Identifier => {
                let Some(function) = functions::find(text) else {
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
                None if self.scope.gone.iter().any(|known| &**known == text) => Kind::Undefined(text.into()),
                None => return Err(undefined(text, place, &self.scope)),
            },
            TokenKind::Number => number(text, place)?,
            TokenKind::Character => {
                let inner = unquote(text, place)?;
                let mut chars = std::str::from_utf8(&inner).unwrap_or_default().chars();
                match (chars.next(), chars.next(), inner.as_slice()) {
                    (Some(c), None, _) => Kind::Int(i64::from(u32::from(c))),
                    // An escaped byte that is no character.
                    (_, _, [byte]) => Kind::Int(i64::from(*byte)),
                    _ => return Err(error(place, format!("malformed character constant {text}"))),
                }
            }
            TokenKind::Quoted => match String::from_utf8(unquote(text, place)?) {
                Ok(text) => Kind::Str(text.into()),
                Err(error) => Kind::Raw(error.as_bytes().into()),
            },
            TokenKind::Backquoted => Kind::Str(backquoted(text)),
            TokenKind::LeftParen => {
                let pipe = self.pipeline("parenthesized pipeline", TokenKind::RightParen)?;
                place = place.to(self.next().place);
                Kind::Pipe(Box::new(pipe))
            }
            _ => return Err(self.unexpected(token, "operand")),
        };
        Ok(Expr { kind, place })
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

/// A number as Go reads constants: `0x1F`, `0b1`, `017`, `1_000`, `1e3`, `.5`.
fn number(text: &str, place: Place) -> Result<Kind> {
    let bad = || error(place, format!("bad number syntax: `{text}`"));
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase().replace('_', "");
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] if lower.bytes().all(|byte| byte.is_ascii_digit()) => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let is_float = body.contains('.') || body.contains(if radix == 16 { 'p' } else { 'e' });
    if !is_float || (radix != 10 && radix != 16) {
        let magnitude = i128::from_str_radix(body, radix).map_err(|_| bad())?;
        let number = if negative { -magnitude } else { magnitude };
        return i64::try_from(number)
            .map(Kind::Int)
            .map_err(|_| error(place, format!("integer overflow: `{text}`")));
    }
    let magnitude =
        if radix == 16 { hex_float(body).ok_or_else(bad)? } else { body.parse().map_err(|_| bad())? };
    Ok(Kind::Float(if negative { -magnitude } else { magnitude }))
}

/// `1.8p3`: a hexadecimal fraction times a power of two.
pub(super) fn hex_float(body: &str) -> Option<f64> {
    let (mantissa, exponent) = body.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for c in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    Some(value * f64::from(shift).exp2())
}

fn backquoted(text: &str) -> Arc<str> {
    let inner = &text[1..text.len() - 1];
    if inner.contains('\r') { inner.replace('\r', "").into() } else { inner.into() }
}

/// The bytes between quotes, Go's escapes undone.
pub(crate) fn unquote(literal: &str, place: Place) -> Result<Vec<u8>> {
    let delimiter = literal.as_bytes()[0];
    let inner = &literal[1..literal.len() - 1];
    if !inner.contains('\\') {
        return Ok(inner.into());
    }
    let bad = || error(place, format!("invalid escape in {literal}"));
    let mut out: Vec<u8> = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let [kind, tail @ ..] = rest else { return Err(bad()) };
        rest = tail;
        let mut code = |length: usize, radix: u32| -> Result<u32> {
            let digits =
                rest.get(..length).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(bad)?;
            let code = u32::from_str_radix(digits, radix).map_err(|_| bad())?;
            rest = &rest[length..];
            Ok(code)
        };
        match kind {
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'\\' => out.push(b'\\'),
            _ if *kind == delimiter => out.push(delimiter),
            b'x' => {
                let code = code(2, 16)?;
                out.push(u8::try_from(code).map_err(|_| bad())?);
            }
            b'u' | b'U' => {
                let code = code(if *kind == b'u' { 4 } else { 8 }, 16)?;
                let c = char::from_u32(code).ok_or_else(bad)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            b'0'..=b'7' => {
                let low = code(2, 8)?;
                out.push(u8::try_from(u32::from(kind - b'0') * 64 + low).map_err(|_| bad())?);
            }
            _ => return Err(bad()),
        }
    }
    Ok(out)
}

/// The chain below `.Values` that a pipeline reads, if it reads just one.
fn values_chain(pipe: &Pipe) -> Option<Fields> {
    fn visit<'a>(expr: &'a Expr, found: &mut Vec<&'a Fields>) {
        match &expr.kind {
            Kind::Field(fields) | Kind::Variable(0, fields)
                if fields.len() > 1 && &*fields[0] == "Values" =>
            {
                found.push(fields);
            }
            Kind::Pipe(pipe) => visit_pipe(pipe, found),
            Kind::Chain(inner, _) => visit(inner, found),
            _ => {}
        }
    }
    fn visit_pipe<'a>(pipe: &'a Pipe, found: &mut Vec<&'a Fields>) {
        for command in &pipe.commands {
            visit(&command.head, found);
            for arg in &command.args {
                visit(arg, found);
            }
        }
    }
    let mut found = Vec::new();
    visit_pipe(pipe, &mut found);
    match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Some(Arc::clone(first)),
        _ => None,
    }
}

/// How the text of an `include` at the head of a pipeline reaches the output, if it does unchanged
/// but for indentation.
fn splice(pipe: &Pipe) -> Option<Splice> {
    let called = |command: &Command| match command.head.kind {
        Kind::Function(function) => function.name,
        _ => "",
    };
    let width = |command: &Command| match &*command.args {
        [Expr { kind: Kind::Int(width), .. }] => u32::try_from(*width).ok(),
        _ => None,
    };
    match &*pipe.commands {
        [first] if called(first) == "include" => Some(Splice::Plain),
        [first, second] if called(first) == "include" => match called(second) {
            "indent" => width(second).map(Splice::Indent),
            "nindent" => width(second).map(Splice::Nindent),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<File, String> {
        parse(text.into()).map_err(|error| error.message.clone())
    }

    fn texts(text: &str) -> Vec<String> {
        let file = parsed(text).unwrap();
        file.main
            .body
            .iter()
            .filter_map(|node| match node {
                Node::Text(place) => Some(text[place.start as usize..place.end as usize].to_owned()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn markers_trim_white_space_only_next_to_a_space() {
        assert_eq!(texts("a \n {{- 1 -}} \n b"), ["a", "b"]);
        assert_eq!(texts("a {{-1}} b"), ["a ", " b"]);
        assert_eq!(texts("a {{- /* c */ -}} b"), ["a", "b"]);
        assert_eq!(texts("a{{/* c */}}b"), ["a", "b"]);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for (text, message) in [
            ("{{ foo }}", "function `foo` is not defined"),
            ("{{ $x }}", "undefined variable `$x`"),
            ("{{ if 1 }}", "`if` is never closed"),
            ("{{ end }}", "unexpected `{{end}}`: no block is open here"),
            ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
            ("{{ }}", "missing value for command"),
            ("{{ (1 }}", "unclosed left paren"),
            ("{{ 1", "unclosed action"),
            ("{{ \"a }}", "unterminated quoted string"),
            ("{{ break }}", "`{{break}}` outside of `{{range}}`"),
            ("{{ if 1 }}{{ $x := 1 }}{{ else }}{{ end }}{{ $x }}", "undefined variable `$x`"),
            ("{{ range $i, $j, $k := . }}{{ end }}", "too many declarations in range"),
            (
                "{{ if 1 }}{{ define \"a\" }}{{ end }}{{ end }}",
                "unexpected `{{define}}`: templates are defined outside of any block",
            ),
        ] {
            assert_eq!(parsed(text).err().as_deref(), Some(message), "{text}");
        }
    }

    #[test]
    fn odd_things_that_go_accepts() {
        for text in [
            "{{ 1 | }}",
            "{{ 0x1p4 }}{{ 1_000 }}{{ 'a' }}{{ `raw` }}",
            "{{ with 1 }}{{ else with 2 }}{{ else }}{{ end }}",
            "{{ if 1 }}{{ else if 2 }}{{ else if 3 }}{{ else }}{{ end }}",
            "{{ range $i, $x := . }}{{ continue }}{{ break }}{{ else }}{{ $i }}{{ end }}",
            "{{ print\n  1\n  2 }}",
            "{{ (print 1).a.b }}{{ $.a.b }}{{ .a.b }}",
            "{{ define \"a\" }}{{ end }}{{ define \"a\" }}x{{ end }}",
            "{{ block \"b\" . }}x{{ end }}",
            "{{ if 1 }}{{ $x := 1 }}{{ else }}{{ $x.a }}{{ end }}",
        ] {
            assert!(parsed(text).is_ok(), "{text}: {:?}", parsed(text).err());
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(pieces in proptest::collection::vec(proptest::sample::select(vec![
            "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "range", "with", "define", "block", "template",
            "break", "$x", "$", ":=", "=", ",", "|", "(", ")", ".", ".a", "\"s\"", "`r`", "'c'", "'", "\"", "1", "0x", "1e",
            "-", "nil", "true", "print", "/*", "*/", "é", "\\", "text",
        ]), 0..40)) {
            let _ = parse(pieces.concat().into());
        }
    }
}
