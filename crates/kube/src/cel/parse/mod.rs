//! The grammar of the language definition (`doc/langdef.md` of cel-spec), with optional syntax and escaped names, and
//! with the limits of cel-go.

mod lex;
mod macros;
#[cfg(test)]
mod tests;

use super::ast::{Ast, Call, Element, Entry, Expr, Height, Operator};
use super::error::Error;
use super::types::is_reserved;
use super::value::Value;
use lex::{Kind, Token};
use std::iter::Peekable;
use std::sync::Arc;

/// The most code points of an expression, as in cel-go.
const MAX_CODE_POINTS: usize = 100_000;

/// The deepest nesting, as in cel-go: of one rule of the grammar in itself, and of the operators, selections and calls
/// that the result is made from.
const MAX_RECURSION: u16 = 250;

/// The deepest tree that is followed. It bounds the stack of everything that walks the tree. Only an expression made for
/// the purpose has a deeper one.
const MAX_HEIGHT: u16 = 300;

/// Boxed, because many are on the stack where brackets are nested.
type Parsed<T = Box<Ast>> = Result<T, Error>;

/// Parses an expression and expands its macros.
///
/// # Errors
///
/// Fails with the first error of syntax, and at the limits of cel-go.
pub(super) fn parse(source: &str) -> Parsed {
    let size = source.chars().count();
    if size > MAX_CODE_POINTS {
        let message =
            format!("expression code point size exceeds limit: size: {size}, limit {MAX_CODE_POINTS}");
        return Err(Error::whole(message));
    }
    let tokens = lex::tokens(source)?;
    let mut parser = Parser { source, tokens, next: 0, nodes: 0, nesting: [0; 3] };
    let ast = parser.expr()?;
    match parser.peek() {
        Kind::End => Ok(ast),
        _ => Err(parser.unexpected("<EOF>")),
    }
}

/// The rules of the grammar that contain themselves and count for the limit.
#[derive(Clone, Copy)]
enum Rule {
    Expr,
    Relation,
    Calc,
}

const BINARY: [(&str, Operator); 14] = [
    ("||", Operator::Or),
    ("&&", Operator::And),
    ("<", Operator::Less),
    ("<=", Operator::LessEquals),
    (">=", Operator::GreaterEquals),
    (">", Operator::Greater),
    ("==", Operator::Equals),
    ("!=", Operator::NotEquals),
    ("in", Operator::In),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Modulo),
];

/// How strongly binary operators bind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precedence {
    Or,
    And,
    Relation,
    Sum,
    Product,
    Operand,
}

impl Precedence {
    fn of(operator: Operator) -> Self {
        match operator {
            Operator::Or => Self::Or,
            Operator::And => Self::And,
            Operator::Add | Operator::Subtract => Self::Sum,
            Operator::Multiply | Operator::Divide | Operator::Modulo => Self::Product,
            _ => Self::Relation,
        }
    }

    fn higher(self) -> Self {
        match self {
            Self::Or => Self::And,
            Self::And => Self::Relation,
            Self::Relation => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product | Self::Operand => Self::Operand,
        }
    }
}

/// A binary operator and the operand after it.
struct Link {
    operator: Operator,
    at: usize,
    operand: Box<Ast>,
}

type Links = Peekable<std::vec::IntoIter<Link>>;

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
    nodes: u32,
    /// How often each [`Rule`] is entered and not yet left.
    nesting: [u16; 3],
}

impl<'s> Parser<'s> {
    fn token(&self) -> Token {
        self.tokens[self.next]
    }

    fn peek(&self) -> Kind {
        self.token().kind
    }

    /// Takes the next token. The last one stays.
    fn take(&mut self) -> Token {
        let token = self.token();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn is_next(&self, symbol: &str) -> bool {
        matches!(self.peek(), Kind::Symbol(known) if known == symbol)
    }

    /// Takes the next token if it is this one.
    fn eat(&mut self, symbol: &str) -> Option<Token> {
        self.is_next(symbol).then(|| self.take())
    }

    fn expect(&mut self, symbol: &str) -> Parsed<Token> {
        self.eat(symbol).ok_or_else(|| self.unexpected(&format!("'{symbol}'")))
    }

    fn text(&self, token: Token) -> &'s str {
        &self.source[token.start..token.end]
    }

    fn unexpected(&self, expecting: &str) -> Error {
        let token = self.token();
        let text = if token.kind == Kind::End { "<EOF>" } else { self.text(token) };
        // A single token too much is called so.
        let is_last = self.tokens.get(self.next + 1).is_some_and(|next| next.kind == Kind::End);
        let what = if expecting == "<EOF>" && is_last { "extraneous" } else { "mismatched" };
        Error::at(token.start, format!("Syntax error: {what} input '{text}' expecting {expecting}"))
    }

    /// Makes a part of the tree.
    fn node(&mut self, expr: Expr, at: usize) -> Parsed {
        let below = expr.parts().into_iter().fold(Height::default(), |deepest, part| Height {
            parts: deepest.parts.max(part.height.parts),
            counted: deepest.counted.max(part.height.counted),
        });
        let is_counted = match &expr {
            Expr::Select(..) | Expr::Has(..) | Expr::Fold(_) | Expr::Bind(_) | Expr::OptMap(..) => true,
            Expr::Operation(operator, _) => {
                !matches!(operator, Operator::Or | Operator::And | Operator::Not | Operator::Negate)
            }
            Expr::Call(call) => call.target.is_some(),
            _ => false,
        };
        let height = Height { parts: below.parts + 1, counted: below.counted + u16::from(is_counted) };
        if height.counted > MAX_RECURSION {
            return Err(Error::whole("max recursion depth exceeded"));
        }
        if height.parts > MAX_HEIGHT {
            return Err(Error::too_complex());
        }
        let id = self.nodes;
        self.nodes += 1;
        Ok(Box::new(Ast { expr, id, at, height, is_dynamic: false }))
    }

    /// Makes an operation from operands in the order of the source.
    fn operation(&mut self, operator: Operator, at: usize, operands: Vec<Ast>) -> Parsed {
        self.node(Expr::Operation(operator, operands), at)
    }

    /// Counts that rules are entered.
    fn enter(&mut self, rule: Rule, times: u16) -> Parsed<()> {
        let nesting = &mut self.nesting[rule as usize];
        *nesting += times;
        if *nesting > MAX_RECURSION {
            let message = format!("expression recursion limit exceeded: {MAX_RECURSION}");
            return Err(Error::whole(message));
        }
        Ok(())
    }

    fn leave(&mut self, rule: Rule, times: u16) {
        self.nesting[rule as usize] -= times;
    }

    fn expr(&mut self) -> Parsed {
        self.enter(Rule::Expr, 1)?;
        let mut ast = self.chain()?;
        if let Some(mark) = self.eat("?") {
            let yes = self.chain()?;
            self.expect(":")?;
            let no = self.expr()?;
            ast = self.operation(Operator::Conditional, mark.start, vec![*ast, *yes, *no])?;
        }
        self.leave(Rule::Expr, 1);
        Ok(ast)
    }

    /// Operands with binary operators between them. They are read before the tree is made, so that brackets cost little
    /// stack.
    fn chain(&mut self) -> Parsed {
        let (mut relation, mut sum, mut product) = (1, 1, 0);
        let first = self.operand(relation, sum + product)?;
        let mut links = Vec::new();
        while let Some((operator, sign)) = self.binary() {
            // What stands to the right of an operator is a rule in a rule of the grammar.
            match Precedence::of(operator) {
                Precedence::Or | Precedence::And => (relation, sum, product) = (1, 1, 0),
                Precedence::Relation => (relation, sum, product) = (2, 1, 0),
                Precedence::Sum => (sum, product) = (2, 0),
                Precedence::Product | Precedence::Operand => product = 1,
            }
            let operand = self.operand(relation, sum + product)?;
            links.push(Link { operator, at: sign.start, operand });
        }
        self.climb(Precedence::Or, first, &mut links.into_iter().peekable())
    }

    fn operand(&mut self, relations: u16, calcs: u16) -> Parsed {
        self.enter(Rule::Relation, relations)?;
        self.enter(Rule::Calc, calcs)?;
        let operand = self.unary()?;
        self.leave(Rule::Relation, relations);
        self.leave(Rule::Calc, calcs);
        Ok(operand)
    }

    /// Makes the tree of an operand and of the operators after it that bind as strongly as `least`.
    fn climb(&mut self, least: Precedence, first: Box<Ast>, links: &mut Links) -> Parsed {
        let mut left = first;
        while let Some(link) = links.next_if(|link| Precedence::of(link.operator) >= least) {
            let (operator, at) = (link.operator, link.at);
            let higher = Precedence::of(operator).higher();
            let right = self.climb(higher, link.operand, links)?;
            let (mut terms, mut places) = (vec![*left, *right], vec![at]);
            if matches!(operator, Operator::Or | Operator::And) {
                while let Some(link) = links.next_if(|link| link.operator == operator) {
                    places.push(link.at);
                    terms.push(*self.climb(higher, link.operand, links)?);
                }
            }
            left = self.balanced(operator, terms, &places)?;
        }
        Ok(left)
    }

    /// Makes a balanced tree of terms, as cel-go does, because chains of `&&` and `||` are long.
    fn balanced(&mut self, operator: Operator, mut terms: Vec<Ast>, places: &[usize]) -> Parsed {
        if places.is_empty() {
            return Ok(Box::new(terms.remove(0)));
        }
        let middle = places.len() / 2;
        let right = terms.split_off(middle + 1);
        let left = self.balanced(operator, terms, &places[..middle])?;
        let right = self.balanced(operator, right, &places[middle + 1..])?;
        self.operation(operator, places[middle], vec![*left, *right])
    }

    fn binary(&mut self) -> Option<(Operator, Token)> {
        BINARY.iter().find_map(|(sign, operator)| Some((*operator, self.eat(sign)?)))
    }

    fn unary(&mut self) -> Parsed {
        for (sign, operator) in [("!", Operator::Not), ("-", Operator::Negate)] {
            if !self.is_next(sign) || self.is_signed_number() {
                continue;
            }
            let (first, mut count) = (self.token().start, 0_usize);
            while self.eat(sign).is_some() {
                count += 1;
            }
            let operand = self.member()?;
            return if count % 2 == 0 {
                Ok(operand)
            } else {
                self.operation(operator, first, vec![*operand])
            };
        }
        self.member()
    }

    /// Whether the next tokens are a minus and a number, which are one literal.
    fn is_signed_number(&self) -> bool {
        let number = self.tokens.get(self.next + 1).map(|token| token.kind);
        self.is_next("-") && matches!(number, Some(Kind::Int | Kind::Float))
    }

    fn member(&mut self) -> Parsed {
        let mut operand = self.primary()?;
        loop {
            if let Some(dot) = self.eat(".") {
                operand = self.selection(operand, dot)?;
            } else if let Some(open) = self.eat("[") {
                let is_optional = self.eat("?").is_some();
                let index = self.expr()?;
                self.expect("]")?;
                let operator = if is_optional { Operator::OptIndex } else { Operator::Index };
                operand = self.operation(operator, open.start, vec![*operand, *index])?;
            } else if self.is_next("{") && is_qualified_name(&operand) {
                operand = self.structure()?;
            } else {
                return Ok(operand);
            }
        }
    }

    /// What follows a dot: a field or the call of a function.
    fn selection(&mut self, operand: Box<Ast>, dot: Token) -> Parsed {
        let is_optional = self.eat("?").is_some();
        let name = self.token();
        let field: Arc<str> = match name.kind {
            Kind::Ident => self.text(name).into(),
            Kind::EscapedIdent => self.text(name).trim_matches('`').into(),
            _ => return Err(self.unexpected("IDENTIFIER")),
        };
        self.take();
        if is_optional {
            let field = self.node(Expr::Literal(Value::String(field)), name.start)?;
            return self.operation(Operator::OptSelect, dot.start, vec![*operand, *field]);
        }
        match self.eat("(") {
            Some(open) if name.kind == Kind::Ident => {
                let call = Call { function: field, target: Some(operand), args: self.arguments()? };
                macros::expand(self, call, open.start)
            }
            Some(open) => Err(Error::at(open.start, "Syntax error: mismatched input '(' expecting <EOF>")),
            None => self.node(Expr::Select(operand, field), dot.start),
        }
    }

    /// The arguments of a call whose bracket was taken.
    fn arguments(&mut self) -> Parsed<Vec<Ast>> {
        let mut args = Vec::new();
        if self.eat(")").is_some() {
            return Ok(args);
        }
        loop {
            args.push(*self.expr()?);
            if self.eat(",").is_none() {
                self.expect(")")?;
                return Ok(args);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let token = self.token();
        match token.kind {
            Kind::Ident => self.ident(""),
            Kind::Symbol(".") => self.absolute_ident(),
            Kind::Symbol("(") => self.parenthesized(),
            Kind::Symbol("[") => self.list(),
            Kind::Symbol("{") => self.map(),
            _ => self.literal(),
        }
    }

    fn parenthesized(&mut self) -> Parsed {
        self.take();
        let inner = self.expr()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn absolute_ident(&mut self) -> Parsed {
        self.take();
        self.ident(".")
    }

    /// A variable or the call of a function.
    fn ident(&mut self, dot: &str) -> Parsed {
        let token = self.token();
        if token.kind != Kind::Ident {
            return Err(self.unexpected("IDENTIFIER"));
        }
        self.take();
        let word = self.text(token);
        if is_reserved(word) {
            return Err(Error::at(token.start, format!("reserved identifier: {word}")));
        }
        let name: Arc<str> = format!("{dot}{word}").into();
        match self.eat("(") {
            Some(open) => {
                let call = Call { function: name, target: None, args: self.arguments()? };
                macros::expand(self, call, open.start)
            }
            None => self.node(Expr::Ident(name), token.start),
        }
    }

    /// The items up to a closing bracket, separated by commas. One comma may follow the last item.
    fn items<T>(&mut self, close: &str, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        loop {
            if self.eat(close).is_some() {
                return Ok(items);
            }
            // `[,]` is an empty list.
            if !items.is_empty() || !self.is_next(",") {
                items.push(item(self)?);
            }
            if self.eat(",").is_none() || items.is_empty() {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }

    fn list(&mut self) -> Parsed {
        let open = self.take().start;
        let elements = self.items("]", |parser| {
            let is_optional = parser.eat("?").is_some();
            Ok(Element { value: *parser.expr()?, is_optional })
        })?;
        self.node(Expr::List(elements), open)
    }

    fn map(&mut self) -> Parsed {
        let open = self.take().start;
        let entries = self.items("}", |parser| {
            let is_optional = parser.eat("?").is_some();
            let key = parser.expr()?;
            parser.expect(":")?;
            Ok(Entry { key: *key, value: *parser.expr()?, is_optional })
        })?;
        self.node(Expr::Map(entries), open)
    }

    fn structure(&mut self) -> Parsed {
        let open = self.take().start;
        let values = self.items("}", |parser| {
            parser.eat("?");
            if !matches!(parser.peek(), Kind::Ident | Kind::EscapedIdent) {
                return Err(parser.unexpected("IDENTIFIER"));
            }
            parser.take();
            parser.expect(":")?;
            Ok(*parser.expr()?)
        })?;
        self.node(Expr::Struct(values), open)
    }

    fn literal(&mut self) -> Parsed {
        let start = self.token().start;
        let is_negative = self.is_signed_number() && self.eat("-").is_some();
        let token = self.token();
        let text = self.text(token);
        let sign = if is_negative { "-" } else { "" };
        let hex = text.strip_prefix("0x");
        let failure = |message: &str| Error::at(start, message);
        let value = match token.kind {
            Kind::Symbol(word @ ("true" | "false")) => Value::Bool(word == "true"),
            Kind::Symbol("null") => Value::Null,
            Kind::Int => {
                let (digits, radix) = hex.map_or((text, 10), |hex| (hex, 16));
                let number = i64::from_str_radix(&format!("{sign}{digits}"), radix);
                Value::Int(number.map_err(|_| failure("invalid int literal"))?)
            }
            Kind::Uint => {
                let text = text.trim_end_matches(['u', 'U']);
                let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |hex| (hex, 16));
                let number = u64::from_str_radix(digits, radix);
                Value::Uint(number.map_err(|_| failure("invalid uint literal"))?)
            }
            Kind::Float => match format!("{sign}{text}").parse() {
                Ok(number) if f64::is_finite(number) => Value::Double(number),
                _ => return Err(failure("invalid double literal")),
            },
            Kind::String => Value::string(lex::string_value(text).map_err(failure)?),
            Kind::Bytes => Value::Bytes(lex::bytes_value(text).map_err(failure)?.into()),
            _ => return Err(self.unexpected("expression")),
        };
        self.take();
        self.node(Expr::Literal(value), start)
    }
}

/// Whether a part is written as the name of a message: `a.b.C`.
fn is_qualified_name(ast: &Ast) -> bool {
    match &ast.expr {
        Expr::Ident(_) => true,
        Expr::Select(operand, _) => is_qualified_name(operand),
        _ => false,
    }
}
